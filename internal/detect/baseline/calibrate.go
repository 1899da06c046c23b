package baseline

import (
	"math"
	"slices"

	"github.com/tickmark/tickmark/internal/event"
)

// bins of scores: 64 for each doubling of 1+score, so that two scores in a bin differ by 1.1 per cent.
const (
	scoreBins = 640
	perDouble = 64
)

func scoreBin(s float64) uint16 {
	return uint16(min(scoreBins-1, max(0, math.Floor(perDouble*math.Log2(1+s)))))
}

// stratum says with which units one is compared (Mondrian conformal prediction: exchangeability is asked within a stratum only).
type stratum struct {
	log   string
	kind  event.ActorKind
	class uint8 // of the heaviest action of the hour
	young bool  // too little is known of the entity
	level uint8 // 0 is the narrowest
}

// levels is how many strata a unit is in, from the narrowest to all of one class.
const levels = 4

func (s stratum) at(level uint8) stratum {
	s.level = level
	if level >= 1 {
		s.log = ""
	}
	if level >= 2 {
		s.kind = 0
	}
	if level >= 3 {
		s.young, s.class = false, 0
	}
	return s
}

func (s stratum) compare(o stratum) int {
	if c := (key{s.log, ""}).compare(key{o.log, ""}); c != 0 {
		return c
	}
	number := func(s stratum) int {
		n := int(s.level)<<17 | int(s.kind)<<9 | int(s.class)<<1
		if s.young {
			n++
		}
		return n
	}
	return number(s) - number(o)
}

// classOf puts the weights into three classes, so that strata are not too small.
func classOf(w event.Weight) uint8 {
	switch {
	case w >= event.WeightPrivilege:
		return 2
	case w >= event.WeightWrite:
		return 1
	}
	return 0
}

// histogram is the scores of a stratum in a sliding window of days. Those that alerted are no examples of ordinary hours, so
// p-values leave them out; e-values must not, or the list they are for would promise too much.
type histogram struct {
	total [scoreBins]uint32
	n     uint32
	told  [scoreBins]uint32 // of those that alerted
	days  []dayScores       // by day
}

type dayScores struct {
	day  int32
	bins []binCount // by bin
}

type binCount struct {
	bin  uint16
	n    uint32
	told uint32
}

func (h *histogram) add(d int32, bin uint16, told bool) {
	if len(h.days) == 0 || h.days[len(h.days)-1].day != d {
		h.days = append(h.days, dayScores{day: d})
	}
	list := &h.days[len(h.days)-1].bins
	i, ok := slices.BinarySearchFunc(*list, bin, func(c binCount, b uint16) int { return int(c.bin) - int(b) })
	if !ok {
		*list = slices.Insert(*list, i, binCount{bin: bin})
	}
	if told {
		(*list)[i].told++
		h.told[bin]++
		return
	}
	(*list)[i].n++
	h.total[bin]++
	h.n++
}

// slide forgets the days before one.
func (h *histogram) slide(before int32) {
	for len(h.days) > 0 && h.days[0].day < before {
		for _, c := range h.days[0].bins {
			h.total[c.bin] -= c.n
			h.n -= c.n
			h.told[c.bin] -= c.told
		}
		h.days = h.days[1:]
	}
}

// p is the conformal p-value of a score: (1 + those at least as high) / (n + 1). Scores of one bin count as equal, so it is
// never too small.
func (h *histogram) p(bin uint16) float64 {
	higher := uint32(0)
	for i := int(bin); i < scoreBins; i++ {
		higher += h.total[i]
	}
	return float64(1+higher) / float64(h.n+1)
}

// steep is the power of 1+score that e-values compare. Any function would be valid; with a steeper one a single high score in the
// window hides all that are a little lower, with a flatter one nothing stands out.
const steep = 4

// e is the logarithm of the conformal e-value of a score: (n+1) w(s) over the sum of w over all scores and this one, where w is a
// power of 1+s. Its mean is at most 1 when the score is exchangeable with those of the window: all of them together sum to n+1.
// The lower edge of its bin stands for the score, the upper edge for those it is compared with.
func (h *histogram) e(bin uint16) float64 {
	sum, n := 1.0, 1.0
	for i := range h.total {
		if c := float64(h.total[i]) + float64(h.told[i]); c > 0 {
			sum += c * math.Exp2(steep*float64(i+1-int(bin))/perDouble)
			n += c
		}
	}
	return math.Log(n / sum)
}

// enough is the least number of units in a stratum before it is used.
const enough = 100

// judge gives the p-value of a score, the logarithm of its e-value, and with how many units it was compared: those of the
// narrowest stratum that is large enough to tell a probability of alpha, or else of all.
func (c *commons) judge(s stratum, bin uint16, alpha float64) (p, e float64, n uint32) {
	for level := uint8(0); level < levels; level++ {
		h := c.scores[s.at(level)]
		if h == nil || level < levels-1 && (h.n < enough || float64(h.n+1)*alpha < 2) {
			continue
		}
		if h.n == 0 {
			break
		}
		return h.p(bin), h.e(bin), h.n
	}
	return 1, math.Inf(-1), 0
}

func (c *commons) calibrate(s stratum, d int32, bin uint16, told bool) {
	for level := uint8(0); level < levels; level++ {
		k := s.at(level)
		h := c.scores[k]
		if h == nil {
			h = &histogram{}
			c.scores[k] = h
		}
		h.add(d, bin, told)
	}
}
