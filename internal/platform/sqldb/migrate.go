package sqldb

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Migrate brings the schema up to the newest file in dir. Files are named NNNN_<domain>_<what>.sql and run in that order,
// each in a transaction of its own; a file that changed after it ran, or a database newer than the program, is refused.
func (db *DB) Migrate(ctx context.Context, dir fs.FS, now time.Time) error {
	_, err := db.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migration (
		name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)`)
	if err != nil {
		return errs.Wrap(err, "prepare migrations")
	}
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	type applied struct{ name, sum string }
	have, err := Collect(ctx, db, func(r Row) (applied, error) {
		var a applied
		return a, r.Scan(&a.name, &a.sum)
	}, `SELECT name, sha256 FROM schema_migration ORDER BY name`)
	if err != nil {
		return err
	}
	sums := map[string]string{}
	for _, a := range have {
		sums[a.name] = a.sum
		if !slices.Contains(names, a.name) {
			return errs.New(errs.Conflict, "the database has migration %s, which this program does not know", a.name).
				WithHint("It was written by a newer version: run that version, or restore a backup.")
		}
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		sum := canon.Sum(text)
		if old, ok := sums[name]; ok {
			if old != sum {
				return errs.New(errs.Conflict, "migration %s is not the one that was applied", name)
			}
			continue
		}
		if err := db.apply(ctx, name, string(text), sum, now); err != nil {
			return errs.Wrap(err, "migration %s", name)
		}
	}
	return nil
}

func (db *DB) apply(ctx context.Context, name, text, sum string, now time.Time) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		// Two processes may start at once: the one that comes second finds the migration applied.
		n, err := One(ctx, db, Int, `SELECT count(*) FROM schema_migration WHERE name = $1`, name)
		if err != nil || n > 0 {
			return err
		}
		for _, stmt := range statements(text) {
			if _, err := db.Exec(ctx, stmt); err != nil {
				return err
			}
		}
		// On an engine that lets both go on, the primary key lets only one of them keep it.
		_, err = db.Exec(ctx, `INSERT INTO schema_migration (name, sha256, applied_at) VALUES ($1, $2, $3)`, name, sum, now.UnixMicro())
		return err
	})
}

// statements splits a migration at semicolons that end a line; migrations hold no procedural code.
func statements(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ";\n") {
		if s := strings.TrimSpace(stripComments(part)); s != "" {
			out = append(out, strings.TrimSuffix(s, ";"))
		}
	}
	return out
}

func stripComments(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			b.WriteString(line)
		}
	}
	return b.String()
}
