package risks

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/web/page"
)

func (p *pages) scales(r *page.Request) error {
	s, err := p.Risks.Scale(r.Context(), r.Read())
	if err != nil {
		return err
	}
	history, err := p.Risks.ScaleHistory(r.Context(), r.Read())
	if err != nil {
		return err
	}
	var who []string
	for _, x := range history {
		who = append(who, x.By)
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Risks", Href: register}, {Text: "Scales"}}
	return r.Render(http.StatusOK, scalesPage(r, s, history, names))
}

func scaleFields(s risk.Scale) map[string]string {
	out := map[string]string{"medium": strconv.Itoa(s.Medium), "high": strconv.Itoa(s.High), "critical": strconv.Itoa(s.Critical), "tolerance": strconv.Itoa(s.Tolerance)}
	for axis, levels := range map[string][]risk.Level{"likelihood": s.Likelihood, "impact": s.Impact} {
		for i, l := range levels {
			field := fmt.Sprintf("%s_%d", axis, i+1)
			out[field], out[field+"_meaning"] = l.Word, l.Meaning
		}
	}
	return out
}

func (p *pages) scaleForm(r *page.Request) error {
	s, err := p.Risks.Scale(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, v := range scaleFields(s) {
		f.Values.Set(k, v)
	}
	return r.RenderPanel(http.StatusOK, scalePanel(r, f, s.Version))
}

// parseScale reads a scale: steps without a word at the end are left out.
func parseScale(f *page.Form) risk.Scale {
	var s risk.Scale
	number := func(field string) int {
		n, err := strconv.Atoi(f.Get(field))
		if err != nil {
			f.Wrong(field, "Give a whole number.")
		}
		return n
	}
	s.Medium, s.High, s.Critical, s.Tolerance, s.Note = number("medium"), number("high"), number("critical"), number("tolerance"), f.Get("note")
	for axis, to := range map[string]*[]risk.Level{"likelihood": &s.Likelihood, "impact": &s.Impact} {
		last := 0
		for i := 1; i <= risk.MaxSteps; i++ {
			if f.Get(fmt.Sprintf("%s_%d", axis, i)) != "" {
				last = i
			}
		}
		for i := 1; i <= last; i++ {
			field := fmt.Sprintf("%s_%d", axis, i)
			*to = append(*to, risk.Level{Word: f.Get(field), Meaning: f.Get(field + "_meaning")})
		}
	}
	return s
}

func (p *pages) setScale(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	s := parseScale(f)
	if f.OK() {
		_, err := p.Risks.SetScale(r.Context(), scope, r.Now, f.Base(), s)
		if err == nil {
			return r.Redirect(register+"/scales", "The scales are changed.")
		}
		now, rerr := p.Risks.Scale(r.Context(), r.Read())
		switch {
		case rerr != nil:
			return rerr
		case errs.Is(err, errs.Conflict) && now.Version != f.Base():
			f.Stale(now.Version, scaleFields(now))
		case !f.Take(err):
			return err
		}
	}
	return r.RenderPanel(f.Status(), scalePanel(r, f, f.Base()))
}

// staleTrigger shows both texts when somebody else changed the event meanwhile.
func staleTrigger(f *page.Form, err error) bool {
	var stale *risk.StaleTrigger
	if !errors.As(err, &stale) {
		return false
	}
	t := stale.Theirs
	f.Stale(t.Version, map[string]string{"title": t.Title, "text": t.Text, "kind": string(t.Kind), "effective": dateField(t.Effective), "about": t.About})
	return true
}

// historyCount is empty while nobody changed the scales.
func historyCount(history []risk.Scale) string {
	if len(history) == 0 {
		return ""
	}
	return page.Plural(len(history), "version", "versions")
}

// mayChange reports whether the reader may change risks.
func mayChange(r *page.Request) bool { return r.Can(access.ManageRisks) }
