package own_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/own"
)

var at = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func emits(n int, err error) func(context.Context, access.ReadScope, time.Time, func(collect.Fact) error) error {
	return func(_ context.Context, _ access.ReadScope, when time.Time, emit func(collect.Fact) error) error {
		if !when.Equal(at) {
			return errors.New("read at another instant")
		}
		for i := range n {
			if err := emit(&collect.Setting{ID: string(rune('a' + i))}); err != nil {
				return err
			}
		}
		return err
	}
}

func counts(n int64, err error) func(context.Context, access.ReadScope, time.Time) (int64, error) {
	return func(context.Context, access.ReadScope, time.Time) (int64, error) { return n, err }
}

// A resource that cannot be read is reported and does not keep the others from being read; what was read of it stays.
func TestCollect(t *testing.T) {
	t.Parallel()
	c := own.Connector{Records: map[string]own.Records{
		"broken":    {Read: emits(1, errors.New("table is locked")), Count: counts(2, nil)},
		"setting":   {Read: emits(2, nil), Count: counts(2, nil)},
		"uncounted": {Read: emits(3, nil), Count: counts(0, errors.New("no count"))},
	}}
	var s collecttest.Sink
	if err := c.Collect(t.Context(), collect.Env{Until: at}, &s); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Facts("setting")); n != 3 { // two, and the one that came before the table was locked
		t.Errorf("%d facts, want 3", n)
	}
	if len(s.Failures("broken")) != 1 || len(s.Failures("uncounted")) != 1 || len(s.Failures("setting")) != 0 {
		t.Errorf("failures: %v %v %v", s.Failures("broken"), s.Failures("uncounted"), s.Failures("setting"))
	}
	if got := s.Totals("setting"); len(got) != 1 || got[0].N != 2 {
		t.Errorf("totals %v", got)
	}
}

// A sink that takes nothing more ends the run, whatever the reader makes of it.
func TestCollectStops(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left")
	c := own.Connector{Records: map[string]own.Records{"setting": {Read: emits(1, nil), Count: counts(1, nil)}}}
	if err := c.Collect(t.Context(), collect.Env{Until: at}, &collecttest.Sink{EmitErr: full}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Collect(ctx, collect.Env{Until: at}, &collecttest.Sink{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c := own.Connector{Records: map[string]own.Records{"x": {Read: emits(0, nil), Count: counts(0, errors.New("no table"))}}}
	if _, err := c.Check(t.Context(), collect.Env{}); err == nil {
		t.Error("a count that fails passes")
	}
}
