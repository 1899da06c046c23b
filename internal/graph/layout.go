package graph

import (
	"cmp"
	"math"
	"slices"
)

// Distances in the drawing: between layers at least, and between nodes of a layer.
const (
	gapX, gapY = 56.0, 16.0
	nodeHeight = 44.0
)

// placed is a node while it is laid out; a bend is where a long edge passes a layer.
type placed struct {
	Node
	bend bool
}

// plan is a layered graph while it is laid out (Sugiyama, Tagawa, Toda 1981).
type plan struct {
	nodes    []placed
	layers   [][]int
	up, down [][]int
	chains   [][]int // of each edge, the nodes it passes
}

// Layout sets the coordinates of nodes and the points of edges. Sizes that are zero are set from the texts. Edges from or to
// nowhere, and from a node to itself, are not drawn.
func (g *Graph) Layout() {
	for i := range g.Nodes {
		g.Nodes[i].size()
		g.Nodes[i].rank = 0
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		e.Points, e.turned, e.missing = nil, false, !g.has(e.From) || !g.has(e.To) || e.From == e.To
	}
	if len(g.Nodes) == 0 {
		g.Width, g.Height = 0, 0
		return
	}
	g.breakCycles()
	g.rankNodes()
	p := g.plan()
	p.uncross()
	g.Width = p.place(g.gaps(len(p.layers)))
	g.Height = p.lower()
	for i := range g.Nodes {
		g.Nodes[i] = p.nodes[i].Node
	}
	g.route(p)
}

// ends are where an edge begins and ends once cycles are broken.
func (e *Edge) ends() (int, int) {
	if e.turned {
		return e.To, e.From
	}
	return e.From, e.To
}

// breakCycles turns the edges that lead back in a depth-first walk.
func (g *Graph) breakCycles() {
	out := make([][]int, len(g.Nodes))
	for i := range g.Edges {
		if !g.Edges[i].missing {
			out[g.Edges[i].From] = append(out[g.Edges[i].From], i)
		}
	}
	state := make([]int8, len(g.Nodes))
	var walk func(int)
	walk = func(v int) {
		state[v] = 1
		for _, e := range out[v] {
			switch w := g.Edges[e].To; state[w] {
			case 0:
				walk(w)
			case 1:
				g.Edges[e].turned = true
			}
		}
		state[v] = 2
	}
	for v := range g.Nodes {
		if state[v] == 0 {
			walk(v)
		}
	}
}

// rankNodes gives each node the length of the longest way to it; what has no way to it stands right before what it leads to.
func (g *Graph) rankNodes() {
	n := len(g.Nodes)
	in, next := make([]int, n), make([][]int, n)
	for i := range g.Edges {
		if e := &g.Edges[i]; !e.missing {
			a, b := e.ends()
			next[a] = append(next[a], b)
			in[b]++
		}
	}
	sources := slices.Clone(in)
	var queue []int
	for v := range n {
		if in[v] == 0 {
			queue = append(queue, v)
		}
	}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		for _, w := range next[v] {
			g.Nodes[w].rank = max(g.Nodes[w].rank, g.Nodes[v].rank+1)
			if in[w]--; in[w] == 0 {
				queue = append(queue, w)
			}
		}
	}
	for v := range n {
		if sources[v] == 0 && len(next[v]) > 0 {
			nearest := math.MaxInt
			for _, w := range next[v] {
				nearest = min(nearest, g.Nodes[w].rank)
			}
			g.Nodes[v].rank = nearest - 1
		}
	}
}

// plan sorts nodes into layers and puts bends where long edges pass.
func (g *Graph) plan() *plan {
	p := &plan{chains: make([][]int, len(g.Edges))}
	for _, n := range g.Nodes {
		p.nodes = append(p.nodes, placed{Node: n})
	}
	type step struct{ a, b int }
	var steps []step
	for i := range g.Edges {
		e := &g.Edges[i]
		if e.missing {
			continue
		}
		a, b := e.ends()
		before := a
		p.chains[i] = []int{a}
		for r := p.nodes[a].rank + 1; r < p.nodes[b].rank; r++ {
			p.nodes = append(p.nodes, placed{Node{rank: r, H: 4}, true})
			steps = append(steps, step{before, len(p.nodes) - 1})
			before = len(p.nodes) - 1
			p.chains[i] = append(p.chains[i], before)
		}
		steps = append(steps, step{before, b})
		p.chains[i] = append(p.chains[i], b)
	}
	last := 0
	for i := range p.nodes {
		last = max(last, p.nodes[i].rank)
	}
	p.layers = make([][]int, last+1)
	for i := range p.nodes {
		p.layers[p.nodes[i].rank] = append(p.layers[p.nodes[i].rank], i)
	}
	p.up, p.down = make([][]int, len(p.nodes)), make([][]int, len(p.nodes))
	for _, s := range steps {
		p.down[s.a] = append(p.down[s.a], s.b)
		p.up[s.b] = append(p.up[s.b], s.a)
	}
	return p
}

