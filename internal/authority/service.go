package authority

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Filter narrows a list of judgements. Zero values do not narrow.
type Filter struct {
	Verdict  Verdict
	Act      Act
	Kind     RecordKind // of what allows
	Log      string
	Event    string    // the identifier of one
	From, To time.Time // when the event happened; To is not included
}

// Store keeps permits and judgements. Laws: numbers of permits are given in order; Change reports a Conflict when the version is
// not the one before; a judgement of an event is kept once, and only an unknown one is replaced.
type Store interface {
	AddPermit(ctx context.Context, s access.Scope, p Permit) (Permit, error)
	ChangePermit(ctx context.Context, s access.Scope, p Permit) error
	Permit(ctx context.Context, s access.ReadScope, idOrRef string) (Permit, error)
	Permits(ctx context.Context, s access.ReadScope, state PermitState, q paging.Query) (paging.Result[Permit], error)
	// FirstPermit is when the first permit was recorded; zero if none was.
	FirstPermit(ctx context.Context, s access.ReadScope) (time.Time, error)
	// PermitsBetween are those that hold at some instant between two, whatever their state.
	PermitsBetween(ctx context.Context, s access.ReadScope, from, to time.Time) ([]Permit, error)

	Keep(ctx context.Context, s access.Scope, j Judgement, e event.Event) (bool, error)
	Judgements(ctx context.Context, s access.ReadScope, f Filter, q paging.Query) (paging.Result[Judgement], error)
	// Each gives the judgements in order of time.
	Each(ctx context.Context, s access.ReadScope, f Filter, do func(Judgement) error) error
	// EraseEvent takes who and what out of the judgement of an event that was erased. The verdict stays.
	EraseEvent(ctx context.Context, s access.Scope, event string) error
	// Open are the events whose verdict is unknown and that happened since, oldest first.
	Open(ctx context.Context, s access.ReadScope, since time.Time, limit int) ([]event.Event, error)
	// Count counts judgements by verdict.
	Count(ctx context.Context, s access.ReadScope, f Filter) (map[Verdict]int, error)
}

// PipelineStore keeps pipelines. Law: one that ended stays.
type PipelineStore interface {
	AddPipeline(ctx context.Context, s access.Scope, p Pipeline) error
	EndPipeline(ctx context.Context, s access.Scope, id string, at time.Time) error
	// Pipelines lists all of them, also those that ended, in the order in which they began.
	Pipelines(ctx context.Context, s access.ReadScope) ([]Pipeline, error)
}

// Known says from when to when records of a kind were read in full.
type Known struct {
	Kind     RecordKind
	From, To time.Time
}

// Found is what connected systems say about a time.
type Found struct {
	Records []Record
	Known   []Known
	Held    []Held       // what states of workspaces held
	Without []RecordKind // of which the organisation has no source
}

// Records reads the records that connected systems hold, for events between two instants.
type Records interface {
	Records(ctx context.Context, s access.ReadScope, from, to time.Time) (Found, error)
}

// Service is the use cases.
type Service struct {
	Store   Store
	Lines   PipelineStore
	Records Records // nil where no system is connected
	Tx      access.Tx
	Ledger  access.Recorder
}

// Propose records a permit that somebody else has to approve.
func (s *Service) Propose(ctx context.Context, scope access.Scope, now time.Time, t PermitText) (Permit, error) {
	if err := scope.Require(access.ManageChanges); err != nil {
		return Permit{}, err
	}
	if err := t.check(); err != nil {
		return Permit{}, err
	}
	p := Permit{ID: id.New("prm", now), PermitText: t, State: Proposed, By: scope.Actor(), Created: now, Version: 1}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if p, err = s.Store.AddPermit(ctx, scope, p); err != nil {
			return err
		}
		return s.said(ctx, scope, now, "permit.proposed", p)
	})
	return p, err
}

func (s *Service) said(ctx context.Context, scope access.Scope, now time.Time, kind string, p Permit) error {
	_, err := s.Ledger.Append(ctx, scope, now, kind, p.ID, p)
	return err
}

