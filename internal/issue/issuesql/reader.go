package issuesql

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// readerColumns are of table r, with what the reader did.
const readerColumns = `r.id, r.engagement_id, r.ref, r.name, r.company, r.email, r.kind, r.at, r.actor, r.link, r.linked_at, r.ends_at, r.ended_at, r.ended_by, r.why, r.version,
	COALESCE((SELECT max(a.n) FROM issue_acceptance a WHERE a.reader_id = r.id), 0), (SELECT count(*) FROM issue_download d WHERE d.reader_id = r.id), (SELECT max(d.at) FROM issue_download d WHERE d.reader_id = r.id)`

func scanReader(x sqldb.Row) (issue.Reader, error) {
	var r issue.Reader
	var at int64
	var linked, ends, ended, last *int64
	err := x.Scan(&r.ID, &r.Engagement, &r.Ref, &r.Name, &r.Company, &r.Email, &r.Kind, &at, &r.By, &r.Link, &linked, &ends, &ended, &r.EndedBy, &r.Why, &r.Version, &r.Accepted, &r.Downloads, &last)
	r.At, r.Linked, r.Ends, r.Ended, r.Last = sqldb.Time(at), sqldb.TimePtr(linked), sqldb.TimePtr(ends), sqldb.TimePtr(ended), sqldb.TimePtr(last)
	return r, err
}

// AddReader gives a reader the next reference of the engagement.
func (s *Store) AddReader(ctx context.Context, scope access.Scope, r issue.Reader) (issue.Reader, error) {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM issue_reader WHERE org_id = $1 AND engagement_id = $2`, string(scope.Org()), string(r.Engagement))
		if err != nil {
			return err
		}
		r.Ref = fmt.Sprintf("R-%02d", n+1)
		k, err := s.DB.Exec(ctx, `INSERT INTO issue_reader (id, org_id, engagement_id, ref, name, company, email, kind, at, actor, link, linked_at, ends_at, ended_at, ended_by, why, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', NULL, NULL, NULL, '', '', $11) ON CONFLICT DO NOTHING`,
			r.ID, string(scope.Org()), string(r.Engagement), r.Ref, r.Name, r.Company, r.Email, string(r.Kind), r.At.UnixMicro(), r.By, r.Version)
		return once(k, err, "another reader was named at the same moment")
	})
	return r, err
}

// Reader reads one by reference.
func (s *Store) Reader(ctx context.Context, scope access.ReadScope, e engagement.ID, ref string) (issue.Reader, error) {
	r, err := sqldb.One(ctx, s.DB, scanReader, `SELECT `+readerColumns+` FROM issue_reader r WHERE r.org_id = $1 AND r.engagement_id = $2 AND r.ref = $3`, string(scope.Org()), string(e), ref)
	if errs.Is(err, errs.NotFound) {
		return r, errs.New(errs.NotFound, "no reader %s of this report", ref)
	}
	return r, err
}

// ReaderByLink finds who holds a link.
func (s *Store) ReaderByLink(ctx context.Context, scope access.ReadScope, hash string) (issue.Reader, error) {
	return sqldb.One(ctx, s.DB, scanReader, `SELECT `+readerColumns+` FROM issue_reader r WHERE r.org_id = $1 AND r.link = $2 AND r.link <> ''`, string(scope.Org()), hash)
}

var readerSorts = map[string]string{"ref": "r.at", "name": "lower(r.name)", "company": "lower(r.company)", "kind": "r.kind", "at": "r.at", "ends": "COALESCE(r.ends_at, 0)",
	"downloads": "(SELECT count(*) FROM issue_download d WHERE d.reader_id = r.id)", "last": "COALESCE((SELECT max(d.at) FROM issue_download d WHERE d.reader_id = r.id), 0)"}

// Readers lists the readers of a report.
func (s *Store) Readers(ctx context.Context, scope access.ReadScope, f issue.ReaderFilter, q paging.Query) (paging.Result[issue.Reader], error) {
	q = q.Norm()
	res := paging.Result[issue.Reader]{Query: q}
	var w sqldb.Where
	w.Add(`r.org_id = ?`, string(scope.Org()))
	w.Add(`r.engagement_id = ?`, string(f.Engagement))
	w.AddIf(f.Kind != "", `r.kind = ?`, string(f.Kind))
	if q.Search != "" {
		t := sqldb.LikeLower(q.Search)
		w.Add(`(lower(r.ref) LIKE ? ESCAPE '!' OR lower(r.name) LIKE ? ESCAPE '!' OR lower(r.company) LIKE ? ESCAPE '!' OR r.email LIKE ? ESCAPE '!')`, t, t, t, t)
	}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*) FROM issue_reader r WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanReader, `SELECT `+readerColumns+` FROM issue_reader r WHERE `+w.SQL()+sqldb.OrderBy(readerSorts, q.Sort, q.Desc, `r.at, r.id`, `r.id`)+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// SaveReader keeps the link of a reader over the version that the writer saw.
func (s *Store) SaveReader(ctx context.Context, scope access.Scope, r issue.Reader, base int) error {
	n, err := s.DB.Exec(ctx, `UPDATE issue_reader SET link = $4, linked_at = $5, ends_at = $6, ended_at = $7, ended_by = $8, why = $9, version = $10 WHERE org_id = $1 AND id = $2 AND version = $3`,
		string(scope.Org()), r.ID, base, r.Link, sqldb.MicrosPtr(r.Linked), sqldb.MicrosPtr(r.Ends), sqldb.MicrosPtr(r.Ended), r.EndedBy, r.Why, r.Version)
	if err != nil || n > 0 {
		return err
	}
	now, err := s.Reader(ctx, scope.ReadScope, r.Engagement, r.Ref)
	if err != nil {
		return err
	}
	return errs.Changed(r.Ref, &issue.StaleReader{Theirs: now})
}

