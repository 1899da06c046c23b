package web_test

import (
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/web"
)

// servicesOf is how the program hands its services to the pages.
func servicesOf(a *app.App) web.Services { return a.Pages() }
