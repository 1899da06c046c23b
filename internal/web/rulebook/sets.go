package rulebook

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/baseline"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

func sortedOptions(of map[string]bool) []page.Option {
	var out []page.Option
	for _, x := range slices.Sorted(maps.Keys(of)) {
		out = append(out, page.Option{Value: x, Label: x})
	}
	return out
}

func (p *pages) sets(r *page.Request) error {
	all, err := p.Detect.Rulesets(r.Context(), r.Read())
	if err != nil {
		return err
	}
	var who []string
	for _, s := range all {
		who = append(who, s.By)
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, setsPage(r, all, names))
}

func (p *pages) one(r *page.Request) (detect.Ruleset, error) {
	all, err := p.Detect.Rulesets(r.Context(), r.Read())
	if err != nil {
		return detect.Ruleset{}, err
	}
	i := slices.IndexFunc(all, func(s detect.Ruleset) bool { return s.Ref == r.Arg("ref") })
	if i < 0 {
		return detect.Ruleset{}, errs.New(errs.NotFound, "no set of rules %q", r.Arg("ref")).WithHint("It may have been removed.")
	}
	r.Crumbs = []page.Crumb{{Text: "Sets of rules", Href: setsPlace}, {Text: all[i].Ref}}
	return all[i], nil
}

func (p *pages) ruleset(r *page.Request) error {
	s, err := p.one(r)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, setPage(r, s))
}

func (p *pages) uploadForm(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, uploadPanel(r, &page.Form{}))
}

func (p *pages) upload(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	file, err := r.Upload(f, "file", detect.MaxUpload)
	if err != nil {
		return err
	}
	if file == nil && f.Errors["file"] == "" {
		f.Wrong("file", "Choose a file.")
	}
	if f.OK() {
		var content []byte
		if content, err = file.Content(); err != nil {
			return err
		}
		var s detect.Ruleset
		if s, err = p.Detect.Upload(r.Context(), scope, r.Now, f.Get("title"), file.Name, content); err == nil {
			return r.Redirect(setsPlace+"/"+s.Ref, s.Ref+" holds "+page.Plural(s.Rules, "rule", "rules")+". They are off until you turn them on.")
		}
	}
	return again(r, f, err, uploadPanel(r, f))
}

func (p *pages) removeForm(r *page.Request) error {
	s, err := p.one(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, removePanel(r, &page.Form{}, s))
}

func (p *pages) remove(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	s, err := p.one(r)
	if err != nil {
		return err
	}
	if _, err := p.Detect.RemoveRuleset(r.Context(), scope, r.Now, s.Ref, f.Raw("reason")); err != nil {
		return again(r, f, err, removePanel(r, f, s))
	}
	return r.Redirect(setsPlace, s.Ref+" removed.")
}

func (p *pages) filters(r *page.Request) error {
	all, err := p.Detect.Filters(r.Context(), r.Read())
	if err != nil {
		return err
	}
	prog, err := p.Detect.Program(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, filtersPage(r, all, prog))
}

func (p *pages) filter(r *page.Request) (detect.Filter, error) {
	all, err := p.Detect.Filters(r.Context(), r.Read())
	if err != nil {
		return detect.Filter{}, err
	}
	i := slices.IndexFunc(all, func(f detect.Filter) bool { return f.Ref == r.Arg("ref") })
	if i < 0 {
		return detect.Filter{}, errs.New(errs.NotFound, "no filter %q", r.Arg("ref"))
	}
	return all[i], nil
}

func (p *pages) endFilterForm(r *page.Request) error {
	x, err := p.filter(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, endPanel(r, &page.Form{}, "End "+x.Ref, "The rules that it names are told of again: "+x.Title+".", filtersPlace+"/"+x.Ref+"/end", filtersPlace))
}

func (p *pages) endFilter(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Detect.EndFilter(r.Context(), scope, r.Now, r.Arg("ref"))
	if err != nil {
		return again(r, f, err, endPanel(r, f, "End a filter", "", filtersPlace+"/"+url.PathEscape(r.Arg("ref"))+"/end", filtersPlace))
	}
	return r.Redirect(filtersPlace, x.Ref+" ended.")
}

