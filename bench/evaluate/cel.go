package main

import (
	"fmt"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/collect"
)

// celColumns are the variables of the expressions, in the order of celAccount.
var celColumns = []struct {
	name string
	kind *cel.Type
}{
	{"login", cel.StringType}, {"status", cel.StringType}, {"email", cel.StringType}, {"display_name", cel.StringType}, {"kind", cel.StringType},
	{"employee_number", cel.StringType}, {"admin", cel.BoolType}, {"second_factor", cel.BoolType}, {"external", cel.BoolType},
	{"created_at", cel.TimestampType}, {"activated_at", cel.TimestampType}, {"status_changed_at", cel.TimestampType},
	{"last_sign_in_at", cel.TimestampType}, {"password_changed_at", cel.TimestampType},
}

var celIndex = func() map[string]int {
	m := map[string]int{}
	for i, c := range celColumns {
		m[c.name] = i
	}
	return m
}()

// celAccount is an account as CEL values, made once and read by every expression. It is its own activation, which spares
// CEL a map and the conversion of Go values at each look.
type celAccount [14]ref.Val

func (a *celAccount) ResolveName(name string) (any, bool) {
	i, ok := celIndex[name]
	if !ok {
		return nil, false
	}
	return a[i], true
}

func (a *celAccount) Parent() interpreter.Activation { return nil }

func celString(s *string) ref.Val {
	if s == nil {
		return types.NullValue
	}
	return types.String(*s)
}

func celBool(b *bool) ref.Val {
	if b == nil {
		return types.NullValue
	}
	return types.Bool(*b)
}

func celTime(t *time.Time) ref.Val {
	if t == nil {
		return types.NullValue
	}
	return types.Timestamp{Time: *t}
}

func celOf(a collect.UserAccount) celAccount {
	return celAccount{
		types.String(a.Login), types.String(a.Status), celString(a.Email), celString(a.DisplayName), celString(a.Kind), celString(a.EmployeeNumber),
		celBool(a.Admin), celBool(a.SecondFactor), celBool(a.External),
		celTime(a.CreatedAt), celTime(a.ActivatedAt), celTime(a.StatusChangedAt), celTime(a.LastSignInAt), celTime(a.PasswordChangedAt),
	}
}

// celPrograms compiles the rules. What may be missing is of a dynamic type: null is none of a timestamp's values.
func celPrograms(n int) ([]cel.Program, error) {
	var opts []cel.EnvOption
	for _, c := range celColumns {
		kind := c.kind
		if nullable[c.name] {
			kind = cel.DynType
		}
		opts = append(opts, cel.Variable(c.name, kind))
	}
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return nil, err
	}
	folding, err := cel.NewConstantFoldingOptimizer()
	if err != nil {
		return nil, err
	}
	optimizer, err := cel.NewStaticOptimizer(folding)
	if err != nil {
		return nil, err
	}
	var out []cel.Program
	for _, r := range rules[:n] {
		tree, issues := env.Compile(r.expression())
		if issues.Err() != nil {
			return nil, fmt.Errorf("%s: %w", r.id, issues.Err())
		}
		if tree, issues = optimizer.Optimize(env, tree); issues.Err() != nil {
			return nil, fmt.Errorf("%s: %w", r.id, issues.Err())
		}
		p, err := env.Program(tree, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.id, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// celPart evaluates with cel-go: each rule compiled once, each account turned into CEL values once.
func celPart(t task) (result, error) {
	m := measure.Start()
	programs, err := celPrograms(t.Tests)
	if err != nil {
		return result{}, err
	}
	total, err := spread(t, celOf, func() (func(celAccount, []counts) error, error) {
		return func(a celAccount, c []counts) error {
			for i, p := range programs {
				v, _, err := p.Eval(&a)
				if err != nil {
					return fmt.Errorf("%s: %w", rules[i].id, err)
				}
				c[i].add(string(v.(types.String)), 1)
			}
			return nil
		}, nil
	})
	return result{Usage: m.Stop(), Counts: total}, err
}
