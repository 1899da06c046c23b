package programme

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

// Files reads rows of fact files.
type Files interface {
	Page(path string, offset int64, limit int) (columns, kinds []string, rows [][]*string, total int64, err error)
}

// testEditor is what the form of a test shows besides its fields.
type testEditor struct {
	ID      string // of the test that is changed; empty for a new one
	Version int    // that it becomes
	Base    int    // number of the newest draft
	Raw     bool   // the file itself is edited
	Source  string // where the first text came from
	Second  bool   // a second person approves

	Review *evaluate.Review
	Trial  *evaluate.Trial
	Facts  []factsSheet
	Inputs vocabulary
	Known  vocabulary // controls
}

func (e testEditor) action() string {
	if e.ID == "" {
		return "/tests/new"
	}
	return testURL(e.ID) + "/edit"
}

func (e testEditor) back() string {
	if e.ID == "" {
		return "/tests"
	}
	return testURL(e.ID)
}

// factsSheet is the columns of an input, with rows of the newest evidence.
type factsSheet struct {
	Input    string
	Title    string
	Ref      string // of the evidence; empty when there is none
	Stream   bool
	Columns  []collect.Column
	Optional []string
	Sample   []map[string]string
}

// sampleRows is how many rows of each input are shown beside the form.
const sampleRows = 3

func (p *pages) newTest(r *page.Request) error {
	e, err := p.testEditing(r, "")
	if err != nil {
		return err
	}
	e.Raw = r.Query("as") == "yaml"
	f := page.NewForm("kind", string(evaluate.State), "severity", "medium")
	var d *evaluate.Definition
	switch from := r.Query("from"); from {
	case "":
		if e.Raw {
			f.Values.Set("text", exampleTest)
		}
	case "example":
		if d, err = evaluate.Parse([]byte(exampleTest)); err != nil {
			return err
		}
		e.Source = "an example that works"
	default:
		x, err := p.View.Test(r.Context(), r.Read(), from, r.Now)
		if err != nil {
			return err
		}
		d, e.Source = x.Definition, "test "+x.ID+"; give yours an id of its own"
	}
	if d != nil {
		f = p.testFields(d, e.Raw)
		if e.Source != "" && r.Query("from") != "example" {
			f.Values.Set("id", "")
		}
	}
	return p.showTestForm(r, f, e)
}

// testFields fills the form from a definition.
func (p *pages) testFields(d *evaluate.Definition, raw bool) *page.Form {
	if raw {
		return page.NewForm("text", d.Text())
	}
	return decompose(d)
}

func (p *pages) editTest(r *page.Request) error {
	e, err := p.testEditing(r, r.Arg("id"))
	if err != nil {
		return err
	}
	e.Raw = r.Query("as") == "yaml"
	d, err := p.newestText(r, e.ID)
	if err != nil {
		return err
	}
	return p.showTestForm(r, p.testFields(d, e.Raw), e)
}

// newestText is what an edit starts from: the draft that waits, or else the version in force.
func (p *pages) newestText(r *page.Request, id string) (*evaluate.Definition, error) {
	drafts, err := p.Evaluate.Drafts.Drafts(r.Context(), r.Read(), id, evaluate.Waiting)
	if err != nil {
		return nil, err
	}
	if len(drafts) > 0 {
		return evaluate.Parse([]byte(drafts[0].Text))
	}
	x, err := p.View.Test(r.Context(), r.Read(), id, r.Now)
	return x.Definition, err
}

// testEditing reads what the form of a test stands on.
func (p *pages) testEditing(r *page.Request, id string) (testEditor, error) {
	e := testEditor{ID: id, Version: 1}
	var err error
	if e.Second, err = p.Evaluate.Drafts.SecondPerson(r.Context(), r.Read()); err != nil {
		return e, err
	}
	r.Title = "New test"
	r.Crumbs = []page.Crumb{{Text: "Tests", Href: "/tests"}, {Text: "New"}}
	if id != "" {
		version, library, err := p.Evaluate.NextVersion(r.Context(), r.Read(), id)
		if err != nil {
			return e, err
		}
		e.Version = version
		drafts, err := p.Evaluate.Drafts.Drafts(r.Context(), r.Read(), id, "")
		switch {
		case err != nil:
			return e, err
		case library:
			return e, errs.New(errs.Conflict, "test %s belongs to the library and is changed by nobody", id).WithHint("Make one of your own from it: /tests/new?from=%s", id)
		case len(drafts) == 0 && e.Version == 1:
			return e, errs.New(errs.NotFound, "no test %s", id)
		case len(drafts) > 0:
			e.Base = drafts[0].N
		}
		r.Title = "Change " + id
		r.Crumbs = []page.Crumb{{Text: "Tests", Href: "/tests"}, {Text: id, Href: testURL(id)}, {Text: "Change"}}
	}
	return e, p.vocabularyOfTests(r, &e)
}

