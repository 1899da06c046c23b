package pdf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

func samples() map[string]*engagement.Dossier {
	return map[string]*engagement.Dossier{"northwind": reporttest.Northwind(), "small": reporttest.Small(), "empty": reporttest.Empty(), "hostile": reporttest.Hostile(), "many": reporttest.Many(20, 1500)}
}

// TestEveryPage holds for every page of every sample, on both papers: text stands inside the margins and never on other
// text, pages are numbered, the draft is marked, no heading stands at the foot of a page without what it heads.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	fs, err := typefaces()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range samples() {
		for _, paper := range []Paper{A4, Letter} {
			t.Run(fmt.Sprintf("%s-%d", name, paper), func(t *testing.T) {
				t.Parallel()
				doc := report.Build(d)
				_, _, x := render(t, doc, Options{Paper: paper})
				g := geometryOf(paper)
				for i, list := range x.pages {
					n := i + 1
					if want := fmt.Sprintf("Page %d of %d", n, len(x.pages)); n > 1 && !strings.Contains(x.text[i], want) {
						t.Errorf("page %d is not numbered %q", n, want)
					}
					if !strings.Contains(x.text[i], "DRAFT") {
						t.Errorf("page %d is not marked as a draft", n)
					}
					inside(t, fs, g, n, list)
					if name != "hostile" { // headings as long as pages may stand alone
						headed(t, g, n, list)
					}
				}
			})
		}
	}
}

// inside checks that text stands within the margins and that no two texts of a line overlap.
func inside(t *testing.T, fs *[faces]*typeface, g geometry, page int, list []shown) {
	t.Helper()
	m := measurer{fonts: fs}
	type box struct {
		x, end float64
		text   string
	}
	rows := map[int][]box{}
	for _, s := range list {
		f := regular // widths differ by face; the bold one is the widest of the three
		if s.size <= 7.4 {
			f = monospace
		}
		w := m.measure(look{face: f, size: s.size}, s.text)
		if s.x < g.left-.6 || s.y < 30 || s.y > g.height-30 {
			t.Errorf("page %d: %q stands outside at %.1f, %.1f", page, s.text, s.x, s.y)
		}
		if f == regular && s.x+w > g.right+1.5 {
			t.Errorf("page %d: %q ends at %.1f, the margin is at %.1f", page, s.text, s.x+w, g.right)
		}
		rows[int(s.y*10)] = append(rows[int(s.y*10)], box{s.x, s.x + w*.9, s.text})
	}
	for _, r := range rows {
		for i := range r {
			for j := range i {
				if r[i].x < r[j].end-1 && r[j].x < r[i].end-1 {
					t.Errorf("page %d: %q is drawn over %q", page, r[i].text, r[j].text)
				}
			}
		}
	}
}

// headed checks that something stands below each heading of a page.
func headed(t *testing.T, g geometry, page int, list []shown) {
	t.Helper()
	for _, s := range list {
		if s.size != headings[2].size && s.size != headings[3].size {
			continue
		}
		below := false
		for _, o := range list {
			below = below || (o.y < s.y-12 && o.y > g.height-g.foot+4)
		}
		if !below {
			t.Errorf("page %d: the heading %q stands alone at the foot", page, s.text)
		}
	}
}

// TestPageReferences checks each line of the contents, and each anchor, against the page on which its heading stands.
func TestPageReferences(t *testing.T) {
	t.Parallel()
	doc := report.Build(reporttest.Northwind())
	r, _, x := render(t, doc, Options{})
	toc := 0
	for _, s := range doc.Sections {
		if s.Number == "" {
			continue
		}
		if p := r.Anchors[s.Anchor]; p == 0 || !strings.Contains(squeezed(x.text[p-1]), squeezed(s.Title)) {
			t.Errorf("section %s is not on page %d", s.Number, p)
		}
		for _, b := range s.Blocks {
			h, ok := b.(report.Heading)
			if !ok {
				continue
			}
			p := r.Anchors[h.Anchor]
			if p == 0 || !strings.Contains(squeezed(x.text[p-1]), squeezed(h.Number+h.Title)) {
				t.Errorf("%s %s is not on page %d", h.Number, h.Title, p)
			}
			if h.Level > 2 {
				continue
			}
			toc++
			want := squeezed(h.Number + h.Title + fmt.Sprint(p))
			if !strings.Contains(squeezed(x.text[1]), want) {
				t.Errorf("the contents do not have %q", want)
			}
		}
	}
	if toc < 20 || x.links[1] < toc {
		t.Errorf("%d headings and %d links in the contents", toc, x.links[1])
	}
}

// TestPrintedPageNumbers checks the numbers printed in a table of references.
func TestPrintedPageNumbers(t *testing.T) {
	t.Parallel()
	doc := report.Build(reporttest.Small())
	r, _, x := render(t, doc, Options{})
	for _, c := range reporttest.Small().Controls {
		p := r.Anchors["control/"+c.Ref]
		if p == 0 {
			t.Fatalf("no page for %s", c.Ref)
		}
		if !strings.Contains(x.text[p-1], c.Ref) {
			t.Errorf("%s is not on page %d", c.Ref, p)
		}
		found := false
		for _, list := range x.pages {
			for i, s := range list {
				if s.text != c.Ref || s.font == "" {
					continue
				}
				for _, o := range list[i:] {
					found = found || (near(o.y, s.y) && o.text == fmt.Sprint(p))
				}
			}
		}
		if !found {
			t.Errorf("no line with %s ends with its page %d", c.Ref, p)
		}
	}
}

