package control

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Bounds of a text, in characters and entries. A statement shorter than the least cannot say who does what and when.
const (
	maxTitle        = 200
	minStatement    = 20
	maxStatement    = 4000
	maxRole         = 80
	maxEvidence     = 20
	maxEvidenceText = 300
	maxRequirements = 80
	maxGraceHours   = 366 * 24
	minReason       = 10
	maxReason       = 2000
)

func itoa(n int) string { return strconv.Itoa(n) }

// frameworks are those a control may serve.
var frameworks = []string{catalog.TSC, catalog.SOC1, catalog.ISO}

// clean brings a text into the form in which it is kept: trimmed, and its requirements in order of presentation.
func (t Text) clean(c *catalog.Catalog) Text {
	t.Title, t.Statement, t.OwnerRole = strings.TrimSpace(t.Title), strings.TrimSpace(t.Statement), strings.TrimSpace(t.OwnerRole)
	evidence := make([]string, 0, len(t.Evidence))
	for _, e := range t.Evidence {
		if e = strings.TrimSpace(e); e != "" {
			evidence = append(evidence, e)
		}
	}
	t.Evidence = evidence
	t.Requirements = order(c, t.Requirements)
	return t
}

// order sorts requirements by framework and place in it, and drops doubles.
func order(c *catalog.Catalog, in []Requirement) []Requirement {
	out := make([]Requirement, 0, len(in))
	for _, r := range in {
		r = Requirement{strings.TrimSpace(r.Framework), strings.TrimSpace(r.ID)}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Requirement) int {
		if d := slices.Index(frameworks, a.Framework) - slices.Index(frameworks, b.Framework); d != 0 {
			return d
		}
		switch a.Framework {
		case catalog.TSC:
			return c.CompareCriteria(a.ID, b.ID)
		case catalog.ISO:
			return c.CompareAnnex(a.ID, b.ID)
		}
		return c.CompareObjectives(a.ID, b.ID)
	})
	return out
}

// check holds a cleaned text to the rules: every control has a type, nature, frequency, owner's role, evidence and something
// that it serves (domain brief 11).
func (t Text) check(c *catalog.Catalog) error {
	if err := line("title", t.Title, maxTitle); err != nil {
		return err
	}
	if err := prose("statement", t.Statement, minStatement, maxStatement); err != nil {
		return err
	}
	if err := line("owner_role", t.OwnerRole, maxRole); err != nil {
		return err
	}
	switch {
	case !slices.Contains(catalog.ControlTypes(), t.Type):
		return wrong("type", "%q is no type of control: preventive, detective or corrective", t.Type)
	case !slices.Contains(catalog.Natures(), t.Nature):
		return wrong("nature", "%q is no nature of a control: manual, automated or it_dependent_manual", t.Nature)
	case !slices.Contains(catalog.Frequencies(), t.Frequency):
		return wrong("frequency", "%q is no frequency: continuous, daily, weekly, monthly, quarterly, semi_annual, annual or per_event", t.Frequency)
	case t.GraceHours < 0 || t.GraceHours > maxGraceHours:
		return wrong("grace_hours", "the grace of %d hours is not between 0 and %d", t.GraceHours, maxGraceHours)
	case len(t.Evidence) == 0:
		return wrong("evidence", "say what shows that the control operated")
	case len(t.Evidence) > maxEvidence:
		return wrong("evidence", "%d kinds of evidence; at most %d are kept", len(t.Evidence), maxEvidence)
	}
	for _, e := range t.Evidence {
		if err := line("evidence", e, maxEvidenceText); err != nil {
			return err
		}
	}
	return requirements(c, t.Requirements, frameworks)
}

func requirements(c *catalog.Catalog, list []Requirement, allowed []string) error {
	switch {
	case len(list) == 0:
		return wrong("requirements", "name at least one requirement that it serves")
	case len(list) > maxRequirements:
		return wrong("requirements", "%d requirements; at most %d are kept", len(list), maxRequirements)
	}
	for _, r := range list {
		if !slices.Contains(allowed, r.Framework) {
			return errs.New(errs.Invalid, "%q is no framework that can be served here", r.Framework).At("requirements").
				WithHint("Frameworks: %s.", strings.Join(allowed, ", "))
		}
		if !c.Knows(r.Framework, r.ID) {
			return wrong("requirements", "%s has no requirement %q", r.Framework, r.ID)
		}
	}
	return nil
}

// line checks a text of one line.
func line(field, s string, most int) error {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return wrong(field, "the %s must fit on one line", words(field))
	}
	return prose(field, s, 1, most)
}

// prose checks a text of several lines.
func prose(field, s string, least, most int) error {
	n := utf8.RuneCountInString(s)
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return wrong(field, "the %s contains characters that cannot be shown", words(field))
	case n == 0:
		return wrong(field, "the %s is missing", words(field))
	case n < least:
		return wrong(field, "the %s has %d characters; it needs at least %d", words(field), n, least)
	case n > most:
		return wrong(field, "the %s has %d characters; at most %d are kept", words(field), n, most)
	}
	return nil
}

func words(field string) string { return strings.ReplaceAll(field, "_", " ") }

func wrong(field, format string, args ...any) error {
	return errs.New(errs.Invalid, format, args...).At(field)
}

// reason checks why something was done.
func reason(field, s string) (string, error) {
	s = strings.TrimSpace(s)
	return s, prose(field, s, minReason, maxReason)
}

// Change is one field that differs between two versions. Lists are one entry to a line.
type Change struct {
	Field string
	Was   string
	Is    string
}

// Diff lists the fields in which two texts differ, in the order in which they are shown.
func Diff(was, is Text) []Change {
	var out []Change
	for _, f := range []Change{
		{"title", was.Title, is.Title},
		{"statement", was.Statement, is.Statement},
		{"type", string(was.Type), string(is.Type)},
		{"nature", string(was.Nature), string(is.Nature)},
		{"frequency", string(was.Frequency), string(is.Frequency)},
		{"owner_role", was.OwnerRole, is.OwnerRole},
		{"grace_hours", itoa(was.GraceHours), itoa(is.GraceHours)},
		{"evidence", strings.Join(was.Evidence, "\n"), strings.Join(is.Evidence, "\n")},
		{"requirements", lines(was.Requirements), lines(is.Requirements)},
	} {
		if f.Was != f.Is {
			out = append(out, f)
		}
	}
	return out
}

func lines(list []Requirement) string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = fmt.Sprint(r)
	}
	return strings.Join(out, "\n")
}

// FromLibrary is a control of the library as the first text of an organisation's own. The library says nothing about grace.
func FromLibrary(x catalog.Control) Text {
	t := Text{
		Title: x.Title, Statement: x.Statement, Type: x.Type, Nature: x.Nature, Frequency: x.Frequency, OwnerRole: x.OwnerRole, Evidence: x.Evidence,
	}
	for _, f := range []struct {
		framework string
		ids       []string
	}{{catalog.TSC, x.Criteria}, {catalog.SOC1, x.Objectives}, {catalog.ISO, x.AnnexA}} {
		for _, id := range f.ids {
			t.Requirements = append(t.Requirements, Requirement{f.framework, id})
		}
	}
	return t
}
