package collect

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Fact is one typed row that a connector reads from a source. Optional fields are pointers, and nil means that the source
// could not tell: a missing answer must never look like "no".
type Fact interface {
	// Resource is the name of the fact's type, such as "user_account"; tests name their inputs by it.
	Resource() string
	// Key identifies the row among those of its type from one source.
	Key() string
	// stamp fills what the run knows and the connector does not.
	stamp(m Meta)
}

// Meta is what every fact carries besides its own fields.
type Meta struct {
	System      string    `parquet:"system,dict"` // kind of system: "okta", "github", "host" ...
	Source      string    `parquet:"source,dict"` // name of the connection
	CollectedAt time.Time `parquet:"collected_at,timestamp(microsecond)"`
	Raw         string    `parquet:"raw,zstd"` // the source's own record, as it came; connectors fill this
}

func (m *Meta) stamp(s Meta) {
	raw := m.Raw
	*m = s
	m.Raw = raw
}

// Worker is a person as the HR system knows them. Days are the HR system's own calendar days.
type Worker struct {
	ID                    string       `parquet:"id"`
	EmployeeNumber        *string      `parquet:"employee_number"`
	DisplayName           *string      `parquet:"display_name"`
	Email                 *string      `parquet:"email"`
	Department            *string      `parquet:"department"`
	DepartmentSince       *period.Date `parquet:"department_since,date"` // first day in the department, without a break
	Title                 *string      `parquet:"title"`
	ManagerID             *string      `parquet:"manager_id"`
	Location              *string      `parquet:"location"`
	EmploymentType        *string      `parquet:"employment_type"` // "employee" or "contractor"
	Status                *string      `parquet:"status"`          // "active" or "inactive"
	HiredOn               *period.Date `parquet:"hired_on,date"`
	TerminatedOn          *period.Date `parquet:"terminated_on,date"`
	TerminatedAt          *time.Time   `parquet:"terminated_at,timestamp(microsecond)"` // when HR recorded the end, if it says
	ScreeningResult       *string      `parquet:"screening_result"`                     // result class, never the report
	ScreeningCompletedOn  *period.Date `parquet:"screening_completed_on,date"`
	AgreementSignedOn     *period.Date `parquet:"agreement_signed_on,date"`
	ConductAcceptedOn     *period.Date `parquet:"conduct_accepted_on,date"`
	AwarenessFirstOn      *period.Date `parquet:"awareness_first_on,date"` // first security awareness training completed
	AwarenessLastOn       *period.Date `parquet:"awareness_last_on,date"`  // most recent one
	PerformanceReviewedOn *period.Date `parquet:"performance_reviewed_on,date"`
	Meta
}

// UserAccount is an account in an identity provider or application.
type UserAccount struct {
	ID                string     `parquet:"id"`
	Login             string     `parquet:"login"`
	Email             *string    `parquet:"email"`
	DisplayName       *string    `parquet:"display_name"`
	Status            string     `parquet:"status"`          // "active", "staged", "suspended", "locked" or "deprovisioned"
	Kind              *string    `parquet:"kind"`            // "person" or "service"
	EmployeeNumber    *string    `parquet:"employee_number"` // joins to Worker where the system keeps it
	Admin             *bool      `parquet:"admin"`           // holds an administrator role
	SecondFactor      *bool      `parquet:"second_factor"`   // the system says a second factor is set up
	External          *bool      `parquet:"external"`        // not a member of the organisation: an outside collaborator
	CreatedAt         *time.Time `parquet:"created_at,timestamp(microsecond)"`
	ActivatedAt       *time.Time `parquet:"activated_at,timestamp(microsecond)"`
	StatusChangedAt   *time.Time `parquet:"status_changed_at,timestamp(microsecond)"`
	LastSignInAt      *time.Time `parquet:"last_sign_in_at,timestamp(microsecond)"`
	PasswordChangedAt *time.Time `parquet:"password_changed_at,timestamp(microsecond)"`
	Meta
}

// AuthFactor is a sign-in factor that an account has set up.
type AuthFactor struct {
	ID                string     `parquet:"id"`
	AccountID         string     `parquet:"account_id"`
	Kind              string     `parquet:"kind"` // the system's own word: "webauthn", "push", "token:software:totp", "sms" ...
	Provider          *string    `parquet:"provider"`
	Status            string     `parquet:"status"` // "active", "pending" or "inactive"
	PhishingResistant *bool      `parquet:"phishing_resistant"`
	EnrolledAt        *time.Time `parquet:"enrolled_at,timestamp(microsecond)"`
	Meta
}

