package framework

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Bounds of a catalog. NIST SP 800-53 revision 5 has 10 MB with 1,189 controls and enhancements; the largest public ones have
// some 4,000.
const (
	MaxBytes        = 32 << 20
	MaxRequirements = 10_000
	maxFamilies     = 1000
	maxDepth        = 12     // groups in groups, controls in controls, parts in parts
	maxInserted     = 20_000 // parameters written out: choices may name choices
	maxTitle        = 500
	maxStatement    = 8000
	maxComplaints   = 8 // faults named in one error
)

//go:embed catalog.schema.json
var schemaText []byte

// schema is compiled once: it is ours, and a fault in it is one of the program.
var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("catalog.schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("catalog.schema.json")
})

// others are the documents of the language that are no catalog, and what to do with each.
var others = map[string]string{
	"profile":                       "Resolve the profile to a catalog with an OSCAL tool, and import that.",
	"component-definition":          "Import the catalog that its controls come from.",
	"system-security-plan":          "Import the catalog that its profile selects from.",
	"assessment-plan":               "Import the catalog that it assesses against.",
	"assessment-results":            "Import the catalog that it assessed against.",
	"plan-of-action-and-milestones": "Import the catalog that its findings are about.",
	"mapping-collection":            "Import the catalogs, and bring the mapping as a table with the columns control and requirement.",
}

// Parse reads an OSCAL catalog in JSON. The name of the file is for messages.
func Parse(name string, body []byte) (Catalog, error) {
	if err := looksLike(name, body); err != nil {
		return Catalog{}, err
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return Catalog{}, notJSON(name, body, err)
	}
	if err := check(name, doc); err != nil {
		return Catalog{}, err
	}
	var in struct{ Catalog wireCatalog }
	if err := json.Unmarshal(body, &in); err != nil {
		return Catalog{}, errs.As(errs.Invalid, err, "%s", name)
	}
	r := &reader{name: name, params: map[string]wireParam{}, codes: map[string]bool{}, labels: map[string]bool{}, families: map[string]bool{}}
	return r.read(in.Catalog)
}

func invalid(format string, args ...any) *errs.Error {
	return errs.New(errs.Invalid, format, args...).At("file")
}

// looksLike refuses what can be told from the first bytes.
func looksLike(name string, body []byte) error {
	head := bytes.TrimLeft(bytes.TrimPrefix(body[:min(len(body), 4096)], []byte("\ufeff")), " \t\r\n")
	switch {
	case len(body) == 0 || len(head) == 0:
		return invalid("%s is empty", name).WithHint("Choose a file with something in it.")
	case len(body) > MaxBytes:
		return errs.New(errs.Exhausted, "%s is larger than %d MiB", name, MaxBytes>>20).At("file").WithHint("Leave out the back matter, or import the families one by one.")
	case head[0] == '<':
		return invalid("%s is XML", name).WithHint("Publishers of OSCAL offer the same catalog as JSON: import that.")
	case bytes.HasPrefix(head, []byte("PK")) || bytes.HasPrefix(head, []byte("\x1f\x8b")) || bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return invalid("%s is an archive", name).WithHint("Unpack it, and import the catalog in it.")
	case bytes.HasPrefix(head, []byte("catalog:")) || bytes.HasPrefix(head, []byte("---")):
		return invalid("%s is YAML", name).WithHint("Publishers of OSCAL offer the same catalog as JSON: import that.")
	case head[0] != '{':
		return invalid("%s is no OSCAL catalog: a JSON object is expected", name).WithHint("Import a catalog of OSCAL 1.1 in JSON.")
	case !utf8.Valid(body):
		return invalid("%s is not UTF-8", name).WithHint("JSON is written in UTF-8: save it so.")
	}
	return nil
}

// notJSON says where a file stops being JSON.
func notJSON(name string, body []byte, err error) error {
	var syntax *json.SyntaxError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return invalid("%s ends in the middle, after %d bytes", name, len(body)).WithHint("It was cut off on the way: fetch it again.")
	}
	if errors.As(err, &syntax) {
		if at := int(syntax.Offset); at >= len(bytes.TrimRight(body, " \r\n\t")) {
			return invalid("%s ends in the middle, after %d bytes", name, len(body)).WithHint("It was cut off on the way: fetch it again.")
		}
		return invalid("%s is no JSON: %s, in line %d", name, syntax.Error(), 1+bytes.Count(body[:min(int(syntax.Offset), len(body))], []byte("\n"))).WithHint("Import the file as its publisher wrote it.")
	}
	return invalid("%s is no JSON: %s", name, text.Line(err.Error())).WithHint("Import the file as its publisher wrote it.")
}

