package okta

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

var factorTypes = [...]struct{ kind, provider, vendor string }{
	life.Push: {"push", "OKTA", "OKTA"}, life.TOTP: {"token:software:totp", "OKTA", "OKTA"},
	life.GoogleTOTP: {"token:software:totp", "GOOGLE", "GOOGLE"}, life.WebAuthn: {"webauthn", "FIDO", "FIDO"},
	life.U2F: {"u2f", "FIDO", "FIDO"}, life.SignedNonce: {"signed_nonce", "OKTA", "OKTA"}, life.SMS: {"sms", "OKTA", "OKTA"},
}

// factors lists a user's enrolled factors, active and pending. It is not paged.
func (s *Server) factors(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.accountOf(w, r, v)
	if i < 0 {
		return
	}
	a := &s.w.Accounts[i]
	self := wire.Base(r) + "/api/v1/users/" + a.ID
	j := wire.NewJSON().Arr()
	for k := range a.Factors {
		f := &a.Factors[k]
		if !f.There(v.at) {
			continue
		}
		t := factorTypes[f.Kind]
		status := "ACTIVE"
		if f.Pending {
			status = "PENDING_ACTIVATION"
		}
		j.Obj().S("id", f.ID).S("factorType", t.kind).S("provider", t.provider).S("vendorName", t.vendor).S("status", status).
			TMs("created", f.Enrolled).TMs("lastUpdated", f.Enrolled).O("profile")
		switch f.Kind {
		case life.Push, life.SignedNonce:
			j.S("credentialId", a.Login).S("deviceType", "SmartPhone_IPhone").S("name", "Telephone").S("platform", "IOS")
		case life.SMS:
			j.S("phoneNumber", "+1 XXX-XXX-0100")
		case life.WebAuthn, life.U2F:
			j.S("credentialId", f.ID).S("authenticatorName", "Security key")
		default:
			j.S("credentialId", a.Login)
		}
		j.End().O("_links").O("self").S("href", self+"/factors/"+f.ID).End().O("user").S("href", self).End().End().End()
	}
	s.send(w, j.EndArr())
}
