package records

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var connectionTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "name", Title: "Connection"}, {Key: "kind", Title: "System"}, {Key: "health", Title: "Health"}, {Key: "last", Title: "Last run", Num: true},
		{Key: "facts", Title: "Facts", Num: true, Opt: true}, {Key: "days", Title: "90 days", Opt: true}, {Key: "every", Title: "Schedule", Num: true, Opt: true},
	},
	Filters: []page.Filter{{Key: "show", Title: "Show", Kind: page.Segments, All: "In use", Options: []page.Option{{Value: "all", Label: "Removed too"}}}},
	One:     "connection", Many: "connections",
}

// line is a connection in the list.
type line struct {
	view.ConnectionRow
	Title  string // of the system
	Health sign
	Days   chart.StripData
}

// stripDays is how far back the strip of a connection goes in lists; a page shows a year.
const stripDays = 90

func (s Services) connectionList(r *page.Request) error {
	t, err := r.Table(&connectionTable)
	if err != nil {
		return err
	}
	all, err := s.View.Connections(r.Context(), r.Read(), t.Filter("show") == "all")
	if err != nil {
		return err
	}
	t.Total = len(all)
	if t.Exporting() {
		return r.Export(t, "connections", []string{"name", "system", "health", "last_run", "last_status", "facts", "last_complete", "every_hours", "runs", "created_at"}, func(paging.Query) ([][]any, int, error) {
			rows := make([][]any, len(all))
			for i, c := range all {
				rows[i] = []any{c.Name, c.Kind, healthSign(c.Health(r.Now)).Word, nil, nil, nil, page.OrBlank(c.Complete), c.Every.Hours(), c.Runs, c.Created}
				if c.Last != nil {
					rows[i][3], rows[i][4], rows[i][5] = c.Last.Started, string(c.Last.Status), c.Last.Facts
				}
			}
			return rows, len(rows), nil
		})
	}
	lines := make([]line, 0, len(all))
	for _, c := range all {
		days, err := s.runDays(r, c, stripDays)
		if err != nil {
			return err
		}
		lines = append(lines, line{c, s.systemTitle(c.Kind), healthSign(c.Health(r.Now)), days})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return rank(a.Health.Key) - rank(b.Health.Key) })
	return r.Render(http.StatusOK, connectionListPage(r, t, lines), page.Part(t.ID(), connectionRows(r, t, lines)))
}

// rank puts what somebody must look at first.
func rank(key string) int {
	return slices.Index([]string{"fail", "risk", "err", "prog", "pass", "na"}, key)
}

// systemTitle is a kind of system as people call it.
func (s Services) systemTitle(kind string) string {
	if c, ok := s.Collect.Connectors[kind]; ok {
		return c.Describe().Title
	}
	return kind
}

// runDays is the history of a connection as a strip: a day with a run in which something was missing is in grace, a day
// whose runs gave nothing fails, a day without a run was not read.
func (s Services) runDays(r *page.Request, c view.ConnectionRow, days int) (chart.StripData, error) {
	today := period.Of(r.Now)
	d := chart.StripData{Period: period.Period{From: today + 1 - period.Date(days), To: today + 1}}
	all, err := s.View.RunDays(r.Context(), r.Read(), c.ID, d.Period)
	for _, x := range all {
		outcome := chart.Pass
		switch x.Status {
		case collect.Partial:
			outcome = chart.Grace
		case collect.Failed:
			outcome = chart.Fail
		}
		d.Runs = append(d.Runs, chart.Run{From: x.Date, Days: 1, Outcome: outcome})
	}
	return d, err
}

// system is a connection with everything its page shows.
type system struct {
	line
	Doc      string
	Grants   []collect.Permission
	Settings []setting
	Run      *collect.Run // newest run that ended, with its results
	Year     chart.StripData
	Due      *time.Time
	Job      *page.Job // that reads it now
	// FedTo is the source that its audit events go to; Feeds says that it collects such.
	FedTo string
	Feeds bool
	// Gaps is how many of the days it has lived, today apart, saw no run.
	Gaps, Lived int
}

// setting is a setting of a connection that is no secret.
type setting struct{ Title, Value string }

var runTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "started", Title: "Began", Sort: true}, {Key: "name", Title: "Connection", Sort: true, Opt: true}, {Key: "status", Title: "Result", Sort: true}, {Key: "facts", Title: "Facts", Num: true},
		{Key: "items", Title: "Evidence", Num: true, Opt: true}, {Key: "took", Title: "Took", Num: true, Opt: true}, {Key: "trigger", Title: "Started by", Sort: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "status", Title: "Result", Kind: page.Segments, Options: []page.Option{
			{Value: "complete", Label: "Complete", Status: "pass"}, {Value: "partial", Label: "Incomplete", Status: "risk"}, {Value: "failed", Label: "Failed", Status: "fail"}}},
		{Key: "connection", Title: "Connection", Kind: page.Select, Open: true}, {Key: "from", Title: "From", Kind: page.Date}, {Key: "to", Title: "To", Kind: page.Date},
	},
	Search: "Find by connection or error", Sort: "-started", One: "run", Many: "runs",
}

// ownRunTable is the runs of one connection, on its page.
var ownRunTable = page.TableSpec{
	Columns: slices.Concat(runTable.Columns[:1], runTable.Columns[2:]),
	Filters: runTable.Filters[:1], Sort: "-started", Size: 20, One: "run", Many: "runs",
}

var runHead = []string{"run", "connection", "system", "status", "started_at", "finished_at", "facts", "evidence", "incomplete", "trigger", "error"}

func runCells(rows []view.RunRow) [][]any {
	out := make([][]any, len(rows))
	for i, x := range rows {
		out[i] = []any{x.ID, x.Name, x.Kind, string(x.Status), x.Started, page.OrBlank(x.Finished), x.Facts, x.Items, x.Incomplete, x.Trigger, x.Error}
	}
	return out
}

// runsOf answers a list of runs: page, part or export. draw makes the page and the part.
func (s Services) runsOf(r *page.Request, t *page.Table, f view.RunFilter, name string) ([]view.RunRow, bool, error) {
	f.Status, f.About, f.Empty = t.Filter("status"), aboutPeriod(t), s.empty(t)
	if t.Exporting() {
		return nil, true, r.Export(t, name, runHead, func(q paging.Query) ([][]any, int, error) {
			res, err := s.View.Runs(r.Context(), r.Read(), f, q)
			return runCells(res.Rows), res.Total, err
		})
	}
	res, err := s.View.Runs(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return nil, false, err
	}
	if !f.Empty.Only {
		n, err := s.View.EmptyRuns(r.Context(), r.Read(), f, t.Query.Search)
		if err != nil {
			return nil, false, err
		}
		leftOut(t, n, "run", "runs")
	}
	choices, err := s.View.RunChoices(r.Context(), r.Read(), f, t.Query.Search)
	t.Total = res.Total
	t.SetCounts("status", counts(choices))
	return res.Rows, false, err
}

func (s Services) connectionPage(r *page.Request) error {
	c, err := s.View.Connection(r.Context(), r.Read(), r.Arg("name"))
	if err != nil {
		return err
	}
	r.Title = c.Name
	r.Crumbs = []page.Crumb{{Text: "Connections", Href: "/connections"}, {Text: c.Name}}
	spec, err := s.withEmpty(r, ownRunTable)
	if err != nil {
		return err
	}
	t, err := r.Table(&spec)
	if err != nil {
		return err
	}
	runs, done, err := s.runsOf(r, t, view.RunFilter{Connection: c.ID}, "runs-"+c.Name)
	if done || err != nil {
		return err
	}
	x := system{line: line{ConnectionRow: c, Title: s.systemTitle(c.Kind), Health: healthSign(c.Health(r.Now))}, Due: c.Due()}
	if r.Target() != t.ID() {
		if err := s.fill(r, &x); err != nil {
			return err
		}
	}
	return r.Render(http.StatusOK, systemPage(r, t, x, runs), page.Part(t.ID(), runRows(r, t, runs, false)))
}

