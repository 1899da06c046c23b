package trace

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// Confidence of each kind of link: how likely it is that what it leads to is the same people's doing. The order follows what
// detection takes to prove most (credential, session, process, principal, host, address); the figures are judgement, held by the
// measurement in bench/forensics.
const (
	sureIssued  = 0.98 // a key is used that was handed out
	sureKey     = 0.95 // the same session or credential goes on from another foreign address
	sureIP      = 0.96 // the same address, at which nobody is at home
	sureMade    = 0.97 // somebody acts who was made by it
	sureProcess = 0.97 // a process starts another
	sureAccount = 0.85 // an account's password or factor is changed, and it is used from a foreign address within a day
	sureOpened  = 0.9  // the sign-in by which a session was opened, seconds before
	sureLike    = 0.8  // the same person does the same unusual thing
	sureSpray   = 0.75 // sign-ins that fail from many addresses until one works
)

// take takes an event in, if it is sure enough.
func (t *tracer) take(i int32, confidence float64, why string) bool {
	if m := t.member[i]; m != nil {
		return false
	}
	if confidence < t.o.Least {
		return false
	}
	if len(t.member) >= t.o.Most {
		t.cut = true
		return false
	}
	t.member[i] = &membership{why, confidence}
	return true
}

// takeStrand takes a whole strand in.
func (t *tracer) takeStrand(s int32, confidence float64, why string) {
	st := &t.strands[s]
	if st.in || confidence < t.o.Least {
		return
	}
	st.in = true
	for _, i := range st.events {
		t.take(i, confidence, why)
	}
	t.queue = append(t.queue, s)
}

// takeEvent takes one event of somebody's usual work in, or the whole strand if it is foreign.
func (t *tracer) takeEvent(i int32, confidence float64, why string) {
	if s := t.of[i]; t.strands[s].foreign {
		t.takeStrand(s, confidence, why)
		return
	}
	if t.take(i, confidence, why) {
		t.loose = append(t.loose, i)
	}
}

// takeAlone takes one event in, and nothing of what was done around it: whoever did it may be on a journey.
func (t *tracer) takeAlone(i int32, confidence float64, why string) {
	if t.take(i, confidence, why) {
		t.loose = append(t.loose, i)
	}
}

// begin takes in what was reported.
func (t *tracer) begin() {
	const why = "It was reported."
	foreign := slices.ContainsFunc(t.seeds, func(i int32) bool { return t.strands[t.of[i]].foreign })
	for _, i := range t.seeds {
		s := t.of[i]
		if t.strands[s].foreign {
			t.take(i, 1, why)
			t.takeStrand(s, 0.99, fmt.Sprintf("It was done with the same %s, from %s, from where %s does not work, as what was reported.", t.thing(s), t.strands[s].ip, t.name(i)))
		} else if t.take(i, 1, why) {
			t.loose = append(t.loose, i)
			if !foreign {
				t.likeness(i)
			}
		}
	}
}

func (t *tracer) thing(s int32) string {
	if t.strands[s].key == "" {
		return "account"
	}
	if e := t.ev[t.strands[s].events[0]]; e.Credential == t.strands[s].key {
		return "credential"
	}
	return "session"
}

func (t *tracer) name(i int32) string {
	e := t.ev[i]
	switch {
	case e.Actor.Name != "":
		return e.Actor.Name
	case e.Actor.ID != "":
		return e.Actor.ID
	}
	return "somebody unknown"
}

// walk follows links until nothing is new.
func (t *tracer) walk() {
	for len(t.queue)+len(t.loose) > 0 {
		if len(t.queue) > 0 {
			s := t.queue[0]
			t.queue = t.queue[1:]
			t.fromStrand(s)
			for _, i := range t.strands[s].events {
				t.fromEvent(i, true)
			}
			continue
		}
		i := t.loose[0]
		t.loose = t.loose[1:]
		t.fromEvent(i, false)
	}
	t.spray()
	t.opening()
	for len(t.loose) > 0 { // what opening and spray added leads no further than to what it handed out
		t.loose = t.loose[1:]
	}
}

// sure is the confidence of a strand: that of its surest event.
func (t *tracer) sure(s int32) float64 {
	best := 0.0
	for _, i := range t.strands[s].events {
		if m := t.member[i]; m != nil {
			best = max(best, m.confidence)
		}
	}
	return best
}

