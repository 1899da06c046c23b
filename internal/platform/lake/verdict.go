package lake

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// HashSQL is how the hash of a full set of rows is computed; an auditor runs the same over the same rows.
const HashSQL = `sha256(coalesce(string_agg(to_json(v)::VARCHAR, chr(10) ORDER BY v.item_id), ''))`

// known is what the child remembers of statements between jobs: the same tests come every day.
type known struct {
	cat     *catalog
	parser  *sql.DB
	found   map[string]*Inspection // by statement
	columns map[string][]Column    // by statement and tables
}

// mostKnown bounds the memory; a child that has seen more statements begins anew.
const mostKnown = 4096

func (k *known) inspect(stmt string) (*Inspection, error) {
	if f := k.found[stmt]; f != nil {
		return f, nil
	}
	f, err := k.cat.inspect(k.parser, stmt)
	if err != nil {
		return nil, err
	}
	if len(k.found) >= mostKnown {
		clear(k.found)
	}
	k.found[stmt] = f
	return f, nil
}

// allow reports why a statement may not run: whatever is not one SELECT, or reads what it was not given, never reaches
// the executor. It returns the statement as it runs, and the values of the parameters that are left in it.
func (s *sandbox) allow(stmt string, params map[string]Param) (string, []any, error) {
	found, err := s.known.inspect(stmt)
	if err != nil {
		return "", nil, err
	}
	if found.Error != "" {
		return "", nil, &forbidden{found.Error}
	}
	for _, f := range found.TableFuncs {
		if !slices.Contains(allowedTableFuncs, f) {
			return "", nil, &forbidden{"the table function " + f + " is not allowed"}
		}
	}
	var args []any
	for _, p := range found.Params {
		v, ok := params[p]
		if !ok {
			return "", nil, &forbidden{"the parameter $" + p + " is not declared"}
		}
		typed, err := v.typed()
		if err != nil {
			return "", nil, fmt.Errorf("parameter $%s: %w", p, err)
		}
		args = append(args, sql.Named(p, typed))
	}
	if bound := Bind(stmt, params); bound != stmt {
		return bound, nil, nil
	}
	return stmt, args, nil
}

func (p Param) typed() (any, error) {
	switch p.Type {
	case "timestamp":
		t, err := time.Parse(time.RFC3339Nano, p.Value)
		return t.UTC(), err
	case "bigint":
		return strconv.ParseInt(p.Value, 10, 64)
	case "boolean":
		return strconv.ParseBool(p.Value)
	case "varchar":
		return p.Value, nil
	}
	return nil, fmt.Errorf("unknown type %q", p.Type)
}

// answer runs one query: its population, then its rows in one pass, in the order in which they are hashed.
func (s *sandbox) answer(q Query) (*Answer, []json.RawMessage, error) {
	stmt, args, err := s.allow(q.SQL, q.Params)
	if err != nil {
		return nil, nil, err
	}
	members, memberArgs, err := s.allow(q.Population, q.Params)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.job.DeadlineMS)*time.Millisecond)
	defer cancel()
	t := &teller{q: q, a: &Answer{Counts: map[string]int64{}, MissingIDs: []string{}, ExtraIDs: []string{}, BadIDs: []string{}, QuietIDs: []string{}}, watch: map[string]bool{}}
	for _, id := range q.Watch {
		t.watch[id] = true
	}
	if t.a.Columns, err = s.describe(ctx, q.SQL, stmt, args); err != nil {
		return nil, nil, err
	}
	if t.population, err = s.population(ctx, members, memberArgs); err != nil {
		return nil, nil, fmt.Errorf("population: %w", err)
	}
	t.a.Population = int64(len(t.population))
	day := "NULL"
	if slices.ContainsFunc(t.a.Columns, func(c Column) bool { return c.Name == "occurred_at" }) {
		day, t.a.Days = "strftime(v.occurred_at, '%Y-%m-%d')", map[string]map[string]int64{}
	}
	if err := s.tell(ctx, t, "SELECT v.item_id, v.outcome::VARCHAR, "+day+", to_json(v)::VARCHAR FROM (\n"+stmt+"\n) v ORDER BY v.item_id", args); err != nil {
		return nil, nil, err
	}
	return t.a, t.loud, nil
}

