package app

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// auditLogs are the kinds of logs that connectors collect as audit events. Where a connection reads one of several, a setting says which.
var auditLogs = map[string]func(settings map[string]string) string{
	"okta": just("okta.log"), "github": just("github.audit"), "aws": just("aws.cloudtrail"), "gitlab": just("gitlab.audit"), "gcp": just("gcp.audit"), "m365": just("m365.audit"),
	"google": func(s map[string]string) string { return "google_workspace." + cmp.Or(s["application"], "login") },
	"entra":  func(s map[string]string) string { return "azure." + cmp.Or(s["log"], "signin") },
}

func just(log string) func(map[string]string) string {
	return func(map[string]string) string { return log }
}

// auditLogOf is the kind of log that a connection collects; empty if it collects none.
func auditLogOf(c collect.Connection) string {
	if f, ok := auditLogs[c.Kind]; ok {
		return f(c.Settings)
	}
	return ""
}

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
	log := auditLogOf(c)
	if log == "" {
		return event.Source{}, errs.New(errs.Invalid, "%s collects no audit events: it is of the kind %s", c.Name, c.Kind).At("connection").WithHint("Those of %s do.", strings.Join(slices.Sorted(maps.Keys(auditLogs)), ", "))
	}
	if source == "" {
		x, _, err := a.Sources.Add(ctx, scope, now, event.NewSource{Name: collectedName(c), Log: log}) // nobody sends with its token; a new one can be made
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

// eventFeeds links connections to sources for the pages.
type eventFeeds struct{ *App }

// FedTo is the source that the audit events of a connection go to. One that was removed feeds nothing.
func (a eventFeeds) FedTo(ctx context.Context, s access.ReadScope, connection string) (source string, collects bool, err error) {
	c, err := a.Collect.Store.Connection(ctx, s, connection)
	if errs.Is(err, errs.NotFound) {
		return "", false, nil
	}
	if err != nil || auditLogOf(c) == "" || !s.Can(access.ReadDetections) {
		return "", false, err
	}
	links, err := a.Sources.Links.Links(ctx, s)
	if err != nil {
		return "", false, err
	}
	for _, l := range links {
		if l.Connection == string(c.ID) {
			x, err := a.Sources.Source(ctx, s, string(l.Source))
			return x.Ref, true, err
		}
	}
	return "", true, nil
}

// Feed links a connection to the source that is called as the one made for it, or to a new one.
func (a eventFeeds) Feed(ctx context.Context, s access.Scope, now time.Time, connection string) (string, error) {
	c, err := a.Collect.Store.Connection(ctx, s.ReadScope, connection)
	if err != nil {
		return "", err
	}
	all, err := a.Sources.List(ctx, s.ReadScope)
	if err != nil {
		return "", err
	}
	source := ""
	for _, x := range all {
		if x.Name == collectedName(c) && x.Log == auditLogOf(c) {
			source = string(x.ID)
		}
	}
	x, err := a.LinkEvents(ctx, s, now, connection, source)
	return x.Ref, err
}

func (a eventFeeds) EndFeed(ctx context.Context, s access.Scope, now time.Time, connection string) error {
	return a.UnlinkEvents(ctx, s, now, connection)
}

// collectedName is what the source of a connection is called.
func collectedName(c collect.Connection) string { return c.Name + " (collected)" }

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
	waiting, err := a.waitingRuns(ctx, scope, l, feeder)
	if err != nil {
		return 0, err
	}
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
		a.fed.Store(fedRun{l.Connection, string(l.Source)}, r.ID)
	}
	return taken, nil
}

// fedRun names what a connection feeds.
type fedRun struct{ connection, source string }

// waitingRuns are the runs of a connection that are not taken, the oldest first. There may be hundreds a day: they are looked through
// from the newest on, until a whole page of them is taken, and not at all while the newest is one that was taken.
func (a *App) waitingRuns(ctx context.Context, scope access.Scope, l event.Link, feeder *event.Feeder) ([]collect.Run, error) {
	var waiting []collect.Run
	for page := 1; ; page++ {
		res, err := a.Collect.Store.Runs(ctx, scope.ReadScope, collect.ConnectionID(l.Connection), paging.Query{Page: page, Size: 200})
		if err != nil {
			return nil, err
		}
		runs := slices.DeleteFunc(res.Rows, func(r collect.Run) bool { return r.Status != collect.Complete && r.Status != collect.Partial })
		if page == 1 {
			last, known := a.fed.Load(fedRun{l.Connection, string(l.Source)})
			if known && (len(runs) == 0 || runs[0].ID == last) {
				return nil, nil
			}
			if err := feeder.Begin(ctx); err != nil {
				return nil, err
			}
		}
		before := len(waiting)
		for _, r := range runs {
			if !feeder.Taken(string(r.ID)) {
				waiting = append(waiting, r)
			}
		}
		if page >= res.Pages() || len(runs) > 0 && len(waiting) == before {
			break
		}
	}
	slices.SortFunc(waiting, func(x, y collect.Run) int { return cmp.Or(x.Started.Compare(y.Started), cmp.Compare(x.ID, y.ID)) })
	return waiting, nil
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
