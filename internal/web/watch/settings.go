package watch

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/web/page"
)

func (p *pages) silences(r *page.Request) error {
	all, err := p.Alerts.Silences(r.Context(), r.Read())
	if err != nil {
		return err
	}
	var who []string
	for _, h := range all {
		who = append(who, string(h.Owner))
	}
	names, err := p.names(r, who...)
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Alerts", Href: alertsPlace}, {Text: "Silences"}}
	return r.Render(http.StatusOK, silencesPage(r, all, names))
}

func (p *pages) silence(r *page.Request) error {
	h, err := p.Alerts.Silence(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	t, err := r.Table(&signalSpec)
	if err != nil {
		return err
	}
	if t.Exporting() {
		from, err := p.origins(r)
		if err != nil {
			return err
		}
		return exportSignals(r, t, from, h.Ref+"-signals", func(q paging.Query) (paging.Result[alert.Kept], error) {
			return p.Alerts.Hushed(r.Context(), r.Read(), h.Ref, q)
		})
	}
	kept, err := p.Alerts.Hushed(r.Context(), r.Read(), h.Ref, t.Query)
	if err != nil {
		return err
	}
	t.Total = kept.Total
	who := []string{string(h.Owner)}
	if h.Ended != nil {
		who = append(who, h.Ended.Actor)
	}
	names, err := p.names(r, who...)
	if err != nil {
		return err
	}
	r.Title = h.Ref
	r.Crumbs = []page.Crumb{{Text: "Alerts", Href: alertsPlace}, {Text: "Silences", Href: silencesPlace}, {Text: h.Ref}}
	part := hushedRows(r, t, kept.Rows)
	return r.Render(http.StatusOK, silencePage(r, h, names, part), page.Part(t.ID(), part))
}

// usualSilence is how long a silence lasts unless somebody says otherwise.
const usualSilence = 7 * 24 * time.Hour

func (p *pages) silenceDraw(r *page.Request, f *page.Form) (templ.Component, error) {
	people, err := p.people(r, "")
	return silencePanel(r, f, people), err
}

func (p *pages) silenceForm(r *page.Request) error {
	f := page.NewForm("ends", field(r.Now.Add(usualSilence)), "owner", string(r.Grant.User.ID))
	if ref := r.Query("alert"); ref != "" {
		a, err := p.Alerts.Alert(r.Context(), r.Read(), ref)
		if err != nil {
			return err
		}
		f.Values.Set("alert", a.Ref)
		f.Values.Set("entity", a.Entity)
		if len(a.Rules) > 0 {
			f.Values.Set("rule", a.Rules[0])
		}
	}
	part, err := p.silenceDraw(r, f)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, part)
}

func (p *pages) addSilence(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	h := alert.Hush{Match: alert.Matcher{Rule: f.Get("rule"), Entity: f.Get("entity"), Source: f.Get("source")}, Reason: f.Values.Get("reason"), Owner: access.UserID(f.Get("owner")), Ends: parseInstant(f, "ends"), Alert: f.Get("alert")}
	if f.OK() {
		h, err = p.Alerts.AddSilence(r.Context(), scope, r.Now, h)
	}
	return answer(r, f, err, silenceURL(h.Ref), h.Ref+" keeps matching signals quiet. They are counted all the same.", func() (templ.Component, error) { return p.silenceDraw(r, f) })
}

func (p *pages) endSilenceForm(r *page.Request) error {
	h, err := p.Alerts.Silence(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, endSilencePanel(r, page.NewForm(), h))
}

