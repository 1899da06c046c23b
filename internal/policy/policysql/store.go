// Package policysql keeps policies in the records database.
package policysql

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/policy"
)

// Store implements policy.Store.
type Store struct{ DB *sqldb.DB }

const (
	policyColumns = `p.id, p.ref, p.slug, p.owner, p.months, p.standing, p.newest, p.in_force, p.open_n, p.due_day, p.reviewed_at, p.reviewed_by, p.contacts_at, p.retired_at, p.version,
		p.created_at, p.created_by, p.updated_at, coalesce(o.state, '')`
	versionColumns = `v.n, v.title, v.summary, v.controls, v.criteria, v.audience, v.state, v.edit, v.authors, v.note, v.sha256, v.began_at, v.saved_at, v.saved_by, v.sent_at, v.sent_by,
		v.decided_at, v.decided_by, v.ended_at, v.ended_by, v.why`
	from = ` FROM policy_policy p JOIN policy_version v ON v.policy_id = p.id AND v.n = p.shown LEFT JOIN policy_version o ON o.policy_id = p.id AND o.n = p.open_n `
)

// versionRow is where a version's columns are read to.
type versionRow struct {
	v                                    policy.Version
	controls, criteria, audience, author string
	began, saved                         int64
	sent, decided, ended                 *int64
}

func (x *versionRow) into() []any {
	v := &x.v
	return []any{&v.N, &v.Title, &v.Summary, &x.controls, &x.criteria, &x.audience, &v.State, &v.Edit, &x.author, &v.Note, &v.SHA256, &x.began, &x.saved, &v.SavedBy, &x.sent, &v.SentBy,
		&x.decided, &v.DecidedBy, &x.ended, &v.EndedBy, &v.Why}
}

func (x *versionRow) version() (policy.Version, error) {
	v := x.v
	v.Began, v.Saved, v.Sent, v.Decided, v.Ended = sqldb.Time(x.began), sqldb.Time(x.saved), sqldb.TimePtr(x.sent), sqldb.TimePtr(x.decided), sqldb.TimePtr(x.ended)
	for _, l := range []struct {
		text string
		to   *[]string
	}{{x.controls, &v.Controls}, {x.criteria, &v.Criteria}, {x.audience, &v.Audience}, {x.author, &v.Authors}} {
		if err := json.Unmarshal([]byte(l.text), l.to); err != nil {
			return v, errs.As(errs.Internal, err, "version %d of a policy", v.N)
		}
	}
	return v, nil
}

func scanPolicy(body bool) func(sqldb.Row) (policy.Policy, error) {
	return func(r sqldb.Row) (policy.Policy, error) {
		var p policy.Policy
		var x versionRow
		var created, updated int64
		var reviewed, contacts, retired *int64
		into := append([]any{&p.ID, &p.Ref, &p.Slug, &p.Owner, &p.Months, &p.Standing, &p.Newest, &p.InForce, &p.Open, &p.Due, &reviewed, &p.ReviewedBy, &contacts, &retired, &p.Version,
			&created, &p.CreatedBy, &updated, &p.OpenState}, x.into()...)
		if body {
			into = append(into, &x.v.Body)
		}
		err := r.Scan(into...)
		if err != nil {
			return p, err
		}
		p.Created, p.Updated, p.Reviewed, p.Contacts, p.Retired = sqldb.Time(created), sqldb.Time(updated), sqldb.TimePtr(reviewed), sqldb.TimePtr(contacts), sqldb.TimePtr(retired)
		p.Shown, err = x.version()
		return p, err
	}
}

func scanVersion(r sqldb.Row) (policy.Version, error) {
	var x versionRow
	if err := r.Scan(append(x.into(), &x.v.Body)...); err != nil {
		return x.v, err
	}
	return x.version()
}

// Add inserts a policy with the next number and its first version.
func (s *Store) Add(ctx context.Context, scope access.Scope, p policy.Policy, v policy.Version) (policy.Policy, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		var number int
		if err := s.DB.QueryRow(ctx, []any{&number}, `INSERT INTO policy_counter (org_id, n) VALUES ($1, 1)
			ON CONFLICT (org_id) DO UPDATE SET n = policy_counter.n + 1 RETURNING n`, string(scope.Org())); err != nil {
			return err
		}
		p.Ref = fmt.Sprintf("POL-%02d", number)
		// ON CONFLICT instead of an error, so that PostgreSQL lets the caller's transaction go on.
		n, err := s.DB.Exec(ctx, `INSERT INTO policy_policy (id, org_id, ref, number, slug, owner, months, standing, newest, in_force, open_n, shown, due_day, reviewed_at, reviewed_by, contacts_at, retired_at, version,
			created_at, created_by, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) ON CONFLICT DO NOTHING`,
			string(p.ID), string(scope.Org()), p.Ref, number, p.Slug, string(p.Owner), p.Months, string(p.Standing), p.Newest, p.InForce, p.Open, p.Shown.N, int64(p.Due), sqldb.MicrosPtr(p.Reviewed), p.ReviewedBy,
			sqldb.MicrosPtr(p.Contacts), sqldb.MicrosPtr(p.Retired), p.Version, p.Created.UnixMicro(), p.CreatedBy, p.Updated.UnixMicro())
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "there is a policy %s already", p.Slug)
		}
		return s.AddVersion(ctx, scope, p.ID, v)
	})
	return p, err
}

