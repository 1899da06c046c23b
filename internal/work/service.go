package work

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Bounds of what people write, in characters.
const (
	MaxTitle   = 200
	MaxText    = 8000
	MaxComment = 4000
	MaxWhy     = 1000
	minTitle   = 3
	minWhy     = 10
	maxBulk    = 500
	farFuture  = 100 * 366 // days from now within which a task is due
)

// Service is the use cases of tasks and marks.
type Service struct {
	Store   Store
	Catalog Requirements
	People  People
	Tx      access.Tx
	Ledger  access.Recorder
}

// New is a task to open.
type New struct {
	Title     string
	Text      string
	Source    Source // ByHand when empty
	SourceRef string
	Owner     string      // identifier or email; empty for nobody
	Due       period.Date // 0 for no date
	Criteria  []string
}

// Open opens a task. When its source has one already that is not closed, that is a Conflict whose cause is a *Stale with it.
func (s *Service) Open(ctx context.Context, scope access.Scope, now time.Time, n New) (Task, error) {
	if err := scope.Require(access.ManageTasks); err != nil {
		return Task{}, err
	}
	if n.Source == "" {
		n.Source = ByHand
	}
	t := Task{
		ID: TaskID(id.New("tsk", now)), Title: text.Line(n.Title), Text: text.Prose(n.Text), Status: Open, Source: n.Source, SourceRef: strings.TrimSpace(n.SourceRef), Due: n.Due,
		Criteria: n.Criteria, Version: 1, Created: now, CreatedBy: scope.Actor(), Updated: now,
	}
	if t.Source != ByHand && t.SourceRef == "" || !known(Sources(), t.Source) || utf8.RuneCountInString(t.SourceRef) > 300 {
		return Task{}, errs.New(errs.Invalid, "a task cannot come from %q %q", t.Source, t.SourceRef).At("source")
	}
	var err error
	if t.Owner, err = s.person(ctx, scope, n.Owner); err != nil {
		return Task{}, err
	}
	if err := s.check(t, now, period.Date(0)); err != nil {
		return Task{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		added, err := s.Store.Add(ctx, scope, t)
		if errs.Is(err, errs.Conflict) {
			return s.taken(ctx, scope.ReadScope, t)
		}
		if err != nil {
			return err
		}
		t = added
		_, err = s.Ledger.Append(ctx, scope, now, "task.opened", string(t.ID), map[string]any{
			"ref": t.Ref, "title": t.Title, "source": string(t.Source), "source_ref": t.SourceRef, "owner": string(t.Owner), "due": dateText(t.Due),
		})
		return err
	})
	if err != nil {
		return Task{}, err
	}
	return t, nil
}

// taken is the Conflict of a source that has a task already.
func (s *Service) taken(ctx context.Context, scope access.ReadScope, t Task) error {
	have, err := s.Store.Tasks(ctx, scope, Filter{Open: true, Source: t.Source, SourceRef: t.SourceRef}, paging.Query{Size: 1})
	if err != nil {
		return err
	}
	if len(have.Rows) == 0 {
		return errs.New(errs.Conflict, "there is a task for this already").WithHint("Look at the list of tasks.")
	}
	e := errs.New(errs.Conflict, "%s is open for this already", have.Rows[0].Ref).WithHint("Work on that one, or close it first.")
	e.Err = &Stale{Theirs: have.Rows[0]}
	return e
}

// Edit is what to change in a task; nil leaves a field as it is.
type Edit struct {
	Title    *string
	Text     *string
	Owner    *string // identifier or email; empty for nobody
	Due      *period.Date
	Criteria *[]string
}

// Edit changes a task. base is the version the editor saw; 0 changes whatever is there. When somebody else was faster the
// Conflict's cause is a *Stale.
func (s *Service) Edit(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, e Edit) (Task, error) {
	if err := scope.Require(access.ManageTasks); err != nil {
		return Task{}, err
	}
	return s.change(ctx, scope, now, ref, base, "task.changed", func(ctx context.Context, t *Task) error {
		was := t.Due
		if e.Title != nil {
			t.Title = text.Line(*e.Title)
		}
		if e.Text != nil {
			t.Text = text.Prose(*e.Text)
		}
		if e.Due != nil {
			t.Due = *e.Due
		}
		if e.Criteria != nil {
			t.Criteria = *e.Criteria
		}
		if e.Owner != nil && *e.Owner != string(t.Owner) { // who left may stay until somebody takes over
			var err error
			if t.Owner, err = s.person(ctx, scope, *e.Owner); err != nil {
				return err
			}
		}
		return s.check(*t, now, was)
	})
}

