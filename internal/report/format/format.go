// Package format renders a dossier in any of the forms people ask for: paper, a word processor's file, a web page, a
// spreadsheet, or OSCAL for machines. The same dossier and options give the same bytes.
package format

import (
	"bytes"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/docx"
	"github.com/tickmark/tickmark/internal/report/html"
	"github.com/tickmark/tickmark/internal/report/oscal"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/report/xlsx"
)

// Format is a form of file.
type Format struct {
	ID      string // "pdf"
	Title   string // "Word (DOCX)"
	Ext     string // of the file's name, with its point
	Type    string // media type
	Meaning string // what it is good for, in a line
	render  func(out *bytes.Buffer, d *engagement.Dossier, opt report.Options) (pages int, warnings []string, err error)
}

// All are the formats in the order in which they are offered.
func All() []Format {
	return []Format{
		{"pdf", "PDF", ".pdf", "application/pdf", "the report on paper", paper},
		{"docx", "Word (DOCX)", ".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "the report to be edited", document},
		{"html", "Web page", ".html", "text/html; charset=utf-8", "the report as one page that needs nothing else", webPage},
		{"xlsx", "Excel (XLSX)", ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "the matrix of section IV to filter", sheets},
		{"oscal", "OSCAL", ".oscal.zip", "application/zip", "catalog, plan and results for machines", machine},
	}
}

// Of is the format of an identifier.
func Of(id string) (Format, error) {
	var names []string
	for _, f := range All() {
		if f.ID == strings.ToLower(id) {
			return f, nil
		}
		names = append(names, f.ID)
	}
	return Format{}, errs.New(errs.Invalid, "there is no format %q", id).At("format").WithHint("Formats are %s.", strings.Join(names, ", "))
}

// File is a rendered report. Pages is 0 where the format has none.
type File struct {
	Body     []byte
	Pages    int
	Warnings []string
}

// Render writes a dossier's report.
func (f Format) Render(d *engagement.Dossier, opt report.Options) (File, error) {
	var out bytes.Buffer
	pages, warnings, err := f.render(&out, d, opt)
	if err != nil {
		return File{}, err
	}
	return File{Body: out.Bytes(), Pages: pages, Warnings: warnings}, nil
}

func paper(out *bytes.Buffer, d *engagement.Dossier, opt report.Options) (int, []string, error) {
	res, err := pdf.Render(out, report.BuildAs(d, opt), pdf.Options{})
	return res.Pages, res.Warnings, err
}

func document(out *bytes.Buffer, d *engagement.Dossier, opt report.Options) (int, []string, error) {
	return 0, nil, docx.Render(out, report.BuildAs(d, opt))
}

func webPage(out *bytes.Buffer, d *engagement.Dossier, opt report.Options) (int, []string, error) {
	return 0, nil, html.Render(out, report.BuildAs(d, opt))
}

func sheets(out *bytes.Buffer, d *engagement.Dossier, opt report.Options) (int, []string, error) {
	doc := report.BuildAs(d, opt)
	return 0, nil, xlsx.Render(out, doc.Kind+" "+doc.Ref, doc.Org, d.Frozen.At, report.Sheets(d))
}

func machine(out *bytes.Buffer, d *engagement.Dossier, _ report.Options) (int, []string, error) {
	return 0, nil, oscal.Render(out, d)
}
