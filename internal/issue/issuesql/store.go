// Package issuesql keeps hand-overs, issued reports and their readers in the records database.
package issuesql

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements issue.Store and issue.ReaderStore.
type Store struct{ DB *sqldb.DB }

var (
	_ issue.Store       = (*Store)(nil)
	_ issue.ReaderStore = (*Store)(nil)
)

// once turns a second row in the same place into a Conflict.
func once(n int64, err error, format string, args ...any) error {
	if errs.Is(err, errs.Conflict) || err == nil && n == 0 {
		return errs.New(errs.Conflict, format, args...).WithHint("Load the page again.")
	}
	return err
}

// AddHandOver inserts a hand-over.
func (s *Store) AddHandOver(ctx context.Context, scope access.Scope, h issue.HandOver) error {
	body, err := json.Marshal(h.Body)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO issue_handover (id, org_id, engagement_id, n, sha256, body, at, actor, seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		h.ID, string(scope.Org()), string(h.Engagement), h.Number, h.SHA256, string(body), h.At.UnixMicro(), h.By, h.Seq)
	return once(n, err, "somebody handed over at the same moment")
}

// HandOvers lists hand-overs, the newest first.
func (s *Store) HandOvers(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]issue.HandOver, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (issue.HandOver, error) {
		var h issue.HandOver
		var body string
		var at int64
		if err := r.Scan(&h.ID, &h.Engagement, &h.Number, &h.SHA256, &body, &at, &h.By, &h.Seq); err != nil {
			return h, err
		}
		h.At = sqldb.Time(at)
		return h, json.Unmarshal([]byte(body), &h.Body)
	}, `SELECT id, engagement_id, n, sha256, body, at, actor, seq FROM issue_handover WHERE org_id = $1 AND engagement_id = $2 ORDER BY n DESC`, string(scope.Org()), string(e))
}

// AddWords adds a version of the auditor's words.
func (s *Store) AddWords(ctx context.Context, scope access.Scope, e string, w issue.Words) error {
	body, err := json.Marshal(w)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO issue_words (org_id, engagement, version, body, at, actor) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		string(scope.Org()), e, w.Version, string(body), w.At.UnixMicro(), w.By)
	return once(n, err, "somebody wrote section I at the same moment")
}

// Words are the newest of the firm.
func (s *Store) Words(ctx context.Context, scope access.ReadScope, e string) (issue.Words, error) {
	w, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (issue.Words, error) {
		var w issue.Words
		var body, by string
		var version int
		var at int64
		if err := r.Scan(&version, &body, &at, &by); err != nil {
			return w, err
		}
		err := json.Unmarshal([]byte(body), &w)
		w.Version, w.At, w.By = version, sqldb.Time(at), by
		return w, err
	}, `SELECT version, body, at, actor FROM issue_words WHERE org_id = $1 AND engagement = $2 ORDER BY version DESC LIMIT 1`, string(scope.Org()), e)
	if errs.Is(err, errs.NotFound) {
		return issue.Words{}, nil
	}
	return w, err
}

// AddVersion inserts an issued version.
func (s *Store) AddVersion(ctx context.Context, scope access.Scope, v issue.Version) error {
	files, err := json.Marshal(v.Files)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO issue_version (id, org_id, engagement_id, n, dossier, dossier_sha256, handover, handover_sha256, kind, covers_from, covers_to, firm, report_day, pages, files, reason, at, actor, seq)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING`,
		v.ID, string(scope.Org()), string(v.Engagement), v.Number, v.Dossier, v.DossierSHA256, v.HandOver, v.HandOverSHA, v.Kind, int64(v.Coverage.From), int64(v.Coverage.To), v.Firm, int64(v.Date), v.Pages,
		string(files), v.Reason, v.At.UnixMicro(), v.By, v.Seq)
	if err := once(n, err, "version %d was issued at the same moment", v.Number); err != nil || v.Bundle == nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO issue_bundle (org_id, engagement_id, n, sha256, size, seq, at) VALUES ($1, $2, $3, '', 0, 0, NULL)`, string(scope.Org()), string(v.Engagement), v.Number)
	return err
}

// SealBundle keeps what became of a bundle that is awaited.
func (s *Store) SealBundle(ctx context.Context, scope access.Scope, e engagement.ID, number int, b issue.Bundle) error {
	n, err := s.DB.Exec(ctx, `UPDATE issue_bundle SET sha256 = $4, size = $5, seq = $6, at = $7 WHERE org_id = $1 AND engagement_id = $2 AND n = $3 AND sha256 = ''`,
		string(scope.Org()), string(e), number, b.SHA256, b.Size, b.Seq, sqldb.MicrosPtr(b.At))
	return once(n, err, "the bundle of version %d was sealed at the same moment", number)
}

