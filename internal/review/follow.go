package review

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// seen is what a snapshot taken after a decision says about a population.
type seen struct {
	item evidence.Item
	keys map[string]collect.Fact
	held grants
}

// Follow looks in the newest complete snapshots of a connection whether what reviews had removed or changed is gone, and opens
// tasks for what is not. It is called after each collection, and says how many rows were done.
func (s *Service) Follow(ctx context.Context, scope access.Scope, now time.Time, connection string) (int, error) {
	if err := scope.Require(access.ManageReviews); err != nil {
		return 0, err
	}
	conn, err := s.Connections.Connection(ctx, scope.ReadScope, connection)
	if err != nil {
		return 0, err
	}
	pending, err := s.all(ctx, scope.ReadScope, RowFilter{Connection: string(conn.ID), Pending: true})
	if err != nil || len(pending) == 0 {
		return 0, err
	}
	var done, still []Row
	snapshots := map[string]*seen{}
	systems := map[ID][]System{}
	for _, r := range pending {
		x, err := s.systemOf(ctx, scope.ReadScope, systems, r)
		if err != nil {
			return 0, err
		}
		shown, ok := snapshots[x.Resource]
		if !ok {
			if shown, err = s.seen(ctx, scope.ReadScope, now, conn, x.Resource); err != nil {
				return 0, err
			}
			snapshots[x.Resource] = shown
		}
		if shown == nil || !shown.item.From.After(*r.At) { // nothing newer than the decision
			still = append(still, r)
			continue
		}
		if at, how := shown.done(r); at != nil {
			r.DoneAt, r.How, r.Version = at, how, r.Version+1
			done = append(done, r)
			continue
		}
		still = append(still, r)
	}
	if err := s.keepDone(ctx, scope, now, conn.Name, done); err != nil {
		return 0, err
	}
	return len(done), s.ask(ctx, scope, now, systems, still)
}

func (s *Service) systemOf(ctx context.Context, scope access.ReadScope, known map[ID][]System, r Row) (System, error) {
	if known[r.Review] == nil {
		all, err := s.Store.Systems(ctx, scope, r.Review, time.Time{})
		if err != nil {
			return System{}, err
		}
		known[r.Review] = all
	}
	i := slices.IndexFunc(known[r.Review], func(x System) bool { return x.Slug == r.System })
	if i < 0 {
		return System{}, errs.New(errs.Internal, "the review %s has no system %s", r.Review, r.System)
	}
	return known[r.Review][i], nil
}

// seen reads the newest snapshot of a resource; nil when there is none to conclude from.
func (s *Service) seen(ctx context.Context, scope access.ReadScope, now time.Time, c collect.Connection, resource string) (*seen, error) {
	it, err := s.latest(ctx, scope, c, resource, now)
	if errs.Is(err, errs.NotFound) || err == nil && !it.Completeness.Usable() {
		return nil, nil //nolint:nilnil // nothing to conclude from
	}
	if err != nil {
		return nil, err
	}
	x := &seen{item: it, keys: map[string]collect.Fact{}}
	if err := s.Facts.Read(ctx, resource, it.Path, func(f collect.Fact) error {
		x.keys[f.Key()] = f
		return nil
	}); err != nil {
		return nil, err
	}
	if resource != "host_account" {
		x.held, err = s.held(ctx, scope, now, c)
	}
	return x, err
}

// done says when and how a row was done, if the snapshot shows it. Rows are found by the source's own identifier, so that an
// account that was renamed is still the same.
func (x *seen) done(r Row) (*time.Time, string) {
	f, there := x.keys[r.Key]
	if !there {
		at := x.item.From
		return &at, "not in " + x.item.Ref + " any more"
	}
	switch f := f.(type) {
	case *collect.UserAccount:
		if closed(f) {
			return exactly(f, x.item, r), "deactivated, as " + x.item.Ref + " shows"
		}
	case *collect.HostAccount:
		if f.Login != nil && !*f.Login {
			at := x.item.From
			return &at, "cannot sign in any more, as " + x.item.Ref + " shows"
		}
	}
	account := x.held.accounts[r.Account]
	if r.Grant != "" && account != nil && closed(account) { // without the account the grant is worth nothing
		return exactly(account, x.item, r), "the account was deactivated, as " + x.item.Ref + " shows"
	}
	if r.Decision == Change && r.Drop != "" && !slices.Contains(x.held.groups[r.Account], r.Drop) && !slices.Contains(x.held.roles[r.Account], r.Drop) {
		at := x.item.From
		return &at, r.Drop + " is gone, as " + x.item.Ref + " shows"
	}
	return nil, ""
}

// exactly is when an account was closed: as its source says, and else when it was seen. What was closed between the freeze and the
// decision was closed when it was decided.
func exactly(a *collect.UserAccount, it evidence.Item, r Row) *time.Time {
	at := it.From
	if a.StatusChangedAt != nil && a.StatusChangedAt.Before(at) {
		at = *a.StatusChangedAt
	}
	if at.Before(*r.At) {
		at = *r.At
	}
	return &at
}

