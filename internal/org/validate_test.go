package org

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
)

// TestRecordRules holds single records to their rules; the document tests go through most of them with lines.
func TestRecordRules(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	early, far := at.Add(-time.Hour), time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	var many []string
	for i := range maxIDs + 1 {
		many = append(many, fmt.Sprint("control ", i))
	}
	incident := func(change func(*Incident)) Incident {
		x := Incident{Ref: "INC-17", Title: "a", Text: "b", Started: at}
		change(&x)
		return x
	}
	for _, x := range []struct {
		name   string
		record Record
		want   string // problems, without their texts
	}{
		{"system", System{Name: "x"}, ""},
		{"long system", System{Name: strings.Repeat("é", maxName+1), Overview: strings.Repeat("x", maxText+1), Boundary: "a\x00b"}, "name overview boundary"},
		{"two lines", Offering{Name: "a\nb", Text: "x"}, "name"},
		{"not UTF-8", Offering{Name: "a", Text: "\xff"}, "text"},
		{"long customers", Offering{Name: "a", Text: "b", Customers: strings.Repeat("x", maxShort+1), Delivery: strings.Repeat("x", maxShort+1)}, "customers delivery"},
		{"commitment", Commitment{Ref: "SC-01", Type: ServiceCommitment, Category: catalog.Security, Text: "x"}, ""},
		{"empty commitment", Commitment{}, "ref type category text"},
		{"component", Component{Class: Data, Name: "x"}, ""},
		{"component of no class", Component{Name: "x", Class: "cloud"}, "class"},
		{"count of any system", Component{Class: Data, Name: "x", Count: &Count{Resource: "repository"}}, ""},
		{"wrong count", Component{Class: Data, Name: "x", Count: &Count{"", "Git Hub", "My Source"}}, "count.resource count.system count.source"},
		{"aspect of no area", Aspect{Area: "weather", Title: "x", Text: "y"}, "area"},
		{"subservice", Subservice{Name: "x", Service: "y", Method: Inclusive, Criteria: []string{"CC6.4", "ITGC-02"}}, ""},
		{"wrong subservice", Subservice{Name: "x", Service: "y", Method: "both", Criteria: []string{"A.5.1"}, CSOCs: []string{strings.Repeat("x", maxShort+1)}, Monitoring: []string{"x"}}, "method criteria csocs monitoring"},
		{"many expectations", Subservice{Name: "x", Service: "y", Method: CarveOut, CSOCs: many}, "csocs"},
		{"incident", incident(func(*Incident) {}), ""},
		{"incident of another system", incident(func(x *Incident) { x.Ref = "INC-2026-003" }), ""},
		{"wrong reference", incident(func(x *Incident) { x.Ref = "17" }), "ref"},
		{"no start", incident(func(x *Incident) { x.Started = time.Time{} }), "started"},
		{"detected early", incident(func(x *Incident) { x.Detected = &early }), "detected"},
		{"detected in another age", incident(func(x *Incident) { x.Detected = &far }), "detected"},
		{"resolved early", incident(func(x *Incident) { x.Resolved = &early }), "resolved"},
		{"resolved in another age", incident(func(x *Incident) { x.Resolved = &far }), "resolved"},
		{"resolved before it was detected", incident(func(x *Incident) { d := at.Add(time.Hour); x.Detected, x.Resolved = &d, &at }), "resolved"},
		{"decision", incident(func(x *Incident) { x.Decision, x.Reason = Omit, "Nobody was affected by it." }), ""},
		{"odd decision without reason", incident(func(x *Incident) { x.Decision = "perhaps" }), "decision reason"},
		{"not applicable", NotApplicable{"P1.1", "We are a processor."}, ""},
		{"short reason", NotApplicable{"P1.1", "No."}, "reason"},
		{"empty change", Change{}, "date title text"},
	} {
		p := problems{}
		x.record.clean().check(c, &p)
		var got []string
		for _, q := range p.list {
			got = append(got, q.Path)
			if q.Text == "" || !strings.Contains(q.String(), q.Path) {
				t.Errorf("%s: %+v", x.name, q)
			}
		}
		if s := strings.Join(got, " "); s != x.want {
			t.Errorf("%s: %q, want %q: %v", x.name, s, x.want, p.list)
		}
	}
}

func TestTooMany(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := Description{System: System{Name: "x"}}
	for i := range maxEntries + 5 {
		d.Services = append(d.Services, Offering{Name: fmt.Sprint("service ", i), Text: "x"})
	}
	got := d.check(c)
	if len(got) != 1 || got[0].Path != "services" || !strings.Contains(got[0].Text, "500") {
		t.Errorf("%v", got)
	}
}

// TestPlaces: a document that keeps the order of what is there and adds at the end moves nothing.
func TestPlaces(t *testing.T) {
	t.Parallel()
	have := []Revision{{Kind: KindService, Key: "a", Place: 2}, {Kind: KindService, Key: "b", Place: 5}, {Kind: KindService, Key: "c", Place: 6}}
	for _, x := range []struct {
		doc  string
		want string
	}{
		{"a b c", "[2 5 6]"}, {"b c", "[5 6]"}, {"a c", "[2 6]"}, {"a b c d e", "[2 5 6 7 8]"}, {"a b d", "[2 5 6]"},
		{"b a c", "[0 1 2]"}, {"d a b c", "[0 1 2 3]"}, {"a d b c", "[0 1 2 3]"}, {"d", "[0]"},
	} {
		var d Description
		for _, n := range strings.Fields(x.doc) {
			d.Services = append(d.Services, Offering{Name: n})
		}
		var got []int
		for _, p := range keepPlaces(d.records(), have)[1:] {
			got = append(got, p.place)
		}
		if fmt.Sprint(got) != x.want {
			t.Errorf("%s: %v, want %s", x.doc, got, x.want)
		}
	}
}
