// Package programme shows what an organisation does to meet its criteria and how that goes: frameworks and criteria,
// controls, tests with their verdicts, and exceptions.
package programme

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/framework"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	View     *view.Reader
	Controls *control.Service
	// Frameworks are those that the organisation brought along.
	Frameworks *framework.Service
	Evaluate   *evaluate.Service
	Access     *access.Service
	Tasks      Tasks
	Files      Files // rows of fact files, for authors of tests
	// Background runs tests while nobody waits; nil where nothing does.
	Background page.Background
}

type pages struct{ Services }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get := func(pattern, title, nav string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadProgramme, Title: title, Nav: nav, Handle: h}
	}
	form := func(pattern string, a access.Action, title, nav string, show, do func(*page.Request) error) []page.Route {
		return []page.Route{
			{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Nav: nav, Handle: show},
			{Method: http.MethodPost, Pattern: pattern, Action: a, Title: title, Nav: nav, Handle: do},
		}
	}
	out := []page.Route{
		get("/frameworks", "Frameworks", "", p.frameworks),
		get("/frameworks/{framework}", "Framework", "/frameworks", p.framework),
		get("/frameworks/{framework}/{id}", "Requirement", "/frameworks", p.requirement),
		get("/criteria", "Trust services criteria", "/frameworks", p.criteria),
		get("/criteria/{id}", "Criterion", "/frameworks", p.criterion),
		{Method: http.MethodGet, Pattern: "/crosswalk", Action: access.ReadProgramme, Title: "Criteria and ISO 27001", Nav: "/frameworks", Styles: "planning", Handle: p.crosswalk},
		get("/controls", "Controls", "", p.controls),
		get("/c/{ref}", "Control", "/controls", p.control),
		get("/tests", "Tests", "", p.tests),
		get("/t/{id}", "Test", "/tests", p.test),
		get("/t/{id}/definition", "Definition", "/tests", p.definition),
		get("/t/{id}/runs/{run}", "Run", "/tests", p.run),
		get("/t/{id}/items/{item}", "Item", "/tests", p.item),
		get("/exceptions", "Exceptions", "", p.exceptions),
		get("/exceptions/{ref}", "Exception", "/exceptions", p.exception),
	}
	post := func(pattern string, a access.Action, title, nav string, do func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodPost, Pattern: pattern, Action: a, Title: title, Nav: nav, Handle: do}
	}
	out = append(out, get("/c/{ref}/compare", "Compare versions", "/controls", p.compare), get("/c/{ref}/library", "The library’s text", "/controls", p.libraryText),
		get("/controls/library", "Library of controls", "/controls", p.library), post("/controls/adopt", access.EditControls, "Adopt", "/controls", p.adopt))
	out = append(out, post("/controls/approve", access.ApproveControls, "Approve controls", "/controls", p.approveMany), post("/controls/own", access.EditControls, "Owner of controls", "/controls", p.ownMany))
	out = append(out, form("/controls/new", access.EditControls, "New control", "/controls", p.newControl, p.createControl)...)
	out = append(out, form("/c/{ref}/edit", access.EditControls, "Change a control", "/controls", p.editControl, p.proposeControl)...)
	out = append(out, form("/c/{ref}/withdraw", access.EditControls, "Withdraw a draft", "/controls", p.withdrawForm, p.withdraw)...)
	out = append(out, form("/c/{ref}/retire", access.ApproveControls, "Retire a control", "/controls", p.retireForm, p.retire)...)
	out = append(out, form("/c/{ref}/owner", access.EditControls, "Owner", "/controls", p.ownerForm, p.setOwner)...)
	out = append(out, form("/c/{ref}/approve", access.ApproveControls, "Approve", "/controls", p.approveForm, p.approve)...)
	out = append(out, post("/c/{ref}/run", access.RunTests, "Run tests", "/controls", p.runControl), post("/t/{id}/run", access.RunTests, "Run a test", "/tests", p.runTest),
		post("/tests/run", access.RunTests, "Run all tests", "/tests", p.runAll), get("/items", "What does not pass now", "/tests", p.failingItems))
	out = append(out, get("/tests/drafts", "Proposals for tests", "/tests", p.drafts), get("/tests/drafts/{id}", "Proposal", "/tests", p.draftPage))
	out = append(out, form("/tests/new", access.EditTests, "New test", "/tests", p.newTest, p.writeTest)...)
	out = append(out, form("/t/{id}/edit", access.EditTests, "Change a test", "/tests", p.editTest, p.writeTest)...)
	out = append(out, form("/tests/drafts/{id}/approve", access.ApproveTests, "Approve a test", "/tests", p.approveTestForm, p.approveTest)...)
	out = append(out, form("/tests/drafts/{id}/withdraw", access.EditTests, "Withdraw a proposal", "/tests", p.withdrawTestForm, p.withdrawTest)...)
	out = append(out, form("/tests/rule", access.ManageOrg, "Rule for tests", "/tests", p.ruleForm, p.setRule)...)
	out = append(out, form("/items/assign", access.ManageTasks, "Assign", "/tests", p.assignItemForm, p.assignItems)...)
	out = append(out, form("/exceptions/new", access.RequestException, "Request an exception", "/exceptions", p.newException, p.requestException)...)
	out = append(out, form("/exceptions/{ref}/approve", access.ApproveException, "Approve an exception", "/exceptions", p.approvalForm, p.approveException)...)
	out = append(out, form("/exceptions/{ref}/revoke", access.ApproveException, "Revoke an exception", "/exceptions", p.revocationForm, p.revokeException)...)
	return append(out, p.ownRoutes()...)
}

