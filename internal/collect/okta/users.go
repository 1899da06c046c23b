package okta

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// user is an account.
type user struct {
	ID              string     `json:"id"`
	Status          string     `json:"status"`
	Created         *time.Time `json:"created"`
	Activated       *time.Time `json:"activated"`
	StatusChanged   *time.Time `json:"statusChanged"`
	LastLogin       *time.Time `json:"lastLogin"`
	PasswordChanged *time.Time `json:"passwordChanged"`
	Profile         struct {
		Login          string  `json:"login"`
		Email          *string `json:"email"`
		FirstName      string  `json:"firstName"`
		LastName       string  `json:"lastName"`
		DisplayName    *string `json:"displayName"`
		EmployeeNumber *string `json:"employeeNumber"`
		UserType       *string `json:"userType"`
	} `json:"profile"`
}

// people gathers what several lists say of the accounts, until they are emitted.
type people struct {
	users  []httpx.Row[user]
	closed int64 // deprovisioned among them
	listed bool  // both lists were read to the end
	admins map[string]bool

	mu     sync.Mutex
	factor map[string]bool // whether an account has an active factor; absent is not known
}

// listUsers reads all accounts. The plain list leaves out deprovisioned ones, which are asked for apart.
func (r *run) listUsers(ctx context.Context, p *people) error {
	seen := map[string]bool{}
	keep := func(row httpx.Row[user]) error {
		if seen[row.Value.ID] { // deprovisioned between the two lists: the second is the newer
			i := slices.IndexFunc(p.users, func(u httpx.Row[user]) bool { return u.Value.ID == row.Value.ID })
			p.users[i] = row
			return nil
		}
		seen[row.Value.ID] = true
		p.users = append(p.users, row)
		return nil
	}
	err := list(ctx, r, "user_account", "GET /api/v1/users", "/api/v1/users", url.Values{"limit": {"200"}}, keep)
	if err == nil {
		query := url.Values{"limit": {"200"}, "filter": {`status eq "DEPROVISIONED"`}}
		err = list(ctx, r, "user_account", `GET /api/v1/users?filter=status eq "DEPROVISIONED"`, "/api/v1/users", query, keep)
	}
	for _, u := range p.users {
		if u.Value.Status == "DEPROVISIONED" {
			p.closed++
		}
	}
	p.listed = err == nil
	return r.report(ctx, "user_account", err)
}

// status turns Okta's states into those of facts. RECOVERY and PASSWORD_EXPIRED are accounts in use whose password must
// be set anew; PROVISIONED ones wait for their first sign-in.
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/
func status(s string) string {
	switch s {
	case "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED":
		return "active"
	case "STAGED", "PROVISIONED":
		return "staged"
	case "SUSPENDED":
		return "suspended"
	case "LOCKED_OUT":
		return "locked"
	case "DEPROVISIONED":
		return "deprovisioned"
	}
	return strings.ToLower(s)
}

// emitUsers emits the accounts with what the other lists said of them.
func (r *run) emitUsers(_ context.Context, p *people) error {
	for _, row := range p.users {
		u := row.Value
		f := &collect.UserAccount{
			ID: u.ID, Login: u.Profile.Login, Email: u.Profile.Email, DisplayName: u.displayName(), Status: status(u.Status), Kind: collect.Ptr("person"),
			EmployeeNumber: u.Profile.EmployeeNumber, CreatedAt: microsPtr(u.Created), ActivatedAt: microsPtr(u.Activated),
			StatusChangedAt: microsPtr(u.StatusChanged), LastSignInAt: microsPtr(u.LastLogin), PasswordChangedAt: microsPtr(u.PasswordChanged),
		}
		if r.service(&u) {
			f.Kind = collect.Ptr("service")
		}
		if p.admins != nil {
			f.Admin = collect.Ptr(p.admins[u.ID])
		}
		if has, known := p.factor[u.ID]; known {
			f.SecondFactor = &has
		}
		f.Raw = row.Raw
		if err := r.emit(f); err != nil {
			return err
		}
	}
	return nil
}

func (u *user) displayName() *string {
	if n := u.Profile.DisplayName; n != nil && *n != "" {
		return n
	}
	return collect.NonZero(strings.TrimSpace(u.Profile.FirstName + " " + u.Profile.LastName))
}

func (r *run) service(u *user) bool {
	return r.prefix != "" && strings.HasPrefix(strings.ToLower(u.Profile.Login), r.prefix) ||
		r.utype != "" && u.Profile.UserType != nil && strings.ToLower(*u.Profile.UserType) == r.utype
}

// grant is an administrative role of an account, its own or a group's.
type grant struct {
	ID      string     `json:"id"`
	Label   *string    `json:"label"`
	Type    string     `json:"type"`
	Status  string     `json:"status"`
	Created *time.Time `json:"created"`
}

// roles emits the administrative roles: first who holds any, then which.
func (r *run) roles(ctx context.Context, p *people) error {
	holders, err := r.roleHolders(ctx)
	if err == nil {
		p.admins = map[string]bool{}
		for _, h := range holders {
			p.admins[h] = true
		}
	}
	if err := r.report(ctx, "role_grant", err); err != nil {
		return err
	}
	r.sink.Note("role_grant", "Okta gives no count of role assignments to compare the lists with.")
	return httpx.Each(ctx, parallel, holders, func(ctx context.Context, account string) error {
		path := "/api/v1/users/" + url.PathEscape(account) + "/roles"
		err := list(ctx, r, "role_grant", "GET /api/v1/users/{userId}/roles", path, nil, func(row httpx.Row[grant]) error {
			g := row.Value
			if g.Status != "" && g.Status != "ACTIVE" {
				return nil
			}
			f := &collect.RoleGrant{ID: account + "/" + g.ID, AccountID: account, Role: g.Type, Label: g.Label, GrantedAt: microsPtr(g.Created)}
			f.Raw = row.Raw
			return r.emit(f)
		})
		return r.report(ctx, "role_grant", errs.Wrap(err, "roles of the account %s", account))
	})
}

// roleHolders lists the accounts that hold a role. The list carries its next page in the body.
func (r *run) roleHolders(ctx context.Context) ([]string, error) {
	type page struct {
		Value []struct {
			ID string `json:"id"`
		} `json:"value"`
		Links struct {
			Next *struct {
				Href string `json:"href"`
			} `json:"next"`
		} `json:"_links"`
	}
	req, err := r.request(ctx, "/api/v1/iam/assignees/users", url.Values{"limit": {"100"}})
	if err != nil {
		return nil, err
	}
	var out []string
	var last page
	next := func(a *httpx.Answer) (string, error) {
		if last.Links.Next != nil {
			return last.Links.Next.Href, nil
		}
		return httpx.NextLink(a.Header), nil
	}
	for a, err := range httpx.PagesBy(ctx, r.http, req, next) {
		if err != nil {
			return out, err
		}
		r.sink.Page("role_grant", "GET /api/v1/iam/assignees/users")
		last = page{}
		if err := a.Decode(&last); err != nil {
			return out, err
		}
		if last.Value == nil {
			return out, errs.New(errs.Invalid, "the list of accounts with a role has no value")
		}
		for _, v := range last.Value {
			if v.ID != "" && !slices.Contains(out, v.ID) {
				out = append(out, v.ID)
			}
		}
	}
	return out, nil
}
