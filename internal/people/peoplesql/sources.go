package peoplesql

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Links says which HR record is which person.
func (s *Store) Links(ctx context.Context, scope access.ReadScope) ([]people.Link, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (people.Link, error) {
		var l people.Link
		var gone *int64
		err := r.Scan(&l.Source, &l.Record, &l.Person, &gone)
		l.Gone = sqldb.TimePtr(gone)
		return l, err
	}, `SELECT source, record, person_id, gone_at FROM people_link WHERE org_id = $1 ORDER BY source, record`, string(scope.Org()))
}

// SaveLinks keeps links.
func (s *Store) SaveLinks(ctx context.Context, scope access.Scope, links []people.Link) error {
	rows := make([][]any, len(links))
	for i, l := range links {
		rows[i] = []any{string(scope.Org()), l.Source, l.Record, string(l.Person), sqldb.MicrosPtr(l.Gone)}
	}
	_, err := bulk(ctx, s.DB, `INSERT INTO people_link (org_id, source, record, person_id, gone_at)`,
		`ON CONFLICT (org_id, source, record) DO UPDATE SET person_id = excluded.person_id, gone_at = excluded.gone_at`, rows)
	return err
}

// Accounts lists accounts by system, login and identifier.
func (s *Store) Accounts(ctx context.Context, scope access.ReadScope, f people.AccountFilter) ([]people.Account, error) {
	var w sqldb.Where
	w.Add(`a.org_id = ?`, string(scope.Org()))
	var ids []string
	for _, id := range f.Persons {
		ids = append(ids, string(id))
	}
	w.In(`a.person_id`, ids)
	w.AddIf(f.Source != "", `a.source = ?`, f.Source)
	w.AddIf(f.Orphan, `a.person_id = '' AND a.kind <> 'service' AND lower(a.email) NOT LIKE ? AND lower(a.login) NOT LIKE ?`, people.ServicePrefix+"%", people.ServicePrefix+"%")
	w.AddIf(f.Orphan || f.Open, `a.gone_at IS NULL AND a.status NOT IN ('deprovisioned', 'suspended')`)
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (people.Account, error) {
		var a people.Account
		var created, changed, signed, gone *int64
		var seen int64
		err := r.Scan(&a.System, &a.Source, &a.AccountID, &a.Login, &a.Email, &a.Name, &a.Number, &a.Status, &a.Kind, &a.External, &a.Admin, &created, &changed, &signed, &seen, &gone,
			&a.Person, &a.How, &a.PersonRef, &a.PersonName)
		a.Created, a.Changed, a.SignedIn, a.Gone, a.Seen = sqldb.TimePtr(created), sqldb.TimePtr(changed), sqldb.TimePtr(signed), sqldb.TimePtr(gone), sqldb.Time(seen)
		return a, err
	}, `SELECT a.system, a.source, a.account_id, a.login, a.email, a.name, a.employee, a.status, a.kind, a.external, a.admin, a.created_at, a.changed_at, a.signed_in_at, a.seen_at, a.gone_at,
			a.person_id, a.how, COALESCE(p.ref, ''), COALESCE(p.name, '')
		FROM people_account a LEFT JOIN people_person p ON p.id = a.person_id AND p.org_id = a.org_id
		WHERE `+w.SQL()+` ORDER BY a.system, a.source, lower(a.login), a.account_id`, w.Args()...)
}

// SaveAccounts keeps accounts as they are now.
func (s *Store) SaveAccounts(ctx context.Context, scope access.Scope, all []people.Account) error {
	rows := make([][]any, len(all))
	for i, a := range all {
		rows[i] = []any{
			string(scope.Org()), a.Source, a.AccountID, a.System, a.Login, a.Email, a.Name, a.Number, a.Status, a.Kind, a.External, a.Admin,
			sqldb.MicrosPtr(a.Created), sqldb.MicrosPtr(a.Changed), sqldb.MicrosPtr(a.SignedIn), a.Seen.UnixMicro(), sqldb.MicrosPtr(a.Gone), string(a.Person), a.How,
		}
	}
	_, err := bulk(ctx, s.DB, `INSERT INTO people_account (org_id, source, account_id, system, login, email, name, employee, status, kind, external, admin, created_at, changed_at, signed_in_at, seen_at, gone_at, person_id, how)`,
		`ON CONFLICT (org_id, source, account_id) DO UPDATE SET system = excluded.system, login = excluded.login, email = excluded.email, name = excluded.name, employee = excluded.employee,
			status = excluded.status, kind = excluded.kind, external = excluded.external, admin = excluded.admin, created_at = excluded.created_at, changed_at = excluded.changed_at,
			signed_in_at = excluded.signed_in_at, seen_at = excluded.seen_at, gone_at = excluded.gone_at, person_id = excluded.person_id, how = excluded.how`, rows)
	return err
}

// Doubts lists what stands now.
func (s *Store) Doubts(ctx context.Context, scope access.ReadScope) ([]people.Doubt, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (people.Doubt, error) {
		var d people.Doubt
		var since int64
		err := r.Scan(&d.Kind, &d.Subject, &d.Text, &d.Person, &since)
		d.Since = sqldb.Time(since)
		return d, err
	}, `SELECT kind, subject, text, person_id, since FROM people_doubt WHERE org_id = $1 ORDER BY n`, string(scope.Org()))
}

// SetDoubts replaces what stands.
func (s *Store) SetDoubts(ctx context.Context, scope access.Scope, all []people.Doubt) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `DELETE FROM people_doubt WHERE org_id = $1`, string(scope.Org())); err != nil {
			return err
		}
		rows := make([][]any, len(all))
		for i, d := range all {
			rows[i] = []any{string(scope.Org()), i + 1, string(d.Kind), d.Subject, d.Text, string(d.Person), d.Since.UnixMicro()}
		}
		_, err := bulk(ctx, s.DB, `INSERT INTO people_doubt (org_id, n, kind, subject, text, person_id, since)`, ``, rows)
		return err
	})
}

// Told lists the sources.
func (s *Store) Told(ctx context.Context, scope access.ReadScope) ([]people.Told, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (people.Told, error) {
		var t people.Told
		var at int64
		var kept string
		if err := r.Scan(&t.Source, &t.Resource, &t.System, &t.Evidence, &at, &t.Rows, &kept, &t.Stale); err != nil {
			return t, err
		}
		t.At = sqldb.Time(at)
		return t, errs.As(errs.Internal, json.Unmarshal([]byte(kept), &t.Kept), "fields of %s", t.Source)
	}, `SELECT source, resource, system, evidence, at, rows_n, kept, stale FROM people_told WHERE org_id = $1 ORDER BY CASE WHEN resource = 'worker' THEN 0 ELSE 1 END, source, resource`, string(scope.Org()))
}

// SetTold replaces what the sources told last.
func (s *Store) SetTold(ctx context.Context, scope access.Scope, all []people.Told) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `DELETE FROM people_told WHERE org_id = $1`, string(scope.Org())); err != nil {
			return err
		}
		var rows [][]any
		for _, t := range all {
			kept, err := json.Marshal(append([]string{}, t.Kept...))
			if err != nil {
				return err
			}
			rows = append(rows, []any{string(scope.Org()), t.Source, t.Resource, t.System, t.Evidence, t.At.UnixMicro(), t.Rows, string(kept), t.Stale})
		}
		_, err := bulk(ctx, s.DB, `INSERT INTO people_told (org_id, source, resource, system, evidence, at, rows_n, kept, stale)`, ``, rows)
		return err
	})
}
