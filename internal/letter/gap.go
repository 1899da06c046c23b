package letter

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Uncovered is time after a report about which nobody has said anything yet.
type Uncovered struct {
	E     engagement.Engagement // whose coverage is over
	Since period.Date           // first day that neither the report nor a bridge letter covers
	Reach period.Date           // last day that a bridge letter can cover; the next report has to cover what comes after it
}

// Uncovers finds the reports of Type 2 that are the newest of their kind and issued, whose coverage is over, and which no
// examination follows: one of the same report over a period that begins at the latest on the day after (domain brief 1.2). bridged is the
// day after the last one that a signed bridge letter covers, 0 without one; most is the longest time of a bridge letter in days.
func Uncovers(all []engagement.Engagement, bridged func(engagement.ID) period.Date, most int, today period.Date) []Uncovered {
	newest := map[string]engagement.Engagement{}
	for _, e := range all {
		if e.Type != 2 || e.Report == engagement.SOC3 || !e.Status.Reached(engagement.Issued) {
			continue
		}
		if x, ok := newest[e.Report]; !ok || e.Period.To > x.Period.To {
			newest[e.Report] = e
		}
	}
	var out []Uncovered
	for _, e := range newest {
		follows := slices.ContainsFunc(all, func(x engagement.Engagement) bool {
			return x.Report == e.Report && x.Type == 2 && x.Status != engagement.Cancelled && x.ID != e.ID && x.Period.From <= e.Period.To && x.Period.To > e.Period.To
		})
		since := max(e.Period.To, bridged(e.ID))
		if !follows && since <= today {
			out = append(out, Uncovered{E: e, Since: since, Reach: e.Period.To + period.Date(most) - 1})
		}
	}
	slices.SortFunc(out, func(a, b Uncovered) int { return strings.Compare(a.E.Ref, b.E.Ref) })
	return out
}

// Uncovered lists the reports after which nothing is said or planned.
func (s *Service) Uncovered(ctx context.Context, scope access.ReadScope, now time.Time) ([]Uncovered, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	all, err := s.Engagements.Store.Engagements(ctx, scope)
	if err != nil {
		return nil, err
	}
	until := map[engagement.ID]period.Date{}
	for _, e := range all {
		if e.Type != 2 || !e.Status.Reached(engagement.Issued) {
			continue
		}
		signed, err := s.Store.InForce(ctx, scope, e.ID, Bridge)
		if err != nil {
			return nil, err
		}
		for _, l := range signed {
			until[e.ID] = max(until[e.ID], l.Gap.To)
		}
	}
	return Uncovers(all, func(id engagement.ID) period.Date { return until[id] }, s.most(), period.Of(now)), nil
}
