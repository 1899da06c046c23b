package life

import (
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Yearly rates of leaving. Contractors come and go with their contracts; with one seat in fifteen theirs, the company as
// a whole turns over 15 to 20 percent a year.
const (
	leaveRate     = 0.145
	leadLeaveRate = 0.08
	moveShare     = 0.16 // of vacancies filled from within
)

// turnover lets people come, move and go, day by day from Begin to End. It leaves a chain of holds in each seat.
func (b *builder) turnover() {
	b.held = make([][]hold, len(b.seats))
	days := int(b.last-b.first) + 60
	leaves, fills := make([][]int32, days), make([][]int32, days)
	schedule := func(list [][]int32, d period.Date, v int32) {
		if i := int(d - b.first); i >= 0 && i < days {
			list[i] = append(list[i], v)
		}
	}
	for s := range b.seats {
		p := b.settle(int32(s))
		schedule(leaves, b.w.People[p].Left, p)
	}
	for i := range days {
		today := b.first + period.Date(i)
		for _, p := range leaves[i] {
			if s := b.lastSeat(p); s >= 0 {
				schedule(fills, b.vacancy(s, today), s)
			}
		}
		for _, s := range fills[i] {
			if from := b.promote(s, today); from >= 0 {
				schedule(fills, b.vacancy(from, today), from)
				continue
			}
			p := b.hire(s, today)
			schedule(leaves, b.w.People[p].Left, p)
		}
	}
	for i := range b.w.People { // what lies beyond the end has not been decided
		if p := &b.w.People[i]; p.Left >= b.last {
			b.reopen(int32(i))
		}
	}
}

// settle puts somebody who has been there for a while into a seat at Begin.
func (b *builder) settle(s int32) int32 {
	d := roll(b.w.Seed, forTurnover, int(s))
	tenure := min(4000, 60+int(d.expo(900)))
	if b.seats[s].contractor {
		tenure = d.between(20, 250)
	}
	hired := nextMonday(b.first - period.Date(tenure))
	for hired >= b.first {
		hired -= 7
	}
	return b.seatPerson(s, hired, d)
}

// hire puts a new person into a seat.
func (b *builder) hire(s int32, day period.Date) int32 {
	return b.seatPerson(s, day, roll(b.w.Seed, forTurnover, 1_000_000+len(b.w.People)))
}

func (b *builder) seatPerson(s int32, hired period.Date, d dice) int32 {
	st, from := &b.seats[s], Midnight(hired)
	i := int32(len(b.w.People))
	p := Person{Contractor: st.contractor, PartTime: !st.contractor && d.chance(0.06), Office: d.IntN(len(Offices)), Hired: hired,
		Recorded: on(hired-period.Date(d.between(16, 32)), d.between(8, 15), d.between(0, 59)), extra: st.extra}
	p.Left = b.leavingDay(st, hired, d)
	p.stints = []stint{{s, from, p.LeftAt()}}
	b.w.People = append(b.w.People, p)
	b.held[s] = append(b.held[s], hold{i, from, p.LeftAt()})
	return i
}

// leavingDay draws a termination date, at least 60 days after the hire and after Begin; 0 for those who stay.
func (b *builder) leavingDay(s *seat, hired period.Date, d dice) period.Date {
	if s.steady || s.extra {
		return 0
	}
	rate := leaveRate
	if s.level != member {
		rate = leadLeaveRate
	}
	day := max(hired, b.first) + 60 + period.Date(d.expo(365/rate))
	if s.contractor {
		day = max(hired+period.Date(d.between(200, 520)), b.first+period.Date(d.between(5, 90)))
	}
	day = nextWorkday(day)
	if day >= b.last+365 {
		return 0
	}
	return day
}

// lastSeat is the seat that a person holds last.
func (b *builder) lastSeat(p int32) int32 {
	st := b.w.People[p].stints
	return st[len(st)-1].seat
}

// vacancy is the day on which an empty seat is filled again.
func (b *builder) vacancy(s int32, today period.Date) period.Date {
	d := roll(b.w.Seed, forTurnover, 2_000_000+int(s)*64+len(b.held[s]))
	return nextMonday(today + period.Date(d.between(14, 45)))
}

// promote fills a seat with somebody of another department, sometimes, and returns the seat that became empty, or -1.
func (b *builder) promote(s int32, day period.Date) int32 {
	d := roll(b.w.Seed, forTurnover, 3_000_000+int(s)*64+len(b.held[s]))
	if b.seats[s].special() || !d.chance(moveShare) {
		return -1
	}
	for range 20 {
		from := int32(d.IntN(len(b.seats)))
		h := b.held[from]
		if b.seats[from].special() || b.seats[from].dept == b.seats[s].dept || len(h) == 0 {
			continue
		}
		p := &b.w.People[h[len(h)-1].person]
		settled := len(p.stints) == 1 && p.Hired < day-180 && (p.Left == 0 || p.Left > day+90)
		if settled && p.seatAt(on(day, 9, 0)) == from {
			b.move(h[len(h)-1].person, s, on(day, 9, 0))
			return from
		}
	}
	return -1
}

// move takes a person from one seat to another at t.
func (b *builder) move(i, to int32, t Time) {
	p := &b.w.People[i]
	old := &p.stints[len(p.stints)-1]
	end := old.to
	old.to = t
	h := b.held[old.seat]
	h[len(h)-1].to = t
	p.stints = append(p.stints, stint{to, t, end})
	b.held[to] = append(b.held[to], hold{i, t, end})
}

// reopen forgets a leave that lies beyond the end of the life.
func (b *builder) reopen(i int32) {
	p := &b.w.People[i]
	p.Left = 0
	last := &p.stints[len(p.stints)-1]
	last.to = 0
	for k, h := range b.held[last.seat] {
		if h.person == i && h.from == last.from {
			b.held[last.seat][k].to = 0
		}
	}
}

// jobs writes everybody's job information: where they sit, and who leads them from when.
func (b *builder) jobs() {
	leads := make([][]hold, len(b.seats)) // per seat, who stands for it when, without gaps
	leads[0] = []hold{{b.held[0][0].person, 0, 0}}
	for s := 1; s < len(b.seats); s++ {
		if b.seats[s].level != member {
			leads[s] = b.standing(int32(s), leads[b.seats[s].parent])
		}
	}
	for i := range b.w.People {
		p := &b.w.People[i]
		for _, st := range p.stints {
			s := &b.seats[st.seat]
			title := b.title(st.seat)
			if s.parent < 0 {
				p.Jobs = append(p.Jobs, Job{st.from, s.dept, title, -1})
				continue
			}
			for _, h := range leads[s.parent] {
				if from := max(h.from, st.from); (h.to == 0 || h.to > from) && (st.to == 0 || from < st.to) {
					p.Jobs = append(p.Jobs, Job{from, s.dept, title, h.person})
				}
			}
		}
	}
}

// standing is who leads from a seat at every time: its holder, or while it is empty whoever leads from above.
func (b *builder) standing(s int32, above []hold) []hold {
	var out []hold
	var at Time
	fill := func(to Time) {
		for _, h := range above {
			from, end := max(h.from, at), h.to
			if end == 0 || to != 0 && to < end {
				end = to
			}
			if end == 0 || from < end {
				out = append(out, hold{h.person, from, end})
			}
		}
	}
	for _, h := range b.held[s] {
		if h.from > at {
			fill(h.from)
		}
		out = append(out, h)
		if at = h.to; at == 0 {
			return out
		}
	}
	fill(0)
	return out
}

func (b *builder) title(s int32) string {
	st := &b.seats[s]
	dept := &Departments[st.dept]
	switch st.level {
	case chief:
		return "Chief Executive Officer"
	case head:
		return dept.head
	case lead:
		return dept.lead
	}
	return dept.titles[int(s)%len(dept.titles)]
}

// enter numbers the personnel records in the order in which HR entered them.
func (b *builder) enter() {
	w := b.w
	w.HROrder = make([]int32, len(w.People))
	for i := range w.HROrder {
		w.HROrder[i] = int32(i)
	}
	slices.SortStableFunc(w.HROrder, func(x, y int32) int { return int(w.People[x].Recorded/Second - w.People[y].Recorded/Second) })
	for n, i := range w.HROrder {
		w.People[i].HRID = firstHRID + n
	}
}

// firstHRID is the number of the oldest personnel record.
const firstHRID = 101

// PersonByHRID finds a person by the number of the personnel record; -1 if there is none.
func (w *World) PersonByHRID(id int) int32 {
	if n := id - firstHRID; n >= 0 && n < len(w.HROrder) {
		return w.HROrder[n]
	}
	return -1
}
