package terraform

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// document is a JSON:API list: https://jsonapi.org/format/1.0/, with what the service says of pages.
type document[T any] struct {
	Data     []httpx.Row[T] `json:"data"`
	Included []included     `json:"included"`
	Meta     struct {
		Pagination struct {
			Next  *int64 `json:"next-page"`
			Total *int64 `json:"total-count"`
		} `json:"pagination"`
	} `json:"meta"`
}

func (d *document[T]) count() int64 {
	if d.Meta.Pagination.Total == nil {
		return 0
	}
	return *d.Meta.Pagination.Total
}

// link is a relationship to one other document.
type link struct {
	Data *struct {
		ID string `json:"id"`
	} `json:"data"`
}

func (l link) id() string {
	if l.Data == nil {
		return ""
	}
	return l.Data.ID
}

// workspace is what is read of a workspace.
type workspace struct {
	ID         string `json:"id"`
	Attributes struct {
		Name        string `json:"name"`
		Permissions struct {
			Runs  *bool `json:"can-read-run"`
			State *bool `json:"can-read-state-versions"`
		} `json:"permissions"`
	} `json:"attributes"`
}

func esc(s string) string { return url.PathEscape(s) }

func (r *run) workspacePath() string { return "/api/v2/organizations/" + esc(r.org) + "/workspaces" }

// request makes a GET request to the service with the token. The query is names and values in turn.
func (r *run) request(ctx context.Context, path string, query ...string) (*http.Request, error) {
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	to := r.base + path
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return nil, errs.As(errs.Internal, err, "request %s", path)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Accept", "application/vnd.api+json")
	return req, nil
}

func (r *run) get(ctx context.Context, path string, query ...string) (*httpx.Answer, error) {
	req, err := r.request(ctx, path, query...)
	if err != nil {
		return nil, err
	}
	return httpx.Fetch(ctx, r.http, req)
}

// shifted is for lists that changed while they were read: rows are missing or came twice.
func shifted(what string, got, said int64) error {
	return errs.New(errs.Unavailable, "%s: the source says %d, and %d came", what, said, got).WithHint("It changed while it was read; the next run reads it again.")
}

// list reads a list page by page; page returns false when it has seen enough. It gives how many rows the source says there are in all,
// -1 if it does not say, and whether the list was read to its end.
func list[T any](ctx context.Context, r *run, resource, endpoint, path string, page func(*document[T]) (bool, error), query ...string) (said int64, whole bool, err error) {
	req, err := r.request(ctx, path, append(query, "page[size]", "100")...)
	if err != nil {
		return -1, false, err
	}
	said = -1
	var doc document[T]
	next := func(*httpx.Answer) (string, error) {
		if doc.Meta.Pagination.Next == nil {
			return "", nil
		}
		q := req.URL.Query()
		q.Set("page[number]", strconv.FormatInt(*doc.Meta.Pagination.Next, 10))
		return "?" + q.Encode(), nil
	}
	for a, err := range httpx.PagesBy(ctx, r.http, req, next) {
		if err != nil {
			return said, false, err
		}
		doc = document[T]{}
		if err := a.Decode(&doc); err != nil {
			return said, false, err
		}
		if doc.Data == nil {
			return said, false, errs.New(errs.Invalid, "GET %s: the answer holds no list", path).WithHint("Check the address: it is that of the service, such as %s.", usualBase)
		}
		if r.sink != nil {
			r.sink.Page(resource, endpoint)
		}
		if doc.Meta.Pagination.Total != nil {
			said = *doc.Meta.Pagination.Total
		}
		if more, err := page(&doc); err != nil || !more {
			return said, false, err
		}
	}
	return said, true, nil
}

// workspaces lists the workspaces that the token sees.
func (r *run) workspaces(ctx context.Context) ([]workspace, error) {
	var out []workspace
	seen := map[string]bool{}
	said, _, err := list(ctx, r, stateResource, "GET /organizations/:organization_name/workspaces", r.workspacePath(), func(d *document[workspace]) (bool, error) {
		for _, row := range d.Data {
			w := row.Value
			if w.ID == "" || w.Attributes.Name == "" {
				return false, errs.New(errs.Invalid, "a workspace lacks its identifier or name")
			}
			if !seen[w.ID] {
				seen[w.ID] = true
				out = append(out, w)
			}
		}
		return true, nil
	})
	if err != nil {
		return nil, errs.Wrap(r.explain(err), "the list of workspaces")
	}
	if said >= 0 && said != int64(len(out)) {
		return nil, shifted("workspaces", int64(len(out)), said)
	}
	return out, nil
}

// explain says what to do about a refusal of the organisation.
func (r *run) explain(err error) error {
	switch httpx.StatusOf(err) {
	case http.StatusUnauthorized:
		return errs.Hinted(err, "check that the token is complete and has not ended")
	case http.StatusForbidden, http.StatusNotFound:
		return errs.Hinted(err, "check the organisation's name, and that the token is of a team of it: the service does not tell what it does not show")
	}
	return err
}

// away is where a state lies that the service leads to: at the service itself, or, of HCP Terraform, at its archive. The token does not
// go along, and any other host is refused.
// https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions
func (r *run) away(from *http.Request, location string) (*http.Request, error) {
	to, err := from.URL.Parse(location)
	if err != nil || location == "" {
		return nil, errs.New(errs.Invalid, "the source leads to no address of the state")
	}
	home := from.URL.Host
	archive := ""
	if rest, ok := strings.CutPrefix(home, "app."); ok {
		archive = "archivist." + rest
	}
	if to.Scheme != from.URL.Scheme || to.User != nil || to.Host != home && to.Host != archive {
		return nil, errs.New(errs.Denied, "the source keeps its states at another host, %s", to.Host).WithHint("Set the connection's address to the one that the service uses itself.")
	}
	req, err := http.NewRequestWithContext(from.Context(), http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, errs.New(errs.Internal, "address of a state")
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// download fetches a state. Its address may open it by itself, so no message and no log names it.
func (r *run) download(ctx context.Context, address string) (*httpx.Answer, error) {
	ctx = httpx.HidePath(ctx)
	home, err := r.request(ctx, "/api/v2/")
	if err != nil {
		return nil, err
	}
	req, err := r.away(home, address)
	if err != nil {
		return nil, err
	}
	if req.URL.Host == home.URL.Host {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	still := *r.http
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a, err := httpx.Fetch(ctx, &still, req)
	var led *httpx.ResponseError
	if !errors.As(err, &led) || led.Status < 300 || led.Status > 399 {
		return a, err
	}
	if req, err = r.away(home, led.Header.Get("Location")); err != nil {
		return nil, err
	}
	return httpx.Fetch(ctx, &still, req)
}
