package report

import (
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
)

// Keys of a control's entry: the five questions a reader asks of a control. Lint looks for them.
const (
	KeyWhat  = "What is done"
	KeyWho   = "By whom"
	KeyWhen  = "When"
	KeyWhere = "Where and how"
	KeyWhy   = "Why"
)

// byControl is each control in full, once.
func (b *builder) byControl() {
	if b.form.dated() {
		b.heading(2, "Controls in full")
	} else {
		b.heading(2, "Results by control")
	}
	if len(b.controls) == 0 {
		b.absent("No control is in scope", "Controls.", "The dossier holds no control.")
		return
	}
	if b.form.dated() {
		b.p("Each control is stated with its owner, frequency, place and purpose.")
	} else {
		b.p("Each control is stated with its owner, frequency, place and purpose, then with its tests. A test of several controls is printed in full with the first of them.")
	}
	for _, i := range b.controls {
		b.inFull(i)
	}
}

// inFull is a control with everything that is said of it.
func (b *builder) inFull(i int) {
	c := b.d.Controls[i]
	b.entry(3, b.anchor("control", c.Ref), c.Ref, c.Title)
	b.add(b.five(c))
	if b.form.dated() {
		return
	}
	b.auditorTests(c.Ref, b.workOf(c.Ref))
	b.testsOf(i, c)
}

// five is the control's statement with owner, frequency, place and purpose; what is not recorded is said.
func (b *builder) five(c engagement.ControlFacts) Pairs {
	why := refs(b.serves[c.Ref], b.criterion)
	if len(why) == 0 {
		why = missing("the control serves no " + b.form.criterion() + " in scope")
	}
	return Pairs{Subject: "control/" + c.Ref, Pairs: []Pair{
		{Key: KeyWhat, Value: or(c.Statement, "the control is not stated")},
		{Key: KeyWho, Value: or(c.Owner, "no owner is recorded")},
		{Key: KeyWhen, Value: or(title(term(c.Frequency)), "no frequency is recorded")},
		{Key: KeyWhere, Value: b.where(c)},
		{Key: KeyWhy, Value: why},
		b.shownBy(c),
	}}
}

// where is the place and manner of a control's operation: the systems its facts come from, or the records it leaves.
func (b *builder) where(c engagement.ControlFacts) Text {
	var how []string
	for _, s := range []string{c.Type, c.Nature} {
		if s != "" {
			how = append(how, term(s))
		}
	}
	systems := b.systemsOf(c)
	t := say(title(strings.Join(how, "; ")))
	if len(t) > 0 {
		t = append(t, Span{Text: ". "})
	}
	switch {
	case len(systems) > 0:
		t = append(t, Span{Text: "Facts from " + and(systems) + "."})
	case len(c.Evidence) > 0:
		t = append(t, Span{Text: "Records: " + strings.Join(c.Evidence, "; ") + "."})
	default:
		t = append(t, missing("neither a system nor a record of its operation is named")...)
	}
	return t
}

// shownBy is what shows that a control is in place, or operated.
func (b *builder) shownBy(c engagement.ControlFacts) Pair {
	if !b.form.dated() {
		return Pair{Key: "Shown by", Value: b.shown(c)}
	}
	switch {
	case len(c.Uploads) > 0:
		return Pair{Key: "In place as shown by", Value: say(strings.Join(c.Uploads, "; "))}
	case len(b.tests[c.Ref]) > 0:
		return Pair{Key: "In place as shown by", Value: say("Records of " + and(b.systemsOf(c)) + ".")}
	}
	b.lack("What shows that control " + c.Ref + " is in place.")
	return Pair{Key: "In place as shown by", Value: missing("nothing on file shows it")}
}

// systemsOf are the connections that a control's facts come from.
func (b *builder) systemsOf(c engagement.ControlFacts) []string {
	var out []string
	for _, i := range b.tests[c.Ref] {
		for _, s := range b.d.Tests[i].Sources {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// shown is what shows that a control operated: tests, documents, or nothing.
func (b *builder) shown(c engagement.ControlFacts) Text {
	var t Text
	switch n := len(b.tests[c.Ref]); {
	case n > 0:
		t = say(count(n, "test", "tests") + ", below.")
	case len(c.Uploads) == 0 && len(b.workOf(c.Ref)) > 0:
		return say("Tests of the service auditor, below. No automated test covers this control.")
	case len(c.Uploads) == 0:
		return say(status(chart.None, "Nothing."), " No automated test covers this control, and no document is on file for the period: nothing here shows that it operated.")
	default:
		t = say(status(chart.None, "No automated test."), " Documents are on file; they are not judged here.")
	}
	for k, u := range c.Uploads {
		ref, name, _ := strings.Cut(u, " ")
		lead := "; "
		if k == 0 {
			lead = " On file: "
		}
		t = append(t, Span{Text: lead}, mono(ref))
		if name != "" {
			t = append(t, Span{Text: " " + name})
		}
	}
	return t
}

// testsOf prints the tests of a control, or refers to where they are printed.
func (b *builder) testsOf(i int, c engagement.ControlFacts) {
	for _, t := range b.tests[c.Ref] {
		if b.home[t] == i {
			b.test(t)
			continue
		}
		f := b.d.Tests[t]
		home := b.d.Controls[b.home[t]].Ref
		b.add(Paragraph{Text: say("Test ", see(b.testAnchor(t), f.Title), " is printed with ", see(b.control(home), home), " on page ", page(b.testAnchor(t)), ": ", judge(f, b.d).text())})
	}
}

// orphans are tests of controls that are not in scope: their deviations are the period's all the same.
func (b *builder) orphans() {
	list := b.homeless()
	if len(list) == 0 {
		return
	}
	b.heading(2, "Tests of no control in scope")
	b.p("The tests below name no control of this dossier. They are printed so that nothing they found is left out.")
	b.lack("Controls for " + count(len(list), "test that names", "tests that name") + " none in scope.")
	for _, t := range list {
		b.test(t)
	}
}
