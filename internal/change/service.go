package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Bounds of what people write, in characters, and of lists.
const (
	MaxTitle     = 200
	MaxText      = 8000
	MaxImpact    = 4000
	MaxWhy       = 2000
	MinWhy       = 10
	MinReason    = 20 // of a decision whether it is significant
	MaxName      = 100
	MaxAudiences = 20
	MaxNotices   = 100
	farFuture    = 20 * 366 // days from now
)

// Service is the use cases of changes that people are told of.
type Service struct {
	Store    Store
	Evidence Evidence
	// Campaign reports NotFound for a reference that no campaign has. Without it no notice names one.
	Campaign func(ctx context.Context, s access.ReadScope, ref string) error
	Tx       access.Tx
	Ledger   access.Recorder
}

// Add records a change.
func (s *Service) Add(ctx context.Context, scope access.Scope, now time.Time, t Text) (Change, error) {
	if err := scope.Require(access.ManageChanges); err != nil {
		return Change{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	c := Change{ID: ID(id.New("chg", now)), Text: t.clean(), Version: 1, Created: now, Author: scope.Actor(), Updated: now}
	if err := c.Text.check(now); err != nil {
		return Change{}, err
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if c, err = s.Store.Add(ctx, scope, c, Version{N: 1, At: now, Actor: scope.Actor(), Act: Added}); err != nil {
			return err
		}
		return s.record(ctx, scope, now, c, Added, map[string]any{})
	})
	return c, err
}

// Edit replaces what is written about a change. base is the version the editor saw; 0 changes whatever is there. An audience
// that was told stays.
func (s *Service) Edit(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, t Text) (Change, error) {
	t = t.clean()
	return s.change(ctx, scope, now, ref, base, Edited, "", func(_ context.Context, c *Change) (map[string]any, error) {
		for _, n := range c.Notices {
			if !slices.Contains(t.Audiences, n.To) {
				return nil, errs.New(errs.Invalid, "%s were told already and stay on the list", n.To.Title()).At("audiences")
			}
		}
		t.Source = c.Source
		c.Text = t
		return map[string]any{}, nil
	})
}

// Decide records a person's word whether a change is significant, with the reason. A later word replaces an earlier one; both
// stay in the history.
func (s *Service) Decide(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, significant bool, reason string) (Change, error) {
	reason = text.Prose(reason)
	if err := text.Bounds("reason", "the reason", reason, MinReason, MaxWhy); err != nil {
		return Change{}, err
	}
	return s.change(ctx, scope, now, ref, base, Decided, reason, func(_ context.Context, c *Change) (map[string]any, error) {
		c.Decision = &Decision{Significant: significant, Reason: reason, Actor: scope.Actor(), At: now.UTC().Truncate(time.Microsecond)}
		return map[string]any{"significant": significant, "reason": reason}, nil
	})
}

// Tell records that an audience was told.
func (s *Service) Tell(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, n Notice) (Change, error) {
	n.Text, n.Evidence, n.Campaign = text.Prose(n.Text), strings.ToUpper(text.Line(n.Evidence)), strings.ToUpper(text.Line(n.Campaign))
	n.To.Name = text.Line(n.To.Name)
	if n.Sent.IsZero() {
		n.Sent = now
	}
	n.Sent, n.Actor, n.At = n.Sent.UTC().Truncate(time.Microsecond), scope.Actor(), now.UTC().Truncate(time.Microsecond)
	return s.change(ctx, scope, now, ref, base, Told, "", func(ctx context.Context, c *Change) (map[string]any, error) {
		if err := text.Bounds("text", "what they were told", n.Text, MinWhy, MaxText); err != nil {
			return nil, err
		}
		switch {
		case c.Why != "":
			return nil, errs.New(errs.Conflict, "%s is withdrawn", c.Ref)
		case !slices.Contains(c.Audiences, n.To):
			return nil, errs.New(errs.Invalid, "choose who was told").At("to").WithHint("Add the audience to the change first.")
		case !slices.Contains(Channels(), n.Channel):
			return nil, errs.New(errs.Invalid, "choose how they were told").At("channel")
		case n.Sent.After(now):
			return nil, errs.New(errs.Invalid, "it was sent in the future").At("sent").WithHint("Record it once it was sent.")
		case n.Sent.Year() < 1990:
			return nil, errs.New(errs.Invalid, "it was sent in %d", n.Sent.Year()).At("sent").WithHint("Check the year.")
		case n.Recipients < 0 || n.Recipients > 100_000_000:
			return nil, errs.New(errs.Invalid, "that is no number of people").At("recipients")
		case n.Channel == ByCampaign && n.Campaign == "":
			return nil, errs.New(errs.Invalid, "name the campaign").At("campaign").WithHint("References look like CA-12.")
		case len(c.Notices) >= MaxNotices:
			return nil, errs.New(errs.Exhausted, "%s has %d notices", c.Ref, MaxNotices)
		}
		if err := s.campaign(ctx, scope.ReadScope, n.Campaign); err != nil {
			return nil, err
		}
		if err := s.evidence(ctx, scope.ReadScope, n.Evidence); err != nil {
			return nil, err
		}
		n.N = len(c.Notices) + 1
		c.Notices = append(c.Notices, n)
		return map[string]any{"to": n.To.Title(), "channel": string(n.Channel), "sent": n.Sent.Format(time.RFC3339), "evidence": n.Evidence, "campaign": n.Campaign}, nil
	})
}

// Prove adds the evidence of a notice.
func (s *Service) Prove(ctx context.Context, scope access.Scope, now time.Time, ref string, base, notice int, evidence string) (Change, error) {
	evidence = strings.ToUpper(text.Line(evidence))
	return s.change(ctx, scope, now, ref, base, Proved, "", func(ctx context.Context, c *Change) (map[string]any, error) {
		if notice < 1 || notice > len(c.Notices) {
			return nil, errs.New(errs.NotFound, "%s has no notice %d", c.Ref, notice)
		}
		if evidence == "" {
			return nil, errs.New(errs.Invalid, "name the piece of evidence").At("evidence").WithHint("References look like EV-2026-00142.")
		}
		if err := s.evidence(ctx, scope.ReadScope, evidence); err != nil {
			return nil, err
		}
		c.Notices[notice-1].Evidence = evidence
		return map[string]any{"notice": notice, "evidence": evidence}, nil
	})
}

func (s *Service) evidence(ctx context.Context, scope access.ReadScope, ref string) error {
	if ref == "" {
		return nil
	}
	if err := text.Bounds("evidence", "the reference", ref, 1, 60); err != nil {
		return err
	}
	_, err := s.Evidence.Item(ctx, scope, ref)
	if errs.Is(err, errs.NotFound) {
		return errs.New(errs.Invalid, "there is no evidence %s", ref).At("evidence").WithHint("Add the evidence first; references look like EV-2026-00142.")
	}
	return err
}

func (s *Service) campaign(ctx context.Context, scope access.ReadScope, ref string) error {
	if ref == "" {
		return nil
	}
	if err := text.Bounds("campaign", "the campaign", ref, 1, 40); err != nil {
		return err
	}
	none := errs.New(errs.Invalid, "there is no campaign %s", ref).At("campaign").WithHint("Open the campaign first; references look like CA-12.")
	if s.Campaign == nil {
		return none
	}
	err := s.Campaign(ctx, scope, ref)
	if errs.Is(err, errs.NotFound) {
		return none
	}
	return err
}

// Release records that a change took effect, at an instant that is over.
func (s *Service) Release(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, at time.Time) (Change, error) {
	at = at.UTC().Truncate(time.Microsecond)
	return s.change(ctx, scope, now, ref, base, Effected, "", func(_ context.Context, c *Change) (map[string]any, error) {
		switch {
		case c.Released != nil:
			return nil, errs.New(errs.Conflict, "%s took effect already", c.Ref)
		case c.Why != "":
			return nil, errs.New(errs.Conflict, "%s is withdrawn", c.Ref)
		case at.After(now):
			return nil, errs.New(errs.Invalid, "that lies ahead").At("at").WithHint("Record it once it has happened.")
		case at.Year() < 1990:
			return nil, errs.New(errs.Invalid, "it took effect in %d", at.Year()).At("at").WithHint("Check the year.")
		}
		c.Released = &at
		return map[string]any{"at": at.Format(time.RFC3339), "untold": len(c.Untold())}, nil
	})
}

// Withdraw says that a change does not come about.
func (s *Service) Withdraw(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Change, error) {
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, MinWhy, MaxWhy); err != nil {
		return Change{}, err
	}
	return s.change(ctx, scope, now, ref, base, Dropped, why, func(_ context.Context, c *Change) (map[string]any, error) {
		switch {
		case c.Why != "":
			return nil, errs.New(errs.Conflict, "%s is withdrawn already", c.Ref)
		case c.Released != nil:
			return nil, errs.New(errs.Conflict, "%s took effect and cannot be withdrawn", c.Ref).WithHint("Record what takes it back as a change of its own.")
		}
		c.Why = why
		return map[string]any{"reason": why}, nil
	})
}

