package github

import (
	"net/http"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

func (s *Server) rateLimit(w http.ResponseWriter, r *http.Request, _ *view) {
	j := wire.NewJSON().Obj().O("resources")
	part := func(key string, m *wire.Meter) {
		st := m.Look(s.now())
		j.O(key).I("limit", int64(st.Limit)).I("used", int64(st.Used)).I("remaining", int64(st.Remaining)).
			I("reset", st.Reset.Unix()).End()
	}
	part("core", &s.core)
	part("search", &s.search)
	part("graphql", &s.graphql)
	j.End()
	part("rate", &s.core)
	s.send(w, r, j.End())
}

func (s *Server) authenticated(w http.ResponseWriter, r *http.Request, v *view) {
	bot := s.w.LoginByName("northwind-ci-bot")
	s.profile(w, r, v, &s.w.Logins[bot])
}

func (s *Server) user(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.w.LoginByName(r.PathValue("user"))
	if i < 0 || s.w.Logins[i].Created > v.at {
		s.missing(w, r)
		return
	}
	s.profile(w, r, v, &s.w.Logins[i])
}

func (s *Server) profile(w http.ResponseWriter, r *http.Request, v *view, l *life.Login) {
	j := wire.NewJSON().Obj()
	s.userFields(j, wire.Base(r), l)
	j.SN("name", l.Full).N("company").S("blog", "").N("location").SN("email", l.Email).N("hireable").N("bio").
		I("public_repos", 0).I("public_gists", 0).I("followers", 0).I("following", 0).
		T("created_at", l.Created).T("updated_at", min(v.at, l.Created+30*life.Day))
	s.send(w, r, j.End())
}

func (s *Server) orgFields(j *wire.JSON, base string) {
	j.S("login", life.OrgLogin).I("id", OrgID).S("node_id", node("Organization", OrgID)).S("url", base+"/orgs/"+life.OrgLogin).
		S("repos_url", base+"/orgs/"+life.OrgLogin+"/repos").S("members_url", base+"/orgs/"+life.OrgLogin+"/members{/member}").
		S("avatar_url", "https://avatars.github.example/u/5150").S("description", "Northwind")
}

func (s *Server) org(w http.ResponseWriter, r *http.Request, v *view) {
	set := s.w.OrgAt(v.at)
	public := 0
	for _, i := range v.repos {
		if s.w.Repos[i].VisibilityAt(v.at) == "public" {
			public++
		}
	}
	private := int64(len(v.repos) - public)
	seats := int64(len(v.members) + len(v.collaborators))
	j := wire.NewJSON().Obj()
	s.orgFields(j, wire.Base(r))
	j.S("name", "Northwind").N("company").S("blog", "https://northwind.example").N("location").S("email", "code@northwind.example").
		B("is_verified", true).B("has_organization_projects", true).B("has_repository_projects", true).
		I("public_repos", int64(public)).I("public_gists", 0).I("followers", 0).I("following", 0).
		S("html_url", "https://github.example/northwind").S("type", "Organization").
		T("created_at", s.w.Org[0].From).T("updated_at", set.From).
		I("total_private_repos", private).I("owned_private_repos", private).I("private_gists", 0).I("disk_usage", 812_004).
		I("collaborators", int64(len(v.collaborators))).S("billing_email", "billing@northwind.example").
		S("default_repository_permission", set.DefaultPermission).B("members_can_create_repositories", false).
		B("two_factor_requirement_enabled", set.Require2FA).S("members_allowed_repository_creation_type", "none").
		B("members_can_create_public_repositories", false).B("members_can_create_private_repositories", false).
		B("members_can_create_internal_repositories", false).B("members_can_fork_private_repositories", false).
		B("web_commit_signoff_required", false)
	j.O("plan").S("name", "enterprise").I("space", 976_562_499).I("private_repos", 999_999).I("filled_seats", seats).
		I("seats", seats+50).End()
	s.send(w, r, j.End())
}

// members lists members, all of them or those without two-factor authentication, of one role or both.
func (s *Server) members(w http.ResponseWriter, r *http.Request, v *view) {
	q := r.URL.Query()
	s.people(w, r, keep(v.members, func(m *life.Member) bool {
		if q.Get("filter") == "2fa_disabled" && m.Has2FA(v.at) {
			return false
		}
		switch q.Get("role") {
		case "admin":
			return m.OwnerAt(v.at)
		case "member":
			return !m.OwnerAt(v.at)
		}
		return true
	}))
}

func (s *Server) collaborators(w http.ResponseWriter, r *http.Request, v *view) {
	only := r.URL.Query().Get("filter") == "2fa_disabled"
	s.people(w, r, keep(v.collaborators, func(m *life.Member) bool { return !only || !m.Has2FA(v.at) }))
}

func keep(list []*life.Member, is func(m *life.Member) bool) []int32 {
	out := make([]int32, 0, len(list))
	for _, m := range list {
		if is(m) {
			out = append(out, m.Subject)
		}
	}
	return out
}

func (s *Server) people(w http.ResponseWriter, r *http.Request, logins []int32) {
	lo, hi := s.page(w, r, len(logins))
	base := wire.Base(r)
	j := wire.NewJSON().Arr()
	for _, l := range logins[lo:hi] {
		s.person(j, base, "", l)
	}
	s.send(w, r, j.EndArr())
}

func (s *Server) memberNamed(r *http.Request, v *view) *life.Member {
	return v.memberOf[s.w.LoginByName(r.PathValue("user"))]
}

func (s *Server) isMember(w http.ResponseWriter, r *http.Request, v *view) {
	if s.memberNamed(r, v) == nil {
		s.missing(w, r)
		return
	}
	s.count(w, r, false)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) membership(w http.ResponseWriter, r *http.Request, v *view) {
	m := s.memberNamed(r, v)
	if m == nil {
		s.missing(w, r)
		return
	}
	base := wire.Base(r)
	role := "member"
	if m.OwnerAt(v.at) {
		role = "admin"
	}
	j := wire.NewJSON().Obj()
	j.S("url", base+"/orgs/northwind/memberships/"+s.w.Logins[m.Subject].Name).S("state", "active").S("role", role).
		S("organization_url", base+"/orgs/northwind")
	s.person(j, base, "user", m.Subject)
	j.O("organization")
	s.orgFields(j, base)
	s.send(w, r, j.End().End())
}

func (s *Server) teamFields(j *wire.JSON, base string, t *life.Team) {
	url := base + "/organizations/5150/team/" + itoa(t.ID)
	j.I("id", t.ID).S("node_id", node("Team", t.ID)).S("url", url).S("html_url", "https://github.example/orgs/northwind/teams/"+t.Slug).
		S("name", t.Name).S("slug", t.Slug).S("description", t.Description).S("privacy", "closed").
		S("notification_setting", "notifications_enabled").S("permission", "pull").S("members_url", url+"/members{/member}").
		S("repositories_url", url+"/repos").N("parent")
}

func (s *Server) teams(w http.ResponseWriter, r *http.Request, v *view) {
	n := 0
	for n < len(s.w.Teams) && s.w.Teams[n].Created <= v.at {
		n++
	}
	lo, hi := s.page(w, r, n)
	j := wire.NewJSON().Arr()
	for i := lo; i < hi; i++ {
		j.Obj()
		s.teamFields(j, wire.Base(r), &s.w.Teams[i])
		j.End()
	}
	s.send(w, r, j.EndArr())
}

// teamOf finds the team a request names; it answers 404 and gives -1 if there is none.
func (s *Server) teamOf(w http.ResponseWriter, r *http.Request, v *view) int {
	k := slices.IndexFunc(s.w.Teams, func(t life.Team) bool { return t.Slug == r.PathValue("team") && t.Created <= v.at })
	if k < 0 {
		s.missing(w, r)
	}
	return k
}

func (s *Server) team(w http.ResponseWriter, r *http.Request, v *view) {
	k := s.teamOf(w, r, v)
	if k < 0 {
		return
	}
	t := &s.w.Teams[k]
	repos := keepRepos(t.Repos, func(i int32) bool { return s.w.Repos[i].Created <= v.at })
	j := wire.NewJSON().Obj()
	s.teamFields(j, wire.Base(r), t)
	j.I("members_count", int64(len(s.teamAt(v, k)))).I("repos_count", int64(len(repos))).
		T("created_at", t.Created).T("updated_at", t.Created)
	j.O("organization")
	s.orgFields(j, wire.Base(r))
	s.send(w, r, j.End().End())
}

func (s *Server) teamMembers(w http.ResponseWriter, r *http.Request, v *view) {
	k := s.teamOf(w, r, v)
	if k < 0 {
		return
	}
	role := r.URL.Query().Get("role")
	list := slices.Clone(s.teamAt(v, k))
	s.people(w, r, slices.DeleteFunc(list, func(l int32) bool {
		leads := s.w.Teams[k].Leads[l]
		return role == "maintainer" && !leads || role == "member" && leads
	}))
}

func itoa(n int64) string { return string(appendInt(nil, n)) }

func appendInt(b []byte, n int64) []byte {
	if n >= 10 {
		b = appendInt(b, n/10)
	}
	return append(b, byte('0'+n%10))
}

// after is an instant some time later, or never if the clock has not come that far.
func after(t life.Time, d time.Duration, now life.Time) life.Time {
	if u := t + life.Time(d/time.Millisecond); u <= now {
		return u
	}
	return 0
}
