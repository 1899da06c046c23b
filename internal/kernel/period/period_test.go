package period_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

func TestDate(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]period.Date{"1970-01-01": 0, "1969-12-31": -1, "2024-02-29": 19782, "2026-11-21": 20778} {
		d, err := period.ParseDate(s)
		if err != nil || d != want || d.String() != s || period.Of(d.Time()) != d || period.Of(d.Time().Add(24*time.Hour-1)) != d {
			t.Errorf("%s: %d %v", s, d, err)
		}
	}
	if period.Of(time.Unix(-1, 0)) != -1 || period.Make(2026, 13, 1).String() != "2027-01-01" {
		t.Error("before 1970, or rolled over")
	}
	for _, bad := range []string{"", "2026-2-1", "2025-02-29", "01.02.2026", "2026-01-01T00:00:00Z"} {
		if _, err := period.ParseDate(bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	p := period.Closed(period.Make(2026, 1, 1), period.Make(2026, 12, 31))
	if p.Days() != 365 || p.String() != "2026-01-01 to 2026-12-31" || !p.Has(p.Last()) || p.Has(p.To) {
		t.Errorf("%v %d", p, p.Days())
	}
	if !p.Contains(time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)) || p.Contains(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("edges")
	}
	q := period.Closed(period.Make(2026, 12, 1), period.Make(2027, 1, 31))
	if o := p.Overlap(q); o.Days() != 31 || o != q.Overlap(p) {
		t.Error(o)
	}
	if o := p.Overlap(period.Closed(period.Make(2028, 1, 1), period.Make(2028, 1, 2))); o.Days() != 0 {
		t.Error(o)
	}
	if (period.Period{From: 5, To: 3}).Days() != 0 {
		t.Error("negative length")
	}
	b, err := json.Marshal(p)
	if err != nil || string(b) != `{"from":"2026-01-01","to":"2027-01-01"}` {
		t.Errorf("%s %v", b, err)
	}
	var back period.Period
	if err := json.Unmarshal(b, &back); err != nil || back != p {
		t.Errorf("%v %v", back, err)
	}
}
