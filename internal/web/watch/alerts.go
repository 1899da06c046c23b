package watch

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

func levelOptions() []page.Option {
	var out []page.Option
	for _, l := range slices.Backward(alert.Levels()) {
		out = append(out, page.Option{Value: string(l), Label: l.Title()})
	}
	return out
}

func kindOptions() []page.Option {
	var out []page.Option
	for _, k := range alert.Kinds() {
		out = append(out, page.Option{Value: string(k), Label: k.Title()})
	}
	return out
}

func verdictOptions() []page.Option {
	var out []page.Option
	for _, v := range alert.Verdicts() {
		out = append(out, page.Option{Value: string(v), Label: v.Title()})
	}
	return out
}

var queueSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "level", Title: "Severity", Sort: true}, {Key: "ref", Title: "Alert", Sort: true}, {Key: "title", Title: "Story and rule", Sort: true}, {Key: "entity", Title: "Entity", Sort: true, Opt: true},
		{Key: "raised", Title: "Age", Sort: true, Num: true}, {Key: "state", Title: "State", Sort: true}, {Key: "owner", Title: "Owner", Sort: true, Opt: true},
		{Key: "do", Title: "What to do", Quiet: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, All: "All", Options: []page.Option{{Value: "waiting", Label: "Waiting", Status: "risk"}, {Value: "acknowledged", Label: "Acknowledged", Status: "prog"}, {Value: "closed", Label: "Closed", Status: "na"}}},
		{Key: "level", Title: "Severity", Kind: page.Select, Options: levelOptions()},
		{Key: "kind", Title: "How it was noticed", Kind: page.Select, Options: kindOptions()},
		{Key: "owner", Title: "Owner", Kind: page.Select, Options: []page.Option{{Value: "me", Label: "Mine"}, {Value: "nobody", Label: "Nobody's"}}},
		{Key: "verdict", Title: "Verdict", Kind: page.Select, Options: verdictOptions()},
		{Key: "from", Title: "From", Kind: page.Date}, {Key: "to", Title: "To", Kind: page.Date},
	},
	Search: "Find by words, entity, rule or technique", One: "alert", Many: "alerts",
}

func days(t *page.Table) (from, to time.Time) {
	if d, err := time.Parse(time.DateOnly, t.Filter("from")); err == nil {
		from = d
	}
	if d, err := time.Parse(time.DateOnly, t.Filter("to")); err == nil {
		to = d.AddDate(0, 0, 1)
	}
	return from, to
}

func queueFilter(r *page.Request, t *page.Table) alert.Filter {
	f := alert.Filter{Level: alert.Level(t.Filter("level")), Kind: alert.Kind(t.Filter("kind")), Verdict: alert.Verdict(t.Filter("verdict"))}
	f.From, f.To = days(t)
	switch t.Filter("owner") {
	case "me":
		f.Owner = r.Grant.User.ID
	case "nobody":
		f.Unowned = true
	}
	return f
}

func inState(f alert.Filter, state string) alert.Filter {
	switch state {
	case "waiting":
		f.State = alert.Open
	case "acknowledged":
		f.State = alert.Acknowledged
	case "closed":
		f.State = alert.Closed
	}
	return f
}

