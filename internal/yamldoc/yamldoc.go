// Package yamldoc reads YAML that people write: strictly, in one document, and with the line of everything that is wrong.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds of a document. What is beyond them was made to exhaust us: no file of ours needs a tenth of either.
const (
	MaxBytes   = 4 << 20
	maxNesting = 40
)

// Problem is something wrong with a document.
type Problem struct {
	Line int // counted from 1; 0 if it has no place
	Text string
}

// String puts the line before the text.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Text
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Text)
}

// Error is everything that is wrong with a document.
type Error struct{ Problems []Problem }

// Error joins the problems.
func (e *Error) Error() string {
	out := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		out[i] = p.String()
	}
	return strings.Join(out, "; ")
}

func bad(line int, format string, args ...any) error {
	return &Error{[]Problem{{line, fmt.Sprintf(format, args...)}}}
}

// Document is a text that was read as YAML.
type Document struct {
	text []byte
	root *yaml.Node // nil if the text holds nothing
}

// Parse reads the syntax. Anchors, aliases, merge keys and tags are refused: they let a small file mean a large one, or
// something else than it shows. Errors are *Error.
func Parse(text []byte) (*Document, error) {
	if len(text) > MaxBytes {
		return nil, bad(0, "is larger than %d MiB", MaxBytes>>20)
	}
	if !utf8.Valid(text) {
		return nil, bad(0, "is not UTF-8 text")
	}
	if line := tooDeep(text); line > 0 {
		return nil, bad(line, "is nested too deeply")
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return &Document{text: text}, nil
		}
		return nil, explain(err)
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		return nil, bad(second.Line, "a second document begins; a file holds one")
	case !errors.Is(err, io.EOF):
		return nil, explain(err)
	}
	d := &Document{text: text}
	if len(doc.Content) == 1 {
		d.root = doc.Content[0]
	}
	if d.root != nil {
		if err := plain(d.root, 0); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// tooDeep finds the line in which lists and mappings open inside each other more often than in any file of ours. It looks
// at brackets and dashes only, and may count some in texts, which are far from the bound.
func tooDeep(text []byte) int {
	const bound = 1000 // what the parser takes in its stride
	open, line := 0, 1
	for _, row := range bytes.Split(text, []byte("\n")) {
		dashes := 0
		for _, c := range row {
			switch c {
			case '[', '{':
				open++
			case ']', '}':
				open = max(0, open-1)
			case '-', '?', ':':
				dashes++
			case ' ':
			default:
				dashes = 0
			}
			if open > bound || dashes > bound {
				return line
			}
		}
		line++
	}
	return 0
}

func plain(n *yaml.Node, depth int) error {
	switch {
	case depth > maxNesting:
		return bad(n.Line, "is nested too deeply")
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Tag == "!!merge" || n.Style&yaml.TaggedStyle != 0:
		return bad(n.Line, "anchors, aliases, merge keys and tags are not used here")
	}
	for _, c := range n.Content {
		if err := plain(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// Empty tells whether the document holds nothing.
func (d *Document) Empty() bool { return d.root == nil }

// IsMapping tells whether the document is a mapping of names to values.
func (d *Document) IsMapping() bool { return d.root != nil && d.root.Kind == yaml.MappingNode }

// Has tells whether a mapping has a name with a value.
func (d *Document) Has(name string) bool {
	_, v := member(d.root, name)
	return v != nil && v.Tag != "!!null"
}

// Decode fills a value. An unknown or repeated name is an error. Errors are *Error and list everything that is wrong.
func (d *Document) Decode(into any) error {
	if d.root == nil {
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(d.text))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		e := explain(err)
		for i, p := range e.Problems {
			if p.Line == 0 {
				e.Problems[i].Line = d.quoted(p.Text)
			}
		}
		return e
	}
	return nil
}

// Line is where a path such as "components.people[2].name" stands, or the nearest thing around it that is there.
func (d *Document) Line(path string) int {
	line, n := 1, d.root
	for n != nil && path != "" {
		var step string
		switch {
		case path[0] == '[':
			step, path, _ = strings.Cut(path[1:], "]")
			i, err := strconv.Atoi(step)
			if err != nil || n.Kind != yaml.SequenceNode || i < 0 || i >= len(n.Content) {
				return line
			}
			n = n.Content[i]
			line = n.Line
		default:
			path = strings.TrimPrefix(path, ".")
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			step, path = path[:end], path[end:]
			key, v := member(n, step)
			if v == nil {
				return line
			}
			line, n = key.Line, v
		}
	}
	return line
}

func member(n *yaml.Node, name string) (key, value *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// quoted is the first line with the scalar that a message quotes: types that read themselves, such as dates, name the value
// and not the place.
func (d *Document) quoted(text string) int {
	q := strings.Split(text, `"`)
	if len(q) < 3 {
		return 0
	}
	var find func(n *yaml.Node) int
	find = func(n *yaml.Node) int {
		if n.Kind == yaml.ScalarNode && n.Value == q[1] {
			return n.Line
		}
		for _, c := range n.Content {
			if l := find(c); l > 0 {
				return l
			}
		}
		return 0
	}
	return find(d.root)
}

var (
	placed  = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	typed   = regexp.MustCompile(`^field (\S+) not found in type \S+$`)
	wrong   = regexp.MustCompile("^cannot unmarshal !!(\\w+)(?: `(.*)`)? into (.*)$")
	instant = regexp.MustCompile(`^parsing time ("[^"]*") as .*$`)
	twice   = regexp.MustCompile(`^mapping key "?(.*?)"? already defined at line (\d+)$`)
)

// explain reads places and messages out of an error of the parser, in words for people who do not know Go.
func explain(err error) *Error {
	var many *yaml.TypeError
	rows := []string{err.Error()}
	if errors.As(err, &many) {
		rows = many.Errors
	}
	e := &Error{}
	for _, row := range rows {
		p := Problem{Text: strings.TrimPrefix(row, "yaml: ")}
		if m := placed.FindStringSubmatch(row); m != nil {
			p.Line, _ = strconv.Atoi(m[1])
			p.Text = m[2]
		}
		p.Text = instant.ReplaceAllString(p.Text, "$1 is no instant such as 2026-03-31T14:05:00Z")
		if m := typed.FindStringSubmatch(p.Text); m != nil {
			p.Text = fmt.Sprintf("unknown field %q", m[1])
		} else if m := twice.FindStringSubmatch(p.Text); m != nil {
			p.Text = fmt.Sprintf("%q is given twice, first in line %s", m[1], m[2])
		} else if m := wrong.FindStringSubmatch(p.Text); m != nil {
			p.Text = fmt.Sprintf("is %s, not %s", shown(m[1], m[2]), wanted(m[3]))
		}
		e.Problems = append(e.Problems, p)
	}
	return e
}

func shown(tag, value string) string {
	switch {
	case value != "":
		return strconv.Quote(value)
	case tag == "map":
		return "a mapping"
	case tag == "seq":
		return "a list"
	}
	return tag
}

func wanted(t string) string {
	t = strings.TrimPrefix(t, "*")
	switch {
	case t == "string":
		return "a text"
	case t == "bool":
		return "true or false"
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "float"), strings.HasPrefix(t, "uint"):
		return "a number"
	case t == "time.Time":
		return "an instant"
	case strings.HasPrefix(t, "[]"):
		return "a list"
	case strings.HasPrefix(t, "map["):
		return "a mapping"
	}
	return "what belongs here"
}

// Decode reads a whole document into a value; see Parse and Document.Decode.
func Decode(text []byte, into any) error {
	d, err := Parse(text)
	if err != nil {
		return err
	}
	return d.Decode(into)
}
