package examination

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var listTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Engagement"}, {Key: "title", Title: "Title", Wide: true}, {Key: "stage", Title: "Stage"}, {Key: "period", Title: "Period"},
		{Key: "categories", Title: "Categories", Opt: true}, {Key: "firm", Title: "Auditor", Opt: true}, {Key: "dossiers", Title: "Dossiers", Num: true},
	},
	One: "engagement", Many: "engagements",
}

// standing is an engagement at an instant.
type standing struct {
	view.EngagementRow
	Kind, Categories string
	Stage            sign
	Day, Days        int  // days of the period that have begun, of all
	Over             bool // the period is
}

func (p *pages) standing(r *page.Request, e view.EngagementRow) standing {
	x := standing{EngagementRow: e, Kind: kindOf(e.Report, e.Type), Categories: p.categories(e.Categories), Days: e.Period.Days()}
	today := period.Of(r.Now)
	x.Over = today >= e.Period.To
	x.Day = min(max(int(today-e.Period.From)+1, 0), x.Days)
	state := engagement.State(e.Status)
	if x.Stage = (sign{"prog", state.Title()}); state == engagement.Cancelled {
		x.Stage.Key = "na"
	}
	return x
}

func (p *pages) list(r *page.Request) error {
	t, err := r.Table(&listTable)
	if err != nil {
		return err
	}
	all, err := p.View.Engagements(r.Context(), r.Read())
	if err != nil {
		return err
	}
	t.Total = len(all)
	rows := make([]standing, len(all))
	for i, e := range all {
		rows[i] = p.standing(r, e)
	}
	if t.Exporting() {
		return r.Export(t, "engagements", []string{"ref", "title", "examination", "stage", "first_day", "last_day", "categories", "auditor", "dossiers"}, func(paging.Query) ([][]any, int, error) {
			out := make([][]any, len(rows))
			for i, x := range rows {
				out[i] = []any{x.Ref, x.Title, x.Kind, x.Stage.Word, x.Period.From.String(), x.Period.Last().String(), x.Categories, x.Firm, x.Dossiers}
			}
			return out, len(out), nil
		})
	}
	return r.Render(http.StatusOK, listPage(r, t, rows), page.Part(t.ID(), listRows(t, rows)))
}

// whole is an engagement with everything its page shows.
type whole struct {
	standing
	By       string
	Counts   view.PeriodCounts
	Dossiers []view.DossierRow
	Newest   *dossier
	Figures  figures
	Lacks    []lack
	System   org.Report
	Life     life
	Checked  string // why the description could not be checked
}

// lack is something that a report still needs, or that is wrong with it.
type lack struct {
	Sign        sign
	Text, Where string
}

func (p *pages) find(r *page.Request) (view.EngagementRow, error) {
	e, err := p.View.Engagement(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return e, err
	}
	r.Title = e.Ref
	r.Crumbs = []page.Crumb{{Text: "Engagements", Href: "/engagements"}, {Text: e.Ref}}
	return e, nil
}

func (p *pages) engagement(r *page.Request) error {
	e, err := p.find(r)
	if err != nil {
		return err
	}
	names, err := p.View.PersonNames(r.Context(), r.Read())
	if err != nil {
		return err
	}
	x := whole{standing: p.standing(r, e), By: actor(e.By, names[e.By])}
	kept, err := p.Engagement.Store.Engagement(r.Context(), r.Read(), e.ID)
	if err != nil {
		return err
	}
	x.Kind = kept.Kind()
	if x.Life, err = p.life(r, kept, page.EngagementPath(e.Ref), names, r.Can(access.ManageEngagement)); err != nil {
		return err
	}
	if x.Counts, err = p.View.PeriodCounts(r.Context(), r.Read(), e.Period); err != nil {
		return err
	}
	if x.Dossiers, err = p.View.Dossiers(r.Context(), r.Read(), e.ID); err != nil {
		return err
	}
	if len(x.Dossiers) > 0 {
		if x.Newest, err = p.load(r.Context(), r.Read(), e, x.Dossiers[0]); err != nil {
			return err
		}
		x.Figures, x.Lacks = tally(x.Newest), lacks(x.Newest)
	}
	d, err := p.System.Description(r.Context(), r.Read(), r.Now)
	if err == nil {
		x.System, err = p.Engagement.CheckDescription(r.Context(), r.Read(), r.Now, e.Ref, d)
	}
	if err != nil {
		// What is wrong with the description does not hide the engagement.
		if errs.Is(err, errs.Internal) || errs.Is(err, errs.Unavailable) {
			return err
		}
		x.Checked = page.Sentence(err)
	}
	return r.Render(http.StatusOK, engagementPage(r, x))
}

