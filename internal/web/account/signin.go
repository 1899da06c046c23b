package account

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// CookieName is the session cookie's. With https the browser itself guarantees that only this host has set it.
func CookieName(secure bool) string {
	if secure {
		return "__Host-tickmark"
	}
	return "tickmark"
}

func setSession(r *page.Request, secret string) {
	c := &http.Cookie{Name: CookieName(r.Secure()), Value: secret, Path: "/", HttpOnly: true, Secure: r.Secure(), SameSite: http.SameSiteLaxMode}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(r.Writer(), c)
}

// signInState is what the sign-in pages carry along.
type signInState struct {
	Next   string // where to go afterwards
	Held   string // a form that was sent without a session, sealed
	Over   bool   // a session has ended
	Ticket string // of a first step that was right
	First  bool   // there is no organisation yet
}

// AskToSignIn answers a request that needs a session and has none.
func AskToSignIn(r *page.Request, hadCookie bool) error {
	if r.HTTP.Method == http.MethodPost {
		st := signInState{Over: hadCookie, Next: fromReferer(r)}
		st.Held = hold(r, st.Next)
		if r.Target() != "" {
			// What was written stays in the open panel; the script says where to sign in.
			r.Header().Set("Tm-Sign-In", "/sign-in?next="+url.QueryEscape(st.Next))
		}
		r.Title = "Sign in"
		return r.RenderBare(http.StatusUnauthorized, signInPage(r, page.NewForm(), st))
	}
	to := "/sign-in?next=" + url.QueryEscape(page.LocalPath(r.HTTP.URL.RequestURI()))
	if hadCookie {
		to += "&over=1"
	}
	if r.Target() != "" {
		r.Header().Set("Tm-Location", "/sign-in?over=1&next="+url.QueryEscape(fromReferer(r)))
		r.Writer().WriteHeader(http.StatusUnauthorized)
		return nil
	}
	http.Redirect(r.Writer(), r.HTTP, to, http.StatusSeeOther)
	return nil
}

// fromReferer is the page of this program a request came from.
func fromReferer(r *page.Request) string {
	u, err := url.Parse(r.HTTP.Referer())
	if err != nil || u.Host != r.HTTP.Host {
		return "/"
	}
	return page.LocalPath(u.RequestURI())
}

func (p *pages) signInForm(r *page.Request) error {
	next := page.LocalPath(r.Query("next"))
	if r.SignedIn() {
		return r.Redirect(next, "")
	}
	orgs, err := p.Access.Orgs(r.Context())
	if err != nil {
		return err
	}
	if len(orgs) == 0 && p.SetupCode != "" {
		return r.Redirect("/start", "")
	}
	return r.RenderBare(http.StatusOK, signInPage(r, page.NewForm(), signInState{Next: next, Over: r.Query("over") != "", First: len(orgs) == 0}))
}

func (p *pages) signIn(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	st := signInState{Next: page.LocalPath(f.Get("next")), Held: f.Raw("held")}
	for field, what := range map[string]string{"email": "Write the email address of your account.", "password": "Write your password."} {
		if f.Raw(field) == "" {
			f.Wrong(field, what)
		}
	}
	if !f.OK() {
		return r.RenderBare(f.Status(), signInPage(r, f, st))
	}
	secret, g, err := p.Access.SignIn(r.Context(), r.Now, access.Attempt{Email: f.Get("email"), Password: f.Raw("password"), IP: r.IP, Agent: r.HTTP.UserAgent(), Steps: true})
	var code *access.CodeNeeded
	if errors.As(err, &code) {
		st.Ticket = code.Ticket
		return r.RenderBare(http.StatusOK, codePage(r, page.NewForm(), st))
	}
	if err != nil {
		status, err := refusal(f, err)
		if err != nil {
			return err
		}
		return r.RenderBare(status, signInPage(r, f, st))
	}
	return p.enter(r, secret, g, st)
}

func (p *pages) signInCode(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	st := signInState{Next: page.LocalPath(f.Get("next")), Held: f.Raw("held"), Ticket: f.Raw("ticket")}
	if f.Get("code") == "" {
		f.Wrong("code", "Write the six digits your authenticator app shows.")
		return r.RenderBare(f.Status(), codePage(r, f, st))
	}
	secret, g, err := p.Access.SecondStep(r.Context(), r.Now, st.Ticket, access.Attempt{Code: f.Get("code"), IP: r.IP, Agent: r.HTTP.UserAgent()})
	if err != nil {
		status, err := refusal(f, err)
		if err != nil {
			return err
		}
		if strings.HasPrefix(f.Problem, "The sign-in took too long") {
			return r.RenderBare(status, signInPage(r, f, st))
		}
		return r.RenderBare(status, codePage(r, f, st))
	}
	return p.enter(r, secret, g, st)
}

// refusal puts a refused attempt into the form. Faults of the program stay errors.
func refusal(f *page.Form, err error) (int, error) {
	switch errs.KindOf(err) {
	case errs.Denied:
		f.Problem, f.Hint = page.Sentence(err), errs.HintOf(err)
		return http.StatusForbidden, nil
	case errs.Exhausted:
		f.Problem, f.Hint = page.Sentence(err), errs.HintOf(err)
		return http.StatusTooManyRequests, nil
	}
	return 0, err
}

// enter starts the session in the browser and goes where the person was going, by way of a form that was held.
func (p *pages) enter(r *page.Request, secret string, g access.Grant, st signInState) error {
	setSession(r, secret)
	r.Grant = g // the token of the form is the new session's
	return giveBack(r, st)
}

func (p *pages) signOut(r *page.Request) error {
	if err := p.Access.SignOut(r.Context(), r.Now, r.Secret()); err != nil {
		return err
	}
	setSession(r, "")
	r.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return r.Redirect("/sign-in", "")
}

func (p *pages) switchOrg(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	secret, g, err := p.Access.SwitchOrg(r.Context(), r.Grant, r.Now, r.Secret(), access.Attempt{OrgSlug: f.Get("slug"), IP: r.IP, Agent: r.HTTP.UserAgent()})
	if err != nil {
		return err
	}
	setSession(r, secret)
	return r.Redirect(page.LocalPath(f.Get("next")), "You are in "+g.Org.Name+" now.")
}

// themeLife is how long the choice of appearance is kept, in seconds: a year.
const themeLife = 365 * 24 * 3600

func setTheme(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	c := &http.Cookie{Name: page.ThemeCookie, Value: f.Get("theme"), Path: "/", MaxAge: themeLife, Secure: r.Secure(), SameSite: http.SameSiteLaxMode}
	switch c.Value {
	case "light", "dark":
	case "system":
		c.Value, c.MaxAge = "", -1
	default:
		return errs.New(errs.Invalid, "%q is no appearance", c.Value).At("theme")
	}
	http.SetCookie(r.Writer(), c)
	return r.Redirect(page.LocalPath(f.Get("next")), "")
}
