// Package evidencesql keeps evidence items in the records database.
package evidencesql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements evidence.Store.
type Store struct {
	DB     *sqldb.DB
	Ledger access.Recorder
}

const columns = `id, ref, kind, title, system, source, resource, method, collector, run_id, from_at, to_at, received_at, effective_at,
	media_type, bytes, sha256, path, rows_n, source_total, completeness, gap, manifest_sha256, seq, status, supersedes, note`

func scan(r sqldb.Row) (evidence.Item, error) {
	var i evidence.Item
	var from, to, received int64
	var effective *int64
	err := r.Scan(&i.ID, &i.Ref, &i.Kind, &i.Title, &i.System, &i.Source, &i.Resource, &i.Method, &i.Collector, &i.RunID, &from, &to, &received,
		&effective, &i.MediaType, &i.Bytes, &i.SHA256, &i.Path, &i.Rows, &i.SourceTotal, &i.Completeness, &i.Gap, &i.ManifestSHA256, &i.Seq,
		&i.Status, &i.Supersedes, &i.Note)
	i.From, i.To, i.ReceivedAt, i.Effective = sqldb.Time(from), sqldb.Time(to), sqldb.Time(received), sqldb.TimePtr(effective)
	return i, err
}

// Seal inserts items and their ledger entry together, once per subject.
func (s *Store) Seal(ctx context.Context, scope access.Scope, x evidence.Seal) ([]evidence.Item, error) {
	var out []evidence.Item
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		org := string(scope.Org())
		n, err := s.DB.Exec(ctx, `INSERT INTO evidence_sealed (org_id, subject, seq) VALUES ($1, $2, 0) ON CONFLICT (org_id, subject) DO NOTHING`, org, x.Subject)
		if err != nil {
			return err
		}
		if n == 0 { // sealed before, by a run that was interrupted afterwards
			out, err = sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+` FROM evidence_item WHERE org_id = $1 AND (run_id = $2 OR id = $2) ORDER BY resource`, org, x.Subject)
			return err
		}
		refs, err := s.number(ctx, org, x.At.UTC().Year(), len(x.Items))
		if err != nil {
			return err
		}
		named := make([]map[string]any, len(x.Items))
		for i := range x.Items {
			it := x.Items[i]
			it.Ref, it.ManifestSHA256 = refs[i], x.ManifestSHA256
			out = append(out, it)
			named[i] = map[string]any{"ref": it.Ref, "sha256": it.SHA256, "rows": it.Rows, "resource": it.Resource, "source": it.Source, "completeness": string(it.Completeness)}
		}
		payload := map[string]any{"manifest_sha256": x.ManifestSHA256, "items": named}
		if len(x.Papers) > 0 {
			payload["documents"] = described(out, x)
		}
		seq, err := s.Ledger.Append(ctx, scope, x.At, "evidence.sealed", x.Subject, payload)
		if err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `UPDATE evidence_sealed SET seq = $3 WHERE org_id = $1 AND subject = $2`, org, x.Subject, seq); err != nil {
			return err
		}
		for i := range out {
			out[i].Seq = seq
			if err := s.insert(ctx, org, out[i], x.Links[out[i].ID]); err != nil {
				return err
			}
			if paper, ok := x.Papers[out[i].ID]; ok {
				if err := s.insertPaper(ctx, out[i].ID, paper); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out, errs.Wrap(err, "seal evidence of %s", x.Subject)
}

// number takes the next references of a year.
func (s *Store) number(ctx context.Context, org string, year, n int) ([]string, error) {
	var last int64
	err := s.DB.QueryRow(ctx, []any{&last}, `INSERT INTO evidence_counter (org_id, year, n) VALUES ($1, $2, $3)
		ON CONFLICT (org_id, year) DO UPDATE SET n = evidence_counter.n + excluded.n RETURNING n`, org, year, n)
	refs := make([]string, n)
	for i := range refs {
		refs[i] = fmt.Sprintf("EV-%d-%05d", year, last-int64(n)+int64(i)+1)
	}
	return refs, err
}

func (s *Store) insert(ctx context.Context, org string, i evidence.Item, links []evidence.Link) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO evidence_item (org_id, `+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
		$15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)`,
		org, string(i.ID), i.Ref, string(i.Kind), i.Title, i.System, i.Source, i.Resource, string(i.Method), i.Collector, i.RunID,
		i.From.UnixMicro(), i.To.UnixMicro(), i.ReceivedAt.UnixMicro(), sqldb.MicrosPtr(i.Effective), i.MediaType, i.Bytes, i.SHA256, i.Path,
		i.Rows, i.SourceTotal, string(i.Completeness), i.Gap, i.ManifestSHA256, i.Seq, string(i.Status), string(i.Supersedes), i.Note)
	if err != nil {
		return err
	}
	for _, l := range links {
		if _, err := s.DB.Exec(ctx, `INSERT INTO evidence_link (item_id, kind, ref) VALUES ($1, $2, $3)`, string(i.ID), l.Kind, l.Ref); err != nil {
			return err
		}
	}
	if i.Supersedes == "" {
		return nil
	}
	n, err := s.DB.Exec(ctx, `UPDATE evidence_item SET status = $3 WHERE org_id = $1 AND id = $2 AND status = $4`, org, string(i.Supersedes), string(evidence.Superseded), string(evidence.Active))
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "the item to replace is no longer active")
	}
	return err
}

