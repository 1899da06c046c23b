package applicability_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// says makes answers: every fact is no but those named, which are yes with a commitment.
func says(yes ...applicability.FactID) applicability.Answers {
	a := applicability.Answers{}
	for _, f := range applicability.Facts() {
		a[f.ID] = applicability.Answer{Value: applicability.No}
		if slices.Contains(yes, f.ID) {
			a[f.ID] = applicability.Answer{Value: applicability.Yes}
			if f.Category != "" {
				a[f.ID] = applicability.Answer{Value: applicability.Yes, Commitment: "SC-" + string(f.ID)}
			}
		}
	}
	return a
}

func with(a applicability.Answers, id applicability.FactID, v applicability.Value) applicability.Answers {
	a[id] = applicability.Answer{Value: v}
	return a
}

// reasons are the rules behind a recommendation that call for something.
func reasons(r applicability.Recommendation) []string {
	var out []string
	add := func(list []applicability.Reason) {
		for _, x := range list {
			if !slices.Contains(out, x.Rule) {
				out = append(out, x.Rule)
			}
		}
	}
	for _, x := range r.Reports {
		add(x.Reasons)
	}
	for _, c := range r.Categories {
		if c.Verdict > applicability.NotNeeded {
			add(c.Reasons)
		}
	}
	return out
}

// TestExamples are the examples of domain brief 1.3.
func TestExamples(t *testing.T) {
	t.Parallel()
	const f1, f2, f4, f4a, f5a, f5b, f6, f10 = applicability.F1, applicability.F2, applicability.F4, applicability.F4a, applicability.F5a, applicability.F5b, applicability.F6, applicability.F10
	for _, x := range []struct {
		name       string
		answers    applicability.Answers
		needed     []applicability.ReportID
		categories []catalog.CategoryID // needed or advised
		rules      []string
		kind       applicability.Type
	}{
		{"payroll bureau", says(f1, f2, f4, f10), []applicability.ReportID{"soc1", "soc2"}, []catalog.CategoryID{"security"}, []string{"R1", "R4", "R7"}, applicability.Type2},
		{"claims processor", says(f1, f2, f4, f5b, f10), []applicability.ReportID{"soc1", "soc2"}, []catalog.CategoryID{"security", "confidentiality"}, []string{"R1", "R4", "R5"}, applicability.Type2},
		{"loan servicer", says(f2, f10), []applicability.ReportID{"soc1"}, nil, []string{"R1"}, applicability.Type2},
		{"cloud storage", says(f4, f5b, f10), []applicability.ReportID{"soc2"}, []catalog.CategoryID{"security", "confidentiality"}, []string{"R4", "R5"}, applicability.Type2},
		{"read-only analytics on ledgers", says(f4, f5b, f10), []applicability.ReportID{"soc2"}, []catalog.CategoryID{"security", "confidentiality"}, []string{"R2", "R4", "R5"}, applicability.Type2},
		{"data centre hosting an ERP", says(f2, f4, f5a, f10), []applicability.ReportID{"soc1", "soc2"}, []catalog.CategoryID{"security", "availability"}, []string{"R1", "R4", "R5"}, applicability.Type2},
		{"consumer app with a trust page", says(f4, f6, f10), []applicability.ReportID{"soc2", "soc3"}, []catalog.CategoryID{"security"}, []string{"R4", "R8"}, applicability.Type2},
		{"first year", says(f4), []applicability.ReportID{"soc2"}, []catalog.CategoryID{"security"}, []string{"R4"}, applicability.Bridge},
		{"deadline", says(f4, f10, applicability.F11), []applicability.ReportID{"soc2"}, []catalog.CategoryID{"security"}, []string{"R4"}, applicability.Bridge},
		{"processor for businesses", says(f4, f4a, f10), []applicability.ReportID{"soc2"}, []catalog.CategoryID{"security", "confidentiality"}, []string{"R6"}, applicability.Type2},
		{"opinion on a framework", says(f4, applicability.F7, f10), []applicability.ReportID{"soc2", "soc2plus"}, []catalog.CategoryID{"security"}, []string{"R9"}, applicability.Type2},
		{"mapping without opinion", says(f4, applicability.F7a, f10), []applicability.ReportID{"soc2"}, []catalog.CategoryID{"security"}, []string{"R9"}, applicability.Type2},
		{"board asks", says(applicability.F8, f10), []applicability.ReportID{"soc_cyber"}, nil, []string{"R10"}, applicability.Type2},
		{"manufacturer", says(applicability.F9, f10), []applicability.ReportID{"soc_supply"}, nil, []string{"R10"}, applicability.Type2},
		{"nothing at all", says(f10), nil, nil, []string{"R2"}, applicability.Type2},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			r := applicability.Recommend(x.answers)
			var needed []applicability.ReportID
			for _, y := range r.Reports {
				if y.Verdict == applicability.Needed {
					needed = append(needed, y.Report)
				}
			}
			if !slices.Equal(needed, x.needed) {
				t.Errorf("needed %v, want %v", needed, x.needed)
			}
			var cats []catalog.CategoryID
			for _, c := range r.Categories {
				if c.Verdict >= applicability.Advised {
					cats = append(cats, c.Category)
				}
			}
			if !slices.Equal(cats, x.categories) {
				t.Errorf("categories %v, want %v", cats, x.categories)
			}
			for _, rule := range x.rules {
				if !slices.Contains(reasons(r), rule) {
					t.Errorf("rule %s is not among %v", rule, reasons(r))
				}
			}
			if r.Type.Type != x.kind {
				t.Errorf("type %s, want %s", r.Type.Type, x.kind)
			}
		})
	}
}

