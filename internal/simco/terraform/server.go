// Package terraform serves the simulated company's infrastructure as code in the wire format of HCP Terraform's interface, version 2:
// a workspace for each program in production, a run for each of its releases, and the state that the runs wrote.
//
// Served, with bearer authentication, JSON:API documents and pages by page[number] and page[size]: /api/v2/organizations/{org} and its
// workspaces; /api/v2/workspaces/{id}, its runs (with include=created_by, apply and configuration_version.ingress_attributes),
// resources and current-state-version; /api/v2/users/{id}; /api/state-versions/{id}/hosted_state and hosted_json_state, which lead
// to where states are kept. States hold passwords and keys, as they do in life.
package terraform

import (
	"net/http"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// Org is the name of the organisation.
const Org = "northwind"

// Options of a server.
type Options struct {
	Token     string
	PerSecond int              // requests a second; 0 refuses none
	Now       func() time.Time // real time, for rate limits
}

// Server is the simulated service. It is safe for concurrent use.
type Server struct {
	w     *life.World
	clock *wire.Clock
	o     Options
	meter wire.Meter
	spots wire.Lazy[[]*workspace]
	mux   *http.ServeMux
}

// New makes the service of a world.
func New(w *life.World, clock *wire.Clock, o Options) *Server {
	s := &Server{w: w, clock: clock, o: o, meter: wire.Meter{Limit: o.PerSecond, Wide: 30, Per: time.Second}, mux: http.NewServeMux()}
	for path, h := range map[string]func(http.ResponseWriter, *http.Request, life.Time){
		"/api/v2/organizations/{org}":                   s.organization,
		"/api/v2/organizations/{org}/workspaces":        s.workspaces,
		"/api/v2/workspaces/{id}":                       s.workspace,
		"/api/v2/workspaces/{id}/runs":                  s.runs,
		"/api/v2/workspaces/{id}/resources":             s.resources,
		"/api/v2/workspaces/{id}/current-state-version": s.stateVersion,
		"/api/v2/users/{id}":                            s.user,
		"/api/state-versions/{id}/hosted_state":         s.hosted,
		"/api/state-versions/{id}/hosted_json_state":    s.hosted,
		archive + "{id}/{form}/{key}":                   s.archived,
	} {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { h(w, r, clock.Now()) })
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.missing(w) })
	return s
}

// archive is where states are kept: its addresses open them by themselves.
const archive = "/_archivist/v1/object/"

// ServeHTTP answers a request: who asks, how often, and then what.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	st := s.meter.Take(s.o.Now())
	s.limits(w, st)
	switch {
	case len(r.URL.Path) > len(archive) && r.URL.Path[:len(archive)] == archive:
		s.mux.ServeHTTP(w, r)
	case !wire.Same(r.Header.Get("Authorization"), "Bearer "+s.o.Token):
		s.fail(w, http.StatusUnauthorized, "unauthorized", "")
	case st.Refused:
		s.fail(w, http.StatusTooManyRequests, "Too many requests", "You have exceeded the API's rate limit.")
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// limits writes the vendor's headers: the time to the reset is in seconds, with a fraction.
func (s *Server) limits(w http.ResponseWriter, st wire.State) {
	h := w.Header()
	h.Set("X-Ratelimit-Limit", strconv.Itoa(st.Limit))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(st.Remaining))
	h.Set("X-Ratelimit-Reset", strconv.FormatFloat(max(0, st.Reset.Sub(s.o.Now()).Seconds()), 'f', 3, 64))
}

func (s *Server) send(w http.ResponseWriter, j *wire.JSON) {
	wire.Send(w, http.StatusOK, "application/vnd.api+json; charset=utf-8", j)
}

func (s *Server) fail(w http.ResponseWriter, status int, title, detail string) {
	j := wire.NewJSON().Obj().A("errors").Obj().S("status", strconv.Itoa(status)).S("title", title)
	if detail != "" {
		j.S("detail", detail)
	}
	wire.Send(w, status, "application/vnd.api+json; charset=utf-8", j.End().EndArr().End())
}

