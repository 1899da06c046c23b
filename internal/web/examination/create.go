package examination

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
)

// choice is a report that can be chosen.
type choice struct{ Code, Title, Text string }

// choices are the reports with what each is for (domain brief 1.1), in our own words.
var choices = []choice{
	{engagement.SOC2, "SOC 2", "Security and what else you promise customers, against the trust services criteria. For customers and partners who know the system; restricted."},
	{"soc2plus", "SOC 2+", "A SOC 2 with an additional opinion on a framework you name, such as HIPAA or ISO 27001."},
	{engagement.SOC1, "SOC 1", "Controls that matter to your customers' financial statements, against control objectives you state. For customers and their auditors; restricted."},
	{engagement.SOC3, "SOC 3", "A short report for anybody, from the same examination as a SOC 2 Type 2. Without tests and results."},
}

// creating is what the form of a new engagement shows.
type creating struct {
	Categories []catalog.Category
	Processes  []process
	Sources    []page.Option // SOC 2 Type 2 engagements that a SOC 3 may come from
}

// process is a process with the objectives of the catalogue.
type process struct {
	Name       string
	Objectives []catalog.Objective
}

func (p *pages) creating(r *page.Request) (creating, error) {
	c := p.View.Catalog()
	x := creating{Categories: c.Categories(), Processes: processes(c)}
	all, err := p.Engagement.Store.Engagements(r.Context(), r.Read())
	for _, e := range all {
		if e.Report == engagement.SOC2 && e.Type == 2 && e.Status != engagement.Cancelled {
			x.Sources = append(x.Sources, page.Option{Value: e.Ref, Label: e.Ref + ", " + page.PeriodText(e.Period)})
		}
	}
	return x, err
}

func processes(c *catalog.Catalog) []process {
	var out []process
	for _, o := range c.Objectives() {
		if n := len(out); n == 0 || out[n-1].Name != o.Process {
			out = append(out, process{Name: o.Process})
		}
		out[len(out)-1].Objectives = append(out[len(out)-1].Objectives, o)
	}
	return out
}

// createForm is the form of a report; without one chosen, the choice.
func (p *pages) createForm(r *page.Request) error {
	x, err := p.creating(r)
	if err != nil {
		return err
	}
	report := r.Query("report")
	if !slices.ContainsFunc(choices, func(c choice) bool { return c.Code == report }) {
		return r.Render(http.StatusOK, choosePage())
	}
	f := page.NewForm("report", report, "type", "2")
	f.Values["categories"] = []string{string(catalog.Security)}
	return r.Render(http.StatusOK, createPage(r, f, x))
}

func (p *pages) create(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	n := newOf(f)
	if f.OK() {
		e, warnings, err := p.Engagement.Create(r.Context(), scope, r.Now, n)
		if err == nil {
			said := e.Ref + " is set up."
			if len(warnings) > 0 {
				said += " Note: " + strings.Join(warnings, "; ") + "."
			}
			return r.Redirect(page.EngagementPath(e.Ref), said)
		}
		if !f.Take(err) {
			return err
		}
	}
	x, err := p.creating(r)
	if err != nil {
		return err
	}
	return r.Render(f.Status(), createPage(r, f, x))
}

// newOf reads the form of a new engagement.
func newOf(f *page.Form) engagement.New {
	n := engagement.New{Report: f.Get("report"), Title: f.Get("title"), Categories: f.Values["categories"], From: f.Get("from_ref"), Firm: f.Get("firm"), Objectives: objectivesOf(f), Plus: f.Get("plus")}
	if n.Report == "soc2plus" {
		n.Report = engagement.SOC2
		if n.Plus == "" {
			f.Wrong("plus", "Name the framework that is opined on besides.")
		}
	} else {
		n.Plus = ""
	}
	n.Type = 2
	if f.Get("type") == "1" {
		n.Type = 1
	}
	if n.Report != engagement.SOC3 {
		n.Period = coverageOf(f, n.Type)
	}
	return n
}

// coverageOf reads the day or the period of a form.
func coverageOf(f *page.Form, typ int) period.Period {
	day := func(field string) period.Date {
		d, err := period.ParseDate(f.Get(field))
		if err != nil {
			f.Wrong(field, "Write a day such as 2026-12-31.")
		}
		return d
	}
	if typ == 1 {
		d := day("as_of")
		return period.Closed(d, d)
	}
	first, last := day("from"), day("to")
	if f.OK() && last < first {
		f.Wrong("to", "The last day lies before the first.")
	}
	return period.Closed(first, last)
}

// objectivesOf reads the control objectives of a form: those ticked of the catalogue, and own ones a line each:
// "ID: statement".
func objectivesOf(f *page.Form) []engagement.Objective {
	var out []engagement.Objective
	for _, id := range f.Values["objectives"] {
		out = append(out, engagement.Objective{ID: id})
	}
	for line := range strings.Lines(f.Get("own")) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		id, text, found := strings.Cut(line, ":")
		if !found || strings.TrimSpace(id) == "" || strings.TrimSpace(text) == "" {
			f.Wrong("own", "Write each objective on a line of its own: a short identifier, a colon, and what it says. This is none: "+line)
			continue
		}
		out = append(out, engagement.Objective{ID: id, Process: "Own", Statement: text, Own: true})
	}
	return out
}

func ticked(f *page.Form, field, value string) bool { return slices.Contains(f.Values[field], value) }

// chosen is the report of the form.
func chosen(f *page.Form) choice {
	i := slices.IndexFunc(choices, func(c choice) bool { return c.Code == f.Get("report") })
	return choices[max(i, 0)]
}

func chooseURL(c choice) string {
	return "/engagements/new?" + url.Values{"report": {c.Code}}.Encode()
}

// stale marks a form that was written over an older version of an engagement.
func stale(f *page.Form, err error) bool {
	var s *engagement.Stale
	if !errs.Is(err, errs.Conflict) || !errors.As(err, &s) {
		return false
	}
	theirs := map[string]string{"firm": s.Now.Firm, "licence": s.Now.Licence, "from": s.Now.Period.From.String(), "to": s.Now.Period.Last().String(), "as_of": s.Now.Period.From.String(), "plus": s.Now.Plus}
	for k := range theirs {
		if _, asked := f.Values[k]; !asked {
			delete(theirs, k)
		}
	}
	f.Stale(s.Now.Version, theirs)
	return true
}

func typeOf(e engagement.Engagement) string { return strconv.Itoa(e.Type) }
