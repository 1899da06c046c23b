package engagementsql

import (
	"context"
	"encoding/json"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Save keeps the record of an engagement over the version that the writer saw.
func (s *Store) Save(ctx context.Context, scope access.Scope, e engagement.Engagement, base int) error {
	categories, err := json.Marshal(e.Categories)
	if err != nil {
		return err
	}
	objectives, err := json.Marshal(e.Objectives)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE engagement_engagement SET title = $4, categories = $5, from_day = $6, to_day = $7, firm = $8, status = $9, plus = $10, objectives = $11, licence = $12, peer_day = $13, version = $14
		WHERE org_id = $1 AND id = $2 AND COALESCE(version, 0) = $3`,
		string(scope.Org()), string(e.ID), base, e.Title, string(categories), int64(e.Period.From), int64(e.Period.To), e.Firm, string(e.Status), e.Plus, string(objectives), e.Licence, int64(e.PeerReview), e.Version)
	if err != nil || n > 0 {
		return err
	}
	now, err := s.Engagement(ctx, scope.ReadScope, string(e.ID))
	if err != nil {
		return err
	}
	return errs.Changed(now.Ref, &engagement.Stale{Now: now})
}

// next is the next number in a log of an engagement.
func (s *Store) next(ctx context.Context, table string, scope access.Scope, e engagement.ID) (int, error) {
	n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(n), 0) + 1 FROM `+table+` WHERE org_id = $1 AND engagement_id = $2`, string(scope.Org()), string(e))
	return int(n), err
}

// AddStep adds a step to the history of an engagement.
func (s *Store) AddStep(ctx context.Context, scope access.Scope, e engagement.ID, x engagement.Step) error {
	gates, err := json.Marshal(x.Gates)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.next(ctx, "engagement_step", scope, e)
		if err != nil {
			return err
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO engagement_step (org_id, engagement_id, n, was, becomes, reason, gates, at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			string(scope.Org()), string(e), n, string(x.Was), string(x.Becomes), x.Reason, string(gates), x.At.UnixMicro(), x.By)
		return err
	})
}

// Steps lists the steps of an engagement, the oldest first.
func (s *Store) Steps(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]engagement.Step, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (engagement.Step, error) {
		var x engagement.Step
		var gates string
		var at int64
		if err := r.Scan(&x.N, &x.Was, &x.Becomes, &x.Reason, &gates, &at, &x.By); err != nil {
			return x, err
		}
		x.At = sqldb.Time(at)
		return x, json.Unmarshal([]byte(gates), &x.Gates)
	}, `SELECT n, was, becomes, reason, gates, at, actor FROM engagement_step WHERE org_id = $1 AND engagement_id = $2 ORDER BY n`, string(scope.Org()), string(e))
}

// Confirm adds a condition that a person stated to be met.
func (s *Store) Confirm(ctx context.Context, scope access.Scope, e engagement.ID, c engagement.Confirmation) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO engagement_confirmation (org_id, engagement_id, gate, at, why, actor) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		string(scope.Org()), string(e), c.Gate, c.At.UnixMicro(), c.Why, c.By)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "somebody confirmed this at the same moment")
	}
	return err
}

// Confirmations lists what people stated to be met, the oldest first.
func (s *Store) Confirmations(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]engagement.Confirmation, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (engagement.Confirmation, error) {
		var c engagement.Confirmation
		var at int64
		err := r.Scan(&c.Gate, &at, &c.Why, &c.By)
		c.At = sqldb.Time(at)
		return c, err
	}, `SELECT gate, at, why, actor FROM engagement_confirmation WHERE org_id = $1 AND engagement_id = $2 ORDER BY at`, string(scope.Org()), string(e))
}

// AddChange adds a change of scope with the next number.
func (s *Store) AddChange(ctx context.Context, scope access.Scope, e engagement.ID, c engagement.ScopeChange) (engagement.ScopeChange, error) {
	was, err := json.Marshal(c.Was)
	if err != nil {
		return c, err
	}
	becomes, err := json.Marshal(c.Becomes)
	if err != nil {
		return c, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		var err error
		if c.N, err = s.next(ctx, "engagement_scope", scope, e); err != nil {
			return err
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO engagement_scope (org_id, engagement_id, n, was, becomes, reason, state, at, actor, decided_at, decided_by, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, '', '')`,
			string(scope.Org()), string(e), c.N, string(was), string(becomes), c.Reason, string(c.State), c.At.UnixMicro(), c.By)
		return err
	})
	return c, err
}

// DecideChange keeps what the auditor said of a change that waits.
func (s *Store) DecideChange(ctx context.Context, scope access.Scope, e engagement.ID, c engagement.ScopeChange) error {
	n, err := s.DB.Exec(ctx, `UPDATE engagement_scope SET state = $4, decided_at = $5, decided_by = $6, note = $7 WHERE org_id = $1 AND engagement_id = $2 AND n = $3 AND state = 'proposed'`,
		string(scope.Org()), string(e), c.N, string(c.State), sqldb.MicrosPtr(c.Decided), c.Decider, c.Note)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "somebody decided on this change at the same moment")
	}
	return err
}

// Changes lists the changes of scope, the newest first.
func (s *Store) Changes(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]engagement.ScopeChange, error) {
	return sqldb.Collect(ctx, s.DB, scanChange, `SELECT n, was, becomes, reason, state, at, actor, decided_at, decided_by, note FROM engagement_scope
		WHERE org_id = $1 AND engagement_id = $2 ORDER BY n DESC`, string(scope.Org()), string(e))
}

func scanChange(r sqldb.Row) (engagement.ScopeChange, error) {
	var c engagement.ScopeChange
	var was, becomes string
	var at int64
	var decided *int64
	if err := r.Scan(&c.N, &was, &becomes, &c.Reason, &c.State, &at, &c.By, &decided, &c.Decider, &c.Note); err != nil {
		return c, err
	}
	c.At, c.Decided = sqldb.Time(at), sqldb.TimePtr(decided)
	if err := json.Unmarshal([]byte(was), &c.Was); err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(becomes), &c.Becomes)
}

var _ engagement.LifeStore = (*Store)(nil)
