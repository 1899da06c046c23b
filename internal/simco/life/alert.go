package life

import (
	"cmp"
	"fmt"
	"slices"
)

// Alert is a dependency alert: a known weakness in something a repository uses.
type Alert struct {
	Number    int
	Package   int // index into Packages
	Severity  string
	Created   Time
	Fixed     Time // 0 while open
	Dismissed Time // 0 unless dismissed
	By        int32
	planted   bool
}

// Packages are the dependencies that have alerts. None of them exists.
var Packages = []struct{ Ecosystem, Name, Manifest string }{
	{"go", "code.example/lattice/router", "go.mod"}, {"go", "code.example/fathom/yaml", "go.mod"}, {"go", "code.example/kiln/jwtish", "go.mod"},
	{"npm", "example-left-align", "package-lock.json"}, {"npm", "example-mustard-template", "package-lock.json"},
	{"npm", "example-tiny-fetch", "package-lock.json"}, {"pip", "example-slowapi-forms", "requirements.txt"},
	{"pip", "example-archive-tools", "requirements.txt"}, {"maven", "example.parsers:quick-xml-bind", "pom.xml"},
}

// StateAt is the state of the alert at t.
func (a *Alert) StateAt(t Time) string {
	switch {
	case a.Fixed != 0 && a.Fixed <= t:
		return "fixed"
	case a.Dismissed != 0 && a.Dismissed <= t:
		return "dismissed"
	}
	return "open"
}

// UpdatedAt is the last change of the alert by t.
func (a *Alert) UpdatedAt(t Time) Time {
	for _, at := range []Time{a.Fixed, a.Dismissed} {
		if at != 0 && at <= t {
			return at
		}
	}
	return a.Created
}

// alerts raises dependency alerts in every repository and has them fixed in time.
func (b *builder) alerts() {
	for i := range b.w.Repos {
		b.alertsOf(i)
	}
	if b.w.Planted {
		b.overdue("critical_alert_overdue", "critical", 7)
		b.overdue("high_alert_overdue", "high", 30)
	}
	for i := range b.w.Repos {
		list := b.w.Repos[i].Alerts
		slices.SortStableFunc(list, func(x, y Alert) int { return cmp.Compare(x.Created, y.Created) })
		for k := range list {
			list[k].Number = k + 1
		}
		b.listOverdue(&b.w.Repos[i])
	}
}

func (b *builder) alertsOf(i int) {
	w := b.w
	r := &w.Repos[i]
	d := roll(w.Seed, forAlert, i)
	for t := max(w.CodeBegin, r.Created) + 3*Day; ; {
		t += Time(d.expo(55) * float64(Day))
		t -= t % Second
		if t >= w.End || r.Archived != 0 && t > r.Archived-40*Day {
			return
		}
		a := Alert{Package: d.IntN(len(Packages)), Created: t, By: b.ownerLogin(i + int(t%7))}
		switch x := d.Float64(); {
		case x < 0.08:
			a.Severity, a.Fixed = "critical", t+d.span(5*Hour, 5*Day)
		case x < 0.35:
			a.Severity, a.Fixed = "high", t+d.span(Day, 23*Day)
		case x < 0.8:
			a.Severity = "medium"
			if d.chance(0.8) {
				a.Fixed = t + d.span(3*Day, 90*Day)
			}
		default:
			a.Severity = "low"
			if d.chance(0.4) {
				a.Fixed = t + d.span(3*Day, 120*Day)
			} else if d.chance(0.5) {
				a.Dismissed = t + d.span(Hour, 20*Day)
			}
		}
		r.Alerts = append(r.Alerts, a)
	}
}

// overdue raises alerts that are fixed too late or not at all.
func (b *builder) overdue(kind, severity string, days int) {
	w := b.w
	n := w.copies()
	for k := range n {
		r := &w.Repos[(k*5+days)%len(w.Repos)]
		if r.Archived != 0 || r.Created > w.Start-Time(days+5)*Day {
			r = &w.Repos[k%3]
		}
		d := roll(w.Seed, forCast, days*1000+k)
		due := on(b.moment(kind, k, n, 4, 14), d.between(9, 17), d.between(0, 59))
		a := Alert{Package: d.IntN(len(Packages)), Severity: severity, Created: due - Time(days)*Day, planted: true, By: b.ownerLogin(k)}
		if k%2 == 0 {
			a.Fixed = due + Time(d.between(3, 11))*Day + d.span(0, 5*Hour)
		}
		r.Alerts = append(r.Alerts, a)
	}
}

func (b *builder) listOverdue(r *Repo) {
	for k := range r.Alerts {
		a := &r.Alerts[k]
		if !a.planted {
			continue
		}
		days := 7
		if a.Severity == "high" {
			days = 30
		}
		name := fmt.Sprintf("%s#%d", r.FullName(), a.Number)
		b.deviate(a.Severity+"_alert_overdue", name, name, a.Created+Time(days)*Day, a.Fixed,
			"open for longer than "+itoa(days)+" days", "repository", r.FullName(), "number", itoa(a.Number), "ghsa_id", b.w.Advisory(r, a))
	}
}

// Advisory is the invented identifier of an alert's advisory.
func (w *World) Advisory(r *Repo, a *Alert) string {
	s := letters(w.Seed, forAlert, uint64(r.ID)<<16^uint64(a.Created), "23456789cfghjmpqrvwx", 12)
	return "GHSA-" + s[:4] + "-" + s[4:8] + "-" + s[8:]
}
