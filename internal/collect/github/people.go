package github

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// roster gathers the accounts of an organisation from the lists that together say what is known of them.
type roster struct {
	people []httpx.Row[user]
	admin  map[int64]bool
	weak   map[int64]bool   // without a second factor; nil when the source does not tell
	email  map[int64]string // by SAML identity; nil when there is none
	public map[int64]profile
}

// profile is what an account's public page says; its owner writes it.
type profile struct {
	Name      *string    `json:"name"`
	Email     *string    `json:"email"`
	CreatedAt *time.Time `json:"created_at"`
}

// people emits members and outside collaborators.
func (r *run) people(ctx context.Context) error {
	members, err := r.members(ctx)
	if err := r.report(ctx, "user_account", err); err != nil {
		return err
	}
	outside, err2 := r.outside(ctx)
	if err := r.report(ctx, "user_account", err2); err != nil {
		return err
	}
	if err == nil && err2 == nil {
		if err := r.report(ctx, "user_account", r.countPeople(ctx)); err != nil {
			return err
		}
	}
	for _, m := range members.people {
		if err := r.emit(account(m, members, false)); err != nil {
			return err
		}
	}
	inside := map[int64]bool{}
	for _, m := range members.people {
		inside[m.Value.ID] = true
	}
	for _, o := range outside.people {
		if inside[o.Value.ID] {
			continue
		}
		if err := r.emit(account(o, outside, true)); err != nil {
			return err
		}
	}
	return nil
}

func account(row httpx.Row[user], in *roster, external bool) *collect.UserAccount {
	u := row.Value
	f := &collect.UserAccount{ID: id(u.ID), Login: u.Login, Status: "active", Kind: collect.Ptr("person"), External: &external}
	if u.Type == "Bot" {
		f.Kind = collect.Ptr("service")
	}
	if in.admin != nil {
		f.Admin = collect.Ptr(in.admin[u.ID])
	}
	if in.weak != nil {
		f.SecondFactor = collect.Ptr(!in.weak[u.ID])
	}
	if e, ok := in.email[u.ID]; ok {
		f.Email = &e
	}
	f.Raw = row.Raw
	if p, ok := in.public[u.ID]; ok {
		f.DisplayName, f.CreatedAt = p.Name, microsPtr(p.CreatedAt)
		if f.Email == nil {
			f.Email = p.Email
		}
	}
	return f
}

// members reads the members of each role, those without a second factor, and their SAML identities.
func (r *run) members(ctx context.Context) (*roster, error) {
	in := &roster{admin: map[int64]bool{}}
	path, endpoint := "/orgs/"+esc(r.org)+"/members", "GET /orgs/{org}/members"
	for _, role := range []string{"admin", "member"} {
		err := list(ctx, r, "user_account", endpoint, path, url.Values{"role": {role}, "per_page": {"100"}}, func(row httpx.Row[user]) (bool, error) {
			in.people = append(in.people, row)
			in.admin[row.Value.ID] = role == "admin"
			return true, nil
		})
		if err != nil {
			return in, err
		}
	}
	var err error
	if in.weak, err = r.withoutFactor(ctx, endpoint, path); err != nil {
		return in, err
	}
	in.email, err = r.identities(ctx)
	return in, err
}

// outside reads the outside collaborators.
func (r *run) outside(ctx context.Context) (*roster, error) {
	in := &roster{}
	path, endpoint := "/orgs/"+esc(r.org)+"/outside_collaborators", "GET /orgs/{org}/outside_collaborators"
	err := list(ctx, r, "user_account", endpoint, path, url.Values{"per_page": {"100"}}, func(row httpx.Row[user]) (bool, error) {
		in.people = append(in.people, row)
		return true, nil
	})
	if err != nil || len(in.people) == 0 {
		return in, err
	}
	in.admin = map[int64]bool{}
	if in.weak, err = r.withoutFactor(ctx, endpoint, path); err != nil {
		return in, err
	}
	return in, r.profiles(ctx, in)
}

