package graph

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How many letters of a text are drawn; the whole text is in the title.
const (
	titleLength = 26
	subLength   = 30
	labelLength = 22
)

// Options say how a graph is drawn.
type Options struct {
	Title string                   // what the drawing shows, for those who cannot see it
	Icon  func(name string) string // the address of an icon; nil draws none
	// Alone draws with colours of its own, for a file that is opened outside the program; in a page the style sheet has them.
	Alone bool
}

// SVG lays a graph out and draws it. Nodes are links where they have somewhere to lead.
func SVG(g *Graph, o Options) string {
	g.Layout()
	var b strings.Builder
	w, h := g.Width+16, g.Height+16
	name := o.Title
	if name == "" {
		name = "What touched what"
	}
	space := ""
	if o.Alone {
		space = ` xmlns="http://www.w3.org/2000/svg" font-family="sans-serif"`
	}
	fmt.Fprintf(&b, `<svg class="graph" viewBox="-8 -8 %.0f %.0f" width="%.0f" height="%.0f" role="group" aria-label="%s"%s>`, w, h, w, h, escape(clean(name)), space)
	fmt.Fprintf(&b, `<defs><marker id="graph-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 .5 8 4 0 7.5z" class="ga"%s/></marker></defs>`, o.paint(` fill="#8a857a"`))
	for i := range g.Edges {
		g.Edges[i].draw(&b, o)
	}
	for i := range g.Edges { // above all edges, so that no line crosses a word
		g.Edges[i].say(&b, o)
	}
	for i := range g.Nodes {
		g.Nodes[i].draw(&b, o)
	}
	b.WriteString("</svg>")
	return b.String()
}

// paint is an attribute that is only needed where there is no style sheet.
func (o Options) paint(s string) string {
	if o.Alone {
		return s
	}
	return ""
}

func (e *Edge) draw(b *strings.Builder, o Options) {
	if len(e.Points) < 2 {
		return
	}
	class := "ge"
	if e.Weak {
		class = "ge ge-weak"
	}
	fmt.Fprintf(b, `<path class="%s" marker-end="url(#graph-arrow)"%s d="M%.1f %.1f`, class, o.paint(` fill="none" stroke="#8a857a" stroke-width="1.25"`), e.Points[0][0], e.Points[0][1])
	for i := 1; i < len(e.Points); i++ {
		p, q := e.Points[i-1], e.Points[i]
		m := (p[0] + q[0]) / 2
		fmt.Fprintf(b, "C%.1f %.1f %.1f %.1f %.1f %.1f", m, p[1], m, q[1], q[0], q[1])
	}
	b.WriteString(`"/>`)
}

func (e *Edge) say(b *strings.Builder, o Options) {
	if len(e.Points) < 2 || e.Label == "" {
		return
	}
	text, x, y := e.Text()
	fmt.Fprintf(b, `<text class="gl" x="%.1f" y="%.1f"%s>%s</text>`, x, y,
		o.paint(` font-size="11" text-anchor="middle" fill="#4a463e" paint-order="stroke" stroke="#fff" stroke-width="4"`), escape(text))
}

// Text is what stands at an edge as it is drawn, and the middle of its baseline. It is of an edge that has points.
func (e *Edge) Text() (text string, x, y float64) {
	p, q := e.Points[0], e.Points[1]
	return short(e.Label, labelLength), (p[0] + q[0]) / 2, (p[1]+q[1])/2 - 5
}

// Texts are what stands in a node as it is drawn.
func (n *Node) Texts() (label, sub string) {
	return short(n.Label, titleLength), short(n.Sub, subLength)
}

var fills = map[Tone]string{
	Plain: ` fill="#fff" stroke="#cfcabd"`, Outside: ` fill="#fff" stroke="#8a857a" stroke-dasharray="4 3"`,
	Bad: ` fill="#fdeceb" stroke="#c9372c"`, Alert: ` fill="#fff4e0" stroke="#b7791f"`,
}

func (n *Node) draw(b *strings.Builder, o Options) {
	class, tag, target := "gn", "g", ""
	switch n.Tone {
	case Outside, Bad, Alert:
		class += " g-" + string(n.Tone)
	}
	if inside(n.Href) && !o.Alone {
		tag, target = "a", ` href="`+escape(clean(n.Href))+`"`
	}
	x, y := n.X-n.W/2, n.Y-n.H/2
	fmt.Fprintf(b, `<%s class="%s"%s><title>%s</title>`, tag, class, target, escape(clean(strings.TrimSpace(n.Label+" "+n.Sub))))
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="6"%s/>`, x, y, n.W, n.H, o.paint(fills[n.Tone]))
	left := 10.0
	if n.Icon != "" && o.Icon != nil && !o.Alone {
		left = 34
		fmt.Fprintf(b, `<svg x="%.1f" y="%.1f" width="16" height="16"><use href="%s"/></svg>`, x+10, n.Y-8, escape(clean(o.Icon(n.Icon))))
	}
	label, sub := n.Texts()
	base := n.Y - 3
	if n.Sub == "" {
		base = n.Y + 4
	}
	fmt.Fprintf(b, `<text class="gt" x="%.1f" y="%.1f"%s>%s</text>`, x+left, base, o.paint(` font-size="12.5" font-weight="600" fill="#1c1a17"`), escape(label))
	if n.Sub != "" {
		fmt.Fprintf(b, `<text class="gs" x="%.1f" y="%.1f"%s>%s</text>`, x+left, n.Y+13, o.paint(` font-size="11" fill="#6b665c"`), escape(sub))
	}
	fmt.Fprintf(b, "</%s>", tag)
}

// inside reports whether an address stays within the program: what a record says must not lead a reader elsewhere.
func inside(href string) bool {
	return strings.HasPrefix(href, "#") || strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") && !strings.HasPrefix(href, `/\`)
}

// size sets the size of a node from its texts.
func (n *Node) size() {
	if n.H == 0 {
		n.H = nodeHeight
	}
	if n.W == 0 {
		n.W = max(110, 48+max(textWidth(short(n.Label, titleLength), 12.5), textWidth(short(n.Sub, subLength), 11)))
	}
}

// textWidth estimates how wide a text is drawn: letters of a sans serif are a little more than half as wide as high, those of
// East Asia as wide as high.
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case r >= 0x1100 && (unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) || r > 0x1F000):
			w++
		case unicode.IsUpper(r) || r == 'm' || r == 'w' || r == '@':
			w += .74
		default:
			w += .58
		}
	}
	return w * size
}

// short is a text of at most n letters, cut in the middle, where names of machines differ least.
func short(s string, n int) string {
	s = clean(s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	head := (n - 1) * 2 / 3
	return string(r[:head]) + "…" + string(r[len(r)-(n-1-head):])
}

// clean takes out what XML does not allow and what would turn the direction of a line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == 0xFFFE, r == 0xFFFF:
			return -1
		}
		return r
	}, s)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

func escape(s string) string { return escaper.Replace(s) }
