package lake

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/blob"
)

// maxPage bounds the rows of one page.
const maxPage = 1000

// Page reads rows of a file from an offset on, as text, for people to look at: no SQL runs. A missing value is nil. kinds
// holds "text", "number", "boolean", "time" or "date" for each column; total is the rows of the whole file.
func (d Dir) Page(path string, offset int64, limit int) (columns, kinds []string, rows [][]*string, total int64, err error) {
	f, err := d.Open(path)
	if err != nil {
		return nil, nil, nil, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, nil, 0, blob.Fault(err, "read "+path)
	}
	file, err := parquet.OpenFile(f, st.Size(), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, nil, nil, 0, errs.As(errs.Internal, err, "%s is no Parquet file", path)
	}
	writers := []func(parquet.Value) string{}
	for _, p := range file.Schema().Columns() {
		leaf, _ := file.Schema().Lookup(p...)
		kind, write := shown(leaf.Node.Type())
		columns, kinds, writers = append(columns, p[len(p)-1]), append(kinds, kind), append(writers, write)
	}
	rows, err = readRows(file, max(offset, 0), min(limit, maxPage), writers)
	return columns, kinds, rows, file.NumRows(), blob.Fault(err, "read "+path)
}

func readRows(file *parquet.File, offset int64, limit int, writers []func(parquet.Value) string) ([][]*string, error) {
	var out [][]*string
	buf := make([]parquet.Row, 64)
	for _, g := range file.RowGroups() {
		if offset >= g.NumRows() {
			offset -= g.NumRows()
			continue
		}
		if len(out) >= limit {
			break
		}
		rows := g.Rows()
		err := rows.SeekToRow(offset)
		offset = 0
		for err == nil && len(out) < limit {
			var n int
			n, err = rows.ReadRows(buf[:min(len(buf), limit-len(out))])
			for _, row := range buf[:n] {
				line := make([]*string, len(writers))
				for _, v := range row {
					if !v.IsNull() {
						s := writers[v.Column()](v)
						line[v.Column()] = &s
					}
				}
				out = append(out, line)
			}
		}
		if cerr := rows.Close(); err == nil || errors.Is(err, io.EOF) {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// shown is how a column's values are written for people.
func shown(t parquet.Type) (kind string, write func(parquet.Value) string) {
	var logical format.LogicalTypeValue
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	switch logical.(type) {
	case *format.TimestampType:
		return "time", func(v parquet.Value) string {
			return time.UnixMicro(v.Int64()).UTC().Format("2006-01-02T15:04:05.999999Z")
		}
	case *format.DateType:
		return "date", func(v parquet.Value) string { return time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly) }
	}
	switch t.Kind() {
	case parquet.Boolean:
		return "boolean", func(v parquet.Value) string { return strconv.FormatBool(v.Boolean()) }
	case parquet.Int32, parquet.Int64, parquet.Float, parquet.Double:
		return "number", parquet.Value.String
	default:
		return "text", parquet.Value.String
	}
}
