package audit

import (
	"fmt"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// workspace writes an activity of the office suite: an application's event with its parameters, names and values in turn.
func (s *sheet) workspace(at life.Time, from *place, log, app, mail, name string, params ...string) string {
	q := letters(s.number(), "123456789", 18)
	id := q + ":" + app
	return s.put(at, log, id, func(j *wire.JSON) {
		j.Obj().S("kind", "admin#reports#activity").O("id").TMs("time", at).S("uniqueQualifier", q).S("applicationName", app).S("customerId", "C0northwind").End().
			O("actor").S("callerType", "USER").S("email", mail).S("profileId", s.stable("", mail)[:18]).End().S("ipAddress", from.ip).
			O("networkInfo").I("ipAsn", int64(from.asn)).S("regionCode", from.country).End().A("events").Obj().S("type", "access").S("name", name).A("parameters")
		for i := 0; i+1 < len(params); i += 2 {
			j.Obj().S("name", params[i]).S("value", params[i+1]).End()
		}
		j.EndArr().End().EndArr().End()
	})
}

// file is a file of somebody's department: its identifier and title.
func (s *sheet) file(dept, n int) (id, title string) {
	id = "1" + letters(mix(s.w.Seed^uint64(dept)<<20^uint64(n)), base62, 32)
	return id, fmt.Sprintf("%s %d", [...]string{"Plan", "Minutes", "Budget", "Proposal", "Contract", "Notes", "Figures", "Review"}[n%8], n)
}

// writing is everybody's work with files.
func (s *sheet) writing(f shift) {
	dept := s.w.People[f.person].JobAt(f.from).Dept
	mail := s.mail(f.person)
	s.some(f, 5, func(at life.Time) {
		n := min(s.IntN(120), s.IntN(120))
		id, title := s.file(dept, n)
		name := "view"
		switch k := s.IntN(100); {
		case k < 30:
			name = "edit"
		case k < 34:
			name = "download"
		case k < 37:
			name = "create"
		case k < 38:
			s.workspace(at, &f.at, Drive, "drive", mail, "change_user_access", "doc_id", id, "doc_title", title, "visibility", "private",
				"target_user", s.mail(int32(s.IntN(len(s.w.People)))), "new_value", "can_view")
			return
		}
		s.workspace(at, &f.at, Drive, "drive", mail, name, "doc_id", id, "doc_title", title, "visibility", "people_within_domain_with_link", "owner", mail)
	})
}

// outlook reports whether a person's mail lies with the other vendor: departments that came with an acquisition.
func (t *Trail) outlook(p int32, at life.Time) bool { return t.is(p, at, "Finance", "Legal", "People") }

// m365 writes a record of the unified audit log. Parameters are names and values in turn.
func (s *sheet) m365(at life.Time, from *place, mail, workload, operation, object, session string, params ...string) string {
	id := guid(s.number())
	return s.put(at, M365, id, func(j *wire.JSON) {
		j.Obj().S("CreationTime", at.Go().Format("2006-01-02T15:04:05")).S("Id", id).S("Operation", operation).S("OrganizationId", guid(s.w.Seed)).I("RecordType", 2).
			S("ResultStatus", "Succeeded").S("UserKey", s.stable("", mail)).I("UserType", 0).S("Workload", workload).S("UserId", mail).S("ClientIP", from.ip).
			S("UserAgent", from.agent).S("ObjectId", object).O("AppAccessContext").S("AADSessionId", session).End()
		if len(params) > 0 {
			j.A("Parameters")
			for i := 0; i+1 < len(params); i += 2 {
				j.Obj().S("Name", params[i]).S("Value", params[i+1]).End()
			}
			j.EndArr()
		}
		j.End()
	})
}

// entra writes a sign-in at the other vendor's directory. Code 0 is success.
func (s *sheet) entra(at life.Time, from *place, mail, session, app string, code int, reason string) string {
	id := guid(s.number())
	return s.put(at, Entra, id, func(j *wire.JSON) {
		j.Obj().TMs("time", at).S("operationName", "Sign-in activity").S("category", "SignInLogs").S("resultType", fmt.Sprint(code)).S("callerIpAddress", from.ip).
			O("properties").S("id", id).TMs("createdDateTime", at).S("userId", s.stable("", mail)).S("userPrincipalName", mail).S("ipAddress", from.ip).
			I("autonomousSystemNumber", int64(from.asn)).S("sessionId", session).S("appDisplayName", app).S("clientAppUsed", "Browser").S("userAgent", from.agent).
			S("authenticationRequirement", "multiFactorAuthentication").
			O("status").I("errorCode", int64(code)).SN("failureReason", reason).End().O("location").S("city", from.city).S("countryOrRegion", from.country).End().End().End()
	})
}

// mailing is work with mail and files of those whose mail lies with the other vendor.
func (s *sheet) mailing(f shift) {
	if !s.outlook(f.person, f.from) {
		return
	}
	mail, session := s.mail(f.person), s.mailSession(f.person, f.from)
	s.entra(f.from+2*life.Minute, &f.at, mail, session, "Office 365 Exchange Online", 0, "")
	g := f
	g.from += 3 * life.Minute
	s.some(g, 7, func(at life.Time) {
		switch s.IntN(6) {
		case 0:
			s.m365(at, &f.at, mail, "SharePoint", "FileAccessed", s.share(s.w.People[f.person].JobAt(at).Dept, s.IntN(60)), session)
		case 1:
			s.m365(at, &f.at, mail, "SharePoint", "FileModified", s.share(s.w.People[f.person].JobAt(at).Dept, s.IntN(60)), session)
		default:
			s.m365(at, &f.at, mail, "Exchange", "MailItemsAccessed", mail, session)
		}
	})
}

// mailSession is the session at the other vendor's that a person has on a day.
func (t *Trail) mailSession(p int32, at life.Time) string {
	return guid(t.w.Seed ^ uint64(p)<<32 ^ uint64(at.Date()))
}

func (s *sheet) share(dept, n int) string {
	_, title := s.file(dept, n)
	return fmt.Sprintf("https://northwind.example/sites/%d/%s.xlsx", dept, title)
}
