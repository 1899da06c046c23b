// Command forensics measures how well incidents are reconstructed: the simulated company's audit logs with planted attacks are
// searched with the program's own rules; from what they find, or where no rule sees an attack from its last event (as a baseline
// would report one), each attack is traced through the logs of everybody, and what is found is held against the truth.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/incident/trace"
	"github.com/tickmark/tickmark/internal/simco"
)

// size is a load: how many people make how much noise for how long.
type size struct {
	people, repositories, days int
	factor                     float64
	seed                       uint64
	history                    time.Duration // before an attack that is looked at
	tell                       bool
}

func main() {
	s := size{}
	flag.IntVar(&s.people, "people", 150, "how many people work at the company")
	flag.IntVar(&s.repositories, "repositories", 48, "how many repositories it has")
	flag.Uint64Var(&s.seed, "seed", 7, "of the simulated company")
	flag.Float64Var(&s.factor, "factor", 1, "how much people and services do")
	flag.BoolVar(&s.tell, "tell", false, "tell what was missed and what was too much, on standard error")
	_ = flag.String("dir", "", "not used: nothing is written")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	s.days, s.history = 75, 21*24*time.Hour
	if *small {
		s.people, s.repositories, s.days, s.factor = 40, 30, 40, 0.3
		s.history = 7 * 24 * time.Hour
	}
	measure.Fatal(run(s))
}

// load is all events of the weeks that are looked at, in order.
type load struct {
	events    []event.Event
	at        map[string]int
	reports   map[string][]string // by attack, what rules found
	elsewhere int                 // hits of rules of level medium or more that are no attack's
	attacks   []simco.Attack
	titles    map[string][]string
}

func run(s size) error {
	measure.Header("forensics")
	l, err := prepare(s)
	if err != nil {
		return err
	}
	fmt.Printf("# %d people, factor %g, seed %d: %d events in %d days, %d attacks\n", s.people, s.factor, s.seed, len(l.events), s.days, len(l.attacks))
	var figures [7][]float64
	var took, late []float64
	unseen := 0
	for i := range l.attacks {
		a := &l.attacks[i]
		seeds := l.reports[a.ID]
		if len(seeds) > 0 {
			late = append(late, l.events[l.at[first(l, seeds)]].At.Sub(a.From).Seconds())
		} else {
			seeds = a.Events[len(a.Events)-1:]
			unseen++
		}
		window := l.window(a.From.Add(-s.history), a.To.Add(24*time.Hour))
		began := time.Now()
		r := trace.Trace(window, seeds, trace.Options{})
		took = append(took, time.Since(began).Seconds()*1000)
		v := l.judge(a, &r)
		for k := range figures {
			figures[k] = append(figures[k], v[k])
		}
		name := "forensics." + strings.ToLower(a.ID)
		fmt.Printf("# %s %s (%d of %d events reported)\n", a.ID, a.Title, len(seeds), len(a.Events))
		for k, what := range parts {
			measure.Figure(name+"."+what.name, v[k], what.unit)
		}
		if s.tell {
			l.tell(a, &r)
		}
	}
	for k, what := range parts {
		measure.Figure("forensics."+what.name+".median", middle(figures[k]), what.unit)
		measure.Figure("forensics."+what.name+".mean", mean(figures[k]), what.unit)
		worst := slices.Min(figures[k])
		if what.unit == "s" {
			worst = slices.Max(figures[k])
		}
		measure.Figure("forensics."+what.name+".worst", worst, what.unit)
	}
	measure.Figure("forensics.first_rule_after_root.median", middle(late), "s")
	measure.Figure("forensics.first_rule_after_root.worst", slices.Max(late), "s")
	measure.Figure("forensics.trace.median", middle(took), "ms")
	measure.Figure("forensics.trace.worst", slices.Max(took), "ms")
	measure.Figure("forensics.attacks", float64(len(l.attacks)), "attacks")
	measure.Figure("forensics.attacks_no_rule_saw", float64(unseen), "attacks")
	measure.Figure("forensics.rule_hits_elsewhere", float64(l.elsewhere), "hits")
	return nil
}

