package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What the domain brief counts (2.1, 3, 7.1, 10). A file that gained or lost a row is noticed here.
var counts = map[string]int{TSC: 61, DC: 9, SOC1: 43, ISO: 93, CSF: 106, "checks": 28, "controls": 120, "pairs": 320, "common": 33}

// complaints collects everything that is wrong, so that one run shows all of it.
type complaints []error

func (p *complaints) add(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf(format, args...))
	}
}

// check holds the catalogue to the invariants of the domain brief.
func (c *Catalog) check(byCategory map[string]int) error {
	var p complaints
	c.checkCounts(&p, byCategory)
	c.checkCriteria(&p)
	c.checkObjectives(&p)
	c.checkCrosswalk(&p)
	c.checkLibrary(&p)
	return errors.Join(p...)
}

func (c *Catalog) checkCounts(p *complaints, byCategory map[string]int) {
	for _, framework := range []string{TSC, DC, SOC1, ISO, CSF} {
		n := len(c.Identifiers(framework))
		p.add(n == counts[framework], "%s has %d requirements, not %d", framework, n, counts[framework])
		f, err := c.Framework(framework)
		p.add(err == nil && f.Requirements == n, "frameworks.yaml says %d for %s, which has %d", f.Requirements, framework, n)
	}
	p.add(len(c.frameworks) == 6, "%d frameworks, not 6", len(c.frameworks))
	p.add(len(c.categories) == 5, "%d categories, not 5", len(c.categories))
	p.add(len(c.checks) == counts["checks"], "%d data checks, not %d", len(c.checks), counts["checks"])
	p.add(len(c.controls) == counts["controls"] && c.library.Controls == len(c.controls), "%d controls, not %d", len(c.controls), counts["controls"])
	p.add(c.crosswalk.Pairs == counts["pairs"], "the crosswalk has %d pairs, not %d", c.crosswalk.Pairs, counts["pairs"])
	have, common := map[string]int{"total": len(c.criteria)}, 0
	for _, x := range c.criteria {
		have[string(x.Category)]++
		if c.common(x.Category) {
			common++
		}
	}
	p.add(common == counts["common"], "%d common criteria, not %d", common, counts["common"])
	for k, n := range byCategory {
		p.add(have[k] == n, "tsc-2017.yaml counts %d for %s and lists %d", n, k, have[k])
	}
}

func (c *Catalog) checkCriteria(p *complaints) {
	for _, x := range c.criteria {
		p.add(criterionForm.MatchString(x.ID), "%q has not the form of a criterion", x.ID)
		i := slices.IndexFunc(c.categories, func(k Category) bool { return k.ID == x.Category })
		p.add(i >= 0 && c.categories[max(i, 0)].Prefix == strings.TrimRight(x.SeriesID(), "0123456789"), "%s: category %q does not go with the identifier", x.ID, x.Category)
		p.add(x.Title != "" && x.Intent != "" && x.Series != "" && len(x.Topics) > 0, "%s: a text is missing", x.ID)
		p.add(x.COSO >= 0 && x.COSO <= 17, "%s: COSO has no principle %d", x.ID, x.COSO)
		role := slices.Contains([]PrivacyRole{Controller, Processor, BothRoles}, x.PrivacyRole)
		p.add(role == (x.Category == Privacy), "%s: privacy role %q", x.ID, x.PrivacyRole)
	}
	for _, d := range c.description {
		p.add(d.Title != "" && d.Content != "" && d.Holds != "" && (d.When == "always" || d.When == "type2"), "%s is not complete", d.ID)
	}
}

