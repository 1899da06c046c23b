package fieldwork

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

var populationsSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Population", Sort: true}, {Key: "title", Title: "Name", Sort: true, Wide: true}, {Key: "control", Title: "Control", Sort: true, Opt: true},
		{Key: "source", Title: "Source", Sort: true, Opt: true}, {Key: "rows", Title: "Items", Sort: true, Num: true}, {Key: "complete", Title: "Complete and accurate"}, {Key: "frozen", Title: "Frozen", Sort: true, Num: true, Opt: true},
	},
	Search: "Find by name or control", One: "population", Many: "populations",
}

func (p *pages) populations(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Populations"})
	t, err := r.Table(&populationsSpec)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, "populations", []string{"Population", "Name", "Control", "Source", "Of", "Read", "Items", "Second count", "Counted in", "Reconciled", "Reason", "Gaps", "Frozen", "SHA-256"}, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Work.ListPopulations(r.Context(), a, q)
			var out [][]any
			for _, x := range res.Rows {
				var second, frozen any
				if x.Second != nil {
					second = *x.Second
				}
				if x.FrozenAt != nil {
					frozen = *x.FrozenAt
				}
				out = append(out, []any{x.Ref, x.Title, x.Control, x.Source.Title(), x.Of, x.Read, x.Rows, second, x.SecondOf, x.Reconciled(), x.Reason, x.Gaps, frozen, x.SHA256})
			}
			return out, res.Total, err
		})
	}
	res, err := p.Work.ListPopulations(r.Context(), a, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	rows := populationRows(r, t, res.Rows)
	return r.Render(http.StatusOK, populationsPage(r, t, rows), page.Part(t.ID(), rows))
}

// sources are what a new population can be read from.
type sources struct {
	controls, evidence, tests []page.Option
}

func (p *pages) sources(r *page.Request, a access.AuditScope) (sources, error) {
	x := sources{controls: []page.Option{{Label: "No one control"}}, evidence: []page.Option{{Label: "Choose a snapshot"}}, tests: []page.Option{{Label: "Choose a test"}}}
	controls, err := p.Work.ControlsInForce(r.Context(), a)
	if err != nil {
		return x, err
	}
	for _, c := range controls {
		x.controls = append(x.controls, page.Option{Value: c.Ref, Label: c.Ref + "  " + c.Version.Title})
	}
	items, err := p.Work.Evidence.Items(r.Context(), a.Client, evidence.Filter{Kind: evidence.Snapshot, Usable: true}, paging.Query{Size: paging.MaxSize, Sort: "received", Desc: true})
	if err != nil {
		return x, err
	}
	seen := map[string]bool{}
	for _, it := range items.Rows { // the newest of each source and resource; older ones by their reference
		if k := it.Source + " " + it.Resource; !seen[k] && it.Rows <= fieldwork.MaxRows {
			seen[k] = true
			x.evidence = append(x.evidence, page.Option{Value: it.Ref, Label: it.Source + ": " + strings.ReplaceAll(it.Resource, "_", " ") + ", " + page.Plural(int(it.Rows), "row", "rows") + ", " + dateOf(it.From) + " (" + it.Ref + ")"})
		}
	}
	slices.SortStableFunc(x.evidence[1:], func(a, b page.Option) int { return cmp.Compare(a.Label, b.Label) })
	tests, err := p.Evaluate.Store.Installed(r.Context(), a.Client)
	if err != nil {
		return x, err
	}
	for _, t := range tests {
		if t.Enabled {
			word := "state"
			if t.Definition.Kind == evaluate.Occurrence {
				word = "occurrences"
			}
			x.tests = append(x.tests, page.Option{Value: t.Definition.ID, Label: t.Definition.ID + "  " + t.Definition.Title + " (" + word + ")"})
		}
	}
	return x, nil
}

func (p *pages) newPopulation(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	return p.showNew(r, a, page.NewForm("source", cmp.Or(r.Query("source"), "test"), "control", r.Query("control"), "of_evidence", r.Query("evidence")))
}

func (p *pages) showNew(r *page.Request, a access.AuditScope, f *page.Form) error {
	crumb(r, page.Crumb{Text: "Populations", Href: at(r, "populations")}, page.Crumb{Text: "New population"})
	x, err := p.sources(r, a)
	if err != nil {
		return err
	}
	return r.Render(f.Status(), newPopulationPage(r, f, x))
}

