// Package textdiff compares two texts, word by word or line by line, for people who decide about a change.
package textdiff

import (
	"strings"
	"unicode"
)

// Op is what happened to a piece of text.
type Op uint8

// A piece is in both texts, only in the old one, or only in the new one.
const (
	Same Op = iota
	Gone
	Added
)

// Piece is a stretch of text with the same fate.
type Piece struct {
	Op   Op
	Text string
}

// Words compares two texts by words. The Same and Gone pieces together are the old text, the Same and Added pieces the new
// one, to the last space.
func Words(was, is string) []Piece {
	var out []Piece
	for _, s := range compare(words(was), words(is)) {
		if n := len(out); n > 0 && out[n-1].Op == s.op {
			out[n-1].Text += s.text
			continue
		}
		out = append(out, Piece{s.op, s.text})
	}
	return out
}

// Line is a line of either text with its number in each; 0 where it is not.
type Line struct {
	Op      Op
	Was, Is int
	Text    string
}

// Lines compares two texts by lines.
func Lines(was, is string) []Line {
	var out []Line
	a, b := 0, 0
	for _, s := range compare(lines(was), lines(is)) {
		l := Line{Op: s.op, Text: s.text}
		if s.op != Added {
			a++
			l.Was = a
		}
		if s.op != Gone {
			b++
			l.Is = b
		}
		out = append(out, l)
	}
	return out
}

// Pair is two lines side by side; one of them may be missing.
type Pair struct{ Was, Is *Line }

// Sides puts what went beside what came in its place.
func Sides(list []Line) []Pair {
	var out []Pair
	for i := 0; i < len(list); {
		if list[i].Op == Same {
			out = append(out, Pair{&list[i], &list[i]})
			i++
			continue
		}
		var gone, added []*Line
		for ; i < len(list) && list[i].Op != Same; i++ {
			if list[i].Op == Gone {
				gone = append(gone, &list[i])
			} else {
				added = append(added, &list[i])
			}
		}
		for k := range max(len(gone), len(added)) {
			var p Pair
			if k < len(gone) {
				p.Was = gone[k]
			}
			if k < len(added) {
				p.Is = added[k]
			}
			out = append(out, p)
		}
	}
	return out
}

// Hunk is lines around a change; Skipped is how many equal ones were left out before it.
type Hunk struct {
	Skipped int
	Lines   []Line
}

// Hunks leaves out what is the same, but for some lines around each change. Lines left out at the end are a hunk without
// lines.
func Hunks(list []Line, around int) []Hunk {
	keep := make([]bool, len(list))
	for i, l := range list {
		if l.Op != Same {
			for k := max(0, i-around); k <= min(len(list)-1, i+around); k++ {
				keep[k] = true
			}
		}
	}
	var out []Hunk
	skipped, open := 0, false
	for i, l := range list {
		if !keep[i] {
			skipped, open = skipped+1, false
			continue
		}
		if !open {
			out, open = append(out, Hunk{Skipped: skipped}), true
			skipped = 0
		}
		out[len(out)-1].Lines = append(out[len(out)-1].Lines, l)
	}
	if skipped > 0 {
		out = append(out, Hunk{Skipped: skipped})
	}
	return out
}

// words splits a text into words and what is between them.
func words(s string) []string {
	var out []string
	start, before := 0, -1
	for i, r := range s {
		kind := 0
		switch {
		case unicode.IsSpace(r):
			kind = 1
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			kind = 2
		}
		if kind != before && before >= 0 {
			out = append(out, s[start:i])
			start = i
		}
		before = kind
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

func lines(s string) []string {
	s = strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

type step struct {
	op   Op
	text string
}

// most is the product of lengths up to which the longest common sequence is looked for; beyond it everything counts as
// replaced, which is true and takes no memory.
const most = 16_000_000

func compare(was, is []string) []step {
	head := 0
	for head < len(was) && head < len(is) && was[head] == is[head] {
		head++
	}
	tail := 0
	for tail < len(was)-head && tail < len(is)-head && was[len(was)-1-tail] == is[len(is)-1-tail] {
		tail++
	}
	out := make([]step, 0, len(was)+len(is))
	for _, s := range was[:head] {
		out = append(out, step{Same, s})
	}
	out = append(out, middle(was[head:len(was)-tail], is[head:len(is)-tail])...)
	for _, s := range was[len(was)-tail:] {
		out = append(out, step{Same, s})
	}
	return out
}

// middle finds the longest common sequence of two lists that begin and end differently.
func middle(was, is []string) []step {
	n, m := len(was), len(is)
	var out []step
	if n > 0 && m > 0 && n*m <= most {
		// length[i*(m+1)+j] is that of was[i:] and is[j:].
		length := make([]uint16, (n+1)*(m+1))
		for i := n - 1; i >= 0; i-- {
			for j := m - 1; j >= 0; j-- {
				if was[i] == is[j] {
					length[i*(m+1)+j] = length[(i+1)*(m+1)+j+1] + 1
				} else {
					length[i*(m+1)+j] = max(length[(i+1)*(m+1)+j], length[i*(m+1)+j+1])
				}
			}
		}
		i, j := 0, 0
		for i < n && j < m {
			switch {
			case was[i] == is[j]:
				out = append(out, step{Same, was[i]})
				i, j = i+1, j+1
			case length[(i+1)*(m+1)+j] >= length[i*(m+1)+j+1]:
				out = append(out, step{Gone, was[i]})
				i++
			default:
				out = append(out, step{Added, is[j]})
				j++
			}
		}
		was, is = was[i:], is[j:]
	}
	for _, s := range was {
		out = append(out, step{Gone, s})
	}
	for _, s := range is {
		out = append(out, step{Added, s})
	}
	return out
}