func (p *pages) endSilence(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	h, err := p.Alerts.Silence(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	_, err = p.Alerts.EndSilence(r.Context(), scope, r.Now, h.Ref)
	return answer(r, f, err, silenceURL(h.Ref), h.Ref+" has ended.", func() (templ.Component, error) { return endSilencePanel(r, f, h), nil })
}

// routingView is everything the page of who is told shows.
type routingView struct {
	alert.Routing
	Names      map[string]string
	Channels   map[string]string
	Now, Next  string // who is on call, by name
	Turns      []alert.Turn
	HasChannel bool // some route of notifications carries alerts
}

func (v routingView) persons(list []access.UserID) string {
	var out []string
	for _, who := range list {
		out = append(out, orNobody(v.Names[string(who)]))
	}
	return strings.Join(out, ", ")
}

// whom is who a rule tells, in words.
func (v routingView) whom(x alert.Rule) string {
	var out []string
	if x.OnCall {
		out = append(out, "whoever is on call")
	}
	if s := v.persons(x.People); s != "" {
		out = append(out, s)
	}
	for _, c := range x.Channels {
		name := v.Channels[c]
		if name == "" {
			name = "a route that was removed"
		}
		out = append(out, "route "+name)
	}
	if len(x.Channels) == 0 {
		out = append(out, "every route that carries alerts")
	}
	return strings.Join(out, "; ")
}

func (p *pages) routes(r *page.Request) ([]notify.Route, error) {
	all, err := p.Notify.Routes(r.Context(), r.Read())
	if errs.Is(err, errs.Denied) {
		return nil, nil
	}
	return slices.DeleteFunc(all, func(x notify.Route) bool { return !x.Carries(notify.AlertRaised) && !x.Carries(notify.AlertEscalated) }), err
}

func (p *pages) routing(r *page.Request) error {
	var v routingView
	var err error
	if v.Routing, err = p.Alerts.Routing(r.Context(), r.Read()); err != nil {
		return err
	}
	channels, err := p.routes(r)
	if err != nil {
		return err
	}
	v.HasChannel, v.Channels = len(channels) > 0, map[string]string{}
	for _, c := range channels {
		v.Channels[string(c.ID)] = c.Name
	}
	v.Turns = v.Rota.Turns(r.Now, 6)
	now, next := v.Rota.At(r.Now)
	who := []string{v.Actor, string(now), string(next)}
	for _, x := range v.Rules {
		for _, id := range slices.Concat(x.People, x.Then) {
			who = append(who, string(id))
		}
	}
	for _, id := range v.Rota.People {
		who = append(who, string(id))
	}
	for _, o := range v.Rota.Overrides {
		who = append(who, string(o.Person))
	}
	if v.Names, err = p.names(r, who...); err != nil {
		return err
	}
	v.Now, v.Next = v.Names[string(now)], v.Names[string(next)]
	r.Crumbs = []page.Crumb{{Text: "Alerts", Href: alertsPlace}, {Text: "Who is told"}}
	return r.Render(http.StatusOK, routingPage(r, v))
}

// ruleAt reads which rule a form is about: its number from 1; 0 for a new one.
func ruleAt(s string, v alert.Routing) (int, error) {
	if s == "" || s == "0" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > len(v.Rules) {
		return 0, errs.New(errs.NotFound, "there is no rule %q", s)
	}
	return n, nil
}

func (p *pages) ruleDraw(r *page.Request, f *page.Form, v alert.Routing) (templ.Component, error) {
	var keep []access.UserID
	for _, x := range v.Rules {
		keep = slices.Concat(keep, x.People, x.Then)
	}
	people, err := p.people(r, "", keep...)
	if err != nil {
		return nil, err
	}
	channels, err := p.routes(r)
	if err != nil {
		return nil, err
	}
	var options []page.Option
	for _, c := range channels {
		options = append(options, page.Option{Value: string(c.ID), Label: c.Name})
	}
	return rulePanel(r, f, v, people, options), nil
}

func (p *pages) ruleForm(r *page.Request) error {
	v, err := p.Alerts.Routing(r.Context(), r.Read())
	if err != nil {
		return err
	}
	n, err := ruleAt(r.Query("n"), v)
	if err != nil {
		return err
	}
	f := page.NewForm("n", strconv.Itoa(n), "at_least", string(alert.High), "on_call", "yes", "minutes", "15")
	if n > 0 {
		x := v.Rules[n-1]
		f = page.NewForm("n", strconv.Itoa(n), "name", x.Name, "at_least", string(x.AtLeast), "technique", x.Technique, "source", x.Source, "minutes", strconv.Itoa(x.Minutes))
		if x.OnCall {
			f.Values.Set("on_call", "yes")
		}
		for _, who := range x.People {
			f.Values.Add("people", string(who))
		}
		for _, who := range x.Then {
			f.Values.Add("then", string(who))
		}
		for _, c := range x.Channels {
			f.Values.Add("channels", c)
		}
	}
	part, err := p.ruleDraw(r, f, v)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, part)
}

func users(list []string) []access.UserID {
	var out []access.UserID
	for _, s := range list {
		out = append(out, access.UserID(s))
	}
	return out
}

// number reads a whole number; empty is 0.
func number(f *page.Form, name string) int {
	if f.Get(name) == "" {
		return 0
	}
	n, err := strconv.Atoi(f.Get(name))
	if err != nil {
		f.Wrong(name, "Give a whole number.")
	}
	return n
}

// route changes the routing on top of what the reader saw.
func (p *pages) route(r *page.Request, said string, do func(f *page.Form, v *alert.Routing) error, draw func(f *page.Form, v alert.Routing) (templ.Component, error)) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	v, err := p.Alerts.Routing(r.Context(), r.Read())
	if err != nil {
		return err
	}
	next := v
	next.Rules, next.Rota.People, next.Rota.Overrides = slices.Clone(v.Rules), slices.Clone(v.Rota.People), slices.Clone(v.Rota.Overrides)
	err = do(f, &next)
	if err == nil && f.OK() {
		_, err = p.Alerts.SetRouting(r.Context(), scope, r.Now, f.Base(), next)
	}
	return answer(r, f, err, routingPlace, said, func() (templ.Component, error) { return draw(f, v) })
}

