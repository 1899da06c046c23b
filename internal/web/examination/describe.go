package examination

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/web/page"
)

// describeRoutes are the pages where the description is written, part by part.
func (p *pages) describeRoutes() []page.Route {
	const nav, one, manage = "/system", "/system/records/{record}", access.ManageEngagement
	creation := two("/system/new", "Describe the system", nav, manage, p.recordForm, p.saveRecord)
	return slices.Concat(creation, two(one, "Part of the description", nav, manage, p.recordForm, p.saveRecord), two(one+"/remove", "Take out", nav, manage, p.removeRecordForm, p.removeRecord))
}

// widget is how a field of a record is entered.
type widget uint8

const (
	asLine    widget = iota
	asText           // several lines
	asEntries        // one a line
	asChoice
	asTick
	asInstant
	asDay
	asTicks // several of a few
)

// blank is a field of a record: Name is where its canonical form has it.
type blank struct {
	Name, Label, Help string
	W                 widget
	Rows              int
	Options           []page.Option
	Required          bool
}

// sheet is what the form of a kind asks.
type sheet struct {
	Title, Sub string
	Blanks     []blank
}

// sections of the description that may be empty on purpose.
var emptySections = []page.Option{
	{Value: "subservice", Label: "No subservice organisations"}, {Value: "incidents", Label: "No incidents to describe"}, {Value: "changes", Label: "No significant changes"},
	{Value: "not_applicable", Label: "Every criterion applies"}, {Value: "cuecs", Label: "No complementary user entity controls"},
}

// sheetOf is the form of a kind (domain brief 4.4).
func (p *pages) sheetOf(k org.Kind) (sheet, bool) {
	c := p.View.Catalog()
	switch k {
	case org.KindSystem:
		return sheet{"The system", "DC1 and DC3: what is examined, and where it ends", []blank{
			{Name: "name", Label: "Name of the system", Required: true},
			{Name: "overview", Label: "Overview", W: asText, Rows: 8, Help: "What it is, for whom, and how they use it. Facts that a reader can check."},
			{Name: "boundary", Label: "Boundary", W: asText, Rows: 5, Help: "What is inside, and what is not."},
			{Name: "privacy_role", Label: "Role for personal data", W: asChoice, Options: []page.Option{{Label: "Nobody has said"}, {Value: string(catalog.Controller), Label: "Controller"}, {Value: string(catalog.Processor), Label: "Processor"}, {Value: string(catalog.BothRoles), Label: "Both"}}},
			{Name: "none", Label: "Empty on purpose", W: asTicks, Options: emptySections, Help: "A part that is empty and not ticked here counts as forgotten."},
		}}, true
	case org.KindService:
		return sheet{"Service", "DC1: what is provided", []blank{
			{Name: "name", Label: "Name", Required: true}, {Name: "text", Label: "What it is", W: asText, Rows: 5, Required: true}, {Name: "customers", Label: "Kinds of customers"}, {Name: "delivery", Label: "How it reaches them"},
		}}, true
	case org.KindCommitment:
		var categories []page.Option
		for _, x := range c.Categories() {
			categories = append(categories, page.Option{Value: string(x.ID), Label: x.Name})
		}
		return sheet{"Commitment or requirement", "DC2: what was promised, and what the system must do for it", []blank{
			{Name: "ref", Label: "Reference", Required: true, Help: "SC-01 for a commitment, SR-01 for a requirement."},
			{Name: "type", Label: "Kind", W: asChoice, Options: []page.Option{{Value: string(org.ServiceCommitment), Label: "Service commitment"}, {Value: string(org.SystemRequirement), Label: "System requirement"}}},
			{Name: "category", Label: "Category", W: asChoice, Options: categories}, {Name: "text", Label: "Text", W: asText, Rows: 4, Required: true},
			{Name: "source", Label: "Where it is promised", Help: "Contract, policy, law, or a statement on the web site. Without it nobody can check the text."}, {Name: "threshold", Label: "How it is measured", Help: "99.9 % a month"},
		}}, true
	case org.KindComponent:
		var classes []page.Option
		for _, x := range org.Classes() {
			classes = append(classes, page.Option{Value: string(x), Label: classTitle(x)})
		}
		return sheet{"Component", "DC3: infrastructure, software, people, procedures, data", []blank{
			{Name: "class", Label: "Class", W: asChoice, Options: classes}, {Name: "name", Label: "Name", Required: true}, {Name: "text", Label: "What it is", W: asText, Rows: 4},
			{Name: "count.resource", Label: "Counted from facts of the type", Help: "repository, user_account …: the number and its evidence are filled in when a dossier is frozen. Empty: not counted, and described without evidence."},
			{Name: "count.system", Label: "of the kind of system", Help: "github; empty for any."}, {Name: "count.source", Label: "of the connection", Help: "Empty for all."},
		}}, true
	case org.KindAspect:
		var areas []page.Option
		for _, x := range org.Areas() {
			areas = append(areas, page.Option{Value: string(x), Label: x.Title()})
		}
		return sheet{"Aspect of internal control", "DC5: what matters beside the controls themselves", []blank{
			{Name: "area", Label: "Area", W: asChoice, Options: areas}, {Name: "title", Label: "Title", Required: true}, {Name: "text", Label: "Text", W: asText, Rows: 8, Required: true},
		}}, true
	case org.KindTransaction:
		var topics []page.Option
		for _, x := range org.Topics() {
			topics = append(topics, page.Option{Value: string(x), Label: x.Title()})
		}
		return sheet{"Transactions", "Of a SOC 1: how transactions of user entities are processed", []blank{
			{Name: "topic", Label: "About", W: asChoice, Options: topics}, {Name: "title", Label: "Title", Help: "Where one topic needs several texts."}, {Name: "text", Label: "Text", W: asText, Rows: 8, Required: true},
		}}, true
	case org.KindSubservice:
		return sheet{"Subservice organisation", "DC7: whose controls are needed together with your own", []blank{
			{Name: "name", Label: "Name", Required: true}, {Name: "service", Label: "What it does", W: asText, Rows: 3, Required: true},
			{Name: "method", Label: "Method", W: asChoice, Options: []page.Option{{Value: string(org.CarveOut), Label: "Carve-out: its controls are left out"}, {Value: string(org.Inclusive), Label: "Inclusive: its controls are included"}}},
			{Name: "criteria", Label: "Criteria or objectives affected", W: asEntries, Rows: 3, Help: "One a line: CC6.4"}, {Name: "csocs", Label: "Controls expected of it", W: asEntries, Rows: 4, Help: "One a line; of the carve-out method."},
			{Name: "monitoring", Label: "Own controls that watch it", W: asEntries, Rows: 2, Help: "One a line: VEN-03"},
		}}, true
	}
	return p.sheetOfEvents(k)
}

