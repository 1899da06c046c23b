package sigma

import (
	"bytes"
	"slices"
	"time"
	"unicode/utf8"
)

// Hit is a rule that an event matches.
type Hit struct {
	Rule     int        // its number
	Stands   bool       // it is a detection; otherwise it only feeds correlations
	Captured [][]string // values of the fields that correlations of the rule need, in their order
}

// Evaluator matches events, one after the other. Each goroutine has its own.
type Evaluator struct {
	engine  *Engine
	sources []*sourceState
	hits    []Hit
	arena   []byte
	walks   []walk
	event   uint32
	counts  []count
	dirty   []int32
	matches int
	sample  bool
}

type count struct{ evaluated, hits, lastHit, sampled, nanos int64 }

// sourceState is what an evaluator remembers of the event at hand, and room for it.
type sourceState struct {
	index   *sourceIndex
	scan    *scanner
	slotOf  []int32 // field -> the slot that counts, in this event
	rank    []int32
	stamp   []uint32 // field -> event in which it was found
	present []int32
	router  *groupState
	groups  []*groupState
	wanted  []uint32 // group -> event that needs it
	needed  []int32
}

type groupState struct {
	group  *group
	leaf   []uint32 // event in which a text of it was found
	asked  []uint32 // event in which it was looked at
	holds  []bool
	rule   []uint32 // event for which it was chosen
	chosen []int32
	byNum  []int32 // field -> place in group.fields + 1
}

// Evaluator makes a new one.
func (e *Engine) Evaluator() *Evaluator {
	v := &Evaluator{engine: e, counts: make([]count, len(e.rules))}
	for _, x := range e.sources {
		n := len(x.paths.fields)
		s := &sourceState{index: x, scan: newScanner(x.paths, x.keywords), slotOf: make([]int32, n), rank: make([]int32, n),
			stamp: make([]uint32, n), wanted: make([]uint32, len(x.groups)), router: newGroupState(x.router, n)}
		for _, g := range x.groups {
			s.groups = append(s.groups, newGroupState(g, n))
		}
		v.sources = append(v.sources, s)
	}
	return v
}

func newGroupState(g *group, fields int) *groupState {
	s := &groupState{group: g, leaf: make([]uint32, len(g.leaves)), asked: make([]uint32, len(g.leaves)), holds: make([]bool, len(g.leaves)),
		rule: make([]uint32, len(g.rules)), byNum: make([]int32, fields)}
	for i, f := range g.fields {
		s.byNum[f.field] = int32(i + 1)
	}
	return s
}

// Counts are given to the engine after so many events, and costs are sampled once in so many.
const (
	flushEvery  = 1024
	sampleEvery = 64
)

// Match gives the rules of a source that an event, the text of a JSON object, matches, in the order of their numbers. The
// result is good until the next call. now is what LastHit will say. An event that is no JSON object is an error; whether its
// JSON is sound in every part is the intake's matter.
func (v *Evaluator) Match(source int, event []byte, now time.Time) ([]Hit, error) {
	s := v.sources[source]
	v.hits, v.arena = v.hits[:0], v.arena[:0]
	if err := s.scan.scan(event); err != nil {
		return nil, err
	}
	if v.event++; v.event == 0 {
		v.again()
	}
	v.matches++
	v.sample = v.engine.clock != nil && v.matches%sampleEvery == 0
	v.resolve(s)
	s.needed = append(s.needed[:0], s.index.always...)
	if len(s.index.router.rules) > 0 {
		v.choose(s, s.router)
		for _, r := range s.router.chosen {
			if v.run(s, s.router, r) {
				for _, g := range s.index.ofKind[s.index.router.rules[r]] {
					if s.wanted[g] != v.event {
						s.wanted[g] = v.event
						s.needed = append(s.needed, g)
					}
				}
			}
		}
	}
	for _, n := range s.needed {
		g := s.groups[n]
		v.choose(s, g)
		for _, r := range g.chosen {
			v.evaluate(s, g, r, now)
		}
		for _, r := range g.group.always {
			v.evaluate(s, g, r, now)
		}
	}
	if v.matches%flushEvery == 0 {
		v.Flush()
	}
	slices.SortFunc(v.hits, func(a, b Hit) int { return a.Rule - b.Rule })
	return v.hits, nil
}

// again forgets all events when their numbers begin anew.
func (v *Evaluator) again() {
	v.event = 1
	for _, s := range v.sources {
		clear(s.stamp)
		clear(s.wanted)
		for _, g := range append([]*groupState{s.router}, s.groups...) {
			clear(g.leaf)
			clear(g.asked)
			clear(g.rule)
		}
	}
}

