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
	t, ok := traced(f, word, size)
	if !ok {
		return ""
	}
	return t.turned(52, g.width/2, g.height/2, -t.width/2, -.36*size)
}

// trace is a line of text as outlines, which begins at the origin.
type trace struct {
	parts []drawn
	width float64
}

type drawn struct {
	segments sfnt.Segments
	x        float64
}

// traced reads the outlines of a text; false if the font lacks one of its characters.
func traced(f *sfnt.Font, text string, size int) (trace, bool) {
	var buf sfnt.Buffer
	var t trace
	for _, r := range text {
		i, err := f.GlyphIndex(&buf, r)
		if err != nil || i == 0 {
			return t, false
		}
		segments, err := f.LoadGlyph(&buf, i, fixed.I(size), nil)
		if err != nil {
			return t, false
		}
		adv, err := f.GlyphAdvance(&buf, i, fixed.I(size), font.HintingNone)
		if err != nil {
			return t, false
		}
		t.parts = append(t.parts, drawn{append(sfnt.Segments{}, segments...), t.width})
		t.width += float64(adv) / 64
	}
	return t, true
}

// turned is the text as path operators, moved by dx and dy, turned by an angle in degrees, and put at a place of the page.
func (t trace) turned(degrees, left, bottom, dx, dy float64) string {
	var b strings.Builder
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	at := func(p fixed.Point26_6, x0 float64) (x, y float64) {
		u, v := float64(p.X)/64+x0+dx, -float64(p.Y)/64+dy // y grows upwards in the file
		return left + u*cos - v*sin, bottom + u*sin + v*cos
	}
	for _, p := range t.parts {
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

// scale26 is a length in another size, to the nearest 64th.
func scale26(v fixed.Int26_6, by float64) fixed.Int26_6 {
	return fixed.Int26_6(math.Round(float64(v) * by))
}
