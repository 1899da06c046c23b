package review

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// Flag is a reason to look at an access twice. To keep a flagged one takes a reason.
type Flag string

// The flags.
const (
	Privileged Flag = "privileged" // an administrator, or a member of an administrators' group
	Orphan     Flag = "orphan"     // belongs to nobody whom the directory knows
	Leaver     Flag = "left"       // of a person who has left
	Idle       Flag = "idle"       // not used for long
	Unowned    Flag = "unowned"    // of a system, and nobody answers for it
	Again      Flag = "again"      // the last review had it removed, and it is there
)

// Flags lists them, the gravest first.
func Flags() []Flag { return []Flag{Again, Leaver, Orphan, Privileged, Unowned, Idle} }

// Title is the flag as people read it.
func (f Flag) Title() string {
	switch f {
	case Privileged:
		return "Privileged"
	case Orphan:
		return "Orphan"
	case Leaver:
		return "Person has left"
	case Idle:
		return "Idle"
	case Unowned:
		return "No owner"
	case Again:
		return "Was to be removed"
	}
	return string(f)
}

// idleDays is after how many days without a sign-in an account counts as idle: as test okta-account-idle has it.
const idleDays = 90

// flags says what is odd about a row, as of when its source was read.
func flags(r Row, at time.Time) []Flag {
	var out []Flag
	on := func(f Flag, is bool) {
		if is {
			out = append(out, f)
		}
	}
	on(Again, r.Was == Remove)
	on(Leaver, r.State == people.Left)
	on(Orphan, r.Person == "" && !r.Service)
	on(Privileged, r.Admin != nil && *r.Admin || len(r.Roles) > 0)
	on(Unowned, r.Service && r.Person == "")
	on(Idle, r.SignIn != nil && at.Sub(*r.SignIn) > idleDays*24*time.Hour)
	return out
}

// Every is how often a system is to be reviewed.
type Every string

// The intervals: IAM-05 asks for critical systems each quarter, for others each year.
const (
	Quarterly Every = "quarterly"
	HalfYear  Every = "half_yearly"
	Yearly    Every = "yearly"
)

// Everys lists them.
func Everys() []Every { return []Every{Quarterly, HalfYear, Yearly} }

// Title is the interval as people read it.
func (e Every) Title() string {
	switch e {
	case Quarterly:
		return "Each quarter"
	case HalfYear:
		return "Each half-year"
	case Yearly:
		return "Each year"
	}
	return string(e)
}

// months is the length of the interval.
func (e Every) months() int {
	switch e {
	case Quarterly:
		return 3
	case HalfYear:
		return 6
	}
	return 12
}

// Span is the calendar interval that a day is in: the quarter, half or year.
func (e Every) Span(d period.Date) period.Period {
	t, n := d.Time(), e.months()
	first := (int(t.Month())-1)/n*n + 1
	from := period.Make(t.Year(), time.Month(first), 1)
	return period.Period{From: from, To: period.Make(t.Year(), time.Month(first+n), 1)}
}
