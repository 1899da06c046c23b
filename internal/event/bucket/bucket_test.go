package bucket_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/bucket"
	"github.com/tickmark/tickmark/internal/event/follow"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/simco/s3"
)

const (
	keyID  = "NORTHWIND-READER"
	secret = "a-secret-of-nobody+/="
)

// world is storage with a bucket, and what keeps records with their places, both or neither.
type world struct {
	*s3.Server
	t      *testing.T
	at     bucket.Address
	b      *bucket.Bucket
	now    time.Time
	lines  []string
	known  map[string]event.Position
	lacks  map[string]string
	takes  int
	killed int // the take at which the program ends; 0 is none
	since  time.Time
	most   int64
}

var errKilled = errors.New("killed")

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, Server: &s3.Server{Bucket: "northwind-trail", Region: "eu-central-1", KeyID: keyID, Secret: secret, Page: 3}, now: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC), known: map[string]event.Position{}, lacks: map[string]string{}}
	srv := httptest.NewServer(w.Server)
	t.Cleanup(srv.Close)
	w.at = bucket.Address{URL: "s3://northwind-trail/logs", Region: "eu-central-1", Endpoint: srv.URL, PathStyle: true, KeyID: keyID, Secret: secret, Transport: &http.Transport{DisableCompression: true}}
	w.start()
	return w
}

