package report

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

func TestTitleAndCover(t *testing.T) {
	t.Parallel()
	doc := Build(reporttest.Small())
	if want := "Report on Northwind’s description of its system and on the suitability of the design and operating effectiveness of its controls relevant to security, availability and confidentiality"; doc.Title != want {
		t.Errorf("title %q", doc.Title)
	}
	if got := doc.Cover.Notice.String(); got != "Management’s draft. Not an auditor’s report; no opinion is given or implied." {
		t.Errorf("notice %q", got)
	}
	_, hash, err := reporttest.Small().Bytes()
	if err != nil || doc.Hash != hash || doc.Cover.Mark != "DRAFT" || !doc.Draft || len(doc.Cover.Alert) == 0 || doc.Ref != "SOC2-2026-1" {
		t.Errorf("%v, hash %s of %s, mark %q", err, doc.Hash, hash, doc.Cover.Mark)
	}
	d := reporttest.Small()
	d.Org.Simulated = false
	if doc := Build(d); len(doc.Cover.Alert) != 0 || doc.Simulated {
		t.Error("real data is called simulated")
	}
}

func TestSections(t *testing.T) {
	t.Parallel()
	want := []string{"", "I", "II", "III", "IV", "V", "A", "B"}
	for name, d := range map[string]*engagement.Dossier{"northwind": reporttest.Northwind(), "empty": reporttest.Empty(), "hostile": reporttest.Hostile(), "nil": nil} {
		var got []string
		for _, s := range Build(d).Sections {
			got = append(got, s.Number)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: sections %q", name, got)
		}
	}
}

// TestEachElementIsThereOrMissing takes one part of the description away at a time: the document says so in place, in the
// overview of the elements, and in the list of what is missing.
func TestEachElementIsThereOrMissing(t *testing.T) {
	t.Parallel()
	for id, c := range map[string]struct {
		take  func(*engagement.Dossier)
		state string
		place string
		list  string
	}{
		"DC1":  {func(d *engagement.Dossier) { d.System.Services = nil }, "missing", "Services are not described", "DC1:"},
		"DC2":  {func(d *engagement.Dossier) { d.System.Commitments = nil }, "missing", "No commitment is recorded", "DC2:"},
		"DC3":  {func(d *engagement.Dossier) { delete(d.System.Components, "people") }, "missing", "The dossier names no component of this class", "DC3: people"},
		"DC3b": {func(d *engagement.Dossier) { d.System.Boundary = " " }, "missing", "The boundary is not described", "DC3: the boundary"},
		"DC4":  {func(d *engagement.Dossier) { d.System.Incidents = nil }, "to be confirmed", "An empty list does not show that none occurred", "DC4:"},
		"DC5":  {func(d *engagement.Dossier) { d.Criteria = nil }, "missing", "No criteria are chosen", "DC5:"},
		"DC6":  {func(d *engagement.Dossier) { d.CUECs = nil }, "none stated", "None are needed.", ""},
		"DC7":  {func(d *engagement.Dossier) { d.Subservice = nil }, "to be confirmed", "!! to be confirmed: None is recorded", "DC7:"},
		"DC8":  {func(d *engagement.Dossier) {}, "none stated", "Every criterion of the chosen categories", ""},
		"DC9":  {func(d *engagement.Dossier) { d.System.Changes = nil }, "to be confirmed", "No significant change is recorded", "DC9:"},
	} {
		d := reporttest.Small()
		c.take(d)
		text := dump(Build(d))
		if want := fmt.Sprintf("%s |", c.state); !strings.Contains(line(text, "| "+id[:3]+" |"), want) {
			t.Errorf("%s: the overview says %q", id, line(text, "| "+id[:3]+" |"))
		}
		if !strings.Contains(text, c.place) {
			t.Errorf("%s: %q is not said in place", id, c.place)
		}
		missing := text[strings.Index(text, "What a complete report still needs"):]
		if c.list != "" && !strings.Contains(missing, c.list) {
			t.Errorf("%s: not listed as missing:\n%s", id, missing[:400])
		}
	}
}

// line is the first line that holds a text.
func line(s, with string) string {
	for l := range strings.SplitSeq(s, "\n") {
		if strings.Contains(l, with) {
			return l
		}
	}
	return ""
}

