package collect

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Resource describes a type of fact.
type Resource struct {
	Name  string // as tests and files name it
	Title string // as people read it, plural
	// Stream is true for things that happen: each run adds what is new or changed since the last complete one, and the
	// newest row of a key counts. Otherwise each run is a whole picture.
	Stream bool
	Row    Fact // zero value of the Go type, which gives the columns
}

var resources = map[string]Resource{}

func init() {
	for _, r := range []Resource{
		{"worker", "Workers", false, &Worker{}},
		{"user_account", "User accounts", false, &UserAccount{}},
		{"auth_factor", "Sign-in factors", false, &AuthFactor{}},
		{"account_group", "Groups and teams", false, &AccountGroup{}},
		{"group_member", "Group memberships", false, &GroupMember{}},
		{"role_grant", "Administrative roles", false, &RoleGrant{}},
		{"application", "Applications", false, &Application{}},
		{"app_assignment", "Application assignments", false, &AppAssignment{}},
		{"auth_policy", "Sign-in policies", false, &AuthPolicy{}},
		{"setting", "Settings", false, &Setting{}},
		{"repository", "Repositories", false, &Repository{}},
		{"branch_protection", "Branch protections", false, &BranchProtection{}},
		{"vulnerability_alert", "Vulnerability alerts", false, &VulnerabilityAlert{}},
		{"commit", "Commits", false, &Commit{}},
		{"tag", "Tags", false, &Tag{}},
		{"host", "Hosts", false, &Host{}},
		{"host_account", "Local accounts", false, &HostAccount{}},
		{"sudo_rule", "Sudo rules", false, &SudoRule{}},
		{"listening_port", "Listening ports", false, &ListeningPort{}},
		{"package", "Packages", false, &Package{}},
		{"volume", "Volumes", false, &Volume{}},
		{"policy", "Policies", false, &Policy{}},
		{"occurrence", "Controls performed by people", false, &Occurrence{}},
		{"vendor", "Vendors", false, &Vendor{}},
		{"vendor_report", "Reports and letters of vendors", false, &VendorReport{}},
		{"vendor_cuec", "Controls that vendors ask of us", false, &VendorCUEC{}},
		{"vendor_application", "Applications and whose they are", false, &VendorApplication{}},
		{"risk", "Risks", false, &Risk{}},
		{"risk_assessment", "Risk assessments", false, &RiskAssessment{}},
		{"risk_trigger", "Events that ask for a review of risks", false, &RiskTrigger{}},
		{"significant_change", "Changes told to people", false, &SignificantChange{}},
		{"access_review", "Access reviews", false, &AccessReview{}},
		{"review_decision", "Decisions of access reviews", false, &ReviewDecision{}},
		{"review_plan", "Plans of access reviews", false, &ReviewPlan{}},
		{"judged_event", "Changes, grants and transfers, and what allows them", false, &JudgedEvent{}},
		{"person", "People", false, &Person{}},
		{"device", "Devices of people", false, &Device{}},
		{"role_description", "Role descriptions", false, &RoleDescription{}},
		{"campaign", "Campaigns", false, &Campaign{}},
		{"acknowledgement", "Acknowledgements", false, &Acknowledgement{}},
		{"training", "Training of people", false, &Training{}},
		{"infrastructure_resource", "Resources that code manages", false, &InfrastructureResource{}},
		{"pull_request", "Pull requests", true, &PullRequest{}},
		{"review", "Reviews", true, &Review{}},
		{"deployment", "Deployments", true, &Deployment{}},
		{"infrastructure_run", "Runs of infrastructure as code", true, &InfrastructureRun{}},
		{"audit_event", "Audit log events", true, &AuditEvent{}},
	} {
		resources[r.Name] = r
	}
}

