package audit

import (
	"fmt"

	"github.com/tickmark/tickmark/internal/simco/life"
)

// schemes are the attacks. Their order decides about their dice, not about their days: new ones go at the end.
func schemes() []scheme {
	var all []scheme
	for _, list := range [][]scheme{identitySchemes, cloudSchemes, codeSchemes, machinerySchemes} {
		all = append(all, list...)
	}
	return all
}

var identitySchemes = []scheme{
	{"Stolen passwords are tried, and one opens an account", "A list of passwords from elsewhere is tried from one address", []string{"T1110.004", "T1078.004", "T1556.006", "T1213"}, true, 0, 2, stuffing},
	{"Few passwords are tried on many accounts from many addresses", "Passwords are tried slowly from many rented addresses", []string{"T1110.003", "T1078.004", "T1213"}, false, 2, 1, spraying},
	{"A person is tired out with prompts", "A known password, and prompts until one is accepted", []string{"T1110", "T1621", "T1078.004", "T1530"}, true, 0, 22, fatigue},
	{"A session is stolen from a browser", "A session that was opened properly goes on from somewhere else", []string{"T1539", "T1550.004", "T1213"}, false, 0, 8, sessionTheft},
	{"An application is let in by a trick", "Somebody consents to an application that asks for their mail", []string{"T1566.002", "T1528", "T1114.002"}, false, 0, 10, consent},
	{"An administrator's session makes another administrator", "An administrator's account is taken over by phishing", []string{"T1078.004", "T1098.003", "T1556"}, true, 0, 4, adminGrant},
	{"The help desk takes off a second factor for a caller", "Somebody calls the help desk in another's name", []string{"T1656", "T1556.006", "T1098.005", "T1213"}, true, 0, 15, factorReset},
}

// wrong is a sign-in that fails.
func (p *plot) wrong(v int32, unknown string, from *place) {
	p.okta(p.now, from, signal{kind: "user.session.start", message: "User login to Okta", actor: v, unknown: unknown, denied: "INVALID_CREDENTIALS", severity: "WARN", credential: "PASSWORD"})
}

// loot opens applications in a session and reads what is there.
func (p *plot) loot(v int32, from *place, session string, labels ...string) {
	for _, l := range labels {
		p.sso(p.later(20*life.Second, 6*life.Minute), v, from, session, l)
		p.touch("read", "app", p.app(l).id)
	}
}

// enrol adds a second factor of the attacker's own.
func (p *plot) enrol(v int32, from *place, session string) {
	id := "opf" + letters(p.number(), base62, 17)
	p.okta(p.soon(), from, signal{kind: "user.mfa.factor.activate", message: "Enroll a factor for user", actor: v, session: session,
		targets: []party{p.user(v), {id, "AuthenticatorEnrollment", "unknown", "push"}}})
	p.touch("created", "factor", id)
	p.touch("changed", "user", p.w.Accounts[v].ID)
	p.leave("factor", id)
}

func stuffing(p *plot) {
	from, v := p.enter(false), p.someone("Customer Support", "Sales")
	for i := range 46 {
		p.later(2*life.Second, 14*life.Second)
		if i%9 == 4 {
			p.wrong(int32(p.IntN(len(p.w.People))), "", &from)
		} else {
			p.wrong(-1, fmt.Sprintf("%s%d@northwind.example", letters(p.number(), "abcdefghiklmnoprstuv", 6), p.IntN(90)), &from)
		}
	}
	p.soon()
	session := p.takeover(v, &from, "SMS_FACTOR")
	p.enrol(v, &from, session)
	p.loot(v, &from, session, "Customer records", "Wiki", "Tickets")
}

func spraying(p *plot) {
	v := p.someone("Finance", "Operations", "Marketing", "Sales")
	for range 70 {
		p.later(20*life.Minute, 40*life.Minute)
		from := p.enter(false)
		p.wrong(int32(p.IntN(len(p.w.People))), "", &from)
	}
	from := p.enter(false)
	p.soon()
	session := p.takeover(v, &from, "SMS_FACTOR")
	p.loot(v, &from, session, "Wiki", "Chat", "Payroll", "BambooHR")
}

func fatigue(p *plot) {
	v, from := p.someone("Platform"), p.enter(false)
	for range 11 {
		p.later(15*life.Second, 50*life.Second)
		p.okta(p.now, &from, signal{kind: "user.mfa.okta_verify.deny_push", message: "User rejected Okta push verify", actor: v, denied: "INVALID_CREDENTIALS",
			severity: "WARN", targets: []party{p.user(v)}})
	}
	p.soon()
	session := p.takeover(v, &from, "OKTA_VERIFY_PUSH")
	h := p.cloudSession(v, from, session, powerRole)
	for _, c := range reads[:6] {
		p.peek(h, from, c)
	}
	for range 24 {
		p.fetch(h, from, "northwind-customer-exports", "2026/customers-")
	}
}

// fetch reads an object.
func (p *plot) fetch(h holder, from place, bucket, prefix string) {
	key := prefix + letters(p.number(), hexadecimal, 6) + ".csv.gz"
	p.object(p.later(800, 9*life.Second), h, from, "GetObject", bucket, key)
	p.touch("read", "bucket", bucket)
	p.touch("read", "object", bucket+"/"+key)
}

