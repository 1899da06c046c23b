package matrix

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Paper is a matrix that was made: what a list shows of it.
type Paper struct {
	Number       int
	Scope        Scope
	Requirements int
	SHA256       string // of the matrix
	Bytes        int64
	By           string // actor
	At           time.Time
	Seq          int64 // ledger entry
}

// Ref names the paper: "CM-3".
func (p Paper) Ref() string { return Made{Number: p.Number}.Ref() }

// ParseRef reads the number of a paper from its name.
func ParseRef(ref string) (int, error) {
	var n int
	if _, err := fmt.Sscanf(ref, "CM-%d", &n); err != nil || n < 1 || fmt.Sprintf("CM-%d", n) != ref {
		return 0, errs.New(errs.NotFound, "no control matrix %s", ref).WithHint("The list has all there are.")
	}
	return n, nil
}

// Store keeps what matrices were made. Laws: papers are only added, numbered without gaps; Add reports a Conflict when the
// number is taken.
type Store interface {
	Add(ctx context.Context, s access.Scope, p Paper) error
	Paper(ctx context.Context, s access.ReadScope, number int) (Paper, error)
	// Papers lists them, the newest first.
	Papers(ctx context.Context, s access.ReadScope) ([]Paper, error)
}

// Blobs stores matrices by content.
type Blobs interface {
	Store(content []byte) (sha256 string, err error)
	Content(sha256 string) ([]byte, error)
}

// Service is the use cases of matrices. Making one needs the right to build reports; reading the right to read engagements
// and evidence, because deviations are in it.
type Service struct {
	Store  Store
	Blobs  Blobs
	Tx     access.Tx
	Ledger access.Recorder
}

// Keep numbers, hashes and keeps a matrix, and records in the ledger that it was made.
func (s *Service) Keep(ctx context.Context, scope access.Scope, now time.Time, name string, m *Matrix) (Paper, error) {
	if err := scope.Require(access.BuildReport); err != nil {
		return Paper{}, err
	}
	if len(m.Requirements) == 0 {
		return Paper{}, errs.New(errs.Invalid, "no requirement is in scope").At("categories").WithHint("Choose at least one category.")
	}
	var p Paper
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Papers(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		m.V, m.Made = 1, Made{Number: len(all) + 1, At: now.UTC().Truncate(time.Microsecond), By: scope.Actor(), Name: name}
		body, sum, err := m.Bytes()
		if err != nil {
			return err
		}
		if _, err := s.Blobs.Store(body); err != nil {
			return err
		}
		p = Paper{Number: m.Made.Number, Scope: m.Scope, Requirements: len(m.Requirements), SHA256: sum, Bytes: int64(len(body)), By: m.Made.By, At: m.Made.At}
		if p.Seq, err = s.Ledger.Append(ctx, scope, now, "matrix.made", p.Ref(), map[string]any{
			"sha256": sum, "framework": m.Scope.Framework, "categories": m.Scope.Categories, "from": m.Scope.Period.From.String(), "to": m.Scope.Period.Last().String(),
			"engagement": m.Scope.Engagement, "requirements": p.Requirements,
		}); err != nil {
			return err
		}
		return s.Store.Add(ctx, scope, p)
	})
	return p, err
}

// Papers lists the matrices that were made, the newest first.
func (s *Service) Papers(ctx context.Context, scope access.ReadScope) ([]Paper, error) {
	if err := allowed(scope); err != nil {
		return nil, err
	}
	return s.Store.Papers(ctx, scope)
}

// Matrix reads one back, checked against its hash.
func (s *Service) Matrix(ctx context.Context, scope access.ReadScope, ref string) (Paper, *Matrix, error) {
	if err := allowed(scope); err != nil {
		return Paper{}, nil, err
	}
	n, err := ParseRef(ref)
	if err != nil {
		return Paper{}, nil, err
	}
	p, err := s.Store.Paper(ctx, scope, n)
	if err != nil {
		return p, nil, err
	}
	body, err := s.Blobs.Content(p.SHA256)
	if err != nil {
		return p, nil, errs.Wrap(err, "control matrix %s", ref)
	}
	m, err := Read(body)
	return p, m, err
}

func allowed(scope access.ReadScope) error {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return err
	}
	return scope.Require(access.ReadEvidence)
}
