package control

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
)

// Standing is how far a requirement is met, as the records show it. It is the organisation's own view of its programme and
// nobody's opinion: an auditor concludes from tests of their own.
type Standing string

// The standings.
const (
	NotMet            Standing = "not_met"
	AtRisk            Standing = "at_risk"
	NotEvaluated      Standing = "not_evaluated" // nobody can tell: unknown is never met
	MetWithDeviations Standing = "met_with_deviations"
	Met               Standing = "met"
)

// Standings lists them, worst first: the order in which somebody looks at them, and in which reasons outweigh each other.
func Standings() []Standing { return []Standing{NotMet, AtRisk, NotEvaluated, MetWithDeviations, Met} }

// ParseStanding reads a standing's name.
func ParseStanding(s string) (Standing, bool) {
	x := Standing(s)
	return x, slices.Contains(Standings(), x)
}

// Title is the standing as pages say it.
func (s Standing) Title() string {
	switch s {
	case NotMet:
		return "Not met"
	case AtRisk:
		return "At risk"
	case MetWithDeviations:
		return "Met with deviations"
	case Met:
		return "Met"
	}
	return "Not evaluated"
}

// rank is the place in Standings; what is not known counts as not evaluated.
func (s Standing) rank() int {
	if i := slices.Index(Standings(), s); i >= 0 {
		return i
	}
	return NotEvaluated.rank()
}

// Compare orders standings, worst first.
func (s Standing) Compare(other Standing) int { return cmp.Compare(s.rank(), other.rank()) }

// Gap reports whether there is something to do about a requirement that stands so. A deviation that was mended stays in the
// period whatever anybody does.
func (s Standing) Gap() bool { return s != Met && s != MetWithDeviations }

// Coverage is the share of the days of a period on which a control must have given a result to have operated throughout:
// 98 in a hundred (domain brief, 9.5).
const Coverage = 0.98

// TestState is what the last evaluation of a test says. The zero value is that there was none.
type TestState uint8

// The states of a test.
const (
	Untested     TestState = iota
	NoOccurrence           // evaluated, and there was nothing to judge
	Operating
	Failing
	Silent // no answer: a source was down, a field could not be read, the evaluation is too old
)

// TestRecord is what a test has to say about a control.
type TestRecord struct {
	ID, Title  string
	Severity   string // "low", "medium", "high" or "critical"
	Occurrence bool   // it judges what happened, which nobody can mend afterwards
	State      TestState
	Why        string    // there is no answer
	Failing    int64     // items, in the last evaluation
	Passing    int64     // items
	Excepted   int64     // of the failing ones, with an approved exception that holds
	Since      time.Time // the oldest failure without an exception; zero when not known
}

// Operation is what is on record about one control within a period, up to now.
type Operation struct {
	Ref, Title string
	InForce    bool // somebody approved it; a draft does nothing
	Grace      time.Duration
	Tests      []TestRecord
	// Days are those of the period since the control is in force, as far as it has come, together over its tests.
	Elapsed, Tested, Failed, Silent int
	// Evidence is the newest instant that a piece of evidence filed for the control speaks about; zero without evidence.
	Evidence time.Time
	// Every is how long after that the control has to have operated again, from its frequency; 0 for no fixed rhythm.
	Every time.Duration
}

// Rhythm is how long after it operated a control has to operate again; 0 for those that work all the time or when something
// happens.
func Rhythm(f catalog.Frequency) time.Duration {
	const day = 24 * time.Hour
	switch f {
	case catalog.Daily:
		return 2 * day
	case catalog.Weekly:
		return 8 * day
	case catalog.Monthly:
		return 31 * day
	case catalog.Quarterly:
		return 92 * day
	case catalog.SemiAnnual:
		return 184 * day
	case catalog.Annual:
		return 366 * day
	case catalog.Continuous, catalog.PerEvent:
	}
	return 0
}

