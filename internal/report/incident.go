package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/graph"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/incident/trace"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// CasePaper is the case file of an incident with the names of those who acted, and the tasks that came of it.
type CasePaper struct {
	Org       string
	Simulated bool
	File      incident.CaseFile
	Names     map[string]string // by actor
	Tasks     []CaseTask
}

// CaseTask is a task that a lesson became.
type CaseTask struct {
	Ref, Title, State, Owner string
	Due                      period.Date // 0 for none
}

func (p CasePaper) name(actor string) string {
	if n := p.Names[actor]; n != "" {
		return n
	}
	return orDash(actor)
}

// caseLines bounds the lines of the timeline that are printed; all of them are in the case file itself.
const caseLines = 1000

// Case writes the case file of an incident as a document. It is dated by the incident's last change, and how clocks stand is said as
// of that date: the same incident gives the same document.
func Case(p CasePaper) (*Document, error) {
	x := p.File.Incident
	found, traced, err := p.File.Reconstruction()
	if err != nil {
		return nil, err
	}
	at := x.Updated
	if t := p.File.TracedAt; t != nil && t.After(at) {
		at = *t
	}
	p.File.Made = at                  // when it was printed says nothing about the incident
	body, err := json.Marshal(p.File) // confidences are no integers: this is no canonical form, but the same for the same file
	if err != nil {
		return nil, err
	}
	b := &caseWriter{builder: newBuilder(nil), paper: p, x: x, at: at}
	if traced {
		b.found = &found
	}
	b.doc = &Document{
		Language: "en-GB", Kind: "Case file", Title: x.Title, Short: "Case file " + x.Ref, Org: p.Org, Ref: x.Ref, Frozen: at.UTC(), Simulated: p.Simulated, Draft: x.State != incident.Closed, Hash: canon.Sum(body), Hashed: "case file",
	}
	notice := "The incident is not closed: this file is as it was on its date."
	if x.State == incident.Closed {
		notice = "As it was when the incident was changed last. The file for machines holds the same and the events in full."
	}
	b.doc.Cover = Cover{Mark: strings.ToUpper(x.State.Title()), Org: p.Org, Title: x.Title, Period: "Incident " + x.Ref + ", " + strings.ToLower(x.Severity.Title()), Notice: say(notice), Facts: b.facts()}
	if p.Simulated {
		b.doc.Cover.Alert = say(bold("Simulated data. "), p.Org+" is not a real organisation: people, systems and events in this document are invented for demonstration and tests.")
	}
	b.section("", "Case file "+x.Ref, "Case file", "Of the response to an incident; confidential")
	for _, part := range []func(){b.summary, b.times, b.way, b.reached, b.edges, b.marks, b.timeline, b.response, b.clocks, b.describes, b.lessons} {
		part()
	}
	return b.doc, nil
}

// caseWriter writes a case file.
type caseWriter struct {
	*builder
	paper CasePaper
	x     incident.Incident
	at    time.Time
	found *trace.Reconstruction // nil where nothing was reconstructed
}

func (b *caseWriter) facts() []Pair {
	lead := say("nobody")
	if b.x.Lead != "" {
		lead = say(b.paper.name(string(b.x.Lead)))
	}
	out := []Pair{{Key: "Incident", Value: say(b.x.Ref + ", version " + num(b.x.Version))}, {Key: "Severity", Value: say(b.x.Severity.Title() + ": " + b.x.Severity.Help())}, {Key: "Led by", Value: lead},
		{Key: "Declared", Value: say(instant(b.x.Created) + " by " + b.paper.name(b.x.Author))}, {Key: "Alerts", Value: orDashText(strings.Join(b.x.Alerts, ", "))}, {Key: "As of", Value: say(instant(b.at))}}
	switch b.x.Outcome {
	case incident.Confirmed:
		out = append(out, Pair{Key: "Outcome", Value: say("Confirmed")})
	case incident.FalseAlarm:
		out = append(out, Pair{Key: "Outcome", Value: say("False alarm; the figures leave it out")})
	}
	return out
}

