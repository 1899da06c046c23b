package github

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

func keepRepos(list []int32, is func(i int32) bool) []int32 {
	var out []int32
	for _, i := range list {
		if is(i) {
			out = append(out, i)
		}
	}
	return out
}

// orgRepos lists the organisation's repositories, oldest first; the parameter type leaves some out.
func (s *Server) orgRepos(w http.ResponseWriter, r *http.Request, v *view) {
	list := v.repos
	switch kind := r.URL.Query().Get("type"); kind {
	case "public":
		list = keepRepos(list, func(i int32) bool { return s.w.Repos[i].VisibilityAt(v.at) == "public" })
	case "private":
		list = keepRepos(list, func(i int32) bool { return s.w.Repos[i].VisibilityAt(v.at) != "public" })
	case "forks", "member":
		list = nil
	}
	s.repoList(w, r, v, list)
}

func (s *Server) teamRepos(w http.ResponseWriter, r *http.Request, v *view) {
	if k := s.teamOf(w, r, v); k >= 0 {
		s.repoList(w, r, v, keepRepos(s.w.Teams[k].Repos, func(i int32) bool { return s.w.Repos[i].Created <= v.at }))
	}
}

func (s *Server) repoList(w http.ResponseWriter, r *http.Request, v *view, list []int32) {
	lo, hi := s.page(w, r, len(list))
	base := wire.Base(r)
	j := wire.NewJSON().Arr()
	for _, i := range list[lo:hi] {
		j.Obj()
		s.repoFields(j, base, v, i)
		j.End()
	}
	s.send(w, r, j.EndArr())
}

// repoShort writes the fields by which other objects name a repository.
func (s *Server) repoShort(j *wire.JSON, base string, v *view, i int32) {
	r := &s.w.Repos[i]
	see := r.VisibilityAt(v.at)
	j.I("id", r.ID).S("node_id", node("Repository", r.ID)).S("name", r.Name).S("full_name", r.FullName())
	j.O("owner").S("login", life.OrgLogin).I("id", OrgID).S("node_id", node("Organization", OrgID)).
		S("url", base+"/users/"+life.OrgLogin).S("type", "Organization").B("site_admin", false).End()
	j.B("private", see != "public").S("html_url", "https://github.example/"+r.FullName()).S("description", r.Description).
		B("fork", false).S("url", base+"/repos/"+r.FullName())
}

func (s *Server) repoFields(j *wire.JSON, base string, v *view, i int32) {
	r := &s.w.Repos[i]
	is := s.repoAt(v, i)
	s.repoShort(j, base, v, i)
	see := r.VisibilityAt(v.at)
	archived := r.Archived != 0 && r.Archived <= v.at
	updated := max(is.pushed, r.Visibility[0].At)
	j.T("created_at", r.Created).T("updated_at", min(updated, v.at)).T("pushed_at", min(is.pushed, v.at)).
		S("git_url", "git://github.example/"+r.FullName()+".git").S("clone_url", "https://github.example/"+r.FullName()+".git").
		N("homepage").I("size", int64(r.Size)).I("stargazers_count", 0).I("watchers_count", 0).S("language", r.Language).
		B("has_issues", true).B("has_projects", false).B("has_downloads", true).B("has_wiki", false).B("has_pages", false).
		B("has_discussions", false).I("forks_count", 0).N("mirror_url").B("archived", archived).B("disabled", false).
		I("open_issues_count", int64(is.open)).N("license").B("allow_forking", false).B("is_template", false).
		B("web_commit_signoff_required", false).A("topics")
	for _, t := range s.topicsAt(r, v.at) {
		j.Str(t)
	}
	j.EndArr().S("visibility", see).I("forks", 0).I("open_issues", int64(is.open)).I("watchers", 0).
		S("default_branch", life.Branch).
		O("permissions").B("admin", true).B("maintain", true).B("push", true).B("triage", true).B("pull", true).End()
}

// topicsAt are the topics of a repository at t; production code carries "production".
func (s *Server) topicsAt(r *life.Repo, t life.Time) []string {
	if r.Tagged > t {
		return nil
	}
	out := []string{strings.ToLower(r.Language)}
	if r.Prod {
		out = append(out, "production")
	}
	return out
}

func (s *Server) repoOne(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return
	}
	base := wire.Base(r)
	j := wire.NewJSON().Obj()
	s.repoFields(j, base, v, i)
	j.B("allow_rebase_merge", false).B("allow_squash_merge", true).B("allow_merge_commit", true).B("allow_auto_merge", false).
		B("delete_branch_on_merge", true).S("squash_merge_commit_title", "PR_TITLE").I("network_count", 0).I("subscribers_count", 3).
		O("security_and_analysis").O("advanced_security").S("status", "enabled").End().
		O("secret_scanning").S("status", "enabled").End().O("secret_scanning_push_protection").S("status", "enabled").End().
		O("dependabot_security_updates").S("status", "enabled").End().End()
	j.O("organization")
	s.orgFields(j, base)
	s.send(w, r, j.End().End())
}

