// Package incidentsql keeps incidents in the records database.
package incidentsql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements incident.Store.
type Store struct{ DB *sqldb.DB }

func text(v any, what string) (string, error) {
	b, err := json.Marshal(v)
	return string(b), errs.As(errs.Internal, err, "%s", what)
}

func micros(m *incident.Moment) int64 {
	if m == nil {
		return 0
	}
	return m.At.UnixMicro()
}

func columns(x incident.Incident, body string) []any {
	described := ""
	if d := x.Description; d != nil {
		if described = "no"; d.Describe {
			described = "yes"
		}
	}
	words := strings.ToLower(strings.Join([]string{x.Ref, x.Title, x.Summary, x.Impact.Text, strings.Join(x.Alerts, " "), strings.Join(x.Controls, " "), strings.Join(x.Criteria, " ")}, "\n"))
	return []any{x.Title, words, string(x.State), int(x.Severity), string(x.Lead), string(x.Outcome), described, "\n" + strings.Join(x.Alerts, "\n") + "\n",
		micros(x.Times.Started), x.Created.UnixMicro(), x.Version, x.Updated.UnixMicro(), body}
}

// Add inserts an incident with the next number.
func (s *Store) Add(ctx context.Context, scope access.Scope, x incident.Incident) (incident.Incident, error) {
	var number int
	if err := s.DB.QueryRow(ctx, []any{&number}, `INSERT INTO incident_counter (org_id, n) VALUES ($1, 1)
		ON CONFLICT (org_id) DO UPDATE SET n = incident_counter.n + 1 RETURNING n`, string(scope.Org())); err != nil {
		return x, err
	}
	x.Ref = fmt.Sprintf("INC-%d", number)
	body, err := text(x, x.Ref)
	if err != nil {
		return x, err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO incident_incident (org_id, id, ref, number, title, words, state, severity, lead, outcome, described, alerts, started_at, declared_at, version, updated_at, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		slices.Concat([]any{string(scope.Org()), string(x.ID), x.Ref, number}, columns(x, body))...)
	return x, err
}

// Save moves an incident forward from base.
func (s *Store) Save(ctx context.Context, scope access.Scope, x incident.Incident, base int) error {
	body, err := text(x, x.Ref)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE incident_incident SET title = $4, words = $5, state = $6, severity = $7, lead = $8, outcome = $9, described = $10, alerts = $11, started_at = $12,
		declared_at = $13, version = $14, updated_at = $15, body = $16 WHERE org_id = $1 AND id = $2 AND version = $3`,
		slices.Concat([]any{string(scope.Org()), string(x.ID), base}, columns(x, body))...)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", x.Ref)
	}
	return err
}

func scan(row sqldb.Row) (incident.Incident, error) {
	var x incident.Incident
	body, err := sqldb.Strings(row)
	if err != nil {
		return x, err
	}
	return x, errs.As(errs.Internal, json.Unmarshal([]byte(body), &x), "an incident as it is kept")
}

// Incident reads an incident by identifier or reference.
func (s *Store) Incident(ctx context.Context, scope access.ReadScope, idOrRef string) (incident.Incident, error) {
	x, err := sqldb.One(ctx, s.DB, scan, `SELECT body FROM incident_incident WHERE org_id = $1 AND (id = $2 OR ref = $3)`, string(scope.Org()), idOrRef, strings.ToUpper(idOrRef))
	if errs.Is(err, errs.NotFound) {
		return x, errs.New(errs.NotFound, "no incident %s", idOrRef).WithHint("The incidents are listed under Detection.")
	}
	return x, err
}

var sorts = map[string]string{
	"ref": "number", "title": "lower(title)", "severity": "severity", "state": "CASE state WHEN 'open' THEN 1 WHEN 'contained' THEN 2 WHEN 'eradicated' THEN 3 WHEN 'recovered' THEN 4 ELSE 5 END",
	"declared": "declared_at", "started": "CASE WHEN started_at = 0 THEN 1 ELSE 0 END, started_at", "lead": "lead", "updated": "updated_at",
}

// Incidents lists incidents: those that are not closed first, then the newest.
func (s *Store) Incidents(ctx context.Context, scope access.ReadScope, f incident.Filter, q paging.Query) (paging.Result[incident.Incident], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.State != "", `state = ?`, string(f.State))
	w.AddIf(f.Active, `state <> 'closed'`)
	w.AddIf(f.Severity != 0, `severity = ?`, int(f.Severity))
	w.AddIf(f.Outcome != "", `outcome = ?`, string(f.Outcome))
	w.AddIf(f.Lead != "", `lead = ?`, string(f.Lead))
	w.AddIf(f.Alert != "", `alerts LIKE ? ESCAPE '!'`, sqldb.Like("\n"+f.Alert+"\n"))
	w.AddIf(f.DC4 == "undecided", `described = '' AND outcome <> 'false_alarm'`)
	w.AddIf(f.DC4 == "describe", `described = 'yes'`)
	w.AddIf(f.DC4 == "omit", `described = 'no'`)
	w.AddIf(!f.From.IsZero(), `declared_at >= ?`, f.From.UnixMicro())
	w.AddIf(!f.To.IsZero(), `declared_at < ?`, f.To.UnixMicro())
	w.AddIf(q.Search != "", `words LIKE ? ESCAPE '!'`, sqldb.LikeLower(q.Search))
	res := paging.Result[incident.Incident]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM incident_incident WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, `CASE WHEN state = 'closed' THEN 1 ELSE 0 END, number DESC`, "number")
	res.Rows, err = sqldb.Collect(ctx, s.DB, scan, `SELECT body FROM incident_incident WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// AddStep adds a line to the history.
func (s *Store) AddStep(ctx context.Context, scope access.Scope, id incident.ID, x incident.Step) error {
	events, err := text(x.Events, "events of a step")
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `INSERT INTO incident_step (incident_id, n, at, recorded_at, actor, act, note, events, seq)
		VALUES ((SELECT id FROM incident_incident WHERE org_id = $1 AND id = $2), (SELECT COALESCE(max(n), 0) + 1 FROM incident_step WHERE incident_id = $2), $3, $4, $5, $6, $7, $8, $9)`,
		string(scope.Org()), string(id), x.At.UnixMicro(), x.Recorded.UnixMicro(), x.Actor, string(x.Act), x.Note, events, x.Seq)
	return err
}

// Steps lists the history in the order in which it was written down.
func (s *Store) Steps(ctx context.Context, scope access.ReadScope, id incident.ID) ([]incident.Step, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (incident.Step, error) {
		var x incident.Step
		var at, recorded int64
		var events string
		if err := r.Scan(&x.N, &at, &recorded, &x.Actor, &x.Act, &x.Note, &events, &x.Seq); err != nil {
			return x, err
		}
		x.At, x.Recorded = sqldb.Time(at), sqldb.Time(recorded)
		return x, errs.As(errs.Internal, json.Unmarshal([]byte(events), &x.Events), "events of a step")
	}, `SELECT s.n, s.at, s.recorded_at, s.actor, s.act, s.note, s.events, s.seq FROM incident_step s JOIN incident_incident i ON i.id = s.incident_id
		WHERE i.org_id = $1 AND s.incident_id = $2 ORDER BY s.n`, string(scope.Org()), string(id))
}

