package request

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// asks is the scope with which the auditor acts on what both sides see.
func asks(a access.AuditScope) (access.Scope, error) {
	shared, err := a.Shared()
	if err != nil {
		return shared, err
	}
	return shared, shared.Require(access.AskRequests)
}

// Edit changes what is asked, as long as it is not settled. base is the version the editor saw; 0 changes whatever is there.
func (s *Service) Edit(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, t Text) (Request, error) {
	shared, err := asks(a)
	if err != nil {
		return Request{}, err
	}
	return s.change(ctx, shared, now, a.Engagement, ref, base, "request.changed", func(ctx context.Context, r *Request, ex Examination) ([]Event, error) {
		if r.State.Closed() {
			return nil, settled(*r)
		}
		return s.edited(ctx, a, now, r, ex, t)
	})
}

func (s *Service) edited(ctx context.Context, a access.AuditScope, now time.Time, r *Request, ex Examination, t Text) ([]Event, error) {
	c, err := s.checker(ctx, a.Client, now, ex)
	if err != nil {
		return nil, err
	}
	if t.Owner == r.Owner { // who left may stay until somebody takes over
		t.Owner = ""
		if err := c.check(&t, r.Due); err != nil {
			return nil, err
		}
		t.Owner = r.Owner
	} else if err := c.check(&t, r.Due); err != nil {
		return nil, err
	}
	was := r.Text
	r.Text = t
	return diff(was, t), nil
}

// EditDraft changes a draft of the firm.
func (s *Service) EditDraft(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, t Text) (Request, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return Request{}, err
	}
	var r Request
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		ex, err := s.running(ctx, a.Client, a.Engagement)
		if err != nil {
			return err
		}
		was, err := s.Store.Request(ctx, a.Firm.ReadScope, a.Engagement, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return errs.Changed(was.Ref, &Stale{was})
		}
		r = was
		events, err := s.edited(ctx, a, now, &r, ex, t)
		if err != nil || len(events) == 0 {
			return err
		}
		for i := range events {
			events[i].At, events[i].Actor = now, a.Firm.Actor()
		}
		r.Version, r.Updated = was.Version+1, now
		if err := s.Store.Save(ctx, a.Firm, r, was.Version, events); err != nil {
			return s.lost(ctx, a.Firm.ReadScope, r, err)
		}
		_, err = s.Ledger.Append(ctx, a.Firm, now, "request.redrafted", string(r.ID), map[string]any{"engagement": a.Engagement, "ref": r.Ref, "version": r.Version})
		return err
	})
	if err != nil {
		return Request{}, err
	}
	return r, nil
}

func settled(r Request) error {
	return errs.New(errs.Conflict, "%s is %s", r.Ref, strings.ToLower(r.State.Title())).WithHint("Open it again first.")
}

// Accept takes an answer as sufficient. A population takes a word about how its completeness and accuracy were checked.
func (s *Service) Accept(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, ipe string) (Request, error) {
	shared, err := asks(a)
	if err != nil {
		return Request{}, err
	}
	ipe = text.Prose(ipe)
	return s.change(ctx, shared, now, a.Engagement, ref, base, "request.accepted", func(_ context.Context, r *Request, _ Examination) ([]Event, error) {
		if r.State != Provided {
			return nil, notProvided(*r)
		}
		least := 0
		if r.Kind == Population {
			least = minWords
		}
		if err := text.Bounds("ipe", "how the list was found complete and accurate", ipe, least, MaxReason); err != nil {
			return nil, err
		}
		r.State, r.Reason, r.IPE, r.Decided, r.DecidedBy = Accepted, "", ipe, &now, shared.Actor()
		return []Event{{Kind: WasAccepted, Became: ipe}}, nil
	})
}

func notProvided(r Request) error {
	return errs.New(errs.Conflict, "%s is %s: there is no answer to decide about", r.Ref, strings.ToLower(r.State.Title()))
}

// Reject sends an answer back, with what is missing.
func (s *Service) Reject(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, why string) (Request, error) {
	return s.sent(ctx, a, now, ref, base, why, "request.rejected", WasRejected, func(r *Request) error {
		if r.State != Provided {
			return notProvided(*r)
		}
		r.State = Rejected
		return nil
	})
}

// Withdraw ends a request that is not needed any more.
func (s *Service) Withdraw(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, why string) (Request, error) {
	return s.sent(ctx, a, now, ref, base, why, "request.withdrawn", WasWithdrawn, func(r *Request) error {
		if r.State.Closed() {
			return settled(*r)
		}
		r.State = Withdrawn
		return nil
	})
}

// Reopen opens a request again that was accepted or withdrawn.
func (s *Service) Reopen(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, why string) (Request, error) {
	return s.sent(ctx, a, now, ref, base, why, "request.reopened", WasReopened, func(r *Request) error {
		if !r.State.Closed() {
			return errs.New(errs.Conflict, "%s is open", r.Ref)
		}
		r.State = Open
		return nil
	})
}

