package okta

import (
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

var events = [...]struct{ kind, message, severity string }{
	life.SessionStart:     {"user.session.start", "User login to Okta", "INFO"},
	life.SessionFailed:    {"user.session.start", "User login to Okta", "WARN"},
	life.UserCreate:       {"user.lifecycle.create", "Create Okta user", "INFO"},
	life.UserActivate:     {"user.lifecycle.activate", "Activate Okta user", "INFO"},
	life.UserDeactivate:   {"user.lifecycle.deactivate", "Deactivate Okta user", "INFO"},
	life.UserSuspend:      {"user.lifecycle.suspend", "Suspend Okta user", "INFO"},
	life.UserUnsuspend:    {"user.lifecycle.unsuspend", "Unsuspend Okta user", "INFO"},
	life.UserLock:         {"user.account.lock", "Max sign in attempts exceeded", "WARN"},
	life.UserUnlock:       {"user.account.unlock", "Unlock user account", "INFO"},
	life.PasswordChange:   {"user.account.update_password", "User update password for Okta", "INFO"},
	life.PasswordReset:    {"user.account.reset_password", "Fired when the user's Okta password is reset", "INFO"},
	life.FactorActivate:   {"user.mfa.factor.activate", "Enroll a factor for user", "INFO"},
	life.FactorRemove:     {"user.mfa.factor.deactivate", "Reset factor for user", "INFO"},
	life.GroupAdd:         {"group.user_membership.add", "Add user to group membership", "INFO"},
	life.GroupRemove:      {"group.user_membership.remove", "Remove user from group membership", "INFO"},
	life.AppAdd:           {"application.user_membership.add", "Add user to application membership", "INFO"},
	life.AppRemove:        {"application.user_membership.remove", "Remove user's application membership", "INFO"},
	life.RoleGrantEvent:   {"user.account.privilege.grant", "Grant user privilege", "INFO"},
	life.RoleRevokeEvent:  {"user.account.privilege.revoke", "Revoke user privilege", "INFO"},
	life.PolicyUpdate:     {"policy.lifecycle.update", "Update policy", "INFO"},
	life.PolicyRuleUpdate: {"policy.rule.update", "Update policy rule", "INFO"},
}

func outcome(e *life.LogEvent) string {
	if e.Kind == life.SessionFailed {
		return "FAILURE"
	}
	return "SUCCESS"
}

func (s *Server) logEvent(j *wire.JSON, k int) {
	e := &s.w.Log[k]
	kind := events[e.Kind]
	j.Obj().O("actor")
	if e.Actor < 0 {
		j.S("id", "okta.2b1959c8-bcc0-56eb-a589-cfcfb7422f26").S("type", "SystemPrincipal").S("alternateId", "system@okta.example").
			S("displayName", "Okta System").N("detailEntry")
	} else {
		s.party(j, e.Actor)
	}
	j.End()
	s.client(j, e.Actor)
	j.N("device").O("authenticationContext").N("authenticationProvider").N("credentialProvider").N("credentialType").N("issuer").
		N("interface").I("authenticationStep", 0)
	session := "unknown"
	if e.Kind == life.SessionStart {
		session = s.w.ID("102", k)
	}
	j.S("externalSessionId", session).End().S("displayMessage", kind.message).S("eventType", kind.kind).
		O("outcome").S("result", outcome(e))
	if e.Kind == life.SessionFailed {
		j.S("reason", "INVALID_CREDENTIALS")
	} else {
		j.N("reason")
	}
	j.End().TMs("published", e.At).O("securityContext").N("asNumber").N("asOrg").N("isp").N("domain").N("isProxy").End().
		S("severity", kind.severity).O("debugContext").O("debugData").S("requestUri", "/").End().End().S("legacyEventType", "").
		O("transaction").S("type", "WEB").S("id", s.w.ID("tx", k)).O("detail").End().End().
		S("uuid", EventID(s.w, k)).S("version", "0").O("request").A("ipChain").EndArr().End()
	s.targets(j, e)
	j.End()
}

func (s *Server) party(j *wire.JSON, i int32) {
	a := &s.w.Accounts[i]
	j.S("id", a.ID).S("type", "User").S("alternateId", a.Login).S("displayName", a.First+" "+a.Last).N("detailEntry")
}

// client writes from where the actor acted.
func (s *Server) client(j *wire.JSON, actor int32) {
	j.O("client")
	if actor < 0 || s.w.Accounts[actor].Person < 0 {
		j.N("userAgent").S("zone", "null").S("device", "Unknown").N("id").S("ipAddress", "192.0.2.250").N("geographicalContext").End()
		return
	}
	p := s.w.Accounts[actor].Person
	o := life.Offices[s.w.People[p].Office]
	j.O("userAgent").S("rawUserAgent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)").S("os", "Mac OS X").S("browser", "SAFARI").End().
		S("zone", "null").S("device", "Computer").N("id").S("ipAddress", life.Address(int(p))).
		O("geographicalContext").S("city", o.City).S("state", o.State).S("country", o.Land).N("postalCode").
		O("geolocation").F("lat", o.Lat).F("lon", o.Lon).End().End().End()
}

func (s *Server) targets(j *wire.JSON, e *life.LogEvent) {
	w := s.w
	if e.Subject < 0 && e.Object < 0 {
		j.N("target")
		return
	}
	j.A("target")
	if e.Subject >= 0 {
		j.Obj()
		s.party(j, e.Subject)
		j.End()
	}
	thing := func(id, kind, alternate, name string) {
		j.Obj().S("id", id).S("type", kind).S("alternateId", alternate).S("displayName", name).N("detailEntry").End()
	}
	switch e.Kind {
	case life.FactorActivate, life.FactorRemove:
		f := &w.Accounts[e.Subject].Factors[e.Object]
		thing(f.ID, "AuthenticatorEnrollment", "unknown", factorTypes[f.Kind].kind)
	case life.GroupAdd, life.GroupRemove:
		g := &w.Groups[e.Object]
		thing(g.ID, "UserGroup", "unknown", g.Name)
	case life.AppAdd, life.AppRemove:
		a := &w.Apps[e.Object]
		a0 := &w.Accounts[e.Subject]
		thing("0ua"+a0.ID[3:], "AppUser", a0.Login, a0.First+" "+a0.Last)
		thing(a.ID, "AppInstance", a.Label, a.Label)
	case life.RoleGrantEvent, life.RoleRevokeEvent:
		r := &w.Roles[e.Object]
		thing(r.ID, "ROLE", r.Type, roleLabels[r.Type])
	case life.PolicyUpdate:
		p := &w.Policies[e.Object]
		thing(p.ID, "PolicyEntity", "unknown", p.Name)
	case life.PolicyRuleUpdate:
		p := &w.Policies[e.Object]
		thing(p.ID, "PolicyEntity", "unknown", p.Name)
		thing(p.Rules[e.Sub].ID, "PolicyRule", "unknown", p.Rules[e.Sub].Name)
	}
	j.EndArr()
}

// WriteEvent writes the k-th event of a life's log as the log endpoint shows it.
func WriteEvent(j *wire.JSON, w *life.World, k int) { (&Server{w: w}).logEvent(j, k) }

// EventID is the identifier of the k-th event of a life's log.
func EventID(w *life.World, k int) string { return w.GUID(uint64(k) + 1<<40) }
