package event

import (
	"net/netip"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// step is one name of a path. Lists are walked through: a name after a list is asked of each of its members.
type step struct {
	name       string
	key, value string // of [key=value]: only members in which key is value
}

// path leads to values of a record: "userIdentity.arn", "events.parameters[name=USER_EMAIL].value". "\." is a dot of a name,
// "^" at the beginning goes back from a member of a list to the whole record.
type path struct {
	steps []step
	whole bool
}

func parsePath(text string) (path, error) {
	var p path
	text, p.whole = strings.CutPrefix(text, "^")
	if text == "" {
		return p, nil
	}
	const dot = "\x00"
	for _, part := range strings.Split(strings.ReplaceAll(text, `\.`, dot), ".") {
		part = strings.ReplaceAll(part, dot, ".")
		name, rest, filtered := strings.Cut(part, "[")
		s := step{name: name}
		if filtered {
			var eq bool
			s.key, s.value, eq = strings.Cut(strings.TrimSuffix(rest, "]"), "=")
			if !eq || !strings.HasSuffix(rest, "]") {
				return p, errs.New(errs.Invalid, "%q is no path: a condition is written [name=value]", text)
			}
		}
		if name == "" {
			return p, errs.New(errs.Invalid, "%q is no path: a name is missing", text)
		}
		p.steps = append(p.steps, s)
	}
	return p, nil
}

func (p *path) from(at int) int {
	if p.whole {
		return 0
	}
	return at
}

// first is the first value with a text the path leads to, or -1.
func (p *path) first(r *record, at int) int { return r.first(p.steps, p.from(at)) }

func (r *record) first(steps []step, n int) int {
	x := &r.nodes[n]
	if x.kind == arrayNode {
		for i := n + 1; i < int(x.next); i = int(r.nodes[i].next) {
			if found := r.first(steps, i); found >= 0 {
				return found
			}
		}
		return -1
	}
	if len(steps) == 0 {
		if (x.kind == textNode || x.kind == numberNode || x.kind == boolNode) && x.to > x.from {
			return n
		}
		return -1
	}
	s := &steps[0]
	next := r.member(n, s.name)
	if next < 0 {
		return -1
	}
	if s.key == "" {
		return r.first(steps[1:], next)
	}
	for i, end := r.members(next); i < end; i = int(r.nodes[i].next) {
		if r.matches(i, s) {
			if found := r.first(steps[1:], i); found >= 0 {
				return found
			}
		}
	}
	return -1
}

// members are the bounds of what a list holds; another value is a list of one.
func (r *record) members(n int) (from, end int) {
	if r.nodes[n].kind == arrayNode {
		return n + 1, int(r.nodes[n].next)
	}
	return n, n + 1
}

func (r *record) matches(n int, s *step) bool {
	i := r.member(n, s.key)
	return i >= 0 && r.textOf(i) == s.value
}

// each gives every value the path leads to, objects too.
func (r *record) each(steps []step, n int, give func(n int)) {
	if r.nodes[n].kind == arrayNode {
		for i := n + 1; i < int(r.nodes[n].next); i = int(r.nodes[i].next) {
			r.each(steps, i, give)
		}
		return
	}
	if len(steps) == 0 {
		give(n)
		return
	}
	s := &steps[0]
	next := r.member(n, s.name)
	if next < 0 {
		return
	}
	if s.key == "" {
		r.each(steps[1:], next, give)
		return
	}
	for i, end := r.members(next); i < end; i = int(r.nodes[i].next) {
		if r.matches(i, s) {
			r.each(steps[1:], i, give)
		}
	}
}

// verb changes a text that was found.
type verb struct{ name, arg string }

func (v verb) apply(t string) string {
	switch v.name {
	case "lower":
		return strings.ToLower(t)
	case "before": // what stands before the first, or all
		t, _, _ = strings.Cut(t, v.arg)
	case "after": // what stands behind the first, or nothing
		_, t, _ = strings.Cut(t, v.arg)
	case "tail": // what stands behind the last, or all
		if i := strings.LastIndex(t, v.arg); i >= 0 {
			t = t[i+len(v.arg):]
		}
	case "head": // what stands before the last, or all
		if i := strings.LastIndex(t, v.arg); i >= 0 {
			t = t[:i]
		}
	}
	return t
}

// take is a path and what is done with the text it leads to.
type take struct {
	literal string // stands for itself; then there is no path
	path    path
	verbs   []verb
}

func parseTake(text string) (take, error) {
	parts := strings.Split(text, "|")
	p, err := parsePath(parts[0])
	if err != nil {
		return take{}, err
	}
	t := take{path: p}
	for _, part := range parts[1:] {
		name, arg, _ := strings.Cut(part, ":")
		switch name {
		case "lower":
		case "before", "after", "tail", "head":
			if arg == "" {
				return t, errs.New(errs.Invalid, "%q needs what to look for, as in before:/", name)
			}
		default:
			return t, errs.New(errs.Invalid, "there is nothing called %q that can be done with a text", name)
		}
		t.verbs = append(t.verbs, verb{name, arg})
	}
	return t, nil
}

func (t *take) text(r *record, at int) string {
	if t.literal != "" {
		return t.literal
	}
	n := t.path.first(r, at)
	if n < 0 {
		return ""
	}
	text := r.textOf(n)
	for _, v := range t.verbs {
		text = v.apply(text)
	}
	return text
}

// template is text with takes in braces. It says nothing if one of them finds nothing.
type template []take

func parseTemplate(text string) (template, error) {
	var out template
	if !strings.Contains(text, "{") {
		t, err := parseTake(text)
		return template{t}, err
	}
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if before != "" {
			out = append(out, take{literal: before})
		}
		if !found {
			break
		}
		inner, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, errs.New(errs.Invalid, "%q: a brace is not closed", text)
		}
		t, err := parseTake(inner)
		if err != nil {
			return nil, err
		}
		out, text = append(out, t), after
	}
	return out, nil
}