func (c *Catalog) checkObjectives(p *complaints) {
	for _, o := range c.objectives {
		p.add(ControlForm.MatchString(o.ID), "%q has not the form of an objective", o.ID)
		p.add(strings.HasPrefix(o.Statement, "Controls provide reasonable assurance that "), "%s does not read as a control objective", o.ID)
		p.add(o.Process != "" && o.Title != "" && len(o.Assertions) > 0, "%s is not complete", o.ID)
		p.subset(o.ID, o.Assertions, assertions)
	}
	for i, x := range c.checks {
		p.add(x.ID == fmt.Sprintf("PC-%02d", i+1), "data check %d is called %q", i+1, x.ID)
		p.add(x.Title != "" && x.Rule != "" && x.Inputs != "" && len(x.Objectives) > 0, "%s is not complete", x.ID)
		p.subset(x.ID, x.Assertions, assertions)
		p.subset(x.ID, x.Objectives, c.Identifiers(SOC1))
	}
}

// subset complains about names that a list does not have, and about names given twice.
func (p *complaints) subset(of string, names, list []string) {
	seen := map[string]bool{}
	for _, n := range names {
		p.add(slices.Contains(list, n), "%s: unknown %q", of, n)
		p.add(!seen[n], "%s: %q twice", of, n)
		seen[n] = true
	}
}

func (c *Catalog) checkCrosswalk(p *complaints) {
	for i, r := range c.crosswalk.refs {
		id := c.criteria[i].ID
		p.add(r.Criterion == id, "the crosswalk has no row for %s", id)
		p.add(len(r.Annex) > 0, "%s is mapped to nothing in Annex A", id)
		p.subset(id, r.CSF, c.csf)
		p.subset(id, idsOf(r.Annex, func(l Link) string { return l.Annex }), c.Identifiers(ISO))
		for _, l := range r.Annex {
			p.add(slices.Contains(Strengths(), l.Strength), "%s: strength %q", id, l.Strength)
			p.add(l.Corroborated >= 0 && l.Corroborated <= 3, "%s: corroborated by %d of 3", id, l.Corroborated)
		}
		for _, s := range r.SP80053 {
			p.add(sp80053Form.MatchString(s), "%s: %q is no base control of SP 800-53", id, s)
		}
	}
	for _, a := range c.annexA {
		p.add(len(c.crosswalk.byAnnex[a.ID]) > 0, "%s serves no criterion", a.ID)
		p.add(a.Title != "", "%s has no title", a.ID)
	}
	for _, s := range Strengths() {
		p.add(c.crosswalk.Meaning[s] != "", "strength %s has no meaning", s)
	}
}

func (c *Catalog) checkLibrary(p *complaints) {
	for _, x := range c.controls {
		p.add(ControlForm.MatchString(x.ID), "%q has not the form of a control reference", x.ID)
		p.add(x.Domain != "" && x.Title != "" && x.Statement != "" && x.OwnerRole != "", "%s: a text is missing", x.ID)
		p.add(len(x.Criteria) > 0 && len(x.Evidence) > 0 && x.Test.Source != "" && x.Test.Assertion != "", "%s is not complete", x.ID)
		p.add(slices.Contains(ControlTypes(), x.Type), "%s: type %q", x.ID, x.Type)
		p.add(slices.Contains(Natures(), x.Nature), "%s: nature %q", x.ID, x.Nature)
		p.add(slices.Contains(Frequencies(), x.Frequency), "%s: frequency %q", x.ID, x.Frequency)
		for _, framework := range []string{TSC, SOC1, ISO} {
			p.subset(x.ID, x.serves(framework), c.Identifiers(framework))
		}
	}
	// Every requirement has somewhere to start (domain brief 10).
	for _, framework := range []string{TSC, SOC1, ISO} {
		for _, id := range c.Identifiers(framework) {
			p.add(len(c.ControlsFor(framework, id)) > 0, "no control of the library serves %s %s", framework, id)
		}
	}
	for i, d := range c.Domains() {
		for _, e := range c.Domains()[:i] {
			p.add(d.Name != e.Name && d.Prefix != e.Prefix, "domain %s (%s) is in two places", d.Name, d.Prefix)
		}
	}
}
