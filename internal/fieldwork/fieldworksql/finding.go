package fieldworksql

import (
	"context"
	"fmt"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// AddFinding inserts a finding and gives it its reference.
func (s *Store) AddFinding(ctx context.Context, scope access.Scope, f fieldwork.Finding) (fieldwork.Finding, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.next(ctx, scope, f.Engagement, "finding")
		if err != nil {
			return err
		}
		f.Ref = fmt.Sprintf("F-%02d", n)
		body, err := encode(f)
		if err != nil {
			return err
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO fieldwork_finding (id, org_id, engagement, ref, paper_id, title, version, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			f.ID, string(scope.Org()), f.Engagement, f.Ref, string(f.Paper), f.Title, f.Version, body)
		return err
	})
	return f, err
}

// Finding reads a finding by identifier or reference.
func (s *Store) Finding(ctx context.Context, scope access.ReadScope, engagement, idOrRef string) (fieldwork.Finding, error) {
	f, err := sqldb.One(ctx, s.DB, scanBody[fieldwork.Finding], `SELECT body FROM fieldwork_finding WHERE org_id = $1 AND engagement = $2 AND (id = $3 OR ref = $3)`, string(scope.Org()), engagement, idOrRef)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "no finding %s in this engagement", idOrRef)
	}
	return f, err
}

// Findings lists those of an engagement by reference.
func (s *Store) Findings(ctx context.Context, scope access.ReadScope, engagement string) ([]fieldwork.Finding, error) {
	return sqldb.Collect(ctx, s.DB, scanBody[fieldwork.Finding], `SELECT body FROM fieldwork_finding WHERE org_id = $1 AND engagement = $2 ORDER BY length(ref), ref`, string(scope.Org()), engagement)
}

// SaveFinding keeps a finding moved forward from base.
func (s *Store) SaveFinding(ctx context.Context, scope access.Scope, f fieldwork.Finding, base int) error {
	body, err := encode(f)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE fieldwork_finding SET title = $1, version = $2, body = $3 WHERE org_id = $4 AND id = $5 AND version = $6`, f.Title, f.Version, body, string(scope.Org()), f.ID, base)
	if err == nil && n == 0 {
		theirs, err := s.Finding(ctx, scope.ReadScope, f.Engagement, f.ID)
		if err != nil {
			return err
		}
		return errs.Changed(f.Ref, &fieldwork.StaleFinding{Theirs: theirs})
	}
	return err
}

// Share keeps what the client may see.
func (s *Store) Share(ctx context.Context, scope access.Scope, x fieldwork.Shared) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO fieldwork_shared (id, org_id, engagement, kind, ref, title, body, shared_at, shared_by, response, until_text, answered_at, answered_by, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', NULL, '', 1) ON CONFLICT (id) DO UPDATE SET title = excluded.title, body = excluded.body, shared_at = excluded.shared_at, shared_by = excluded.shared_by,
		version = fieldwork_shared.version + 1 WHERE fieldwork_shared.org_id = excluded.org_id`,
		x.ID, string(scope.Org()), x.Engagement, x.Kind, x.Ref, x.Title, x.Body, micros(x.At), x.By)
	return err
}

const sharedColumns = `id, engagement, kind, ref, title, body, shared_at, shared_by, response, until_text, answered_at, answered_by, version`

func scanShared(r sqldb.Row) (fieldwork.Shared, error) {
	var x fieldwork.Shared
	var at int64
	var answered *int64
	err := r.Scan(&x.ID, &x.Engagement, &x.Kind, &x.Ref, &x.Title, &x.Body, &at, &x.By, &x.Response, &x.Until, &answered, &x.AnsweredBy, &x.Version)
	x.At, x.Answered = sqldb.Time(at), sqldb.TimePtr(answered)
	return x, err
}

// Shared reads one that was shared with the scope's organisation.
func (s *Store) Shared(ctx context.Context, scope access.ReadScope, engagement, id string) (fieldwork.Shared, error) {
	x, err := sqldb.One(ctx, s.DB, scanShared, `SELECT `+sharedColumns+` FROM fieldwork_shared WHERE org_id = $1 AND engagement = $2 AND (id = $3 OR kind = 'finding' AND ref = $3)`, string(scope.Org()), engagement, id)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "nothing that is called %s was shared", id)
	}
	return x, err
}

// AllShared lists what was shared, findings first.
func (s *Store) AllShared(ctx context.Context, scope access.ReadScope, engagement string) ([]fieldwork.Shared, error) {
	return sqldb.Collect(ctx, s.DB, scanShared, `SELECT `+sharedColumns+` FROM fieldwork_shared WHERE org_id = $1 AND engagement = $2 ORDER BY kind, length(ref), ref`, string(scope.Org()), engagement)
}

// Respond keeps the answer of the client.
func (s *Store) Respond(ctx context.Context, scope access.Scope, x fieldwork.Shared, base int) error {
	n, err := s.DB.Exec(ctx, `UPDATE fieldwork_shared SET response = $1, until_text = $2, answered_at = $3, answered_by = $4, version = $5 WHERE org_id = $6 AND id = $7 AND version = $8`,
		x.Response, x.Until, sqldb.MicrosPtr(x.Answered), x.AnsweredBy, x.Version, string(scope.Org()), x.ID, base)
	if err == nil && n == 0 {
		theirs, err := s.Shared(ctx, scope.ReadScope, x.Engagement, x.ID)
		if err != nil {
			return err
		}
		return errs.Changed(x.Ref, &fieldwork.StaleShared{Theirs: theirs})
	}
	return err
}
