package lake

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // driver "duckdb"
)

// EnvSandbox marks a process as the child. ServeSandbox must be the first thing such a process does.
const EnvSandbox = "TICKMARK_SANDBOX"

// ServeSandbox turns this process into the child when it was started as one: it answers jobs on standard input until that
// closes, then exits. In any other process it returns at once.
func ServeSandbox() {
	if os.Getenv(EnvSandbox) == "" {
		return
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

const (
	rowsPerMessage = 2000
	namedIDs       = 5 // how many identifiers a message about a fault names
)

func serve(in io.Reader, out io.Writer) error {
	parser, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer parser.Close() //nolint:errcheck // the process ends
	parser.SetMaxOpenConns(1)
	if err := lock(parser, 256, 1); err != nil {
		return err
	}
	cat, err := readCatalog(parser)
	if err != nil {
		return err
	}
	memory := &known{cat: cat, parser: parser, found: map[string]*Inspection{}, columns: map[string][]Column{}}
	dec := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	w := bufio.NewWriterSize(out, 1<<20)
	enc := json.NewEncoder(w)
	for {
		var m message
		if err := dec.Decode(&m); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		switch {
		case m.Job != nil:
			s := &sandbox{job: m.Job, known: memory, send: func(m message) error {
				if err := enc.Encode(m); err != nil {
					return err
				}
				return w.Flush()
			}}
			err = s.run()
		case m.Inspect != nil:
			var found *Inspection
			if found, err = cat.inspect(parser, *m.Inspect); err == nil {
				err = enc.Encode(message{Found: found, Done: true})
			}
		}
		if err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

// lock takes everything away from a database that reaches beyond it but some files, and then the way back.
func lock(db *sql.DB, memoryMB, threads int, but ...string) error {
	reach := make([]string, len(but))
	for i, path := range but {
		reach[i] = Literal(path)
	}
	for _, stmt := range []string{
		"SET memory_limit = '" + strconv.Itoa(memoryMB) + "MB'",
		"SET threads = " + strconv.Itoa(threads),
		"SET TimeZone = 'UTC'",
		"SET temp_directory = ''",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET allow_persistent_secrets = false",
		"SET allowed_paths = [" + strings.Join(reach, ", ") + "]",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if _, err := db.Exec(stmt); err != nil {
			return fmt.Errorf("%s: %w", stmt, err)
		}
	}
	return nil
}

type sandbox struct {
	job    *Job
	known  *known
	db     *sql.DB
	schema string // the job's tables and columns, which the columns of an answer follow from
	send   func(message) error
}

func (s *sandbox) run() error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()      //nolint:errcheck // a database in memory
	db.SetMaxOpenConns(1) // the time zone belongs to a connection
	s.db = db
	if _, err := db.Exec("SET TimeZone = 'UTC'; SET memory_limit = '" + strconv.Itoa(s.job.MemoryMB) + "MB'; SET temp_directory = ''; SET threads = " + strconv.Itoa(s.job.Threads)); err != nil {
		return err
	}
	var stay []string
	for _, t := range s.job.Tables {
		if t.Stays {
			stay = append(stay, t.Files...)
		}
		s.schema += fmt.Sprintf("%q %v\n", t.qualified(), t.Columns)
		if err := s.load(t); err != nil {
			return s.send(message{Failed: failure(fmt.Errorf("table %s: %w", t.Name, err)), Done: true})
		}
	}
	if err := lock(db, s.job.MemoryMB, s.job.Threads, stay...); err != nil {
		return err
	}
	for _, q := range s.job.Queries {
		start := time.Now()
		a, rows, err := s.answer(q)
		if err != nil {
			a = &Answer{Error: failure(err)}
			rows = nil
		}
		a.Ref, a.Microsecond = q.Ref, time.Since(start).Microseconds()
		for len(rows) > 0 {
			n := min(len(rows), rowsPerMessage)
			if err := s.send(message{Rows: rows[:n]}); err != nil {
				return err
			}
			rows = rows[n:]
		}
		if err := s.send(message{Answer: a}); err != nil {
			return err
		}
	}
	return s.send(message{Done: true})
}

// load makes a table. Instants become TIMESTAMP in UTC, so that no session's time zone can change a result.
func (s *sandbox) load(t Table) error {
	if t.Schema != "" {
		if _, err := s.db.Exec("CREATE SCHEMA IF NOT EXISTS " + Quote(t.Schema)); err != nil {
			return err
		}
	}
	if len(t.Files) == 0 {
		return s.loadRows(t)
	}
	cols := SelectColumns(t)
	stmt := LoadSQL(t, cols)
	_, err := s.db.Exec(stmt)
	if err == nil || !strings.Contains(err.Error(), "not found in FROM") {
		return err
	}
	// A file written by an older version lacks a column: read it as NULL.
	have, err := s.columnsOf(t.Files)
	if err != nil {
		return err
	}
	for i, c := range t.Columns {
		if !have[c.Name] {
			cols[i] = "NULL::" + c.Type + " AS " + Quote(c.Name)
		}
	}
	_, err = s.db.Exec(LoadSQL(t, cols))
	return err
}

// SelectColumns lists a table's columns as they are read from its files.
func SelectColumns(t Table) []string {
	cols := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		cols[i] = Quote(c.Name)
		if c.Type == "TIMESTAMP" {
			cols[i] = "(" + cols[i] + " AT TIME ZONE 'UTC') AS " + Quote(c.Name)
		}
	}
	return cols
}

// LoadSQL is the statement that loads a table from its files. Bundles carry the same statement, so that an auditor loads
// what we loaded.
func LoadSQL(t Table, cols []string) string {
	files := make([]string, len(t.Files))
	for i, f := range t.Files {
		files[i] = Literal(f)
	}
	kind := "TABLE "
	if t.Stays {
		kind = "VIEW "
	}
	stmt := "CREATE " + kind + t.qualified() + " AS SELECT " + strings.Join(cols, ", ") +
		" FROM read_parquet([" + strings.Join(files, ", ") + "], union_by_name = true)"
	if t.Where != "" {
		stmt += " WHERE " + t.Where
	}
	if len(t.Newest) > 0 {
		keys := make([]string, len(t.Newest))
		for i, k := range t.Newest {
			keys[i] = Quote(k)
		}
		stmt += " QUALIFY row_number() OVER (PARTITION BY " + strings.Join(keys, ", ") + " ORDER BY " + Quote(t.NewestBy) + " DESC) = 1"
	}
	return stmt
}

func (s *sandbox) columnsOf(files []string) (map[string]bool, error) {
	lits := make([]string, len(files))
	for i, f := range files {
		lits[i] = Literal(f)
	}
	rows, err := s.db.Query("SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet([" + strings.Join(lits, ", ") + "], union_by_name = true))")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	have := map[string]bool{}
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		have[n] = true
	}
	return have, rows.Err()
}

func (s *sandbox) loadRows(t Table) error {
	defs := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		defs[i] = Quote(c.Name) + " " + c.Type
	}
	if _, err := s.db.Exec("CREATE TABLE " + t.qualified() + " (" + strings.Join(defs, ", ") + ")"); err != nil {
		return err
	}
	for n, raw := range t.Rows {
		var row map[string]any
		if err := json.Unmarshal(raw, &row); err != nil {
			return fmt.Errorf("row %d: %w", n+1, err)
		}
		cols, marks, args := []string{}, []string{}, []any{}
		for _, c := range t.Columns {
			v, ok := row[c.Name]
			if !ok {
				continue
			}
			delete(row, c.Name)
			cols = append(cols, Quote(c.Name))
			args = append(args, plain(v))
			marks = append(marks, "$"+strconv.Itoa(len(args))+"::"+c.Type)
		}
		for k := range row {
			return fmt.Errorf("row %d: no column %q", n+1, k)
		}
		if _, err := s.db.Exec("INSERT INTO "+t.qualified()+" ("+strings.Join(cols, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...); err != nil {
			return fmt.Errorf("row %d: %w", n+1, err)
		}
	}
	return nil
}

// plain turns a JSON value into text, which DuckDB casts to the column's type.
func plain(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		b, _ := json.Marshal(v) //nolint:errchkjson // it was JSON
		return string(b)
	}
}

func (t Table) qualified() string {
	if t.Schema == "" {
		return Quote(t.Name)
	}
	return Quote(t.Schema) + "." + Quote(t.Name)
}

// Quote is an identifier in double quotes.
func Quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Literal is a string literal.
func Literal(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }

type forbidden struct{ msg string }

func (f *forbidden) Error() string { return f.msg }

// failure sorts what went wrong by what the author of the statement can do about it.
func failure(err error) *Failure {
	var f *forbidden
	msg := err.Error()
	switch {
	case errors.As(err, &f):
		return &Failure{"forbidden", msg}
	case errors.Is(err, context.DeadlineExceeded), strings.Contains(msg, "INTERRUPT"):
		return &Failure{"deadline", "the statement took longer than it may"}
	case strings.Contains(msg, "Out of Memory"), strings.Contains(msg, "out of memory"):
		return &Failure{"memory", "the statement needs more memory than it may use"}
	case strings.Contains(msg, "Permission Error"):
		return &Failure{"forbidden", msg}
	}
	return &Failure{"sql", msg}
}
