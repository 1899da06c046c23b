// Package okta reads an Okta organisation over its management interface: accounts with their factors and administrative
// roles, groups, applications with their assignments, password and sign-on policies, and the system log. Plain HTTP and
// encoding/json, so that every record is kept as it came.
package okta

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Connector reads Okta. The zero value is ready.
type Connector struct{}

var _ collect.Connector = Connector{}

// Setting defaults.
const (
	defaultServicePrefix = "svc-"
	defaultFirstDays     = 90
)

// parallel is how many requests are under way at once where there is one for each account, group or application. Okta
// allows 35 to 75 at a time for the whole organisation.
const parallel = 4

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	return collect.Description{
		Kind: "okta", Title: "Okta", Version: 1,
		Doc: "Reads accounts with factors and administrative roles, groups, applications, password and sign-on policies, and the system log. Changes nothing.",
		Fields: []collect.Field{
			{Name: "base_url", Title: "Address", Hint: "https://<organisation>.okta.com, without -admin", Required: true, Address: true},
			{Name: "token", Title: "API token", Hint: "Of an account with the Read-only Administrator role, or an OAuth access token", Required: true, Secret: true},
			{Name: "auth", Title: "Kind of token", Hint: "ssws for an API token, bearer for an OAuth access token of a service app", Default: "ssws"},
			{Name: "service_login_prefix", Title: "Prefix of service accounts", Hint: "Accounts whose login begins so are service accounts, not people", Default: defaultServicePrefix},
			{Name: "service_user_type", Title: "User type of service accounts", Hint: "Accounts with this value in the profile attribute userType are service accounts, too"},
			{Name: "first_days", Title: "Days of the first run", Hint: "How far back the first run reads the system log, at most the 90 days Okta keeps", Default: strconv.Itoa(defaultFirstDays)},
		},
		Grants: grants(),
		Steps: []string{
			"In Okta's Admin Console make an account for this purpose alone, named so that it is recognised in the log.",
			"Give it the role Read-only Administrator, and no other.",
			"Sign in as that account and open Security, API, Tokens; create a token. Okta shows it once.",
			"A token ends when it is unused for 30 days, or when its account is deactivated.",
			"With a service app instead: grant the scopes listed beside, give an access token, and write bearer as the kind of token.",
		},
		Limits: []string{
			"The system log remembers 90 days: what happened before the first run and longer ago cannot be read any more.",
			"Password policies and global session policies are read; authentication policies of single applications are not.",
			"Okta gives no count of factors, groups, assignments or log entries, so their completeness is asserted and not proven.",
		},
		Resources: []string{"user_account", "auth_factor", "account_group", "group_member", "role_grant", "application", "app_assignment",
			"auth_policy", "audit_event"},
	}
}

// grants are the OAuth scopes of Okta's documentation. An API token has instead the rights of the Read-only Administrator
// role, which are all of these.
func grants() []collect.Permission {
	return []collect.Permission{
		{Name: "okta.users.read", Why: "accounts and their factors", Resources: []string{"user_account", "auth_factor"}},
		{Name: "okta.groups.read", Why: "groups and who is in them", Resources: []string{"account_group", "group_member"}},
		{Name: "okta.roles.read", Why: "who holds an administrative role", Resources: []string{"role_grant", "user_account"}},
		{Name: "okta.apps.read", Why: "applications and who may use them", Resources: []string{"application", "app_assignment"}},
		{Name: "okta.policies.read", Why: "what passwords and sign-on must be like", Resources: []string{"auth_policy"}},
		{Name: "okta.logs.read", Why: "the system log", Resources: []string{"audit_event"}},
	}
}

// run is one run over an organisation.
type run struct {
	base   string
	auth   string
	http   *http.Client
	sink   collect.Sink
	prefix string
	utype  string
	since  time.Time
	until  time.Time
}

