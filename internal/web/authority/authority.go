// Package authority shows what allows the changes, grants and transfers that events tell of: the verdict on each, the permits
// that people recorded, and which pipeline acts for which repository.
package authority

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Authority *authority.Service
	View      *view.Reader
}

type pages struct{ Services }

const (
	place     = "/authority"
	permits   = place + "/permits"
	pipelines = place + "/pipelines"
)

func permitURL(ref string) string { return permits + "/" + url.PathEscape(ref) }

// Told is how a judgement is told elsewhere: its sign, and where more stands.
type Told struct {
	Key, Word string
	Kind      string // of the record, where the record does not say so itself
	Href      string // of the record: the permit, or the evidence in which a system told of it
	Others    string // what else happened by it
}

// Tell says how to tell a judgement.
func Tell(j authority.Judgement) Told {
	var out Told
	out.Key, out.Word = sign(j.Verdict)
	if j.Record == "" {
		return out
	}
	out.Others = place + "?" + url.Values{"q": {j.Record}}.Encode()
	resource := map[authority.RecordKind]string{authority.Infrastructure: "infrastructure_run", authority.Deployment: "deployment", authority.PullRequest: "pull_request"}[j.Kind]
	switch {
	case strings.HasPrefix(j.Record, "AU-"):
		out.Href = permitURL(j.Record)
	case resource != "":
		day := period.Of(j.At)
		out.Kind, out.Href = j.Kind.Title(), "/evidence?"+url.Values{"resource": {resource}, "from": {day.String()}, "to": {(day + 1).String()}}.Encode()
	}
	return out
}

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	form := func(pattern, title string, get, post func(*page.Request) error) []page.Route {
		return []page.Route{
			{Method: http.MethodGet, Pattern: pattern, Action: access.ManageChanges, Title: title, Nav: place, Handle: get},
			{Method: http.MethodPost, Pattern: pattern, Action: access.ManageChanges, Title: title, Nav: place, Handle: post},
		}
	}
	propose := form(permits+"/new", "Ask for a permit", p.newPermit, p.propose)
	propose[0].Command = "Ask for a permit or maintenance window"
	return slices.Concat(
		[]page.Route{
			{Method: http.MethodGet, Pattern: place, Action: access.ReadEvidence, Title: "Authorised changes", Handle: p.judgements},
			{Method: http.MethodGet, Pattern: permits, Action: access.ReadEvidence, Title: "Permits", Nav: place, Handle: p.permits},
			{Method: http.MethodGet, Pattern: pipelines, Action: access.ReadEvidence, Title: "Pipelines", Nav: place, Handle: p.pipelines},
		},
		propose,
		[]page.Route{{Method: http.MethodGet, Pattern: permits + "/{ref}", Action: access.ReadEvidence, Title: "Permit", Nav: place, Handle: p.permit}},
		form(permits+"/{ref}/approve", "Approve a permit", p.approveForm, p.approve),
		form(permits+"/{ref}/withdraw", "Withdraw a permit", p.withdrawForm, p.withdraw),
		form(pipelines+"/new", "New pipeline", p.newPipeline, p.addPipeline),
		form(pipelines+"/{id}/end", "End a pipeline", p.endForm, p.end),
	)
}

func tabs(current string) []page.Tab {
	return []page.Tab{{Title: "What happened", Href: place, Current: current == place}, {Title: "Permits", Href: permits, Current: current == permits}, {Title: "Pipelines", Href: pipelines, Current: current == pipelines}}
}

