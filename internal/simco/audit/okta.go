package audit

import (
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// signal is an event of the identity provider.
type signal struct {
	kind, message string
	actor         int32  // account; -1 for the provider itself
	unknown       string // a login that is no account's, instead of actor
	session       string
	transaction   string
	denied        string // the reason of a failure
	severity      string
	credential    string
	targets       []party
	debug         []string // names and values in turn
}

// party is a target of the identity provider.
type party struct{ id, kind, alternate, name string }

func (t *Trail) user(i int32) party {
	a := &t.w.Accounts[i]
	return party{a.ID, "User", a.Login, a.First + " " + a.Last}
}

func (t *Trail) app(label string) party {
	for i := range t.w.Apps {
		if a := &t.w.Apps[i]; a.Label == label {
			return party{a.ID, "AppInstance", a.Label, a.Label}
		}
	}
	return party{"0oa", "AppInstance", label, label}
}

func (p party) write(j *wire.JSON) {
	j.S("id", p.id).S("type", p.kind).S("alternateId", p.alternate).S("displayName", p.name).N("detailEntry")
}

// okta writes an event of the identity provider's log.
func (s *sheet) okta(at life.Time, from *place, e signal) string {
	id := guid(s.number())
	if e.transaction == "" {
		e.transaction = "tx" + letters(s.number(), base62, 18)
	}
	return s.put(at, Okta, id, func(j *wire.JSON) { s.writeOkta(j, at, from, &e, id) })
}

func (t *Trail) writeOkta(j *wire.JSON, at life.Time, from *place, e *signal, id string) {
	j.Obj().O("actor")
	switch {
	case e.unknown != "":
		j.S("id", "unknown").S("type", "User").S("alternateId", e.unknown).S("displayName", "unknown").N("detailEntry")
	case e.actor < 0:
		party{"okta.2b1959c8-bcc0-56eb-a589-cfcfb7422f26", "SystemPrincipal", "system@okta.example", "Okta System"}.write(j)
	default:
		t.user(e.actor).write(j)
	}
	j.End().O("client")
	if from == nil {
		j.N("userAgent").S("zone", "null").S("device", "Unknown").N("id").S("ipAddress", "192.0.2.250").N("geographicalContext").End()
	} else {
		j.O("userAgent").S("rawUserAgent", from.agent).S("os", from.os).S("browser", from.browser).End().S("zone", "null").S("device", from.device).
			N("id").S("ipAddress", from.ip).O("geographicalContext").S("city", from.city).N("state").S("country", from.country).N("postalCode").
			O("geolocation").F("lat", from.lat).F("lon", from.lon).End().End().End()
	}
	session := e.session
	if session == "" {
		session = "unknown"
	}
	j.N("device").O("authenticationContext").N("authenticationProvider").N("credentialProvider").SN("credentialType", e.credential).N("issuer").
		N("interface").I("authenticationStep", 0).S("rootSessionId", session).S("externalSessionId", session).End()
	j.S("displayMessage", e.message).S("eventType", e.kind).O("outcome")
	if e.denied != "" {
		j.S("result", "FAILURE").S("reason", e.denied).End()
	} else {
		j.S("result", "SUCCESS").N("reason").End()
	}
	j.TMs("published", at).O("securityContext")
	if from == nil {
		j.N("asNumber").N("asOrg").N("isp").N("domain").N("isProxy").End()
	} else {
		j.I("asNumber", int64(from.asn)).S("asOrg", from.asOrg).S("isp", from.asOrg).N("domain").B("isProxy", from.proxy).End()
	}
	severity := e.severity
	if severity == "" {
		severity = "INFO"
	}
	j.S("severity", severity).O("debugContext").O("debugData").S("requestUri", "/")
	for i := 0; i+1 < len(e.debug); i += 2 {
		j.S(e.debug[i], e.debug[i+1])
	}
	j.End().End().S("legacyEventType", "").O("transaction").S("type", "WEB").S("id", e.transaction).O("detail").End().End().S("uuid", id).
		S("version", "0").O("request").A("ipChain").EndArr().End()
	if len(e.targets) == 0 {
		j.N("target").End()
		return
	}
	j.A("target")
	for _, p := range e.targets {
		j.Obj()
		p.write(j)
		j.End()
	}
	j.EndArr().End()
}

// signIn is somebody's way into the identity provider: password, second factor, session.
func (s *sheet) signIn(at life.Time, i int32, from *place, session, factor string) {
	s.okta(at-3*life.Second, from, signal{kind: "user.authentication.auth_via_mfa", message: "Authentication of user via MFA", actor: i, session: session,
		credential: "OTP", targets: []party{s.user(i)}, debug: []string{"factor", factor}})
	s.okta(at, from, signal{kind: "user.session.start", message: "User login to Okta", actor: i, session: session, credential: "PASSWORD"})
}

// sso opens an application.
func (s *sheet) sso(at life.Time, i int32, from *place, session, label string) string {
	return s.okta(at, from, signal{kind: "user.authentication.sso", message: "User single sign on to app", actor: i, session: session, targets: []party{s.app(label), s.user(i)}})
}
