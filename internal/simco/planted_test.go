package simco_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/simco/life"
)

// observe looks at a company every day at 23:30 and judges what happened in the end.
func observe(t *testing.T, c simco.Config) *observer {
	t.Helper()
	o := &observer{client: company(t, c), found: findings{}, events: findings{}}
	end := start.Add(days(c.Days))
	for at := start.Add(23*time.Hour + 30*time.Minute); at.Before(end); at = at.Add(days(1)) {
		o.look(at)
	}
	o.happenings(start, end)
	t.Logf("%d requests", o.calls)
	return o
}

// lives are the lives observed: a few of different sizes, and as many more as the environment asks for.
var lives = func() []simco.Config {
	list := []simco.Config{
		{Seed: 1, People: 60, Repositories: 8, Days: 60},
		{Seed: 2, People: 90, Repositories: 12, Days: 130},
		{Seed: 3, People: 110, Repositories: 16, Days: 365},
		{Seed: 7, People: 64, Repositories: 9, Days: 75},
	}
	if raced {
		return list[:1]
	}
	n, _ := strconv.Atoi(os.Getenv("TICKMARK_SIMCO_LIVES"))
	for i := range n {
		list = append(list, simco.Config{Seed: uint64(1000 + i), People: []int{60, 61, 75, 100, 200, 420}[i%6],
			Repositories: []int{8, 9, 11, 15, 40}[i/2%5], Days: []int{60, 61, 77, 100, 180}[i/3%5]})
	}
	return list
}()

// A life without planted deviations follows company practice on every day, whoever looks.
func TestCleanLife(t *testing.T) {
	t.Parallel()
	for _, c := range lives {
		c.Days = min(c.Days, 200) // the year is for the planted life
		t.Run(fmt.Sprintf("seed %d", c.Seed), func(t *testing.T) {
			t.Parallel()
			o := observe(t, c)
			if d := o.co.Deviations(); len(d) > 0 {
				t.Errorf("a clean life lists %d deviations", len(d))
			}
			for _, k := range keys(o.found, o.events) {
				t.Errorf("found: %s", k)
			}
		})
	}
}

// A planted life holds exactly the deviations on its list, and each on exactly the days it says.
func TestPlantedLife(t *testing.T) {
	t.Parallel()
	for _, c := range lives {
		c.Planted = true
		t.Run(fmt.Sprintf("seed %d", c.Seed), func(t *testing.T) {
			t.Parallel()
			o := observe(t, c)
			want := map[string]simco.Deviation{}
			kinds := map[string]int{}
			for _, d := range o.co.Deviations() {
				key := d.Kind + " " + d.Entity
				if _, twice := want[key]; twice {
					t.Errorf("listed twice: %s", key)
				}
				want[key] = d
				kinds[d.Kind]++
			}
			for _, k := range life.Kinds {
				if kinds[k.Name] == 0 {
					t.Errorf("none of %s is planted", k.Name)
				}
			}
			found := keys(o.found, o.events)
			for _, k := range found {
				if _, ok := want[k]; !ok {
					t.Errorf("found and not listed: %s %v", k, o.found[k])
				}
			}
			for k, d := range want {
				if !slices.Contains(found, k) {
					t.Errorf("listed and not found: %s, %s from %s to %s: %s", k, d.Label, d.From, d.To, d.Note)
				}
			}
			o.compareDays(want, c.Days)
		})
	}
}

// compareDays checks that every state was seen on exactly the days within its deviation.
func (o *observer) compareDays(want map[string]simco.Deviation, n int) {
	for key, d := range want {
		if len(o.found[key]) == 0 {
			continue // a happening
		}
		for i := range n {
			at := start.Add(days(i) + 23*time.Hour + 30*time.Minute)
			is := !at.Before(d.From) && (d.To.IsZero() || at.Before(d.To))
			if seen := slices.ContainsFunc(o.found[key], at.Equal); seen != is {
				o.Errorf("%s on %s: seen %v, listed from %s to %s", key, at, seen, d.From, d.To)
				break
			}
		}
	}
}

// A clean life is clean at any hour, once what is done in the course of a day has its few hours.
func TestCleanAtAnyHour(t *testing.T) {
	t.Parallel()
	o := &observer{client: company(t, simco.Config{Seed: 11, People: 80, Repositories: 8, Days: 90}), found: findings{}, events: findings{},
		grace: 6 * time.Hour}
	step := 17*time.Hour + 23*time.Minute
	if raced {
		step *= 5
	}
	for at := start.Add(-days(100)); at.Before(start.Add(days(90))); at = at.Add(step) {
		o.look(at)
	}
	for _, k := range keys(o.found, o.events) {
		t.Errorf("found: %s at %v", k, append(o.found[k], o.events[k]...)[0])
	}
}
