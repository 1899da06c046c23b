// Package frameworksql keeps imported frameworks and their mappings in the records database.
package frameworksql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/framework"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements framework.Store and framework.Mappings.
type Store struct{ DB *sqldb.DB }

const columns = `id, ref, title, edition, published, oscal, uuid, sha256, file, bytes, revision, by_actor, at, removed_at`

func scan(r sqldb.Row) (framework.Framework, error) {
	var f framework.Framework
	var at int64
	var removed *int64
	err := r.Scan(&f.ID, &f.Ref, &f.Title, &f.Edition, &f.Published, &f.OSCAL, &f.UUID, &f.SHA256, &f.File, &f.Bytes, &f.Number, &f.By, &at, &removed)
	f.At, f.Removed = sqldb.Time(at), sqldb.TimePtr(removed)
	return f, err
}

// Add keeps a framework with the next number, still without a revision.
func (s *Store) Add(ctx context.Context, scope access.Scope, f framework.Framework) (framework.Framework, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		var n int
		if err := s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO framework_counter (org_id, n) VALUES ($1, 1)
			ON CONFLICT (org_id) DO UPDATE SET n = framework_counter.n + 1 RETURNING n`, string(scope.Org())); err != nil {
			return err
		}
		f.Ref = fmt.Sprintf("FW-%d", n)
		_, err := s.DB.Exec(ctx, `INSERT INTO framework_framework (id, org_id, ref, number, title, edition, published, oscal, uuid, sha256, file, bytes, revision, by_actor, at, removed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			string(f.ID), string(scope.Org()), f.Ref, n, f.Title, f.Edition, f.Published, f.OSCAL, f.UUID, f.SHA256, f.File, f.Bytes, f.Number, f.By, f.At.UnixMicro(), sqldb.MicrosPtr(f.Removed))
		return err
	})
	return f, errs.Wrap(err, "keep framework")
}

// Put writes a revision and what it holds.
func (s *Store) Put(ctx context.Context, scope access.Scope, f framework.Framework, r framework.Revision, families []framework.Family, requirements []framework.Kept) error {
	changes, err := json.Marshal(r.Changes)
	if err != nil {
		return errs.As(errs.Internal, err, "changes of %s", f.Ref)
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE framework_framework SET title = $3, edition = $4, published = $5, oscal = $6, uuid = $7, sha256 = $8, file = $9, bytes = $10, revision = $11, by_actor = $12, at = $13
			WHERE org_id = $1 AND id = $2 AND revision = $14 AND removed_at IS NULL`,
			string(scope.Org()), string(f.ID), f.Title, f.Edition, f.Published, f.OSCAL, f.UUID, f.SHA256, f.File, f.Bytes, f.Number, f.By, f.At.UnixMicro(), f.Number-1)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "%s was changed meanwhile", f.Ref).WithHint("Look at it again.")
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO framework_revision (framework_id, n, edition, oscal, uuid, sha256, file, bytes, by_actor, at, changes, requirements, seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			string(f.ID), r.Number, r.Edition, r.OSCAL, r.UUID, r.SHA256, r.File, r.Bytes, r.By, r.At.UnixMicro(), string(changes), r.Total, r.Seq); err != nil {
			return err
		}
		for _, table := range []string{"framework_family", "framework_requirement"} {
			if _, err := s.DB.Exec(ctx, `DELETE FROM `+table+` WHERE framework_id = $1`, string(f.ID)); err != nil {
				return err
			}
		}
		for i, x := range families {
			if _, err := s.DB.Exec(ctx, `INSERT INTO framework_family (framework_id, n, code, title) VALUES ($1, $2, $3, $4)`, string(f.ID), i+1, x.ID, x.Title); err != nil {
				return err
			}
		}
		for _, k := range requirements {
			if err := s.requirement(ctx, f.ID, k); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) requirement(ctx context.Context, id framework.ID, k framework.Kept) error {
	words := strings.ToLower(k.Code + " " + k.Label + " " + k.Title + " " + k.Statement)
	_, err := s.DB.Exec(ctx, `INSERT INTO framework_requirement (framework_id, n, code, label, title, statement, words, family, parent, withdrawn, became, gone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		string(id), k.N, k.Code, k.Label, k.Title, k.Statement, words, k.Family, k.Parent, flag(k.Withdrawn), strings.Join(k.Became, " "), k.Gone)
	return err
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// Remove takes a framework out of the lists.
func (s *Store) Remove(ctx context.Context, scope access.Scope, id framework.ID, at time.Time) error {
	n, err := s.DB.Exec(ctx, `UPDATE framework_framework SET removed_at = $3 WHERE org_id = $1 AND id = $2 AND removed_at IS NULL`, string(scope.Org()), string(id), at.UnixMicro())
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "no such framework")
	}
	return err
}

