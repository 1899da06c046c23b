package fieldwork

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// PopulationID identifies a population.
type PopulationID string

// Source is where the rows of a population come from.
type Source string

// The sources.
const (
	FromEvidence Source = "evidence" // rows of a snapshot the client's connections collected
	FromTest     Source = "test"     // what a test of the client judged, performed again here
	FromSeveral  Source = "several"  // rows of several snapshots together
	FromSQL      Source = "sql"      // a statement of the auditor's own over snapshots
	FromUpload   Source = "upload"   // a file that the auditor was given
	FromList     Source = "list"     // items the auditor wrote down
)

// Title is the source in words.
func (s Source) Title() string {
	return map[Source]string{FromEvidence: "Collected evidence", FromTest: "Occurrences that a test judged", FromSeveral: "Several snapshots together", FromSQL: "Statement over collected evidence", FromUpload: "Uploaded file", FromList: "Written list"}[s]
}

// Bounds of a population.
const (
	MaxRows    = 50_000
	maxColumns = 60
	maxCell    = 2_000 // characters; longer ones are cut, and say so
)

// Row is an item of a population.
type Row struct {
	N     int // from 1, in the order of the source
	Cells []string
}

// Condition narrows what was read to what the control applies to.
type Condition struct {
	Column int    `json:"column"` // -1 for none
	Is     string `json:"is"`     // "is", "not", "filled" or "empty"
	Value  string `json:"value"`
}

// Shape says which columns mean what, and which rows count.
type Shape struct {
	Key      int       `json:"key"`   // column that tells rows apart
	Label    int       `json:"label"` // column people recognise an item by; -1 for the key
	Day      int       `json:"day"`   // column with the day it happened; -1 when it has none
	Visible  []int     `json:"visible"`
	Where    Condition `json:"where"`
	InPeriod bool      `json:"in_period"` // only rows whose day lies in the period
}

// Population is every item a control applied to in the period. Its rows are read once, narrowed, and frozen.
type Population struct {
	ID         PopulationID `json:"id"`
	Engagement string       `json:"engagement"`
	Ref        string       `json:"ref"` // "P-03"
	Control    string       `json:"control"`
	Title      string       `json:"title"`
	Member     string       `json:"member"` // what an item of it is, in the auditor's words
	Source     Source       `json:"source"`
	Of         string       `json:"of"` // reference of the evidence, the test, or the name of the file
	Detail     string       `json:"detail"`
	Query      string       `json:"query,omitempty"` // the statement that read it
	Columns    []string     `json:"columns"`
	Verdict    int          `json:"verdict"` // column with what the program's test said; -1 when no test did
	Reasons    int          `json:"reasons"` // column with why it said so; -1
	Shape      Shape        `json:"shape"`
	Read       int          `json:"read"` // rows read from the source
	Rows       int          `json:"rows"` // of them, the population; the same as Read until it is frozen
	SHA256     string       `json:"sha256"`
	// What shows that it is complete and accurate (domain brief 5.2).
	Total     *int64 `json:"total"`     // the source's own count of what was read
	Second    *int64 `json:"second"`    // count of an independent source
	SecondOf  string `json:"second_of"` // which
	Gaps      string `json:"gaps"`      // numbers that are missing in the sequence of keys, found by the program
	Tracing   string `json:"tracing"`   // both ways, and how the source, query and parameters were looked at
	Reason    string `json:"reason"`    // why it may be sampled though it does not reconcile
	Run       string `json:"run"`       // evaluation whose rows these are
	RunSHA256 string `json:"run_sha256"`

	At       time.Time  `json:"at"`
	By       string     `json:"by"`
	FrozenAt *time.Time `json:"frozen_at"`
	FrozenBy string     `json:"frozen_by"`
	// Over is the period of the engagement when it was frozen; nil for those of before this was kept.
	Over    *period.Period `json:"over,omitempty"`
	Version int            `json:"version"`
}

