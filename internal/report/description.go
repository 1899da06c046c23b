package report

import (
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
)

// element is one of the nine description criteria (DC section 200; domain brief 4.4), in our paraphrase.
type element struct {
	id, what string
	state    string // "present", "none stated", "to be confirmed", "missing"
	anchor   string
}

// description is section III: the description of the system, element by element. Each element is there, or is shown as
// missing where it belongs.
func (b *builder) description() {
	b.section("III", "Description of the system", "Description of the system", "Written by the management of "+b.doc.Org)
	at := len(b.sec.Blocks)
	var el []element
	if b.form.soc == 1 {
		el = b.processing()
	} else {
		el = b.criteriaElements()
	}
	rest := append([]Block{}, b.sec.Blocks[at:]...)
	b.sec.Blocks = append(b.sec.Blocks[:at], b.elements(el)...)
	b.add(rest...)
}

// criteriaElements are the description criteria of a SOC 2. Changes of the period belong to a report of a period.
func (b *builder) criteriaElements() []element {
	el := []element{{id: "DC1", what: "Types of services provided"}, {id: "DC2", what: "Principal service commitments and system requirements"},
		{id: "DC3", what: "Components of the system and its boundary"}, {id: "DC4", what: "Incidents"}, {id: "DC5", what: "Applicable criteria and the related controls"},
		{id: "DC6", what: "Complementary user entity controls"}, {id: "DC7", what: "Subservice organisations"}, {id: "DC8", what: "Criteria that do not apply"},
		{id: "DC9", what: "Significant changes in the period"}}
	b.services(&el[0])
	b.commitments(&el[1])
	b.components(&el[2])
	b.boundary(&el[2])
	b.aspects()
	b.incidents(&el[3])
	b.criteriaTable(&el[4])
	b.cuecs(&el[5])
	b.subservice(&el[6])
	b.notApplicable(&el[7])
	if b.form.dated() {
		return el[:8]
	}
	b.changes(&el[8])
	return el
}

// transactions are the parts of a SOC 1 description that tell how transactions pass through the system (domain brief 3.1),
// with the word by which a text of the dossier names its part.
var transactions = []struct{ key, name, meaning string }{
	{"classes", "Classes of transactions", "which transactions of user entities the services process"},
	{"procedures", "Procedures for transactions", "how transactions are initiated, authorised, recorded, processed, corrected and reported, by people and by machine"},
	{"records", "Related records", "the records and supporting information that transactions leave, and how wrong ones are corrected"},
	{"events", "Significant events", "how events other than transactions that matter to user entities are captured and handled"},
	{"reports", "Reports to user entities", "how reports and other information for user entities are prepared"},
}

// processing is the description of a SOC 1: its elements follow AT-C section 320, not the description criteria of a SOC 2.
func (b *builder) processing() []element {
	el := make([]element, 0, 16) // room for all, so that pointers into it stay
	next := func(what string) *element {
		el = append(el, element{id: num(len(el) + 1), what: what})
		return &el[len(el)-1]
	}
	b.services(next("Services"))
	b.transactions(next)
	e := next("Components of the system and its boundary")
	b.components(e)
	b.boundary(e)
	e = next("Control environment, risk assessment, information and communication, monitoring")
	e.anchor, e.state = "part/"+b.sec.Number+"."+num(b.numbers[0]+1), "present"
	before := len(b.lacks)
	b.aspects()
	if len(b.lacks) > before {
		e.state = "missing"
	}
	b.criteriaTable(next("Control objectives and the related controls"))
	b.cuecs(next("Complementary user entity controls"))
	b.subservice(next("Subservice organisations and the controls assumed there"))
	if !b.form.dated() {
		b.changes(next("Significant changes in the period"))
	}
	return el
}

