package policy

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Write keeps a text as the open version of a policy, and begins one when none is open. base is the stamp of the newest version
// when the writer opened it, or 0 to write over whatever is there; when somebody else was faster the Conflict's cause is a
// *Stale. A text that waited for review is a draft again.
func (s *Service) Write(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, t Text, note string) (Policy, Version, error) {
	if err := scope.Require(access.EditPolicies); err != nil {
		return Policy{}, Version{}, err
	}
	v, err := s.first(ctx, scope, now, 1, t, note)
	if err != nil {
		return Policy{}, v, err
	}
	var p Policy
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if p, err = s.Store.Policy(ctx, scope.ReadScope, ref); err != nil {
			return err
		}
		if p.Open == 0 {
			v, err = s.begin(ctx, scope, now, &p, base, v)
			return err
		}
		was, err := s.VersionOf(ctx, scope.ReadScope, p, p.Open)
		if err != nil {
			return err
		}
		if base != 0 && base != was.Stamp() {
			return stale(p, was)
		}
		if v.Text.Equal(was.Text) && (v.Note == was.Note || v.Note == "") {
			return errs.New(errs.Invalid, "nothing is changed yet").WithHint("Change the text, or go back.")
		}
		v.N, v.Edit, v.Began, v.Authors = was.N, was.Edit+1, was.Began, was.Authors
		if v.Note == "" {
			v.Note = was.Note
		}
		if !was.Wrote(scope.Actor()) {
			v.Authors = append(slices.Clone(was.Authors), scope.Actor())
		}
		if err := s.Store.SaveVersion(ctx, scope, p.ID, v, was.Edit); err != nil {
			return s.lost(ctx, scope, p, err)
		}
		if err := s.save(ctx, scope, now, &p, Draft); err != nil {
			return err
		}
		return s.record(ctx, scope, now, p, "", "policy.draft_saved", v.N, "", map[string]any{"edit": v.Edit})
	})
	return p, v, err
}

// begin adds a version to a policy that has no open one.
func (s *Service) begin(ctx context.Context, scope access.Scope, now time.Time, p *Policy, base int, v Version) (Version, error) {
	newest, err := s.VersionOf(ctx, scope.ReadScope, *p, p.Newest)
	if err != nil {
		return v, err
	}
	switch {
	case base != 0 && base != newest.Stamp(): // it was approved or withdrawn while somebody was writing
		return v, stale(*p, newest)
	case newest.State == InForce && v.Text.Equal(newest.Text):
		return v, errs.New(errs.Invalid, "nothing is changed yet").WithHint("Change the text, or record that it was reviewed and stays as it is.")
	}
	v.N = p.Newest + 1
	if err := text.Bounds("note", "what changes, and why,", v.Note, minWhy, MaxWhy); err != nil {
		return v, err
	}
	if err := s.Store.AddVersion(ctx, scope, p.ID, v); err != nil {
		return v, err
	}
	p.Newest, p.Open = v.N, v.N
	if err := s.save(ctx, scope, now, p, Draft); err != nil {
		return v, err
	}
	return v, s.record(ctx, scope, now, *p, Began, "policy.version_began", v.N, v.Note, map[string]any{"note": v.Note})
}

func stale(p Policy, theirs Version) error {
	return errs.Changed(p.Ref, &Stale{Policy: p, Theirs: theirs})
}

// lost says what a Conflict of SaveVersion was about.
func (s *Service) lost(ctx context.Context, scope access.Scope, p Policy, cause error) error {
	if !errs.Is(cause, errs.Conflict) {
		return cause
	}
	v, err := s.VersionOf(ctx, scope.ReadScope, p, p.Newest)
	if err != nil {
		return err
	}
	return stale(p, v)
}

// save keeps the record with what follows from it. state is that of the open version.
func (s *Service) save(ctx context.Context, scope access.Scope, now time.Time, p *Policy, state State) error {
	base := p.Version
	p.settle(state)
	p.Version, p.Updated = base+1, now
	return s.Store.Save(ctx, scope, *p, base)
}

