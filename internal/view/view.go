// Package view reads what pages show: joins over the tables of several domains, SELECT only, on the read-only side of the
// records database. It keeps nothing but parsed definitions of tests, by the hash of their text,
// and the days of observation windows, by the newest evaluation.
package view

import (
	"context"
	"sync"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Reader reads for pages. Every method takes the scope of whoever looks, and reads that organisation alone. It is safe for
// concurrent use.
type Reader struct {
	db      *sqldb.DB
	catalog *catalog.Catalog
	defs    definitions
	windows windows
}

// New makes a Reader on a records database.
func New(db *sqldb.DB, c *catalog.Catalog) *Reader {
	return &Reader{db: db, catalog: c, defs: definitions{bySHA: map[string]*evaluate.Definition{}}, windows: windows{byOrg: map[access.OrgID]window{}}}
}

// Warm parses the tests of an organisation, so that the first page need not.
func (r *Reader) Warm(ctx context.Context, s access.ReadScope) error {
	_, err := r.testHits(ctx, s)
	return err
}

// Catalog is the reference data the reader names requirements by.
func (r *Reader) Catalog() *catalog.Catalog { return r.catalog }

// maxDefinitions bounds the cache of parsed tests: some hundred organisations with a hundred tests of their own each.
const maxDefinitions = 20000

// definitions are parsed tests by the hash of their text. A text never changes under its hash, so that nothing goes stale.
type definitions struct {
	mu    sync.RWMutex
	bySHA map[string]*evaluate.Definition
}

// get is the definition with the hash, parsing the text that load gives only the first time it is seen.
func (d *definitions) get(ctx context.Context, sha string, load func(context.Context) (string, error)) (*evaluate.Definition, error) {
	d.mu.RLock()
	x := d.bySHA[sha]
	d.mu.RUnlock()
	if x != nil {
		return x, nil
	}
	text, err := load(ctx)
	if err != nil {
		return nil, err
	}
	if x, err = evaluate.Parse([]byte(text)); err != nil {
		return nil, errs.As(errs.Internal, err, "test text %s", sha)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.bySHA) >= maxDefinitions {
		clear(d.bySHA)
	}
	d.bySHA[sha] = x
	return x, nil
}

// list reads one page of a query and the number of rows on all pages. from is everything after FROM up to the conditions.
func list[T any](ctx context.Context, db *sqldb.DB, w *sqldb.Where, q paging.Query, columns, from, order string, scan func(sqldb.Row) (T, error)) (paging.Result[T], error) {
	q = q.Norm()
	res := paging.Result[T]{Query: q}
	total, err := sqldb.One(ctx, db, sqldb.Int, `SELECT count(*) FROM `+from+` WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, db, scan, `SELECT `+columns+` FROM `+from+` WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// page cuts one page out of rows that were read and sorted in memory, where a list is as short as the controls or the tests
// of one organisation and its order depends on what is computed from several tables.
func page[T any](rows []T, q paging.Query) paging.Result[T] {
	q = q.Norm()
	from := min(q.Offset(), len(rows))
	return paging.Result[T]{Rows: rows[from:min(from+q.Size, len(rows))], Total: len(rows), Query: q}
}

// orgOf is the organisation of a scope as a statement takes it.
func orgOf(s access.ReadScope) string { return string(s.Org()) }