// Move changes the status: start, finish, drop (with a reason), reopen. People move the tasks they own; others need the right
// to change tasks.
func (s *Service) Move(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, to Status, why string) (Task, error) {
	if err := scope.Require(access.WorkTasks); err != nil {
		return Task{}, err
	}
	why = text.Prose(why)
	switch n := utf8.RuneCountInString(why); {
	case !known(Statuses(), to):
		return Task{}, errs.New(errs.Invalid, "a task cannot be %q", to).At("status").WithHint("It is open, in_progress, done or dropped.")
	case to == Dropped && n < minWhy:
		return Task{}, errs.New(errs.Invalid, "say in at least %d characters why it is dropped (%d so far)", minWhy, n).At("why")
	case n > MaxWhy:
		return Task{}, errs.New(errs.Invalid, "the reason has %d characters; at most %d are kept", n, MaxWhy).At("why")
	}
	kind := map[Status]string{Open: "task.reopened", InProgress: "task.started", Done: "task.done", Dropped: "task.dropped"}[to]
	return s.change(ctx, scope, now, ref, base, kind, func(_ context.Context, t *Task) error {
		if t.Owner != scope.User() || t.Owner == "" {
			if err := scope.Require(access.ManageTasks); err != nil {
				return err
			}
		}
		if t.Status == to {
			return errs.New(errs.Conflict, "%s is %s already", t.Ref, strings.ToLower(to.Title()))
		}
		t.Status, t.Why, t.ClosedAt = to, why, nil
		if to.Closed() {
			t.ClosedAt = &now
		}
		return nil
	})
}

// change reads a task, changes it and keeps it with its history and a ledger entry. A change of nothing is none.
func (s *Service) change(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, kind string, do func(context.Context, *Task) error) (Task, error) {
	var t Task
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Task(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return changed(was)
		}
		t = was
		if err := do(ctx, &t); err != nil {
			return err
		}
		events := diff(was, t)
		if len(events) == 0 {
			return nil
		}
		for i := range events {
			events[i].At, events[i].Actor = now, scope.Actor()
		}
		t.Version, t.Updated = was.Version+1, now
		if err := s.Store.Save(ctx, scope, t, was.Version, events); err != nil {
			return s.lost(ctx, scope.ReadScope, t, err)
		}
		says := map[string]any{"ref": t.Ref, "version": t.Version, "changed": fields(events)}
		if t.Why != was.Why && t.Why != "" {
			says["reason"] = t.Why
		}
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(t.ID), says)
		return err
	})
	if err != nil {
		return Task{}, err
	}
	return t, nil
}

func changed(theirs Task) error {
	return errs.Changed(theirs.Ref, &Stale{Theirs: theirs})
}

// lost says what a Conflict of Save was about: another version, or another open task for the same source.
func (s *Service) lost(ctx context.Context, scope access.ReadScope, t Task, cause error) error {
	if !errs.Is(cause, errs.Conflict) {
		return cause
	}
	theirs, err := s.Store.Task(ctx, scope, string(t.ID))
	if err != nil {
		return errors.Join(cause, err)
	}
	if theirs.Version+1 != t.Version {
		return changed(theirs)
	}
	return s.taken(ctx, scope, t)
}

// Comment adds a remark to a task. Whoever may work on tasks may.
func (s *Service) Comment(ctx context.Context, scope access.Scope, now time.Time, ref, comment string) error {
	if err := scope.Require(access.WorkTasks); err != nil {
		return err
	}
	comment = text.Prose(comment)
	switch n := utf8.RuneCountInString(comment); {
	case n == 0:
		return errs.New(errs.Invalid, "write something first").At("comment")
	case n > MaxComment:
		return errs.New(errs.Invalid, "the comment has %d characters; at most %d are kept", n, MaxComment).At("comment")
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		t, err := s.Store.Task(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if err := s.Store.Note(ctx, scope, t.ID, Event{At: now, Actor: scope.Actor(), Kind: Comment, Became: comment}); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "task.commented", string(t.ID), map[string]any{"ref": t.Ref})
		return err
	})
}

