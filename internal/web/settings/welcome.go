package settings

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// welcome is where the link of an invitation leads: a password is set, by whoever holds the link.
func (p *pages) welcome(r *page.Request) error {
	code := r.Query("code")
	if code == "" {
		return r.RenderBare(http.StatusOK, noWelcomePage(r, "", ""))
	}
	o, u, err := p.Access.Invited(r.Context(), r.Now, code, r.IP)
	if err != nil {
		return noWelcome(r, err)
	}
	return r.RenderBare(http.StatusOK, welcomePage(r, page.NewForm(), o, u, code))
}

// noWelcome is the page of a link that does not work.
func noWelcome(r *page.Request, err error) error {
	if !errs.Is(err, errs.Denied) && !errs.Is(err, errs.Exhausted) {
		return err
	}
	return r.RenderBare(errs.KindOf(err).HTTPStatus(), noWelcomePage(r, page.Sentence(err), errs.HintOf(err)))
}

func (p *pages) setPassword(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	code := f.Get("code")
	var o access.Org
	var u access.User
	if o, u, err = p.Access.Invited(r.Context(), r.Now, code, r.IP); err != nil {
		return noWelcome(r, err)
	}
	switch {
	case f.Raw("password") == "":
		f.Wrong("password", "Choose a password.")
	case f.Raw("password") != f.Raw("again"):
		f.Wrong("again", "This is not the same password.")
	}
	if f.OK() {
		_, err = p.Access.AcceptInvitation(r.Context(), r.Now, code, f.Raw("password"), r.IP)
		if err == nil {
			return r.RenderBare(http.StatusOK, welcomeDonePage(r, u))
		}
		if errs.Is(err, errs.Denied) {
			return noWelcome(r, err)
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderBare(f.Status(), welcomePage(r, f, o, u, code))
}
