package chart

import (
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// A week shows the worst of its days, and no bad day vanishes by being drawn in weeks.
func TestWeeks(t *testing.T) {
	t.Parallel()
	day := func(n int) period.Date { return period.Date(20000 + n) }
	p := period.Period{From: day(0), To: day(28)}
	for name, c := range map[string]struct {
		runs []Run
		want []Run
	}{
		"one bad day":      {[]Run{{day(0), 9, Pass}, {day(9), 1, Fail}, {day(10), 18, Pass}}, []Run{{day(0), 7, Pass}, {day(7), 7, Fail}, {day(14), 14, Pass}}},
		"the last day":     {[]Run{{day(0), 27, Pass}, {day(27), 1, Unknown}}, []Run{{day(0), 21, Pass}, {day(21), 7, Unknown}}},
		"before it begins": {[]Run{{day(-9), 3, Fail}, {day(-2), 3, Pass}}, []Run{{day(0), 7, Pass}, {day(7), 21, None}}},
		"nothing":          {nil, []Run{{day(0), 28, None}}},
	} {
		got := StripData{Period: p, Runs: c.runs}.Weeks().Normal()
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}
