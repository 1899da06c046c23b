package eventlake

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// scan looks through one group of rows of a segment, column by column: what a filter of values or a dictionary rules out is not read.
type scan struct {
	group  parquet.RowGroup
	schema *parquet.Schema
	hits   []bool // by row: whether it may still pass
}

// clause is one condition: a row may pass if one of its columns holds a value that does.
type clause struct {
	columns []string
	values  []string // that the columns are equal to; none if only pass tells
	pass    func(value string) bool
}

// clausesOf are the conditions of a filter about texts of few different values. They may let too much pass: rows are read and held
// against the filter.
func clausesOf(f *event.Filter) []clause {
	var out []clause
	one := func(columns []string, values []string) {
		if len(values) > 0 {
			out = append(out, clause{columns, values, func(v string) bool { return slices.Contains(values, v) }})
		}
	}
	one([]string{"log"}, f.Logs)
	if f.Source != "" {
		one([]string{"source"}, []string{f.Source})
	}
	one([]string{"action"}, f.Actions)
	one([]string{"actor", "actor_name"}, f.Actors)
	if len(f.Keys) == 0 {
		return out
	}
	kinds := map[string][]string{
		event.KeyCredential: {"credential", "issued"}, event.KeySession: {"session"}, event.KeyProcess: {"process", "parent"},
		event.KeyPrincipal: {"actor"}, event.KeyHost: {"host"}, event.KeyIP: {"ip"}, event.KeyAgent: {"agent"},
	}
	keys := clause{pass: func(v string) bool {
		return slices.ContainsFunc(f.Keys, func(k event.Key) bool { return v == k.Value }) || strings.HasPrefix(v, "[") && issues(v, f.Keys)
	}}
	for _, k := range f.Keys {
		keys.values = append(keys.values, k.Value)
		for _, c := range kinds[k.Kind] {
			if !slices.Contains(keys.columns, c) {
				keys.columns = append(keys.columns, c)
			}
		}
	}
	return append(out, keys)
}

