// Package changesql keeps changes that people are told of in the records database.
package changesql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements change.Store.
type Store struct{ DB *sqldb.DB }

func text(c change.Change) (string, error) {
	b, err := json.Marshal(c)
	return string(b), errs.As(errs.Internal, err, "%s", c.Ref)
}

func words(c change.Change) string {
	return strings.ToLower(strings.Join([]string{c.Ref, c.Title, c.Text.Text, c.Impact, strings.Join(c.Services, " "), strings.Join(c.Components, " ")}, "\n"))
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// Add inserts a change with the next number of the year of its planned day.
func (s *Store) Add(ctx context.Context, scope access.Scope, c change.Change, v change.Version) (change.Change, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		year := c.Effective.Time().Year()
		var n int
		if err := s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO change_counter (org_id, year, n) VALUES ($1, $2, 1)
			ON CONFLICT (org_id, year) DO UPDATE SET n = change_counter.n + 1 RETURNING n`, string(scope.Org()), year); err != nil {
			return err
		}
		c.Ref = fmt.Sprintf("SC-%d-%02d", year, n)
		body, err := text(c)
		if err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO change_change (org_id, id, ref, title, words, state, significant, customer, told, late, effective_day, version, updated_at, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			string(scope.Org()), string(c.ID), c.Ref, c.Title, words(c), string(c.State()), c.Significance(), number(c.Customer), c.Told(), number(len(c.Late()) > 0), int64(c.Effective),
			c.Version, c.Updated.UnixMicro(), body); err != nil {
			return err
		}
		return s.version(ctx, c.ID, v, body)
	})
	return c, err
}

func (s *Store) version(ctx context.Context, id change.ID, v change.Version, body string) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO change_version (change_id, n, at, actor, act, note, body) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		string(id), v.N, v.At.UnixMicro(), v.Actor, string(v.Act), v.Note, body)
	return err
}

// Save moves a change forward from base.
func (s *Store) Save(ctx context.Context, scope access.Scope, c change.Change, base int, v change.Version) error {
	body, err := text(c)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE change_change SET title = $4, words = $5, state = $6, significant = $7, customer = $8, told = $9, late = $10, effective_day = $11,
			version = $12, updated_at = $13, body = $14 WHERE org_id = $1 AND id = $2 AND version = $3`,
			string(scope.Org()), string(c.ID), base, c.Title, words(c), string(c.State()), c.Significance(), number(c.Customer), c.Told(), number(len(c.Late()) > 0), int64(c.Effective),
			c.Version, c.Updated.UnixMicro(), body)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "%s was changed meanwhile", c.Ref)
		}
		return s.version(ctx, c.ID, v, body)
	})
}

func scan(row sqldb.Row) (change.Change, error) {
	var c change.Change
	body, err := sqldb.Strings(row)
	if err != nil {
		return c, err
	}
	return c, errs.As(errs.Internal, json.Unmarshal([]byte(body), &c), "a change as it is kept")
}

// Change reads one by identifier or reference.
func (s *Store) Change(ctx context.Context, scope access.ReadScope, idOrRef string) (change.Change, error) {
	c, err := sqldb.One(ctx, s.DB, scan, `SELECT body FROM change_change WHERE org_id = $1 AND (id = $2 OR ref = $3)`, string(scope.Org()), idOrRef, strings.ToUpper(idOrRef))
	if errs.Is(err, errs.NotFound) {
		return c, errs.New(errs.NotFound, "no significant change %s", idOrRef).WithHint("tickmark change list")
	}
	return c, err
}

var sorts = map[string]string{"ref": "ref", "title": "lower(title)", "effective": "effective_day", "significant": "significant", "told": "told", "updated": "updated_at"}

// Changes lists changes: the latest first.
func (s *Store) Changes(ctx context.Context, scope access.ReadScope, f change.Filter, q paging.Query) (paging.Result[change.Change], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.State != "", `state = ?`, string(f.State))
	w.AddIf(f.Significant == "undecided", `significant = '' AND state <> 'withdrawn'`)
	w.AddIf(f.Significant != "" && f.Significant != "undecided", `significant = ?`, f.Significant)
	w.AddIf(f.Customer, `customer = 1`)
	w.AddIf(f.Told == "late", `late = 1`)
	w.AddIf(f.Told != "" && f.Told != "late", `told = ?`, f.Told)
	w.AddIf(f.Service != "", `words LIKE ? ESCAPE '!'`, sqldb.LikeLower(f.Service))
	w.AddIf(f.Within.Days() > 0, `effective_day >= ? AND effective_day < ?`, int64(f.Within.From), int64(f.Within.To))
	w.AddIf(q.Search != "", `words LIKE ? ESCAPE '!'`, sqldb.LikeLower(q.Search))
	res := paging.Result[change.Change]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM change_change WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, `effective_day DESC, ref DESC`, "ref")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scan, `SELECT body FROM change_change WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Versions lists every version of a change, the newest first.
func (s *Store) Versions(ctx context.Context, scope access.ReadScope, id change.ID) ([]change.Version, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (change.Version, error) {
		var v change.Version
		var at int64
		var body string
		if err := r.Scan(&v.N, &at, &v.Actor, &v.Act, &v.Note, &body); err != nil {
			return v, err
		}
		v.At = sqldb.Time(at)
		return v, errs.As(errs.Internal, json.Unmarshal([]byte(body), &v.Change), "a version of a change")
	}, `SELECT v.n, v.at, v.actor, v.act, v.note, v.body FROM change_version v JOIN change_change c ON c.id = v.change_id WHERE c.org_id = $1 AND v.change_id = $2 ORDER BY v.n DESC`,
		string(scope.Org()), string(id))
}
