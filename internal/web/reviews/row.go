package reviews

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/web/page"
)

// rowData is a row with its history.
type rowData struct {
	review.Review
	names
	row    review.Row
	system review.System
	events []review.Event
	same   []review.Row // the same access in every review, newest first
	refs   map[review.ID]string
	person people.Person // as the directory has them now
	known  bool
}

func (p *pages) row(r *page.Request) error {
	v, x, err := p.findRow(r)
	if err != nil {
		return err
	}
	r.Title = v.Ref + " row " + strconv.Itoa(x.N)
	r.Crumbs = []page.Crumb{{Text: "Access reviews", Href: at}, {Text: v.Ref, Href: reviewURL(v.Ref)}, {Text: x.System, Href: systemURL(v.Ref, x.System)}, {Text: "Row " + strconv.Itoa(x.N)}}
	d, err := p.rowData(r, v, x)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, rowPage(r, d), page.Part("peek", peek(r, d)))
}

func (p *pages) rowData(r *page.Request, v review.Review, x review.Row) (rowData, error) {
	d := rowData{Review: v, row: x, refs: map[review.ID]string{v.ID: v.Ref}}
	var err error
	if d.names, err = p.names(r); err != nil {
		return d, err
	}
	systems, err := p.Reviews.Systems(r.Context(), r.Read(), v.ID, r.Now)
	if err != nil {
		return d, err
	}
	if i := slices.IndexFunc(systems, func(s review.System) bool { return s.Slug == x.System }); i >= 0 {
		d.system = systems[i]
	}
	if d.events, d.same, err = p.Reviews.History(r.Context(), r.Read(), x); err != nil {
		return d, err
	}
	for _, y := range d.same {
		if d.refs[y.Review] != "" {
			continue
		}
		other, err := p.Reviews.Review(r.Context(), r.Read(), r.Now, string(y.Review))
		if err != nil {
			return d, err
		}
		d.refs[y.Review] = other.Ref
	}
	if x.Person != "" && r.Can(access.ReadPeople) {
		d.person, err = p.People.Person(r.Context(), r.Read(), string(x.Person))
		if err != nil && !errs.Is(err, errs.NotFound) {
			return d, err
		}
		d.known = err == nil
	}
	return d, nil
}

// changedSince says how the person stands now, if that is not as it was frozen.
func (d rowData) changedSince() string {
	if !d.known || d.person.State == d.row.State {
		return ""
	}
	s := "The directory now says: " + strings.ToLower(d.person.State.Title())
	if d.person.Ended != 0 {
		s += ", last day " + page.DateText(d.person.Ended)
	}
	return s + "."
}

func (p *pages) decideForm(r *page.Request) error {
	v, x, err := p.findRow(r)
	if err != nil {
		return err
	}
	decision := string(x.Decision)
	if q := r.Query("decision"); slices.Contains(review.Decisions(), review.Decision(q)) {
		decision = q
	}
	back := systemURL(v.Ref, x.System) + "#row-" + strconv.Itoa(x.N)
	if q := r.Query("back"); q != "" {
		back = page.LocalPath(q)
	}
	return r.RenderPanel(http.StatusOK, decidePanel(r, page.NewForm("decision", decision, "reason", x.Reason, "drop", x.Drop, "back", back), v, x))
}

func (p *pages) decideOne(r *page.Request) error {
	v, x, err := p.findRow(r)
	if err != nil {
		return err
	}
	return p.act(r, func(f *page.Form, scope access.Scope) error {
		d := review.Decision(f.Get("decision"))
		if d == "" {
			return errs.New(errs.Invalid, "choose what becomes of it").At("decision")
		}
		if d != review.Change {
			f.Values.Set("drop", "")
		}
		_, err := p.Reviews.Decide(r.Context(), scope, r.Now, v.Ref, []review.Verdict{{N: x.N, Decision: d, Reason: f.Raw("reason"), Drop: f.Get("drop"), Base: f.Base()}})
		if err != nil {
			return err
		}
		to := f.Back()
		if f.Get("back") == "" {
			to = rowURL(v.Ref, x.N)
		}
		return r.RedirectUndo(to, x.Label()+": "+strings.ToLower(d.Title())+".", doURL(v.Ref, "decide"), map[string]string{"do": "undo:" + strconv.Itoa(x.N), "back": to})
	}, func(f *page.Form) error {
		return r.RenderPanel(f.Status(), decidePanel(r, f, v, x))
	})
}

