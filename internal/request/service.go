package request

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Bounds of what people write, in characters, and of what is done at once.
const (
	MaxTitle  = 200
	MaxText   = 4000
	MaxAnswer = 4000
	MaxReason = 1000
	minTitle  = 3
	minWords  = 10 // of a reason, an answer in words, a check
	MaxAtOnce = 500
	MaxAsked  = 5000 // in one engagement
	farAhead  = 3 * 366
)

// Service is the use cases of requests.
type Service struct {
	Store       Store
	Notes       Remarks
	Engagements Engagements
	Controls    Controls
	Catalog     Requirements
	People      People
	Shelf       Shelf
	Policies    Policies
	Results     Results
	Tx          access.Tx
	Ledger      access.Recorder
}

// New is what asking needs. Without a period it is about the whole engagement's.
type New struct {
	Text
	Again bool // ask although the same was asked before
}

// Ask asks the client, all or nothing. What was asked before is a Conflict whose cause is an *Alike, unless New.Again says so.
func (s *Service) Ask(ctx context.Context, a access.AuditScope, now time.Time, all ...New) ([]Request, error) {
	shared, err := a.Shared()
	if err != nil {
		return nil, err
	}
	if err := shared.Require(access.AskRequests); err != nil {
		return nil, err
	}
	var out []Request
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		made, err := s.made(ctx, a, now, Open, all)
		if err != nil {
			return err
		}
		if err := s.room(ctx, a, len(made)); err != nil {
			return err
		}
		if out, err = s.Store.Add(ctx, shared, made); err != nil {
			return err
		}
		return s.told(ctx, shared, now, "request.asked", a.Engagement, out)
	})
	return out, err
}

// Draft keeps requests with the firm, where the client does not see them.
func (s *Service) Draft(ctx context.Context, a access.AuditScope, now time.Time, all ...New) ([]Request, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return nil, err
	}
	var out []Request
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		made, err := s.made(ctx, a, now, Draft, all)
		if err != nil {
			return err
		}
		if out, err = s.Store.Add(ctx, a.Firm, made); err != nil {
			return err
		}
		return s.told(ctx, a.Firm, now, "request.drafted", a.Engagement, out)
	})
	return out, err
}

// Issue asks the client for drafts, all or nothing. They get references of the client's list.
func (s *Service) Issue(ctx context.Context, a access.AuditScope, now time.Time, refs []string) ([]Request, error) {
	shared, err := a.Shared()
	if err != nil {
		return nil, err
	}
	if err := few(refs); err != nil {
		return nil, err
	}
	var out []Request
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		ex, err := s.running(ctx, a.Client, a.Engagement)
		if err != nil {
			return err
		}
		if err := s.room(ctx, a, len(refs)); err != nil {
			return err
		}
		c, err := s.checker(ctx, a.Client, now, ex)
		if err != nil {
			return err
		}
		var ready []Request
		for _, ref := range refs {
			r, err := s.Store.Request(ctx, a.Firm.ReadScope, a.Engagement, ref)
			if err != nil {
				return err
			}
			if err := c.check(&r.Text, 0); err != nil {
				return errs.Wrap(err, "%s", r.Ref)
			}
			if err := s.Store.Drop(ctx, a.Firm, r.ID, r.Version); err != nil {
				return err
			}
			r.State, r.Asked, r.AskedBy, r.Updated, r.Version = Open, now, a.Firm.Actor(), now, 1
			ready = append(ready, r)
		}
		if out, err = s.Store.Add(ctx, shared, ready); err != nil {
			return err
		}
		if err := s.told(ctx, a.Firm, now, "request.issued", a.Engagement, out); err != nil {
			return err
		}
		return s.told(ctx, shared, now, "request.asked", a.Engagement, out)
	})
	return out, err
}

// DropDraft removes drafts of the firm.
func (s *Service) DropDraft(ctx context.Context, a access.AuditScope, now time.Time, refs []string) error {
	if err := a.Firm.Require(access.Examine); err != nil {
		return err
	}
	if err := few(refs); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		var gone []Request
		for _, ref := range refs {
			r, err := s.Store.Request(ctx, a.Firm.ReadScope, a.Engagement, ref)
			if err != nil {
				return err
			}
			if err := s.Store.Drop(ctx, a.Firm, r.ID, r.Version); err != nil {
				return err
			}
			gone = append(gone, r)
		}
		return s.told(ctx, a.Firm, now, "request.dropped", a.Engagement, gone)
	})
}

