package pdf

import (
	"github.com/tickmark/tickmark/internal/chart"
)

// canvas draws charts on a page, with the origin at (x, y).
type canvas struct {
	l    *layout
	x, y float64
}

func (c canvas) fillInk(i chart.Ink) {
	c.l.file.SetFillColor(int(i.Fill.R), int(i.Fill.G), int(i.Fill.B))
}

func (c canvas) strokeInk(i chart.Ink) {
	f := c.l.file
	f.SetDrawColor(int(i.Stroke.R), int(i.Stroke.G), int(i.Stroke.B))
	f.SetLineWidth(i.Width)
	f.SetLineCapStyle("round")
	f.SetLineJoinStyle("round")
}

// Rect fills a rectangle.
func (c canvas) Rect(class string, x, y, w, h float64) {
	i := chart.InkOf(class)
	if !c.l.draws() || i.Fill == nil {
		return
	}
	c.fillInk(i)
	c.l.file.Rect(c.x+x, c.y+y, w, h, "F")
}

// Line draws straight lines through points.
func (c canvas) Line(class string, pts ...chart.Point) {
	i := chart.InkOf(class)
	if !c.l.draws() || i.Stroke == nil || len(pts) < 2 {
		return
	}
	c.strokeInk(i)
	f := c.l.file
	if len(i.Dash) > 0 {
		f.SetDashPattern(i.Dash, 0)
		defer f.SetDashPattern(nil, 0)
	}
	f.MoveTo(c.x+pts[0].X, c.y+pts[0].Y)
	for _, p := range pts[1:] {
		f.LineTo(c.x+p.X, c.y+p.Y)
	}
	f.DrawPath("D")
}

// Path fills an outline, or draws it where the class has no fill.
func (c canvas) Path(class string, p chart.Path) {
	i := chart.InkOf(class)
	if !c.l.draws() || len(p) == 0 {
		return
	}
	f := c.l.file
	how := "F"
	if i.Fill != nil {
		c.fillInk(i)
	} else {
		how = "D"
		c.strokeInk(i)
	}
	for _, s := range p {
		a, b, d := s.Pts[0], s.Pts[1], s.Pts[2]
		switch s.Op {
		case chart.Move:
			f.MoveTo(c.x+a.X, c.y+a.Y)
		case chart.To:
			f.LineTo(c.x+a.X, c.y+a.Y)
		case chart.Curve:
			f.CurveBezierCubicTo(c.x+a.X, c.y+a.Y, c.x+b.X, c.y+b.Y, c.x+d.X, c.y+d.Y)
		case chart.Close:
			f.ClosePath()
		}
	}
	f.DrawPath(how)
}

// Text draws a label.
func (c canvas) Text(class string, x, y float64, a chart.Anchor, s string) {
	i := chart.InkOf(class)
	k := look{regular, 7, ink3}
	if i.Fill != nil {
		k.color = *i.Fill
	}
	s = clean(c.l.job.fonts, s, nil)
	switch w := c.l.measure(k, s); a {
	case chart.Middle:
		x -= w / 2
	case chart.End:
		x -= w
	}
	c.l.text(k, c.x+x, c.y+y, s)
}
