package readiness

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/web/page"
)

// occurrenceView is everything the page of an occurrence shows.
type occurrenceView struct {
	occurrenceRow
	Plan    occurrence.Plan
	History []occurrence.Event
	Names   map[string]string
	Near    []occurrenceRow // those of the same control around it
}

func (p *pages) occurrence(r *page.Request) error {
	v, err := p.readOccurrence(r)
	if err != nil {
		return err
	}
	r.Title = v.Ref() + " " + v.Title
	r.Crumbs = []page.Crumb{{Text: "Recurring controls", Href: "/occurrences"}, {Text: v.Ref()}}
	return r.Render(http.StatusOK, occurrencePage(r, v))
}

func (p *pages) readOccurrence(r *page.Request) (occurrenceView, error) {
	var v occurrenceView
	o, err := p.Occurrences.Occurrence(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return v, err
	}
	v.Occurrence, v.Now = o, r.Now
	if v.Plan, err = p.Occurrences.PlanOf(r.Context(), r.Read(), o.Control); err != nil {
		return v, err
	}
	if v.History, err = p.Occurrences.History(r.Context(), r.Read(), o); err != nil {
		return v, err
	}
	titles, err := p.controlTitles(r)
	if err != nil {
		return v, err
	}
	v.Title = titles[o.Control]
	near, err := p.Occurrences.All(r.Context(), r.Read(), o.Due-366, o.Due+367)
	if err != nil {
		return v, err
	}
	var same []occurrence.Occurrence
	for _, x := range near {
		if x.Control == o.Control {
			same = append(same, x)
		}
	}
	if v.Near, err = p.occurrenceRows(r, around(same, o.Due), titles); err != nil {
		return v, err
	}
	who := []string{string(o.Owner), string(o.Deputy)}
	for _, e := range v.History {
		who = append(who, e.Actor)
	}
	if o.Record != nil {
		who = append(who, string(o.Record.Performer), string(o.Record.Checker))
	}
	v.Names, err = p.View.Actors(r.Context(), r.Read(), who...)
	v.Who = v.Names[string(performer(o))]
	return v, err
}

// around keeps the twelve nearest.
func around(all []occurrence.Occurrence, due period.Date) []occurrence.Occurrence {
	const most = 12
	at := 0
	for i, o := range all {
		if o.Due <= due {
			at = i
		}
	}
	from := max(0, min(at-most/2, len(all)-most))
	return all[from:min(len(all), from+most)]
}

// mayPerform reports whether the reader may record that it was performed.
func (v occurrenceView) mayPerform(r *page.Request) bool {
	if v.Record != nil && v.Record.CheckedAt != nil || v.Ended && v.Record == nil {
		return false
	}
	mine := r.Read().User() != "" && (v.Owner == r.Read().User() || v.Deputy == r.Read().User())
	return r.Can(access.ManageTasks) || mine && r.Can(access.WorkTasks)
}

// mayCheck reports whether the reader may check what somebody else performed.
func (v occurrenceView) mayCheck(r *page.Request) bool {
	return v.Performed() && v.Record.CheckedAt == nil && r.Can(access.ManageTasks) && v.Record.Performer != r.Read().User()
}

func (v occurrenceView) base() int {
	if v.Record == nil {
		return 0
	}
	return v.Record.Version
}

func (p *pages) performForm(r *page.Request) error {
	v, err := p.readOccurrence(r)
	if err != nil {
		return err
	}
	on := min(period.Of(r.Now), max(v.Due, v.From))
	f := page.NewForm("on", on.String(), "class", string(evidence.Internal))
	if v.Performed() {
		f = page.NewForm("on", v.Record.PerformedOn.String(), "note", v.Record.Note, "evidence", strings.Join(v.Record.Evidence, " "), "class", string(evidence.Internal))
	}
	return r.RenderPanel(http.StatusOK, performPanel(r, f, v))
}

