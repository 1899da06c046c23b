package logs

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// AWSOptions of a server.
type AWSOptions struct {
	Key, Secret string // of the user
	Role        string // that the user may take
	External    string // identifier that taking the role asks for
	PerSecond   int    // lookups a second and region; 0 refuses none
	Now         func() time.Time
}

// AWS is the simulated cloud: CloudTrail in each of Regions, and STS. It is safe for concurrent use.
type AWS struct {
	b      *Book
	o      AWSOptions
	mu     sync.Mutex
	meters map[string]*wire.Meter
	keys   map[string]session // that were handed out
}

type session struct {
	secret, token string
	until         life.Time
}

// Regions are those that the account has enabled.
var Regions = []string{"eu-west-1", "us-east-1"}

// memory is how far back CloudTrail looks up.
const memory = 90 * life.Day

// NewAWS makes the cloud of a world.
func NewAWS(b *Book, o AWSOptions) *AWS {
	return &AWS{b: b, o: o, meters: map[string]*wire.Meter{}, keys: map[string]session{}}
}

// Trail are the records that CloudTrail has in a region, whether they are shown yet or not: management events alone.
func (b *Book) Trail(region string, from, to life.Time) []Entry {
	return inRegion(b.All(audit.AWS, from, to), region)
}

func inRegion(list []Entry, region string) []Entry {
	where, kind := []byte(`"awsRegion":"`+region+`"`), []byte(`"managementEvent":true`)
	return slices.DeleteFunc(list, func(e Entry) bool { return !bytes.Contains(e.Raw, where) || !bytes.Contains(e.Raw, kind) })
}

// ServeHTTP checks the signature and answers.
func (s *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		s.fail(w, http.StatusBadRequest, "SerializationException", "the body ends early")
		return
	}
	region, service, code := s.signed(r, body)
	if code != "" {
		status := http.StatusBadRequest
		if service == "sts" {
			status = http.StatusForbidden
		}
		s.refuse(w, service, status, code, "The security token included in the request is invalid or its signature is not what it should be.")
		return
	}
	switch {
	case service == "sts":
		s.assume(w, body)
	case r.Header.Get("X-Amz-Target") == "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents":
		s.lookup(w, region, body)
	default:
		s.fail(w, http.StatusBadRequest, "UnknownOperationException", "")
	}
}

// signed checks Signature Version 4 as its documentation describes it and gives region and service, and a code where it does not hold.
func (s *AWS) signed(r *http.Request, body []byte) (region, service, code string) {
	parts := map[string]string{}
	kind, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for _, p := range strings.Split(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		parts[k] = v
	}
	scope := strings.Split(parts["Credential"], "/")
	if kind != "AWS4-HMAC-SHA256" || len(scope) != 5 {
		return "", "", "MissingAuthenticationTokenException"
	}
	region, service = scope[2], scope[3]
	if service == "cloudtrail" && !slices.Contains(Regions, region) {
		return region, service, "UnrecognizedClientException" // what a region that is not enabled says
	}
	secret, ok := s.secret(scope[0], r.Header.Get("X-Amz-Security-Token"))
	if !ok {
		return region, service, "UnrecognizedClientException"
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if skew := at.Sub(s.b.clock.Now().Go()).Abs(); err != nil || skew > 5*time.Minute {
		return region, service, "InvalidSignatureException"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, r.URL.EscapedPath(), r.URL.RawQuery)
	for _, name := range strings.Split(parts["SignedHeaders"], ";") {
		v := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			v = r.Host
		case "content-length":
			v = fmt.Sprint(r.ContentLength)
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.TrimSpace(v))
	}
	sum := sha256.Sum256(body)
	fmt.Fprintf(&b, "\n%s\n%s", parts["SignedHeaders"], hex.EncodeToString(sum[:]))
	whole := sha256.Sum256([]byte(b.String()))
	key := []byte("AWS4" + secret)
	for _, x := range scope[1:] {
		key = mac(key, x)
	}
	want := mac(key, strings.Join([]string{kind, r.Header.Get("X-Amz-Date"), strings.Join(scope[1:], "/"), hex.EncodeToString(whole[:])}, "\n"))
	if !wire.Same(parts["Signature"], hex.EncodeToString(want)) {
		return region, service, "InvalidSignatureException"
	}
	return region, service, ""
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(text))
	return h.Sum(nil)
}

