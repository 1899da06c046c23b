package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Picture is what the sources tell at an instant: the newest complete snapshot of each.
type Picture struct {
	Told        []Told
	Records     []Record
	Accounts    []Account
	Directories []string // sources that are identity providers: where everybody should have an account
}

// Outcome is what a refresh changed.
type Outcome struct {
	People     int               `json:"people"`  // in the directory now
	Working    int               `json:"working"` // of them working here
	Events     map[EventKind]int `json:"events"`
	Accounts   int               `json:"accounts"`    // in the newest snapshots
	NewAccount int               `json:"new_account"` // seen for the first time
	Closed     int               `json:"closed"`      // closed or gone since the refresh before
	Linked     int               `json:"linked"`      // tied to another person than before
	Doubts     int               `json:"doubts"`
	Hash       string            `json:"hash"` // over what the directory says of everybody
}

// Changed reports whether anything is otherwise than before.
func (o Outcome) Changed() bool {
	return len(o.Events) > 0 || o.NewAccount > 0 || o.Closed > 0 || o.Linked > 0
}

// book is the directory while it is worked on.
type book struct {
	at       time.Time
	pic      Picture
	people   map[ID]*Person
	before   map[ID]Person // as they were kept; absent for new ones
	links    map[string]*Link
	dirty    map[string]bool // links to keep
	stints   map[ID][]Stint
	recut    map[ID][]Stint // stints to keep
	records  map[ID][]Record
	since    map[ID]period.Date
	accounts map[string]*Account
	changed  []Account
	number   map[string][]ID
	address  map[string][]ID
	looked   map[string]time.Time // when accounts of a source were read before
	newID    func(time.Time) ID
	out      Outcome
}

// Refresh brings the directory up to what the sources tell. It happens in one transaction, changes nothing when they tell what is
// known, and leaves a ledger entry when something changed.
func (s *Service) Refresh(ctx context.Context, scope access.Scope, now time.Time, pic Picture) (Outcome, error) {
	if err := scope.Require(access.ManagePeople); err != nil {
		return Outcome{}, err
	}
	var out Outcome
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		b, err := s.open(ctx, scope.ReadScope, now, pic)
		if err != nil {
			return err
		}
		b.readRecords()
		b.managers()
		b.readAccounts()
		b.dates()
		if out, err = s.close(ctx, scope, b); err != nil {
			return err
		}
		if !out.Changed() {
			return nil
		}
		var evidence []string
		for _, t := range pic.Told {
			evidence = append(evidence, t.Evidence)
		}
		_, err = s.Ledger.Append(ctx, scope, now, "people.refreshed", "directory", map[string]any{
			"people": out.People, "working": out.Working, "events": out.Events, "accounts": out.Accounts, "new_accounts": out.NewAccount,
			"closed_accounts": out.Closed, "linked": out.Linked, "doubts": out.Doubts, "hash": out.Hash, "evidence": evidence,
		})
		return err
	})
	return out, err
}

// open reads the directory as it is kept.
func (s *Service) open(ctx context.Context, scope access.ReadScope, now time.Time, pic Picture) (*book, error) {
	b := &book{
		at: now, pic: pic, people: map[ID]*Person{}, before: map[ID]Person{}, links: map[string]*Link{}, dirty: map[string]bool{}, recut: map[ID][]Stint{},
		records: map[ID][]Record{}, since: map[ID]period.Date{}, accounts: map[string]*Account{}, number: map[string][]ID{}, address: map[string][]ID{},
		looked: map[string]time.Time{}, newID: newID, out: Outcome{Events: map[EventKind]int{}},
	}
	all, err := s.Store.Everyone(ctx, scope, Filter{})
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		b.before[p.ID] = p
		x := p
		b.keep(&x)
	}
	links, err := s.Sources.Links(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		b.links[l.Source+"\x00"+l.Record] = &l
	}
	if b.stints, err = s.Store.Stints(ctx, scope, nil); err != nil {
		return nil, err
	}
	accounts, err := s.Sources.Accounts(ctx, scope, AccountFilter{})
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		b.accounts[a.Source+"\x00"+a.AccountID] = &a
	}
	told, err := s.Sources.Told(ctx, scope)
	for _, t := range told {
		if t.Resource == "user_account" {
			b.looked[t.Source] = t.At
		}
	}
	return b, err
}

// keep puts a person into the book, to be found by number and address.
func (b *book) keep(p *Person) {
	b.people[p.ID] = p
	b.find(p)
}

func (b *book) find(p *Person) {
	if p.Number != "" && !slices.Contains(b.number[p.Number], p.ID) {
		b.number[p.Number] = append(b.number[p.Number], p.ID)
	}
	if a := strings.ToLower(p.Email); a != "" && !slices.Contains(b.address[a], p.ID) {
		b.address[a] = append(b.address[a], p.ID)
	}
}

