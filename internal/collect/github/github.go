// Package github reads an organisation on GitHub over its REST interface, version 2022-11-28: settings, people, teams,
// repositories with their branch protection, changes with their reviews and checks, deployments, dependency alerts and
// the audit log. Plain HTTP and encoding/json, so that every record is kept as it came.
package github

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Connector reads GitHub. The zero value is ready for tokens.
type Connector struct {
	// Now is the clock that GitHub App tokens are signed and renewed by. nil is the end of the run's window, which will do
	// where runs end at the present.
	Now func() time.Time
}

var _ collect.Connector = Connector{}

// Setting defaults.
const (
	defaultBase       = "https://api.github.com"
	defaultTopic      = "production"
	defaultTicket     = `\b[A-Z][A-Z0-9]+-\d+\b`
	defaultFirstDays  = 90
	defaultBodyAccept = "application/vnd.github+json"
	apiVersion        = "2022-11-28"
)

// parallel is how many requests are under way at once where there is one for each repository, team or change. GitHub
// allows 100 and asks for restraint.
const parallel = 4

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	return collect.Description{
		Kind: "github", Title: "GitHub", Version: 1,
		Doc: "Reads an organisation's settings, members, teams, repositories, branch protection, pull requests with reviews and checks, deployments, Dependabot alerts and audit log. Reads no code.",
		Fields: []collect.Field{
			{Name: "org", Title: "Organisation", Hint: "Its login, as in github.com/<login>", Required: true},
			{Name: "token", Title: "Access token", Hint: "Fine-grained personal access token of an owner, or a classic one; not needed with a GitHub App", Secret: true},
			{Name: "app_id", Title: "GitHub App", Hint: "Its App ID or client ID, to sign in as an app instead of with a token"},
			{Name: "installation_id", Title: "Installation", Hint: "Of the app in the organisation: the number at the end of its settings page's address"},
			{Name: "private_key", Title: "Private key of the app", Hint: "The PEM file that GitHub gave out", Secret: true, Long: true},
			{Name: "base_url", Title: "Address", Hint: "Of the interface; for GitHub Enterprise Server https://<host>/api/v3", Address: true, Default: defaultBase},
			{Name: "production_topic", Title: "Topic of production code", Hint: "Repositories with this topic count as production", Default: defaultTopic},
			{Name: "ticket_pattern", Title: "Ticket references", Hint: "Regular expression for a ticket in a title, branch or description", Default: defaultTicket},
			{Name: "first_days", Title: "Days of the first run", Hint: "How far back the first run reads changes, deployments and the audit log", Default: strconv.Itoa(defaultFirstDays)},
		},
		Grants: grants(),
		Steps: []string{
			"Sign in to GitHub as an owner of the organisation, and open Settings, Developer settings, Personal access tokens, Fine-grained tokens.",
			"Generate a new token. Resource owner: the organisation, not yourself. Expiration: as your rules say; the connection tells you when it stops working.",
			"Repository access: all repositories. A repository that is left out is not seen, and nothing says that it is missing.",
			"Repository permissions, each read-only: Administration, Checks, Commit statuses, Dependabot alerts, Deployments, Metadata, Pull requests.",
			"Organisation permissions, each read-only: Administration, Members.",
			"If the organisation asks for approval of such tokens, approve it there under Personal access tokens, Pending requests.",
			"A GitHub App with the same permissions works as well: give its ID, the installation and the private key instead of a token.",
		},
		Limits: []string{
			"Who lacks a second factor and most settings of the organisation are shown to owners alone.",
			"The audit log exists on Enterprise Cloud only, and remembers 180 days; git events 7 days.",
			"Branch protection rules are read; repository rulesets are not.",
			"GitHub gives no count of reviews, deployments, alerts or log entries, so their completeness is asserted and not proven.",
		},
		Resources: []string{"setting", "user_account", "account_group", "group_member", "repository", "branch_protection",
			"vulnerability_alert", "pull_request", "review", "deployment", "audit_event"},
	}
}

