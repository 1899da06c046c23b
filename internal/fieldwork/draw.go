package fieldwork

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/sample"
	"github.com/tickmark/tickmark/verify"
)

// maxListed is how many items a testing sheet lists.
const maxListed = 500

// Sizing says how a sample is to be made.
type Sizing struct {
	Method     Method
	Risk       sample.Risk
	Confidence sample.Rate
	Tolerable  sample.Rate
	Expected   int
	Strata     string
}

// Propose is the sample that a sizing asks for, before anything is drawn.
func (s *Service) Propose(ctx context.Context, a access.AuditScope, p Population, z Sizing) (Sample, error) {
	x := Sample{Method: z.Method, Risk: z.Risk, Confidence: z.Confidence, Tolerable: z.Tolerable, Expected: z.Expected, Strata: z.Strata, Population: p.ID, SHA256: p.SHA256, Drawing: verify.DrawMethod}
	if !p.Frozen() {
		return x, errs.New(errs.Conflict, "%s is not frozen", p.Ref).WithHint("Freeze it first: nothing is drawn from rows that may change.")
	}
	if p.Rows == 0 {
		return x, errs.New(errs.Conflict, "%s has no row: there is nothing to draw", p.Ref).WithHint("Conclude that there was no occurrence, and look at the design.")
	}
	if !slices.Contains([]string{"", "month", "quarter"}, x.Strata) {
		return x, errs.New(errs.Invalid, "strata are months or quarters").At("strata")
	}
	if x.Strata != "" && p.Shape.Day < 0 {
		return x, errs.New(errs.Invalid, "the population does not say when its items happened, so that they cannot be spread over the period").At("strata")
	}
	if err := x.Plan(0).Check(); err != nil {
		return x, err
	}
	var err error
	switch z.Method {
	case ByTable:
		var m Methodology
		if m, err = s.Method(ctx, a); err == nil {
			var row sample.Row
			x.Size, row, err = m.Table.Size(p.Rows, z.Risk)
			x.Table, x.TableVer, x.Line = m.Table.Name, m.Version, row.Label
		}
	case ByStatistics:
		x.Size, err = x.Plan(min(p.Rows, sample.MaxPopulation)).Size()
	case Census:
		x.Size = p.Rows
	default:
		err = errs.New(errs.Invalid, "choose how the size is decided").At("method")
	}
	if err != nil {
		return x, err
	}
	if x.Size = min(x.Size, p.Rows); x.Size > maxListed && !(x.Method == Census && p.Verdict >= 0) {
		return x, errs.New(errs.Exhausted, "%d items are more than the %d a testing sheet lists", x.Size, maxListed).At("method").WithHint("Sample, or test all of them by a test of the program.")
	}
	return x, nil
}

// Draw fixes a sample for a workpaper: the seed goes on record before anything is drawn, and the items follow from it, from the hash
// of the population and from their keys (verify.Draw). It is drawn once.
func (s *Service) Draw(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, population string, z Sizing) (Paper, error) {
	pop, err := s.Population(ctx, a, population)
	if err != nil {
		return Paper{}, err
	}
	x, err := s.Propose(ctx, a, pop, z)
	if err != nil {
		return Paper{}, err
	}
	x.Seed, x.At, x.By = rand.Text(), now, a.Firm.Actor()
	rows, err := s.Populations.Rows(ctx, a.Firm.ReadScope, pop.ID)
	if err != nil {
		return Paper{}, err
	}
	return s.change(ctx, a, access.Examine, ref, base, func(ctx context.Context, p *Paper) error {
		if err := p.unlocked(); err != nil {
			return err
		}
		if p.Sample != nil {
			return errs.New(errs.Conflict, "%s has its sample: it is drawn once", p.Ref).WithHint("It can be extended once, after a deviation and with a reason.")
		}
		if err := s.told(ctx, a, now, "sample.planned", string(p.ID), map[string]any{"paper": p.Ref, "population": pop.Ref, "sha256": pop.SHA256, "seed": x.Seed, "size": x.Size, "method": string(x.Method), "strata": x.Strata, "drawing": x.Drawing}); err != nil {
			return err
		}
		items, passing, err := x.draw(pop, rows)
		if err != nil {
			return err
		}
		x.Machine = passing
		p.Population, p.Sample = pop.ID, &x
		if err := s.Papers.AddSampled(ctx, a.Firm, p.ID, items); err != nil {
			return err
		}
		if err := s.told(ctx, a, now, "sample.drawn", string(p.ID), map[string]any{"paper": p.Ref, "seed": x.Seed, "items": keys(items)}); err != nil {
			return err
		}
		return s.fact(ctx, a, now, "sample.fixed", map[string]any{"paper": p.Ref, "population": pop.Ref, "sha256": pop.SHA256, "size": x.Size})
	})
}