func (s *Server) topics(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return
	}
	j := wire.NewJSON().Obj().A("names")
	for _, t := range s.topicsAt(&s.w.Repos[i], v.at) {
		j.Str(t)
	}
	s.send(w, r, j.EndArr().End())
}

// repoCollaborators lists the outside collaborators of a repository, or with affiliation=all also the members, who may
// all read.
func (s *Server) repoCollaborators(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return
	}
	list := keep(v.collaborators, func(m *life.Member) bool { return slices.Contains(m.Repos, i) })
	if a := r.URL.Query().Get("affiliation"); a == "" || a == "all" {
		list = append(list, keep(v.members, func(*life.Member) bool { return true })...)
		slices.Sort(list)
	}
	s.people(w, r, list)
}

func (s *Server) branches(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return
	}
	is, protected := s.repoAt(v, i), s.w.Repos[i].ProtectionAt(v.at) != nil
	list := []string{life.Branch}
	if only := r.URL.Query().Get("protected"); only == "true" && !protected || only == "false" && protected {
		list = nil
	}
	lo, hi := s.page(w, r, len(list))
	base := wire.Base(r) + "/repos/" + s.w.Repos[i].FullName()
	j := wire.NewJSON().Arr()
	for _, name := range list[lo:hi] {
		j.Obj().S("name", name).O("commit").S("sha", is.head).S("url", base+"/commits/"+is.head).End().B("protected", protected).End()
	}
	s.send(w, r, j.EndArr())
}

func (s *Server) branch(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return
	}
	if r.PathValue("branch") != life.Branch {
		s.fail(w, r, http.StatusNotFound, "Branch not found", docs+"/branches/branches#get-a-branch")
		return
	}
	is := s.repoAt(v, i)
	base := wire.Base(r) + "/repos/" + s.w.Repos[i].FullName()
	j := wire.NewJSON().Obj().S("name", life.Branch).O("commit").S("sha", is.head).S("url", base+"/commits/"+is.head).End()
	protected := s.w.Repos[i].ProtectionAt(v.at) != nil
	j.B("protected", protected).O("protection").B("enabled", protected).End().
		S("protection_url", base+"/branches/"+life.Branch+"/protection")
	s.send(w, r, j.End())
}

// rules answers for rulesets, which Northwind does not use.
func (s *Server) rules(w http.ResponseWriter, r *http.Request, v *view) {
	if s.repoOf(w, r, v) >= 0 {
		s.send(w, r, wire.NewJSON().Arr().EndArr())
	}
}

func (s *Server) protection(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return
	}
	const page = docs + "/branches/branch-protection#get-branch-protection"
	if r.PathValue("branch") != life.Branch {
		s.fail(w, r, http.StatusNotFound, "Branch not found", page)
		return
	}
	p := s.w.Repos[i].ProtectionAt(v.at)
	if p == nil {
		s.fail(w, r, http.StatusNotFound, "Branch not protected", page)
		return
	}
	base := wire.Base(r) + "/repos/" + s.w.Repos[i].FullName() + "/branches/" + life.Branch + "/protection"
	j := wire.NewJSON().Obj().S("url", base)
	if p.Checks {
		j.O("required_status_checks").S("url", base+"/required_status_checks").B("strict", true).
			A("contexts").Str("ci/build").Str("test").EndArr().S("contexts_url", base+"/required_status_checks/contexts").
			A("checks").Obj().S("context", "ci/build").N("app_id").End().Obj().S("context", "test").I("app_id", 1907).End().EndArr().End()
	}
	if p.Approvals > 0 {
		j.O("required_pull_request_reviews").S("url", base+"/required_pull_request_reviews").
			B("dismiss_stale_reviews", p.DismissStale).B("require_code_owner_reviews", false).
			I("required_approving_review_count", int64(p.Approvals)).B("require_last_push_approval", false).End()
	}
	on := func(key string, is bool) { j.O(key).B("enabled", is).End() }
	j.O("required_signatures").S("url", base+"/required_signatures").B("enabled", p.Signatures).End()
	j.O("enforce_admins").S("url", base+"/enforce_admins").B("enabled", p.Admins).End()
	on("required_linear_history", false)
	on("allow_force_pushes", p.ForcePush)
	on("allow_deletions", p.Deletion)
	on("block_creations", false)
	on("required_conversation_resolution", true)
	on("lock_branch", false)
	on("allow_fork_syncing", false)
	s.send(w, r, j.End())
}
