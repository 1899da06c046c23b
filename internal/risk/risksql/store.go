// Package risksql keeps the risk register in the records database.
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

// Store implements the stores of package risk.
type Store struct{ DB *sqldb.DB }

// next counts up a number of the organisation.
func (s *Store) next(ctx context.Context, scope access.Scope, what string) (int, error) {
	var n int
	err := s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO risk_counter (org_id, what, n) VALUES ($1, $2, 1)
		ON CONFLICT (org_id, what) DO UPDATE SET n = risk_counter.n + 1 RETURNING n`, string(scope.Org()), what)
	return n, err
}

func text(v any, what string) (string, error) {
	b, err := json.Marshal(v)
	return string(b), errs.As(errs.Internal, err, "%s", what)
}

// tags is a list as a column that LIKE can find an entry in.
func tags(list []string) string { return "\n" + strings.Join(list, "\n") + "\n" }

func tagged(s string) string { return sqldb.Like("\n" + s + "\n") }

func words(r risk.Risk) string {
	return strings.ToLower(strings.Join([]string{r.Ref, r.Title, r.Description, r.Process, strings.Join(r.Controls, " "), strings.Join(r.Concerns, " ")}, "\n"))
}

// Add inserts a risk with the next number and its first version.
func (s *Store) Add(ctx context.Context, scope access.Scope, r risk.Risk, v risk.Version) (risk.Risk, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		number, err := s.next(ctx, scope, "risk")
		if err != nil {
			return err
		}
		r.Ref = fmt.Sprintf("R-%03d", number)
		body, err := text(r, r.Ref)
		if err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO risk_risk (org_id, id, ref, number, title, words, kind, threat, state, response, owner, controls, concerns,
			inherent_likelihood, inherent_impact, residual_likelihood, residual_impact, review_day, version, updated_at, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
			string(scope.Org()), string(r.ID), r.Ref, number, r.Title, words(r), string(r.Kind), r.Threat, string(r.State), string(r.Response), r.Owner, tags(r.Controls), tags(r.Concerns),
			r.Inherent.Likelihood, r.Inherent.Impact, r.Residual.Likelihood, r.Residual.Impact, int64(r.Review), r.Version, r.Updated.UnixMicro(), body); err != nil {
			return err
		}
		return s.version(ctx, r.ID, v, body)
	})
	return r, err
}

func (s *Store) version(ctx context.Context, id risk.ID, v risk.Version, body string) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO risk_version (risk_id, n, at, actor, act, note, body) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		string(id), v.N, v.At.UnixMicro(), v.Actor, string(v.Act), v.Note, body)
	return err
}

// Save moves a risk forward from base.
func (s *Store) Save(ctx context.Context, scope access.Scope, r risk.Risk, base int, v risk.Version) error {
	body, err := text(r, r.Ref)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE risk_risk SET title = $4, words = $5, kind = $6, threat = $7, state = $8, response = $9, owner = $10, controls = $11, concerns = $12,
			inherent_likelihood = $13, inherent_impact = $14, residual_likelihood = $15, residual_impact = $16, review_day = $17, version = $18, updated_at = $19, body = $20
			WHERE org_id = $1 AND id = $2 AND version = $3`,
			string(scope.Org()), string(r.ID), base, r.Title, words(r), string(r.Kind), r.Threat, string(r.State), string(r.Response), r.Owner, tags(r.Controls), tags(r.Concerns),
			r.Inherent.Likelihood, r.Inherent.Impact, r.Residual.Likelihood, r.Residual.Impact, int64(r.Review), r.Version, r.Updated.UnixMicro(), body)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "%s was changed meanwhile", r.Ref)
		}
		return s.version(ctx, r.ID, v, body)
	})
}

func scanRisk(row sqldb.Row) (risk.Risk, error) {
	var r risk.Risk
	body, err := sqldb.Strings(row)
	if err != nil {
		return r, err
	}
	return r, errs.As(errs.Internal, json.Unmarshal([]byte(body), &r), "a risk as it is kept")
}

// Risk reads a risk by identifier or reference.
func (s *Store) Risk(ctx context.Context, scope access.ReadScope, idOrRef string) (risk.Risk, error) {
	r, err := sqldb.One(ctx, s.DB, scanRisk, `SELECT body FROM risk_risk WHERE org_id = $1 AND (id = $2 OR ref = $3)`, string(scope.Org()), idOrRef, strings.ToUpper(idOrRef))
	if errs.Is(err, errs.NotFound) {
		return r, errs.New(errs.NotFound, "no risk %s", idOrRef).WithHint("tickmark risk list")
	}
	return r, err
}

// side are the columns of the rating a filter is about.
func side(v risk.View) (likelihood, impact string) {
	if v == risk.Without {
		return "inherent_likelihood", "inherent_impact"
	}
	return "residual_likelihood", "residual_impact"
}