// keepDone keeps what snapshots showed to be done.
func (s *Service) keepDone(ctx context.Context, scope access.Scope, now time.Time, source string, rows []Row) error {
	byReview := map[ID][]Row{}
	for _, r := range rows {
		byReview[r.Review] = append(byReview[r.Review], r)
	}
	for id, rows := range byReview {
		err := s.Tx.InTx(ctx, func(ctx context.Context) error { return s.settle(ctx, scope, now, id, source, rows) })
		if err != nil && !errs.Is(err, errs.Conflict) { // somebody decided anew this moment: the next collection looks again
			return err
		}
	}
	return nil
}

func (s *Service) settle(ctx context.Context, scope access.Scope, now time.Time, id ID, source string, rows []Row) error {
	stale, err := s.Store.SaveRows(ctx, scope, rows, func(x Row) Event {
		return Event{At: now, Actor: scope.Actor(), Kind: "done", Became: stamp(x.DoneAt), Reason: x.How}
	})
	if err != nil {
		return err
	}
	if len(stale) > 0 {
		return conflict(stale)
	}
	says := make([]map[string]any, len(rows))
	for i, x := range rows {
		says[i] = map[string]any{"n": x.N, "done_at": stamp(x.DoneAt), "how": x.How}
	}
	_, err = s.Ledger.Append(ctx, scope, now, "review.verified", string(id), map[string]any{"source": source, "rows": says})
	return err
}

// ask opens a task for each system in which something is to be done.
func (s *Service) ask(ctx context.Context, scope access.Scope, now time.Time, systems map[ID][]System, rows []Row) error {
	if s.Tasks == nil || len(rows) == 0 {
		return nil
	}
	type place struct {
		id     ID
		system string
	}
	first := map[place]Row{}
	n := map[place]int{}
	var order []place
	for _, r := range rows {
		k := place{r.Review, r.System}
		if n[k] == 0 {
			order = append(order, k)
			first[k] = r
		}
		if r.Until.Before(*first[k].Until) {
			first[k] = r
		}
		n[k]++
	}
	for _, k := range order {
		r, err := s.Store.Review(ctx, scope.ReadScope, string(k.id), now)
		if err != nil {
			return err
		}
		x, err := s.systemOf(ctx, scope.ReadScope, systems, first[k])
		if err != nil {
			return err
		}
		if err := s.Tasks.Open(ctx, scope, now, Task{
			Subject: r.Ref + "/" + k.system, Owner: x.Reviewer, Due: max(period.Of(*first[k].Until), period.Of(now)),
			Title: fmt.Sprintf("Carry out what %s decided on %s", r.Ref, k.system),
			Text: fmt.Sprintf("%d to change or remove, the first by %s. The review lists them under what follows. The next collection from %s shows what is done.",
				n[k], first[k].Until.UTC().Format("2 Jan 2006"), x.Source),
		}); err != nil {
			return err
		}
	}
	return nil
}

// Confirm records by hand that a change or removal was made, where what is collected cannot show it: a change in words, or a
// system that is not connected any more.
func (s *Service) Confirm(ctx context.Context, scope access.Scope, now time.Time, ref string, n, base int, doneAt time.Time, how string) (Row, error) {
	if err := scope.Require(access.ManageReviews); err != nil {
		return Row{}, err
	}
	how = text.Prose(how)
	if err := text.Bounds("how", "what shows it", how, minReason, MaxReason); err != nil {
		return Row{}, err
	}
	var row Row
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		r, err := s.Store.Review(ctx, scope.ReadScope, ref, now)
		if err != nil {
			return err
		}
		if row, err = s.Row(ctx, scope.ReadScope, r.ID, n); err != nil {
			return err
		}
		systems, err := s.Store.Systems(ctx, scope.ReadScope, r.ID, now)
		if err != nil {
			return err
		}
		switch {
		case r.State == Cancelled:
			return errs.New(errs.Conflict, "%s was cancelled", r.Ref)
		case row.Until == nil:
			return errs.New(errs.Conflict, "nothing is to be done about %s", row.Label())
		case row.DoneAt != nil:
			return errs.New(errs.Conflict, "%s is done already", row.Label())
		case base != 0 && base != row.Version:
			return conflict([]Row{row})
		case doneAt.After(now) || doneAt.Before(row.At.Truncate(24*time.Hour)):
			return errs.New(errs.Invalid, "it was done between the decision on %s and now", row.At.UTC().Format("2 Jan 2006")).At("done")
		case s.collected(ctx, scope.ReadScope, systems, row):
			return errs.New(errs.Conflict, "the next collection shows whether %s is gone", cmp.Or(row.Drop, row.Label())).WithHint("Collect the system instead: a word cannot stand for what can be seen.")
		}
		row.DoneAt, row.How, row.Version = &doneAt, "by hand: "+how, row.Version+1
		return s.settle(ctx, scope, now, r.ID, row.System, []Row{row})
	})
	return row, err
}

// collected reports whether a collection can show that a row is done.
func (s *Service) collected(ctx context.Context, scope access.ReadScope, systems []System, r Row) bool {
	if r.Decision == Change && r.Drop == "" {
		return false
	}
	i := slices.IndexFunc(systems, func(x System) bool { return x.Slug == r.System })
	if i < 0 {
		return false
	}
	c, err := s.Connections.Connection(ctx, scope, systems[i].Connection)
	return err == nil && !c.Paused
}