// Reason is one finding about a requirement, and what it alone would make of it.
type Reason struct {
	Standing Standing
	Control  string    // reference; empty when it is about the requirement itself
	Test     string    // identifier; empty when it is about the control
	Severity string    // of the test
	Until    time.Time // end of the control's grace; zero without
	Text     string
}

// Stand says how far a requirement is met by the controls that serve it, and why: the worst reason decides. The table, worst
// first (the meaning of each line is in sections 5.6 and 9.5 of the domain brief):
//
//	no control in force serves it                                             not met
//	a test of a control fails now, and the control's grace is over            not met
//	everything that happened failed its test: not performed though due        not met
//	a test fails now within the control's grace                               at risk
//	a test fails now, and every failing item has an approved exception        at risk (an exception changes no outcome)
//	something that happened failed its test lately: isolated or not is judged at risk
//	fewer than 98 in a hundred days of the period have a result               at risk
//	the newest evidence of a control without tests is older than its rhythm   at risk
//	a test gave no answer                                                     not evaluated
//	a control was never tested and has no evidence of the period              not evaluated
//	nothing happened that a control would have had to act on, nowhere         not evaluated (its design alone can be tested)
//	a test failed in the period and passes now                                met with deviations: mended is not undone
//	otherwise                                                                 met
func Stand(serving []Operation, now time.Time) (Standing, []Reason) {
	var reasons []Reason
	drafts, force, shown := 0, 0, 0
	for _, o := range serving {
		if !o.InForce {
			drafts++
			continue
		}
		force++
		found := o.reasons(now)
		reasons = append(reasons, found...)
		if o.Shown() {
			shown++
		}
	}
	switch {
	case force == 0:
		return NotMet, []Reason{{Standing: NotMet, Text: noControl(drafts)}}
	case shown == 0 && !slices.ContainsFunc(reasons, func(r Reason) bool { return r.Standing.Gap() }):
		reasons = append(reasons, Reason{Standing: NotEvaluated, Text: "nothing happened in the period that its controls would have had to act on: only their design can be looked at"})
	}
	worst := Met
	for _, r := range reasons {
		if r.Standing.Compare(worst) < 0 {
			worst = r.Standing
		}
	}
	slices.SortStableFunc(reasons, func(a, b Reason) int {
		return cmp.Or(a.Standing.Compare(b.Standing), cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)), cmp.Compare(a.Control, b.Control), cmp.Compare(a.Test, b.Test))
	})
	return worst, reasons
}

func noControl(drafts int) string {
	switch drafts {
	case 0:
		return "no control serves it"
	case 1:
		return "no control in force serves it: 1 draft waits for approval"
	}
	return "no control in force serves it: " + strconv.Itoa(drafts) + " drafts wait for approval"
}

// Shown reports whether something on record shows the control at work, well or badly.
func (o Operation) Shown() bool {
	return !o.Evidence.IsZero() || slices.ContainsFunc(o.Tests, func(t TestRecord) bool { return t.State == Operating || t.State == Failing })
}

// Standing is how the control alone stands.
func (o Operation) Standing(now time.Time) Standing {
	s, _ := Stand([]Operation{o}, now)
	return s
}

// InGrace reports whether the control fails now, and all of that within its grace.
func (o Operation) InGrace(now time.Time) bool {
	found := false
	for _, t := range o.Tests {
		if t.State != Failing {
			continue
		}
		s, until, _ := o.failing(t, now)
		if s != AtRisk || until.IsZero() {
			return false
		}
		found = true
	}
	return found
}

