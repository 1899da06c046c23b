package fieldwork

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// maxMarks is how many marks one act may make.
const maxMarks = 2_000

// Marking is what an auditor says about one cell. Base is the version seen; nil texts stay as they are.
type Marking struct {
	N        int
	Letter   string
	Mark     Mark
	Note     *string
	Evidence *string
	Base     int
}

// Marked is what became of marks: those that are kept now, and those that somebody else had changed meanwhile, as they are kept.
type Marked struct {
	Kept  []Cell
	Stale []Cell
}

// Mark makes marks. Each stands for itself: one that somebody else changed meanwhile is left and returned, the others are kept.
func (s *Service) Mark(ctx context.Context, a access.AuditScope, now time.Time, ref string, marks []Marking) (Marked, error) {
	return s.mark(ctx, a, now, ref, "work.marked", func(sh *Sheet) ([]Marking, bool, error) { return marks, false, nil })
}

// Accept takes over what the client's test says, for every open cell of the attributes it answers. It is one act of the auditor.
func (s *Service) Accept(ctx context.Context, a access.AuditScope, now time.Time, ref string, letters []string) (Marked, error) {
	return s.mark(ctx, a, now, ref, "work.accepted", func(sh *Sheet) ([]Marking, bool, error) {
		var out []Marking
		for _, x := range sh.Items {
			for _, t := range sh.Paper.Attributes {
				if m := sh.Machine(x, t); m != Open && (len(letters) == 0 || slices.Contains(letters, t.Letter)) {
					out = append(out, Marking{N: x.N, Letter: t.Letter, Mark: m, Base: sh.Cell(x.N, t.Letter).Version})
				}
			}
		}
		if len(out) == 0 {
			return nil, true, errs.New(errs.Conflict, "there is nothing of the machine's to accept")
		}
		return out, true, nil
	})
}

func (s *Service) mark(ctx context.Context, a access.AuditScope, now time.Time, ref, kind string, list func(*Sheet) ([]Marking, bool, error)) (out Marked, err error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return out, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		out = Marked{}
		sh, err := s.Sheet(ctx, a, ref)
		if err != nil {
			return err
		}
		if err := sh.Paper.unlocked(); err != nil {
			return err
		}
		marks, accepted, err := list(sh)
		if err != nil {
			return err
		}
		if len(marks) == 0 || len(marks) > maxMarks {
			return errs.New(errs.Invalid, "1 to %d marks at once, not %d", maxMarks, len(marks))
		}
		cells := make([]Cell, len(marks))
		for i, m := range marks {
			if cells[i], err = sh.cell(m); err != nil {
				return err
			}
			if cells[i].Evidence, err = s.linked(ctx, a, sh.Cell(m.N, m.Letter).Evidence, cells[i].Evidence); err != nil {
				return err
			}
			cells[i].By, cells[i].At, cells[i].Accepted = a.Firm.Actor(), now, accepted
		}
		if out.Stale, err = s.Papers.SaveCells(ctx, a.Firm, sh.Paper.ID, cells); err != nil {
			return err
		}
		for _, c := range cells {
			if !slices.ContainsFunc(out.Stale, func(x Cell) bool { return x.N == c.N && x.Letter == c.Letter }) {
				out.Kept = append(out.Kept, c)
			}
		}
		if len(out.Kept) == 0 {
			return nil
		}
		if err := s.unconclude(ctx, a, sh.Paper, out.Kept); err != nil {
			return err
		}
		return s.told(ctx, a, now, kind, string(sh.Paper.ID), map[string]any{"paper": sh.Paper.Ref, "marks": said(sh, out.Kept)})
	})
	return out, err
}

func said(sh *Sheet, cells []Cell) []map[string]any {
	names := map[int]string{}
	for _, x := range sh.Items {
		names[x.N] = x.Key
	}
	out := make([]map[string]any, len(cells))
	for i, c := range cells {
		out[i] = map[string]any{"item": names[c.N], "attribute": c.Letter, "mark": string(c.Mark), "note": c.Note, "evidence": c.Evidence}
	}
	return out
}

// unconclude takes a conclusion back whose marks changed: what was concluded was concluded on others.
func (s *Service) unconclude(ctx context.Context, a access.AuditScope, p Paper, _ []Cell) error {
	if p.Conclusion == NotConcluded {
		return nil
	}
	was := p.Version
	p.Conclusion, p.Concluded, p.Version = NotConcluded, nil, p.Version+1
	return s.Papers.SavePaper(ctx, a.Firm, p, was)
}