// start is what a start of the program does.
func (w *world) start() {
	w.t.Helper()
	var err error
	w.b, err = bucket.Open(w.at, bucket.Bucket{
		Source: follow.Source{Log: "aws.cloudtrail", Clock: func() time.Time { return w.now }, Take: w.take}, Log: slog.New(slog.DiscardHandler),
		Known: maps.Clone(w.known), Spool: w.t.TempDir(), Since: w.since, Most: w.most,
		Digested: func(_ context.Context, digest string, lacks []event.Lack) error {
			var out []string
			for _, l := range lacks {
				out = append(out, string(l.Kind)+" "+l.File)
			}
			slices.Sort(out)
			w.lacks[digest] = strings.Join(out, ", ")
			return nil
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) take(_ context.Context, records []byte, at event.Position) error {
	if w.takes++; w.takes == w.killed {
		return errKilled
	}
	for l := range strings.Lines(string(records)) {
		w.lines = append(w.lines, strings.TrimSuffix(l, "\n"))
	}
	if at.Forget != "" {
		maps.DeleteFunc(w.known, func(name string, _ event.Position) bool { return strings.HasPrefix(name, at.Forget) })
	}
	w.known[at.Name] = at
	return nil
}

func (w *world) look(what string, want int) {
	w.t.Helper()
	n, err := w.b.Look(w.t.Context())
	if err != nil || n != want {
		w.t.Fatalf("%s: %d objects, want %d: %v", what, n, want, err)
	}
}

func packed(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.Bytes()
}

const trail = "logs/AWSLogs/123456789012/CloudTrail/eu-central-1/"

// file puts a file of CloudTrail with one event, and gives its name.
func (w *world) file(day, name string) string {
	base := "123456789012_CloudTrail_eu-central-1_" + name
	w.Put(trail+day+"/"+base+".json.gz", packed(`{"Records":[{"eventID":"`+name+`"}]}`))
	return base
}

// once wants each event of these names once, and nothing else.
func (w *world) once(what string, names ...string) {
	w.t.Helper()
	var want []string
	for _, n := range names {
		want = append(want, `{"eventID":"`+n+`"}`)
	}
	got := slices.Clone(w.lines)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Fatalf("%s:\n%q, want\n%q", what, got, want)
	}
}

// TestBucket: each object once, day by day: what comes after the last one, what comes late, what changes; and nothing twice after a start,
// however long the program stood still.
func TestBucket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, n := range []string{"a", "b", "c", "d", "e"} { // two pages
		w.file("2026/03/10", n)
	}
	w.file("2026/03/07", "f")
	w.file("2026/03/06", "before the first day")
	w.Put("logs/other/g.ndjson", []byte("{\"eventID\":\"g\"}\n"))
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Put("logs/other/2026-03-09/h & ü.json.zst", z.EncodeAll([]byte(`[{"eventID":"h"}]`), nil))
	w.Put("logs/other/notes.txt", []byte("no"))
	w.Put("logs/other/.hidden/i.json", []byte(`{"eventID":"i"}`))
	w.Put("elsewhere/j.json", []byte(`{"eventID":"j"}`))
	w.look("first", 8)
	w.once("first", "a", "b", "c", "d", "e", "f", "g", "h")
	w.look("nothing new", 0)

	w.Asked()
	w.now = w.now.Add(time.Minute)
	w.file("2026/03/10", "k")
	w.file("2026/03/09", "late")
	w.look("one behind the last", 1)
	lists, gets := w.Asked()
	for _, l := range lists {
		if l.Delimiter == "" && strings.HasPrefix(l.Prefix, trail) && (l.Prefix != trail+"2026/03/10/" || !strings.Contains(l.StartAfter, "_e.json.gz")) {
			t.Errorf("it listed %+v", l)
		}
	}
	if len(gets) != 1 {
		t.Errorf("it asked for %q", gets)
	}
	w.now = w.now.Add(bucket.WholeEvery)
	w.look("what came late", 1)
	w.once("late", "a", "b", "c", "d", "e", "f", "g", "h", "k", "late")

	w.Put(trail+"2026/03/10/123456789012_CloudTrail_eu-central-1_a.json.gz", packed(`{"Records":[{"eventID":"a2"}]}`))
	w.now = w.now.Add(bucket.WholeEvery)
	w.look("another content", 1)
	all := []string{"a", "b", "c", "d", "e", "f", "g", "h", "k", "late", "a2"}
	w.once("changed", all...)

	// Ten days later, after a start: everything since, and what is older than the window is forgotten.
	w.file("2026/03/12", "l")
	w.file("2026/03/20", "m")
	w.now = w.now.AddDate(0, 0, 10)
	w.start()
	w.look("ten days later", 2)
	all = append(all, "l", "m")
	w.once("ten days later", all...)
	for name := range w.known {
		if strings.Contains(name, "/2026/03/0") && strings.Contains(name, "CloudTrail/") || strings.Contains(name, "03/12") {
			t.Errorf("%s is still kept", name)
		}
	}
	w.file("2026/03/08", "too late")
	w.file("2026/03/17", "n")
	for range 2 {
		w.start()
		w.now = w.now.Add(time.Hour)
		if _, err := w.b.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.once("after more starts", append(all, "n")...)
	if left, err := os.ReadDir(w.b.Spool); err != nil || len(left) > 0 {
		t.Errorf("%v is left: %v", left, err)
	}
}

// TestSince: days long past are taken from the first that is named, and kept in mind day by day.
func TestSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.since = time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC)
	w.file("2025/12/29", "before")
	w.file("2025/12/30", "a")
	w.file("2026/01/31", "b")
	w.file("2026/03/10", "c")
	w.start()
	w.look("from the first day", 3)
	w.once("from the first day", "a", "b", "c")
	for name := range w.known {
		if strings.HasSuffix(name, ".gz") && !strings.Contains(name, "2026/03/10") {
			t.Errorf("%s is still kept", name)
		}
	}
	w.Asked()
	w.start()
	w.look("after a start", 0)
	if lists, _ := w.Asked(); len(lists) > 60 {
		t.Errorf("%d listings after a start", len(lists))
	}
}

