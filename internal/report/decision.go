package report

import (
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/chart"
)

// DecisionFacts is what a decision's document says besides the decision.
type DecisionFacts struct {
	Org        string
	Simulated  bool
	By         string // name
	What       string // decided, in a line
	Commitment func(named string) string
	Category   func(catalog.CategoryID) string
}

// Decision writes which report an organisation decided on, with the recommendation, its reasons and the answers, as a small
// document. The same decision gives the same document.
func Decision(d applicability.Decision, f DecisionFacts) *Document {
	b := newBuilder(nil)
	b.doc = &Document{Language: "en-GB", Kind: "Decision", Title: "Which report do we need?", Short: "Decision " + d.Ref(), Org: f.Org, Ref: d.Ref(), Hash: d.SHA256, Frozen: d.At.UTC(), Simulated: f.Simulated}
	b.doc.Cover = Cover{
		Mark: "DECISION", Org: f.Org, Title: b.doc.Title, Period: f.What, Notice: say("Decision of management on the reports it wants. It is not the report of an examination, and no opinion is given or implied."),
		Facts: []Pair{
			{Key: "Decision", Value: say(d.Ref())}, {Key: "Decided by", Value: say(f.By)}, {Key: "When", Value: say(instant(d.At))},
			{Key: "Rules", Value: say(fmt.Sprintf("version %d", d.Recommendation.Rules))}, {Key: "SHA-256 of the decision", Value: say(mono(d.SHA256))}, {Key: "Ledger entry", Value: say(num(d.Seq))},
		},
	}
	if f.Simulated {
		b.doc.Cover.Alert = say(bold("Simulated data. "), f.Org+" is not a real organisation: people, systems and events in this document are invented for demonstration and tests.")
	}
	x := decisionWriter{b, d, f}
	x.decided()
	x.recommended()
	x.answers()
	return b.doc
}

type decisionWriter struct {
	*builder
	d applicability.Decision
	f DecisionFacts
}

func (x decisionWriter) decided() {
	x.section("1", "The decision", "Decision", "Written by the management of "+x.f.Org)
	x.lead(x.f.What + ".")
	c := x.d.Chosen
	if p := c.Period(); p.Days() > 0 && c.From != "" {
		x.p("Wished period: ", between(p), ".")
		for _, a := range c.Advice() {
			x.p(a.Text)
		}
	}
	diff := applicability.Differences(x.d.Recommendation, c)
	if len(diff) == 0 {
		x.p("As recommended on the answers below.")
	} else {
		t := Table{Subject: "departures", Caption: say("Where it departs from the recommendation"), Columns: []Column{{Title: "What", Width: 40}, {Title: "Recommended", Width: 30}, {Title: "Decided", Width: 30}}}
		for _, y := range diff {
			t.Rows = append(t.Rows, cells(say(y.What), say(y.Recommended), say(y.Decided)))
		}
		x.add(t)
	}
	if c.Reason != "" {
		x.p(bold("Reason. "), c.Reason)
	}
	for _, w := range append(applicability.Omitted(x.d.Recommendation, c.Categories), applicability.Unfounded(x.d.Recommendation, c.Categories)...) {
		x.callout(Notice, "Warning "+w.Rule, w.Text)
	}
}

func verdictText(v applicability.Verdict) Text {
	switch v {
	case applicability.Needed:
		return say(status(chart.Pass, "needed"))
	case applicability.Advised:
		return say(status(chart.Pass, "advised"))
	case applicability.Ask:
		return say(status(chart.Unknown, "ask first"))
	case applicability.NotNeeded:
	}
	return say(status(chart.NotApplicable, "not needed"))
}

func reasonText(list []applicability.Reason) Text {
	var out Text
	for i, r := range list {
		if i > 0 {
			out = append(out, Span{Text: "\n"})
		}
		names := make([]string, len(r.Facts))
		for j, id := range r.Facts {
			names[j] = string(id)
		}
		out = append(out, bold(r.Rule+" "), Span{Text: r.Text}, quiet(" ("+strings.Join(names, ", ")+")"))
	}
	return out
}

func (x decisionWriter) recommended() {
	r := x.d.Recommendation
	x.section("2", "What was recommended, and why", "Recommendation", fmt.Sprintf("Made by the program, rules of version %d", r.Rules))
	cols := []Column{{Title: "What", Width: 22}, {Title: "Result", Width: 14}, {Title: "Rule, reason and facts", Width: 64}}
	t := Table{Subject: "reports", Caption: say("Reports"), Columns: cols}
	for _, y := range r.Reports {
		t.Rows = append(t.Rows, cells(say(bold(y.Report.Title())), verdictText(y.Verdict), reasonText(y.Reasons)))
	}
	t.Rows = append(t.Rows, cells(say(bold("Type")), say(applicability.TypeWords(r.Type.Type)), reasonText(r.Type.Reasons)))
	x.add(t)
	t = Table{Subject: "categories", Caption: say("Categories of a SOC 2"), Columns: cols}
	for _, y := range r.Categories {
		why := reasonText(y.Reasons)
		if y.Commitment != "" {
			why = append(say(italic(x.f.Commitment(y.Commitment)), "\n"), why...)
		}
		t.Rows = append(t.Rows, cells(say(bold(x.f.Category(y.Category))), verdictText(y.Verdict), why))
	}
	x.add(t)
	for _, w := range r.Warnings {
		x.callout(Notice, "Warning "+w.Rule, w.Text)
	}
	if len(r.Open) == 0 {
		return
	}
	t = Table{Subject: "questions", Caption: say("Open questions"), Columns: []Column{{Title: "Fact", Width: 9}, {Title: "Question", Width: 56}, {Title: "Ask", Width: 35}}}
	for _, q := range r.Open {
		t.Rows = append(t.Rows, cells(say(string(q.Fact)), say(q.Text), say(q.Ask)))
	}
	x.add(t)
}

func (x decisionWriter) answers() {
	x.section("3", "The answers", "Answers", "As they were when the decision was taken")
	t := Table{Subject: "answers", Columns: []Column{{Title: "Fact", Width: 9}, {Title: "Question", Width: 50}, {Title: "Answer", Width: 14}, {Title: "Note", Width: 27}}}
	for _, f := range applicability.Facts() {
		a := x.d.Answers[f.ID]
		word := map[applicability.Value]string{applicability.Yes: "yes", applicability.No: "no", applicability.Unknown: "don’t know"}[a.Value]
		if word == "" {
			word = "not answered"
		}
		note := a.Note
		if a.Commitment != "" {
			note = strings.TrimSpace(x.f.Commitment(a.Commitment) + "\n" + note)
		}
		t.Rows = append(t.Rows, cells(say(string(f.ID)), say(f.Question), say(word), say(note)))
	}
	x.add(t)
}
