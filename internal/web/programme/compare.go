package programme

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

func editorAction(e editor) string {
	if e.Ref == "" {
		return "/controls/new"
	}
	return controlURL(e.Ref) + "/edit"
}

func editorBack(e editor) string {
	if e.Ref == "" {
		return "/controls"
	}
	return controlURL(e.Ref)
}

// baseOr is the version a form was opened on: the one it carries, or else the one given.
func baseOr(f *page.Form, otherwise int) int {
	if f.Base() > 0 {
		return f.Base()
	}
	return otherwise
}

// compareURL is where two versions of a control stand side by side; from 0 means what is in force.
func compareURL(ref string, from, to int) string {
	v := url.Values{"to": {strconv.Itoa(to)}}
	if from > 0 {
		v.Set("from", strconv.Itoa(from))
	}
	return controlURL(ref) + "/compare?" + v.Encode()
}

// comparison is two versions of a control.
type comparison struct {
	changeLog
	From, To control.Revision
	Changes  []control.Change
}

// compare reads two versions of a control; without parameters the newest against what is in force.
func (p *pages) compare(r *page.Request) error {
	l, err := p.changes(r, strings.ToUpper(r.Arg("ref")))
	if err != nil {
		return err
	}
	x := comparison{changeLog: l, To: l.Revisions[0], From: l.Revisions[len(l.Revisions)-1]}
	if v := l.InForceNow(); v != nil {
		x.From, _ = l.Revision(v.Number)
	}
	if x.From.Number == x.To.Number && len(l.Revisions) > 1 {
		x.From = l.Revisions[1]
	}
	for key, to := range map[string]*control.Revision{"from": &x.From, "to": &x.To} {
		s := r.Query(key)
		if s == "" {
			continue
		}
		n, err := strconv.Atoi(s)
		v, ok := l.Revision(n)
		if err != nil || !ok {
			return errs.New(errs.NotFound, "%s has no version %q", l.Control.Ref, clipped(s))
		}
		*to = v
	}
	x.Changes = control.Diff(x.From.Text, x.To.Text)
	ref := l.Control.Ref
	r.Title = "Versions of " + ref
	r.Crumbs = []page.Crumb{{Text: "Controls", Href: "/controls"}, {Text: ref, Href: controlURL(ref)}, {Text: "Compare"}}
	return r.Render(http.StatusOK, comparePage(r, x))
}

func versionOptions(l changeLog) []page.Option {
	var out []page.Option
	for _, v := range l.Revisions {
		out = append(out, page.Option{Value: strconv.Itoa(v.Number), Label: "Version " + strconv.Itoa(v.Number) + ", " + string(v.Status) + ", " + page.TimeText(v.At)})
	}
	return out
}

// libraryText compares a control with the text the library has for its reference now.
func (p *pages) libraryText(r *page.Request) error {
	l, err := p.changes(r, strings.ToUpper(r.Arg("ref")))
	if err != nil {
		return err
	}
	x, err := p.View.Catalog().Control(l.Control.Ref)
	if err != nil {
		return errs.New(errs.NotFound, "the library has no control %s", l.Control.Ref).WithHint("It is the organisation’s own.")
	}
	t := control.FromLibrary(x)
	t.GraceHours = l.Control.Version.GraceHours // of which the library says nothing
	changes := control.Diff(l.Control.Version.Text, t)
	r.Title = l.Control.Ref + " and the library"
	r.Crumbs = []page.Crumb{{Text: "Controls", Href: "/controls"}, {Text: l.Control.Ref, Href: controlURL(l.Control.Ref)}, {Text: "Library"}}
	return r.Render(http.StatusOK, libraryTextPage(r, l.Control, p.View.Catalog().Library(), changes))
}

func (p *pages) withdrawForm(r *page.Request) error {
	c, err := p.Controls.Control(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, withdrawPanel(r, page.NewForm(), c))
}

func (p *pages) withdraw(r *page.Request) error {
	return p.end(r, withdrawPanel, func(scope access.Scope, c control.Control, f *page.Form) (string, error) {
		_, err := p.Controls.Withdraw(r.Context(), scope, r.Now, c.Ref, f.Base(), f.Get("reason"))
		return "The draft of " + c.Ref + " is withdrawn.", err
	})
}

func (p *pages) retireForm(r *page.Request) error {
	c, err := p.Controls.Control(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, retirePanel(r, page.NewForm(), c))
}

func (p *pages) retire(r *page.Request) error {
	return p.end(r, retirePanel, func(scope access.Scope, c control.Control, f *page.Form) (string, error) {
		if f.Get("confirm") != c.Ref {
			f.Wrong("confirm", "Write "+c.Ref+" to confirm.")
			return "", nil
		}
		_, err := p.Controls.Retire(r.Context(), scope, r.Now, c.Ref, f.Base(), f.Get("reason"))
		return c.Ref + " is retired.", err
	})
}

// end takes a control or a draft of it away, or shows the form again with what is wrong.
func (p *pages) end(r *page.Request, panel func(*page.Request, *page.Form, control.Control) templ.Component, do func(access.Scope, control.Control, *page.Form) (string, error)) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	c, err := p.Controls.Control(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	said, err := do(scope, c, f)
	if err == nil && f.OK() {
		return r.Redirect(controlURL(c.Ref), said)
	}
	if err != nil && !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), panel(r, f, c))
}

var libraryList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Control", Sort: true},
		{Key: "title", Title: "Title", Sort: true, Wide: true},
		{Key: "have", Title: "State"},
		{Key: "criteria", Title: "Criteria", Opt: true},
		{Key: "role", Title: "Role that owns it", Opt: true},
	},
	Filters: []page.Filter{
		{Key: "have", Title: "State", Kind: page.Segments, Options: []page.Option{{Value: "no", Label: "Not adopted"}, {Value: "yes", Label: "Adopted"}}},
		{Key: "category", Title: "Category", Kind: page.Select, Open: true, All: "All categories"},
		{Key: "domain", Title: "Domain", Kind: page.Select, Open: true, All: "All domains"},
	},
	Search: "Find in the library", Sort: "ref", One: "control of the library", Many: "controls of the library",
	Bulk: []page.BulkAction{{Label: "Adopt as drafts", Action: "/controls/adopt"}},
}

// libraryRow is a control of the library with whether the organisation has one of that reference.
type libraryRow struct {
	catalog.Control
	Have    bool
	Differs bool
}
