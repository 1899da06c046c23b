package catalog

import (
	"regexp"
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Strength is how much of a criterion's evidence the other framework's control supplies.
type Strength string

// The strengths, strongest first (domain brief 7.1).
const (
	Strong  Strength = "strong"  // normally most of the evidence for this part of the criterion
	Partial Strength = "partial" // some of it
	Related Strength = "related" // same topic; helpful context only
)

// Strengths lists them, strongest first.
func Strengths() []Strength { return []Strength{Strong, Partial, Related} }

// AnnexControl is a control of ISO/IEC 27001:2022 Annex A. Only its identifier and short title are shipped.
type AnnexControl struct {
	ID    string `json:"id"` // "A.5.10"
	Title string `json:"title"`
}

// Link ties a criterion to an Annex A control. It may carry evidence and control links, never a status.
type Link struct {
	Criterion    string
	Annex        string
	Strength     Strength
	Corroborated int // of three independent public mappings, how many hold the same pair
}

// References is everything the crosswalk holds for one criterion.
type References struct {
	Criterion string
	Annex     []Link
	Clauses   []string // of the management system, ISO/IEC 27001 clauses 4 to 10
	CSF       []string // NIST CSF 2.0 subcategories
	SP80053   []string // NIST SP 800-53 revision 5 base controls
}

// Crosswalk is what a reader must know of the crosswalk before using it.
type Crosswalk struct {
	Note        string // what a pair means, and what it does not
	Reliability string
	Licence     string
	Meaning     map[Strength]string
	CSFNote     string
	SP80053Note string
	Pairs       int
}

type crosswalkRows struct {
	Crosswalk
	refs    []References      // in order of criteria
	byAnnex map[string][]Link // in order of criteria
}

// sp80053Form is a base control of SP 800-53 revision 5: one of its 20 families and a number without leading zero.
var sp80053Form = regexp.MustCompile(`^(AC|AT|AU|CA|CM|CP|IA|IR|MA|MP|PE|PL|PM|PS|PT|RA|SA|SC|SI|SR)-[1-9][0-9]?$`)

// Crosswalk describes the crosswalk: meaning, reliability, licence.
func (c *Catalog) Crosswalk() Crosswalk {
	x := c.crosswalk.Crosswalk
	x.Meaning = map[Strength]string{}
	for k, v := range c.crosswalk.Meaning {
		x.Meaning[k] = v
	}
	return x
}

// AnnexA lists the 93 controls of ISO/IEC 27001:2022 Annex A.
func (c *Catalog) AnnexA() []AnnexControl { return slices.Clone(c.annexA) }

// AnnexControl finds an Annex A control.
func (c *Catalog) AnnexControl(id string) (AnnexControl, error) {
	if i, ok := c.annex[id]; ok {
		return c.annexA[i], nil
	}
	return AnnexControl{}, errs.New(errs.NotFound, "ISO/IEC 27001:2022 has no Annex A control %q", id).At("control").WithHint("They run from A.5.1 to A.8.34.")
}

// CompareAnnex orders two Annex A controls as the standard numbers them; unknown identifiers come last.
func (c *Catalog) CompareAnnex(a, b string) int { return compareIn(c.annex, a, b) }

// References reads what the crosswalk holds for a criterion.
func (c *Catalog) References(criterion string) (References, error) {
	i, ok := c.criterion[criterion]
	if !ok {
		return References{}, errs.New(errs.NotFound, "no criterion %q", criterion).At("criterion")
	}
	r := c.crosswalk.refs[i]
	r.Annex, r.Clauses, r.CSF, r.SP80053 = slices.Clone(r.Annex), slices.Clone(r.Clauses), slices.Clone(r.CSF), slices.Clone(r.SP80053)
	return r, nil
}

// CriteriaOf lists the criteria an Annex A control serves, in order of presentation.
func (c *Catalog) CriteriaOf(annex string) []Link { return slices.Clone(c.crosswalk.byAnnex[annex]) }

// Links lists every pair of the crosswalk, by criterion.
func (c *Catalog) Links() []Link {
	var out []Link
	for _, r := range c.crosswalk.refs {
		out = append(out, r.Annex...)
	}
	return out
}
