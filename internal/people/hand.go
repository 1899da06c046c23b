package people

import (
	"context"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// New is a person to enter by hand: somebody whom no HR system holds. When one tells of the same number or address later, it is
// the same person, and the HR system counts from then on.
type New struct {
	Name, Email, Number, Department, Title, Location, Kind string
	Manager                                                string // reference, address or number; may name somebody of the same list
	Started, Ended                                         period.Date
}

func (n New) clean() (New, error) {
	for _, f := range []*string{&n.Name, &n.Email, &n.Number, &n.Department, &n.Title, &n.Location, &n.Kind, &n.Manager} {
		*f = text.Line(*f)
	}
	n.Kind = strings.ToLower(n.Kind)
	for _, err := range []error{
		text.Bounds("name", "the name", n.Name, 2, maxLine), text.Bounds("email", "the address", n.Email, 3, maxLine), text.Bounds("number", "the employee number", n.Number, 0, maxSerial),
		text.Bounds("department", "the department", n.Department, 0, maxLine), text.Bounds("title", "the title", n.Title, 0, maxLine),
		text.Bounds("location", "the location", n.Location, 0, maxLine), text.Bounds("manager", "the manager", n.Manager, 0, maxLine),
	} {
		if err != nil {
			return n, err
		}
	}
	switch at := strings.IndexByte(n.Email, '@'); {
	case at < 1 || at == len(n.Email)-1 || strings.ContainsAny(n.Email, " ,;<>"):
		return n, errs.New(errs.Invalid, "%q is no address", n.Email).At("email").WithHint("Give the work address, such as ada@northwind.example.")
	case n.Kind != "" && n.Kind != Employee && n.Kind != Contractor:
		return n, errs.New(errs.Invalid, "%q is neither employee nor contractor", n.Kind).At("kind")
	case n.Started < 0 || n.Ended < 0:
		return n, errs.New(errs.Invalid, "give days after 1970").At("started")
	case n.Ended != 0 && n.Ended < n.Started:
		return n, errs.New(errs.Invalid, "the last day is before the first").At("ended")
	}
	return n, nil
}

// Entered is what becomes of one person of a list that is entered.
type Entered struct {
	N      int // from 1
	Person Person
	Known  bool // the directory has the number or address already: nothing is entered
	Err    error
}

// Enter adds people by hand. With dry nothing is kept. A line that is wrong, or whom the directory knows already, says so; the others
// are entered, all in one transaction with one ledger entry.
func (s *Service) Enter(ctx context.Context, scope access.Scope, now time.Time, list []New, dry bool) ([]Entered, error) {
	if err := scope.Require(access.ManagePeople); err != nil {
		return nil, err
	}
	var out []Entered
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		b, err := s.open(ctx, scope.ReadScope, now, Picture{})
		if err != nil {
			return err
		}
		var fresh []Person
		var at []int
		out, fresh, at = b.enter(list)
		if dry || len(fresh) == 0 {
			return nil
		}
		if fresh, err = s.Store.Add(ctx, scope, fresh); err != nil {
			return err
		}
		var events []Event
		cut := map[ID][]Stint{}
		var refs []string
		ref := map[ID]string{}
		for _, p := range fresh {
			ref[p.ID] = p.Ref
		}
		for i, p := range fresh {
			if r, ok := ref[p.Manager]; ok {
				p.ManagerRef = r
			}
			out[at[i]].Person = p
			events = append(events, happened(nil, p, now, 0)...)
			cut[p.ID] = []Stint{{1, p.Started, p.Ended}}
			refs = append(refs, p.Ref)
		}
		if err := s.Store.AddEvents(ctx, scope, events); err != nil {
			return err
		}
		if err := s.Store.SaveStints(ctx, scope, cut); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "people.entered", "directory", map[string]any{"count": len(refs), "refs": refs})
		return err
	})
	return out, err
}

// enter works a list into the book: the lines, the new people, and the index of each one's line.
func (b *book) enter(list []New) (out []Entered, fresh []Person, at []int) {
	var added []*Person
	for i, n := range list {
		n, err := n.clean()
		l := Entered{N: i + 1, Err: err}
		if err == nil {
			known := append(b.byNumber(n.Number), b.byAddress(n.Email)...)
			if len(known) > 0 {
				l.Known, l.Person = true, *b.people[known[0]]
			} else {
				p := b.person(ByHand)
				p.Name, p.Email, p.Number, p.Department, p.Title, p.Location, p.Kind = n.Name, n.Email, n.Number, n.Department, n.Title, n.Location, n.Kind
				p.Started, p.Ended, p.Version = n.Started, n.Ended, 1
				p.State = Record{Started: p.Started, Ended: p.Ended}.state(b.at)
				b.keep(p)
				l.Person = *p
				added, at = append(added, p), append(at, i)
			}
		}
		out = append(out, l)
	}
	for i, p := range added { // managers may stand later in the list
		if m := text.Line(list[at[i]].Manager); m != "" {
			out[at[i]].Err = b.report(p, m)
		}
	}
	refuse(added, at, out)
	keep := at[:0:0]
	for i, p := range added {
		if out[at[i]].Err == nil {
			fresh, keep = append(fresh, *p), append(keep, at[i])
			out[at[i]].Person = *p
		}
	}
	return out, fresh, keep
}

