package issuing

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

const (
	nav    = "/engagements"
	client = "/engagements/{ref}/report"
)

func (p *pages) clientRoutes() []page.Route {
	return slices.Concat([]page.Route{
		{Method: http.MethodGet, Pattern: client, Action: access.ReadEngagement, Title: "Report", Nav: nav, Handle: p.report},
		{Method: http.MethodGet, Pattern: client + "/versions/{n}/{format}", Action: access.ReadEngagement, Title: "Issued report", Nav: nav, Handle: p.clientFile},
	}, two(client+"/answers/{test}", "Answer to deviations", access.AnswerRequests, p.answerForm, p.answer))
}

// open reads the engagement that the address names, and gives the page its title and way back.
func (p *pages) open(r *page.Request) (engagement.Engagement, error) {
	e, err := p.Engagement.Store.Engagement(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return e, err
	}
	r.Title = e.Ref + " " + r.Title
	r.Crumbs = []page.Crumb{{Text: "Engagements", Href: "/engagements"}, {Text: e.Ref, Href: page.EngagementPath(e.Ref)}}
	return e, nil
}

var criteriaSpec = page.TableSpec{
	Columns: []page.Column{{Key: "id", Title: "Criterion"}, {Key: "title", Title: "Topic", Wide: true}, {Key: "status", Title: "Working status"}, {Key: "why", Title: "Why", Opt: true}},
	Filters: []page.Filter{{Key: "status", Title: "Status", Kind: page.Segments, Options: statusOptions()}},
	Search:  "Find a criterion", One: "criterion", Many: "criteria", Size: 200,
}

func statusOptions() []page.Option {
	var out []page.Option
	for _, s := range []string{"met", "met_with_deviations", "at_risk", "not_met", "not_evaluated"} {
		x := standingSign(s)
		out = append(out, page.Option{Value: s, Label: x.Word, Status: x.Key})
	}
	return out
}

// answering is a test of one's own that found deviations, with management's answer.
type answering struct {
	Test, Title string
	Deviations  int
	Answer      issue.Response
}

// reporting is everything about the report of an engagement.
type reporting struct {
	E        engagement.Engagement
	Versions []issue.Version
	Drafts   []view.DossierRow
	Handed   []issue.HandOver
	Answers  []answering
	Names    map[string]string
	Age      issue.Age
	Closed   bool
}

func (p *pages) report(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	t, err := r.Table(&criteriaSpec)
	if err != nil {
		return err
	}
	x := reporting{E: e, Closed: e.Status.Reached(engagement.Issued) || e.Status == engagement.Cancelled}
	if x.Handed, err = p.Issue.HandOvers(r.Context(), r.Read(), e.ID); err != nil {
		return err
	}
	var all []issue.Standing
	if len(x.Handed) > 0 {
		all = x.Handed[0].Body.Standings
	}
	counts := map[string]int{}
	for _, s := range all {
		counts[s.Status]++
	}
	t.SetCounts("status", counts)
	status, words := t.Filter("status"), strings.ToLower(t.Query.Search)
	rows := slices.DeleteFunc(slices.Clone(all), func(s issue.Standing) bool {
		return status != "" && s.Status != status || words != "" && !strings.Contains(strings.ToLower(s.ID+" "+s.Title), words)
	})
	cut := func(q paging.Query) []issue.Standing {
		q = q.Norm()
		from := min(q.Offset(), len(rows))
		return rows[from:min(from+q.Size, len(rows))]
	}
	if t.Exporting() {
		return r.Export(t, e.Ref+"-criteria", []string{"criterion", "topic", "working_status", "why"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, s := range cut(q) {
				out = append(out, []any{s.ID, s.Title, standingSign(s.Status).Word, s.Why})
			}
			return out, len(rows), nil
		})
	}
	t.Total = len(rows)
	list := criteriaRows(t, cut(t.Query))
	if r.Target() == t.ID() {
		return r.Render(http.StatusOK, list, page.Part(t.ID(), list))
	}
	if err := p.around(r, &x); err != nil {
		return err
	}
	return r.Render(http.StatusOK, reportPage(r, t, x, list), page.Part(t.ID(), list))
}

