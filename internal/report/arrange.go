package report

import (
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
)

// arranged prints the matrix of section IV as asked. Each arrangement holds each control in full once, and the table from
// criteria to controls.
func (b *builder) arranged() {
	switch b.opt.Arrange {
	case ByProcess:
		b.byProcess()
		b.byCriterion()
	case ByFramework:
		b.byFramework()
		b.byCriterion()
		b.byControl()
	default:
		b.byCriterion()
		b.byControl()
	}
}

// processes are the families of the control library by the letters their references begin with.
var processes = map[string]string{
	"GOV": "Governance", "HRS": "People", "COM": "Communication", "RSK": "Risk", "MON": "Monitoring of controls", "AST": "Assets and data",
	"IAM": "Identity and access", "PHY": "Physical security", "NET": "Network", "CRY": "Cryptography", "END": "Endpoints", "VUL": "Vulnerability and configuration",
	"LOG": "Logging and detection", "INC": "Incident response", "CHG": "Change management", "AVL": "Availability and continuity", "VEN": "Vendors",
	"CNF": "Confidentiality", "PIN": "Processing integrity", "FIN": "Financial process", "PRV": "Privacy",
}

// process is the process a control belongs to, by its reference.
func process(ref string) string {
	key, _, _ := strings.Cut(ref, "-")
	if name := processes[key]; name != "" {
		return name
	}
	return title(key)
}

// byProcess is each control in full, once, under its process.
func (b *builder) byProcess() {
	if len(b.controls) == 0 {
		b.heading(2, "Controls by process")
		b.absent("No control is in scope", "Controls.", "The dossier holds no control.")
		return
	}
	var order []string
	of := map[string][]int{}
	for _, i := range b.controls {
		p := process(b.d.Controls[i].Ref)
		if of[p] == nil {
			order = append(order, p)
		}
		of[p] = append(of[p], i)
	}
	for _, p := range order {
		b.heading(2, p)
		for _, i := range of[p] {
			b.inFull(i)
		}
	}
}

// byFramework lists the controls by the families of another framework, in short form.
func (b *builder) byFramework() {
	i := slices.IndexFunc(b.d.Frameworks, func(f engagement.Framework) bool { return b.opt.Framework == "" || f.ID == b.opt.Framework })
	if i < 0 {
		b.heading(2, "Controls by another framework")
		b.absent("The framework is not in the dossier", "The families of the framework by which controls are to be arranged.", "The dossier holds no mapping of its controls to the framework that was asked for.")
		return
	}
	f := b.d.Frameworks[i]
	b.heading(2, "Controls by the families of "+f.Name)
	b.p("The same controls, arranged by another framework. The mapping is management’s; nothing here says that the framework’s requirements are met.")
	for _, x := range f.Families {
		b.heading(3, strings.TrimSpace(x.ID+"  "+x.Name))
		if len(x.Controls) == 0 {
			b.p("No control in scope is mapped to this family.")
			continue
		}
		b.add(b.shortForms(f.ID+" "+x.ID, x.Controls))
	}
}
