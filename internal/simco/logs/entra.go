package logs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// EntraOptions of a server.
type EntraOptions struct {
	Tenant, Client, Secret string
	PerMinute              int // requests a minute; 0 refuses none
	Now                    func() time.Time
}

// Entra is the simulated directory of the office that came with an acquisition. It is safe for concurrent use.
type Entra struct {
	b     *Book
	o     EntraOptions
	meter wire.Meter
	mux   *http.ServeMux
	tokens
	started sync.Map // types of content that are subscribed to
}

// tokens are those that were handed out, each good for an hour of the simulated clock.
type tokens struct {
	mu   sync.Mutex
	good map[string]life.Time // until when
}

func (t *tokens) issue(name string, now life.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.good == nil {
		t.good = map[string]life.Time{}
	}
	out := fmt.Sprintf("%s-%d", name, len(t.good)+1)
	t.good[out] = now + life.Hour
	return out
}

func (t *tokens) holds(token string, now life.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now < t.good[token]
}

// Revoke makes every token that was handed out end.
func (t *tokens) Revoke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range t.good {
		t.good[k] = 0
	}
}

// NewEntra makes the directory of a world.
func NewEntra(b *Book, o EntraOptions) *Entra {
	s := &Entra{b: b, o: o, meter: wire.Meter{Limit: o.PerMinute, Wide: 1000, Per: time.Minute}, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.token)
	s.mux.HandleFunc("GET /v1.0/auditLogs/signIns", func(w http.ResponseWriter, r *http.Request) { s.list(w, r, audit.Entra, "createdDateTime") })
	s.mux.HandleFunc("GET /v1.0/auditLogs/directoryAudits", func(w http.ResponseWriter, r *http.Request) { s.list(w, r, Directory, "activityDateTime") })
	s.feed()
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		s.fail(w, http.StatusNotFound, "ResourceNotFound", "Resource not found for the segment.")
	})
	return s
}

// ServeHTTP answers a request.
func (s *Entra) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Entra) token(w http.ResponseWriter, r *http.Request) {
	code := ""
	switch {
	case r.PathValue("tenant") != s.o.Tenant:
		code = "AADSTS90002: Tenant not found."
	case r.PostFormValue("client_id") != s.o.Client || r.PostFormValue("scope") == "" || r.PostFormValue("grant_type") != "client_credentials":
		code = "AADSTS700016: Application was not found in the directory."
	case !wire.Same(r.PostFormValue("client_secret"), s.o.Secret):
		code = "AADSTS7000215: Invalid client secret provided."
	}
	if code != "" {
		wire.Send(w, http.StatusUnauthorized, "application/json", wire.NewJSON().Obj().S("error", "invalid_client").S("error_description", code).End())
		return
	}
	wire.Send(w, http.StatusOK, "application/json", wire.NewJSON().Obj().S("token_type", "Bearer").I("expires_in", 3599).S("access_token", s.issue("entra", s.b.clock.Now())).End())
}

var (
	filterForm = regexp.MustCompile(`^(\w+) ge (\S+) and (\w+) le (\S+)$`)
	// kept is how long records are: those of a tenant with a P1 licence.
	kept = 30 * life.Day
)

// list answers with records of a log: as Graph has them, without the envelope in which they are exported.
func (s *Entra) list(w http.ResponseWriter, r *http.Request, log, field string) {
	switch st := s.meter.Take(s.o.Now()); {
	case !s.holds(bearer(r.Header.Get("Authorization")), s.b.clock.Now()):
		s.fail(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
		return
	case st.Refused:
		w.Header().Set("Retry-After", strconv.Itoa(1+int(st.Reset.Sub(s.o.Now())/time.Second)))
		s.fail(w, http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
		return
	}
	q := r.URL.Query()
	size, ok := wire.Size(q.Get("$top"), 100, 1000)
	m := filterForm.FindStringSubmatch(q.Get("$filter"))
	if !ok || m == nil || m[1] != field || m[3] != field {
		s.fail(w, http.StatusBadRequest, "BadRequest", "Invalid filter clause")
		return
	}
	from, err := time.Parse(time.RFC3339, m[2])
	to, err2 := time.Parse(time.RFC3339, m[4])
	if err != nil || err2 != nil {
		s.fail(w, http.StatusBadRequest, "BadRequest", "Invalid filter clause")
		return
	}
	list := s.b.shown(log, max(life.Of(from), s.b.clock.Now()-kept), life.Of(to)+1)
	page, next, ok := after(list, q.Get("$skiptoken"), log+q.Get("$filter"), size)
	if !ok {
		s.fail(w, http.StatusBadRequest, "BadRequest", "Skip token is null.")
		return
	}
	j := wire.NewJSON().Obj().S("@odata.context", wire.Base(r)+"/v1.0/$metadata#auditLogs")
	if next != "" {
		j.S("@odata.nextLink", wire.With(r, "$skiptoken", next))
	}
	j.A("value")
	for i := range page {
		j.Raw(string(Inner(page[i].Raw)))
	}
	wire.Send(w, http.StatusOK, "application/json", j.EndArr().End())
}

// Inner is a record as Graph gives it: what lies under properties, if it is exported in an envelope.
func Inner(raw []byte) []byte {
	var x struct{ Properties json.RawMessage }
	if json.Unmarshal(raw, &x) == nil && len(x.Properties) > 0 {
		return x.Properties
	}
	return slices.Clone(raw)
}

func (s *Entra) fail(w http.ResponseWriter, status int, code, message string) {
	wire.Send(w, status, "application/json", wire.NewJSON().Obj().O("error").S("code", code).S("message", message).End().End())
}

// Fail answers an injected fault in the vendor's words.
func (s *Entra) Fail(w http.ResponseWriter, _ *http.Request, f *wire.FaultResponse) {
	code, text := "ServiceUnavailable", f.Message
	switch f.Status {
	case http.StatusTooManyRequests:
		code = "TooManyRequests"
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
	case http.StatusUnauthorized:
		code, text = "InvalidAuthenticationToken", "Access token has expired or is not yet valid."
	case http.StatusForbidden:
		code, text = "Authentication_MSGraphPermissionMissing", "Calling principal does not have required MSGraph permissions AuditLog.Read.All"
	}
	s.fail(w, f.Status, code, text)
}