// Frameworks lists those in use, in the order in which they came.
func (s *Store) Frameworks(ctx context.Context, scope access.ReadScope) ([]framework.Framework, error) {
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+` FROM framework_framework WHERE org_id = $1 AND removed_at IS NULL ORDER BY number`, string(scope.Org()))
}

// Framework reads one that is in use.
func (s *Store) Framework(ctx context.Context, scope access.ReadScope, ref string) (framework.Framework, error) {
	f, err := sqldb.One(ctx, s.DB, scan, `SELECT `+columns+` FROM framework_framework WHERE org_id = $1 AND ref = $2 AND removed_at IS NULL`, string(scope.Org()), strings.ToUpper(ref))
	if errs.Is(err, errs.NotFound) {
		return f, errs.New(errs.NotFound, "no imported framework %s", ref).WithHint("The page of frameworks has all there are.")
	}
	return f, err
}

// own is what a statement asks so that it reads nothing of another organisation.
const own = ` framework_id = $1 AND EXISTS (SELECT 1 FROM framework_framework f WHERE f.id = framework_id AND f.org_id = $2) `

// Families lists the families in the order of the catalog.
func (s *Store) Families(ctx context.Context, scope access.ReadScope, id framework.ID) ([]framework.Family, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (framework.Family, error) {
		var f framework.Family
		return f, r.Scan(&f.ID, &f.Title)
	}, `SELECT code, title FROM framework_family WHERE`+own+`ORDER BY n`, string(id), string(scope.Org()))
}

const requirementColumns = `n, code, label, title, statement, family, parent, withdrawn, became, gone`

func scanKept(r sqldb.Row) (framework.Kept, error) {
	var k framework.Kept
	var withdrawn int
	var became string
	err := r.Scan(&k.N, &k.Code, &k.Label, &k.Title, &k.Statement, &k.Family, &k.Parent, &withdrawn, &became, &k.Gone)
	k.Withdrawn, k.Became = withdrawn == 1, strings.Fields(became)
	return k, err
}

// All reads every requirement with its mappings.
func (s *Store) All(ctx context.Context, scope access.ReadScope, id framework.ID) ([]framework.Kept, error) {
	all, err := sqldb.Collect(ctx, s.DB, scanKept, `SELECT `+requirementColumns+` FROM framework_requirement WHERE`+own+`ORDER BY n`, string(id), string(scope.Org()))
	if err != nil {
		return nil, err
	}
	return all, s.mapped(ctx, scope, id, all)
}

// mapped fills in the mappings of requirements.
func (s *Store) mapped(ctx context.Context, scope access.ReadScope, id framework.ID, all []framework.Kept) error {
	list, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (framework.Mapping, error) {
		var m framework.Mapping
		var at int64
		err := r.Scan(&m.Code, &m.Control, &m.Source, &m.By, &at)
		m.At = sqldb.Time(at)
		return m, err
	}, `SELECT code, control, source, by_actor, at FROM framework_mapping WHERE`+own+`ORDER BY control`, string(id), string(scope.Org()))
	if err != nil {
		return err
	}
	by := map[string][]framework.Mapping{}
	for _, m := range list {
		by[m.Code] = append(by[m.Code], m)
	}
	for i := range all {
		all[i].Mapped = by[all[i].Code]
	}
	return nil
}

