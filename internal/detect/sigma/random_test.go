package sigma_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/detect/sigma/oracle"
)

// chance makes rules and events from few names and few letters, so that they meet.
type chance struct{ *rand.Rand }

func (c chance) of(list ...string) string { return list[c.IntN(len(list))] }

func (c chance) text() string {
	var b strings.Builder
	for range c.IntN(7) {
		b.WriteString(c.of("a", "A", "b", "B", "c", " ", "-", "/", "\\", "é", "É", "K", "k", "s", "ſ", "1", ".", "\n", "–"))
	}
	return b.String()
}

func (c chance) pattern() string {
	var b strings.Builder
	for range c.IntN(6) {
		b.WriteString(c.of("a", "A", "b", "c", "ab", "é", "k", "S", "-a", "/b", "\\", "*", "?", "\\*", "\\\\", " ", "1"))
	}
	return b.String()
}

func (c chance) field() string {
	return c.of("a", "b", "c", "a.b", "a.c", "B", "A.b", "x y", "actor", "n")
}

func (c chance) line() (string, any) {
	f := c.field()
	switch c.IntN(16) {
	case 0:
		return f, nil
	case 1:
		return f + "|exists", c.IntN(2) == 0
	case 2:
		return f + "|" + c.of("gt", "gte", "lt", "lte"), c.IntN(20)
	case 3:
		return f + "|re" + c.of("", "|i", "|s", "|m|i"), c.of("a.b", "^a", "b$", "(ab|c)+", "a?b", "[ab]c", "k", "aa|b.c", "^$", "s{2}", "é")
	case 4:
		return f + "|fieldref" + c.of("", "|neq", "|cased", "|startswith", "|endswith", "|contains"), c.field()
	case 5:
		return f + "|cidr", c.of("10.0.0.0/8", "10.1.0.0/16", "::/0", "fe80::/10", "10.0.0.1")
	case 6:
		return f + "|" + c.of("hour", "minute", "month", "year", "day", "week") + c.of("", "|gte", "|neq"), 1 + c.IntN(12)
	case 7:
		return f + c.of("|base64offset|contains", "|wide|base64offset|contains", "|base64|startswith"), "ab" + c.of("a", "b", "c", "k")
	case 8:
		return f + "|expand" + c.of("", "|contains"), c.of("%hosts%", "a%hosts%", "%admins%", `\%%hosts%`)
	}
	mods := ""
	mods += c.of("", "", "|contains", "|startswith", "|endswith")
	mods += c.of("", "", "", "|cased", "|windash")
	mods += c.of("", "", "", "|neq")
	values := make([]any, 1+c.IntN(3))
	for i := range values {
		values[i] = c.pattern()
		if c.IntN(5) == 0 {
			values[i] = c.IntN(12)
		}
	}
	if len(values) > 1 && c.IntN(3) == 0 {
		mods += "|all"
	}
	return f + mods, values
}

func (c chance) selection() any {
	switch c.IntN(6) {
	case 0:
		return []any{c.pattern() + "a", c.IntN(5)}
	case 1:
		return map[string]any{c.of("|all", "|contains", "|cased", "|re"): []any{"a", "b"}}
	case 2:
		return []any{c.mapping(), c.mapping()}
	}
	return c.mapping()
}

func (c chance) mapping() map[string]any {
	m := map[string]any{}
	for range 1 + c.IntN(3) {
		k, v := c.line()
		m[k] = v
	}
	return m
}

func (c chance) condition(depth int) string {
	if depth == 0 || c.IntN(3) == 0 {
		return c.of("s1", "s2", "s3", "1 of s*", "2 of s*", "all of s*", "1 of them", "2 of them")
	}
	switch c.IntN(4) {
	case 0:
		return "not " + c.condition(0)
	case 1:
		return "(" + c.condition(depth-1) + " or " + c.condition(depth-1) + ")"
	case 2:
		return "not (" + c.condition(depth-1) + ")"
	}
	return c.condition(depth-1) + " and " + c.condition(depth-1)
}

