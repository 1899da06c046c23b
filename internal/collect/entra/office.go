package entra

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Office reads the Microsoft 365 audit log through the Office 365 Management Activity API. Now gives the time by which tokens end.
type Office struct{ Now func() time.Time }

var _ collect.Connector = Office{}

const (
	usualManage  = "https://manage.office.com"
	usualContent = "Audit.Exchange, Audit.SharePoint, Audit.General"
	// feedMemory is how long content can be asked for, and feedSpan how much at once; both ends stay clear of the limits.
	// https://learn.microsoft.com/en-us/office/office-365-management-api/office-365-management-activity-api-reference
	feedMemory = 7*24*time.Hour - time.Hour
	feedSpan   = 12 * time.Hour
)

// contentTypes are those of the interface.
var contentTypes = []string{"Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"}

// Describe tells what the connector reads and needs.
func (Office) Describe() collect.Description {
	return collect.Description{
		Kind: "m365", Title: "Microsoft 365 audit log", Version: 1, Log: true,
		Doc: "Reads the audit log of Microsoft 365 through the Management Activity API, every few minutes. Starts the subscriptions to it that are not started, and changes nothing else.",
		Fields: []collect.Field{
			{Name: "tenant", Title: "Tenant", Hint: "The directory (tenant) ID", Required: true, Address: true},
			{Name: "client_id", Title: "Application", Hint: "The application (client) ID", Required: true},
			{Name: "client_secret", Title: "Client secret", Hint: "The secret's value, not its ID", Required: true, Secret: true},
			{Name: "content", Title: "Content", Hint: "Of " + strings.Join(contentTypes, ", ") + "; separated by commas", Default: usualContent},
			{Name: "login_url", Title: "Address of sign-in", Hint: "Another one for national clouds", Address: true, Default: usualLogin},
			{Name: "base_url", Title: "Address of the Management Activity API", Hint: "Another one for national clouds", Address: true, Default: usualManage},
			pull.FirstDays(1, 7),
		},
		Grants: []collect.Permission{{Name: "ActivityFeed.Read", Why: "the audit log of Microsoft 365", Resources: []string{pull.Resource}}},
		Steps: []string{
			"Turn auditing on in the Microsoft Purview portal, if it is not.",
			"In the Entra admin center open App registrations and register an application for this purpose alone, without a redirect address.",
			"Under API permissions add Office 365 Management APIs, application permissions, ActivityFeed.Read; remove User.Read; grant admin consent.",
			"Under Certificates & secrets make a client secret and copy its value. It ends on the day that is chosen there.",
		},
		Limits: []string{
			"Content can be read for 7 days; a subscription brings nothing of the time before it was started, and the first content comes up to 12 hours later.",
			"What happens is usually to be had within 90 minutes; Microsoft promises no time. What is read is what became available since the last run.",
			"Microsoft gives no count of records, so completeness is asserted and not proven.",
		},
		Resources: []string{pull.Resource},
	}
}

// feed is one run over the feed of a tenant.
type feed struct {
	run
	root    string
	content []string
}

var guidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (c Office) start(e collect.Env, s collect.Sink) (*feed, error) {
	base, err := pull.Address(e, "base_url", usualManage)
	if err != nil {
		return nil, err
	}
	r := &feed{}
	if err := r.signIn(e, s, c.Now, base); err != nil {
		return nil, err
	}
	if !guidForm.MatchString(r.tenant) {
		return nil, errs.New(errs.Invalid, "%q is no directory (tenant) ID", r.tenant).At("tenant").WithHint("This interface knows a tenant by its ID alone, not by a domain.")
	}
	r.root = base + "/api/v1.0/" + r.tenant + "/activity/feed"
	for _, x := range strings.FieldsFunc(pull.Setting(e, "content", usualContent), func(c rune) bool { return c == ',' || c == ' ' }) {
		if !slices.Contains(contentTypes, x) {
			return nil, errs.New(errs.Invalid, "%q is no content", x).At("content").WithHint("Write some of %s.", strings.Join(contentTypes, ", "))
		}
		r.content = append(r.content, x)
	}
	return r, nil
}

// Collect emits what became available of each type of content.
func (c Office) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := c.start(e, s)
	if err != nil {
		return err
	}
	if e.Since, err = pull.Since(e, 1); err != nil {
		return err
	}
	s.Note(pull.Resource, "Microsoft gives no count of records to compare the list with.")
	on, err := r.subscriptions(ctx)
	if err != nil {
		return collect.Halted(ctx, collect.Report(ctx, s, pull.Resource, err))
	}
	for _, content := range r.content {
		if !on[content] {
			if err := r.subscribe(ctx, content); err != nil {
				if err := collect.Report(ctx, s, pull.Resource, err); err != nil {
					return collect.Halted(ctx, err)
				}
				continue
			}
			s.Note(pull.Resource, "The subscription to "+content+" was started; nothing of the time before can be read.")
		}
		stream := &collect.LogStream{
			Name: r.tenant + "/" + content, Source: content + " of Microsoft 365", Memory: feedMemory, Late: 30 * time.Minute, Deep: 12 * time.Hour, DeepEvery: 6 * time.Hour, Slice: feedSpan,
			Read: func(ctx context.Context, from, to time.Time, take collect.Take) error {
				return r.read(ctx, content, from, to, take)
			},
		}
		if err := stream.Pull(ctx, e, s); err != nil {
			return collect.Halted(ctx, err)
		}
	}
	return nil
}

