// Command baseline measures learned baselines on the simulated company's audit logs: what its planted attacks are found of within
// a budget of alerts a day, how much else is alerted, whether the budget holds on streams without attacks (as they are, shuffled
// and drifting), how fast it is and how much it remembers.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/detect/baseline"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
)

var verbose *bool

func main() {
	people := flag.Int("people", 120, "people of the simulated company")
	days := flag.Int("days", 75, "days of its life; attacks are in the last 30")
	seed := flag.Uint64("seed", 7, "of the company")
	verbose = flag.Bool("v", false, "tell each alert on standard error")
	_ = flag.String("dir", "", "not used: nothing is written")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	if *small {
		*people, *days = 30, 33
	}
	measure.Fatal(run(*people, *days, *seed, *small))
}

// seen is an event with the group of whoever did it.
type seen struct {
	event event.Event
	peer  string
}

func run(people, days int, seed uint64, small bool) error {
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	w, err := life.New(life.Config{Seed: seed, People: people, Repositories: 48, Start: start, Days: days})
	if err != nil {
		return err
	}
	measure.Header("baseline")
	factor := 1.0
	if small {
		factor = 0.1
	}
	attacked := audit.New(w, audit.Options{Factor: factor, Attacks: true})
	from := attacked.End().AddDate(0, 0, -days)
	events, err := read(w, attacked, from)
	if err != nil {
		return err
	}
	benign, err := read(w, audit.New(w, audit.Options{Factor: factor}), from)
	if err != nil {
		return err
	}
	measure.Figure("baseline.people", float64(people), "people")
	measure.Figure("baseline.days", float64(days), "days")
	measure.Figure("baseline.events", float64(len(events)), "events")
	budgets := []float64{1, 5, 20}
	if small {
		budgets = []float64{5}
	}
	for _, b := range budgets {
		if err := attacks(events, attacked.Attacks(), b, days); err != nil {
			return err
		}
	}
	if err := validity(benign, small); err != nil {
		return err
	}
	return speed(events)
}

// read brings the records into the normal form. The identifiers are the vendors', by which the truth names them.
func read(w *life.World, t *audit.Trail, from time.Time) ([]seen, error) {
	department := map[string]int{}
	for i := range w.People {
		department[w.People[i].Email] = i
	}
	var out []seen
	for r := range t.Events(from, t.End()) {
		e, err := event.Normalise(r.Log, r.Raw, r.At)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.Log, r.ID, err)
		}
		e.ID, e.Raw = r.ID, nil
		peer := ""
		for _, name := range []string{e.Actor.Name, e.Actor.ID} {
			if i, ok := department[name]; ok {
				if job := w.People[i].JobAt(life.Of(r.At)); job != nil {
					peer = life.Departments[job.Dept].Name
				}
			}
		}
		out = append(out, seen{e, peer})
	}
	return out, nil
}

// play feeds a model in the order of time and closes each hour.
func play(m *baseline.Model, events []seen, told func(baseline.Result)) {
	hour := events[0].event.When().Truncate(time.Hour)
	for i := range events {
		for at := events[i].event.When(); !at.Before(hour.Add(time.Hour)); hour = hour.Add(time.Hour) {
			told(m.Close(hour))
		}
		m.Observe(&events[i].event, events[i].peer)
	}
	told(m.Close(hour))
	told(m.Close(hour.Truncate(24 * time.Hour).Add(24 * time.Hour)))
}

type unit struct {
	log, id string
	hour    int64
}

func unitOf(e *event.Event) unit {
	id := e.Actor.ID
	if id == "" {
		id = e.Host
	}
	return unit{e.Log, id, e.When().Unix() / 3600}
}