var judged = page.TableSpec{
	Columns: []page.Column{
		{Key: "at", Title: "When", Sort: true}, {Key: "actor", Title: "Who", Sort: true}, {Key: "action", Title: "Did", Sort: true},
		{Key: "verdict", Title: "Allowed", Sort: true}, {Key: "why", Title: "By what", Opt: true},
	},
	Filters: []page.Filter{
		{Key: "verdict", Title: "Allowed", Kind: page.Segments, Options: []page.Option{{Value: string(authority.Unauthorised), Label: "Not allowed", Status: "fail"}, {Value: string(authority.Unknown), Label: "Unknown", Status: "err"}, {Value: string(authority.Authorised), Label: "Allowed", Status: "pass"}}},
		{Key: "act", Title: "Act", Kind: page.Select, Options: []page.Option{{Value: string(authority.Change), Label: authority.Change.Title()}, {Value: string(authority.Grant), Label: authority.Grant.Title()}, {Value: string(authority.Transfer), Label: authority.Transfer.Title()}}},
		{Key: "kind", Title: "By what", Kind: page.Select, Options: kinds()},
		{Key: "from", Title: "From", Kind: page.Date}, {Key: "to", Title: "To", Kind: page.Date},
	},
	Search: "Find by actor, action, target or record", Sort: "-at", One: "act", Many: "acts",
}

func kinds() []page.Option {
	var out []page.Option
	for _, k := range authority.Kinds {
		out = append(out, page.Option{Value: string(k), Label: k.Title()})
	}
	return out
}

func filter(t *page.Table) authority.Filter {
	f := authority.Filter{Verdict: authority.Verdict(t.Filter("verdict")), Act: authority.Act(t.Filter("act")), Kind: authority.RecordKind(t.Filter("kind"))}
	if d, err := period.ParseDate(t.Filter("from")); err == nil {
		f.From = d.Time()
	}
	if d, err := period.ParseDate(t.Filter("to")); err == nil {
		f.To = d.Time().AddDate(0, 0, 1)
	}
	return f
}

func sign(v authority.Verdict) (key, word string) {
	switch v {
	case authority.Authorised:
		return "pass", "Allowed"
	case authority.Unauthorised:
		return "fail", "Not allowed"
	case authority.Unknown:
	}
	return "err", "Unknown"
}

func (p *pages) judgements(r *page.Request) error {
	t, err := r.Table(&judged)
	if err != nil {
		return err
	}
	f := filter(t)
	if t.Exporting() {
		head := []string{"Event", "When", "Log", "Act", "Policy", "Who", "Did", "Target", "Allowed", "Kind of record", "Record", "Why"}
		return r.Export(t, "authorised-changes", head, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Authority.Judgements(r.Context(), r.Read(), f, q)
			var out [][]any
			for _, j := range res.Rows {
				_, word := sign(j.Verdict)
				out = append(out, []any{j.Event, j.At, j.Log, j.Act.Title(), j.Policy, j.Actor, j.Action, j.Target, word, j.Kind.Title(), j.Record, j.Why})
			}
			return out, res.Total, err
		})
	}
	res, err := p.Authority.Judgements(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	g := f
	g.Verdict = ""
	n, err := p.Authority.Count(r.Context(), r.Read(), g)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for v, k := range n {
		counts[string(v)] = k
	}
	t.SetCounts("verdict", counts)
	part := judgedRows(r, t, res.Rows)
	return r.Render(http.StatusOK, judgedPage(r, t, part), page.Part(t.ID(), part))
}

var permitList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Permit", Sort: true}, {Key: "title", Title: "What is allowed", Sort: true, Wide: true}, {Key: "kind", Title: "Kind", Sort: true, Opt: true},
		{Key: "state", Title: "State", Sort: true}, {Key: "from", Title: "From", Sort: true, Num: true, Opt: true}, {Key: "to", Title: "To", Sort: true, Num: true},
	},
	Filters: []page.Filter{{Key: "state", Title: "State", Kind: page.Select, Options: []page.Option{
		{Value: string(authority.Proposed), Label: authority.Proposed.Title()}, {Value: string(authority.Approved), Label: authority.Approved.Title()}, {Value: string(authority.Withdrawn), Label: authority.Withdrawn.Title()}}}},
	Search: "Find a permit", Sort: "-ref", One: "permit", Many: "permits",
}

