// Package sample decides how many items of a population an auditor looks at, and says what a result proves: attribute
// sampling by a firm's table or by confidence and tolerable rate, and the upper limit of the rate of deviation that a
// result leaves possible. Which items are drawn is decided by verify.Draw, so that an outsider can repeat it.
//
// Sources: domain brief 5.3 (the table: market practice, a setting of each firm), 5.4 (the statistics), 5.6 (extension).
package sample

import (
	"fmt"
	"math"
	"math/big"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Rate is a share in ten-thousandths: 500 is 5 %. A whole number, so that a plan is compared without rounding.
type Rate int

// whole is the Rate that is everything.
const whole Rate = 10_000

func (r Rate) rat() *big.Rat { return big.NewRat(int64(r), int64(whole)) }

// String is the rate in per cent: "5 %", "7.5 %".
func (r Rate) String() string { return fmt.Sprintf("%g %%", float64(r)/100) }

// Plan is a sample that confidence and rates ask for.
type Plan struct {
	Confidence Rate // that the true rate is not above Tolerable: 9000, 9500
	Tolerable  Rate // the rate of deviation above which the control does not operate effectively
	Expected   int  // deviations that the plan allows for
	Population int  // items of the population; 0 for one so large that it does not matter (binomial)
}

// MaxPopulation bounds what is computed exactly; larger ones are as good as infinite.
const MaxPopulation = 10_000_000

// Check says what is wrong with a plan.
func (p Plan) Check() error {
	switch {
	case p.Confidence < 5000 || p.Confidence > 9999:
		return errs.New(errs.Invalid, "a confidence of %s is not between 50 %% and 99.99 %%", p.Confidence).At("confidence")
	case p.Tolerable < 10 || p.Tolerable > 5000:
		return errs.New(errs.Invalid, "a tolerable rate of %s is not between 0.1 %% and 50 %%", p.Tolerable).At("tolerable")
	case p.Expected < 0 || p.Expected > 50:
		return errs.New(errs.Invalid, "%d expected deviations are not between 0 and 50", p.Expected).At("expected")
	case p.Population < 0 || p.Population > MaxPopulation:
		return errs.New(errs.Invalid, "a population of %d is not between 0 and %d", p.Population, MaxPopulation).At("population")
	}
	return nil
}

// Size is the smallest sample that, with at most the expected deviations found, leaves no more than the risk 1 - Confidence
// that the rate is above the tolerable one (domain brief 5.4). In a finite population the sample is drawn without putting
// back: hypergeometric, with the smallest number of deviations that is above the tolerable rate. When no smaller sample
// does, the size is the population: a census.
func (p Plan) Size() (int, error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	low, high := p.Expected+1, p.Population
	if p.Population == 0 {
		high = 1
		for !p.enough(high) {
			high *= 2
		}
	}
	if low >= high {
		return high, nil
	}
	for low < high { // more items never make the risk larger
		if mid := low + (high-low)/2; p.enough(mid) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low, nil
}

// enough reports whether n items keep the risk.
func (p Plan) enough(n int) bool {
	if p.Population == 0 {
		return !above(p.Expected, n, p.Tolerable, p.Confidence)
	}
	bad := int(int64(p.Population)*int64(p.Tolerable)/int64(whole)) + 1 // the fewest that are more than tolerable
	return bad > p.Population || !left(p.Expected, n, bad, p.Population, p.Confidence)
}

// near is how close a floating-point probability may come to the risk before it is computed again with whole numbers.
const near = 1e-9

// above reports whether k or fewer deviations among n items of an endless population are still likelier than the risk at a rate.
func above(k, n int, rate, confidence Rate) bool {
	risk := 1 - float64(confidence)/float64(whole)
	if p := Binomial(k, n, float64(rate)/float64(whole)); math.Abs(p-risk) > near {
		return p > risk
	}
	exact, q, one := new(big.Rat), rate.rat(), big.NewRat(1, 1)
	for i := 0; i <= min(k, n); i++ {
		term := new(big.Rat).SetInt(new(big.Int).Binomial(int64(n), int64(i)))
		term.Mul(term, power(q, i)).Mul(term, power(new(big.Rat).Sub(one, q), n-i))
		exact.Add(exact, term)
	}
	return exact.Cmp(new(big.Rat).Sub(one, confidence.rat())) > 0
}

// left reports whether k or fewer of bad deviations in a population of size N are still likelier than the risk among n items.
func left(k, n, bad, size int, confidence Rate) bool {
	risk := 1 - float64(confidence)/float64(whole)
	if p := Hypergeometric(k, n, bad, size); math.Abs(p-risk) > near {
		return p > risk
	}
	sum := new(big.Int)
	for i := max(0, n-(size-bad)); i <= min(k, n, bad); i++ {
		ways := new(big.Int).Binomial(int64(bad), int64(i))
		sum.Add(sum, ways.Mul(ways, new(big.Int).Binomial(int64(size-bad), int64(n-i))))
	}
	exact := new(big.Rat).SetFrac(sum, new(big.Int).Binomial(int64(size), int64(n)))
	return exact.Cmp(new(big.Rat).Sub(big.NewRat(1, 1), confidence.rat())) > 0
}

func power(r *big.Rat, n int) *big.Rat {
	e := big.NewInt(int64(n))
	return new(big.Rat).SetFrac(new(big.Int).Exp(r.Num(), e, nil), new(big.Int).Exp(r.Denom(), e, nil))
}

// Binomial is the probability of at most k deviations among n items when each deviates with probability p.
func Binomial(k, n int, p float64) float64 {
	switch {
	case k >= n || p <= 0:
		return 1
	case k < 0 || p >= 1:
		return 0
	}
	sum := 0.0
	for i := 0; i <= k; i++ {
		sum += math.Exp(choose(n, i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(sum, 1)
}

// Hypergeometric is the probability of at most k deviations among n items that are drawn, without putting back, from a
// population of a size with so many bad ones.
func Hypergeometric(k, n, bad, size int) float64 {
	switch least := max(0, n-(size-bad)); {
	case k >= min(n, bad):
		return 1
	case k < least:
		return 0
	}
	all, sum := choose(size, n), 0.0
	for i := max(0, n-(size-bad)); i <= k; i++ {
		sum += math.Exp(choose(bad, i) + choose(size-bad, n-i) - all)
	}
	return min(sum, 1)
}

// choose is the logarithm of n over k.
func choose(n, k int) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return lg(n) - lg(k) - lg(n-k)
}
