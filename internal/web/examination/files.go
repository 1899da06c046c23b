package examination

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/format"
	"github.com/tickmark/tickmark/internal/web/page"
)

// reportFile is a report as a file of the download menu.
type reportFile struct{ Name, Title, Hint string }

// arrangedPDF are the arrangements of section IV that are offered besides the one on file.
var arrangedPDF = map[string]report.Arrangement{"report-by-process.pdf": report.ByProcess, "report-by-framework.pdf": report.ByFramework}

// reportFiles are the files that a dossier can be had as; what its form does not have is not offered.
func reportFiles(d *dossier) []reportFile {
	controls, _ := report.Covers(d.Dossier)
	var out []reportFile
	for _, f := range format.All() {
		if f.ID != "pdf" && (f.ID != "oscal" || controls && len(d.Controls) > 0) {
			out = append(out, reportFile{"report" + f.Ext, f.Title, f.Meaning})
		}
	}
	if controls {
		out = append(out, reportFile{"report-by-process.pdf", "PDF by process", "each control once, by process"})
	}
	for i, f := range d.Frameworks {
		if controls {
			out = append(out, reportFile{frameworkFile(i, f.ID), "PDF by framework", "by the families of " + f.Name})
		}
	}
	return out
}

// frameworkFile is the report by the families of a framework of the dossier.
func frameworkFile(i int, id string) string {
	if i == 0 {
		return "report-by-framework.pdf"
	}
	return "report-by-" + strings.ToLower(id) + ".pdf"
}

// file renders the report of the dossier in a format or arrangement. The same dossier gives the same file.
func (p *pages) file(r *page.Request) error {
	f, err := p.frozen(r)
	if err != nil {
		return err
	}
	name := r.Arg("file")
	opt, ext := report.Options{Arrange: report.ByCriterion}, strings.TrimPrefix(name, "report")
	if a, ok := arrangedPDF[name]; ok {
		opt.Arrange, ext = a, ".pdf"
	}
	for i, x := range f.D.Frameworks {
		if name == frameworkFile(i, x.ID) {
			opt.Arrange, opt.Framework, ext = report.ByFramework, x.ID, ".pdf"
		}
	}
	for _, kind := range format.All() {
		if kind.Ext != ext || name == "report.pdf" {
			continue
		}
		file, err := kind.Render(f.D.Dossier, opt)
		if err != nil {
			return err
		}
		title := strings.ToLower(f.Ref) + "-draft-" + strconv.Itoa(f.Row.Number) + strings.TrimPrefix(name, "report")
		media := kind.Type
		if kind.ID == "html" {
			media = "application/octet-stream" // to keep, never to be shown as a page of this site
		}
		return r.Attach(title, media, int64(len(file.Body)), f.Row.At, bytes.NewReader(file.Body))
	}
	return errs.New(errs.NotFound, "a dossier has no file %q", name).WithHint("The files are in the menu of the dossier.")
}
