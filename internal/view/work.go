package view

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/work"
)

// TaskRow is a task with names.
type TaskRow struct {
	work.Task
	OwnerName, Author string
}

// TaskFilter narrows the list of tasks. Zero values do not narrow.
type TaskFilter struct {
	Status    string // a status, "todo" for those that are not closed, "overdue" for those of them whose day is over
	Owner     string // identifier of a person; "none" for tasks without
	Source    work.Source
	SourceRef string
	Criterion string
}

// TaskList is a page of tasks and what the filters would find.
type TaskList struct {
	paging.Result[TaskRow]
	Statuses []Choice // over what the other filters leave
	Owners   []Choice
}

const (
	taskColumns = `t.id, t.ref, t.title, t.text, t.status, t.why, t.source, t.source_ref, t.owner, t.due_day, t.criteria, t.version, t.created_at, t.created_by, t.updated_at, t.closed_at,
		COALESCE(o.name, t.owner), COALESCE(a.name, t.created_by)`
	taskFrom = `work_task t LEFT JOIN access_user o ON o.id = t.owner LEFT JOIN access_user a ON a.id = t.created_by`
	dueOrder = `CASE WHEN t.due_day = 0 THEN 1 ELSE 0 END, t.due_day, t.number`
)

func scanTask(row sqldb.Row) (TaskRow, error) {
	var t TaskRow
	var criteria string
	var created, updated int64
	var closed *int64
	err := row.Scan(&t.ID, &t.Ref, &t.Title, &t.Text, &t.Status, &t.Why, &t.Source, &t.SourceRef, &t.Owner, &t.Due, &criteria, &t.Version, &created, &t.CreatedBy, &updated, &closed, &t.OwnerName, &t.Author)
	if err != nil {
		return t, err
	}
	t.Created, t.Updated, t.ClosedAt = sqldb.Time(created), sqldb.Time(updated), sqldb.TimePtr(closed)
	return t, errs.As(errs.Internal, json.Unmarshal([]byte(criteria), &t.Criteria), "criteria of %s", t.Ref)
}

func (f TaskFilter) where(s access.ReadScope, search string, now time.Time, status bool) *sqldb.Where {
	var w sqldb.Where
	w.Add(`t.org_id = ?`, orgOf(s))
	w.AddIf(f.Owner == "none", `t.owner = ''`)
	w.AddIf(f.Owner != "" && f.Owner != "none", `t.owner = ?`, f.Owner)
	w.AddIf(f.Source != "", `t.source = ?`, string(f.Source))
	w.AddIf(f.SourceRef != "", `t.source_ref = ?`, f.SourceRef)
	w.AddIf(f.Criterion != "", `t.criteria LIKE ? ESCAPE '!'`, sqldb.Like(`"`+f.Criterion+`"`))
	if search != "" {
		x := sqldb.LikeLower(search)
		w.Add(`(lower(t.ref) LIKE ? ESCAPE '!' OR lower(t.title) LIKE ? ESCAPE '!' OR lower(t.text) LIKE ? ESCAPE '!' OR lower(t.source_ref) LIKE ? ESCAPE '!' OR lower(o.name) LIKE ? ESCAPE '!')`, x, x, x, x, x)
	}
	switch {
	case !status || f.Status == "":
	case f.Status == "todo":
		w.Add(`t.closed_at IS NULL`)
	case f.Status == "overdue":
		w.Add(`t.closed_at IS NULL AND t.due_day <> 0 AND t.due_day < ?`, int64(period.Of(now)))
	default:
		w.Add(`t.status = ?`, f.Status)
	}
	return &w
}