// TestSpecial goes through what the examples leave out.
func TestSpecial(t *testing.T) {
	t.Parallel()
	open := func(r applicability.Recommendation, id applicability.FactID) bool {
		return slices.ContainsFunc(r.Open, func(q applicability.Question) bool { return q.Fact == id && q.Ask != "" && q.Text != "" })
	}
	if r := applicability.Recommend(says(applicability.F3, applicability.F10)); r.Of("soc1").Verdict != applicability.Ask || r.Of("soc2").Verdict != applicability.Advised || !open(r, applicability.F3) {
		t.Errorf("R3: %+v", r.Reports)
	}
	if r := applicability.Recommend(with(says(applicability.F4, applicability.F10), applicability.F5a, applicability.Yes)); r.Category("availability").Verdict != applicability.Ask || !open(r, applicability.F5a) {
		t.Errorf("a promise without a name: %+v", r.Category("availability"))
	}
	if r := applicability.Recommend(says(applicability.F4, applicability.F4a, applicability.F5d)); r.Category("privacy").Verdict != applicability.Ask || !open(r, applicability.F4a) {
		t.Errorf("a contradiction: %+v", r.Category("privacy"))
	}
	if r := applicability.Recommend(says(applicability.F13)); len(r.Warnings) != 1 || r.Warnings[0].Rule != "R13" {
		t.Errorf("R13: %+v", r.Warnings)
	}
	if r := applicability.Recommend(says(applicability.F6)); r.Of("soc3").Verdict != applicability.Ask {
		t.Errorf("a SOC 3 of nothing: %+v", r.Of("soc3"))
	}
	if r := applicability.Recommend(applicability.Answers{}); r.Type.Type != applicability.TypeOpen || len(r.Open) < 10 {
		t.Errorf("no answer: %+v", r)
	}
	r := applicability.Recommend(says(applicability.F4, applicability.F5a))
	for n, chosen := range map[int][]catalog.CategoryID{0: {"security", "availability"}, 1: {"security"}, 2: {"privacy"}} {
		if got := applicability.Omitted(r, chosen); len(got) != n {
			t.Errorf("%v: %v", chosen, got)
		}
	}
	if got := applicability.Unfounded(r, []catalog.CategoryID{"availability", "privacy"}); len(got) != 1 {
		t.Errorf("unfounded: %v", got)
	}
}

// driving are the facts that can only add: a yes never makes less of a report. F4a (R6) and those of R11 and R13 are not.
var driving = []applicability.FactID{"F1", "F2", "F3", "F4", "F5", "F5a", "F5b", "F5c", "F5d", "F6", "F7", "F8", "F9"}

// TestProperties: the same answers give the same recommendation; "don't know" stands between no and yes and is never less
// than no; every result names a rule there is and facts there are; what nobody knows is an open question.
func TestProperties(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	values := []applicability.Value{"", applicability.Yes, applicability.No, applicability.Unknown}
	for range 3000 {
		a := applicability.Answers{}
		for _, f := range applicability.Facts() {
			x := applicability.Answer{Value: values[rnd.IntN(len(values))]}
			if f.Category != "" && x.Value == applicability.Yes && rnd.IntN(2) == 0 {
				x.Commitment = "SC-01"
			}
			a[f.ID] = x
		}
		r := applicability.Recommend(a)
		if !reflect.DeepEqual(r, applicability.Recommend(a)) {
			t.Fatal("two recommendations of the same answers")
		}
		wellFounded(t, r)
		id := driving[rnd.IntN(len(driving))]
		low, mid, high := set(a, id, applicability.No), set(a, id, applicability.Unknown), set(a, id, applicability.Yes)
		for _, report := range applicability.Reports() {
			l, m, h := low.Of(report).Verdict, mid.Of(report).Verdict, high.Of(report).Verdict
			if fallback := id == applicability.F1 || id == applicability.F2; fallback && (report == applicability.SOC2 || report == applicability.SOC3) {
				continue // R3: what SOC 1 does not answer, SOC 2 may
			}
			if l > m || m > h {
				t.Fatalf("%s of %s: no %v, unknown %v, yes %v, with %v", report, id, l, m, h, a)
			}
		}
	}
}

