package report

import (
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/markdown"
)

// assertion is section II: management's assertion as a draft of our own words, in the order of domain brief 4.3.
func (b *builder) assertion() {
	signed, ok := b.d.Signed(engagement.DocumentAssertion)
	voice := "; draft until signed"
	if ok {
		voice = "; signed on " + instant(signed.At)
	}
	b.section("II", "Management’s assertion", "Management’s assertion", "Written by the management of "+b.doc.Org+voice)
	if !ok {
		b.callout(Notice, "Draft, not yet made", "Management reads, changes and signs this text, or does not. Until it is signed nobody asserts anything with it. It needs a reasonable basis in management’s own monitoring of its controls; the auditor’s work is not part of that basis.")
		b.heading(2, "Draft of the assertion")
	} else {
		b.heading(2, "Assertion")
	}
	if ok && strings.TrimSpace(signed.Text) != "" {
		b.asserted(signed.Text)
		b.signature(signed, ok)
		b.basisOf(ok)
		return
	}
	b.responsible()
	b.subserviceSentences()
	b.keep("Management asserts, ", bold(b.timed()), " and to the best of its knowledge, that")
	b.add(List{Ordered: true, Entries: b.statements()})
	if !ok {
		b.add(Pairs{Subject: "assertion/modifications", Pairs: []Pair{{Key: "Modifications of the statements above, if any", Blank: true}}})
	}
	b.signature(signed, ok)
	b.basisOf(ok)
}

// timed is what the assertion covers, as a sentence has it.
func (b *builder) timed() string {
	if b.form.dated() {
		return b.covered()
	}
	return "for the period " + between(b.d.Engagement.Period)
}

// asserted is the assertion as management signed it, word for word, with its modifications where it made any.
func (b *builder) asserted(text string) {
	b.keep("The assertion ", bold(b.timed()), ", word for word as management signed it:")
	blocks := Prose(markdown.Parse(text))
	for i, x := range blocks {
		switch x := x.(type) {
		case Heading:
			b.heading(min(max(x.Level, 2)+1, 4), x.Title)
		case Paragraph:
			x.Keep = x.Keep || i == len(blocks)-1 // the signature is never alone on its page
			b.add(x)
		default:
			b.add(x)
		}
	}
}

// signature is who signed the assertion, or the lines for it.
func (b *builder) signature(signed engagement.Signature, ok bool) {
	b.heading(2, "Signature")
	if ok {
		b.add(Pairs{Subject: "assertion/signature", Pairs: []Pair{
			{Key: "Name", Value: say(signed.Name)}, {Key: "Title", Value: say(signed.Title)}, {Key: "Signed", Value: say(instant(signed.At))}, {Key: "SHA-256 of the text signed", Value: say(mono(signed.SHA256))},
		}})
		return
	}
	b.add(Pairs{Subject: "assertion/signature", Pairs: []Pair{
		{Key: "Name", Blank: true}, {Key: "Title", Blank: true}, {Key: "Signature", Blank: true}, {Key: "Place and date", Blank: true},
	}})
	b.lack("Management’s signature under the assertion (section II).")
}

// basisOf puts what management has to go by after its words, where there are tests.
func (b *builder) basisOf(signed bool) {
	if b.form.tested() {
		b.basis(signed)
	}
}

// responsible says what management is responsible for, and what the description is for.
func (b *builder) responsible() {
	org := b.doc.Org
	operated := ", and how they operated,"
	if b.form.dated() {
		operated = ""
	}
	switch b.form.soc {
	case 1:
		b.p("The management of ", org, " is responsible for the description of ", b.system(), " in ", see("section/III", "section III"), " (the description), for the control objectives stated in it, for the controls that achieve them, and for this assertion. The description is meant for user entities and for the auditors of their financial statements, who know enough to consider it together with other information, including that on user entities’ own controls, when they assess the risks of material misstatement.")
	case 3:
		b.p("The management of ", org, " is responsible for designing, implementing, operating and monitoring effective controls within ", b.system(), " throughout the period, to give reasonable assurance that the service commitments and system requirements relevant to ", b.scope(), " were met. ", see("section/A", "Attachment A"), " describes the boundaries of the system, and ", see("section/B", "attachment B"), " the principal service commitments and system requirements.")
	default:
		b.p("The management of ", org, " is responsible for the description of ", b.system(), " in ", see("section/III", "section III"), " (the description), for the controls stated in it, and for this assertion. The description is meant to tell user entities, and the auditors of user entities, enough about the system to judge the risks of relying on it, and above all which controls ", org, " has designed and put in place"+operated+" to meet its service commitments and system requirements for ", b.scope(), ".")
	}
}

