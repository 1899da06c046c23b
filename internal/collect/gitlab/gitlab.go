// Package gitlab reads the audit events of a group or of a whole instance of GitLab over its REST interface, version 4.
package gitlab

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Connector reads GitLab. The zero value is ready.
type Connector struct{}

var _ collect.Connector = Connector{}

const (
	defaultFirstDays = 30
	usualBase        = "https://gitlab.com"
	// span is how much is asked for at once; GitLab answers for 30 days at most. https://docs.gitlab.com/api/audit_events/
	span = 7 * 24 * time.Hour
)

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	return collect.Description{
		Kind: "gitlab", Title: "GitLab audit events", Version: 1, Log: true,
		Doc: "Reads the audit events of a group, or of a whole instance, every few minutes. Changes nothing.",
		Fields: []collect.Field{
			{Name: "group", Title: "Group", Hint: "Path of the group, such as northwind; leave it empty for a whole instance of your own"},
			{Name: "token", Title: "Access token", Hint: "With the scope read_api: of the group with the role Owner, or of an administrator for an instance", Required: true, Secret: true},
			{Name: "base_url", Title: "Address", Hint: "Of an instance of your own", Address: true, Default: usualBase},
			pull.FirstDays(defaultFirstDays, 365),
		},
		Grants: []collect.Permission{{Name: "read_api", Why: "audit events of the group, as its owner; of the instance, as an administrator", Resources: []string{pull.Resource}}},
		Steps: []string{
			"In the group open Settings, Access tokens, and make a token with the role Owner, the scope read_api and no other.",
			"For an instance: make a token with read_api for an administrator whose account serves this alone.",
			"A token ends on the day that is chosen, within a year: make the next one before.",
		},
		Limits: []string{
			"Audit events come with GitLab Premium and Ultimate.",
			"Events of a group are those of the group itself: for projects and subgroups, make a connection for each, or read the whole instance.",
			"GitLab gives no count of audit events, so completeness is asserted and not proven.",
		},
		Resources: []string{pull.Resource},
	}
}

// run is one run over a group or an instance.
type run struct {
	http  *http.Client
	sink  collect.Sink
	base  string
	group string
	token string
}

func start(e collect.Env, s collect.Sink) (r *run, err error) {
	r = &run{http: e.HTTP, sink: s, group: pull.Setting(e, "group", "")}
	if r.http == nil {
		return nil, errs.New(errs.Internal, "the run has no HTTP client")
	}
	if r.token, err = pull.Need(e.Secrets, "token", "the access token"); err != nil {
		return nil, err
	}
	if r.base, err = pull.Address(e, "base_url", usualBase); err != nil {
		return nil, err
	}
	if r.group == "" && r.base == usualBase {
		return nil, errs.New(errs.Invalid, "no group is given").At("group").WithHint("On gitlab.com name the group; a whole instance can be read where it is your own.")
	}
	return r, nil
}

// path is where the events are, in GitLab's own words and as an address.
func (r *run) path() (name, address string) {
	if r.group == "" {
		return "GET /audit_events", r.base + "/api/v4/audit_events"
	}
	return "GET /groups/:id/audit_events", r.base + "/api/v4/groups/" + url.PathEscape(r.group) + "/audit_events"
}

func (r *run) request(ctx context.Context, from, to time.Time, size string) (*http.Request, error) {
	_, address := r.path()
	const layout = "2006-01-02T15:04:05Z"
	q := url.Values{"created_after": {from.UTC().Format(layout)}, "created_before": {to.UTC().Format(layout)}, "pagination": {"keyset"}, "order_by": {"id"}, "sort": {"desc"}, "per_page": {size}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+q.Encode(), nil)
	if err != nil {
		return nil, errs.New(errs.Internal, "address of the audit events")
	}
	req.Header.Set("Private-Token", r.token)
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// Collect emits the events.
func (Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := start(e, s)
	if err != nil {
		return err
	}
	if e.Since, err = pull.Since(e, defaultFirstDays); err != nil {
		return err
	}
	s.Note(pull.Resource, "GitLab gives no count of audit events to compare the list with.")
	name, _ := r.path()
	stream := &collect.LogStream{
		Name: r.base + "/" + r.group, Source: "GitLab's audit events", Late: 15 * time.Minute, Slice: span,
		Read: func(ctx context.Context, from, to time.Time, take collect.Take) error {
			req, err := r.request(ctx, from, to, "100")
			if err != nil {
				return err
			}
			for a, err := range httpx.Pages(ctx, r.http, req) {
				if err != nil {
					return explain(err)
				}
				s.Page(pull.Resource, name)
				rows, err := httpx.Rows[json.RawMessage](a)
				if err != nil {
					return err
				}
				if err := pull.Give(s, from, rows, fact, take); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return collect.Halted(ctx, stream.Pull(ctx, e, s))
}

// Check asks for one event.
func (c Connector) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := start(e, nil)
	if err != nil {
		return nil, err
	}
	p := c.Describe().Grants
	req, err := r.request(ctx, e.Until.Add(-time.Hour), e.Until, "1")
	if err != nil {
		return nil, err
	}
	a, err := httpx.Fetch(ctx, r.http, req)
	if err == nil {
		_, err = httpx.Rows[json.RawMessage](a)
	}
	return p, pull.Verdict(&p[0], explain(err))
}

// explain says what to do about a refusal.
func explain(err error) error {
	switch httpx.StatusOf(err) {
	case http.StatusUnauthorized:
		return errs.Hinted(err, "check that the token is complete and has not ended: GitLab ends tokens within a year")
	case http.StatusForbidden, http.StatusNotFound:
		return errs.Hinted(err, "check the group's path, that the token has the scope read_api and the role Owner, or is an administrator's for an instance, and that the plan has audit events (Premium, Ultimate)")
	}
	return err
}

// event is what is read of an audit event.
type event struct {
	ID         int64     `json:"id"`
	AuthorID   int64     `json:"author_id"`
	AuthorName string    `json:"author_name"`
	EventName  string    `json:"event_name"`
	EventType  string    `json:"event_type"`
	EntityType string    `json:"entity_type"`
	EntityPath string    `json:"entity_path"`
	EntityID   int64     `json:"entity_id"`
	IP         string    `json:"ip_address"`
	CreatedAt  time.Time `json:"created_at"`
	Details    struct {
		AuthorName string `json:"author_name"`
		IP         string `json:"ip_address"`
		Message    any    `json:"custom_message"` // texts, and with some events objects
	} `json:"details"`
}

// fact is an event as a fact; nil where it cannot be read.
func fact(raw string) *collect.AuditEvent {
	var e event
	if json.Unmarshal([]byte(raw), &e) != nil || e.ID == 0 || e.CreatedAt.IsZero() {
		return nil
	}
	f := &collect.AuditEvent{ID: strconv.FormatInt(e.ID, 10), OccurredAt: pull.Micros(e.CreatedAt)}
	message, _ := e.Details.Message.(string)
	f.Action = first(e.EventName, e.EventType, message, "audit event")
	f.Actor = collect.NonZero(first(e.AuthorName, e.Details.AuthorName))
	if e.AuthorID != 0 {
		f.ActorID = collect.Ptr(strconv.FormatInt(e.AuthorID, 10))
	}
	f.TargetKind, f.Target, f.IP = collect.NonZero(e.EntityType), collect.NonZero(e.EntityPath), collect.NonZero(first(e.IP, e.Details.IP))
	if e.EntityID != 0 {
		f.TargetID = collect.Ptr(strconv.FormatInt(e.EntityID, 10))
	}
	f.Raw = raw
	return f
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