// made makes checked requests of what is to be asked.
func (s *Service) made(ctx context.Context, a access.AuditScope, now time.Time, state State, all []New) ([]Request, error) {
	if len(all) == 0 {
		return nil, errs.New(errs.Invalid, "there is nothing to ask").At("title")
	}
	if len(all) > MaxAsked {
		return nil, errs.New(errs.Exhausted, "%d requests at once; at most %d are taken", len(all), MaxAsked)
	}
	ex, err := s.running(ctx, a.Client, a.Engagement)
	if err != nil {
		return nil, err
	}
	c, err := s.checker(ctx, a.Client, now, ex)
	if err != nil {
		return nil, err
	}
	asked, err := s.all(ctx, a.Client, a.Engagement)
	if err != nil {
		return nil, err
	}
	out := make([]Request, len(all))
	for i, n := range all {
		if err := c.check(&n.Text, 0); err != nil {
			return nil, err
		}
		if !n.Again {
			if same := alike(asked, n.Text); len(same) > 0 {
				e := errs.New(errs.Conflict, "%s is about the same", same[0].Ref).At("control").WithHint("Look at what was asked and answered there. If it is something else, say so and ask.")
				e.Err = &Alike{same}
				return nil, e
			}
		}
		out[i] = Request{
			ID: ID(id.New("req", now)), Engagement: a.Engagement, Text: n.Text, State: state, Asked: now, AskedBy: a.Firm.Actor(), Version: 1, Updated: now,
		}
	}
	return out, nil
}

// alike are the requests that ask for the same: the kind, the control, and a part of the period.
func alike(asked []Request, t Text) []Request {
	var out []Request
	if t.Control == "" {
		return nil
	}
	for _, r := range asked {
		if r.State != Withdrawn && r.Kind == t.Kind && r.Control == t.Control && r.Period.Overlap(t.Period).Days() > 0 {
			out = append(out, r)
		}
	}
	return out
}

// Alike finds what was asked before about the same, for a form to show.
func (s *Service) Alike(ctx context.Context, scope access.ReadScope, engagement string, t Text) ([]Request, error) {
	asked, err := s.all(ctx, scope, engagement)
	return alike(asked, t), err
}

func (s *Service) room(ctx context.Context, a access.AuditScope, more int) error {
	have, err := s.Store.Counts(ctx, a.Client, a.Engagement)
	if err == nil && have.Total()+more > MaxAsked {
		return errs.New(errs.Exhausted, "%d requests were asked; at most %d are kept in one engagement", have.Total(), MaxAsked)
	}
	return err
}

// told appends to the trail of the scope's organisation.
func (s *Service) told(ctx context.Context, scope access.Scope, now time.Time, kind, engagement string, all []Request) error {
	lines := make([]map[string]any, len(all))
	for i, r := range all {
		lines[i] = map[string]any{"id": string(r.ID), "ref": r.Ref, "kind": string(r.Kind), "control": r.Control, "title": r.Title, "due": day(r.Due), "owner": string(r.Owner)}
	}
	_, err := s.Ledger.Append(ctx, scope, now, kind, engagement, map[string]any{"engagement": engagement, "requests": lines})
	return err
}

// running reads an engagement in which something can still be asked and answered.
func (s *Service) running(ctx context.Context, scope access.ReadScope, engagement string) (Examination, error) {
	ex, err := s.Engagements.Examination(ctx, scope, engagement)
	if err == nil && ex.Closed != "" {
		return ex, errs.New(errs.Conflict, "%s %s, and its requests stay as they are", ex.Ref, ex.Closed).WithHint("Ask in the next engagement.")
	}
	return ex, err
}

// checker holds what requests are checked against.
type checker struct {
	s        *Service
	today    period.Date
	ex       Examination
	controls map[string]bool
	members  []access.Member
}

func (s *Service) checker(ctx context.Context, scope access.ReadScope, now time.Time, ex Examination) (*checker, error) {
	c := &checker{s: s, today: period.Of(now), ex: ex, controls: map[string]bool{}}
	all, err := s.Controls.InForce(ctx, scope, now)
	if err != nil {
		return nil, err
	}
	for _, x := range all {
		c.controls[x.Ref] = true
	}
	c.members, err = s.People.Members(ctx, scope)
	return c, err
}

