package catalog

import (
	"strings"
	"testing"
)

// TestProgrammes: the two guided programmes have the lines that the domain brief maps (6.3, 6.4), and the quick check says
// what it leaves out.
func TestProgrammes(t *testing.T) {
	t.Parallel()
	all, err := Programmes()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"seven-steps": 7, "quick-check": 10}
	for _, p := range all {
		if len(p.Lines) != want[p.ID] {
			t.Errorf("%s has %d lines", p.ID, len(p.Lines))
		}
	}
	q, err := ProgrammeByID("quick-check")
	if err != nil {
		t.Fatal(err)
	}
	for _, series := range []string{"CC4", "CC6", "CC7", "CC8", "not completeness"} {
		if !strings.Contains(q.LeavesOut, series) {
			t.Errorf("the quick check does not say that it leaves out %s", series)
		}
	}
	controls := ""
	for _, l := range q.Lines {
		controls += " " + strings.Join(l.Controls, "+")
	}
	if controls != " GOV-03 GOV-03+GOV-04 HRS-01 GOV-01+HRS-05 COM-01+COM-02+HRS-03 COM-01 RSK-01+RSK-02 RSK-02+RSK-05+VUL-01 RSK-02+RSK-03+RSK-04 RSK-02+GOV-06+AVL-04+VEN-01" {
		t.Error(controls)
	}
	if _, err := ProgrammeByID("nothing"); err == nil {
		t.Error("a programme that does not exist")
	}
	if _, err := q.Line("nothing"); err == nil {
		t.Error("a line that does not exist")
	}
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	line := ProgrammeLine{ID: "a", Title: "t", Text: "x", Controls: []string{"GOV-03"}}
	good := Programme{ID: "p", Title: "t", Short: "s", LeavesOut: "l", Lines: []ProgrammeLine{line}}
	if err := good.check(c); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*ProgrammeLine){
		"criterion": func(l *ProgrammeLine) { l.Criteria = []string{"CC99.1"} }, "control": func(l *ProgrammeLine) { l.Controls = []string{"XXX-01"} },
		"check": func(l *ProgrammeLine) { l.Checks = []string{"luck"} }, "incomplete": func(l *ProgrammeLine) { l.Text = "" },
	} {
		bad := line
		spoil(&bad)
		p := good
		p.Lines = []ProgrammeLine{bad}
		if err := p.check(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
