package sigma

import "regexp/syntax"

// Bounds of what is read out of a regular expression.
const (
	maxLiterals  = 32
	minLiteral   = 2
	maxClassSize = 8
)

// necessary gives folded texts of which at least one stands in every text that a regular expression finds something in, or
// nil. It follows the idea of Cox, Regular Expression Matching with a Trigram Index, 2012.
func necessary(expression string) []string {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	need := literalsOf(re).best()
	for _, n := range need {
		if len(n) < minLiteral {
			return nil
		}
	}
	return need
}

// literals is what is known about what an expression finds: all of it, or parts of it.
type literals struct {
	exact []string // everything it can find; nil if that is too much
	need  []string // one of them stands in what it finds
}

// best chooses the texts whose shortest is the longest.
func (l literals) best() []string {
	if shortest(l.exact) >= shortest(l.need) {
		return l.exact
	}
	return l.need
}

func shortest(texts []string) int {
	if len(texts) == 0 {
		return -1
	}
	n := len(texts[0])
	for _, t := range texts {
		n = min(n, len(t))
	}
	return n
}

func literalsOf(re *syntax.Regexp) literals {
	switch re.Op {
	case syntax.OpLiteral:
		return literals{exact: []string{fold(string(re.Rune))}}
	case syntax.OpCharClass:
		return classLiterals(re)
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return literals{exact: []string{""}}
	case syntax.OpCapture:
		return literalsOf(re.Sub[0])
	case syntax.OpPlus:
		return literals{need: literalsOf(re.Sub[0]).best()}
	case syntax.OpRepeat:
		if re.Min >= 1 {
			return literals{need: literalsOf(re.Sub[0]).best()}
		}
	case syntax.OpQuest:
		if l := literalsOf(re.Sub[0]); l.exact != nil && len(l.exact) < maxLiterals {
			return literals{exact: append([]string{""}, l.exact...)}
		}
	case syntax.OpConcat:
		return concatLiterals(re)
	case syntax.OpAlternate:
		return alternateLiterals(re)
	}
	return literals{}
}

func classLiterals(re *syntax.Regexp) literals {
	seen := map[string]bool{}
	var out literals
	for i := 0; i+1 < len(re.Rune); i += 2 {
		if re.Rune[i+1]-re.Rune[i] > 4*maxClassSize {
			return literals{}
		}
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			if f := string(foldRune(r)); !seen[f] {
				seen[f] = true
				out.exact = append(out.exact, f)
			}
		}
		if len(out.exact) > maxClassSize {
			return literals{}
		}
	}
	return out
}

func concatLiterals(re *syntax.Regexp) literals {
	whole := true
	run := []string{""}
	var need []string
	take := func(texts []string) {
		if shortest(texts) > shortest(need) {
			need = texts
		}
	}
	for _, sub := range re.Sub {
		l := literalsOf(sub)
		if l.exact != nil && len(l.exact)*len(run) <= maxLiterals {
			var next []string
			for _, a := range run {
				for _, b := range l.exact {
					next = append(next, a+b)
				}
			}
			run = next
			continue
		}
		whole = false
		take(run)
		take(l.best())
		run = []string{""}
		if l.exact != nil {
			run = l.exact
		}
	}
	take(run)
	if whole {
		return literals{exact: run, need: need}
	}
	return literals{need: need}
}

func alternateLiterals(re *syntax.Regexp) literals {
	var out literals
	exact, need := true, true
	for _, sub := range re.Sub {
		l := literalsOf(sub)
		exact = exact && l.exact != nil
		out.exact = append(out.exact, l.exact...)
		best := l.best()
		need = need && best != nil
		out.need = append(out.need, best...)
	}
	if !exact || len(out.exact) > maxLiterals {
		out.exact = nil
	}
	if !need || len(out.need) > 8*maxLiterals {
		out.need = nil
	}
	return out
}