// check holds a document against the schema, and says in plain words where it differs.
func check(name string, doc any) error {
	top, _ := doc.(map[string]any)
	c, ok := top["catalog"].(map[string]any)
	if !ok {
		for kind, hint := range others {
			if _, is := top[kind]; is {
				return invalid("%s is an OSCAL %s, not a catalog", name, strings.ReplaceAll(kind, "-", " ")).WithHint("%s", hint)
			}
		}
		return invalid("%s is no OSCAL catalog: it has no \"catalog\"", name).WithHint("Import a catalog of OSCAL 1.1 in JSON.")
	}
	if err := language(name, c); err != nil {
		return err
	}
	if depth(c) > 8*maxDepth {
		return invalid("%s is nested too deep", name).WithHint("Groups, controls and parts may stand in each other %d deep.", maxDepth)
	}
	s, err := schema()
	if err != nil {
		return errs.As(errs.Internal, err, "schema of catalogs")
	}
	err = s.Validate(doc)
	var wrong *jsonschema.ValidationError
	if !errors.As(err, &wrong) {
		return err
	}
	var all []string
	faults(wrong, &all)
	more := ""
	if n := len(all) - maxComplaints; n > 0 {
		all, more = all[:maxComplaints], fmt.Sprintf("; and %d more", n)
	}
	return invalid("%s is no valid OSCAL catalog: %s%s", name, strings.Join(all, "; "), more).WithHint("Nothing was imported. Ask the publisher for a catalog that holds against NIST's schema.")
}

// spoken are the versions of the language whose catalogs are read: they differ in nothing that is read here.
var spoken = regexp.MustCompile(`^1\.[0-2]\.[0-9]{1,3}$`)

// language tells the version of the language before anything else, because the rest follows from it.
func language(name string, catalog map[string]any) error {
	meta, _ := catalog["metadata"].(map[string]any)
	v, ok := meta["oscal-version"].(string)
	if !ok {
		return invalid("%s does not say which version of OSCAL it is written in", name).WithHint("The metadata of a catalog has an oscal-version, such as 1.1.3.")
	}
	if !spoken.MatchString(v) {
		return invalid("%s is written in OSCAL %s", name, short(v, 40)).WithHint("Versions 1.0 to 1.2 are read. Ask the publisher for one of them, or convert it.")
	}
	return nil
}

func depth(v any) int {
	most := 0
	switch x := v.(type) {
	case map[string]any:
		for _, y := range x {
			most = max(most, depth(y))
		}
	case []any:
		for _, y := range x {
			most = max(most, depth(y))
		}
	default:
		return 0
	}
	return most + 1
}

// faults are the innermost errors, each with its place.
func faults(e *jsonschema.ValidationError, out *[]string) {
	if len(e.Causes) > 0 {
		for _, c := range e.Causes {
			faults(c, out)
		}
		return
	}
	at := "/" + strings.Join(e.InstanceLocation, "/")
	*out = append(*out, short(at, 160)+" "+plain(e.ErrorKind))
}

// plain says in words what a fault is.
func plain(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Required:
		return "lacks " + strings.Join(k.Missing, ", ")
	case *kind.AdditionalProperties:
		return "has what a catalog does not: " + short(text.Line(strings.Join(k.Properties, ", ")), 120)
	case *kind.Type:
		return "is a " + k.Got + " where a catalog has a " + strings.Join(k.Want, " or ")
	case *kind.Pattern:
		return fmt.Sprintf("is %q, which is not of the form it needs", short(text.Line(k.Got), 60))
	case *kind.MinItems:
		return "is an empty list"
	case *kind.Enum:
		return "is none of the values there are"
	}
	return "is not as a catalog has it"
}

