package github

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// api sends requests to one GitHub.
type api struct {
	base  string
	http  *http.Client
	token *tokenSource
}

// connect makes an api by the settings. For a GitHub App it signs in.
func connect(ctx context.Context, e collect.Env, base string, now func() time.Time) (api, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return api{}, errs.New(errs.Invalid, "%q is not the address of GitHub's interface", base).At("base_url").WithHint("write https://api.github.com, or https://<host>/api/v3")
	}
	a := api{base: strings.TrimSuffix(base, "/"), http: e.HTTP}
	if a.http == nil {
		return api{}, errs.New(errs.Internal, "the run has no HTTP client")
	}
	a.token, err = newTokenSource(ctx, a, e, now)
	return a, err
}

// request makes a GET request. path is escaped already.
func (a *api) request(ctx context.Context, path string, query url.Values) (*http.Request, error) {
	token, err := a.token.get(ctx)
	if err != nil {
		return nil, err
	}
	to := a.base + path
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "request %s", path)
	}
	headers(req, token)
	return req, nil
}

func headers(req *http.Request, token string) {
	req.Header.Set("Accept", defaultBodyAccept)
	req.Header.Set("X-GitHub-Api-Version", apiVersion)
	req.Header.Set("Authorization", "Bearer "+token)
}

// get reads one document.
func (a *api) get(ctx context.Context, path string, query url.Values) (*httpx.Answer, error) {
	req, err := a.request(ctx, path, query)
	if err != nil {
		return nil, err
	}
	return httpx.Fetch(ctx, a.http, req)
}

// post sends a GraphQL query or signs in.
func (a *api) post(ctx context.Context, path, token string, body any) (*httpx.Answer, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "write the body of %s", path)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+path, bytes.NewReader(b))
	if err != nil {
		return nil, errs.As(errs.Internal, err, "request %s", path)
	}
	headers(req, token)
	req.Header.Set("Content-Type", "application/json")
	return httpx.Fetch(ctx, a.http, req)
}

// list reads a list page by page and hands on its rows; each returns false when it has seen enough. endpoint is the
// documented name, for the manifest.
func list[T any](ctx context.Context, r *run, resource, endpoint, path string, query url.Values, each func(httpx.Row[T]) (bool, error)) error {
	req, err := r.request(ctx, path, query)
	if err != nil {
		return err
	}
	for a, err := range httpx.Pages(ctx, r.http, req) {
		if err != nil {
			return err
		}
		r.sink.Page(resource, endpoint)
		if more, err := httpx.EachRow(a, each); err != nil || !more {
			return err
		}
	}
	return nil
}

// count is how many rows a list has by the number of its last page when a page holds one row.
func (r *run) count(ctx context.Context, resource, endpoint, path string, query url.Values) (int64, error) {
	q := url.Values{"per_page": {"1"}}
	for k, v := range query {
		q[k] = v
	}
	a, err := r.get(ctx, path, q)
	if err != nil {
		return 0, err
	}
	r.sink.Page(resource, endpoint)
	return lastPage(a)
}

func lastPage(a *httpx.Answer) (int64, error) {
	var rows []json.RawMessage
	if err := a.Decode(&rows); err != nil {
		return 0, err
	}
	last := httpx.LinkTo(a.Header, "last")
	if last == "" {
		return int64(len(rows)), nil
	}
	u, err := url.Parse(last)
	if err == nil {
		var n int64
		if n, err = parseInt(u.Query().Get("page")); err == nil && n > 0 {
			return n, nil
		}
	}
	return 0, errs.New(errs.Invalid, "the link to the last page names no page: %q", last)
}

// esc makes a part of a path of a name.
func esc(name string) string { return url.PathEscape(name) }

// repoPath is the path of a repository given as owner/name.
func repoPath(full string) string {
	owner, name, _ := strings.Cut(full, "/")
	return "/repos/" + esc(owner) + "/" + esc(name)
}
