package baseline

import (
	"math"
	"slices"
)

// cell is one value of a distribution. Texts are not kept, only their hashes: a state names nobody's addresses or devices.
type cell struct {
	key   uint64
	mass  float32 // decayed count, inflated by the model's clock
	count uint32  // events, not decayed
	last  int32   // hour of the last one
	today uint8   // contributions on the day of last
}

// dist is a decayed distribution over values, bounded: what is seen least goes into the rest.
type dist struct {
	cells []cell // by key
	rest  float32
}

// clock inflates what is learned later instead of decaying what was learned before (forward decay), so that nothing must be
// touched as time goes by.
type clock struct {
	origin   int32   // the hour at which one contribution weighs 1
	halfLife float64 // hours
}

// rebase is how many half-lives pass before all is scaled down, so that a float32 never overflows.
const rebase = 40

func (c clock) factor(hour int32) float64 {
	return math.Exp2(float64(hour-c.origin) / c.halfLife)
}

func (d *dist) find(key uint64) (int, bool) {
	return slices.BinarySearchFunc(d.cells, key, func(c cell, k uint64) int {
		switch {
		case c.key < k:
			return -1
		case c.key > k:
			return 1
		}
		return 0
	})
}

func (d *dist) get(key uint64) (cell, bool) {
	if i, ok := d.find(key); ok {
		return d.cells[i], true
	}
	return cell{}, false
}

// add learns n events of a value in an hour as at most one contribution of the given weight, and no more than perDay of them on
// one day.
func (d *dist) add(key uint64, n uint32, hour int32, factor, weight float64, perDay uint8, limit int) {
	i, ok := d.find(key)
	if !ok {
		if len(d.cells) >= limit {
			d.drop()
			i, _ = d.find(key)
		}
		d.cells = slices.Insert(d.cells, i, cell{key: key, mass: float32(weight * factor), count: n, last: hour, today: 1})
		return
	}
	c := &d.cells[i]
	c.count = addSaturated(c.count, n)
	if day(hour) != day(c.last) {
		c.today = 0
	}
	c.last = max(c.last, hour)
	if c.today >= perDay {
		return
	}
	c.today++
	c.mass += float32(weight * factor)
}

func addSaturated(a, b uint32) uint32 {
	if a > math.MaxUint32-b {
		return math.MaxUint32
	}
	return a + b
}

// drop makes room: the value with the least decayed count goes; of equals the one with the highest key.
func (d *dist) drop() {
	least := 0
	for i := range d.cells {
		if d.cells[i].mass <= d.cells[least].mass {
			least = i
		}
	}
	d.rest += d.cells[least].mass
	d.cells = slices.Delete(d.cells, least, least+1)
}

func (d *dist) scale(by float64) {
	d.rest = float32(float64(d.rest) * by)
	for i := range d.cells {
		d.cells[i].mass = float32(float64(d.cells[i].mass) * by)
	}
}

// tail is the probability of a value that is seen as seldom as this one or more seldom, where above is that probability in the
// distribution one level up. The mass of what was never seen goes upwards; it is estimated by how much was seen only once
// (Good and Turing).
func (d *dist) tail(key uint64, factor, above float64) float64 {
	var own float32
	if c, ok := d.get(key); ok {
		own = c.mass
	}
	var total, once, below float64
	single := float32(factor)
	for i := range d.cells {
		m := d.cells[i].mass
		total += float64(m)
		if m <= single {
			once += float64(m)
		}
		if m <= own {
			below += float64(m)
		}
	}
	n := (total + float64(d.rest)) / factor
	if n < 1e-9 {
		return above
	}
	unseen := min((once/factor+0.5)/(n+1), 0.95)
	return (1-unseen)*below/(total+float64(d.rest)) + unseen*above
}

// mass is the decayed number of contributions.
func (d *dist) mass(factor float64) float64 {
	total := float64(d.rest)
	for i := range d.cells {
		total += float64(d.cells[i].mass)
	}
	return total / factor
}

// middle is the median of the keys, which are bins of a series, and the median distance from it, both in bins.
func (d *dist) middle() (median, mad float64) {
	var total float64
	for i := range d.cells {
		total += float64(d.cells[i].mass)
	}
	if total == 0 {
		return 0, 0
	}
	weighted := make([][2]float64, len(d.cells))
	for i := range d.cells {
		weighted[i] = [2]float64{float64(d.cells[i].key), float64(d.cells[i].mass)}
	}
	median = weightedMedian(weighted, total)
	for i := range weighted {
		weighted[i][0] = math.Abs(weighted[i][0] - median)
	}
	slices.SortFunc(weighted, func(a, b [2]float64) int {
		switch {
		case a[0] < b[0]:
			return -1
		case a[0] > b[0]:
			return 1
		}
		return 0
	})
	return median, weightedMedian(weighted, total)
}

func weightedMedian(list [][2]float64, total float64) float64 {
	sum := 0.0
	for _, x := range list {
		if sum += x[1]; sum >= total/2 {
			return x[0]
		}
	}
	return list[len(list)-1][0]
}

func day(hour int32) int32 {
	if hour < 0 {
		return (hour+1)/24 - 1
	}
	return hour / 24
}