// act reads a policy and its open version, holds the version to what the reader saw, and keeps what do makes of both.
func (s *Service) act(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, do func(ctx context.Context, p *Policy, v *Version) error) (Policy, error) {
	var p Policy
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if p, err = s.Store.Policy(ctx, scope.ReadScope, ref); err != nil {
			return err
		}
		if p.Open == 0 {
			return errs.New(errs.Conflict, "%s has no draft", p.Ref).WithHint("Look at its versions: it may have been decided meanwhile.")
		}
		v, err := s.VersionOf(ctx, scope.ReadScope, p, p.Open)
		if err != nil {
			return err
		}
		if base != 0 && base != v.Stamp() {
			return stale(p, v)
		}
		was := v.Edit
		if err := do(ctx, &p, &v); err != nil {
			return err
		}
		v.Edit++
		if err := s.Store.SaveVersion(ctx, scope, p.ID, v, was); err != nil {
			return s.lost(ctx, scope, p, err)
		}
		if err := s.save(ctx, scope, now, &p, v.State); err != nil {
			return err
		}
		p, err = s.Store.Policy(ctx, scope.ReadScope, string(p.ID))
		return err
	})
	return p, err
}

// Send asks a second person to approve the draft. base is the stamp of the version the sender saw; 0 sends whatever is there.
func (s *Service) Send(ctx context.Context, scope access.Scope, now time.Time, ref string, base int) (Policy, error) {
	if err := scope.Require(access.EditPolicies); err != nil {
		return Policy{}, err
	}
	return s.act(ctx, scope, now, ref, base, func(ctx context.Context, p *Policy, v *Version) error {
		if v.State == InReview {
			return errs.New(errs.Conflict, "version %d of %s waits for review already", v.N, p.Ref)
		}
		if err := text.Bounds("body", "the text", v.Body, MinBody, MaxBody); err != nil {
			return err
		}
		if i := strings.Index(v.Body+v.Title+v.Summary, "{{"); i >= 0 {
			return errs.New(errs.Invalid, "%s still has a place to fill in: %s", p.Ref, clip((v.Body + v.Title + v.Summary)[i:])).WithHint("Replace what stands between {{ and }}, then send it.")
		}
		if p.Owner == "" {
			return errs.New(errs.Invalid, "%s has no owner", p.Ref).WithHint("Name one first: somebody must answer for the policy.")
		}
		v.State, v.Sent, v.SentBy, v.Why = InReview, &now, scope.Actor(), ""
		return s.record(ctx, scope, now, *p, Sent, "policy.sent", v.N, "", nil)
	})
}

// Return gives the version that waits back to its author, with a reason.
func (s *Service) Return(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Policy, error) {
	if err := scope.Require(access.ApprovePolicies); err != nil {
		return Policy{}, err
	}
	why, err := reason(why, "what has to change")
	if err != nil {
		return Policy{}, err
	}
	return s.act(ctx, scope, now, ref, base, func(ctx context.Context, p *Policy, v *Version) error {
		if v.State != InReview {
			return errs.New(errs.Conflict, "version %d of %s does not wait for review", v.N, p.Ref)
		}
		v.State, v.Why = Draft, why
		return s.record(ctx, scope, now, *p, Returned, "policy.returned", v.N, why, map[string]any{"reason": why})
	})
}

// Approve puts the version that waits in force and the one before it out of force. Who wrote in it may not approve it. base is
// the stamp of what the approver read: what was changed since is not approved.
func (s *Service) Approve(ctx context.Context, scope access.Scope, now time.Time, ref string, base int) (Policy, error) {
	if err := scope.Require(access.ApprovePolicies); err != nil {
		return Policy{}, err
	}
	replaced := 0
	p, err := s.act(ctx, scope, now, ref, base, func(ctx context.Context, p *Policy, v *Version) error {
		switch {
		case v.State != InReview:
			return errs.New(errs.Conflict, "version %d of %s does not wait for review", v.N, p.Ref).WithHint("Its author sends it first.")
		case v.Wrote(scope.Actor()):
			return errs.New(errs.Denied, "who wrote in version %d of %s cannot approve it", v.N, p.Ref).WithHint("Ask somebody else who may approve policies.")
		}
		sum, err := v.Hash()
		if err != nil {
			return err
		}
		if replaced = p.InForce; replaced > 0 {
			if err := s.end(ctx, scope, now, *p, Replaced, "replaced by version "+strconv.Itoa(v.N)); err != nil {
				return err
			}
		}
		v.State, v.Decided, v.DecidedBy, v.SHA256 = InForce, &now, scope.Actor(), sum
		p.InForce, p.Open, p.Retired = v.N, 0, nil
		p.Due = After(period.Of(now), p.Months)
		return s.record(ctx, scope, now, *p, Approved, "policy.approved", v.N, "", map[string]any{"sha256": sum, "replaces": replaced, "next_review": p.Due.String()})
	})
	if err != nil || replaced == 0 {
		return p, err
	}
	return p, s.ended(ctx, scope, now, p, replaced, "it was replaced by version "+strconv.Itoa(p.InForce))
}

