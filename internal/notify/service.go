package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Service is the use cases of notifications. Routes lead out of the house like connections lead in, and need the same right.
type Service struct {
	Store     Store
	Sealer    access.Sealer
	Senders   map[RouteKind]Sender
	Followers []Follower
	People    People
	Tx        access.Tx
	Ledger    access.Recorder
	URL       func() string // where people reach the program, without a slash at the end
	// Personal makes the link of somebody who has no account here, as a path; the one before ends.
	Personal func(ctx context.Context, s access.Scope, now time.Time, person string) (string, error)
}

// Routes lists the routes by name.
func (s *Service) Routes(ctx context.Context, scope access.ReadScope) ([]Route, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return nil, err
	}
	return s.Store.Routes(ctx, scope)
}

// Route reads one route.
func (s *Service) Route(ctx context.Context, scope access.ReadScope, id RouteID) (Route, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return Route{}, err
	}
	return s.Store.Route(ctx, scope, id)
}

// Deliveries lists what was sent, the newest first.
func (s *Service) Deliveries(ctx context.Context, scope access.ReadScope, f DeliveryFilter, q paging.Query) (paging.Result[Delivery], error) {
	if err := scope.Require(access.ManageConnection); err != nil {
		return paging.Result[Delivery]{}, err
	}
	return s.Store.Deliveries(ctx, scope, f, q)
}

// Messages lists what concerns a person, the newest first; an empty person means everything of the organisation.
func (s *Service) Messages(ctx context.Context, scope access.ReadScope, person access.UserID, q paging.Query) (paging.Result[Message], error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return paging.Result[Message]{}, err
	}
	return s.Store.Messages(ctx, scope, person, q)
}

// Add makes a route.
func (s *Service) Add(ctx context.Context, scope access.Scope, now time.Time, d Draft) (Route, error) {
	if err := scope.Require(access.ManageConnection); err != nil {
		return Route{}, err
	}
	d, err := d.check(false)
	if err != nil {
		return Route{}, err
	}
	r := Route{ID: RouteID(id.New("ntf", now)), Version: 1, Created: now}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Routes(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if len(all) >= MaxRoutes {
			return errs.New(errs.Exhausted, "there are %d routes already, as many as can be", len(all)).WithHint("Remove one first.")
		}
		return s.save(ctx, scope, now, &r, d, "notify.route_added")
	})
	return r, err
}

// Change replaces a route on top of the version the writer saw.
func (s *Service) Change(ctx context.Context, scope access.Scope, now time.Time, id RouteID, base int, d Draft) (Route, error) {
	if err := scope.Require(access.ManageConnection); err != nil {
		return Route{}, err
	}
	r, err := s.Store.Route(ctx, scope.ReadScope, id)
	if err != nil {
		return Route{}, err
	}
	d.Kind = r.Kind
	if r.Version != base {
		return r, errs.New(errs.Conflict, "the route was changed meanwhile").WithHint("Compare, and save again on top of it.")
	}
	if d, err = d.check(r.HasSecret()); err != nil {
		return r, err
	}
	if r.Kind == Email && r.HasSecret() && d.Secret == "" && !d.Forget && r.Settings["host"] != d.Settings["host"] {
		return r, errs.New(errs.Invalid, "the server is another one").At("secret").WithHint("Give the password again: the one that is kept is sent to no other server.")
	}
	r.Version++
	err = s.Tx.InTx(ctx, func(ctx context.Context) error { return s.save(ctx, scope, now, &r, d, "notify.route_changed") })
	return r, err
}

// save writes a route and its ledger entry. The entry says that there is a secret, never which.
func (s *Service) save(ctx context.Context, scope access.Scope, now time.Time, r *Route, d Draft, kind string) error {
	all, err := s.Store.Routes(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(o Route) bool { return o.ID != r.ID && strings.EqualFold(o.Name, d.Name) }) {
		return errs.New(errs.Conflict, "there is a route %q already", d.Name).At("name").WithHint("Choose another name.")
	}
	r.Name, r.Kind, r.Settings, r.Events, r.Enabled, r.Changed, r.By = d.Name, d.Kind, d.Settings, d.Events, d.Enabled, now, scope.Actor()
	switch {
	case d.Secret != "":
		if r.Sealed, err = s.Sealer.Seal([]byte(d.Secret), sealContext(r.ID)); err != nil {
			return err
		}
	case d.Forget:
		r.Sealed = ""
	}
	if err := s.Store.Save(ctx, scope, *r); err != nil {
		return err
	}
	events := make([]string, len(r.Events))
	for i, e := range r.Events {
		events[i] = string(e)
	}
	_, err = s.Ledger.Append(ctx, scope, now, kind, string(r.ID), map[string]any{"name": r.Name, "kind": string(r.Kind), "version": r.Version, "settings": r.Settings,
		"events": events, "enabled": r.Enabled, "secret": r.HasSecret(), "secret_changed": d.Secret != ""})
	return err
}

