package okta

import (
	"fmt"
	"strings"
)

// filter is a parsed SCIM-style expression: comparisons joined by and, or, not and parentheses.
type filter func(get func(attribute string) (string, bool)) bool

// parseFilter reads an expression such as: status eq "ACTIVE" and lastUpdated gt "2026-01-01T00:00:00.000Z". Attributes
// must be among the allowed; instants compare as text, which works because they are all written the same way.
func parseFilter(text string, allowed func(attribute string) bool) (filter, error) {
	p := &filterParser{tokens: filterTokens(text), allowed: allowed}
	f, err := p.either()
	if err != nil {
		return nil, err
	}
	if len(p.tokens) > 0 {
		return nil, fmt.Errorf("unexpected %q", p.tokens[0])
	}
	return f, nil
}

type filterParser struct {
	tokens  []string
	allowed func(string) bool
	depth   int
}

func filterTokens(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ':
			i++
		case c == '(' || c == ')':
			out = append(out, s[i:i+1])
			i++
		case c == '"':
			end := strings.IndexByte(s[i+1:], '"')
			if end < 0 {
				return append(out, s[i:])
			}
			out = append(out, s[i:i+end+2])
			i += end + 2
		default:
			from := i
			for i < len(s) && strings.IndexByte(` ()"`, s[i]) < 0 {
				i++
			}
			out = append(out, s[from:i])
		}
	}
	return out
}

func (p *filterParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *filterParser) next() string {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *filterParser) either() (filter, error) {
	left, err := p.both()
	for err == nil && strings.EqualFold(p.peek(), "or") {
		p.next()
		var right filter
		if right, err = p.both(); err == nil {
			a, b := left, right
			left = func(get func(string) (string, bool)) bool { return a(get) || b(get) }
		}
	}
	return left, err
}

func (p *filterParser) both() (filter, error) {
	left, err := p.one()
	for err == nil && strings.EqualFold(p.peek(), "and") {
		p.next()
		var right filter
		if right, err = p.one(); err == nil {
			a, b := left, right
			left = func(get func(string) (string, bool)) bool { return a(get) && b(get) }
		}
	}
	return left, err
}

func (p *filterParser) one() (filter, error) {
	if p.depth++; p.depth > 200 {
		return nil, fmt.Errorf("the expression is too long")
	}
	if strings.EqualFold(p.peek(), "not") {
		p.next()
		f, err := p.one()
		return func(get func(string) (string, bool)) bool { return !f(get) }, err
	}
	if p.peek() == "(" {
		p.next()
		f, err := p.either()
		if err == nil && p.next() != ")" {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return f, err
	}
	attribute, op := p.next(), strings.ToLower(p.next())
	if !p.allowed(attribute) {
		return nil, fmt.Errorf("invalid property: %q", attribute)
	}
	if op == "pr" {
		return func(get func(string) (string, bool)) bool { v, ok := get(attribute); return ok && v != "" }, nil
	}
	value := p.next()
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return nil, fmt.Errorf("invalid value %q of %s", value, attribute)
	}
	value = value[1 : len(value)-1]
	compare, ok := operators[op]
	if !ok {
		return nil, fmt.Errorf("invalid operator %q", op)
	}
	return func(get func(string) (string, bool)) bool { v, ok := get(attribute); return ok && compare(v, value) }, nil
}

var operators = map[string]func(v, want string) bool{
	"eq": strings.EqualFold,
	"ne": func(v, want string) bool { return !strings.EqualFold(v, want) },
	"gt": func(v, want string) bool { return v > want },
	"ge": func(v, want string) bool { return v >= want },
	"lt": func(v, want string) bool { return v < want },
	"le": func(v, want string) bool { return v <= want },
	"sw": func(v, want string) bool { return strings.HasPrefix(strings.ToLower(v), strings.ToLower(want)) },
	"ew": func(v, want string) bool { return strings.HasSuffix(strings.ToLower(v), strings.ToLower(want)) },
	"co": func(v, want string) bool { return strings.Contains(strings.ToLower(v), strings.ToLower(want)) },
}