func (p *pages) coverage(r *page.Request) error {
	c, err := p.Detect.Coverage(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, coveragePage(r, c))
}

func (p *pages) baselines(r *page.Request) error {
	b, err := p.Detect.Baseline(r.Context(), r.Read())
	if err != nil {
		return err
	}
	all, err := p.Detect.Benign(r.Context(), r.Read())
	if err != nil {
		return err
	}
	names, err := p.View.Actors(r.Context(), r.Read(), b.By)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, baselinesPage(r, b, all, names))
}

func (p *pages) baselineForm(r *page.Request) error {
	b, err := p.Detect.Baseline(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := &page.Form{Values: url.Values{"budget": {budgetText(b.Budget)}}}
	if b.On {
		f.Values.Set("on", "on")
	}
	return r.RenderPanel(http.StatusOK, baselinePanel(r, f, b))
}

func budgetText(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func (p *pages) setBaseline(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	was, err := p.Detect.Baseline(r.Context(), r.Read())
	if err != nil {
		return err
	}
	b := detect.Baseline{On: f.Checked("on"), Reason: f.Raw("reason"), Version: f.Base()}
	if b.Budget, err = strconv.ParseFloat(f.Get("budget"), 64); err != nil {
		f.Wrong("budget", "Give a number such as 5 or 0.5.")
		err = nil
	}
	if f.OK() {
		if _, err = p.Detect.SetBaseline(r.Context(), scope, r.Now, b); err == nil {
			return r.Redirect(baselinesPlace, "Baselines set.")
		}
		if errs.Is(err, errs.Conflict) {
			f.Stale(was.Version, map[string]string{"budget": budgetText(was.Budget), "reason": was.Reason})
			err = nil
		}
	}
	return again(r, f, err, baselinePanel(r, f, was))
}

func facetOptions() []page.Option {
	var out []page.Option
	for _, f := range []baseline.Facet{baseline.Action, baseline.Network, baseline.Country, baseline.Agent, baseline.Resource, baseline.Hour, baseline.Credential, baseline.Errors, baseline.Volume, baseline.Breadth, baseline.Team,
		baseline.Ramp, baseline.Travel, baseline.Dormant, baseline.Newcomer} {
		out = append(out, page.Option{Value: f.String(), Label: page.Capital(f.String())})
	}
	return out
}

func (p *pages) benignForm(r *page.Request) error {
	f := &page.Form{Values: url.Values{"until": {r.Now.AddDate(0, 3, 0).UTC().Format(time.DateOnly)}}}
	for _, k := range []string{"log", "entity", "facet", "value"} {
		f.Values.Set(k, r.Query(k))
	}
	return r.RenderPanel(http.StatusOK, benignPanel(r, f))
}

func (p *pages) addBenign(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	facet, ok := baseline.FacetByName(f.Get("facet"))
	if !ok {
		f.Wrong("facet", "Choose one of the list.")
	}
	b := detect.Benign{Benign: baseline.Benign{Log: f.Get("log"), Entity: f.Get("entity"), Facet: facet, Value: f.Get("value"), Until: day(f, "until").AddDate(0, 0, 1)}, Owner: f.Get("owner"), Reason: f.Raw("reason")}
	if f.OK() {
		if b, err = p.Detect.AddBenign(r.Context(), scope, r.Now, b); err == nil {
			return r.Redirect(baselinesPlace, b.Ref+" is left aside from now on.")
		}
	}
	return again(r, f, err, benignPanel(r, f))
}

func (p *pages) endBenignForm(r *page.Request) error {
	ref := r.Arg("ref")
	return r.RenderPanel(http.StatusOK, endPanel(r, &page.Form{}, "End "+ref, "It counts again from now on.", baselinesPlace+"/benign/"+url.PathEscape(ref)+"/end", baselinesPlace))
}

func (p *pages) endBenign(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	b, err := p.Detect.EndBenign(r.Context(), scope, r.Now, r.Arg("ref"))
	if err != nil {
		return again(r, f, err, endPanel(r, f, "End what is benign", "", baselinesPlace+"/benign/"+url.PathEscape(r.Arg("ref"))+"/end", baselinesPlace))
	}
	return r.Redirect(baselinesPlace, b.Ref+" ended.")
}