func keys(items []Sampled) []string {
	out := make([]string, len(items))
	for i, x := range items {
		out[i] = x.Key
	}
	return out
}

// draw are the items of a sample. A census lists all of them, or, where a test judged them all and they are many, those that did not
// pass; the others are counted.
func (x Sample) draw(p Population, rows []Row) (items []Sampled, passing int, err error) {
	if x.Method == Census {
		for _, r := range rows {
			if len(rows) > maxListed && p.Mark(r) == Tick {
				passing++
				continue
			}
			items = append(items, x.sampled(p, r, len(items)+1, "", "drawn"))
		}
		if len(items) > maxListed {
			return nil, 0, errs.New(errs.Exhausted, "%d items did not pass; a testing sheet lists %d", len(items), maxListed).At("method")
		}
		return items, passing, nil
	}
	order, err := x.Order(p, rows)
	if err != nil {
		return nil, 0, err
	}
	return x.pick(p, rows, order, 0, x.Size, 1, "drawn"), 0, nil
}

// Order is the whole population in the order of drawing. Anybody who has the rows, the hash and the seed gets the same one.
func (x Sample) Order(p Population, rows []Row) ([]verify.Drawable, error) {
	all := make([]verify.Drawable, len(rows))
	for i, r := range rows {
		all[i] = verify.Drawable{Key: p.Key(r), Stratum: x.stratum(p, r)}
	}
	order, err := verify.Draw(x.Seed, x.SHA256, all)
	return order, errs.As(errs.Internal, err, "draw the sample")
}

func (x Sample) stratum(p Population, r Row) string {
	d, ok := p.Day(r)
	if x.Strata == "" {
		return ""
	}
	if !ok {
		return "no day"
	}
	return stratumOf(d, x.Strata)
}

func stratumOf(d period.Date, by string) string {
	t := d.Time()
	if by == "quarter" {
		return itoa(t.Year()) + " Q" + itoa((int(t.Month())+2)/3)
	}
	return t.Format("2006-01")
}

// pick are the items of the order in [from, to), numbered from first.
func (x Sample) pick(p Population, rows []Row, order []verify.Drawable, from, to, first int, origin string) []Sampled {
	byKey := make(map[string]Row, len(rows))
	for _, r := range rows {
		byKey[p.Key(r)] = r
	}
	var out []Sampled
	for i := from; i < min(to, len(order)); i++ {
		out = append(out, x.sampled(p, byKey[order[i].Key], first+len(out), order[i].Stratum, origin))
	}
	return out
}

func (x Sample) sampled(p Population, r Row, n int, stratum, origin string) Sampled {
	s := Sampled{N: n, Row: r.N, Key: p.Key(r), Label: p.Label(r), Cells: r.Cells, Verdict: p.Mark(r), Why: p.Cell(r, p.Reasons), Stratum: stratum, Origin: origin}
	if d, ok := p.Day(r); ok {
		s.Day = d.String()
	}
	return s
}

