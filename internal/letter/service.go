package letter

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/internal/org"
)

// Lengths in characters.
const (
	maxTitle = 200
	maxBody  = 60_000
	maxWhy   = 500
)

// blank begins what a draft leaves to people; a text with one cannot be signed.
const blank = "[to be written"

// Service is the use cases of letters.
type Service struct {
	Store       Store
	Engagements *engagement.Service
	Controls    *control.Service
	System      *org.Service
	Evidence    evidence.Store
	Access      *access.Service
	Ledger      access.Recorder
	Tx          access.Tx
	// Findings tells what was found out about the controls in a period.
	Findings func(ctx context.Context, s access.ReadScope, p period.Period) ([]Finding, error)
	// BridgeDays is the longest time a bridge letter covers; 0 is three months.
	BridgeDays int
	// Sealer keeps the organisation's key, with which signed documents are sealed as files; without it they are not.
	Sealer access.Sealer
}

// Letters lists the newest version of each letter of an engagement.
func (s *Service) Letters(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]Letter, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Store.Letters(ctx, scope, e)
}

// Letter reads a version of a letter; 0 is the newest.
func (s *Service) Letter(ctx context.Context, scope access.ReadScope, idOrRef string, n int) (Letter, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return Letter{}, err
	}
	return s.Store.Version(ctx, scope, idOrRef, n)
}

// Versions lists the versions of a letter, the newest first.
func (s *Service) Versions(ctx context.Context, scope access.ReadScope, l ID) ([]Letter, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Store.Versions(ctx, scope, l)
}

// Start begins a letter: a draft made from the records. gap is the time of a bridge letter; nothing is the time from the end of
// coverage until today, as far as a letter may reach.
func (s *Service) Start(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, k Kind, gap period.Period) (Letter, error) {
	if err := scope.Require(access.ManageEngagement); err != nil {
		return Letter{}, err
	}
	e, err := s.Engagements.Store.Engagement(ctx, scope.ReadScope, idOrRef)
	if err != nil {
		return Letter{}, err
	}
	if !k.For(e) {
		return Letter{}, errs.New(errs.Invalid, "a %s has no such document", e.Kind()).At("kind")
	}
	l := Letter{ID: ID(id.New("ltr", now)), Engagement: e.ID, Kind: k, N: 1, Edit: 1, State: Draft, Covers: e.Period, Began: now, BeganBy: scope.Actor(), Saved: now, SavedBy: scope.Actor()}
	if k == Bridge {
		if l.Gap = gap; gap.Days() == 0 {
			l.Gap = s.reach(e, period.Of(now))
		}
		if err := s.bridge(ctx, scope.ReadScope, now, e, l, func(string) bool { return true }); err != nil {
			return l, err
		}
	} else if err := s.alone(ctx, scope.ReadScope, e, k); err != nil {
		return l, err
	}
	if l.Title, l.Body, err = s.write(ctx, scope.ReadScope, now, e, l); err != nil {
		return l, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if l, err = s.Store.Add(ctx, scope, l); err != nil {
			return err
		}
		return s.tell(ctx, scope, now, "letter.drafted", l, nil)
	})
	return l, err
}

// reach is the time from the end of coverage until today, as far as a letter may reach.
func (s *Service) reach(e engagement.Engagement, today period.Date) period.Period {
	return period.Period{From: e.Period.To, To: min(today+1, e.Period.To+period.Date(s.most()))}
}

// Most is the longest time a bridge letter covers, in days.
func (s *Service) Most() int { return s.most() }

func (s *Service) most() int {
	if s.BridgeDays > 0 {
		return s.BridgeDays
	}
	return BridgeDays
}

func (s *Service) alone(ctx context.Context, scope access.ReadScope, e engagement.Engagement, k Kind) error {
	all, err := s.Store.Letters(ctx, scope, e.ID)
	if err != nil {
		return err
	}
	for _, l := range all {
		if l.Kind == k && (l.State != Withdrawn || l.N > 1) {
			return errs.New(errs.Conflict, "%s has %s already: %s", e.Ref, strings.ToLower(k.Title()), l.Ref).WithHint("Edit the draft, or begin a new version of what is signed.").At("kind")
		}
	}
	return nil
}

func (s *Service) bridge(ctx context.Context, scope access.ReadScope, now time.Time, e engagement.Engagement, l Letter, discloses func(string) bool) error {
	var found []Finding
	if s.Findings != nil && l.Gap.Days() > 0 {
		var err error
		if found, err = s.Findings(ctx, scope, l.Gap); err != nil {
			return err
		}
	}
	return CheckBridge(e, l.Gap, period.Of(now), s.most(), found, discloses)
}

func (s *Service) tell(ctx context.Context, scope access.Scope, now time.Time, kind string, l Letter, more map[string]any) error {
	said := map[string]any{"ref": l.Ref, "kind": string(l.Kind), "version": l.N, "title": l.Title}
	for k, v := range more {
		said[k] = v
	}
	_, err := s.Ledger.Append(ctx, scope, now, kind, string(l.Engagement), said)
	return err
}

