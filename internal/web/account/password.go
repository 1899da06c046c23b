package account

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/web/page"
)

func (p *pages) passwordForm(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, passwordPanel(r, page.NewForm()))
}

// changePassword replaces one's own password. The other sessions of the account end.
func (p *pages) changePassword(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	old, password := f.Raw("old"), f.Raw("password")
	switch {
	case old == "":
		f.Wrong("old", "Write the password you have now.")
	case password == "":
		f.Wrong("password", "Choose a new password.")
	case password != f.Raw("again"):
		f.Wrong("again", "This is not the same password.")
	}
	if r.Grant.User.HasTOTP() && f.Get("current") == "" {
		f.Wrong("current", "Write the six digits your authenticator app shows.")
	}
	if f.OK() {
		err := p.Access.ChangeOwnPassword(r.Context(), r.Grant, r.Now, old, password, f.Get("current"), r.IP)
		if err == nil {
			return r.Redirect("/account", "Your password is changed. Other browsers are signed out.")
		}
		if !f.Take(err) {
			return err
		}
	}
	f.Values.Del("current")
	return r.RenderPanel(f.Status(), passwordPanel(r, f))
}