// detection writes a detection as JSON, which is YAML.
func (c chance) rule(id string) string {
	d := map[string]any{"s1": c.selection(), "s2": c.selection(), "s3": c.selection(), "_s": c.selection(), "condition": c.condition(2)}
	if c.IntN(4) == 0 {
		d["condition"] = []string{c.condition(1), c.condition(1)}
	}
	b, err := json.Marshal(map[string]any{"title": "t", "id": id, "logsource": map[string]any{"product": "test"}, "detection": d})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (c chance) scalar() string {
	switch c.IntN(12) {
	case 0:
		return "null"
	case 1:
		return c.of("true", "false")
	case 2:
		return c.of("0", "1", "7", "12", "-3", "1.5", "1e1", "10.0")
	case 3:
		return c.of(`"10.0.0.1"`, `"10.1.2.3"`, `"::1"`, `"fe80::1%x"`, `"::ffff:10.0.0.1"`, `"2026-03-04T05:06:07Z"`, `"2025-12-31 11:12"`, `"YWJh"`, `"eGFiYQ=="`, `"YQBiAGsA"`, `"%a"`, `"adm_1"`)
	case 4:
		return c.of(`"\u0061\ud83d\ude00"`, `"\ud800"`, `"\u212A"`, `"a\/b"`, `"\u0000"`, `"a\tb"`)
	}
	b, err := json.Marshal(c.text())
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (c chance) value(depth int) string {
	if depth > 0 {
		switch c.IntN(5) {
		case 0:
			return c.object(depth - 1)
		case 1:
			var of []string
			for range c.IntN(3) {
				of = append(of, c.value(depth-1))
			}
			return c.of("[", "[ ", "[\n") + strings.Join(of, c.of(",", " , ")) + "]"
		}
	}
	return c.scalar()
}

func (c chance) object(depth int) string {
	var of []string
	for range c.IntN(5) {
		of = append(of, fmt.Sprintf("%s%s%s", c.of(`"a"`, `"b"`, `"c"`, `"A"`, `"a.b"`, `"x y"`, `"xY"`, `"userName"`, `"user"`, `"name"`, `"n"`, `"\u0061"`, `""`),
			c.of(":", " : ", ":\t"), c.value(depth)))
	}
	return c.of("{", "{ ", "{\n") + strings.Join(of, c.of(",", " ,\r\n")) + c.of("}", " }")
}

// Random rules, together in one index, match random events as the oracle says.
func TestRandomAgreesWithOracle(t *testing.T) {
	t.Parallel()
	const rounds, rules, perRound = 60, 40, 60
	matched := 0
	for round := range rounds {
		c := chance{rand.New(rand.NewPCG(7, uint64(round)))}
		docs := make([]string, rules)
		for i := range docs {
			docs[i] = c.rule(fmt.Sprint("r", i))
		}
		e := compile(t, docs...)
		if len(e.Rules()) < rules*2/3 {
			t.Fatalf("only %d rules are used: %v", len(e.Rules()), e.Refused())
		}
		v := e.Evaluator()
		judge := &oracle.Judge{Placeholders: testOptions.Placeholders, Aliases: testOptions.Aliases}
		for range perRound {
			event := []byte(c.object(3))
			matched += mustAgree(t, e, v, judge, event)
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches: that shows little", matched)
	}
}

func mustAgree(t *testing.T, e *sigma.Engine, v *sigma.Evaluator, judge *oracle.Judge, event []byte) int {
	t.Helper()
	flat, err := oracle.Flatten(event)
	if err != nil {
		t.Fatalf("oracle: %v: %s", err, event)
	}
	hits, err := v.Match(0, event, at)
	if err != nil {
		t.Fatalf("engine: %v: %s", err, event)
	}
	got := map[int]bool{}
	for _, h := range hits {
		got[h.Rule] = true
	}
	for i, r := range e.Rules() {
		want, err := judge.Matches(r, flat)
		if err != nil {
			t.Fatalf("oracle: %v", err)
		}
		if got[i] != want {
			t.Errorf("engine says %v, oracle %v\n%s\n%+v", got[i], want, event, r)
		}
	}
	return len(hits)
}
