package fieldwork

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/sample"
	"github.com/tickmark/tickmark/internal/web/page"
)

var testingSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Workpaper", Sort: true}, {Key: "control", Title: "Control", Sort: true, Opt: true}, {Key: "title", Title: "Title", Sort: true, Wide: true}, {Key: "state", Title: "State", Sort: true},
		{Key: "marks", Title: "Marks", Opt: true}, {Key: "exceptions", Title: "Exceptions", Num: true, Opt: true}, {Key: "conclusion", Title: "Conclusion", Sort: true}, {Key: "preparer", Title: "Prepared by", Sort: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: stateOptions()},
		{Key: "conclusion", Title: "Conclusion", Kind: page.Select, Options: conclusionOptions()},
	},
	Search: "Find by reference, control or title", Sort: "ref", One: "workpaper", Many: "workpapers",
}

func stateOptions() []page.Option {
	var out []page.Option
	for _, s := range fieldwork.States() {
		out = append(out, page.Option{Value: string(s), Label: s.Title(), Status: stateKey(s)})
	}
	return out
}

func conclusionOptions() []page.Option {
	var out []page.Option
	for _, c := range fieldwork.Conclusions() {
		out = append(out, page.Option{Value: string(c), Label: c.Title()})
	}
	return out
}

func (p *pages) testing(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Testing"})
	t, err := r.Table(&testingSpec)
	if err != nil {
		return err
	}
	n, err := p.names(r, a)
	if err != nil {
		return err
	}
	f := fieldwork.PaperFilter{State: fieldwork.State(t.Filter("state")), Conclusion: fieldwork.Conclusion(t.Filter("conclusion"))}
	if t.Exporting() {
		return r.Export(t, "workpapers", []string{"Workpaper", "Control", "Title", "Criteria", "State", "Items", "Marks", "Marked", "Exceptions", "Conclusion", "Reason", "Prepared by", "Reviewed by"}, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Work.ListPapers(r.Context(), a, f, q)
			var out [][]any
			for _, x := range res.Rows {
				out = append(out, []any{x.Ref, x.Control, x.Title, joined(x.Criteria), x.State().Title(), x.Tally.Items - x.Tally.Void, x.Cells(), x.Marked(), x.Tally.Exceptions, x.Conclusion.Title(), x.Why, signer(n, x.Prepared), signer(n, x.Reviewed)})
			}
			return out, res.Total, err
		})
	}
	res, err := p.Work.ListPapers(r.Context(), a, f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	rows := testingRows(r, t, res.Rows, n)
	return r.Render(http.StatusOK, testingPage(r, t, rows), page.Part(t.ID(), rows))
}

func signer(n names, s *fieldwork.Signed) string {
	if s == nil {
		return ""
	}
	return n.of(s.By)
}

func joined(list []string) string {
	out := ""
	for i, s := range list {
		if i > 0 {
			out += ", "
		}
		out += s
	}
	return out
}

func (p *pages) beginForm(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	return p.showBegin(r, a, page.NewForm("control", r.Query("control")))
}

func (p *pages) showBegin(r *page.Request, a access.AuditScope, f *page.Form) error {
	controls, err := p.Work.ControlsInForce(r.Context(), a)
	if err != nil {
		return err
	}
	options := []page.Option{{Label: "Choose a control"}}
	for _, c := range controls {
		options = append(options, page.Option{Value: c.Ref, Label: c.Ref + "  " + c.Version.Title})
	}
	return r.RenderPanel(f.Status(), beginPanel(r, f, options))
}

func (p *pages) begin(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		x, err := p.Work.Begin(r.Context(), a, r.Now, f.Get("control"))
		if err != nil {
			return err
		}
		return r.Redirect(tabURL(r, x.Ref, "plan"), "Workpaper "+x.Ref+" is begun.")
	}, func(f *page.Form, a access.AuditScope) error { return p.showBegin(r, a, f) })
}

func (p *pages) allForm(r *page.Request) error {
	if _, err := r.EnterAudit(p.Access); err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, allPanel(r, page.NewForm()))
}

func (p *pages) beginAll(r *page.Request) error {
	return p.act(r, func(_ *page.Form, a access.AuditScope) error {
		n, err := p.Work.BeginAll(r.Context(), a, r.Now)
		if err != nil {
			return err
		}
		return r.Redirect(at(r, "testing"), page.Plural(n, "workpaper is", "workpapers are")+" begun.")
	}, func(f *page.Form, _ access.AuditScope) error { return r.RenderPanel(f.Status(), allPanel(r, f)) })
}

