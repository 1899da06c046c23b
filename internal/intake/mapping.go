package intake

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Field is something a kind of import can take from a column.
type Field struct {
	Name     string // of the program: "owner"
	Title    string // for people
	Help     string
	Required bool
	Names    []string // headings it is known by, besides its own name and title
}

// Kind is a kind of record that can be imported.
type Kind struct {
	ID     string
	Title  string // plural
	Help   string
	Fields []Field
	Key    string // the field that tells rows apart; a file that has one twice is wrong there
	Most   int    // rows at once, where that is less than a file may have; 0 for as many
}

// Mapping says which column of a sheet holds a field, from 0. A field without a column is not in it.
type Mapping map[string]int

// fold makes headings comparable: letters and digits in small letters.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// headerRows is how many of the first rows may be the header.
const headerRows = 20

// Header finds the row with the headings: the one of the first rows that has most of the kind's fields, and the first row when none
// has two of them. It is an index of s.Rows.
func (k Kind) Header(s Sheet) int {
	best, most := 0, 1
	for i, l := range s.Rows[:min(headerRows, len(s.Rows))] {
		if n := len(k.Guess(l.Cells)); n > most {
			best, most = i, n
		}
	}
	return best
}

// Guess finds the columns by their headings: first those that are called like the field, then those that contain such a name.
func (k Kind) Guess(headings []string) Mapping {
	m := Mapping{}
	taken := map[int]bool{}
	folded := make([]string, len(headings))
	for i, h := range headings {
		folded[i] = fold(h)
	}
	for _, whole := range []bool{true, false} {
		for _, f := range k.Fields {
			if _, have := m[f.Name]; have {
				continue
			}
			if i := f.find(folded, taken, whole); i >= 0 {
				m[f.Name], taken[i] = i, true
			}
		}
	}
	return m
}

// find is the first free column with a name of the field.
func (f Field) find(folded []string, taken map[int]bool, whole bool) int {
	for _, n := range append([]string{f.Name, f.Title}, f.Names...) {
		n = fold(n)
		for i, h := range folded {
			if !taken[i] && h != "" && len(h) < 60 && (h == n || !whole && len(n) > 3 && strings.Contains(h, n)) {
				return i
			}
		}
	}
	return -1
}

// Check says what is wrong with a mapping before a row is looked at.
func (k Kind) Check(m Mapping, columns int) error {
	var missing []string
	for _, f := range k.Fields {
		if _, ok := m[f.Name]; !ok && f.Required {
			missing = append(missing, f.Title)
		}
	}
	if len(missing) > 0 {
		return errs.New(errs.Invalid, "no column is chosen for %s", strings.Join(missing, ", ")).At("mapping").WithHint("Choose the column that holds it.")
	}
	used := map[int]string{}
	for _, f := range k.Fields {
		c, ok := m[f.Name]
		if !ok {
			continue
		}
		if c < 0 || c >= columns {
			return errs.New(errs.Invalid, "the sheet has no column %d for %s", c+1, f.Title).At("mapping")
		}
		if other := used[c]; other != "" {
			return errs.New(errs.Invalid, "column %s is chosen for %s and for %s", ColumnName(c), other, f.Title).At("mapping").WithHint("Each column holds one thing.")
		}
		used[c] = f.Title
	}
	return nil
}

// Row is a row of a sheet under a mapping: what stands in which field.
type Row struct {
	N        int // number in the file
	Values   map[string]string
	Formulas []string // fields whose cell holds a formula
	Place    map[string]string
}

// Rows are the rows below the header under a mapping, without those in which no mapped column says anything.
func (k Kind) Rows(s Sheet, header int, m Mapping) []Row {
	var out []Row
	for _, l := range s.Rows[min(header+1, len(s.Rows)):] {
		r := Row{N: l.N, Values: map[string]string{}, Place: map[string]string{}}
		for name, c := range m {
			v := l.Cell(c)
			if v != "" {
				r.Values[name] = v
			}
			r.Place[name] = Place(c, l.N)
			if slices.Contains(l.Formulas, c) {
				r.Formulas = append(r.Formulas, name)
			}
		}
		if len(r.Values) > 0 {
			slices.Sort(r.Formulas)
			out = append(out, r)
		}
	}
	return out
}

// State is what an import would do with a row, or did.
type State string

// The states of a row.
const (
	Added   State = "added"
	Changed State = "changed"
	Same    State = "same"
	Wrong   State = "wrong"
)

// States lists them, those to look at first.
func States() []State { return []State{Wrong, Added, Changed, Same} }

// Outcome is what becomes of a row.
type Outcome struct {
	N     int
	Key   string // what the row is about, as people name it
	State State
	Cell  string // where it is wrong: "B7"
	Why   string // what is wrong, or what changes
}

// Repeated finds rows whose key stood in an earlier row: each with that row's number.
func (k Kind) Repeated(rows []Row) map[int]int {
	first, out := map[string]int{}, map[int]int{}
	for _, r := range rows {
		key := fold(r.Values[k.Key])
		if key == "" {
			continue
		}
		if n, there := first[key]; there {
			out[r.N] = n
		} else {
			first[key] = r.N
		}
	}
	return out
}

// dayForms are the forms of a day that are read without doubt; a day such as 03/04/2026 is not one of them.
var dayForms = []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05", "2006/01/02", "2 Jan 2006", "02 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "02.01.2006", "2.1.2006"}

// Day reads a day. With slashes and the year last it says which of two numbers is the month only when the other cannot be.
func Day(s string) (period.Date, error) {
	for _, form := range dayForms {
		if t, err := time.Parse(form, s); err == nil && t.Year() > 1900 && t.Year() < 2200 {
			return period.Of(t), nil
		}
	}
	a, errA := time.Parse("02/01/2006", pad(s))
	b, errB := time.Parse("01/02/2006", pad(s))
	switch {
	case errA == nil && errB == nil && !a.Equal(b):
		return 0, errs.New(errs.Invalid, "%q may be the %s or the %s", s, a.Format("2 January"), b.Format("2 January")).WithHint("Write days as 2026-01-31.")
	case errA == nil && a.Year() > 1900 && a.Year() < 2200:
		return period.Of(a), nil
	case errB == nil && b.Year() > 1900 && b.Year() < 2200:
		return period.Of(b), nil
	}
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return 0, errs.New(errs.Invalid, "%q is no day", s).WithHint("Write days as 2026-01-31.")
}

// pad writes 3/4/2026 as 03/04/2026.
func pad(s string) string {
	p := strings.Split(s, "/")
	for i := range p {
		if len(p[i]) == 1 {
			p[i] = "0" + p[i]
		}
	}
	return strings.Join(p, "/")
}

// List reads several values in one cell, between commas, semicolons or line ends.
func List(s string) []string {
	var out []string
	for _, x := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '|' }) {
		if x = strings.TrimSpace(x); x != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// Yes reads yes and no in the usual words; an empty text is no.
func Yes(s string) (bool, error) {
	switch fold(s) {
	case "yes", "y", "true", "1", "x", "ja", "oui", "si":
		return true, nil
	case "", "no", "n", "false", "0", "nein", "non":
		return false, nil
	}
	return false, errs.New(errs.Invalid, "%q is neither yes nor no", s)
}

// Number reads a whole number; an empty text is 0.
func Number(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if n := int(f); err == nil && float64(n) == f {
		return n, nil
	}
	return 0, errs.New(errs.Invalid, "%q is no whole number", s)
}
