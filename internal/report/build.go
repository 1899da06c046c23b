package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
)

// Build writes the report of a dossier. The same dossier gives the same document. Nothing in it comes from elsewhere, and
// nothing in the dossier that a reader must know is left out: what is missing is said in its place.
func Build(d *engagement.Dossier) *Document { return BuildAs(d, Options{}) }

// BuildAs writes the report of a dossier in one of its arrangements, or as issued.
func BuildAs(d *engagement.Dossier, opt Options) *Document {
	b := newBuilder(d)
	b.opt = opt
	b.identity()
	if !b.known {
		b.unsupported()
		return b.doc
	}
	b.doc.Draft = !opt.Issued || !b.complete()
	b.cover()
	b.contents()
	b.auditor()
	b.assertion()
	if b.form.soc == 3 {
		b.attachments()
		b.verification()
		return b.doc
	}
	b.description()
	b.results()
	b.other()
	b.verification()
	if b.form.tested() {
		b.glossary()
	}
	return b.doc
}

// builder holds what the sections share: indexes of the dossier, anchors, and what was found missing on the way.
type builder struct {
	d       *engagement.Dossier // as this form of report reads it
	source  *engagement.Dossier // as it is
	form    form
	known   bool // there is such a form
	opt     Options
	doc     *Document
	sec     *Section
	numbers [3]int // of the headings of levels 2 to 4 in the section

	criteria []int               // positions in the dossier, in the order of presentation
	controls []int               // positions in the dossier, in the order of their references
	tests    map[string][]int    // of a control, by reference: positions in the dossier
	serves   map[string][]string // criteria of a control, from both sides of the relation
	meets    map[string][]string // controls of a criterion, from both sides
	byRef    map[string]int      // first control of a reference: position in the dossier
	byID     map[string]bool     // criteria there are
	home     map[int]int         // test -> the control under which it is printed in full
	taken    map[string]bool
	n        figures
	lacks    []string // what a complete report still needs and the dossier did not list
}

func newBuilder(d *engagement.Dossier) *builder {
	if d == nil {
		d = &engagement.Dossier{}
	}
	f, known := formOf(d.Engagement.Report, d.Engagement.Type)
	if d.Engagement.Report == "" && d.Engagement.Type == 0 {
		f, known = form{2, 2}, true // the kind it will most likely become
	}
	b := &builder{d: fit(d, f), source: d, form: f, known: known, doc: &Document{Language: "en-GB", Draft: true}, tests: map[string][]int{}, serves: map[string][]string{},
		meets: map[string][]string{}, byRef: map[string]int{}, byID: map[string]bool{}, home: map[int]int{}, taken: map[string]bool{}}
	b.order()
	b.relate()
	b.n = b.tally()
	return b
}

// order sorts criteria by series and controls by reference.
func (b *builder) order() {
	for i := range b.d.Criteria {
		b.criteria = append(b.criteria, i)
	}
	slices.SortStableFunc(b.criteria, func(i, j int) int {
		x, y := b.d.Criteria[i], b.d.Criteria[j]
		_, _, p := b.group(x)
		_, _, q := b.group(y)
		if p != q {
			return p - q
		}
		return natural(x.ID, y.ID)
	})
	for i := range b.d.Controls {
		b.controls = append(b.controls, i)
	}
	slices.SortStableFunc(b.controls, func(i, j int) int { return natural(b.d.Controls[i].Ref, b.d.Controls[j].Ref) })
	for _, i := range b.controls {
		if _, twice := b.byRef[b.d.Controls[i].Ref]; !twice {
			b.byRef[b.d.Controls[i].Ref] = i
		}
	}
	for _, c := range b.d.Criteria {
		b.byID[c.ID] = true
	}
}

