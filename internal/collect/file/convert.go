package file

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// converter turns cells into values.
type converter struct {
	order string         // "dmy", "mdy", "ymd" or "" when the file does not say
	zone  *time.Location // of times without one; nil when the file does not say

	spreadsheet bool // cells come from a sheet: numbers may be dates
	epoch1904   bool // the sheet counts days from 1904
}

func newConverter(o Options) (converter, error) {
	var c converter
	if o.DateFormat != "" {
		for _, r := range strings.ToLower(o.DateFormat) {
			if strings.ContainsRune("dmy", r) && !strings.ContainsRune(c.order, r) {
				c.order += string(r)
			}
		}
		if c.order != "dmy" && c.order != "mdy" && c.order != "ymd" {
			return c, errs.New(errs.Invalid, "%q is not an order of dates; it is dmy, mdy or ymd", o.DateFormat).At("date_format")
		}
	}
	if o.TimeZone != "" {
		zone, err := time.LoadLocation(o.TimeZone)
		if err != nil || o.TimeZone == "Local" {
			return c, errs.New(errs.Invalid, "%q is not a time zone; it is a name such as Europe/Berlin or UTC", o.TimeZone).At("time_zone")
		}
		c.zone = zone
	}
	return c, nil
}

// sheetErrors are what a sheet shows for a formula that went wrong.
var sheetErrors = map[string]bool{"#N/A": true, "#REF!": true, "#VALUE!": true, "#DIV/0!": true, "#NAME?": true, "#NULL!": true, "#NUM!": true, "#SPILL!": true, "#CALC!": true}

// convert reads a cell. text is the cell's value and shown what a spreadsheet shows of it, which matters for text alone.
func (c *converter) convert(k kind, text, shown string) (any, error) {
	if c.spreadsheet && sheetErrors[text] {
		return nil, errs.New(errs.Invalid, "the cell holds the error %s", text)
	}
	switch k {
	case kindBool:
		return parseBool(text)
	case kindInt:
		return c.int(text)
	case kindDate:
		return c.date(text)
	case kindTime:
		return c.time(text)
	}
	return c.text(text, shown), nil
}

// text keeps numbers as they are stored (1001, not "1,001") and dates as they are shown.
func (c *converter) text(text, shown string) string {
	if !c.spreadsheet || text == shown {
		return text
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		if _, err := strconv.ParseFloat(strings.ReplaceAll(shown, ",", ""), 64); err != nil {
			return shown
		}
	}
	return text
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "y", "t", "1", "on":
		return true, nil
	case "false", "no", "n", "f", "0", "off":
		return false, nil
	}
	return false, errs.New(errs.Invalid, "%.60q is not yes or no", s)
}

func (c *converter) int(s string) (int64, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	if c.spreadsheet { // sheets keep every number as a fraction
		if f, err := strconv.ParseFloat(s, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), nil
		}
	}
	return 0, errs.New(errs.Invalid, "%.60q is not a whole number", s)
}

