// Package fieldworksql keeps fieldwork in the records database.
package fieldworksql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements the stores of fieldwork.
type Store struct{ DB *sqldb.DB }

// chunkRows is how many rows of a population lie together.
const chunkRows = 500

func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), errs.As(errs.Internal, err, "write a record")
}

// scanBody reads a record that is kept whole.
func scanBody[T any](r sqldb.Row) (T, error) {
	var body string
	var x T
	if err := r.Scan(&body); err != nil {
		return x, err
	}
	return x, errs.As(errs.Internal, json.Unmarshal([]byte(body), &x), "read a record")
}

// next is the next number of a kind in an engagement, from 1.
func (s *Store) next(ctx context.Context, scope access.Scope, engagement, kind string) (int, error) {
	n := 0
	err := s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO fieldwork_counter (org_id, engagement, kind, n) VALUES ($1, $2, $3, 1)
		ON CONFLICT (org_id, engagement, kind) DO UPDATE SET n = fieldwork_counter.n + 1 RETURNING n`, string(scope.Org()), engagement, kind)
	return n, err
}

// AddPopulation inserts a population with its rows and gives it its reference.
func (s *Store) AddPopulation(ctx context.Context, scope access.Scope, p fieldwork.Population, rows []fieldwork.Row) (fieldwork.Population, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.next(ctx, scope, p.Engagement, "population")
		if err != nil {
			return err
		}
		p.Ref = fmt.Sprintf("P-%02d", n)
		body, err := encode(p)
		if err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO fieldwork_population (id, org_id, engagement, ref, control, title, source, row_n, created_at, frozen_at, version, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, string(p.ID), string(scope.Org()), p.Engagement, p.Ref, p.Control, p.Title, string(p.Source), p.Rows,
			p.At.UnixMicro(), sqldb.MicrosPtr(p.FrozenAt), p.Version, body); err != nil {
			return err
		}
		return s.addRows(ctx, p.ID, rows)
	})
	return p, err
}

func (s *Store) addRows(ctx context.Context, id fieldwork.PopulationID, rows []fieldwork.Row) error {
	for i := 0; i*chunkRows < len(rows); i++ {
		part := rows[i*chunkRows : min(len(rows), (i+1)*chunkRows)]
		cells := make([][]string, len(part))
		for j, r := range part {
			cells[j] = r.Cells
		}
		body, err := encode(cells)
		if err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO fieldwork_rows (population_id, chunk, body) VALUES ($1, $2, $3)`, string(id), i, body); err != nil {
			return err
		}
	}
	return nil
}

// Population reads a population by identifier or reference.
func (s *Store) Population(ctx context.Context, scope access.ReadScope, engagement, idOrRef string) (fieldwork.Population, error) {
	p, err := sqldb.One(ctx, s.DB, scanBody[fieldwork.Population], `SELECT body FROM fieldwork_population WHERE org_id = $1 AND engagement = $2 AND (id = $3 OR ref = $3)`, string(scope.Org()), engagement, idOrRef)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "no population %s in this engagement", idOrRef)
	}
	return p, err
}

var populationSorts = map[string]string{"ref": "ref", "title": "lower(title)", "control": "control", "source": "source", "rows": "row_n", "state": "CASE WHEN frozen_at IS NULL THEN 0 ELSE 1 END", "frozen": "COALESCE(frozen_at, 0)"}

