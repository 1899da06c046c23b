package event

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Link says that the audit events which a connection collects become events of a source.
type Link struct {
	Connection string // identifier of the connection
	Source     SourceID
	Made       time.Time
	MadeBy     string
}

// Links keeps links. Law: a connection has one at most.
type Links interface {
	SetLink(ctx context.Context, scope access.Scope, l Link) error
	DropLink(ctx context.Context, scope access.Scope, connection string) error
	Links(ctx context.Context, scope access.ReadScope) ([]Link, error)
}

// Link has the events of a connection go to a source of a kind of log, or, without a source, nowhere any more. What was taken stays.
func (s *Sources) Link(ctx context.Context, scope access.Scope, now time.Time, connection, log, source string) error {
	if err := scope.Require(access.ManageDetection); err != nil {
		return err
	}
	if source == "" {
		return s.Tx.InTx(ctx, func(ctx context.Context) error {
			if err := s.Links.DropLink(ctx, scope, connection); err != nil {
				return err
			}
			_, err := s.Ledger.Append(ctx, scope, now, "event.link.ended", connection, map[string]any{"connection": connection})
			return err
		})
	}
	x, err := s.Store.Source(ctx, scope.ReadScope, source)
	if err != nil {
		return err
	}
	if x.Log != log {
		return errs.New(errs.Invalid, "%s %s takes %s, and what is collected is %s", x.Ref, x.Name, x.Log, log).At("source").WithHint("Name a source of that kind, or none for a new one.")
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Links.SetLink(ctx, scope, Link{Connection: connection, Source: x.ID, Made: now, MadeBy: scope.Actor()}); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "event.link.made", x.Ref, map[string]any{"connection": connection, "source": string(x.ID)})
		return err
	})
}

// Feeder feeds collected audit events into a source: those of one run of a connection, each once, however often it is asked to.
type Feeder struct {
	Intake *Intake
	Scope  access.Scope
	Source SourceID
	known  map[string]Position
	read   int64
	lot    bytes.Buffer
	inLot  int
}

// Bounds of what is fed at once.
const (
	fedBytes   = 4 << 20
	fedRecords = 10_000
)

// fed marks a run that is taken whole.
const fed = "whole"

// Begin reads which runs are taken.
func (f *Feeder) Begin(ctx context.Context) (err error) {
	f.known, err = f.Intake.Positions(ctx, f.Scope, f.Source)
	return err
}

// nameOf is under which name the place in a run is kept.
func nameOf(run string) string { return "run:" + run }

// Taken says whether a run is taken whole.
func (f *Feeder) Taken(run string) bool { return f.known[nameOf(run)].Identity == fed }

// Add takes the next record of a run; records that were taken before the program ended are passed over.
func (f *Feeder) Add(ctx context.Context, run string, raw []byte, now time.Time) error {
	if f.read++; f.read <= f.known[nameOf(run)].Taken {
		return nil
	}
	f.lot.Write(bytes.ReplaceAll(raw, []byte("\n"), []byte(" ")))
	f.lot.WriteByte('\n')
	if f.inLot++; f.inLot < fedRecords && f.lot.Len() < fedBytes {
		return nil
	}
	return f.keep(ctx, run, "", now)
}

// End keeps what is left of a run, and that it is taken whole.
func (f *Feeder) End(ctx context.Context, run string, now time.Time) error {
	err := f.keep(ctx, run, fed, now)
	f.read, f.inLot = 0, 0
	f.lot.Reset()
	return err
}

func (f *Feeder) keep(ctx context.Context, run, whole string, now time.Time) error {
	at := Position{Name: nameOf(run), Identity: whole, Taken: f.read}
	if _, err := f.Intake.AcceptLot(ctx, f.Scope, string(f.Source), Lot{Body: bytes.NewReader(f.lot.Bytes()), File: &at}, now); err != nil {
		return fmt.Errorf("run %s: %w", run, err)
	}
	f.known[at.Name] = at
	f.inLot = 0
	f.lot.Reset()
	return nil
}
