package evaluatesql_test

import (
	"context"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/evaluate"
)

// sound is a test that keeps every rule; each case below breaks one.
const sound = `id: okta-sound-test
version: 1
title: Accounts are few
asks: Is everything as it should be?
kind: state
severity: low
controls: [IAM-02]
inputs: [okta.user_account]
params:
  days: {type: bigint, default: "90", unit: days, meaning: How long.}
counted: An account
population: SELECT id AS item_id FROM okta.user_account
sql: |
  SELECT id AS item_id, login AS item_label,
    CASE WHEN last_sign_in_at IS NULL THEN 'unknown'
         WHEN last_sign_in_at >= $as_of - to_days($days::INTEGER) THEN 'pass'
         ELSE 'fail' END AS outcome,
    NULL AS reason
  FROM okta.user_account
fix: Mend it.
fixtures:
  - name: three
    as_of: 2026-03-01T00:00:00Z
    facts:
      okta.user_account:
        - {id: a, login: a, status: active, last_sign_in_at: 2026-02-01T00:00:00Z}
        - {id: b, login: b, status: active, last_sign_in_at: 2025-02-01T00:00:00Z}
        - {id: c, login: c, status: active}
    expect: {a: pass, b: fail, c: unknown}
`

func lint(t *testing.T, e *evaluatesqlEngine, text string) error {
	t.Helper()
	d, err := evaluate.Parse([]byte(text))
	if err != nil {
		return err
	}
	return evaluate.Lint(context.Background(), e, d)
}

func TestLint(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	if err := lint(t, e, sound); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":            {"severity: low", "severity: low\ncolour: red", "unknown field"},
		"no version":             {"version: 1", "version: 0", "version is missing"},
		"bad id":                 {"id: okta-sound-test", "id: Okta", "not of the form"},
		"no question":            {"should be?", "should be.", "one question"},
		"bad severity":           {"severity: low", "severity: awful", "severity"},
		"bad control":            {"[IAM-02]", "[iam2]", "no control reference"},
		"no such resource":       {"[okta.user_account]", "[okta.user_accounts]", "no resource"},
		"window of a state test": {"kind: state", "kind: state\nwindow: 8d", "no window"},
		"bad parameter default":  {`default: "90"`, `default: "many"`, "default of days"},
		"clock":                  {"$as_of - to_days", "now()::TIMESTAMP - to_days", "now depends on more than the facts"},
		"bare clock":             {"$as_of - to_days", "current_date::TIMESTAMP - to_days", "current_date"},
		"chance":                 {"NULL AS reason", "random()::VARCHAR AS reason", "random"},
		"unordered":              {"NULL AS reason", "(SELECT string_agg(login, ',') FROM okta.user_account) AS reason", "order of rows"},
		"sample":                 {"FROM okta.user_account\nfix", "FROM okta.user_account USING SAMPLE 50%\nfix", "samples"},
		"file":                   {"NULL AS reason", "(SELECT content FROM read_text('/etc/passwd')) AS reason", "read_text is not allowed"},
		"undeclared input":       {"NULL AS reason", "(SELECT max(id) FROM okta.auth_factor) AS reason", "not a declared input"},
		"undeclared parameter":   {"$days::INTEGER", "$weeks::INTEGER", "$weeks is not declared"},
		"input not read":         {"[okta.user_account]", "[okta.user_account, okta.auth_factor]", "declared but not read"},
		"two statements":         {"FROM okta.user_account\nfix", "FROM okta.user_account; DROP TABLE x\nfix", "sql"},
		"pass is the rest": {`'pass'
         ELSE 'fail'`, `'pass' WHEN last_sign_in_at < $as_of THEN 'fail'
         ELSE 'pass'`, "nothing else matched"},
		"pass by coalesce":     {"CASE WHEN last_sign_in_at IS NULL THEN 'unknown'", "CASE WHEN last_sign_in_at IS NULL THEN coalesce(NULL, 'pass')", "nothing else matched"},
		"missing becomes pass": {"WHEN last_sign_in_at >= $as_of", "WHEN coalesce(last_sign_in_at, $as_of) >= $as_of", "a is \"unknown\", expected pass"},
		"row missing":          {"FROM okta.user_account\nfix", "FROM okta.user_account WHERE id <> 'b'\nfix", "have no verdict (b)"},
		"row too much":         {"population: SELECT id AS item_id FROM okta.user_account", "population: SELECT id AS item_id FROM okta.user_account WHERE id <> 'c'", "not in the population"},
		"row twice":            {"FROM okta.user_account\nfix", "FROM okta.user_account JOIN range(2) ON TRUE\nfix", "judged twice"},
		"fifth outcome":        {"ELSE 'fail'", "ELSE 'warning'", "neither pass, fail"},
		"NULL outcome":         {"ELSE 'fail' END", "END", "neither pass, fail"},
		"no reason column":     {"NULL AS reason", "NULL AS because", "no column reason"},
		"wrong expectation":    {"b: fail", "b: pass", `b is "fail", expected pass`},
		"no failing fixture": {`        - {id: b, login: b, status: active, last_sign_in_at: 2025-02-01T00:00:00Z}
`, "", `b is "", expected fail`},
		"unexpected item":           {", c: unknown}", "}", "c is unknown and not among"},
		"unknown column":            {"{id: c, login: c, status: active}", "{id: c, login: c, status: active, colour: red}", "no column"},
		"occurrence without a time": {"kind: state", "kind: occurrence", "occurred_at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(sound, c.old) {
				t.Fatalf("the sound test has no %q", c.old)
			}
			text := strings.Replace(sound, c.old, c.new, 1)
			if name == "missing becomes pass" { // the ordinary way to write a false pass
				text = strings.Replace(sound, "CASE WHEN last_sign_in_at IS NULL THEN 'unknown'\n         WHEN last_sign_in_at >=", "CASE WHEN id = 'c' THEN 'unknown'\n         WHEN coalesce(last_sign_in_at, $as_of) >=", 1)
				c.want = "must not become pass"
			}
			err := lint(t, e, text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nexpected %q", err, c.want)
			}
		})
	}
}

// TestNullOK accepts a column that may be missing when the reason is stated.
func TestNullOK(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	text := strings.Replace(sound, "CASE WHEN last_sign_in_at IS NULL THEN 'unknown'\n         WHEN last_sign_in_at >=", "CASE WHEN id = 'c' THEN 'unknown'\n         WHEN coalesce(last_sign_in_at, $as_of) >=", 1)
	text = strings.Replace(text, "fix: Mend it.", "fix: Mend it.\nnull_ok: {last_sign_in_at: A new account has not signed in yet.}", 1)
	if err := lint(t, e, text); err != nil {
		t.Error(err)
	}
}

// FuzzParse feeds damaged definitions: they are refused or read, never fatal.
func FuzzParse(f *testing.F) {
	f.Add(sound)
	f.Add("id: [")
	f.Add("fixtures:\n - expect: {1: 2}")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := evaluate.Parse([]byte(s))
		if err == nil && (d.ID == "" || d.SQL == "" || len(d.Controls) == 0) {
			t.Errorf("accepted an empty definition: %q", s)
		}
	})
}
