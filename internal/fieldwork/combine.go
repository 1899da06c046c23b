package fieldwork

import (
	"context"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// maxSources is how many snapshots a population may be put together from.
const maxSources = 24

// snapshots finds the evidence that a list of references names.
func (s *Service) snapshots(ctx context.Context, a access.AuditScope, refs string) ([]evidence.Item, error) {
	var out []evidence.Item
	var seen []string
	for _, ref := range strings.FieldsFunc(refs, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == ';' }) {
		if ref = strings.ToUpper(ref); slices.Contains(seen, ref) {
			continue
		}
		seen = append(seen, ref)
		it, err := s.Evidence.Item(ctx, a.Client, ref)
		if err != nil {
			return nil, errs.AtField(errs.As(errs.Invalid, err, "no evidence %s", ref), "of")
		}
		if !strings.HasPrefix(it.Path, "lake:") {
			return nil, errs.New(errs.Invalid, "%s is a document; a population needs rows", it.Ref).At("of").WithHint("Choose collected evidence, or upload the list that the document holds.")
		}
		out = append(out, it)
	}
	if len(out) == 0 || len(out) > maxSources {
		return nil, errs.New(errs.Invalid, "name 1 to %d pieces of collected evidence", maxSources).At("of")
	}
	return out, nil
}

// readSeveral reads several snapshots as one population. Each row says in its first column where it is from, and the key holds it too:
// the same number in two systems is two items.
func (s *Service) readSeveral(ctx context.Context, a access.AuditScope, p *Population) ([]Row, error) {
	items, err := s.snapshots(ctx, a, p.Of)
	if err != nil {
		return nil, err
	}
	var rows []Row
	var refs, details []string
	total, counted := int64(0), true
	p.Columns = []string{"source"}
	for _, it := range items {
		part := Population{Of: it.Ref}
		some, err := s.readEvidence(ctx, a, &part)
		if err != nil {
			return nil, err
		}
		if len(rows)+len(some) > MaxRows {
			return nil, errs.New(errs.Exhausted, "together they have more than %d rows", MaxRows).At("of")
		}
		at := make([]int, len(part.Columns))
		for i, c := range part.Columns {
			if at[i] = slices.Index(p.Columns, c); at[i] < 0 && len(p.Columns) < maxColumns {
				at[i], p.Columns = len(p.Columns), append(p.Columns, c)
			}
		}
		for _, r := range some {
			cells := make([]string, maxColumns)
			cells[0] = it.Source
			for i, c := range r.Cells {
				if at[i] > 0 {
					cells[at[i]] = c
				}
			}
			rows = append(rows, Row{len(rows) + 1, cells})
		}
		refs, details = append(refs, it.Ref), append(details, part.Detail)
		if counted = counted && it.SourceTotal != nil; counted {
			total += *it.SourceTotal
		}
	}
	p.Of, p.Detail = strings.Join(refs, ", "), strings.Join(details, "; ")
	if counted {
		p.Total = &total
	}
	return keyed(p, rows), nil
}

// keyed puts a key in front that holds the source and the item's own identifier, where the identifiers alone do not tell rows apart.
func keyed(p *Population, rows []Row) []Row {
	for i := range rows {
		rows[i].Cells = rows[i].Cells[:len(p.Columns)]
	}
	own := guess(p.Columns, rows).Key
	if own >= 0 && distinct(rows, own) || len(p.Columns) >= maxColumns {
		return rows
	}
	own = max(own, slices.Index(p.Columns, "id"), slices.Index(p.Columns, "item_id"))
	if own <= 0 {
		return rows
	}
	p.Columns = append([]string{"item_id"}, p.Columns...)
	for i, r := range rows {
		rows[i].Cells = append([]string{r.Cells[0] + "/" + r.Cells[own]}, r.Cells...)
	}
	return rows
}

// readSQL runs a statement of the auditor's own over snapshots of the client. It runs as tests do: reading what it was given, and
// nothing else.
func (s *Service) readSQL(ctx context.Context, a access.AuditScope, p *Population, sql string) ([]Row, error) {
	items, err := s.snapshots(ctx, a, p.Of)
	if err != nil {
		return nil, err
	}
	over, err := s.over(ctx, a)
	if err != nil {
		return nil, err
	}
	got, err := s.Tests.Select(ctx, a.Client, evaluate.Selection{SQL: sql, Evidence: items, From: over.From.Time(), To: over.To.Time(), Most: MaxRows})
	if err != nil {
		return nil, err
	}
	if len(got.Columns) > maxColumns {
		return nil, errs.New(errs.Invalid, "a population has 1 to %d columns, not %d", maxColumns, len(got.Columns)).At("sql")
	}
	var refs, sums []string
	for _, it := range items {
		refs, sums = append(refs, it.Ref), append(sums, it.Ref+" "+it.SHA256)
	}
	p.Of, p.Query, p.Columns, p.RunSHA256 = strings.Join(refs, ", "), strings.TrimSpace(sql), got.Columns, got.Hash
	p.Detail = "read by a statement of the firm over " + strings.Join(sums, ", ")
	rows := make([]Row, len(got.Rows))
	for i, r := range got.Rows {
		cells := make([]string, len(got.Columns))
		for j, c := range got.Columns {
			cells[j] = clip(text.Line(plain(r[c])))
		}
		rows[i] = Row{i + 1, cells}
	}
	return rows, nil
}
