package evidencesql

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// described is what a ledger entry says about documents besides their hashes.
func described(items []evidence.Item, x evidence.Seal) []map[string]any {
	out := []map[string]any{}
	for _, i := range items {
		p, ok := x.Papers[i.ID]
		if !ok {
			continue
		}
		d := map[string]any{"ref": i.Ref, "title": i.Title, "kind": string(i.Kind), "shows": p.Shows, "obtained": p.Obtained, "file_name": p.FileName, "link": p.Link, "class": string(p.Class),
			"from": i.From.UTC().Format(time.RFC3339), "to": i.To.UTC().Format(time.RFC3339), "received": i.ReceivedAt.UTC().Format(time.RFC3339)}
		if i.Effective != nil {
			d["effective"] = i.Effective.UTC().Format(time.RFC3339)
		}
		controls := []string{}
		for _, l := range x.Links[i.ID] {
			if l.Kind == "control" {
				controls = append(controls, l.Ref)
			}
		}
		d["controls"] = controls
		if i.Supersedes != "" {
			d["replaces"] = string(i.Supersedes)
		}
		out = append(out, d)
	}
	return out
}

func (s *Store) insertPaper(ctx context.Context, id evidence.ItemID, p evidence.Paper) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO evidence_document (item_id, shows, obtained, file_name, link, class, remark, recorded_at, recorded_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(id), p.Shows, p.Obtained, p.FileName, p.Link, string(p.Class), p.Remark, p.RecordedAt.UnixMicro(), p.RecordedBy)
	return err
}

// Paper reads what a person said about an item.
func (s *Store) Paper(ctx context.Context, scope access.ReadScope, id evidence.ItemID) (evidence.Paper, bool, error) {
	p, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (evidence.Paper, error) {
		var p evidence.Paper
		var at int64
		err := r.Scan(&p.Shows, &p.Obtained, &p.FileName, &p.Link, &p.Class, &p.Remark, &at, &p.RecordedBy)
		p.RecordedAt = sqldb.Time(at)
		return p, err
	}, `SELECT d.shows, d.obtained, d.file_name, d.link, d.class, d.remark, d.recorded_at, d.recorded_by FROM evidence_document d JOIN evidence_item i ON i.id = d.item_id WHERE i.org_id = $1 AND i.id = $2`,
		string(scope.Org()), string(id))
	if errs.Is(err, errs.NotFound) {
		return p, false, nil
	}
	return p, err == nil, err
}

// AddLinks ties an active item to more of what it shows.
func (s *Store) AddLinks(ctx context.Context, scope access.Scope, id evidence.ItemID, at time.Time, links []evidence.Link) (int, error) {
	added := 0
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		added = 0
		i, err := s.Item(ctx, scope.ReadScope, string(id))
		if err != nil {
			return err
		}
		if i.Status != evidence.Active {
			return errs.New(errs.Conflict, "%s is %s", i.Ref, i.Status).WithHint("Link the piece that counts now.")
		}
		said := []string{}
		for _, l := range links {
			n, err := s.DB.Exec(ctx, `INSERT INTO evidence_link (item_id, kind, ref) VALUES ($1, $2, $3) ON CONFLICT (item_id, kind, ref) DO NOTHING`, string(i.ID), l.Kind, l.Ref)
			if err != nil {
				return err
			}
			if n > 0 {
				added, said = added+1, append(said, l.String())
			}
		}
		if added == 0 {
			return nil
		}
		_, err = s.Ledger.Append(ctx, scope, at, "evidence.linked", string(i.ID), map[string]any{"ref": i.Ref, "links": said})
		return err
	})
	return added, err
}

// Plan reads what was decided about a control's evidence.
func (s *Store) Plan(ctx context.Context, scope access.ReadScope, control string) (evidence.Plan, bool, error) {
	p, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (evidence.Plan, error) {
		var p evidence.Plan
		var at int64
		err := r.Scan(&p.Control, &p.Days, &p.Note, &p.Version, &at, &p.By)
		p.At = sqldb.Time(at)
		return p, err
	}, `SELECT control, days, note, version, at, by_actor FROM evidence_plan WHERE org_id = $1 AND control = $2`, string(scope.Org()), control)
	if errs.Is(err, errs.NotFound) {
		return evidence.Plan{Control: control}, false, nil
	}
	return p, err == nil, err
}

// SavePlan keeps a plan on top of the version before.
func (s *Store) SavePlan(ctx context.Context, scope access.Scope, p evidence.Plan) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		var n int64
		var err error
		if p.Version == 1 {
			n, err = s.DB.Exec(ctx, `INSERT INTO evidence_plan (org_id, control, days, note, version, at, by_actor) VALUES ($1, $2, $3, $4, 1, $5, $6) ON CONFLICT (org_id, control) DO NOTHING`,
				string(scope.Org()), p.Control, p.Days, p.Note, p.At.UnixMicro(), p.By)
		} else {
			n, err = s.DB.Exec(ctx, `UPDATE evidence_plan SET days = $3, note = $4, version = $5, at = $6, by_actor = $7 WHERE org_id = $1 AND control = $2 AND version = $5 - 1`,
				string(scope.Org()), p.Control, p.Days, p.Note, p.Version, p.At.UnixMicro(), p.By)
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "the plan was changed meanwhile").WithHint("Compare, and save again on top of it.")
		}
		_, err = s.Ledger.Append(ctx, scope, p.At, "evidence.planned", p.Control, map[string]any{"control": p.Control, "days": p.Days, "note": p.Note, "version": p.Version})
		return err
	})
}
