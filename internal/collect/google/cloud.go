package google

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Cloud reads the audit entries of Google Cloud. Now gives the time by which tokens are asked for.
type Cloud struct{ Now func() time.Time }

var _ collect.Connector = Cloud{}

const (
	loggingScope = "https://www.googleapis.com/auth/logging.read"
	usualLogging = "https://logging.googleapis.com"
	cloudDays    = 7
	// cloudMemory is how long data access entries are kept as usual; those of administrators are kept 400 days.
	// https://cloud.google.com/logging/quotas#logs_retention_periods
	cloudMemory = 30 * 24 * time.Hour
	// cloudPace is the limit of entries.list: 60 a minute and project. https://cloud.google.com/logging/quotas#api-limits
	cloudPace = time.Second
	// entryAge is how old an audit entry may be when it is received. Logging takes older ones, but looks through all that time on each
	// question; the service itself writes audit entries within minutes.
	entryAge = 24 * time.Hour
)

var resourceForm = regexp.MustCompile(`^(projects|organizations|folders|billingAccounts)/[a-z0-9][a-z0-9:.-]{0,62}$`)

// Describe tells what the connector reads and needs.
func (Cloud) Describe() collect.Description {
	return collect.Description{
		Kind: "gcp", Title: "Google Cloud audit logs", Version: 1, Log: true, Pace: cloudPace,
		Doc: "Reads the audit entries of a project, a folder or an organisation through Cloud Logging, every few minutes. Changes nothing.",
		Fields: []collect.Field{
			{Name: "resource", Title: "Resource", Hint: "projects/northwind-data, folders/123 or organizations/123", Required: true},
			keyField,
			{Name: "base_url", Title: "Address", Hint: "Of Cloud Logging", Address: true, Default: usualLogging},
			pull.FirstDays(cloudDays, 30),
		},
		Grants: []collect.Permission{{Name: "roles/logging.viewer", Why: "audit entries of administrators, of the system and of policies; for those of data access roles/logging.privateLogViewer", Resources: []string{pull.Resource}}},
		Steps: []string{
			"Make a service account for this purpose alone, and create a key for it as JSON.",
			"On the resource give it the role Logs Viewer (roles/logging.viewer), or Private Logs Viewer (roles/logging.privateLogViewer) if data access is read, and no other.",
		},
		Limits: []string{
			"Entries of data access are kept for 30 days unless a bucket says otherwise; those of administrators for 400.",
			"An organisation's own entries are not those of its projects: read each, or have a sink bring them to one project.",
			"What is read is what was received since the last run, so that late entries are not lost.",
			"Cloud Logging gives no count of entries, so completeness is asserted and not proven.",
		},
		Resources: []string{pull.Resource},
	}
}

// logging is one run over a resource.
type logging struct {
	http     *http.Client
	sink     collect.Sink
	tokens   pull.Tokens
	base     string
	resource string
}

func (c Cloud) start(e collect.Env, s collect.Sink) (*logging, error) {
	r := &logging{http: e.HTTP, sink: s}
	var err error
	if r.resource, err = pull.Need(e.Settings, "resource", "the resource"); err != nil {
		return nil, err
	}
	if !resourceForm.MatchString(r.resource) {
		return nil, errs.New(errs.Invalid, "%q is no resource", r.resource).At("resource").WithHint("Write it as projects/northwind-data, folders/123 or organizations/123.")
	}
	if r.base, err = pull.Address(e, "base_url", usualLogging); err != nil {
		return nil, err
	}
	a, err := newAccount(e, c.Now, loggingScope, "")
	if err != nil {
		return nil, err
	}
	r.tokens = pull.Tokens{Now: c.Now, Ask: a.ask}
	return r, nil
}

// Collect emits the entries, by the time at which they were received.
func (c Cloud) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := c.start(e, s)
	if err != nil {
		return err
	}
	if e.Since, err = pull.Since(e, cloudDays); err != nil {
		return err
	}
	s.Note(pull.Resource, "Cloud Logging gives no count of entries to compare the list with.")
	stream := &collect.LogStream{
		Name: r.resource, Source: "Cloud Logging of " + r.resource, Memory: cloudMemory, Late: 10 * time.Minute, Slice: 24 * time.Hour,
		Read: func(ctx context.Context, from, to time.Time, take collect.Take) error {
			return pull.Pages(func(token string) (string, error) {
				rows, next, err := r.page(ctx, from, to, 1000, token)
				if err != nil {
					return "", err
				}
				s.Page(pull.Resource, "entries.list")
				return next, pull.Give(s, from, rows, entryFact, func(f *collect.AuditEvent, _ time.Time) error { return take(f, received(f.Raw, to)) })
			})
		},
	}
	return collect.Halted(ctx, stream.Pull(ctx, e, s))
}