func (p *pages) take(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		t := fieldwork.Take{Control: f.Get("control"), Title: f.Get("title"), Member: f.Raw("member"), Source: fieldwork.Source(f.Get("source"))}
		switch t.Source {
		case fieldwork.FromEvidence:
			t.Of = cmp.Or(f.Get("of_other"), f.Get("of_evidence"))
		case fieldwork.FromTest:
			t.Of = f.Get("of_test")
		case fieldwork.FromSeveral:
			t.Of = f.Get("of_several")
		case fieldwork.FromSQL:
			t.Of, t.SQL = f.Get("of_sql"), f.Raw("sql")
		case fieldwork.FromUpload:
			if err := p.file(r, f, &t); err != nil {
				return err
			}
		case fieldwork.FromList:
			t.Name, t.Columns = "Written list", []string{"Item"}
			for l := range strings.Lines(f.Raw("list")) {
				if l = strings.TrimSpace(l); l != "" {
					t.Rows = append(t.Rows, []string{l})
				}
			}
		}
		if !f.OK() {
			return p.showNew(r, a, f)
		}
		x, err := p.Work.Take(r.Context(), a, r.Now, t)
		if err != nil {
			if at := errs.FieldOf(err); at == "of" {
				err = errs.AtField(err, "of_"+string(t.Source))
			}
			return err
		}
		return r.Redirect(at(r, "populations", x.Ref), page.Plural(x.Read, "row was", "rows were")+" read. Say what the columns mean, and freeze it.")
	}, func(f *page.Form, a access.AuditScope) error { return p.showNew(r, a, f) })
}

// file reads the first table of an upload; the first row is the heading.
func (p *pages) file(r *page.Request, f *page.Form, t *fieldwork.Take) error {
	up, err := r.Upload(f, "file", intake.MaxBytes)
	if err != nil || up == nil {
		if err == nil && f.OK() {
			f.Wrong("file", "Choose a file.")
		}
		return err
	}
	content, err := up.Content()
	if err != nil {
		return err
	}
	book, err := intake.Read(up.Name, content)
	if err != nil {
		return err
	}
	if len(book.Sheets) == 0 || len(book.Sheets[0].Rows) == 0 {
		f.Wrong("file", up.Name+" has no rows.")
		return nil
	}
	rows := book.Sheets[0].Rows
	t.Name, t.Columns = up.Name, rows[0].Cells
	for _, l := range rows[1:] {
		if len(l.Cells) > len(t.Columns) {
			f.Wrong("file", "Row "+itoa(l.N)+" has "+itoa(len(l.Cells))+" cells, the heading "+itoa(len(t.Columns))+".")
			return nil
		}
		t.Rows = append(t.Rows, l.Cells)
	}
	return nil
}

// rowsSpec is made for each population: its columns are the population's.
func rowsSpec(x fieldwork.Population) *page.TableSpec {
	s := &page.TableSpec{Search: "Find in all columns", One: "item", Many: "items", Size: 50, Columns: []page.Column{{Key: "n", Title: "#", Num: true, Sort: true}}}
	for i, c := range x.Columns {
		if x.Frozen() && !shown(x, i) {
			continue
		}
		s.Columns = append(s.Columns, page.Column{Key: "c" + itoa(i), Title: c, Sort: true, Opt: i != x.Shape.Key && i != x.Shape.Label})
	}
	return s
}

func shown(x fieldwork.Population, i int) bool {
	return i == x.Shape.Key || i == x.Shape.Label || i == x.Shape.Day || slices.Contains(x.Shape.Visible, i)
}

// pageOf searches, sorts and cuts the rows of a population.
func pageOf(x fieldwork.Population, rows []fieldwork.Row, q paging.Query) ([]fieldwork.Row, int) {
	if s := strings.ToLower(q.Search); s != "" {
		rows = slices.DeleteFunc(slices.Clone(rows), func(r fieldwork.Row) bool {
			return !slices.ContainsFunc(r.Cells, func(c string) bool { return strings.Contains(strings.ToLower(c), s) })
		})
	}
	if col, err := strconv.Atoi(strings.TrimPrefix(q.Sort, "c")); err == nil && strings.HasPrefix(q.Sort, "c") {
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, func(a, b fieldwork.Row) int { return cmp.Compare(x.Cell(a, col), x.Cell(b, col)) })
	}
	if q.Desc {
		rows = slices.Clone(rows)
		slices.Reverse(rows)
	}
	q = q.Norm()
	from := min(q.Offset(), len(rows))
	return rows[from:min(from+q.Size, len(rows))], len(rows)
}

// popData is a population as its page shows it.
type popData struct {
	fieldwork.Population
	total   int
	undated int
	papers  []fieldwork.Paper
	names   names
	since   fieldwork.Since
}

func (p *pages) population(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	return p.showPopulation(r, a, nil)
}

