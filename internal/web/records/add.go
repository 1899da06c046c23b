package records

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// addition is what the form of new evidence shows.
type addition struct {
	Targets  []view.Choice
	Replaces *evidence.Item
	Same     []evidence.Item // pieces with the same content, after a conflict
	Limit    int64
	Back     string
}

// uploadBody is the most bytes of a request with files: one file of the largest size, and room for the texts.
func uploadBody(limit int64) int64 { return limit + 2<<20 }

var kindOptions = []page.Option{{Value: "document", Label: "Document"}, {Value: "screenshot", Label: "Screenshot"}, {Value: "attestation", Label: "Attestation"}}

var classOptions = []page.Option{{Value: "internal", Label: "Internal"}, {Value: "public", Label: "Public"}, {Value: "confidential", Label: "Confidential"}, {Value: "personal", Label: "Personal data"}}

func classText(c evidence.Class) string {
	for _, o := range classOptions {
		if o.Value == string(c) {
			return o.Label
		}
	}
	return "Not said"
}

// addition reads what the form needs besides what was written into it.
func (s Services) addition(r *page.Request, replaces string) (addition, error) {
	a := addition{Limit: s.Evidence.Limit(), Back: "/evidence"}
	var err error
	if a.Targets, err = s.View.EvidenceTargets(r.Context(), r.Read()); err != nil {
		return a, err
	}
	if replaces != "" {
		i, err := s.Evidence.Store.Item(r.Context(), r.Read(), replaces)
		if err != nil {
			return a, err
		}
		a.Replaces, a.Back = &i, "/e/"+i.Ref
	}
	r.Title = "Add evidence"
	r.Crumbs = []page.Crumb{{Text: "Evidence", Href: "/evidence"}, {Text: "Add"}}
	return a, nil
}

func (s Services) evidenceNew(r *page.Request) error {
	a, err := s.addition(r, r.Query("replace"))
	if err != nil {
		return err
	}
	today := r.Now.UTC().Format(time.DateOnly)
	f := page.NewForm("kind", "document", "class", "internal", "received", today, "replace", r.Query("replace"))
	for _, c := range r.HTTP.URL.Query()["control"] {
		f.Values.Add("controls", strings.ToUpper(c))
	}
	if a.Replaces != nil {
		if err := s.likeBefore(r, f, *a.Replaces); err != nil {
			return err
		}
	}
	return r.Render(http.StatusOK, addPage(r, f, a))
}

// likeBefore fills the form with what the replaced piece said; the dates are for the writer.
func (s Services) likeBefore(r *page.Request, f *page.Form, old evidence.Item) error {
	paper, _, err := s.Evidence.Store.Paper(r.Context(), r.Read(), old.ID)
	if err != nil {
		return err
	}
	links, err := s.Evidence.Store.Links(r.Context(), r.Read(), old.ID)
	if err != nil {
		return err
	}
	f.Values.Set("title", old.Title)
	f.Values.Set("kind", string(old.Kind))
	f.Values.Set("shows", paper.Shows)
	f.Values.Set("obtained", paper.Obtained)
	if paper.Class != "" {
		f.Values.Set("class", string(paper.Class))
	}
	for _, l := range links {
		if l.Kind == "control" {
			f.Values.Add("controls", l.Ref)
		}
	}
	return nil
}

func (s Services) evidenceAdd(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	a, err := s.addition(r, f.Get("replace"))
	if err != nil {
		return err
	}
	u, err := s.upload(r, f, a)
	if err != nil {
		return err
	}
	if f.OK() {
		added, err := s.Evidence.Add(r.Context(), scope, r.Now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, u)
		if err == nil {
			if len(added) == 1 {
				return r.Redirect("/e/"+added[0].Ref, added[0].Ref+" is kept, and sealed as ledger entry "+page.Count(added[0].Seq)+".")
			}
			return r.Redirect("/evidence?sort=-received", page.Count(len(added))+" pieces of evidence are kept, from "+added[0].Ref+" on.")
		}
		var same *evidence.Duplicate
		if errors.As(err, &same) {
			a.Same = same.Items
		}
		if page.DiskFull(err) || !f.Take(err) {
			return err
		}
	}
	return r.Render(f.Status(), addPage(r, f, a))
}

// upload reads the form. What is wrong with a field stands at it; the domain judges the whole.
func (s Services) upload(r *page.Request, f *page.Form, a addition) (evidence.Upload, error) {
	u := evidence.Upload{
		Title: f.Get("title"), Kind: evidence.Kind(f.Get("kind")), Statement: f.Get("statement"), Link: f.Get("link"), Shows: f.Get("shows"), Class: evidence.Class(f.Get("class")),
		Obtained: f.Get("obtained"), Again: f.Checked("again"),
	}
	if a.Replaces != nil {
		u.Supersede = a.Replaces.ID
	}
	files, err := r.Uploads(f, "file", a.Limit, evidence.MaxFiles)
	if err != nil {
		return u, err
	}
	for _, x := range files {
		u.Files = append(u.Files, evidence.File{Name: x.Name, Size: x.Size, Open: func() (io.ReadCloser, error) { return x.Open() }})
	}
	u.From = dayField(f, "from")
	if to := dayField(f, "to"); !to.IsZero() {
		u.To = to.AddDate(0, 0, 1) // half-open
	}
	if d := dayField(f, "effective"); !d.IsZero() {
		u.Effective = &d
	}
	if d := dayField(f, "received"); !d.IsZero() && d.Format(time.DateOnly) != r.Now.UTC().Format(time.DateOnly) {
		u.Received = d
	}
	for _, c := range f.Values["controls"] {
		if !slices.ContainsFunc(a.Targets, func(t view.Choice) bool { return t.Value == c }) {
			f.Wrong("controls", "There is no control "+short(c)+" to file it for.")
			continue
		}
		u.Controls = append(u.Controls, c)
	}
	return u, nil
}

