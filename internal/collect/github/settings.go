package github

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/collect"
)

// orgSettings are the fields of an organisation that are settings. Others of the same document are figures or addresses,
// or move by themselves.
var orgSettings = []string{
	"advanced_security_enabled_for_new_repositories", "default_repository_branch", "default_repository_permission",
	"dependabot_alerts_enabled_for_new_repositories", "dependabot_security_updates_enabled_for_new_repositories",
	"dependency_graph_enabled_for_new_repositories", "deploy_keys_enabled_for_repositories", "is_verified",
	"members_allowed_repository_creation_type", "members_can_change_repo_visibility", "members_can_create_internal_repositories",
	"members_can_create_pages", "members_can_create_private_repositories", "members_can_create_public_pages",
	"members_can_create_public_repositories", "members_can_create_repositories", "members_can_create_teams",
	"members_can_delete_issues", "members_can_delete_repositories", "members_can_fork_private_repositories",
	"members_can_invite_outside_collaborators", "members_can_view_dependency_insights", "readers_can_create_discussions",
	"secret_scanning_enabled_for_new_repositories", "secret_scanning_push_protection_enabled_for_new_repositories",
	"two_factor_requirement_enabled", "web_commit_signoff_required",
}

// organisation is what other steps need of the organisation's document.
type organisation struct {
	PublicRepos       *int64 `json:"public_repos"`
	TotalPrivateRepos *int64 `json:"total_private_repos"`
	OutsideCount      *int64 `json:"collaborators"`
	Plan              *struct {
		Name string `json:"name"`
	} `json:"plan"`
}

// settings emits the organisation's settings that its document holds. Owners see all of them, others only some.
func (r *run) settings(ctx context.Context) (organisation, error) {
	var org organisation
	var doc map[string]json.RawMessage
	err := func() error {
		a, err := r.get(ctx, "/orgs/"+esc(r.org), nil)
		if err != nil {
			return err
		}
		r.sink.Page("setting", "GET /orgs/{org}")
		if err := a.Decode(&org); err != nil {
			return err
		}
		return a.Decode(&doc)
	}()
	if err != nil {
		return org, r.report(ctx, "setting", err)
	}
	if _, ok := doc["two_factor_requirement_enabled"]; !ok {
		r.sink.Note("setting", "GitHub shows most settings to owners alone; the credential is not one of an owner, so settings are missing.")
	}
	for _, name := range orgSettings {
		raw, ok := doc[name]
		if !ok {
			continue
		}
		f := &collect.Setting{ID: "org/" + name, Scope: "org", On: r.org, Name: name, Value: settingValue(raw)}
		f.Raw = `{"` + name + `":` + string(raw) + `}`
		if err := r.emit(f); err != nil {
			return org, err
		}
	}
	return org, nil
}

// settingValue is a JSON value as text: a string without its quotes, nothing for null.
func settingValue(raw json.RawMessage) *string {
	if string(raw) == "null" {
		return nil
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return &s
	}
	return collect.Ptr(string(raw))
}
