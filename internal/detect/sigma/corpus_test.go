package sigma_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/detect/sigma/oracle"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var everythingOnce = sync.OnceValues(func() (*sigma.Engine, error) {
	set, err := corpusOnce()
	if err != nil {
		return nil, err
	}
	return sigma.Compile(set, sigma.Options{Sources: []sigma.Source{{Name: "all", All: true}}})
})

func corpusEngine(tb testing.TB) *sigma.Engine {
	tb.Helper()
	corpus(tb)
	e, err := everythingOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func TestCorpusIsUsed(t *testing.T) {
	t.Parallel()
	e := corpusEngine(t)
	for _, r := range e.Refused() {
		t.Log(r)
	}
	if n := len(e.Rules()); n != 3755 || len(e.Refused()) != 2 {
		t.Errorf("%d rules are used and %d refused", n, len(e.Refused()))
	}
}

// Each rule of the public regression data fires on one of its events at least (some cases hold events around the one they are
// about), with all public rules loaded.
func TestRegression(t *testing.T) {
	t.Parallel()
	e := corpusEngine(t)
	v := e.Evaluator()
	events := lines(t, "sigma-regression/events.ndjson.zst")
	fired := map[string]bool{}
	for n, id := range labels(t) {
		hits, err := v.Match(0, events[n], at)
		if err != nil {
			t.Errorf("event %d: %v", n, err)
			continue
		}
		fired[id] = fired[id] || slices.ContainsFunc(hits, func(h sigma.Hit) bool { return e.Rules()[h.Rule].ID == id })
	}
	if len(fired) != 202 {
		t.Errorf("%d cases", len(fired))
	}
	for id, ok := range fired {
		if !ok {
			t.Errorf("%s does not fire", id)
		}
	}
}

// The engine and the oracle agree on every event and every public rule. The oracle is slow: of the large file, some events
// are taken, and all with TICKMARK_SIGMA_ALL=1.
func TestCorpusAgreesWithOracle(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		file  string
		every int
	}{{"sigma-regression/events.ndjson.zst", 5}, {"events/cloudtrail-2900.ndjson.zst", 50}, {"events/windows-20000.ndjson.zst", 500}} {
		t.Run(x.file, func(t *testing.T) {
			t.Parallel()
			e := corpusEngine(t)
			events := lines(t, x.file)
			every := x.every
			if os.Getenv("TICKMARK_SIGMA_ALL") != "" {
				every = 1
			}
			var wg sync.WaitGroup
			workers := runtime.GOMAXPROCS(0)
			for w := range workers {
				wg.Go(func() {
					v, judge := e.Evaluator(), &oracle.Judge{}
					for i := w * every; i < len(events); i += workers * every {
						if err := agree(e, v, judge, events[i]); err != nil {
							t.Errorf("event %d: %v\n%s", i, err, events[i])
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

func agree(e *sigma.Engine, v *sigma.Evaluator, judge *oracle.Judge, event []byte) error {
	flat, err := oracle.Flatten(event)
	hits, err2 := v.Match(0, event, at)
	if err != nil || err2 != nil {
		return errors.Join(err, err2)
	}
	for i, r := range e.Rules() {
		want, err := judge.Matches(r, flat)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Key(), err)
		}
		got := slices.ContainsFunc(hits, func(h sigma.Hit) bool { return h.Rule == i })
		if got != want {
			return fmt.Errorf("rule %s %q: engine says %v, oracle %v", r.Path, r.Title, got, want)
		}
	}
	return nil
}