// TestFaults: whatever the storage answers, and wherever the program ends, each record is taken once in the end.
func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var names []string
	for i := range 7 {
		names = append(names, fmt.Sprint("f", i))
		w.file("2026/03/10", names[i])
	}
	var big strings.Builder
	for i := range 45_000 {
		names = append(names, fmt.Sprint("big", i))
		fmt.Fprintf(&big, "{\"eventID\":\"big%d\"}\n", i)
	}
	w.Put("logs/big.ndjson", []byte(big.String()))
	fails := func(what string, kind errs.Kind) {
		t.Helper()
		if _, err := w.b.Look(t.Context()); errs.KindOf(err) != kind {
			t.Errorf("%s: %v", what, err)
		}
		w.start()
	}
	w.SetFault(func(op, _ string) int { return map[string]int{"list": 503}[op] })
	fails("slow down", errs.Exhausted)
	w.SetFault(func(_, key string) int { return map[bool]int{true: 500}[strings.Contains(key, "_f3")] })
	fails("a fault of the storage", errs.Unavailable)
	w.SetFault(nil)
	w.SetCut(func(key string) int { return map[bool]int{true: 20, false: -1}[strings.Contains(key, "_f4")] })
	fails("cut off", errs.Unavailable)
	w.SetCut(nil)
	for n := range 4 { // in the middle of the large one, and between others
		w.takes, w.killed = 0, n+1
		if _, err := w.b.Look(t.Context()); !errors.Is(err, errKilled) && err != nil {
			t.Errorf("killed at %d: %v", n, err)
		}
		w.start()
	}
	w.killed = 0
	if _, err := w.b.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.once("in the end", names...)

	// One that may not be read holds up no other, and is tried again.
	w.SetFault(func(op, key string) int { return map[bool]int{true: 403}[op == "get" && strings.Contains(key, "_g1")] })
	w.file("2026/03/10", "g1")
	w.file("2026/03/10", "g2")
	if _, err := w.b.Look(t.Context()); errs.KindOf(err) != errs.Denied || !strings.Contains(errs.HintOf(err), "s3:GetObject") {
		t.Errorf("%v, %s", err, errs.HintOf(err))
	}
	w.once("but one", append(names, "g2")...)
	w.SetFault(nil)
	w.now = w.now.Add(bucket.WholeEvery)
	w.look("it may be read now", 1)

	// One that is gone when it is asked for is not missed; one that is too large is told.
	gone := w.file("2026/03/10", "h1")
	w.SetFault(func(op, key string) int {
		if op == "get" && strings.Contains(key, gone) {
			w.Remove(key)
		}
		return 0
	})
	w.look("gone", 0)
	w.SetFault(nil)
	w.most = 100
	w.Put("logs/large.json", []byte(`{"eventID":"large"}`+strings.Repeat(" ", 100)))
	w.start()
	before := len(w.lines)
	for range 2 {
		w.look("too large", 0)
		w.now = w.now.Add(time.Hour)
	}
	if got := w.lines[before:]; len(got) != 1 || !strings.Contains(got[0], "s3://northwind-trail/logs/large.json: it has 119 bytes; 100 are read at most") {
		t.Errorf("%q", got)
	}
}

// TestDigests: digests in a bucket are held against what was taken, those of days long past at once.
func TestDigests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.since = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	previous, hash := "", ""
	digest := func(day string, hour int, files ...string) string {
		doc := map[string]any{"awsAccountId": "123456789012", "digestEndTime": "2026-02-10T10:00:00Z", "previousDigestS3Object": previous, "previousDigestHashValue": hash}
		logs := []map[string]string{}
		for _, f := range files {
			sum := sha256.Sum256([]byte(`{"Records":[{"eventID":"` + f[strings.LastIndex(f, "_")+1:] + `"}]}`))
			logs = append(logs, map[string]string{"s3Object": trail + day + "/" + f + ".json.gz", "hashValue": hex.EncodeToString(sum[:])})
		}
		doc["logFiles"] = logs
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("123456789012_CloudTrail-Digest_eu-central-1_main_eu-central-1_%sT%02d0000Z", strings.ReplaceAll(day, "/", ""), hour)
		previous = "logs/AWSLogs/123456789012/CloudTrail-Digest/eu-central-1/" + day + "/" + name + ".json.gz"
		sum := sha256.Sum256(text)
		hash = hex.EncodeToString(sum[:])
		w.Put(previous, packed(string(text)))
		return name
	}
	a, b := w.file("2026/02/10", "a"), w.file("2026/02/10", "b")
	d1 := digest("2026/02/10", 10, a)
	d2 := digest("2026/02/10", 11, b, "123456789012_CloudTrail_eu-central-1_never")
	c := w.file("2026/02/11", "c")
	d3 := digest("2026/02/11", 1, c)
	w.file("2026/03/10", "x")
	d4 := digest("2026/03/10", 1, "123456789012_CloudTrail_eu-central-1_x")
	d5 := digest("2026/03/10", 2, "123456789012_CloudTrail_eu-central-1_y")
	says := func(what string, want map[string]string) {
		t.Helper()
		if !maps.Equal(w.lacks, want) {
			t.Errorf("%s: %v, want %v", what, w.lacks, want)
		}
	}
	w.start()
	w.look("first", 4)
	want := map[string]string{d1: "", d2: "file 123456789012_CloudTrail_eu-central-1_never", d3: "", d4: ""}
	says("days long past", want)
	w.start()
	w.look("after a start", 0)
	w.now = w.now.Add(2 * time.Hour)
	w.look("later", 0)
	want[d5] = "file 123456789012_CloudTrail_eu-central-1_y"
	says("today", want)
	w.file("2026/03/10", "y")
	w.now = w.now.Add(time.Hour)
	w.look("it comes", 1)
	want[d5] = ""
	says("it came", want)
	w.once("events alone", "a", "b", "c", "x", "y")
}

