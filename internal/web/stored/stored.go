// Package stored shows the events that are kept: a list that is narrowed, and of each event its normal form, its record, what allows it,
// which alerts name it, and the proof that it is in the ledger.
package stored

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	// Find and Event read events; nil while none can be read.
	Find  func(ctx context.Context, s access.ReadScope, f event.Filter) (events []event.Event, next string, err error)
	Event func(ctx context.Context, s access.ReadScope, id string) (event.Event, error)
	// Prove makes the file that proves an event, nil while none can be read; Keep files it as evidence and gives its reference.
	Prove func(ctx context.Context, s access.ReadScope, id string) ([]byte, error)
	Keep  func(ctx context.Context, s access.Scope, now time.Time, title, shows, id string) (string, error)
	// Erase erases the content of an event; nil while none can be read.
	Erase func(ctx context.Context, s access.Scope, now time.Time, id, reason string) (event.Erasure, error)

	Sources   *event.Sources
	Alerts    *alert.Service
	Authority *authority.Service
	Reviews   *review.Service
	View      *view.Reader
}

type pages struct{ Services }

const place = "/events"

func eventURL(id string) string { return place + "/" + url.PathEscape(id) }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	all := []page.Route{
		{Method: http.MethodGet, Pattern: place, Action: access.ReadDetections, Title: "Events", Handle: p.browse},
		{Method: http.MethodGet, Pattern: place + "/{event}", Action: access.ReadDetections, Title: "Event", Nav: place, Handle: p.event},
		{Method: http.MethodGet, Pattern: place + "/{event}/proof", Action: access.ReadDetections, Title: "Proof of an event", Nav: place, Handle: p.proof},
		{Method: http.MethodGet, Pattern: place + "/{event}/keep", Action: access.AddEvidence, Title: "Keep an event as evidence", Nav: place, Handle: p.keepForm},
		{Method: http.MethodPost, Pattern: place + "/{event}/keep", Action: access.AddEvidence, Title: "Keep an event as evidence", Nav: place, Handle: p.keep},
		{Method: http.MethodGet, Pattern: place + "/{event}/erase", Action: access.ErasePayload, Title: "Erase an event", Nav: place, Handle: p.eraseForm},
		{Method: http.MethodPost, Pattern: place + "/{event}/erase", Action: access.ErasePayload, Title: "Erase an event", Nav: place, Handle: p.erase},
	}
	for i := range all {
		all[i].Styles = "risks watch"
	}
	return all
}

var list = page.TableSpec{
	Columns: []page.Column{
		{Key: "at", Title: "When (UTC)", Sort: true}, {Key: "actor", Title: "Who"}, {Key: "action", Title: "Did", Wide: true},
		{Key: "from", Title: "From", Opt: true}, {Key: "log", Title: "Log", Opt: true},
	},
	Filters: []page.Filter{
		{Key: "log", Title: "Log", Kind: page.Select, Open: true}, {Key: "source", Title: "Source", Kind: page.Select, Open: true},
		{Key: "actor", Title: "Actor, in full", Kind: page.Text}, {Key: "action", Title: "Action, in full", Kind: page.Text}, {Key: "key", Title: "Address or session", Kind: page.Text},
		{Key: "from", Title: "From", Kind: page.Date}, {Key: "to", Title: "To", Kind: page.Date},
	},
	Search: "Find in the records", Sort: "-at", Size: 50, One: "event", Many: "events", Endless: true,
}

// kinds are the kinds of keys that the filter by a key looks for.
var kinds = []string{event.KeyCredential, event.KeySession, event.KeyProcess, event.KeyPrincipal, event.KeyHost, event.KeyIP}

