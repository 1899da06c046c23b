package fieldwork

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Take says where the rows of a new population come from.
type Take struct {
	Control string
	Title   string
	Member  string // what an item is
	Source  Source
	Of      string     // reference of the evidence, several with commas, or identifier of the test
	SQL     string     // of a statement over that evidence
	Name    string     // of a file
	Columns []string   // of a file or a list
	Rows    [][]string // of a file or a list
}

// Take reads the rows of a population from where they are. It stays a draft until it is frozen.
func (s *Service) Take(ctx context.Context, a access.AuditScope, now time.Time, t Take) (Population, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return Population{}, err
	}
	p := Population{
		ID: PopulationID(id.New("pop", now)), Engagement: a.Engagement, Source: t.Source, Of: text.Line(t.Of), Verdict: -1, Reasons: -1, At: now, By: a.Firm.Actor(), Version: 1,
	}
	var err error
	if p.Title, err = line("title", "the name", t.Title); err != nil {
		return p, err
	}
	if p.Member, err = words("member", "what an item is", t.Member); err != nil {
		return p, err
	}
	if t.Control = strings.TrimSpace(t.Control); t.Control != "" {
		c, err := s.Controls.Control(ctx, a.Client, t.Control)
		if err != nil {
			return p, errs.AtField(errs.As(errs.Invalid, err, "no control %s", t.Control), "control")
		}
		p.Control = c.Ref
	}
	rows, err := s.read(ctx, a, &p, t)
	if err != nil {
		return p, err
	}
	p.Shape = guess(p.Columns, rows)
	if p.Verdict >= 0 {
		p.Shape.InPeriod = p.Shape.Day >= 0
	}
	p.Read, p.Rows = len(rows), len(rows)
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if p, err = s.Populations.AddPopulation(ctx, a.Firm, p, rows); err != nil {
			return err
		}
		return s.told(ctx, a, now, "population.taken", string(p.ID), map[string]any{"ref": p.Ref, "source": string(p.Source), "of": p.Of, "rows": p.Read, "sql": p.Query})
	})
	return p, err
}

func (s *Service) read(ctx context.Context, a access.AuditScope, p *Population, t Take) ([]Row, error) {
	switch t.Source {
	case FromEvidence:
		return s.readEvidence(ctx, a, p)
	case FromTest:
		return s.readTest(ctx, a, p)
	case FromSeveral:
		return s.readSeveral(ctx, a, p)
	case FromSQL:
		return s.readSQL(ctx, a, p, t.SQL)
	case FromUpload, FromList:
		p.Of, p.Columns = text.Line(t.Name), t.Columns
		return tabular(p, t.Rows)
	}
	return nil, errs.New(errs.Invalid, "choose where the population comes from").At("source")
}

// tabular checks the rows of a file or a list.
func tabular(p *Population, rows [][]string) ([]Row, error) {
	if len(p.Columns) == 0 || len(p.Columns) > maxColumns {
		return nil, errs.New(errs.Invalid, "a population has 1 to %d columns, not %d", maxColumns, len(p.Columns)).At("file")
	}
	if len(rows) > MaxRows {
		return nil, errs.New(errs.Exhausted, "a population has at most %d rows; this one has %d", MaxRows, len(rows)).At("file").WithHint("Split it by half-years or systems.")
	}
	for i, c := range p.Columns {
		if p.Columns[i] = clip(text.Line(c)); p.Columns[i] == "" {
			p.Columns[i] = "column " + itoa(i+1)
		}
	}
	out := make([]Row, len(rows))
	for i, r := range rows {
		cells := make([]string, len(p.Columns))
		for j := range cells {
			if j < len(r) {
				cells[j] = clip(text.Line(r[j]))
			}
		}
		out[i] = Row{i + 1, cells}
	}
	return out, nil
}

// clip bounds the text of a cell.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= maxCell {
		return s
	}
	return string([]rune(s)[:maxCell]) + " … (cut)"
}

