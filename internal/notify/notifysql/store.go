// Package notifysql keeps routes, messages and deliveries in the records database.
package notifysql

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements notify.Store.
type Store struct{ DB *sqldb.DB }

const routeColumns = `id, name, kind, settings, sealed, events, enabled, version, created_at, changed_at, changed_by`

func scanRoute(r sqldb.Row) (notify.Route, error) {
	var x notify.Route
	var settings, events string
	var created, changed int64
	if err := r.Scan(&x.ID, &x.Name, &x.Kind, &settings, &x.Sealed, &events, &x.Enabled, &x.Version, &created, &changed, &x.By); err != nil {
		return x, err
	}
	x.Created, x.Changed = sqldb.Time(created), sqldb.Time(changed)
	if err := json.Unmarshal([]byte(settings), &x.Settings); err != nil {
		return x, errs.As(errs.Internal, err, "settings of route %s", x.ID)
	}
	return x, errs.As(errs.Internal, json.Unmarshal([]byte(events), &x.Events), "events of route %s", x.ID)
}

// Routes lists the routes by name.
func (s *Store) Routes(ctx context.Context, scope access.ReadScope) ([]notify.Route, error) {
	return sqldb.Collect(ctx, s.DB, scanRoute, `SELECT `+routeColumns+` FROM notify_route WHERE org_id = $1 AND removed_at IS NULL ORDER BY lower(name), id`, string(scope.Org()))
}

// Route reads one route.
func (s *Store) Route(ctx context.Context, scope access.ReadScope, id notify.RouteID) (notify.Route, error) {
	r, err := sqldb.One(ctx, s.DB, scanRoute, `SELECT `+routeColumns+` FROM notify_route WHERE org_id = $1 AND id = $2 AND removed_at IS NULL`, string(scope.Org()), string(id))
	if errs.Is(err, errs.NotFound) {
		return r, errs.New(errs.NotFound, "no notification route %s", id)
	}
	return r, err
}

