// Package app is where everything meets: it reads the configuration, opens the engines, hands each domain its store, and
// starts and stops what runs.
package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesssql"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/applicability/applicabilitysql"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/aws"
	"github.com/tickmark/tickmark/internal/collect/bamboohr"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/collect/entra"
	"github.com/tickmark/tickmark/internal/collect/file"
	"github.com/tickmark/tickmark/internal/collect/git"
	"github.com/tickmark/tickmark/internal/collect/github"
	"github.com/tickmark/tickmark/internal/collect/gitlab"
	"github.com/tickmark/tickmark/internal/collect/google"
	"github.com/tickmark/tickmark/internal/collect/host"
	"github.com/tickmark/tickmark/internal/collect/okta"
	"github.com/tickmark/tickmark/internal/collect/terraform"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/engagement/engagementsql"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evaluate/evaluatesql"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/framework"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/ledger/ledgersql"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/matrix"
	"github.com/tickmark/tickmark/internal/matrix/matrixsql"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/org/orgsql"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/blob"
	"github.com/tickmark/tickmark/internal/platform/eventlog"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/platform/jobs"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/platform/secret"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/tilelog"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/training"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/work"
	"github.com/tickmark/tickmark/internal/work/worksql"
	"github.com/tickmark/tickmark/migrations"
)

// Version is the program's version. Releases set it when they are linked.
var Version = "0.1.0-dev"

// App is an open installation.
type App struct {
	Config Config
	Log    *slog.Logger
	// Clock gives the time. It is the real one, except while the demo lives through its simulated year.
	Clock func() time.Time

	DB       *sqldb.DB
	Box      *secret.Box
	Lake     lake.Dir
	Blobs    evidencesql.Blobs
	Catalog  *catalog.Catalog
	Access   *access.Service
	Ledger   *ledger.Service
	Evidence *evidence.Service
	fed      sync.Map // the newest run of a connection that its source has, by fedRun

	Collect    *collect.Service
	Evaluate   *evaluate.Service
	Controls   *control.Service
	System     *org.Service
	Engagement *engagement.Service
	Letters    *letter.Service
	Work       *work.Service
	Reviews    *review.Service    // of who may use what
	Fieldwork  *fieldwork.Service // the auditor's
	Issue      *issue.Service     // of reports, and who has them
	Policies   *policy.Service
	Vendors    *vendors.Service
	People     *people.Service
	// Occurrences is the calendar of controls that people perform.
	Occurrences *occurrence.Service
	Imports     *intake.Service
	Risks       *risk.Service
	Changes     *change.Service
	Authority   *authority.Service // what allows changes and grants that events tell of
	Detect      *detect.Service    // rules, their filters and back-tests, and how baselines are set
	Requests    *request.Service   // of the auditor
	Campaigns   *campaign.Service
	Training    *training.Service
	// Applicability answers which report is needed.
	Applicability *applicability.Service
	Matrix        *matrix.Service
	Frameworks    *framework.Service // that the organisation brought along
	Notify        *notify.Service
	Alerts        *alert.Service
	Incidents     *incident.Service
	Jobs          *jobs.Queue // nil before Serve: commands do their work themselves

	// Sources is what may send events. Intake, Events, EventSealer and EventCompactor take, read and file them, and put small files
	// together; nil before OpenEvents.
	Sources        *event.Sources
	Intake         *event.Intake
	Events         event.Lake
	EventProofs    *event.Proofs // of single events
	EventEraser    *event.Eraser
	EventSealer    *event.Sealer
	EventCompactor *event.Compactor

	intakeLog *eventlog.Log
	sandbox   *lake.Engine
	stations  *stations    // what watches events; nil before OpenEvents
	pages     *view.Reader // what pages read; nil before there are pages
	setupCode string       // of the first run, while there is no organisation
}

// evaluateParallel is how many jobs of tests run at once, each in a child process of its own.
const evaluateParallel = 2

// Open opens an installation, bringing its database up to date. The caller must Close it.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (a *App, err error) {
	a = &App{Config: cfg, Log: log, Clock: time.Now}
	opened := a // a is nil once an error is returned
	defer func() {
		if err != nil {
			_ = opened.Close(context.WithoutCancel(ctx))
		}
	}()
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, errs.Hinted(errs.As(errs.Unavailable, err, "data folder %s", cfg.Data), "Choose another with --data, or make it writable.")
	}
	if a.DB, err = sqldb.Open(ctx, cfg.Database); err != nil {
		return nil, err
	}
	if err := a.DB.Migrate(ctx, migrations.Files, a.Clock()); err != nil {
		return nil, err
	}
	if a.Box, err = secret.Open(filepath.Join(cfg.Data, "key.json")); err != nil {
		return nil, err
	}
	if a.Catalog, err = catalog.Load(); err != nil {
		return nil, err
	}
	a.Lake = lake.Dir{Root: filepath.Join(cfg.Data, "lake")}
	if err := a.Lake.Sweep(); err != nil {
		return nil, errs.As(errs.Unavailable, err, "tidy the lake")
	}
	a.Blobs = evidencesql.Blobs{Dir: blob.Dir{Root: filepath.Join(cfg.Data, "documents")}}
	if err := a.openLedger(); err != nil {
		return nil, err
	}
	a.wire()
	return a, nil
}

