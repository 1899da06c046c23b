// Package rulebook shows what looks for attacks: rules, uploaded sets and filters, back-tests, baselines, and what they cover.
package rulebook

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Detect *detect.Service
	View   *view.Reader
}

type pages struct{ Services }

const (
	rulesPlace     = "/rules"
	setsPlace      = "/rulesets"
	filtersPlace   = "/filters"
	coveragePlace  = "/coverage"
	baselinesPlace = "/baselines"
)

func ruleURL(key string) string { return rulesPlace + "/" + url.PathEscape(key) }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	var all []page.Route
	show := func(pattern, title, nav string, do func(*page.Request) error) {
		all = append(all, page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadDetections, Title: title, Nav: nav, Handle: do})
	}
	form := func(pattern, title, nav string, get, post func(*page.Request) error) {
		if get != nil {
			all = append(all, page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ManageDetection, Title: title, Nav: nav, Handle: get})
		}
		all = append(all, page.Route{Method: http.MethodPost, Pattern: pattern, Action: access.ManageDetection, Title: title, Nav: nav, Handle: post})
	}
	show(rulesPlace, "Detection rules", rulesPlace, p.rules)
	show(rulesPlace+"/{key}", "Detection rule", rulesPlace, p.rule)
	form(rulesPlace+"/bulk/on", "Turn rules on", rulesPlace, nil, p.turnMany(true))
	form(rulesPlace+"/bulk/off", "Turn rules off", rulesPlace, nil, p.turnMany(false))
	form(rulesPlace+"/{key}/turn", "Turn a rule on or off", rulesPlace, p.turnForm, p.turn)
	form(rulesPlace+"/{key}/try", "Try a rule on stored events", rulesPlace, p.tryForm, p.try)
	form(rulesPlace+"/{key}/filter", "Filter a rule", rulesPlace, p.filterForm, p.addFilter)
	show(setsPlace, "Sets of rules", rulesPlace, p.sets)
	form(setsPlace+"/new", "Upload rules", rulesPlace, p.uploadForm, p.upload)
	all[len(all)-1].Body = detect.MaxUpload + 1<<20
	show(setsPlace+"/{ref}", "Set of rules", rulesPlace, p.ruleset)
	form(setsPlace+"/{ref}/remove", "Remove a set of rules", rulesPlace, p.removeForm, p.remove)
	show(filtersPlace, "Filters of rules", rulesPlace, p.filters)
	form(filtersPlace+"/{ref}/end", "End a filter", rulesPlace, p.endFilterForm, p.endFilter)
	show(coveragePlace, "Coverage", rulesPlace, p.coverage)
	show(baselinesPlace, "Baselines", rulesPlace, p.baselines)
	form(baselinesPlace+"/set", "Set baselines", rulesPlace, p.baselineForm, p.setBaseline)
	form(baselinesPlace+"/benign", "Something is benign", rulesPlace, p.benignForm, p.addBenign)
	form(baselinesPlace+"/benign/{ref}/end", "End what is benign", rulesPlace, p.endBenignForm, p.endBenign)
	return all
}

var listSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "level", Title: "Level", Sort: true}, {Key: "title", Title: "Rule", Sort: true, Wide: true}, {Key: "log", Title: "Events of", Sort: true, Opt: true},
		{Key: "technique", Title: "Technique", Sort: true, Opt: true}, {Key: "criteria", Title: "Criteria", Opt: true},
		{Key: "hits", Title: "Hits, 30 days", Sort: true, Num: true}, {Key: "last", Title: "Last", Sort: true, Num: true, Opt: true}, {Key: "state", Title: "State", Sort: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{{Value: "on", Label: "On", Status: "pass"}, {Value: "off", Label: "Off", Status: "na"}, {Value: "trouble", Label: "Does not run", Status: "fail"}}},
		{Key: "level", Title: "Level", Kind: page.Select, Options: levelOptions()},
		{Key: "log", Title: "Events of", Kind: page.Select, Options: logOptions()},
		{Key: "set", Title: "Set", Kind: page.Select, Open: true},
		{Key: "technique", Title: "Technique", Kind: page.Select, Open: true},
		{Key: "criterion", Title: "Criterion", Kind: page.Select, Open: true},
	},
	Search: "Find by words, technique or identifier", Sort: "level", One: "rule", Many: "rules",
	Bulk: []page.BulkAction{{Label: "Turn on", Action: rulesPlace + "/bulk/on"}, {Label: "Turn off", Action: rulesPlace + "/bulk/off"}},
}

var readSpec = func() page.TableSpec {
	s := listSpec
	s.Bulk = nil
	return s
}()

func levelOptions() []page.Option {
	var out []page.Option
	for _, l := range detect.Levels() {
		out = append(out, page.Option{Value: l, Label: page.Capital(l)})
	}
	return out
}

func logOptions() []page.Option {
	var out []page.Option
	for _, s := range detect.Sources() {
		out = append(out, page.Option{Value: s.Name, Label: s.Title})
	}
	return out
}

func levelKey(l string) string {
	switch l {
	case "critical", "high":
		return "fail"
	case "medium":
		return "risk"
	case "low":
		return "prog"
	}
	return "na"
}

