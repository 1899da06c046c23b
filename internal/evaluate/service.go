package evaluate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Service is the use cases of evaluation.
type Service struct {
	Store      Store
	Exceptions ExceptionStore
	Drafts     DraftStore
	Evidence   evidence.Store
	Engine     Engine
	Files      Files
	Tx         access.Tx
	Ledger     access.Recorder
	// Parallel is how many jobs the engine is given at once; 0 means one.
	Parallel int
}

// Request says what to evaluate.
type Request struct {
	Tests   []Installed
	AsOf    time.Time
	Trigger string
	Now     time.Time
	// Period, if set, judges every occurrence of it instead of the tests' own windows.
	Period *period.Period
	// Progress is told how many tests are done. It may be nil.
	Progress func(done, total int, test string)
}

// plan is a test with the evidence it will read.
type plan struct {
	Installed
	run    Run
	tables []Table
	open   []string // occurrences that did not pass before
}

// Evaluate evaluates tests as of an instant, from the evidence that was there then, and records the verdicts.
func (s *Service) Evaluate(ctx context.Context, scope access.Scope, q Request) (Batch, error) {
	if err := scope.Require(access.RunTests); err != nil {
		return Batch{}, err
	}
	if q.AsOf.After(q.Now) {
		return Batch{}, errs.New(errs.Invalid, "nothing can be judged as of %s: that is in the future", q.AsOf.UTC().Format(time.RFC3339)).At("as_of")
	}
	b := Batch{ID: id.New("evb", q.Now), AsOf: q.AsOf, At: q.Now, Items: map[string][]Item{}, Passing: map[string][]string{}, Cleared: map[string][]string{}, Days: map[string][]Day{}}
	var plans []*plan
	seen := sources{}
	for _, t := range q.Tests {
		p, err := s.plan(ctx, scope.ReadScope, t, q, b.ID, seen)
		if err != nil {
			return Batch{}, errs.Wrap(err, "test %s", t.Definition.ID)
		}
		plans = append(plans, p)
	}
	done := 0
	var mu sync.Mutex // over the batch and the progress
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(s.Parallel, 1))
	for _, group := range spread(together(plans), max(s.Parallel, 1)) {
		g.Go(func() error {
			vs, err := s.Engine.Run(inner, job(group))
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if err := judge(group, vs, &b); err != nil {
				return err
			}
			for _, p := range group {
				done++
				if q.Progress != nil {
					q.Progress(done, len(plans), p.Definition.ID)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return Batch{}, err
	}
	for _, p := range plans {
		b.Runs = append(b.Runs, p.run)
	}
	if err := s.write(scope.Org(), &b); err != nil {
		return Batch{}, err
	}
	return b, s.Store.Record(ctx, scope, b)
}

// plan resolves a test's inputs. What cannot be read leaves the plan without tables and the run with the reason.
func (s *Service) plan(ctx context.Context, scope access.ReadScope, t Installed, q Request, batch string, seen sources) (*plan, error) {
	d := t.Definition
	params, err := d.ParamValues(t.Params)
	if err != nil {
		return nil, err
	}
	p := &plan{Installed: t, run: Run{
		ID: RunID(id.New("evr", q.Now)), Batch: batch, Test: d.ID, Version: d.Version, TestSHA256: d.SHA256(), AsOf: q.AsOf, Trigger: q.Trigger,
		Outcome: Unknown, Counts: map[Outcome]int64{}, Params: params, Created: q.Now, Inputs: []InputUsed{},
	}}
	if d.Kind == Occurrence {
		p.run.From, p.run.To = q.AsOf.Add(-d.WindowLength()), q.AsOf
		if q.Period != nil {
			p.run.From, p.run.To = q.Period.From.Time(), q.Period.To.Time()
		}
	}
	if p.open, err = s.open(ctx, scope, p.run); err != nil {
		return nil, err
	}
	inputs, err := d.ParsedInputs()
	if err != nil {
		return nil, err
	}
	for _, in := range inputs {
		items, why, err := s.read(ctx, scope, d, in, p.run, seen)
		if err != nil {
			return nil, err
		}
		if why != "" {
			p.run.Reason, p.tables = why, nil
			return p, nil
		}
		table := in.Table()
		for _, it := range items {
			path, _ := strings.CutPrefix(it.Path, "lake:")
			table.Paths = append(table.Paths, path)
			p.run.Inputs = append(p.run.Inputs, InputUsed{in.Name(), it.Ref, it.Source, it.SHA256, path, it.Rows, it.Completeness})
		}
		p.tables = append(p.tables, table)
	}
	return p, nil
}

// open lists the occurrences of a run's window that did not pass when they were judged before: it must be known of each
// whether it passes now, however many others do.
func (s *Service) open(ctx context.Context, scope access.ReadScope, r Run) ([]string, error) {
	if r.To.IsZero() {
		return nil, nil
	}
	var ids []string
	for q := (paging.Query{Page: 1, Size: paging.MaxSize}); ; q.Page++ {
		res, err := s.Store.Happenings(ctx, scope, Filter{Tests: []string{r.Test}, From: r.From, To: r.To}, q)
		if err != nil {
			return nil, err
		}
		for _, h := range res.Rows {
			ids = append(ids, h.ItemID)
		}
		if q.Page >= res.Pages() {
			return ids, nil
		}
	}
}

// sources remembers, during one evaluation, the evidence that several tests read.
type sources map[string][]evidence.Item

func (m sources) find(key string, look func() ([]evidence.Item, error)) ([]evidence.Item, error) {
	if items, ok := m[key]; ok {
		return items, nil
	}
	items, err := look()
	if err == nil {
		m[key] = items
	}
	return items, err
}

// read finds the evidence for one input, or says in words why there is none to conclude from.
func (s *Service) read(ctx context.Context, scope access.ReadScope, d *Definition, in Input, r Run, seen sources) ([]evidence.Item, string, error) {
	if in.Resource.Stream {
		return s.readStream(ctx, scope, d, in, r, seen)
	}
	items, err := seen.find(in.Name(), func() ([]evidence.Item, error) {
		return s.Evidence.Latest(ctx, scope, in.System, in.Resource.Name, r.AsOf)
	})
	if err != nil {
		return nil, "", err
	}
	if len(items) == 0 {
		return nil, fmt.Sprintf("%s was never collected", in.Name()), nil
	}
	for _, it := range items {
		switch age := r.AsOf.Sub(it.From); {
		case !it.Completeness.Usable():
			return nil, fmt.Sprintf("the newest %s from %s (%s) is incomplete: %s", in.Resource.Name, it.Source, it.Ref, it.Gap), nil
		case age > d.MaxAge():
			return nil, fmt.Sprintf("the newest %s from %s (%s) is %s old, at most %s is accepted", in.Resource.Name, it.Source, it.Ref, hours(age), hours(d.MaxAge())), nil
		}
	}
	return items, "", nil
}

func hours(d time.Duration) string {
	if d >= 72*time.Hour {
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
	return fmt.Sprintf("%d hours", int(d.Hours()))
}

// readStream finds the increments that hold a window, and checks that they follow each other without a gap.
func (s *Service) readStream(ctx context.Context, scope access.ReadScope, d *Definition, in Input, r Run, seen sources) ([]evidence.Item, string, error) {
	from, to := r.From, r.To
	if d.Kind == State {
		from, to = r.AsOf.Add(-d.WindowLength()), r.AsOf
	}
	begin := from.Add(-d.lead)
	all, err := seen.find(in.Name()+" from "+begin.String(), func() ([]evidence.Item, error) {
		return s.Evidence.Stream(ctx, scope, in.System, in.Resource.Name, begin, r.AsOf.Add(time.Second))
	})
	if err != nil {
		return nil, "", err
	}
	var usable []evidence.Item
	covered := map[string]time.Time{} // by source: up to when increments follow each other
	for _, it := range all {
		if !it.Completeness.Usable() || it.To.After(r.AsOf) {
			continue
		}
		usable = append(usable, it)
		end, seen := covered[it.Source]
		switch {
		case !seen:
			if it.From.After(from) {
				return nil, fmt.Sprintf("%s from %s begins %s, after the window's %s", in.Resource.Name, it.Source, it.From.Format(time.DateOnly), from.Format(time.DateOnly)), nil
			}
			covered[it.Source] = it.To
		case it.From.After(end) && it.From.After(from):
			return nil, fmt.Sprintf("%s from %s has a gap from %s to %s", in.Resource.Name, it.Source, end.Format(time.RFC3339), it.From.Format(time.RFC3339)), nil
		case it.To.After(end):
			covered[it.Source] = it.To
		}
	}
	if len(usable) == 0 {
		return nil, fmt.Sprintf("%s was not collected completely for the window", in.Name()), nil
	}
	for source, end := range covered {
		if age := to.Sub(end); age > d.MaxAge() {
			return nil, fmt.Sprintf("%s from %s is complete only up to %s, %s before", in.Resource.Name, source, end.Format(time.RFC3339), hours(age)), nil
		}
	}
	return usable, "", nil
}

// Table is the input as the engine loads it, without files yet. The raw record stays out: tests judge typed facts.
func (i Input) Table() Table {
	cols := slices.DeleteFunc(i.Resource.Columns(), func(c collect.Column) bool { return c.Name == "raw" })
	return Table{Name: i.Name(), Columns: cols, Newest: i.Resource.Stream}
}

// together groups plans that can share tables: those that mean the same files by the same name.
func together(plans []*plan) [][]*plan {
	type group struct {
		files map[string]string
		plans []*plan
	}
	var groups []*group
next:
	for _, p := range plans {
		if p.tables == nil {
			continue
		}
		for _, g := range groups {
			fits := true
			for _, t := range p.tables {
				if have, ok := g.files[t.Name]; ok && have != strings.Join(t.Paths, "\n") {
					fits = false
				}
			}
			if fits {
				for _, t := range p.tables {
					g.files[t.Name] = strings.Join(t.Paths, "\n")
				}
				g.plans = append(g.plans, p)
				continue next
			}
		}
		g := &group{files: map[string]string{}, plans: []*plan{p}}
		for _, t := range p.tables {
			g.files[t.Name] = strings.Join(t.Paths, "\n")
		}
		groups = append(groups, g)
	}
	out := make([][]*plan, len(groups))
	for i, g := range groups {
		out[i] = g.plans
	}
	return out
}

// loadOnce is the number of rows read from which loading them twice costs more than a second worker gains.
const loadOnce = 200_000

// spread splits groups until there are enough for all who work at once. Tests that read the same tables stay together,
// so that few tables are loaded twice.
func spread(groups [][]*plan, workers int) [][]*plan {
	for len(groups) > 0 && len(groups) < workers {
		slices.SortStableFunc(groups, func(a, b []*plan) int { return len(b) - len(a) })
		big := groups[0]
		if len(big) < 2 || rowsRead(big) > loadOnce {
			break
		}
		slices.SortStableFunc(big, func(a, b *plan) int { return strings.Compare(a.tables[0].Name, b.tables[0].Name) })
		groups = append(groups[1:], big[:len(big)/2], big[len(big)/2:])
	}
	return groups
}

// rowsRead is the rows that the tests of a group read, each input once.
func rowsRead(group []*plan) int64 {
	var n int64
	seen := map[string]bool{}
	for _, p := range group {
		for _, in := range p.run.Inputs {
			if !seen[in.Ref] {
				seen[in.Ref] = true
				n += in.Rows
			}
		}
	}
	return n
}

// job is the tables and queries of one group.
func job(group []*plan) Job {
	var j Job
	loaded := map[string]bool{}
	for _, p := range group {
		for _, t := range p.tables {
			if !loaded[t.Name] {
				loaded[t.Name] = true
				j.Tables = append(j.Tables, t)
			}
		}
		q := p.Definition.Query(p.run.AsOf, p.run.From, p.run.To, p.run.Params)
		q.Watch = p.open
		j.Queries = append(j.Queries, q)
	}
	return j
}

// judge takes the verdicts on one group into the batch. A test that the engine or the population check refuses is unknown
// with the reason; the others go on.
func judge(group []*plan, vs []Verdicts, b *Batch) error {
	var err error
	for i, p := range group {
		v := vs[i]
		p.run.Took = time.Duration(v.TookMicroseconds) * time.Microsecond
		if err := accept(p.Definition, v); err != nil {
			p.run.Reason = "the test was refused: " + err.Error()
			continue
		}
		p.run.Population, p.run.Counts, p.run.Hash = v.Population, v.Counts, v.Hash
		p.run.Outcome, p.run.Reason = worst(v.Counts), ""
		for _, raw := range v.Returned {
			it, err := parseItem(raw)
			if err != nil {
				return errs.As(errs.Internal, err, "row of test %s", p.Definition.ID)
			}
			b.Items[p.Definition.ID] = append(b.Items[p.Definition.ID], it)
		}
		b.Passing[p.Definition.ID], b.Cleared[p.Definition.ID] = v.PassingIDs, v.Watched
		if p.Definition.Kind == Occurrence {
			if b.Days[p.Definition.ID], err = daysOf(p.run, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// worst is the outcome of a test as a whole. An empty population is not applicable: nothing was tested, so nothing passed.
func worst(counts map[Outcome]int64) Outcome {
	for _, o := range []Outcome{Fail, Unknown, Pass} {
		if counts[o] > 0 {
			return o
		}
	}
	return NotApplicable
}

// daysOf spreads an occurrence test's verdicts over the days of its window, days without an occurrence included.
func daysOf(r Run, v Verdicts) ([]Day, error) {
	var out []Day
	for d := period.Of(r.From); d <= period.Of(r.To.Add(-time.Microsecond)); d++ {
		counts := v.Days[d.String()]
		if counts == nil {
			counts = map[Outcome]int64{}
		}
		out = append(out, Day{Test: r.Test, Date: d, Outcome: worst(counts), Counts: counts})
	}
	for day := range v.Days {
		if _, err := period.ParseDate(day); err != nil {
			return nil, errs.As(errs.Internal, err, "day of test %s", r.Test)
		}
	}
	return out, nil
}

// write puts the rows into the lake.
func (s *Service) write(org access.OrgID, b *Batch) error {
	w, err := s.Files.Create(org, b.ID, b.At)
	if err != nil {
		return err
	}
	defer w.Abort()
	for _, r := range b.Runs {
		for _, it := range b.Items[r.Test] {
			row := ResultRow{r.Test, int64(r.Version), r.AsOf, it.ID, it.Label, string(it.Outcome), it.Reason, it.Occurred, string(it.Columns)}
			if err := w.Write(row); err != nil {
				return err
			}
		}
		for _, pass := range b.Passing[r.Test] {
			if err := w.Write(ResultRow{Test: r.Test, Version: int64(r.Version), AsOf: r.AsOf, ItemID: pass, Outcome: string(Pass)}); err != nil {
				return err
			}
		}
	}
	if b.ResultsPath, b.ResultsSHA256, err = w.Commit(); err != nil {
		return err
	}
	for i := range b.Runs {
		b.Runs[i].ResultsPath, b.Runs[i].ResultsSHA256 = b.ResultsPath, b.ResultsSHA256
	}
	return nil
}
