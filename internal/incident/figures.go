package incident

import (
	"slices"
	"time"
)

// Figure is one of the times by which a response is measured (domain brief 9.4).
type Figure string

// The figures, in the order of lists.
const (
	ToDetect  Figure = "detect"  // MTTD: from the first act to the first signal
	ToAck     Figure = "ack"     // MTTA: from the signal to somebody looking
	ToContain Figure = "contain" // MTTC: from the signal to containment
	ToRecover Figure = "recover" // MTTR: from the signal to recovery
)

// Figures lists them.
func Figures() []Figure { return []Figure{ToDetect, ToAck, ToContain, ToRecover} }

// Title is the figure as people read it.
func (f Figure) Title() string {
	switch f {
	case ToDetect:
		return "Time to detect"
	case ToAck:
		return "Time to acknowledge"
	case ToContain:
		return "Time to contain"
	case ToRecover:
		return "Time to recover"
	}
	return string(f)
}

// Took is how long a part of the response took; false while it goes on or an end of it is unknown.
func (x Incident) Took(f Figure) (time.Duration, bool) {
	from, to := x.Times.Detected, x.Times.Acknowledged
	switch f {
	case ToDetect:
		from, to = x.Times.Started, x.Times.Detected
	case ToAck:
	case ToContain:
		to = x.Times.Contained
	case ToRecover:
		to = x.Times.Recovered
	}
	if from == nil || to == nil {
		return 0, false
	}
	return max(0, to.At.Sub(from.At)), true
}

// Spread is how a figure is spread over incidents. Those that go on and those of which an end is unknown are counted apart, never
// dropped silently.
type Spread struct {
	Figure                   Figure
	N                        int
	Mean, Median, P90, Worst time.Duration
	Running                  int // not there yet
	Unknown                  int // an end is unknown
}

// Spreads measures incidents. False alarms are left out.
func Spreads(list []Incident) []Spread {
	out := make([]Spread, 0, len(Figures()))
	for _, f := range Figures() {
		s := Spread{Figure: f}
		var took []time.Duration
		var sum time.Duration
		for _, x := range list {
			d, ok := x.Took(f)
			switch {
			case x.Outcome == FalseAlarm:
			case ok:
				took, sum = append(took, d), sum+d
			case x.running(f):
				s.Running++
			default:
				s.Unknown++
			}
		}
		if s.N = len(took); s.N > 0 {
			slices.Sort(took)
			s.Mean, s.Median, s.P90, s.Worst = sum/time.Duration(s.N), quantile(took, 0.5), quantile(took, 0.9), took[s.N-1]
		}
		out = append(out, s)
	}
	return out
}

// running reports whether a figure is missing only because the response is not that far.
func (x Incident) running(f Figure) bool {
	switch f {
	case ToContain:
		return x.Times.Detected != nil && x.Times.Contained == nil && x.State != Closed
	case ToRecover:
		return x.Times.Detected != nil && x.Times.Recovered == nil && x.State != Closed
	case ToAck:
		return x.Times.Detected != nil && x.Times.Acknowledged == nil && x.State != Closed
	case ToDetect:
	}
	return false
}

// quantile is of a sorted list, between neighbours in proportion (method 7 of Hyndman and Fan, as spreadsheets do).
func quantile(sorted []time.Duration, q float64) time.Duration {
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[low]
	}
	return sorted[low] + time.Duration((at-float64(low))*float64(sorted[low+1]-sorted[low]))
}
