package reviewsql

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/review"
)

const rowColumns = `r.review_id, r.n, r.system, r.item_key, r.account, r.login, r.name, r.email, r.granted, r.status, r.service, r.admin, r.held, r.sign_in_at, r.made_at,
	r.person, r.person_ref, r.person_name, r.person_user, r.person_state, r.department, r.flags, r.since, r.diff, r.prior, r.was,
	r.reviewer, r.moved, r.decision, r.reason, r.drop_name, r.decided_by, r.decided_at, r.until_at, r.done_at, r.how, r.version`

// held is what an account holds beside itself.
type held struct {
	Groups []string `json:"groups"`
	Roles  []string `json:"roles"`
}

func scanRow(r sqldb.Row) (review.Row, error) {
	var x review.Row
	var admin, holds, flags string
	var signIn, made, at, until, done *int64
	if err := r.Scan(&x.Review, &x.N, &x.System, &x.Key, &x.Account, &x.Login, &x.Name, &x.Email, &x.Grant, &x.Status, &x.Service, &admin, &holds, &signIn, &made,
		&x.Person, &x.PersonRef, &x.PersonName, &x.PersonUser, &x.State, &x.Department, &flags, &x.Since, &x.Diff, &x.Prior, &x.Was,
		&x.Reviewer, &x.Moved, &x.Decision, &x.Reason, &x.Drop, &x.By, &at, &until, &done, &x.How, &x.Version); err != nil {
		return x, err
	}
	x.SignIn, x.Created, x.At, x.Until, x.DoneAt = sqldb.TimePtr(signIn), sqldb.TimePtr(made), sqldb.TimePtr(at), sqldb.TimePtr(until), sqldb.TimePtr(done)
	if admin != "" {
		is := admin == "yes"
		x.Admin = &is
	}
	for _, f := range strings.Fields(flags) {
		x.Flags = append(x.Flags, review.Flag(f))
	}
	var h held
	err := json.Unmarshal([]byte(holds), &h)
	x.Groups, x.Roles = h.Groups, h.Roles
	return x, errs.As(errs.Internal, err, "groups of row %d", x.N)
}

// rowsAtOnce is how many rows one statement inserts. More take longer: the driver looks for the place of each value.
const rowsAtOnce = 10

