package evaluatesql_test

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evaluate/evaluatesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// own is a test of an organisation's own.
func own(id string) string { return strings.Replace(sound, "okta-sound-test", id, 1) }

const because = "asked for by the review of access"

// TestDrafts takes a test of an organisation's own through everything that can happen to it.
func TestDrafts(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		store := w.svc.Store.(*evaluatesql.Store)
		w.svc.Drafts = store
		refused := func(err error, k errs.Kind, part string) {
			t.Helper()
			if !errs.Is(err, k) || !strings.Contains(err.Error(), part) {
				t.Errorf("%v (%v), want %v with %q", err, errs.KindOf(err), k, part)
			}
		}
		_, err := w.svc.ProposeTest(ctx, w.scope, day(2), own("okta-own-test")+"colour: red\n", 0, "")
		refused(err, errs.Invalid, "unknown field")
		_, err = w.svc.ProposeTest(ctx, w.scope, day(2), strings.Replace(own("okta-own-test"), "ELSE 'fail'", "ELSE 'pass'", 1), 0, "")
		refused(err, errs.Invalid, "pass is what remains")
		_, err = w.svc.ProposeTest(ctx, w.scope, day(2), own("okta-account-idle"), 0, "")
		refused(err, errs.Conflict, "belongs to the library")
		d, err := w.svc.ProposeTest(ctx, w.scope, day(2), own("okta-own-test"), 0, "")
		w.ok(err)
		if d.Version != 1 || d.N != 1 || d.Status != evaluate.Waiting {
			t.Errorf("first draft: %+v", d)
		}
		_, err = w.svc.ProposeTest(ctx, w.second, day(3), own("okta-own-test"), 0, "")
		refused(err, errs.Conflict, "proposed meanwhile")
		if v, err := store.Versions(ctx, w.scope.ReadScope, "okta-own-test"); err != nil || len(v) != 0 {
			t.Errorf("a draft counts already: %v %v", v, err)
		}
		_, err = w.svc.ApproveTest(ctx, w.scope, day(3), "okta-own-test", 1)
		refused(err, errs.Denied, "somebody else approves")
		_, err = w.svc.ApproveTest(ctx, w.other, day(3), "okta-own-test", 1)
		refused(err, errs.NotFound, "nothing is proposed")
		_, err = w.svc.ApproveTest(ctx, w.second, day(3), "okta-own-test", 1)
		w.ok(err)
		_, err = w.svc.ApproveTest(ctx, w.second, day(3), "okta-own-test", 1)
		refused(err, errs.Conflict, "is approved")
		w.ok(store.Install(ctx, w.scope, installed(t, store, w.scope, map[string]string{"days": "30"})))

		// A change is a version of its own, needs a reason, and keeps the values that were set.
		changed := strings.Replace(own("okta-own-test"), "Accounts are few", "Accounts are used", 1)
		_, err = w.svc.ProposeTest(ctx, w.second, day(4), changed, 1, "short")
		refused(err, errs.Invalid, "at least 10")
		d, err = w.svc.ProposeTest(ctx, w.second, day(4), changed, 1, because)
		w.ok(err)
		if d.Version != 2 || !strings.Contains(d.Text, "version: 2\n") {
			t.Errorf("second draft: %d %s", d.Version, d.Text)
		}
		again, err := w.svc.ProposeTest(ctx, w.second, day(5), strings.Replace(changed, "are used", "are in use", 1), 2, because)
		w.ok(err)
		_, err = w.svc.ApproveTest(ctx, w.scope, day(5), "okta-own-test", 2)
		refused(err, errs.Conflict, "proposed meanwhile")
		_, err = w.svc.WithdrawTest(ctx, w.scope, day(5), "okta-own-test", 3, "no")
		refused(err, errs.Invalid, "at least 10")
		_, err = w.svc.WithdrawTest(ctx, w.scope, day(5), "okta-own-test", 3, because)
		w.ok(err)
		_, err = w.svc.ApproveTest(ctx, w.scope, day(5), "okta-own-test", again.N)
		refused(err, errs.Conflict, "is withdrawn")
		_, err = w.svc.ProposeTest(ctx, w.second, day(6), changed, 3, because)
		w.ok(err)
		_, err = w.svc.ApproveTest(ctx, w.scope, day(6), "okta-own-test", 4)
		w.ok(err)
		v, err := store.Versions(ctx, w.scope.ReadScope, "okta-own-test")
		w.ok(err)
		if len(v) != 2 || v[0].Definition.Version != 2 || v[0].Params["days"] != "30" || v[0].Library {
			t.Errorf("versions: %+v", v)
		}
		all, err := store.Drafts(ctx, w.scope.ReadScope, "okta-own-test", "")
		w.ok(err)
		var states []string
		for _, d := range all {
			states = append(states, string(d.Status))
		}
		if got := strings.Join(states, " "); got != "approved withdrawn replaced approved" {
			t.Errorf("drafts: %s", got)
		}

		// Without the rule a test counts as soon as it is written.
		w.ok(w.svc.SetSecondPerson(ctx, w.scope, day(7), false))
		if second, err := store.SecondPerson(ctx, w.other.ReadScope); err != nil || !second {
			t.Errorf("the rule of another organisation changed: %v", err)
		}
		d, err = w.svc.ProposeTest(ctx, w.scope, day(7), own("okta-quick-test"), 0, "")
		w.ok(err)
		if v, err := store.Versions(ctx, w.scope.ReadScope, "okta-quick-test"); err != nil || len(v) != 1 || d.Status != evaluate.Approved {
			t.Errorf("without the rule: %+v %v %v", d, v, err)
		}
	})
}

