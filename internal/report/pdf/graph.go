package pdf

import (
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/graph"
	"github.com/tickmark/tickmark/internal/report"
)

// Sizes of a drawn graph: those of its texts at scale 1, the least scale at which they can be read on paper, and the room that a
// heading above it and the sentence below it take.
const (
	graphLabel = 12.5
	graphSub   = 11.0
	graphLeast = .44 // labels of 5.5 points
	graphMost  = .72
	graphAside = 90.0
)

// drawing is a graph as it goes on paper.
type drawing struct {
	g        *graph.Graph
	scale    float64
	turned   bool // it lies on its side, over a page
	sentence string
}

// drawing chooses what is drawn and how: the whole graph if its texts can be read, upright or else on its side, or else its path.
func (l *layout) drawing(b report.Graph) drawing {
	wide, high := l.geo.text(), l.geo.bottom-l.geo.top-graphAside
	best := drawing{}
	for i, pair := range [][2]*graph.Graph{b.Whole, b.Path} {
		sentence := []string{b.Sentence, b.Shorter}[i]
		for _, d := range []drawing{{g: pair[0]}, {g: pair[1]}, {g: pair[0], turned: true}} {
			if d.g == nil || len(d.g.Nodes) == 0 || d.turned && best.scale >= graphLeast {
				continue
			}
			d.scale, d.sentence = min(graphMost, wide/max(d.g.Width, 1), high/max(d.g.Height, 1)), sentence
			if d.turned {
				d.scale = min(graphMost, high/max(d.g.Width, 1), wide/max(d.g.Height, 1))
			}
			if d.scale > best.scale {
				best = d
			}
		}
		if best.scale >= graphLeast {
			break
		}
	}
	return best
}

// height is what it takes of a page.
func (d drawing) height() float64 {
	if d.turned {
		return d.g.Width * d.scale
	}
	return d.g.Height * d.scale
}

// needs is the height with its sentence.
func (d drawing) needs(l *layout) float64 {
	if d.scale == 0 {
		return 0
	}
	return gapBlock + d.height() + 6 + float64(len(l.wrap(report.Text{{Text: d.sentence}}, styleSmall.look, l.geo.text())))*styleSmall.lead
}

// graph draws what led to what.
func (l *layout) graph(b report.Graph) {
	d := l.drawing(b)
	if d.scale == 0 {
		return
	}
	l.space(gapBlock)
	l.need(d.needs(l))
	y := l.take(d.height())
	if l.draws() {
		l.file.TransformBegin()
		wide := d.g.Width
		if d.turned {
			wide = d.g.Height
		}
		x := l.geo.left + (l.geo.text()-wide*d.scale)/2
		if d.turned {
			y += d.height()
			l.file.TransformRotate(90, x, y)
		}
		p := plotter{l, x, y, d.scale, d.g.Down}
		for i := range d.g.Edges {
			p.edge(&d.g.Edges[i])
		}
		for i := range d.g.Edges { // above all edges, so that no line crosses a word
			p.say(&d.g.Edges[i])
		}
		for i := range d.g.Nodes {
			p.node(&d.g.Nodes[i])
		}
		l.file.TransformEnd()
		l.set = false // the page has the font of before again
	}
	l.space(6)
	l.lines(l.wrap(report.Text{{Text: d.sentence}}, styleSmall.look, l.geo.text()), styleSmall, l.geo.left, l.geo.text())
	l.space(gapBlock)
}

// plotter draws in the coordinates of a graph.
type plotter struct {
	l         *layout
	left, top float64
	scale     float64
	down      bool
}

func (p plotter) x(x float64) float64 { return p.left + x*p.scale }
func (p plotter) y(y float64) float64 { return p.top + y*p.scale }

func (p plotter) pen(c chart.Color, width float64, dash ...float64) {
	f := p.l.file
	f.SetDrawColor(int(c.R), int(c.G), int(c.B))
	f.SetLineWidth(width)
	f.SetDashPattern(dash, 0)
}

