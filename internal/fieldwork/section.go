package fieldwork

import (
	"context"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
)

// TestRow is a row of section IV: a control under a criterion, how it was tested, and what came out (domain brief 4.8).
type TestRow struct {
	Criterion  string      `json:"criterion"`
	Control    string      `json:"control"`
	Text       string      `json:"text"` // of the control
	Test       string      `json:"test"` // number of the workpaper
	Natures    []string    `json:"natures"`
	Procedures []string    `json:"procedures"` // attribute by attribute
	Population string      `json:"population"` // what an item is, how many there are, where from
	Complete   string      `json:"complete"`   // what shows that the population is complete
	Selection  string      `json:"selection"`
	Size       int         `json:"size"`
	AllItems   bool        `json:"all_items"`
	Seed       string      `json:"seed"`
	Result     string      `json:"result"` // "No deviations noted", or what was noted
	Deviations []Deviation `json:"deviations"`
	Conclusion Conclusion  `json:"conclusion"`
	Reviewed   bool        `json:"reviewed"`
}

// Deviation is one finding of a row.
type Deviation struct {
	Ref      string `json:"ref"`
	Count    int    `json:"count"`
	Of       int    `json:"of"`
	Nature   string `json:"nature"`
	Text     string `json:"text"`
	Cause    string `json:"cause"`
	Fixed    string `json:"fixed"`    // what was done in the period; it stays a deviation
	Response string `json:"response"` // management's, unaudited
}

// SectionIV are the rows of the tests of an engagement: each control under each of its criteria, in the order of the criteria given.
// It is pure: the same workpapers give the same rows.
func SectionIV(criteria []string, papers []Paper, populations map[PopulationID]Population, findings []Finding) []TestRow {
	return OurWording().SectionIV(criteria, papers, populations, findings)
}

// SectionIV is SectionIV in the firm's words.
func (w Wording) SectionIV(criteria []string, papers []Paper, populations map[PopulationID]Population, findings []Finding) []TestRow {
	w = w.full()
	var out []TestRow
	for _, c := range criteria {
		for _, p := range papers {
			for _, mine := range p.Criteria {
				if mine == c {
					out = append(out, w.testRow(c, p, populations[p.Population], findings))
				}
			}
		}
	}
	return out
}

func (w Wording) testRow(criterion string, p Paper, pop Population, findings []Finding) TestRow {
	r := TestRow{Criterion: criterion, Control: p.Control, Text: p.Statement, Test: p.Ref, Natures: []string{}, Procedures: []string{}, Deviations: []Deviation{}, Conclusion: p.Conclusion, Reviewed: p.Reviewed != nil}
	seen := map[Nature]bool{}
	for _, t := range p.Attributes {
		if !seen[t.Nature] {
			seen[t.Nature], r.Natures = true, append(r.Natures, t.Nature.Title())
		}
		r.Procedures = append(r.Procedures, t.Nature.Title()+": "+t.Text)
	}
	if pop.Frozen() {
		what := pop.Member
		if what == "" {
			what = pop.Title
		}
		r.Population = fmt.Sprintf("%d, %s (%s %s)", pop.Rows, what, strings.ToLower(pop.Source.Title()), pop.Of)
		r.Complete = strings.ReplaceAll(w.Complete, "{second}", pop.SecondOf)
		if gap := pop.Gap(); gap != "" {
			r.Complete = gap + " " + pop.Reason
		}
	}
	if x := p.Sample; x != nil {
		r.Size, r.AllItems, r.Seed = x.Whole(), x.Method == Census || x.Whole() >= pop.Rows, x.Seed
		switch {
		case r.AllItems:
			r.Selection = w.All
		case x.Strata != "":
			r.Selection = strings.ReplaceAll(w.Spread, "{strata}", x.Strata)
		default:
			r.Selection = w.Random
		}
	}
	for _, f := range findings {
		if f.Paper != p.ID {
			continue
		}
		d := Deviation{Ref: f.Ref, Count: f.Count, Of: f.Of, Nature: f.Nature, Text: f.Title, Cause: f.Cause, Fixed: f.Fixed}
		if f.Response != nil {
			d.Response = f.Response.Response
		}
		r.Deviations = append(r.Deviations, d)
	}
	r.Result = w.result(p, r.Deviations)
	return r
}

// result is what section IV says about a test. A test nobody concluded says so: it is never a clean result.
func (w Wording) result(p Paper, deviations []Deviation) string {
	switch p.Conclusion {
	case NotConcluded:
		return "Not concluded"
	case NotTested:
		return w.NotTested + " " + p.Why
	case NoOccurrence:
		return w.NoOccurrence
	}
	if len(deviations) == 0 {
		return w.None
	}
	var parts []string
	for _, d := range deviations {
		parts = append(parts, fmt.Sprintf("%d of %d: %s", d.Count, d.Of, d.Text))
	}
	return w.Noted + " " + strings.Join(parts, ". ")
}

// Section reads the rows of section IV of an engagement, in the firm's words.
func (s *Service) Section(ctx context.Context, a access.AuditScope) ([]TestRow, error) {
	w, err := s.whole(ctx, a)
	if err != nil {
		return nil, err
	}
	m, err := s.Method(ctx, a)
	if err != nil {
		return nil, err
	}
	populations := map[PopulationID]Population{}
	for _, p := range w.papers {
		if p.Population == "" {
			continue
		}
		if _, ok := populations[p.Population]; !ok {
			if populations[p.Population], err = s.Population(ctx, a, string(p.Population)); err != nil {
				return nil, err
			}
		}
	}
	ids := make([]string, len(w.criteria))
	for i, c := range w.criteria {
		ids[i] = c.ID
	}
	return m.Wording.SectionIV(ids, w.papers, populations, w.findings), nil
}
