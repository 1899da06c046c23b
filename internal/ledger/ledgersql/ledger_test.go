package ledgersql_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesssql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/ledger/ledgersql"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/platform/tilelog"
	"github.com/tickmark/tickmark/verify"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 123000, time.UTC)

type world struct {
	t     *testing.T
	db    *sqldb.DB
	store *ledgersql.Store
	svc   *ledger.Service
	a, b  access.Scope // owners of two organisations
	dir   string
	skey  string
	vkey  string
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, store: &ledgersql.Store{DB: db}, dir: filepath.Join(t.TempDir(), "log")}
	acc := &access.Service{Store: &accesssql.Store{DB: db}, Credentials: &accesssql.Store{DB: db}, Tx: db, Recorder: w.store}
	for i, s := range []*access.Scope{&w.a, &w.b} {
		o, _, err := acc.CreateOrg(t.Context(), now, "test", access.NewOrg{Slug: fmt.Sprint("org", i), Name: "Northwind"}, access.NewUser{Email: fmt.Sprintf("o%d@northwind.example", i), Name: "Owner"})
		w.ok(err)
		*s, err = acc.Operator(t.Context(), o.ID, "test")
		w.ok(err)
	}
	var err error
	w.skey, w.vkey, err = tilelog.NewKey("northwind.example/ledger", rand.Reader)
	w.ok(err)
	log, err := tilelog.Open(w.dir, w.skey, w.vkey, w.store.Guard)
	w.ok(err)
	w.svc = &ledger.Service{Store: w.store, Sealing: w.store, Log: log, Tx: db}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) append(s access.Scope, n int) {
	w.t.Helper()
	for i := range n {
		_, err := w.store.Append(w.t.Context(), s, now.Add(time.Duration(i)*time.Second), "evidence.sealed", fmt.Sprint("run_", i), map[string]any{"n": i, "who": "Ann Ö <ann@northwind.example>"})
		w.ok(err)
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.append(w.a, 5)
		w.append(w.b, 1)
		head, err := w.store.Head(t.Context(), w.a.ReadScope)
		w.ok(err)
		if head.Seq != 7 { // two entries come with the organisation
			t.Fatalf("head %d", head.Seq)
		}
		prev := verify.Zero
		w.ok(w.store.Walk(t.Context(), w.a.ReadScope, 1, head.Seq, func(e ledger.Entry) error {
			if e.Prev != prev {
				t.Errorf("entry %d does not follow", e.Seq)
			}
			h, err := e.Entry.Hash()
			if err != nil || h != e.Hash {
				t.Errorf("entry %d hashes to %s, stored %s, %v", e.Seq, h, e.Hash, err)
			}
			prev = e.Hash
			return nil
		}))
		if head.Hash != prev {
			t.Error("head is not the last entry")
		}
		res, err := w.store.Entries(t.Context(), w.a.ReadScope, ledger.Filter{Kind: "evidence."}, paging.Query{Size: 2})
		w.ok(err)
		if res.Total != 5 || len(res.Rows) != 2 || res.Rows[0].Seq != 7 {
			t.Errorf("%d, %+v", res.Total, res.Rows)
		}
		other, err := w.store.Entries(t.Context(), w.b.ReadScope, ledger.Filter{Subject: "run_4"}, paging.Query{})
		w.ok(err)
		if other.Total != 0 {
			t.Error("another organisation's entries are visible")
		}
		if _, err := w.store.Entry(t.Context(), w.b.ReadScope, 6); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation's entry: %v", err)
		}
		if _, err := w.store.Append(t.Context(), access.Scope{}, now, "x", "y", nil); !errs.Is(err, errs.Denied) {
			t.Errorf("appended without a scope: %v", err)
		}
	})
}

// TestRollbackLeavesNoGap shows that an entry exists exactly when the change it tells of does.
func TestRollbackLeavesNoGap(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		stop := errors.New("no")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := w.store.Append(ctx, w.a, now, "k", "s", map[string]any{}); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		seq, err := w.store.Append(t.Context(), w.a, now, "k", "s", map[string]any{})
		w.ok(err)
		if seq != 3 {
			t.Errorf("next number is %d", seq)
		}
	})
}

// TestConcurrentAppends has many writers in two organisations; numbers stay contiguous and every link holds.
func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				s := w.a
				if i%2 == 1 {
					s = w.b
				}
				for range 20 {
					if _, err := w.store.Append(t.Context(), s, now, "k", "s", map[string]any{"i": i}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for _, s := range []access.Scope{w.a, w.b} {
			n, prev := int64(0), verify.Zero
			w.ok(w.store.Walk(t.Context(), s.ReadScope, 1, 1000, func(e ledger.Entry) error {
				n++
				if e.Seq != n || e.Prev != prev {
					t.Errorf("entry %d at place %d", e.Seq, n)
				}
				prev = e.Hash
				return nil
			}))
			if n != 82 {
				t.Errorf("%d entries", n)
			}
		}
	})
}