// base is a state test that passed on every day.
func passing(kind string) engagement.TestFacts {
	p := reporttest.Period
	t := engagement.TestFacts{ID: "a-test", Kind: kind, Counted: "A thing", Sources: []string{"okta-main"}, DaysTested: p.Days(), Evaluations: p.Days(), Population: 10,
		Days:  []engagement.DayRun{{From: p.From, Days: p.Days(), Outcome: "pass"}},
		Final: engagement.Rerun{Inputs: []engagement.RerunInput{{Table: "okta.user", Source: "okta-main", Completeness: "proven"}}}}
	if kind == "occurrence" {
		t.Pass = 10
	}
	return t
}

// frozenAfter is a dossier frozen after its period.
func frozenAfter() *engagement.Dossier {
	return &engagement.Dossier{Engagement: engagement.Facts{Period: reporttest.Period}, Frozen: engagement.Freeze{At: reporttest.Period.To.Time()}}
}

func item(id string) engagement.Deviation {
	at := reporttest.Period.From.Time().Add(50 * time.Hour)
	return engagement.Deviation{ItemID: id, Label: "label " + id, Reason: "because", From: at, To: &at}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	none := func(n int) []engagement.DayRun {
		return []engagement.DayRun{{From: reporttest.Period.From, Days: 181 - n, Outcome: "pass"}, {From: reporttest.Period.From + period.Date(181-n), Days: n, Outcome: "none"}}
	}
	for name, c := range map[string]struct {
		kind    string
		change  func(*engagement.TestFacts)
		outcome chart.Outcome
		want    string
	}{
		"clean":              {"state", func(t *engagement.TestFacts) {}, chart.Pass, "No deviations noted."},
		"clean occurrences":  {"occurrence", func(t *engagement.TestFacts) {}, chart.Pass, "No deviations noted."},
		"one deviation":      {"state", func(t *engagement.TestFacts) { t.Deviations = append(t.Deviations, item("a")) }, chart.Fail, "1 deviation noted."},
		"same item twice":    {"state", func(t *engagement.TestFacts) { t.Deviations = append(t.Deviations, item("a"), item("a")) }, chart.Fail, "2 deviations noted, on 1 item."},
		"of occurrences":     {"occurrence", func(t *engagement.TestFacts) { t.Deviations, t.Fail = append(t.Deviations, item("a")), 1 }, chart.Fail, "1 deviation noted in 10 occurrences."},
		"unknown item":       {"state", func(t *engagement.TestFacts) { t.Unknowns = append(t.Unknowns, item("a")) }, chart.Unknown, "No deviations noted where there was an answer. 1 item gave no answer and is not counted as passed."},
		"unknown day":        {"state", func(t *engagement.TestFacts) { t.Days[0].Outcome = "unknown" }, chart.Unknown, "No deviations noted where there was an answer. 181 days gave no answer and are not counted as passed."},
		"unheard-of outcome": {"state", func(t *engagement.TestFacts) { t.Days[0].Outcome = "fine" }, chart.Unknown, "No deviations noted where there was an answer. 181 days gave no answer and are not counted as passed."},
		"gap":                {"state", func(t *engagement.TestFacts) { t.Days, t.DaysTested, t.DaysGap = none(1), 180, 1 }, chart.Pass, "No deviations noted on the days tested. 1 day of the period was not tested."},
		"gap said only":      {"state", func(t *engagement.TestFacts) { t.DaysGap = 5 }, chart.Pass, "No deviations noted on the days tested. 5 days of the period were not tested."},
		"never evaluated":    {"state", func(t *engagement.TestFacts) { t.Evaluations, t.DaysTested, t.DaysGap, t.Days = 0, 0, 181, none(181) }, chart.None, "Not tested in the period. Nothing can be concluded from this test."},
		"no daily record":    {"state", func(t *engagement.TestFacts) { t.Days = nil }, chart.Unknown, "Results do not agree. 181 days are said to be tested, but there is no daily record."},
		"failure not listed": {"state", func(t *engagement.TestFacts) { t.Days[0].Outcome = "fail" }, chart.Unknown, "Results do not agree. The daily record or the count shows failures, but no deviation is listed."},
		"count not listed":   {"occurrence", func(t *engagement.TestFacts) { t.Fail = 2 }, chart.Unknown, "Results do not agree. The daily record or the count shows failures, but no deviation is listed."},
		"no occurrence":      {"occurrence", func(t *engagement.TestFacts) { t.Population, t.Pass = 0, 0 }, chart.NotApplicable, "No occurrence in the period. That the population is empty is proven: everything the test read equals the source’s own count. The operation of the control was not called for."},
		"none, not proven": {"occurrence", func(t *engagement.TestFacts) {
			t.Population, t.Pass = 0, 0
			t.Final.Inputs[0].Completeness = "asserted"
		}, chart.Unknown, "No occurrence in the period. That the population is empty is not proven: the readings ended without error, but not every source gives a count of its own."},
		"none, incomplete": {"occurrence", func(t *engagement.TestFacts) {
			t.Population, t.Pass = 0, 0
			t.Final.Inputs[0].Completeness = "incomplete"
		}, chart.Unknown, "No occurrence in the period. That the population is empty is not shown: a reading was incomplete."},
		"none, nothing read": {"occurrence", func(t *engagement.TestFacts) { t.Population, t.Pass, t.Final.Inputs = 0, 0, nil }, chart.Unknown, "No occurrence in the period. That the population is empty is not shown: no input of the test is recorded."},
		"none, with a gap":   {"occurrence", func(t *engagement.TestFacts) { t.Population, t.Pass, t.Days, t.DaysGap = 0, 0, none(3), 3 }, chart.Unknown, "No occurrence in the period. That the population is empty is not proven: the readings ended without error, but not every source gives a count of its own. 3 days of the period were not tested."},
		"attempts": {"state", func(t *engagement.TestFacts) {
			t.Unknowns, t.DaysTested, t.DaysGap = append(t.Unknowns, item("a")), 0, 181
			t.Days[0].Outcome = "unknown"
		}, chart.Unknown, "No deviations noted where there was an answer. 1 item gave no answer and is not counted as passed. 181 days gave no answer at all."},
		"deviation and gap":   {"state", func(t *engagement.TestFacts) { t.Deviations, t.DaysGap = append(t.Deviations, item("a")), 2 }, chart.Fail, "1 deviation noted. 2 days of the period were not tested."},
		"deviation, untested": {"state", func(t *engagement.TestFacts) { t.Deviations, t.Evaluations = append(t.Deviations, item("a")), 0 }, chart.Fail, "1 deviation noted."},
		"deviation and silent": {"state", func(t *engagement.TestFacts) {
			t.Deviations, t.Unknowns = append(t.Deviations, item("a")), append(t.Unknowns, item("b"))
		}, chart.Fail, "1 deviation noted. 1 item gave no answer and is not counted as passed."},
	} {
		f := passing(c.kind)
		c.change(&f)
		v := judge(f, frozenAfter())
		if got := v.text().String(); got != c.want || v.outcome != c.outcome {
			t.Errorf("%s: %v %q\nwant %v %q", name, v.outcome, got, c.outcome, c.want)
		}
	}
}

