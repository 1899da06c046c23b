package vendorssql

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/vendors"
)

const recordColumns = `id, vendor_id, kind, ref, day, body, removed, version, at, by_actor`

func scanRecord(r sqldb.Row) (vendors.Record, error) {
	var x vendors.Record
	var at int64
	err := r.Scan(&x.ID, &x.Vendor, &x.Kind, &x.Ref, &x.Day, &x.Body, &x.Removed, &x.Version, &at, &x.By)
	x.At = sqldb.Time(at)
	return x, err
}

// AddRecord inserts a record and gives it its reference.
func (s *Store) AddRecord(ctx context.Context, scope access.Scope, x vendors.Record) (vendors.Record, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		number, err := s.next(ctx, scope, string(x.Kind))
		if err != nil {
			return err
		}
		x.Ref = fmt.Sprintf("%s-%03d", vendors.Prefix(x.Kind), number)
		n, err := s.DB.Exec(ctx, `INSERT INTO vendors_record (org_id, number, `+recordColumns+`)
			SELECT v.org_id, CAST($2 AS INTEGER), $3, v.id, $5, $6, CAST($7 AS INTEGER), $8, FALSE, CAST($9 AS INTEGER), CAST($10 AS BIGINT), $11
			FROM vendors_vendor v WHERE v.org_id = $1 AND v.id = $4`,
			string(scope.Org()), number, x.ID, string(x.Vendor), string(x.Kind), x.Ref, int64(x.Day), x.Body, x.Version, x.At.UnixMicro(), x.By)
		if err == nil && n == 0 {
			return errs.New(errs.NotFound, "no vendor %s", x.Vendor)
		}
		return err
	})
	return x, err
}

// SaveRecord moves a record forward from base.
func (s *Store) SaveRecord(ctx context.Context, scope access.Scope, x vendors.Record, base int) error {
	n, err := s.DB.Exec(ctx, `UPDATE vendors_record SET day = $4, body = $5, removed = $6, version = $7, at = $8, by_actor = $9 WHERE org_id = $1 AND id = $2 AND version = $3`,
		string(scope.Org()), x.ID, base, int64(x.Day), x.Body, x.Removed, x.Version, x.At.UnixMicro(), x.By)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", x.Ref).WithHint("Look at it again, and repeat what you wanted.")
	}
	return err
}

// Records lists records in the order in which they came.
func (s *Store) Records(ctx context.Context, scope access.ReadScope, f vendors.RecordFilter) ([]vendors.Record, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.Vendor != "", `vendor_id = ?`, string(f.Vendor))
	w.AddIf(f.Kind != "", `kind = ?`, string(f.Kind))
	w.AddIf(f.Ref != "", `ref = ?`, f.Ref)
	return sqldb.Collect(ctx, s.DB, scanRecord, `SELECT `+recordColumns+` FROM vendors_record WHERE `+w.SQL()+` ORDER BY kind, number`, w.Args()...)
}

// Count counts what is kept and not removed.
func (s *Store) Count(ctx context.Context, scope access.ReadScope, k vendors.Kind) (int64, error) {
	if k == "" {
		return sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM vendors_vendor WHERE org_id = $1 AND NOT removed`, string(scope.Org()))
	}
	if k == vendors.KindApplication { // a line for each name, and the vendor's own
		n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(sum(length(applications) - length(replace(applications, $2, ''))), 0) FROM vendors_vendor WHERE org_id = $1 AND NOT removed`,
			string(scope.Org()), "\n")
		if err != nil {
			return 0, err
		}
		r, err := s.Rules(ctx, scope)
		return n + int64(len(r.Own)), err
	}
	return sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM vendors_record r JOIN vendors_vendor v ON v.id = r.vendor_id
		WHERE r.org_id = $1 AND r.kind = $2 AND NOT r.removed AND NOT v.removed`, string(scope.Org()), string(k))
}

// Rules reads the organisation's rules.
func (s *Store) Rules(ctx context.Context, scope access.ReadScope) (vendors.Rules, error) {
	r, err := sqldb.One(ctx, s.DB, func(row sqldb.Row) (vendors.Rules, error) {
		var text string
		var r vendors.Rules
		var version int
		if err := row.Scan(&text, &version); err != nil {
			return r, err
		}
		err := json.Unmarshal([]byte(text), &r)
		r.Version = version
		return r, errs.As(errs.Internal, err, "rules of the register of vendors")
	}, `SELECT body, version FROM vendors_rules WHERE org_id = $1`, string(scope.Org()))
	if errs.Is(err, errs.NotFound) {
		return vendors.DefaultRules(), nil
	}
	return r, err
}

// SaveRules moves the rules forward from base.
func (s *Store) SaveRules(ctx context.Context, scope access.Scope, r vendors.Rules, base int) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO vendors_rules (org_id, body, version, at, by_actor) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org_id) DO UPDATE SET body = $2, version = $3, at = $4, by_actor = $5 WHERE vendors_rules.version = $6`,
		string(scope.Org()), string(text), r.Version, r.At.UnixMicro(), scope.Actor(), base)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the rules were changed meanwhile").WithHint("Look at what they are now, and send again.")
	}
	return err
}