func TestSameDossierSameBytes(t *testing.T) {
	t.Parallel()
	for name, d := range samples() {
		_, first, _ := render(t, report.Build(d), Options{})
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				var again engagement.Dossier
				if err := json.Unmarshal(text, &again); err != nil {
					t.Error(err)
					return
				}
				if name == "hostile" {
					again = *d // JSON replaces bytes that are not UTF-8
				}
				var b bytes.Buffer
				if _, err := Render(&b, report.Build(&again), Options{}); err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(first, b.Bytes()) {
					t.Errorf("%s: the same dossier gave other bytes", name)
				}
			})
		}
		wg.Wait()
	}
}

func TestEveryDeviationIsPrinted(t *testing.T) {
	t.Parallel()
	d := reporttest.Many(45, 2500)
	_, _, x := render(t, report.Build(d), Options{})
	all := squeezed(strings.Join(x.text, " "))
	for _, test := range d.Tests {
		for _, v := range test.Deviations {
			if !strings.Contains(all, v.ItemID) {
				t.Fatalf("%s of %s is not in the file", v.ItemID, test.ID)
			}
		}
	}
	for _, w := range []string{"certified", "certificateof", "inouropinion"} {
		if strings.Contains(strings.ToLower(all), w) {
			t.Errorf("the file holds %q", w)
		}
	}
}

func TestFileProperties(t *testing.T) {
	t.Parallel()
	d := reporttest.Small()
	doc := report.Build(d)
	_, file, _ := render(t, doc, Options{})
	if n := bytes.Count(file, []byte("/FontFile2 ")); n != int(faces) {
		t.Errorf("%d embedded fonts, want %d", n, faces)
	}
	if n := bytes.Count(file, []byte("/ToUnicode ")); n != int(faces) {
		t.Errorf("%d fonts can be read as text, want %d", n, faces)
	}
	for _, want := range []string{"/Lang (en-GB)", "/CreationDate (D:20260703093000", "/ModDate (D:20260703093000", "/Outlines ", "/PageMode /UseOutlines"} {
		if !bytes.Contains(file, []byte(want)) {
			t.Errorf("the file lacks %s", want)
		}
	}
	headings := 0
	for _, s := range doc.Sections {
		headings++
		for _, b := range s.Blocks {
			if _, ok := b.(report.Heading); ok {
				headings++
			}
		}
	}
	if n := len(regexp.MustCompile(`<</Title \(`).FindAll(file, -1)); n != headings+1 {
		t.Errorf("%d bookmarks for %d sections and headings and the cover", n, headings)
	}
}

func TestHostileTextIsShown(t *testing.T) {
	t.Parallel()
	r, _, x := render(t, report.Build(reporttest.Hostile()), Options{})
	all := strings.Join(x.text, " ")
	for _, s := range all {
		if s < 0x20 || (s >= 0x200b && s <= 0x200f) || (s >= 0x202a && s <= 0x202e) {
			t.Fatalf("the file holds the character %U", s)
		}
	}
	if !strings.ContainsRune(all, placeholder) {
		t.Error("nothing was replaced")
	}
	for _, want := range []string{`<script>alert("x")</script>`, `%PDF-1.3`, "Characters that this file cannot show", "U+1F525", "U+202E"} {
		if !strings.Contains(squeezed(all), squeezed(want)) {
			t.Errorf("the file does not show %q", want)
		}
	}
	found := strings.Join(r.Warnings, "\n")
	for _, want := range []string{"U+1F525 is not", "U+6F22 is not", "U+202E is not", "bytes that are not UTF-8"} {
		if !strings.Contains(found, want) {
			t.Errorf("no warning of %q", want)
		}
	}
	if r, _, _ := render(t, report.Build(reporttest.Northwind()), Options{}); len(r.Warnings) != 0 {
		t.Errorf("warnings for plain text: %v", r.Warnings)
	}
}

// TestRefusals: what cannot be set is refused, not cut.
func TestRefusals(t *testing.T) {
	t.Parallel()
	doc := &report.Document{Title: "x", Frozen: time.Unix(0, 0)}
	var breaks []report.Block
	for range maxPages + 10 {
		breaks = append(breaks, report.PageBreak{}, report.Paragraph{Text: report.Text{{Text: "x"}}})
	}
	doc.Sections = []report.Section{{Blocks: breaks}}
	var b bytes.Buffer
	if _, err := Render(&b, doc, Options{}); err == nil || b.Len() > 0 {
		t.Errorf("a document of %d pages: %v, %d bytes", maxPages+10, err, b.Len())
	}
	if _, err := Render(failing{}, &report.Document{}, Options{}); err == nil {
		t.Error("a writer that fails was not noticed")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("disk full") }
