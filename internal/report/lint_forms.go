package report

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
)

// sections are the numbers of the sections a form has.
func (f form) sections() []string {
	switch {
	case f.soc == 3:
		return []string{"I", "II", "A", "B", "C"}
	case f.dated():
		return []string{"I", "II", "III", "IV", "V", "A"}
	}
	return []string{"I", "II", "III", "IV", "V", "A", "B"}
}

// elements are the elements of the description that a form has.
func (f form) elements() []string {
	n, prefix := 9, "DC"
	switch f.soc {
	case 1:
		n, prefix = 12, ""
	case 3:
		return nil
	}
	if f.dated() {
		n-- // no changes of a period
	}
	var out []string
	for i := range n {
		out = append(out, prefix+strconv.Itoa(i+1))
	}
	return out
}

// issued checks that a document that is no draft has what no report may leave its draft without.
func (l *linter) issued() {
	if !newBuilder(l.source).complete() {
		l.say("the document does not say that this is a draft, and it is one without signatures, the auditor’s words on every matter, or its readers")
	}
	a := l.d.Auditor
	if a == nil || a.Date == 0 {
		return
	}
	if p := l.d.Engagement.Period; !l.b.form.dated() && a.Date < p.Last() {
		l.say("the auditor’s report is dated %s, before the end of the period", day(a.Date))
	}
	if l.b.form.dated() && a.Date < l.b.asOf() {
		l.say("the auditor’s report is dated %s, before the date it is about", day(a.Date))
	}
	if s, ok := l.d.Signed(engagement.DocumentRepresentation); ok && a.Date.Time().Add(24*time.Hour).Before(s.At) {
		l.say("the auditor’s report is dated %s, before the letter of representation was signed", day(a.Date))
	}
}

// dates checks that cover, running heads, assertion and description name the same date or period, and no other.
func (l *linter) dates() {
	want := l.b.covered()
	if got := l.doc.Cover.Period; got != title(want) {
		l.say("the cover says %q, the dossier is %s", got, want)
	}
	if !strings.HasSuffix(l.doc.Short, l.b.short()) {
		l.say("the running head says %q, the dossier is %s", l.doc.Short, want)
	}
	for _, n := range []string{"II", "III"} {
		s := l.section(n)
		found := len(s.Blocks) == 0
		walkBlocks(n, s.Blocks, func(_ string, t Text) { found = found || strings.Contains(t.String(), want) })
		if !found {
			l.say("section %s does not say that it is %s", n, want)
		}
	}
	whole := regexp.MustCompile(`(?i)for the period (\d{1,2} \pL+ \d{4} to \d{1,2} \pL+ \d{4})`)
	Walk(l.doc, func(place string, t Text) {
		if place == "I" || strings.HasPrefix(place, "I.") {
			return // the auditor's words
		}
		if m := whole.FindStringSubmatch(t.String()); m != nil && m[1] != between(l.d.Engagement.Period) {
			l.say("%s: another period: %s", place, m[1])
		}
	})
}

// work checks that each deviation of the auditor is in section IV with the number of items it was found in.
func (l *linter) work() {
	printed := map[string]int{}
	for _, t := range l.tables("IV", "work-deviations/") {
		for _, r := range t.Rows {
			if len(r.Cells) > 1 {
				printed[r.Cells[0].String()+": "+r.Cells[1].String()]++
			}
		}
	}
	for _, w := range l.d.Work {
		for _, d := range w.Deviations {
			key := w.No + ": " + num(d.Count) + " of " + num(d.Of)
			if printed[key]--; printed[key] < 0 {
				l.say("the auditor’s test %s: a deviation is not in section IV (%s of %s items)", w.No, num(d.Count), num(d.Of))
			}
			if d.Count > d.Of || d.Count < 0 {
				l.say("the auditor’s test %s: %s deviations in %s items tested", w.No, num(d.Count), num(d.Of))
			}
		}
		if s, p := w.Selection, w.Population; s.Size > p.Size {
			l.say("the auditor’s test %s: %s items selected of a population of %s", w.No, num(s.Size), num(p.Size))
		}
	}
}

// results of tests of operation, which a Type 1 and a SOC 3 do not have.
var operation = []string{"Result", "Deviations", "Days tested", "Population", "Tested", "What was done"}

// untested checks that no test of operation, no result and no strip is in the document.
func (l *linter) untested() {
	for _, s := range l.doc.Sections {
		for _, b := range s.Blocks {
			switch b := b.(type) {
			case Strip:
				l.say("section %s shows days of a test; the report has no tests of operation", s.Number)
			case Table:
				for _, c := range b.Columns {
					if slices.Contains(operation, c.Title) {
						l.say("section %s has a column %q; the report has no tests of operation", s.Number, c.Title)
					}
				}
			case Pairs:
				if strings.HasPrefix(b.Subject, "test/") {
					l.say("section %s shows a test; the report has no tests of operation", s.Number)
				}
			case Paragraph:
				if b.Tone == Result {
					l.say("section %s states a result; the report has no tests of operation", s.Number)
				}
			}
		}
	}
}

// general checks that a report for general use holds neither a control nor a test, and no description beyond its attachments.
func (l *linter) general() {
	for _, n := range []string{"III", "IV", "V"} {
		if l.section(n).Number != "" {
			l.say("section %s is in a SOC 3 report", n)
		}
	}
	detail := l.b.detail()
	told := map[string]bool{}
	Walk(l.doc, func(place string, t Text) {
		if ref := detail(t.String()); ref != "" && !told[ref] {
			told[ref] = true
			l.say("%s: a SOC 3 report names %s", place, ref)
		}
	})
	for _, s := range l.doc.Sections {
		for _, b := range s.Blocks {
			if p, ok := b.(Pairs); ok && strings.HasPrefix(p.Subject, "control/") {
				l.say("section %s states a control in a SOC 3 report", s.Number)
			}
		}
	}
}

// outside checks that nothing of the auditor is in section V, which no opinion covers.
func (l *linter) outside() {
	for _, t := range l.tables("V", "work") {
		l.say("section V holds tests of the auditor (%s), outside what the auditor’s report covers", t.Subject)
	}
	if l.d.Auditor == nil {
		return
	}
	walkBlocks("V", l.section("V").Blocks, func(place string, t Text) {
		for _, o := range l.d.Auditor.Opinions {
			if o.Text != "" && strings.Contains(t.String(), fold(o.Text)) {
				l.say("%s: the auditor’s words on the %s stand in section V", place, o.Matter)
			}
		}
	})
}
