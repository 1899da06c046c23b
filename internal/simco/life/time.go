package life

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Time is an instant of the simulated life: milliseconds since 1970-01-01 UTC. Zero means never.
type Time int64

// Lengths of time.
const (
	Second Time = 1000
	Minute      = 60 * Second
	Hour        = 60 * Minute
	Day         = 24 * Hour
)

// EndOfWork is the hour of the termination date, UTC, at which a leaver's employment ends.
const EndOfWork = 17

// Of is the simulated instant of a time; the zero time gives zero.
func Of(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMilli())
}

// Go is the instant as a time in UTC; zero gives the zero time.
func (t Time) Go() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t)).UTC()
}

// Date is the UTC day of the instant.
func (t Time) Date() period.Date { return period.Date(floor(int64(t), int64(Day))) }

// Midnight is the first instant of a day.
func Midnight(d period.Date) Time { return Time(d) * Day }

// on is an instant of a day, minutes after midnight.
func on(d period.Date, hour, minute int) Time {
	return Midnight(d) + Time(hour)*Hour + Time(minute)*Minute
}

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// weekday is 0 for Sunday to 6 for Saturday. Day 0 was a Thursday.
func weekday(d period.Date) int { return ((int(d)+4)%7 + 7) % 7 }

func workday(d period.Date) bool { w := weekday(d); return w >= 1 && w <= 5 }

// nextWorkday is d itself or the Monday after it.
func nextWorkday(d period.Date) period.Date {
	for !workday(d) {
		d++
	}
	return d
}

// nextMonday is d itself or the first Monday after it.
func nextMonday(d period.Date) period.Date {
	for weekday(d) != 1 {
		d++
	}
	return d
}

// worktime moves an instant that lies outside office hours (07:00 to 18:00 UTC on workdays) to the next office hour,
// and keeps its minutes so that not everything happens at once.
func worktime(t Time) Time {
	d, rest := t.Date(), t-Midnight(t.Date())
	switch {
	case !workday(d):
		return Midnight(nextWorkday(d)) + 8*Hour + rest%Hour
	case rest < 7*Hour:
		return Midnight(d) + 7*Hour + rest%Hour
	case rest >= 18*Hour:
		return Midnight(nextWorkday(d+1)) + 8*Hour + rest%Hour
	}
	return t
}

// Span is a stretch of time, from From up to but not including To; a To of zero is open. Subject is whom or what it is
// about: an index whose meaning the owner of the span gives.
type Span struct {
	From, To Time
	Subject  int32
}

// Has reports whether the instant lies in the span.
func (s Span) Has(t Time) bool { return s.From <= t && (s.To == 0 || t < s.To) }

// Covers reports whether the whole stretch from a to b lies in the span.
func (s Span) Covers(a, b Time) bool { return s.From <= a && (s.To == 0 || b < s.To) }

// anySpan reports whether one of the spans holds the instant.
func anySpan(spans []Span, t Time) bool {
	for i := range spans {
		if spans[i].Has(t) {
			return true
		}
	}
	return false
}

// LatestBy is the last of the ascending instants that is not after t, or zero.
func LatestBy(times []Time, t Time) Time {
	for i := len(times) - 1; i >= 0; i-- {
		if times[i] <= t {
			return times[i]
		}
	}
	return 0
}
