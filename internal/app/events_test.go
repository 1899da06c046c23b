package app

import (
	"testing"
	"time"
)

func TestHuntDays(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		x, err := time.Parse("2006-01-02T15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ name, from, to, now, first, after string }{
		{"a week", "2026-03-01T09:00", "2026-03-08T09:00", "2026-03-08T10:00", "2026-03-01T00:00", "2026-03-09T00:00"},
		{"up to a midnight that is over", "2026-03-01T00:00", "2026-03-08T00:00", "2026-03-08T10:00", "2026-03-01T00:00", "2026-03-08T00:00"},
		{"up to the midnight that comes", "2026-03-01T00:00", "2026-03-09T00:00", "2026-03-08T23:59", "2026-03-01T00:00", "2026-03-09T00:00"},
		{"into the future", "2026-03-01T00:00", "2027-01-01T00:00", "2026-03-08T12:00", "2026-03-01T00:00", "2026-03-09T00:00"},
	} {
		first, after := huntDays(at(c.from), at(c.to), at(c.now))
		if first != at(c.first) || after != at(c.after) {
			t.Errorf("%s: %v to %v, want %s to %s", c.name, first, after, c.first, c.after)
		}
	}
}
