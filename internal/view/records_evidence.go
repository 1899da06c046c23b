package view

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// EvidenceFilter narrows a list of evidence. Zero values do not narrow.
type EvidenceFilter struct {
	Kind, System, Source, Resource, Completeness, Status string
	Control                                              string // reference of a control it is filed for
	Run                                                  string // identifier of the run that made it
	About                                                period.Period
	Empty                                                Empty
}

// EvidenceRow is a piece of evidence as a list shows it.
type EvidenceRow struct {
	Ref, Kind, Title, System, Source, Resource string
	From, To, Received                         time.Time
	Bytes, Rows                                int64
	SourceTotal                                *int64
	Completeness                               evidence.Completeness
	Gap                                        string
	Status                                     evidence.Status
	Seq                                        int64
	SHA256                                     string
}

// Choice is a value that a filter offers, with how many rows have it.
type Choice struct {
	Value, Label string
	N            int64
}

const evidenceColumns = `ref, kind, title, system, source, resource, from_at, to_at, received_at, bytes, rows_n, source_total, completeness, gap, status, seq, sha256`

func scanEvidence(r sqldb.Row) (EvidenceRow, error) {
	var e EvidenceRow
	var from, to, received int64
	err := r.Scan(&e.Ref, &e.Kind, &e.Title, &e.System, &e.Source, &e.Resource, &from, &to, &received, &e.Bytes, &e.Rows, &e.SourceTotal, &e.Completeness, &e.Gap, &e.Status, &e.Seq, &e.SHA256)
	e.From, e.To, e.Received = sqldb.Time(from), sqldb.Time(to), sqldb.Time(received)
	return e, err
}

var evidenceSorts = map[string]string{
	"ref": "ref", "title": "title", "source": "source", "resource": "resource", "about": "to_at", "received": "received_at", "rows": "rows_n", "bytes": "bytes",
	"completeness": "completeness", "seq": "seq", "kind": "kind",
}

func (f EvidenceFilter) where(s access.ReadScope, search string) *sqldb.Where {
	w := &sqldb.Where{}
	w.Add(`org_id = ?`, orgOf(s))
	w.AddIf(f.Kind != "", `kind = ?`, f.Kind)
	w.AddIf(f.System != "", `system = ?`, f.System)
	w.AddIf(f.Source != "", `source = ?`, f.Source)
	w.AddIf(f.Resource != "", `resource = ?`, f.Resource)
	w.AddIf(f.Completeness != "", `completeness = ?`, f.Completeness)
	w.AddIf(f.Status != "", `status = ?`, f.Status)
	w.AddIf(f.Run != "", `run_id = ?`, f.Run)
	f.Empty.add(w, `system`, `kind = 'snapshot' AND rows_n = 0 AND completeness <> 'incomplete'`)
	w.AddIf(f.About.From != 0, `to_at >= ?`, f.About.From.Time().UnixMicro())
	w.AddIf(f.About.To != 0, `from_at < ?`, f.About.To.Time().UnixMicro())
	w.AddIf(f.Control != "", `EXISTS (SELECT 1 FROM evidence_link l WHERE l.item_id = evidence_item.id AND l.kind = 'control' AND l.ref = ?)`, f.Control)
	if search != "" {
		p := sqldb.LikeLower(search)
		w.Add(`(lower(title) LIKE ? ESCAPE '!' OR lower(ref) LIKE ? ESCAPE '!' OR lower(source) LIKE ? ESCAPE '!')`, p, p, p)
	}
	return w
}

// Evidence lists pieces of evidence, the newest first unless sorted.
func (r *Reader) Evidence(ctx context.Context, s access.ReadScope, f EvidenceFilter, q paging.Query) (paging.Result[EvidenceRow], error) {
	if err := s.Require(access.ReadEvidence); err != nil {
		return paging.Result[EvidenceRow]{}, err
	}
	order := sqldb.OrderBy(evidenceSorts, q.Sort, q.Desc, "received_at DESC, ref DESC", "ref")
	return list(ctx, r.db, f.where(s, q.Search), q, evidenceColumns, "evidence_item", order, scanEvidence)
}

// EmptyEvidence counts the evidence of a filter that shows nothing but that a log had nothing new.
func (r *Reader) EmptyEvidence(ctx context.Context, s access.ReadScope, f EvidenceFilter, search string) (int, error) {
	if err := s.Require(access.ReadEvidence); err != nil || len(f.Empty.Logs) == 0 {
		return 0, err
	}
	f.Empty.Only = true
	w := f.where(s, search)
	n, err := sqldb.One(ctx, r.db, sqldb.Int, `SELECT count(*) FROM evidence_item WHERE `+w.SQL(), w.Args()...)
	return int(n), err
}

// EvidenceChoices counts the evidence a filter finds by one column: "completeness", "source", "resource", "kind" or
// "status". The column's own narrowing is left out, so that the other choices keep their counts.
func (r *Reader) EvidenceChoices(ctx context.Context, s access.ReadScope, f EvidenceFilter, search, column string) ([]Choice, error) {
	if err := s.Require(access.ReadEvidence); err != nil {
		return nil, err
	}
	own := map[string]*string{"completeness": &f.Completeness, "source": &f.Source, "resource": &f.Resource, "kind": &f.Kind, "status": &f.Status}
	narrowing, ok := own[column]
	if !ok {
		return nil, errs.New(errs.Internal, "evidence is not counted by %q", column)
	}
	*narrowing = ""
	w := f.where(s, search)
	return sqldb.Collect(ctx, r.db, scanChoice, `SELECT `+column+`, `+column+`, count(*) FROM evidence_item WHERE `+w.SQL()+` GROUP BY `+column+` ORDER BY `+column, w.Args()...)
}

