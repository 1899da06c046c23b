package peoplesql

import (
	"context"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// atOnce is how many values one statement carries, at most. The SQLite driver looks each value up among all of its statement, so that larger
// ones are slower.
const atOnce = 300

// bulk runs a statement "head VALUES (...), (...) tail" over rows, in pieces, and says how many rows it touched.
func bulk(ctx context.Context, db *sqldb.DB, head, tail string, rows [][]any) (int64, error) {
	var touched int64
	for len(rows) > 0 {
		n := min(len(rows), max(1, atOnce/len(rows[0])))
		var b strings.Builder
		b.WriteString(head + " VALUES ")
		var args []any
		for i, row := range rows[:n] {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('(')
			for j, v := range row {
				if j > 0 {
					b.WriteString(", ")
				}
				args = append(args, v)
				b.WriteString("$" + strconv.Itoa(len(args)))
			}
			b.WriteByte(')')
		}
		b.WriteString(" " + tail)
		k, err := db.Exec(ctx, b.String(), args...)
		if err != nil {
			return touched, err
		}
		touched += k
		rows = rows[n:]
	}
	return touched, nil
}

// numbers takes the next numbers of a kind of reference, and returns the one before the first.
func (s *Store) numbers(ctx context.Context, org, what string, many int) (int, error) {
	var last int
	err := s.DB.QueryRow(ctx, []any{&last}, `INSERT INTO people_counter (org_id, what, n) VALUES ($1, $2, $3)
		ON CONFLICT (org_id, what) DO UPDATE SET n = people_counter.n + $3 RETURNING n`, org, what, many)
	return last - many, err
}
