package campaigns

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/training"
	"github.com/tickmark/tickmark/internal/web/page"
)

func recordList() *page.TableSpec {
	s := page.TableSpec{
		Columns: []page.Column{
			{Key: "ref", Title: "Person", Opt: true}, {Key: "name", Title: "Name", Sort: true, Wide: true}, {Key: "department", Title: "Department", Sort: true, Opt: true}, {Key: "course", Title: "Course", Sort: true},
			{Key: "state", Title: "State", Sort: true}, {Key: "due", Title: "Due", Sort: true, Num: true, Opt: true}, {Key: "done", Title: "Completed", Sort: true, Num: true, Opt: true}, {Key: "until", Title: "Counts until", Num: true, Opt: true},
		},
		Filters: []page.Filter{
			{Key: "state", Title: "State", Kind: page.Segments}, {Key: "course", Title: "Course", Kind: page.Select, Open: true}, {Key: "department", Title: "Department", Kind: page.Select, Open: true},
		},
		Search: "Find a person or course", Sort: "state", One: "record", Many: "records",
	}
	for _, x := range training.States() {
		s.Filters[0].Options = append(s.Filters[0].Options, page.Option{Value: string(x), Label: x.Title(), Status: recordKey(x)})
	}
	return &s
}

func (p *pages) records(r *page.Request) error {
	t, err := r.Table(recordList())
	if err != nil {
		return err
	}
	f := training.RecordFilter{State: training.State(t.Filter("state")), Course: t.Filter("course"), Department: t.Filter("department")}
	if t.Exporting() {
		return r.Export(t, "training", []string{"Person", "Name", "E-mail", "Employee number", "Department", "Course", "Title", "Kind", "Version", "State", "Due", "Completed", "Counts until", "How", "Score"}, func(q paging.Query) ([][]any, int, error) {
			res, _, err := p.Training.Records(r.Context(), r.Read(), r.Now, f, q)
			var out [][]any
			for _, x := range res.Rows {
				out = append(out, []any{x.Person.Ref, x.Person.Name, x.Person.Email, x.Person.Number, x.Person.Department, x.Course, x.Title, x.Kind.Title(), x.Version, x.State.Title(), day(x.Due), page.OrBlank(x.DoneAt), day(x.Until()), string(x.How), score(x.Score)})
			}
			return out, res.Total, err
		})
	}
	res, counts, err := p.Training.Records(r.Context(), r.Read(), r.Now, f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	numbers := map[string]int{}
	for k, n := range counts {
		numbers[string(k)] = n
	}
	t.SetCounts("state", numbers)
	courses, err := p.Training.Courses(r.Context(), r.Read(), training.Filter{}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	var options, departments []page.Option
	for _, c := range courses.Rows {
		options = append(options, page.Option{Value: c.Ref, Label: c.Ref + " " + page.Short(c.Title, 40)})
	}
	t.SetOptions("course", options)
	facets, err := p.People.Facets(r.Context(), r.Read(), people.Filter{Working: true})
	if err != nil {
		return err
	}
	for _, d := range names(facets["department"]) {
		departments = append(departments, page.Option{Value: d, Label: d})
	}
	t.SetOptions("department", departments)
	rows := recordRows(r, t, res.Rows, courses.Total)
	return r.Render(http.StatusOK, recordsPage(r, t, rows), page.Part(t.ID(), rows))
}

func score(n int) any {
	if n < 0 {
		return ""
	}
	return n
}

var courseList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Course", Sort: true}, {Key: "title", Title: "Title", Sort: true, Wide: true}, {Key: "kind", Title: "Kind", Sort: true}, {Key: "for", Title: "For", Opt: true},
		{Key: "minutes", Title: "Minutes", Sort: true, Num: true, Opt: true}, {Key: "questions", Title: "Questions", Num: true, Opt: true}, {Key: "version", Title: "Version", Sort: true, Num: true}, {Key: "created", Title: "Published", Sort: true, Num: true, Opt: true},
	},
	Filters: []page.Filter{{Key: "kind", Title: "Kind", Kind: page.Segments, Options: []page.Option{
		{Value: string(training.Awareness), Label: training.Awareness.Title()}, {Value: string(training.Privacy), Label: training.Privacy.Title()}, {Value: string(training.Role), Label: training.Role.Title()}}}},
	Search: "Find a course", Sort: "ref", One: "course", Many: "courses",
}

