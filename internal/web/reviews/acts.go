package reviews

import (
	"net/http"
	"net/url"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/web/page"
)

// percent makes a sentence fit for a header.
func percent(s string) string { return url.PathEscape(s) }

func (p *pages) closeForm(r *page.Request) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, closePanel(r, page.NewForm(), v))
}

func (p *pages) close(r *page.Request) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	return p.act(r, func(f *page.Form, scope access.Scope) error {
		closed, err := p.Reviews.Close(r.Context(), scope, r.Now, v.Ref, f.Raw("why"))
		if err != nil {
			return err
		}
		return r.Redirect(reviewURL(v.Ref), v.Ref+" is closed. Its result is "+closed.Evidence[0]+".")
	}, func(f *page.Form) error { return r.RenderPanel(f.Status(), closePanel(r, f, v)) })
}

func (p *pages) cancelForm(r *page.Request) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, cancelPanel(r, page.NewForm(), v))
}

func (p *pages) cancel(r *page.Request) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	return p.act(r, func(f *page.Form, scope access.Scope) error {
		if _, err := p.Reviews.Cancel(r.Context(), scope, r.Now, v.Ref, f.Raw("why")); err != nil {
			return err
		}
		return r.Redirect(reviewURL(v.Ref), v.Ref+" is cancelled.")
	}, func(f *page.Form) error { return r.RenderPanel(f.Status(), cancelPanel(r, f, v)) })
}

func (p *pages) bulkKeep(r *page.Request) error   { return p.bulk(r, review.Keep) }
func (p *pages) bulkRemove(r *page.Request) error { return p.bulk(r, review.Remove) }

// bulk decides on the ticked rows, which are rows that the reader saw. A reason is asked for where one of them needs it, and before
// anything is removed.
func (p *pages) bulk(r *page.Request, d review.Decision) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	numbers, err := ticked(f)
	if err != nil {
		return err
	}
	all := make([]review.Verdict, len(numbers))
	for i, n := range numbers {
		all[i] = review.Verdict{N: n, Decision: d, Reason: f.Raw("reason")}
	}
	asked := f.Values.Has("reason")
	if asked || d == review.Keep {
		changed, err := p.Reviews.Decide(r.Context(), scope, r.Now, v.Ref, all)
		if err == nil {
			return r.Redirect(f.Back(), page.Plural(len(changed), "row", "rows")+": "+d.Title()+".")
		}
		switch {
		case !asked && errs.FieldOf(err) == "reason": // the panel asks for it
		case errs.Is(err, errs.Denied):
			f.Problem, f.Hint = page.Sentence(err), errs.HintOf(err)
		case !f.Take(err):
			return err
		}
	}
	return r.RenderPanel(f.Status(), bulkPanel(r, f, v, d, numbers))
}

// ticked are the numbers of the ticked rows.
func ticked(f *page.Form) ([]int, error) {
	ticks, err := f.Ticks()
	if err != nil {
		return nil, err
	}
	out := make([]int, len(ticks))
	for i, s := range ticks {
		if out[i] = atoi(s); out[i] < 1 {
			return nil, errs.New(errs.Invalid, "%q is no row", s)
		}
	}
	return out, nil
}

func (p *pages) reassignForm(r *page.Request) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	n, err := p.names(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, reassignPanel(r, page.NewForm("from", r.Query("from"), "back", reviewURL(v.Ref)), v, n, nil))
}

// reassign gives the ticked rows, or those of a reviewer, to somebody else.
func (p *pages) reassign(r *page.Request) error {
	v, err := p.find(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	var numbers []int
	if f.Get("from") == "" {
		if numbers, err = ticked(f); err != nil {
			return err
		}
	}
	if f.Values.Has("to") {
		moved, err := p.Reviews.Reassign(r.Context(), scope, r.Now, v.Ref, numbers, access.UserID(f.Get("from")), f.Get("to"), f.Raw("why"))
		if err == nil {
			return r.Redirect(f.Back(), page.Plural(moved, "row", "rows")+" given to somebody else.")
		}
		if !f.Take(err) {
			return err
		}
	}
	n, err := p.names(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), reassignPanel(r, f, v, n, numbers))
}
