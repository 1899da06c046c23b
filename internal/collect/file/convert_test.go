package file

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

func TestDates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, order, want string // "" is an error
	}{
		{"2026-04-03", "", "2026-04-03"}, {"2026/04/03", "", "2026-04-03"}, {"2026-4-3", "", "2026-04-03"}, {"2026.04.03", "", "2026-04-03"},
		{"3 Apr 2026", "", "2026-04-03"}, {"03-Apr-2026", "", "2026-04-03"}, {"April 3, 2026", "", "2026-04-03"}, {"Apr 3 2026", "", "2026-04-03"},
		{"3rd April 2026", "", "2026-04-03"}, {"3. April 2026", "", "2026-04-03"}, {"1 Sept 2026", "", "2026-09-01"}, {"August 9, 2026", "", "2026-08-09"},
		{"2026-04-03T00:00:00Z", "", "2026-04-03"}, {"2026-04-03 00:00:00", "", "2026-04-03"}, {"2026-04-03 00:00", "", "2026-04-03"},
		{"25/04/2026", "", "2026-04-25"}, {"04/25/2026", "", "2026-04-25"}, {"04/04/2026", "", "2026-04-04"},
		{"03/04/2026", "", ""}, {"03.04.2026", "", ""}, {"03/04/2026", "dmy", "2026-04-03"}, {"03/04/2026", "mdy", "2026-03-04"},
		{"03.04.2026", "dmy", "2026-04-03"}, {"25/04/2026", "mdy", ""}, {"04/25/2026", "dmy", ""}, {"2026-04-03", "dmy", ""}, {"2026-04-03", "ymd", "2026-04-03"},
		{"03/04/26", "", ""}, {"03/04/26", "dmy", ""}, {"2026-13-01", "", ""}, {"2026-02-29", "", ""}, {"2024-02-29", "", "2024-02-29"}, {"31 Jun 2026", "", ""},
		{"2026-04-03 10:00", "", ""}, {"2026-04-03T00:00:00+02:00", "", ""}, {"tomorrow", "", ""}, {"45000", "", ""}, {"20260403", "", ""}, {"2026-04/03", "", ""},
		{"0001-01-01", "", ""}, {"Mai 3, 2026", "", ""}, {"Maybe 3, 2026", "", ""}, {"99/99/2026", "", ""},
	} {
		conv, err := newConverter(Options{DateFormat: c.order})
		if err != nil {
			t.Fatal(err)
		}
		got, err := conv.date(c.in)
		if (err == nil) != (c.want != "") || err == nil && got.String() != c.want {
			t.Errorf("%q (%s): got %v, %v, want %q", c.in, c.order, got, err, c.want)
		}
	}
	conv, _ := newConverter(Options{})
	if _, err := conv.date("03/04/2026"); !strings.Contains(errs.HintOf(err), "date_format") {
		t.Errorf("an ambiguous date: %v, hint %q", err, errs.HintOf(err))
	}
	for _, order := range []string{"DD/MM/YYYY", "dd.mm.yyyy", "dmy"} {
		if c, err := newConverter(Options{DateFormat: order}); err != nil || c.order != "dmy" {
			t.Errorf("%s: %q, %v", order, c.order, err)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, zone, want string }{
		{"2026-04-03T10:20:30Z", "", "2026-04-03T10:20:30Z"}, {"2026-04-03T10:20:30.1234567Z", "", "2026-04-03T10:20:30.123456Z"},
		{"2026-04-03 10:20:30+02:00", "", "2026-04-03T08:20:30Z"}, {"2026-04-03T10:20:30+0200", "", "2026-04-03T08:20:30Z"},
		{"2026-04-03 10:20:30 UTC", "", "2026-04-03T10:20:30Z"}, {"2026-04-03 10:20:30 -0500", "", "2026-04-03T15:20:30Z"},
		{"2026-04-03 10:20", "", ""}, {"2026-04-03", "", ""}, {"2026-04-03 10:20", "Europe/Berlin", "2026-04-03T08:20:00Z"},
		{"2026-01-03 10:20", "Europe/Berlin", "2026-01-03T09:20:00Z"}, {"2026-04-03", "Europe/Berlin", "2026-04-02T22:00:00Z"},
		{"3 Apr 2026 3:04 PM", "UTC", "2026-04-03T15:04:00Z"}, {"Apr 3, 2026 3:04:05 pm", "UTC", "2026-04-03T15:04:05Z"},
		{"2026-04-03 25:00", "UTC", ""}, {"2026-04-03 noon", "UTC", ""}, {"1775212830", "UTC", ""},
		{"2026-04-03T10:20:30+02:00", "America/New_York", "2026-04-03T08:20:30Z"},
	} {
		conv, err := newConverter(Options{TimeZone: c.zone})
		if err != nil {
			t.Fatal(err)
		}
		got, err := conv.time(c.in)
		if (err == nil) != (c.want != "") || err == nil && (got.Format(time.RFC3339Nano) != c.want || got.Location() != time.UTC) {
			t.Errorf("%q (%s): got %v, %v, want %q", c.in, c.zone, got, err, c.want)
		}
	}
}

func TestWordsAndNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]any{
		"yes": true, "TRUE": true, "y": true, "1": true, "on": true, "No": false, "f": false, "0": false, "off": false, "maybe": nil, "2": nil, "": nil,
	} {
		got, err := parseBool(in)
		if (err == nil) != (want != nil) || err == nil && got != want {
			t.Errorf("%q: got %v, %v", in, got, err)
		}
	}
	for _, c := range []struct {
		in    string
		sheet bool
		want  any
	}{
		{"12", false, int64(12)}, {"-3", false, int64(-3)}, {"12.0", false, nil}, {"12.0", true, int64(12)}, {"1E3", true, int64(1000)}, {"12.5", true, nil},
		{"1,000", false, nil}, {"1e20", true, nil}, {"NaN", true, nil}, {"0x10", false, nil}, {"9223372036854775808", false, nil},
	} {
		conv := converter{spreadsheet: c.sheet}
		got, err := conv.int(c.in)
		if (err == nil) != (c.want != nil) || err == nil && got != c.want {
			t.Errorf("%q: got %v, %v", c.in, got, err)
		}
	}
}

func FuzzConvert(f *testing.F) {
	for _, s := range []string{"2026-04-03T10:20:30+02:00", "3rd April 2026 3:04 PM", "25/04/2026", "45000.5", "1E400", "-0", "yes"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, sheet bool) {
		for _, order := range []string{"", "dmy", "mdy"} {
			c := converter{order: order, zone: time.UTC, spreadsheet: sheet}
			if d, err := c.date(s); err == nil && (d < period.Make(1000, 1, 1) || d > period.Make(9999, 12, 31)) {
				t.Errorf("%q is the day %s", s, d)
			}
			if at, err := c.time(s); err == nil && (at.Year() < 999 || at.Year() > 10000) {
				t.Errorf("%q is the time %s", s, at)
			}
			_, _ = c.int(s)
		}
	})
}

func FuzzMapping(f *testing.F) {
	f.Add("id=Key\nemail=\"a;b\"; display_name=", "Key,\"a;b\",c\nx,y,z\n")
	f.Add("=;\";", "\"\xff\n,,\"\n")
	f.Fuzz(func(t *testing.T, mapping, content string) {
		pairs, err := parseMapping(mapping)
		for _, p := range pairs {
			if p.field == "" || err != nil {
				t.Errorf("%q gave %+v, %v", mapping, p, err)
			}
		}
		r, err := Preview(strings.NewReader(content), Options{Resource: "worker", Mapping: mapping, Format: "csv"})
		if err != nil && errs.KindOf(err) != errs.Invalid {
			t.Errorf("%q: %v (%s)", content, err, errs.KindOf(err))
		}
		for _, row := range r.Rows {
			if w, ok := row.(*collect.Worker); !ok || w.ID == "" || w.Raw == "" {
				t.Errorf("%q gave %+v", content, row)
			}
		}
	})
}
