// Package github serves the simulated company's code host in the wire format of GitHub's REST interface, version
// 2022-11-28, and the one GraphQL query by which an organisation's SAML identities can be read.
//
// Served, all with bearer authentication, per_page up to 100 and Link headers: /orgs/{org}, its members (filter, role),
// outside_collaborators, memberships/{user}, teams and their members and repos, repos, audit-log (cursor), dependabot/alerts
// (cursor); /repos/{owner}/{repo}, its topics, branches, branch protection, rules, pulls with reviews and commits, commit
// statuses and check runs, deployments with statuses, collaborators, dependabot/alerts; /users/{login}, /user,
// /search/issues, /rate_limit and POST /graphql. Objects carry the fields that say something about the life; templates of
// further addresses are left out.
package github

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

const docs = "https://docs.github.example/rest"

// OrgID is the number of the organisation.
const OrgID = 5150

// Options of a server.
type Options struct {
	Token   string
	PerHour int              // requests an hour; 0 refuses none
	Now     func() time.Time // real time, for rate limits
}

// Server is the simulated code host. It is safe for concurrent use.
type Server struct {
	w       *life.World
	clock   *wire.Clock
	token   string
	now     func() time.Time
	core    wire.Meter
	search  wire.Meter
	graphql wire.Meter
	views   wire.Cache[*view]
	mux     *http.ServeMux
	serial  atomic.Uint64
}

// New makes the code host of a world.
func New(w *life.World, clock *wire.Clock, o Options) *Server {
	s := &Server{w: w, clock: clock, token: o.Token, now: o.Now, mux: http.NewServeMux()}
	s.core = wire.Meter{Limit: o.PerHour, Wide: 5_000_000, Per: time.Hour}
	s.search = wire.Meter{Wide: 30_000, Per: time.Minute}
	s.graphql = wire.Meter{Wide: 5_000_000, Per: time.Hour}
	s.routes()
	return s
}

// handler answers a request for the view of one instant.
type handler func(w http.ResponseWriter, r *http.Request, v *view)

func (s *Server) routes() {
	s.get("/rate_limit", "", s.rateLimit)
	s.get("/user", "", s.authenticated)
	s.get("/users/{user}", "", s.user)
	s.get("/orgs/{org}", "organization_administration=read", s.org)
	s.get("/orgs/{org}/members", "members=read", s.members)
	s.get("/orgs/{org}/members/{user}", "members=read", s.isMember)
	s.get("/orgs/{org}/outside_collaborators", "members=read", s.collaborators)
	s.get("/orgs/{org}/memberships/{user}", "members=read", s.membership)
	s.get("/orgs/{org}/teams", "members=read", s.teams)
	s.get("/orgs/{org}/teams/{team}", "members=read", s.team)
	s.get("/orgs/{org}/teams/{team}/members", "members=read", s.teamMembers)
	s.get("/orgs/{org}/teams/{team}/repos", "members=read", s.teamRepos)
	s.get("/orgs/{org}/repos", "metadata=read", s.orgRepos)
	s.get("/orgs/{org}/audit-log", "organization_administration=read", s.auditLog)
	s.get("/orgs/{org}/dependabot/alerts", "vulnerability_alerts=read", s.orgAlerts)
	s.get("/repos/{owner}/{repo}", "metadata=read", s.repoOne)
	s.get("/repos/{owner}/{repo}/topics", "metadata=read", s.topics)
	s.get("/repos/{owner}/{repo}/collaborators", "metadata=read", s.repoCollaborators)
	s.get("/repos/{owner}/{repo}/branches", "contents=read", s.branches)
	s.get("/repos/{owner}/{repo}/branches/{branch}", "contents=read", s.branch)
	s.get("/repos/{owner}/{repo}/branches/{branch}/protection", "administration=read", s.protection)
	s.get("/repos/{owner}/{repo}/rules/branches/{branch}", "metadata=read", s.rules)
	s.get("/repos/{owner}/{repo}/pulls", "pull_requests=read", s.pulls)
	s.get("/repos/{owner}/{repo}/pulls/{number}", "pull_requests=read", s.pull)
	s.get("/repos/{owner}/{repo}/pulls/{number}/reviews", "pull_requests=read", s.reviews)
	s.get("/repos/{owner}/{repo}/pulls/{number}/commits", "pull_requests=read", s.commits)
	s.get("/repos/{owner}/{repo}/commits/{sha}/status", "statuses=read", s.status)
	s.get("/repos/{owner}/{repo}/commits/{sha}/check-runs", "checks=read", s.checkRuns)
	s.get("/repos/{owner}/{repo}/deployments", "deployments=read", s.deployments)
	s.get("/repos/{owner}/{repo}/deployments/{id}", "deployments=read", s.deployment)
	s.get("/repos/{owner}/{repo}/deployments/{id}/statuses", "deployments=read", s.deploymentStatuses)
	s.get("/repos/{owner}/{repo}/dependabot/alerts", "vulnerability_alerts=read", s.repoAlerts)
	s.get("/search/issues", "", s.searchIssues)
	s.handle("POST /graphql", "", s.query)
	s.handle("/", "", func(w http.ResponseWriter, r *http.Request, v *view) { s.missing(w, r) })
}

func (s *Server) get(path, permission string, h handler) { s.handle("GET "+path, permission, h) }

