package trace_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/graph"
	"github.com/tickmark/tickmark/internal/incident/trace"
	"github.com/tickmark/tickmark/internal/simco"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// TestPlanted traces every planted attack of a small company from its last event, the least that could be reported.
func TestPlanted(t *testing.T) {
	t.Parallel()
	company, err := simco.New(simco.Config{Seed: 11, People: 60, Repositories: 24, Start: start, Days: 45})
	if err != nil {
		t.Fatal(err)
	}
	trail := company.Audit(simco.AuditOptions{Factor: 0.2, Attacks: true})
	var events []event.Event
	for r := range trail.Events(trail.End().AddDate(0, 0, -40), trail.End()) {
		e, err := event.Normalise(r.Log, r.Raw, r.At)
		if err != nil {
			t.Fatalf("%v: %s", err, r.Raw)
		}
		e.ID, e.Raw = r.ID, nil
		events = append(events, e)
	}
	var precision, recall, roots float64
	attacks := trail.Attacks()
	for i, a := range attacks {
		window := slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool {
			return e.At.After(a.To.AddDate(0, 0, 1)) || e.At.Before(a.From.AddDate(0, 0, -12))
		})
		seeds := a.Events[len(a.Events)-1:]
		r := trace.Trace(window, seeds, trace.Options{})
		found := 0
		for _, m := range r.Events {
			if slices.Contains(a.Events, m.Event) {
				found++
			}
			if m.Why == "" || m.Confidence < 0.5 || m.Confidence > 1 {
				t.Fatalf("%s: %+v", a.Title, m)
			}
		}
		p, q := float64(found)/float64(len(r.Events)), float64(found)/float64(len(a.Events))
		precision, recall = precision+p, recall+q
		if r.Root == a.Root {
			roots++
		}
		if p < 0.5 || q < 0.3 {
			t.Errorf("%s: precision %.2f, recall %.2f", a.Title, p, q)
		}
		if r.Entry == "" || len(r.Lines) == 0 || len(r.Stages) == 0 || len(r.Entities) == 0 {
			t.Errorf("%s: not told whole", a.Title)
		}
		if i == 0 {
			same(t, window, seeds, &r)
		}
		drawn(t, &r)
	}
	n := float64(len(attacks))
	t.Logf("%d attacks: precision %.3f, recall %.3f, root found %.0f times", len(attacks), precision/n, recall/n, roots)
	if precision/n < 0.9 || recall/n < 0.9 || roots/n < 0.8 {
		t.Errorf("precision %.3f, recall %.3f, roots %.2f: want 0.9, 0.9, 0.8", precision/n, recall/n, roots/n)
	}
}

// same: the order in which events come does not matter.
func same(t *testing.T, window []event.Event, seeds []string, r *trace.Reconstruction) {
	t.Helper()
	other := slices.Clone(window)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
	again := trace.Trace(other, seeds, trace.Options{})
	x, errX := json.Marshal(r)
	y, errY := json.Marshal(again)
	if errX != nil || errY != nil || string(x) != string(y) {
		t.Errorf("another order gives another answer (%v, %v)", errX, errY)
	}
}

func drawn(t *testing.T, r *trace.Reconstruction) {
	t.Helper()
	g := r.Graph()
	path := g.Path()
	if len(g.Nodes) < 2 || len(g.Nodes) > 150 || len(g.Edges) == 0 || len(path.Nodes) == 0 || len(path.Nodes) > len(g.Nodes) {
		t.Errorf("%s: drawn with %d nodes, %d edges, %d on the path", r.Entry, len(g.Nodes), len(g.Edges), len(path.Nodes))
	}
	if svg := graph.SVG(g, graph.Options{}); !strings.HasPrefix(svg, "<svg") {
		t.Error("no drawing")
	}
}

// past is ten days of usual work of five people in one office and of a program, and of one attacker's address nothing.
func past() (out []event.Event) {
	for day := range 10 {
		for p := range 5 {
			who := fmt.Sprintf("u%d@northwind.example", p)
			for h := range 6 {
				at := start.AddDate(0, 0, day).Add(time.Duration(8+h)*time.Hour + time.Duration(p)*time.Minute)
				e := event.Event{ID: fmt.Sprintf("w-%d-%d-%d", day, p, h), Log: "okta.log", At: at, Class: event.APIActivity, Action: "doc.read", Effect: event.Reads,
					Weight: event.WeightRead, Status: event.Success, Actor: event.Actor{ID: who, Name: who, Kind: event.Person}, Session: fmt.Sprintf("s-%d-%d", day, p),
					From: event.Endpoint{IP: fmt.Sprintf("192.0.2.%d", p+1)}, Targets: []event.Target{{Kind: "file", ID: fmt.Sprint("f", h)}}}
				if h == 0 {
					e.Class, e.Action, e.Effect, e.Weight, e.Issued, e.Targets = event.Authentication, "sign-in", event.Creates, event.WeightSignIn, []string{e.Session}, nil
				}
				out = append(out, e)
			}
		}
	}
	return out
}

