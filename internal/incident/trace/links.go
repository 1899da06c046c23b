package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/graph"
)

// Link is that one thing led to another. Ends are "kind:identifier" of an entity or a resource.
type Link struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Label  string `json:"label"`
	Events int    `json:"events"`
}

func end(kind, id string) string { return kind + ":" + id }

var doing = map[event.Effect]string{event.Reads: "reads", event.Creates: "creates", event.Changes: "changes", event.Deletes: "deletes"}

// links says what led to what: an address to whom it signed in as, a principal to the session or credential, those to the keys
// they were handed and to what was touched.
func (t *tracer) links(r *Reconstruction, ids []int32) {
	at := map[[3]string]int{}
	add := func(from, to, label string) {
		if from == "" || to == "" || from == to {
			return
		}
		k := [3]string{from, to, label}
		n, ok := at[k]
		if !ok {
			n = len(r.Links)
			at[k] = n
			r.Links = append(r.Links, Link{From: from, To: to, Label: label})
		}
		r.Links[n].Events++
	}
	for _, i := range ids {
		e := t.ev[i]
		key := t.hand(i)
		who := ""
		if p := t.person(i); p != "" {
			who = end(event.KeyPrincipal, p)
		}
		if e.From.IP != "" && (t.strands[t.of[i]].foreign || who == "") {
			label := "uses"
			if e.Class == event.Authentication {
				label = "signs in"
				if e.Status == event.Failure {
					label = "tries"
				}
			}
			add(end(event.KeyIP, e.From.IP), either(who, key), label)
		}
		if who != "" && key != "" {
			add(who, key, "with")
		}
		by := either(key, who)
		for _, k := range e.Issued {
			if kind := t.kindOfKey(k); kind != "" && k != e.Session {
				add(by, end(kind, k), "is given")
			}
		}
		if e.Status == event.Failure {
			continue
		}
		for _, g := range e.Targets {
			if effect, ok := t.touches(i, g); ok {
				label := doing[effect]
				if e.Class == event.ProcessActivity {
					label = "runs"
				}
				add(by, end(g.Kind, g.ID), label)
			}
		}
	}
}

// person is whom an entity of an actor stands for: the same in all systems that give an address.
func (t *tracer) person(i int32) string {
	if strings.Contains(t.who[i], "@@") {
		return t.ev[i].Actor.ID
	}
	return t.who[i]
}

// hand is the session or credential with which an event was done; empty if there is none.
func (t *tracer) hand(i int32) string {
	k := t.strands[t.of[i]].key
	if k == "" {
		return ""
	}
	if t.ev[i].Credential == k {
		return end(event.KeyCredential, k)
	}
	return end(event.KeySession, k)
}

// kindOfKey says whether a key that was handed out is used as a credential or as a session; empty if it is not used.
func (t *tracer) kindOfKey(k string) string {
	if list := t.byKey[k]; len(list) > 0 {
		i := t.strands[list[0]].events[0]
		if t.member[i] == nil {
			return ""
		}
		if t.ev[i].Credential == k {
			return event.KeyCredential
		}
		return event.KeySession
	}
	return ""
}

// Bounds of the drawing: nodes at most, and how many like things become one node.
const (
	mostNodes  = 150
	mostOnPath = 16
	group      = 4
)

