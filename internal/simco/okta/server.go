// Package okta serves the simulated company's identity provider in the wire format of Okta's management interface.
//
// Served, with an API token (SSWS) or a bearer token, pages by Link headers with an opaque after: /api/v1/users (filter,
// search, q), users/{id}, users/{id}/factors, users/{id}/roles, users/{id}/groups; groups (expand=stats, q), groups/{id},
// groups/{id}/users; apps, apps/{id}, apps/{id}/users; iam/assignees/users; policies?type=, policies/{id},
// policies/{id}/rules; logs (since, until, after, filter, q, sortOrder); org.
package okta

import (
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// Options of a server.
type Options struct {
	Token         string
	PerMinute     int // requests a minute; 0 refuses none
	LogsPerMinute int // requests of the log a minute; 0 refuses none
	Now           func() time.Time
}

// Server is the simulated identity provider. It is safe for concurrent use.
type Server struct {
	w      *life.World
	clock  *wire.Clock
	token  string
	now    func() time.Time
	rest   wire.Meter
	logs   wire.Meter
	views  wire.Cache[*view]
	mux    *http.ServeMux
	serial atomic.Uint64
	groups map[string]int
	apps   map[string]int
	roles  map[int32][]int32 // account -> roles
	member map[int32][]int   // account -> groups, ever
}

// New makes the identity provider of a world.
func New(w *life.World, clock *wire.Clock, o Options) *Server {
	s := &Server{w: w, clock: clock, token: o.Token, now: o.Now, mux: http.NewServeMux(), groups: map[string]int{}, apps: map[string]int{},
		roles: map[int32][]int32{}, member: map[int32][]int{}}
	s.rest = wire.Meter{Limit: o.PerMinute, Wide: 600_000, Per: time.Minute}
	s.logs = wire.Meter{Limit: o.LogsPerMinute, Wide: 120_000, Per: time.Minute}
	for i := range w.Groups {
		s.groups[w.Groups[i].ID] = i
		for _, m := range w.Groups[i].Members {
			s.member[m.Subject] = append(s.member[m.Subject], i)
		}
	}
	for i := range w.Apps {
		s.apps[w.Apps[i].ID] = i
	}
	for i := range w.Roles {
		s.roles[w.Roles[i].Subject] = append(s.roles[w.Roles[i].Subject], int32(i))
	}
	s.routes()
	return s
}

type handler func(w http.ResponseWriter, r *http.Request, v *view)

func (s *Server) routes() {
	s.get("users", s.users)
	s.get("users/{id}", s.user)
	s.get("users/{id}/factors", s.factors)
	s.get("users/{id}/roles", s.userRoles)
	s.get("users/{id}/groups", s.userGroups)
	s.get("groups", s.groupList)
	s.get("groups/{id}", s.group)
	s.get("groups/{id}/users", s.groupUsers)
	s.get("apps", s.appList)
	s.get("apps/{id}", s.app)
	s.get("apps/{id}/users", s.appUsers)
	s.get("iam/assignees/users", s.assignees)
	s.get("policies", s.policies)
	s.get("policies/{id}", s.policy)
	s.get("policies/{id}/rules", s.rules)
	s.get("logs", s.log)
	s.get("org", s.org)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.missing(w, r, "Resource not found: "+r.URL.Path) })
}

func (s *Server) get(path string, h handler) {
	s.mux.HandleFunc("GET /api/v1/"+path, func(w http.ResponseWriter, r *http.Request) {
		t := s.clock.Now()
		h(w, r, s.views.At(t, func() *view { return s.look(t) }))
	})
}

// ServeHTTP answers a request: who asks, how often, and then what.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["X-Okta-Request-Id"] = []string{"reqSim" + strconv.FormatUint(s.serial.Add(1), 36)}
	h["Cache-Control"] = []string{"no-cache, no-store"}
	st := s.meter(r).Take(s.now())
	rateHeaders(h, st)
	kind, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case !strings.EqualFold(kind, "SSWS") && !strings.EqualFold(kind, "Bearer") || !wire.Same(secret, s.token):
		s.fail(w, http.StatusUnauthorized, "E0000011", "Invalid token provided", "")
	case st.Refused:
		s.fail(w, http.StatusTooManyRequests, "E0000047", limitMessage, "")
	default:
		s.mux.ServeHTTP(w, r)
	}
}

