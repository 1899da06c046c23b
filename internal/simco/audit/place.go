package audit

import (
	"fmt"

	"github.com/tickmark/tickmark/internal/simco/life"
)

// place is from where something is done: an address with what its registries say, and a program.
type place struct {
	ip                 string
	asn                int
	asOrg              string
	country, city      string
	lat, lon           float64
	proxy              bool
	agent, os, browser string // of a browser
	cli, git, kubectl  string // of other programs on the same machine
	device             string
}

// network is who runs an address. Numbers are those kept for documentation (RFC 5398).
type network struct {
	asn  int
	name string
}

var (
	homes  = []network{{64496, "Havelnetz"}, {64497, "Tejo Telecom"}, {64498, "Lakeshore Cable"}, {64499, "Liffey Broadband"}}
	mobile = []network{{64500, "Havelnetz Mobil"}, {64501, "Tejo Movel"}, {64502, "Lakeshore Wireless"}, {64503, "Liffey Mobile"}}
	vpn    = network{64504, "Northwind VPN"}
	cloud  = network{64505, "Northwind Cloud"}
	hosts  = []network{{64509, "Hosting Nord"}, {64510, "Cheap Racks"}, {64511, "Onion Relays"}, {65536, "Bulk Proxies"}, {65537, "Rented Machines"}, {65538, "Far Hosting"}}
)

var abroad = []struct {
	country, city string
	lat, lon      float64
}{
	{"FR", "Paris", 48.86, 2.35}, {"US", "Chicago", 41.88, -87.63}, {"ES", "Madrid", 40.42, -3.7}, {"GB", "London", 51.51, -0.13},
	{"IT", "Milan", 45.46, 9.19}, {"NL", "Utrecht", 52.09, 5.12}, {"SE", "Malmö", 55.6, 13.0}, {"BR", "Recife", -8.05, -34.88},
}

var machines = []struct{ agent, os, browser, cli, git, kubectl string }{
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36", "Mac OS X", "CHROME",
		"aws-cli/2.31.8 md/awscrt#0.27.6 ua/2.1 os/macos#25.1.0 md/arch#arm64 lang/python#3.13.7", "git/2.51.0", "kubectl/v1.34.1 (darwin/arm64) kubernetes/93248f9"},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15", "Mac OS X", "SAFARI",
		"aws-cli/2.31.8 md/awscrt#0.27.6 ua/2.1 os/macos#25.1.0 md/arch#arm64 lang/python#3.13.7", "git/2.50.1 (Apple Git-155)", "kubectl/v1.34.1 (darwin/arm64) kubernetes/93248f9"},
	{"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Linux", "FIREFOX",
		"aws-cli/2.30.2 md/awscrt#0.27.6 ua/2.1 os/linux#6.12.48 md/arch#x86_64 lang/python#3.13.7", "git/2.51.0", "kubectl/v1.34.0 (linux/amd64) kubernetes/f28b4c9"},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36 Edg/146.0.0.0", "Windows 11", "EDGE",
		"aws-cli/2.31.8 md/awscrt#0.27.6 ua/2.1 os/windows#11 md/arch#amd64 lang/python#3.13.7", "git/2.51.0.windows.1", "kubectl/v1.34.1 (windows/amd64) kubernetes/93248f9"},
}

func (p *place) machine(n uint64) {
	m := machines[n%uint64(len(machines))]
	p.agent, p.os, p.browser, p.cli, p.git, p.kubectl, p.device = m.agent, m.os, m.browser, m.cli, m.git, m.kubectl, "Computer"
}

// home is where a person mostly works.
func (t *Trail) home(person int32) place {
	o := t.w.People[person].Office
	office := life.Offices[o]
	p := place{ip: life.Address(int(person)), asn: homes[o].asn, asOrg: homes[o].name, country: office.Land, city: office.City, lat: office.Lat, lon: office.Lon}
	p.machine(mix(t.w.Seed ^ uint64(person)<<8 ^ 77))
	return p
}

// whereabouts is where a person works on a day: mostly at home or in the office, sometimes behind the company's VPN, on a train
// with a telephone's network, or for some days abroad.
func (t *Trail) whereabouts(person int32, day int) place {
	p := t.home(person)
	d := roll(t.w.Seed, forPlace, int(person), day)
	week := roll(t.w.Seed, forPlace, int(person)+1<<30, day/5)
	switch travels := week.chance(0.02); {
	case travels:
		a := pick(week, abroad)
		n := week.IntN(1 << 16)
		p.ip, p.asn, p.asOrg = fmt.Sprintf("2001:db8:%x:%x::%x", 0x100+len(a.city), n, 1+week.IntN(4000)), 64506+n%3, "Hotel Networks "+a.country
		p.country, p.city, p.lat, p.lon = a.country, a.city, a.lat, a.lon
	case d.chance(0.12):
		p.ip, p.asn, p.asOrg = fmt.Sprintf("198.51.100.%d", 250+d.IntN(3)), vpn.asn, vpn.name
	case d.chance(0.06):
		n := mobile[t.w.People[person].Office]
		p.ip, p.asn, p.asOrg = fmt.Sprintf("2001:db8:%x:%x::%x", n.asn-64400, d.IntN(1<<12), 1+d.IntN(60000)), n.asn, n.name
	}
	return p
}

// lair is an address of an attacker, and a machine.
func (s *sheet) lair(relay bool) place {
	a, n := pick(s.dice, abroad), pick(s.dice, hosts)
	p := place{asn: n.asn, asOrg: n.name, country: a.country, city: a.city, lat: a.lat, lon: a.lon, proxy: relay}
	switch n := s.lairs; { // addresses of versions 4 are few, and each attacker has their own
	case s.chance(0.6) && n < 14:
		p.ip = fmt.Sprintf("203.0.113.%d", 241+n)
		s.lairs++
	case s.chance(0.6) && n < 23:
		p.ip = fmt.Sprintf("198.51.100.%d", 241+n-14)
		s.lairs++
	default:
		p.ip = s.anywhere()
	}
	p.machine(s.number())
	return p
}

// anywhere is an address at one of the hosting companies.
func (s *sheet) anywhere() string {
	return fmt.Sprintf("2001:db8:%x:%x::%x", 0x300+s.IntN(64), s.IntN(1<<16), 1+s.IntN(250))
}

// server is the address of the company's own machines.
func server(last int) place {
	return place{ip: fmt.Sprintf("192.0.2.%d", last), asn: cloud.asn, asOrg: cloud.name, country: "IE", city: "Dublin", lat: 53.35, lon: -6.26, device: "Unknown", os: "Unknown", browser: "UNKNOWN"}
}
