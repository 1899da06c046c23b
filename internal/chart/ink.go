package chart

// Color is red, green, blue.
type Color struct{ R, G, B uint8 }

// Ink is how paper shows a class: the light column of the design tokens. A nil colour is not drawn.
type Ink struct {
	Fill   *Color
	Stroke *Color
	Width  float64   // of the stroke, in points
	Dash   []float64 // in points; nil for a solid line
}

// Classes that are not outcomes.
const (
	ClassGrid   = "grid"  // horizontal lines behind a chart
	ClassAxis   = "axis"  // the line a chart stands on
	ClassLine   = "line"  // a series
	ClassArea   = "area"  // under a series
	ClassPoint  = "point" // a value without neighbours
	ClassLimit  = "thr"   // a threshold
	ClassMonth  = "mon"   // tick at the beginning of a month
	ClassWindow = "win"   // bracket over the observation window
	ClassBar    = "bar"   // a quantity without verdict
	ClassText   = "t"     // labels
)

func rgb(v uint32) *Color { return &Color{uint8(v >> 16), uint8(v >> 8), uint8(v)} }

// inks follows the light theme of the design language "Ledger" (tokens: pass-q, *-s for shapes, *-t for glyphs and words).
var inks = map[string]Ink{
	"k-pass": {Fill: rgb(0xa9d8bb)}, "k-fail": {Fill: rgb(0xd3322a)}, "k-risk": {Fill: rgb(0xbd7700)},
	"k-err": {Fill: rgb(0x8653cf)}, "k-exm": {Fill: rgb(0x1d8798)}, "k-na": {Fill: rgb(0x858e9a)}, "k-none": {Fill: rgb(0xa39d90)},

	"g-pass": {Stroke: rgb(0x0b6a3a), Width: 1.1}, "g-fail": {Stroke: rgb(0xb01e16), Width: 1.1},
	"g-risk": {Stroke: rgb(0x855000), Width: .8}, "g-err": {Stroke: rgb(0x6a3ba6), Width: .8},
	"g-exm": {Stroke: rgb(0x0d6170), Width: .9}, "g-na": {Stroke: rgb(0x58626f), Width: 1.1}, "g-none": {Stroke: rgb(0x58626f), Width: .8},

	ClassGrid: {Stroke: rgb(0xe3dfd6), Width: .6}, ClassAxis: {Stroke: rgb(0x8b8577), Width: .6},
	ClassLine: {Stroke: rgb(0x2746b8), Width: 1.2}, ClassArea: {Fill: rgb(0xe8edfb)}, ClassPoint: {Fill: rgb(0x2746b8)},
	ClassLimit: {Stroke: rgb(0xd3322a), Width: .8, Dash: []float64{3, 2}},
	ClassMonth: {Stroke: rgb(0x8b8577), Width: .5}, ClassWindow: {Stroke: rgb(0x44505f), Width: .8},
	ClassBar: {Fill: rgb(0x8b8577)}, ClassText: {Fill: rgb(0x5f6977)},
}

// InkOf is how paper shows a class. A class nobody defined is drawn in ink, so that a mistake is seen.
func InkOf(class string) Ink {
	if i, ok := inks[class]; ok {
		return i
	}
	return Ink{Fill: rgb(0x17202c), Stroke: rgb(0x17202c), Width: .6}
}

// Color of a status word on paper; its contrast on white is at least 4.5.
func (o Outcome) Color() Color { return *InkOf(o.GlyphClass()).Stroke }
