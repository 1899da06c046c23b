package audit

import (
	"encoding/base64"

	"github.com/tickmark/tickmark/internal/simco/github"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// orgID is the number of the organisation on the code host, as package github shows it.
const orgID = github.OrgID

// entry is an event of the code host's audit log.
type entry struct {
	action string
	actor  int32    // login
	repo   int32    // -1 for none
	user   int32    // login, -1 for none
	with   string   // kind of access by a program; empty: a browser
	token  string   // what the token is known by; empty: none
	fields []string // names and values in turn
}

// github writes an event of the code host's audit log.
func (s *sheet) github(at life.Time, from *place, e entry) string {
	return s.githubAs(at, from, e, letters(s.number(), base62, 22))
}

func (s *sheet) githubAs(at life.Time, from *place, e entry, id string) string {
	return s.put(at, GitHub, id, func(j *wire.JSON) { s.writeGitHub(j, at, from, &e, id) })
}

func (t *Trail) writeGitHub(j *wire.JSON, at life.Time, from *place, e *entry, id string) {
	actor := &t.w.Logins[e.actor]
	j.Obj().I("@timestamp", int64(at)).S("_document_id", id).S("action", e.action).S("actor", actor.Name).I("actor_id", actor.ID).B("actor_is_bot", actor.App)
	if from != nil {
		j.S("actor_ip", from.ip).O("actor_location").S("country_code", from.country).End()
	}
	j.S("business", "northwind").I("business_id", 77).I("created_at", int64(at)).S("org", life.OrgLogin).I("org_id", orgID)
	if actor.NameID != "" {
		j.S("external_identity_nameid", actor.NameID)
	}
	if e.repo >= 0 {
		r := &t.w.Repos[e.repo]
		j.S("repo", r.FullName()).I("repo_id", r.ID).B("public_repo", r.VisibilityAt(at) == "public")
	}
	if e.user >= 0 {
		j.S("user", t.w.Logins[e.user].Name).I("user_id", t.w.Logins[e.user].ID)
	}
	if e.with != "" {
		j.S("programmatic_access_type", e.with)
	}
	if e.token != "" {
		j.S("hashed_token", hashed(e.token))
	}
	if from != nil {
		agent := from.agent
		if e.with != "" || e.action == "git.clone" || e.action == "git.fetch" || e.action == "git.push" {
			agent = from.git
		}
		j.S("user_agent", agent)
	}
	for i := 0; i+1 < len(e.fields); i += 2 {
		if v := e.fields[i+1]; v == "true" || v == "false" {
			j.B(e.fields[i], v == "true")
		} else {
			j.S(e.fields[i], v)
		}
	}
	j.End()
}

// hashed is how the code host names a token without giving it away: 32 bytes in base 64.
func hashed(token string) string {
	var x uint64
	for i := range len(token) {
		x = mix(x*131 + uint64(token[i]))
	}
	b := make([]byte, 32)
	for i := range b {
		if i%8 == 0 {
			x = mix(x + 1)
		}
		b[i] = byte(x >> (8 * (i % 8)))
	}
	return base64.StdEncoding.EncodeToString(b)
}