// fromStrand follows what a foreign strand has in common with others.
func (t *tracer) fromStrand(s int32) {
	st, c := &t.strands[s], t.sure(s)
	if st.ip != "" && st.foreign && !t.ours(st.ip) {
		for _, o := range t.byIP[st.ip] {
			t.takeStrand(o, c*sureIP, fmt.Sprintf("It came from %s too, an address at which nobody is at home.", st.ip))
		}
	}
	if st.key != "" {
		for _, o := range t.byKey[st.key] {
			switch {
			case o == s:
			case t.strands[o].foreign && t.lasting(st.key) && t.between(s, o) > sameHands:
				t.stop(fmt.Sprintf("The %s was also used from %s: its owner uses it every day, and may have been on a journey.", t.thing(s), t.strands[o].ip))
			case t.strands[o].foreign:
				t.takeStrand(o, c*sureKey, fmt.Sprintf("The same %s went on from %s.", t.thing(s), t.strands[o].ip))
			default:
				t.stop(fmt.Sprintf("The %s was also used from %s, where %s is at home: that is usual work and was left out.", t.thing(s), t.strands[o].ip, t.name(t.strands[o].events[0])))
			}
		}
		for _, i := range t.issued[st.key] {
			if t.strands[t.of[i]].foreign || t.of[i] == s {
				t.takeEvent(i, c*sureIssued, fmt.Sprintf("It handed out the %s that was used.", t.thing(s)))
			} else if !t.alone(st.key, s) {
				t.stop(fmt.Sprintf("The %s was handed out properly on %s and left its owner's hands afterwards.", t.thing(s), t.ev[i].When().Format("2 Jan 2006, 15:04 UTC")))
			}
		}
	}
	t.accountBefore(s, c)
}

// sameHands is how close in time a key that its owner uses on many days must be used from two addresses to be in the same hands.
// Judgement.
const sameHands = 2 * time.Hour

// lasting reports whether a key is somebody's for daily work: used on several days.
func (t *tracer) lasting(key string) bool {
	days := map[int64]bool{}
	for _, o := range t.byKey[key] {
		for _, i := range t.strands[o].events {
			if days[t.ev[i].When().Unix()/86400] = true; len(days) > 2 {
				return true
			}
		}
	}
	return false
}

// between is the time between the two events of two strands that lie closest.
func (t *tracer) between(a, b int32) time.Duration {
	x, y := t.strands[a].events, t.strands[b].events
	best := time.Duration(1<<63 - 1)
	for i, j := 0, 0; i < len(x) && j < len(y); {
		gap := t.ev[x[i]].When().Sub(t.ev[y[j]].When())
		best = min(best, gap.Abs())
		if gap < 0 {
			i++
		} else {
			j++
		}
	}
	return best
}

// alone reports whether a key was only used by the strand.
func (t *tracer) alone(key string, s int32) bool {
	return !slices.ContainsFunc(t.byKey[key], func(o int32) bool { return o != s && !t.strands[o].foreign })
}

func (t *tracer) stop(s string) {
	if !slices.Contains(t.stops, s) && len(t.stops) < 20 {
		t.stops = append(t.stops, s)
	}
}

// accountBefore looks for the change of an account that made a foreign sign-in possible: its password or factor, by somebody else,
// within the day before.
func (t *tracer) accountBefore(s int32, c float64) {
	st := &t.strands[s]
	if !st.foreign || !t.worked(s) {
		return
	}
	first := t.ev[st.events[0]]
	for _, name := range []string{strings.ToLower(first.Actor.ID), st.who} {
		for _, i := range t.byTarget[name] {
			e := t.ev[i]
			if gap := first.When().Sub(e.When()); gap > 0 && gap <= 24*time.Hour && t.who[i] != st.who && accountChange(e) {
				t.takeAlone(i, c*sureAccount, fmt.Sprintf("It changed how %s signs in, %s before the account was used from %s.", t.name(st.events[0]), length(gap), st.ip))
			}
		}
	}
}

// accountChange reports whether an event changes how somebody signs in.
func accountChange(e *event.Event) bool {
	return e.Class == event.AccountChange && e.Status != event.Failure && (e.Activity == passwordChange || e.Activity == passwordReset || e.Activity == factorOn || e.Activity == factorOff)
}

// Activities of the class account change, as OCSF numbers them.
const (
	passwordChange = 3
	passwordReset  = 4
	factorOn       = 10
	factorOff      = 11
)

// worked reports whether anything in a strand worked: tries that fail open no account.
func (t *tracer) worked(s int32) bool {
	return slices.ContainsFunc(t.strands[s].events, func(i int32) bool { return t.ev[i].Status != event.Failure })
}

// fromEvent follows what an event handed out, made or changed. Whole says that the strand was taken in with it.
func (t *tracer) fromEvent(i int32, whole bool) {
	e, c := t.ev[i], 1.0
	if m := t.member[i]; m != nil {
		c = m.confidence
	}
	for _, k := range e.Issued {
		for _, o := range t.byKey[k] {
			if o != t.of[i] && (whole || t.strands[o].foreign) {
				t.takeStrand(o, c*sureIssued, "The key it was done with was handed out on the way.")
			}
		}
	}
	for _, g := range e.Targets {
		t.fromTarget(i, e, g, c)
	}
	t.fromProcess(i, e, c)
}