// TestControlsAreNoBetterThanTheirTests: the short form of a control keeps what qualifies its tests.
func TestControlsAreNoBetterThanTheirTests(t *testing.T) {
	t.Parallel()
	clean, gap, silent, never, bad, empty := passing("state"), passing("state"), passing("state"), passing("state"), passing("state"), passing("occurrence")
	gap.DaysGap = 3
	silent.Unknowns = append(silent.Unknowns, item("a"))
	never.Evaluations, never.DaysTested, never.Days = 0, 0, nil
	bad.Deviations = append(bad.Deviations, item("a"), item("b"))
	empty.Population, empty.Pass = 0, 0
	for _, c := range []struct {
		tests []engagement.TestFacts
		o     chart.Outcome
		want  string
	}{
		{[]engagement.TestFacts{clean}, chart.Pass, "No deviations noted in 1 test."},
		{[]engagement.TestFacts{clean, empty}, chart.Pass, "No deviations noted in 2 tests."},
		{[]engagement.TestFacts{empty}, chart.NotApplicable, "No occurrence in 1 test."},
		{[]engagement.TestFacts{clean, gap}, chart.Pass, "No deviations noted on the days tested in 2 tests. 1 test with days not tested."},
		{[]engagement.TestFacts{clean, silent}, chart.Unknown, "No full answer in 2 tests. 1 test without a full answer."},
		{[]engagement.TestFacts{clean, never}, chart.None, "Not tested. 1 test not evaluated."},
		{[]engagement.TestFacts{bad, silent, never, gap}, chart.Fail, "2 deviations in 4 tests. 1 test without a full answer. 1 test not evaluated. 1 test with days not tested."},
		{nil, chart.None, "No test, no document on file."},
	} {
		d := frozenAfter()
		d.Controls = []engagement.ControlFacts{{Ref: "C-1"}}
		for i, f := range c.tests {
			f.ID, f.Controls = fmt.Sprintf("t-%d", i), []string{"C-1"}
			d.Tests = append(d.Tests, f)
		}
		v := newBuilder(d).ofControl(d.Controls[0])
		if got := v.text().String(); got != c.want || v.outcome != c.o {
			t.Errorf("%v %q, want %v %q", v.outcome, got, c.o, c.want)
		}
	}
}

