package review

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

func asError(err error, e **errs.Error) bool { return errors.As(err, e) }

// grants is what accounts of a connection hold beside themselves.
type grants struct {
	accounts map[string]*collect.UserAccount
	groups   map[string][]string // names, by account
	roles    map[string][]string
	name     map[string]string // of groups and applications
}

// closed reports whether nobody can use an account: the source says that it ended.
func closed(a *collect.UserAccount) bool { return a.Status == "deprovisioned" }

// facts reads the newest complete snapshot of a resource of a connection; none for what was never collected or is not complete.
func (s *Service) facts(ctx context.Context, scope access.ReadScope, now time.Time, c collect.Connection, resource string, emit func(collect.Fact) error) error {
	it, err := s.latest(ctx, scope, c, resource, now)
	if errs.Is(err, errs.NotFound) || err == nil && !it.Completeness.Usable() {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Facts.Read(ctx, resource, it.Path, emit)
}

// held reads accounts, groups and roles of a connection.
func (s *Service) held(ctx context.Context, scope access.ReadScope, now time.Time, c collect.Connection) (grants, error) {
	g := grants{map[string]*collect.UserAccount{}, map[string][]string{}, map[string][]string{}, map[string]string{}}
	take := func(f collect.Fact) error {
		switch f := f.(type) {
		case *collect.UserAccount:
			g.accounts[f.ID] = f
		case *collect.AccountGroup:
			g.name[f.ID] = f.Name
		case *collect.Application:
			g.name[f.ID] = f.Name
		case *collect.GroupMember:
			g.groups[f.AccountID] = append(g.groups[f.AccountID], cmp.Or(g.name[f.GroupID], f.GroupID))
		case *collect.RoleGrant:
			g.roles[f.AccountID] = append(g.roles[f.AccountID], roleName(f))
		}
		return nil
	}
	for _, r := range []string{"user_account", "account_group", "application", "group_member", "role_grant"} { // names before what uses them
		if err := s.facts(ctx, scope, now, c, r, take); err != nil {
			return g, err
		}
	}
	for _, m := range []map[string][]string{g.groups, g.roles} {
		for k := range m {
			slices.Sort(m[k])
			m[k] = slices.Compact(m[k])
		}
	}
	return g, nil
}

func roleName(f *collect.RoleGrant) string {
	if f.Label != nil && *f.Label != "" {
		return *f.Label
	}
	return f.Role
}

// read makes the rows of a snapshot. left counts those that give no access any more.
func (s *Service) read(ctx context.Context, scope access.ReadScope, now time.Time, c collect.Connection, resource string, it evidence.Item, people directory) (rows []Row, left int64, err error) {
	var g grants
	if resource != "host_account" {
		if g, err = s.held(ctx, scope, now, c); err != nil {
			return nil, 0, err
		}
	}
	err = s.Facts.Read(ctx, resource, it.Path, func(f collect.Fact) error {
		r := Row{Key: f.Key()}
		switch f := f.(type) {
		case *collect.UserAccount:
			g.fill(&r, f)
		case *collect.RoleGrant:
			g.fill(&r, g.account(f.AccountID))
			r.Grant, r.Admin = "Role "+roleName(f), collect.Ptr(true)
		case *collect.GroupMember:
			g.fill(&r, g.account(f.AccountID))
			r.Grant = "Group " + cmp.Or(g.name[f.GroupID], f.GroupID)
		case *collect.AppAssignment:
			g.fill(&r, g.account(f.AccountID))
			r.Grant = "Application " + cmp.Or(g.name[f.ApplicationID], f.ApplicationID)
		case *collect.HostAccount:
			if f.Login != nil && !*f.Login { // nobody can sign in with it
				left++
				return nil
			}
			r.Account, r.Login, r.Status, r.Admin = f.ID, f.Name+"@"+f.Host, "active", collect.Ptr(f.UID == 0)
			r.Service = f.UID < firstPersonUID
			if f.Groups != nil && *f.Groups != "" {
				r.Groups = strings.Split(*f.Groups, ",")
			}
		}
		if r.Status == "deprovisioned" {
			left++
			return nil
		}
		r.whose(g.accounts[r.Account], people)
		rows = append(rows, r)
		return nil
	})
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Login), strings.ToLower(b.Login)), cmp.Compare(a.Grant, b.Grant), cmp.Compare(a.Key, b.Key))
	})
	return rows, left, err
}