// Graph draws what led to what. Like things that were touched in the same way stand as one node.
func (r *Reconstruction) Graph() *graph.Graph {
	d := drawing{g: &graph.Graph{}, node: map[string]int{}}
	tried := map[string][]string{} // what only failed, by kind
	for i := range r.Entities {
		if e := &r.Entities[i]; e.Failed == e.Events {
			tried[e.Kind] = append(tried[e.Kind], end(e.Kind, e.ID))
		}
	}
	for i := range r.Entities {
		if e := &r.Entities[i]; e.Failed < e.Events || len(tried[e.Kind]) < group {
			d.entity(e)
		}
	}
	for _, kind := range []string{event.KeyIP, event.KeyPrincipal} {
		if stands := tried[kind]; len(stands) >= group {
			n := graph.Node{Label: word(kind, len(stands)), Sub: "tried, and failed", Icon: icons[kind]}
			if kind == event.KeyIP {
				n.Tone = graph.Outside
			} else {
				n.Label = word("account", len(stands))
			}
			d.add(n, 6, stands...)
		}
	}
	left := map[string]bool{}
	for _, p := range r.Persistence {
		left[end(p.Kind, p.ID)] = true
	}
	d.resources(r.Resources, left)
	at := map[[2]int]int{}
	for _, l := range r.Links {
		a, okA := d.node[l.From]
		b, okB := d.node[l.To]
		if !okA || !okB || a == b {
			continue
		}
		n, ok := at[[2]int{a, b}]
		if !ok {
			at[[2]int{a, b}] = len(d.g.Edges)
			d.g.Edges = append(d.g.Edges, graph.Edge{From: a, To: b, Label: l.Label})
		} else if tells[l.Label] > tells[d.g.Edges[n].Label] {
			d.g.Edges[n].Label = l.Label
		}
	}
	d.acting(r)
	d.linked()
	d.path()
	return d.g
}

// acting joins an account that was made with whoever acts as it.
func (d *drawing) acting(r *Reconstruction) {
	for _, x := range r.Resources {
		if x.Effect != event.Creates {
			continue
		}
		for _, e := range r.Entities {
			a, okA := d.node[end(x.Kind, x.ID)]
			b, okB := d.node[end(e.Kind, e.ID)]
			if e.Kind == event.KeyPrincipal && okA && okB && a != b && (e.Name == x.ID || e.Name == x.Name || e.ID == x.ID) {
				d.g.Edges = append(d.g.Edges, graph.Edge{From: a, To: b, Label: "acts as"})
			}
		}
	}
}

// linked leaves out what nothing leads to or from, unless that is all there is.
func (d *drawing) linked() {
	if len(d.g.Edges) == 0 {
		return
	}
	has := make([]bool, len(d.g.Nodes))
	for _, e := range d.g.Edges {
		has[e.From], has[e.To] = true, true
	}
	out, at := &graph.Graph{}, make([]int, len(d.g.Nodes))
	var value []int
	for i, n := range d.g.Nodes {
		if at[i] = len(out.Nodes); has[i] {
			out.Nodes = append(out.Nodes, n)
			value = append(value, d.value[i])
		}
	}
	for _, e := range d.g.Edges {
		e.From, e.To = at[e.From], at[e.To]
		out.Edges = append(out.Edges, e)
	}
	d.g, d.value = out, value
}

// tells says which of several links between two things names their line: the one that tells most.
var tells = map[string]int{"uses": 1, "with": 2, "tries": 3, "reads": 4, "runs": 5, "signs in": 6, "changes": 7, "is given": 8, "creates": 9, "deletes": 10}

type drawing struct {
	g     *graph.Graph
	node  map[string]int // by what it stands for; several may stand in one
	value []int          // of each node, how much it tells
}

func (d *drawing) add(n graph.Node, value int, stands ...string) {
	if len(d.g.Nodes) >= mostNodes-1 {
		d.rest(stands)
		return
	}
	for _, s := range stands {
		d.node[s] = len(d.g.Nodes)
	}
	n.ID = stands[0]
	d.g.Nodes = append(d.g.Nodes, n)
	d.value = append(d.value, value)
}

// rest is the one node for all that does not fit.
func (d *drawing) rest(stands []string) {
	if len(d.g.Nodes) < mostNodes {
		d.g.Nodes = append(d.g.Nodes, graph.Node{ID: "rest:", Label: "More", Icon: "graph"})
		d.value = append(d.value, 0)
	}
	for _, s := range stands {
		d.node[s] = mostNodes - 1
	}
}

var icons = map[string]string{event.KeyPrincipal: "person", event.KeySession: "access", event.KeyCredential: "access", event.KeyIP: "trust", event.KeyHost: "vendor"}

