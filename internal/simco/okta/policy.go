package okta

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

func policyType(p *life.Policy) string {
	if p.SignOn {
		return "OKTA_SIGN_ON"
	}
	return "PASSWORD"
}

// policies lists the policies of one type, by priority. It is not paged.
func (s *Server) policies(w http.ResponseWriter, r *http.Request, v *view) {
	want := r.URL.Query().Get("type")
	switch want {
	case "PASSWORD", "OKTA_SIGN_ON", "MFA_ENROLL", "ACCESS_POLICY", "PROFILE_ENROLLMENT", "IDP_DISCOVERY":
	default:
		s.fail(w, http.StatusBadRequest, "E0000001", "Api validation failed: type", "type: The type parameter is missing or unknown")
		return
	}
	links(w, r, "")
	j := wire.NewJSON().Arr()
	for i := range s.w.Policies {
		if p := &s.w.Policies[i]; policyType(p) == want {
			s.policyObject(j, wire.Base(r), v, p)
		}
	}
	s.send(w, j.EndArr())
}

// policyOf finds the policy a request names; it answers 404 and gives nil if there is none.
func (s *Server) policyOf(w http.ResponseWriter, r *http.Request) *life.Policy {
	for i := range s.w.Policies {
		if s.w.Policies[i].ID == r.PathValue("id") {
			return &s.w.Policies[i]
		}
	}
	s.missing(w, r, "Resource not found: "+r.PathValue("id")+" (Policy)")
	return nil
}

func (s *Server) policy(w http.ResponseWriter, r *http.Request, v *view) {
	if p := s.policyOf(w, r); p != nil {
		j := wire.NewJSON()
		s.policyObject(j, wire.Base(r), v, p)
		s.send(w, j)
	}
}

func (s *Server) policyObject(j *wire.JSON, base string, v *view, p *life.Policy) {
	j.Obj().S("id", p.ID).S("status", "ACTIVE").S("name", p.Name).S("description", p.Description).I("priority", int64(p.Priority)).
		B("system", p.System).O("conditions").O("people").O("groups").A("include").Str(s.w.Groups[life.GroupEveryone].ID).EndArr().
		End().End()
	if !p.SignOn {
		j.O("authProvider").S("provider", "OKTA").End()
	}
	j.End().TMs("created", p.Created).TMs("lastUpdated", p.ChangedAt(v.at))
	if !p.SignOn {
		s.passwordSettings(j, p.PasswordsAt(v.at))
	}
	self := base + "/api/v1/policies/" + p.ID
	j.O("_links").O("self").S("href", self).End().O("rules").S("href", self+"/rules").End().End().S("type", policyType(p)).End()
}

func (s *Server) passwordSettings(j *wire.JSON, v life.PasswordRules) {
	j.O("settings").O("password").
		O("complexity").I("minLength", int64(v.MinLength)).I("minLowerCase", 1).I("minUpperCase", 1).I("minNumber", 1).I("minSymbol", 0).
		B("excludeUsername", true).O("dictionary").O("common").B("exclude", true).End().End().A("excludeAttributes").EndArr().End().
		O("age").I("maxAgeDays", 0).I("expireWarnDays", 0).I("minAgeMinutes", 0).I("historyCount", int64(v.History)).End().
		O("lockout").I("maxAttempts", int64(v.Attempts)).I("autoUnlockMinutes", 0).A("userLockoutNotificationChannels").EndArr().
		B("showLockoutFailures", false).End().End().
		O("recovery").O("factors").O("recovery_question").S("status", "INACTIVE").End().O("okta_email").S("status", "ACTIVE").End().
		End().End().O("delegation").O("options").B("skipUnlock", false).End().End().End()
}

// rules lists the rules of a policy, by priority. A password policy has one rule that lets people change passwords.
func (s *Server) rules(w http.ResponseWriter, r *http.Request, v *view) {
	p := s.policyOf(w, r)
	if p == nil {
		return
	}
	self := wire.Base(r) + "/api/v1/policies/" + p.ID + "/rules/"
	j := wire.NewJSON().Arr()
	for k := range p.Rules {
		s.rule(j, self, v, p, &p.Rules[k])
	}
	if !p.SignOn {
		id := s.w.ID("0pr", 900+p.Priority)
		j.Obj().S("id", id).S("status", "ACTIVE").S("name", "Default Rule").I("priority", 1).TMs("created", p.Created).
			TMs("lastUpdated", p.Created).B("system", true).O("conditions").End().O("actions").
			O("passwordChange").S("access", "ALLOW").End().O("selfServicePasswordReset").S("access", "ALLOW").End().
			O("selfServiceUnlock").S("access", "DENY").End().End().O("_links").O("self").S("href", self+id).End().End().
			S("type", "PASSWORD").End()
	}
	s.send(w, j.EndArr())
}

func (s *Server) rule(j *wire.JSON, self string, v *view, p *life.Policy, r *life.SignOnRule) {
	t := r.TermsAt(v.at)
	status, access := "ACTIVE", "ALLOW"
	if r.Inactive {
		status = "INACTIVE"
	}
	if r.Deny {
		access = "DENY"
	}
	j.Obj().S("id", r.ID).S("status", status).S("name", r.Name).I("priority", int64(r.Priority)).TMs("created", p.Created).
		TMs("lastUpdated", t.From).B("system", r.System).
		O("conditions").O("network").S("connection", "ANYWHERE").End().O("authContext").S("authType", "ANY").End().End().
		O("actions").O("signon").S("access", access).B("requireFactor", t.Factor)
	if t.Factor {
		j.S("factorPromptMode", "SESSION").I("factorLifetime", 15).B("rememberDeviceByDefault", false)
	}
	j.S("primaryFactor", "PASSWORD_IDP").O("session").B("usePersistentCookie", false).I("maxSessionIdleMinutes", int64(t.Idle)).
		I("maxSessionLifetimeMinutes", int64(t.Lifetime)).End().End().End().
		O("_links").O("self").S("href", self+r.ID).End().End().S("type", "SIGN_ON").End()
}
