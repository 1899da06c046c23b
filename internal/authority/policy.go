package authority

import (
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

//go:embed policies.yaml
var document []byte

// Policy says which events need authority and which records may give it. An empty list does not narrow.
type Policy struct {
	ID       string       `yaml:"id"`
	Title    string       `yaml:"title"`
	Act      Act          `yaml:"act"`
	Criteria []string     `yaml:"criteria"`
	Logs     []string     `yaml:"logs"`
	Classes  []int32      `yaml:"classes"`
	Weights  []string     `yaml:"weights"`
	Effects  []string     `yaml:"effects"`
	Actions  []string     `yaml:"actions"` // the vendors' names, "*" for any letters
	Leave    []string     `yaml:"leave"`   // actions that need none
	Vendors  string       `yaml:"vendors"` // "leave": what the vendor of the system does itself needs none
	Allow    []RecordKind `yaml:"allow"`
}

var weights = map[string]event.Weight{"read": event.WeightRead, "sign_in": event.WeightSignIn, "write": event.WeightWrite, "privilege": event.WeightPrivilege, "defence": event.WeightDefence}

var effects = map[string]event.Effect{"reads": event.Reads, "creates": event.Creates, "changes": event.Changes, "deletes": event.Deletes}

// Policies are those the program brings, in the order in which they are asked. They must not be changed.
var Policies = sync.OnceValues(func() ([]Policy, error) { return ParsePolicies(document) })

// ParsePolicies reads policies.
func ParsePolicies(text []byte) ([]Policy, error) {
	var doc struct {
		Policies []Policy `yaml:"policies"`
	}
	if err := yamldoc.Decode(text, &doc); err != nil {
		return nil, err
	}
	for _, p := range doc.Policies {
		if p.ID == "" || len(p.Allow) == 0 || !slices.Contains([]Act{Change, Grant, Transfer}, p.Act) {
			return nil, fmt.Errorf("policy %q: it needs an id, an act and what may allow it", p.ID)
		}
		for _, w := range p.Weights {
			if weights[w] == 0 {
				return nil, fmt.Errorf("policy %s: there is no weight %q", p.ID, w)
			}
		}
		for _, x := range p.Effects {
			if effects[x] == 0 {
				return nil, fmt.Errorf("policy %s: there is no effect %q", p.ID, x)
			}
		}
		for _, k := range p.Allow {
			if k.Title() == string(k) {
				return nil, fmt.Errorf("policy %s: there is no record %q", p.ID, k)
			}
		}
	}
	return doc.Policies, nil
}

// asks reports whether an event needs authority by the policy.
func (p *Policy) asks(e *event.Event) bool {
	if p.Vendors == "leave" && e.Actor.Kind == event.Vendor {
		return false
	}
	named := func(list []string) bool {
		return slices.ContainsFunc(list, func(a string) bool { return like(a, e.Action) })
	}
	return (len(p.Logs) == 0 || slices.Contains(p.Logs, e.Log)) && (len(p.Classes) == 0 || slices.Contains(p.Classes, int32(e.Class))) &&
		(len(p.Weights) == 0 || slices.ContainsFunc(p.Weights, func(w string) bool { return weights[w] == e.Weight })) &&
		(len(p.Effects) == 0 || slices.ContainsFunc(p.Effects, func(x string) bool { return effects[x] == e.Effect })) &&
		(len(p.Actions) == 0 || named(p.Actions)) && !named(p.Leave)
}
