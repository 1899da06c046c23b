package pdf

import (
	"bytes"
	"fmt"
	"math"
	"sync"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// face is one of the four embedded fonts.
type face uint8

const (
	regular face = iota
	bold
	italic
	monospace
	faces
)

// noGlyph marks a character that a font does not have.
const noGlyph = math.MaxUint16

// typeface is a font and what layout needs of it.
type typeface struct {
	family, style string
	ttf           []byte
	width         [1 << 16]uint16 // thousandths of the size, rounded as the PDF's width table rounds them
	parsed        *sfnt.Font
}

// typefaces are the Go fonts, read once. They cover Latin, Greek and Cyrillic, some 700 characters each.
var typefaces = sync.OnceValues(func() (*[faces]*typeface, error) {
	out := &[faces]*typeface{
		regular: {family: "go", ttf: goregular.TTF}, bold: {family: "go", style: "B", ttf: gobold.TTF},
		italic: {family: "go", style: "I", ttf: goitalic.TTF}, monospace: {family: "gomono", ttf: gomono.TTF},
	}
	for i, t := range out {
		if face(i) != monospace {
			t.ttf = narrowHyphen(t.ttf)
		}
		if err := t.measure(); err != nil {
			return nil, fmt.Errorf("font %s%s: %w", t.family, t.style, err)
		}
	}
	return out, nil
})

// measure reads the widths of the characters that the font has.
func (t *typeface) measure() error {
	f, err := sfnt.Parse(t.ttf)
	if err != nil {
		return err
	}
	t.parsed = f
	units := int(f.UnitsPerEm())
	var buf sfnt.Buffer
	for r := range t.width {
		t.width[r] = noGlyph
		if r < 0x20 || (r >= 0x7f && r < 0xa0) || r == 0xad || (r >= 0xd800 && r < 0xe000) || r >= 0xfffe {
			continue // controls, soft hyphen, surrogates, noncharacters: never drawn
		}
		g, err := f.GlyphIndex(&buf, rune(r))
		if err != nil {
			return err
		}
		if g == 0 {
			continue
		}
		adv, err := f.GlyphAdvance(&buf, g, fixed.I(units), font.HintingNone)
		if err != nil {
			return err
		}
		t.width[r] = uint16(math.Round(float64(adv.Round()) * 1000 / float64(units)))
	}
	return nil
}

// has reports whether every face can show the character.
func has(fs *[faces]*typeface, r rune) bool {
	if r < 0 || r > 0xffff {
		return false
	}
	for _, f := range fs {
		if f.width[r] == noGlyph {
			return false
		}
	}
	return true
}

// embed gives the fonts to the file. fpdf reports a broken font by its error only, so it is asked after each. Each file gets
// its own copy: fpdf v0.12.0 writes into the font it was given (utf8FontFile.getMetrics appends to a part of it), and the
// next file would differ.
func embed(f *fpdf.Fpdf, fs *[faces]*typeface) error {
	for _, t := range fs {
		f.AddUTF8FontFromBytes(t.family, t.style, bytes.Clone(t.ttf))
		f.SetFont(t.family, t.style, 10)
		if err := f.Error(); err != nil {
			return fmt.Errorf("font %s%s: %w", t.family, t.style, err)
		}
	}
	return nil
}
