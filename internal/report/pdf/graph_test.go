package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/graph"
	"github.com/tickmark/tickmark/internal/report"
)

// took is the graph of a takeover: in from outside, over accounts and sessions, to what was taken and left, a number of times.
func took(times int) report.Graph {
	g := &graph.Graph{}
	add := func(id, label, sub string, tone graph.Tone, path bool) int {
		g.Nodes = append(g.Nodes, graph.Node{ID: id, Label: label, Sub: sub, Tone: tone, OnPath: path})
		return len(g.Nodes) - 1
	}
	join := func(a, b int, label string, weak bool) {
		g.Edges = append(g.Edges, graph.Edge{From: a, To: b, Label: label, Weak: weak})
	}
	for n := range times {
		of := func(s string) string { return fmt.Sprintf("%s %d", s, n) }
		in, out := add(of("in"), of("203.0.113.66"), "first seen 1 Mar 09:04", graph.Outside, n == 0), add(of("out"), of("198.51.100.9"), "first seen 1 Mar 09:41", graph.Outside, false)
		ada, session := add(of("ada"), of("ada.lind@northwind.example"), "principal", graph.Plain, n == 0), add(of("session"), of("trs-4f1c22"), "session", graph.Plain, n == 0)
		key, role := add(of("key"), of("AKIAEXAMPLE0000017"), "key created", graph.Bad, n == 0), add(of("role"), of("role payroll-admin"), "role changed", graph.Bad, n == 0)
		bucket, logs := add(of("bucket"), of("payroll-exports"), "bucket read", graph.Plain, n == 0), add(of("logs"), of("management trail"), "trail deleted", graph.Bad, false)
		join(in, ada, "signs in", false)
		join(out, session, "uses", true)
		join(ada, session, "with", false)
		join(session, key, "creates", false)
		join(session, role, "is given", false)
		join(key, bucket, "reads", false)
		join(role, logs, "deletes", false)
		join(key, ada, "acts as", true)
	}
	return report.GraphOf(g, "the whole drawing", "the short drawing")
}

// TestGraph: a graph is drawn with its heading and every text of it; one that would be too small to read gives way to its path; and
// the same graph is the same bytes.
func TestGraph(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		times int
		whole bool
	}{{1, true}, {2, true}, {15, false}} {
		doc := document(report.Paragraph{Text: text(strings.Repeat("filler\n", 20))}, report.Heading{Level: 2, Title: "the-heading"}, took(x.times), report.Paragraph{Text: text("after")})
		_, first, got := render(t, doc, Options{})
		_, again, _ := render(t, doc, Options{})
		if !bytes.Equal(first, again) {
			t.Error("drawn twice it is not the same")
		}
		on := ""
		for _, p := range got.text {
			if strings.Contains(p, "payroll-exports 0") {
				on = p
			}
		}
		want := "the short drawing"
		if x.whole {
			want = "the whole drawing"
		}
		for _, s := range []string{"the-heading", want, "203.0.113.66 0", "signs in", "creates", "bucket read"} {
			if !strings.Contains(on, s) {
				t.Errorf("%d times: %q does not stand with the drawing: %q", x.times, s, on)
			}
		}
		l := (&job{geo: geometryOf(A4)})
		if d := (&layout{job: l}).drawing(took(x.times)); d.scale < graphLeast {
			t.Errorf("%d times: drawn at %.2f, which nobody can read", x.times, d.scale)
		}
	}
	for _, g := range []report.Graph{{}, {Whole: [2]*graph.Graph{{}, {}}}, took(0)} {
		render(t, document(report.Heading{Level: 2, Title: "x"}, g), Options{})
	}
}