// Versions lists issued versions, the newest first.
func (s *Store) Versions(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]issue.Version, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (issue.Version, error) {
		var v issue.Version
		var files string
		var from, to, day, at int64
		var sum *string
		var size, seq, whole *int64
		if err := r.Scan(&v.ID, &v.Engagement, &v.Number, &v.Dossier, &v.DossierSHA256, &v.HandOver, &v.HandOverSHA, &v.Kind, &from, &to, &v.Firm, &day, &v.Pages, &files, &v.Reason, &at, &v.By, &v.Seq, &sum, &size, &seq, &whole); err != nil {
			return v, err
		}
		if sum != nil {
			v.Bundle = &issue.Bundle{SHA256: *sum, Size: *size, Seq: *seq, At: sqldb.TimePtr(whole)}
		}
		v.Coverage, v.Date, v.At = period.Period{From: period.Date(from), To: period.Date(to)}, period.Date(day), sqldb.Time(at)
		return v, json.Unmarshal([]byte(files), &v.Files)
	}, `SELECT v.id, v.engagement_id, v.n, v.dossier, v.dossier_sha256, v.handover, v.handover_sha256, v.kind, v.covers_from, v.covers_to, v.firm, v.report_day, v.pages, v.files, v.reason, v.at, v.actor, v.seq, b.sha256, b.size, b.seq, b.at
		FROM issue_version v LEFT JOIN issue_bundle b ON b.engagement_id = v.engagement_id AND b.n = v.n WHERE v.org_id = $1 AND v.engagement_id = $2 ORDER BY v.n DESC`, string(scope.Org()), string(e))
}

// AddResponse adds a version of management's answer to a test.
func (s *Store) AddResponse(ctx context.Context, scope access.Scope, e engagement.ID, x issue.Response) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO issue_response (org_id, engagement_id, test, version, cause, effect, action, due_day, at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
		string(scope.Org()), string(e), x.Test, x.Version, x.Cause, x.Effect, x.Action, int64(x.Due), x.At.UnixMicro(), x.By)
	return once(n, err, "somebody answered for %s at the same moment", x.Test)
}

// Responses are the newest of each test, by test.
func (s *Store) Responses(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]issue.Response, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (issue.Response, error) {
		var x issue.Response
		var due, at int64
		err := r.Scan(&x.Test, &x.Version, &x.Cause, &x.Effect, &x.Action, &due, &at, &x.By)
		x.Due, x.At = period.Date(due), sqldb.Time(at)
		return x, err
	}, `SELECT test, version, cause, effect, action, due_day, at, actor FROM issue_response r WHERE org_id = $1 AND engagement_id = $2
		AND version = (SELECT max(version) FROM issue_response x WHERE x.engagement_id = r.engagement_id AND x.test = r.test) ORDER BY test`, string(scope.Org()), string(e))
}

// AddPublication begins a publication.
func (s *Store) AddPublication(ctx context.Context, scope access.Scope, e engagement.ID, p issue.Publication) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO issue_publication (org_id, engagement_id, at, actor, ended_at, ended_by) VALUES ($1, $2, $3, $4, NULL, '') ON CONFLICT DO NOTHING`,
		string(scope.Org()), string(e), p.At.UnixMicro(), p.By)
	return once(n, err, "somebody published at the same moment")
}

// EndPublication ends a publication that lasts.
func (s *Store) EndPublication(ctx context.Context, scope access.Scope, e engagement.ID, p issue.Publication) error {
	n, err := s.DB.Exec(ctx, `UPDATE issue_publication SET ended_at = $4, ended_by = $5 WHERE org_id = $1 AND engagement_id = $2 AND at = $3 AND ended_at IS NULL`,
		string(scope.Org()), string(e), p.At.UnixMicro(), sqldb.MicrosPtr(p.Ended), p.EndedBy)
	return once(n, err, "the publication was ended at the same moment")
}

// Publications lists publications, the newest first.
func (s *Store) Publications(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]issue.Publication, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (issue.Publication, error) {
		var p issue.Publication
		var at int64
		var ended *int64
		err := r.Scan(&at, &p.By, &ended, &p.EndedBy)
		p.At, p.Ended = sqldb.Time(at), sqldb.TimePtr(ended)
		return p, err
	}, `SELECT at, actor, ended_at, ended_by FROM issue_publication WHERE org_id = $1 AND engagement_id = $2 ORDER BY at DESC`, string(scope.Org()), string(e))
}