// end takes the version in force out of it.
func (s *Service) end(ctx context.Context, scope access.Scope, now time.Time, p Policy, to State, why string) error {
	v, err := s.VersionOf(ctx, scope.ReadScope, p, p.InForce)
	if err != nil {
		return err
	}
	was := v.Edit
	v.State, v.Ended, v.EndedBy, v.Why, v.Edit = to, &now, scope.Actor(), why, was+1
	return s.Store.SaveVersion(ctx, scope, p.ID, v, was)
}

// ended tells who had to read a version that they no longer must. It is said again with every later end.
func (s *Service) ended(ctx context.Context, scope access.Scope, now time.Time, p Policy, version int, why string) error {
	if s.Readers == nil {
		return nil
	}
	return errs.Wrap(s.Readers.Ended(ctx, scope, now, p.Ref, version, why), "%s is changed, but those who were asked to read version %d were not told", p.Ref, version)
}

// Drop withdraws the version that is not in force yet: its author takes it back, or a second person turns it down.
func (s *Service) Drop(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Policy, error) {
	if !scope.Can(access.ApprovePolicies) {
		if err := scope.Require(access.EditPolicies); err != nil {
			return Policy{}, err
		}
	}
	why, err := reason(why, "why it is withdrawn")
	if err != nil {
		return Policy{}, err
	}
	return s.act(ctx, scope, now, ref, base, func(ctx context.Context, p *Policy, v *Version) error {
		v.State, v.Ended, v.EndedBy, v.Why = Withdrawn, &now, scope.Actor(), why
		p.Open = 0
		return s.record(ctx, scope, now, *p, Dropped, "policy.draft_withdrawn", v.N, why, map[string]any{"reason": why})
	})
}

func reason(s, what string) (string, error) {
	s = text.Prose(s)
	return s, text.Bounds("reason", what, s, minWhy, MaxWhy)
}

// change changes the record of a policy whose version was base; 0 changes whatever is there.
func (s *Service) change(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, do func(ctx context.Context, p *Policy) error) (Policy, error) {
	var p Policy
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Policy(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if p = was; base != 0 && base != p.Version {
			return stale(p, p.Shown)
		}
		if err := do(ctx, &p); err != nil {
			return err
		}
		if p.Owner == was.Owner && p.Months == was.Months && p.InForce == was.InForce && p.Retired == was.Retired && p.Reviewed == was.Reviewed && p.Contacts == was.Contacts {
			return nil
		}
		if err := s.save(ctx, scope, now, &p, p.OpenState); err != nil {
			return err
		}
		p, err = s.Store.Policy(ctx, scope.ReadScope, string(p.ID))
		return err
	})
	return p, err
}

// Withdraw takes the version in force out of force without another in its place. base is the record's version.
func (s *Service) Withdraw(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Policy, error) {
	return s.take(ctx, scope, now, ref, base, why, TakenBack)
}

// Retire gives a policy up: nothing of it is in force any more, and nobody is reminded of it. A new version that somebody
// approves brings it back.
func (s *Service) Retire(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Policy, error) {
	return s.take(ctx, scope, now, ref, base, why, Gone)
}

func (s *Service) take(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string, kind EventKind) (Policy, error) {
	if err := scope.Require(access.ApprovePolicies); err != nil {
		return Policy{}, err
	}
	why, err := reason(why, "why")
	if err != nil {
		return Policy{}, err
	}
	gone := 0
	p, err := s.change(ctx, scope, now, ref, base, func(ctx context.Context, p *Policy) error {
		switch {
		case kind == TakenBack && p.InForce == 0:
			return errs.New(errs.Conflict, "nothing of %s is in force", p.Ref)
		case kind == Gone && p.Standing == StandsRetired:
			return errs.New(errs.Conflict, "%s is retired already", p.Ref)
		case kind == Gone && p.Open > 0:
			return errs.New(errs.Conflict, "version %d of %s is still open", p.Open, p.Ref).WithHint("Withdraw the draft first.")
		}
		if gone = p.InForce; gone > 0 {
			if err := s.end(ctx, scope, now, *p, Withdrawn, why); err != nil {
				return err
			}
			p.InForce = 0
		}
		if kind == Gone {
			p.Retired = &now
		}
		return s.record(ctx, scope, now, *p, kind, "policy."+string(kind), gone, why, map[string]any{"reason": why})
	})
	if err != nil || gone == 0 {
		return p, err
	}
	return p, s.ended(ctx, scope, now, p, gone, "it was withdrawn: "+why)
}

