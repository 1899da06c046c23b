// Package account is the pages around a person: signing in and out, the choice of organisation and appearance, sessions,
// the second factor and API tokens; and the home page.
package account

import (
	"context"
	"net/http"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages stand on.
type Services struct {
	Access *access.Service
	View   *view.Reader
	// SetUp fills the first organisation; SetupCode opens the first run.
	SetUp     func(ctx context.Context, scope access.Scope, now time.Time, f Founding) error
	SetupCode string
}

type pages struct {
	Services
}

// Routes are the addresses of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	return []page.Route{
		{Method: http.MethodGet, Pattern: "/sign-in", Action: page.Public, Title: "Sign in", Handle: p.signInForm},
		{Method: http.MethodPost, Pattern: "/sign-in", Action: page.Public, Title: "Sign in", Handle: p.signIn},
		{Method: http.MethodPost, Pattern: "/sign-in/code", Action: page.Public, Title: "Sign in", Handle: p.signInCode},
		{Method: http.MethodPost, Pattern: "/sign-out", Action: page.SignedIn, Title: "Sign out", Handle: p.signOut},
		{Method: http.MethodPost, Pattern: "/organisation", Action: page.SignedIn, Title: "Organisation", Handle: p.switchOrg},
		{Method: http.MethodPost, Pattern: "/theme", Action: page.SignedIn, Title: "Appearance", Handle: setTheme},
		{Method: http.MethodGet, Pattern: "/start", Action: page.Public, Title: "Begin", Handle: p.start},
		{Method: http.MethodPost, Pattern: "/start", Action: page.Public, Title: "Begin", Handle: p.startForm},
		{Method: http.MethodPost, Pattern: "/start/owner", Action: page.Public, Title: "Begin", Handle: p.found},
		{Method: http.MethodGet, Pattern: "/start/checklist", Action: access.ReadProgramme, Title: "First steps", Command: "First steps", Nav: "/", Handle: p.firstSteps},
		{Method: http.MethodPost, Pattern: "/account/pages", Action: page.SignedIn, Title: "How pages behave", Handle: p.setLikes},
		{Method: http.MethodGet, Pattern: "/account", Action: page.SignedIn, Title: "Account", Handle: p.account},
		{Method: http.MethodPost, Pattern: "/account/sessions/end", Action: page.SignedIn, Title: "End a session", Handle: p.endSession},
		{Method: http.MethodGet, Pattern: "/account/password", Action: page.SignedIn, Title: "Password", Handle: p.passwordForm},
		{Method: http.MethodPost, Pattern: "/account/password", Action: page.SignedIn, Title: "Password", Handle: p.changePassword},
		{Method: http.MethodGet, Pattern: "/account/second-factor", Action: page.SignedIn, Title: "Second factor", Handle: p.secondFactor},
		{Method: http.MethodPost, Pattern: "/account/second-factor", Action: page.SignedIn, Title: "Second factor", Handle: p.confirmFactor},
		{Method: http.MethodGet, Pattern: "/account/tokens/{id}/revoke", Action: access.ManageTokens, Title: "Revoke a token", Handle: p.askRevoke},
		{Method: http.MethodPost, Pattern: "/account/tokens/{id}/revoke", Action: access.ManageTokens, Title: "Revoke a token", Handle: p.revoke},
	}
}
