package fieldworksql_test

import (
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// since holds that what happens after the freeze is said and changes nothing: a count that no longer agrees, and a period that moves.
func (w *world) since(p fieldwork.Paper) {
	w.t.Helper()
	ctx, a := w.t.Context(), w.Staff
	pop, err := w.svc.Population(ctx, a, "P-01")
	w.ok(err)
	x, err := w.svc.SinceFrozen(ctx, w.Quality, pop)
	w.ok(err)
	if !x.Quiet() || pop.Over == nil {
		w.t.Errorf("%+v", x)
	}
	_, err = w.svc.Recount(ctx, w.Quality, w.tick(), pop.Ref, fieldwork.Recount{Count: 100, Of: "Payroll register"})
	w.refused(err, errs.Denied, "may not examine")
	_, err = w.svc.Recount(ctx, a, w.tick(), pop.Ref, fieldwork.Recount{Count: 103, Of: "Payroll register"})
	w.refused(err, errs.Invalid, "the reason")
	_, err = w.svc.Recount(ctx, a, w.tick(), pop.Ref, fieldwork.Recount{Count: 103, Of: "Payroll register", Reason: "Three leavers of December were entered in January."})
	w.ok(err)
	e, err := w.svc.Engagements.Engagement(ctx, a.Client, a.Engagement)
	w.ok(err)
	moved := e
	moved.Period = period.Closed(period.Make(2025, 2, 1), period.Make(2026, 1, 31))
	w.ok(w.engagements.Save(ctx, w.Owner, moved, e.Version))
	x, err = w.svc.SinceFrozen(ctx, w.Quality, pop)
	w.ok(err)
	if last, _ := x.Last(); !x.Differs(pop) || last.Count != 103 || len(x.Outside) == 0 || !strings.Contains(x.Short, "2026-01-31 now") {
		w.t.Errorf("%+v", x)
	}
	for _, r := range x.Outside {
		if d, _ := pop.Day(r); moved.Period.Has(d) {
			w.t.Error(r)
		}
	}
	if same, items, err := w.svc.Redraw(ctx, a, p.Ref); !same || len(items) != 31 || err != nil {
		w.t.Error("the sample was touched:", same, len(items), err)
	}
	back := moved
	now, err := w.svc.Engagements.Engagement(ctx, a.Client, a.Engagement)
	w.ok(err)
	back.Period = e.Period
	w.ok(w.engagements.Save(ctx, w.Owner, back, now.Version))
}

// method gives the firm templates and words of its own, applies one, and reads both back from YAML.
func (w *world) method(p fieldwork.Paper) {
	w.t.Helper()
	ctx := w.t.Context()
	m, err := w.svc.Method(ctx, w.Staff)
	w.ok(err)
	m.Why = "Templates for joiners and leavers"
	m.Templates = []fieldwork.Template{
		{Name: "Anything", Plan: "Look", Attributes: []fieldwork.Attribute{{Letter: "A", Text: "Seen", Nature: fieldwork.Inspection}}},
		{Name: "Leavers", For: []string{"IAM-"}, Plan: "Trace to the directory.", Attributes: []fieldwork.Attribute{{Letter: "A", Text: "Left", Nature: fieldwork.Inspection}, {Letter: "B", Text: "Disabled in time", Nature: fieldwork.Reperformance}}},
		{Name: "Reviews", For: []string{"IAM-05"}, Plan: "Read the review.", Attributes: []fieldwork.Attribute{{Letter: "A", Text: "Decided", Nature: fieldwork.Inspection}}},
	}
	m.Wording.None = "No exceptions came to light"
	bad := m
	bad.Wording.Noted = "This is no certificate:"
	_, err = w.svc.SetMethod(ctx, w.Partner.Firm, w.tick(), m.Version, bad)
	w.refused(err, errs.Invalid, "certificate")
	bad = m
	bad.Templates = append([]fieldwork.Template{m.Templates[0]}, m.Templates...)
	_, err = w.svc.SetMethod(ctx, w.Partner.Firm, w.tick(), m.Version, bad)
	w.refused(err, errs.Invalid, "two templates")
	kept, err := w.svc.SetMethod(ctx, w.Partner.Firm, w.tick(), m.Version, m)
	w.ok(err)
	_, err = w.svc.SetMethod(ctx, w.Partner.Firm, w.tick(), m.Version, m)
	w.refused(err, errs.Conflict, "meanwhile")
	if fit := kept.Fitting("IAM-05", []string{"CC6.3"}); len(fit) != 3 || fit[0].Name != "Reviews" || len(kept.Fitting("CHG-01", nil)) != 1 {
		w.t.Errorf("%+v", fit)
	}
	text, err := kept.YAML()
	w.ok(err)
	again, err := fieldwork.ReadMethodology([]byte(text))
	w.ok(err)
	if back, err := again.YAML(); err != nil || back != text || len(again.Templates) != 3 || again.Table.Rows[5] != kept.Table.Rows[5] || again.Confidence != kept.Confidence {
		w.t.Errorf("%v\n%s\n%s", err, text, back)
	}
	_, err = fieldwork.ReadMethodology([]byte("table: {name: x}\nsurprise: 1"))
	w.refused(err, errs.Invalid, "surprise")
	papers, err := w.svc.AllPapers(ctx, w.Staff)
	w.ok(err)
	for _, x := range papers {
		if x.Control != "IAM-07" {
			continue
		}
		_, err = w.svc.Apply(ctx, w.Staff, w.tick(), x.Ref, 0, "Nothing")
		w.refused(err, errs.Invalid, "no template")
		got, err := w.svc.Apply(ctx, w.Staff, w.tick(), x.Ref, x.Version, "leavers")
		w.ok(err)
		if len(got.Attributes) != 2 || got.Plan != "Trace to the directory." || got.Made.String() != `template "Leavers" of methodology version 2` {
			w.t.Errorf("%+v", got)
		}
	}
	_, err = w.svc.Apply(ctx, w.Staff, w.tick(), p.Ref, 0, "Leavers")
	w.refused(err, errs.Conflict, "signed off")
	rows, err := w.svc.Section(ctx, w.Staff)
	w.ok(err)
	for _, r := range rows {
		if r.Test == p.Ref && !strings.HasPrefix(r.Result, "Deviations noted. ") {
			w.t.Error(r.Result)
		}
	}
	if old, err := w.svc.MethodAt(ctx, w.Staff.Firm.ReadScope, 1); err != nil || len(old.Templates) != 0 {
		w.t.Error(old, err)
	}
}

// rolled carries the plans of the engagement to the next year: texts, never results, and once.
func (w *world) rolled(p fieldwork.Paper) {
	w.t.Helper()
	ctx := w.t.Context()
	e, err := w.engagements.Add(ctx, w.Owner, engagement.Engagement{ID: "eng_next", Report: "soc2", Type: 2, Title: "SOC 2, the next year", Categories: []string{"security"},
		Period: period.Closed(period.Make(2026, 1, 1), period.Make(2026, 12, 31)), Status: "planning", Created: now, By: "test"})
	w.ok(err)
	next, late := w.Staff, w.Quality
	next.Engagement, late.Engagement = string(e.ID), string(e.ID)
	if list, err := w.svc.RollSources(ctx, w.Staff); err != nil || len(list) != 0 {
		w.t.Error("from a later engagement:", list, err)
	}
	_, err = w.svc.RollForward(ctx, late, w.tick(), "eng_test")
	w.refused(err, errs.Denied, "may not examine")
	_, err = w.svc.RollForward(ctx, next, w.tick(), "eng_next")
	w.refused(err, errs.Invalid, "earlier engagement")
	got, err := w.svc.RollForward(ctx, next, w.tick(), "eng_test")
	w.ok(err)
	made := 0
	for _, c := range got {
		if c.To == "" {
			if c.Why != "It was not concluded." {
				w.t.Errorf("%+v", c)
			}
			continue
		}
		made++
		sh, err := w.svc.Sheet(ctx, next, c.To)
		w.ok(err)
		if x := sh.Paper; x.Sample != nil || x.Population != "" || x.Conclusion != "" || x.Prepared != nil || len(sh.Cells)+len(sh.Items)+len(sh.Notes)+len(sh.Findings) != 0 || x.Rolled.Paper != c.From || x.Rolled.Changed {
			w.t.Errorf("results came along: %+v", x)
		}
		if c.From == p.Ref && (len(sh.Paper.Attributes) != 2 || sh.Paper.Attributes[1].Text != "Account disabled in time") {
			w.t.Errorf("%+v", sh.Paper.Attributes)
		}
	}
	if made != 2 { // the third was not concluded
		w.t.Errorf("%+v", got)
	}
	_, err = w.svc.RollForward(ctx, next, w.tick(), "eng_test")
	w.refused(err, errs.Conflict, "already")
	if res, err := w.svc.ListPopulations(ctx, next, paging.Query{}); err != nil || res.Total != 0 {
		w.t.Error("populations came along:", res.Total, err)
	}
	stranger := w.Audit(w.t, "stranger-firm", "eng_stranger").Staff
	stranger.Engagement = "eng_next"
	if list, err := w.svc.RollSources(ctx, stranger); err != nil || len(list) != 0 {
		w.t.Error("another firm sees the papers:", list, err)
	}
}
