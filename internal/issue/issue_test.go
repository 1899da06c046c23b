package issue_test

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// TestAge counts full months from the end of coverage (domain brief 1.2).
func TestAge(t *testing.T) {
	t.Parallel()
	end := period.Make(2026, 6, 30)
	for _, x := range []struct {
		today period.Date
		n     int
		old   bool
		says  string
	}{
		{period.Make(2026, 6, 1), 0, false, "less than a month ago"}, {period.Make(2026, 7, 29), 0, false, "less than a month"}, {period.Make(2026, 7, 30), 1, false, "a month ago, on 2026-06-30"},
		{period.Make(2027, 2, 28), 7, false, "7 months ago"}, {period.Make(2027, 6, 29), 11, false, "11 months"}, {period.Make(2027, 6, 30), 12, true, "not taken as current"}, {period.Make(2029, 1, 1), 30, true, "30 months"},
	} {
		a := issue.AgeOf(period.Closed(period.Make(2026, 1, 1), end), x.today, issue.DefaultMonths)
		if a.Months != x.n || a.Old != x.old || !strings.Contains(a.Words(), x.says) {
			t.Errorf("%s: %+v %q", x.today, a, a.Words())
		}
	}
}

// TestWho may read, and what is opined on (domain brief 1.1, 4.5).
func TestWho(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		e                          engagement.Engagement
		readers, matters, headings int
	}{
		{engagement.Engagement{Report: engagement.SOC1, Type: 2}, 2, 3, 5}, {engagement.Engagement{Report: engagement.SOC1, Type: 1}, 2, 2, 4}, {engagement.Engagement{Report: engagement.SOC2, Type: 2}, 5, 3, 5},
		{engagement.Engagement{Report: engagement.SOC2, Type: 1}, 5, 2, 4}, {engagement.Engagement{Report: engagement.SOC3, Type: 2}, 5, 1, 4},
	} {
		if r, m, h := len(issue.ReaderKinds(x.e)), len(issue.Matters(x.e)), len(issue.Headings(x.e)); r != x.readers || m != x.matters || h != x.headings {
			t.Errorf("%s: %d kinds of readers, %d matters, %d headings", x.e.Kind(), r, m, h)
		}
		for _, k := range issue.ReaderKinds(x.e) {
			if k.Title() == "" {
				t.Error(k)
			}
		}
	}
	for _, own := range []string{"", "Our agreement of 2026 applies."} {
		if s := (issue.Terms{Own: own}).Agreement("Northwind"); !strings.Contains(s, "restricted use") || !strings.Contains(s, own) || strings.Contains(s, "certif") {
			t.Error(s)
		}
	}
}