// addRows inserts the frozen rows, many with one statement.
func (s *Store) addRows(ctx context.Context, id review.ID, rows []review.Row) error {
	const n = 37
	for start := 0; start < len(rows); start += rowsAtOnce {
		part := rows[start:min(start+rowsAtOnce, len(rows))]
		var b strings.Builder
		b.WriteString(`INSERT INTO review_row (review_id, n, system, item_key, account, login, name, email, granted, status, service, admin, held, sign_in_at, made_at,
			person, person_ref, person_name, person_user, person_state, department, flags, since, diff, prior, was,
			reviewer, moved, decision, reason, drop_name, decided_by, decided_at, until_at, done_at, how, version) VALUES `)
		args := make([]any, 0, len(part)*n)
		for i, r := range part {
			values, err := rowValues(id, r)
			if err != nil {
				return err
			}
			for k := range values {
				b.WriteString([2]string{", ", "("}[b2i(k == 0)])
				b.WriteString("$" + strconv.Itoa(len(args)+k+1))
			}
			b.WriteString([2]string{"), ", ")"}[b2i(i == len(part)-1)])
			args = append(args, values...)
		}
		if _, err := s.DB.Exec(ctx, b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func rowValues(id review.ID, r review.Row) ([]any, error) {
	holds, err := json.Marshal(held{r.Groups, r.Roles})
	if err != nil {
		return nil, err
	}
	admin := ""
	if r.Admin != nil {
		admin = [2]string{"no", "yes"}[b2i(*r.Admin)]
	}
	flags := ""
	for _, f := range r.Flags {
		flags += " " + string(f)
	}
	if flags != "" {
		flags += " "
	}
	return []any{
		string(id), r.N, r.System, r.Key, r.Account, r.Login, r.Name, r.Email, r.Grant, r.Status, r.Service, admin, string(holds), sqldb.MicrosPtr(r.SignIn), sqldb.MicrosPtr(r.Created),
		string(r.Person), r.PersonRef, r.PersonName, string(r.PersonUser), string(r.State), r.Department, flags, string(r.Since), r.Diff, r.Prior, string(r.Was),
		string(r.Reviewer), r.Moved, string(r.Decision), r.Reason, r.Drop, string(r.By), sqldb.MicrosPtr(r.At), sqldb.MicrosPtr(r.Until), sqldb.MicrosPtr(r.DoneAt), r.How, r.Version,
	}, nil
}

// narrow turns a filter into conditions. Rows belong to an organisation by their review.
func narrow(org access.OrgID, f review.RowFilter) *sqldb.Where {
	var w sqldb.Where
	w.Add(`c.org_id = ?`, string(org))
	w.AddIf(f.Review != "", `r.review_id = ?`, string(f.Review))
	w.AddIf(f.System != "", `r.system = ?`, f.System)
	numbers := make([]string, len(f.Numbers))
	for i, n := range f.Numbers {
		numbers[i] = strconv.Itoa(n)
	}
	if len(numbers) > 0 {
		w.Add(`r.n IN (` + strings.Join(numbers, ", ") + `)`) // numbers, written by us
	}
	w.AddIf(f.Reviewer != "", `r.reviewer = ?`, string(f.Reviewer))
	w.AddIf(f.Decision != "", `r.decision = ?`, string(f.Decision))
	w.AddIf(f.Undecided, `r.decision = ''`)
	w.AddIf(f.Flagged, `r.flags <> ''`)
	w.AddIf(f.Flag != "", `r.flags LIKE ? ESCAPE '!'`, sqldb.Like(" "+string(f.Flag)+" "))
	w.AddIf(f.Service != "", `r.service = ?`, f.Service == "yes")
	w.AddIf(f.Since != "", `r.since = ?`, string(f.Since))
	w.AddIf(f.Follows, `r.until_at IS NOT NULL`)
	at := f.At.UnixMicro()
	switch f.Follow {
	case review.Waiting:
		w.Add(`r.until_at IS NOT NULL AND r.done_at IS NULL AND r.until_at >= ?`, at)
	case review.Overdue:
		w.Add(`r.until_at IS NOT NULL AND r.done_at IS NULL AND r.until_at < ?`, at)
	case review.Done:
		w.Add(`r.done_at <= r.until_at`)
	case review.Late:
		w.Add(`r.done_at > r.until_at`)
	case review.Nothing:
	}
	w.AddIf(f.Connection != "", `EXISTS (SELECT 1 FROM review_system x WHERE x.review_id = r.review_id AND x.slug = r.system AND x.connection = ? AND (x.resource = ? OR ? = ''))`,
		f.Connection, f.Resource, f.Resource)
	w.AddIf(f.Key != "", `r.item_key = ?`, f.Key)
	w.AddIf(f.Pending, `r.until_at IS NOT NULL AND r.done_at IS NULL AND c.state <> 'cancelled'`)
	w.AddIf(f.Due != 0, `c.state = 'running' AND c.due_day < ?`, int64(f.Due))
	w.AddIf(f.Running, `c.state = 'running'`)
	w.AddIf(f.Counting, `c.state <> 'cancelled'`)
	w.AddIf(!f.From.IsZero(), `c.started_at >= ?`, f.From.UnixMicro())
	if n := len(f.Names); n > 0 {
		some := `(?` + strings.Repeat(`, ?`, n-1) + `)`
		var args []any
		for range 4 {
			for _, s := range f.Names {
				args = append(args, strings.ToLower(s))
			}
		}
		w.Add(`(lower(r.item_key) IN `+some+` OR lower(r.account) IN `+some+` OR lower(r.login) IN `+some+` OR lower(r.email) IN `+some+`)`, args...)
	}
	return &w
}

const rowTables = ` FROM review_row r JOIN review_campaign c ON c.id = r.review_id WHERE `

var rowSorts = map[string]string{
	"n": "r.n", "login": "lower(r.login)", "person": "lower(r.person_name)", "sign_in": "COALESCE(r.sign_in_at, 0)", "decision": "r.decision", "reviewer": "r.reviewer",
	"since": "r.since", "until": "COALESCE(r.until_at, 0)", "flags": "length(r.flags)", "review": "c.started_at", "admin": "r.admin", "decided": "COALESCE(r.decided_at, 0)",
}

// Rows lists rows in the order in which they were frozen, newest review first.
func (s *Store) Rows(ctx context.Context, scope access.ReadScope, f review.RowFilter, q paging.Query) (paging.Result[review.Row], error) {
	q = q.Norm()
	w := narrow(scope.Org(), f)
	if q.Search != "" {
		text := sqldb.LikeLower(q.Search)
		w.Add(`(lower(r.login) LIKE ? ESCAPE '!' OR lower(r.name) LIKE ? ESCAPE '!' OR lower(r.person_name) LIKE ? ESCAPE '!' OR lower(r.granted) LIKE ? ESCAPE '!' OR lower(r.held) LIKE ? ESCAPE '!')`,
			text, text, text, text, text)
	}
	res := paging.Result[review.Row]{Query: q}
	total, err := sqldb.One(ctx, s.DB, sqldb.Int, `SELECT count(*)`+rowTables+w.SQL(), w.Args()...)
	if err != nil {
		return res, err
	}
	res.Total = int(total)
	res.Rows, err = sqldb.Collect(ctx, s.DB, scanRow, `SELECT `+rowColumns+rowTables+w.SQL()+
		sqldb.OrderBy(rowSorts, q.Sort, q.Desc, `c.started_at DESC, r.n`, "c.started_at DESC, r.n")+w.Page(q.Size, q.Offset()), w.Args()...)
	return res, err
}

// SaveRows moves rows forward, each from the version before its own. When one was moved by somebody else nothing is changed, and
// those in the way are returned.
func (s *Store) SaveRows(ctx context.Context, scope access.Scope, rows []review.Row, e func(review.Row) review.Event) ([]review.Row, error) {
	var stale []review.Row
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		for _, r := range rows {
			was, err := sqldb.One(ctx, s.DB, scanRow, `SELECT `+rowColumns+rowTables+`c.org_id = $1 AND r.review_id = $2 AND r.n = $3`, string(scope.Org()), string(r.Review), r.N)
			if err != nil {
				return err
			}
			n := int64(0)
			if was.Version == r.Version-1 {
				n, err = s.DB.Exec(ctx, `UPDATE review_row SET reviewer = $4, moved = $5, decision = $6, reason = $7, drop_name = $8, decided_by = $9, decided_at = $10, until_at = $11, done_at = $12, how = $13, version = $14
					WHERE review_id = $1 AND n = $2 AND version = $3`, string(r.Review), r.N, r.Version-1, string(r.Reviewer), r.Moved, string(r.Decision), r.Reason, r.Drop, string(r.By),
					sqldb.MicrosPtr(r.At), sqldb.MicrosPtr(r.Until), sqldb.MicrosPtr(r.DoneAt), r.How, r.Version)
			}
			if err != nil {
				return err
			}
			if n == 0 {
				stale = append(stale, was)
				continue
			}
			x := e(r)
			x.Was = past(x.Kind, was)
			if err := s.event(ctx, r.Review, r.N, x); err != nil {
				return err
			}
		}
		if len(stale) > 0 {
			return errs.New(errs.Conflict, "rows were changed meanwhile") // takes everything back
		}
		return nil
	})
	if len(stale) > 0 && errs.Is(err, errs.Conflict) {
		return stale, nil
	}
	return nil, err
}

// past is what an event of a kind found.
func past(kind string, was review.Row) string {
	switch kind {
	case "assigned":
		return string(was.Reviewer)
	case "decided":
		return string(was.Decision)
	}
	return ""
}

func (s *Store) event(ctx context.Context, id review.ID, row int, e review.Event) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO review_event (review_id, row_n, n, at, actor, kind, was, became, reason)
		VALUES ($1, $2, (SELECT COALESCE(max(x.n), 0) + 1 FROM review_event x WHERE x.review_id = $1 AND x.row_n = $2), $3, $4, $5, $6, $7, $8)`,
		string(id), row, e.At.UnixMicro(), e.Actor, e.Kind, e.Was, e.Became, e.Reason)
	return err
}

// Events lists what happened to a row, oldest first.
func (s *Store) Events(ctx context.Context, scope access.ReadScope, id review.ID, n int) ([]review.Event, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (review.Event, error) {
		var e review.Event
		var at int64
		err := r.Scan(&e.N, &at, &e.Actor, &e.Kind, &e.Was, &e.Became, &e.Reason)
		e.At = sqldb.Time(at)
		return e, err
	}, `SELECT e.n, e.at, e.actor, e.kind, e.was, e.became, e.reason FROM review_event e JOIN review_campaign c ON c.id = e.review_id
		WHERE c.org_id = $1 AND e.review_id = $2 AND e.row_n = $3 ORDER BY e.n`, string(scope.Org()), string(id), n)
}

var groupings = map[string]string{"reviewer": "r.reviewer", "system": "r.system", "since": "r.since", "decision": "r.decision", "review": "r.review_id", "flags": "r.flags"}

// Tallies counts rows by what they are grouped by. A row counts for each of its flags.
func (s *Store) Tallies(ctx context.Context, scope access.ReadScope, f review.RowFilter, by string, at time.Time) (map[string]review.Tally, error) {
	column := groupings[by]
	if by == "flag" {
		column = groupings["flags"]
	}
	if column == "" {
		return nil, errs.New(errs.Internal, "rows are not counted by %q", by)
	}
	// The instant is the first value, so that the counts can name it.
	w := narrow(scope.Org(), f)
	args := append([]any{at.UnixMicro()}, w.Args()...)
	cond := shift(w.SQL(), len(w.Args()))
	out := map[string]review.Tally{}
	_, err := sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (struct{}, error) {
		var key string
		var t review.Tally
		var last *int64
		err := r.Scan(append([]any{&key}, tallyInto(&t, &last)...)...)
		t.LastDecided = sqldb.TimePtr(last)
		keys := []string{key}
		if by == "flag" {
			keys = strings.Fields(key)
		}
		for _, k := range keys {
			out[k] = sum(out[k], t)
		}
		return struct{}{}, err
	}, `SELECT `+column+`, `+tally+rowTables+cond+` GROUP BY `+column, args...)
	return out, err
}

// shift makes room for one value before those of a condition.
func shift(cond string, n int) string {
	for i := n; i >= 1; i-- {
		cond = strings.ReplaceAll(cond, "$"+strconv.Itoa(i), "$#"+strconv.Itoa(i+1))
	}
	return strings.ReplaceAll(cond, "$#", "$")
}

func sum(a, b review.Tally) review.Tally {
	a.Rows, a.Decided, a.Keep, a.Change, a.Remove, a.Flagged = a.Rows+b.Rows, a.Decided+b.Decided, a.Keep+b.Keep, a.Change+b.Change, a.Remove+b.Remove, a.Flagged+b.Flagged
	a.Open, a.Overdue, a.Done, a.Late = a.Open+b.Open, a.Overdue+b.Overdue, a.Done+b.Done, a.Late+b.Late
	if a.LastDecided == nil || b.LastDecided != nil && b.LastDecided.After(*a.LastDecided) {
		a.LastDecided = b.LastDecided
	}
	return a
}
