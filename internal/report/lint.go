package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
)

// Lint compares a document with its dossier and names every fault it finds, in words for whoever releases the document.
// It reads the document as a reader would and does not ask how it was built, so that it also judges a document that was
// edited. No finding means that the rules below hold; it is not a judgement on the controls.
//
// Rules: every deviation and every item without an answer of the dossier is in section IV; every criterion has a control, a
// reason why it does not apply, or is listed as missing; counts agree; no item without an answer is shown as good; each
// control answers the five questions or says which it cannot; section I is a placeholder; forbidden words are absent; the
// parts that every report has are there, and references lead somewhere.
func Lint(doc *Document, d *engagement.Dossier) []string {
	if doc == nil || d == nil {
		return []string{"there is no document or no dossier to compare"}
	}
	b := newBuilder(d)
	l := &linter{doc: doc, d: b.d, source: d, b: b}
	l.parts()
	l.dates()
	if b.form.tested() {
		l.items("deviations", "deviation", "deviations", func(t engagement.TestFacts) []engagement.Deviation { return t.Deviations })
		l.items("unknowns", "item without an answer", "items without an answer", func(t engagement.TestFacts) []engagement.Deviation { return t.Unknowns })
		l.work()
		l.counts()
		l.totals()
		l.results()
	} else {
		l.untested()
	}
	if b.form.soc == 3 {
		l.general()
	} else {
		l.criteria()
		l.controls()
		l.outside()
	}
	l.auditor()
	l.words()
	l.references()
	return l.found
}

// linter collects findings.
type linter struct {
	doc    *Document
	d      *engagement.Dossier // as its form of report reads it
	source *engagement.Dossier // as it is
	b      *builder            // for what the dossier says of itself; it writes nothing
	found  []string
}

func (l *linter) say(format string, args ...any) {
	l.found = append(l.found, fmt.Sprintf(format, args...))
}

// section is the section of a number; an empty one if the document has none.
func (l *linter) section(number string) Section {
	for _, s := range l.doc.Sections {
		if s.Number == number {
			return s
		}
	}
	return Section{}
}

// tables are the tables of a section whose subject begins so.
func (l *linter) tables(number, subject string) []Table {
	var out []Table
	for _, b := range l.section(number).Blocks {
		if t, ok := b.(Table); ok && strings.HasPrefix(t.Subject, subject) {
			out = append(out, t)
		}
	}
	return out
}

// parts checks that the document has what every draft has, and that it is of this dossier.
func (l *linter) parts() {
	for _, n := range l.b.form.sections() {
		if len(l.section(n).Blocks) == 0 {
			l.say("section %s is not there", n)
		}
	}
	if _, hash, err := l.source.Bytes(); err != nil {
		l.say("the dossier cannot be hashed: %v", err)
	} else if hash != l.doc.Hash {
		l.say("the document names dossier %.12s, but the dossier is %.12s", l.doc.Hash, hash)
	}
	if !l.doc.Draft {
		l.issued()
	} else if l.doc.Cover.Mark != "DRAFT" {
		l.say("the document does not say that this is a draft")
	}
	if s := l.doc.Cover.Notice.String(); l.doc.Draft && (!strings.Contains(s, "Not an auditor’s report") || !strings.Contains(s, "no opinion")) {
		l.say("the cover does not say that this is not an auditor’s report and gives no opinion")
	}
	if l.d.Org.Simulated && len(l.doc.Cover.Alert) == 0 {
		l.say("the cover does not say that the data is simulated")
	}
	if l.b.form.soc == 3 {
		return
	}
	if !strings.Contains(l.section("V").Title, "not covered") {
		l.say("section V does not say that it lies outside the auditor’s report")
	}
	seen := ""
	for _, t := range l.tables("III", "elements") {
		for _, r := range t.Rows {
			seen += r.Cells[0].String() + " "
		}
	}
	for _, dc := range l.b.form.elements() {
		if !strings.Contains(" "+seen, " "+dc+" ") {
			l.say("section III does not say where %s is", dc)
		}
	}
}

