package account

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
)

// DevRoutes are pages for those who build the program: every part in all its states.
func DevRoutes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Pattern: "/dev/components", Action: page.SignedIn, Title: "Components", Handle: components},
		{Method: http.MethodPost, Pattern: "/dev/components", Action: page.SignedIn, Title: "Components", Handle: componentsForm},
		{Method: http.MethodGet, Pattern: "/dev/components/panel", Action: page.SignedIn, Title: "Panel", Handle: componentsPanel},
	}
}

// sample is a row of the list of samples.
type sample struct {
	Ref, Title string
	Outcome    chart.Outcome
	Strip      chart.StripData
	N          int
}

// state is a status key with its word.
type state struct{ Key, Word string }

var sampleStates = []state{{Key: "pass", Word: "Pass"}, {Key: "fail", Word: "Failing"}, {Key: "risk", Word: "In grace"}, {Key: "err", Word: "No answer"}, {Key: "na", Word: "Not applicable"}, {Key: "prog", Word: "Open"}, {Key: "exm", Word: "Excepted"}}

var sampleIcons = strings.Fields("home inbox frame control test evidence policy people person access vendor riskm alert graph audit trust plug gear search menu x play down sun lock chain eye note clock right left chevron copy plus pass fail risk err na prog exm")

var sampleList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Ref", Sort: true}, {Key: "title", Title: "Title", Sort: true, Wide: true}, {Key: "state", Title: "State"},
		{Key: "strip", Title: "90 days", Opt: true}, {Key: "n", Title: "Items", Num: true, Sort: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Options: []page.Option{{Value: "pass", Label: "Pass", Status: "pass"}, {Value: "fail", Label: "Failing", Status: "fail"}}},
	},
	Search: "Find a sample", Sort: "ref", Size: 5, One: "sample", Many: "samples",
	Bulk: []page.BulkAction{
		{Label: "Assign", Action: "/dev/components"},
		{Label: "Remove", Action: "/dev/components", Danger: true, Confirm: "The rows are gone afterwards, for everybody. What the ledger says of them stays."},
	},
}

// sampleJobs are jobs in every state.
func sampleJobs(now time.Time) []page.Job {
	started, finished := now.Add(-90*time.Second), now.Add(-4*time.Second)
	return []page.Job{
		{Title: "Run the tests", Status: "running", Done: 41, Total: 83, Note: "okta-second-factor", Started: &started},
		{Title: "Collect github-main", Status: "running", Done: 12004, Note: "github.pull_request", Started: &started},
		{Title: "Collect okta-main", Status: "queued"},
		{Title: "Collect bamboohr-main", Status: "running", Ending: true, Done: 12, Started: &started},
		{Title: "Bundle SOC2-2026-1, dossier 1", Status: "done", Done: 210, Total: 210, Result: "/jobs", Started: &started, Finished: &finished},
		{Title: "Collect jira-main", Status: "failed", Error: "jira-main: the token was refused.", Hint: "Renew the token of the connection.", Started: &started, Finished: &finished},
		{Title: "Run the tests", Status: "cancelled", Started: &started, Finished: &finished},
	}
}

// staleForm is a form that began from an older version.
func staleForm() *page.Form {
	f := page.NewForm("title", "Access is removed within a day", "statement", "Accounts of leavers are switched off within 24 hours of the end of employment.")
	f.Stale(4, map[string]string{"title": "Access is removed within a day", "statement": "Accounts of leavers are switched off by the end of their last day."})
	return f
}

func samples(now time.Time) []sample {
	var out []sample
	for i, o := range chart.Outcomes() {
		out = append(out, sample{Ref: "AC-0" + string(rune('1'+i)), Title: "A sample whose state is " + o.String() + ", with a title that is long enough to be clipped where there is little room", Outcome: o, Strip: sampleStrip(now, 90, false), N: 1000*i + 7})
	}
	return out
}

func sampleStrip(now time.Time, days int, window bool) chart.StripData {
	to := period.Of(now) + 1
	d := chart.StripData{Period: period.Period{From: to - period.Date(days), To: to}}
	at := d.Period.From
	for i, o := range []chart.Outcome{chart.None, chart.Pass, chart.Fail, chart.Pass, chart.Unknown, chart.Pass, chart.Grace, chart.Pass, chart.Excepted, chart.NotApplicable, chart.Pass} {
		n := days / 10
		if i%2 == 0 {
			n = days / 40
		}
		d.Runs = append(d.Runs, chart.Run{From: at, Days: max(n, 1), Outcome: o})
		at += period.Date(max(n, 1))
	}
	d.Runs = append(d.Runs, chart.Run{From: at, Days: int(to - at), Outcome: chart.Pass})
	if window {
		d.Window = period.Period{From: d.Period.From + period.Date(days/3), To: to}
	}
	return d
}

func sampleForm() *page.Form {
	f := page.NewForm("plain", "", "wrong", "abc", "owner", "b", "often", "week", "sure", "on", "why", "")
	f.Wrong("wrong", "Explain in at least 20 characters (3 so far).")
	f.Take(errs.New(errs.Conflict, "somebody changed this meanwhile").WithHint("What you wrote is kept. Compare it with what the page says now, then save again."))
	return f
}

func components(r *page.Request) error {
	t, err := r.Table(&sampleList)
	if err != nil {
		return err
	}
	read := func(q paging.Query) []sample {
		var out []sample
		for _, s := range samples(r.Now) {
			word := map[string]chart.Outcome{"pass": chart.Pass, "fail": chart.Fail}
			if f := t.Filter("state"); (f == "" || word[f] == s.Outcome) && strings.Contains(strings.ToLower(s.Title), strings.ToLower(q.Search)) {
				out = append(out, s)
			}
		}
		slices.SortFunc(out, func(a, b sample) int {
			c := strings.Compare(a.Ref, b.Ref)
			if q.Desc {
				return -c
			}
			return c
		})
		return out
	}
	all := read(t.Query)
	if t.Exporting() {
		return r.Export(t, "samples", []string{"Ref", "Title", "State", "Items"}, func(paging.Query) ([][]any, int, error) {
			var rows [][]any
			for _, s := range all {
				rows = append(rows, []any{s.Ref, s.Title, s.Outcome.String(), s.N})
			}
			return rows, len(all), nil
		})
	}
	t.Total = len(all)
	t.SetCounts("state", map[string]int{"pass": 1, "fail": 1})
	from := min(t.Query.Offset(), len(all))
	rows := sampleRows(t, all[from:min(from+t.Query.Size, len(all))])
	return r.Render(http.StatusOK, componentsPage(r, t, rows), page.Part(t.ID(), rows))
}

func componentsPanel(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, samplePanel(r, page.NewForm()))
}

func componentsForm(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if ticks, err := f.Ticks(); err == nil {
		return r.RedirectUndo(f.Back(), page.Plural(len(ticks), "row", "rows")+" done.", "/dev/components", map[string]string{"why": "Taken back with the button of the toast."})
	}
	if len(f.Get("why")) < 20 {
		f.Wrong("why", "Explain in at least 20 characters: an auditor reads it.")
	}
	if !f.OK() {
		return r.RenderPanel(f.Status(), samplePanel(r, f))
	}
	return r.Redirect("/dev/components", "Recorded.")
}
