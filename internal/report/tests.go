package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
)

// test prints one test in full: question, population, days, strip, result, and every item that did not pass.
func (b *builder) test(i int) {
	t := b.d.Tests[i]
	name := t.Title
	if name == "" {
		name = t.ID
	}
	b.entry(4, b.testAnchor(i), "Test", name)
	b.taken[b.testAnchor(i)] = true
	if t.Asks != "" {
		b.add(Paragraph{Text: say(italic(t.Asks)), Tone: Question, Keep: true})
	}
	s := stripOf(t, b.d.Engagement.Period)
	b.add(Pairs{Subject: "test/" + t.ID, Pairs: []Pair{
		{Key: "Identifier", Value: say(mono(t.ID), fmt.Sprintf(", version %d; %s", t.Version, b.nature(t)))},
		{Key: "Population", Value: population(t)},
		{Key: "Completeness", Value: append(completeness(t), b.throughout(t)...)},
		{Key: "Days tested", Value: b.days(t)},
	}})
	if s.Period.Days() > 0 {
		b.add(Strip{Data: s, Sentence: s.Sentence()})
	}
	b.add(Paragraph{Text: judge(t, b.d).text(), Tone: Result, Keep: len(t.Deviations)+len(t.Unknowns) > 0})
	if len(t.Deviations) > 0 {
		b.add(b.itemTable("deviations", t, t.Deviations))
	}
	if len(t.Unknowns) > 0 {
		b.add(b.itemTable("unknowns", t, t.Unknowns))
	}
}

// nature is how a test looks at its population, in the trade's words (domain brief 5.1).
func (b *builder) nature(t engagement.TestFacts) string {
	switch t.Kind {
	case "state":
		return "inspection of records and configuration, state test"
	case "occurrence":
		return "inspection of the records of every occurrence"
	case "":
		return "its kind is not recorded"
	}
	return t.Kind
}

// population is what was counted, how many, and from where.
func population(t engagement.TestFacts) Text {
	out := or(strings.TrimSuffix(strings.TrimSpace(t.Counted), "."), "what a member of the population is")
	out = append(out, Span{Text: ". "})
	if t.Kind == "occurrence" {
		out = append(out, Span{Text: fmt.Sprintf("%s in the period: %s passed, %s failed, %s without an answer, %s not applicable.", count(t.Population, "occurrence", "occurrences"), num(t.Pass), num(t.Fail), num(t.Unknown), num(t.NA))})
	} else {
		out = append(out, Span{Text: fmt.Sprintf("At most %s at a time, each of them judged in %s.", count(t.Population, "member", "members"), count(t.Evaluations, "evaluation", "evaluations"))})
	}
	if len(t.Sources) == 0 {
		return append(append(out, Span{Text: " "}), missing("no source is recorded")...)
	}
	return append(out, Span{Text: " Source: " + and(t.Sources) + "."})
}

// completeness is how the population of the last evaluation was shown to be complete, by input.
func completeness(t engagement.TestFacts) Text {
	if len(t.Final.Inputs) == 0 {
		return missing("no input of the last evaluation is recorded")
	}
	type key struct{ table, source, state string }
	n := map[key]int{}
	var keys []key
	for _, in := range t.Final.Inputs {
		k := key{in.Table, in.Source, in.Completeness}
		if n[k] == 0 {
			keys = append(keys, k)
		}
		n[k]++
	}
	var out Text
	for i, k := range keys {
		if i > 0 {
			out = append(out, Span{Text: "; "})
		}
		state := k.state
		if state == "" {
			state = "not recorded"
		}
		out = append(out, mono(k.table), Span{Text: " from " + k.source + ": " + count(n[k], "reading ", "readings ") + state})
	}
	return append(out, Span{Text: ", for the last evaluation (" + instant(t.Final.AsOf) + ")."})
}