// sent moves a request by the auditor's will, for a reason.
func (s *Service) sent(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, why, entry string, kind EventKind, move func(*Request) error) (Request, error) {
	shared, err := asks(a)
	if err != nil {
		return Request{}, err
	}
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, minWords, MaxReason); err != nil {
		return Request{}, err
	}
	return s.change(ctx, shared, now, a.Engagement, ref, base, entry, func(_ context.Context, r *Request, _ Examination) ([]Event, error) {
		if err := move(r); err != nil {
			return nil, err
		}
		r.Reason, r.Decided, r.DecidedBy = why, &now, shared.Actor()
		if r.State == Open {
			r.Decided, r.DecidedBy, r.IPE = nil, "", ""
		}
		return []Event{{Kind: kind, Became: why}}, nil
	})
}

// Reassign gives a request to somebody else of the client. Either side may.
func (s *Service) Reassign(ctx context.Context, scope access.Scope, now time.Time, engagement, ref string, base int, owner string) (Request, error) {
	if err := either(scope); err != nil {
		return Request{}, err
	}
	return s.change(ctx, scope, now, engagement, ref, base, "request.assigned", func(ctx context.Context, r *Request, ex Examination) ([]Event, error) {
		if r.State.Closed() {
			return nil, settled(*r)
		}
		c := &checker{s: s, ex: ex}
		var err error
		if c.members, err = s.People.Members(ctx, scope.ReadScope); err != nil {
			return nil, err
		}
		was := r.Text
		r.Owner = access.UserID(owner)
		if err := c.owner(&r.Text); err != nil {
			return nil, err
		}
		return diff(was, r.Text), nil
	})
}

// either lets both sides act on what both may do.
func either(scope access.Scope) error {
	if scope.Can(access.AskRequests) {
		return nil
	}
	return scope.Require(access.AnswerRequests)
}

// Comment says something about a request, for both sides to read.
func (s *Service) Comment(ctx context.Context, scope access.Scope, now time.Time, engagement, ref, comment string) error {
	if err := either(scope); err != nil {
		return err
	}
	comment = text.Prose(comment)
	if err := text.Bounds("comment", "the comment", comment, 1, MaxAnswer); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		r, err := s.Store.Request(ctx, scope.ReadScope, engagement, ref)
		if err != nil {
			return err
		}
		if err := s.Store.Note(ctx, scope, r.ID, Event{At: now, Actor: scope.Actor(), Kind: Commented, Became: comment}); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "request.commented", string(r.ID), map[string]any{"engagement": engagement, "ref": r.Ref})
		return err
	})
}

// Remark keeps a note of the firm on a request or a draft. The client never sees it.
func (s *Service) Remark(ctx context.Context, a access.AuditScope, now time.Time, ref, note string) error {
	if err := a.Firm.Require(access.RemarkWork); err != nil {
		return err
	}
	note = text.Prose(note)
	if err := text.Bounds("note", "the note", note, 1, MaxAnswer); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		r, err := s.either(ctx, a, ref)
		if err != nil {
			return err
		}
		if err := s.Notes.AddRemark(ctx, a.Firm, Remark{ID: id.New("rem", now), Engagement: a.Engagement, Request: r.ID, At: now, Actor: a.Firm.Actor(), Text: note}); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, a.Firm, now, "request.remarked", string(r.ID), map[string]any{"engagement": a.Engagement, "ref": r.Ref})
		return err
	})
}

// either finds a request or a draft for the auditor.
func (s *Service) either(ctx context.Context, a access.AuditScope, ref string) (Request, error) {
	if strings.HasPrefix(ref, "D-") {
		return s.Store.Request(ctx, a.Firm.ReadScope, a.Engagement, ref)
	}
	return s.Store.Request(ctx, a.Client, a.Engagement, ref)
}

// Remarks lists the firm's notes on a request, oldest first.
func (s *Service) Remarks(ctx context.Context, a access.AuditScope, r Request) ([]Remark, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	return s.Notes.Remarks(ctx, a.Firm.ReadScope, r.ID)
}

// Bulk does the same to several requests, all or none, and returns those it changed. Requests that are in the wanted state already
// are left as they are.
func (s *Service) Bulk(ctx context.Context, refs []string, do func(ctx context.Context, ref string) (Request, error)) (int, error) {
	if err := few(refs); err != nil {
		return 0, err
	}
	n := 0
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		n = 0
		for _, ref := range refs {
			_, err := do(ctx, ref)
			var stale *Stale
			if errs.Is(err, errs.Conflict) && !errors.As(err, &stale) { // nothing to do there
				continue
			}
			if err != nil {
				return errs.Wrap(err, "%s", ref)
			}
			n++
		}
		return nil
	})
	return n, err
}
