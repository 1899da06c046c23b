package report

import (
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
)

// auditor is section I. Only an independent auditor can write it. What the auditor entered stands here word for word; what
// was not entered is an empty frame with the list of what it must hold (domain brief 4.2), and no sentence that could be
// taken for an opinion.
func (b *builder) auditor() {
	if b.d.Auditor != nil {
		b.entered(b.d.Auditor)
		return
	}
	b.section("I", "Independent service auditor’s report", "Auditor’s report", "To be written by the independent service auditor; empty in this draft")
	who := say("No firm is engaged in this dossier.")
	if f := b.d.Engagement.Firm; f != "" {
		who = say("The firm named in this dossier is ", bold(f), ".")
	} else {
		b.lack("An independent service auditor: no firm is engaged.")
	}
	rest := "sections II to V"
	if b.form.soc == 3 {
		rest = "section II and its attachments"
	}
	b.add(Callout{Kind: Placeholder, Title: "Reserved for the independent service auditor", Body: []Block{
		Paragraph{Text: say("This section is empty on purpose. Only a licensed CPA firm that is independent of ", b.doc.Org, " can write it, after its own examination. ", who)},
		Paragraph{Text: say("Neither ", b.doc.Org, " nor the program that made this draft can write, complete or anticipate it. Nothing in ", rest, " stands in for it.")},
	}})
	b.heading(2, "What this section must hold")
	b.keep("When the auditor’s report is issued it takes the place of this page and covers the points below. The last column says where this draft holds facts on which the auditor may wish to draw; none of them is a conclusion.")
	b.add(Table{
		Columns: []Column{{Title: "Point", Width: 26}, {Title: "What it covers", Width: 50}, {Title: "Facts in this draft", Width: 24}},
		Rows:    b.points(),
	})
}

// points are the rows of the frame, by the form of the report.
func (b *builder) points() []Row {
	f := b.form
	scope, where := "System, categories and period; how subservice organisations are treated; whether controls of user entities or subservice organisations are assumed; that section V lies outside the examination.", sections("III", "V")
	opinion := "The auditor’s own conclusion on the description, on the design and on the operation of controls. It is not drafted here."
	if f.dated() {
		scope = strings.Replace(scope, "period", "date", 1)
		opinion = "The auditor’s own conclusion on the description and on the design of controls. It is not drafted here."
	}
	org, orgAt := "Description, assertion, service commitments, and the design and operation of controls.", sections("II", "III")
	switch f.soc {
	case 1:
		scope = strings.Replace(scope, "System, categories and", "System and", 1)
		org = "Description, assertion, control objectives and who specified them, the risks that threaten them, and the controls."
	case 3:
		scope, where = "Management’s assertion, the system, categories and period; how subservice organisations are treated; whether controls of user entities are assumed.", sections("II", "A")
		opinion = "The auditor’s own conclusion on management’s assertion. It is not drafted here."
		org, orgAt = "Assertion, boundaries of the system, service commitments, and effective controls.", sections("II", "A", "B")
	}
	out := rows(
		cells(say("Addressee"), say("To whom the report is addressed."), say("–")),
		cells(say("Scope"), say(scope), where),
		cells(say("Responsibilities of the service organisation"), say(org), orgAt),
		cells(say("Responsibilities of the auditor"), say("Professional standards, independence, quality management, and what an examination consists of."), b.standards()),
		cells(say("Inherent limitations"), say("Why controls, and conclusions about future periods, have limits."), say("–")),
	)
	if f.tested() {
		out = append(out, cells(say("Tests of controls"), say("Reference to the auditor’s tests, their nature, extent, timing and results."), sections("IV")))
	}
	out = append(out,
		cells(say("Opinion"), say(opinion), say("–")),
		cells(say("Basis for a modification"), say("If the auditor modifies the opinion: why."), say("–")))
	if f.soc != 3 {
		out = append(out, cells(say("Restricted use"), say("Who may use the report, and for what."), say("–")))
	}
	return append(out, cells(say("Signature"), say("Firm, city and date."), say("–")))
}

