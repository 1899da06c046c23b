package fieldworksql

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// AddPaper inserts a workpaper and gives it the next reference of its series: CC6.3-1, CC6.3-2 …
func (s *Store) AddPaper(ctx context.Context, scope access.Scope, p fieldwork.Paper, series string) (fieldwork.Paper, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.next(ctx, scope, p.Engagement, "paper "+series)
		if err != nil {
			return err
		}
		p.Ref = fmt.Sprintf("%s-%d", series, n)
		body, err := encode(p)
		if err != nil {
			return err
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO fieldwork_paper (id, org_id, engagement, ref, control, title, population_id, state, conclusion, prepared_by, version, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, string(p.ID), string(scope.Org()), p.Engagement, p.Ref, p.Control, p.Title, string(p.Population), string(p.State()),
			string(p.Conclusion), preparer(p), p.Version, body)
		return err
	})
	return p, err
}

func preparer(p fieldwork.Paper) string {
	if p.Prepared != nil {
		return p.Prepared.By
	}
	return ""
}

// Paper reads a workpaper by identifier or reference, with its counts.
func (s *Store) Paper(ctx context.Context, scope access.ReadScope, engagement, idOrRef string) (fieldwork.Paper, error) {
	p, err := sqldb.One(ctx, s.DB, scanBody[fieldwork.Paper], `SELECT body FROM fieldwork_paper WHERE org_id = $1 AND engagement = $2 AND (id = $3 OR ref = $3)`, string(scope.Org()), engagement, idOrRef)
	if errs.Is(err, errs.NotFound) {
		return p, errs.New(errs.NotFound, "no workpaper %s in this engagement", idOrRef)
	}
	if err != nil {
		return p, err
	}
	one := []fieldwork.Paper{p}
	err = s.count(ctx, one)
	return one[0], err
}

var paperSorts = map[string]string{"ref": "ref", "control": "control", "title": "lower(title)", "state": "CASE state WHEN 'planned' THEN 0 WHEN 'testing' THEN 1 WHEN 'concluded' THEN 2 WHEN 'prepared' THEN 3 ELSE 4 END", "conclusion": "conclusion", "preparer": "prepared_by"}