func (p *pages) filter(r *page.Request, t *page.Table) (event.Filter, error) {
	f := event.Filter{Text: t.Query.Search, After: t.After, Ascending: !t.Query.Desc, Limit: min(t.Query.Size, event.MaxFind)}
	if s := t.Filter("log"); s != "" {
		f.Logs = []string{s}
	}
	if s := t.Filter("source"); s != "" {
		x, err := p.Sources.Source(r.Context(), r.Read(), s)
		if err != nil {
			return f, err
		}
		f.Source = string(x.ID)
	}
	if s := strings.TrimSpace(t.Filter("actor")); s != "" {
		f.Actors = []string{s}
	}
	if s := strings.TrimSpace(t.Filter("action")); s != "" {
		f.Actions = []string{s}
	}
	if s := strings.TrimSpace(t.Filter("key")); s != "" {
		for _, k := range kinds {
			f.Keys = append(f.Keys, event.Key{Kind: k, Value: s})
		}
	}
	if d, err := period.ParseDate(t.Filter("from")); err == nil {
		f.From = d.Time()
	}
	if d, err := period.ParseDate(t.Filter("to")); err == nil {
		f.To = d.Time().AddDate(0, 0, 1)
	}
	return f, nil
}

func (p *pages) browse(r *page.Request) error {
	t, err := r.Table(&list)
	if err != nil {
		return err
	}
	sources, err := p.Sources.List(r.Context(), r.Read())
	if err != nil {
		return err
	}
	names := map[string]event.Source{}
	var some, logs []page.Option
	for _, x := range sources {
		names[string(x.ID)] = x
		some = append(some, page.Option{Value: x.Ref, Label: x.Name})
		if !slices.ContainsFunc(logs, func(o page.Option) bool { return o.Value == x.Log }) {
			logs = append(logs, page.Option{Value: x.Log, Label: x.Log})
		}
	}
	slices.SortFunc(logs, func(a, b page.Option) int { return strings.Compare(a.Value, b.Value) })
	t.SetOptions("source", some)
	t.SetOptions("log", logs)
	f, err := p.filter(r, t)
	if err != nil {
		return err
	}
	if p.Find == nil {
		part := rows(t, nil, true)
		return r.Render(http.StatusOK, listPage(t, part), page.Part(t.ID(), part))
	}
	if t.Exporting() {
		return p.export(r, t, f, names)
	}
	found, next, err := p.Find(r.Context(), r.Read(), f)
	if err != nil {
		return err
	}
	t.Total, t.Next = len(found), next
	part := rows(t, found, false)
	return r.Render(http.StatusOK, listPage(t, part), page.Part(t.ID(), part))
}

// exportEvents bounds a file of events: they are gathered before the first is written.
const exportEvents = 50_000

func (p *pages) export(r *page.Request, t *page.Table, f event.Filter, names map[string]event.Source) error {
	var all [][]any
	for f.Limit = event.MaxFind; ; {
		found, next, err := p.Find(r.Context(), r.Read(), f)
		if err != nil {
			return err
		}
		for i := range found {
			e := &found[i]
			all = append(all, []any{e.ID, orBlank(e.At), e.Received, names[e.Source].Ref, e.Log, e.Action, outcome(e), e.Reason, e.Actor.Name, e.Actor.ID, e.From.IP, e.From.Country, e.Session, e.Credential, e.Host, targets(e, len(e.Targets)), string(e.Raw)})
		}
		if len(all) > exportEvents {
			return errs.New(errs.Exhausted, "more than %s events are too many for one file", page.Count(exportEvents)).WithHint("Narrow the list with a filter, or ask for less in a hunt.")
		}
		if f.After = next; next == "" {
			break
		}
	}
	head := []string{"Event", "Happened", "Arrived", "Source", "Log", "Action", "Outcome", "Reason", "Actor", "Identifier of the actor", "Address", "Country", "Session", "Credential", "Host", "Targets", "Record"}
	return r.Export(t, "events", head, func(q paging.Query) ([][]any, int, error) {
		from := min(q.Offset(), len(all))
		return all[from:min(from+q.Size, len(all))], len(all), nil
	})
}
