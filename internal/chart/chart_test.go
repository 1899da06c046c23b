package chart

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

var update = flag.Bool("update", false, "write the golden files anew")

func date(t testing.TB, s string) period.Date {
	t.Helper()
	d, err := period.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// year is the strip of the design's prototype: a year with an untested start and every outcome.
func year(t testing.TB) StripData {
	from := date(t, "2025-08-01")
	s := StripData{Period: period.Closed(from, date(t, "2026-07-31")), Window: period.Closed(date(t, "2026-02-01"), date(t, "2026-07-31"))}
	at := from
	for _, r := range []struct {
		days int
		o    Outcome
	}{{24, None}, {64, Pass}, {9, Fail}, {53, Pass}, {2, Unknown}, {49, Pass}, {1, Fail}, {58, Pass}, {8, Grace}, {60, Pass}, {5, Excepted}, {20, Pass}, {9, NotApplicable}, {3, Fail}} {
		s.Runs = append(s.Runs, Run{at, r.days, r.o})
		at += period.Date(r.days)
	}
	return s
}

func drawings(t testing.TB) map[string]string {
	y := year(t)
	p := period.Closed(date(t, "2026-01-01"), date(t, "2026-03-31"))
	limit := 15.0
	trend := TrendData{Period: p, Noun: "failing accounts", Limit: &limit}
	for i := range 90 {
		if i < 40 || i > 44 {
			trend.Points = append(trend.Points, TrendPoint{p.From + period.Date(i), float64((i * 7) % 17)})
		}
	}
	trend.Points = append(trend.Points[:70], trend.Points[75:]...)
	bars := BarsData{Noun: "open findings", Bars: []Bar{{Label: "Access", Value: 12, Outcome: Fail}, {Label: "Change", Value: 3}, {Label: "Vendors", Unknown: true}}}
	matrix := Weeks(p, []string{"CC6.1", "CC6.2", "CC7.1"}, []StripData{
		{Runs: []Run{{p.From, 90, Pass}, {p.From + 20, 3, Fail}}},
		{Runs: []Run{{p.From, 60, Pass}, {p.From + 30, 9, Unknown}}},
		{Runs: []Run{{p.From + 14, 30, NotApplicable}, {p.From + 60, 5, Grace}}},
	})
	return map[string]string{
		"strip":  SVG("strip", 365, 34, y.Sentence(), func(c Canvas) { Strip(c, y, 365, 34) }),
		"trend":  SVG("trend", 400, 120, trend.Sentence(), func(c Canvas) { Trend(c, trend, 400, 120) }),
		"bars":   SVG("bars", 200, 60, bars.Sentence(), func(c Canvas) { Bars(c, bars, 200, 60) }),
		"matrix": SVG("mx", 260, 36, matrix.Sentence(), func(c Canvas) { Matrix(c, matrix, 260, 36) }),
		"glyphs": SVG("glyphs", 70, 10, "Glyphs", func(c Canvas) {
			for i, o := range Outcomes() {
				Glyph(c, o, float64(i)*10, 0, 8)
			}
			Axis(c, y.Labels(), 70, 10)
		}),
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, got := range drawings(t) {
		path := filepath.Join("testdata", name+".svg")
		got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from its golden file; look at it and run with -update if it is right:\n%s", path, got)
		}
	}
}

func wellFormed(s string) error {
	dec := xml.NewDecoder(strings.NewReader(s))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := tok.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					return errors.New("attribute " + a.Name.Local)
				}
			}
		}
	}
}

