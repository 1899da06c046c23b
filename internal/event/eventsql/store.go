// Package eventsql keeps sources of events, what could not be read, and the list of segments in the records database.
package eventsql

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements event.Store, event.Keys and event.Segments.
type Store struct{ DB *sqldb.DB }

const sourceColumns = `id, ref, name, log, state, edit, token_hint, silent_after, per_second, made_at, made_by,
	events, duplicates, refused, late, disordered, ahead, undated, last_event, last_arrival, usual_gap, delay, COALESCE(lost, 0)`

func scanSource(r sqldb.Row) (event.Source, error) {
	var s event.Source
	var silent, made, last, arrival, gap, delay int64
	err := r.Scan(&s.ID, &s.Ref, &s.Name, &s.Log, &s.State, &s.Edit, &s.TokenHint, &silent, &s.PerSecond, &made, &s.MadeBy,
		&s.Events, &s.Duplicates, &s.Tally.Refused, &s.Late, &s.Disordered, &s.Ahead, &s.Undated, &last, &arrival, &gap, &delay, &s.Lost)
	s.Silent, s.UsualGap, s.Delay = span(silent), span(gap), span(delay)
	s.Made, s.LastEvent, s.LastArrival = sqldb.Time(made), instant(last), instant(arrival)
	return s, err
}

func span(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

// instant is a time that may not be there: 0.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return sqldb.Time(us)
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// AddSource gives a source the next reference of its organisation and keeps it.
func (s *Store) AddSource(ctx context.Context, scope access.Scope, x event.Source, tokenHash string) (event.Source, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(number), 0) + 1 FROM event_source WHERE org_id = $1`, string(scope.Org()))
		if err != nil {
			return err
		}
		x.Ref = fmt.Sprintf("SRC-%d", n)
		added, err := s.DB.Exec(ctx, `INSERT INTO event_source (id, org_id, number, ref, name, log, state, edit, token_hash, token_hint, silent_after, per_second, made_at, made_by,
			events, duplicates, refused, late, disordered, ahead, undated, last_event, last_arrival, usual_gap, delay)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING`,
			string(x.ID), string(scope.Org()), n, x.Ref, x.Name, x.Log, x.State, x.Edit, tokenHash, x.TokenHint, x.Silent.Microseconds(), x.PerSecond, x.Made.UnixMicro(), x.MadeBy)
		if err == nil && added == 0 {
			return errs.New(errs.Conflict, "there is a source %q already", x.Name).At("name").WithHint("Choose another name.")
		}
		return err
	})
	return x, err
}

// SaveSource changes a source that nobody changed meanwhile.
func (s *Store) SaveSource(ctx context.Context, scope access.Scope, x event.Source, edit int, tokenHash string) error {
	taken, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM event_source WHERE org_id = $1 AND name = $2 AND id <> $3`, string(scope.Org()), x.Name, string(x.ID))
	if err != nil {
		return err
	}
	if taken > 0 {
		return errs.New(errs.Conflict, "there is a source %q already", x.Name).At("name").WithHint("Choose another name.")
	}
	n, err := s.DB.Exec(ctx, `UPDATE event_source SET name = $4, state = $5, edit = $6, token_hint = $7, silent_after = $8, per_second = $9,
		token_hash = CASE WHEN $10 = '' THEN token_hash ELSE $10 END WHERE org_id = $1 AND id = $2 AND edit = $3`,
		string(scope.Org()), string(x.ID), edit, x.Name, x.State, x.Edit, x.TokenHint, x.Silent.Microseconds(), x.PerSecond, tokenHash)
	if err != nil || n > 0 {
		return err
	}
	now, err := s.Source(ctx, scope.ReadScope, string(x.ID))
	if err != nil {
		return err
	}
	return errs.New(errs.Conflict, "%s was changed meanwhile", now.Ref).WithHint("Look at it again, then repeat the change.")
}

