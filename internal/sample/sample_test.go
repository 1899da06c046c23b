package sample

import (
	"math"
	"math/bits"
	"testing"
)

// TestSizes: the table of domain brief 5.4, exactly.
func TestSizes(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		confidence, tolerable Rate
		want                  [5]int
	}{
		{9000, 500, [5]int{45, 77, 105, 132, 158}},
		{9000, 1000, [5]int{22, 38, 52, 65, 78}},
		{9500, 500, [5]int{59, 93, 124, 153, 181}},
		{9500, 1000, [5]int{29, 46, 61, 76, 89}},
	} {
		for k, want := range x.want {
			if n, err := (Plan{Confidence: x.confidence, Tolerable: x.tolerable, Expected: k}).Size(); n != want || err != nil {
				t.Errorf("%s, %s, %d: %d, want %d (%v)", x.confidence, x.tolerable, k, n, want, err)
			}
		}
	}
	if n, err := (Plan{Confidence: 9000, Tolerable: 500}).Extended(1); n != 77 || err != nil {
		t.Error(n, err)
	}
	if _, err := (Plan{Confidence: 9000, Tolerable: 500, Expected: 1}).Extended(1); err == nil {
		t.Error("what was planned for is extended")
	}
}

// TestUpper: the limits of domain brief 5.4, as they are rounded there.
func TestUpper(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		items, deviations int
		at90, at95        float64
	}{
		{25, 0, 8.8, 11.3}, {25, 1, 14.7, 17.6}, {25, 2, 19.9, 23.1},
		{40, 0, 5.6, 7.2}, {40, 1, 9.4, 11.3}, {40, 2, 12.8, 14.9},
		{60, 0, 3.8, 4.9}, {60, 1, 6.3, 7.7}, {60, 2, 8.6, 10.1},
	} {
		for c, want := range map[Rate]float64{9000: x.at90, 9500: x.at95} {
			l, err := Upper(x.items, x.deviations, 0, c)
			if got := math.Round(l.Rate*1000) / 10; err != nil || math.Abs(got-want) > .05 || l.Most != -1 {
				t.Errorf("%d of %d at %s: %.2f %%, want %.1f (%v)", x.deviations, x.items, c, l.Rate*100, want, err)
			}
		}
	}
	for _, x := range []struct{ items, deviations, population, most int }{{3, 0, 12, 5}, {5, 0, 52, 18}, {12, 0, 12, 0}, {12, 2, 12, 2}, {1, 1, 1, 1}} {
		if l, err := Upper(x.items, x.deviations, x.population, 9000); err != nil || l.Most != x.most || math.Abs(l.Rate-float64(x.most)/float64(x.population)) > 1e-12 {
			t.Errorf("%+v: %+v (%v)", x, l, err)
		}
	}
	if l, err := Upper(3, 3, 0, 9000); l.Rate != 1 || err != nil {
		t.Error(l, err)
	}
	for _, bad := range [][3]int{{0, 0, 0}, {3, 4, 0}, {3, -1, 0}, {5, 0, 4}, {5, 0, -1}} {
		if _, err := Upper(bad[0], bad[1], bad[2], 9000); err == nil {
			t.Error(bad)
		}
	}
}

// counted is the probability of at most k bad items among n of a population, by looking at every possible sample: nobody's formula.
func counted(k, n, bad, size int) (few, all int) {
	for set := range 1 << size {
		if bits.OnesCount(uint(set)) != n {
			continue
		}
		all++
		if bits.OnesCount(uint(set)&(1<<bad-1)) <= k {
			few++
		}
	}
	return few, all
}

// TestEveryPopulation holds hypergeometric probabilities, sizes and limits against every population of up to 12 items.
func TestEveryPopulation(t *testing.T) {
	t.Parallel()
	const confidence, risk = Rate(9000), 10 // in the hundred
	for size := 1; size <= 12; size++ {
		type at struct{ k, n, bad int }
		under := map[at]bool{} // at most k are found more rarely than the risk, or exactly as rarely
		for n := 1; n <= size; n++ {
			for bad := 0; bad <= size; bad++ {
				for k := range min(n, 3) {
					few, all := counted(k, n, bad, size)
					if got, want := Hypergeometric(k, n, bad, size), float64(few)/float64(all); math.Abs(got-want) > 1e-12 {
						t.Fatalf("P(%d of %d, %d bad of %d) = %v, counted %v", k, n, bad, size, got, want)
					}
					under[at{k, n, bad}] = few*100 <= risk*all
				}
			}
			for k := range min(n, 3) {
				most := k
				for bad := k; bad <= size-(n-k); bad++ {
					if !under[at{k, n, bad}] {
						most = bad
					}
				}
				if l, err := Upper(n, k, size, confidence); err != nil || l.Most != most {
					t.Fatalf("%d of %d of %d: at most %d, counted %d (%v)", k, n, size, l.Most, most, err)
				}
			}
		}
		for _, tolerable := range []Rate{500, 1000, 2500} {
			bad := size*int(tolerable)/int(whole) + 1
			for k := range 2 {
				want := size
				for n := size - 1; n > k && bad <= size && under[at{k, n, bad}]; n-- {
					want = n
				}
				if bad > size {
					want = min(k+1, size)
				}
				if got, err := (Plan{confidence, tolerable, k, size}).Size(); err != nil || got != want {
					t.Fatalf("plan for %d items, %s, %d expected: %d, counted %d (%v)", size, tolerable, k, got, want, err)
				}
			}
		}
	}
}

