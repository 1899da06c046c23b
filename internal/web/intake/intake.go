// Package intake is the pages on which an organisation brings along what it has: a spreadsheet goes in, its columns are chosen, each
// row's fate is shown, and then it is done.
package intake

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Imports    *intake.Service
	View       *view.Reader
	Background page.Background
	// Do tries or applies an import; it returns a job when that goes on in the background.
	Do func(ctx context.Context, scope access.Scope, now time.Time, ref string, apply, leave bool) (intake.Import, string, error)
}

type pages struct{ Services }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	const a, nav = access.ImportRecords, "/import"
	return []page.Route{
		{Method: http.MethodGet, Pattern: "/import", Action: a, Title: "Import", Handle: p.list, Command: "Import what you have"},
		{Method: http.MethodPost, Pattern: "/import", Action: a, Title: "Import", Nav: nav, Handle: p.begin, Body: intake.MaxBytes + 1<<20},
		{Method: http.MethodGet, Pattern: "/import/{ref}", Action: a, Title: "Import", Nav: nav, Handle: p.show},
		{Method: http.MethodPost, Pattern: "/import/{ref}/columns", Action: a, Title: "Columns", Nav: nav, Handle: p.columns},
		{Method: http.MethodPost, Pattern: "/import/{ref}/try", Action: a, Title: "Try an import", Nav: nav, Handle: p.try},
		{Method: http.MethodPost, Pattern: "/import/{ref}/apply", Action: a, Title: "Apply an import", Nav: nav, Handle: p.apply},
		{Method: http.MethodGet, Pattern: "/import/{ref}/drop", Action: a, Title: "Drop an import", Nav: nav, Handle: p.dropForm},
		{Method: http.MethodPost, Pattern: "/import/{ref}/drop", Action: a, Title: "Drop an import", Nav: nav, Handle: p.drop},
	}
}

func importURL(ref string) string { return "/import/" + url.PathEscape(ref) }

var importsList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Import", Sort: true}, {Key: "kind", Title: "What", Sort: true}, {Key: "file", Title: "File", Sort: true, Wide: true},
		{Key: "state", Title: "State", Sort: true}, {Key: "rows", Title: "Rows", Num: true, Opt: true}, {Key: "by", Title: "By", Opt: true}, {Key: "created", Title: "Begun", Sort: true, Num: true},
	},
	Search: "Find by reference or file", Sort: "-created", One: "import", Many: "imports",
}

// importRow is an import as the list shows it.
type importRow struct {
	intake.Import
	By    string
	Title string // of its kind
	Can   bool   // the reader may open it
}

// elsewhere are imports that have a page of their own.
type elsewhere struct{ Title, Help, Href string }

func others(r *page.Request) []elsewhere {
	var out []elsewhere
	for _, x := range []elsewhere{
		{"Policies", "A folder of Markdown files with their front matter.", "/policies/import"},
		{"Training completions", "From a learning system: person, course, day.", "/training/import"},
	} {
		if r.Has(x.Href) {
			out = append(out, x)
		}
	}
	return out
}

func (p *pages) list(r *page.Request) error {
	return p.showList(r, page.NewForm("kind", r.Query("kind")))
}

func (p *pages) showList(r *page.Request, f *page.Form) error {
	t, err := r.Table(&importsList)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, "imports", []string{"Import", "What", "File", "State", "Rows", "Wrong", "By", "Begun", "Ended", "SHA-256", "Evidence"}, func(q paging.Query) ([][]any, int, error) {
			rows, total, err := p.rows(r, q)
			var out [][]any
			for _, x := range rows {
				var ended any
				if x.Ended != nil {
					ended = *x.Ended
				}
				out = append(out, []any{x.Ref, x.Title, x.File, stageWords(x.Stage), x.Rows(), x.Counts[intake.Wrong], x.By, x.Created, ended, x.SHA256, x.Evidence})
			}
			return out, total, err
		})
	}
	rows, total, err := p.rows(r, t.Query)
	if err != nil {
		return err
	}
	t.Total = total
	part := importRows(t, rows)
	var kinds []intake.Kind
	for _, x := range p.Imports.Targets {
		if r.Can(x.Action()) {
			kinds = append(kinds, x.Kind())
		}
	}
	return r.Render(f.Status(), listPage(r, f, t, part, kinds), page.Part(t.ID(), part))
}

func (p *pages) rows(r *page.Request, q paging.Query) ([]importRow, int, error) {
	list, err := p.Imports.Imports(r.Context(), r.Read(), q)
	if err != nil {
		return nil, 0, err
	}
	var who []string
	for _, i := range list.Rows {
		who = append(who, i.CreatedBy)
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return nil, 0, err
	}
	var out []importRow
	for _, i := range list.Rows {
		x := importRow{Import: i, By: names[i.CreatedBy], Title: i.Kind}
		if t, err := p.Imports.Target(i.Kind); err == nil {
			x.Title, x.Can = t.Kind().Title, r.Can(t.Action())
		}
		out = append(out, x)
	}
	return out, list.Total, nil
}

