package risks

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// riskForm is what the form of a risk needs besides what was written.
type riskForm struct {
	page.PanelForm
	Version  int
	Scale    risk.Scale
	Owners   []page.Option
	Controls []view.ControlRow
	Concerns []concern
	New      bool
}

func threatOptions() []page.Option {
	out := []page.Option{{Value: "", Label: "One of our own"}}
	for _, k := range risk.Kinds() {
		for _, t := range risk.Threats() {
			if t.Kind == k {
				out = append(out, page.Option{Value: t.ID, Label: k.Title() + ": " + t.Title})
			}
		}
	}
	return out
}

func formOf(t risk.Text) *page.Form {
	f := page.NewForm("title", t.Title, "description", t.Description, "kind", string(t.Kind), "threat", t.Threat, "process", t.Process, "by", t.Triangle.By, "incentive", t.Triangle.Incentive,
		"opportunity", t.Triangle.Opportunity, "rationalisation", t.Triangle.Rationalisation, "inherent_likelihood", number(t.Inherent.Likelihood), "inherent_impact", number(t.Inherent.Impact),
		"residual_likelihood", number(t.Residual.Likelihood), "residual_impact", number(t.Residual.Impact), "response", string(t.Response), "owner", t.Owner, "review", dateField(t.Review))
	f.Values["controls"], f.Values["concerns"] = t.Controls, t.Concerns
	return f
}

func textOf(f *page.Form) risk.Text {
	return risk.Text{
		Title: f.Get("title"), Description: f.Values.Get("description"), Kind: risk.Kind(f.Get("kind")), Threat: f.Get("threat"), Process: f.Get("process"),
		Triangle: risk.Triangle{By: f.Get("by"), Incentive: f.Values.Get("incentive"), Opportunity: f.Values.Get("opportunity"), Rationalisation: f.Values.Get("rationalisation")},
		Inherent: parseRating(f, "inherent"), Residual: parseRating(f, "residual"), Controls: f.Values["controls"], Concerns: f.Values["concerns"],
		Response: risk.Response(f.Get("response")), Owner: f.Get("owner"), Review: parseDay(f, "review"),
	}
}

func (p *pages) showForm(r *page.Request, f *page.Form, x riskForm) error {
	var err error
	if x.Scale, err = p.Risks.Scale(r.Context(), r.Read()); err != nil {
		return err
	}
	if x.Owners, err = p.ownerOptions(r, f.Get("owner")); err != nil {
		return err
	}
	list, err := p.View.Controls(r.Context(), r.Read(), view.ControlFilter{}, paging.Query{Size: paging.MaxSize}, r.Now)
	if err != nil {
		return err
	}
	x.Controls = list.Rows
	for _, ref := range f.Values["controls"] { // one that is no more in force stays linked until somebody takes it out
		if !has(list.Rows, ref) {
			x.Controls = append(x.Controls, view.ControlRow{Ref: ref, Title: "no more in force"})
		}
	}
	if x.Concerns, err = p.concerns(r); err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), riskPanel(r, f, x))
}

func has(list []view.ControlRow, ref string) bool {
	for _, c := range list {
		if c.Ref == ref {
			return true
		}
	}
	return false
}

func newForm() riskForm {
	return riskForm{PanelForm: page.PanelForm{Title: "New risk", Action: register + "/new", Button: "Add the risk", Back: register}, New: true}
}

// newRisk begins a risk, perhaps from a threat.
func (p *pages) newRisk(r *page.Request) error {
	f := page.NewForm("kind", string(risk.Security))
	if t, ok := risk.ThreatNamed(r.Query("threat")); ok {
		f = page.NewForm("kind", string(t.Kind), "threat", t.ID, "title", t.Title, "description", t.Text)
	}
	return p.showForm(r, f, newForm())
}

func (p *pages) addRisk(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	t := textOf(f)
	if f.OK() {
		x, err := p.Risks.Add(r.Context(), scope, r.Now, t)
		if err == nil {
			return r.Redirect(riskURL(x.Ref), x.Ref+" is in the register.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showForm(r, f, newForm())
}

func (p *pages) editForm(r *page.Request) error {
	x, err := p.Risks.Risk(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return p.showForm(r, formOf(x.Text), editOf(x))
}

func editOf(x risk.Risk) riskForm {
	return riskForm{PanelForm: page.PanelForm{Title: "Edit " + x.Ref, Action: riskURL(x.Ref) + "/edit", Button: "Save", Back: riskURL(x.Ref)}, Version: x.Version}
}

func (p *pages) edit(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Risks.Risk(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	t := textOf(f)
	if f.OK() {
		_, err := p.Risks.Edit(r.Context(), scope, r.Now, x.Ref, f.Base(), t, f.Values.Get("note"))
		if err == nil {
			return r.Redirect(riskURL(x.Ref), x.Ref+" saved.")
		}
		if !p.stale(r, f, err) && !f.Take(err) {
			return err
		}
	}
	return p.showForm(r, f, editOf(x))
}

// stale shows both texts when somebody else changed the risk meanwhile.
func (p *pages) stale(r *page.Request, f *page.Form, err error) bool {
	var stale *risk.Stale
	if !errors.As(err, &stale) {
		return false
	}
	t := stale.Theirs
	theirs := formOf(t.Text)
	now := map[string]string{}
	for field := range theirs.Values {
		if f.Values.Has(field) || field == "controls" || field == "concerns" {
			now[field] = strings.Join(theirs.Values[field], "\n")
		}
	}
	// Lists are shown as one text; the same choice is no difference.
	for _, field := range []string{"controls", "concerns"} {
		if strings.Join(f.Values[field], "\n") == now[field] {
			delete(now, field)
		}
	}
	if name, err := p.ownerName(r, t.Owner); err == nil && f.Get("owner") != t.Owner {
		now["owner"] = name
	}
	for field, word := range map[string]string{"kind": t.Kind.Title(), "response": t.Response.Title(), "threat": threatTitle(t.Threat)} {
		if f.Get(field) != theirs.Get(field) {
			now[field] = word
		}
	}
	f.Stale(t.Version, now)
	return true
}

// ticked reports whether a box of a list is ticked.
func ticked(f *page.Form, field, value string) bool {
	for _, v := range f.Values[field] {
		if v == value {
			return true
		}
	}
	return false
}

func stepValue(n int) string { return strconv.Itoa(n) }
