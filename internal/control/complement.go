package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// ComplementKind is what is expected of somebody else.
type ComplementKind string

// The kinds (domain brief 4.4). Which of the first two a task is, is a person's decision: calling a mere responsibility a
// CUEC is a misstatement in a report.
const (
	CUEC           ComplementKind = "cuec"           // without this control of the user entity a commitment cannot be met
	Responsibility ComplementKind = "responsibility" // lets the user entity benefit from the service, no more
	CSOC           ComplementKind = "csoc"           // a control that a subservice organisation under carve-out is expected to run
)

var prefixes = map[ComplementKind]string{CUEC: "CUEC", Responsibility: "UER", CSOC: "CSOC"}

// Complement is a control or task that is expected of a user entity or a subservice organisation.
type Complement struct {
	Ref          string // "CUEC-01", "UER-01", "CSOC-01"
	Kind         ComplementKind
	Revision     int // from 1
	Text         string
	Requirements []Requirement // criteria or control objectives that depend on it
	Without      string        // CUEC: which commitment cannot be met without it; this is what makes it one
	Party        string        // CSOC: the subservice organisation
	Retired      bool
	Author       string
	At           time.Time
	Note         string // why it was changed
}

// ComplementStore keeps complements. Laws: revisions are only added; AddRevision reports a Conflict when the newest is not
// the base; NextNumber gives each number once for a kind, even to two callers at the same time.
type ComplementStore interface {
	NextNumber(ctx context.Context, s access.Scope, k ComplementKind) (int, error)
	AddRevision(ctx context.Context, s access.Scope, base int, c Complement) error
	// Complement reads the newest revision.
	Complement(ctx context.Context, s access.ReadScope, ref string) (Complement, error)
	// Complements lists the newest revision at or before an instant of each, retired ones too, by reference.
	Complements(ctx context.Context, s access.ReadScope, at time.Time) ([]Complement, error)
	// Revisions lists all revisions of one, newest first.
	Revisions(ctx context.Context, s access.ReadScope, ref string) ([]Complement, error)
}

// NewComplement is what adding or changing a complement needs.
type NewComplement struct {
	Kind         ComplementKind // not used by ChangeComplement: a reference keeps its kind
	Text         string
	Requirements []Requirement
	Without      string
	Party        string
}

// AddComplement adds a complement under the next reference of its kind.
func (s *Service) AddComplement(ctx context.Context, scope access.Scope, now time.Time, n NewComplement) (Complement, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Complement{}, err
	}
	c, err := n.complement(s.Catalog, scope, now)
	if err != nil {
		return Complement{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		number, err := s.Complements.NextNumber(ctx, scope, c.Kind)
		if err != nil {
			return err
		}
		c.Ref, c.Revision = fmt.Sprintf("%s-%02d", prefixes[c.Kind], number), 1
		return s.save(ctx, scope, 0, c, "complement.added")
	})
	return c, err
}

// ChangeComplement adds a revision after the one the editor saw.
func (s *Service) ChangeComplement(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, n NewComplement, note string) (Complement, error) {
	return s.revise(ctx, scope, now, ref, base, note, "complement.changed", func(old Complement) (Complement, error) {
		n.Kind = old.Kind
		return n.complement(s.Catalog, scope, now)
	})
}

// RetireComplement ends a complement from now on. Changing it brings it back.
func (s *Service) RetireComplement(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Complement, error) {
	return s.revise(ctx, scope, now, ref, base, why, "complement.retired", func(old Complement) (Complement, error) {
		if old.Retired {
			return Complement{}, errs.New(errs.Conflict, "%s is retired already", ref)
		}
		old.Retired, old.Author, old.At = true, scope.Actor(), now
		return old, nil
	})
}

func (s *Service) revise(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, note, kind string,
	change func(Complement) (Complement, error),
) (Complement, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Complement{}, err
	}
	note, err := reason("note", note)
	if err != nil {
		return Complement{}, err
	}
	var c Complement
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		old, err := s.Complements.Complement(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if old.Revision != base {
			return errs.New(errs.Conflict, "%s was changed meanwhile by %s", ref, old.Author).WithHint("Compare with revision %d and change again on top of it.", old.Revision)
		}
		if now.Before(old.At) {
			return errs.New(errs.Invalid, "revision %d of %s is younger than %s", old.Revision, ref, now.UTC().Format(time.RFC3339)).WithHint("Check the clock.")
		}
		if c, err = change(old); err != nil {
			return err
		}
		c.Ref, c.Revision, c.Note = old.Ref, base+1, note
		return s.save(ctx, scope, base, c, kind)
	})
	if err != nil {
		return Complement{}, err
	}
	return c, nil
}

func (s *Service) save(ctx context.Context, scope access.Scope, base int, c Complement, kind string) error {
	if err := s.Complements.AddRevision(ctx, scope, base, c); err != nil {
		return err
	}
	_, err := s.Ledger.Append(ctx, scope, c.At, kind, c.Ref, map[string]any{
		"revision": c.Revision, "text": c.Text, "requirements": strings.Split(lines(c.Requirements), "\n"), "without": c.Without, "party": c.Party, "note": c.Note,
	})
	return err
}

// complement checks what was given and makes a revision of it.
func (n NewComplement) complement(c *catalog.Catalog, scope access.Scope, now time.Time) (Complement, error) {
	x := Complement{
		Kind: n.Kind, Text: strings.TrimSpace(n.Text), Requirements: order(c, n.Requirements), Without: strings.TrimSpace(n.Without), Party: strings.TrimSpace(n.Party),
		Author: scope.Actor(), At: now,
	}
	if _, ok := prefixes[x.Kind]; !ok {
		return Complement{}, wrong("kind", "%q is none of cuec, responsibility, csoc", x.Kind)
	}
	if err := prose("text", x.Text, minStatement, maxReason); err != nil {
		return Complement{}, err
	}
	if err := requirements(c, x.Requirements, []string{catalog.TSC, catalog.SOC1}); err != nil {
		return Complement{}, err
	}
	switch {
	case x.Kind == CUEC:
		if err := prose("without", x.Without, minReason, maxReason); err != nil {
			return Complement{}, errs.New(errs.Invalid, "say which commitment cannot be met without this control").At("without").
				WithHint("If all of them can, it is a user entity responsibility, not a complementary user entity control.")
		}
	case x.Without != "":
		return Complement{}, wrong("without", "only a complementary user entity control says what cannot be met without it")
	}
	switch {
	case x.Kind == CSOC:
		return x, line("party", x.Party, maxTitle)
	case x.Party != "":
		return Complement{}, wrong("party", "only a control of a subservice organisation names one")
	}
	return x, nil
}

// ListComplements lists what is expected of others at an instant; kind narrows, and retired ones are left out.
func (s *Service) ListComplements(ctx context.Context, scope access.ReadScope, kind ComplementKind, at time.Time) ([]Complement, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	all, err := s.Complements.Complements(ctx, scope, at)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(c Complement) bool { return c.Retired || kind != "" && c.Kind != kind }), nil
}

// ComplementHistory lists all revisions of a complement, newest first.
func (s *Service) ComplementHistory(ctx context.Context, scope access.ReadScope, ref string) ([]Complement, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	all, err := s.Complements.Revisions(ctx, scope, ref)
	if err == nil && len(all) == 0 {
		return nil, errs.New(errs.NotFound, "no complement %s", ref)
	}
	return all, err
}
