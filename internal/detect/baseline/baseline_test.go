package baseline

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

const days = 24

// results plays a world of 28 days with an attack in its last week.
func results(t *testing.T, o Options, again func(hour int, m *Model) *Model) ([]Result, *Model) {
	t.Helper()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(3, 20, 4)
	night := 25*days + 3
	extra := map[int][]happened{night: w.attack(start.Add(time.Duration(night) * time.Hour))}
	w.n = 1000
	var out []Result
	w.play(m, start, 28*days, extra, func(h int, r Result) *Model {
		out = append(out, r)
		if again != nil {
			m = again(h, m)
		}
		return m
	})
	return out, m
}

// TestAttackIsToldInPlainWords: an account that does at night what nobody does is alerted, explained with numbers, on the daily
// list, and the noise stays within the budget.
func TestAttackIsToldInPlainWords(t *testing.T) {
	t.Parallel()
	all, m := results(t, Options{BudgetPerDay: 1, Learn: 5}, nil)
	var hit *Anomaly
	alerts, confirmed := 0, 0
	for h := range all {
		alerts += len(all[h].Alerts)
		for i := range all[h].Alerts {
			if h == 25*days+3 && all[h].Alerts[i].Entity.ID == "arn:person03" {
				hit = &all[h].Alerts[i]
			}
		}
		for _, a := range all[h].Confirmed {
			if a.Entity.ID == "arn:person03" && a.Hour.Equal(start.Add((25*days+3)*time.Hour)) {
				confirmed++
			}
		}
	}
	if hit == nil {
		t.Fatalf("the attack was not alerted; %d alerts in all, stats %+v", alerts, m.Stats())
	}
	t.Log(hit.Sentence, hit.Confidence, hit.P, hit.Score)
	for _, want := range []string{"person03 did ", "for the first time in 24 days and ", "the peer group support of 10 did so never", "and 3 more"} {
		if !strings.Contains(hit.Sentence, want) {
			t.Errorf("the sentence lacks %q: %s", want, hit.Sentence)
		}
	}
	if hit.Technique != "T1562" && hit.Technique != "T1098" || len(hit.Events) < 4 || hit.Events[0] == "" || hit.Entity.Kind != event.Person || hit.Peer != "support" {
		t.Errorf("%+v", hit)
	}
	facets := map[Facet]bool{}
	for _, f := range hit.Facets {
		facets[f.Facet] = true
	}
	for _, f := range []Facet{Action, Team, Network, Country, Agent, Resource, Credential} {
		if !facets[f] {
			t.Errorf("%s is not among what is unusual: %+v", f, hit.Facets)
		}
	}
	if bound := 1*28 + 2; alerts > bound {
		t.Errorf("%d alerts, %d are allowed", alerts, bound)
	}
	if confirmed > 1 {
		t.Errorf("confirmed %d times", confirmed)
	}
	if until, learning := m.Learning(); learning || !until.Equal(start.Add(5*days*time.Hour)) {
		t.Errorf("learning %v until %v", learning, until)
	}
}

// TestCutAnywhere: a state that is written and read again anywhere, also within an hour, and any number of shards change nothing.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	o := Options{BudgetPerDay: 5, Learn: 3}
	want, whole := results(t, o, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	o.Shards = 7
	got, cut := results(t, o, func(_ int, m *Model) *Model {
		if rng.IntN(20) > 0 {
			return m
		}
		b, err := m.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		o.Shards = 1 + rng.IntN(8)
		next, err := Read(b, o)
		if err != nil {
			t.Fatal(err)
		}
		return next
	})
	if !reflect.DeepEqual(want, got) {
		t.Error("another result after writing and reading")
	}
	a, _ := whole.MarshalBinary()
	b, _ := cut.MarshalBinary()
	if !bytes.Equal(a, b) {
		t.Error("another state after writing and reading")
	}
	t.Logf("%d bytes for %d entities", len(a), whole.Entities())

	// Within an hour: half of the events before the cut.
	w := newWorld(5, 8, 2)
	list := w.hour(start.Add((28*days + 10) * time.Hour))
	for i := range list {
		if i == len(list)/2 {
			state, _ := cut.MarshalBinary()
			again, err := Read(state, o)
			if err != nil {
				t.Fatal(err)
			}
			cut = again
		}
		whole.Observe(&list[i].event, list[i].peer)
		cut.Observe(&list[i].event, list[i].peer)
	}
	at := start.Add((28*days + 10) * time.Hour)
	if x, y := whole.Close(at), cut.Close(at); !reflect.DeepEqual(x, y) {
		t.Errorf("cut within an hour:\n%+v\n%+v", x, y)
	}
}