// Review records that somebody read the version in force and found that it may stay: the next review is a rhythm later. It
// stands beside an approval, so who wrote in the version cannot do it.
func (s *Service) Review(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, note string) (Policy, error) {
	if err := scope.Require(access.ApprovePolicies); err != nil {
		return Policy{}, err
	}
	note = text.Prose(note)
	if err := text.Bounds("note", "what was looked at", note, minWhy, MaxWhy); err != nil {
		return Policy{}, err
	}
	return s.change(ctx, scope, now, ref, base, func(ctx context.Context, p *Policy) error {
		switch {
		case p.InForce == 0:
			return errs.New(errs.Conflict, "nothing of %s is in force", p.Ref)
		case p.Shown.Wrote(scope.Actor()):
			return errs.New(errs.Denied, "who wrote version %d of %s cannot find that it may stay", p.InForce, p.Ref).WithHint("Ask somebody else who may approve policies.")
		}
		p.Reviewed, p.ReviewedBy = &now, scope.Actor()
		p.Due = After(period.Of(now), p.Months)
		return s.record(ctx, scope, now, *p, Looked, "policy.reviewed", p.InForce, note, map[string]any{"note": note, "next_review": p.Due.String()})
	})
}

// Try records that the people and numbers a plan names were tried and answer.
func (s *Service) Try(ctx context.Context, scope access.Scope, now time.Time, ref string, note string) (Policy, error) {
	if err := scope.Require(access.EditPolicies); err != nil {
		return Policy{}, err
	}
	note = text.Prose(note)
	if err := text.Bounds("note", "who was reached, and how,", note, minWhy, MaxWhy); err != nil {
		return Policy{}, err
	}
	return s.change(ctx, scope, now, ref, 0, func(ctx context.Context, p *Policy) error {
		if p.InForce == 0 {
			return errs.New(errs.Conflict, "nothing of %s is in force", p.Ref)
		}
		p.Contacts = &now
		return s.record(ctx, scope, now, *p, Tried, "policy.contacts_tried", p.InForce, note, map[string]any{"note": note})
	})
}

// Settings changes who owns a policy and how often it is reviewed, at once. base is the record's version.
func (s *Service) Settings(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, owner string, months int) (Policy, error) {
	if err := scope.Require(access.EditPolicies); err != nil {
		return Policy{}, err
	}
	return s.change(ctx, scope, now, ref, base, func(ctx context.Context, p *Policy) error {
		was := *p
		var err error
		if owner != string(p.Owner) { // who left may stay until somebody takes over
			if p.Owner, err = s.owner(ctx, scope, owner); err != nil {
				return err
			}
		}
		p.Months = months
		if err := checkRecord(*p); err != nil {
			return err
		}
		if p.Owner != was.Owner {
			if err := s.record(ctx, scope, now, *p, Handed, "policy.owner", p.Newest, string(p.Owner), map[string]any{"owner": string(p.Owner), "was": string(was.Owner)}); err != nil {
				return err
			}
		}
		if p.Months != was.Months {
			if at := p.Confirmed(); at != nil {
				p.Due = After(period.Of(*at), p.Months)
			}
			return s.record(ctx, scope, now, *p, Paced, "policy.rhythm", p.Newest, strconv.Itoa(p.Months), map[string]any{"months": p.Months, "was": was.Months})
		}
		return nil
	})
}

// maxBulk bounds how many policies one act may take.
const maxBulk = 500

// SendAll sends the drafts of several policies, all or none. Those without a draft are left out; it returns what it sent.
func (s *Service) SendAll(ctx context.Context, scope access.Scope, now time.Time, list []string) ([]Policy, error) {
	if len(list) > maxBulk {
		return nil, errs.New(errs.Exhausted, "%d policies at once; at most %d", len(list), maxBulk)
	}
	var out []Policy
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		out = nil
		for _, ref := range list {
			p, err := s.Policy(ctx, scope.ReadScope, ref)
			if err != nil {
				return err
			}
			if p.OpenState != Draft {
				continue
			}
			if p, err = s.Send(ctx, scope, now, ref, 0); err != nil {
				return errs.Wrap(err, "%s", ref)
			}
			out = append(out, p)
		}
		return nil
	})
	return out, err
}
