package applicability

import (
	"fmt"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Customary lengths of a Type 2 period, in days (domain brief 1.2). No standard gives a number: these only warn.
const (
	short     = 180
	veryShort = 90
)

// Grade is how urgent an advice is.
type Grade uint8

// The grades.
const (
	Remark Grade = iota
	Warning
	StrongWarning
)

// Advice is what custom says about a wished period. It blocks nothing.
type Advice struct {
	Grade Grade
	Text  string
}

// Period advises on the period of a Type 2 report. previous is the last day that the report before covers; 0 for none.
func Period(wished period.Period, previous period.Date) []Advice {
	var out []Advice
	n := wished.Days()
	switch {
	case n <= 0:
		return nil
	case n < veryShort:
		out = append(out, Advice{StrongWarning, fmt.Sprintf("%s is very short. No standard gives a number, but few readers accept less than three months, and controls that run quarterly or yearly may not operate in it.", days(n))})
	case n < short:
		out = append(out, Advice{Warning, fmt.Sprintf("%s is less than the six months that are customary. A first period is often three months; the steady state is twelve.", days(n))})
	default:
		out = append(out, Advice{Remark, fmt.Sprintf("%s is a customary length.", days(n))})
	}
	if previous == 0 {
		return out
	}
	switch gap := int(wished.From - previous - 1); {
	case gap > 0:
		out = append(out, Advice{Warning, fmt.Sprintf("Between the end of the last report and this period %s would be covered by no report. Begin on %s to leave no gap.", days(gap), previous+1)})
	case gap < 0:
		out = append(out, Advice{Remark, fmt.Sprintf("The period overlaps the last report by %s.", days(-gap))})
	default:
		out = append(out, Advice{Remark, "The period begins the day after the last report ends: no gap."})
	}
	return out
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