// AccountGroup is a group or team of accounts.
type AccountGroup struct {
	ID          string  `parquet:"id"`
	Name        string  `parquet:"name"`
	Kind        *string `parquet:"kind"`
	Description *string `parquet:"description"`
	MemberCount *int64  `parquet:"member_count"` // as the system itself counts
	Meta
}

// GroupMember is an account's place in a group.
type GroupMember struct {
	ID        string  `parquet:"id"` // group and account
	GroupID   string  `parquet:"group_id"`
	AccountID string  `parquet:"account_id"`
	Role      *string `parquet:"role"` // "member" or "maintainer"
	Meta
}

// RoleGrant is an administrative role that an account holds.
type RoleGrant struct {
	ID        string     `parquet:"id"`
	AccountID string     `parquet:"account_id"`
	Role      string     `parquet:"role"`
	Label     *string    `parquet:"label"`
	GrantedAt *time.Time `parquet:"granted_at,timestamp(microsecond)"`
	Meta
}

// Application is an application behind the identity provider.
type Application struct {
	ID         string  `parquet:"id"`
	Name       string  `parquet:"name"`
	Status     string  `parquet:"status"`
	SignOnMode *string `parquet:"sign_on_mode"` // the provider's word: "SAML_2_0", "OPENID_CONNECT", "AUTO_LOGIN" ...
	Meta
}

// AppAssignment gives an account an application.
type AppAssignment struct {
	ID            string     `parquet:"id"`
	ApplicationID string     `parquet:"application_id"`
	AccountID     string     `parquet:"account_id"`
	Status        *string    `parquet:"status"`
	AssignedAt    *time.Time `parquet:"assigned_at,timestamp(microsecond)"`
	Meta
}

// AuthPolicy is a password or sign-on policy of an identity provider.
type AuthPolicy struct {
	ID                   string `parquet:"id"`
	Name                 string `parquet:"name"`
	Kind                 string `parquet:"kind"` // "password" or "sign_on"
	Status               string `parquet:"status"`
	Priority             *int64 `parquet:"priority"`
	MinLength            *int64 `parquet:"min_length"`
	HistoryCount         *int64 `parquet:"history_count"`
	MaxAttempts          *int64 `parquet:"max_attempts"`
	RequiresSecondFactor *bool  `parquet:"requires_second_factor"` // for sign-on: every enabled rule that allows access asks for one
	SessionIdleMinutes   *int64 `parquet:"session_idle_minutes"`
	Meta
}

// Setting is one configuration value of an organisation account or a host.
type Setting struct {
	ID    string  `parquet:"id"`
	Scope string  `parquet:"scope"` // what it belongs to: "org", "sshd", "kernel" ...
	On    string  `parquet:"on_object"`
	Name  string  `parquet:"name"`
	Value *string `parquet:"value"`
	Meta
}

// Repository is a source code repository.
type Repository struct {
	ID            string     `parquet:"id"`
	Name          string     `parquet:"name"`
	Visibility    *string    `parquet:"visibility"` // "private", "internal" or "public"
	Archived      *bool      `parquet:"archived"`
	Fork          *bool      `parquet:"fork"`
	Production    *bool      `parquet:"production"` // carries the topic that marks production code
	DefaultBranch *string    `parquet:"default_branch"`
	CreatedAt     *time.Time `parquet:"created_at,timestamp(microsecond)"`
	PushedAt      *time.Time `parquet:"pushed_at,timestamp(microsecond)"`
	Meta
}

// BranchProtection is the protection of a repository's default branch. Protected is nil when it could not be read.
type BranchProtection struct {
	ID                 string `parquet:"id"` // repository and branch
	RepositoryID       string `parquet:"repository_id"`
	Repository         string `parquet:"repository"`
	Branch             string `parquet:"branch"`
	Protected          *bool  `parquet:"protected"`
	RequiredApprovals  *int64 `parquet:"required_approvals"`
	DismissesStale     *bool  `parquet:"dismisses_stale"`
	EnforcesAdmins     *bool  `parquet:"enforces_admins"`
	AllowsForcePush    *bool  `parquet:"allows_force_push"`
	AllowsDeletion     *bool  `parquet:"allows_deletion"`
	RequiredChecks     *int64 `parquet:"required_checks"`
	RequiresSignatures *bool  `parquet:"requires_signatures"`
	Meta
}

