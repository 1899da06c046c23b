package requests

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/web/page"
)

// segments are the choices of the filter of states, and the states they stand for.
var segments = []struct {
	value, label, key string
	states            []request.State
}{
	{"todo", "To answer", "prog", []request.State{request.Open, request.Rejected}},
	{"overdue", "Overdue", "fail", nil},
	{"provided", "Provided", "exm", []request.State{request.Provided}},
	{"rejected", "Rejected", "fail", []request.State{request.Rejected}},
	{"accepted", "Accepted", "pass", []request.State{request.Accepted}},
	{"withdrawn", "Withdrawn", "na", []request.State{request.Withdrawn}},
}

func listSpec(audit bool, bulk []page.BulkAction) *page.TableSpec {
	s := &page.TableSpec{
		Columns: []page.Column{
			{Key: "ref", Title: "Request", Sort: true}, {Key: "title", Title: "What is asked", Sort: true, Wide: true}, {Key: "kind", Title: "Type", Sort: true, Opt: true},
			{Key: "control", Title: "Control", Sort: true, Opt: true}, {Key: "owner", Title: "Owner", Sort: true, Opt: true}, {Key: "pieces", Title: "Given", Num: true, Opt: true},
			{Key: "state", Title: "State", Sort: true}, {Key: "due", Title: "Due", Sort: true, Num: true},
		},
		Filters: []page.Filter{
			{Key: "state", Title: "State", Kind: page.Segments},
			{Key: "kind", Title: "Type", Kind: page.Select, Options: kindOptions()},
			{Key: "owner", Title: "Owner", Kind: page.Select, Open: true},
		},
		Search: "Find by words, control or criterion", One: "request", Many: "requests", Bulk: bulk,
	}
	for _, x := range segments {
		s.Filters[0].Options = append(s.Filters[0].Options, page.Option{Value: x.value, Label: x.label, Status: x.key})
	}
	if audit {
		s.Filters[0].Options[0].Label = "With the client"
	}
	return s
}

// summary is the list in figures.
type summary struct {
	Counts  request.Counts
	Overdue int
	Drafts  int
}

func (x summary) segments() map[string]int {
	return map[string]int{
		"todo": x.Counts.Waiting(), "overdue": x.Overdue, "provided": x.Counts[request.Provided], "rejected": x.Counts[request.Rejected], "accepted": x.Counts[request.Accepted],
		"withdrawn": x.Counts[request.Withdrawn],
	}
}

// shares are the requests by state, for the bar.
func (x summary) shares() []page.Share {
	var out []page.Share
	for _, s := range []request.State{request.Accepted, request.Provided, request.Open, request.Rejected, request.Withdrawn} {
		out = append(out, page.Share{Status: stateKey(s), Count: x.Counts[s]})
	}
	return out
}

// table reads a page of the list, or exports it.
func (p *pages) table(r *page.Request, s seat, spec *page.TableSpec) (*page.Table, templ.Component, summary, error) {
	var x summary
	t, err := r.Table(spec)
	if err != nil {
		return nil, nil, x, err
	}
	f := request.Filter{Engagement: s.ex.ID, Kind: request.Kind(t.Filter("kind"))}
	for _, g := range segments {
		if g.value == t.Filter("state") {
			f.States = g.states
		}
	}
	if t.Filter("state") == "overdue" {
		f.Overdue = period.Of(r.Now)
	}
	if o := t.Filter("owner"); o == "none" {
		f.Unowned = true
	} else {
		f.Owner = access.UserID(o)
	}
	if t.Exporting() {
		return t, nil, x, p.export(r, s, t, f)
	}
	res, err := p.Requests.List(r.Context(), s.read, f, t.Query)
	if err != nil {
		return nil, nil, x, err
	}
	t.Total = res.Total
	if x, err = p.summary(r, s); err != nil {
		return nil, nil, x, err
	}
	t.SetCounts("state", x.segments())
	people, err := p.people(r, s)
	if err != nil {
		return nil, nil, x, err
	}
	people[0] = page.Option{Value: "none", Label: "Nobody yet"}
	t.SetOptions("owner", people)
	return t, rows(r, t, s, res.Rows, noRequests(s)), x, nil
}

func (p *pages) summary(r *page.Request, s seat) (x summary, err error) {
	if x.Counts, err = p.Requests.Counts(r.Context(), s.read, s.ex.ID); err != nil {
		return x, err
	}
	if x.Overdue, err = p.Requests.Overdue(r.Context(), s.read, r.Now, s.ex.ID); err != nil || s.audit == nil {
		return x, err
	}
	drafts, err := p.Requests.Drafts(r.Context(), *s.audit, request.Filter{}, paging.Query{Size: 1})
	x.Drafts = drafts.Total
	return x, err
}

