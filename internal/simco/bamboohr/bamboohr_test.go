package bamboohr

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// Every field is found by its alias, its number and its name in the dataset, and by no other field's.
func TestFields(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for i := range fieldTable {
		f := &fieldTable[i]
		for _, name := range []string{f.alias, f.datasetName(), itoa(f.id)} {
			if byName[name] != f {
				t.Errorf("%s does not find %s", name, f.alias)
			}
			if other, ok := seen[name]; ok && other != f.alias {
				t.Errorf("%s is the name of %s and of %s", name, other, f.alias)
			}
			seen[name] = f.alias
		}
		if f.value == nil || f.title == "" || f.kind == "" {
			t.Errorf("%s is not complete", f.alias)
		}
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func TestInstant(t *testing.T) {
	t.Parallel()
	want := life.Of(time.Date(2026, 7, 4, 20, 5, 0, 0, time.UTC))
	for _, text := range []string{"2026-07-04T20:05:00Z", "2026-07-04T13:05:00-07:00", "2026-07-04T13:05:00-0700", "2026-07-04T22:05:00+02:00",
		"2026-07-04T22:05:00 02:00"} {
		if got, ok := instant(text); !ok || got != want {
			t.Errorf("%q is %s", text, got.Go())
		}
	}
	for _, text := range []string{"", "2026-07-04", "yesterday", "2026-07-04T20:05:00"} {
		if _, ok := instant(text); ok {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	w, err := life.New(life.Config{Seed: 1, People: 40, Repositories: 3, Days: 30, Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	s := New(w, &wire.Clock{}, Options{Now: time.Now})
	v := view{at: w.End, people: w.HROrder}
	count := func(is func(i int32) bool) (n int) {
		for _, i := range v.people {
			if is(i) {
				n++
			}
		}
		return n
	}
	active := count(func(i int32) bool { return w.People[i].ActiveAt(v.at) })
	for text, want := range map[string]int{"": len(v.people), "status eq 'Active'": active, "status ne 'Active'": len(v.people) - active,
		"status in ('Active', 'Inactive')": len(v.people), "jobInformationDepartment eq 'Nowhere'": 0} {
		keep, ok := s.odata(text)
		if !ok || count(func(i int32) bool { return keep(i, v) }) != want {
			t.Errorf("%q does not keep %d", text, want)
		}
	}
	for _, text := range []string{"status", "status eq", "color eq 'red'", "status like 'A'", "status in 'Active'"} {
		if _, ok := s.odata(text); ok {
			t.Errorf("%q was accepted", text)
		}
	}
	for _, c := range []struct {
		list []condition
		want int
	}{
		{nil, len(v.people)}, {[]condition{{"status", "includes", []any{"Active"}}}, active},
		{[]condition{{"status", "does_not_include", []any{"Active"}}}, len(v.people) - active},
		{[]condition{{"terminationDate", "empty", nil}, {"status", "equal", "Active"}}, active},
		{[]condition{{"hireDate", "gte", "1900-01-01"}, {"hireDate", "lt", "2100-01-01"}}, len(v.people)},
		{[]condition{{"hireDate", "not_empty", nil}, {"hireDate", "gt", "2100-01-01"}}, 0},
		{[]condition{{"color", "equal", "red"}}, 0}, {[]condition{{"status", "like", "A"}}, 0},
	} {
		if got := count(func(i int32) bool { return s.all(c.list, i, v) }); got != c.want {
			t.Errorf("%+v keeps %d, want %d", c.list, got, c.want)
		}
	}
}
