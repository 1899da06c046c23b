package app

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web"
)

// Limits of the server against slow and greedy clients.
const (
	headerTimeout   = 10 * time.Second
	idleTimeout     = 2 * time.Minute
	maxHeader       = 64 << 10
	shutdownTimeout = 20 * time.Second
	sealEvery       = 10 * time.Second
)

// Serve runs every role of the program until ctx ends: pages, scheduler, background work and the sealing of the ledger.
// started is told the address once it can be reached.
func (a *App) Serve(ctx context.Context, started func(address string)) error {
	l, err := net.Listen("tcp", a.Config.Listen)
	if err != nil {
		return errs.Hinted(errs.As(errs.Unavailable, err, "listen on %s", a.Config.Listen), "Is another server running there? Choose another address: --listen 127.0.0.1:0")
	}
	if a.Config.URL == "http://"+a.Config.Listen {
		a.Config.URL = "http://" + l.Addr().String()
	}
	if err := errors.Join(a.recover(ctx), a.prepareFirstRun(ctx)); err != nil {
		return errors.Join(err, l.Close())
	}
	usual, err := time.ParseDuration(a.Config.Every)
	if err != nil || usual < 0 {
		return errors.Join(errs.New(errs.Invalid, "every: %q is not a length such as 24h", a.Config.Every), l.Close())
	}
	if err := a.OpenJobs(ctx); err != nil {
		return errors.Join(err, l.Close())
	}
	if err := a.OpenEvents(ctx); err != nil {
		return errors.Join(err, l.Close())
	}
	ways, err := a.openWays(ctx)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	handler, err := a.handler()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if err := a.Jobs.Start(ctx); err != nil {
		return errors.Join(err, l.Close())
	}
	if err := a.resumeAll(ctx); err != nil {
		a.Log.Error("issued reports that wait for their bundle could not be taken up", "error", err)
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelWarn)}
	srv.RegisterOnShutdown(a.Jobs.CloseWatchers) // pages that follow jobs live would keep the server open
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	go a.sealing(ctx)
	go a.filing(ctx)
	go a.compacting(ctx)
	go a.detection(ctx)
	waysEnded := make(chan struct{})
	go func() { defer close(waysEnded); ways(ctx) }()
	go a.notices(ctx)
	if usual > 0 {
		go a.schedule(ctx, usual)
	}
	go a.warm(ctx)
	started(a.Config.URL)
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop() // also where the server failed
	quiet, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err = errors.Join(err, srv.Shutdown(quiet), a.Jobs.Stop(quiet))
	<-waysEnded // before the intake log is closed
	return err
}

// recover finishes or undoes what an earlier process left in the middle, for each organisation.
func (a *App) recover(ctx context.Context) error {
	orgs, err := a.Access.Orgs(ctx)
	if err != nil {
		return err
	}
	for _, o := range orgs {
		if err := a.Collect.Recover(ctx, a.Access.System(o.ID, "recovery"), a.Clock()); err != nil {
			return errs.Wrap(err, "recover %s", o.Slug)
		}
		if o.Kind == access.Firm {
			continue // it has no records of a programme
		}
		scope, err := a.Access.Operator(ctx, o.ID, "start")
		if err != nil {
			return err
		}
		if _, err := a.EnsureOwn(ctx, scope, a.Clock()); err != nil { // organisations of before this connection existed
			return errs.Wrap(err, "own records of %s", o.Slug)
		}
	}
	return nil
}

// sealing puts new ledger entries into the log while the server runs.
func (a *App) sealing(ctx context.Context) {
	t := time.NewTicker(sealEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if _, err := a.Ledger.Seal(ctx, a.Clock()); err != nil && ctx.Err() == nil {
				a.Log.Error("the ledger could not be sealed", "error", err)
			}
		}
	}
}

// warm reads what the first page of each organisation would read first, while nobody waits.
func (a *App) warm(ctx context.Context) {
	orgs, err := a.Access.Orgs(ctx)
	for _, o := range orgs {
		if err == nil {
			err = a.pages.Warm(ctx, a.Access.System(o.ID, "warm").ReadScope)
		}
	}
	if err != nil && ctx.Err() == nil {
		a.Log.Warn("the pages were not made warm", "error", err)
	}
}

// handler makes the handler of all pages.
func (a *App) handler() (http.Handler, error) {
	key, err := a.formKey()
	if err != nil {
		return nil, err
	}
	proxies, err := a.Config.proxies()
	if err != nil {
		return nil, err
	}
	return web.New(a.Pages(), web.Options{URL: a.Config.URL, Key: key, Clock: func() time.Time { return a.Clock() }, Log: a.Log, Dev: a.Config.Dev == "yes", Proxies: proxies})
}

// Pages is what the pages stand on.
func (a *App) Pages() web.Services {
	if a.pages == nil {
		a.pages = view.New(a.DB, a.Catalog)
	}
	return web.Services{
		Access: a.Access, View: a.pages, Ledger: a.Ledger, Evidence: a.Evidence, Collect: a.Collect, Evaluate: a.Evaluate,
		Controls: a.Controls, System: a.System, Engagement: a.Engagement, Letters: a.Letters, Applicability: a.Applicability, Matrix: a.Matrix, Frameworks: a.Frameworks, Files: a.Lake, Content: a.Content,
		Policies: a.Policies, People: a.People, RefreshPeople: a.RefreshPeople, Campaigns: a.Campaigns, Training: a.Training,
		Vendors: a.Vendors, AroundVendors: aroundVendors{a},
		Work: a.Work, Reviews: a.Reviews, Notify: a.Notify, Occurrences: a.Occurrences, Duties: a.Duties, Seen: a.Seen, Imports: a.Imports, Import: a.ImportNow,
		Fieldwork: a.Fieldwork, Packs: queued{a}, Cases: a.Cases(), Seals: queued{a}, Customs: a.customs, Issue: a.Issue, Intake: a.Intake, Sources: a.Sources, Event: a.eventReader(), FindEvents: a.eventFinder(), QueryEvents: a.eventQuery(), FileHunt: a.fileHunt, ProveEvent: a.proveEvent(), FileEvent: a.fileEvent, EraseEvent: a.eraseEvent(), Feeds: eventFeeds{a}, PrintCase: a.PrintCase,
		Alerts: a.Alerts, Incidents: a.Incidents, Risks: a.Risks, Changes: a.Changes, Authority: a.Authority, Detect: a.Detect, Requests: a.Requests, AroundRisks: a.AroundRisks,
		Background: a.Background(), SetUp: a.found, SetupCode: a.setupCode,
	}
}

const formKeyLength = 32

// formKey is the key of forms' tokens, kept so that a form opened before a restart can still be sent after it.
func (a *App) formKey() ([]byte, error) {
	file, purpose := filepath.Join(a.Config.Data, "form-key.sealed"), "form key"
	sealed, err := os.ReadFile(file)
	if err == nil {
		return a.Box.Open(strings.TrimSpace(string(sealed)), purpose)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, errs.As(errs.Unavailable, err, "key of forms")
	}
	key := make([]byte, formKeyLength)
	_, _ = rand.Read(key) // never fails
	text, err := a.Box.Seal(key, purpose)
	if err != nil {
		return nil, err
	}
	return key, errs.As(errs.Unavailable, os.WriteFile(file, []byte(text+"\n"), 0o600), "key of forms")
}