// fill reads what only the whole page of a connection shows.
func (s Services) fill(r *page.Request, x *system) error {
	var err error
	if x.Year, err = s.runDays(r, x.ConnectionRow, 365); err != nil {
		return err
	}
	first, today := max(period.Of(x.Created), x.Year.Period.From), period.Of(r.Now)
	if len(x.Year.Runs) > 0 && x.Year.Runs[0].From < first {
		first = x.Year.Runs[0].From
	}
	read := 0
	for _, run := range x.Year.Runs {
		if run.From >= first && run.From < today {
			read++
		}
	}
	x.Lived = max(0, int(today-first))
	x.Gaps = max(0, x.Lived-read)
	if s.Background != nil {
		open, err := s.Background.Open(r.Context(), r.Read())
		if err != nil {
			return err
		}
		if j, ok := page.JobUnderWay(open, "collect", x.ID); ok {
			x.Job = &j
		}
	}
	if connector, ok := s.Collect.Connectors[x.Kind]; ok {
		d := connector.Describe()
		x.Doc, x.Grants = d.Doc, d.Grants
		for _, f := range d.Fields {
			if v := x.ConnectionRow.Settings[f.Name]; v != "" && !f.Secret {
				x.Settings = append(x.Settings, setting{f.Title, v})
			}
		}
	}
	if x.FedTo, x.Feeds, err = s.Feeds.FedTo(r.Context(), r.Read(), x.Name); err != nil || x.Last == nil {
		return err
	}
	run, err := s.Collect.Store.Run(r.Context(), r.Read(), collect.RunID(x.Last.ID))
	x.Run = &run
	return err
}

func (s Services) runList(r *page.Request) error {
	spec, err := s.withEmpty(r, runTable)
	if err != nil {
		return err
	}
	t, err := r.Table(&spec)
	if err != nil {
		return err
	}
	var f view.RunFilter
	if name := t.Filter("connection"); name != "" {
		c, err := s.View.Connection(r.Context(), r.Read(), name)
		if err != nil {
			return err
		}
		f.Connection = c.ID
	}
	runs, done, err := s.runsOf(r, t, f, "runs")
	if done || err != nil {
		return err
	}
	if r.Target() == "" {
		all, err := s.View.Connections(r.Context(), r.Read(), true)
		if err != nil {
			return err
		}
		var o []page.Option
		for _, c := range all {
			if !slices.ContainsFunc(o, func(x page.Option) bool { return x.Value == c.Name }) {
				o = append(o, page.Option{Value: c.Name, Label: c.Name})
			}
		}
		t.SetOptions("connection", o)
	}
	return r.Render(http.StatusOK, runListPage(r, t, runs), page.Part(t.ID(), runRows(r, t, runs, true)))
}

// reading is a run with what its page shows of it.
type reading struct {
	collect.Run
	Manifest *collect.Manifest
	Evidence map[string]view.EvidenceRow // by resource
	Who      string
}

func (s Services) runPage(r *page.Request) error {
	run, err := s.Collect.Store.Run(r.Context(), r.Read(), collect.RunID(r.Arg("id")))
	if err != nil {
		return err
	}
	r.Title = "Run of " + run.Name
	r.Crumbs = []page.Crumb{{Text: "Collection runs", Href: "/runs"}, {Text: run.Name + ", " + page.TimeText(run.Started)}}
	x := reading{Run: run, Evidence: map[string]view.EvidenceRow{}}
	if r.Can(access.ReadEvidence) {
		items, err := s.View.Evidence(r.Context(), r.Read(), view.EvidenceFilter{Run: string(run.ID)}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		for _, i := range items.Rows {
			x.Evidence[i.Resource] = i
		}
	}
	if run.ManifestSHA256 != "" {
		p := piece{}
		p.ManifestSHA256, p.Ref = run.ManifestSHA256, string(run.ID)
		if err := s.manifest(&p); err != nil {
			return err
		}
		x.Manifest = p.Manifest
		if x.Who, err = s.nameOf(r.Context(), r.Read(), p.Manifest.Actor); err != nil {
			return err
		}
	}
	return r.Render(http.StatusOK, readingPage(r, x))
}

// took is how long a run lasted.
func took(started time.Time, finished *time.Time) string {
	if finished == nil || !finished.After(started) { // simulated runs take no time
		return "–"
	}
	return page.Span(finished.Sub(started))
}

func everyText(d time.Duration) string {
	switch {
	case d == 0:
		return "As usual"
	case d%(24*time.Hour) == 0 && d == 24*time.Hour:
		return "Daily"
	case d == time.Hour:
		return "Hourly"
	case d == 7*24*time.Hour:
		return "Weekly"
	}
	return "Every " + page.Span(d)
}

// firstLine is the first line of a text.
func firstLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}

// remarked are the results with something to say.
func remarked(list []collect.Result) []collect.Result {
	return slices.DeleteFunc(slices.Clone(list), func(x collect.Result) bool { return len(x.Notes)+len(x.Errors) == 0 })
}