func (b *builder) transactions(next func(string) *element) {
	for _, part := range transactions {
		e := next(part.name)
		e.anchor, e.state = b.heading(2, part.name), "present"
		found := false
		for _, v := range b.d.System.Processing {
			word, rest, _ := strings.Cut(v.Name, ":")
			if !strings.EqualFold(strings.TrimSpace(word), part.key) {
				continue
			}
			found = true
			if rest = strings.TrimSpace(rest); rest != "" {
				b.heading(3, rest)
			}
			b.prose(v.Text)
		}
		if !found {
			e.state = "missing"
			b.absent("Not described", part.name+": "+part.meaning+".", "A reader must learn ", part.meaning, ". The dossier has no text for it.")
		}
	}
}

// part is the title of a part with the description criterion it answers; a SOC 1 has none.
func (b *builder) part(name, dc string) string {
	if b.form.soc == 1 {
		return name
	}
	return name + " (" + dc + ")"
}

// item is a lack with the description criterion it belongs to.
func (b *builder) item(dc, what string) string {
	if b.form.soc == 1 {
		return title(what)
	}
	return dc + ": " + what
}

// elements is the overview of the nine description criteria and where each is.
func (b *builder) elements(el []element) []Block {
	t := Table{Subject: "elements", Caption: say(b.measure()), Columns: []Column{{Title: "Element", Width: 10}, {Title: "Content", Width: 50}, {Title: "State", Width: 24}, {Title: "Part", Width: 9}, {Title: "Page", Width: 7, Align: Right}}}
	for _, e := range el {
		state := say(e.state)
		switch e.state {
		case "missing":
			state = say(status(chart.None, e.state))
		case "to be confirmed":
			state = say(status(chart.Unknown, e.state))
		}
		part := strings.TrimPrefix(e.anchor, "part/")
		t.Rows = append(t.Rows, cells(say(e.id), say(e.what), state, say(see(e.anchor, part)), say(page(e.anchor))))
	}
	return []Block{
		Paragraph{Tone: Lead, Text: say("This section describes ", b.system(), ", the controls in place, and what they depend on, ", b.covered(), ".")},
		t,
	}
}

// measure names what the description is measured against.
func (b *builder) measure() string {
	if b.form.soc == 1 {
		return "What a description for user entities’ auditors holds, and where this section has it"
	}
	return "The description criteria and where this section answers them"
}

func (b *builder) services(e *element) {
	s := b.d.System
	e.anchor, e.state = b.heading(2, b.part("Overview of services", "DC1")), "present"
	b.prose(s.Overview)
	for _, v := range s.Services {
		b.p(bold(v.Name+". "), fold(v.Text))
	}
	if len(s.Services) == 0 {
		e.state = "missing"
		b.absent("Services are not described", b.item("DC1", "the types of services provided."), "A reader must learn which services the system provides, to whom, and how they are delivered. The dossier lists none.")
	}
}

func (b *builder) commitments(e *element) {
	e.anchor, e.state = b.heading(2, b.part("Principal service commitments and system requirements", "DC2")), "present"
	list := b.d.System.Commitments
	if len(list) == 0 {
		e.state = "missing"
		b.absent("No commitment is recorded", b.item("DC2", "principal service commitments and system requirements."), "Controls are judged against what was promised. Without commitments and requirements the criteria have nothing to be applied to.")
		return
	}
	b.keep("The commitments below are those made to user entities in agreements, policies and published statements, and the requirements that follow from them.")
	t := Table{Subject: "commitments", Columns: []Column{{Title: "Category", Width: 18}, {Title: "Commitment or requirement", Width: 57}, {Title: "Source", Width: 25}}}
	for _, c := range list {
		t.Rows = append(t.Rows, cells(say(title(term(c.Category))), or(fold(c.Text), "the commitment has no text"), or(c.Source, "no source")))
	}
	b.add(t)
}