func (p *pages) begin(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	file, err := r.Upload(f, "file", intake.MaxBytes)
	if err != nil {
		return err
	}
	if file == nil && f.OK() {
		f.Wrong("file", "Choose a file: CSV or Excel (.xlsx).")
	}
	if f.OK() {
		content, err := file.Content()
		if err != nil {
			return err
		}
		i, err := p.Imports.Begin(r.Context(), scope, r.Now, f.Get("kind"), file.Name, content)
		if err == nil {
			return r.Redirect(importURL(i.Ref), i.File+" is here. Nothing is changed yet.")
		}
		if page.DiskFull(err) || !f.Take(err) {
			return err
		}
	}
	return p.showList(r, f)
}

var rowsList = page.TableSpec{
	Columns: []page.Column{
		{Key: "row", Title: "Row", Sort: true, Num: true}, {Key: "name", Title: "About", Sort: true}, {Key: "state", Title: "Outcome", Sort: true},
		{Key: "cell", Title: "Cell", Opt: true}, {Key: "why", Title: "What", Wide: true},
	},
	Filters: []page.Filter{{Key: "state", Title: "Outcome", Kind: page.Segments, Options: []page.Option{
		{Value: string(intake.Wrong), Label: "Wrong", Status: "fail"}, {Value: string(intake.Added), Label: "New", Status: "pass"},
		{Value: string(intake.Changed), Label: "Changed", Status: "prog"}, {Value: string(intake.Same), Label: "Same", Status: "na"}}}},
	Search: "Find by name or reason", Sort: "row", One: "row", Many: "rows",
}

// importView is everything the page of an import shows.
type importView struct {
	intake.Import
	Kind   intake.Kind
	Source intake.Source
	By     string
	Job    *page.Job // under way
}

func (p *pages) show(r *page.Request) error { return p.showImport(r, nil, nil) }

// showImport draws the page, perhaps with columns or an answer that was not accepted.
func (p *pages) showImport(r *page.Request, cols, act *page.Form) error {
	v, err := p.read(r)
	if err != nil {
		return err
	}
	if cols == nil {
		cols = columnsForm(v)
	}
	if act == nil {
		act = page.NewForm()
	}
	t, err := r.Table(&rowsList)
	if err != nil {
		return err
	}
	f := intake.Filter{State: intake.State(t.Filter("state"))}
	if t.Exporting() {
		return r.Export(t, v.Ref, []string{"Row", "About", "Outcome", "Cell", "What"}, func(q paging.Query) ([][]any, int, error) {
			list, err := p.Imports.Rows(r.Context(), r.Read(), v.Import, f, q)
			var out [][]any
			for _, o := range list.Rows {
				out = append(out, []any{o.N, o.Key, stateWords(o.State), o.Cell, o.Why})
			}
			return out, list.Total, err
		})
	}
	list, err := p.Imports.Rows(r.Context(), r.Read(), v.Import, f, t.Query)
	if err != nil {
		return err
	}
	t.Total = list.Total
	counts := map[string]int{}
	for s, n := range v.Counts {
		counts[string(s)] = n
	}
	t.SetCounts("state", counts)
	part := outcomeRows(t, list.Rows)
	r.Title = v.Ref + " " + v.File
	r.Crumbs = []page.Crumb{{Text: "Import", Href: "/import"}, {Text: v.Ref}}
	return r.Render(max(cols.Status(), act.Status()), importPage(r, cols, act, v, t, part), page.Part(t.ID(), part))
}

func (p *pages) read(r *page.Request) (importView, error) {
	i, err := p.Imports.Import(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return importView{}, err
	}
	v := importView{Import: i}
	t, err := p.Imports.Target(i.Kind)
	if err != nil {
		return v, err
	}
	v.Kind = t.Kind()
	if !i.Over() {
		if v.Source, err = p.Imports.Source(r.Context(), r.Read(), i); err != nil {
			return v, err
		}
	}
	names, err := p.View.Actors(r.Context(), r.Read(), i.CreatedBy)
	if err != nil {
		return v, err
	}
	v.By = names[i.CreatedBy]
	if p.Background != nil {
		open, err := p.Background.Open(r.Context(), r.Read())
		if err != nil {
			return v, err
		}
		if job, there := page.JobUnderWay(open, "import", i.Ref); there {
			v.Job = &job
		}
	}
	return v, nil
}

// columnsForm is the mapping as a form.
func columnsForm(v importView) *page.Form {
	f := page.NewForm("sheet", v.Sheet, "header", strconv.Itoa(v.Header))
	for name, c := range v.Mapping {
		f.Values.Set("col-"+name, strconv.Itoa(c))
	}
	return f
}

