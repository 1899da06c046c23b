package view_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/view"
)

// reading is a run that made one piece of evidence, or none.
type reading struct {
	status collect.RunStatus
	rows   int64 // -1: no evidence
	gaps   evidence.Completeness
}

func (x *records) readings(t *testing.T, s access.Scope, kind, name string, all ...reading) {
	t.Helper()
	ctx := t.Context()
	runs, items := &collectsql.Store{DB: x.DB}, &evidencesql.Store{DB: x.DB, Ledger: x.Ledger}
	conn := collect.Connection{ID: collect.ConnectionID("con_" + name), Kind: kind, Name: name, Settings: map[string]string{}, Every: 5 * time.Minute, Created: day0}
	ok(t, runs.AddConnection(ctx, s, conn))
	for i, one := range all {
		at := day0.Add(time.Duration(i) * 5 * time.Minute)
		r := collect.Run{ID: collect.RunID(fmt.Sprintf("run_%s_%d", name, i)), Connection: conn.ID, Kind: kind, Name: name, Trigger: "schedule", Status: collect.Running, Started: at, Until: at, Owner: "test"}
		ok(t, runs.Begin(ctx, s, r, func(string) bool { return false }))
		done := at.Add(time.Second)
		r.Finished, r.Status = &done, one.status
		ok(t, runs.Fix(ctx, s, r))
		if one.rows >= 0 {
			_, err := items.Seal(ctx, s, evidence.Seal{Subject: string(r.ID), At: done, Items: []evidence.Item{{
				ID: evidence.ItemID(string(r.ID) + "-00"), Kind: evidence.Snapshot, Title: "Events from " + name, System: kind, Source: name, Resource: "audit_event", Method: evidence.API, RunID: string(r.ID),
				From: at, To: at, ReceivedAt: done, Rows: one.rows, Completeness: one.gaps, Status: evidence.Active, SHA256: "cc", Path: "lake:x",
			}}})
			ok(t, err)
		}
		ok(t, runs.Finish(ctx, s, r, at))
	}
}

// TestEmptyReadings: a list leaves out readings of logs in which nothing was new, counts them, and shows them when asked; what brought
// rows, failed or is incomplete is never left out, nor is anything of a system that is read for more than its log.
func TestEmptyReadings(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, x := t.Context(), newRecords(t, db)
		s := x.Owner.ReadScope
		x.readings(t, x.Owner, "aws", "trail", reading{collect.Complete, 0, evidence.Proven}, reading{collect.Complete, 5, evidence.Proven}, reading{collect.Partial, 0, evidence.Incomplete}, reading{collect.Failed, -1, ""},
			reading{collect.Complete, 0, evidence.Asserted}, reading{collect.Complete, 0, evidence.Incomplete}, reading{collect.Complete, -1, ""})
		x.readings(t, x.Owner, "bamboohr", "people", reading{collect.Complete, 0, evidence.Proven})
		x.readings(t, x.OtherOwner, "aws", "theirs", reading{collect.Complete, 0, evidence.Proven})
		logs := []string{"aws", "entra"}
		for _, c := range []struct {
			f           view.Empty
			runs, items int
		}{{view.Empty{}, 3 + 7 + 1, 3 + 5 + 1}, {view.Empty{Logs: logs}, 3 + 4 + 1, 3 + 3 + 1}, {view.Empty{Logs: logs, Only: true}, 3, 2}, {view.Empty{Logs: []string{"gitlab"}}, 11, 9}} {
			runs, err := x.view.Runs(ctx, s, view.RunFilter{Empty: c.f}, paging.Query{})
			ok(t, err)
			items, err := x.view.Evidence(ctx, s, view.EvidenceFilter{Empty: c.f}, paging.Query{})
			ok(t, err)
			if runs.Total != c.runs || len(runs.Rows) != c.runs || items.Total != c.items || len(items.Rows) != c.items {
				t.Errorf("%+v: %d runs, %d pieces; want %d, %d", c.f, runs.Total, items.Total, c.runs, c.items)
			}
		}
		left, err := x.view.EmptyRuns(ctx, s, view.RunFilter{Empty: view.Empty{Logs: logs}}, "")
		if err != nil || left != 3 {
			t.Errorf("%d runs are left out, %v", left, err)
		}
		if left, err = x.view.EmptyRuns(ctx, s, view.RunFilter{Empty: view.Empty{Logs: logs}, Status: "failed"}, "TRAIL"); err != nil || left != 0 {
			t.Errorf("%d failed runs are left out, %v", left, err)
		}
		if left, err = x.view.EmptyEvidence(ctx, s, view.EvidenceFilter{Empty: view.Empty{Logs: logs}, Source: "trail"}, "events"); err != nil || left != 2 {
			t.Errorf("%d pieces are left out, %v", left, err)
		}
		for want, kinds := range map[bool][]string{true: logs, false: {"entra"}} {
			if reads, err := x.view.ReadsLogs(ctx, s, kinds); err != nil || reads != want {
				t.Errorf("%v: %v %v", kinds, reads, err)
			}
		}
	})
}
