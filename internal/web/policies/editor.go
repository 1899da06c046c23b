package policies

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/textdiff"
	"github.com/tickmark/tickmark/internal/markdown"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/web/page"
)

// editor is what the form of a policy shows besides its fields.
type editor struct {
	detail       // zero for a new policy
	Base     int // stamp of the newest version
	People   []page.Option
	Controls []page.Option
	Criteria []page.Option
	Preview  *markdown.Document
	From     string // where the first text came from, in words
}

// isNew reports whether there is no policy yet.
func (e editor) isNew() bool { return e.Ref == "" }

func (e editor) action() string {
	if e.isNew() {
		return list + "/new"
	}
	return policyURL(e.Ref) + "/edit"
}

func (e editor) back() string {
	if e.isNew() {
		return list
	}
	return policyURL(e.Ref)
}

// fieldsOf are the fields of the form for a text.
func fieldsOf(t policy.Text) map[string]string {
	return map[string]string{
		"title": t.Title, "summary": t.Summary, "body": t.Body, "controls": strings.Join(t.Controls, " "), "criteria": strings.Join(t.Criteria, " "), "audience": strings.Join(t.Audience, "\n"),
	}
}

func textOf(f *page.Form) policy.Text {
	return policy.Text{
		Title: f.Get("title"), Summary: f.Get("summary"), Body: f.Raw("body"), Controls: page.Identifiers(f.Get("controls")), Criteria: page.Identifiers(f.Get("criteria")),
		Audience: strings.Split(strings.ReplaceAll(f.Get("audience"), "\r\n", "\n"), "\n"),
	}
}

// words are the identifiers to look up while writing.
func (p *pages) words(e *editor) {
	c := p.View.Catalog()
	for _, x := range c.Controls() {
		e.Controls = append(e.Controls, page.Option{Value: x.ID, Label: x.Title})
	}
	for _, id := range c.Identifiers(catalog.TSC) {
		e.Criteria = append(e.Criteria, page.Option{Value: id, Label: c.Title(catalog.TSC, id)})
	}
}

func (p *pages) newPolicy(r *page.Request) error {
	return p.showNew(r, page.NewForm("months", strconv.Itoa(policy.Rhythm), "owner", string(r.Read().User()), "body", outline))
}

// outline is what a new policy begins with.
const outline = "## Purpose\n\n\n\n## Who it is for\n\n\n\n## Rules\n\n- \n\n## Exceptions\n\n\n\n## Responsibilities\n\n"

func (p *pages) showNew(r *page.Request, f *page.Form) error {
	e := editor{Preview: markdown.Parse(f.Raw("body"))}
	members, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return err
	}
	e.People = page.MemberOptions(members)
	p.words(&e)
	r.Crumbs = []page.Crumb{{Text: "Policies", Href: list}, {Text: "New"}}
	return r.Render(f.Status(), editorPage(r, f, e))
}

