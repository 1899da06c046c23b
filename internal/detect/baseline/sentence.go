package baseline

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// maxFindings bounds the facets of an anomaly, maxExamples its events.
const (
	maxFindings = 20
	maxOfFacet  = 4
	maxExamples = 20
)

// worth is the least surprise that is told, in nats.
const worth = 1

// explain makes an anomaly of a unit.
func (m *Model) explain(v *verdict) Anomaly {
	u := v.unit
	a := Anomaly{Entity: Entity{Log: u.key.log, ID: u.key.id, Name: u.name, Kind: u.kind}, Peer: u.peer, Hour: instant(u.hour), Score: v.score, P: v.p, Compared: int(v.n)}
	if a.Entity.Name == "" {
		a.Entity.Name = a.Entity.ID
	}
	var nth [facets]int
	for i := range v.parts {
		p := &v.parts[i]
		if p.event != "" && len(a.Events) < maxExamples && !slices.Contains(a.Events, p.event) && (p.surprise >= worth || len(a.Events) == 0) {
			a.Events = append(a.Events, p.event)
		}
		if p.aside || p.surprise < worth || len(a.Facets) >= maxFindings || nth[p.facet] >= maxOfFacet {
			continue
		}
		nth[p.facet]++
		f := Finding{Facet: p.facet, Value: p.value, Seen: int(p.before), Team: int(p.team), Surprise: math.Round(p.surprise*100) / 100, Event: p.event}
		if p.before > 0 || p.facet == Dormant {
			f.Last = instant(p.last)
		}
		a.Facets = append(a.Facets, f)
	}
	a.Technique = technique(v.parts)
	a.Sentence = m.sentence(v, a.Entity.Name)
	a.Confidence = fmt.Sprintf("%s of %s comparable hours were as unusual", count(int(math.Round(v.p*float64(v.n+1)))-1, "none"), number(int(v.n)))
	return a
}

func count(n int, none string) string {
	if n <= 0 {
		return none
	}
	return number(n)
}

// number writes thousands with commas.
func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return number(n) + " times"
}

// maxClauses is how many facets the sentence tells.
const maxClauses = 4

// sentence says in plain words what is unusual, with the numbers.
func (m *Model) sentence(v *verdict, who string) string {
	u := v.unit
	known := v.entity
	var clauses []string
	told := map[Facet]int{}
	if known == nil {
		clauses = append(clauses, fmt.Sprintf("%s was not seen before this hour, in which it did %s", who, plural(int(u.events), "thing")))
	}
	for i := range v.parts {
		p := &v.parts[i]
		if p.aside || p.surprise < worth || p.facet == Newcomer || p.facet == Team || len(clauses) >= maxClauses {
			continue
		}
		if told[p.facet]++; told[p.facet] > 1 || p.facet == Network && told[Credential] > 0 || p.facet == Credential && told[Network] > 0 {
			continue
		}
		c := m.clause(v, p, more(v.parts, p.facet))
		if len(clauses) == 0 {
			c = who + " " + c
		}
		clauses = append(clauses, c)
	}
	if len(clauses) == 0 {
		return fmt.Sprintf("%s did nothing that is unusual by itself, but more of it than usual together.", who)
	}
	return strings.Join(clauses, "; ") + "."
}

// more is how many further values of a facet are new.
func more(parts []part, f Facet) int {
	n := -1
	for i := range parts {
		if parts[i].facet == f && !parts[i].aside && parts[i].before == 0 && parts[i].surprise >= worth {
			n++
		}
	}
	return max(0, n)
}

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return number(n) + " " + of + "s"
}

func (m *Model) clause(v *verdict, p *part, others int) string {
	u, e := v.unit, v.entity
	also := ""
	if others > 0 {
		also = fmt.Sprintf(" (and %s more)", number(others))
	}
	switch p.facet {
	case Action:
		return m.actionClause(v, p) + also
	case Network:
		return seenClause("came from the network "+p.value, p) + also
	case Country:
		return seenClause("came from "+p.value, p) + also
	case Agent:
		return seenClause("used "+p.value, p) + also
	case Resource:
		return seenClause("touched a "+p.value, p) + also
	case Credential:
		return seenClause("used the credential "+strings.Replace(p.value, " from ", " from the network ", 1), p)
	case Hour:
		if e == nil {
			return "was active " + p.value
		}
		return fmt.Sprintf("was active %s, where %s of %s events before were", p.value, count(int(p.before), "none"), number(int(e.events)))
	case Errors:
		return fmt.Sprintf("failed %s in the hour, usually %s", times(int(p.n)), about(p.usual))
	case Volume:
		return fmt.Sprintf("made %s in the hour, usually about %s", plural(int(p.n), "event"), about(p.usual))
	case Breadth:
		least := ""
		if len(u.targets) >= maxTargets {
			least = "at least "
		}
		return fmt.Sprintf("touched %s%s in the hour, usually about %s", least, plural(int(p.n), "different thing"), about(p.usual))
	case Ramp:
		return fmt.Sprintf("did %.1f times as much a day in the last week as in the last month", p.usual)
	case Travel:
		return fmt.Sprintf("went from %s in %s", p.value, plural(int(p.usual), "minute"))
	case Dormant:
		return fmt.Sprintf("was silent for %s before, since %s", plural(int(u.hour-p.last)/24, "day"), instant(p.last).Format("2006-01-02"))
	}
	return p.facet.String() + " " + p.value
}

func about(x float64) string { return number(int(math.Round(x))) }

// seenClause says how often something was so before.
func seenClause(what string, p *part) string {
	if p.before > 0 {
		return fmt.Sprintf("%s, as %s before, last on %s", what, times(int(p.before)), instant(p.last).Format("2006-01-02"))
	}
	if p.team > 0 {
		return fmt.Sprintf("%s for the first time; the peers did %s", what, times(int(p.team)))
	}
	return what + ", which neither the account nor its peers did before"
}

func (m *Model) actionClause(v *verdict, p *part) string {
	e := v.entity
	if e == nil {
		return fmt.Sprintf("did %s %s, the peers before %s", p.value, times(int(p.n)), times(int(p.team)))
	}
	if p.before > 0 {
		return fmt.Sprintf("did %s %s, before that %s in %s events, last on %s", p.value, times(int(p.n)), times(int(p.before)), number(int(e.events)), instant(p.last).Format("2006-01-02"))
	}
	days := max(1, int(v.unit.hour-e.since)/24)
	team := "the peers"
	if g := m.commons.group(v.unit.key.log, v.unit.team()); v.unit.peer != "" && g.members > 1 {
		team = fmt.Sprintf("the peer group %s of %s", v.unit.peer, number(int(g.members)))
	}
	return fmt.Sprintf("did %s for the first time in %s and %s; %s did so %s", p.value, plural(days, "day"), plural(int(e.events), "event"), team, times(int(p.team)))
}

func hourName(hour int32) string {
	h := hourOfWeek(hour)
	if h >= 24 {
		return fmt.Sprintf("between %02d:00 and %02d:00 UTC on a weekend day", h-24, (h-24+1)%25)
	}
	return fmt.Sprintf("between %02d:00 and %02d:00 UTC on a working day", h, (h+1)%25)
}
