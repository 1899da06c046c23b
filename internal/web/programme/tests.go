package programme

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var testList = page.TableSpec{
	Size: 50, // a strip each: the first load stays below 40 kB
	Columns: []page.Column{
		{Key: "title", Title: "Test", Sort: true, Wide: true},
		{Key: "state", Title: "Result", Sort: true},
		{Key: "strip", Title: "90 days", Opt: true},
		{Key: "failing", Title: "Failing", Num: true, Sort: true, Opt: true},
		{Key: "population", Title: "Population", Num: true, Sort: true, Opt: true},
		{Key: "controls", Title: "Controls", Opt: true},
		{Key: "asof", Title: "Evaluated", Num: true, Sort: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "Result", Kind: page.Segments, Options: stateOptions},
		{Key: "system", Title: "System", Kind: page.Select, Open: true, All: "All systems"},
		{Key: "kind", Title: "Kind", Kind: page.Select, All: "All kinds", Options: []page.Option{{Value: string(evaluate.State), Label: "How things are"}, {Value: string(evaluate.Occurrence), Label: "What happened"}}},
		{Key: "severity", Title: "Severity", Kind: page.Select, All: "All severities", Options: []page.Option{
			{Value: "critical", Label: "Critical"}, {Value: "high", Label: "High"}, {Value: "medium", Label: "Medium"}, {Value: "low", Label: "Low"}}},
	},
	Search: "Find a test", Sort: "state", One: "test", Many: "tests",
}

func (p *pages) tests(r *page.Request) error {
	t, err := r.Table(&testList)
	if err != nil {
		return err
	}
	f := view.TestFilter{State: state(t, "state"), System: t.Filter("system"), Kind: evaluate.Kind(t.Filter("kind")), Severity: t.Filter("severity")}
	if t.Exporting() {
		return p.exportTests(r, t, f)
	}
	list, err := p.View.Tests(r.Context(), r.Read(), f, t.Query, r.Now)
	if err != nil {
		return err
	}
	t.Total = list.Total
	t.SetCounts("state", counts(list.States))
	t.SetOptions("system", options(list.Systems, systemText))
	rows := testRows(r, t, list.Rows)
	return r.Render(http.StatusOK, testsPage(r, t, rows, p.running(r)), page.Part(t.ID(), rows))
}

func (p *pages) exportTests(r *page.Request, t *page.Table, f view.TestFilter) error {
	head := []string{"Test", "Title", "Question", "Result", "Why there is no answer", "Population", "Pass", "Failing", "Excepted", "Not applicable", "No answer", "Controls", "Severity", "Kind", "Inputs", "Version", "SHA-256",
		"Evaluated as of", "Last 90 days"}
	return r.Export(t, "tests", head, func(q paging.Query) ([][]any, int, error) {
		list, err := p.View.Tests(r.Context(), r.Read(), f, q, r.Now)
		var out [][]any
		for _, x := range list.Rows {
			d := x.Definition
			out = append(out, []any{x.ID, d.Title, d.Asks, page.StatusWord(x.State), x.Why, x.Population, x.Pass, x.Fail, x.Excepted, x.NA, x.Unknown, strings.Join(d.Controls, " "), capital(d.Severity), kindText(d.Kind),
				strings.Join(d.Inputs, " "), d.Version, x.SHA256, x.AsOf, x.Strip.Sentence()})
		}
		return out, list.Total, err
	})
}

// Lists on the page of a test.
var (
	standingList = page.TableSpec{
		ID: "items",
		Columns: []page.Column{
			{Key: "item", Title: "Item", Sort: true},
			{Key: "outcome", Title: "Result", Sort: true},
			{Key: "reason", Title: "Reason", Wide: true, Opt: true},
			{Key: "who", Title: "Assigned to", Opt: true},
			{Key: "since", Title: "Since", Sort: true, Num: true, Opt: true},
			{Key: "grace", Title: "Grace left", Num: true, Opt: true},
			{Key: "until", Title: "Until", Num: true, Opt: true},
			{Key: "act", Title: "Actions", Quiet: true},
		},
		Filters: []page.Filter{
			{Key: "when", Title: "When", Kind: page.Segments, All: "Latest", Options: []page.Option{{Value: "ever", Label: "Ever"}}},
			{Key: "outcome", Title: "Result", Kind: page.Select, All: "All results", Options: stateOptions[:2]},
		},
		Search: "Filter by name or reason", Size: 50, One: "item", Many: "items", Bulk: itemActs,
	}
	runList = page.TableSpec{
		ID: "runs",
		Columns: []page.Column{
			{Key: "asof", Title: "As of", Sort: true},
			{Key: "outcome", Title: "Result"},
			{Key: "population", Title: "Population", Sort: true, Num: true},
			{Key: "pass", Title: "Pass", Num: true, Opt: true},
			{Key: "failing", Title: "Failing", Sort: true, Num: true},
			{Key: "na", Title: "Not applicable", Num: true, Opt: true},
			{Key: "unknown", Title: "No answer", Num: true, Opt: true},
			{Key: "version", Title: "Version", Num: true, Opt: true},
			{Key: "by", Title: "Asked by", Opt: true},
			{Key: "took", Title: "Took", Sort: true, Num: true, Opt: true},
		},
		Filters: []page.Filter{{Key: "outcome", Title: "Result", Kind: page.Segments, Options: stateOptions[:4]}},
		Size:    50, One: "run", Many: "runs",
	}
)

