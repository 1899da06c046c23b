package life

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Deviation is one planted departure from company practice. From is the instant at which the practice began to be
// broken (for a missed deadline, the deadline), To the instant at which it was put right: zero while it stays open.
// What happens in a moment, such as a merge, has From equal to To.
type Deviation struct {
	ID       string            `json:"id"`
	Kind     string            `json:"kind"`
	System   string            `json:"system"`   // "bamboohr", "okta" or "github": where it shows
	Resource string            `json:"resource"` // what sort of thing Entity is
	Entity   string            `json:"entity"`   // its identifier, as the system's own interface shows it
	Label    string            `json:"label"`    // how people would call it
	Refs     map[string]string `json:"refs,omitempty"`
	From     time.Time         `json:"from"`
	To       time.Time         `json:"to,omitzero"`
	Note     string            `json:"note"`
}

// Kind describes one kind of deviation.
type Kind struct {
	Name     string
	System   string
	Resource string
	Entity   string // what the identifier is
	Practice string // what should have been so
}

// Kinds lists every kind of deviation that a planted life can hold.
var Kinds = []Kind{
	{"late_screening", "bamboohr", "employee", "employee id", "screening is complete on the hire date"},
	{"screening_not_clear", "bamboohr", "employee", "employee id", "screening has the result clear"},
	{"missing_agreement", "bamboohr", "employee", "employee id", "the agreement is signed on the hire date"},
	{"conduct_not_accepted", "bamboohr", "employee", "employee id", "the code of conduct is accepted within 14 days of hire"},
	{"conduct_lapsed", "bamboohr", "employee", "employee id", "the code of conduct is accepted again within 365 days"},
	{"late_training", "bamboohr", "employee", "employee id", "awareness training is done within 30 days of hire"},
	{"training_lapsed", "bamboohr", "employee", "employee id", "awareness training is repeated within 365 days"},
	{"no_performance_review", "bamboohr", "employee", "employee id", "a review was held within 365 days"},
	{"worker_without_manager", "bamboohr", "employee", "employee id", "every active worker has a manager"},
	{"worker_without_department", "bamboohr", "employee", "employee id", "every active worker has a department"},
	{"worker_without_title", "bamboohr", "employee", "employee id", "every active worker has a title"},

	{"early_account", "okta", "user", "user id", "an account is made on the hire date, not before"},
	{"orphan_account", "okta", "user", "user id", "an account belongs to a worker or a registered service account"},
	{"leaver_account_open", "okta", "user", "user id", "a leaver's account is deactivated within 24 hours"},
	{"account_of_inactive_worker", "okta", "user", "user id", "an open account's worker is active"},
	{"mover_kept_groups", "okta", "user", "user id", "a mover's department groups are changed within 5 days"},
	{"account_without_factor", "okta", "user", "user id", "an account has an active factor 24 hours after activation"},
	{"admin_without_phishing_resistant_factor", "okta", "user", "user id", "administrators hold a phishing-resistant factor"},
	{"admin_outside_group", "okta", "user", "user id", "administrators are in the group IT administrators"},
	{"too_many_super_admins", "okta", "org", "organisation id", "there are at most four super administrators"},
	{"dormant_account", "okta", "user", "user id", "a personal account signs in at least every 90 days"},
	{"weak_password_policy", "okta", "policy", "policy id", "12 characters, 5 remembered, lockout after at most 10"},
	{"signon_without_factor", "okta", "policy", "policy id", "rules that allow access ask for a factor"},
	{"session_too_long", "okta", "policy", "policy id", "sessions end within 12 hours"},
	{"assignment_of_inactive_account", "okta", "app_user", "app id/user id", "applications are assigned to active accounts"},

	{"leaver_in_github", "github", "member", "login", "a leaver is out of the organisation within 24 hours"},
	{"member_of_inactive_worker", "github", "member", "login", "a member's worker is active"},
	{"unknown_github_member", "github", "member", "login", "a member's identity names a worker or a registered bot"},
	{"member_without_2fa", "github", "member", "login", "every member has two-factor authentication"},
	{"collaborator_without_2fa", "github", "collaborator", "login", "every outside collaborator has two-factor authentication"},
	{"unknown_collaborator", "github", "collaborator", "login", "outside collaborators are contractors whom HR knows"},
	{"owner_outside_team", "github", "member", "login", "owners are in the team platform-admins"},
	{"too_many_owners", "github", "org", "organisation login", "there are at most five owners"},
	{"org_2fa_requirement_off", "github", "org", "organisation login", "the organisation requires two-factor authentication"},
	{"default_permission_too_wide", "github", "org", "organisation login", "members may at most read by default"},
	{"public_production_repo", "github", "repository", "full name", "production repositories are not public"},
	{"public_repository", "github", "repository", "full name", "repositories are not public"},
	{"protection_removed", "github", "repository", "full name", "the default branch of production code is protected"},
	{"reviews_not_required", "github", "repository", "full name", "the branch requires an approving review"},
	{"stale_reviews_kept", "github", "repository", "full name", "a push dismisses stale approvals"},
	{"admins_not_enforced", "github", "repository", "full name", "the protection includes administrators"},
	{"force_push_allowed", "github", "repository", "full name", "the branch cannot be force-pushed"},
	{"deletion_allowed", "github", "repository", "full name", "the branch cannot be deleted"},
	{"checks_not_required", "github", "repository", "full name", "the branch requires a status check"},
	{"protection_reduced", "github", "audit_event", "document id", "protection of production code is never reduced"},
	{"protection_change_by_non_owner", "github", "audit_event", "document id", "owners alone change protection"},
	{"merge_without_review", "github", "pull_request", "full name#number", "a merge has an approval"},
	{"self_approved", "github", "pull_request", "full name#number", "the approver wrote none of the change"},
	{"approval_before_last_push", "github", "pull_request", "full name#number", "the approval is of the last commit"},
	{"approved_after_merge", "github", "pull_request", "full name#number", "the approval precedes the merge"},
	{"checks_failed_merge", "github", "pull_request", "full name#number", "checks of the last commit passed"},
	{"merge_without_checks", "github", "pull_request", "full name#number", "checks of the last commit ran"},
	{"merge_without_ticket", "github", "pull_request", "full name#number", "title or branch names a ticket"},
	{"deployment_by_person", "github", "deployment", "full name/deployment id", "the pipeline deploys to production"},
	{"deployment_of_unmerged_sha", "github", "deployment", "full name/deployment id", "what is deployed was merged"},
	{"deployment_without_success", "github", "deployment", "full name/deployment id", "a failed deployment is retried or rolled back"},
	{"critical_alert_overdue", "github", "alert", "full name#number", "critical alerts are fixed within 7 days"},
	{"high_alert_overdue", "github", "alert", "full name#number", "high alerts are fixed within 30 days"},
}