// sheetOfEvents is the form of what happened or does not apply.
func (p *pages) sheetOfEvents(k org.Kind) (sheet, bool) {
	switch k {
	case org.KindIncident:
		return sheet{"Incident", "DC4: only a person decides whether it belongs in the description", []blank{
			{Name: "ref", Label: "Reference", Required: true, Help: "INC-17"}, {Name: "title", Label: "Title", Required: true}, {Name: "text", Label: "Nature, and extent or effect", W: asText, Rows: 4, Required: true},
			{Name: "started", Label: "Began (UTC)", W: asInstant, Required: true}, {Name: "detected", Label: "Found (UTC)", W: asInstant}, {Name: "resolved", Label: "Ended (UTC)", W: asInstant},
			{Name: "disposition", Label: "What was done about it", W: asText, Rows: 3},
			{Name: "control_failure", Label: "A control was unsuited or did not operate", W: asTick}, {Name: "commitment_failure", Label: "A commitment was missed significantly", W: asTick},
			{Name: "criteria", Label: "Criteria affected", W: asEntries, Rows: 2, Help: "One a line: CC7.4"},
			{Name: "decision", Label: "In the description", W: asChoice, Options: []page.Option{{Label: "Not decided yet"}, {Value: string(org.Describe), Label: "Describe it"}, {Value: string(org.Omit), Label: "Leave it out"}}},
			{Name: "reason", Label: "Reason of the decision", W: asText, Rows: 2},
		}}, true
	case org.KindNotApplicable:
		var all []catalog.CategoryID
		for _, x := range p.View.Catalog().Categories() {
			all = append(all, x.ID)
		}
		criteria, err := p.View.Catalog().Applicable(all)
		if err != nil {
			return sheet{}, false
		}
		options := []page.Option{{Label: "Choose a criterion"}}
		for _, x := range criteria {
			options = append(options, page.Option{Value: x.ID, Label: x.ID + " " + x.Title})
		}
		return sheet{"Criterion that does not apply", "DC8: with the reason, which the report prints", []blank{
			{Name: "criterion", Label: "Criterion", W: asChoice, Options: options, Required: true}, {Name: "reason", Label: "Why it does not apply", W: asText, Rows: 4, Required: true},
		}}, true
	case org.KindChange:
		return sheet{"Significant change", "DC9: of the system or its controls, in the period", []blank{
			{Name: "date", Label: "Day", W: asDay, Required: true}, {Name: "title", Label: "Title", Required: true}, {Name: "text", Label: "What changed", W: asText, Rows: 5, Required: true}, {Name: "told", Label: "Who was told, and how"},
		}}, true
	}
	return sheet{}, false
}

