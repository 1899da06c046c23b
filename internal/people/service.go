package people

import (
	"context"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Service is the use cases of the directory, of devices and of roles.
type Service struct {
	Store   Store
	Sources Sources
	Devices Devices
	Roles   Roles
	Users   Users
	Tx      access.Tx
	Ledger  access.Recorder
}

// Person reads a person by identifier, reference, address or employee number.
func (s *Service) Person(ctx context.Context, scope access.ReadScope, key string) (Person, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return Person{}, err
	}
	p, err := s.Store.Person(ctx, scope, strings.TrimSpace(key))
	if err != nil {
		return p, err
	}
	one := []Person{p}
	err = s.users(ctx, scope, one)
	return one[0], err
}

// List lists people. Sort names: ref, name, department, title, manager, started, ended, state.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Person], error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return paging.Result[Person]{}, err
	}
	res, err := s.Store.People(ctx, scope, f, q)
	if err == nil {
		err = s.users(ctx, scope, res.Rows)
	}
	return res, err
}

// Everyone lists people by name, without pages.
func (s *Service) Everyone(ctx context.Context, scope access.ReadScope, f Filter) ([]Person, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	all, err := s.Store.Everyone(ctx, scope, f)
	if err == nil {
		err = s.users(ctx, scope, all)
	}
	return all, err
}

// Facets counts people by what lists filter by: "state", "department", "kind".
func (s *Service) Facets(ctx context.Context, scope access.ReadScope, f Filter) (map[string]map[string]int, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	return s.Store.Facets(ctx, scope, f)
}

// Of finds the person behind an account of this program: whoever has its address. People may ask about themselves.
func (s *Service) Of(ctx context.Context, scope access.ReadScope, user access.UserID) (Person, bool, error) {
	if user == "" {
		return Person{}, false, nil
	}
	if user != scope.User() {
		if err := scope.Require(access.ReadPeople); err != nil {
			return Person{}, false, err
		}
	}
	members, err := s.Users.Members(ctx, scope)
	if err != nil {
		return Person{}, false, err
	}
	for _, m := range members {
		if m.ID != user {
			continue
		}
		p, err := s.Store.Person(ctx, scope, m.Email)
		if errs.Is(err, errs.NotFound) || err == nil && !strings.EqualFold(p.Email, m.Email) {
			return Person{}, false, nil
		}
		p.User = user
		return p, err == nil, err
	}
	return Person{}, false, nil
}

// Known reads people by identifier for those who need names: whoever reads the directory, or works on tasks here.
func (s *Service) Known(ctx context.Context, scope access.ReadScope, ids []ID) (map[ID]Person, error) {
	if !scope.Can(access.ReadPeople) {
		if err := scope.Require(access.ReadTasks); err != nil {
			return nil, err
		}
	}
	out := map[ID]Person{}
	if len(ids) == 0 {
		return out, nil
	}
	all, err := s.Store.Everyone(ctx, scope, Filter{IDs: ids})
	for _, p := range all {
		out[p.ID] = p
	}
	return out, err
}

// users fills the accounts that people have in this program.
func (s *Service) users(ctx context.Context, scope access.ReadScope, all []Person) error {
	if s.Users == nil || len(all) == 0 {
		return nil
	}
	members, err := s.Users.Members(ctx, scope)
	if err != nil {
		return err
	}
	by := make(map[string]access.UserID, len(members))
	for _, m := range members {
		by[strings.ToLower(m.Email)] = m.ID
	}
	for i := range all {
		all[i].User = by[strings.ToLower(all[i].Email)]
	}
	return nil
}

// History lists what happened to a person, oldest first.
func (s *Service) History(ctx context.Context, scope access.ReadScope, id ID) ([]Event, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	return s.Store.History(ctx, scope, id)
}

// Stints lists a person's stretches of employment, oldest first.
func (s *Service) Stints(ctx context.Context, scope access.ReadScope, id ID) ([]Stint, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	all, err := s.Store.Stints(ctx, scope, []ID{id})
	return all[id], err
}

// Accounts lists accounts, by system and login.
func (s *Service) Accounts(ctx context.Context, scope access.ReadScope, f AccountFilter) ([]Account, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	return s.Sources.Accounts(ctx, scope, f)
}

// Doubts lists what the sources do not agree on, the gravest first.
func (s *Service) Doubts(ctx context.Context, scope access.ReadScope) ([]Doubt, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	return s.Sources.Doubts(ctx, scope)
}

// Told lists the sources of the directory and what was read from each last.
func (s *Service) Told(ctx context.Context, scope access.ReadScope) ([]Told, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	return s.Sources.Told(ctx, scope)
}
