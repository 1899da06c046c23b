// Package account is the pages around a person: signing in and out, the choice of organisation and appearance, sessions,
// the second factor and API tokens; and the home page.
package account

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages stand on.
type Services struct {
	Access *access.Service
	View   *view.Reader
}

type pages struct {
	Services
}

// Routes are the addresses of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	return []page.Route{
		{Method: http.MethodGet, Pattern: "/", Action: page.SignedIn, Title: "Home", Handle: p.home},
		{Method: http.MethodGet, Pattern: "/sign-in", Action: page.Public, Title: "Sign in", Handle: p.signInForm},
		{Method: http.MethodPost, Pattern: "/sign-in", Action: page.Public, Title: "Sign in", Handle: p.signIn},
		{Method: http.MethodPost, Pattern: "/sign-in/code", Action: page.Public, Title: "Sign in", Handle: p.signInCode},
		{Method: http.MethodPost, Pattern: "/sign-out", Action: page.SignedIn, Title: "Sign out", Handle: p.signOut},
		{Method: http.MethodPost, Pattern: "/organisation", Action: page.SignedIn, Title: "Organisation", Handle: p.switchOrg},
		{Method: http.MethodPost, Pattern: "/theme", Action: page.SignedIn, Title: "Appearance", Handle: setTheme},
		{Method: http.MethodGet, Pattern: "/account", Action: page.SignedIn, Title: "Account", Handle: p.account},
		{Method: http.MethodPost, Pattern: "/account/sessions/end", Action: page.SignedIn, Title: "End a session", Handle: p.endSession},
		{Method: http.MethodGet, Pattern: "/account/second-factor", Action: page.SignedIn, Title: "Second factor", Handle: p.secondFactor},
		{Method: http.MethodPost, Pattern: "/account/second-factor", Action: page.SignedIn, Title: "Second factor", Handle: p.confirmFactor},
		{Method: http.MethodGet, Pattern: "/account/tokens/{id}/revoke", Action: access.ManageTokens, Title: "Revoke a token", Handle: p.askRevoke},
		{Method: http.MethodPost, Pattern: "/account/tokens/{id}/revoke", Action: access.ManageTokens, Title: "Revoke a token", Handle: p.revoke},
	}
}
