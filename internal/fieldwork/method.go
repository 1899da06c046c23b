package fieldwork

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/sample"
)

// Methodology is how a firm works: sizes of samples, templates of plans, wording. Every version is kept; each sample and each
// workpaper names the one it was made with.
type Methodology struct {
	Version    int          `json:"version"` // 0 for what every firm begins with
	Table      sample.Table `json:"table"`
	Confidence sample.Rate  `json:"confidence"` // what a new sample begins with
	Tolerable  sample.Rate  `json:"tolerable"`
	Templates  []Template   `json:"templates"`
	Wording    Wording      `json:"wording"`
	By         string       `json:"by"`
	At         time.Time    `json:"at"`
	Why        string       `json:"why"`
}

// Begun is what every firm begins with (domain brief 5.3 and 5.4).
func Begun() Methodology {
	return Methodology{Table: sample.Default(), Confidence: 9000, Tolerable: 1000}
}

// Method is the firm's methodology.
func (s *Service) Method(ctx context.Context, a access.AuditScope) (Methodology, error) {
	return s.MethodOf(ctx, a.Firm.ReadScope)
}

// MethodOf is the methodology of the scope's firm.
func (s *Service) MethodOf(ctx context.Context, scope access.ReadScope) (Methodology, error) {
	if err := scope.Require(access.ReadAudits); err != nil {
		return Methodology{}, err
	}
	m, err := s.Firm.Method(ctx, scope)
	if errs.Is(err, errs.NotFound) {
		return Begun(), nil
	}
	return m, err
}

// MethodHistory lists every version of the firm's methodology, newest first.
func (s *Service) MethodHistory(ctx context.Context, scope access.ReadScope) ([]Methodology, error) {
	if err := scope.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	return s.Firm.Methods(ctx, scope)
}

// SetMethod keeps a new version of the firm's methodology.
func (s *Service) SetMethod(ctx context.Context, scope access.Scope, now time.Time, base int, m Methodology) (Methodology, error) {
	if err := scope.Require(access.ManageMethod); err != nil {
		return m, err
	}
	var err error
	if m.Why, err = why("why", "the reason", m.Why); err != nil {
		return m, err
	}
	if m.Table.Name, err = line("name", "the name", m.Table.Name); err != nil {
		return m, err
	}
	if m.Table.Source, err = line("source", "the source", m.Table.Source); err != nil {
		return m, err
	}
	if err := m.Table.Check(); err != nil {
		return m, err
	}
	if err := (sample.Plan{Confidence: m.Confidence, Tolerable: m.Tolerable}).Check(); err != nil {
		return m, err
	}
	if m.Templates, err = checkTemplates(m.Templates); err != nil {
		return m, err
	}
	if m.Wording, err = m.Wording.check(); err != nil {
		return m, err
	}
	m.Version, m.By, m.At = base+1, scope.Actor(), now
	sum, err := canon.Hash(m)
	if err != nil {
		return m, errs.As(errs.Internal, err, "hash the methodology")
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Firm.AddMethod(ctx, scope, m); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "methodology.set", "methodology", map[string]any{"version": m.Version, "name": m.Table.Name, "why": m.Why, "templates": len(m.Templates), "sha256": sum})
		return err
	})
	return m, err
}

// MethodAt is a version of the firm's methodology; 0 is what every firm begins with.
func (s *Service) MethodAt(ctx context.Context, scope access.ReadScope, version int) (Methodology, error) {
	all, err := s.MethodHistory(ctx, scope)
	if err != nil {
		return Methodology{}, err
	}
	for _, m := range all {
		if m.Version == version {
			return m, nil
		}
	}
	if version == 0 {
		return Begun(), nil
	}
	return Methodology{}, errs.New(errs.NotFound, "the methodology has no version %d", version)
}
