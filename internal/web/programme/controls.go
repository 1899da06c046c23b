package programme

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var controlList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Control", Sort: true},
		{Key: "title", Title: "Title", Sort: true, Wide: true},
		{Key: "state", Title: "State", Sort: true},
		{Key: "strip", Title: "90 days", Opt: true},
		{Key: "failing", Title: "Failing", Num: true, Sort: true, Opt: true},
		{Key: "tests", Title: "Tests", Num: true, Sort: true, Opt: true},
		{Key: "frequency", Title: "Runs", Sort: true, Opt: true},
		{Key: "owner", Title: "Owner", Sort: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: stateOptions},
		{Key: "category", Title: "Category", Kind: page.Select, Open: true, All: "All categories"},
		{Key: "domain", Title: "Domain", Kind: page.Select, Open: true, All: "All domains"},
		{Key: "owner", Title: "Owner", Kind: page.Select, Open: true, All: "All owners"},
		{Key: "retired", Title: "Retired", Kind: page.Select, All: "In use", Options: []page.Option{{Value: "yes", Label: "Retired"}}},
		{Key: "waiting", Title: "Approval", Kind: page.Select, All: "Any version", Options: []page.Option{{Value: "yes", Label: "Waits for approval"}}},
	},
	Search: "Find a control", Sort: "ref", One: "control", Many: "controls",
	Bulk: []page.BulkAction{{Label: "Assign owner", Action: "/controls/own"},
		{Label: "Approve drafts", Action: "/controls/approve", Confirm: "Each ticked draft is put in force under your name, as it is written now. Drafts of your own stay, and what does not wait stays as it is."}},
}

func (p *pages) controls(r *page.Request) error {
	t, err := r.Table(allowed(r, &controlList))
	if err != nil {
		return err
	}
	f := view.ControlFilter{State: state(t, "state"), Category: catalog.CategoryID(t.Filter("category")), Domain: t.Filter("domain"), Owner: t.Filter("owner"), Retired: t.Filter("retired") == "yes", Waiting: t.Filter("waiting") == "yes"}
	if t.Exporting() {
		return p.exportControls(r, t, f)
	}
	list, err := p.View.Controls(r.Context(), r.Read(), f, t.Query, r.Now)
	if err != nil {
		return err
	}
	t.Total = list.Total
	t.SetCounts("state", counts(list.States))
	t.SetOptions("category", options(list.Categories, nil))
	t.SetOptions("domain", options(list.Domains, nil))
	t.SetOptions("owner", options(list.Owners, nil))
	rows := controlRows(t, list.Rows)
	return r.Render(http.StatusOK, controlsPage(r, t, list, rows), page.Part(t.ID(), rows))
}

func (p *pages) exportControls(r *page.Request, t *page.Table, f view.ControlFilter) error {
	head := []string{"Control", "Title", "State", "Why there is no answer", "Failing items", "Excepted items", "Items without answer", "Tests", "Tests not evaluated", "Runs", "Type", "Nature", "Owner", "Deputy",
		"Role of the owner", "Status", "Version", "In this version since", "Evaluated as of", "Criteria", "SOC 1 objectives", "ISO/IEC 27001", "Last 90 days"}
	return r.Export(t, "controls", head, func(q paging.Query) ([][]any, int, error) {
		list, err := p.View.Controls(r.Context(), r.Read(), f, q, r.Now)
		var out [][]any
		for _, c := range list.Rows {
			x := control.Text{Requirements: c.Requirements}
			out = append(out, []any{c.Ref, c.Title, page.StatusWord(c.State), c.Why, c.Failing, c.Excepted, c.Unknown, c.Tests, c.Idle, capital(c.Frequency), capital(c.Type), natureText(c.Nature), c.Owner, c.Deputy,
				c.OwnerRole, capital(c.Status), c.Version, c.Changed, c.AsOf, strings.Join(x.Serves(catalog.TSC), " "), strings.Join(x.Serves(catalog.SOC1), " "), strings.Join(x.Serves(catalog.ISO), " "), c.Strip.Sentence()})
		}
		return out, list.Total, err
	})
}

// summary counts the controls of a list by state in a sentence.
func summary(list view.ControlList) string {
	n := counts(list.States)
	tested := n["fail"] + n["unknown"] + n["pass"] + n["na"]
	return fmt.Sprintf("%s of %s tested by the program; %s failing.", page.Count(tested), page.Plural(tested+n["none"], "control is", "controls are"), page.Count(n["fail"]))
}