// local is how a browser writes an instant without its zone.
const local = "2006-01-02T15:04"

// filled are the values of a record's form, from its canonical form.
func (s sheet) filled(body string) (url.Values, error) {
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return nil, errs.As(errs.Internal, err, "part of the description")
	}
	out := url.Values{}
	for _, b := range s.Blanks {
		v := m[b.Name]
		if first, second, ok := strings.Cut(b.Name, "."); ok {
			inner, _ := m[first].(map[string]any)
			v = inner[second]
		}
		switch x := v.(type) {
		case string:
			if b.W == asInstant {
				if t, err := time.Parse(time.RFC3339Nano, x); err == nil {
					if x = t.UTC().Format(local); t.Second() != 0 {
						x = t.UTC().Format(local + ":05")
					}
				}
			}
			out.Set(b.Name, x)
		case bool:
			if x {
				out.Set(b.Name, "on")
			}
		case []any:
			var all []string
			for _, e := range x {
				if s, ok := e.(string); ok {
					all = append(all, s)
				}
			}
			if b.W == asTicks {
				for _, s := range all {
					out.Set(b.Name+"."+s, "on")
				}
			} else {
				out.Set(b.Name, strings.Join(all, "\n"))
			}
		}
	}
	return out, nil
}

// read puts a record together from its form. What cannot be read is said at its field.
func (s sheet) read(f *page.Form, k org.Kind) (org.Record, error) {
	m := map[string]any{}
	for _, b := range s.Blanks {
		v := f.Get(b.Name)
		switch b.W {
		case asTick:
			m[b.Name] = f.Checked(b.Name)
		case asTicks:
			var list []string
			for _, o := range b.Options {
				if f.Checked(b.Name + "." + o.Value) {
					list = append(list, o.Value)
				}
			}
			m[b.Name] = list
		case asEntries:
			var list []string
			for x := range strings.SplitSeq(v, "\n") {
				if x = strings.TrimSpace(x); x != "" {
					list = append(list, x)
				}
			}
			m[b.Name] = list
		case asInstant:
			if v == "" {
				continue
			}
			t, err := time.Parse(local, strings.TrimSuffix(v, "Z"))
			if err != nil {
				if t, err = time.Parse(local+":05", v); err != nil {
					f.Wrong(b.Name, "Not a day and time such as 2026-03-04 10:15.")
					continue
				}
			}
			m[b.Name] = t.UTC()
		case asDay:
			d, err := period.ParseDate(v)
			if err != nil {
				f.Wrong(b.Name, "Not a day such as 2026-03-04.")
				continue
			}
			m[b.Name] = d
		default:
			if first, second, ok := strings.Cut(b.Name, "."); ok {
				if v != "" {
					inner, _ := m[first].(map[string]any)
					if inner == nil {
						inner = map[string]any{}
						m[first] = inner
					}
					inner[second] = v
				}
				continue
			}
			m[b.Name] = v
		}
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return org.ReadRecord(k, body)
}

// partForm is a record of the description on its form.
type partForm struct {
	Kind  org.Kind
	Sheet sheet
	Old   *org.Revision // nil for a new one
	Words []org.Word    // in its texts, that should go
	Said  string        // who changed it last
}

// Path is where the form is sent.
func (x partForm) Path() string {
	if x.Old == nil {
		return "/system/new?kind=" + string(x.Kind)
	}
	return "/system/records/" + string(x.Old.ID)
}

func (p *pages) part(r *page.Request) (x partForm, err error) {
	x.Kind = org.Kind(r.Query("kind"))
	if id := r.Arg("record"); id != "" {
		all, err := p.System.History(r.Context(), r.Read(), org.RecordID(id))
		if err != nil {
			return x, err
		}
		if len(all) == 0 || all[0].Removed {
			return x, errs.New(errs.NotFound, "the description has no such part any more")
		}
		names, err := p.View.PersonNames(r.Context(), r.Read())
		if err != nil {
			return x, err
		}
		x.Old, x.Kind, x.Said = &all[0], all[0].Kind, "Revision "+page.Count(all[0].Number)+", "+page.TimeText(all[0].At)+", "+actor(all[0].Author, names[all[0].Author])
	}
	var ok bool
	if x.Sheet, ok = p.sheetOf(x.Kind); !ok {
		return x, errs.New(errs.NotFound, "a description has no part %q", x.Kind)
	}
	return x, nil
}

// lint finds what should not stand in the texts of a form.
func (x *partForm) lint(f *page.Form) {
	x.Words = nil
	for _, b := range x.Sheet.Blanks {
		if b.W == asText || b.W == asLine || b.W == asEntries {
			x.Words = append(x.Words, org.Lint(f.Get(b.Name))...)
		}
	}
}

func (p *pages) recordForm(r *page.Request) error {
	x, err := p.part(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	if x.Old != nil {
		if f.Values, err = x.Sheet.filled(x.Old.Body); err != nil {
			return err
		}
	} else {
		for _, k := range []string{"class", "area", "topic", "type"} {
			f.Values.Set(k, r.Query(k))
		}
	}
	x.lint(f)
	return r.RenderPanel(http.StatusOK, recordPanel(r, f, x))
}

func (p *pages) saveRecord(r *page.Request) error {
	x, err := p.part(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	rec, err := x.Sheet.read(f, x.Kind)
	if err != nil {
		return err
	}
	x.lint(f)
	if f.OK() {
		e := org.Edit{Note: f.Get("note")}
		if x.Old != nil {
			e.ID, e.Base = x.Old.ID, f.Base()
		}
		if _, err = p.System.Save(r.Context(), scope, r.Now, e, rec); err == nil {
			said := "Saved."
			if len(x.Words) > 0 {
				said = "Saved. The check names " + page.Plural(len(x.Words), "expression", "expressions") + " that should go."
			}
			return r.Redirect("/system#"+chapterOf(x.Kind), said)
		}
		if !x.stale(f, err) && !takeRecord(f, x.Sheet, err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), recordPanel(r, f, x))
}

// takeRecord puts an error at its field, or on top where the form has no such field.
func takeRecord(f *page.Form, s sheet, err error) bool {
	if !f.Take(err) {
		return false
	}
	for field, said := range f.Errors {
		name, _, _ := strings.Cut(field, "[")
		if field != "note" && !slices.ContainsFunc(s.Blanks, func(b blank) bool { return b.Name == name }) {
			delete(f.Errors, field)
			f.Problem = said
		}
	}
	return true
}

// stale shows what somebody else saved meanwhile.
func (x partForm) stale(f *page.Form, err error) bool {
	var now *org.Stale
	if !errs.Is(err, errs.Conflict) || !errors.As(err, &now) {
		return false
	}
	theirs, err := x.Sheet.filled(now.Now.Body)
	if err != nil {
		return false
	}
	fields := map[string]string{}
	for _, b := range x.Sheet.Blanks {
		if b.W != asTicks && b.W != asTick {
			fields[b.Name] = theirs.Get(b.Name)
		}
	}
	f.Stale(now.Now.Number, fields)
	return true
}

func (p *pages) removeRecordForm(r *page.Request) error {
	x, err := p.part(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, removeRecordPanel(r, page.NewForm(), x))
}

func (p *pages) removeRecord(r *page.Request) error {
	x, err := p.part(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	err = p.System.Remove(r.Context(), scope, r.Now, org.Edit{ID: x.Old.ID, Base: f.Base(), Note: f.Get("note")})
	if err == nil {
		return r.Redirect("/system#"+chapterOf(x.Kind), "Taken out. What it said stays in the history.")
	}
	return r.PanelAgain(f, err, removeRecordPanel(r, f, x))
}

// chapterOf is where the page of the description shows records of a kind.
func chapterOf(k org.Kind) string {
	switch k {
	case org.KindSystem:
		return "overview"
	case org.KindNotApplicable:
		return "exclusions"
	case org.KindSubservice:
		return "subservice"
	}
	return string(k) + "s"
}
