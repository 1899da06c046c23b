package authority

import (
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// Managed is a resource that code manages: one that the state of a workspace holds.
type Managed struct {
	Address, Type string
	Names         []string // by which events call it: identifiers of the cloud
	Of            []string // names of what it belongs to, such as the firewall of a rule
}

// Holdings are the resources of one state. They are not changed once they are made.
type Holdings struct {
	list []Managed
	by   map[string][]int // positions by name, in small letters
	of   map[string][]int // by the name of what they belong to
}

// NewHoldings makes holdings of a list.
func NewHoldings(list []Managed) *Holdings {
	h := &Holdings{list: list, by: map[string][]int{}, of: map[string][]int{}}
	for i := range list {
		index(h.by, list[i].Names, i)
		index(h.of, list[i].Of, i)
	}
	return h
}

func index(in map[string][]int, names []string, i int) {
	for _, name := range names {
		name = strings.ToLower(name)
		if had := in[name]; name != "" && (len(had) == 0 || had[len(had)-1] != i) {
			in[name] = append(had, i)
		}
	}
}

// find gives the resource that a target of an event is, or that is about it: then it was not made or deleted by that. A full name of
// the cloud is enough by itself; a short one has to be of a resource whose type is of the target's kind: programs, databases and roles
// are often called the same.
func (h *Holdings) find(t *event.Target) (m *Managed, itself bool) {
	if h == nil {
		return nil, false
	}
	best, near := -1, 0
	names := []string{t.ID, t.Name}
	if strings.HasPrefix(t.ID, "projects/") { // a bucket of Google is projects/_/buckets/NAME in events, and NAME in state
		names = append(names, t.ID[strings.LastIndexByte(t.ID, '/')+1:])
	}
	for _, name := range names {
		for _, i := range h.by[strings.ToLower(name)] {
			n := kin(h.list[i].Type, t.Kind)
			if n == 0 && full(name) {
				n = exact - 1
			}
			if n > near {
				best, near = i, n
			}
		}
		for _, i := range h.of[strings.ToLower(name)] {
			if near == 0 && kin(h.list[i].Type, t.Kind) > 0 {
				best, near = i, about
			}
		}
	}
	if best < 0 {
		return nil, false
	}
	return &h.list[best], near > about
}

// How near a resource is to a target: about it, or just that. One less than that is a full name of a kind that is not known.
const (
	about = 1
	exact = 3
)

// full reports whether a name is one of the whole cloud, that nothing else has.
func full(name string) bool {
	for _, p := range []string{"arn:", "projects/", "/subscriptions/", "//", "organizations/"} {
		if strings.HasPrefix(strings.ToLower(name), p) {
			return true
		}
	}
	return false
}

// others are words of types of resources for kinds of targets that are spelt otherwise there.
var others = map[string][]string{"database": {"db_instance", "rds_cluster_instance", "rds_cluster"}, "credential": {"access_key"}, "trail": {"cloudtrail"}}

// kin tells how near a type of resource, such as aws_security_group, is to a kind of target, such as "security-group": 0 for not at
// all, exact where the type is just that, about where it is something about it.
func kin(kind, target string) int {
	target = strings.TrimSuffix(strings.ReplaceAll(strings.ToLower(target), "-", "_"), "s")
	if target == "" {
		return 0
	}
	words := append([]string{target}, others[target]...)
	if i := strings.LastIndexByte(target, '_'); i >= 0 && !strings.Contains(kind, target) { // "gcs_bucket" of a google_storage_bucket
		words = append(words, target[i+1:])
	}
	if i := strings.LastIndex(kind, "_v"); i > 0 && strings.Trim(kind[i+2:], "0123456789") == "" { // kubernetes_deployment_v1
		kind = kind[:i]
	}
	near := 0
	for _, word := range words {
		switch {
		case strings.HasSuffix(kind, "_"+word):
			return exact
		case strings.Contains(kind, word):
			near = about
		}
	}
	return near
}

// State is what the code of a run is about: the resources that the state of its workspace held before the run, and after it.
type State struct {
	Before, After *Holdings // nil where it is not known
	// Next says of Before and After that nothing else changed the state in between, so that what they do not hold was not there.
	BeforeNext, AfterNext bool
}

// match is how an event fits the resources of a state.
type match uint8

const (
	apart  match = iota // it is about something else
	within              // all that it changes is held
	unsure              // too little is known of the state
)

// of says how an event fits, and by which resource, or what is not known. Half a permission is none: each thing that is changed must
// be held.
func (s *State) of(e *event.Event) (match, string) {
	var first *Managed
	lacks, changed := "", 0
	for i := range e.Targets {
		t := &e.Targets[i]
		effect := t.Effect
		if effect == event.EffectUnknown {
			effect = e.Effect
		}
		if effect == event.Reads {
			continue
		}
		changed++
		m := s.held(t, effect)
		switch {
		case m != nil:
			if first == nil {
				first = m
			}
		case s.Before == nil && s.After == nil:
			lacks = "what its state holds is not known"
		case effect != event.Creates && !(s.Before != nil && s.BeforeNext):
			lacks = "what its state held before is not known"
		case effect != event.Deletes && !(s.After != nil && s.AfterNext):
			lacks = "what its state held after is not known"
		default:
			return apart, ""
		}
	}
	switch {
	case changed == 0:
		return unsure, "the event does not name what it changed"
	case lacks != "":
		return unsure, lacks
	}
	return within, first.Address
}

// held is the resource that was changed, if the state held it before or after. What is only about something changes it, and neither
// makes nor deletes it.
func (s *State) held(t *event.Target, effect event.Effect) *Managed {
	for _, h := range []*Holdings{s.After, s.Before} {
		if m, itself := h.find(t); m != nil && (itself || effect == event.Changes) {
			return m
		}
	}
	return nil
}

// Held is what a workspace's state is known to have held in a time.
type Held struct {
	Workspace string
	*Holdings
	From, To time.Time
}

// managed says of something that code manages that it is, and whether its code was applied when it was changed; empty for the rest.
func (b *Book) managed(e *event.Event, at time.Time) string {
	for i := range b.held {
		h := &b.held[i]
		if at.Before(h.From) || !at.Before(h.To) {
			continue
		}
		for k := range e.Targets {
			m, _ := h.find(&e.Targets[k])
			if m == nil {
				continue
			}
			says := fmt.Sprintf(" It is %s of workspace %s, and ", m.Address, h.Workspace)
			for _, r := range b.ran {
				if r.Project == h.Workspace && !at.Before(r.From) && at.Before(r.To) {
					return says + r.Ref + " applied then, but not as this actor."
				}
			}
			if !b.knows(Infrastructure, at) {
				return says + "whether a run applied then is not known."
			}
			return says + "no run applied then."
		}
	}
	return ""
}
