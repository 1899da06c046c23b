package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/web/events"
)

// demoFaults is what the company's senders broke, with how long before the end of its life and for how many records. What was broken is
// sent again whole, as a sender does that notices; the broken records stay put aside until somebody looks at them.
var demoFaults = []struct {
	before time.Duration
	log    string
	fault  simco.Breakage
	most   int
}{
	{9*24*time.Hour + 10*time.Hour, "kubernetes.audit", simco.CutOff, 1},
	{5*24*time.Hour + 13*time.Hour, "okta.log", simco.Latin1, 2},
	{2*24*time.Hour + 9*time.Hour, "github.audit", simco.ErrorDoc, 1},
}

// fault sends what a broken sender makes of some records, over the wire like every sender. A fault waits for an hour in which its log has
// records.
func (e *demoEvents) fault(ctx context.Context, now time.Time, records []simco.Record) error {
	if e.broke == len(demoFaults) {
		return nil
	}
	f := demoFaults[e.broke]
	if now.Before(e.Config.Start.AddDate(0, 0, e.Config.Days).Add(-f.before)) {
		return nil
	}
	var broken []simco.Record
	for _, r := range records {
		if r.Log == f.log && len(broken) < f.most {
			broken = append(broken, simco.Break(r, f.fault))
		}
	}
	if len(broken) == 0 {
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errs.As(errs.Unavailable, err, "listen for the senders of the demo")
	}
	srv := &http.Server{Handler: &events.Handler{Intake: e.App.Intake, Clock: func() time.Time { return now }, Log: e.App.Log}, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	sender := simco.Sender{URL: "http://" + l.Addr().String() + events.Path, Tokens: e.tokens, Client: &http.Client{Transport: &http.Transport{}}}
	_, err = sender.Send(ctx, slices.Values(broken))
	sender.Client.CloseIdleConnections()
	err = errors.Join(err, srv.Shutdown(ctx))
	if end := <-done; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	e.broke++
	return errs.Wrap(err, "%s from a sender of %s", f.fault, f.log)
}
