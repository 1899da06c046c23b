package examination

import (
	"bytes"
	"cmp"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// frozen is one dossier of an engagement with its row.
type frozen struct {
	standing
	Row view.DossierRow
	D   *dossier
	Job page.Job // that packs the bundle now; without identifier for none
}

// base is the address of the dossier.
func (f frozen) base() string { return dossierPath(f.Ref, f.Row.Number) }

func (p *pages) frozen(r *page.Request) (frozen, error) {
	e, err := p.find(r)
	if err != nil {
		return frozen{}, err
	}
	n, err := strconv.Atoi(r.Arg("n"))
	if err != nil {
		return frozen{}, errs.New(errs.NotFound, "%s has no dossier %q", e.Ref, r.Arg("n"))
	}
	all, err := p.View.Dossiers(r.Context(), r.Read(), e.ID)
	if err != nil {
		return frozen{}, err
	}
	i := slices.IndexFunc(all, func(d view.DossierRow) bool { return d.Number == n })
	if i < 0 {
		return frozen{}, errs.New(errs.NotFound, "%s has no dossier %d", e.Ref, n)
	}
	f := frozen{standing: p.standing(r, e), Row: all[i]}
	if f.D, err = p.load(r.Context(), r.Read(), e, f.Row); err != nil {
		return f, err
	}
	r.Title = e.Ref + " dossier " + strconv.Itoa(n)
	r.Crumbs = []page.Crumb{{Text: "Engagements", Href: "/engagements"}, {Text: e.Ref, Href: "/a/" + e.Ref}, {Text: "Dossier " + strconv.Itoa(n)}}
	return f, nil
}

func (f frozen) tabs(current string) []page.Tab {
	n := tally(f.D)
	tab := func(title, name string, count int) page.Tab {
		href := f.base()
		if name != "" {
			href += "?tab=" + name
		}
		return page.Tab{Title: title, Href: href, Count: count, Counted: name != "", Current: current == name}
	}
	out := []page.Tab{tab("Results", "", 0), tab("Controls", "controls", n.Controls), tab("Deviations", "deviations", n.Deviations), tab("Sources", "sources", len(f.D.Sources))}
	return append(out, page.Tab{Title: "Report", Href: f.base() + "/report", Current: current == "report"}, page.Tab{Title: "Changes", Href: f.base() + "/changes", Current: current == "changes"})
}

func (p *pages) dossier(r *page.Request) error {
	f, err := p.frozen(r)
	if err != nil {
		return err
	}
	switch tab := r.Query("tab"); tab {
	case "":
		open, err := p.Background.Open(r.Context(), r.Read())
		if err != nil {
			return err
		}
		f.Job, _ = page.JobUnderWay(open, "bundle", f.Ref+"/"+strconv.Itoa(f.Row.Number))
		return p.results(r, f)
	case "controls":
		return p.controls(r, f)
	case "deviations":
		return p.deviations(r, f)
	case "sources":
		return r.Render(http.StatusOK, sourcesPage(f))
	default:
		return errs.New(errs.NotFound, "a dossier has no side %q", tab)
	}
}

var testTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "result", Title: "Result", Sort: true}, {Key: "title", Title: "Test", Sort: true, Wide: true}, {Key: "controls", Title: "Controls", Opt: true}, {Key: "days", Title: "Period", Opt: true},
		{Key: "population", Title: "Population", Num: true, Sort: true, Opt: true}, {Key: "deviations", Title: "Deviations", Num: true, Sort: true}, {Key: "unknowns", Title: "No answer", Num: true, Sort: true, Opt: true},
	},
	Filters: []page.Filter{{Key: "result", Title: "Result", Kind: page.Segments, Options: []page.Option{
		{Value: "fail", Label: "Deviations", Status: "fail"}, {Value: "err", Label: "No full answer", Status: "err"}, {Value: "pass", Label: "No deviations", Status: "pass"}, {Value: "na", Label: "Not tested, no occurrence", Status: "na"}}}},
	Search: "Find a test or control", Sort: "-deviations", One: "test", Many: "tests",
}

func (p *pages) results(r *page.Request, f frozen) error {
	t, err := r.Table(&testTable)
	if err != nil {
		return err
	}
	counts, rows := map[string]int{}, []engagement.TestFacts{}
	for _, x := range f.D.Tests {
		if !found(t.Query.Search, x.ID, x.Title, strings.Join(x.Controls, " ")) {
			continue
		}
		key := page.StatusOf(outcome(x))
		counts[key]++
		if want := t.Filter("result"); want == "" || want == key {
			rows = append(rows, x)
		}
	}
	sortBy(rows, t.Query, map[string]func(a, b engagement.TestFacts) int{
		"result": func(a, b engagement.TestFacts) int { return cmp.Compare(outcome(a), outcome(b)) }, "title": func(a, b engagement.TestFacts) int { return strings.Compare(a.Title, b.Title) },
		"population": func(a, b engagement.TestFacts) int { return cmp.Compare(a.Population, b.Population) }, "deviations": func(a, b engagement.TestFacts) int { return len(a.Deviations) - len(b.Deviations) },
		"unknowns": func(a, b engagement.TestFacts) int { return len(a.Unknowns) - len(b.Unknowns) },
	})
	t.Total = len(rows)
	if t.Exporting() {
		return r.Export(t, f.Ref+"-tests", []string{"test", "title", "controls", "result", "population", "pass", "fail", "unknown", "not_applicable", "days_tested", "days_without_verdict", "deviations", "no_answer"}, func(q paging.Query) ([][]any, int, error) {
			cells := make([][]any, 0, len(rows))
			for _, x := range cut(rows, q) {
				cells = append(cells, []any{x.ID, x.Title, strings.Join(x.Controls, " "), outcome(x).String(), x.Population, x.Pass, x.Fail, x.Unknown, x.NA, x.DaysTested, x.DaysGap, len(x.Deviations), len(x.Unknowns)})
			}
			return cells, len(rows), nil
		})
	}
	t.SetCounts("result", counts)
	list := testRows(f, t, cut(rows, t.Query))
	return r.Render(http.StatusOK, resultsPage(r, f, t, list), page.Part(t.ID(), list))
}

var controlTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Control", Sort: true}, {Key: "title", Title: "Title", Sort: true, Wide: true}, {Key: "result", Title: "Result"}, {Key: "tests", Title: "Tests", Num: true, Opt: true},
		{Key: "documents", Title: "Documents", Num: true, Opt: true}, {Key: "deviations", Title: "Deviations", Num: true, Sort: true}, {Key: "criteria", Title: "Criteria", Opt: true},
	},
	Search: "Find a control", Sort: "ref", One: "control", Many: "controls",
}

// tested is a control of a dossier with what its tests came to.
type tested struct {
	engagement.ControlFacts
	Deviations int
	Sign       sign
}

func (f frozen) tested() []tested {
	byID := map[string]engagement.TestFacts{}
	for _, t := range f.D.Tests {
		byID[t.ID] = t
	}
	out := make([]tested, len(f.D.Controls))
	for i, c := range f.D.Controls {
		x := tested{ControlFacts: c, Sign: sign{"na", "Not tested"}}
		silent, pass := 0, 0
		for _, id := range c.Tests {
			t := byID[id]
			x.Deviations += len(t.Deviations)
			silent += one(len(t.Unknowns) > 0)
			pass += one(page.StatusOf(outcome(t)) == "pass")
		}
		switch {
		case x.Deviations > 0:
			x.Sign = sign{"fail", "Deviations noted"}
		case silent > 0:
			x.Sign = sign{"err", "No full answer"}
		case pass > 0:
			x.Sign = sign{"pass", "No deviations noted"}
		case len(c.Tests) == 0 && len(c.Uploads) > 0:
			x.Sign = sign{"na", "Documents on file"}
		case len(c.Tests) == 0:
			x.Sign = sign{"risk", "Nothing on file"}
		}
		out[i] = x
	}
	return out
}

func (p *pages) controls(r *page.Request, f frozen) error {
	t, err := r.Table(&controlTable)
	if err != nil {
		return err
	}
	rows := slices.DeleteFunc(f.tested(), func(c tested) bool {
		return !found(t.Query.Search, c.Ref, c.Title, c.Statement, strings.Join(c.Criteria, " "))
	})
	sortBy(rows, t.Query, map[string]func(a, b tested) int{
		"ref": func(a, b tested) int { return strings.Compare(a.Ref, b.Ref) }, "title": func(a, b tested) int { return strings.Compare(a.Title, b.Title) },
		"deviations": func(a, b tested) int { return a.Deviations - b.Deviations },
	})
	t.Total = len(rows)
	if t.Exporting() {
		return r.Export(t, f.Ref+"-controls", []string{"control", "title", "statement", "result", "tests", "documents", "deviations", "criteria", "owner", "version"}, func(q paging.Query) ([][]any, int, error) {
			cells := make([][]any, 0, len(rows))
			for _, x := range cut(rows, q) {
				cells = append(cells, []any{x.Ref, x.Title, x.Statement, x.Sign.Word, len(x.Tests), len(x.Uploads), x.Deviations, strings.Join(x.Criteria, " "), x.Owner, x.Version})
			}
			return cells, len(rows), nil
		})
	}
	list := controlRows(t, cut(rows, t.Query))
	return r.Render(http.StatusOK, controlsPage(r, f, t, list), page.Part(t.ID(), list))
}

var deviationTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "item", Title: "Item", Sort: true}, {Key: "test", Title: "Test", Sort: true}, {Key: "why", Title: "Why", Opt: true}, {Key: "from", Title: "From", Num: true, Sort: true},
		{Key: "to", Title: "To", Num: true, Opt: true}, {Key: "exception", Title: "Exception", Opt: true},
	},
	Filters: []page.Filter{{Key: "kind", Title: "Kind", Kind: page.Segments, All: "Deviations", Options: []page.Option{{Value: "unknown", Label: "Items without an answer", Status: "err"}}}, {Key: "test", Title: "Test", Kind: page.Select, Open: true}},
	Search:  "Find an item or reason", Sort: "test", One: "deviation", Many: "deviations",
}

