package fieldwork

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Rolled is where the text of a workpaper came from. Populations, samples, marks, findings and conclusions are never carried over:
// each period is tested anew.
type Rolled struct {
	Engagement string    `json:"engagement"`
	Ref        string    `json:"ref"`   // of the engagement
	Paper      string    `json:"paper"` // reference of the earlier workpaper
	Version    int       `json:"version"`
	Changed    bool      `json:"changed"` // the control says something else now: the plan is to be read again
	At         time.Time `json:"at"`
	By         string    `json:"by"`
}

// Carried says what became of an earlier workpaper.
type Carried struct {
	From    string // reference of the earlier workpaper
	Control string
	To      string // reference of the new one; empty when it was left
	Changed bool   // the control says something else now
	Why     string // why it was left
}

// RollSources lists the earlier engagements of the same client from which the firm can carry its plans over, newest first.
func (s *Service) RollSources(ctx context.Context, a access.AuditScope) ([]engagement.Engagement, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	here, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return nil, err
	}
	all, err := s.Engagements.Engagements(ctx, a.Client)
	if err != nil {
		return nil, err
	}
	var out []engagement.Engagement
	for _, e := range all {
		if e.ID == here.ID || !earlier(e, here) {
			continue
		}
		there := a
		there.Engagement = string(e.ID)
		papers, err := s.AllPapers(ctx, there)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(papers, func(p Paper) bool { return p.Conclusion != NotConcluded }) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(x, y engagement.Engagement) int { return int(y.Period.To) - int(x.Period.To) })
	return out, nil
}

// earlier reports whether an engagement ends before another does.
func earlier(e, than engagement.Engagement) bool { return e.Period.To < than.Period.To }

// RollForward begins workpapers with the texts, attributes and plans of an earlier engagement of the same client: of those that were
// concluded there and whose controls are still in force. It happens once for each earlier engagement.
func (s *Service) RollForward(ctx context.Context, a access.AuditScope, now time.Time, from string) (out []Carried, err error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return nil, err
	}
	sources, err := s.RollSources(ctx, a)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(sources, func(e engagement.Engagement) bool { return string(e.ID) == from || e.Ref == from })
	if i < 0 {
		return nil, errs.New(errs.Invalid, "choose an earlier engagement of this client in which the firm concluded workpapers").At("from")
	}
	controls, err := s.controls(ctx, a)
	if err != nil {
		return nil, err
	}
	method, err := s.Method(ctx, a)
	if err != nil {
		return nil, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		out, err = s.roll(ctx, a, now, sources[i], controls, method.Version)
		return err
	})
	return out, err
}

func (s *Service) roll(ctx context.Context, a access.AuditScope, now time.Time, from engagement.Engagement, controls []control.Control, method int) ([]Carried, error) {
	e, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return nil, err
	}
	there := a
	there.Engagement = string(from.ID)
	old, err := s.AllPapers(ctx, there)
	if err != nil {
		return nil, err
	}
	here, err := s.AllPapers(ctx, a)
	if err != nil {
		return nil, err
	}
	has := map[string]string{}
	for _, p := range here {
		if p.Rolled != nil && p.Rolled.Engagement == string(from.ID) {
			return nil, errs.New(errs.Conflict, "%s was carried over on %s already", from.Ref, p.Rolled.At.UTC().Format("2 Jan 2006")).WithHint("Begin further workpapers by hand.")
		}
		has[p.Control] = p.Ref
	}
	var out []Carried
	made := 0
	for _, p := range old {
		c := Carried{From: p.Ref, Control: p.Control}
		i := slices.IndexFunc(controls, func(x control.Control) bool { return x.Ref == p.Control })
		switch {
		case p.Conclusion == NotConcluded:
			c.Why = "It was not concluded."
		case i < 0:
			c.Why = "The control is not in force any more."
		case has[p.Control] != "":
			c.Why = "The control has " + has[p.Control] + " here already."
		default:
			n, err := s.rolled(ctx, a, now, p, from, controls[i], serves(e, controls[i]), method)
			if err != nil {
				return nil, err
			}
			c.To, c.Changed = n.Ref, n.Rolled.Changed
			made++
		}
		out = append(out, c)
	}
	if made == 0 {
		return out, errs.New(errs.Conflict, "nothing of %s can be carried over: every control has a workpaper here, or is not in force", from.Ref).At("from")
	}
	return out, s.told(ctx, a, now, "papers.rolled", a.Engagement, map[string]any{"from": string(from.ID), "ref": from.Ref, "papers": made, "left": len(out) - made})
}

// rolled begins a workpaper for a control with the texts of an earlier one.
func (s *Service) rolled(ctx context.Context, a access.AuditScope, now time.Time, was Paper, from engagement.Engagement, c control.Control, criteria []string, method int) (Paper, error) {
	p := Paper{
		ID: PaperID(id.New("wp", now)), Engagement: a.Engagement, Control: c.Ref, Title: was.Title, Statement: c.Version.Statement, Criteria: criteria, Plan: was.Plan,
		Attributes: slices.Clone(was.Attributes), At: now, By: a.Firm.Actor(), Version: 1, Made: Made{Method: method, Template: was.Made.Template},
		Rolled: &Rolled{Engagement: string(from.ID), Ref: from.Ref, Paper: was.Ref, Version: was.Version, Changed: c.Version.Statement != was.Statement, At: now, By: a.Firm.Actor()},
	}
	for i := range p.Attributes {
		p.Attributes[i].Machine = false // depends on the population that is chosen
	}
	p, err := s.Papers.AddPaper(ctx, a.Firm, p, seriesOf(p))
	if err != nil {
		return p, err
	}
	return p, s.told(ctx, a, now, "paper.begun", string(p.ID), map[string]any{"ref": p.Ref, "control": p.Control, "from": was.Ref, "of": from.Ref})
}

// seriesOf is what a workpaper is numbered by: its first criterion, or its control.
func seriesOf(p Paper) string {
	if len(p.Criteria) > 0 {
		return p.Criteria[0]
	}
	return p.Control
}
