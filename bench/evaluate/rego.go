package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/collect"
)

func regoString(s *string) *ast.Term {
	if s == nil {
		return ast.NullTerm()
	}
	return ast.StringTerm(*s)
}

func regoBool(b *bool) *ast.Term {
	if b == nil {
		return ast.NullTerm()
	}
	return ast.BooleanTerm(*b)
}

func regoTime(t *time.Time) *ast.Term {
	if t == nil {
		return ast.NullTerm()
	}
	return ast.NumberTerm(json.Number(strconv.FormatInt(t.Unix(), 10)))
}

// regoOf is an account as an input that needs no parsing. Instants are seconds: Rego has no type for them.
func regoOf(a collect.UserAccount) ast.Value {
	pair := func(name string, v *ast.Term) [2]*ast.Term { return [2]*ast.Term{ast.StringTerm(name), v} }
	return ast.NewObject(
		pair("login", ast.StringTerm(a.Login)), pair("status", ast.StringTerm(a.Status)), pair("email", regoString(a.Email)),
		pair("display_name", regoString(a.DisplayName)), pair("kind", regoString(a.Kind)), pair("employee_number", regoString(a.EmployeeNumber)),
		pair("admin", regoBool(a.Admin)), pair("second_factor", regoBool(a.SecondFactor)), pair("external", regoBool(a.External)),
		pair("created_at", regoTime(a.CreatedAt)), pair("activated_at", regoTime(a.ActivatedAt)), pair("status_changed_at", regoTime(a.StatusChangedAt)),
		pair("last_sign_in_at", regoTime(a.LastSignInAt)), pair("password_changed_at", regoTime(a.PasswordChangedAt)))
}

// regoPart evaluates with OPA: one prepared query that answers all rules, asked once for each account.
func regoPart(t task) (result, error) {
	ctx := context.Background()
	m := measure.Start()
	query, err := rego.New(rego.Query("data.bench.verdicts"), rego.Module("bench.rego", module(rules[:t.Tests]))).PrepareForEval(ctx)
	if err != nil {
		return result{}, err
	}
	total, err := spread(t, regoOf, func() (func(ast.Value, []counts) error, error) {
		return func(input ast.Value, c []counts) error {
			set, err := query.Eval(ctx, rego.EvalParsedInput(input))
			if err != nil {
				return err
			}
			if len(set) != 1 {
				return fmt.Errorf("%d answers for one account", len(set))
			}
			for i, v := range set[0].Expressions[0].Value.([]any) {
				c[i].add(v.(string), 1)
			}
			return nil
		}, nil
	})
	return result{Usage: m.Stop(), Counts: total}, err
}
