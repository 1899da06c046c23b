package fieldwork

import (
	"errors"
	"slices"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
)

// recorded is an engagement with what stands on it about the firm, and how many of its people declared themselves independent.
type recorded struct {
	access.Invited
	engagement.Engagement
	Team, Declared int
}

// firmData is what the page of the firm shows.
type firmData struct {
	Method  fieldwork.Methodology
	Now     fieldwork.Profile
	Past    []fieldwork.Profile
	Names   map[string]string
	On      []recorded
	Customs []fieldwork.Custom
}

func (p *pages) firm(r *page.Request) error {
	all, err := p.Work.Profiles(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := page.NewForm("name", r.Grant.Org.Name)
	if len(all) > 0 {
		f = profileForm(all[0])
	}
	return p.showFirm(r, f)
}

func profileForm(x fieldwork.Profile) *page.Form {
	f := page.NewForm()
	for k, v := range profileFields(x) {
		f.Values.Set(k, v)
	}
	return f
}

func profileFields(x fieldwork.Profile) map[string]string {
	out := map[string]string{"name": x.Name, "licence": x.Licence, "peer_review": ""}
	if x.PeerReview != 0 {
		out["peer_review"] = x.PeerReview.String()
	}
	return out
}

func (p *pages) showFirm(r *page.Request, f *page.Form) error {
	x := firmData{Names: map[string]string{}}
	var err error
	if x.Method, err = p.methodic(r, page.Crumb{Text: "The firm"}); err != nil {
		return err
	}
	x.Customs = x.Method.Customs()
	if x.Past, err = p.Work.Profiles(r.Context(), r.Read()); err != nil {
		return err
	}
	if len(x.Past) > 0 {
		x.Now = x.Past[0]
	}
	members, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return err
	}
	for _, m := range members {
		x.Names[string(m.ID)] = m.Name
	}
	if x.On, err = p.recorded(r); err != nil {
		return err
	}
	return r.Render(f.Status(), firmPage(r, f, x))
}

// recorded lists the engagements that are open to the reader.
func (p *pages) recorded(r *page.Request) ([]recorded, error) {
	mine, err := p.Access.AuditsOf(r.Context(), r.Grant)
	if err != nil {
		return nil, err
	}
	var out []recorded
	for _, i := range mine {
		scope := p.Access.Glimpse(r.Grant, i)
		x := recorded{Invited: i}
		if x.Engagement, err = p.Work.Engagements.Engagement(r.Context(), scope, i.Engagement); errs.Is(err, errs.NotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		team, err := p.Access.Auditors(r.Context(), scope, i.Engagement)
		if err != nil {
			return nil, err
		}
		for _, t := range slices.DeleteFunc(team, func(t access.Invited) bool { return t.Firm != i.Firm || t.Removed != nil }) {
			x.Team++
			if t.Declared != nil {
				x.Declared++
			}
		}
		out = append(out, x)
	}
	return out, nil
}

func (p *pages) setFirm(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x := fieldwork.Profile{Name: f.Get("name"), Licence: f.Get("licence"), Why: f.Raw("why")}
	if v := f.Get("peer_review"); v != "" {
		if x.PeerReview, err = period.ParseDate(v); err != nil {
			f.Wrong("peer_review", "Write a day such as 2025-10-31.")
		}
	}
	if f.OK() {
		x, err = p.Work.SetProfile(r.Context(), scope, r.Now, f.Base(), x)
		if err == nil {
			return r.Redirect("/methodology/firm", "Kept as version "+itoa(x.Version)+". Give it to the engagements below.")
		}
		var stale *fieldwork.StaleProfile
		if errors.As(err, &stale) {
			f.Stale(stale.Theirs.Version, profileFields(stale.Theirs))
		} else if !f.Take(err) {
			return err
		}
	}
	return p.showFirm(r, f)
}

func (p *pages) giveFirm(r *page.Request) error {
	return p.act(r, func(_ *page.Form, a access.AuditScope) error {
		e, err := p.Work.GiveProfile(r.Context(), a, r.Now)
		if err != nil {
			return err
		}
		return r.Redirect("/methodology/firm", e.Ref+" records the firm as it is here.")
	}, func(f *page.Form, _ access.AuditScope) error { return p.showFirm(r, f) })
}