// Tasks lists tasks, what is due first. Sort names: ref, title, status, owner, due, source, updated.
func (r *Reader) Tasks(ctx context.Context, s access.ReadScope, f TaskFilter, q paging.Query, now time.Time) (TaskList, error) {
	var out TaskList
	if err := s.Require(access.ReadTasks); err != nil {
		return out, err
	}
	sorts := map[string]string{"ref": "t.number", "title": "lower(t.title)", "status": "t.status", "owner": "lower(COALESCE(o.name, ''))", "source": "t.source", "updated": "t.updated_at", "due": "t.due_day"}
	order := sqldb.OrderBy(sorts, q.Sort, q.Desc, dueOrder, dueOrder)
	if q.Sort == "due" && !q.Desc {
		order = ` ORDER BY ` + dueOrder
	}
	var err error
	if out.Result, err = list(ctx, r.db, f.where(s, q.Search, now, true), q, taskColumns, taskFrom, order, scanTask); err != nil {
		return out, err
	}
	w := f.where(s, q.Search, now, false)
	n := map[string]int64{}
	args := append(slices.Clone(w.Args()), int64(period.Of(now)))
	_, err = sqldb.Collect(ctx, r.db, func(row sqldb.Row) (string, error) {
		var status string
		var all, late int64
		err := row.Scan(&status, &all, &late)
		n[status] += all
		if !work.Status(status).Closed() {
			n["todo"] += all
			n["overdue"] += late
		}
		return status, err
	}, `SELECT t.status, count(*), CAST(sum(CASE WHEN t.due_day <> 0 AND t.due_day < $`+strconv.Itoa(len(args))+` THEN 1 ELSE 0 END) AS BIGINT) FROM `+taskFrom+` WHERE `+w.SQL()+` GROUP BY t.status`, args...)
	if err != nil {
		return out, err
	}
	for _, x := range []string{"todo", "overdue", string(work.Open), string(work.InProgress), string(work.Done), string(work.Dropped)} {
		out.Statuses = append(out.Statuses, Choice{Value: x, N: n[x]})
	}
	out.Owners, err = sqldb.Collect(ctx, r.db, func(row sqldb.Row) (Choice, error) {
		var c Choice
		err := row.Scan(&c.Value, &c.Label, &c.N)
		if c.Value == "" {
			c.Value, c.Label = "none", "Nobody"
		}
		return c, err
	}, `SELECT t.owner, COALESCE(o.name, t.owner), count(*) FROM `+taskFrom+` WHERE t.org_id = $1 GROUP BY t.owner, COALESCE(o.name, t.owner) ORDER BY 2`, orgOf(s))
	return out, err
}

// Task reads a task by its reference, whatever its case.
func (r *Reader) Task(ctx context.Context, s access.ReadScope, ref string) (TaskRow, error) {
	if err := s.Require(access.ReadTasks); err != nil {
		return TaskRow{}, err
	}
	t, err := sqldb.One(ctx, r.db, scanTask, `SELECT `+taskColumns+` FROM `+taskFrom+` WHERE t.org_id = $1 AND t.ref = $2`, orgOf(s), strings.ToUpper(ref))
	if errs.Is(err, errs.NotFound) {
		return t, errs.New(errs.NotFound, "no task %s", ref).WithHint("The list of tasks has all there are.")
	}
	return t, err
}

// TaskState is how what a task comes from stands now.
type TaskState struct {
	Known bool // the program can tell
	Gone  bool // what made it necessary is no more
	Key   string
	Words string
	Since time.Time // Gone: since when; zero when not known
}