// Save inserts the first version of a route, or replaces the one before.
func (s *Store) Save(ctx context.Context, scope access.Scope, r notify.Route) error {
	settings, err := json.Marshal(r.Settings)
	if err != nil {
		return errs.As(errs.Internal, err, "settings of a route")
	}
	events, err := json.Marshal(r.Events)
	if err != nil {
		return errs.As(errs.Internal, err, "events of a route")
	}
	org := string(scope.Org())
	if r.Version == 1 {
		_, err = s.DB.Exec(ctx, `INSERT INTO notify_route (org_id, `+routeColumns+`, removed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL)`,
			org, string(r.ID), r.Name, string(r.Kind), string(settings), r.Sealed, string(events), r.Enabled, r.Version, r.Created.UnixMicro(), r.Changed.UnixMicro(), r.By)
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE notify_route SET name = $3, settings = $4, sealed = $5, events = $6, enabled = $7, version = $8, changed_at = $9, changed_by = $10
		WHERE org_id = $1 AND id = $2 AND version = $8 - 1 AND removed_at IS NULL`,
		org, string(r.ID), r.Name, string(settings), r.Sealed, string(events), r.Enabled, r.Version, r.Changed.UnixMicro(), r.By)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the route was changed meanwhile").WithHint("Compare, and save again on top of it.")
	}
	return err
}

// Remove takes a route away and forgets its secret. What waits on it is given up.
func (s *Store) Remove(ctx context.Context, scope access.Scope, id notify.RouteID, at time.Time) error {
	n, err := s.DB.Exec(ctx, `UPDATE notify_route SET removed_at = $3, sealed = '', enabled = FALSE WHERE org_id = $1 AND id = $2 AND removed_at IS NULL`, string(scope.Org()), string(id), at.UnixMicro())
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.New(errs.NotFound, "no notification route %s", id)
	}
	_, err = s.DB.Exec(ctx, `UPDATE notify_delivery SET status = 'failed', error = 'The route was removed.', done_at = $3 WHERE org_id = $1 AND route_id = $2 AND status = 'waiting'`,
		string(scope.Org()), string(id), at.UnixMicro())
	return err
}

// Cursor is where a follower stands.
func (s *Store) Cursor(ctx context.Context, scope access.ReadScope, follower string) (string, error) {
	c, err := sqldb.One(ctx, s.DB, sqldb.Strings, `SELECT cursor FROM notify_cursor WHERE org_id = $1 AND follower = $2`, string(scope.Org()), follower)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	}
	return c, err
}

// Post keeps new messages with their deliveries and moves the cursor, together.
func (s *Store) Post(ctx context.Context, scope access.Scope, follower, cursor string, to []notify.Route, messages []notify.Message) (int, error) {
	org, posted := string(scope.Org()), 0
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		posted = 0
		for _, m := range messages {
			n, err := s.DB.Exec(ctx, `INSERT INTO notify_message (org_id, id, key, event, subject, text, link, person, at, to_address, personal, level) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (org_id, key) DO NOTHING`,
				org, m.ID, m.Key, string(m.Event), m.Subject, m.Text, m.Link, string(m.Person), m.At.UnixMicro(), m.To, m.Personal, m.Level)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			posted++
			for _, r := range to {
				if !r.Takes(m) {
					continue
				}
				if _, err := s.DB.Exec(ctx, `INSERT INTO notify_delivery (org_id, id, route_id, message_id, status, attempts, error, next_at, done_at) VALUES ($1, $2, $3, $4, 'waiting', 0, '', $5, NULL)`,
					org, id.New("dlv", m.At), string(r.ID), m.ID, m.At.UnixMicro()); err != nil {
					return err
				}
			}
		}
		if follower == "" {
			return nil
		}
		_, err := s.DB.Exec(ctx, `INSERT INTO notify_cursor (org_id, follower, cursor) VALUES ($1, $2, $3) ON CONFLICT (org_id, follower) DO UPDATE SET cursor = excluded.cursor`, org, follower, cursor)
		return err
	})
	return posted, errs.Wrap(err, "keep messages")
}

const messageColumns = `m.id, m.key, m.event, m.subject, m.text, m.link, m.person, m.at, COALESCE(m.to_address, ''), COALESCE(m.personal, ''), COALESCE(m.level, '')`

func scanMessage(r sqldb.Row) (notify.Message, error) {
	var m notify.Message
	var at int64
	err := r.Scan(&m.ID, &m.Key, &m.Event, &m.Subject, &m.Text, &m.Link, &m.Person, &at, &m.To, &m.Personal, &m.Level)
	m.At = sqldb.Time(at)
	return m, err
}

// Ended says whether what a message is about was told to be closed after it.
func (s *Store) Ended(ctx context.Context, scope access.ReadScope, m notify.Message) (bool, error) {
	n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM notify_message WHERE org_id = $1 AND at > $2 AND link = $3 AND link <> '' AND event IN ($4, $5)`,
		string(scope.Org()), m.At.UnixMicro(), m.Link, string(notify.AlertClosed), string(notify.IncidentClosed))
	return n > 0, err
}

// Messages lists what concerns a person, or everything, the newest first.
func (s *Store) Messages(ctx context.Context, scope access.ReadScope, person access.UserID, q paging.Query) (paging.Result[notify.Message], error) {
	var w sqldb.Where
	w.Add(`m.org_id = ?`, string(scope.Org()))
	w.AddIf(person != "", `m.person = ?`, string(person))
	return page(ctx, s.DB, &w, q, messageColumns, `notify_message m`, `m.at DESC, m.id DESC`, scanMessage)
}

