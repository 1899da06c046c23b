package campaignsql

import (
	"context"
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

const dutyColumns = `d.id, d.campaign_id, d.person, d.person_ref, d.name, d.email, d.department, d.stint, d.opened_at, d.due_day, d.state, d.done_at, d.how, d.note, d.score, d.tries, d.reminded_at,
	c.ref, c.kind, c.title, c.subject, c.version, c.closed_at IS NOT NULL`

const dutyFrom = `campaign_duty d JOIN campaign_campaign c ON c.id = d.campaign_id`

func scanDuty(r sqldb.Row) (campaign.Duty, error) {
	var d campaign.Duty
	var opened int64
	var done, reminded *int64
	err := r.Scan(&d.ID, &d.Campaign, &d.Person, &d.PersonRef, &d.Name, &d.Email, &d.Department, &d.Stint, &opened, &d.Due, &d.State, &done, &d.How, &d.Note, &d.Score, &d.Tries, &reminded,
		&d.CampaignRef, &d.Kind, &d.Title, &d.Subject, &d.Version, &d.Closed)
	d.Opened, d.DoneAt, d.Reminded = sqldb.Time(opened), sqldb.TimePtr(done), sqldb.TimePtr(reminded)
	return d, err
}

// rowsAtOnce is how many duties one statement touches. SQLite's driver looks each parameter up in a list of all of them, so that
// long statements cost more for each row than short ones.
const rowsAtOnce = 10

// AddDuties inserts duties, leaving out those a person has already, and says how many were new.
func (s *Store) AddDuties(ctx context.Context, scope access.Scope, all []campaign.Duty) (int, error) {
	added := 0
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		added = 0
		for rest := all; len(rest) > 0; {
			part := rest[:min(len(rest), rowsAtOnce)]
			rest = rest[len(part):]
			var values []string
			var args []any
			for _, d := range part {
				row := []any{string(scope.Org()), string(d.ID), string(d.Campaign), string(d.Person), d.PersonRef, d.Name, d.Email, d.Department, d.Stint, d.Opened.UnixMicro(), int64(d.Due),
					string(d.State), sqldb.MicrosPtr(d.DoneAt), string(d.How), d.Note, d.Score, d.Tries}
				marks := make([]string, len(row))
				for i := range row {
					marks[i] = fmt.Sprintf("$%d", len(args)+i+1)
				}
				values, args = append(values, "("+strings.Join(marks, ", ")+")"), append(args, row...)
			}
			n, err := s.DB.Exec(ctx, `INSERT INTO campaign_duty (org_id, id, campaign_id, person, person_ref, name, email, department, stint, opened_at, due_day, state, done_at, how, note, score, tries)
				VALUES `+strings.Join(values, ", ")+` ON CONFLICT (campaign_id, person, stint) DO NOTHING`, args...)
			if err != nil {
				return err
			}
			added += int(n)
		}
		return nil
	})
	return added, errs.Wrap(err, "keep duties")
}

// SaveDuties changes duties that are still in the state was, and says how many those were.
func (s *Store) SaveDuties(ctx context.Context, scope access.Scope, all []campaign.Duty, was campaign.State) (int, error) {
	saved := 0
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		saved = 0
		for rest := all; len(rest) > 0; {
			n := alike(rest)
			args := changes(rest[0]).args(string(scope.Org()), string(was))
			marks := make([]string, n)
			for i, d := range rest[:n] {
				args = append(args, string(d.ID))
				marks[i] = fmt.Sprintf("$%d", len(args))
			}
			// A day of 0 keeps the one there is: what was done elsewhere says nothing about it.
			// COALESCE keeps SQLite from going through everything open here by the index on the state.
			k, err := s.DB.Exec(ctx, `UPDATE campaign_duty SET state = $3, done_at = $4, how = $5, note = $6, score = $7, tries = $8, due_day = CASE WHEN $9 = 0 THEN due_day ELSE $9 END,
				reminded_at = COALESCE($10, reminded_at) WHERE COALESCE(org_id, '') = $1 AND COALESCE(state, '') = $2 AND id IN (`+strings.Join(marks, ", ")+`)`, args...)
			if err != nil {
				return err
			}
			saved, rest = saved+int(k), rest[n:]
		}
		return nil
	})
	return saved, errs.Wrap(err, "keep duties")
}

// change is what SaveDuties writes; times in microseconds, 0 for none.
type change struct {
	state               campaign.State
	how                 campaign.How
	note                string
	score, tries        int
	due, done, reminded int64
}