func (p *pages) courses(r *page.Request) error {
	t, err := r.Table(&courseList)
	if err != nil {
		return err
	}
	f := training.Filter{Kind: training.Kind(t.Filter("kind"))}
	if t.Exporting() {
		return r.Export(t, "courses", []string{"Course", "Title", "Kind", "For", "Minutes", "Questions", "Needed", "Version", "Published", "Retired", "SHA-256"}, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Training.Courses(r.Context(), r.Read(), f, q)
			var out [][]any
			for _, c := range res.Rows {
				out = append(out, []any{c.Ref, c.Title, c.Kind.Title(), c.For, c.Minutes, len(c.Questions), c.Pass, c.Version, c.Created, page.OrBlank(c.Retired), c.Hash})
			}
			return out, res.Total, err
		})
	}
	res, err := p.Training.Courses(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	rows := courseRows(r, t, res.Rows)
	r.Crumbs = below("Courses")
	return r.Render(http.StatusOK, coursesPage(r, t, rows), page.Part(t.ID(), rows))
}

func (p *pages) begin(r *page.Request) error {
	scope, err := r.Write()
	if err != nil {
		return err
	}
	n, err := p.Training.Begin(r.Context(), scope, r.Now)
	if err != nil {
		return err
	}
	return r.Redirect("/training/courses", page.Plural(n, "course was", "courses were")+" added.")
}

func (p *pages) course(r *page.Request) error {
	version, err := strconv.Atoi(r.Query("version"))
	if err != nil || version < 0 {
		version = 0
	}
	c, err := p.Training.Course(r.Context(), r.Read(), r.Arg("ref"), version)
	if err != nil {
		return err
	}
	all, err := p.Training.Versions(r.Context(), r.Read(), c.ID)
	if err != nil {
		return err
	}
	_, counts, err := p.Training.Records(r.Context(), r.Read(), r.Now, training.RecordFilter{Course: c.Ref}, paging.Query{Size: 1})
	if err != nil {
		return err
	}
	r.Title = c.Ref + " " + c.Title
	r.Crumbs = []page.Crumb{{Text: "Training", Href: "/training"}, {Text: "Courses", Href: "/training/courses"}, {Text: c.Ref}}
	return r.Render(http.StatusOK, coursePage(r, c, all, counts))
}

func (p *pages) retire(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	c, err := p.Training.Retire(r.Context(), scope, r.Now, r.Arg("ref"), f.Get("back_in") == "")
	if err != nil {
		return err
	}
	if c.Retired == nil {
		return r.Redirect(courseURL(c.Ref), c.Ref+" can be asked for again.")
	}
	return r.RedirectUndo(courseURL(c.Ref), c.Ref+" is retired. Who was asked before can still take it.", courseURL(c.Ref)+"/retire", map[string]string{"back_in": "yes"})
}

// draftOf is a course as somebody writes it, with what it would look like.
type draftOf struct {
	Ref     string // empty for a new one
	Version int    // it is written on top of
	Content *training.Content
}

// below is the way to a page under Training.
func below(title string) []page.Crumb {
	return []page.Crumb{{Text: "Training", Href: "/training"}, {Text: title}}
}

// courseCrumbs is the way to the editor of a course.
func courseCrumbs(d draftOf) []page.Crumb {
	crumbs := []page.Crumb{{Text: "Training", Href: "/training"}, {Text: "Courses", Href: "/training/courses"}}
	if d.Ref == "" {
		return append(crumbs, page.Crumb{Text: "New course"})
	}
	return append(crumbs, page.Crumb{Text: d.Ref, Href: courseURL(d.Ref)}, page.Crumb{Text: "New version"})
}

func (p *pages) newCourse(r *page.Request) error {
	r.Crumbs = courseCrumbs(draftOf{})
	return r.Render(http.StatusOK, editorPage(r, page.NewForm("text", training.Blank), draftOf{}))
}

