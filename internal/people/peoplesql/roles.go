package peoplesql

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

var _ people.Roles = (*Store)(nil)

// holders counts who works here with one of the role's titles. titles is a JSON array, whose quotes mark where a title ends.
const holders = `(SELECT count(*) FROM people_person p WHERE p.org_id = o.org_id AND ` + working + ` AND p.title <> ''
	AND (lower(p.title) = lower(o.title) OR lower(o.titles) LIKE '%"' || lower(p.title) || '"%'))`

const roleColumns = `o.id, o.ref, o.title, o.titles, o.duties, o.competence, o.authority, o.owner, o.reviewed_day, o.reviewed_by, o.version, o.created_at, o.updated_at, ` + holders + ` AS holders`

func scanRole(r sqldb.Row) (people.Role, error) {
	var x people.Role
	var titles string
	var created, updated int64
	if err := r.Scan(&x.ID, &x.Ref, &x.Title, &titles, &x.Duties, &x.Competence, &x.Authority, &x.Owner, &x.ReviewedOn, &x.ReviewedBy, &x.Version, &created, &updated, &x.People); err != nil {
		return x, err
	}
	x.Created, x.Updated = sqldb.Time(created), sqldb.Time(updated)
	return x, errs.As(errs.Internal, json.Unmarshal([]byte(titles), &x.Titles), "titles of %s", x.Ref)
}

func titlesOf(r people.Role) (string, error) {
	b, err := json.Marshal(append([]string{}, r.Titles...))
	return string(b), err
}

// AddRoles inserts roles with the next numbers.
func (s *Store) AddRoles(ctx context.Context, scope access.Scope, all []people.Role) ([]people.Role, error) {
	org := string(scope.Org())
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.numbers(ctx, org, "role", len(all))
		if err != nil {
			return err
		}
		rows := make([][]any, len(all))
		for i, r := range all {
			n++
			all[i].Ref = fmt.Sprintf("RO-%03d", n)
			titles, err := titlesOf(r)
			if err != nil {
				return err
			}
			rows[i] = []any{string(r.ID), org, all[i].Ref, n, r.Title, titles, r.Duties, r.Competence, r.Authority, r.Owner, day(r.ReviewedOn), r.ReviewedBy, r.Version, r.Created.UnixMicro(), r.Updated.UnixMicro()}
		}
		_, err = bulk(ctx, s.DB, `INSERT INTO people_role (id, org_id, ref, number, title, titles, duties, competence, authority, owner, reviewed_day, reviewed_by, version, created_at, updated_at)`, ``, rows)
		return err
	})
	return all, err
}

// SaveRole moves a role forward from base.
func (s *Store) SaveRole(ctx context.Context, scope access.Scope, r people.Role, base int) error {
	titles, err := titlesOf(r)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE people_role SET title = $4, titles = $5, duties = $6, competence = $7, authority = $8, owner = $9, reviewed_day = $10, reviewed_by = $11, version = $12, updated_at = $13
		WHERE org_id = $1 AND id = $2 AND version = $3`,
		string(scope.Org()), string(r.ID), base, r.Title, titles, r.Duties, r.Competence, r.Authority, r.Owner, day(r.ReviewedOn), r.ReviewedBy, r.Version, r.Updated.UnixMicro())
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", r.Ref).WithHint("Look at it again.")
	}
	return err
}

// Role reads a role by identifier or reference.
func (s *Store) Role(ctx context.Context, scope access.ReadScope, idOrRef string) (people.Role, error) {
	r, err := sqldb.One(ctx, s.DB, scanRole, `SELECT `+roleColumns+` FROM people_role o WHERE o.org_id = $1 AND (o.id = $2 OR o.ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return r, errs.New(errs.NotFound, "no role %s", idOrRef)
	}
	return r, err
}

var roleSorts = map[string]string{"ref": "o.number", "title": "lower(o.title)", "reviewed": "o.reviewed_day", "people": "holders"}

// Roles lists roles, by title unless sorted.
func (s *Store) Roles(ctx context.Context, scope access.ReadScope, q paging.Query) (paging.Result[people.Role], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`o.org_id = ?`, string(scope.Org()))
	if q.Search != "" {
		like := sqldb.LikeLower(q.Search)
		w.Add(`(lower(o.ref) LIKE ? ESCAPE '!' OR lower(o.title) LIKE ? ESCAPE '!' OR lower(o.titles) LIKE ? ESCAPE '!' OR lower(o.duties) LIKE ? ESCAPE '!')`, like, like, like, like)
	}
	res := paging.Result[people.Role]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM people_role o WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanRole, `SELECT `+roleColumns+` FROM people_role o WHERE `+w.SQL()+sqldb.OrderBy(roleSorts, q.Sort, q.Desc, "lower(o.title), o.number", "o.number")+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}
