package app

import (
	"context"
	"slices"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect/own"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Tested is a control in force and the tests whose newest run judged something of it.
type Tested struct {
	Control control.Control
	Systems []string // tests that read connected systems alone
	Records []string // tests that read the organisation's own records too
}

// Tested says of every control in force which tests judged something of it. A test counts when its newest run gave verdicts over
// a population that is not empty: a test that is only installed shows nothing.
func (a *App) Tested(ctx context.Context, s access.ReadScope) ([]Tested, error) {
	installed, err := a.Evaluate.Store.Installed(ctx, s)
	if err != nil {
		return nil, err
	}
	last, err := a.Evaluate.Store.Last(ctx, s)
	if err != nil {
		return nil, err
	}
	systems, records := map[string][]string{}, map[string][]string{}
	for _, t := range installed {
		d := t.Definition
		if r, ok := last[d.ID]; !ok || !r.Evaluated() || r.Population == 0 {
			continue
		}
		inputs, err := d.ParsedInputs()
		if err != nil {
			return nil, err
		}
		into := systems
		for _, in := range inputs {
			if in.System == own.Kind {
				into = records
			}
		}
		for _, c := range d.Controls {
			into[c] = append(into[c], d.ID)
		}
	}
	var out []Tested
	for page := 1; ; page++ {
		res, err := a.Controls.List(ctx, s, control.Filter{Status: control.Approved}, paging.Query{Page: page, Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return nil, err
		}
		for _, c := range res.Rows {
			slices.Sort(systems[c.Ref])
			slices.Sort(records[c.Ref])
			out = append(out, Tested{c, systems[c.Ref], records[c.Ref]})
		}
		if page >= res.Pages() {
			return out, nil
		}
	}
}
