package examination

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
)

var auditorsTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "name", Title: "Person"}, {Key: "firm", Title: "Firm", Wide: true}, {Key: "state", Title: "Access"}, {Key: "declared", Title: "Declared independent", Opt: true, Num: true},
		{Key: "entered", Title: "Last entered", Opt: true, Num: true}, {Key: "act", Title: "Actions", Quiet: true},
	},
	One: "person", Many: "people",
}

func auditorSign(i access.Invited) sign {
	switch {
	case i.Removed != nil:
		return sign{"na", "Ended"}
	case i.Declared == nil:
		return sign{"risk", "Not declared yet"}
	}
	return sign{"prog", "Open"}
}

func enteredText(i access.Invited) string {
	if i.Entered == 0 {
		return "never"
	}
	return page.DateText(period.Date(i.Entered))
}

func (p *pages) auditors(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	t, err := r.Table(&auditorsTable)
	if err != nil {
		return err
	}
	all, err := p.Access.Auditors(r.Context(), r.Read(), string(e.ID))
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b access.Invited) int { return one(a.Removed != nil) - one(b.Removed != nil) })
	t.Total = len(all)
	if t.Exporting() {
		return r.Export(t, e.Ref+"-auditors", []string{"name", "email", "firm", "role", "access", "invited", "declared", "last_entered", "ended", "why"}, func(paging.Query) ([][]any, int, error) {
			out := make([][]any, len(all))
			for i, x := range all {
				row := []any{x.Name, x.Email, x.FirmName, x.Role.Title(), auditorSign(x).Word, x.At, "", enteredText(x), "", x.Why}
				if x.Declared != nil {
					row[6] = *x.Declared
				}
				if x.Removed != nil {
					row[8] = *x.Removed
				}
				out[i] = row
			}
			return out, len(out), nil
		})
	}
	rows := auditorRows(r, t, e, cut(all, t.Query))
	return r.Render(http.StatusOK, auditorsPage(r, t, e, rows), page.Part(t.ID(), rows))
}

func (p *pages) inviteForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, inviteFirmPanel(r, page.NewForm("firm", e.Firm), e))
}

func (p *pages) invite(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if f.Get("partner") == "" {
		f.Wrong("partner", "Write the partner's name.")
	}
	if f.Get("mail") == "" {
		f.Wrong("mail", "Write the partner's email address.")
	}
	if e.Status == engagement.Cancelled {
		f.Problem = e.Ref + " is cancelled: nobody is invited to it any more."
	}
	if f.OK() {
		i, code, err := p.Access.InviteFirm(r.Context(), scope, r.Now, string(e.ID), access.NewFirm{Firm: f.Get("firm"), Slug: f.Get("slug"), Partner: f.Get("partner"), Mail: f.Get("mail")})
		back := page.EngagementPath(e.Ref, "auditors")
		switch {
		case err == nil && code == "":
			return r.Redirect(back, i.Name+" of "+i.FirmName+" has an account already, and is invited now.")
		case err == nil:
			r.Shown(back)
			return r.RenderPanel(http.StatusOK, invitedPanel(r, i, back, welcome(r, code)))
		case !takeFirm(f, err):
			return err
		}
	}
	return r.RenderPanel(f.Status(), inviteFirmPanel(r, f, e))
}

// takeFirm puts an error at the field of this form: those of a new organisation and of a new person have other names.
func takeFirm(f *page.Form, err error) bool {
	if !f.Take(err) {
		return false
	}
	for from, to := range map[string]string{"name": "firm", "email": "mail"} {
		if s, ok := f.Errors[from]; ok {
			delete(f.Errors, from)
			f.Errors[to] = s
		}
	}
	return true
}

// welcome is the link with which an invited person sets a password.
func welcome(r *page.Request, code string) string {
	u := url.URL{Scheme: "http", Host: r.HTTP.Host, Path: "/welcome", RawQuery: url.Values{"code": {code}}.Encode()}
	if r.Secure() {
		u.Scheme = "https"
	}
	return u.String()
}

// auditor finds somebody who is invited now.
func (p *pages) auditor(r *page.Request, e engagement.Engagement) (access.Invited, error) {
	all, err := p.Access.Auditors(r.Context(), r.Read(), string(e.ID))
	if err != nil {
		return access.Invited{}, err
	}
	for _, i := range all {
		if string(i.User) == r.Arg("user") && i.Removed == nil {
			return i, nil
		}
	}
	return access.Invited{}, errs.New(errs.NotFound, "nobody of that name is invited to %s", e.Ref)
}

func (p *pages) removeForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	i, err := p.auditor(r, e)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, removePanel(r, page.NewForm(), e, i))
}

func (p *pages) remove(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	i, err := p.auditor(r, e)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	err = p.Access.RemoveAuditor(r.Context(), scope, r.Now, string(e.ID), i.User, f.Get("why"))
	if err == nil {
		return r.Redirect(page.EngagementPath(e.Ref, "auditors"), i.Name+" has no access any more.")
	}
	return r.PanelAgain(f, err, removePanel(r, f, e, i))
}
