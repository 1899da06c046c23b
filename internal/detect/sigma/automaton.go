package sigma

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// automaton finds which of many folded texts stand in a value, in one pass over its bytes (Aho and Corasick, 1975), as a dense
// table over classes of bytes. Two symbols that are no bytes stand for the value's beginning and its end, so that a prefix, a
// suffix and a part are found alike.
type automaton struct {
	class   [256]uint16 // of ASCII capitals as of small letters
	end     uint16
	longest int              // bytes of a needle
	pairs   *[1 << 10]uint64 // bit of each two bytes, capitals small, with which a needle may begin; nil if they are many
	start   uint32           // after the beginning
	first   uint32           // rows from here on have something to tell
	width   uint32
	next    []uint32 // row + class -> row
	told    []uint32 // of row first + i*width: where its list begins in lists
	lists   []int32
}

// needle is a text to look for, and what to tell when it is there.
type needle struct {
	text         string
	begins, ends bool // only at the beginning, only at the end of a value
	id           int32
}

const (
	beginSymbol = 256
	endSymbol   = 257
	symbols     = 258
)

func (n *needle) symbols() []uint16 {
	out := make([]uint16, 0, len(n.text)+2)
	if n.begins {
		out = append(out, beginSymbol)
	}
	for i := range len(n.text) {
		out = append(out, uint16(n.text[i]))
	}
	if n.ends {
		out = append(out, endSymbol)
	}
	return out
}

type trieNode struct {
	fail int32
	kids []trieEdge
	ids  []int32
}

type trieEdge struct {
	class uint16
	to    int32
}

func (n *trieNode) child(c uint16) int32 {
	for _, e := range n.kids {
		if e.class == c {
			return e.to
		}
	}
	return -1
}

// newAutomaton makes one that tells the leaves that hear of a needle.
func newAutomaton(needles []needle, hear [][]int32) *automaton {
	a := &automaton{}
	var class [symbols]uint16
	width := uint16(1) // class 0 is what no needle has
	of := func(s uint16) uint16 {
		if class[s] == 0 {
			class[s] = width
			width++
		}
		return class[s]
	}
	of(beginSymbol)
	a.end = of(endSymbol)
	trie := []trieNode{{}}
	edges := map[uint64]int32{}
	for i := range needles {
		a.longest = max(a.longest, len(needles[i].text))
		at := int32(0)
		for _, s := range needles[i].symbols() {
			c := of(s)
			key := uint64(at)<<16 | uint64(c)
			to, ok := edges[key]
			if !ok {
				to = int32(len(trie))
				edges[key] = to
				trie = append(trie, trieNode{})
				trie[at].kids = append(trie[at].kids, trieEdge{c, to})
			}
			at = to
		}
		trie[at].ids = append(trie[at].ids, hear[needles[i].id]...)
	}
	for i := range 256 {
		a.class[i] = class[lower[i]]
	}
	a.width = uint32(width)
	a.build(trie, class[beginSymbol])
	a.findPairs(needles)
	return a
}

// maxPairs is how many beginnings of needles make it worth while to look for them.
const maxPairs = 300

// findPairs notes how needles begin, if they are few: then most of a text can be passed over.
func (a *automaton) findPairs(needles []needle) {
	seen := map[[2]byte]bool{}
	for _, n := range needles {
		if n.begins {
			continue // the walk from the beginning finds them
		}
		if len(n.text) < 2 {
			return
		}
		seen[[2]byte{n.text[0] | 0x20, n.text[1] | 0x20}] = true
	}
	if len(seen) > maxPairs {
		return
	}
	a.pairs = new([1 << 10]uint64)
	for p := range seen {
		at := uint(p[0]) | uint(p[1])<<8
		a.pairs[at>>6] |= 1 << (at & 63)
	}
}