// Approve makes a permit hold. Who proposed it cannot approve it.
func (s *Service) Approve(ctx context.Context, scope access.Scope, now time.Time, ref string, base int) (Permit, error) {
	return s.decide(ctx, scope, now, ref, base, "permit.approved", func(p *Permit) error {
		switch {
		case p.State != Proposed:
			return errs.New(errs.Conflict, "%s is %s", p.Ref, p.State)
		case p.By == scope.Actor():
			return errs.New(errs.Denied, "you proposed %s yourself", p.Ref).WithHint("Somebody else approves it.")
		case !now.Before(p.To):
			return errs.New(errs.Conflict, "%s is over since %s UTC", p.Ref, p.To.Format("2006-01-02 15:04")).WithHint("Nothing is allowed after the fact.")
		}
		p.State, p.Approver = Approved, scope.Actor()
		return nil
	})
}

// Withdraw ends a permit. What happened by it before stays as it was judged.
func (s *Service) Withdraw(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Permit, error) {
	why = text.Prose(why)
	if why == "" || len(why) > 2000 {
		return Permit{}, errs.New(errs.Invalid, "say why it is withdrawn").At("why").WithHint("At most 2,000 letters.")
	}
	return s.decide(ctx, scope, now, ref, base, "permit.withdrawn", func(p *Permit) error {
		if p.State == Withdrawn {
			return errs.New(errs.Conflict, "%s is withdrawn already", p.Ref)
		}
		p.State, p.Why = Withdrawn, why
		return nil
	})
}

func (s *Service) decide(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, kind string, change func(*Permit) error) (Permit, error) {
	if err := scope.Require(access.ManageChanges); err != nil {
		return Permit{}, err
	}
	var p Permit
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if p, err = s.Store.Permit(ctx, scope.ReadScope, ref); err != nil {
			return err
		}
		if base != 0 && base != p.Version {
			return errs.New(errs.Conflict, "%s was changed meanwhile", p.Ref).WithHint("Look at it again.")
		}
		if err := change(&p); err != nil {
			return err
		}
		p.Version++
		p.Decided = &now
		if err := s.Store.ChangePermit(ctx, scope, p); err != nil {
			return err
		}
		return s.said(ctx, scope, now, kind, p)
	})
	return p, err
}

// Judge holds events against the records and keeps what it found: those that are new, by time. Events that need no authority, and
// those judged before, are left out.
func (s *Service) Judge(ctx context.Context, scope access.Scope, now time.Time, events []event.Event) ([]Judgement, error) {
	if err := scope.Require(access.RunTests); err != nil {
		return nil, err
	}
	policies, err := Policies()
	if err != nil {
		return nil, err
	}
	begun, err := s.begun(ctx, scope.ReadScope)
	if err != nil || begun.IsZero() {
		return nil, err
	}
	var asked []event.Event
	empty := NewBook(nil)
	for _, e := range events {
		if _, ok := Judge(policies, empty, &e); ok && !e.When().Before(begun) {
			asked = append(asked, e)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	slices.SortFunc(asked, func(a, b event.Event) int { return cmp.Or(a.When().Compare(b.When()), cmp.Compare(a.ID, b.ID)) })
	book, err := s.book(ctx, scope.ReadScope, now, asked[0].When(), asked[len(asked)-1].When())
	if err != nil {
		return nil, err
	}
	var out []Judgement
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		out = out[:0]
		for _, e := range asked {
			j, _ := Judge(policies, book, &e)
			fresh, err := s.Store.Keep(ctx, scope, j, e)
			if err != nil {
				return err
			}
			if fresh {
				out = append(out, j)
			}
		}
		return s.seal(ctx, scope, now, out)
	})
	return out, err
}

// begun is when the organisation began to say what allows changes: with its first permit or pipeline. Before that nothing is judged.
func (s *Service) begun(ctx context.Context, scope access.ReadScope) (time.Time, error) {
	first, err := s.Store.FirstPermit(ctx, scope)
	if err != nil {
		return first, err
	}
	all, err := s.Lines.Pipelines(ctx, scope)
	if len(all) > 0 && (first.IsZero() || all[0].Since.Before(first)) {
		first = all[0].Since
	}
	return first, err
}

