package sigma_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/detect/sigma"
)

// named writes a rule with a name that matches events whose kind is the name.
func named(name string) string {
	return "title: " + name + "\nname: " + name + "\nlogsource: {product: test}\ndetection:\n  s: {kind: " + name + "}\n  condition: s\n"
}

func correlation(name, body string) string {
	return "title: " + name + "\nname: " + name + "\ncorrelation:\n" + indent(body)
}

// stream feeds events written as "seconds kind field=value ..." and tells the alerts as "seconds name group value events".
type stream struct {
	t   *testing.T
	e   *sigma.Engine
	v   *sigma.Evaluator
	c   *sigma.Correlator
	n   uint64
	out []string
}

func newStream(t *testing.T, limits sigma.Limits, docs ...string) *stream {
	t.Helper()
	e := compile(t, docs...)
	for _, r := range e.Refused() {
		t.Fatal(r)
	}
	return &stream{t: t, e: e, v: e.Evaluator(), c: e.Correlator(limits)}
}

func (s *stream) feed(lines ...string) {
	s.t.Helper()
	for _, l := range lines {
		var sec int
		words := strings.Fields(l)
		if _, err := fmt.Sscan(words[0], &sec); err != nil {
			s.t.Fatal(err)
		}
		event := fmt.Sprintf(`{"kind":%q`, words[1])
		for _, w := range words[2:] {
			k, v, _ := strings.Cut(w, "=")
			if strings.Contains(v, ",") {
				event += fmt.Sprintf(`,%q:["%s"]`, k, strings.ReplaceAll(v, ",", `","`))
			} else {
				event += fmt.Sprintf(`,%q:%q`, k, v)
			}
		}
		when := at.Add(time.Duration(sec) * time.Second)
		hits, err := s.v.Match(0, []byte(event+"}"), when)
		if err != nil {
			s.t.Fatal(err)
		}
		s.n++
		s.tell(s.c.Observe(hits, s.n, when, at.Add(1e6*time.Second)))
	}
}

func (s *stream) tell(alerts []sigma.Alert) {
	for _, a := range alerts {
		s.out = append(s.out, fmt.Sprintf("%d %s %s %g %d", int(a.At.Sub(at).Seconds()), a.Correlation.Name, strings.Join(a.Group, ","), a.Value, a.Events))
	}
}

func (s *stream) advance(sec int) { s.tell(s.c.Advance(at.Add(time.Duration(sec) * time.Second))) }

func (s *stream) want(want ...string) {
	s.t.Helper()
	if !slices.Equal(s.out, want) {
		s.t.Errorf("alerts\n%s\nwant\n%s", strings.Join(s.out, "\n"), strings.Join(want, "\n"))
	}
	s.out = nil
}

var brief = sigma.Limits{Lateness: 10 * time.Second}

func TestEventCount(t *testing.T) {
	t.Parallel()
	s := newStream(t, brief, named("login"), correlation("many", "type: event_count\nrules: login\ngroup-by: [user]\ntimespan: 60s\ncondition: {gte: 3}\n"))
	s.feed("0 login user=a", "10 login user=a", "20 login user=b", "30 other user=a", "59 login user=a")
	s.want("59 many a 3 [1 2 5]")
	s.feed("61 login user=a", "62 login user=a", "119 login user=a")
	s.want() // it was told of already
	s.feed("121 login user=a")
	s.want("121 many a 4 [6 7 8 9]")
	s.feed("122 login", "123 login user=c,d", "124 login user=c,d", "125 login user=d")
	s.want("125 many d 3 [11 12 13]")
	if st := s.c.Stats(); st.Ungrouped != 1 || st.Late != 0 {
		t.Errorf("%+v", st)
	}
}

// A window slides: it is not cut at boundaries of the clock, and both its ends count.
func TestWindowSlides(t *testing.T) {
	t.Parallel()
	s := newStream(t, brief, named("x"), correlation("two", "type: event_count\nrules: [x]\ntimespan: 1m\ncondition: {gt: 1}\n"))
	s.feed("59 x", "119 x")
	s.want("119 two  2 [1 2]")
	s.feed("300 x", "361 x")
	s.want()
}

