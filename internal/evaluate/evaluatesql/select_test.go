package evaluatesql_test

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestSelect: an auditor's statement reads the snapshots it was given and nothing else.
func TestSelect(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.accounts(2, "a b", "c", "")
		res, err := w.evidence.Items(t.Context(), w.scope.ReadScope, evidence.Filter{}, paging.Query{})
		w.ok(err)
		run := func(sql string, most int) (evaluate.Selected, error) {
			return w.svc.Select(t.Context(), w.scope.ReadScope, evaluate.Selection{SQL: sql, Evidence: res.Rows, From: day(1), To: day(9), Most: most})
		}
		got, err := run("SELECT id AS item_id, login, $from_at AS since FROM okta.user_account WHERE id <> 'b' ORDER BY login;", 10)
		w.ok(err)
		if len(got.Rows) != 2 || strings.Join(got.Columns, " ") != "item_id login since" || string(got.Rows[0]["item_id"]) != `"a"` || len(got.Hash) != 64 {
			t.Errorf("%+v", got)
		}
		for sql, part := range map[string]string{
			"": "write one SELECT", "DELETE FROM okta.user_account": "SELECT", "SELECT 1 AS item_id; SELECT 2 AS item_id": "SELECT", "SELECT * FROM read_text('/etc/passwd')": "not allowed",
			"SELECT '/etc/passwd' AS item_id FROM '/etc/passwd'": "which is not a declared", "SELECT random() AS item_id FROM okta.user_account": "depends on more", "SELECT id FROM okta.user_account": "item_id",
			"SELECT id AS item_id FROM github.repository": "not a declared input", "SELECT 'x' AS item_id FROM okta.user_account": "tell rows apart", "SELECT id AS item_id, 1 AS outcome FROM okta.user_account": "outcome",
			"SELECT id AS item_id FROM okta.user_account USING SAMPLE 1": "samples", "SELECT NULL::VARCHAR AS item_id FROM okta.user_account": "no item_id", "COPY (SELECT 1) TO '/tmp/x'": "SELECT",
			"SELECT i::VARCHAR AS item_id FROM range(30) t(i)": "at most 10",
		} {
			if _, err := run(sql, 10); err == nil || !strings.Contains(err.Error()+errs.HintOf(err), part) || !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Exhausted) {
				t.Errorf("%s: %v, want %q", sql, err, part)
			}
		}
		if _, err := w.svc.Select(t.Context(), w.other.ReadScope, evaluate.Selection{SQL: "SELECT id AS item_id FROM okta.user_account", Most: 10}); !errs.Is(err, errs.Invalid) {
			t.Error("without evidence:", err)
		}
	})
}
