package page

import (
	"math"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
)

// Tab is one side of a page.
type Tab struct {
	Title, Href string
	Count       int
	Counted     bool // Count is shown
	Current     bool
}

// iconPrefix is where the sprite is; the first Site sets it. Every Site of a process embeds the same files, so it cannot
// differ between two.
var sprite = mustSprite()

func mustSprite() string {
	a, err := loadAssets()
	if err != nil {
		return AssetPath + "0/icons.svg" // NewSite reports the error
	}
	return a.prefix + "icons.svg"
}

// IconHref is the address of a symbol, for drawings.
func IconHref(name string) string { return iconHref(name) }

func iconHref(name string) string { return sprite + "#" + name }

// Size of strips in their own units: they are stretched to their box.
const (
	stripWidth, stripHeight = 730, 34
	miniWidth, miniHeight   = 180, 16
)

// StripSVG draws a strip for a box of a class: "strip" or "mini".
func StripSVG(class string, d chart.StripData) string {
	w, h := float64(stripWidth), float64(stripHeight)
	if class == "mini" {
		w, h = miniWidth, miniHeight
		d.Window = d.Window.Overlap(d.Window) // a cell has no room for the bracket
		d.Window.To = d.Window.From
	}
	plain := d
	plain.Window.To = plain.Window.From // the bracket is HTML, with its words
	return chart.SVG(class, w, h, d.Sentence(), func(c chart.Canvas) {
		if class == "mini" {
			c = unnamed{c}
			if d.Period.Days() > miniDays {
				plain = plain.Weeks()
			}
		}
		chart.Strip(c, plain, w, h)
	})
}

func daysSVG(class string, d chart.DaysData) string {
	return chart.SVG(class, stripWidth, stripHeight, d.Sentence(), func(c chart.Canvas) { chart.Days(c, d, stripWidth, stripHeight) })
}

// miniDays is the longest period whose days a cell can show: beyond it they are narrower than what an eye can tell.
const miniDays = 120

// unnamed is a canvas without tips on its marks: in a cell they cannot be pointed at, and a list has thousands.
type unnamed struct{ chart.Canvas }

// windowAt places the observation window above a strip: distance from the left and width in percent.
func windowAt(d chart.StripData) (x, w int, ok bool) {
	win, days := d.Window.Overlap(d.Period), float64(d.Period.Days())
	if win.Days() == 0 || days == 0 {
		return 0, 0, false
	}
	x = int(math.Round(100 * float64(win.From-d.Period.From) / days))
	return x, max(1, min(100-x, int(math.Round(100*float64(win.Days())/days)))), true
}

// axisLabel is a label in whole percents, which is what a class-free page can place.
type axisLabel struct {
	X    int
	Text string
}

func axisLabels(all []chart.Label) []axisLabel {
	var out []axisLabel
	for _, l := range all {
		x := int(math.Round(100 * l.At))
		if x > 97 { // it would leave the box
			continue
		}
		out = append(out, axisLabel{x, l.Text})
	}
	return out
}

// Share is a part of a StateBar.
type Share struct {
	Status string
	Count  int
}

func stateBarSVG(sentence string, shares []Share) string {
	total := 0
	for _, s := range shares {
		total += s.Count
	}
	const w, h, least = 1000, 8, 6
	return chart.SVG("statebar", w, h, sentence, func(c chart.Canvas) {
		if total == 0 {
			c.Rect("b-na", 0, 0, w, h)
			return
		}
		x := 0.0
		for _, s := range shares {
			if s.Count > 0 {
				width := max(least, w*float64(s.Count)/float64(total))
				c.Rect("b-"+strings.ToLower(s.Status), x, 0, max(1, width-2), h)
				x += width
			}
		}
	})
}