// Task reads a task by identifier or reference.
func (s *Service) Task(ctx context.Context, scope access.ReadScope, ref string) (Task, error) {
	if err := scope.Require(access.ReadTasks); err != nil {
		return Task{}, err
	}
	return s.Store.Task(ctx, scope, ref)
}

// List lists tasks. Sort names: ref, title, status, due, source, updated, created.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Task], error) {
	if err := scope.Require(access.ReadTasks); err != nil {
		return paging.Result[Task]{}, err
	}
	return s.Store.Tasks(ctx, scope, f, q)
}

// History lists everything that happened to a task, oldest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, t TaskID) ([]Event, error) {
	if err := scope.Require(access.ReadTasks); err != nil {
		return nil, err
	}
	return s.Store.History(ctx, scope, t)
}

// Bulk does the same to several tasks, each with an entry of its own, all or none, and returns those it changed. Tasks that are
// in the wanted state already are left as they are.
func (s *Service) Bulk(ctx context.Context, scope access.Scope, refs []string, do func(ctx context.Context, ref string) (Task, error)) ([]Task, error) {
	if err := scope.Require(access.ManageTasks); err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		return nil, errs.New(errs.Invalid, "no task is chosen").WithHint("Tick the tasks first.")
	}
	if len(refs) > maxBulk {
		return nil, errs.New(errs.Exhausted, "%d tasks at once; at most %d are changed together", len(refs), maxBulk)
	}
	var out []Task
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		for _, ref := range refs {
			was, err := s.Store.Task(ctx, scope.ReadScope, ref)
			if err != nil {
				return err
			}
			t, err := do(ctx, ref)
			var stale *Stale
			if errs.Is(err, errs.Conflict) && !errors.As(err, &stale) { // as wanted already
				continue
			}
			if err != nil {
				return errs.Wrap(err, "%s", ref)
			}
			if t.Version != was.Version {
				out = append(out, t)
			}
		}
		return nil
	})
	return out, err
}

// person finds a member who may have tasks: those who can work on them.
func (s *Service) person(ctx context.Context, scope access.Scope, who string) (access.UserID, error) {
	if who = strings.TrimSpace(who); who == "" {
		return "", nil
	}
	m, err := s.People.Member(ctx, scope.ReadScope, who)
	if errs.Is(err, errs.NotFound) {
		return "", errs.New(errs.Invalid, "nobody here has the identifier or email %q", who).At("owner")
	}
	if err != nil {
		return "", err
	}
	if m.Disabled || !m.Role.May(access.WorkTasks) {
		return "", errs.New(errs.Invalid, "%s cannot have tasks: the account is blocked or only reads", m.Email).At("owner")
	}
	return m.ID, nil
}

// check holds a task's fields to their bounds. A date that lies in the past is refused only when it is new.
func (s *Service) check(t Task, now time.Time, was period.Date) error {
	today := period.Of(now)
	switch n := utf8.RuneCountInString(t.Title); {
	case n < minTitle:
		return errs.New(errs.Invalid, "say in a few words what is to be done").At("title")
	case n > MaxTitle:
		return errs.New(errs.Invalid, "the title has %d characters; at most %d are kept", n, MaxTitle).At("title")
	case utf8.RuneCountInString(t.Text) > MaxText:
		return errs.New(errs.Invalid, "the text has %d characters; at most %d are kept", utf8.RuneCountInString(t.Text), MaxText).At("text")
	case t.Due != 0 && t.Due != was && t.Due < today:
		return errs.New(errs.Invalid, "%s is over", t.Due).At("due").WithHint("Choose today or a later day.")
	case t.Due > today+farFuture:
		return errs.New(errs.Invalid, "%s is more than a hundred years ahead", t.Due).At("due")
	case len(t.Criteria) > 60:
		return errs.New(errs.Invalid, "%d criteria are too many for one task", len(t.Criteria)).At("criteria")
	}
	for _, c := range t.Criteria {
		if s.Catalog != nil && !s.Catalog.Knows(catalog.TSC, c) && !s.Catalog.Knows(catalog.SOC1, c) && !s.Catalog.Knows(catalog.ISO, c) {
			return errs.New(errs.Invalid, "there is no criterion %q", c).At("criteria").WithHint("Name criteria such as CC6.1, separated by commas.")
		}
	}
	return nil
}