func reach(a incident.Answer) string {
	switch a {
	case incident.Yes:
		return "reached"
	case incident.No:
		return "not reached"
	}
	return "not known"
}

func (b *caseWriter) summary() {
	b.plain(2, "Summary")
	b.add(Paragraph{Text: or(fold(b.x.Summary), "nobody has written a summary")})
	pairs := []Pair{{Key: "What was hit", Value: or(fold(b.x.Impact.Text), "the impact is not written")}, {Key: "Confidential data", Value: say(reach(b.x.Impact.Confidential))}, {Key: "Personal data", Value: say(reach(b.x.Impact.Personal))},
		{Key: "Controls", Value: orDashText(strings.Join(b.x.Controls, ", "))}, {Key: "Criteria", Value: orDashText(strings.Join(b.x.Criteria, ", "))}}
	if b.x.Disposition != "" {
		pairs = append(pairs, Pair{Key: "How it was closed", Value: say(fold(b.x.Disposition))})
	}
	b.add(Pairs{Subject: "case/summary", Pairs: pairs})
}

func (b *caseWriter) times() {
	b.plain(2, "Times")
	t := Table{Subject: "case/times", Columns: []Column{{Title: "What", Width: 26}, {Title: "When", Width: 34}, {Title: "Who says so", Width: 40}}}
	for _, m := range b.x.Times.List() {
		if m.At == nil {
			t.Rows = append(t.Rows, cells(say(m.Title), say(quiet("not known")), nil))
			continue
		}
		when := say(instant(m.At.At))
		if m.At.Estimate {
			when = append(when, quiet(", an estimate"))
		}
		t.Rows = append(t.Rows, cells(say(m.Title), when, say(b.paper.name(m.At.By.Actor)+", "+instant(m.At.By.At))))
	}
	b.add(t)
	var pairs []Pair
	for _, f := range incident.Figures() {
		v := say(quiet("not known"))
		if d, ok := b.x.Took(f); ok {
			v = say(bold(lasted(d)))
		}
		pairs = append(pairs, Pair{Key: f.Title(), Value: v})
	}
	b.add(Pairs{Subject: "case/figures", Pairs: pairs})
}

// way is how it began and which stages it went through.
func (b *caseWriter) way() {
	b.plain(2, "How it began, and its stages")
	r := b.found
	if r == nil {
		b.p("Nothing was reconstructed from the events.")
		return
	}
	pairs := []Pair{{Key: "Entry", Value: or(fold(r.Entry), "how it began is not known")}, {Key: "Root", Value: say(mono(r.Root))}, {Key: "Confidence", Value: say(fmt.Sprintf("%.0f %%", r.Confidence*100))},
		{Key: "From, to", Value: say(instant(r.First) + " to " + instant(r.Last))}, {Key: "Events", Value: say(num(len(r.Events)) + " belong to it, of " + num(r.Looked) + " from " + instant(r.From) + " to " + instant(r.To))}}
	if r.Cut {
		pairs = append(pairs, Pair{Key: "Not complete", Value: say("there was more than one reconstruction takes in")})
	}
	if len(r.Missing) > 0 {
		pairs = append(pairs, Pair{Key: "Not kept any more", Value: say(count(len(r.Missing), "reported event", "reported events"))})
	}
	b.add(Pairs{Subject: "case/root", Pairs: pairs})
	t := Table{Subject: "case/stages", Caption: say("Stages, in the order in which they were first seen"), Columns: []Column{{Title: "Stage", Width: 34}, {Title: "First", Width: 26}, {Title: "Last", Width: 26}, {Title: "Events", Width: 14, Align: Right}}}
	for _, s := range r.Stages {
		t.Rows = append(t.Rows, cells(say(title(strings.ReplaceAll(s.Tactic, "-", " "))), say(instant(s.First)), say(instant(s.Last)), say(num(s.Events))))
	}
	b.some(t)
	if len(r.Stops) > 0 {
		b.p("What was not followed, and why:")
		var list List
		for _, s := range r.Stops {
			list.Entries = append(list.Entries, say(fold(s)))
		}
		b.add(list)
	}
}

