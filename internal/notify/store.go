package notify

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Store keeps routes, messages and deliveries. Laws: a route is saved only on top of the version before it; Post keeps each
// key once and makes one delivery for each route that carries the message, in one transaction with the cursor; Claim gives a
// delivery to one caller until its lease ends; a removed route keeps its deliveries and gets no new ones.
type Store interface {
	Routes(ctx context.Context, s access.ReadScope) ([]Route, error)
	Route(ctx context.Context, s access.ReadScope, id RouteID) (Route, error)
	// Save inserts version 1 or replaces the version before; Conflict when another was faster.
	Save(ctx context.Context, s access.Scope, r Route) error
	Remove(ctx context.Context, s access.Scope, id RouteID, at time.Time) error

	// Cursor is where a follower stands; empty when it has never been.
	Cursor(ctx context.Context, s access.ReadScope, follower string) (string, error)
	// Post keeps new messages, has them delivered by the routes, and moves the follower's cursor. It says how many were new.
	Post(ctx context.Context, s access.Scope, follower, cursor string, to []Route, m []Message) (int, error)
	Messages(ctx context.Context, s access.ReadScope, person access.UserID, q paging.Query) (paging.Result[Message], error)

	// Ended says whether a later message told that what a message is about was closed.
	Ended(ctx context.Context, s access.ReadScope, m Message) (bool, error)
	// Claim takes waiting deliveries that are due, at most so many of each route in an hour.
	Claim(ctx context.Context, s access.Scope, now time.Time, most int) ([]Delivery, error)
	// Settle writes down what an attempt came to.
	Settle(ctx context.Context, s access.Scope, d Delivery) error
	Deliveries(ctx context.Context, s access.ReadScope, f DeliveryFilter, q paging.Query) (paging.Result[Delivery], error)
}

// Parcel is a message with everything a sender needs. The secret is plain; senders neither log nor keep it.
type Parcel struct {
	Delivery string // identifier that stays the same over attempts
	Settings map[string]string
	Secret   string
	To       []string // addresses of an e-mail
	Message  Message
	Org      string // name of the organisation
	OrgID    string // its identifier, which a new name leaves as it is
	Link     string // whole address
	At       time.Time
}

// Sender sends a message by one kind of route. An error of kind Unavailable or Exhausted is tried again; any other is final.
type Sender interface {
	Send(ctx context.Context, p Parcel) error
}

// People finds the address of the person a message concerns, and the organisation's name.
type People interface {
	Members(ctx context.Context, s access.ReadScope) ([]access.Member, error)
	Org(ctx context.Context, s access.ReadScope) (access.Org, error)
}

// Follower looks at what happened after its cursor. It returns the messages and where it stands then. With an empty cursor
// it begins now and tells nothing of the past.
type Follower interface {
	Name() string
	Follow(ctx context.Context, s access.ReadScope, now time.Time, cursor string) (m []Message, next string, err error)
}