func TestEveryDeviationOnce(t *testing.T) {
	t.Parallel()
	d := reporttest.Many(45, 20000)
	doc := Build(d)
	got := map[string]int{}
	for _, s := range doc.Sections {
		for _, b := range s.Blocks {
			tb, ok := b.(Table)
			if !ok || !strings.HasPrefix(tb.Subject, "deviations/") {
				continue
			}
			if s.Number != "IV" {
				t.Errorf("deviations stand in section %s", s.Number)
			}
			for _, r := range tb.Rows {
				got[tb.Subject[len("deviations/"):]+"|"+r.Cells[1].String()]++
			}
		}
	}
	n := 0
	for _, test := range d.Tests {
		for _, v := range test.Deviations {
			n++
			if key := test.ID + "|" + itemText(v).String(); got[key] != 1 {
				t.Fatalf("%s is printed %d times", key, got[key])
			}
		}
	}
	if len(got) != n || n < 20000 {
		t.Errorf("%d rows for %d deviations", len(got), n)
	}
}

func TestTestsOfSeveralControlsAndOfNone(t *testing.T) {
	t.Parallel()
	d := reporttest.Small()
	d.Tests = nil
	shared, orphan, twin := passing("state"), passing("state"), passing("state")
	shared.ID, shared.Title, shared.Controls = "shared-test", "Shared", []string{"IAM-02", "IAM-01"}
	shared.Deviations = append(shared.Deviations, item("one-and-only"))
	orphan.ID, orphan.Title, orphan.Controls = "orphan-test", "Orphan", []string{"ZZ-99"}
	orphan.Deviations = append(orphan.Deviations, item("orphan-item"))
	twin.ID, twin.Title, twin.Controls = "shared-test", "Twin", []string{"IAM-02"}
	twin.Deviations = append(twin.Deviations, item("twin-item"))
	d.Tests = append(d.Tests, shared, orphan, twin)
	for i := range d.Controls {
		d.Controls[i].Tests = nil
	}
	text := dump(Build(d))
	for _, want := range []string{"| 1 | label one-and-only / one-and-only |", "| 1 | label orphan-item / orphan-item |", "| 1 | label twin-item / twin-item |"} {
		if n := strings.Count(text, want); n != 1 {
			t.Errorf("%q stands %d times", want, n)
		}
	}
	if !strings.Contains(text, "Test Shared is printed with IAM-01 on page p#: [fail] 1 deviation noted.") {
		t.Error("the second control does not refer to the test’s first")
	}
	if !strings.Contains(text, "Tests of no control in scope") {
		t.Error("the orphan has no place of its own")
	}
	if found := Lint(Build(d), d); len(found) > 0 {
		t.Error(found)
	}
}

func TestControlsWithoutTest(t *testing.T) {
	t.Parallel()
	d := reporttest.Small()
	text := dump(Build(d))
	if !strings.Contains(text, "On file: EV-2026-00102 Minutes of the board, first quarter; EV-2026-00377") {
		t.Error("the documents of GOV-02 are not named")
	}
	for i := range d.Controls {
		d.Controls[i].Uploads = nil
	}
	text = dump(Build(d))
	if !strings.Contains(text, "No automated test covers this control, and no document is on file") || !strings.Contains(text, "Controls without evidence of operation") {
		t.Error("a control without evidence is not shown as such")
	}
}

