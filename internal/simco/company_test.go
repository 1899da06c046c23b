package simco_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/simco/life"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []simco.Config{
		{People: 10, Repositories: 5, Days: 10, Start: start}, {People: 50, Repositories: 2, Days: 10, Start: start},
		{People: 50, Repositories: 5, Days: 0, Start: start}, {People: 50, Repositories: 5, Days: 10},
		{People: 50, Repositories: 5, Days: 90, Start: start, Planted: true}, {People: 60, Repositories: 8, Days: 59, Start: start, Planted: true},
		{People: 60, Repositories: 8, Days: 59, Start: start, SignInsPerDay: 21},
	} {
		if _, err := simco.New(c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
	c := company(t, simco.Config{People: 30, Repositories: 3, Days: 1, Start: start.Add(15 * time.Hour)})
	if at := c.co.Clock(); !at.Equal(start.Add(days(1))) {
		t.Errorf("the clock stands at %s", at)
	}
	if c.co.Handler("fax") != nil || c.co.Requests("fax") != 0 || len(c.co.Handlers()) != 8 {
		t.Error("there is a fax")
	}
}

// A year in a company of 400 goes as the package promises: the size stays, 15 to 20 percent leave, about 40 percent code.
func TestYear(t *testing.T) {
	t.Parallel()
	c := company(t, simco.Config{Seed: 1, People: 400, Repositories: 40, Days: 365, Planted: true})
	for i := range 13 {
		c.co.SetClock(start.Add(days(i*30) + 12*time.Hour))
		s := c.co.Summary()
		if s.Workers < 370 || s.Workers > 430 {
			t.Errorf("month %d: %d workers", i, s.Workers)
		}
		if share := float64(s.Members+s.Collaborators) / float64(s.Workers); share < 0.35 || share > 0.52 {
			t.Errorf("month %d: %.2f of the people have a login on the code host", i, share)
		}
	}
	c.co.SetClock(start.Add(days(365)))
	s := c.co.Summary()
	if rate := float64(s.Left) / 400; rate < 0.12 || rate > 0.23 {
		t.Errorf("%.3f left in a year", rate)
	}
	if s.Moved < 3 || s.Merged < 1000 || s.Deployed < 1000 || s.Administrators < 5 || s.LogEvents < 80_000 {
		t.Errorf("a quiet year: %+v", s)
	}
	if text := s.String(); !strings.Contains(text, "planted") || strings.Count(text, "\n") != 6 {
		t.Errorf("summary:\n%s", text)
	}
	if n := len(s.Deviations); n != len(life.Kinds) {
		t.Errorf("%d kinds of deviations of %d", n, len(life.Kinds))
	}
}

func TestWriteDeviations(t *testing.T) {
	t.Parallel()
	c := company(t, small)
	var b bytes.Buffer
	if err := c.co.WriteDeviations(&b); err != nil {
		t.Fatal(err)
	}
	var list []simco.Deviation
	if err := json.Unmarshal(b.Bytes(), &list); err != nil || len(list) != len(c.co.Deviations()) {
		t.Fatalf("%d deviations, %v", len(list), err)
	}
	kinds := map[string]life.Kind{}
	for _, k := range life.Kinds {
		kinds[k.Name] = k
	}
	for i, d := range list {
		k, ok := kinds[d.Kind]
		if !ok || d.System != k.System || d.Resource != k.Resource || d.Entity == "" || d.Label == "" || d.Note == "" || d.From.IsZero() {
			t.Errorf("deviation %+v", d)
		}
		if !d.To.IsZero() && d.To.Before(d.From) || i > 0 && d.From.Before(list[i-1].From) {
			t.Errorf("%s %s: from %s to %s", d.ID, d.Kind, d.From, d.To)
		}
	}
	var empty bytes.Buffer
	if err := company(t, simco.Config{People: 30, Repositories: 3, Days: 1}).co.WriteDeviations(&empty); err != nil || empty.String() != "[]\n" {
		t.Errorf("%q, %v", empty.String(), err)
	}
}
