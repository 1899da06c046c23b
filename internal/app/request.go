package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/request/requestsql"
	"github.com/tickmark/tickmark/internal/work"
)

func (a *App) wireRequests() {
	store := &requestsql.Store{DB: a.DB}
	a.Requests = &request.Service{
		Store: store, Notes: store, Engagements: aroundRequests{a}, Controls: a.Controls.Store, Catalog: a.Catalog, People: a.Access, Shelf: a.Evidence.Store, Policies: a.Policies,
		Results: aroundRequests{a}, Tx: a.DB, Ledger: a.Ledger.Store,
	}
	a.Engagement.Checks[engagement.GateRequests] = a.requestsAccepted
}

// requestsAccepted: something was asked, and all of it is accepted or withdrawn.
func (a *App) requestsAccepted(ctx context.Context, scope access.ReadScope, _ time.Time, e engagement.Engagement) (bool, string, error) {
	c, err := a.Requests.Counts(ctx, scope, string(e.ID))
	if err != nil {
		return false, "", err
	}
	if c.Total() == 0 {
		return false, "Nothing was asked yet", nil
	}
	says := fmt.Sprintf("%d of %d accepted, %d with the client, %d with the auditor", c[request.Accepted], c.Total()-c[request.Withdrawn], c.Waiting(), c[request.Provided])
	return c.Waiting() == 0 && c[request.Provided] == 0, says, nil
}

// aroundRequests is what requests need from later rooms.
type aroundRequests struct{ *App }

// over are the states of an engagement in which nothing is asked or answered any more.
var over = map[engagement.State]string{engagement.Issued: "was issued", engagement.Maintained: "was issued", engagement.Cancelled: "was cancelled"}

// Examination implements request.Engagements.
func (a aroundRequests) Examination(ctx context.Context, s access.ReadScope, idOrRef string) (request.Examination, error) {
	e, err := a.Engagement.Store.Engagement(ctx, s, idOrRef)
	if err != nil {
		return request.Examination{}, err
	}
	x := request.Examination{ID: string(e.ID), Ref: e.Ref, Title: e.Title, Period: e.Period, Closed: over[e.Status]}
	all, err := a.Engagement.Store.Dossiers(ctx, s, e.ID)
	if i := slices.IndexFunc(all, func(f engagement.Frozen) bool { return !f.At.Before(e.Period.To.Time()) }); err == nil && i >= 0 {
		x.Frozen, x.Dossier = &all[i].At, all[i].Number
	}
	return x, err
}

// Tested implements request.Results: the newest run of each test of a control about a period.
func (a aroundRequests) Tested(ctx context.Context, s access.ReadScope, control string, p period.Period) ([]request.Tested, error) {
	tests, err := a.Evaluate.Store.Installed(ctx, s)
	if err != nil {
		return nil, err
	}
	titles := map[string]string{}
	for _, t := range tests {
		if slices.Contains(t.Definition.Controls, control) {
			titles[t.Definition.ID] = t.Definition.Title
		}
	}
	if len(titles) == 0 {
		return nil, nil
	}
	last, err := a.Evaluate.Store.Last(ctx, s)
	if err != nil {
		return nil, err
	}
	var out []request.Tested
	for id, title := range titles {
		r, ok := last[id]
		if ok && !p.Contains(r.AsOf) {
			r, ok, err = a.runIn(ctx, s, id, p)
			if err != nil {
				return nil, err
			}
		}
		if ok && r.Evaluated() {
			out = append(out, testedBy(r, title))
		}
	}
	slices.SortFunc(out, func(a, b request.Tested) int { return strings.Compare(a.Test, b.Test) })
	return out, nil
}

// runIn is the newest run of a test in a period, among its newest.
func (a aroundRequests) runIn(ctx context.Context, s access.ReadScope, test string, p period.Period) (evaluate.Run, bool, error) {
	res, err := a.Evaluate.Store.Runs(ctx, s, test, paging.Query{Size: paging.MaxSize})
	for _, r := range res.Rows {
		if p.Contains(r.AsOf) && r.Evaluated() {
			return r, true, err
		}
	}
	return evaluate.Run{}, false, err
}

