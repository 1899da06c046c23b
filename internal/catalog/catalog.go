// Package catalog is the reference data everybody measures against: the Trust Services Criteria, description criteria,
// SOC 1 control objectives, ISO/IEC 27001 Annex A with its crosswalk, and the starter library of controls. It is read from
// files inside the program, checked once, and never changes while the program runs.
package catalog

import (
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Identifiers of the frameworks.
const (
	TSC     = "tsc-2017"
	DC      = "dc-2018"
	SOC1    = "soc1"
	ISO     = "iso27001-2022"
	CSF     = "nist-csf-2.0"
	SP80053 = "nist-800-53-r5"
)

// Framework is a set of requirements somebody publishes.
type Framework struct {
	ID           string `yaml:"id"`
	Name         string `yaml:"name"`
	Edition      string `yaml:"edition"`
	Publisher    string `yaml:"publisher"`
	Requirements int    `yaml:"requirements"` // how many identifiers the catalogue knows; 0 when it holds no list
	Text         string `yaml:"text"`         // what of the text is shipped: "paraphrased", "own", "identifiers and short titles" ...
	Licence      string `yaml:"licence"`
}

// Catalog is the whole of the reference data. It is safe for concurrent use; what its methods return belongs to the caller.
type Catalog struct {
	sha256      string
	frameworks  []Framework
	categories  []Category
	criteria    []Criterion
	description []DescriptionCriterion
	objectives  []Objective
	checks      []DataCheck
	annexA      []AnnexControl
	crosswalk   crosswalkRows
	csf         []string
	library     LibraryInfo
	controls    []Control

	criterion map[string]int // position by identifier, for each of the lists above
	objective map[string]int
	annex     map[string]int
	control   map[string]int
	known     map[string]map[string]bool // framework -> identifiers
}

// SHA256 is the hash of all the files the catalogue was read from, so that a record can say which one it used.
func (c *Catalog) SHA256() string { return c.sha256 }

// Frameworks lists the frameworks.
func (c *Catalog) Frameworks() []Framework { return slices.Clone(c.frameworks) }

// Framework finds a framework.
func (c *Catalog) Framework(id string) (Framework, error) {
	for _, f := range c.frameworks {
		if f.ID == id {
			return f, nil
		}
	}
	return Framework{}, errs.New(errs.NotFound, "no framework %q", id).At("framework").
		WithHint("Frameworks: %s, %s, %s, %s, %s, %s.", TSC, DC, SOC1, ISO, CSF, SP80053)
}

// Knows reports whether a framework has a requirement with the identifier. SP 800-53 is known by form only.
func (c *Catalog) Knows(framework, id string) bool {
	if framework == SP80053 {
		return sp80053Form.MatchString(id)
	}
	return c.known[framework][id]
}

// Identifiers lists a framework's requirements in order of presentation; nil when the catalogue holds no list.
func (c *Catalog) Identifiers(framework string) []string {
	switch framework {
	case TSC:
		return idsOf(c.criteria, func(x Criterion) string { return x.ID })
	case DC:
		return idsOf(c.description, func(x DescriptionCriterion) string { return x.ID })
	case SOC1:
		return idsOf(c.objectives, func(x Objective) string { return x.ID })
	case ISO:
		return idsOf(c.annexA, func(x AnnexControl) string { return x.ID })
	case CSF:
		return slices.Clone(c.csf)
	}
	return nil
}

// Title is the short title of a requirement; empty when the catalogue has none.
func (c *Catalog) Title(framework, id string) string {
	switch framework {
	case TSC:
		if i, ok := c.criterion[id]; ok {
			return c.criteria[i].Title
		}
	case SOC1:
		if i, ok := c.objective[id]; ok {
			return c.objectives[i].Title
		}
	case ISO:
		if i, ok := c.annex[id]; ok {
			return c.annexA[i].Title
		}
	case DC:
		for _, d := range c.description {
			if d.ID == id {
				return d.Title
			}
		}
	}
	return ""
}

func idsOf[T any](list []T, id func(T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = id(x)
	}
	return out
}
