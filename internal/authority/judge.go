package authority

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// Judge says whether records of the book allow an event; false when it needs no authority. What did not succeed changed
// nothing, so only what is known to have failed is left out.
func Judge(policies []Policy, book *Book, e *event.Event) (Judgement, bool) {
	if e.Status == event.Failure {
		return Judgement{}, false
	}
	i := slices.IndexFunc(policies, func(p Policy) bool { return p.asks(e) })
	if i < 0 {
		return Judgement{}, false
	}
	p := &policies[i]
	j := Judgement{Event: e.ID, At: e.When(), Log: e.Log, Act: p.Act, Policy: p.ID, Actor: e.Actor.Name, Action: e.Action, Target: targets(e)}
	if j.Actor == "" {
		j.Actor = e.Actor.ID
	}
	var allowed *Record
	var by string // of a run: the resource
	var lacking, unclear []string
	for _, r := range book.around(j.At) {
		rank := slices.Index(p.Allow, r.Kind)
		if rank < 0 || !r.allows(p.Act, e) || allowed != nil && rank >= slices.Index(p.Allow, allowed.Kind) {
			continue
		}
		fits, resource := within, ""
		if r.State != nil {
			fits, resource = r.State.of(e)
		}
		why := flaw(&r, e)
		switch {
		case fits == apart:
		case why != "":
			lacking = append(lacking, r.Ref+": "+why)
		case fits == unsure:
			unclear = append(unclear, r.Ref+" applied then, but "+resource)
		case r.Unsure != "":
			unclear = append(unclear, r.Ref+" applied then, but "+r.Unsure)
		default:
			allowed, by = &r, resource
		}
	}
	if allowed != nil {
		j.Verdict, j.Kind, j.Record, j.Why = Authorised, allowed.Kind, allowed.Ref, allows(allowed, by)
		return j, true
	}
	j.Verdict, j.Why = missing(p, book, e, j.At, lacking, unclear)
	if slices.Contains(p.Allow, Infrastructure) {
		j.Why += book.managed(e, j.At)
	}
	return j, true
}

// allows says what allows an event.
func allows(r *Record, resource string) string {
	if r.State != nil {
		says := fmt.Sprintf("Run %s allows it: the state of its workspace holds %s", r.Ref, resource)
		if r.Approver != "" {
			says += ", and " + r.Approver + " approved it"
		}
		if r.Title != "" {
			says += " in " + r.Title
		}
		return says + "."
	}
	says := fmt.Sprintf("%s %s allows it", r.Kind.Title(), r.Ref)
	if r.Approver != "" {
		says += ", approved by " + r.Approver
	}
	return says + "."
}

// flaw is why a record that fits does not allow the event; empty if it does.
func flaw(r *Record, e *event.Event) string {
	switch {
	case r.Lacks != "":
		return r.Lacks
	case r.Unsure != "":
		return ""
	case r.Kind != Deployment && r.Approver == "":
		return "nobody approved it"
	case is(e, r.Approver):
		return "it was approved by who acted"
	}
	return ""
}

// missing tells an act that nothing allows from one about which too little is known.
func missing(p *Policy, book *Book, e *event.Event, at time.Time, lacking, unclear []string) (Verdict, string) {
	if len(unclear) > 0 {
		return Unknown, "It is not known what allows it. " + strings.Join(unclear[:min(3, len(unclear))], "; ") + "."
	}
	if len(lacking) > 0 {
		return Unauthorised, "No record allows it. " + strings.Join(lacking[:min(3, len(lacking))], "; ") + "."
	}
	var known, unknown []string
	for _, k := range p.Allow {
		if book.without[k] {
			continue
		}
		if book.settled(k, e, at) {
			known = append(known, strings.ToLower(k.Title()))
		} else {
			unknown = append(unknown, strings.ToLower(k.Title()))
		}
	}
	if len(unknown) > 0 {
		return Unknown, "It is not known what allows it: no source tells of any " + strings.Join(unknown, ", ") + " for that time."
	}
	return Unauthorised, "None allows it: no " + strings.Join(known, ", ") + " for this actor, target and time."
}

func targets(e *event.Event) string {
	var names []string
	for i, t := range e.Targets {
		if i == 3 {
			names = append(names, fmt.Sprintf("%d more", len(e.Targets)-i))
			break
		}
		name := t.Name
		if name == "" {
			name = t.ID
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