// Events that come late but within the bound count as if they had come in time; others are counted and left out.
func TestLateEvents(t *testing.T) {
	t.Parallel()
	s := newStream(t, brief, named("x"), correlation("three", "type: event_count\nrules: [x]\ngroup-by: [u]\ntimespan: 20s\ncondition: {gte: 3}\n"))
	s.feed("0 x u=a", "20 x u=a", "25 x u=a", "18 x u=a")
	s.want("20 three a 3 [1 4 2]")
	s.feed("50 x u=b", "39 x u=b", "51 x u=b", "41 x u=b")
	s.want("51 three b 3 [8 5 7]")
	if st := s.c.Stats(); st.Late != 1 {
		t.Errorf("%+v", st)
	}
}

func TestFutureEvents(t *testing.T) {
	t.Parallel()
	s := newStream(t, brief, named("x"), correlation("two", "type: event_count\nrules: [x]\ntimespan: 1m\ncondition: {gte: 2}\n"))
	hits, err := s.v.Match(0, []byte(`{"kind":"x"}`), at)
	if err != nil {
		t.Fatal(err)
	}
	s.tell(s.c.Observe(hits, 1, at.AddDate(100, 0, 0), at))
	s.tell(s.c.Observe(hits, 2, at.Add(time.Second), at))
	s.want("1 two  2 [1 2]")
	if s.c.Stats().Future != 1 {
		t.Errorf("%+v", s.c.Stats())
	}
}

func TestValueCount(t *testing.T) {
	t.Parallel()
	s := newStream(t, brief, named("x"), correlation("spray", "type: value_count\nrules: [x]\ngroup-by: [ip]\ntimespan: 60s\ncondition:\n  field: user\n  gte: 3\n"),
		correlation("pairs", "type: value_count\nrules: [x]\ngroup-by: [ip]\ntimespan: 60s\ncondition:\n  field: [user, host]\n  gt: 2\n"))
	s.feed("0 x ip=1 user=a", "1 x ip=1 user=a", "2 x ip=1 user=b", "3 x ip=2 user=c", "61 x ip=1 user=c", "62 x ip=1 user=d")
	s.want("61 spray 1 3 [2 3 5]")
	s.feed("200 x ip=3 user=a host=a", "201 x ip=3 user=a host=b", "202 x ip=3 user=a host=b", "203 x ip=3 user=b host=a")
	s.want("203 pairs 3 3 [7 8 9 10]")
	if st := s.c.Stats(); st.Unusable != 6 {
		t.Errorf("%+v", st)
	}
}

// What went out of memory no longer counts, and an event that two rules match counts once.
func TestForgottenAndDouble(t *testing.T) {
	t.Parallel()
	s := newStream(t, brief, named("x"), strings.Replace(named("x"), "name: x", "name: y", 1), named("z"),
		correlation("kinds", "type: value_count\nrules: [x]\ngroup-by: [u]\ntimespan: 60s\ncondition: {gte: 3, field: v}\n"),
		correlation("sum", "type: value_sum\nrules: [x, y]\ngroup-by: [u]\ntimespan: 60s\ncondition: {gte: 10, field: v}\n"),
		correlation("count", "type: event_count\nrules: [x, y]\ngroup-by: [u]\ntimespan: 60s\ncondition: {gte: 3}\n"),
		correlation("other", "type: event_count\nrules: [z]\ntimespan: 60s\ncondition: {gte: 1}\n"))
	s.feed("0 x u=a v=4", "1 x u=a v=5", "5000 z", "5000 x u=a v=6")
	s.want("5000 other  1 [3]")
	s.feed("5001 x u=a v=4")
	s.want("5001 sum a 10 [4 5]")
}