// wire hands each domain its store and its neighbours.
func (a *App) wire() {
	ledgerStore := a.Ledger.Store
	accessStore := &accesssql.Store{DB: a.DB}
	a.Access = &access.Service{Store: accessStore, Credentials: accessStore, Tx: a.DB, Recorder: ledgerStore, Sealer: a.Box, Desk: accessStore, Audits: accessStore}
	evidenceStore := &evidencesql.Store{DB: a.DB, Ledger: ledgerStore}
	a.Evidence = &evidence.Service{Store: evidenceStore, Plans: evidenceStore, Blobs: a.Blobs, Max: a.Config.uploadLimit()}
	a.Collect = &collect.Service{
		Connectors: a.connectors(), Store: &collectsql.Store{DB: a.DB}, Files: collectsql.Files{Lake: a.Lake}, Evidence: evidenceStore, Blobs: a.Blobs,
		Sealer: a.Box, Ledger: ledgerStore, Tx: a.DB, HTTP: a.client, Alive: alive, Owner: thisProcess(), Build: Version, Log: a.Log,
	}
	a.sandbox = &lake.Engine{Workers: evaluateParallel}
	engine := &evaluatesql.Engine{Lake: a.Lake, Sandbox: a.sandbox}
	evaluateStore := &evaluatesql.Store{DB: a.DB, Ledger: ledgerStore}
	a.Evaluate = &evaluate.Service{Store: evaluateStore, Exceptions: evaluateStore, Drafts: evaluateStore, Evidence: evidenceStore, Engine: engine, Files: engine, Tx: a.DB, Ledger: ledgerStore, Parallel: evaluateParallel}
	controlStore := &controlsql.Store{DB: a.DB}
	a.Controls = &control.Service{Store: controlStore, Complements: controlStore, Catalog: a.Catalog, People: a.Access, Tx: a.DB, Ledger: ledgerStore}
	a.wirePeople()
	a.Work = &work.Service{Store: &worksql.Store{DB: a.DB}, Catalog: a.Catalog, People: a.Access, Tx: a.DB, Ledger: ledgerStore}
	a.Applicability = &applicability.Service{Store: &applicabilitysql.Store{DB: a.DB}, Tx: a.DB, Ledger: ledgerStore}
	a.Matrix = &matrix.Service{Store: &matrixsql.Store{DB: a.DB}, Blobs: a.Blobs, Tx: a.DB, Ledger: ledgerStore}
	a.System = &org.Service{Store: &orgsql.Store{DB: a.DB}, Catalog: a.Catalog, Tx: a.DB, Ledger: ledgerStore}
	engagementStore := &engagementsql.Store{DB: a.DB, Ledger: ledgerStore}
	a.Engagement = &engagement.Service{
		Store: engagementStore, Life: engagementStore, Catalog: a.Catalog, Controls: a.Controls, System: a.System, Evaluate: a.Evaluate,
		Evidence: evidenceStore, Blobs: a.Blobs, Files: a.Lake, Ledger: a.Ledger, Access: a.Access, Tx: a.DB, Render: render,
	}
	a.wireFrameworks() // after controls and engagements
	a.wireLetters()
	a.wirePolicies()
	a.wireCampaigns() // after the people
	a.wireVendors()
	a.wireOccurrences()
	a.wireRisks() // after the people
	a.wireAuthority()
	a.wireDetect()
	a.wireReviews()   // after the people
	a.wireRequests()  // after engagements, policies and evidence
	a.wireFieldwork() // after what auditors look at
	a.wireIssue()     // after the auditor's work
	a.wireAlerts()    // after people and evidence
	a.wireImports()   // after what it imports into
	a.wireNotices()
	a.wireEvents()
}

func (a *App) connectors() map[string]collect.Connector {
	out := map[string]collect.Connector{}
	now := func() time.Time { return a.Clock() } // the clock may be set later
	for _, c := range []collect.Connector{github.Connector{Now: now}, okta.Connector{}, bamboohr.Connector{}, git.Connector{}, host.Connector{}, file.Connector{}, a.ownRecords(),
		aws.Connector{Now: now}, entra.Connector{Now: now}, entra.Office{Now: now}, google.Workspace{Now: now}, google.Cloud{Now: now}, gitlab.Connector{}, terraform.Connector{}} {
		out[c.Describe().Kind] = c
	}
	return out
}

