package report

import (
	"fmt"

	"github.com/tickmark/tickmark/internal/chart"
)

// verification is appendix A: what ties this document to the ledger, and how anybody checks it without trusting it.
func (b *builder) verification() {
	letter := "A"
	if b.form.soc == 3 {
		letter = "C"
	}
	b.section(letter, "Verification", "Verification", "Written by the program that made this document")
	b.lead("Everything in this document comes from one frozen dossier. The dossier is hashed into an append-only ledger and travels with the evidence in a bundle, so that every figure can be checked without trusting ", b.doc.Org, " or the program that made it.")
	b.heading(2, "What this document was made from")
	d := b.d
	hash := say(mono(b.doc.Hash))
	if b.doc.Hash == "" {
		hash = missing(b.doc.HashError)
	}
	seq := say("entry " + num(d.Frozen.LedgerSeq))
	if d.Frozen.LedgerSeq == 0 {
		seq = missing("no ledger entry is recorded")
	}
	frozen := say(instant(d.Frozen.At))
	if d.Frozen.By != "" {
		frozen = append(frozen, Span{Text: " by " + d.Frozen.By})
	}
	b.add(Pairs{Subject: "freeze", Pairs: []Pair{
		{Key: "Dossier", Value: say(fmt.Sprintf("number %d of engagement %s", d.Frozen.Number, orDash(d.Engagement.Ref)))},
		{Key: "SHA-256", Value: hash},
		{Key: "Frozen", Value: frozen},
		{Key: "Ledger head", Value: seq},
		{Key: "Hash of that entry", Value: orMono(d.Frozen.Ledger, "no hash is recorded")},
	}})
	b.heading(2, "How to check it")
	steps := []Text{
		say("Take the bundle that goes with this document. It holds the dossier, the evidence the tests read, the tests’ queries and the proofs of the ledger."),
		say("Run ", mono("tickmark verify FILE --key KEY"), ", which needs neither network nor server. It checks signatures, the hash of every file, and that each record is in the ledger, without gap or fork. Take the key from ", b.doc.Org, " by another way than the bundle. The public Go package ", mono("verify"), " holds the format; another verifier is quickly written."),
		say("Compare the SHA-256 above with that of the file ", mono("dossier.json"), " in the bundle; any tool that computes SHA-256 will do."),
	}
	if b.form.tested() {
		steps = append(steps, say("To make a test again, unpack the bundle and run ", mono("duckdb < rerun/TEST.sql"), " with a stock DuckDB. The script reads the same files with the same parameters; the hash of its rows must equal the one in the table below."))
	}
	b.add(List{Ordered: true, Entries: append(steps, say("The document itself can be made again from the dossier: the same dossier gives the same document, byte for byte."))})
	if b.form.soc == 3 {
		b.whatIsMissing()
	}
	if !b.form.tested() {
		return
	}
	b.heading(2, "Tests and hashes")
	if len(d.Tests) == 0 {
		b.p("The dossier holds no test.")
		return
	}
	t := Table{Subject: "hashes", Columns: []Column{{Title: "Test", Width: 30}, {Title: "SHA-256 of the definition", Width: 29}, {Title: "SHA-256 of the last evaluation’s rows", Width: 29}, {Title: "Ledger", Width: 12, Align: Right}}}
	for i, f := range d.Tests {
		entry := say(num(f.Final.Seq))
		if f.Final.Seq == 0 {
			entry = say("–")
		}
		t.Rows = append(t.Rows, cells(say(see(b.testAnchor(i), f.ID), quiet(fmt.Sprintf("\nversion %d", f.Version))), orMono(f.SHA256, "no hash"), orMono(f.Final.RowsSHA256, "never evaluated"), entry))
	}
	b.add(t)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func orMono(s, what string) Text {
	if s == "" {
		return missing(what)
	}
	return say(mono(s))
}

// glossary is appendix B: the words of results.
func (b *builder) glossary() {
	b.section("B", "Words of the results", "Words of the results", "Written by the program that made this document")
	entry := func(word Text, meaning string) Row { return cells(word, say(meaning)) }
	b.add(Table{Subject: "glossary", Columns: []Column{{Title: "Word", Width: 28}, {Title: "Meaning in this document", Width: 72}}, Rows: rows(
		entry(say(status(chart.Pass, "pass")), "An item was judged and is as the control requires."),
		entry(say(status(chart.Fail, "fail")), "An item was judged and is not as the control requires; a deviation."),
		entry(say(status(chart.Unknown, "no answer")), "An item could not be judged. Also called unknown. Never counted as a pass."),
		entry(say(status(chart.NotApplicable, "not applicable")), "The question does not arise for the item, or there was no occurrence and that is proven."),
		entry(say(status(chart.None, "not tested")), "No evaluation took place. Never counted as a pass."),
		entry(say(bold("No deviations noted")), "Every item of the population was judged on every day of the period and passed, or the question did not arise for it. It is a finding of a test, not a conclusion on a control or a criterion."),
		entry(say(bold("Deviation")), "An item that did not pass. It stays a deviation of the period however soon it was mended."),
		entry(say(bold("Exception")), "An approved, reasoned and expiring acceptance of a deviation. It does not change the verdict."),
		entry(say(bold("Population")), "All items or occurrences a question is asked of."),
		entry(say(bold("Proven")), "Said of a reading: the source’s own count equals the number of rows read."),
		entry(say(bold("Asserted")), "Said of a reading: it ended without error, and the source gives no count of its own."),
		entry(say(bold("Gap")), "Days of the period without a verdict."),
		entry(say(bold("Dossier")), "The frozen record that this document is made from."),
		entry(say(bold("Ledger")), "The append-only record into which evidence, results and dossiers are hashed in the order in which they came."),
	)})
}
