package fieldwork

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Begin makes a workpaper for a control of the client.
func (s *Service) Begin(ctx context.Context, a access.AuditScope, now time.Time, controlRef string) (Paper, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return Paper{}, err
	}
	c, err := s.Controls.Control(ctx, a.Client, strings.TrimSpace(controlRef))
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.Invalid, "the client has no control %q", controlRef).At("control")
	}
	if err != nil {
		return Paper{}, err
	}
	e, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return Paper{}, err
	}
	var p Paper
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		p, err = s.begin(ctx, a, now, c, serves(e, c))
		return err
	})
	return p, err
}

func (s *Service) begin(ctx context.Context, a access.AuditScope, now time.Time, c control.Control, criteria []string) (Paper, error) {
	p := Paper{
		ID: PaperID(id.New("wp", now)), Engagement: a.Engagement, Control: c.Ref, Title: c.Version.Title, Statement: c.Version.Statement,
		Criteria: append([]string{}, criteria...), At: now, By: a.Firm.Actor(), Version: 1,
		Attributes: []Attribute{{Letter: "A", Text: "Performed as the control describes it, with evidence of it", Nature: Inspection}},
	}
	m, err := s.Method(ctx, a)
	if err != nil {
		return p, err
	}
	p.Made.Method = m.Version
	if fit := m.Fitting(p.Control, p.Criteria); len(fit) > 0 && fit[0].Fits(p.Control, p.Criteria) > 1 {
		p.Made.Template, p.Plan, p.Attributes = fit[0].Name, fit[0].Plan, fit[0].Attributes
	}
	if p, err = s.Papers.AddPaper(ctx, a.Firm, p, seriesOf(p)); err != nil {
		return p, err
	}
	return p, s.told(ctx, a, now, "paper.begun", string(p.ID), map[string]any{"ref": p.Ref, "control": p.Control})
}

// BeginAll makes a workpaper for every control in force that serves a criterion of the engagement and has none yet.
func (s *Service) BeginAll(ctx context.Context, a access.AuditScope, now time.Time) (int, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return 0, err
	}
	e, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return 0, err
	}
	criteria, err := s.criteria(ctx, a)
	if err != nil {
		return 0, err
	}
	inScope := map[string]bool{}
	for _, c := range criteria {
		inScope[c.ID] = true
	}
	controls, err := s.controls(ctx, a)
	if err != nil {
		return 0, err
	}
	made := 0
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		made = 0
		papers, err := s.AllPapers(ctx, a)
		if err != nil {
			return err
		}
		has := map[string]bool{}
		for _, p := range papers {
			has[p.Control] = true
		}
		for _, c := range controls {
			mine := serves(e, c)
			if has[c.Ref] || !slices.ContainsFunc(mine, func(x string) bool { return inScope[x] }) {
				continue
			}
			if _, err := s.begin(ctx, a, now, c, mine); err != nil {
				return err
			}
			made++
		}
		return nil
	})
	return made, err
}

// controls lists the controls of the client that are in force.
func (s *Service) controls(ctx context.Context, a access.AuditScope) ([]control.Control, error) {
	var out []control.Control
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "ref"}); ; q.Page++ {
		res, err := s.Controls.List(ctx, a.Client, control.Filter{Status: control.Approved}, q)
		if err != nil {
			return nil, err
		}
		out = append(out, res.Rows...)
		if q.Page >= res.Pages() {
			return out, nil
		}
	}
}

// ControlsInForce lists the controls of the client that a workpaper or a population can be about.
func (s *Service) ControlsInForce(ctx context.Context, a access.AuditScope) ([]control.Control, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	return s.controls(ctx, a)
}

// ListPapers lists workpapers. Sort names: ref, control, title, state, conclusion, preparer.
func (s *Service) ListPapers(ctx context.Context, a access.AuditScope, f PaperFilter, q paging.Query) (paging.Result[Paper], error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return paging.Result[Paper]{}, err
	}
	f.Engagement = a.Engagement
	return s.Papers.Papers(ctx, a.Firm.ReadScope, f, q)
}

