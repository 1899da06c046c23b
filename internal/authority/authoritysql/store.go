// Package authoritysql keeps permits and judgements in the records database.
package authoritysql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements authority.Store and authority.PipelineStore.
type Store struct{ DB *sqldb.DB }

const columns = `id, ref, state, text, by_actor, created_at, approver, decided_at, why, version`

func scanPermit(r sqldb.Row) (authority.Permit, error) {
	var p authority.Permit
	var said string
	var created int64
	var decided *int64
	if err := r.Scan(&p.ID, &p.Ref, &p.State, &said, &p.By, &created, &p.Approver, &decided, &p.Why, &p.Version); err != nil {
		return p, err
	}
	p.Created, p.Decided = sqldb.Time(created), sqldb.TimePtr(decided)
	return p, errs.As(errs.Internal, json.Unmarshal([]byte(said), &p.PermitText), "text of %s", p.Ref)
}

// AddPermit keeps a permit with the next number.
func (s *Store) AddPermit(ctx context.Context, scope access.Scope, p authority.Permit) (authority.Permit, error) {
	said, err := json.Marshal(p.PermitText)
	if err != nil {
		return p, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		var n int
		if err := s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO authority_counter (org_id, n) VALUES ($1, 1)
			ON CONFLICT (org_id) DO UPDATE SET n = authority_counter.n + 1 RETURNING n`, string(scope.Org())); err != nil {
			return err
		}
		p.Ref = fmt.Sprintf("AU-%d", n)
		_, err := s.DB.Exec(ctx, `INSERT INTO authority_permit (id, org_id, ref, number, kind, title, state, from_at, to_at, text, by_actor, created_at, approver, decided_at, why, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			p.ID, string(scope.Org()), p.Ref, n, string(p.Kind), p.Title, string(p.State), p.From.UnixMicro(), p.To.UnixMicro(), string(said), p.By, p.Created.UnixMicro(), p.Approver, sqldb.MicrosPtr(p.Decided), p.Why, p.Version)
		return err
	})
	return p, errs.Wrap(err, "keep permit")
}

// ChangePermit keeps the next version of a permit.
func (s *Store) ChangePermit(ctx context.Context, scope access.Scope, p authority.Permit) error {
	n, err := s.DB.Exec(ctx, `UPDATE authority_permit SET state = $3, approver = $4, decided_at = $5, why = $6, version = $7 WHERE org_id = $1 AND id = $2 AND version = $8`,
		string(scope.Org()), p.ID, string(p.State), p.Approver, sqldb.MicrosPtr(p.Decided), p.Why, p.Version, p.Version-1)
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", p.Ref)
	}
	return nil
}

