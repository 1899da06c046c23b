package collectsql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesssql"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger/ledgersql"
	"github.com/tickmark/tickmark/internal/platform/blob"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/platform/secret"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC)

// source is somebody else's system, as far as a connector sees it: a script of what it says.
type source struct {
	script func(ctx context.Context, e collect.Env, s collect.Sink) error
	log    bool
}

func (s *source) Describe() collect.Description {
	return collect.Description{
		Kind: "hr", Title: "HR", Version: 3, Log: s.log, Resources: []string{"worker", "audit_event"},
		Fields: []collect.Field{{Name: "company", Title: "a company", Required: true}, {Name: "region", Default: "eu"}, {Name: "key", Title: "a key", Secret: true, Required: true}},
	}
}

func (s *source) Check(context.Context, collect.Env) ([]collect.Permission, error) { return nil, nil }

func (s *source) Collect(ctx context.Context, e collect.Env, sink collect.Sink) error {
	return s.script(ctx, e, sink)
}

type world struct {
	t        *testing.T
	svc      *collect.Service
	evidence *evidencesql.Store
	scope    access.Scope
	other    access.Scope
	src      *source
	lake     string
	logs     *strings.Builder
	dead     map[string]bool
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	dir := t.TempDir()
	box, err := secret.Open(filepath.Join(dir, "key.json"))
	if err != nil {
		t.Fatal(err)
	}
	led := &ledgersql.Store{DB: db}
	acc := &access.Service{Store: &accesssql.Store{DB: db}, Credentials: &accesssql.Store{DB: db}, Tx: db, Recorder: led, Sealer: box}
	w := &world{t: t, src: &source{}, lake: filepath.Join(dir, "lake"), logs: &strings.Builder{}, dead: map[string]bool{}}
	for i, s := range []*access.Scope{&w.scope, &w.other} {
		o, _, err := acc.CreateOrg(t.Context(), now, "test", access.NewOrg{Slug: fmt.Sprint("org", i), Name: "Northwind"}, access.NewUser{Email: fmt.Sprintf("o%d@northwind.example", i), Name: "Owner"})
		w.ok(err)
		*s, err = acc.Operator(t.Context(), o.ID, "test")
		w.ok(err)
	}
	w.evidence = &evidencesql.Store{DB: db, Ledger: led}
	w.svc = &collect.Service{
		Connectors: map[string]collect.Connector{"hr": w.src}, Store: &collectsql.Store{DB: db}, Files: collectsql.Files{Lake: lake.Dir{Root: w.lake}},
		Evidence: w.evidence, Blobs: evidencesql.Blobs{Dir: blob.Dir{Root: filepath.Join(dir, "blobs")}}, Sealer: box, Ledger: led, Tx: db,
		HTTP: func(collect.Connection) (*http.Client, func() (int64, int64)) {
			return http.DefaultClient, func() (int64, int64) { return 7, 2 }
		},
		Alive: func(o string) bool { return !w.dead[o] }, Owner: "me", Build: "test", Log: slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) connect() collect.Connection {
	w.t.Helper()
	c, err := w.svc.Connect(w.t.Context(), w.scope, now, collect.NewConnection{Kind: "hr", Name: "hr-main", Settings: map[string]string{"company": "northwind"}, Secrets: map[string]string{"key": "s3cret-key"}})
	w.ok(err)
	return c
}

func (w *world) run(at time.Time, script func(ctx context.Context, e collect.Env, s collect.Sink) error) (collect.Run, error) {
	w.t.Helper()
	c, err := w.svc.Store.Connection(w.t.Context(), w.scope.ReadScope, "hr-main")
	w.ok(err)
	w.src.script = script
	return w.svc.Run(w.t.Context(), w.scope, collect.Request{Connection: c, Trigger: "by hand", Now: at, Clock: func() time.Time { return at.Add(time.Minute) }})
}

func workers(s collect.Sink, n int) error {
	for i := range n {
		if err := s.Emit(&collect.Worker{ID: fmt.Sprint("w", i), Email: collect.Ptr("a@northwind.example"), Meta: collect.Meta{Raw: `{"id":1}`}}); err != nil {
			return err
		}
	}
	s.Page("worker", "GET /employees")
	return nil
}

func result(r collect.Run, resource string) collect.Result {
	for _, x := range r.Results {
		if x.Resource == resource {
			return x
		}
	}
	return collect.Result{}
}

func TestCompleteRun(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.connect()
		r, err := w.run(now, func(_ context.Context, e collect.Env, s collect.Sink) error {
			if e.Secrets["key"] != "s3cret-key" || e.Settings["company"] != "northwind" || e.Settings["region"] != "eu" || !e.Since.IsZero() || !e.Until.Equal(now) {
				t.Errorf("%+v", e)
			}
			s.Total("worker", 3, "GET /count")
			return workers(s, 3)
		})
		w.ok(err)
		if r.Status != collect.Complete || r.Facts() != 3 || result(r, "worker").Completeness != evidence.Proven || result(r, "audit_event").Completeness != evidence.Asserted {
			t.Errorf("%+v", r)
		}
		items, err := w.evidence.Items(t.Context(), w.scope.ReadScope, evidence.Filter{RunID: string(r.ID)}, paging.Query{})
		w.ok(err)
		if items.Total != 2 || items.Rows[0].Ref == items.Rows[1].Ref || items.Rows[0].Seq == 0 || items.Rows[0].ManifestSHA256 != r.ManifestSHA256 {
			t.Errorf("%+v", items.Rows)
		}
		body, err := w.svc.Blobs.Content(r.ManifestSHA256)
		w.ok(err)
		var m collect.Manifest
		w.ok(json.Unmarshal(body, &m))
		if m.Collector != "hr 3" || m.Requests != 7 || m.Retries != 2 || m.Actor != "operator:test" || len(m.Resources) != 2 || canon.Sum(body) != r.ManifestSHA256 {
			t.Errorf("%s", body)
		}
		if strings.Contains(string(body), "s3cret") || strings.Contains(w.logs.String(), "s3cret") {
			t.Error("the secret is in the manifest or the log")
		}
		st, err := os.Stat(filepath.Join(w.lake, result(r, "worker").File.Path))
		if err != nil || st.Size() != result(r, "worker").File.Bytes {
			t.Errorf("%v %v", st, err)
		}
		if other, err := w.evidence.Items(t.Context(), w.other.ReadScope, evidence.Filter{}, paging.Query{}); err != nil || other.Total != 0 {
			t.Errorf("another organisation sees %d items, %v", other.Total, err)
		}
		// The next run continues the stream where this one ended.
		_, err = w.run(now.Add(24*time.Hour), func(_ context.Context, e collect.Env, s collect.Sink) error {
			if !e.Since.Equal(now) {
				t.Errorf("since %v", e.Since)
			}
			return workers(s, 3)
		})
		w.ok(err)
	})
}