func (p *pages) saveRule(r *page.Request) error {
	return p.route(r, "The rule is saved.", func(f *page.Form, v *alert.Routing) error {
		n, err := ruleAt(f.Get("n"), *v)
		if err != nil {
			return err
		}
		x := alert.Rule{Name: f.Get("name"), AtLeast: alert.Level(f.Get("at_least")), Technique: f.Get("technique"), Source: f.Get("source"), OnCall: f.Checked("on_call"), People: users(f.Values["people"]), Channels: f.Values["channels"],
			Minutes: number(f, "minutes"), Then: users(f.Values["then"])}
		if n == 0 {
			v.Rules = append(v.Rules, x)
		} else {
			v.Rules[n-1] = x
		}
		return nil
	}, func(f *page.Form, v alert.Routing) (templ.Component, error) { return p.ruleDraw(r, f, v) })
}

func (p *pages) removeRuleForm(r *page.Request) error {
	v, err := p.Alerts.Routing(r.Context(), r.Read())
	if err != nil {
		return err
	}
	n, err := ruleAt(r.Query("n"), v)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, removeRulePanel(r, page.NewForm("n", strconv.Itoa(n)), v, ruleName(v, n)))
}

func ruleName(v alert.Routing, n int) string {
	if n < 1 || n > len(v.Rules) {
		return ""
	}
	return v.Rules[n-1].Name
}

func (p *pages) removeRule(r *page.Request) error {
	return p.route(r, "The rule is removed.", func(f *page.Form, v *alert.Routing) error {
		n, err := ruleAt(f.Get("n"), *v)
		if err != nil || n == 0 {
			return errs.New(errs.Invalid, "choose a rule to remove")
		}
		v.Rules = slices.Delete(v.Rules, n-1, n)
		return nil
	}, func(f *page.Form, v alert.Routing) (templ.Component, error) {
		n, _ := strconv.Atoi(f.Get("n"))
		return removeRulePanel(r, f, v, ruleName(v, n)), nil
	})
}

// rotaPlaces is how many people a rota may have in the form.
const rotaPlaces = 8

func (p *pages) rotaDraw(r *page.Request, f *page.Form, v alert.Routing) (templ.Component, error) {
	people, err := p.people(r, "Nobody", v.Rota.People...)
	return rotaPanel(r, f, v, people), err
}

func (p *pages) rotaForm(r *page.Request) error {
	v, err := p.Alerts.Routing(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := page.NewForm("first", field(v.Rota.First))
	if v.Rota.First.IsZero() {
		day := r.Now.UTC().Truncate(24 * time.Hour)
		f.Values.Set("first", field(day.AddDate(0, 0, -int(day.Weekday()+6)%7).Add(9*time.Hour)))
	}
	for i, who := range v.Rota.People {
		f.Values.Set("p"+strconv.Itoa(i+1), string(who))
	}
	part, err := p.rotaDraw(r, f, v)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, part)
}

func (p *pages) saveRota(r *page.Request) error {
	return p.route(r, "The rota is saved.", func(f *page.Form, v *alert.Routing) error {
		v.Rota.First, v.Rota.People = parseInstant(f, "first"), nil
		for i := range rotaPlaces {
			if who := f.Get("p" + strconv.Itoa(i+1)); who != "" {
				v.Rota.People = append(v.Rota.People, access.UserID(who))
			}
		}
		return nil
	}, func(f *page.Form, v alert.Routing) (templ.Component, error) { return p.rotaDraw(r, f, v) })
}

func (p *pages) overrideDraw(r *page.Request, f *page.Form, v alert.Routing) (templ.Component, error) {
	people, err := p.people(r, "Choose somebody")
	return overridePanel(r, f, v, people), err
}

func (p *pages) overrideForm(r *page.Request) error {
	v, err := p.Alerts.Routing(r.Context(), r.Read())
	if err != nil {
		return err
	}
	part, err := p.overrideDraw(r, page.NewForm("from", field(r.Now), "to", field(r.Now.Add(24*time.Hour)), "person", string(r.Grant.User.ID)), v)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, part)
}

// addOverride puts somebody on call; what is over goes out of the list, and stays in the versions before.
func (p *pages) addOverride(r *page.Request) error {
	return p.route(r, "It is entered.", func(f *page.Form, v *alert.Routing) error {
		o := alert.Override{From: parseInstant(f, "from"), To: parseInstant(f, "to"), Person: access.UserID(f.Get("person"))}
		v.Rota.Overrides = append(slices.DeleteFunc(v.Rota.Overrides, func(x alert.Override) bool { return x.To.Before(r.Now) }), o)
		return nil
	}, func(f *page.Form, v alert.Routing) (templ.Component, error) { return p.overrideDraw(r, f, v) })
}