// readEvidence reads a snapshot of the client through the reader of the evidence pages. The source's own record of each row stays
// where it is; the row's number finds it.
func (s *Service) readEvidence(ctx context.Context, a access.AuditScope, p *Population) ([]Row, error) {
	it, err := s.Evidence.Item(ctx, a.Client, p.Of)
	if err != nil {
		return nil, errs.AtField(errs.As(errs.Invalid, err, "no evidence %s", p.Of), "of")
	}
	path, ok := strings.CutPrefix(it.Path, "lake:")
	if !ok {
		return nil, errs.New(errs.Invalid, "%s is a document; a population needs rows", it.Ref).At("of").WithHint("Choose collected evidence, or upload the list that the document holds.")
	}
	if it.Rows > MaxRows {
		return nil, errs.New(errs.Exhausted, "%s has %d rows; a population has at most %d", it.Ref, it.Rows, MaxRows).At("of")
	}
	p.Of, p.Total = it.Ref, it.SourceTotal
	p.Detail = fmt.Sprintf("%s from %s, %s, %s; SHA-256 %s, ledger entry %d", it.Resource, it.Source, it.Collector, it.From.UTC().Format("2 Jan 2006 15:04 UTC"), it.SHA256, it.Seq)
	var out []Row
	var keep []int
	for offset := int64(0); ; {
		columns, _, rows, total, err := s.Files.Page(path, offset, paging.MaxSize)
		if err != nil {
			return nil, err
		}
		if keep == nil {
			for i, c := range columns {
				if !slices.Contains([]string{"raw", "system", "collected_at"}, c) && len(keep) < maxColumns {
					keep, p.Columns = append(keep, i), append(p.Columns, c)
				}
			}
		}
		for _, r := range rows {
			cells := make([]string, len(keep))
			for j, k := range keep {
				if r[k] != nil {
					cells[j] = clip(text.Line(*r[k]))
				}
			}
			out = append(out, Row{len(out) + 1, cells})
		}
		if offset += int64(len(rows)); offset >= total || len(rows) == 0 {
			return out, nil
		}
	}
}

// readTest performs the evaluation of a test again that covers most of the period, so that passing items come with everything the
// test looked at, and checks that the rows are those that were recorded.
func (s *Service) readTest(ctx context.Context, a access.AuditScope, p *Population) ([]Row, error) {
	over, err := s.over(ctx, a)
	if err != nil {
		return nil, err
	}
	runs, gap, err := s.covering(ctx, a, p.Of, over)
	if err != nil {
		return nil, err
	}
	var items []evaluate.Item
	var ids, hashes []string
	seen := map[string]bool{}
	for _, run := range runs { // the newest first: what was judged last counts
		again, err := s.Tests.Again(ctx, a.Client, run.ID)
		if err != nil {
			return nil, err
		}
		if !again.Same() {
			return nil, errs.New(errs.Conflict, "test %s gives other rows now than were recorded as of %s", run.Test, run.AsOf.UTC().Format(time.DateOnly)).At("of").
				WithHint("Ask the client why; the recorded hash is %s.", run.Hash)
		}
		for _, it := range again.Rows {
			if !seen[it.ID] {
				seen[it.ID], items = true, append(items, it)
			}
		}
		if len(items) > MaxRows {
			return nil, errs.New(errs.Exhausted, "test %s judged more than %d items", run.Test, MaxRows).At("of")
		}
		ids, hashes, p.Member = append(ids, string(run.ID)), append(hashes, run.Hash), orElse(p.Member, again.Definition.Counted)
	}
	newest, oldest := runs[0], runs[len(runs)-1]
	p.Run, p.RunSHA256 = strings.Join(ids, " "), hashes[0]
	p.Detail = fmt.Sprintf("version %d, as of %s", newest.Version, newest.AsOf.UTC().Format("2 Jan 2006 15:04 UTC"))
	if len(runs) > 1 {
		p.RunSHA256 = canon.Sum([]byte(strings.Join(hashes, "\n")))
		p.Detail = fmt.Sprintf("%d evaluations, the newest as of %s", len(runs), newest.AsOf.UTC().Format("2 Jan 2006 15:04 UTC"))
	} else {
		total := newest.Population
		p.Total = &total
	}
	if !newest.From.IsZero() {
		p.Detail += fmt.Sprintf(", judging %s to %s", oldest.From.UTC().Format("2 Jan 2006"), newest.To.UTC().Format("2 Jan 2006"))
	}
	p.Detail += gap
	return testRows(p, items)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// testRows lays the rows of a test out in columns: what it is, when, the verdict, and what the test looked at.
func testRows(p *Population, items []evaluate.Item) ([]Row, error) {
	p.Columns = []string{"item_id", "item_label", "occurred_at", "outcome", "reason"}
	p.Verdict, p.Reasons = 3, 4
	extra := map[string]int{}
	parsed := make([]map[string]json.RawMessage, len(items))
	for i, it := range items {
		if err := json.Unmarshal(it.Columns, &parsed[i]); err != nil {
			return nil, errs.As(errs.Internal, err, "a row of the test")
		}
		if i == 0 {
			d := json.NewDecoder(bytes.NewReader(it.Columns))
			for _, name := range namesInOrder(d) {
				if !slices.Contains(p.Columns, name) && len(p.Columns) < maxColumns {
					extra[name] = len(p.Columns)
					p.Columns = append(p.Columns, name)
				}
			}
		}
	}
	out := make([]Row, len(items))
	for i, it := range items {
		cells := make([]string, len(p.Columns))
		copy(cells, []string{it.ID, it.Label, it.Occurred, string(it.Outcome), clip(text.Line(it.Reason))})
		for name, at := range extra {
			cells[at] = clip(text.Line(plain(parsed[i][name])))
		}
		out[i] = Row{i + 1, cells}
	}
	return out, nil
}

// namesInOrder are the names of an object as they stand.
func namesInOrder(d *json.Decoder) []string {
	var out []string
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return out
		}
		out = append(out, name)
		var skip json.RawMessage
		if d.Decode(&skip) != nil {
			return out
		}
	}
	return out
}

