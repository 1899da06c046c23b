package report

import (
	"regexp"
	"slices"
	"strings"
)

// attachments are what a SOC 3 holds besides report and assertion: the boundaries of the system and the principal
// commitments. No control and no test is named in it (domain brief 4.1, 11).
func (b *builder) attachments() {
	b.section("A", "Boundaries of the system", "Boundaries of the system", "Written by the management of "+b.doc.Org)
	b.sec.Label = "Attachment A"
	b.heading(2, "Services")
	if len(b.d.System.Services) == 0 && strings.TrimSpace(b.d.System.Overview) == "" {
		b.absent("Services are not described", "Attachment A: the services provided.", "A reader must learn which services the system provides.")
	}
	b.prose(b.d.System.Overview)
	for _, v := range b.d.System.Services {
		b.p(bold(v.Name+". "), fold(v.Text))
	}
	b.heading(2, "Boundaries")
	if strings.TrimSpace(b.d.System.Boundary) == "" {
		b.absent("The boundary is not described", "Attachment A: the boundaries of the system.", "A reader must learn what belongs to the system and what does not.")
	}
	b.prose(b.d.System.Boundary)
	b.heading(2, "Components")
	t := Table{Subject: "components", Columns: []Column{{Title: "Class", Width: 20}, {Title: "What belongs to it", Width: 80}}}
	for _, c := range classes {
		var names []string
		for _, v := range b.d.System.Components[c.key] {
			names = append(names, v.Name)
		}
		t.Rows = append(t.Rows, cells(say(bold(c.name)), or(strings.Join(names, ", "), "no component of this class")))
	}
	b.add(t)
	if len(b.d.Subservice) > 0 {
		b.heading(2, "Subservice organisations")
		t := Table{Subject: "subservice", Columns: []Column{{Title: "Organisation", Width: 30}, {Title: "Service", Width: 50}, {Title: "Method", Width: 20}}}
		for _, s := range b.d.Subservice {
			t.Rows = append(t.Rows, cells(say(bold(s.Name)), or(s.Service, "no service"), or(s.Method, "no method")))
		}
		b.add(t)
	}
	b.section("B", "Principal service commitments and system requirements", "Commitments and requirements", "Written by the management of "+b.doc.Org)
	b.sec.Label = "Attachment B"
	if len(b.d.System.Commitments) == 0 {
		b.absent("No commitment is recorded", "Attachment B: the principal service commitments and system requirements.", "Controls are judged against what was promised.")
		return
	}
	c := Table{Subject: "commitments", Columns: []Column{{Title: "Category", Width: 18}, {Title: "Commitment or requirement", Width: 57}, {Title: "Source", Width: 25}}}
	for _, v := range b.d.System.Commitments {
		c.Rows = append(c.Rows, cells(say(title(term(v.Category))), or(fold(v.Text), "the commitment has no text"), or(v.Source, "no source")))
	}
	b.add(c)
}

// detail finds references of controls and tests of the dossier in a text.
func (b *builder) detail() func(string) string {
	var refs []string
	for _, c := range b.d.Controls {
		refs = append(refs, regexp.QuoteMeta(c.Ref))
	}
	for _, t := range b.d.Tests {
		refs = append(refs, regexp.QuoteMeta(t.ID))
	}
	refs = slices.DeleteFunc(refs, func(s string) bool { return len(s) < 3 })
	if len(refs) == 0 {
		return func(string) string { return "" }
	}
	re := regexp.MustCompile(`(?:^|[^\pL\pN-])(` + strings.Join(refs, "|") + `)(?:$|[^\pL\pN-])`)
	return func(s string) string {
		if m := re.FindStringSubmatch(s); m != nil {
			return m[1]
		}
		return ""
	}
}
