package risksql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/risk"
)

// AddAssessment inserts an assessment with its lines. The first one of a year has the year alone in its reference.
func (s *Store) AddAssessment(ctx context.Context, scope access.Scope, a risk.Assessment, lines []risk.Line) (risk.Assessment, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		year := a.Opened.UTC().Year()
		if a.Held != 0 {
			year = a.Held.Time().Year()
		}
		n, err := s.next(ctx, scope, fmt.Sprintf("assessment %d", year))
		if err != nil {
			return err
		}
		if a.Ref = fmt.Sprintf("RA-%d", year); n > 1 {
			a.Ref += fmt.Sprintf("-%d", n)
		}
		plan, err := text(a.Plan, a.Ref)
		if err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO risk_assessment (org_id, id, ref, plan, version, opened_at, opened_by, frozen_by, frozen, sha256, evidence, seq)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', '', '', 0)`, string(scope.Org()), string(a.ID), a.Ref, plan, a.Version, a.Opened.UnixMicro(), a.OpenedBy); err != nil {
			return err
		}
		for _, l := range lines {
			if err := s.line(ctx, a.ID, l); err != nil {
				return err
			}
		}
		return nil
	})
	return a, err
}

func (s *Store) line(ctx context.Context, id risk.AssessmentID, l risk.Line) error {
	body, err := text(l, l.Ref)
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO risk_line (assessment_id, risk_id, ref, finding, body) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (assessment_id, risk_id) DO UPDATE SET finding = $4, body = $5`, string(id), string(l.Risk), l.Ref, string(l.Finding), body)
	return err
}

// SaveAssessment moves an assessment forward from base, unless it is frozen.
func (s *Store) SaveAssessment(ctx context.Context, scope access.Scope, a risk.Assessment, base int) error {
	plan, err := text(a.Plan, a.Ref)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE risk_assessment SET plan = $4, version = $5, frozen_at = $6, frozen_by = $7, frozen = $8, sha256 = $9, evidence = $10, seq = $11
		WHERE org_id = $1 AND id = $2 AND version = $3 AND frozen_at IS NULL`,
		string(scope.Org()), string(a.ID), base, plan, a.Version, sqldb.MicrosPtr(a.Frozen), a.FrozenBy, a.Body, a.SHA256, a.Evidence, a.Seq)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed or frozen meanwhile", a.Ref)
	}
	return err
}

const assessmentColumns = `id, ref, plan, version, opened_at, opened_by, frozen_at, frozen_by, sha256, evidence, seq`

func scanAssessment(body *string) func(sqldb.Row) (risk.Assessment, error) {
	return func(r sqldb.Row) (risk.Assessment, error) {
		var a risk.Assessment
		var plan string
		var opened int64
		var frozen *int64
		to := []any{&a.ID, &a.Ref, &plan, &a.Version, &opened, &a.OpenedBy, &frozen, &a.FrozenBy, &a.SHA256, &a.Evidence, &a.Seq}
		if body != nil {
			to = append(to, body)
		}
		if err := r.Scan(to...); err != nil {
			return a, err
		}
		a.Opened, a.Frozen = sqldb.Time(opened), sqldb.TimePtr(frozen)
		return a, errs.As(errs.Internal, json.Unmarshal([]byte(plan), &a.Plan), "plan of %s", a.Ref)
	}
}

// Assessment reads one with what was frozen.
func (s *Store) Assessment(ctx context.Context, scope access.ReadScope, idOrRef string) (risk.Assessment, error) {
	var body string
	a, err := sqldb.One(ctx, s.DB, scanAssessment(&body), `SELECT `+assessmentColumns+`, frozen FROM risk_assessment WHERE org_id = $1 AND (id = $2 OR ref = $3)`,
		string(scope.Org()), idOrRef, strings.ToUpper(idOrRef))
	if errs.Is(err, errs.NotFound) {
		return a, errs.New(errs.NotFound, "no risk assessment %s", idOrRef).WithHint("The list of assessments has all there are.")
	}
	a.Body = body
	return a, err
}

// Assessments lists them, the newest first.
func (s *Store) Assessments(ctx context.Context, scope access.ReadScope) ([]risk.Assessment, error) {
	return sqldb.Collect(ctx, s.DB, scanAssessment(nil), `SELECT `+assessmentColumns+` FROM risk_assessment WHERE org_id = $1 ORDER BY opened_at DESC, id DESC`, string(scope.Org()))
}