func stateOf(r *detect.Rule) (key, words string) {
	switch {
	case r.Trouble != "":
		return "fail", "Does not run"
	case r.Feeds && r.On:
		return "prog", "Only feeds others"
	case r.On:
		return "pass", "On"
	case len(r.NeededBy) > 0:
		return "na", "Off, feeds others"
	}
	return "na", "Off"
}

func logTitles(names []string) string {
	var out []string
	for _, n := range names {
		if s, ok := detect.SourceByName(n); ok {
			out = append(out, s.Title)
		}
	}
	if len(out) > 2 {
		return out[0] + " and " + strconv.Itoa(len(out)-1) + " more"
	}
	return strings.Join(out, ", ")
}

func (p *pages) rules(r *page.Request) error {
	spec := &readSpec
	if r.Can(access.ManageDetection) {
		spec = &listSpec
	}
	t, err := r.Table(spec)
	if err != nil {
		return err
	}
	f := detect.RuleFilter{Level: t.Filter("level"), Log: t.Filter("log"), Technique: t.Filter("technique"), Criterion: t.Filter("criterion"), Set: t.Filter("set"), State: t.Filter("state")}
	if t.Exporting() {
		head := []string{"Key", "Rule", "Level", "State", "Why it does not run", "Events of", "Techniques", "Criteria", "Set", "Hits in 30 days", "Last hit", "Decided by", "Reason"}
		return r.Export(t, "detection-rules", head, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Detect.Rules(r.Context(), r.Read(), r.Now, f, q)
			var out [][]any
			for i := range res.Rows {
				x := &res.Rows[i]
				_, state := stateOf(x)
				var last any
				if !x.Last.IsZero() {
					last = x.Last
				}
				out = append(out, []any{x.Key, x.Title, x.Level, state, x.Trouble, strings.Join(x.Logs, ", "), strings.Join(x.Techniques, ", "), strings.Join(x.Criteria, ", "), setWord(x.Set), x.Hits, last, x.Setting.By, x.Setting.Reason})
			}
			return out, res.Total, err
		})
	}
	res, err := p.Detect.Rules(r.Context(), r.Read(), r.Now, f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	if err := p.options(r, t); err != nil {
		return err
	}
	part := ruleRows(r, t, res.Rows)
	return r.Render(http.StatusOK, rulesPage(r, t, part), page.Part(t.ID(), part))
}

func setWord(ref string) string {
	if ref == "" {
		return "Tickmark"
	}
	return ref
}

