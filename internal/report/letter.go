package report

import (
	"strconv"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/markdown"
)

// LetterPaper is a version of a letter with what it is about.
type LetterPaper struct {
	Org        string
	Simulated  bool
	Engagement string // "SOC2-2026-1"
	Kind       string // "SOC 2 Type 2"
	Letter     letter.Letter
}

// Letter writes a version of a letter as a document. The same version gives the same document.
func Letter(p LetterPaper) *Document {
	l := p.Letter
	ref := l.Ref + " version " + strconv.Itoa(l.N)
	b := newBuilder(nil)
	b.doc = &Document{
		Language: "en-GB", Kind: l.Kind.Title(), Title: l.Title, Short: ref, Org: p.Org, Ref: l.Ref, Hash: l.SHA256, Hashed: "text", Frozen: l.Saved.UTC(), Simulated: p.Simulated, Draft: l.Signed == nil,
	}
	mark, notice := "DRAFT", "This text is not signed: nobody says anything with it."
	if l.State == letter.Withdrawn {
		mark, notice = "WITHDRAWN", "This draft was given up and never signed."
	}
	if l.Signed != nil {
		mark, notice = "SIGNED", "Signed by "+l.Name+", "+l.Office+", on "+day(period.Of(*l.Signed))+"."
		b.doc.Frozen = l.Signed.UTC()
	}
	if b.doc.Hash == "" {
		b.doc.Hash, _ = l.Hash() // of texts, which are always hashable
	}
	coverage := between(l.Covers)
	if l.Covers.Days() == 1 {
		coverage = "as of " + day(l.Covers.From)
	}
	if l.Kind == letter.Bridge {
		coverage = between(l.Gap)
	}
	b.doc.Cover = Cover{Mark: mark, Org: p.Org, Title: l.Title, Period: coverage, Notice: say(notice), Facts: []Pair{
		{Key: "Document", Value: say(l.Kind.Title() + ", " + ref)}, {Key: "Examination", Value: say(p.Kind + ", " + p.Engagement)},
	}}
	if l.Signed != nil {
		b.doc.Cover.Facts = append(b.doc.Cover.Facts, Pair{Key: "Sealed", Value: say("entry " + strconv.FormatInt(l.Seq, 10) + " of the ledger")}, Pair{Key: "SHA-256 of the text", Value: say(mono(l.SHA256))})
	}
	if p.Simulated {
		b.doc.Cover.Alert = say(bold("Simulated data. "), p.Org+" is not a real organisation: people, systems and events in this document are invented for demonstration and tests.")
	}
	b.section("", l.Title, l.Title, ref)
	b.add(Prose(markdown.Parse(l.Body))...)
	b.add(Heading{Level: 2, Anchor: "letter/signature", Title: "Signature"})
	if l.Signed == nil {
		b.add(Pairs{Subject: "letter/signature", Pairs: []Pair{{Key: "Name", Blank: true}, {Key: "Title", Blank: true}, {Key: "Signature", Blank: true}, {Key: "Date", Blank: true}}})
		return b.doc
	}
	b.add(Pairs{Subject: "letter/signature", Pairs: []Pair{{Key: "Name", Value: say(bold(l.Name))}, {Key: "Title", Value: say(l.Office)}, {Key: "Signed", Value: say(instant(*l.Signed) + ", by typed name and second factor")},
		{Key: "Sealed", Value: say("ledger entry " + strconv.FormatInt(l.Seq, 10))}}})
	return b.doc
}
