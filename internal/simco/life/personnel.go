package life

import (
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Company practice for people, in days; see the package comment.
const (
	conductWithin  = 14
	trainingWithin = 30
	repeatWithin   = 365
)

// personnel fills in a person's record: what the company asked of them, and when they did it.
func (b *builder) personnel(i int32) {
	p := &b.w.People[i]
	d := roll(b.w.Seed, forHR, int(i))
	first := Midnight(p.Hired)
	until := b.w.End + 400*Day
	if p.Left != 0 {
		until = p.LeftAt()
	}
	done := p.Hired - period.Date(d.between(4, 12))
	p.Screening = []Screening{{At: on(done, d.between(9, 15), d.between(0, 59)), On: done, Result: "clear"}}
	p.Agreement = on(p.Hired-period.Date(d.between(2, 9)), d.between(8, 16), d.between(0, 59))
	p.Conduct = series(d, first+Time(d.between(0, 9))*Day, until, 332, 352)
	p.Training = series(d, first+Time(d.between(2, 19))*Day, until, 325, 350)
	p.Reviews = series(d, first+Time(d.between(290, 345))*Day, until, 325, 350)
	b.misconduct(i, p)
	p.Touched = b.touched(p, d)
}

// series is a yearly duty: done at about first, and again every lo to hi days, in office hours.
func series(d dice, first, until Time, lo, hi int) []Time {
	var out []Time
	for t := first; ; t += Time(d.between(lo, hi)) * Day {
		at := Midnight(nextWorkday(t.Date())) + d.span(8*Hour, 16*Hour)
		if at >= until {
			return out
		}
		out = append(out, at)
	}
}

// misconduct applies a person's planted deviations to the record.
func (b *builder) misconduct(i int32, p *Person) {
	label, id := p.First+" "+p.Last, strconv.Itoa(p.HRID)
	refs := []string{"email", p.Email, "employee_number", EmployeeNumber(p)}
	report := func(kind string, from, to Time, note string) { b.deviate(kind, id, label, from, to, note, refs...) }
	for _, pl := range b.plots[i] {
		d := roll(b.w.Seed, forCast, int(i)*64+pl.n)
		hired := Midnight(p.Hired)
		switch pl.kind {
		case "late_screening":
			done := p.Hired + period.Date(3+4*pl.n+d.between(0, 3))
			at := on(done, 11, d.between(0, 59))
			p.Screening = []Screening{{at, done, "clear"}}
			report(pl.kind, hired, at, "screening completed after the first day")
		case "screening_not_clear":
			p.Screening[0].Result = "consider"
			var cleared Time
			if pl.n%2 == 1 {
				cleared = hired + Time(d.between(9, 20))*Day + 10*Hour
				p.Screening = append(p.Screening, Screening{cleared, p.Screening[0].On, "clear"})
			}
			report(pl.kind, hired, cleared, "started work while the result was not clear")
		case "missing_agreement":
			p.Agreement = 0
			if pl.n%2 == 1 {
				p.Agreement = hired + Time(d.between(4, 15))*Day + 14*Hour
			}
			report(pl.kind, hired, p.Agreement, "no signed agreement on the first day")
		case "conduct_not_accepted":
			at := hired + Time(d.between(19, 30))*Day + 10*Hour
			p.Conduct = series(d, at, b.w.End+400*Day, 332, 352)
			report(pl.kind, hired+(conductWithin+1)*Day, p.Conduct[0], "not accepted within 14 days of hire")
		case "late_training":
			at := hired + Time(d.between(35, 42))*Day + 10*Hour
			p.Training = series(d, at, b.w.End+400*Day, 325, 350)
			report(pl.kind, hired+(trainingWithin+1)*Day, p.Training[0], "not trained within 30 days of hire")
		case "conduct_lapsed":
			p.Conduct = b.lapse(d, pl, p.Conduct, report)
		case "training_lapsed":
			p.Training = b.lapse(d, pl, p.Training, report)
		case "no_performance_review":
			b.noReview(d, p, pl, report)
		case "worker_without_manager":
			b.gap(d, p, pl, ManagerField, report)
		case "worker_without_department":
			b.gap(d, p, pl, DepartmentField, report)
		case "worker_without_title":
			b.gap(d, p, pl, TitleField, report)
		}
	}
}

type reporter func(kind string, from, to Time, note string)

// lapse lets a yearly duty run out within the life, and be done 8 to 24 days late.
func (b *builder) lapse(d dice, pl plot, done []Time, report reporter) []Time {
	due := b.moment(pl.kind, pl.n, b.w.copies(), 4, 30) // first day on which it is out of date
	last := on(due-repeatWithin-1, 10, 0)
	out := done[:1:1]
	steps := (last-done[0])/(340*Day) + 1
	for k := Time(1); k < steps; k++ {
		out = append(out, on(nextWorkday((done[0]+k*(last-done[0])/steps).Date()), 13, 0))
	}
	out = append(out, last)
	again := Midnight(due) + Time(d.between(8, 24))*Day + 9*Hour
	rest := series(d, again, b.w.End+400*Day, 325, 350)
	report(pl.kind, Midnight(due), rest[0], "last done on "+last.Date().String())
	return append(out, rest...)
}

// noReview leaves a person without a review since well before Start.
func (b *builder) noReview(d dice, p *Person, pl plot, report reporter) {
	last := on(b.w.Start.Date()-repeatWithin-1-period.Date(d.between(35, 50)), 14, 0)
	p.Reviews = slices.DeleteFunc(p.Reviews, func(t Time) bool { return t > last-60*Day })
	due, note := Midnight(p.Hired+repeatWithin+1), "never reviewed"
	if pl.n%2 == 0 || len(p.Reviews) > 0 {
		p.Reviews = append(p.Reviews, last)
		due, note = Midnight(last.Date()+repeatWithin+1), "last reviewed on "+last.Date().String()
	}
	var again Time
	if pl.n%2 == 1 {
		again = b.w.Start + Time(b.w.Days/2)*Day + 15*Hour
		p.Reviews = append(p.Reviews, again)
	}
	report(pl.kind, due, again, note)
}

// gap empties a field of the record for two to six days.
func (b *builder) gap(d dice, p *Person, pl plot, f Field, report reporter) {
	from := on(b.moment(pl.kind, pl.n, b.w.copies(), 4, 12), 10, d.between(0, 59))
	to := from + Time(d.between(2, 6))*Day + d.span(0, 5*Hour)
	p.Gaps = append(p.Gaps, Gap{f, from, to})
	report(pl.kind, from, to, "the field of the record was empty")
}

// touched lists the instants at which the record changed, with a change of address now and then.
func (b *builder) touched(p *Person, d dice) []Time {
	out := []Time{p.Recorded}
	for _, s := range p.Screening {
		out = append(out, s.At)
	}
	if p.Agreement != 0 {
		out = append(out, p.Agreement)
	}
	out = append(append(append(out, p.Conduct...), p.Training...), p.Reviews...)
	for _, j := range p.Jobs {
		out = append(out, j.From)
	}
	for _, g := range p.Gaps {
		out = append(out, g.From, g.To)
	}
	if p.Left != 0 {
		out = append(out, p.LeftAt())
	} else {
		out = append(out, on(b.first+period.Date(d.IntN(History+b.w.Days)), 11, d.between(0, 59)))
	}
	out = slices.DeleteFunc(out, func(t Time) bool { return t < p.Recorded })
	slices.Sort(out)
	return slices.Compact(out)
}
