package people

import (
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/id"
)

func newID(now time.Time) ID { return ID(id.New("per", now)) }

// readRecords finds the person of each HR record: by what was found before, by employee number, then by address. Two records of
// one source are one person only if the employments do not overlap; otherwise they stay two, and a doubt says so.
func (b *book) readRecords() {
	told := map[string]bool{}
	for _, t := range b.pic.Told {
		told[t.Source] = told[t.Source] || t.Resource == "worker"
	}
	list := slices.Clone(b.pic.Records)
	slices.SortFunc(list, later(b.at))
	for _, r := range list {
		key := r.Source + "\x00" + r.ID
		l := b.links[key]
		if l == nil {
			p := b.whose(r)
			if p == nil {
				p = b.person(FromHR)
				b.people[p.ID] = p
			}
			l = &Link{Source: r.Source, Record: r.ID, Person: p.ID}
			b.links[key], b.dirty[key] = l, true
		} else if l.Gone != nil {
			l.Gone, b.dirty[key] = nil, true
		}
		b.records[l.Person] = append(b.records[l.Person], r)
		// At once, so that the next record finds the person by this one's number and address.
		p := b.people[l.Person]
		r.fill(p, b.at)
		b.find(p)
	}
	b.settle()
	b.gone(told)
}

// whose finds the person of a record that was not seen before, or nil.
func (b *book) whose(r Record) *Person {
	if found := b.byNumber(r.Number); len(found) == 1 && b.free(found[0], r, false) {
		return b.people[found[0]]
	}
	if found := b.byAddress(r.Email); len(found) == 1 && b.free(found[0], r, true) {
		return b.people[found[0]]
	}
	return nil
}

// free reports whether a record can be of a person whom other records tell of, too. An address alone may have been given to
// somebody else: then the name has to be the same, or nothing else known.
func (b *book) free(p ID, r Record, address bool) bool {
	have := b.people[p]
	for _, o := range b.records[p] {
		if o.Source == r.Source && !apart(o, r) {
			return false
		}
	}
	if !address {
		return true
	}
	other := have.Number != "" && r.Number != "" && have.Number != r.Number
	return strings.EqualFold(have.Name, r.Name) || !other && len(b.records[p]) == 0 && have.Origin != FromHR
}

// settle fills each person from the record that counts, and works out the stints.
func (b *book) settle() {
	for who, records := range b.records {
		p := b.people[who]
		slices.SortFunc(records, later(b.at))
		main := records[len(records)-1]
		was := b.before[who].State
		list := b.stints[who]
		byStart := slices.Clone(records)
		slices.SortStableFunc(byStart, func(x, y Record) int { return int(x.Started) - int(y.Started) })
		for _, r := range byStart {
			list = stints(list, r, was, len(records) == 1)
		}
		if !slices.Equal(list, b.stints[who]) {
			b.recut[who] = list
		}
		main.fill(p, b.at)
		p.Gone, b.since[who] = nil, main.DepartmentSince
		p.Stint = list[len(list)-1].N
		for _, x := range list {
			if x.Started == p.Started {
				p.Stint = x.N
			}
		}
		b.find(p)
	}
}

// gone marks the records that the newest snapshots no longer have, and the people of whom nothing tells any more. A source
// that was not read says nothing about anybody.
func (b *book) gone(told map[string]bool) {
	for key, l := range b.links {
		if told[l.Source] && l.Gone == nil && !slices.ContainsFunc(b.records[l.Person], func(r Record) bool { return r.Source == l.Source && r.ID == l.Record }) {
			at := b.at
			l.Gone, b.dirty[key] = &at, true
		}
	}
	live := map[ID]bool{}
	for _, l := range b.links {
		live[l.Person] = live[l.Person] || l.Gone == nil
	}
	for who, p := range b.people {
		if p.Origin == FromHR && !live[who] && p.Gone == nil {
			at := b.at
			p.Gone = &at
		}
	}
}

// managers ties people to whom they report to. A manager whom the source does not tell of stays the one known before.
func (b *book) managers() {
	for who, records := range b.records {
		main := records[len(records)-1]
		p := b.people[who]
		switch l := b.links[main.Source+"\x00"+main.Manager]; {
		case main.Manager == "":
			p.Manager = ""
		case l != nil:
			p.Manager = l.Person
		}
	}
}
