package authoritysql_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/authority/authoritysql"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

func change(n int, at time.Time) event.Event {
	return event.Event{ID: fmt.Sprintf("ev_%03d", n), Log: "aws.cloudtrail", At: at, Class: event.APIActivity, Action: "ec2:StopInstances", Weight: event.WeightWrite, Effect: event.Changes, Status: event.Success,
		Actor: event.Actor{ID: "arn:ada", Name: "ada"}, Targets: []event.Target{{Kind: "instance", ID: fmt.Sprintf("i-%d", n)}}, Raw: []byte("{}")}
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		w := accesstest.New(t, db)
		store := &authoritysql.Store{DB: db}
		s := &authority.Service{Store: store, Lines: store, Tx: db, Ledger: w.Ledger}
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		refused := func(err error, kind errs.Kind, says string) {
			t.Helper()
			if !errs.Is(err, kind) || !strings.Contains(err.Error(), says) {
				t.Errorf("%v, want %v: %s", err, kind, says)
			}
		}
		employee, lead, bot := w.Member(t, "ed@northwind.example", access.Employee), w.Member(t, "lea@northwind.example", access.ComplianceLead), w.Access.System(w.Org.ID, "detect")
		text := authority.PermitText{Kind: authority.Window, Title: "Patch night", Reason: "Kernel updates", Targets: []string{"i-1"}, From: now, To: now.Add(2 * time.Hour)}
		for field, bad := range map[string]func(*authority.PermitText){
			"kind": func(p *authority.PermitText) { p.Kind = authority.Deployment }, "title": func(p *authority.PermitText) { p.Title = " " },
			"reason": func(p *authority.PermitText) { p.Reason = "" }, "from": func(p *authority.PermitText) { p.From = time.Time{} },
			"to": func(p *authority.PermitText) { p.To = p.From }, "actors": func(p *authority.PermitText) { p.Targets = nil },
			"targets": func(p *authority.PermitText) { p.Targets = []string{"i-1", "**"} }, "acts": func(p *authority.PermitText) { p.Acts = []authority.Act{"fly"} },
		} {
			p := text
			bad(&p)
			_, err := s.Propose(ctx, w.Owner, now, p)
			if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		_, err := s.Propose(ctx, employee, now, text)
		refused(err, errs.Denied, "")
		p, err := s.Propose(ctx, w.Owner, now, text)
		ok(err)
		if p.Ref != "AU-1" || p.State != authority.Proposed {
			t.Errorf("%+v", p)
		}
		_, err = s.Approve(ctx, w.Owner, now, p.Ref, 1)
		refused(err, errs.Denied, "yourself")

		// While it waits, it allows nothing; nothing is known of deployments, but it is known that this one lacks approval.
		got, err := s.Judge(ctx, bot, now, []event.Event{change(1, now.Add(time.Minute)), change(2, now.Add(time.Minute))})
		ok(err)
		if len(got) != 2 || got[0].Verdict != authority.Unauthorised || !strings.Contains(got[0].Why, "AU-1: it waits") || got[1].Verdict != authority.Unknown {
			t.Fatalf("%+v", got)
		}
		_, err = s.Approve(ctx, lead, now.Add(10*time.Minute), p.Ref, 7)
		refused(err, errs.Conflict, "meanwhile")
		_, err = s.Approve(ctx, lead, now.Add(10*time.Minute), p.Ref, 1)
		ok(err)
		_, err = s.Approve(ctx, lead, now.Add(11*time.Minute), p.Ref, 0)
		refused(err, errs.Conflict, "approved")

		// What is allowed after the fact is not; a verdict stands; from the approval on it is allowed.
		e := change(1, now.Add(20*time.Minute))
		e.ID = "ev_100"
		got, err = s.Judge(ctx, bot, now.Add(time.Hour), []event.Event{e, change(1, now.Add(time.Minute))})
		ok(err)
		if len(got) != 1 || got[0].Verdict != authority.Authorised || got[0].Record != "AU-1" {
			t.Fatalf("%+v", got)
		}

		// Records come later: what was unknown is judged again, once.
		s.Records = told{now}
		_, err = s.AddPipeline(ctx, w.Owner, now.Add(-time.Hour), authority.Pipeline{Identity: "ada", Project: "*", Minutes: 2000})
		if errs.FieldOf(err) != "minutes" {
			t.Error(err)
		}
		pipe, err := s.AddPipeline(ctx, w.Owner, now.Add(-time.Hour), authority.Pipeline{Identity: "arn:ada", Project: "pay*"})
		ok(err)
		again, err := s.Again(ctx, bot, now.Add(2*time.Hour))
		ok(err)
		if len(again) != 1 || again[0].Event != "ev_002" || again[0].Verdict != authority.Authorised || again[0].Record != "payments#7" {
			t.Fatalf("%+v", again)
		}
		if again, err = s.Again(ctx, bot, now.Add(3*time.Hour)); err != nil || len(again) != 0 {
			t.Errorf("%+v %v", again, err)
		}
		ok(s.EndPipeline(ctx, w.Owner, now.Add(2*time.Hour), pipe.ID))
		refused(s.EndPipeline(ctx, w.Owner, now.Add(2*time.Hour), pipe.ID), errs.NotFound, "that acts now")
		if all, err := s.Pipelines(ctx, w.Owner.ReadScope); err != nil || len(all) != 1 || all[0].Until == nil {
			t.Errorf("%+v %v", all, err)
		}
		n, err := s.Count(ctx, w.Owner.ReadScope, authority.Filter{})
		ok(err)
		if n[authority.Authorised] != 2 || n[authority.Unauthorised] != 1 || n[authority.Unknown] != 0 {
			t.Errorf("%v", n)
		}
		list, err := s.Judgements(ctx, w.Owner.ReadScope, authority.Filter{Verdict: authority.Authorised}, paging.Query{Sort: "at", Search: "I-1"})
		ok(err)
		if list.Total != 1 || list.Rows[0].Event != "ev_100" {
			t.Errorf("%+v", list)
		}

		_, err = s.Withdraw(ctx, lead, now, p.Ref, 0, " ")
		refused(err, errs.Invalid, "why")
		_, err = s.Withdraw(ctx, lead, now.Add(time.Hour), p.Ref, 2, "The work was put off.")
		ok(err)
		e.ID, s.Records = "ev_101", nil
		if got, err = s.Judge(ctx, bot, now.Add(time.Hour), []event.Event{e}); err != nil || got[0].Verdict != authority.Unauthorised {
			t.Errorf("%+v %v", got, err)
		}
		all, err := s.Permits(ctx, w.Owner.ReadScope, "", paging.Query{Search: "patch"})
		ok(err)
		if all.Total != 1 || all.Rows[0].Why == "" {
			t.Errorf("%+v", all)
		}
		_, err = s.Permit(ctx, w.OtherOwner.ReadScope, p.Ref)
		refused(err, errs.NotFound, "AU-1")
		if other, err := s.Judgements(ctx, w.OtherOwner.ReadScope, authority.Filter{}, paging.Query{}); err != nil || other.Total != 0 {
			t.Errorf("another organisation sees %+v, %v", other, err)
		}
	})
}

