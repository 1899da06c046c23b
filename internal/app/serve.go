package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
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
		return errs.As(errs.Unavailable, err, "listen on %s", a.Config.Listen).(*errs.Error).WithHint("Is another server running there? Choose another address: --listen 127.0.0.1:0")
	}
	if a.Config.URL == "http://"+a.Config.Listen {
		a.Config.URL = "http://" + l.Addr().String()
	}
	if err := a.recover(ctx); err != nil {
		return errors.Join(err, l.Close())
	}
	handler, stop, err := a.handler(ctx)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelWarn)}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	go a.sealing(ctx)
	started(a.Config.URL)
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	quiet, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	return errors.Join(err, srv.Shutdown(quiet), stop(quiet))
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

func (a *App) handler(context.Context) (http.Handler, func(context.Context) error, error) {
	return http.NotFoundHandler(), func(context.Context) error { return nil }, nil
}
