package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

func TestWords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 10, 0, 59, 0, time.FixedZone("CET", 3600))
	for _, c := range []struct{ got, want string }{
		{day(period.Make(2026, 1, 1)), "1 January 2026"},
		{between(period.Closed(period.Make(2026, 1, 1), period.Make(2026, 6, 30))), "1 January 2026 to 30 June 2026"},
		{between(period.Period{}), "[no period]"},
		{instant(at), "1 January 2026, 09:00 UTC"},
		{instant(time.Time{}), "not recorded"},
		{stacked(at), "1 January 2026\n09:00 UTC"},
		{lasted(-time.Second), "not known"},
		{lasted(30 * time.Second), "< 1 min"},
		{lasted(45 * time.Minute), "45 min"},
		{lasted(3*time.Hour + 20*time.Minute), "3\u00a0h 20\u00a0min"},
		{lasted(24 * time.Hour), "1\u00a0d"},
		{lasted(75 * time.Hour), "3\u00a0d 3\u00a0h"},
		{lasted(100*24*time.Hour + time.Hour), "100\u00a0d"},
		{num(0), "0"}, {num(999), "999"}, {num(1000), "1,000"}, {num(int64(1234567)), "1,234,567"}, {num(-1234), "−1,234"},
		{count(1, "day", "days"), "1 day"}, {count(0, "day", "days"), "0 days"}, {count(2000, "day", "days"), "2,000 days"},
		{and(nil), ""}, {and([]string{"a"}), "a"}, {and([]string{"a", "b"}), "a and b"}, {and([]string{"a", "b", "c"}), "a, b and c"},
		{of("Northwind"), "Northwind’s"}, {of("Acme Systems"), "Acme Systems’"},
		{title("élan"), "Élan"}, {title(""), ""},
		{term("per_event"), "each time the event occurs"}, {term("every_full_moon"), "every full moon"},
		{and(categories([]string{"privacy", "confidentiality", "security", "processing_integrity", "Security ", "novel"})), "security, processing integrity, confidentiality, privacy and novel"},
		{kindOf("soc2", 2), "SOC 2 Type 2"}, {kindOf("SOC 3", 0), "SOC 3"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestOrderOfReferences(t *testing.T) {
	t.Parallel()
	got := []string{"PI1.1", "A1.10", "X-10", "CC9.1", "C1.1", "P4.1", "A1.2", "CC1.2", "X-9", "CC6.1", "P1.1", "CC1.1"}
	slices.SortStableFunc(got, byReference)
	want := []string{"CC1.1", "CC1.2", "CC6.1", "CC9.1", "A1.2", "A1.10", "C1.1", "PI1.1", "P1.1", "P4.1", "X-9", "X-10"}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if natural("a-007", "a-7") != 0 || natural("a", "ab") >= 0 || natural("10", "9") <= 0 {
		t.Error("natural order")
	}
}

// TestFold: lines of a paragraph belong together; empty lines and entries of a list begin something new.
func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                              "",
		" \n \n":                        "",
		"one\ntwo":                      "one two",
		"one\n\ntwo\nthree\n":           "one\ntwo three",
		"one\r\ntwo\r\n\r\n\r\nthree":   "one two\nthree",
		"these:\n- a\n- b\n  more\n\nc": "these:\n- a\n- b more\nc",
		"99.9\u00a0% a month":           "99.9\u00a0% a month",
	} {
		if got := fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		if again := fold(fold(in)); strings.Count(again, "\n") > strings.Count(want, "\n") {
			t.Errorf("%q: folded twice %q", in, again)
		}
	}
}
