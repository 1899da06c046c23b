package pdf

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// document is a document with the given blocks in its first section.
func document(blocks ...report.Block) *report.Document {
	return &report.Document{Org: "Northwind", Title: "Trial", Draft: true, Frozen: time.Unix(1e9, 0),
		Sections: []report.Section{{Anchor: "section/I", Number: "I", Title: "Trial", Blocks: blocks}}}
}

func text(s string) report.Text { return report.Text{{Text: s}} }

func table(rows int, cell func(row, col int) string) report.Table {
	t := report.Table{Columns: []report.Column{{Title: "Head one", Width: 1}, {Title: "Head two", Width: 2, Align: report.Right}, {Title: "Head three", Width: 3}}}
	for i := range rows {
		r := report.Row{}
		for j := range t.Columns {
			r.Cells = append(r.Cells, text(cell(i, j)))
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

func TestTableOverPages(t *testing.T) {
	t.Parallel()
	tb := table(300, func(i, j int) string { return fmt.Sprintf("cell-%d-%d", i, j) })
	tb.Rows = append(tb.Rows, report.Row{Kind: report.Total, Cells: []report.Text{text("Sum"), text("45,150"), nil}})
	_, _, x := render(t, document(tb), Options{})
	all := strings.Join(x.text, " ")
	for i := range 300 {
		if n := strings.Count(all, fmt.Sprintf("cell-%d-1 ", i)); n != 1 {
			t.Errorf("row %d is printed %d times", i, n)
		}
	}
	for i := 1; i < len(x.pages); i++ {
		if n := strings.Count(x.text[i], "Head two"); n != 1 {
			t.Errorf("page %d has %d headers", i+1, n)
		}
		head, cells := strings.Index(x.text[i], "Head two"), strings.Index(x.text[i], "cell-")
		if cells < head {
			t.Errorf("page %d: cells before their header, or none", i+1)
		}
	}
	last := x.text[len(x.text)-1]
	if !strings.Contains(last, "45,150") || !strings.Contains(last, "cell-299-1") {
		t.Error("the total stands without the row above it")
	}
	right := -1.0
	m := setter(t)
	for _, list := range x.pages {
		for _, s := range list {
			if strings.HasPrefix(s.text, "cell-") && strings.HasSuffix(s.text, "-1") {
				end := s.x + m.measure(look{regular, s.size, ink}, s.text)
				if right < 0 {
					right = end
				}
				if !near(right, end) {
					t.Fatalf("%s ends at %.2f, others at %.2f", s.text, end, right)
				}
			}
		}
	}
}

func TestRowHigherThanAPage(t *testing.T) {
	t.Parallel()
	words := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "w%d ", i)
		}
		return b.String()
	}
	tb := table(3, func(i, j int) string {
		if i == 1 && j == 2 {
			return words(4000)
		}
		return fmt.Sprintf("cell-%d-%d", i, j)
	})
	_, _, x := render(t, document(tb), Options{})
	all := strings.Fields(strings.Join(x.text, " "))
	next := 0
	for _, w := range all {
		if w == fmt.Sprintf("w%d", next) {
			next++
		}
	}
	if next != 4000 {
		t.Errorf("the words break off after %d", next)
	}
	if len(x.pages) < 4 {
		t.Errorf("%d pages", len(x.pages))
	}
	for i := 1; i < len(x.pages); i++ {
		if !strings.Contains(x.text[i], "Head two") {
			t.Errorf("page %d has no header", i+1)
		}
	}
}

// TestRowsStayWhole: a row that fits a page is not parted, wherever the page ends.
func TestRowsStayWhole(t *testing.T) {
	t.Parallel()
	for lines := range 25 {
		tb := table(40, func(i, j int) string {
			if j == 2 && i%3 == 1 {
				return strings.Repeat(fmt.Sprintf("row%d\n", i), lines+1)
			}
			return fmt.Sprintf("row%d", i)
		})
		_, _, x := render(t, document(report.Paragraph{Text: text(strings.Repeat("filler\n", lines))}, tb), Options{})
		for row := range 40 {
			pages := 0
			for _, p := range x.text {
				if strings.Contains(p+" ", fmt.Sprintf("row%d ", row)) {
					pages++
				}
			}
			if pages != 1 {
				t.Fatalf("with %d lines row %d is on %d pages", lines, row, pages)
			}
		}
	}
}

