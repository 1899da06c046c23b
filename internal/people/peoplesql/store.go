// Package peoplesql keeps the directory, devices and roles in the records database.
package peoplesql

import (
	"context"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements people.Store, people.Sources and people.Devices.
type Store struct{ DB *sqldb.DB }

var (
	_ people.Store   = (*Store)(nil)
	_ people.Sources = (*Store)(nil)
)

const columns = `p.id, p.ref, p.name, p.email, p.employee, p.department, p.title, p.location, p.kind, p.manager_id, p.state, p.started_day, p.ended_day, p.ended_at,
	p.stint, p.origin, p.source, p.screening, p.screened_day, p.agreed_day, p.conduct_day, p.trained_first_day, p.trained_last_day, p.reviewed_day, p.gone_at,
	p.version, p.created_at, p.updated_at, COALESCE(m.ref, ''), COALESCE(m.name, '')`

const from = ` FROM people_person p LEFT JOIN people_person m ON m.id = p.manager_id AND m.org_id = p.org_id WHERE `

func scan(r sqldb.Row) (people.Person, error) {
	var p people.Person
	var ended, gone *int64
	var created, updated int64
	err := r.Scan(&p.ID, &p.Ref, &p.Name, &p.Email, &p.Number, &p.Department, &p.Title, &p.Location, &p.Kind, &p.Manager, &p.State, &p.Started, &p.Ended, &ended,
		&p.Stint, &p.Origin, &p.Source, &p.Screening, &p.ScreenedOn, &p.AgreedOn, &p.ConductOn, &p.TrainedFirst, &p.TrainedLast, &p.ReviewedOn, &gone,
		&p.Version, &created, &updated, &p.ManagerRef, &p.ManagerName)
	p.EndedAt, p.Gone, p.Created, p.Updated = sqldb.TimePtr(ended), sqldb.TimePtr(gone), sqldb.Time(created), sqldb.Time(updated)
	return p, err
}

// Person reads a person by identifier, reference, address or employee number.
func (s *Store) Person(ctx context.Context, scope access.ReadScope, key string) (people.Person, error) {
	found, err := sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+from+`p.org_id = $1 AND (p.id = $2 OR p.ref = $2 OR p.address = $3 OR p.employee = $2) ORDER BY p.number`,
		string(scope.Org()), key, strings.ToLower(key))
	if err != nil {
		return people.Person{}, err
	}
	missing := errs.New(errs.NotFound, "nobody in the directory is %s", key).WithHint("tickmark person list")
	if key == "" {
		return people.Person{}, missing
	}
	var working []people.Person
	for _, p := range found {
		if string(p.ID) == key || p.Ref == key {
			return p, nil
		}
		if p.Works() {
			working = append(working, p)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(working) == 1:
		return working[0], nil
	case len(found) > 1:
		return people.Person{}, errs.New(errs.NotFound, "%d people in the directory are %s", len(found), key).WithHint("Name one by reference: %s or %s.", found[0].Ref, found[1].Ref)
	}
	return people.Person{}, missing
}

var missing = map[people.Requirement]string{
	people.Screening: `(p.screened_day = 0 OR lower(trim(p.screening)) <> 'clear')`, people.Agreement: `p.agreed_day = 0`,
	people.Conduct: `p.conduct_day = 0`, people.Training: `p.trained_first_day = 0`,
}

const working = `p.state IN ('active', 'leaving') AND p.gone_at IS NULL`

func where(scope access.ReadScope, f people.Filter, search string) *sqldb.Where {
	w := &sqldb.Where{}
	w.Add(`p.org_id = ?`, string(scope.Org()))
	w.AddIf(f.State != "", `p.state = ?`, string(f.State))
	w.AddIf(f.Department != "", `p.department = ?`, f.Department)
	w.AddIf(f.Kind != "", `p.kind = ?`, f.Kind)
	w.AddIf(f.Title != "", `lower(p.title) = lower(?)`, f.Title)
	w.AddIf(f.Manager != "", `p.manager_id = ?`, string(f.Manager))
	w.AddIf(f.Working || f.Missing != "", working)
	if cond, ok := missing[f.Missing]; ok {
		w.Add(cond)
	}
	w.AddIf(f.StartedFrom != 0, `p.started_day >= ?`, int64(f.StartedFrom))
	w.AddIf(f.EndedFrom != 0, `p.ended_day >= ?`, int64(f.EndedFrom))
	w.AddIf(f.EndedTo != 0, `p.ended_day <> 0 AND p.ended_day < ?`, int64(f.EndedTo))
	var ids []string
	for _, id := range f.IDs {
		ids = append(ids, string(id))
	}
	w.In(`p.id`, ids)
	w.AddIf(search != "", `p.finds LIKE ? ESCAPE '!'`, sqldb.LikeLower(search))
	return w
}

var sorts = map[string]string{
	"ref": "p.number", "name": "lower(p.name)", "department": "lower(p.department)", "title": "lower(p.title)", "manager": "lower(COALESCE(m.name, ''))",
	"started": "p.started_day", "ended": "p.ended_day", "state": "p.state", "kind": "p.kind",
}

// People lists people, by name unless sorted.
func (s *Store) People(ctx context.Context, scope access.ReadScope, f people.Filter, q paging.Query) (paging.Result[people.Person], error) {
	q = q.Norm()
	w := where(scope, f, q.Search)
	res := paging.Result[people.Person]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM people_person p WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+from+w.SQL()+sqldb.OrderBy(sorts, q.Sort, q.Desc, "lower(p.name), p.number", "p.number")+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Everyone lists people by name.
func (s *Store) Everyone(ctx context.Context, scope access.ReadScope, f people.Filter) ([]people.Person, error) {
	const piece = 5000 // identifiers in one statement
	if len(f.IDs) > piece {
		var out []people.Person
		rest := f.IDs
		for len(rest) > 0 {
			n := min(piece, len(rest))
			f.IDs = rest[:n]
			some, err := s.Everyone(ctx, scope, f)
			if err != nil {
				return nil, err
			}
			out, rest = append(out, some...), rest[n:]
		}
		return out, nil
	}
	w := where(scope, f, "")
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+from+w.SQL()+` ORDER BY lower(p.name), p.number`, w.Args()...)
}

// Facets counts people by state, department and kind. Each ignores its own part of the filter.
func (s *Store) Facets(ctx context.Context, scope access.ReadScope, f people.Filter) (map[string]map[string]int, error) {
	out := map[string]map[string]int{}
	for _, facet := range []struct {
		name, column string
		without      func(*people.Filter)
	}{
		{"state", "p.state", func(f *people.Filter) { f.State = "" }}, {"department", "p.department", func(f *people.Filter) { f.Department = "" }},
		{"kind", "p.kind", func(f *people.Filter) { f.Kind = "" }},
	} {
		other := f
		facet.without(&other)
		w := where(scope, other, "")
		out[facet.name] = map[string]int{}
		_, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (struct{}, error) {
			var value string
			var n int
			err := r.Scan(&value, &n)
			out[facet.name][value] = n
			return struct{}{}, err
		}, `SELECT `+facet.column+`, count(*) FROM people_person p WHERE `+w.SQL()+` GROUP BY `+facet.column, w.Args()...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

const fields = `(id, org_id, ref, number, name, email, address, employee, department, title, location, kind, manager_id, state, started_day, ended_day, ended_at,
	stint, origin, source, screening, screened_day, agreed_day, conduct_day, trained_first_day, trained_last_day, reviewed_day, gone_at, finds, version, created_at, updated_at)`

func row(org string, number int, p people.Person) []any {
	finds := strings.ToLower(strings.Join([]string{p.Ref, p.Name, p.Email, p.Number, p.Title, p.Department}, "\n"))
	return []any{
		string(p.ID), org, p.Ref, number, p.Name, p.Email, strings.ToLower(p.Email), p.Number, p.Department, p.Title, p.Location, p.Kind, string(p.Manager), string(p.State),
		int64(p.Started), int64(p.Ended), sqldb.MicrosPtr(p.EndedAt), p.Stint, string(p.Origin), p.Source, p.Screening, int64(p.ScreenedOn), int64(p.AgreedOn),
		int64(p.ConductOn), int64(p.TrainedFirst), int64(p.TrainedLast), int64(p.ReviewedOn), sqldb.MicrosPtr(p.Gone), finds, p.Version, p.Created.UnixMicro(), p.Updated.UnixMicro(),
	}
}

// Add inserts people with the next numbers.
func (s *Store) Add(ctx context.Context, scope access.Scope, all []people.Person) ([]people.Person, error) {
	if len(all) == 0 {
		return nil, nil
	}
	org := string(scope.Org())
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.numbers(ctx, org, "person", len(all))
		if err != nil {
			return err
		}
		rows := make([][]any, len(all))
		for i := range all {
			n++
			all[i].Ref = fmt.Sprintf("P-%04d", n)
			rows[i] = row(org, n, all[i])
		}
		_, err = bulk(ctx, s.DB, `INSERT INTO people_person `+fields, ``, rows)
		return err
	})
	return all, err
}

// Save moves people forward, each from the version before its own.
func (s *Store) Save(ctx context.Context, scope access.Scope, all []people.Person) error {
	if len(all) == 0 {
		return nil
	}
	var set []string
	for _, c := range []string{
		"name", "email", "address", "employee", "department", "title", "location", "kind", "manager_id", "state", "started_day", "ended_day", "ended_at", "stint", "origin", "source",
		"screening", "screened_day", "agreed_day", "conduct_day", "trained_first_day", "trained_last_day", "reviewed_day", "gone_at", "finds", "version", "updated_at",
	} {
		set = append(set, c+` = excluded.`+c)
	}
	org := string(scope.Org())
	rows := make([][]any, len(all))
	for i, p := range all {
		rows[i] = row(org, 0, p)
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := bulk(ctx, s.DB, `INSERT INTO people_person `+fields, `ON CONFLICT (id) DO UPDATE SET `+strings.Join(set, ", ")+
			` WHERE people_person.org_id = excluded.org_id AND people_person.version = excluded.version - 1`, rows)
		if err == nil && n != int64(len(all)) {
			return errs.New(errs.Conflict, "the directory was changed meanwhile").WithHint("Try again.")
		}
		return err
	})
}

