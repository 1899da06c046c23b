package controlsql_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

func version(t *testing.T, number int, title string) control.Version {
	t.Helper()
	v := control.Version{Number: number, Status: control.Draft, Author: "a", At: now.Add(time.Duration(number) * time.Minute), Text: control.Text{
		Title: title, Statement: "Reception collects the badge of every leaver.", Type: catalog.Preventive, Nature: catalog.Manual, Frequency: catalog.Daily,
		OwnerRole: "lead", Evidence: []string{"log"}, Requirements: []control.Requirement{{Framework: catalog.TSC, ID: "CC6.4"}},
	}}
	var err error
	if v.SHA256, err = v.Text.SHA256(); err != nil {
		t.Fatal(err)
	}
	return v
}

func add(t *testing.T, s *controlsql.Store, w *accesstest.World, ref string) control.Control {
	t.Helper()
	c := control.Control{ID: control.ControlID("ctl_" + ref), Ref: ref, Created: now, Version: version(t, 1, "One"), Newest: 1}
	if err := s.Add(t.Context(), w.Owner, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRace has many editors on one version: exactly one version follows, and the others are told so.
func TestRace(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := accesstest.New(t, db), &controlsql.Store{DB: db}
		c := add(t, s, w, "NWT-01")
		const editors = 8
		var wg sync.WaitGroup
		results := make([]error, editors)
		for i := range editors {
			v := version(t, 2, "By "+strconv.Itoa(i))
			wg.Go(func() { results[i] = s.AddVersion(t.Context(), w.Owner, c.ID, 1, v) })
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			switch {
			case err == nil:
				won++
			case !errs.Is(err, errs.Conflict):
				t.Error(err)
			}
		}
		all, err := s.Versions(t.Context(), w.Owner.ReadScope, c.ID)
		if err != nil || won != 1 || len(all) != 2 {
			t.Errorf("%d won, %d versions, %v", won, len(all), err)
		}
	})
}

func TestApproveOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := accesstest.New(t, db), &controlsql.Store{DB: db}
		c, ctx := add(t, s, w, "NWT-01"), t.Context()
		if err := s.Approve(ctx, w.OtherOwner, c.ID, 1, "b", now); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if err := s.Approve(ctx, w.Owner, c.ID, 2, "b", now); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		if err := s.Approve(ctx, w.Owner, c.ID, 1, "b", now.Add(time.Hour)); err != nil {
			t.Error(err)
		}
		if err := s.Approve(ctx, w.Owner, c.ID, 1, "c", now.Add(2*time.Hour)); !errs.Is(err, errs.Conflict) {
			t.Error(err)
		}
		got, err := s.Control(ctx, w.Owner.ReadScope, "NWT-01")
		if err != nil || got.Version.ApprovedBy != "b" || !got.Version.ApprovedAt.Equal(now.Add(time.Hour)) || got.Draft != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestConflictLeavesTransactionAlive: a caller may look at what won in the transaction that lost.
func TestConflictLeavesTransactionAlive(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := accesstest.New(t, db), &controlsql.Store{DB: db}
		c := add(t, s, w, "NWT-01")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			again := c
			again.ID = "ctl_other"
			if err := s.Add(ctx, w.Owner, again); !errs.Is(err, errs.Conflict) {
				t.Error(err)
			}
			if err := s.AddVersion(ctx, w.Owner, c.ID, 7, version(t, 8, "x")); !errs.Is(err, errs.Conflict) {
				t.Error(err)
			}
			_, err := s.Control(ctx, w.Owner.ReadScope, "NWT-01")
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestNextNumber gives each caller a number of its own, and gives numbers of a rolled-back act again.
func TestNextNumber(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := accesstest.New(t, db), &controlsql.Store{DB: db}
		var mu sync.Mutex
		seen := map[int]bool{}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				n, err := s.NextNumber(t.Context(), w.Owner, control.CUEC)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || seen[n] {
					t.Errorf("%d twice, or %v", n, err)
				}
				seen[n] = true
			})
		}
		wg.Wait()
		stop := errors.New("stop")
		if err := db.InTx(t.Context(), func(ctx context.Context) error {
			n, err := s.NextNumber(ctx, w.Owner, control.CUEC)
			if err != nil || n != 11 {
				t.Errorf("%d, %v", n, err)
			}
			return stop
		}); !errors.Is(err, stop) {
			t.Error(err)
		}
		if n, err := s.NextNumber(t.Context(), w.Owner, control.CUEC); n != 11 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := s.NextNumber(t.Context(), w.OtherOwner, control.CUEC); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// TestTampered: a version whose words were changed behind the program's back is not read as if nothing had happened.
func TestTampered(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := accesstest.New(t, db), &controlsql.Store{DB: db}
		c := add(t, s, w, "NWT-01")
		if _, err := db.Exec(t.Context(), `UPDATE control_version SET statement = 'Reception need not collect anything.'`); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Control(t.Context(), w.Owner.ReadScope, string(c.ID)); !errs.Is(err, errs.Internal) {
			t.Error(err)
		}
		if _, err := s.Versions(t.Context(), w.Owner.ReadScope, c.ID); !errs.Is(err, errs.Internal) {
			t.Error(err)
		}
	})
}

func TestMissing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := accesstest.New(t, db), &controlsql.Store{DB: db}
		ctx, r := t.Context(), w.Owner.ReadScope
		c := add(t, s, w, "NWT-01")
		_, e1 := s.Control(ctx, r, "NWT-09")
		_, e2 := s.Versions(ctx, r, "ctl_none")
		_, e3 := s.Versions(ctx, w.OtherOwner.ReadScope, c.ID)
		_, e4 := s.Complement(ctx, r, "CUEC-01")
		e5 := s.AddVersion(ctx, w.OtherOwner, c.ID, 1, version(t, 2, "x"))
		e6 := s.Assign(ctx, w.OtherOwner, c.ID, control.Assignment{At: now, By: "x"})
		for i, err := range []error{e1, e2, e3, e4, e5, e6} {
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("%d: %v", i+1, err)
			}
		}
		if a, err := s.Assignments(ctx, w.OtherOwner.ReadScope, c.ID); err != nil || len(a) != 0 {
			t.Error(a, err)
		}
	})
}