func (d *drawing) entity(e *Entity) {
	n := graph.Node{Label: either(e.Name, e.ID), Sub: e.Kind, Icon: icons[e.Kind]}
	value := 5
	switch e.Kind {
	case event.KeyIP:
		n.Sub = "address"
		if !e.Foreign {
			return // somebody's own address says nothing
		}
		n.Tone, n.Sub = graph.Outside, "first seen "+e.First.UTC().Format("2 Jan 15:04")
	case event.KeySession, event.KeyCredential:
		n.Label = strings.ToUpper(e.Kind[:1]) + e.Kind[1:] + " " + tail(e.ID)
		n.Sub = fmt.Sprintf("%s from %s", word("event", e.Events), e.First.UTC().Format("15:04 UTC"))
		value = 4
	case event.KeyPrincipal:
		n.Sub = word("event", e.Events)
		if e.Foreign {
			n.Sub = "not seen before"
		}
		value = 6
	case event.KeyHost:
		value = 3
	}
	d.add(n, value, end(e.Kind, e.ID))
}

func tail(id string) string {
	r := []rune(id)
	if len(r) <= 8 {
		return id
	}
	return "…" + string(r[len(r)-5:])
}

func (d *drawing) resources(list []Resource, left map[string]bool) {
	groups, order := map[[3]string][]*Resource{}, [][3]string(nil)
	for i := range list {
		x := &list[i]
		k := [3]string{x.Kind, container(either(x.Name, x.ID)), doing[x.Effect]}
		if left[end(x.Kind, x.ID)] {
			k[1] = x.ID
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], x)
	}
	slices.SortStableFunc(order, func(a, b [3]string) int {
		return cmp.Compare(strength[groups[b][0].Effect], strength[groups[a][0].Effect])
	})
	for _, k := range order {
		some := groups[k]
		if len(some) < group {
			for _, x := range some {
				d.resource(x, left[end(x.Kind, x.ID)])
			}
			continue
		}
		var stands []string
		for _, x := range some {
			stands = append(stands, end(x.Kind, x.ID))
		}
		d.add(graph.Node{Label: word(k[0], len(some)), Sub: strings.TrimSpace(k[1] + " " + past(some[0].Effect)), Icon: "evidence",
			Tone: tone(some[0].Effect)}, 4+strength[some[0].Effect], stands...)
	}
}

func (d *drawing) resource(x *Resource, standing bool) {
	n := graph.Node{Label: either(x.Name, x.ID), Sub: strings.TrimSpace(word(x.Kind, 0) + " " + past(x.Effect)), Icon: "evidence", Tone: tone(x.Effect)}
	if x.Kind == "program" {
		n.Sub, n.Tone = "program run", graph.Plain
	}
	if at, ok := d.node[end(x.Kind, x.ID)]; ok { // it also acts
		d.g.Nodes[at].Tone, d.g.Nodes[at].Sub, d.value[at] = n.Tone, n.Sub, 9
		return
	}
	value := 1 + strength[x.Effect]
	if n.Label == "unknown" {
		n.Label = x.ID
	}
	if standing {
		n.Tone, n.Icon, value = graph.Bad, "risk", 9
	}
	d.add(n, value, end(x.Kind, x.ID))
}

func past(e event.Effect) string { return did[e] }

func tone(e event.Effect) graph.Tone {
	if e == event.Creates || e == event.Deletes {
		return graph.Bad
	}
	return graph.Plain
}

// path marks the nodes that tell most, and what lies between them and the beginning.
func (d *drawing) path() {
	order := make([]int, len(d.g.Nodes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(d.value[b], d.value[a]) })
	before := make([][]int, len(order))
	for _, e := range d.g.Edges {
		before[e.To] = append(before[e.To], e.From)
	}
	marked := 0
	var mark func(n int)
	mark = func(n int) {
		if d.g.Nodes[n].OnPath || marked >= mostOnPath+8 {
			return
		}
		d.g.Nodes[n].OnPath = true
		marked++
		for _, b := range before[n] {
			mark(b)
		}
	}
	for _, n := range order {
		if marked < mostOnPath {
			mark(n)
		}
	}
}