// plain is a JSON value as a text in a cell.
func plain(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	if t := string(v); t != "null" {
		return t
	}
	return ""
}

// maxRuns is how many evaluations a population may be put together from.
const maxRuns = 30

// covering finds the evaluations whose windows, one after the other, hold the period, the newest first; of a test of a state the
// newest one in the period. What they leave out is said in words.
func (s *Service) covering(ctx context.Context, a access.AuditScope, test string, over period.Period) (chain []evaluate.Run, gap string, err error) {
	res, err := s.Runs.Runs(ctx, a.Client, test, paging.Query{Sort: "as_of", Desc: true, Size: paging.MaxSize})
	if err != nil {
		return nil, "", err
	}
	chain = chained(res.Rows, over)
	if len(chain) == 0 {
		return nil, "", errs.New(errs.Invalid, "test %q was not evaluated with a verdict in the period", test).At("of").WithHint("Choose another test, or another source.")
	}
	if first := chain[len(chain)-1]; !first.From.IsZero() && period.Of(first.From) > over.From {
		gap = "; nothing judges " + over.From.String() + " to " + (period.Of(first.From) - 1).String()
	}
	return chain, gap, nil
}

// chained picks runs from the end of the period back: always the one that reaches furthest back of those that leave no gap.
func chained(runs []evaluate.Run, over period.Period) []evaluate.Run {
	var chain []evaluate.Run
	end := over.To
	for len(chain) < maxRuns {
		var best *evaluate.Run
		for i, r := range runs {
			switch {
			case !r.Evaluated():
				continue
			case r.To.IsZero():
				if over.Contains(r.AsOf) && (best == nil || r.AsOf.After(best.AsOf)) {
					best = &runs[i]
				}
				continue
			case period.Of(r.From) >= end || period.Of(r.To) <= over.From:
				continue
			}
			later := len(chain) == 0 // the newest begins the chain, wherever it ends
			switch {
			case best == nil && (later || period.Of(r.To) >= end):
				best = &runs[i]
			case best != nil && later && (r.To.After(best.To) || r.To.Equal(best.To) && r.From.Before(best.From)), best != nil && !later && period.Of(r.To) >= end && r.From.Before(best.From):
				best = &runs[i]
			}
		}
		if best == nil {
			return chain
		}
		chain = append(chain, *best)
		if end = period.Of(best.From); best.To.IsZero() || end <= over.From {
			return chain
		}
	}
	return chain
}