// entered is section I as the auditor entered it. The headings are ours, the words are not.
func (b *builder) entered(a *engagement.AuditorReport) {
	b.section("I", "Independent service auditor’s report", "Auditor’s report", "Written by the independent service auditor; entered by "+orDash(a.By)+" on "+instant(a.At))
	if a.Addressee != "" {
		b.p("To ", bold(a.Addressee))
	} else {
		b.toEnter("Addressee")
	}
	for _, p := range a.Paragraphs {
		b.heading(2, p.Name)
		b.prose(p.Text)
	}
	b.heading(2, "Opinion")
	for _, m := range b.form.matters() {
		b.heading(3, m.name)
		i := slices.IndexFunc(a.Opinions, func(o engagement.Opinion) bool { return o.Matter == m.id })
		if i < 0 || strings.TrimSpace(a.Opinions[i].Text) == "" {
			b.toEnter(m.name)
			continue
		}
		b.prose(a.Opinions[i].Text)
		if o := a.Opinions[i]; strings.TrimSpace(o.Basis) != "" {
			b.p(bold("Basis. "), fold(o.Basis))
		} else if o.Kind != "" && o.Kind != "unmodified" {
			b.toEnter("The basis of the modification: " + strings.ToLower(m.name))
		}
	}
	if b.form.soc != 3 {
		b.heading(2, "Restricted use")
		if len(a.Readers) == 0 {
			b.toEnter("Who may use the report")
		} else {
			b.keep("This report is intended for the information and use of the following only:")
			l := List{}
			for _, r := range a.Readers {
				l.Entries = append(l.Entries, say(r))
			}
			b.add(l)
		}
	}
	b.heading(2, "Signature of the auditor")
	date := say(day(a.Date))
	if a.Date == 0 {
		date = nil
	}
	b.add(Pairs{Subject: "auditor/signature", Pairs: []Pair{
		{Key: "Firm", Value: say(a.Firm), Blank: a.Firm == ""}, {Key: "City", Value: say(a.City), Blank: a.City == ""}, {Key: "Date", Value: date, Blank: a.Date == 0},
	}})
}

// toEnter is a visible blank for the auditor, among what is missing.
func (b *builder) toEnter(what string) {
	b.callout(Placeholder, what, "To be entered by the service auditor.")
	b.lack("Section I: " + strings.ToLower(what[:1]) + what[1:] + ", to be entered by the service auditor.")
}

// complete reports whether the dossier holds what an issued report must have (domain brief 11); what it has not is among
// what is missing.
func (b *builder) complete() bool {
	ok := true
	need := func(has bool, what string) {
		if ok = ok && has; !has {
			b.lack(what)
		}
	}
	for _, x := range []struct{ document, name string }{{engagement.DocumentAssertion, "assertion"}, {engagement.DocumentRepresentation, "letter of representation"}} {
		_, has := b.d.Signed(x.document)
		need(has, "Management’s signature under the "+x.name+", without which no report is issued.")
	}
	a := b.d.Auditor
	need(a != nil && a.Firm != "" && a.Date != 0, "The auditor’s report with firm and date, without which no report is issued.")
	if a == nil {
		return false
	}
	for _, m := range b.form.matters() {
		need(slices.ContainsFunc(a.Opinions, func(o engagement.Opinion) bool { return o.Matter == m.id && strings.TrimSpace(o.Text) != "" }), "The auditor’s words on a matter: "+strings.ToLower(m.name)+".")
	}
	need(len(a.Readers) > 0 || b.form.soc == 3, "The readers to whom the use of the report is restricted.")
	return ok
}

// standards are those named in the engagement.
func (b *builder) standards() Text {
	if len(b.d.Engagement.Standards) == 0 {
		b.lack("The professional standards that the examination follows.")
		return missing("no standards are recorded")
	}
	return say(and(b.d.Engagement.Standards))
}

// sections refers to sections by number.
func sections(numbers ...string) Text {
	var t Text
	for i, n := range numbers {
		if i > 0 {
			t = append(t, Span{Text: ", "})
		}
		name := "section "
		if n < "I" {
			name = "attachment "
		}
		t = append(t, see("section/"+n, name+n))
	}
	if len(t) > 0 && t[0].Text != "" {
		t[0].Text = title(t[0].Text)
	}
	return t
}

// rows and cells build tables.
func rows(r ...Row) []Row { return r }

func cells(c ...Text) Row { return Row{Cells: c} }
