package fieldwork_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/fieldwork"
)

// TestReported: every finding of a workpaper is handed over, whatever was concluded, and a test without a result never looks like a good one.
func TestReported(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	pop := fieldwork.Population{ID: "p", Title: "Leavers", Member: "a person who left", Rows: 100, FrozenAt: &at}
	p := fieldwork.Paper{ID: "w", Ref: "CC6.3-1", Control: "IAM-03", Criteria: []string{"CC6.3"}, Population: "p", Sample: &fieldwork.Sample{Size: 25, Seed: "abc"},
		Attributes: []fieldwork.Attribute{{Letter: "A", Text: "Date agrees.", Nature: fieldwork.Inspection}, {Letter: "B", Text: "Disabled in time", Nature: fieldwork.Reperformance}}}
	findings := []fieldwork.Finding{{Ref: "F-01", Paper: "w", Title: "Two late", Count: 2, Of: 25, Cause: "Ticket not closed", Extent: "All in May", Response: &fieldwork.Shared{Response: "Mended.", Until: "June"}}, {Ref: "F-02", Paper: "other", Title: "Not of it"}}
	for _, c := range append(fieldwork.Conclusions(), fieldwork.NotConcluded) {
		p.Conclusion, p.Why = c, "Because."
		w := fieldwork.OurWording().Reported(p, pop, findings)
		if len(w.Deviations) != 1 || w.Deviations[0].Count != 2 || w.Deviations[0].Of != 25 || !strings.Contains(w.Deviations[0].Nature, "All in May") || !strings.Contains(w.Deviations[0].Response, "Until: June") {
			t.Errorf("%s: %+v", c, w.Deviations)
		}
		if strings.HasPrefix(w.Result, "No deviations noted") {
			t.Errorf("%s: %q", c, w.Result)
		}
		if w.Selection.Size != 25 || w.Selection.All || w.Population.Size != 100 || strings.Join(w.Natures, " ") != "inspection reperformance" || w.Text != "Date agrees. Disabled in time." {
			t.Errorf("%+v", w)
		}
	}
	p.Conclusion = fieldwork.NotConcluded
	if w := fieldwork.OurWording().Reported(p, pop, nil); w.Result != "Not concluded" || len(w.Deviations) > 0 {
		t.Errorf("%+v", w)
	}
}