// over is the period of the engagement; the day of a Type 1.
func (s *Service) over(ctx context.Context, a access.AuditScope) (period.Period, error) {
	e, err := s.Engagements.Engagement(ctx, a.Client, a.Engagement)
	return e.Period, err
}

// Complete is what an auditor says about a population before it is frozen.
type Complete struct {
	Title, Member, Control string
	Shape                  Shape
	Second                 *int64
	SecondOf               string
	Tracing                string
	Reason                 string
}

// Describe keeps what the columns of a draft mean and what was done about its completeness.
func (s *Service) Describe(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, c Complete) (Population, error) {
	return s.shape(ctx, a, now, ref, base, c, false)
}

// Freeze keeps the rows that count, hashed, for ever. A population that does not reconcile needs a reason, which stays visible; one
// without a row needs to say how it was proven that nothing happened.
func (s *Service) Freeze(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, c Complete) (Population, error) {
	return s.shape(ctx, a, now, ref, base, c, true)
}

func (s *Service) shape(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, c Complete, freeze bool) (Population, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return Population{}, err
	}
	over, err := s.over(ctx, a)
	if err != nil {
		return Population{}, err
	}
	var p Population
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if p, err = s.Populations.Population(ctx, a.Firm.ReadScope, a.Engagement, ref); err != nil {
			return err
		}
		if p.Frozen() {
			return errs.New(errs.Conflict, "%s is frozen", p.Ref).WithHint("Take another one; this one stays as it is.")
		}
		if base > 0 && base != p.Version {
			return errs.Changed(p.Ref, &StalePopulation{p})
		}
		if err := p.describe(c); err != nil {
			return err
		}
		was := p.Version
		p.Version++
		if !freeze {
			return s.Populations.SavePopulation(ctx, a.Firm, p, was, nil)
		}
		all, err := s.Populations.Rows(ctx, a.Firm.ReadScope, p.ID)
		if err != nil {
			return err
		}
		rows, err := p.freeze(all, over, now, a.Firm.Actor())
		if err != nil {
			return err
		}
		if err := s.Populations.SavePopulation(ctx, a.Firm, p, was, rows); err != nil {
			return err
		}
		return s.frozen(ctx, a, now, p)
	})
	return p, err
}

// frozen tells both trails: details to the firm's, the fact to the client's.
func (s *Service) frozen(ctx context.Context, a access.AuditScope, now time.Time, p Population) error {
	if err := s.told(ctx, a, now, "population.frozen", string(p.ID), map[string]any{
		"ref": p.Ref, "rows": p.Rows, "sha256": p.SHA256, "read": p.Read, "source": string(p.Source), "of": p.Of, "control": p.Control, "reconciled": p.Reconciled(), "reason": p.Reason,
	}); err != nil {
		return err
	}
	return s.fact(ctx, a, now, "population.frozen", map[string]any{"ref": p.Ref, "rows": p.Rows, "sha256": p.SHA256, "of": p.Of})
}

// StalePopulation is the cause of a Conflict when somebody else changed a draft meanwhile.
type StalePopulation struct{ Theirs Population }

// Error names the version.
func (s *StalePopulation) Error() string {
	return s.Theirs.Ref + " is at version " + itoa(s.Theirs.Version)
}

