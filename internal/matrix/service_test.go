package matrix_test

import (
	"reflect"
	"sync"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/matrix/matrixsql"
	"github.com/tickmark/tickmark/internal/platform/blob"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

func newService(t *testing.T, db *sqldb.DB) (*accesstest.World, *matrix.Service) {
	t.Helper()
	w := accesstest.New(t, db)
	return w, &matrix.Service{Store: &matrixsql.Store{DB: db}, Blobs: evidencesql.Blobs{Dir: blob.Dir{Root: t.TempDir()}}, Tx: db, Ledger: w.Ledger}
}

// TestKeep: a matrix is numbered, hashed into the ledger, and read back as it was.
func TestKeep(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		ctx := t.Context()
		m := reporttest.Matrix()
		p, err := s.Keep(ctx, w.Owner, accesstest.Now, "Dana", m)
		if err != nil || p.Ref() != "CM-1" || p.Seq == 0 || p.Requirements != len(m.Requirements) {
			t.Fatalf("%+v, %v", p, err)
		}
		got, back, err := s.Matrix(ctx, w.Owner.ReadScope, "CM-1")
		if err != nil || !reflect.DeepEqual(got, p) || !reflect.DeepEqual(back, m) {
			t.Errorf("%+v\n%+v\n%v", got, p, err)
		}
		if _, sum, err := back.Bytes(); err != nil || sum != p.SHA256 {
			t.Errorf("%s, %v", sum, err)
		}
		second, err := s.Keep(ctx, w.Owner, accesstest.Now, "Dana", reporttest.Matrix())
		if err != nil || second.Ref() != "CM-2" {
			t.Errorf("%+v, %v", second, err)
		}
		all, err := s.Papers(ctx, w.Owner.ReadScope)
		if err != nil || len(all) != 2 || all[0].Number != 2 {
			t.Errorf("%+v, %v", all, err)
		}
		entries := w.Entries(t, w.Owner, "matrix.made")
		if len(entries) != 2 || entries[0].Says["sha256"] != p.SHA256 || entries[0].Seq != p.Seq {
			t.Errorf("%+v", entries)
		}
		for _, ref := range []string{"CM-3", "CM-0", "CM-01", "x"} {
			if _, _, err := s.Matrix(ctx, w.Owner.ReadScope, ref); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v", ref, err)
			}
		}
		if _, _, err := s.Matrix(ctx, w.OtherOwner.ReadScope, "CM-1"); !errs.Is(err, errs.NotFound) {
			t.Errorf("of another organisation: %v", err)
		}
	})
}

// TestRights: making one needs the right to build reports, reading the rights to read engagements and evidence.
func TestRights(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		if _, err := s.Keep(t.Context(), w.Member(t, "c@northwind.example", access.ControlOwner), accesstest.Now, "", reporttest.Matrix()); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		if _, err := s.Papers(t.Context(), w.Reader(t, "r@northwind.example", access.Reader)); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		if _, err := s.Papers(t.Context(), w.Reader(t, "a@northwind.example", access.Auditor)); err != nil {
			t.Error(err)
		}
		if _, err := s.Keep(t.Context(), w.Owner, accesstest.Now, "", &matrix.Matrix{}); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
	})
}

// TestRace: of several who make one at once, each gets a number of its own or is told to try again.
func TestRace(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		const makers = 4
		var wg sync.WaitGroup
		results := make([]error, makers)
		for i := range makers {
			wg.Go(func() { _, results[i] = s.Keep(t.Context(), w.Owner, accesstest.Now, "", reporttest.Matrix()) })
		}
		wg.Wait()
		made := 0
		for _, err := range results {
			if err == nil {
				made++
			} else if !errs.Is(err, errs.Conflict) {
				t.Error(err)
			}
		}
		if all, err := s.Papers(t.Context(), w.Owner.ReadScope); err != nil || len(all) != made || made == 0 {
			t.Errorf("%d made, %d kept, %v", made, len(all), err)
		}
	})
}