// edge is a line that leaves and arrives straight, with a head where it ends.
func (p plotter) edge(e *graph.Edge) {
	if len(e.Points) < 2 {
		return
	}
	f := p.l.file
	if p.pen(edge, .8); e.Weak {
		p.pen(edge, .8, 3, 2.5)
	}
	f.MoveTo(p.x(e.Points[0][0]), p.y(e.Points[0][1]))
	for i := 1; i < len(e.Points); i++ {
		a, b := e.Points[i-1], e.Points[i]
		c, d := [2]float64{(a[0] + b[0]) / 2, a[1]}, [2]float64{(a[0] + b[0]) / 2, b[1]}
		if p.down {
			c, d = [2]float64{a[0], (a[1] + b[1]) / 2}, [2]float64{b[0], (a[1] + b[1]) / 2}
		}
		f.CurveBezierCubicTo(p.x(c[0]), p.y(c[1]), p.x(d[0]), p.y(d[1]), p.x(b[0]), p.y(b[1]))
	}
	f.DrawPath("D")
	f.SetDashPattern(nil, 0)
	end, before := e.Points[len(e.Points)-1], e.Points[len(e.Points)-2]
	x, y := p.x(end[0]), p.y(end[1])
	long, side := [2]float64{headLong, 0}, [2]float64{0, headSide}
	if p.down {
		long, side = [2]float64{0, headLong}, [2]float64{headSide, 0}
	}
	if before[0] > end[0] && !p.down || before[1] > end[1] && p.down {
		long = [2]float64{-long[0], -long[1]}
	}
	f.SetFillColor(int(edge.R), int(edge.G), int(edge.B))
	f.MoveTo(x, y)
	f.LineTo(x-long[0]-side[0], y-long[1]-side[1])
	f.LineTo(x-long[0]+side[0], y-long[1]+side[1])
	f.ClosePath()
	f.DrawPath("F")
}

// Size of the head of an arrow, in points.
const (
	headLong = 5.0
	headSide = 2.4
)

// say writes what an edge is about, on paper of its own.
func (p plotter) say(e *graph.Edge) {
	if len(e.Points) < 2 || e.Label == "" {
		return
	}
	text, x, y := e.Text()
	k := look{regular, graphSub * p.scale, ink2}
	text = clean(p.l.job.fonts, text, nil)
	w := p.l.measure(k, text)
	p.l.fill(chart.Color{R: 255, G: 255, B: 255}, p.x(x)-w/2-1, p.y(y)-k.size*.85, w+2, k.size*1.1)
	p.l.text(k, p.x(x)-w/2, p.y(y), text)
}

// inks of nodes: paper and edge.
var inks = map[graph.Tone][2]chart.Color{
	graph.Plain: {{R: 255, G: 255, B: 255}, rule2}, graph.Outside: {{R: 255, G: 255, B: 255}, edge},
	graph.Bad: {{R: 0xfd, G: 0xec, B: 0xeb}, {R: 0xc9, G: 0x37, B: 0x2c}}, graph.Alert: {{R: 0xff, G: 0xf4, B: 0xe0}, {R: 0xb7, G: 0x79, B: 0x1f}},
}

// node is a box with what it is and what is said of it. What lies on the path has a stronger edge, since paper may have no colours.
func (p plotter) node(n *graph.Node) {
	c, known := inks[n.Tone]
	if !known {
		c = inks[graph.Plain]
	}
	f, width := p.l.file, .7
	if n.OnPath {
		width = 1.4
	}
	if p.pen(c[1], width); n.Tone == graph.Outside {
		p.pen(c[1], width, 3, 2)
	}
	f.SetFillColor(int(c[0].R), int(c[0].G), int(c[0].B))
	x, y, w := p.x(n.X-n.W/2), p.y(n.Y-n.H/2), n.W*p.scale
	f.RoundedRect(x, y, w, n.H*p.scale, 6*p.scale, "1234", "FD")
	f.SetDashPattern(nil, 0)
	label, sub := n.Texts()
	inset, base := 10*p.scale, n.Y-3
	if sub == "" {
		base = n.Y + 4
	}
	strong := look{bold, graphLabel * p.scale, ink}
	p.l.text(strong, x+inset, p.y(base), p.l.fit(strong, clean(p.l.job.fonts, label, nil), w-1.5*inset))
	small := look{regular, graphSub * p.scale, ink3}
	p.l.text(small, x+inset, p.y(n.Y+13), p.l.fit(small, clean(p.l.job.fonts, sub, nil), w-1.5*inset))
}
