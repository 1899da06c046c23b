package org

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// none reports whether the description says that a section is empty on purpose, and complains when it is not.
func (k *checker) none(dc, section string, n int) bool {
	said := slices.Contains(k.System.None, section)
	if said && n > 0 {
		k.add(Missing, dc, "system.none", "%s are said to be none, but %d are there", words(section), n)
	}
	return said
}

func words(s string) string { return strings.ReplaceAll(s, "_", " ") }

func (k *checker) system() {
	k.need(k.System.Name != "", "DC1", "system.name", "the system has no name")
	k.need(k.System.Overview != "", "DC1", "system.overview", "there is no overview of the system")
	k.need(len(k.Services) > 0, "DC1", "services", "no service is described")
	for i, s := range k.Services {
		if s.Customers == "" {
			k.add(Advice, "DC1", fmt.Sprintf("services[%d].customers", i), "say which kinds of customers use %s", s.Name)
		}
	}
	k.need(k.System.Boundary != "", "DC3", "system.boundary", "nothing says where the system ends")
	for _, a := range Areas() {
		k.need(len(*k.Aspects.Of(a)) > 0, "DC5", "aspects."+string(a), "nothing is said about %s", words(string(a)))
	}
}

func (k *checker) commitments() {
	for _, id := range k.x.Categories {
		for _, t := range []CommitmentType{ServiceCommitment, SystemRequirement} {
			name := map[CommitmentType]string{ServiceCommitment: "service commitment", SystemRequirement: "system requirement"}[t]
			k.need(slices.ContainsFunc(k.Commitments, func(c Commitment) bool { return c.Category == id && c.Type == t }),
				"DC2", "commitments", "there is no %s for %s", name, words(string(id)))
		}
	}
	for i, c := range k.Commitments {
		path := fmt.Sprintf("commitments[%d]", i)
		k.need(c.Source != "", "DC2", path+".source", "%s does not say where it was promised", c.Ref)
		if c.Threshold == "" {
			k.add(Advice, "DC2", path+".threshold", "%s has no threshold: how would a reader see whether it was kept?", c.Ref)
		}
		if !slices.Contains(k.x.Categories, c.Category) {
			k.add(Advice, "DC2", path+".category", "%s belongs to %s, which is not examined", c.Ref, words(string(c.Category)))
		}
	}
}

func (k *checker) components() {
	for _, class := range Classes() {
		section := "components." + string(class)
		k.need(len(*k.Components.Of(class)) > 0, "DC3", section, "no component of the class %s is described", class)
		for i, c := range *k.Components.Of(class) {
			path := fmt.Sprintf("%s[%d]", section, i)
			if c.Text == "" {
				k.add(Advice, "DC3", path+".text", "say what %s is for", c.Name)
			}
			if c.Count != nil && k.x.Resources != nil && !slices.Contains(k.x.Resources, c.Count.Resource) {
				k.add(Missing, "DC3", path+".count.resource", "no facts of the type %q are collected", c.Count.Resource)
			}
		}
	}
}

func (k *checker) incidents() {
	said := k.none("DC4", "incidents", len(k.Incidents))
	k.need(said || len(k.Incidents) > 0, "DC4", "incidents", "no incident is recorded, and nothing says that there were none")
	for i, x := range k.Incidents {
		path := fmt.Sprintf("incidents[%d]", i)
		if x.ControlFailure || x.CommitmentFailure {
			k.need(x.Decision != "", "DC4", path+".decision", "%s: nobody has decided whether it belongs in the description", x.Ref)
		}
		if x.ControlFailure && x.CommitmentFailure && x.Decision == Omit {
			k.add(Advice, "DC4", path+".decision", "%s came from a failed control and missed a commitment; leaving it out needs a very good reason", x.Ref)
		}
		if x.Decision == Describe {
			k.need(x.Disposition != "", "DC4", path+".disposition", "%s does not say what was done about it", x.Ref)
			if x.Resolved == nil {
				k.add(Advice, "DC4", path+".resolved", "%s is not resolved", x.Ref)
			}
		}
		if p := k.x.Period; p.Days() > 0 && (period.Of(x.Started) >= p.To || x.Resolved != nil && period.Of(*x.Resolved) < p.From) {
			k.add(Advice, "DC4", path+".started", "%s lies outside the period %s", x.Ref, p)
		}
	}
}