// Words is what people write in a draft.
type Words struct {
	Title, Body string
	File        string        // of a letter of engagement
	Gap         period.Period // of a bridge letter
}

// Edit keeps what people wrote in a draft.
func (s *Service) Edit(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, base int, w Words) (Letter, error) {
	l, err := s.draft(ctx, scope, idOrRef, base, access.ManageEngagement)
	if err != nil {
		return l, err
	}
	l.Title, l.Body, l.File = text.Line(w.Title), text.Prose(w.Body), strings.ToUpper(text.Line(w.File))
	for _, err := range []error{text.Bounds("title", "the title", l.Title, 1, maxTitle), text.Bounds("body", "the text", l.Body, 1, maxBody)} {
		if err != nil {
			return l, err
		}
	}
	switch {
	case l.Kind == Bridge && w.Gap.Days() == 0:
		return l, errs.New(errs.Invalid, "the time it covers ends before it begins").At("gap")
	case l.Kind == Bridge:
		l.Gap = w.Gap
	case l.Kind != Engagement:
		l.File = ""
	case l.File != "":
		if err := s.stored(ctx, scope.ReadScope, l.File); err != nil {
			return l, err
		}
	}
	l.Edit, l.Saved, l.SavedBy = base+1, now, scope.Actor()
	return l, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.Save(ctx, scope, l, base); err != nil {
			return err
		}
		return s.tell(ctx, scope, now, "letter.edited", l, map[string]any{"edit": l.Edit})
	})
}

func (s *Service) stored(ctx context.Context, scope access.ReadScope, ref string) error {
	it, err := s.Evidence.Item(ctx, scope, ref)
	if errs.Is(err, errs.NotFound) || err == nil && it.Kind != evidence.Document {
		return errs.New(errs.Invalid, "%q is no document among the evidence", ref).At("file").WithHint("Add the signed letter as evidence, and name its reference here.")
	}
	return err
}

// draft reads a letter that is a draft in the edit that the writer saw.
func (s *Service) draft(ctx context.Context, scope access.Scope, idOrRef string, base int, need access.Action) (Letter, error) {
	if err := scope.Require(need); err != nil {
		return Letter{}, err
	}
	l, err := s.Store.Version(ctx, scope.ReadScope, idOrRef, 0)
	switch {
	case err != nil:
		return l, err
	case l.State == Signed:
		return l, errs.New(errs.Conflict, "version %d of %s is signed, and never changes", l.N, l.Ref).WithHint("Begin a new version.")
	case l.State == Withdrawn:
		return l, errs.New(errs.Conflict, "%s was withdrawn", l.Ref)
	case l.Edit != base:
		return l, errs.Changed(l.Ref, &Stale{l})
	}
	return l, nil
}

// Signature is what a person signs with.
type Signature struct {
	Name   string // as the account has it
	Office string // title in the organisation
	Code   string // of the second factor
}

// Sign seals a draft with a person's signature. It never changes afterwards.
func (s *Service) Sign(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, base int, g Signature) (Letter, error) {
	l, err := s.draft(ctx, scope, idOrRef, base, access.SignDocuments)
	if err != nil {
		return l, err
	}
	e, err := s.Engagements.Store.Engagement(ctx, scope.ReadScope, string(l.Engagement))
	if err != nil {
		return l, err
	}
	if err := s.ready(ctx, scope.ReadScope, now, e, l); err != nil {
		return l, err
	}
	g.Office = text.Line(g.Office)
	if err := text.Bounds("office", "your title", g.Office, 2, maxTitle); err != nil {
		return l, err
	}
	u, err := s.Access.ProveSigner(ctx, scope.ReadScope, now, g.Name, g.Code)
	if err != nil {
		return l, err
	}
	l.State, l.Signed, l.Signer, l.Name, l.Office, l.Edit, l.Covers = Signed, &now, u.ID, u.Name, g.Office, base+1, e.Period
	if l.SHA256, err = l.Hash(); err != nil {
		return l, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		l.Seq, err = s.Ledger.Append(ctx, scope, now, "letter.signed", string(l.Engagement), map[string]any{"ref": l.Ref, "kind": string(l.Kind), "version": l.N, "sha256": l.SHA256, "name": l.Name, "office": l.Office, "day": period.Of(now)})
		if err != nil {
			return err
		}
		if err := s.key(ctx, scope, now); err != nil {
			return err
		}
		return s.Store.Save(ctx, scope, l, base)
	})
	return l, err
}

