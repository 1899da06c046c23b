// Package campaignsql keeps campaigns, duties and personal links in the records database.
package campaignsql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Store implements campaign.Store and campaign.Links.
type Store struct{ DB *sqldb.DB }

const columns = `id, ref, kind, title, subject, version, audience, standing, grace, opened_at, opened_by, due_day, closed_at, closed_by, why, edition`

func scanCampaign(r sqldb.Row) (campaign.Campaign, error) {
	var c campaign.Campaign
	var audience string
	var opened int64
	var closed *int64
	err := r.Scan(&c.ID, &c.Ref, &c.Kind, &c.Title, &c.Subject, &c.Version, &audience, &c.Standing, &c.Grace, &opened, &c.OpenedBy, &c.Due, &closed, &c.ClosedBy, &c.Why, &c.Edition)
	if err != nil {
		return c, err
	}
	c.Opened, c.Closed = sqldb.Time(opened), sqldb.TimePtr(closed)
	return c, errs.As(errs.Internal, json.Unmarshal([]byte(audience), &c.Audience), "audience of %s", c.Ref)
}

// Add keeps a campaign with the next number.
func (s *Store) Add(ctx context.Context, scope access.Scope, c campaign.Campaign) (campaign.Campaign, error) {
	audience, err := json.Marshal(c.Audience)
	if err != nil {
		return c, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		var number int
		if err := s.DB.QueryRow(ctx, []any{&number}, `INSERT INTO campaign_counter (org_id, n) VALUES ($1, 1)
			ON CONFLICT (org_id) DO UPDATE SET n = campaign_counter.n + 1 RETURNING n`, string(scope.Org())); err != nil {
			return err
		}
		c.Ref = fmt.Sprintf("CA-%02d", number)
		_, err := s.DB.Exec(ctx, `INSERT INTO campaign_campaign (org_id, number, `+columns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
			string(scope.Org()), number, string(c.ID), c.Ref, string(c.Kind), c.Title, c.Subject, c.Version, string(audience), c.Standing, c.Grace,
			c.Opened.UnixMicro(), c.OpenedBy, int64(c.Due), sqldb.MicrosPtr(c.Closed), c.ClosedBy, c.Why, c.Edition)
		return err
	})
	return c, errs.Wrap(err, "keep campaign")
}

// Save moves a campaign forward from the edition base.
func (s *Store) Save(ctx context.Context, scope access.Scope, c campaign.Campaign, base int) error {
	n, err := s.DB.Exec(ctx, `UPDATE campaign_campaign SET title = $4, due_day = $5, closed_at = $6, closed_by = $7, why = $8, edition = $9 WHERE org_id = $1 AND id = $2 AND edition = $3`,
		string(scope.Org()), string(c.ID), base, c.Title, int64(c.Due), sqldb.MicrosPtr(c.Closed), c.ClosedBy, c.Why, c.Edition)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "%s was changed meanwhile", c.Ref)
	}
	return errs.Wrap(err, "keep campaign %s", c.Ref)
}

// Campaign reads a campaign by identifier or reference.
func (s *Store) Campaign(ctx context.Context, scope access.ReadScope, idOrRef string) (campaign.Campaign, error) {
	c, err := sqldb.One(ctx, s.DB, scanCampaign, `SELECT `+columns+` FROM campaign_campaign WHERE org_id = $1 AND (id = $2 OR ref = $2)`, string(scope.Org()), idOrRef)
	if errs.Is(err, errs.NotFound) {
		return c, errs.New(errs.NotFound, "no campaign %s", idOrRef).WithHint("tickmark campaign list")
	}
	return c, err
}

var sorts = map[string]string{
	"ref": "number", "title": "lower(title)", "kind": "kind", "subject": "subject", "opened": "opened_at", "due": "due_day", "state": "CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END",
}

// Campaigns lists campaigns: what is open first, then the newest.
func (s *Store) Campaigns(ctx context.Context, scope access.ReadScope, f campaign.Filter, q paging.Query) (paging.Result[campaign.Campaign], error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.AddIf(f.Kind != "", `kind = ?`, string(f.Kind))
	w.AddIf(f.Subject != "", `subject = ?`, f.Subject)
	w.AddIf(f.Version != 0, `version = ?`, f.Version)
	w.AddIf(f.Live, `closed_at IS NULL`)
	w.AddIf(f.Closed, `closed_at IS NOT NULL`)
	w.AddIf(f.Standing, `standing`)
	if q.Search != "" {
		p := sqldb.LikeLower(q.Search)
		w.Add(`(lower(ref) LIKE ? ESCAPE '!' OR lower(title) LIKE ? ESCAPE '!' OR lower(subject) LIKE ? ESCAPE '!')`, p, p, p)
	}
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, `CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END, number DESC`, "number")
	return list(ctx, s.DB, &w, q, columns, `campaign_campaign`, order, scanCampaign)
}

