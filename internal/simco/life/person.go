package life

import "github.com/tickmark/tickmark/internal/kernel/period"

// Person is a worker as HR keeps them: an employee or a contractor, of now, of the past, or about to start.
type Person struct {
	First, Last, Email string
	HRID               int // number of the record in the HR system
	Contractor         bool
	PartTime           bool
	Office             int         // index into Offices
	Recorded           Time        // when HR entered the record, weeks before the first day
	Hired              period.Date // first day
	Left               period.Date // termination date; 0 for those who stay
	Jobs               []Job       // ascending; the first begins with the hire date

	Screening []Screening // ascending
	Agreement Time        // confidentiality agreement signed; 0 never
	Conduct   []Time      // code of conduct accepted, ascending
	Training  []Time      // security awareness training done, ascending
	Reviews   []Time      // performance reviews held, ascending
	Gaps      []Gap       // fields of the record that were empty for a while
	Touched   []Time      // every instant at which the record changed, ascending

	stints []stint
	extra  bool // added for a planted deviation, outside the plan of seats
}

// Job is a line of a person's job information.
type Job struct {
	From    Time
	Dept    int // index into Departments
	Title   string
	Manager int32 // index of a person; -1 for the chief executive
}

// Screening is a state of a person's background check.
type Screening struct {
	At     Time        // when HR recorded it
	On     period.Date // when the check was completed
	Result string      // "clear" or "consider"
}

// Field is a part of a personnel record that can be empty for a while.
type Field uint8

// The fields that can be empty.
const (
	ManagerField Field = iota
	DepartmentField
	TitleField
)

// Gap is a stretch of time in which a field of the record was empty.
type Gap struct {
	Field    Field
	From, To Time
}

// stint is a person's time in a seat.
type stint struct {
	seat     int32
	from, to Time
}

// LeftAt is the instant at which a leaver's employment ends, 17:00 UTC on the termination date; zero for those who stay.
func (p *Person) LeftAt() Time {
	if p.Left == 0 {
		return 0
	}
	return on(p.Left, EndOfWork, 0)
}

// ActiveAt reports whether HR calls the person active: from the start of the first day to the end of work on the last.
func (p *Person) ActiveAt(t Time) bool {
	return t >= Midnight(p.Hired) && (p.Left == 0 || t < p.LeftAt())
}

// EmployeeNumber is the number on the person's badge, which other systems copy from HR.
func EmployeeNumber(p *Person) string { return "NW" + itoa(10_000+p.HRID) }

// Address is the network address of a person, from the ranges kept for documentation.
func Address(person int) string {
	net := [...]string{"192.0.2.", "198.51.100.", "203.0.113."}[person%3]
	return net + itoa(1+person/3%240)
}

// JobAt is the line of job information that holds at t; before the first day it is the first line.
func (p *Person) JobAt(t Time) *Job {
	for i := len(p.Jobs) - 1; i > 0; i-- {
		if p.Jobs[i].From <= t {
			return &p.Jobs[i]
		}
	}
	return &p.Jobs[0]
}

// ScreeningAt is the newest state of the background check by t, or nil.
func (p *Person) ScreeningAt(t Time) *Screening {
	for i := len(p.Screening) - 1; i >= 0; i-- {
		if p.Screening[i].At <= t {
			return &p.Screening[i]
		}
	}
	return nil
}

// Missing reports whether a field of the record is empty at t.
func (p *Person) Missing(f Field, t Time) bool {
	for _, g := range p.Gaps {
		if g.Field == f && g.From <= t && (g.To == 0 || t < g.To) {
			return true
		}
	}
	return false
}

// stays reports whether the person works from a to b without a break.
func (p *Person) stays(a, b Time) bool {
	return Midnight(p.Hired) <= a && (p.Left == 0 || p.LeftAt() > b)
}

// seatAt is the seat the person holds at t, or -1.
func (p *Person) seatAt(t Time) int32 {
	for _, s := range p.stints {
		if s.from <= t && (s.to == 0 || t < s.to) {
			return s.seat
		}
	}
	return -1
}
