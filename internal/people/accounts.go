package people

import (
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// readAccounts works the accounts of the newest snapshots in, and ties each to a person.
func (b *book) readAccounts() {
	hr := len(b.links) > 0 || slices.ContainsFunc(b.pic.Told, func(t Told) bool { return t.Resource == "worker" })
	seen := map[string]bool{}
	for _, a := range b.pic.Accounts {
		key := a.Source + "\x00" + a.AccountID
		seen[key] = true
		was := b.accounts[key]
		if was != nil {
			a.Person, a.How = was.Person, was.How
		}
		b.tie(&a)
		if a.Person == "" && !hr {
			b.fromDirectory(&a)
		}
		b.note(was, a)
		x := a
		b.accounts[key] = &x
		b.out.Accounts++
	}
	told := map[string]Told{}
	for _, t := range b.pic.Told {
		if t.Resource == "user_account" {
			told[t.Source] = t
		}
	}
	for _, key := range sorted(b.accounts) {
		a := b.accounts[key]
		if t, read := told[a.Source]; read && !seen[key] && a.Gone == nil {
			was := *a
			at := t.At
			a.Gone = &at
			if last := b.looked[a.Source]; last.After(a.Seen) && last.Before(at) {
				a.Seen = last
			}
			b.note(&was, *a)
		}
	}
	if !hr {
		b.withoutHR()
	}
}

// note keeps an account that is otherwise than before, and counts what people want to hear of.
func (b *book) note(was *Account, is Account) {
	switch {
	case was == nil:
		b.out.NewAccount++
	default:
		if is.Closed() && !was.Closed() {
			b.out.Closed++
		}
		if is.Person != was.Person {
			b.out.Linked++
		}
		if sameAccount(*was, is) {
			return
		}
	}
	b.changed = append(b.changed, is)
}

func sameAccount(a, b Account) bool {
	return a.Login == b.Login && a.Email == b.Email && a.Name == b.Name && a.Number == b.Number && a.Status == b.Status && a.Kind == b.Kind &&
		a.External == b.External && a.Admin == b.Admin && a.Person == b.Person && a.How == b.How && sameTime(a.Created, b.Created) &&
		sameTime(a.Changed, b.Changed) && sameTime(a.SignedIn, b.SignedIn) && sameTime(a.Gone, b.Gone)
}

// tie finds the person of an account: by employee number, and where that finds nobody, by address. What fits two people goes to
// the one who works here, if only one does. An account that was tied before stays so when nothing fits any more.
func (b *book) tie(a *Account) {
	found, how := b.byNumber(a.Number), "number"
	if len(found) == 0 {
		how = "address"
		found = b.byAddress(a.Email)
		if a.Login != "" {
			for _, p := range b.byAddress(a.Login) {
				if !slices.Contains(found, p) {
					found = append(found, p)
				}
			}
		}
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(p ID) bool { return !b.people[p].Works() })
		if len(found) != 1 {
			a.Person, a.How = "", ""
			return
		}
	}
	switch {
	case len(found) == 1:
		a.Person, a.How = found[0], how
	case a.Person != "":
		a.How = "before"
	}
}

// fits counts the people whom an account fits.
func (b *book) fits(a Account) []ID {
	if found := b.byNumber(a.Number); len(found) > 0 {
		return found
	}
	found := b.byAddress(a.Email)
	for _, p := range b.byAddress(a.Login) {
		if !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	return found
}

// fromDirectory makes a person of an account, where no HR system is connected.
func (b *book) fromDirectory(a *Account) {
	if !slices.Contains(b.pic.Directories, a.Source) || a.Service() || a.External || a.Email == "" && a.Number == "" || len(b.fits(*a)) > 0 {
		return
	}
	p := b.person(FromDirectory)
	p.Name, p.Email, p.Number, p.Source = a.Name, a.Email, a.Number, a.Source
	if p.Name == "" {
		p.Name = a.Login
	}
	b.keep(p)
	a.Person, a.How = p.ID, "address"
	if a.Number != "" {
		a.How = "number"
	}
}

// withoutHR takes the state of those whom only accounts tell of from their accounts. When they began is not known.
func (b *book) withoutHR() {
	open, closed := map[ID]bool{}, map[ID]*Account{}
	for _, a := range b.accounts {
		if a.Person == "" || !slices.Contains(b.pic.Directories, a.Source) {
			continue
		}
		if !a.Closed() {
			open[a.Person] = true
		} else if c := closed[a.Person]; c == nil || a.Changed != nil && (c.Changed == nil || a.Changed.After(*c.Changed)) {
			closed[a.Person] = a
		}
	}
	for who, p := range b.people {
		if p.Origin != FromDirectory {
			continue
		}
		switch a := closed[who]; {
		case open[who]:
			if p.State == Left {
				p.Stint++
			}
			p.State, p.Ended, p.EndedAt = Active, 0, nil
		case a != nil:
			p.State = Left
			if at, exact := a.ClosedAt(); exact {
				p.Ended, p.EndedAt = period.Of(*at), at
			}
		}
		if s := (Stint{p.Stint, p.Started, p.Ended}); len(b.stints[who]) < p.Stint {
			b.recut[who] = append(slices.Clone(b.stints[who]), s)
		} else if b.stints[who][p.Stint-1] != s {
			list := slices.Clone(b.stints[who])
			list[p.Stint-1] = s
			b.recut[who] = list
		}
	}
}

// accountName is what an account is called where people read of it.
func accountName(a Account) string {
	name := a.Login
	if name == "" {
		name = a.Email
	}
	return strings.TrimSpace(a.System + " " + name)
}
