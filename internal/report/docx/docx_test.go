package docx_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/docx"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

func render(t *testing.T, doc *report.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := docx.Render(&b, doc); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// parts unpacks a file and checks that each part is well-formed XML.
func parts(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(b)
		if strings.HasSuffix(f.Name, ".png") {
			if img, err := png.Decode(bytes.NewReader(b)); err != nil || img.Bounds().Dx() < 1000 {
				t.Fatalf("%s: not a picture of a strip: %v", f.Name, err)
			}
			continue
		}
		for d := xml.NewDecoder(bytes.NewReader(b)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	return out
}

// documents are those this program makes.
func documents() map[string]*report.Document {
	return map[string]*report.Document{"matrix": report.Matrix(reporttest.Matrix()), "report": report.Build(reporttest.Northwind()), "hostile": report.Build(reporttest.Hostile()), "nothing": {}}
}

// TestRender: the file has real headings, tables whose header repeats, a table of contents, links that lead somewhere, and
// hostile texts as text. The same document gives the same bytes.
func TestRender(t *testing.T) {
	t.Parallel()
	for name, doc := range documents() {
		raw := render(t, doc)
		if !bytes.Equal(raw, render(t, doc)) {
			t.Errorf("%s: two files of the same document", name)
		}
		p := parts(t, raw)
		for _, want := range []string{"[Content_Types].xml", "_rels/.rels", "docProps/core.xml", "word/document.xml", "word/styles.xml", "word/numbering.xml", "word/settings.xml", "word/header1.xml", "word/header2.xml", "word/footer1.xml", "word/_rels/document.xml.rels"} {
			if p[want] == "" {
				t.Errorf("%s: %s is missing", name, want)
			}
		}
		body := p["word/document.xml"]
		if name == "nothing" {
			continue
		}
		tables, heads := 0, strings.Count(body, "<w:tblHeader/>")
		for _, s := range doc.Sections {
			tables += count[report.Table](s.Blocks)
		}
		if heads != tables || tables == 0 {
			t.Errorf("%s: %d tables, %d headers that repeat", name, tables, heads)
		}
		for _, want := range []string{`<w:pStyle w:val="Heading1"/>`, `<w:pStyle w:val="Heading2"/>`, ` TOC \o "1-2" \h \z \u `, `<w:pStyle w:val="TOC1"/>`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s", name, want)
			}
		}
		if strings.Contains(body, "<script>") || strings.ContainsRune(body, '\x01') {
			t.Errorf("%s: a text became markup", name)
		}
		strips := 0
		for _, s := range doc.Sections {
			strips += count[report.Strip](s.Blocks)
		}
		if got := strings.Count(body, "<w:drawing>"); got != strips {
			t.Errorf("%s: %d strips, %d drawings", name, strips, got)
		}
		if marked := strings.Contains(p["word/header1.xml"], "DRAFT") && strings.Contains(p["word/header2.xml"], "DRAFT"); marked != doc.Draft {
			t.Errorf("%s: draft %v, watermark %v", name, doc.Draft, marked)
		}
		links(t, name, body)
		styled(t, name, body, p["word/styles.xml"])
	}
}

func count[T report.Block](blocks []report.Block) int {
	n := 0
	for _, b := range blocks {
		if _, ok := b.(T); ok {
			n++
		}
	}
	return n
}

// links checks that every link leads to a bookmark, and that names and numbers of bookmarks are there once.
func links(t *testing.T, name, body string) {
	t.Helper()
	marks := map[string]bool{}
	for _, m := range regexp.MustCompile(`<w:bookmarkStart w:id="(\d+)" w:name="([^"]+)"/>`).FindAllStringSubmatch(body, -1) {
		if marks[m[1]] || marks[m[2]] {
			t.Errorf("%s: bookmark %s is there twice", name, m[2])
		}
		marks[m[1]], marks[m[2]] = true, true
	}
	all := regexp.MustCompile(`<w:hyperlink w:anchor="([^"]*)"| PAGEREF (\S+) `).FindAllStringSubmatch(body, -1)
	for _, m := range all {
		if !marks[m[1]+m[2]] {
			t.Errorf("%s: a link to %s, which is not there", name, m[1]+m[2])
		}
	}
	if len(all) < 20 {
		t.Errorf("%s: %d links", name, len(all))
	}
}

// styled checks that every style used is defined.
func styled(t *testing.T, name, body, styles string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`<w:(?:pStyle|tblStyle) w:val="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		if !strings.Contains(styles, `w:styleId="`+m[1]+`"`) {
			t.Errorf("%s: style %s is not defined", name, m[1])
		}
	}
}

// FuzzText: whatever a text holds, the file is well-formed.
func FuzzText(f *testing.F) {
	f.Add(reporttest.HostileText)
	f.Add("a\nb\n\n\xff\ufffe")
	f.Fuzz(func(t *testing.T, s string) {
		parts(t, render(t, &report.Document{Title: s, Org: s, Sections: []report.Section{{Anchor: s, Number: s, Title: s, Blocks: []report.Block{
			report.Heading{Level: 3, Anchor: "x" + s, Title: s}, report.Paragraph{Text: report.Text{{Text: s, To: s}}}, report.Table{Columns: []report.Column{{Title: s}}, Rows: []report.Row{{Cells: []report.Text{{{Text: s}}}}}},
		}}}}))
	})
}