// having lists the people who have a number or address now, not only once.
func (b *book) having(index map[string][]ID, key string, of func(*Person) string) []ID {
	if key == "" {
		return nil
	}
	var out []ID
	for _, id := range index[key] {
		if of(b.people[id]) == key {
			out = append(out, id)
		}
	}
	return out
}

func (b *book) byNumber(n string) []ID {
	return b.having(b.number, n, func(p *Person) string { return p.Number })
}

func (b *book) byAddress(a string) []ID {
	return b.having(b.address, strings.ToLower(a), func(p *Person) string { return strings.ToLower(p.Email) })
}

// person adds somebody the directory did not know.
func (b *book) person(o Origin) *Person {
	return &Person{ID: b.newID(b.at), Origin: o, Stint: 1, Created: b.at, Updated: b.at}
}

// dates moves those whom no source tells of through the states that their days ask for.
func (b *book) dates() {
	for _, p := range b.people {
		if p.Origin == ByHand && len(b.records[p.ID]) == 0 {
			p.State = Record{Started: p.Started, Ended: p.Ended, EndedAt: p.EndedAt}.state(b.at)
		}
	}
}

// close keeps what is otherwise than before.
func (s *Service) close(ctx context.Context, scope access.Scope, b *book) (Outcome, error) {
	var added, changed []Person
	var events []Event
	for _, p := range b.ordered() {
		was, known := b.before[p.ID]
		var prior *Person
		if known {
			prior = &was
		}
		happened := happened(prior, *p, b.at, b.since[p.ID])
		for _, e := range happened {
			b.out.Events[e.Kind]++
		}
		events = append(events, happened...)
		switch {
		case !known:
			p.Version = 1
			added = append(added, *p)
		case len(happened) > 0 || differs(was, *p):
			p.Version, p.Updated = was.Version+1, b.at
			changed = append(changed, *p)
		}
	}
	added, err := s.Store.Add(ctx, scope, added)
	if err != nil {
		return b.out, err
	}
	for i := range added {
		b.people[added[i].ID].Ref = added[i].Ref
	}
	if err := s.Store.Save(ctx, scope, changed); err != nil {
		return b.out, err
	}
	if err := s.Store.AddEvents(ctx, scope, events); err != nil {
		return b.out, err
	}
	if err := s.Store.SaveStints(ctx, scope, b.recut); err != nil {
		return b.out, err
	}
	return s.closeSources(ctx, scope, b)
}

func (s *Service) closeSources(ctx context.Context, scope access.Scope, b *book) (Outcome, error) {
	var links []Link
	for _, k := range sorted(b.dirty) {
		links = append(links, *b.links[k])
	}
	if err := s.Sources.SaveLinks(ctx, scope, links); err != nil {
		return b.out, err
	}
	if err := s.Sources.SaveAccounts(ctx, scope, b.changed); err != nil {
		return b.out, err
	}
	doubts, err := s.Sources.Doubts(ctx, scope.ReadScope)
	if err != nil {
		return b.out, err
	}
	now := b.doubts(doubts)
	b.out.Doubts = len(now)
	if !slices.Equal(doubts, now) {
		if err := s.Sources.SetDoubts(ctx, scope, now); err != nil {
			return b.out, err
		}
	}
	if err := s.Sources.SetTold(ctx, scope, b.pic.Told); err != nil {
		return b.out, err
	}
	b.out.People, b.out.Hash = len(b.people), b.hash()
	for _, p := range b.people {
		if p.Works() {
			b.out.Working++
		}
	}
	return b.out, nil
}

// ordered lists everybody in the order in which references are given: by first day, then name.
func (b *book) ordered() []*Person {
	out := make([]*Person, 0, len(b.people))
	for _, p := range b.people {
		out = append(out, p)
	}
	slices.SortFunc(out, func(x, y *Person) int {
		if x.Started != y.Started {
			return int(x.Started) - int(y.Started)
		}
		if c := strings.Compare(x.Name, y.Name); c != 0 {
			return c
		}
		return strings.Compare(string(x.ID), string(y.ID))
	})
	return out
}

// hash is over what the directory says of everybody.
func (b *book) hash() string {
	lines := make([]string, 0, len(b.people))
	for _, p := range b.people {
		manager := ""
		if m := b.people[p.Manager]; m != nil {
			manager = m.Ref
		}
		lines = append(lines, fmt.Sprintf("%s %s %q %q %q %q %q %q %s %s %s %d", p.Ref, p.State, p.Number, p.Name, p.Email, p.Department, p.Title, p.Kind,
			manager, dateText(p.Started), dateText(p.Ended), p.Stint))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

// differs reports whether two states of a person differ in what no event tells.
func differs(a, b Person) bool {
	return a.State != b.State || a.Started != b.Started || a.Origin != b.Origin || a.Source != b.Source || a.TrainedFirst != b.TrainedFirst ||
		!sameTime(a.EndedAt, b.EndedAt) || !sameTime(a.Gone, b.Gone)
}

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
