package programme

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// library lists the starting set of controls, to adopt from.
func (p *pages) library(r *page.Request) error {
	t, err := r.Table(allowed(r, &libraryList))
	if err != nil {
		return err
	}
	all, err := p.libraryRows(r)
	if err != nil {
		return err
	}
	c := p.View.Catalog()
	serves := func(x libraryRow, category string) bool {
		return slices.ContainsFunc(x.Criteria, func(id string) bool {
			k, err := c.Criterion(id)
			return err == nil && string(k.Category) == category
		})
	}
	var rows []libraryRow
	n := map[string]int{}
	for _, x := range all {
		text := strings.ToLower(strings.Join([]string{x.ID, x.Title, x.Statement, x.OwnerRole}, "\n"))
		if k := t.Filter("category"); k != "" && !serves(x, k) || t.Filter("domain") != "" && x.Prefix() != t.Filter("domain") || !strings.Contains(text, strings.ToLower(t.Query.Search)) {
			continue
		}
		have := map[bool]string{true: "yes", false: "no"}[x.Have]
		n[have]++
		if h := t.Filter("have"); h == "" || h == have {
			rows = append(rows, x)
		}
	}
	t.SetCounts("have", n)
	var categories, domains []page.Option
	for _, k := range c.Categories() {
		categories = append(categories, page.Option{Value: string(k.ID), Label: k.Name})
	}
	for _, d := range c.Domains() {
		domains = append(domains, page.Option{Value: d.Prefix, Label: d.Prefix + " · " + d.Name})
	}
	t.SetOptions("category", categories)
	t.SetOptions("domain", domains)
	slices.SortStableFunc(rows, func(a, b libraryRow) int {
		d := cmp.Compare(a.ID, b.ID)
		if t.Query.Sort == "title" {
			d = cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title))
		}
		if t.Query.Desc {
			d = -d
		}
		return d
	})
	if t.Exporting() {
		return r.Export(t, "control-library", []string{"Control", "Title", "Statement", "Criteria", "SOC 1 objectives", "ISO/IEC 27001", "Type", "Nature", "Runs", "Role of the owner", "Adopted"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, x := range cut(rows, q) {
				out = append(out, []any{x.ID, x.Title, x.Statement, strings.Join(x.Criteria, " "), strings.Join(x.Objectives, " "), strings.Join(x.AnnexA, " "), capital(x.Type), natureText(x.Nature), capital(x.Frequency), x.OwnerRole, x.Have})
			}
			return out, len(rows), nil
		})
	}
	t.Total = len(rows)
	r.Crumbs = []page.Crumb{{Text: "Controls", Href: "/controls"}, {Text: "Library"}}
	part := libraryRowsPart(t, cut(rows, t.Query))
	return r.Render(http.StatusOK, libraryPage(t, c.Library(), part), page.Part(t.ID(), part))
}

// cut is one page of rows that are all in memory.
func cut[T any](rows []T, q paging.Query) []T {
	q = q.Norm()
	from := min(q.Offset(), len(rows))
	return rows[from:min(from+q.Size, len(rows))]
}

// libraryRows are the library's controls with whether the organisation has them, and in other words.
func (p *pages) libraryRows(r *page.Request) ([]libraryRow, error) {
	have := map[string]view.ControlRow{}
	for _, retired := range []bool{false, true} {
		for q := (paging.Query{Page: 1, Size: paging.MaxSize}); ; q.Page++ {
			list, err := p.View.Controls(r.Context(), r.Read(), view.ControlFilter{Retired: retired}, q, r.Now)
			if err != nil {
				return nil, err
			}
			for _, c := range list.Rows {
				have[c.Ref] = c
			}
			if q.Page >= list.Pages() {
				break
			}
		}
	}
	var out []libraryRow
	for _, x := range p.View.Catalog().Controls() {
		c, ok := have[x.ID]
		row := libraryRow{Control: x, Have: ok}
		if ok {
			row.Differs = c.Title != x.Title || c.Statement != x.Statement || c.Type != x.Type || c.Nature != x.Nature || c.Frequency != x.Frequency || c.OwnerRole != x.OwnerRole ||
				!slices.Equal(requirementsOf(control.FromLibrary(x).Requirements), requirementsOf(c.Requirements))
		}
		out = append(out, row)
	}
	return out, nil
}

func requirementsOf(list []control.Requirement) []string {
	var out []string
	for _, q := range list {
		out = append(out, q.String())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// adopt takes ticked controls of the library over, as drafts.
func (p *pages) adopt(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	got, err := p.Controls.Adopt(r.Context(), scope, r.Now, control.Adoption{Refs: refs})
	if err != nil {
		return err
	}
	said := page.Plural(len(got.Added), "control", "controls") + " adopted as drafts. Somebody else approves them."
	if len(got.Added) == 0 {
		said = "The organisation has them all already."
	}
	return r.Redirect("/controls?waiting=yes", said)
}

// criteriaText is the first criteria of a row.
func criteriaText(ids []string) string {
	if len(ids) > 4 {
		return strings.Join(ids[:4], " ") + " …"
	}
	return strings.Join(ids, " ")
}
