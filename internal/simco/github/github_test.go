package github

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
)

func at(s string) life.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return life.Of(t)
}

func TestTimeRange(t *testing.T) {
	t.Parallel()
	const far = life.Time(1) << 60
	day, next := at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z")
	for text, want := range map[string][2]life.Time{
		"2026-03-01": {day, next}, ">=2026-03-01": {day, far}, ">2026-03-01": {next, far}, "<2026-03-01": {0, day},
		"<=2026-03-01": {0, next}, "2026-02-01..2026-03-01": {at("2026-02-01T00:00:00Z"), next}, "*..2026-03-01": {0, next},
		"2026-03-01..*": {day, far}, ">=2026-03-01T10:00:00Z": {at("2026-03-01T10:00:00Z"), far},
		"2026-03-01T10:00:00Z..2026-03-01T11:00:00+01:00": {at("2026-03-01T10:00:00Z"), at("2026-03-01T10:00:01Z")},
	} {
		if lo, hi, ok := timeRange(text); !ok || lo != want[0] || hi != want[1] {
			t.Errorf("%s: %v to %v, %v", text, lo.Go(), hi.Go(), ok)
		}
	}
	for _, text := range []string{"", "yesterday", ">=", "2026-03-01..", "..", "2026-13-01"} {
		if _, _, ok := timeRange(text); ok {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestParseGraph(t *testing.T) {
	t.Parallel()
	f, err := parseGraph(`query Q($a: String!, $n: Int) { # comment
		it: organization(login: $a) { x(first: 5, after: null, n: $n, s: "quoted") { y } z } }`, map[string]any{"a": "northwind", "n": float64(7)})
	if err != nil {
		t.Fatal(err)
	}
	o := f[0]
	if o.key() != "it" || o.name != "organization" || o.args["login"] != "northwind" || len(o.of) != 2 {
		t.Errorf("read %+v", o)
	}
	x := o.of[0]
	if _, has := x.args["after"]; has || x.args["first"] != "5" || x.args["n"] != "7" || x.args["s"] != "quoted" || x.of[0].name != "y" {
		t.Errorf("read %+v", x)
	}
	for _, text := range []string{"", "{", "{a", "{a(}", "{a(b)}", "{a}}", "mutation{a}", `{a(b:"`, "{1}", "{a:}"} {
		if _, err := parseGraph(text, nil); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func FuzzParseGraph(f *testing.F) {
	for _, s := range []string{"{a{b(c:1){d}}}", "query{", "{a:b}", `{a(b:"x",c:$d)}`, "{{{{"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = parseGraph(text, map[string]any{"d": "x"})
	})
}

func FuzzPhrase(f *testing.F) {
	f.Add("created:>=2026-01-01 action:repo.create -actor:x")
	f.Add("created:*..*")
	f.Add(":")
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := parsePhrase(text, at("2026-03-01T00:00:00Z")); ok && p.asked && p.hi > at("2026-03-01T00:00:00Z")+1 {
			t.Errorf("%q looks into the future", text)
		}
	})
}
