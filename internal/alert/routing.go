package alert

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Rule says who is told of which alerts. What is empty takes everything; the first rule that matches decides.
type Rule struct {
	Name      string          `json:"name"`
	AtLeast   Level           `json:"at_least"`
	Technique string          `json:"technique,omitempty"` // of ATT&CK; one with sub-techniques takes them too
	Source    string          `json:"source,omitempty"`    // pattern with *
	OnCall    bool            `json:"on_call,omitempty"`
	People    []access.UserID `json:"people,omitempty"`
	Channels  []string        `json:"channels,omitempty"` // identifiers of routes of notifications; empty for all that carry alerts
	Minutes   int             `json:"minutes,omitempty"`  // without acknowledgement until it is escalated; 0 for never
	Then      []access.UserID `json:"then,omitempty"`     // who is told then, besides the next of the rota
}

func (r Rule) matches(a Alert) bool {
	if a.Level.Rank() < r.AtLeast.Rank() {
		return false
	}
	if r.Technique != "" && a.Technique != r.Technique && !strings.HasPrefix(a.Technique, r.Technique+".") {
		return false
	}
	return r.Source == "" || slices.ContainsFunc(a.Sources, func(s string) bool { return like(r.Source, s) })
}

// Override puts somebody on call for a time, whatever the rota says.
type Override struct {
	From, To time.Time
	Person   access.UserID
}

// Rota is who is on call: a week each, in order, from a first handover on.
type Rota struct {
	People    []access.UserID `json:"people,omitempty"`
	First     time.Time       `json:"first,omitzero"` // first handover, in UTC; the following ones are weeks after it
	Overrides []Override      `json:"overrides,omitempty"`
}

const week = 7 * 24 * time.Hour

// At is who is on call at an instant, and who comes next in the rota; empty while nobody is.
func (r Rota) At(at time.Time) (now, next access.UserID) {
	if n := len(r.People); n > 0 && !at.Before(r.First) {
		turn := int(at.Sub(r.First) / week)
		now, next = r.People[turn%n], r.People[(turn+1)%n]
	}
	for _, o := range r.Overrides {
		if !at.Before(o.From) && at.Before(o.To) {
			if next = now; o.Person == now {
				_, next = Rota{People: r.People, First: r.First}.At(at)
			}
			now = o.Person
		}
	}
	return now, next
}

// Turn is a time in which one person is on call.
type Turn struct {
	From, To time.Time
	Person   access.UserID
	Override bool
}

// Turns lists who is on call by the rota in the weeks from an instant on, without overrides.
func (r Rota) Turns(from time.Time, weeks int) []Turn {
	if len(r.People) == 0 {
		return nil
	}
	start := r.First
	if from.After(start) {
		start = start.Add(from.Sub(start).Truncate(week))
	}
	var out []Turn
	for i := range weeks {
		at := start.Add(time.Duration(i) * week)
		who, _ := Rota{People: r.People, First: r.First}.At(at)
		out = append(out, Turn{From: at, To: at.Add(week), Person: who})
	}
	return out
}

// Routing is all rules and the rota, as somebody left them.
type Routing struct {
	Version int       `json:"version"`
	Rules   []Rule    `json:"rules,omitempty"`
	Rota    Rota      `json:"rota"`
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"`
}

// Told is who is told of an alert.
type Told struct {
	Rule     string // name of the rule that decided; empty if none matched
	People   []access.UserID
	Channels []string
	Escalate time.Time // zero for never
}

// To decides who is told of an alert. Without any rule everything from medium up goes to whoever is on call, by every route of
// notifications that carries alerts.
func (r Routing) To(a Alert, now time.Time) Told {
	rules := r.Rules
	if len(rules) == 0 {
		rules = []Rule{{Name: "default", AtLeast: Medium, OnCall: true}}
	}
	i := slices.IndexFunc(rules, func(x Rule) bool { return x.matches(a) })
	if i < 0 {
		return Told{}
	}
	x := rules[i]
	t := Told{Rule: x.Name, People: slices.Clone(x.People), Channels: x.Channels}
	if x.OnCall {
		if who, _ := r.Rota.At(now); who != "" && !slices.Contains(t.People, who) {
			t.People = append(t.People, who)
		}
	}
	if x.Minutes > 0 {
		t.Escalate = now.Add(time.Duration(x.Minutes) * time.Minute)
	}
	return t
}

// further is who is told when nobody acknowledged in time, and when it is escalated once more. Each round tells everybody again.
func (r Routing) further(a Alert, now time.Time) Told {
	i := slices.IndexFunc(r.Rules, func(x Rule) bool { return x.Name == a.Rule })
	if i < 0 {
		return Told{}
	}
	x := r.Rules[i]
	t := r.To(a, now)
	t.Rule, t.Channels = x.Name, x.Channels
	first, next := r.Rota.At(now)
	if !x.OnCall {
		first, next = "", ""
	}
	for _, who := range append([]access.UserID{first, next}, x.Then...) {
		if who != "" && !slices.Contains(t.People, who) {
			t.People = append(t.People, who)
		}
	}
	if t.Escalate = (time.Time{}); x.Minutes > 0 && a.Escalated+1 < maxEscalations {
		t.Escalate = now.Add(time.Duration(x.Minutes) * time.Minute)
	}
	return t
}

// Bounds of a routing.
const (
	MaxRules       = 50
	MaxPeople      = 50
	MaxOverrides   = 100
	MaxMinutes     = 7 * 24 * 60
	maxEscalations = 5 // of one alert; after that it waits in the queue like every other
)

