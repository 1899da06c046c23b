package github

import (
	"fmt"
	"strings"
)

// parseGraph reads a GraphQL query: an optional "query Name($x: T)" and a selection of fields with aliases, arguments and
// variables. It knows no fragments, directives or mutations.
func parseGraph(text string, variables map[string]any) ([]field, error) {
	p := &graphParser{tokens: graphTokens(text), variables: variables}
	if p.peek() == "query" {
		p.next()
		for p.peek() != "{" && p.peek() != "" {
			p.next()
		}
	}
	out, err := p.selection(0)
	if err != nil {
		return nil, err
	}
	if p.peek() != "" {
		return nil, complain("Parse error on %q", p.peek())
	}
	return out, nil
}

type graphParser struct {
	tokens    []string
	variables map[string]any
}

// graphTokens cuts a query into names, numbers, strings with their quotes, and marks.
func graphTokens(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '#':
			for i < len(s) && s[i] != '\n' {
				i++
			}
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			i++
		case c == '"':
			end := strings.IndexByte(s[i+1:], '"')
			if end < 0 {
				return append(out, "\x00")
			}
			out = append(out, s[i:i+end+2])
			i += end + 2
		case strings.IndexByte("{}():!=[]$@|", c) >= 0:
			out = append(out, s[i:i+1])
			i++
		default:
			from := i
			for i < len(s) && strings.IndexByte(" \t\r\n,{}():!=[]$@|\"#", s[i]) < 0 {
				i++
			}
			out = append(out, s[from:i])
		}
	}
	return out
}

func (p *graphParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *graphParser) next() string {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *graphParser) expect(t string) error {
	if got := p.next(); got != t {
		return complain("Parse error on %q, expected %q", got, t)
	}
	return nil
}

func name(s string) bool {
	return s != "" && (s[0] == '_' || s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
}

func (p *graphParser) selection(depth int) ([]field, error) {
	if depth > 20 {
		return nil, complain("Query is too deep")
	}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	var out []field
	for p.peek() != "}" {
		f := field{name: p.next()}
		if p.peek() == ":" {
			p.next()
			f.alias, f.name = f.name, p.next()
		}
		if !name(f.name) {
			return nil, complain("Parse error on %q", f.name)
		}
		if p.peek() == "(" {
			var err error
			if f.args, err = p.arguments(); err != nil {
				return nil, err
			}
		}
		if p.peek() == "{" {
			var err error
			if f.of, err = p.selection(depth + 1); err != nil {
				return nil, err
			}
		}
		out = append(out, f)
	}
	p.next()
	return out, nil
}

func (p *graphParser) arguments() (map[string]string, error) {
	p.next()
	args := map[string]string{}
	for p.peek() != ")" {
		key := p.next()
		if !name(key) {
			return nil, complain("Parse error on %q", key)
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		v := p.next()
		switch {
		case v == "$":
			args[key] = variable(p.variables[p.next()])
		case strings.HasPrefix(v, `"`) && len(v) > 1:
			args[key] = v[1 : len(v)-1]
		case v == "null":
		default:
			args[key] = v
		}
	}
	p.next()
	return args, nil
}

func variable(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return ""
}