func (p *Population) describe(c Complete) error {
	var err error
	if p.Title, err = line("title", "the name", c.Title); err != nil {
		return err
	}
	if p.Member, err = words("member", "what an item is", c.Member); err != nil {
		return err
	}
	has := func(i int) bool { return i >= 0 && i < len(p.Columns) }
	c.Shape.Visible = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(c.Shape.Visible))), func(i int) bool { return !has(i) })
	switch w := &c.Shape.Where; {
	case !has(c.Shape.Key):
		return errs.New(errs.Invalid, "choose the column that tells rows apart").At("key")
	case !has(w.Column):
		*w = Condition{Column: -1}
	default:
		w.Value = text.Line(w.Value)
		if !slices.Contains([]string{"is", "not", "filled", "empty"}, w.Is) || utf8.RuneCountInString(w.Value) > MaxTitle {
			return errs.New(errs.Invalid, "say how the column decides").At("where")
		}
	}
	if c.Shape.InPeriod && !has(c.Shape.Day) {
		return errs.New(errs.Invalid, "choose the column with the day, or do not narrow to the period").At("day")
	}
	if c.Second != nil && (*c.Second < 0 || *c.Second > 1_000_000_000) {
		return errs.New(errs.Invalid, "a count is not below nothing").At("second")
	}
	p.Shape, p.Second = c.Shape, c.Second
	if p.SecondOf = text.Line(c.SecondOf); c.Second != nil {
		if p.SecondOf, err = line("second_of", "what was counted", c.SecondOf); err != nil {
			return err
		}
	}
	if p.Tracing, err = words("tracing", "the note", c.Tracing); err != nil {
		return err
	}
	p.Reason, err = words("reason", "the reason", c.Reason)
	return err
}

// freeze narrows and hashes the rows of a draft.
func (p *Population) freeze(all []Row, over period.Period, now time.Time, by string) ([]Row, error) {
	rows, undated := p.Narrow(all, over)
	if undated > 0 {
		return nil, errs.New(errs.Invalid, "%d rows have no day that can be read in %q, so nobody knows whether they belong to the period", undated, p.Columns[p.Shape.Day]).At("day").
			WithHint("Choose another column, or narrow by another one first.")
	}
	p.Rows = len(rows)
	if err := p.proven(); err != nil {
		return nil, err
	}
	var err error
	if p.SHA256, err = p.hash(rows); err != nil {
		return nil, err
	}
	p.Gaps, p.FrozenAt, p.FrozenBy, p.Over = p.sequence(rows), &now, by, &over
	return rows, nil
}

// proven refuses what does not reconcile without a reason, and an empty population without proof.
func (p *Population) proven() error {
	if p.Rows == 0 && utf8.RuneCountInString(p.Tracing) < minReason {
		return errs.New(errs.Invalid, "say how it was proven that nothing happened: which source was looked at, with which query").At("tracing")
	}
	if gap := p.Gap(); gap != "" && utf8.RuneCountInString(p.Reason) < minReason {
		return errs.New(errs.Invalid, "%s Say why it may be sampled all the same; the reason stays visible.", gap).At("reason")
	}
	if p.Reconciled() {
		p.Reason = ""
	}
	return nil
}

// Drop removes a draft that was taken by mistake.
func (s *Service) Drop(ctx context.Context, a access.AuditScope, now time.Time, ref string) error {
	if err := a.Firm.Require(access.Examine); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		p, err := s.Populations.Population(ctx, a.Firm.ReadScope, a.Engagement, ref)
		if err != nil {
			return err
		}
		if err := s.Populations.DropPopulation(ctx, a.Firm, p.ID); err != nil {
			return err
		}
		return s.told(ctx, a, now, "population.dropped", string(p.ID), map[string]any{"ref": p.Ref, "rows": p.Rows})
	})
}

// Population reads a population.
func (s *Service) Population(ctx context.Context, a access.AuditScope, ref string) (Population, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return Population{}, err
	}
	return s.Populations.Population(ctx, a.Firm.ReadScope, a.Engagement, ref)
}

// ListPopulations lists the populations of an engagement. Sort names: ref, title, control, source, rows, state, frozen.
func (s *Service) ListPopulations(ctx context.Context, a access.AuditScope, q paging.Query) (paging.Result[Population], error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return paging.Result[Population]{}, err
	}
	return s.Populations.Populations(ctx, a.Firm.ReadScope, a.Engagement, q)
}

// RowsOf are the rows of a population that count, and how many of a draft cannot say their day.
func (s *Service) RowsOf(ctx context.Context, a access.AuditScope, p Population) (rows []Row, undated int, err error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return nil, 0, err
	}
	if rows, err = s.Populations.Rows(ctx, a.Firm.ReadScope, p.ID); err != nil || p.Frozen() {
		return rows, 0, err
	}
	over, err := s.over(ctx, a)
	if err != nil {
		return nil, 0, err
	}
	rows, undated = p.Narrow(rows, over)
	return rows, undated, nil
}
