package fieldwork

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Profile is what a firm records of itself, for the engagements that it examines (domain brief 4.6: licence and peer review date stand
// on the engagement). Every version stays.
type Profile struct {
	Version    int // 0 before the first
	Name       string
	Licence    string      // with the board that gave it
	PeerReview period.Date // day of the last one; 0 for unknown
	Why        string
	At         time.Time
	By         string
}

// Facts are the profile as an engagement records it.
func (p Profile) Facts() engagement.FirmFacts {
	return engagement.FirmFacts{Name: p.Name, Licence: p.Licence, PeerReview: p.PeerReview}
}

// On reports whether an engagement records the firm as the profile does.
func (p Profile) On(e engagement.Engagement) bool {
	return p.Facts() == engagement.FirmFacts{Name: e.Firm, Licence: e.Licence, PeerReview: e.PeerReview}
}

// StaleProfile is the cause of a Conflict when somebody else changed the profile meanwhile.
type StaleProfile struct{ Theirs Profile }

// Error names the version.
func (s *StaleProfile) Error() string {
	return fmt.Sprintf("the firm's record is at version %d", s.Theirs.Version)
}

// Profiles lists every version of the record of the scope's firm, newest first.
func (s *Service) Profiles(ctx context.Context, scope access.ReadScope) ([]Profile, error) {
	if err := scope.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	return s.Firm.Profiles(ctx, scope)
}

// SetProfile keeps a new version of what the firm records of itself.
func (s *Service) SetProfile(ctx context.Context, scope access.Scope, now time.Time, base int, p Profile) (Profile, error) {
	if err := scope.Require(access.ManageMethod); err != nil {
		return p, err
	}
	var err error
	if p.Name, err = line("name", "the firm's name", p.Name); err != nil {
		return p, err
	}
	if p.Licence, err = line("licence", "the licence", p.Licence); err != nil {
		return p, err
	}
	if p.PeerReview > period.Of(now) {
		return p, errs.New(errs.Invalid, "a peer review on %s has not happened yet", p.PeerReview).At("peer_review")
	}
	p.Why = text.Prose(p.Why)
	if err := text.Bounds("why", "the remark", p.Why, 0, MaxText); err != nil {
		return p, err
	}
	p.Version, p.At, p.By = base+1, now, scope.Actor()
	return p, s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Firm.Profiles(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if len(all) > 0 && all[0].Version != base || len(all) == 0 && base != 0 {
			was := Profile{}
			if len(all) > 0 {
				was = all[0]
			}
			return errs.Changed("the firm's record", &StaleProfile{was})
		}
		if err := s.Firm.AddProfile(ctx, scope, p); err != nil {
			return err
		}
		says := map[string]any{"version": p.Version, "name": p.Name, "licence": p.Licence, "why": p.Why}
		if p.PeerReview != 0 {
			says["peer_review"] = p.PeerReview
		}
		_, err = s.Ledger.Append(ctx, scope, now, "methodology.firm_set", "firm", says)
		return err
	})
}

// GiveProfile records the newest version of the firm's record on an engagement, where both sides see it.
func (s *Service) GiveProfile(ctx context.Context, a access.AuditScope, now time.Time) (engagement.Engagement, error) {
	if err := a.Firm.Require(access.ReviewWork); err != nil {
		return engagement.Engagement{}, err
	}
	shared, err := a.Shared()
	if err != nil {
		return engagement.Engagement{}, err
	}
	all, err := s.Profiles(ctx, a.Firm.ReadScope)
	if err != nil {
		return engagement.Engagement{}, err
	}
	if len(all) == 0 {
		return engagement.Engagement{}, errs.New(errs.Conflict, "the firm has recorded neither its licence nor its peer review").WithHint("A partner records them first.")
	}
	e, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	if err != nil || all[0].On(e) {
		return e, err
	}
	return s.Record(ctx, shared, now, string(e.ID), e.Version, all[0].Facts())
}
