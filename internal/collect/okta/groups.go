package okta

import (
	"context"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// group is a group with, if asked for, Okta's own count of its members.
type group struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Profile struct {
		Name        string  `json:"name"`
		Description *string `json:"description"`
	} `json:"profile"`
	Embedded struct {
		Stats *struct {
			UsersCount *int64 `json:"usersCount"`
		} `json:"stats"`
	} `json:"_embedded"`
}

func (g *group) count() *int64 {
	if g.Embedded.Stats == nil {
		return nil
	}
	return g.Embedded.Stats.UsersCount
}

// everyone is the name of the built-in group that holds every account that is not deprovisioned.
const everyone = "Everyone"

// groups emits the groups and who is in them, and takes Okta's counts of both accounts and memberships from them.
func (r *run) groups(ctx context.Context, p *people) error {
	var groups []httpx.Row[group]
	err := list(ctx, r, "account_group", "GET /api/v1/groups?expand=stats", "/api/v1/groups", url.Values{"limit": {"200"}, "expand": {"stats"}}, func(row httpx.Row[group]) error {
		groups = append(groups, row)
		return nil
	})
	if err := r.report(ctx, "account_group", err); err != nil {
		return err
	}
	if err := r.report(ctx, "group_member", errs.Wrap(err, "the groups could not be listed")); err != nil {
		return err
	}
	r.sink.Note("account_group", "Okta gives no count of groups to compare the list with.")
	var members, uncounted atomic.Int64
	failed := httpx.Each(ctx, parallel, groups, func(ctx context.Context, row httpx.Row[group]) error {
		n := row.Value.count()
		if n == nil {
			uncounted.Add(1)
		} else {
			members.Add(*n)
		}
		return r.group(ctx, row)
	})
	if failed != nil {
		return failed
	}
	if uncounted.Load() == 0 && err == nil {
		r.sink.Total("group_member", members.Load(), "sum of usersCount of GET /api/v1/groups?expand=stats")
	}
	r.countUsers(groups, p)
	return nil
}

// group emits a group and its members.
func (r *run) group(ctx context.Context, row httpx.Row[group]) error {
	g := row.Value
	f := &collect.AccountGroup{ID: g.ID, Name: g.Profile.Name, Kind: collect.NonZero(g.Type), Description: g.Profile.Description, MemberCount: g.count()}
	f.Raw = row.Raw
	if err := r.emit(f); err != nil {
		return err
	}
	path := "/api/v1/groups/" + url.PathEscape(g.ID) + "/users"
	err := list(ctx, r, "group_member", "GET /api/v1/groups/{groupId}/users", path, url.Values{"limit": {"1000"}}, func(u httpx.Row[struct {
		ID string `json:"id"`
	}]) error {
		m := &collect.GroupMember{ID: g.ID + "/" + u.Value.ID, GroupID: g.ID, AccountID: u.Value.ID, Role: collect.Ptr("member")}
		m.Raw = `{"id":"` + u.Value.ID + `"}` // the account's own record is kept once, with the account
		return r.emit(m)
	})
	return r.report(ctx, "group_member", errs.Wrap(err, "members of the group %s", g.Profile.Name))
}

// countUsers compares the accounts with the group that holds all of them but the deprovisioned, which no source counts.
func (r *run) countUsers(groups []httpx.Row[group], p *people) {
	for _, row := range groups {
		g := row.Value
		if g.Type != "BUILT_IN" || g.Profile.Name != everyone || g.count() == nil {
			continue
		}
		if p.listed {
			r.sink.Total("user_account", *g.count()+p.closed, "usersCount of the group Everyone, plus the deprovisioned accounts listed, which that group leaves out")
		}
		return
	}
	r.sink.Note("user_account", "Okta's group Everyone could not be read, so the number of accounts was not compared with its count.")
}

// app is an application.
type app struct {
	ID         string  `json:"id"`
	Label      string  `json:"label"`
	Name       string  `json:"name"`
	Status     string  `json:"status"`
	SignOnMode *string `json:"signOnMode"`
}

// assignment gives an account an application, by itself or through a group.
type assignment struct {
	ID      string     `json:"id"`
	Status  *string    `json:"status"`
	Created *time.Time `json:"created"`
}

// applications emits the applications and who may use them.
func (r *run) applications(ctx context.Context, _ *people) error {
	var apps []string
	err := list(ctx, r, "application", "GET /api/v1/apps", "/api/v1/apps", url.Values{"limit": {"200"}}, func(row httpx.Row[app]) error {
		a := row.Value
		f := &collect.Application{ID: a.ID, Name: a.Label, Status: a.Status, SignOnMode: a.SignOnMode}
		if f.Name == "" {
			f.Name = a.Name
		}
		f.Raw = row.Raw
		apps = append(apps, a.ID)
		return r.emit(f)
	})
	if err := r.report(ctx, "application", err); err != nil {
		return err
	}
	if err := r.report(ctx, "app_assignment", errs.Wrap(err, "the applications could not be listed")); err != nil {
		return err
	}
	r.sink.Note("application", "Okta gives no count of applications to compare the list with.")
	r.sink.Note("app_assignment", "Okta gives no count of assignments to compare the lists with.")
	return httpx.Each(ctx, parallel, apps, func(ctx context.Context, app string) error {
		path := "/api/v1/apps/" + url.PathEscape(app) + "/users"
		err := list(ctx, r, "app_assignment", "GET /api/v1/apps/{appId}/users", path, url.Values{"limit": {"500"}}, func(row httpx.Row[assignment]) error {
			f := &collect.AppAssignment{ID: app + "/" + row.Value.ID, ApplicationID: app, AccountID: row.Value.ID, Status: row.Value.Status, AssignedAt: microsPtr(row.Value.Created)}
			f.Raw = row.Raw
			return r.emit(f)
		})
		return r.report(ctx, "app_assignment", errs.Wrap(err, "assignments of the application %s", app))
	})
}