// AddTerms adds a version of the terms.
func (s *Store) AddTerms(ctx context.Context, scope access.Scope, t issue.Terms) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO issue_terms (org_id, version, months, link_days, own, at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		string(scope.Org()), t.Version, t.Months, t.LinkDays, t.Own, t.At.UnixMicro(), t.By)
	return once(n, err, "somebody set the terms at the same moment")
}

// Terms are the newest.
func (s *Store) Terms(ctx context.Context, scope access.ReadScope) (issue.Terms, error) {
	t, err := sqldb.One(ctx, s.DB, func(r sqldb.Row) (issue.Terms, error) {
		var t issue.Terms
		var at int64
		err := r.Scan(&t.Version, &t.Months, &t.LinkDays, &t.Own, &at, &t.By)
		t.At = sqldb.Time(at)
		return t, err
	}, `SELECT version, months, link_days, own, at, actor FROM issue_terms WHERE org_id = $1 ORDER BY version DESC LIMIT 1`, string(scope.Org()))
	if errs.Is(err, errs.NotFound) {
		return issue.Terms{}, nil
	}
	return t, err
}

// Accept adds a reader's agreement.
func (s *Store) Accept(ctx context.Context, scope access.Scope, a issue.Acceptance) error {
	n, err := s.DB.Exec(ctx, `INSERT INTO issue_acceptance (reader_id, org_id, n, terms, sha256, at, address, copy) VALUES ($1, $2, $3, $4, $5, $6, $7, '') ON CONFLICT DO NOTHING`,
		a.Reader, string(scope.Org()), a.Number, a.Terms, a.SHA256, a.At.UnixMicro(), a.Address)
	return once(n, err, "the terms were agreed to at the same moment")
}

// Acceptance reads a reader's agreement for a version.
func (s *Store) Acceptance(ctx context.Context, scope access.ReadScope, reader string, number int) (issue.Acceptance, error) {
	return sqldb.One(ctx, s.DB, func(r sqldb.Row) (issue.Acceptance, error) {
		var a issue.Acceptance
		var at int64
		err := r.Scan(&a.Reader, &a.Number, &a.Terms, &a.SHA256, &at, &a.Address, &a.Copy)
		a.At = sqldb.Time(at)
		return a, err
	}, `SELECT reader_id, n, terms, sha256, at, address, copy FROM issue_acceptance WHERE org_id = $1 AND reader_id = $2 AND n = $3`, string(scope.Org()), reader, number)
}

// KeepCopy names the personal copy once.
func (s *Store) KeepCopy(ctx context.Context, scope access.Scope, a issue.Acceptance) error {
	_, err := s.DB.Exec(ctx, `UPDATE issue_acceptance SET copy = $4 WHERE org_id = $1 AND reader_id = $2 AND n = $3 AND copy = ''`, string(scope.Org()), a.Reader, a.Number, a.Copy)
	return err
}

// AddDownload adds a line to the log.
func (s *Store) AddDownload(ctx context.Context, scope access.Scope, e engagement.ID, d issue.Download) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO issue_download (id, org_id, engagement_id, reader_id, n, file, sha256, at, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		d.ID, string(scope.Org()), string(e), d.Reader, d.Number, d.File, d.SHA256, d.At.UnixMicro(), d.Address)
	return err
}

var downloadSorts = map[string]string{"at": "d.at", "reader": "lower(r.name)", "company": "lower(r.company)", "version": "d.n"}

// Downloads lists the log.
func (s *Store) Downloads(ctx context.Context, scope access.ReadScope, e engagement.ID, reader string, since time.Time, q paging.Query) (paging.Result[issue.Download], error) {
	q = q.Norm()
	res := paging.Result[issue.Download]{Query: q}
	const from = ` FROM issue_download d LEFT JOIN issue_reader r ON r.id = d.reader_id WHERE `
	var w sqldb.Where
	w.Add(`d.org_id = ?`, string(scope.Org()))
	w.Add(`d.engagement_id = ?`, string(e))
	w.AddIf(reader != "", `d.reader_id = ?`, reader)
	w.AddIf(!since.IsZero(), `d.at > ?`, since.UnixMicro())
	if q.Search != "" {
		t := sqldb.LikeLower(q.Search)
		w.Add(`(lower(r.ref) LIKE ? ESCAPE '!' OR lower(r.name) LIKE ? ESCAPE '!' OR lower(r.company) LIKE ? ESCAPE '!' OR d.address LIKE ? ESCAPE '!')`, t, t, t, t)
	}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*)`+from+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, func(x sqldb.Row) (issue.Download, error) {
		var d issue.Download
		var at int64
		err := x.Scan(&d.ID, &d.Reader, &d.Ref, &d.Name, &d.Company, &d.Number, &d.File, &d.SHA256, &at, &d.Address)
		d.At = sqldb.Time(at)
		return d, err
	}, `SELECT d.id, d.reader_id, COALESCE(r.ref, ''), COALESCE(r.name, ''), COALESCE(r.company, ''), d.n, d.file, d.sha256, d.at, d.address`+from+w.SQL()+sqldb.OrderBy(downloadSorts, q.Sort, q.Desc, `d.at DESC, d.id DESC`, `d.id`)+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}
