package pdf

import (
	"fmt"
	"math"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// watermark draws the word DRAFT across the page, behind everything and pale enough to read over. It is drawn as outlines,
// not as text: searching or copying the page’s text does not meet it.
func (l *layout) watermark() {
	if !l.doc.Draft {
		return
	}
	if l.job.draft == "" {
		l.job.draft = outlines(l.job.fonts[bold].parsed, "DRAFT", l.geo)
	}
	if l.job.draft == "" {
		return
	}
	l.file.RawWriteStr(fmt.Sprintf("q %.3f %.3f %.3f rg", float64(stamped.R)/255, float64(stamped.G)/255, float64(stamped.B)/255))
	l.file.RawWriteStr(l.job.draft)
	l.file.RawWriteStr("Q")
}

// outlines is a word as PDF path operators, across the middle of the page. It is empty if the font has no outlines for it.
func outlines(f *sfnt.Font, word string, g geometry) string {
	const size = 170
	var buf sfnt.Buffer
	var b strings.Builder
	total := 0.0
	type part struct {
		segments sfnt.Segments
		x        float64
	}
	var parts []part
	for _, r := range word {
		i, err := f.GlyphIndex(&buf, r)
		if err != nil || i == 0 {
			return ""
		}
		segments, err := f.LoadGlyph(&buf, i, fixed.I(size), nil)
		if err != nil {
			return ""
		}
		adv, err := f.GlyphAdvance(&buf, i, fixed.I(size), font.HintingNone)
		if err != nil {
			return ""
		}
		parts = append(parts, part{append(sfnt.Segments{}, segments...), total})
		total += float64(adv) / 64
	}
	sin, cos := math.Sincos(52 * math.Pi / 180)
	at := func(p fixed.Point26_6, dx float64) (x, y float64) {
		u, v := float64(p.X)/64+dx-total/2, -float64(p.Y)/64-.36*size // y grows upwards in the file
		return g.width/2 + u*cos - v*sin, g.height/2 + u*sin + v*cos
	}
	for _, p := range parts {
		var px, py float64
		for _, s := range p.segments {
			x, y := at(s.Args[0], p.x)
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				fmt.Fprintf(&b, "%.1f %.1f m ", x, y)
			case sfnt.SegmentOpLineTo:
				fmt.Fprintf(&b, "%.1f %.1f l ", x, y)
			case sfnt.SegmentOpQuadTo: // a cubic curve with the same shape
				cx, cy := x, y
				x, y = at(s.Args[1], p.x)
				fmt.Fprintf(&b, "%.1f %.1f %.1f %.1f %.1f %.1f c ", px+2*(cx-px)/3, py+2*(cy-py)/3, x+2*(cx-x)/3, y+2*(cy-y)/3, x, y)
			case sfnt.SegmentOpCubeTo:
				cx, cy := x, y
				dx, dy := at(s.Args[1], p.x)
				x, y = at(s.Args[2], p.x)
				fmt.Fprintf(&b, "%.1f %.1f %.1f %.1f %.1f %.1f c ", cx, cy, dx, dy, x, y)
			}
			px, py = x, y
		}
	}
	b.WriteString("f")
	return b.String()
}
