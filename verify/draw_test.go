package verify

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const drawSeed, drawHash = "harlow-pike 2026-03-04", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func population(sizes ...int) []Drawable {
	var out []Drawable
	for m, n := range sizes {
		for i := range n {
			out = append(out, Drawable{fmt.Sprintf("%02d-%04d", m+1, i), fmt.Sprintf("2025-%02d", m+1)})
		}
	}
	return out
}

func drawn(t *testing.T, seed, hash string, items []Drawable) []Drawable {
	t.Helper()
	out, err := Draw(seed, hash, items)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDraw: everything is drawn once, the order of the input does not matter, and the seed and the population do.
func TestDraw(t *testing.T) {
	t.Parallel()
	items := population(40, 3, 0, 17, 120)
	order := drawn(t, drawSeed, drawHash, items)
	all := slices.Clone(order)
	slices.SortFunc(all, func(a, b Drawable) int { return strings.Compare(a.Key, b.Key) })
	if !slices.Equal(all, items) {
		t.Error("not every item is drawn exactly once")
	}
	turned := slices.Clone(items)
	slices.Reverse(turned)
	if !slices.Equal(order, drawn(t, drawSeed, drawHash, turned)) {
		t.Error("the order of the population changes the sample")
	}
	if slices.Equal(order, drawn(t, drawSeed+"x", drawHash, items)) || slices.Equal(order, drawn(t, drawSeed, strings.Repeat("0", 64), items)) {
		t.Error("another seed or another population draws the same")
	}
	if out := drawn(t, drawSeed, drawHash, nil); len(out) != 0 {
		t.Error(out)
	}
}

// TestDrawShares: every first n has each stratum's share to within one item, from the moment each was drawn once.
func TestDrawShares(t *testing.T) {
	t.Parallel()
	sizes := []int{40, 3, 17, 120, 55}
	order := drawn(t, drawSeed, drawHash, population(sizes...))
	total, got := 235, map[string]int{}
	for n, it := range order {
		got[it.Stratum]++
		if n < len(sizes) {
			continue
		}
		for i, size := range sizes {
			name := fmt.Sprintf("2025-%02d", i+1)
			share := float64(size) * float64(n+1) / float64(total)
			if d := float64(got[name]) - share; d > 1.6 || d < -1.6 {
				t.Fatalf("%s has %d of the first %d, its share is %.2f", name, got[name], n+1, share)
			}
		}
	}
	first := map[string]bool{}
	for _, it := range order[:len(sizes)] {
		first[it.Stratum] = true
	}
	if len(first) != len(sizes) {
		t.Errorf("the first %d leave a stratum out: %v", len(sizes), order[:len(sizes)])
	}
}

// TestDrawFair: over many seeds each item is drawn about as often as any other.
func TestDrawFair(t *testing.T) {
	t.Parallel()
	items, hits := population(50), map[string]int{}
	const rounds, n = 4000, 10
	for i := range rounds {
		for _, it := range drawn(t, fmt.Sprintf("seed number %08d", i), drawHash, items)[:n] {
			hits[it.Key]++
		}
	}
	mean, chi := float64(rounds*n)/50, 0.0
	for _, it := range items {
		d := float64(hits[it.Key]) - mean
		chi += d * d / mean
	}
	if chi > 90 { // 49 degrees of freedom: fewer than one in 2,000 fair draws is above, and the seeds are fixed
		t.Errorf("chi-square %.1f: %v", chi, hits)
	}
}

// TestDrawByHand repeats a draw with sha256sum, as the documentation says anybody can.
func TestDrawByHand(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("no sha256sum here to repeat the draw with")
	}
	items := population(25)
	byHand := slices.Clone(items)
	number := map[string]string{}
	for _, it := range items {
		c := exec.CommandContext(t.Context(), tool)
		c.Stdin = strings.NewReader(drawSeed + "\x00" + drawHash + "\x00" + it.Key)
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		number[it.Key] = string(out[:64])
	}
	slices.SortFunc(byHand, func(a, b Drawable) int { return strings.Compare(number[a.Key], number[b.Key]) })
	if got := drawn(t, drawSeed, drawHash, items); !slices.Equal(got, byHand) {
		t.Errorf("got %v, by hand %v", got, byHand)
	}
	if got := byHand[0].Key; got != "01-0002" {
		t.Errorf("the first by hand is %s: the recorded order has changed, which breaks every sample that was drawn", got)
	}
}

func TestDrawRefuses(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		seed, hash string
		items      []Drawable
		says       string
	}{
		"short seed":  {"seed", drawHash, nil, "too short"},
		"no hash":     {drawSeed, "abc", nil, "no SHA-256"},
		"upper case":  {drawSeed, strings.ToUpper(drawHash), nil, "lower-case"},
		"no key":      {drawSeed, drawHash, []Drawable{{"", "a"}}, "no key"},
		"a key twice": {drawSeed, drawHash, []Drawable{{"x", "a"}, {"x", "b"}}, "two items"},
	} {
		if _, err := Draw(x.seed, x.hash, x.items); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
