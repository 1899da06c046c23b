package fieldwork

import (
	"context"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Ready is what of the tests of an engagement can be handed over: workpapers that one person concluded and another reviewed
// (domain brief 4.8, 6.2). The others are named, and stay with the firm.
type Ready struct {
	Work      []engagement.Work
	Left      []Paper     // not concluded, not signed or not reviewed yet
	Bare      []string    // controls in scope that no workpaper tests
	Unseen    []string    // findings that were never shared, so that management could not answer
	Standings []Standing  // of the criteria, from the reviewed workpapers alone
	Reviewed  period.Date // of the last review; 0 without one
}

// Ready reads what can be handed over.
func (s *Service) Ready(ctx context.Context, a access.AuditScope) (Ready, error) {
	all, err := s.AllPapers(ctx, a)
	if err != nil {
		return Ready{}, err
	}
	findings, err := s.ListFindings(ctx, a)
	if err != nil {
		return Ready{}, err
	}
	criteria, err := s.criteria(ctx, a)
	if err != nil {
		return Ready{}, err
	}
	method, err := s.Method(ctx, a)
	if err != nil {
		return Ready{}, err
	}
	out := Ready{Work: []engagement.Work{}}
	var done []Paper
	for _, p := range all {
		if p.Reviewed == nil {
			out.Left = append(out.Left, p)
			continue
		}
		pop := Population{}
		if p.Population != "" {
			if pop, err = s.Population(ctx, a, string(p.Population)); err != nil {
				return Ready{}, err
			}
		}
		done = append(done, p)
		out.Work = append(out.Work, method.Wording.Reported(p, pop, findings))
		out.Reviewed = max(out.Reviewed, period.Of(p.Reviewed.At))
	}
	for _, f := range findings {
		if f.SharedAt == nil && slices.ContainsFunc(done, func(p Paper) bool { return p.ID == f.Paper }) {
			out.Unseen = append(out.Unseen, f.Ref)
		}
	}
	if out.Bare, err = s.bare(ctx, a, all, criteria); err != nil {
		return Ready{}, err
	}
	for _, c := range criteria {
		var mine []Paper
		for _, p := range done {
			if slices.Contains(p.Criteria, c.ID) {
				mine = append(mine, p)
			}
		}
		x := Stand(mine, done, findings)
		x.ID, x.Title, x.Category = c.ID, c.Title, string(c.Category)
		out.Standings = append(out.Standings, x)
	}
	return out, nil
}

// bare are the controls in force that serve what is in scope and that no workpaper tests.
func (s *Service) bare(ctx context.Context, a access.AuditScope, papers []Paper, criteria []catalog.Criterion) ([]string, error) {
	e, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	if err != nil || e.Report == engagement.SOC3 || e.Type == 1 { // those print no test
		return nil, err
	}
	inScope, named := map[string]bool{}, map[string]bool{}
	for _, c := range criteria {
		inScope[c.ID] = true
	}
	for _, o := range e.Objectives {
		inScope[o.ID] = true
		for _, ref := range o.Controls {
			named[ref] = true
		}
	}
	framework := catalog.TSC
	if e.Report == engagement.SOC1 {
		framework = catalog.SOC1
	}
	all, err := s.controls(ctx, a)
	var out []string
	for _, c := range all {
		serves := named[c.Ref] || slices.ContainsFunc(c.Version.Serves(framework), func(id string) bool { return inScope[id] })
		if serves && !slices.ContainsFunc(papers, func(p Paper) bool { return p.Control == c.Ref }) {
			out = append(out, c.Ref)
		}
	}
	return out, err
}

// Reported is a workpaper as section IV prints it, in the firm's words. Each of its findings is in it, whatever was concluded.
func (w Wording) Reported(p Paper, pop Population, findings []Finding) engagement.Work {
	return reported(w.full().testRow("", p, pop, findings), p, pop, findings)
}

func reported(r TestRow, p Paper, pop Population, findings []Finding) engagement.Work {
	w := engagement.Work{No: p.Ref, Control: p.Control, Criteria: append([]string{}, p.Criteria...), Natures: []string{}, Result: r.Result, Deviations: []engagement.WorkDeviation{}}
	for _, n := range r.Natures {
		w.Natures = append(w.Natures, strings.ToLower(n))
	}
	var done []string
	for _, t := range p.Attributes {
		done = append(done, strings.TrimSuffix(strings.TrimSpace(t.Text), ".")+".")
	}
	w.Text = strings.Join(done, " ")
	if pop.Frozen() {
		w.Population = engagement.WorkPopulation{Definition: pop.Member, Size: int64(pop.Rows), Source: pop.Source.Title() + " " + pop.Of, Completeness: r.Complete}
		if pop.Member == "" {
			w.Population.Definition = pop.Title
		}
	}
	if p.Sample != nil {
		w.Selection = engagement.WorkSelection{Method: strings.ToLower(r.Selection), Size: int64(r.Size), Seed: r.Seed, All: r.AllItems}
	}
	for i, f := range findings {
		if f.Paper != p.ID {
			continue
		}
		d := engagement.WorkDeviation{Ref: f.Ref, Count: int64(f.Count), Of: int64(f.Of), Nature: f.Title, Cause: f.Cause}
		for _, more := range []string{f.Extent, f.Fixed} {
			if more != "" {
				d.Nature += ". " + strings.TrimSuffix(more, ".")
			}
		}
		if x := findings[i].Response; x != nil {
			d.Response = x.Response
			if x.Until != "" {
				d.Response += " Until: " + x.Until + "."
			}
		}
		w.Deviations = append(w.Deviations, d)
	}
	return w
}
