package web

import (
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/web/account"
	"github.com/tickmark/tickmark/internal/web/api"
	"github.com/tickmark/tickmark/internal/web/audits"
	"github.com/tickmark/tickmark/internal/web/authority"
	"github.com/tickmark/tickmark/internal/web/campaigns"
	"github.com/tickmark/tickmark/internal/web/changes"
	"github.com/tickmark/tickmark/internal/web/desk"
	"github.com/tickmark/tickmark/internal/web/directory"
	"github.com/tickmark/tickmark/internal/web/examination"
	"github.com/tickmark/tickmark/internal/web/fieldwork"
	"github.com/tickmark/tickmark/internal/web/intake"
	"github.com/tickmark/tickmark/internal/web/issuing"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/web/planning"
	"github.com/tickmark/tickmark/internal/web/policies"
	"github.com/tickmark/tickmark/internal/web/programme"
	"github.com/tickmark/tickmark/internal/web/readiness"
	"github.com/tickmark/tickmark/internal/web/records"
	"github.com/tickmark/tickmark/internal/web/requests"
	"github.com/tickmark/tickmark/internal/web/reviews"
	"github.com/tickmark/tickmark/internal/web/risks"
	"github.com/tickmark/tickmark/internal/web/rulebook"
	"github.com/tickmark/tickmark/internal/web/settings"
	"github.com/tickmark/tickmark/internal/web/sources"
	"github.com/tickmark/tickmark/internal/web/stored"
	"github.com/tickmark/tickmark/internal/web/vendors"
	"github.com/tickmark/tickmark/internal/web/watch"
)

// Routes is the route table: every address of the program with who may use it. Tests walk it, so that a new line is tried
// with every role and from another organisation.
func Routes(s Services, dev bool) []page.Route {
	all := slices.Concat(
		desk.Routes(desk.Services{Background: s.Background, View: s.View, Access: s.Access, Fieldwork: s.Fieldwork, Detect: s.Detect}),
		account.Routes(account.Services{Access: s.Access, View: s.View, SetUp: s.SetUp, SetupCode: s.SetupCode}),
		styled("examination planning", planning.Routes(planning.Services{Applicability: s.Applicability, Matrix: s.Matrix, System: s.System, View: s.View})),
		programme.Routes(programme.Services{View: s.View, Frameworks: s.Frameworks, Controls: s.Controls, Evaluate: s.Evaluate, Access: s.Access, Tasks: s.Work, Files: s.Files, Background: s.Background}),
		readiness.Routes(readiness.Services{View: s.View, Work: s.Work, Access: s.Access, Controls: s.Controls, Evidence: s.Evidence, Occurrences: s.Occurrences, Duties: s.Duties, Seen: s.Seen}),
		styled("reviews", reviews.Routes(reviews.Services{Reviews: s.Reviews, Access: s.Access, People: s.People, Background: s.Background})),
		directory.Routes(directory.Services{People: s.People, Campaigns: s.Campaigns, Refresh: s.RefreshPeople}),
		policies.Routes(policies.Services{Policies: s.Policies, Campaigns: s.Campaigns, Access: s.Access, View: s.View}),
		styled("duties", intake.Routes(intake.Services{Imports: s.Imports, View: s.View, Background: s.Background, Do: s.Import})),
		records.Routes(records.Services{View: s.View, Evidence: s.Evidence, Collect: s.Collect, Ledger: s.Ledger, Files: s.Files, Content: s.Content, Background: s.Background, Feeds: s.Feeds}),
		styled("vendors", vendors.Routes(vendors.Services{Vendors: s.Vendors, Access: s.Access, View: s.View, System: s.System, Evidence: s.Evidence, Work: s.Work, Around: s.AroundVendors})),
		risks.Routes(risks.Services{Risks: s.Risks, View: s.View, Work: s.Work, Access: s.Access, People: s.People, System: s.System, Around: s.AroundRisks}),
		changes.Routes(changes.Services{Changes: s.Changes, Risks: s.Risks, View: s.View, System: s.System, People: s.People, Campaigns: s.Campaigns}),
		authority.Routes(authority.Services{Authority: s.Authority, View: s.View}),
		styled("vendors", rulebook.Routes(rulebook.Services{Detect: s.Detect, View: s.View})),
		styled("vendors", sources.Routes(sources.Services{Sources: s.Sources, Intake: s.Intake, View: s.View, Address: s.Address})),
		settings.Routes(settings.Services{Access: s.Access, View: s.View, Notify: s.Notify, Customs: s.Customs}),
		watch.Routes(watch.Services{Background: s.Background, Cases: s.Cases, Sources: s.Sources, Print: s.PrintCase, Alerts: s.Alerts, Incidents: s.Incidents, Access: s.Access, Notify: s.Notify, Controls: s.Controls, View: s.View, System: s.System, Work: s.Work, Query: s.QueryEvents, File: s.FileHunt}),
		stored.Routes(stored.Services{Find: s.FindEvents, Event: s.Event, Prove: s.ProveEvent, Keep: s.FileEvent, Erase: s.EraseEvent, Sources: s.Sources, Alerts: s.Alerts, Authority: s.Authority, Reviews: s.Reviews, View: s.View}),
		campaigns.Routes(campaigns.Services{Campaigns: s.Campaigns, Training: s.Training, People: s.People, Access: s.Access, Mails: s.Notify.MailsPeople}),
		audits.Routes(audits.Services{Access: s.Access, Engagement: s.Engagement}),
		styled("requests", requests.Routes(requests.Services{Requests: s.Requests, Access: s.Access, Evidence: s.Evidence, Policies: s.Policies, Catalog: s.View.Catalog, Content: s.Content})),
		styled("examination engagements", examination.Routes(examination.Services{View: s.View, Engagement: s.Engagement, Letters: s.Letters, Access: s.Access, System: s.System, Background: s.Background})),
		styled("fieldwork tools", fieldwork.Routes(fieldwork.Services{Work: s.Fieldwork, Access: s.Access, Evaluate: s.Evaluate, Packs: s.Packs})),
		styled("issue examination planning", issuing.Routes(issuing.Services{Issue: s.Issue, Engagement: s.Engagement, Access: s.Access, View: s.View, Seals: s.Seals, Mails: s.Notify.MailsReaders})),
		api.Routes(api.Services{Access: s.Access, Engagement: s.Engagement, Requests: s.Requests, Work: s.Fieldwork, Incidents: s.Incidents, Cases: s.Cases}),
	)
	if dev {
		all = append(all, account.DevRoutes()...)
	}
	return all
}

// styled names the sheets that the pages of a package need besides the common one.
func styled(sheets string, routes []page.Route) []page.Route {
	for i := range routes {
		routes[i].Styles = strings.TrimSpace(routes[i].Styles + " " + sheets)
	}
	return routes
}