// seal tells the ledger what was judged, by a hash over all of it.
func (s *Service) seal(ctx context.Context, scope access.Scope, now time.Time, all []Judgement) error {
	if len(all) == 0 {
		return nil
	}
	body, err := json.Marshal(all)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	n := map[Verdict]int{}
	for _, j := range all {
		n[j.Verdict]++
	}
	_, err = s.Ledger.Append(ctx, scope, now, "authority.judged", id.New("ajb", now), map[string]any{
		"first": all[0].At, "last": all[len(all)-1].At, "authorised": n[Authorised], "unauthorised": n[Unauthorised], "unknown": n[Unknown], "sha256": hex.EncodeToString(sum[:]),
	})
	return err
}

// waits is how long it is tried again to find what allows an event: records are collected after the fact.
const waits = 14 * 24 * time.Hour

// Again judges what was unknown once more, since records may have come meanwhile.
func (s *Service) Again(ctx context.Context, scope access.Scope, now time.Time) ([]Judgement, error) {
	open, err := s.Store.Open(ctx, scope.ReadScope, now.Add(-waits), 5000)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	all, err := s.Judge(ctx, scope, now, open)
	return all, err
}

// book is what is known around a time. Permits are known from the day on which the organisation began to record them: before
// that, that there is none says nothing.
func (s *Service) book(ctx context.Context, scope access.ReadScope, now, from, to time.Time) (*Book, error) {
	permits, err := s.Store.PermitsBetween(ctx, scope, from, to.Add(1))
	if err != nil {
		return nil, err
	}
	pipelines, err := s.Lines.Pipelines(ctx, scope)
	if err != nil {
		return nil, err
	}
	var records []Record
	for _, p := range permits {
		records = append(records, p.Record())
	}
	found := Found{Without: []RecordKind{Infrastructure}}
	if s.Records != nil {
		if found, err = s.Records.Records(ctx, scope, from, to); err != nil {
			return nil, err
		}
		records = append(records, through(pipelines, found.Records)...)
	}
	known := found.Known
	b := NewBook(records)
	var robots []string
	for _, p := range pipelines {
		robots = append(robots, p.Identity)
	}
	b.Hold(found.Held, slices.DeleteFunc(slices.Clone(found.Records), func(r Record) bool { return r.Kind != Infrastructure }), robots)
	for _, k := range found.Without {
		b.Without(k)
	}
	first, err := s.Store.FirstPermit(ctx, scope)
	if err != nil {
		return nil, err
	}
	if !first.IsZero() {
		known = append(known, Known{Approval, first, now.Add(time.Hour)}, Known{Window, first, now.Add(time.Hour)})
	}
	for _, k := range known {
		b.Know(k.Kind, k.From, k.To)
	}
	return b, nil
}

// Permits lists permits, the newest first.
func (s *Service) Permits(ctx context.Context, scope access.ReadScope, state PermitState, q paging.Query) (paging.Result[Permit], error) {
	if err := scope.Require(access.ReadEvidence); err != nil {
		return paging.Result[Permit]{}, err
	}
	return s.Store.Permits(ctx, scope, state, q)
}

// Permit reads one.
func (s *Service) Permit(ctx context.Context, scope access.ReadScope, ref string) (Permit, error) {
	if err := scope.Require(access.ReadEvidence); err != nil {
		return Permit{}, err
	}
	return s.Store.Permit(ctx, scope, ref)
}

// Judgements lists judgements, the newest first.
func (s *Service) Judgements(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Judgement], error) {
	if err := scope.Require(access.ReadEvidence); err != nil {
		return paging.Result[Judgement]{}, err
	}
	return s.Store.Judgements(ctx, scope, f, q)
}

// Of is the judgement of an event; false if it needed no authority, or was not judged yet.
func (s *Service) Of(ctx context.Context, scope access.ReadScope, event string) (Judgement, bool, error) {
	all, err := s.Judgements(ctx, scope, Filter{Event: event}, paging.Query{Size: 1})
	if err != nil || len(all.Rows) == 0 {
		return Judgement{}, false, err
	}
	return all.Rows[0], true, nil
}

// Count counts judgements by verdict.
func (s *Service) Count(ctx context.Context, scope access.ReadScope, f Filter) (map[Verdict]int, error) {
	if err := scope.Require(access.ReadEvidence); err != nil {
		return nil, err
	}
	return s.Store.Count(ctx, scope, f)
}