func start(e collect.Env, s collect.Sink) (*run, error) {
	set := func(name, usual string) string {
		if v := strings.TrimSpace(e.Settings[name]); v != "" {
			return v
		}
		return usual
	}
	r := &run{http: e.HTTP, sink: s, prefix: strings.ToLower(set("service_login_prefix", defaultServicePrefix)),
		utype: strings.ToLower(set("service_user_type", "")), since: e.Since, until: e.Until}
	u, err := url.Parse(set("base_url", ""))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, errs.New(errs.Invalid, "the address of the Okta organisation is not of the form https://<organisation>.okta.com").At("base_url")
	}
	r.base = strings.TrimSuffix(u.String(), "/")
	token := strings.TrimSpace(e.Secrets["token"])
	if token == "" {
		return nil, errs.New(errs.Invalid, "no token is given").At("token")
	}
	switch kind := strings.ToLower(set("auth", "ssws")); kind {
	case "ssws":
		r.auth = "SSWS " + token
	case "bearer":
		r.auth = "Bearer " + token
	default:
		return nil, errs.New(errs.Invalid, "%q is not a kind of token; it is ssws or bearer", kind).At("auth")
	}
	days, err := strconv.Atoi(set("first_days", strconv.Itoa(defaultFirstDays)))
	if err != nil || days < 0 || days > 36_500 {
		return nil, errs.New(errs.Invalid, "the setting first_days is not a number of days").At("first_days")
	}
	if r.since.IsZero() {
		r.since = r.until.AddDate(0, 0, -days)
	}
	if r.http == nil {
		return nil, errs.New(errs.Internal, "the run has no HTTP client")
	}
	return r, nil
}

// Collect emits everything. A resource that cannot be read is reported to the sink, and the others go on.
func (Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := start(e, s)
	if err != nil {
		return err
	}
	p := &people{}
	for _, step := range []func(context.Context, *people) error{r.listUsers, r.roles, r.factors, r.groups, r.emitUsers, r.applications, r.policies, r.systemLog} {
		if err := step(ctx, p); err != nil {
			return collect.Halted(ctx, err)
		}
	}
	return nil
}

// Check makes one small request for each permission.
func (Connector) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := start(e, nil)
	if err != nil {
		return nil, err
	}
	p := grants()
	one := url.Values{"limit": {"1"}}
	for i, try := range []struct {
		path  string
		query url.Values
	}{
		{"/api/v1/users", one}, {"/api/v1/groups", one}, {"/api/v1/iam/assignees/users", one}, {"/api/v1/apps", one},
		{"/api/v1/policies", url.Values{"type": {"PASSWORD"}}}, {"/api/v1/logs", one},
	} {
		_, err := r.get(ctx, try.path, try.query)
		switch {
		case errs.Is(err, errs.Unavailable), errs.Is(err, errs.Exhausted), httpx.StatusOf(err) == http.StatusUnauthorized:
			return nil, err
		case err == nil:
			p[i].Granted = collect.Ptr(true)
		case errs.Is(err, errs.Denied), errs.Is(err, errs.NotFound):
			p[i].Granted, p[i].Detail = collect.Ptr(false), err.Error()
		default:
			p[i].Detail = err.Error()
		}
	}
	return p, nil
}

func (r *run) emit(f collect.Fact) error { return collect.Emit(r.sink, f) }

func (r *run) report(ctx context.Context, resource string, err error) error {
	return collect.Report(ctx, r.sink, resource, err)
}

func (r *run) request(ctx context.Context, path string, query url.Values) (*http.Request, error) {
	to := r.base + path
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "request %s", path)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", r.auth)
	return req, nil
}

func (r *run) get(ctx context.Context, path string, query url.Values) (*httpx.Answer, error) {
	req, err := r.request(ctx, path, query)
	if err != nil {
		return nil, err
	}
	return httpx.Fetch(ctx, r.http, req)
}

// list reads a list page by page and hands on its rows. endpoint is the documented name, for the manifest.
func list[T any](ctx context.Context, r *run, resource, endpoint, path string, query url.Values, each func(httpx.Row[T]) error) error {
	req, err := r.request(ctx, path, query)
	if err != nil {
		return err
	}
	for a, err := range httpx.Pages(ctx, r.http, req) {
		if err != nil {
			return err
		}
		r.sink.Page(resource, endpoint)
		rows, err := httpx.Rows[T](a)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := each(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func microsPtr(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	return collect.Ptr(micros(*t))
}
