package pdf

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/report"
)

func setter(t testing.TB) *measurer {
	t.Helper()
	fs, err := typefaces()
	if err != nil {
		t.Fatal(err)
	}
	return &measurer{fonts: fs, notes: map[*report.Note]int{}}
}

// linesOf is wrapped text, line by line.
func linesOf(lines []line) []string {
	var out []string
	for _, ln := range lines {
		s := ""
		for i, f := range ln.frags {
			if i > 0 && f.x > ln.frags[i-1].x+ln.frags[i-1].w+.5 {
				s += " "
			}
			s += f.s
		}
		out = append(out, s)
	}
	return out
}

func TestWrap(t *testing.T) {
	t.Parallel()
	m := setter(t)
	k := look{regular, 10, ink}
	span := func(s string) report.Text { return report.Text{{Text: s}} }
	for name, c := range map[string]struct {
		text  report.Text
		width float64
		want  []string
	}{
		"empty":             {nil, 100, []string{""}},
		"one line":          {span("one line"), 100, []string{"one line"}},
		"at spaces":         {span("the quick brown fox"), 60, []string{"the quick", "brown fox"}},
		"many spaces":       {span("  a   b  "), 100, []string{"a b"}},
		"line ends":         {span("a\nb\n\nc"), 100, []string{"a", "b", "", "c"}},
		"after a hyphen":    {span("reasonably well-known"), 80, []string{"reasonably well-", "known"}},
		"not in references": {span("see the IAM-02 control"), 52, []string{"see the", "IAM-02", "control"}},
		"long at a mark":    {span("maximiliane@northwind.example"), 75, []string{"maximiliane@", "northwind.", "example"}},
		"long anywhere":     {span(strings.Repeat("x", 20)), 30, []string{"xxxxxx", "xxxxxx", "xxxxxx", "xx"}},
		"spans stay words":  {report.Text{{Text: "("}, {Text: "bold", Style: report.Bold}, {Text: "), then"}}, 100, []string{"(bold), then"}},
		"no room at all":    {span("abc"), 1, []string{"a", "b", "c"}},
		"no-break space":    {span("ab 12\u00a0h b"), 32, []string{"ab", "12\u00a0h b"}},
	} {
		if got := linesOf(m.wrap(c.text, k, c.width)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSignStaysWithItsWord(t *testing.T) {
	t.Parallel()
	m := setter(t)
	text := report.Text{{Text: "the result is "}, {Text: "pass", Sign: report.SignOf(chart.Pass)}}
	for width := 20.0; width < 120; width++ {
		for _, ln := range m.wrap(text, look{regular, 10, ink}, width) {
			if n := len(ln.frags); n > 0 && ln.frags[n-1].signed && width > 40 {
				t.Fatalf("at width %.0f the sign ends a line", width)
			}
		}
	}
}

func TestPageNumbersDoNotMoveLines(t *testing.T) {
	t.Parallel()
	m := setter(t)
	text := report.Text{{Text: "printed with IAM-02 on page "}, {To: "x", Page: true}, {Text: ": no deviations noted."}}
	want := ""
	for _, known := range []string{"", "7", "4711"} {
		l := &layout{job: &job{}, known: &layout{marks: map[string]mark{"x": {page: len(known)}}}}
		_ = l.pageOf("x")
		got := strings.Join(linesOf(m.wrap(text, look{regular, 10, ink}, 130)), "|")
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%q, before %q", got, want)
		}
	}
}

func TestWidthsAreTheFilesWidths(t *testing.T) {
	t.Parallel()
	m := setter(t)
	f := fpdf.New("P", "pt", "A4", "")
	if err := embed(f, m.fonts); err != nil {
		t.Fatal(err)
	}
	for i, face := range m.fonts {
		f.SetFont(face.family, face.style, 10)
		n := 0
		for r, w := range face.width {
			if w == noGlyph {
				continue
			}
			n++
			if got := f.GetStringSymbolWidth(string(rune(r))); got != int(w) {
				t.Errorf("face %d, %U: %d here, %d in the file", i, r, w, got)
			}
		}
		if n < 600 {
			t.Errorf("face %d has %d characters", i, n)
		}
	}
}

func TestNarrowHyphen(t *testing.T) {
	t.Parallel()
	m := setter(t)
	for _, f := range []face{regular, bold, italic} {
		if w := m.fonts[f].width; w['-'] >= w['–'] || w['-'] < 200 {
			t.Errorf("face %d: hyphen %d, dash %d", f, w['-'], w['–'])
		}
	}
	original := bytes.Clone(goregular.TTF)
	changed := narrowHyphen(goregular.TTF)
	if !bytes.Equal(original, goregular.TTF) {
		t.Error("the font of the library was changed")
	}
	n := 0
	for i := range original {
		if original[i] != changed[i] {
			n++
		}
	}
	if n == 0 || n > 120 || len(original) != len(changed) {
		t.Errorf("%d of %d bytes changed", n, len(original))
	}
	for _, bad := range [][]byte{nil, []byte("x"), original[:100], original[:5000], bytes.Repeat([]byte{0xff}, 400)} {
		if got := narrowHyphen(bad); !bytes.Equal(got, bad) {
			t.Error("what is not a font was changed")
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	m := setter(t)
	for in, want := range map[string]string{
		"plain":                "plain",
		"a\tb\r\nc\rd\u2028e":  "a b\nc\nd\ne",
		"Zürich, Łódź, Ελλάδα": "Zürich, Łódź, Ελλάδα",
		"Москва – “quoted” …":  "Москва – “quoted” …",
		"漢字":                   "□□",
		"🔥":                    "□",
		"\u202eabc":            "□abc",
		"a\u200bb":             "a□b",
		"a\u00adb":             "a□b",
		"\x00\x1b":             "□□",
		"\xff":                 "□",
		"non\u2011breaking":    "non-breaking",
		"thin\u2009space":      "thin space",
		"\U0010ffff\uffff":     "□□",
	} {
		if got := clean(m.fonts, in, nil); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := metadata("🔥 漢字\x00\n" + strings.Repeat("x", 1000)); utf8.RuneCountInString(got) != mostMetadata || !strings.HasPrefix(got, "□ 漢字□ xxx") {
		t.Errorf("%q", got)
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("maximiliane.von-altenburg@northwind.example and two\nlines", 60.0, uint8(0))
	f.Add("🔥\u202e漢字 \xff "+strings.Repeat("x", 300), 3.0, uint8(3))
	f.Fuzz(func(t *testing.T, s string, width float64, style uint8) {
		if !(width > 0 && width < 2000) || len(s) > 5000 {
			t.Skip()
		}
		m := setter(t)
		text := report.Text{{Text: s, Style: report.Style(style & 7)}, {Text: "x", Sign: report.Sign(style % 9)}, {Text: s}, {Page: true, To: s}}
		lines := m.wrap(text, look{regular, 9, ink}, width)
		var got strings.Builder
		for _, ln := range lines {
			end := 0.0
			for _, f := range ln.frags {
				if f.x < end-.01 {
					t.Fatalf("fragments overlap at %.2f", f.x)
				}
				end = f.x + f.w
				got.WriteString(f.s)
				if over := end - width; over > .1 && utf8.RuneCountInString(f.s) > 1 && len(ln.frags) == 1 {
					t.Fatalf("%q is %.1f wide in a column of %.1f", f.s, end, width)
				}
				for _, r := range f.s {
					if !has(m.fonts, r) {
						t.Fatalf("%U cannot be shown", r)
					}
				}
			}
		}
		want := clean(m.fonts, s, nil)
		if a, b := squeeze(got.String()), squeeze(want+"x"+want); a != b {
			t.Fatalf("text was lost:\n%q\n%q", a, b)
		}
	})
}

// squeeze drops the spaces at which lines break.
func squeeze(s string) string {
	return strings.NewReplacer(" ", "", "\n", "").Replace(s)
}

func FuzzNarrowHyphen(f *testing.F) {
	f.Add(goregular.TTF[:3000], 40, byte(9))
	f.Fuzz(func(t *testing.T, b []byte, at int, v byte) {
		narrowHyphen(b)
		damaged := bytes.Clone(goregular.TTF)
		damaged[uint(at)%uint(len(damaged))] = v
		if got := narrowHyphen(damaged); len(got) != len(damaged) {
			t.Fatal("length changed")
		}
	})
}
