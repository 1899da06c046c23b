package view

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// said is what a test said from day 0 on: P pass, F fail, N not applicable, U unanswered items, X no verdicts, - nothing.
func said(t *testing.T, letters string) []tally {
	t.Helper()
	var parts []string
	for i, c := range letters {
		switch c {
		case 'P', 'X':
			parts = append(parts, fmt.Sprintf("%c%d", c|0x20, i))
		case 'F', 'N', 'U':
			parts = append(parts, fmt.Sprintf("%c%d 2 1", c|0x20, i))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	list, err := readDays(strings.Join(parts, ","))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func drawn(d chart.StripData) string {
	var b strings.Builder
	for _, r := range d.Normal() {
		b.WriteString(strings.Repeat(map[chart.Outcome]string{chart.Pass: "P", chart.Fail: "F", chart.Unknown: "U", chart.NotApplicable: "N", chart.None: "-"}[r.Outcome], r.Days))
	}
	return b.String()
}

// TestJoint: of several tests the worst counts, and a gap of one is never covered by the pass of another.
func TestJoint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, a, b, want string }{
		{"one test", "PPFF-P", "", "PPFF-P"},
		{"the worse of two", "PPFFPP", "PFPPUP", "PFFFUP"},
		{"not applicable beside a pass", "NNPP", "PNNP", "PNPP"},
		{"added later", "PPPP", "--PP", "PPPP"},
		{"a gap of one", "PP-PP", "PPPPP", "PPUPP"},
		{"a gap of one beside a failure", "PP-PP", "PPFPP", "PPFPP"},
		{"a gap of both", "PP-PP", "PP-PP", "PP-PP"},
		{"one ended", "PP---", "PPPPP", "PPUUU"},
		{"no verdicts", "PXP", "PPP", "PUP"},
		{"nothing at all", "---", "", "---"},
	} {
		p := period.Period{From: 0, To: period.Date(len(c.a))}
		if got := drawn(joint(p, calendar{today: 1000}, [][]tally{said(t, c.a), said(t, c.b)}, nil)); got != c.want {
			t.Errorf("%s: %s and %s give %s, want %s", c.name, c.a, c.b, got, c.want)
		}
	}
}

// TestJointOfOccurrences: a day on which no state was looked at is not tested, though occurrences of that day were judged
// later; what went wrong on it is shown, and a state test that is missing while another was evaluated is a gap.
func TestJointOfOccurrences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, state, other, event, want, ran string }{
		{"states once a week, occurrences every day", "P---P---P", "P---P---P", "PPPPPPPPP", "P---P---P", ""},
		{"an occurrence that failed between", "P---P", "P---P", "PPFPP", "P-F-P", ""},
		{"an occurrence without an answer between", "P---P", "P---P", "PPUPP", "P-U-P", ""},
		{"one state test missing while the other ran", "PP-PP", "PPPPP", "PPPPP", "PPUPP", ""},
		{"states that failed, with gaps of all", "F--F", "P--P", "NNNN", "F--F", ""},
		{"state tests that came later", "--PP", "---P", "PPPP", "PPPP", ""},
		{"state tests that ended", "PP--", "PP--", "PPPP", "PP--", ""},
		{"occurrences not judged while states were", "PPPP", "PPPP", "PP-P", "PPUP", ""},
		{"occurrences alone", "", "", "PP-P", "PP-P", ""},
		{"the evaluator ran, and no state test did", "P-P", "P-P", "PPP", "PUP", "PPP"},
		{"the run gave no verdicts", "PXP", "PPP", "PPP", "PUP", ""},
	} {
		p := period.Period{From: 0, To: period.Date(len(c.event))}
		worked := map[period.Date]bool{}
		for i, l := range c.state + c.ran {
			worked[period.Date(i%len(c.event))] = worked[period.Date(i%len(c.event))] || l != '-'
		}
		if got := drawn(joint(p, calendar{1000, worked}, [][]tally{said(t, c.state), said(t, c.other)}, [][]tally{said(t, c.event)})); got != c.want {
			t.Errorf("%s: %s, %s and %s give %s, want %s", c.name, c.state, c.other, c.event, got, c.want)
		}
	}
}

// TestJointToday: while the last day is not over, what is still to come is no gap, and what passed so far no pass.
func TestJointToday(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, state, other, event, want string }{
		{"some are still to come", "PPP", "PP-", "", "PP-"},
		{"one failed already", "PPF", "PP-", "", "PPF"},
		{"one gave no answer", "PPX", "PP-", "", "PPU"},
		{"all are done", "PPP", "PFP", "", "PFP"},
		{"occurrences are still to come", "PPP", "PPP", "PP-", "PP-"},
		{"a gap of yesterday", "PPP", "P-P", "", "PUP"},
	} {
		p := period.Period{From: 0, To: period.Date(len(c.state))}
		if got := drawn(joint(p, calendar{today: p.To - 1}, [][]tally{said(t, c.state), said(t, c.other)}, [][]tally{said(t, c.event)})); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	p := period.Period{From: 0, To: 6}
	d := joint(p, calendar{today: 1000}, [][]tally{said(t, "PPF-UP")}, nil)
	now := period.Date(5).Time()
	for _, c := range []struct {
		window period.Period
		want   Figures
	}{
		{period.Period{From: 1, To: 9}, Figures{Days: 8, Elapsed: 5, Tested: 4, Pass: 2, Fail: 1, Unknown: 1, Gap: 1}},
		{period.Period{From: 0, To: 2}, Figures{Days: 2, Elapsed: 2, Tested: 2, Pass: 2}},
		{period.Period{From: 20, To: 30}, Figures{Days: 10}}, // still to come: neither tested nor a gap
	} {
		if got := figures(d, c.window, now); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.window, got, c.want)
		}
	}
}

// FuzzReadDays: what is no list of days is an error, and a list comes out in order without overlaps.
func FuzzReadDays(f *testing.F) {
	for _, s := range []string{"p1", "f2 1 0,p1", "x3,u4 0 2", "", ",", "p", "p1 2", "z9 1 1", "f99999999999 1 1", "p1,p1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := readDays(s)
		if err != nil {
			return
		}
		for i, x := range list {
			if x.to <= x.from || i > 0 && x.from < list[i-1].from {
				t.Fatalf("%q gives %+v", s, list)
			}
			if x.outcome == chart.None || x.outcome == chart.Pass && !strings.Contains(s, "p") {
				t.Fatalf("%q gives the outcome %v", s, x.outcome)
			}
		}
	})
}
