package view

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// EngagementRow is an engagement with what was frozen of it.
type EngagementRow struct {
	ID, Ref, Report, Title, Firm, Status, By string
	Type                                     int
	Categories, Standards                    []string
	Period                                   period.Period
	Created                                  time.Time
	Dossiers                                 int64
	Newest                                   *DossierRow
}

// DossierRow is a frozen dossier and the report made of it.
type DossierRow struct {
	Number       int
	SHA256       string
	At           time.Time
	By, Who      string // identifier and name of who froze it
	Seq          int64
	ReportSHA256 string // empty while no report is made
	ReportSeq    int64
	Pages        int
}

// Engagements lists engagements, the newest period first.
func (r *Reader) Engagements(ctx context.Context, s access.ReadScope) ([]EngagementRow, error) {
	return r.engagements(ctx, s, `TRUE`)
}

// Engagement reads one engagement by its reference.
func (r *Reader) Engagement(ctx context.Context, s access.ReadScope, ref string) (EngagementRow, error) {
	found, err := r.engagements(ctx, s, `(e.ref = $2 OR e.id = $2)`, ref)
	if err != nil {
		return EngagementRow{}, err
	}
	if len(found) == 0 {
		return EngagementRow{}, errs.New(errs.NotFound, "no engagement %q", ref).WithHint("The list of audits names those there are.")
	}
	return found[0], nil
}

func (r *Reader) engagements(ctx context.Context, s access.ReadScope, where string, args ...any) ([]EngagementRow, error) {
	if err := s.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	out, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (EngagementRow, error) {
		var e EngagementRow
		var categories, standards string
		var created int64
		if err := row.Scan(&e.ID, &e.Ref, &e.Report, &e.Type, &e.Title, &categories, &e.Period.From, &e.Period.To, &e.Firm, &standards, &e.Status, &created, &e.By, &e.Dossiers); err != nil {
			return e, err
		}
		e.Created = sqldb.Time(created)
		if err := json.Unmarshal([]byte(categories), &e.Categories); err != nil {
			return e, err
		}
		return e, json.Unmarshal([]byte(standards), &e.Standards)
	}, `SELECT e.id, e.ref, e.report, e.type, e.title, e.categories, e.from_day, e.to_day, e.firm, e.standards, e.status, e.created_at, e.created_by,
			(SELECT count(*) FROM engagement_dossier d WHERE d.engagement_id = e.id)
		FROM engagement_engagement e WHERE e.org_id = $1 AND `+where+` ORDER BY e.to_day DESC, e.created_at DESC, e.id DESC`, append([]any{orgOf(s)}, args...)...)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].Dossiers == 0 {
			continue
		}
		all, err := r.Dossiers(ctx, s, out[i].ID)
		if err != nil {
			return nil, err
		}
		out[i].Newest = &all[0]
	}
	return out, nil
}

// Dossiers lists the dossiers of an engagement, the newest first.
func (r *Reader) Dossiers(ctx context.Context, s access.ReadScope, engagement string) ([]DossierRow, error) {
	if err := s.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return sqldb.Collect(ctx, r.db, func(row sqldb.Row) (DossierRow, error) {
		var d DossierRow
		var at int64
		err := row.Scan(&d.Number, &d.SHA256, &at, &d.By, &d.Who, &d.Seq, &d.ReportSHA256, &d.ReportSeq, &d.Pages)
		d.At = sqldb.Time(at)
		return d, err
	}, `SELECT d.number, d.sha256, d.frozen_at, d.frozen_by, COALESCE(u.name, ''), d.seq, d.report_sha256, d.report_seq, d.pages
		FROM engagement_dossier d LEFT JOIN access_user u ON u.id = d.frozen_by
		WHERE d.org_id = $1 AND d.engagement_id = $2 ORDER BY d.number DESC`, orgOf(s), engagement)
}

// PeriodCounts is what the records of a period amount to so far.
type PeriodCounts struct {
	Evidence, Proven, Asserted, Incomplete int64
	Evaluated                              int64 // days on which at least one test was evaluated
	Tests                                  int64 // tests with at least one day
	Failing, Unanswered                    int64 // of them, with at least one day that failed, or at least one without an answer
	Exceptions                             int64 // approved exceptions that were in force in it
}

// PeriodCounts sums up the records of a period.
func (r *Reader) PeriodCounts(ctx context.Context, s access.ReadScope, p period.Period) (PeriodCounts, error) {
	var x PeriodCounts
	if err := s.Require(access.ReadEngagement); err != nil {
		return x, err
	}
	org, from, to := orgOf(s), p.From.Time().UnixMicro(), p.To.Time().UnixMicro()
	err := r.db.QueryRow(ctx, []any{&x.Evidence, &x.Proven, &x.Asserted, &x.Incomplete}, `SELECT count(*),
			CAST(COALESCE(sum(CASE completeness WHEN 'proven' THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(sum(CASE completeness WHEN 'asserted' THEN 1 ELSE 0 END), 0) AS BIGINT),
			CAST(COALESCE(sum(CASE completeness WHEN 'incomplete' THEN 1 ELSE 0 END), 0) AS BIGINT)
		FROM evidence_item WHERE org_id = $1 AND status = 'active' AND to_at >= $2 AND from_at < $3`, org, from, to)
	if err != nil {
		return x, err
	}
	err = r.db.QueryRow(ctx, []any{&x.Tests, &x.Failing, &x.Unanswered}, `SELECT count(*), CAST(COALESCE(sum(failed), 0) AS BIGINT), CAST(COALESCE(sum(unknown), 0) AS BIGINT) FROM (
			SELECT test, max(CASE outcome WHEN 'fail' THEN 1 ELSE 0 END) AS failed, max(CASE outcome WHEN 'unknown' THEN 1 ELSE 0 END) AS unknown
			FROM evaluate_day WHERE org_id = $1 AND day >= $2 AND day < $3 GROUP BY test) t`, org, int64(p.From), int64(p.To))
	if err != nil {
		return x, err
	}
	err = r.db.QueryRow(ctx, []any{&x.Evaluated}, `SELECT count(DISTINCT as_of / `+dayMicros+`) FROM evaluate_batch WHERE org_id = $1 AND as_of >= $2 AND as_of < $3`, org, from, to)
	if err != nil {
		return x, err
	}
	err = r.db.QueryRow(ctx, []any{&x.Exceptions}, `SELECT count(*) FROM evaluate_exception WHERE org_id = $1 AND approved_at IS NOT NULL AND approved_at < $3 AND expires_at >= $2
		AND (revoked_at IS NULL OR revoked_at >= $2)`, org, from, to)
	return x, err
}