// grants are the permissions of a fine-grained token or app, by the names of GitHub's documentation.
func grants() []collect.Permission {
	return []collect.Permission{
		{Name: "Metadata: read", Why: "the list of repositories and their topics", Resources: []string{"repository"}},
		{Name: "Members: read", Why: "members, outside collaborators and teams", Resources: []string{"user_account", "account_group", "group_member"}},
		{Name: "Organisation administration: read", Why: "the organisation's settings, who lacks a second factor (owners only), and the audit log", Resources: []string{"setting", "user_account", "audit_event"}},
		{Name: "Administration: read", Why: "branch protection", Resources: []string{"branch_protection"}},
		{Name: "Pull requests: read", Why: "changes, their reviews and the authors of their commits", Resources: []string{"pull_request", "review"}},
		{Name: "Commit statuses: read", Why: "results of checks that report by status", Resources: []string{"pull_request"}},
		{Name: "Checks: read", Why: "results of check runs, such as those of Actions", Resources: []string{"pull_request"}},
		{Name: "Deployments: read", Why: "what was released where, and by whom", Resources: []string{"deployment"}},
		{Name: "Dependabot alerts: read", Why: "known weaknesses of dependencies", Resources: []string{"vulnerability_alert"}},
	}
}

// run is one run over an organisation.
type run struct {
	api
	sink   collect.Sink
	org    string
	topic  string
	ticket *regexp.Regexp
	since  time.Time // start of the streams' window
	until  time.Time
}

// start checks the settings and signs in.
func (c Connector) start(ctx context.Context, e collect.Env, s collect.Sink) (*run, error) {
	set := func(name, usual string) string {
		if v := strings.TrimSpace(e.Settings[name]); v != "" {
			return v
		}
		return usual
	}
	r := &run{sink: s, org: set("org", ""), topic: strings.ToLower(set("production_topic", defaultTopic)), since: e.Since, until: e.Until}
	if !plainName.MatchString(r.org) {
		return nil, errs.New(errs.Invalid, "%q is not the login of an organisation", r.org).At("org")
	}
	var err error
	if r.ticket, err = regexp.Compile(set("ticket_pattern", defaultTicket)); err != nil {
		return nil, errs.As(errs.Invalid, err, "the pattern of ticket references")
	}
	days, err := strconv.Atoi(set("first_days", strconv.Itoa(defaultFirstDays)))
	if err != nil || days < 0 || days > 36_500 {
		return nil, errs.New(errs.Invalid, "the setting first_days is not a number of days").At("first_days")
	}
	if r.since.IsZero() {
		r.since = r.until.AddDate(0, 0, -days)
	}
	now := c.Now
	if now == nil {
		now = func() time.Time { return e.Until }
	}
	r.api, err = connect(ctx, e, set("base_url", defaultBase), now)
	return r, err
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// Collect emits everything. A resource that cannot be read is reported to the sink, and the others go on.
func (c Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := c.start(ctx, e, s)
	if err != nil {
		return err
	}
	org, err := r.settings(ctx)
	if err != nil {
		return collect.Halted(ctx, err)
	}
	repos, err := r.repositories(ctx, org)
	if err == nil {
		err = r.people(ctx)
	}
	if err == nil {
		err = r.teams(ctx)
	}
	if err == nil {
		err = r.protections(ctx, repos)
	}
	if err == nil {
		err = r.alerts(ctx, repos)
	}
	if err == nil {
		err = r.changes(ctx, repos)
	}
	if err == nil {
		err = r.deployments(ctx, repos)
	}
	if err == nil {
		err = r.auditLog(ctx)
	}
	return collect.Halted(ctx, err)
}

func (r *run) emit(f collect.Fact) error { return collect.Emit(r.sink, f) }

func (r *run) report(ctx context.Context, resource string, err error) error {
	return collect.Report(ctx, r.sink, resource, err)
}

// inWindow tells whether a moment belongs to this run's part of a stream.
func (r *run) inWindow(t time.Time) bool { return !t.Before(r.since) && t.Before(r.until) }

// pageSize is how many rows to ask for at once where the newest come first: short windows need few.
func (r *run) pageSize() string {
	switch days := r.until.Sub(r.since).Hours() / 24; {
	case days <= 2:
		return "10"
	case days <= 14:
		return "50"
	}
	return "100"
}

// micros is a source's time as facts keep it.
func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func microsPtr(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	return collect.Ptr(micros(*t))
}

// id is a number of GitHub's as a key.
func id(n int64) string { return strconv.FormatInt(n, 10) }

// user is an account as GitHub names it in other objects; nil where the account was deleted.
type user struct {
	Login string `json:"login"`
	ID    int64  `json:"id"`
	Type  string `json:"type"`
}

// ghost is how GitHub itself shows an account that was deleted.
const ghost = "ghost"

func (u *user) login() string {
	if u == nil || u.Login == "" {
		return ghost
	}
	return u.Login
}

// missing tells a 404 from other failures.
func missing(err error) bool {
	return errs.Is(err, errs.NotFound)
}
