package examination

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/web/page"
)

// element is a description criterion with what there is for it and what is missing.
type element struct {
	ID, Title, Has string
	Where, Label   string // where it is edited
	Findings       []org.Finding
}

// Sign is how the part stands: only people can say that it is right.
func (x element) Sign() sign {
	for _, f := range x.Findings {
		if f.Level == org.Forbidden || f.Level == org.Missing {
			return sign{"risk", "Missing"}
		}
	}
	return sign{"prog", "There"}
}

// scoped is what an engagement is about, and what its description says of it.
type scoped struct {
	E        engagement.Engagement
	Parts    []element
	Coverage engagement.Coverage
	Changes  []engagement.ScopeChange
	Names    map[string]string
	Words    []org.Finding // about wording, of no single part
	Checked  string        // why the description could not be checked
	Client   bool          // the client's page, with links to where things are edited
}

// Waiting is the change of scope that waits for the auditor; nil for none.
func (x scoped) Waiting() *engagement.ScopeChange {
	for i := range x.Changes {
		if x.Changes[i].State == engagement.Proposed {
			return &x.Changes[i]
		}
	}
	return nil
}

// groups are what is in scope by category or process, in order.
func (x scoped) groups() [][]engagement.Served {
	var out [][]engagement.Served
	for _, s := range x.Coverage.Served {
		if n := len(out); n == 0 || out[n-1][0].Group != s.Group {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], s)
	}
	return out
}

func counted(n int, one, many string) string {
	if n == 0 {
		return "no " + many
	}
	return page.Plural(n, one, many)
}

// parts are DC1 to DC9 (domain brief 4.4) with what the records hold for each.
func parts(d org.Description, e engagement.Engagement, rep org.Report, cov engagement.Coverage, cuecs int) []element {
	n := rep.Counts
	served := 0
	for _, s := range cov.Served {
		if len(s.Controls) > 0 {
			served++
		}
	}
	what := map[bool]string{true: "objectives", false: "criteria"}[e.Report == engagement.SOC1]
	var components []string
	for _, c := range org.Classes() {
		components = append(components, page.Count(n["components."+string(c)])+" "+strings.ToLower(classTitle(c)))
	}
	incidents, describe := len(d.Incidents), 0
	for _, i := range d.Incidents {
		if i.Decision == org.Describe {
			describe++
		}
	}
	out := []element{
		{ID: "DC1", Title: "Services provided", Has: counted(len(d.Services), "service", "services"), Where: "/system#services", Label: "System description"},
		{ID: "DC2", Title: "Service commitments and system requirements", Has: counted(n["commitments"], "commitment", "commitments") + ", " + counted(n["requirements"], "requirement", "requirements"), Where: "/system#commitments", Label: "System description"},
		{ID: "DC3", Title: "Components and boundary", Has: strings.Join(components, ", "), Where: "/system#components", Label: "System description"},
		{ID: "DC4", Title: "Incidents", Has: counted(incidents, "incident", "incidents") + ", " + page.Count(describe) + " to be described", Where: "/system#incidents", Label: "System description"},
		{ID: "DC5", Title: "Criteria or objectives, and controls", Has: page.Count(served) + " of " + page.Count(len(cov.Served)) + " " + what + " with controls, " + page.Plural(cov.Controls, "control", "controls"), Where: "/controls", Label: "Controls"},
		{ID: "DC6", Title: "Complementary user entity controls", Has: counted(cuecs, "control at user entities", "controls at user entities"), Where: "/system#subservice", Label: "System description"},
		{ID: "DC7", Title: "Subservice organisations", Has: subservice(d), Where: "/vendors", Label: "Vendors"},
		{ID: "DC8", Title: "What does not apply, with reasons", Has: counted(len(d.NotApplicable), "criterion with a reason", "criteria with reasons"), Where: "/system#exclusions", Label: "System description"},
		{ID: "DC9", Title: "Significant changes", Has: counted(len(d.Changes), "change", "changes"), Where: "/changes", Label: "Changes"},
	}
	out = slices.DeleteFunc(out, func(x element) bool {
		return x.ID == "DC9" && e.Type == 1 || e.Report == engagement.SOC1 && (x.ID == "DC2" || x.ID == "DC8") || e.Report == engagement.SOC3 && x.ID == "DC4"
	})
	for i := range out {
		for _, f := range rep.Findings {
			if f.Criterion == out[i].ID {
				out[i].Findings = append(out[i].Findings, f)
			}
		}
	}
	return out
}

func subservice(d org.Description) string {
	if len(d.Subservice) == 0 {
		return "no subservice organisations"
	}
	var out []string
	for _, s := range d.Subservice {
		out = append(out, s.Name+" ("+string(s.Method)+")")
	}
	return strings.Join(out, ", ")
}