// resolve finds the slot of each field that is in the event.
func (v *Evaluator) resolve(s *sourceState) {
	s.present = s.present[:0]
	for _, slot := range s.scan.found {
		for _, use := range s.index.paths.slots[slot].fields {
			switch f := use.field; {
			case s.stamp[f] != v.event:
				s.stamp[f] = v.event
				s.slotOf[f], s.rank[f] = slot, use.rank
				s.present = append(s.present, f)
			case use.rank < s.rank[f]:
				s.slotOf[f], s.rank[f] = slot, use.rank
			}
		}
	}
}

// choose finds the texts of a group in the event, and so the rules that are worth a look.
func (v *Evaluator) choose(s *sourceState, g *groupState) {
	g.chosen, v.walks = g.chosen[:0], v.walks[:0]
	for _, f := range s.present {
		n := g.byNum[f]
		if n == 0 {
			continue
		}
		x := &g.group.fields[n-1]
		for i := s.scan.first[s.slotOf[f]]; i != none; i = s.scan.values[i].next {
			val := &s.scan.values[i]
			if val.kind == nullValue {
				continue
			}
			text := v.plain(val)
			if x.exacts != nil {
				for _, l := range x.exacts.find(text) {
					v.hear(g, l)
				}
			}
			switch {
			case x.auto == nil:
			case x.auto.pairs != nil:
				v.skim(g, x.auto, text)
			default:
				v.walks = appendWalks(v.walks, x.auto, text)
			}
		}
	}
	v.find(g, v.walks)
	switch keywords := g.group.keywords; {
	case keywords == nil:
	case keywords.pairs != nil:
		for _, i := range s.scan.plain {
			v.skim(g, keywords, v.plain(&s.scan.values[i]))
		}
	default:
		v.walks = v.walks[:0]
		for _, i := range s.scan.plain {
			v.walks = appendWalks(v.walks, g.group.keywords, v.plain(&s.scan.values[i]))
		}
		v.findMany(g, g.group.keywords, v.walks)
	}
}

// plain is the text of a value: folded, but for ASCII capitals, which are folded on the way.
func (v *Evaluator) plain(val *value) []byte {
	text := v.text(val)
	if val.flags&wide == 0 {
		return text
	}
	return v.folded(val)
}

func (v *Evaluator) told(g *groupState, a *automaton, row uint32) {
	i := (row - a.first) / a.width
	for _, l := range a.lists[a.told[i]:a.told[i+1]] {
		v.hear(g, l)
	}
}

// hear notes that a text of a leaf was found, and chooses the rules that wait for it.
func (v *Evaluator) hear(g *groupState, l int32) {
	if g.leaf[l] == v.event {
		return
	}
	g.leaf[l] = v.event
	for _, r := range g.group.waits[g.group.from[l]:g.group.from[l+1]] {
		if g.rule[r] != v.event {
			g.rule[r] = v.event
			g.chosen = append(g.chosen, r)
		}
	}
}

func (v *Evaluator) evaluate(s *sourceState, g *groupState, r int32, now time.Time) {
	number := g.group.rules[r]
	c := &v.counts[number]
	if c.evaluated == 0 {
		v.dirty = append(v.dirty, number)
	}
	c.evaluated++
	var hit bool
	if v.sample {
		start := v.engine.clock()
		hit = v.run(s, g, r)
		c.nanos += v.engine.clock() - start
		c.sampled++
	} else {
		hit = v.run(s, g, r)
	}
	if !hit {
		return
	}
	c.hits++
	c.lastHit = now.UnixMicro()
	h := Hit{Rule: int(number), Stands: !v.engine.silent[number]}
	if fields := s.index.captures[number]; len(fields) > 0 {
		h.Captured = v.capture(s, fields)
	}
	v.hits = append(v.hits, h)
}

// capture copies the values of fields, because a correlation keeps them.
func (v *Evaluator) capture(s *sourceState, fields []int32) [][]string {
	out := make([][]string, len(fields))
	for i, f := range fields {
		if s.stamp[f] != v.event {
			continue
		}
		for j := s.scan.first[s.slotOf[f]]; j != none; j = s.scan.values[j].next {
			if val := &s.scan.values[j]; val.kind != nullValue {
				out[i] = append(out[i], string(v.text(val)))
			}
		}
	}
	return out
}

// run follows the instructions of a rule.
func (v *Evaluator) run(s *sourceState, g *groupState, r int32) bool {
	code := g.group.code[r]
	for at := int32(0); ; {
		in := &code[at]
		ok := g.leaf[in.leaf] == v.event
		if in.kind != leafFound && (ok || in.kind == leafAsked) {
			ok = v.ask(s, g, in.leaf)
		}
		if at = in.no; ok {
			at = in.yes
		}
		if at < 0 {
			return at == holdsNow
		}
	}
}

// ask looks at a leaf once for each event.
func (v *Evaluator) ask(s *sourceState, g *groupState, n int32) bool {
	if g.asked[n] != v.event {
		g.asked[n] = v.event
		g.holds[n] = v.holds(s, &g.group.leaves[n])
	}
	return g.holds[n]
}