// cell is what a marking makes of a cell.
func (sh *Sheet) cell(m Marking) (Cell, error) {
	i := slices.IndexFunc(sh.Items, func(x Sampled) bool { return x.N == m.N })
	if _, ok := sh.Paper.Attribute(m.Letter); !ok || i < 0 {
		return Cell{}, errs.New(errs.Invalid, "%s has no item %d with an attribute %q", sh.Paper.Ref, m.N, m.Letter)
	}
	if sh.Items[i].Void != "" {
		return Cell{}, errs.New(errs.Conflict, "item %d is void", m.N)
	}
	if !slices.Contains([]Mark{Open, Tick, Exception, NotApplicable}, m.Mark) {
		return Cell{}, errs.New(errs.Invalid, "there is no mark %q", m.Mark)
	}
	c := sh.Cell(m.N, m.Letter)
	if c.Finding != "" && m.Mark != Exception {
		return Cell{}, errs.New(errs.Conflict, "%s reports the exception of item %d, attribute %s", c.Finding, m.N, m.Letter).WithHint("Take it out of the finding first.")
	}
	c.Mark, c.Version = m.Mark, m.Base+1
	if m.Note != nil {
		c.Note = text.Prose(*m.Note)
	}
	if m.Evidence != nil {
		c.Evidence = text.Line(*m.Evidence)
	}
	if utf8.RuneCountInString(c.Note) > MaxText {
		return c, errs.New(errs.Invalid, "a note has at most %d characters", MaxText).At("note")
	}
	if utf8.RuneCountInString(c.Evidence) > MaxTitle {
		return c, errs.New(errs.Invalid, "a reference has at most %d characters", MaxTitle).At("evidence")
	}
	return c, nil
}

// Reperformed is what performing a test again gave.
type Reperformed struct {
	Run      string
	Recorded string // hash of the rows, as the client's trail has it
	Now      string // hash of the rows, now
	Rows     int
	Differ   []string // keys of frozen rows whose verdict is another now
}

// Same reports whether nothing differs.
func (r Reperformed) Same() bool { return r.Recorded == r.Now && len(r.Differ) == 0 }

// Reperform performs the test again whose rows are the population of a workpaper, on the files it read, and compares rows and verdicts
// with what was frozen.
func (s *Service) Reperform(ctx context.Context, a access.AuditScope, now time.Time, ref string) (Reperformed, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return Reperformed{}, err
	}
	sh, err := s.Sheet(ctx, a, ref)
	if err != nil {
		return Reperformed{}, err
	}
	p := sh.Population
	if p.Run == "" {
		return Reperformed{}, errs.New(errs.Conflict, "the population of %s does not come from a test", sh.Paper.Ref)
	}
	again, err := s.again(ctx, a, p)
	if err != nil {
		return Reperformed{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		return s.told(ctx, a, now, "paper.reperformed", string(sh.Paper.ID), map[string]any{"paper": sh.Paper.Ref, "run": p.Run, "recorded": again.Recorded, "now": again.Now, "same": again.Same()})
	})
	return again, err
}

func (s *Service) again(ctx context.Context, a access.AuditScope, p Population) (Reperformed, error) {
	r := Reperformed{Run: p.Run, Recorded: p.RunSHA256}
	var hashes []string
	verdicts := map[string]string{}
	for _, id := range strings.Fields(p.Run) { // the newest first: what was judged last counts
		x, err := s.Tests.Again(ctx, a.Client, evaluate.RunID(id))
		if err != nil {
			return r, err
		}
		hashes = append(hashes, x.Hash)
		for _, it := range x.Rows {
			if _, ok := verdicts[it.ID]; !ok {
				verdicts[it.ID] = string(it.Outcome)
			}
		}
	}
	if r.Now = strings.Join(hashes, "\n"); len(hashes) > 1 {
		r.Now = canon.Sum([]byte(r.Now))
	}
	rows, err := s.Populations.Rows(ctx, a.Firm.ReadScope, p.ID)
	if err != nil {
		return r, err
	}
	r.Rows = len(verdicts)
	for _, row := range rows {
		if verdicts[p.Cell(row, 0)] != p.Cell(row, p.Verdict) && len(r.Differ) < 50 {
			r.Differ = append(r.Differ, p.Key(row))
		}
	}
	return r, nil
}