// lacks are what a dossier's report still needs, and the faults the report's own check finds.
func lacks(d *dossier) []lack {
	var out []lack
	for _, f := range d.Lint {
		out = append(out, lack{sign{"fail", "Fault"}, f, ""})
	}
	for _, m := range d.Missing {
		out = append(out, lack{sign{"risk", "Missing"}, m, ""})
	}
	return out
}

// figures are a dossier in numbers.
type figures struct {
	Criteria, Controls, Tested, Filed, Bare int // controls with tests, with documents only, with neither
	Tests, Deviating, Silent, Gapped        int // tests with deviations, with items without an answer, with days without a verdict
	Deviations, Unknowns                    int
}

func tally(d *dossier) figures {
	n := figures{Criteria: len(d.Criteria), Controls: len(d.Controls), Tests: len(d.Tests)}
	for _, c := range d.Controls {
		switch {
		case len(c.Tests) > 0:
			n.Tested++
		case len(c.Uploads) > 0:
			n.Filed++
		default:
			n.Bare++
		}
	}
	for _, t := range d.Tests {
		n.Deviations += len(t.Deviations)
		n.Unknowns += len(t.Unknowns)
		n.Deviating += one(len(t.Deviations) > 0)
		n.Silent += one(len(t.Unknowns) > 0)
		n.Gapped += one(t.DaysGap > 0)
	}
	return n
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// outcome is what the verdicts of a test come to over the period: the worst of them. No evaluation is no verdict.
func outcome(t engagement.TestFacts) chart.Outcome {
	switch {
	case len(t.Deviations) > 0:
		return chart.Fail
	case len(t.Unknowns) > 0:
		return chart.Unknown
	case t.Evaluations == 0 || t.DaysTested == 0:
		return chart.None
	case t.Kind == "occurrence" && t.Population == 0:
		return chart.NotApplicable
	}
	return chart.Pass
}

// outcomeWord is an outcome over a period as a report says it.
func outcomeWord(o chart.Outcome, deviations int) string {
	switch o {
	case chart.Fail:
		return page.Plural(deviations, "deviation", "deviations")
	case chart.Pass:
		return "No deviations"
	case chart.NotApplicable:
		return "No occurrence"
	case chart.Unknown:
		return "No full answer"
	}
	return "Not tested"
}

// strip is a test's days over the period of the dossier.
func (d *dossier) strip(t engagement.TestFacts) chart.StripData {
	s := chart.StripData{Period: d.Engagement.Period}
	for _, x := range t.Days {
		s.Runs = append(s.Runs, chart.Run{From: x.From, Days: x.Days, Outcome: chart.Parse(x.Outcome)})
	}
	return s
}

// deviating are the tests with deviations or without full answers, the most deviations first.
func (d *dossier) deviating() []engagement.TestFacts {
	out := slices.DeleteFunc(slices.Clone(d.Tests), func(t engagement.TestFacts) bool { return len(t.Deviations)+len(t.Unknowns) == 0 })
	slices.SortStableFunc(out, func(a, b engagement.TestFacts) int {
		if n := len(b.Deviations) - len(a.Deviations); n != 0 {
			return n
		}
		return len(b.Unknowns) - len(a.Unknowns)
	})
	return out
}

func dossierPath(ref string, n int) string { return "/a/" + ref + "/dossiers/" + strconv.Itoa(n) }

// mayBuild reports whether the reader may freeze and build.
func mayBuild(r *page.Request) bool { return r.Can(access.BuildReport) }

func dayText(x standing) string {
	switch {
	case x.Day == 0:
		return "Not begun"
	case x.Over:
		return "Over: " + page.Plural(x.Days, "day", "days")
	}
	return "Day " + page.Count(x.Day) + " of " + page.Count(x.Days)
}

// first are the first rows of a list.
func first[T any](list []T, n int) []T { return list[:min(n, len(list))] }

func toneOf(n int, key string) string {
	if n == 0 {
		return "na"
	}
	return key
}