// vocabularyOfTests lists what a test can read and which controls it can serve.
func (p *pages) vocabularyOfTests(r *page.Request, e *testEditor) error {
	facts, err := p.View.Facts(r.Context(), r.Read())
	if err != nil {
		return err
	}
	e.Inputs = vocabulary{Field: "inputs", Label: "Inputs", Help: "Types of facts it reads: okta.user_account, or user_account for any system."}
	for _, x := range facts {
		e.Inputs.Entries = append(e.Inputs.Entries, page.Option{Value: x.Input(), Label: resourceText(x.Input()) + ", " + page.Plural(x.Rows, "row", "rows")})
	}
	for _, x := range collect.Resources() {
		if !slices.ContainsFunc(facts, func(f view.FactsRow) bool { return f.Resource == x.Name }) {
			e.Inputs.Entries = append(e.Inputs.Entries, page.Option{Value: x.Name, Label: x.Title + ", not collected yet"})
		}
	}
	controls, err := p.Controls.AsOf(r.Context(), r.Read(), r.Now)
	e.Known = vocabulary{Field: "controls", Label: "Controls", Help: "References such as IAM-02."}
	for _, c := range controls {
		e.Known.Entries = append(e.Known.Entries, page.Option{Value: c.Ref, Label: c.Version.Title})
	}
	return err
}

