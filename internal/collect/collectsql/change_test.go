package collectsql_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// service is a source with an address of its own, and what it says to a check.
type service struct {
	source
	check func(ctx context.Context, e collect.Env) ([]collect.Permission, error)
}

func (s *service) Describe() collect.Description {
	return collect.Description{
		Kind: "api", Title: "API", Version: 1, Resources: []string{"worker", "audit_event"},
		Fields: []collect.Field{
			{Name: "address", Title: "Address", Address: true, Default: "https://api.example"}, {Name: "topic", Title: "Topic"},
			{Name: "token", Title: "Token", Secret: true, Required: true}, {Name: "extra", Title: "Extra", Secret: true},
		},
	}
}

func (s *service) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	return s.check(ctx, e)
}

// TestChange: secrets stay unless they are given, dropped, or would go to another address; a change is made on top of the
// state that was seen; nothing else is touched.
func TestChange(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		api := &service{check: func(context.Context, collect.Env) ([]collect.Permission, error) { return nil, nil }}
		w.svc.Connectors["api"] = api
		c, err := w.svc.Connect(ctx, w.scope, now, collect.NewConnection{Kind: "api", Settings: map[string]string{"topic": "a"}, Secrets: map[string]string{"token": "t0ken", "extra": "m0re"}, Every: time.Hour})
		w.ok(err)
		secrets := func() map[string]string {
			stored, err := w.svc.Store.Connection(ctx, w.scope.ReadScope, "api")
			w.ok(err)
			var got map[string]string
			api.script = func(_ context.Context, e collect.Env, _ collect.Sink) error { got = maps.Clone(e.Secrets); return nil }
			_, err = w.svc.Run(ctx, w.scope, collect.Request{Connection: stored, Trigger: "test", Now: now, Clock: func() time.Time { return now }})
			w.ok(err)
			return got
		}
		for what, x := range map[string]struct {
			change collect.Change
			kind   errs.Kind
			field  string
		}{
			"another address, secrets kept":   {collect.Change{Settings: map[string]string{"address": "https://evil.example"}}, errs.Invalid, "token"},
			"another address, one kept":       {collect.Change{Settings: map[string]string{"address": "https://evil.example"}, Secrets: map[string]string{"token": "n"}}, errs.Invalid, "extra"},
			"the needed secret dropped":       {collect.Change{Forget: []string{"token"}}, errs.Invalid, "token"},
			"unknown setting":                 {collect.Change{Settings: map[string]string{"colour": "red"}}, errs.Invalid, "colour"},
			"too often":                       {collect.Change{Every: time.Minute}, errs.Invalid, "every"},
			"on a state that is not the last": {collect.Change{Base: c.Version() + 1}, errs.Conflict, ""},
		} {
			if _, err := w.svc.Change(ctx, w.scope, now, c.ID, x.change); !errs.Is(err, x.kind) || errs.FieldOf(err) != x.field {
				t.Errorf("%s: %v at %q", what, err, errs.FieldOf(err))
			}
		}
		if _, err := w.svc.Change(ctx, w.other, now, c.ID, collect.Change{}); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation: %v", err)
		}
		base := c.Version()
		c, err = w.svc.Change(ctx, w.scope, now, c.ID, collect.Change{Base: base, Settings: map[string]string{"topic": "b"}, Secrets: map[string]string{"token": ""}, Every: 2 * time.Hour})
		w.ok(err)
		if got := secrets(); got["token"] != "t0ken" || got["extra"] != "m0re" || c.Every != 2*time.Hour || c.Settings["topic"] != "b" {
			t.Errorf("%v %+v", got, c)
		}
		if _, err := w.svc.Change(ctx, w.scope, now, c.ID, collect.Change{Base: base}); !errs.Is(err, errs.Conflict) {
			t.Errorf("on the state before: %v", err)
		}
		_, err = w.svc.Change(ctx, w.scope, now, c.ID, collect.Change{Settings: map[string]string{"address": "https://new.example"}, Secrets: map[string]string{"token": "new"}, Forget: []string{"extra"}})
		w.ok(err)
		if got := secrets(); len(got) != 1 || got["token"] != "new" {
			t.Errorf("%v", got)
		}
		w.ok(w.svc.Pause(ctx, w.scope, now, c.ID, true))
		w.ok(w.svc.Pause(ctx, w.scope, now, c.ID, true))
		if stored, err := w.svc.Store.Connection(ctx, w.scope.ReadScope, "api"); err != nil || !stored.Paused {
			t.Errorf("%+v %v", stored, err)
		}
		if err := w.svc.Pause(ctx, w.other, now, c.ID, false); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation resumes: %v", err)
		}
	})
}

