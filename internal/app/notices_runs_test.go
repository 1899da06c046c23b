package app

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
)

// TestRunKey: of a connection that is read every few minutes, it is told when it begins to fail and once a day that it still does; of
// others, each run that failed.
func TestRunKey(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 23, 50, 0, 0, time.UTC)
	run := func(id string, s collect.RunStatus) collect.Run { return collect.Run{ID: collect.RunID(id), Status: s} }
	log, daily := collect.Connection{ID: "con_1", Every: collect.LogEvery}, collect.Connection{ID: "con_2", Every: 24 * time.Hour}
	for name, c := range map[string]struct {
		conn collect.Connection
		runs []collect.Run
		at   time.Time
		want string
	}{
		"begins":           {log, []collect.Run{run("b", collect.Failed), run("a", collect.Complete)}, now, "run:b"},
		"the first of all": {log, []collect.Run{run("a", collect.Failed)}, now, "run:a"},
		"goes on":          {log, []collect.Run{run("c", collect.Failed), run("b", collect.Failed)}, now, "failing:con_1:failed:2026-03-01"},
		"the next day":     {log, []collect.Run{run("d", collect.Failed), run("c", collect.Failed)}, now.Add(time.Hour), "failing:con_1:failed:2026-03-02"},
		"otherwise":        {log, []collect.Run{run("d", collect.Partial), run("c", collect.Failed)}, now, "run:d"},
		"daily":            {daily, []collect.Run{run("c", collect.Failed), run("b", collect.Failed)}, now, "run:c"},
	} {
		if got := runKey(c.conn, c.runs, c.at); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	long := []collect.Run{{Started: now.Add(-50 * time.Minute), Status: collect.Running}}
	if m, ok := silent(log, long, 0, now); ok {
		t.Errorf("a long run is silence: %+v", m)
	}
	if _, ok := silent(log, long, 0, now.Add(20*time.Minute)); !ok {
		t.Error("an hour of silence is not told")
	}
}
