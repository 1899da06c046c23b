package app

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/eventlake"
	"github.com/tickmark/tickmark/internal/event/eventsql"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/platform/eventlog"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// wireEvents hands sources of events their store. What takes and reads events is there once OpenEvents was called.
func (a *App) wireEvents() {
	store := &eventsql.Store{DB: a.DB}
	a.Sources = &event.Sources{Store: store, Links: store, Numbers: store, Days: store, Tx: a.DB, Ledger: a.Ledger.Store, Forget: func(s event.SourceID) {
		if a.Intake != nil {
			a.Intake.Forget(s)
		}
	}, Live: func(x event.Source) event.Source {
		if a.Intake == nil {
			return x
		}
		return a.Intake.Live(x)
	}}
}

// OpenEvents opens the intake log, which one process may have open: the server, or a command while no server runs.
func (a *App) OpenEvents(ctx context.Context) error {
	if a.Intake != nil {
		return nil
	}
	store := &eventsql.Store{DB: a.DB}
	filed, err := store.Filed(ctx)
	if err != nil {
		return err
	}
	log, err := eventlog.Open(filepath.Join(a.Config.Data, "intake"), eventlog.Options{Floor: filed, LowWater: a.Config.diskReserve()})
	if err != nil {
		return err
	}
	a.intakeLog = log
	dir := lake.Dir{Root: filepath.Join(a.Config.Data, "events")}
	if err := dir.Sweep(); err != nil {
		return errs.As(errs.Unavailable, err, "tidy the events")
	}
	j := eventlake.Journal{Log: log}
	recent := event.NewRecent(recentBytes)
	events := &eventlake.Lake{Dir: dir, Tail: &event.Tail{Journal: j, Recent: recent}, Segments: store, Seals: store, Engine: a.sandbox, Erasures: store}
	in := &event.Intake{Journal: j, Store: store, Keys: store, Segments: store, Access: a.Access, Past: events, Recent: recent}
	if err := in.Open(ctx, a.Clock()); err != nil {
		return err
	}
	a.Events, a.EventProofs = events, &event.Proofs{Filing: events, Ledger: a.Ledger}
	a.Detect.History, a.Incidents.Events = events, events
	a.stations = &stations{app: a, all: map[access.OrgID]*station{}}
	a.Intake = in
	a.EventSealer = &event.Sealer{Journal: j, Store: store, Days: store, Segments: store, Numbers: store, Files: eventlake.Files{Dir: dir}, Access: a.Access, Tx: a.DB, Ledger: a.Ledger.Store, Recent: recent}
	files := eventlake.Files{Dir: dir}
	a.EventEraser = &event.Eraser{
		Sealer: a.EventSealer, Filing: events, Rewrite: eventlake.Rewrite{Dir: dir, Files: files}, Store: store, Journal: j, Recent: recent, Access: a.Access, Tx: a.DB, Ledger: a.Ledger.Store,
		Traces: []event.Trace{a.eraseTraces},
	}
	if err := a.EventEraser.Resume(ctx); err != nil {
		a.Log.Error("what remains of erased events could not be removed; tried again at the next start", "error", err)
	}
	a.EventCompactor = &event.Compactor{Segments: store, Seals: store, Erasures: store, Files: eventlake.Joiner{Files: eventlake.Files{Dir: dir}, Rest: (&pace{}).rest}, Tx: a.DB, Ledger: a.Ledger.Store,
		Free: func() (uint64, error) { return freeBytes(dir.Root) }, Reserve: 2 * a.Config.diskReserve()}
	return nil
}

// eraseTraces takes out of alerts, judgements and reconstructions what they say of an event that was erased.
func (a *App) eraseTraces(ctx context.Context, scope access.Scope, e event.Erasure) error {
	if err := a.Alerts.EraseEvent(ctx, scope, e.Event, e.Seq); err != nil {
		return err
	}
	if err := a.Authority.Store.EraseEvent(ctx, scope, e.Event); err != nil {
		return err
	}
	return a.Incidents.Store.DropSnapshots(ctx, scope, e.Event)
}

// eraseEvent erases an event; nil where the intake log is not open.
func (a *App) eraseEvent() func(ctx context.Context, s access.Scope, now time.Time, id, reason string) (event.Erasure, error) {
	if a.Events == nil {
		return nil
	}
	return a.EventEraser.Erase
}

// recentBytes is what is remembered of the events that came last, for detection: two seconds of a flood.
const recentBytes = 128 << 20

// closeEvents ends intake; what was accepted stays in the intake log for the next start.
func (a *App) closeEvents() error {
	if a.intakeLog == nil {
		return nil
	}
	log := a.intakeLog
	a.intakeLog, a.Intake = nil, nil
	return log.Close()
}

// fileEvery is how often the program looks whether events are due to be filed.
const fileEvery = 10 * time.Second

// filing files events while the server runs.
func (a *App) filing(ctx context.Context) {
	t := time.NewTicker(fileEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if _, err := a.EventSealer.Seal(ctx, a.Clock(), false); err != nil && ctx.Err() == nil {
				a.Log.Error("events could not be filed; they stay in the intake log", "error", err)
			}
		}
	}
}

// How often the program looks whether small segments are due to be put together, and the part of one core that it takes for it: one in
// compactShare, so that nobody waits for it.
const (
	compactEvery = 10 * time.Minute
	compactShare = 4
)