// TestTry: a trial reports what the system says and keeps nothing: no run, no file, no secret in the clear.
func TestTry(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		api := &service{}
		w.svc.Connectors["api"] = api
		yes, no := true, false
		n := collect.NewConnection{Kind: "api", Name: "api", Secrets: map[string]string{"token": "t0ken"}}
		for what, x := range map[string]struct {
			perms   []collect.Permission
			err     error
			script  func(ctx context.Context, e collect.Env, s collect.Sink) error
			ok      bool
			failed  errs.Kind
			stopped bool
			rows    int64
		}{
			"fine":           {perms: []collect.Permission{{Name: "a", Granted: &yes}}, script: func(_ context.Context, _ collect.Env, s collect.Sink) error { return workers(s, 3) }, ok: true, rows: 3},
			"right missing":  {perms: []collect.Permission{{Name: "a", Granted: &yes}, {Name: "b", Granted: &no}}, script: func(_ context.Context, _ collect.Env, s collect.Sink) error { return workers(s, 1) }, rows: 1},
			"nothing":        {perms: []collect.Permission{{Name: "a", Granted: &no, Detail: "go away"}}, failed: errs.Denied},
			"no answer":      {err: errs.New(errs.Unavailable, "no such host"), failed: errs.Unavailable},
			"a panic":        {script: func(context.Context, collect.Env, collect.Sink) error { panic("x") }, failed: errs.Internal},
			"more than read": {script: func(_ context.Context, _ collect.Env, s collect.Sink) error { return workers(s, 10_000) }, ok: true, stopped: true, rows: 3000},
			"one part fails": {script: func(_ context.Context, _ collect.Env, s collect.Sink) error {
				s.Failed("audit_event", errs.New(errs.Denied, "not for you"))
				return workers(s, 1)
			}, rows: 1},
		} {
			api.check = func(context.Context, collect.Env) ([]collect.Permission, error) { return x.perms, x.err }
			api.script = x.script
			got, err := w.svc.Try(ctx, w.scope, now, n, "")
			w.ok(err)
			if got.OK() != x.ok || got.Stopped != x.stopped || (got.Failed != nil) != (x.failed != 0 || what == "a panic") || got.Failed != nil && !errs.Is(got.Failed, x.failed) {
				t.Errorf("%s: %+v", what, got)
			}
			if x.rows > 0 && (len(got.Reads) != 2 || got.Reads[0].Rows != x.rows) {
				t.Errorf("%s: %+v", what, got.Reads)
			}
			if strings.Contains(got.Held, "t0ken") || w.svc.Hold(w.scope, now, "api", got.Held)["token"] != "t0ken" {
				t.Errorf("%s: held %q", what, got.Held)
			}
			for where, h := range map[string]map[string]string{
				"another organisation": w.svc.Hold(w.other, now, "api", got.Held), "another kind": w.svc.Hold(w.scope, now, "hr", got.Held),
				"later": w.svc.Hold(w.scope, now.Add(2*time.Hour), "api", got.Held), "changed": w.svc.Hold(w.scope, now, "api", got.Held+"x"),
			} {
				if len(h) != 0 {
					t.Errorf("%s: %s reads the secrets", what, where)
				}
			}
		}
		for what, bad := range map[string]collect.NewConnection{
			"unknown kind": {Kind: "fax"}, "no secret": {Kind: "api"}, "unknown setting": {Kind: "api", Settings: map[string]string{"x": "y"}, Secrets: n.Secrets},
		} {
			if _, err := w.svc.Try(ctx, w.scope, now, bad, ""); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if open, err := w.svc.Store.Open(ctx, w.scope.ReadScope); err != nil || len(open) != 0 {
			t.Errorf("%d runs, %v", len(open), err)
		}
		if files, err := os.ReadDir(w.lake); err == nil && len(files) != 0 {
			t.Errorf("the lake holds %s", fmt.Sprint(files))
		}
		if strings.Contains(w.logs.String(), "t0ken") {
			t.Error("the secret is in the log")
		}
	})
}