// some adds a table that has rows.
func (b *caseWriter) some(t Table) {
	if len(t.Rows) > 0 {
		b.add(t)
	}
}

// reached is the blast radius: who acted, what was touched, and what was left behind.
func (b *caseWriter) reached() {
	r := b.found
	if r == nil {
		return
	}
	b.plain(2, "How far it reached")
	who := Table{Subject: "case/entities", Caption: say("Who and what acted"), Columns: []Column{{Title: "What", Width: 14}, {Title: "Name", Width: 36}, {Title: "First", Width: 22}, {Title: "Events", Width: 10, Align: Right}, {Title: "Remark", Width: 18}}}
	for _, e := range r.Entities {
		remark := ""
		if e.Foreign {
			remark = "not known from usual work"
		}
		if e.Failed > 0 && e.Failed == e.Events {
			remark = "only tried, and failed"
		}
		who.Rows = append(who.Rows, cells(say(title(e.Kind)), say(named(e.Name, e.ID)), say(instant(e.First)), say(num(e.Events)), say(remark)))
	}
	b.some(who)
	what := Table{Subject: "case/resources", Caption: say("What was touched, and the strongest thing that was done to it"), Columns: []Column{{Title: "What", Width: 16}, {Title: "Name", Width: 38}, {Title: "Done", Width: 14}, {Title: "First", Width: 22}, {Title: "Events", Width: 10, Align: Right}}}
	for _, x := range r.Resources {
		what.Rows = append(what.Rows, cells(say(title(x.Kind)), say(named(x.Name, x.ID)), orDashText(string(x.Effect)), say(instant(x.First)), say(num(x.Events))))
	}
	b.some(what)
	left := Table{Subject: "case/persistence", Caption: say("What was left that lets the attacker in again"), Columns: []Column{{Title: "What", Width: 44}, {Title: "Since", Width: 22}, {Title: "Removed", Width: 34}}}
	for _, s := range r.Persistence {
		gone := say(status(chart.Fail, "no removal seen"))
		if !s.Removed.IsZero() {
			gone = say(instant(s.Removed), quiet("\n"+s.RemovedBy))
		}
		left.Rows = append(left.Rows, cells(say(fold(s.Sentence)), say(instant(s.At)), gone))
	}
	b.some(left)
}

// named is a name with its identifier, where they differ.
func named(name, id string) string {
	if name == "" || name == id {
		return orDash(id)
	}
	return name + " (" + id + ")"
}

// edges is the graph as a table: what led to what.
func (b *caseWriter) edges() {
	if b.found == nil {
		return
	}
	g := b.found.Graph()
	b.plain(2, "What touched what")
	t := Table{Subject: "case/edges", Columns: []Column{{Title: "From", Width: 36}, {Title: "", Width: 24}, {Title: "To", Width: 40}}}
	for _, e := range g.Edges {
		from, to := g.Nodes[e.From], g.Nodes[e.To]
		label := say(e.Label)
		if e.Weak {
			label = append(label, quiet(" (it may be so)"))
		}
		end := func(label, sub string, path bool) Text {
			out := say(label)
			if path {
				out = say(bold(label))
			}
			if sub != "" {
				out = append(out, quiet("\n"+sub))
			}
			return out
		}
		t.Rows = append(t.Rows, cells(end(from.Label, from.Sub, from.OnPath), label, end(to.Label, to.Sub, to.OnPath)))
	}
	if len(t.Rows) == 0 {
		b.p("No link between two things was seen.")
		return
	}
	b.add(drawn(g))
	t.Note = say("In bold: the way from the beginning to the worst. Like things are taken together.")
	b.add(t)
}

