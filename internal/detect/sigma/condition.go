package sigma

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds of a condition. The longest of the public rules has 25 words.
const (
	maxConditionBytes = 16 << 10
	maxConditionDepth = 64
)

// ParseCondition reads a condition over search identifiers: or, and, not, parentheses, "N of pattern", "all of pattern" and
// "them". From least to most binding: or, and, not, of. A name or a pattern that means no identifier is an error, as is the
// old form with a pipe.
func ParseCondition(text string, names []string) (Expr, error) {
	if len(text) > maxConditionBytes {
		return Expr{}, fmt.Errorf("the condition is longer than %d bytes", maxConditionBytes)
	}
	p := &conditionParser{names: names, words: words(text)}
	if len(p.words) == 0 {
		return Expr{}, fmt.Errorf("the condition is empty")
	}
	for _, w := range p.words {
		if w == "|" {
			return Expr{}, fmt.Errorf("the condition holds an aggregation after a pipe, which the specification replaced by correlations")
		}
	}
	e, err := p.or(0)
	if err == nil && p.at < len(p.words) {
		err = fmt.Errorf("the condition goes on after its end with %q", p.words[p.at])
	}
	return e, err
}

// words splits at white space, and around parentheses and pipes.
func words(text string) []string {
	var out []string
	start := -1
	end := func(i int) {
		if start >= 0 {
			out = append(out, text[start:i])
			start = -1
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\n', '\r':
			end(i)
		case '(', ')', '|':
			end(i)
			out = append(out, text[i:i+1])
		default:
			if start < 0 {
				start = i
			}
		}
	}
	end(len(text))
	return out
}

type conditionParser struct {
	names []string
	words []string
	at    int
}

func (p *conditionParser) peek() string {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return ""
}

// operator tells whether the next word is an operator; one may write it in capitals.
func (p *conditionParser) operator(name string) bool { return strings.EqualFold(p.peek(), name) }

func (p *conditionParser) or(depth int) (Expr, error)  { return p.chain(Or, "or", depth, p.and) }
func (p *conditionParser) and(depth int) (Expr, error) { return p.chain(And, "and", depth, p.not) }

func (p *conditionParser) chain(op Op, word string, depth int, next func(int) (Expr, error)) (Expr, error) {
	first, err := next(depth)
	if err != nil {
		return first, err
	}
	of := []Expr{first}
	for p.operator(word) {
		p.at++
		e, err := next(depth)
		if err != nil {
			return e, err
		}
		of = append(of, e)
	}
	if len(of) == 1 {
		return first, nil
	}
	return Expr{Op: op, Of: of}, nil
}

func (p *conditionParser) not(depth int) (Expr, error) {
	if depth > maxConditionDepth {
		return Expr{}, fmt.Errorf("the condition is nested more than %d deep", maxConditionDepth)
	}
	if !p.operator("not") {
		return p.primary(depth)
	}
	p.at++
	e, err := p.not(depth + 1)
	return Expr{Op: Not, Of: []Expr{e}}, err
}

func (p *conditionParser) primary(depth int) (Expr, error) {
	word := p.peek()
	switch {
	case word == "":
		return Expr{}, fmt.Errorf("the condition ends where a search identifier should stand")
	case word == "(":
		p.at++
		e, err := p.or(depth + 1)
		if err != nil {
			return e, err
		}
		if p.peek() != ")" {
			return e, fmt.Errorf("the condition has a parenthesis that is not closed")
		}
		p.at++
		return e, nil
	case word == ")", p.operator("and"), p.operator("or"), p.operator("of"):
		return Expr{}, fmt.Errorf("the condition has %q where a search identifier should stand", word)
	}
	p.at++
	if p.operator("of") {
		p.at++
		return p.some(word)
	}
	for _, n := range p.names {
		if n == word {
			return Expr{Op: Ref, Name: word}, nil
		}
	}
	return Expr{}, fmt.Errorf("the condition names %q, which is no search identifier of the rule", word)
}

func (p *conditionParser) some(count string) (Expr, error) {
	pattern := p.peek()
	if pattern == "" || pattern == "(" || pattern == ")" {
		return Expr{}, fmt.Errorf("the condition says %q of nothing", count)
	}
	p.at++
	var of []Expr
	for _, n := range p.names {
		if matchesName(pattern, n) {
			of = append(of, Expr{Op: Ref, Name: n})
		}
	}
	if len(of) == 0 {
		return Expr{}, fmt.Errorf("the condition asks for %s of %q, which means no search identifier", count, pattern)
	}
	n, err := strconv.Atoi(count)
	switch {
	case strings.EqualFold(count, "all"):
		n = len(of)
	case strings.EqualFold(count, "any"):
		n = 1
	case err != nil || n < 1:
		return Expr{}, fmt.Errorf("the condition asks for %q of %q; a number from 1, any or all can stand there", count, pattern)
	case n > len(of):
		return Expr{}, fmt.Errorf("the condition asks for %d of %q, which means %d, and could never hold", n, pattern, len(of))
	}
	switch {
	case len(of) == 1:
		return of[0], nil
	case n == len(of):
		return Expr{Op: And, Of: of}, nil
	case n == 1:
		return Expr{Op: Or, Of: of}, nil
	}
	return Expr{Op: AtLeast, N: n, Of: of}, nil
}

// matchesName compares a search identifier with a pattern of a condition. Identifiers that begin with "_" are left out unless
// the pattern begins so too.
func matchesName(pattern, name string) bool {
	if strings.HasPrefix(name, "_") && !strings.HasPrefix(pattern, "_") {
		return false
	}
	if strings.EqualFold(pattern, "them") {
		return true
	}
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	last := parts[len(parts)-1]
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	rest := name[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, last)
}
