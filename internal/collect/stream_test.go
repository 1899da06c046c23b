package collect_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// shown is a record that a source begins to show some time after it happened.
type shown struct {
	id    string
	at    time.Time
	after time.Duration
}

// ledger is a source: what it has, and what it was asked.
type ledger struct {
	rows  []shown
	now   time.Time
	asked []string
	fail  func(from time.Time) error
}

func (l *ledger) read(_ context.Context, from, to time.Time, take collect.Take) error {
	l.asked = append(l.asked, from.Format("02T15:04")+"-"+to.Format("02T15:04"))
	for _, r := range l.rows {
		if r.at.Before(from) || r.at.After(to) || r.at.Add(r.after).After(l.now) { // both ends belong to the answer
			continue
		}
		f := &collect.AuditEvent{ID: r.id, OccurredAt: r.at, Action: "x"}
		f.Raw = r.id
		if err := take(f, r.at); err != nil {
			return err
		}
	}
	if l.fail != nil {
		return l.fail(from)
	}
	return nil
}

// pull runs the stream at an instant and gives what came, and what failed.
func (l *ledger) pull(t *testing.T, x collect.LogStream, at time.Time, marks map[string]collect.Mark) (ids string, failed []error) {
	t.Helper()
	l.now, l.asked, x.Read = at, nil, l.read
	s := &collecttest.Sink{}
	if err := x.Pull(t.Context(), collect.Env{Since: noon.Add(-24 * time.Hour), Until: at, Marks: marks}, s); err != nil {
		t.Fatal(err)
	}
	maps.Copy(marks, s.Marks())
	var out []string
	for _, f := range s.Facts("audit_event") {
		out = append(out, f.Key())
	}
	return strings.Join(out, " "), s.Failures("audit_event")
}

// TestStream: each record once, late ones too; a slice that fails is read again and the ones before it are not; what is dated ahead
// waits.
func TestStream(t *testing.T) {
	t.Parallel()
	x := collect.LogStream{Name: "s", Source: "the log", Memory: 90 * 24 * time.Hour, Late: 20 * time.Minute, Deep: 6 * time.Hour, DeepEvery: 3 * time.Hour, Slice: 8 * time.Hour}
	l := &ledger{rows: []shown{
		{"a", noon.Add(-20 * time.Hour), 0}, {"b", noon.Add(-10 * time.Hour), 0}, {"c", noon.Add(-time.Minute), 0},
		{"d-late", noon.Add(-2 * time.Minute), 10 * time.Minute}, {"e-far", noon.Add(-3 * time.Minute), 2 * time.Hour}, {"f-ahead", noon.Add(30 * time.Minute), -time.Hour}, {"g-edge", noon.Add(10 * time.Minute), 0},
	}}
	marks := map[string]collect.Mark{}
	step := func(at time.Time, want, asked string) {
		t.Helper()
		got, failed := l.pull(t, x, at, marks)
		if got != want || len(failed) > 0 || asked != "" && strings.Join(l.asked, " ") != asked {
			t.Errorf("at %s came %q, want %q; asked %v, failed %v", at, got, want, l.asked, failed)
		}
	}
	step(noon, "a b c", "01T12:00-01T20:00 01T20:00-02T04:00 02T04:00-02T12:00")
	step(noon.Add(5*time.Minute), "", "02T11:40-02T12:05")
	step(noon.Add(10*time.Minute), "d-late", "02T11:45-02T12:10")
	step(noon.Add(15*time.Minute), "g-edge", "")
	step(noon.Add(31*time.Minute), "f-ahead", "")
	step(noon.Add(2*time.Hour), "", "02T12:11-02T14:00")
	step(noon.Add(3*time.Hour), "e-far", "02T06:00-02T14:00 02T14:00-02T15:00")
	step(noon.Add(3*time.Hour+5*time.Minute), "", "02T14:40-02T15:05")
	if m := marks["s"]; !m.Begin.Equal(noon.Add(-24*time.Hour)) || !m.Through.Equal(noon.Add(3*time.Hour+5*time.Minute)) || !m.Deep.Equal(noon.Add(3*time.Hour)) {
		t.Errorf("the mark is %+v", m)
	}

	l.fail = func(from time.Time) error {
		if from.Equal(noon.Add(-8 * time.Hour)) {
			return errs.New(errs.Unavailable, "gone")
		}
		return nil
	}
	marks = map[string]collect.Mark{}
	got, failed := l.pull(t, x, noon, marks)
	if got != "a b c" || len(failed) != 1 || !strings.Contains(failed[0].Error(), "the log from 2026-03-02T04:00:00Z: gone") || !marks["s"].Through.Equal(noon.Add(-8*time.Hour)) {
		t.Errorf("a slice fails: %q %v %+v", got, failed, marks["s"])
	}
	l.fail = nil
	step(noon, "", "02T03:40-02T11:40 02T11:40-02T12:00")
}