// AddEvents adds to histories.
func (s *Store) AddEvents(ctx context.Context, scope access.Scope, events []people.Event) error {
	if len(events) == 0 {
		return nil
	}
	org := string(scope.Org())
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.numbers(ctx, org, "event", len(events))
		if err != nil {
			return err
		}
		rows := make([][]any, len(events))
		for i, e := range events {
			n++
			rows[i] = []any{org, n, string(e.Person), e.At.UnixMicro(), int64(e.On), string(e.Kind), e.Field, e.Was, e.Became}
		}
		_, err = bulk(ctx, s.DB, `INSERT INTO people_event (org_id, n, person_id, at, on_day, kind, field, was, became)`, ``, rows)
		return err
	})
}

// History lists what happened to a person, oldest first.
func (s *Store) History(ctx context.Context, scope access.ReadScope, id people.ID) ([]people.Event, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (people.Event, error) {
		e := people.Event{Person: id}
		var at int64
		err := r.Scan(&e.N, &at, &e.On, &e.Kind, &e.Field, &e.Was, &e.Became)
		e.At = sqldb.Time(at)
		return e, err
	}, `SELECT n, at, on_day, kind, field, was, became FROM people_event WHERE org_id = $1 AND person_id = $2 ORDER BY n`, string(scope.Org()), string(id))
}