// serial reads a day number of a sheet. Days before March 1900 are refused: sheets count a day there that never was.
func (c *converter) serial(s string) (time.Time, bool) {
	if !c.spreadsheet {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 61 || f >= 2958466 { // 2958465 is 9999-12-31
		return time.Time{}, false
	}
	base := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if c.epoch1904 {
		base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	days := math.Floor(f)
	// Sheets keep fractions of a day to about a millisecond.
	return base.AddDate(0, 0, int(days)).Add(time.Duration(math.Round((f-days)*86400e3)) * time.Millisecond), true
}

func (c *converter) date(s string) (period.Date, error) {
	if at, ok := c.serial(s); ok {
		if at != at.Truncate(24*time.Hour) {
			return 0, errs.New(errs.Invalid, "%.60q has a time of day where a date is wanted", s)
		}
		return period.Of(at), nil
	}
	day, clock, err := c.split(s)
	if err != nil {
		return 0, err
	}
	if clock != "" {
		at, zone, ok := parseClock(clock)
		if !ok || at != 0 || zone != nil && *zone != 0 {
			return 0, errs.New(errs.Invalid, "%.60q has a time of day where a date is wanted", s)
		}
	}
	return period.Of(day), nil
}

func (c *converter) time(s string) (time.Time, error) {
	day, ok := c.serial(s)
	var at time.Duration
	var offset *int
	if !ok {
		var clock string
		var err error
		if day, clock, err = c.split(s); err != nil {
			return time.Time{}, err
		}
		if clock != "" {
			if at, offset, ok = parseClock(clock); !ok {
				return time.Time{}, errs.New(errs.Invalid, "%.60q has no time of day that is understood", s)
			}
		}
	}
	if offset != nil {
		return day.Add(at - time.Duration(*offset)*time.Second).Truncate(time.Microsecond), nil
	}
	if c.zone == nil {
		return time.Time{}, errs.New(errs.Invalid, "%.60q names no time zone", s).WithHint("set time_zone to the zone the times are in, such as Europe/Berlin")
	}
	y, m, d := day.Date()
	h, mi, se := day.Clock()
	return time.Date(y, m, d, h, mi, se, day.Nanosecond()+int(at), c.zone).UTC().Truncate(time.Microsecond), nil
}

var (
	numeric = regexp.MustCompile(`^(\d{1,4})([-/. ])(\d{1,2})([-/. ])(\d{1,4})(?:[T ]\s*(.+))?$`)
	worded  = regexp.MustCompile(`^(?:(\d{1,2})(?:st|nd|rd|th)?[ -.]+([A-Za-z]{3,9})\.?|([A-Za-z]{3,9})\.? +(\d{1,2})(?:st|nd|rd|th)?),?[ -.]+(\d{4})(?:[T ]\s*(.+))?$`)
)

// split reads the day and leaves the time of day.
func (c *converter) split(s string) (day time.Time, clock string, err error) {
	unclear := errs.New(errs.Invalid, "%.60q is not a date that is understood", s).WithHint("write dates as 2026-04-03")
	if m := numeric.FindStringSubmatch(s); m != nil && m[2] == m[4] {
		a, b, d, err := c.triple(m[1], m[3], m[5], s)
		if err != nil {
			return day, "", err
		}
		day, ok := civil(a, b, d)
		if !ok {
			return day, "", unclear
		}
		return day, m[6], nil
	}
	if m := worded.FindStringSubmatch(s); m != nil {
		month, ok := months[strings.ToLower((m[2] + m[3]))[:3]]
		y, _ := strconv.Atoi(m[5])
		d, _ := strconv.Atoi(m[1] + m[4])
		if day, fits := civil(y, month, d); ok && fits && strings.HasPrefix(strings.ToLower(time.Month(month).String()), strings.TrimSuffix(strings.ToLower(m[2]+m[3]), "t")) {
			return day, m[6], nil
		}
	}
	return day, "", unclear
}

var months = map[string]int{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}

// triple puts three numbers in the order year, month, day. Which is the day and which the month must be certain.
func (c *converter) triple(x, y, z, s string) (year, month, day int, err error) {
	a, _ := strconv.Atoi(x)
	b, _ := strconv.Atoi(y)
	d, _ := strconv.Atoi(z)
	switch {
	case len(x) == 4 && len(z) <= 2 && (c.order == "" || c.order == "ymd"):
		return a, b, d, nil
	case len(z) != 4 || len(x) > 2:
		return 0, 0, 0, errs.New(errs.Invalid, "%.60q is not a date that is understood", s).WithHint("write dates as 2026-04-03")
	case c.order == "dmy", c.order == "" && a > 12 && b <= 12, c.order == "" && a == b:
		return d, b, a, nil
	case c.order == "mdy", c.order == "" && b > 12 && a <= 12:
		return d, a, b, nil
	}
	return 0, 0, 0, errs.New(errs.Invalid, "%.60q may be a day and a month or a month and a day", s).WithHint("set date_format to dmy or mdy")
}

func civil(y, m, d int) (time.Time, bool) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, y >= 1000 && y <= 9999 && m >= 1 && m <= 12 && t.Day() == d && t.Month() == time.Month(m)
}

// parseClock reads a time of day and, if there is one, its offset from UTC in seconds.
func parseClock(s string) (at time.Duration, offset *int, ok bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	for _, layout := range []string{
		"15:04:05.999999999Z07:00", "15:04:05.999999999 Z07:00", "15:04:05.999999999-0700", "15:04:05.999999999 -0700", "15:04Z07:00",
		"15:04:05.999999999 UTC", "15:04:05.999999999", "15:04", "3:04:05 PM", "3:04 PM", "3:04:05PM", "3:04PM",
	} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if strings.ContainsAny(layout, "Z-") || strings.HasSuffix(layout, "UTC") {
			_, seconds := t.Zone()
			offset = &seconds
		}
		h, m, sec := t.Clock()
		return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second + time.Duration(t.Nanosecond()), offset, true
	}
	return 0, nil, false
}