// Papers lists workpapers by reference.
func (s *Store) Papers(ctx context.Context, scope access.ReadScope, f fieldwork.PaperFilter, q paging.Query) (paging.Result[fieldwork.Paper], error) {
	q = q.Norm()
	res := paging.Result[fieldwork.Paper]{Query: q}
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.Add(`engagement = ?`, f.Engagement)
	w.AddIf(f.State != "", `state = ?`, string(f.State))
	w.AddIf(f.Conclusion != "", `conclusion = ?`, string(f.Conclusion))
	w.AddIf(f.Control != "", `control = ?`, f.Control)
	w.AddIf(f.Population != "", `population_id = ?`, string(f.Population))
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(ref) LIKE ? ESCAPE '!' OR lower(title) LIKE ? ESCAPE '!' OR lower(control) LIKE ? ESCAPE '!')`, text, text, text)
	}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM fieldwork_paper WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	if res.Rows, err = sqldb.Collect(ctx, s.DB, scanBody[fieldwork.Paper], `SELECT body FROM fieldwork_paper WHERE `+w.SQL()+
		sqldb.OrderBy(paperSorts, q.Sort, q.Desc, `ref`, "ref")+w.Page(q.Size, q.Offset()), w.Args()...); err != nil {
		return res, err
	}
	return res, s.count(ctx, res.Rows)
}

// count fills the tallies of workpapers.
func (s *Store) count(ctx context.Context, papers []fieldwork.Paper) error {
	if len(papers) == 0 {
		return nil
	}
	args, index := make([]any, len(papers)), map[fieldwork.PaperID]*fieldwork.Tally{}
	for i := range papers {
		args[i], index[papers[i].ID] = string(papers[i].ID), &papers[i].Tally
	}
	ids := in(1, len(args))
	_, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (struct{}, error) {
		var id fieldwork.PaperID
		var t, x, n, reported int
		err := r.Scan(&id, &t, &x, &n, &reported)
		if at := index[id]; at != nil {
			at.Ticks, at.Exceptions, at.NA, at.Reported = t, x, n, reported
		}
		return struct{}{}, err
	}, `SELECT m.paper_id, COALESCE(sum(CASE WHEN m.mark = 't' THEN 1 ELSE 0 END), 0), COALESCE(sum(CASE WHEN m.mark = 'x' THEN 1 ELSE 0 END), 0), COALESCE(sum(CASE WHEN m.mark = 'n' THEN 1 ELSE 0 END), 0),
		COALESCE(sum(CASE WHEN m.mark = 'x' AND m.finding <> '' THEN 1 ELSE 0 END), 0)
		FROM fieldwork_mark m JOIN fieldwork_sampled s ON s.paper_id = m.paper_id AND s.n = m.n WHERE s.void = '' AND m.paper_id IN (`+ids+`) GROUP BY m.paper_id`, args...)
	if err != nil {
		return err
	}
	if _, err = sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (struct{}, error) {
		var id fieldwork.PaperID
		var all, void int
		err := r.Scan(&id, &all, &void)
		if at := index[id]; at != nil {
			at.Items, at.Void = all, void
		}
		return struct{}{}, err
	}, `SELECT paper_id, count(*), COALESCE(sum(CASE WHEN void <> '' THEN 1 ELSE 0 END), 0) FROM fieldwork_sampled WHERE paper_id IN (`+ids+`) GROUP BY paper_id`, args...); err != nil {
		return err
	}
	_, err = sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (struct{}, error) {
		var id fieldwork.PaperID
		var open int
		err := r.Scan(&id, &open)
		if at := index[id]; at != nil {
			at.Notes = open
		}
		return struct{}{}, err
	}, `SELECT paper_id, count(*) FROM fieldwork_note WHERE cleared_at IS NULL AND kind = 'note' AND paper_id IN (`+ids+`) GROUP BY paper_id`, args...)
	return err
}

// SavePaper keeps a workpaper moved forward from base.
func (s *Store) SavePaper(ctx context.Context, scope access.Scope, p fieldwork.Paper, base int) error {
	body, err := encode(p)
	if err != nil {
		return err
	}
	n, err := s.DB.Exec(ctx, `UPDATE fieldwork_paper SET title = $1, population_id = $2, state = $3, conclusion = $4, prepared_by = $5, version = $6, body = $7 WHERE org_id = $8 AND id = $9 AND version = $10`,
		p.Title, string(p.Population), string(p.State()), string(p.Conclusion), preparer(p), p.Version, body, string(scope.Org()), string(p.ID), base)
	if err != nil || n > 0 {
		return err
	}
	theirs, err := s.Paper(ctx, scope.ReadScope, p.Engagement, string(p.ID))
	if err != nil {
		return err
	}
	return errs.Changed(p.Ref, &fieldwork.Stale{Theirs: theirs})
}

// AddSampled adds items to a sample.
func (s *Store) AddSampled(ctx context.Context, _ access.Scope, id fieldwork.PaperID, items []fieldwork.Sampled) error {
	for _, x := range items {
		cells, err := encode(x.Cells)
		if err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `INSERT INTO fieldwork_sampled (paper_id, n, row_n, item_key, label, day, cells, verdict, why, stratum, origin, void, void_by, void_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '', NULL)`, string(id), x.N, x.Row, x.Key, x.Label, x.Day, cells, string(x.Verdict), x.Why, x.Stratum, x.Origin); err != nil {
			return err
		}
	}
	return nil
}

// Sampled lists the items of a sample in the order of drawing.
func (s *Store) Sampled(ctx context.Context, scope access.ReadScope, id fieldwork.PaperID) ([]fieldwork.Sampled, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (fieldwork.Sampled, error) {
		var x fieldwork.Sampled
		var cells string
		var void *int64
		if err := r.Scan(&x.N, &x.Row, &x.Key, &x.Label, &x.Day, &cells, &x.Verdict, &x.Why, &x.Stratum, &x.Origin, &x.Void, &x.VoidBy, &void); err != nil {
			return x, err
		}
		x.VoidAt = sqldb.TimePtr(void)
		return x, errs.As(errs.Internal, json.Unmarshal([]byte(cells), &x.Cells), "read an item")
	}, `SELECT s.n, s.row_n, s.item_key, s.label, s.day, s.cells, s.verdict, s.why, s.stratum, s.origin, s.void, s.void_by, s.void_at FROM fieldwork_sampled s
		JOIN fieldwork_paper p ON p.id = s.paper_id WHERE s.paper_id = $1 AND p.org_id = $2 ORDER BY s.n`, string(id), string(scope.Org()))
}

// VoidSampled makes an item void, once.
func (s *Store) VoidSampled(ctx context.Context, _ access.Scope, id fieldwork.PaperID, x fieldwork.Sampled) error {
	n, err := s.DB.Exec(ctx, `UPDATE fieldwork_sampled SET void = $1, void_by = $2, void_at = $3 WHERE paper_id = $4 AND n = $5 AND void = ''`, x.Void, x.VoidBy, sqldb.MicrosPtr(x.VoidAt), string(id), x.N)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "the item is void already")
	}
	return err
}

const cellColumns = `m.n, m.letter, m.mark, m.note, m.evidence, m.finding, m.accepted, m.marked_by, m.marked_at, m.version`

func scanCell(r sqldb.Row) (fieldwork.Cell, error) {
	var c fieldwork.Cell
	var at int64
	err := r.Scan(&c.N, &c.Letter, &c.Mark, &c.Note, &c.Evidence, &c.Finding, &c.Accepted, &c.By, &at, &c.Version)
	c.At = sqldb.Time(at)
	return c, err
}

// SaveCells writes the cells that nobody changed meanwhile, and returns what is kept of the others.
func (s *Store) SaveCells(ctx context.Context, _ access.Scope, id fieldwork.PaperID, cells []fieldwork.Cell) (stale []fieldwork.Cell, err error) {
	for _, c := range cells {
		n, err := s.DB.Exec(ctx, `INSERT INTO fieldwork_mark (paper_id, n, letter, mark, note, evidence, finding, accepted, marked_by, marked_at, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (paper_id, n, letter) DO UPDATE SET mark = excluded.mark, note = excluded.note, evidence = excluded.evidence,
			finding = excluded.finding, accepted = excluded.accepted, marked_by = excluded.marked_by, marked_at = excluded.marked_at, version = excluded.version
			WHERE fieldwork_mark.version = excluded.version - 1`, string(id), c.N, c.Letter, string(c.Mark), c.Note, c.Evidence, c.Finding, c.Accepted, c.By, micros(c.At), c.Version)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			continue
		}
		kept, err := sqldb.One(ctx, s.DB, scanCell, `SELECT `+cellColumns+` FROM fieldwork_mark m WHERE m.paper_id = $1 AND m.n = $2 AND m.letter = $3`, string(id), c.N, c.Letter)
		if err != nil {
			return nil, err
		}
		stale = append(stale, kept)
	}
	return stale, nil
}

// Cells lists the marks of a workpaper.
func (s *Store) Cells(ctx context.Context, scope access.ReadScope, id fieldwork.PaperID) ([]fieldwork.Cell, error) {
	return sqldb.Collect(ctx, s.DB, scanCell, `SELECT `+cellColumns+` FROM fieldwork_mark m JOIN fieldwork_paper p ON p.id = m.paper_id WHERE m.paper_id = $1 AND p.org_id = $2 ORDER BY m.n, m.letter`, string(id), string(scope.Org()))
}

// Notes lists the review notes of a workpaper, oldest first.
func (s *Store) Notes(ctx context.Context, scope access.ReadScope, id fieldwork.PaperID) ([]fieldwork.Note, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (fieldwork.Note, error) {
		n := fieldwork.Note{Paper: id}
		var at int64
		var cleared *int64
		err := r.Scan(&n.N, &n.Kind, &n.Text, &n.By, &at, &n.Answer, &n.ClearedBy, &cleared)
		n.At, n.ClearedAt = sqldb.Time(at), sqldb.TimePtr(cleared)
		return n, err
	}, `SELECT x.n, x.kind, x.text, x.said_by, x.said_at, x.answer, x.cleared_by, x.cleared_at FROM fieldwork_note x JOIN fieldwork_paper p ON p.id = x.paper_id
		WHERE x.paper_id = $1 AND p.org_id = $2 ORDER BY x.n`, string(id), string(scope.Org()))
}

// AddNote adds a note and numbers it.
func (s *Store) AddNote(ctx context.Context, scope access.Scope, n fieldwork.Note) (fieldwork.Note, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		var err error
		if n.N, err = s.next(ctx, scope, string(n.Paper), "note"); err != nil {
			return err
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO fieldwork_note (paper_id, n, kind, text, said_by, said_at, answer, cleared_by, cleared_at) VALUES ($1, $2, $3, $4, $5, $6, '', '', NULL)`,
			string(n.Paper), n.N, n.Kind, n.Text, n.By, micros(n.At))
		return err
	})
	return n, err
}

// ClearNote keeps the answer to a note, once.
func (s *Store) ClearNote(ctx context.Context, _ access.Scope, n fieldwork.Note) error {
	rows, err := s.DB.Exec(ctx, `UPDATE fieldwork_note SET answer = $1, cleared_by = $2, cleared_at = $3 WHERE paper_id = $4 AND n = $5 AND cleared_at IS NULL`,
		n.Answer, n.ClearedBy, sqldb.MicrosPtr(n.ClearedAt), string(n.Paper), n.N)
	if err == nil && rows == 0 {
		err = errs.New(errs.Conflict, "the note is cleared already")
	}
	return err
}
