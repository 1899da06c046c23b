// Package xlsx renders tables of a report as a spreadsheet: one sheet each, with a header that stays, filters, and texts
// that no program takes for formulas. The same tables give the same bytes.
package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
)

// maxCell is the most characters that a cell of the format holds.
const maxCell = 32767

// Render writes the sheets. title and at become properties of the file.
func Render(w io.Writer, title, org string, at time.Time, sheets []report.Sheet) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	for i, s := range sheets {
		if i == 0 {
			err = f.SetSheetName("Sheet1", s.Name)
		} else {
			_, err = f.NewSheet(s.Name)
		}
		if err == nil {
			err = fill(f, s)
		}
		if err != nil {
			return errs.As(errs.Internal, err, "sheet %s", s.Name)
		}
	}
	stamp := at.UTC().Format(time.RFC3339)
	if err := f.SetDocProps(&excelize.DocProperties{Title: title, Creator: org, LastModifiedBy: org, Created: stamp, Modified: stamp, Language: "en-GB"}); err != nil {
		return errs.As(errs.Internal, err, "properties")
	}
	var raw bytes.Buffer
	if err := f.Write(&raw); err != nil {
		return errs.As(errs.Internal, err, "spreadsheet")
	}
	return settle(w, raw.Bytes())
}

func fill(f *excelize.File, s report.Sheet) error {
	head, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F1EFE9"}}, Border: []excelize.Border{{Type: "bottom", Color: "44505F", Style: 1}}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}})
	if err != nil {
		return err
	}
	body, err := f.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	if err != nil {
		return err
	}
	out, err := f.NewStreamWriter(s.Name)
	if err != nil {
		return err
	}
	for i := range s.Head {
		width := 22.0
		if i < len(s.Widths) {
			width = s.Widths[i]
		} else if i == 1 && len(s.Widths) == 0 {
			width = 90
		}
		if err := out.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	cells := make([]any, len(s.Head))
	for i, h := range s.Head {
		cells[i] = excelize.Cell{StyleID: head, Value: h}
	}
	if err := out.SetRow("A1", cells, excelize.RowOpts{Height: 22}); err != nil {
		return err
	}
	for n, row := range s.Rows {
		cells := make([]any, len(row))
		for i, v := range row {
			cells[i] = excelize.Cell{StyleID: body, Value: plain(v)}
		}
		at, err := excelize.CoordinatesToCellName(1, n+2)
		if err != nil {
			return err
		}
		if err := out.SetRow(at, cells); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	last, err := excelize.CoordinatesToCellName(len(s.Head), len(s.Rows)+1)
	if err != nil {
		return err
	}
	return f.AutoFilter(s.Name, "A1:"+last, nil)
}

// plain gives a cell its type. A text stays a text whatever it begins with: it is never stored as a formula.
func plain(v any) any {
	switch v := v.(type) {
	case string:
		s := strings.ToValidUTF8(v, "\ufffd")
		if r := []rune(s); len(r) > maxCell {
			s = string(r[:maxCell-1]) + "…"
		}
		return s
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UTC().Format(time.RFC3339) // with its zone, which a sheet's own date does not have
	}
	return v
}

// settle writes the parts of the file in a fixed order and with a fixed time, which the library leaves open.
func settle(w io.Writer, raw []byte) error {
	in, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return errs.As(errs.Internal, err, "spreadsheet")
	}
	parts := slices.Clone(in.File)
	slices.SortFunc(parts, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	out := zip.NewWriter(w)
	for _, p := range parts {
		if err := copyPart(out, p); err != nil {
			return errs.Wrap(err, "spreadsheet")
		}
	}
	return errs.Wrap(out.Close(), "spreadsheet")
}

func copyPart(out *zip.Writer, p *zip.File) (err error) {
	r, err := p.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	e, err := out.CreateHeader(&zip.FileHeader{Name: p.Name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		return err
	}
	_, err = io.Copy(e, r) //nolint:gosec // the file was made a moment ago
	return err
}
