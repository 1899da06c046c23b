// Package intake reads what an organisation brings along: comma-separated and Excel files of any layout. It finds the header,
// guesses which column holds what, and hands over rows of plain text with the place each value stood at. It evaluates nothing: a
// formula is a text that is said to be one.
package intake

import (
	"strconv"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Limits of a file.
const (
	MaxBytes    = 20 << 20  // of the file
	MaxUnpacked = 160 << 20 // of everything in an Excel file together, and of each part of it
	MaxRows     = 50_000    // below the header
	MaxColumns  = 200
	MaxCell     = 32_767 // characters, as many as Excel takes
	maxSheets   = 100
)

// Book is what a file holds.
type Book struct {
	Format   string // "CSV" or "Excel"
	Encoding string // of a CSV file: "UTF-8", "UTF-16" or "Windows-1252"
	Sheets   []Sheet
	Notes    []string // what the reader should know: the encoding was guessed, hidden sheets
}

// Sheet is one table of a file.
type Sheet struct {
	Name string
	Rows []Line // without rows that are empty
}

// Line is one row that is not empty.
type Line struct {
	N     int      // number of the row in the file, from 1
	Cells []string // text of each column from the first; trailing empty ones are left out
	// Formulas are the columns whose text is the kept result of a formula, or would be one for a spreadsheet program.
	Formulas []int
}

// Cell is the text of a column, empty where the row is shorter.
func (l Line) Cell(column int) string {
	if column < 0 || column >= len(l.Cells) {
		return ""
	}
	return l.Cells[column]
}

// Read reads a file by its content; the name is for messages.
func Read(name string, content []byte) (Book, error) {
	switch {
	case len(content) == 0:
		return Book{}, errs.New(errs.Invalid, "%s is empty", name).At("file").WithHint("Choose a file with something in it.")
	case len(content) > MaxBytes:
		return Book{}, errs.New(errs.Exhausted, "%s is larger than %d MiB", name, MaxBytes>>20).At("file").WithHint("Split it, or take out pictures and other sheets.")
	case len(content) > 8 && string(content[:8]) == "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
		return Book{}, errs.New(errs.Invalid, "%s is an Excel file of the old kind (.xls), or one with a password", name).At("file").WithHint("Save it as .xlsx without a password, or as CSV.")
	case len(content) > 4 && string(content[:2]) == "PK":
		return readExcel(name, content)
	}
	return readCSV(name, content)
}

// ColumnName is the letter of a column, as spreadsheets name it: A, B, … Z, AA.
func ColumnName(n int) string {
	s := ""
	for n++; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}

// Place names a cell as spreadsheets do: B7.
func Place(column, row int) string { return ColumnName(column) + strconv.Itoa(row) }

// risky reports whether a spreadsheet program would take a text for a formula.
func risky(s string) bool {
	if s == "" {
		return false
	}
	switch s[0] {
	case '=', '@', '\t', '\r':
		return true
	case '+', '-':
		_, err := strconv.ParseFloat(s, 64) // a number with a sign is none; a lone dash says "nothing"
		return err != nil && len(s) > 1 && s[1] != ' ' && s[1] != '-'
	}
	return false
}

// add keeps a row unless it is empty, within the limits.
func (s *Sheet) add(name string, l Line) error {
	for len(l.Cells) > 0 && l.Cells[len(l.Cells)-1] == "" {
		l.Cells = l.Cells[:len(l.Cells)-1]
	}
	if len(l.Cells) == 0 {
		return nil
	}
	if len(l.Cells) > MaxColumns {
		return errs.New(errs.Exhausted, "row %d of %s has %d columns; at most %d are read", l.N, name, len(l.Cells), MaxColumns).At("file").WithHint("Take out the columns that are not needed.")
	}
	if len(s.Rows) > MaxRows {
		return errs.New(errs.Exhausted, "%s has more than %d rows", name, MaxRows).At("file").WithHint("Split it into several files.")
	}
	for i, c := range l.Cells {
		if len(c) > MaxCell*4 || len(c) > MaxCell && len([]rune(c)) > MaxCell {
			return errs.New(errs.Exhausted, "cell %s of %s has more than %d characters", Place(i, l.N), name, MaxCell).At("file")
		}
	}
	s.Rows = append(s.Rows, l)
	return nil
}