// classes are the components of a system in the order of the description criteria.
var classes = []struct{ key, name, meaning string }{
	{"infrastructure", "Infrastructure", "physical and virtual resources, sites, networks and devices"},
	{"software", "Software", "applications and system software, made in-house or bought"},
	{"people", "People", "those who govern, run, secure or use the system"},
	{"procedures", "Procedures", "automated and manual procedures"},
	{"data", "Data", "streams, files, databases and outputs"},
}

func (b *builder) components(e *element) {
	e.anchor, e.state = b.heading(2, b.part("Components of the system", "DC3")), "present"
	if b.anyCount() {
		b.keep("Counts were collected from the systems named in the evidence", foot("A count is the number of rows in the evidence named beside it, at the time that evidence was collected. The evidence is part of the bundle that goes with this dossier."), "; where no evidence is named, the component is described and was not counted.")
	}
	var none []string
	for _, c := range classes {
		list := b.d.System.Components[c.key]
		b.heading(3, c.name)
		if len(list) == 0 {
			none = append(none, strings.ToLower(c.name))
			b.absent("Not described", b.item("DC3", "")+strings.ToLower(c.name)+" ("+c.meaning+").", "The dossier names no component of this class: ", c.meaning, ".")
			continue
		}
		t := Table{Subject: "components/" + c.key, Columns: []Column{{Title: c.name, Width: 26}, {Title: "Description", Width: 46}, {Title: "Count", Width: 10, Align: Right}, {Title: "Evidence", Width: 18}}}
		for _, v := range list {
			n, ev := say(quiet("–")), say(quiet("not counted"))
			if v.Evidence != "" {
				n, ev = say(num(v.Count)), say(mono(v.Evidence))
			} else if v.Count != 0 {
				n, ev = say(num(v.Count)), missing("no evidence for the count")
			}
			t.Rows = append(t.Rows, cells(say(bold(v.Name)), say(fold(v.Text)), n, ev))
		}
		b.add(t)
	}
	if len(none) > 0 {
		e.state = "missing"
	}
}

func (b *builder) anyCount() bool {
	for _, c := range classes {
		for _, v := range b.d.System.Components[c.key] {
			if v.Evidence != "" {
				return true
			}
		}
	}
	return false
}

func (b *builder) boundary(e *element) {
	b.heading(2, b.part("Boundary of the system", "DC3"))
	if strings.TrimSpace(b.d.System.Boundary) == "" {
		e.state = "missing"
		b.absent("The boundary is not described", b.item("DC3", "the boundary of the system."), "A reader must learn what belongs to the system and what does not.")
		return
	}
	b.prose(b.d.System.Boundary)
}

// areas are the aspects of internal control that a description is expected to cover.
var areas = []string{"Control environment", "Risk assessment", "Information and communication", "Monitoring"}

// aspects are the relevant aspects of internal control. An area is found by the beginning of a text's name; texts that name
// no area at all may still cover the four, which only management can say.
func (b *builder) aspects() {
	b.heading(2, "Relevant aspects of internal control")
	var open []string
	for _, name := range areas {
		if !slices.ContainsFunc(b.d.System.Aspects, func(a engagement.Named) bool {
			return strings.HasPrefix(strings.ToLower(a.Name), strings.ToLower(name))
		}) {
			open = append(open, name)
		}
	}
	switch {
	case len(open) == len(areas) && len(b.d.System.Aspects) > 0:
		b.open("The areas that are covered", "Relevant aspects of internal control: which of the four areas each text describes.",
			"The description covers ", strings.ToLower(and(areas)), ". The texts below do not say which of these each of them describes.")
	default:
		for _, name := range open {
			b.absent(name+" is not described", "Relevant aspects of internal control: "+strings.ToLower(name)+".", "The description of the system includes this aspect of internal control; the dossier has no text for it.")
		}
	}
	for _, a := range b.d.System.Aspects {
		b.heading(3, a.Name)
		if strings.TrimSpace(a.Text) == "" {
			b.p(missing("the aspect has no text"))
		}
		b.prose(a.Text)
	}
}