// options fills in the choices that depend on the rules there are.
func (p *pages) options(r *page.Request, t *page.Table) error {
	prog, err := p.Detect.Program(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	sets, err := p.Detect.Rulesets(r.Context(), r.Read())
	if err != nil {
		return err
	}
	choices := []page.Option{{Value: "own", Label: "Tickmark"}}
	for _, s := range sets {
		choices = append(choices, page.Option{Value: s.Ref, Label: s.Ref + " " + s.Title})
	}
	t.SetOptions("set", choices)
	techniques, criteria := map[string]bool{}, map[string]bool{}
	for i := range prog.Rules {
		for _, x := range prog.Rules[i].Techniques {
			techniques[x] = true
		}
		for _, x := range prog.Rules[i].Criteria {
			criteria[x] = true
		}
	}
	t.SetOptions("technique", sortedOptions(techniques))
	t.SetOptions("criterion", sortedOptions(criteria))
	return nil
}

// again shows a form again: with what an error says, or with what is wrong at its fields already.
func again(r *page.Request, f *page.Form, err error, panel templ.Component) error {
	if err != nil {
		return r.PanelAgain(f, err, panel)
	}
	return r.RenderPanel(f.Status(), panel)
}

type ruleView struct {
	detect.RuleRecord
	Book  *pack.Playbook
	Tests []string // of the pack: what it must and must not match
	Names map[string]string
	Strip chart.DaysData // hits by day
}

func (p *pages) record(r *page.Request) (detect.RuleRecord, error) {
	x, err := p.Detect.Rule(r.Context(), r.Read(), r.Now, r.Arg("key"))
	r.Crumbs = []page.Crumb{{Text: "Detection rules", Href: rulesPlace}, {Text: x.Title}}
	return x, err
}

func (p *pages) rule(r *page.Request) error {
	x, err := p.record(r)
	if err != nil {
		return err
	}
	r.Title = x.Title
	today := period.Of(r.Now)
	v := ruleView{RuleRecord: x, Strip: chart.DaysData{Period: period.Period{From: today - detect.HitDays, To: today + 1}, One: "hit", Noun: "hits"}}
	for _, d := range x.Days {
		v.Strip.Days = append(v.Strip.Days, chart.DayCount{Date: period.Date(d.Day), Count: d.Hits})
	}
	own, err := pack.Load()
	if err != nil {
		return err
	}
	if b, ok := own.Playbook(x.Playbook); ok {
		v.Book = &b
	}
	if o, ok := own.Rule(x.Key); ok && x.Set == "" {
		v.Tests = testWords(o.Tests)
	}
	var who []string
	for _, f := range x.Filters {
		who = append(who, f.By)
	}
	for _, t := range x.Trials {
		who = append(who, t.By)
	}
	if x.Setting.By != "" {
		who = append(who, x.Setting.By)
	}
	if v.Names, err = p.View.Actors(r.Context(), r.Read(), who...); err != nil {
		return err
	}
	return r.Render(http.StatusOK, rulePage(r, v))
}

func testWords(t pack.Tests) []string {
	var out []string
	add := func(n int, one, many string) {
		if n > 0 {
			out = append(out, page.Plural(n, one, many))
		}
	}
	add(len(t.Hits), "event that it must match", "events that it must match")
	add(len(t.Misses), "event that it must not match", "events that it must not match")
	add(len(t.Runs), "sequence of events", "sequences of events")
	return out
}

func (p *pages) turnForm(r *page.Request) error {
	x, err := p.record(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, turnPanel(r, &page.Form{}, x.Rule))
}

func (p *pages) turn(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.record(r)
	if err != nil {
		return err
	}
	on := f.Get("on") == "yes"
	_, err = p.Detect.Turn(r.Context(), scope, r.Now, []string{x.Key}, on, f.Raw("reason"), f.Base())
	if err == nil {
		said := "Turned off: " + x.Title + "."
		if on {
			said = "Turned on: " + x.Title + "."
		}
		return r.Redirect(ruleURL(x.Key), said)
	}
	var stale *detect.StaleSetting
	if errors.As(err, &stale) {
		f.Stale(stale.Theirs.Version, map[string]string{"reason": stale.Theirs.Reason})
		err = nil
	}
	return again(r, f, err, turnPanel(r, f, x.Rule))
}

// turnMany asks for the reason first, and then does it.
func (p *pages) turnMany(on bool) func(*page.Request) error {
	return func(r *page.Request) error {
		f, scope, err := r.Submitted()
		if err != nil {
			return err
		}
		keys, err := f.Ticks()
		if err != nil {
			return err
		}
		if f.Get("step") == "" {
			return r.RenderPanel(http.StatusOK, turnManyPanel(r, f, keys, on))
		}
		n, err := p.Detect.Turn(r.Context(), scope, r.Now, keys, on, f.Raw("reason"), -1)
		if err != nil {
			return again(r, f, err, turnManyPanel(r, f, keys, on))
		}
		word := "off"
		if on {
			word = "on"
		}
		return r.Redirect(f.Back(), page.Plural(n, "rule", "rules")+" turned "+word+".")
	}
}

func (p *pages) tryForm(r *page.Request) error {
	x, err := p.record(r)
	if err != nil {
		return err
	}
	f := &page.Form{Values: url.Values{"from": {r.Now.AddDate(0, 0, -30).UTC().Format(time.DateOnly)}, "to": {r.Now.UTC().Format(time.DateOnly)}}}
	return r.RenderPanel(http.StatusOK, tryPanel(r, f, x.Rule, p.Detect.History != nil))
}

func (p *pages) try(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.record(r)
	if err != nil {
		return err
	}
	from, to := day(f, "from"), day(f, "to")
	if f.OK() {
		var t detect.Trial
		if t, err = p.Detect.Try(r.Context(), scope, r.Now, x.Key, from, to.AddDate(0, 0, 1)); err == nil {
			return r.Redirect(ruleURL(x.Key)+"#h-trials", "Looked at "+page.Plural(int(t.Looked), "event", "events")+": "+page.Plural(int(t.Hits), "hit", "hits")+".")
		}
	}
	return again(r, f, err, tryPanel(r, f, x.Rule, p.Detect.History != nil))
}

func day(f *page.Form, field string) time.Time {
	t, err := time.Parse(time.DateOnly, f.Get(field))
	if err != nil || t.Year() < 1990 || t.Year() > 2200 {
		f.Wrong(field, "Give a day such as 2026-12-31.")
		return time.Time{}
	}
	return t
}

func (p *pages) filterForm(r *page.Request) error {
	x, err := p.record(r)
	if err != nil {
		return err
	}
	f := &page.Form{Values: url.Values{"until": {r.Now.AddDate(0, 3, 0).UTC().Format(time.DateOnly)}}}
	return r.RenderPanel(http.StatusOK, filterPanel(r, f, x.Rule))
}

func (p *pages) addFilter(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.record(r)
	if err != nil {
		return err
	}
	until := day(f, "until")
	d := detect.NewFilter{Title: f.Get("title"), Text: f.Raw("text"), Rule: x.Key, Owner: f.Get("owner"), Reason: f.Raw("reason"), Until: until.AddDate(0, 0, 1), Equal: map[string]string{}}
	if f.Get("field") != "" {
		d.Equal[f.Get("field")] = f.Get("value")
	}
	if f.OK() {
		var made detect.Filter
		if made, err = p.Detect.AddFilter(r.Context(), scope, r.Now, d); err == nil {
			return r.Redirect(ruleURL(x.Key), made.Ref+" filters this rule from now on.")
		}
	}
	return again(r, f, err, filterPanel(r, f, x.Rule))
}
