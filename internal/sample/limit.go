package sample

import (
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Limit is what a result leaves possible.
type Limit struct {
	Items      int     // tested
	Deviations int     // found among them
	Population int     // 0 for one so large that it does not matter
	Confidence Rate    // of the limit
	Rate       float64 // the achieved upper limit of the rate of deviation, 0 to 1
	Most       int     // deviations that may be in the population; -1 when its size is not given
}

// Upper is the achieved upper limit: the highest rate that a result with so many deviations does not make unlikelier than
// 1 - confidence (domain brief 5.4). In a finite population it is the most deviations that may be there: certain after a census.
func Upper(items, deviations, population int, confidence Rate) (Limit, error) {
	l := Limit{Items: items, Deviations: deviations, Population: population, Confidence: confidence, Most: -1}
	switch {
	case items < 1:
		return l, errs.New(errs.Invalid, "nothing was tested, which limits nothing").At("items")
	case deviations < 0 || deviations > items:
		return l, errs.New(errs.Invalid, "%d deviations among %d items", deviations, items).At("deviations")
	case population < 0 || population > MaxPopulation:
		return l, errs.New(errs.Invalid, "a population of %d is not between 0 and %d", population, MaxPopulation).At("population")
	case population > 0 && items > population:
		return l, errs.New(errs.Invalid, "%d items of a population of %d", items, population).At("items")
	case confidence < 5000 || confidence > 9999:
		return l, errs.New(errs.Invalid, "a confidence of %s is not between 50 %% and 99.99 %%", confidence).At("confidence")
	}
	if population > 0 {
		low, high := deviations, population-(items-deviations) // possible at least, and at most
		for low < high {
			if mid := low + (high-low+1)/2; left(deviations, items, mid, population, confidence) {
				low = mid
			} else {
				high = mid - 1
			}
		}
		l.Most, l.Rate = low, float64(low)/float64(population)
		return l, nil
	}
	if deviations == items {
		l.Rate = 1
		return l, nil
	}
	risk, low, high := 1-float64(confidence)/float64(whole), 0.0, 1.0
	for range 100 { // halves until float64 has no number between
		if mid := low + (high-low)/2; Binomial(deviations, items, mid) > risk {
			low = mid
		} else {
			high = mid
		}
	}
	l.Rate = high
	return l, nil
}

// Extended is the whole sample after an extension: the size that the same confidence and tolerable rate ask for when the
// deviations found are allowed for (domain brief 5.6: once only, and never to dilute a systematic cause).
func (p Plan) Extended(found int) (int, error) {
	if found <= p.Expected {
		return 0, errs.New(errs.Conflict, "%d deviations are within the %d that the plan allows for; nothing is to be extended", found, p.Expected)
	}
	p.Expected = found
	return p.Size()
}
