package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds of a file. What is beyond them was made to exhaust us: the largest public rule has 30 kB.
const (
	maxFileBytes = 4 << 20
	maxNesting   = 24
	maxBrackets  = 200
	maxPredicate = 50_000 // values of one line
)

// Add reads the documents of a file into the set. What is wrong with one of them goes to Refused; others are not touched.
func (s *Set) Add(path string, text []byte) {
	refuse := func(line int, reason string) {
		s.Refused = append(s.Refused, Refusal{Path: path, Line: line, Reason: reason})
	}
	switch {
	case len(text) > maxFileBytes:
		refuse(0, fmt.Sprintf("is larger than %d MiB", maxFileBytes>>20))
		return
	case !utf8.Valid(text):
		refuse(0, "is not UTF-8 text")
		return
	case tooManyBrackets(text):
		refuse(0, "is nested too deeply")
		return
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for found := 0; ; found++ {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			if found == 0 {
				refuse(0, "holds no document")
			}
			return
		}
		if err != nil {
			line, reason := yamlFault(err)
			refuse(line, reason)
			return
		}
		if len(doc.Content) == 1 {
			s.document(path, doc.Content[0])
		}
	}
}

// tooManyBrackets guards the YAML parser, which is slow on deep nesting. It looks at flow brackets and at runs of dashes.
func tooManyBrackets(text []byte) bool {
	open, dashes := 0, 0
	for _, c := range text {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		case '\n':
			open, dashes = 0, 0 // texts hold single brackets; flow lists of rules stay on a few lines
		case '-', '?', ':':
			dashes++
		case ' ':
		default:
			dashes = 0
		}
		if open > maxBrackets || dashes > maxBrackets {
			return true
		}
	}
	return false
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func yamlFault(err error) (int, string) {
	m := yamlLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	if m == nil {
		return 0, err.Error()
	}
	line, _ := strconv.Atoi(m[1])
	return line, "is no YAML: " + m[2]
}

func (s *Set) document(path string, n *yaml.Node) {
	h := Header{Path: path, Line: n.Line}
	err := plainYAML(n, 0)
	if err == nil {
		err = s.read(&h, n)
	}
	if err == nil {
		return
	}
	r := Refusal{Path: path, ID: h.ID, Title: h.Title, Line: h.Line, Reason: err.Error()}
	var at *located
	if errors.As(err, &at) && at.line > 0 {
		r.Line = at.line
	}
	s.Refused = append(s.Refused, r)
}

// plainYAML refuses what lets a small file mean a large one or something else than it shows, and names given twice.
func plainYAML(n *yaml.Node, depth int) error {
	switch {
	case depth > maxNesting:
		return faultf(n.Line, "is nested too deeply")
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Tag == "!!merge" || n.Style&yaml.TaggedStyle != 0:
		return faultf(n.Line, "anchors, aliases, merge keys and tags are not used in rules")
	}
	if n.Kind == yaml.MappingNode {
		lines := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				return faultf(k.Line, "a name is no text")
			}
			if first, ok := lines[k.Value]; ok {
				return faultf(k.Line, "%q is given twice, first in line %d", k.Value, first)
			}
			lines[k.Value] = k.Line
		}
	}
	for _, c := range n.Content {
		if err := plainYAML(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) read(h *Header, n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return faultf(n.Line, "is no mapping of names to values")
	}
	if v := member(n, "id"); v != nil && v.Kind == yaml.ScalarNode {
		h.ID = v.Value
	}
	if err := h.read(n); err != nil {
		return err
	}
	if v := member(n, "action"); v != nil {
		return faultf(v.Line, "action documents were replaced by correlations and filters")
	}
	switch {
	case member(n, "correlation") != nil:
		c, err := readCorrelation(*h, n)
		if err == nil {
			s.Correlations = append(s.Correlations, c)
		}
		return err
	case member(n, "filter") != nil:
		f, err := readFilter(*h, n)
		if err == nil {
			s.Filters = append(s.Filters, f)
		}
		return err
	}
	r, err := readRule(*h, n)
	if err == nil {
		s.Rules = append(s.Rules, r)
	}
	return err
}

var levels = []string{"informational", "low", "medium", "high", "critical"}

