package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/fieldwork"
)

// Workpaper writes an auditor's workpaper as a document: what was looked at and how, on which items, with what result, what somebody
// concluded, and who signed. The same workpaper gives the same document.
func Workpaper(x fieldwork.Printed) *Document {
	b := newBuilder(nil)
	p := x.Sheet.Paper
	b.doc = &Document{
		Language: "en-GB", Kind: "Workpaper", Title: p.Title, Short: "Workpaper " + p.Ref + ", " + x.Engagement.Ref, Org: x.Client, Ref: p.Ref, Frozen: x.Changed().UTC(), Simulated: x.Simulated, Draft: p.Reviewed == nil, Hashed: "workpaper",
	}
	var err error
	if b.doc.Hash, err = x.Sheet.Hash(); err != nil {
		b.doc.HashError = err.Error()
	}
	mark, notice := strings.ToUpper(p.State().Title()), "Not signed off by preparer and reviewer: work in progress."
	if p.Reviewed != nil {
		notice = "Signed off by who prepared it and by who reviewed it."
	}
	b.doc.Cover = Cover{Mark: mark, Org: x.Client, Title: p.Title, Period: title(strings.ToLower(x.Engagement.Coverage())), Notice: say(notice), Facts: b.paperFacts(x)}
	if x.Simulated {
		b.doc.Cover.Alert = say(bold("Simulated data. "), x.Client+" is not a real organisation: people, systems and events in this document are invented for demonstration and tests.")
	}
	b.section("", "Workpaper "+p.Ref, "Workpaper", "Written by "+orDash(x.Engagement.Firm)+"; it belongs to the firm")
	b.plain(2, "Control")
	b.add(Paragraph{Text: or(fold(p.Statement), "the control has no statement")})
	b.add(Pairs{Subject: "paper/control", Pairs: []Pair{{Key: "Control", Value: say(mono(p.Control))}, {Key: title(criteriaWord(x)), Value: say(strings.Join(p.Criteria, ", "))}, {Key: "Procedure", Value: or(fold(p.Plan), "none is written")}}})
	b.attributes(p)
	b.paperPopulation(x)
	b.paperSample(x)
	b.grid(x)
	b.remarks(x)
	b.references(x)
	b.paperFindings(x)
	b.conclusion(x)
	return b.doc
}

// plain begins a part without a number: the document has one section.
func (b *builder) plain(level int, title string) {
	b.add(Heading{Level: level, Anchor: b.anchor("paper", title), Title: title})
}

func criteriaWord(x fieldwork.Printed) string {
	if x.Engagement.Report == "soc1" {
		return "control objectives"
	}
	return "criteria"
}

func (b *builder) paperFacts(x fieldwork.Printed) []Pair {
	p := x.Sheet.Paper
	signed := func(s *fieldwork.Signed) Text {
		if s == nil {
			return say("not signed")
		}
		return say(x.Name(s.By) + ", " + instant(s.At))
	}
	return []Pair{
		{Key: "Examination", Value: say(x.Engagement.Kind() + ", " + x.Engagement.Ref)}, {Key: "Firm", Value: orDashText(x.Engagement.Firm)}, {Key: "Workpaper", Value: say(p.Ref + ", version " + num(p.Version))},
		{Key: "Control", Value: say(p.Control)}, {Key: "Conclusion", Value: say(p.Conclusion.Title())}, {Key: "Prepared by", Value: signed(p.Prepared)}, {Key: "Reviewed by", Value: signed(p.Reviewed)},
	}
}

func (b *builder) attributes(p fieldwork.Paper) {
	b.plain(2, "Attributes")
	t := Table{Subject: "paper/attributes", Columns: []Column{{Title: "", Width: 6}, {Title: "What is looked at", Width: 68}, {Title: "Nature", Width: 26}}}
	for _, a := range p.Attributes {
		nature := say(a.Nature.Title())
		if a.Machine {
			nature = append(nature, quiet("; the client’s test answers first"))
		}
		t.Rows = append(t.Rows, cells(say(bold(a.Letter)), say(a.Text), nature))
	}
	b.add(t)
}

func (b *builder) paperPopulation(x fieldwork.Printed) {
	b.plain(2, "Population")
	p := x.Sheet.Population
	if !p.Frozen() {
		b.p("No frozen population is chosen.")
		return
	}
	pairs := []Pair{
		{Key: "Population", Value: say(p.Ref + ", " + p.Title)}, {Key: "An item is", Value: or(fold(p.Member), "not said")}, {Key: "Source", Value: say(strings.TrimSpace(p.Source.Title() + " " + p.Of))},
		{Key: "Read, of them items", Value: say(num(p.Read) + ", " + num(p.Rows))}, {Key: "Frozen", Value: say(instant(*p.FrozenAt) + " by " + x.Name(p.FrozenBy))}, {Key: "SHA-256", Value: say(mono(p.SHA256))},
	}
	if p.Second != nil {
		pairs = append(pairs, Pair{Key: "Independent count", Value: say(num(*p.Second) + ", " + p.SecondOf)})
	}
	for _, y := range []struct{ key, text string }{{"Does not reconcile", p.Gap()}, {"Used all the same, because", p.Reason}, {"Gaps in the sequence", p.Gaps}, {"Tracing", p.Tracing}, {"Statement", p.Query}, {"Since", x.Since.Short}} {
		if strings.TrimSpace(y.text) != "" {
			pairs = append(pairs, Pair{Key: y.key, Value: say(fold(y.text))})
		}
	}
	if r, ok := x.Since.Last(); ok {
		pairs = append(pairs, Pair{Key: "Counted afterwards", Value: say(num(r.Count) + ", " + strings.TrimSpace(r.Of+", "+instant(r.At)+". "+fold(r.Reason)))})
	}
	b.add(Pairs{Subject: "paper/population", Pairs: pairs})
}

