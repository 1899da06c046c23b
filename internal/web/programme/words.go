package programme

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/textdiff"
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

// exceptTitle is the title of the form that asks for exceptions.
func exceptTitle(a itemAct) string {
	if len(a.Items) == 1 {
		return "Request an exception"
	}
	return "Request " + page.Count(len(a.Items)) + " exceptions"
}

// dueText says until when an item is looked after.
func dueText(x view.Standing) string {
	if x.Due == 0 {
		return x.Task + ", no date"
	}
	return x.Task + ", due " + page.DateText(x.Due)
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
	case control.Retired, control.Withdrawn:
		return "na"
	}
	return "prog"
}

// fieldTitle is the name of a field of a control's wording, as its form calls it.
func fieldTitle(field string) string {
	switch field {
	case "type":
		return "Kind"
	case "nature":
		return "Performed"
	case "frequency":
		return "Runs"
	case "owner_role":
		return "Role that owns it"
	case "grace_hours":
		return "Grace, in hours"
	case "evidence":
		return "What shows that it operates"
	case "requirements":
		return "What it serves"
	}
	return capital(field)
}

// shownField is the value of a field of a wording as people read it.
func shownField(field, value string) string {
	switch field {
	case "type", "frequency":
		return capital(value)
	case "nature":
		return natureText(catalog.Nature(value))
	case "requirements":
		return strings.NewReplacer(catalog.TSC+" ", "", catalog.SOC1+" ", "", catalog.ISO+" ", "").Replace(value)
	}
	return value
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

func modeOf(e testEditor) string {
	if e.Raw {
		return "yaml"
	}
	return "form"
}

func noteLabel(e testEditor) string {
	if e.Version > 1 {
		return "Why it changes"
	}
	return "Note"
}

// fixturePlaceholder shows the shape of unit rows.
const fixturePlaceholder = `- name: one of each
  as_of: 2026-03-10T09:00:00Z
  facts:
    okta.user_account:
      - {id: u1, login: ada@northwind.example, status: active}
  expect: {u1: pass}`

func verdictText(o evaluate.Outcome) string {
	if o == evaluate.NotApplicable {
		return "Not applicable"
	}
	return capital(o)
}

func trialShares(t *evaluate.Trial) []page.Share {
	n := t.Run.Counts
	return []page.Share{{Status: "pass", Count: int(n[evaluate.Pass])}, {Status: "fail", Count: int(n[evaluate.Fail])}, {Status: "err", Count: int(n[evaluate.Unknown])}, {Status: "na", Count: int(n[evaluate.NotApplicable])}}
}

// trialItems is how many items of a trial a page shows.
const trialItems = 20

func firstItems(list []evaluate.Item) []evaluate.Item { return list[:min(len(list), trialItems)] }

// rowText is what a row says besides its verdict, on one line.
func rowText(x evaluate.Item) string {
	list, err := columns(x.Columns)
	if err != nil {
		return ""
	}
	var out []string
	for _, c := range list {
		if c.Name != "occurred_at" && c.Value != "" {
			out = append(out, c.Name+": "+c.Value)
		}
	}
	return strings.Join(out, ", ")
}

func ruleText(second bool) string {
	if second {
		return "Tests of your own and changes of them. A second person approves each before it counts."
	}
	return "Tests of your own and changes of them. They count at once: your organisation asks for no second person."
}

func otherSide(side string) string {
	if side == "yes" {
		return ""
	}
	return "yes"
}

func lineClass(o textdiff.Op) string {
	switch o {
	case textdiff.Gone:
		return "gone"
	case textdiff.Added:
		return "added"
	}
	return ""
}

func lineSign(o textdiff.Op) string {
	switch o {
	case textdiff.Gone:
		return "−"
	case textdiff.Added:
		return "+"
	}
	return ""
}

func lineNumber(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func testVersionOptions(v testVersions) []page.Option {
	var out []page.Option
	for _, x := range v.All {
		out = append(out, page.Option{Value: strconv.Itoa(x.Version), Label: "Version " + strconv.Itoa(x.Version) + ", " + page.TimeText(x.Installed)})
	}
	return out
}