func kindNamed(name string) Kind {
	for _, k := range Kinds {
		if k.Name == name {
			return k
		}
	}
	return Kind{Name: name}
}

// deviate lists a deviation. Refs come as names and values in turn.
func (b *builder) deviate(kind, entity, label string, from, to Time, note string, refs ...string) {
	k := kindNamed(kind)
	d := Deviation{Kind: kind, System: k.System, Resource: k.Resource, Entity: entity, Label: label,
		From: from.Go(), Note: note}
	if to != 0 && to < b.w.End { // what is put right after the end is open as far as anybody can see
		d.To = to.Go()
	}
	for i := 0; i+1 < len(refs); i += 2 {
		if refs[i+1] == "" {
			continue
		}
		if d.Refs == nil {
			d.Refs = map[string]string{}
		}
		d.Refs[refs[i]] = refs[i+1]
	}
	b.w.Deviations = append(b.w.Deviations, d)
}

// number puts the deviations in order and numbers them.
func (b *builder) number() {
	list := b.w.Deviations
	slices.SortStableFunc(list, func(x, y Deviation) int {
		if c := x.From.Compare(y.From); c != 0 {
			return c
		}
		return strings.Compare(x.Kind+x.Entity, y.Kind+y.Entity)
	})
	for i := range list {
		list[i].ID = fmt.Sprintf("D-%03d", i+1)
	}
}

// WriteDeviations writes the list of planted deviations as JSON.
func (w *World) WriteDeviations(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	list := w.Deviations
	if list == nil {
		list = []Deviation{}
	}
	return e.Encode(list)
}
