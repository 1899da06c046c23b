package orgsql_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/org/orgsql"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

func revision(id string, number int, key string) org.Revision {
	body := fmt.Sprintf(`{"customers":"","delivery":"","name":%q,"text":"x"}`, key)
	return org.Revision{
		ID: org.RecordID(id), Number: number, Kind: org.KindService, Key: key, Place: 3, Body: body, SHA256: canon.Sum([]byte(body)), Author: "a",
		At: accesstest.Now.Add(time.Duration(number) * time.Hour), Note: "n",
	}
}

func setup(t *testing.T, db *sqldb.DB) (*accesstest.World, *orgsql.Store) {
	t.Helper()
	return accesstest.New(t, db), &orgsql.Store{DB: db}
}

// TestLaws goes through what Add allows and refuses.
func TestLaws(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := setup(t, db)
		removed := revision("r1", 3, "one")
		removed.Removed = true
		for _, x := range []struct {
			name  string
			other bool
			r     org.Revision
			want  errs.Kind // Internal stands for success
		}{
			{"first", false, revision("r1", 1, "one"), errs.Internal},
			{"first again", false, revision("r1", 1, "one"), errs.Conflict},
			{"key taken", false, revision("r2", 1, "one"), errs.Conflict},
			{"key in another organisation", true, revision("r3", 1, "one"), errs.Internal},
			{"identifier of another organisation", true, revision("r1", 2, "two"), errs.Conflict},
			{"gap", false, revision("r1", 3, "one"), errs.Conflict},
			{"next", false, revision("r1", 2, "uno"), errs.Internal},
			{"next again", false, revision("r1", 2, "due"), errs.Conflict},
			{"the old key is free", false, revision("r4", 1, "one"), errs.Internal},
			{"rename onto it", false, revision("r1", 3, "one"), errs.Conflict},
			{"remove under a key that is taken", false, removed, errs.Internal},
			{"back under a key that is taken", false, revision("r1", 4, "one"), errs.Conflict},
			{"back under its own", false, revision("r1", 4, "uno"), errs.Internal},
			{"unknown", false, revision("r9", 2, "nine"), errs.Conflict},
		} {
			scope := w.Owner
			if x.other {
				scope = w.OtherOwner
			}
			err := s.Add(t.Context(), scope, x.r)
			if x.want == errs.Internal && err != nil || x.want != errs.Internal && !errs.Is(err, x.want) {
				t.Errorf("%s: %v", x.name, err)
			}
		}
		all, err := s.Revisions(t.Context(), w.Owner.ReadScope, "r1")
		if err != nil || len(all) != 4 || all[0].Key != "uno" || !all[1].Removed {
			t.Errorf("%+v, %v", all, err)
		}
		got, err := s.Newest(t.Context(), w.Owner.ReadScope, "r1")
		if want := revision("r1", 4, "uno"); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		for hour, want := range map[int]int{0: 0, 1: 2, 2: 2, 3: 1, 4: 2} { // r1 and r4; removed in hour 3
			at, err := s.AsOf(t.Context(), w.Owner.ReadScope, accesstest.Now.Add(time.Duration(hour)*time.Hour))
			if err != nil || len(at) != want {
				t.Errorf("hour %d: %d, %v", hour, len(at), err)
			}
		}
		if cur, err := s.Current(t.Context(), w.OtherOwner.ReadScope); err != nil || len(cur) != 1 || cur[0].ID != "r3" {
			t.Errorf("%+v, %v", cur, err)
		}
	})
}

// TestRace has many savers on one revision: one wins.
func TestRace(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := setup(t, db)
		if err := s.Add(t.Context(), w.Owner, revision("r1", 1, "one")); err != nil {
			t.Fatal(err)
		}
		const savers = 8
		results := make([]error, savers)
		var wg sync.WaitGroup
		for i := range savers {
			wg.Go(func() { results[i] = s.Add(t.Context(), w.Owner, revision("r1", 2, fmt.Sprint("by ", i))) })
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if !errs.Is(err, errs.Conflict) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	})
}

func TestTampered(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := setup(t, db)
		if err := s.Add(t.Context(), w.Owner, revision("r1", 1, "one")); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(t.Context(), `UPDATE org_revision SET body = '{"name":"other","text":"x"}'`); err != nil {
			t.Fatal(err)
		}
		r, err := s.Newest(t.Context(), w.Owner.ReadScope, "r1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Record(); !errs.Is(err, errs.Internal) {
			t.Error(err)
		}
		r = revision("r1", 1, "one")
		r.Kind = "wish"
		if _, err := r.Record(); !errs.Is(err, errs.Internal) {
			t.Error(err)
		}
	})
}

func TestMissing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := setup(t, db)
		if _, err := s.Newest(t.Context(), w.Owner.ReadScope, "none"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if _, err := s.Revisions(t.Context(), w.Owner.ReadScope, "none"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
	})
}