func changes(d campaign.Duty) change {
	c := change{state: d.State, how: d.How, note: d.Note, score: d.Score, tries: d.Tries, due: int64(d.Due)}
	if d.DoneAt != nil {
		c.done = d.DoneAt.UnixMicro()
	}
	if d.Reminded != nil {
		c.reminded = d.Reminded.UnixMicro()
	}
	return c
}

func (c change) args(org, was string) []any {
	orNull := func(n int64) any {
		if n == 0 {
			return nil
		}
		return n
	}
	return []any{org, was, string(c.state), orNull(c.done), string(c.how), c.note, c.score, c.tries, c.due, orNull(c.reminded)}
}

// alike is how many duties at the head of a list get the same, and fit into one statement.
func alike(list []campaign.Duty) int {
	first, n := changes(list[0]), 1
	for n < min(len(list), rowsAtOnce) && changes(list[n]) == first {
		n++
	}
	return n
}

// Duty reads one duty.
func (s *Store) Duty(ctx context.Context, scope access.ReadScope, id campaign.DutyID) (campaign.Duty, error) {
	d, err := sqldb.One(ctx, s.DB, scanDuty, `SELECT `+dutyColumns+` FROM `+dutyFrom+` WHERE d.org_id = $1 AND d.id = $2`, string(scope.Org()), string(id))
	if errs.Is(err, errs.NotFound) {
		return d, errs.New(errs.NotFound, "no duty %s", id)
	}
	return d, err
}

func where(scope access.ReadScope, f campaign.DutyFilter) *sqldb.Where {
	var w sqldb.Where
	w.Add(`d.org_id = ?`, string(scope.Org()))
	w.AddIf(f.Campaign != "", `d.campaign_id = ?`, string(f.Campaign))
	w.AddIf(f.Person != "", `d.person = ?`, string(f.Person))
	w.AddIf(f.Kind != "", `c.kind = ?`, string(f.Kind))
	w.AddIf(f.Subject != "", `c.subject = ?`, f.Subject)
	w.AddIf(f.Version != 0, `c.version = ?`, f.Version)
	w.AddIf(f.State != "", `d.state = ?`, string(f.State))
	w.AddIf(f.Live, `d.state = 'open' AND c.closed_at IS NULL`)
	w.AddIf(f.Overdue != 0, `d.state = 'open' AND d.due_day < ?`, int64(f.Overdue))
	w.AddIf(f.DueBy != 0, `d.due_day <= ?`, int64(f.DueBy))
	w.AddIf(f.Late, `d.state = 'done' AND (d.done_at / 86400000000) > d.due_day`)
	w.AddIf(f.Department != "", `d.department = ?`, f.Department)
	if !f.Since.IsZero() {
		w.Add(`(d.opened_at >= ? OR d.reminded_at >= ?)`, f.Since.UnixMicro(), f.Since.UnixMicro())
	}
	names := make([]string, len(f.IDs))
	for i, id := range f.IDs {
		names[i] = string(id)
	}
	if f.IDs != nil {
		w.In(`d.id`, names)
	}
	return &w
}

var dutySorts = map[string]string{
	"ref": "d.person_ref", "name": "lower(d.name)", "department": "lower(d.department)", "due": "d.due_day", "state": "d.state", "done": "d.done_at", "subject": "c.subject", "opened": "d.opened_at",
	"campaign": "c.number", "score": "d.score", "how": "d.how",
}

// Duties lists duties by name.
func (s *Store) Duties(ctx context.Context, scope access.ReadScope, f campaign.DutyFilter, q paging.Query) (paging.Result[campaign.Duty], error) {
	w := where(scope, f)
	if q.Search != "" {
		p := sqldb.LikeLower(q.Search)
		w.Add(`(lower(d.name) LIKE ? ESCAPE '!' OR lower(d.email) LIKE ? ESCAPE '!' OR lower(d.person_ref) LIKE ? ESCAPE '!' OR lower(c.title) LIKE ? ESCAPE '!')`, p, p, p, p)
	}
	order := sqldb.OrderBy(dutySorts, q.Sort, q.Desc, `lower(d.name), d.id`, "d.id")
	return list(ctx, s.DB, w, q, dutyColumns, dutyFrom, order, scanDuty)
}

// Each reads every duty of a filter in the order of their identifiers.
func (s *Store) Each(ctx context.Context, scope access.ReadScope, f campaign.DutyFilter, do func(campaign.Duty) error) error {
	w := where(scope, f)
	all, err := sqldb.Collect(ctx, s.DB, scanDuty, `SELECT `+dutyColumns+` FROM `+dutyFrom+` WHERE `+w.SQL()+` ORDER BY d.id`, w.Args()...)
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := do(d); err != nil {
			return err
		}
	}
	return nil
}