// TestKeeping: a heading takes what follows with it, wherever the page ends.
func TestKeeping(t *testing.T) {
	t.Parallel()
	strip := report.Strip{Data: chart.StripData{Period: period.Closed(period.Make(2026, 1, 1), period.Make(2026, 6, 30))}, Sentence: "the sentence"}
	follow := map[string][]report.Block{
		"body":      {report.Paragraph{Text: text("body")}},
		"body two":  {report.Paragraph{Text: text("body lead"), Keep: true}, table(9, func(i, j int) string { return "body" })},
		"body list": {report.List{Entries: []report.Text{text("body"), text("other")}}},
		"pairs":     {report.Pairs{Pairs: []report.Pair{{Key: "key", Value: text("body")}, {Key: "blank", Blank: true}}}},
		"strip":     {strip, report.Paragraph{Text: text("body"), Tone: report.Result}},
		"callout":   {report.Callout{Title: "title", Body: []report.Block{report.Paragraph{Text: text("body")}}}},
		"heading":   {report.Heading{Level: 3, Title: "inner"}, report.Paragraph{Text: text("body")}},
		"legend":    {report.Legend{Entries: []report.LegendEntry{{Outcome: chart.Fail, Meaning: text("body")}}}},
	}
	for name, blocks := range follow {
		for fill := 34; fill < 50; fill++ {
			doc := document(append([]report.Block{report.Paragraph{Text: text(strings.Repeat("filler\n", fill))}, report.Heading{Level: 2, Title: "the-heading"}}, blocks...)...)
			_, _, x := render(t, doc, Options{})
			for i, p := range x.text {
				if strings.Contains(p, "the-heading") && !strings.Contains(p, "body") {
					t.Fatalf("%s after %d lines: the heading stands alone on page %d of %d", name, fill, i+1, len(x.pages))
				}
			}
		}
	}
}

func TestFootnotesStandOnTheirPage(t *testing.T) {
	t.Parallel()
	for fill := 34; fill < 50; fill++ {
		note := &report.Note{Text: text("the note itself, " + strings.Repeat("long enough for two lines ", 6))}
		doc := document(report.Paragraph{Text: text(strings.Repeat("filler\n", fill))},
			report.Paragraph{Text: report.Text{{Text: "one line\nthe call", Note: note}, {Text: "\nand after it\nmore\nlines"}}})
		_, _, x := render(t, doc, Options{})
		calls := 0
		for i, p := range x.text {
			if strings.Contains(p, "the call") {
				calls++
				if !strings.Contains(p, "the note itself") {
					t.Fatalf("after %d lines the note is not on page %d", fill, i+1)
				}
			}
		}
		if calls != 1 {
			t.Fatalf("after %d lines the call is on %d pages", fill, calls)
		}
	}
}

func TestWidows(t *testing.T) {
	t.Parallel()
	body := ""
	for i := range 12 {
		body += fmt.Sprintf("line%d\n", i)
	}
	for fill := 32; fill < 50; fill++ {
		_, _, x := render(t, document(report.Paragraph{Text: text(strings.Repeat("filler\n", fill))}, report.Paragraph{Text: text(strings.TrimSuffix(body, "\n"))}), Options{})
		for i, p := range x.text {
			if n := strings.Count(p, "line"); n == 1 {
				t.Fatalf("after %d lines, page %d has a single line", fill, i+1)
			}
		}
	}
}