var parts = [7]struct{ name, unit string }{{"root_error", "s"}, {"events_precision", "ratio"}, {"events_recall", "ratio"}, {"resources_precision", "ratio"}, {"resources_recall", "ratio"},
	{"left_precision", "ratio"}, {"left_recall", "ratio"}}

func prepare(s size) (*load, error) {
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	company, err := simco.New(simco.Config{Seed: s.seed, People: s.people, Repositories: s.repositories, Start: start, Days: s.days})
	if err != nil {
		return nil, err
	}
	trail := company.Audit(simco.AuditOptions{Factor: s.factor, Attacks: true})
	l := &load{at: map[string]int{}, reports: map[string][]string{}, attacks: trail.Attacks()}
	of := map[string]string{}
	for _, a := range l.attacks {
		for _, id := range a.Events {
			of[id] = a.ID
		}
	}
	d, err := newDetector()
	if err != nil {
		return nil, err
	}
	l.titles = d.titles
	for r := range trail.Events(l.attacks[0].From.Add(-s.history), trail.End()) {
		e, err := event.Normalise(r.Log, r.Raw, r.At)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.Log, r.ID, err)
		}
		hits, err := d.look(r.Log, r.Raw, r.At, r.ID)
		if err != nil {
			return nil, err
		}
		for _, id := range hits {
			if a := of[id]; a == "" {
				l.elsewhere++
			} else if !slices.Contains(l.reports[a], id) {
				l.reports[a] = append(l.reports[a], id)
			}
		}
		e.ID, e.Raw = r.ID, nil
		l.at[r.ID] = len(l.events)
		l.events = append(l.events, e)
	}
	return l, nil
}

// detector runs the program's own rules over records of all logs.
type detector struct {
	engine *sigma.Engine
	events *sigma.Evaluator
	groups *sigma.Correlator
	ids    []string
	titles map[string][]string // of rules, by record
}

func newDetector() (*detector, error) {
	p, err := pack.Load()
	if err != nil {
		return nil, err
	}
	e, err := sigma.Compile(p.Set, detect.Options())
	if err != nil {
		return nil, err
	}
	return &detector{engine: e, events: e.Evaluator(), groups: e.Correlator(sigma.Limits{}), titles: map[string][]string{}}, nil
}

// say remembers which rule named a record.
func (d *detector) say(id, title string) {
	if !slices.Contains(d.titles[id], title) {
		d.titles[id] = append(d.titles[id], title)
	}
}

func heard(level string) bool { return level == "medium" || level == "high" || level == "critical" }

// look gives the identifiers of the records that rules of level medium or more name.
func (d *detector) look(log string, raw []byte, at time.Time, id string) (out []string, err error) {
	d.ids = append(d.ids, id)
	hits, err := d.events.Match(d.engine.Source(log), raw, at)
	if err != nil {
		return nil, err
	}
	for _, h := range hits {
		if h.Stands && heard(d.engine.Rules()[h.Rule].Level) {
			out = append(out, id)
			d.say(id, d.engine.Rules()[h.Rule].Title)
		}
	}
	for _, a := range d.groups.Observe(hits, uint64(len(d.ids)-1), at, at) {
		if a.Stands && heard(a.Correlation.Level) {
			for _, n := range a.Events {
				d.say(d.ids[n], a.Correlation.Title)
				out = append(out, d.ids[n])
			}
		}
	}
	return out, nil
}

func (l *load) window(from, to time.Time) []event.Event {
	find := func(t time.Time) int {
		n, _ := slices.BinarySearchFunc(l.events, t, func(e event.Event, t time.Time) int { return e.At.Compare(t) })
		return n
	}
	return slices.Clone(l.events[find(from):find(to)])
}