func (h *Header) read(n *yaml.Node) error {
	for _, x := range []struct {
		name string
		to   *string
	}{
		{"title", &h.Title}, {"name", &h.Name}, {"status", &h.Status}, {"description", &h.Description}, {"author", &h.Author},
		{"level", &h.Level}, {"date", &h.Date}, {"modified", &h.Modified},
	} {
		v := member(n, x.name)
		if v == nil || v.Tag == "!!null" {
			continue
		}
		if v.Kind != yaml.ScalarNode {
			return faultf(v.Line, "%s is no text", x.name)
		}
		*x.to = v.Value
	}
	for _, x := range []struct {
		name string
		to   *[]string
	}{{"tags", &h.Tags}, {"references", &h.References}, {"falsepositives", &h.FalsePositives}} {
		v := member(n, x.name)
		if v == nil {
			continue
		}
		list, err := texts(v, x.name)
		if err != nil {
			return err
		}
		*x.to = list
	}
	if v := member(n, "taxonomy"); v != nil && v.Value != "sigma" {
		return faultf(v.Line, "taxonomy %q is not known; rules here use the default one, sigma", v.Value)
	}
	switch {
	case h.Title == "":
		return faultf(n.Line, "has no title")
	case h.Level != "" && !slices.Contains(levels, h.Level):
		return faultf(member(n, "level").Line, "level %q is none of %s", h.Level, strings.Join(levels, ", "))
	case h.Status == "unsupported":
		return faultf(member(n, "status").Line, "its status says that it cannot be used as it is")
	}
	return nil
}

// texts reads a text or a list of texts.
func texts(n *yaml.Node, what string) ([]string, error) {
	if n.Tag == "!!null" {
		return nil, nil
	}
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	out := make([]string, 0, len(list))
	for _, c := range list {
		if c.Kind != yaml.ScalarNode {
			return nil, faultf(c.Line, "%s holds something that is no text", what)
		}
		out = append(out, c.Value)
	}
	return out, nil
}

func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

func readSource(n *yaml.Node) (LogSource, error) {
	v := member(n, "logsource")
	if v == nil || v.Kind != yaml.MappingNode {
		return LogSource{}, faultf(n.Line, "has no logsource")
	}
	var s LogSource
	for i := 0; i+1 < len(v.Content); i += 2 {
		var to *string
		switch v.Content[i].Value {
		case "product":
			to = &s.Product
		case "category":
			to = &s.Category
		case "service":
			to = &s.Service
		default:
			continue // definition and others are for people
		}
		c := v.Content[i+1]
		if c.Kind != yaml.ScalarNode {
			return s, faultf(c.Line, "%s of the log source is no text", v.Content[i].Value)
		}
		if c.Tag != "!!null" {
			*to = strings.ToLower(c.Value)
		}
	}
	if s == (LogSource{}) {
		return s, faultf(v.Line, "the log source names neither product nor category nor service")
	}
	return s, nil
}