func (s *Service) change(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, act Act, note string, do func(context.Context, *Change) (map[string]any, error)) (Change, error) {
	if err := scope.Require(access.ManageChanges); err != nil {
		return Change{}, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	var c Change
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Change(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return changed(was)
		}
		c = was
		c.Notices = slices.Clone(was.Notices)
		says, err := do(ctx, &c)
		if err != nil {
			return err
		}
		if err := c.Text.check(now); err != nil && act == Edited {
			return err
		}
		c.Version, c.Updated = was.Version+1, now
		if err := s.Store.Save(ctx, scope, c, was.Version, Version{N: c.Version, At: now, Actor: scope.Actor(), Act: act, Note: note}); err != nil {
			return s.lost(ctx, scope.ReadScope, ref, err)
		}
		return s.record(ctx, scope, now, c, act, says)
	})
	if err != nil {
		return Change{}, err
	}
	return c, nil
}

func (s *Service) record(ctx context.Context, scope access.Scope, now time.Time, c Change, act Act, says map[string]any) error {
	says["ref"], says["title"], says["version"] = c.Ref, c.Title, c.Version
	_, err := s.Ledger.Append(ctx, scope, now, "change."+string(act), string(c.ID), says)
	return err
}

func changed(theirs Change) error {
	return errs.Changed(theirs.Ref, &Stale{Theirs: theirs})
}

