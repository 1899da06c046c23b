package pdf

import (
	"bytes"
	"encoding/binary"
)

// narrowHyphen gives a Go font the hyphen of running text. Made for program text, the fonts draw U+002D as wide as a minus
// sign, wider than their en dash, so that "two-factor" reads as "two–factor". They hold a hyphen of the usual width at
// U+00AD (soft hyphen): its outline and advance are copied over the wide one, in memory. The character stays U+002D, so
// text is found and copied as before. A font that is not laid out as expected is returned unchanged.
func narrowHyphen(ttf []byte) []byte {
	t := tables(ttf)
	if t == nil {
		return ttf
	}
	out := bytes.Clone(ttf)
	t = tables(out)
	wide, narrow := glyph(t["cmap"], 0x2d), glyph(t["cmap"], 0xad)
	a, b := outline(t, wide), outline(t, narrow)
	if wide == 0 || narrow == 0 || a == nil || len(b) == 0 || len(b) > len(a) || len(t["hhea"]) < 36 {
		return ttf
	}
	metrics := int(binary.BigEndian.Uint16(t["hhea"][34:]))
	if wide >= metrics || narrow >= metrics || len(t["hmtx"]) < 4*metrics {
		return ttf
	}
	copy(a, b)
	copy(t["hmtx"][4*wide:4*wide+4], t["hmtx"][4*narrow:4*narrow+4])
	return out
}

// tables are a font's tables by name, as slices into the font; nil if it is not a font.
func tables(ttf []byte) map[string][]byte {
	if len(ttf) < 12 {
		return nil
	}
	out := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint16(ttf[4:])) {
		at := 12 + 16*i
		if at+16 > len(ttf) {
			return nil
		}
		from, n := int(binary.BigEndian.Uint32(ttf[at+8:])), int(binary.BigEndian.Uint32(ttf[at+12:]))
		if from < 0 || n < 0 || from+n > len(ttf) {
			return nil
		}
		out[string(ttf[at:at+4])] = ttf[from : from+n]
	}
	return out
}

// glyph is the index of a character's glyph by a cmap subtable of format 4; 0 if there is none.
func glyph(cmap []byte, r uint16) int {
	u16 := func(b []byte, at int) int {
		if at+2 > len(b) {
			return 0
		}
		return int(binary.BigEndian.Uint16(b[at:]))
	}
	for i := range u16(cmap, 2) {
		at := 4 + 8*i
		if at+8 > len(cmap) {
			return 0
		}
		from := int(binary.BigEndian.Uint32(cmap[at+4:]))
		if from >= len(cmap) || u16(cmap, from) != 4 {
			continue
		}
		b := cmap[from:]
		segments := u16(b, 6) / 2
		for s := range segments {
			end, start := u16(b, 14+2*s), u16(b, 16+2*segments+2*s)
			if int(r) < start || int(r) > end {
				continue
			}
			delta, at := u16(b, 16+4*segments+2*s), 16+6*segments+2*s
			if offset := u16(b, at); offset != 0 {
				return u16(b, at+offset+2*(int(r)-start))
			}
			return (int(r) + delta) & 0xffff
		}
	}
	return 0
}

// outline is the bytes of a glyph's outline; nil if the font has none for it.
func outline(t map[string][]byte, g int) []byte {
	if len(t["head"]) < 52 {
		return nil
	}
	at := func(i int) int {
		if binary.BigEndian.Uint16(t["head"][50:]) == 0 {
			if 2*i+2 > len(t["loca"]) {
				return -1
			}
			return 2 * int(binary.BigEndian.Uint16(t["loca"][2*i:]))
		}
		if 4*i+4 > len(t["loca"]) {
			return -1
		}
		return int(binary.BigEndian.Uint32(t["loca"][4*i:]))
	}
	from, to := at(g), at(g+1)
	if from < 0 || to < from || to > len(t["glyf"]) {
		return nil
	}
	return t["glyf"][from:to]
}
