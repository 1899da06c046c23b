package request

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Template is which requests to make from the client's controls.
type Template struct {
	Kinds    []Kind   // none: the kind that tells most about each control, and the policies and a walkthrough of each domain
	Prefixes []string // domains of controls: "IAM"; none means all
	Due      period.Date
	Most     int // at most so many, spread evenly over the controls; 0 for all
}

// Populations are asked for first, samples are chosen from them afterwards (domain brief 6.1): how many days later each kind is due
// than the first.
var later = map[Kind]period.Date{Walkthrough: 3, Interview: 3, Sample: 14}

// Template makes a list of requests from the controls in force. Nothing is asked yet: the list is for Ask or Draft. What was asked
// before is left out.
func (s *Service) Template(ctx context.Context, scope access.ReadScope, now time.Time, engagement string, t Template) ([]New, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	if t.Due == 0 {
		return nil, errs.New(errs.Invalid, "say by when the first is needed").At("due")
	}
	ex, err := s.running(ctx, scope, engagement)
	if err != nil {
		return nil, err
	}
	asked, err := s.all(ctx, scope, ex.ID)
	if err != nil {
		return nil, err
	}
	controls, err := s.Controls.InForce(ctx, scope, now)
	if err != nil {
		return nil, err
	}
	var out []New
	done := map[string]bool{}
	add := func(k Kind, c control.Control) {
		n := New{Text: Text{Kind: k, Control: c.Ref, Criterion: first(c.Version.Serves(catalog.TSC)), Period: ex.Period, Due: t.Due + later[k], Owner: c.Owner}}
		n.Title, n.Text.Text = words(k, c, s.domain(c), ex.Period)
		if len(alike(asked, n.Text)) == 0 {
			out = append(out, n)
		}
	}
	for _, c := range controls {
		if len(t.Prefixes) > 0 && !slices.Contains(t.Prefixes, c.Prefix()) {
			continue
		}
		kinds := t.Kinds
		if len(kinds) == 0 {
			kinds = []Kind{Walkthrough, Policy, telling(c)}
		}
		for _, k := range kinds {
			if k != Walkthrough && k != Policy { // these are about the whole domain
				add(k, c)
			} else if !done[string(k)+c.Prefix()] {
				done[string(k)+c.Prefix()] = true
				add(k, c)
			}
		}
	}
	order := Kinds()
	slices.SortStableFunc(out, func(a, b New) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	if out = slices.CompactFunc(out, func(a, b New) bool { return a.Kind == b.Kind && a.Control == b.Control }); t.Most > 0 && len(out) > t.Most {
		few := make([]New, t.Most)
		for i := range few {
			few[i] = out[i*len(out)/t.Most]
		}
		out = few
	}
	able, err := s.Answerers(ctx, scope)
	for i, n := range out { // owners of controls who cannot answer are left for the client to name
		if !slices.ContainsFunc(able, func(m access.Member) bool { return m.ID == n.Owner }) {
			out[i].Owner = ""
		}
	}
	return out, err
}

func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

// telling is the kind of request that shows most about a control: its list for what happens by event, its setting for what a machine
// does, and its records for what people do on a rhythm.
func telling(c control.Control) Kind {
	switch {
	case c.Version.Frequency == catalog.PerEvent:
		return Population
	case c.Version.Nature == catalog.Automated, c.Version.Frequency == catalog.Continuous:
		return Configuration
	}
	return Sample
}

// words are the title and the description of a request about a control.
func words(k Kind, c control.Control, domain string, p period.Period) (title, text string) {
	span := fmt.Sprintf("between %s and %s", p.From.Time().Format("2 January 2006"), p.Last().Time().Format("2 January 2006"))
	name := strings.TrimSuffix(c.Version.Title, ".")
	switch k {
	case Population:
		return "Population: " + lowerFirst(name), "A complete list of every occasion on which this control had to operate " + span +
			", from the system of record. Please give the query or report that made the list with its parameters, who ran it and when, and the count that the system itself gives."
	case Sample:
		if c.Version.Frequency == catalog.PerEvent {
			return "Selected items: " + lowerFirst(name), "For each item that we choose from the population: what shows that the control operated, by whom and when. We send the selection once the population is accepted."
		}
		return "Records: " + lowerFirst(name), "What shows each time the control was performed " + span + ": by whom, when, on what, and what followed from it."
	case Policy:
		return "Policies: " + lowerFirst(domain), "The policies and procedures that require these controls, in each version that was in force " + span + ", with its approval."
	case Configuration:
		return "Settings: " + lowerFirst(name), "The settings of production systems that make this control work, as they are now, and how they changed " + span +
			". Please show the system, the account and the time with them."
	case Interview:
		return "Talk: " + lowerFirst(name), "A talk of half an hour with whoever performs this control. Please name the person and suggest a time."
	case Walkthrough:
		return "Walkthrough: " + lowerFirst(domain), "One item from its beginning to its end, shown in the systems in which it is handled, by the people who handle it. Please name them and suggest a time; an hour is usually enough."
	}
	return name, ""
}

// domain is the domain of a control in words; of an organisation's own the part of the reference that names it.
func (s *Service) domain(c control.Control) string {
	for _, d := range s.Catalog.Domains() {
		if d.Prefix == c.Prefix() {
			return d.Name
		}
	}
	return c.Prefix() + " controls"
}

// lowerFirst begins a title in the middle of a sentence; abbreviations stay as they are.
func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) > 1 && strings.ToUpper(string(r[1])) == string(r[1]) && string(r[1]) != " " {
		return s
	}
	if len(r) > 0 {
		return strings.ToLower(string(r[0])) + string(r[1:])
	}
	return s
}