func sealContext(id RouteID) string { return "notification route " + string(id) }

// Remove takes a route away. What it sent stays on record.
func (s *Service) Remove(ctx context.Context, scope access.Scope, now time.Time, id RouteID) error {
	if err := scope.Require(access.ManageConnection); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		r, err := s.Store.Route(ctx, scope.ReadScope, id)
		if err != nil {
			return err
		}
		if err := s.Store.Remove(ctx, scope, id, now); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "notify.route_removed", string(id), map[string]any{"name": r.Name})
		return err
	})
}

// MailsPeople reports whether e-mail goes to the people of the directory about what is asked of them.
func (s *Service) MailsPeople(ctx context.Context, scope access.ReadScope) (bool, error) {
	routes, err := s.Routes(ctx, scope)
	return slices.ContainsFunc(routes, func(r Route) bool {
		return r.Kind == Email && (r.Carries(DutyOpened) || r.Carries(DutyDue) || r.Carries(DutyOverdue))
	}), err
}

// MailsReaders reports whether a route can send readers of a report their link.
func (s *Service) MailsReaders(ctx context.Context, scope access.ReadScope) (bool, error) {
	routes, err := s.Store.Routes(ctx, scope)
	return slices.ContainsFunc(routes, func(r Route) bool { return r.Kind == Email && r.Carries(ReportShared) }), err
}

// Test sends a message through a route at once and says what came of it, as an error or nil. The attempt is kept with the
// others.
func (s *Service) Test(ctx context.Context, scope access.Scope, now time.Time, route RouteID) error {
	if err := scope.Require(access.ManageConnection); err != nil {
		return err
	}
	r, err := s.Store.Route(ctx, scope.ReadScope, route)
	if err != nil {
		return err
	}
	mid := id.New("msg", now)
	m := Message{ID: mid, Key: "test:" + mid, Event: EventTest, Subject: "Test message", Link: "/", At: now,
		Text: "This is a test of the route “" + r.Name + "”. Nothing needs to be done.", Person: access.UserID(scope.Actor())}
	var mine []Delivery
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.Store.Post(ctx, scope, "", "", []Route{r}, []Message{m}); err != nil {
			return err
		}
		if _, err := s.Ledger.Append(ctx, scope, now, "notify.route_tested", string(route), map[string]any{"name": r.Name}); err != nil {
			return err
		}
		all, err := s.Store.Deliveries(ctx, scope.ReadScope, DeliveryFilter{Route: route, Event: EventTest, Status: Waiting}, paging.Query{Size: 20})
		mine = slices.DeleteFunc(all.Rows, func(d Delivery) bool { return d.Message.ID != mid })
		return err
	})
	if err != nil {
		return err
	}
	if len(mine) != 1 {
		return errs.New(errs.Internal, "the test message is gone")
	}
	sent := s.send(ctx, scope, now, r, mine[0])
	d := mine[0]
	d.Attempts, d.Status, d.Done = 1, Sent, &now
	if sent != nil {
		d.Status, d.Error = Failed, reason(sent)
	}
	return errors.Join(sent, s.Store.Settle(ctx, scope, d))
}

// Follow lets the followers look at what happened, and keeps what they tell. A follower that fails holds no other up.
func (s *Service) Follow(ctx context.Context, scope access.Scope, now time.Time) (int, error) {
	routes, err := s.Store.Routes(ctx, scope.ReadScope)
	if err != nil {
		return 0, err
	}
	total := 0
	var faults []error
	for _, f := range s.Followers {
		cursor, err := s.Store.Cursor(ctx, scope.ReadScope, f.Name())
		if err == nil {
			var m []Message
			var next string
			if m, next, err = f.Follow(ctx, scope.ReadScope, now, cursor); err == nil && (len(m) > 0 || next != cursor) {
				var n int
				n, err = s.Store.Post(ctx, scope, f.Name(), next, routes, tidy(m, now))
				total += n
			}
		}
		if err != nil {
			faults = append(faults, errs.Wrap(err, "follow %s", f.Name()))
		}
	}
	return total, errors.Join(faults...)
}

// tidy gives messages what they lack and takes out what a header or a line may not hold.
func tidy(in []Message, now time.Time) []Message {
	out := make([]Message, len(in))
	for i, m := range in {
		m.ID, m.At = id.New("msg", now), now.Add(-time.Duration(len(in)-1-i)*time.Microsecond) // later ones of a pass are later
		m.Subject = OneLine(m.Subject, 150)
		if r := []rune(m.Text); len(r) > 2000 {
			m.Text = string(r[:2000]) + "…"
		}
		out[i] = m
	}
	return out
}

// OneLine makes a text fit for a subject: control and direction characters out, at most so many characters.
func OneLine(s string, most int) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c) && c != '\u200d':
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}

