package programme

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

func or(s, otherwise string) string { return cmp.Or(s, otherwise) }

func natureTextLower(n catalog.Nature) string {
	if n == catalog.ITDependentManual {
		return "IT-dependent manual"
	}
	return strings.ToLower(natureText(n))
}

// dashZero is a zero where something was tested, and a dash where nothing was.
func dashZero(tests int) string {
	if tests == 0 {
		return "–"
	}
	return "0"
}

// merged are failing and unanswered stretches together, newest first.
func merged(failed, silent []view.Stretch) []view.Stretch {
	all := slices.Concat(failed, silent)
	slices.SortStableFunc(all, func(a, b view.Stretch) int { return cmp.Compare(b.From, a.From) })
	return all
}

func stretchWord(x view.Stretch) string {
	switch {
	case x.Outcome == chart.Unknown:
		return "No answer"
	case x.Open:
		return "Failing"
	}
	return "Failed"
}

func mostText(x view.Stretch) string {
	if x.Most == 0 {
		return "–"
	}
	return page.Count(x.Most)
}

func completenessKey(c string) string {
	switch c {
	case "proven":
		return "pass"
	case "asserted":
		return "na"
	case "incomplete":
		return "risk"
	}
	return "err"
}

func statusKey(s control.Status) string {
	switch s {
	case control.Approved:
		return "pass"
	case control.Retired:
		return "na"
	}
	return "prog"
}

// forceText says when a version was in force.
func forceText(v control.Revision) string {
	from := page.DateText(period.Of(*v.From))
	if v.Until == nil {
		return "since " + from
	}
	return "from " + from + " until " + page.DateText(period.Of(*v.Until))
}

// inputWords names what a test reads.
func inputWords(d *evaluate.Definition) string {
	names := make([]string, len(d.Inputs))
	for i, in := range d.Inputs {
		names[i] = resourceText(in)
	}
	return strings.Join(names, "; ")
}

func nothingText(x view.TestDetail) string {
	if x.Population == 0 {
		return "There is nothing to judge: the population is empty."
	}
	return "All " + page.Count(x.Population) + " members of the population pass or need not be judged."
}

// lasted is how long an item did not pass.
func lasted(x view.Standing, now time.Time) string {
	end := now
	if x.Until != nil {
		end = *x.Until
	}
	return page.Span(end.Sub(x.Since))
}

func sinceWord(d view.ItemDetail) string {
	if d.Test.Definition.Kind == evaluate.Occurrence {
		return "Happened"
	}
	return "Since"
}

// frameworkSentence counts a framework's requirements by the state of their controls.
func frameworkSentence(f view.FrameworkRow) string {
	n := counts(f.States)
	var parts []string
	for _, x := range []struct{ key, word string }{{"pass", "passing"}, {"fail", "with a failing control"}, {"unknown", "without an answer"}} {
		if n[x.key] > 0 {
			parts = append(parts, page.Count(n[x.key])+" "+x.word)
		}
	}
	parts = append(parts, page.Count(n["na"]+n["none"])+" not tested by the program")
	return strings.Join(parts, ", ")
}

func frameworkLead(d view.FrameworkDetail) string {
	lead := page.Count(d.Served) + " of " + page.Plural(d.Total, "requirement has", "requirements have") + " a control. "
	if d.ID == catalog.TSC && d.Window != nil {
		lead += "Those of " + d.Window.Short() + " without one are marked. "
	}
	return lead + wording(d.Text)
}

func requirementMeta(d view.RequirementDetail) []string {
	out := []string{"Framework", d.Source.Name}
	if d.Group != "" {
		out = append(out, "Group", d.Group)
	}
	return out
}

// stateSentence counts the controls of a requirement by state.
func stateSentence(q view.RequirementRow) string {
	if len(q.Controls) == 0 {
		return ""
	}
	var parts []string
	for _, x := range []struct {
		o    chart.Outcome
		word string
	}{{chart.Pass, "pass"}, {chart.Fail, "failing"}, {chart.Unknown, "without an answer"}, {chart.NotApplicable, "not applicable"}, {chart.None, "not tested"}} {
		if n := q.In(x.o); n > 0 {
			parts = append(parts, page.Count(n)+" "+x.word)
		}
	}
	return strings.Join(parts, ", ")
}

// verdictWord is a verdict on an item: what happened has failed, what is over has failed too, the rest is failing.
func verdictWord(x view.Standing) string {
	if x.Outcome == chart.Fail && (x.Kind == evaluate.Occurrence || x.Until != nil) {
		return "Failed"
	}
	return page.StatusWord(x.Outcome)
}

// itemSays counts the days of an item since its first verdict other than pass. Of the days before nothing is known here: it
// may not have existed.
func itemSays(d view.ItemDetail) string {
	n := d.Strip.Counts()
	var parts []string
	for _, x := range []struct {
		o    chart.Outcome
		word string
	}{{chart.Fail, "failing on "}, {chart.Unknown, "without an answer on "}, {chart.NotApplicable, "not applicable on "}, {chart.Pass, "not failing on "}} {
		if n[x.o] > 0 {
			parts = append(parts, x.word+page.Plural(n[x.o], "day", "days"))
		}
	}
	first := page.DateText(period.Of(d.History[len(d.History)-1].Since))
	if len(parts) == 0 {
		return "Nothing is known of the days shown."
	}
	return capital(strings.Join(parts, ", ")) + " since its first verdict other than pass, on " + first + ". Nothing is claimed of the days before."
}
