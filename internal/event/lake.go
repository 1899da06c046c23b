package event

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// Lake is everything that was taken, the newest too. Laws: an event is there once the sender was answered; identifiers order
// events by arrival; an organisation sees its own.
type Lake interface {
	// Find gives events that pass a filter, the newest arrival first, and where to go on: the identifier for After; empty at the end.
	Find(ctx context.Context, scope access.ReadScope, f Filter) (events []Event, next string, err error)
	// Event reads one event.
	Event(ctx context.Context, scope access.ReadScope, id string) (Event, error)
	// Read gives up to n events that arrived after one, in order of arrival: for followers. Nothing means that it is all read.
	Read(ctx context.Context, scope access.ReadScope, after string, n int) ([]Event, error)
	// Each gives the events of some logs between two instants in the order of time. An error of do ends it and is given back.
	Each(ctx context.Context, scope access.ReadScope, logs []string, from, to time.Time, do func(*Event) error) error
	// Query runs a SELECT over the table events: the organisation's own, between two instants.
	Query(ctx context.Context, scope access.ReadScope, q Query) (Table, error)
	// Changed is closed when something arrives.
	Changed() <-chan struct{}
}

// Filter narrows events. Zero values do not narrow.
type Filter struct {
	From, To  time.Time // of the event; To is not included
	Logs      []string
	Source    string
	Actors    []string // by identifier or name
	Keys      []Key    // one of them
	Actions   []string
	IDs       []string
	Text      string // in the record, case ignored as Text does
	Ascending bool   // the oldest arrival first
	After     string // the event before; in descending order, later ones are left out
	Limit     int    // 0 is 100, at most MaxFind
}

// MaxFind is how many events are found at once.
const MaxFind = 10_000

// Size is the limit in range.
func (f *Filter) Size() int {
	if f.Limit <= 0 {
		return 100
	}
	return min(f.Limit, MaxFind)
}

// Matches says whether an event passes.
func (f *Filter) Matches(e *Event) bool {
	at := e.When()
	switch {
	case !f.From.IsZero() && at.Before(f.From), !f.To.IsZero() && !at.Before(f.To),
		len(f.Logs) > 0 && !slices.Contains(f.Logs, e.Log),
		f.Source != "" && f.Source != e.Source,
		len(f.Actions) > 0 && !slices.Contains(f.Actions, e.Action),
		len(f.Actors) > 0 && !slices.Contains(f.Actors, e.Actor.ID) && (e.Actor.Name == "" || !slices.Contains(f.Actors, e.Actor.Name)),
		len(f.IDs) > 0 && !slices.Contains(f.IDs, e.ID):
		return false
	}
	if len(f.Keys) > 0 && !slices.ContainsFunc(e.Keys(), func(k Key) bool { return slices.Contains(f.Keys, k) }) {
		return false
	}
	return f.Text == "" || TextOf(f.Text).In(e.Raw)
}

// Query is a statement for hunting.
type Query struct {
	SQL      string
	From, To time.Time // which events are in the table
	Rows     int       // at most; 0 is 1,000
	Deadline time.Duration
}

// Table is what a query yields.
type Table struct {
	Columns []string
	Rows    [][]json.RawMessage
	More    bool // there were more rows
	Events  int64
}

// View is what a statement sees of an event, in the table events.
var View = []struct{ Name, Type, About string }{
	{"id", "VARCHAR", "sorts by arrival"},
	{"time", "TIMESTAMP", "when it happened; NULL if the record does not tell"},
	{"received", "TIMESTAMP", "when it arrived"},
	{"source", "VARCHAR", "the source that sent it"},
	{"log", "VARCHAR", "the kind of log: aws.cloudtrail"},
	{"upstream", "VARCHAR", "the vendor's identifier"},
	{"class", "INTEGER", "class_uid of OCSF"},
	{"activity", "INTEGER", "activity_id of the class"},
	{"action", "VARCHAR", "the vendor's name: iam:CreateUser"},
	{"effect", "VARCHAR", "reads, creates, changes, deletes"},
	{"weight", "VARCHAR", "read, sign-in, write, privilege, defence"},
	{"status", "VARCHAR", "success, failure, unknown"},
	{"reason", "VARCHAR", "of a failure"},
	{"actor", "VARCHAR", "identifier of who did it"},
	{"actor_name", "VARCHAR", ""},
	{"actor_kind", "VARCHAR", "person, service, vendor, unknown"},
	{"session", "VARCHAR", ""},
	{"credential", "VARCHAR", "the key or token it was done with"},
	{"issued", "VARCHAR", "JSON list of sessions and credentials that came into being"},
	{"ip", "VARCHAR", ""},
	{"country", "VARCHAR", ""},
	{"city", "VARCHAR", ""},
	{"asn", "BIGINT", ""},
	{"agent", "VARCHAR", "user agent"},
	{"host", "VARCHAR", ""},
	{"process", "VARCHAR", ""},
	{"parent", "VARCHAR", ""},
	{"targets", "VARCHAR", "JSON list of kind, id, name, effect"},
	{"raw", "VARCHAR", "the record"},
}

// String is the word of a status; unknown is a word too.
func (s Status) String() string { return wordFor(statuses, s, "unknown") }

// String is the word of a kind of actor; unknown is a word too.
func (k ActorKind) String() string { return wordFor(kinds, k, "unknown") }

// String is the word of an effect; empty if it is unknown.
func (e Effect) String() string { return wordFor(effects, e, "") }

// String is the word of a weight; empty if it is unknown.
func (w Weight) String() string { return wordFor(weights, w, "") }

func wordFor[T comparable](words map[string]T, v T, otherwise string) string {
	for w, x := range words {
		if x == v {
			return w
		}
	}
	return otherwise
}

// StatusOf reads the word of a status.
func StatusOf(word string) Status { return statuses[word] }

// KindOf reads the word of a kind of actor.
func KindOf(word string) ActorKind { return kinds[word] }

// EffectOf reads the word of an effect.
func EffectOf(word string) Effect { return effects[word] }

// WeightOf reads the word of a weight.
func WeightOf(word string) Weight { return weights[word] }
