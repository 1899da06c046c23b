package catalog

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// ControlType is when a control acts on what goes wrong.
type ControlType string

// The types of control.
const (
	Preventive ControlType = "preventive"
	Detective  ControlType = "detective"
	Corrective ControlType = "corrective"
)

// ControlTypes lists them.
func ControlTypes() []ControlType { return []ControlType{Preventive, Detective, Corrective} }

// Nature is who or what performs a control.
type Nature string

// The natures. A manual control that rests on a system's output is IT-dependent: the output needs checking too.
const (
	Manual            Nature = "manual"
	Automated         Nature = "automated"
	ITDependentManual Nature = "it_dependent_manual"
)

// Natures lists them.
func Natures() []Nature { return []Nature{Manual, Automated, ITDependentManual} }

// Frequency is how often a control operates.
type Frequency string

// The frequencies, most frequent first; per event last because it has no rhythm.
const (
	Continuous Frequency = "continuous"
	Daily      Frequency = "daily"
	Weekly     Frequency = "weekly"
	Monthly    Frequency = "monthly"
	Quarterly  Frequency = "quarterly"
	SemiAnnual Frequency = "semi_annual"
	Annual     Frequency = "annual"
	PerEvent   Frequency = "per_event"
)

// Frequencies lists them.
func Frequencies() []Frequency {
	return []Frequency{Continuous, Daily, Weekly, Monthly, Quarterly, SemiAnnual, Annual, PerEvent}
}

// TestIdea is how a control could be tested by a machine: where to look, and what must hold for each member of the population.
type TestIdea struct {
	Source    string `yaml:"data_source"`
	Assertion string `yaml:"assertion"`
}

// Control is a control of the starter library. Days, hours and percentages in its text are starting values that each
// organisation sets for itself; no standard fixes them.
type Control struct {
	ID         string      `yaml:"id"`     // "IAM-02"
	Domain     string      `yaml:"domain"` // "Identity and access"
	Title      string      `yaml:"title"`
	Statement  string      `yaml:"description"`
	Criteria   []string    `yaml:"criteria"`
	AnnexA     []string    `yaml:"iso27001"`
	Objectives []string    `yaml:"soc1_objectives"`
	Type       ControlType `yaml:"type"`
	Nature     Nature      `yaml:"nature"`
	Frequency  Frequency   `yaml:"frequency"`
	OwnerRole  string      `yaml:"owner_role"`
	Evidence   []string    `yaml:"evidence"`
	Test       TestIdea    `yaml:"automated_test"`
}

// Prefix is the part of the identifier that names the domain: "IAM" of IAM-02.
func (c Control) Prefix() string {
	p, _, _ := strings.Cut(c.ID, "-")
	return p
}

// LibraryInfo names the library.
type LibraryInfo struct {
	ID       string `yaml:"id"`
	Version  string `yaml:"version"`
	Controls int    `yaml:"controls"`
}

// Domain is the controls of one domain of the library.
type Domain struct {
	Prefix   string
	Name     string
	Controls []string
}

// ControlForm is the form of a control's reference, of the library and of an organisation's own.
var ControlForm = regexp.MustCompile(`^[A-Z]{2,5}-[0-9]{2,3}$`)

// Library names the library and its version.
func (c *Catalog) Library() LibraryInfo { return c.library }

// Controls lists the 120 controls of the library, by domain.
func (c *Catalog) Controls() []Control { return cloneAll(c.controls, cloneControl) }

// Control finds a control of the library.
func (c *Catalog) Control(id string) (Control, error) {
	if i, ok := c.control[id]; ok {
		return cloneControl(c.controls[i]), nil
	}
	return Control{}, errs.New(errs.NotFound, "the library has no control %q", id).At("control")
}

// Domains lists the library's domains with their controls.
func (c *Catalog) Domains() []Domain {
	var out []Domain
	for _, x := range c.controls {
		if n := len(out); n == 0 || out[n-1].Name != x.Domain {
			out = append(out, Domain{Prefix: x.Prefix(), Name: x.Domain})
		}
		last := &out[len(out)-1]
		last.Controls = append(last.Controls, x.ID)
	}
	return out
}

// ControlsFor lists the library's controls that serve a requirement: a criterion, a control objective or an Annex A control.
// For any other framework there are none.
func (c *Catalog) ControlsFor(framework, id string) []Control {
	var out []Control
	for _, x := range c.controls {
		if slices.Contains(x.serves(framework), id) {
			out = append(out, cloneControl(x))
		}
	}
	return out
}

func (c Control) serves(framework string) []string {
	switch framework {
	case TSC:
		return c.Criteria
	case SOC1:
		return c.Objectives
	case ISO:
		return c.AnnexA
	}
	return nil
}

func cloneControl(x Control) Control {
	x.Criteria, x.AnnexA, x.Objectives, x.Evidence = slices.Clone(x.Criteria), slices.Clone(x.AnnexA), slices.Clone(x.Objectives), slices.Clone(x.Evidence)
	return x
}
