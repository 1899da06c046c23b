package sigma_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/detect/sigma/oracle"
)

// A condition is an expression over its names or an error, and nothing else.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{"a", "a and b or not c", "1 of a*", "all of them", "2 of _x*", "(a or (b))", "not not a", "a | count()", "1 of", "((((", "a)b", "any of *a*b*", "AND"} {
		f.Add(s)
	}
	names := []string{"a", "b", "c", "ab", "_x", "_xy"}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := sigma.ParseCondition(text, names)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		checkExpr(t, &e, names)
	})
}

func checkExpr(t *testing.T, e *sigma.Expr, names []string) {
	t.Helper()
	switch e.Op {
	case sigma.Ref:
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+e.Name+" ") || len(e.Of) != 0 {
			t.Errorf("%+v", e)
		}
		return
	case sigma.Not:
		if len(e.Of) != 1 {
			t.Errorf("%+v", e)
		}
	case sigma.AtLeast:
		if e.N < 2 || e.N >= len(e.Of) {
			t.Errorf("%+v", e)
		}
	default:
		if len(e.Of) < 2 {
			t.Errorf("%+v", e)
		}
	}
	for i := range e.Of {
		checkExpr(t, &e.Of[i], names)
	}
}

// Whatever stands in a file, a rule of it is used or refused; what is used matches as the oracle says.
func FuzzRule(f *testing.F) {
	for i := range uint64(20) {
		f.Add(chance{rand.New(rand.NewPCG(1, i))}.rule("r"), `{"a":"ab","b":{"c":[1,null]}}`)
	}
	f.Add(rule("r", line("a|windash|contains", "' -x'")), `{"a":" /X"}`)
	f.Add(rule("r", line("a|re|i", "'k(s|é)+'")), `{"a":"\u212aſÉ"}`)
	f.Add(correlation("c", "type: event_count\nrules: [r]\ntimespan: 5m\ncondition: {gte: 3}\n")+"---\n"+rule("r", line("a", "1")), `{"a":1}`)
	f.Add("title: t\nlogsource: {product: test}\nfilter:\n  rules: any\n  s: {b: 1}\n  condition: s\n---\n"+rule("r", line("a", "1")), `{"a":1,"b":1}`)
	f.Fuzz(func(t *testing.T, text, event string) {
		if len(text) > 20_000 || len(event) > 2000 {
			return
		}
		e := compile(t, text)
		for _, r := range e.Refused() {
			if r.Reason == "" {
				t.Error("a refusal without a reason")
			}
		}
		hits, err := e.Evaluator().Match(0, []byte(event), at)
		if !json.Valid([]byte(event)) {
			return // it must not crash; what it says is the intake's matter
		}
		flat, err2 := oracle.Flatten([]byte(event))
		if (err != nil) != (err2 != nil) {
			t.Fatalf("engine says %v, oracle %v", err, err2)
		}
		if err != nil {
			return
		}
		judge := oracle.Judge{Placeholders: testOptions.Placeholders, Aliases: testOptions.Aliases}
		for i, r := range e.Rules() {
			if !(sigma.LogSource{Product: "test"}).Covers(r.Source) {
				continue
			}
			want, err := judge.Matches(r, flat)
			if err != nil {
				t.Fatalf("oracle: %v\n%s", err, text)
			}
			got := false
			for _, h := range hits {
				got = got || h.Rule == i
			}
			if got != want {
				t.Errorf("engine says %v, oracle %v\n%s\n%s", got, want, text, event)
			}
		}
	})
}

// Whatever JSON an event is, the engine reads it as the oracle does; what is no JSON does not harm.
func FuzzEvent(f *testing.F) {
	c := chance{rand.New(rand.NewPCG(3, 3))}
	docs := make([]string, 150)
	for i := range docs {
		docs[i] = c.rule(fmt.Sprint("r", i))
	}
	for range 50 {
		f.Add([]byte(c.object(3)))
	}
	for _, s := range []string{`{"a":"\u00"}`, `{"a":1e400}`, `{"a":-0}`, "{\"a\":\"\xff\xc3\"}", `{"a":"\ud83d\u0061"}`, `{"":{"":{"a":1}}}`, `{"a.":1,".b":2}`, `{"a":[[[["b"]]]]}`} {
		f.Add([]byte(s))
	}
	e := compile(f, docs...)
	judge := &oracle.Judge{Placeholders: testOptions.Placeholders, Aliases: testOptions.Aliases}
	v := e.Evaluator()
	var mu sync.Mutex
	f.Fuzz(func(t *testing.T, event []byte) {
		mu.Lock()
		defer mu.Unlock()
		if !json.Valid(event) {
			_, _ = v.Match(0, event, at) // it must not crash
			return
		}
		if flat, err := oracle.Flatten(event); err != nil || flat == nil {
			if _, err := v.Match(0, event, at); err == nil {
				t.Errorf("the engine takes %q", event)
			}
			return
		}
		mustAgree(t, e, v, judge, event)
	})
}
