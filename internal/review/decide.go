package review

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Verdict is a decision on one row. Base is the version the reviewer saw; 0 for whatever is there.
type Verdict struct {
	N        int
	Decision Decision // empty takes a decision back
	Reason   string
	Drop     string // of a change: the group or role that is to go
	Base     int
}

// running reads a review that takes decisions.
func (s *Service) running(ctx context.Context, scope access.ReadScope, now time.Time, ref string) (Review, error) {
	r, err := s.Store.Review(ctx, scope, ref, now)
	if err != nil {
		return r, err
	}
	if r.State != Running {
		return r, errs.New(errs.Conflict, "%s was %s on %s, and takes no more decisions", r.Ref, string(r.State), r.Ended.UTC().Format("2 Jan 2006")).
			WithHint("What was decided is fixed. Start another review if something has to change.")
	}
	return r, nil
}

// Decide decides on rows, all or none. Only the reviewer of a row may, and never about their own access. When somebody was faster
// the Conflict's cause is a *Stale.
func (s *Service) Decide(ctx context.Context, scope access.Scope, now time.Time, ref string, all []Verdict) ([]Row, error) {
	if err := scope.Require(access.DecideReviews); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errs.New(errs.Invalid, "no row is chosen").At("decision").WithHint("Tick the rows first.")
	}
	if len(all) > maxAtOnce {
		return nil, errs.New(errs.Exhausted, "%d rows at once; at most %d are decided together", len(all), maxAtOnce)
	}
	w, err := s.who(ctx, scope.ReadScope)
	if err != nil {
		return nil, err
	}
	var changed []Row
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		r, err := s.running(ctx, scope.ReadScope, now, ref)
		if err != nil {
			return err
		}
		rows, err := s.numbered(ctx, scope.ReadScope, r.ID, all)
		if err != nil {
			return err
		}
		var stale []Row
		changed = nil
		for _, v := range all {
			row, ok := rows[v.N]
			if !ok {
				return errs.New(errs.NotFound, "%s has no row %d", r.Ref, v.N)
			}
			if v.Base != 0 && v.Base != row.Version {
				stale = append(stale, row)
				continue
			}
			is, err := decided(row, v, scope, now, w)
			if err != nil {
				return err
			}
			if !sameDecision(row, is) {
				changed = append(changed, is)
			}
		}
		if len(stale) > 0 {
			return conflict(stale)
		}
		if len(changed) == 0 {
			return nil
		}
		return s.save(ctx, scope, now, r, changed)
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

func sameDecision(a, b Row) bool {
	return a.Decision == b.Decision && a.Reason == b.Reason && a.Drop == b.Drop
}

func conflict(stale []Row) error {
	e := errs.New(errs.Conflict, "%s was decided meanwhile: %s", stale[0].Label(), cmp.Or(stale[0].Decision.Title(), "taken back")).At("decision").
		WithHint("Look at what is there now, and send again to replace it.")
	e.Err = &Stale{Theirs: stale}
	return e
}

// numbered reads the rows that verdicts name.
func (s *Service) numbered(ctx context.Context, scope access.ReadScope, id ID, all []Verdict) (map[int]Row, error) {
	numbers := make([]int, len(all))
	for i, v := range all {
		numbers[i] = v.N
	}
	out := map[int]Row{}
	for part := range slices.Chunk(numbers, 500) {
		res, err := s.Store.Rows(ctx, scope, RowFilter{Review: id, Numbers: part}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return nil, err
		}
		for _, r := range res.Rows {
			out[r.N] = r
		}
	}
	return out, nil
}

// decided is a row with a verdict, if this member may give it.
func decided(r Row, v Verdict, scope access.Scope, now time.Time, w who) (Row, error) {
	v.Reason, v.Drop = text.Prose(v.Reason), text.Line(v.Drop)
	switch {
	case w.subject(r, scope.User()):
		return r, errs.New(errs.Denied, "%s is your own access: nobody decides on their own", r.Label()).WithHint("The deputy, or somebody the lead of the review names, decides on it.")
	case r.Reviewer != scope.User() || scope.User() == "":
		return r, errs.New(errs.Denied, "%s is for %s to decide", r.Label(), cmp.Or(w.byID[r.Reviewer].Name, "somebody who has left")).WithHint("Who leads the review can give it to somebody else.")
	case v.Decision != "" && !slices.Contains(Decisions(), v.Decision):
		return r, errs.New(errs.Invalid, "an access cannot be %q", string(v.Decision)).At("decision").WithHint("It is kept, changed or removed.")
	}
	if err := reasoned(r, v); err != nil {
		return r, err
	}
	r.Decision, r.Reason, r.Drop, r.By, r.At, r.Until, r.DoneAt, r.How = v.Decision, v.Reason, v.Drop, scope.User(), &now, nil, nil, ""
	switch v.Decision {
	case "":
		r.By, r.At, r.Reason, r.Drop = "", nil, "", ""
	case Change, Remove:
		until := now.AddDate(0, 0, executeDays)
		r.Until = &until
	case Keep:
		r.Drop = ""
	}
	return r, nil
}