// sheetData is a workpaper as its page shows it.
type sheetData struct {
	*fieldwork.Sheet
	a           access.AuditScope
	over        period.Period
	tab         string
	names       names
	populations []page.Option
	pop         fieldwork.Population // chosen, or the one that would be
	sizing      fieldwork.Sizing
	proposal    fieldwork.Sample
	wrong       string // why nothing can be proposed
	limit       *sample.Limit
	method      fieldwork.Methodology
	since       fieldwork.Since
	links       []fieldwork.Shown // of the cell
	focus       string            // cell that is shown beside the grid: "7B"
}

// Titles is short for a paper's head.
func (d sheetData) ref() string { return d.Paper.Ref }

// may reports whether the reader may still work on the paper.
func (d sheetData) may(r *page.Request) bool { return r.Can(access.Examine) && !d.Paper.Locked() }

func (p *pages) sheet(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	return p.showSheet(r, a, "", nil)
}

// showSheet draws a tab of a workpaper, with a form that has something wrong where one is given.
func (p *pages) showSheet(r *page.Request, a access.AuditScope, tab string, f *page.Form) error {
	d := sheetData{a: a, tab: cmp.Or(tab, r.Query("tab")), focus: r.Query("cell")}
	var err error
	if d.Sheet, err = p.Work.Sheet(r.Context(), a, r.Arg("wp")); err != nil {
		return err
	}
	if d.tab == "" {
		d.tab = "plan"
		if d.Paper.Sample != nil {
			d.tab = "testing"
		}
	}
	if !slices.Contains([]string{"plan", "population", "sample", "testing", "conclusion", "notes"}, d.tab) {
		return errs.New(errs.NotFound, "a workpaper has no tab %q", d.tab)
	}
	crumb(r, page.Crumb{Text: "Testing", Href: at(r, "testing")}, page.Crumb{Text: d.ref()})
	if d.names, err = p.names(r, a); err != nil {
		return err
	}
	e, err := p.Work.Engagements.Engagement(r.Context(), a.Client, a.Engagement)
	if err != nil {
		return err
	}
	d.over = e.Period
	if l, err := d.Limit(); err == nil {
		d.limit = &l
	}
	if err := p.fill(r, &d); err != nil {
		return err
	}
	if d.since, err = p.Work.SinceFrozen(r.Context(), a, d.Population); err != nil {
		return err
	}
	if x, t, ok := d.cellAt(d.focus); ok {
		if d.links, err = p.Work.Links(r.Context(), a, d.Cell(x.N, t.Letter).Evidence); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if f == nil {
		f = d.form()
	} else {
		status = f.Status()
	}
	return r.Render(status, sheetPage(r, f, d))
}

// fill reads what only some tabs need.
func (p *pages) fill(r *page.Request, d *sheetData) error {
	if d.tab != "population" && d.tab != "sample" {
		return nil
	}
	res, err := p.Work.ListPopulations(r.Context(), d.a, paging.Query{Size: paging.MaxSize, Sort: "ref"})
	if err != nil {
		return err
	}
	d.pop = d.Population
	d.populations = []page.Option{{Label: "Choose a frozen population"}}
	for _, x := range res.Rows {
		if !x.Frozen() {
			continue
		}
		label := x.Ref + "  " + x.Title + ", " + page.Plural(x.Rows, "item", "items")
		if x.Control == d.Paper.Control {
			label += " (this control)"
		}
		d.populations = append(d.populations, page.Option{Value: x.Ref, Label: label})
	}
	if d.tab == "sample" && d.Paper.Sample == nil {
		return p.propose(r, d)
	}
	return nil
}

// propose computes the sample that the address asks for.
func (p *pages) propose(r *page.Request, d *sheetData) error {
	var err error
	if d.method, err = p.Work.Method(r.Context(), d.a); err != nil {
		return err
	}
	z := sizingOf(r.Query, d.method)
	if z.Strata == "" && r.Query("method") == "" && d.pop.Shape.Day >= 0 {
		z.Strata = "month"
	}
	d.sizing = z
	if d.pop.ID == "" {
		d.wrong = "Choose the population first."
		return nil
	}
	d.proposal, err = p.Work.Propose(r.Context(), d.a, d.pop, z)
	if err != nil {
		d.wrong = page.Sentence(err) + " " + errs.HintOf(err)
	}
	return nil
}

func sizingOf(get func(string) string, m fieldwork.Methodology) fieldwork.Sizing {
	rate := func(name string, other sample.Rate) sample.Rate {
		if x, err := strconv.ParseFloat(get(name), 64); err == nil && x > 0 && x < 100 {
			return sample.Rate(x*100 + .5)
		}
		return other
	}
	expected, _ := strconv.Atoi(get("expected"))
	return fieldwork.Sizing{Method: fieldwork.Method(cmp.Or(get("method"), string(fieldwork.ByTable))), Risk: sample.Risk(cmp.Or(get("risk"), string(sample.Moderate))),
		Confidence: rate("confidence", m.Confidence), Tolerable: rate("tolerable", m.Tolerable), Expected: expected, Strata: get("strata")}
}

func percent(x sample.Rate) string { return strconv.FormatFloat(float64(x)/100, 'f', -1, 64) }

// form is the form of the tab with what is kept now.
func (d sheetData) form() *page.Form {
	switch d.tab {
	case "plan":
		f := page.NewForm("title", d.Paper.Title, "plan", d.Paper.Plan)
		for _, t := range d.Paper.Attributes {
			f.Values.Set("text"+t.Letter, t.Text)
			f.Values.Set("nature"+t.Letter, string(t.Nature))
			if t.Machine {
				f.Values.Set("machine"+t.Letter, "on")
			}
		}
		return f
	case "population":
		return page.NewForm("population", d.Population.Ref)
	case "sample":
		z := d.sizing
		return page.NewForm("method", string(z.Method), "risk", string(z.Risk), "confidence", percent(z.Confidence), "tolerable", percent(z.Tolerable), "expected", itoa(z.Expected), "strata", z.Strata)
	case "conclusion":
		return page.NewForm("conclusion", string(d.Paper.Conclusion), "why", d.Paper.Why)
	}
	return page.NewForm()
}

// on does what a tab's form asks for.
func (p *pages) on(r *page.Request, tab string, do func(*page.Form, access.AuditScope) (fieldwork.Paper, error), to, said string) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		x, err := do(f, a)
		if err != nil {
			return err
		}
		return r.Redirect(tabURL(r, x.Ref, to), said)
	}, func(f *page.Form, a access.AuditScope) error { return p.showSheet(r, a, tab, f) })
}