// describe is the columns of a statement's rows. The identifier is text: numbers and text sort in different orders, and
// the rows of a test are hashed in one.
func (s *sandbox) describe(ctx context.Context, known, stmt string, args []any) ([]Column, error) {
	key := s.schema + known
	if c := s.known.columns[key]; c != nil {
		return c, nil
	}
	rows, err := s.db.QueryContext(ctx, "SELECT * FROM (\n"+stmt+"\n) LIMIT 0", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var out []Column
	for _, t := range types {
		out = append(out, Column{Name: t.Name(), Type: t.DatabaseTypeName()})
		if t.Name() == "item_id" && t.DatabaseTypeName() != "VARCHAR" {
			return nil, fmt.Errorf("item_id is %s: write item_id::VARCHAR", t.DatabaseTypeName())
		}
	}
	if len(s.known.columns) >= mostKnown {
		clear(s.known.columns)
	}
	s.known.columns[key] = out
	return out, rows.Err()
}

// population lists the members in order, absent identifiers last.
func (s *sandbox) population(ctx context.Context, stmt string, args []any) ([]sql.NullString, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT item_id::VARCHAR FROM (\n"+stmt+"\n) ORDER BY 1", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []sql.NullString
	for rows.Next() {
		var v sql.NullString
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// tell reads the rows of a query into its answer.
func (s *sandbox) tell(ctx context.Context, t *teller, stmt string, args []any) error {
	rows, err := s.db.QueryContext(ctx, stmt, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	h := sha256.New()
	for rows.Next() {
		var id, outcome, day sql.NullString
		var row sql.RawBytes
		if err := rows.Scan(&id, &outcome, &day, &row); err != nil {
			return err
		}
		if t.a.Rows > 0 {
			_, _ = h.Write([]byte{'\n'}) // a hash never fails
		}
		_, _ = h.Write(row)
		t.row(id, outcome, day, row)
	}
	for ; t.next < len(t.population); t.next++ {
		t.missing(t.population[t.next])
	}
	t.a.Hash = hex.EncodeToString(h.Sum(nil))
	if t.a.Counts[t.q.Quiet] > t.q.KeepQuiet {
		t.a.QuietIDs = []string{} // all of them or none
	}
	return rows.Err()
}

// teller goes through the rows of a query beside its population, both in order of the identifier.
type teller struct {
	q          Query
	a          *Answer
	population []sql.NullString
	next       int // first member not yet met
	before     sql.NullString
	loud       []json.RawMessage
	watch      map[string]bool
}

func (t *teller) row(id, outcome, day sql.NullString, row []byte) {
	a := t.a
	if !id.Valid {
		a.NullIDs++
	} else if a.Rows == 0 || id != t.before {
		a.Distinct++
	}
	a.Rows, t.before = a.Rows+1, id
	for ; t.next < len(t.population) && less(t.population[t.next], id); t.next++ {
		t.missing(t.population[t.next])
	}
	if t.next < len(t.population) && t.population[t.next] == id {
		t.next++
	} else {
		a.Extra++
		a.ExtraIDs = name(a.ExtraIDs, id)
	}
	if outcome.Valid {
		a.Counts[outcome.String]++
	}
	if !outcome.Valid || !slices.Contains(t.q.Outcomes, outcome.String) {
		a.BadRows++
		a.BadIDs = name(a.BadIDs, id)
	}
	if day.Valid {
		if a.Days[day.String] == nil {
			a.Days[day.String] = map[string]int64{}
		}
		a.Days[day.String][outcome.String]++
	}
	switch {
	case outcome.Valid && outcome.String == t.q.Quiet:
		if int64(len(a.QuietIDs)) < t.q.KeepQuiet {
			a.QuietIDs = append(a.QuietIDs, id.String)
		}
		if t.watch[id.String] {
			a.Watched = append(a.Watched, id.String)
		}
	case t.q.Sample == 0 || int64(len(t.loud)) < t.q.Sample:
		t.loud = append(t.loud, slices.Clone(row))
	}
}

func (t *teller) missing(id sql.NullString) {
	t.a.Missing++
	t.a.MissingIDs = name(t.a.MissingIDs, id)
}

// less is the order of the database: by bytes, absent values last.
func less(a, b sql.NullString) bool {
	if !a.Valid || !b.Valid {
		return a.Valid
	}
	return a.String < b.String
}

// name adds an identifier to those that a message names.
func name(ids []string, id sql.NullString) []string {
	if len(ids) >= namedIDs {
		return ids
	}
	if !id.Valid {
		return append(ids, "(no item_id)")
	}
	return append(ids, id.String)
}