// dayField reads a day; zero when the field is empty or wrong, which it then says.
func dayField(f *page.Form, field string) time.Time {
	s := f.Get(field)
	if s == "" {
		return time.Time{}
	}
	d, err := period.ParseDate(s)
	if err != nil || d.Time().Year() < 1900 {
		f.Wrong(field, "That is no day. Write it as 2026-01-31.")
		return time.Time{}
	}
	return d.Time()
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// withdrawal is the panel that takes a piece of evidence back.
func (s Services) withdrawForm(r *page.Request) error {
	p, err := s.find(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, withdrawPanel(r, page.NewForm(), p))
}

func (s Services) withdraw(r *page.Request) error {
	p, err := s.find(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if p.Kind == evidence.Snapshot {
		return errs.New(errs.Invalid, "%s was collected by the program", p.Ref).WithHint("Collected evidence is withdrawn on the command line, by whoever runs the installation.")
	}
	if err := s.Evidence.Withdraw(r.Context(), scope, p.ID, r.Now, f.Get("reason")); err == nil {
		return r.Redirect("/e/"+p.Ref, p.Ref+" is withdrawn. It stays on record with the reason.")
	} else if !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), withdrawPanel(r, f, p))
}

func (s Services) linkForm(r *page.Request) error {
	p, err := s.find(r)
	if err != nil {
		return err
	}
	a, err := s.linkable(r, p)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, linkPanel(r, page.NewForm(), p, a))
}

// linkable are the controls a piece is not filed for yet.
func (s Services) linkable(r *page.Request, p piece) (addition, error) {
	a, err := s.addition(r, "")
	if err != nil {
		return a, err
	}
	have, err := s.Evidence.Store.Links(r.Context(), r.Read(), p.ID)
	if err != nil {
		return a, err
	}
	a.Targets = slices.DeleteFunc(a.Targets, func(c view.Choice) bool { return slices.Contains(have, evidence.Link{Kind: "control", Ref: c.Value}) })
	return a, nil
}

func (s Services) link(r *page.Request) error {
	p, err := s.find(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	a, err := s.addition(r, "")
	if err != nil {
		return err
	}
	var controls []string
	for _, c := range f.Values["controls"] {
		if !slices.ContainsFunc(a.Targets, func(t view.Choice) bool { return t.Value == c }) {
			f.Wrong("controls", "There is no control "+short(c)+".")
			continue
		}
		controls = append(controls, c)
	}
	if f.OK() {
		n, err := s.Evidence.Link(r.Context(), scope, r.Now, p.ID, controls)
		if err == nil {
			said := p.Ref + " is filed for " + page.Plural(n, "more control", "more controls") + "."
			if n == 0 {
				said = p.Ref + " was filed for all of them already."
			}
			return r.Redirect("/e/"+p.Ref, said)
		}
		if !f.Take(err) {
			return err
		}
	}
	if a, err = s.linkable(r, p); err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), linkPanel(r, f, p, a))
}

// picked reports whether a control is chosen in a form.
func picked(f *page.Form, control string) bool { return slices.Contains(f.Values["controls"], control) }

// addPath is the address of the form of new evidence for a control.
func addPath(control string) string { return "/evidence/new?control=" + url.QueryEscape(control) }

func fileLabel(a addition) string {
	if a.Replaces != nil {
		return "File"
	}
	return "Files"
}

// evidenceRoutes are the pages on which people add evidence, and decide how often it is needed.
func (s Services) evidenceRoutes() []page.Route {
	route := func(method, pattern string, a access.Action, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: method, Pattern: pattern, Action: a, Title: title, Nav: "/evidence", Handle: h}
	}
	upload := route(http.MethodPost, "/evidence/new", access.AddEvidence, "Add evidence", s.evidenceAdd)
	if s.Evidence != nil {
		upload.Body = uploadBody(s.Evidence.Limit())
	}
	return []page.Route{
		upload,
		route(http.MethodGet, "/evidence/new", access.AddEvidence, "Add evidence", s.evidenceNew),
		route(http.MethodGet, "/evidence/due", access.ReadEvidence, "Evidence due", s.dueList),
		route(http.MethodGet, "/evidence/due/{control}", access.EditControls, "Evidence of a control", s.planForm),
		route(http.MethodPost, "/evidence/due/{control}", access.EditControls, "Evidence of a control", s.savePlan),
		route(http.MethodGet, "/e/{ref}/picture", access.ReadEvidence, "Picture", s.picture),
		route(http.MethodGet, "/e/{ref}/withdraw", access.AddEvidence, "Withdraw evidence", s.withdrawForm),
		route(http.MethodPost, "/e/{ref}/withdraw", access.AddEvidence, "Withdraw evidence", s.withdraw),
		route(http.MethodGet, "/e/{ref}/link", access.AddEvidence, "File evidence", s.linkForm),
		route(http.MethodPost, "/e/{ref}/link", access.AddEvidence, "File evidence", s.link),
	}
}
