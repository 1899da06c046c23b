package control

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Service is the use cases of controls.
type Service struct {
	Store       Store
	Complements ComplementStore
	Catalog     *catalog.Catalog
	People      People
	Tx          access.Tx
	Ledger      access.Recorder
}

// Create adds a control of the organisation's own, as a draft that somebody else approves.
func (s *Service) Create(ctx context.Context, scope access.Scope, now time.Time, ref string, t Text, note string) (Control, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Control{}, err
	}
	ref = strings.TrimSpace(ref)
	if !catalog.ControlForm.MatchString(ref) {
		return Control{}, errs.New(errs.Invalid, "%q is no control reference", ref).At("ref").
			WithHint("Two to five capital letters, a hyphen and two or three digits: IAM-12.")
	}
	v, err := s.draft(scope, now, 1, t, note)
	if err != nil {
		return Control{}, err
	}
	c := Control{ID: ControlID(id.New("ctl", now)), Ref: ref, Created: now, Version: v, Newest: 1, Draft: 1}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.add(ctx, scope, c); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "control.created", string(c.ID), map[string]any{"ref": ref, "version": 1, "sha256": v.SHA256, "note": v.Note})
		return err
	})
	return c, err
}

func (s *Service) add(ctx context.Context, scope access.Scope, c Control) error {
	err := s.Store.Add(ctx, scope, c)
	if errs.Is(err, errs.Conflict) {
		return errs.New(errs.Conflict, "there is a control %s already", c.Ref).At("ref").WithHint("Choose another number, or propose a change to that one.")
	}
	return err
}

// draft makes a checked version.
func (s *Service) draft(scope access.Scope, now time.Time, number int, t Text, note string) (Version, error) {
	t = t.clean(s.Catalog)
	if err := t.check(s.Catalog); err != nil {
		return Version{}, err
	}
	note = strings.TrimSpace(note)
	if note != "" || number > 1 {
		var err error
		if note, err = reason("note", note); err != nil {
			return Version{}, err
		}
	}
	sum, err := t.SHA256()
	if err != nil {
		return Version{}, errs.As(errs.Invalid, err, "text of the control")
	}
	return Version{Number: number, Text: t, Status: Draft, Author: scope.Actor(), At: now, Note: note, SHA256: sum}, nil
}

// Propose adds a draft after the version the editor saw. When somebody else was faster the Conflict's cause is a *Stale with
// their text. Proposing on a retired control and approving the draft brings it back.
func (s *Service) Propose(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, t Text, note string) (Control, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Control{}, err
	}
	v, err := s.draft(scope, now, base+1, t, note)
	if err != nil {
		return Control{}, err
	}
	var out Control
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		c, newest, err := s.based(ctx, scope.ReadScope, now, ref, base)
		if err != nil {
			return err
		}
		var changes []Change
		if was := basis(c, newest); was != nil {
			changes = Diff(was.Text, v.Text)
			if len(changes) == 0 && was.Status != Retired {
				return errs.New(errs.Invalid, "the proposal says the same as version %d of %s", was.Number, c.Ref).At("statement")
			}
		}
		if err := s.Store.AddVersion(ctx, scope, c.ID, base, v); err != nil {
			return s.stale(ctx, scope.ReadScope, c, err)
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "control.proposed", string(c.ID), map[string]any{
			"ref": c.Ref, "version": v.Number, "base": base, "sha256": v.SHA256, "changed": fields(changes), "note": v.Note,
		}); err != nil {
			return err
		}
		out, err = s.Store.Control(ctx, scope.ReadScope, string(c.ID))
		return err
	})
	return out, err
}

func fields(changes []Change) []string {
	out := make([]string, len(changes))
	for i, c := range changes {
		out[i] = c.Field
	}
	return out
}

// based reads a control with its newest version, which must be the one the caller saw and not be younger than now: what was
// in force at an instant could not be told otherwise.
func (s *Service) based(ctx context.Context, scope access.ReadScope, now time.Time, ref string, base int) (Control, Version, error) {
	c, err := s.Store.Control(ctx, scope, ref)
	if err != nil {
		return Control{}, Version{}, err
	}
	all, err := s.Store.Versions(ctx, scope, c.ID)
	if err != nil {
		return Control{}, Version{}, err
	}
	newest := all[0]
	if newest.Number != base {
		return Control{}, Version{}, changed(c.Ref, newest)
	}
	if now.Before(newest.At) || newest.ApprovedAt != nil && now.Before(*newest.ApprovedAt) {
		return Control{}, Version{}, errs.New(errs.Invalid, "version %d of %s is younger than %s", newest.Number, c.Ref, now.UTC().Format(time.RFC3339)).
			WithHint("Check the clock.")
	}
	return c, newest, nil
}

// stale turns the Conflict of a lost race into one that carries the other text.
func (s *Service) stale(ctx context.Context, scope access.ReadScope, c Control, cause error) error {
	if !errs.Is(cause, errs.Conflict) {
		return cause
	}
	all, err := s.Store.Versions(ctx, scope, c.ID)
	if err != nil {
		return errors.Join(cause, err)
	}
	return changed(c.Ref, all[0])
}

func changed(ref string, theirs Version) error {
	e := errs.New(errs.Conflict, "%s was changed meanwhile", ref).WithHint("Compare with version %d and propose again on top of it.", theirs.Number)
	e.Err = &Stale{Theirs: theirs}
	return e
}