// scoped gathers what the Scope page shows, with the rights of the reader.
func (p *pages) scoped(r *page.Request, e engagement.Engagement) (x scoped, err error) {
	x = scoped{E: e, Client: true}
	if x.Coverage, err = p.Engagement.Coverage(r.Context(), r.Read(), r.Now, e); err != nil {
		return x, err
	}
	if x.Changes, err = p.Engagement.ScopeChanges(r.Context(), r.Read(), e.ID); err != nil {
		return x, err
	}
	if x.Names, err = p.View.PersonNames(r.Context(), r.Read()); err != nil {
		return x, err
	}
	d, err := p.System.Description(r.Context(), r.Read(), r.Now)
	if err != nil {
		return x, err
	}
	rep, err := p.Engagement.CheckDescription(r.Context(), r.Read(), r.Now, e.Ref, d)
	if err != nil {
		x.Checked = page.Sentence(err)
		return x, nil
	}
	cuecs, err := p.Engagement.UserEntityControls(r.Context(), r.Read(), r.Now)
	if err != nil {
		return x, err
	}
	x.Parts = parts(d, e, rep, x.Coverage, cuecs)
	for _, f := range rep.Findings {
		if f.Criterion == "" {
			x.Words = append(x.Words, f)
		}
	}
	return x, nil
}

func (p *pages) scope(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	x, err := p.scoped(r, e)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, scopePage(r, x))
}

func (p *pages) scopeForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	f := page.NewForm("from", e.Period.From.String(), "to", e.Period.Last().String(), "as_of", e.Period.From.String(), "plus", e.Plus)
	f.Values["categories"] = e.Categories
	var own []string
	for _, o := range e.Objectives {
		if o.Own {
			own = append(own, o.ID+": "+o.Statement)
		} else {
			f.Values.Add("objectives", o.ID)
		}
	}
	f.Values.Set("own", strings.Join(own, "\n"))
	return r.RenderPanel(http.StatusOK, scopePanel(r, f, e, creating{Categories: p.View.Catalog().Categories(), Processes: processes(p.View.Catalog())}))
}

func (p *pages) changeScope(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	t := engagement.Terms{Categories: f.Values["categories"], Objectives: keepControls(objectivesOf(f), e.Objectives), Plus: f.Get("plus"), Period: coverageOf(f, e.Type)}
	if f.OK() {
		c, warnings, err := p.Engagement.ChangeScope(r.Context(), scope, r.Now, e.Ref, f.Base(), t, f.Get("reason"))
		if err == nil {
			said := "The scope is changed."
			if c.State == engagement.Proposed {
				said = "The change waits for the auditor's consent."
			}
			if len(warnings) > 0 {
				said += " Note: " + strings.Join(warnings, "; ") + "."
			}
			return r.Redirect(page.EngagementPath(e.Ref, "scope"), said)
		}
		if !stale(f, err) && !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), scopePanel(r, f, e, creating{Categories: p.View.Catalog().Categories(), Processes: processes(p.View.Catalog())}))
}

// keepControls gives objectives that stay what the form does not show.
func keepControls(list, before []engagement.Objective) []engagement.Objective {
	for i, o := range list {
		for _, b := range before {
			if strings.EqualFold(strings.TrimSpace(o.ID), b.ID) {
				list[i].Controls, list[i].By = b.Controls, b.By
				if o.Own {
					list[i].Process, list[i].Assertions = b.Process, b.Assertions
				}
			}
		}
	}
	return list
}

// differences are a change of scope in words.

func differences(c engagement.ScopeChange) []string {
	var out []string
	ids := func(t engagement.Terms) []string {
		list := slices.Clone(t.Categories)
		for _, o := range t.Objectives {
			list = append(list, o.ID)
		}
		return list
	}
	was, is := ids(c.Was), ids(c.Becomes)
	for _, id := range is {
		if !slices.Contains(was, id) {
			out = append(out, "adds "+strings.ReplaceAll(id, "_", " "))
		}
	}
	for _, id := range was {
		if !slices.Contains(is, id) {
			out = append(out, "takes out "+strings.ReplaceAll(id, "_", " "))
		}
	}
	if c.Was.Period != c.Becomes.Period {
		out = append(out, "covers "+page.PeriodText(c.Becomes.Period)+" instead of "+page.PeriodText(c.Was.Period))
	}
	if c.Was.Plus != c.Becomes.Plus {
		if c.Becomes.Plus == "" {
			out = append(out, "without "+c.Was.Plus)
		} else {
			out = append(out, "together with "+c.Becomes.Plus)
		}
	}
	if len(out) == 0 {
		out = append(out, "changes the wording of objectives")
	}
	return out
}

func changeSign(s engagement.ChangeState) sign {
	switch s {
	case engagement.Applied:
		return sign{"prog", "Holds"}
	case engagement.Proposed:
		return sign{"risk", "Waits for the auditor"}
	case engagement.Refused:
		return sign{"na", "Refused"}
	}
	return sign{"na", string(s)}
}