func (p *pages) plan(r *page.Request) error {
	return p.on(r, "plan", func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		n := fieldwork.Planning{Title: f.Get("title"), Plan: f.Raw("plan")}
		for _, l := range fieldwork.Letters {
			if s := f.Get("text" + string(l)); s != "" {
				n.Attributes = append(n.Attributes, fieldwork.Attribute{Letter: string(l), Text: s, Nature: fieldwork.Nature(f.Get("nature" + string(l))), Machine: f.Checked("machine" + string(l))})
			}
		}
		return p.Work.SetPlan(r.Context(), a, r.Now, r.Arg("wp"), f.Base(), n)
	}, "plan", "The plan is kept.")
}

func (p *pages) choose(r *page.Request) error {
	return p.on(r, "population", func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		return p.Work.Choose(r.Context(), a, r.Now, r.Arg("wp"), f.Base(), f.Get("population"))
	}, "sample", "The population is chosen. Now the sample.")
}

func (p *pages) draw(r *page.Request) error {
	return p.on(r, "sample", func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		m, err := p.Work.Method(r.Context(), a)
		if err != nil {
			return fieldwork.Paper{}, err
		}
		return p.Work.Draw(r.Context(), a, r.Now, r.Arg("wp"), f.Base(), f.Get("population"), sizingOf(f.Get, m))
	}, "testing", "The sample is fixed: the seed was recorded before it was drawn.")
}

func (p *pages) redraw(r *page.Request) error {
	return p.act(r, func(_ *page.Form, a access.AuditScope) error {
		same, again, err := p.Work.Redraw(r.Context(), a, r.Arg("wp"))
		if err != nil {
			return err
		}
		if !same {
			return errs.New(errs.Conflict, "drawn again, the items are others: the sheet is not what the seed gives")
		}
		return r.Redirect(tabURL(r, r.Arg("wp"), "sample"), "Drawn again from the seed and the frozen rows: the same "+page.Plural(len(again), "item", "items")+".")
	}, func(f *page.Form, a access.AuditScope) error { return p.showSheet(r, a, "sample", f) })
}

// panelled are the acts on a workpaper that ask for a reason in a panel.
func (p *pages) panelled(r *page.Request, x reasonPanel, do func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error)) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		w, err := do(f, a)
		if err != nil {
			return err
		}
		return r.Redirect(tabURL(r, w.Ref, x.Tab), x.Said)
	}, func(f *page.Form, _ access.AuditScope) error { return r.RenderPanel(f.Status(), reasonForm(r, f, x)) })
}

// reasonPanel is a panel with a sentence and, mostly, a reason.
type reasonPanel struct {
	Title, Act, Tab, Button, Said string
	Text                          string
	Field, Label, Help            string // of the reason; none when empty
	Danger                        bool
}

func (p *pages) panel(r *page.Request, x reasonPanel) error {
	if _, err := r.EnterAudit(p.Access); err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, reasonForm(r, page.NewForm(), x))
}

