package report_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// TestMatrix: the paper says of each requirement what meets it, names what is missing, and says what it is not.
func TestMatrix(t *testing.T) {
	t.Parallel()
	doc := report.Matrix(reporttest.Matrix())
	if !reflect.DeepEqual(doc, report.Matrix(reporttest.Matrix())) {
		t.Error("two documents of the same matrix")
	}
	var all strings.Builder
	report.Walk(doc, func(_ string, x report.Text) { all.WriteString(x.String() + "\n") })
	for _, want := range []string{
		"Internal working paper of management", "Not met", "no control serves it", "Everybody signs in with two factors.", "Omar Haddad", "Deputy: Priya Rao", "nobody assigned", "Draft, not in force",
		"2 deviations", "14 deviations, 1 still open", "Not evaluated in the period", "By hand: 1 piece of evidence filed", "leavers: 12 in the period", "active accounts: 2,081 at the last evaluation",
		"1 approved exception was in force; it changes no result.", "12 more are in the program", "still open", "happened once", "EV-2026-00007", "1,204", "The period is not over: it ends on 31 December 2026.", "The test is switched off.",
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the paper does not say %q", want)
		}
	}
	for _, never := range []string{"certified", "we believe", "in our opinion", "%"} {
		if strings.Contains(strings.ToLower(strings.ReplaceAll(all.String(), reporttest.HostileText, "")), never) {
			t.Errorf("the paper says %q", never)
		}
	}
	// Every place that is referred to is there.
	anchors := map[string]bool{}
	for _, s := range doc.Sections {
		anchors[s.Anchor] = true
		for _, b := range s.Blocks {
			if h, ok := b.(report.Heading); ok {
				anchors[h.Anchor] = true
			}
		}
	}
	report.Walk(doc, func(place string, x report.Text) {
		for _, s := range x {
			if s.To != "" && !anchors[s.To] {
				t.Errorf("%s refers to %s, which is not there", place, s.To)
			}
		}
	})
}

// TestMatrixEmpty: nothing at all makes a paper that says so.
func TestMatrixEmpty(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if _, err := pdf.Render(&out, report.Matrix(&matrix.Matrix{}), pdf.Options{}); err != nil {
		t.Error(err)
	}
}

// TestMatrixPDF: the same matrix gives the same file.
func TestMatrixPDF(t *testing.T) {
	t.Parallel()
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if _, err := pdf.Render(w, report.Matrix(reporttest.Matrix()), pdf.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two files of the same matrix")
	}
}

// TestMatrixOutcome goes through what a test can come to.
func TestMatrixOutcome(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		test matrix.Test
		want string
	}{
		{matrix.Test{}, "none"},
		{matrix.Test{Evaluations: 3, Kind: "state"}, "pass"},
		{matrix.Test{Evaluations: 3, Kind: "state", Unknowns: 1}, "unknown"},
		{matrix.Test{Evaluations: 3, Kind: "state", Days: matrix.Days{Silent: 1}}, "unknown"},
		{matrix.Test{Evaluations: 3, Kind: "state", Unknowns: 1, Deviations: 1}, "fail"},
		{matrix.Test{Evaluations: 3, Kind: "occurrence"}, "not_applicable"},
		{matrix.Test{Evaluations: 3, Kind: "occurrence", Population: 4}, "pass"},
	} {
		if got := x.test.Outcome(); got != x.want || x.test.Result() == "" {
			t.Errorf("%+v: %s, want %s", x.test, got, x.want)
		}
	}
}

// TestMatrixSheets: each sheet has as many cells in a row as it has heads.
func TestMatrixSheets(t *testing.T) {
	t.Parallel()
	sheets := report.MatrixSheets(reporttest.Matrix())
	var names []string
	for _, s := range sheets {
		names = append(names, s.Name)
		for i, r := range s.Rows {
			if len(r) != len(s.Head) {
				t.Errorf("%s, row %d: %d cells under %d heads", s.Name, i, len(r), len(s.Head))
			}
		}
	}
	if !slices.Equal(names, []string{"Criteria", "Controls", "Tests", "Evidence", "About"}) || len(sheets[0].Rows) != 10 {
		t.Errorf("%v, %d rows of criteria", names, len(sheets[0].Rows))
	}
}
