package engagement

import (
	"context"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// looked answers with runs as of instants, by test.
type looked struct {
	evaluate.Store
	runs     map[string]time.Time
	from, to time.Time
}

func (x *looked) Tally(_ context.Context, _ access.ReadScope, from, to time.Time) (map[string]evaluate.Tally, error) {
	x.from, x.to = from, to
	out := map[string]evaluate.Tally{}
	for t, at := range x.runs {
		if !at.Before(from) && at.Before(to) {
			out[t] = evaluate.Tally{LastRun: evaluate.RunID(t)}
		}
	}
	return out, nil
}

func (x *looked) Run(_ context.Context, _ access.ReadScope, id evaluate.RunID) (evaluate.Run, error) {
	return evaluate.Run{ID: id, AsOf: x.runs[string(id)]}, nil
}

// TestLastLook: what was looked at before the end of the period, or after the instant it is judged from, does not judge it.
func TestLastLook(t *testing.T) {
	t.Parallel()
	p := period.Closed(period.Make(2026, 1, 1), period.Make(2026, 6, 30))
	end := p.To.Time()
	for name, c := range map[string]struct {
		runs  map[string]time.Time
		tests []string
		now   time.Time
		want  time.Time
	}{
		"the newest of those that are asked for": {map[string]time.Time{"a": end.Add(24 * time.Hour), "b": end.Add(48 * time.Hour), "c": end.Add(72 * time.Hour)}, []string{"a", "b"}, end.AddDate(0, 0, 10), end.Add(48 * time.Hour)},
		"none after the end":                     {map[string]time.Time{"a": end.Add(-time.Hour)}, []string{"a"}, end.AddDate(0, 0, 10), time.Time{}},
		"long after the end":                     {map[string]time.Time{"a": end.AddDate(0, 0, 40), "b": end.AddDate(0, 0, 30)}, []string{"a", "b"}, end.AddDate(0, 3, 0), end.AddDate(0, 0, 30)},
		"the period is not over":                 {map[string]time.Time{"a": end.AddDate(0, -1, 0)}, []string{"a"}, end.AddDate(0, 0, -10), time.Time{}},
		"nothing to judge":                       {map[string]time.Time{"a": end.Add(time.Hour)}, nil, end.AddDate(0, 0, 10), time.Time{}},
	} {
		store := &looked{runs: c.runs}
		g := &gatherer{s: &Service{Evaluate: &evaluate.Service{Store: store}}, e: Engagement{Period: p}, now: c.now}
		var tests []evaluate.Installed
		for _, id := range c.tests {
			tests = append(tests, evaluate.Installed{Definition: &evaluate.Definition{ID: id}})
		}
		got, err := g.lastLook(t.Context(), tests)
		if err != nil || !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s, %v", name, got, c.want, err)
		}
	}
}