func (p *pages) showPopulation(r *page.Request, a access.AuditScope, f *page.Form) error {
	d := popData{}
	var err error
	if d.Population, err = p.Work.Population(r.Context(), a, r.Arg("ref")); err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Populations", Href: at(r, "populations")}, page.Crumb{Text: d.Ref})
	shaped := d.Population
	status := http.StatusOK
	if f == nil {
		f = shapeForm(d.Population)
	} else {
		status = f.Status()
		shaped.Shape = shapeOf(f)
	}
	rows, undated, err := p.Work.RowsOf(r.Context(), a, shaped)
	if err != nil {
		return err
	}
	d.undated, d.total = undated, len(rows)
	t, err := r.Table(rowsSpec(d.Population))
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, d.Ref, d.Columns, func(q paging.Query) ([][]any, int, error) {
			part, total := pageOf(d.Population, rows, q)
			out := make([][]any, len(part))
			for i, x := range part {
				for _, c := range x.Cells {
					out[i] = append(out[i], c)
				}
			}
			return out, total, nil
		})
	}
	var part []fieldwork.Row
	part, t.Total = pageOf(d.Population, rows, t.Query)
	list := itemRows(t, d.Population, part)
	if r.Target() == t.ID() {
		return r.Render(http.StatusOK, list, page.Part(t.ID(), list))
	}
	if d.names, err = p.names(r, a); err != nil {
		return err
	}
	res, err := p.Work.ListPapers(r.Context(), a, fieldwork.PaperFilter{Population: d.ID}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	d.papers = res.Rows
	if d.since, err = p.Work.SinceFrozen(r.Context(), a, d.Population); err != nil {
		return err
	}
	return r.Render(status, populationPage(r, f, t, d, list), page.Part(t.ID(), list))
}

func shapeForm(x fieldwork.Population) *page.Form {
	f := page.NewForm("title", x.Title, "member", x.Member, "key", itoa(x.Shape.Key), "label", itoa(x.Shape.Label), "day", itoa(x.Shape.Day), "where", itoa(x.Shape.Where.Column),
		"is", cmp.Or(x.Shape.Where.Is, "is"), "value", x.Shape.Where.Value, "second_of", x.SecondOf, "tracing", x.Tracing, "reason", x.Reason)
	for _, v := range x.Shape.Visible {
		f.Values.Add("visible", itoa(v))
	}
	if x.Shape.InPeriod {
		f.Values.Set("in_period", "on")
	}
	if x.Second != nil {
		f.Values.Set("second", strconv.FormatInt(*x.Second, 10))
	}
	return f
}

func column(f *page.Form, field string) int {
	n, err := strconv.Atoi(f.Get(field))
	if err != nil {
		return -1
	}
	return n
}

func shapeOf(f *page.Form) fieldwork.Shape {
	return fieldwork.Shape{Key: column(f, "key"), Label: column(f, "label"), Day: column(f, "day"), Visible: numbers(f.Values["visible"]), InPeriod: f.Checked("in_period"),
		Where: fieldwork.Condition{Column: column(f, "where"), Is: cmp.Or(f.Get("is"), "is"), Value: f.Get("value")}}
}

func (p *pages) shape(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		c := fieldwork.Complete{Title: f.Get("title"), Member: f.Raw("member"), Shape: shapeOf(f), SecondOf: f.Get("second_of"), Tracing: f.Raw("tracing"), Reason: f.Raw("reason")}
		if s := strings.ReplaceAll(f.Get("second"), ",", ""); s != "" {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				f.Wrong("second", "Write a number.")
				return p.showPopulation(r, a, f)
			}
			c.Second = &n
		}
		do, said := p.Work.Describe, " is kept as a draft."
		if f.Get("do") == "freeze" {
			do, said = p.Work.Freeze, " is frozen. Nothing in it changes any more."
		}
		x, err := do(r.Context(), a, r.Now, r.Arg("ref"), f.Base(), c)
		if err != nil {
			return err
		}
		return r.Redirect(at(r, "populations", x.Ref), x.Ref+said)
	}, func(f *page.Form, a access.AuditScope) error { return p.showPopulation(r, a, f) })
}

func (p *pages) dropForm(r *page.Request) error {
	if _, err := r.EnterAudit(p.Access); err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, dropPanel(r, page.NewForm(), r.Arg("ref")))
}

func (p *pages) drop(r *page.Request) error {
	return p.act(r, func(_ *page.Form, a access.AuditScope) error {
		if err := p.Work.Drop(r.Context(), a, r.Now, r.Arg("ref")); err != nil {
			return err
		}
		return r.Redirect(at(r, "populations"), r.Arg("ref")+" is dropped.")
	}, func(f *page.Form, _ access.AuditScope) error {
		return r.RenderPanel(f.Status(), dropPanel(r, f, r.Arg("ref")))
	})
}
