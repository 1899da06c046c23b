package report

// auditor is section I. Only an independent auditor can write it: what stands here is an empty frame with the list of what
// the frame must hold (domain brief 4.2), and no sentence that could be taken for an opinion.
func (b *builder) auditor() {
	b.section("I", "Independent service auditor’s report", "Auditor’s report", "To be written by the independent service auditor; empty in this draft")
	who := say("No firm is engaged in this dossier.")
	if f := b.d.Engagement.Firm; f != "" {
		who = say("The firm named in this dossier is ", bold(f), ".")
	} else {
		b.lack("An independent service auditor: no firm is engaged.")
	}
	b.add(Callout{Kind: Placeholder, Title: "Reserved for the independent service auditor", Body: []Block{
		Paragraph{Text: say("This section is empty on purpose. Only a licensed CPA firm that is independent of ", b.doc.Org, " can write it, after its own examination. ", who)},
		Paragraph{Text: say("Neither ", b.doc.Org, " nor the program that made this draft can write, complete or anticipate it. Nothing in sections II to V stands in for it.")},
	}})
	b.heading(2, "What this section must hold")
	b.keep("When the auditor’s report is issued it takes the place of this page and covers the points below. The last column says where this draft holds facts on which the auditor may wish to draw; none of them is a conclusion.")
	b.add(Table{
		Columns: []Column{{Title: "Point", Width: 26}, {Title: "What it covers", Width: 50}, {Title: "Facts in this draft", Width: 24}},
		Rows: rows(
			cells(say("Addressee"), say("To whom the report is addressed."), say("–")),
			cells(say("Scope"), say("System, categories and period; how subservice organisations are treated; whether controls of user entities or subservice organisations are assumed; that section V lies outside the examination."), sections("III", "V")),
			cells(say("Responsibilities of the service organisation"), say("Description, assertion, service commitments, and the design and operation of controls."), sections("II", "III")),
			cells(say("Responsibilities of the auditor"), say("Professional standards, independence, quality management, and what an examination consists of."), b.standards()),
			cells(say("Inherent limitations"), say("Why controls, and conclusions about future periods, have limits."), say("–")),
			cells(say("Tests of controls"), say("Reference to the auditor’s tests, their nature, extent, timing and results."), sections("IV")),
			cells(say("Opinion"), say("The auditor’s own conclusion on the description, on the design and on the operation of controls. It is not drafted here."), say("–")),
			cells(say("Basis for a modification"), say("If the auditor modifies the opinion: why."), say("–")),
			cells(say("Restricted use"), say("Who may use the report, and for what."), say("–")),
			cells(say("Signature"), say("Firm, city and date."), say("–")),
		),
	})
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
		t = append(t, see("section/"+n, "section "+n))
	}
	if len(t) > 0 && t[0].Text != "" {
		t[0].Text = title(t[0].Text)
	}
	return t
}

// rows and cells build tables.
func rows(r ...Row) []Row { return r }

func cells(c ...Text) Row { return Row{Cells: c} }