// export writes the list in the columns that an import reads.
func (p *pages) export(r *page.Request, s seat, t *page.Table, f request.Filter) error {
	mail := map[access.UserID]string{}
	members, err := p.Requests.Answerers(r.Context(), s.read)
	if err != nil {
		return err
	}
	for _, m := range members {
		mail[m.ID] = m.Email
	}
	given, err := p.Requests.GivenTo(r.Context(), s.read, s.ex.ID)
	if err != nil {
		return err
	}
	return r.Export(t, "requests-"+strings.ToLower(s.ex.Ref), request.Columns(), func(q paging.Query) ([][]any, int, error) {
		res, err := p.Requests.List(r.Context(), s.read, f, q)
		out := make([][]any, len(res.Rows))
		for i, x := range res.Rows {
			out[i] = request.Cells(x, mail[x.Owner], strings.Join(given[x.Ref], ", "))
		}
		return out, res.Total, err
	})
}

func (p *pages) clientList(r *page.Request) error {
	s, err := p.client(r)
	if err != nil {
		return err
	}
	var bulk []page.BulkAction
	if r.Can(access.AnswerRequests) && s.ex.Closed == "" {
		bulk = []page.BulkAction{{Label: "Give to somebody", Action: s.base + "/bulk/owner"}}
	}
	t, rows, x, err := p.table(r, s, listSpec(false, bulk))
	if err != nil || t.Exporting() {
		return err
	}
	r.Title = "Requests of " + s.ex.Ref
	return r.Render(http.StatusOK, listPage(r, t, s, x, rows), page.Part(t.ID(), rows))
}

func (p *pages) auditList(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	var bulk []page.BulkAction
	if r.Can(access.Examine) && s.ex.Closed == "" {
		at := s.base + "/bulk/do/"
		bulk = []page.BulkAction{{Label: "Accept", Action: at + "accept"}, {Label: "Due", Action: at + "due"}, {Label: "Owner", Action: at + "owner"}, {Label: "Withdraw", Action: at + "withdraw", Danger: true}}
	}
	t, rows, x, err := p.table(r, s, listSpec(true, bulk))
	if err != nil || t.Exporting() {
		return err
	}
	r.Title = "Requests"
	return r.Render(http.StatusOK, listPage(r, t, s, x, rows), page.Part(t.ID(), rows))
}

var draftSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Draft", Sort: true}, {Key: "title", Title: "What is asked", Sort: true, Wide: true}, {Key: "kind", Title: "Type", Sort: true, Opt: true},
		{Key: "control", Title: "Control", Sort: true, Opt: true}, {Key: "owner", Title: "Owner", Sort: true, Opt: true}, {Key: "due", Title: "Due", Sort: true, Num: true},
	},
	Filters: []page.Filter{{Key: "kind", Title: "Type", Kind: page.Select, Options: kindOptions()}},
	Search:  "Find by words or control", One: "draft", Many: "drafts",
}

func (p *pages) draftList(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	spec := draftSpec
	if r.Can(access.Examine) && s.ex.Closed == "" {
		spec.Bulk = []page.BulkAction{
			{Label: "Ask the client", Action: s.drafts() + "/bulk/issue", Confirm: "The client sees them from then on, and is reminded of them when they are due."},
			{Label: "Drop", Action: s.drafts() + "/bulk/drop", Confirm: "The drafts are removed. The firm's trail keeps that there were some.", Danger: true},
		}
	}
	t, err := r.Table(&spec)
	if err != nil {
		return err
	}
	f := request.Filter{Kind: request.Kind(t.Filter("kind"))}
	if t.Exporting() {
		return r.Export(t, "draft-requests", request.Columns(), func(q paging.Query) ([][]any, int, error) {
			res, err := p.Requests.Drafts(r.Context(), *s.audit, f, q)
			out := make([][]any, len(res.Rows))
			for i, x := range res.Rows {
				out[i] = request.Cells(x, "", "")
			}
			return out, res.Total, err
		})
	}
	res, err := p.Requests.Drafts(r.Context(), *s.audit, f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	r.Title = "Draft requests"
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Drafts"})
	list := draftRows(t, s, res.Rows)
	return r.Render(http.StatusOK, draftsPage(r, t, s, list), page.Part(t.ID(), list))
}

func rows(r *page.Request, t *page.Table, s seat, all []request.Request, nothing templ.Component) templ.Component {
	return rowsOf(r, t, s, all, nothing)
}

func noRequests(s seat) templ.Component { return nothingAsked(s) }

func draftsWord(n int) string {
	if n == 0 {
		return "Drafts"
	}
	return page.Plural(n, "draft", "drafts")
}

func lateKey(n int) string {
	if n > 0 {
		return "fail"
	}
	return ""
}

func sentence(x summary) string {
	c := x.Counts
	return strings.Join([]string{
		"Accepted " + page.Count(c[request.Accepted]), "provided " + page.Count(c[request.Provided]), "open " + page.Count(c[request.Open]),
		"rejected " + page.Count(c[request.Rejected]), "withdrawn " + page.Count(c[request.Withdrawn]),
	}, ", ")
}