// CountAssessments counts them.
func (s *Store) CountAssessments(ctx context.Context, scope access.ReadScope) (int, error) {
	n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM risk_assessment WHERE org_id = $1`, string(scope.Org()))
	return int(n), err
}

// SaveLine puts a line in or replaces it.
func (s *Store) SaveLine(ctx context.Context, scope access.Scope, id risk.AssessmentID, l risk.Line) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE risk_assessment SET version = version WHERE org_id = $1 AND id = $2 AND frozen_at IS NULL`, string(scope.Org()), string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "the assessment is frozen")
		}
		return s.line(ctx, id, l)
	})
}

// Lines lists the lines of an assessment.
func (s *Store) Lines(ctx context.Context, scope access.ReadScope, id risk.AssessmentID) ([]risk.Line, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (risk.Line, error) {
		var l risk.Line
		body, err := sqldb.Strings(r)
		if err != nil {
			return l, err
		}
		return l, errs.As(errs.Internal, json.Unmarshal([]byte(body), &l), "a line of an assessment")
	}, `SELECT l.body FROM risk_line l JOIN risk_assessment a ON a.id = l.assessment_id JOIN risk_risk r ON r.id = l.risk_id WHERE a.org_id = $1 AND a.id = $2 ORDER BY r.number`,
		string(scope.Org()), string(id))
}

// stateOf is a trigger's state as the column has it.
func stateOf(t risk.Trigger) string {
	switch {
	case t.Dropped != "":
		return "dropped"
	case t.Look != nil:
		return "reviewed"
	}
	return "waiting"
}

// AddTrigger inserts a trigger with the next number.
func (s *Store) AddTrigger(ctx context.Context, scope access.Scope, t risk.Trigger) (risk.Trigger, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.next(ctx, scope, "trigger")
		if err != nil {
			return err
		}
		t.Ref = fmt.Sprintf("RT-%03d", n)
		body, err := text(t, t.Ref)
		if err != nil {
			return err
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO risk_trigger (org_id, id, ref, number, title, kind, about, state, effective_day, version, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			string(scope.Org()), string(t.ID), t.Ref, n, t.Title, string(t.Kind), t.About, stateOf(t), int64(t.Effective), t.Version, body)
		return err
	})
	return t, err
}

// SaveTrigger moves a trigger forward from base.
func (s *Store) SaveTrigger(ctx context.Context, scope access.Scope, t risk.Trigger, base int) error {
	body, err := text(t, t.Ref)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE risk_trigger SET title = $4, kind = $5, about = $6, state = $7, effective_day = $8, version = $9, body = $10 WHERE org_id = $1 AND id = $2 AND version = $3`,
		string(scope.Org()), string(t.ID), base, t.Title, string(t.Kind), t.About, stateOf(t), int64(t.Effective), t.Version, body)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", t.Ref)
	}
	return err
}

func scanTrigger(row sqldb.Row) (risk.Trigger, error) {
	var t risk.Trigger
	body, err := sqldb.Strings(row)
	if err != nil {
		return t, err
	}
	return t, errs.As(errs.Internal, json.Unmarshal([]byte(body), &t), "a trigger as it is kept")
}

// Trigger reads one by identifier or reference.
func (s *Store) Trigger(ctx context.Context, scope access.ReadScope, idOrRef string) (risk.Trigger, error) {
	t, err := sqldb.One(ctx, s.DB, scanTrigger, `SELECT body FROM risk_trigger WHERE org_id = $1 AND (id = $2 OR ref = $3)`, string(scope.Org()), idOrRef, strings.ToUpper(idOrRef))
	if errs.Is(err, errs.NotFound) {
		return t, errs.New(errs.NotFound, "no event %s", idOrRef).WithHint("The list of reviews of change has all there are.")
	}
	return t, err
}

var triggerSorts = map[string]string{"ref": "number", "title": "lower(title)", "kind": "kind", "effective": "effective_day"}

// Triggers lists triggers: the latest day first.
func (s *Store) Triggers(ctx context.Context, scope access.ReadScope, f risk.TriggerFilter, q paging.Query) (paging.Result[risk.Trigger], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.Kind != "", `kind = ?`, string(f.Kind))
	w.AddIf(f.State != "", `state = ?`, f.State)
	w.AddIf(f.About != "", `about = ?`, f.About)
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(ref) LIKE ? ESCAPE '!' OR lower(title) LIKE ? ESCAPE '!' OR lower(about) LIKE ? ESCAPE '!')`, text, text, text)
	}
	res := paging.Result[risk.Trigger]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM risk_trigger WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(triggerSorts, q.Sort, q.Desc, `effective_day DESC, number DESC`, "number")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanTrigger, `SELECT body FROM risk_trigger WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}
