package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
)

func TestStand(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	pass := control.TestRecord{ID: "t-pass", Severity: "high", State: control.Operating, Passing: 9}
	fail := control.TestRecord{ID: "t-fail", Severity: "high", State: control.Failing, Failing: 2, Passing: 7, Since: now.Add(-3 * day)}
	cases := fail
	cases.ID, cases.Occurrence = "t-cases", true
	with := func(x control.TestRecord, change func(*control.TestRecord)) control.TestRecord { change(&x); return x }
	op := func(ref string, change func(*control.Operation), tests ...control.TestRecord) control.Operation {
		o := control.Operation{Ref: ref, InForce: true, Tests: tests, Elapsed: 100, Tested: 100}
		if change != nil {
			change(&o)
		}
		return o
	}
	good := op("IAM-01", nil, pass)
	for _, c := range []struct {
		name    string
		serving []control.Operation
		want    control.Standing
		says    string // part of the first reason; empty for no reason
		about   string // control of that reason
	}{
		{"no control", nil, control.NotMet, "no control serves it", ""},
		{"a draft alone", []control.Operation{op("IAM-01", func(o *control.Operation) { o.InForce = false }, pass)}, control.NotMet, "1 draft waits", ""},
		{"two drafts", []control.Operation{{Ref: "IAM-01"}, {Ref: "IAM-02"}}, control.NotMet, "2 drafts wait", ""},
		{"a draft beside a control that operates", []control.Operation{good, {Ref: "IAM-02"}}, control.Met, "", ""},
		{"operates", []control.Operation{good}, control.Met, "", ""},
		{"fails without grace", []control.Operation{good, op("IAM-02", nil, fail)}, control.NotMet, "2 items failing since 26 Feb 2026", "IAM-02"},
		{"fails beyond grace", []control.Operation{op("IAM-02", func(o *control.Operation) { o.Grace = 2 * day }, fail)}, control.NotMet, "beyond the grace of 2 days", "IAM-02"},
		{"fails within grace", []control.Operation{op("IAM-02", func(o *control.Operation) { o.Grace = 4 * day }, fail)}, control.AtRisk, "within the grace of 4 days", "IAM-02"},
		{"fails, nobody knows since when", []control.Operation{op("IAM-02", func(o *control.Operation) { o.Grace = 4 * day }, with(fail, func(x *control.TestRecord) { x.Since = time.Time{} }))}, control.NotMet, "2 items failing", "IAM-02"},
		{"every failure excepted", []control.Operation{op("IAM-02", nil, with(fail, func(x *control.TestRecord) { x.Excepted = 2 }))}, control.AtRisk, "accepted, not passed", "IAM-02"},
		{"some failures excepted", []control.Operation{op("IAM-02", nil, with(fail, func(x *control.TestRecord) { x.Excepted = 1 }))}, control.NotMet, "1 item failing, 1 more with an exception", "IAM-02"},
		{"a case failed lately", []control.Operation{op("IAM-02", nil, cases)}, control.AtRisk, "2 of 9 cases failed lately", "IAM-02"},
		{"every case failed", []control.Operation{op("IAM-02", nil, with(cases, func(x *control.TestRecord) { x.Passing = 0 }))}, control.NotMet, "everything that happened failed", "IAM-02"},
		{"failed and passes", []control.Operation{good, op("IAM-02", func(o *control.Operation) { o.Failed = 4 }, pass)}, control.MetWithDeviations, "failed on 4 days of the period and passes now", "IAM-02"},
		{"no answer", []control.Operation{good, op("IAM-02", nil, control.TestRecord{ID: "t", State: control.Silent, Why: "okta did not answer"})}, control.NotEvaluated, "no answer: okta did not answer", "IAM-02"},
		{"no answer, and failed before", []control.Operation{op("IAM-02", func(o *control.Operation) { o.Failed = 1 }, pass, control.TestRecord{ID: "t", State: control.Silent})}, control.NotEvaluated, "no answer", "IAM-02"},
		{"no test and no evidence", []control.Operation{good, op("GOV-01", nil)}, control.NotEvaluated, "no test judges it", "GOV-01"},
		{"tests never evaluated", []control.Operation{op("GOV-01", nil, control.TestRecord{ID: "t"})}, control.NotEvaluated, "never evaluated", "GOV-01"},
		{"evidence by hand", []control.Operation{good, op("GOV-01", func(o *control.Operation) { o.Evidence, o.Every = now.Add(-90*day), 92*day })}, control.Met, "", ""},
		{"evidence too old", []control.Operation{good, op("GOV-01", func(o *control.Operation) { o.Evidence, o.Every = now.Add(-93*day), 92*day })}, control.AtRisk, "older than the control's own rhythm", "GOV-01"},
		{"nothing happened", []control.Operation{op("CHG-01", nil, control.TestRecord{ID: "t", Occurrence: true, State: control.NoOccurrence})}, control.NotEvaluated, "nothing happened", ""},
		{"nothing happened beside a control that operates", []control.Operation{good, op("CHG-01", nil, control.TestRecord{ID: "t", State: control.NoOccurrence})}, control.Met, "", ""},
		{"days without a result", []control.Operation{op("IAM-02", func(o *control.Operation) { o.Tested = 96 }, pass)}, control.AtRisk, "no result on 4 of 100 days", "IAM-02"},
		{"days without an answer", []control.Operation{op("IAM-02", func(o *control.Operation) { o.Silent = 5 }, pass)}, control.AtRisk, "no result on 5 of 100 days", "IAM-02"},
		{"one day in a young period", []control.Operation{op("IAM-02", func(o *control.Operation) { o.Elapsed, o.Tested = 10, 9 }, pass)}, control.Met, "", ""},
		{"worst first", []control.Operation{op("A-01", nil), op("B-01", nil, with(fail, func(x *control.TestRecord) { x.Severity = "low" })), op("C-01", nil, fail)}, control.NotMet, "2 items failing", "C-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, reasons := control.Stand(c.serving, now)
			if got != c.want {
				t.Fatalf("%s, want %s: %+v", got, c.want, reasons)
			}
			if c.says == "" {
				if len(reasons) > 0 {
					t.Errorf("%+v", reasons)
				}
				return
			}
			if len(reasons) == 0 || !strings.Contains(reasons[0].Text, c.says) || reasons[0].Control != c.about || reasons[0].Standing != got {
				t.Errorf("%+v, want %q about %q", reasons, c.says, c.about)
			}
		})
	}
}

