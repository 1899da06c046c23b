package baseline

import (
	"net/netip"
	"strings"

	"github.com/tickmark/tickmark/internal/event"
)

// Facet is a side from which behaviour is looked at.
type Facet uint8

// The facets. Those before Errors are distributions over values; Errors, Volume and Breadth are series of counts an hour.
const (
	Action     Facet = iota // what is done, and whether it succeeded
	Network                 // from which network: the ASN, or else the /24 or /48
	Country                 // from which country
	Agent                   // with which family of programs
	Resource                // to which kind of thing
	Hour                    // at which hour of a working day or of a weekend day
	Credential              // from which network a credential is used
	keys                    // how often credentials are used; no facet of its own
	Errors                  // attempts that failed in the hour
	Volume                  // events in the hour
	Breadth                 // different targets in the hour
	stored
)

// Facets that need no distribution of their own.
const (
	Team     Facet = stored + iota // what nobody of the peer group does
	Ramp                           // more and more, over weeks
	Travel                         // from two countries within two hours
	Dormant                        // again after a long silence
	Newcomer                       // never seen at all
	facets
)

var facetNames = [facets]string{Action: "action", Network: "network", Country: "country", Agent: "program", Resource: "resource", Hour: "hour", Credential: "credential and network",
	keys: "credential", Errors: "failures", Volume: "volume", Breadth: "targets", Team: "action of the team", Ramp: "rise", Travel: "travel", Dormant: "silence", Newcomer: "newcomer"}

// String is the name of the facet.
func (f Facet) String() string {
	if f < facets {
		return facetNames[f]
	}
	return "unknown"
}

// FacetByName is the facet with the name.
func FacetByName(name string) (Facet, bool) {
	for f, n := range facetNames {
		if n == name && Facet(f) != keys {
			return Facet(f), true
		}
	}
	return 0, false
}

// shares are how much a facet's surprise counts. They are judgement: what says most about who acts counts most. The test by
// conformal p-values is valid for any of them.
var shares = [facets]float64{Action: 1, Network: 0.8, Country: 0.6, Agent: 0.5, Resource: 0.5, Hour: 0.4, Credential: 1, Errors: 0.7, Volume: 0.6, Breadth: 0.7,
	Team: 0.5, Ramp: 1, Travel: 1, Dormant: 1, Newcomer: 0.5}

// gains are how much an action's surprise counts, by what an attacker gains by it.
var gains = [...]float64{event.WeightUnknown: 0.7, event.WeightRead: 0.6, event.WeightSignIn: 0.7, event.WeightWrite: 1, event.WeightPrivilege: 1.5, event.WeightDefence: 2}

func gain(w event.Weight) float64 {
	if int(w) < len(gains) {
		return gains[w]
	}
	return gains[event.WeightUnknown]
}

// limits bound the values of a facet that are remembered of one actor; groups remember sixteen times as many.
var limits = [stored]int{Action: 64, Network: 32, Country: 12, Agent: 16, Resource: 24, Hour: 48, Credential: 32, keys: 16, Errors: 24, Volume: 24, Breadth: 24}

// hash is FNV-1a of 64 bits (Fowler, Noll, Vo), which is the same on every machine and after every start.
func hash(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211 // an end, so that "a"+"b" differs from "ab"
}

const basis = 14695981039346656037

// network is by what an address is known: its ASN, else the /24 or /48 it is in, else the text as it is.
func network(from *event.Endpoint) (uint64, func() string) {
	if from.ASN != 0 {
		n := from.ASN
		return hash(basis^uint64(n), "asn"), func() string { return "AS" + decimal(uint64(n)) }
	}
	if from.IP == "" {
		return 0, nil
	}
	ip, err := netip.ParseAddr(from.IP)
	if err != nil {
		text := bounded(from.IP)
		return hash(basis, text), func() string { return text }
	}
	ip = ip.Unmap().WithZone("")
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return 0, nil
	}
	b := prefix.Addr().As16()
	return hash(basis, string(b[:])), prefix.String
}

// maxText bounds the texts that are kept for sentences.
const maxText = 200

func bounded(s string) string {
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}

func decimal(n uint64) string {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}

var browsers = []struct{ mark, name string }{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"}}

var systems = []struct{ mark, name string }{{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iOS"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}}

// family is a user agent without versions: the browser and the system, or the name of the program before its version.
func family(agent string) string {
	agent = bounded(agent)
	if strings.HasPrefix(agent, "Mozilla/") {
		name, system := "browser", "unknown system"
		for _, b := range browsers {
			if strings.Contains(agent, b.mark) {
				name = b.name
				break
			}
		}
		for _, s := range systems {
			if strings.Contains(agent, s.mark) {
				system = s.name
				break
			}
		}
		return name + " on " + system
	}
	name := strings.TrimLeft(agent, " [\"")
	if i := strings.IndexAny(name, "/ ;(]"); i >= 0 {
		name = name[:i]
	}
	return strings.ToLower(name)
}

// hourOfWeek folds the hours of a week into those of a working day and those of a weekend day: with a half-life of 30 days a
// single hour of the week would be known by four observations only.
func hourOfWeek(hour int32) int {
	weekday := (day(hour) + 4) % 7 // 1970-01-01 was a Thursday; 0 is Sunday
	if weekday < 0 {
		weekday += 7
	}
	h := int(hour - day(hour)*24)
	if weekday == 0 || weekday == 6 {
		h += 24
	}
	return h
}
