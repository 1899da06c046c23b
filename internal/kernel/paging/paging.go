// Package paging is how lists are asked for and answered: a page number, a size, a sort, and a total.
package paging

// DefaultSize is the rows of a page when the caller names none; MaxSize bounds what one request may ask for.
const (
	DefaultSize = 100
	MaxSize     = 1000
)

// Query asks for one page of a list.
type Query struct {
	Page   int    // from 1
	Size   int    // rows a page
	Sort   string // a column the list offers; empty means the list's own order
	Desc   bool
	Search string // free text; empty means everything
}

// Norm returns the query with page and size brought into range.
func (q Query) Norm() Query {
	if q.Size <= 0 {
		q.Size = DefaultSize
	}
	q.Size = min(q.Size, MaxSize)
	q.Page = max(q.Page, 1)
	return q
}

// Offset is the number of rows before the page.
func (q Query) Offset() int { return (q.Page - 1) * q.Size }

// Result is one page and the number of rows on all pages together.
type Result[T any] struct {
	Rows  []T
	Total int
	Query Query
}

// Pages is the number of pages, at least 1.
func (r Result[T]) Pages() int {
	if r.Query.Size <= 0 || r.Total == 0 {
		return 1
	}
	return (r.Total + r.Query.Size - 1) / r.Query.Size
}