// missing is the answer also where the right is missing: the vendor does not tell what it does not show.
func (s *Server) missing(w http.ResponseWriter) { s.fail(w, http.StatusNotFound, "not found", "") }

// Fail answers an injected fault in the vendor's words.
func (s *Server) Fail(w http.ResponseWriter, _ *http.Request, f *wire.FaultResponse) {
	s.limits(w, s.meter.Look(s.o.Now()))
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	title := map[int]string{http.StatusUnauthorized: "unauthorized", http.StatusForbidden: "forbidden", http.StatusNotFound: "not found",
		http.StatusTooManyRequests: "Too many requests"}[f.Status]
	if title == "" {
		title = "internal server error"
	}
	s.fail(w, f.Status, title, f.Message)
}

// page is the part of n rows that is asked for, and writes what the vendor says of pages; it answers 400 and gives false for none.
func (s *Server) page(w http.ResponseWriter, r *http.Request, n int) (lo, hi int, meta func(*wire.JSON) *wire.JSON, ok bool) {
	q := r.URL.Query()
	size, sized := wire.Size(q.Get("page[size]"), 20, 100)
	number, numbered := wire.Size(q.Get("page[number]"), 1, 1<<30)
	if !sized || !numbered {
		s.fail(w, http.StatusBadRequest, "invalid page", "page[number] and page[size] are whole numbers from 1 on")
		return 0, 0, nil, false
	}
	lo, hi = wire.Window(n, (number-1)*size, size)
	last := max(1, (n+size-1)/size)
	return lo, hi, func(j *wire.JSON) *wire.JSON {
		j.O("meta").O("pagination").I("current-page", int64(number)).I("page-size", int64(size))
		for _, p := range []struct {
			key string
			n   int
			is  bool
		}{{"prev-page", number - 1, number > 1}, {"next-page", number + 1, number < last}} {
			if p.is {
				j.I(p.key, int64(p.n))
			} else {
				j.N(p.key)
			}
		}
		return j.I("total-pages", int64(last)).I("total-count", int64(n)).End().End()
	}, true
}

func (s *Server) organization(w http.ResponseWriter, r *http.Request, _ life.Time) {
	if r.PathValue("org") != Org {
		s.missing(w)
		return
	}
	s.send(w, wire.NewJSON().Obj().O("data").S("id", Org).S("type", "organizations").O("attributes").S("name", Org).S("email", "platform@northwind.example").End().End().End())
}

// workspaces lists the workspaces that there are, by name.
func (s *Server) workspaces(w http.ResponseWriter, r *http.Request, at life.Time) {
	if r.PathValue("org") != Org {
		s.missing(w)
		return
	}
	list := s.shown(at)
	lo, hi, meta, ok := s.page(w, r, len(list))
	if !ok {
		return
	}
	j := wire.NewJSON().Obj().A("data")
	for _, x := range list[lo:hi] {
		s.writeWorkspace(j, x, at)
	}
	j.EndArr()
	s.send(w, meta(j).End())
}

func (s *Server) workspace(w http.ResponseWriter, r *http.Request, at life.Time) {
	x := s.named(r.PathValue("id"), at)
	if x == nil {
		s.missing(w)
		return
	}
	j := wire.NewJSON().Obj().Key("data")
	s.writeWorkspace(j, x, at)
	s.send(w, j.End())
}

func (s *Server) writeWorkspace(j *wire.JSON, x *workspace, at life.Time) {
	j.Obj().S("id", x.id).S("type", "workspaces").O("attributes").S("name", x.Name).B("auto-apply", x.auto).S("execution-mode", "agent").
		S("terraform-version", "1.13.4").TMs("created-at", x.made).I("resource-count", int64(len(s.estate(x, at)))).B("locked", false).
		O("vcs-repo").S("identifier", s.w.Repos[x.Repo].FullName()).S("branch", life.Branch).End().
		O("permissions").B("can-read-run", true).B("can-read-state-versions", true).B("can-read-variable", false).B("can-queue-apply", false).End().End().
		O("relationships").O("current-state-version").O("data").S("id", x.version(s, at).id).S("type", "state-versions").End().End().End().
		O("links").S("self", "/api/v2/organizations/"+Org+"/workspaces/"+x.Name).End().End()
}
