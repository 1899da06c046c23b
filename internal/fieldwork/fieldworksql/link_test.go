package fieldworksql_test

import (
	"strings"

	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// linked holds that a mark refers to what there is and what the auditor may read, and that the reference is proven when it is shown.
func (w *world) linked(p fieldwork.Paper) {
	w.t.Helper()
	ctx, a := w.t.Context(), w.Staff
	cite := func(s string) error {
		sh, err := w.svc.Sheet(ctx, a, p.Ref)
		w.ok(err)
		c := sh.Cell(1, "A")
		_, err = w.svc.Mark(ctx, a, w.tick(), p.Ref, []fieldwork.Marking{{N: 1, Letter: "A", Mark: c.Mark, Evidence: &s, Base: c.Version}})
		return err
	}
	for wrong, part := range map[string]string{
		"the log, page 3": "is no reference", "EV-2025-00001": "cannot be taken", "R-002": "no answer", "R-099": "no request", "P-01 row 101": "100 rows", "P-77 row 1": "no population", "P-01 row 0": "100 rows",
	} {
		err := cite(wrong)
		w.refused(err, errs.Invalid, part)
		if errs.FieldOf(err) != "evidence" {
			w.t.Errorf("%s: at %q", wrong, errs.FieldOf(err))
		}
	}
	w.ok(cite(" r-001,p-01 ROW 5"))
	sh, err := w.svc.Sheet(ctx, a, p.Ref)
	w.ok(err)
	kept := sh.Cell(1, "A").Evidence
	if kept != "R-001, P-01 row 5" {
		w.t.Error(kept)
	}
	waiting, err := w.svc.Links(ctx, w.Quality, kept)
	w.ok(err)
	if len(waiting) != 2 || waiting[1].Holds || !strings.Contains(waiting[1].Why, "waits") {
		w.t.Errorf("%+v", waiting)
	}
	_, err = w.svc.Chain.Seal(ctx, w.tick())
	w.ok(err)
	got, err := w.svc.Links(ctx, w.Quality, kept+", as seen on site")
	w.ok(err)
	if got[0].State != "Accepted" || len(got[0].Pieces) != 1 || !got[1].Holds || got[1].SHA256 != sh.Population.SHA256 || !strings.Contains(got[1].Title, "Person 5") || got[2].Holds || got[2].Why == "" {
		w.t.Errorf("%+v", got)
	}
}