func TestSVGLaws(t *testing.T) {
	t.Parallel()
	for name, s := range drawings(t) {
		if err := wellFormed(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range []string{`preserveAspectRatio="none"`, `role="img"`, `aria-label="`} {
			if !strings.Contains(s, want) {
				t.Errorf("%s: no %s", name, want)
			}
		}
		if name != "glyphs" && strings.Contains(s, "<text") {
			t.Errorf("%s: labels on screen are HTML, they must not stretch", name)
		}
	}
}

func TestNormal(t *testing.T) {
	t.Parallel()
	p := period.Period{From: 100, To: 110}
	for name, c := range map[string]struct {
		runs []Run
		want []Run
	}{
		"empty":                    {nil, []Run{{100, 10, None}}},
		"before and after are cut": {[]Run{{90, 30, Pass}}, []Run{{100, 10, Pass}}},
		"outside":                  {[]Run{{10, 5, Fail}, {200, 5, Fail}}, []Run{{100, 10, None}}},
		"equal neighbours merge":   {[]Run{{100, 3, Pass}, {103, 7, Pass}}, []Run{{100, 10, Pass}}},
		"a gap is not a pass":      {[]Run{{100, 3, Pass}, {105, 5, Pass}}, []Run{{100, 3, Pass}, {103, 2, None}, {105, 5, Pass}}},
		"the worse of two counts":  {[]Run{{100, 10, Pass}, {102, 2, Fail}, {103, 3, Unknown}}, []Run{{100, 2, Pass}, {102, 2, Fail}, {104, 2, Unknown}, {106, 4, Pass}}},
		"unordered":                {[]Run{{105, 5, Fail}, {100, 5, Pass}}, []Run{{100, 5, Pass}, {105, 5, Fail}}},
		"negative length":          {[]Run{{105, -5, Fail}}, []Run{{100, 10, None}}},
		"overflowing length":       {[]Run{{105, math.MaxInt32, Fail}}, []Run{{100, 5, None}, {105, 5, Fail}}},
		"an outcome from nowhere":  {[]Run{{100, 10, Outcome(77)}}, []Run{{100, 10, Unknown}}},
	} {
		if got := (StripData{Period: p, Runs: c.runs}).Normal(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := (StripData{}).Normal(); got != nil {
		t.Errorf("no period: %v", got)
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	p := period.Period{From: 0, To: 344}
	strip := func(runs ...Run) string { return StripData{Period: p, Runs: runs}.Sentence() }
	for _, c := range []struct{ got, want string }{
		{strip(Run{0, 325, Pass}, Run{325, 16, Fail}), "Passing on 325 of 341 tested days, failing on 16, 3 days not tested"},
		{strip(Run{0, 344, Pass}), "Passing on 344 of 344 tested days"},
		{strip(), "Not tested on any of 344 days"},
		{strip(Run{0, 1, Unknown}), "Passing on 0 of 1 tested day, no answer on 1, 343 days not tested"},
		{StripData{}.Sentence(), "No days"},
		{TrendData{Period: p}.Sentence(), "Value: no value on any day"},
		{TrendData{Period: period.Period{From: 0, To: 3}, Noun: "open alerts", Points: []TrendPoint{{0, 3}, {2, 7.5}}}.Sentence(), "Open alerts: 3 on 1 January 1970, 7.5 on 3 January 1970; highest 7.5 on 3 January 1970; no value on 1 day"},
		{BarsData{}.Sentence(), "No groups"},
		{BarsData{Bars: []Bar{{Label: "a", Unknown: true}}}.Sentence(), "No answer for any of 1 group"},
		{BarsData{Noun: "alerts", Bars: []Bar{{Label: "a", Value: 2}, {Label: "b", Value: 5}, {Label: "c", Value: math.NaN()}}}.Sentence(), "7 alerts in 2 groups, most in b (5); no answer for 1 group"},
		{MatrixData{}.Sentence(), "No rows"},
		{MatrixData{Columns: 2, Rows: []MatrixRow{{"CC6.1", []Outcome{Pass, Fail}}, {"CC6.2", []Outcome{Unknown}}}}.Sentence(), "2 rows over 2 weeks: passing in 1 of 4 cells, failing in 1, no answer in 1, not tested in 1; failing at some time: CC6.1"},
	} {
		if c.got != c.want {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
	}
}

func TestParseNeverPasses(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Outcome{
		"pass": Pass, "fail": Fail, "unknown": Unknown, "not_applicable": NotApplicable, "none": None, "": None, "grace": Grace,
		"excepted": Excepted, "Pass": Unknown, "ok": Unknown, "error": Unknown, "stale": Unknown,
	} {
		if got := Parse(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
	var zero Outcome
	if zero != None {
		t.Error("the zero outcome must be none")
	}
}

// recorder keeps rectangles, to look at geometry.
type recorder struct{ rects map[string][][4]float64 }

func (r *recorder) Rect(c string, x, y, w, h float64) {
	r.rects[c] = append(r.rects[c], [4]float64{x, y, w, h})
}
func (r *recorder) Line(string, ...Point)                         {}
func (r *recorder) Path(string, Path)                             {}
func (r *recorder) Text(string, float64, float64, Anchor, string) {}
func record(draw func(Canvas)) *recorder {
	r := &recorder{map[string][][4]float64{}}
	draw(r)
	return r
}

func TestShapeCarriesMeaning(t *testing.T) {
	t.Parallel()
	seen := map[string]Outcome{}
	for _, o := range Outcomes() {
		r := record(func(c Canvas) { Mark(c, o, 0, 0, 1, 100) })
		var shape strings.Builder
		for _, q := range r.rects[o.Class()] {
			shape.WriteString(num(q[1]) + "+" + num(q[3]) + " ")
		}
		if other, ok := seen[shape.String()]; ok || shape.Len() == 0 {
			t.Errorf("%v is drawn like %v: %s", o, other, shape.String())
		}
		seen[shape.String()] = o
	}
}

func TestOneBadDayOfTenYearsIsVisible(t *testing.T) {
	t.Parallel()
	p := period.Period{From: 0, To: 3650}
	for _, at := range []period.Date{0, 1700, 3649} {
		r := record(func(c Canvas) { Strip(c, StripData{Period: p, Runs: []Run{{0, 3650, Pass}, {at, 1, Fail}}}, 480, 20) })
		q := r.rects["k-fail"]
		if len(q) != 1 || q[0][2] < 1 || q[0][0] < 0 || q[0][0]+q[0][2] > 480.001 {
			t.Errorf("day %d: %v", at, q)
		}
	}
}

func TestInksAreDefinedAndLegible(t *testing.T) {
	t.Parallel()
	for _, o := range Outcomes() {
		for _, c := range []string{o.Class(), o.GlyphClass()} {
			if _, ok := inks[c]; !ok {
				t.Errorf("no ink for %s", c)
			}
		}
		if r := contrast(o.Color(), Color{255, 255, 255}); r < 4.5 {
			t.Errorf("%v: contrast %.2f on white, WCAG asks for 4.5", o, r)
		}
	}
}

// contrast is the ratio of WCAG 2.
func contrast(a, b Color) float64 {
	lum := func(c Color) float64 {
		f := func(v uint8) float64 {
			x := float64(v) / 255
			if x <= .04045 {
				return x / 12.92
			}
			return math.Pow((x+.055)/1.055, 2.4)
		}
		return .2126*f(c.R) + .7152*f(c.G) + .0722*f(c.B)
	}
	x, y := lum(a), lum(b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

func TestScale(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{0, 1e-300, .3, 1, 2, 3, 5, 11, 16, 99, 100, 12345, 1e18, 1.7e308, 5e-324, math.Inf(1), math.NaN(), -4} {
		top, step := scale(v)
		if n := top / step; step <= 0 || n < .99 || n > 10.01 || (finite(v) && v > 1e-9 && top < v) {
			t.Errorf("scale(%v) = %v by %v", v, top, step)
		}
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	y := year(t)
	l := y.Labels()
	if len(l) != 12 || l[0].Text != "Aug 2025" || l[5].Text != "Jan 2026" || l[6].Text != "Feb" {
		t.Errorf("%v", l)
	}
	for _, days := range []int{1, 10, 40, 400, 800, 4000, 40000, math.MaxInt32} {
		p := period.Period{From: 20454, To: period.Date(min(20454+days, math.MaxInt32))}
		if l := months(p); len(l) > 13 {
			t.Errorf("%d days: %d labels", days, len(l))
		}
	}
}

func FuzzStrip(f *testing.F) {
	f.Add(int32(100), int32(110), int32(102), 3, byte(6), int32(99), 20, byte(2))
	f.Add(int32(math.MinInt32), int32(math.MaxInt32), int32(0), math.MaxInt, byte(1), int32(5), -1, byte(200))
	f.Fuzz(func(t *testing.T, from, to, a int32, n int, o byte, b int32, m int, q byte) {
		s := StripData{Period: period.Period{From: period.Date(from), To: period.Date(to)}, Runs: []Run{{period.Date(a), n, Outcome(o)}, {period.Date(b), m, Outcome(q)}}}
		s.Window = s.Period
		if int64(to)-int64(from) > math.MaxInt32 {
			t.Skip("a period longer than the type of its days")
		}
		at, days := s.Period.From, 0
		for i, r := range s.Normal() {
			if r.From != at || r.Days <= 0 || (i > 0 && s.Normal()[i-1].Outcome == r.Outcome) {
				t.Fatalf("%v", s.Normal())
			}
			at += period.Date(r.Days)
			days += r.Days
		}
		if days != s.Period.Days() {
			t.Fatalf("%d days of %d", days, s.Period.Days())
		}
		if err := wellFormed(SVG("strip", 300, 20, s.Sentence(), func(c Canvas) { Strip(c, s, 300, 20) })); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add(`<script>alert("x")</script>`, 3.0)
	f.Add("big", math.MaxFloat64)
	f.Add("\x00\xff\u202e'&", math.Inf(-1))
	f.Fuzz(func(t *testing.T, s string, v float64) {
		bars := BarsData{Noun: s, Bars: []Bar{{Label: s, Value: v}, {Label: s, Value: 1, Outcome: Fail}}}
		trend := TrendData{Period: period.Period{From: 0, To: 9}, Noun: s, Points: []TrendPoint{{0, v}, {1, 2}}, Limit: &v}
		got := SVG(s, 100, 50, bars.Sentence()+trend.Sentence(), func(c Canvas) {
			Bars(c, bars, 100, 50)
			Trend(c, trend, 100, 50)
			for _, l := range trend.ScaleLabels() {
				c.Text("t", 0, l.At, End, l.Text)
			}
			c.Text(s, v, v, Anchor(s), s)
		})
		if err := wellFormed(got); err != nil {
			t.Fatalf("%v in %s", err, got)
		}
	})
}