func act(id string, minute int, who, session, ip, action string, change func(*event.Event)) event.Event {
	e := event.Event{ID: id, Log: "okta.log", At: start.AddDate(0, 0, 9).Add(15*time.Hour + time.Duration(minute)*time.Minute), Class: event.APIActivity, Action: action,
		Effect: event.Reads, Weight: event.WeightRead, Status: event.Success, Actor: event.Actor{ID: who, Name: who}, Session: session, From: event.Endpoint{IP: ip}}
	if change != nil {
		change(&e)
	}
	return e
}

func target(kind, id string, effect event.Effect) func(*event.Event) {
	return func(e *event.Event) {
		e.Effect, e.Targets = effect, []event.Target{{Kind: kind, ID: id, Effect: effect}}
	}
}

// TestLinks holds each kind of link, and each stop, to what it says.
func TestLinks(t *testing.T) {
	t.Parallel()
	const bad = "203.0.113.250"
	made := func(kind, id string) func(*event.Event) {
		return func(e *event.Event) {
			target(kind, id, event.Creates)(e)
			e.Class, e.Weight = event.AccountChange, event.WeightPrivilege
		}
	}
	for _, c := range []struct {
		name   string
		events []event.Event
		seed   string
		want   []string
		stop   string
	}{
		{"a stolen session: the owner's part is left out", []event.Event{
			act("x1", 0, "u1@northwind.example", "s-9-1", bad, "doc.read", target("file", "secret", event.Reads)),
			act("x2", 5, "u1@northwind.example", "s-9-1", bad, "doc.read", target("file", "f1", event.Reads))},
			"x2", []string{"x1", "x2"}, "is at home"},
		{"a user who was made acts", []event.Event{
			act("x1", 0, "u2@northwind.example", "sx", bad, "user.create", made("user", "helper@northwind.example")),
			act("x2", 300, "helper@northwind.example", "sy", "198.51.100.77", "doc.read", nil)},
			"x1", []string{"x1", "x2"}, ""},
		{"a key that was handed out is used", []event.Event{
			act("x1", 0, "u2@northwind.example", "sx", bad, "assume", func(e *event.Event) { e.Issued, e.Class = []string{"key-1"}, event.Authentication }),
			act("x2", 9, "role", "", "198.51.100.78", "list", func(e *event.Event) { e.Credential = "key-1" })},
			"x2", []string{"x1", "x2"}, ""},
		{"a password is reset by somebody, then a stranger signs in", []event.Event{
			act("x1", 0, "u0@northwind.example", "s-9-0", "192.0.2.1", "user.reset", func(e *event.Event) {
				target("user", "u3@northwind.example", event.Changes)(e)
				e.Class, e.Weight, e.Activity = event.AccountChange, event.WeightPrivilege, 4
			}),
			act("x2", 9, "u3@northwind.example", "sx", bad, "sign-in", func(e *event.Event) { e.Class, e.Issued = event.Authentication, []string{"sx"} })},
			"x2", []string{"x1", "x2"}, ""},
		{"an office's address links nobody", []event.Event{
			act("x1", 0, "u1@northwind.example", "s-9-1", "192.0.2.2", "export.all", func(e *event.Event) {
				target("file", "everything", event.Reads)(e)
				e.Weight = event.WeightPrivilege
			})},
			"x1", []string{"x1"}, ""},
		{"a failed try makes nothing", []event.Event{
			act("x1", 0, "u2@northwind.example", "sx", bad, "user.create", func(e *event.Event) { made("user", "u4@northwind.example")(e); e.Status = event.Failure }),
			act("x2", 60, "u4@northwind.example", "sz", "198.51.100.79", "doc.read", nil)},
			"x1", []string{"x1"}, ""},
	} {
		r := trace.Trace(append(past(), c.events...), []string{c.seed}, trace.Options{})
		var got []string
		for _, m := range r.Events {
			got = append(got, m.Event)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if c.stop != "" && !strings.Contains(strings.Join(r.Stops, " "), c.stop) {
			t.Errorf("%s: stops %q", c.name, r.Stops)
		}
	}
}

// TestEdges: nothing, unknown reports, and more than is wanted.
func TestEdges(t *testing.T) {
	t.Parallel()
	if r := trace.Trace(nil, []string{"a"}, trace.Options{}); r.Root != "" || !slices.Equal(r.Missing, []string{"a"}) {
		t.Errorf("of nothing: %+v", r)
	}
	events := past()
	for i := range 300 {
		events = append(events, act(fmt.Sprint("x", i), i, "u2@northwind.example", "sx", "203.0.113.250", "doc.read", target("file", fmt.Sprint("<b>", i), event.Reads)))
	}
	r := trace.Trace(events, []string{"x0", "gone"}, trace.Options{Most: 100})
	if !r.Cut || len(r.Events) != 100 || !slices.Equal(r.Missing, []string{"gone"}) {
		t.Errorf("%d events, cut %v, missing %v", len(r.Events), r.Cut, r.Missing)
	}
	if len(r.Lines) != 1 || !strings.Contains(r.Lines[0].Sentence, "read 100 files") {
		t.Errorf("lines %+v", r.Lines)
	}
	drawn(t, &r)
}
