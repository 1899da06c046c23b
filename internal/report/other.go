package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// other is section V: what management adds, outside the examination.
func (b *builder) other() {
	b.section("V", "Other information, not covered by the auditor’s report", "Other information (unaudited)", "Written by the management of "+b.doc.Org+"; unaudited")
	b.callout(Notice, "Outside the examination", "This section is not part of the description and not subject to the auditor’s procedures. The auditor’s report says nothing about it.")
	if b.form.dated() {
		b.standing()
	} else {
		b.exceptions()
		b.responses()
		b.gaps()
		b.bare()
	}
	b.whatIsMissing()
}

// standing is what management's own monitoring found wanting at the date of a Type 1. It is not a test of operation.
func (b *builder) standing() {
	b.heading(2, "Findings of management’s monitoring that were open at the date")
	end := (b.asOf() + 1).Time()
	t := Table{Subject: "open", Columns: []Column{{Title: "Control", Width: 16}, {Title: "Item", Width: 34}, {Title: "Since", Width: 22}, {Title: "Reason", Width: 28}}}
	for _, f := range b.d.Tests {
		for _, x := range f.Deviations {
			if x.From.Before(end) && (x.To == nil || x.To.After(end)) {
				t.Rows = append(t.Rows, cells(say(and(f.Controls)), itemText(x), say(instant(x.From)), or(x.Reason, "no reason")))
			}
		}
	}
	if len(t.Rows) == 0 {
		b.p("None is recorded. That nothing is recorded does not show that every control was in place.")
		return
	}
	b.keep("Management’s own monitoring had found the following, and it was not mended at the date.")
	b.add(t)
}

// exceptions are the approved exceptions that touch deviations of the period.
func (b *builder) exceptions() {
	b.heading(2, "Exceptions approved for deviations of the period")
	type use struct{ test, n int }
	var names []string
	uses := map[string][]use{}
	for i, t := range b.d.Tests {
		n := map[string]int{}
		for _, d := range slices.Concat(t.Deviations, t.Unknowns) {
			if d.Exception != "" {
				n[d.Exception]++
			}
		}
		for e, k := range n {
			if uses[e] == nil {
				names = append(names, e)
			}
			uses[e] = append(uses[e], use{i, k})
		}
	}
	if len(names) == 0 {
		b.p("None. No deviation of the period is under an approved exception.")
		return
	}
	b.keep("An exception accepts a failure for a time. The deviation stays in section IV.")
	slices.SortFunc(names, natural)
	t := Table{Subject: "exceptions", Columns: []Column{{Title: "Exception", Width: 16}, {Title: "Test", Width: 61}, {Title: "Items", Width: 12, Align: Right}, {Title: "Page", Width: 11, Align: Right}}}
	for _, e := range names {
		for _, u := range uses[e] {
			to := b.testAnchor(u.test)
			t.Rows = append(t.Rows, cells(say(mono(e)), say(see(to, b.d.Tests[u.test].Title)), say(num(u.n)), say(page(to))))
		}
	}
	b.add(t)
}

// responses is where management answers the deviations: cause, effect, mending.
func (b *builder) responses() {
	b.heading(2, "Management’s responses to deviations")
	if b.n.deviations == 0 {
		b.p("No deviation is listed in section IV, and so there is nothing to respond to.")
		return
	}
	b.keep("For each test with deviations management states cause, effect, what was done and by when.")
	t := Table{Subject: "responses", Columns: []Column{{Title: "Test", Width: 40}, {Title: "Deviations", Width: 12, Align: Right}, {Title: "Response of management", Width: 40}, {Title: "Page", Width: 8, Align: Right}}}
	open := 0
	for i, f := range b.d.Tests {
		if len(f.Deviations) > 0 {
			to := b.testAnchor(i)
			said, ok := b.response(f.ID)
			open += one(!ok)
			t.Rows = append(t.Rows, cells(say(see(to, f.Title)), say(num(len(f.Deviations))), said, say(page(to))))
		}
	}
	b.add(t)
	if open > 0 {
		b.lack("Management’s responses to the deviations (section V).")
	}
}

// response is management's answer for a test, or the blank for it.
func (b *builder) response(test string) (Text, bool) {
	for _, r := range b.d.Responses {
		if r.Test != test {
			continue
		}
		var out Text
		for _, x := range []struct{ key, text string }{{"Cause", r.Cause}, {"Effect", r.Effect}, {"Action", r.Action}} {
			if s := strings.TrimSpace(fold(x.text)); s != "" {
				if len(out) > 0 {
					out = append(out, Span{Text: "\n"})
				}
				out = append(out, bold(x.key+". "), Span{Text: s})
			}
		}
		if r.Due != 0 && len(out) > 0 {
			out = append(out, Span{Text: " By " + day(r.Due) + "."})
		}
		if len(out) > 0 {
			return out, true
		}
	}
	if !b.doc.Draft {
		return say(quiet("No response was given.")), false
	}
	return say(quiet("[cause, effect, action, date]")), false
}