// Resources lists every type of fact by name.
func Resources() []Resource {
	out := slices.Collect(maps.Values(resources))
	slices.SortFunc(out, func(a, b Resource) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// ResourceNamed finds a type of fact.
func ResourceNamed(name string) (Resource, bool) {
	r, ok := resources[name]
	return r, ok
}

// Column is a column of a resource's file, with the type it has in SQL. Instants are UTC.
type Column struct{ Name, Type string }

// Columns lists the columns of a resource in order, those of Meta last.
func (r Resource) Columns() []Column { return columnsOf(reflect.TypeOf(r.Row).Elem()) }

// Optional lists the columns that may be missing: those of pointer fields.
func (r Resource) Optional() []string {
	var out []string
	t := reflect.TypeOf(r.Row).Elem()
	for i := range t.NumField() {
		if f := t.Field(i); f.Type.Kind() == reflect.Pointer {
			name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
			out = append(out, name)
		}
	}
	return out
}

func columnsOf(t reflect.Type) []Column {
	var out []Column
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, columnsOf(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		out = append(out, Column{name, sqlType(f.Type)})
	}
	return out
}

func sqlType(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "TIMESTAMP"
	case t == reflect.TypeFor[period.Date]():
		return "DATE"
	case t.Kind() == reflect.Bool:
		return "BOOLEAN"
	case t.Kind() == reflect.Int64:
		return "BIGINT"
	default:
		return "VARCHAR"
	}
}

// Each type names itself and its key. A key is the field ID, which connectors fill so that it is unique in a source.

func (f *Worker) Resource() string             { return "worker" }
func (f *Worker) Key() string                  { return f.ID }
func (f *UserAccount) Resource() string        { return "user_account" }
func (f *UserAccount) Key() string             { return f.ID }
func (f *AuthFactor) Resource() string         { return "auth_factor" }
func (f *AuthFactor) Key() string              { return f.ID }
func (f *AccountGroup) Resource() string       { return "account_group" }
func (f *AccountGroup) Key() string            { return f.ID }
func (f *GroupMember) Resource() string        { return "group_member" }
func (f *GroupMember) Key() string             { return f.ID }
func (f *RoleGrant) Resource() string          { return "role_grant" }
func (f *RoleGrant) Key() string               { return f.ID }
func (f *Application) Resource() string        { return "application" }
func (f *Application) Key() string             { return f.ID }
func (f *AppAssignment) Resource() string      { return "app_assignment" }
func (f *AppAssignment) Key() string           { return f.ID }
func (f *AuthPolicy) Resource() string         { return "auth_policy" }
func (f *AuthPolicy) Key() string              { return f.ID }
func (f *Setting) Resource() string            { return "setting" }
func (f *Setting) Key() string                 { return f.ID }
func (f *Repository) Resource() string         { return "repository" }
func (f *Repository) Key() string              { return f.ID }
func (f *BranchProtection) Resource() string   { return "branch_protection" }
func (f *BranchProtection) Key() string        { return f.ID }
func (f *VulnerabilityAlert) Resource() string { return "vulnerability_alert" }
func (f *VulnerabilityAlert) Key() string      { return f.ID }
func (f *Commit) Resource() string             { return "commit" }
func (f *Commit) Key() string                  { return f.ID }
func (f *Tag) Resource() string                { return "tag" }
func (f *Tag) Key() string                     { return f.ID }
func (f *Host) Resource() string               { return "host" }
func (f *Host) Key() string                    { return f.ID }
func (f *HostAccount) Resource() string        { return "host_account" }
func (f *HostAccount) Key() string             { return f.ID }
func (f *SudoRule) Resource() string           { return "sudo_rule" }
func (f *SudoRule) Key() string                { return f.ID }
func (f *ListeningPort) Resource() string      { return "listening_port" }
func (f *ListeningPort) Key() string           { return f.ID }
func (f *Package) Resource() string            { return "package" }
func (f *Package) Key() string                 { return f.ID }
func (f *Volume) Resource() string             { return "volume" }
func (f *Volume) Key() string                  { return f.ID }
func (f *PullRequest) Resource() string        { return "pull_request" }
func (f *PullRequest) Key() string             { return f.ID }
func (f *Review) Resource() string             { return "review" }
func (f *Review) Key() string                  { return f.ID }
func (f *Deployment) Resource() string         { return "deployment" }
func (f *Deployment) Key() string              { return f.ID }
func (f *AuditEvent) Resource() string         { return "audit_event" }
func (f *AuditEvent) Key() string              { return f.ID }