// EvidenceControls counts the evidence that was filed for each control.
func (r *Reader) EvidenceControls(ctx context.Context, s access.ReadScope) ([]Choice, error) {
	if err := s.Require(access.ReadEvidence); err != nil {
		return nil, err
	}
	return sqldb.Collect(ctx, r.db, scanChoice, `SELECT l.ref, l.ref, count(*) FROM evidence_link l JOIN evidence_item i ON i.id = l.item_id
		WHERE i.org_id = $1 AND l.kind = 'control' GROUP BY l.ref ORDER BY l.ref`, orgOf(s))
}

func scanChoice(r sqldb.Row) (Choice, error) {
	var c Choice
	return c, r.Scan(&c.Value, &c.Label, &c.N)
}

// EvidenceContext is what surrounds a piece of evidence.
type EvidenceContext struct {
	Before, After *EvidenceRow // the readings of the same facts from the same source just before and after
	Replaced      *EvidenceRow // what it replaces
	ReplacedBy    *EvidenceRow
	Run           *RunRow
	Links         []evidence.Link
	Reads         []EvidenceRead
}

// EvidenceRead is a test that read a piece of evidence.
type EvidenceRead struct {
	Test    string
	RunID   string
	AsOf    time.Time
	Outcome string
	Times   int64 // evaluations that read it, up to the next reading of the same facts
}

// EvidenceContext gathers what surrounds a piece of evidence.
func (r *Reader) EvidenceContext(ctx context.Context, s access.ReadScope, i evidence.Item) (EvidenceContext, error) {
	var x EvidenceContext
	if err := s.Require(access.ReadEvidence); err != nil {
		return x, err
	}
	var err error
	if i.Kind == evidence.Snapshot {
		const same = `system = $2 AND source = $3 AND resource = $4 AND kind = 'snapshot' AND ref <> $5 AND `
		about := []any{i.System, i.Source, i.Resource, i.Ref, i.To.UnixMicro()}
		if x.Before, err = r.oneEvidence(ctx, s, same+`to_at <= $6 AND from_at < $6 ORDER BY from_at DESC, ref DESC`, about...); err != nil {
			return x, err
		}
		if x.After, err = r.oneEvidence(ctx, s, same+`to_at > $6 ORDER BY from_at, ref`, about...); err != nil {
			return x, err
		}
		until := i.To.AddDate(0, 0, 2)
		if x.After != nil {
			until = x.After.To
		}
		if x.Reads, err = r.evidenceReads(ctx, s, i, until); err != nil {
			return x, err
		}
	}
	if i.Supersedes != "" {
		if x.Replaced, err = r.oneEvidence(ctx, s, `id = $2`, string(i.Supersedes)); err != nil {
			return x, err
		}
	}
	if i.Status == evidence.Superseded {
		if x.ReplacedBy, err = r.oneEvidence(ctx, s, `supersedes = $2 ORDER BY received_at`, string(i.ID)); err != nil {
			return x, err
		}
	}
	if i.RunID != "" {
		runs, err := r.runs(ctx, s, RunFilter{ID: i.RunID}, paging.Query{Size: 1})
		if err != nil {
			return x, err
		}
		if len(runs) > 0 {
			x.Run = &runs[0]
		}
	}
	x.Links, err = sqldb.Collect(ctx, r.db, func(row sqldb.Row) (evidence.Link, error) {
		var l evidence.Link
		return l, row.Scan(&l.Kind, &l.Ref)
	}, `SELECT kind, ref FROM evidence_link WHERE item_id = $1 ORDER BY kind, ref`, string(i.ID))
	return x, err
}

func (r *Reader) oneEvidence(ctx context.Context, s access.ReadScope, where string, args ...any) (*EvidenceRow, error) {
	found, err := sqldb.Collect(ctx, r.db, scanEvidence, `SELECT `+evidenceColumns+` FROM evidence_item WHERE org_id = $1 AND `+where+` LIMIT 1`, append([]any{orgOf(s)}, args...)...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// evidenceReads lists the tests that read an item in the evaluations from when it was there up to an instant. The references
// stand in the runs as JSON; the range of instants keeps the search to the runs of a day or two.
func (r *Reader) evidenceReads(ctx context.Context, s access.ReadScope, i evidence.Item, until time.Time) ([]EvidenceRead, error) {
	return sqldb.Collect(ctx, r.db, func(row sqldb.Row) (EvidenceRead, error) {
		var x EvidenceRead
		var at int64
		err := row.Scan(&x.Test, &at, &x.Times, &x.RunID, &x.Outcome)
		x.AsOf = sqldb.Time(at)
		return x, err
	}, `SELECT l.test, l.as_of, l.n, e.id, e.outcome FROM (
			SELECT test, max(as_of) AS as_of, count(*) AS n FROM evaluate_run
			WHERE org_id = $1 AND as_of >= $2 AND as_of < $3 AND inputs LIKE $4 GROUP BY test) l
		JOIN evaluate_run e ON e.org_id = $1 AND e.test = l.test AND e.as_of = l.as_of ORDER BY l.test, e.id`,
		orgOf(s), i.To.UnixMicro(), until.UnixMicro(), `%"`+i.Ref+`"%`)
}
