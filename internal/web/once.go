package web

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Times of forms that are sent twice.
const (
	onceWait  = 8 * time.Second // for the first one to end
	oncePoll  = 60 * time.Millisecond
	onceSweep = time.Hour
)

// onceLength bounds the one-time value of a form, in bytes.
const onceLength = 64

// handleOnce calls the handler of a form, once for each one-time value: a second sending is answered as the first one was.
// What was not accepted may be sent again.
func (d *door) handleOnce(r *page.Request, route page.Route) error {
	value := r.HTTP.PostFormValue("once")
	if value == "" || len(value) > onceLength || d.access.Desk == nil {
		return route.Handle(r)
	}
	token := value + " " + r.HTTP.URL.Path // a form with two buttons does two things
	d.sweepOnce(r)
	claimed, sent, err := d.claim(r, token)
	if err != nil {
		return err
	}
	if !claimed {
		r.Repeat(page.Result{Path: sent.Path, Flash: sent.Flash})
		return nil
	}
	defer func() { // a handler that panics has not done its work either
		x := r.Result()
		if err := d.access.SettleOnce(context.WithoutCancel(r.Context()), r.Grant, token, access.Sent{Path: x.Path, Flash: x.Flash}); err != nil {
			d.opts.Log.Error("the one-time value of a form was not kept", "request", r.Ref, "error", err)
		}
	}()
	return route.Handle(r)
}

// claim takes the value, or waits for what whoever took it before came to.
func (d *door) claim(r *page.Request, token string) (bool, access.Sent, error) {
	end := time.Now().Add(onceWait)
	for {
		ok, err := d.access.ClaimOnce(r.Context(), r.Grant, r.Now, token)
		if err != nil || ok {
			return ok, access.Sent{}, err
		}
		x, err := d.access.Once(r.Context(), r.Grant, token)
		switch {
		case errs.Is(err, errs.NotFound): // it failed, and may be tried again
		case err != nil || x.Path != "":
			return false, x, err
		}
		if time.Now().After(end) {
			return false, x, errs.New(errs.Conflict, "this form was sent already and is being worked on").WithHint("Wait a moment, then look at the page it belongs to before you send it again.")
		}
		select {
		case <-r.Context().Done():
			return false, x, r.Context().Err()
		case <-time.After(oncePoll):
		}
	}
}

// sweepOnce forgets old values now and then.
func (d *door) sweepOnce(r *page.Request) {
	last := d.swept.Load()
	if r.Now.Unix()-last < int64(onceSweep.Seconds()) || !d.swept.CompareAndSwap(last, r.Now.Unix()) {
		return
	}
	if err := d.access.SweepOnce(r.Context(), r.Now); err != nil {
		d.opts.Log.Warn("forms of yesterday were not forgotten", "error", err)
	}
}
