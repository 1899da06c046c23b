package event

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Counts is what arrived from a source in some time.
type Counts struct {
	Events     int64
	Duplicates int64
	Refused    int64
	Late       int64
	Disordered int64
	Ahead      int64
	Undated    int64
}

// counts are those of a tally.
func (t *Tally) counts() Counts {
	return Counts{t.Events, t.Duplicates, t.Refused, t.Late, t.Disordered, t.Ahead, t.Undated}
}

func (c Counts) minus(o Counts) Counts {
	return Counts{c.Events - o.Events, c.Duplicates - o.Duplicates, c.Refused - o.Refused, c.Late - o.Late, c.Disordered - o.Disordered, c.Ahead - o.Ahead, c.Undated - o.Undated}
}

// Plus is both together.
func (c Counts) Plus(o Counts) Counts {
	return Counts{c.Events + o.Events, c.Duplicates + o.Duplicates, c.Refused + o.Refused, c.Late + o.Late, c.Disordered + o.Disordered, c.Ahead + o.Ahead, c.Undated + o.Undated}
}

// Day is what a source sent on a day, by the time of arrival in UTC.
type Day struct {
	Source SourceID
	Day    period.Date
	Counts
}

// DayStore keeps what sources sent day by day. Law: AddDays adds to what is there, in the transaction in which its events are filed.
type DayStore interface {
	AddDays(ctx context.Context, scope access.Scope, days []Day) error
	// Days lists the days from one on, of one source or, without, of all, in order of day.
	Days(ctx context.Context, scope access.ReadScope, source SourceID, from period.Date) ([]Day, error)
}

// spread puts the growth of a tally on the day of a batch.
func spread(days []Day, source SourceID, at time.Time, grown Counts) []Day {
	day := period.Of(at)
	i := slices.IndexFunc(days, func(d Day) bool { return d.Source == source && d.Day == day })
	if i < 0 {
		return append(days, Day{source, day, grown})
	}
	days[i].Counts = days[i].Plus(grown)
	return days
}

// ByDay lists what sources sent on each day from one on: of one source, or of all. What is not filed yet counts for the day of the
// last arrival.
func (s *Sources) ByDay(ctx context.Context, scope access.ReadScope, source SourceID, from period.Date) ([]Day, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return nil, err
	}
	days, err := s.Days.Days(ctx, scope, source, from)
	if err != nil || s.Live == nil {
		return days, err
	}
	all, err := s.Store.Sources(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, x := range all {
		live := s.Live(x)
		grown := live.counts().minus(x.counts())
		if source != "" && x.ID != source || grown.Events <= 0 || period.Of(live.LastArrival) < from {
			continue
		}
		days = spread(days, x.ID, live.LastArrival, grown)
	}
	return days, nil
}
