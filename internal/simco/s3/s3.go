// Package s3 is simulated object storage that speaks as much of S3's interface as readers of buckets use: ListObjectsV2 in pages, with
// delimiters and start-after, and GetObject with If-Match. Every request must carry a signature (AWS Signature Version 4) that holds.
package s3

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // what S3 makes its ETags of
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server is one bucket, addressed by path or by host.
type Server struct {
	Bucket, Region, KeyID, Secret string
	// Page is how many keys are told at once; 0 is 1000.
	Page int

	mu      sync.Mutex
	fault   func(op, key string) int
	cut     func(key string) int
	objects map[string]object
	lists   []List
	gets    []string
}

// List is a listing that was asked for.
type List struct{ Prefix, StartAfter, Delimiter string }

type object struct {
	body []byte
	etag string
	at   time.Time
}

// Put makes or replaces an object.
func (s *Server) Put(key string, body []byte) {
	sum := md5.Sum(body) //nolint:gosec // as above
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects == nil {
		s.objects = map[string]object{}
	}
	s.objects[key] = object{body, hex.EncodeToString(sum[:]), time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
}

// SetFault says what is asked before every request: an answer other than 0 is the status that is sent instead. nil ends it.
func (s *Server) SetFault(f func(op, key string) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// SetCut says how many bytes of an object are sent before the connection ends; less than 0 is all. nil ends it.
func (s *Server) SetCut(f func(key string) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = f
}

// Remove takes an object away.
func (s *Server) Remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
}

// Asked gives what was asked since the last time: listings, and the keys of objects.
func (s *Server) Asked() (lists []List, gets []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lists, gets, s.lists, s.gets = s.lists, s.gets, nil, nil
	return lists, gets
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if why := s.unsigned(r); why != "" {
		fail(w, http.StatusForbidden, "SignatureDoesNotMatch", why)
		return
	}
	key := strings.TrimPrefix(r.URL.Path, "/")
	if !strings.HasPrefix(r.Host, s.Bucket+".") {
		var bucket string
		if bucket, key, _ = strings.Cut(key, "/"); bucket != s.Bucket {
			fail(w, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
			return
		}
	}
	op := "get"
	if key == "" {
		op, key = "list", r.URL.Query().Get("prefix")
	}
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil {
		switch code := fault(op, key); code {
		case 0:
		case http.StatusServiceUnavailable:
			fail(w, code, "SlowDown", "Please reduce your request rate")
			return
		case http.StatusForbidden:
			fail(w, code, "AccessDenied", "Access Denied")
			return
		default:
			fail(w, code, "InternalError", "We encountered an internal error")
			return
		}
	}
	if op == "list" {
		s.list(w, r.URL.Query())
		return
	}
	s.get(w, r, key)
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, key string) {
	s.mu.Lock()
	o, there := s.objects[key]
	s.gets = append(s.gets, key)
	cut := s.cut
	s.mu.Unlock()
	if !there {
		fail(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
		return
	}
	if m := strings.Trim(r.Header.Get("If-Match"), `"`); m != "" && m != o.etag {
		fail(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		return
	}
	h := w.Header()
	h.Set("ETag", `"`+o.etag+`"`)
	h.Set("Last-Modified", o.at.Format(http.TimeFormat))
	h.Set("Content-Type", "application/json")
	if strings.HasSuffix(key, ".gz") {
		h.Set("Content-Encoding", "gzip") // as CloudTrail delivers
	}
	h.Set("Content-Length", strconv.Itoa(len(o.body)))
	body := o.body
	if cut != nil {
		if n := cut(key); n >= 0 && n < len(body) {
			body = body[:n]
			w.WriteHeader(http.StatusOK)
			_, _ = w.Write(body)
			panic(http.ErrAbortHandler)
		}
	}
	_, _ = w.Write(body)
}

type content struct {
	Key          string
	LastModified string
	ETag         string
	Size         int
	StorageClass string
}

type common struct{ Prefix string }

type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name, Prefix          string
	KeyCount, MaxKeys     int
	IsTruncated           bool
	EncodingType          string
	NextContinuationToken string `xml:",omitempty"`
	Contents              []content
	CommonPrefixes        []common
}

// list answers one page. The token of the next is the last key or prefix that was told.
func (s *Server) list(w http.ResponseWriter, q url.Values) {
	if q.Get("list-type") != "2" {
		fail(w, http.StatusBadRequest, "InvalidArgument", "only ListObjectsV2")
		return
	}
	prefix, delimiter, after := q.Get("prefix"), q.Get("delimiter"), q.Get("start-after")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists = append(s.lists, List{prefix, after, delimiter})
	if t := q.Get("continuation-token"); t != "" {
		after = t
	}
	most := s.Page
	if most <= 0 {
		most = 1000
	}
	encode := func(k string) string { return url.QueryEscape(k) }
	out := listing{Name: s.Bucket, Prefix: encode(prefix), MaxKeys: most, EncodingType: "url"}
	keys := make([]string, 0, len(s.objects))
	for k := range s.objects {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	last := ""
	for _, k := range keys {
		rest, ok := strings.CutPrefix(k, prefix)
		if !ok {
			continue
		}
		shown := k
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			shown = prefix + rest[:i+len(delimiter)]
		}
		if shown == last || shown <= after || shown != k && strings.HasPrefix(after, shown) {
			continue
		}
		if out.KeyCount == most {
			out.IsTruncated, out.NextContinuationToken = true, last
			break
		}
		last = shown
		out.KeyCount++
		if shown != k {
			out.CommonPrefixes = append(out.CommonPrefixes, common{encode(shown)})
			continue
		}
		o := s.objects[k]
		out.Contents = append(out.Contents, content{encode(k), o.at.Format("2006-01-02T15:04:05.000Z"), `"` + o.etag + `"`, len(o.body), "STANDARD"})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(out)
}

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: message})
}

// unsigned says what is wrong with the signature of a request; empty if it holds.
func (s *Server) unsigned(r *http.Request) string {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return "the request is not signed"
	}
	parts := map[string]string{}
	for f := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		parts[name] = value
	}
	credential := strings.Split(parts["Credential"], "/")
	if len(credential) != 5 || credential[0] != s.KeyID || credential[2] != s.Region || credential[3] != "s3" {
		return "the key or its scope is not known"
	}
	at := r.Header.Get("X-Amz-Date")
	if !strings.HasPrefix(at, credential[1]) {
		return "the date is not that of the scope"
	}
	var headers strings.Builder
	for name := range strings.SplitSeq(parts["SignedHeaders"], ";") {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20"), headers.String(), parts["SignedHeaders"], r.Header.Get("X-Amz-Content-Sha256")}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", at, strings.Join(credential[1:], "/"), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + s.Secret)
	for _, p := range credential[1:] {
		key = mac(key, p)
	}
	if want := hex.EncodeToString(mac(key, text)); !hmac.Equal([]byte(want), []byte(parts["Signature"])) {
		return "The request signature we calculated does not match the signature you provided."
	}
	return ""
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