// decideRow takes a decision without words, from a button or a key: "keep:17:3" is row 17 as version 3 showed it. Scripts get the
// row as it is then.
func (p *pages) decideRow(r *page.Request) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	word, rest, _ := strings.Cut(f.Get("do"), ":")
	number, base, _ := strings.Cut(rest, ":")
	verdict := review.Verdict{N: atoi(number), Decision: review.Decision(word), Base: max(atoi(base), 0)}
	if word == "undo" {
		verdict.Decision = ""
	}
	_, err = p.Reviews.Decide(r.Context(), scope, r.Now, v.Ref, []review.Verdict{verdict})
	if strings.HasPrefix(r.Target(), "row-") {
		return p.rowPart(r, v, verdict.N, err)
	}
	if err != nil {
		return err
	}
	to := f.Back()
	if f.Get("back") == "" {
		to = reviewURL(v.Ref)
	}
	if verdict.Decision == "" {
		return r.Redirect(to, "Taken back.")
	}
	return r.RedirectUndo(to, "Row "+number+": "+strings.ToLower(verdict.Decision.Title())+".", doURL(v.Ref, "decide"), map[string]string{"do": "undo:" + number, "back": to})
}

// rowPart answers a script with the row as it is now, with what went wrong in a header of its own.
func (p *pages) rowPart(r *page.Request, v review.Review, n int, failed error) error {
	status := http.StatusOK
	switch {
	case failed == nil:
	case errs.Is(failed, errs.Conflict), errs.Is(failed, errs.Invalid), errs.Is(failed, errs.Denied):
		status = page.StatusOfError(failed)
		r.Header().Set("Tm-Problem", percent(page.Sentence(failed)+" "+errs.HintOf(failed)))
	default:
		return failed
	}
	x, err := p.Reviews.Row(r.Context(), r.Read(), v.ID, n)
	if err != nil {
		return err
	}
	d := gridData{Review: v, rows: []review.Row{x}}
	if d.names, err = p.names(r); err != nil {
		return err
	}
	t, err := p.Reviews.Tallies(r.Context(), r.Read(), review.RowFilter{Review: v.ID, System: x.System}, "system", r.Now)
	if err != nil {
		return err
	}
	r.Header().Set("Tm-Decided", strconv.Itoa(t[x.System].Decided)+" "+strconv.Itoa(t[x.System].Rows))
	ticks := len(grid(r, v).Bulk) > 0
	return r.Render(status, gridRow(r, d, x, ticks), page.Part("row-"+strconv.Itoa(n), gridRow(r, d, x, ticks)))
}

func (p *pages) doneForm(r *page.Request) error {
	v, x, err := p.findRow(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, donePanel(r, page.NewForm("done", period.Of(r.Now).String()), v, x))
}

func (p *pages) done(r *page.Request) error {
	v, x, err := p.findRow(r)
	if err != nil {
		return err
	}
	return p.act(r, func(f *page.Form, scope access.Scope) error {
		on, err := period.ParseDate(f.Get("done"))
		if err != nil {
			return errs.New(errs.Invalid, "choose the day on which it was done").At("done")
		}
		when := on.Time().Add(12 * time.Hour)
		if when.After(r.Now) {
			when = r.Now
		}
		if on > period.Of(r.Now) {
			when = on.Time()
		}
		if _, err := p.Reviews.Confirm(r.Context(), scope, r.Now, v.Ref, x.N, f.Base(), when, f.Raw("how")); err != nil {
			return err
		}
		return r.Redirect(reviewURL(v.Ref)+"?tab=follow", x.Label()+" is done.")
	}, func(f *page.Form) error { return r.RenderPanel(f.Status(), donePanel(r, f, v, x)) })
}
