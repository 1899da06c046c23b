package evaluate

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// DraftStatus is where a proposed version of a test is in its life.
type DraftStatus string

// The states of a draft. Only a waiting one is ever decided on.
const (
	Waiting   DraftStatus = "waiting"
	Approved  DraftStatus = "approved"
	Withdrawn DraftStatus = "withdrawn" // taken back, or turned down
	Replaced  DraftStatus = "replaced"  // by a later draft
)

// Draft is a version of an organisation's own test as somebody proposed it.
type Draft struct {
	Test    string
	N       int // counted by test from 1: what an edit is based on
	Version int // that it becomes
	Text    string
	SHA256  string
	Note    string // why
	Status  DraftStatus
	Author  string // actor
	At      time.Time
	By      string // who decided
	Decided *time.Time
	Why     string // of a withdrawal
}

// DraftStore keeps proposed versions of tests. Laws: drafts are only added, numbered without gaps by test; AddDraft does
// nothing but report a Conflict when the newest draft is not the one the caller named, and replaces one that waits; a
// draft is decided on at most once.
type DraftStore interface {
	AddDraft(ctx context.Context, s access.Scope, base int, d Draft) error
	// Decide moves a waiting draft into another state.
	Decide(ctx context.Context, s access.Scope, test string, n int, to DraftStatus, by string, at time.Time, why string) error
	// Drafts lists the drafts of a test, or of all, newest first; with a status only those.
	Drafts(ctx context.Context, s access.ReadScope, test string, status DraftStatus) ([]Draft, error)
	// SecondPerson reports whether the organisation wants a second person to approve its own tests.
	SecondPerson(ctx context.Context, s access.ReadScope) (bool, error)
	SetSecondPerson(ctx context.Context, s access.Scope, want bool, at time.Time) error
}

// Bounds of what is proposed, in bytes and characters.
const (
	maxText = 200_000
	minNote = 10
	maxNote = 2000
)

// note checks why something is done.
func note(field, s string) (string, error) {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n < minNote:
		return s, errs.New(errs.Invalid, "say why in at least %d characters (%d so far)", minNote, n).At(field)
	case n > maxNote:
		return s, errs.New(errs.Invalid, "%d characters; at most %d are kept", n, maxNote).At(field)
	}
	return s, nil
}

var versionLine = regexp.MustCompile(`(?m)^version:[^\n]*$`)

// WithVersion is the text of a definition with its version set.
func WithVersion(text string, version int) string {
	line := "version: " + strconv.Itoa(version)
	if at := versionLine.FindStringIndex(text); at != nil {
		return text[:at[0]] + line + text[at[1]:]
	}
	return line + "\n" + text
}

// NextVersion is the version that a proposal for a test would become, and whether the test belongs to the library.
func (s *Service) NextVersion(ctx context.Context, scope access.ReadScope, test string) (version int, library bool, err error) {
	all, err := s.Store.Versions(ctx, scope, test)
	if err != nil {
		return 0, false, err
	}
	if len(all) > 0 {
		return all[0].Definition.Version + 1, all[0].Library, nil
	}
	lib, err := Library()
	for _, d := range lib {
		library = library || d.ID == test
	}
	return 1, library, err
}

// ProposeTest keeps a checked definition as a draft of the organisation's own test, or installs it at once where the
// organisation wants no second person. base is the number of the newest draft the author saw, 0 for none; a Conflict says
// that there is a newer one. The program sets the version.
func (s *Service) ProposeTest(ctx context.Context, scope access.Scope, now time.Time, text string, base int, why string) (Draft, error) {
	if err := scope.Require(access.EditTests); err != nil {
		return Draft{}, err
	}
	if len(text) > maxText {
		return Draft{}, errs.New(errs.Exhausted, "the definition has %d bytes; at most %d are kept", len(text), maxText)
	}
	d, err := Parse([]byte(WithVersion(text, 1)))
	if err != nil {
		return Draft{}, err
	}
	version, library, err := s.NextVersion(ctx, scope.ReadScope, d.ID)
	switch {
	case err != nil:
		return Draft{}, err
	case library:
		return Draft{}, errs.New(errs.Conflict, "test %s belongs to the library", d.ID).At("id").WithHint("Give yours another id.")
	}
	if why, err = s.reason(why, version); err != nil {
		return Draft{}, err
	}
	if d, err = Parse([]byte(WithVersion(text, version))); err != nil {
		return Draft{}, err
	}
	if err := Lint(ctx, s.Engine, d); err != nil {
		return Draft{}, err
	}
	x := Draft{Test: d.ID, N: base + 1, Version: version, Text: d.Text(), SHA256: d.SHA256(), Note: why, Status: Waiting, Author: scope.Actor(), At: now}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Drafts.AddDraft(ctx, scope, base, x); err != nil {
			return err
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "test.proposed", d.ID, map[string]any{"version": version, "sha256": x.SHA256, "note": why}); err != nil {
			return err
		}
		second, err := s.Drafts.SecondPerson(ctx, scope.ReadScope)
		if err != nil || second {
			return err
		}
		x.Status = Approved
		return s.install(ctx, scope, now, x)
	})
	return x, err
}

