package google

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Workspace reads the activities of a Google Workspace. Now gives the time by which tokens are asked for.
type Workspace struct{ Now func() time.Time }

var _ collect.Connector = Workspace{}

const (
	reportsScope     = "https://www.googleapis.com/auth/admin.reports.audit.readonly"
	usualReports     = "https://admin.googleapis.com"
	defaultFirstDays = 30
	// reportsMemory is how far back activities can be asked for.
	// https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list
	reportsMemory = 180 * 24 * time.Hour
)

// lateness is how late the activities of an application come: usually, and in rare cases.
// https://support.google.com/a/answer/7061566
var lateness = map[string]struct{ usual, rare time.Duration }{
	"admin": {20 * time.Minute, 24 * time.Hour},
	"login": {4 * time.Hour, 72 * time.Hour},
	"drive": {time.Hour, 24 * time.Hour},
	"token": {3 * time.Hour, 72 * time.Hour},
}

// Describe tells what the connector reads and needs.
func (Workspace) Describe() collect.Description {
	return collect.Description{
		Kind: "google", Title: "Google Workspace", Version: 1, Log: true,
		Doc: "Reads the activities of one application of a Workspace through the Reports API, every few minutes. Changes nothing.",
		Fields: []collect.Field{
			{Name: "application", Title: "Application", Hint: "login, admin, drive or token; make a connection for each", Required: true, Choices: []string{"login", "admin", "drive", "token"}, Default: "login"},
			{Name: "admin", Title: "Administrator", Hint: "Address of an administrator with the privilege Reports, for whom the service account speaks", Required: true},
			keyField,
			{Name: "base_url", Title: "Address", Hint: "Of the Admin SDK", Address: true, Default: usualReports},
			pull.FirstDays(defaultFirstDays, 180),
		},
		Grants: []collect.Permission{{Name: reportsScope, Why: "activities of users and administrators", Resources: []string{pull.Resource}}},
		Steps: []string{
			"In a Google Cloud project enable the Admin SDK API, make a service account without any role, and create a key for it as JSON.",
			"In the Admin console open Security, API controls, Domain-wide delegation; add the service account's client ID with the scope named beside and no other.",
			"Name an administrator whose role has the privilege Reports and nothing else.",
		},
		Limits: []string{
			"Google keeps activities for 180 days.",
			"Sign-ins come up to some hours after they happen, now and then days. Each run looks back as long as is usual for the application, and once in six hours as long as is rare.",
			"Google gives no count of activities, so completeness is asserted and not proven.",
		},
		Resources: []string{pull.Resource},
	}
}

// reports is one run over an application.
type reports struct {
	http   *http.Client
	sink   collect.Sink
	tokens pull.Tokens
	base   string
	app    string
	admin  string
}

func (c Workspace) start(e collect.Env, s collect.Sink) (*reports, error) {
	r := &reports{http: e.HTTP, sink: s, app: pull.Setting(e, "application", "login")}
	if _, ok := lateness[r.app]; !ok {
		return nil, errs.New(errs.Invalid, "%q is no application whose activities are read", r.app).At("application").WithHint("Write login, admin, drive or token.")
	}
	var err error
	if r.admin, err = pull.Need(e.Settings, "admin", "the administrator"); err != nil {
		return nil, err
	}
	if r.base, err = pull.Address(e, "base_url", usualReports); err != nil {
		return nil, err
	}
	a, err := newAccount(e, c.Now, reportsScope, r.admin)
	if err != nil {
		return nil, err
	}
	r.tokens = pull.Tokens{Now: c.Now, Ask: a.ask}
	return r, nil
}

// Collect emits the activities.
func (c Workspace) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := c.start(e, s)
	if err != nil {
		return err
	}
	if e.Since, err = pull.Since(e, defaultFirstDays); err != nil {
		return err
	}
	s.Note(pull.Resource, "Google gives no count of activities to compare the list with.")
	_, domain, _ := strings.Cut(r.admin, "@")
	late := lateness[r.app]
	stream := &collect.LogStream{
		Name: domain + "/" + r.app, Source: "Workspace, " + r.app, Memory: reportsMemory, Late: late.usual, Deep: late.rare, DeepEvery: 6 * time.Hour, Slice: 24 * time.Hour,
		Read: func(ctx context.Context, from, to time.Time, take collect.Take) error {
			return pull.Pages(func(token string) (string, error) {
				rows, next, err := r.page(ctx, from, to, "1000", token)
				if err != nil {
					return "", err
				}
				s.Page(pull.Resource, "activities.list")
				return next, pull.Give(s, from, rows, activityFact, take)
			})
		},
	}
	return collect.Halted(ctx, stream.Pull(ctx, e, s))
}