// TestStandings: each has a title, they are ordered worst first, and only what nothing can be done about is no gap.
func TestStandings(t *testing.T) {
	t.Parallel()
	all := control.Standings()
	for i, s := range all {
		if got, ok := control.ParseStanding(string(s)); !ok || got != s || s.Title() == "" {
			t.Errorf("%s is not read back", s)
		}
		if i > 0 && all[i-1].Compare(s) >= 0 {
			t.Errorf("%s does not come before %s", all[i-1], s)
		}
		if s.Gap() != (i < 3) {
			t.Errorf("%s: gap %v", s, s.Gap())
		}
	}
	if _, ok := control.ParseStanding("fine"); ok || control.Standing("").Compare(control.NotEvaluated) != 0 {
		t.Error("what is not known must count as not evaluated")
	}
	if control.Rhythm(catalog.Quarterly) != 92*24*time.Hour || control.Rhythm(catalog.PerEvent) != 0 {
		t.Error("rhythm")
	}
	for want, r := range map[int]control.Reason{2: {Severity: "critical"}, 7: {Severity: "high"}, 14: {Standing: control.NotMet}, 30: {Standing: control.NotEvaluated}} {
		if r.DueDays() != want {
			t.Errorf("%+v is due in %d days", r, r.DueDays())
		}
	}
}
