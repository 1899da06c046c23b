package watch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/detectsql"
	"github.com/tickmark/tickmark/internal/detect/watch"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// arrivals are events in memory.
type arrivals []event.Event

func (a arrivals) Read(_ context.Context, _ access.ReadScope, after string, n int) ([]event.Event, error) {
	from := slices.IndexFunc(a, func(e event.Event) bool { return e.ID > after })
	if from < 0 {
		return nil, nil
	}
	return a[from:min(len(a), from+min(n, 7))], nil // small portions, so that a test cuts in between
}

type memory struct{ state []byte }

func (m *memory) Load(access.OrgID) ([]byte, error) { return m.state, nil }
func (m *memory) Save(_ access.OrgID, state []byte) error {
	m.state = slices.Clone(state)
	return nil
}

// crowded is a memory on a disk that is full at times.
type crowded struct {
	memory
	full int // saves that fail
}

func (m *crowded) Save(org access.OrgID, state []byte) error {
	if m.full > 0 {
		m.full--
		return errs.As(errs.Exhausted, syscall.ENOSPC, "keep the state of detection")
	}
	return m.memory.Save(org, state)
}

// TestStationFull: while there is no room for what detection remembers, it tells the fault and looks again; in the end everything is
// told under the names it has without a fault.
func TestStationFull(t *testing.T) {
	t.Parallel()
	w := accesstest.New(t, sqldbtest.SQLite(t))
	store := &detectsql.Store{DB: w.DB}
	rules := &detect.Service{Store: store, Counted: store, Tuning: store, Tx: w.DB, Ledger: w.Ledger}
	bot, all := w.Access.System(w.Org.ID, "detect"), refusals()
	run := func(full int) (told []string, faults int) {
		s := &watch.Station{Rules: rules, Arrivals: all, Memory: &crowded{full: full}, Tell: func(_ context.Context, _ access.Scope, _ time.Time, found []watch.Signal) error {
			for _, x := range found {
				if !slices.Contains(told, x.ID) {
					told = append(told, x.ID)
				}
			}
			return nil
		}}
		for {
			more, err := s.Step(t.Context(), bot, start.Add(time.Hour))
			if err != nil {
				if !errs.Is(err, errs.Exhausted) {
					t.Fatal(err)
				}
				faults++
				continue
			}
			if !more {
				if s.Events() != int64(len(all)) {
					t.Errorf("%d events were looked at, of %d", s.Events(), len(all))
				}
				return told, faults
			}
		}
	}
	whole, _ := run(0)
	got, faults := run(5)
	if len(whole) == 0 || !slices.Equal(got, whole) || faults != 5 {
		t.Errorf("after %d faults: %v, want %v", faults, got, whole)
	}
}

// refusals are many failed calls that a rule of the pack counts, with usual work of others around them.
func refusals() arrivals {
	var out arrivals
	add := func(at time.Time, actor, action, source, rest string) {
		out = append(out, event.Event{ID: fmt.Sprintf("ev_%06d", len(out)), Source: "src", Log: "aws.cloudtrail", At: at, Received: at.Add(time.Second), Action: action, Status: event.Success,
			Actor: event.Actor{ID: actor}, From: event.Endpoint{IP: "192.0.2.1"},
			Raw: fmt.Appendf(nil, `{"eventName":%q,"eventSource":%q,"sourceIPAddress":"192.0.2.1","userIdentity":{"arn":%q}%s}`, action, source, actor, rest)})
	}
	for i := range 40 {
		add(start.Add(time.Duration(i)*time.Minute), "arn:ada", "DescribeInstances", "ec2.amazonaws.com", "")
		if i%2 == 0 {
			add(start.Add(time.Duration(i)*time.Minute), "arn:eve", "GetObject", "s3.amazonaws.com", `,"errorCode":"AccessDenied"`)
		}
	}
	add(start.Add(41*time.Minute), "arn:eve", "StopLogging", "cloudtrail.amazonaws.com", "")
	return out
}

// TestStation: what is told does not depend on when the program was stopped, and nothing is told twice under two names.
func TestStation(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := accesstest.New(t, db)
		store := &detectsql.Store{DB: db}
		rules := &detect.Service{Store: store, Counted: store, Tuning: store, Tx: db, Ledger: w.Ledger}
		bot := w.Access.System(w.Org.ID, "detect")
		all := refusals()
		run := func(m *memory, cut int, fail bool) []string {
			var told []string
			begin := func() *watch.Station {
				return &watch.Station{Rules: rules, Arrivals: all, Memory: m, Tell: func(_ context.Context, _ access.Scope, _ time.Time, found []watch.Signal) error {
					if fail && len(found) > 0 {
						fail = false
						return errors.New("killed")
					}
					for _, x := range found {
						if !slices.Contains(told, x.ID) {
							told = append(told, x.ID)
						}
					}
					return nil
				}}
			}
			s := begin()
			for i := 0; ; i++ {
				if i == cut {
					s = begin()
				}
				more, err := s.Step(t.Context(), bot, start.Add(time.Hour))
				if err != nil && err.Error() != "killed" {
					t.Fatal(err)
				}
				if !more && err == nil {
					return told
				}
			}
		}
		whole := run(&memory{}, -1, false)
		if len(whole) == 0 {
			t.Fatal("nothing was found")
		}
		for cut := range 10 {
			if got := run(&memory{}, cut, cut%3 == 0); !slices.Equal(got, whole) {
				t.Errorf("stopped before step %d: %v, want %v", cut, got, whole)
			}
		}
		m := &memory{}
		run(m, -1, false)
		again := &watch.Station{Rules: rules, Arrivals: all, Memory: m, Tell: func(_ context.Context, _ access.Scope, _ time.Time, found []watch.Signal) error {
			if len(found) > 0 {
				t.Errorf("told after everything was told: %+v", found)
			}
			return nil
		}}
		if _, err := again.Step(t.Context(), bot, start.Add(time.Hour)); err != nil || again.Events() != int64(len(all)) {
			t.Errorf("%v, %d events", err, again.Events())
		}
		for _, bad := range [][]byte{{}, {9, 1}, {1, 200}, m.state[:len(m.state)-1]} {
			s := &watch.Station{Rules: rules, Arrivals: all, Memory: &memory{bad}, Tell: nil}
			if _, err := s.Step(t.Context(), bot, start); err == nil {
				t.Errorf("a state of %d bytes that is none was taken", len(bad))
			}
		}
	})
}