func (v *Evaluator) holds(s *sourceState, l *leaf) bool {
	if l.field == anyField {
		for _, i := range s.scan.plain {
			if v.matches1(&l.m, &s.scan.values[i]) {
				return true
			}
		}
		return false
	}
	there := s.stamp[l.field] == v.event
	switch l.m.kind {
	case byExists:
		return there == l.m.present
	case byNull:
		if !there {
			return true
		}
	case byField:
		return there && s.stamp[l.other] == v.event && v.refers(s, l)
	}
	if !there {
		return false
	}
	for i := s.scan.first[s.slotOf[l.field]]; i != none; i = s.scan.values[i].next {
		if v.matches1(&l.m, &s.scan.values[i]) {
			return true
		}
	}
	return false
}

func (v *Evaluator) matches1(m *matcher, val *value) bool {
	if val.kind == nullValue {
		return m.kind == byNull
	}
	switch m.kind {
	case byPattern:
		if m.cased {
			return m.pat.match(v.text(val))
		}
		return m.pat.match(v.folded(val))
	case byRegexp:
		return m.re.Match(v.text(val))
	case byCIDR:
		return inNetwork(m.prefix, v.text(val))
	case byNumber:
		n, ok := parseNumber(v.text(val))
		return ok && compare(m.op, n, m.number)
	case byTime:
		n, ok := timePart(v.text(val), m.unit)
		return ok && compare(m.op, n, m.number)
	}
	return false
}

// refers compares the values of two fields.
func (v *Evaluator) refers(s *sourceState, l *leaf) bool {
	text := v.folded
	if l.m.cased {
		text = v.text
	}
	if l.m.where == whole && s.scan.many(s.slotOf[l.field]) && s.scan.many(s.slotOf[l.other]) {
		return refersMany(s, l, text)
	}
	for i := s.scan.first[s.slotOf[l.field]]; i != none; i = s.scan.values[i].next {
		if s.scan.values[i].kind == nullValue {
			continue
		}
		a := text(&s.scan.values[i])
		for j := s.scan.first[s.slotOf[l.other]]; j != none; j = s.scan.values[j].next {
			if s.scan.values[j].kind == nullValue {
				continue
			}
			b := text(&s.scan.values[j])
			var ok bool
			switch l.m.where {
			case whole:
				ok = bytes.Equal(a, b)
			case atStart:
				ok = bytes.HasPrefix(a, b)
			case atEnd:
				ok = bytes.HasSuffix(a, b)
			case anywhere:
				ok = bytes.Contains(a, b)
			}
			if ok {
				return true
			}
		}
	}
	return false
}

// refersMany is refers for long arrays, whose values it would take too long to compare each with each.
func refersMany(s *sourceState, l *leaf, text func(*value) []byte) bool {
	have := map[string]bool{}
	for i := s.scan.first[s.slotOf[l.field]]; i != none; i = s.scan.values[i].next {
		if val := &s.scan.values[i]; val.kind != nullValue {
			have[string(text(val))] = true
		}
	}
	for i := s.scan.first[s.slotOf[l.other]]; i != none; i = s.scan.values[i].next {
		if val := &s.scan.values[i]; val.kind != nullValue && have[string(text(val))] {
			return true
		}
	}
	return false
}

// text decodes a value when it is asked for first.
func (v *Evaluator) text(val *value) []byte {
	if val.flags&fresh == 0 {
		return val.text
	}
	val.flags &^= fresh
	from := len(v.arena)
	var isWide bool
	switch {
	case val.kind == jsonValue:
		v.arena = appendCompact(v.arena, val.text)
		isWide = !isASCII(v.arena[from:])
	case val.flags&escaped != 0 || val.flags&wide != 0 && !utf8.Valid(val.text):
		v.arena, isWide = appendDecoded(v.arena, val.text)
	default:
		return val.text
	}
	val.text = v.arena[from:len(v.arena):len(v.arena)]
	if val.flags &^= wide; isWide {
		val.flags |= wide
	}
	return val.text
}

// folded folds a value when it is asked for first.
func (v *Evaluator) folded(val *value) []byte {
	if val.folded == nil {
		text := v.text(val)
		from := len(v.arena)
		v.arena = appendFold(v.arena, text)
		val.folded = v.arena[from:len(v.arena):len(v.arena)]
	}
	return val.folded
}

// Flush gives the counts to the engine. Match does it from time to time; call it when an evaluator rests.
func (v *Evaluator) Flush() {
	for _, n := range v.dirty {
		c, to := &v.counts[n], &v.engine.counters[n]
		to.evaluated.Add(c.evaluated)
		to.hits.Add(c.hits)
		to.sampled.Add(c.sampled)
		to.nanos.Add(c.nanos)
		for old := to.lastHit.Load(); old < c.lastHit && !to.lastHit.CompareAndSwap(old, c.lastHit); {
			old = to.lastHit.Load()
		}
		*c = count{}
	}
	v.dirty = v.dirty[:0]
}