// throughout is how completely the test’s sources were read over the period.
func (b *builder) throughout(t engagement.TestFacts) Text {
	var parts []string
	for _, name := range t.Sources {
		for _, s := range b.d.Sources {
			if s.Name == name {
				parts = append(parts, fmt.Sprintf("%s %s of %s complete, %s proven", s.Name, num(s.Complete), count(s.Items, "collection", "collections"), num(s.Proven)))
				break
			}
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return say(" Over the period: " + strings.Join(parts, "; ") + ".")
}

// days is how many days of the period have a verdict.
func (b *builder) days(t engagement.TestFacts) Text {
	out := say(fmt.Sprintf("%s of %s", num(t.DaysTested), count(b.d.Engagement.Period.Days(), "day", "days")))
	if t.DaysGap > 0 {
		out = append(out, Span{Text: "; "}, Span{Text: count(t.DaysGap, "day", "days") + " without a verdict", Style: Bold}, Span{Text: ", not counted as passed"})
	} else {
		out = append(out, Span{Text: "; no gap"})
	}
	if n := toCome(b.d); n > 0 {
		out = append(out, Span{Text: "; " + count(n, "day", "days") + " still to come when frozen"})
	}
	return out
}

// itemTable lists items that did not pass, every one of them, in the order in which they began.
func (b *builder) itemTable(subject string, t engagement.TestFacts, list []engagement.Deviation) Table {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y engagement.Deviation) int {
		return cmp.Or(x.From.Compare(y.From), cmp.Compare(x.ItemID, y.ItemID), cmp.Compare(x.Label, y.Label))
	})
	caption := "Deviations: "
	if subject == "unknowns" {
		caption = "Items without an answer, not counted as passed: "
	}
	out := Table{Subject: subject + "/" + t.ID, Caption: say(caption + num(len(list))), Rows: make([]Row, 0, len(list))}
	out.Columns = []Column{{Title: "No.", Width: 28, Align: Right}, {Title: "Item", Width: 136}, {Title: "From\nto", Width: 122}, {Title: "Lasted", Width: 48}, {Title: "Reason", Width: 92}, {Title: "Exception", Width: 45}}
	if t.Kind == "occurrence" {
		out.Columns = []Column{{Title: "No.", Width: 28, Align: Right}, {Title: "Item", Width: 136}, {Title: "Occurred", Width: 122}, {Title: "Reason", Width: 140}, {Title: "Exception", Width: 45}}
	}
	for i, d := range list {
		row := make([]Text, 0, len(out.Columns))
		row = append(row, say(num(i+1)), itemText(d))
		if t.Kind == "occurrence" {
			row = append(row, say(instant(d.From)))
		} else {
			row = append(row, say(instant(d.From)+"\n"+ended(d)), say(b.length(d)))
		}
		exception := say("none")
		if d.Exception != "" {
			exception = say(mono(d.Exception))
		}
		out.Rows = append(out.Rows, Row{Cells: append(row, or(d.Reason, "no reason"), exception)})
	}
	return out
}

// itemText names an item by its label and, where that differs, by its identifier in the source.
func itemText(d engagement.Deviation) Text {
	switch {
	case d.Label == "" && d.ItemID == "":
		return missing("the item has no name")
	case d.Label == "" || d.Label == d.ItemID:
		return say(d.ItemID)
	}
	return Text{{Text: d.Label}, {Text: "\n" + d.ItemID, Style: Mono | Quiet}}
}

// ended is when a deviation ended.
func ended(d engagement.Deviation) string {
	if d.To == nil {
		return "not ended when frozen"
	}
	return instant(*d.To)
}

// length is how long a deviation lasted, up to the freeze if it still does.
func (b *builder) length(d engagement.Deviation) string {
	end, more := b.d.Frozen.At, "over "
	if d.To != nil {
		end, more = *d.To, ""
	}
	if d.From.IsZero() || end.IsZero() {
		return "not known"
	}
	return more + lasted(end.Sub(d.From).Round(time.Second))
}