func TestWhatIsNotRecordedIsSaid(t *testing.T) {
	t.Parallel()
	d := reporttest.Small()
	d.Controls[0].Owner, d.Controls[0].Statement, d.Controls[0].Frequency, d.Controls[0].Criteria = "", " ", "", nil
	for i := range d.Criteria {
		d.Criteria[i].Controls = nil
	}
	ref := d.Controls[0].Ref
	text := dump(Build(d))
	for _, want := range []string{"the control is not stated", "no owner is recorded", "no frequency is recorded", "the control serves no criterion in scope",
		"The owner of control " + ref, "The statement of control " + ref, "The frequency of control " + ref, "A criterion that control " + ref + " serves"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said", want)
		}
	}
}

// TestStatedEmpty: a part that management says is empty is no open place; one that nobody spoke about is.
func TestStatedEmpty(t *testing.T) {
	t.Parallel()
	d := reporttest.Small()
	d.System.Incidents, d.System.Changes = nil, nil
	for _, x := range []struct{ open, said string }{
		{"No incident is recorded", "Management states that no incident of the period"}, {"No significant change is recorded", "Management states that no significant change"},
	} {
		d.System.None = nil
		if text := dump(Build(d)); !strings.Contains(text, x.open) || strings.Contains(text, x.said) {
			t.Errorf("%q is not open", x.open)
		}
		d.System.None = []string{"changes", "incidents"}
		if text := dump(Build(d)); strings.Contains(text, x.open) || !strings.Contains(text, x.said) {
			t.Errorf("%q is not said", x.said)
		}
	}
}

func TestOtherKindsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		report string
		typ    int
		kind   string
		built  bool
	}{{"SOC 2", 2, "SOC 2 Type 2", true}, {"soc2", 2, "SOC 2 Type 2", true}, {"SOC2", 2, "SOC 2 Type 2", true}, {"", 0, "SOC 2 Type 2", true},
		{"SOC 2", 1, "SOC 2 Type 1", true}, {"soc1", 2, "SOC 1 Type 2", true}, {"SOC 3", 0, "SOC 3", true}, {"SOC 3", 2, "SOC 3", true}, {"SOC 3", 1, "SOC 3 Type 1", false}, {"ISAE", 2, "ISAE Type 2", false}} {
		d := reporttest.Small()
		d.Engagement.Report, d.Engagement.Type = c.report, c.typ
		doc := Build(d)
		if doc.Kind != c.kind || (len(doc.Sections) > 2) != c.built {
			t.Errorf("%q type %d: kind %q with %d sections", c.report, c.typ, doc.Kind, len(doc.Sections))
		}
		if !c.built && len(Lint(doc, d)) == 0 {
			t.Errorf("%s: nothing found in a document without sections", c.kind)
		}
	}
}

func TestSameDossierSameDocument(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*engagement.Dossier{"northwind": reporttest.Northwind(), "hostile": reporttest.Hostile()} {
		before, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		first := Build(d)
		for range 5 {
			if !reflect.DeepEqual(first, Build(d)) {
				t.Fatalf("%s: another document", name)
			}
		}
		if after, _ := json.Marshal(d); string(after) != string(before) {
			t.Errorf("%s: building changed the dossier", name)
		}
	}
}

func TestDossierThatCannotBeHashed(t *testing.T) {
	t.Parallel()
	d := reporttest.Small()
	d.Tests[0].Population = math.MaxInt64
	doc := Build(d)
	if doc.Hash != "" || doc.HashError == "" || !strings.Contains(dump(doc), "the dossier could not be hashed") {
		t.Errorf("hash %q, error %q", doc.Hash, doc.HashError)
	}
	if !strings.Contains(strings.Join(Lint(doc, d), "\n"), "cannot be hashed") {
		t.Error("lint does not mind")
	}
}

