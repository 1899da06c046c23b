package web

import (
	"slices"

	"github.com/tickmark/tickmark/internal/web/account"
	"github.com/tickmark/tickmark/internal/web/examination"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/web/programme"
	"github.com/tickmark/tickmark/internal/web/records"
)

// Routes is the route table: every address of the program with who may use it. Tests walk it, so that a new line is tried
// with every role and from another organisation.
func Routes(s Services, dev bool) []page.Route {
	all := slices.Concat(
		account.Routes(account.Services{Access: s.Access, View: s.View}),
		programme.Routes(programme.Services{View: s.View, Controls: s.Controls, Evaluate: s.Evaluate, Access: s.Access}),
		records.Routes(records.Services{View: s.View, Evidence: s.Evidence, Collect: s.Collect, Ledger: s.Ledger, Files: s.Files, Content: s.Content}),
		examination.Routes(examination.Services{View: s.View, Engagement: s.Engagement, System: s.System}),
	)
	if dev {
		all = append(all, account.DevRoutes()...)
	}
	return all
}