func (p *pages) editCourse(r *page.Request) error {
	c, err := p.Training.Course(r.Context(), r.Read(), r.Arg("ref"), 0)
	if err != nil {
		return err
	}
	d := draftOf{c.Ref, c.Version, &c.Content}
	r.Crumbs = courseCrumbs(d)
	return r.Render(http.StatusOK, editorPage(r, page.NewForm("text", c.Text), d))
}

func (p *pages) addCourse(r *page.Request) error {
	return p.write(r, draftOf{}, func(scope access.Scope, _ int, text string) (training.Course, error) {
		return p.Training.Add(r.Context(), scope, r.Now, text)
	})
}

func (p *pages) publish(r *page.Request) error {
	c, err := p.Training.Course(r.Context(), r.Read(), r.Arg("ref"), 0)
	if err != nil {
		return err
	}
	return p.write(r, draftOf{Ref: c.Ref, Version: c.Version}, func(scope access.Scope, base int, text string) (training.Course, error) {
		return p.Training.Publish(r.Context(), scope, r.Now, c.Ref, base, text)
	})
}

// write shows what a course would look like, or publishes it.
func (p *pages) write(r *page.Request, d draftOf, do func(scope access.Scope, base int, text string) (training.Course, error)) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	text := f.Values.Get("text")
	content, err := training.Parse(text)
	if err == nil {
		d.Content = &content
	}
	if err == nil && f.Get("act") == "publish" && f.OK() {
		var c training.Course
		if c, err = do(scope, f.Base(), text); err == nil {
			return r.Redirect(courseURL(c.Ref), c.Ref+", version "+strconv.Itoa(c.Version)+", is published.")
		}
	}
	var late *training.Stale
	if errors.As(err, &late) {
		f.Stale(late.Theirs.Version, map[string]string{"text": late.Theirs.Text})
	} else if err != nil && !f.Take(err) {
		return err
	}
	r.Crumbs = courseCrumbs(d)
	return r.Render(f.Status(), editorPage(r, f, d))
}

func (p *pages) importForm(r *page.Request) error {
	r.Crumbs = below("Import completions")
	return r.Render(http.StatusOK, importPage(r, page.NewForm("dry", "on"), nil))
}

func (p *pages) importFile(r *page.Request) error {
	r.Crumbs = below("Import completions")
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	file, err := r.Upload(f, "file", training.MaxImport)
	if err != nil {
		return err
	}
	m := training.Mapping{Person: f.Get("column_person"), Course: f.Get("column_course"), On: f.Get("column_on"), Score: f.Get("column_score"), Names: mapped(f)}
	if file == nil && f.OK() {
		f.Wrong("file", "Choose a CSV file.")
	}
	if !f.OK() {
		return r.Render(f.Status(), importPage(r, f, nil))
	}
	content, err := file.Content()
	if err != nil {
		return err
	}
	dry := f.Checked("dry")
	in, err := p.Training.Import(r.Context(), scope, r.Now, file.Name, content, m, dry)
	switch {
	case err == nil && !dry && len(in.Rejected) == 0 && in.Signed+in.Kept+in.Already > 0:
		return r.Redirect("/training", page.Plural(in.Signed+in.Kept, "completion was", "completions were")+" imported; "+page.Count(in.Already)+" were known before.")
	case err != nil && !takeAll(f, err):
		return err
	}
	if err != nil {
		return r.Render(f.Status(), importPage(r, f, nil))
	}
	return r.Render(http.StatusOK, importPage(r, f, &in))
}

// takeAll puts each of several joined errors at its field.
func takeAll(f *page.Form, err error) bool {
	var many interface{ Unwrap() []error }
	if !errors.As(err, &many) {
		return f.Take(err)
	}
	for _, e := range many.Unwrap() {
		if e != nil && !takeAll(f, e) { // joined errors may hold joined errors
			return false
		}
	}
	return true
}

// mapped reads lines such as "Security 101 = TRN-01".
func mapped(f *page.Form) map[string]string {
	out := map[string]string{}
	for l := range strings.Lines(f.Values.Get("names")) {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		i := strings.LastIndex(l, "=")
		if i < 0 {
			f.Wrong("names", "“"+page.Short(l, 60)+"” has no equals sign. Write: Security 101 = TRN-01")
			continue
		}
		out[strings.TrimSpace(l[:i])] = strings.TrimSpace(l[i+1:])
	}
	return out
}
