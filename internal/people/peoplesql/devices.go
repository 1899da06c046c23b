package peoplesql

import (
	"context"
	"fmt"
	"slices"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

var _ people.Devices = (*Store)(nil)

const deviceColumns = `d.id, d.ref, d.serial, d.kind, d.name, d.holder_id, p.ref, p.name, p.state, p.ended_day, d.given_day, d.returned_day, d.written_off, d.note, d.version, d.created_at, d.updated_at`

const deviceFrom = ` FROM people_device d JOIN people_person p ON p.id = d.holder_id WHERE `

func scanDevice(r sqldb.Row) (people.Device, error) {
	var d people.Device
	var created, updated int64
	err := r.Scan(&d.ID, &d.Ref, &d.Serial, &d.Kind, &d.Name, &d.Holder, &d.HolderRef, &d.HolderName, &d.Holding, &d.HolderEnd, &d.Given, &d.Returned, &d.WrittenOff, &d.Note,
		&d.Version, &created, &updated)
	d.Created, d.Updated = sqldb.Time(created), sqldb.Time(updated)
	return d, err
}

// Hand inserts hand-outs with the next numbers.
func (s *Store) Hand(ctx context.Context, scope access.Scope, all []people.Device) ([]people.Device, error) {
	org := string(scope.Org())
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.numbers(ctx, org, "device", len(all))
		if err != nil {
			return err
		}
		rows := make([][]any, len(all))
		for i, d := range all {
			n++
			all[i].Ref = fmt.Sprintf("DV-%04d", n)
			rows[i] = []any{
				string(d.ID), org, all[i].Ref, n, d.Serial, d.Kind, d.Name, string(d.Holder), day(d.Given), day(d.Returned), d.WrittenOff, d.Note,
				d.Version, d.Created.UnixMicro(), d.Updated.UnixMicro(),
			}
		}
		// ON CONFLICT instead of an error, so that PostgreSQL lets the caller's transaction go on.
		added, err := bulk(ctx, s.DB, `INSERT INTO people_device (id, org_id, ref, number, serial, kind, name, holder_id, given_day, returned_day, written_off, note, version, created_at, updated_at)`,
			`ON CONFLICT DO NOTHING`, rows)
		if err == nil && added != int64(len(all)) {
			return s.twice(ctx, scope.ReadScope, all)
		}
		return err
	})
	return all, err
}

// twice says which device of a list is out already.
func (s *Store) twice(ctx context.Context, scope access.ReadScope, all []people.Device) error {
	for _, d := range all {
		have, err := s.Devices(ctx, scope, people.DeviceFilter{Serial: d.Serial, State: "out"}, paging.Query{Size: 1})
		if err != nil {
			return err
		}
		if len(have.Rows) == 0 {
			continue
		}
		if h := have.Rows[0]; !slices.ContainsFunc(all, func(o people.Device) bool { return o.ID == h.ID }) {
			return errs.New(errs.Conflict, "%s is with %s already (%s)", d.Serial, h.HolderName, h.Ref).At("serial").WithHint("Record first that it came back.")
		}
	}
	return errs.New(errs.Conflict, "one device stands in the list twice").At("serial")
}

// SaveDevice moves a hand-out forward from base.
func (s *Store) SaveDevice(ctx context.Context, scope access.Scope, d people.Device, base int) error {
	n, err := s.DB.Exec(ctx, `UPDATE people_device SET serial = $4, kind = $5, name = $6, given_day = $7, returned_day = $8, written_off = $9, note = $10, version = $11, updated_at = $12
		WHERE org_id = $1 AND id = $2 AND version = $3 AND ($13 OR NOT EXISTS (SELECT 1 FROM people_device o
			WHERE o.org_id = people_device.org_id AND o.serial = $4 AND o.returned_day = 0 AND NOT o.written_off AND o.id <> people_device.id))`,
		string(scope.Org()), string(d.ID), base, d.Serial, d.Kind, d.Name, day(d.Given), day(d.Returned), d.WrittenOff, d.Note, d.Version, d.Updated.UnixMicro(), !d.Out())
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile, or the device is with somebody else by now", d.Ref).WithHint("Look at it again.")
	}
	return err
}

// Device reads a hand-out by identifier or reference.
func (s *Store) Device(ctx context.Context, scope access.ReadScope, idOrRef string) (people.Device, error) {
	d, err := sqldb.One(ctx, s.DB, scanDevice, `SELECT `+deviceColumns+deviceFrom+`d.org_id = $1 AND (d.id = $2 OR d.ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return d, errs.New(errs.NotFound, "no device %s", idOrRef)
	}
	return d, err
}

const (
	out         = `d.returned_day = 0 AND NOT d.written_off`
	deviceOrder = `CASE WHEN ` + out + ` THEN 0 ELSE 1 END, d.number`
)

var deviceSorts = map[string]string{
	"ref": "d.number", "serial": "lower(d.serial)", "kind": "d.kind", "holder": "lower(p.name)", "given": "d.given_day", "returned": "d.returned_day",
}

// Devices lists hand-outs.
func (s *Store) Devices(ctx context.Context, scope access.ReadScope, f people.DeviceFilter, q paging.Query) (paging.Result[people.Device], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`d.org_id = ?`, string(scope.Org()))
	var ids []string
	for _, id := range f.Holders {
		ids = append(ids, string(id))
	}
	w.In(`d.holder_id`, ids)
	w.AddIf(f.Kind != "", `d.kind = ?`, f.Kind)
	w.AddIf(f.Serial != "", `d.serial = ?`, f.Serial)
	w.AddIf(f.State == "out", out)
	w.AddIf(f.State == "returned", `d.returned_day <> 0`)
	w.AddIf(f.State == "written_off", `d.written_off`)
	w.AddIf(f.State == "leaver", out+` AND p.state = 'left'`)
	w.AddIf(f.Overdue != 0, out+` AND p.state = 'left' AND p.ended_day + ? < ?`, people.ReturnDays, day(f.Overdue))
	if q.Search != "" {
		like := sqldb.LikeLower(q.Search)
		w.Add(`(lower(d.ref) LIKE ? ESCAPE '!' OR lower(d.serial) LIKE ? ESCAPE '!' OR lower(d.name) LIKE ? ESCAPE '!' OR p.finds LIKE ? ESCAPE '!')`, like, like, like, like)
	}
	res := paging.Result[people.Device]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*)`+deviceFrom+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanDevice, `SELECT `+deviceColumns+deviceFrom+w.SQL()+sqldb.OrderBy(deviceSorts, q.Sort, q.Desc, deviceOrder, "d.number")+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}