// Addresses of what these pages show.

func controlURL(ref string) string { return "/c/" + url.PathEscape(ref) }
func testURL(id string) string     { return "/t/" + url.PathEscape(id) }
func runURL(test, run string) string {
	return testURL(test) + "/runs/" + url.PathEscape(run)
}
func itemURL(test, item string) string { return testURL(test) + "/items/" + url.PathEscape(item) }
func exceptionURL(ref string) string   { return "/exceptions/" + url.PathEscape(ref) }

func requirementURL(framework, id string) string {
	if framework == catalog.TSC {
		return "/criteria/" + url.PathEscape(id)
	}
	return "/frameworks/" + url.PathEscape(framework) + "/" + url.PathEscape(id)
}

// exceptURL is where an exception for an item is requested.
func exceptURL(test, item string) string {
	return "/exceptions/new?" + url.Values{"test": {test}, "item": {item}}.Encode()
}

// stateOptions are the choices of a filter by state.
var stateOptions = []page.Option{
	{Value: "fail", Label: "Failing", Status: "fail"},
	{Value: "unknown", Label: "No answer", Status: "err"},
	{Value: "pass", Label: "Pass", Status: "pass"},
	{Value: "na", Label: "Not applicable", Status: "na"},
	{Value: "none", Label: "Not tested", Status: "na"},
}

// state reads a filter by state; nil for none.
func state(t *page.Table, key string) *chart.Outcome {
	if o, ok := view.ParseState(t.Filter(key)); ok && t.Filter(key) != "" {
		return &o
	}
	return nil
}

func counts(choices []view.Choice) map[string]int {
	out := map[string]int{}
	for _, c := range choices {
		out[c.Value] = int(c.N)
	}
	return out
}

// options are choices of a filter, named by label if the choice has no better name.
func options(choices []view.Choice, label func(string) string) []page.Option {
	out := make([]page.Option, len(choices))
	for i, c := range choices {
		out[i] = page.Option{Value: c.Value, Label: c.Label, Count: int(c.N), Counted: true}
		if label != nil {
			out[i].Label = label(c.Value)
		}
	}
	return out
}

// capital writes a word of the domain as people read it: "per_event" is "Per event".
func capital[S ~string](s S) string {
	return page.Capital(strings.ReplaceAll(string(s), "_", " "))
}

// natures and kinds as the pages call them.
func natureText(n catalog.Nature) string {
	if n == catalog.ITDependentManual {
		return "IT-dependent manual"
	}
	return capital(n)
}

func kindText(k evaluate.Kind) string {
	if k == evaluate.Occurrence {
		return "What happened"
	}
	return "How things are"
}

// systemText names a kind of system.
func systemText(s string) string {
	switch s {
	case "github":
		return "GitHub"
	case "okta":
		return "Okta"
	case "bamboohr":
		return "BambooHR"
	case "git":
		return "Git"
	case "host":
		return "Hosts"
	case "file":
		return "Files"
	case "any":
		return "Any system"
	}
	return capital(s)
}

// resourceText names an input of a test: "okta.user_account" is "Okta, user account".
func resourceText(input string) string {
	system, name, dotted := strings.Cut(input, ".")
	if !dotted {
		return capital(input)
	}
	return systemText(system) + ", " + strings.ReplaceAll(name, "_", " ")
}

// tabOf is the chosen tab of a page; an unknown one is refused, so that a wrong address is not taken for a right one.
func tabOf(r *page.Request, known ...string) (string, error) {
	tab := r.Query("tab")
	if tab == "" {
		return "", nil
	}
	for _, k := range known {
		if tab == k {
			return tab, nil
		}
	}
	return "", errs.New(errs.NotFound, "this page has no side %q", tab)
}

// graceLeft is how much of a control's grace is left for an item, and whether it is over. There is no grace without hours.
func graceLeft(hours int, since, now time.Time) (left string, over bool) {
	end := since.Add(time.Duration(hours) * time.Hour)
	if !now.Before(end) {
		return "ended", true
	}
	return page.Span(end.Sub(now)), false
}