// TestSealAndProve follows an entry into the log and out as a proof that the public verifier accepts.
func TestSealAndProve(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.append(w.a, 10)
		if _, err := w.svc.Prove(t.Context(), w.a.ReadScope, 3); err == nil {
			t.Error("an unsealed entry was proved")
		}
		for range 3 {
			_, err := w.svc.Seal(t.Context(), now)
			w.ok(err)
			w.append(w.a, 3)
			w.append(w.b, 2)
		}
		n, err := w.svc.Seal(t.Context(), now)
		w.ok(err)
		if n != 5 {
			t.Errorf("sealed %d entries", n)
		}
		if n, err := w.svc.Seal(t.Context(), now); n != 0 || err != nil {
			t.Errorf("sealed %d again, %v", n, err)
		}
		head, err := w.store.Head(t.Context(), w.a.ReadScope)
		w.ok(err)
		for seq := int64(1); seq <= head.Seq; seq++ {
			p, err := w.svc.Prove(t.Context(), w.a.ReadScope, seq)
			w.ok(err)
			raw, err := json.Marshal(p)
			w.ok(err)
			rep, err := verify.Proof(raw, verify.Options{Keys: []string{w.vkey}})
			w.ok(err)
			if !rep.OK() || rep.Payloads != 1 {
				t.Fatalf("entry %d: %+v", seq, rep)
			}
		}
		all, err := w.store.Checkpoints(t.Context())
		w.ok(err)
		if len(all) != 4 {
			t.Errorf("%d checkpoints kept", len(all))
		}
	})
}

// TestSealAfterCrash ends between the log and the database: the batch is added again, byte for byte, and proofs hold.
func TestSealAfterCrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.append(w.a, 4)
	open, err := w.store.Cut(t.Context(), 100)
	w.ok(err)
	for _, b := range open {
		_, err = w.svc.Log.Add(t.Context(), [][]byte{[]byte(b.Manifest)}) // and the process ends here
		w.ok(err)
	}
	again, err := w.store.Cut(t.Context(), 100)
	w.ok(err)
	if len(again) != len(open) || again[0].Manifest != open[0].Manifest {
		t.Fatalf("cut again: %+v", again)
	}
	_, err = w.svc.Seal(t.Context(), now)
	w.ok(err)
	p, err := w.svc.Prove(t.Context(), w.a.ReadScope, 2)
	w.ok(err)
	raw, err := json.Marshal(p)
	w.ok(err)
	if rep, err := verify.Proof(raw, verify.Options{}); err != nil || !rep.OK() {
		t.Errorf("%v %+v", err, rep)
	}
}

// TestGuard refuses to sign a second history: with the database of today and a log of yesterday, and the other way round.
func TestGuard(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		g := func(size int64, root string) error { return w.store.Guard(t.Context(), "o", size, root) }
		for _, c := range []struct {
			size int64
			root string
			ok   bool
		}{{1, "a", true}, {1, "a", true}, {1, "b", false}, {5, "c", true}, {4, "d", false}, {5, "e", false}, {5, "c", true}, {6, "f", true}} {
			if err := g(c.size, c.root); (err == nil) != c.ok {
				t.Errorf("size %d root %s: %v", c.size, c.root, err)
			}
		}
		// A fresh log under the same origin must not get a signature once a larger one was signed.
		w.append(w.a, 3)
		_, err := w.svc.Seal(t.Context(), now)
		w.ok(err)
		w.append(w.a, 3)
		_, err = w.svc.Seal(t.Context(), now)
		w.ok(err)
		fork, err := tilelog.Open(filepath.Join(t.TempDir(), "fork"), w.skey, w.vkey, w.store.Guard)
		if err == nil { // it may open, but must not publish
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err = fork.Add(ctx, [][]byte{[]byte("another history")})
		}
		if err == nil || !strings.Contains(err.Error(), "older backup") {
			t.Errorf("a forked log was signed: %v", err)
		}
	})
}

func TestErase(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.append(w.a, 4)
		for name, c := range map[string]struct {
			seqs  []int64
			basis string
			kind  errs.Kind
		}{
			"nothing":      {nil, "request of the person", errs.Invalid},
			"no basis":     {[]int64{3}, "because", errs.Invalid},
			"no such":      {[]int64{3, 99}, "request of the person", errs.NotFound},
			"other org's":  {[]int64{7}, "request of the person", errs.NotFound},
			"itself twice": {[]int64{3, 3}, "request of the person", errs.NotFound},
		} {
			if _, err := w.svc.Erase(t.Context(), w.a, now, c.seqs, c.basis); !errs.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		by, err := w.svc.Erase(t.Context(), w.a, now, []int64{3, 4}, "request of the person")
		w.ok(err)
		e, err := w.store.Entry(t.Context(), w.a.ReadScope, 3)
		w.ok(err)
		if e.Payload != "" || e.Salt != "" || e.Erased != by || e.PayloadHash == "" {
			t.Errorf("%+v", e)
		}
		if _, err := w.svc.Erase(t.Context(), w.a, now, []int64{by}, "hide the erasure itself"); !errs.Is(err, errs.NotFound) {
			t.Errorf("an erasure record was erased: %v", err)
		}
		_, err = w.svc.Seal(t.Context(), now)
		w.ok(err)
		p, err := w.svc.Prove(t.Context(), w.a.ReadScope, 3)
		w.ok(err)
		raw, err := json.Marshal(p)
		w.ok(err)
		if bytes.Contains(raw, []byte("ann@")) {
			t.Error("the erased payload is in the proof")
		}
		if rep, err := verify.Proof(raw, verify.Options{}); err != nil || !rep.OK() || rep.Withheld != 1 {
			t.Errorf("%v %+v", err, rep)
		}
	})
}

// TestPayloadIsNotInTheEntry: what leaves the organisation says nothing about people.
func TestPayloadIsNotInTheEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.append(w.a, 1)
	e, err := w.store.Entry(t.Context(), w.a.ReadScope, 3)
	w.ok(err)
	line, err := e.Canonical()
	w.ok(err)
	if strings.Contains(string(line), "ann@") || !strings.Contains(e.Payload, "ann@") {
		t.Errorf("%s", line)
	}
}
