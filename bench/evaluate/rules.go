package main

const company = "@northwind.example"

// The terms that many rules begin with.
var (
	active    = equal("status", "active")
	usable    = oneOf("status", "active", "locked")
	living    = oneOf("status", "active", "locked", "suspended", "staged")
	person    = unequal("kind", "service")
	service   = equal("kind", "service")
	closed    = equal("status", "deprovisioned")
	admin     = is("admin")
	outsider  = is("external")
	noFactor  = isNot("second_factor")
	unguarded = []term{noFactor}
)

func all(t ...term) []term          { return t }
func fails(t ...term) [][]term      { return [][]term{t} }
func either(a ...[]term) [][]term   { return a }
func needs(cols ...string) []string { return cols }

// rules is the one table from which the tests, the expressions and the policies are made: fifty questions an auditor asks
// of a list of accounts.
var rules = []rule{
	{"bench-factor-active", "Every active account has a second factor", all(active), needs("second_factor"), either(unguarded)},
	{"bench-factor-usable", "Every account that can sign in has a second factor", all(usable), needs("second_factor"), fails(noFactor)},
	{"bench-factor-person", "Every active person has a second factor", all(active, person), needs("kind", "second_factor"), fails(noFactor)},
	{"bench-factor-admin", "Every administrator has a second factor", all(active), needs("admin", "second_factor"), fails(admin, noFactor)},
	{"bench-factor-outsider", "Every outside collaborator has a second factor", all(active), needs("external", "second_factor"), fails(outsider, noFactor)},
	{"bench-factor-new", "A new account has a second factor after two days", all(active), needs("activated_at", "second_factor"), fails(older("activated_at", 2), noFactor)},
	{"bench-idle-30", "No administrator lies idle for 30 days", all(active), needs("admin", "last_sign_in_at"), fails(admin, older("last_sign_in_at", 30))},
	{"bench-idle-45", "No outside collaborator lies idle for 45 days", all(active), needs("external", "last_sign_in_at"), fails(outsider, older("last_sign_in_at", 45))},
	{"bench-idle-60", "No person lies idle for 60 days", all(active, person), needs("last_sign_in_at"), fails(older("last_sign_in_at", 60))},
	{"bench-idle-90", "No account lies idle for 90 days", all(active), needs("last_sign_in_at"), fails(older("last_sign_in_at", 90))},
	{"bench-idle-180", "No account lies idle for 180 days", all(usable), needs("last_sign_in_at"), fails(older("last_sign_in_at", 180))},
	{"bench-idle-365", "No account lies idle for a year", all(living), needs("last_sign_in_at"), fails(older("last_sign_in_at", 365))},
	{"bench-password-90", "No administrator keeps a password for more than 90 days", all(active), needs("admin", "password_changed_at"), fails(admin, older("password_changed_at", 90))},
	{"bench-password-365", "No password is older than a year", all(active), needs("password_changed_at"), fails(older("password_changed_at", 365))},
	{"bench-password-540", "No password is older than 18 months", all(usable), needs("password_changed_at"), fails(older("password_changed_at", 540))},
	{"bench-password-unused", "No password was last changed long before the last sign-in", all(active), needs("password_changed_at", "last_sign_in_at"), fails(apart("last_sign_in_at", "password_changed_at", 9000))},
	{"bench-password-guard", "An old password is guarded by a second factor", all(active), needs("password_changed_at", "second_factor"), fails(older("password_changed_at", 365), noFactor)},
	{"bench-password-first", "A password was set after the account was made", all(living), needs("created_at", "password_changed_at"), fails(before("password_changed_at", "created_at"))},
	{"bench-email-there", "Every account has an address", all(living), nil, fails(missing("email"))},
	{"bench-email-company", "Every address is of the company", all(active), needs("email", "external"), fails(isNot("external"), lacksSuffix("email", company))},
	{"bench-email-login", "The address of a person is the login", all(active, person), needs("email"), fails(differ("email", "login"))},
	{"bench-email-outsider", "An outside address belongs to an outside collaborator", all(living), needs("email", "external"), fails(lacksSuffix("email", company), isNot("external"))},
	{"bench-login-company", "Every login is of the company", all(active), nil, fails(lacksSuffix("login", company))},
	{"bench-login-service", "A service account is named as one", all(living), needs("kind"), fails(service, lacksPrefix("login", "svc-"))},
	{"bench-name-there", "Every person has a name", all(living, person), nil, fails(missing("display_name"))},
	{"bench-number-there", "Every person has an employee number", all(active, person), nil, fails(missing("employee_number"))},
	{"bench-number-form", "An employee number has the company's form", all(living), needs("employee_number"), fails(lacksPrefix("employee_number", "E"))},
	{"bench-number-admin", "Every administrator is an employee", all(active), needs("admin"), fails(admin, missing("employee_number"))},
	{"bench-number-outsider", "An account without number belongs to an outside collaborator", all(active, person), needs("external"), fails(missing("employee_number"), isNot("external"))},
	{"bench-kind-there", "Every account says what it is", nil, nil, fails(missing("kind"))},
	{"bench-kind-known", "Every account is of a known kind", nil, needs("kind"), fails(unequal("kind", "person"), unequal("kind", "service"))},
	{"bench-status-known", "Every account is in a known state", nil, nil, fails(unequal("status", "active"), unequal("status", "staged"), unequal("status", "suspended"), unequal("status", "locked"), unequal("status", "deprovisioned"))},
	{"bench-status-recent", "No account is suspended for more than 90 days", nil, needs("status_changed_at"), fails(equal("status", "suspended"), older("status_changed_at", 90))},
	{"bench-status-staged", "No account is staged for more than 30 days", nil, needs("status_changed_at"), fails(equal("status", "staged"), older("status_changed_at", 30))},
	{"bench-status-locked", "No account is locked for more than a week", nil, needs("status_changed_at"), fails(equal("status", "locked"), older("status_changed_at", 7))},
	{"bench-status-order", "No state is older than its account", nil, needs("created_at", "status_changed_at"), fails(before("status_changed_at", "created_at"))},
	{"bench-closed-used", "No closed account signed in after it was closed", nil, needs("status_changed_at", "last_sign_in_at"), fails(closed, before("status_changed_at", "last_sign_in_at"))},
	{"bench-closed-password", "No closed account got a password after it was closed", nil, needs("status_changed_at", "password_changed_at"), fails(closed, before("status_changed_at", "password_changed_at"))},
	{"bench-closed-admin", "No closed account holds a role", nil, needs("admin"), fails(closed, admin)},
	{"bench-admin-outsider", "No outside collaborator is an administrator", all(living), needs("admin", "external"), fails(admin, outsider)},
	{"bench-admin-service", "No service account is an administrator", all(living), needs("admin", "kind"), fails(admin, service)},
	{"bench-admin-new", "No account is an administrator in its first week", all(living), needs("admin", "created_at"), fails(admin, newer("created_at", 7))},
	{"bench-admin-locked", "No administrator is locked or suspended", all(living), needs("admin"), either(all(admin, equal("status", "locked")), all(admin, equal("status", "suspended")))},
	{"bench-service-sign-in", "A service account changed its password within a year", all(active), needs("kind", "password_changed_at"), fails(service, older("password_changed_at", 365))},
	{"bench-service-outsider", "No service account is an outside one", all(living), needs("kind", "external"), fails(service, outsider)},
	{"bench-activated-there", "Every active account was activated", all(active), nil, fails(missing("activated_at"))},
	{"bench-activated-soon", "An account is activated within a week of its making", all(active), needs("created_at", "activated_at"), fails(apart("activated_at", "created_at", 168))},
	{"bench-activated-order", "No account was activated before it was made", all(active), needs("created_at", "activated_at"), fails(before("activated_at", "created_at"))},
	{"bench-activated-used", "An account activated a month ago was used", all(active), needs("activated_at"), fails(older("activated_at", 30), missing("last_sign_in_at"))},
	{"bench-weak", "No account is both unguarded and idle or unguarded and stale", all(active), needs("second_factor", "last_sign_in_at", "password_changed_at"),
		either(all(noFactor, older("last_sign_in_at", 30)), all(noFactor, older("password_changed_at", 180)))},
}
