package incident_test

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/incident"
)

// TestKept: a target is met at its last minute; what goes on past it is missed already; what nobody knows is unknown, and without a
// target nothing is good.
func TestKept(t *testing.T) {
	t.Parallel()
	d := incident.Duties{Targets: []incident.Target{{Severity: 1, Detect: 30, Ack: 10, Contain: 60}, {Severity: 2, Contain: 120}}}
	now := noon.Add(61 * time.Minute)
	for name, c := range map[string]struct {
		x    incident.Incident
		f    incident.Figure
		want incident.Kept
	}{
		"at the last minute":  {incident.Incident{Times: incident.Times{Detected: at(0), Contained: at(60)}}, incident.ToContain, incident.Met},
		"a minute late":       {incident.Incident{Times: incident.Times{Detected: at(0), Contained: at(61)}}, incident.ToContain, incident.Missed},
		"runs past it":        {incident.Incident{State: incident.Open, Times: incident.Times{Detected: at(0)}}, incident.ToContain, incident.Missed},
		"time is left":        {incident.Incident{State: incident.Open, Times: incident.Times{Detected: at(30)}}, incident.ToContain, incident.Pending},
		"closed without it":   {incident.Incident{State: incident.Closed, Times: incident.Times{Detected: at(0)}}, incident.ToContain, incident.KeptUnknown},
		"nobody knows when":   {incident.Incident{State: incident.Open, Times: incident.Times{Detected: at(0)}}, incident.ToDetect, incident.KeptUnknown},
		"no target":           {incident.Incident{Text: incident.Text{Severity: 2}, Times: incident.Times{Started: at(0), Detected: at(1)}}, incident.ToDetect, incident.NoTarget},
		"another severity":    {incident.Incident{Text: incident.Text{Severity: 4}, Times: incident.Times{Detected: at(0), Contained: at(1)}}, incident.ToContain, incident.NoTarget},
		"a false alarm":       {incident.Incident{Outcome: incident.FalseAlarm, Times: incident.Times{Detected: at(0), Contained: at(1)}}, incident.ToContain, incident.NoTarget},
		"recovery has no one": {incident.Incident{Times: incident.Times{Detected: at(0), Recovered: at(1)}}, incident.ToRecover, incident.NoTarget},
	} {
		if c.x.Severity == 0 {
			c.x.Severity = 1
		}
		if got := c.x.Kept(d, c.f, now); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	one := incident.Incident{Text: incident.Text{Severity: 1}, State: incident.Closed, Times: incident.Times{Started: at(-10), Detected: at(0), Acknowledged: at(5), Contained: at(30)}}
	late, dark, other := one, one, one
	late.Times.Acknowledged, dark.Times.Started, other.Severity = at(11), nil, 3
	for want, x := range map[incident.Kept]incident.Incident{incident.Met: one, incident.Missed: late, incident.KeptUnknown: dark, incident.NoTarget: other} {
		if got := x.AllKept(d, now); got != want {
			t.Errorf("all of it: %s, want %s", got, want)
		}
	}
	false1 := one
	false1.Outcome = incident.FalseAlarm
	got := incident.Keepings([]incident.Incident{one, late, dark, other, false1}, d, now)
	want := []incident.Keeping{{Figure: incident.ToDetect, Met: 2, N: 2, Unknown: 1, None: 1}, {Figure: incident.ToAck, Met: 2, N: 3, None: 1}, {Figure: incident.ToContain, Met: 3, N: 3, None: 1}}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	for _, k := range incident.Keepings([]incident.Incident{one}, incident.Duties{}, now) {
		if k.N != 0 || k.None != 1 {
			t.Errorf("without targets: %+v", k)
		}
	}
}
