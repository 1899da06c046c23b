// Package controlsql keeps controls in the records database.
package controlsql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements control.Store and control.ComplementStore.
type Store struct{ DB *sqldb.DB }

// A control is read with the version that counts (v) and the newest one (n).
const (
	controlColumns = `c.id, c.ref, c.source, c.created_at, c.owner, c.deputy, c.newest, n.status, ` + versionColumns
	controlFrom    = ` FROM control_control c
		JOIN control_version v ON v.control_id = c.id AND v.number = c.counts
		JOIN control_version n ON n.control_id = c.id AND n.number = c.newest`
)

func scanControl(r sqldb.Row) (control.Control, error) {
	var c control.Control
	var created int64
	var newest control.Status
	v, dst := versionInto()
	if err := r.Scan(append([]any{&c.ID, &c.Ref, &c.Source, &created, &c.Owner, &c.Deputy, &c.Newest, &newest}, dst...)...); err != nil {
		return c, err
	}
	c.Created = sqldb.Time(created)
	if newest == control.Draft {
		c.Draft = c.Newest
	}
	var err error
	c.Version, err = v.version()
	return c, err
}

// Add inserts a control with its first version.
func (s *Store) Add(ctx context.Context, scope access.Scope, c control.Control) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		// ON CONFLICT instead of an error, so that PostgreSQL lets the caller's transaction go on.
		n, err := s.DB.Exec(ctx, `INSERT INTO control_control (id, org_id, ref, source, created_at, newest, counts, owner, deputy)
			VALUES ($1, $2, $3, $4, $5, $6, $6, '', '') ON CONFLICT (org_id, ref) DO NOTHING`,
			string(c.ID), string(scope.Org()), c.Ref, c.Source, c.Created.UnixMicro(), c.Version.Number)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "there is a control %s already", c.Ref)
		}
		return s.insertVersion(ctx, scope, c.ID, c.Version)
	})
}

// AddVersion moves the newest version forward from base, or reports a Conflict.
func (s *Store) AddVersion(ctx context.Context, scope access.Scope, id control.ControlID, base int, v control.Version) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		// A draft counts only while nothing has ever been in force; a retirement counts at once.
		n, err := s.DB.Exec(ctx, `UPDATE control_control SET newest = $4, counts = CASE
				WHEN $5 = 'draft' AND EXISTS (SELECT 1 FROM control_version x WHERE x.control_id = $2 AND x.effective_at IS NOT NULL) THEN counts
				ELSE $4 END
			WHERE org_id = $1 AND id = $2 AND newest = $3`, string(scope.Org()), string(id), base, v.Number, string(v.Status))
		if err != nil {
			return err
		}
		if n == 0 {
			return s.moved(ctx, scope.ReadScope, id)
		}
		return s.insertVersion(ctx, scope, id, v)
	})
}

// moved says why a control could not be changed: it is another organisation's, or its newest version is another one.
func (s *Store) moved(ctx context.Context, scope access.ReadScope, id control.ControlID) error {
	c, err := s.Control(ctx, scope, string(id))
	if err != nil {
		return err
	}
	return errs.New(errs.Conflict, "%s has a newer version, %d", c.Ref, c.Newest)
}

// Approve puts the newest draft in force.
func (s *Store) Approve(ctx context.Context, scope access.Scope, id control.ControlID, number int, by string, at time.Time) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE control_control SET counts = $3 WHERE org_id = $1 AND id = $2 AND newest = $3`, string(scope.Org()), string(id), number)
		if err != nil {
			return err
		}
		if n == 0 {
			return s.moved(ctx, scope.ReadScope, id)
		}
		n, err = s.DB.Exec(ctx, `UPDATE control_version SET status = 'approved', approved_by = $3, approved_at = $4, effective_at = $4
			WHERE control_id = $1 AND number = $2 AND status = 'draft'`, string(id), number, by, at.UnixMicro())
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "somebody decided on version %d already", number)
		}
		return err
	})
}

// Withdraw takes the newest draft back.
func (s *Store) Withdraw(ctx context.Context, scope access.Scope, id control.ControlID, number int, by string, at time.Time) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE control_version SET status = 'withdrawn', approved_by = $4, approved_at = $5
			WHERE control_id = (SELECT c.id FROM control_control c WHERE c.org_id = $1 AND c.id = $2 AND c.newest = $3) AND number = $3 AND status = 'draft'`,
			string(scope.Org()), string(id), number, by, at.UnixMicro())
		if err == nil && n == 0 {
			return s.moved(ctx, scope.ReadScope, id)
		}
		return err
	})
}