// Lists on the page of a control.
var (
	failingList = page.TableSpec{
		ID: "failing",
		Columns: []page.Column{
			{Key: "item", Title: "Item", Sort: true},
			{Key: "outcome", Title: "Result", Sort: true},
			{Key: "test", Title: "Test", Sort: true, Opt: true, Wide: true},
			{Key: "who", Title: "Assigned to", Opt: true},
			{Key: "since", Title: "Since", Sort: true, Num: true, Opt: true},
			{Key: "grace", Title: "Grace left", Num: true, Opt: true},
			{Key: "act", Title: "Actions", Quiet: true},
		},
		Filters: []page.Filter{{Key: "excepted", Title: "Exception", Kind: page.Segments, Options: []page.Option{{Value: "no", Label: "Open"}, {Value: "yes", Label: "Excepted"}}}},
		Search:  "Filter by name or test", Sort: "since", Size: 25, One: "item", Many: "items", Bulk: itemActs,
	}
	controlEvidenceList = page.TableSpec{
		ID: "evidence",
		Columns: []page.Column{
			{Key: "ref", Title: "Evidence", Sort: true},
			{Key: "title", Title: "What", Wide: true},
			{Key: "source", Title: "Source", Sort: true, Opt: true},
			{Key: "about", Title: "As of", Sort: true, Num: true, Opt: true},
			{Key: "rows", Title: "Rows", Sort: true, Num: true, Opt: true},
			{Key: "complete", Title: "Complete"},
		},
		Search: "Find evidence", Size: 50, One: "piece of evidence", Many: "pieces of evidence",
	}
)

func (p *pages) control(r *page.Request) error {
	tab, err := tabOf(r, "evidence", "requirements", "exceptions", "changes", "audits")
	if err != nil {
		return err
	}
	c, err := p.View.Control(r.Context(), r.Read(), r.Arg("ref"), r.Now)
	if err != nil {
		return err
	}
	r.Title = c.Ref + " " + c.Title
	r.Crumbs = []page.Crumb{{Text: "Controls", Href: "/controls"}, {Text: c.Ref}}
	switch tab {
	case "evidence":
		return p.controlEvidence(r, c)
	case "requirements":
		return r.Render(http.StatusOK, controlPage(r, c, tab, requirementsSide(c)))
	case "exceptions":
		return p.controlExceptions(r, c)
	case "audits":
		all, err := p.View.ControlAudits(r.Context(), r.Read(), c, r.Now)
		if err != nil {
			return err
		}
		return r.Render(http.StatusOK, controlPage(r, c, tab, auditsSide(all)))
	case "changes":
		h, err := p.changes(r, c.Ref)
		if err != nil {
			return err
		}
		return r.Render(http.StatusOK, controlPage(r, c, tab, changesSide(h)))
	}
	return p.operation(r, c)
}

func (p *pages) operation(r *page.Request, c view.ControlDetail) error {
	t, err := r.Table(allowed(r, failing(c.GraceHours)))
	if err != nil {
		return err
	}
	if t.Exporting() {
		return p.exportStanding(r, t, c.Ref+"-failing", func(q paging.Query) (view.StandingList, error) {
			return p.View.NotPassing(r.Context(), r.Read(), c.Tested, view.StandingFilter{Excepted: t.Filter("excepted")}, q, r.Now)
		})
	}
	list, err := p.View.NotPassing(r.Context(), r.Read(), c.Tested, view.StandingFilter{Excepted: t.Filter("excepted")}, t.Query, r.Now)
	if err != nil {
		return err
	}
	t.Total = list.Total
	rows := failingRows(r, t, list.Rows, c.GraceHours)
	return r.Render(http.StatusOK, controlPage(r, c, "", operationSide(r, c, t, rows, p.running(r))), page.Part(t.ID(), rows))
}

// failing is the list of what does not pass of a control. Without grace there is no column for it.
func failing(graceHours int) *page.TableSpec {
	if graceHours > 0 {
		return &failingList
	}
	return &failingListPlain
}

// failingListPlain is failingList without the column for grace.
var failingListPlain = func() page.TableSpec {
	s := failingList
	s.Columns = slices.DeleteFunc(slices.Clone(s.Columns), func(c page.Column) bool { return c.Key == "grace" })
	return s
}()

// exportStanding writes what does not pass to a file.
func (p *pages) exportStanding(r *page.Request, t *page.Table, name string, read func(paging.Query) (view.StandingList, error)) error {
	head := []string{"Test", "Title", "Item", "Name", "Result", "Reason", "Since", "Until", "Last seen", "Exception", "Row"}
	return r.Export(t, name, head, func(q paging.Query) ([][]any, int, error) {
		list, err := read(q)
		var out [][]any
		for _, x := range list.Rows {
			var until any
			if x.Until != nil {
				until = *x.Until
			}
			out = append(out, []any{x.Test, x.Title, x.ItemID, x.Label, page.StatusWord(x.Outcome), x.Reason, x.Since, until, x.Seen, x.Exception, string(x.Row)})
		}
		return out, list.Total, err
	})
}

