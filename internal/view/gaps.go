package view

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// GapRow is a criterion with how far it is met and who works on it.
type GapRow struct {
	CriterionStanding
	Tasks []TaskRow // that are not closed and name the criterion
}

// Own is the task about the criterion itself, if there is one.
func (g GapRow) Own() *TaskRow {
	for i, t := range g.Tasks {
		if t.SourceRef == g.ID {
			return &g.Tasks[i]
		}
	}
	return nil
}

// Operating counts the controls in force that serve the criterion, and of them those that stand as they should.
func (g GapRow) Operating(now time.Time) (operating, all int) {
	for _, o := range g.Operations {
		if o.InForce {
			all++
			if !o.Standing(now).Gap() {
				operating++
			}
		}
	}
	return operating, all
}

// GapFilter narrows the gap analysis. Zero values do not narrow.
type GapFilter struct {
	Status   control.Standing
	Category catalog.CategoryID
	Change   bool   // only those that stood otherwise a week ago
	Task     string // "yes" or "no": somebody works on it
}

// GapList is a page of the gap analysis and what the filters would find.
type GapList struct {
	paging.Result[GapRow]
	Statuses   []Choice // over what the other filters leave
	Categories []Choice
	Changed    int64
	Window     *Window
}

// Gaps lists the criteria in scope with how far they are met, worst first. Sort names: id, status, reasons, operating, change.
func (r *Reader) Gaps(ctx context.Context, s access.ReadScope, f GapFilter, q paging.Query, now time.Time) (GapList, error) {
	var out GapList
	all, err := r.gapRows(ctx, s, now)
	if err != nil {
		return out, err
	}
	if out.Window, err = r.Window(ctx, s, now); err != nil {
		return out, err
	}
	n, cats := map[control.Standing]int64{}, map[catalog.CategoryID]int64{}
	var rows []GapRow
	for _, g := range all {
		cats[g.Category]++
		if f.Category != "" && g.Category != f.Category || f.Task != "" && (len(g.Tasks) > 0) != (f.Task == "yes") || !found(q.Search, g.ID, g.Title, g.Intent, g.Group, g.text()) {
			continue
		}
		if g.Status != g.Before {
			out.Changed++
		} else if f.Change {
			continue
		}
		n[g.Status]++
		if f.Status == "" || g.Status == f.Status {
			rows = append(rows, g)
		}
	}
	for _, st := range control.Standings() {
		out.Statuses = append(out.Statuses, Choice{Value: string(st), Label: st.Title(), N: n[st]})
	}
	for _, k := range r.catalog.Categories() {
		if cats[k.ID] > 0 {
			out.Categories = append(out.Categories, Choice{Value: string(k.ID), Label: k.Name, N: cats[k.ID]})
		}
	}
	sortGaps(rows, q, now)
	out.Result = page(rows, q)
	return out, nil
}

func (g GapRow) text() string {
	var b strings.Builder
	for _, x := range g.Reasons {
		b.WriteString(x.Control + " " + x.Test + " " + x.Text + "\n")
	}
	return b.String()
}

// gapRows are the criteria in scope, in order of presentation, with the tasks that are not closed.
func (r *Reader) gapRows(ctx context.Context, s access.ReadScope, now time.Time) ([]GapRow, error) {
	standings, err := r.Standings(ctx, s, StandingsFilter{Now: now})
	if err != nil {
		return nil, err
	}
	tasks := map[string][]TaskRow{}
	if s.Can(access.ReadTasks) {
		list, err := r.Tasks(ctx, s, TaskFilter{Status: "todo"}, paging.Query{Size: paging.MaxSize}, now)
		if err != nil {
			return nil, err
		}
		for _, t := range list.Rows {
			for _, c := range t.Criteria {
				tasks[c] = append(tasks[c], t)
			}
			if !slices.Contains(t.Criteria, t.SourceRef) {
				tasks[t.SourceRef] = append(tasks[t.SourceRef], t)
			}
		}
	}
	out := make([]GapRow, len(standings))
	for i, x := range standings {
		out[i] = GapRow{CriterionStanding: x, Tasks: tasks[x.ID]}
	}
	return out, nil
}

// Gap reads one criterion of the scope.
func (r *Reader) Gap(ctx context.Context, s access.ReadScope, id string, now time.Time) (GapRow, error) {
	all, err := r.gapRows(ctx, s, now)
	if err != nil {
		return GapRow{}, err
	}
	for _, g := range all {
		if strings.EqualFold(g.ID, id) {
			return g, nil
		}
	}
	return GapRow{}, errs.New(errs.NotFound, "no criterion %s in scope", id).WithHint("The gap analysis lists the criteria of the examination that goes on.")
}

func sortGaps(rows []GapRow, q paging.Query, now time.Time) {
	at := map[string]int{} // place in order of presentation
	for i, g := range rows {
		at[g.ID] = i
	}
	compare := func(a, b GapRow) int { return a.Status.Compare(b.Status) }
	switch q.Sort {
	case "id":
		compare = func(a, b GapRow) int { return cmp.Compare(at[a.ID], at[b.ID]) }
	case "reasons":
		compare = func(a, b GapRow) int { return cmp.Compare(len(b.Reasons), len(a.Reasons)) }
	case "operating":
		compare = func(a, b GapRow) int {
			x, _ := a.Operating(now)
			y, _ := b.Operating(now)
			return cmp.Compare(x, y)
		}
	case "change":
		compare = func(a, b GapRow) int {
			return cmp.Compare(boolInt(a.Status == a.Before), boolInt(b.Status == b.Before))
		}
	}
	slices.SortStableFunc(rows, func(a, b GapRow) int {
		n := compare(a, b)
		if q.Desc {
			n = -n
		}
		return cmp.Or(n, cmp.Compare(at[a.ID], at[b.ID]))
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
