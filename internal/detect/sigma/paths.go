package sigma

import (
	"slices"
	"strings"
)

// paths tells of each name in an event which fields of rules it leads to. It is a machine over names: its states are the
// beginnings of the paths that rules ask for, either as they are spelled or folded. It never changes after it was built.
type paths struct {
	states  []pathState
	spelled map[string]int32 // beginning of a path -> state
	folded  map[string]int32
	fields  []field
	slots   []slot
	slotOf  map[string]int32 // "=path" or "~folded path"
	fieldOf map[string]int32
}

const (
	root = 0
	dead = -1
)

type pathState struct {
	path    string  // up to here, as spelled or folded
	fold    string  // up to here, folded
	exact   bool    // path is spelled so far
	slots   []int32 // where a value here is kept
	deeper  bool    // longer paths begin with this one
	atStart bool    // the root
}

// slot keeps the values found at one place. Several fields may look there.
type slot struct {
	fields []slotUse
}

// slotUse says that a slot is the rank-th place where a field is looked for; the least that is there counts.
type slotUse struct {
	field int32
	rank  int32
}

// field is what rules mean by a name: the path spelled so, or else its aliases, or else the path folded.
type field struct {
	name  string
	ranks []int32 // slots in this order
}

func newPaths() *paths {
	p := &paths{spelled: map[string]int32{}, folded: map[string]int32{}, slotOf: map[string]int32{}, fieldOf: map[string]int32{}}
	p.states = []pathState{{exact: true, atStart: true}}
	return p
}

// foldName folds a name of a field: capitals and spaces do not matter.
func foldName(name string) string { return strings.ReplaceAll(fold(name), " ", "") }

// field gives the number of a field, adding it if it is new.
func (p *paths) field(name string, aliases []string) int32 {
	key := name + "\x00" + strings.Join(aliases, "\x00")
	if f, ok := p.fieldOf[key]; ok {
		return f
	}
	f := int32(len(p.fields))
	p.fieldOf[key] = f
	x := field{name: name}
	for _, path := range append([]string{name}, aliases...) {
		s := p.slot("=" + path)
		p.reach(path, s)
		x.ranks = append(x.ranks, s)
	}
	s := p.slot("~" + foldName(name))
	p.reachFolded(foldName(name), s)
	x.ranks = append(x.ranks, s)
	p.fields = append(p.fields, x)
	for rank, s := range x.ranks {
		p.slots[s].fields = append(p.slots[s].fields, slotUse{f, int32(rank)})
	}
	return f
}

func (p *paths) slot(key string) int32 {
	s, ok := p.slotOf[key]
	if !ok {
		s = int32(len(p.slots))
		p.slotOf[key] = s
		p.slots = append(p.slots, slot{})
	}
	return s
}

// reach makes states for a spelled path and its beginnings, and for what they fold to.
func (p *paths) reach(path string, s int32) {
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '.' {
			continue
		}
		prefix := path[:i]
		id, ok := p.spelled[prefix]
		if !ok {
			id = int32(len(p.states))
			p.spelled[prefix] = id
			p.states = append(p.states, pathState{path: prefix, fold: foldName(prefix), exact: true})
		}
		if i == len(path) {
			p.states[id].slots = append(p.states[id].slots, s)
		} else {
			p.states[id].deeper = true
		}
	}
}

func (p *paths) reachFolded(path string, s int32) {
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '.' {
			continue
		}
		prefix := path[:i]
		id, ok := p.folded[prefix]
		if !ok {
			id = int32(len(p.states))
			p.folded[prefix] = id
			p.states = append(p.states, pathState{path: prefix, fold: prefix})
		}
		switch {
		case i < len(path):
			p.states[id].deeper = true
		case !slices.Contains(p.states[id].slots, s):
			p.states[id].slots = append(p.states[id].slots, s)
		}
	}
}

// seal gives the spelled states what they share with the folded ones. A value at a spelled path is kept as folded too only if
// another field looks there that is spelled otherwise.
func (p *paths) seal() {
	for i := range p.states {
		s := &p.states[i]
		if !s.exact || s.atStart {
			continue
		}
		id, ok := p.folded[s.fold]
		if !ok {
			continue
		}
		f := &p.states[id]
		s.deeper = s.deeper || f.deeper
		for _, slot := range f.slots {
			if !p.covered(s, slot) {
				s.slots = append(s.slots, slot)
			}
		}
	}
	for i := range p.states {
		slices.Sort(p.states[i].slots)
		p.states[i].slots = slices.Compact(p.states[i].slots)
	}
}

// covered tells whether every field that looks into a folded slot is spelled as the state is.
func (p *paths) covered(s *pathState, folded int32) bool {
	for _, use := range p.slots[folded].fields {
		if p.fields[use.field].name != s.path {
			return false
		}
	}
	return true
}

// step gives the state after a name.
func (p *paths) step(from int32, name string) int32 {
	s := &p.states[from]
	dot := "."
	if s.atStart {
		dot = ""
	}
	if s.exact {
		if to, ok := p.spelled[s.path+dot+name]; ok {
			return to
		}
	}
	if to, ok := p.folded[s.fold+dot+foldName(name)]; ok {
		return to
	}
	return dead
}
