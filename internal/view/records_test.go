package view_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/engagement/engagementsql"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/view"
)

// records is three days of one connection, a document and a frozen engagement of the first organisation, and one day of the
// second.
type records struct {
	*accesstest.World
	view     *view.Reader
	auditor  access.ReadScope
	employee access.Scope
}

var day0 = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRecords(t *testing.T, db *sqldb.DB) *records {
	t.Helper()
	w := accesstest.New(t, db)
	c, err := catalog.Load()
	ok(t, err)
	x := &records{World: w, view: view.New(db, c), auditor: w.Reader(t, "auditor@harlow-pike.example", access.Auditor), employee: w.Member(t, "employee@northwind.example", access.Employee)}
	x.connection(t, w.Owner, "okta-main", 3)
	x.connection(t, w.OtherOwner, "okta-main", 1)
	e, err := (&engagementsql.Store{DB: db, Ledger: w.Ledger}).Add(t.Context(), w.Owner, engagement.Engagement{
		ID: "eng_1", Report: "soc2", Type: 2, Title: "SOC 2 Type 2", Categories: []string{"security"}, Period: period.Period{From: period.Of(day0), To: period.Of(day0) + 365},
		Firm: "Harlow & Pike LLP", Standards: []string{"AT-C section 205"}, Status: "observation", Created: day0, By: string(w.OwnerUser.ID),
	})
	ok(t, err)
	_, err = (&engagementsql.Store{DB: db, Ledger: w.Ledger}).Freeze(t.Context(), w.Owner, engagement.Frozen{Engagement: e.ID, Number: 1, SHA256: "aa", At: day0.AddDate(0, 0, 3), By: string(w.OwnerUser.ID)})
	ok(t, err)
	return x
}

func (x *records) connection(t *testing.T, s access.Scope, name string, days int) {
	t.Helper()
	ctx := t.Context()
	runs, items := &collectsql.Store{DB: x.DB}, &evidencesql.Store{DB: x.DB, Ledger: x.Ledger}
	conn := collect.Connection{ID: collect.ConnectionID("con_" + string(s.Org())), Kind: "okta", Name: name, Settings: map[string]string{"base_url": "https://northwind.example"}, Every: 24 * time.Hour, Created: day0}
	ok(t, runs.AddConnection(ctx, s, conn))
	for d := range days {
		at := day0.AddDate(0, 0, d)
		r := collect.Run{ID: collect.RunID(fmt.Sprintf("run_%s_%d", s.Org(), d)), Connection: conn.ID, Kind: "okta", Name: name, Trigger: "schedule", Status: collect.Running, Started: at, Until: at, Owner: "test"}
		ok(t, runs.Begin(ctx, s, r, func(string) bool { return false }))
		done := at.Add(time.Minute)
		r.Finished, r.Status = &done, collect.Complete
		completeness := evidence.Proven
		if d == 1 {
			r.Status, completeness = collect.Partial, evidence.Incomplete
		}
		ok(t, runs.Fix(ctx, s, r))
		_, err := items.Seal(ctx, s, evidence.Seal{Subject: string(r.ID), At: done, Items: []evidence.Item{{
			ID: evidence.ItemID(string(r.ID) + "-00"), Kind: evidence.Snapshot, Title: "User accounts from " + name, System: "okta", Source: name, Resource: "user_account", Method: evidence.API, RunID: string(r.ID),
			From: at, To: at, ReceivedAt: done, Rows: int64(10 + d), Completeness: completeness, Status: evidence.Active, SHA256: "bb", Path: "lake:x",
		}}})
		ok(t, err)
		ok(t, runs.Finish(ctx, s, r, at))
		x.batch(t, s, at.Add(time.Hour), fmt.Sprintf("EV-2026-%05d", d+1))
	}
}

