package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// DrawMethod names the algorithm below. A record of a sample carries it.
const DrawMethod = "sha256-order/1"

// Drawable is an item of a population: its key, unique in the population, and the stratum it belongs to (a month of the
// period, a location; empty when there is one stratum).
type Drawable struct {
	Key     string
	Stratum string
}

// Draw puts a population in the order in which its items are drawn. The sample is the first n of it; an extension is the
// next m; a void item is replaced by the next after those drawn. Nobody can choose: the seed and the hash of the population
// are recorded before the order is known.
//
// Anybody can repeat it with a tool that computes SHA-256. An item's number is SHA-256 over the seed, a zero byte, the hash
// of the population, a zero byte and the item's key, as bytes, with the hash as lower-case hexadecimal digits. Inside a
// stratum the items stand by ascending number. Strata take turns by highest averages (Sainte-Laguë): first each stratum once, the
// larger before the smaller and of equal ones by name; then always the stratum with the largest quotient of its items and
// 2 x those taken + 1. So each stratum has its share of every first n, and a longer sample only ever adds to a shorter one.
func Draw(seed, population string, items []Drawable) ([]Drawable, error) {
	if len(seed) < 16 {
		return nil, fmt.Errorf("a seed of %d characters is too short: at least 16", len(seed))
	}
	if b, err := hex.DecodeString(population); err != nil || len(b) != sha256.Size || strings.ToLower(population) != population {
		return nil, fmt.Errorf("%q is no SHA-256 in lower-case hexadecimal digits", population)
	}
	strata, err := numbered(seed, population, items)
	if err != nil {
		return nil, err
	}
	out := make([]Drawable, 0, len(items))
	for _, s := range strata {
		out = append(out, s.take())
	}
	for len(out) < len(items) {
		best := strata[0]
		for _, s := range strata[1:] {
			// larger quotient: n/(2a+1) > m/(2b+1), compared without dividing
			if s.left() > 0 && (best.left() == 0 || s.size()*(2*best.taken+1) > best.size()*(2*s.taken+1)) {
				best = s
			}
		}
		out = append(out, best.take())
	}
	return out, nil
}

// stratum is a part of the population with its items in the order of their numbers.
type stratum struct {
	name  string
	items []numberedItem
	taken int
}

type numberedItem struct {
	Drawable
	number [sha256.Size]byte
}

func (s *stratum) size() int { return len(s.items) }
func (s *stratum) left() int { return len(s.items) - s.taken }
func (s *stratum) take() Drawable {
	s.taken++
	return s.items[s.taken-1].Drawable
}

// numbered are the strata, the larger first, each with its items by number.
func numbered(seed, population string, items []Drawable) ([]*stratum, error) {
	byName, seen := map[string]*stratum{}, make(map[string]bool, len(items))
	for _, it := range items {
		switch {
		case it.Key == "":
			return nil, fmt.Errorf("an item has no key")
		case seen[it.Key]:
			return nil, fmt.Errorf("two items have the key %q", it.Key)
		}
		seen[it.Key] = true
		s := byName[it.Stratum]
		if s == nil {
			s = &stratum{name: it.Stratum}
			byName[it.Stratum] = s
		}
		s.items = append(s.items, numberedItem{it, sha256.Sum256([]byte(seed + "\x00" + population + "\x00" + it.Key))})
	}
	out := make([]*stratum, 0, len(byName))
	for _, s := range byName {
		slices.SortFunc(s.items, func(a, b numberedItem) int { return bytes.Compare(a.number[:], b.number[:]) })
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *stratum) int {
		if a.size() != b.size() {
			return b.size() - a.size()
		}
		return strings.Compare(a.name, b.name)
	})
	return out, nil
}
