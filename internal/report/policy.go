package report

import (
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/markdown"
	"github.com/tickmark/tickmark/internal/policy"
)

// PolicyPaper is a version of a policy with the names of those who answer for it.
type PolicyPaper struct {
	Org       string
	Simulated bool
	Policy    policy.Policy
	Version   policy.Version
	Owner     string
	Author    string
	Approver  string
}

// Policy writes a version of a policy as a document. The same version gives the same document.
func Policy(p PolicyPaper) *Document {
	v := p.Version
	b := newBuilder(nil)
	b.doc = &Document{
		Language: "en-GB", Kind: "Policy", Title: v.Title, Short: p.Policy.Ref + " version " + strconv.Itoa(v.N), Org: p.Org, Ref: p.Policy.Ref, Hash: v.SHA256, Frozen: v.Saved.UTC(),
		Simulated: p.Simulated, Draft: v.Decided == nil,
	}
	mark := "POLICY"
	var notice string
	switch {
	case v.Decided == nil:
		mark, notice = "DRAFT", "This text was not approved and is not in force."
	case v.Ended != nil:
		mark, notice = strings.ToUpper(v.State.Title()), "In force from "+day(period.Of(*v.Decided))+" to "+day(period.Of(*v.Ended))+". This text no longer holds."
	default:
		notice = "In force since " + day(period.Of(*v.Decided)) + "."
	}
	summary := v.Summary
	if summary == "" {
		summary = "Version " + strconv.Itoa(v.N)
	}
	b.doc.Hashed = "text"
	if b.doc.Hash == "" {
		b.doc.Hash, _ = v.Hash() // of texts, which are always hashable
	}
	b.doc.Cover = Cover{Mark: mark, Org: p.Org, Title: v.Title, Period: summary, Notice: say(notice), Facts: p.facts()}
	if v.Decided != nil {
		b.doc.Frozen = v.Decided.UTC()
	}
	if p.Simulated {
		b.doc.Cover.Alert = say(bold("Simulated data. "), p.Org+" is not a real organisation: people, systems and events in this document are invented for demonstration and tests.")
	}
	b.section("", v.Title, v.Title, p.Policy.Ref+", version "+strconv.Itoa(v.N))
	b.add(Prose(markdown.Parse(v.Body))...)
	return b.doc
}

func (p PolicyPaper) facts() []Pair {
	v := p.Version
	out := []Pair{{Key: "Policy", Value: say(p.Policy.Ref)}, {Key: "Version", Value: say(strconv.Itoa(v.N) + ", " + strings.ToLower(v.State.Title()))}, {Key: "Owner", Value: orDashText(p.Owner)}, {Key: "Written by", Value: orDashText(p.Author)}}
	at := func(key string, t *time.Time, who string) {
		if t != nil {
			out = append(out, Pair{Key: key, Value: say(instant(*t), " by ", orDash(who))})
		}
	}
	at("Approved", v.Decided, p.Approver)
	if len(v.Audience) > 0 {
		out = append(out, Pair{Key: "For", Value: say(strings.Join(v.Audience, ", "))})
	} else {
		out = append(out, Pair{Key: "For", Value: say("everybody")})
	}
	if len(v.Controls) > 0 {
		out = append(out, Pair{Key: "Serves", Value: say(strings.Join(v.Controls, ", "))})
	}
	if v.SHA256 != "" {
		out = append(out, Pair{Key: "SHA-256 of the text", Value: say(mono(v.SHA256))})
	}
	return out
}

func orDashText(s string) Text { return say(orDash(s)) }

// Prose is a text that people wrote as blocks of a document.
func Prose(d *markdown.Document) []Block {
	var out []Block
	for _, b := range d.Blocks {
		out = append(out, proseBlocks(d, b)...)
	}
	return out
}