// TestFrozenBeforeTheEnd: days that have not come are neither tested nor gaps, and every page that matters says so.
func TestFrozenBeforeTheEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at   time.Time
		want int
	}{{time.Time{}, 0}, {reporttest.Period.From.Time(), 181}, {reporttest.Period.From.Time().Add(time.Hour), 180}, {reporttest.Period.To.Time().Add(-time.Second), 0},
		{reporttest.Period.To.Time().Add(-24 * time.Hour), 1}, {reporttest.Period.To.Time().Add(90 * 24 * time.Hour), 0}, {reporttest.Period.From.Time().AddDate(-5, 0, 0), 181}} {
		d := frozenAfter()
		d.Frozen.At = c.at
		if got := toCome(d); got != c.want {
			t.Errorf("frozen %s: %d days to come, want %d", c.at, got, c.want)
		}
	}
	d := reporttest.Small()
	d.Frozen.At = (reporttest.Period.To - 31).Time().Add(9 * time.Hour)
	for i := range d.Tests {
		f := &d.Tests[i]
		f.Deviations, f.Unknowns, f.Fail, f.Unknown = nil, nil, 0, 0
		f.Days = []engagement.DayRun{{From: reporttest.Period.From, Days: 151, Outcome: "pass"}, {From: reporttest.Period.From + 151, Days: 30, Outcome: "none"}}
		f.DaysTested, f.DaysGap, f.Population, f.Pass, f.NA = 151, 0, 5, 5, 0
		if f.Kind == "state" {
			f.Pass = 0
		}
	}
	doc := Build(d)
	text := dump(doc)
	for _, want := range []string{"Interim. The period was not over when the dossier was frozen: 30 days were still to come.", "The period is not over",
		"No deviations noted on the days tested. 30 days of the period were still to come.", "151 of 181 days; no gap; 30 days still to come when frozen", "Results for the rest of the period."} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said", want)
		}
	}
	if strings.Contains(text, "[pass] No deviations noted. ") || strings.Contains(text, "of the period were not tested.") || strings.Contains(text, "2026 (not tested)") {
		t.Error("days to come are taken for tested, or for gaps")
	}
	for _, f := range Lint(doc, d) {
		t.Error(f)
	}
}

func TestAspects(t *testing.T) {
	t.Parallel()
	named := func(names ...string) string {
		d := reporttest.Small()
		d.System.Aspects = nil
		for _, n := range names {
			d.System.Aspects = append(d.System.Aspects, engagement.Named{Name: n, Text: "A text."})
		}
		return dump(Build(d))
	}
	if text := named(); strings.Count(text, "is not described") != 4 {
		t.Error("four areas are missing where there is no text")
	}
	if text := named("Risk assessment of 2026", "monitoring"); strings.Count(text, "is not described") != 2 || strings.Contains(text, "Risk assessment is not described") {
		t.Error("two areas are missing")
	}
	if text := named("Conduct", "All hands"); strings.Contains(text, "is not described") || !strings.Contains(text, "!! to be confirmed: The areas that are covered") {
		t.Error("texts without an area are to be confirmed, not called missing")
	}
}

// TestGapsAlike: tests that miss the same days stand together, the days said once; many stretches are summed up.
func TestGapsAlike(t *testing.T) {
	t.Parallel()
	d := reporttest.Small()
	from := reporttest.Period.From
	weekly := []engagement.DayRun{}
	for n := 0; n < 175; n += 7 {
		weekly = append(weekly, engagement.DayRun{From: from + period.Date(n), Days: 1, Outcome: "pass"}, engagement.DayRun{From: from + period.Date(n) + 1, Days: 6, Outcome: "none"})
	}
	weekly = append(weekly, engagement.DayRun{From: from + 175, Days: 6, Outcome: "pass"})
	once := []engagement.DayRun{{From: from, Days: 100, Outcome: "pass"}, {From: from + 100, Days: 2, Outcome: "unknown"}, {From: from + 102, Days: 79, Outcome: "pass"}}
	f := d.Tests[0]
	f.Deviations, f.Unknowns = nil, nil
	d.Tests = nil
	for _, x := range []struct {
		id, title   string
		days        []engagement.DayRun
		tested, gap int
	}{{"a", "First", weekly, 31, 150}, {"b", "Second", once, 179, 2}, {"c", "Third", weekly, 31, 150}} {
		f.ID, f.Title, f.Days, f.DaysTested, f.DaysGap = x.id, x.title, x.days, x.tested, x.gap
		d.Tests = append(d.Tests, f)
	}
	var got []string
	for _, s := range Build(d).Sections {
		for _, b := range s.Blocks {
			if x, ok := b.(Table); ok && x.Subject == "gaps" {
				for _, r := range x.Rows {
					got = append(got, r.Cells[0].String()+": "+r.Cells[3].String())
				}
			}
		}
	}
	day := func(n int) string { return (from + period.Date(n)).Time().Format("2 January 2006") }
	want := []string{
		"First: 25 stretches of at most 6 days, the first " + day(1) + " to " + day(6) + " (not tested), the last " + day(169) + " to " + day(174) + " (not tested); the strip shows all",
		"Third: as above",
		"Second: " + day(100) + " to " + day(101) + " (no answer)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("gaps\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
