package web

import (
	"slices"

	"github.com/tickmark/tickmark/internal/web/account"
	"github.com/tickmark/tickmark/internal/web/desk"
	"github.com/tickmark/tickmark/internal/web/examination"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/web/planning"
	"github.com/tickmark/tickmark/internal/web/programme"
	"github.com/tickmark/tickmark/internal/web/readiness"
	"github.com/tickmark/tickmark/internal/web/records"
	"github.com/tickmark/tickmark/internal/web/settings"
)

// Routes is the route table: every address of the program with who may use it. Tests walk it, so that a new line is tried
// with every role and from another organisation.
func Routes(s Services, dev bool) []page.Route {
	all := slices.Concat(
		desk.Routes(desk.Services{Background: s.Background, View: s.View, Access: s.Access}),
		account.Routes(account.Services{Access: s.Access, View: s.View, SetUp: s.SetUp, SetupCode: s.SetupCode}),
		planning.Routes(planning.Services{Applicability: s.Applicability, Matrix: s.Matrix, System: s.System, View: s.View}),
		programme.Routes(programme.Services{View: s.View, Controls: s.Controls, Evaluate: s.Evaluate, Access: s.Access, Tasks: s.Work, Files: s.Files, Background: s.Background}),
		readiness.Routes(readiness.Services{View: s.View, Work: s.Work, Access: s.Access}),
		records.Routes(records.Services{View: s.View, Evidence: s.Evidence, Collect: s.Collect, Ledger: s.Ledger, Files: s.Files, Content: s.Content, Background: s.Background}),
		settings.Routes(settings.Services{Access: s.Access, View: s.View, Notify: s.Notify}),
		examination.Routes(examination.Services{View: s.View, Engagement: s.Engagement, System: s.System, Background: s.Background}),
	)
	if dev {
		all = append(all, account.DevRoutes()...)
	}
	return all
}
