package textdiff

import (
	"strings"
	"testing"
)

func shown(list []Piece) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString([]string{"", "-", "+"}[p.Op] + "[" + p.Text + "]")
	}
	return b.String()
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ was, is, want string }{
		{"", "", ""},
		{"a", "a", "[a]"},
		{"", "new", "+[new]"},
		{"old", "", "-[old]"},
		{"within 24 hours", "within 8 hours", "[within ]-[24]+[8][ hours]"},
		{"reviewed weekly.", "reviewed and signed weekly.", "[reviewed ]+[and signed ][weekly.]"},
		{"résumé ok", "resume ok", "-[résumé]+[resume][ ok]"},
		{"שלום עולם", "שלום לך", "[שלום ]-[עולם]+[לך]"},
	} {
		if got := shown(Words(c.was, c.is)); got != c.want {
			t.Errorf("%q to %q: %s, want %s", c.was, c.is, got, c.want)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	list := Lines("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n")
	var b strings.Builder
	for _, l := range list {
		b.WriteString([]string{" ", "-", "+"}[l.Op] + l.Text)
	}
	if got := b.String(); got != " a-b+B c d+e" {
		t.Errorf("lines: %s", got)
	}
	sides := Sides(list)
	if len(sides) != 5 || sides[1].Was.Text != "b" || sides[1].Is.Text != "B" || sides[4].Was != nil || sides[4].Is.Is != 5 {
		t.Errorf("sides: %+v", sides)
	}
	long := strings.Repeat("x\n", 50)
	h := Hunks(Lines(long+"a\n"+long, long+"b\n"+long), 2)
	if len(h) != 2 || h[0].Skipped != 48 || len(h[0].Lines) != 6 || h[1].Skipped != 48 {
		t.Errorf("hunks: %+v", h)
	}
}

// FuzzWords: the pieces are the two texts, whatever they hold.
func FuzzWords(f *testing.F) {
	f.Add("a b c", "a c d")
	f.Add("\xff x", "x\n\n")
	f.Fuzz(func(t *testing.T, was, is string) {
		var a, b string
		for _, p := range Words(was, is) {
			if p.Op != Added {
				a += p.Text
			}
			if p.Op != Gone {
				b += p.Text
			}
		}
		if a != was || b != is {
			t.Fatalf("%q and %q became %q and %q", was, is, a, b)
		}
	})
}
