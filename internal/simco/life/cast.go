package life

import (
	"fmt"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// plot is a person's part in a planted deviation.
type plot struct {
	kind string
	n    int  // which of the kind's instances
	at   Time // when it happens, where the kind needs that
}

// copies is how many instances of a kind are planted.
func (w *World) copies() int {
	switch {
	case w.Config.People >= 3000:
		return 4
	case w.Config.People >= 1000:
		return 3
	}
	return 2
}

// moment is the day of the n-th of count happenings of a kind, spread over the days from lo after Start to hi before End.
func (b *builder) moment(kind string, n, count, lo, hi int) period.Date {
	room := max(1, b.w.Days-lo-hi)
	d := roll(b.w.Seed, forCast, len(kind)*1000+n+int(kind[0])*100_000+int(kind[len(kind)/2])*10_000_000)
	part := max(1, room/count)
	return b.w.Start.Date() + period.Date(lo+n*part+d.IntN(part))
}

func (b *builder) plotOf(i int32, kind string) (plot, bool) {
	for _, p := range b.plots[i] {
		if p.kind == kind {
			return p, true
		}
	}
	return plot{}, false
}

func (b *builder) plotted(i int32, kind string) bool {
	_, ok := b.plotOf(i, kind)
	return ok
}

func (b *builder) plan(i int32, kind string, n int, at Time) {
	b.plots[i] = append(b.plots[i], plot{kind, n, at})
}

// castPeople chooses who deviates, from among ordinary people where the life has some who fit, and adds people otherwise.
// It runs before names and records are made.
func (b *builder) castPeople() {
	n := b.w.copies()
	for _, kind := range []string{"late_screening", "screening_not_clear", "missing_agreement", "conduct_not_accepted", "late_training",
		"early_account", "account_without_factor"} {
		for k := range n {
			if kind != "account_without_factor" || k%2 == 0 {
				b.plan(b.joiner(kind, k, n), kind, k, 0)
			}
		}
	}
	for _, kind := range []string{"leaver_account_open", "leaver_in_github", "assignment_of_inactive_account"} {
		for k := range n {
			b.plan(b.leaver(kind, k, n), kind, k, 0)
		}
	}
	for k := range n {
		i := b.mover("mover_kept_groups", k, n)
		b.plan(i, "mover_kept_groups", k, b.w.People[i].stints[1].from)
	}
	for _, kind := range []string{"conduct_lapsed", "training_lapsed", "no_performance_review", "worker_without_manager",
		"worker_without_department", "worker_without_title"} {
		for k := range n {
			b.plan(b.stayer("hr", false, 480), kind, k, 0)
		}
	}
	for _, kind := range []string{"dormant_account", "account_without_factor", "admin_outside_group"} {
		for k := range n {
			if kind != "account_without_factor" || k%2 == 1 {
				b.plan(b.stayer("okta", false, 200), kind, k, 0)
			}
		}
	}
	for _, kind := range []string{"member_without_2fa", "owner_outside_team"} {
		for k := range n {
			b.plan(b.stayer("github", true, 200), kind, k, 0)
		}
	}
	for k := range n {
		b.plan(b.contractor(k), "collaborator_without_2fa", k, 0)
	}
	admins := b.steadyHolders(func(s *seat) bool { return s.admin != "" })
	for k := range n {
		b.plan(admins[(k+1)%len(admins)], "admin_without_phishing_resistant_factor", k, 0)
	}
}

// steadyHolders are the people who sit in matching steady seats, from before the life to its end.
func (b *builder) steadyHolders(is func(s *seat) bool) []int32 {
	var out []int32
	for i := range b.seats {
		if b.seats[i].steady && is(&b.seats[i]) {
			out = append(out, b.held[i][0].person)
		}
	}
	return out
}

// claim marks a person as cast in one aspect of life, and reports false if they are already.
func (b *builder) claim(aspect string, i int32) bool {
	key := fmt.Sprintf("%s/%d", aspect, i)
	if b.used[key] {
		return false
	}
	b.used[key] = true
	return true
}

// candidate finds somebody ordinary for a part; -1 if nobody fits.
func (b *builder) candidate(seed int, aspect string, fits func(p *Person) bool) int32 {
	d := roll(b.w.Seed, forCast, seed)
	n := len(b.w.People)
	from := d.IntN(n)
	for k := range n {
		i := int32((from + k) % n)
		p := &b.w.People[i]
		if p.extra || p.Contractor || b.seats[p.stints[0].seat].special() || !fits(p) {
			continue
		}
		if b.used[fmt.Sprintf("whole/%d", i)] || !b.claim(aspect, i) {
			continue
		}
		return i
	}
	return -1
}

// whole finds somebody no deviation has touched yet, and reserves the person for one alone.
func (b *builder) whole(seed int, fits func(p *Person) bool) int32 {
	return b.candidate(seed, "whole", func(p *Person) bool { return fits(p) })
}

// joiner is somebody who starts in the first part of the life and stays.
func (b *builder) joiner(kind string, k, n int) int32 {
	lo, hi := b.w.Start.Date()+3, b.last-46
	i := b.whole(len(kind)*31+k, func(p *Person) bool {
		return len(p.stints) == 1 && p.Hired >= lo && p.Hired <= hi && p.Left == 0
	})
	if i < 0 {
		i = b.extra(b.moment(kind+"x", k, n, 9, 46), deptEngineering+2+(k+len(kind))%3, false)
		b.claim("whole", i)
	}
	return i
}

// leaver is somebody who leaves within the life; for the code host, somebody who works on code.
func (b *builder) leaver(kind string, k, n int) int32 {
	coder := kind == "leaver_in_github"
	lo, hi := b.w.Start.Date()+3, b.last-14
	i := b.whole(len(kind)*37+k, func(p *Person) bool {
		return len(p.stints) == 1 && p.Left >= lo && p.Left <= hi && (!coder || Departments[b.seats[p.stints[0].seat].dept].Code)
	})
	if i < 0 {
		i = b.extra(b.w.Start.Date()-period.Date(300+k*40), deptEngineering, false)
		b.claim("whole", i)
		p := &b.w.People[i]
		p.Left = nextWorkday(b.moment(kind, k, n, 4, 16))
		p.stints[0].to = p.LeftAt()
	}
	return i
}

// mover is somebody who changes department within the life.
func (b *builder) mover(kind string, k, n int) int32 {
	lo, hi := b.w.Start+3*Day, b.w.End-26*Day
	i := b.whole(k, func(p *Person) bool {
		return len(p.stints) == 2 && p.stints[1].from > lo && p.stints[1].from < hi && p.Left == 0
	})
	if i < 0 {
		i = b.extra(b.w.Start.Date()-period.Date(400+k*30), 9, false)
		b.claim("whole", i)
		p := &b.w.People[i]
		t := on(nextWorkday(b.moment(kind, k, n, 4, 28)), 9, 0)
		p.stints[0].to = t
		p.stints = append(p.stints, stint{b.extraSeat(10, false), t, 0})
	}
	return i
}

// stayer is somebody who was there long before Start and stays in the same seat to the end.
func (b *builder) stayer(aspect string, coder bool, days int) int32 {
	b.stayers++ // a fresh seed for each call
	i := b.candidate(b.stayers*101, aspect, func(p *Person) bool {
		dept := Departments[b.seats[p.stints[0].seat].dept]
		return len(p.stints) == 1 && p.stays(b.w.Start-Time(days)*Day, b.w.End) && dept.Code == coder
	})
	if i < 0 {
		dept := 9
		if coder {
			dept = deptEngineering
		}
		i = b.extra(b.w.Start.Date()-period.Date(days+b.stayers*7), dept, false)
		b.claim(aspect, i)
	}
	return i
}

// contractor is somebody of another company who works on code through the life.
func (b *builder) contractor(k int) int32 {
	i := b.extra(b.w.Start.Date()-period.Date(60+k*9), deptEngineering, true)
	b.claim("whole", i)
	return i
}

// extra adds a person in a seat of their own.
func (b *builder) extra(hired period.Date, dept int, contractor bool) int32 {
	for weekday(hired) != 1 {
		hired--
	}
	s := b.extraSeat(dept, contractor)
	return b.seatPerson(s, hired, roll(b.w.Seed, forCast, 5_000_000+int(s)))
}

func (b *builder) extraSeat(dept int, contractor bool) int32 {
	parent := int32(0)
	for i := range b.seats {
		if b.seats[i].dept == dept && b.seats[i].level == head {
			parent = int32(i)
			break
		}
	}
	team := -1
	if Departments[dept].Code {
		team = len(b.seats) % len(b.crew)
	}
	b.seats = append(b.seats, seat{dept: dept, level: member, parent: parent, contractor: contractor, team: team, extra: true})
	b.held = append(b.held, nil)
	return int32(len(b.seats) - 1)
}