// Populations lists those of an engagement, newest first.
func (s *Store) Populations(ctx context.Context, scope access.ReadScope, engagement string, q paging.Query) (paging.Result[fieldwork.Population], error) {
	q = q.Norm()
	res := paging.Result[fieldwork.Population]{Query: q}
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.Add(`engagement = ?`, engagement)
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(ref) LIKE ? ESCAPE '!' OR lower(title) LIKE ? ESCAPE '!' OR lower(control) LIKE ? ESCAPE '!')`, text, text, text)
	}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM fieldwork_population WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanBody[fieldwork.Population], `SELECT body FROM fieldwork_population WHERE `+w.SQL()+
		sqldb.OrderBy(populationSorts, q.Sort, q.Desc, `created_at DESC, ref DESC`, "ref")+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Rows reads all rows of a population.
func (s *Store) Rows(ctx context.Context, scope access.ReadScope, id fieldwork.PopulationID) ([]fieldwork.Row, error) {
	chunks, err := sqldb.Collect(ctx, s.DB, scanBody[[][]string], `SELECT r.body FROM fieldwork_rows r JOIN fieldwork_population p ON p.id = r.population_id
		WHERE r.population_id = $1 AND p.org_id = $2 ORDER BY r.chunk`, string(id), string(scope.Org()))
	if err != nil {
		return nil, err
	}
	var out []fieldwork.Row
	for _, c := range chunks {
		for _, cells := range c {
			out = append(out, fieldwork.Row{N: len(out) + 1, Cells: cells})
		}
	}
	return out, nil
}

// SavePopulation keeps a draft, with other rows where some are given.
func (s *Store) SavePopulation(ctx context.Context, scope access.Scope, p fieldwork.Population, base int, rows []fieldwork.Row) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		body, err := encode(p)
		if err != nil {
			return err
		}
		n, err := s.DB.Exec(ctx, `UPDATE fieldwork_population SET control = $1, title = $2, row_n = $3, frozen_at = $4, version = $5, body = $6
			WHERE org_id = $7 AND id = $8 AND version = $9 AND frozen_at IS NULL`, p.Control, p.Title, p.Rows, sqldb.MicrosPtr(p.FrozenAt), p.Version, body, string(scope.Org()), string(p.ID), base)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "%s was frozen or changed meanwhile", p.Ref).WithHint("Open it again to see what is kept now.")
		}
		if p.FrozenAt == nil {
			return nil
		}
		if _, err := s.DB.Exec(ctx, `DELETE FROM fieldwork_rows WHERE population_id = $1`, string(p.ID)); err != nil {
			return err
		}
		return s.addRows(ctx, p.ID, rows)
	})
}

// DropPopulation removes a draft.
func (s *Store) DropPopulation(ctx context.Context, scope access.Scope, id fieldwork.PopulationID) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `DELETE FROM fieldwork_rows WHERE population_id IN (SELECT id FROM fieldwork_population WHERE org_id = $1 AND id = $2 AND frozen_at IS NULL)`, string(scope.Org()), string(id)); err != nil {
			return err
		}
		n, err := s.DB.Exec(ctx, `DELETE FROM fieldwork_population WHERE org_id = $1 AND id = $2 AND frozen_at IS NULL`, string(scope.Org()), string(id))
		if err == nil && n == 0 {
			err = errs.New(errs.Conflict, "a frozen population stays")
		}
		return err
	})
}

// Method is the newest version of the firm's methodology.
func (s *Store) Method(ctx context.Context, scope access.ReadScope) (fieldwork.Methodology, error) {
	all, err := s.Methods(ctx, scope)
	if err != nil || len(all) > 0 {
		if err != nil {
			return fieldwork.Methodology{}, err
		}
		return all[0], nil
	}
	return fieldwork.Methodology{}, errs.New(errs.NotFound, "the firm has set no methodology")
}

// Methods lists every version, newest first.
func (s *Store) Methods(ctx context.Context, scope access.ReadScope) ([]fieldwork.Methodology, error) {
	return sqldb.Collect(ctx, s.DB, scanBody[fieldwork.Methodology], `SELECT body FROM fieldwork_method WHERE org_id = $1 ORDER BY version DESC`, string(scope.Org()))
}

// AddMethod adds a version.
func (s *Store) AddMethod(ctx context.Context, scope access.Scope, m fieldwork.Methodology) error {
	body, err := encode(m)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO fieldwork_method (org_id, version, body, set_by, set_at, why) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, string(scope.Org()), m.Version, body, m.By, m.At.UnixMicro(), m.Why)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "the methodology was changed meanwhile").WithHint("Open it again to see what is kept now.")
	}
	return err
}

// Profiles lists every version, newest first.
func (s *Store) Profiles(ctx context.Context, scope access.ReadScope) ([]fieldwork.Profile, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (fieldwork.Profile, error) {
		var p fieldwork.Profile
		var day, at int64
		err := r.Scan(&p.Version, &p.Name, &p.Licence, &day, &p.Why, &at, &p.By)
		p.PeerReview, p.At = period.Date(day), sqldb.Time(at)
		return p, err
	}, `SELECT version, name, licence, peer_day, why, at, actor FROM fieldwork_firm WHERE org_id = $1 ORDER BY version DESC`, string(scope.Org()))
}

// AddProfile adds a version.
func (s *Store) AddProfile(ctx context.Context, scope access.Scope, p fieldwork.Profile) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO fieldwork_firm (org_id, version, name, licence, peer_day, why, at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		string(scope.Org()), p.Version, p.Name, p.Licence, int64(p.PeerReview), p.Why, p.At.UnixMicro(), p.By)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "the firm's record was changed meanwhile").WithHint("Open it again to see what is kept now.")
	}
	return err
}

// Opinions lists every version of what was entered, newest first.
func (s *Store) Opinions(ctx context.Context, scope access.ReadScope, engagement string) ([]fieldwork.Opinion, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (fieldwork.Opinion, error) {
		var o fieldwork.Opinion
		var at int64
		err := r.Scan(&o.Matter, &o.Kind, &o.Basis, &o.By, &at, &o.Version)
		o.At = sqldb.Time(at)
		return o, err
	}, `SELECT matter, kind, basis, said_by, said_at, version FROM fieldwork_opinion WHERE org_id = $1 AND engagement = $2 ORDER BY said_at DESC, version DESC`, string(scope.Org()), engagement)
}

// AddOpinion adds a version of the opinion on a matter.
func (s *Store) AddOpinion(ctx context.Context, scope access.Scope, engagement string, o fieldwork.Opinion) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO fieldwork_opinion (org_id, engagement, matter, version, kind, basis, said_by, said_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		string(scope.Org()), engagement, o.Matter, o.Version, o.Kind, o.Basis, o.By, o.At.UnixMicro())
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "the opinion on %s was changed meanwhile", o.Matter).WithHint("Open it again to see what is kept now.")
	}
	return err
}

// in is the marks of as many values, from a number on.
func in(from, n int) string {
	marks := make([]string, n)
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", from+i)
	}
	return strings.Join(marks, ", ")
}

func micros(t time.Time) int64 { return t.UnixMicro() }
