package life

import (
	"slices"
)

// App is an application behind the identity provider.
type App struct {
	ID       string
	Label    string
	Name     string // the provider's key for the kind of application
	SignOn   string
	Inactive bool
	Created  Time
	Users    []Span // of accounts
	who      func(p *Person, dept int) bool
}

func all(*Person, int) bool { return true }

func employees(p *Person, _ int) bool { return !p.Contractor }

func in(depts ...int) func(*Person, int) bool {
	return func(_ *Person, dept int) bool { return slices.Contains(depts, dept) }
}

func coders(_ *Person, dept int) bool { return Departments[dept].Code }

func (b *builder) apps() {
	b.w.Apps = []App{
		{Label: "GitHub Enterprise Cloud - Northwind", Name: "githubcloud", SignOn: "SAML_2_0", who: coders},
		{Label: "Wiki", Name: "northwind_wiki", SignOn: "SAML_2_0", who: all},
		{Label: "Chat", Name: "northwind_chat", SignOn: "OPENID_CONNECT", who: all},
		{Label: "BambooHR", Name: "bamboohr", SignOn: "SAML_2_0", who: employees},
		{Label: "Payroll", Name: "northwind_payroll", SignOn: "AUTO_LOGIN", who: employees},
		{Label: "Tickets", Name: "northwind_tickets", SignOn: "SAML_2_0", who: in(1, 2, 3, 4, 6, 7, 8)},
		{Label: "Cloud console", Name: "northwind_cloud", SignOn: "SAML_2_0", who: in(deptPlatform, deptSecurity)},
		{Label: "Customer records", Name: "northwind_crm", SignOn: "SAML_2_0", who: in(8, 9, 10)},
		{Label: "Ledger", Name: "northwind_ledger", SignOn: "SAML_2_0", who: in(11, 14)},
		{Label: "Warehouse", Name: "northwind_warehouse", SignOn: "OPENID_CONNECT", who: in(deptData, 6, 11)},
		{Label: "Alerting", Name: "northwind_alerting", SignOn: "BOOKMARK", who: in(deptPlatform, deptSecurity, deptIT)},
		{Label: "Device fleet", Name: "northwind_fleet", SignOn: "SAML_2_0", who: in(deptIT)},
		{Label: "Drawing board", Name: "northwind_board", SignOn: "OPENID_CONNECT", who: in(6, 7)},
		{Label: "Old intranet", Name: "northwind_intranet", SignOn: "BROWSER_PLUGIN", Inactive: true, who: in()},
	}
	for i := range b.w.Apps {
		b.w.Apps[i].ID = b.w.ID("0oa", i)
		b.w.Apps[i].Created = b.w.Begin - Time(800-10*i)*Day
	}
}

// keepsApp reports whether a mover needs an application before and after the move.
func (b *builder) keepsApp(i int32, app *App) bool {
	p := &b.w.People[i]
	return app.who(p, b.seats[p.stints[0].seat].dept) && app.who(p, b.seats[p.stints[1].seat].dept)
}
