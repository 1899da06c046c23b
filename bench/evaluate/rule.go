package main

import (
	"fmt"
	"strings"
	"time"
)

// asOf is the instant at which the rules judge: every date difference is measured from it.
var asOf = time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC)

// term is one condition in the three languages. Each is written as somebody fluent in the language would write it.
type term struct{ sql, cel, rego string }

// rule judges one account. It belongs to the population when every term of counted holds; it is unknown when a needed
// column is missing; it fails when all terms of any alternative of fail hold; otherwise it passes.
type rule struct {
	id, title string
	counted   []term
	needs     []string
	fail      [][]term
}

// nullable are the columns that may be missing; id, login and status never are.
var nullable = map[string]bool{
	"email": true, "display_name": true, "kind": true, "employee_number": true, "admin": true, "second_factor": true, "external": true,
	"created_at": true, "activated_at": true, "status_changed_at": true, "last_sign_in_at": true, "password_changed_at": true,
}

func equal(col, value string) term {
	return term{fmt.Sprintf("%s IS NOT DISTINCT FROM '%s'", col, value), fmt.Sprintf("%s == %q", col, value), fmt.Sprintf("input.%s == %q", col, value)}
}

func unequal(col, value string) term {
	return term{fmt.Sprintf("%s IS DISTINCT FROM '%s'", col, value), fmt.Sprintf("%s != %q", col, value), fmt.Sprintf("input.%s != %q", col, value)}
}

func oneOf(col string, values ...string) term {
	quoted := `"` + strings.Join(values, `", "`) + `"`
	return term{fmt.Sprintf("%s IN ('%s')", col, strings.Join(values, "', '")), fmt.Sprintf("%s in [%s]", col, quoted), fmt.Sprintf("input.%s in {%s}", col, quoted)}
}

func is(col string) term {
	return term{col + " IS TRUE", col + " == true", "input." + col + " == true"}
}

func isNot(col string) term {
	return term{col + " IS FALSE", col + " == false", "input." + col + " == false"}
}

func missing(col string) term {
	return term{col + " IS NULL", col + " == null", "input." + col + " == null"}
}

func differ(a, b string) term {
	return term{a + " <> " + b, a + " != " + b, fmt.Sprintf("input.%s != input.%s", a, b)}
}

func before(a, b string) term {
	return term{a + " < " + b, a + " < " + b, fmt.Sprintf("input.%s < input.%s", a, b)}
}

func lacksSuffix(col, suffix string) term {
	return term{fmt.Sprintf("NOT ends_with(%s, '%s')", col, suffix), fmt.Sprintf("!%s.endsWith(%q)", col, suffix), fmt.Sprintf("not endswith(input.%s, %q)", col, suffix)}
}

func lacksPrefix(col, prefix string) term {
	return term{fmt.Sprintf("NOT starts_with(%s, '%s')", col, prefix), fmt.Sprintf("!%s.startsWith(%q)", col, prefix), fmt.Sprintf("not startswith(input.%s, %q)", col, prefix)}
}

// older holds when an instant lies more than some days before asOf. The limit is a constant in each language, which is
// what an engine would make of it.
func older(col string, days int) term { return limit(col, "<", days) }

// newer holds when an instant lies less than some days before asOf.
func newer(col string, days int) term { return limit(col, ">", days) }

func limit(col, op string, days int) term {
	at := asOf.AddDate(0, 0, -days)
	return term{
		fmt.Sprintf("%s %s $as_of - to_days(%d)", col, op, days),
		fmt.Sprintf("%s %s timestamp(%q)", col, op, at.Format(time.RFC3339)),
		fmt.Sprintf("input.%s %s %d", col, op, at.Unix()),
	}
}

// apart holds when a lies more than some hours after b.
func apart(a, b string, hours int) term {
	return term{
		fmt.Sprintf("%s - %s > to_hours(%d)", a, b, hours),
		fmt.Sprintf("%s - %s > duration(\"%dh\")", a, b, hours),
		fmt.Sprintf("input.%s - input.%s > %d", a, b, hours*3600),
	}
}

func join(terms []term, of func(term) string, with string) string {
	out := make([]string, len(terms))
	for i, t := range terms {
		out[i] = of(t)
	}
	return strings.Join(out, with)
}

