package review

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
)

// Service is the use cases of access reviews.
type Service struct {
	Store       Store
	Counts      Counts
	Members     Members
	Directory   Directory
	Connections Connections
	Resources   func(collect.Connection) []string // what a connection reads
	Snapshots   Snapshots
	Facts       Facts
	Archive     Archive
	Tasks       Tasks // may be nil: then nobody is given any
	Tx          access.Tx
	Ledger      access.Recorder
}

// Bounds of what people write, in characters, and of a review.
const (
	MaxTitle   = 200
	MaxWhy     = 2000
	MaxReason  = 1000
	minReason  = 10
	maxSystems = 40
	maxRows    = 100_000
	maxAtOnce  = 5000
	// executeDays is how long a change or removal may take (control IAM-05).
	executeDays = 10
	// freshHours is how old a snapshot may be when its rows are frozen: the population is the live list of users.
	freshHours = 24
	farDays    = 366
)

// mayRead reports an error unless the scope may see reviews. Those who may not read the directory see what they decide on.
func (s *Service) mayRead(scope access.ReadScope) error {
	if scope.Can(access.ReadPeople) {
		return nil
	}
	return scope.Require(access.DecideReviews)
}

// own narrows to the reader's own rows where they may see no others.
func own(scope access.ReadScope) access.UserID {
	if scope.Can(access.ReadPeople) {
		return ""
	}
	return scope.User()
}

// Review reads a review by identifier or reference, with counts as of an instant.
func (s *Service) Review(ctx context.Context, scope access.ReadScope, now time.Time, ref string) (Review, error) {
	if err := s.mayRead(scope); err != nil {
		return Review{}, err
	}
	r, err := s.Store.Review(ctx, scope, ref, now)
	if who := own(scope); err == nil && who != "" {
		mine, err := s.Store.Rows(ctx, scope, RowFilter{Review: r.ID, Reviewer: who}, paging.Query{Size: 1})
		if err != nil {
			return Review{}, err
		}
		if mine.Total == 0 {
			return Review{}, errs.New(errs.NotFound, "no access review %s", ref)
		}
	}
	return r, err
}

// List lists reviews, newest first. Sort names: ref, title, state, due, started, undecided.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Review], error) {
	if err := s.mayRead(scope); err != nil {
		return paging.Result[Review]{}, err
	}
	if who := own(scope); who != "" {
		f.Reviewer = who
	}
	return s.Store.Reviews(ctx, scope, f, q)
}

// Systems lists the systems of a review with counts as of an instant.
func (s *Service) Systems(ctx context.Context, scope access.ReadScope, id ID, at time.Time) ([]System, error) {
	if err := s.mayRead(scope); err != nil {
		return nil, err
	}
	return s.Store.Systems(ctx, scope, id, at)
}

// Rows lists rows. Sort names: n, login, person, sign_in, decision, reviewer, since, until, flags.
func (s *Service) Rows(ctx context.Context, scope access.ReadScope, f RowFilter, q paging.Query) (paging.Result[Row], error) {
	if err := s.mayRead(scope); err != nil {
		return paging.Result[Row]{}, err
	}
	if who := own(scope); who != "" {
		f.Reviewer = who
	}
	return s.Store.Rows(ctx, scope, f, q)
}

// Row reads one row.
func (s *Service) Row(ctx context.Context, scope access.ReadScope, id ID, n int) (Row, error) {
	res, err := s.Rows(ctx, scope, RowFilter{Review: id, Numbers: []int{n}}, paging.Query{Size: 1})
	if err == nil && len(res.Rows) == 0 {
		err = errs.New(errs.NotFound, "the review has no row %d", n)
	}
	if err != nil {
		return Row{}, err
	}
	return res.Rows[0], nil
}

// Tallies counts rows by "reviewer", "system", "flag", "since", "decision" or "follow".
func (s *Service) Tallies(ctx context.Context, scope access.ReadScope, f RowFilter, by string, at time.Time) (map[string]Tally, error) {
	if err := s.mayRead(scope); err != nil {
		return nil, err
	}
	if who := own(scope); who != "" {
		f.Reviewer = who
	}
	return s.Store.Tallies(ctx, scope, f, by, at)
}

// CountSystems counts the populations of reviews that began at or after an instant.
func (s *Service) CountSystems(ctx context.Context, scope access.ReadScope, from time.Time) (int64, error) {
	if err := s.mayRead(scope); err != nil {
		return 0, err
	}
	return s.Counts.CountSystems(ctx, scope, from)
}