// judge holds what was found against the truth: error of the root in seconds, precision and recall of events and of resources.
func (l *load) judge(a *simco.Attack, r *trace.Reconstruction) (out [7]float64) {
	out[0] = r.First.Sub(l.events[l.at[a.Root]].At).Abs().Seconds()
	found := 0
	for _, m := range r.Events {
		if slices.Contains(a.Events, m.Event) {
			found++
		}
	}
	out[1], out[2] = part(found, len(r.Events)), part(found, len(a.Events))
	right, met := 0, map[string]bool{}
	for i := range r.Resources {
		if t := truth(a, &r.Resources[i]); t != "" {
			right++
			met[t] = true
		}
	}
	standing, left := 0, map[string]bool{}
	for _, x := range r.Persistence {
		for _, t := range a.Left {
			if is(x.ID, x.Name, t.ID) {
				standing++
				left[t.ID] = true
				break
			}
		}
	}
	out[5], out[6] = part(standing, len(r.Persistence)), part(len(left), len(a.Left))
	out[3], out[4] = part(right, len(r.Resources)), part(len(met), len(a.Touched))
	return out
}

// truth is the true resource that one found is.
func truth(a *simco.Attack, r *trace.Resource) string {
	for _, t := range a.Touched {
		if is(r.ID, r.Name, t.ID) {
			return t.ID
		}
	}
	return ""
}

// first is the earliest of the records that rules named: by then somebody could have known.
func first(l *load, ids []string) string {
	return slices.MinFunc(ids, func(a, b string) int { return cmp.Compare(l.at[a], l.at[b]) })
}

func is(id, name, want string) bool {
	return id == want || name == want || strings.HasSuffix(id, ":"+want) || strings.HasSuffix(id, "/"+want)
}

func part(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func middle(v []float64) float64 {
	s := slices.Clone(v)
	slices.SortFunc(s, cmp.Compare)
	return s[len(s)/2]
}

// tell writes what was missed and what was too much.
func (l *load) tell(a *simco.Attack, r *trace.Reconstruction) {
	fmt.Fprintf(os.Stderr, "== %s %s, from %d reports\n   %s\n   root %s by %s\n", a.ID, a.Title, len(l.reports[a.ID]), r.Entry, r.First, a.From)
	rules := map[string]int{}
	for _, id := range a.Events {
		for _, title := range l.titles[id] {
			rules[title]++
		}
	}
	fmt.Fprintf(os.Stderr, "   rules %v\n", rules)
	n := 0
	for _, m := range r.Events {
		if !slices.Contains(a.Events, m.Event) && n < 6 {
			e := &l.events[l.at[m.Event]]
			fmt.Fprintf(os.Stderr, "   + %s %s %s %s: %s\n", m.At.Format(time.DateTime), e.Actor.Name, e.Action, e.From.IP, m.Why)
			n++
		}
	}
	n = 0
	for _, id := range a.Events {
		if !slices.ContainsFunc(r.Events, func(m trace.Member) bool { return m.Event == id }) && n < 6 {
			e := &l.events[l.at[id]]
			fmt.Fprintf(os.Stderr, "   - %s %s %s %s\n", e.At.Format(time.DateTime), e.Actor.Name, e.Action, e.From.IP)
			n++
		}
	}
	for i := range r.Resources {
		if truth(a, &r.Resources[i]) == "" {
			fmt.Fprintf(os.Stderr, "   + %s %s %s\n", r.Resources[i].Kind, r.Resources[i].ID, r.Resources[i].Name)
		}
	}
	for _, x := range r.Persistence {
		if !slices.ContainsFunc(a.Left, func(t simco.Thing) bool { return is(x.ID, x.Name, t.ID) }) {
			fmt.Fprintf(os.Stderr, "   +left %s %s\n", x.Kind, x.ID)
		}
	}
	for _, t := range a.Left {
		if !slices.ContainsFunc(r.Persistence, func(x trace.Standing) bool { return is(x.ID, x.Name, t.ID) }) {
			fmt.Fprintf(os.Stderr, "   -left %s %s\n", t.Kind, t.ID)
		}
	}
	for _, t := range a.Touched {
		if !slices.ContainsFunc(r.Resources, func(x trace.Resource) bool { return truth(a, &x) == t.ID }) {
			fmt.Fprintf(os.Stderr, "   - %s %s\n", t.Kind, t.ID)
		}
	}
}
