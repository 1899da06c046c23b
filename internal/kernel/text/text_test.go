package text_test

import (
	"testing"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, line, prose string }{
		{"", "", ""},
		{"  a b ", "a b", "a b"},
		{"a\r\nb\rc", "a  b c", "a\nb\nc"},
		{"a\tb\x00c\x1b[0m", "a b c [0m", "a\tbc[0m"},
		{"\xff\xfe", "\ufffd", "\ufffd"},
		{"שלום 👋🏽 <b>", "שלום 👋🏽 <b>", "שלום 👋🏽 <b>"},
	} {
		if got := text.Line(c.in); got != c.line {
			t.Errorf("Line(%q) = %q, want %q", c.in, got, c.line)
		}
		if got := text.Prose(c.in); got != c.prose {
			t.Errorf("Prose(%q) = %q, want %q", c.in, got, c.prose)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s           string
		least, most int
		want        string
	}{
		{"", 0, 3, ""},
		{"", 1, 3, "the title is missing"},
		{"é", 2, 3, "the title needs at least 2 characters (1 so far)"},
		{"éé", 2, 3, ""},
		{"ééé", 2, 3, ""},
		{"éééé", 2, 3, "the title has 4 characters; at most 3 are kept"},
	} {
		err := text.Bounds("title", "the title", c.s, c.least, c.most)
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want || !errs.Is(err, errs.Invalid)) {
			t.Errorf("Bounds(%q, %d, %d) = %v, want %q", c.s, c.least, c.most, err, c.want)
		}
	}
}

// TestHarmless: what a spreadsheet would compute becomes a text, whatever stands before it; everything else stays as it is.
func TestHarmless(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "a=1": "a=1", "1+1": "1+1", " ": " ", "é": "é", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "  =1": "'  =1", "\u00a0=1": "'\u00a0=1", "＝1": "'＝1", "＠a": "'＠a",
	} {
		if got := text.Harmless(in); got != want {
			t.Errorf("Harmless(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\r\nb")
	f.Fuzz(func(t *testing.T, s string) {
		for _, clean := range []func(string) string{text.Line, text.Prose} {
			once := clean(s)
			if !utf8.ValidString(once) || clean(once) != once {
				t.Errorf("%q is cleaned to %q, and that to %q", s, once, clean(once))
			}
		}
	})
}
