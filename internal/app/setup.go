package app

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// CreateOrg sets up an organisation: its owner, and unless it is to be bare the tests of the library, the starter
// controls in force, and a first SOC 2 Type 2 engagement on Security that begins today.
func (a *App) CreateOrg(ctx context.Context, operator string, o access.NewOrg, owner access.NewUser, starter bool) (access.Org, access.Scope, error) {
	now := a.Clock()
	made, _, err := a.Access.CreateOrg(ctx, now, operator, o, owner)
	if err != nil {
		return made, access.Scope{}, err
	}
	scope, err := a.Access.Operator(ctx, made.ID, operator)
	if err != nil {
		return made, scope, err
	}
	if o.Kind == access.Firm { // it examines others and runs no controls here
		return made, scope, nil
	}
	if err := a.installLibrary(ctx, scope, now); err != nil || !starter {
		return made, scope, err
	}
	if _, err := a.Controls.Adopt(ctx, scope, now, control.Adoption{Approve: true}); err != nil {
		return made, scope, err
	}
	today := period.Of(now)
	_, _, err = a.Engagement.Create(ctx, scope, now, engagement.New{Categories: []string{"security"}, Period: period.Period{From: today, To: today + 365}, State: engagement.Observation})
	return made, scope, err
}

// installLibrary installs every test of the library that the organisation does not have in this version.
func (a *App) installLibrary(ctx context.Context, scope access.Scope, now time.Time) error {
	lib, err := evaluate.Library()
	if err != nil {
		return err
	}
	have, err := a.Evaluate.Store.Installed(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	version := map[string]int{}
	for _, t := range have {
		version[t.Definition.ID] = t.Definition.Version
	}
	return a.DB.InTx(ctx, func(ctx context.Context) error {
		for _, d := range lib {
			if version[d.ID] >= d.Version {
				continue
			}
			if err := a.Evaluate.Store.Install(ctx, scope, evaluate.Installed{Definition: d, Library: true, Enabled: true, Params: map[string]string{}, Installed: now}); err != nil {
				return errs.Wrap(err, "install test %s", d.ID)
			}
		}
		return nil
	})
}

// InstallTest checks a test of the organisation's own and installs it.
func (a *App) InstallTest(ctx context.Context, scope access.Scope, now time.Time, d *evaluate.Definition) error {
	if err := scope.Require(access.EditTests); err != nil {
		return err
	}
	if err := evaluate.Lint(ctx, a.Evaluate.Engine, d); err != nil {
		return err
	}
	lib, err := evaluate.Library()
	if err != nil {
		return err
	}
	for _, l := range lib {
		if l.ID == d.ID {
			return errs.New(errs.Conflict, "test %s belongs to the library", d.ID).WithHint("Give yours another id.")
		}
	}
	return a.Evaluate.Store.Install(ctx, scope, evaluate.Installed{Definition: d, Enabled: true, Params: map[string]string{}, Installed: now})
}
