package github

import (
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

var actions = [...]string{life.OrgAddMember: "org.add_member", life.OrgRemoveMember: "org.remove_member",
	life.OrgUpdateMember: "org.update_member", life.OrgRemoveCollaborator: "org.remove_outside_collaborator",
	life.OrgEnable2FA: "org.enable_two_factor_requirement", life.OrgDisable2FA: "org.disable_two_factor_requirement",
	life.OrgDefaultPermission: "org.update_default_repository_permission", life.TeamCreate: "team.create",
	life.TeamAddMember: "team.add_member", life.TeamRemoveMember: "team.remove_member", life.RepoCreate: "repo.create",
	life.RepoArchive: "repo.archived", life.RepoAccess: "repo.access", life.RepoAddMember: "repo.add_member",
	life.RepoRemoveMember: "repo.remove_member", life.HookCreate: "hook.create", life.HookDestroy: "hook.destroy",
	life.SecretCreate: "repo.create_actions_secret", life.SecretUpdate: "repo.update_actions_secret", life.KeyCreate: "public_key.create",
	life.GitPush: "git.push", life.GitClone: "git.clone"}

var protectionActions = map[string]string{"create": "protected_branch.create", "destroy": "protected_branch.destroy",
	"back-destroy": "protected_branch.create", "stricter": "protected_branch.update_signature_requirement_enforcement_level",
	"signatures": "protected_branch.update_signature_requirement_enforcement_level",
	"reviews":    "protected_branch.update_pull_request_reviews_enforcement_level", "stale": "protected_branch.dismiss_stale_reviews",
	"admins": "protected_branch.update_admin_enforced", "force": "protected_branch.update_allow_force_pushes_enforcement_level",
	"deletion": "protected_branch.update_allow_deletions_enforcement_level",
	"checks":   "protected_branch.update_required_status_checks_enforcement_level"}

func (s *Server) action(e *life.AuditEvent) string {
	if e.Kind != life.ProtectionEvent {
		return actions[e.Kind]
	}
	what := s.w.Repos[e.Repo].Protection[e.Object].What
	if a, ok := protectionActions[what]; ok {
		return a
	}
	return protectionActions[strings.TrimPrefix(what, "back-")]
}

func operation(action string) string {
	_, verb, _ := strings.Cut(action, ".")
	switch {
	case strings.HasPrefix(verb, "add"), strings.HasPrefix(verb, "create"):
		return "create"
	case strings.HasPrefix(verb, "remove"), strings.HasPrefix(verb, "destroy"):
		return "remove"
	case verb == "clone", verb == "push":
		return "access"
	}
	return "modify"
}

// auditEvent writes an event. Settings of a protected branch are given as they are after the event; levels are 0 for off,
// 1 for everybody but administrators, 2 for everybody.
func (s *Server) auditEvent(j *wire.JSON, e *life.AuditEvent) {
	w := s.w
	action := s.action(e)
	actor := &w.Logins[e.Actor]
	j.Obj().I("@timestamp", int64(e.At)).S("_document_id", w.DocumentID(e)).S("action", action).S("actor", actor.Name).
		I("actor_id", actor.ID).B("actor_is_bot", actor.App)
	if actor.Person >= 0 {
		office := life.Offices[w.People[actor.Person].Office]
		j.S("actor_ip", life.Address(int(actor.Person))).O("actor_location").S("country_code", office.Land).End()
	}
	j.S("business", "northwind").I("business_id", 77).I("created_at", int64(e.At)).S("operation_type", operation(action)).
		S("org", life.OrgLogin).I("org_id", OrgID)
	if e.Repo >= 0 {
		r := &w.Repos[e.Repo]
		j.S("repo", r.FullName()).I("repo_id", r.ID).B("public_repo", r.VisibilityAt(e.At) == "public")
	}
	if e.User >= 0 {
		j.S("user", w.Logins[e.User].Name).I("user_id", w.Logins[e.User].ID)
	}
	s.auditDetail(j, e)
	j.End()
}

func (s *Server) auditDetail(j *wire.JSON, e *life.AuditEvent) {
	w := s.w
	switch e.Kind {
	case life.TeamCreate, life.TeamAddMember, life.TeamRemoveMember:
		j.S("team", life.OrgLogin+"/"+w.Teams[e.Object].Slug)
	case life.OrgAddMember:
		j.S("permission", "read")
	case life.OrgUpdateMember:
		now, was := "read", "admin"
		if e.Object == 1 {
			now, was = was, now
		}
		j.S("permission", now).S("old_permission", was)
	case life.OrgDefaultPermission:
		j.S("permission", w.Org[e.Object].DefaultPermission).S("old_permission", w.Org[e.Object-1].DefaultPermission)
	case life.RepoCreate:
		j.S("visibility", w.Repos[e.Repo].Visibility[0].Is)
	case life.RepoAccess:
		list := w.Repos[e.Repo].Visibility
		j.S("visibility", list[e.Object].Is).S("previous_visibility", list[e.Object-1].Is)
	case life.RepoAddMember:
		j.S("permission", "write")
	case life.HookCreate, life.HookDestroy:
		j.I("hook_id", 40_000+int64(e.Object)).B("active", true)
	case life.SecretCreate, life.SecretUpdate:
		j.S("key", "DEPLOY_SETTING_"+itoa(int64(e.Object)))
	case life.KeyCreate:
		j.S("title", "mirror").B("read_only", true)
	case life.GitPush, life.GitClone:
		j.S("transport_protocol_name", "ssh").I("transport_protocol", 2)
	case life.ProtectionEvent:
		p := &w.Repos[e.Repo].Protection[e.Object]
		level := func(key string, on bool) {
			n := int64(0)
			if on {
				n = 2
			}
			j.I(key, n)
		}
		j.S("name", life.Branch)
		if p.On {
			j.B("admin_enforced", p.Admins).I("required_approving_review_count", int64(p.Approvals)).
				B("dismiss_stale_reviews_on_push", p.DismissStale)
			level("pull_request_reviews_enforcement_level", p.Approvals > 0)
			level("required_status_checks_enforcement_level", p.Checks)
			level("allow_force_pushes_enforcement_level", p.ForcePush)
			level("allow_deletions_enforcement_level", p.Deletion)
			level("signature_requirement_enforcement_level", p.Signatures)
		}
	}
}

// WriteEvent writes an event of a life's audit log as the log endpoint shows it.
func WriteEvent(j *wire.JSON, w *life.World, e *life.AuditEvent) { (&Server{w: w}).auditEvent(j, e) }