// TaskStanding looks at what a task comes from.
func (r *Reader) TaskStanding(ctx context.Context, s access.ReadScope, t work.Task, now time.Time) (TaskState, error) {
	var o chart.Outcome
	var tests []string
	switch t.Source {
	case work.FromGap:
		return r.gapState(ctx, s, t.SourceRef, now)
	case work.FromItem:
		test, item, _ := strings.Cut(t.SourceRef, "/")
		d, err := r.Item(ctx, s, test, item, now)
		if errs.Is(err, errs.NotFound) {
			return TaskState{}, nil
		}
		if err != nil || d.Current != nil {
			return TaskState{Known: err == nil, Words: "It does not pass"}.key(chart.Fail), err
		}
		x := TaskState{Known: true, Gone: true, Words: "It passes"}.key(chart.Pass)
		if u := d.History[0].Until; u != nil {
			x.Since = *u
		}
		return x, nil
	case work.FromControl, work.FromTest, work.FromEvidence:
		p, err := r.programme(ctx, s, now)
		if err != nil {
			return TaskState{}, err
		}
		list := p.byControl[t.SourceRef]
		if i, ok := p.byID[t.SourceRef]; ok {
			list = []int{i}
		}
		if o, _ = p.together(list); o == chart.None {
			return TaskState{}, nil
		}
		for _, i := range list {
			tests = append(tests, p.tests[i].ID)
		}
	default:
		return TaskState{}, nil
	}
	x := TaskState{Known: true, Gone: o == chart.Pass || o == chart.NotApplicable, Words: "It is " + o.String()}.key(o)
	if x.Gone && t.Source != work.FromEvidence {
		lists, err := r.tallies(ctx, s, tests, mini(now))
		if err != nil {
			return x, err
		}
		for _, list := range lists {
			for _, y := range list {
				if y.outcome == chart.Fail && y.to.Time().After(x.Since) {
					x.Since = y.to.Time()
				}
			}
		}
	}
	x.Gone = x.Gone && t.Source != work.FromEvidence
	return x, nil
}

func (x TaskState) key(o chart.Outcome) TaskState {
	x.Key = StateName(o)
	return x
}

func (r *Reader) gapState(ctx context.Context, s access.ReadScope, id string, now time.Time) (TaskState, error) {
	for _, f := range shown {
		if !r.catalog.Knows(f, id) {
			continue
		}
		all, err := r.Standings(ctx, s, StandingsFilter{Framework: f, Now: now})
		if err != nil {
			return TaskState{}, err
		}
		for _, x := range all {
			if x.ID == id {
				return TaskState{Known: true, Gone: !x.Status.Gap(), Key: string(x.Status), Words: id + ": " + strings.ToLower(x.Status.Title())}, nil
			}
		}
	}
	return TaskState{}, nil
}

// Waiting is something that waits for whoever looks.
type Waiting struct {
	Kind   string // "task", "draft", "drafts", "request", "expiring", "failing", "evidence", "evidences"
	Ref    string // of the task, the control or the exception
	Title  string
	Hint   string
	Status string      // status key of its sign
	Due    period.Date // 0 for no date
}

// expiring is how long before its end an exception waits for its owner.
const expiring = 14