func (s *Service) lost(ctx context.Context, scope access.ReadScope, ref string, cause error) error {
	if !errs.Is(cause, errs.Conflict) {
		return cause
	}
	theirs, err := s.Store.Change(ctx, scope, ref)
	if err != nil {
		return errors.Join(cause, err)
	}
	return changed(theirs)
}

// Change reads a change by identifier or reference.
func (s *Service) Change(ctx context.Context, scope access.ReadScope, ref string) (Change, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return Change{}, err
	}
	return s.Store.Change(ctx, scope, ref)
}

// List lists changes. Sort names: ref, title, effective, significant, told, updated.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Change], error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return paging.Result[Change]{}, err
	}
	return s.Store.Changes(ctx, scope, f, q)
}

// All lists every change of a filter by reference.
func (s *Service) All(ctx context.Context, scope access.ReadScope, f Filter) ([]Change, error) {
	var out []Change
	for n := 1; ; n++ {
		got, err := s.List(ctx, scope, f, paging.Query{Page: n, Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return nil, err
		}
		if out = append(out, got.Rows...); n >= got.Pages() {
			return out, nil
		}
	}
}

// History lists the versions of a change, the newest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, c ID) ([]Version, error) {
	if err := scope.Require(access.ReadRisks); err != nil {
		return nil, err
	}
	return s.Store.Versions(ctx, scope, c)
}

func (t Text) clean() Text {
	t.Title, t.Text, t.Impact, t.Source = text.Line(t.Title), text.Prose(t.Text), text.Prose(t.Impact), text.Line(t.Source)
	t.Services, t.Components = list(t.Services), list(t.Components)
	var to []Audience
	for _, a := range t.Audiences {
		a.Name = text.Line(a.Name)
		if a.Kind != Department && a.Kind != NamedList {
			a.Name = ""
		}
		if a.Kind != "" && !slices.Contains(to, a) {
			to = append(to, a)
		}
	}
	t.Audiences = to
	return t
}

func list(in []string) []string {
	var out []string
	for _, s := range in {
		if s = text.Line(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (t Text) check(now time.Time) error {
	for _, b := range []struct {
		at, what, s string
		least, most int
	}{{"title", "the title", t.Title, 3, MaxTitle}, {"text", "the text", t.Text, 0, MaxText}, {"impact", "the impact", t.Impact, 0, MaxImpact}, {"source", "the source", t.Source, 0, MaxTitle}} {
		if err := text.Bounds(b.at, b.what, b.s, b.least, b.most); err != nil {
			return err
		}
	}
	for at, l := range map[string][]string{"services": t.Services, "components": t.Components} {
		if len(l) > MaxAudiences {
			return errs.New(errs.Invalid, "%d are named; at most %d are kept", len(l), MaxAudiences).At(at)
		}
		for _, x := range l {
			if err := text.Bounds(at, fmt.Sprintf("%q", x), x, 1, MaxTitle); err != nil {
				return err
			}
		}
	}
	today := period.Of(now)
	switch {
	case t.Effective == 0:
		return errs.New(errs.Invalid, "say from which day it holds").At("effective")
	case t.Effective > today+farFuture || t.Effective < today-farFuture:
		return errs.New(errs.Invalid, "%s is too far away", t.Effective).At("effective").WithHint("Check the year.")
	case t.Customer && t.Impact == "":
		return errs.New(errs.Invalid, "say what customers notice").At("impact")
	case t.Customer && !slices.ContainsFunc(t.Audiences, func(a Audience) bool { return a.Outside() || a.Kind == NamedList }):
		return errs.New(errs.Invalid, "customers notice it: choose which of them have to know").At("audiences")
	case len(t.Audiences) > MaxAudiences:
		return errs.New(errs.Invalid, "%d audiences; at most %d are kept", len(t.Audiences), MaxAudiences).At("audiences")
	}
	for _, a := range t.Audiences {
		switch a.Kind {
		case Staff, Customers, UserEntities:
		case Department, NamedList:
			if err := text.Bounds("audiences", "the name of the audience", a.Name, 1, MaxName); err != nil {
				return err
			}
		default:
			return errs.New(errs.Invalid, "%q is nobody who could be told", a.Kind).At("audiences")
		}
	}
	return nil
}
