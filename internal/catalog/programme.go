package catalog

import (
	"io/fs"
	"slices"
	"sync"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Programme is a guided way through the work.
type Programme struct {
	ID        string          `yaml:"id"`
	Title     string          `yaml:"title"`
	Short     string          `yaml:"short"`
	LeavesOut string          `yaml:"leaves_out"` // what nobody may conclude from it
	Lines     []ProgrammeLine `yaml:"lines"`
}

// ProgrammeLine is one step or question of a programme.
type ProgrammeLine struct {
	ID       string   `yaml:"id"`
	Title    string   `yaml:"title"`
	Text     string   `yaml:"text"`
	State    string   `yaml:"state"`    // phase of the audit life cycle; may be empty
	Criteria []string `yaml:"criteria"` // that it serves
	Controls []string `yaml:"controls"` // of the library, that answer it
	Checks   []string `yaml:"checks"`   // what the program can see by itself, by name
}

// Line finds a line of the programme.
func (p Programme) Line(id string) (ProgrammeLine, error) {
	for _, l := range p.Lines {
		if l.ID == id {
			return l, nil
		}
	}
	return ProgrammeLine{}, errs.New(errs.NotFound, "the programme %s has no line %q", p.ID, id)
}

// Checks lists the names a line may use.
func Checks() []string {
	return []string{
		"lead", "owners", "decision", "commitments", "services", "components", "engagement", "served", "approved", "shown", "evaluated", "gaps_owned", "sources",
		"daily", "before", "firm", "auditor", "dossier",
		"managers", "roles", "policies_owned", "policies_reviewed", "screened", "conduct_rules", "acknowledged", "trained", "changes_told", "risks_assessed", "risks_threat",
		"risks_rated", "risks_fraud", "risks_answered", "vendors_assessed",
	}
}

// Programmes reads the guided programmes, once. They are no part of the reference data that dossiers name by its hash: they
// guide the work and decide nothing.
var Programmes = sync.OnceValues(func() ([]Programme, error) {
	c, err := Load()
	if err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(files, "data/programmes.yaml")
	if err != nil {
		return nil, err
	}
	var f struct {
		Programmes []Programme `yaml:"programmes"`
	}
	if err := decode(text, &f); err != nil {
		return nil, errs.Wrap(err, "programmes.yaml")
	}
	for _, p := range f.Programmes {
		if err := p.check(c); err != nil {
			return nil, errs.Wrap(err, "programme %s", p.ID)
		}
	}
	return f.Programmes, nil
})

func (p Programme) check(c *Catalog) error {
	bad := func(format string, args ...any) error { return errs.New(errs.Internal, format, args...) }
	if p.ID == "" || p.Title == "" || p.Short == "" || p.LeavesOut == "" || len(p.Lines) == 0 {
		return bad("something is missing")
	}
	seen := map[string]bool{}
	for _, l := range p.Lines {
		if l.ID == "" || seen[l.ID] || l.Title == "" || l.Text == "" || len(l.Controls)+len(l.Checks) == 0 {
			return bad("line %q is incomplete or there twice", l.ID)
		}
		seen[l.ID] = true
		for _, x := range l.Criteria {
			if !c.Knows(TSC, x) {
				return bad("line %s: no criterion %s", l.ID, x)
			}
		}
		for _, x := range l.Controls {
			if _, err := c.Control(x); err != nil {
				return bad("line %s: no control %s", l.ID, x)
			}
		}
		for _, x := range l.Checks {
			if !slices.Contains(Checks(), x) {
				return bad("line %s: no check %s", l.ID, x)
			}
		}
	}
	return nil
}

// ProgrammeByID finds a guided programme.
func ProgrammeByID(id string) (Programme, error) {
	all, err := Programmes()
	if err != nil {
		return Programme{}, err
	}
	for _, p := range all {
		if p.ID == id {
			return p, nil
		}
	}
	return Programme{}, errs.New(errs.NotFound, "no programme %q", id)
}
