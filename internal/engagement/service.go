package engagement

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/verify"
)

// Service is the use cases of engagements.
type Service struct {
	Store    Store
	Life     LifeStore
	Catalog  *catalog.Catalog
	Controls *control.Service
	System   *org.Service
	Evaluate *evaluate.Service
	Evidence evidence.Store
	Blobs    evidence.Blobs
	Files    Opener
	Ledger   *ledger.Service
	Access   *access.Service
	Tx       access.Tx
	// Checks tell from the records of other rooms whether a condition to leave a state is met, by its key (Gate...). A condition
	// without a check is confirmed by a person.
	Checks map[string]Check
	// Signed lists what management has signed for an engagement, newest first; nil when no room keeps such documents.
	Signed func(ctx context.Context, scope access.ReadScope, e ID) ([]Signature, error)
	// Handed is the newest hand-over of the firm, nil for none; nil when no firm works here.
	Handed func(ctx context.Context, scope access.ReadScope, e ID) (*HandedOver, error)
	// Answered lists management's responses to what its own tests found; nil when no room keeps them.
	Answered func(ctx context.Context, scope access.ReadScope, e ID) ([]Response, error)
	// Families are the frameworks that the organisation imported, with those of the controls that answer each family; nil when none
	// can be imported.
	Families func(ctx context.Context, scope access.ReadScope, controls []string) ([]Framework, error)
	// Drawn are the populations and samples that the auditor handed over, for the bundle; nil when no room keeps them.
	Drawn func(ctx context.Context, scope access.ReadScope, engagement string) ([]verify.Population, []verify.Sample, error)
	// Render makes the report of a dossier, and tells its pages and what it could not show.
	Render func(d *Dossier) (pdf []byte, pages int, warnings []string, err error)
}

// Dossier reads a frozen dossier back, checked against its hash, with its bytes.
func (s *Service) Dossier(ctx context.Context, scope access.ReadScope, f Frozen) (*Dossier, []byte, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, nil, err
	}
	body, err := s.Blobs.Content(f.SHA256)
	if err != nil {
		return nil, nil, err
	}
	var d Dossier
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, nil, errs.As(errs.Internal, err, "dossier %d", f.Number)
	}
	return &d, body, nil
}

// Newest is the newest dossier of an engagement.
func (s *Service) Newest(ctx context.Context, scope access.ReadScope, e ID) (Frozen, error) {
	all, err := s.Store.Dossiers(ctx, scope, e)
	if err != nil {
		return Frozen{}, err
	}
	if len(all) == 0 {
		return Frozen{}, errs.New(errs.NotFound, "nothing is frozen yet").WithHint("tickmark report build")
	}
	return all[0], nil
}

// Progress is told the stages of a freeze. It may be nil.
type Progress func(done, total int, what string)

// Freeze takes a dossier: it judges every occurrence of the period once more over the whole of it, gathers everything the
// report may say, and seals it. Nothing of it is visible before the last step, which records dossier and ledger entry
// together.
func (s *Service) Freeze(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, progress Progress) (Frozen, error) {
	if err := scope.Require(access.BuildReport); err != nil {
		return Frozen{}, err
	}
	if progress == nil {
		progress = func(int, int, string) {}
	}
	e, err := s.Store.Engagement(ctx, scope.ReadScope, idOrRef)
	if err != nil {
		return Frozen{}, err
	}
	if now.Before(e.Period.From.Time()) {
		return Frozen{}, errs.New(errs.Invalid, "the period of %s begins on %s", e.Ref, e.Period.From).WithHint("There is nothing to report yet.")
	}
	g := &gatherer{s: s, scope: scope, read: scope.ReadScope, now: now, e: e, progress: progress}
	d, err := g.gather(ctx)
	if err != nil {
		return Frozen{}, errs.Wrap(err, "freeze %s", e.Ref)
	}
	progress(3, 4, "seal the dossier")
	body, sum, err := d.Bytes()
	if err != nil {
		return Frozen{}, err
	}
	if _, err := s.Blobs.Store(body); err != nil {
		return Frozen{}, err
	}
	return s.Store.Freeze(ctx, scope, Frozen{Engagement: e.ID, Number: d.Frozen.Number, SHA256: sum, At: now, By: scope.Actor()})
}

// Report renders the report of a dossier and keeps it. A dossier has one report; asking again gives the same.
func (s *Service) Report(ctx context.Context, scope access.Scope, now time.Time, f Frozen) (Frozen, []string, error) {
	if err := scope.Require(access.BuildReport); err != nil {
		return f, nil, err
	}
	d, _, err := s.Dossier(ctx, scope.ReadScope, f)
	if err != nil {
		return f, nil, err
	}
	pdf, pages, warnings, err := s.Render(d)
	if err != nil {
		return f, nil, errs.Wrap(err, "render the report of dossier %d", f.Number)
	}
	sum := canon.Sum(pdf)
	if f.ReportSHA256 != "" {
		if f.ReportSHA256 != sum {
			return f, nil, errs.New(errs.Conflict, "this version of the program renders dossier %d differently from the report on file", f.Number).
				WithHint("The report on file stays. Freeze again for a new one.")
		}
		return f, warnings, nil
	}
	if _, err := s.Blobs.Store(pdf); err != nil {
		return f, nil, err
	}
	f, err = s.Store.KeepReport(ctx, scope, f, sum, pages, now)
	return f, warnings, err
}