func (p *pages) test(r *page.Request) error {
	tab, err := tabOf(r, "runs", "definition", "versions", "exceptions")
	if err != nil {
		return err
	}
	x, err := p.View.Test(r.Context(), r.Read(), r.Arg("id"), r.Now)
	if err != nil {
		return err
	}
	r.Title = x.Definition.Title
	r.Crumbs = []page.Crumb{{Text: "Tests", Href: "/tests"}, {Text: x.ID}}
	switch tab {
	case "runs":
		return p.testRuns(r, x)
	case "definition":
		return r.Render(http.StatusOK, testPage(r, x, tab, definitionSide(x)))
	case "versions":
		v, err := p.versionsSide(r, x)
		if err != nil {
			return err
		}
		return r.Render(http.StatusOK, testPage(r, x, tab, versionsPart(r, x, v)))
	case "exceptions":
		t, rows, err := p.exceptionTable(r, view.ExceptionFilter{Test: x.ID}, x.ID+"-exceptions")
		if err != nil || t.Exporting() {
			return err
		}
		return r.Render(http.StatusOK, testPage(r, x, tab, exceptionsSide(t, rows)), page.Part(t.ID(), rows))
	}
	return p.result(r, x)
}

// standing is the list of what does not pass of a test. What happened once has no end and no time left for mending, and
// there is no grace where no control of the test gives one.
func standing(k evaluate.Kind, grace int) *page.TableSpec {
	switch {
	case k == evaluate.Occurrence:
		return &happenedList
	case grace == 0:
		return &standingListPlain
	}
	return &standingList
}

// leastGrace is the shortest time that the controls of a test allow for mending, in hours; 0 when one allows none.
func leastGrace(x view.TestDetail) int {
	least := 0
	for i, c := range x.Controls {
		if i == 0 || c.GraceHours < least {
			least = c.GraceHours
		}
	}
	return least
}

var standingListPlain = func() page.TableSpec {
	s := standingList
	s.Columns = slices.DeleteFunc(slices.Clone(s.Columns), func(c page.Column) bool { return c.Key == "grace" })
	return s
}()

var happenedList = func() page.TableSpec {
	s := standingListPlain
	s.Columns = slices.DeleteFunc(slices.Clone(s.Columns), func(c page.Column) bool { return c.Key == "until" })
	for i := range s.Columns {
		if s.Columns[i].Key == "since" {
			s.Columns[i].Title = "Happened"
		}
	}
	s.Sort, s.One, s.Many = "-since", "occurrence", "occurrences"
	return s
}()

func (p *pages) result(r *page.Request, x view.TestDetail) error {
	t, err := r.Table(allowed(r, standing(x.Definition.Kind, leastGrace(x))))
	if err != nil {
		return err
	}
	read := func(q paging.Query) (view.StandingList, error) {
		return p.View.TestStanding(r.Context(), r.Read(), x.TestRow, view.StandingFilter{Outcome: state(t, "outcome")}, t.Filter("when"), q, r.Now)
	}
	if t.Exporting() {
		return p.exportStanding(r, t, x.ID, read)
	}
	list, err := read(t.Query)
	if err != nil {
		return err
	}
	t.Total = list.Total
	rows := standingRows(r, t, x, list.Rows)
	if r.Target() == t.ID() { // a script wants the rows alone
		return r.Render(http.StatusOK, testPage(r, x, "", rows), page.Part(t.ID(), rows))
	}
	var l lanes
	if l.List, l.More, err = p.View.Lanes(r.Context(), r.Read(), x); err != nil {
		return err
	}
	return r.Render(http.StatusOK, testPage(r, x, "", resultSide(r, x, t, rows, l, p.running(r))), page.Part(t.ID(), rows))
}

