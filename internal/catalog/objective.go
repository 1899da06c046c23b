package catalog

import (
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Objective is a SOC 1 control objective of the starter catalogue. SOC 1 has no fixed criteria: an organisation adapts
// these to what it does for its customers' books (domain brief 3.1).
type Objective struct {
	ID         string   `yaml:"id"`
	Process    string   `yaml:"process"`
	Title      string   `yaml:"title"`
	Statement  string   `yaml:"objective"`  // "Controls provide reasonable assurance that ..."
	Assertions []string `yaml:"assertions"` // of the financial statements that it relates to
}

// DataCheck is a check on an organisation's own records that a machine can make (domain brief 3.3).
type DataCheck struct {
	ID         string   `yaml:"id"`
	Title      string   `yaml:"title"`
	Objectives []string `yaml:"objectives"`
	Assertions []string `yaml:"assertions"`
	Inputs     string   `yaml:"inputs"`
	Rule       string   `yaml:"rule"`
	Parameters string   `yaml:"parameters"`
	Note       string   `yaml:"note"`
}

// assertions are the words of domain brief 3.1; authorisation is no assertion of its own there but serves occurrence.
var assertions = []string{
	"occurrence", "existence", "completeness", "accuracy", "cut-off", "classification", "valuation", "rights and obligations", "presentation", "authorisation",
}

// Process is the objectives of one process.
type Process struct {
	Name       string
	Objectives []string
}

// Objectives lists the 43 SOC 1 control objectives by process.
func (c *Catalog) Objectives() []Objective { return cloneAll(c.objectives, cloneObjective) }

// Objective finds a SOC 1 control objective.
func (c *Catalog) Objective(id string) (Objective, error) {
	if i, ok := c.objective[id]; ok {
		return cloneObjective(c.objectives[i]), nil
	}
	return Objective{}, errs.New(errs.NotFound, "no control objective %q", id).At("objective")
}

// Processes lists the processes with their objectives, in order of presentation.
func (c *Catalog) Processes() []Process {
	var out []Process
	for _, o := range c.objectives {
		if n := len(out); n == 0 || out[n-1].Name != o.Process {
			out = append(out, Process{Name: o.Process})
		}
		last := &out[len(out)-1]
		last.Objectives = append(last.Objectives, o.ID)
	}
	return out
}

// DataChecks lists the 28 checks on data.
func (c *Catalog) DataChecks() []DataCheck { return cloneAll(c.checks, cloneCheck) }

// ChecksFor lists the checks on data that serve an objective.
func (c *Catalog) ChecksFor(objective string) []DataCheck {
	var out []DataCheck
	for _, x := range c.checks {
		if slices.Contains(x.Objectives, objective) {
			out = append(out, cloneCheck(x))
		}
	}
	return out
}

// CompareObjectives orders two objectives as they are presented; unknown identifiers come last.
func (c *Catalog) CompareObjectives(a, b string) int { return compareIn(c.objective, a, b) }

func cloneObjective(x Objective) Objective {
	x.Assertions = slices.Clone(x.Assertions)
	return x
}

func cloneCheck(x DataCheck) DataCheck {
	x.Objectives, x.Assertions = slices.Clone(x.Objectives), slices.Clone(x.Assertions)
	return x
}