func (s *AWS) secret(key, token string) (string, bool) {
	if key == s.o.Key {
		return s.o.Secret, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.keys[key]
	return x.secret, ok && wire.Same(token, x.token) && s.b.clock.Now() < x.until
}

// assume answers AssumeRole of STS.
func (s *AWS) assume(w http.ResponseWriter, body []byte) {
	q, err := url.ParseQuery(string(body))
	if err != nil || q.Get("Action") != "AssumeRole" || q.Get("RoleArn") != s.o.Role || q.Get("ExternalId") != s.o.External || q.Get("RoleSessionName") == "" {
		s.refuse(w, "sts", http.StatusForbidden, "AccessDenied", "User is not authorized to perform: sts:AssumeRole on resource: "+q.Get("RoleArn"))
		return
	}
	s.mu.Lock()
	key := fmt.Sprintf("ASIASIMULATED%07d", len(s.keys))
	x := session{"secret-" + key, "token-" + key, s.b.clock.Now() + life.Hour}
	s.keys[key] = x
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/xml")
	_, _ = fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		key, x.secret, x.token, x.until.Go().Format(time.RFC3339))
}

// lookup answers LookupEvents.
func (s *AWS) lookup(w http.ResponseWriter, region string, body []byte) {
	s.mu.Lock()
	m := s.meters[region]
	if m == nil {
		m = &wire.Meter{Limit: s.o.PerSecond, Wide: 1000, Per: time.Second}
		s.meters[region] = m
	}
	s.mu.Unlock()
	if m.Take(s.o.Now()).Refused {
		s.fail(w, http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
		return
	}
	var q struct {
		StartTime, EndTime float64
		MaxResults         int
		NextToken          string
	}
	if err := json.Unmarshal(body, &q); err != nil || q.MaxResults < 0 || q.MaxResults > 50 {
		s.fail(w, http.StatusBadRequest, "InvalidMaxResultsException", "")
		return
	}
	if q.EndTime == 0 {
		q.EndTime = math.MaxInt32
	}
	if q.StartTime > q.EndTime {
		s.fail(w, http.StatusBadRequest, "InvalidTimeRangeException", "")
		return
	}
	from, to := life.Time(q.StartTime)*life.Second, life.Time(q.EndTime)*life.Second+1
	rows := inRegion(s.b.shown(audit.AWS, max(from, s.b.clock.Now()-memory), to), region)
	page, next, ok := after(rows, q.NextToken, fmt.Sprint(region, q.StartTime, q.EndTime), 50)
	if !ok {
		s.fail(w, http.StatusBadRequest, "InvalidNextTokenException", "")
		return
	}
	j := wire.NewJSON().Obj().A("Events")
	for _, e := range page {
		var known struct{ EventName, EventSource string }
		_ = json.Unmarshal(e.Raw, &known) // ours
		j.Obj().S("EventId", e.ID).S("EventName", known.EventName).S("EventSource", known.EventSource).F("EventTime", float64(e.At/life.Second)).S("CloudTrailEvent", string(e.Raw)).End()
	}
	j.EndArr()
	if next != "" {
		j.S("NextToken", next)
	}
	wire.Send(w, http.StatusOK, "application/x-amz-json-1.1", j.End())
}

func (s *AWS) fail(w http.ResponseWriter, status int, code, message string) {
	wire.Send(w, status, "application/x-amz-json-1.1", wire.NewJSON().Obj().S("__type", code).S("message", message).End())
}

func (s *AWS) refuse(w http.ResponseWriter, service string, status int, code, message string) {
	if service != "sts" {
		s.fail(w, status, code, message)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, message)
}

// Fail answers an injected fault in the vendor's words.
func (s *AWS) Fail(w http.ResponseWriter, _ *http.Request, f *wire.FaultResponse) {
	switch f.Status {
	case http.StatusTooManyRequests:
		s.fail(w, http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	case http.StatusUnauthorized:
		s.fail(w, http.StatusBadRequest, "UnrecognizedClientException", "The security token included in the request is invalid.")
	case http.StatusForbidden:
		s.fail(w, http.StatusBadRequest, "AccessDeniedException", "User is not authorized to perform: cloudtrail:LookupEvents")
	default:
		s.fail(w, f.Status, "InternalFailure", f.Message)
	}
}