func (p *pages) testRuns(r *page.Request, x view.TestDetail) error {
	t, err := r.Table(&runList)
	if err != nil {
		return err
	}
	read := func(q paging.Query) (paging.Result[view.TestRunRow], error) {
		return p.View.TestRuns(r.Context(), r.Read(), x.ID, state(t, "outcome"), q)
	}
	if t.Exporting() {
		return r.Export(t, x.ID+"-runs", []string{"Run", "As of", "Result", "Why there is no answer", "Population", "Pass", "Failing", "Not applicable", "No answer", "Version", "Asked by", "Took, seconds", "SHA-256 of all rows"}, func(q paging.Query) ([][]any, int, error) {
			list, err := read(q)
			var out [][]any
			for _, n := range list.Rows {
				out = append(out, []any{n.ID, n.AsOf, page.StatusWord(n.State), n.Reason, n.Population, n.Pass, n.Fail, n.NA, n.Unknown, n.Version, n.Trigger, n.Took.Seconds(), n.Hash})
			}
			return out, list.Total, err
		})
	}
	list, err := read(t.Query)
	if err != nil {
		return err
	}
	t.Total = list.Total
	rows := runRows(t, x.ID, list.Rows)
	return r.Render(http.StatusOK, testPage(r, x, "runs", runsSide(t, rows)), page.Part(t.ID(), rows))
}

// definition sends the file that is the test, as it was installed.
func (p *pages) definition(r *page.Request) error {
	x, err := p.View.Test(r.Context(), r.Read(), r.Arg("id"), r.Now)
	if err != nil {
		return err
	}
	text := []byte(x.Definition.Text())
	return r.Attach(x.ID+".yaml", "application/yaml", int64(len(text)), x.Installed, bytes.NewReader(text))
}

func (p *pages) run(r *page.Request) error {
	x, err := p.View.Test(r.Context(), r.Read(), r.Arg("id"), r.Now)
	if err != nil {
		return err
	}
	n, err := p.View.TestRun(r.Context(), r.Read(), x.ID, r.Arg("run"))
	if err != nil {
		return err
	}
	r.Title = "Run of " + x.ID
	r.Crumbs = []page.Crumb{{Text: "Tests", Href: "/tests"}, {Text: x.ID, Href: testURL(x.ID)}, {Text: n.ID}}
	return r.Render(http.StatusOK, runPage(r, x, n))
}

// lanes are items with their days.
type lanes struct {
	List []view.Lane
	More int
}

// laneSVG draws the days of an item.
func laneSVG(l view.Lane) string {
	const w, h = 730, 14
	return chart.SVG("lane", w, h, l.Label+": "+l.Strip.Sentence(), func(c chart.Canvas) { chart.Strip(c, l.Strip, w, h) })
}

// testTabs are the sides of a test's page.
func testTabs(x view.TestDetail, current string) []page.Tab {
	base := testURL(x.ID)
	tabs := []page.Tab{
		{Title: "Result", Href: base},
		{Title: "Runs", Href: base + "?tab=runs", Count: int(x.Runs), Counted: true},
		{Title: "Definition", Href: base + "?tab=definition"},
		{Title: "Versions", Href: base + "?tab=versions", Count: len(x.Versions), Counted: true},
		{Title: "Exceptions", Href: base + "?tab=exceptions", Count: x.Exceptions, Counted: true},
	}
	for i := range tabs {
		_, tab, _ := strings.Cut(tabs[i].Href, "?tab=")
		tabs[i].Current = tab == current
	}
	return tabs
}

// shares are the counts of a run for a bar.
func shares(n view.TestRunRow) []page.Share {
	return []page.Share{{Status: "pass", Count: int(n.Pass)}, {Status: "fail", Count: int(n.Fail)}, {Status: "err", Count: int(n.Unknown)}, {Status: "na", Count: int(n.NA)}}
}

// adds says how the verdicts of a run add up to its population, in words.
func adds(n view.TestRunRow) string {
	sum := n.Pass + n.Fail + n.NA + n.Unknown
	if sum == n.Population {
		return "Every member of the population has exactly one verdict."
	}
	return fmt.Sprintf("%s verdicts for a population of %s: do not rely on this run.", page.Count(sum), page.Count(n.Population))
}

// reconciled says how the rows of an input compare with what its source counted.
func reconciled(x view.InputRow) (key, word string) {
	switch {
	case x.SourceTotal != nil && *x.SourceTotal == x.Rows:
		return "pass", "Equals the source’s count"
	case x.SourceTotal != nil:
		return "risk", "The source counts " + page.Count(*x.SourceTotal)
	}
	return completenessKey(string(x.Completeness)), capital(x.Completeness)
}

// stands says how a test's result came about, where a word is not enough.
func stands(x view.TestDetail) string {
	if x.Ran && x.State == chart.Unknown && x.Why != "" {
		return capital(x.Why) + "."
	}
	return ""
}
