package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Check makes one small request for each permission.
func (c Connector) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := c.start(ctx, e, nopSink{})
	if err != nil {
		return nil, err
	}
	p := grants()
	org := "/orgs/" + esc(r.org)
	one := url.Values{"per_page": {"1"}}
	a, err := r.get(ctx, org+"/repos", one)
	switch {
	case errs.Is(err, errs.Unavailable), errs.Is(err, errs.Exhausted):
		return nil, err
	case errs.Is(err, errs.Denied) && httpx.StatusOf(err) == 401:
		return nil, err // no permission can be judged with a credential that is not one
	}
	p[0] = verdict(p[0], a, err)
	p[1] = r.try(ctx, p[1], org+"/members", one)
	p[2] = r.try(ctx, p[2], org+"/members", url.Values{"filter": {"2fa_disabled"}, "per_page": {"1"}})
	p[8] = r.try(ctx, p[8], org+"/dependabot/alerts", one)
	repo := firstRepo(a)
	if repo == nil {
		for _, i := range []int{3, 4, 5, 6, 7} {
			p[i].Detail = "there is no repository to try it on"
		}
		return p, nil
	}
	own := repoPath(repo.FullName)
	p[3] = r.try(ctx, p[3], own+"/branches/"+esc(repo.DefaultBranch)+"/protection", nil)
	p[4] = r.try(ctx, p[4], own+"/pulls", one)
	p[5] = r.try(ctx, p[5], own+"/commits/"+esc(repo.DefaultBranch)+"/status", one)
	p[6] = r.try(ctx, p[6], own+"/commits/"+esc(repo.DefaultBranch)+"/check-runs", one)
	p[7] = r.try(ctx, p[7], own+"/deployments", one)
	return p, nil
}

func firstRepo(a *httpx.Answer) *repository {
	var list []repository
	if a == nil || json.Unmarshal(a.Body, &list) != nil || len(list) == 0 {
		return nil
	}
	return &list[0]
}

func (r *run) try(ctx context.Context, p collect.Permission, path string, query url.Values) collect.Permission {
	a, err := r.get(ctx, path, query)
	if notProtected(err) || says(err, "No commit found") || says(err, "Git Repository is empty") {
		err = nil // it may be read; there is nothing
	}
	return verdict(p, a, err)
}

// verdict reads from an answer whether the permission is there. GitHub hides what may not be seen behind 404.
func verdict(p collect.Permission, a *httpx.Answer, err error) collect.Permission {
	switch {
	case err == nil:
		p.Granted = collect.Ptr(true)
		if a != nil {
			p.Detail = scopes(a.Header.Get("X-OAuth-Scopes"))
		}
	case errs.Is(err, errs.Denied), missing(err), httpx.StatusOf(err) == 422:
		p.Granted = collect.Ptr(false)
		p.Detail = err.Error()
		var re *httpx.ResponseError
		if errors.As(err, &re) {
			if want := re.Header.Get("X-Accepted-GitHub-Permissions"); want != "" {
				p.Detail += " (wants " + want + ")"
			}
		}
	default:
		p.Detail = err.Error()
	}
	return p
}

// scopes says what a classic token may do; fine-grained ones carry no such header.
func scopes(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return ""
	}
	return "classic token with the scopes " + s
}

// nopSink takes nothing: a check collects nothing.
type nopSink struct{}

func (nopSink) Emit(collect.Fact) error     { return nil }
func (nopSink) Page(_, _ string)            {}
func (nopSink) Total(string, int64, string) {}
func (nopSink) Failed(string, error)        {}
func (nopSink) Note(_, _ string)            {}

func (nopSink) Mark(collect.Mark) {}
