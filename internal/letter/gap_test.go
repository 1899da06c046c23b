package letter_test

import (
	"fmt"
	"testing"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/letter"
)

// The time after a report is uncovered from its first day on, unless a letter covers it or an examination follows without a gap.
func TestUncovers(t *testing.T) {
	t.Parallel()
	end := period.Make(2026, 6, 30) + 1 // day after the coverage
	e := func(ref, report string, typ int, status engagement.State, from, to period.Date) engagement.Engagement {
		return engagement.Engagement{ID: engagement.ID(ref), Ref: ref, Report: report, Type: typ, Status: status, Period: period.Period{From: from, To: to}}
	}
	issued := e("A", engagement.SOC2, 2, engagement.Issued, end-181, end)
	for name, c := range map[string]struct {
		more    []engagement.Engagement
		bridged period.Date
		today   period.Date
		want    string
	}{
		"on the last day":               {today: end - 1},
		"the day after":                 {today: end, want: "A since 2026-07-01 reach 2026-09-30"},
		"a letter covers it":            {today: end + 30, bridged: end + 31},
		"the letter is over":            {today: end + 31, bridged: end + 31, want: "A since 2026-08-01 reach 2026-09-30"},
		"the next one follows":          {today: end + 9, more: []engagement.Engagement{e("B", engagement.SOC2, 2, engagement.Planning, end, end+365)}},
		"the next one leaves a gap":     {today: end + 9, more: []engagement.Engagement{e("B", engagement.SOC2, 2, engagement.Planning, end+1, end+365)}, want: "A since 2026-07-01 reach 2026-09-30"},
		"the next one was cancelled":    {today: end + 9, more: []engagement.Engagement{e("B", engagement.SOC2, 2, engagement.Cancelled, end, end+365)}, want: "A since 2026-07-01 reach 2026-09-30"},
		"another report":                {today: end + 9, more: []engagement.Engagement{e("B", engagement.SOC1, 2, engagement.Planning, end, end+365)}, want: "A since 2026-07-01 reach 2026-09-30"},
		"a Type 1":                      {today: end + 9, more: []engagement.Engagement{e("B", engagement.SOC2, 1, engagement.Issued, end+3, end+4)}, want: "A since 2026-07-01 reach 2026-09-30"},
		"a newer one was issued":        {today: end + 9, more: []engagement.Engagement{e("B", engagement.SOC2, 2, engagement.Maintained, end, end+7)}, want: "B since 2026-07-08 reach 2026-10-07"},
		"both reports, nothing follows": {today: end + 9, more: []engagement.Engagement{e("B", engagement.SOC1, 2, engagement.Issued, end-90, end)}, want: "A since 2026-07-01 reach 2026-09-30 B since 2026-07-01 reach 2026-09-30"},
		"a SOC 3 says nothing itself":   {today: end + 9, more: []engagement.Engagement{e("B", engagement.SOC3, 2, engagement.Issued, end, end+2)}, want: "A since 2026-07-01 reach 2026-09-30"},
	} {
		got := ""
		for _, u := range letter.Uncovers(append(c.more, issued, e("P", engagement.SOC2, 2, engagement.Fieldwork, end-400, end-200)), func(id engagement.ID) period.Date {
			if id == "A" {
				return c.bridged
			}
			return 0
		}, letter.BridgeDays, c.today) {
			if got != "" {
				got += " "
			}
			got += fmt.Sprintf("%s since %s reach %s", u.E.Ref, u.Since, u.Reach)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
