package sigma

import "time"

// timeRanges bounds the values that time modifiers compare with.
var timeRanges = map[string][2]float64{
	"minute": {0, 59}, "hour": {0, 23}, "day": {1, 31}, "week": {1, 53}, "month": {1, 12}, "year": {0, 9999},
}

// timePart takes a part out of a date as it is written, without any conversion: 2006-01-02, with T or a space and 15:04 or
// 15:04:05 after it, with a fraction and a zone or without. Weeks are those of ISO 8601.
func timePart(t []byte, unit string) (float64, bool) {
	num := func(from, to int) (int, bool) {
		n := 0
		for _, c := range t[from:to] {
			if c < '0' || c > '9' {
				return 0, false
			}
			n = n*10 + int(c-'0')
		}
		return n, true
	}
	if len(t) < 10 || len(t) > 40 || t[4] != '-' || t[7] != '-' {
		return 0, false
	}
	y, ok1 := num(0, 4)
	m, ok2 := num(5, 7)
	d, ok3 := num(8, 10)
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 || d > time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return 0, false
	}
	hour, minute := -1, -1
	if len(t) > 10 {
		if len(t) < 16 || (t[10] != 'T' && t[10] != ' ') || t[13] != ':' {
			return 0, false
		}
		var ok bool
		if hour, ok = num(11, 13); !ok || hour > 23 {
			return 0, false
		}
		if minute, ok = num(14, 16); !ok || minute > 59 {
			return 0, false
		}
		if !timeTail(t[16:]) {
			return 0, false
		}
	}
	out := -1
	switch unit {
	case "minute":
		out = minute
	case "hour":
		out = hour
	case "day":
		out = d
	case "week":
		_, out = time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).ISOWeek()
	case "month":
		out = m
	case "year":
		out = y
	}
	return float64(out), out >= 0
}

// timeTail reads what may stand after the minute: seconds to 59, a fraction, and Z or an offset.
func timeTail(t []byte) bool {
	digit := func(i int) bool { return i < len(t) && '0' <= t[i] && t[i] <= '9' }
	if len(t) > 0 && t[0] == ':' {
		if !digit(1) || !digit(2) || t[1] > '5' {
			return false
		}
		t = t[3:]
		if len(t) > 0 && t[0] == '.' {
			n := 1
			for digit(n) {
				n++
			}
			if n == 1 {
				return false
			}
			t = t[n:]
		}
	}
	switch {
	case len(t) == 0, len(t) == 1 && t[0] == 'Z':
		return true
	case t[0] == '+' || t[0] == '-':
		switch len(t) {
		case 5:
			return digit(1) && digit(2) && digit(3) && digit(4)
		case 6:
			return digit(1) && digit(2) && t[3] == ':' && digit(4) && digit(5)
		}
	}
	return false
}
