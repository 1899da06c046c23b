package httpx

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"golang.org/x/sync/errgroup"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// maxPages bounds one list: ten million rows of a hundred a page.
const maxPages = 100_000

// Pages reads a list page by page along the Link headers, starting with a request whose headers go along to every page. It
// ends after the last page or the first error. An error never looks like an end: a next link that leads to another host,
// or to a page already read, is one.
func Pages(ctx context.Context, client *http.Client, first *http.Request) iter.Seq2[*Answer, error] {
	return PagesBy(ctx, client, first, func(a *Answer) (string, error) { return NextLink(a.Header), nil })
}

// PagesBy is Pages for sources that name the next page elsewhere: next finds its address in an answer, "" after the last.
func PagesBy(ctx context.Context, client *http.Client, first *http.Request, next func(*Answer) (string, error)) iter.Seq2[*Answer, error] {
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
				if len(seen) > 1 {
					err = errs.Wrap(err, "page %d", len(seen))
				}
				yield(nil, err)
				return
			}
			if !yield(a, nil) {
				return
			}
			link, err := next(a)
			if err == nil {
				req, err = nextRequest(req, link)
			}
			if err != nil {
				yield(nil, err)
				return
			}
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

// Each calls do for every value, at most n at a time, and returns the first error, which ends the rest.
func Each[T any](ctx context.Context, n int, values []T, do func(context.Context, T) error) error {
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(n)
	for _, v := range values {
		if inner.Err() != nil {
			break
		}
		g.Go(func() error { return do(inner, v) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}
