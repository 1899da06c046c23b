package baseline

import (
	"math"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// Result is what closing hours tells.
type Result struct {
	Alerts    []Anomaly // within the budget; the least probable of an hour first
	Queue     []Anomaly // that were unusual too, but not enough for an alert: to be looked at when there is time, never sent
	Confirmed []Anomaly // of the days that ended: a list in which no more than the agreed share is expected to be false
}

// Anomaly is an entity-hour that is unusual.
type Anomaly struct {
	Entity     Entity
	Peer       string
	Hour       time.Time // its beginning
	Score      float64   // sum of weighted surprises, in nats
	P          float64   // conformal p-value
	Compared   int       // with how many entity-hours
	Sentence   string
	Facets     []Finding // the most surprising first
	Events     []string  // identifiers of events that show it, at most 20
	Technique  string    // of ATT&CK; empty if the facets do not tell
	Confidence string    // in words: how seldom a usual hour is as unusual
}

// Finding is one value that is unusual.
type Finding struct {
	Facet    Facet
	Value    string
	Seen     int       // how often the entity did so before
	Team     int       // how often its peer group did
	Last     time.Time // when the entity did so last; zero if never
	Surprise float64   // in nats, weighted
	Event    string    // one that shows it
}

// today gathers what the daily list is made of.
type today struct {
	index int32
	tests int
	best  []candidate // the highest e-values first
}

type candidate struct {
	e       float64 // logarithm
	anomaly Anomaly
}

// maxConfirmed bounds the daily list.
const maxConfirmed = 64

func (t *today) add(a Anomaly, e float64) {
	if math.IsInf(e, -1) || math.IsNaN(e) {
		return
	}
	i, _ := slices.BinarySearchFunc(t.best, e, func(c candidate, e float64) int {
		if c.e >= e {
			return -1
		}
		return 1
	})
	if i >= maxConfirmed {
		return
	}
	t.best = slices.Insert(t.best, i, candidate{e, a})
	t.best = t.best[:min(len(t.best), maxConfirmed)]
}

// confirmed is the list of e-BH (Wang and Ramdas 2022, arXiv 2009.02824): the k highest e-values, for the largest k whose lowest
// is at least tests / (q k). At most the share q of it is false on average, however the tests depend on each other.
func (t *today) confirmed(q float64) []Anomaly {
	k := 0
	for i, c := range t.best {
		if c.e >= math.Log(float64(t.tests)/(q*float64(i+1))) {
			k = i + 1
		}
	}
	var out []Anomaly
	for _, c := range t.best[:k] {
		out = append(out, c.anomaly)
	}
	return out
}

// Benign is what somebody said is no reason to look: a value of a facet, of one entity or of all.
type Benign struct {
	Log, Entity string // empty for every one
	Facet       Facet
	Value       string    // as in Finding; empty for any
	Until       time.Time // from when on it counts again
}

type benignKey struct {
	log, entity string
	facet       Facet
	value       string
}

// SetBenign replaces what is left aside.
func (m *Model) SetBenign(list []Benign) {
	m.benign = map[benignKey]time.Time{}
	for _, b := range list {
		k := benignKey{b.Log, b.Entity, b.Facet, b.Value}
		if b.Until.After(m.benign[k]) {
			m.benign[k] = b.Until
		}
	}
}

func (m *Model) isBenign(u *unit, p *part) bool {
	if len(m.benign) == 0 {
		return false
	}
	at := instant(u.hour)
	facet := p.facet
	for _, log := range []string{u.key.log, ""} {
		for _, id := range []string{u.key.id, ""} {
			for _, value := range []string{p.value, ""} {
				if at.Before(m.benign[benignKey{log, id, facet, value}]) {
					return true
				}
				if facet == Team && at.Before(m.benign[benignKey{log, id, Action, value}]) {
					return true
				}
			}
		}
	}
	return false
}

// techniques are those of ATT&CK (https://attack.mitre.org, Enterprise) that a facet at the top speaks for.
func technique(parts []part) string {
	for _, p := range parts {
		if p.aside {
			continue
		}
		switch p.facet {
		case Action, Team:
			switch p.weight {
			case event.WeightDefence:
				return "T1562" // Impair Defenses
			case event.WeightPrivilege:
				return "T1098" // Account Manipulation
			}
		case Network, Country, Credential, Travel, Agent, Dormant:
			return "T1078" // Valid Accounts
		case Errors:
			if p.weight <= event.WeightSignIn {
				return "T1110" // Brute Force
			}
		}
	}
	return ""
}