// drawn is the graph as a drawing, as the page of the incident has it.
func drawn(g *graph.Graph) Graph {
	things := count(len(g.Nodes), "thing", "things")
	return GraphOf(g, "What led to what, along the arrows: "+things+" and "+count(len(g.Edges), "link", "links")+". The table says the same.",
		"The way from the beginning to the worst, along the arrows: "+num(len(g.Path().Nodes))+" of "+things+". The table has all of them.")
}

func (b *caseWriter) marks() {
	if b.found == nil || len(b.found.Indicators) == 0 {
		return
	}
	b.plain(2, "How the attacker is known again")
	t := Table{Subject: "case/indicators", Columns: []Column{{Title: "Kind", Width: 16}, {Title: "Value", Width: 38}, {Title: "Seen", Width: 26}, {Title: "Remark", Width: 20}}}
	for _, i := range b.found.Indicators {
		t.Rows = append(t.Rows, cells(say(title(i.Kind)), say(mono(i.Value)), say(instant(i.First)+" to "+instant(i.Last)), say(i.Note)))
	}
	b.add(t)
}

func (b *caseWriter) timeline() {
	b.plain(2, "Timeline")
	t := Table{Subject: "case/timeline", Columns: []Column{{Title: "When (UTC)", Width: 15}, {Title: "What", Width: 59}, {Title: "Rests on", Width: 26}}}
	for _, l := range b.paper.File.Timeline[:min(caseLines, len(b.paper.File.Timeline))] {
		what := say(bold(l.Says()))
		for _, s := range []string{l.Detail, l.Why} {
			if s = fold(s); s != "" {
				what = append(what, Span{Text: "\n" + s})
			}
		}
		if l.Actor != "" {
			what = append(what, quiet("\n"+b.paper.name(l.Actor)))
		}
		t.Rows = append(t.Rows, cells(say(stacked(l.At)), what, b.rests(l)))
	}
	if len(t.Rows) == 0 {
		b.p("Nothing is on record.")
		return
	}
	if more := len(b.paper.File.Timeline) - len(t.Rows) + b.paper.File.Left; more > 0 {
		t.Note = say(count(more, "more line is", "more lines are") + " in the program and in the file for machines.")
	}
	b.add(t)
}

// rests is what a line of the timeline can be looked up by.
func (b *caseWriter) rests(l incident.Line) Text {
	var out []string
	if l.Event != "" {
		out = append(out, "event "+l.Event)
	}
	switch n := len(l.Events); {
	case n > 3:
		out = append(out, count(n, "event", "events"))
	case n > 0:
		out = append(out, "events "+strings.Join(l.Events, ", "))
	}
	if l.Alert != "" {
		out = append(out, "alert "+l.Alert)
	}
	if l.Seq > 0 {
		out = append(out, "ledger entry "+num(l.Seq))
	}
	return say(mono(strings.Join(out, "\n")))
}

func (b *caseWriter) response() {
	b.plain(2, "What was done")
	b.add(Pairs{Subject: "case/containment", Pairs: []Pair{{Key: "Containment", Value: or(fold(b.x.Containment), "what was done to stop it is not written")}}})
	t := Table{Subject: "case/actions", Columns: []Column{{Title: "#", Width: 6, Align: Right}, {Title: "Phase", Width: 14}, {Title: "Action", Width: 44}, {Title: "Done", Width: 36}}}
	for _, a := range b.x.Actions {
		done := say(quiet("open"))
		if a.Done != nil {
			word := "done"
			if a.Left {
				word = "left out"
			}
			done = say(word, quiet("\n"+b.paper.name(a.Done.Actor)+", "+instant(a.Done.At)))
			if a.Note != "" {
				done = append(done, Span{Text: "\n" + fold(a.Note)})
			}
		}
		t.Rows = append(t.Rows, cells(say(num(a.N)), say(title(a.Phase)), say(fold(a.Text)), done))
	}
	b.some(t)
}

var clockWords = map[string]string{"not_required": "not required", "met": "told in time", "late": "told too late", "overdue": "overdue", "undecided": "nobody has decided", "running": "running"}

