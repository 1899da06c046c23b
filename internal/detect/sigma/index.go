package sigma

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// leafKind says how it is found out whether a leaf holds.
type leafKind uint8

const (
	leafFound     leafKind = iota // it holds if and only if one of its texts was found
	leafCandidate                 // it may hold if one of its texts was found
	leafAsked                     // it is looked at when a rule asks
)

// anyField stands for all values of an event, where keywords are looked for.
const anyField = -1

// leaf is one test of one field, shared by all rules of a group that say the same.
type leaf struct {
	kind   leafKind
	field  int32
	other  int32 // of a fieldref
	m      matcher
	rules  []int32 // as waits of the group, while it is built
	weight float64 // how often texts of it may be found, by guess
	uses   int
}

// instr asks for a leaf and says where to go on: to another instruction, or to an end.
type instr struct {
	leaf, yes, no int32
	kind          leafKind // of the leaf: so that it need not be fetched
}

const (
	holdsNow = -1
	failsNow = -2
)

// group is the index of the rules that are looked at for the same kinds of events. It never changes after it was built.
type group struct {
	rules    []int32 // numbers in the engine
	code     [][]instr
	always   []int32 // rules that nothing has to be found for
	leaves   []leaf
	waits    []int32 // rules to look at when a text of a leaf was found: those of leaf i are waits[from[i]:from[i+1]]
	from     []int32
	fields   []fieldIndex
	keywords *automaton
}

// fieldIndex finds the texts of one field.
type fieldIndex struct {
	field  int32
	exacts *exacts
	auto   *automaton
}

// node is a rule as a tree over leaves.
type node struct {
	op   Op // Ref is a leaf
	leaf int32
	n    int
	of   []node
}

// groupBuilder collects the rules of a group.
type groupBuilder struct {
	paths   *paths
	group   *group
	trees   []node
	leafOf  map[string]int32
	texts   map[textKey]int32
	tells   [][]int32 // text -> leaves
	needles map[int32][]needle
	exacts  map[int32]map[string]int32
}

type textKey struct {
	field        int32
	text         string
	begins, ends bool
}

func newGroupBuilder(p *paths) *groupBuilder {
	return &groupBuilder{paths: p, group: &group{}, leafOf: map[string]int32{}, texts: map[textKey]int32{},
		needles: map[int32][]needle{}, exacts: map[int32]map[string]int32{}}
}

// maxCode bounds the instructions of a rule.
const maxCode = 200_000

func (b *groupBuilder) add(number int32, tree node) {
	b.group.rules = append(b.group.rules, number)
	b.trees = append(b.trees, tree)
	b.countUses(tree)
}

func (b *groupBuilder) countUses(n node) {
	if n.op == Ref {
		b.group.leaves[n.leaf].uses++
	}
	for _, o := range n.of {
		b.countUses(o)
	}
}

// test makes the tree of a test.
func (b *groupBuilder) test(t test, field func(name string) int32) node {
	f := int32(anyField)
	if t.field != "" {
		f = field(t.field)
	}
	var out node
	if t.all {
		var of []node
		for _, v := range t.values {
			of = append(of, b.alternatives(f, v, field))
		}
		out = join(And, of)
	} else {
		out = b.alternatives(f, slices.Concat(t.values...), field)
	}
	if t.negate {
		out = node{op: Not, of: []node{out}}
	}
	return out
}

func join(op Op, of []node) node {
	if len(of) == 1 {
		return of[0]
	}
	return node{op: op, of: of}
}

// alternatives makes a tree of matchers joined by or: one leaf for all that are found by their text alone.
func (b *groupBuilder) alternatives(f int32, of []matcher, field func(string) int32) node {
	var found []textKey
	var out []node
	for i := range of {
		m := &of[i]
		if m.kind == byPattern && !m.cased {
			if keys, ok := simpleTexts(f, m.pat); ok {
				found = append(found, keys...)
				continue
			}
		}
		out = append(out, node{op: Ref, leaf: b.matcherLeaf(f, m, field)})
	}
	if len(found) > 0 {
		out = append(out, node{op: Ref, leaf: b.foundLeaf(f, found)})
	}
	return join(Or, out)
}

// simpleTexts gives the texts whose presence alone decides about a pattern.
func simpleTexts(f int32, p pattern) ([]textKey, bool) {
	const spellings = 125
	begins, ends := true, true
	if n := len(p); n > 0 && p[0].kind == anyMany {
		p, begins = p[1:], false
	}
	if n := len(p); n > 0 && p[n-1].kind == anyMany {
		p, ends = p[:n-1], false
	}
	var out []textKey
	for _, s := range p.spelled(spellings) {
		text, ok := s.plain()
		if !ok || text == "" && !(begins && ends) {
			return nil, false
		}
		out = append(out, textKey{f, text, begins, ends})
	}
	return out, len(out) > 0
}

func (k textKey) String() string {
	return strconv.Quote(k.text) + strconv.FormatBool(k.begins)[:1] + strconv.FormatBool(k.ends)[:1]
}