// Source reads one source by its identifier or reference.
func (s *Store) Source(ctx context.Context, scope access.ReadScope, idOrRef string) (event.Source, error) {
	x, err := sqldb.One(ctx, s.DB, scanSource, `SELECT `+sourceColumns+` FROM event_source WHERE org_id = $1 AND (id = $2 OR ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return x, errs.New(errs.NotFound, "no source of events %q", idOrRef).WithHint("tickmark event source list shows those there are.")
	}
	return x, err
}

// Sources lists all of an organisation, the oldest first.
func (s *Store) Sources(ctx context.Context, scope access.ReadScope) ([]event.Source, error) {
	return sqldb.Collect(ctx, s.DB, scanSource, `SELECT `+sourceColumns+` FROM event_source WHERE org_id = $1 ORDER BY number`, string(scope.Org()))
}

// SourceByToken finds the source of a token, in whichever organisation. It implements event.Keys.
func (s *Store) SourceByToken(ctx context.Context, tokenHash string) (access.OrgID, event.Source, error) {
	type found struct {
		org access.OrgID
		event.Source
	}
	x, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (found, error) {
		var f found
		err := r.Scan(&f.org, &f.ID)
		return f, err
	}, `SELECT org_id, id FROM event_source WHERE token_hash = $1`, tokenHash)
	if err != nil {
		return "", event.Source{}, err
	}
	x.Source, err = sqldb.One(ctx, s.DB, scanSource, `SELECT `+sourceColumns+` FROM event_source WHERE id = $1`, string(x.ID))
	return x.org, x.Source, err
}

// SetTally keeps what a source sent.
func (s *Store) SetTally(ctx context.Context, scope access.Scope, id event.SourceID, t event.Tally) error {
	_, err := s.DB.Exec(ctx, `UPDATE event_source SET events = $3, duplicates = $4, refused = $5, late = $6, disordered = $7, ahead = $8, undated = $9, last_event = $10,
		last_arrival = $11, usual_gap = $12, delay = $13, lost = $14 WHERE org_id = $1 AND id = $2`, string(scope.Org()), string(id), t.Events, t.Duplicates, t.Refused, t.Late, t.Disordered, t.Ahead, t.Undated,
		micros(t.LastEvent), micros(t.LastArrival), t.UsualGap.Microseconds(), t.Delay.Microseconds(), t.Lost)
	return err
}

// PutRefused keeps records; one that is there already is counted.
func (s *Store) PutRefused(ctx context.Context, scope access.Scope, refused []event.Refused) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		for _, r := range refused {
			sum := sha256.Sum256(r.Record)
			if _, err := s.DB.Exec(ctx, `INSERT INTO event_refused (id, org_id, source_id, sha256, reason, record, bytes, times, first_at, last_at, state)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
				ON CONFLICT (source_id, sha256) DO UPDATE SET times = event_refused.times + $8, last_at = $9, reason = $5`,
				r.ID, string(scope.Org()), string(r.Source), hex.EncodeToString(sum[:]), r.Reason, base64.StdEncoding.EncodeToString(r.Record), len(r.Record), max(r.Times, 1), r.Last.UnixMicro(), event.Waiting); err != nil {
				return err
			}
		}
		return nil
	})
}

// CountRefused counts those of a source that wait.
func (s *Store) CountRefused(ctx context.Context, scope access.ReadScope, id event.SourceID) (int64, error) {
	return sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM event_refused WHERE org_id = $1 AND source_id = $2 AND state = $3`, string(scope.Org()), string(id), event.Waiting)
}

const refusedColumns = `id, source_id, reason, record, times, first_at, last_at, state`

func scanRefused(r sqldb.Row) (event.Refused, error) {
	var x event.Refused
	var record string
	var first, last int64
	err := r.Scan(&x.ID, &x.Source, &x.Reason, &record, &x.Times, &first, &last, &x.State)
	if err != nil {
		return x, err
	}
	x.First, x.Last = sqldb.Time(first), sqldb.Time(last)
	x.Record, err = base64.StdEncoding.DecodeString(record)
	return x, err
}