// page asks for one page of activities.
func (r *reports) page(ctx context.Context, from, to time.Time, size, token string) (rows []pull.Record, next string, err error) {
	q := url.Values{"startTime": {from.UTC().Format(time.RFC3339)}, "endTime": {to.UTC().Format(time.RFC3339)}, "maxResults": {size}}
	if token != "" {
		q.Set("pageToken", token)
	}
	a, err := r.tokens.Fetch(ctx, r.http, func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/admin/reports/v1/activity/users/all/applications/"+r.app+"?"+q.Encode(), nil)
	})
	if err != nil {
		if httpx.StatusOf(err) == http.StatusForbidden {
			err = errs.Hinted(err, "give the administrator %s the privilege Reports, and enable the Admin SDK API in the service account's project", r.admin)
		}
		return nil, "", err
	}
	var out struct {
		Kind  string        `json:"kind"`
		Items []pull.Record `json:"items"` // left out when there are none
		Next  string        `json:"nextPageToken"`
	}
	if err := a.Decode(&out); err != nil {
		return nil, "", err
	}
	if !strings.HasSuffix(out.Kind, "reports#activities") {
		return nil, "", errs.New(errs.Invalid, "the Reports API answered without a list of activities").WithHint("Check the address: something else may have answered.")
	}
	return out.Items, out.Next, nil
}

// Check asks for one activity.
func (c Workspace) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := c.start(e, nil)
	if err != nil {
		return nil, err
	}
	p := c.Describe().Grants
	_, _, err = r.page(ctx, e.Until.Add(-time.Hour), e.Until, "1", "")
	return p, pull.Verdict(&p[0], err)
}

// activityFact is an activity as a fact; nil where it cannot be read. Activities are told apart by the qualifier with the application.
func activityFact(raw string) *collect.AuditEvent {
	var e struct {
		ID struct {
			Time        time.Time `json:"time"`
			Qualifier   string    `json:"uniqueQualifier"`
			Application string    `json:"applicationName"`
		} `json:"id"`
		Actor struct {
			Email     string `json:"email"`
			ProfileID string `json:"profileId"`
			Key       string `json:"key"`
		} `json:"actor"`
		IP     string `json:"ipAddress"`
		Events []struct {
			Name       string `json:"name"`
			Parameters []struct {
				Name  string `json:"name"`
				Value string `json:"value"`
			} `json:"parameters"`
		} `json:"events"`
	}
	if json.Unmarshal([]byte(raw), &e) != nil || e.ID.Qualifier == "" || e.ID.Time.IsZero() || len(e.Events) == 0 || e.Events[0].Name == "" {
		return nil
	}
	f := &collect.AuditEvent{ID: e.ID.Qualifier + ":" + e.ID.Application, OccurredAt: pull.Micros(e.ID.Time), Action: e.ID.Application + ":" + e.Events[0].Name, IP: collect.NonZero(e.IP)}
	f.Actor, f.ActorID = collect.NonZero(e.Actor.Email), collect.NonZero(e.Actor.ProfileID)
	if f.Actor == nil {
		f.Actor = collect.NonZero(e.Actor.Key)
	}
	for _, p := range e.Events[0].Parameters {
		switch p.Name {
		case "USER_EMAIL", "GROUP_EMAIL", "target_user":
			f.TargetKind, f.Target = collect.Ptr(strings.ToLower(strings.TrimSuffix(p.Name, "_EMAIL"))), collect.NonZero(p.Value)
		case "doc_title", "app_name":
			f.TargetKind, f.Target = collect.Ptr(map[string]string{"doc_title": "file", "app_name": "application"}[p.Name]), collect.NonZero(p.Value)
		case "doc_id", "client_id":
			f.TargetID = collect.NonZero(p.Value)
		}
	}
	f.Raw = raw
	return f
}