// pace lets others have the machine after each portion of compaction, unless a person waits for it.
type pace struct{ last time.Time }

// longestRest is that after a portion: what happened between two compactions counts for none.
const longestRest = 200 * time.Millisecond

func (p *pace) rest(ctx context.Context) {
	if ctx.Value(hurried{}) != nil {
		return
	}
	t := time.NewTimer(min((compactShare-1)*time.Since(p.last), longestRest))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	p.last = time.Now()
}

// hurried marks the context of work that somebody waits for.
type hurried struct{}

// compacting puts small segments together while the server runs.
func (a *App) compacting(ctx context.Context) {
	t := time.NewTicker(compactEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		orgs, err := a.Access.Orgs(ctx)
		for _, o := range orgs {
			if o.Kind != access.Firm {
				err = errors.Join(err, a.EventCompactor.Compact(ctx, a.Access.System(o.ID, "compaction of events"), a.Clock(), false, nil))
			}
		}
		if err != nil && ctx.Err() == nil {
			a.Log.Error("segments of events could not be put together; they stay as they are", "error", err)
		}
	}
}

// CompactEvents puts all small segments of an organisation together at once, while no server runs.
func (a *App) CompactEvents(ctx context.Context, s access.Scope, made func(event.Compacted)) error {
	return a.EventCompactor.Compact(context.WithValue(ctx, hurried{}, true), a.Access.System(s.Org(), s.Actor()), a.Clock(), true, made)
}

// diskReserve reads DiskReserveMB, in bytes; complete has checked it.
func (c Config) diskReserve() uint64 {
	n, err := strconv.ParseUint(c.DiskReserveMB, 10, 32)
	if err != nil {
		return 0
	}
	return n << 20
}

// eventReader reads one event; nil where the intake log is not open, so that nothing links to what cannot be read.
func (a *App) eventReader() func(ctx context.Context, s access.ReadScope, id string) (event.Event, error) {
	if a.Events == nil {
		return nil
	}
	return a.Events.Event
}

// eventFinder lists events; nil where the intake log is not open.
func (a *App) eventFinder() func(ctx context.Context, s access.ReadScope, f event.Filter) ([]event.Event, string, error) {
	if a.Events == nil {
		return nil
	}
	return a.Events.Find
}

// eventQuery asks the stored events; nil where the intake log is not open.
func (a *App) eventQuery() func(ctx context.Context, s access.ReadScope, q event.Query) (event.Table, error) {
	if a.Events == nil {
		return nil
	}
	return a.Events.Query
}

// fileHunt keeps what a hunt found as evidence.
func (a *App) fileHunt(ctx context.Context, s access.Scope, now time.Time, title, shows string, from, to time.Time, body []byte) (string, error) {
	first, after := huntDays(from, to, now)
	all, err := a.Evidence.Add(ctx, s, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
		Title: title, Shows: shows, Kind: evidence.Document, Files: []evidence.File{evidence.Bytes("hunt.json", body)}, Class: evidence.Confidential,
		From: first, To: after, Obtained: "Asked of the stored events by the program", Controls: []string{"LOG-03"},
	})
	if err != nil {
		return "", err
	}
	return all[0].Ref, nil
}

// proveEvent makes the file that proves one event; nil where the intake log is not open.
func (a *App) proveEvent() func(ctx context.Context, s access.ReadScope, id string) ([]byte, error) {
	if a.Events == nil {
		return nil
	}
	return func(ctx context.Context, s access.ReadScope, id string) ([]byte, error) {
		p, err := a.EventProofs.Export(ctx, s, id)
		if err != nil {
			return nil, err
		}
		return event.ProofFile(p)
	}
}

// fileEvent keeps one event with its proof as evidence of the day on which it happened.
func (a *App) fileEvent(ctx context.Context, s access.Scope, now time.Time, title, shows, eventID string) (string, error) {
	if a.Events == nil {
		return "", errs.New(errs.Conflict, "events cannot be read here").WithHint("The server reads them: tickmark serve.")
	}
	e, err := a.Events.Event(ctx, s.ReadScope, eventID)
	if err != nil {
		return "", err
	}
	p, err := a.EventProofs.Export(ctx, s.ReadScope, eventID)
	if err != nil {
		return "", err
	}
	body, err := event.ProofFile(p)
	if err != nil {
		return "", err
	}
	first, after := huntDays(e.When(), e.When().Add(time.Microsecond), now)
	all, err := a.Evidence.Add(ctx, s, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
		Title: title, Shows: shows, Kind: evidence.Document, Files: []evidence.File{evidence.Bytes(event.ProofName(eventID), body)}, Class: evidence.Confidential,
		From: first, To: after, Obtained: "Exported with its proof by the program; tickmark verify checks the file", Controls: []string{"LOG-03"},
	})
	if err != nil {
		return "", err
	}
	return all[0].Ref, nil
}

// huntDays are the first day a hunt speaks about and the day after its last. A hunt up to midnight does not speak about the day
// that begins then, nor one into the future about what has not happened.
func huntDays(from, to, now time.Time) (first, after time.Time) {
	const day = 24 * time.Hour
	if to.After(now) {
		to = now
	}
	return from.UTC().Truncate(day), to.UTC().Add(-1).Truncate(day).Add(day)
}
