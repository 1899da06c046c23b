// Package detectsql keeps what organisations decided about rules and baselines in the records database.
package detectsql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements detect.Store, detect.CountStore and detect.TuningStore.
type Store struct{ DB *sqldb.DB }

// Version counts the changes of what runs.
func (s *Store) Version(ctx context.Context, scope access.ReadScope) (int64, error) {
	list, err := sqldb.Collect(ctx, s.DB, sqldb.Int, `SELECT n FROM detect_version WHERE org_id = $1`, string(scope.Org()))
	if err != nil || len(list) == 0 {
		return 0, errs.Wrap(err, "the version of the rules")
	}
	return list[0], nil
}

// Bump counts a change.
func (s *Store) Bump(ctx context.Context, scope access.Scope) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO detect_version (org_id, n) VALUES ($1, 1) ON CONFLICT (org_id) DO UPDATE SET n = detect_version.n + 1`, string(scope.Org()))
	return errs.Wrap(err, "count a change of rules")
}

// next gives numbers in order.
func (s *Store) next(ctx context.Context, scope access.Scope, what string) (int, error) {
	var n int
	err := s.DB.QueryRow(ctx, []any{&n}, `INSERT INTO detect_counter (org_id, what, n) VALUES ($1, $2, 1)
		ON CONFLICT (org_id, what) DO UPDATE SET n = detect_counter.n + 1 RETURNING n`, string(scope.Org()), what)
	return n, errs.Wrap(err, "number a %s", what)
}

// Settings lists the newest decision about each rule.
func (s *Store) Settings(ctx context.Context, scope access.ReadScope) ([]detect.Setting, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (detect.Setting, error) {
		var x detect.Setting
		var at int64
		err := r.Scan(&x.Rule, &x.Version, &x.On, &x.Reason, &at, &x.By)
		x.At = sqldb.Time(at)
		return x, err
	}, `SELECT rule, version, is_on, reason, at, actor FROM detect_setting s WHERE org_id = $1
		AND version = (SELECT max(m.version) FROM detect_setting m WHERE m.org_id = s.org_id AND m.rule = s.rule) ORDER BY rule`, string(scope.Org()))
}

// Set keeps a decision after the one before.
func (s *Store) Set(ctx context.Context, scope access.Scope, x detect.Setting) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO detect_setting (org_id, rule, version, is_on, reason, at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org_id, rule, version) DO NOTHING`,
		string(scope.Org()), x.Rule, x.Version, x.On, x.Reason, x.At.UnixMicro(), x.By)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "somebody decided about %s meanwhile", x.Rule).WithHint("Look again.")
	}
	return errs.Wrap(err, "keep a decision about %s", x.Rule)
}

// batch is how many files one statement adds.
const batch = 100

// AddRuleset keeps a set with the next number.
func (s *Store) AddRuleset(ctx context.Context, scope access.Scope, r detect.Ruleset, files []sigma.File) (detect.Ruleset, error) {
	refused, err := json.Marshal(r.Refused)
	if err != nil {
		return r, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.next(ctx, scope, "ruleset")
		if err != nil {
			return err
		}
		r.Ref = fmt.Sprintf("RS-%02d", n)
		if _, err := s.DB.Exec(ctx, `INSERT INTO detect_ruleset (id, org_id, ref, number, title, file_name, sha256, files, rules, refused, at, actor, removed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL)`,
			r.ID, string(scope.Org()), r.Ref, n, r.Title, r.Name, r.SHA256, r.Files, r.Rules, string(refused), r.At.UnixMicro(), r.By); err != nil {
			return err
		}
		for from := 0; from < len(files); from += batch {
			var rows []string
			var args []any
			for i, f := range files[from:min(from+batch, len(files))] {
				k := len(args)
				rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d)", k+1, k+2, k+3, k+4))
				args = append(args, r.ID, from+i, clean(f.Path), clean(string(f.Text)))
			}
			if _, err := s.DB.Exec(ctx, `INSERT INTO detect_file (ruleset_id, n, path, body) VALUES `+strings.Join(rows, ", "), args...); err != nil {
				return err
			}
		}
		return nil
	})
	return r, errs.Wrap(err, "keep a set of rules")
}