func (p *pages) queue(r *page.Request) error {
	t, err := r.Table(&queueSpec)
	if err != nil {
		return err
	}
	f := inState(queueFilter(r, t), t.Filter("state"))
	if t.Exporting() {
		return p.exportAlerts(r, t, f)
	}
	res, err := p.Alerts.List(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	counts := map[string]int{}
	for _, o := range queueSpec.Filters[0].Options {
		n, err := p.Alerts.List(r.Context(), r.Read(), inState(queueFilter(r, t), o.Value), paging.Query{Size: 1, Search: t.Query.Search})
		if err != nil {
			return err
		}
		counts[o.Value] = n.Total
	}
	t.SetCounts("state", counts)
	var who []string
	for _, a := range res.Rows {
		who = append(who, string(a.Owner))
	}
	names, err := p.names(r, who...)
	if err != nil {
		return err
	}
	part := queueRows(r, t, res.Rows, names)
	return r.Render(http.StatusOK, queuePage(r, t, part), page.Part(t.ID(), part))
}

func (p *pages) exportAlerts(r *page.Request, t *page.Table, f alert.Filter) error {
	head := []string{"Alert", "Severity", "State", "Title", "Story", "Kinds", "Rules", "Entity", "Entity kind", "Technique", "Sources", "Signals", "First", "Last", "Raised", "Acknowledged", "Owner", "Verdict", "Reason", "Closed", "Incident", "Escalated"}
	from, err := p.origins(r)
	if err != nil {
		return err
	}
	return r.Export(t, "alerts", head, func(q paging.Query) ([][]any, int, error) {
		res, err := p.Alerts.List(r.Context(), r.Read(), f, q)
		if err != nil {
			return nil, 0, err
		}
		var who []string
		for _, a := range res.Rows {
			who = append(who, string(a.Owner))
		}
		names, err := p.names(r, who...)
		var out [][]any
		for _, a := range res.Rows {
			var ack, closed any
			verdict, reason := "", ""
			if a.Ack != nil {
				ack = a.Ack.At
			}
			if c := a.Closing; c != nil {
				closed, verdict, reason = c.At, c.Verdict.Title(), c.Reason
			}
			out = append(out, []any{a.Ref, a.Level.Title(), a.State.Title(), a.Title, a.Sentence, strings.Join(a.Kinds, ", "), strings.Join(a.Rules, ", "), a.Entity, a.EntityKind, a.Technique, from.all(a.Sources), a.Signals,
				a.First, a.Last, a.Raised, ack, names[string(a.Owner)], verdict, reason, closed, a.Incident, a.Escalated})
		}
		return out, res.Total, err
	})
}

// ruleTitle is a rule as people read it: its title, if it is of the pack.
func ruleTitle(id string) string {
	if p, err := pack.Load(); err == nil {
		if r, ok := p.Rule(id); ok {
			return r.Title
		}
	}
	return id
}

// ruleHint is the rules of an alert under its story, unless the story says the same.
func ruleHint(a alert.Alert) string {
	out := ruleTitles(a)
	if out == a.Title || out == "" {
		out = a.Technique
	}
	if a.Signals > 1 {
		out += ", " + page.Plural(a.Signals, "signal", "signals")
	}
	return strings.TrimPrefix(out, ", ")
}

func ruleTitles(a alert.Alert) string {
	var out []string
	for _, id := range a.Rules {
		out = append(out, ruleTitle(id))
	}
	return strings.Join(out, ", ")
}

// alertView is everything the page of an alert shows.
type alertView struct {
	alert.Alert
	Signals []alert.Kept
	Total   int
	Table   *page.Table
	History []alert.Step
	Names   map[string]string
	Books   []pack.Playbook
	RulesOf []pack.Rule
	Similar []alert.Alert // of the same entity, not closed
	Reads   bool          // events can be read
	From    origins
}

var signalSpec = page.TableSpec{
	ID: "signals", Columns: []page.Column{{Key: "at", Title: "When"}, {Key: "what", Title: "Signal", Wide: true}}, Size: 20, One: "signal", Many: "signals",
}

func (p *pages) alert(r *page.Request) error {
	v := alertView{Reads: p.Query != nil}
	var err error
	if v.Alert, err = p.Alerts.Alert(r.Context(), r.Read(), r.Arg("ref")); err != nil {
		return err
	}
	if v.Table, err = r.Table(&signalSpec); err != nil {
		return err
	}
	if v.From, err = p.origins(r); err != nil {
		return err
	}
	if v.Table.Exporting() {
		return exportSignals(r, v.Table, v.From, v.Ref+"-signals", func(q paging.Query) (paging.Result[alert.Kept], error) {
			return p.Alerts.Signals(r.Context(), r.Read(), v.ID, q)
		})
	}
	got, err := p.Alerts.Signals(r.Context(), r.Read(), v.ID, v.Table.Query)
	if err != nil {
		return err
	}
	v.Signals, v.Table.Total = got.Rows, got.Total
	if v.History, err = p.Alerts.History(r.Context(), r.Read(), v.ID); err != nil {
		return err
	}
	who := []string{string(v.Owner)}
	for _, h := range v.History {
		who = append(who, h.Actor)
	}
	if v.Names, err = p.names(r, who...); err != nil {
		return err
	}
	lib, err := pack.Load()
	if err != nil {
		return err
	}
	for _, id := range v.Playbooks {
		if b, ok := lib.Playbook(id); ok {
			v.Books = append(v.Books, b)
		}
	}
	for _, id := range v.Rules {
		if x, ok := lib.Rule(id); ok {
			v.RulesOf = append(v.RulesOf, x)
		}
	}
	if v.Entity != "" {
		same, err := p.Alerts.List(r.Context(), r.Read(), alert.Filter{Active: true, Entity: v.Entity}, paging.Query{Size: 10})
		if err != nil {
			return err
		}
		v.Similar = slices.DeleteFunc(same.Rows, func(a alert.Alert) bool { return a.ID == v.ID })
	}
	r.Title = v.Ref + " " + v.Title
	r.Crumbs = []page.Crumb{{Text: "Alerts", Href: alertsPlace}, {Text: v.Ref}}
	part := signalRows(r, v)
	return r.Render(http.StatusOK, alertPage(r, v, part), page.Part(v.Table.ID(), part))
}

// exportSignals is signals as a table, one row for each event.
func exportSignals(r *page.Request, t *page.Table, from origins, name string, read func(q paging.Query) (paging.Result[alert.Kept], error)) error {
	head := []string{"Signal", "At", "Level", "Kind", "Rule", "Title", "Sentence", "Entity", "Technique", "Source", "Events", "Event", "Event at", "Log", "Action", "Actor", "Target", "From", "Failed"}
	return r.Export(t, name, head, func(q paging.Query) ([][]any, int, error) {
		res, err := read(q)
		var out [][]any
		for _, k := range res.Rows {
			row := []any{k.N, k.Signal.At, k.Level.Title(), k.Kind.Title(), k.Rule, k.Title, k.Sentence, k.Entity, k.Technique, from.words(k.Source), len(k.Events) + k.More}
			if len(k.Events) == 0 {
				out = append(out, append(row, nil, nil, nil, nil, nil, nil, nil, nil))
			}
			for _, f := range k.Events {
				out = append(out, append(slices.Clip(row), f.Event, f.At, f.Log, f.Action, f.Actor, f.Target, f.From, f.Failed))
			}
		}
		return out, res.Total, err
	})
}

// onAlert shows or does something about an alert in a panel.
func (p *pages) onAlert(r *page.Request, draw func(a alert.Alert, f *page.Form) (templ.Component, error)) error {
	a, err := p.Alerts.Alert(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	part, err := draw(a, page.NewForm())
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, part)
}

func (p *pages) actOnAlert(r *page.Request, said string, do func(scope access.Scope, a alert.Alert, f *page.Form) error, draw func(a alert.Alert, f *page.Form) (templ.Component, error)) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	a, err := p.Alerts.Alert(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	err = do(scope, a, f)
	return answer(r, f, err, back(f, alertURL(a.Ref)), a.Ref+" "+said, func() (templ.Component, error) { return draw(a, f) })
}

func (p *pages) acknowledge(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	a, err := p.Alerts.Acknowledge(r.Context(), scope, r.Now, r.Arg("ref"), f.Base())
	if err != nil {
		return err
	}
	return r.Redirect(back(f, alertURL(a.Ref)), a.Ref+" is acknowledged. It is yours.")
}

func (p *pages) assignDraw(r *page.Request) func(a alert.Alert, f *page.Form) (templ.Component, error) {
	return func(a alert.Alert, f *page.Form) (templ.Component, error) {
		people, err := p.people(r, "Nobody", a.Owner)
		return assignPanel(r, f, a, people), err
	}
}

func (p *pages) assignForm(r *page.Request) error {
	return p.onAlert(r, func(a alert.Alert, _ *page.Form) (templ.Component, error) {
		return p.assignDraw(r)(a, page.NewForm("owner", string(a.Owner)))
	})
}

func (p *pages) assign(r *page.Request) error {
	return p.actOnAlert(r, "is assigned.", func(scope access.Scope, a alert.Alert, f *page.Form) error {
		_, err := p.Alerts.Assign(r.Context(), scope, r.Now, a.Ref, f.Base(), f.Get("owner"))
		return err
	}, p.assignDraw(r))
}

func (p *pages) noteForm(r *page.Request) error {
	return p.onAlert(r, func(a alert.Alert, f *page.Form) (templ.Component, error) { return notePanel(r, f, a), nil })
}

func (p *pages) note(r *page.Request) error {
	return p.actOnAlert(r, "has a note.", func(scope access.Scope, a alert.Alert, f *page.Form) error {
		_, err := p.Alerts.Note(r.Context(), scope, r.Now, a.Ref, f.Values.Get("note"))
		return err
	}, func(a alert.Alert, f *page.Form) (templ.Component, error) { return notePanel(r, f, a), nil })
}

func (p *pages) closeForm(r *page.Request) error {
	return p.onAlert(r, func(a alert.Alert, f *page.Form) (templ.Component, error) { return closePanel(r, f, a), nil })
}

func (p *pages) close(r *page.Request) error {
	return p.actOnAlert(r, "is closed.", func(scope access.Scope, a alert.Alert, f *page.Form) error {
		_, err := p.Alerts.Close(r.Context(), scope, r.Now, a.Ref, f.Base(), alert.Verdict(f.Get("verdict")), f.Values.Get("reason"), f.Get("of"))
		return err
	}, func(a alert.Alert, f *page.Form) (templ.Component, error) { return closePanel(r, f, a), nil })
}

func (p *pages) reopenForm(r *page.Request) error {
	return p.onAlert(r, func(a alert.Alert, f *page.Form) (templ.Component, error) { return reopenPanel(r, f, a), nil })
}

func (p *pages) reopen(r *page.Request) error {
	return p.actOnAlert(r, "is open again.", func(scope access.Scope, a alert.Alert, f *page.Form) error {
		_, err := p.Alerts.Reopen(r.Context(), scope, r.Now, a.Ref, f.Base(), f.Values.Get("reason"))
		return err
	}, func(a alert.Alert, f *page.Form) (templ.Component, error) { return reopenPanel(r, f, a), nil })
}

// precisionSpan is how far back the table of rules looks.
const precisionSpan = 90 * 24 * time.Hour

func (p *pages) precision(r *page.Request) error {
	rows, err := p.Alerts.Precision(r.Context(), r.Read(), r.Now.Add(-precisionSpan), r.Now.Add(time.Minute))
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Alerts", Href: alertsPlace}, {Text: "By rule"}}
	return r.Render(http.StatusOK, precisionPage(r, rows))
}
