package risks

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// riskView is everything the page of a risk shows.
type riskView struct {
	risk.FrozenRisk
	Scale    risk.Scale
	Today    period.Date
	Controls []view.ControlRow
	Concerns []concern
	History  []risk.Version
	Names    map[string]string
}

// band is the band of a rating.
func (v riskView) band(x risk.Rating) risk.Band { return v.Scale.Band(x) }

// changes are what a version changed against the one before.
func (v riskView) changes(i int) []risk.Difference {
	if i+1 >= len(v.History) {
		return nil
	}
	out := risk.Diff(v.History[i+1].Risk, v.History[i].Risk)
	for j := range out {
		if out[j].Field == "owner" {
			out[j].Was, out[j].Became = v.person(out[j].Was), v.person(out[j].Became)
		}
	}
	return out
}

func (v riskView) person(id string) string {
	switch {
	case id == "":
		return "nobody"
	case v.Names[id] != "":
		return v.Names[id]
	}
	return id
}

func (p *pages) risk(r *page.Request) error {
	v, err := p.readRisk(r)
	if err != nil {
		return err
	}
	r.Title = v.Ref + " " + v.Title
	r.Crumbs = []page.Crumb{{Text: "Risks", Href: register}, {Text: v.Ref}}
	return r.Render(http.StatusOK, riskPage(r, v))
}

func (p *pages) readRisk(r *page.Request) (riskView, error) {
	v := riskView{Today: period.Of(r.Now)}
	x, err := p.Risks.Risk(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return v, err
	}
	around, err := p.Around(r.Now)(r.Context(), r.Read(), []risk.Risk{x})
	if err != nil {
		return v, err
	}
	v.FrozenRisk = around[0]
	if v.Scale, err = p.Risks.Scale(r.Context(), r.Read()); err != nil {
		return v, err
	}
	for _, c := range x.Controls {
		list, err := p.View.Controls(r.Context(), r.Read(), view.ControlFilter{}, paging.Query{Search: c, Size: paging.DefaultSize}, r.Now)
		if err != nil {
			return v, err
		}
		row := view.ControlRow{Ref: c}
		for _, y := range list.Rows {
			if y.Ref == c {
				row = y
			}
		}
		v.Controls = append(v.Controls, row)
	}
	if v.Concerns, err = p.concerns(r); err != nil {
		return v, err
	}
	if v.History, err = p.Risks.History(r.Context(), r.Read(), x.ID); err != nil {
		return v, err
	}
	who := []string{x.ReviewedBy, x.Owner}
	if a := x.Acceptance; a != nil {
		who = append(who, a.Actor)
	}
	for _, e := range x.Escalations {
		who = append(who, e.Actor)
	}
	for _, h := range v.History {
		who = append(who, h.Actor, h.Risk.Owner)
	}
	v.Names, err = p.ownerNames(r, who...)
	return v, err
}

// act asks for something about a risk and does it: the form, what it does, and how it is drawn again.
func (p *pages) act(r *page.Request, do func(scope access.Scope, x risk.Risk, f *page.Form) (string, error), draw func(x risk.Risk, f *page.Form) templComponent) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Risks.Risk(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	said, err := do(scope, x, f)
	if err == nil && f.OK() {
		return r.Redirect(riskURL(x.Ref), said)
	}
	if err != nil && !p.stale(r, f, err) && !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), draw(x, f))
}

func (p *pages) ask(r *page.Request, draw func(x risk.Risk) templComponent) error {
	x, err := p.Risks.Risk(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, draw(x))
}

func (p *pages) acceptForm(r *page.Request) error {
	return p.ask(r, func(x risk.Risk) templComponent {
		return acceptPanel(r, page.NewForm("until", (period.Of(r.Now)+365).String()), x)
	})
}

func (p *pages) accept(r *page.Request) error {
	return p.act(r, func(scope access.Scope, x risk.Risk, f *page.Form) (string, error) {
		until := parseDay(f, "until")
		if !f.OK() {
			return "", nil
		}
		_, err := p.Risks.Accept(r.Context(), scope, r.Now, x.Ref, f.Base(), until, f.Values.Get("why"))
		if errs.Is(err, errs.Denied) && scope.Can(access.AcceptRisks) { // the owner's own risk: a rule, not a right
			f.Problem, f.Hint = page.Sentence(err), errs.HintOf(err)
			return "", nil
		}
		return x.Ref + " is accepted until " + page.DateText(until) + ".", err
	}, func(x risk.Risk, f *page.Form) templComponent { return acceptPanel(r, f, x) })
}

func (p *pages) revokeForm(r *page.Request) error {
	return p.ask(r, func(x risk.Risk) templComponent { return revokePanel(r, page.NewForm(), x) })
}

func (p *pages) revoke(r *page.Request) error {
	return p.act(r, func(scope access.Scope, x risk.Risk, f *page.Form) (string, error) {
		_, err := p.Risks.Revoke(r.Context(), scope, r.Now, x.Ref, f.Base(), f.Values.Get("why"))
		return "The acceptance of " + x.Ref + " is revoked.", err
	}, func(x risk.Risk, f *page.Form) templComponent { return revokePanel(r, f, x) })
}