func (b *builder) paperSample(x fieldwork.Printed) {
	b.plain(2, "Selection")
	s := x.Sheet.Paper.Sample
	if s == nil {
		b.p("Nothing is drawn.")
		return
	}
	by := map[fieldwork.Method]string{fieldwork.ByTable: "table “" + s.Table + "”, version " + num(s.TableVer) + ", line " + s.Line, fieldwork.ByStatistics: "confidence " + s.Confidence.String() + ", tolerable rate " + s.Tolerable.String() + ", expected deviations " + num(s.Expected), fieldwork.Census: "all items"}[s.Method]
	pairs := []Pair{{Key: "Size", Value: say(num(s.Whole()) + ", by " + by)}, {Key: "Drawn", Value: say(instant(s.At) + " by " + x.Name(s.By))}}
	if s.Method != fieldwork.Census {
		pairs = append(pairs, Pair{Key: "Seed", Value: say(mono(s.Seed))}, Pair{Key: "Drawn by", Value: say(mono(s.Drawing), "; anybody draws it again from seed, hash and keys")})
	}
	if s.Machine > 0 {
		pairs = append(pairs, Pair{Key: "Passed by the client’s test", Value: say(num(s.Machine) + " items, counted and not listed")})
	}
	if s.Extended > 0 {
		pairs = append(pairs, Pair{Key: "Extended", Value: say("to " + num(s.Extended) + ": " + fold(s.ExtendWhy))})
	}
	if l, err := x.Sheet.Limit(); err == nil && s.Method != fieldwork.Census && x.Sheet.Tested() > 0 {
		pairs = append(pairs, Pair{Key: "Upper limit of the rate", Value: say(fmt.Sprintf("%.1f %% at %s confidence, %d of %d items deviating", l.Rate*100, s.Confidence, l.Deviations, l.Items))})
	}
	b.add(Pairs{Subject: "paper/sample", Pairs: pairs})
}

// ticks are the marks as the trade writes them.
var ticks = map[fieldwork.Mark]Text{
	fieldwork.Open: say(quiet("–")), fieldwork.Tick: say(status(chart.Pass, "")), fieldwork.Exception: say(status(chart.Fail, "x")), fieldwork.NotApplicable: say("n/a"),
}

