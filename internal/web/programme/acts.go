package programme

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// Tasks is what these pages ask of the tasks.
type Tasks interface {
	Open(ctx context.Context, scope access.Scope, now time.Time, n work.New) (work.Task, error)
	Edit(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, e work.Edit) (work.Task, error)
}

// subject is an item of a test that something is to be done about.
type subject struct {
	Test, Title, Item, Name string
	Controls                []string
	Known                   bool // there is a verdict on it
}

func (s subject) tick() string { return view.ItemRef(s.Test, s.Item) }

// itemAct is what a form about ticked items shows besides its fields.
type itemAct struct {
	Items  []subject
	Back   string
	People []page.Option
}

// title says what the form is about.
func (a itemAct) title() string {
	if len(a.Items) == 1 {
		return a.Items[0].Name + " · " + a.Items[0].Title
	}
	return page.Plural(len(a.Items), "item", "items")
}

// subjects reads what is ticked. An item of which nothing is known is refused, so that nobody decides about a slip of the pen.
func (p *pages) subjects(r *page.Request, ticks []string) ([]subject, error) {
	titles := map[string]view.TestDetail{}
	var out []subject
	for _, tick := range ticks {
		test, item, ok := strings.Cut(tick, "/")
		if !ok || item == "" {
			return nil, errs.New(errs.NotFound, "%q names no item of a test", clipped(tick))
		}
		t, seen := titles[test]
		if !seen {
			var err error
			if t, err = p.View.Test(r.Context(), r.Read(), test, r.Now); err != nil {
				return nil, err
			}
			titles[test] = t
		}
		s := subject{Test: test, Title: t.Definition.Title, Item: item, Name: item, Controls: t.Definition.Controls, Known: true}
		switch d, err := p.View.Item(r.Context(), r.Read(), test, item, r.Now); {
		case err == nil:
			s.Name = d.Label
		case item == "*":
			s.Name = "Every item of the test"
		case errs.Is(err, errs.NotFound):
			s.Known = false
		default:
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// assignItemForm asks who looks after ticked items and until when.
func (p *pages) assignItemForm(r *page.Request) error {
	f := page.NewForm("due", r.Now.AddDate(0, 0, defaultDue).UTC().Format(time.DateOnly), "back", page.LocalPath(r.Query("back")))
	f.Values["tick"] = r.HTTP.URL.Query()["tick"]
	return p.showAssignItems(r, f)
}

// defaultDue is how many days a failing item may take unless somebody says otherwise.
const defaultDue = 14

func (p *pages) showAssignItems(r *page.Request, f *page.Form) error {
	ticks, err := f.Ticks()
	if err != nil {
		return err
	}
	a := itemAct{Back: f.Back()}
	if a.Items, err = p.subjects(r, ticks); err != nil {
		return err
	}
	if a.People, err = p.people(r); err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), assignItemsPanel(r, f, a))
}

// assignItems opens a task for each ticked item, or hands the one there is to somebody else.
func (p *pages) assignItems(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if f.Get("step") == "" { // the list asks; nobody has said who yet
		f.Values.Set("due", r.Now.AddDate(0, 0, defaultDue).UTC().Format(time.DateOnly))
		return p.showAssignItems(r, f)
	}
	due, err := period.ParseDate(f.Get("due"))
	if f.Get("due") != "" && err != nil {
		f.Wrong("due", "Give a day, such as 2026-12-31, or leave it empty.")
	}
	if f.Get("owner") == "" {
		f.Wrong("owner", "Choose who looks after it.")
	}
	if f.OK() {
		ticks, err := f.Ticks()
		if err != nil {
			return err
		}
		items, err := p.subjects(r, ticks)
		if err != nil {
			return err
		}
		err = p.Controls.Tx.InTx(r.Context(), func(ctx context.Context) error {
			for _, s := range items {
				if err := p.assignItem(ctx, scope, r.Now, s, f.Get("owner"), due); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			return r.Redirect(f.Back(), page.Plural(len(items), "item has", "items have")+" somebody to look after.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showAssignItems(r, f)
}

func (p *pages) assignItem(ctx context.Context, scope access.Scope, now time.Time, s subject, owner string, due period.Date) error {
	title := []rune("Mend " + s.Name + ": " + s.Title)
	_, err := p.Tasks.Open(ctx, scope, now, work.New{
		Title: string(title[:min(len(title), work.MaxTitle)]), Text: "Test " + s.Test + ", item " + s.Item + ". It closes when somebody says so, not when the test passes.",
		Source: work.FromItem, SourceRef: s.tick(), Owner: owner, Due: due,
	})
	var open *work.Stale
	if !errors.As(err, &open) {
		return err
	}
	_, err = p.Tasks.Edit(ctx, scope, now, open.Theirs.Ref, 0, work.Edit{Owner: &owner, Due: &due})
	return err
}

// exceptItems asks for an exception for each ticked item, with one reason.
func (p *pages) exceptItems(r *page.Request, f *page.Form) error {
	scope, err := r.Write()
	if err != nil {
		return err
	}
	if f.Get("step") == "" {
		f.Values.Set("expires", r.Now.Add(defaultException).UTC().Format(time.DateOnly))
		return p.showExceptItems(r, f)
	}
	expires, err := time.Parse(time.DateOnly, f.Get("expires"))
	if err != nil {
		f.Wrong("expires", "Give the last day, such as 2026-12-31.")
	}
	if f.OK() {
		ticks, err := f.Ticks()
		if err != nil {
			return err
		}
		items, err := p.subjects(r, ticks)
		if err != nil {
			return err
		}
		var refs []string
		err = p.Evaluate.Tx.InTx(r.Context(), func(ctx context.Context) error {
			for _, s := range items {
				e, err := p.Evaluate.RequestException(ctx, scope, r.Now, s.Test, s.Item, f.Get("reason"), expires.AddDate(0, 0, 1)) // the last day is included
				if err != nil {
					return err
				}
				refs = append(refs, e.Ref)
			}
			return nil
		})
		switch {
		case err == nil && len(refs) == 1:
			return r.Redirect(exceptionURL(refs[0]), refs[0]+" requested. Somebody else approves it.")
		case err == nil:
			return r.Redirect(f.Back(), page.Plural(len(refs), "exception", "exceptions")+" requested: "+refs[0]+" to "+refs[len(refs)-1]+". Somebody else approves them.")
		case !f.Take(err):
			return err
		}
	}
	return p.showExceptItems(r, f)
}

func (p *pages) showExceptItems(r *page.Request, f *page.Form) error {
	ticks, err := f.Ticks()
	if err != nil {
		return err
	}
	a := itemAct{Back: f.Back()}
	if a.Items, err = p.subjects(r, ticks); err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), exceptItemsPanel(r, f, a))
}

// pickList is everything that does not pass now, to choose what an exception or a task is about.
var pickList = page.TableSpec{
	Columns: []page.Column{
		{Key: "item", Title: "Item", Sort: true},
		{Key: "outcome", Title: "Result", Sort: true},
		{Key: "test", Title: "Test", Sort: true, Opt: true, Wide: true},
		{Key: "who", Title: "Assigned to", Opt: true},
		{Key: "since", Title: "Since", Sort: true, Num: true, Opt: true},
		{Key: "act", Title: "Actions", Quiet: true},
	},
	Filters: []page.Filter{
		{Key: "excepted", Title: "Exception", Kind: page.Segments, Options: []page.Option{{Value: "no", Label: "Open"}, {Value: "yes", Label: "Excepted"}}},
		{Key: "outcome", Title: "Result", Kind: page.Select, All: "All results", Options: stateOptions[:2]},
	},
	Search: "Find an item or a test", Sort: "since", Size: 50, One: "item", Many: "items", Bulk: itemActs,
}

// itemActs is what can be done about ticked items that do not pass.
var itemActs = []page.BulkAction{{Label: "Assign", Action: "/items/assign"}, {Label: "Except", Action: "/exceptions/new"}}

// failingItems lists everything that does not pass now.
func (p *pages) failingItems(r *page.Request) error {
	t, err := r.Table(allowed(r, &pickList))
	if err != nil {
		return err
	}
	f := view.StandingFilter{Excepted: t.Filter("excepted"), Outcome: state(t, "outcome")}
	if t.Exporting() {
		return p.exportStanding(r, t, "failing", func(q paging.Query) (view.StandingList, error) {
			return p.View.Failing(r.Context(), r.Read(), f, q, r.Now)
		})
	}
	list, err := p.View.Failing(r.Context(), r.Read(), f, t.Query, r.Now)
	if err != nil {
		return err
	}
	t.Total = list.Total
	rows := pickRows(r, t, list.Rows)
	return r.Render(http.StatusOK, pickPage(t, rows), page.Part(t.ID(), rows))
}

// runTests has tests run in the background and goes back to the page, which shows them running.
func (p *pages) runTests(r *page.Request, tests []string, back string) error {
	if _, err := r.Form(); err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	if p.Background == nil {
		return errs.New(errs.Unavailable, "nothing runs in the background here").WithHint("tickmark test")
	}
	if _, err := p.Background.Test(r.Context(), scope, tests); err != nil {
		return err
	}
	return r.Redirect(back, "The tests are run.")
}

func (p *pages) runControl(r *page.Request) error {
	c, err := p.View.Control(r.Context(), r.Read(), r.Arg("ref"), r.Now)
	if err != nil {
		return err
	}
	var tests []string
	for _, t := range c.Tested {
		if t.Enabled {
			tests = append(tests, t.ID)
		}
	}
	if len(tests) == 0 {
		return errs.New(errs.Conflict, "no test of %s can be run", c.Ref).WithHint("Its tests are switched off, or there are none.")
	}
	return p.runTests(r, tests, controlURL(c.Ref))
}

func (p *pages) runTest(r *page.Request) error {
	x, err := p.View.Test(r.Context(), r.Read(), r.Arg("id"), r.Now)
	if err != nil {
		return err
	}
	if !x.Enabled {
		return errs.New(errs.Conflict, "test %s is switched off", x.ID)
	}
	return p.runTests(r, []string{x.ID}, testURL(x.ID))
}

func (p *pages) runAll(r *page.Request) error { return p.runTests(r, nil, "/tests") }

// running are the runs of tests under way, for the pages of what is tested.
func (p *pages) running(r *page.Request) []page.Job {
	if p.Background == nil {
		return nil
	}
	open, err := p.Background.Open(r.Context(), r.Read())
	if err != nil {
		return nil // what runs besides is no reason not to show the page
	}
	return slices.DeleteFunc(open, func(j page.Job) bool { return j.Kind != "test" })
}

// assignURL is where somebody is made to look after an item.
func assignURL(test, item, back string) string {
	return "/items/assign?" + url.Values{"tick": {view.ItemRef(test, item)}, "back": {back}}.Encode()
}

func taskURL(ref string) string { return "/tasks/" + url.PathEscape(ref) }

// bulkRights are what acts on many rows need.
var bulkRights = map[string]access.Action{
	"/items/assign": access.ManageTasks, "/exceptions/new": access.RequestException, "/controls/own": access.EditControls, "/controls/approve": access.ApproveControls,
	"/controls/adopt": access.EditControls,
}

// allowed is a list with those acts on many rows that the reader may do; without any there is nothing to tick.
func allowed(r *page.Request, spec *page.TableSpec) *page.TableSpec {
	s := *spec
	s.Bulk = slices.DeleteFunc(slices.Clone(spec.Bulk), func(a page.BulkAction) bool { return !r.Can(bulkRights[a.Action]) })
	return &s
}

func ticking(t *page.Table) bool { return len(t.Spec.Bulk) > 0 }
