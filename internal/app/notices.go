package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/notify/notifysql"
	"github.com/tickmark/tickmark/internal/notify/send"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/platform/jobs"
)

// noticesEvery is how often the program looks for something to tell and sends what waits.
const noticesEvery = 15 * time.Second

// wireNotices hands notifications their store, their senders and what they follow.
func (a *App) wireNotices() {
	private := splitList(a.Config.AllowPrivate)
	hooks := send.Hooks{AllowPrivate: private, UserAgent: "tickmark/" + Version}
	a.Notify = &notify.Service{
		Store: &notifysql.Store{DB: a.DB}, Sealer: a.Box, People: a.Access, Tx: a.DB, Ledger: a.Ledger.Store, URL: func() string { return a.Config.URL }, Personal: a.personalLink,
		Senders: map[notify.RouteKind]notify.Sender{
			notify.Email: send.Mail{Dial: httpx.Dialer(private)}, notify.Slack: hooks.Slack(), notify.Teams: hooks.Teams(), notify.Webhook: hooks.Webhook(), notify.PagerDuty: hooks.PagerDuty(),
		},
		Followers: []notify.Follower{
			follower{"ledger", a.followLedger}, follower{"tests", a.followTests}, follower{"runs", a.followRuns}, follower{"jobs", a.followJobs}, follower{"due", a.followDue}, follower{"duties", a.followDuties}, follower{"digest", a.followDigest}, follower{"alerts", a.followAlerts},
		},
	}
}