// Save keeps the record of a policy.
func (s *Store) Save(ctx context.Context, scope access.Scope, p policy.Policy, base int) error {
	n, err := s.DB.Exec(ctx, `UPDATE policy_policy SET owner = $4, months = $5, standing = $6, newest = $7, in_force = $8, open_n = $9, shown = $10, due_day = $11, reviewed_at = $12, reviewed_by = $13,
		contacts_at = $14, retired_at = $15, version = $16, updated_at = $17 WHERE org_id = $1 AND id = $2 AND version = $3`,
		string(scope.Org()), string(p.ID), base, string(p.Owner), p.Months, string(p.Standing), p.Newest, p.InForce, p.Open, p.Shown.N, int64(p.Due), sqldb.MicrosPtr(p.Reviewed), p.ReviewedBy,
		sqldb.MicrosPtr(p.Contacts), sqldb.MicrosPtr(p.Retired), p.Version, p.Updated.UnixMicro())
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", p.Ref).WithHint("Look at what it says now, and try again.")
	}
	return err
}

// lists are the lists of a version as they are kept.
func lists(v policy.Version) ([]any, error) {
	var out []any
	for _, l := range [][]string{v.Controls, v.Criteria, v.Audience, v.Authors} {
		if l == nil {
			l = []string{}
		}
		b, err := json.Marshal(l)
		if err != nil {
			return nil, errs.As(errs.Internal, err, "version %d of a policy", v.N)
		}
		out = append(out, string(b))
	}
	return out, nil
}

// own holds a write to policies of the organisation.
const own = `EXISTS (SELECT 1 FROM policy_policy p WHERE p.id = $2 AND p.org_id = $1)`

// AddVersion inserts a version.
func (s *Store) AddVersion(ctx context.Context, scope access.Scope, id policy.ID, v policy.Version) error {
	l, err := lists(v)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO policy_version (policy_id, n, title, summary, body, controls, criteria, audience, authors, state, edit, note, sha256, began_at, saved_at, saved_by, sent_by, decided_by, ended_by, why)
		SELECT CAST($2 AS TEXT), CAST($3 AS INTEGER), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS TEXT), CAST($10 AS TEXT), CAST($11 AS TEXT), CAST($12 AS INTEGER),
		CAST($13 AS TEXT), CAST($14 AS TEXT), CAST($15 AS BIGINT), CAST($16 AS BIGINT), CAST($17 AS TEXT), '', '', '', '' WHERE `+own+` ON CONFLICT DO NOTHING`,
		string(scope.Org()), string(id), v.N, v.Title, v.Summary, v.Body, l[0], l[1], l[2], l[3], string(v.State), v.Edit, v.Note, v.SHA256, v.Began.UnixMicro(), v.Saved.UnixMicro(), v.SavedBy)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "there is a version %d already", v.N).WithHint("Look at what it says now, and try again.")
	}
	return err
}

// SaveVersion keeps a version.
func (s *Store) SaveVersion(ctx context.Context, scope access.Scope, id policy.ID, v policy.Version, base int) error {
	l, err := lists(v)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE policy_version SET title = $5, summary = $6, body = $7, controls = $8, criteria = $9, audience = $10, authors = $11, state = $12, edit = $13, note = $14, sha256 = $15, saved_at = $16,
		saved_by = $17, sent_at = $18, sent_by = $19, decided_at = $20, decided_by = $21, ended_at = $22, ended_by = $23, why = $24 WHERE policy_id = $2 AND n = $3 AND edit = $4 AND `+own,
		string(scope.Org()), string(id), v.N, base, v.Title, v.Summary, v.Body, l[0], l[1], l[2], l[3], string(v.State), v.Edit, v.Note, v.SHA256, v.Saved.UnixMicro(), v.SavedBy, sqldb.MicrosPtr(v.Sent), v.SentBy,
		sqldb.MicrosPtr(v.Decided), v.DecidedBy, sqldb.MicrosPtr(v.Ended), v.EndedBy, v.Why)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "version %d was changed meanwhile", v.N)
	}
	return err
}