// TestStreamForgets: what the source has forgotten since the last run is told as a gap, once; before the first run it is a remark.
func TestStreamForgets(t *testing.T) {
	t.Parallel()
	x := collect.LogStream{Name: "s", Source: "the log", Memory: 24 * time.Hour, Late: time.Hour}
	l := &ledger{}
	marks := map[string]collect.Mark{}
	for _, c := range []struct {
		at    time.Time
		gap   string
		asked string
	}{
		{noon.Add(time.Hour), "", "01T13:00-02T13:00"},
		{noon.Add(50 * time.Hour), "the log remembers one day: what happened from 2026-03-02T13:00:00Z to 2026-03-03T14:00:00Z was not read in time and cannot be read any more", "03T14:00-04T14:00"},
		{noon.Add(51 * time.Hour), "", "04T13:00-04T15:00"},
	} {
		_, failed := l.pull(t, x, c.at, marks)
		if len(failed) > 1 || c.gap == "" && len(failed) > 0 || c.gap != "" && (len(failed) == 0 || !strings.HasPrefix(failed[0].Error(), c.gap)) || strings.Join(l.asked, " ") != c.asked {
			t.Errorf("at %s: %v, asked %v", c.at, failed, l.asked)
		}
	}
}

// TestStreamEnds: a full disk and a run that is given up end the run and move nothing; a trial has no marks to move.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	l := &ledger{rows: []shown{{"a", noon.Add(-time.Hour), 0}}, now: noon}
	x := collect.LogStream{Name: "s", Source: "the log", Late: time.Hour, Read: l.read}
	full := &collecttest.Sink{EmitErr: errors.New("disk full")}
	if err := x.Pull(t.Context(), collect.Env{Since: noon.Add(-24 * time.Hour), Until: noon}, full); !errors.Is(err, full.EmitErr) || len(full.Marks()) > 0 {
		t.Errorf("a full disk: %v %v", err, full.Marks())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	x.Read = func(ctx context.Context, _, _ time.Time, _ collect.Take) error { return ctx.Err() }
	s := &collecttest.Sink{}
	if err := x.Pull(ctx, collect.Env{Since: noon.Add(-24 * time.Hour), Until: noon}, s); !errors.Is(err, context.Canceled) || len(s.Marks()) > 0 || len(s.Failures("audit_event")) > 0 {
		t.Errorf("given up: %v", err)
	}
}

// TestStreamBounds: so many records that a run stops, says so, and the next one goes on; and what is remembered is bounded.
func TestStreamBounds(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	for i := range 310_000 {
		l.rows = append(l.rows, shown{fmt.Sprintf("r%06d", i), noon.Add(-20*time.Hour + time.Duration(i)*100*time.Millisecond), 0})
	}
	x := collect.LogStream{Name: "s", Source: "the log", Late: 24 * time.Hour, Slice: time.Hour}
	marks := map[string]collect.Mark{}
	got, failed := l.pull(t, x, noon, marks)
	n := len(strings.Fields(got))
	if len(failed) != 1 || !errs.Is(failed[0], errs.Exhausted) || n < 300_000 || n > 310_000 || marks["s"].Through.Equal(noon) || len(marks["s"].Known) != 200_000 {
		t.Fatalf("%d came, %v, up to %s, %d remembered", n, failed, marks["s"].Through, len(marks["s"].Known))
	}
	x.Late = time.Minute
	got, failed = l.pull(t, x, noon, marks)
	if rest := len(strings.Fields(got)); len(failed) > 0 || n+rest != 310_000 || !marks["s"].Through.Equal(noon) {
		t.Errorf("then %d came, %v", rest, failed)
	}
}