func (b *groupBuilder) foundLeaf(f int32, keys []textKey) int32 {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.String()
	}
	slices.Sort(names)
	names = slices.Compact(names)
	id, isNew := b.leaf("found "+strconv.Itoa(int(f))+strings.Join(names, ","), leaf{kind: leafFound, field: f})
	if isNew {
		for _, k := range keys {
			b.tell(k, id)
		}
	}
	return id
}

func (b *groupBuilder) leaf(key string, l leaf) (int32, bool) {
	if id, ok := b.leafOf[key]; ok {
		return id, false
	}
	id := int32(len(b.group.leaves))
	b.leafOf[key] = id
	b.group.leaves = append(b.group.leaves, l)
	return id, true
}

// tell makes a leaf hear of a text.
func (b *groupBuilder) tell(k textKey, id int32) {
	t, ok := b.texts[k]
	if !ok {
		t = int32(len(b.tells))
		b.texts[k] = t
		b.tells = append(b.tells, nil)
		if k.begins && k.ends && k.field != anyField {
			if b.exacts[k.field] == nil {
				b.exacts[k.field] = map[string]int32{}
			}
			b.exacts[k.field][k.text] = t
		} else {
			b.needles[k.field] = append(b.needles[k.field], needle{k.text, k.begins, k.ends, t})
		}
	}
	if !slices.Contains(b.tells[t], id) {
		b.tells[t] = append(b.tells[t], id)
		b.group.leaves[id].weight += k.weight()
	}
}

// weight guesses how often a text is found: the shorter, the more often.
func (k textKey) weight() float64 {
	n := float64(len(k.text))
	if k.begins && k.ends {
		return 1 / (4 + n*n)
	}
	return 1 / (1 + n*n)
}

// matcherLeaf makes a leaf of what no index decides. If there is a text that must stand in the value, it waits for that.
func (b *groupBuilder) matcherLeaf(f int32, m *matcher, field func(string) int32) int32 {
	l := leaf{kind: leafAsked, field: f, m: *m}
	if m.kind == byField {
		l.other = field(m.other)
	}
	id, isNew := b.leaf("asked "+strconv.Itoa(int(f))+" "+m.key(l.other), l)
	if !isNew {
		return id
	}
	var texts []textKey
	switch m.kind {
	case byPattern:
		texts = m.necessary(f)
	case byRegexp:
		for _, t := range necessary(m.re.String()) {
			texts = append(texts, textKey{field: f, text: t})
		}
	}
	if len(texts) > 0 {
		b.group.leaves[id].kind = leafCandidate
		for _, t := range texts {
			b.tell(t, id)
		}
	}
	return id
}

func (m *matcher) key(other int32) string {
	switch m.kind {
	case byPattern:
		return fmt.Sprintf("pattern %v %q", m.cased, m.pat)
	case byRegexp:
		return "re " + m.re.String()
	case byCIDR:
		return "cidr " + m.prefix.String()
	case byNumber, byTime:
		return fmt.Sprintf("number %s %s %v", m.op, m.unit, m.number)
	case byField:
		return fmt.Sprintf("field %d %d %v", other, m.where, m.cased)
	case byExists:
		return fmt.Sprintf("exists %v", m.present)
	}
	return "null"
}

// necessary gives the longest literal of a pattern, folded.
func (m *matcher) necessary(f int32) []textKey {
	var best textKey
	for i, x := range m.pat {
		if x.kind != literal {
			continue
		}
		text := fold(x.text)
		if len(text) > len(best.text) {
			best = textKey{f, text, i == 0, i == len(m.pat)-1}
		}
	}
	if best.text == "" || len(best.text) < minLiteral && !(best.begins || best.ends) {
		return nil
	}
	return []textKey{best}
}

// done builds the index.
func (b *groupBuilder) done() (*group, error) {
	g := b.group
	for i := range g.leaves {
		l := &g.leaves[i]
		l.weight += float64(l.uses) / float64(4*len(b.trees)+400)
	}
	for i, tree := range b.trees {
		triggers, cost := b.triggers(tree)
		if math.IsInf(cost, 1) {
			g.always = append(g.always, int32(i))
		}
		for _, l := range triggers {
			if !slices.Contains(g.leaves[l].rules, int32(i)) {
				g.leaves[l].rules = append(g.leaves[l].rules, int32(i))
			}
		}
		e := emitter{leaves: g.leaves}
		entry := e.emit(tree, holdsNow, failsNow)
		if len(e.code) > maxCode {
			return nil, fmt.Errorf("rule %d of a group needs more than %d steps", i, maxCode)
		}
		slices.Reverse(e.code) // the entry comes first, and what follows comes after
		last := int32(len(e.code) - 1)
		for j := range e.code {
			e.code[j].yes, e.code[j].no = turn(e.code[j].yes, last), turn(e.code[j].no, last)
		}
		if turn(entry, last) != 0 {
			return nil, fmt.Errorf("rule %d of a group does not begin at its beginning", i)
		}
		g.code = append(g.code, e.code)
	}
	for i := range g.leaves {
		g.from = append(g.from, int32(len(g.waits)))
		g.waits = append(g.waits, g.leaves[i].rules...)
		g.leaves[i].rules = nil
	}
	g.from = append(g.from, int32(len(g.waits)))
	b.indexFields()
	return g, nil
}