// batch writes an evaluation that read a piece of evidence, as evaluate records it.
func (x *records) batch(t *testing.T, s access.Scope, at time.Time, ref string) {
	t.Helper()
	id := fmt.Sprintf("%s_%d", s.Org(), at.Unix())
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO evaluate_batch (id, org_id, as_of, created_at, results_path, results_sha256, seq) VALUES ($1, $2, $3, $3, 'x', 'x', 1)`, []any{"evb_" + id, string(s.Org()), at.UnixMicro()}},
		{`INSERT INTO evaluate_run (id, org_id, batch_id, test, version, test_sha256, as_of, from_at, to_at, trigger_by, outcome, reason, population, n_pass, n_fail, n_na, n_unknown, hash, inputs, params, took_us, created_at)
			VALUES ($1, $2, $3, 'okta-second-factor', 1, 'x', $4, 0, 0, 'schedule', 'fail', '', 10, 9, 1, 0, 0, 'h', $5, '{}', 1, $4)`, []any{"evr_" + id, string(s.Org()), "evb_" + id, at.UnixMicro(), `[{"table":"a","ref":"` + ref + `"}]`}},
		{`INSERT INTO evaluate_day (org_id, test, day, outcome, n_pass, n_fail, n_na, n_unknown, reason) VALUES ($1, 'okta-second-factor', $2, 'fail', 9, 1, 0, 0, '')`, []any{string(s.Org()), int64(period.Of(at))}},
	} {
		_, err := x.DB.Exec(t.Context(), q.sql, q.args...)
		ok(t, err)
	}
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, x := t.Context(), newRecords(t, db)
		for name, c := range map[string]struct {
			f    view.EvidenceFilter
			q    paging.Query
			refs []string
		}{
			"all":          {refs: []string{"EV-2026-00003", "EV-2026-00002", "EV-2026-00001"}},
			"sorted":       {q: paging.Query{Sort: "rows"}, refs: []string{"EV-2026-00001", "EV-2026-00002", "EV-2026-00003"}},
			"incomplete":   {f: view.EvidenceFilter{Completeness: "incomplete"}, refs: []string{"EV-2026-00002"}},
			"search":       {q: paging.Query{Search: "USER ACC"}, refs: []string{"EV-2026-00003", "EV-2026-00002", "EV-2026-00001"}},
			"no wildcard":  {q: paging.Query{Search: "%"}},
			"page":         {q: paging.Query{Page: 2, Size: 2}, refs: []string{"EV-2026-00001"}},
			"about a day":  {f: view.EvidenceFilter{About: period.Period{From: period.Of(day0) + 1, To: period.Of(day0) + 2}}, refs: []string{"EV-2026-00002"}},
			"other source": {f: view.EvidenceFilter{Source: "github-main"}},
		} {
			res, err := x.view.Evidence(ctx, x.auditor, c.f, c.q)
			ok(t, err)
			var got []string
			for _, r := range res.Rows {
				got = append(got, r.Ref)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.refs) {
				t.Errorf("%s: %v, want %v", name, got, c.refs)
			}
		}
		choices, err := x.view.EvidenceChoices(ctx, x.auditor, view.EvidenceFilter{Completeness: "proven"}, "", "completeness")
		if err != nil || len(choices) != 2 || choices[0] != (view.Choice{Value: "incomplete", Label: "incomplete", N: 1}) {
			t.Error(choices, err)
		}
		i, err := (&evidencesql.Store{DB: db}).Item(ctx, x.auditor, "EV-2026-00002")
		ok(t, err)
		c, err := x.view.EvidenceContext(ctx, x.auditor, i)
		ok(t, err)
		if c.Before == nil || c.After == nil || c.Before.Ref != "EV-2026-00001" || c.After.Ref != "EV-2026-00003" || c.Run == nil || c.Run.Status != collect.Partial || c.Run.Facts != 11 {
			t.Errorf("%+v", c)
		}
		if len(c.Reads) != 1 || c.Reads[0].Test != "okta-second-factor" || c.Reads[0].Outcome != "fail" || c.Reads[0].Times != 1 {
			t.Errorf("%+v", c.Reads)
		}
	})
}

func TestConnections(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, x := t.Context(), newRecords(t, db)
		all, err := x.view.Connections(ctx, x.auditor, false)
		ok(t, err)
		if len(all) != 1 || all[0].Runs != 3 || all[0].Last == nil || all[0].Last.Facts != 12 || all[0].Complete == nil {
			t.Fatalf("%+v", all)
		}
		last := all[0].Last.Started
		for after, want := range map[time.Duration]view.Health{time.Hour: view.HealthFine, 49 * time.Hour: view.HealthLate} {
			if got := all[0].Health(last.Add(after)); got != want {
				t.Errorf("%s after: %s, want %s", after, got, want)
			}
		}
		days, err := x.view.RunDays(ctx, x.auditor, all[0].ID, period.Period{From: period.Of(day0), To: period.Of(day0) + 30})
		ok(t, err)
		if len(days) != 3 || days[1].Status != collect.Partial || days[2].Status != collect.Complete {
			t.Errorf("%+v", days)
		}
		if _, err := x.view.Connection(ctx, x.auditor, "none"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if _, err := x.view.Connection(ctx, x.auditor, "con_"+string(x.Other.ID)); !errs.Is(err, errs.NotFound) {
			t.Error("another organisation's connection is read", err)
		}
		runs, err := x.view.Runs(ctx, x.auditor, view.RunFilter{Status: "partial"}, paging.Query{})
		if err != nil || runs.Total != 1 {
			t.Error(runs, err)
		}
	})
}

func TestEntries(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, x := t.Context(), newRecords(t, db)
		head, err := x.view.LedgerHead(ctx, x.auditor)
		ok(t, err)
		if head.Seq == 0 || head.Sealed != 0 || head.First == nil || head.Last == nil {
			t.Errorf("%+v", head)
		}
		for _, c := range []struct {
			f    view.EntryFilter
			q    paging.Query
			want int
		}{
			{want: int(head.Seq)},
			{f: view.EntryFilter{Area: "collection"}, want: 3},
			{f: view.EntryFilter{Kind: "dossier.frozen"}, want: 1},
			{f: view.EntryFilter{Subject: "run_" + string(x.Org.ID) + "_1"}, want: 1},
			{q: paging.Query{Search: "owner of northwind"}, want: 1 + 4}, // the grant names it, and what the owner did
			{f: view.EntryFilter{About: period.Period{From: period.Of(day0), To: period.Of(day0) + 1}}, want: 1},
		} {
			res, err := x.view.Entries(ctx, x.auditor, c.f, c.q)
			ok(t, err)
			if res.Total != c.want || len(res.Rows) != c.want {
				t.Errorf("%+v %q: %d of %d, want %d", c.f, c.q.Search, len(res.Rows), res.Total, c.want)
			}
		}
		res, err := x.view.Entries(ctx, x.auditor, view.EntryFilter{Kind: "dossier.frozen"}, paging.Query{})
		ok(t, err)
		if e := res.Rows[0]; e.Who != "Owner of Northwind" || e.About != "SOC2-2027-1" || e.Payload == "" {
			t.Errorf("%+v", e)
		}
		kinds, err := x.view.EntryKinds(ctx, x.auditor, view.EntryFilter{Area: "access"})
		if err != nil || len(kinds) == 0 {
			t.Error(kinds, err)
		}
		if actors, err := x.view.EntryActors(ctx, x.auditor, view.EntryFilter{}); err != nil || len(actors) < 2 {
			t.Error(actors, err)
		}
	})
}

func TestEngagements(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, x := t.Context(), newRecords(t, db)
		e, err := x.view.Engagement(ctx, x.auditor, "SOC2-2027-1")
		ok(t, err)
		if e.Firm != "Harlow & Pike LLP" || e.Dossiers != 1 || e.Newest == nil || e.Newest.Who != "Owner of Northwind" || e.Period.Days() != 365 {
			t.Errorf("%+v", e)
		}
		n, err := x.view.PeriodCounts(ctx, x.auditor, e.Period)
		if err != nil || n != (view.PeriodCounts{Evidence: 3, Proven: 2, Incomplete: 1, Evaluated: 3, Tests: 1, Failing: 1}) {
			t.Errorf("%+v %v", n, err)
		}
		if _, err := x.view.Engagement(ctx, x.OtherOwner.ReadScope, "SOC2-2027-1"); !errs.Is(err, errs.NotFound) {
			t.Error("another organisation's engagement is read", err)
		}
	})
}

// TestRights holds that no read model answers a role that may not read it.
func TestRights(t *testing.T) {
	t.Parallel()
	x := newRecords(t, sqldbtest.SQLite(t))
	s := x.employee.ReadScope
	for name, read := range map[string]func(context.Context) error{
		"evidence": func(ctx context.Context) error {
			_, err := x.view.Evidence(ctx, s, view.EvidenceFilter{}, paging.Query{})
			return err
		},
		"choices": func(ctx context.Context) error {
			_, err := x.view.EvidenceChoices(ctx, s, view.EvidenceFilter{}, "", "kind")
			return err
		},
		"context": func(ctx context.Context) error { _, err := x.view.EvidenceContext(ctx, s, evidence.Item{}); return err },
		"entries": func(ctx context.Context) error {
			_, err := x.view.Entries(ctx, s, view.EntryFilter{}, paging.Query{})
			return err
		},
		"head":        func(ctx context.Context) error { _, err := x.view.LedgerHead(ctx, s); return err },
		"kinds":       func(ctx context.Context) error { _, err := x.view.EntryKinds(ctx, s, view.EntryFilter{}); return err },
		"actors":      func(ctx context.Context) error { _, err := x.view.EntryActors(ctx, s, view.EntryFilter{}); return err },
		"checkpoints": func(ctx context.Context) error { _, err := x.view.Checkpoints(ctx, s, paging.Query{}); return err },
		"engagements": func(ctx context.Context) error { _, err := x.view.Engagements(ctx, s); return err },
		"dossiers":    func(ctx context.Context) error { _, err := x.view.Dossiers(ctx, s, "eng_1"); return err },
		"counts":      func(ctx context.Context) error { _, err := x.view.PeriodCounts(ctx, s, period.Period{}); return err },
		"nobody": func(ctx context.Context) error {
			_, err := x.view.Connections(ctx, access.ReadScope{}, false)
			return err
		},
	} {
		if err := read(t.Context()); !errs.Is(err, errs.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