// profiles reads the public pages of outside collaborators, who have no identity in the organisation's single sign-on:
// they say at least who the person claims to be.
func (r *run) profiles(ctx context.Context, in *roster) error {
	in.public = map[int64]profile{}
	r.sink.Note("user_account", "Names and addresses of outside collaborators are those of their public profiles, which they write themselves.")
	var mu sync.Mutex
	return httpx.Each(ctx, parallel, in.people, func(ctx context.Context, row httpx.Row[user]) error {
		a, err := r.get(ctx, "/users/"+esc(row.Value.Login), nil)
		var p profile
		if err == nil {
			r.sink.Page("user_account", "GET /users/{username}")
			err = a.Decode(&p)
		}
		if err != nil {
			return r.report(ctx, "user_account", errs.Wrap(err, "profile of %s", row.Value.Login))
		}
		mu.Lock()
		defer mu.Unlock()
		in.public[row.Value.ID] = p
		return nil
	})
}

// withoutFactor lists who lacks a second factor. GitHub tells owners alone; nil is not known.
func (r *run) withoutFactor(ctx context.Context, endpoint, path string) (map[int64]bool, error) {
	weak := map[int64]bool{}
	err := list(ctx, r, "user_account", endpoint+"?filter=2fa_disabled", path, url.Values{"filter": {"2fa_disabled"}, "per_page": {"100"}}, func(row httpx.Row[user]) (bool, error) {
		weak[row.Value.ID] = true
		return true, nil
	})
	if err == nil {
		return weak, nil
	}
	if ctx.Err() != nil {
		return nil, err
	}
	if s := httpx.StatusOf(err); s == 403 || s == 422 || s == 404 {
		r.sink.Note("user_account", "GitHub tells owners alone who has a second factor, and the credential is not one of an owner: it is not known.")
	}
	r.sink.Failed("user_account", errs.Wrap(err, "who lacks a second factor"))
	return nil, nil //nolint:nilnil // nobody is known to lack one; the failure is reported
}

// countPeople asks for the number of members and outside collaborators in requests of their own.
func (r *run) countPeople(ctx context.Context) error {
	var sum int64
	for _, part := range []string{"members", "outside_collaborators"} {
		n, err := r.count(ctx, "user_account", "GET /orgs/{org}/"+part+"?per_page=1", "/orgs/"+esc(r.org)+"/"+part, nil)
		if err != nil {
			return errs.Wrap(err, "count %s", part)
		}
		sum += n
	}
	r.sink.Total("user_account", sum, "last page of GET /orgs/{org}/members and /outside_collaborators at one row a page")
	return nil
}

// identityQuery asks for SAML identities; the NameID of most identity providers is the work address.
const identityQuery = `query($org: String!, $n: Int!, $after: String) {
  organization(login: $org) {
    samlIdentityProvider {
      externalIdentities(first: $n, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        edges { node { guid samlIdentity { nameId } user { login databaseId } } }
      }
    }
  }
}`

type identityAnswer struct {
	Data struct {
		Organization *struct {
			Provider *struct {
				Identities struct {
					TotalCount int64 `json:"totalCount"`
					PageInfo   struct {
						HasNextPage bool   `json:"hasNextPage"`
						EndCursor   string `json:"endCursor"`
					} `json:"pageInfo"`
					Edges []struct {
						Node struct {
							SAML *struct {
								NameID string `json:"nameId"`
							} `json:"samlIdentity"`
							User *struct {
								DatabaseID int64 `json:"databaseId"`
							} `json:"user"`
						} `json:"node"`
					} `json:"edges"`
				} `json:"externalIdentities"`
			} `json:"samlIdentityProvider"`
		} `json:"organization"`
	} `json:"data"`
	Errors []struct {
		Message string `json:"message"`
	} `json:"errors"`
}
