package examination

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/textdiff"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// most is how many parts that differ are shown on the page; a draft made anew from other data differs everywhere.
const most = 200

// compared is what two drafts of an engagement say differently.
type compared struct {
	frozen
	With    int   // number of the earlier dossier
	Earlier []int // numbers to choose from
	Parts   []report.Difference
	Left    int // parts that are not shown
}

// changes compares the draft of a dossier with an earlier one of the engagement; with the one before it, if none is named.
func (p *pages) changes(r *page.Request) error {
	f, err := p.frozen(r)
	if err != nil {
		return err
	}
	all, err := p.View.Dossiers(r.Context(), r.Read(), f.ID)
	if err != nil {
		return err
	}
	x := compared{frozen: f, With: f.Row.Number - 1}
	for _, d := range all {
		if d.Number < f.Row.Number {
			x.Earlier = append(x.Earlier, d.Number)
		}
	}
	slices.Sort(x.Earlier)
	if len(x.Earlier) == 0 {
		return r.Render(http.StatusOK, changesPage(x))
	}
	if s := r.Query("with"); s != "" {
		if x.With, err = strconv.Atoi(s); err != nil || !slices.Contains(x.Earlier, x.With) {
			return errs.New(errs.NotFound, "%s has no earlier dossier %q", f.Ref, s).WithHint("Choose one of the list.")
		}
	}
	i := slices.IndexFunc(all, func(d view.DossierRow) bool { return d.Number == x.With })
	if i < 0 {
		return errs.New(errs.NotFound, "%s has no dossier %d", f.Ref, x.With)
	}
	before, err := p.load(r.Context(), r.Read(), f.EngagementRow, all[i])
	if err != nil {
		return err
	}
	x.Parts = report.Differences(before.Doc, f.D.Doc)
	if n := len(x.Parts); n > most {
		x.Parts, x.Left = x.Parts[:most], n-most
	}
	return r.Render(http.StatusOK, changesPage(x))
}

// count is how many lines went and came.
func (x compared) count() (gone, added int) {
	for _, p := range x.Parts {
		for _, l := range p.Lines {
			switch l.Op {
			case textdiff.Gone:
				gone++
			case textdiff.Added:
				added++
			case textdiff.Same:
			}
		}
	}
	return gone, added
}

// pairsOf is what changed in a part, what went beside what came in its place.
func pairsOf(d report.Difference) []textdiff.Pair {
	return slices.DeleteFunc(textdiff.Sides(d.Lines), func(p textdiff.Pair) bool { return p.Was != nil && p.Was.Op == textdiff.Same })
}

// partTitle names the part of a difference.
func partTitle(d report.Difference) string {
	if d.Part == "" {
		return "Section " + d.Section
	}
	return "Section " + d.Section + ", " + d.Part
}

// changesText says how much two drafts differ.
func changesText(x compared) string {
	gone, added := x.count()
	return "What the draft of dossier " + strconv.Itoa(x.Row.Number) + " says differently from that of dossier " + strconv.Itoa(x.With) + ": " + page.Count(gone) + " lines went, " + page.Count(added) + " came, in " + page.Count(len(x.Parts)+x.Left) + " parts."
}