// Item reads one item by identifier or reference.
func (s *Store) Item(ctx context.Context, scope access.ReadScope, idOrRef string) (evidence.Item, error) {
	i, err := sqldb.One(ctx, s.DB, scan, `SELECT `+columns+` FROM evidence_item WHERE org_id = $1 AND (id = $2 OR ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return i, errs.New(errs.NotFound, "no evidence %s", idOrRef).WithHint("tickmark evidence list")
	}
	return i, err
}

var sorts = map[string]string{"ref": "ref", "title": "title", "source": "source", "resource": "resource", "received": "received_at", "rows": "rows_n", "completeness": "completeness"}

// Items lists items, newest first unless sorted.
func (s *Store) Items(ctx context.Context, scope access.ReadScope, f evidence.Filter, q paging.Query) (paging.Result[evidence.Item], error) {
	q = q.Norm()
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.Kind != "", `kind = ?`, string(f.Kind))
	w.AddIf(f.System != "", `system = ?`, f.System)
	w.AddIf(f.Source != "", `source = ?`, f.Source)
	w.AddIf(f.Resource != "", `resource = ?`, f.Resource)
	w.AddIf(f.RunID != "", `run_id = ?`, f.RunID)
	w.AddIf(f.SHA256 != "", `sha256 = ?`, f.SHA256)
	w.AddIf(!f.From.IsZero(), `to_at >= ?`, f.From.UnixMicro())
	w.AddIf(!f.To.IsZero(), `from_at < ?`, f.To.UnixMicro())
	w.AddIf(f.Usable, `status = 'active' AND completeness <> 'incomplete'`)
	w.AddIf(f.Control != "", `EXISTS (SELECT 1 FROM evidence_link l WHERE l.item_id = evidence_item.id AND l.kind = 'control' AND l.ref = ?)`, f.Control)
	if q.Search != "" {
		p := sqldb.Like(strings.ToLower(q.Search))
		w.Add(`(lower(title) LIKE ? ESCAPE '!' OR lower(ref) LIKE ? ESCAPE '!' OR lower(source) LIKE ? ESCAPE '!')`, p, p, p)
	}
	res := paging.Result[evidence.Item]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM evidence_item WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+` FROM evidence_item WHERE `+w.SQL()+sqldb.OrderBy(sorts, q.Sort, q.Desc, "received_at DESC, ref DESC", "ref")+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// Links lists what an item is tied to.
func (s *Store) Links(ctx context.Context, scope access.ReadScope, id evidence.ItemID) ([]evidence.Link, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (evidence.Link, error) {
		var l evidence.Link
		return l, r.Scan(&l.Kind, &l.Ref)
	}, `SELECT l.kind, l.ref FROM evidence_link l JOIN evidence_item i ON i.id = l.item_id WHERE i.org_id = $1 AND i.id = $2 ORDER BY l.kind, l.ref`,
		string(scope.Org()), string(id))
}

// Latest reads the newest attempt from each source.
func (s *Store) Latest(ctx context.Context, scope access.ReadScope, system, resource string, at time.Time) ([]evidence.Item, error) {
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+` FROM evidence_item
		WHERE org_id = $1 AND (system = $2 OR $2 = '') AND resource = $3 AND kind = 'snapshot' AND status = 'active' AND (system, source, from_at) IN (
			SELECT system, source, max(from_at) FROM evidence_item
			WHERE org_id = $1 AND (system = $2 OR $2 = '') AND resource = $3 AND kind = 'snapshot' AND status = 'active' AND from_at <= $4
			GROUP BY system, source)
		ORDER BY source, ref`, string(scope.Org()), system, resource, at.UnixMicro())
}

// Stream lists the items of a resource that overlap an interval.
func (s *Store) Stream(ctx context.Context, scope access.ReadScope, system, resource string, from, to time.Time) ([]evidence.Item, error) {
	return sqldb.Collect(ctx, s.DB, scan, `SELECT `+columns+` FROM evidence_item
		WHERE org_id = $1 AND (system = $2 OR $2 = '') AND resource = $3 AND kind = 'snapshot' AND status = 'active' AND to_at > $4 AND from_at < $5
		ORDER BY from_at, source, ref`, string(scope.Org()), system, resource, from.UnixMicro(), to.UnixMicro())
}

// Sources sums up snapshots by source.
func (s *Store) Sources(ctx context.Context, scope access.ReadScope, from, to time.Time) ([]evidence.SourceSummary, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (evidence.SourceSummary, error) {
		var x evidence.SourceSummary
		var first, last int64
		err := r.Scan(&x.System, &x.Source, &x.Collector, &x.Items, &x.Usable, &x.Proven, &x.Rows, &first, &last, &x.Resources)
		x.First, x.Last = sqldb.Time(first), sqldb.Time(last)
		return x, err
	}, `SELECT system, source, max(collector), count(*), sum(CASE WHEN completeness <> 'incomplete' THEN 1 ELSE 0 END),
			sum(CASE WHEN completeness = 'proven' THEN 1 ELSE 0 END), CAST(sum(rows_n) AS BIGINT), min(received_at), max(received_at), count(DISTINCT resource)
		FROM evidence_item WHERE org_id = $1 AND kind = 'snapshot' AND status = 'active' AND to_at >= $2 AND to_at < $3
		GROUP BY system, source ORDER BY source`, string(scope.Org()), from.UnixMicro(), to.UnixMicro())
}

// Withdraw marks an item as no longer relied on, with the reason, in the ledger.
func (s *Store) Withdraw(ctx context.Context, scope access.Scope, id evidence.ItemID, at time.Time, reason string) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE evidence_item SET status = 'withdrawn' WHERE org_id = $1 AND id = $2 AND status = 'active'`, string(scope.Org()), string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "evidence %s is not active", id)
		}
		_, err = s.Ledger.Append(ctx, scope, at, "evidence.withdrawn", string(id), map[string]any{"reason": reason})
		return err
	})
}