// AllPapers lists every workpaper of an engagement by reference.
func (s *Service) AllPapers(ctx context.Context, a access.AuditScope) ([]Paper, error) {
	var out []Paper
	for q := (paging.Query{Page: 1, Size: paging.MaxSize}); ; q.Page++ {
		res, err := s.ListPapers(ctx, a, PaperFilter{}, q)
		if err != nil {
			return nil, err
		}
		out = append(out, res.Rows...)
		if q.Page >= res.Pages() {
			return out, nil
		}
	}
}

// Planning is the text part of a workpaper.
type Planning struct {
	Title      string
	Plan       string
	Attributes []Attribute
}

// SetPlan changes what a workpaper looks at and how. An attribute with marks stays.
func (s *Service) SetPlan(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, n Planning) (Paper, error) {
	m, err := s.Method(ctx, a)
	if err != nil {
		return Paper{}, err
	}
	return s.setPlan(ctx, a, now, ref, base, func(Paper) Planning { return n }, Made{Method: m.Version})
}

func (n Planning) checked() (Planning, error) {
	var err error
	if n.Title, err = line("title", "the title", n.Title); err != nil {
		return n, err
	}
	n.Plan = text.Prose(n.Plan)
	if err := text.Bounds("plan", "the procedure", n.Plan, 0, MaxPlan); err != nil {
		return n, err
	}
	n.Attributes, err = checked(n.Attributes)
	return n, err
}

func (s *Service) setPlan(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, plan func(Paper) Planning, made Made) (Paper, error) {
	return s.change(ctx, a, access.Examine, ref, base, func(ctx context.Context, p *Paper) error {
		n, err := plan(*p).checked()
		if err != nil {
			return err
		}
		if err := p.unlocked(); err != nil {
			return err
		}
		cells, err := s.Papers.Cells(ctx, a.Firm.ReadScope, p.ID)
		if err != nil {
			return err
		}
		was := *p
		p.Title, p.Plan, p.Attributes = n.Title, n.Plan, n.Attributes
		if p.Made = made; made.Template == "" {
			p.Made.Template = was.Made.Template
		}
		for _, c := range cells {
			if _, ok := p.Attribute(c.Letter); !ok && c.Mark != Open {
				return errs.New(errs.Conflict, "attribute %s has marks; it stays", c.Letter).At("text" + c.Letter).WithHint("Clear its marks first.")
			}
		}
		if !slices.Equal(was.Attributes, p.Attributes) {
			p.Conclusion, p.Concluded = NotConcluded, nil
		}
		return s.told(ctx, a, now, "paper.planned", string(p.ID), map[string]any{"ref": p.Ref, "attributes": len(n.Attributes), "method": made.Method, "template": made.Template})
	})
}

func checked(list []Attribute) ([]Attribute, error) {
	if len(list) == 0 || len(list) > len(Letters) {
		return nil, errs.New(errs.Invalid, "a workpaper has 1 to %d attributes", len(Letters)).At("textA")
	}
	out := make([]Attribute, len(list))
	for i, x := range list {
		at := "text" + x.Letter
		if len(x.Letter) != 1 || !strings.Contains(Letters, x.Letter) || slices.ContainsFunc(out[:i], func(y Attribute) bool { return y.Letter == x.Letter }) {
			return nil, errs.New(errs.Invalid, "attributes have letters from A to H, each once").At("textA")
		}
		var err error
		if x.Text, err = line(at, "what attribute "+x.Letter+" looks at", x.Text); err != nil {
			return nil, err
		}
		if !slices.Contains(Natures(), x.Nature) {
			return nil, errs.New(errs.Invalid, "choose the nature of attribute %s", x.Letter).At("nature" + x.Letter)
		}
		out[i] = x
	}
	return out, nil
}