// filter asks for audit entries by receipt. Logging looks them up by their own time, so that is bounded too.
func filter(from, to time.Time) string {
	stamp := func(t time.Time) string { return `"` + t.UTC().Format(time.RFC3339) + `"` }
	return `logName:"cloudaudit.googleapis.com" AND timestamp >= ` + stamp(from.Add(-entryAge)) + ` AND timestamp < ` + stamp(to.Add(24*time.Hour)) +
		` AND receiveTimestamp >= ` + stamp(from) + ` AND receiveTimestamp < ` + stamp(to)
}

// page asks for one page of entries.
func (r *logging) page(ctx context.Context, from, to time.Time, size int, token string) (rows []pull.Record, next string, err error) {
	q := map[string]any{"resourceNames": []string{r.resource}, "filter": filter(from, to), "orderBy": "timestamp desc", "pageSize": size}
	if token != "" {
		q["pageToken"] = token
	}
	body, err := json.Marshal(q)
	if err != nil {
		return nil, "", errs.New(errs.Internal, "write the question")
	}
	ctx = httpx.Repeatable(ctx)
	a, err := r.tokens.Fetch(ctx, r.http, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+"/v2/entries:list", bytes.NewReader(body))
		if err == nil {
			req.Header.Set("Content-Type", "application/json")
		}
		return req, err
	})
	if err != nil {
		if httpx.StatusOf(err) == http.StatusForbidden {
			err = errs.Hinted(err, "give the service account the role roles/logging.viewer on %s, and enable the Cloud Logging API", r.resource)
		}
		return nil, "", err
	}
	var out struct {
		Entries []pull.Record `json:"entries"` // left out when there are none
		Next    string        `json:"nextPageToken"`
	}
	if err := a.Decode(&out); err != nil {
		return nil, "", err
	}
	return out.Entries, out.Next, nil
}

// Check asks for one entry.
func (c Cloud) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := c.start(e, nil)
	if err != nil {
		return nil, err
	}
	p := c.Describe().Grants
	_, _, err = r.page(ctx, e.Until.Add(-time.Hour), e.Until, 1, "")
	return p, pull.Verdict(&p[0], err)
}

// received is when an entry was received, by which it was asked for; where it does not say, it is remembered as long as any.
func received(raw string, to time.Time) time.Time {
	var e struct {
		Received time.Time `json:"receiveTimestamp"`
	}
	if json.Unmarshal([]byte(raw), &e) != nil || e.Received.IsZero() {
		return to.Add(-time.Microsecond)
	}
	return e.Received
}

// entryFact is an entry as a fact; nil where it cannot be read. Entries of one log and one time are told apart by insertId.
func entryFact(raw string) *collect.AuditEvent {
	var e struct {
		LogName   string    `json:"logName"`
		InsertID  string    `json:"insertId"`
		Timestamp time.Time `json:"timestamp"`
		Received  time.Time `json:"receiveTimestamp"`
		Payload   struct {
			Method   string `json:"methodName"`
			Resource string `json:"resourceName"`
			Auth     struct {
				Email   string `json:"principalEmail"`
				Subject string `json:"principalSubject"`
			} `json:"authenticationInfo"`
			Request struct {
				IP string `json:"callerIp"`
			} `json:"requestMetadata"`
			Status *struct {
				Code int64 `json:"code"`
			} `json:"status"`
		} `json:"protoPayload"`
		Of struct {
			Type string `json:"type"`
		} `json:"resource"`
	}
	if json.Unmarshal([]byte(raw), &e) != nil || e.InsertID == "" || e.Timestamp.IsZero() && e.Received.IsZero() || e.Payload.Method == "" {
		return nil
	}
	at := e.Timestamp
	if at.IsZero() {
		at = e.Received
	}
	f := &collect.AuditEvent{ID: e.LogName + "/" + at.UTC().Format(time.RFC3339Nano) + "/" + e.InsertID, OccurredAt: pull.Micros(at), Action: e.Payload.Method}
	f.Actor, f.ActorID = collect.NonZero(e.Payload.Auth.Email), collect.NonZero(e.Payload.Auth.Subject)
	f.TargetKind, f.Target, f.IP = collect.NonZero(e.Of.Type), collect.NonZero(e.Payload.Resource), collect.NonZero(e.Payload.Request.IP)
	f.Outcome = collect.Ptr("success")
	if e.Payload.Status != nil && e.Payload.Status.Code != 0 {
		f.Outcome = collect.Ptr("failure")
	}
	f.Raw = raw
	return f
}