// installed is the own test with values for its parameters.
func installed(t *testing.T, store *evaluatesql.Store, scope access.Scope, params map[string]string) evaluate.Installed {
	t.Helper()
	v, err := store.Versions(t.Context(), scope.ReadScope, "okta-own-test")
	if err != nil || len(v) == 0 {
		t.Fatal(err)
	}
	v[0].Params = params
	return v[0]
}

// TestReview: everything that is wrong is said at its field, with the line.
func TestReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	for _, c := range []struct{ name, old, new, field, want string }{
		{"sound", "", "", "", ""},
		{"no YAML", "title: Accounts", "title: [", "", ""},
		{"unknown key", "severity: low", "severity: low\ncolour: red", "", "unknown field"},
		{"severity", "severity: low", "severity: lowest", "severity", "none of"},
		{"kind", "kind: state", "kind: mood", "kind", "neither state nor occurrence"},
		{"input", "okta.user_account]", "okta.user_account, okta.nothing]", "inputs", "no resource"},
		{"not read", "okta.user_account]", "okta.user_account, bamboohr.worker]", "inputs", "declared but not read"},
		{"syntax", "SELECT id AS item_id, login AS item_label,", "SELECT id AS item_id login AS item_label,", "sql", "syntax error"},
		{"two statements", "population: SELECT id AS item_id FROM okta.user_account", "population: SELECT 1; SELECT 2", "population", "only one SELECT"},
		{"files", "  FROM okta.user_account\nfix", "  FROM read_csv('/etc/passwd')\nfix", "sql", "read_csv is not allowed"},
		{"environment", "NULL AS reason", "getenv('HOME') AS reason", "sql", "depends on more than the facts"},
		{"clock", "$as_of - to_days", "now()::TIMESTAMP - to_days", "sql", "depends on more than the facts"},
		{"write", "population: SELECT id AS item_id FROM okta.user_account", "population: DELETE FROM okta.user_account", "population", "only one SELECT"},
		{"pass by default", "ELSE 'fail'", "ELSE 'pass'", "sql", "pass is what remains"},
		{"no verdict", "ELSE 'fail' END AS outcome", "END AS outcome", "sql", "neither pass, fail"},
		{"no outcome", "END AS outcome", "END AS verdict", "sql", "returns no column outcome"},
		{"twice", "  FROM okta.user_account\nfix", "  FROM okta.user_account, range(2)\nfix", "sql", "judged twice"},
		{"unit row", "b: fail", "b: pass", "fixtures", "did not come out as expected"},
		{"no unit row fails", "{a: pass, b: fail, c: unknown}", "{a: pass, b: pass, c: unknown}", "fixtures", "no unit row expects fail"},
		{"endless", "NULL AS reason", "(WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n > 0) SELECT count(*)::VARCHAR FROM r) AS reason", "sql", "longer than it may"},
	} {
		text := strings.Replace(sound, c.old, c.new, 1)
		r, err := w.svc.ReviewTest(t.Context(), w.scope, text)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.name == "sound" {
			if !r.OK() || len(r.Units) != 1 || !r.Units[0].OK() || len(r.Units[0].Rows) != 3 {
				t.Errorf("sound: %+v", r)
			}
			continue
		}
		found := false
		for _, f := range r.Findings {
			found = found || f.Field == c.field && strings.Contains(f.Text, c.want)
			if strings.Contains(f.Text, "to_json") || strings.Contains(f.Text, "LINE ") {
				t.Errorf("%s: the message shows what is around the statement: %s", c.name, f.Text)
			}
		}
		if !found || r.OK() {
			t.Errorf("%s: %+v, want %q at %q", c.name, r.Findings, c.want, c.field)
		}
	}
	if r, err := w.svc.ReviewTest(t.Context(), w.scope, strings.Replace(sound, "colour", "", 1)+"\n\ncolour: red\n"); err != nil || len(r.Findings) != 1 || r.Findings[0].Line == 0 {
		t.Errorf("a key that is not known has no line: %+v %v", r.Findings, err)
	}
}
