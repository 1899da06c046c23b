package app

import (
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/issue/issuesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/format"
	"github.com/tickmark/tickmark/internal/report/pdf"
)

// wireIssue makes what leads from the firm's work to the readers of a report, and the conditions that rest on it.
func (a *App) wireIssue() {
	store := &issuesql.Store{DB: a.DB}
	a.Issue = &issue.Service{
		Store: store, Readers: store, Engagements: a.Engagement, Work: a.Fieldwork, Access: a.Access, Blobs: a.Blobs, Ledger: a.Ledger.Store, Tx: a.DB,
		Render: renderIssued, Stamp: pdf.Stamp, Pack: a.packIssued, Later: a.completeLater,
	}
	a.Engagement.Handed, a.Engagement.Answered = a.Issue.Newest, a.Issue.Answers
	a.Engagement.Checks[engagement.GateTests] = a.Issue.TestsGate
	a.Engagement.Checks[engagement.GateRelease] = a.Issue.ReleaseGate
	a.Engagement.Checks[engagement.GateDistribution] = a.Issue.DistributionGate
}

// renderIssued makes a dossier's report as issued, in every format, and tells what keeps it from being that.
func renderIssued(d *engagement.Dossier) (issue.Rendered, error) {
	opt := report.Options{Issued: true}
	doc := report.BuildAs(d, opt)
	out := issue.Rendered{Faults: report.Lint(doc, d)}
	if doc.Draft {
		out.Faults = append(out.Faults, "it is a draft still: signatures, the auditor's words on every matter, or its readers are missing")
	}
	if len(out.Faults) > 0 {
		return out, nil
	}
	for _, f := range format.All() {
		if d.Engagement.Report == engagement.ReportName(engagement.SOC3) && (f.ID == "xlsx" || f.ID == "oscal") {
			continue // they hold controls and tests, which a SOC 3 never does (domain brief 11)
		}
		file, err := f.Render(d, opt)
		if err != nil {
			return out, errs.Wrap(err, "%s", f.Title)
		}
		out.Pages = max(out.Pages, file.Pages)
		out.Files = append(out.Files, issue.Content{File: issue.File{Name: strings.ToLower(d.Engagement.Ref) + f.Ext, Format: f.ID, Title: f.Title, Type: f.Type}, Body: file.Body})
	}
	return out, nil
}
