package programme

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/textdiff"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

func draftURL(test string) string { return "/tests/drafts/" + url.PathEscape(test) }

var draftList = page.TableSpec{
	Columns: []page.Column{
		{Key: "test", Title: "Test"},
		{Key: "title", Title: "Title", Wide: true},
		{Key: "status", Title: "State"},
		{Key: "version", Title: "Version", Num: true, Opt: true},
		{Key: "author", Title: "Written by", Opt: true},
		{Key: "at", Title: "When", Num: true},
	},
	Filters: []page.Filter{{Key: "status", Title: "State", Kind: page.Segments, Options: []page.Option{
		{Value: "waiting", Label: "Waiting", Status: "prog"}, {Value: "approved", Label: "Approved", Status: "pass"}, {Value: "withdrawn", Label: "Withdrawn", Status: "na"}, {Value: "replaced", Label: "Replaced", Status: "na"}}}},
	Search: "Find a proposal", One: "proposal", Many: "proposals",
}

// draftRow is a proposed version of a test with names.
type draftRow struct {
	evaluate.Draft
	Title, Writer, Decider string
}

func (p *pages) draftRows(r *page.Request, list []evaluate.Draft) ([]draftRow, error) {
	var who []string
	for _, d := range list {
		who = append(who, d.Author, d.By)
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return nil, err
	}
	out := make([]draftRow, len(list))
	for i, d := range list {
		out[i] = draftRow{Draft: d, Title: d.Test, Writer: names[d.Author], Decider: names[d.By]}
		if x, err := evaluate.Parse([]byte(d.Text)); err == nil {
			out[i].Title = x.Title
		}
	}
	return out, nil
}

// drafts lists what was proposed.
func (p *pages) drafts(r *page.Request) error {
	t, err := r.Table(&draftList)
	if err != nil {
		return err
	}
	list, err := p.Evaluate.Drafts.Drafts(r.Context(), r.Read(), "", "")
	if err != nil {
		return err
	}
	all, err := p.draftRows(r, list)
	if err != nil {
		return err
	}
	n := map[string]int{}
	var rows []draftRow
	for _, d := range all {
		if !strings.Contains(strings.ToLower(d.Test+"\n"+d.Title+"\n"+d.Note+"\n"+d.Writer), strings.ToLower(t.Query.Search)) {
			continue
		}
		n[string(d.Status)]++
		if s := t.Filter("status"); s == "" || s == string(d.Status) {
			rows = append(rows, d)
		}
	}
	t.SetCounts("status", n)
	if t.Exporting() {
		return r.Export(t, "test-proposals", []string{"Test", "Title", "State", "Version", "Written by", "When", "Note", "Decided by", "Decided", "Reason", "SHA-256"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, d := range cut(rows, q) {
				out = append(out, []any{d.Test, d.Title, string(d.Status), d.Version, d.Writer, d.At, d.Note, d.Decider, page.OrBlank(d.Decided), d.Why, d.SHA256})
			}
			return out, len(rows), nil
		})
	}
	t.Total = len(rows)
	second, err := p.Evaluate.Drafts.SecondPerson(r.Context(), r.Read())
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Tests", Href: "/tests"}, {Text: "Proposals"}}
	part := draftRowsPart(t, cut(rows, t.Query))
	return r.Render(http.StatusOK, draftsPage(r, t, second, part), page.Part(t.ID(), part))
}

// proposal is the newest draft of a test beside what is in force.
type proposal struct {
	draftRow
	Definition *evaluate.Definition
	Was        *evaluate.Definition // in force; nil for a new test
	Lines      []textdiff.Line
	Units      []evaluate.Unit
}

// draft reads the newest proposal for a test.
func (p *pages) draft(r *page.Request) (proposal, error) {
	var x proposal
	list, err := p.Evaluate.Drafts.Drafts(r.Context(), r.Read(), r.Arg("id"), "")
	if err != nil {
		return x, err
	}
	if len(list) == 0 {
		return x, errs.New(errs.NotFound, "nothing is proposed for test %s", r.Arg("id"))
	}
	rows, err := p.draftRows(r, list[:1])
	if err != nil {
		return x, err
	}
	x.draftRow = rows[0]
	if x.Definition, err = evaluate.Parse([]byte(x.Text)); err != nil {
		return x, errs.As(errs.Internal, err, "draft of test %s", x.Test)
	}
	versions, err := p.Evaluate.Store.Versions(r.Context(), r.Read(), x.Test)
	if err != nil {
		return x, err
	}
	was := ""
	for _, v := range versions { // newest first: what it would follow, or followed
		if v.Definition.Version < x.Version {
			x.Was, was = v.Definition, v.Definition.Text()
			break
		}
	}
	x.Lines = textdiff.Lines(was, x.Text)
	r.Title = "Proposal for " + x.Test
	r.Crumbs = []page.Crumb{{Text: "Tests", Href: "/tests"}, {Text: "Proposals", Href: "/tests/drafts"}, {Text: x.Test}}
	return x, nil
}