func TestTemporal(t *testing.T) {
	t.Parallel()
	docs := []string{named("a"), named("b"), named("c")}
	body := "rules: [a, b, c]\ngroup-by: [u]\ntimespan: 60s\n"
	s := newStream(t, brief, append(docs, correlation("near", "type: temporal\n"+body))...)
	s.feed("0 c u=x", "1 b u=x", "2 a u=y", "61 a u=x", "62 c u=x")
	s.want()
	s.feed("63 b u=x")
	s.want("63 near x 3 [4 5 6]")
	s = newStream(t, brief, append(docs, correlation("two", "type: temporal\n"+body+"condition: {gte: 2}\n"))...)
	s.feed("0 a u=x", "1 a u=x", "2 c u=x")
	s.want("2 two x 2 [1 2 3]")
	s = newStream(t, brief, append(docs, correlation("either", "type: temporal\n"+body+"condition: a and (b or c)\n"))...)
	s.feed("0 b u=x", "1 c u=x", "2 a u=x")
	s.want("2 either x 3 [1 2 3]")
	s = newStream(t, brief, append(docs, correlation("without", "type: temporal\n"+body+"condition: a and not b\n"))...)
	s.feed("0 a u=x", "0 a u=y", "5 b u=x", "71 c u=z")
	s.want("60 without y 1 [2]")
}

func TestTemporalOrdered(t *testing.T) {
	t.Parallel()
	docs := []string{named("a"), named("b"), named("c"), correlation("chain", "type: temporal_ordered\nrules: [a, b, c]\ngroup-by: [u]\ntimespan: 60s\n")}
	s := newStream(t, brief, docs...)
	s.feed("0 a u=x", "1 c u=x", "2 b u=x", "50 a u=x", "63 c u=x")
	s.want()
	s.feed("64 b u=x", "70 c u=x")
	s.want("70 chain x 3 [4 5 6 7]")
	s = newStream(t, brief, docs...)
	s.feed("0 a u=x", "10 c u=x", "5 b u=x") // the one in the middle comes last
	s.want("10 chain x 3 [1 3 2]")
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	of := func(kind, condition string) *stream {
		return newStream(t, brief, named("x"), correlation("n", "type: "+kind+"\nrules: [x]\ngroup-by: [u]\ntimespan: 60s\ncondition:\n  field: n\n"+indent(condition)))
	}
	s := of("value_sum", "gt: 10")
	s.feed("0 x u=a n=6", "1 x u=a n=many", "61 x u=a n=5", "62 x u=a n=5.5")
	s.want("62 n a 10.5 [3 4]")
	s = of("value_avg", "gte: 5")
	s.feed("0 x u=a n=1", "1 x u=a n=10", "2 x u=b n=4", "2 x u=b n=4.9", "71 x u=c n=0")
	s.want("60 n a 5.5 [1 2]")
	s = of("value_median", "lt: 4")
	s.feed("0 x u=a n=1", "1 x u=a n=100", "2 x u=a n=3", "2 x u=b n=2", "3 x u=b n=8", "74 x u=c n=0")
	s.want("60 n a 3 [1 2 3]")
	s = of("value_percentile", "percentile: 90\ngte: 9")
	for i := range 10 {
		s.feed(fmt.Sprintf("%d x u=a n=%d", i, i+1))
	}
	s.advance(80)
	s.want("60 n a 9 [1 2 3 4 5 6 7 8 9 10]")
}

// Conditions that more events can break are told when their window is over.
func TestBoundedAbove(t *testing.T) {
	t.Parallel()
	s := newStream(t, brief, named("x"), correlation("few", "type: event_count\nrules: [x]\ngroup-by: [u]\ntimespan: 60s\ncondition: {gt: 1, lte: 3}\n"))
	s.feed("0 x u=a", "1 x u=a", "0 x u=b", "2 x u=a", "60 x u=a", "61 x u=a", "62 x u=a")
	s.want()
	s.advance(71)
	s.want() // four in the first minute of a, one of b
	s.advance(140)
	s.want("121 few a 2 [6 7]")
	if st := s.c.Stats(); st.Groups != 0 || st.Entries != 0 {
		t.Errorf("%+v", st)
	}
}

