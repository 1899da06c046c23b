package baseline

import "math"

// budget keeps the alerts within what was agreed, whatever comes. It is adaptive conformal inference (Gibbs and Candès 2021,
// arXiv 2106.00170): after each test the level moves by g(alpha - err), where alpha is the test's part of the budget and err is 1
// for an alert. Written as credit = level / g, each test adds alpha and each alert takes 1. Two bounds are ours: credit is never
// above ceiling, so that a quiet year does not pay for a noisy day, and below 1 nothing alerts. From both follows, for any
// sequence of p-values, exchangeable, drifting or chosen by an adversary:
//
//	alerts in the first D days   <= D × perDay
//	alerts in any stretch of D days <= D × perDay + ceiling
//
// where days are those of UTC, and the first one is the first on which something is tested: credit begins with none.
// The parts of a day's hours sum to perDay, whatever number of tests there is in an hour.
type budget struct {
	perDay float64
	credit float64
	hours  [24]float64 // decayed number of tests at each hour of the day
	parts  [24]float64 // of the budget; they sum to 1
}

func newBudget(perDay float64) budget {
	b := budget{perDay: perDay}
	b.apportion()
	return b
}

func (b *budget) ceiling() float64 { return 1 + b.perDay/2 }

// apportion shares the day's budget over its hours, by how many tests there usually are at each: a part of 1/96 at least, so that
// the night keeps a quarter of an even share.
func (b *budget) apportion() {
	total := 0.0
	for _, n := range b.hours {
		total += n
	}
	for h := range b.parts {
		b.parts[h] = 1.0 / 24
		if total > 0 {
			b.parts[h] = 0.25/24 + 0.75*b.hours[h]/total
		}
	}
}

// count notes how many tests an hour had; a week's observations weigh half after a week.
func (b *budget) count(hourOfDay, tests int) {
	b.hours[hourOfDay] = b.hours[hourOfDay]*math.Exp2(-1.0/7) + float64(tests)
}

// share is the budget of an hour of the day.
func (b *budget) share(hourOfDay int) float64 { return b.perDay * b.parts[hourOfDay] }

// level is the probability at which a test alerts that has the part alpha of the budget.
func (b *budget) level(alpha float64) float64 {
	if b.credit < 1 {
		return 0
	}
	return alpha * b.credit / ((1 + b.ceiling()) / 2)
}

// settle tells how a test ended.
func (b *budget) settle(alpha float64, alert bool) {
	b.credit += alpha
	if alert {
		b.credit--
	}
	b.credit = min(b.credit, b.ceiling())
}