// firstPersonUID is where numbers of people's accounts begin on the machines of Debian and its relatives (adduser.conf).
const firstPersonUID = 1000

// account is an account by identifier; one that the snapshot of accounts lacks has only that.
func (g grants) account(id string) *collect.UserAccount {
	if a := g.accounts[id]; a != nil {
		return a
	}
	return &collect.UserAccount{ID: id, Login: id, Status: "unknown"}
}

// fill takes what a source says about an account.
func (g grants) fill(r *Row, a *collect.UserAccount) {
	r.Account, r.Login, r.Status, r.Admin = a.ID, a.Login, a.Status, a.Admin
	r.SignIn, r.Created = a.LastSignInAt, a.CreatedAt
	r.Service = a.Kind != nil && *a.Kind == "service"
	r.Groups, r.Roles = g.groups[a.ID], g.roles[a.ID]
	if a.DisplayName != nil {
		r.Name = *a.DisplayName
	}
	if a.Email != nil {
		r.Email = *a.Email
	}
}

// whose finds the person.
func (r *Row) whose(a *collect.UserAccount, d directory) {
	var number *string
	if a != nil {
		number = a.EmployeeNumber
	}
	p, ok := d.of(number, r.Email, r.Login)
	if !ok {
		return
	}
	r.Person, r.PersonRef, r.PersonName, r.PersonUser, r.State, r.Department = p.ID, p.Ref, p.Name, p.User, p.State, p.Department
}

// compare says of each row how it differs from the last review of the same population that was closed.
func (s *Service) compare(ctx context.Context, scope access.ReadScope, x System, rows []Row) error {
	prior, ref, err := s.before(ctx, scope, x)
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		was, there := prior[r.Key]
		switch {
		case ref == "":
			r.Since = First
		case !there:
			r.Since = Fresh
		default:
			r.Prior, r.Was, r.Since = ref+"/"+itoa(was.N), was.Decision, Same
			if r.Diff = difference(was, *r); r.Diff != "" {
				r.Since = Altered
			}
		}
	}
	return nil
}

// before reads the rows of the last closed review of a population, by key.
func (s *Service) before(ctx context.Context, scope access.ReadScope, x System) (map[string]Row, string, error) {
	all, err := s.Store.Reviews(ctx, scope, Filter{State: Closed, Connection: x.Connection}, paging.Query{Size: 20, Sort: "started", Desc: true})
	if err != nil {
		return nil, "", err
	}
	for _, r := range all.Rows {
		rows := map[string]Row{}
		for q := (paging.Query{Page: 1, Size: paging.MaxSize}); ; q.Page++ {
			res, err := s.Store.Rows(ctx, scope, RowFilter{Review: r.ID, System: x.Slug}, q)
			if err != nil {
				return nil, "", err
			}
			for _, row := range res.Rows {
				rows[row.Key] = row
			}
			if q.Page >= res.Pages() {
				break
			}
		}
		if len(rows) > 0 {
			return rows, r.Ref, nil
		}
	}
	return nil, "", nil
}

// difference says what an access may do more or less than before; empty for nothing.
func difference(was, is Row) string {
	var out []string
	add := func(what string, was, is []string) {
		for _, x := range is {
			if !slices.Contains(was, x) {
				out = append(out, "+ "+what+" "+x)
			}
		}
		for _, x := range was {
			if !slices.Contains(is, x) {
				out = append(out, "− "+what+" "+x)
			}
		}
	}
	add("role", was.Roles, is.Roles)
	add("group", was.Groups, is.Groups)
	if was.Admin != nil && is.Admin != nil && *was.Admin != *is.Admin {
		out = append(out, map[bool]string{true: "+ administrator", false: "− administrator"}[*is.Admin])
	}
	if was.Login != is.Login {
		out = append(out, "was called "+was.Login)
	}
	return strings.Join(out, ", ")
}
