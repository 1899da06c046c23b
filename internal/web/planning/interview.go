package planning

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/web/page"
)

// sheet is one page of the interview.
type sheet struct {
	applicability.Group
	At, Of      int // from 1
	Previous    string
	Next        string
	Draft       applicability.Draft
	Commitments []org.Commitment
	So          applicability.Recommendation // what the saved answers come to
}

// step is a page of the interview in the list of all.
type step struct {
	applicability.Group
	Answered int
	Current  bool
}

func steps(a applicability.Answers, current string) []step {
	var out []step
	for _, g := range applicability.Groups() {
		s := step{Group: g, Current: g.ID == current}
		for _, f := range g.Facts {
			if a[f].Value != "" {
				s.Answered++
			}
		}
		out = append(out, s)
	}
	return out
}

func (p *pages) sheet(r *page.Request) (sheet, error) {
	g, at, ok := applicability.GroupOf(r.Arg("group"))
	if !ok {
		return sheet{}, errs.New(errs.NotFound, "the interview has no page %q", r.Arg("group"))
	}
	all := applicability.Groups()
	x := sheet{Group: g, At: at + 1, Of: len(all)}
	if at > 0 {
		x.Previous = groupURL(all[at-1].ID)
	}
	x.Next = start + "/review"
	if at+1 < len(all) {
		x.Next = groupURL(all[at+1].ID)
	}
	r.Title = g.Title
	r.Crumbs = []page.Crumb{{Text: "Which report", Href: start}, {Text: g.Title}}
	var err error
	if x.Draft, err = p.Applicability.Draft(r.Context(), r.Read()); err != nil {
		return x, err
	}
	x.So = applicability.Recommend(x.Draft.Answers)
	x.Commitments, err = p.commitments(r)
	return x, err
}

// fields are the names of a fact's fields.
func noteField(id applicability.FactID) string    { return string(id) + "-note" }
func promiseField(id applicability.FactID) string { return string(id) + "-commitment" }
func namedField(id applicability.FactID) string   { return string(id) + "-named" }

// values writes answers as the form has them.
func (x sheet) values(a applicability.Answers) map[string]string {
	out := map[string]string{}
	for _, id := range x.Facts {
		f, _ := applicability.FactOf(id)
		out[string(id)], out[noteField(id)] = string(a[id].Value), a[id].Note
		if f.Category == "" {
			continue
		}
		c := a[id].Commitment
		out[promiseField(id)], out[namedField(id)] = "", c
		for _, k := range x.Commitments {
			if k.Ref == c {
				out[promiseField(id)], out[namedField(id)] = c, ""
			}
		}
	}
	return out
}

func (p *pages) questions(r *page.Request) error {
	x, err := p.sheet(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, v := range x.values(x.Draft.Answers) {
		f.Values.Set(k, v)
	}
	return r.Render(http.StatusOK, questionsPage(r, f, x))
}

func (p *pages) answer(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.sheet(r)
	if err != nil {
		return err
	}
	part := applicability.Answers{}
	for _, id := range x.Facts {
		a := applicability.Answer{Value: applicability.Value(f.Get(string(id))), Note: f.Get(noteField(id)), Commitment: f.Get(promiseField(id))}
		if named := f.Get(namedField(id)); named != "" {
			a.Commitment = named
		}
		part[id] = a
	}
	_, err = p.Applicability.Answer(r.Context(), scope, r.Now, f.Base(), part)
	if err == nil {
		switch f.Get("to") {
		case "back":
			return r.Redirect(x.Previous, "")
		case "later":
			return r.Redirect(start, "Answers saved. Come back when you know more.")
		}
		return r.Redirect(x.Next, "")
	}
	if theirs, stale := applicability.StaleOf(err); stale {
		f.Stale(theirs.Version, x.values(theirs.Answers))
	} else if !f.Take(err) {
		return err
	}
	for _, id := range x.Facts { // the error of a commitment stands at the field that was used
		if e := f.Errors[promiseField(id)]; e != "" && f.Get(namedField(id)) != "" {
			delete(f.Errors, promiseField(id))
			f.Errors[namedField(id)] = e
		}
	}
	return r.Render(f.Status(), questionsPage(r, f, x))
}

func (p *pages) discardForm(r *page.Request) error {
	d, err := p.Applicability.Draft(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, discardPanel(r, page.NewForm(), d))
}

func (p *pages) discard(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	err = p.Applicability.Discard(r.Context(), scope, r.Now, f.Base())
	if err == nil {
		return r.Redirect(groupURL(applicability.Groups()[0].ID), "The answers are empty again. Decisions stay.")
	}
	if !f.Take(err) {
		return err
	}
	d, err := p.Applicability.Draft(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f.Values.Del("base") // whoever sends it again has seen how many answers there are now
	return r.RenderPanel(f.Status(), discardPanel(r, f, d))
}

// commitmentOptions are the commitments of a category, then the others.
func (x sheet) commitmentOptions(id applicability.FactID) []page.Option {
	f, _ := applicability.FactOf(id)
	out := []page.Option{{Value: "", Label: "Not named yet"}}
	for _, same := range []bool{true, false} {
		for _, c := range x.Commitments {
			if (c.Category == f.Category) == same {
				out = append(out, page.Option{Value: c.Ref, Label: c.Ref + ": " + shorten(c.Text, 90)})
			}
		}
	}
	return out
}

// shorten cuts a text for a list of choices.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