// grid is the testing sheet: an item a row, an attribute a column.
func (b *builder) grid(x fieldwork.Printed) {
	sh := x.Sheet
	b.plain(2, "Testing")
	if len(sh.Items) == 0 {
		b.p("No item is listed.")
		return
	}
	t := Table{Subject: "paper/grid", Columns: []Column{{Title: "#", Width: 7, Align: Right}, {Title: "Item", Width: 40}, {Title: "Day", Width: 13}}}
	for _, a := range sh.Paper.Attributes {
		t.Columns = append(t.Columns, Column{Title: a.Letter, Width: 8, Align: Center})
	}
	for _, it := range sh.Items {
		label := say(it.Label)
		if it.Label != it.Key {
			label = append(label, quiet("\n"+it.Key))
		}
		if it.Void != "" {
			label = append(label, Span{Text: "\nVoid: " + fold(it.Void)})
		} else if it.Origin != "drawn" {
			label = append(label, quiet(", "+it.Origin))
		}
		row := []Text{say(num(it.N)), label, say(it.Day)}
		for _, a := range sh.Paper.Attributes {
			c := sh.Cell(it.N, a.Letter)
			mark := slices.Clone(ticks[c.Mark])
			if c.Accepted {
				mark = append(mark, quiet(" m"))
			}
			if it.Void != "" {
				mark = nil
			}
			row = append(row, mark)
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	t.Note = say("A tick: tested, no exception; x: exception; n/a: not applicable; –: not tested; m: taken over from the client’s test by an auditor.")
	b.add(t)
}

// remarks are what was noted beside marks.
func (b *builder) remarks(x fieldwork.Printed) {
	t := Table{Subject: "paper/remarks", Caption: say("Notes and evidence of the marks"), Columns: []Column{{Title: "Item", Width: 9}, {Title: "Note", Width: 47}, {Title: "Evidence", Width: 22}, {Title: "By", Width: 22}}}
	for _, it := range x.Sheet.Items {
		for _, a := range x.Sheet.Paper.Attributes {
			c := x.Sheet.Cell(it.N, a.Letter)
			if c.Note == "" && c.Evidence == "" && c.Finding == "" {
				continue
			}
			note := fold(c.Note)
			if c.Finding != "" {
				note = strings.TrimSpace(note + " (finding " + c.Finding + ")")
			}
			t.Rows = append(t.Rows, cells(say(bold(num(it.N)+a.Letter)), say(note), say(mono(c.Evidence)), say(x.Name(c.By)+", "+instant(c.At))))
		}
	}
	if len(t.Rows) > 0 {
		b.add(t)
	}
}

// references are the records that marks refer to, with what proves them.
func (b *builder) references(x fieldwork.Printed) {
	t := Table{Subject: "paper/evidence", Columns: []Column{{Title: "Reference", Width: 20}, {Title: "What it is", Width: 34}, {Title: "SHA-256 and ledger entry", Width: 46}}}
	add := func(ref, what, sum string, seq int64, why string) {
		proof := say(mono(sum))
		if seq > 0 {
			proof = append(proof, quiet(" entry "+num(seq)))
		}
		if sum == "" {
			proof = say(cmp.Or(why, "no hash"))
		}
		t.Rows = append(t.Rows, cells(say(mono(ref)), say(what), proof))
	}
	for _, l := range x.Sheet.Refs() {
		s, ok := x.Shown[l.String()]
		if !ok {
			add(l.String(), "in words", "", 0, "not checked")
			continue
		}
		if l.Kind != fieldwork.LinkRequest || s.Why != "" {
			add(l.String(), s.Title, s.SHA256, s.Seq, s.Why)
			continue
		}
		for _, piece := range s.Pieces {
			add(l.String(), s.Title+": "+piece.Title, piece.SHA256, 0, "an answer in words")
		}
	}
	if len(t.Rows) > 0 {
		b.plain(2, "Evidence")
		b.add(t)
	}
}

func (b *builder) paperFindings(x fieldwork.Printed) {
	if len(x.Sheet.Findings) == 0 {
		return
	}
	b.plain(2, "Findings")
	for _, f := range x.Sheet.Findings {
		b.plain(3, f.Ref+" "+f.Title)
		pairs := []Pair{{Key: "Found in", Value: say(num(f.Count) + " of " + num(f.Of) + " items, " + f.Nature)}, {Key: "Items", Value: say(strings.Join(f.Items, ", "))}}
		for _, y := range []struct{ key, text string }{{"Cause", f.Cause}, {"Extent", f.Extent}, {"Done in the period", f.Fixed}, {"Compensating control", strings.TrimSpace(f.Instead + " " + f.InsteadWhy)}} {
			if strings.TrimSpace(y.text) != "" {
				pairs = append(pairs, Pair{Key: y.key, Value: say(fold(y.text))})
			}
		}
		if f.Systematic {
			pairs = append(pairs, Pair{Key: "Cause is", Value: say("systematic")})
		}
		if f.Response != nil && f.Response.Response != "" {
			pairs = append(pairs, Pair{Key: "Management’s response (unaudited)", Value: say(fold(f.Response.Response))})
		}
		b.add(Pairs{Subject: "paper/finding/" + f.Ref, Pairs: pairs})
	}
}

func (b *builder) conclusion(x fieldwork.Printed) {
	p := x.Sheet.Paper
	if len(x.Sheet.Notes) > 0 {
		b.plain(2, "Review notes")
		t := Table{Subject: "paper/notes", Columns: []Column{{Title: "#", Width: 6, Align: Right}, {Title: "Note", Width: 44}, {Title: "Answer", Width: 50}}}
		for _, n := range x.Sheet.Notes {
			answer := say(quiet("open"))
			if n.Kind == "reopened" {
				answer = say("opened again")
			}
			if n.ClearedAt != nil {
				answer = say(fold(n.Answer), quiet("\n"+x.Name(n.ClearedBy)+", "+instant(*n.ClearedAt)))
			}
			t.Rows = append(t.Rows, cells(say(num(n.N)), say(fold(n.Text), quiet("\n"+x.Name(n.By)+", "+instant(n.At))), answer))
		}
		b.add(t)
	}
	b.plain(2, "Conclusion and signatures")
	sign := func(s *fieldwork.Signed) Pair {
		if s == nil {
			return Pair{Blank: true}
		}
		return Pair{Value: say(x.Name(s.By) + ", " + instant(s.At))}
	}
	pairs := []Pair{{Key: "Conclusion", Value: say(bold(p.Conclusion.Title()))}, {Key: "Reason", Value: or(fold(p.Why), "none yet")}}
	for _, s := range []struct {
		key string
		who *fieldwork.Signed
	}{{"Concluded by", p.Concluded}, {"Prepared by", p.Prepared}, {"Reviewed by", p.Reviewed}} {
		y := sign(s.who)
		y.Key = s.key
		pairs = append(pairs, y)
	}
	b.add(Pairs{Subject: "paper/conclusion", Pairs: pairs})
}