// reasoned holds a verdict to the words it needs: what is to change, and why something odd is kept.
func reasoned(r Row, v Verdict) error {
	least := 0
	what := "the reason"
	switch {
	case v.Decision == Change && v.Drop == "":
		least, what = minReason, "what is to change"
	case v.Decision == Keep && len(r.Flags) > 0:
		least, what = minReason, "why "+r.Label()+" stays although it is flagged"
	}
	if v.Drop != "" && v.Decision == Change && !slices.Contains(r.Groups, v.Drop) && !slices.Contains(r.Roles, v.Drop) {
		return errs.New(errs.Invalid, "%s has no group or role %q", r.Label(), v.Drop).At("drop")
	}
	return text.Bounds("reason", what, v.Reason, least, MaxReason)
}

// save keeps decided rows with one entry of the ledger.
func (s *Service) save(ctx context.Context, scope access.Scope, now time.Time, r Review, rows []Row) error {
	for i := range rows {
		rows[i].Version++
	}
	stale, err := s.Store.SaveRows(ctx, scope, rows, func(x Row) Event {
		return Event{At: now, Actor: scope.Actor(), Kind: "decided", Became: string(x.Decision), Reason: cmp.Or(x.Reason, x.Drop)}
	})
	if err != nil {
		return err
	}
	if len(stale) > 0 {
		return conflict(stale)
	}
	says := make([]map[string]any, len(rows))
	for i, x := range rows {
		says[i] = map[string]any{"n": x.N, "decision": string(x.Decision), "reason": x.Reason, "drop": x.Drop}
	}
	_, err = s.Ledger.Append(ctx, scope, now, "review.decided", string(r.ID), map[string]any{"ref": r.Ref, "rows": says})
	return err
}

// Reassign gives rows to another reviewer: those that are named, or every undecided one of a reviewer.
func (s *Service) Reassign(ctx context.Context, scope access.Scope, now time.Time, ref string, numbers []int, from access.UserID, to, why string) (int, error) {
	if err := scope.Require(access.ManageReviews); err != nil {
		return 0, err
	}
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, minReason, MaxReason); err != nil {
		return 0, err
	}
	next, err := s.reviewer(ctx, scope.ReadScope, "to", to)
	if err != nil {
		return 0, err
	}
	w, err := s.who(ctx, scope.ReadScope)
	if err != nil {
		return 0, err
	}
	if len(numbers) == 0 && from == "" {
		return 0, errs.New(errs.Invalid, "no row is chosen").At("to")
	}
	moved := 0
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		r, err := s.running(ctx, scope.ReadScope, now, ref)
		if err != nil {
			return err
		}
		rows, err := s.all(ctx, scope.ReadScope, RowFilter{Review: r.ID, Numbers: numbers, Reviewer: from, Undecided: from != ""})
		if err != nil {
			return err
		}
		var out []Row
		var own []string
		for _, x := range rows {
			if w.subject(x, next) {
				own = append(own, x.Label())
				continue
			}
			if x.Reviewer != next {
				x.Reviewer, x.Moved, x.Version = next, why, x.Version+1
				out = append(out, x)
			}
		}
		if len(own) > 0 && (len(numbers) > 0 || len(out) == 0) {
			return errs.New(errs.Invalid, "%s is the new reviewer's own access", own[0]).At("to").WithHint("Choose somebody else for it.")
		}
		if moved = len(out); moved == 0 {
			return nil
		}
		stale, err := s.Store.SaveRows(ctx, scope, out, func(x Row) Event {
			return Event{At: now, Actor: scope.Actor(), Kind: "assigned", Became: string(x.Reviewer), Reason: why}
		})
		if err != nil {
			return err
		}
		if len(stale) > 0 {
			return conflict(stale)
		}
		_, err = s.Ledger.Append(ctx, scope, now, "review.assigned", string(r.ID), map[string]any{"ref": r.Ref, "rows": rowNumbers(out), "to": string(next), "why": why})
		return err
	})
	return moved, err
}

func rowNumbers(rows []Row) []int {
	out := make([]int, len(rows))
	for i, r := range rows {
		out[i] = r.N
	}
	return out
}

// all reads every page of rows.
func (s *Service) all(ctx context.Context, scope access.ReadScope, f RowFilter) ([]Row, error) {
	var out []Row
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "n"}); ; q.Page++ {
		res, err := s.Store.Rows(ctx, scope, f, q)
		if err != nil {
			return nil, err
		}
		out = append(out, res.Rows...)
		if q.Page >= res.Pages() {
			return out, nil
		}
	}
}
