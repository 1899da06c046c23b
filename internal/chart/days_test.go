package chart

import (
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

func TestDays(t *testing.T) {
	t.Parallel()
	d := DaysData{Period: period.Period{From: 20000, To: 20010}, Since: 20002, Noun: "events", Wrong: "put aside",
		Days: []DayCount{{Date: 20001, Count: 99}, {Date: 20003, Count: 10}, {Date: 20005, Count: 30, Wrong: 1}, {Date: 20010, Count: 7}}}
	if got, want := d.Sentence(), "40 events on 2 of 8 days, most on 9 Oct 2024 (30); 1 put aside"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	r := record(func(c Canvas) { Days(c, d, 100, 50) })
	if len(r.rects[ClassBar]) != 2 {
		t.Fatalf("%v", r.rects)
	}
	low, high := r.rects[ClassBar][0], r.rects[ClassBar][1]
	if low[3] >= high[3] || low[1]+low[3] != high[1]+high[3] {
		t.Errorf("10 is drawn as %v, 30 as %v", low, high)
	}
	if bad := r.rects[Fail.Class()]; len(bad) != 1 || bad[0][3] < 2 || bad[0][1] < 0 {
		t.Errorf("what is wrong is drawn as %v", bad)
	}
	if len(r.rects[None.Class()]) == 0 {
		t.Error("days that were not counted look like days without anything")
	}
	for name, d := range map[string]DaysData{"nothing": {}, "no day": {Period: d.Period, Since: 30000}, "one day": {Period: period.Period{From: 20003, To: 20004}, Days: d.Days, Noun: "hits"}, "empty": {Period: d.Period, Noun: "hits"}} {
		if err := wellFormed(SVG("strip", 300, 20, d.Sentence(), func(c Canvas) { Days(c, d, 300, 20) })); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := (DaysData{Period: d.Period, One: "hit", Noun: "hits", Days: []DayCount{{Date: 20001, Count: 1}}}).Sentence(); got != "1 hit on 1 of 10 days, most on 5 Oct 2024 (1)" {
		t.Errorf("%q", got)
	}
	if got := (DaysData{Period: d.Period, Noun: "hits"}).Sentence(); got != "0 hits on 0 of 10 days" {
		t.Errorf("%q", got)
	}
}
