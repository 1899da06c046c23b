package report

import (
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/engagement"
)

// Requirement is a criterion, or a control objective of a SOC 1, with the controls that serve it.
type Requirement struct {
	ID, Group, GroupName string
	Title, Text          string
	Controls             []string
	Excused              string // why it does not apply; empty if it does
}

// Requirements are what the controls of a dossier are measured against, in the order of the report.
func Requirements(d *engagement.Dossier) []Requirement {
	b := newBuilder(d)
	var out []Requirement
	for _, i := range b.criteria {
		c := b.d.Criteria[i]
		id, name, _ := b.group(c)
		why, _ := b.excused(c.ID)
		out = append(out, Requirement{ID: c.ID, Group: id, GroupName: name, Title: c.Title, Text: fold(c.Intent), Controls: b.meets[c.ID], Excused: why})
	}
	return out
}

// Finding is what the tests of a control came to, for one requirement that it serves. It is a finding of tests: not a
// conclusion on the requirement, and no opinion.
type Finding struct {
	Requirement string
	Control     engagement.ControlFacts
	Outcome     chart.Outcome // the worst of the auditor's tests and of management's monitoring; never Pass where something was left open
	Words       string
	Tests       []int // positions of the dossier's tests
	Work        []int // positions of the auditor's tests
}

// Findings are the findings of a dossier, by requirement and control.
func Findings(d *engagement.Dossier) []Finding {
	b := newBuilder(d)
	var out []Finding
	for _, i := range b.criteria {
		id := b.d.Criteria[i].ID
		for _, ref := range b.meets[id] {
			k, ok := b.byRef[ref]
			if !ok {
				continue
			}
			c := b.d.Controls[k]
			f := Finding{Requirement: id, Control: c, Words: b.resultOf(c).String(), Tests: b.tests[ref]}
			for w, x := range b.d.Work {
				if x.Control == ref {
					f.Work = append(f.Work, w)
				}
			}
			f.Outcome = b.worst(c, f)
			out = append(out, f)
		}
	}
	return out
}

// worst is the outcome that a reader must see first. What was qualified is not known to have passed.
func (b *builder) worst(c engagement.ControlFacts, f Finding) chart.Outcome {
	var seen []verdict
	if len(f.Tests) > 0 || len(f.Work) == 0 {
		seen = append(seen, b.ofControl(c))
	}
	for _, w := range f.Work {
		seen = append(seen, judgeWork(b.d.Work[w]))
	}
	has := map[chart.Outcome]bool{}
	for _, v := range seen {
		if v.outcome == chart.Pass && v.more != "" {
			v.outcome = chart.Unknown
		}
		has[v.outcome] = true
	}
	for _, o := range []chart.Outcome{chart.Fail, chart.Unknown, chart.None, chart.NotApplicable} {
		if has[o] {
			return o
		}
	}
	return chart.Pass
}

// Verdict is what a test of the dossier found, as the report says it.
func Verdict(d *engagement.Dossier, test int) (chart.Outcome, string) {
	v := judge(d.Tests[test], d)
	return v.outcome, v.text().String()
}

// WorkVerdict is what a test of the auditor found, as the report says it.
func WorkVerdict(w engagement.Work) (chart.Outcome, string) {
	v := judgeWork(w)
	return v.outcome, v.text().String()
}

// Covers says whether a dossier's report shows controls and their tests: a SOC 3 shows neither, a Type 1 no tests.
func Covers(d *engagement.Dossier) (controls, tests bool) {
	f, ok := formOf(d.Engagement.Report, d.Engagement.Type)
	return ok && f.soc != 3, ok && f.tested()
}