// uncross orders the layers by the middle of their neighbours, there and back, and keeps the order with the fewest crossings.
func (p *plan) uncross() {
	for _, l := range p.layers {
		p.order(l)
	}
	best, fewest := p.copy(), p.crossings()
	for turn := 0; turn < 12 && fewest > 0; turn++ {
		if turn%2 == 0 {
			for _, l := range p.layers[1:] {
				p.middle(l, p.up)
			}
		} else {
			for r := len(p.layers) - 2; r >= 0; r-- {
				p.middle(p.layers[r], p.down)
			}
		}
		if n := p.crossings(); n < fewest {
			best, fewest = p.copy(), n
		}
	}
	p.layers = best
	for _, l := range p.layers {
		p.order(l)
	}
}

func (p *plan) order(layer []int) {
	for i, v := range layer {
		p.nodes[v].ord = i
	}
}

func (p *plan) copy() [][]int {
	out := make([][]int, len(p.layers))
	for i := range p.layers {
		out[i] = slices.Clone(p.layers[i])
	}
	return out
}

// crossings counts the pairs of edges between neighbouring layers that cross.
func (p *plan) crossings() (n int) {
	for _, l := range p.layers {
		var ends [][2]int
		for _, v := range l {
			for _, w := range p.down[v] {
				ends = append(ends, [2]int{p.nodes[v].ord, p.nodes[w].ord})
			}
		}
		for i := range ends {
			for j := i + 1; j < len(ends); j++ {
				if (ends[i][0]-ends[j][0])*(ends[i][1]-ends[j][1]) < 0 {
					n++
				}
			}
		}
	}
	return n
}

func (p *plan) middle(layer []int, near [][]int) {
	key := make(map[int]float64, len(layer))
	for _, v := range layer {
		key[v] = float64(p.nodes[v].ord)
		if k := len(near[v]); k > 0 {
			sum := 0.0
			for _, w := range near[v] {
				sum += float64(p.nodes[w].ord)
			}
			key[v] = sum / float64(k)
		}
	}
	slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(key[a], key[b]) })
	p.order(layer)
}

// gaps are the distances after each layer: room for the longest label of the edges that begin there.
func (g *Graph) gaps(layers int) []float64 {
	out := make([]float64, layers)
	for i := range out {
		out[i] = gapX
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		if e.missing || g.Down { // there a label is as high as the usual distance
			continue
		}
		a, _ := e.ends()
		r := g.Nodes[a].rank
		out[r] = max(out[r], textWidth(short(e.Label, labelLength), 11)+30)
	}
	return out
}

// place sets x by layer, and y by the neighbours with the least distance kept. It gives the width.
func (p *plan) place(gaps []float64) float64 {
	x, width := 0.0, 0.0
	for r, l := range p.layers {
		w, y := 0.0, 0.0
		for _, v := range l {
			w = max(w, p.nodes[v].W)
		}
		for _, v := range l {
			p.nodes[v].X = x + w/2
			p.nodes[v].Y = y + p.nodes[v].H/2
			y += p.nodes[v].H + gapY
		}
		width = x + w
		x += w + gaps[r]
	}
	for turn := range 8 {
		near, layers := p.up, p.layers
		if turn%2 == 1 {
			near, layers = p.down, slices.Clone(p.layers)
			slices.Reverse(layers)
		}
		for _, l := range layers {
			p.settle(l, near)
		}
	}
	return width
}

// settle moves the nodes of a layer towards the median of their neighbours: once pushed down, once pushed up, then between the two,
// which keeps order and distance.
func (p *plan) settle(layer []int, near [][]int) {
	want := make([]float64, len(layer))
	for i, v := range layer {
		want[i] = p.nodes[v].Y
		if k := len(near[v]); k > 0 {
			ys := make([]float64, k)
			for j, w := range near[v] {
				ys[j] = p.nodes[w].Y
			}
			slices.Sort(ys)
			want[i] = (ys[(k-1)/2] + ys[k/2]) / 2
		}
	}
	low, high := slices.Clone(want), slices.Clone(want)
	apart := func(i, j int) float64 { return p.nodes[layer[i]].H/2 + p.nodes[layer[j]].H/2 + gapY }
	for i := 1; i < len(layer); i++ {
		low[i] = max(low[i], low[i-1]+apart(i-1, i))
	}
	for i := len(layer) - 2; i >= 0; i-- {
		high[i] = min(high[i], high[i+1]-apart(i, i+1))
	}
	for i, v := range layer {
		p.nodes[v].Y = (low[i] + high[i]) / 2
	}
}

// lower moves everything so that the topmost node begins at 0, and gives the height.
func (p *plan) lower() (height float64) {
	top := math.Inf(1)
	for i := range p.nodes {
		top = min(top, p.nodes[i].Y-p.nodes[i].H/2)
	}
	for i := range p.nodes {
		p.nodes[i].Y -= top
		height = max(height, p.nodes[i].Y+p.nodes[i].H/2)
	}
	return height
}

// route sets the points of edges: from the right side of a node over bends to the left side of another.
func (g *Graph) route(p *plan) {
	for i := range g.Edges {
		e, chain := &g.Edges[i], p.chains[i]
		for k, v := range chain {
			n := &p.nodes[v]
			switch k {
			case 0:
				e.Points = append(e.Points, [2]float64{n.X + n.W/2, n.Y})
			case len(chain) - 1:
				e.Points = append(e.Points, [2]float64{n.X - n.W/2, n.Y})
			default:
				e.Points = append(e.Points, [2]float64{n.X, n.Y})
			}
		}
		if e.turned {
			slices.Reverse(e.Points)
		}
	}
}
