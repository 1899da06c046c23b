package sigma

import "encoding/binary"

// A walk through an automaton waits for memory at every byte. Several walks that do not depend on each other, side by side,
// wait together: that is all this file is about.

// walk is a text, or a piece of one, on its way through an automaton.
type walk struct {
	auto   *automaton
	text   []byte
	row    uint32
	piece  bool // it does not reach the end of the value
	inside bool // it does not begin at the beginning of the value
}

// minPiece is the least length of what long texts are cut into.
const minPiece = 192

// appendWalks adds the walks of a text. A long one is cut; each piece begins so much before the last one's end that no needle
// is cut in two.
func appendWalks(walks []walk, a *automaton, text []byte) []walk {
	size := max(minPiece, 3*a.longest)
	w := walk{auto: a, row: a.start}
	for len(text) > size+size/2 {
		w.text, w.piece = text[:size], true
		walks = append(walks, w)
		text = text[size-a.longest:]
		w.row, w.inside = 0, true
	}
	w.text, w.piece = text, false
	return append(walks, w)
}

// begin tells what stands at every beginning.
func (v *Evaluator) begin(g *groupState, w *walk) {
	if !w.inside && w.row >= w.auto.first {
		v.told(g, w.auto, w.row)
	}
}

// end goes over the end of a value, where the walk reaches it.
func (v *Evaluator) end(g *groupState, w *walk) {
	if w.piece {
		return
	}
	if row := w.auto.next[w.row+uint32(w.auto.end)]; row >= w.auto.first {
		v.told(g, w.auto, row)
	}
}

// finish walks what is left.
func (v *Evaluator) finish(g *groupState, w *walk) {
	a, row := w.auto, w.row
	next, first := a.next, a.first
	for _, c := range w.text {
		row = next[row+uint32(a.class[c])]
		if row >= first {
			v.told(g, a, row)
		}
	}
	w.row = row
	v.end(g, w)
}

// skim walks a text through an automaton whose needles begin in few ways: where nothing is on its way to be found, it goes on
// to the next two bytes with which something begins.
func (v *Evaluator) skim(g *groupState, a *automaton, text []byte) {
	w := walk{auto: a, row: a.start}
	v.begin(g, &w)
	next, first, pairs, row := a.next, a.first, a.pairs, w.row
	for i := 0; i < len(text); i++ {
		if row == 0 {
			for ; i+1 < len(text); i++ {
				at := uint(binary.LittleEndian.Uint16(text[i:])) | 0x2020
				if pairs[at>>6]>>(at&63)&1 != 0 {
					break
				}
			}
		}
		if row = next[row+uint32(a.class[text[i]])]; row >= first {
			v.told(g, a, row)
		}
	}
	w.row = row
	v.end(g, &w)
}

// find walks texts two at a time.
func (v *Evaluator) find(g *groupState, walks []walk) {
	for i := range walks {
		v.begin(g, &walks[i])
	}
	v.pairs(g, walks)
}

func (v *Evaluator) pairs(g *groupState, walks []walk) {
	for len(walks) > 1 {
		v.both(g, &walks[0], &walks[1])
		if len(walks[0].text) > 0 { // the other one is done
			walks[0], walks[1] = walks[1], walks[0]
		}
		v.end(g, &walks[0])
		walks = walks[1:]
	}
	if len(walks) == 1 {
		v.finish(g, &walks[0])
	}
}

// both walks two texts as far as the shorter goes.
func (v *Evaluator) both(g *groupState, x, y *walk) {
	n := min(len(x.text), len(y.text))
	tx, ty := x.text[:n], y.text[:n]
	ax, ay, rx, ry := x.auto, y.auto, x.row, y.row
	nx, ny, fx, fy := ax.next, ay.next, ax.first, ay.first
	for i, c := range tx {
		rx = nx[rx+uint32(ax.class[c])]
		ry = ny[ry+uint32(ay.class[ty[i]])]
		if rx >= fx {
			v.told(g, ax, rx)
		}
		if ry >= fy {
			v.told(g, ay, ry)
		}
	}
	x.text, y.text, x.row, y.row = x.text[n:], y.text[n:], rx, ry
}

// lanes is how many texts walk side by side through one automaton.
const lanes = 4

// findMany walks texts through one automaton.
func (v *Evaluator) findMany(g *groupState, a *automaton, walks []walk) {
	for i := range walks {
		v.begin(g, &walks[i])
	}
	for len(walks) >= lanes {
		n := min(len(walks[0].text), len(walks[1].text), len(walks[2].text), len(walks[3].text))
		v.four(g, a, walks[:lanes], n)
		done := 0
		for i := range lanes { // those that are done go to the front, and away
			if w := &walks[i]; len(w.text) == 0 {
				v.end(g, w)
				walks[done], walks[i] = walks[i], walks[done]
				done++
			}
		}
		walks = walks[done:]
	}
	v.pairs(g, walks)
}

func (v *Evaluator) four(g *groupState, a *automaton, w []walk, n int) {
	t0, t1, t2, t3 := w[0].text[:n], w[1].text[:n], w[2].text[:n], w[3].text[:n]
	r0, r1, r2, r3 := w[0].row, w[1].row, w[2].row, w[3].row
	next, first, class := a.next, a.first, &a.class
	for i, c := range t0 {
		r0 = next[r0+uint32(class[c])]
		r1 = next[r1+uint32(class[t1[i]])]
		r2 = next[r2+uint32(class[t2[i]])]
		r3 = next[r3+uint32(class[t3[i]])]
		if max(r0, r1, r2, r3) < first {
			continue
		}
		for _, r := range [lanes]uint32{r0, r1, r2, r3} {
			if r >= first {
				v.told(g, a, r)
			}
		}
	}
	w[0].row, w[1].row, w[2].row, w[3].row = r0, r1, r2, r3
	for i := range w {
		w[i].text = w[i].text[n:]
	}
}