// attacks holds what is told against the truth. An alert is true if an event of an attack is in its hour and of its actor; an
// attack is found at the end of the first such hour.
func attacks(events []seen, truth []audit.Attack, budget float64, days int) error {
	of := map[string][]int{}
	for i, a := range truth {
		for _, id := range a.Events {
			of[id] = append(of[id], i)
		}
	}
	units := map[unit][]int{}
	for i := range events {
		units[unitOf(&events[i].event)] = append(units[unitOf(&events[i].event)], of[events[i].event.ID]...)
	}
	m, err := baseline.New(baseline.Options{BudgetPerDay: budget})
	if err != nil {
		return err
	}
	found, listed, queued := map[int]time.Time{}, map[int]bool{}, map[int]bool{}
	hits, misses, wrongListed := 0, 0, 0
	sort := func(a *baseline.Anomaly) []int {
		return units[unit{a.Entity.Log, a.Entity.ID, a.Hour.Unix() / 3600}]
	}
	play(m, events, func(r baseline.Result) {
		for i := range r.Alerts {
			of := sort(&r.Alerts[i])
			if len(of) == 0 {
				misses++
			} else {
				hits++
			}
			if *verbose {
				fmt.Fprintln(os.Stderr, budget, len(of) > 0, r.Alerts[i].Hour.Format("01-02 15"), math.Round(r.Alerts[i].Score), r.Alerts[i].Sentence)
			}
			for _, a := range of {
				if _, ok := found[a]; !ok {
					found[a] = r.Alerts[i].Hour.Add(time.Hour)
				}
			}
		}
		for i := range r.Confirmed {
			of := sort(&r.Confirmed[i])
			if len(of) == 0 {
				wrongListed++
			}
			for _, a := range of {
				listed[a] = true
			}
		}
		for i := range r.Queue {
			for _, a := range sort(&r.Queue[i]) {
				queued[a] = true
			}
		}
	})
	name := fmt.Sprintf("baseline.budget_%g", budget)
	var minutes []float64
	unknown, unknownFound := 0, 0
	for i, a := range truth {
		at, ok := found[i]
		if !a.Known {
			unknown++
			if ok {
				unknownFound++
			}
		}
		if ok {
			minutes = append(minutes, at.Sub(a.From).Minutes())
		}
		if *verbose {
			fmt.Fprintln(os.Stderr, budget, a.ID, a.Title, "known", a.Known, "found", ok, at.Sub(a.From).Round(time.Minute), "listed", listed[i], "queued", queued[i])
		}
		if ok {
			measure.Figure(fmt.Sprintf("%s.minutes_to_alert.%s", name, lower(a.ID)), at.Sub(a.From).Minutes(), "min")
		}
	}
	scored := float64(days - 7)
	measure.Figure(name+".false_alerts_a_day", float64(misses)/scored, "alerts")
	measure.Figure(name+".alerts_a_day", float64(hits+misses)/scored, "alerts")
	measure.Figure(name+".attacks", float64(len(truth)), "attacks")
	measure.Figure(name+".attacks_found", float64(len(found)), "attacks")
	measure.Figure(name+".attacks_no_rule_is_meant_for", float64(unknown), "attacks")
	measure.Figure(name+".of_these_found", float64(unknownFound), "attacks")
	measure.Figure(name+".attacks_in_daily_list", float64(len(listed)), "attacks")
	measure.Figure(name+".false_in_daily_list", float64(wrongListed), "hours")
	measure.Figure(name+".attacks_in_queue", float64(len(queued)), "attacks")
	if len(minutes) > 0 {
		slices.Sort(minutes)
		measure.Figure(name+".minutes_to_alert.median", minutes[len(minutes)/2], "min")
	}
	return nil
}