// gaps are the days and collections without a verdict: monitoring of the monitoring.
func (b *builder) gaps() {
	b.heading(2, "Gaps of monitoring")
	t := Table{Subject: "gaps", Columns: []Column{{Title: "Test", Width: 38}, {Title: "Days tested", Width: 12, Align: Right}, {Title: "Without verdict", Width: 13, Align: Right}, {Title: "When", Width: 37}}}
	for i, f := range b.d.Tests {
		when, n := stretches(f, b.d)
		if n == 0 && f.DaysGap == 0 {
			continue
		}
		t.Rows = append(t.Rows, cells(say(see(b.testAnchor(i), f.Title)), say(num(f.DaysTested)), say(num(f.DaysGap)), say(when)))
	}
	alike(t.Rows)
	sources := Table{Subject: "incomplete", Caption: say("Collections that were incomplete"), Columns: []Column{{Title: "Connection", Width: 52}, {Title: "Collections", Width: 16, Align: Right}, {Title: "Complete", Width: 16, Align: Right}, {Title: "Incomplete", Width: 16, Align: Right}}}
	for _, s := range b.d.Sources {
		if s.Complete < s.Items {
			sources.Rows = append(sources.Rows, cells(say(s.Name), say(num(s.Items)), say(num(s.Complete)), say(num(s.Items-s.Complete))))
		}
	}
	if b.n.tests == 0 {
		b.callout(Missing, "Nothing was monitored", "The dossier holds no test: the whole period is a gap.")
		return
	}
	if len(t.Rows)+len(sources.Rows) == 0 {
		b.p("None: every test has a verdict for each day of the period, and every collection was complete.")
		return
	}
	b.keep("Days without a verdict, and days on which a test gave no answer, are not counted as passed.")
	if len(t.Rows) > 0 {
		b.add(t)
	}
	if len(sources.Rows) > 0 {
		b.add(sources)
	}
}

// alike puts rows with the same days one after another, and says the days once: many tests miss the same collection.
func alike(rows []Row) {
	first := map[string]int{}
	said := func(r Row) string {
		return r.Cells[1].String() + "|" + r.Cells[2].String() + "|" + r.Cells[3].String()
	}
	for i, r := range rows {
		if _, ok := first[said(r)]; !ok {
			first[said(r)] = i
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return first[said(a)] - first[said(b)] })
	last := ""
	for i := range rows {
		if now := said(rows[i]); now == last {
			rows[i].Cells[3] = say(quiet("as above"))
		} else {
			last = now
		}
	}
}

// stretchesNamed is how many stretches without a verdict are named one by one.
const stretchesNamed = 6

// stretches tells the stretches of a test without a verdict, and how many there are.
func stretches(f engagement.TestFacts, d *engagement.Dossier) (string, int) {
	s := stripOf(f, d.Engagement.Period)
	s.Period.To -= period.Date(toCome(d))
	var when []string
	longest := 0
	for _, r := range s.Normal() {
		if r.Outcome != chart.None && r.Outcome != chart.Unknown {
			continue
		}
		first, last := r.From, r.From+period.Date(r.Days)-1
		text := day(first)
		if last > first {
			text += " to " + day(last)
		}
		when, longest = append(when, text+" ("+r.Outcome.String()+")"), max(longest, r.Days)
	}
	if n := len(when); n > stretchesNamed {
		return fmt.Sprintf("%d stretches of at most %s, the first %s, the last %s; the strip shows all", n, count(longest, "day", "days"), when[0], when[n-1]), n
	}
	return strings.Join(when, ";\n"), len(when)
}

// bare are the controls that nothing shows to have operated.
func (b *builder) bare() {
	if b.n.bare == 0 {
		return
	}
	b.heading(2, "Controls without evidence of operation")
	b.lack("Evidence of operation for " + count(b.n.bare, "control", "controls") + " (listed above).")
	b.keep("No automated test covers these controls and no document is on file for them in the period.")
	t := Table{Subject: "bare", Columns: []Column{{Title: "Control", Width: 14}, {Title: "Title", Width: 46}, {Title: "Owner", Width: 32}, {Title: "Page", Width: 8, Align: Right}}}
	for _, i := range b.controls {
		if c := b.d.Controls[i]; len(b.tests[c.Ref]) == 0 && len(c.Uploads) == 0 && len(b.workOf(c.Ref)) == 0 {
			to := b.control(c.Ref)
			t.Rows = append(t.Rows, cells(say(see(to, c.Ref)), say(c.Title), or(c.Owner, "no owner"), say(page(to))))
		}
	}
	b.add(t)
}

// whatIsMissing is what the dossier says is missing and what this document found missing besides.
func (b *builder) whatIsMissing() {
	if !b.doc.Draft {
		return // an issued report is complete; what a later one needs is management's own paper
	}
	b.heading(2, "What a complete report still needs")
	hides := func(string) bool { return false }
	controls := b.d.Controls
	if b.form.soc == 3 { // names no control, also not as missing
		detail := b.detail()
		hides, controls = func(s string) bool { return detail(s) != "" }, nil
	}
	for _, c := range controls {
		if len(b.serves[c.Ref]) == 0 {
			b.lack(title(b.form.article()) + " that control " + c.Ref + " serves.")
		}
		for what, s := range map[string]string{"The statement": c.Statement, "The owner": c.Owner, "The frequency": c.Frequency} {
			if strings.TrimSpace(s) == "" {
				b.lack(what + " of control " + c.Ref + ".")
			}
		}
	}
	all := slices.Clone(b.d.Missing)
	slices.Sort(b.lacks)
	for _, l := range b.lacks {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	all = slices.DeleteFunc(all, hides)
	if len(all) == 0 {
		b.p("Nothing is known to be missing.")
		return
	}
	l := List{Ordered: true}
	for _, m := range all {
		l.Entries = append(l.Entries, say(m))
	}
	b.add(l)
}
