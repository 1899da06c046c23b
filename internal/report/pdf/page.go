package pdf

import (
	"fmt"

	"codeberg.org/go-pdf/fpdf"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/report"
)

// mark is where an anchor stands.
type mark struct {
	page int
	y    float64
}

// layout is one pass over the document. Without a file it only finds places.
type layout struct {
	*job
	measurer
	file  *fpdf.Fpdf // nil on the first pass
	known *layout    // the first pass, on the second
	err   error

	page    int
	y       float64 // next free place on the page
	gap     float64 // space owed before the next thing, if it is not the first of its page
	fresh   bool    // nothing stands on the page yet
	section *report.Section
	marks   map[string]mark
	order   []string       // anchors as they came
	links   map[string]int // fpdf's numbers of anchors
	level   int            // of the last bookmark
	calls   []footnote     // footnotes of this page
	reserve float64        // their height

	face  face // what fpdf is set to, to spare repeating it
	size  float64
	color chart.Color
	set   bool
}

// footnote is a footnote on its way to the foot of the page.
type footnote struct{ lines []line }

// layout runs a pass.
func (j *job) layout(f *fpdf.Fpdf, known *layout) *layout {
	l := &layout{job: j, measurer: measurer{fonts: j.fonts, notes: j.notes}, file: f, known: known, marks: map[string]mark{}, links: map[string]int{}, level: -1}
	if f != nil {
		for _, a := range known.order {
			l.links[a] = f.AddLink()
			f.SetLink(l.links[a], known.marks[a].y, known.marks[a].page)
		}
	}
	l.coverPage()
	for i := range j.doc.Sections {
		l.section = &j.doc.Sections[i]
		blocks := l.section.Blocks
		if i == len(j.doc.Sections)-1 {
			blocks = append(append([]report.Block{}, blocks...), j.extra...)
		}
		l.sectionHead()
		l.blocks(blocks)
	}
	l.endPage()
	return l
}

// draws reports whether this pass leaves a file.
func (l *layout) draws() bool { return l.file != nil }

// newPage ends the page and begins another, with watermark, head and foot.
func (l *layout) newPage() {
	l.endPage()
	l.page++
	if l.page > maxPages {
		if l.err == nil {
			l.err = fmt.Errorf("the document has more than %d pages", maxPages)
		}
	}
	l.y, l.gap, l.fresh = l.geo.top, 0, true
	if !l.draws() {
		return
	}
	l.file.AddPage()
	l.set = false
	l.watermark()
	if l.page > 1 {
		l.running()
	}
}

// endPage puts the page's footnotes at its foot.
func (l *layout) endPage() {
	if len(l.calls) > 0 {
		y := l.geo.bottom - l.reserve + 10
		l.stroke(rule2, .6, l.geo.left, y-5, l.geo.left+90, y-5)
		for _, c := range l.calls {
			for _, ln := range c.lines {
				l.line(ln, styleNote, l.geo.left, y, l.geo.text(), report.Left)
				y += styleNote.lead
			}
		}
	}
	l.calls, l.reserve = nil, 0
}

// floor is the lowest place for text on this page.
func (l *layout) floor() float64 { return l.geo.bottom - l.reserve }

// room is the height that is left, after the space that is owed.
func (l *layout) room() float64 { return l.floor() - l.y - l.owed() }

func (l *layout) owed() float64 {
	if l.fresh {
		return 0
	}
	return l.gap
}

// space asks for room before what comes next; of two wishes the larger counts.
func (l *layout) space(h float64) { l.gap = max(l.gap, h) }

// need begins a new page unless the height is left, or the page is still empty.
func (l *layout) need(h float64) {
	if l.room() < h-.01 && !l.fresh {
		l.newPage()
	}
}

// take uses height and returns its top.
func (l *layout) take(h float64) float64 {
	y := l.y + l.owed()
	l.y, l.gap, l.fresh = y+h, 0, false
	return y
}

// anchor remembers where something stands; a link to it shows a little of what is above.
func (l *layout) anchor(a string, y float64) {
	if a == "" {
		return
	}
	if _, ok := l.marks[a]; !ok {
		l.marks[a] = mark{l.page, max(0, y-8)}
		l.order = append(l.order, a)
	}
}

// bookmark adds to the file's outline. Levels never jump by more than one: fpdf would lose the entry.
func (l *layout) bookmark(text string, level int, y float64) {
	level = max(0, min(level, l.level+1))
	l.level = level
	if l.draws() {
		l.use(look{regular, 10, ink})
		l.file.Bookmark(metadata(text), level, max(0, y-8))
	}
}
