package authority

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Pipeline says which identity acts for the deployments and merged pull requests of a repository, or for the runs of a workspace of
// infrastructure as code: the role or robot that the pipeline holds in the system that is changed.
type Pipeline struct {
	ID       string     `json:"id"`
	Identity string     `json:"identity"` // of the actor, by identifier or name
	Project  string     `json:"project"`  // the repository or workspace, "*" for any letters
	Minutes  int        `json:"minutes"`  // after a deployment or merge, in which it acts; for runs it acts while they apply
	By       string     `json:"by"`
	Since    time.Time  `json:"since"`
	Until    *time.Time `json:"until,omitempty"`
}

// DefaultMinutes is how long after a deployment or merge its pipeline acts, where nothing else is said; our own choice.
const DefaultMinutes = 60

// AddPipeline records that an identity acts for a repository. It counts from now on.
func (s *Service) AddPipeline(ctx context.Context, scope access.Scope, now time.Time, p Pipeline) (Pipeline, error) {
	if err := scope.Require(access.ManageChanges); err != nil {
		return p, err
	}
	p.Identity, p.Project = text.Line(p.Identity), text.Line(p.Project)
	if p.Minutes == 0 {
		p.Minutes = DefaultMinutes
	}
	switch {
	case p.Identity == "" || len(p.Identity) > 300:
		return p, errs.New(errs.Invalid, "say which identity acts").At("identity").WithHint("The role, robot or service account, as the events name it.")
	case p.Project == "" || len(p.Project) > 300:
		return p, errs.New(errs.Invalid, "say for which repository or workspace").At("project").WithHint("As the code host names it, or the workspace of infrastructure as code; * stands for any letters.")
	case p.Minutes < 1 || p.Minutes > 24*60:
		return p, errs.New(errs.Invalid, "a pipeline acts between a minute and a day after a deployment").At("minutes")
	}
	p.ID, p.By, p.Since = id.New("ppl", now), scope.Actor(), now
	return p, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Lines.AddPipeline(ctx, scope, p); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "pipeline.added", p.ID, p)
		return err
	})
}

// EndPipeline records that an identity does not act for a repository any more.
func (s *Service) EndPipeline(ctx context.Context, scope access.Scope, now time.Time, pipeline string) error {
	if err := scope.Require(access.ManageChanges); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Lines.EndPipeline(ctx, scope, pipeline, now); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "pipeline.ended", pipeline, map[string]any{})
		return err
	})
}

// Pipelines lists all, also those that ended.
func (s *Service) Pipelines(ctx context.Context, scope access.ReadScope) ([]Pipeline, error) {
	if err := scope.Require(access.ReadEvidence); err != nil {
		return nil, err
	}
	return s.Lines.Pipelines(ctx, scope)
}

// through gives records of repositories and workspaces to the pipelines that act for them. A merge or run allows nobody but a
// pipeline to act; a deployment also whoever made it. A run ends when it says so, and nobody acts by it later.
func through(pipelines []Pipeline, records []Record) []Record {
	var out []Record
	for _, r := range records {
		if r.Project == "" {
			out = append(out, r)
			continue
		}
		actors, minutes := slices.Clone(r.Actors), DefaultMinutes
		for _, p := range pipelines {
			if like(p.Project, r.Project) && !r.From.Before(p.Since) && (p.Until == nil || r.From.Before(*p.Until)) {
				actors = append(actors, p.Identity)
				minutes = max(minutes, p.Minutes)
			}
		}
		if len(actors) == 0 {
			continue // nobody may act by it; a record without actors would allow anybody
		}
		if r.Actors = actors; r.Kind != Infrastructure {
			r.To = r.To.Add(time.Duration(minutes) * time.Minute)
		}
		out = append(out, r)
	}
	return out
}