// refusedOrders are the orders in which records that could not be read are listed.
var refusedOrders = map[string]string{"last": "last_at", "first": "first_at", "times": "times", "reason": "lower(reason)", "bytes": "bytes", "state": "state"}

// Refused lists records, those that came last first.
func (s *Store) Refused(ctx context.Context, scope access.ReadScope, f event.RefusedFilter, q paging.Query) (paging.Result[event.Refused], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.Source != "", `source_id = ?`, string(f.Source))
	w.AddIf(f.State != "", `state = ?`, f.State)
	if len(f.IDs) > 0 {
		w.In(`id`, f.IDs)
	}
	w.AddIf(q.Search != "", `lower(reason) LIKE ? ESCAPE '!'`, sqldb.LikeLower(q.Search))
	out := paging.Result[event.Refused]{Query: q}
	n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM event_refused WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return out, err
	}
	out.Total = int(n)
	order := `last_at DESC, id`
	if by := refusedOrders[q.Sort]; by != "" {
		order = by + `, id`
		if q.Desc {
			order = by + ` DESC, id`
		}
	}
	out.Rows, err = sqldb.Collect(ctx, s.DB, scanRefused, `SELECT `+refusedColumns+` FROM event_refused WHERE `+w.SQL()+` ORDER BY `+order+` `+w.Page(q.Size, q.Offset()), w.Args()...)
	return out, err
}

// RefusedRecord reads one record that could not be read.
func (s *Store) RefusedRecord(ctx context.Context, scope access.ReadScope, id string) (event.Refused, error) {
	x, err := sqldb.One(ctx, s.DB, scanRefused, `SELECT `+refusedColumns+` FROM event_refused WHERE org_id = $1 AND id = $2`, string(scope.Org()), id)
	if errs.Is(err, errs.NotFound) {
		return x, errs.New(errs.NotFound, "no record %q was put aside", id)
	}
	return x, err
}

// SetRefused changes the state of records that wait.
func (s *Store) SetRefused(ctx context.Context, scope access.Scope, ids []string, state string) (n int64, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		for _, id := range ids {
			one, err := s.DB.Exec(ctx, `UPDATE event_refused SET state = $3 WHERE org_id = $1 AND id = $2 AND state = $4`, string(scope.Org()), id, state, event.Waiting)
			if err != nil {
				return err
			}
			n += one
		}
		return nil
	})
	return n, err
}

// Receipts lists what a source was answered since an instant.
func (s *Store) Receipts(ctx context.Context, scope access.ReadScope, id event.SourceID, since time.Time) ([]event.Receipt, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (event.Receipt, error) {
		var x event.Receipt
		var at int64
		err := r.Scan(&x.Key, &x.Body, &x.Position, &x.Accepted, &x.Duplicates, &x.Refused, &at)
		x.At = sqldb.Time(at)
		return x, err
	}, `SELECT key, body, position, accepted, duplicates, refused, at FROM event_receipt WHERE org_id = $1 AND source_id = $2 AND at >= $3 ORDER BY at`, string(scope.Org()), string(id), since.UnixMicro())
}

// PutReceipts keeps receipts and removes those from before an instant.
func (s *Store) PutReceipts(ctx context.Context, scope access.Scope, id event.SourceID, receipts []event.Receipt, forget time.Time) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `DELETE FROM event_receipt WHERE org_id = $1 AND source_id = $2 AND at < $3`, string(scope.Org()), string(id), forget.UnixMicro()); err != nil {
			return err
		}
		for _, r := range receipts {
			if _, err := s.DB.Exec(ctx, `INSERT INTO event_receipt (source_id, key, org_id, body, position, accepted, duplicates, refused, at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
				string(id), r.Key, string(scope.Org()), r.Body, r.Position, r.Accepted, r.Duplicates, r.Refused, r.At.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
}
