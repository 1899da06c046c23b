package github

import (
	"context"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// team is a team as the list and its own document show it; only the latter counts members.
type team struct {
	ID           int64     `json:"id"`
	Name         string    `json:"name"`
	Slug         string    `json:"slug"`
	Description  *string   `json:"description"`
	Privacy      *string   `json:"privacy"`
	MembersCount *int64    `json:"members_count"`
	Parent       *struct{} `json:"parent"`
}

// teams emits the teams and who is in them.
func (r *run) teams(ctx context.Context) error {
	path, endpoint := "/orgs/"+esc(r.org)+"/teams", "GET /orgs/{org}/teams"
	var teams []httpx.Row[team]
	err := list(ctx, r, "account_group", endpoint, path, url.Values{"per_page": {"100"}}, func(row httpx.Row[team]) (bool, error) {
		teams = append(teams, row)
		return true, nil
	})
	if err != nil {
		if err := r.report(ctx, "account_group", err); err != nil {
			return err
		}
		return r.report(ctx, "group_member", errs.Wrap(err, "the teams could not be listed"))
	}
	n, err := r.count(ctx, "account_group", endpoint+"?per_page=1", path, nil)
	if err == nil {
		r.sink.Total("account_group", n, "last page of GET /orgs/{org}/teams at one row a page")
	} else if err := r.report(ctx, "account_group", errs.Wrap(err, "count teams")); err != nil {
		return err
	}
	var members, unknown atomic.Int64
	err = httpx.Each(ctx, parallel, teams, func(ctx context.Context, t httpx.Row[team]) error {
		count, err := r.team(ctx, path, t)
		if count == nil || t.Value.Parent != nil {
			unknown.Add(1) // a parent's list holds its children's members too, and GitHub does not say how it counts those
		} else {
			members.Add(*count)
		}
		return err
	})
	if err != nil {
		return err
	}
	if unknown.Load() == 0 {
		r.sink.Total("group_member", members.Load(), "sum of members_count of GET /orgs/{org}/teams/{team_slug}")
	} else {
		r.sink.Note("group_member", "There are teams inside teams, or teams that could not be read, so the number of members was not compared with GitHub's own count.")
	}
	return nil
}

// team emits one team and its members, and returns how many GitHub says it has.
func (r *run) team(ctx context.Context, path string, row httpx.Row[team]) (*int64, error) {
	own := path + "/" + esc(row.Value.Slug)
	if a, err := r.get(ctx, own, nil); err == nil {
		r.sink.Page("account_group", "GET /orgs/{org}/teams/{team_slug}")
		var full team
		if err := a.Decode(&full); err == nil {
			row = httpx.Row[team]{Value: full, Raw: string(a.Body)}
		} else if err := r.report(ctx, "account_group", errs.Wrap(err, "team %s", row.Value.Slug)); err != nil {
			return nil, err
		}
	} else if err := r.report(ctx, "account_group", errs.Wrap(err, "team %s", row.Value.Slug)); err != nil {
		return nil, err
	}
	t := row.Value
	f := &collect.AccountGroup{ID: id(t.ID), Name: t.Name, Kind: collect.Ptr("team"), Description: t.Description, MemberCount: t.MembersCount}
	f.Raw = row.Raw
	if err := r.emit(f); err != nil {
		return nil, err
	}
	for _, role := range []string{"maintainer", "member"} {
		query := url.Values{"role": {role}, "per_page": {"100"}}
		err := list(ctx, r, "group_member", "GET /orgs/{org}/teams/{team_slug}/members", own+"/members", query, func(u httpx.Row[user]) (bool, error) {
			m := &collect.GroupMember{ID: f.ID + "/" + id(u.Value.ID), GroupID: f.ID, AccountID: id(u.Value.ID), Role: collect.Ptr(role)}
			m.Raw = u.Raw
			return true, r.emit(m)
		})
		if err := r.report(ctx, "group_member", errs.Wrap(err, "members of the team %s", strings.TrimSpace(t.Slug))); err != nil {
			return nil, err
		}
	}
	return t.MembersCount, nil
}
