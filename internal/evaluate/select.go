package evaluate

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Bounds of a statement of somebody's own.
const (
	MaxStatement    = 20_000 // characters
	selectDeadline  = 20 * time.Second
	selectTableForm = "a table is SYSTEM.RESOURCE, such as okta.user_account"
)

// Selection is a statement of an auditor's own over snapshots that are kept: one SELECT with a column item_id that tells rows apart.
type Selection struct {
	SQL      string
	Evidence []evidence.Item // each is the table SYSTEM.RESOURCE; several of one kind are one table
	From, To time.Time       // $from_at and $to_at; $as_of is To
	Most     int             // rows
}

// Selected is what a statement gave.
type Selected struct {
	Columns []string
	Rows    []map[string]json.RawMessage // by item_id
	Hash    string                       // over every row
}

// Select runs a statement in the sandbox, as tests run: it reads the snapshots it was given and nothing else, in bounded time and
// memory. Nothing is recorded.
func (s *Service) Select(ctx context.Context, scope access.ReadScope, x Selection) (Selected, error) {
	if err := scope.Require(access.ReadEvidence); err != nil {
		return Selected{}, err
	}
	if n := len([]rune(x.SQL)); strings.TrimSpace(x.SQL) == "" || n > MaxStatement {
		return Selected{}, errs.New(errs.Invalid, "write one SELECT of at most %d characters", MaxStatement).At("sql")
	}
	d := &Definition{ID: "selection", SQL: x.SQL}
	paths := map[string][]string{}
	for _, it := range x.Evidence {
		path, ok := strings.CutPrefix(it.Path, "lake:")
		if !ok {
			return Selected{}, errs.New(errs.Invalid, "%s is a document; a statement reads collected evidence", it.Ref).At("of")
		}
		name := it.System + "." + it.Resource
		if !slices.Contains(d.Inputs, name) {
			d.Inputs = append(d.Inputs, name)
		}
		paths[name] = append(paths[name], path)
	}
	inspected, err := s.Engine.Inspect(ctx, x.SQL)
	if err != nil {
		return Selected{}, err
	}
	if err := lintStatement(d, inspected); err != nil {
		return Selected{}, errs.AtField(errs.Hinted(err, "The evidence you named gives the tables %s; %s.", strings.Join(d.Inputs, ", "), selectTableForm), "sql")
	}
	inputs, err := d.ParsedInputs()
	if err != nil {
		return Selected{}, errs.AtField(err, "of")
	}
	var tables []Table
	for _, in := range inputs {
		t := in.Table()
		t.Paths = paths[t.Name]
		tables = append(tables, t)
	}
	return s.selected(ctx, d, tables, x)
}

func (s *Service) selected(ctx context.Context, d *Definition, tables []Table, x Selection) (Selected, error) {
	bad := func(format string, args ...any) error { return errs.New(errs.Invalid, format, args...).At("sql") }
	body := strings.TrimRight(strings.TrimSpace(x.SQL), "; \n\t")
	d.SQL, d.Population = "SELECT *, 'pass' AS outcome FROM (\n"+body+"\n)", "SELECT item_id FROM (\n"+body+"\n)"
	q := d.Query(x.To, x.From, x.To, nil)
	q.All = true
	vs, err := s.Engine.Run(ctx, Job{Tables: tables, Queries: []Query{q}, Deadline: selectDeadline})
	if err != nil {
		return Selected{}, err
	}
	v := vs[0]
	switch {
	case v.Err != nil:
		return Selected{}, errs.Hinted(bad("the statement gave no rows: %v", v.Err), "Every row needs a column item_id, and no column outcome.")
	case v.Bad > 0 || slices.ContainsFunc(v.Columns, func(c string) bool { return strings.HasPrefix(c, "outcome_") || strings.HasPrefix(c, "outcome:") }):
		return Selected{}, bad("the statement gives a column outcome, which is kept for tests: give it another name")
	case v.NullIDs > 0:
		return Selected{}, bad("%d rows have no item_id", v.NullIDs)
	case v.Distinct != v.Rows:
		return Selected{}, bad("%d rows have %d different item_id: it has to tell rows apart", v.Rows, v.Distinct)
	case v.Rows > int64(x.Most):
		return Selected{}, errs.New(errs.Exhausted, "the statement gives %d rows; at most %d are taken", v.Rows, x.Most).At("sql")
	}
	out := Selected{Hash: v.Hash}
	for _, c := range v.Columns {
		if c != "outcome" {
			out.Columns = append(out.Columns, c)
		}
	}
	for _, raw := range v.Returned {
		row := map[string]json.RawMessage{}
		if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&row); err != nil {
			return Selected{}, errs.As(errs.Internal, err, "a row of the statement")
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}
