package trace

import (
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// When something is reported of somebody's usual work, only what is unlike the rest of it is taken in.
const (
	around     = 2 * time.Hour  // from one unusual thing of a person to the next
	apartDays  = 96 * time.Hour // from one day of very much to the next: over a weekend
	many       = 5              // things of one kind on a day that are many, if they are also
	timesUsual = 4              // so many times as on a usual day
)

// likeness takes in what the same person did that is as unusual as what was reported: far more of it than on a usual day, the same
// on things they had never touched, and other weighty things around it that they had never done.
func (t *tracer) likeness(seed int32) {
	who, action := t.who[seed], t.ev[seed].Action
	mine := t.ofActor(who)
	touched, acted, perDay := map[string]bool{}, map[string]int{}, map[int64]int{}
	day := func(i int32) int64 { return t.ev[i].When().Unix() / 86400 }
	for _, i := range mine {
		if t.ev[i].Action == action {
			perDay[day(i)]++
		}
	}
	usual := t.usualDay(perDay, t.actors[who])
	var odd, much []int32
	for _, i := range mine {
		e := t.ev[i]
		first := firstTarget(e)
		fresh := first != "" && !touched[first] || t.o.Surprise != nil && t.o.Surprise(e) >= t.o.Surprising
		if usualWork := !t.strands[t.of[i]].foreign; usualWork && (e.Action == action && fresh || e.Weight >= event.WeightPrivilege && (acted[e.Action] == 0 || fresh)) {
			odd = append(odd, i)
		}
		if e.Action == action && perDay[day(i)] >= many && float64(perDay[day(i)]) >= timesUsual*usual {
			much = append(much, i)
		}
		touched[first] = true
		acted[e.Action]++
	}
	t.chain(seed, odd, around)
	if slices.Contains(much, seed) {
		t.chain(seed, much, apartDays)
	}
	t.openers(seed)
}

func firstTarget(e *event.Event) string {
	if len(e.Targets) == 0 {
		return ""
	}
	return e.Targets[0].Kind + " " + e.Targets[0].ID
}

// usualDay is the median of how often something is done on the days somebody works.
func (t *tracer) usualDay(perDay map[int64]int, a *use) float64 {
	counts := make([]int, max(a.days, len(perDay)))
	k := 0
	for _, n := range perDay {
		counts[k] = n
		k++
	}
	slices.Sort(counts)
	if len(counts) == 0 {
		return 0
	}
	return max(float64(counts[len(counts)/2]), 0.5)
}

// ofActor are an actor's events in order.
func (t *tracer) ofActor(who string) (out []int32) {
	for _, s := range t.byWho[who] {
		out = append(out, t.strands[s].events...)
	}
	slices.Sort(out)
	return out
}

// chain takes in the odd events that follow one another without a longer pause, from the one that was reported both ways.
func (t *tracer) chain(seed int32, odd []int32, pause time.Duration) {
	k, found := slices.BinarySearch(odd, seed)
	add := func(i int32) {
		t.takeAlone(i, sureLike, fmt.Sprintf("%s had never done this before, or never so much of it, and it stands close to what was reported.", t.name(i)))
	}
	last := t.ev[seed].When()
	for j := k - 1; j >= 0 && last.Sub(t.ev[odd[j]].When()) <= pause; j-- {
		add(odd[j])
		last = t.ev[odd[j]].When()
	}
	if found {
		k++
	}
	last = t.ev[seed].When()
	for j := k; j < len(odd) && t.ev[odd[j]].When().Sub(last) <= pause; j++ {
		add(odd[j])
		last = t.ev[odd[j]].When()
	}
}

// openers takes in how a session was opened that served for little else: half or more of what was done with it belongs.
func (t *tracer) openers(seed int32) {
	s := t.of[seed]
	st := &t.strands[s]
	n := 0
	for _, i := range st.events {
		if t.member[i] != nil {
			n++
		}
	}
	if st.key == "" || 2*n < len(st.events) || t.span(st.key) > oneDay {
		return
	}
	for _, i := range st.events {
		if t.take(i, sureLike, "It was done in a session that served for little else than what was reported.") {
			t.loose = append(t.loose, i)
		}
	}
	for _, i := range t.issued[st.key] {
		t.takeEvent(i, sureOpened, "It opened the session in which this was done.")
	}
}

// oneDay is how long a session lasts at most; what lasts longer is somebody's key for daily work.
const oneDay = 24 * time.Hour

// span is from the first use of a key to the last.
func (t *tracer) span(key string) time.Duration {
	var first, last time.Time
	for _, s := range t.byKey[key] {
		list := t.strands[s].events
		a, b := t.ev[list[0]].When(), t.ev[list[len(list)-1]].When()
		if first.IsZero() || a.Before(first) {
			first = a
		}
		if b.After(last) {
			last = b
		}
	}
	return last.Sub(first)
}

// openWithin is how long before a ticket the sign-in that asked for it may lie; browsers redirect at once.
const openWithin = time.Minute

// opening takes in, for tickets that belong, the step at the identity provider that led to them: the same person from the same
// address within a minute.
func (t *tracer) opening() {
	for i := range t.ev {
		e := t.ev[i]
		m := t.member[int32(i)]
		if m == nil || len(e.Issued) == 0 || e.Class != event.Authentication {
			continue
		}
		for _, s := range t.byWho[t.who[i]] {
			if t.strands[s].ip != e.From.IP {
				continue
			}
			for _, k := range t.strands[s].events {
				o := t.ev[k]
				if gap := e.When().Sub(o.When()); gap >= 0 && gap <= openWithin && o.Class == event.Authentication && o.Log != e.Log {
					t.take(k, m.confidence*sureOpened, fmt.Sprintf("It led to the session that was opened %s later.", length(gap)))
				}
			}
		}
	}
}

// How failing sign-ins before a success count as guessing: so many, from addresses from which nobody ever succeeded, none
// further from the next than sprayPause.
const (
	sprayLeast = 10
	sprayPause = 2 * time.Hour
)

// spray takes in the guessing that came before, if the first thing that belongs is a sign-in from a foreign address.
func (t *tracer) spray() {
	root := t.earliest()
	if root < 0 || t.ev[root].Class != event.Authentication || !t.strands[t.of[root]].foreign {
		return
	}
	var guesses []int32
	addresses := map[string]bool{}
	last := t.ev[root].When()
	for i := root - 1; i >= 0 && last.Sub(t.ev[i].When()) <= sprayPause; i-- {
		e := t.ev[i]
		if !t.guess(i, root) {
			continue
		}
		guesses, last = append(guesses, i), e.When()
		addresses[e.From.IP] = true
	}
	if len(guesses) < sprayLeast || t.goesOn(root) {
		return
	}
	for _, i := range guesses {
		t.take(i, sureSpray, fmt.Sprintf("It is one of %d sign-ins that failed, from %d addresses from which nobody ever signed in, right up to the one that worked.", len(guesses), len(addresses)))
	}
}

// goesOn reports whether the guessing goes on after the sign-in that worked: then it was somebody else's.
func (t *tracer) goesOn(root int32) bool {
	n := 0
	for i := int(root) + 1; i < len(t.ev) && t.ev[i].When().Sub(t.ev[root].When()) <= sprayPause; i++ {
		if t.guess(int32(i), root) {
			n++
		}
	}
	return n >= 2
}

// guess reports whether an event is a sign-in that failed from an address from which nobody ever succeeded.
func (t *tracer) guess(i, root int32) bool {
	e := t.ev[i]
	return e.Class == event.Authentication && e.Status == event.Failure && e.Log == t.ev[root].Log && e.From.IP != "" && len(t.residents[e.From.IP]) == 0 && t.member[i] == nil
}

func (t *tracer) earliest() int32 {
	best := int32(-1)
	for i := range t.member {
		if best < 0 || i < best {
			best = i
		}
	}
	return best
}
