package report

import (
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/risk"
)

// RiskFacts is what the document of a risk assessment says besides the assessment.
type RiskFacts struct {
	Org       string
	Simulated bool
	Names     map[string]string // of actors
}

// RiskAssessment writes a frozen risk assessment as a document: the same dossier gives the same document.
func RiskAssessment(d *risk.Dossier, f RiskFacts) *Document {
	b := newBuilder(nil)
	a := d.Assessment
	b.doc = &Document{Language: "en-GB", Kind: "Risk assessment", Title: a.Title, Short: a.Ref + ", " + f.Org, Org: f.Org, Ref: a.Ref, Hash: a.SHA256, Frozen: a.Frozen.UTC(), Simulated: f.Simulated}
	b.doc.Cover = Cover{
		Mark: "RISK ASSESSMENT", Org: f.Org, Title: a.Title, Period: "Held on " + dayOf(a.Held),
		Notice: say("Working paper of management. It is not the report of an examination, and no opinion is given or implied."),
		Facts: []Pair{
			{Key: "Assessment", Value: say(a.Ref)}, {Key: "Held", Value: say(dayOf(a.Held))}, {Key: "Frozen", Value: say(instant(*a.Frozen), " by ", orDash(f.Names[a.FrozenBy]))},
			{Key: "Participants", Value: say(orDash(strings.Join(a.Participants, ", ")))}, {Key: "SHA-256 of the assessment", Value: say(mono(a.SHA256))},
			{Key: "Evidence", Value: say(orDash(a.Evidence))}, {Key: "Ledger entry", Value: say(num(a.Seq))},
		},
	}
	if f.Simulated {
		b.doc.Cover.Alert = say(bold("Simulated data. "), f.Org+" is not a real organisation: people, systems and events in this document are invented for demonstration and tests.")
	}
	x := riskWriter{b, d, f}
	x.method()
	x.summary()
	x.register()
	x.frauds()
	return b.doc
}

type riskWriter struct {
	*builder
	d *risk.Dossier
	f RiskFacts
}

func dayOf(d period.Date) string {
	if d == 0 {
		return "–"
	}
	return day(d)
}

func (x riskWriter) method() {
	x.section("1", "Method and scope", "Method", "Written by the management of "+x.f.Org)
	x.prose(or1(x.d.Assessment.Method, "No method is written down."))
	if s := x.d.Assessment.Scope; s != "" {
		x.heading(2, "Scope")
		x.prose(s)
	}
	if p := x.d.Assessment.Processes; len(p) > 0 {
		x.p("Processes in scope: ", strings.Join(p, ", "), ".")
	}
	x.heading(2, "Scales")
	for _, axis := range []struct {
		name   string
		levels []risk.Level
	}{{"Likelihood", x.d.Scale.Likelihood}, {"Impact", x.d.Scale.Impact}} {
		t := Table{Subject: "scale/" + axis.name, Caption: say(axis.name), Columns: []Column{{Title: "Step", Width: 8, Align: Right}, {Title: "Word", Width: 22}, {Title: "Meaning", Width: 70}}}
		for i, l := range axis.levels {
			t.Rows = append(t.Rows, cells(say(num(i+1)), say(bold(l.Word)), say(l.Meaning)))
		}
		x.add(t)
	}
	s := x.d.Scale
	x.p(fmt.Sprintf("The score is likelihood times impact. Medium begins at %d, high at %d, critical at %d. Scores up to %d are tolerated; above, somebody who does not own the risk accepts it for a time, or it is lowered.", s.Medium, s.High, s.Critical, s.Tolerance))
}

