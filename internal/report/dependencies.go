package report

import (
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// dated writes a date at the beginning of a name as the report writes dates.
func dated(name string) string {
	first, rest, _ := strings.Cut(name, " ")
	d, err := period.ParseDate(first)
	if err != nil {
		return name
	}
	if rest == "" {
		return day(d)
	}
	return day(d) + ": " + rest
}

// named lists names with their texts, or says that the list is empty and who must confirm that.
func (b *builder) named(list []engagement.Named) {
	for _, v := range list {
		b.add(Paragraph{Text: say(bold(dated(v.Name)+". "), or(fold(v.Text), "no text is recorded"))})
	}
}

// stated prints management's statement that a part is empty because there is nothing to say; false if management did not state it.
func (b *builder) stated(part, text string) bool {
	if !slices.Contains(b.d.System.None, part) {
		return false
	}
	b.prose(text)
	return true
}

// confirm is an empty list that may be true or forgotten: only management can say which.
func (b *builder) confirm(e *element, title, lack string, parts ...any) {
	e.state = "to be confirmed"
	b.open(title, lack, parts...)
}

func (b *builder) incidents(e *element) {
	e.anchor, e.state = b.heading(2, b.part("Incidents", "DC4")), "present"
	if len(b.d.System.Incidents) == 0 {
		if b.stated("incidents", "Management states that no incident of the period came from controls that were not suitably designed or did not operate, or otherwise led to a significant failure to meet commitments.") {
			return
		}
		b.confirm(e, "No incident is recorded", b.item("DC4", "management’s confirmation that no incident of the period must be described."),
			"Described are incidents that came from controls not suitably designed or not operating, or that otherwise led to a significant failure to meet commitments. The dossier holds none. An empty list does not show that none occurred; management confirms it, with what shows that incidents would have been noticed.")
		return
	}
	b.named(b.d.System.Incidents)
}

// criteriaTable is DC5: each applicable criterion with the controls that meet it.
func (b *builder) criteriaTable(e *element) {
	if b.form.soc == 1 {
		b.objectivesTable(e)
		return
	}
	e.anchor, e.state = b.heading(2, b.part("Applicable criteria and related controls", "DC5")), "present"
	if len(b.criteria) == 0 {
		e.state = "missing"
		b.absent("No criteria are chosen", b.item("DC5", "the applicable trust services criteria and the related controls."), "Which criteria apply follows from the categories of the examination. The dossier holds none.")
		return
	}
	what := "Tests and results are"
	if b.form.dated() {
		what = "The controls are"
	}
	b.keep("The criteria are the 2017 trust services criteria of the chosen categories, in our own words; their identifiers are those of the original. "+what+" in ", see("section/IV", "section IV"), ".")
	t := Table{Subject: "criteria", Columns: []Column{{Title: "Criterion", Width: 11}, {Title: "What it asks", Width: 47}, {Title: "Controls", Width: 35}, {Title: "Page", Width: 7, Align: Right}}}
	last := "\x00"
	for _, i := range b.criteria {
		c := b.d.Criteria[i]
		if id, name, _ := b.group(c); id+name != last {
			last = id + name
			t.Rows = append(t.Rows, Row{Kind: Group, Cells: []Text{say(strings.TrimSpace(id + "  " + name))}})
		}
		to := b.criterion(c.ID)
		t.Rows = append(t.Rows, cells(say(Span{Text: c.ID, Style: Bold, To: to}), say(c.Title), b.answer(c), say(page(to))))
	}
	b.add(t)
}

// objectivesTable is the control objectives with their controls; management, or another party, specified them.
func (b *builder) objectivesTable(e *element) {
	e.anchor, e.state = b.heading(2, "Control objectives and related controls"), "present"
	if len(b.criteria) == 0 {
		e.state = "missing"
		b.absent("No control objective is stated", "The control objectives and the related controls.", "Management states the control objectives that relate to user entities’ financial reporting. The dossier holds none.")
		return
	}
	b.keep("Management specified the control objectives, unless another party is named. The controls of each are in ", see("section/IV", "section IV"), ".")
	t := Table{Subject: "criteria", Columns: []Column{{Title: "Objective", Width: 13}, {Title: "Controls provide reasonable assurance that …", Width: 46}, {Title: "Controls", Width: 34}, {Title: "Page", Width: 7, Align: Right}}}
	last := "\x00"
	for _, i := range b.criteria {
		c := b.d.Criteria[i]
		if _, name, _ := b.group(c); name != last {
			last = name
			t.Rows = append(t.Rows, Row{Kind: Group, Cells: []Text{say(name)}})
		}
		to := b.criterion(c.ID)
		t.Rows = append(t.Rows, cells(say(Span{Text: c.ID, Style: Bold, To: to}), say(bold(c.Title+". "), fold(c.Intent)), b.answer(c), say(page(to))))
	}
	b.add(t)
}

// answer is the controls of a criterion, the reason why it does not apply, or that it has neither.
func (b *builder) answer(c engagement.CriterionFacts) Text {
	if why, ok := b.excused(c.ID); ok {
		return say(status(chart.NotApplicable, "does not apply"), ": "+why)
	}
	if list := b.meets[c.ID]; len(list) > 0 {
		return refs(list, b.control)
	}
	if b.form.soc == 1 {
		b.lack("A control for objective " + c.ID + ".")
		return missing("no control")
	}
	b.lack("A control for " + c.ID + ", or the reason why the criterion does not apply (DC8).")
	return missing("no control, and no reason why it does not apply")
}

// excused is the reason why a criterion does not apply. A decision without a reason excuses nothing.
func (b *builder) excused(id string) (string, bool) {
	for _, n := range b.d.System.NotApplicable {
		first, _, _ := strings.Cut(strings.TrimSpace(n.Name), " ")
		if first == id && strings.TrimSpace(n.Text) != "" {
			return n.Text, true
		}
	}
	return "", false
}

// heads is a narrow column's head for what controls are measured against.
func (b *builder) heads() string {
	if b.form.soc == 1 {
		return "Objectives"
	}
	return "Criteria"
}

func (b *builder) cuecs(e *element) {
	e.anchor, e.state = b.heading(2, b.part("Complementary user entity controls", "DC6")), "present"
	if len(b.d.CUECs) == 0 {
		e.state = "none stated"
		b.p("None are needed. The design of the controls assumes no control of user entities: ", b.form.aim(), " can be met without one. Management confirms this with its assertion.")
		return
	}
	b.keep("The controls below are those without which ", b.doc.Org, " cannot meet ", b.form.aim(), ". User entities operate them; they were not tested.")
	t := Table{Subject: "cuecs", Columns: []Column{{Title: "Reference", Width: 15}, {Title: "Control of the user entity", Width: 60}, {Title: title(b.form.criteria()), Width: 25}}}
	for _, c := range b.d.CUECs {
		criteria := refs(c.Criteria, b.criterion)
		if len(c.Criteria) == 0 {
			criteria = missing("no " + b.form.criterion())
		}
		t.Rows = append(t.Rows, cells(say(bold(c.Ref)), or(fold(c.Text), "no text"), criteria))
	}
	b.add(t)
}

func (b *builder) subservice(e *element) {
	e.anchor, e.state = b.heading(2, b.part("Subservice organisations", "DC7")), "present"
	if len(b.d.Subservice) == 0 {
		if b.stated("subservice", "Management states that no subservice organisation is used.") {
			return
		}
		b.confirm(e, "None is recorded", b.item("DC7", "management’s confirmation that no subservice organisation is used."),
			"A vendor is a subservice organisation if its service matters to readers’ understanding of the system and its controls are needed together with those of ", b.doc.Org, ". The dossier names none; management confirms it.")
		return
	}
	b.keep("Controls of organisations shown as carve-out were not tested and are not part of this description.")
	t := Table{Subject: "subservice", Columns: []Column{{Title: "Organisation", Width: 20}, {Title: "Service", Width: 24}, {Title: "Method", Width: 12}, {Title: "Controls assumed there", Width: 30}, {Title: b.heads(), Width: 14}}}
	for _, s := range b.d.Subservice {
		assumed := say(strings.Join(s.Controls, ";\n"))
		if len(s.Controls) == 0 {
			assumed = missing("no assumed control")
			b.lack(b.item("DC7", "the controls assumed at ") + s.Name + ".")
		}
		t.Rows = append(t.Rows, cells(say(bold(s.Name)), or(s.Service, "no service"), or(s.Method, "no method"), assumed, refs(s.Criteria, b.criterion)))
	}
	b.add(t)
}

func (b *builder) notApplicable(e *element) {
	e.anchor, e.state = b.heading(2, b.part("Criteria that do not apply", "DC8")), "present"
	if len(b.d.System.NotApplicable) == 0 {
		e.state = "none stated"
		b.p("None. Every criterion of the chosen categories is treated as applicable.")
		return
	}
	t := Table{Subject: "not-applicable", Columns: []Column{{Title: "Criterion", Width: 20}, {Title: "Why it does not apply", Width: 80}}}
	for _, n := range b.d.System.NotApplicable {
		if strings.TrimSpace(n.Text) == "" {
			e.state = "missing"
			b.lack(b.item("DC8", "the reason why ") + n.Name + " does not apply.")
		}
		t.Rows = append(t.Rows, cells(say(bold(n.Name)), or(fold(n.Text), "no reason is recorded, so the criterion is treated as applicable")))
	}
	b.add(t)
}

func (b *builder) changes(e *element) {
	e.anchor, e.state = b.heading(2, b.part("Significant changes in the period", "DC9")), "present"
	if len(b.d.System.Changes) == 0 {
		if b.stated("changes", "Management states that no significant change of the system or its controls took place in the period.") {
			return
		}
		b.confirm(e, "No significant change is recorded", b.item("DC9", "management’s confirmation that no significant change of system or controls took place in the period."),
			"Described are changes to the system and its controls during the period that matter to readers. The dossier names none; management confirms it.")
		return
	}
	b.named(b.d.System.Changes)
}
