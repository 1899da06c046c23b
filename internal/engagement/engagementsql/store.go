// Package engagementsql keeps engagements in the records database.
package engagementsql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements engagement.Store.
type Store struct {
	DB     *sqldb.DB
	Ledger access.Recorder
}

const columns = `id, ref, report, type, title, categories, from_day, to_day, firm, standards, status, created_at, created_by, plus, derived, objectives, licence, peer_day, version`

const readColumns = `id, ref, report, type, title, categories, from_day, to_day, firm, standards, status, created_at, created_by,
	COALESCE(plus, ''), COALESCE(derived, ''), COALESCE(objectives, '[]'), COALESCE(licence, ''), COALESCE(peer_day, 0), COALESCE(version, 0)`

func scan(r sqldb.Row) (engagement.Engagement, error) {
	var e engagement.Engagement
	var categories, standards, objectives string
	var from, to, created int64
	if err := r.Scan(&e.ID, &e.Ref, &e.Report, &e.Type, &e.Title, &categories, &from, &to, &e.Firm, &standards, &e.Status, &created, &e.By,
		&e.Plus, &e.Derived, &objectives, &e.Licence, &e.PeerReview, &e.Version); err != nil {
		return e, err
	}
	e.Period, e.Created = period.Period{From: period.Date(from), To: period.Date(to)}, sqldb.Time(created)
	if err := json.Unmarshal([]byte(categories), &e.Categories); err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(objectives), &e.Objectives); err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(standards), &e.Standards)
}

// Add inserts an engagement and gives it the next reference of its period's last year.
func (s *Store) Add(ctx context.Context, scope access.Scope, e engagement.Engagement) (engagement.Engagement, error) {
	categories, err := json.Marshal(e.Categories)
	if err != nil {
		return e, err
	}
	standards, err := json.Marshal(e.Standards)
	if err != nil {
		return e, err
	}
	objectives, err := json.Marshal(e.Objectives)
	if err != nil {
		return e, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		stem := fmt.Sprintf("%s-%d-", strings.ToUpper(e.Report), e.Period.Last().Time().Year())
		n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM engagement_engagement WHERE org_id = $1 AND ref LIKE $2`, string(scope.Org()), stem+"%")
		if err != nil {
			return err
		}
		e.Ref = fmt.Sprintf("%s%d", stem, n+1)
		_, err = s.DB.Exec(ctx, `INSERT INTO engagement_engagement (org_id, `+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
			string(scope.Org()), string(e.ID), e.Ref, e.Report, e.Type, e.Title, string(categories), int64(e.Period.From), int64(e.Period.To), e.Firm, string(standards), string(e.Status), e.Created.UnixMicro(), e.By,
			e.Plus, string(e.Derived), string(objectives), e.Licence, int64(e.PeerReview), e.Version)
		return err
	})
	return e, err
}

// Engagement reads one by identifier or reference.
func (s *Store) Engagement(ctx context.Context, scope access.ReadScope, idOrRef string) (engagement.Engagement, error) {
	e, err := sqldb.One(ctx, s.DB, scan, `SELECT `+readColumns+` FROM engagement_engagement WHERE org_id = $1 AND (id = $2 OR ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return e, errs.New(errs.NotFound, "no engagement %q", idOrRef).WithHint("tickmark audit list")
	}
	return e, err
}

// Engagements lists engagements, newest period first.
func (s *Store) Engagements(ctx context.Context, scope access.ReadScope) ([]engagement.Engagement, error) {
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+readColumns+` FROM engagement_engagement WHERE org_id = $1 ORDER BY to_day DESC, created_at DESC, id DESC`, string(scope.Org()))
}

// NextNumber is the number the next dossier will have.
func (s *Store) NextNumber(ctx context.Context, scope access.ReadScope, e engagement.ID) (int, error) {
	n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(number), 0) + 1 FROM engagement_dossier WHERE org_id = $1 AND engagement_id = $2`, string(scope.Org()), string(e))
	return int(n), err
}

// Freeze records a dossier with its ledger entry.
func (s *Store) Freeze(ctx context.Context, scope access.Scope, f engagement.Frozen) (engagement.Frozen, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		seq, err := s.Ledger.Append(ctx, scope, f.At, "dossier.frozen", string(f.Engagement), map[string]any{"number": f.Number, "dossier_sha256": f.SHA256})
		if err != nil {
			return err
		}
		f.Seq = seq
		_, err = s.DB.Exec(ctx, `INSERT INTO engagement_dossier (org_id, engagement_id, number, sha256, frozen_at, frozen_by, seq, report_sha256, report_seq, pages)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, 0)`, string(scope.Org()), string(f.Engagement), f.Number, f.SHA256, f.At.UnixMicro(), f.By, seq)
		if errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "another dossier was frozen at the same moment").WithHint("Freeze again.")
		}
		return err
	})
	return f, err
}

// KeepReport records the report made from a dossier with its ledger entry.
func (s *Store) KeepReport(ctx context.Context, scope access.Scope, f engagement.Frozen, sha256 string, pages int, at time.Time) (engagement.Frozen, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		seq, err := s.Ledger.Append(ctx, scope, at, "report.rendered", string(f.Engagement), map[string]any{"number": f.Number, "dossier_sha256": f.SHA256, "report_sha256": sha256, "pages": pages})
		if err != nil {
			return err
		}
		f.ReportSHA256, f.ReportSeq, f.Pages = sha256, seq, pages
		n, err := s.DB.Exec(ctx, `UPDATE engagement_dossier SET report_sha256 = $4, report_seq = $5, pages = $6 WHERE org_id = $1 AND engagement_id = $2 AND number = $3 AND report_sha256 = ''`,
			string(scope.Org()), string(f.Engagement), f.Number, sha256, seq, pages)
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "dossier %d has a report", f.Number)
		}
		return err
	})
	return f, err
}

// Dossiers lists the dossiers of an engagement, newest first.
func (s *Store) Dossiers(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]engagement.Frozen, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (engagement.Frozen, error) {
		var f engagement.Frozen
		var at int64
		err := r.Scan(&f.Engagement, &f.Number, &f.SHA256, &at, &f.By, &f.Seq, &f.ReportSHA256, &f.ReportSeq, &f.Pages)
		f.At = sqldb.Time(at)
		return f, err
	}, `SELECT engagement_id, number, sha256, frozen_at, frozen_by, seq, report_sha256, report_seq, pages FROM engagement_dossier
		WHERE org_id = $1 AND engagement_id = $2 ORDER BY number DESC`, string(scope.Org()), string(e))
}