func (t template) text(r *record, at int) string {
	if len(t) == 1 {
		return t[0].text(r, at)
	}
	var room [4]string
	parts := room[:0]
	for i := range t {
		part := t[i].text(r, at)
		if part == "" {
			return ""
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "")
}

// test asks whether a text of the record is one of some patterns.
type test struct {
	take     take
	patterns []string // "" is a text that is not there; "!x" is not x; after the last "!x" all else is allowed
}

// condition is a list of tests that must all hold.
type condition []test

func (c condition) holds(r *record, at int) bool {
	for i := range c {
		if !c[i].holds(r, at) {
			return false
		}
	}
	return true
}

func (t *test) holds(r *record, at int) bool {
	text := t.take.text(r, at)
	for _, p := range t.patterns {
		if not, negated := strings.CutPrefix(p, "!"); negated {
			if glob(not, text) {
				return false
			}
		} else if glob(p, text) {
			return true
		}
	}
	return strings.HasPrefix(t.patterns[len(t.patterns)-1], "!")
}

// glob matches a text with a pattern in which * stands for any text but none at all when it stands alone.
func glob(pattern, text string) bool {
	if pattern == "*" {
		return text != ""
	}
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	for _, part := range parts[:len(parts)-1] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}

// address is an IP as netip writes it; a port, brackets and a zone are left out. What is none, as the name of a service, is empty.
func address(text string) string {
	if text == "" {
		return ""
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		if p, err := netip.ParseAddrPort(text); err == nil {
			a = p.Addr()
		} else if a, err = netip.ParseAddr(strings.Trim(text, "[]")); err != nil {
			return ""
		}
	}
	a = a.Unmap().WithZone("")
	var room [48]byte
	if b := a.AppendTo(room[:0]); string(b) == text {
		return text
	}
	return a.String()
}