// refuse refuses lines whose manager stands in a line that is refused, until none is left.
func refuse(added []*Person, at []int, out []Entered) {
	for again := true; again; {
		again = false
		bad := map[ID]int{}
		for i, p := range added {
			if l := out[at[i]]; l.Err != nil {
				bad[p.ID] = l.N
			}
		}
		for i, p := range added {
			if n := bad[p.Manager]; n != 0 && out[at[i]].Err == nil {
				out[at[i]].Err = errs.New(errs.Invalid, "the manager stands in line %d, which is refused", n).At("manager")
				again = true
			}
		}
	}
}

// report sets to whom somebody reports: the one person with the reference, address or number.
func (b *book) report(p *Person, key string) error {
	found := map[ID]bool{}
	for _, id := range append(b.byNumber(key), b.byAddress(key)...) {
		found[id] = true
	}
	for id, o := range b.people {
		if o.Ref != "" && strings.EqualFold(o.Ref, key) {
			found[id] = true
		}
	}
	switch {
	case len(found) == 0:
		return errs.New(errs.Invalid, "nobody has the reference, address or number %q", key).At("manager")
	case len(found) > 1:
		return errs.New(errs.Invalid, "%d people have the address or number %q", len(found), key).At("manager").WithHint("Give the reference, such as P-0142.")
	case found[p.ID]:
		return errs.New(errs.Invalid, "nobody is the own manager").At("manager").WithHint("Leave it empty for whoever reports to nobody.")
	}
	for id := range found {
		m := b.people[id]
		p.Manager, p.ManagerRef, p.ManagerName = m.ID, m.Ref, m.Name
	}
	return nil
}

// StalePerson is the cause of a Conflict when a record was changed meanwhile.
type StalePerson struct{ Theirs Person }

// Error says when the record was changed.
func (s *StalePerson) Error() string {
	return s.Theirs.Ref + " was changed on " + s.Theirs.Updated.UTC().Format("2006-01-02 15:04 UTC")
}

// Amend changes somebody who was entered by hand; base is the version the editor saw, 0 for any. Whoever a source tells of is
// changed there.
func (s *Service) Amend(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, n New) (Person, error) {
	if err := scope.Require(access.ManagePeople); err != nil {
		return Person{}, err
	}
	n, err := n.clean()
	if err != nil {
		return Person{}, err
	}
	var p Person
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		b, err := s.open(ctx, scope.ReadScope, now, Picture{})
		if err != nil {
			return err
		}
		have, err := s.Store.Person(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		was := b.before[have.ID]
		if err := amendable(was, base); err != nil {
			return err
		}
		p = was
		p.Name, p.Email, p.Number, p.Department, p.Title, p.Location, p.Kind = n.Name, n.Email, n.Number, n.Department, n.Title, n.Location, n.Kind
		p.Started, p.Ended, p.EndedAt, p.Manager, p.ManagerRef, p.ManagerName = n.Started, n.Ended, nil, "", "", ""
		p.State = Record{Started: p.Started, Ended: p.Ended}.state(now)
		for _, o := range append(b.byNumber(n.Number), b.byAddress(n.Email)...) {
			if o != p.ID {
				return errs.New(errs.Conflict, "%s, %s, has this address or number already", b.people[o].Ref, b.people[o].Name).At("email")
			}
		}
		if n.Manager != "" {
			if err := b.report(&p, n.Manager); err != nil {
				return err
			}
		}
		return s.amend(ctx, scope, now, was, &p, b.stints[p.ID])
	})
	return p, err
}

func amendable(was Person, base int) error {
	switch {
	case was.Origin != ByHand:
		return errs.New(errs.Conflict, "%s tells of %s: what it says counts", was.Source, was.Name).WithHint("Change the record there; the directory follows with the next collection.")
	case base != 0 && was.Version != base:
		return errs.Changed(was.Ref, &StalePerson{Theirs: was})
	}
	return nil
}

func (s *Service) amend(ctx context.Context, scope access.Scope, now time.Time, was Person, p *Person, have []Stint) error {
	cut := stints(have, Record{Started: p.Started, Ended: p.Ended}, was.State, true)
	p.Stint = cut[len(cut)-1].N
	events := happened(&was, *p, now, 0)
	if len(events) == 0 && !differs(was, *p) {
		return nil
	}
	p.Version, p.Updated = was.Version+1, now
	if err := s.Store.Save(ctx, scope, []Person{*p}); err != nil {
		return err
	}
	if err := s.Store.AddEvents(ctx, scope, events); err != nil {
		return err
	}
	if err := s.Store.SaveStints(ctx, scope, map[ID][]Stint{p.ID: cut}); err != nil {
		return err
	}
	var changed []string
	for _, e := range events {
		changed = append(changed, string(e.Kind)+" "+e.Field)
	}
	_, err := s.Ledger.Append(ctx, scope, now, "people.amended", string(p.ID), map[string]any{"ref": p.Ref, "version": p.Version, "changed": changed})
	return err
}
