package httpx

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// maxPages bounds one list: ten million rows of a hundred a page.
const maxPages = 100_000

// Pages reads a list page by page along the Link headers, starting with a request whose headers go along to every page. It
// ends after the last page or the first error. An error never looks like an end: a next link that leads to another host,
// or to a page already read, is one.
func Pages(ctx context.Context, client *http.Client, first *http.Request) iter.Seq2[*Answer, error] {
	return func(yield func(*Answer, error) bool) {
		seen := map[string]bool{}
		for req := first; req != nil; {
			if seen[req.URL.String()] || len(seen) >= maxPages {
				yield(nil, errs.New(errs.Invalid, "%s: page %d of the list leads back to a page already read", endpoint(req), len(seen)))
				return
			}
			seen[req.URL.String()] = true
			a, err := Fetch(ctx, client, req)
			if err != nil {
				yield(nil, errs.Wrap(err, "page %d", len(seen)))
				return
			}
			next, err := nextRequest(req, NextLink(a.Header))
			if !yield(a, nil) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			req = next
		}
	}
}

func nextRequest(req *http.Request, link string) (*http.Request, error) {
	if link == "" {
		return nil, nil //nolint:nilnil // no next page is not a failure
	}
	ref, err := url.Parse(link)
	if err != nil {
		return nil, errs.New(errs.Invalid, "%s: the link to the next page is not an address", endpoint(req))
	}
	to := req.URL.ResolveReference(ref)
	if to.Scheme != req.URL.Scheme || to.Host != req.URL.Host || to.User != nil {
		return nil, errs.New(errs.Denied, "%s: the link to the next page leads to another host, %s", endpoint(req), to.Host).
			WithHint("set the connection's address to the one the source uses in its links")
	}
	next := req.Clone(req.Context())
	next.URL = to
	next.Host = ""
	return next, nil
}
