package app

import (
	"bytes"

	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/fieldwork/fieldworksql"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
)

// wireFieldwork hands the auditor's work its stores, and what of the client's it reads.
func (a *App) wireFieldwork() {
	store := &fieldworksql.Store{DB: a.DB}
	a.Fieldwork = &fieldwork.Service{
		Populations: store, Papers: store, Findings: store, Firm: store, Engagements: a.Engagement.Store, Controls: a.Controls, Evidence: a.Evidence.Store,
		Tests: a.Evaluate, Runs: a.Evaluate.Store, Files: a.Lake, Catalog: a.Catalog, Tx: a.DB, Ledger: a.Ledger.Store, Chain: a.Ledger,
		Around: aroundFieldwork{a}, Answers: aroundFieldwork{a}, Paper: printPaper, Record: a.Engagement.RecordFirm,
	}
	a.Engagement.Drawn = a.Fieldwork.Drawn
}

// printPaper renders a workpaper as a PDF.
func printPaper(x fieldwork.Printed) ([]byte, error) {
	var out bytes.Buffer
	_, err := pdf.Render(&out, report.Workpaper(x), pdf.Options{})
	return out.Bytes(), err
}