// indexFields makes what finds the texts.
func (b *groupBuilder) indexFields() {
	g := b.group
	fields := map[int32]*fieldIndex{}
	var order []int32
	of := func(f int32) *fieldIndex {
		if fields[f] == nil {
			fields[f] = &fieldIndex{field: f}
			order = append(order, f)
		}
		return fields[f]
	}
	for f, texts := range b.exacts {
		heard := map[string][]int32{}
		for text, t := range texts {
			heard[text] = b.tells[t]
		}
		of(f).exacts = newExacts(heard)
	}
	for f, needles := range b.needles {
		if f == anyField {
			g.keywords = newAutomaton(needles, b.tells)
			continue
		}
		of(f).auto = newAutomaton(needles, b.tells)
	}
	slices.Sort(order)
	for _, f := range order {
		g.fields = append(g.fields, *fields[f])
	}
}

func turn(to, last int32) int32 {
	if to < 0 {
		return to
	}
	return last - to
}

// triggers gives leaves of which one must hold, or have a text found, for the tree to hold: of what is joined by and the ones
// that are found least often; of what is joined by or all. Nothing follows from a negation.
func (b *groupBuilder) triggers(n node) ([]int32, float64) {
	inf := math.Inf(1)
	switch n.op {
	case Ref:
		l := &b.group.leaves[n.leaf]
		if l.kind == leafAsked {
			return nil, inf
		}
		return []int32{n.leaf}, l.weight
	case Not:
		return nil, inf
	}
	type choice struct {
		leaves []int32
		cost   float64
	}
	var of []choice
	for _, o := range n.of {
		l, c := b.triggers(o)
		of = append(of, choice{l, c})
	}
	slices.SortStableFunc(of, func(x, y choice) int {
		switch {
		case x.cost < y.cost:
			return -1
		case x.cost > y.cost:
			return 1
		}
		return 0
	})
	take := len(of) // or
	switch n.op {
	case And:
		take = 1
	case AtLeast:
		take = len(of) - n.n + 1 // no more than n-1 of them can fail to be among these
	}
	var out []int32
	cost := 0.0
	for _, c := range of[:take] {
		if math.IsInf(c.cost, 1) {
			return nil, inf
		}
		out = append(out, c.leaves...)
		cost += c.cost
	}
	return out, cost
}

// emitter writes the instructions of a tree from its end to its beginning, so that an answer is known as soon as it can be.
type emitter struct {
	leaves []leaf
	code   []instr
}

func (e *emitter) emit(n node, yes, no int32) int32 {
	if len(e.code) > maxCode {
		return no
	}
	switch n.op {
	case Ref:
		e.code = append(e.code, instr{n.leaf, yes, no, e.leaves[n.leaf].kind})
		return int32(len(e.code) - 1)
	case Not:
		return e.emit(n.of[0], no, yes)
	case And:
		of := e.cheapFirst(n.of)
		for i := len(of) - 1; i >= 0; i-- {
			yes = e.emit(of[i], yes, no)
		}
		return yes
	case Or:
		of := e.cheapFirst(n.of)
		for i := len(of) - 1; i >= 0; i-- {
			no = e.emit(of[i], yes, no)
		}
		return no
	}
	return e.atLeast(n, yes, no)
}

// atLeast writes, for each operand and each number that is still missing, where to go: known[need] after the last operands.
func (e *emitter) atLeast(n node, yes, no int32) int32 {
	k := len(n.of)
	known := make([]int32, n.n+1)
	for need := range known {
		known[need] = no
	}
	known[0] = yes
	for i := k - 1; i >= 0; i-- {
		next := slices.Clone(known)
		for need := 1; need <= n.n; need++ {
			switch {
			case need > k-i:
				next[need] = no
			case n.n-need > i: // cannot have found so many before
			default:
				next[need] = e.emit(n.of[i], known[need-1], known[need])
			}
		}
		known = next
	}
	return known[n.n]
}

func (e *emitter) cheapFirst(of []node) []node {
	of = slices.Clone(of)
	slices.SortStableFunc(of, func(x, y node) int { return e.cost(x) - e.cost(y) })
	return of
}

func (e *emitter) cost(n node) int {
	if n.op == Ref {
		l := &e.leaves[n.leaf]
		switch {
		case l.kind == leafFound:
			return 1
		case l.m.kind == byNull || l.m.kind == byExists:
			return 2
		case l.kind == leafCandidate:
			return 4
		case l.m.kind == byRegexp:
			return 40
		}
		return 10
	}
	c := 0
	for _, o := range n.of {
		c += e.cost(o)
	}
	return c
}