// The chain of the specification's example: many failed logins, then one that succeeds.
func TestChainWithAliases(t *testing.T) {
	t.Parallel()
	docs := []string{
		correlation("breach", "type: temporal_ordered\nrules: [guesses, success]\ngroup-by: [who]\ntimespan: 10m\naliases:\n  who:\n    guesses: user\n    success: account\n"),
		correlation("guesses", "type: event_count\nrules: [failure]\ngroup-by: [ip]\ntimespan: 10m\ncondition: {gte: 3}\n"),
		named("failure"), named("success"),
	}
	s := newStream(t, brief, docs...)
	s.feed("0 success account=eve", "1 failure ip=1 user=bob", "2 failure ip=1 user=eve", "3 failure ip=1 user=eve", "4 success account=bob", "5 success account=eve")
	s.want("3 guesses 1 3 [2 3 4]", "5 breach eve 2 [4 6]")
	hits, err := s.v.Match(0, []byte(`{"kind":"failure"}`), at)
	if err != nil || len(hits) != 1 || hits[0].Stands {
		t.Errorf("a rule of a correlation stands for itself: %v %v", hits, err)
	}
	s = newStream(t, brief, append(docs[1:], strings.Replace(docs[0], "  type:", "  generate: true\n  type:", 1))...)
	if hits, err := s.v.Match(0, []byte(`{"kind":"success"}`), at); err != nil || len(hits) != 1 || !hits[0].Stands {
		t.Errorf("generate does not let a rule stand: %v %v", hits, err)
	}
}

// What one correlator writes down, another goes on from.
func TestExportImport(t *testing.T) {
	t.Parallel()
	docs := []string{
		named("a"), named("b"),
		correlation("many", "type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 60s\ncondition: {gte: 3}\n"),
		correlation("few", "type: event_count\nrules: [b]\ngroup-by: [u]\ntimespan: 60s\ncondition: {lt: 3}\n"),
		correlation("chain", "type: temporal_ordered\nrules: [a, b]\ngroup-by: [u]\ntimespan: 60s\n"),
		correlation("kinds", "type: value_count\nrules: [a, b]\ntimespan: 60s\ncondition: {gte: 4, field: u}\n"),
	}
	var events []string
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		events = append(events, fmt.Sprintf("%d %c u=%d", i-r.IntN(8), 'a'+rune(r.IntN(2)), r.IntN(20)))
	}
	through := newStream(t, brief, docs...)
	through.feed(events...)
	through.advance(1000)
	if len(through.out) < 20 {
		t.Fatalf("only %d alerts", len(through.out))
	}
	again := newStream(t, brief, docs...)
	for i := 0; i < len(events); i += 50 {
		again.feed(events[i : i+50]...)
		state, err := again.c.Export()
		if err != nil {
			t.Fatal(err)
		}
		next := newStream(t, brief, docs...)
		if left, err := next.c.Import(state); err != nil || left != 0 {
			t.Fatal(left, err)
		}
		next.n, next.out = again.n, again.out
		if next.c.Stats() != again.c.Stats() {
			t.Errorf("%+v, not %+v", next.c.Stats(), again.c.Stats())
		}
		again = next
	}
	again.advance(1000)
	again.want(through.out...)
	changed := newStream(t, brief, named("a"), correlation("many", "type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 60s\ncondition: {gte: 4}\n"))
	state, err := through.c.Export()
	if err != nil {
		t.Fatal(err)
	}
	if left, err := changed.c.Import(state); err != nil || left == 0 && through.c.Stats().Groups > 0 {
		t.Error(left, err)
	}
	for _, bad := range []string{"", "{}", `{"Version":9}`, `[]`} {
		if _, err := changed.c.Import([]byte(bad)); err == nil {
			t.Errorf("%q is taken over", bad)
		}
	}
}