func sessionTheft(p *plot) {
	v := p.someone("Customer Support", "Sales", "Finance")
	session, at := p.present(v)
	p.with("session", session)
	p.now = at + p.span(2*life.Hour, 4*life.Hour)
	from := p.enter(false)
	p.loot(v, &from, session, "Customer records", "Ledger", "Wiki", "Payroll")
	p.okta(p.soon(), &from, signal{kind: "user.account.update_profile", message: "Update user profile for Okta", actor: v, session: session, targets: []party{p.user(v)}})
	p.touch("changed", "user", p.w.Accounts[v].ID)
}

func consent(p *plot) {
	v := p.someone("Marketing", "People", "Legal", "Product")
	session, at := p.present(v)
	p.with("session", session)
	p.now = at + p.span(life.Hour, 3*life.Hour)
	home := p.whereabouts(v, int(at.Date()))
	client := "0oa" + letters(p.number(), base62, 17)
	p.okta(p.now, &home, signal{kind: "app.oauth2.as.consent.grant", message: "Grant user consent", actor: v, session: session,
		targets: []party{{client, "PublicClientApp", client, "Calendar Helper"}}, debug: []string{"requestedScopes", "mail.read files.read offline_access"}})
	p.touch("created", "app", client)
	p.leave("app", client)
	from := p.enter(false)
	for range 6 {
		p.okta(p.later(30*life.Minute, 2*life.Hour), &from, signal{kind: "app.oauth2.token.grant.refresh_token", message: "OAuth2 token is granted", actor: v,
			targets: []party{{client, "PublicClientApp", client, "Calendar Helper"}}})
	}
}

func adminGrant(p *plot) {
	v := p.admin()
	from := p.enter(true)
	session := p.takeover(v, &from, "OKTA_VERIFY_PUSH")
	p.okta(p.soon(), &from, signal{kind: "user.session.access_admin_app", message: "User accessing Okta admin app", actor: v, session: session})
	helper := p.someone("Customer Support")
	role := party{"ra1" + letters(p.number(), base62, 17), "ROLE", "SUPER_ADMIN", "Super Organization Administrator"}
	p.okta(p.soon(), &from, signal{kind: "user.account.privilege.grant", message: "Grant user privilege", actor: v, session: session, targets: []party{p.user(helper), role}})
	p.touch("changed", "user", p.w.Accounts[helper].ID)
	p.touch("created", "role", role.id)
	p.leave("role", role.id)
	pol := &p.w.Policies[len(p.w.Policies)-1]
	policy := party{pol.ID, "PolicyEntity", "unknown", pol.Name}
	p.okta(p.soon(), &from, signal{kind: "policy.lifecycle.update", message: "Update policy", actor: v, session: session, targets: []party{policy}})
	p.okta(p.soon(), &from, signal{kind: "policy.rule.update", message: "Update policy rule", actor: v, session: session, targets: []party{policy}})
	p.touch("changed", "policy", pol.ID)
	token := "00T" + letters(p.number(), base62, 17)
	p.okta(p.soon(), &from, signal{kind: "system.api_token.create", message: "Create API token", actor: v, session: session, targets: []party{{token, "Token", "unknown", "sync"}}})
	p.touch("created", "token", token)
	p.leave("token", token)
}

// admin is somebody with the most rights over the identity provider.
func (p *plot) admin() int32 {
	var list []int32
	for i := range p.w.Roles {
		if r := &p.w.Roles[i]; r.Type == "SUPER_ADMIN" && r.Covers(p.now-60*life.Day, p.now+2*life.Day) {
			list = append(list, r.Subject)
		}
	}
	if len(list) == 0 {
		return p.someone("IT")
	}
	v := list[p.IntN(len(list))]
	p.with("principal", p.w.Accounts[v].ID)
	return v
}

func factorReset(p *plot) {
	v, desk := p.someone("Finance", "Legal", "People", "Sales"), p.admin()
	session, at := p.present(desk)
	p.with("session", session)
	p.now = at + p.span(life.Hour, 3*life.Hour)
	home := p.whereabouts(desk, int(at.Date()))
	f := &p.w.Accounts[v].Factors[0]
	p.okta(p.now, &home, signal{kind: "user.mfa.factor.deactivate", message: "Reset factor for user", actor: desk, session: session,
		targets: []party{p.user(v), {f.ID, "AuthenticatorEnrollment", "unknown", "push"}}})
	p.touch("deleted", "factor", f.ID)
	p.okta(p.soon(), &home, signal{kind: "user.account.reset_password", message: "Fired when the user's Okta password is reset", actor: desk, session: session, targets: []party{p.user(v)}})
	from := p.enter(false)
	p.later(2*life.Minute, 9*life.Minute)
	mine := p.takeover(v, &from, "EMAIL_FACTOR")
	p.enrol(v, &from, mine)
	p.loot(v, &from, mine, "Payroll", "BambooHR", "Wiki")
}