func (p *pages) controlEvidence(r *page.Request, c view.ControlDetail) error {
	if err := r.Require(access.ReadEvidence); err != nil {
		return err
	}
	t, err := r.Table(&controlEvidenceList)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, c.Ref+"-evidence", []string{"Evidence", "What", "Source", "From", "To", "Rows", "Counted by the source", "Completeness", "Missing", "SHA-256", "Ledger entry"}, func(q paging.Query) ([][]any, int, error) {
			list, err := p.View.ControlEvidence(r.Context(), r.Read(), c, q)
			var out [][]any
			for _, e := range list.Rows {
				var total any
				if e.SourceTotal != nil {
					total = *e.SourceTotal
				}
				out = append(out, []any{e.Ref, e.Title, e.Source, e.From, e.To, e.Rows, total, string(e.Completeness), e.Gap, e.SHA256, e.Seq})
			}
			return out, list.Total, err
		})
	}
	list, err := p.View.ControlEvidence(r.Context(), r.Read(), c, t.Query)
	if err != nil {
		return err
	}
	t.Total = list.Total
	rows := evidenceRows(t, list.Rows)
	return r.Render(http.StatusOK, controlPage(r, c, "evidence", evidenceSide(c, t, rows)), page.Part(t.ID(), rows))
}

func (p *pages) controlExceptions(r *page.Request, c view.ControlDetail) error {
	t, rows, err := p.exceptionTable(r, view.ExceptionFilter{Control: c.Ref}, c.Ref+"-exceptions")
	if err != nil || t.Exporting() {
		return err
	}
	return r.Render(http.StatusOK, controlPage(r, c, "exceptions", exceptionsSide(t, rows)), page.Part(t.ID(), rows))
}

// changeLog is the history of a control with names.
type changeLog struct {
	control.History
	Names map[string]string
}

func (l changeLog) name(actor string) string {
	if n := l.Names[actor]; n != "" {
		return n
	}
	return actor
}

// story says in a sentence how a version came about and when it was in force.
func (l changeLog) story(v control.Revision) string {
	s := "Written by " + l.name(v.Author)
	if v.Status == control.Withdrawn && v.ApprovedAt != nil {
		return s + ", withdrawn by " + l.name(v.ApprovedBy) + " on " + page.TimeText(*v.ApprovedAt) + "."
	}
	if v.ApprovedAt != nil {
		s += ", approved by " + l.name(v.ApprovedBy) + " on " + page.TimeText(*v.ApprovedAt)
	}
	if v.From != nil {
		s += "; in force " + forceText(v)
	}
	return s + "."
}

func (p *pages) changes(r *page.Request, ref string) (changeLog, error) {
	h, err := p.Controls.History(r.Context(), r.Read(), ref)
	if err != nil {
		return changeLog{}, err
	}
	var who []string
	for _, v := range h.Revisions {
		who = append(who, v.Author, v.ApprovedBy)
	}
	for _, a := range h.Assignments {
		who = append(who, string(a.Owner), string(a.Deputy), a.By)
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	return changeLog{h, names}, err
}

// controlTabs are the sides of a control's page.
func controlTabs(r *page.Request, c view.ControlDetail, current string) []page.Tab {
	base := controlURL(c.Ref)
	tabs := []page.Tab{
		{Title: "Operation", Href: base},
		{Title: "Evidence", Href: base + "?tab=evidence", Count: c.Items, Counted: true},
		{Title: "Requirements", Href: base + "?tab=requirements", Count: len(c.Requirements), Counted: true},
		{Title: "Exceptions", Href: base + "?tab=exceptions", Count: c.Exceptions, Counted: true},
		{Title: "Change log", Href: base + "?tab=changes"},
	}
	if r.Can(access.ReadEngagement) {
		tabs = append(tabs, page.Tab{Title: "Audits", Href: base + "?tab=audits"})
	}
	if !r.Can(access.ReadEvidence) {
		tabs = slices.Delete(tabs, 1, 2)
	}
	for i := range tabs {
		_, tab, _ := strings.Cut(tabs[i].Href, "?tab=")
		tabs[i].Current = tab == current
	}
	return tabs
}

// rule says when a control as a whole passes.
func rule(tests int) string {
	switch tests {
	case 0:
		return "No test of it was evaluated"
	case 1:
		return "The control passes when its test does"
	case 2:
		return "The control passes when both pass"
	}
	return fmt.Sprintf("The control passes when all %d pass", tests)
}

// legend are the outcomes a strip explains, those that are always there first.
func legend(d chart.StripData) []chart.Outcome {
	n := d.Counts()
	out := []chart.Outcome{chart.Pass, chart.Fail, chart.Unknown}
	for _, o := range []chart.Outcome{chart.Grace, chart.NotApplicable, chart.None} {
		if n[o] > 0 {
			out = append(out, o)
		}
	}
	return out
}

// shown is how many stretches a page shows before the rest is folded away.
const shown = 6

func head[T any](list []T) []T { return list[:min(len(list), shown)] }
func tail[T any](list []T) []T { return list[min(len(list), shown):] }

// frameworkShort names a framework where there is little room.
func frameworkShort(id string) string {
	switch id {
	case catalog.TSC:
		return "SOC 2"
	case catalog.SOC1:
		return "SOC 1"
	case catalog.ISO:
		return "ISO 27001"
	}
	return id
}