func (p *pages) perform(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	v, err := p.readOccurrence(r)
	if err != nil {
		return err
	}
	said := occurrence.Said{On: dayOf(f, "on"), Note: f.Values.Get("note"), Evidence: strings.FieldsFunc(f.Get("evidence"), func(c rune) bool { return c == ',' || c == ';' || c <= ' ' })}
	file, err := r.Upload(f, "file", p.Evidence.Limit())
	if err != nil {
		return err
	}
	if f.OK() {
		err := p.Occurrences.Tx.InTx(r.Context(), func(ctx context.Context) error {
			if file != nil {
				ref, err := p.keep(ctx, r, scope, f, v, file, said.On)
				if err != nil {
					return err
				}
				said.Evidence = append(said.Evidence, ref)
			}
			_, err := p.Occurrences.Perform(ctx, scope, r.Now, v.Ref(), f.Base(), said)
			return err
		})
		if err == nil {
			return r.Redirect(occurrenceURL(v.Ref()), v.Ref()+" is recorded.")
		}
		var same *evidence.Duplicate
		if errors.As(err, &same) && len(same.Items) > 0 {
			f.Wrong("file", "This file is kept already, as "+same.Items[0].Ref+". Name it below instead.")
		} else if page.DiskFull(err) || !staleOccurrence(f, err) && !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), performPanel(r, f, v))
}

// keep files the evidence of an occurrence for its control, and returns its reference.
func (p *pages) keep(ctx context.Context, r *page.Request, scope access.Scope, f *page.Form, v occurrenceView, file *page.File, on period.Date) (string, error) {
	from := min(v.From, on)
	if on == 0 {
		from, on = v.From, v.From
	}
	added, err := p.Evidence.Add(ctx, scope, r.Now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
		Title: v.Ref() + ": " + file.Name, Kind: evidence.Document, Class: evidence.Class(f.Get("class")), Obtained: f.Get("obtained"), Shows: "That " + v.Control + " was performed on " + on.String() + ".",
		Files: []evidence.File{{Name: file.Name, Size: file.Size, Open: func() (io.ReadCloser, error) { return file.Open() }}},
		From:  from.Time(), To: (on + 1).Time(), Controls: []string{v.Control},
	})
	if err != nil {
		return "", err
	}
	return added[0].Ref, nil
}

// dayOf reads a day that must be given.
func dayOf(f *page.Form, field string) period.Date {
	d, err := period.ParseDate(f.Get(field))
	if err != nil || d <= 0 {
		f.Wrong(field, "Give a day such as 2026-12-31.")
	}
	return d
}

// staleOccurrence shows both records when somebody else was faster.
func staleOccurrence(f *page.Form, err error) bool {
	var stale *occurrence.Stale
	if !errors.As(err, &stale) || stale.Theirs.Record == nil {
		return false
	}
	x := stale.Theirs.Record
	on := ""
	if x.PerformedOn != 0 {
		on = x.PerformedOn.String()
	}
	f.Stale(x.Version, map[string]string{"on": on, "note": x.Note, "evidence": strings.Join(x.Evidence, " ")})
	return true
}

func (p *pages) checkForm(r *page.Request) error {
	v, err := p.readOccurrence(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, checkPanel(r, page.NewForm(), v, r.Query("as") == "back"))
}

func (p *pages) check(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	v, err := p.readOccurrence(r)
	if err != nil {
		return err
	}
	judge, said, back := p.Occurrences.Check, " is checked.", f.Get("as") == "back"
	if back {
		judge, said = p.Occurrences.SendBack, " is open again."
	}
	if _, err = judge(r.Context(), scope, r.Now, v.Ref(), f.Base(), f.Values.Get("note")); err == nil {
		return r.Redirect(occurrenceURL(v.Ref()), v.Ref()+said)
	}
	if !staleOccurrence(f, err) && !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), checkPanel(r, f, v, back))
}
