// Package entra reads audit logs of a Microsoft tenant as an application with a secret of its own: the sign-ins and the directory's audit
// log of Entra through Microsoft Graph, and the audit log of Microsoft 365 through the Management Activity API. Plain HTTP, so that every record is kept as it came.
package entra

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Connector reads Entra ID. Now gives the time by which tokens end.
type Connector struct{ Now func() time.Time }

var _ collect.Connector = Connector{}

const (
	defaultFirstDays = 7
	defaultKept      = 30 // days, with a P1 or P2 licence; 7 without
	usualLogin       = "https://login.microsoftonline.com"
	usualGraph       = "https://graph.microsoft.com"
)

// The logs there are, by the setting that chooses one.
// https://learn.microsoft.com/en-us/graph/api/resources/azure-ad-auditlog-overview
var logs = map[string]struct{ path, time, title string }{
	"signin": {"signIns", "createdDateTime", "Entra's sign-ins"},
	"audit":  {"directoryAudits", "activityDateTime", "Entra's audit log"},
}

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	return collect.Description{
		Kind: "entra", Title: "Microsoft Entra ID", Version: 1, Log: true,
		Doc: "Reads the sign-ins or the audit log of a tenant through Microsoft Graph, every few minutes. Changes nothing.",
		Fields: []collect.Field{
			{Name: "tenant", Title: "Tenant", Hint: "The directory (tenant) ID, or a domain of it", Required: true, Address: true},
			{Name: "client_id", Title: "Application", Hint: "The application (client) ID", Required: true},
			{Name: "client_secret", Title: "Client secret", Hint: "The secret's value, not its ID", Required: true, Secret: true},
			{Name: "log", Title: "Log", Hint: "signin for sign-ins, audit for changes of the directory; make a connection for each", Required: true, Choices: []string{"signin", "audit"}, Default: "signin"},
			{Name: "kept_days", Title: "Days the tenant keeps", Hint: "30 with a P1 or P2 licence, 7 without", Default: strconv.Itoa(defaultKept)},
			{Name: "login_url", Title: "Address of sign-in", Hint: "Another one for national clouds", Address: true, Default: usualLogin},
			{Name: "base_url", Title: "Address of Microsoft Graph", Hint: "Another one for national clouds", Address: true, Default: usualGraph},
			pull.FirstDays(defaultFirstDays, defaultKept),
		},
		Grants: []collect.Permission{{Name: "AuditLog.Read.All", Why: "sign-ins and the audit log", Resources: []string{pull.Resource}}},
		Steps: []string{
			"In the Entra admin center open App registrations and register an application for this purpose alone, without a redirect address.",
			"Under API permissions add Microsoft Graph, application permissions, AuditLog.Read.All; remove User.Read; grant admin consent.",
			"Under Certificates & secrets make a client secret and copy its value. It ends on the day that is chosen there.",
		},
		Limits: []string{
			"Entra keeps 30 days with a P1 or P2 licence and 7 without; sign-ins can be read through Microsoft Graph with such a licence alone.",
			"Microsoft Graph gives the sign-ins of people at a page of sign-in; those in the background, of services and of managed identities need an export to an event hub or a storage account.",
			"Records are shown some minutes late. Each run looks back 30 minutes, and once in six hours twelve hours.",
			"A sign-in is read once: what is found out about its risk later comes in the audit log and in alerts.",
			"Microsoft Graph gives no count of records, so completeness is asserted and not proven.",
		},
		Resources: []string{pull.Resource},
	}
}

// run is one run over a log of a tenant.
type run struct {
	http   *http.Client
	sink   collect.Sink
	tokens pull.Tokens
	login  string
	base   string
	tenant string
	client string
	secret string
	log    string
	kept   time.Duration
}

var tenantForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{1,254}$`)

// signIn prepares signing in as the application to one of Microsoft's interfaces.
func (r *run) signIn(e collect.Env, s collect.Sink, now func() time.Time, base string) (err error) {
	r.http, r.sink, r.base = e.HTTP, s, base
	if r.http == nil || now == nil {
		return errs.New(errs.Internal, "the run has no HTTP client or no clock")
	}
	r.tokens = pull.Tokens{Now: now, Ask: r.ask}
	if r.tenant, err = pull.Need(e.Settings, "tenant", "the tenant"); err != nil {
		return err
	}
	if !tenantForm.MatchString(r.tenant) {
		return errs.New(errs.Invalid, "%q is no tenant", r.tenant).At("tenant").WithHint("Write the directory (tenant) ID, or a domain of it.")
	}
	if r.client, err = pull.Need(e.Settings, "client_id", "the application"); err != nil {
		return err
	}
	if r.secret, err = pull.Need(e.Secrets, "client_secret", "the client secret"); err != nil {
		return err
	}
	r.login, err = pull.Address(e, "login_url", usualLogin)
	return err
}

func (c Connector) start(e collect.Env, s collect.Sink) (*run, error) {
	base, err := pull.Address(e, "base_url", usualGraph)
	if err != nil {
		return nil, err
	}
	r := &run{log: pull.Setting(e, "log", "signin")}
	if err := r.signIn(e, s, c.Now, base); err != nil {
		return nil, err
	}
	if _, ok := logs[r.log]; !ok {
		return nil, errs.New(errs.Invalid, "%q is no log", r.log).At("log").WithHint("Write signin or audit.")
	}
	days, err := strconv.Atoi(pull.Setting(e, "kept_days", strconv.Itoa(defaultKept)))
	if err != nil || days < 1 || days > 3650 {
		return nil, errs.New(errs.Invalid, "the setting kept_days is not a number of days").At("kept_days").WithHint("Write 30 or 7.")
	}
	r.kept = time.Duration(days) * 24 * time.Hour
	return r, nil
}

// ask asks for a token with the application's secret.
func (r *run) ask(ctx context.Context) (string, time.Duration, error) {
	q := url.Values{"grant_type": {"client_credentials"}, "client_id": {r.client}, "client_secret": {r.secret}, "scope": {r.base + "/.default"}}
	ctx = httpx.Repeatable(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.login+"/"+url.PathEscape(r.tenant)+"/oauth2/v2.0/token", strings.NewReader(q.Encode()))
	if err != nil {
		return "", 0, errs.New(errs.Internal, "request for a token")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var out struct {
		Token string `json:"access_token"`
		Good  int64  `json:"expires_in"`
	}
	if _, err = httpx.GetJSON(ctx, r.http, req, &out); err != nil {
		if s := httpx.StatusOf(err); s == http.StatusUnauthorized || s == http.StatusBadRequest {
			err = &errs.Error{Kind: errs.Denied, Err: err, Hint: "check tenant and application, and whether the client secret has ended: make a new one under Certificates & secrets"}
		}
		return "", 0, errs.Wrap(err, "sign in as the application")
	}
	return out.Token, time.Duration(max(0, out.Good)) * time.Second, nil
}

// Collect emits the records of the log.
func (c Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := c.start(e, s)
	if err != nil {
		return err
	}
	if e.Since, err = pull.Since(e, defaultFirstDays); err != nil {
		return err
	}
	s.Note(pull.Resource, "Microsoft Graph gives no count of records to compare the list with.")
	stream := &collect.LogStream{
		Name: r.tenant + "/" + r.log, Source: logs[r.log].title, Memory: r.kept, Late: 30 * time.Minute, Deep: 12 * time.Hour, DeepEvery: 6 * time.Hour, Slice: 24 * time.Hour, Read: r.list,
	}
	return collect.Halted(ctx, stream.Pull(ctx, e, s))
}

// list reads the log from an instant up to another. Graph's filters know "le" alone; what is dated to the instant itself comes twice
// and is known.
func (r *run) list(ctx context.Context, from, to time.Time, take collect.Take) error {
	first, err := r.first(from, to, "999")
	if err != nil {
		return err
	}
	return pull.Pages(func(link string) (string, error) {
		rows, next, err := r.page(ctx, first, link)
		if err != nil {
			return "", err
		}
		r.sink.Page(pull.Resource, "GET /auditLogs/"+logs[r.log].path)
		return next, pull.Give(r.sink, from, rows, fact, take)
	})
}

func (r *run) first(from, to time.Time, top string) (*url.URL, error) {
	x := logs[r.log]
	const layout = "2006-01-02T15:04:05Z"
	q := url.Values{"$filter": {x.time + " ge " + from.UTC().Format(layout) + " and " + x.time + " le " + to.UTC().Format(layout)}, "$top": {top}}
	u, err := url.Parse(r.base + "/v1.0/auditLogs/" + x.path + "?" + strings.ReplaceAll(q.Encode(), "+", "%20"))
	if err != nil {
		return nil, errs.New(errs.Internal, "address of the log")
	}
	return u, nil
}

// page asks for one page: the first, or the one that a link leads to.
func (r *run) page(ctx context.Context, first *url.URL, link string) (rows []pull.Record, next string, err error) {
	to := first
	if link != "" {
		if to, err = first.Parse(link); err != nil {
			return nil, "", errs.New(errs.Invalid, "the link to the next page is not an address")
		}
		if to.Scheme != first.Scheme || to.Host != first.Host || to.User != nil {
			return nil, "", errs.New(errs.Denied, "the link to the next page leads to another host, %s", to.Host).WithHint("Set the address of Microsoft Graph to the one that is used in its links.")
		}
	}
	a, err := r.tokens.Fetch(ctx, r.http, func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	})
	if err != nil {
		return nil, "", explain(err)
	}
	var out struct {
		Value *[]pull.Record `json:"value"`
		Next  string         `json:"@odata.nextLink"`
	}
	if err := a.Decode(&out); err != nil {
		return nil, "", err
	}
	if out.Value == nil {
		return nil, "", errs.New(errs.Invalid, "Microsoft Graph answered without a list of records").WithHint("Check the address: something else may have answered.")
	}
	return *out.Value, out.Next, nil
}

// explain says what to do about a refusal.
func explain(err error) error {
	switch {
	case httpx.CodeOf(err) == "Authentication_RequestFromNonPremiumTenantOrB2CTenant":
		return errs.Hinted(err, "sign-ins can be read with a P1 or P2 licence alone; read the audit log instead")
	case httpx.StatusOf(err) == http.StatusForbidden:
		return errs.Hinted(err, "give the application the permission AuditLog.Read.All of Microsoft Graph, and grant admin consent")
	}
	return err
}

// Check asks for one record.
func (c Connector) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := c.start(e, nil)
	if err != nil {
		return nil, err
	}
	p := c.Describe().Grants
	first, err := r.first(e.Until.Add(-time.Hour), e.Until, "1")
	if err != nil {
		return nil, err
	}
	_, _, err = r.page(ctx, first, "")
	return p, pull.Verdict(&p[0], err)
}

// entry is what is read of a record of either log.
type entry struct {
	ID        string `json:"id"`
	CreatedAt string `json:"createdDateTime"`
	DoneAt    string `json:"activityDateTime"`

	// of a sign-in
	User   string `json:"userPrincipalName"`
	UserID string `json:"userId"`
	App    string `json:"appDisplayName"`
	AppID  string `json:"appId"`
	IP     string `json:"ipAddress"`
	Status *struct {
		Code int64 `json:"errorCode"`
	} `json:"status"`

	// of a change
	Activity string          `json:"activityDisplayName"`
	Result   string          `json:"result"`
	By       json.RawMessage `json:"initiatedBy"`
	Targets  []struct {
		ID   string `json:"id"`
		Type string `json:"type"`
		Name string `json:"displayName"`
		User string `json:"userPrincipalName"`
	} `json:"targetResources"`
}

// fact is a record as a fact; nil where it cannot be read.
func fact(raw string) *collect.AuditEvent {
	var e entry
	if json.Unmarshal([]byte(raw), &e) != nil {
		return nil
	}
	text := e.CreatedAt
	if text == "" {
		text = e.DoneAt
	}
	at, err := time.Parse(time.RFC3339, text)
	if e.ID == "" || err != nil {
		return nil
	}
	f := &collect.AuditEvent{ID: e.ID, OccurredAt: pull.Micros(at), Action: e.Activity}
	f.Raw = raw
	if e.Activity == "" {
		f.Action = "Sign-in"
		f.Actor, f.ActorID, f.IP = collect.NonZero(e.User), collect.NonZero(e.UserID), collect.NonZero(e.IP)
		f.Target, f.TargetID = collect.NonZero(e.App), collect.NonZero(e.AppID)
		if f.Target != nil {
			f.TargetKind = collect.Ptr("application")
		}
		if e.Status != nil {
			f.Outcome = collect.Ptr("failure")
			if e.Status.Code == 0 {
				f.Outcome = collect.Ptr("success")
			}
		}
		return f
	}
	var by struct {
		User *struct{ ID, UserPrincipalName, IPAddress string }
		App  *struct{ ServicePrincipalID, DisplayName string }
	}
	if json.Unmarshal(e.By, &by) == nil && by.User != nil {
		f.Actor, f.ActorID, f.IP = collect.NonZero(by.User.UserPrincipalName), collect.NonZero(by.User.ID), collect.NonZero(by.User.IPAddress)
	} else if by.App != nil {
		f.Actor, f.ActorID = collect.NonZero(by.App.DisplayName), collect.NonZero(by.App.ServicePrincipalID)
	}
	f.Outcome = collect.NonZero(e.Result)
	if len(e.Targets) > 0 {
		t := e.Targets[0]
		f.TargetKind, f.TargetID, f.Target = collect.NonZero(t.Type), collect.NonZero(t.ID), collect.NonZero(t.User)
		if f.Target == nil {
			f.Target = collect.NonZero(t.Name)
		}
	}
	return f
}
