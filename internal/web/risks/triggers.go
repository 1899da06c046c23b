package risks

import (
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/web/page"
)

func triggerKinds() []page.Option {
	var out []page.Option
	for _, k := range risk.TriggerKinds() {
		out = append(out, page.Option{Value: string(k), Label: k.Title()})
	}
	return out
}

var triggerList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Event", Sort: true}, {Key: "title", Title: "What changes", Sort: true, Wide: true}, {Key: "kind", Title: "Kind", Sort: true, Opt: true},
		{Key: "state", Title: "Review"}, {Key: "reviewed", Title: "Reviewed", Num: true, Opt: true}, {Key: "effective", Title: "In effect from", Sort: true, Num: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "Review", Kind: page.Segments, Options: []page.Option{{Value: "waiting", Label: "To be reviewed", Status: "prog"}, {Value: "reviewed", Label: "Reviewed", Status: "pass"}, {Value: "dropped", Label: "Dropped", Status: "na"}}},
		{Key: "kind", Title: "Kind", Kind: page.Select, Options: triggerKinds()},
	},
	Search: "Find an event", Sort: "-effective", One: "event", Many: "events",
}

func (p *pages) triggers(r *page.Request) error {
	t, err := r.Table(&triggerList)
	if err != nil {
		return err
	}
	f := risk.TriggerFilter{Kind: risk.TriggerKind(t.Filter("kind")), State: t.Filter("state")}
	if t.Exporting() {
		return r.Export(t, "risk-reviews", []string{"Event", "Title", "Text", "Kind", "In effect from", "Recorded", "Review", "Reviewed", "Outcome", "Risks"}, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Risks.ListTriggers(r.Context(), r.Read(), f, q)
			var out [][]any
			for _, x := range res.Rows {
				_, words := triggerSign(x, period.Of(r.Now))
				line := []any{x.Ref, x.Title, x.Text, x.Kind.Title(), x.Effective.String(), x.Created, words, nil, nil, nil}
				if x.Look != nil {
					line[7], line[8], line[9] = x.Look.At, x.Look.Outcome, strings.Join(x.Look.Risks, " ")
				}
				out = append(out, line)
			}
			return out, res.Total, err
		})
	}
	res, err := p.Risks.ListTriggers(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	r.Crumbs = []page.Crumb{{Text: "Risks", Href: register}, {Text: "Reviews of change"}}
	part := triggerRows(r, t, res.Rows)
	return r.Render(http.StatusOK, triggersPage(r, t, part), page.Part(t.ID(), part))
}

func (p *pages) trigger(r *page.Request) error {
	x, err := p.Risks.Trigger(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	who := []string{x.Author}
	if x.Look != nil {
		who = append(who, x.Look.Actor)
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return err
	}
	r.Title = x.Ref + " " + x.Title
	r.Crumbs = []page.Crumb{{Text: "Risks", Href: register}, {Text: "Reviews of change", Href: reviews}, {Text: x.Ref}}
	return r.Render(http.StatusOK, triggerPage(r, x, names))
}

func noticeOf(f *page.Form) risk.Notice {
	return risk.Notice{Kind: risk.TriggerKind(f.Get("kind")), Title: f.Get("title"), Text: f.Values.Get("text"), Effective: parseDay(f, "effective"), About: f.Get("about")}
}

func (p *pages) newTrigger(r *page.Request) error {
	f := page.NewForm("about", r.Query("about"), "title", page.Short(r.Query("title"), risk.MaxTitle), "effective", r.Query("effective"))
	return r.RenderPanel(http.StatusOK, triggerPanel(r, f, newTriggerForm(), 0))
}

func newTriggerForm() page.PanelForm {
	return page.PanelForm{Title: "An event that may change risks", Sub: "It is reviewed before the day on which it takes effect.", Action: reviews + "/new", Button: "Record it", Back: reviews}
}

func (p *pages) addTrigger(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	n := noticeOf(f)
	if f.OK() {
		x, err := p.Risks.AddTrigger(r.Context(), scope, r.Now, n)
		if err == nil {
			return r.Redirect(reviewURL(x.Ref), x.Ref+" is recorded.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), triggerPanel(r, f, newTriggerForm(), 0))
}

func editTriggerForm(x risk.Trigger) page.PanelForm {
	return page.PanelForm{Title: "Edit " + x.Ref, Action: reviewURL(x.Ref) + "/edit", Button: "Save", Back: reviewURL(x.Ref)}
}

func (p *pages) triggerForm(r *page.Request) error {
	x, err := p.Risks.Trigger(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm("kind", string(x.Kind), "title", x.Title, "text", x.Text, "effective", dateField(x.Effective), "about", x.About)
	return r.RenderPanel(http.StatusOK, triggerPanel(r, f, editTriggerForm(x), x.Version))
}

// turn does something about an event.
func (p *pages) turn(r *page.Request, do func(scope access.Scope, x risk.Trigger, f *page.Form) (string, error), draw func(x risk.Trigger, f *page.Form) templComponent) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Risks.Trigger(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	said, err := do(scope, x, f)
	if err == nil && f.OK() {
		return r.Redirect(reviewURL(x.Ref), said)
	}
	if err != nil && !staleTrigger(f, err) && !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), draw(x, f))
}

func (p *pages) editTrigger(r *page.Request) error {
	return p.turn(r, func(scope access.Scope, x risk.Trigger, f *page.Form) (string, error) {
		n := noticeOf(f)
		if !f.OK() {
			return "", nil
		}
		_, err := p.Risks.EditTrigger(r.Context(), scope, r.Now, x.Ref, f.Base(), n)
		return x.Ref + " saved.", err
	}, func(x risk.Trigger, f *page.Form) templComponent {
		return triggerPanel(r, f, editTriggerForm(x), x.Version)
	})
}

func (p *pages) askTrigger(r *page.Request, draw func(x risk.Trigger) templComponent) error {
	x, err := p.Risks.Trigger(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, draw(x))
}

func (p *pages) lookForm(r *page.Request) error {
	return p.askTrigger(r, func(x risk.Trigger) templComponent { return lookPanel(r, page.NewForm(), x) })
}

func (p *pages) look(r *page.Request) error {
	return p.turn(r, func(scope access.Scope, x risk.Trigger, f *page.Form) (string, error) {
		_, err := p.Risks.LookAt(r.Context(), scope, r.Now, x.Ref, f.Base(), f.Values.Get("outcome"), strings.Fields(strings.Join(lines(f.Get("risks")), " ")))
		return "The review of " + x.Ref + " is recorded.", err
	}, func(x risk.Trigger, f *page.Form) templComponent { return lookPanel(r, f, x) })
}

func (p *pages) dropForm(r *page.Request) error {
	return p.askTrigger(r, func(x risk.Trigger) templComponent { return dropPanel(r, page.NewForm(), x) })
}

func (p *pages) drop(r *page.Request) error {
	return p.turn(r, func(scope access.Scope, x risk.Trigger, f *page.Form) (string, error) {
		_, err := p.Risks.Drop(r.Context(), scope, r.Now, x.Ref, f.Base(), f.Values.Get("why"))
		return x.Ref + " does not come about.", err
	}, func(x risk.Trigger, f *page.Form) templComponent { return dropPanel(r, f, x) })
}