func proseBlocks(d *markdown.Document, b markdown.Block) []Block {
	switch b.Kind {
	case markdown.Heading:
		return []Block{Heading{Level: min(d.Depth(b)+1, 4), Anchor: "text/" + b.ID, Title: markdown.Plain(b.Text)}}
	case markdown.Paragraph:
		return []Block{Paragraph{Text: proseText(b.Text)}}
	case markdown.List:
		l := List{Ordered: b.Ordered && b.Start == 1}
		for i, e := range b.Entries {
			t := proseEntry(e, "")
			if b.Ordered && !l.Ordered { // a list that does not begin with 1
				t = append(say(strconv.Itoa(b.Start+i)+". "), t...)
			}
			l.Entries = append(l.Entries, t)
		}
		return []Block{l}
	case markdown.Code:
		return []Block{Paragraph{Text: say(mono(strings.TrimRight(b.Code, "\n")))}}
	case markdown.Quote:
		var inside []Block
		for _, x := range b.Inside {
			inside = append(inside, proseBlocks(d, x)...)
		}
		for i, x := range inside {
			if p, ok := x.(Paragraph); ok {
				p.Tone = Question
				inside[i] = p
			}
		}
		return inside
	case markdown.Table:
		return []Block{proseTable(b)}
	case markdown.Rule:
	}
	return nil
}

func proseText(list []markdown.Span) Text {
	var out Text
	for _, s := range list {
		x := Span{Text: s.Text}
		if s.Bold {
			x.Style |= Bold
		}
		if s.Italic {
			x.Style |= Italic
		}
		if s.Mono {
			x.Style |= Mono
		}
		if s.Struck {
			x.Style |= Quiet
		}
		if s.Break {
			x.Text += "\n"
		}
		out = append(out, x)
		if s.Href != "" && s.Href[0] != '#' && s.Href != s.Text && strings.TrimPrefix(s.Href, "mailto:") != s.Text { // paper cannot be followed
			out = append(out, quiet(" ("+s.Href+")"))
		}
	}
	return out
}

// proseEntry is an entry of a list with what is listed beneath it, on lines of their own.
func proseEntry(list []markdown.Block, mark string) Text {
	var out Text
	for _, b := range list {
		if len(out) > 0 {
			out = append(out, Span{Text: "\n"})
		}
		switch b.Kind {
		case markdown.List:
			for i, e := range b.Entries {
				if i > 0 {
					out = append(out, Span{Text: "\n"})
				}
				sign := mark + "– "
				if b.Ordered {
					sign = mark + strconv.Itoa(b.Start+i) + ". "
				}
				out = append(append(out, Span{Text: sign}), proseEntry(e, mark+"   ")...)
			}
		case markdown.Code:
			out = append(out, mono(strings.TrimRight(b.Code, "\n")))
		case markdown.Quote:
			out = append(out, proseEntry(b.Inside, mark)...)
		case markdown.Table:
			for _, r := range b.Rows {
				for i, c := range r {
					if i > 0 {
						out = append(out, Span{Text: ", "})
					}
					out = append(out, proseText(c)...)
				}
				out = append(out, Span{Text: "\n"})
			}
		case markdown.Paragraph, markdown.Heading, markdown.Rule:
			out = append(out, proseText(b.Text)...)
		}
	}
	return out
}

// widths bound how much of a table a column takes, in characters of its longest cell.
const leastWidth, mostWidth = 8, 40

func proseTable(b markdown.Block) Table {
	t := Table{Subject: "text"}
	wide := make([]int, len(b.Head))
	for _, row := range append([][][]markdown.Span{b.Head}, b.Rows...) {
		for i, c := range row {
			if i < len(wide) {
				wide[i] = max(wide[i], len([]rune(markdown.Plain(c))))
			}
		}
	}
	for i, c := range b.Head {
		col := Column{Title: markdown.Plain(c), Width: float64(min(max(wide[i], leastWidth), mostWidth))}
		if i < len(b.Align) {
			col.Align = map[markdown.Align]Align{markdown.Right: Right, markdown.Center: Center}[b.Align[i]]
		}
		t.Columns = append(t.Columns, col)
	}
	for _, row := range b.Rows {
		var r Row
		for i := range t.Columns {
			var c Text
			if i < len(row) {
				c = proseText(row[i])
			}
			r.Cells = append(r.Cells, c)
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}
