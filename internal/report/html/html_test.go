package html_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"

	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/html"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// TestRender: one page without scripts or anything from outside, links that lead somewhere, identifiers that are there once,
// headings that step down one at a time, hostile texts as text; the same document gives the same bytes.
func TestRender(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]*report.Document{"report": report.Build(reporttest.Northwind()), "hostile": report.Build(reporttest.Hostile()), "empty": report.Build(nil), "nothing": {}} {
		var a, b bytes.Buffer
		if err := html.Render(&a, doc); err != nil {
			t.Fatal(err)
		}
		if err := html.Render(&b, doc); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: two pages of the same document, %v", name, err)
		}
		if dir := os.Getenv("TICKMARK_REPORT_DIR"); dir != "" {
			if err := os.WriteFile(dir+"/"+name+".html", a.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		check(t, name, doc, a.Bytes())
	}
}

func check(t *testing.T, name string, doc *report.Document, page []byte) {
	root, err := nethtml.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ids, links, strips, level := map[string]bool{}, []string{}, 0, 0
	for n := range root.Descendants() {
		if n.Type != nethtml.ElementNode {
			continue
		}
		switch n.Data {
		case "script", "img", "iframe", "link", "object", "form":
			t.Errorf("%s: a %s in the page", name, n.Data)
		case "h1", "h2", "h3", "h4", "h5":
			if at := int(n.Data[1] - '0'); at > level+1 {
				t.Errorf("%s: %s after a heading of level %d", name, n.Data, level)
			} else {
				level = at
			}
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "id" && ids[a.Val]:
				t.Errorf("%s: two elements are %s", name, a.Val)
			case a.Key == "id":
				ids[a.Val] = true
			case a.Key == "href":
				links = append(links, a.Val)
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("%s: attribute %s", name, a.Key)
			case a.Key == "class" && a.Val == "strip":
				strips++
			}
		}
	}
	for _, l := range links {
		if !strings.HasPrefix(l, "#") || !ids[l[1:]] {
			t.Errorf("%s: a link leads to %q", name, l)
		}
	}
	want := 0
	for _, s := range doc.Sections {
		for _, b := range s.Blocks {
			if _, ok := b.(report.Strip); ok {
				want++
			}
		}
	}
	if strips != want {
		t.Errorf("%s: %d strips of %d", name, strips, want)
	}
	text := string(page)
	if doc.Draft != strings.Contains(text, `class="draft"`) {
		t.Errorf("%s: draft %v is not what the page shows", name, doc.Draft)
	}
	if strings.ContainsAny(text, "\x00\x01\x1b\u202e\u2028") {
		t.Errorf("%s: characters that no reader sees", name)
	}
}