// facts reads the columns of the inputs and some rows of each.
func (p *pages) facts(r *page.Request, inputs []string) ([]factsSheet, error) {
	rows, err := p.View.Facts(r.Context(), r.Read())
	if err != nil {
		return nil, err
	}
	var out []factsSheet
	for _, in := range inputs {
		system, name, dotted := strings.Cut(in, ".")
		if !dotted {
			name = in
		}
		res, ok := collect.ResourceNamed(name)
		if !ok {
			continue
		}
		s := factsSheet{Input: in, Title: res.Title, Stream: res.Stream, Optional: res.Optional()}
		s.Columns = slices.DeleteFunc(res.Columns(), func(c collect.Column) bool { return c.Name == "raw" })
		for _, x := range rows {
			if x.Resource == name && (!dotted || x.System == system) {
				s.Ref = x.Ref
				s.Sample = p.sample(x)
				break
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// sample reads the first rows of a file of facts. What cannot be read is left out: it only helps to write.
func (p *pages) sample(x view.FactsRow) []map[string]string {
	if p.Files == nil {
		return nil
	}
	columns, _, rows, _, err := p.Files.Page(strings.TrimPrefix(x.Path, "lake:"), 0, sampleRows)
	if err != nil {
		return nil
	}
	var out []map[string]string
	for _, row := range rows {
		m := map[string]string{}
		for i, v := range row {
			if v != nil && i < len(columns) {
				m[columns[i]] = *v
			}
		}
		out = append(out, m)
	}
	return out
}

func (p *pages) showTestForm(r *page.Request, f *page.Form, e testEditor) error {
	inputs := identifiers(f.Get("inputs"))
	if e.Raw {
		if d, err := evaluate.Parse([]byte(f.Values.Get("text"))); err == nil {
			inputs = d.Inputs
		}
	}
	var err error
	if e.Facts, err = p.facts(r, inputs); err != nil {
		return err
	}
	return r.Render(f.Status(), testFormPage(r, f, e))
}

// writeTest is the form of a test: it checks, tries or keeps what is written, and never loses it.
func (p *pages) writeTest(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	e, err := p.testEditing(r, r.Arg("id"))
	if err != nil {
		return err
	}
	e.Raw = f.Get("mode") == "yaml"
	text, where := f.Values.Get("text"), []section(nil)
	if !e.Raw {
		text, where = compose(f, strconv.Itoa(e.Version))
	}
	switch f.Get("do") {
	case "yaml":
		f.Values.Set("text", evaluate.WithVersion(text, e.Version))
		e.Raw = true
		return p.showTestForm(r, f, e)
	case "form":
		d, err := evaluate.Parse([]byte(text))
		if err != nil {
			f.Wrong("text", "Only a text without mistakes fits the form: "+page.Sentence(err))
			return p.showTestForm(r, f, e)
		}
		e.Raw = false
		g := decompose(d)
		g.Values.Set("note", f.Values.Get("note"))
		g.Values.Set("base", f.Values.Get("base"))
		return p.showTestForm(r, g, e)
	case "facts":
		return p.showTestForm(r, f, e)
	}
	if !e.Raw && !readable(f) {
		return p.showTestForm(r, f, e)
	}
	review, err := p.Evaluate.ReviewTest(r.Context(), scope, evaluate.WithVersion(text, e.Version))
	if err != nil {
		return p.stopped(r, f, e, err)
	}
	e.Review = &review
	p.place(f, e.Raw, text, where, review.Findings)
	if e.ID != "" && review.Definition != nil && review.Definition.ID != e.ID {
		f.Wrong(map[bool]string{true: "text", false: "id"}[e.Raw], "The id stays "+e.ID+": results name it.")
	}
	judged := !slices.ContainsFunc(review.Units, func(u evaluate.Unit) bool { return u.Error != "" }) // what a small world stops would only take longer over real facts
	if f.Get("do") == "try" && judged && len(review.Units) > 0 {
		t, err := p.Evaluate.TryTest(r.Context(), scope, r.Now, review.Definition)
		if err != nil {
			return p.stopped(r, f, e, err)
		}
		e.Trial = &t
	}
	if f.Get("do") != "save" || !f.OK() {
		return p.showTestForm(r, f, e)
	}
	return p.keepTest(r, scope, f, e, review.Definition)
}

// readable says of the parts that are YAML whether they can be read, each at its field: within the whole file a bracket that
// is missing in one would be found in the next.
func readable(f *page.Form) bool {
	for _, x := range parts {
		value := f.Values.Get(x.key)
		if x.kind != raw || strings.TrimSpace(value) == "" {
			continue
		}
		_, err := yamldoc.Parse([]byte(dedent(strings.ReplaceAll(value, "\r\n", "\n"), raw)))
		var doc *yamldoc.Error
		switch {
		case errors.As(err, &doc):
			f.Wrong(x.key, "This cannot be read as YAML: "+doc.Error()+".")
		case err != nil:
			f.Wrong(x.key, page.Sentence(err))
		}
	}
	return f.OK()
}

// keepTest proposes what is written.
func (p *pages) keepTest(r *page.Request, scope access.Scope, f *page.Form, e testEditor, d *evaluate.Definition) error {
	x, err := p.Evaluate.ProposeTest(r.Context(), scope, r.Now, d.Text(), f.Base(), f.Get("note"))
	switch {
	case err == nil && x.Status == evaluate.Approved:
		return r.Redirect(testURL(x.Test), "Version "+strconv.Itoa(x.Version)+" of "+x.Test+" is in force.")
	case err == nil:
		return r.Redirect(draftURL(x.Test), "Version "+strconv.Itoa(x.Version)+" of "+x.Test+" waits for approval by somebody else.")
	case errs.Is(err, errs.Conflict) && errs.FieldOf(err) == "":
		drafts, derr := p.Evaluate.Drafts.Drafts(r.Context(), r.Read(), d.ID, "")
		if derr != nil {
			return derr
		}
		if e.ID == "" || len(drafts) == 0 {
			f.Wrong(map[bool]string{true: "text", false: "id"}[e.Raw], "There is a test or a draft of this id already. Give yours another id, or change that one.")
			break
		}
		theirs, perr := evaluate.Parse([]byte(drafts[0].Text))
		if perr != nil {
			return perr
		}
		fields := map[string]string{"text": theirs.Text()}
		if !e.Raw {
			for k, v := range decompose(theirs).Values {
				fields[k] = v[0]
			}
		}
		f.Stale(drafts[0].N, fields)
	case !f.Take(err):
		return err
	}
	return p.showTestForm(r, f, e)
}

// stopped shows the form again when a check took too long; a reader who went away gets nothing.
func (p *pages) stopped(r *page.Request, f *page.Form, e testEditor, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		f.Problem, f.Hint = "The check took too long and was stopped.", "Make the statements cheaper, or the unit rows fewer. Nothing is lost."
		return p.showTestForm(r, f, e)
	}
	if f.Take(err) {
		return p.showTestForm(r, f, e)
	}
	return err
}

// place puts what is wrong at its field, with the line of the field.
func (p *pages) place(f *page.Form, isRaw bool, text string, where []section, findings []evaluate.Finding) {
	add := func(field string, line int, x evaluate.Finding) {
		s := page.Capital(strings.TrimSuffix(x.Text, ".") + ".")
		if line > 0 {
			s = "Line " + strconv.Itoa(line) + ": " + s
		}
		if x.Hint != "" {
			s += " " + x.Hint
		}
		if f.Errors[field] != "" {
			s = f.Errors[field] + " " + s
		}
		f.Wrong(field, s)
	}
	for _, x := range findings {
		switch {
		case isRaw:
			line := x.Line
			if x.Field != "" {
				line = keyLine(text, x.Field)
				if x.Line > 0 && line > 0 {
					line += x.Line
				}
			}
			add("text", line, x)
		case x.Field != "":
			add(x.Field, x.Line, x)
		default:
			field, line := fieldAt(where, x.Line)
			add(or(field, "id"), line, x)
		}
	}
}

// keyLine is the line of a key of a file, counted from 1; 0 if it is not there.
func keyLine(text, key string) int {
	for i, l := range strings.Split(text, "\n") {
		if strings.HasPrefix(l, key+":") {
			return i + 1
		}
	}
	return 0
}
