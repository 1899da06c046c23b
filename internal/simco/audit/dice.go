package audit

import (
	"math"
	"math/rand/v2"

	"github.com/tickmark/tickmark/internal/simco/life"
)

// Purposes of streams of random numbers.
const (
	forDay uint64 = iota + 1
	forPerson
	forService
	forCast
	forPlace
	forAttack
	forNight
	forHost
)

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

type dice struct{ *rand.Rand }

func roll(seed, purpose uint64, n, day int) dice {
	return dice{rand.New(rand.NewPCG(seed^mix(purpose), mix(uint64(n)<<20^uint64(day)+0x9e3779b97f4a7c15)))}
}

// between is a whole number from lo to hi, both included.
func (d dice) between(lo, hi int) int {
	if hi <= lo {
		return lo
	}
	return lo + d.IntN(hi-lo+1)
}

func (d dice) chance(p float64) bool { return d.Float64() < p }

// span is a length of time from lo to hi.
func (d dice) span(lo, hi life.Time) life.Time {
	return lo + life.Time(d.Int64N(max(1, int64(hi-lo))))
}

// count is a number of independent happenings of which mean are expected (Poisson).
func (d dice) count(mean float64) int {
	if mean > 60 {
		return max(0, int(mean+math.Sqrt(mean)*d.NormFloat64()+0.5))
	}
	n, p, limit := 0, 1.0, math.Exp(-mean)
	for p *= d.Float64(); p > limit; p *= d.Float64() {
		n++
	}
	return n
}

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

const (
	hexadecimal = "0123456789abcdef"
	capitals    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	base62      = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// letters are n characters of an alphabet that follow from a number.
func letters(x uint64, alphabet string, n int) string {
	out := make([]byte, n)
	size := uint64(len(alphabet))
	for i := range out {
		if i%8 == 0 {
			x = mix(x + uint64(i) + 1)
		}
		out[i] = alphabet[x%size]
		x /= size
	}
	return string(out)
}

// guid is an identifier in the form 8-4-4-4-12.
func guid(x uint64) string {
	h := letters(x, hexadecimal, 32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}