// check cleans a text and holds it to its bounds. A day that lies in the past is refused only when it is new.
func (c *checker) check(t *Text, was period.Date) error {
	t.Title, t.Text, t.Control, t.Criterion = text.Line(t.Title), text.Prose(t.Text), strings.ToUpper(text.Line(t.Control)), strings.ToUpper(text.Line(t.Criterion))
	if t.Period == (period.Period{}) {
		t.Period = c.ex.Period
	}
	if !known(Kinds(), t.Kind) {
		return errs.New(errs.Invalid, "%q is no type of request", string(t.Kind)).At("kind").WithHint("Choose population, sample_evidence, policy, configuration, interview or walkthrough.")
	}
	if err := text.Bounds("title", "the title", t.Title, minTitle, MaxTitle); err != nil {
		return err
	}
	if err := text.Bounds("text", "the description", t.Text, 0, MaxText); err != nil {
		return err
	}
	switch {
	case t.Control != "" && !c.controls[t.Control]:
		return errs.New(errs.Invalid, "the client has no control %s in force", clip(t.Control)).At("control")
	case t.Criterion != "" && !c.s.Catalog.Knows(catalog.TSC, t.Criterion) && !c.s.Catalog.Knows(catalog.SOC1, t.Criterion):
		return errs.New(errs.Invalid, "there is no criterion %s", clip(t.Criterion)).At("criterion").WithHint("Name one such as CC6.1.")
	case t.Period.Days() <= 0:
		return errs.New(errs.Invalid, "the period ends before it begins").At("to")
	case t.Period.Days() > 3*366:
		return errs.New(errs.Invalid, "a period of %d days is longer than three years", t.Period.Days()).At("to")
	case t.Due == 0:
		return errs.New(errs.Invalid, "say by when it is needed").At("due")
	case t.Due != was && t.Due < c.today:
		return errs.New(errs.Invalid, "%s is over", t.Due).At("due").WithHint("Choose today or a later day.")
	case t.Due > c.today+farAhead:
		return errs.New(errs.Invalid, "%s is more than three years ahead", t.Due).At("due")
	}
	return c.owner(t)
}

// owner finds the client's person who is to answer, by identifier or address.
func (c *checker) owner(t *Text) error {
	who := strings.TrimSpace(string(t.Owner))
	if t.Owner = ""; who == "" {
		return nil
	}
	for _, m := range c.members {
		if string(m.ID) != who && !strings.EqualFold(m.Email, who) {
			continue
		}
		if m.Disabled || !m.Role.May(access.AnswerRequests) {
			return errs.New(errs.Invalid, "%s cannot answer requests: the account is blocked or lacks the right", m.Email).At("owner")
		}
		t.Owner = m.ID
		return nil
	}
	return errs.New(errs.Invalid, "nobody of the client has the identifier or email %q", clip(who)).At("owner")
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

func few(refs []string) error {
	if len(refs) == 0 {
		return errs.New(errs.Invalid, "no request is chosen").WithHint("Tick the requests first.")
	}
	if len(refs) > MaxAtOnce {
		return errs.New(errs.Exhausted, "%d requests at once; at most %d are changed together", len(refs), MaxAtOnce)
	}
	return nil
}

// change reads a request, changes it and keeps it with its history and a ledger entry. A change of nothing is none.
func (s *Service) change(ctx context.Context, scope access.Scope, now time.Time, engagement, ref string, base int, kind string, do func(ctx context.Context, r *Request, ex Examination) ([]Event, error)) (Request, error) {
	var r Request
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		ex, err := s.running(ctx, scope.ReadScope, engagement)
		if err != nil {
			return err
		}
		was, err := s.Store.Request(ctx, scope.ReadScope, ex.ID, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return errs.Changed(was.Ref, &Stale{was})
		}
		r = was
		events, err := do(ctx, &r, ex)
		if err != nil || len(events) == 0 {
			return err
		}
		var fields []string
		for i := range events {
			events[i].At, events[i].Actor = now, scope.Actor()
			if events[i].Field != "" {
				fields = append(fields, events[i].Field)
			}
		}
		r.Version, r.Updated = was.Version+1, now
		if err := s.Store.Save(ctx, scope, r, was.Version, events); err != nil {
			return s.lost(ctx, scope.ReadScope, r, err)
		}
		says := map[string]any{"engagement": ex.ID, "ref": r.Ref, "version": r.Version, "state": string(r.State)}
		if len(fields) > 0 {
			says["changed"] = fields
		}
		if r.Reason != was.Reason && r.Reason != "" {
			says["reason"] = r.Reason
		}
		if last := events[len(events)-1]; last.Kind == WasProvided {
			says["pieces"] = last.Became
		}
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(r.ID), says)
		return err
	})
	if err != nil {
		return Request{}, err
	}
	return r, nil
}