func short(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

type wireCatalog struct {
	UUID     string
	Metadata struct {
		Title     string
		Version   string
		Published string
		OSCAL     string `json:"oscal-version"`
	}
	Params   []wireParam
	Controls []wireControl
	Groups   []wireGroup
}

type wireGroup struct {
	ID, Title string
	Params    []wireParam
	Props     []wireProp
	Groups    []wireGroup
	Controls  []wireControl
}

type wireControl struct {
	ID, Title string
	Params    []wireParam
	Props     []wireProp
	Links     []wireLink
	Parts     []wirePart
	Controls  []wireControl
}

type wireParam struct {
	ID, Label string
	Props     []wireProp
	Values    []string
	Select    *struct {
		HowMany string `json:"how-many"`
		Choice  []string
	}
}

type wireProp struct{ Name, Value, Class string }

type wireLink struct{ Href, Rel string }

type wirePart struct {
	Name, Prose, Title string
	Props              []wireProp
	Parts              []wirePart
}

// reader turns a valid document into a catalog.
type reader struct {
	name     string
	c        Catalog
	params   map[string]wireParam
	codes    map[string]bool
	labels   map[string]bool
	families map[string]bool
	inserted int // parameters written out so far
}

func (r *reader) read(in wireCatalog) (Catalog, error) {
	m := in.Metadata
	r.c = Catalog{Title: text.Line(m.Title), Edition: text.Line(m.Version), OSCAL: m.OSCAL, UUID: strings.ToLower(in.UUID)}
	if len(m.Published) >= 10 {
		r.c.Published = m.Published[:10]
	}
	if err := text.Bounds("file", "the title of the catalog", r.c.Title, 1, maxTitle); err != nil {
		return Catalog{}, err
	}
	if err := text.Bounds("file", "the version of the catalog", r.c.Edition, 1, 100); err != nil {
		return Catalog{}, err
	}
	r.learn(in.Params)
	for _, g := range in.Groups {
		r.learnGroup(g)
	}
	for _, c := range in.Controls {
		r.learnControl(c)
	}
	if len(in.Controls) > 0 {
		if err := r.family(Family{ID: "-", Title: "Not in a family"}); err != nil {
			return Catalog{}, err
		}
		if err := r.controls(in.Controls, "-", "", 1); err != nil {
			return Catalog{}, err
		}
	}
	if err := r.groups(in.Groups, "", 1); err != nil {
		return Catalog{}, err
	}
	if len(r.c.Requirements) == 0 {
		return Catalog{}, invalid("%s has no control", r.name).WithHint("A catalog without controls asks for nothing: import the one that has them.")
	}
	return r.c, nil
}

func (r *reader) learn(list []wireParam) {
	for _, p := range list {
		r.params[p.ID] = p
		for _, x := range p.Props { // older prose inserts a parameter by the name it had
			if _, known := r.params[x.Value]; x.Name == "alt-identifier" && !known {
				r.params[x.Value] = p
			}
		}
	}
}

func (r *reader) learnGroup(g wireGroup) {
	r.learn(g.Params)
	for _, x := range g.Groups {
		r.learnGroup(x)
	}
	for _, c := range g.Controls {
		r.learnControl(c)
	}
}

func (r *reader) learnControl(c wireControl) {
	r.learn(c.Params)
	for _, x := range c.Controls {
		r.learnControl(x)
	}
}

func (r *reader) family(f Family) error {
	if r.families[f.ID] {
		return invalid("%s has two groups %q", r.name, f.ID).WithHint("Identifiers of groups are unique: mend the catalog.")
	}
	if len(r.c.Families) >= maxFamilies {
		return errs.New(errs.Exhausted, "%s has more than %d groups", r.name, maxFamilies).At("file")
	}
	r.families[f.ID] = true
	r.c.Families = append(r.c.Families, f)
	return nil
}

// groups walks groups in their order. A family is a group that holds controls itself; its title names the groups around it.
func (r *reader) groups(list []wireGroup, around string, level int) error {
	if level > maxDepth {
		return invalid("%s has groups in groups more than %d deep", r.name, maxDepth)
	}
	for _, g := range list {
		title := text.Line(g.Title)
		if err := text.Bounds("file", "the title of the group "+g.ID, title, 1, maxTitle); err != nil {
			return err
		}
		if around != "" {
			title = short(around+": "+title, maxTitle)
		}
		id := g.ID
		if id == "" { // the language lets groups go without
			id = fmt.Sprintf("group-%d", len(r.families)+1)
		}
		if len(id) > 100 {
			return invalid("%s has a group whose identifier is longer than 100 letters", r.name)
		}
		if len(g.Controls) > 0 {
			if err := r.family(Family{ID: id, Title: title}); err != nil {
				return err
			}
			if err := r.controls(g.Controls, id, "", 1); err != nil {
				return err
			}
		}
		if err := r.groups(g.Groups, title, level+1); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) controls(list []wireControl, family, parent string, level int) error {
	if level > maxDepth {
		return invalid("%s has controls in controls more than %d deep", r.name, maxDepth)
	}
	for _, c := range list {
		q := Requirement{Code: c.ID, Label: label(c.Props), Title: text.Line(r.insert(c.Title, 0)), Family: family, Parent: parent}
		switch {
		case len(q.Code) > 100:
			return invalid("%s has a control whose identifier is longer than 100 letters", r.name)
		case r.codes[strings.ToLower(q.Code)]:
			return invalid("%s has two controls %q", r.name, q.Code).WithHint("Identifiers of controls are unique: mend the catalog.")
		case len(r.c.Requirements) >= MaxRequirements:
			return errs.New(errs.Exhausted, "%s has more than %d controls", r.name, MaxRequirements).At("file").WithHint("Import the families one by one.")
		}
		if q.Label == "" || len(q.Label) > 100 || r.labels[strings.ToLower(q.Label)] {
			q.Label = q.Code
		}
		if err := text.Bounds("file", "the title of "+q.Code, q.Title, 1, maxTitle); err != nil {
			return err
		}
		r.codes[strings.ToLower(q.Code)], r.labels[strings.ToLower(q.Label)] = true, true
		r.standing(&q, c)
		var says strings.Builder
		for _, p := range c.Parts {
			if p.Name == "statement" {
				r.says(&says, p, 0)
			}
		}
		q.Statement = short(text.Prose(says.String()), maxStatement)
		r.c.Requirements = append(r.c.Requirements, q)
		if err := r.controls(c.Controls, family, q.Code, level+1); err != nil {
			return err
		}
	}
	return nil
}

// standing reads whether a control was withdrawn, what took its place, and which of the organisation's controls it names.
func (r *reader) standing(q *Requirement, c wireControl) {
	names := func(s string) {
		if s = text.Line(strings.TrimPrefix(s, "#")); s != "" && len(s) <= 100 && !slices.Contains(q.Controls, s) {
			q.Controls = append(q.Controls, s)
		}
	}
	for _, p := range c.Props {
		switch {
		case p.Name == "status" && strings.EqualFold(p.Value, "withdrawn"):
			q.Withdrawn = true
		case p.Name == "implemented-by":
			names(p.Value)
		}
	}
	for _, l := range c.Links {
		switch l.Rel {
		case "incorporated-into", "moved-to":
			if to := text.Line(strings.TrimPrefix(l.Href, "#")); to != "" && len(to) <= 100 {
				q.Became = append(q.Became, to)
			}
		case "implemented-by":
			names(l.Href)
		}
	}
}

// label is what people call a thing. NIST gives labels for sorting and for assessments besides, which have a class.
func label(props []wireProp) string {
	for _, p := range props {
		if p.Name == "label" && p.Class == "" {
			return text.Line(p.Value)
		}
	}
	for _, p := range props {
		if p.Name == "label" && p.Class != "sp800-53a" {
			return text.Line(p.Value)
		}
	}
	return ""
}

// says writes a part and those in it as lines.
func (r *reader) says(out *strings.Builder, p wirePart, level int) {
	if level > maxDepth || out.Len() > 4*maxStatement {
		return
	}
	line := strings.TrimSpace(label(p.Props) + " " + r.insert(p.Prose, 0))
	if line != "" {
		out.WriteString(strings.Repeat("  ", max(level-1, 0)) + line + "\n")
	}
	for _, x := range p.Parts {
		r.says(out, x, level+1)
	}
}

// inserted is where prose inserts a parameter; the second form is that of OSCAL 1.0 drafts, which is still about.
var inserted = regexp.MustCompile(`\{\{\s*(?:insert:\s*param,\s*|param:\s*|)([\p{L}_][\p{L}\p{N}._-]*)\s*\}\}`)

// insert writes the parameters out: values where the catalog sets them, else what is to be assigned or chosen.
func (r *reader) insert(prose string, level int) string {
	if level > 4 || !strings.Contains(prose, "{{") {
		return prose
	}
	return inserted.ReplaceAllStringFunc(short(prose, 4*maxStatement), func(m string) string {
		id := inserted.FindStringSubmatch(m)[1]
		p, known := r.params[id]
		r.inserted++
		switch {
		case !known || r.inserted > maxInserted:
			return "[" + id + "]"
		case len(p.Values) > 0:
			return strings.Join(p.Values, ", ")
		case p.Select != nil && len(p.Select.Choice) > 0:
			how := "Selection"
			if p.Select.HowMany == "one-or-more" {
				how = "Selection (one or more)"
			}
			choices := make([]string, 0, len(p.Select.Choice))
			for long, c := range p.Select.Choice {
				if long == 100 {
					choices = append(choices, "…")
					break
				}
				choices = append(choices, short(r.insert(c, level+1), 1000))
			}
			return short("["+how+": "+strings.Join(choices, "; ")+"]", 4000)
		case p.Label != "":
			return "[Assignment: " + short(r.insert(p.Label, level+1), 1000) + "]"
		}
		return "[" + id + "]"
	})
}