// blob is a batch of records that became available together.
type blob struct {
	URI     string    `json:"contentUri"`
	Created time.Time `json:"contentCreated"`
}

// read reads what became available from an instant up to another.
func (r *feed) read(ctx context.Context, content string, from, to time.Time, take collect.Take) error {
	const layout = "2006-01-02T15:04:05"
	first := r.root + "/subscriptions/content?" + url.Values{"contentType": {content}, "startTime": {from.UTC().Format(layout)}, "endTime": {to.UTC().Format(layout)}}.Encode()
	return pull.Pages(func(link string) (string, error) {
		if link == "" {
			link = first
		}
		a, err := r.get(ctx, http.MethodGet, link)
		if err != nil {
			return "", err
		}
		r.sink.Page(pull.Resource, "GET /subscriptions/content")
		blobs, err := httpx.Rows[blob](a)
		if err != nil {
			return "", err
		}
		for _, b := range blobs {
			if err := r.open(ctx, b.Value, from, take); err != nil {
				return "", err
			}
		}
		return a.Header.Get("NextPageUri"), nil
	})
}

// open reads a batch of records.
func (r *feed) open(ctx context.Context, b blob, from time.Time, take collect.Take) error {
	if b.URI == "" || b.Created.IsZero() {
		return errs.New(errs.Invalid, "content comes without its address or time").WithHint("Check the address: something else may have answered.")
	}
	a, err := r.get(ctx, http.MethodGet, b.URI)
	if err != nil {
		return err
	}
	r.sink.Page(pull.Resource, "GET /audit/{contentId}")
	rows, err := httpx.Rows[json.RawMessage](a)
	if err != nil {
		return err
	}
	return pull.Give(r.sink, from, rows, officeFact, func(f *collect.AuditEvent, _ time.Time) error { return take(f, b.Created) })
}

// subscriptions are the types of content that are subscribed to.
func (r *feed) subscriptions(ctx context.Context) (map[string]bool, error) {
	a, err := r.get(ctx, http.MethodGet, r.root+"/subscriptions/list")
	if err != nil {
		return nil, err
	}
	rows, err := httpx.Rows[struct {
		Content string `json:"contentType"`
		Status  string `json:"status"`
	}](a)
	on := map[string]bool{}
	for _, x := range rows {
		on[x.Value.Content] = x.Value.Status == "enabled"
	}
	return on, err
}

// subscribe starts a subscription; one that is started already stays as it is.
func (r *feed) subscribe(ctx context.Context, content string) error {
	_, err := r.get(httpx.Repeatable(ctx), http.MethodPost, r.root+"/subscriptions/start?contentType="+content)
	return errs.Wrap(err, "start the subscription to %s", content)
}

// get sends a request to the interface and nowhere else, wherever a link leads.
func (r *feed) get(ctx context.Context, method, link string) (*httpx.Answer, error) {
	to, err := url.Parse(link)
	root, err2 := url.Parse(r.root)
	if err != nil || err2 != nil || to.Scheme != root.Scheme || to.Host != root.Host || to.User != nil {
		return nil, errs.New(errs.Denied, "a link leads to another host").WithHint("Set the address of the Management Activity API to the one that is used in its links.")
	}
	a, err := r.tokens.Fetch(ctx, r.http, func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, method, to.String(), nil)
	})
	if s := httpx.StatusOf(err); s == http.StatusForbidden || s == http.StatusUnauthorized {
		err = errs.Hinted(err, "give the application the permission ActivityFeed.Read of the Office 365 Management APIs, grant admin consent, and turn auditing on")
	}
	return a, err
}

// Check asks for the subscriptions.
func (c Office) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := c.start(e, nil)
	if err != nil {
		return nil, err
	}
	p := c.Describe().Grants
	_, err = r.subscriptions(ctx)
	return p, pull.Verdict(&p[0], err)
}

// officeFact is a record as a fact; nil where it cannot be read. Times are UTC and do not say so.
func officeFact(raw string) *collect.AuditEvent {
	var e struct {
		ID           string `json:"Id"`
		CreationTime string `json:"CreationTime"`
		Operation    string `json:"Operation"`
		Workload     string `json:"Workload"`
		UserID       string `json:"UserId"`
		UserKey      string `json:"UserKey"`
		ClientIP     string `json:"ClientIP"`
		ObjectID     string `json:"ObjectId"`
		ResultStatus string `json:"ResultStatus"`
	}
	if json.Unmarshal([]byte(raw), &e) != nil || e.ID == "" || e.Operation == "" {
		return nil
	}
	at, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(e.CreationTime, "Z"))
	if err != nil {
		return nil
	}
	f := &collect.AuditEvent{ID: e.ID, OccurredAt: pull.Micros(at), Action: e.Operation, Actor: collect.NonZero(e.UserID), ActorID: collect.NonZero(e.UserKey), IP: collect.NonZero(e.ClientIP)}
	f.TargetKind, f.Target, f.Outcome = collect.NonZero(e.Workload), collect.NonZero(e.ObjectID), collect.NonZero(e.ResultStatus)
	f.Raw = raw
	return f
}