// TestIncomplete goes through everything that makes a resource incomplete. It is marked, it never replaces what was
// complete, and a stream is read again from where it was complete.
func TestIncomplete(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script func(ctx context.Context, e collect.Env, s collect.Sink) error
		status collect.RunStatus
		gap    string
	}{
		"says 212 and sends 211": {func(_ context.Context, _ collect.Env, s collect.Sink) error {
			s.Total("worker", 212, "GET /count")
			return workers(s, 211)
		}, collect.Partial, "the source says 212, 211 were received (GET /count)"},
		"one page failed": {func(_ context.Context, _ collect.Env, s collect.Sink) error {
			s.Failed("worker", errs.New(errs.Denied, "GET /employees page 3: 403 Forbidden"))
			return workers(s, 100)
		}, collect.Partial, "page 3: 403"},
		"the run ended early": {func(_ context.Context, _ collect.Env, s collect.Sink) error {
			w := workers(s, 5)
			return errors.Join(w, errs.New(errs.Unavailable, "connection reset"))
		}, collect.Failed, "connection reset"},
		"the connector panicked": {func(_ context.Context, _ collect.Env, s collect.Sink) error {
			_ = workers(s, 5)
			panic("index out of range")
		}, collect.Failed, "index out of range"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sqldbtest.SQLite(t))
			w.connect()
			_, err := w.run(now, func(_ context.Context, _ collect.Env, s collect.Sink) error { return workers(s, 10) })
			w.ok(err)
			r, err := w.run(now.Add(24*time.Hour), c.script)
			w.ok(err)
			x := result(r, "worker")
			if r.Status != c.status || x.Completeness != evidence.Incomplete || !strings.Contains(x.Gap, c.gap) {
				t.Errorf("%s: %+v", r.Status, x)
			}
			latest, err := w.evidence.Latest(t.Context(), w.scope.ReadScope, "hr", "worker", now.Add(25*time.Hour))
			w.ok(err)
			if len(latest) != 1 || latest[0].Completeness.Usable() {
				t.Errorf("the newest attempt is hidden: %+v", latest)
			}
			before, err := w.evidence.Latest(t.Context(), w.scope.ReadScope, "hr", "worker", now.Add(time.Hour))
			w.ok(err)
			if len(before) != 1 || before[0].Rows != 10 {
				t.Errorf("the complete one is gone: %+v", before)
			}
			conn, err := w.svc.Store.Connection(t.Context(), w.scope.ReadScope, "hr-main")
			w.ok(err)
			if moved := conn.Cursor.After(now); moved && c.status == collect.Failed {
				t.Errorf("the cursor moved to %v", conn.Cursor)
			}
		})
	}
}

func TestStreamGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.connect()
	event := func(s collect.Sink, id string) error {
		return s.Emit(&collect.AuditEvent{ID: id, OccurredAt: now, Action: "x"})
	}
	_, err := w.run(now, func(_ context.Context, _ collect.Env, s collect.Sink) error { return event(s, "1") })
	w.ok(err)
	_, err = w.run(now.Add(24*time.Hour), func(_ context.Context, _ collect.Env, s collect.Sink) error {
		s.Failed("audit_event", errors.New("timeout"))
		return event(s, "2")
	})
	w.ok(err)
	_, err = w.run(now.Add(48*time.Hour), func(_ context.Context, e collect.Env, s collect.Sink) error {
		if !e.Since.Equal(now) {
			t.Errorf("an incomplete increment moved the cursor: %v", e.Since)
		}
		return event(s, "2")
	})
	w.ok(err)
}

func TestDuplicatesAndBadFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.connect()
	r, err := w.run(now, func(_ context.Context, _ collect.Env, s collect.Sink) error {
		return errors.Join(workers(s, 3), workers(s, 2))
	})
	w.ok(err)
	if x := result(r, "worker"); x.Rows != 3 || x.Duplicates != 2 {
		t.Errorf("%+v", x)
	}
	r, err = w.run(now.Add(time.Hour), func(_ context.Context, _ collect.Env, s collect.Sink) error { return s.Emit(&collect.Worker{}) })
	w.ok(err)
	if r.Status != collect.Failed || !strings.Contains(r.Error, "without a key") {
		t.Errorf("%+v", r)
	}
}

func TestCancelKeepsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	c := w.connect()
	ctx, cancel := context.WithCancel(t.Context())
	w.src.script = func(_ context.Context, _ collect.Env, s collect.Sink) error {
		if err := workers(s, 5); err != nil {
			return err
		}
		cancel()
		return workers(s, 9)
	}
	r, err := w.svc.Run(ctx, w.scope, collect.Request{Connection: c, Now: now, Clock: func() time.Time { return now }})
	if !errors.Is(err, context.Canceled) || r.Status != collect.Cancelled {
		t.Fatalf("%+v %v", r, err)
	}
	w.nothingKept()
}

func (w *world) nothingKept() {
	w.t.Helper()
	items, err := w.evidence.Items(w.t.Context(), w.scope.ReadScope, evidence.Filter{}, paging.Query{})
	w.ok(err)
	if items.Total != 0 {
		w.t.Errorf("%d items are visible", items.Total)
	}
	w.ok(filepath.WalkDir(w.lake, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			w.t.Errorf("file left: %s", p)
		}
		return err
	}))
}

// TestCrash ends the process at each step of a run and starts again: either nothing of the run is there, or all of it.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"before the manifest", "before sealing", "after sealing"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sqldbtest.SQLite(t))
			c := w.connect()
			crash := &crashing{Store: w.svc.Store, evidence: w.evidence, step: step}
			w.svc.Store, w.svc.Evidence = crash, crash.items()
			w.src.script = func(_ context.Context, _ collect.Env, s collect.Sink) error { return workers(s, 4) }
			func() {
				defer func() { _ = recover() }()
				_, _ = w.svc.Run(t.Context(), w.scope, collect.Request{Connection: c, Now: now, Clock: func() time.Time { return now }})
			}()
			// The next process.
			w.svc.Store, w.svc.Evidence = crash.Store, w.evidence
			w.dead["me"] = true
			w.svc.Owner = "next"
			w.ok(w.svc.Recover(t.Context(), w.scope, now.Add(time.Hour)))
			runs, err := w.svc.Store.Runs(t.Context(), w.scope.ReadScope, "", paging.Query{})
			w.ok(err)
			if len(runs.Rows) != 1 || !runs.Rows[0].Status.Ended() {
				t.Fatalf("%+v", runs.Rows)
			}
			items, err := w.evidence.Items(t.Context(), w.scope.ReadScope, evidence.Filter{}, paging.Query{})
			w.ok(err)
			switch step {
			case "before the manifest":
				if runs.Rows[0].Status == collect.Complete {
					t.Errorf("%+v", runs.Rows[0])
				}
				w.nothingKept()
			default:
				if runs.Rows[0].Status != collect.Complete || items.Total != 2 {
					t.Errorf("%s, %d items", runs.Rows[0].Status, items.Total)
				}
			}
			_, err = w.run(now.Add(2*time.Hour), func(_ context.Context, _ collect.Env, s collect.Sink) error { return workers(s, 4) })
			w.ok(err)
		})
	}
}