// Assign keeps who owns a control from an instant on.
func (s *Store) Assign(ctx context.Context, scope access.Scope, id control.ControlID, a control.Assignment) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE control_control SET owner = $3, deputy = $4 WHERE org_id = $1 AND id = $2`,
			string(scope.Org()), string(id), string(a.Owner), string(a.Deputy))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "no control %s", id)
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO control_owner (control_id, n, owner, deputy, at, assigned_by)
			VALUES ($1, (SELECT COALESCE(max(o.n), 0) + 1 FROM control_owner o WHERE o.control_id = $1), $2, $3, $4, $5)`,
			string(id), string(a.Owner), string(a.Deputy), a.At.UnixMicro(), a.By)
		return err
	})
}

// Control reads a control by identifier or reference.
func (s *Store) Control(ctx context.Context, scope access.ReadScope, idOrRef string) (control.Control, error) {
	c, err := sqldb.One(ctx, s.DB, scanControl, `SELECT `+controlColumns+controlFrom+` WHERE c.org_id = $1 AND (c.id = $2 OR c.ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return c, errs.New(errs.NotFound, "no control %s", idOrRef).WithHint("tickmark control list")
	}
	return c, err
}

var sorts = map[string]string{
	"ref": "c.ref", "title": "v.title", "type": "v.type", "nature": "v.nature", "frequency": "v.frequency", "owner_role": "v.owner_role", "status": "v.status", "changed": "n.at",
}

// Controls lists controls by reference.
func (s *Store) Controls(ctx context.Context, scope access.ReadScope, f control.Filter, q paging.Query) (paging.Result[control.Control], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`c.org_id = ?`, string(scope.Org()))
	w.AddIf(f.ID != "", `EXISTS (SELECT 1 FROM control_requirement q WHERE q.org_id = ? AND q.control_id = c.id AND q.number = c.counts AND q.framework = ? AND q.requirement = ?)`,
		string(scope.Org()), f.Framework, f.ID)
	w.AddIf(f.Prefix != "", `c.ref LIKE ? ESCAPE '!'`, sqldb.Like(f.Prefix + "-")[1:])
	w.AddIf(f.Owner != "", `(c.owner = ? OR c.deputy = ?)`, string(f.Owner), string(f.Owner))
	w.AddIf(f.Status != "", `v.status = ?`, string(f.Status))
	w.AddIf(f.Pending, `n.status = 'draft'`)
	w.AddIf(f.Unowned, `c.owner = ''`)
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(c.ref) LIKE ? ESCAPE '!' OR lower(v.title) LIKE ? ESCAPE '!' OR lower(v.statement) LIKE ? ESCAPE '!')`, text, text, text)
	}
	res := paging.Result[control.Control]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*)`+controlFrom+` WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanControl, `SELECT `+controlColumns+controlFrom+` WHERE `+w.SQL()+
		sqldb.OrderBy(sorts, q.Sort, q.Desc, "c.ref", "c.ref")+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Refs lists every reference in use.
func (s *Store) Refs(ctx context.Context, scope access.ReadScope) ([]string, error) {
	return sqldb.Collect(ctx, s.DB, sqldb.Strings, `SELECT ref FROM control_control WHERE org_id = $1 ORDER BY ref`, string(scope.Org()))
}

// Assignments lists who owned a control, newest first.
func (s *Store) Assignments(ctx context.Context, scope access.ReadScope, id control.ControlID) ([]control.Assignment, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (control.Assignment, error) {
		var a control.Assignment
		var at int64
		err := r.Scan(&a.Owner, &a.Deputy, &at, &a.By)
		a.At = sqldb.Time(at)
		return a, err
	}, `SELECT o.owner, o.deputy, o.at, o.assigned_by FROM control_owner o JOIN control_control c ON c.id = o.control_id
		WHERE c.org_id = $1 AND o.control_id = $2 ORDER BY o.n DESC`, string(scope.Org()), string(id))
}

// InForce lists the controls in force at an instant.
func (s *Store) InForce(ctx context.Context, scope access.ReadScope, at time.Time) ([]control.Control, error) {
	return sqldb.Collect(ctx, s.DB, scanControl, `SELECT c.id, c.ref, c.source, c.created_at, COALESCE(o.owner, ''), COALESCE(o.deputy, ''), c.newest, n.status, `+versionColumns+`
		FROM control_control c
		JOIN control_version v ON v.control_id = c.id
			AND v.number = (SELECT max(x.number) FROM control_version x WHERE x.control_id = c.id AND x.effective_at <= $2)
		JOIN control_version n ON n.control_id = c.id AND n.number = c.newest
		LEFT JOIN control_owner o ON o.control_id = c.id AND o.n = (SELECT max(y.n) FROM control_owner y WHERE y.control_id = c.id AND y.at <= $2)
		WHERE c.org_id = $1 AND v.status = 'approved' ORDER BY c.ref`, string(scope.Org()), at.UnixMicro())
}
