// Package installed opens the program with an organisation, for benches that need no server.
package installed

import (
	"context"
	"log/slog"
	"maps"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Open opens the program on a folder, with further settings if there are any, and its organisation, which is made the first time.
func Open(ctx context.Context, dir string, settings map[string]string, log *slog.Logger) (*app.App, access.Scope, error) {
	values := map[string]string{"data": dir}
	maps.Copy(values, settings)
	cfg, _, err := app.LoadConfig("", values, func(string) string { return "" })
	if err != nil {
		return nil, access.Scope{}, err
	}
	a, err := app.Open(ctx, cfg, log)
	if err != nil {
		return nil, access.Scope{}, err
	}
	org, err := a.Access.OrgBySlug(ctx, "northwind")
	if errs.Is(err, errs.NotFound) {
		org, _, err = a.Access.CreateOrg(ctx, a.Clock(), "bench", access.NewOrg{Slug: "northwind", Name: "Northwind", Simulated: true}, access.NewUser{Email: "owner@northwind.example", Name: "Owner"})
	}
	if err != nil {
		return nil, access.Scope{}, err
	}
	scope, err := a.Access.Operator(ctx, org.ID, "bench")
	return a, scope, err
}