// SetRouting replaces rules and rota. base is the version the editor saw.
func (s *Service) SetRouting(ctx context.Context, scope access.Scope, now time.Time, base int, r Routing) (Routing, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return Routing{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Settings.Routing(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if was.Version != base {
			return errs.New(errs.Conflict, "the rules were changed meanwhile").WithHint("Look at what is there now, and make the change again.")
		}
		if err := s.checkRouting(ctx, scope.ReadScope, &r, was); err != nil {
			return err
		}
		r.Version, r.Actor, r.At = base+1, scope.Actor(), now
		if err := s.Settings.AddRouting(ctx, scope, r); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "alert.routing", fmt.Sprintf("routing/%d", r.Version), map[string]any{"version": r.Version, "routing": r.says()})
		return err
	})
	if err != nil {
		return Routing{}, err
	}
	return r, nil
}

// says is the routing in lines, for the ledger.
func (r Routing) says() []string {
	var out []string
	for _, x := range r.Rules {
		out = append(out, fmt.Sprintf("rule %q: from %s, technique %q, source %q, on call %t, people %v, channels %v, escalate after %d minutes to %v", x.Name, x.AtLeast, x.Technique, x.Source, x.OnCall, x.People, x.Channels, x.Minutes, x.Then))
	}
	out = append(out, fmt.Sprintf("rota: %v from %s", r.Rota.People, r.Rota.First.Format(time.RFC3339)))
	for _, o := range r.Rota.Overrides {
		out = append(out, fmt.Sprintf("override: %s from %s to %s", o.Person, o.From.Format(time.RFC3339), o.To.Format(time.RFC3339)))
	}
	return out
}

func (s *Service) checkRouting(ctx context.Context, scope access.ReadScope, r *Routing, was Routing) error {
	known := was.people()
	people := func(list []access.UserID, field string) ([]access.UserID, error) {
		if len(list) > MaxPeople {
			return nil, errs.New(errs.Invalid, "%d people; at most %d", len(list), MaxPeople).At(field)
		}
		var out []access.UserID
		for _, who := range list {
			if strings.TrimSpace(string(who)) == "" {
				continue
			}
			one := who
			if !slices.Contains(known, who) { // who left since stays until somebody takes them out
				var err error
				if one, err = s.person(ctx, scope, string(who), field, ""); err != nil {
					return nil, err
				}
			}
			if !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
		return out, nil
	}
	if len(r.Rules) > MaxRules {
		return errs.New(errs.Exhausted, "there are %d rules, as many as can be", MaxRules)
	}
	seen := map[string]bool{}
	for i := range r.Rules {
		x := &r.Rules[i]
		x.Name, x.Technique, x.Source = text.Line(x.Name), strings.ToUpper(text.Line(x.Technique)), text.Line(x.Source)
		if err := text.Bounds("name", "the name", x.Name, 1, 100); err != nil {
			return err
		}
		switch {
		case seen[strings.ToLower(x.Name)]:
			return errs.New(errs.Invalid, "there is a rule %q already", x.Name).At("name")
		case x.AtLeast.Rank() == 0:
			return errs.New(errs.Invalid, "choose a level").At("at_least")
		case len(x.Technique) > 40 || len([]rune(x.Source)) > maxWord:
			return errs.New(errs.Invalid, "that is no technique or source").At("technique")
		case x.Minutes < 0 || x.Minutes > MaxMinutes:
			return errs.New(errs.Invalid, "between 0 and %d minutes", MaxMinutes).At("minutes")
		case len(x.Channels) > MaxPeople:
			return errs.New(errs.Invalid, "%d channels; at most %d", len(x.Channels), MaxPeople).At("channels")
		}
		seen[strings.ToLower(x.Name)] = true
		var err error
		if x.People, err = people(x.People, "people"); err != nil {
			return err
		}
		if x.Then, err = people(x.Then, "then"); err != nil {
			return err
		}
	}
	return r.Rota.check(people)
}

func (r *Rota) check(people func([]access.UserID, string) ([]access.UserID, error)) error {
	var err error
	if r.People, err = people(r.People, "rota"); err != nil {
		return err
	}
	r.First = r.First.UTC().Truncate(time.Microsecond)
	if len(r.People) > 0 && r.First.Year() < 2000 {
		return errs.New(errs.Invalid, "say when the first week begins").At("first")
	}
	if len(r.Overrides) > MaxOverrides {
		return errs.New(errs.Invalid, "%d overrides; at most %d", len(r.Overrides), MaxOverrides).At("from").WithHint("Take out those that are over.")
	}
	for i := range r.Overrides {
		o := &r.Overrides[i]
		o.From, o.To = o.From.UTC().Truncate(time.Microsecond), o.To.UTC().Truncate(time.Microsecond)
		one, err := people([]access.UserID{o.Person}, "person")
		if err != nil {
			return err
		}
		switch {
		case len(one) == 0:
			return errs.New(errs.Invalid, "say who is on call").At("person")
		case !o.From.Before(o.To):
			return errs.New(errs.Invalid, "it ends before it begins").At("to")
		case o.To.Sub(o.From) > 366*24*time.Hour:
			return errs.New(errs.Invalid, "it lasts longer than a year").At("to")
		}
		o.Person = one[0]
	}
	return nil
}

// people are all who are named.
func (r Routing) people() []access.UserID {
	out := slices.Clone(r.Rota.People)
	for _, x := range r.Rules {
		out = slices.Concat(out, x.People, x.Then)
	}
	for _, o := range r.Rota.Overrides {
		out = append(out, o.Person)
	}
	return out
}

// Routing is who is told of what now.
func (s *Service) Routing(ctx context.Context, scope access.ReadScope) (Routing, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return Routing{}, err
	}
	return s.Settings.Routing(ctx, scope)
}

// Routings lists every version of the routing, the newest first.
func (s *Service) Routings(ctx context.Context, scope access.ReadScope) ([]Routing, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	return s.Settings.Routings(ctx, scope)
}
