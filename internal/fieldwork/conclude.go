package fieldwork

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Conclude keeps what a person concludes about a control, with the reason. The program proposes nothing.
func (s *Service) Conclude(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, c Conclusion, reason string) (Paper, error) {
	if !slices.Contains(Conclusions(), c) {
		return Paper{}, errs.New(errs.Invalid, "choose what you conclude").At("conclusion")
	}
	reason, err := why("why", "the reason", reason)
	if err != nil {
		return Paper{}, err
	}
	return s.change(ctx, a, access.Examine, ref, base, func(ctx context.Context, p *Paper) error {
		if err := p.unlocked(); err != nil {
			return err
		}
		sh, err := s.Sheet(ctx, a, string(p.ID))
		if err != nil {
			return err
		}
		if err := sh.allows(c); err != nil {
			return err
		}
		if err := s.recount(ctx, a, sh); err != nil {
			return err
		}
		p.Conclusion, p.Why, p.Concluded = c, reason, &Signed{a.Firm.Actor(), now}
		return s.told(ctx, a, now, "paper.concluded", string(p.ID), map[string]any{"ref": p.Ref, "control": p.Control, "conclusion": string(c), "why": reason, "items": len(sh.Items) - p.Tally.Void, "deviating": sh.Deviating()})
	})
}

// allows refuses a conclusion that the work does not carry.
func (sh *Sheet) allows(c Conclusion) error {
	p := sh.Paper
	no := func(format string, args ...any) error {
		return errs.New(errs.Conflict, format, args...).At("conclusion")
	}
	switch c {
	case NotTested:
		return nil
	case NoOccurrence:
		if !sh.Population.Frozen() || sh.Population.Rows > 0 {
			return no("no occurrence is proven by a frozen population without a row")
		}
		return nil
	}
	if p.Sample == nil {
		return no("nothing was drawn yet")
	}
	if open := p.Cells() - p.Marked(); open > 0 {
		return no("%d of %d marks are open", open, p.Cells())
	}
	if p.Inquired() {
		return no("inquiry alone never suffices: combine it with observation, inspection or reperformance")
	}
	if gap := sh.Population.Gap(); gap != "" && sh.Population.Reason == "" {
		return no("the population does not reconcile: %s", gap)
	}
	if n := len(sh.unreported(nil)); n > 0 {
		return no("%d exceptions are in no finding; each deviation is reported, whatever is concluded", n)
	}
	switch deviating := sh.Deviating(); {
	case c == Effective && deviating > 0:
		return no("%d items deviate: that is disclosed even where the control was effective", deviating)
	case c == EffectiveWithDeviation && deviating == 0:
		return no("no item deviates")
	}
	return nil
}

// Sign is the signature of who prepared a workpaper. From then on it is locked.
func (s *Service) Sign(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int) (Paper, error) {
	return s.change(ctx, a, access.Examine, ref, base, func(ctx context.Context, p *Paper) error {
		if err := p.unlocked(); err != nil {
			return err
		}
		if err := p.ready(); err != nil {
			return err
		}
		if err := p.follows(p.Concluded, "concluded", now); err != nil {
			return err
		}
		p.Prepared = &Signed{a.Firm.Actor(), now}
		return s.told(ctx, a, now, "paper.signed", string(p.ID), map[string]any{"ref": p.Ref, "conclusion": string(p.Conclusion)})
	})
}

// follows refuses a signature that would stand before what it signs: a clock that was set back would turn the order of the work
// around, and the order is what a reader of the paper relies on.
func (p Paper) follows(x *Signed, what string, now time.Time) error {
	if x == nil || !now.Before(x.At) {
		return nil
	}
	const layout = "2006-01-02 15:04:05 UTC"
	return errs.New(errs.Conflict, "%s was %s on %s, and the clock says %s", p.Ref, what, x.At.UTC().Format(layout), now.UTC().Format(layout)).WithHint("The clock of the server went back. Set it right, or wait until it is later than that, and sign again.")
}

func (p Paper) ready() error {
	switch {
	case p.Conclusion == NotConcluded:
		return errs.New(errs.Conflict, "%s has no conclusion yet", p.Ref)
	case p.Tally.Notes > 0:
		return errs.New(errs.Conflict, "%s has %d review notes that are open", p.Ref, p.Tally.Notes).WithHint("Answer and clear them first.")
	}
	return nil
}

