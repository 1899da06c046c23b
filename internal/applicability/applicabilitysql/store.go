// Package applicabilitysql keeps drafts and decisions about reports in the records database.
package applicabilitysql

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements applicability.Store.
type Store struct{ DB *sqldb.DB }

// Draft reads the answers so far.
func (s *Store) Draft(ctx context.Context, scope access.ReadScope) (applicability.Draft, error) {
	d, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (applicability.Draft, error) {
		var d applicability.Draft
		var answers string
		var at int64
		if err := r.Scan(&d.Version, &answers, &d.By, &at); err != nil {
			return d, err
		}
		d.At = sqldb.Time(at)
		return d, errs.As(errs.Internal, json.Unmarshal([]byte(answers), &d.Answers), "answers")
	}, `SELECT version, answers, author, at FROM applicability_draft WHERE org_id = $1`, string(scope.Org()))
	if errs.Is(err, errs.NotFound) {
		return applicability.Draft{Answers: applicability.Answers{}}, nil
	}
	return d, err
}

// SaveDraft replaces the draft of version base.
func (s *Store) SaveDraft(ctx context.Context, scope access.Scope, base int, d applicability.Draft) error {
	answers, err := json.Marshal(d.Answers)
	if err != nil {
		return errs.As(errs.Internal, err, "answers")
	}
	var n int64
	if base == 0 {
		n, err = s.DB.Exec(ctx, `INSERT INTO applicability_draft (org_id, version, answers, author, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			string(scope.Org()), d.Version, string(answers), d.By, d.At.UnixMicro())
	} else {
		n, err = s.DB.Exec(ctx, `UPDATE applicability_draft SET version = $3, answers = $4, author = $5, at = $6 WHERE org_id = $1 AND version = $2`,
			string(scope.Org()), base, d.Version, string(answers), d.By, d.At.UnixMicro())
	}
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "somebody else answered meanwhile").WithHint("Load the page again; what you wrote is still in this form.")
	}
	return err
}

// AddDecision inserts one.
func (s *Store) AddDecision(ctx context.Context, scope access.Scope, d applicability.Decision) error {
	text, sum, err := d.Body()
	if err != nil {
		return err
	}
	if sum != d.SHA256 {
		return errs.New(errs.Internal, "decision %s does not have its hash", d.Ref())
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO applicability_decision (org_id, number, body, sha256, author, at, seq) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		string(scope.Org()), d.Number, text, d.SHA256, d.By, d.At.UnixMicro(), d.Seq)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "decision %s was taken meanwhile", d.Ref()).WithHint("Read it, and decide again if yours is still wanted.")
	}
	return err
}

const columns = `SELECT number, body, sha256, author, at, seq FROM applicability_decision WHERE org_id = $1`

func scan(r sqldb.Row) (applicability.Decision, error) {
	var d applicability.Decision
	var text string
	var at int64
	if err := r.Scan(&d.Number, &text, &d.SHA256, &d.By, &at, &d.Seq); err != nil {
		return d, err
	}
	d.At = sqldb.Time(at)
	return d.Open(text)
}

// Decision reads one.
func (s *Store) Decision(ctx context.Context, scope access.ReadScope, number int) (applicability.Decision, error) {
	d, err := sqldb.One(ctx, s.DB, scan, columns+` AND number = $2`, string(scope.Org()), number)
	if errs.Is(err, errs.NotFound) {
		return d, errs.New(errs.NotFound, "no decision RD-%d", number).WithHint("The list of decisions has all there are.")
	}
	return d, err
}

// Decisions lists them, the newest first.
func (s *Store) Decisions(ctx context.Context, scope access.ReadScope) ([]applicability.Decision, error) {
	return sqldb.Collect(ctx, s.DB, scan, columns+` ORDER BY number DESC`, string(scope.Org()))
}