// AddSnapshot adds a reconstruction.
func (s *Store) AddSnapshot(ctx context.Context, scope access.Scope, id incident.ID, x incident.Snapshot) error {
	root := int64(0)
	if !x.Root.IsZero() {
		root = x.Root.UnixMicro()
	}
	_, err := s.DB.Exec(ctx, `INSERT INTO incident_snapshot (incident_id, n, at, actor, events, root_at, body)
		VALUES ((SELECT id FROM incident_incident WHERE org_id = $1 AND id = $2), (SELECT COALESCE(max(n), 0) + 1 FROM incident_snapshot WHERE incident_id = $2), $3, $4, $5, $6, $7)`,
		string(scope.Org()), string(id), x.At.UnixMicro(), x.Actor, x.Events, root, string(x.Body))
	return err
}

// DropSnapshots removes every reconstruction that an event is part of.
func (s *Store) DropSnapshots(ctx context.Context, scope access.Scope, event string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM incident_snapshot WHERE incident_id IN (SELECT id FROM incident_incident WHERE org_id = $1) AND body LIKE $2 ESCAPE '!'`,
		string(scope.Org()), sqldb.Like(`"`+event+`"`))
	return err
}

// Snapshot is the newest reconstruction.
func (s *Store) Snapshot(ctx context.Context, scope access.ReadScope, id incident.ID) (incident.Snapshot, error) {
	x, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (incident.Snapshot, error) {
		var x incident.Snapshot
		var at, root int64
		var body string
		err := r.Scan(&x.N, &at, &x.Actor, &x.Events, &root, &body)
		x.At, x.Body = sqldb.Time(at), []byte(body)
		if root != 0 {
			x.Root = sqldb.Time(root)
		}
		return x, err
	}, `SELECT s.n, s.at, s.actor, s.events, s.root_at, s.body FROM incident_snapshot s JOIN incident_incident i ON i.id = s.incident_id
		WHERE i.org_id = $1 AND s.incident_id = $2 ORDER BY s.n DESC LIMIT 1`, string(scope.Org()), string(id))
	if errs.Is(err, errs.NotFound) {
		return x, errs.New(errs.NotFound, "the incident was not reconstructed yet")
	}
	return x, err
}

// AddDuties adds a version of the obligations.
func (s *Store) AddDuties(ctx context.Context, scope access.Scope, d incident.Duties) error {
	body, err := text(d, "obligations")
	if err != nil {
		return err
	}
	newest, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT COALESCE(max(version), 0) FROM incident_duties WHERE org_id = $1`, string(scope.Org()))
	if err != nil {
		return err
	}
	n := int64(0)
	if int(newest) == d.Version-1 {
		n, err = s.DB.Exec(ctx, `INSERT INTO incident_duties (org_id, version, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, string(scope.Org()), d.Version, body)
	}
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the obligations were changed meanwhile").WithHint("Look at what is there now, and make the change again.")
	}
	return err
}

// Duties is the newest version.
func (s *Store) Duties(ctx context.Context, scope access.ReadScope) (incident.Duties, error) {
	d, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (incident.Duties, error) {
		var d incident.Duties
		body, err := sqldb.Strings(r)
		if err != nil {
			return d, err
		}
		return d, errs.As(errs.Internal, json.Unmarshal([]byte(body), &d), "obligations as they are kept")
	}, `SELECT body FROM incident_duties WHERE org_id = $1 ORDER BY version DESC LIMIT 1`, string(scope.Org()))
	if errs.Is(err, errs.NotFound) {
		return incident.Duties{}, nil
	}
	return d, err
}

var _ incident.Store = (*Store)(nil)
