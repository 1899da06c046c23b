package report

import (
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// verdict is what a test or a control came to, in the words a reader gets.
type verdict struct {
	outcome chart.Outcome
	words   string // "No deviations noted."
	more    string // qualifications that must stand beside the words
}

// text is the verdict as running text.
func (v verdict) text() Text {
	t := say(status(v.outcome, v.words))
	if v.more != "" {
		t = append(t, Span{Text: " " + v.more})
	}
	return t
}

// stripOf is a test's days over the period of the examination.
func stripOf(t engagement.TestFacts, p period.Period) chart.StripData {
	s := chart.StripData{Period: p}
	for _, r := range t.Days {
		s.Runs = append(s.Runs, chart.Run{From: r.From, Days: r.Days, Outcome: chart.Parse(r.Outcome)})
	}
	return s
}

// toCome is how many days of the period had not begun when the dossier was frozen: they are neither tested nor gaps.
func toCome(d *engagement.Dossier) int {
	p := d.Engagement.Period
	if d.Frozen.At.IsZero() {
		return 0
	}
	next := period.Of(d.Frozen.At.Add(24*time.Hour - time.Nanosecond)) // the first day that begins at or after the freeze
	return max(0, min(p.Days(), int(p.To)-int(next)))
}

// judge says what a test found. The plain "No deviations noted." is for a test with an answer for every item on every day;
// everything short of that is said beside it. Nothing here weighs a deviation: that is for people.
func judge(t engagement.TestFacts, d *engagement.Dossier) verdict {
	p := d.Engagement.Period
	days := stripOf(t, p).Counts()
	recorded := days[chart.None] < p.Days()
	limits := limits(t, days, toCome(d))
	switch {
	case len(t.Deviations) > 0:
		return verdict{chart.Fail, found(t), limits}
	case !recorded && t.Evaluations > 0 && t.DaysTested > 0:
		return verdict{chart.Unknown, "Results do not agree.", count(t.DaysTested, "day is", "days are") + " said to be tested, but there is no daily record."}
	case !recorded || t.Evaluations <= 0:
		return verdict{chart.None, "Not tested in the period.", "Nothing can be concluded from this test."}
	case days[chart.Fail] > 0 || t.Fail > 0:
		return verdict{chart.Unknown, "Results do not agree.", strings.TrimSpace("The daily record or the count shows failures, but no deviation is listed. " + limits)}
	case t.Population == 0:
		return empty(t, limits)
	case len(t.Unknowns) > 0 || t.Unknown > 0 || days[chart.Unknown] > 0:
		return verdict{chart.Unknown, "No deviations noted where there was an answer.", limits}
	case limits != "":
		return verdict{chart.Pass, "No deviations noted on the days tested.", limits}
	}
	return verdict{chart.Pass, "No deviations noted.", ""}
}

// found counts the deviations against what they were found in.
func found(t engagement.TestFacts) string {
	items := map[string]bool{}
	for _, d := range t.Deviations {
		items[d.ItemID] = true
	}
	n := len(t.Deviations)
	s := count(n, "deviation noted", "deviations noted")
	if t.Kind == "occurrence" {
		return s + " in " + count(t.Population, "occurrence.", "occurrences.")
	}
	if len(items) == n {
		return s + "."
	}
	return s + ", on " + count(len(items), "item.", "different items.")
}

// limits are what a reader must know before relying on a test: items without an answer, days without one, days not tested,
// days still to come.
func limits(t engagement.TestFacts, days map[chart.Outcome]int, later int) string {
	var s []string
	later = min(later, days[chart.None])
	idle := days[chart.None] - later
	items := max(int64(len(t.Unknowns)), t.Unknown)
	attempts := min(days[chart.Unknown], max(0, t.DaysGap-idle)) // days whose evaluation gave no verdict at all
	if items > 0 {
		s = append(s, count(items, "item gave no answer and is not counted as passed.", "items gave no answer and are not counted as passed."))
	}
	switch n := days[chart.Unknown]; {
	case items > 0 && attempts > 0:
		s = append(s, count(attempts, "day gave no answer at all.", "days gave no answer at all."))
	case items == 0 && n > 0:
		s = append(s, count(n, "day gave no answer and is not counted as passed.", "days gave no answer and are not counted as passed."))
	}
	if n := max(idle, t.DaysGap-days[chart.Unknown]); n > 0 {
		s = append(s, count(n, "day of the period was not tested.", "days of the period were not tested."))
	}
	if later > 0 {
		s = append(s, count(later, "day of the period was still to come.", "days of the period were still to come."))
	}
	return strings.Join(s, " ")
}

// empty is the verdict on a population without members: it depends on whether the emptiness is proven (domain brief 5.6).
func empty(t engagement.TestFacts, limits string) verdict {
	what := "No occurrence in the period."
	if t.Kind != "occurrence" {
		what = "No item to judge in the period."
	}
	why := "that the population is empty is not shown: no input of the test is recorded."
	proven, asserted := 0, 0
	for _, in := range t.Final.Inputs {
		switch in.Completeness {
		case "proven":
			proven++
		case "asserted":
			asserted++
		}
	}
	switch n := len(t.Final.Inputs); {
	case n > 0 && proven == n && limits == "":
		return verdict{chart.NotApplicable, what, "That the population is empty is proven: everything the test read equals the source’s own count. The operation of the control was not called for."}
	case n > 0 && proven+asserted == n:
		why = "that the population is empty is not proven: the readings ended without error, but not every source gives a count of its own."
	case n > 0:
		why = "that the population is empty is not shown: a reading was incomplete."
	}
	return verdict{chart.Unknown, what, strings.TrimSpace(title(why) + " " + limits)}
}

// ofControl is what the tests of a control came to together: the worst of them, with what qualifies the others.
func (b *builder) ofControl(c engagement.ControlFacts) verdict {
	list := b.tests[c.Ref]
	if len(list) == 0 {
		if n := len(c.Uploads); n > 0 {
			return verdict{chart.None, "No automated test.", count(n, "document", "documents") + " on file."}
		}
		return verdict{chart.None, "No test, no document on file.", ""}
	}
	deviations, silent, untested, partly, passed := 0, 0, 0, 0, 0
	for _, i := range list {
		t := b.d.Tests[i]
		v := judge(t, b.d)
		deviations += len(t.Deviations)
		silent += one(v.outcome == chart.Unknown)
		untested += one(v.outcome == chart.None)
		passed += one(v.outcome == chart.Pass)
		partly += one(v.outcome == chart.Pass && v.more != "")
	}
	of := " in " + count(len(list), "test", "tests") + "."
	var more []string
	for _, m := range []struct {
		n    int
		what string
	}{{silent, "without a full answer."}, {untested, "not evaluated."}, {partly, "with days not tested."}} {
		if m.n > 0 {
			more = append(more, count(m.n, "test ", "tests ")+m.what)
		}
	}
	rest := strings.Join(more, " ")
	switch {
	case deviations > 0:
		return verdict{chart.Fail, count(deviations, "deviation", "deviations") + of, rest}
	case silent > 0:
		return verdict{chart.Unknown, "No full answer" + of, rest}
	case untested > 0:
		return verdict{chart.None, "Not tested.", rest}
	case partly > 0:
		return verdict{chart.Pass, "No deviations noted on the days tested" + of, rest}
	case passed == 0:
		return verdict{chart.NotApplicable, "No occurrence" + of, ""}
	}
	return verdict{chart.Pass, "No deviations noted" + of, ""}
}

// when is an optional instant in a narrow column.
func when(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return stacked(*t)
}