// issues says whether a list of what came into being names one of the keys.
func issues(list string, keys []event.Key) bool {
	var all []string
	if !slices.ContainsFunc(keys, func(k event.Key) bool { return strings.Contains(list, k.Value) }) && !strings.Contains(list, `\`) {
		return false
	}
	return json.Unmarshal([]byte(list), &all) != nil || slices.ContainsFunc(keys, func(k event.Key) bool { return slices.Contains(all, k.Value) })
}

// places are the numbers of the rows of a group that may pass.
func places(group parquet.RowGroup, f *event.Filter, clauses []clause, text *event.Text) ([]int64, error) {
	s := &scan{group: group, schema: group.Schema()}
	from, to, err := s.bounds(f)
	if err != nil || from >= to {
		return nil, err
	}
	if !slices.ContainsFunc(clauses, func(c clause) bool { return !s.possible(c) }) {
		s.hits = make([]bool, group.NumRows())
		for i := from; i < to; i++ {
			s.hits[i] = true
		}
		err = s.narrow(f, clauses, text)
	}
	var out []int64
	for i, hit := range s.hits {
		if hit {
			out = append(out, int64(i))
		}
	}
	return out, err
}

func (s *scan) narrow(f *event.Filter, clauses []clause, text *event.Text) error {
	if len(f.IDs) > 0 {
		if err := s.identified(f.IDs); err != nil {
			return err
		}
	}
	for _, c := range clauses {
		if err := s.holds(c); err != nil || !slices.Contains(s.hits, true) {
			return err
		}
	}
	if err := s.timed(f.From, f.To); err != nil || text == nil || !slices.Contains(s.hits, true) {
		return err
	}
	return s.worded(text)
}

func (s *scan) chunk(column string) (parquet.ColumnChunk, error) {
	leaf, ok := s.schema.Lookup(column)
	if !ok {
		return nil, errs.New(errs.Internal, "it has no column %s", column)
	}
	return s.group.ColumnChunks()[leaf.ColumnIndex], nil
}

// possible asks the filters of the columns: no means that no row passes. Columns without a filter, such as what was issued, may.
func (s *scan) possible(c clause) bool {
	for _, name := range c.columns {
		chunk, err := s.chunk(name)
		if err != nil {
			return true
		}
		bloom := chunk.BloomFilter()
		if bloom == nil {
			return true
		}
		for _, v := range c.values {
			if there, err := bloom.Check(parquet.ValueOf(v)); there || err != nil {
				return true
			}
		}
	}
	return false
}

// bounds are the rows that lie behind or before the place where a page of the answer begins.
func (s *scan) bounds(f *event.Filter) (from, to int64, err error) {
	to = s.group.NumRows()
	low, high := "", ""
	switch {
	case f.After == "":
	case f.Ascending:
		low = f.After + "\x00" // the least that is greater
	default:
		high = f.After
	}
	if low != "" {
		if from, err = s.below(low); err != nil {
			return 0, 0, err
		}
	}
	if high != "" {
		to, err = s.below(high)
	}
	return from, to, err
}

// below is how many rows have lesser identifiers, which rise from row to row.
func (s *scan) below(id string) (int64, error) {
	chunk, err := s.chunk("id")
	if err != nil {
		return 0, err
	}
	index, err := chunk.ColumnIndex()
	if err != nil {
		return 0, damaged(err)
	}
	offsets, err := chunk.OffsetIndex()
	if err != nil {
		return 0, damaged(err)
	}
	n := 0
	for n < index.NumPages() && string(index.MaxValue(n).ByteArray()) < id { // the greatest may be told cut short and rounded up
		n++
	}
	if n == index.NumPages() {
		return s.group.NumRows(), nil
	}
	count := offsets.FirstRowIndex(n)
	pages := chunk.Pages()
	defer pages.Close()
	if err := pages.SeekToRow(count); err != nil {
		return 0, damaged(err)
	}
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return 0, damaged(err)
		}
		data := page.Data()
		values, at := data.ByteArray()
		more := true
		for i := 0; i+1 < len(at) && more; i++ {
			if more = string(values[at[i]:at[i+1]]) < id; more {
				count++
			}
		}
		parquet.Release(page)
		if !more {
			return count, nil
		}
	}
}

func damaged(err error) error { return errs.As(errs.Internal, err, "it is damaged") }

// identified keeps the rows of some identifiers.
func (s *scan) identified(ids []string) error {
	keep := make([]bool, len(s.hits))
	for _, id := range ids {
		n, err := s.below(id)
		if err != nil {
			return err
		}
		if n < int64(len(keep)) {
			keep[n] = s.hits[n]
		}
	}
	s.hits = keep
	return nil
}

// holds keeps the rows of which a column of the clause holds a value that passes.
func (s *scan) holds(c clause) error {
	keep := make([]bool, len(s.hits))
	for _, name := range c.columns {
		if err := s.column(name, c.pass, keep); err != nil {
			return err
		}
	}
	for i := range s.hits {
		s.hits[i] = s.hits[i] && keep[i]
	}
	return nil
}

// column marks the rows whose value passes. A value of a dictionary is asked about once.
func (s *scan) column(name string, pass func(string) bool, keep []bool) error {
	var passes []bool // by number in the dictionary
	return s.pages(name, func(page parquet.Page, at int) bool {
		data, dict := page.Data(), page.Dictionary()
		if dict == nil {
			values, offsets := data.ByteArray()
			for i := range len(offsets) - 1 {
				keep[at+i] = keep[at+i] || pass(string(values[offsets[i]:offsets[i+1]]))
			}
			return true
		}
		if passes == nil {
			passes = make([]bool, dict.Len())
			some := false
			for i := range passes {
				passes[i] = pass(string(dict.Index(int32(i)).ByteArray()))
				some = some || passes[i]
			}
			if !some {
				return false
			}
		}
		for i, n := range data.Int32() {
			keep[at+i] = keep[at+i] || passes[n]
		}
		return true
	})
}

// pages reads the pages of a column in which rows may still pass, until do says that it is enough. at is the number of a page's first row.
func (s *scan) pages(name string, do func(page parquet.Page, at int) bool) error {
	chunk, err := s.chunk(name)
	if err != nil {
		return err
	}
	offsets, err := chunk.OffsetIndex()
	if err != nil {
		return damaged(err)
	}
	pages := chunk.Pages()
	defer pages.Close()
	next := int64(0)
	for n := range offsets.NumPages() {
		at, end := offsets.FirstRowIndex(n), s.group.NumRows()
		if n+1 < offsets.NumPages() {
			end = offsets.FirstRowIndex(n + 1)
		}
		if !slices.Contains(s.hits[at:end], true) {
			continue
		}
		if next != at {
			if err := pages.SeekToRow(at); err != nil {
				return damaged(err)
			}
		}
		page, err := pages.ReadPage()
		if err != nil {
			return damaged(err)
		}
		more := page.NumRows() == end-at
		if more {
			more = do(page, int(at))
			next = end
		} else {
			err = errs.New(errs.Internal, "it is damaged: a page of %s has %d rows, not %d", name, page.NumRows(), end-at)
		}
		parquet.Release(page)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// timed keeps the rows of a time. Those that do not tell theirs are asked later.
func (s *scan) timed(from, to time.Time) error {
	if from.IsZero() && to.IsZero() {
		return nil
	}
	first, after := int64(math.MinInt64), int64(math.MaxInt64)
	if !from.IsZero() {
		first = from.UnixMicro()
	}
	if !to.IsZero() {
		after = to.UnixMicro()
		if to.Nanosecond()%1000 > 0 {
			after++ // a part of a microsecond
		}
	}
	if chunk, err := s.chunk("time"); err != nil {
		return err
	} else if c, ok := chunk.(*parquet.FileColumnChunk); ok {
		if least, most, ok := c.Bounds(); ok && c.NullCount() == 0 && least.Int64() >= first && most.Int64() < after {
			return nil // all are
		}
	}
	var fault error
	values := make([]parquet.Value, 1024)
	err := s.pages("time", func(page parquet.Page, at int) bool {
		r := page.Values()
		for {
			n, err := r.ReadValues(values)
			for i, v := range values[:n] {
				if !v.IsNull() && (v.Int64() < first || v.Int64() >= after) {
					s.hits[at+i] = false
				}
			}
			if at += n; errors.Is(err, io.EOF) {
				return true
			}
			if err != nil {
				fault = damaged(err)
				return false
			}
		}
	})
	return errors.Join(err, fault)
}

// worded keeps the rows whose record has a text.
func (s *scan) worded(text *event.Text) error {
	keep := make([]bool, len(s.hits))
	err := s.pages("raw", func(page parquet.Page, at int) bool {
		data := page.Data()
		values, offsets := data.ByteArray()
		text.Rows(values, offsets, func(n int) { keep[at+n] = s.hits[at+n] })
		return true
	})
	s.hits = keep
	return err
}
