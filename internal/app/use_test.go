package app

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
)

func TestLastReadPassesOverRunsWithoutAnEnd(t *testing.T) {
	t.Parallel()
	run := func(s collect.RunStatus, hour int, why string) collect.Run {
		return collect.Run{Status: s, Started: time.Date(2026, 3, 1, hour, 0, 0, 0, time.UTC), Error: why}
	}
	for name, x := range map[string]struct {
		runs []collect.Run
		ok   bool
		says string
	}{
		"none":                    {nil, true, "never collected"},
		"complete":                {[]collect.Run{run(collect.Complete, 9, "")}, true, "complete on 2026-03-01T09:00:00Z"},
		"failed":                  {[]collect.Run{run(collect.Failed, 9, "no route"), run(collect.Complete, 8, "")}, false, "failed on 2026-03-01T09:00:00Z: no route"},
		"partial":                 {[]collect.Run{run(collect.Partial, 9, "")}, false, "partial on 2026-03-01T09:00:00Z"},
		"the process died":        {[]collect.Run{run(collect.Interrupted, 9, "ended"), run(collect.Complete, 8, "")}, false, "interrupted on 2026-03-01T09:00:00Z: ended"},
		"only a stopped one":      {[]collect.Run{run(collect.Cancelled, 9, "context canceled")}, true, "cancelled on 2026-03-01T09:00:00Z"},
		"going on":                {[]collect.Run{run(collect.Running, 9, "")}, true, "running on 2026-03-01T09:00:00Z"},
		"stopped after a failure": {[]collect.Run{run(collect.Cancelled, 9, ""), run(collect.Failed, 8, "no route")}, false, "failed on 2026-03-01T08:00:00Z: no route"},
		"sealing after a success": {[]collect.Run{run(collect.Sealing, 9, ""), run(collect.Complete, 8, "")}, true, "complete on 2026-03-01T08:00:00Z"},
	} {
		if f := lastRead(x.runs); f.OK != x.ok || f.Detail != x.says {
			t.Errorf("%s: %v, %q; want %v, %q", name, f.OK, f.Detail, x.ok, x.says)
		}
	}
}
