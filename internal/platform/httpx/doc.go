// Package httpx is the HTTP client that connectors use: it retries, backs off, respects the rate limits of the services we
// read, bounds what it waits and what it reads, and refuses addresses that a connection may not reach. It also holds the
// few reading steps all connectors share: JSON, paging by Link headers, and errors that name what the source said.
//
// Answers are read whole before they are handed on. Connectors decode whole documents anyway, and so a cut-off body is a
// transport fault like any other: it is retried, and can never look like a short list.
//
// The retries are our own and not go-retryablehttp's: that library looks at one request at a time, while here all requests
// of a run share what one of them learned (a rate limit's reset, the time already spent waiting), and a body that ends
// early counts as a failed attempt.
package httpx