func readRule(h Header, n *yaml.Node) (*Rule, error) {
	r := &Rule{Header: h}
	var err error
	if r.Source, err = readSource(n); err != nil {
		return nil, err
	}
	d := member(n, "detection")
	if d == nil || d.Kind != yaml.MappingNode {
		return nil, faultf(n.Line, "has no detection")
	}
	if v := member(d, "timeframe"); v != nil {
		return nil, faultf(v.Line, "timeframe belongs to aggregations, which the specification replaced by correlations")
	}
	if r.Detections, r.Conditions, err = readDetections(d, nil); err != nil {
		return nil, err
	}
	if v := member(n, "fields"); v != nil {
		if r.Fields, err = texts(v, "fields"); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// readDetections reads search identifiers and the condition over them. Names in skip are neither.
func readDetections(d *yaml.Node, skip []string) ([]Detection, []Expr, error) {
	var out []Detection
	var names []string
	for i := 0; i+1 < len(d.Content); i += 2 {
		k, v := d.Content[i], d.Content[i+1]
		if k.Value == "condition" || slices.Contains(skip, k.Value) {
			continue
		}
		if k.Value == "" || strings.ContainsAny(k.Value, " \t\n()*") {
			return nil, nil, faultf(k.Line, "%q cannot be a search identifier", k.Value)
		}
		sel, err := readSelection(v, k.Value)
		if err != nil {
			return nil, nil, err
		}
		names = append(names, k.Value)
		out = append(out, Detection{Name: k.Value, Root: sel})
	}
	c := member(d, "condition")
	if c == nil {
		return nil, nil, faultf(d.Line, "has no condition")
	}
	list, err := texts(c, "condition")
	if err != nil {
		return nil, nil, err
	}
	if len(list) == 0 {
		return nil, nil, faultf(c.Line, "the condition is empty")
	}
	var exprs []Expr
	for _, text := range list {
		e, err := ParseCondition(text, names)
		if err != nil {
			return nil, nil, faultf(c.Line, "%s", err)
		}
		exprs = append(exprs, e)
	}
	return out, exprs, nil
}

func readSelection(n *yaml.Node, name string) (Selection, error) {
	switch n.Kind {
	case yaml.MappingNode:
		if len(n.Content) == 0 {
			return Selection{}, faultf(n.Line, "%s is empty", name)
		}
		s := Selection{Kind: Every}
		for i := 0; i+1 < len(n.Content); i += 2 {
			p, err := readPredicate(n.Content[i], n.Content[i+1])
			if err != nil {
				return s, err
			}
			s.Of = append(s.Of, Selection{Kind: Single, Test: p})
		}
		return s, nil
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			return Selection{}, faultf(n.Line, "%s is empty", name)
		}
		s := Selection{Kind: Either}
		for _, c := range n.Content {
			var of Selection
			var err error
			switch c.Kind {
			case yaml.MappingNode:
				of, err = readSelection(c, name)
			case yaml.ScalarNode:
				of, err = keyword(c)
			default:
				err = faultf(c.Line, "%s holds a list in a list", name)
			}
			if err != nil {
				return s, err
			}
			s.Of = append(s.Of, of)
		}
		return s, nil
	case yaml.ScalarNode:
		if n.Tag != "!!null" {
			return keyword(n)
		}
	}
	return Selection{}, faultf(n.Line, "%s selects nothing", name)
}

func keyword(n *yaml.Node) (Selection, error) {
	v, err := scalar(n)
	if err == nil && v.Kind == Null {
		err = faultf(n.Line, "null is no keyword")
	}
	return Selection{Kind: Single, Test: Predicate{Values: []Scalar{v}, Line: n.Line}}, err
}

func readPredicate(key, n *yaml.Node) (Predicate, error) {
	parts := strings.Split(key.Value, "|")
	p := Predicate{Field: parts[0], Modifiers: parts[1:], Line: key.Line}
	if p.Field == "" && len(p.Modifiers) == 0 {
		return p, faultf(key.Line, "a field has no name")
	}
	for _, m := range p.Modifiers {
		if !slices.Contains(modifiers, m) {
			return p, faultf(key.Line, "%s: modifier %q is not known", key.Value, m)
		}
	}
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
		if len(list) == 0 {
			return p, faultf(n.Line, "%s has an empty list", key.Value)
		}
		if len(list) > maxPredicate {
			return p, faultf(n.Line, "%s has more than %d values", key.Value, maxPredicate)
		}
	}
	for _, c := range list {
		v, err := scalar(c)
		if err != nil {
			return p, faultf(c.Line, "%s: %s", key.Value, err)
		}
		if v.Kind == Null && len(list) > 1 {
			return p, faultf(c.Line, "%s: null cannot stand in a list", key.Value)
		}
		p.Values = append(p.Values, v)
	}
	return p, nil
}

func scalar(n *yaml.Node) (Scalar, error) {
	if n.Kind != yaml.ScalarNode {
		return Scalar{}, faultf(n.Line, "a value is neither text nor number")
	}
	v := Scalar{Kind: Text, Text: n.Value}
	switch n.Tag {
	case "!!int", "!!float":
		v.Kind = Number
	case "!!bool":
		v.Kind = Bool
	case "!!null":
		v.Kind = Null
	}
	return v, nil
}

// readFilter reads a filter. "any" for its rules, of specification 2.2, means every rule of the log source.
func readFilter(h Header, n *yaml.Node) (*Filter, error) {
	f := &Filter{Header: h}
	var err error
	if f.Source, err = readSource(n); err != nil {
		return nil, err
	}
	d := member(n, "filter")
	if d.Kind != yaml.MappingNode {
		return nil, faultf(d.Line, "filter is no mapping")
	}
	rules := member(d, "rules")
	if rules == nil {
		return nil, faultf(d.Line, "the filter names no rules")
	}
	if f.Rules, err = texts(rules, "rules"); err != nil {
		return nil, err
	}
	switch {
	case rules.Kind == yaml.ScalarNode && rules.Value == "any":
		f.Rules = nil
	case len(f.Rules) == 0:
		return nil, faultf(rules.Line, "the filter names no rules")
	}
	f.Detections, f.Conditions, err = readDetections(d, []string{"rules"})
	return f, err
}