// Sheet is everything about a workpaper.
type Sheet struct {
	Paper      Paper
	Population Population // zero while none is chosen
	Items      []Sampled
	Cells      map[int]map[string]Cell // by item and letter
	Findings   []Finding
	Notes      []Note
}

// Cell is the mark of an item for an attribute; an open one of version 0 where nothing was said yet.
func (sh *Sheet) Cell(n int, letter string) Cell {
	if c, ok := sh.Cells[n][letter]; ok {
		return c
	}
	return Cell{N: n, Letter: letter}
}

// Machine is what the client's test says about an item where no auditor said anything yet.
func (sh *Sheet) Machine(x Sampled, t Attribute) Mark {
	if !t.Machine || x.Void != "" || sh.Cell(x.N, t.Letter).Mark != Open {
		return Open
	}
	return x.Verdict
}

// Deviating is how many items have an exception.
func (sh *Sheet) Deviating() int {
	n := 0
	for _, x := range sh.Items {
		for _, c := range sh.Cells[x.N] {
			if c.Mark == Exception && x.Void == "" {
				n++
				break
			}
		}
	}
	return n
}

// Tested is how many items have all their marks.
func (sh *Sheet) Tested() int {
	n := 0
	for _, x := range sh.Items {
		if x.Void == "" && !slices.ContainsFunc(sh.Paper.Attributes, func(t Attribute) bool { return sh.Cell(x.N, t.Letter).Mark == Open }) {
			n++
		}
	}
	return n
}

// Sheet reads a workpaper with everything that belongs to it.
func (s *Service) Sheet(ctx context.Context, a access.AuditScope, ref string) (*Sheet, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	firm := a.Firm.ReadScope
	p, err := s.Papers.Paper(ctx, firm, a.Engagement, ref)
	if err != nil {
		return nil, err
	}
	sh := &Sheet{Paper: p, Cells: map[int]map[string]Cell{}}
	if p.Population != "" {
		if sh.Population, err = s.Populations.Population(ctx, firm, a.Engagement, string(p.Population)); err != nil {
			return nil, err
		}
	}
	if sh.Items, err = s.Papers.Sampled(ctx, firm, p.ID); err != nil {
		return nil, err
	}
	cells, err := s.Papers.Cells(ctx, firm, p.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range cells {
		if sh.Cells[c.N] == nil {
			sh.Cells[c.N] = map[string]Cell{}
		}
		sh.Cells[c.N][c.Letter] = c
	}
	if sh.Notes, err = s.Papers.Notes(ctx, firm, p.ID); err != nil {
		return nil, err
	}
	all, err := s.ListFindings(ctx, a)
	for _, f := range all {
		if f.Paper == p.ID {
			sh.Findings = append(sh.Findings, f)
		}
	}
	return sh, err
}

// Choose sets the population of a workpaper, before anything is drawn.
func (s *Service) Choose(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, population string) (Paper, error) {
	pop, err := s.Population(ctx, a, population)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.Invalid, "choose a population").At("population")
	}
	if err != nil {
		return Paper{}, err
	}
	if !pop.Frozen() {
		return Paper{}, errs.New(errs.Invalid, "%s is not frozen yet", pop.Ref).At("population")
	}
	return s.change(ctx, a, access.Examine, ref, base, func(ctx context.Context, p *Paper) error {
		if err := p.unlocked(); err != nil {
			return err
		}
		if p.Sample != nil {
			return errs.New(errs.Conflict, "%s has a sample of its population already", p.Ref)
		}
		p.Population = pop.ID
		if pop.Verdict >= 0 && len(p.Attributes) == 1 && !p.Attributes[0].Machine {
			p.Attributes = slices.Clone(p.Attributes)
			p.Attributes[0].Machine = true
		}
		return s.told(ctx, a, now, "paper.population", string(p.ID), map[string]any{"ref": p.Ref, "population": pop.Ref, "sha256": pop.SHA256})
	})
}
