package report

import (
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
)

// identity fills what every kind of report has.
func (b *builder) identity() {
	d := b.d
	b.doc.Org = strings.TrimSpace(d.Org.Name)
	if b.doc.Org == "" {
		b.doc.Org = "[organisation not named]"
		b.lack("The name of the service organisation.")
	}
	b.kind()
	b.doc.Ref, b.doc.Frozen, b.doc.Simulated = d.Engagement.Ref, d.Frozen.At.UTC(), d.Org.Simulated
	b.doc.Short = b.doc.Kind + ", " + b.short()
	if _, hash, err := b.source.Bytes(); err != nil {
		b.doc.HashError = err.Error()
		b.lack("A hash of the dossier: " + err.Error() + ".")
	} else {
		b.doc.Hash = hash
	}
	if d.Frozen.LedgerSeq == 0 || d.Frozen.Ledger == "" {
		b.lack("The state of the ledger from which the dossier was taken.")
	}
	switch {
	case b.form.dated() && b.asOf() == 0:
		b.lack("The date of the examination.")
	case !b.form.dated() && d.Engagement.Period.Days() == 0:
		b.lack("The period of the examination.")
	}
	if len(d.Engagement.Categories) == 0 && b.form.soc != 1 {
		b.lack("The trust services categories of the examination.")
	}
}

// kind names the kind of report. A dossier without one is written as the kind it will most likely become, with the kind
// among what is missing.
func (b *builder) kind() {
	e := b.d.Engagement
	b.doc.Kind = kindOf(e.Report, e.Type)
	if e.Report == "" && e.Type == 0 {
		b.doc.Kind = kindOf("SOC 2", 2)
		b.lack("The kind of report: it is not recorded; this draft is laid out as " + b.doc.Kind + ".")
	}
}

// kindOf names a kind of report: "soc2" and "SOC 2" are the same.
func kindOf(report string, typ int) string {
	name := strings.TrimSpace(report)
	if rest, ok := strings.CutPrefix(strings.ToUpper(name), "SOC"); ok {
		name = "SOC " + strings.TrimSpace(rest)
	}
	if typ == 0 || (name == "SOC 3" && typ == 2) {
		return name
	}
	return fmt.Sprintf("%s Type %d", name, typ)
}

// unsupported says that there is no such report yet, instead of writing the wrong one.
func (b *builder) unsupported() {
	b.doc.Title = b.doc.Kind + " of " + b.doc.Org
	b.doc.Cover = Cover{Mark: "DRAFT", Org: b.doc.Org, Title: b.doc.Title, Period: between(b.d.Engagement.Period), Notice: notAReport(), Facts: b.coverFacts(), Alert: b.simulated()}
	b.section("I", "No report", "No report", "")
	b.callout(Missing, "This kind of report cannot be written yet", "The dossier is for ", bold(b.doc.Kind), ". Reports are written for SOC 1 and SOC 2, each of Type 1 and Type 2, and for SOC 3 over a period.")
}

// system is the examined system in running text.
func (b *builder) system() string {
	if n := strings.TrimSpace(b.d.System.Name); n != "" {
		return n
	}
	return "the system"
}

// scope is the chosen categories in running text.
func (b *builder) scope() string {
	if c := categories(b.d.Engagement.Categories); len(c) > 0 {
		return and(c)
	}
	return "[categories not chosen]"
}

func notAReport() Text {
	return say("Management’s draft. Not an auditor’s report; no opinion is given or implied.")
}

// early says that the period was not over when the dossier was frozen; empty if it was.
func (b *builder) early() string {
	n := toCome(b.d)
	if n == 0 {
		return ""
	}
	return "The period was not over when the dossier was frozen: " + count(n, "day was", "days were") + " still to come. A report on the whole period needs a later dossier."
}

func (b *builder) simulated() Text {
	if !b.d.Org.Simulated {
		return nil
	}
	return say(bold("Simulated data. "), b.doc.Org+" is not a real organisation: people, systems and events in this document are invented for demonstration and tests.")
}

// cover is the first page.
func (b *builder) cover() {
	b.doc.Title = b.titleOf()
	b.doc.Cover = Cover{Mark: "DRAFT", Org: b.doc.Org, Title: b.doc.Title, Period: title(b.covered()), Notice: notAReport(), Facts: b.coverFacts(), Alert: b.simulated()}
	if !b.doc.Draft {
		b.doc.Cover.Mark, b.doc.Cover.Notice, b.doc.Use = strings.ToUpper(b.doc.Kind), b.use(), "Restricted use"
		if b.form.soc == 3 {
			b.doc.Use = "General use"
		}
	}
}

// titleOf says what the report is on.
func (b *builder) titleOf() string {
	what := "design and operating effectiveness"
	if b.form.dated() {
		what = "design"
	}
	switch b.form.soc {
	case 1:
		return "Report on " + of(b.doc.Org) + " description of " + b.system() + " and on the suitability of the " + what + " of its controls to achieve the related control objectives"
	case 3:
		return "Report on " + of(b.doc.Org) + " assertion that its controls over " + b.system() + " were effective, relevant to " + b.scope()
	}
	return "Report on " + of(b.doc.Org) + " description of its system and on the suitability of the " + what + " of its controls relevant to " + b.scope()
}

// use says who may use an issued report.
func (b *builder) use() Text {
	if b.form.soc == 3 {
		return say("For general use. Sections are the words of those named at their head.")
	}
	return say("Restricted use: for the readers named in ", see("section/I", "section I"), " only.")
}

func (b *builder) coverFacts() []Pair {
	d := b.d
	firm := say(d.Engagement.Firm)
	if len(firm) == 0 {
		firm = say("not engaged yet")
	}
	number := say("number "+num(d.Frozen.Number)+", frozen ", instant(d.Frozen.At))
	if e := b.early(); e != "" {
		number = append(number, Span{Text: ". "}, status(chart.None, "Interim."), Span{Text: " " + e})
		b.lack("Results for the rest of the period. " + e)
	}
	hash := say(mono(b.doc.Hash))
	if b.doc.Hash == "" {
		hash = missing("the dossier could not be hashed: " + b.doc.HashError)
	}
	return []Pair{
		{Key: "System", Value: or(d.System.Name, "the system has no name")},
		{Key: "Report", Value: say(b.doc.Kind)},
		{Key: "Engagement", Value: or(d.Engagement.Ref, "no reference is recorded")},
		{Key: "Service auditor", Value: firm},
		{Key: "Dossier", Value: number},
		{Key: "SHA-256 of the dossier", Value: hash},
	}
}

// contents is the table of contents, a section without number.
func (b *builder) contents() {
	b.section("", "Contents", "Contents", "")
	b.sec.Anchor = "contents"
	b.add(Contents{Depth: 2})
}