// originPrefix stands before the random part of a log's name when the operator gives none.
const originPrefix = "tickmark.example/ledger/"

// openLedger opens the transparency log with the installation's key, making both at first.
func (a *App) openLedger() error {
	dir := filepath.Join(a.Config.Data, "ledger")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return errs.As(errs.Unavailable, err, "folder of the ledger")
	}
	store := &ledgersql.Store{DB: a.DB}
	keyFile := filepath.Join(dir, "signing-key.sealed")
	sealed, err := os.ReadFile(keyFile)
	if errors.Is(err, os.ErrNotExist) {
		sealed, err = a.newLedgerKey(keyFile)
	}
	if err != nil {
		return errs.As(errs.Unavailable, err, "signing key of the ledger")
	}
	plain, err := a.Box.Open(strings.TrimSpace(string(sealed)), "ledger signing key")
	if err != nil {
		return errs.Wrap(err, "signing key of the ledger")
	}
	signer, verifier, ok := strings.Cut(string(plain), "\n")
	if !ok {
		return errs.New(errs.Internal, "the signing key of the ledger is damaged")
	}
	tiles, err := tilelog.Open(filepath.Join(dir, "log"), signer, verifier, store.Guard)
	if err != nil {
		return err
	}
	a.Ledger = &ledger.Service{Store: store, Sealing: store, Log: tiles, Tx: a.DB, Kept: engagement.Kept}
	// The verifier key is public: anybody who checks a bundle may have it from here.
	pub := filepath.Join(dir, "verifier-key.txt")
	if _, err := os.Stat(pub); errors.Is(err, os.ErrNotExist) {
		return os.WriteFile(pub, []byte(verifier+"\n"), 0o644) //nolint:gosec // public by purpose
	}
	return nil
}

func (a *App) newLedgerKey(file string) ([]byte, error) {
	origin := a.Config.Origin
	if origin == "" {
		random := make([]byte, 4)
		_, _ = rand.Read(random)
		origin = originPrefix + hex.EncodeToString(random)
	}
	signer, verifier, err := tilelog.NewKey(origin, rand.Reader)
	if err != nil {
		return nil, err
	}
	sealed, err := a.Box.Seal([]byte(signer+"\n"+verifier), "ledger signing key")
	if err != nil {
		return nil, err
	}
	// Written beside the target and linked there: of two processes that start at once both read the key of one, and one
	// that is killed leaves a whole key or none.
	tmp, err := os.CreateTemp(filepath.Dir(file), ".signing-key-*") // with mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // linked by then, or of no use
	_, err = tmp.WriteString(sealed + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), file); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.ReadFile(file)
}

// client makes the HTTP client of one run.
func (a *App) client(c collect.Connection) (*http.Client, func() (int64, int64)) {
	stats := &httpx.Stats{}
	var pace time.Duration
	if x, ok := a.Collect.Connectors[c.Kind]; ok {
		pace = x.Describe().Pace
	}
	client := httpx.New(httpx.Options{Stats: stats, Every: pace, AllowPrivate: splitList(a.Config.AllowPrivate), Log: a.Log.With("connection", c.Name), UserAgent: "tickmark/" + Version})
	return client, func() (int64, int64) {
		client.CloseIdleConnections()
		n := stats.Counts()
		return n.Requests, n.Retries
	}
}

func splitList(s string) []string {
	var out []string
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// Close stops what runs and closes the engines.
func (a *App) Close(context.Context) error {
	all := []error{a.closeEvents()}
	if a.sandbox != nil {
		a.sandbox.Close()
	}
	if a.DB != nil {
		all = append(all, a.DB.Close())
	}
	return errors.Join(all...)
}

// thisProcess names the process as the owner of runs: host, process number, and when it began, so that a number that is
// used again is not mistaken for it.
func thisProcess() string {
	hostname, err := os.Hostname()
	if err != nil {
		hostname = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", hostname, os.Getpid(), startOf(os.Getpid()))
}

// startOf reads when a process began, from field 22 of /proc/<pid>/stat; empty where that does not exist.
func startOf(pid int) string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, ok := strings.Cut(string(raw), ") ")
	if fields := strings.Fields(rest); ok && len(fields) > 19 {
		return fields[19]
	}
	return ""
}

// alive reports whether the process that owns a run still runs. A process on another machine counts as alive: only that
// machine can tell.
func alive(owner string) bool {
	parts := strings.Split(owner, "/")
	hostname, err := os.Hostname()
	if len(parts) != 3 || err != nil || parts[0] != hostname {
		return true
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	return parts[2] == "" || startOf(pid) == parts[2]
}
