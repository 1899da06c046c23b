// Package requestsql keeps the auditor's requests in the records database.
package requestsql

import (
	"context"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/request"
)

// Store implements request.Store and request.Remarks.
type Store struct{ DB *sqldb.DB }

const columns = `r.id, r.engagement, r.ref, r.kind, r.control, r.criterion, r.title, r.text, r.from_day, r.to_day, r.due_day, r.owner, r.state, r.reason, r.answer, r.ipe,
	r.asked_at, r.asked_by, r.provided_at, r.provided_by, r.decided_at, r.decided_by, r.version, r.updated_at, (SELECT count(*) FROM request_piece p WHERE p.request_id = r.id)`

func scan(row sqldb.Row) (request.Request, error) {
	var r request.Request
	var from, to, asked, updated int64
	var provided, decided *int64
	err := row.Scan(&r.ID, &r.Engagement, &r.Ref, &r.Kind, &r.Control, &r.Criterion, &r.Title, &r.Text.Text, &from, &to, &r.Due, &r.Owner, &r.State, &r.Reason, &r.Answer, &r.IPE,
		&asked, &r.AskedBy, &provided, &r.ProvidedBy, &decided, &r.DecidedBy, &r.Version, &updated, &r.Pieces)
	r.Period = period.Period{From: period.Date(from), To: period.Date(to)}
	r.Asked, r.Updated, r.Provided, r.Decided = sqldb.Time(asked), sqldb.Time(updated), sqldb.TimePtr(provided), sqldb.TimePtr(decided)
	return r, err
}

// Add inserts requests of one engagement with the next numbers.
func (s *Store) Add(ctx context.Context, scope access.Scope, all []request.Request) ([]request.Request, error) {
	if len(all) == 0 {
		return nil, nil
	}
	out := make([]request.Request, len(all))
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		var last int
		if err := s.DB.QueryRow(ctx, []any{&last}, `INSERT INTO request_counter (org_id, engagement, n) VALUES ($1, $2, $3)
			ON CONFLICT (org_id, engagement) DO UPDATE SET n = request_counter.n + $3 RETURNING n`, string(scope.Org()), all[0].Engagement, len(all)); err != nil {
			return err
		}
		for i, r := range all {
			number := last - len(all) + i + 1
			if r.Ref = fmt.Sprintf("R-%03d", number); r.State == request.Draft {
				r.Ref = fmt.Sprintf("D-%03d", number)
			}
			if _, err := s.DB.Exec(ctx, `INSERT INTO request_request (org_id, number, id, engagement, ref, kind, control, criterion, title, text, from_day, to_day, due_day, owner, state, reason,
					answer, ipe, asked_at, asked_by, provided_at, provided_by, decided_at, decided_by, version, updated_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)`,
				string(scope.Org()), number, string(r.ID), r.Engagement, r.Ref, string(r.Kind), r.Control, r.Criterion, r.Title, r.Text.Text, int64(r.Period.From), int64(r.Period.To), int64(r.Due),
				string(r.Owner), string(r.State), r.Reason, r.Answer, r.IPE, r.Asked.UnixMicro(), r.AskedBy, sqldb.MicrosPtr(r.Provided), r.ProvidedBy, sqldb.MicrosPtr(r.Decided), r.DecidedBy,
				r.Version, r.Updated.UnixMicro()); err != nil {
				return err
			}
			if err := s.event(ctx, r.ID, request.Event{At: r.Asked, Actor: r.AskedBy, Kind: request.WasAsked, Became: r.Title}); err != nil {
				return err
			}
			out[i] = r
		}
		return nil
	})
	return out, err
}

func (s *Store) event(ctx context.Context, id request.ID, e request.Event) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO request_event (request_id, n, at, actor, kind, field, was, became)
		VALUES ($1, (SELECT COALESCE(max(x.n), 0) + 1 FROM request_event x WHERE x.request_id = $1), $2, $3, $4, $5, $6, $7)`,
		string(id), e.At.UnixMicro(), e.Actor, string(e.Kind), e.Field, e.Was, e.Became)
	return err
}

// Save moves a request forward from base.
func (s *Store) Save(ctx context.Context, scope access.Scope, r request.Request, base int, events []request.Event) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE request_request SET kind = $4, control = $5, criterion = $6, title = $7, text = $8, from_day = $9, to_day = $10, due_day = $11, owner = $12, state = $13,
				reason = $14, answer = $15, ipe = $16, provided_at = $17, provided_by = $18, decided_at = $19, decided_by = $20, version = $21, updated_at = $22
			WHERE org_id = $1 AND id = $2 AND version = $3`,
			string(scope.Org()), string(r.ID), base, string(r.Kind), r.Control, r.Criterion, r.Title, r.Text.Text, int64(r.Period.From), int64(r.Period.To), int64(r.Due), string(r.Owner),
			string(r.State), r.Reason, r.Answer, r.IPE, sqldb.MicrosPtr(r.Provided), r.ProvidedBy, sqldb.MicrosPtr(r.Decided), r.DecidedBy, r.Version, r.Updated.UnixMicro())
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "%s was changed meanwhile", r.Ref)
		}
		if r.State == request.Provided && r.Provided != nil {
			if _, err := s.DB.Exec(ctx, `UPDATE request_piece SET handed_at = $2 WHERE request_id = $1 AND handed_at IS NULL`, string(r.ID), r.Provided.UnixMicro()); err != nil {
				return err
			}
		}
		for _, e := range events {
			if err := s.event(ctx, r.ID, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Drop removes a draft.
func (s *Store) Drop(ctx context.Context, scope access.Scope, id request.ID, base int) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		org := string(scope.Org())
		if _, err := s.DB.Exec(ctx, `DELETE FROM request_event WHERE request_id IN (SELECT id FROM request_request WHERE org_id = $1 AND id = $2 AND version = $3 AND state = 'draft')`, org, string(id), base); err != nil {
			return err
		}
		n, err := s.DB.Exec(ctx, `DELETE FROM request_request WHERE org_id = $1 AND id = $2 AND version = $3 AND state = 'draft'`, org, string(id), base)
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "the draft was changed meanwhile").WithHint("Look at the list again.")
		}
		return err
	})
}

