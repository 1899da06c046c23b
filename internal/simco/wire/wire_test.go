package wire

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	at := life.Of(time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC))
	j := NewJSON().Obj().S("s", "a\"b\\\n\té\x01").I("i", -12).F("f", 52.5).B("b", true).N("n").SN("e", "").T("t", at).TMs("m", at).
		TZone("z", at).T("never", 0).A("a").Str("x").Obj().End().Arr().EndArr().EndArr().O("o").End().End()
	want := `{"s":"a\"b\\\n\té\u0001","i":-12,"f":52.5,"b":true,"n":null,"e":null,"t":"2026-03-04T05:06:07Z","m":"2026-03-04T05:06:07.089Z",` +
		`"z":"2026-03-04T05:06:07+00:00","never":null,"a":["x",{},[]],"o":{}}`
	if got := string(j.Bytes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	j.Free()
}

// Any string comes through as JSON would have it.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "O'Brien", "Łukasz", "\xff\xfe", "\x00\x1f\"\\", "a\u2028b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		j := NewJSON().Str(s)
		var got string
		if err := json.Unmarshal(j.Bytes(), &got); err != nil {
			t.Fatalf("%q: %v", j.Bytes(), err)
		}
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var want string
		if err := json.Unmarshal(raw, &want); err != nil || got != want {
			t.Errorf("%q became %q, want %q", s, got, want)
		}
		j.Free()
	})
}

func FuzzTime(f *testing.F) {
	f.Add(int64(0))
	f.Add(int64(1_767_225_599_999))
	f.Add(int64(951_782_400_000))
	f.Fuzz(func(t *testing.T, ms int64) {
		ms &= 1<<46 - 1
		got := string(AppendTime(nil, life.Time(ms), true))
		want := time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000")
		if ms != 0 && got != want {
			t.Errorf("%d is %s, want %s", ms, got, want)
		}
	})
}

func TestMeter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 10, 0, 0, 500, time.UTC)
	m := Meter{Limit: 2, Per: time.Minute}
	for i, want := range []State{{Limit: 2, Remaining: 1, Used: 1}, {Limit: 2, Used: 2}, {Limit: 2, Used: 2, Refused: true}} {
		want.Reset = now.Truncate(time.Second).Add(time.Minute)
		if got := m.Take(now); got != want {
			t.Errorf("request %d: %+v, want %+v", i, got, want)
		}
	}
	if got := m.Take(now.Add(time.Minute)); got.Refused || got.Remaining != 1 {
		t.Errorf("after the reset: %+v", got)
	}
	wide := Meter{Wide: 10, Per: time.Minute}
	for range 50 {
		if got := wide.Take(now); got.Refused || got.Remaining < 5 {
			t.Fatalf("without a limit: %+v", got)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ n, from, size, lo, hi int }{{10, 0, 3, 0, 3}, {10, 9, 3, 9, 10}, {10, 12, 3, 10, 10}, {0, 0, 5, 0, 0}, {10, -4, 3, 0, 3}} {
		if lo, hi := Window(c.n, c.from, c.size); lo != c.lo || hi != c.hi {
			t.Errorf("%+v gave %d to %d", c, lo, hi)
		}
	}
	for _, c := range []struct {
		in   string
		size int
		ok   bool
	}{{"", 30, true}, {"7", 7, true}, {"700", 100, true}, {"0", 30, false}, {"x", 30, false}, {"-1", 30, false}} {
		if n, ok := Size(c.in, 30, 100); n != c.size || ok != c.ok {
			t.Errorf("%q gave %d %v", c.in, n, ok)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://host.example/a/b%20c?x=1&page=2&phrase=created%3A%3E2026", nil)
	if got, want := With(r, "page", "3", "x"), "http://host.example/a/b%20c?page=3&phrase=created%3A%3E2026"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	var c Cache[int]
	built := 0
	get := func(t life.Time) int { return c.At(t, func() int { built++; return int(t) * 10 }) }
	first, again := get(1), get(1)
	if first != 10 || again != 10 || get(2) != 20 || built != 2 {
		t.Errorf("built %d times", built)
	}
}