// relate ties criteria, controls and tests together from whichever side names the other, and finds each test the first
// control that it tests: there it is printed in full.
func (b *builder) relate() {
	both := func(criterion, control string) {
		if !slices.Contains(b.serves[control], criterion) {
			b.serves[control] = append(b.serves[control], criterion)
		}
		if !slices.Contains(b.meets[criterion], control) {
			b.meets[criterion] = append(b.meets[criterion], control)
		}
	}
	byID := map[string][]int{}
	for i, t := range b.d.Tests {
		byID[t.ID] = append(byID[t.ID], i)
		for _, c := range t.Controls {
			b.tests[c] = append(b.tests[c], i)
		}
	}
	for _, c := range b.d.Controls {
		for _, id := range c.Criteria {
			both(id, c.Ref)
		}
		for _, id := range c.Tests {
			b.tests[c.Ref] = append(b.tests[c.Ref], byID[id]...)
		}
	}
	for _, c := range b.d.Criteria {
		for _, ref := range c.Controls {
			both(c.ID, ref)
		}
	}
	for ref, list := range b.tests {
		slices.SortFunc(list, func(i, j int) int {
			if c := natural(b.d.Tests[i].ID, b.d.Tests[j].ID); c != 0 {
				return c
			}
			return i - j
		})
		b.tests[ref] = slices.Compact(list)
	}
	for _, list := range []map[string][]string{b.serves, b.meets} {
		for k := range list {
			slices.SortStableFunc(list[k], byReference)
		}
	}
	for _, i := range b.controls {
		for _, t := range b.tests[b.d.Controls[i].Ref] {
			if _, ok := b.home[t]; !ok {
				b.home[t] = i
			}
		}
	}
}

// byReference orders criteria and controls as the report presents them.
func byReference(x, y string) int {
	_, _, p := series(x)
	_, _, q := series(y)
	if p != q {
		return p - q
	}
	return natural(x, y)
}

// anchor makes an anchor for a thing. A second thing of the same name gets its own; references lead to the first.
func (b *builder) anchor(kind, name string) string {
	key := kind + "/" + name
	a := key
	for i := 2; b.taken[a]; i++ {
		a = key + "#" + strconv.Itoa(i)
	}
	b.taken[a] = true
	return a
}

// control and criterion are where those are printed; empty if the dossier does not hold them.
func (b *builder) control(ref string) string {
	if _, ok := b.byRef[ref]; !ok {
		return ""
	}
	return "control/" + ref
}

func (b *builder) criterion(id string) string {
	if !b.byID[id] {
		return ""
	}
	return "criterion/" + id
}

// lack records that a complete report needs something that is not there.
func (b *builder) lack(what string) {
	if !slices.Contains(b.lacks, what) {
		b.lacks = append(b.lacks, what)
	}
}

// section begins a section.
func (b *builder) section(number, title, short, voice string) {
	b.doc.Sections = append(b.doc.Sections, Section{Anchor: "section/" + number, Number: number, Title: title, Short: short, Voice: voice})
	b.sec = &b.doc.Sections[len(b.doc.Sections)-1]
	b.numbers = [3]int{}
}

// add appends blocks to the section.
func (b *builder) add(blocks ...Block) { b.sec.Blocks = append(b.sec.Blocks, blocks...) }

// heading begins a numbered part and returns its anchor.
func (b *builder) heading(level int, title string) string {
	b.numbers[level-2]++
	clear(b.numbers[level-1:])
	number := b.sec.Number
	for _, n := range b.numbers[:level-1] {
		number += "." + strconv.Itoa(n)
	}
	a := b.anchor("part", number)
	b.add(Heading{Level: level, Anchor: a, Number: number, Title: title})
	return a
}

// entry begins a part that has a reference instead of a number.
func (b *builder) entry(level int, anchor, ref, title string) {
	b.add(Heading{Level: level, Anchor: anchor, Number: ref, Title: title, Entry: level == 3})
}

func (b *builder) p(parts ...any)    { b.add(Paragraph{Text: say(parts...)}) }
func (b *builder) lead(parts ...any) { b.add(Paragraph{Text: say(parts...), Tone: Lead}) }
func (b *builder) keep(parts ...any) { b.add(Paragraph{Text: say(parts...), Keep: true}) }

// prose adds a text of the dossier, a paragraph for each of its own.
func (b *builder) prose(s string) {
	for part := range strings.SplitSeq(fold(s), "\n") {
		if part != "" {
			b.p(part)
		}
	}
}

func (b *builder) list(entries ...Text) {
	b.add(List{Entries: entries})
}

// callout adds a text that stands apart.
func (b *builder) callout(kind CalloutKind, title string, parts ...any) {
	b.add(Callout{Kind: kind, Title: title, Body: []Block{Paragraph{Text: say(parts...)}}})
}

// open adds a callout for what only a person can confirm, and remembers it for the list of what is missing.
func (b *builder) open(title, lack string, parts ...any) {
	b.callout(Unconfirmed, title, parts...)
	b.lack(lack)
}

// absent adds a callout for what the report needs and does not have, and remembers it for the list of what is missing.
func (b *builder) absent(title, lack string, parts ...any) {
	b.callout(Missing, title, parts...)
	b.lack(lack)
}