func (p *pages) permits(r *page.Request) error {
	t, err := r.Table(&permitList)
	if err != nil {
		return err
	}
	state := authority.PermitState(t.Filter("state"))
	if t.Exporting() {
		head := []string{"Permit", "Kind", "What is allowed", "Why", "Ticket", "Acts", "Who", "What", "Systems", "From", "To", "State", "Asked by", "Approved by", "Decided", "Withdrawn because"}
		return r.Export(t, "permits", head, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Authority.Permits(r.Context(), r.Read(), state, q)
			var out [][]any
			for _, x := range res.Rows {
				out = append(out, []any{x.Ref, x.Kind.Title(), x.Title, x.Reason, x.Ticket, acts(x.Acts), strings.Join(x.Actors, ", "), strings.Join(x.Targets, ", "), strings.Join(x.Logs, ", "), x.From, x.To, x.State.Title(), x.By, x.Approver, page.OrBlank(x.Decided), x.Why})
			}
			return out, res.Total, err
		})
	}
	res, err := p.Authority.Permits(r.Context(), r.Read(), state, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	part := permitRows(r, t, res.Rows)
	return r.Render(http.StatusOK, permitsPage(r, t, part), page.Part(t.ID(), part))
}

func acts(list []authority.Act) string {
	var out []string
	for _, a := range list {
		out = append(out, a.Title())
	}
	if len(out) == 0 {
		return "Any"
	}
	return strings.Join(out, ", ")
}

// state is the sign of a permit at an instant.
func state(p authority.Permit, now time.Time) (key, word string) {
	switch {
	case p.State == authority.Withdrawn:
		return "none", "Withdrawn"
	case !now.Before(p.To):
		return "none", "Over"
	case p.State == authority.Proposed:
		return "risk", p.State.Title()
	case now.Before(p.From):
		return "prog", "Approved, not begun"
	}
	return "pass", "Holds"
}

