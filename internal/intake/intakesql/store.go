// Package intakesql keeps imports in the records database.
package intakesql

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements intake.Store.
type Store struct{ DB *sqldb.DB }

const columns = `id, ref, kind, file_name, sha256, bytes, sheet, header_row, mapping, state, counts, evidence, version, created_at, created_by, checked_at, ended_at`

func scan(r sqldb.Row) (intake.Import, error) {
	var i intake.Import
	var mapping, counts string
	var created int64
	var checked, ended *int64
	err := r.Scan(&i.ID, &i.Ref, &i.Kind, &i.File, &i.SHA256, &i.Bytes, &i.Sheet, &i.Header, &mapping, &i.Stage, &counts, &i.Evidence, &i.Version, &created, &i.CreatedBy, &checked, &ended)
	if err != nil {
		return i, err
	}
	i.Created, i.Checked, i.Ended = sqldb.Time(created), sqldb.TimePtr(checked), sqldb.TimePtr(ended)
	if err := json.Unmarshal([]byte(mapping), &i.Mapping); err != nil {
		return i, errs.As(errs.Internal, err, "mapping of %s", i.Ref)
	}
	return i, errs.As(errs.Internal, json.Unmarshal([]byte(counts), &i.Counts), "counts of %s", i.Ref)
}

func texts(i intake.Import) (mapping, counts string, err error) {
	if mapping, err = i.Mapping.Text(); err != nil {
		return "", "", err
	}
	b, err := json.Marshal(i.Counts)
	return mapping, string(b), err
}

// Add inserts an import with the next number.
func (s *Store) Add(ctx context.Context, scope access.Scope, i intake.Import) (intake.Import, error) {
	mapping, counts, err := texts(i)
	if err != nil {
		return i, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		var number int
		if err := s.DB.QueryRow(ctx, []any{&number}, `INSERT INTO intake_counter (org_id, n) VALUES ($1, 1)
			ON CONFLICT (org_id) DO UPDATE SET n = intake_counter.n + 1 RETURNING n`, string(scope.Org())); err != nil {
			return err
		}
		i.Ref = fmt.Sprintf("IM-%04d", number)
		_, err := s.DB.Exec(ctx, `INSERT INTO intake_import (org_id, number, `+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
			string(scope.Org()), number, string(i.ID), i.Ref, i.Kind, i.File, i.SHA256, i.Bytes, i.Sheet, i.Header, mapping, string(i.Stage), counts, i.Evidence, i.Version,
			i.Created.UnixMicro(), i.CreatedBy, sqldb.MicrosPtr(i.Checked), sqldb.MicrosPtr(i.Ended))
		return err
	})
	return i, err
}

