package sqldb

import (
	"strconv"
	"strings"
)

// Where collects conditions of a list query. Conditions are constants with "?" for each value; values never enter the
// text.
type Where struct {
	conds []string
	args  []any
}

// Add adds a condition with its values.
func (w *Where) Add(cond string, args ...any) {
	var b strings.Builder
	for _, r := range cond {
		if r == '?' {
			w.args = append(w.args, args[0])
			args = args[1:]
			b.WriteString("$" + strconv.Itoa(len(w.args)))
			continue
		}
		b.WriteRune(r)
	}
	w.conds = append(w.conds, b.String())
}

// AddIf adds a condition when on holds.
func (w *Where) AddIf(on bool, cond string, args ...any) {
	if on {
		w.Add(cond, args...)
	}
}

// SQL is the conditions joined by AND; TRUE if there are none.
func (w *Where) SQL() string {
	if len(w.conds) == 0 {
		return "TRUE"
	}
	return strings.Join(w.conds, " AND ")
}

// Args are the values, in the order of their numbers.
func (w *Where) Args() []any { return w.args }

// Page is the LIMIT and OFFSET of a page.
func (w *Where) Page(size, offset int) string {
	return " LIMIT " + strconv.Itoa(size) + " OFFSET " + strconv.Itoa(offset)
}

// Like is a search text as a LIKE pattern that finds it anywhere, with "!" as the escape character.
func Like(s string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s) + "%"
}

// OrderBy is the ORDER BY of a list: the column a caller's sort name stands for, or the list's own order. Names that are
// not in the map do not reach the statement. tie makes equal rows stay in place from page to page.
func OrderBy(columns map[string]string, name string, desc bool, own, tie string) string {
	col, ok := columns[name]
	if !ok {
		return " ORDER BY " + own
	}
	if desc {
		return " ORDER BY " + col + " DESC, " + tie
	}
	return " ORDER BY " + col + ", " + tie
}

// In adds "column IN (values)". No values means no narrowing: callers that want nothing must not ask.
func (w *Where) In(column string, values []string) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.Add(column+` IN (?`+strings.Repeat(`, ?`, len(values)-1)+`)`, args...)
}

// LikeLower is Like for a column in lower case.
func LikeLower(s string) string { return Like(strings.ToLower(s)) }