var extendPanel = reasonPanel{Title: "Extend the sample", Act: "extend", Tab: "testing", Button: "Draw more", Said: "The sample is extended.", Field: "reason", Label: "Why more items answer the question",
	Text: "Once only, to the size that the same confidence and tolerable rate ask for with the deviations found. Never to dilute a systematic cause; every deviation stays.", Help: "Stays on the workpaper."}

func (p *pages) extendForm(r *page.Request) error { return p.panel(r, extendPanel) }

func (p *pages) extend(r *page.Request) error {
	return p.panelled(r, extendPanel, func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		return p.Work.Extend(r.Context(), a, r.Now, r.Arg("wp"), 0, f.Raw("reason"))
	})
}

var sharePanel = reasonPanel{Title: "Share the selection with the client", Act: "share", Tab: "sample", Button: "Share it", Said: "The client sees the selected items now.",
	Text: "The client sees the numbers, names and days of the items, and nothing else of the workpaper. It is fixed: nobody can change what was selected."}

func (p *pages) shareForm(r *page.Request) error { return p.panel(r, sharePanel) }

func (p *pages) share(r *page.Request) error {
	return p.panelled(r, sharePanel, func(_ *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		return p.Work.ShareSample(r.Context(), a, r.Now, r.Arg("wp"))
	})
}

var reopenPanel = reasonPanel{Title: "Open the workpaper again", Act: "reopen", Tab: "notes", Button: "Open it again", Said: "The signatures are off; the reason stays.", Field: "why", Label: "Why", Danger: true,
	Text: "Both signatures go. What was concluded stays until a mark changes."}

func (p *pages) reopenForm(r *page.Request) error { return p.panel(r, reopenPanel) }

func (p *pages) reopen(r *page.Request) error {
	return p.panelled(r, reopenPanel, func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		return p.Work.Reopen(r.Context(), a, r.Now, r.Arg("wp"), 0, f.Raw("why"))
	})
}

func voidPanel(r *page.Request) reasonPanel {
	return reasonPanel{Title: "Item " + r.Arg("n") + " is void", Act: "void/" + r.Arg("n"), Tab: "testing", Button: "Set aside and draw the next", Said: "The item is void; the next one was drawn for it.", Field: "reason", Danger: true,
		Label: "Why the control validly did not apply to it", Text: "Missing evidence is no reason: that is a deviation. The item stays on the sheet with its reason, and the next in the order of drawing takes its place."}
}

func (p *pages) voidForm(r *page.Request) error { return p.panel(r, voidPanel(r)) }

func (p *pages) void(r *page.Request) error {
	return p.panelled(r, voidPanel(r), func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		n, err := strconv.Atoi(r.Arg("n"))
		if err != nil {
			return fieldwork.Paper{}, errs.New(errs.NotFound, "no item %q", r.Arg("n"))
		}
		return p.Work.Void(r.Context(), a, r.Now, r.Arg("wp"), n, f.Raw("reason"))
	})
}

func (p *pages) conclude(r *page.Request) error {
	return p.on(r, "conclusion", func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		return p.Work.Conclude(r.Context(), a, r.Now, r.Arg("wp"), f.Base(), fieldwork.Conclusion(f.Get("conclusion")), f.Raw("why"))
	}, "conclusion", "The conclusion is kept.")
}

func (p *pages) sign(r *page.Request) error {
	return p.on(r, "conclusion", func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		return p.Work.Sign(r.Context(), a, r.Now, r.Arg("wp"), f.Base())
	}, "conclusion", "Signed off. It waits for its reviewer.")
}

func (p *pages) review(r *page.Request) error {
	return p.on(r, "conclusion", func(f *page.Form, a access.AuditScope) (fieldwork.Paper, error) {
		return p.Work.Review(r.Context(), a, r.Now, r.Arg("wp"), f.Base())
	}, "conclusion", "Reviewed.")
}

func (p *pages) remark(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		if _, err := p.Work.Remark(r.Context(), a, r.Now, r.Arg("wp"), f.Raw("text")); err != nil {
			return err
		}
		return r.Redirect(tabURL(r, r.Arg("wp"), "notes"), "The note is on the workpaper.")
	}, func(f *page.Form, a access.AuditScope) error { return p.showSheet(r, a, "notes", f) })
}

func (p *pages) clearNote(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		n, err := strconv.Atoi(r.Arg("n"))
		if err != nil {
			return errs.New(errs.NotFound, "no note %q", r.Arg("n"))
		}
		if err := p.Work.Clear(r.Context(), a, r.Now, r.Arg("wp"), n, f.Raw("answer")); err != nil {
			return err
		}
		return r.Redirect(tabURL(r, r.Arg("wp"), "notes"), "The note is cleared.")
	}, func(f *page.Form, a access.AuditScope) error { return p.showSheet(r, a, "notes", f) })
}