// around reads what the page shows besides the criteria.
func (p *pages) around(r *page.Request, x *reporting) (err error) {
	ctx, scope, e := r.Context(), r.Read(), x.E
	if x.Versions, err = p.Issue.Versions(ctx, scope, e.ID); err != nil {
		return err
	}
	if x.Drafts, err = p.View.Dossiers(ctx, scope, string(e.ID)); err != nil {
		return err
	}
	if x.Names, err = p.names(r, scope, e.ID); err != nil {
		return err
	}
	terms, err := p.Issue.TermsOf(ctx, scope)
	if err != nil {
		return err
	}
	x.Age = issue.AgeOf(e.Period, period.Of(r.Now), terms.Months)
	x.Answers, err = p.answering(r, e, x.Drafts)
	return err
}

// answering lists the tests whose deviations the newest dossier holds.
func (p *pages) answering(r *page.Request, e engagement.Engagement, drafts []view.DossierRow) ([]answering, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	d, _, err := p.Engagement.Dossier(r.Context(), r.Read(), engagement.Frozen{Engagement: e.ID, Number: drafts[0].Number, SHA256: drafts[0].SHA256})
	if err != nil {
		return nil, err
	}
	said, err := p.Issue.ResponsesOf(r.Context(), r.Read(), e.ID)
	if err != nil {
		return nil, err
	}
	var out []answering
	for _, t := range d.Tests {
		if len(t.Deviations) == 0 {
			continue
		}
		a := answering{Test: t.ID, Title: t.Title, Deviations: len(t.Deviations)}
		for _, s := range said {
			if s.Test == t.ID {
				a.Answer = s
			}
		}
		out = append(out, a)
	}
	return out, nil
}

// answerOf finds the test of the address among those with deviations.
func (p *pages) answerOf(r *page.Request, e engagement.Engagement) (answering, error) {
	drafts, err := p.View.Dossiers(r.Context(), r.Read(), string(e.ID))
	if err != nil {
		return answering{}, err
	}
	all, err := p.answering(r, e, drafts)
	if err != nil {
		return answering{}, err
	}
	i := slices.IndexFunc(all, func(a answering) bool { return a.Test == r.Arg("test") })
	if i < 0 {
		return answering{}, errs.New(errs.NotFound, "no dossier of %s holds a deviation of %s", e.Ref, r.Arg("test"))
	}
	return all[i], nil
}

func answered(x issue.Response) map[string]string {
	out := map[string]string{"cause": x.Cause, "effect": x.Effect, "action": x.Action, "due": ""}
	if x.Due != 0 {
		out["due"] = x.Due.String()
	}
	return out
}

func (p *pages) answerForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	a, err := p.answerOf(r, e)
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, v := range answered(a.Answer) {
		f.Values.Set(k, v)
	}
	return r.RenderPanel(http.StatusOK, answerPanel(r, f, e, a))
}

func (p *pages) answer(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	a, err := p.answerOf(r, e)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x := engagement.Response{Test: a.Test, Cause: f.Raw("cause"), Effect: f.Raw("effect"), Action: f.Raw("action")}
	if v := f.Get("due"); v != "" {
		if x.Due, err = period.ParseDate(v); err != nil {
			f.Wrong("due", "Write a day such as 2026-09-30.")
		}
	}
	if f.OK() {
		_, err := p.Issue.Respond(r.Context(), scope, r.Now, e.Ref, f.Base(), x)
		if err == nil {
			return r.Redirect(page.EngagementPath(e.Ref, "report"), "Your answer is kept. The next dossier takes it.")
		}
		var stale *issue.StaleResponse
		if errors.As(err, &stale) {
			f.Stale(stale.Theirs.Version, answered(stale.Theirs))
		} else if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), answerPanel(r, f, e, a))
}

func (p *pages) clientFile(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	return p.attach(r, r.Read(), e.ID)
}

func answerPath(ref, test string) string {
	return page.EngagementPath(ref, "report", "answers") + "/" + url.PathEscape(test)
}
