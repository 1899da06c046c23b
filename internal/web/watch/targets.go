package watch

import (
	"net/http"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

const targetsPlace = "/incidents/targets"

func (p *pages) targetRoutes(t *table) {
	t.show(targetsPlace, "Time targets", incidentsPlace, p.targets)
	t.form(targetsPlace+"/edit", "Time targets", incidentsPlace, access.ManageDetection, p.targetForm, p.saveTargets)
}

// keptSign is the sign of how a target stands. Without a target nothing is good.
func keptSign(k incident.Kept) (key, words string) {
	switch k {
	case incident.Met:
		return "pass", "Met"
	case incident.Missed:
		return "fail", "Missed"
	case incident.Pending:
		return "prog", "Time left"
	case incident.KeptUnknown:
		return "err", "Unknown"
	case incident.NoTarget:
	}
	return "none", "No target"
}

// keepingWord says in how many incidents a target was met.
func keepingWord(k incident.Keeping) string {
	if k.N+k.Pending+k.Unknown == 0 {
		if k.None == 0 {
			return ""
		}
		return "no target set"
	}
	words := "target met in " + page.Count(k.Met) + " of " + page.Count(k.N)
	if k.N == 0 {
		words = "whether the target is met is unknown"
	}
	for _, rest := range []struct {
		n    int
		what string
	}{{k.Pending, " running"}, {k.Unknown, " unknown"}, {k.None, " without a target"}} {
		if rest.n > 0 {
			words += ", " + page.Count(rest.n) + rest.what
		}
	}
	return words
}

// keepingOf is the count of a figure; false for figures without targets.
func keepingOf(all []incident.Keeping, f incident.Figure) (incident.Keeping, bool) {
	for _, k := range all {
		if k.Figure == f {
			return k, true
		}
	}
	return incident.Keeping{}, false
}

func targetWord(d incident.Duties, s incident.Severity, f incident.Figure) string {
	if limit, ok := d.Target(s, f); ok {
		return span(limit)
	}
	return "none"
}

func (p *pages) targets(r *page.Request) error {
	d, err := p.Incidents.Duties(r.Context(), r.Read())
	if err != nil {
		return err
	}
	all, err := p.Incidents.All(r.Context(), r.Read(), incident.Filter{})
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, targetsPage(r, d, incident.Keepings(all, d, r.Now)))
}

func targetField(s incident.Severity, f incident.Figure) string {
	return string(f) + strconv.Itoa(int(s))
}

func (p *pages) targetForm(r *page.Request) error {
	d, err := p.Incidents.Duties(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := page.NewForm()
	for s := incident.Severity(1); s <= incident.MaxSeverity; s++ {
		for _, g := range incident.Targeted() {
			if limit, ok := d.Target(s, g); ok {
				f.Values.Set(targetField(s, g), strconv.Itoa(int(limit/time.Minute)))
			}
		}
	}
	return r.RenderPanel(f.Status(), targetPanel(r, f, d))
}

func (p *pages) saveTargets(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	d, err := p.Incidents.Duties(r.Context(), r.Read())
	if err != nil {
		return err
	}
	var list []incident.Target
	for s := incident.Severity(1); s <= incident.MaxSeverity; s++ {
		read := func(g incident.Figure) int {
			text := f.Get(targetField(s, g))
			if text == "" {
				return 0
			}
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > incident.MaxTarget {
				f.Wrong(targetField(s, g), "Give a whole number of minutes, or nothing.")
			}
			return n
		}
		list = append(list, incident.Target{Severity: s, Detect: read(incident.ToDetect), Ack: read(incident.ToAck), Contain: read(incident.ToContain)})
	}
	if !f.OK() {
		return r.RenderPanel(f.Status(), targetPanel(r, f, d))
	}
	base := f.Base()
	if !f.Values.Has("base") {
		base = d.Version
	}
	if _, err := p.Incidents.SetTargets(r.Context(), scope, r.Now, base, list); err != nil {
		if errs.Is(err, errs.Conflict) { // somebody else changed obligations or targets meanwhile
			f.Stale(d.Version, map[string]string{})
			return r.RenderPanel(f.Status(), targetPanel(r, f, d))
		}
		return r.PanelAgain(f, err, targetPanel(r, f, d))
	}
	return r.Redirect(targetsPlace, "The targets are saved.")
}
