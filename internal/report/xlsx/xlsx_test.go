package xlsx_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/reporttest"
	"github.com/tickmark/tickmark/internal/report/xlsx"
)

func render(t *testing.T, sheets []report.Sheet) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := xlsx.Render(&b, "How we meet it", "Northwind", time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC), sheets); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRender: five sheets with a header that stays and filters; no text is a formula; the same tables give the same bytes.
func TestRender(t *testing.T) {
	t.Parallel()
	sheets := report.MatrixSheets(reporttest.Matrix())
	raw := render(t, sheets)
	for range 5 {
		if !bytes.Equal(raw, render(t, sheets)) {
			t.Fatal("two files of the same tables")
		}
	}
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, s := range sheets {
		rows, err := f.GetRows(s.Name)
		if err != nil || len(rows) != len(s.Rows)+1 || strings.Join(rows[0], "|") != strings.Join(s.Head, "|") {
			t.Errorf("%s: %d rows, %v", s.Name, len(rows), err)
		}
		panes, err := f.GetPanes(s.Name)
		if err != nil || !panes.Freeze || panes.YSplit != 1 {
			t.Errorf("%s: %+v, %v", s.Name, panes, err)
		}
		for r := range rows {
			for c := range s.Head {
				at, _ := excelize.CoordinatesToCellName(c+1, r+1)
				if formula, err := f.GetCellFormula(s.Name, at); formula != "" || err != nil {
					t.Errorf("%s!%s is a formula: %q, %v", s.Name, at, formula, err)
				}
			}
		}
	}
	if v, err := f.GetCellValue("Controls", "C3"); err != nil || !strings.HasPrefix(v, "=cmd|") {
		t.Errorf("%q, %v", v, err)
	}
	if p, err := f.GetDocProps(); err != nil || p.Creator != "Northwind" || p.Created != "2026-06-30T12:00:00Z" {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestLong: a text longer than a cell holds is cut, and says so.
func TestLong(t *testing.T) {
	t.Parallel()
	raw := render(t, []report.Sheet{{Name: "S", Head: []string{"A"}, Rows: [][]any{{strings.Repeat("ü", 40000)}, {nil}, {int64(7)}, {time.Time{}}}}})
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v, err := f.GetCellValue("S", "A2"); err != nil || len([]rune(v)) != 32767 || !strings.HasSuffix(v, "…") {
		t.Errorf("%d characters, %v", len([]rune(v)), err)
	}
}
