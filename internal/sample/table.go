package sample

import (
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Risk is how much a wrong conclusion about a control would matter, as the auditor judges.
type Risk string

// The risks of the table.
const (
	Low      Risk = "low"
	Moderate Risk = "moderate"
	Higher   Risk = "higher"
)

// Risks are all, from the least.
func Risks() []Risk { return []Risk{Low, Moderate, Higher} }

// Row is a line of a table: populations up to so many occurrences in the period, and the size for each risk. All occurrences
// are taken where a size is not smaller.
type Row struct {
	UpTo     int    `json:"up_to"` // occurrences; 0 in the last line: any number
	Label    string `json:"label"`
	Low      int    `json:"low"`
	Moderate int    `json:"moderate"`
	Higher   int    `json:"higher"`
}

// Table is a firm's table of sizes by occurrences in the period. It is a setting with a version; each sample names the one
// it was made with.
type Table struct {
	Name   string `json:"name"`
	Source string `json:"source"`
	Rows   []Row  `json:"rows"`
}

// Default is the table a firm begins with (domain brief 5.3: no document of the AICPA prescribes sizes; these are the
// defaults shown there by occurrences in a year, which decide by number and not by the label of the frequency).
func Default() Table {
	return Table{
		Name: "By occurrences", Source: "Ranges that published firm tables have in common; not prescribed by any standard",
		Rows: []Row{
			{1, "once", 1, 1, 1},
			{2, "twice", 1, 2, 2},
			{4, "up to quarterly", 2, 2, 3},
			{12, "up to monthly", 2, 3, 5},
			{52, "up to weekly", 5, 8, 15},
			{365, "up to daily", 20, 25, 40},
			{0, "many times a day", 25, 40, 60},
		},
	}
}

// Events is the table for controls that run when something happens (hires, changes, incidents): the ends of the ranges of
// domain brief 5.3 for low and higher risk, and the size of the same line in Default for moderate. Up to four are all taken.
func Events() Table {
	return Table{
		Name: "By events", Source: "Ranges that published firm tables have in common; not prescribed by any standard",
		Rows: []Row{
			{4, "few", 4, 4, 4},
			{12, "up to 12", 4, 4, 5},
			{52, "up to 52", 5, 8, 15},
			{250, "up to 250", 15, 25, 40},
			{0, "more", 25, 40, 60},
		},
	}
}

// Check says what is wrong with a table: lines ascend, sizes are positive, do not shrink with the risk or the occurrences,
// and the last line is for any number.
func (t Table) Check() error {
	if len(t.Rows) == 0 || len(t.Rows) > 50 {
		return errs.New(errs.Invalid, "a table has 1 to 50 lines, not %d", len(t.Rows)).At("rows")
	}
	last := Row{}
	for i, r := range t.Rows {
		end := i == len(t.Rows)-1
		switch {
		case end != (r.UpTo == 0):
			return errs.New(errs.Invalid, "line %d: only the last line is for any number of occurrences, and it has to be", i+1).At("rows")
		case !end && r.UpTo <= last.UpTo:
			return errs.New(errs.Invalid, "line %d: up to %d occurrences is not more than %d in the line before", i+1, r.UpTo, last.UpTo).At("rows")
		case r.Low < 1 || r.Moderate < r.Low || r.Higher < r.Moderate:
			return errs.New(errs.Invalid, "line %d: sizes %d, %d, %d; each is at least 1 and none shrinks as the risk grows", i+1, r.Low, r.Moderate, r.Higher).At("rows")
		case r.Low < last.Low || r.Moderate < last.Moderate || r.Higher < last.Higher:
			return errs.New(errs.Invalid, "line %d: more occurrences ask for a smaller sample than the line before", i+1).At("rows")
		}
		last = r
	}
	return nil
}

// Size is how many of so many occurrences are looked at, and the line that says so. No occurrence needs no sample: the empty
// population has to be proven instead.
func (t Table) Size(occurrences int, risk Risk) (int, Row, error) {
	if occurrences < 0 {
		return 0, Row{}, errs.New(errs.Invalid, "%d occurrences", occurrences).At("occurrences")
	}
	if err := t.Check(); err != nil {
		return 0, Row{}, err
	}
	for _, r := range t.Rows {
		if r.UpTo != 0 && occurrences > r.UpTo {
			continue
		}
		n := map[Risk]int{Low: r.Low, Moderate: r.Moderate, Higher: r.Higher}[risk]
		if n == 0 {
			return 0, r, errs.New(errs.Invalid, "there is no risk %q", risk).At("risk")
		}
		return min(n, occurrences), r, nil
	}
	return 0, Row{}, errs.New(errs.Internal, "no line of the table fits %d occurrences", occurrences) // Check leaves none
}