// Revisions lists the imports, the newest first.
func (s *Store) Revisions(ctx context.Context, scope access.ReadScope, id framework.ID) ([]framework.Revision, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (framework.Revision, error) {
		var x framework.Revision
		var at int64
		var changes string
		if err := r.Scan(&x.Number, &x.Edition, &x.OSCAL, &x.UUID, &x.SHA256, &x.File, &x.Bytes, &x.By, &at, &changes, &x.Total, &x.Seq); err != nil {
			return x, err
		}
		x.At = sqldb.Time(at)
		return x, errs.As(errs.Internal, json.Unmarshal([]byte(changes), &x.Changes), "changes of a framework")
	}, `SELECT n, edition, oscal, uuid, sha256, file, bytes, by_actor, at, changes, requirements, seq FROM framework_revision WHERE`+own+`ORDER BY n DESC`, string(id), string(scope.Org()))
}

// Map adds a mapping.
func (s *Store) Map(ctx context.Context, scope access.Scope, id framework.ID, m framework.Mapping) (bool, error) {
	n, err := s.DB.Exec(ctx, `INSERT INTO framework_mapping (framework_id, code, control, source, by_actor, at)
		SELECT id, $3, $4, $5, $6, $7 FROM framework_framework WHERE id = $1 AND org_id = $2 ON CONFLICT DO NOTHING`,
		string(id), string(scope.Org()), m.Code, m.Control, string(m.Source), m.By, m.At.UnixMicro())
	return n > 0, errs.Wrap(err, "map %s", m.Code)
}

// Unmap takes a mapping away.
func (s *Store) Unmap(ctx context.Context, scope access.Scope, id framework.ID, code, control string) (bool, error) {
	n, err := s.DB.Exec(ctx, `DELETE FROM framework_mapping WHERE`+own+`AND code = $3 AND control = $4`, string(id), string(scope.Org()), code, control)
	return n > 0, err
}

var sorts = map[string]string{"code": "n", "title": "lower(title)", "controls": "(SELECT count(*) FROM framework_mapping m WHERE m.framework_id = q.framework_id AND m.code = q.code)"}

// Requirements lists requirements page by page.
func (s *Store) Requirements(ctx context.Context, scope access.ReadScope, id framework.ID, f framework.Filter, q paging.Query) (paging.Result[framework.Kept], error) {
	q = q.Norm()
	res := paging.Result[framework.Kept]{Query: q}
	const maps = `EXISTS (SELECT 1 FROM framework_mapping m WHERE m.framework_id = q.framework_id AND m.code = q.code)`
	var w sqldb.Where
	w.Add(`q.framework_id = ?`, string(id))
	w.Add(`EXISTS (SELECT 1 FROM framework_framework f WHERE f.id = q.framework_id AND f.org_id = ?)`, string(scope.Org()))
	w.AddIf(f.Family != "", `q.family = ?`, f.Family)
	switch f.Only {
	case framework.WithControl:
		w.Add(`q.gone = 0 AND q.withdrawn = 0 AND ` + maps)
	case framework.WithoutControl:
		w.Add(`q.gone = 0 AND q.withdrawn = 0 AND NOT ` + maps)
	case framework.Withdrawn:
		w.Add(`q.gone = 0 AND q.withdrawn = 1`)
	case framework.Vanished:
		w.Add(`q.gone > 0`)
	case framework.Stale:
		w.Add(`(q.gone > 0 OR q.withdrawn = 1) AND ` + maps)
	default:
		w.Add(`q.gone = 0`)
	}
	if q.Search != "" {
		w.Add(`q.words LIKE ? ESCAPE '!'`, sqldb.LikeLower(q.Search))
	}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM framework_requirement q WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, "n", "n")
	if res.Rows, err = sqldb.Collect(ctx, s.DB, scanKept, `SELECT `+requirementColumns+` FROM framework_requirement q WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...); err != nil {
		return res, err
	}
	return res, s.mapped(ctx, scope, id, res.Rows)
}