// Frozen reports whether its rows can change no more.
func (p Population) Frozen() bool { return p.FrozenAt != nil }

// Reconciled reports whether counts of the source and of an independent one agree with the rows.
func (p Population) Reconciled() bool {
	return p.Second != nil && *p.Second == int64(p.Rows) && (p.Total == nil || *p.Total == int64(p.Read))
}

// Gap says in words what does not reconcile; empty when everything does.
func (p Population) Gap() string {
	switch {
	case p.Total != nil && *p.Total != int64(p.Read):
		return "The source counts " + itoa(int(*p.Total)) + ", " + itoa(p.Read) + " were read."
	case p.Second == nil:
		return "No independent source was counted."
	case *p.Second != int64(p.Rows):
		return p.SecondOf + " counts " + itoa(int(*p.Second)) + ", the population has " + itoa(p.Rows) + "."
	}
	return ""
}

// Cell is a cell of a row; empty for a column that there is not.
func (p Population) Cell(r Row, column int) string {
	if column < 0 || column >= len(r.Cells) {
		return ""
	}
	return r.Cells[column]
}

// Key tells a row apart from all others.
func (p Population) Key(r Row) string { return p.Cell(r, p.Shape.Key) }

// Label is what people recognise a row by.
func (p Population) Label(r Row) string {
	if l := p.Cell(r, p.Shape.Label); l != "" {
		return l
	}
	return p.Key(r)
}

// Day is when a row happened; false when it does not say.
func (p Population) Day(r Row) (period.Date, bool) { return dayOf(p.Cell(r, p.Shape.Day)) }

// Mark is what the program's test says of a row.
func (p Population) Mark(r Row) Mark {
	switch p.Cell(r, p.Verdict) {
	case "pass":
		return Tick
	case "fail":
		return Exception
	case "not_applicable":
		return NotApplicable
	}
	return Open
}

var dayForms = []string{time.DateOnly, time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05-07", "2006-01-02 15:04", "02.01.2006", "2 Jan 2006", "01/02/2006"}

func dayOf(s string) (period.Date, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, false
	}
	for _, f := range dayForms {
		if t, err := time.Parse(f, s); err == nil {
			return period.Of(t.UTC()), true
		}
	}
	if len(s) > 10 { // fractions of seconds and zones of all kinds: the day is what counts
		if t, err := time.Parse(time.DateOnly, s[:10]); err == nil {
			return period.Of(t), true
		}
	}
	return 0, false
}

func (c Condition) holds(r Row) bool {
	if c.Column < 0 || c.Column >= len(r.Cells) {
		return c.Column < 0 || c.Is == "empty" || c.Is == "not"
	}
	v := strings.TrimSpace(r.Cells[c.Column])
	switch c.Is {
	case "not":
		return !strings.EqualFold(v, c.Value)
	case "filled":
		return v != ""
	case "empty":
		return v == ""
	}
	return strings.EqualFold(v, c.Value)
}

// Narrow are the rows that count, numbered anew, and how many could not say their day though they have to.
func (p Population) Narrow(rows []Row, over period.Period) (out []Row, undated int) {
	for _, r := range rows {
		if !p.Shape.Where.holds(r) {
			continue
		}
		if p.Shape.InPeriod && p.Shape.Day >= 0 {
			d, ok := p.Day(r)
			if !ok {
				undated++
				continue
			}
			if !over.Has(d) {
				continue
			}
		}
		out = append(out, Row{len(out) + 1, r.Cells})
	}
	return out, undated
}

// content is what the hash of a population is over.
type content struct {
	Columns []string   `json:"columns"`
	Key     string     `json:"key"`
	Rows    [][]string `json:"rows"`
}