func lower(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] >= 'A' && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// validity holds the alerts of streams without attacks against the budget.
func validity(benign []seen, small bool) error {
	budgets := []float64{1, 2, 5, 10, 20, 50}
	if small {
		budgets = []float64{2}
	}
	for _, stream := range []struct {
		name   string
		events []seen
	}{{"as_it_is", benign}, {"shuffled", shuffled(benign)}, {"drifting", drifting(benign)}} {
		for _, b := range budgets {
			m, err := baseline.New(baseline.Options{BudgetPerDay: b})
			if err != nil {
				return err
			}
			perDay := map[int64]int{}
			total := 0
			play(m, stream.events, func(r baseline.Result) {
				for _, a := range r.Alerts {
					perDay[a.Hour.Unix()/86400]++
					total++
				}
			})
			until, _ := m.Learning()
			days := stream.events[len(stream.events)-1].event.When().Sub(until).Hours() / 24
			worst := 0
			for _, n := range perDay {
				worst = max(worst, n)
			}
			name := fmt.Sprintf("baseline.%s.budget_%g", stream.name, b)
			measure.Figure(name+".alerts_over_allowed", float64(total)/(b*days), "ratio")
			measure.Figure(name+".most_in_a_day", float64(worst), "alerts")
		}
	}
	return nil
}

// shuffled changes the days of the week-days among each other, and those of the weekends.
func shuffled(events []seen) []seen {
	first := events[0].event.When().Truncate(24 * time.Hour)
	byDay := map[int][]seen{}
	last := 0
	for _, e := range events {
		d := int(e.event.When().Sub(first) / (24 * time.Hour))
		byDay[d] = append(byDay[d], e)
		last = max(last, d)
	}
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a bench
	var out []seen
	order := make([]int, last+1)
	for i := range order {
		order[i] = i
	}
	for _, weekend := range []bool{false, true} {
		var places []int
		for d := range order {
			wd := first.AddDate(0, 0, d).Weekday()
			if (wd == time.Saturday || wd == time.Sunday) == weekend {
				places = append(places, d)
			}
		}
		for i, j := range rng.Perm(len(places)) {
			order[places[i]] = places[j]
		}
	}
	for d, from := range order {
		for _, e := range byDay[from] {
			shift := time.Duration(d-from) * 24 * time.Hour
			e.event.At, e.event.Received = e.event.When().Add(shift), e.event.Received.Add(shift)
			out = append(out, e)
		}
	}
	return out
}

// drifting makes more and more of the actions, programs and networks new ones: after the first fortnight one per cent of them
// more each day, and half as many events again by the end.
func drifting(events []seen) []seen {
	rng := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a bench
	first := events[0].event.When()
	span := events[len(events)-1].event.When().Sub(first).Hours() / 24
	var out []seen
	for _, e := range events {
		day := e.event.When().Sub(first).Hours() / 24
		if day > 14 && rng.Float64() < (day-14)/100 {
			e.event.Action += fmt.Sprintf("V%d", 2+int(day)/10)
			e.event.From.UserAgent = fmt.Sprintf("new-program-%d/1", int(day)/10)
			e.event.From.ASN = 64500 + uint32(day)/10
		}
		out = append(out, e)
		if rng.Float64() < 0.5*day/span {
			again := e
			again.event.ID += "-again"
			out = append(out, again)
		}
	}
	return out
}

// speed is what learning and judging costs, without bringing records into the normal form.
func speed(events []seen) error {
	m, err := baseline.New(baseline.Options{})
	if err != nil {
		return err
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	meter := measure.Start()
	play(m, events, func(baseline.Result) {})
	use := meter.Stop()
	runtime.GC()
	runtime.ReadMemStats(&after)
	state, err := m.MarshalBinary()
	if err != nil {
		return err
	}
	entities := float64(m.Entities())
	measure.Figure("baseline.events_a_cpu_second", float64(len(events))/use.CPU, "events/cpu-s")
	measure.Figure("baseline.units", float64(m.Stats().Units), "hours")
	measure.Figure("baseline.entities", entities, "entities")
	measure.Figure("baseline.state_a_1000_entities", float64(len(state))/entities*1000/(1<<10), "KiB")
	measure.Figure("baseline.memory_a_1000_entities", (float64(after.HeapAlloc)-float64(before.HeapAlloc))/entities*1000/(1<<10), "KiB")
	again := measure.Start()
	if _, err := baseline.Read(state, baseline.Options{}); err != nil {
		return err
	}
	measure.Figure("baseline.reading_the_state", again.Stop().Seconds, "s")
	runtime.KeepAlive(m)
	return nil
}
