package fieldwork

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// MaxTemplates is how many templates a methodology may have.
const MaxTemplates = 200

// Template is how the firm tests a kind of control: a plan with its attributes, to begin a workpaper with.
type Template struct {
	Name       string      `json:"name"`
	For        []string    `json:"for"` // controls ("IAM-03"), domains of controls ("IAM-") or criteria ("CC6.3"); none: any control
	Plan       string      `json:"plan"`
	Attributes []Attribute `json:"attributes"`
}

// Fits reports whether a template is made for a control, and how closely: 3 for the control itself, 2 for a criterion, 1 for a domain
// of controls or any; 0 when it is not.
func (t Template) Fits(control string, criteria []string) int {
	best := 0
	if len(t.For) == 0 {
		best = 1
	}
	for _, f := range t.For {
		switch {
		case strings.EqualFold(f, control):
			best = max(best, 3)
		case slices.ContainsFunc(criteria, func(c string) bool { return strings.EqualFold(c, f) }):
			best = max(best, 2)
		case strings.HasSuffix(f, "-") && strings.HasPrefix(strings.ToUpper(control), strings.ToUpper(f)):
			best = max(best, 1)
		}
	}
	return best
}

// Fitting are the templates for a control, the closest first.
func (m Methodology) Fitting(control string, criteria []string) []Template {
	var out []Template
	for _, t := range m.Templates {
		if t.Fits(control, criteria) > 0 {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b Template) int { return b.Fits(control, criteria) - a.Fits(control, criteria) })
	return out
}

// Template finds a template by its name.
func (m Methodology) Template(name string) (Template, bool) {
	i := slices.IndexFunc(m.Templates, func(t Template) bool { return strings.EqualFold(t.Name, strings.TrimSpace(name)) })
	if i < 0 {
		return Template{}, false
	}
	return m.Templates[i], true
}

// checkTemplates checks templates and brings their texts in form.
func checkTemplates(list []Template) ([]Template, error) {
	if len(list) > MaxTemplates {
		return nil, errs.New(errs.Invalid, "a methodology has at most %d templates", MaxTemplates).At("templates")
	}
	out := make([]Template, len(list))
	for i, t := range list {
		var err error
		if t.Name, err = line("template", "the name of the template", t.Name); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out[:i], func(o Template) bool { return strings.EqualFold(o.Name, t.Name) }) {
			return nil, errs.New(errs.Invalid, "two templates are named %q", t.Name).At("template")
		}
		if t.Attributes, err = checked(t.Attributes); err != nil {
			return nil, errs.Wrap(err, "template %s", t.Name)
		}
		t.Plan = text.Prose(t.Plan)
		if err := text.Bounds("plan", "the procedure", t.Plan, 0, MaxPlan); err != nil {
			return nil, errs.Wrap(err, "template %s", t.Name)
		}
		where := []string{}
		for _, f := range t.For {
			if f = text.Line(f); f != "" && !slices.Contains(where, f) {
				where = append(where, f)
			}
		}
		if len(where) > 50 || slices.ContainsFunc(where, func(s string) bool { return len(s) > 40 }) {
			return nil, errs.New(errs.Invalid, "template %s: at most 50 controls or criteria of at most 40 characters", t.Name).At("for")
		}
		t.For, out[i] = where, t
	}
	return out, nil
}

// Wording is how the firm says in section IV what always recurs. The program's own words stand where a phrase is empty.
type Wording struct {
	None         string `json:"none"`          // no deviation
	Noted        string `json:"noted"`         // before the deviations
	NoOccurrence string `json:"no_occurrence"` // nothing happened in the period
	NotTested    string `json:"not_tested"`    // before the reason
	All          string `json:"all"`           // every item was tested
	Random       string `json:"random"`        // drawn without strata
	Spread       string `json:"spread"`        // drawn over months or quarters; {strata} stands for them
	Complete     string `json:"complete"`      // counts agree; {second} stands for the second source
}

// OurWording are the program's own words.
func OurWording() Wording {
	return Wording{
		None: "No deviations noted", Noted: "Deviations noted.", NotTested: "Not tested:",
		NoOccurrence: "The control did not operate in the period, because there was no occurrence; only its design was tested.",
		All:          "All items", Random: "Random", Spread: "Random, spread over the {strata}s of the period", Complete: "The count of the source and a second one agree ({second}).",
	}
}

// fields are the phrases with their names.
func (w *Wording) fields() []Phrase {
	return []Phrase{{"none", "No deviation", &w.None}, {"noted", "Before deviations", &w.Noted}, {"no_occurrence", "No occurrence", &w.NoOccurrence}, {"not_tested", "Before the reason that nothing was tested", &w.NotTested},
		{"all", "Every item was tested", &w.All}, {"random", "Drawn at random", &w.Random}, {"spread", "Spread over the period; {strata} is month or quarter", &w.Spread}, {"complete", "Complete; {second} is the second source", &w.Complete}}
}

// Phrase is one of a wording.
type Phrase struct {
	Field, Title string
	Text         *string
}

// Phrases lists a wording for a form.
func (w *Wording) Phrases() []Phrase { return w.fields() }

// full fills what is empty with the program's own words.
func (w Wording) full() Wording {
	ours := OurWording()
	mine := w.fields()
	for i, o := range ours.fields() {
		if *mine[i].Text == "" {
			*mine[i].Text = *o.Text
		}
	}
	return w
}

// check brings the phrases in form. The firm's words never say for the client what only a certification body could.
func (w Wording) check() (Wording, error) {
	for _, p := range w.fields() {
		*p.Text = text.Line(*p.Text)
		if err := text.Bounds(p.Field, "the phrase", *p.Text, 0, MaxTitle); err != nil {
			return w, err
		}
		for _, never := range []string{"certified", "certification", "certificate"} {
			if strings.Contains(strings.ToLower(*p.Text), never) {
				return w, errs.New(errs.Invalid, "a report attests; it does not speak of %q", never).At(p.Field)
			}
		}
	}
	return w, nil
}

// Made is how a workpaper came to its text: with which version of the methodology, from which template, or from which earlier paper.
type Made struct {
	Method   int    `json:"method"`   // version of the methodology
	Template string `json:"template"` // its name; empty for none
}

// String is it in words.
func (m Made) String() string {
	if m.Template != "" {
		return fmt.Sprintf("template %q of methodology version %d", m.Template, m.Method)
	}
	return fmt.Sprintf("methodology version %d", m.Method)
}

// Apply gives a workpaper the plan and attributes of a template of the firm, as SetPlan would: attributes with marks stay.
func (s *Service) Apply(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, name string) (Paper, error) {
	m, err := s.Method(ctx, a)
	if err != nil {
		return Paper{}, err
	}
	t, ok := m.Template(name)
	if !ok {
		return Paper{}, errs.New(errs.Invalid, "the methodology has no template %q", name).At("template")
	}
	return s.setPlan(ctx, a, now, ref, base, func(p Paper) Planning {
		n := Planning{Title: p.Title, Plan: t.Plan, Attributes: slices.Clone(t.Attributes)}
		for i, x := range n.Attributes { // whether a machine answers depends on the population that is chosen
			old, ok := p.Attribute(x.Letter)
			n.Attributes[i].Machine = x.Machine || ok && old.Machine && old.Text == x.Text
		}
		return n
	}, Made{m.Version, t.Name})
}