func or1(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (x riskWriter) summary() {
	x.section("2", "Summary", "Summary", "Counted by the program")
	t := Table{Subject: "bands", Columns: []Column{{Title: "Band", Width: 40}, {Title: "Without controls", Width: 30, Align: Right}, {Title: "With controls", Width: 30, Align: Right}}}
	without, with := map[risk.Band]int{}, map[risk.Band]int{}
	n, above := 0, 0
	for _, r := range x.d.Risks {
		if r.State == risk.Closed {
			continue
		}
		n++
		without[x.d.Scale.Band(r.Inherent)]++
		with[x.d.Scale.Band(r.Residual)]++
		if r.Above {
			above++
		}
	}
	for _, b := range []risk.Band{risk.Critical, risk.High, risk.Medium, risk.Low, ""} {
		t.Rows = append(t.Rows, cells(say(b.Title()), say(num(without[b])), say(num(with[b]))))
	}
	t.Rows = append(t.Rows, Row{Kind: Total, Cells: []Text{say("Risks"), say(num(n)), say(num(n))}})
	x.add(t)
	x.p(count(above, "risk is", "risks are"), " above tolerance with the controls as they are.")
	if c := x.d.Assessment.Conclusion; c != "" {
		x.heading(2, "Conclusion")
		x.prose(c)
	}
}

// register describes each risk once.
func (x riskWriter) register() {
	x.section("3", "The register", "Register", "As it was frozen")
	lines := map[risk.ID]risk.Line{}
	for _, l := range x.d.Lines {
		lines[l.Risk] = l
	}
	for _, r := range x.d.Risks {
		x.entry(3, "risk/"+r.Ref, r.Ref, r.Title)
		if r.Description != "" {
			x.prose(r.Description)
		}
		l := lines[r.ID]
		finding := say(l.Finding.Title(), quiet(" by "+orDash(x.f.Names[l.Actor])+" on "+instant(l.At)))
		if l.Note != "" {
			finding = append(finding, Span{Text: "\n" + l.Note})
		}
		pairs := []Pair{
			{Key: "Kind", Value: say(r.Kind.Title(), quiet(or1(" in "+r.Process, "")))}, {Key: "Owner", Value: say(orDash(r.OwnerName))},
			{Key: "Without controls", Value: x.rating(r.Inherent)}, {Key: "With controls", Value: x.rating(r.Residual)},
			{Key: "Controls", Value: controlsOf(r)}, {Key: "Response", Value: x.response(r)}, {Key: "Found", Value: finding},
		}
		if r.Process == "" {
			pairs[0].Value = say(r.Kind.Title())
		}
		if len(r.Treatments) > 0 {
			var out Text
			for i, t := range r.Treatments {
				if i > 0 {
					out = append(out, Span{Text: "\n"})
				}
				out = append(out, Span{Text: t.Ref + " " + t.Title}, quiet(" ("+strings.ReplaceAll(t.Status, "_", " ")+", by "+dayOf(t.Due)+")"))
			}
			pairs = append(pairs, Pair{Key: "Treatment", Value: out})
		}
		x.add(Pairs{Subject: "risk/" + r.Ref, Pairs: pairs})
	}
}

func (x riskWriter) rating(r risk.Rating) Text {
	if !r.Rated() {
		return missing("not rated")
	}
	s := x.d.Scale
	return say(bold(num(r.Score())+" "+s.Band(r).Title()), quiet(" ("+s.Likelihood[r.Likelihood-1].Word+" × "+s.Impact[r.Impact-1].Word+")"))
}

func (x riskWriter) response(r risk.FrozenRisk) Text {
	out := say(r.Response.Title())
	if a := r.Acceptance; a != nil {
		out = append(out, quiet(fmt.Sprintf("\nAccepted at %d by %s until %s: %s", a.Score, orDash(x.f.Names[a.Actor]), dayOf(a.Until), a.Why)))
	} else if r.Above && r.Response == risk.Accept {
		out = append(out, missing("\nabove tolerance and accepted by nobody")...)
	}
	return out
}

func controlsOf(r risk.FrozenRisk) Text {
	var out Text
	for i, c := range r.Linked {
		if i > 0 {
			out = append(out, Span{Text: "\n"})
		}
		out = append(out, mono(c.Ref), Span{Text: " " + c.Title + " "}, status(chart.Parse(c.Outcome), ""))
		if !c.InForce {
			out = append(out, quiet("not in force"))
		}
	}
	if len(out) == 0 {
		return missing("no control is linked")
	}
	return out
}

// frauds is the part that control RSK-03 asks for.
func (x riskWriter) frauds() {
	x.section("4", "Fraud", "Fraud", "By process, with incentive, opportunity and rationalisation")
	n := 0
	for _, r := range x.d.Risks {
		if r.Kind != risk.Fraud || r.State == risk.Closed {
			continue
		}
		n++
		x.entry(3, "fraud/"+r.Ref, r.Ref, r.Title)
		x.add(Pairs{Subject: "fraud/" + r.Ref, Pairs: []Pair{
			{Key: "Process", Value: say(orDash(r.Process))}, {Key: "By", Value: say(orDash(r.Triangle.By))}, {Key: "Incentive", Value: say(orDash(r.Triangle.Incentive))},
			{Key: "Opportunity", Value: say(orDash(r.Triangle.Opportunity))}, {Key: "Rationalisation", Value: say(orDash(r.Triangle.Rationalisation))}, {Key: "Controls", Value: controlsOf(r)},
		}})
	}
	if n == 0 {
		x.p("No fraud risk is in the register.")
	}
}

// RiskSheets are the tables of a frozen assessment.
func RiskSheets(d *risk.Dossier, f RiskFacts) []Sheet {
	lines := map[risk.ID]risk.Line{}
	for _, l := range d.Lines {
		lines[l.Risk] = l
	}
	s := Sheet{Name: "Risks", Head: []string{"Risk", "Title", "Description", "Kind", "Process", "Owner", "Likelihood without", "Impact without", "Inherent", "Likelihood with", "Impact with", "Residual", "Band", "Above tolerance", "Controls", "Response",
		"Accepted by", "Accepted until", "Incentive", "Opportunity", "Rationalisation", "Before", "Finding", "Note", "By", "When"},
		Widths: []float64{8, 40, 50, 14, 18, 20, 9, 9, 9, 9, 9, 9, 12, 10, 24, 12, 20, 13, 30, 30, 30, 9, 14, 40, 20, 18}}
	for _, r := range d.Risks {
		var by, until string
		if a := r.Acceptance; a != nil {
			by, until = f.Names[a.Actor], a.Until.String()
		}
		l := lines[r.ID]
		s.Rows = append(s.Rows, []any{r.Ref, r.Title, r.Description, r.Kind.Title(), r.Process, r.OwnerName, r.Inherent.Likelihood, r.Inherent.Impact, r.Inherent.Score(), r.Residual.Likelihood, r.Residual.Impact, r.Residual.Score(),
			d.Scale.Band(r.Residual).Title(), r.Above, strings.Join(r.Controls, ", "), r.Response.Title(), by, until, r.Triangle.Incentive, r.Triangle.Opportunity, r.Triangle.Rationalisation, l.Was.Score(), l.Finding.Title(), l.Note, f.Names[l.Actor], l.At})
	}
	t := Sheet{Name: "Treatments", Head: []string{"Risk", "Task", "Title", "Status", "Owner", "Due"}, Widths: []float64{8, 8, 50, 14, 24, 13}}
	for _, r := range d.Risks {
		for _, x := range r.Treatments {
			t.Rows = append(t.Rows, []any{r.Ref, x.Ref, x.Title, x.Status, x.Owner, dayOf(x.Due)})
		}
	}
	a := d.Assessment
	about := Sheet{Name: "About", Head: []string{"What", "Value"}, Widths: []float64{26, 90}}
	for _, kv := range [][2]string{{"Assessment", a.Ref}, {"Title", a.Title}, {"Organisation", f.Org}, {"Held", dayOf(a.Held)}, {"Frozen", instant(*a.Frozen)}, {"By", f.Names[a.FrozenBy]}, {"Method", a.Method}, {"Scope", a.Scope},
		{"Participants", strings.Join(a.Participants, ", ")}, {"Processes", strings.Join(a.Processes, ", ")}, {"Conclusion", a.Conclusion}, {"SHA-256", a.SHA256},
		{"Nature", "Working paper of management. It is not the report of an examination, and no opinion is given or implied."}} {
		about.Rows = append(about.Rows, []any{kv[0], kv[1]})
	}
	return []Sheet{s, t, about}
}