// TestTies: a probability that is exactly the risk is enough, though 1 - 0.9 is not 0.1 to a machine.
func TestTies(t *testing.T) {
	t.Parallel()
	// One bad item of ten is missed by nine with probability exactly 1/10.
	if n, err := (Plan{Confidence: 9000, Tolerable: 10, Population: 10}).Size(); n != 9 || err != nil {
		t.Error(n, err)
	}
	// Half of two: one item misses it with probability exactly 1/2.
	if l, err := Upper(1, 0, 2, 5000); l.Most != 0 || err != nil {
		t.Error(l, err)
	}
}

// TestLarge: a large population asks for what an endless one does, at most; and is computed at once.
func TestLarge(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100_000, 2_000_000, MaxPopulation} {
		n, err := (Plan{Confidence: 9500, Tolerable: 500, Expected: 2, Population: size}).Size()
		if err != nil || n < 123 || n > 124 {
			t.Errorf("%d: %d (%v)", size, n, err)
		}
		if l, err := Upper(60, 0, size, 9500); err != nil || math.Abs(l.Rate-.0487) > .0005 {
			t.Errorf("%d: %+v (%v)", size, l, err)
		}
	}
}

func TestPlanRefused(t *testing.T) {
	t.Parallel()
	for _, p := range []Plan{{}, {4000, 500, 0, 0}, {10_000, 500, 0, 0}, {9000, 0, 0, 0}, {9000, 6000, 0, 0}, {9000, 500, -1, 0}, {9000, 500, 51, 0}, {9000, 500, 0, -1}, {9000, 500, 0, MaxPopulation + 1}} {
		if _, err := p.Size(); err == nil {
			t.Errorf("%+v", p)
		}
	}
}

// TestTable: by number of occurrences, never more than there are.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		table       Table
		occurrences int
		risk        Risk
		want        int
	}{
		{Default(), 0, Low, 0}, {Default(), 1, Higher, 1}, {Default(), 2, Low, 1}, {Default(), 2, Higher, 2}, {Default(), 4, Higher, 3}, {Default(), 12, Moderate, 3},
		{Default(), 13, Low, 5}, {Default(), 13, Higher, 13}, {Default(), 52, Higher, 15}, {Default(), 53, Low, 20}, {Default(), 92, Moderate, 25}, {Default(), 365, Higher, 40},
		{Default(), 366, Moderate, 40}, {Default(), 2_000_000, Higher, 60},
		{Events(), 0, Higher, 0}, {Events(), 3, Low, 3}, {Events(), 4, Low, 4}, {Events(), 12, Higher, 5}, {Events(), 30, Moderate, 8}, {Events(), 250, Low, 15}, {Events(), 251, Higher, 60},
	} {
		if n, _, err := x.table.Size(x.occurrences, x.risk); n != x.want || err != nil {
			t.Errorf("%s, %d, %s: %d, want %d (%v)", x.table.Name, x.occurrences, x.risk, n, x.want, err)
		}
	}
	if _, _, err := Default().Size(5, "enormous"); err == nil {
		t.Error("a risk that does not exist")
	}
	if _, _, err := Default().Size(-1, Low); err == nil {
		t.Error("fewer than no occurrences")
	}
	for name, rows := range map[string][]Row{
		"none": nil, "no end": {{4, "", 1, 2, 3}}, "end first": {{0, "", 1, 1, 1}, {4, "", 1, 2, 3}}, "not ascending": {{4, "", 1, 1, 1}, {4, "", 1, 1, 1}, {0, "", 1, 1, 1}},
		"nothing": {{0, "", 0, 1, 1}}, "shrinks with risk": {{0, "", 3, 2, 4}}, "shrinks with number": {{4, "", 3, 3, 3}, {0, "", 2, 3, 3}},
	} {
		if err := (Table{Rows: rows}).Check(); err == nil {
			t.Error(name)
		}
	}
}