func (p *pages) draftPage(r *page.Request) error {
	x, err := p.draft(r)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, draftDetail(r, x))
}

func (p *pages) approveTestForm(r *page.Request) error {
	x, err := p.draft(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, approveTestPanel(r, page.NewForm(), x))
}

func (p *pages) withdrawTestForm(r *page.Request) error {
	x, err := p.draft(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, withdrawTestPanel(r, page.NewForm(), x))
}

func (p *pages) approveTest(r *page.Request) error {
	return p.decideTest(r, approveTestPanel, func(s access.Scope, f *page.Form, test string) (string, error) {
		_, err := p.Evaluate.ApproveTest(r.Context(), s, r.Now, test, f.Base())
		return testURL(test), err
	}, " is in force. It is evaluated with the next run.")
}

func (p *pages) withdrawTest(r *page.Request) error {
	return p.decideTest(r, withdrawTestPanel, func(s access.Scope, f *page.Form, test string) (string, error) {
		_, err := p.Evaluate.WithdrawTest(r.Context(), s, r.Now, test, f.Base(), f.Get("reason"))
		return draftURL(test), err
	}, " is withdrawn.")
}

func (p *pages) decideTest(r *page.Request, panel func(*page.Request, *page.Form, proposal) templ.Component, do func(access.Scope, *page.Form, string) (string, error), said string) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.draft(r)
	if err != nil {
		return err
	}
	to, err := do(scope, f, x.Test)
	if err == nil {
		return r.Redirect(to, "Version "+strconv.Itoa(x.Version)+" of "+x.Test+said)
	}
	return r.PanelAgain(f, err, panel(r, f, x))
}

func (p *pages) ruleForm(r *page.Request) error {
	second, err := p.Evaluate.Drafts.SecondPerson(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := page.NewForm()
	if second {
		f.Values.Set("second", "on")
	}
	return r.RenderPanel(http.StatusOK, rulePanel(r, f))
}

func (p *pages) setRule(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if err := p.Evaluate.SetSecondPerson(r.Context(), scope, r.Now, f.Checked("second")); err != nil {
		return err
	}
	said := "Tests of your own count as soon as they are written."
	fields := map[string]string{"second": "on"}
	if f.Checked("second") {
		said, fields = "A second person approves tests of your own.", map[string]string{}
	}
	return r.RedirectUndo("/tests/drafts", said, "/tests/rule", fields)
}

// testVersions is two versions of a test.
type testVersions struct {
	From, To view.VersionRow
	Lines    []textdiff.Line
	All      []view.VersionRow
	Notes    map[int]string // why, by version
}

// versionsSide reads the versions of a test and what differs between two of them.
func (p *pages) versionsSide(r *page.Request, x view.TestDetail) (testVersions, error) {
	out := testVersions{All: x.Versions, Notes: map[int]string{}}
	if len(x.Versions) == 0 {
		return out, errs.New(errs.Internal, "test %s has no version", x.ID)
	}
	out.To, out.From = x.Versions[0], x.Versions[min(1, len(x.Versions)-1)]
	for key, to := range map[string]*view.VersionRow{"from": &out.From, "to": &out.To} {
		s := r.Query(key)
		if s == "" {
			continue
		}
		found := false
		for _, v := range x.Versions {
			if strconv.Itoa(v.Version) == s {
				*to, found = v, true
			}
		}
		if !found {
			return out, errs.New(errs.NotFound, "test %s has no version %q", x.ID, clipped(s))
		}
	}
	texts := map[int]string{}
	versions, err := p.Evaluate.Store.Versions(r.Context(), r.Read(), x.ID)
	if err != nil {
		return out, err
	}
	for _, v := range versions {
		texts[v.Definition.Version] = v.Definition.Text()
	}
	out.Lines = textdiff.Lines(texts[out.From.Version], texts[out.To.Version])
	drafts, err := p.Evaluate.Drafts.Drafts(r.Context(), r.Read(), x.ID, evaluate.Approved)
	for _, d := range drafts {
		out.Notes[d.Version] = d.Note
	}
	return out, err
}

// changed counts the lines that went and came.
func changedLines(list []textdiff.Line) (gone, added int) {
	for _, l := range list {
		switch l.Op {
		case textdiff.Gone:
			gone++
		case textdiff.Added:
			added++
		}
	}
	return gone, added
}

func draftKey(s evaluate.DraftStatus) string {
	switch s {
	case evaluate.Waiting:
		return "prog"
	case evaluate.Approved:
		return "pass"
	}
	return "na"
}

// draftStory says how a proposal came about and what became of it.
func draftStory(x draftRow) string {
	s := "Written by " + x.Writer + " on " + page.TimeText(x.At)
	if x.Decided != nil {
		s += ", " + string(x.Status) + " by " + or(x.Decider, x.By) + " on " + page.TimeText(*x.Decided)
	}
	return s + "."
}

// tookText is how long a trial took.
func tookText(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return page.Span(d)
}
