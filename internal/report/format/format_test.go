package format_test

import (
	"bytes"
	"testing"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/format"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// TestSameBytes: every form of report in every format is the same twice, and begins as its format does.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	begins := map[string]string{"pdf": "%PDF-", "docx": "PK", "html": "<!DOCTYPE html>", "xlsx": "PK", "oscal": "PK"}
	forms := map[string]func() *engagement.Dossier{"soc1": reporttest.Payroll, "soc2": reporttest.Small, "type1": reporttest.Dated, "soc3": reporttest.General}
	for name, d := range forms {
		for _, f := range format.All() {
			a, err := f.Render(d(), report.Options{})
			if name == "soc3" && f.ID == "oscal" {
				if err == nil {
					t.Error("a SOC 3 is written as OSCAL")
				}
				continue
			}
			if err != nil {
				t.Errorf("%s as %s: %v", name, f.ID, err)
				continue
			}
			b, err := f.Render(d(), report.Options{})
			if err != nil || !bytes.Equal(a.Body, b.Body) {
				t.Errorf("%s as %s: two files of the same dossier, %v", name, f.ID, err)
			}
			if !bytes.HasPrefix(a.Body, []byte(begins[f.ID])) {
				t.Errorf("%s as %s begins with %.20q", name, f.ID, a.Body)
			}
		}
	}
	if _, err := format.Of("odt"); err == nil {
		t.Error("any format is taken")
	}
	if f, err := format.Of("DOCX"); err != nil || f.ID != "docx" {
		t.Errorf("%v, %v", f.ID, err)
	}
}
