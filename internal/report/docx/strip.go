package docx

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/report"
)

// Sizes of a strip: the picture in dots, and on the page in English Metric Units (914,400 to an inch) and twentieths of a
// point.
const (
	stripWide, stripHigh = 1606, 56
	emuPerTwip           = 635
	stripTwips           = 336
)

// raster is a canvas of dots. A strip is rectangles and short upright lines, which need no curves and no smoothing.
type raster struct{ img *image.Paletted }

func newRaster() raster {
	pal := color.Palette{color.White}
	for _, o := range chart.Outcomes() {
		if f := chart.InkOf(o.Class()).Fill; f != nil {
			pal = append(pal, rgba(*f))
		}
	}
	if s := chart.InkOf(chart.ClassMonth).Stroke; s != nil {
		pal = append(pal, rgba(*s))
	}
	return raster{image.NewPaletted(image.Rect(0, 0, stripWide, stripHigh), pal)}
}

func rgba(c chart.Color) color.RGBA { return color.RGBA{R: c.R, G: c.G, B: c.B, A: 255} }

// Rect fills; what is narrower than a dot still gets one.
func (r raster) Rect(class string, x, y, w, h float64) {
	f := chart.InkOf(class).Fill
	if f == nil {
		return
	}
	x0, y0 := int(x+.5), int(y+.5)
	box := image.Rect(x0, y0, max(int(x+w+.5), x0+1), max(int(y+h+.5), y0+1))
	draw.Draw(r.img, box, image.NewUniform(rgba(*f)), image.Point{}, draw.Src)
}

// Line draws the ticks of months, which stand upright.
func (r raster) Line(class string, pts ...chart.Point) {
	s := chart.InkOf(class).Stroke
	if s == nil || len(pts) != 2 || pts[0].X != pts[1].X {
		return
	}
	x := int(pts[0].X)
	draw.Draw(r.img, image.Rect(x, int(pts[0].Y), x+1, int(pts[1].Y+.5)), image.NewUniform(rgba(*s)), image.Point{}, draw.Src)
}

// Path and Text are not used by strips.
func (r raster) Path(string, chart.Path)                             {}
func (r raster) Text(string, float64, float64, chart.Anchor, string) {}

// strip is the picture of a test's days, with the months in text below and the sentence that says the same.
func (x *writer) strip(s report.Strip) {
	r := newRaster()
	chart.Strip(r, s.Data, stripWide, stripHigh)
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&buf, r.img); err != nil {
		x.paragraph("Small", "", run("", escape(s.Sentence)))
		return
	}
	id, seen := x.pictures[buf.String()]
	if !seen { // equal strips share a picture
		id = len(x.pictures) + 1
		x.pictures[buf.String()] = id
		x.pngs = append(x.pngs, buf.Bytes())
	}
	x.drawn++
	n, rel := strconv.Itoa(x.drawn), "rIdStrip"+strconv.Itoa(id)
	size := `cx="` + strconv.Itoa(textWidth*emuPerTwip) + `" cy="` + strconv.Itoa(stripTwips*emuPerTwip) + `"`
	x.paragraph("Strip", `<w:keepNext/>`, `<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent `+size+`/><wp:docPr id="`+n+`" name="Strip `+n+`" descr="`+escape(s.Sentence)+`"/>`+
		`<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="`+n+`" name="Strip `+n+`"/><pic:cNvPicPr/></pic:nvPicPr>`+
		`<pic:blipFill><a:blip r:embed="`+rel+`"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext `+size+`/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`)
	x.months(s.Data.Labels())
	x.paragraph("Small", `<w:keepNext/>`, run("", escape(s.Sentence)))
}

// months are the labels below a strip, each at its tab.
func (x *writer) months(labels []chart.Label) {
	for len(labels) > 1 && labels[len(labels)-1].At > .955 {
		labels = labels[:len(labels)-1] // no room for its word
	}
	if len(labels) == 0 {
		return
	}
	var tabs, text strings.Builder
	for _, l := range labels {
		if at := int(l.At * textWidth); at > 0 {
			tabs.WriteString(`<w:tab w:val="left" w:pos="` + strconv.Itoa(at) + `"/>`)
			text.WriteString(`<w:r><w:tab/></w:r>`)
		}
		text.WriteString(run("", escape(l.Text)))
	}
	more := `<w:keepNext/>`
	if tabs.Len() > 0 {
		more += `<w:tabs>` + tabs.String() + `</w:tabs>`
	}
	x.paragraph("StripMonths", more, text.String())
}

// pictureParts are the files of the strips and their relations.
func (x *writer) pictureParts() (files []part, relations string) {
	var rels strings.Builder
	for i, b := range x.pngs {
		name := "strip" + strconv.Itoa(i+1) + ".png"
		files = append(files, part{"word/media/" + name, string(b)})
		rels.WriteString(`<Relationship Id="rIdStrip` + strconv.Itoa(i+1) + `" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="media/` + name + `"/>`)
	}
	return files, rels.String()
}

// watermark is the word DRAFT across the page, behind the text: a drawing in the running head that a person deletes once.
const watermark = `<w:r><w:rPr><w:noProof/></w:rPr><w:pict><v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/><v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/><v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas><v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/></v:shapetype>` +
	`<v:shape id="DraftWatermark" o:spid="_x0000_s2049" type="#_x0000_t136" alt="Draft" style="position:absolute;margin-left:0;margin-top:0;width:430pt;height:150pt;rotation:315;z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;mso-position-vertical:center;mso-position-vertical-relative:margin" fillcolor="#f2f0ea" stroked="f"><v:textpath style="font-family:&quot;Calibri&quot;;font-size:1pt;font-weight:bold" string="DRAFT"/></v:shape></w:pict></w:r>`
