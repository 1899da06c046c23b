package account

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// account shows a person's own account: who one is here, the second factor, open sessions, API tokens.
func (p *pages) account(r *page.Request) error {
	v := accountView{}
	var err error
	if v.Sessions, err = p.Access.OwnSessions(r.Context(), r.Grant, r.Now); err != nil {
		return err
	}
	if r.Can(access.ManageTokens) {
		if v.Tokens, err = p.Access.Tokens(r.Context(), r.Read()); err != nil {
			return err
		}
	}
	if r.Can(access.ManageUsers) { // the tokens of others are in the list: name whose they are
		members, err := p.Access.Members(r.Context(), r.Read())
		if err != nil {
			return err
		}
		v.Names = map[access.UserID]string{}
		for _, m := range members {
			v.Names[m.ID] = m.Name
		}
	}
	for _, a := range access.Actions() {
		if r.Can(a) {
			v.Rights = append(v.Rights, a.Phrase())
		}
	}
	slices.Sort(v.Rights)
	return r.Render(http.StatusOK, accountPage(r, v))
}

type accountView struct {
	Sessions []access.Session
	Tokens   []access.Token
	Names    map[access.UserID]string
	Rights   []string
}

// tokenState is how a token stands, as a status key and a word.
func tokenState(t access.Token, now time.Time) (key, word string) {
	switch {
	case t.Revoked != nil:
		return "na", "Revoked"
	case now.After(t.Expires):
		return "na", "Expired"
	}
	return "pass", "Good"
}

// scopesOf is what a token may do, in words.
func scopesOf(t access.Token) string {
	if len(t.Scopes) == 0 {
		return "everything its owner may"
	}
	var out []string
	for _, a := range t.Scopes {
		out = append(out, a.Phrase())
	}
	return strings.Join(out, ", ")
}

func (p *pages) endSession(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if f.Get("session") == r.Grant.Session {
		return p.signOut(r)
	}
	err = p.Access.EndOwnSession(r.Context(), r.Grant, r.Now, f.Get("session"))
	if errs.Is(err, errs.NotFound) {
		return r.Redirect("/account", "That session had ended already.")
	}
	if err != nil {
		return err
	}
	return r.Redirect("/account", "The session is ended.")
}

// secondFactor begins enrolment. The secret is in the form and nowhere else until a code proves that the app has it.
func (p *pages) secondFactor(r *page.Request) error {
	secret, link, err := p.Access.EnrolTOTP(r.Grant.Org, r.Grant.User)
	if err != nil {
		return err
	}
	return p.enrolment(r, page.NewForm(), secret, link)
}

// enrolling binds an enrolment to the person.
func enrolling(r *page.Request) string { return "second factor of " + string(r.Grant.User.ID) }

func (p *pages) enrolment(r *page.Request, f *page.Form, secret, link string) error {
	code, err := qr(link)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), enrolPanel(r, f, secret, r.Seal(enrolling(r), []byte(link)), code))
}

func (p *pages) confirmFactor(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	link, ok := r.Open(enrolling(r), f.Raw("enrolment"))
	if !ok {
		return errs.New(errs.Invalid, "the form is not the one this page gave").WithHint("Begin the enrolment again.")
	}
	u, err := url.Parse(string(link))
	if err != nil {
		return errs.As(errs.Internal, err, "enrolment")
	}
	secret := u.Query().Get("secret")
	if r.Grant.User.HasTOTP() {
		err = p.Access.ReplaceOwnTOTP(r.Context(), r.Grant, r.Now, secret, f.Get("code"), f.Raw("old"), f.Get("current"), r.IP)
		f.Values.Del("current")
	} else {
		err = p.Access.ConfirmOwnTOTP(r.Context(), r.Grant, r.Now, secret, f.Get("code"))
	}
	if err == nil {
		return r.Redirect("/account", "The second factor is set. The next sign-in asks for it.")
	}
	if !f.Take(err) {
		return err
	}
	f.Values.Del("code")
	return p.enrolment(r, f, secret, string(link))
}

// qrPixels is the size the library draws a code at before we read its modules from it; codes of this length have fewer
// than 100 modules a side.
const qrPixels = 500

// qr draws the code of an enrolment as one SVG path, a square for each run of dark modules.
func qr(link string) (string, error) {
	key, err := otp.NewKeyFromURL(link)
	if err != nil {
		return "", errs.As(errs.Internal, err, "enrolment")
	}
	img, err := key.Image(qrPixels, qrPixels)
	if err != nil {
		return "", errs.As(errs.Internal, err, "enrolment")
	}
	dark := func(x, y int) bool { c, _, _, _ := img.At(x, y).RGBA(); return c < 0x8000 }
	// The finder pattern in the corner begins with seven dark modules: that gives their size and where they begin.
	at := 0
	for at < qrPixels && !dark(at, at) {
		at++
	}
	run := 0
	for at+run < qrPixels && dark(at+run, at) {
		run++
	}
	size := run / 7
	if size == 0 {
		return "", errs.New(errs.Internal, "the code could not be drawn")
	}
	n := (qrPixels - 2*at) / size
	var b strings.Builder
	for y := range n {
		for x := 0; x < n; x++ {
			from := x
			for x < n && dark(at+x*size+size/2, at+y*size+size/2) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from, y, x-from, x-from)
			}
		}
	}
	return fmt.Sprintf(`<svg class="qr" viewBox="-4 -4 %d %d" role="img" aria-label="Code to scan with an authenticator app"><path d="%s"/></svg>`, n+8, n+8, b.String()), nil
}

// token finds one of the tokens the person may see.
func (p *pages) token(r *page.Request) (access.Token, error) {
	all, err := p.Access.Tokens(r.Context(), r.Read())
	if err != nil {
		return access.Token{}, err
	}
	for _, t := range all {
		if t.ID == r.Arg("id") && t.Revoked == nil {
			return t, nil
		}
	}
	return access.Token{}, errs.New(errs.NotFound, "no API token %s that is in use", r.Arg("id"))
}

func (p *pages) askRevoke(r *page.Request) error {
	t, err := p.token(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, revokePanel(r, page.NewForm(), t))
}

func (p *pages) revoke(r *page.Request) error {
	t, err := p.token(r)
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	if err := p.Access.RevokeToken(r.Context(), scope, r.Now, t.ID); err != nil {
		return err
	}
	return r.Redirect("/account", "The token "+t.Name+" is revoked.")
}