// waiting lists what waits for whoever looks: own tasks, drafts and exceptions to approve, exceptions that end soon, own
// controls that fail.
func (r *Reader) waiting(ctx context.Context, s access.ReadScope, p *programme, controls []ControlRow, now time.Time) ([]Waiting, error) {
	var out []Waiting
	today := period.Of(now)
	if s.Can(access.ReadTasks) && s.User() != "" {
		todo, err := r.Tasks(ctx, s, TaskFilter{Status: "todo", Owner: string(s.User())}, paging.Query{Size: paging.MaxSize}, now)
		if err != nil {
			return nil, err
		}
		for _, t := range todo.Rows {
			x := Waiting{"task", t.Ref, t.Title, t.Ref + " · " + strings.ToLower(t.Source.Title()) + " " + t.SourceRef, "prog", t.Due}
			if t.Source == work.ByHand {
				x.Hint = t.Ref
			}
			if t.Overdue(today) {
				x.Status = "fail"
			} else if t.Status == work.Open {
				x.Status = "na"
			}
			out = append(out, x)
		}
	}
	own := map[string]bool{}
	var mine []ControlRow
	for _, c := range controls {
		if c.OwnerID == "" || c.OwnerID != s.User() {
			continue
		}
		mine = append(mine, c)
		for _, i := range p.byControl[c.Ref] {
			own[p.tests[i].ID] = true
		}
		if c.State == chart.Fail && !c.Gone() && c.Failing > c.Excepted {
			out = append(out, Waiting{"failing", c.Ref, c.Title, c.Ref + " · " + items(c.Failing-c.Excepted) + " failing", "fail", 0})
		}
	}
	for _, e := range p.exceptions {
		title := e.Test
		if i, ok := p.byID[e.Test]; ok {
			title = p.tests[i].Definition.Title
		}
		switch st := e.State(now); {
		case st == "requested" && s.Can(access.ApproveException) && e.RequestedBy != s.Actor():
			out = append(out, Waiting{"request", e.Ref, "Approve exception " + e.Ref, title, "risk", period.Of(e.Requested) + 3})
		case st == "active" && period.Of(e.Expires) <= today+expiring && (own[e.Test] || e.RequestedBy == s.Actor()):
			out = append(out, Waiting{"expiring", e.Ref, "Exception " + e.Ref + " ends", title, "exm", period.Of(e.Expires)})
		}
	}
	late, err := r.lateEvidence(ctx, s, mine, now)
	if err != nil {
		return nil, err
	}
	out = append(out, late...)
	if s.Can(access.ApproveControls) {
		drafts, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (Waiting, error) {
			x := Waiting{Kind: "draft", Status: "risk"}
			err := row.Scan(&x.Ref, &x.Title)
			x.Title, x.Hint = "Approve the wording of "+x.Ref, x.Title
			return x, err
		}, `SELECT c.ref, v.title FROM control_control c JOIN control_version v ON v.control_id = c.id AND v.number = c.newest
			WHERE c.org_id = $1 AND v.status = 'draft' AND v.author <> $2 ORDER BY v.at`, orgOf(s), s.Actor())
		if err != nil {
			return nil, err
		}
		if n := len(drafts); n > 5 { // an adopted library: one line for all
			drafts = []Waiting{{"drafts", "", "Approve " + strconv.Itoa(n) + " drafts of controls", "nothing is in force until somebody approves it", "risk", 0}}
		}
		out = append(out, drafts...)
	}
	slices.SortStableFunc(out, func(a, b Waiting) int {
		rank := func(x Waiting) int {
			switch {
			case x.Due != 0 && x.Due < today:
				return 0
			case x.Due == today:
				return 1
			case x.Kind == "failing":
				return 2
			case x.Due != 0:
				return 3
			}
			return 4
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Due, b.Due))
	})
	return out, nil
}

// lateEvidence is what has to be filed for controls: each that is due, and one line for those that have nothing yet.
func (r *Reader) lateEvidence(ctx context.Context, s access.ReadScope, controls []ControlRow, now time.Time) ([]Waiting, error) {
	if len(controls) == 0 || !s.Can(access.AddEvidence) {
		return nil, nil
	}
	plans, have, err := r.filedAndPlanned(ctx, s)
	if err != nil {
		return nil, err
	}
	var out []Waiting
	never := 0
	for _, c := range controls {
		if c.Status != control.Approved {
			continue
		}
		switch d := dueRow(c, plans[c.Ref], have[c.Ref], now); {
		case d.State != evidence.Overdue && d.State != evidence.DueSoon && d.State != evidence.NoneYet:
		case d.Pieces == 0:
			never++
		default:
			x := Waiting{"evidence", c.Ref, "File evidence for " + c.Ref, c.Title, "risk", period.Of(d.Due)}
			if d.State == evidence.Overdue {
				x.Status = "fail"
			}
			out = append(out, x)
		}
	}
	if never > 0 {
		out = append(out, Waiting{"evidences", "", "File the first evidence for " + counted(never, "control", "controls") + " of yours", "no test judges them, and nothing is filed", "na", 0})
	}
	return out, nil
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func items(n int64) string { return counted(int(n), "item", "items") }