// Save moves an import forward from base.
func (s *Store) Save(ctx context.Context, scope access.Scope, i intake.Import, base int) error {
	mapping, counts, err := texts(i)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE intake_import SET sheet = $4, header_row = $5, mapping = $6, state = $7, counts = $8, evidence = $9, version = $10, checked_at = $11, ended_at = $12
		WHERE org_id = $1 AND id = $2 AND version = $3`,
		string(scope.Org()), string(i.ID), base, i.Sheet, i.Header, mapping, string(i.Stage), counts, i.Evidence, i.Version, sqldb.MicrosPtr(i.Checked), sqldb.MicrosPtr(i.Ended))
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "%s was changed meanwhile", i.Ref).WithHint("Look at it again.")
	}
	return err
}

// Import reads an import by reference.
func (s *Store) Import(ctx context.Context, scope access.ReadScope, ref string) (intake.Import, error) {
	i, err := sqldb.One(ctx, s.DB, scan, `SELECT `+columns+` FROM intake_import WHERE org_id = $1 AND ref = $2`, string(scope.Org()), ref)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "no import %q", ref)
	}
	return i, err
}

// Imports lists imports, the newest first.
func (s *Store) Imports(ctx context.Context, scope access.ReadScope, q paging.Query) (paging.Result[intake.Import], error) {
	q = q.Norm()
	res := paging.Result[intake.Import]{Query: q}
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(ref) LIKE ? ESCAPE '!' OR lower(file_name) LIKE ? ESCAPE '!' OR lower(kind) LIKE ? ESCAPE '!')`, text, text, text)
	}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM intake_import WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(map[string]string{"ref": "number", "kind": "kind", "file": "lower(file_name)", "created": "created_at", "state": "state"}, q.Sort, q.Desc, "number DESC", "number")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+` FROM intake_import WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// atOnce is how many rows one statement inserts.
const atOnce = 400

// SetRows replaces the rows of an import.
func (s *Store) SetRows(ctx context.Context, scope access.Scope, id intake.ImportID, rows []intake.Outcome) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT number FROM intake_import WHERE org_id = $1 AND id = $2`, string(scope.Org()), string(id)); err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `DELETE FROM intake_row WHERE import_id = $1`, string(id)); err != nil {
			return err
		}
		for len(rows) > 0 {
			some := rows[:min(atOnce, len(rows))]
			rows = rows[len(some):]
			var values []string
			args := []any{string(id)}
			for _, r := range some {
				n := len(args)
				values = append(values, "($1, $"+strconv.Itoa(n+1)+", $"+strconv.Itoa(n+2)+", $"+strconv.Itoa(n+3)+", $"+strconv.Itoa(n+4)+", $"+strconv.Itoa(n+5)+")")
				args = append(args, r.N, r.Key, string(r.State), r.Cell, r.Why)
			}
			if _, err := s.DB.Exec(ctx, `INSERT INTO intake_row (import_id, n, name, state, cell, why) VALUES `+strings.Join(values, ", "), args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Rows lists what becomes of the rows.
func (s *Store) Rows(ctx context.Context, scope access.ReadScope, id intake.ImportID, f intake.Filter, q paging.Query) (paging.Result[intake.Outcome], error) {
	q = q.Norm()
	res := paging.Result[intake.Outcome]{Query: q}
	var w sqldb.Where
	w.Add(`import_id = ? AND EXISTS (SELECT 1 FROM intake_import i WHERE i.id = import_id AND i.org_id = ?)`, string(id), string(scope.Org()))
	w.AddIf(f.State != "", `state = ?`, string(f.State))
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(name) LIKE ? ESCAPE '!' OR lower(why) LIKE ? ESCAPE '!')`, text, text)
	}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM intake_row WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(map[string]string{"row": "n", "name": "lower(name)", "state": "state"}, q.Sort, q.Desc, "n", "n")
	res.Rows, err = sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (intake.Outcome, error) {
		var o intake.Outcome
		err := r.Scan(&o.N, &o.Key, &o.State, &o.Cell, &o.Why)
		return o, err
	}, `SELECT n, name, state, cell, why FROM intake_row WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Habit is the mapping that was used for such headings last.
func (s *Store) Habit(ctx context.Context, scope access.ReadScope, kind, headings string) (intake.Mapping, error) {
	text, err := sqldb.One(ctx, s.DB, sqldb.Strings, `SELECT mapping FROM intake_habit WHERE org_id = $1 AND kind = $2 AND headings = $3`, string(scope.Org()), kind, headings)
	if errs.Is(err, errs.NotFound) {
		return nil, nil //nolint:nilnil // no habit yet
	}
	if err != nil {
		return nil, err
	}
	var m intake.Mapping
	err = json.Unmarshal([]byte(text), &m)
	return m, errs.As(errs.Internal, err, "columns of %s", kind)
}

// SetHabit keeps a mapping for such headings.
func (s *Store) SetHabit(ctx context.Context, scope access.Scope, kind, headings string, m intake.Mapping) error {
	text, err := m.Text()
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO intake_habit (org_id, kind, headings, mapping) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, kind, headings) DO UPDATE SET mapping = $4`, string(scope.Org()), kind, headings, text)
	return err
}
