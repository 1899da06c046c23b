package occurrence

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ahead is how many days after today lists look unless told otherwise: two months. Everything after that is a calendar.
const ahead = 62

// Filter narrows a list. Zero values do not narrow.
type Filter struct {
	Control string
	State   State
	Todo    bool          // only what somebody has to do now: missed and not made up for, late, or due
	Checks  bool          // only what waits for a check
	Owner   access.UserID // whose they are, as owner or deputy
	From    period.Date   // due in [From, To)
	To      period.Date
}

// Listed is a page of occurrences, with how many there are in each state over all pages.
type Listed struct {
	paging.Result[Occurrence]
	States map[State]int // without the filter of the state
	Waits  int           // how many wait for a check
	Todo   int           // how many somebody has to perform now
}

// All lists every occurrence due in [from, to) with what is on record, by day.
func (s *Service) All(ctx context.Context, scope access.ReadScope, from, to period.Date) ([]Occurrence, error) {
	if err := scope.Require(access.ReadOccurrences); err != nil {
		return nil, err
	}
	plans, err := s.Store.Plans(ctx, scope)
	if err != nil {
		return nil, err
	}
	records, err := s.Store.Records(ctx, scope, "", from, to)
	if err != nil {
		return nil, err
	}
	type key struct {
		control string
		due     period.Date
	}
	known := make(map[key]*Record, len(records))
	for i := range records {
		known[key{records[i].Control, records[i].Due}] = &records[i]
	}
	var out []Occurrence
	for _, p := range plans {
		for _, o := range p.Calendar(from, to) {
			o.Record = known[key{o.Control, o.Due}]
			delete(known, key{o.Control, o.Due})
			out = append(out, o)
		}
	}
	for _, r := range known {
		out = append(out, outside(r))
	}
	slices.SortFunc(out, func(a, b Occurrence) int { return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Control, b.Control)) })
	return out, nil
}

// outside is an occurrence that was performed before its day and is in no plan any more, because the plan changed meanwhile.
func outside(r *Record) Occurrence {
	return Occurrence{Control: r.Control, From: r.Due, Due: r.Due, Until: r.Due, Ended: true, Record: r}
}

// begin is before every plan: they begin at most two years back, and the program is younger than this.
var begin = period.Make(2020, time.January, 1)

// List lists occurrences from the first until two months from now, or until the filter's end. Sort names: ref, due, state, control.
func (s *Service) List(ctx context.Context, scope access.ReadScope, now time.Time, f Filter, q paging.Query) (Listed, error) {
	q = q.Norm()
	today := period.Of(now)
	from, to := cmp.Or(f.From, begin), today+ahead
	if f.To != 0 {
		to = f.To
	}
	all, err := s.All(ctx, scope, from, to)
	if err != nil {
		return Listed{}, err
	}
	out := Listed{States: map[State]int{}, Result: paging.Result[Occurrence]{Query: q}}
	search := strings.ToLower(q.Search)
	all = slices.DeleteFunc(all, func(o Occurrence) bool {
		if f.Control != "" && o.Control != f.Control || f.Owner != "" && o.Owner != f.Owner && o.Deputy != f.Owner ||
			search != "" && !strings.Contains(strings.ToLower(o.Ref()+" "+o.Attach), search) {
			return true
		}
		st := o.State(today)
		out.States[st]++
		if o.Waits() {
			out.Waits++
		}
		if o.Todo(today) {
			out.Todo++
		}
		return f.State != "" && st != f.State || f.Todo && !o.Todo(today) || f.Checks && !o.Waits()
	})
	order(all, today, q)
	out.Total = len(all)
	out.Rows = all[min(q.Offset(), len(all)):min(q.Offset()+q.Size, len(all))]
	return out, nil
}

// Todo reports whether somebody has to perform it now.
func (o Occurrence) Todo(today period.Date) bool {
	return !o.Ended && !o.Performed() && o.State(today) != Upcoming
}

func order(all []Occurrence, today period.Date, q paging.Query) {
	by := map[string]func(a, b Occurrence) int{
		"ref":     func(a, b Occurrence) int { return cmp.Compare(a.Control, b.Control) },
		"control": func(a, b Occurrence) int { return cmp.Compare(a.Control, b.Control) },
		"state": func(a, b Occurrence) int {
			return cmp.Compare(slices.Index(States(), a.State(today)), slices.Index(States(), b.State(today)))
		},
		"due": func(a, b Occurrence) int { return cmp.Compare(a.Due, b.Due) },
	}[q.Sort]
	if by == nil {
		return
	}
	slices.SortStableFunc(all, func(a, b Occurrence) int {
		if q.Desc {
			a, b = b, a
		}
		return cmp.Or(by(a, b), cmp.Compare(a.Due, b.Due), cmp.Compare(a.Control, b.Control))
	})
}

// Occurrence reads one with its record, by reference.
func (s *Service) Occurrence(ctx context.Context, scope access.ReadScope, ref string) (Occurrence, error) {
	if err := scope.Require(access.ReadOccurrences); err != nil {
		return Occurrence{}, err
	}
	return s.find(ctx, scope, ref)
}

// History lists what happened to an occurrence, oldest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, o Occurrence) ([]Event, error) {
	if err := scope.Require(access.ReadOccurrences); err != nil {
		return nil, err
	}
	return s.Store.History(ctx, scope, o.Control, o.Due)
}

// PlanOf finds the plan of a control.
func (s *Service) PlanOf(ctx context.Context, scope access.ReadScope, ref string) (Plan, error) {
	if err := scope.Require(access.ReadOccurrences); err != nil {
		return Plan{}, err
	}
	return s.Store.Plan(ctx, scope, ref)
}

// Plans lists every plan by control.
func (s *Service) Plans(ctx context.Context, scope access.ReadScope) ([]Plan, error) {
	if err := scope.Require(access.ReadOccurrences); err != nil {
		return nil, err
	}
	return s.Store.Plans(ctx, scope)
}

// factsAhead is how many days after today the facts about occurrences look.
const factsAhead = 32

// Facts lists what a source of facts says about occurrences at an instant: everything that was due, and what comes next.
func (s *Service) Facts(ctx context.Context, scope access.ReadScope, at time.Time) ([]Occurrence, error) {
	return s.All(ctx, scope, begin, period.Of(at)+factsAhead)
}

// Count counts what Facts lists, from the plans and the records each for itself.
func (s *Service) Count(ctx context.Context, scope access.ReadScope, at time.Time) (int64, error) {
	if err := scope.Require(access.ReadOccurrences); err != nil {
		return 0, err
	}
	plans, err := s.Store.Plans(ctx, scope)
	if err != nil {
		return 0, err
	}
	end, n := period.Of(at)+factsAhead, 0
	for _, p := range plans {
		n += len(p.Calendar(begin, end))
		records, err := s.Store.Records(ctx, scope, p.Control, begin, end)
		if err != nil {
			return 0, err
		}
		for _, r := range records {
			if len(p.Calendar(r.Due, r.Due+1)) == 0 {
				n++
			}
		}
	}
	return int64(n), nil
}