// deviation is an item that did not pass, with the test that found it.
type deviation struct {
	engagement.Deviation
	Test, Title string
}

func (p *pages) deviations(r *page.Request, f frozen) error {
	t, err := r.Table(&deviationTable)
	if err != nil {
		return err
	}
	var rows []deviation
	var options []page.Option
	for _, x := range f.D.Tests {
		list := x.Deviations
		if t.Filter("kind") == "unknown" {
			list = x.Unknowns
		}
		if len(list) > 0 {
			options = append(options, page.Option{Value: x.ID, Label: x.Title, Count: len(list), Counted: true})
		}
		for _, d := range list {
			if (t.Filter("test") == "" || t.Filter("test") == x.ID) && found(t.Query.Search, d.Label, d.ItemID, d.Reason, x.Title) {
				rows = append(rows, deviation{d, x.ID, x.Title})
			}
		}
	}
	sortBy(rows, t.Query, map[string]func(a, b deviation) int{
		"item": func(a, b deviation) int { return strings.Compare(a.Label, b.Label) }, "test": func(a, b deviation) int { return strings.Compare(a.Title, b.Title) },
		"from": func(a, b deviation) int { return a.From.Compare(b.From) },
	})
	t.Total = len(rows)
	if t.Exporting() {
		return r.Export(t, f.Ref+"-deviations", []string{"test", "title", "item", "label", "reason", "from", "to", "exception"}, func(q paging.Query) ([][]any, int, error) {
			cells := make([][]any, 0, len(rows))
			for _, x := range cut(rows, q) {
				var to any
				if x.To != nil {
					to = *x.To
				}
				cells = append(cells, []any{x.Test, x.Title, x.ItemID, x.Label, x.Reason, x.From, to, x.Exception})
			}
			return cells, len(rows), nil
		})
	}
	t.SetOptions("test", options)
	list := deviationRows(t, cut(rows, t.Query))
	return r.Render(http.StatusOK, deviationsPage(r, f, t, list), page.Part(t.ID(), list))
}

// found reports whether any of the texts holds what is searched for.
func found(search string, texts ...string) bool {
	search = strings.ToLower(search)
	return search == "" || slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(strings.ToLower(s), search) })
}

// sortBy puts rows in the order a list asks for; equal rows stay as they were.
func sortBy[T any](rows []T, q paging.Query, by map[string]func(a, b T) int) {
	f, ok := by[q.Sort]
	if !ok {
		return
	}
	slices.SortStableFunc(rows, func(a, b T) int {
		if q.Desc {
			return f(b, a)
		}
		return f(a, b)
	})
}

// cut is one page of rows.
func cut[T any](rows []T, q paging.Query) []T {
	from := min(q.Offset(), len(rows))
	return rows[from:min(from+q.Size, len(rows))]
}

func (p *pages) json(r *page.Request) error {
	f, err := p.frozen(r)
	if err != nil {
		return err
	}
	body, err := p.Engagement.Blobs.Content(f.Row.SHA256)
	if err != nil {
		return err
	}
	return r.Attach(strings.ToLower(f.Ref)+"-dossier-"+strconv.Itoa(f.Row.Number)+".json", "application/json", int64(len(body)), f.Row.At, bytes.NewReader(body))
}

// pdf shows the report on file. It is our own file with nothing active in it; the policy lets it load nothing.
func (p *pages) pdf(r *page.Request) error {
	f, err := p.frozen(r)
	if err != nil {
		return err
	}
	if f.Row.ReportSHA256 == "" {
		return errs.New(errs.NotFound, "no report was made of dossier %d yet", f.Row.Number).WithHint("tickmark report build %s", f.Ref)
	}
	body, err := p.Engagement.Blobs.Content(f.Row.ReportSHA256)
	if err != nil {
		return err
	}
	h := r.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": page.FileName(strings.ToLower(f.Ref) + "-draft-" + strconv.Itoa(f.Row.Number) + ".pdf")}))
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	r.Writer().WriteHeader(http.StatusOK)
	if r.HTTP.Method == http.MethodHead {
		return nil
	}
	_, _ = r.Writer().Write(body) // a reader who is gone needs no answer
	return nil
}

// bundle has the dossier packed into one archive in the background; its job leads to the file.
func (p *pages) bundle(r *page.Request) error {
	scope, err := r.Write()
	if err != nil {
		return err
	}
	f, err := p.frozen(r)
	if err != nil {
		return err
	}
	job, err := p.Background.Bundle(r.Context(), scope, f.Ref+"/"+strconv.Itoa(f.Row.Number))
	if err != nil {
		return err
	}
	return r.Redirect("/jobs/"+job, "The bundle is being packed.")
}

// until is the end of a deviation in words.
func until(d engagement.Deviation) string {
	switch {
	case d.To == nil:
		return "lasts"
	case d.To.Equal(d.From):
		return "–"
	}
	return day(*d.To)
}

func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

// shortWord is the result of a test in one word or two; the count stands in a column of its own.
func shortWord(t engagement.TestFacts) string {
	if len(t.Deviations) > 0 {
		return "Deviations"
	}
	return outcomeWord(outcome(t), 0)
}