// Permit reads one by identifier or reference.
func (s *Store) Permit(ctx context.Context, scope access.ReadScope, idOrRef string) (authority.Permit, error) {
	p, err := sqldb.One(ctx, s.DB, scanPermit, `SELECT `+columns+` FROM authority_permit WHERE org_id = $1 AND (id = $2 OR ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return p, errs.New(errs.NotFound, "no permit %s", idOrRef)
	}
	return p, err
}

var permitSorts = map[string]string{"ref": "number", "title": "lower(title)", "kind": "kind", "state": "state", "from": "from_at", "to": "to_at"}

// Permits lists permits, the newest first.
func (s *Store) Permits(ctx context.Context, scope access.ReadScope, state authority.PermitState, q paging.Query) (paging.Result[authority.Permit], error) {
	q = q.Norm()
	res := paging.Result[authority.Permit]{Query: q}
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(state != "", `state = ?`, string(state))
	if q.Search != "" {
		p := sqldb.LikeLower(q.Search)
		w.Add(`(lower(ref) LIKE ? ESCAPE '!' OR lower(title) LIKE ? ESCAPE '!')`, p, p)
	}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM authority_permit WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(permitSorts, q.Sort, q.Desc, "number DESC", "number")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanPermit, `SELECT `+columns+` FROM authority_permit WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// FirstPermit is when the first permit was recorded; zero if none was.
func (s *Store) FirstPermit(ctx context.Context, scope access.ReadScope) (time.Time, error) {
	first, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(min(created_at), 0) FROM authority_permit WHERE org_id = $1`, string(scope.Org()))
	if err != nil || first == 0 {
		return time.Time{}, err
	}
	return sqldb.Time(first), nil
}

// PermitsBetween are those that hold at some instant between two.
func (s *Store) PermitsBetween(ctx context.Context, scope access.ReadScope, from, to time.Time) ([]authority.Permit, error) {
	return sqldb.Collect(ctx, s.DB, scanPermit, `SELECT `+columns+` FROM authority_permit WHERE org_id = $1 AND to_at > $2 AND from_at < $3 ORDER BY number`,
		string(scope.Org()), from.UnixMicro(), to.UnixMicro())
}

// Keep keeps a judgement of an event that has none, or whose verdict was unknown and is not any more.
func (s *Store) Keep(ctx context.Context, scope access.Scope, j authority.Judgement, e event.Event) (bool, error) {
	open := ""
	if j.Verdict == authority.Unknown {
		e.Raw = nil
		body, err := json.Marshal(e)
		if err != nil {
			return false, err
		}
		open = string(body)
	}
	n, err := s.DB.Exec(ctx, `INSERT INTO authority_judgement (org_id, event, at, log, act, policy, actor, action, target, verdict, kind, record, why, open_event)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (org_id, event) DO UPDATE SET act = excluded.act, policy = excluded.policy, verdict = excluded.verdict, kind = excluded.kind, record = excluded.record, why = excluded.why, open_event = excluded.open_event
		WHERE authority_judgement.verdict = 'unknown' AND excluded.verdict <> 'unknown'`,
		string(scope.Org()), j.Event, j.At.UnixMicro(), j.Log, string(j.Act), j.Policy, j.Actor, j.Action, j.Target, string(j.Verdict), string(j.Kind), j.Record, j.Why, open)
	return n > 0, errs.Wrap(err, "keep judgement")
}

const judged = `event, at, log, act, policy, actor, action, target, verdict, kind, record, why`

func scanJudgement(r sqldb.Row) (authority.Judgement, error) {
	var j authority.Judgement
	var at int64
	err := r.Scan(&j.Event, &at, &j.Log, &j.Act, &j.Policy, &j.Actor, &j.Action, &j.Target, &j.Verdict, &j.Kind, &j.Record, &j.Why)
	j.At = sqldb.Time(at)
	return j, err
}

func where(scope access.ReadScope, f authority.Filter, search string) *sqldb.Where {
	w := &sqldb.Where{}
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.Verdict != "", `verdict = ?`, string(f.Verdict))
	w.AddIf(f.Act != "", `act = ?`, string(f.Act))
	w.AddIf(f.Kind != "", `kind = ?`, string(f.Kind))
	w.AddIf(f.Log != "", `log = ?`, f.Log)
	w.AddIf(f.Event != "", `event = ?`, f.Event)
	w.AddIf(!f.From.IsZero(), `at >= ?`, f.From.UnixMicro())
	w.AddIf(!f.To.IsZero(), `at < ?`, f.To.UnixMicro())
	if search != "" {
		p := sqldb.LikeLower(search)
		w.Add(`(lower(actor) LIKE ? ESCAPE '!' OR lower(action) LIKE ? ESCAPE '!' OR lower(target) LIKE ? ESCAPE '!' OR lower(record) LIKE ? ESCAPE '!')`, p, p, p, p)
	}
	return w
}

var judgedSorts = map[string]string{"at": "at", "actor": "lower(actor)", "action": "lower(action)", "verdict": "verdict", "act": "act"}

// Judgements lists judgements, the newest first.
func (s *Store) Judgements(ctx context.Context, scope access.ReadScope, f authority.Filter, q paging.Query) (paging.Result[authority.Judgement], error) {
	q = q.Norm()
	res := paging.Result[authority.Judgement]{Query: q}
	w := where(scope, f, q.Search)
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM authority_judgement WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(judgedSorts, q.Sort, q.Desc, "at DESC", "event")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanJudgement, `SELECT `+judged+` FROM authority_judgement WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Each gives the judgements in order of time.
func (s *Store) Each(ctx context.Context, scope access.ReadScope, f authority.Filter, do func(authority.Judgement) error) error {
	w := where(scope, f, "")
	all, err := sqldb.Collect(ctx, s.DB, scanJudgement, `SELECT `+judged+` FROM authority_judgement WHERE `+w.SQL()+` ORDER BY at, event`, w.Args()...)
	if err != nil {
		return err
	}
	for _, j := range all {
		if err := do(j); err != nil {
			return err
		}
	}
	return nil
}

// Open are the events whose verdict is unknown.
func (s *Store) Open(ctx context.Context, scope access.ReadScope, since time.Time, limit int) ([]event.Event, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (event.Event, error) {
		var e event.Event
		var body string
		if err := r.Scan(&body); err != nil {
			return e, err
		}
		return e, errs.As(errs.Internal, json.Unmarshal([]byte(body), &e), "an event that is to be judged again")
	}, `SELECT open_event FROM authority_judgement WHERE org_id = $1 AND verdict = 'unknown' AND open_event <> '' AND at >= $2 ORDER BY at, event LIMIT $3`, string(scope.Org()), since.UnixMicro(), limit)
}

// EraseEvent takes who and what out of the judgement of an event.
func (s *Store) EraseEvent(ctx context.Context, scope access.Scope, event string) error {
	_, err := s.DB.Exec(ctx, `UPDATE authority_judgement SET actor = '', target = '', why = 'The event was erased.', open_event = '' WHERE org_id = $1 AND event = $2`, string(scope.Org()), event)
	return err
}

// Count counts judgements by verdict.
func (s *Store) Count(ctx context.Context, scope access.ReadScope, f authority.Filter) (map[authority.Verdict]int, error) {
	w := where(scope, f, "")
	out := map[authority.Verdict]int{}
	_, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (int, error) {
		var v authority.Verdict
		var n int
		err := r.Scan(&v, &n)
		out[v] = n
		return n, err
	}, `SELECT verdict, count(*) FROM authority_judgement WHERE `+w.SQL()+` GROUP BY verdict`, w.Args()...)
	return out, err
}

// AddPipeline keeps a pipeline.
func (s *Store) AddPipeline(ctx context.Context, scope access.Scope, p authority.Pipeline) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO authority_pipeline (id, org_id, identity, project, minutes, by_actor, since, until) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)`,
		p.ID, string(scope.Org()), p.Identity, p.Project, p.Minutes, p.By, p.Since.UnixMicro())
	return errs.Wrap(err, "keep pipeline")
}

// EndPipeline ends one that has not ended.
func (s *Store) EndPipeline(ctx context.Context, scope access.Scope, id string, at time.Time) error {
	n, err := s.DB.Exec(ctx, `UPDATE authority_pipeline SET until = $3 WHERE org_id = $1 AND id = $2 AND until IS NULL`, string(scope.Org()), id, at.UnixMicro())
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.New(errs.NotFound, "no pipeline %s that acts now", id)
	}
	return nil
}

// Pipelines lists all of them, in the order in which they began.
func (s *Store) Pipelines(ctx context.Context, scope access.ReadScope) ([]authority.Pipeline, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (authority.Pipeline, error) {
		var p authority.Pipeline
		var since int64
		var until *int64
		err := r.Scan(&p.ID, &p.Identity, &p.Project, &p.Minutes, &p.By, &since, &until)
		p.Since, p.Until = sqldb.Time(since), sqldb.TimePtr(until)
		return p, err
	}, `SELECT id, identity, project, minutes, by_actor, since, until FROM authority_pipeline WHERE org_id = $1 ORDER BY since, id`, string(scope.Org()))
}
