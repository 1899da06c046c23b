package evaluatesql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

const draftColumns = `test, n, version, text, sha256, note, status, author, at, decided_by, decided_at, why`

// AddDraft adds a draft after the newest, which must be base, and replaces one that waits.
func (s *Store) AddDraft(ctx context.Context, scope access.Scope, base int, d evaluate.Draft) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		newest, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(n), 0) FROM evaluate_draft WHERE org_id = $1 AND test = $2`, string(scope.Org()), d.Test)
		if err != nil {
			return err
		}
		n := int64(0)
		if newest == int64(base) {
			if _, err := s.DB.Exec(ctx, `UPDATE evaluate_draft SET status = 'replaced', decided_by = $3, decided_at = $4 WHERE org_id = $1 AND test = $2 AND status = 'waiting'`,
				string(scope.Org()), d.Test, d.Author, d.At.UnixMicro()); err != nil {
				return err
			}
			// Two writers may have read the same base: the primary key lets one of them in.
			n, err = s.DB.Exec(ctx, `INSERT INTO evaluate_draft (org_id, `+draftColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', NULL, '')
				ON CONFLICT (org_id, test, n) DO NOTHING`,
				string(scope.Org()), d.Test, base+1, d.Version, d.Text, d.SHA256, d.Note, string(evaluate.Waiting), d.Author, d.At.UnixMicro())
		}
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "another version of %s was proposed meanwhile", d.Test)
		}
		return err
	})
}

// Decide decides once.
func (s *Store) Decide(ctx context.Context, scope access.Scope, test string, n int, to evaluate.DraftStatus, by string, at time.Time, why string) error {
	done, err := s.DB.Exec(ctx, `UPDATE evaluate_draft SET status = $4, decided_by = $5, decided_at = $6, why = $7 WHERE org_id = $1 AND test = $2 AND n = $3 AND status = 'waiting'`,
		string(scope.Org()), test, n, string(to), by, at.UnixMicro(), why)
	return once(done, err)
}

// Drafts lists drafts, newest first.
func (s *Store) Drafts(ctx context.Context, scope access.ReadScope, test string, status evaluate.DraftStatus) ([]evaluate.Draft, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(test != "", `test = ?`, test)
	w.AddIf(status != "", `status = ?`, string(status))
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (evaluate.Draft, error) {
		var d evaluate.Draft
		var at int64
		var decided *int64
		err := r.Scan(&d.Test, &d.N, &d.Version, &d.Text, &d.SHA256, &d.Note, &d.Status, &d.Author, &at, &d.By, &decided, &d.Why)
		d.At, d.Decided = sqldb.Time(at), sqldb.TimePtr(decided)
		return d, err
	}, `SELECT `+draftColumns+` FROM evaluate_draft WHERE `+w.SQL()+` ORDER BY at DESC, n DESC, test`, w.Args()...)
}

// SecondPerson reads the rule; without one a second person is wanted.
func (s *Store) SecondPerson(ctx context.Context, scope access.ReadScope) (bool, error) {
	n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM evaluate_rule WHERE org_id = $1 AND NOT second_person`, string(scope.Org()))
	return n == 0, err
}

// SetSecondPerson sets the rule.
func (s *Store) SetSecondPerson(ctx context.Context, scope access.Scope, want bool, at time.Time) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO evaluate_rule (org_id, second_person, set_by, set_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id) DO UPDATE SET second_person = excluded.second_person, set_by = excluded.set_by, set_at = excluded.set_at`,
		string(scope.Org()), want, scope.Actor(), at.UnixMicro())
	return err
}
