// Package web is the door for browsers: it joins the route tables of the packages of pages, and stands before each handler
// with the checks that no handler may forget.
package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/framework"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/training"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/account"
	"github.com/tickmark/tickmark/internal/web/events"
	webfieldwork "github.com/tickmark/tickmark/internal/web/fieldwork"
	"github.com/tickmark/tickmark/internal/web/issuing"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/web/records"
	"github.com/tickmark/tickmark/internal/web/settings"
	vendorpages "github.com/tickmark/tickmark/internal/web/vendors"
	"github.com/tickmark/tickmark/internal/work"
)

// Services is what the pages stand on.
type Services struct {
	Access     *access.Service
	View       *view.Reader
	Ledger     *ledger.Service
	Evidence   *evidence.Service
	Collect    *collect.Service
	Evaluate   *evaluate.Service
	Controls   *control.Service
	System     *org.Service
	Engagement *engagement.Service
	Letters    *letter.Service
	// Applicability answers which report is needed.
	Applicability *applicability.Service
	Matrix        *matrix.Service
	Frameworks    *framework.Service // that the organisation brought along
	Work          *work.Service
	Reviews       *review.Service // of who may use what
	Fieldwork     *fieldwork.Service
	Issue         *issue.Service // of reports
	Packs         webfieldwork.Packs
	Cases         page.Cases
	Seals         issuing.Seals
	Customs       func(ctx context.Context, s access.ReadScope) ([]settings.Custom, error)
	Occurrences   *occurrence.Service
	Risks         *risk.Service
	Changes       *change.Service
	Authority     *authority.Service // what allows the changes that events tell of
	Detect        *detect.Service    // rules and baselines
	Alerts        *alert.Service
	Incidents     *incident.Service
	// Event reads an event of a system that is watched; nil while none can be read.
	Event func(ctx context.Context, s access.ReadScope, id string) (event.Event, error)
	// FindEvents lists those that pass a filter; nil while none can be read.
	FindEvents func(ctx context.Context, s access.ReadScope, f event.Filter) (events []event.Event, next string, err error)
	// PrintCase makes the case file of an incident as PDF.
	PrintCase func(ctx context.Context, s access.ReadScope, c incident.CaseFile) ([]byte, error)
	// QueryEvents asks them in SQL; FileHunt keeps what was found as evidence.
	QueryEvents func(ctx context.Context, s access.ReadScope, q event.Query) (event.Table, error)
	FileHunt    func(ctx context.Context, s access.Scope, now time.Time, title, shows string, from, to time.Time, body []byte) (string, error)
	// ProveEvent makes the file that proves an event, nil while none can be read; FileEvent keeps one as evidence.
	ProveEvent func(ctx context.Context, s access.ReadScope, id string) ([]byte, error)
	FileEvent  func(ctx context.Context, s access.Scope, now time.Time, title, shows, id string) (string, error)
	// EraseEvent erases the content of an event; nil while none can be read.
	EraseEvent func(ctx context.Context, s access.Scope, now time.Time, id, reason string) (event.Erasure, error)
	Feeds      records.Feeds
	Requests   *request.Service // of the auditor
	// AroundRisks adds to risks what the rest of the program knows about them at an instant.
	AroundRisks   func(at time.Time) risk.Around
	People        *people.Service
	Campaigns     *campaign.Service
	Policies      *policy.Service
	Training      *training.Service
	Vendors       *vendors.Service
	AroundVendors vendorpages.Around // what other rooms know that their pages show
	// RefreshPeople brings the directory up to the newest snapshots.
	RefreshPeople func(ctx context.Context, scope access.Scope, now time.Time) (people.Outcome, error)
	Intake        *event.Intake // of events; nil where none are taken
	Sources       *event.Sources
	Address       string // where programs reach the server; New sets it
	Imports       *intake.Service
	// Import tries or applies an import; it returns a job when that goes on in the background.
	Import func(ctx context.Context, scope access.Scope, now time.Time, ref string, apply, leave bool) (intake.Import, string, error)
	// Duties lists everything that waits for the reader, of every room.
	Duties     func(ctx context.Context, s access.ReadScope, now time.Time) ([]work.Duty, error)
	Notify     *notify.Service
	Files      records.Files // rows of fact files
	Background page.Background
	// Seen is what the rooms show about the questions of guided programmes, by name.
	Seen func(ctx context.Context, s access.ReadScope, now time.Time) (map[string]work.Seen, error)
	// SetUp fills the first organisation; SetupCode opens the first run, and is empty once there is an organisation.
	SetUp     func(ctx context.Context, scope access.Scope, now time.Time, f account.Founding) error
	SetupCode string
	// Content reads the content of a piece of evidence, checked against the hash it was sealed with.
	Content func(evidence.Item) ([]byte, error)
}

// Options is how the program is reached and runs.
type Options struct {
	URL     string // where browsers reach the program; with https cookies are bound to it
	Key     []byte // 32 bytes for tokens of forms, kept over restarts; random when empty
	Clock   func() time.Time
	Log     *slog.Logger
	Dev     bool           // serve /dev/components too
	Proxies []netip.Prefix // proxies whose X-Forwarded-For is believed
	Timeout time.Duration  // of a request; 0 for DefaultTimeout
}

// DefaultTimeout bounds the work on one request.
const DefaultTimeout = 30 * time.Second

// keyLength is that of Options.Key, in bytes.
const keyLength = 32

// New makes the handler of all pages.
func New(s Services, o Options) (http.Handler, error) {
	s.Address = o.URL
	return build(Routes(s, o.Dev), s, o)
}

// build makes the handler of a route table.
func build(routes []page.Route, s Services, o Options) (*door, error) {
	if o.Clock == nil || o.Log == nil || s.Access == nil {
		return nil, errs.New(errs.Internal, "web needs a clock, a log and the access service")
	}
	if len(o.Key) == 0 {
		o.Key = make([]byte, keyLength)
		_, _ = rand.Read(o.Key)
	}
	if len(o.Key) < keyLength {
		return nil, errs.New(errs.Internal, "the key of forms has %d bytes, at least %d are needed", len(o.Key), keyLength)
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, errs.As(errs.Invalid, err, "address of the program %q", o.URL)
	}
	secure := u.Scheme == "https"
	site, err := page.NewSite(page.Options{Key: o.Key, Secure: secure, Dev: o.Dev, Log: o.Log, Routes: routes})
	if err != nil {
		return nil, err
	}
	d := &door{site: site, access: s.Access, opts: o, secure: secure, mux: http.NewServeMux(), jobs: s.Background, cross: http.NewCrossOriginProtection()}
	if u.Host != "" {
		// Behind a proxy that changes the Host header the browser's Origin is still the public address.
		if err := d.cross.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, errs.As(errs.Invalid, err, "address of the program %q", o.URL)
		}
	}
	for _, r := range routes {
		if err := d.add(r); err != nil {
			return nil, err
		}
	}
	d.mux.HandleFunc("GET "+page.AssetPath, site.ServeAssets)
	if s.Intake != nil {
		h := &events.Handler{Intake: s.Intake, Clock: o.Clock, Log: o.Log}
		d.mux.Handle("POST "+events.Path, h)
		for _, p := range events.LogsPaths {
			d.mux.HandleFunc("POST "+p, h.ServeLogs)
		}
	}
	return d, nil
}