// items checks that every item of the dossier that did not pass is printed in section IV, as often as it occurs.
func (l *linter) items(subject, noun, nouns string, of func(engagement.TestFacts) []engagement.Deviation) {
	printed := map[string]int{}
	for _, t := range l.tables("IV", subject+"/") {
		id := strings.TrimPrefix(t.Subject, subject+"/")
		for _, r := range t.Rows {
			if len(r.Cells) > 3 {
				from, _, _ := strings.Cut(r.Cells[2].String(), "\n")
				printed[id+"\x00"+r.Cells[1].String()+"\x00"+from]++
			}
		}
	}
	for _, t := range l.d.Tests {
		lost, first := 0, ""
		for _, v := range of(t) {
			key := t.ID + "\x00" + itemText(v).String() + "\x00" + instant(v.From)
			if printed[key]--; printed[key] < 0 {
				if lost++; first == "" {
					first = itemText(v).String() + " from " + instant(v.From)
				}
			}
		}
		if lost > 0 {
			l.say("test %s: %s not in section IV, the first is %s", t.ID, count(lost, noun+" is", nouns+" are"), strings.ReplaceAll(first, "\n", " "))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(printed)) {
		if printed[key] > 0 {
			parts := strings.Split(key, "\x00")
			l.say("test %s: section IV prints %s that the dossier does not hold: %s from %s", parts[0], count(printed[key], noun, nouns), strings.ReplaceAll(parts[1], "\n", " "), parts[2])
		}
	}
}

// criteria checks that each criterion is met by a control, excused with a reason, or said to be missing.
func (l *linter) criteria() {
	b := l.b
	var missing strings.Builder
	for _, blk := range l.section("V").Blocks {
		if list, ok := blk.(List); ok {
			for _, e := range list.Entries {
				missing.WriteString(e.String() + "\n")
			}
		}
	}
	printed := map[string]bool{}
	for _, blk := range l.section("IV").Blocks {
		if h, ok := blk.(Heading); ok {
			printed[h.Number] = true
		}
	}
	for _, c := range l.d.Criteria {
		_, excused := b.excused(c.ID)
		if l.doc.Draft && len(b.meets[c.ID]) == 0 && !excused && !strings.Contains(missing.String(), c.ID) {
			l.say("criterion %s has neither a control nor a reason why it does not apply, and is not listed as missing", c.ID)
		}
		if !printed[c.ID] {
			l.say("criterion %s is not in section IV", c.ID)
		}
	}
	for _, c := range l.d.Controls {
		if !printed[c.Ref] {
			l.say("control %s is not in section IV", c.Ref)
		}
	}
}

// counts checks the arithmetic of the dossier’s tests.
func (l *linter) counts() {
	days, later := l.d.Engagement.Period.Days(), toCome(l.d)
	for _, t := range l.d.Tests {
		if t.DaysTested+t.DaysGap != days-later {
			l.say("test %s: %d days tested and %d without a verdict are not the %d days of the period", t.ID, t.DaysTested, t.DaysGap, days-later)
		}
		sum := 0
		for _, r := range t.Days {
			sum += r.Days
		}
		if (len(t.Days) > 0 || t.DaysTested > 0) && sum != days {
			l.say("test %s: its daily record covers %d days, the period has %d", t.ID, sum, days)
		}
		if t.Kind != "occurrence" {
			continue
		}
		if n := t.Pass + t.Fail + t.Unknown + t.NA; n != t.Population {
			l.say("test %s: %d verdicts for a population of %d", t.ID, n, t.Population)
		}
		if int64(len(t.Deviations)) != t.Fail {
			l.say("test %s: %d failed, but %d deviations are listed", t.ID, t.Fail, len(t.Deviations))
		}
		if int64(len(t.Unknowns)) != t.Unknown {
			l.say("test %s: %d gave no answer, but %d are listed", t.ID, t.Unknown, len(t.Unknowns))
		}
	}
}

// totals checks that the summed figures of section IV are the sums of what they stand under and of the dossier.
func (l *linter) totals() {
	deviations, unknowns := 0, 0
	for _, t := range l.d.Tests {
		deviations, unknowns = deviations+len(t.Deviations), unknowns+len(t.Unknowns)
	}
	list := l.tables("IV", "summary")
	list = slices.DeleteFunc(list, func(t Table) bool { return t.Subject != "summary" })
	if len(list) == 0 && len(l.d.Tests) > 0 {
		l.say("section IV has no summary of the tests")
	}
	for _, t := range list {
		plain := 0
		for _, r := range t.Rows {
			if r.Kind == Plain {
				plain++
			}
			if r.Kind != Total || len(r.Cells) < 6 {
				continue
			}
			if got, want := r.Cells[4].String(), num(deviations); got != want {
				l.say("section IV sums %s deviations, the dossier holds %s", got, want)
			}
			if got, want := r.Cells[5].String(), num(unknowns); got != want {
				l.say("section IV sums %s items without an answer, the dossier holds %s", got, want)
			}
		}
		if plain != len(l.d.Tests) {
			l.say("section IV lists %d tests, the dossier holds %d", plain, len(l.d.Tests))
		}
	}
}
