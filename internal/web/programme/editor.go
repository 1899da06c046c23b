package programme

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// editor is what the form of a control shows besides its fields.
type editor struct {
	Ref      string // empty for a new control
	Title    string // of the control as it is
	Newest   control.Version
	Base     int
	People   []page.Option
	Words    []vocabulary
	Source   string // where the first text came from, in words; empty for the version itself
	Waiting  bool   // the newest version is a draft
	Existing []string
}

// vocabulary is the identifiers of a framework with our words, to look them up while writing.
type vocabulary struct {
	Field, Label, Help string
	Entries            []page.Option
}

func (p *pages) vocabularies() []vocabulary {
	c := p.View.Catalog()
	var out []vocabulary
	for _, f := range []struct{ id, field, label, help string }{
		{catalog.TSC, "criteria", "SOC 2 criteria", "Identifiers such as CC6.1 CC6.6, with spaces or commas between."},
		{catalog.SOC1, "objectives", "SOC 1 objectives", "Identifiers such as ITGC-01."},
		{catalog.ISO, "annex", "ISO/IEC 27001:2022, Annex A", "Identifiers such as A.8.5."},
	} {
		v := vocabulary{Field: f.field, Label: f.label, Help: f.help}
		for _, id := range c.Identifiers(f.id) {
			v.Entries = append(v.Entries, page.Option{Value: id, Label: c.Title(f.id, id)})
		}
		out = append(out, v)
	}
	return out
}

// fieldsOf are the fields of the form for a text.
func fieldsOf(t control.Text) map[string]string {
	return map[string]string{
		"title": t.Title, "statement": t.Statement, "type": string(t.Type), "nature": string(t.Nature), "frequency": string(t.Frequency), "owner_role": t.OwnerRole,
		"grace_hours": strconv.Itoa(t.GraceHours), "evidence": strings.Join(t.Evidence, "\n"),
		"criteria": strings.Join(t.Serves(catalog.TSC), " "), "objectives": strings.Join(t.Serves(catalog.SOC1), " "), "annex": strings.Join(t.Serves(catalog.ISO), " "),
	}
}

func editorForm(t control.Text, owner, deputy access.UserID) *page.Form {
	f := page.NewForm("owner", string(owner), "deputy", string(deputy))
	for k, v := range fieldsOf(t) {
		f.Values.Set(k, v)
	}
	return f
}

// identifiers splits what somebody wrote into identifiers.
func identifiers(s string) []string { return page.Identifiers(s) }

// textOf reads the form of a control.
func (p *pages) textOf(f *page.Form) control.Text {
	t := control.Text{
		Title: f.Get("title"), Statement: strings.ReplaceAll(f.Get("statement"), "\r\n", "\n"), Type: catalog.ControlType(f.Get("type")), Nature: catalog.Nature(f.Get("nature")),
		Frequency: catalog.Frequency(f.Get("frequency")), OwnerRole: f.Get("owner_role"), Evidence: strings.Split(strings.ReplaceAll(f.Get("evidence"), "\r\n", "\n"), "\n"),
	}
	if s := f.Get("grace_hours"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			f.Wrong("grace_hours", "Give a whole number of hours, such as 24; 0 for none.")
		}
		t.GraceHours = n
	}
	for _, x := range []struct{ field, framework string }{{"criteria", catalog.TSC}, {"objectives", catalog.SOC1}, {"annex", catalog.ISO}} {
		for _, id := range identifiers(f.Get(x.field)) {
			if !p.View.Catalog().Knows(x.framework, id) {
				f.Wrong(x.field, "“"+clipped(id)+"” is no identifier of this framework. The list below has them all.")
			}
			t.Requirements = append(t.Requirements, control.Requirement{Framework: x.framework, ID: id})
		}
	}
	return t
}