func (s *Server) handle(pattern, permission string, h handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if permission != "" {
			w.Header()["X-Accepted-Github-Permissions"] = []string{permission}
		}
		if org := r.PathValue("org"); org != "" && !strings.EqualFold(org, life.OrgLogin) {
			s.missing(w, r)
			return
		}
		t := s.clock.Now()
		h(w, r, s.views.At(t, func() *view { return s.look(t) }))
	})
}

// ServeHTTP answers a request: who asks, how often, and then what.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["X-Github-Media-Type"] = []string{"github.v3; format=json"}
	h["X-Github-Api-Version-Selected"] = []string{"2022-11-28"}
	n := strconv.FormatUint(s.serial.Add(1)+0x10000, 16)
	h["X-Github-Request-Id"] = []string{"SIMC:" + strings.ToUpper(n)}
	kind, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case secret == "":
		s.fail(w, r, http.StatusUnauthorized, "Requires authentication", docs)
		return
	case !strings.EqualFold(kind, "bearer") && !strings.EqualFold(kind, "token") || !wire.Same(secret, s.token):
		s.fail(w, r, http.StatusUnauthorized, "Bad credentials", docs)
		return
	}
	meter, _ := s.meter(r)
	if st := meter.Look(s.now()); meter.Limit > 0 && st.Used >= meter.Limit && r.URL.Path != "/rate_limit" {
		s.fail(w, r, http.StatusForbidden, limitMessage, docs+"/overview/rate-limits-for-the-rest-api")
		return
	}
	s.mux.ServeHTTP(w, r)
}

const limitMessage = "API rate limit exceeded for installation ID 4711."

func (s *Server) meter(r *http.Request) (*wire.Meter, string) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/search/"):
		return &s.search, "search"
	case r.URL.Path == "/graphql":
		return &s.graphql, "graphql"
	}
	return &s.core, "core"
}

// count writes the rate-limit headers and counts the request, unless it is free.
func (s *Server) count(w http.ResponseWriter, r *http.Request, free bool) {
	m, resource := s.meter(r)
	var st wire.State
	if free {
		st = m.Look(s.now())
	} else {
		st = m.Take(s.now())
	}
	rateHeaders(w.Header(), st, resource)
}

func rateHeaders(h http.Header, st wire.State, resource string) {
	h["X-Ratelimit-Limit"] = []string{strconv.Itoa(st.Limit)}
	h["X-Ratelimit-Remaining"] = []string{strconv.Itoa(st.Remaining)}
	h["X-Ratelimit-Used"] = []string{strconv.Itoa(st.Used)}
	h["X-Ratelimit-Reset"] = []string{strconv.FormatInt(st.Reset.Unix(), 10)}
	h["X-Ratelimit-Resource"] = []string{resource}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// send answers with a document, or with 304 to a client that has it already: such answers are free.
func (s *Server) send(w http.ResponseWriter, r *http.Request, j *wire.JSON) {
	body := j.Bytes()
	link := w.Header().Get("Link")
	sum := uint64(crc32.Checksum(body, castagnoli))<<32 | uint64(crc32.ChecksumIEEE(body[len(body)/2:])^crc32.ChecksumIEEE([]byte(link)))
	tag := `W/"` + strconv.FormatUint(sum, 16) + `"`
	h := w.Header()
	h["Etag"] = []string{tag}
	h["Cache-Control"] = []string{"private, max-age=60, s-maxage=60"}
	h["Vary"] = []string{"Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With"}
	if r.Method == http.MethodGet && r.Header.Get("If-None-Match") == tag {
		s.count(w, r, true)
		w.WriteHeader(http.StatusNotModified)
		j.Free()
		return
	}
	s.count(w, r, r.URL.Path == "/rate_limit")
	wire.Send(w, http.StatusOK, "application/json; charset=utf-8", j)
}

// fail answers with an error in the form every GitHub error has.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, message, documentation string) {
	s.count(w, r, false)
	writeError(w, status, message, documentation)
}

func writeError(w http.ResponseWriter, status int, message, documentation string) {
	j := wire.NewJSON()
	j.Obj().S("message", message).S("documentation_url", documentation).S("status", strconv.Itoa(status)).End()
	wire.Send(w, status, "application/json; charset=utf-8", j)
}

func (s *Server) missing(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, http.StatusNotFound, "Not Found", docs)
}

// Fail answers an injected fault. 403 and 429 with RetryAfter are rate limits: the primary one, which sets the remaining
// requests to zero and names the time of reset, for 403, the secondary one with Retry-After for 429.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, f *wire.FaultResponse) {
	h := w.Header()
	text := map[int]string{401: "Bad credentials", 403: "Resource not accessible by integration", 404: "Not Found",
		429: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
		500: "Server Error", 502: "Server Error", 503: "Service unavailable"}[f.Status]
	meter, resource := s.meter(r)
	st := meter.Look(s.now())
	if f.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.Itoa(int((f.RetryAfter + time.Second - 1) / time.Second))}
		if f.Status == http.StatusForbidden {
			text = limitMessage
			st.Remaining, st.Reset = 0, s.now().Add(f.RetryAfter)
			delete(h, "Retry-After")
		}
	}
	rateHeaders(h, st, resource)
	if f.Message != "" {
		text = f.Message
	}
	writeError(w, f.Status, text, docs)
}
