// Package period holds civil dates and half-open periods. Examinations, samples and strips count in days, and a day
// here is always a UTC day.
package period

import (
	"fmt"
	"time"
)

// Date is a civil day: the number of days since 1970-01-01, UTC.
type Date int32

// Of returns the UTC day that contains t.
func Of(t time.Time) Date {
	sec := t.Unix()
	d := sec / 86400
	if sec%86400 < 0 {
		d--
	}
	return Date(d)
}

// Make returns the day of a year, month and day of month; out of range values roll over as in time.Date.
func Make(year int, month time.Month, day int) Date {
	return Of(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// ParseDate reads "2006-01-02".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date of the form 2006-01-02", s)
	}
	return Of(t), nil
}

// Time is the first instant of the day, UTC.
func (d Date) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String is the day as "2006-01-02".
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText and UnmarshalText write and read the same form as String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "2006-01-02".
func (d *Date) UnmarshalText(b []byte) error {
	v, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Period is the days from From up to but not including To. The zero Period is empty.
type Period struct {
	From Date `json:"from"`
	To   Date `json:"to"`
}

// Closed makes the period whose first and last days are given; reports name periods this way.
func Closed(first, last Date) Period { return Period{first, last + 1} }

// Last is the last day inside the period.
func (p Period) Last() Date { return p.To - 1 }

// Days is the number of days in the period, never negative.
func (p Period) Days() int { return int(max(0, p.To-p.From)) }

// Has reports whether the day lies in the period.
func (p Period) Has(d Date) bool { return d >= p.From && d < p.To }

// Contains reports whether the instant lies in the period.
func (p Period) Contains(t time.Time) bool { return p.Has(Of(t)) }

// Overlap is the part the two periods share; it may be empty.
func (p Period) Overlap(q Period) Period {
	r := Period{max(p.From, q.From), min(p.To, q.To)}
	if r.To < r.From {
		r.To = r.From
	}
	return r
}

// String names the period by its first and last day.
func (p Period) String() string { return p.From.String() + " to " + p.Last().String() }