// reasons are the findings about one control in force.
func (o Operation) reasons(now time.Time) []Reason {
	var out []Reason
	add := func(s Standing, t TestRecord, until time.Time, format string, args ...any) {
		out = append(out, Reason{Standing: s, Control: o.Ref, Test: t.ID, Severity: t.Severity, Until: until, Text: fmt.Sprintf(format, args...)})
	}
	evaluated := false
	for _, t := range o.Tests {
		evaluated = evaluated || t.State != Untested
		switch t.State {
		case Failing:
			s, until, text := o.failing(t, now)
			add(s, t, until, "%s", text)
		case Silent:
			add(NotEvaluated, t, time.Time{}, "no answer: %s", cmp.Or(t.Why, "the last evaluation gave none"))
		case Untested, NoOccurrence, Operating:
		}
	}
	if !evaluated {
		return append(out, o.byHand(now)...)
	}
	failingNow := slices.ContainsFunc(out, func(r Reason) bool { return r.Standing == NotMet || r.Standing == AtRisk })
	if o.Failed > 0 && !failingNow {
		add(MetWithDeviations, TestRecord{}, time.Time{}, "failed on %s of the period and passes now: the deviation stays", counted(o.Failed, "day"))
	}
	if o.uncovered() {
		add(AtRisk, TestRecord{}, time.Time{}, "no result on %s of the period: to have operated throughout takes 98 in a hundred", missed(o))
	}
	return out
}

// failing is what a failing test makes of its control.
func (o Operation) failing(t TestRecord, now time.Time) (Standing, time.Time, string) {
	items := counted(int(t.Failing), "item")
	open := t.Failing - t.Excepted
	switch {
	case t.Occurrence && t.Passing == 0 && open > 0:
		return NotMet, time.Time{}, "everything that happened failed: " + items
	case open <= 0:
		return AtRisk, time.Time{}, items + " failing, with an approved exception: accepted, not passed"
	case t.Occurrence:
		return AtRisk, time.Time{}, fmt.Sprintf("%d of %s failed lately: say whether it is isolated", open, counted(int(t.Failing+t.Passing), "case"))
	}
	text := counted(int(open), "item") + " failing"
	if t.Excepted > 0 {
		text += fmt.Sprintf(", %d more with an exception", t.Excepted)
	}
	if t.Since.IsZero() {
		return NotMet, time.Time{}, text
	}
	text += " since " + t.Since.UTC().Format("2 Jan 2006")
	if o.Grace > 0 {
		if end := t.Since.Add(o.Grace); now.Before(end) {
			return AtRisk, end, text + ", within the grace of " + hours(o.Grace)
		}
		text += ", beyond the grace of " + hours(o.Grace)
	}
	return NotMet, time.Time{}, text
}

// byHand is what is known of a control that no test has judged.
func (o Operation) byHand(now time.Time) []Reason {
	r := Reason{Standing: NotEvaluated, Control: o.Ref}
	switch {
	case o.Evidence.IsZero() && len(o.Tests) > 0:
		r.Text = "its tests were never evaluated, and no evidence of the period is filed"
	case o.Evidence.IsZero():
		r.Text = "no test judges it, and no evidence of the period is filed"
	case o.Every > 0 && now.After(o.Evidence.Add(o.Every)):
		r.Standing, r.Text = AtRisk, "the newest evidence speaks about "+o.Evidence.UTC().Format("2 Jan 2006")+", older than the control's own rhythm"
	default:
		return nil
	}
	return []Reason{r}
}

// uncovered reports whether too many days of the period have no result. One day decides nothing, or a young period would be
// at risk at once.
func (o Operation) uncovered() bool {
	return o.Elapsed > 0 && float64(o.Tested-o.Silent) < Coverage*float64(o.Elapsed)-1
}

func missed(o Operation) string {
	return strconv.Itoa(o.Elapsed-o.Tested+o.Silent) + " of " + counted(o.Elapsed, "day")
}

func severityRank(s string) int {
	if i := slices.Index([]string{"critical", "high", "medium", "low"}, s); i >= 0 {
		return i
	}
	return 4
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func hours(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return counted(int(d/(24*time.Hour)), "day")
	}
	return counted(int(d/time.Hour), "hour")
}

// DueDays is how many days somebody gets for mending what a reason says: by the severity of the test that found it, or by
// what is missing. The numbers are the product's proposal, and whoever makes the task changes them.
func (r Reason) DueDays() int {
	switch {
	case r.Severity == "critical":
		return 2
	case r.Severity == "high":
		return 7
	case r.Severity == "medium", r.Standing == NotMet:
		return 14
	}
	return 30
}
