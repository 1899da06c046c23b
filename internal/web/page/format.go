package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Count writes a whole number with commas: 1,204.
func Count[N ~int | ~int64 | ~int32](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if neg {
		return "−" + b.String()
	}
	return b.String()
}

// Plural writes a number with its noun: 1 control, 2 controls.
func Plural[N ~int | ~int64 | ~int32](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Capital writes a word of the program with its first letter as a capital, as a sentence begins.
func Capital[S ~string](s S) string {
	r, n := utf8.DecodeRuneInString(string(s))
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + string(s[n:])
}

// Bytes writes a size: 37 kB (decimal units).
func Bytes(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1_000_000:
		return strconv.FormatFloat(float64(n)/1e3, 'f', 1, 64) + " kB"
	case n < 1_000_000_000:
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
	}
	return strconv.FormatFloat(float64(n)/1e9, 'f', 1, 64) + " GB"
}

// DateText writes a day: 31 Jul 2026.
func DateText(d period.Date) string { return d.Time().Format("2 Jan 2006") }

// PeriodText writes the first and last day of a period: 1 Jan 2026 – 31 Dec 2026, or 29 – 31 Jul 2026 within a month.
func PeriodText(p period.Period) string {
	if p.Days() == 0 {
		return "no days"
	}
	a, b := p.From.Time(), p.Last().Time()
	switch {
	case a.Equal(b):
		return b.Format("2 Jan 2006")
	case a.Year() == b.Year() && a.Month() == b.Month():
		return a.Format("2") + " – " + b.Format("2 Jan 2006")
	case a.Year() == b.Year():
		return a.Format("2 Jan") + " – " + b.Format("2 Jan 2006")
	}
	return a.Format("2 Jan 2006") + " – " + b.Format("2 Jan 2006")
}

// TimeText writes an instant: 31 Jul 2026, 09:12 UTC.
func TimeText(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04") + " UTC" }

// Ago says how long before now an instant was; it says when, if it lies ahead.
func Ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case d < -time.Minute:
		return TimeText(t)
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d < 100*24*time.Hour:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
	return t.UTC().Format("2 Jan 2006")
}

// Span writes a length of time: 3 d, 19 h, 12 min, 4.2 s.
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "−" + Span(-d)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 72*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%s d", Count(int(d.Hours()/24)))
}

// ShortHash is the beginning of a hash in groups of four: 9f3a 51c0 7e1d b2a4.
func ShortHash(s string) string {
	s = clip(s, 16)
	var b []string
	for len(s) > 4 {
		b, s = append(b, s[:4]), s[4:]
	}
	return strings.Join(append(b, s), " ")
}

// StatusOf is the status key of an outcome: what data-st and the glyph are called.
func StatusOf(o chart.Outcome) string {
	switch o {
	case chart.Pass:
		return "pass"
	case chart.Fail:
		return "fail"
	case chart.Grace:
		return "risk"
	case chart.Excepted:
		return "exm"
	case chart.NotApplicable, chart.None:
		return "na"
	}
	return "err"
}

// StatusWord is an outcome as the pages call it: Pass, Failing, In grace, No answer, Excepted, Not applicable, Not tested.
func StatusWord(o chart.Outcome) string {
	switch o {
	case chart.Pass:
		return "Pass"
	case chart.Fail:
		return "Failing"
	case chart.Grace:
		return "In grace"
	case chart.Excepted:
		return "Excepted"
	case chart.NotApplicable:
		return "Not applicable"
	case chart.None:
		return "Not tested"
	}
	return "No answer"
}

// Initials are the first letters of a name's first and last word, for the round sign of a person.
func Initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])[:1]
	if len(words) == 1 {
		return strings.ToUpper(string(first))
	}
	return strings.ToUpper(string(first) + string([]rune(words[len(words)-1])[:1]))
}

// Short is the beginning of a text, at most so many characters.
func Short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