func where(scope access.ReadScope, f risk.Filter, search string) *sqldb.Where {
	var w sqldb.Where
	likelihood, impact := side(f.View)
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.State != "", `state = ?`, string(f.State))
	w.AddIf(f.Kind != "", `kind = ?`, string(f.Kind))
	w.AddIf(f.Response != "", `response = ?`, string(f.Response))
	w.AddIf(f.Owner != "", `owner = ?`, f.Owner)
	w.AddIf(f.Unowned, `owner = ''`)
	w.AddIf(f.Threat != "", `threat = ?`, f.Threat)
	w.AddIf(f.Control != "", `controls LIKE ? ESCAPE '!'`, tagged(f.Control))
	w.AddIf(f.Concern != "", `concerns LIKE ? ESCAPE '!'`, tagged(f.Concern))
	w.AddIf(f.Likelihood != 0, likelihood+` = ?`, f.Likelihood)
	w.AddIf(f.Impact != 0, impact+` = ?`, f.Impact)
	w.AddIf(f.From != 0, likelihood+` * `+impact+` >= ?`, f.From)
	w.AddIf(f.To != 0, likelihood+` * `+impact+` <= ?`, f.To)
	w.AddIf(f.Unrated, likelihood+` * `+impact+` = 0`)
	w.AddIf(f.Due != 0, `state = 'open' AND review_day <> 0 AND review_day < ?`, int64(f.Due))
	w.In(`ref`, f.Refs)
	w.AddIf(search != "", `words LIKE ? ESCAPE '!'`, sqldb.LikeLower(search))
	return &w
}

var sorts = map[string]string{
	"ref": "number", "title": "lower(title)", "kind": "kind", "inherent": "inherent_likelihood * inherent_impact", "residual": "residual_likelihood * residual_impact",
	"response": "response", "review": "CASE WHEN review_day = 0 THEN 1 ELSE 0 END, review_day", "updated": "updated_at",
}

// Risks lists risks: the highest first.
func (s *Store) Risks(ctx context.Context, scope access.ReadScope, f risk.Filter, q paging.Query) (paging.Result[risk.Risk], error) {
	q = q.Norm()
	w := where(scope, f, q.Search)
	res := paging.Result[risk.Risk]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM risk_risk WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, `residual_likelihood * residual_impact DESC, number`, "number")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanRisk, `SELECT body FROM risk_risk WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Cells counts risks by rating.
func (s *Store) Cells(ctx context.Context, scope access.ReadScope, f risk.Filter, search string) ([]risk.Cell, error) {
	w := where(scope, f, search)
	likelihood, impact := side(f.View)
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (risk.Cell, error) {
		var c risk.Cell
		err := r.Scan(&c.Likelihood, &c.Impact, &c.Count)
		return c, err
	}, `SELECT `+likelihood+`, `+impact+`, count(*) FROM risk_risk WHERE `+w.SQL()+` GROUP BY `+likelihood+`, `+impact+` ORDER BY 1, 2`, w.Args()...)
}

// Highest is the highest likelihood and impact of any risk.
func (s *Store) Highest(ctx context.Context, scope access.ReadScope) (likelihood, impact int, err error) {
	err = s.DB.QueryRow(ctx, []any{&likelihood, &impact}, `SELECT COALESCE(max(inherent_likelihood), 0), COALESCE(max(inherent_impact), 0) FROM risk_risk WHERE org_id = $1`, string(scope.Org()))
	if err != nil {
		return 0, 0, err
	}
	var l, i int // a residual risk may be as low in total and yet higher on one axis
	err = s.DB.QueryRow(ctx, []any{&l, &i}, `SELECT COALESCE(max(residual_likelihood), 0), COALESCE(max(residual_impact), 0) FROM risk_risk WHERE org_id = $1`, string(scope.Org()))
	return max(likelihood, l), max(impact, i), err
}

// Versions lists every version of a risk, the newest first.
func (s *Store) Versions(ctx context.Context, scope access.ReadScope, id risk.ID) ([]risk.Version, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (risk.Version, error) {
		var v risk.Version
		var at int64
		var body string
		if err := r.Scan(&v.N, &at, &v.Actor, &v.Act, &v.Note, &body); err != nil {
			return v, err
		}
		v.At = sqldb.Time(at)
		return v, errs.As(errs.Internal, json.Unmarshal([]byte(body), &v.Risk), "a version of a risk")
	}, `SELECT v.n, v.at, v.actor, v.act, v.note, v.body FROM risk_version v JOIN risk_risk r ON r.id = v.risk_id WHERE r.org_id = $1 AND v.risk_id = $2 ORDER BY v.n DESC`,
		string(scope.Org()), string(id))
}

// AddScale adds a scale.
func (s *Store) AddScale(ctx context.Context, scope access.Scope, x risk.Scale) error {
	body, err := text(x, "scale")
	if err != nil {
		return err
	}
	newest, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(version), 0) FROM risk_scale WHERE org_id = $1`, string(scope.Org()))
	if err != nil {
		return err
	}
	n := int64(0)
	if int(newest) == x.Version-1 {
		n, err = s.DB.Exec(ctx, `INSERT INTO risk_scale (org_id, version, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, string(scope.Org()), x.Version, body)
	}
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the scales were changed meanwhile").WithHint("Open them again and compare.")
	}
	return err
}

// Scales lists the scales, the newest first.
func (s *Store) Scales(ctx context.Context, scope access.ReadScope) ([]risk.Scale, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (risk.Scale, error) {
		var x risk.Scale
		body, err := sqldb.Strings(r)
		if err != nil {
			return x, err
		}
		return x, errs.As(errs.Internal, json.Unmarshal([]byte(body), &x), "a scale as it is kept")
	}, `SELECT body FROM risk_scale WHERE org_id = $1 ORDER BY version DESC`, string(scope.Org()))
}
