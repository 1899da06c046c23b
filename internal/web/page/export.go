package page

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// exportRows bounds a file, so that a request ends; a sheet of XLSX holds 1,048,576 rows.
const exportRows = 200_000

// RowsOf reads one page of a list for an export: the cells of each row (string, int, int64, float64, bool or time.Time)
// and the number of rows there are in all.
type RowsOf func(q paging.Query) (rows [][]any, total int, err error)

// Export answers with the rows of the list as a file: the same filter and order as on the screen, all pages. head names
// the columns.
func (r *Request) Export(t *Table, name string, head []string, read RowsOf) error {
	q := t.Query
	q.Page, q.Size = 1, paging.MaxSize
	rows, total, err := read(q)
	if err != nil {
		return err
	}
	if total > exportRows {
		return errs.New(errs.Exhausted, "%s rows are too many for one file", Count(total)).WithHint("At most %s; narrow the list with a filter.", Count(exportRows))
	}
	next := func() ([][]any, error) {
		if q.Page*q.Size >= total || len(rows) == 0 {
			return nil, nil
		}
		q.Page++
		more, _, err := read(q)
		return more, err
	}
	kind, write := "text/csv; charset=utf-8", writeCSV
	if t.Format == XLSX {
		kind, write = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", writeXLSX
	}
	h := r.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": FileName(name + "-" + r.Now.UTC().Format("20060102") + "." + string(t.Format))}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if r.HTTP.Method == http.MethodHead {
		return nil
	}
	return r.brokenOff(write(r.w, head, rows, next), name)
}

// brokenOff ends a file that could not be finished so that nobody takes the part for the whole: the connection is cut.
func (r *Request) brokenOff(err error, name string) error {
	if err == nil {
		return nil
	}
	r.site.log.Error("an export broke off", "request", r.Ref, "file", name, "error", err)
	panic(http.ErrAbortHandler)
}

func writeCSV(w io.Writer, head []string, rows [][]any, next func() ([][]any, error)) error {
	b := bufio.NewWriter(w)
	c := csv.NewWriter(b)
	c.UseCRLF = true // RFC 4180
	if err := c.Write(head); err != nil {
		return err
	}
	for len(rows) > 0 {
		for _, row := range rows {
			cells := make([]string, len(row))
			for i, x := range row {
				cells[i] = csvCell(x)
			}
			if err := c.Write(cells); err != nil {
				return err
			}
		}
		var err error
		if rows, err = next(); err != nil {
			return err
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return err
	}
	return b.Flush()
}

// csvCell writes a cell. A text that a spreadsheet would take for a formula gets an apostrophe in front, after the advice
// of OWASP on CSV injection; numbers are written by us and stay numbers.
func csvCell(x any) string {
	switch x := x.(type) {
	case nil:
		return ""
	case int:
		return strconv.Itoa(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(x)
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.UTC().Format(time.RFC3339)
	case string:
		return text.Harmless(x)
	}
	return text.Harmless(fmt.Sprint(x))
}

func writeXLSX(w io.Writer, head []string, rows [][]any, next func() ([][]any, error)) (err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	s, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	top := make([]any, len(head))
	for i, x := range head {
		top[i] = excelize.Cell{StyleID: bold, Value: x}
	}
	if err := s.SetRow("A1", top); err != nil {
		return err
	}
	for n := 2; len(rows) > 0; {
		for _, row := range rows {
			cells := make([]any, len(row))
			for i, x := range row {
				cells[i] = xlsxCell(x)
			}
			if err := s.SetRow("A"+strconv.Itoa(n), cells); err != nil {
				return err
			}
			n++
		}
		if rows, err = next(); err != nil {
			return err
		}
	}
	if err := s.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

// xlsxLength is the most characters a cell of a sheet holds.
const xlsxLength = 32767

// xlsxCell gives a cell its type. A text stays a text whatever it begins with: it is never stored as a formula.
func xlsxCell(x any) any {
	switch x := x.(type) {
	case nil, int, int64, float64, bool:
		return x
	case time.Time:
		if x.IsZero() {
			return nil
		}
		return x.UTC().Format(time.RFC3339) // with its zone, which a sheet's own date does not have
	case string:
		return clip(strings.ToValidUTF8(x, "\ufffd"), xlsxLength)
	}
	return clip(fmt.Sprint(x), xlsxLength)
}

// OrBlank is the cell of an export for an instant that may be missing.
func OrBlank(t *time.Time) any {
	if t == nil {
		return nil
	}
	return *t
}
