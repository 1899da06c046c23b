package incident_test

import (
	"testing"
	"testing/quick"
	"time"

	"github.com/tickmark/tickmark/internal/incident"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // a Monday

func at(minutes int) *incident.Moment {
	return &incident.Moment{At: noon.Add(time.Duration(minutes) * time.Minute)}
}

// TestSpreads: what is not known is counted and never guessed.
func TestSpreads(t *testing.T) {
	t.Parallel()
	list := []incident.Incident{
		{State: incident.Closed, Times: incident.Times{Started: at(-10), Detected: at(0), Acknowledged: at(2), Contained: at(10), Recovered: at(100)}},
		{State: incident.Closed, Times: incident.Times{Started: at(-30), Detected: at(0), Acknowledged: at(4), Contained: at(30), Recovered: at(200)}},
		{State: incident.Contained, Times: incident.Times{Detected: at(0), Acknowledged: at(6), Contained: at(20)}},
		{State: incident.Closed, Outcome: incident.FalseAlarm, Times: incident.Times{Started: at(-9999), Detected: at(0)}},
	}
	m := time.Minute
	want := []incident.Spread{
		{Figure: incident.ToDetect, N: 2, Mean: 20 * m, Median: 20 * m, P90: 28 * m, Worst: 30 * m, Unknown: 1},
		{Figure: incident.ToAck, N: 3, Mean: 4 * m, Median: 4 * m, P90: 5*m + 36*time.Second, Worst: 6 * m},
		{Figure: incident.ToContain, N: 3, Mean: 20 * m, Median: 20 * m, P90: 28 * m, Worst: 30 * m},
		{Figure: incident.ToRecover, N: 2, Mean: 150 * m, Median: 150 * m, P90: 190 * m, Worst: 200 * m, Running: 1},
	}
	for i, got := range incident.Spreads(list) {
		if got != want[i] {
			t.Errorf("%+v, want %+v", got, want[i])
		}
	}
	for _, got := range incident.Spreads(nil) {
		if got.N+got.Running+got.Unknown != 0 || got.Median != 0 {
			t.Errorf("of nothing: %+v", got)
		}
	}
	// Every incident is counted once in each figure, and the figures are in order.
	if err := quick.Check(func(in []struct {
		State, Started, Contained, Recovered uint8
		Flags                                uint8
	}) bool {
		var list []incident.Incident
		for _, x := range in {
			i := incident.Incident{State: incident.States()[x.State%5]}
			for bit, m := range []**incident.Moment{&i.Times.Started, &i.Times.Detected, &i.Times.Contained, &i.Times.Recovered} {
				if x.Flags&(1<<bit) != 0 {
					*m = at([]int{-int(x.Started), 0, int(x.Contained), int(x.Recovered)}[bit])
				}
			}
			list = append(list, i)
		}
		for _, s := range incident.Spreads(list) {
			if s.N+s.Running+s.Unknown != len(list) || s.Median > s.P90 || s.P90 > s.Worst {
				return false
			}
		}
		return true
	}, nil); err != nil {
		t.Error(err)
	}
}

// TestClocks: a clock stands as its deadline and what people said of it.
func TestClocks(t *testing.T) {
	t.Parallel()
	duty := incident.Obligation{Name: "Contract", Hours: 24}
	in := func(h int) *incident.Moment { return &incident.Moment{At: noon.Add(time.Duration(h) * time.Hour)} }
	for want, c := range map[string]struct {
		incident.Clock
		now int
	}{
		"undecided":    {incident.Clock{Duty: duty, Aware: noon}, 1},
		"running":      {incident.Clock{Duty: duty, Aware: noon, Required: incident.Yes}, 24},
		"overdue":      {incident.Clock{Duty: duty, Aware: noon}, 25},
		"met":          {incident.Clock{Duty: duty, Aware: noon, Required: incident.Yes, Notified: in(24)}, 99},
		"late":         {incident.Clock{Duty: duty, Aware: noon, Required: incident.Yes, Notified: in(25)}, 99},
		"not_required": {incident.Clock{Duty: duty, Aware: noon, Required: incident.No}, 99},
	} {
		if got := c.Standing(noon.Add(time.Duration(c.now) * time.Hour)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	x := incident.Incident{Text: incident.Text{Severity: 1}, Outcome: incident.Confirmed, Times: incident.Times{Closed: at(0)}}
	if got := x.ReviewDue().Format(time.RFC3339); got != "2026-03-17T00:00:00Z" { // ten working days after Monday 2 March end with Monday 16 March
		t.Error(got)
	}
	x.Severity = 3
	if !x.ReviewDue().IsZero() {
		t.Error("a mild incident needs a review")
	}
}