// TestBudgetHolds: for whatever sequence of probabilities, chosen with full knowledge of the level, the alerts of any stretch of
// days stay within days × budget + ceiling.
func TestBudgetHolds(t *testing.T) {
	t.Parallel()
	for _, perDay := range []float64{0.1, 1, 2, 5, 10, 20, 50} {
		for adversary := range 5 {
			rng := rand.New(rand.NewPCG(uint64(adversary), uint64(perDay*10)))
			b := newBudget(perDay)
			perDays := make([]int, 60)
			for d := range perDays {
				b.apportion()
				for h := range 24 {
					tests := rng.IntN(200)
					b.count(h, tests)
					if tests == 0 {
						b.settle(b.share(h), false)
						continue
					}
					alpha := b.share(h) / float64(tests)
					for range tests {
						p := []float64{0, rng.Float64(), math.Nextafter(b.level(alpha), 0), rng.Float64() * float64(d%7) / 7, 1 - float64(d%2)}[adversary]
						alert := b.credit >= 1 && p <= b.level(alpha)
						if alert {
							perDays[d]++
						}
						b.settle(alpha, alert)
						if b.credit < 0 || b.credit > b.ceiling() {
							t.Fatalf("credit %v", b.credit)
						}
					}
				}
			}
			for from := range perDays {
				sum, spare := 0, b.ceiling()
				if from == 0 {
					spare = 0
				}
				for d := from; d < len(perDays); d++ {
					sum += perDays[d]
					if n := float64(d - from + 1); float64(sum) > n*perDay+spare+1e-6 {
						t.Fatalf("budget %v, adversary %d: %d alerts in %v days from day %d", perDay, adversary, sum, n, from)
					}
				}
			}
		}
	}
}

// TestPValuesAreNeverTooSmall: among exchangeable scores, p <= x and e >= 1/x happen no more often than x.
func TestPValuesAreNeverTooSmall(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 9))
	const n, runs = 400, 3000
	small, sumE := map[float64]int{}, 0.0
	h := &histogram{}
	for i := range n + runs {
		bin := scoreBin(rng.ExpFloat64() * 0.8)
		if i >= n {
			p := h.p(bin)
			for _, x := range []float64{0.01, 0.05, 0.2, 0.5} {
				if p <= x {
					small[x]++
				}
			}
			sumE += math.Exp(h.e(bin))
		}
		h.add(int32(i/50), bin, false)
		h.slide(int32(i/50) - 8)
	}
	for x, k := range small {
		if rate := float64(k) / runs; rate > x+4*math.Sqrt(x/runs) {
			t.Errorf("p <= %v in %v of all", x, rate)
		}
	}
	if mean := sumE / runs; mean > 1.2 {
		t.Errorf("the mean of the e-values is %v", mean)
	}
}

// TestBenignIsLeftAside: what somebody called benign does not count until it expires, for that entity only.
func TestBenignIsLeftAside(t *testing.T) {
	t.Parallel()
	_, m := results(t, Options{BudgetPerDay: 50, Learn: 3}, nil)
	state, _ := m.MarshalBinary()
	score := func(list ...Benign) float64 {
		again, err := Read(state, Options{})
		if err != nil {
			t.Fatal(err)
		}
		again.SetBenign(list)
		e := event.Event{ID: "new", Log: "aws.cloudtrail", At: start.Add((28*days + 5) * time.Hour), Action: "kms:ScheduleKeyDeletion", Weight: event.WeightDefence, Status: event.Success, Actor: event.Actor{ID: "arn:person01"}}
		again.Observe(&e, "support")
		u := again.shards[0].open[hourOf(e.At)][key{"aws.cloudtrail", "arn:person01"}]
		return again.score(again.shards[0].entities[u.key], u).score
	}
	b := Benign{Log: "aws.cloudtrail", Entity: "arn:person01", Facet: Action, Value: "kms:ScheduleKeyDeletion", Until: start.Add(30 * days * time.Hour)}
	plain, aside := score(), score(b)
	if aside > plain-10 {
		t.Errorf("%v with, %v without what is benign", aside, plain)
	}
	b.Until = start.Add(28 * days * time.Hour)
	other := b
	other.Until, other.Entity = start.Add(40*days*time.Hour), "arn:person02"
	if x := score(b, other); x != plain {
		t.Errorf("expired, or another's: %v, not %v", x, plain)
	}
}