func clipped(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// take puts an error of the domain at the field of the form that it is about.
func take(f *page.Form, err error) bool {
	if !f.Take(err) {
		return false
	}
	if s, ok := f.Errors["requirements"]; ok {
		delete(f.Errors, "requirements")
		f.Errors["criteria"] = s
	}
	return true
}

func (p *pages) newControl(r *page.Request) error {
	return p.showNewControl(r, page.NewForm("ref", r.Query("ref"), "type", string(catalog.Preventive), "nature", string(catalog.Manual), "frequency", string(catalog.Monthly), "grace_hours", "0"))
}

func (p *pages) showNewControl(r *page.Request, f *page.Form) error {
	people, err := p.people(r)
	if err != nil {
		return err
	}
	return r.Render(f.Status(), editorPage(r, f, editor{People: people, Words: p.vocabularies()}))
}

// people are the members who can own something, as choices.
func (p *pages) people(r *page.Request) ([]page.Option, error) {
	members, err := p.Access.Members(r.Context(), r.Read())
	return people(members), err
}

func (p *pages) createControl(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	t := p.textOf(f)
	if f.OK() {
		var made control.Control
		err := p.Controls.Tx.InTx(r.Context(), func(ctx context.Context) error {
			var err error
			if made, err = p.Controls.Create(ctx, scope, r.Now, f.Get("ref"), t, f.Get("note")); err != nil || f.Get("owner")+f.Get("deputy") == "" {
				return err
			}
			_, err = p.Controls.Assign(ctx, scope, r.Now, made.Ref, f.Get("owner"), f.Get("deputy"))
			return err
		})
		if err == nil {
			return r.Redirect(controlURL(made.Ref), made.Ref+" is written. Somebody else approves it.")
		}
		if !take(f, err) {
			return err
		}
	}
	return p.showNewControl(r, f)
}

// editing reads what the editor of a control starts from: its newest version, or what is in force when that was withdrawn
// or retired.
func (p *pages) editing(r *page.Request) (editor, control.History, error) {
	h, err := p.Controls.History(r.Context(), r.Read(), strings.ToUpper(r.Arg("ref")))
	if err != nil {
		return editor{}, h, err
	}
	people, err := p.people(r)
	e := editor{Ref: h.Control.Ref, Title: h.Control.Version.Title, Newest: h.Revisions[0].Version, Base: h.Control.Newest, People: people, Words: p.vocabularies(), Waiting: h.Control.Draft > 0}
	if e.Newest.Status == control.Withdrawn {
		e.Newest = h.Control.Version
	}
	r.Title = "Change " + e.Ref
	r.Crumbs = []page.Crumb{{Text: "Controls", Href: "/controls"}, {Text: e.Ref, Href: controlURL(e.Ref)}, {Text: "Change"}}
	return e, h, err
}

func (p *pages) editControl(r *page.Request) error {
	e, h, err := p.editing(r)
	if err != nil {
		return err
	}
	t := e.Newest.Text
	switch from := r.Query("from"); from {
	case "":
	case "library":
		x, err := p.View.Catalog().Control(e.Ref)
		if err != nil {
			return err
		}
		grace := t.GraceHours // of which the library says nothing
		t, e.Source = control.FromLibrary(x), "the library’s present text"
		t.GraceHours = grace
	default:
		n, err := strconv.Atoi(from)
		v, ok := h.Revision(n)
		if err != nil || !ok {
			return errs.New(errs.NotFound, "%s has no version %q", e.Ref, clipped(from))
		}
		t, e.Source = v.Text, "version "+strconv.Itoa(n)
	}
	return r.Render(http.StatusOK, editorPage(r, editorForm(t, h.Control.Owner, h.Control.Deputy), e))
}

func (p *pages) proposeControl(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	e, h, err := p.editing(r)
	if err != nil {
		return err
	}
	t := p.textOf(f)
	if f.OK() {
		said, err := p.propose(r, scope, f, h, t)
		if err == nil {
			return r.Redirect(controlURL(e.Ref), said)
		}
		var old *control.Stale
		switch {
		case errors.As(err, &old):
			f.Stale(old.Theirs.Number, fieldsOf(old.Theirs.Text))
		case !take(f, err):
			return err
		}
	}
	return r.Render(f.Status(), editorPage(r, f, e))
}

// propose writes what changed: the wording as a draft, the owner at once. It says what it did.
func (p *pages) propose(r *page.Request, scope access.Scope, f *page.Form, h control.History, t control.Text) (string, error) {
	c := h.Control
	moved := f.Get("owner") != string(c.Owner) || f.Get("deputy") != string(c.Deputy)
	reworded := !slices.Equal(sortedPairs(fieldsOf(p.cleaned(t))), sortedPairs(fieldsOf(h.Revisions[0].Text))) || h.Revisions[0].Status == control.Withdrawn || h.Revisions[0].Status == control.Retired
	if !moved && !reworded {
		return "", errs.New(errs.Invalid, "nothing is changed yet").WithHint("Change the wording, or go back.")
	}
	said := "Version " + strconv.Itoa(c.Newest+1) + " of " + c.Ref + " waits for approval by somebody else."
	err := p.Controls.Tx.InTx(r.Context(), func(ctx context.Context) error {
		if reworded || f.Base() != c.Newest {
			if _, err := p.Controls.Propose(ctx, scope, r.Now, c.Ref, f.Base(), t, f.Get("note")); err != nil {
				return err
			}
		} else {
			said = "Owner of " + c.Ref + " recorded."
		}
		if moved {
			_, err := p.Controls.Assign(ctx, scope, r.Now, c.Ref, f.Get("owner"), f.Get("deputy"))
			return err
		}
		return nil
	})
	return said, err
}

// cleaned puts the requirements of a text into the order in which they are kept, so that texts can be compared.
func (p *pages) cleaned(t control.Text) control.Text {
	for _, x := range []struct{ framework string }{{catalog.TSC}, {catalog.SOC1}, {catalog.ISO}} {
		order := p.View.Catalog().Identifiers(x.framework)
		slices.SortStableFunc(t.Requirements, func(a, b control.Requirement) int {
			if a.Framework != x.framework || b.Framework != x.framework {
				return 0
			}
			return slices.Index(order, a.ID) - slices.Index(order, b.ID)
		})
	}
	evidence := []string{}
	for _, e := range t.Evidence {
		if e = strings.TrimSpace(e); e != "" {
			evidence = append(evidence, e)
		}
	}
	t.Evidence = evidence
	return t
}

func sortedPairs(m map[string]string) []string {
	var out []string
	for k, v := range m {
		out = append(out, k+"\x00"+v)
	}
	slices.Sort(out)
	return out
}

// choicesOf writes words of the domain as options of a field.
func choicesOf[S ~string](list []S, label func(S) string) []page.Option {
	out := make([]page.Option, len(list))
	for i, x := range list {
		out[i] = page.Option{Value: string(x), Label: label(x)}
	}
	return out
}