func TestUnusualDocuments(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]*report.Document{
		"nothing":          {},
		"no hash":          report.Build(nil),
		"empty blocks":     document(report.Table{}, report.Pairs{}, report.List{}, report.Legend{}, report.Callout{}, report.Paragraph{}, report.Strip{}, report.Contents{}, report.Heading{}, report.PageBreak{}, report.PageBreak{}),
		"level from afar":  document(report.Heading{Level: 77, Title: "x"}, report.Heading{Level: -3, Title: "y"}),
		"ragged rows":      document(report.Table{Columns: []report.Column{{Title: "a"}, {Title: "b", Width: -5}}, Rows: []report.Row{{}, {Cells: []report.Text{text("1"), text("2"), text("3")}}, {Kind: report.Group}, {Kind: report.Total}}}),
		"dangling links":   document(report.Paragraph{Text: report.Text{{Text: "x", To: "nowhere"}, {To: "nowhere", Page: true}}}),
		"many columns":     document(report.Table{Columns: make([]report.Column, 60), Rows: []report.Row{{Cells: make([]report.Text, 60)}}}),
		"huge title":       {Title: strings.Repeat("word ", 5000), Cover: report.Cover{Title: strings.Repeat("word ", 5000), Mark: "DRAFT"}},
		"title in callout": document(report.Callout{Title: strings.Repeat("long ", 4000)}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			render(t, doc, Options{})
		})
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Northwind", "a title", "cell", 3)
	f.Add("🔥\x00", strings.Repeat("x", 3000), "\u202e(\\)\r\n", 200)
	f.Fuzz(func(t *testing.T, org, title, cell string, n int) {
		if len(org)+len(title)+len(cell) > 20000 || n < 0 || n > 300 {
			t.Skip()
		}
		doc := document(report.Heading{Level: 2, Anchor: title, Number: cell, Title: title}, report.Paragraph{Text: report.Text{{Text: cell, Note: &report.Note{Text: text(title)}}}},
			table(n, func(i, j int) string { return cell }), report.Callout{Title: title, Body: []report.Block{report.Paragraph{Text: text(cell)}}},
			report.Pairs{Pairs: []report.Pair{{Key: title, Value: text(cell)}}}, report.Strip{Sentence: cell})
		doc.Org, doc.Cover.Title = org, title
		render(t, doc, Options{})
	})
}

// peak is the largest memory the process ever held, in megabytes; 0 where the system does not tell.
func peak() float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(b)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1]))
	return float64(n) / 1024
}

// BenchmarkHuge renders 120 controls, 300 tests and 20,000 deviations.
func BenchmarkHuge(b *testing.B) {
	for _, size := range []struct{ tests, deviations int }{{45, 0}, {300, 20000}} {
		b.Run(fmt.Sprintf("tests=%d/deviations=%d", size.tests, size.deviations), func(b *testing.B) {
			d := reporttest.Many(size.tests, size.deviations)
			before := peak()
			var r Result
			for b.Loop() {
				doc := report.Build(d)
				var out bytes.Buffer
				var err error
				if r, err = Render(&out, doc, Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(r.Pages), "pages")
			b.ReportMetric(float64(r.Bytes)/1e6, "MB")
			b.ReportMetric(peak(), "peak-RSS-MB")
			b.ReportMetric(before, "RSS-before-MB")
		})
	}
}

// TestContentsFit: contents that are a few lines too long for a page stand closer; those that are much too long go on.
func TestContentsFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sections, pages int }{{20, 1}, {25, 1}, {31, 1}, {36, 2}, {50, 2}, {60, 3}} {
		doc := document(report.Contents{Depth: 1})
		for n := range c.sections {
			doc.Sections = append(doc.Sections, report.Section{Anchor: fmt.Sprint("s", n), Number: fmt.Sprint(n + 1), Title: fmt.Sprint("Section ", n+1)})
		}
		r, _, _ := render(t, doc, Options{})
		if first := r.Anchors["s0"]; first != 2+c.pages {
			t.Errorf("%d sections: the first is on page %d, want %d pages of contents after the cover", c.sections, first, c.pages)
		}
	}
}
