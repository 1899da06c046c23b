package settings

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// orgFields are the fields of the form with what is saved in them.
func orgFields(o access.Org) map[string]string {
	s := o.Settings
	return map[string]string{
		"name": o.Name, "legal_name": s.LegalName, "site": s.Site, "contact": s.Contact, "second_factor": tick(s.SecondFactor),
		"idle": seconds(s.Idle), "life": seconds(s.Life), "every": seconds(s.Every),
	}
}

func tick(on bool) string {
	if on {
		return "on"
	}
	return ""
}

// orgWords is orgFields as a reader sees them: what stands beside a field that somebody else changed.
func orgWords(o access.Org) map[string]string {
	out := orgFields(o)
	for field, d := range map[string]time.Duration{"idle": o.Settings.Idle, "life": o.Settings.Life, "every": o.Settings.Every} {
		out[field] = lengthText(d)
	}
	out["second_factor"] = "not asked of everybody"
	if o.Settings.SecondFactor {
		out["second_factor"] = "asked of everybody"
	}
	return out
}

func (p *pages) organisation(r *page.Request) error {
	f := page.NewForm()
	for k, v := range orgFields(r.Grant.Org) {
		f.Values.Set(k, v)
	}
	return r.Render(http.StatusOK, organisationPage(r, f, r.Grant.Org))
}

func (p *pages) changeOrganisation(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	set := access.Settings{LegalName: f.Get("legal_name"), Site: f.Get("site"), Contact: f.Get("contact"), SecondFactor: f.Checked("second_factor")}
	for field, to := range map[string]*time.Duration{"idle": &set.Idle, "life": &set.Life, "every": &set.Every} {
		n, err := strconv.ParseInt(f.Get(field), 10, 64)
		if err != nil || n < 0 || n > int64(1000*24*time.Hour/time.Second) {
			f.Wrong(field, "Choose one of the lengths.")
			continue
		}
		*to = time.Duration(n) * time.Second
	}
	if f.OK() {
		_, err = p.Access.ChangeOrg(r.Context(), scope, r.Now, f.Base(), f.Get("name"), set)
		if err == nil {
			return r.Redirect("/settings/organisation", "Saved.")
		}
		if errs.Is(err, errs.Conflict) {
			return p.staleOrganisation(r, f)
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.Render(f.Status(), organisationPage(r, f, r.Grant.Org))
}

// staleOrganisation shows the form beside what somebody else saved meanwhile.
func (p *pages) staleOrganisation(r *page.Request, f *page.Form) error {
	now, err := p.Access.Org(r.Context(), r.Read())
	if err != nil {
		return err
	}
	saved, words := orgFields(now), orgWords(now)
	for k, v := range saved {
		if f.Values.Get(k) == v {
			words[k] = v // the same: nothing to show
		}
	}
	f.Stale(now.Settings.Version, words)
	return r.Render(f.Status(), organisationPage(r, f, now))
}

func everyOptions() []page.Option {
	out := lengths(access.EveryChoices(), "as the installation is configured")
	for i := range out[1:] {
		out[i+1].Label = "every " + strings.TrimPrefix(out[i+1].Label, "1 ")
	}
	return out
}