// Memory stays within its limits whatever comes, and what is forgotten is counted.
func TestLimits(t *testing.T) {
	t.Parallel()
	limits := sigma.Limits{Groups: 50, Entries: 300, PerGroup: 40, Lateness: time.Minute}
	s := newStream(t, limits, named("a"), named("b"),
		correlation("many", "type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 1h\ncondition: {gte: 30}\n"),
		correlation("few", "type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 1h\ncondition: {lte: 30}\n"),
		correlation("both", "type: temporal\nrules: [many, b]\ngroup-by: [u]\ntimespan: 1h\n"))
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 20_000 {
		u := r.IntN(500)
		if r.IntN(3) == 0 {
			u = 1
		}
		s.feed(fmt.Sprintf("%d %s u=%d", i/10-r.IntN(30), string('a'+rune(r.IntN(2))), u))
		if st := s.c.Stats(); st.Groups > 50 || st.Entries > 340 {
			t.Fatalf("%+v", st)
		}
	}
	if st := s.c.Stats(); st.EvictedGroups == 0 || st.EvictedEntries == 0 || len(s.out) == 0 {
		t.Errorf("%+v %d", st, len(s.out))
	}
}

// In whatever order events come within the bound, the same groups come true.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	docs := []string{
		named("a"), named("b"),
		correlation("many", "type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 9s\ncondition: {gte: 3}\n"),
		correlation("kinds", "type: value_count\nrules: [a, b]\ngroup-by: [u]\ntimespan: 9s\ncondition: {gte: 3, field: v}\n"),
		correlation("order", "type: temporal_ordered\nrules: [a, b]\ngroup-by: [u]\ntimespan: 2s\n"),
		correlation("sum", "type: value_sum\nrules: [a]\ngroup-by: [u]\ntimespan: 4s\ncondition: {gte: 12, field: v}\n"),
		correlation("avg", "type: value_avg\nrules: [a]\ngroup-by: [u]\ntimespan: 4s\ncondition: {gte: 5, field: v}\n"),
	}
	for round := range 40 {
		r := rand.New(rand.NewPCG(5, uint64(round)))
		var events []string
		for i := range 80 { // no two at the same instant: their order would be that in which they came
			events = append(events, fmt.Sprintf("%d %c u=%d v=%d", i, 'a'+rune(r.IntN(2)), r.IntN(6), r.IntN(9)))
		}
		groups := func(events []string) []string {
			s := newStream(t, sigma.Limits{Lateness: time.Hour}, docs...)
			s.feed(events...)
			s.advance(10_000)
			var out []string
			for _, l := range s.out {
				w := strings.Fields(l)
				out = append(out, w[1]+" "+w[2])
			}
			slices.Sort(out)
			return slices.Compact(out)
		}
		want := groups(events)
		mixed := slices.Clone(events)
		r.Shuffle(len(mixed), func(i, j int) {
			if i-j < 30 && j-i < 30 {
				mixed[i], mixed[j] = mixed[j], mixed[i]
			}
		})
		if got := groups(mixed); !slices.Equal(got, want) {
			t.Errorf("round %d: %v\nwant %v", round, got, want)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	filter := func(rules, source string) string {
		return "title: f\nlogsource: {" + source + "}\nfilter:\n  rules: " + rules + "\n  known: {user|startswith: adm_}\n  condition: known\n"
	}
	one, two := rule("one", line("a", "1")), rule("two", line("a", "1"))
	for _, x := range []struct {
		filter  string
		want    int
		refused int
	}{
		{filter("[one]", "product: test"), 1, 0}, {filter("[one, two]", "product: test"), 0, 0}, {filter("any", "product: test"), 0, 0},
		{filter("[one, three]", "product: test"), 2, 1}, {filter("[one]", "product: other"), 2, 1},
	} {
		e := compile(t, one, two, x.filter)
		v := e.Evaluator()
		hits, err := v.Match(0, []byte(`{"a":1,"user":"ADM_x"}`), at)
		if err != nil || len(hits) != x.want || len(e.Refused()) != x.refused {
			t.Errorf("%s: %v %v %v", x.filter, hits, err, e.Refused())
		}
		if hits, err := v.Match(0, []byte(`{"a":1,"user":"x"}`), at); err != nil || len(hits) != 2 {
			t.Errorf("%s: %v %v", x.filter, hits, err)
		}
	}
}
