package catalog

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync"

	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

//go:embed data
var files embed.FS

// Load reads and checks the catalogue, once. An error means that the program was built from damaged files.
var Load = sync.OnceValues(func() (*Catalog, error) {
	sub, err := fs.Sub(files, "data")
	if err != nil {
		return nil, err
	}
	c, err := read(sub)
	return c, errs.Wrap(err, "catalogue")
})

type frameworksFile struct {
	Frameworks []Framework      `yaml:"frameworks"`
	CSF        map[string][]int `yaml:"csf_subcategories"`
}

type criteriaFile struct {
	Framework struct {
		ID       string         `yaml:"id"`
		Name     string         `yaml:"name"`
		Revision string         `yaml:"revision"`
		Text     string         `yaml:"text"`
		Counts   map[string]int `yaml:"counts"`
	} `yaml:"framework"`
	Categories []Category  `yaml:"categories"`
	Criteria   []Criterion `yaml:"criteria"`
}

type descriptionFile struct {
	Criteria []DescriptionCriterion `yaml:"criteria"`
}

type objectivesFile struct {
	Objectives []Objective `yaml:"objectives"`
	Checks     []DataCheck `yaml:"data_checks"`
}

type libraryFile struct {
	Library  LibraryInfo `yaml:"library"`
	Controls []Control   `yaml:"controls"`
}

type crosswalkFile struct {
	Note        string              `json:"note"`
	Reliability string              `json:"reliability"`
	Licence     string              `json:"licence"`
	Meaning     map[Strength]string `json:"strength"`
	CSFNote     string              `json:"nist_csf_2_0"`
	SP80053Note string              `json:"nist_800_53_r5"`
	AnnexA      []AnnexControl      `json:"annex_a"`
	Mappings    []struct {
		Criterion string `json:"criterion"`
		ISO       []struct {
			ID           string   `json:"id"`
			Strength     Strength `json:"strength"`
			Corroborated int      `json:"corroborated"`
		} `json:"iso27001"`
		Clauses []string `json:"clauses"`
		CSF     []string `json:"csf"`
		SP80053 []string `json:"sp800_53"`
	} `json:"mappings"`
}

// read builds a catalogue from a folder of files. Every rule of check holds for what it returns.
func read(dir fs.FS) (*Catalog, error) {
	c := &Catalog{}
	sums := map[string]string{}
	var fw frameworksFile
	var cr criteriaFile
	var dc descriptionFile
	var ob objectivesFile
	var lib libraryFile
	var cw crosswalkFile
	for _, f := range []struct {
		name string
		into any
	}{
		{"frameworks.yaml", &fw}, {"tsc-2017.yaml", &cr}, {"description-criteria.yaml", &dc}, {"soc1-objectives.yaml", &ob},
		{"control-library.yaml", &lib}, {"tsc-iso27001.json", &cw},
	} {
		text, err := fs.ReadFile(dir, f.name)
		if err != nil {
			return nil, err
		}
		if err := decode(text, f.into); err != nil {
			return nil, errs.Wrap(err, "%s", f.name)
		}
		sums[f.name] = canon.Sum(text)
	}
	sum, err := canon.Hash(sums)
	if err != nil {
		return nil, err
	}
	c.sha256 = sum
	c.frameworks, c.categories, c.criteria, c.description = fw.Frameworks, cr.Categories, cr.Criteria, dc.Criteria
	c.objectives, c.checks, c.library, c.controls, c.annexA = ob.Objectives, ob.Checks, lib.Library, lib.Controls, cw.AnnexA
	c.csf = subcategories(fw.CSF)
	if err := c.index(); err != nil {
		return nil, err
	}
	if err := c.link(cw); err != nil {
		return nil, err
	}
	return c, c.check(cr.Framework.Counts)
}

func decode(text []byte, into any) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		return dec.Decode(into)
	}
	return yamldoc.Decode(text, into)
}

// csfOrder is the order in which CSF 2.0 presents its categories.
var csfOrder = []string{
	"GV.OC", "GV.RM", "GV.RR", "GV.PO", "GV.OV", "GV.SC", "ID.AM", "ID.RA", "ID.IM", "PR.AA", "PR.AT", "PR.DS", "PR.PS", "PR.IR",
	"DE.CM", "DE.AE", "RS.MA", "RS.AN", "RS.CO", "RS.MI", "RC.RP", "RC.CO",
}

func subcategories(byCategory map[string][]int) []string {
	var out []string
	for _, k := range csfOrder {
		for _, n := range byCategory[k] {
			out = append(out, fmt.Sprintf("%s-%02d", k, n))
		}
	}
	return out
}

// index makes the look-up tables; an identifier that occurs twice is refused.
func (c *Catalog) index() error {
	c.known = map[string]map[string]bool{}
	places := map[string]map[string]int{}
	for _, framework := range []string{TSC, DC, SOC1, ISO, CSF} {
		c.known[framework], places[framework] = map[string]bool{}, map[string]int{}
		for i, id := range c.Identifiers(framework) {
			if c.known[framework][id] {
				return errs.New(errs.Internal, "%s: %s occurs twice", framework, id)
			}
			c.known[framework][id], places[framework][id] = true, i
		}
	}
	c.criterion, c.objective, c.annex, c.control = places[TSC], places[SOC1], places[ISO], map[string]int{}
	for i, x := range c.controls {
		if _, twice := c.control[x.ID]; twice {
			return errs.New(errs.Internal, "control %s occurs twice", x.ID)
		}
		c.control[x.ID] = i
	}
	return nil
}

// link builds the crosswalk in both directions.
func (c *Catalog) link(f crosswalkFile) error {
	x := crosswalkRows{
		Crosswalk: Crosswalk{Note: f.Note, Reliability: f.Reliability, Licence: f.Licence, Meaning: f.Meaning, CSFNote: f.CSFNote, SP80053Note: f.SP80053Note},
		refs:      make([]References, len(c.criteria)), byAnnex: map[string][]Link{},
	}
	for _, m := range f.Mappings {
		i, ok := c.criterion[m.Criterion]
		if !ok || x.refs[i].Criterion != "" {
			return errs.New(errs.Internal, "crosswalk: criterion %q is unknown or occurs twice", m.Criterion)
		}
		r := References{Criterion: m.Criterion, Clauses: m.Clauses, CSF: m.CSF, SP80053: m.SP80053}
		for _, p := range m.ISO {
			r.Annex = append(r.Annex, Link{m.Criterion, p.ID, p.Strength, p.Corroborated})
		}
		x.refs[i] = r
		x.Pairs += len(r.Annex)
	}
	for _, r := range x.refs {
		for _, l := range r.Annex {
			x.byAnnex[l.Annex] = append(x.byAnnex[l.Annex], l)
		}
	}
	c.crosswalk = x
	return nil
}