func asSQL(t term) string  { return t.sql }
func asCEL(t term) string  { return t.cel }
func asRego(t term) string { return t.rego }

// alternatives joins the ways to fail, each in parentheses.
func (r rule) alternatives(of func(term) string, and, or string) string {
	out := make([]string, len(r.fail))
	for i, a := range r.fail {
		out[i] = "(" + join(a, of, and) + ")"
	}
	return strings.Join(out, or)
}

// definition is the rule as a test of the program, written in the manner of its library.
func (r rule) definition() string {
	where := ""
	if len(r.counted) > 0 {
		where = " WHERE " + join(r.counted, asSQL, " AND ")
	}
	unknown := ""
	for _, c := range r.needs {
		unknown += fmt.Sprintf("      WHEN %s IS NULL THEN 'unknown'\n", c)
	}
	fail := r.alternatives(asSQL, " AND ", " OR ")
	return fmt.Sprintf(`id: %s
version: 1
title: %s
asks: Does it hold that %s?
kind: state
severity: medium
controls: [IAM-01]
inputs: [okta.user_account]
counted: An account
population: |
  SELECT id AS item_id FROM okta.user_account%s
sql: |
  SELECT id AS item_id, login AS item_label,
    CASE
%s      WHEN %s THEN 'fail'
      WHEN NOT (%s) THEN 'pass'
      ELSE 'unknown'
    END AS outcome,
    CASE WHEN %s THEN %s END AS reason
  FROM okta.user_account%s
fix: Correct the account.
`, r.id, r.title, strings.ToLower(r.title[:1])+r.title[1:], where, unknown, fail, fail, fail, quoteSQL("not so: "+r.title), where)
}

// count is the rule as a statement that counts its outcomes and does nothing else: what DuckDB needs at the least.
func (r rule) count() string {
	where := ""
	if len(r.counted) > 0 {
		where = " WHERE " + join(r.counted, asSQL, " AND ")
	}
	unknown := ""
	for _, c := range r.needs {
		unknown += "WHEN " + c + " IS NULL THEN 'unknown' "
	}
	fail := r.alternatives(asSQL, " AND ", " OR ")
	return fmt.Sprintf("SELECT outcome, count(*) FROM (SELECT CASE %sWHEN %s THEN 'fail' WHEN NOT (%s) THEN 'pass' ELSE 'unknown' END AS outcome FROM account%s) GROUP BY outcome",
		unknown, fail, fail, where)
}

// expression is the rule in CEL; "" stands for what is outside of the population.
func (r rule) expression() string {
	s := ""
	if len(r.counted) > 0 {
		s = "!(" + join(r.counted, asCEL, " && ") + `) ? "" : `
	}
	for _, c := range r.needs {
		s += c + ` == null ? "unknown" : `
	}
	return s + r.alternatives(asCEL, " && ", " || ") + ` ? "fail" : "pass"`
}

// policy is the rule in Rego, as one rule with alternatives in order.
func (r rule) policy(name string) string {
	var arms []string
	if len(r.counted) > 0 {
		arms = append(arms, fmt.Sprintf("\"\" if {\n\tnot %s_counted\n}", name))
	}
	for _, c := range r.needs {
		arms = append(arms, fmt.Sprintf("\"unknown\" if {\n\tinput.%s == null\n}", c))
	}
	for _, a := range r.fail {
		arms = append(arms, fmt.Sprintf("\"fail\" if {\n\t%s\n}", join(a, asRego, "\n\t")))
	}
	s := fmt.Sprintf("%s := %s else := \"pass\"\n", name, strings.Join(arms, " else := "))
	if len(r.counted) > 0 {
		s += fmt.Sprintf("\n%s_counted if {\n\t%s\n}\n", name, join(r.counted, asRego, "\n\t"))
	}
	return s
}

// module is all rules as one Rego module whose answer is an array of outcomes in order.
func module(rules []rule) string {
	var b strings.Builder
	b.WriteString("package bench\n\n")
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = fmt.Sprintf("r%02d", i+1)
		b.WriteString(r.policy(names[i]) + "\n")
	}
	b.WriteString("verdicts := [" + strings.Join(names, ", ") + "]\n")
	return b.String()
}

func quoteSQL(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