// Review is the signature of a second person over what somebody else prepared.
func (s *Service) Review(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int) (Paper, error) {
	return s.change(ctx, a, access.ReviewWork, ref, base, func(ctx context.Context, p *Paper) error {
		switch {
		case p.Prepared == nil:
			return errs.New(errs.Conflict, "%s is not signed by who prepared it yet", p.Ref)
		case p.Reviewed != nil:
			return errs.New(errs.Conflict, "%s is reviewed already", p.Ref)
		case p.Prepared.By == a.Firm.Actor() || p.Concluded != nil && p.Concluded.By == a.Firm.Actor():
			return errs.New(errs.Denied, "you prepared %s; somebody else reviews it", p.Ref)
		}
		if err := p.ready(); err != nil {
			return err
		}
		if err := p.follows(p.Prepared, "signed", now); err != nil {
			return err
		}
		p.Reviewed = &Signed{a.Firm.Actor(), now}
		return s.told(ctx, a, now, "paper.reviewed", string(p.ID), map[string]any{"ref": p.Ref, "prepared_by": p.Prepared.By, "conclusion": string(p.Conclusion)})
	})
}

// Reopen takes the signatures off a workpaper, with a reason that stays with it.
func (s *Service) Reopen(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, reason string) (Paper, error) {
	reason, err := why("why", "the reason", reason)
	if err != nil {
		return Paper{}, err
	}
	return s.change(ctx, a, access.ReviewWork, ref, base, func(ctx context.Context, p *Paper) error {
		if !p.Locked() {
			return errs.New(errs.Conflict, "%s is not signed off", p.Ref)
		}
		p.Prepared, p.Reviewed = nil, nil
		if _, err := s.Papers.AddNote(ctx, a.Firm, Note{Paper: p.ID, Kind: "reopened", Text: reason, By: a.Firm.Actor(), At: now}); err != nil {
			return err
		}
		return s.told(ctx, a, now, "paper.reopened", string(p.ID), map[string]any{"ref": p.Ref, "why": reason})
	})
}

// Remark adds a review note. While it is open, nobody signs off.
func (s *Service) Remark(ctx context.Context, a access.AuditScope, now time.Time, ref, said string) (Note, error) {
	if err := a.Firm.Require(access.RemarkWork); err != nil {
		return Note{}, err
	}
	said, err := line("text", "the note", said)
	if err != nil {
		return Note{}, err
	}
	var n Note
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		p, err := s.Papers.Paper(ctx, a.Firm.ReadScope, a.Engagement, ref)
		if err != nil {
			return err
		}
		if p.Reviewed != nil {
			return errs.New(errs.Conflict, "%s is reviewed", p.Ref).WithHint("A reviewer can open it again, with a reason.")
		}
		if n, err = s.Papers.AddNote(ctx, a.Firm, Note{Paper: p.ID, Kind: "note", Text: said, By: a.Firm.Actor(), At: now}); err != nil {
			return err
		}
		return s.told(ctx, a, now, "note.added", string(p.ID), map[string]any{"paper": p.Ref, "n": n.N, "text": said})
	})
	return n, err
}

// Clear answers a review note and clears it.
func (s *Service) Clear(ctx context.Context, a access.AuditScope, now time.Time, ref string, n int, answer string) error {
	if err := a.Firm.Require(access.RemarkWork); err != nil {
		return err
	}
	answer, err := line("answer", "the answer", answer)
	if err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		p, err := s.Papers.Paper(ctx, a.Firm.ReadScope, a.Engagement, ref)
		if err != nil {
			return err
		}
		if err := s.Papers.ClearNote(ctx, a.Firm, Note{Paper: p.ID, N: n, Answer: answer, ClearedBy: a.Firm.Actor(), ClearedAt: &now}); err != nil {
			return err
		}
		return s.told(ctx, a, now, "note.cleared", string(p.ID), map[string]any{"paper": p.Ref, "n": n, "answer": answer})
	})
}

// recount brings the numbers of a workpaper's findings to what was tested when it is concluded.
func (s *Service) recount(ctx context.Context, a access.AuditScope, sh *Sheet) error {
	for _, f := range sh.Findings {
		was := f
		if f.counted(sh); f.Count == was.Count && f.Of == was.Of && slices.Equal(f.Items, was.Items) {
			continue
		}
		f.Version++
		if err := s.Findings.SaveFinding(ctx, a.Firm, f, was.Version); err != nil {
			return err
		}
	}
	return nil
}
