package logs

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// GoogleOptions of a server.
type GoogleOptions struct {
	Account   string // address of the service account
	Delegate  string // administrator whom it may speak for
	Project   string
	PerMinute int // requests a minute; 0 refuses none
	Now       func() time.Time
}

// Google is the simulated office and second cloud. It is safe for concurrent use.
type Google struct {
	b     *Book
	o     GoogleOptions
	meter wire.Meter
	mux   *http.ServeMux
	tokens
	scopes sync.Map // of tokens
}

// serviceKey signs for the service account in every simulated company; it is made when it is first needed.
var serviceKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // never since Go 1.24
	}
	return k
})

// KeyFile is the service account's key as Google hands it out, with the address at which tokens are asked for.
func (s *Google) KeyFile(tokenURI string) string {
	der, err := x509.MarshalPKCS8PrivateKey(serviceKey())
	if err != nil {
		return ""
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	out, err := json.Marshal(map[string]string{"type": "service_account", "project_id": s.o.Project, "private_key_id": "k1", "private_key": string(text), "client_email": s.o.Account, "token_uri": tokenURI})
	if err != nil {
		return ""
	}
	return string(out)
}

// NewGoogle makes office and cloud of a world.
func NewGoogle(b *Book, o GoogleOptions) *Google {
	s := &Google{b: b, o: o, meter: wire.Meter{Limit: o.PerMinute, Wide: 1000, Per: time.Minute}, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /token", s.token)
	s.mux.HandleFunc("GET /admin/reports/v1/activity/users/all/applications/{app}", s.activities)
	s.mux.HandleFunc("POST /v2/entries:list", s.entries)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.fail(w, http.StatusNotFound, "NOT_FOUND", "Not Found") })
	return s
}

