package fieldwork

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// TestStand is the decision procedure of the domain brief 4.5 and 5.6.
func TestStand(t *testing.T) {
	t.Parallel()
	paper := func(ref string, c Conclusion) Paper {
		return Paper{ID: PaperID(ref), Ref: ref, Control: "C-" + ref, Criteria: []string{"CC6.1"}, Conclusion: c}
	}
	deviates := func(ref, instead string) Finding {
		return Finding{Ref: "F-" + ref, Paper: PaperID(ref), Instead: instead}
	}
	for name, x := range map[string]struct {
		papers   []Paper
		findings []Finding
		want     CriterionStatus
	}{
		"no paper":      {nil, nil, NotEvaluated},
		"open":          {[]Paper{paper("1", Effective), paper("2", NotConcluded)}, nil, NotEvaluated},
		"not tested":    {[]Paper{paper("1", Effective), paper("2", NotTested)}, nil, NotEvaluated},
		"effective":     {[]Paper{paper("1", Effective), paper("2", NoOccurrence)}, nil, Met},
		"nothing ran":   {[]Paper{paper("1", NoOccurrence)}, nil, NotEvaluated},
		"disclosed":     {[]Paper{paper("1", EffectiveWithDeviation)}, []Finding{deviates("1", "")}, MetWithDeviations},
		"at risk":       {[]Paper{paper("1", NotEffective), paper("2", Effective)}, []Finding{deviates("1", "")}, AtRisk},
		"at risk early": {[]Paper{paper("1", NotEffective), paper("2", Effective), paper("3", NotConcluded)}, []Finding{deviates("1", "")}, AtRisk},
		"not met":       {[]Paper{paper("1", NotEffective)}, []Finding{deviates("1", "")}, NotMet},
		"compensated":   {[]Paper{paper("1", NotEffective), paper("2", Effective)}, []Finding{deviates("1", "C-2")}, MetWithDeviations},
		"by a bad one":  {[]Paper{paper("1", NotEffective), paper("2", NotEffective)}, []Finding{deviates("1", "C-2"), deviates("2", "")}, NotMet},
	} {
		if got := Stand(x.papers, x.papers, x.findings); got.Status != x.want || got.Why == "" {
			t.Errorf("%s: %s (%s), want %s", name, got.Status, got.Why, x.want)
		}
	}
}

// TestRows reads days of many forms, narrows, finds holes in a sequence, and refuses keys that do not tell rows apart.
func TestRows(t *testing.T) {
	t.Parallel()
	want := period.Make(2025, 3, 4)
	for _, s := range []string{"2025-03-04", "2025-03-04T23:59:59Z", "2025-03-04 10:00:00", "04.03.2025", "4 Mar 2025", "2025-03-04 10:00:00.123456+00", " 2025-03-04 "} {
		if d, ok := dayOf(s); !ok || d != want {
			t.Errorf("%q: %s %v", s, d, ok)
		}
	}
	for _, s := range []string{"", "soon", "2025-13-01", "20250304"} {
		if _, ok := dayOf(s); ok {
			t.Errorf("%q has a day", s)
		}
	}
	p := Population{Columns: []string{"key", "day"}, Shape: Shape{Key: 0, Label: -1, Day: 1, InPeriod: true, Where: Condition{Column: -1}}}
	var rows []Row
	for i := range 9 {
		if i != 4 {
			rows = append(rows, Row{i + 1, []string{fmt.Sprint("T-", 10+i), fmt.Sprintf("2025-03-%02d", i+1)}})
		}
	}
	if got := p.sequence(rows); got != "1 missing in the sequence: T-14" {
		t.Error(got)
	}
	in, undated := p.Narrow(append(rows, Row{99, []string{"T-99", "?"}}), period.Closed(want, want+3))
	if len(in) != 3 || undated != 1 || in[2].N != 3 {
		t.Error(in, undated)
	}
	h, err := p.hash(in)
	if err != nil || len(h) != 64 {
		t.Error(h, err)
	}
	if _, err := p.hash(append(in, in[0])); err == nil {
		t.Error("a key stands twice")
	}
	if s := guess([]string{"Name", "Number", "Left on", "terminated_on"}, []Row{{1, []string{"A", "1", "x", "2025-01-01"}}, {2, []string{"A", "2", "x", "2025-01-02"}}}); s.Key != 1 || s.Label != 0 || s.Day != 3 {
		t.Errorf("%+v", s)
	}
}

// TestChained: windows that follow each other from the end of the period back, without a gap; the rest is said.
func TestChained(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return period.Date(20000 + n).Time() }
	window := func(from, to int) evaluate.Run {
		return evaluate.Run{ID: evaluate.RunID(fmt.Sprint(from, "-", to)), From: day(from), To: day(to), AsOf: day(to), Hash: "h"}
	}
	over := period.Period{From: 20000, To: 20100}
	for name, x := range map[string]struct {
		runs []evaluate.Run
		want string
	}{
		"one":       {[]evaluate.Run{window(60, 100), window(0, 100), window(50, 90)}, "[0-100]"},
		"three":     {[]evaluate.Run{window(60, 100), window(40, 80), window(21, 61), window(-5, 35), window(-20, 30)}, "[60-100 21-61 -20-30]"},
		"a gap":     {[]evaluate.Run{window(60, 100), window(0, 50)}, "[60-100]"},
		"so far":    {[]evaluate.Run{window(10, 50), window(-30, 20)}, "[10-50 -30-20]"},
		"no window": {[]evaluate.Run{{ID: "a", AsOf: day(10), Hash: "h"}, {ID: "b", AsOf: day(50), Hash: "h"}, {ID: "c", AsOf: day(150), Hash: "h"}}, "[b]"},
		"nothing":   {[]evaluate.Run{window(-50, -10), {ID: "x", From: day(0), To: day(100)}}, "[]"},
	} {
		var got []string
		for _, r := range chained(x.runs, over) {
			got = append(got, string(r.ID))
		}
		if fmt.Sprint(got) != x.want {
			t.Errorf("%s: %v, want %s", name, got, x.want)
		}
	}
}
