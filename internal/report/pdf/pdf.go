// Package pdf renders a report as a PDF file: fpdf writes the file, layout is here. The document is laid out twice, first
// without a file to learn on which page everything stands, then for good. The same document gives the same bytes.
package pdf

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
)

// Paper is a page size.
type Paper uint8

// The page sizes.
const (
	A4 Paper = iota
	Letter
)

// Options of a rendering. The zero value is A4.
type Options struct {
	Paper Paper
}

// Result says what was written.
type Result struct {
	Pages    int
	Bytes    int64
	Warnings []string       // characters that were printed as a box
	Anchors  map[string]int // page of each anchor
}

// maxPages bounds what a dossier can ask for; beyond it a file is of no use to a reader and a danger to the server.
const maxPages = 20000

// Render writes the document. An error leaves w with an unusable beginning or nothing.
func Render(w io.Writer, doc *report.Document, opt Options) (Result, error) {
	fs, err := typefaces()
	if err != nil {
		return Result{}, errs.Wrap(err, "report PDF")
	}
	lost := survey(fs, doc)
	job := &job{doc: doc, geo: geometryOf(opt.Paper), fonts: fs, notes: numberNotes(doc), extra: remark(lost)}
	first := job.layout(nil, nil)
	if first.err != nil {
		return Result{}, errs.Wrap(first.err, "report PDF")
	}
	f, err := job.file()
	if err != nil {
		return Result{}, errs.Wrap(err, "report PDF")
	}
	second := job.layout(f, first)
	if second.err == nil && second.page != first.page {
		second.err = fmt.Errorf("the second pass has %d pages, the first had %d", second.page, first.page)
	}
	if second.err == nil {
		second.err = f.Error()
	}
	if second.err != nil {
		return Result{}, errs.Wrap(second.err, "report PDF")
	}
	out := &counter{w: w}
	if err := f.Output(out); err != nil {
		return Result{}, errs.Wrap(err, "report PDF")
	}
	res := Result{Pages: second.page, Bytes: out.n, Warnings: warnings(lost), Anchors: map[string]int{}}
	for a, m := range second.marks {
		res.Anchors[a] = m.page
	}
	return res, nil
}

// job is what both passes share.
type job struct {
	doc   *report.Document
	geo   geometry
	fonts *[faces]*typeface
	notes map[*report.Note]int
	draft string         // the watermark as path operators, once it is made
	extra []report.Block // remarks of this writer, at the end of the last section
}

// file makes an empty file with fonts and properties.
func (j *job) file() (*fpdf.Fpdf, error) {
	f := fpdf.New("P", "pt", j.geo.name, "")
	f.SetCatalogSort(true)
	f.SetCompression(true)
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(0, 0, 0)
	f.SetCellMargin(0)
	f.SetTitle(metadata(j.doc.Title), true)
	f.SetAuthor(metadata(j.doc.Org), true)
	f.SetSubject(metadata(j.doc.Short), true)
	f.SetKeywords(metadata(keywords(j.doc)), true)
	f.SetCreator("Tickmark", true)
	f.SetProducer("Tickmark", true)
	f.SetLang(j.doc.Language)
	at := j.doc.Frozen.UTC()
	if at.IsZero() {
		at = time.Unix(0, 0).UTC() // fpdf takes the zero time for now
	}
	f.SetCreationDate(at)
	f.SetModificationDate(at)
	f.SetDisplayMode("default", "continuous")
	if err := embed(f, j.fonts); err != nil {
		return nil, err
	}
	return f, nil
}

// keywords are the properties by which a file is found again.
func keywords(doc *report.Document) string {
	if doc.Draft {
		return "draft; " + doc.Ref + "; " + cmp.Or(doc.Hashed, "dossier") + " sha256 " + doc.Hash
	}
	return doc.Kind + " " + doc.Ref + "; sha256 " + doc.Hash
}

// numberNotes numbers the footnotes in the order in which they are called.
func numberNotes(doc *report.Document) map[*report.Note]int {
	n := map[*report.Note]int{}
	report.Walk(doc, func(_ string, t report.Text) {
		for _, s := range t {
			if s.Note != nil && n[s.Note] == 0 {
				n[s.Note] = len(n) + 1
			}
		}
	})
	return n
}

// counter counts the bytes it passes on.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