// told is a connected system that knows one deployment.
type told struct{ at time.Time }

func (x told) Records(_ context.Context, _ access.ReadScope, from, to time.Time) (authority.Found, error) {
	if from.After(to) {
		return authority.Found{}, errs.New(errs.Internal, "from %v to %v", from, to)
	}
	return authority.Found{Records: []authority.Record{{Kind: authority.Deployment, Ref: "payments#7", Project: "payments", From: x.at, To: x.at},
		{Kind: authority.PullRequest, Ref: "ledger#8", Project: "ledger", From: x.at, To: x.at, Approver: "kai"}},
		Known: []authority.Known{
			{Kind: authority.Deployment, From: x.at.Add(-time.Hour), To: x.at.Add(24 * time.Hour)}, {Kind: authority.PullRequest, From: x.at.Add(-time.Hour), To: x.at.Add(24 * time.Hour)}},
		Without: []authority.RecordKind{authority.Infrastructure}}, nil
}

// code is a connected system that knows one run of the workspace network, for ten minutes.
type code struct{ at time.Time }

func (x code) Records(context.Context, access.ReadScope, time.Time, time.Time) (authority.Found, error) {
	holds := authority.NewHoldings([]authority.Managed{{Address: "aws_instance.a", Type: "aws_instance", Names: []string{"i-1"}}})
	out := authority.Found{Records: []authority.Record{{Kind: authority.Infrastructure, Ref: "network/run-1", Project: "network", From: x.at, To: x.at.Add(10 * time.Minute), Approver: "kim",
		State: &authority.State{Before: holds, After: holds, BeforeNext: true, AfterNext: true}}}, Held: []authority.Held{{Workspace: "network", Holdings: holds, From: x.at.Add(-time.Hour), To: x.at.Add(time.Hour)}}}
	for _, k := range []authority.RecordKind{authority.Infrastructure, authority.Deployment, authority.PullRequest} {
		out.Known = append(out.Known, authority.Known{Kind: k, From: x.at.Add(-time.Hour), To: x.at.Add(time.Hour)})
	}
	return out, nil
}

