// Package vendorssql keeps the register of vendors in the records database.
package vendorssql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/vendors"
)

// Store implements vendors.Store.
type Store struct{ DB *sqldb.DB }

// body is what is written about a vendor and never searched by.
type body struct {
	Services     string           `json:"services"`
	Data         []vendors.Data   `json:"data"`
	Criticality  vendors.Level    `json:"criticality"`
	TierSet      vendors.Tier     `json:"tier_set"`
	TierWhy      string           `json:"tier_why"`
	Location     string           `json:"location"`
	Applications []string         `json:"applications"`
	Contract     vendors.Contract `json:"contract"`
	Exit         vendors.Exit     `json:"exit"`
}

const columns = `id, ref, name, tier, owner, subservice, described, started_day, body, assessed_day, performed_day, reports, covered_day, hole_day, next_day, next_what,
	version, created_at, created_by, updated_at`

func scan(r sqldb.Row) (vendors.Vendor, error) {
	var v vendors.Vendor
	var text string
	var created, updated int64
	err := r.Scan(&v.ID, &v.Ref, &v.Name, &v.Tier, &v.Owner, &v.Subservice, &v.Described, &v.Started, &text, &v.Assessed, &v.Performed, &v.Reports, &v.Covered, &v.Hole, &v.NextDue,
		&v.NextWhat, &v.Version, &created, &v.CreatedBy, &updated)
	if err != nil {
		return v, err
	}
	var b body
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return v, errs.As(errs.Internal, err, "what is kept of %s", v.Ref)
	}
	v.Services, v.Data, v.Criticality, v.TierSet, v.TierWhy, v.Location, v.Applications = b.Services, b.Data, b.Criticality, b.TierSet, b.TierWhy, b.Location, b.Applications
	v.Contract, v.Exit = b.Contract, b.Exit
	v.Created, v.Updated = sqldb.Time(created), sqldb.Time(updated)
	return v, nil
}

func bodyOf(v vendors.Vendor) (string, error) {
	b, err := json.Marshal(body{v.Services, v.Data, v.Criticality, v.TierSet, v.TierWhy, v.Location, v.Applications, v.Contract, v.Exit})
	return string(b), err
}

// listed is a list of words as a column that LIKE finds them in.
func listed[T ~string](in []T, by string) string {
	var b strings.Builder
	b.WriteString(by)
	for _, x := range in {
		b.WriteString(vendors.Fold(string(x)) + by)
	}
	return b.String()
}

// next gives the next number of a kind.
func (s *Store) next(ctx context.Context, scope access.Scope, kind string) (int, error) {
	var n int
	return n, s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO vendors_counter (org_id, kind, n) VALUES ($1, $2, 1)
		ON CONFLICT (org_id, kind) DO UPDATE SET n = vendors_counter.n + 1 RETURNING n`, string(scope.Org()), kind)
}

func taken(v vendors.Vendor) error {
	return errs.New(errs.Conflict, "there is a vendor %q already", v.Name).At("name").WithHint("Change that one, or tell them apart by name.")
}

// Add inserts a vendor and gives it its reference.
func (s *Store) Add(ctx context.Context, scope access.Scope, v vendors.Vendor) (vendors.Vendor, error) {
	text, err := bodyOf(v)
	if err != nil {
		return v, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		number, err := s.next(ctx, scope, "vendor")
		if err != nil {
			return err
		}
		v.Ref = fmt.Sprintf("V-%03d", number)
		// ON CONFLICT instead of an error, so that PostgreSQL lets the caller's transaction go on.
		n, err := s.DB.Exec(ctx, `INSERT INTO vendors_vendor (org_id, number, name_key, data, applications, ended_at, removed, `+columns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27) ON CONFLICT DO NOTHING`,
			string(scope.Org()), number, vendors.Fold(v.Name), listed(v.Data, ","), listed(v.Applications, "\n"), sqldb.MicrosPtr(v.Exit.Ended), false,
			string(v.ID), v.Ref, v.Name, string(v.Tier), string(v.Owner), v.Subservice, v.Described, int64(v.Started), text, int64(v.Assessed), int64(v.Performed), v.Reports,
			int64(v.Covered), int64(v.Hole), int64(v.NextDue), string(v.NextWhat), v.Version, v.Created.UnixMicro(), v.CreatedBy, v.Updated.UnixMicro())
		if err == nil && n == 0 {
			return taken(v)
		}
		return err
	})
	return v, err
}

