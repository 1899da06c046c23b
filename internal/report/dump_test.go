package report

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/report/reporttest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// dump is a document as text, for golden files and for tests that read as a reader does.
func dump(doc *Document) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s | %s | %s\nDRAFT %v, simulated %v, %s\n%s\n", doc.Title, doc.Short, doc.Ref, doc.Draft, doc.Simulated, doc.Cover.Mark, doc.Cover.Notice)
	dumpPairs(&b, doc.Cover.Facts)
	for _, s := range doc.Sections {
		fmt.Fprintf(&b, "\n==== %s %s [%s]\n", s.Number, s.Title, s.Voice)
		dumpBlocks(&b, s.Blocks, "")
	}
	return b.String()
}

func dumpPairs(b *strings.Builder, pairs []Pair) {
	for _, p := range pairs {
		v := plainText(p.Value)
		if p.Blank {
			v = "________"
		}
		fmt.Fprintf(b, "  %s: %s\n", p.Key, v)
	}
}

// plainText is a text on one line, with its signs as words in brackets.
func plainText(t Text) string {
	var b strings.Builder
	for _, s := range t {
		if o, ok := s.Sign.Outcome(); ok {
			fmt.Fprintf(&b, "[%s] ", o)
		}
		switch {
		case s.Page:
			b.WriteString("p#")
		case s.Note != nil:
			fmt.Fprintf(&b, "(note: %s)", plainText(s.Note.Text))
		}
		b.WriteString(strings.ReplaceAll(s.Text, "\n", " / "))
	}
	return b.String()
}

func dumpBlocks(b *strings.Builder, blocks []Block, in string) {
	for _, v := range blocks {
		switch v := v.(type) {
		case Heading:
			fmt.Fprintf(b, "\n%s %s %s\n", strings.Repeat("#", v.Level), v.Number, v.Title)
		case Paragraph:
			fmt.Fprintf(b, "%s%s\n", in, plainText(v.Text))
		case List:
			for i, e := range v.Entries {
				fmt.Fprintf(b, "%s  %d. %s\n", in, i+1, plainText(e))
			}
		case Table:
			if len(v.Caption) > 0 {
				fmt.Fprintf(b, "-- %s\n", plainText(v.Caption))
			}
			var head []string
			for _, c := range v.Columns {
				head = append(head, strings.ReplaceAll(c.Title, "\n", " / "))
			}
			fmt.Fprintf(b, "| %s\n", strings.Join(head, " | "))
			for _, r := range v.Rows {
				var cells []string
				for _, c := range r.Cells {
					cells = append(cells, plainText(c))
				}
				fmt.Fprintf(b, "%s %s\n", []string{"|", "|#", "|="}[r.Kind], strings.Join(cells, " | "))
			}
			if len(v.Note) > 0 {
				fmt.Fprintf(b, "-- %s\n", plainText(v.Note))
			}
		case Pairs:
			dumpPairs(b, v.Pairs)
		case Strip:
			fmt.Fprintf(b, "~~~~ %s\n", v.Sentence)
		case Graph:
			fmt.Fprintf(b, "(graph) %s\n", v.Sentence)
		case Legend:
			for _, e := range v.Entries {
				fmt.Fprintf(b, "  (%s) %s\n", e.Outcome, plainText(e.Meaning))
			}
		case Callout:
			fmt.Fprintf(b, "!! %s: %s\n", []string{"placeholder", "missing", "to be confirmed", "notice"}[v.Kind], v.Title)
			dumpBlocks(b, v.Body, "   ")
		case Contents:
			fmt.Fprintf(b, "(contents to level %d)\n", v.Depth)
		}
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, got := range map[string]string{"small": dump(Build(reporttest.Small())), "empty": dump(Build(reporttest.Empty()))} {
		path := filepath.Join("testdata", name+".txt")
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
		if got == string(want) {
			continue
		}
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range max(len(g), len(w)) {
			if i >= len(g) || i >= len(w) || g[i] != w[i] {
				t.Errorf("%s line %d differs; read it and run with -update if it is right\n got %q\nwant %q", path, i+1, at(g, i), at(w, i))
				break
			}
		}
	}
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return "(end)"
}