// Redraw draws a sample again from what is frozen, and says whether it is the one on the sheet.
func (s *Service) Redraw(ctx context.Context, a access.AuditScope, ref string) (same bool, again []Sampled, err error) {
	sh, err := s.Sheet(ctx, a, ref)
	if err != nil {
		return false, nil, err
	}
	if sh.Paper.Sample == nil {
		return false, nil, errs.New(errs.Conflict, "%s has no sample yet", sh.Paper.Ref)
	}
	rows, err := s.Populations.Rows(ctx, a.Firm.ReadScope, sh.Population.ID)
	if err != nil {
		return false, nil, err
	}
	if sum, err := sh.Population.hash(rows); err != nil || sum != sh.Paper.Sample.SHA256 {
		return false, nil, errs.New(errs.Internal, "the rows of %s are not those that were hashed", sh.Population.Ref)
	}
	x := *sh.Paper.Sample
	if x.Method == Census {
		again, _, err = x.draw(sh.Population, rows)
	} else {
		var order []verify.Drawable
		if order, err = x.Order(sh.Population, rows); err == nil {
			again = x.pick(sh.Population, rows, order, 0, len(sh.Items), 1, "drawn")
		}
	}
	return slices.Equal(keys(again), keys(sh.Items)), again, err
}

// Extend adds items to a sample after deviations that the plan did not allow for: once, to the size that the same confidence and
// rate ask for with as many as were found, never without a reason, and never to dilute a systematic cause (domain brief 5.6).
func (s *Service) Extend(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, reason string) (Paper, error) {
	reason, err := why("reason", "the reason", reason)
	if err != nil {
		return Paper{}, err
	}
	sh, err := s.Sheet(ctx, a, ref)
	if err != nil {
		return Paper{}, err
	}
	rows, err := s.Populations.Rows(ctx, a.Firm.ReadScope, sh.Population.ID)
	if err != nil {
		return Paper{}, err
	}
	return s.change(ctx, a, access.Examine, ref, base, func(ctx context.Context, p *Paper) error {
		if err := p.unlocked(); err != nil {
			return err
		}
		x := p.Sample
		switch {
		case x == nil:
			return errs.New(errs.Conflict, "%s has no sample yet", p.Ref)
		case x.Extended > 0:
			return errs.New(errs.Conflict, "the sample of %s was extended already; that is done once only", p.Ref).WithHint("Test a compensating control, or conclude that the control did not operate effectively.")
		case x.Method == Census:
			return errs.New(errs.Conflict, "all items are tested; there is none to add")
		}
		for _, f := range sh.Findings {
			if f.Systematic {
				return errs.New(errs.Conflict, "%s has a systematic cause, which more items would only dilute", f.Ref).WithHint("Test a compensating control, or conclude that the control did not operate effectively.")
			}
		}
		size, err := x.Plan(min(sh.Population.Rows, sample.MaxPopulation)).Extended(sh.Deviating())
		if err != nil {
			return err
		}
		if size = min(size, sh.Population.Rows); size <= x.Size || size > maxListed {
			return errs.New(errs.Conflict, "an extension to %d items is not possible from %d", size, x.Size).WithHint("Test a compensating control, or conclude on what there is.")
		}
		order, err := x.Order(sh.Population, rows)
		if err != nil {
			return err
		}
		more := x.pick(sh.Population, rows, order, len(sh.Items), len(sh.Items)+size-x.Size, len(sh.Items)+1, "extended")
		y := *x
		y.Extended, y.ExtendWhy, y.ExtendedAt = size, reason, &now
		p.Sample, p.Conclusion, p.Concluded = &y, NotConcluded, nil
		if err := s.Papers.AddSampled(ctx, a.Firm, p.ID, more); err != nil {
			return err
		}
		if err := s.told(ctx, a, now, "sample.extended", string(p.ID), map[string]any{"paper": p.Ref, "from": x.Size, "to": size, "why": reason, "items": keys(more)}); err != nil {
			return err
		}
		return s.fact(ctx, a, now, "sample.extended", map[string]any{"paper": p.Ref, "size": size})
	})
}