// PullRequest is a proposed change and, once merged, a change. Streams of it hold later states of the same request; the
// newest counts.
type PullRequest struct {
	ID             string     `parquet:"id"`
	Repository     string     `parquet:"repository"`
	Number         int64      `parquet:"number"`
	Title          string     `parquet:"title"`
	Author         string     `parquet:"author"`
	State          string     `parquet:"state"` // "open", "closed" or "merged"
	Draft          *bool      `parquet:"draft"`
	BaseBranch     string     `parquet:"base_branch"`
	HeadSHA        *string    `parquet:"head_sha"`
	MergeSHA       *string    `parquet:"merge_sha"`
	MergedBy       *string    `parquet:"merged_by"`
	CommitAuthors  *string    `parquet:"commit_authors"` // logins of all commit authors, sorted, comma between
	Ticket         *string    `parquet:"ticket"`         // reference of a ticket or issue in title, body or branch; "" if there is none
	Labels         *string    `parquet:"labels"`         // comma between
	ChecksState    *string    `parquet:"checks_state"`   // combined status of the head: "success", "failure", "pending" or "none"
	ChecksTotal    *int64     `parquet:"checks_total"`
	CreatedAt      time.Time  `parquet:"created_at,timestamp(microsecond)"`
	UpdatedAt      time.Time  `parquet:"updated_at,timestamp(microsecond)"`
	ClosedAt       *time.Time `parquet:"closed_at,timestamp(microsecond)"`
	MergedAt       *time.Time `parquet:"merged_at,timestamp(microsecond)"`
	RepositoryProd *bool      `parquet:"repository_production"`
	Meta
}

// Review is a review of a pull request.
type Review struct {
	ID          string     `parquet:"id"`
	Repository  string     `parquet:"repository"`
	Number      int64      `parquet:"number"` // of the pull request
	Reviewer    string     `parquet:"reviewer"`
	State       string     `parquet:"state"` // "approved", "changes_requested", "commented" or "dismissed"
	CommitSHA   *string    `parquet:"commit_sha"`
	SubmittedAt *time.Time `parquet:"submitted_at,timestamp(microsecond)"`
	Meta
}

// Deployment is one release to an environment.
type Deployment struct {
	ID          string     `parquet:"id"`
	Repository  string     `parquet:"repository"`
	SHA         string     `parquet:"sha"`
	Ref         *string    `parquet:"ref"`
	Environment string     `parquet:"environment"`
	Creator     *string    `parquet:"creator"`
	State       *string    `parquet:"state"` // newest status: "success", "failure", "in_progress" ...
	CreatedAt   time.Time  `parquet:"created_at,timestamp(microsecond)"`
	UpdatedAt   *time.Time `parquet:"updated_at,timestamp(microsecond)"`
	Meta
}

// VulnerabilityAlert is a known weakness in a dependency, as the code host reports it.
type VulnerabilityAlert struct {
	ID          string     `parquet:"id"`
	Repository  string     `parquet:"repository"`
	Package     string     `parquet:"package"`
	Advisory    *string    `parquet:"advisory"`
	Severity    string     `parquet:"severity"` // "critical", "high", "medium" or "low"
	State       string     `parquet:"state"`    // "open", "fixed", "dismissed" or "auto_dismissed"
	CreatedAt   time.Time  `parquet:"created_at,timestamp(microsecond)"`
	FixedAt     *time.Time `parquet:"fixed_at,timestamp(microsecond)"`
	DismissedAt *time.Time `parquet:"dismissed_at,timestamp(microsecond)"`
	Meta
}

// AuditEvent is one line of a system's own audit log.
type AuditEvent struct {
	ID         string    `parquet:"id"`
	OccurredAt time.Time `parquet:"occurred_at,timestamp(microsecond)"`
	Actor      *string   `parquet:"actor"`
	ActorID    *string   `parquet:"actor_id"`
	Action     string    `parquet:"action,dict"`
	TargetKind *string   `parquet:"target_kind"`
	Target     *string   `parquet:"target"`
	TargetID   *string   `parquet:"target_id"`
	Outcome    *string   `parquet:"outcome"`
	IP         *string   `parquet:"ip"`
	Detail     *string   `parquet:"detail"` // what a setting became, as a JSON object in the source's own names
	Meta
}