// Processes are followed within a day, and not through those that start very many: they are daemons, and start everybody's.
const (
	processDay = 24 * time.Hour
	daemon     = 100
)

// fromProcess follows what else a process did, what it started, and what started it.
func (t *tracer) fromProcess(i int32, e *event.Event, c float64) {
	follow := func(list []int32, why string) {
		if len(list) > daemon {
			return
		}
		for _, k := range list {
			if k != i && t.ev[k].When().Sub(e.When()).Abs() < processDay {
				t.takeEvent(k, c*sureProcess, why)
			}
		}
	}
	if e.Process != "" && e.Status != event.Failure {
		follow(t.proc[e.Process], "The same process did it.")
		follow(t.child[e.Process], "A process that belongs to it started this one.")
	}
	if e.Parent != "" && len(t.child[e.Parent]) <= daemon {
		follow(t.proc[e.Parent], "It is the process that started what belongs.")
	}
}

func (t *tracer) fromTarget(i int32, e *event.Event, g event.Target, c float64) {
	if !identity(g.Kind) || len(g.ID) < 4 || e.Status == event.Failure || g.Kind == "session" {
		return
	}
	id := strings.ToLower(g.ID)
	if g.Effect == event.Creates && e.Weight >= event.WeightWrite || e.Class == event.AccountChange && e.Effect == event.Creates {
		for _, name := range []string{g.ID, g.Name} {
			for _, o := range t.madeStrands(name, e.When()) {
				t.takeStrand(o, c*sureMade, fmt.Sprintf("%s, which was made by it, was used.", g.ID))
			}
		}
	}
	if list := t.byTarget[id]; g.Kind != "user" && list[0] != i && t.madeHere(list[0], t.targetOf(list[0], id)) && t.ev[list[0]].When().After(t.early) {
		t.takeAlone(list[0], c*sureMade, fmt.Sprintf("It made or let in %s, which was used.", either(g.Name, g.ID)))
	}
	made := t.madeHere(i, g)
	for _, k := range t.byTarget[id] {
		if k > i && made && t.who[k] != "" {
			t.takeEvent(k, c*sureMade, fmt.Sprintf("It used or changed %s, which was made or let in by it.", either(g.Name, g.ID)))
		}
	}
	if e.Class != event.AccountChange { // rights alone open no account: whoever holds it goes on working, perhaps from a train
		return
	}
	for _, name := range []string{id, strings.ToLower(g.Name)} {
		for _, o := range t.byWho[name] {
			t.usedAfter(o, e, g, c)
		}
	}
}

// usedAfter takes in a foreign strand of an account that begins within a day of its change.
func (t *tracer) usedAfter(o int32, e *event.Event, g event.Target, c float64) {
	first := t.ev[t.strands[o].events[0]].When()
	if gap := first.Sub(e.When()); t.strands[o].foreign && t.worked(o) && gap > 0 && gap <= 24*time.Hour {
		t.takeStrand(o, c*sureAccount, fmt.Sprintf("%s was used from %s, %s after the account was changed by it.", either(g.Name, g.ID), t.strands[o].ip, length(gap)))
	}
}

// targetOf is the target of an event with an identifier, in lower case.
func (t *tracer) targetOf(i int32, id string) event.Target {
	for _, g := range t.ev[i].Targets {
		if strings.ToLower(g.ID) == id {
			return g
		}
	}
	return event.Target{}
}

// madeHere reports whether a target first appears with this event, and is not everybody's: something new.
func (t *tracer) madeHere(i int32, g event.Target) bool {
	e, list := t.ev[i], t.byTarget[strings.ToLower(g.ID)]
	if len(list) == 0 || list[0] != i {
		return false
	}
	if g.Kind == "user" {
		return e.Class == event.AccountChange && g.Effect == event.Creates
	}
	return g.Effect == event.Creates || g.Effect == event.Changes
}

// madeStrands are the strands in which a name acts, or is the credential, after a time.
func (t *tracer) madeStrands(name string, after time.Time) (out []int32) {
	if len(name) < 4 {
		return nil
	}
	for _, list := range [][]int32{t.byKey[name], t.byWho[name], t.byWho[strings.ToLower(name)]} {
		for _, o := range list {
			if first := t.ev[t.strands[o].events[0]].When(); !first.Before(after) {
				out = append(out, o)
			}
		}
	}
	return out
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// length is a duration for people.
func length(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()+.5))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()+.5))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()+.5))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24+.5))
}
