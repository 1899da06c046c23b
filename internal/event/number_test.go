package event

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func follower() *numbers {
	return &numbers{source: "src", next: map[string]int64{}, changed: map[string]time.Time{}, open: map[string][]*Gap{}}
}

// told is what would be kept of what was seen.
func (x *numbers) told() string {
	var out []string
	for _, g := range x.touched {
		if g.Kind == GapRestart {
			out = append(out, fmt.Sprintf("restart %d>%d", g.First, g.Last))
		} else if g.Missing > 0 {
			out = append(out, fmt.Sprintf("%d-%d:%d", g.First, g.Last, g.Missing))
		}
	}
	return strings.Join(out, " ")
}

// TestNumbers: what lacks, what came late, and where a sender began anew.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		seen []int64
		want string
	}{
		{[]int64{1, 2, 3}, ""},
		{[]int64{7, 8}, ""},
		{[]int64{1, 3}, "2-2:1"},
		{[]int64{1, 3, 2}, ""},
		{[]int64{1, 6}, "2-5:4"},
		{[]int64{1, 6, 2}, "3-5:3"},
		{[]int64{1, 6, 5}, "2-4:3"},
		{[]int64{1, 6, 3}, "2-2:1 4-5:2"},
		{[]int64{1, 6, 3, 3}, "2-2:1 4-5:2"},
		{[]int64{1, 6, 3, 4, 2, 5}, ""},
		{[]int64{5, 6, 6, 5, 7}, ""},
		{[]int64{5, 6, 1, 2}, "restart 7>1"},
		{[]int64{5000, 5001, 3, 5}, "restart 5002>3 4-4:1"},
		{[]int64{rollover - 1, rollover, 1, 2}, ""},
		{[]int64{rollover - 1, 1}, "restart 2147483647>1"},
	} {
		n := follower()
		for _, v := range x.seen {
			n.see("h", v, arrived)
		}
		if got := n.told(); got != x.want {
			t.Errorf("%v: %q, want %q", x.seen, got, x.want)
		}
	}
}

// TestNumbersLost: of numbers that come in any order within a window, exactly those that never come lack in the end.
func TestNumbersLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		n, lost, sent := follower(), 0, []int64{1}
		for v := int64(2); v < 400; v++ {
			if r.IntN(12) == 0 {
				lost++
			} else {
				sent = append(sent, v)
			}
		}
		sent = append(sent, 400)
		for i := 0; i+8 < len(sent)-1; i += 8 {
			part := sent[i+1 : i+9]
			r.Shuffle(len(part), func(a, b int) { part[a], part[b] = part[b], part[a] })
		}
		for _, v := range sent {
			n.see("h", v, arrived)
		}
		missing := int64(0)
		for _, g := range n.open["h"] {
			missing += g.Missing
		}
		if missing != int64(lost) {
			t.Errorf("seed %d: %d missing, %d were lost", seed, missing, lost)
		}
	}
}

// TestNumbersBound: a hostile sender cannot make the list grow without end.
func TestNumbersBound(t *testing.T) {
	t.Parallel()
	n := follower()
	for v := int64(1); v < 100_000; v += 2 {
		n.see("h", v, arrived)
	}
	for i := range 2 * maxStreams {
		n.see(fmt.Sprint(i), 1, arrived)
	}
	missing := int64(0)
	for _, g := range n.open["h"] {
		missing += g.Missing
	}
	if len(n.open["h"]) > openStream || missing != 49_999 || len(n.next) > maxStreams || len(n.touched) > 2*openStream || !slices.IsSortedFunc(n.open["h"], func(a, b *Gap) int { return int(a.First - b.First) }) {
		t.Errorf("%d gaps with %d, %d streams", len(n.open["h"]), missing, len(n.next))
	}
}
