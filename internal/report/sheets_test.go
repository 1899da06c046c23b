package report_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/reporttest"
	"github.com/tickmark/tickmark/internal/report/xlsx"
)

// TestSheets: every control of every criterion, every deviation and every item without an answer is a row; the other forms
// hold no more than their report does; the same dossier gives the same bytes.
func TestSheets(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*engagement.Dossier{"soc2": reporttest.Northwind(), "soc1": reporttest.Payroll(), "type1": reporttest.Dated(), "soc3": reporttest.General(), "hostile": reporttest.Hostile(), "empty": {}} {
		sheets := report.Sheets(d)
		rows := map[string]int{}
		for _, s := range sheets {
			rows[s.Name] = len(s.Rows)
			for _, r := range s.Rows {
				if len(r) != len(s.Head) {
					t.Fatalf("%s, %s: a row of %d cells under %d heads: %v", name, s.Name, len(r), len(s.Head), r)
				}
			}
		}
		deviations, unknowns := 0, 0
		for _, x := range d.Tests {
			deviations, unknowns = deviations+len(x.Deviations), unknowns+len(x.Unknowns)
		}
		for _, w := range d.Work {
			deviations += len(w.Deviations)
		}
		switch name {
		case "soc3":
			if len(sheets) != 1 {
				t.Errorf("a SOC 3 has %d sheets", len(sheets))
			}
		case "type1":
			if _, ok := rows["Deviations"]; ok || strings.Contains(strings.Join(sheets[0].Head, " "), "Result") {
				t.Errorf("a Type 1 has results: %v", sheets[0].Head)
			}
		default:
			if rows["Deviations"] != deviations || rows["No answer"] != unknowns || rows["Controls"] != len(d.Controls) {
				t.Errorf("%s: %v; %d deviations, %d without an answer, %d controls", name, rows, deviations, unknowns, len(d.Controls))
			}
		}
		var a, b bytes.Buffer
		for _, w := range []*bytes.Buffer{&a, &b} {
			if err := xlsx.Render(w, "Report", "Northwind", time.Date(2026, 7, 3, 0, 0, 0, 0, time.UTC), report.Sheets(d)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: two files of the same dossier", name)
		}
		if dir := os.Getenv("TICKMARK_REPORT_DIR"); dir != "" {
			if err := os.WriteFile(dir+"/"+name+".xlsx", a.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
