package evaluate

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Again is an evaluation performed once more on the inputs it had.
type Again struct {
	Run        Run
	Definition *Definition
	Hash       string // over every row, now
	Rows       []Item // every row, the passing ones too
}

// Same reports whether the rows are those that were recorded.
func (a Again) Same() bool { return a.Hash != "" && a.Hash == a.Run.Hash }

// Again performs a recorded evaluation once more: the version of the test that was used, on the files it read, as of its
// instant. Nothing is recorded.
func (s *Service) Again(ctx context.Context, scope access.ReadScope, id RunID) (Again, error) {
	if err := scope.Require(access.ReadProgramme); err != nil {
		return Again{}, err
	}
	r, err := s.Store.Run(ctx, scope, id)
	if err != nil {
		return Again{}, err
	}
	a := Again{Run: r}
	if !r.Evaluated() {
		return a, errs.New(errs.Conflict, "the evaluation of %s gave no verdicts: %s", r.Test, r.Reason).WithHint("Choose another evaluation.")
	}
	versions, err := s.Store.Versions(ctx, scope, r.Test)
	if err != nil {
		return a, err
	}
	for _, v := range versions {
		if v.Definition.SHA256() == r.TestSHA256 {
			a.Definition = v.Definition
		}
	}
	if a.Definition == nil {
		return a, errs.New(errs.Internal, "version %d of test %s is not kept", r.Version, r.Test)
	}
	inputs, err := a.Definition.ParsedInputs()
	if err != nil {
		return a, err
	}
	var tables []Table
	for _, in := range inputs {
		t := in.Table()
		for _, used := range r.Inputs {
			if used.Table == t.Name {
				t.Paths = append(t.Paths, used.Path)
			}
		}
		tables = append(tables, t)
	}
	q := a.Definition.Query(r.AsOf, r.From, r.To, r.Params)
	q.All = true
	vs, err := s.Engine.Run(ctx, Job{Tables: tables, Queries: []Query{q}})
	if err != nil {
		return a, err
	}
	if len(vs) != 1 {
		return a, errs.New(errs.Internal, "test %s gave no verdicts", r.Test)
	}
	if vs[0].Err != nil {
		return a, errs.New(errs.Conflict, "test %s cannot be performed again: %v", r.Test, vs[0].Err)
	}
	a.Hash = vs[0].Hash
	for _, raw := range vs[0].Returned {
		it, err := parseItem(raw)
		if err != nil {
			return a, errs.As(errs.Internal, err, "a row of test %s", r.Test)
		}
		a.Rows = append(a.Rows, it)
	}
	return a, nil
}
