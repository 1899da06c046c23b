package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

// MaxFile bounds a file of a folder, in bytes: the longest text in the longest encoding, and what stands before it.
const MaxFile = 512 << 10

// File is a policy as a file: what stands before its text, and the text.
type File struct {
	Name   string // of the file: slug.md
	Slug   string
	Owner  string // email; empty for whoever imports it
	Months int    // 0 when the file says nothing
	Text   Text
}

// Problem is what is wrong with a file.
type Problem struct {
	Line int // from 1; 0 if it has no place
	Text string
}

// String puts the line before the text.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Text
	}
	return "line " + strconv.Itoa(p.Line) + ": " + p.Text
}

// front is what stands before the text of a file.
type front struct {
	Slug     string   `yaml:"slug"`
	Title    string   `yaml:"title"`
	Summary  string   `yaml:"summary"`
	Owner    string   `yaml:"owner"`
	Months   int      `yaml:"review_months"`
	Audience []string `yaml:"audience"`
	Controls []string `yaml:"controls"`
	Criteria []string `yaml:"criteria"`
}

const fence = "---\n"

// ParseFile reads a policy from a file: YAML between two lines of three hyphens, then Markdown. Problems are everything that is
// wrong with it, with their lines.
func ParseFile(name string, raw []byte) (File, []Problem) {
	f := File{Name: name}
	bad := func(line int, what string) (File, []Problem) { return f, []Problem{{line, what}} }
	switch {
	case len(raw) > MaxFile:
		return bad(0, "is larger than "+strconv.Itoa(MaxFile>>10)+" KiB")
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return bad(0, "is UTF-16; save it as UTF-8")
	case !utf8.Valid(raw):
		return bad(lineOf(raw), "is not UTF-8: save it in that encoding")
	case bytes.IndexByte(raw, 0) >= 0:
		return bad(1+bytes.Count(raw[:bytes.IndexByte(raw, 0)], []byte("\n")), "holds a zero byte: this is no text")
	}
	s := strings.TrimPrefix(string(raw), "\ufeff")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	if !strings.HasPrefix(s, fence) {
		return bad(1, "does not begin with --- and what the policy is called (title: …)")
	}
	head, body, ok := strings.Cut(s[len(fence):], "\n"+fence)
	if !ok {
		return bad(1, "what stands before the text does not end: a line with --- is missing")
	}
	var x front
	if err := yamldoc.Decode([]byte(head), &x); err != nil {
		var e *yamldoc.Error
		if !errors.As(err, &e) {
			return bad(0, err.Error())
		}
		var all []Problem
		for _, p := range e.Problems {
			if p.Line > 0 {
				p.Line++ // of the file: the fence is its first
			}
			all = append(all, Problem{p.Line, p.Text})
		}
		return f, all
	}
	f.Slug, f.Owner, f.Months = x.Slug, strings.TrimSpace(x.Owner), x.Months
	f.Text = Text{Title: text.Line(x.Title), Summary: text.Line(x.Summary), Body: text.Prose(body), Controls: refs(x.Controls), Criteria: refs(x.Criteria), Audience: lines(x.Audience)}
	if f.Slug == "" {
		f.Slug = Slug(strings.TrimSuffix(name, ".md"))
	}
	var all []Problem
	if f.Text.Title == "" {
		all = append(all, Problem{2, "has no title"})
	}
	if !slugForm.MatchString(f.Slug) || len(f.Slug) > maxSlug {
		all = append(all, Problem{2, "the short name " + strconv.Quote(clip(f.Slug)) + " has other characters than small letters, figures and hyphens"})
	}
	if f.Text.Body == "" {
		all = append(all, Problem{2 + strings.Count(head, "\n") + 2, "has no text"})
	}
	return f, all
}

// lineOf is the line of the first byte that is no UTF-8.
func lineOf(raw []byte) int {
	line := 1
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		if r == utf8.RuneError && n == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		raw = raw[n:]
	}
	return line
}

// Format writes a policy as a file. What it writes, ParseFile reads back, and writing that again gives the same bytes.
func (f File) Format() []byte {
	var b bytes.Buffer
	b.WriteString(fence)
	put := func(key, value string) {
		if value != "" {
			b.WriteString(key + ": " + scalar(value) + "\n")
		}
	}
	put("slug", f.Slug)
	put("title", f.Text.Title)
	put("summary", f.Text.Summary)
	put("owner", f.Owner)
	if f.Months > 0 {
		b.WriteString("review_months: " + strconv.Itoa(f.Months) + "\n")
	}
	for _, l := range []struct {
		key  string
		list []string
	}{{"audience", f.Text.Audience}, {"controls", f.Text.Controls}, {"criteria", f.Text.Criteria}} {
		if len(l.list) == 0 {
			continue
		}
		all := make([]string, len(l.list))
		for i, s := range l.list {
			all[i] = scalar(s)
		}
		b.WriteString(l.key + ": [" + strings.Join(all, ", ") + "]\n")
	}
	b.WriteString(fence + "\n" + f.Text.Body + "\n")
	return b.Bytes()
}

// plainScalar is what YAML reads as the text it is, inside and outside of a list.
var plainScalar = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*([ ./@_-]?[A-Za-z0-9]+)*$`)

// scalar writes a text so that YAML reads it back as a text.
func scalar(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
	default:
		if plainScalar.MatchString(s) {
			return s
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b) // text in JSON is text in YAML
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSpace(b.String())
}
