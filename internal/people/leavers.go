package people

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Leaver is somebody who left, with what they may still have.
type Leaver struct {
	Person
	Removals []Removal // of each account, by system
	Out      []Device  // devices that are not back
	Overdue  bool      // one of them should be
}

// worse orders states of removals from the best to the worst.
func worse() []RemovalState {
	return []RemovalState{Removed, InTime, AtMost, NotKnown, Slow, StillOn}
}

// Worst is the state of the account that stands worst; empty for somebody without accounts.
func (l Leaver) Worst() RemovalState {
	out := RemovalState("")
	for _, r := range l.Removals {
		if out == "" || slices.Index(worse(), r.State) > slices.Index(worse(), out) {
			out = r.State
		}
	}
	return out
}

// Slowest is the most hours that the closing of an account took, or has taken by now; -1 without any that is known.
func (l Leaver) Slowest() int {
	out := -1
	for _, r := range l.Removals {
		if r.State != NotKnown {
			out = max(out, r.Hours)
		}
	}
	return out
}

// Leavers lists those whose last day, of the present stint, lies on a day or later, and those of whom the day is not known; the last
// first.
func (s *Service) Leavers(ctx context.Context, scope access.ReadScope, from period.Date) ([]Leaver, error) {
	all, err := s.Everyone(ctx, scope, Filter{State: Left})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p Person) bool { return p.Ended != 0 && p.Ended < from })
	return s.leave(ctx, scope, all)
}

// Leave is what somebody who leaves, or left, may still have.
func (s *Service) Leave(ctx context.Context, scope access.ReadScope, p Person) (Leaver, error) {
	out, err := s.leave(ctx, scope, []Person{p})
	if err != nil {
		return Leaver{}, err
	}
	return out[0], nil
}

func (s *Service) leave(ctx context.Context, scope access.ReadScope, all []Person) ([]Leaver, error) {
	if len(all) == 0 {
		return nil, nil
	}
	accounts, err := s.Accounts(ctx, scope, AccountFilter{})
	if err != nil {
		return nil, err
	}
	told, err := s.Told(ctx, scope)
	if err != nil {
		return nil, err
	}
	looked := map[string]time.Time{}
	latest := period.Date(0)
	for _, t := range told {
		if t.Resource == "user_account" {
			looked[t.Source] = t.At
		}
		latest = max(latest, period.Of(t.At))
	}
	out, at := make([]Leaver, len(all)), map[ID]int{}
	for i, p := range all {
		out[i].Person, at[p.ID] = p, i
	}
	for _, a := range accounts {
		if i, ok := at[a.Person]; ok {
			out[i].Removals = append(out[i].Removals, Remove(out[i].Person, a, looked[a.Source]))
		}
	}
	for page := 1; ; page++ {
		devices, err := s.Devices.Devices(ctx, scope, DeviceFilter{State: "out"}, paging.Query{Page: page, Size: paging.MaxSize})
		if err != nil {
			return nil, err
		}
		for _, d := range devices.Rows {
			if i, ok := at[d.Holder]; ok {
				out[i].Out = append(out[i].Out, d)
				out[i].Overdue = out[i].Overdue || d.Overdue(latest)
			}
		}
		if page*paging.MaxSize >= devices.Total {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b Leaver) int { return int(b.Ended) - int(a.Ended) })
	return out, nil
}
