package graph_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/graph"
)

// random is a graph with cycles, long edges, doubles and loops.
func random(seed uint64, n int) *graph.Graph {
	r := rand.New(rand.NewPCG(seed, 2))
	g := &graph.Graph{}
	for i := range n {
		g.Nodes = append(g.Nodes, graph.Node{ID: fmt.Sprint(i), Label: strings.Repeat("x", r.IntN(40)), Sub: "sub", OnPath: i%3 == 0})
	}
	for i := 1; i < n; i++ {
		g.Edges = append(g.Edges, graph.Edge{From: r.IntN(i), To: i, Label: "reads"})
	}
	for range n / 2 {
		g.Edges = append(g.Edges, graph.Edge{From: r.IntN(n), To: r.IntN(n)})
	}
	return g
}

func TestNothingOverlaps(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 13, 40, 150, 300} {
		g, again := random(uint64(n), n), random(uint64(n), n)
		if graph.SVG(g, graph.Options{}) != graph.SVG(again, graph.Options{}) {
			t.Errorf("%d nodes: drawn differently a second time", n)
		}
		down := random(uint64(n), n).Downwards()
		for i := range down.Edges {
			if e := &down.Edges[i]; len(e.Points) > 1 && g.Edges[i].Points[0][0] < g.Edges[i].Points[1][0] && e.Points[0][1] >= e.Points[1][1] {
				t.Errorf("%d nodes: what leads to the right does not lead down", n)
			}
		}
		apart(t, down)
		apart(t, g)
	}
}

// apart: every node lies in the drawing, none on another, and every edge is drawn.
func apart(t *testing.T, g *graph.Graph) {
	t.Helper()
	n := len(g.Nodes)
	for i, a := range g.Nodes {
		if a.X-a.W/2 < -.1 || a.Y-a.H/2 < -.1 || a.X+a.W/2 > g.Width+.1 || a.Y+a.H/2 > g.Height+.1 {
			t.Errorf("%d nodes: node %d lies outside the drawing", n, i)
		}
		for _, b := range g.Nodes[:i] {
			if 2*abs(a.X-b.X) < a.W+b.W-.1 && 2*abs(a.Y-b.Y) < a.H+b.H-.1 {
				t.Fatalf("%d nodes: %s and %s overlap", n, a.ID, b.ID)
			}
		}
	}
	for _, e := range g.Edges {
		if e.From != e.To && len(e.Points) < 2 {
			t.Errorf("%d nodes: no line from %d to %d", n, e.From, e.To)
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

// TestHostileTexts: whatever records say, the drawing stays one well-formed document without scripts and without ways out.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	hostile := []string{`"><script>alert(1)</script>`, "</svg><img src=x onerror=alert(1)>", "\x00\x01\x1b[31m", "a\u202egnp.exe", "\xff\xfe", "]]>", "&lt;",
		strings.Repeat("长", 500), "javascript:alert(1)", "//evil.example", "' onload='x", ""}
	g := &graph.Graph{}
	for i, s := range hostile {
		g.Nodes = append(g.Nodes, graph.Node{ID: s, Label: s, Sub: s, Icon: s, Tone: graph.Tone(s), Href: s})
		g.Edges = append(g.Edges, graph.Edge{From: i, To: (i + 1) % len(hostile), Label: s}, graph.Edge{From: i, To: 99}, graph.Edge{From: -1, To: i})
	}
	for _, alone := range []bool{false, true} {
		svg := graph.SVG(g, graph.Options{Title: hostile[0], Alone: alone, Icon: func(n string) string { return "/icons.svg#" + n }})
		if !utf8.ValidString(svg) {
			t.Error("not valid UTF-8")
		}
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("not well-formed: %v", err)
			}
			if s, ok := tok.(xml.StartElement); ok {
				if s.Name.Local == "script" || s.Name.Local == "img" {
					t.Errorf("element %s", s.Name.Local)
				}
				for _, a := range s.Attr {
					if strings.HasPrefix(a.Name.Local, "on") || s.Name.Local == "a" && a.Name.Local == "href" {
						t.Errorf("attribute %s=%q", a.Name.Local, a.Value)
					}
				}
			}
		}
	}
	if out := graph.SVG(&graph.Graph{Nodes: []graph.Node{{ID: "a", Href: "/alerts/ALR-1"}}}, graph.Options{}); !strings.Contains(out, `href="/alerts/ALR-1"`) {
		t.Error("a node that leads somewhere is no link")
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	g := random(3, 30)
	p := g.Path()
	if len(p.Nodes) != 10 {
		t.Fatalf("%d nodes on the path, want 10", len(p.Nodes))
	}
	for _, e := range p.Edges {
		if p.Nodes[e.From].ID == "" || !p.Nodes[e.To].OnPath {
			t.Error("an edge leads off the path")
		}
	}
	if g.Index("7") != 7 || g.Index("none") != -1 {
		t.Error("nodes are not found by identifier")
	}
	_ = graph.SVG(&graph.Graph{}, graph.Options{})
}

func BenchmarkSVG(b *testing.B) {
	for b.Loop() {
		graph.SVG(random(1, 150), graph.Options{})
	}
}