// Note adds an event.
func (s *Store) Note(ctx context.Context, scope access.Scope, id policy.ID, e policy.Event) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO policy_event (policy_id, n, at, actor, kind, version, text)
		SELECT CAST($2 AS TEXT), (SELECT COALESCE(max(x.n), 0) + 1 FROM policy_event x WHERE x.policy_id = $2), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS INTEGER), CAST($7 AS TEXT) WHERE `+own,
		string(scope.Org()), string(id), e.At.UnixMicro(), e.Actor, string(e.Kind), e.Version, e.Text)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "no policy %s", id)
	}
	return err
}

// Policy reads a policy by identifier, reference or slug.
func (s *Store) Policy(ctx context.Context, scope access.ReadScope, which string) (policy.Policy, error) {
	p, err := sqldb.One(ctx, s.DB, scanPolicy(true), `SELECT `+policyColumns+`, `+versionColumns+`, v.body`+from+`WHERE p.org_id = $1 AND (p.id = $2 OR p.ref = $2 OR p.slug = $2)`, string(scope.Org()), which)
	if errs.Is(err, errs.NotFound) {
		return p, errs.New(errs.NotFound, "no policy %s", which).WithHint("Look at the list of policies, or: tickmark policy list")
	}
	return p, err
}

var sorts = map[string]string{
	"ref": "p.number", "title": "lower(v.title)", "standing": "p.standing", "due": "CASE WHEN p.due_day = 0 THEN 1 ELSE 0 END, p.due_day", "approved": "COALESCE(v.decided_at, 0)", "version": "v.n", "updated": "p.updated_at",
}

func where(scope access.ReadScope, f policy.Filter, search string) *sqldb.Where {
	var w sqldb.Where
	w.Add(`p.org_id = ?`, string(scope.Org()))
	w.AddIf(f.Standing != "", `p.standing = ?`, string(f.Standing))
	w.AddIf(f.Published, `p.in_force > 0`)
	w.AddIf(f.Waiting, `o.state = 'review'`)
	w.AddIf(f.Owner != "", `p.owner = ?`, string(f.Owner))
	w.AddIf(f.Control != "", `v.controls LIKE ? ESCAPE '!'`, sqldb.Like(`"`+f.Control+`"`))
	w.AddIf(f.Overdue != 0, `p.in_force > 0 AND p.due_day <> 0 AND p.due_day < ?`, int64(f.Overdue))
	w.In(`p.ref`, f.Refs)
	if search != "" {
		text := sqldb.LikeLower(search)
		w.Add(`(lower(p.ref) LIKE ? ESCAPE '!' OR lower(v.title) LIKE ? ESCAPE '!' OR lower(v.summary) LIKE ? ESCAPE '!' OR lower(v.body) LIKE ? ESCAPE '!' OR lower(v.controls) LIKE ? ESCAPE '!')`, text, text, text, text, text)
	}
	return &w
}

// Policies lists policies without bodies.
func (s *Store) Policies(ctx context.Context, scope access.ReadScope, f policy.Filter, q paging.Query) (paging.Result[policy.Policy], error) {
	q = q.Norm()
	w := where(scope, f, q.Search)
	res := paging.Result[policy.Policy]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*)`+from+`WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, "p.number", "p.number")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanPolicy(false), `SELECT `+policyColumns+`, `+versionColumns+from+`WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Counts counts policies by standing, those that wait and those that are overdue.
func (s *Store) Counts(ctx context.Context, scope access.ReadScope, today period.Date) (map[string]int, error) {
	out := map[string]int{}
	type one struct {
		standing              string
		all, waiting, overdue int
	}
	rows, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (one, error) {
		var x one
		err := r.Scan(&x.standing, &x.all, &x.waiting, &x.overdue)
		return x, err
	}, `SELECT p.standing, count(*), sum(CASE WHEN o.state = 'review' THEN 1 ELSE 0 END), sum(CASE WHEN p.in_force > 0 AND p.due_day <> 0 AND p.due_day < $2 THEN 1 ELSE 0 END)`+from+`WHERE p.org_id = $1 GROUP BY p.standing`,
		string(scope.Org()), int64(today))
	for _, x := range rows {
		out[x.standing] += x.all
		out["waiting"] += x.waiting
		out["overdue"] += x.overdue
	}
	return out, err
}

// Texts lists all policies with their bodies.
func (s *Store) Texts(ctx context.Context, scope access.ReadScope) ([]policy.Policy, error) {
	return sqldb.Collect(ctx, s.DB, scanPolicy(true), `SELECT `+policyColumns+`, `+versionColumns+`, v.body`+from+`WHERE p.org_id = $1 ORDER BY p.number`, string(scope.Org()))
}

// Versions lists all versions of a policy, newest first.
func (s *Store) Versions(ctx context.Context, scope access.ReadScope, id policy.ID) ([]policy.Version, error) {
	return sqldb.Collect(ctx, s.DB, scanVersion, `SELECT `+versionColumns+`, v.body FROM policy_version v JOIN policy_policy p ON p.id = v.policy_id WHERE p.org_id = $1 AND p.id = $2 ORDER BY v.n DESC`,
		string(scope.Org()), string(id))
}

// History lists everything that happened to a policy, oldest first.
func (s *Store) History(ctx context.Context, scope access.ReadScope, id policy.ID) ([]policy.Event, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (policy.Event, error) {
		var e policy.Event
		var at int64
		err := r.Scan(&e.N, &at, &e.Actor, &e.Kind, &e.Version, &e.Text)
		e.At = sqldb.Time(at)
		return e, err
	}, `SELECT e.n, e.at, e.actor, e.kind, e.version, e.text FROM policy_event e JOIN policy_policy p ON p.id = e.policy_id WHERE p.org_id = $1 AND p.id = $2 ORDER BY e.n`, string(scope.Org()), string(id))
}