// TestRunsOfWorkspaces: a run allows the identity of its workspace alone, as long as it applies, and is kept as what allowed it.
func TestRunsOfWorkspaces(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := accesstest.New(t, db)
		store := &authoritysql.Store{DB: db}
		s := &authority.Service{Store: store, Lines: store, Tx: db, Ledger: w.Ledger, Records: code{now}}
		if _, err := s.AddPipeline(t.Context(), w.Owner, now.Add(-30*time.Minute), authority.Pipeline{Identity: "arn:ada", Project: "net*", Minutes: 30}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Propose(t.Context(), w.Owner, now.Add(-30*time.Minute), authority.PermitText{Kind: authority.Window, Title: "x", Reason: "x", Targets: []string{"none"}, From: now, To: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		while, late, other := change(1, now.Add(5*time.Minute)), change(1, now.Add(11*time.Minute)), change(1, now.Add(5*time.Minute))
		late.ID, other.ID, other.Actor = "ev_late", "ev_other", event.Actor{ID: "arn:ole", Name: "ole"}
		got, err := s.Judge(t.Context(), w.Access.System(w.Org.ID, "detect"), now.Add(time.Hour), []event.Event{while, late, other})
		if err != nil || len(got) != 3 {
			t.Fatalf("%+v %v", got, err)
		}
		for _, f := range []authority.Filter{{Kind: authority.Infrastructure}, {Event: "ev_001"}} {
			kept, err := s.Judgements(t.Context(), w.Owner.ReadScope, f, paging.Query{Search: "network/run-1"})
			if err != nil || kept.Total != 1 || kept.Rows[0].Kind != authority.Infrastructure || kept.Rows[0].Event != "ev_001" {
				t.Errorf("%+v: %+v %v", f, kept.Rows, err)
			}
		}
		if n, err := s.Count(t.Context(), w.Owner.ReadScope, authority.Filter{Kind: authority.Deployment}); err != nil || len(n) != 0 {
			t.Errorf("%v %v", n, err)
		}
		if j, judged, err := s.Of(t.Context(), w.Owner.ReadScope, "ev_other"); err != nil || !judged || j.Actor != "ole" {
			t.Errorf("%+v %v %v", j, judged, err)
		}
		if _, judged, err := s.Of(t.Context(), w.Owner.ReadScope, "ev_none"); err != nil || judged {
			t.Errorf("an event that was not judged is: %v", err)
		}
		for _, j := range got {
			want, says := authority.Unauthorised, "no run applied then"
			switch j.Event {
			case "ev_001":
				want, says = authority.Authorised, "aws_instance.a, and kim approved it"
			case "ev_other":
				says = "network/run-1 applied then, but not as this actor"
			}
			if j.Verdict != want || !strings.Contains(j.Why, says) {
				t.Errorf("%s: %s %s", j.Event, j.Verdict, j.Why)
			}
		}
	})
}

// TestEraseEvent: the verdict on an erased event stays, without who and what; one that is unknown is not judged again.
func TestEraseEvent(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		w := accesstest.New(t, db)
		store := &authoritysql.Store{DB: db}
		bot := w.Access.System(w.Org.ID, "detect")
		for n := range 2 {
			e := change(n, now.Add(time.Minute))
			if _, err := store.Keep(ctx, bot, authority.Judgement{Event: e.ID, At: e.At, Log: e.Log, Actor: e.Actor.Name, Action: e.Action, Target: "i-1", Verdict: authority.Unknown, Why: "nothing is known"}, e); err != nil {
				t.Fatal(err)
			}
		}
		before, err := store.Open(ctx, bot.ReadScope, now, 10)
		if err != nil || len(before) != 2 {
			t.Fatalf("%d wait: %v", len(before), err)
		}
		if err := store.EraseEvent(ctx, w.OtherOwner, before[1].ID); err != nil {
			t.Fatal(err)
		}
		if err := store.EraseEvent(ctx, bot, before[0].ID); err != nil {
			t.Fatal(err)
		}
		open, err := store.Open(ctx, bot.ReadScope, now, 10)
		if err != nil || len(open) != 1 || open[0].ID != before[1].ID {
			t.Errorf("%+v %v", open, err)
		}
		res, err := store.Judgements(ctx, bot.ReadScope, authority.Filter{}, paging.Query{})
		if err != nil || len(res.Rows) != 2 {
			t.Fatalf("%+v %v", res.Rows, err)
		}
		for _, j := range res.Rows {
			if (j.Event == before[0].ID) != (j.Actor+j.Target == "") || j.Verdict != authority.Unknown {
				t.Errorf("%+v", j)
			}
		}
	})
}