type crashed struct{}

// crashing stops the run at a step by panicking where the process would have died.
type crashing struct {
	collect.Store
	evidence evidence.Store
	step     string
}

func (c *crashing) Fix(ctx context.Context, s access.Scope, r collect.Run) error {
	if c.step == "before the manifest" {
		panic(crashed{})
	}
	return c.Store.Fix(ctx, s, r)
}

func (c *crashing) Finish(ctx context.Context, s access.Scope, r collect.Run, cursor time.Time) error {
	panic(crashed{})
}

func (c *crashing) items() evidence.Store { return &crashingItems{c.evidence, c.step} }

type crashingItems struct {
	evidence.Store
	step string
}

func (c *crashingItems) Seal(ctx context.Context, s access.Scope, x evidence.Seal) ([]evidence.Item, error) {
	if c.step == "before sealing" {
		panic(crashed{})
	}
	return c.Store.Seal(ctx, s, x)
}

func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.connect()
		_, err := w.run(now, func(_ context.Context, _ collect.Env, s collect.Sink) error {
			_, err := w.run(now, func(context.Context, collect.Env, collect.Sink) error { return nil })
			if !errs.Is(err, errs.Conflict) {
				t.Errorf("a second run began: %v", err)
			}
			return nil
		})
		w.ok(err)
	})
}

func TestConnections(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		c := w.connect()
		stored, err := w.svc.Store.Connection(t.Context(), w.scope.ReadScope, "hr-main")
		w.ok(err)
		if stored.Sealed == "" || strings.Contains(stored.Sealed, "s3cret") {
			t.Error("the secret is not sealed")
		}
		add := func(n collect.NewConnection) error {
			_, err := w.svc.Connect(t.Context(), w.scope, now, n)
			return err
		}
		ok := collect.NewConnection{Kind: "hr", Name: "x", Settings: map[string]string{"company": "c"}, Secrets: map[string]string{"key": "k"}}
		for name, c := range map[string]struct {
			change func(n *collect.NewConnection)
			kind   errs.Kind
		}{
			"name taken":        {func(n *collect.NewConnection) { n.Name = "hr-main" }, errs.Conflict},
			"unknown kind":      {func(n *collect.NewConnection) { n.Kind = "fax" }, errs.Invalid},
			"bad name":          {func(n *collect.NewConnection) { n.Name = "../x" }, errs.Invalid},
			"unknown setting":   {func(n *collect.NewConnection) { n.Settings = map[string]string{"company": "c", "colour": "red"} }, errs.Invalid},
			"missing setting":   {func(n *collect.NewConnection) { n.Settings = nil }, errs.Invalid},
			"missing secret":    {func(n *collect.NewConnection) { n.Secrets = nil }, errs.Invalid},
			"secret as setting": {func(n *collect.NewConnection) { n.Settings = map[string]string{"company": "c", "key": "k"} }, errs.Invalid},
		} {
			n := ok
			c.change(&n)
			if err := add(n); !errs.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		c2, err := w.svc.Replace(t.Context(), w.scope, now, c, map[string]string{"company": "changed"}, nil)
		w.ok(err)
		_, err = w.run(now, func(_ context.Context, e collect.Env, _ collect.Sink) error {
			if e.Settings["company"] != "changed" || e.Secrets["key"] != "s3cret-key" {
				t.Errorf("%+v", e)
			}
			return nil
		})
		w.ok(err)
		if _, err := w.svc.Store.Connection(t.Context(), w.other.ReadScope, "hr-main"); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation's connection: %v", err)
		}
		if err := w.svc.Remove(t.Context(), w.other, now, c2); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation removed it: %v", err)
		}
		w.ok(w.svc.Remove(t.Context(), w.scope, now, c2))
		if _, err := w.svc.Store.Connection(t.Context(), w.scope.ReadScope, "hr-main"); !errs.Is(err, errs.NotFound) {
			t.Errorf("removed: %v", err)
		}
		w.connect() // the name is free again
	})
}