// Note adds an event that changes nothing.
func (s *Store) Note(ctx context.Context, scope access.Scope, id request.ID, e request.Event) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE request_request SET updated_at = $3 WHERE org_id = $1 AND id = $2`, string(scope.Org()), string(id), e.At.UnixMicro())
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "no request %s", id)
		}
		return s.event(ctx, id, e)
	})
}

// Request reads a request by identifier or reference.
func (s *Store) Request(ctx context.Context, scope access.ReadScope, engagement, idOrRef string) (request.Request, error) {
	r, err := sqldb.One(ctx, s.DB, scan, `SELECT `+columns+` FROM request_request r WHERE r.org_id = $1 AND r.engagement = $2 AND (r.id = $3 OR r.ref = $3)`,
		string(scope.Org()), engagement, idOrRef)
	if errs.Is(err, errs.NotFound) {
		return r, errs.New(errs.NotFound, "no request %s", idOrRef).WithHint("Look at the list of requests.")
	}
	return r, err
}

var sorts = map[string]string{
	"ref": "r.number", "title": "lower(r.title)", "kind": "r.kind", "control": "r.control", "state": "r.state", "due": "r.due_day", "owner": "r.owner", "updated": "r.updated_at",
}

// Requests lists requests: what waits for the client first, by its day.
func (s *Store) Requests(ctx context.Context, scope access.ReadScope, f request.Filter, q paging.Query) (paging.Result[request.Request], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`r.org_id = ?`, string(scope.Org()))
	w.AddIf(f.Engagement != "", `r.engagement = ?`, f.Engagement)
	var states []string
	for _, x := range f.States {
		states = append(states, string(x))
	}
	w.In(`r.state`, states)
	w.AddIf(f.Kind != "", `r.kind = ?`, string(f.Kind))
	w.AddIf(f.Control != "", `r.control = ?`, f.Control)
	w.AddIf(f.Prefix != "", `r.control LIKE ? ESCAPE '!'`, strings.TrimPrefix(sqldb.Like(f.Prefix+"-"), "%"))
	w.AddIf(f.Owner != "", `r.owner = ?`, string(f.Owner))
	w.AddIf(f.Unowned, `r.owner = ''`)
	w.AddIf(f.Overdue != 0, `r.state IN ('open', 'rejected') AND r.due_day < ?`, int64(f.Overdue))
	w.AddIf(f.DueBy != 0, `r.due_day <= ?`, int64(f.DueBy))
	w.In(`r.ref`, f.Refs)
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(r.ref) LIKE ? ESCAPE '!' OR lower(r.title) LIKE ? ESCAPE '!' OR lower(r.text) LIKE ? ESCAPE '!' OR lower(r.control) LIKE ? ESCAPE '!' OR lower(r.criterion) LIKE ? ESCAPE '!')`, text, text, text, text, text)
	}
	res := paging.Result[request.Request]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM request_request r WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+` FROM request_request r WHERE `+w.SQL()+
		sqldb.OrderBy(sorts, q.Sort, q.Desc, `CASE WHEN r.state IN ('open', 'rejected') THEN 0 WHEN r.state = 'provided' THEN 1 ELSE 2 END, r.due_day, r.number`, "r.number")+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// History lists everything that happened to a request, oldest first.
func (s *Store) History(ctx context.Context, scope access.ReadScope, id request.ID) ([]request.Event, error) {
	return sqldb.Collect(ctx, s.DB, func(row sqldb.Row) (request.Event, error) {
		var e request.Event
		var at int64
		err := row.Scan(&e.N, &at, &e.Actor, &e.Kind, &e.Field, &e.Was, &e.Became)
		e.At = sqldb.Time(at)
		return e, err
	}, `SELECT e.n, e.at, e.actor, e.kind, e.field, e.was, e.became FROM request_event e JOIN request_request r ON r.id = e.request_id
		WHERE r.org_id = $1 AND e.request_id = $2 ORDER BY e.n`, string(scope.Org()), string(id))
}

// Counts counts the requests of an engagement by state.
func (s *Store) Counts(ctx context.Context, scope access.ReadScope, engagement string) (request.Counts, error) {
	out := request.Counts{}
	_, err := sqldb.Collect(ctx, s.DB, func(row sqldb.Row) (struct{}, error) {
		var state request.State
		var n int64
		err := row.Scan(&state, &n)
		out[state] = int(n)
		return struct{}{}, err
	}, `SELECT state, count(*) FROM request_request WHERE org_id = $1 AND engagement = $2 GROUP BY state`, string(scope.Org()), engagement)
	return out, err
}
