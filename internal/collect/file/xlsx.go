package file

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Bounds of an XLSX file: packed, unpacked, and unpacked parts beyond which they lie on disk and not in memory.
const (
	maxPacked   = 256 << 20
	maxUnpacked = 2 << 30
	maxInMemory = 16 << 20
)

// xlsxTable streams one sheet. A formula gives the value that the spreadsheet program kept with it. The sheet is read
// twice side by side: as stored, and as shown, since only the latter tells a date from a number in a column of text.
type xlsxTable struct {
	file   *excelize.File
	stored *excelize.Rows
	shown  *excelize.Rows
	header []string
	number int
}

func newXLSX(r io.Reader, sheet string, c *converter) (*xlsxTable, error) {
	limited := io.LimitReader(r, maxPacked+1)
	counter := &sizer{r: limited}
	f, err := excelize.OpenReader(counter, excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxInMemory})
	if counter.n > maxPacked {
		return nil, errs.New(errs.Invalid, "the file is larger than %d MiB", maxPacked>>20).WithHint("save the sheet as CSV, which may be larger")
	}
	if err != nil {
		return nil, errs.As(errs.Invalid, err, "the file is not a sound XLSX file")
	}
	t := &xlsxTable{file: f}
	if sheet, err = pickSheet(f, sheet); err == nil {
		t.stored, err = f.Rows(sheet)
	}
	if err == nil {
		t.shown, err = f.Rows(sheet)
	}
	if err != nil {
		t.close()
		if errs.KindOf(err) == errs.Internal {
			err = errs.As(errs.Invalid, err, "open the sheet %q", sheet)
		}
		return nil, err
	}
	c.spreadsheet = true
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		c.epoch1904 = *props.Date1904
	}
	return t, nil
}

type sizer struct {
	r io.Reader
	n int64
}

func (s *sizer) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	return n, err
}

func pickSheet(f *excelize.File, sheet string) (string, error) {
	list := f.GetSheetList()
	if len(list) == 0 {
		return "", errs.New(errs.Invalid, "the file has no sheet")
	}
	if sheet == "" {
		return list[0], nil
	}
	for _, s := range list {
		if strings.EqualFold(s, sheet) {
			return s, nil
		}
	}
	return "", errs.New(errs.Invalid, "the file has no sheet %q%s", sheet, didYouMean(sheet, list)).At("sheet").WithHint("its sheets are: %s", strings.Join(list, ", "))
}

func (t *xlsxTable) format() string { return "XLSX" }

func (t *xlsxTable) close() {
	for _, r := range []*excelize.Rows{t.stored, t.shown} {
		if r != nil {
			_ = r.Close()
		}
	}
	_ = t.file.Close()
}

// next skips rows without any cell.
func (t *xlsxTable) next() (tableRow, error) {
	for t.stored.Next() && t.shown.Next() {
		t.number++
		cells, err1 := t.stored.Columns(excelize.Options{RawCellValue: true})
		shown, err2 := t.shown.Columns()
		if err := errors.Join(err1, err2); err != nil {
			return tableRow{}, errs.As(errs.Invalid, err, "row %d of the sheet", t.number)
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		row := tableRow{number: t.number, cells: cells, shown: shown}
		if t.header == nil {
			t.header = cells
			return row, nil
		}
		for _, extra := range cells[min(len(cells), len(t.header)):] {
			if strings.TrimSpace(extra) != "" {
				row.fault = "the row has cells beyond the last column of the header"
			}
		}
		row.raw = t.record(cells)
		return row, nil
	}
	if err := errors.Join(t.stored.Error(), t.shown.Error()); err != nil {
		return tableRow{}, errs.As(errs.Invalid, err, "after row %d of the sheet", t.number)
	}
	return tableRow{}, io.EOF
}

// record is the row as stored: a sheet has no text form of its own, so it is a JSON list of header and cell.
func (t *xlsxTable) record(cells []string) string {
	type cell struct {
		Column string `json:"column"`
		Cell   string `json:"cell"`
	}
	list := make([]cell, 0, len(cells))
	for i, c := range cells {
		if i < len(t.header) {
			list = append(list, cell{t.header[i], c})
		}
	}
	b, _ := json.Marshal(list) //nolint:errchkjson // strings always marshal
	return string(b)
}