// reason checks the note of a version; the first may do without.
func (s *Service) reason(why string, version int) (string, error) {
	if why = strings.TrimSpace(why); why == "" && version == 1 {
		return "", nil
	}
	return note("note", why)
}

// install puts a draft in force. Values that the organisation set for parameters that are still there stay.
func (s *Service) install(ctx context.Context, scope access.Scope, now time.Time, x Draft) error {
	d, err := Parse([]byte(x.Text))
	if err != nil {
		return err
	}
	all, err := s.Store.Versions(ctx, scope.ReadScope, x.Test)
	if err != nil {
		return err
	}
	t := Installed{Definition: d, Enabled: true, Params: map[string]string{}, Installed: now}
	if len(all) > 0 {
		if all[0].Definition.Version >= d.Version {
			return errs.New(errs.Conflict, "%s has a version %d already", x.Test, all[0].Definition.Version).WithHint("Propose the change again on top of it.")
		}
		t.Enabled = all[0].Enabled
		for n, v := range all[0].Params {
			if p, ok := d.Params[n]; ok && p.accepts(v) == nil {
				t.Params[n] = v
			}
		}
	}
	if err := s.Drafts.Decide(ctx, scope, x.Test, x.N, Approved, scope.Actor(), now, ""); err != nil {
		return err
	}
	return s.Store.Install(ctx, scope, t)
}

// waiting reads the draft of a test that waits; it must be the one the caller saw.
func (s *Service) waiting(ctx context.Context, scope access.ReadScope, test string, n int) (Draft, error) {
	all, err := s.Drafts.Drafts(ctx, scope, test, "")
	switch {
	case err != nil:
		return Draft{}, err
	case len(all) == 0:
		return Draft{}, errs.New(errs.NotFound, "nothing is proposed for test %s", test)
	case all[0].N != n:
		return Draft{}, errs.New(errs.Conflict, "another version of %s was proposed meanwhile", test).WithHint("Load the page again and read it.")
	case all[0].Status != Waiting:
		return Draft{}, errs.New(errs.Conflict, "the proposal for %s is %s", test, all[0].Status)
	}
	return all[0], nil
}

// ApproveTest puts a draft in force. Whoever wrote it cannot approve it.
func (s *Service) ApproveTest(ctx context.Context, scope access.Scope, now time.Time, test string, n int) (Draft, error) {
	if err := scope.Require(access.ApproveTests); err != nil {
		return Draft{}, err
	}
	var x Draft
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if x, err = s.waiting(ctx, scope.ReadScope, test, n); err != nil {
			return err
		}
		if x.Author == scope.Actor() {
			return errs.New(errs.Denied, "version %d of %s was written by you; somebody else approves it", x.Version, test)
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "test.approved", test, map[string]any{"version": x.Version, "sha256": x.SHA256, "author": x.Author}); err != nil {
			return err
		}
		return s.install(ctx, scope, now, x)
	})
	return x, err
}

// WithdrawTest takes a draft back, or turns it down.
func (s *Service) WithdrawTest(ctx context.Context, scope access.Scope, now time.Time, test string, n int, why string) (Draft, error) {
	if err := scope.Require(access.EditTests); err != nil {
		return Draft{}, err
	}
	why, err := note("reason", why)
	if err != nil {
		return Draft{}, err
	}
	var x Draft
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if x, err = s.waiting(ctx, scope.ReadScope, test, n); err != nil {
			return err
		}
		if err := s.Drafts.Decide(ctx, scope, test, n, Withdrawn, scope.Actor(), now, why); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "test.withdrawn", test, map[string]any{"version": x.Version, "sha256": x.SHA256, "author": x.Author, "reason": why})
		return err
	})
	return x, err
}

// SetSecondPerson says whether a second person approves the organisation's own tests before they count.
func (s *Service) SetSecondPerson(ctx context.Context, scope access.Scope, now time.Time, want bool) error {
	if err := scope.Require(access.ManageOrg); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Drafts.SetSecondPerson(ctx, scope, want, now); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "test.rule", "second_person", map[string]any{"second_person": want})
		return err
	})
}
