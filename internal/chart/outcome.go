package chart

// Outcome is what is drawn for a day, a cell or a bar.
type Outcome uint8

// The outcomes, from the least to the most important: where two meet in one place, the higher is drawn. The zero value
// is None, so that what nobody judged can never look like a pass.
const (
	None          Outcome = iota // not evaluated
	NotApplicable                // nothing to judge
	Pass                         // judged, and as it should be
	Excepted                     // fails, with an approved exception
	Grace                        // fails, within the time allowed for mending
	Unknown                      // evaluated without an answer
	Fail                         // judged, and not as it should be
)

// Outcomes lists them in the order of a legend.
func Outcomes() []Outcome {
	return []Outcome{Pass, Fail, Unknown, Grace, Excepted, NotApplicable, None}
}

// Parse reads the word an evaluation uses. A word that is not known is Unknown, never a pass; no word is None.
func Parse(s string) Outcome {
	switch s {
	case "pass":
		return Pass
	case "fail":
		return Fail
	case "grace", "risk":
		return Grace
	case "excepted":
		return Excepted
	case "not_applicable":
		return NotApplicable
	case "none", "":
		return None
	}
	return Unknown
}

var words = [...]string{
	None: "not tested", NotApplicable: "not applicable", Pass: "pass", Excepted: "excepted", Grace: "in grace",
	Unknown: "no answer", Fail: "fail",
}

// during says an outcome of a stretch of days: "failing on 3".
var during = [...]string{
	None: "not tested on", NotApplicable: "not applicable on", Pass: "passing on", Excepted: "excepted on",
	Grace: "in grace on", Unknown: "no answer on", Fail: "failing on",
}

func (o Outcome) valid() bool { return int(o) < len(words) }

// String is the outcome in words for a reader.
func (o Outcome) String() string {
	if !o.valid() {
		return words[Unknown]
	}
	return words[o]
}

// Class is the style of the outcome's shape, as in the style sheet of the pages.
func (o Outcome) Class() string {
	switch o {
	case Pass:
		return "k-pass"
	case Fail:
		return "k-fail"
	case Grace:
		return "k-risk"
	case Excepted:
		return "k-exm"
	case NotApplicable:
		return "k-na"
	case None:
		return "k-none"
	}
	return "k-err"
}

// GlyphClass is the style of the outcome's glyph and word.
func (o Outcome) GlyphClass() string { return "g" + o.Class()[1:] }

// Mark fills a box with the outcome's shape. Shape carries the meaning as well as colour does, so that a copy in black
// and white still tells a pass (low) from a failure (full height), no answer (cut in two) and an excepted failure (a cap
// cut off): a pass is quiet, the rest stands out, and what was not tested is a line on the floor.
func Mark(c Canvas, o Outcome, x, y, w, h float64) {
	cls := o.Class()
	switch o {
	case Pass:
		c.Rect(cls, x, y+.36*h, w, .64*h)
	case Fail:
		c.Rect(cls, x, y, w, h)
	case Grace:
		c.Rect(cls, x, y+.14*h, w, .86*h)
	case Excepted:
		c.Rect(cls, x, y, w, .16*h)
		c.Rect(cls, x, y+.28*h, w, .72*h)
	case NotApplicable:
		c.Rect(cls, x, y+.72*h, w, .28*h)
	case None:
		c.Rect(cls, x, y+.88*h, w, .12*h)
	default:
		c.Rect(cls, x, y, w, .42*h)
		c.Rect(cls, x, y+.58*h, w, .42*h)
	}
}

// Glyph draws the sign that stands before an outcome's word, in a box of the given size.
func Glyph(c Canvas, o Outcome, x, y, size float64) {
	at := func(px, py float64) Point { return Point{x + px*size, y + py*size} }
	cls := o.GlyphClass()
	switch o {
	case Pass:
		c.Line(cls, at(.1, .55), at(.38, .85), at(.92, .18))
	case Fail:
		c.Line(cls, at(.15, .15), at(.85, .85))
		c.Line(cls, at(.85, .15), at(.15, .85))
	case Grace:
		c.Line(cls, at(.5, .06), at(.96, .92), at(.04, .92), at(.5, .06))
		c.Line(cls, at(.5, .38), at(.5, .62))
		c.Line(cls, at(.5, .76), at(.5, .78))
	case Excepted:
		c.Path(cls, Path{}.MoveTo(x+.5*size, y+.05*size).LineTo(x+.88*size, y+.2*size).
			CurveTo(x+.88*size, y+.6*size, x+.75*size, y+.82*size, x+.5*size, y+.95*size).
			CurveTo(x+.25*size, y+.82*size, x+.12*size, y+.6*size, x+.12*size, y+.2*size).Close())
	case NotApplicable:
		c.Line(cls, at(.15, .5), at(.85, .5))
	case None:
		c.Path(cls, circle(x+.5*size, y+.5*size, .36*size))
	default:
		c.Path(cls, circle(x+.5*size, y+.5*size, .45*size))
		c.Path(cls, Path{}.MoveTo(x+.36*size, y+.4*size).
			CurveTo(x+.36*size, y+.18*size, x+.66*size, y+.18*size, x+.66*size, y+.4*size).
			CurveTo(x+.66*size, y+.52*size, x+.5*size, y+.5*size, x+.5*size, y+.62*size))
		c.Line(cls, at(.5, .74), at(.5, .76))
	}
}

// circle is an outline of four curves; 0.5523 is the usual approximation of a quarter.
func circle(cx, cy, r float64) Path {
	k := .5523 * r
	return Path{}.MoveTo(cx+r, cy).
		CurveTo(cx+r, cy+k, cx+k, cy+r, cx, cy+r).
		CurveTo(cx-k, cy+r, cx-r, cy+k, cx-r, cy).
		CurveTo(cx-r, cy-k, cx-k, cy-r, cx, cy-r).
		CurveTo(cx+k, cy-r, cx+r, cy-k, cx+r, cy).Close()
}

// Glyph marks an outcome in text, where no symbol can be drawn; the words beside it say it.
func (o Outcome) Glyph() string {
	switch o {
	case Pass:
		return "✓"
	case Fail:
		return "✗"
	case Grace:
		return "!"
	case Unknown:
		return "?"
	case Excepted:
		return "~"
	case None, NotApplicable:
	}
	return "–"
}
