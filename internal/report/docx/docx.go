// Package docx renders a report's document as a file for word processors (WordprocessingML, ISO/IEC 29500): real headings,
// tables whose header repeats, a table of contents, links between places. The same document gives the same bytes.
package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
)

// Render writes the document. An error leaves w with an unusable beginning or nothing.
func Render(w io.Writer, doc *report.Document) error {
	x := &writer{doc: doc, marks: map[string]string{}, pictures: map[string]int{}}
	x.number()
	x.body()
	pictures, relations := x.pictureParts()
	stamp := ""
	if doc.Draft {
		stamp = watermark
	}
	files := append([]part{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", packageRels},
		{"docProps/core.xml", x.core()},
		{"docProps/app.xml", appProps},
		{"word/document.xml", head + `<w:document ` + namespaces + `><w:body>` + x.out.String() + sectionProps + `</w:body></w:document>`},
		{"word/styles.xml", styles},
		{"word/numbering.xml", numbering},
		{"word/settings.xml", settings},
		{"word/header1.xml", head + `<w:hdr ` + namespaces + `><w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr>` + stamp + run("", escape(doc.Org+" · "+doc.Short)) + `</w:p></w:hdr>`},
		{"word/header2.xml", head + `<w:hdr ` + namespaces + `><w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr>` + stamp + `</w:p></w:hdr>`},
		{"word/footer1.xml", head + `<w:ftr ` + namespaces + `><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>` + run("", escape(footing(doc)+" · page ")) + field(" PAGE ", "1") + run("", " of ") + field(" NUMPAGES ", "1") + `</w:p></w:ftr>`},
		{"word/_rels/document.xml.rels", strings.Replace(documentRels, `</Relationships>`, relations+`</Relationships>`, 1)},
	}, pictures...)
	z := zip.NewWriter(w)
	for _, f := range files {
		// A fixed time keeps the bytes the same; 1980 is the first one that the format can say.
		e, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err == nil {
			_, err = io.WriteString(e, f.content)
		}
		if err != nil {
			return errs.Wrap(err, "report DOCX")
		}
	}
	return errs.Wrap(z.Close(), "report DOCX")
}

// footing is what every page says about the nature of the document.
func footing(doc *report.Document) string {
	if doc.Draft {
		return "Draft. " + doc.Cover.Notice.String()
	}
	return doc.Cover.Notice.String()
}

// part is a file of the package.
type part struct{ name, content string }

// writer makes the body.
type writer struct {
	doc      *report.Document
	out      strings.Builder
	marks    map[string]string // bookmark of each anchor
	ids      int               // of bookmarks, in the order of their beginning
	pictures map[string]int    // number of each picture, by its bytes
	pngs     [][]byte
	drawn    int
}

// number gives every anchor of the document a bookmark: names in the format are short and plain.
func (x *writer) number() {
	add := func(anchor string) {
		if anchor != "" && x.marks[anchor] == "" {
			x.marks[anchor] = "tm" + strconv.Itoa(len(x.marks)+1)
		}
	}
	for _, s := range x.doc.Sections {
		add(s.Anchor)
		for _, b := range s.Blocks {
			if h, ok := b.(report.Heading); ok {
				add(h.Anchor)
			}
		}
	}
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything; what XML cannot hold becomes U+FFFD
	return b.String()
}

// run is a stretch of text of one look; content is escaped already.
func run(props, content string) string {
	if props != "" {
		props = `<w:rPr>` + props + `</w:rPr>`
	}
	return `<w:r>` + props + `<w:t xml:space="preserve">` + content + `</w:t></w:r>`
}

// field is something that the word processor computes, with what stands there until it does.
func field(instruction, shown string) string {
	return `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve">` + instruction + `</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` +
		run("", shown) + `<w:r><w:fldChar w:fldCharType="end"/></w:r>`
}

// paragraph writes one; style may be empty, more are further properties.
func (x *writer) paragraph(style, more, content string) {
	x.out.WriteString(`<w:p>`)
	if style != "" || more != "" {
		x.out.WriteString(`<w:pPr>`)
		if style != "" {
			x.out.WriteString(`<w:pStyle w:val="` + style + `"/>`)
		}
		x.out.WriteString(more + `</w:pPr>`)
	}
	x.out.WriteString(content + `</w:p>`)
}

// bookmark puts an anchor around content.
func (x *writer) bookmark(anchor, content string) string {
	name := x.marks[anchor]
	if name == "" {
		return content
	}
	x.ids++
	id := strconv.Itoa(x.ids)
	return `<w:bookmarkStart w:id="` + id + `" w:name="` + name + `"/>` + content + `<w:bookmarkEnd w:id="` + id + `"/>`
}

// body writes cover and sections.
func (x *writer) body() {
	c := x.doc.Cover
	x.paragraph("CoverOrg", "", run("", escape(c.Org)))
	x.paragraph("Title", "", run("", escape(c.Title)))
	x.paragraph("Subtitle", "", run("", escape(c.Period)))
	x.paragraph("Stamp", "", run("<w:b/>", escape(c.Mark+"  "))+x.text(c.Notice))
	if len(c.Alert) > 0 {
		x.paragraph("Callout", "", x.text(c.Alert))
	}
	x.pairs(c.Facts)
	for i := range x.doc.Sections {
		s := &x.doc.Sections[i]
		title := strings.TrimSpace(s.Number + "  " + s.Title)
		x.paragraph(sectionStyle(s), `<w:pageBreakBefore/>`, x.bookmark(s.Anchor, run("", escape(title))))
		if s.Voice != "" {
			x.paragraph("Small", "", run("", escape(s.Voice)))
		}
		x.blocks(s.Blocks)
	}
}

// sectionStyle keeps the contents out of themselves.
func sectionStyle(s *report.Section) string {
	if s.Number == "" {
		return "ContentsHeading"
	}
	return "Heading1"
}

// core is the document's properties. Its dates are the document's own.
func (x *writer) core() string {
	at := x.doc.Frozen.UTC().Format(time.RFC3339)
	return head + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<dc:title>` + escape(x.doc.Title) + `</dc:title><dc:subject>` + escape(x.doc.Short) + `</dc:subject><dc:creator>` + escape(x.doc.Org) + `</dc:creator><cp:keywords>` + escape(x.doc.Kind+" "+x.doc.Ref+"; sha256 "+x.doc.Hash) + `</cp:keywords>` +
		`<dcterms:created xsi:type="dcterms:W3CDTF">` + at + `</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">` + at + `</dcterms:modified><dc:language>` + escape(x.doc.Language) + `</dc:language></cp:coreProperties>`
}
