package app

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/web/account"
)

// setupCodeLength is that of the code that opens the first run, in bytes: 80 bits, which nobody guesses over a network.
const setupCodeLength = 10

// newSetupCode makes the code that whoever started the program needs for the first run, in groups of four.
func newSetupCode() string {
	b := make([]byte, setupCodeLength)
	_, _ = rand.Read(b) // never fails
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), "-")
}

// SetupCode is the code of the first run while the installation has no organisation; empty otherwise.
func (a *App) SetupCode() string { return a.setupCode }

// prepareFirstRun makes the code of the first run when there is no organisation.
func (a *App) prepareFirstRun(ctx context.Context) error {
	orgs, err := a.Access.Orgs(ctx)
	if err == nil && len(orgs) == 0 {
		a.setupCode = newSetupCode()
	}
	return err
}

// found fills a new organisation: the tests of the library, and the control set and the engagement that were chosen.
func (a *App) found(ctx context.Context, scope access.Scope, now time.Time, f account.Founding) error {
	if err := a.installLibrary(ctx, scope, now); err != nil {
		return err
	}
	if _, err := a.EnsureOwn(ctx, scope, now); err != nil {
		return err
	}
	categories, err := a.Catalog.ParseCategories(f.Categories)
	if err != nil {
		return err
	}
	if f.Controls != account.NoControls {
		if _, err := a.Controls.Adopt(ctx, scope, now, control.Adoption{Categories: categories, Approve: f.Controls == account.InForce}); err != nil {
			return err
		}
	}
	if f.Period.Days() == 0 {
		return nil
	}
	_, _, err = a.Engagement.Create(ctx, scope, now, engagement.New{Categories: f.Categories, Period: f.Period, State: engagement.Observation})
	return err
}