// lost says who was faster.
func (s *Service) lost(ctx context.Context, scope access.ReadScope, r Request, cause error) error {
	if !errs.Is(cause, errs.Conflict) {
		return cause
	}
	theirs, err := s.Store.Request(ctx, scope, r.Engagement, string(r.ID))
	if err != nil {
		return errors.Join(cause, err)
	}
	return errs.Changed(theirs.Ref, &Stale{theirs})
}

// all reads every request that was asked in an engagement.
func (s *Service) all(ctx context.Context, scope access.ReadScope, engagement string) ([]Request, error) {
	var out []Request
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "ref"}); ; q.Page++ {
		res, err := s.Store.Requests(ctx, scope, Filter{Engagement: engagement}, q)
		if err != nil {
			return nil, err
		}
		out = append(out, res.Rows...)
		if q.Page >= res.Pages() {
			return out, nil
		}
	}
}

// Examination finds an engagement by identifier or reference.
func (s *Service) Examination(ctx context.Context, scope access.ReadScope, idOrRef string) (Examination, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return Examination{}, err
	}
	return s.Engagements.Examination(ctx, scope, idOrRef)
}

// Request reads a request of an engagement by reference or identifier.
func (s *Service) Request(ctx context.Context, scope access.ReadScope, engagement, ref string) (Request, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return Request{}, err
	}
	return s.Store.Request(ctx, scope, engagement, ref)
}

// List lists requests. Sort names: ref, title, kind, control, state, due, owner, updated.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Request], error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return paging.Result[Request]{}, err
	}
	return s.Store.Requests(ctx, scope, f, q)
}

// Drafts lists the drafts of the firm.
func (s *Service) Drafts(ctx context.Context, a access.AuditScope, f Filter, q paging.Query) (paging.Result[Request], error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return paging.Result[Request]{}, err
	}
	f.Engagement = a.Engagement
	return s.Store.Requests(ctx, a.Firm.ReadScope, f, q)
}

// DraftOf reads a draft of the firm.
func (s *Service) DraftOf(ctx context.Context, a access.AuditScope, ref string) (Request, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return Request{}, err
	}
	return s.Store.Request(ctx, a.Firm.ReadScope, a.Engagement, ref)
}

// Counts counts the requests of an engagement by state.
func (s *Service) Counts(ctx context.Context, scope access.ReadScope, engagement string) (Counts, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Store.Counts(ctx, scope, engagement)
}

// Overdue counts those whose day is over.
func (s *Service) Overdue(ctx context.Context, scope access.ReadScope, now time.Time, engagement string) (int, error) {
	res, err := s.List(ctx, scope, Filter{Engagement: engagement, Overdue: period.Of(now)}, paging.Query{Size: 1})
	return res.Total, err
}

// History lists what happened to a request, oldest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, r Request) ([]Event, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Store.History(ctx, scope, r.ID)
}

// Pieces lists what was given. Whoever may not answer sees what was handed over alone.
func (s *Service) Pieces(ctx context.Context, scope access.ReadScope, r Request) ([]Piece, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	all, err := s.Store.Pieces(ctx, scope, r.ID)
	if err != nil || scope.Can(access.AnswerRequests) {
		return all, err
	}
	return slices.DeleteFunc(all, func(p Piece) bool { return p.Handed == nil }), nil
}

// Who is somebody on either side.
type Who struct {
	Name    string
	Auditor bool
}

// Names maps the actors of an engagement to people of both sides.
func (s *Service) Names(ctx context.Context, scope access.ReadScope, engagement string) (map[string]Who, error) {
	out := map[string]Who{}
	all, err := s.People.Members(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		out[string(m.ID)] = Who{Name: m.Name}
	}
	invited, err := s.People.Auditors(ctx, scope, engagement)
	if err != nil {
		return nil, err
	}
	for _, i := range invited {
		out[string(i.User)] = Who{Name: i.Name, Auditor: true}
	}
	return out, nil
}

// Answerers lists the client's people who can answer requests, by name.
func (s *Service) Answerers(ctx context.Context, scope access.ReadScope) ([]access.Member, error) {
	all, err := s.People.Members(ctx, scope)
	all = slices.DeleteFunc(all, func(m access.Member) bool { return m.Disabled || !m.Role.May(access.AnswerRequests) })
	slices.SortFunc(all, func(a, b access.Member) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}
