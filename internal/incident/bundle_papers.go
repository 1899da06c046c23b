package incident

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/incident/trace"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/verify"
)

// papers is how many files a bundle has beside records and proofs.
const papers = 10

// drawing is a graph as data.
type drawing struct {
	Computed *time.Time `json:"computed"` // null: nothing was reconstructed
	Nodes    []node     `json:"nodes"`
	Edges    []edge     `json:"edges"`
}

type node struct {
	ID     string `json:"id"`
	Label  string `json:"label"`
	Detail string `json:"detail,omitempty"`
	Kind   string `json:"kind,omitempty"`
	Tone   string `json:"tone,omitempty"` // "ext" of somebody else's, "bad" what should not be there, "alert" what was reported
	OnPath bool   `json:"on_path"`        // from the beginning to the worst
}

type edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Label string `json:"label"`
	Weak  bool   `json:"weak"` // it may be so
}

// papers writes what people and programs read of the incident.
func (x *bundling) papers(ctx context.Context) error {
	found, traced, err := x.file.Reconstruction()
	if err != nil {
		return err
	}
	printed, err := x.Print(ctx, x.scope, x.file)
	if err != nil {
		return err
	}
	timeline, err := TimelineCSV(x.file.Timeline, x.head.Names)
	if err != nil {
		return err
	}
	marks, err := indicatorsCSV(found.Indicators)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		body []byte
	}{{"case.pdf", printed}, {"timeline.csv", timeline}, {"indicators.csv", marks}} {
		if err := x.Add(f.name, bytes.NewReader(f.body), "", 0); err != nil {
			return err
		}
	}
	out := drawing{Nodes: []node{}, Edges: []edge{}}
	if traced {
		out = drawn(found)
		out.Computed = x.file.TracedAt
	}
	if found.Indicators == nil {
		found.Indicators = []trace.Indicator{}
	}
	for _, f := range []struct {
		name string
		v    any
	}{{"case.json", x.file}, {"graph.json", out}, {"indicators.json", found.Indicators}} {
		if err := x.JSON(f.name, f.v); err != nil {
			return err
		}
	}
	return nil
}

// drawn is what led to what, as data.
func drawn(found trace.Reconstruction) drawing {
	g := found.Graph()
	out := drawing{Nodes: make([]node, len(g.Nodes)), Edges: make([]edge, len(g.Edges))}
	for i, n := range g.Nodes {
		out.Nodes[i] = node{n.ID, n.Label, n.Sub, n.Icon, string(n.Tone), n.OnPath}
	}
	for i, e := range g.Edges {
		out.Edges[i] = edge{g.Nodes[e.From].ID, g.Nodes[e.To].ID, e.Label, e.Weak}
	}
	return out
}

// TimelineCSV is a timeline as a table, with the names of those who acted. No spreadsheet takes a cell of it for a formula.
func TimelineCSV(lines []Line, names map[string]string) ([]byte, error) {
	rows := [][]string{{"At (UTC)", "Kind", "What", "Detail", "By", "Event", "Log", "Alert", "Ledger entry"}}
	for _, l := range lines {
		seq, by, events := "", names[l.Actor], l.Event
		if l.Seq != 0 {
			seq = strconv.FormatInt(l.Seq, 10)
		}
		if by == "" {
			by = l.Actor
		}
		if events == "" {
			events = strings.Join(l.Events, " ")
		}
		rows = append(rows, []string{l.At.UTC().Format(time.RFC3339), string(l.Kind), l.Says(), l.Detail, by, events, l.Log, l.Alert, seq})
	}
	return table(rows)
}

func indicatorsCSV(list []trace.Indicator) ([]byte, error) {
	rows := [][]string{{"Kind", "Value", "Note", "First (UTC)", "Last (UTC)"}}
	for _, i := range list {
		rows = append(rows, []string{i.Kind, i.Value, i.Note, i.First.UTC().Format(time.RFC3339), i.Last.UTC().Format(time.RFC3339)})
	}
	return table(rows)
}

func table(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, row := range rows {
		for i := range row {
			row[i] = text.Harmless(row[i])
		}
		if err := w.Write(row); err != nil {
			return nil, errs.As(errs.Internal, err, "a table")
		}
	}
	w.Flush()
	return b.Bytes(), errs.As(errs.Internal, w.Error(), "a table")
}

// readme writes the page that is read first.
func (x *bundling) readme() error {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	one := x.file.Incident
	states := map[string]int{}
	for _, e := range x.man.Events {
		states[e.State]++
	}
	p("# %s: %s %s", x.head.Org, one.Ref, strings.ReplaceAll(one.Title, "\n", " "))
	p("")
	if x.head.Simulated {
		p("**The organisation is simulated. People, systems and events in this bundle are invented, and prove nothing about anybody.**")
		p("")
	}
	p("The case file of an incident, with the records it rests on and the proof that each of them was on record. State: %s, version %d of %s.", strings.ToLower(one.State.Title()), one.Version, x.asOf().Format("2 January 2006 15:04 UTC"))
	p("")
	p("It is confidential: it holds records of systems as they came, with names, addresses and whatever else stood in them.")
	p("")
	p("## What is here")
	p("| path | what |")
	p("|---|---|")
	p("| `case.pdf` | the case file to read |")
	p("| `case.json` | the same as data: instants, actions, notices, decisions, timeline, alerts, reconstruction |")
	p("| `timeline.csv` | what happened and what was done, line by line, each with the event, alert or ledger entry it rests on |")
	p("| `graph.json` | what led to what: nodes, and edges between them |")
	p("| `indicators.csv`, `indicators.json` | by what the attacker is known again |")
	p("| `events/` | the record of each event, byte for byte as it came |")
	p("| `proofs/events/` | for each record, the way from it to the checkpoint: what `tickmark event export` writes |")
	p("| `proofs/entries/` | each entry of the ledger about the incident and its alerts, with its text and the way to the checkpoint |")
	p("| `ledger/checkpoint`, `ledger/key.txt` | the signed state of the log that all proofs lead to, and the key |")
	p("| `manifest.json` | every file with its SHA-256, every event with how it stands; a ledger entry seals it |")
	p("")
	p("## Its events")
	p("| how it stands | events |")
	p("|---|---|")
	p("| proven: record and proof are here | %d |", states[verify.CaseProven])
	p("| waiting: kept, and not sealed when the bundle was made | %d |", states[verify.CaseWaiting])
	p("| erased on a legal duty; an entry of the ledger in `proofs/entries/` tells by whom and why | %d |", states[verify.CaseErased])
	p("| missing: not among what is kept | %d |", states[verify.CaseMissing])
	if x.man.Beyond > 0 {
		p("| counted by alerts and not named, at least | %d |", x.man.Beyond)
	}
	p("")
	p("`manifest.json` names each one with the reason. None is left out in silence.")
	p("")
	p("## Check it")
	p("    tickmark verify FILE.zip --key KEY")
	p("")
	p("It needs no network and no server. It checks the hash of every file, that nothing was added or dropped, that the ledger sealed this list, and the proof of each record and each entry up to the signed checkpoint. Whatever does not hold is named with its file and the reason. Get KEY from the organisation by another way than this file: the key inside shows only that the file is consistent. Unpacked, each proof can be checked alone: `tickmark verify proofs/events/ID.json`. The format is documented in the public Go package `verify`.")
	p("")
	p("## What it cannot show")
	p("A proof shows that a record stood in its place when it was sealed, not that what it says is so. Nothing proves an event that never reached the program. What belongs to the incident was computed from the events, or decided by people; `case.json` says which, and how sure it is.")
	return x.Text("README.md", b.String())
}
