// Package bamboohr serves the simulated company's HR system in the wire format of BambooHR's interface.
//
// Served under /api/gateway.php/{company}/v1 and /api/v1, with the API key as the user of basic authentication: employees
// (cursor, fields, filter), employees/directory, employees/changed?since=, employees/{id}?fields=,
// employees/{id}/tables/jobInfo and employmentStatus, meta/fields, company_information, datasets, datasets/{name}/fields,
// POST datasets/{name}, POST reports/custom; and POST datasets/{name}/data under v2. Records of people who left stay.
// People who have not started yet are there as inactive. A date that is not set is "0000-00-00" in hireDate and
// terminationDate of single employees and custom reports, and null elsewhere.
//
// A second key sees less: it belongs to somebody without the right to the fields of screening, agreements, training and
// reviews. For it these fields are null, and nothing says so; only the second version of datasets refuses them.
package bamboohr

import (
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// Company is the company's name in addresses.
const Company = "northwind"

// Options of a server.
type Options struct {
	Key        string // of somebody who may see everything
	LimitedKey string // of somebody who may not
	PerMinute  int    // requests a minute; 0 refuses none
	Now        func() time.Time
}

// Server is the simulated HR system. It is safe for concurrent use.
type Server struct {
	w     *life.World
	clock *wire.Clock
	o     Options
	meter wire.Meter
	mux   *http.ServeMux
}

// New makes the HR system of a world.
func New(w *life.World, clock *wire.Clock, o Options) *Server {
	s := &Server{w: w, clock: clock, o: o, mux: http.NewServeMux()}
	s.meter = wire.Meter{Limit: o.PerMinute, Wide: 600_000, Per: time.Minute}
	s.get("v1", "employees", s.list)
	s.get("v1", "employees/directory", s.directory)
	s.get("v1", "employees/changed", s.changed)
	s.get("v1", "employees/changed/{$}", s.changed)
	s.get("v1", "employees/{id}", s.employee)
	s.get("v1", "employees/{id}/tables/{table}", s.table)
	s.get("v1", "meta/fields", s.fields)
	s.get("v1", "company_information", s.company)
	for _, v := range []string{"v1", "v1_2"} {
		s.get(v, "datasets", s.datasets)
		s.get(v, "datasets/{name}/fields", s.datasetFields)
	}
	s.handle("POST", "v1", "datasets/{name}", s.dataset)
	s.handle("POST", "v2", "datasets/{name}/data", s.datasetV2)
	s.handle("POST", "v1", "reports/custom", s.report)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, http.StatusNotFound, "Resource not found") })
	return s
}

// view is the HR system at one instant, for one key.
type view struct {
	at      life.Time
	limited bool
	people  []int32 // recorded by now, in the order of their numbers
}

type handler func(w http.ResponseWriter, r *http.Request, v view)

func (s *Server) get(version, path string, h handler) { s.handle("GET", version, path, h) }

func (s *Server) handle(method, version, path string, h handler) {
	serve := func(w http.ResponseWriter, r *http.Request) {
		if c := r.PathValue("company"); c != "" && c != Company {
			s.fail(w, http.StatusNotFound, "Company not found")
			return
		}
		key, _, _ := r.BasicAuth()
		t := s.clock.Now()
		n := sort.Search(len(s.w.HROrder), func(i int) bool { return s.w.People[s.w.HROrder[i]].Recorded > t })
		h(w, r, view{t, wire.Same(key, s.o.LimitedKey), s.w.HROrder[:n]})
	}
	s.mux.HandleFunc(method+" /api/gateway.php/{company}/"+version+"/"+path, serve)
	s.mux.HandleFunc(method+" /api/"+version+"/"+path, serve)
}

// ServeHTTP answers a request: who asks, how often, and then what.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, _, ok := r.BasicAuth()
	if !ok || !wire.Same(key, s.o.Key) && !wire.Same(key, s.o.LimitedKey) {
		w.Header()["Www-Authenticate"] = []string{`Basic realm="BambooHR"`}
		s.fail(w, http.StatusUnauthorized, "Invalid API key")
		return
	}
	now := s.o.Now()
	if st := s.meter.Take(now); st.Refused {
		s.busy(w, http.StatusServiceUnavailable, st.Reset.Sub(now))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// busy tells a client to come back: the HR system's rate limit.
func (s *Server) busy(w http.ResponseWriter, status int, after time.Duration) {
	w.Header()["Retry-After"] = []string{strconv.Itoa(max(1, int((after+time.Second-1)/time.Second)))}
	s.fail(w, status, "Too many requests; try again later")
}

// fail answers with an error: a header says what is wrong, the body nothing.
func (s *Server) fail(w http.ResponseWriter, status int, message string) {
	h := w.Header()
	h["X-Bamboohr-Error-Message"] = []string{message}
	h["Content-Type"] = []string{"text/plain; charset=utf-8"}
	w.WriteHeader(status)
}

// Fail answers an injected fault. 429 and 503 with RetryAfter are rate limits.
func (s *Server) Fail(w http.ResponseWriter, _ *http.Request, f *wire.FaultResponse) {
	text := map[int]string{401: "Invalid API key", 403: "You do not have access to this resource", 404: "Resource not found",
		429: "Too many requests", 500: "An unexpected error occurred", 503: "Service temporarily unavailable"}[f.Status]
	if f.Message != "" {
		text = f.Message
	}
	if f.RetryAfter > 0 {
		w.Header()["Retry-After"] = []string{strconv.Itoa(int((f.RetryAfter + time.Second - 1) / time.Second))}
	}
	s.fail(w, f.Status, text)
}

func (s *Server) send(w http.ResponseWriter, j *wire.JSON) {
	wire.Send(w, http.StatusOK, "application/json", j)
}

func (s *Server) company(w http.ResponseWriter, _ *http.Request, _ view) {
	s.send(w, wire.NewJSON().Obj().S("legalName", "Northwind").S("displayName", "Northwind").
		O("address").S("city", "Berlin").S("country", "DE").End().N("phone").End())
}

// personOf finds the employee a request names; it answers 404 and gives -1 if there is none.
func (s *Server) personOf(w http.ResponseWriter, r *http.Request, v view) int32 {
	id, err := strconv.Atoi(strings.TrimSpace(r.PathValue("id")))
	i := s.w.PersonByHRID(id)
	if err != nil || i < 0 || s.w.People[i].Recorded > v.at {
		s.fail(w, http.StatusNotFound, "Employee not found")
		return -1
	}
	return i
}
