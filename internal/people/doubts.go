package people

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// doubts lists what a person has to look at. What was there before keeps its instant.
func (b *book) doubts(before []Doubt) []Doubt {
	since := map[string]Doubt{}
	for _, d := range before {
		since[string(d.Kind)+"\x00"+d.Subject] = d
	}
	var out []Doubt
	add := func(k DoubtKind, subject string, p ID, format string, args ...any) {
		d := Doubt{Kind: k, Subject: subject, Text: fmt.Sprintf(format, args...), Person: p, Since: b.at}
		if old, ok := since[string(k)+"\x00"+subject]; ok {
			d.Since = old.Since
		}
		out = append(out, d)
	}
	b.doubles(add)
	b.doubtAccounts(add)
	b.doubtManagers(add)
	slices.SortFunc(out, func(x, y Doubt) int {
		return cmp.Or(slices.Index(DoubtKinds(), x.Kind)-slices.Index(DoubtKinds(), y.Kind), strings.Compare(x.Subject, y.Subject))
	})
	return out
}

type addDoubt func(k DoubtKind, subject string, p ID, format string, args ...any)

// doubles finds addresses and numbers that two people have.
func (b *book) doubles(add addDoubt) {
	for kind, index := range map[DoubtKind]map[string][]ID{SameAddress: b.address, SameNumber: b.number} {
		for _, key := range sorted(index) {
			have := b.byAddress
			if kind == SameNumber {
				have = b.byNumber
			}
			all := slices.DeleteFunc(have(key), func(p ID) bool { return b.people[p].Gone != nil })
			if len(all) < 2 {
				continue
			}
			var refs, names []string
			for _, p := range all {
				refs, names = append(refs, b.people[p].Ref), append(names, b.people[p].Name+" ("+string(b.people[p].State)+")")
			}
			slices.Sort(refs)
			slices.Sort(names)
			word := map[DoubtKind]string{SameAddress: "address", SameNumber: "employee number"}[kind]
			add(kind, strings.Join(refs, ", "), all[0], "%s have the %s %s.", strings.Join(names, " and "), word, key)
		}
	}
}

// doubtAccounts finds accounts without an owner, and people without an account.
func (b *book) doubtAccounts(add addDoubt) {
	has := map[ID]bool{}
	for _, key := range sorted(b.accounts) {
		a := *b.accounts[key]
		if a.Person != "" && slices.Contains(b.pic.Directories, a.Source) {
			has[a.Person] = true
		}
		if a.Person != "" || a.Closed() || a.Service() {
			continue
		}
		if fits := b.fits(a); len(fits) > 1 {
			var names []string
			for _, p := range fits {
				names = append(names, b.people[p].Name)
			}
			slices.Sort(names)
			add(TwoOwners, accountName(a), fits[0], "The account fits %s.", strings.Join(names, " and "))
			continue
		}
		text := "No person has its employee number or address."
		switch {
		case a.Email == "" && a.Number == "":
			text = "The system tells neither address nor employee number."
		case a.External:
			text = "An outside collaborator whom the directory does not know."
		}
		add(NoOwner, accountName(a), "", "%s", text)
	}
	if len(b.pic.Directories) == 0 {
		return
	}
	for _, p := range b.ordered() {
		if p.Works() && !has[p.ID] && p.Origin != ByHand {
			add(NoAccount, p.Ref, p.ID, "%s works here, and no identity provider has an account with the employee number or address.", p.Name)
		}
	}
}

// doubtManagers finds those whose reporting line does not lead to the top.
func (b *book) doubtManagers(add addDoubt) {
	var all []Person
	for _, p := range b.ordered() {
		all = append(all, *p)
	}
	c := Draw(all)
	for _, ring := range c.Rings {
		var refs, names []string
		for _, p := range ring {
			refs, names = append(refs, p.Ref), append(names, p.Name)
		}
		if len(ring) == 1 {
			add(ManagerCycle, refs[0], ring[0].ID, "HR names %s as the own manager.", names[0])
			continue
		}
		add(ManagerCycle, strings.Join(refs, ", "), ring[0].ID, "%s report to each other in a circle.", strings.Join(names, ", "))
	}
	for _, p := range c.Lost {
		m := b.people[p.Manager]
		switch {
		case p.Manager == "":
			add(NoLead, p.Ref, p.ID, "HR names nobody to whom %s reports.", p.Name)
		case m == nil || m.Gone != nil:
			add(LostLead, p.Ref, p.ID, "%s reports to somebody whom no source knows any more.", p.Name)
		case m.State == Left:
			add(LostLead, p.Ref, p.ID, "%s reports to %s, who left on %s.", p.Name, m.Name, cmp.Or(dateText(m.Ended), "an unknown day"))
		default:
			add(LostLead, p.Ref, p.ID, "%s reports to %s, who has not started yet.", p.Name, m.Name)
		}
	}
}
