package okta

import (
	"context"
	"net/url"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// logMemory is how far back the system log remembers.
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/
const logMemory = 90 * 24 * time.Hour

// event is a line of the system log.
type event struct {
	UUID      string    `json:"uuid"`
	Published time.Time `json:"published"`
	EventType string    `json:"eventType"`
	Actor     *party    `json:"actor"`
	Target    []party   `json:"target"`
	Outcome   *struct {
		Result *string `json:"result"`
	} `json:"outcome"`
	Client *struct {
		IP *string `json:"ipAddress"`
	} `json:"client"`
}

// party is who acts, or what is acted on.
type party struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	AlternateID string `json:"alternateId"`
	DisplayName string `json:"displayName"`
}

// name is the party's login or other name; Okta writes "unknown" where it has none.
func (p *party) name() *string {
	if p.AlternateID != "" && p.AlternateID != "unknown" {
		return &p.AlternateID
	}
	return collect.NonZero(p.DisplayName)
}

// systemLog emits the events of the window, oldest first. With an end given, the list ends; Okta may still name a next
// page after the last, so an empty page is the end, too.
func (r *run) systemLog(ctx context.Context, _ *people) error {
	r.sink.Note("audit_event", "Okta gives no count of events to compare the list with.")
	from := r.since
	if oldest := r.until.Add(-logMemory); from.Before(oldest) {
		from = oldest
		r.sink.Note("audit_event", "Okta's system log remembers 90 days; what happened before "+oldest.UTC().Format(time.DateOnly)+" cannot be read any more.")
	}
	if !from.Before(r.until) {
		return nil
	}
	const layout = "2006-01-02T15:04:05.000Z"
	query := url.Values{"since": {from.UTC().Format(layout)}, "until": {r.until.UTC().Format(layout)}, "sortOrder": {"ASCENDING"}, "limit": {"1000"}}
	return r.report(ctx, "audit_event", r.events(ctx, query))
}

func (r *run) events(ctx context.Context, query url.Values) error {
	req, err := r.request(ctx, "/api/v1/logs", query)
	if err != nil {
		return err
	}
	empty := false
	next := func(a *httpx.Answer) (string, error) {
		if empty {
			return "", nil
		}
		return httpx.NextLink(a.Header), nil
	}
	seen := map[string]bool{}
	for a, err := range httpx.PagesBy(ctx, r.http, req, next) {
		if err != nil {
			return err
		}
		r.sink.Page("audit_event", "GET /api/v1/logs")
		rows, err := httpx.Rows[event](a)
		if err != nil {
			return err
		}
		empty = len(rows) == 0
		for _, row := range rows {
			f, err := row.Value.fact(row.Raw)
			if err != nil {
				return err
			}
			if seen[f.ID] || f.OccurredAt.Before(r.since) || !f.OccurredAt.Before(r.until) {
				continue
			}
			seen[f.ID] = true
			if err := r.emit(f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *event) fact(raw string) (*collect.AuditEvent, error) {
	if e.UUID == "" || e.Published.IsZero() || e.EventType == "" {
		return nil, errs.New(errs.Invalid, "a system log event lacks its identity, time or type")
	}
	f := &collect.AuditEvent{ID: e.UUID, OccurredAt: micros(e.Published), Action: e.EventType}
	if e.Actor != nil {
		f.Actor, f.ActorID = e.Actor.name(), collect.NonZero(e.Actor.ID)
	}
	if len(e.Target) > 0 {
		t := &e.Target[0]
		f.TargetKind, f.Target, f.TargetID = collect.NonZero(t.Type), t.name(), collect.NonZero(t.ID)
	}
	if e.Outcome != nil {
		f.Outcome = e.Outcome.Result
	}
	if e.Client != nil {
		f.IP = e.Client.IP
	}
	f.Raw = raw
	return f, nil
}