// list counts and reads one page.
func list[T any](ctx context.Context, db *sqldb.DB, w *sqldb.Where, q paging.Query, columns, from, order string, scan func(sqldb.Row) (T, error)) (paging.Result[T], error) {
	q = q.Norm()
	res := paging.Result[T]{Query: q}
	total, err := sqldb.One(ctx, db, sqldb.Int, `SELECT count(*) FROM `+from+` WHERE `+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, db, scan, `SELECT `+columns+` FROM `+from+` WHERE `+w.SQL()+order+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// day is an instant in microseconds as a day.
const doneDay = `(done_at / 86400000000)`

// Tally counts the duties of campaigns.
func (s *Store) Tally(ctx context.Context, scope access.ReadScope, today period.Date, campaigns ...campaign.ID) (map[campaign.ID]campaign.Counts, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	names := make([]string, len(campaigns))
	for i, id := range campaigns {
		names[i] = string(id)
	}
	w.In(`campaign_id`, names)
	out := map[campaign.ID]campaign.Counts{}
	type row struct {
		id                campaign.ID
		state             campaign.State
		n, overdue, after int
	}
	rows, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (row, error) {
		var x row
		return x, r.Scan(&x.id, &x.state, &x.n, &x.overdue, &x.after)
	}, fmt.Sprintf(`SELECT campaign_id, state, count(*), sum(CASE WHEN due_day < %d THEN 1 ELSE 0 END), sum(CASE WHEN done_at IS NOT NULL AND %s > due_day THEN 1 ELSE 0 END)
		FROM campaign_duty WHERE %s GROUP BY campaign_id, state`, int64(today), doneDay, w.SQL()), w.Args()...)
	for _, x := range rows {
		c := out[x.id]
		c.Total += x.n
		switch x.state {
		case campaign.Open:
			c.Open, c.Overdue = x.n, x.overdue
		case campaign.Done:
			c.Done, c.Late = x.n, x.after
		case campaign.Waived:
			c.Waived = x.n
		case campaign.Void:
			c.Void = x.n
		}
		out[x.id] = c
	}
	return out, err
}

// AddLink keeps a link and ends the person's others.
func (s *Store) AddLink(ctx context.Context, scope access.Scope, l campaign.Link) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := s.EndLinks(ctx, scope, l.Person, l.Made); err != nil {
			return err
		}
		_, err := s.DB.Exec(ctx, `INSERT INTO campaign_link (hash, org_id, person, made_at, expires_at, ended_at) VALUES ($1, $2, $3, $4, $5, NULL)`,
			l.Hash, string(scope.Org()), string(l.Person), l.Made.UnixMicro(), l.Expires.UnixMicro())
		return errs.Wrap(err, "keep a link")
	})
}

// Link reads a link by the hash of its token.
func (s *Store) Link(ctx context.Context, scope access.ReadScope, hash string) (campaign.Link, error) {
	return sqldb.One(ctx, s.DB, func(r sqldb.Row) (campaign.Link, error) {
		l := campaign.Link{Hash: hash}
		var made, expires int64
		var ended *int64
		err := r.Scan(&l.Person, &made, &expires, &ended)
		l.Made, l.Expires, l.Ended = sqldb.Time(made), sqldb.Time(expires), sqldb.TimePtr(ended)
		return l, err
	}, `SELECT person, made_at, expires_at, ended_at FROM campaign_link WHERE org_id = $1 AND hash = $2`, string(scope.Org()), hash)
}

// EndLinks ends every link of a person.
func (s *Store) EndLinks(ctx context.Context, scope access.Scope, person people.ID, at time.Time) error {
	_, err := s.DB.Exec(ctx, `UPDATE campaign_link SET ended_at = $3 WHERE org_id = $1 AND person = $2 AND ended_at IS NULL`, string(scope.Org()), string(person), at.UnixMicro())
	return errs.Wrap(err, "end links")
}