// ready holds a draft to what must be so before it is signed.
func (s *Service) ready(ctx context.Context, scope access.ReadScope, now time.Time, e engagement.Engagement, l Letter) error {
	if i := strings.Index(strings.ToLower(l.Body), blank); i >= 0 {
		line, _, _ := strings.Cut(l.Body[i:], "\n")
		return errs.New(errs.Invalid, "something is still to be written: %s", line).At("body").WithHint("Edit the draft; what does not apply is said in words or taken out.")
	}
	for _, w := range org.Lint(l.Title + "\n" + l.Body) {
		if w.Forbidden {
			return errs.New(errs.Invalid, "%q must not stand in it: %s", w.Text, w.Why).At("body")
		}
	}
	over := period.Of(now) >= e.Period.To || e.Type == 1 && period.Of(now) >= e.Period.From
	switch l.Kind {
	case Bridge:
		return s.bridge(ctx, scope, now, e, l, func(ref string) bool { return strings.Contains(l.Body, ref) })
	case Engagement:
		if l.File == "" {
			return errs.New(errs.Invalid, "the signed letter itself is not stored yet").At("file").WithHint("Add it as evidence, and name its reference in the draft.")
		}
	case Events, Representation:
		if !over {
			return errs.New(errs.Invalid, "what the report covers ends on %s: this cannot be signed before", e.Period.Last()).At("body")
		}
	case Assertion, Response, CUECs, Summary:
	}
	if e.Status == engagement.Cancelled {
		return errs.New(errs.Conflict, "%s is cancelled", e.Ref)
	}
	return nil
}

// Anew begins the next version of a letter that is signed, with its text.
func (s *Service) Anew(ctx context.Context, scope access.Scope, now time.Time, idOrRef string) (Letter, error) {
	if err := scope.Require(access.ManageEngagement); err != nil {
		return Letter{}, err
	}
	l, err := s.Store.Version(ctx, scope.ReadScope, idOrRef, 0)
	if err != nil {
		return l, err
	}
	newest := l.N
	if l.State == Withdrawn { // the version before it is in force
		all, err := s.Store.Versions(ctx, scope.ReadScope, l.ID)
		if err != nil {
			return l, err
		}
		if i := slices.IndexFunc(all, func(x Letter) bool { return x.State == Signed }); i >= 0 {
			l = all[i]
		}
	}
	if l.State != Signed {
		return l, errs.New(errs.Conflict, "version %d of %s is not signed", l.N, l.Ref).WithHint("Edit the draft.")
	}
	next := Letter{ID: l.ID, Ref: l.Ref, Engagement: l.Engagement, Kind: l.Kind, N: newest + 1, Edit: 1, State: Draft, Title: l.Title, Body: l.Body, File: l.File, Gap: l.Gap, Covers: l.Covers,
		Began: now, BeganBy: scope.Actor(), Saved: now, SavedBy: scope.Actor()}
	return next, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.AddVersion(ctx, scope, next); err != nil {
			return err
		}
		return s.tell(ctx, scope, now, "letter.drafted", next, nil)
	})
}

// Withdraw gives a draft up. What was signed before stays in force.
func (s *Service) Withdraw(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, base int, why string) (Letter, error) {
	why = text.Line(why)
	if err := text.Bounds("why", "the reason", why, 3, maxWhy); err != nil {
		return Letter{}, err
	}
	l, err := s.draft(ctx, scope, idOrRef, base, access.ManageEngagement)
	if err != nil {
		return l, err
	}
	l.State, l.Why, l.Edit, l.Saved, l.SavedBy = Withdrawn, why, base+1, now, scope.Actor()
	return l, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.Save(ctx, scope, l, base); err != nil {
			return err
		}
		return s.tell(ctx, scope, now, "letter.withdrawn", l, map[string]any{"why": why})
	})
}

// Rewrite is the text that the records give for a draft now.
func (s *Service) Rewrite(ctx context.Context, scope access.ReadScope, now time.Time, l Letter) (body string, err error) {
	e, err := s.Engagements.Store.Engagement(ctx, scope, string(l.Engagement))
	if err != nil {
		return "", err
	}
	_, body, err = s.write(ctx, scope, now, e, l)
	return body, err
}

// Gate is the condition that a letter of a kind is signed, for engagement.Service.Checks. The assertion has to be signed after the
// end of what the report covers, and for what it covers now.
func (s *Service) Gate(k Kind) engagement.Check {
	return func(ctx context.Context, scope access.ReadScope, _ time.Time, e engagement.Engagement) (bool, string, error) {
		signed, err := s.Store.InForce(ctx, scope, e.ID, k)
		if err != nil || len(signed) == 0 {
			return false, "Not signed yet", err
		}
		l := signed[0]
		says := l.Ref + ", signed by " + l.Name + " on " + period.Of(*l.Signed).String()
		switch {
		case k == Engagement:
		case l.Covers != e.Period:
			return false, says + " for " + l.Covers.String() + ": the period is another now", nil
		case period.Of(*l.Signed) < e.Period.Last():
			return false, says + ": before the end of what the report covers", nil
		}
		return true, says, nil
	}
}