func set(a applicability.Answers, id applicability.FactID, v applicability.Value) applicability.Recommendation {
	b := applicability.Answers{}
	for k, x := range a {
		b[k] = x
	}
	b[id] = applicability.Answer{Value: v, Commitment: "SC-01"}
	return applicability.Recommend(b)
}

func wellFounded(t *testing.T, r applicability.Recommendation) {
	t.Helper()
	known := map[string]bool{}
	for _, x := range applicability.Rules() {
		known[x.ID] = true
	}
	check := func(what string, list []applicability.Reason) {
		if len(list) == 0 {
			t.Fatalf("%s has no reason", what)
		}
		for _, x := range list {
			if !known[x.Rule] || len(x.Facts) == 0 || x.Text == "" {
				t.Fatalf("%s: %+v", what, x)
			}
			for _, f := range x.Facts {
				if _, ok := applicability.FactOf(f); !ok {
					t.Fatalf("%s names %s", what, f)
				}
			}
		}
	}
	for _, x := range r.Reports {
		check(string(x.Report), x.Reasons)
		if x.Verdict == applicability.Ask && len(r.Open) == 0 {
			t.Fatalf("%s is open and nobody is asked", x.Report)
		}
	}
	for _, x := range r.Categories {
		check(string(x.Category), x.Reasons)
	}
	check("type", r.Type.Reasons)
}

// TestBody: a recommendation survives being kept.
func TestBody(t *testing.T) {
	t.Parallel()
	a := says(applicability.F1, applicability.F4, applicability.F5a)
	d := applicability.Decision{Number: 1, Answers: a, Recommendation: applicability.Recommend(a), Chosen: applicability.Chosen{Reports: []applicability.ReportID{}, Categories: []catalog.CategoryID{}}}
	text, sum, err := d.Body()
	if err != nil || canon.Sum([]byte(text)) != sum {
		t.Fatal(err)
	}
	d.SHA256 = sum
	got, err := d.Open(text)
	if err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("%+v\n%+v\n%v", got, d, err)
	}
	if _, err := d.Open(text + " "); err == nil {
		t.Error("a changed body was read")
	}
}

// TestPeriod goes through the rules of domain brief 1.2.
func TestPeriod(t *testing.T) {
	t.Parallel()
	day := func(s string) period.Date {
		d, err := period.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, x := range []struct {
		from, to, previous string
		want               []applicability.Grade
	}{
		{"2026-01-01", "2026-12-31", "", []applicability.Grade{applicability.Remark}},
		{"2026-01-01", "2026-06-28", "", []applicability.Grade{applicability.Warning}},       // 179 days
		{"2026-01-01", "2026-06-29", "", []applicability.Grade{applicability.Remark}},        // 180 days
		{"2026-01-01", "2026-03-30", "", []applicability.Grade{applicability.StrongWarning}}, // 89 days
		{"2026-01-01", "2026-03-31", "", []applicability.Grade{applicability.Warning}},       // 90 days
		{"2026-01-01", "2026-12-31", "2025-12-31", []applicability.Grade{applicability.Remark, applicability.Remark}},
		{"2026-01-02", "2026-12-31", "2025-12-31", []applicability.Grade{applicability.Remark, applicability.Warning}},
		{"2026-01-01", "2026-12-31", "2026-01-31", []applicability.Grade{applicability.Remark, applicability.Remark}},
		{"2026-01-01", "2025-12-31", "", nil},
	} {
		var previous period.Date
		if x.previous != "" {
			previous = day(x.previous)
		}
		var got []applicability.Grade
		for _, a := range applicability.Period(period.Closed(day(x.from), day(x.to)), previous) {
			got = append(got, a.Grade)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%s to %s after %q: %v, want %v", x.from, x.to, x.previous, got, x.want)
		}
	}
}