// TestAddress: what is no bucket is told with what to write; whoever has no right hears so, and the secret is nowhere.
func TestAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, x := range map[string]struct {
		do   func(a *bucket.Address)
		says string
	}{
		"no bucket":       {func(a *bucket.Address) { a.URL = "https://northwind-trail" }, "is no bucket"},
		"a name":          {func(a *bucket.Address) { a.URL = "s3://North_Wind!/x" }, "is no bucket"},
		"a secret in it":  {func(a *bucket.Address) { a.URL = "s3://key:hunter2@northwind-trail/x" }, "is no bucket"},
		"no region":       {func(a *bucket.Address) { a.Endpoint, a.Region = "", "" }, "in which region"},
		"no endpoint":     {func(a *bucket.Address) { a.Endpoint = "minio.northwind.example" }, "is no endpoint"},
		"a path":          {func(a *bucket.Address) { a.Endpoint = "https://minio.northwind.example/x" }, "is no endpoint"},
		"another scheme":  {func(a *bucket.Address) { a.Endpoint = "ftp://minio.northwind.example" }, "is no endpoint"},
		"a wrong secret":  {func(a *bucket.Address) { a.Secret = "another" }, "signature"},
		"a wrong key":     {func(a *bucket.Address) { a.KeyID = "AKIAOTHER" }, "not known"},
		"a wrong region":  {func(a *bucket.Address) { a.Region = "eu-west-1" }, "not known"},
		"a bucket unseen": {func(a *bucket.Address) { a.URL = "s3://northwind-other" }, "does not exist"},
	} {
		a := w.at
		x.do(&a)
		b, err := bucket.Open(a, bucket.Bucket{Source: follow.Source{Clock: func() time.Time { return w.now }, Take: w.take}, Log: slog.New(slog.DiscardHandler), Known: map[string]event.Position{}, Spool: t.TempDir()})
		if err == nil {
			_, err = b.Look(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), x.says) || errs.HintOf(err) == "" || strings.Contains(fmt.Sprintf("%+v", err), a.Secret) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v (%s)", what, err, errs.HintOf(err))
		}
	}
	for _, x := range []struct{ url, endpoint, want string }{
		{"s3://northwind-trail/x", "", ""},
		{"gs://northwind-trail", "", ""},
		{"s3://northwind-trail", "http://10.0.0.5:9000", "10.0.0.5:9000 northwind-trail.10.0.0.5:9000"},
		{"s3://northwind-trail", "https://minio.northwind.example", "minio.northwind.example:443 northwind-trail.minio.northwind.example:443"},
	} {
		a := bucket.Address{URL: x.url, Region: "eu-central-1", Endpoint: x.endpoint}
		got, err := a.Reaches()
		if err != nil || strings.Join(got, " ") != x.want {
			t.Errorf("%+v: %q %v", x, got, err)
		}
	}
}

// TestElsewhere: storage that sends readers elsewhere is not followed, and Google's is read by the same interface.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Region = "auto"
	w.at.URL, w.at.Region = "gs://northwind-trail/logs", ""
	w.file("2026/03/10", "a")
	w.start()
	w.look("by Google's name", 1)
	for name := range w.known {
		if !strings.HasPrefix(name, "gs://northwind-trail/logs/") {
			t.Errorf("it is kept as %s", name)
		}
	}
	asked := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer inside.Close()
	for _, code := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect} {
		outside := httptest.NewServer(http.RedirectHandler(inside.URL+"/latest/meta-data/", code))
		w.at.Endpoint = outside.URL
		w.start()
		if _, err := w.b.Look(t.Context()); err == nil {
			t.Errorf("%d: nothing is told", code)
		}
		outside.Close()
	}
	if asked {
		t.Error("it went where it was sent")
	}
}