// notices follows and sends for every organisation until ctx ends.
func (a *App) notices(ctx context.Context) {
	t := time.NewTicker(noticesEvery)
	defer t.Stop()
	for {
		if err := a.NoticesNow(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("notifications", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// NoticesNow follows once and sends what waits.
func (a *App) NoticesNow(ctx context.Context) error {
	orgs, err := a.Access.Orgs(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for _, o := range orgs {
		scope := a.Access.System(o.ID, "notifications")
		_, late := a.Alerts.Escalate(ctx, scope, a.Clock())
		_, err := a.Notify.Follow(ctx, scope, a.Clock())
		_, sent := a.Notify.Deliver(ctx, scope, a.Clock())
		faults = append(faults, errs.Wrap(errors.Join(late, err, sent), "organisation %s", o.Slug))
	}
	return errors.Join(faults...)
}

// follower is one way of looking at what happened.
type follower struct {
	name string
	look func(ctx context.Context, s access.ReadScope, now time.Time, cursor string) ([]notify.Message, string, error)
}

// Name implements notify.Follower.
func (f follower) Name() string { return f.name }

// Follow implements notify.Follower.
func (f follower) Follow(ctx context.Context, s access.ReadScope, now time.Time, cursor string) ([]notify.Message, string, error) {
	return f.look(ctx, s, now, cursor)
}

// since reads a cursor that is an instant; without one, now.
func since(cursor string, now time.Time) (time.Time, string) {
	us, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil {
		return now, stamp(now)
	}
	return time.UnixMicro(us).UTC(), cursor
}

// overlap is how far a cursor of time stays behind, for what is written down a little after its own time; keys keep it from
// being told twice. rest is how old a cursor may get while nothing happens.
const (
	overlap = 2 * time.Minute
	rest    = 15 * time.Minute
)

// onward is the next cursor: the old one while nothing happens, so that waiting costs no writing.
func onward(from, now time.Time, told int) string {
	next := now.Add(-overlap)
	if told == 0 && now.Sub(from) < rest || next.Before(from) {
		return stamp(from)
	}
	return stamp(next)
}

func stamp(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// position reads a cursor that is a number; there is none before the first look.
func position(cursor string) (int64, bool) {
	n, err := strconv.ParseInt(cursor, 10, 64)
	return n, err == nil
}

// entriesAtOnce bounds how many ledger entries one look reads.
const entriesAtOnce = 500

// followLedger tells of requests, decisions and tasks. The cursor is the last entry it saw.
func (a *App) followLedger(ctx context.Context, s access.ReadScope, _ time.Time, cursor string) ([]notify.Message, string, error) {
	head, err := a.Ledger.Store.Head(ctx, s)
	if err != nil {
		return nil, cursor, err
	}
	last, known := position(cursor)
	if !known || last > head.Seq { // the first look: it begins now
		return nil, strconv.FormatInt(head.Seq, 10), nil
	}
	to := min(head.Seq, last+entriesAtOnce)
	if to == last {
		return nil, cursor, nil
	}
	var out []notify.Message
	err = a.Ledger.Store.Walk(ctx, s, last+1, to, func(e ledger.Entry) error {
		m, ok, err := a.told(ctx, s, e)
		if ok {
			out = append(out, m)
		}
		return err
	})
	return out, strconv.FormatInt(to, 10), err
}

// told is the message of a ledger entry, if there is one.
func (a *App) told(ctx context.Context, s access.ReadScope, e ledger.Entry) (notify.Message, bool, error) {
	var says struct {
		Ref, Test, Item, Reason, Title, Owner, Due, Note, Reader string
		Version                                                  int
		Changed                                                  []string
	}
	if e.Payload != "" {
		_ = json.Unmarshal([]byte(e.Payload), &says) // a payload of another shape tells nothing
	}
	m := notify.Message{Key: "entry:" + strconv.FormatInt(e.Seq, 10)}
	switch e.Kind {
	case "exception.requested":
		m.Event, m.Subject, m.Link = notify.ExceptionRequested, "Exception "+says.Ref+" is requested", "/exceptions"
		m.Text = "For " + says.Item + " in test " + says.Test + ".\nReason: " + says.Reason + "\nSomebody other than whoever asked approves it."
	case "exception.approved", "exception.revoked", "exception.refused":
		x, err := a.Evaluate.Exceptions.Exception(ctx, s, e.Subject)
		if err != nil {
			return m, false, err
		}
		word := map[string]string{"exception.approved": "is approved", "exception.revoked": "was revoked", "exception.refused": "was refused"}[e.Kind]
		m.Event, m.Subject, m.Link, m.Person = notify.ExceptionDecided, "Exception "+x.Ref+" "+word, "/exceptions", access.UserID(x.RequestedBy)
		m.Text = "For " + x.ItemID + " in test " + x.Test + ", until " + x.Expires.UTC().Format("2 Jan 2006") + "."
	case "control.proposed":
		m.Event, m.Subject, m.Link = notify.ApprovalWaited, fmt.Sprintf("Version %d of %s waits for approval", says.Version, says.Ref), "/c/"+says.Ref
		m.Text = "A new wording was proposed. Somebody other than its author approves it."
		if says.Note != "" {
			m.Text += "\nWhy: " + says.Note
		}
	case "task.opened", "task.changed":
		t, err := a.Work.Store.Task(ctx, s, e.Subject)
		if err != nil {
			return m, false, err
		}
		if t.Owner == "" || t.Status.Closed() || e.Actor == string(t.Owner) {
			return m, false, nil
		}
		// A change of anything else says the same key again, and is told once.
		m.Key = "task:" + string(t.ID) + ":" + string(t.Owner)
		m.Event, m.Subject, m.Link, m.Person = notify.TaskAssigned, "Task "+t.Ref+" is yours: "+t.Title, "/tasks/"+t.Ref, t.Owner
		m.Text = t.Text
		if t.Due != 0 {
			m.Text += "\nDue " + t.Due.Time().Format("2 Jan 2006") + "."
		}
	case "reader.mail_asked":
		return a.toldReader(ctx, s, e, m, says.Reader)
	default:
		return m, false, nil
	}
	return m, true, nil
}

// readerPerson begins the name of a reader of a report among those whose link a message brings.
const readerPerson = "reader "

// toldReader is the message that brings a reader the link to a report.
func (a *App) toldReader(ctx context.Context, s access.ReadScope, e ledger.Entry, m notify.Message, ref string) (notify.Message, bool, error) {
	r, err := a.Issue.ReaderOf(ctx, s, engagement.ID(e.Subject), ref)
	if errs.Is(err, errs.NotFound) {
		return m, false, nil // what the entry says was erased
	}
	if err != nil {
		return m, false, err
	}
	all, err := a.Issue.Versions(ctx, s, engagement.ID(e.Subject))
	if err != nil || len(all) == 0 {
		return m, false, err
	}
	o, err := a.Access.Org(ctx, s)
	if err != nil {
		return m, false, err
	}
	m.Event, m.Subject, m.To, m.Personal = notify.ReportShared, all[0].Kind+" report of "+o.Name, r.Email, readerPerson+e.Subject+" "+r.Ref
	m.Text = r.Name + ", " + o.Name + " lets you read its " + all[0].Kind + " report for " + all[0].Coverage.String() + ". Its use is restricted: you agree to the terms first, and your copy bears your name. The link is yours alone; a link that you got before opens nothing any more."
	return m, true, nil
}

// followTests tells of tests that begin to fail.
func (a *App) followTests(ctx context.Context, s access.ReadScope, now time.Time, cursor string) ([]notify.Message, string, error) {
	from, cursor := since(cursor, now)
	last, err := a.Evaluate.Store.Last(ctx, s)
	if err != nil {
		return nil, cursor, err
	}
	var out []notify.Message
	for test, run := range last {
		if !run.Created.After(from) || run.Outcome != evaluate.Fail {
			continue
		}
		two, err := a.Evaluate.Store.Runs(ctx, s, test, paging.Query{Size: 5})
		if err != nil {
			return nil, cursor, err
		}
		if began(two.Rows, run) {
			failing := run.Counts[evaluate.Fail]
			out = append(out, notify.Message{
				Key: "failing:" + test + ":" + string(run.ID), Event: notify.TestFailing, Subject: "Test " + test + " began to fail", Link: "/t/" + test,
				Text: fmt.Sprintf("%d of %d fail as of %s.", failing, run.Population, run.AsOf.UTC().Format("2 Jan 2006, 15:04 UTC")),
			})
		}
	}
	return out, onward(from, now, len(out)), nil
}

// began reports whether the run before, of those that gave verdicts, did not fail.
func began(runs []evaluate.Run, now evaluate.Run) bool {
	for _, r := range runs {
		if r.ID != now.ID && r.Evaluated() && !r.AsOf.After(now.AsOf) {
			return r.Outcome != evaluate.Fail
		}
	}
	return true
}

// followRuns tells of collection runs that failed, and of sources that are silent for more than three intervals.
func (a *App) followRuns(ctx context.Context, s access.ReadScope, now time.Time, cursor string) ([]notify.Message, string, error) {
	from, cursor := since(cursor, now)
	conns, err := a.Collect.Store.Connections(ctx, s)
	if err != nil {
		return nil, cursor, err
	}
	usual, err := time.ParseDuration(a.Config.Every)
	if err != nil {
		usual = 0
	}
	var out []notify.Message
	for _, c := range conns {
		runs, err := a.Collect.Store.Runs(ctx, s, c.ID, paging.Query{Size: 20})
		if err != nil {
			return nil, cursor, err
		}
		for i, r := range runs.Rows {
			if r.Finished == nil || !r.Finished.After(from) || r.Status == collect.Complete || r.Status == collect.Cancelled {
				continue
			}
			out = append(out, notify.Message{
				Key: runKey(c, runs.Rows[i:], now), Event: notify.CollectionFailed, Subject: "Collection from " + c.Name + " " + runWord(r.Status), Link: "/runs/" + string(r.ID),
				Text: runText(r),
			})
		}
		if m, ok := silent(c, runs.Rows, usual, now); ok {
			out = append(out, m)
		}
	}
	return out, onward(from, now, len(out)), nil
}

// runKey is what the first of some runs, the newest first, is told under. Of a connection that is read every few minutes it is told when
// it begins to fail, and once a day that it still does.
func runKey(c collect.Connection, runs []collect.Run, now time.Time) string {
	r := runs[0]
	if c.Every > 0 && c.Every < time.Hour && len(runs) > 1 && runs[1].Status == r.Status {
		return "failing:" + string(c.ID) + ":" + string(r.Status) + ":" + now.UTC().Format(time.DateOnly)
	}
	return "run:" + string(r.ID)
}

func runWord(s collect.RunStatus) string {
	if s == collect.Partial {
		return "is incomplete"
	}
	return "failed"
}

func runText(r collect.Run) string {
	if r.Error != "" {
		return r.Error
	}
	return "Some facts could not be read. Tests answer “unknown” where they would have to rely on them."
}

// silentAfter is how many intervals a source may be silent before somebody is told.
const silentAfter = 3

// silent is the message about a connection that should have been read long ago: once a day.
func silent(c collect.Connection, runs []collect.Run, usual time.Duration, now time.Time) (notify.Message, bool) {
	every := c.Every
	if every <= 0 {
		every = usual
	}
	if c.Paused || every <= 0 || len(runs) == 0 || now.Sub(runs[0].Started) < max(silentAfter*every, time.Hour) {
		return notify.Message{}, false
	}
	return notify.Message{
		Key: "silent:" + string(c.ID) + ":" + now.UTC().Format(time.DateOnly), Event: notify.CollectionFailed, Subject: c.Name + " is silent", Link: "/connections/" + c.Name,
		Text: "Nothing was read since " + runs[0].Started.UTC().Format("2 Jan 2006, 15:04 UTC") + ", although it should be every " + every.String() + ".",
	}, true
}

// followJobs tells of background work that ended with an error. Collections have a message of their own.
func (a *App) followJobs(ctx context.Context, s access.ReadScope, now time.Time, cursor string) ([]notify.Message, string, error) {
	from, cursor := since(cursor, now)
	if a.Jobs == nil {
		return nil, cursor, nil
	}
	recent, err := a.Jobs.Recent(ctx, string(s.Org()), 100)
	if err != nil {
		return nil, cursor, err
	}
	var out []notify.Message
	for _, j := range recent {
		if j.Status == jobs.Failed && j.Finished != nil && j.Finished.After(from) {
			out = append(out, notify.Message{
				Key: "job:" + j.ID, Event: notify.JobFailed, Subject: j.Title + " failed", Text: j.Error + "\n" + j.Hint, Link: "/jobs/" + j.ID, Person: access.UserID(j.By),
			})
		}
	}
	return out, onward(from, now, len(out)), nil
}
