package web_test

import (
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web"
)

// servicesOf is how the program hands its services to the pages.
func servicesOf(a *app.App) web.Services {
	return web.Services{
		Access: a.Access, View: view.New(a.DB, a.Catalog), Ledger: a.Ledger, Evidence: a.Evidence, Collect: a.Collect, Evaluate: a.Evaluate,
		Controls: a.Controls, System: a.System, Engagement: a.Engagement, Files: a.Lake, Content: a.Content,
	}
}
