package programme

import (
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var exceptionList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Exception", Sort: true},
		{Key: "state", Title: "State", Sort: true},
		{Key: "item", Title: "Item", Sort: true},
		{Key: "test", Title: "Test", Sort: true, Opt: true, Wide: true},
		{Key: "requester", Title: "Requested by", Opt: true},
		{Key: "approver", Title: "Approved by", Opt: true},
		{Key: "expires", Title: "Expires", Sort: true, Num: true},
	},
	Filters: []page.Filter{{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
		{Value: "requested", Label: "Requested", Status: "prog"}, {Value: "active", Label: "Active", Status: "exm"}, {Value: "expired", Label: "Expired", Status: "na"}, {Value: "revoked", Label: "Revoked", Status: "na"}}}},
	Search: "Find an exception", One: "exception", Many: "exceptions",
}

func (p *pages) exceptions(r *page.Request) error {
	t, rows, err := p.exceptionTable(r, view.ExceptionFilter{}, "exceptions")
	if err != nil || t.Exporting() {
		return err
	}
	return r.Render(http.StatusOK, exceptionsPage(r, t, rows), page.Part(t.ID(), rows))
}

// exceptionTable reads a list of exceptions, narrowed besides by what the page is about. It answers an export itself.
func (p *pages) exceptionTable(r *page.Request, f view.ExceptionFilter, name string) (*page.Table, templ.Component, error) {
	t, err := r.Table(&exceptionList)
	if err != nil {
		return nil, nil, err
	}
	f.State = t.Filter("state")
	if t.Exporting() {
		return t, nil, r.Export(t, name, []string{"Exception", "State", "Test", "Title", "Item", "Name", "Reason", "Requested by", "Requested", "Approved by", "Approved", "Expires", "Revoked by", "Revoked", "Controls"}, func(q paging.Query) ([][]any, int, error) {
			list, err := p.View.Exceptions(r.Context(), r.Read(), f, q, r.Now)
			var out [][]any
			for _, e := range list.Rows {
				out = append(out, []any{e.Ref, e.State, e.Test, e.Title, e.ItemID, e.Label, e.Reason, e.Requester, e.Requested, e.Approver, page.OrBlank(e.Approved), e.Expires, e.Revoker, page.OrBlank(e.Revoked), strings.Join(e.Controls, " ")})
			}
			return out, list.Total, err
		})
	}
	list, err := p.View.Exceptions(r.Context(), r.Read(), f, t.Query, r.Now)
	if err != nil {
		return nil, nil, err
	}
	t.Total = list.Total
	t.SetCounts("state", counts(list.States))
	return t, exceptionRows(t, list.Rows), nil
}

func (p *pages) exception(r *page.Request) error {
	e, err := p.View.Exception(r.Context(), r.Read(), r.Arg("ref"), r.Now)
	if err != nil {
		return err
	}
	r.Title = e.Ref + " " + e.Subject()
	r.Crumbs = []page.Crumb{{Text: "Exceptions", Href: "/exceptions"}, {Text: e.Ref}}
	return r.Render(http.StatusOK, exceptionPage(r, e))
}

// defaultException is how long an exception runs unless somebody says otherwise.
const defaultException = 90 * 24 * time.Hour

func (p *pages) newException(r *page.Request) error {
	if r.Query("test") == "" || r.Query("item") == "" {
		return p.failingItems(r)
	}
	f := page.NewForm("expires", r.Now.Add(defaultException).UTC().Format(time.DateOnly), "back", page.LocalPath(or(r.Query("back"), testURL(r.Query("test")))))
	f.Values["tick"] = []string{view.ItemRef(r.Query("test"), r.Query("item"))}
	return p.showExceptItems(r, f)
}

func (p *pages) requestException(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	// One item may be named by itself, too.
	if test, item := f.Get("test"), f.Get("item"); test != "" && len(f.Values["tick"]) == 0 {
		f.Values["tick"] = []string{view.ItemRef(test, item)}
		f.Values.Set("step", "1")
	}
	return p.exceptItems(r, f)
}

func (p *pages) approvalForm(r *page.Request) error {
	e, err := p.View.Exception(r.Context(), r.Read(), r.Arg("ref"), r.Now)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, approvalPanel(r, page.NewForm(), e))
}

func (p *pages) approveException(r *page.Request) error {
	return p.decide(r, func(s access.Scope, ref string) error {
		_, err := p.Evaluate.ApproveException(r.Context(), s, r.Now, ref)
		return err
	}, " approved.", approvalPanel)
}

func (p *pages) revocationForm(r *page.Request) error {
	e, err := p.View.Exception(r.Context(), r.Read(), r.Arg("ref"), r.Now)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, revocationPanel(r, page.NewForm(), e))
}

func (p *pages) revokeException(r *page.Request) error {
	return p.decide(r, func(s access.Scope, ref string) error {
		_, err := p.Evaluate.RevokeException(r.Context(), s, r.Now, ref)
		return err
	}, " revoked.", revocationPanel)
}

// decide makes a decision on an exception, or shows its form again with what is wrong.
func (p *pages) decide(r *page.Request, do func(access.Scope, string) error, said string, panel func(*page.Request, *page.Form, view.ExceptionRow) templ.Component) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	e, err := p.View.Exception(r.Context(), r.Read(), r.Arg("ref"), r.Now)
	if err != nil {
		return err
	}
	err = do(scope, e.Ref)
	if err == nil {
		return r.Redirect(exceptionURL(e.Ref), e.Ref+said)
	}
	return r.PanelAgain(f, err, panel(r, f, e))
}