// hash is the SHA-256 of the canonical form of the rows; keys have to be there and to differ.
func (p Population) hash(rows []Row) (string, error) {
	c := content{Columns: p.Columns, Rows: make([][]string, len(rows))}
	if p.Shape.Key >= 0 && p.Shape.Key < len(p.Columns) {
		c.Key = p.Columns[p.Shape.Key]
	}
	seen := make(map[string]int, len(rows))
	for i, r := range rows {
		k := p.Key(r)
		if k == "" {
			return "", errs.New(errs.Invalid, "row %d has nothing in the column %q", r.N, c.Key).At("key").WithHint("Choose a column that every row fills.")
		}
		if n, ok := seen[k]; ok {
			return "", errs.New(errs.Invalid, "rows %d and %d both have %q in the column %q", n, r.N, k, c.Key).At("key").WithHint("Choose a column that tells rows apart.")
		}
		seen[k], c.Rows[i] = r.N, r.Cells
	}
	return canon.Hash(c)
}

var ending = regexp.MustCompile(`^(.*?)([0-9]{1,9})$`)

// sequence finds numbers that are missing between the first and the last key of each series (T-001, T-002 …). Keys without
// numbers, and series with more holes than numbers, are no sequence.
func (p Population) sequence(rows []Row) string {
	series := map[string][]int{}
	for _, r := range rows {
		if m := ending.FindStringSubmatch(p.Key(r)); m != nil && len(m[1]) < 40 {
			n, _ := strconv.Atoi(m[2])
			series[m[1]] = append(series[m[1]], n)
		}
	}
	var out []string
	missing := 0
	for _, name := range slices.Sorted(maps.Keys(series)) {
		ns := series[name]
		slices.Sort(ns)
		if holes := ns[len(ns)-1] - ns[0] + 1 - len(ns); len(ns) < 5 || holes <= 0 || holes > len(ns) {
			continue
		}
		for i := 1; i < len(ns); i++ {
			for n := ns[i-1] + 1; n < ns[i]; n++ {
				if missing++; len(out) < 10 {
					out = append(out, name+strconv.Itoa(n))
				}
			}
		}
	}
	if missing == 0 {
		return ""
	}
	s := itoa(missing) + " missing in the sequence: " + strings.Join(out, ", ")
	if missing > len(out) {
		s += " …"
	}
	return s
}

// guess finds which columns mean what by their names and the first rows.
func guess(columns []string, rows []Row) Shape {
	s := Shape{Key: -1, Label: -1, Day: -1, Where: Condition{Column: -1}}
	find := func(names ...string) int {
		for _, n := range names {
			for i, c := range columns {
				if strings.EqualFold(c, n) {
					return i
				}
			}
		}
		return -1
	}
	s.Key = find("item_id", "id", "key", "number", "employee_id", "ref", "reference", "login", "email")
	if s.Key < 0 || !distinct(rows, s.Key) {
		s.Key = 0
		for i := range columns {
			if distinct(rows, i) {
				s.Key = i
				break
			}
		}
	}
	s.Label = find("item_label", "label", "name", "full_name", "person", "title", "subject", "login", "email")
	s.Day = find("occurred_at", "occurred", "date", "day", "merged_at", "terminated_on", "left_on", "end_date", "hired_on", "start_date", "closed_at", "created_at")
	for i := range columns {
		if _, ok := dayOf(first(rows, i)); ok && s.Day < 0 {
			s.Day = i
		}
	}
	for i, c := range columns {
		if i != s.Key && i != s.Label && len(s.Visible) < 4 && c != "outcome" && c != "reason" {
			s.Visible = append(s.Visible, i)
		}
	}
	return s
}

func first(rows []Row, column int) string {
	for _, r := range rows {
		if column < len(r.Cells) && r.Cells[column] != "" {
			return r.Cells[column]
		}
	}
	return ""
}

func distinct(rows []Row, column int) bool {
	seen := make(map[string]bool, len(rows))
	for _, r := range rows {
		if column >= len(r.Cells) || r.Cells[column] == "" || seen[r.Cells[column]] {
			return false
		}
		seen[r.Cells[column]] = true
	}
	return len(rows) > 0
}
