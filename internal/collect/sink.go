package collect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// maxRemarks bounds the errors and notes a manifest keeps for one resource.
const maxRemarks = 50

// runSink is the Sink of one run: it stamps facts, drops repeated keys, writes files and counts.
type runSink struct {
	ctx      context.Context //nolint:containedctx // the sink is the run: Emit must end with it
	files    Files
	org      access.OrgID
	run      RunID
	at       time.Time
	meta     Meta
	progress func(resource string, rows int64)

	mu    sync.Mutex
	open  map[string]*resourceSink
	marks []Mark
}

type resourceSink struct {
	Result
	w    RowWriter
	seen map[string]struct{}
}

func (s *runSink) of(resource string) *resourceSink {
	r := s.open[resource]
	if r == nil {
		r = &resourceSink{Result: Result{Resource: resource, Endpoints: []string{}, Errors: []string{}, Notes: []string{}}, seen: map[string]struct{}{}}
		s.open[resource] = r
	}
	return r
}

func (r *resourceSink) writer(s *runSink) error {
	if r.w != nil {
		return nil
	}
	res, ok := ResourceNamed(r.Resource)
	if !ok {
		return errs.New(errs.Internal, "the connector emits an unknown resource %q", r.Resource)
	}
	var err error
	r.w, err = s.files.Create(s.org, s.run, s.at, r.Resource, res.Row)
	return err
}

func (s *runSink) Emit(f Fact) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.of(f.Resource())
	key := f.Key()
	if key == "" {
		return errs.New(errs.Internal, "a %s came without a key", f.Resource())
	}
	if _, dup := r.seen[key]; dup {
		r.Duplicates++
		return nil
	}
	if err := r.writer(s); err != nil {
		return err
	}
	f.stamp(s.meta)
	if err := r.w.Write(f); err != nil {
		return errs.Wrap(err, "write %s", f.Resource())
	}
	r.seen[key] = struct{}{}
	r.Rows++
	if s.progress != nil && r.Rows%500 == 0 {
		s.progress(r.Resource, r.Rows)
	}
	return nil
}

func (s *runSink) Page(resource, endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.of(resource)
	r.Pages++
	if !slices.Contains(r.Endpoints, endpoint) {
		r.Endpoints = append(r.Endpoints, endpoint)
	}
}

func (s *runSink) Total(resource string, n int64, how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.of(resource)
	r.SourceTotal, r.TotalHow = &n, how
}

func (s *runSink) Failed(resource string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.of(resource)
	if len(r.Errors) < maxRemarks {
		r.Errors = append(r.Errors, err.Error())
	} else if len(r.Errors) == maxRemarks {
		r.Errors = append(r.Errors, "and more")
	}
}

func (s *runSink) Note(resource, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.of(resource)
	if len(r.Notes) < maxRemarks && !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// Mark keeps up to where a stream was read.
func (s *runSink) Mark(m Mark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = append(slices.DeleteFunc(s.marks, func(x Mark) bool { return x.Stream == m.Stream }), m)
}

// finish commits every file and judges each resource. failed is why the whole run could not go on, or nil.
func (s *runSink) finish(described []string, failed error) ([]Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range described {
		s.of(name) // a resource of which nothing came is a result too: none, or not read
	}
	names := make([]string, 0, len(s.open))
	for n := range s.open {
		names = append(names, n)
	}
	slices.Sort(names)
	results := make([]Result, 0, len(names))
	for _, n := range names {
		r := s.open[n]
		if err := r.writer(s); err != nil { // no rows: the empty file is the evidence that there were none
			return nil, err
		}
		file, err := r.w.Commit()
		if err != nil {
			return nil, err
		}
		r.File = file
		if failed != nil && r.SourceTotal == nil && len(r.Errors) == 0 {
			r.Errors = append(r.Errors, "the run ended early: "+failed.Error())
		}
		slices.Sort(r.Endpoints)
		r.judge()
		results = append(results, r.Result)
	}
	return results, nil
}

// judge decides how complete a resource is: an error makes it incomplete, so does a count that differs from the source's
// own; only an equal count proves it complete (domain brief 8.2, rule 3).
func (r *resourceSink) judge() {
	switch {
	case len(r.Errors) > 0:
		r.Completeness, r.Gap = evidence.Incomplete, r.Errors[0]
	case r.SourceTotal == nil:
		r.Completeness = evidence.Asserted
	case *r.SourceTotal != r.Rows:
		r.Completeness = evidence.Incomplete
		r.Gap = fmt.Sprintf("the source says %d, %d were received (%s)", *r.SourceTotal, r.Rows, r.TotalHow)
	default:
		r.Completeness = evidence.Proven
	}
}

func (s *runSink) abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.open {
		if r.w != nil {
			r.w.Abort()
		}
	}
}

// isCancel reports whether a run ended because somebody ended it.
func isCancel(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
