package report

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/textdiff"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// TestDifferences: what changed is shown in its part and nothing else is, though numbers of parts shift.
func TestDifferences(t *testing.T) {
	t.Parallel()
	if d := Differences(Build(reporttest.Payroll()), Build(reporttest.Payroll())); len(d) > 0 {
		t.Errorf("a draft differs from itself: %v", d)
	}
	d := reporttest.Payroll()
	d.System.Aspects[0].Text = "The board meets each month."
	d.System.Processing = append(d.System.Processing, engagement.Named{Name: "records: Archive", Text: "Kept for ten years."})
	d.Work[1].Result = "No deviations noted, after extension to 40 items."
	d.Tests = d.Tests[1:] // the positions of all others shift
	var lines []string
	for _, x := range Differences(Build(reporttest.Payroll()), Build(d)) {
		for _, l := range x.Lines {
			if l.Op == textdiff.Same {
				continue
			}
			lines = append(lines, map[textdiff.Op]string{textdiff.Gone: "- ", textdiff.Added: "+ "}[l.Op]+x.Section+" "+x.Part+": "+l.Text)
		}
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{"+ III Control environment: The board meets each month.", "- III Control environment: ", "+ III Archive: Kept for ten years.", "after extension to 40 items", "- IV test "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not shown in\n%s", want, text)
		}
	}
	for _, not := range []string{"Significant events", "IAM-03", "PHY-01"} {
		if strings.Contains(text, not) {
			t.Errorf("%q is shown: %s", not, line(text, not))
		}
	}
}

// TestCopied: text of another engagement and another organisation's name are found; what may carry over is not.
func TestCopied(t *testing.T) {
	t.Parallel()
	was, is := reporttest.Payroll(), reporttest.Payroll()
	is.Engagement.ID, was.Engagement.Ref, was.Org.Name = "eng_next", "SOC1-2025-1", "Southgale"
	is.System.Incidents, is.System.Changes = nil, nil
	is.Work[0].Result = "See the Southgale file."
	text := strings.Join(Copied(is, was, nil), "\n")
	for _, want := range []string{"a deviation of test IAM-04.1 stands word for word in SOC1-2025-1: Access of two leavers", "the response to a deviation of test IAM-04.1", "names Southgale"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not found in %q", want, text)
		}
	}
	if strings.Contains(text, "No deviations noted") || strings.Contains(text, "Payroll") {
		t.Errorf("found too much: %q", text)
	}
	if got := Copied(is, is); len(got) > 0 {
		t.Errorf("an engagement copies from itself: %q", got)
	}
}