// Save moves a vendor forward from base.
func (s *Store) Save(ctx context.Context, scope access.Scope, v vendors.Vendor, base int, removed bool) error {
	text, err := bodyOf(v)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE vendors_vendor SET name = $4, name_key = $5, tier = $6, owner = $7, data = $8, applications = $9, subservice = $10, described = $11,
				started_day = $12, ended_at = $13, body = $14, removed = $15, version = $16, updated_at = $17
			WHERE org_id = $1 AND id = $2 AND version = $3 AND NOT EXISTS (SELECT 1 FROM vendors_vendor o
				WHERE o.org_id = vendors_vendor.org_id AND o.name_key = $5 AND NOT o.removed AND o.id <> vendors_vendor.id)`,
			string(scope.Org()), string(v.ID), base, v.Name, vendors.Fold(v.Name), string(v.Tier), string(v.Owner), listed(v.Data, ","), listed(v.Applications, "\n"), v.Subservice,
			v.Described, int64(v.Started), sqldb.MicrosPtr(v.Exit.Ended), text, removed, v.Version, v.Updated.UnixMicro())
		if err != nil || n > 0 {
			return err
		}
		now, err := s.Vendor(ctx, scope.ReadScope, string(v.ID))
		if err != nil {
			return err
		}
		if now.Version == base {
			return taken(v)
		}
		e := errs.New(errs.Conflict, "%s was changed meanwhile", v.Ref)
		e.Err = &vendors.Stale{Ref: now.Ref, Version: now.Version, Vendor: now}
		return e
	})
}

// Stand keeps what follows from the records.
func (s *Store) Stand(ctx context.Context, scope access.Scope, id vendors.ID, x vendors.Standing) error {
	n, err := s.DB.Exec(ctx, `UPDATE vendors_vendor SET assessed_day = $3, performed_day = $4, reports = $5, covered_day = $6, hole_day = $7, next_day = $8, next_what = $9
		WHERE org_id = $1 AND id = $2`, string(scope.Org()), string(id), int64(x.Assessed), int64(x.Performed), x.Reports, int64(x.Covered), int64(x.Hole), int64(x.NextDue), string(x.NextWhat))
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "no vendor %s", id)
	}
	return err
}

// Vendor reads one by identifier, reference or name.
func (s *Store) Vendor(ctx context.Context, scope access.ReadScope, which string) (vendors.Vendor, error) {
	v, err := sqldb.One(ctx, s.DB, scan, `SELECT `+columns+` FROM vendors_vendor WHERE org_id = $1 AND NOT removed AND (id = $2 OR ref = $3 OR name_key = $4)
		ORDER BY CASE WHEN ref = $3 THEN 0 ELSE 1 END LIMIT 1`, string(scope.Org()), which, strings.ToUpper(strings.TrimSpace(which)), vendors.Fold(which))
	if errs.Is(err, errs.NotFound) {
		return v, errs.New(errs.NotFound, "no vendor %s", which).WithHint("tickmark vendor list")
	}
	return v, err
}

// Where in its life a vendor is, by the day in $today: a person may end a vendor on the day itself.
const (
	isEnded = `ended_at IS NOT NULL`
	isUsed  = `ended_at IS NULL AND started_day <> 0 AND started_day <= ?`
	isNew   = `ended_at IS NULL AND (started_day = 0 OR started_day > ?)`
	overdue = `ended_at IS NULL AND next_day <> 0 AND next_day < ?`
	without = `ended_at IS NULL AND subservice AND reports = 0`
	gap     = `ended_at IS NULL AND hole_day <> 0`
	open    = `ended_at IS NULL AND subservice AND reports > 0 AND covered_day < ?`
)

const tierOrder = `CASE tier WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END`

var sorts = map[string]string{
	"ref": "number", "name": "name_key", "tier": tierOrder, "owner": "owner", "covered": "covered_day", "started": "started_day", "updated": "updated_at",
	"next": "CASE WHEN next_day = 0 THEN 1 ELSE 0 END, next_day",
}

func where(scope access.ReadScope, f vendors.Filter, search string) *sqldb.Where {
	var w sqldb.Where
	today := int64(f.Today)
	w.Add(`org_id = ?`, string(scope.Org()))
	w.Add(`NOT removed`)
	w.AddIf(f.Tier != "", `tier = ?`, string(f.Tier))
	w.AddIf(f.Subservice, `subservice`)
	w.AddIf(f.Owner != "", `owner = ?`, string(f.Owner))
	w.AddIf(f.Unowned, `owner = ''`)
	w.AddIf(f.Data != "", `data LIKE ? ESCAPE '!'`, sqldb.Like(","+string(f.Data)+","))
	w.AddIf(f.Stage == vendors.Ended, isEnded)
	w.AddIf(f.Stage == vendors.Used, isUsed, today)
	w.AddIf(f.Stage == vendors.Considered, isNew, today)
	w.AddIf(f.Overdue, overdue, today)
	w.AddIf(f.NoReport, without)
	w.AddIf(f.Gap, gap)
	w.AddIf(f.Open, open, today)
	w.AddIf(f.Application != "", `(name_key = ? OR applications LIKE ? ESCAPE '!')`, f.Application, sqldb.Like("\n"+f.Application+"\n"))
	if search != "" {
		text := sqldb.LikeLower(search)
		w.Add(`(lower(ref) LIKE ? ESCAPE '!' OR name_key LIKE ? ESCAPE '!' OR applications LIKE ? ESCAPE '!')`, text, text, text)
	}
	return &w
}

// Vendors lists vendors, by name unless asked otherwise.
func (s *Store) Vendors(ctx context.Context, scope access.ReadScope, f vendors.Filter, q paging.Query) (paging.Result[vendors.Vendor], error) {
	q = q.Norm()
	w := where(scope, f, q.Search)
	res := paging.Result[vendors.Vendor]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM vendors_vendor WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+` FROM vendors_vendor WHERE `+w.SQL()+sqldb.OrderBy(sorts, q.Sort, q.Desc, "name_key, number", "number")+
		w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Counts counts vendors of each sort.
func (s *Store) Counts(ctx context.Context, scope access.ReadScope, today period.Date) (vendors.Counts, error) {
	c := vendors.Counts{Tiers: map[vendors.Tier]int{}, Stages: map[vendors.Stage]int{}}
	count := func(f vendors.Filter) (int, error) {
		f.Today = today
		w := where(scope, f, "")
		n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM vendors_vendor WHERE `+w.SQL(), w.Args()...)
		return int(n), err
	}
	var err error
	for _, t := range vendors.Tiers() {
		if c.Tiers[t], err = count(vendors.Filter{Tier: t}); err != nil {
			return c, err
		}
	}
	for _, x := range vendors.Stages() {
		if c.Stages[x], err = count(vendors.Filter{Stage: x}); err != nil {
			return c, err
		}
	}
	for _, x := range []struct {
		to *int
		f  vendors.Filter
	}{
		{&c.Subservice, vendors.Filter{Subservice: true}}, {&c.Overdue, vendors.Filter{Overdue: true}}, {&c.NoReport, vendors.Filter{NoReport: true}}, {&c.Gap, vendors.Filter{Gap: true}}, {&c.Open, vendors.Filter{Open: true}},
	} {
		if *x.to, err = count(x.f); err != nil {
			return c, err
		}
	}
	return c, nil
}