// ServeHTTP answers a request.
func (s *Google) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// token hands out a token for a signed claim (RFC 7523).
func (s *Google) token(w http.ResponseWriter, r *http.Request) {
	deny := func(code, text string) {
		wire.Send(w, http.StatusBadRequest, "application/json", wire.NewJSON().Obj().S("error", code).S("error_description", text).End())
	}
	parts := strings.Split(r.PostFormValue("assertion"), ".")
	if r.PostFormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || len(parts) != 3 {
		deny("invalid_request", "Bad Request")
		return
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&serviceKey().PublicKey, crypto.SHA256, sum[:], sig) != nil {
		deny("invalid_grant", "Invalid JWT Signature.")
		return
	}
	var claim struct {
		Iss, Sub, Scope, Aud string
		Iat, Exp             int64
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	now := s.b.clock.Now()
	switch {
	case err != nil || json.Unmarshal(text, &claim) != nil || claim.Iss != s.o.Account || !strings.HasSuffix(claim.Aud, "/token"):
		deny("invalid_grant", "Invalid JWT: claim")
	case claim.Exp-claim.Iat > 3600 || claim.Exp < now.Go().Unix() || claim.Iat > now.Go().Unix()+300:
		deny("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
	case strings.Contains(claim.Scope, "admin.reports") && claim.Sub != s.o.Delegate:
		deny("unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.")
	default:
		t := s.issue("google", now)
		s.scopes.Store(t, claim.Scope)
		wire.Send(w, http.StatusOK, "application/json", wire.NewJSON().Obj().S("access_token", t).I("expires_in", 3599).S("token_type", "Bearer").End())
	}
}

// enter judges who asks, and how often; it reports false when it has answered.
func (s *Google) enter(w http.ResponseWriter, r *http.Request, scope string) bool {
	t := bearer(r.Header.Get("Authorization"))
	has, _ := s.scopes.Load(t)
	switch text, _ := has.(string); {
	case !s.holds(t, s.b.clock.Now()):
		s.fail(w, http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token.")
	case !strings.Contains(text, scope):
		s.fail(w, http.StatusForbidden, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
	case s.meter.Take(s.o.Now()).Refused:
		s.fail(w, http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Read requests'.")
	default:
		return true
	}
	return false
}

// activities answers activities.list: newest first.
func (s *Google) activities(w http.ResponseWriter, r *http.Request) {
	if !s.enter(w, r, "admin.reports.audit.readonly") {
		return
	}
	log := "google_workspace." + r.PathValue("app")
	if _, ok := lags[log]; !ok {
		s.fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Invalid value for field: applicationName")
		return
	}
	q := r.URL.Query()
	size, ok := wire.Size(q.Get("maxResults"), 1000, 1000)
	from, err := time.Parse(time.RFC3339, q.Get("startTime"))
	to, err2 := time.Parse(time.RFC3339, q.Get("endTime"))
	if !ok || err != nil || err2 != nil || !from.Before(to) {
		s.fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Start time should be before end time.")
		return
	}
	page, next, ok := after(s.b.shown(log, max(life.Of(from), s.b.clock.Now()-180*life.Day), life.Of(to)), q.Get("pageToken"), log+q.Get("startTime")+q.Get("endTime"), size)
	if !ok {
		s.fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Invalid page token.")
		return
	}
	j := wire.NewJSON().Obj().S("kind", "admin#reports#activities").S("etag", `"x"`)
	if next != "" {
		j.S("nextPageToken", next)
	}
	if len(page) > 0 { // the real one leaves the list out when it is empty
		j.Key("items")
		list(j, page)
	}
	wire.Send(w, http.StatusOK, "application/json; charset=UTF-8", j.End())
}

var entriesFilter = regexp.MustCompile(`^logName:"cloudaudit\.googleapis\.com" AND timestamp >= "([^"]+)" AND timestamp < "([^"]+)" AND receiveTimestamp >= "([^"]+)" AND receiveTimestamp < "([^"]+)"$`)

// Entries are the records that Logging receives from an instant up to another, whenever they happened.
func (b *Book) Entries(from, to life.Time) []Entry {
	var out []Entry
	for _, e := range b.All(audit.GCP, from-life.Day, to) {
		if e.Shown >= from && e.Shown < to {
			out = append(out, e)
		}
	}
	return out
}

// Received is a record as Logging has it, with its log and when it was received.
func (s *Google) Received(e Entry) []byte {
	j := wire.NewJSON()
	defer j.Free()
	j.Obj().S("logName", "projects/"+s.o.Project+"/logs/cloudaudit.googleapis.com%2Factivity").TMs("receiveTimestamp", e.Shown)
	return append(append(append([]byte(nil), j.Bytes()...), ','), e.Raw[1:]...)
}

// entries answers entries.list: oldest or newest first.
func (s *Google) entries(w http.ResponseWriter, r *http.Request) {
	if !s.enter(w, r, "logging.read") {
		return
	}
	var q struct {
		ResourceNames              []string
		Filter, OrderBy, PageToken string
		PageSize                   int
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&q) != nil || len(q.ResourceNames) != 1 || q.PageSize < 1 || q.PageSize > 1000 {
		s.fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Invalid request")
		return
	}
	if q.ResourceNames[0] != "projects/"+s.o.Project {
		s.fail(w, http.StatusForbidden, "PERMISSION_DENIED", "Permission 'logging.logEntries.list' denied on resource (or it may not exist).")
		return
	}
	m := entriesFilter.FindStringSubmatch(q.Filter)
	var at [4]life.Time
	for i := range at {
		t, err := time.Parse(time.RFC3339, part(m, i+1))
		if err != nil {
			s.fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Unparseable filter")
			return
		}
		at[i] = life.Of(t)
	}
	var rows []Entry
	for _, e := range s.b.shown(audit.GCP, at[0], at[1]) {
		if e.Shown >= at[2] && e.Shown < at[3] {
			rows = append(rows, e)
		}
	}
	page, next, ok := after(rows, q.PageToken, q.Filter, q.PageSize)
	if !ok {
		s.fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "page_token is invalid")
		return
	}
	j := wire.NewJSON().Obj()
	if len(page) > 0 {
		j.A("entries")
		for _, e := range page {
			j.Raw(string(s.Received(e)))
		}
		j.EndArr()
	}
	if next != "" {
		j.S("nextPageToken", next)
	}
	wire.Send(w, http.StatusOK, "application/json; charset=UTF-8", j.End())
}

func part(m []string, i int) string {
	if i < len(m) {
		return m[i]
	}
	return ""
}

func (s *Google) fail(w http.ResponseWriter, status int, code, message string) {
	wire.Send(w, status, "application/json; charset=UTF-8", wire.NewJSON().Obj().O("error").I("code", int64(status)).S("message", message).S("status", code).End().End())
}

// Fail answers an injected fault in the vendor's words.
func (s *Google) Fail(w http.ResponseWriter, r *http.Request, f *wire.FaultResponse) {
	code, text := "INTERNAL", f.Message
	switch f.Status {
	case http.StatusTooManyRequests:
		code, text = "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Read requests'."
		if strings.HasPrefix(r.URL.Path, "/admin/") { // this interface has its own way to say so
			j := wire.NewJSON().Obj().O("error").I("code", 403).S("message", "Quota exceeded").A("errors").Obj().S("domain", "usageLimits").S("reason", "rateLimitExceeded").End().EndArr().End().End()
			wire.Send(w, http.StatusForbidden, "application/json; charset=UTF-8", j)
			return
		}
	case http.StatusUnauthorized:
		code, text = "UNAUTHENTICATED", "Request had invalid authentication credentials."
	case http.StatusForbidden:
		code, text = "PERMISSION_DENIED", fmt.Sprint("Caller does not have permission: ", r.URL.Path)
	}
	s.fail(w, f.Status, code, text)
}