// controls is DC5, DC6 and the invariant that each criterion in scope has a control or a reason.
func (k *checker) controls(apply []catalog.Criterion) {
	if k.x.Controls == nil {
		k.add(Advice, "DC5", "", "controls were not counted: whether each criterion has one was not checked")
	}
	for _, c := range apply {
		excused := slices.ContainsFunc(k.NotApplicable, func(n NotApplicable) bool { return n.Criterion == c.ID })
		if k.x.Controls != nil && k.x.Controls[c.ID] == 0 && !excused {
			k.add(Missing, "DC5", "", "no control in force serves %s (%s), and no reason says that it does not apply", c.ID, c.Title)
		}
	}
	switch said := k.none("DC6", "cuecs", max(0, k.x.CUECs)); {
	case k.x.CUECs < 0:
		k.add(Advice, "DC6", "", "complementary user entity controls were not counted")
	case k.x.CUECs == 0:
		k.need(said, "DC6", "system.none", "there are no complementary user entity controls, and nothing says that none are needed")
	}
}

func (k *checker) subservice() {
	said := k.none("DC7", "subservice", len(k.Subservice))
	k.need(said || len(k.Subservice) > 0, "DC7", "subservice", "no subservice organisation is described, and nothing says that there are none")
	carved := 0
	for i, s := range k.Subservice {
		path := fmt.Sprintf("subservice[%d]", i)
		k.need(len(s.Criteria) > 0, "DC7", path+".criteria", "%s: say which criteria depend on it", s.Name)
		if s.Method == Inclusive {
			k.add(Advice, "DC7", path, "%s is included: its components and controls belong here too, and its written assertion is needed", s.Name)
			if len(s.CSOCs) > 0 {
				k.add(Missing, "DC7", path+".csocs", "%s is included, so its controls are described and tested, not assumed", s.Name)
			}
			continue
		}
		carved++
		k.need(len(s.CSOCs) > 0, "DC7", path+".csocs", "%s: say which types of controls are expected of it", s.Name)
		k.need(len(s.Monitoring) > 0, "DC7", path+".monitoring", "%s: name the controls that watch it", s.Name)
	}
	if infra := len(k.Components.Infrastructure); carved > 0 && carved == len(k.Subservice) && infra == 0 {
		k.add(Advice, "DC7", "subservice", "everything that runs the system is carved out: the report may be too thin to rely on")
	}
}

func (k *checker) notApplicable() {
	k.none("DC8", "not_applicable", len(k.NotApplicable))
	for i, n := range k.NotApplicable {
		path := fmt.Sprintf("not_applicable[%d]", i)
		if !k.apply[n.Criterion] {
			k.add(Missing, "DC8", path+".criterion", "%s belongs to no category that is examined; it needs no reason", n.Criterion)
		} else if k.x.Controls[n.Criterion] > 0 {
			k.add(Advice, "DC8", path+".criterion", "%s is said not to apply, but %d controls serve it", n.Criterion, k.x.Controls[n.Criterion])
		}
	}
	if !slices.Contains(k.x.Categories, catalog.Privacy) {
		return
	}
	k.need(k.System.PrivacyRole != "", "DC8", "system.privacy_role", "say whether the organisation is controller, processor or both: it decides which privacy criteria apply")
	if k.System.PrivacyRole != catalog.Processor {
		return
	}
	for _, c := range k.cat.Criteria() {
		if c.PrivacyRole == catalog.Controller && !slices.ContainsFunc(k.NotApplicable, func(n NotApplicable) bool { return n.Criterion == c.ID }) {
			k.add(Advice, "DC8", "not_applicable", "%s is a matter for controllers: a processor often explains why it does not apply", c.ID)
		}
	}
}

func (k *checker) changes() {
	said := k.none("DC9", "changes", len(k.Changes))
	if !k.x.Type2 {
		return
	}
	k.need(said || len(k.Changes) > 0, "DC9", "changes", "no significant change is recorded, and nothing says that there were none")
	for i, c := range k.Changes {
		path := fmt.Sprintf("changes[%d]", i)
		if p := k.x.Period; p.Days() > 0 && !p.Has(c.Date) {
			k.add(Advice, "DC9", path+".date", "%s on %s lies outside the period %s", c.Title, c.Date, p)
		}
		if c.Told == "" {
			k.add(Advice, "DC9", path+".told", "say who was told of %s", c.Title)
		}
	}
}