// Deliver sends what waits, and says how many messages went out. A route that fails holds no other up.
func (s *Service) Deliver(ctx context.Context, scope access.Scope, now time.Time) (int, error) {
	claimed, err := s.Store.Claim(ctx, scope, now, 50)
	if err != nil || len(claimed) == 0 {
		return 0, err
	}
	routes, err := s.Store.Routes(ctx, scope.ReadScope)
	if err != nil {
		return 0, err
	}
	sent := 0
	for _, d := range claimed {
		i := slices.IndexFunc(routes, func(r Route) bool { return r.ID == d.Route })
		d.Attempts++
		var failed error
		if i < 0 || !routes[i].Enabled {
			failed = errs.New(errs.Invalid, "the route was removed or switched off before the message went out")
		} else {
			failed = s.send(ctx, scope, now, routes[i], d)
		}
		if ctx.Err() != nil {
			return sent, ctx.Err() // the lease ends, and another attempt is made
		}
		if err := s.Store.Settle(ctx, scope, settled(d, now, failed)); err != nil {
			return sent, err
		}
		if failed == nil {
			sent++
		}
	}
	return sent, nil
}

// settled is a delivery after an attempt.
func settled(d Delivery, now time.Time, err error) Delivery {
	switch {
	case err == nil:
		d.Status, d.Error, d.Done = Sent, "", &now
	case (errs.Is(err, errs.Unavailable) || errs.Is(err, errs.Exhausted)) && d.Attempts <= len(backoff) && now.Sub(d.Message.At) < maxWaiting:
		d.Error, d.Next = reason(err), now.Add(backoff[d.Attempts-1])
	default:
		d.Status, d.Error, d.Done = Failed, reason(err), &now
	}
	return d
}

// reason is what a log of deliveries says about an error: its own words, shortened. Senders put no secret into errors.
func reason(err error) string {
	return OneLine(err.Error(), 300)
}

func (s *Service) send(ctx context.Context, scope access.Scope, now time.Time, r Route, d Delivery) error {
	sender := s.Senders[r.Kind]
	if sender == nil {
		return errs.New(errs.Internal, "nothing sends by %s", r.Kind)
	}
	p := Parcel{Delivery: d.ID, Settings: r.Settings, Message: d.Message, At: now}
	if d.Message.Link != "" {
		p.Link = s.URL() + d.Message.Link
	}
	if d.Message.Personal != "" && s.Personal != nil {
		path, err := s.Personal(ctx, scope, now, d.Message.Personal)
		if err != nil {
			return err
		}
		p.Link = s.URL() + path
	}
	if r.Sealed != "" {
		plain, err := s.Sealer.Open(r.Sealed, sealContext(r.ID))
		if err != nil {
			return errs.As(errs.Internal, err, "the secret of the route cannot be opened")
		}
		p.Secret = string(plain)
	}
	o, err := s.People.Org(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	p.Org, p.OrgID = o.Name, string(o.ID)
	if r.Kind == PagerDuty && !d.Message.Event.ends() { // a retry must not open again what was closed meanwhile
		over, err := s.Store.Ended(ctx, scope.ReadScope, d.Message)
		if err != nil {
			return err
		}
		if over {
			return errs.New(errs.Conflict, "what it is about was closed before it could be told, and is not opened again")
		}
	}
	if r.Kind == Email {
		if p.To, err = s.recipients(ctx, scope.ReadScope, r, d.Message); err != nil {
			return err
		}
		if len(p.To) == 0 {
			return nil // it concerns nobody this route knows
		}
	}
	return sender.Send(ctx, p)
}

// recipients are the addresses of a route and, if it says so, the person the message is about.
func (s *Service) recipients(ctx context.Context, scope access.ReadScope, r Route, m Message) ([]string, error) {
	if m.To != "" {
		if one, err := Recipients(m.To); err != nil || len(one) != 1 {
			return nil, errs.New(errs.Invalid, "the directory holds no e-mail address that can be used: %q", OneLine(m.To, 80))
		}
		return []string{m.To}, nil
	}
	to, err := Recipients(r.Settings["to"])
	if err != nil || r.Settings["person"] != "yes" || m.Person == "" {
		return to, err
	}
	all, err := s.People.Members(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.ID == m.Person && !p.Disabled && !slices.Contains(to, p.Email) {
			to = append(to, p.Email)
		}
	}
	return to, nil
}

// Stage is which reminder of a due day an instant calls for: a week before, the day itself, a week after; false for none.
func Stage(due, now time.Time) (string, bool) {
	switch d := now.Sub(due); {
	case d < -7*24*time.Hour, d >= 30*24*time.Hour: // what is a month old is a gap, no reminder
		return "", false
	case d < 0:
		return "before", true
	case d < 7*24*time.Hour:
		return "day", true
	}
	return "after", true
}

// ReminderKey is the key of a reminder: once for each thing, due day and stage.
func ReminderKey(e Event, what string, due time.Time, stage string) string {
	return fmt.Sprintf("%s:%s:%s:%s", e, what, due.UTC().Format(time.DateOnly), stage)
}