func (p *pages) create(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if f.Get("do") == "preview" {
		return p.showNew(r, f)
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	n := policy.New{Slug: f.Get("slug"), Owner: f.Get("owner"), Months: monthsOf(f), Text: textOf(f), Note: f.Get("note")}
	if f.OK() {
		made, err := p.Policies.Create(r.Context(), scope, r.Now, n)
		if err == nil {
			return r.Redirect(policyURL(made.Ref), made.Ref+" is written. Send it for review when it is ready.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showNew(r, f)
}

func monthsOf(f *page.Form) int {
	n, err := strconv.Atoi(f.Get("months"))
	if err != nil || n < policy.MinMonths || n > policy.MaxMonths {
		f.Wrong("months", "Give a number of months from "+strconv.Itoa(policy.MinMonths)+" to "+strconv.Itoa(policy.MaxMonths)+", such as 12.")
	}
	return n
}

// editing reads what the editor starts from: the open version, or what is in force, or the newest.
func (p *pages) editing(r *page.Request) (editor, policy.Version, error) {
	d, err := p.find(r)
	if err != nil {
		return editor{}, policy.Version{}, err
	}
	e := editor{detail: d, Base: d.Versions[0].Stamp()}
	from := d.Shown.N
	if d.Open > 0 {
		from = d.Open
	}
	v, err := d.version(r.Query("from"), from)
	if err != nil {
		return e, v, err
	}
	if r.Query("from") != "" {
		e.From = "version " + strconv.Itoa(v.N)
	}
	p.words(&e)
	r.Title = "Change " + d.Ref
	r.Crumbs = []page.Crumb{{Text: "Policies", Href: list}, {Text: d.Ref, Href: policyURL(d.Ref)}, {Text: "Change"}}
	return e, v, nil
}

func (p *pages) edit(r *page.Request) error {
	e, v, err := p.editing(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, x := range fieldsOf(v.Text) {
		f.Values.Set(k, x)
	}
	if v.N == e.Open {
		f.Values.Set("note", v.Note)
	}
	e.Preview = markdown.Parse(v.Body)
	return r.Render(http.StatusOK, editorPage(r, f, e))
}

func (p *pages) write(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	e, _, err := p.editing(r)
	if err != nil {
		return err
	}
	e.Preview = markdown.Parse(f.Raw("body"))
	if f.Get("do") == "preview" {
		e.Base = f.Base()
		return r.Render(http.StatusOK, editorPage(r, f, e))
	}
	_, v, err := p.Policies.Write(r.Context(), scope, r.Now, e.Ref, f.Base(), textOf(f), f.Get("note"))
	if f.Get("do") == "send" && (err == nil || errs.KindOf(err) == errs.Invalid && errs.FieldOf(err) == "" && e.OpenState == policy.Draft && f.Base() == e.Base) {
		if err == nil {
			f.Values.Set("base", strconv.Itoa(v.Stamp())) // it is kept, whatever becomes of sending it
			e.Base = v.Stamp()
		}
		if _, err = p.Policies.Send(r.Context(), scope, r.Now, e.Ref, f.Base()); err == nil {
			return r.Redirect(policyURL(e.Ref), "Version "+strconv.Itoa(max(v.N, e.Open))+" of "+e.Ref+" waits for a second person.")
		}
	}
	if err == nil {
		return r.Redirect(policyURL(e.Ref)+"?version="+strconv.Itoa(v.N), "The draft is saved. Send it for review when it is ready.")
	}
	var old *policy.Stale
	switch {
	case errors.As(err, &old):
		theirs := fieldsOf(old.Theirs.Text)
		theirs["note"] = old.Theirs.Note
		f.Values.Set("body", strings.ReplaceAll(f.Raw("body"), "\r\n", "\n"))
		f.Values.Set("audience", strings.ReplaceAll(f.Raw("audience"), "\r\n", "\n"))
		f.Stale(old.Theirs.Stamp(), theirs)
	case !f.Take(err):
		return err
	}
	return r.Render(f.Status(), editorPage(r, f, e))
}

// preview draws what is being written.
func (p *pages) preview(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	part := previewPart(markdown.Parse(f.Raw("body")))
	return r.Render(http.StatusOK, previewPage(part), page.Part("preview", part))
}

// comparison is two versions of a policy.
type comparison struct {
	detail
	From, To policy.Version
	Hunks    []hunk
	Fields   [][3]string // title, was, is
}

// hunk is paragraphs around a change, with how many equal ones were left out before.
type hunk struct {
	Skipped int
	Pairs   []textdiff.Pair
}

// around is how many equal lines are shown beside a change.
const around = 3

// compare reads two versions; without parameters what waits against what is in force, or the newest against the one before.
func (p *pages) compare(r *page.Request) error {
	d, err := p.find(r)
	if err != nil {
		return err
	}
	x := comparison{detail: d}
	to, from := d.Versions[0].N, d.Versions[min(1, len(d.Versions)-1)].N
	if d.Open > 0 && d.InForce > 0 {
		to, from = d.Open, d.InForce
	}
	if x.To, err = d.version(r.Query("to"), to); err != nil {
		return err
	}
	if x.From, err = d.version(r.Query("from"), from); err != nil {
		return err
	}
	for _, h := range textdiff.Hunks(textdiff.Lines(x.From.Body, x.To.Body), around) {
		x.Hunks = append(x.Hunks, hunk{h.Skipped, textdiff.Sides(h.Lines)})
	}
	if !slices.ContainsFunc(x.Hunks, func(h hunk) bool { return len(h.Pairs) > 0 }) {
		x.Hunks = nil
	}
	was, is := fieldsOf(x.From.Text), fieldsOf(x.To.Text)
	for _, f := range [][2]string{{"title", "Title"}, {"summary", "Summary"}, {"controls", "Controls"}, {"criteria", "Criteria"}, {"audience", "For"}} {
		if was[f[0]] != is[f[0]] {
			x.Fields = append(x.Fields, [3]string{f[1], was[f[0]], is[f[0]]})
		}
	}
	r.Title = "Versions of " + d.Ref
	r.Crumbs = []page.Crumb{{Text: "Policies", Href: list}, {Text: d.Ref, Href: policyURL(d.Ref)}, {Text: "Compare"}}
	return r.Render(http.StatusOK, comparePage(r, x))
}

func (d detail) versionOptions() []page.Option {
	var out []page.Option
	for _, v := range d.Versions {
		out = append(out, page.Option{Value: strconv.Itoa(v.N), Label: "Version " + strconv.Itoa(v.N) + ", " + strings.ToLower(v.State.Title()) + ", " + page.DateText(period.Of(v.Saved))})
	}
	return out
}

func sortOptions(list []page.Option) {
	slices.SortFunc(list, func(a, b page.Option) int { return strings.Compare(a.Label, b.Label) })
}