// statements are what management asserts, one for each matter.
func (b *builder) statements() []Text {
	condition, during := b.condition(), b.during()
	measure := "in accordance with the description criteria (DC section 200)"
	purpose := "give reasonable assurance that the service commitments and system requirements are met as the applicable trust services criteria require"
	if b.form.soc == 1 {
		measure = "in accordance with the criteria for a description that AT-C section 320 lists"
		purpose = "give reasonable assurance that the control objectives stated in the description are achieved"
	}
	if b.form.soc == 3 {
		return []Text{say("the controls within ", b.system(), " were effective throughout the period to give reasonable assurance that the service commitments and system requirements were met as the applicable trust services criteria require", condition, ".")}
	}
	out := []Text{
		say("the description presents the system as it was designed and in place ", strings.Replace(during, "throughout", "during", 1), ", ", measure, ";"),
		say("the controls stated in the description were suitably designed ", during, ": operating effectively, they ", purpose, condition, ";"),
	}
	if b.form.dated() {
		out[1] = say("the controls stated in the description were suitably designed and in place ", during, ": operating effectively, they would ", purpose, condition, ".")
		return out
	}
	return append(out, say("the controls stated in the description operated effectively throughout the period to give that assurance", condition, "."))
}

// subserviceSentences say how subservice organisations and user entities enter the assertion.
func (b *builder) subserviceSentences() {
	for _, method := range []string{"carve-out", "inclusive"} {
		var names []string
		for _, s := range b.d.Subservice {
			if strings.EqualFold(s.Method, method) {
				names = append(names, s.Name)
			}
		}
		switch {
		case len(names) == 0:
		case method == "carve-out":
			b.p(b.doc.Org, " uses ", and(names), ". ", b.describes(), " names the types of controls that ", b.doc.Org, " assumes there and leaves out those controls themselves (carve-out method).")
		default:
			b.p(b.doc.Org, " uses ", and(names), ". ", b.describes(), " includes the relevant controls there (inclusive method).")
			b.absent("Assertion of the subservice organisation", "A written assertion of each subservice organisation presented by the inclusive method: "+and(names)+".", "The inclusive method needs a written assertion of ", and(names), " as well.")
		}
	}
	if n := len(b.d.CUECs); n > 0 {
		b.p("The design of the controls assumes ", count(n, "complementary user entity control", "complementary user entity controls"), ", stated in ", b.describedIn(), ".")
	}
}

// describes and describedIn are where subservice organisations and user entities are described.
func (b *builder) describes() string {
	if b.form.soc == 3 {
		return "Attachment A"
	}
	return "The description"
}

func (b *builder) describedIn() Span {
	if b.form.soc == 3 {
		return see("section/A", "attachment A")
	}
	return see("section/III", "section III")
}

// condition is the part of statements 2 and 3 that depends on others.
func (b *builder) condition() string {
	var who []string
	if len(b.d.Subservice) > 0 {
		who = append(who, "subservice organisations")
	}
	if len(b.d.CUECs) > 0 {
		who = append(who, "user entities")
	}
	if len(who) == 0 {
		return ""
	}
	if b.form.dated() {
		return ", if " + and(who) + " applied the complementary controls that the design assumes"
	}
	return ", if the complementary controls assumed at " + and(who) + " operated effectively as well"
}

// basis is what management has to go by: figures of its own monitoring, good or bad.
func (b *builder) basis(signed bool) {
	b.heading(2, "Basis: management’s own monitoring")
	n := b.n
	decides := ". Whether statement 3 can be made, made with modifications, or not made is for management to decide; it is not computed here."
	if signed {
		decides = ". What follows from them for the statements, management decided; it is not computed here."
	}
	b.keep("The statements rest on management’s monitoring of its controls during the period. The figures below come from ", see("section/IV", "section IV"), decides)
	b.add(Pairs{Subject: "assertion/basis", Pairs: []Pair{
		{Key: "Controls in scope", Value: say(num(n.controls) + ", of them " + num(n.tested) + " with automated tests")},
		{Key: "Tests", Value: say(count(n.tests, "test", "tests") + ", evaluated " + count(n.evaluations, "time", "times"))},
		{Key: "Deviations", Value: b.figure(n.deviations, chart.Fail, "deviation", "deviations", "in "+count(n.deviating, "test", "tests"))},
		{Key: "Items without an answer", Value: b.figure(n.unknowns, chart.Unknown, "item", "items", "in "+count(n.silent, "test", "tests")+"; not counted as passed")},
		{Key: "Days without a verdict", Value: b.figure(n.gapDays, chart.None, "day of a test", "days of tests", "not counted as passed")},
	}})
}

// figure is a number of things that should be none, with the sign of what they are. Where nothing was tested, none is not
// known.
func (b *builder) figure(n int, o chart.Outcome, one, many, more string) Text {
	if b.n.tests == 0 {
		return say(status(chart.None, "not known"), ": there is no test")
	}
	if n == 0 {
		return say("none")
	}
	return say(status(o, count(n, one, many)), " "+more)
}
