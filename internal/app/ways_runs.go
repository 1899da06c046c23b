package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// auditLogs are the kinds of logs that connectors collect as audit events.
var auditLogs = map[string]string{"okta": "okta.log", "github": "github.audit"}

const auditResource = "audit_event"

// feedEvery is how often it is looked for runs whose events are not taken.
const feedEvery = 20 * time.Second

// LinkEvents has the audit events of a connection go to a source: one that is named, or a new one with the connection's name. Past
// runs are taken too.
func (a *App) LinkEvents(ctx context.Context, scope access.Scope, now time.Time, connection, source string) (event.Source, error) {
	if err := scope.Require(access.ManageDetection); err != nil {
		return event.Source{}, err
	}
	c, err := a.Collect.Store.Connection(ctx, scope.ReadScope, connection)
	if err != nil {
		return event.Source{}, err
	}
	log := auditLogs[c.Kind]
	if log == "" {
		return event.Source{}, errs.New(errs.Invalid, "%s collects no audit events: it is of the kind %s", c.Name, c.Kind).At("connection").WithHint("Those of okta and github do.")
	}
	if source == "" {
		x, _, err := a.Sources.Add(ctx, scope, now, event.NewSource{Name: c.Name + " (collected)", Log: log}) // nobody sends with its token; a new one can be made
		if err != nil {
			return event.Source{}, err
		}
		source = string(x.ID)
	}
	if err := a.Sources.Link(ctx, scope, now, string(c.ID), log, source); err != nil {
		return event.Source{}, err
	}
	return a.Sources.Source(ctx, scope.ReadScope, source)
}

// UnlinkEvents ends that the audit events of a connection go to a source.
func (a *App) UnlinkEvents(ctx context.Context, scope access.Scope, now time.Time, connection string) error {
	c, err := a.Collect.Store.Connection(ctx, scope.ReadScope, connection)
	if err != nil {
		return err
	}
	return a.Sources.Link(ctx, scope, now, string(c.ID), "", "")
}

// FeedEvents takes what linked connections of an organisation collected and is not taken yet, and says how many runs that were.
func (a *App) FeedEvents(ctx context.Context, org access.OrgID) (runs int, err error) {
	scope := a.Access.System(org, "feed")
	links, err := a.Sources.Links.Links(ctx, scope.ReadScope)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, l := range links {
		n, err := a.feedRuns(ctx, scope, l)
		runs += n
		failed = append(failed, errs.Wrap(err, "the events of connection %s", l.Connection))
	}
	return runs, errors.Join(failed...)
}

// feedRuns takes the runs of a connection in the order in which they were, so that what two of them both read lies close together.
func (a *App) feedRuns(ctx context.Context, scope access.Scope, l event.Link) (taken int, err error) {
	feeder := &event.Feeder{Intake: a.Intake, Scope: scope, Source: l.Source}
	if err := feeder.Begin(ctx); err != nil {
		return 0, err
	}
	var waiting []collect.Run
	for page := 1; ; page++ {
		res, err := a.Collect.Store.Runs(ctx, scope.ReadScope, collect.ConnectionID(l.Connection), paging.Query{Page: page, Size: paging.MaxSize})
		if err != nil {
			return 0, err
		}
		for _, r := range res.Rows {
			if (r.Status == collect.Complete || r.Status == collect.Partial) && !feeder.Taken(string(r.ID)) {
				waiting = append(waiting, r)
			}
		}
		if page >= res.Pages() {
			break
		}
	}
	slices.SortFunc(waiting, func(x, y collect.Run) int { return x.Started.Compare(y.Started) })
	for _, r := range waiting {
		err := a.EachAuditEvent(ctx, r, func(e *collect.AuditEvent) error {
			return feeder.Add(ctx, string(r.ID), []byte(e.Raw), a.Clock())
		})
		if err != nil {
			return taken, errs.Wrap(err, "run %s", r.ID)
		}
		if err := feeder.End(ctx, string(r.ID), a.Clock()); err != nil {
			return taken, err
		}
		taken++
	}
	return taken, nil
}

// EachAuditEvent gives the audit events that a run collected, with the source's own record in Raw.
func (a *App) EachAuditEvent(ctx context.Context, r collect.Run, do func(*collect.AuditEvent) error) error {
	i := slices.IndexFunc(r.Results, func(x collect.Result) bool { return x.Resource == auditResource })
	if i < 0 || r.Results[i].File.Path == "" {
		return nil
	}
	return collectsql.Facts{Lake: a.Lake}.Read(ctx, auditResource, r.Results[i].File.Path, func(f collect.Fact) error {
		if e, ok := f.(*collect.AuditEvent); ok && e.Raw != "" {
			return do(e)
		}
		return nil
	})
}

// feeding takes what is collected while the server runs.
func (a *App) feeding(ctx context.Context) {
	a.step(ctx, "collected audit events", feedEvery, func(ctx context.Context) (bool, error) {
		orgs, err := a.Access.Orgs(ctx)
		for _, o := range orgs {
			if o.Kind != access.Firm && err == nil {
				_, err = a.FeedEvents(ctx, o.ID)
			}
		}
		return false, err
	})
}