func (p *pages) columns(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	v, err := p.read(r)
	if err != nil {
		return err
	}
	header, err := strconv.Atoi(f.Get("header"))
	if err != nil || header < 1 {
		f.Wrong("header", "Give the number of the row with the headings.")
		return p.showImport(r, f, nil)
	}
	var m intake.Mapping
	if f.Get("sheet") == v.Sheet && header == v.Header { // another table has other columns: they are guessed
		m = intake.Mapping{}
		for _, x := range v.Kind.Fields {
			if s := f.Get("col-" + x.Name); s != "" {
				n, err := strconv.Atoi(s)
				if err != nil {
					f.Wrong("col-"+x.Name, "Choose a column.")
				}
				m[x.Name] = n
			}
		}
	}
	if f.OK() {
		i, err := p.Imports.Arrange(r.Context(), scope, r.Now, v.Ref, f.Base(), f.Get("sheet"), header, m)
		switch {
		case err == nil && m == nil:
			return r.Redirect(importURL(i.Ref), "Another table: its columns are guessed below.")
		case err == nil:
			return p.do(r, scope, f, false, false)
		case !f.Take(err):
			return err
		}
	}
	return p.showImport(r, f, nil)
}

func (p *pages) try(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	return p.do(r, scope, f, false, false)
}

func (p *pages) apply(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	return p.do(r, scope, f, true, f.Checked("leave"))
}

// do tries or applies, and leads back to the import.
func (p *pages) do(r *page.Request, scope access.Scope, f *page.Form, apply, leave bool) error {
	i, job, err := p.Do(r.Context(), scope, r.Now, r.Arg("ref"), apply, leave)
	if err != nil {
		if !f.Take(err) {
			return err
		}
		return p.showImport(r, nil, f)
	}
	said := "Nothing is changed yet: this is what would become of the rows."
	switch {
	case job != "":
		said = "It goes on in the background."
	case apply:
		said = i.Ref + " is applied."
	}
	return r.Redirect(importURL(strings.ToUpper(r.Arg("ref"))), said)
}

func (p *pages) dropForm(r *page.Request) error {
	v, err := p.read(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, dropPanel(r, page.NewForm(), v))
}

func (p *pages) drop(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	v, err := p.read(r)
	if err != nil {
		return err
	}
	if _, err = p.Imports.Drop(r.Context(), scope, r.Now, v.Ref, f.Base()); err == nil {
		return r.Redirect("/import", v.Ref+" is dropped. Nothing was changed.")
	}
	return r.PanelAgain(f, err, dropPanel(r, f, v))
}

func stageWords(s intake.Stage) string {
	switch s {
	case intake.Begun:
		return "Columns to choose"
	case intake.Tried:
		return "Tried"
	case intake.Applied:
		return "Applied"
	case intake.Dropped:
		return "Dropped"
	}
	return string(s)
}

func stageKey(s intake.Stage) string {
	switch s {
	case intake.Applied:
		return "pass"
	case intake.Tried:
		return "prog"
	case intake.Begun:
		return "risk"
	case intake.Dropped:
	}
	return "na"
}

func stateWords(s intake.State) string {
	switch s {
	case intake.Added:
		return "New"
	case intake.Changed:
		return "Changed"
	case intake.Same:
		return "Same"
	case intake.Wrong:
		return "Wrong"
	}
	return string(s)
}

func stateKey(s intake.State) string {
	switch s {
	case intake.Added:
		return "pass"
	case intake.Changed:
		return "prog"
	case intake.Wrong:
		return "fail"
	case intake.Same:
	}
	return "na"
}

// sheetOptions are the sheets of a file.
func sheetOptions(v importView) []page.Option {
	var out []page.Option
	for _, s := range v.Source.Book.Sheets {
		out = append(out, page.Option{Value: s.Name, Label: s.Name + ", " + page.Plural(len(s.Rows), "row", "rows")})
	}
	return out
}

// columnOptions are the columns of the sheet, each with its heading.
func columnOptions(v importView) []page.Option {
	out := []page.Option{{Value: "", Label: "– not in the file –"}}
	widest := 0
	for _, l := range v.Source.Sheet.Rows[:min(200, len(v.Source.Sheet.Rows))] {
		widest = max(widest, len(l.Cells))
	}
	for i := range widest {
		h := v.Source.Sheet.Rows[v.Source.Header].Cell(i)
		out = append(out, page.Option{Value: strconv.Itoa(i), Label: strings.TrimSuffix(intake.ColumnName(i)+": "+clip(h, 60), ": ")})
	}
	return out
}

// sample is the first value of a column below the header.
func sample(v importView, field string) string {
	c, ok := v.Mapping[field]
	if !ok {
		return ""
	}
	for _, l := range v.Source.Sheet.Rows[min(v.Source.Header+1, len(v.Source.Sheet.Rows)):] {
		if s := l.Cell(c); s != "" {
			return clip(s, 80)
		}
	}
	return ""
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// nothing reports whether applying would do nothing.
func (v importView) nothing() bool {
	return v.Counts[intake.Added]+v.Counts[intake.Changed] == 0
}

func kindOptions(kinds []intake.Kind) []page.Option {
	var out []page.Option
	for _, k := range kinds {
		out = append(out, page.Option{Value: k.ID, Label: k.Title})
	}
	return out
}

func rowsTitle(v importView) string {
	if v.Stage == intake.Applied {
		return "What became of the rows"
	}
	return "What would become of the rows"
}