// build lays the rows out: first those that tell nothing, then those that do.
func (a *automaton) build(trie []trieNode, begin uint16) {
	order := breadthFirst(trie)
	row := make([]uint32, len(trie))
	quiet := make([]int32, 0, len(trie))
	var loud []int32
	for _, n := range order {
		if len(trie[n].ids) > 0 {
			loud = append(loud, n)
		} else {
			quiet = append(quiet, n)
		}
	}
	for i, n := range append(quiet, loud...) {
		row[n] = uint32(i) * a.width
	}
	a.first = uint32(len(quiet)) * a.width
	a.next = make([]uint32, uint32(len(trie))*a.width)
	for _, n := range order {
		r := a.next[row[n] : row[n]+a.width]
		if n != 0 {
			f := row[trie[n].fail]
			copy(r, a.next[f:f+a.width])
		}
		for _, e := range trie[n].kids {
			r[e.class] = row[e.to]
		}
	}
	for _, n := range loud {
		a.told = append(a.told, uint32(len(a.lists)))
		a.lists = append(a.lists, trie[n].ids...)
	}
	a.told = append(a.told, uint32(len(a.lists)))
	a.start = a.next[row[0]+uint32(begin)]
}

// breadthFirst sets the links to the longest ending that begins another text, and gives each node what its link tells.
func breadthFirst(trie []trieNode) []int32 {
	order := []int32{0}
	for i := 0; i < len(order); i++ {
		n := order[i]
		for _, e := range trie[n].kids {
			order = append(order, e.to)
			if n == 0 {
				continue
			}
			f := trie[n].fail
			for f != 0 && trie[f].child(e.class) < 0 {
				f = trie[f].fail
			}
			if to := trie[f].child(e.class); to >= 0 {
				f = to
			}
			trie[e.to].fail = f
			if more := trie[f].ids; len(more) > 0 {
				trie[e.to].ids = append(slices.Clip(trie[e.to].ids), more...)
			}
		}
	}
	return order
}

// exacts finds folded texts that are a whole value, by hash.
type exacts struct {
	lengths uint64 // bit n: some text has a length of n modulo 64
	longest int
	table   []int32 // hash -> entry + 1
	texts   []string
	ids     [][]int32
}

func newExacts(texts map[string][]int32) *exacts {
	size := 4
	for size < 3*len(texts) {
		size *= 2
	}
	e := &exacts{table: make([]int32, size)}
	sorted := make([]string, 0, len(texts))
	for t := range texts {
		sorted = append(sorted, t)
	}
	slices.Sort(sorted)
	for _, t := range sorted {
		e.lengths |= 1 << (len(t) & 63)
		e.longest = max(e.longest, len(t))
		e.texts = append(e.texts, t)
		e.ids = append(e.ids, texts[t])
		i := hashText([]byte(t)) & uint32(size-1)
		for e.table[i] != 0 {
			i = (i + 1) & uint32(size-1)
		}
		e.table[i] = int32(len(e.texts))
	}
	return e
}

// find gives what to tell for a value, which may have ASCII capitals and is folded otherwise.
func (e *exacts) find(text []byte) []int32 {
	if len(text) > e.longest || e.lengths>>(len(text)&63)&1 == 0 {
		return nil
	}
	mask := uint32(len(e.table) - 1)
	for i := hashText(text) & mask; e.table[i] != 0; i = (i + 1) & mask {
		if n := e.table[i] - 1; equalLower(text, e.texts[n]) {
			return e.ids[n]
		}
	}
	return nil
}

const smalls = 0x2020202020202020

// hashText is the same for texts that differ in ASCII capitals only, and for a few others.
func hashText(t []byte) uint32 {
	h := uint64(len(t))
	for len(t) >= 8 {
		h = mix(h ^ (binary.LittleEndian.Uint64(t) | smalls))
		t = t[8:]
	}
	x := uint64(0)
	for i, c := range t {
		x |= uint64(c|0x20) << (8 * i)
	}
	h = mix(h ^ x)
	return uint32(bits.RotateLeft64(h, 32))
}