// Void sets an item aside that was validly not subject to the control, and draws the next one for it. Missing evidence is no reason:
// it is a deviation (domain brief 5.5).
func (s *Service) Void(ctx context.Context, a access.AuditScope, now time.Time, ref string, n int, reason string) (Paper, error) {
	reason, err := why("reason", "the reason", reason)
	if err != nil {
		return Paper{}, err
	}
	sh, err := s.Sheet(ctx, a, ref)
	if err != nil {
		return Paper{}, err
	}
	rows, err := s.Populations.Rows(ctx, a.Firm.ReadScope, sh.Population.ID)
	if err != nil {
		return Paper{}, err
	}
	return s.change(ctx, a, access.Examine, ref, 0, func(ctx context.Context, p *Paper) error {
		if err := p.unlocked(); err != nil {
			return err
		}
		i := slices.IndexFunc(sh.Items, func(x Sampled) bool { return x.N == n })
		if p.Sample == nil || i < 0 || sh.Items[i].Void != "" {
			return errs.New(errs.Conflict, "there is no item %d that is not void", n)
		}
		it := sh.Items[i]
		it.Void, it.VoidBy, it.VoidAt = reason, a.Firm.Actor(), &now
		if err := s.Papers.VoidSampled(ctx, a.Firm, p.ID, it); err != nil {
			return err
		}
		says := map[string]any{"paper": p.Ref, "item": it.Key, "why": reason}
		p.Conclusion, p.Concluded = NotConcluded, nil
		if p.Sample.Method != Census {
			order, err := p.Sample.Order(sh.Population, rows)
			if err != nil {
				return err
			}
			next := p.Sample.pick(sh.Population, rows, order, len(sh.Items), len(sh.Items)+1, len(sh.Items)+1, "replaced")
			if err := s.Papers.AddSampled(ctx, a.Firm, p.ID, next); err != nil {
				return err
			}
			says["next"] = keys(next)
		}
		return s.told(ctx, a, now, "sample.replaced", string(p.ID), says)
	})
}

// ShareSample lets the client see the items of a sample that is fixed, so that it can bring what is asked for.
func (s *Service) ShareSample(ctx context.Context, a access.AuditScope, now time.Time, ref string) (Paper, error) {
	sh, err := s.Sheet(ctx, a, ref)
	if err != nil {
		return Paper{}, err
	}
	shared, err := a.Shared()
	if err != nil {
		return Paper{}, err
	}
	return s.change(ctx, a, access.Examine, ref, 0, func(ctx context.Context, p *Paper) error {
		if p.Sample == nil {
			return errs.New(errs.Conflict, "%s has no sample yet", p.Ref).WithHint("The client sees a selection only after it is fixed.")
		}
		type seen struct {
			N     int    `json:"n"`
			Key   string `json:"key"`
			Label string `json:"label"`
			Day   string `json:"day"`
		}
		list := []seen{}
		for _, x := range sh.Items {
			if x.Void == "" {
				list = append(list, seen{x.N, x.Key, x.Label, x.Day})
			}
		}
		body, err := json.Marshal(list)
		if err != nil {
			return errs.As(errs.Internal, err, "write the items")
		}
		y := *p.Sample
		y.SharedAt = &now
		p.Sample = &y
		if err := s.Findings.Share(ctx, shared, Shared{ID: string(p.ID), Engagement: a.Engagement, Kind: "sample", Ref: p.Ref, Title: p.Title, Body: string(body), At: now, By: a.Firm.Actor()}); err != nil {
			return err
		}
		return s.fact(ctx, a, now, "sample.shared", map[string]any{"paper": p.Ref, "control": p.Control, "items": keys(sh.Items)})
	})
}

// Limit is what the sample leaves possible for an attribute, or for all: the achieved upper limit of the rate of deviation.
func (sh *Sheet) Limit() (sample.Limit, error) {
	x := sh.Paper.Sample
	if x == nil {
		return sample.Limit{}, errs.New(errs.Conflict, "no sample yet")
	}
	tested := sh.Tested() + x.Machine
	return sample.Upper(tested, sh.Deviating(), sh.Population.Rows, x.Confidence)
}
