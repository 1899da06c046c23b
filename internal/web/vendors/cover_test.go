package vendors

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/vendors"
)

// TestCoverOf: which days of the examined period nothing covers, and what the drawing says of it. What no report can cover yet,
// and what lies before the first use or after the end, is no gap.
func TestCoverOf(t *testing.T) {
	t.Parallel()
	today := period.Make(2026, 6, 30)
	exam := period.Closed(period.Make(2026, 1, 1), period.Make(2026, 12, 31))
	ended := period.Make(2026, 3, 31).Time()
	year := vendors.Report{Kind: vendors.SOC2Type2, Period: period.Closed(period.Make(2025, 1, 1), period.Make(2026, 2, 28))}
	year.Ref = "VR-001"
	later := vendors.Report{Kind: vendors.SOC2Type2, Period: period.Closed(period.Make(2026, 3, 11), period.Make(2026, 5, 31))}
	later.Ref = "VR-002"
	since := func(d period.Date) vendors.Vendor { return vendors.Vendor{Details: vendors.Details{Started: d}} }
	left := since(period.Make(2020, 1, 1))
	left.Exit.Ended = &ended
	for _, c := range []struct {
		name  string
		v     vendors.Vendor
		filed []vendors.Report
		holes string // days that no report to come will cover
		says  string
	}{
		{"one report, the next to come", since(period.Make(2020, 1, 1)), []vendors.Report{year}, "", "122 days of the examined period wait"},
		{"a gap between two", since(period.Make(2020, 1, 1)), []vendors.Report{later, year}, "2026-03-01 to 2026-03-10", "Nothing covers 10 days of the examined period (1 Jan – 31 Dec 2026); what is on file reaches to 31 May 2026, 30 days ago."},
		{"used only after the gap", since(period.Make(2026, 3, 11)), []vendors.Report{later, year}, "", "30 days of the examined period wait"},
		{"used from the middle of the gap", since(period.Make(2026, 3, 6)), []vendors.Report{later, year}, "2026-03-06 to 2026-03-10", "Nothing covers 5 days"},
		{"nothing on file", since(period.Make(2026, 6, 1)), nil, "2026-06-01 to 2026-06-30", "Nothing on file"},
		{"ended in the period", left, []vendors.Report{year}, "", "31 days of the examined period wait"},
		{"not used yet", since(0), nil, "", "It was not used"},
		{"used from tomorrow", since(today + 1), []vendors.Report{year}, "", "It was not used"},
	} {
		d := coverOf(vendors.File{Vendor: c.v, Filed: c.filed}, vendors.DefaultRules(), stretch(exam, today), exam, today)
		var holes []string
		for _, g := range d.Holes {
			holes = append(holes, g.String())
		}
		if got := strings.Join(holes, ", "); got != c.holes || !strings.HasPrefix(d.Says, c.says) {
			t.Errorf("%s: holes %q, says %q; want %q, %q", c.name, got, d.Says, c.holes, c.says)
		}
	}
}
