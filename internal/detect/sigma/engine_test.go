package sigma_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/detect/sigma"
)

func ruleFor(id, source, detection string) string {
	return "title: a rule\nid: " + id + "\nlogsource: {" + source + "}\ndetection:\n" + indent(detection)
}

func ids(e *sigma.Engine, hits []sigma.Hit) string {
	var out []string
	for _, h := range hits {
		out = append(out, e.Rules()[h.Rule].ID)
	}
	return strings.Join(out, " ")
}

// Rules look at the events of their log source, which are known by their fields.
func TestRouting(t *testing.T) {
	t.Parallel()
	set := &sigma.Set{}
	for i, r := range []string{
		ruleFor("proc", "product: windows, category: process_creation", line("Image", "x")),
		ruleFor("net", "product: windows, category: network_connection", line("Image", "x")),
		ruleFor("sysmon", "product: windows, service: sysmon", line("Image", "x")),
		ruleFor("any", "product: windows", line("Image", "x")),
		ruleFor("words", "product: windows, service: security", "s: [loud]\ncondition: s\n"),
		ruleFor("generic", "category: process_creation", line("Image", "x")),
		ruleFor("linux", "product: linux", line("Image", "x")),
		ruleFor("reg", "product: windows, category: registry_event", line("Image", "x")),
	} {
		set.Add(fmt.Sprint(i), []byte(r))
	}
	e, err := sigma.Compile(set, sigma.Options{Sources: []sigma.Source{sigma.Windows("win"), {Name: "lin", Kinds: []sigma.Kind{{LogSource: sigma.LogSource{Product: "linux"}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	v := e.Evaluator()
	const sysmon = `"Channel":"Microsoft-Windows-Sysmon/Operational"`
	for _, x := range []struct{ source, event, want string }{
		{"win", `{` + sysmon + `,"EventID":1,"Image":"x"}`, "proc sysmon any generic"},
		{"win", `{"Image":"X","EventID":"3",` + strings.ToUpper(sysmon[:10]) + sysmon[10:] + `}`, "net sysmon any"},
		{"win", `{` + sysmon + `,"EventID":13,"Image":"x"}`, "sysmon any reg"},
		{"win", `{` + sysmon + `,"EventID":99,"Image":"x"}`, "sysmon any"},
		{"win", `{"Channel":"security","EventID":1,"Image":"x","m":"so LOUD"}`, "any words"},
		{"win", `{"Channel":"Unknown","Image":"x"}`, ""},
		{"lin", `{"Image":"x"}`, "linux"},
	} {
		hits, err := v.Match(e.Source(x.source), []byte(x.event), at)
		if got := ids(e, hits); err != nil || got != x.want {
			t.Errorf("%s: %q %v, want %q", x.event, got, err, x.want)
		}
	}
	if e.Source("mac") != -1 || len(e.Unrouted()) != 0 {
		t.Error(e.Source("mac"), e.Unrouted())
	}
}

// What is no JSON object is an error, and the evaluator goes on after it.
func TestBadEvents(t *testing.T) {
	t.Parallel()
	e := compile(t, rule("r", line("a", "1")), rule("k", "s: [word]\ncondition: s\n"))
	v := e.Evaluator()
	for _, bad := range []string{
		"", " ", "1", "[]", `"a"`, "{", `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a" 1}`, `{a:1}`, `{"a":1}}`, `{"a":tru}`, `{"a":x}`,
		`{"a":[1`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"b":{"c":[}`, `{"a":"\`, `{"a":"x\"}`, `{"a":,}`, `{"a":{"b":1]}`,
		`{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}", `{"z":` + strings.Repeat(`{"z":`, 5000) + "1" + strings.Repeat("}", 5001),
		strings.Repeat(`{"a":`, 100_000), "\xff\xfe{", `{"a":1} {"a":1}`,
	} {
		if hits, err := v.Match(0, []byte(bad), at); err == nil {
			t.Errorf("%.60q gives %v", bad, hits)
		}
		if hits, err := v.Match(0, []byte(`{"a":1,"b":"a word"}`), at); err != nil || len(hits) != 2 {
			t.Fatalf("after %.60q: %v %v", bad, hits, err)
		}
	}
}

// Many different names, more than the evaluator remembers, change nothing.
func TestManyNames(t *testing.T) {
	t.Parallel()
	e := compile(t, rule("r", line("a.b", "1")))
	v := e.Evaluator()
	for i := range 30_000 {
		event := fmt.Sprintf(`{"n%d":1,"a":{"m%d":2,"b":1},"A":{"k%d":3}}`, i, i, i)
		if hits, err := v.Match(0, []byte(event), at); err != nil || len(hits) != 1 {
			t.Fatalf("event %d: %v %v", i, hits, err)
		}
	}
}

// In the steady state nothing is allocated for an event.
func TestNoAllocations(t *testing.T) {
	e := compile(t, rule("r1", line("a|re", "'x.*y'")), rule("r2", line("b|contains", "[one, two]")), rule("r3", "s: [word, 'w?ld']\ncondition: s\n"),
		rule("r4", line("c|cidr", "10.0.0.0/8")), rule("r5", line("n|gt", "5")), rule("r6", line("t|hour", "3")), rule("r7", line("a", "É")), rule("r8", line("o|contains", "'\"k\"'")))
	event := []byte(`{"a":"xé\u00e9 y","b":"C:\\one\\TWO","c":"10.0.0.1","n":6.5,"t":"2026-01-02T03:04:05Z","o":{"k" : ["É", null, true]},"z":{"deep":["wild"]}}`)
	v := e.Evaluator()
	n := 0
	allocs := testing.AllocsPerRun(2000, func() {
		hits, err := v.Match(0, event, at)
		if err != nil {
			t.Fatal(err)
		}
		n = len(hits)
	})
	if n != 7 || allocs > 0.01 {
		t.Errorf("%d hits, %v allocations", n, allocs)
	}
}

// Counters hold what all evaluators did, costs are sampled, and evaluators do not disturb each other.
func TestCountersAndGoroutines(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	clock := int64(0)
	opts := testOptions
	opts.Clock = func() int64 {
		mu.Lock()
		defer mu.Unlock()
		clock += 10
		return clock
	}
	set := &sigma.Set{}
	set.Add("a", []byte(rule("r", "s:\n  a: 1\n  b: 2\ncondition: s\n")))
	set.Add("b", []byte(rule("always", "s:\n  a: 1\ncondition: not s\n")))
	e, err := sigma.Compile(set, opts)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			v := e.Evaluator()
			for i := range 3000 {
				event := fmt.Sprintf(`{"a":%d,"b":%d}`, i%2, i%3)
				hits, err := v.Match(0, []byte(event), at.Add(time.Duration(w)*time.Second))
				want := map[bool]string{true: "r", false: ""}[i%2 == 1 && i%3 == 2]
				if i%2 == 0 {
					want = "always"
				}
				if got := ids(e, hits); err != nil || got != want {
					t.Errorf("%s: %q %v", event, got, err)
				}
			}
			v.Flush()
		})
	}
	wg.Wait()
	c, d := e.Counter(0), e.Counter(1)
	if c.Hits != 4*500 || c.Evaluated < c.Hits || c.Evaluated > 4*1500 || d.Evaluated != 4*3000 || d.Hits != 4*1500 {
		t.Errorf("%+v %+v", c, d)
	}
	if c.LastHit != at.Add(3*time.Second).UnixMicro() || d.SampledRuns == 0 || d.MeanNanos < 10 {
		t.Errorf("%+v %+v", c, d)
	}
}

// New rules are a new engine; the old one goes on with the old rules.
func TestReload(t *testing.T) {
	t.Parallel()
	before, after := compile(t, rule("one", line("a", "1"))), compile(t, rule("two", line("a", "1")))
	v, w := before.Evaluator(), after.Evaluator()
	event := []byte(`{"a":1}`)
	h1, err1 := v.Match(0, event, at)
	h2, err2 := w.Match(0, event, at)
	if err1 != nil || err2 != nil || ids(before, h1) != "one" || ids(after, h2) != "two" {
		t.Error(h1, err1, h2, err2)
	}
}

// Ten thousand rules, expressions that others take exponential time for, and long values are no trouble.
func TestMuch(t *testing.T) {
	t.Parallel()
	var docs bytes.Buffer
	for i := range 10_000 {
		fmt.Fprintf(&docs, "---\n%s", rule(fmt.Sprint("r", i), line("a|contains", fmt.Sprintf("[needle%dx, other%d]", i, i*7))))
	}
	set := &sigma.Set{}
	set.Add("many", docs.Bytes())
	set.Add("slow", []byte(rule("slow", line("a|re", "'(x+x+)+y'"))))
	set.Add("stars", []byte(rule("stars", line("a", "'"+strings.Repeat("*x", 40)+"*y'"))))
	e, err := sigma.Compile(set, testOptions)
	if err != nil || len(e.Rules()) != 10_002 {
		t.Fatal(err, len(e.Rules()), e.Refused())
	}
	v := e.Evaluator()
	for want, text := range map[string]string{
		"r77 r1234": "aNEEDLE77x other8638 ", "": strings.Repeat("x", 200_000), "slow stars": strings.Repeat("x", 50_000) + "y",
	} {
		hits, err := v.Match(0, []byte(`{"a":"`+text+`"}`), at)
		if got := ids(e, hits); err != nil || got != want {
			t.Errorf("%.30q: %q %v", text, got, err)
		}
	}
}

// Long values are cut into pieces; wherever a text stands in them, it is found, and at the ends only what belongs there.
func TestLongValues(t *testing.T) {
	t.Parallel()
	e := compile(t, rule("in", line("a|contains", "[needle in hay, xyz]")), rule("begin", line("a|startswith", "needle")), rule("end", line("a|endswith", "hay")),
		rule("word", "s: [needle in hay]\ncondition: s\n"), rule("both", line("a", "'needle*hay'")), rule("re", line("a|re", "'ne{2}dle in hay'")))
	v := e.Evaluator()
	const needle = "needle in hay"
	for size := range 1200 {
		at1 := size * 7 % (size + 1)
		text := strings.Repeat("h", at1) + needle + strings.Repeat("n", size-at1)
		want := "in"
		if at1 == 0 {
			want += " begin"
		}
		if at1 == size {
			want += " end"
		}
		want += " word"
		if size == 0 {
			want += " both"
		}
		want += " re"
		hits, err := v.Match(0, []byte(`{"b":"other","a":"`+text+`","c":["x","`+strings.Repeat("needle in ha ", size/20)+`"]}`), at)
		if got := ids(e, hits); err != nil || got != want {
			t.Fatalf("size %d, at %d: %q %v, want %q", size, at1, got, err, want)
		}
	}
}

// Long lists are compared in the time that reading them takes.
func TestLongLists(t *testing.T) {
	t.Parallel()
	e := compile(t, rule("r", line("a|fieldref", "b")))
	v := e.Evaluator()
	list := func(name string, last string) string {
		var b strings.Builder
		for i := range 40_000 {
			fmt.Fprintf(&b, `"%s%d",`, name, i)
		}
		return `"` + name + `":[` + b.String() + last + "]"
	}
	for last, want := range map[string]int{`"same"`: 1, "null": 0} {
		event := "{" + list("a", last) + "," + list("b", strings.ToUpper(last[:3])+last[3:]) + "}"
		if last == "null" {
			event = "{" + list("a", last) + "," + list("b", last) + "}"
		}
		if hits, err := v.Match(0, []byte(event), at); err != nil || len(hits) != want {
			t.Errorf("%s: %v %v", last, hits, err)
		}
	}
}

// The public rules for Google Cloud find the fields of its records.
func TestPublicAliases(t *testing.T) {
	t.Parallel()
	set := &sigma.Set{}
	set.Add("a", []byte(ruleFor("a", "product: gcp, service: gcp.audit", line("gcp.audit.method_name", "x.y.Delete"))))
	set.Add("b", []byte(ruleFor("b", "product: gcp, service: gcp.audit", line("data.protoPayload.authorizationInfo.granted", "true"))))
	e, err := sigma.Compile(set, sigma.Options{Aliases: sigma.PublicAliases(),
		Sources: []sigma.Source{{Name: "gcp", Kinds: []sigma.Kind{{LogSource: sigma.LogSource{Product: "gcp", Service: "gcp.audit"}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	hits, err := e.Evaluator().Match(0, []byte(`{"protoPayload":{"methodName":"x.y.delete","authorizationInfo":[{"granted":true}]}}`), at)
	if got := ids(e, hits); err != nil || got != "a b" {
		t.Errorf("%q %v", got, err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	if !slices.ContainsFunc(sigma.Windows("w").Kinds, func(k sigma.Kind) bool { return k.Service == "security" }) {
		t.Error("no security log")
	}
	if s := (sigma.LogSource{Product: "p", Service: "s"}).String(); s != "p/-/s" {
		t.Error(s)
	}
}
