package life

import (
	"math"
	"math/rand/v2"
)

// Every entity draws from a stream of its own, named by a purpose and the entity's number.
const (
	forOrg uint64 = iota + 1
	forTurnover
	forName
	forHR
	forAccount
	forFactor
	forAccess
	forPolicy
	forSignIn
	forLogin
	forRepo
	forChange
	forDeploy
	forAlert
	forAudit
	forCast
	forID
)

// mix is the finaliser of splitmix64, a bijection on 64 bits.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// unmix is the inverse of mix.
func unmix(x uint64) uint64 {
	x ^= x>>31 ^ x>>62
	x *= 0x319642b2d24d8ec3
	x ^= x>>27 ^ x>>54
	x *= 0x96de1b173f119089
	return x ^ x>>30 ^ x>>60
}

// dice is one entity's stream of random numbers.
type dice struct{ *rand.Rand }

func roll(seed, purpose uint64, n int) dice {
	return dice{rand.New(rand.NewPCG(seed, mix(purpose<<48^uint64(n)+0x9e3779b97f4a7c15)))}
}

// between is a whole number from lo to hi, both included.
func (d dice) between(lo, hi int) int {
	if hi <= lo {
		return lo
	}
	return lo + d.IntN(hi-lo+1)
}

// chance is true with probability p.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// span is a length of whole seconds from lo to hi.
func (d dice) span(lo, hi Time) Time {
	return Time(d.between(int(lo/Second), int(hi/Second))) * Second
}

// expo is an exponentially distributed number with the given mean.
func (d dice) expo(mean float64) float64 { return -mean * math.Log(1-d.Float64()) }

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

const base62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// letters writes n characters of an alphabet that follow from seed, purpose and number alone.
func letters(seed, purpose, number uint64, alphabet string, n int) string {
	out := make([]byte, n)
	x := mix(seed ^ mix(purpose) ^ number*0x9e3779b97f4a7c15)
	for i := range out {
		if i%8 == 7 {
			x = mix(x + uint64(i))
		}
		out[i] = alphabet[x%uint64(len(alphabet))]
		x /= uint64(len(alphabet))
	}
	return string(out)
}

// ID is an identifier of 20 characters in the style of the identity provider: a prefix for the kind of thing and
// letters that mean nothing.
func (w *World) ID(prefix string, number int) string {
	var p uint64
	for i := range len(prefix) {
		p = p*131 + uint64(prefix[i])
	}
	return prefix + letters(w.Seed, forID^p<<8, uint64(number)+1, base62, 20-len(prefix))
}

// GUID is an identifier in the common 8-4-4-4-12 form that follows from a number alone.
func (w *World) GUID(n uint64) string {
	s := letters(w.Seed, forID+1, n, "0123456789abcdef", 32)
	return s[:8] + "-" + s[8:12] + "-4" + s[13:16] + "-a" + s[17:20] + "-" + s[20:]
}