// page counts and reads one page of a list.
func page[T any](ctx context.Context, db *sqldb.DB, w *sqldb.Where, q paging.Query, columns, from, order string, scan func(sqldb.Row) (T, error)) (paging.Result[T], error) {
	q = q.Norm()
	res := paging.Result[T]{Query: q}
	total, err := sqldb.One(ctx, db, sqldb.Int, `SELECT count(*) FROM `+from+` WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, db, scan, `SELECT `+columns+` FROM `+from+` WHERE `+w.SQL()+` ORDER BY `+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

const deliveryColumns = `d.id, d.route_id, r.name, d.status, d.attempts, d.error, d.next_at, d.done_at, ` + messageColumns

const deliveryFrom = `notify_delivery d JOIN notify_route r ON r.id = d.route_id JOIN notify_message m ON m.id = d.message_id`

func scanDelivery(r sqldb.Row) (notify.Delivery, error) {
	var d notify.Delivery
	var next, at int64
	var done *int64
	m := &d.Message
	err := r.Scan(&d.ID, &d.Route, &d.RouteName, &d.Status, &d.Attempts, &d.Error, &next, &done, &m.ID, &m.Key, &m.Event, &m.Subject, &m.Text, &m.Link, &m.Person, &at, &m.To, &m.Personal, &m.Level)
	d.Next, d.Done, m.At = sqldb.Time(next), sqldb.TimePtr(done), sqldb.Time(at)
	return d, err
}

// lease is how long a claimed delivery is out of others' reach.
const lease = 3 * time.Minute

// Claim takes waiting deliveries whose time has come, as many as their routes take in an hour. Those to people of the directory are
// counted beside the others, so that a campaign holds nothing else up.
func (s *Store) Claim(ctx context.Context, scope access.Scope, now time.Time, most int) ([]notify.Delivery, error) {
	var out []notify.Delivery
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		house, err := s.claim(ctx, scope, now, most, "= ''", notify.PerHour)
		if err != nil {
			return err
		}
		people, err := s.claim(ctx, scope, now, most, "<> ''", notify.PeopleHour)
		out = append(house, people...)
		return err
	})
	return out, errs.Wrap(err, "claim deliveries")
}

// claim takes deliveries whose address of the directory is, or is not, empty.
func (s *Store) claim(ctx context.Context, scope access.Scope, now time.Time, most int, address string, perHour int64) ([]notify.Delivery, error) {
	due, err := sqldb.Collect(ctx, s.DB, scanDelivery, `SELECT `+deliveryColumns+` FROM `+deliveryFrom+`
		WHERE d.org_id = $1 AND d.status = 'waiting' AND d.next_at <= $2 AND COALESCE(m.to_address, '') `+address+` ORDER BY d.next_at, d.id LIMIT $3`, string(scope.Org()), now.UnixMicro(), most)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	var out []notify.Delivery
	left := map[notify.RouteID]int64{}
	for _, d := range due {
		if _, ok := left[d.Route]; !ok {
			sent, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM notify_delivery d JOIN notify_message m ON m.id = d.message_id
				WHERE d.route_id = $1 AND d.status = 'sent' AND d.done_at > $2 AND COALESCE(m.to_address, '') `+address, string(d.Route), now.Add(-time.Hour).UnixMicro())
			if err != nil {
				return nil, err
			}
			left[d.Route] = perHour - sent
		}
		if left[d.Route] <= 0 {
			continue
		}
		left[d.Route]--
		n, err := s.DB.Exec(ctx, `UPDATE notify_delivery SET next_at = $3 WHERE id = $1 AND status = 'waiting' AND next_at = $2`, d.ID, d.Next.UnixMicro(), now.Add(lease).UnixMicro())
		if err != nil {
			return nil, err
		}
		if n == 1 {
			out = append(out, d)
		}
	}
	return out, nil
}

// Settle writes down what an attempt came to.
func (s *Store) Settle(ctx context.Context, scope access.Scope, d notify.Delivery) error {
	_, err := s.DB.Exec(ctx, `UPDATE notify_delivery SET status = $3, attempts = $4, error = $5, next_at = $6, done_at = $7 WHERE org_id = $1 AND id = $2 AND (status = 'waiting' OR (status = 'failed' AND $3 = 'waiting'))`,
		string(scope.Org()), d.ID, string(d.Status), d.Attempts, d.Error, d.Next.UnixMicro(), sqldb.MicrosPtr(d.Done))
	return err
}

// Deliveries lists attempts, the newest message first.
func (s *Store) Deliveries(ctx context.Context, scope access.ReadScope, f notify.DeliveryFilter, q paging.Query) (paging.Result[notify.Delivery], error) {
	var w sqldb.Where
	w.Add(`d.org_id = ?`, string(scope.Org()))
	w.AddIf(f.Route != "", `d.route_id = ?`, string(f.Route))
	w.AddIf(f.Event != "", `m.event = ?`, string(f.Event))
	w.AddIf(f.Status != "", `d.status = ?`, string(f.Status))
	if q.Search != "" {
		p := sqldb.LikeLower(strings.TrimSpace(q.Search))
		w.Add(`(lower(m.subject) LIKE ? ESCAPE '!' OR lower(r.name) LIKE ? ESCAPE '!')`, p, p)
	}
	sorts := map[string]string{"at": "m.at", "route": "lower(r.name)", "event": "m.event", "status": "d.status", "subject": "lower(m.subject)", "attempts": "d.attempts"}
	order := strings.TrimPrefix(sqldb.OrderBy(sorts, q.Sort, q.Desc, "m.at DESC, d.id DESC", "d.id"), " ORDER BY ")
	return page(ctx, s.DB, &w, q, deliveryColumns, deliveryFrom, order, scanDelivery)
}