// Stints lists stretches of employment.
func (s *Store) Stints(ctx context.Context, scope access.ReadScope, ids []people.ID) (map[people.ID][]people.Stint, error) {
	var w sqldb.Where
	w.Add(`p.org_id = ?`, string(scope.Org()))
	var names []string
	for _, id := range ids {
		names = append(names, string(id))
	}
	w.In(`p.id`, names)
	out := map[people.ID][]people.Stint{}
	_, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (struct{}, error) {
		var id people.ID
		var x people.Stint
		err := r.Scan(&id, &x.N, &x.Started, &x.Ended)
		out[id] = append(out[id], x)
		return struct{}{}, err
	}, `SELECT s.person_id, s.n, s.started_day, s.ended_day FROM people_stint s JOIN people_person p ON p.id = s.person_id WHERE `+w.SQL()+` ORDER BY s.person_id, s.n`, w.Args()...)
	return out, err
}

// SaveStints keeps the stretches of people as they are now.
func (s *Store) SaveStints(ctx context.Context, _ access.Scope, stints map[people.ID][]people.Stint) error {
	var rows [][]any
	for id, list := range stints {
		for _, x := range list {
			rows = append(rows, []any{string(id), x.N, int64(x.Started), int64(x.Ended)})
		}
	}
	_, err := bulk(ctx, s.DB, `INSERT INTO people_stint (person_id, n, started_day, ended_day)`,
		`ON CONFLICT (person_id, n) DO UPDATE SET started_day = excluded.started_day, ended_day = excluded.ended_day`, rows)
	return err
}

func day(d period.Date) int64 { return int64(d) }