func testedBy(r evaluate.Run, title string) request.Tested {
	t := request.Tested{Run: string(r.ID), Test: r.Test, Title: title, AsOf: r.AsOf, From: r.From, To: r.To, Population: r.Population, SHA256: r.ResultsSHA256}
	var words []string
	for _, o := range []evaluate.Outcome{evaluate.Pass, evaluate.Fail, evaluate.Unknown, evaluate.NotApplicable} {
		if n := r.Counts[o]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, strings.ReplaceAll(string(o), "_", " ")))
		}
	}
	if t.Words = strings.Join(words, ", "); t.Words == "" {
		t.Words = "no occurrence"
	}
	for _, in := range r.Inputs {
		t.Inputs = append(t.Inputs, in.Ref)
	}
	return t
}

// Run implements request.Results.
func (a aroundRequests) Run(ctx context.Context, s access.ReadScope, id string) (request.Tested, error) {
	r, err := a.Evaluate.Store.Run(ctx, s, evaluate.RunID(id))
	if err != nil {
		return request.Tested{}, err
	}
	if !r.Evaluated() {
		return request.Tested{}, errs.New(errs.NotFound, "the run %s gave no verdicts", id)
	}
	return testedBy(r, r.Test), nil
}

// requestDuties are the auditor's requests that wait for the reader.
func (a *App) requestDuties(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error) {
	if !s.Can(access.AnswerRequests) {
		return nil, nil
	}
	list, err := a.Requests.List(ctx, s, request.Filter{Owner: s.User(), States: []request.State{request.Open, request.Rejected}}, paging.Query{Size: paging.MaxSize, Sort: "due"})
	if err != nil {
		return nil, err
	}
	ref, err := a.engagementRefs(ctx, s, len(list.Rows) > 0)
	var out []work.Duty
	for _, r := range list.Rows {
		hint := r.Kind.Title() + " · " + ref[r.Engagement]
		if r.State == request.Rejected {
			hint = "Rejected: " + r.Reason
		}
		out = append(out, work.Duty{Kind: work.DutyRequest, Ref: r.Ref, Title: "Answer " + r.Ref + ": " + r.Title, Hint: hint, Link: requestLink(ref, r), Due: r.Due})
	}
	return out, err
}

// engagementRefs maps engagements to their references, if somebody wants to know.
func (a *App) engagementRefs(ctx context.Context, s access.ReadScope, wanted bool) (map[string]string, error) {
	out := map[string]string{}
	if !wanted {
		return out, nil
	}
	all, err := a.Engagement.Store.Engagements(ctx, s)
	for _, e := range all {
		out[string(e.ID)] = e.Ref
	}
	return out, err
}

func requestLink(ref map[string]string, r request.Request) string {
	return "/engagements/" + ref[r.Engagement] + "/requests/" + r.Ref
}

// requestReminders reminds owners of requests a week before their day, on it, and a week after.
func (a *App) requestReminders(ctx context.Context, s access.ReadScope, now time.Time) ([]notify.Message, error) {
	list, err := a.Requests.Store.Requests(ctx, s, request.Filter{States: []request.State{request.Open, request.Rejected}, DueBy: period.Of(now) + 8}, paging.Query{Size: dueAtOnce, Sort: "due"})
	if err != nil {
		return nil, err
	}
	ref, err := a.engagementRefs(ctx, s, len(list.Rows) > 0)
	var out []notify.Message
	for _, r := range list.Rows {
		stage, ok := notify.Stage(r.Due.Time(), now)
		if !ok {
			continue
		}
		out = append(out, notify.Message{
			Key: notify.ReminderKey(notify.RequestDue, string(r.ID), r.Due.Time(), stage), Event: notify.RequestDue, Person: r.Owner, Link: requestLink(ref, r),
			Subject: "The auditor's request " + r.Ref + " of " + ref[r.Engagement] + " " + stageWords(stage, r.Due.Time()), Text: r.Title,
		})
	}
	return out, err
}
