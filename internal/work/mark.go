package work

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Say records what a person says about a line of a guided programme, after the mark with the number base (0 when there is
// none): another base means that somebody said something meanwhile. It takes a word of explanation or a piece of evidence.
func (s *Service) Say(ctx context.Context, scope access.Scope, now time.Time, m Mark, base int) (Mark, error) {
	if err := scope.Require(access.ManageTasks); err != nil {
		return Mark{}, err
	}
	m.Note, m.Evidence = text.Prose(m.Note), strings.ToUpper(text.Line(m.Evidence))
	m.N, m.Actor, m.At = base+1, scope.Actor(), now
	switch n := utf8.RuneCountInString(m.Note); {
	case m.Programme == "" || m.Line == "":
		return Mark{}, errs.New(errs.Invalid, "no line is named").At("line")
	case !known(MarkStates(), m.State):
		return Mark{}, errs.New(errs.Invalid, "choose what holds").At("state")
	case n < minWhy && (m.Evidence == "" || m.State != Attested):
		return Mark{}, errs.New(errs.Invalid, "say in at least %d characters what it rests on (%d so far)", minWhy, n).At("note")
	case n > MaxText:
		return Mark{}, errs.New(errs.Invalid, "the note has %d characters; at most %d are kept", n, MaxText).At("note")
	case utf8.RuneCountInString(m.Evidence) > 40:
		return Mark{}, errs.New(errs.Invalid, "that is no reference of evidence").At("evidence").WithHint("References look like EV-2026-00142.")
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.AddMark(ctx, scope, m, base); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "programme."+string(m.State), m.Programme+"/"+m.Line, map[string]any{
			"programme": m.Programme, "line": m.Line, "note": m.Note, "evidence": m.Evidence,
		})
		return err
	})
	if err != nil {
		return Mark{}, err
	}
	return m, nil
}

// Marks reads what people said about the lines of a programme: the newest of each line that was not withdrawn, and all of them
// newest first.
func (s *Service) Marks(ctx context.Context, scope access.ReadScope, programme string) (now map[string]Mark, all []Mark, err error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return nil, nil, err
	}
	if all, err = s.Store.Marks(ctx, scope, programme); err != nil {
		return nil, nil, err
	}
	now, seen := map[string]Mark{}, map[string]bool{}
	for _, m := range all {
		if !seen[m.Line] && m.State != Withdrawn {
			now[m.Line] = m
		}
		seen[m.Line] = true
	}
	return now, all, nil
}