// CountPlans counts the plans.
func (s *Service) CountPlans(ctx context.Context, scope access.ReadScope) (int64, error) {
	if err := s.mayRead(scope); err != nil {
		return 0, err
	}
	return s.Counts.CountPlans(ctx, scope)
}

// History lists what happened to a row, oldest first, and the same access in every review, newest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, r Row) ([]Event, []Row, error) {
	if err := s.mayRead(scope); err != nil {
		return nil, nil, err
	}
	events, err := s.Store.Events(ctx, scope, r.Review, r.N)
	if err != nil {
		return nil, nil, err
	}
	systems, err := s.Store.Systems(ctx, scope, r.Review, time.Time{})
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(systems, func(x System) bool { return x.Slug == r.System })
	if i < 0 {
		return events, nil, nil
	}
	same, err := s.Store.Rows(ctx, scope, RowFilter{Connection: systems[i].Connection, Resource: systems[i].Resource, Key: r.Key, Reviewer: own(scope)}, paging.Query{Size: 100, Sort: "review", Desc: true})
	return events, same.Rows, err
}

// who indexes the members who may decide, by identifier and by address.
type who struct {
	byID    map[access.UserID]access.Member
	byEmail map[string]access.UserID
}

func (s *Service) who(ctx context.Context, scope access.ReadScope) (who, error) {
	all, err := s.Members.Members(ctx, scope)
	w := who{map[access.UserID]access.Member{}, map[string]access.UserID{}}
	for _, m := range all {
		w.byID[m.ID] = m
		w.byEmail[strings.ToLower(m.Email)] = m.ID
	}
	return w, err
}

// able reports whether a member can decide: with an account that is not blocked and a role that may.
func (w who) able(u access.UserID) bool {
	m, ok := w.byID[u]
	return ok && !m.Disabled && m.Role.May(access.DecideReviews)
}

// subject reports whether a member is who uses the access.
func (w who) subject(r Row, u access.UserID) bool {
	if u == "" {
		return false
	}
	if r.PersonUser == u {
		return true
	}
	for _, address := range []string{r.Email, r.Login} {
		if address != "" && w.byEmail[strings.ToLower(address)] == u {
			return true
		}
	}
	return false
}

// reviewer finds a member who can decide, by identifier or email.
func (s *Service) reviewer(ctx context.Context, scope access.ReadScope, field, name string) (access.UserID, error) {
	if name = strings.TrimSpace(name); name == "" {
		return "", errs.New(errs.Invalid, "choose somebody").At(field)
	}
	w, err := s.who(ctx, scope)
	if err != nil {
		return "", err
	}
	id := access.UserID(name)
	if u, ok := w.byEmail[strings.ToLower(name)]; ok {
		id = u
	}
	m, ok := w.byID[id]
	if !ok {
		return "", errs.New(errs.Invalid, "nobody here has the identifier or email %q", name).At(field)
	}
	if !w.able(id) {
		return "", errs.New(errs.Invalid, "%s cannot decide: the account is blocked or only reads", m.Email).At(field).WithHint("Choose somebody else.")
	}
	return id, nil
}

// directory indexes people by what accounts carry. What fits two people fits nobody: that is said as an orphan, not guessed.
type directory struct {
	byNumber, byEmail map[string]people.Person
	byID              map[people.ID]people.Person
}

func (s *Service) directory(ctx context.Context, scope access.ReadScope) (directory, error) {
	all, err := s.Directory.Everyone(ctx, scope, people.Filter{})
	d := directory{map[string]people.Person{}, map[string]people.Person{}, map[people.ID]people.Person{}}
	twice := map[string]bool{}
	keep := func(m map[string]people.Person, kind, key string, p people.Person) {
		if key = strings.ToLower(key); key == "" {
			return
		}
		was, there := m[key]
		switch {
		case !there && !twice[kind+key], there && !was.Works() && p.Works():
			m[key] = p
		case there && was.Works() == p.Works():
			twice[kind+key] = true
			delete(m, key)
		}
	}
	for _, p := range all {
		d.byID[p.ID] = p
		keep(d.byNumber, "n", p.Number, p)
		keep(d.byEmail, "e", p.Email, p)
	}
	return d, err
}

// of finds whose an account is: by employee number, and where that finds nobody by address.
func (d directory) of(number *string, addresses ...string) (people.Person, bool) {
	if number != nil && *number != "" {
		if p, ok := d.byNumber[strings.ToLower(*number)]; ok {
			return p, true
		}
	}
	for _, a := range addresses {
		if p, ok := d.byEmail[strings.ToLower(a)]; ok && a != "" {
			return p, true
		}
	}
	return people.Person{}, false
}
