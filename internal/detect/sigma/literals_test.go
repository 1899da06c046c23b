package sigma

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestNecessary(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string][]string{
		"abc":                       {"abc"},
		"^ABC$":                     {"abc"},
		"(?i)Straße":                {fold("straße")},
		"a.*bcd":                    {"bcd"},
		"(foo|barbaz)x":             {"foox", "barbazx"},
		"(foo|bar)+":                {"foo", "bar"},
		"(foo){2,3}":                {"foo"},
		"x?abc":                     {"abc", "xabc"},
		"[ab]cd":                    {"acd", "bcd"},
		"[Aa]bc":                    {"abc"},
		"a|bc":                      nil, // a letter alone is everywhere
		"[a-z]+":                    nil,
		".*":                        nil,
		"(abc)*":                    nil,
		"(abc|.)":                   nil,
		`\s['"]?C:\\Windows\\(A|B)`: {`c:\windows\a`, `c:\windows\b`},
	} {
		got := necessary(expression)
		slices.Sort(got)
		slices.Sort(want)
		if strings.HasPrefix(expression, `\s`) {
			for _, g := range got {
				if !strings.Contains(g, `c:\windows\`) {
					t.Errorf("%s: %q", expression, got)
				}
			}
			continue
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", expression, got, want)
		}
	}
}

// Where an expression finds something, one of the texts it needs is there.
func TestNecessaryIsNecessary(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	var expression func(depth int) string
	expression = func(depth int) string {
		if depth == 0 {
			return []string{"a", "b", "C", "k", "é", ".", "[ab]", "[^a]", "^", "$", `\b`, "ab", "Ca"}[r.IntN(13)]
		}
		x, y := expression(depth-1), expression(depth-1)
		return []string{x + y, x + y, x + y, "(" + x + "|" + y + ")", "(" + x + ")?" + y, "(" + x + ")+", x + "(" + y + "){1,2}", "(?i:" + x + ")" + y, "(" + x + ")*" + y}[r.IntN(9)]
	}
	needed := 0
	for range 4000 {
		e := expression(4)
		re, err := regexp.Compile(e)
		if err != nil {
			continue
		}
		texts := necessary(e)
		if texts == nil {
			continue
		}
		for range 40 {
			var b strings.Builder
			for range r.IntN(10) {
				b.WriteString([]string{"a", "b", "c", "C", "A", "k", "K", "é", "É", "ab", " "}[r.IntN(11)])
			}
			text := b.String()
			if !re.MatchString(text) {
				continue
			}
			needed++
			if !slices.ContainsFunc(texts, func(n string) bool { return strings.Contains(fold(text), n) }) {
				t.Fatalf("%s finds something in %q, which has none of %q", e, text, texts)
			}
		}
	}
	if needed < 1000 {
		t.Errorf("only %d were found", needed)
	}
}