// TestNobodyTeachesFast: a hundred thousand repetitions within a day teach no more than DayLimit contributions.
func TestNobodyTeachesFast(t *testing.T) {
	t.Parallel()
	var d dist
	for i := range 100_000 {
		d.add(7, 1, int32(i%24), 1, 1, 4, 8)
	}
	if c, _ := d.get(7); c.mass != 4 || c.count != 100_000 {
		t.Errorf("%+v", c)
	}
	var r ramp
	for i := range int32(60) {
		r.add(i*24, 50, 10)
	}
	if x := r.rise(60 * 24); math.Abs(x) > 0.05 {
		t.Errorf("a steady account rises by %v", x)
	}
	for i := range int32(14) {
		r.add((60+i)*24, uint32(80+30*i), uint32(20+10*i))
	}
	if x := r.rise(74 * 24); x < 0.6 {
		t.Errorf("an account that takes more each day for two weeks rises by %v only", x)
	}
}

// TestOddEvents: events without a time or an actor, late ones, those of the future and floods are counted and break nothing.
func TestOddEvents(t *testing.T) {
	t.Parallel()
	m, err := New(Options{MaxEntities: 50})
	if err != nil {
		t.Fatal(err)
	}
	at := start
	see := func(id string, at time.Time) {
		m.Observe(&event.Event{ID: "x", Log: "okta.log", At: at, Actor: event.Actor{ID: id}, Action: strings.Repeat("é", 400), From: event.Endpoint{IP: "no address", UserAgent: strings.Repeat("x", 5000)}}, "")
	}
	see("a", at)
	m.Close(at)
	see("a", at)
	see("a", at.AddDate(3, 0, 0))
	see("a", time.Time{})
	m.Observe(&event.Event{At: at.Add(time.Hour)}, "")
	for i := range 300 {
		see(fmt.Sprint(i), at.Add(time.Hour))
	}
	m.Close(at.Add(time.Hour))
	m.Close(at.AddDate(0, 0, 3))
	m.Close(at) // backwards: nothing
	s := m.Stats()
	if s.Late != 1 || s.Future != 1 || s.Undated != 1 || s.Unattributed != 1 || s.Evicted < 250 || m.Entities() > 50 {
		t.Errorf("%+v, %d entities", s, m.Entities())
	}
	for _, o := range []Options{{BudgetPerDay: -1}, {BudgetPerDay: math.NaN()}, {HalfLife: 1}, {Window: 9999}, {Shards: -1}, {FDR: 2}} {
		if _, err := New(o); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if err := m.SetBudget(0); err == nil {
		t.Error("a budget of 0 was taken")
	}
}

func TestNetworksAndPrograms(t *testing.T) {
	t.Parallel()
	for from, want := range map[event.Endpoint]string{
		{IP: "203.0.113.9"}: "203.0.113.0/24", {IP: "::ffff:203.0.113.9"}: "203.0.113.0/24", {IP: "2001:db8:1:2::3"}: "2001:db8:1::/48",
		{IP: "203.0.113.9", ASN: 64500}: "AS64500", {IP: "ec2.example"}: "ec2.example",
	} {
		if _, name := network(&from); name() != want {
			t.Errorf("%+v is %s, not %s", from, name(), want)
		}
	}
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36": "Chrome on Windows",
		"aws-cli/2.1 Python/3": "aws-cli", "[Boto3/1.2]": "boto3", "Mozilla/5.0 (X11)": "browser on unknown system",
	} {
		if got := family(agent); got != want {
			t.Errorf("%s is %s", agent, got)
		}
	}
	for f := range facets {
		if g, ok := FacetByName(f.String()); f != keys && (!ok || g != f) {
			t.Errorf("facet %d has no name of its own", f)
		}
	}
}

// FuzzRead: no bytes break the reader, and what it accepts is written as it was.
func FuzzRead(f *testing.F) {
	m, _ := New(Options{})
	w := newWorld(1, 3, 1)
	w.play(m, start, 30, nil, nil)
	list := w.hour(start.Add(34 * time.Hour))
	for i := range list {
		m.Observe(&list[i].event, list[i].peer)
	}
	state, _ := m.MarshalBinary()
	f.Add(state[len(magic)+1 : len(state)-4])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := Read(seal(body), Options{Shards: 2})
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatal(err)
			}
			return
		}
		w := newWorld(2, 2, 1)
		w.play(m, start.AddDate(0, 1, 0), 3, nil, nil)
		again, err := m.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(again, Options{}); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
