// Package graph draws small directed graphs in layers, from left to right: what led to what. It knows nothing of what the nodes
// mean; the same graph always gives the same drawing.
package graph

import "slices"

// Tone says how a node looks, and so what it asks of the reader.
type Tone string

// The tones.
const (
	Plain   Tone = ""      // something of ours
	Outside Tone = "ext"   // not ours
	Bad     Tone = "bad"   // it should not be there
	Alert   Tone = "alert" // it was reported
)

// Node is a thing in the graph. ID is unique; the rest is text as people read it, and may be anything.
type Node struct {
	ID, Label, Sub string
	Icon           string // of the pages' set of icons
	Tone           Tone
	Href           string // where it leads; empty: nowhere. Only addresses within the program (beginning with / or #) are linked
	OnPath         bool   // it belongs to the short story, from the beginning to the worst

	W, H, X, Y float64 // size, and centre: set by Layout
	rank, ord  int
}

// Edge leads from a node to a node; both are numbers of Nodes.
type Edge struct {
	From, To int
	Label    string
	Weak     bool // it may be so; drawn dashed

	Points  [][2]float64 // set by Layout
	turned  bool
	missing bool
}

// Graph is nodes and edges; Layout places them in a box of Width and Height.
type Graph struct {
	Nodes         []Node
	Edges         []Edge
	Width, Height float64
	Down          bool // it is laid out from above to below
}

// Downwards is a copy that is laid out from above to below: for paper, which is higher than wide.
func (g *Graph) Downwards() *Graph {
	out := &Graph{Nodes: slices.Clone(g.Nodes), Edges: slices.Clone(g.Edges), Down: true}
	turn := func() {
		for i := range out.Nodes {
			n := &out.Nodes[i]
			n.W, n.H, n.X, n.Y = n.H, n.W, n.Y, n.X
		}
	}
	for i := range out.Nodes {
		out.Nodes[i].size()
	}
	turn()
	out.Layout()
	turn()
	for i := range out.Edges {
		for j, p := range out.Edges[i].Points {
			out.Edges[i].Points[j] = [2]float64{p[1], p[0]}
		}
	}
	out.Width, out.Height = out.Height, out.Width
	return out
}

// Path is the part of the graph that tells the short story: nodes on the path and the edges between them.
func (g *Graph) Path() *Graph { return g.only(func(n *Node) bool { return n.OnPath }) }

func (g *Graph) only(keep func(*Node) bool) *Graph {
	out, at := &Graph{}, make([]int, len(g.Nodes))
	for i := range g.Nodes {
		if at[i] = -1; keep(&g.Nodes[i]) {
			at[i] = len(out.Nodes)
			out.Nodes = append(out.Nodes, g.Nodes[i])
		}
	}
	for _, e := range g.Edges {
		if g.has(e.From) && g.has(e.To) && at[e.From] >= 0 && at[e.To] >= 0 {
			e.From, e.To, e.Points = at[e.From], at[e.To], nil
			out.Edges = append(out.Edges, e)
		}
	}
	return out
}

func (g *Graph) has(n int) bool { return n >= 0 && n < len(g.Nodes) }

// Index is the number of the node with the identifier; -1 if there is none.
func (g *Graph) Index(id string) int {
	return slices.IndexFunc(g.Nodes, func(n Node) bool { return n.ID == id })
}