func (p *pages) reviewForm(r *page.Request) error {
	return p.ask(r, func(x risk.Risk) templComponent {
		return reviewPanel(r, page.NewForm("review", (period.Of(r.Now)+182).String()), x)
	})
}

func (p *pages) review(r *page.Request) error {
	return p.act(r, func(scope access.Scope, x risk.Risk, f *page.Form) (string, error) {
		next := parseDay(f, "review")
		if !f.OK() {
			return "", nil
		}
		_, err := p.Risks.Review(r.Context(), scope, r.Now, x.Ref, f.Base(), next, f.Values.Get("note"))
		return x.Ref + " was looked at.", err
	}, func(x risk.Risk, f *page.Form) templComponent { return reviewPanel(r, f, x) })
}

func (p *pages) closeForm(r *page.Request) error {
	return p.ask(r, func(x risk.Risk) templComponent { return closePanel(r, page.NewForm(), x) })
}

func (p *pages) closeRisk(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Risks.Close(r.Context(), scope, r.Now, r.Arg("ref"), f.Base(), f.Values.Get("why"))
	if err == nil {
		return r.RedirectUndo(riskURL(x.Ref), x.Ref+" is closed.", riskURL(x.Ref)+"/reopen", map[string]string{})
	}
	if !p.stale(r, f, err) && !f.Take(err) {
		return err
	}
	if x, err = p.Risks.Risk(r.Context(), r.Read(), r.Arg("ref")); err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), closePanel(r, f, x))
}

func (p *pages) reopen(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Risks.Reopen(r.Context(), scope, r.Now, r.Arg("ref"), f.Base())
	if err != nil {
		return err
	}
	return r.Redirect(riskURL(x.Ref), x.Ref+" is open again.")
}

func (p *pages) treatmentForm(r *page.Request) error {
	x, err := p.Risks.Risk(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	owner := ""
	if strings.HasPrefix(x.Owner, "usr_") {
		owner = x.Owner
	}
	return p.showTreatment(r, page.NewForm("owner", owner), x)
}

func (p *pages) showTreatment(r *page.Request, f *page.Form, x risk.Risk) error {
	members, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return err
	}
	owners := []page.Option{{Value: "", Label: "Nobody"}}
	for _, m := range members {
		if !m.Disabled && m.Role.May(access.WorkTasks) {
			owners = append(owners, page.Option{Value: string(m.ID), Label: m.Name + ", " + m.Role.Title()})
		}
	}
	return r.RenderPanel(f.Status(), treatmentPanel(r, f, x, owners))
}

// addTreatment opens a task that lowers the risk.
func (p *pages) addTreatment(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Risks.Risk(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	due := parseDay(f, "due")
	if f.OK() && due == 0 {
		f.Wrong("due", "Say by when. A treatment without a day is never late.")
	}
	if f.OK() {
		around, err := p.Around(r.Now)(r.Context(), r.Read(), []risk.Risk{x})
		if err != nil {
			return err
		}
		t, err := p.Work.Open(r.Context(), scope, r.Now, work.New{Title: f.Get("title"), Text: f.Values.Get("text"), Source: work.FromRisk, SourceRef: treatmentRef(around[0]), Owner: f.Get("owner"), Due: due})
		if err == nil {
			return r.Redirect(riskURL(x.Ref), t.Ref+" treats "+x.Ref+".")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showTreatment(r, f, x)
}

// treatmentRef names the next treatment of a risk: "R-012/3".
func treatmentRef(x risk.FrozenRisk) string { return x.Ref + "/" + stepValue(len(x.Treatments)+1) }

func (p *pages) escalateForm(r *page.Request) error {
	return p.ask(r, func(x risk.Risk) templComponent {
		return escalatePanel(r, page.NewForm("task", r.Query("task")), x)
	})
}

func (p *pages) escalate(r *page.Request) error {
	return p.act(r, func(scope access.Scope, x risk.Risk, f *page.Form) (string, error) {
		task, err := p.Work.Task(r.Context(), r.Read(), f.Get("task"))
		if errs.Is(err, errs.NotFound) {
			task, err = work.Task{}, nil
		}
		if err != nil {
			return "", err
		}
		if ref, _, _ := strings.Cut(task.SourceRef, "/"); ref != x.Ref {
			f.Wrong("task", "That is no treatment of "+x.Ref+".")
			return "", nil
		}
		_, err = p.Risks.Escalate(r.Context(), scope, r.Now, x.Ref, task.Ref, f.Get("to"), f.Values.Get("why"))
		return task.Ref + " is escalated.", err
	}, func(x risk.Risk, f *page.Form) templComponent { return escalatePanel(r, f, x) })
}

func controlURL(ref string) string { return "/c/" + url.PathEscape(ref) }
func taskURL(ref string) string    { return "/tasks/" + url.PathEscape(ref) }
