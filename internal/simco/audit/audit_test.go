package audit_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func world(t testing.TB) *life.World {
	t.Helper()
	w, err := life.New(life.Config{Seed: 7, People: 80, Repositories: 42, Start: start, Days: 50})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestTrail looks at one life once: records are in order, valid and unlike each other, the same for whoever asks, and the truth
// about attacks agrees with the records.
func TestTrail(t *testing.T) {
	t.Parallel()
	w := world(t)
	tr := audit.New(w, audit.Options{Attacks: true, Factor: 0.3})
	from := tr.End().Add(-34 * 24 * time.Hour)
	at := map[string]audit.Record{}
	logs := map[string]int{}
	hours, weekdays := map[int]int{}, map[time.Weekday]int{}
	var last time.Time
	var sum int
	for r := range tr.Events(from, tr.End()) {
		e, err := event.Normalise(r.Log, r.Raw, r.At)
		if err != nil || e.Upstream != r.ID || e.At.Sub(r.At).Abs() >= time.Second || e.Class == event.Other || e.Actor.ID == "" {
			t.Fatalf("%s %s at %s: normal form %+v, %v: %s", r.Log, r.ID, r.At, e, err, r.Raw)
		}
		if _, twice := at[r.Log+r.ID]; twice {
			t.Fatalf("identifier used twice: %s", r.Raw)
		}
		if r.At.Before(last) {
			t.Fatalf("out of order: %s after %s", r.At, last)
		}
		last, at[r.Log+r.ID] = r.At, r
		logs[r.Log]++
		sum += len(r.Raw)
		if wd := r.At.Weekday(); wd >= 1 && wd <= 5 && r.Log == audit.Okta {
			hours[r.At.Hour()]++
		}
		if r.Log == audit.Drive {
			weekdays[r.At.Weekday()]++
		}
		if bytes.Contains(bytes.ToLower(r.Raw), []byte("attack")) {
			t.Fatalf("a record tells: %s", r.Raw)
		}
	}
	t.Logf("%d records, %d bytes each, by log %v", len(at), sum/len(at), logs)
	if night, noon := hours[2]+hours[3], hours[9]+hours[10]; noon < 6*night {
		t.Errorf("people sign in by day: %d at night, %d in the morning", night, noon)
	}
	if weekdays[time.Sunday]*20 > weekdays[time.Tuesday] {
		t.Errorf("people rest at weekends: %v", weekdays)
	}
	if len(logs) < 12 {
		t.Errorf("logs %v, want twelve kinds", logs)
	}
	checkTruth(t, tr, at)
	checkRules(t, tr, at)

	again := audit.New(w, audit.Options{Attacks: true, Factor: 0.3})
	n := 0
	for r := range again.Events(from.Add(100*time.Hour), from.Add(130*time.Hour)) {
		if n++; !bytes.Equal(r.Raw, at[r.Log+r.ID].Raw) {
			t.Fatalf("another time it reads\n%s\nnot\n%s", r.Raw, at[r.Log+r.ID].Raw)
		}
	}
	if n == 0 {
		t.Error("no records of a day")
	}
}

// checkRules: what is called known is seen by the program's own rules, and what is not, is not.
func checkRules(t *testing.T, tr *audit.Trail, at map[string]audit.Record) {
	t.Helper()
	p, err := pack.Load()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sigma.Compile(p.Set, detect.Options())
	if err != nil {
		t.Fatal(err)
	}
	loud := func(level string) bool { return level == "medium" || level == "high" || level == "critical" }
	records := map[string]audit.Record{}
	for _, r := range at {
		records[r.ID] = r
	}
	for _, a := range tr.Attacks() {
		v, c := engine.Evaluator(), engine.Correlator(sigma.Limits{})
		var seen []string
		for n, id := range a.Events {
			r := records[id]
			hits, err := v.Match(engine.Source(r.Log), r.Raw, r.At)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range hits {
				if rule := engine.Rules()[h.Rule]; h.Stands && loud(rule.Level) {
					seen = append(seen, rule.Title)
				}
			}
			for _, alert := range c.Observe(hits, uint64(n), r.At, r.At) {
				if alert.Stands && loud(alert.Correlation.Level) {
					seen = append(seen, alert.Correlation.Title)
				}
			}
		}
		if a.Known != (len(seen) > 0) {
			t.Errorf("%s %s: known %v, but rules say %q", a.ID, a.Title, a.Known, seen)
		}
	}
}

func checkTruth(t *testing.T, tr *audit.Trail, at map[string]audit.Record) {
	t.Helper()
	byID := map[string]audit.Record{}
	for _, r := range at {
		byID[r.ID] = r
	}
	unknown, seen := 0, map[string]bool{}
	for _, a := range tr.Attacks() {
		if !a.Known {
			unknown++
		}
		if len(a.Events) == 0 || a.Root != a.Events[0] || len(a.Techniques) == 0 || a.Entry == "" || len(a.Entities) < 2 {
			t.Errorf("%s %s: the truth is not whole", a.ID, a.Title)
		}
		if len(a.Touched) == 0 {
			t.Errorf("%s %s touches nothing", a.ID, a.Title)
		}
		for _, id := range a.Events {
			r, ok := byID[id]
			switch {
			case !ok:
				t.Errorf("%s %s: no record %s", a.ID, a.Title, id)
			case seen[id]:
				t.Errorf("%s: record %s is also another attack's", a.ID, id)
			case r.At.Before(a.From) || r.At.After(a.To):
				t.Errorf("%s: record at %s outside %s to %s", a.ID, r.At, a.From, a.To)
			}
			seen[id] = true
		}
		for _, e := range a.Entities {
			if !slices.ContainsFunc(a.Events, func(id string) bool { return bytes.Contains(byID[id].Raw, []byte(e.ID)) }) {
				t.Errorf("%s %s: no record names %s", a.ID, a.Title, fmt.Sprint(e))
			}
		}
	}
	if n := len(tr.Attacks()); n < 25 || unknown < 8 {
		t.Errorf("%d attacks, %d of them seen by no rule; want 25 and 8", n, unknown)
	}
}