const limitMessage = "API call exceeded rate limit due to too many requests."

func (s *Server) meter(r *http.Request) *wire.Meter {
	if strings.HasPrefix(r.URL.Path, "/api/v1/logs") {
		return &s.logs
	}
	return &s.rest
}

func rateHeaders(h http.Header, st wire.State) {
	h["X-Rate-Limit-Limit"] = []string{strconv.Itoa(st.Limit)}
	h["X-Rate-Limit-Remaining"] = []string{strconv.Itoa(st.Remaining)}
	h["X-Rate-Limit-Reset"] = []string{strconv.FormatInt(st.Reset.Unix(), 10)}
}

// fail answers with an error in the form every Okta error has.
func (s *Server) fail(w http.ResponseWriter, status int, code, summary, cause string) {
	j := wire.NewJSON().Obj().S("errorCode", code).S("errorSummary", summary).S("errorLink", code).
		S("errorId", s.w.ID("oae", int(crc32.ChecksumIEEE([]byte(summary+cause))))).A("errorCauses")
	if cause != "" {
		j.Obj().S("errorSummary", cause).End()
	}
	wire.Send(w, status, "application/json", j.EndArr().End())
}

func (s *Server) missing(w http.ResponseWriter, _ *http.Request, what string) {
	s.fail(w, http.StatusNotFound, "E0000007", "Not found: "+what, "")
}

func (s *Server) send(w http.ResponseWriter, j *wire.JSON) {
	wire.Send(w, http.StatusOK, "application/json", j)
}

// Fail answers an injected fault. 429 names the time of reset, RetryAfter from now.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, f *wire.FaultResponse) {
	st := s.meter(r).Look(s.now())
	if f.Status == http.StatusTooManyRequests {
		st.Remaining, st.Reset = 0, s.now().Add(f.RetryAfter)
	}
	rateHeaders(w.Header(), st)
	code, text := "E0000009", "Internal Server Error"
	switch f.Status {
	case http.StatusUnauthorized:
		code, text = "E0000011", "Invalid token provided"
	case http.StatusForbidden:
		code, text = "E0000006", "You do not have permission to perform the requested action"
	case http.StatusNotFound:
		code, text = "E0000007", "Not found: Resource not found: (User)"
	case http.StatusTooManyRequests:
		code, text = "E0000047", limitMessage
	}
	if f.Message != "" {
		text = f.Message
	}
	s.fail(w, f.Status, code, text, "")
}

// links writes the Link headers of a page: itself, and the next one after a cursor if there is one. Okta sends one header
// for each.
func links(w http.ResponseWriter, r *http.Request, next string) {
	self := wire.Base(r) + r.URL.RequestURI()
	out := []string{"<" + self + `>; rel="self"`}
	if next != "" {
		out = append(out, "<"+wire.With(r, "after", next)+`>; rel="next"`)
	}
	w.Header()["Link"] = out
}

// limit reads the page size; it answers 400 and gives 0 if it is none.
func (s *Server) limit(w http.ResponseWriter, r *http.Request, usual, most int) int {
	n, ok := wire.Size(r.URL.Query().Get("limit"), usual, most)
	if !ok {
		s.fail(w, http.StatusBadRequest, "E0000001", "Api validation failed: limit", "limit: The limit parameter must be a positive integer")
		return 0
	}
	return n
}

func (s *Server) org(w http.ResponseWriter, r *http.Request, _ *view) {
	made := s.w.Begin - 900*life.Day
	j := wire.NewJSON().Obj().S("id", s.w.OrgID()).S("subdomain", "northwind").S("companyName", "Northwind").S("status", "ACTIVE").
		S("website", "https://northwind.example").N("phoneNumber").N("address1").S("city", "Berlin").S("country", "DE").
		TMs("created", made).TMs("lastUpdated", made+30*life.Day).N("expiresAt").
		O("_links").O("contacts").S("href", wire.Base(r)+"/api/v1/org/contacts").End().End()
	s.send(w, j.End())
}
