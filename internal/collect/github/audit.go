package github

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// How far back GitHub's audit log remembers.
// https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/reviewing-the-audit-log-for-your-organization
const (
	auditMemory    = 180 * 24 * time.Hour
	auditGitMemory = 7 * 24 * time.Hour
)

// auditEvent is a line of the audit log. Times are milliseconds since 1970.
type auditEvent struct {
	Timestamp  int64   `json:"@timestamp"`
	CreatedAt  int64   `json:"created_at"`
	DocumentID string  `json:"_document_id"`
	Action     string  `json:"action"`
	Actor      *string `json:"actor"`
	ActorID    *int64  `json:"actor_id"`
	ActorIP    *string `json:"actor_ip"`
	User       *string `json:"user"`
	UserID     *int64  `json:"user_id"`
	Team       *string `json:"team"`
	Repo       *string `json:"repo"`
	RepoID     *int64  `json:"repo_id"`
	Org        *string `json:"org"`
	OrgID      *int64  `json:"org_id"`
}

// auditLog emits the web and git events of the window, oldest first.
func (r *run) auditLog(ctx context.Context) error {
	from := r.since
	if oldest := r.until.Add(-auditMemory); from.Before(oldest) {
		from = oldest
		r.sink.Note("audit_event", "GitHub's audit log remembers 180 days; what happened before "+oldest.UTC().Format(time.DateOnly)+" cannot be read any more.")
	}
	if from.Before(r.until.Add(-auditGitMemory)) {
		r.sink.Note("audit_event", "Git events (push, clone, fetch) are remembered for 7 days only; the window is longer.")
	}
	r.sink.Note("audit_event", "GitHub gives no count of audit log events to compare the list with.")
	const layout = "2006-01-02T15:04:05Z"
	query := url.Values{
		"phrase":  {"created:" + from.UTC().Truncate(time.Second).Format(layout) + ".." + r.until.UTC().Format(layout)},
		"include": {"all"}, "order": {"asc"}, "per_page": {"100"},
	}
	err := list(ctx, r, "audit_event", "GET /orgs/{org}/audit-log", "/orgs/"+esc(r.org)+"/audit-log", query, func(row httpx.Row[auditEvent]) (bool, error) {
		f, err := row.Value.fact(row.Raw)
		if err != nil || !r.inWindow(f.OccurredAt) {
			return err == nil, err
		}
		return true, r.emit(f)
	})
	if missing(err) {
		err = &errs.Error{Kind: errs.NotFound, Msg: "the audit log cannot be read", Err: err, Hint: "the interface to the audit log comes with GitHub Enterprise Cloud; otherwise export it from the organisation's settings and import the file"}
	}
	return r.report(ctx, "audit_event", err)
}

func (e *auditEvent) fact(raw string) (*collect.AuditEvent, error) {
	at := e.Timestamp
	if at == 0 {
		at = e.CreatedAt
	}
	if e.DocumentID == "" || at == 0 || e.Action == "" {
		return nil, errs.New(errs.Invalid, "an audit log event lacks its identity, time or action")
	}
	f := &collect.AuditEvent{ID: e.DocumentID, OccurredAt: time.UnixMilli(at).UTC(), Actor: e.Actor, Action: e.Action, IP: e.ActorIP}
	f.ActorID = number(e.ActorID)
	f.TargetKind, f.Target, f.TargetID = e.target()
	f.Raw = raw
	var err error
	f.Detail, err = e.detail(raw)
	return f, err
}

// detail keeps what an event about a branch's protection says the settings became. The log's levels are 0 or "off" for
// off.
func (e *auditEvent) detail(raw string) (*string, error) {
	if !strings.HasPrefix(e.Action, "protected_branch.") {
		return nil, nil //nolint:nilnil // most events say no more
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &all); err != nil {
		return nil, errs.As(errs.Invalid, err, "audit log event %s", e.DocumentID)
	}
	maps.DeleteFunc(all, func(k string, _ json.RawMessage) bool {
		return !strings.HasSuffix(k, "_enforcement_level") && k != "admin_enforced" && k != "dismiss_stale_reviews_on_push" && k != "required_approving_review_count"
	})
	if len(all) == 0 {
		return nil, nil //nolint:nilnil // nothing is said
	}
	text, err := json.Marshal(all)
	return collect.Ptr(string(text)), err
}

// target is what an event was done to. Events name everything they touch; the narrowest thing counts, which the first part
// of the action names.
func (e *auditEvent) target() (kind, name, key *string) {
	switch area, _, _ := strings.Cut(e.Action, "."); {
	case (area == "org" || area == "team") && e.User != nil:
		return collect.Ptr("user"), e.User, number(e.UserID)
	case area == "team" && e.Team != nil:
		return collect.Ptr("team"), e.Team, nil
	case e.Repo != nil:
		return collect.Ptr("repository"), e.Repo, number(e.RepoID)
	case e.User != nil:
		return collect.Ptr("user"), e.User, number(e.UserID)
	case e.Org != nil:
		return collect.Ptr("organisation"), e.Org, number(e.OrgID)
	}
	return nil, nil, nil
}

func number(n *int64) *string {
	if n == nil {
		return nil
	}
	return collect.Ptr(id(*n))
}