// clean is a text that both engines take. What it changes is refused as a rule anyway: it is no UTF-8, or holds a null.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// Rulesets lists those that were not removed, the oldest first.
func (s *Store) Rulesets(ctx context.Context, scope access.ReadScope) ([]detect.Ruleset, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (detect.Ruleset, error) {
		var x detect.Ruleset
		var refused string
		var at int64
		if err := r.Scan(&x.ID, &x.Ref, &x.Title, &x.Name, &x.SHA256, &x.Files, &x.Rules, &refused, &at, &x.By); err != nil {
			return x, err
		}
		x.At = sqldb.Time(at)
		return x, errs.As(errs.Internal, json.Unmarshal([]byte(refused), &x.Refused), "what was refused of %s", x.Ref)
	}, `SELECT id, ref, title, file_name, sha256, files, rules, refused, at, actor FROM detect_ruleset WHERE org_id = $1 AND removed_at IS NULL ORDER BY number`, string(scope.Org()))
}

// RulesetFiles gives the files of a set in their order.
func (s *Store) RulesetFiles(ctx context.Context, scope access.ReadScope, id string) ([]sigma.File, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (sigma.File, error) {
		var path, body string
		err := r.Scan(&path, &body)
		return sigma.File{Path: path, Text: []byte(body)}, err
	}, `SELECT f.path, f.body FROM detect_file f JOIN detect_ruleset r ON r.id = f.ruleset_id WHERE r.org_id = $1 AND r.id = $2 ORDER BY f.n`, string(scope.Org()), id)
}

// RemoveRuleset marks a set as removed.
func (s *Store) RemoveRuleset(ctx context.Context, scope access.Scope, id string, at time.Time) error {
	_, err := s.DB.Exec(ctx, `UPDATE detect_ruleset SET removed_at = $3 WHERE org_id = $1 AND id = $2 AND removed_at IS NULL`, string(scope.Org()), id, at.UnixMicro())
	return errs.Wrap(err, "remove a set of rules")
}

// AddFilter keeps a filter with the next number.
func (s *Store) AddFilter(ctx context.Context, scope access.Scope, f detect.Filter) (detect.Filter, error) {
	rules, err := json.Marshal(f.Rules)
	if err != nil {
		return f, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.next(ctx, scope, "filter")
		if err != nil {
			return err
		}
		f.Ref = fmt.Sprintf("FLT-%02d", n)
		_, err = s.DB.Exec(ctx, `INSERT INTO detect_filter (id, org_id, ref, number, title, body, rules, owner, reason, until_at, at, actor, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL)`,
			f.ID, string(scope.Org()), f.Ref, n, f.Title, f.Text, string(rules), f.Owner, f.Reason, f.Until.UnixMicro(), f.At.UnixMicro(), f.By)
		return err
	})
	return f, errs.Wrap(err, "keep a filter")
}

// Filters lists all, the newest first.
func (s *Store) Filters(ctx context.Context, scope access.ReadScope) ([]detect.Filter, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (detect.Filter, error) {
		var f detect.Filter
		var rules string
		var until, at int64
		var ended *int64
		if err := r.Scan(&f.ID, &f.Ref, &f.Title, &f.Text, &rules, &f.Owner, &f.Reason, &until, &at, &f.By, &ended); err != nil {
			return f, err
		}
		f.Until, f.At, f.Ended = sqldb.Time(until), sqldb.Time(at), sqldb.TimePtr(ended)
		return f, errs.As(errs.Internal, json.Unmarshal([]byte(rules), &f.Rules), "the rules of %s", f.Ref)
	}, `SELECT id, ref, title, body, rules, owner, reason, until_at, at, actor, ended_at FROM detect_filter WHERE org_id = $1 ORDER BY number DESC`, string(scope.Org()))
}

// EndFilter marks a filter as ended.
func (s *Store) EndFilter(ctx context.Context, scope access.Scope, id string, at time.Time) error {
	_, err := s.DB.Exec(ctx, `UPDATE detect_filter SET ended_at = $3 WHERE org_id = $1 AND id = $2 AND ended_at IS NULL`, string(scope.Org()), id, at.UnixMicro())
	return errs.Wrap(err, "end a filter")
}
