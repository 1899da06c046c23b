package pack_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/detect/sigma/oracle"
)

func load(t *testing.T) *pack.Pack {
	t.Helper()
	p, err := pack.Load()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// engine compiles the pack as the program does, with every rule used by a source.
func engine(t *testing.T, p *pack.Pack) *sigma.Engine {
	t.Helper()
	e, err := sigma.Compile(p.Set, detect.Options())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range e.Refused() {
		t.Error(r)
	}
	for _, n := range e.Unrouted() {
		t.Errorf("%s: no source has events for %v", e.Rules()[n].Title, e.Rules()[n].Source)
	}
	return e
}

// sourceOf is the number of a source that has events of a log source.
func sourceOf(t *testing.T, e *sigma.Engine, want sigma.LogSource) int {
	t.Helper()
	for _, s := range detect.Sources() {
		for _, k := range s.Kinds {
			if k.Covers(want) {
				return e.Source(s.Name)
			}
		}
	}
	t.Fatalf("no source has %v", want)
	return -1
}

// TestRules: every rule says what it must, and there are enough of them for every kind of system.
func TestRules(t *testing.T) {
	t.Parallel()
	p := load(t)
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	ids, stands := map[string]bool{}, map[string]int{}
	for _, r := range p.Rules {
		if !uuid.MatchString(r.ID) || ids[r.ID] {
			t.Errorf("%s: the id %q is none, or is there twice", r.Title, r.ID)
		}
		ids[r.ID] = true
		if len(r.Techniques) == 0 || len(r.Tactics) == 0 || len(r.Criteria) == 0 || r.Description == "" || len(r.FalsePositives) == 0 {
			t.Errorf("%s: %+v", r.Title, r)
		}
		for _, id := range r.Criteria {
			if _, err := c.Criterion(id); err != nil {
				t.Errorf("%s: %v", r.Title, err)
			}
		}
		if r.Correlation && (!slices.ContainsFunc(r.Tests.Runs, func(x pack.Run) bool { return x.Alert }) || !slices.ContainsFunc(r.Tests.Runs, func(x pack.Run) bool { return !x.Alert })) {
			t.Errorf("%s: needs a run that alerts and one that does not", r.Title)
		}
		if !r.Correlation && (len(r.Tests.Hits) == 0 || len(r.Tests.Misses) == 0) {
			t.Errorf("%s: needs an event that matches and one that does not", r.Title)
		}
		if !r.Feeds {
			stands[r.Source.Product]++
		}
	}
	all := 0
	for _, n := range stands {
		all += n
	}
	if all < 150 {
		t.Errorf("%d rules", all)
	}
	for _, product := range []string{"aws", "gcp", "azure", "m365", "google_workspace", "okta", "github", "gitlab", "kubernetes", "linux", "vault"} {
		if stands[product] < 5 {
			t.Errorf("%d rules about %s", stands[product], product)
		}
	}
	for _, b := range p.Playbooks {
		if !slices.ContainsFunc(p.Rules, func(r pack.Rule) bool { return r.Playbook == b.ID }) || len(b.Steps) == 0 {
			t.Errorf("no rule needs the playbook %s, or it has no step", b.ID)
		}
		for _, s := range b.Steps {
			if !slices.Contains(pack.Phases(), s.Phase) {
				t.Errorf("%s: %q is no phase", b.ID, s.Phase)
			}
		}
	}
}

// TestEvents: each rule matches its events and no others of its own, and the engine and the oracle agree on every rule about them.
func TestEvents(t *testing.T) {
	t.Parallel()
	p := load(t)
	e := engine(t, p)
	v, judge := e.Evaluator(), oracle.Judge{Aliases: detect.Options().Aliases}
	for _, r := range p.Rules {
		if r.Correlation {
			continue
		}
		source := sourceOf(t, e, r.Source)
		for _, x := range []struct {
			events []map[string]any
			want   bool
		}{{r.Tests.Hits, true}, {r.Tests.Misses, false}} {
			for _, event := range x.events {
				text, err := json.Marshal(event)
				if err != nil {
					t.Fatal(err)
				}
				hits, err := v.Match(source, text, time.Time{})
				if err != nil {
					t.Fatalf("%s: %v", r.Title, err)
				}
				flat, err := oracle.Flatten(text)
				if err != nil {
					t.Fatal(err)
				}
				for n, rule := range e.Rules() {
					hit := slices.ContainsFunc(hits, func(h sigma.Hit) bool { return h.Rule == n })
					if rule.ID == r.ID && hit != x.want {
						t.Errorf("%s: %v for %s", r.Title, hit, text)
					}
					if i := slices.IndexFunc(hits, func(h sigma.Hit) bool { return h.Rule == n }); rule.ID == r.ID && i >= 0 && hits[i].Stands == r.Feeds {
						t.Errorf("%s: as a detection: %v", r.Title, hits[i].Stands)
					}
					if !rule.Source.Covers(r.Source) || rule.Source != r.Source {
						continue
					}
					if want, err := judge.Matches(rule, flat); err != nil || want != hit {
						t.Errorf("%s: the engine says %v, the oracle %v (%v) for %s", rule.Title, hit, want, err, text)
					}
				}
			}
		}
	}
}

// TestCorrelations: each comes true in the runs that say so, and in no other.
func TestCorrelations(t *testing.T) {
	t.Parallel()
	p := load(t)
	e := engine(t, p)
	n := 0
	for _, r := range p.Rules {
		for i, run := range r.Tests.Runs {
			n++
			if got := alerts(t, e, sourceOf(t, e, r.Source), r, run); got != run.Alert {
				t.Errorf("%s, run %d: %v", r.Title, i+1, got)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d runs", n)
	}
}

func alerts(t *testing.T, e *sigma.Engine, source int, r pack.Rule, run pack.Run) bool {
	t.Helper()
	v, c := e.Evaluator(), e.Correlator(sigma.Limits{})
	at, number, found := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), uint64(0), false
	see := func(alerts []sigma.Alert) {
		for _, a := range alerts {
			found = found || a.Correlation.ID == r.ID && a.Stands != r.Feeds
		}
	}
	for _, x := range run.Events {
		at = at.Add(duration(t, x.After))
		for i := range max(1, x.Repeat) {
			if i > 0 {
				at = at.Add(duration(t, x.Every))
			}
			text, err := json.Marshal(varied(x.Event, x.Vary, i))
			if err != nil {
				t.Fatal(err)
			}
			hits, err := v.Match(source, text, at)
			if err != nil {
				t.Fatal(err)
			}
			number++
			see(c.Observe(hits, number, at, at))
		}
	}
	see(c.Advance(at.Add(48 * time.Hour)))
	return found
}

func duration(t *testing.T, s string) time.Duration {
	t.Helper()
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// varied is an event whose field has another ending.
func varied(event map[string]any, field string, n int) map[string]any {
	if field == "" {
		return event
	}
	out := make(map[string]any, len(event))
	for k, v := range event {
		out[k] = v
	}
	first, rest, nested := strings.Cut(field, ".")
	if nested {
		inner, ok := out[first].(map[string]any)
		if !ok {
			inner = map[string]any{}
		}
		out[first] = varied(inner, rest, n)
		return out
	}
	out[first] = fmt.Sprint(out[first], n)
	return out
}
