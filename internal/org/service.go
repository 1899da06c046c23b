package org

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Service is the use cases of the description. Writing it needs the right to manage engagements, because it is management's
// part of the report; reading it the right to read them, because drafts and incidents are in it.
type Service struct {
	Store   Store
	Catalog *catalog.Catalog
	Tx      access.Tx
	Ledger  access.Recorder
}

// Edit says which record is saved and on top of what.
type Edit struct {
	ID   RecordID // empty for a new record
	Base int      // newest revision the editor saw; 0 for a new record
	Note string   // why; may be empty
}

// Stale is what is kept now, for somebody who wrote over an older revision.
type Stale struct{ Now Revision }

// Error says that the text changed.
func (s *Stale) Error() string { return fmt.Sprintf("changed meanwhile by %s", s.Now.Author) }

// Save adds a revision of a record, or a new record after the others of its list.
func (s *Service) Save(ctx context.Context, scope access.Scope, now time.Time, e Edit, x Record) (Revision, error) {
	if err := scope.Require(access.ManageEngagement); err != nil {
		return Revision{}, err
	}
	x = x.clean()
	p := problems{}
	if x.check(s.Catalog, &p); len(p.list) > 0 {
		return Revision{}, errs.New(errs.Invalid, "%s", p.list[0]).At(p.list[0].Path)
	}
	note, err := checkNote(e.Note)
	if err != nil {
		return Revision{}, err
	}
	r := Revision{ID: e.ID, Number: e.Base + 1, Author: scope.Actor(), At: now, Note: note}
	if err := r.seal(x); err != nil {
		return Revision{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Current(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if err := s.onTop(ctx, scope, now, e, all, &r); err != nil {
			return err
		}
		return s.add(ctx, scope, r, "description.saved")
	})
	if err != nil {
		return Revision{}, err
	}
	return r, nil
}

// onTop completes a revision from what is there: identifier and place of a new record, or the ones the record has.
func (s *Service) onTop(ctx context.Context, scope access.Scope, now time.Time, e Edit, all []Revision, r *Revision) error {
	for _, o := range all {
		if o.Kind == r.Kind && o.Key == r.Key && o.ID != e.ID {
			if r.Kind == KindSystem {
				return errs.New(errs.Conflict, "the system is described already").WithHint("Change record %s.", o.ID)
			}
			return errs.New(errs.Conflict, "there is a %s %q already", words(string(r.Kind)), r.Key)
		}
		if o.Kind == r.Kind {
			r.Place = max(r.Place, o.Place+1)
		}
	}
	if e.ID == "" {
		r.ID, r.Number = RecordID(id.New("dsc", now)), 1
		return nil
	}
	old, err := s.based(ctx, scope, now, e)
	if err != nil {
		return err
	}
	if old.Kind != r.Kind {
		return errs.New(errs.Invalid, "%s is a %s, not a %s", e.ID, words(string(old.Kind)), words(string(r.Kind)))
	}
	if old.SHA256 == r.SHA256 && !old.Removed {
		return errs.New(errs.Invalid, "nothing has changed")
	}
	if !old.Removed {
		r.Place = old.Place
	}
	return nil
}

// based reads what an edit is on top of.
func (s *Service) based(ctx context.Context, scope access.Scope, now time.Time, e Edit) (Revision, error) {
	old, err := s.Store.Newest(ctx, scope.ReadScope, e.ID)
	if err != nil {
		return Revision{}, err
	}
	if old.Number != e.Base {
		return Revision{}, errs.Changed("the "+words(string(old.Kind)), &Stale{old})
	}
	if now.Before(old.At) {
		return Revision{}, errs.New(errs.Invalid, "revision %d is younger than %s", old.Number, now.UTC().Format(time.RFC3339)).WithHint("Check the clock.")
	}
	return old, nil
}

// Remove takes a record out of the description from now on. What it said stays in the history.
func (s *Service) Remove(ctx context.Context, scope access.Scope, now time.Time, e Edit) error {
	if err := scope.Require(access.ManageEngagement); err != nil {
		return err
	}
	note, err := checkNote(e.Note)
	if err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		old, err := s.based(ctx, scope, now, e)
		if err != nil {
			return err
		}
		if old.Removed {
			return errs.New(errs.Conflict, "it is removed already")
		}
		return s.remove(ctx, scope, now, old, note)
	})
}

func (s *Service) remove(ctx context.Context, scope access.Scope, now time.Time, old Revision, note string) error {
	old.Number, old.Removed, old.Author, old.At, old.Note = old.Number+1, true, scope.Actor(), now, note
	return s.add(ctx, scope, old, "description.removed")
}

func (s *Service) add(ctx context.Context, scope access.Scope, r Revision, kind string) error {
	if err := s.Store.Add(ctx, scope, r); err != nil {
		return err
	}
	_, err := s.Ledger.Append(ctx, scope, r.At, kind, string(r.ID),
		map[string]any{"kind": string(r.Kind), "key": r.Key, "revision": r.Number, "sha256": r.SHA256, "note": r.Note})
	return err
}

// maxNote bounds a note, in characters.
const maxNote = 2000

func checkNote(s string) (string, error) {
	s = trim(s)
	if n := utf8.RuneCountInString(s); n > maxNote || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return "", errs.New(errs.Invalid, "the note has %d characters; at most %d are kept", n, maxNote).At("note")
	}
	return s, nil
}

// Description puts the document together as it was at an instant.
func (s *Service) Description(ctx context.Context, scope access.ReadScope, at time.Time) (Description, error) {
	all, err := s.Records(ctx, scope, at)
	if err != nil {
		return Description{}, err
	}
	records := make([]Record, len(all))
	for i, r := range all {
		if records[i], err = r.Record(); err != nil {
			return Description{}, err
		}
	}
	return assemble(records), nil
}

// Records lists the records of the description as it was at an instant, in the order of the document.
func (s *Service) Records(ctx context.Context, scope access.ReadScope, at time.Time) ([]Revision, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	all, err := s.Store.AsOf(ctx, scope, at)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b Revision) int {
		if d := slices.Index(Kinds(), a.Kind) - slices.Index(Kinds(), b.Kind); d != 0 {
			return d
		}
		return a.Place - b.Place
	})
	return all, nil
}

// History lists all revisions of a record, newest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, id RecordID) ([]Revision, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Store.Revisions(ctx, scope, id)
}