func (b *caseWriter) clocks() {
	b.plain(2, "Who had to be told")
	if len(b.x.Clocks) == 0 {
		b.p("No obligation concerns this incident.")
		return
	}
	t := Table{Subject: "case/clocks", Columns: []Column{{Title: "Obligation", Width: 30}, {Title: "Due", Width: 18}, {Title: "Decision", Width: 28}, {Title: "Stands", Width: 24}}}
	for _, c := range b.x.Clocks {
		decided := say(quiet("nobody has decided"))
		if c.Decided != nil {
			word := "required"
			if c.Required == incident.No {
				word = "not required"
			}
			decided = say(word+": "+fold(c.Reason), quiet("\n"+b.paper.name(c.Decided.Actor)+", "+instant(c.Decided.At)))
		}
		how := say(clockWords[c.Standing(b.at)])
		if c.Notified != nil {
			how = append(how, quiet("\n"+instant(c.Notified.At)+" "+fold(c.How)))
		}
		if c.Evidence != "" {
			how = append(how, Span{Text: "\n"}, mono(c.Evidence))
		}
		t.Rows = append(t.Rows, cells(say(bold(c.Duty.Name), "\n"+c.Duty.To, quiet("\n"+c.Duty.Source)), say(instant(c.Due()), quiet(fmt.Sprintf("\n%d h from %s", c.Duty.Hours, instant(c.Aware)))), decided, how))
	}
	t.Note = say("As of " + instant(b.at) + ".")
	b.add(t)
}

func (b *caseWriter) describes() {
	b.plain(2, "System description (DC4)")
	d := b.x.Description
	if d == nil {
		b.p("Nobody has decided whether it belongs in the description of the system.")
		return
	}
	yes := map[bool]string{true: "yes", false: "no"}
	b.add(Pairs{Subject: "case/description", Pairs: []Pair{{Key: "A control was not suitably designed or did not operate", Value: say(yes[d.ControlFailure])}, {Key: "A commitment was significantly missed", Value: say(yes[d.CommitmentFailure])},
		{Key: "Belongs in the description", Value: say(bold(yes[d.Describe]))}, {Key: "Reason", Value: or(fold(d.Reason), "no reason is written")}, {Key: "Decided by", Value: say(b.paper.name(d.By.Actor) + ", " + instant(d.By.At))}}})
}

func (b *caseWriter) lessons() {
	b.plain(2, "What was learned")
	r := b.x.Review
	if r == nil {
		b.p("No review is written.")
	} else {
		b.add(Pairs{Subject: "case/review", Pairs: []Pair{{Key: "Root cause", Value: or(fold(r.Cause), "no cause is written")}, {Key: "What went well", Value: orDashText(fold(r.Well))}, {Key: "What went badly", Value: orDashText(fold(r.Badly))}, {Key: "Written by", Value: say(b.paper.name(r.By.Actor) + ", " + instant(r.By.At))}}})
		list := List{Ordered: true}
		for _, l := range r.Lessons {
			list.Entries = append(list.Entries, say(fold(l)))
		}
		if len(list.Entries) > 0 {
			b.add(list)
		}
	}
	t := Table{Subject: "case/tasks", Caption: say("Tasks"), Columns: []Column{{Title: "Task", Width: 12}, {Title: "What", Width: 46}, {Title: "Owner", Width: 20}, {Title: "Due", Width: 12}, {Title: "State", Width: 10}}}
	tasks := slices.Clone(b.paper.Tasks)
	slices.SortFunc(tasks, func(x, y CaseTask) int { return strings.Compare(x.Ref, y.Ref) })
	for _, x := range tasks {
		due := "–"
		if x.Due != 0 {
			due = x.Due.String()
		}
		t.Rows = append(t.Rows, cells(say(mono(x.Ref)), say(fold(x.Title)), orDashText(x.Owner), say(due), say(x.State)))
	}
	b.some(t)
}
