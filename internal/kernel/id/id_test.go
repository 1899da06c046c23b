package id_test

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/id"
)

func TestNew(t *testing.T) {
	t.Parallel()
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	last := ""
	for i := range 1000 {
		s := id.New("run", t0.Add(time.Duration(i)*time.Millisecond))
		if !id.HasPrefix(s, "run") || id.HasPrefix(s, "con") || seen[s] {
			t.Fatalf("%q", s)
		}
		if s <= last {
			t.Fatalf("%q sorts before %q", s, last)
		}
		seen[s], last = true, s
	}
	for _, bad := range []string{"", "run", "run_", "run_0123", "run_0123456789abcdefghjkmnpqrI", "run_0123456789abcdefghjkmnpqrs1"} {
		if id.HasPrefix(bad, "run") {
			t.Errorf("%q accepted", bad)
		}
	}
	if a, b := id.Secret(52), id.Secret(52); a == b || len(a) != 52 {
		t.Error(a, b)
	}
}
