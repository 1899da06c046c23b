package people

import (
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// The limits of what is asked of joiners, in days after the first day, from the catalogue's controls.
const (
	ConductDays  = 14 // GOV-01
	TrainingDays = 30 // HRS-03
)

// Clear is the screening result with which a person may start.
const Clear = "clear"

// StepState is how a line of the joiner's checklist stands.
type StepState string

// The states of a line.
const (
	StepDone    StepState = "done"    // in time
	StepLate    StepState = "late"    // done, after the limit
	StepWaiting StepState = "waiting" // not done, and the limit is to come
	StepMissing StepState = "missing" // not done, and the limit is over
	StepUnknown StepState = "unknown" // the source does not keep it, or the first day is not known
)

// Step is a line of the joiner's checklist.
type Step struct {
	Requirement Requirement
	Control     string // of the catalogue
	State       StepState
	Due         period.Date // last day on which it is in time; 0 when the first day is not known
	On          period.Date // when it was done; 0 when it was not
	Detail      string      // more in words; may be empty
}

// fields are the names under which a source says that it keeps what a requirement rests on.
var fields = map[Requirement]string{Screening: "screening", Agreement: "agreement", Conduct: "conduct", Training: "training"}

// Checklist is what a person was asked to do on joining, judged on a day. kept tells which fields the source keeps; what it does not
// keep is unknown, never missing. Of somebody who returned the first day is that of the present stint; what was done in an earlier one
// counts, as it does for the tests, and Earlier tells it.
func Checklist(p Person, kept []string, today period.Date) []Step {
	keeps := map[string]bool{}
	for _, k := range kept {
		keeps[k] = true
	}
	var out []Step
	for _, r := range Requirements() {
		s := Step{Requirement: r}
		if p.Started != 0 {
			s.Due = p.Started
		}
		switch r {
		case Screening:
			s.Control, s.On = "HRS-01", p.ScreenedOn
			if p.Screening != "" && !strings.EqualFold(strings.TrimSpace(p.Screening), Clear) {
				s.Detail = "The result is " + p.Screening + "."
			} else if p.Screening == "" && p.ScreenedOn != 0 {
				s.Detail = "No result is recorded."
			}
		case Agreement:
			s.Control, s.On = "HRS-02", p.AgreedOn
		case Conduct:
			s.Control, s.On = "GOV-01", p.ConductOn
			if s.Due != 0 {
				s.Due += ConductDays
			}
		case Training:
			s.Control, s.On = "HRS-03", p.TrainedFirst
			if s.Due != 0 {
				s.Due += TrainingDays
			}
		}
		s.State = s.judge(p, keeps[fields[r]], today)
		out = append(out, s)
	}
	return out
}

// Earlier reports whether the step was done before the present stint began: in the days of one that ended before it.
func (s Step) Earlier(all []Stint, present int) bool {
	for _, x := range all {
		if x.N < present && s.On != 0 && x.Ended != 0 && s.On <= x.Ended {
			return true
		}
	}
	return false
}

func (s Step) judge(p Person, kept bool, today period.Date) StepState {
	done := s.On != 0 && s.Detail == ""
	switch {
	case !done && s.On == 0 && !kept:
		return StepUnknown
	case s.Due == 0 && !done:
		return StepMissing
	case s.Due == 0:
		return StepDone // since when the person works here is not known; that it was done is
	case !done && today <= s.Due && p.State != Left:
		return StepWaiting
	case !done:
		return StepMissing
	case s.On > s.Due && s.Requirement != Conduct:
		return StepLate
	}
	return StepDone // of the conduct rules HR keeps the newest acceptance alone, which proves no lateness
}

// Removal is how long after the end of work an account was closed.
type Removal struct {
	Account Account
	State   RemovalState
	Hours   int // whole hours from the end of work to the closing, or to the last look at which the account was there
}

// RemovalState is how a leaver's account stands.
type RemovalState string

// The states of a removal.
const (
	Removed  RemovalState = "removed"   // closed within the limit
	Slow     RemovalState = "slow"      // closed after it
	StillOn  RemovalState = "open"      // open, and the limit is over
	InTime   RemovalState = "in_time"   // open, and the limit is to come
	AtMost   RemovalState = "at_most"   // gone when somebody looked after the limit; it may have been removed in time
	NotKnown RemovalState = "not_known" // closed, and the system does not say since when; or the end of work is not known
)

// RemovalHours is within how many hours of the end of work access is removed (control IAM-04).
const RemovalHours = 24

// Remove judges an account of a leaver. looked is when the system was last read.
func Remove(p Person, a Account, looked time.Time) Removal {
	r := Removal{Account: a, State: NotKnown}
	end := p.End()
	if end == nil {
		if !a.Closed() {
			r.State = StillOn
		}
		return r
	}
	due := end.Add(RemovalHours * time.Hour)
	if !a.Closed() {
		r.Hours = hours(looked.Sub(*end))
		r.State = InTime
		if looked.After(due) {
			r.State = StillOn
		}
		return r
	}
	at, exact := a.ClosedAt()
	if at == nil {
		return r
	}
	r.Hours = hours(at.Sub(*end))
	switch {
	case !at.After(due):
		r.State = Removed
	case exact:
		r.State = Slow
	case a.Seen.After(due): // it was still there after the limit
		r.State, r.Hours = Slow, hours(a.Seen.Sub(*end))
	default:
		r.State = AtMost
	}
	return r
}

func hours(d time.Duration) int { return max(0, int(d/time.Hour)) }