func (p *pages) permit(r *page.Request) error {
	x, err := p.Authority.Permit(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	names, err := p.View.Actors(r.Context(), r.Read(), x.By, x.Approver)
	if err != nil {
		return err
	}
	r.Title = x.Ref + " " + x.Title
	r.Crumbs = []page.Crumb{{Text: "Authorised changes", Href: place}, {Text: "Permits", Href: permits}, {Text: x.Ref}}
	return r.Render(http.StatusOK, permitPage(r, x, names))
}

// instant is a time as a field of type datetime-local shows it, in UTC.
const instant = "2006-01-02T15:04"

func parse(f *page.Form, field string) time.Time {
	t, err := time.Parse(instant, f.Get(field))
	if err != nil {
		f.Wrong(field, "Give day and time such as 2026-12-31T09:30, in UTC.")
	}
	return t
}

func (p *pages) newPermit(r *page.Request) error {
	from := r.Now.UTC().Truncate(time.Hour).Add(time.Hour)
	f := page.NewForm("kind", string(authority.Approval), "from", from.Format(instant), "to", from.Add(4*time.Hour).Format(instant), "actors", r.Query("actor"), "targets", r.Query("target"))
	return r.RenderPanel(f.Status(), permitPanel(r, f))
}

func (p *pages) propose(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	t := authority.PermitText{Kind: authority.RecordKind(f.Get("kind")), Title: f.Get("title"), Reason: f.Raw("reason"), Ticket: f.Get("ticket"), Actors: lines(f, "actors"), Targets: lines(f, "targets"), Logs: lines(f, "logs"), From: parse(f, "from"), To: parse(f, "to")}
	for _, a := range f.Values["acts"] {
		t.Acts = append(t.Acts, authority.Act(a))
	}
	if !f.OK() {
		return r.RenderPanel(f.Status(), permitPanel(r, f))
	}
	x, err := p.Authority.Propose(r.Context(), scope, r.Now, t)
	if err != nil {
		return r.PanelAgain(f, err, permitPanel(r, f))
	}
	return r.Redirect(permitURL(x.Ref), x.Ref+" is recorded. Somebody else approves it.")
}

func lines(f *page.Form, field string) []string {
	return slices.Collect(strings.Lines(f.Raw(field)))
}

// ask shows a panel about a permit.
func (p *pages) ask(r *page.Request, draw func(r *page.Request, f *page.Form, x authority.Permit) templ.Component) error {
	x, err := p.Authority.Permit(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm()
	return r.RenderPanel(f.Status(), draw(r, f, x))
}

// decided does what a panel about a permit asked for.
func (p *pages) decided(r *page.Request, said string, draw func(r *page.Request, f *page.Form, x authority.Permit) templ.Component, do func(scope access.Scope, f *page.Form, x authority.Permit) error) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Authority.Permit(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	if err := do(scope, f, x); err != nil {
		return r.PanelAgain(f, err, draw(r, f, x))
	}
	return r.Redirect(permitURL(x.Ref), x.Ref+" "+said)
}

func (p *pages) approveForm(r *page.Request) error { return p.ask(r, approvePanel) }

func (p *pages) approve(r *page.Request) error {
	return p.decided(r, "is approved.", approvePanel, func(scope access.Scope, f *page.Form, x authority.Permit) error {
		_, err := p.Authority.Approve(r.Context(), scope, r.Now, x.Ref, f.Base())
		return err
	})
}

func (p *pages) withdrawForm(r *page.Request) error { return p.ask(r, withdrawPanel) }

func (p *pages) withdraw(r *page.Request) error {
	return p.decided(r, "is withdrawn.", withdrawPanel, func(scope access.Scope, f *page.Form, x authority.Permit) error {
		_, err := p.Authority.Withdraw(r.Context(), scope, r.Now, x.Ref, f.Base(), f.Raw("why"))
		return err
	})
}

func (p *pages) pipelines(r *page.Request) error {
	all, err := p.Authority.Pipelines(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, pipelinesPage(r, all))
}

func (p *pages) newPipeline(r *page.Request) error {
	f := page.NewForm("minutes", strconv.Itoa(authority.DefaultMinutes))
	return r.RenderPanel(f.Status(), pipelinePanel(r, f))
}

func (p *pages) addPipeline(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	minutes, err := strconv.Atoi(f.Get("minutes"))
	if err != nil || minutes < 1 {
		f.Wrong("minutes", "Give a whole number of minutes.")
		return r.RenderPanel(f.Status(), pipelinePanel(r, f))
	}
	x, err := p.Authority.AddPipeline(r.Context(), scope, r.Now, authority.Pipeline{Identity: f.Get("identity"), Project: f.Get("project"), Minutes: minutes})
	if err != nil {
		return r.PanelAgain(f, err, pipelinePanel(r, f))
	}
	return r.Redirect(pipelines, x.Identity+" acts for "+x.Project+" from now on.")
}

// pipeline is the one an address names.
func (p *pages) pipeline(r *page.Request) (authority.Pipeline, error) {
	all, err := p.Authority.Pipelines(r.Context(), r.Read())
	if err != nil {
		return authority.Pipeline{}, err
	}
	i := slices.IndexFunc(all, func(x authority.Pipeline) bool { return x.ID == r.Arg("id") })
	if i < 0 {
		return authority.Pipeline{}, errs.New(errs.NotFound, "no pipeline %s", r.Arg("id"))
	}
	return all[i], nil
}

func (p *pages) endForm(r *page.Request) error {
	x, err := p.pipeline(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	return r.RenderPanel(f.Status(), endPanel(r, f, x))
}

func (p *pages) end(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.pipeline(r)
	if err != nil {
		return err
	}
	if err := p.Authority.EndPipeline(r.Context(), scope, r.Now, x.ID); err != nil {
		return r.PanelAgain(f, err, endPanel(r, f, x))
	}
	return r.Redirect(pipelines, x.Identity+" does not act for "+x.Project+" any more.")
}

func ticked(f *page.Form, act string) bool { return slices.Contains(f.Values["acts"], act) }
