package app

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// demoRecord is what a system of other people holds about a control: a list of every time the control had to operate in the period.
type demoRecord struct {
	control, title string
	member         string // what an entry is
	prefix         string // of its key
	n              int
	system         string // where the list is from
	wrong          []demoWrong
}

// demoWrong is a deviation that is planted in a list.
type demoWrong struct {
	n   int // of the entry, from 1
	why string
}

// recordColumns are those of every list.
var recordColumns = []string{"number", "date", "what", "done by", "checked by", "as required", "remark"}

func (r demoRecord) file() string     { return strings.ToLower(r.control) + "-records.csv" }
func (r demoRecord) key(n int) string { return fmt.Sprintf("%s-%04d", r.prefix, n) }

// day spreads the entries over the period.
func (r demoRecord) day(x *demoExam, n int) period.Date {
	return x.period.From + period.Date((n-1)*(x.period.Days()-1)/max(r.n-1, 1))
}

// rows are the entries. Who did and who checked follows from the demo's seed.
func (r demoRecord) rows(x *demoExam) [][]string {
	names := []string{"A. Lindqvist", "B. Okafor", "C. Marchetti", "D. Haugen", "E. Varga", "F. Nakamura"}
	out := make([][]string, r.n)
	for i := range out {
		k := r.key(i + 1)
		by := x.chance(x.ref+"/by/"+k, len(names))
		row := []string{k, r.day(x, i+1).String(), r.member, names[by], names[(by+1+x.chance(x.ref+"/check/"+k, len(names)-1))%len(names)], "yes", ""}
		for _, w := range r.wrong {
			if w.n == i+1 {
				row[5], row[6] = "no", w.why
			}
		}
		out[i] = row
	}
	return out
}

func (r demoRecord) csv(x *demoExam) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(recordColumns) // a buffer never fails
	_ = w.WriteAll(r.rows(x))
	return b.Bytes()
}
