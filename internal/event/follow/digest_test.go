package follow_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/follow"
)

// trail is a folder in CloudTrail's layout, with its digests.
type trail struct {
	*follow.Folder
	t     *testing.T
	d     *disk
	dir   string
	now   time.Time
	lacks map[string]string // by digest: what was told last
	tells int
	last  string // key of the digest before
	hash  string // of it
}

func newTrail(t *testing.T) *trail {
	x := &trail{t: t, d: newDisk(), dir: t.TempDir(), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), lacks: map[string]string{}}
	x.start()
	return x
}

// start is what a start of the program does.
func (x *trail) start() {
	s := x.d.source("aws.cloudtrail")
	s.Clock = func() time.Time { return x.now }
	x.Folder = &follow.Folder{Path: x.dir, Source: s, Log: slog.New(slog.DiscardHandler), Known: maps.Clone(x.d.known), Digested: func(_ context.Context, digest string, lacks []event.Lack) error {
		var out []string
		for _, l := range lacks {
			out = append(out, string(l.Kind)+" "+l.File)
		}
		slices.Sort(out)
		x.tells++
		x.lacks[digest] = strings.Join(out, ", ")
		return nil
	}}
}

const keys = "AWSLogs/123456789012/CloudTrail"

func (x *trail) put(key string, body []byte) {
	x.t.Helper()
	path := filepath.Join(x.dir, filepath.FromSlash(key))
	must(x.t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(x.t, os.WriteFile(path, body, 0o600))
}

// file is the key of a log file and what it holds.
func (x *trail) file(n int) (key, text string) {
	return fmt.Sprintf("%s/eu-central-1/2026/03/01/123456789012_CloudTrail_eu-central-1_20260301T%02d00Z_f%d.json.gz", keys, n, n), fmt.Sprintf(`{"Records":[{"eventID":"e%d"}]}`, n) + "\n"
}

// digest writes the digest of an hour, which names files by their numbers, and gives its key.
func (x *trail) digest(hour int, files ...int) string {
	doc := map[string]any{"awsAccountId": "123456789012", "digestEndTime": fmt.Sprintf("2026-03-01T%02d:30:00Z", hour), "previousDigestS3Object": nil, "previousDigestHashValue": nil}
	if x.last != "" {
		doc["previousDigestS3Object"], doc["previousDigestHashValue"] = x.last, x.hash
	}
	var logs []map[string]string
	for _, n := range files {
		key, text := x.file(n)
		sum := sha256.Sum256([]byte(text))
		logs = append(logs, map[string]string{"s3Object": "a-prefix/" + key, "hashValue": hex.EncodeToString(sum[:]), "hashAlgorithm": "SHA-256"})
	}
	doc["logFiles"] = logs
	text, err := json.Marshal(doc)
	must(x.t, err)
	sum := sha256.Sum256(text)
	key := fmt.Sprintf("%s-Digest/eu-central-1/2026/03/01/123456789012_CloudTrail-Digest_eu-central-1_main_eu-central-1_20260301T%02d3000Z.json.gz", keys, hour)
	x.put(key, packed(x.t, string(text)))
	x.last, x.hash = key, hex.EncodeToString(sum[:])
	return strings.TrimSuffix(filepath.Base(key), ".json.gz")
}

// look looks twice, since a file that came just now may still be written.
func (x *trail) look() {
	x.t.Helper()
	for range 2 {
		_, err := x.Look(x.t.Context())
		must(x.t, err)
	}
}

// TestDigests: what the digests name and is there is done with; what lacks or was altered is told after an hour, and settled when it
// comes.
func TestDigests(t *testing.T) {
	t.Parallel()
	x := newTrail(t)
	write := func(n int, altered string) string {
		key, text := x.file(n)
		x.put(key, packed(t, text+altered))
		return strings.TrimSuffix(filepath.Base(key), ".json.gz")
	}
	says := func(what, digest, want string) {
		t.Helper()
		if x.lacks[digest] != want {
			t.Errorf("%s: %s lacks %q, want %q", what, digest, x.lacks[digest], want)
		}
	}
	done := func(digest string, want bool) {
		t.Helper()
		got := false
		for name, at := range x.d.known {
			got = got || strings.Contains(name, digest) && at.Identity != "" && at.Plain != ""
		}
		if got != want {
			t.Errorf("%s is done: %v", digest, got)
		}
	}
	write(1, "")
	first := x.digest(1, 1)
	x.look()
	says("all there", first, "")
	done(first, true)

	write(2, "")
	four := write(4, `{"Records":[]}`)
	second := x.digest(2, 2, 3, 4)
	x.look()
	if x.tells != 1 {
		t.Errorf("told %d times before the hour is over", x.tells)
	}
	x.now = x.now.Add(2 * time.Hour)
	x.look()
	key3, _ := x.file(3)
	three := strings.TrimSuffix(filepath.Base(key3), ".json.gz")
	says("one lacks and one was altered", second, "altered "+four+", file "+three)
	done(second, false)
	x.look()
	if x.tells != 2 {
		t.Errorf("told %d times", x.tells)
	}
	x.start()
	x.look()
	x.now = x.now.Add(2 * time.Hour)
	write(3, "")
	x.look()
	x.look()
	says("it came after a start", second, "altered "+four)
	write(4, "")
	x.look()
	says("the right one", second, "")
	done(second, true)

	// A digest that was taken away, and one that was rewritten.
	hidden := x.last
	x.digest(3)
	must(t, os.Remove(filepath.Join(x.dir, filepath.FromSlash(x.last))))
	gone := strings.TrimSuffix(filepath.Base(x.last), ".json.gz")
	fourth := x.digest(4)
	x.look()
	x.now = x.now.Add(2 * time.Hour)
	x.look()
	says("a digest is gone", fourth, "file "+gone)
	x.last, x.hash = hidden, strings.Repeat("0", 64)
	fifth := x.digest(5)
	x.look()
	x.now = x.now.Add(2 * time.Hour)
	x.look()
	says("a digest was rewritten", fifth, "altered "+second)

	// What was taken and is done with is altered, and a digest that was.
	one := write(1, `{"Records":[]}`)
	x.put(keys+"-Digest/eu-central-1/2026/03/01/"+first+".json.gz", packed(t, "nothing"))
	before := len(x.d.lines)
	x.look()
	says("a file that was done with", "content of "+one, "altered "+one)
	says("a digest that was done with", "content of "+first, "altered "+first)
	x.put(hidden, packed(t, `{"awsAccountId":"123456789012","digestEndTime":"2026-03-01T02:30:00Z","logFiles":[]}`))
	x.look()
	says("a digest that hides what it named", "content of "+second, "altered "+second)
	if got := strings.Join(x.d.lines[before:], " "); !strings.Contains(got, "no digest of CloudTrail") {
		t.Errorf("%q", got)
	}

	// Of what was taken before hashes were kept nothing can be said.
	sixth := x.digest(6, 1)
	for name, at := range x.d.known {
		if strings.Contains(name, one) {
			at.Plain = ""
			x.d.known[name] = at
		}
	}
	x.lacks[sixth] = "not told"
	x.start()
	x.look()
	says("taken before hashes were kept", sixth, "")

	x.put(keys+"-Digest/eu-central-1/2026/03/01/x.json.gz", packed(t, `{"Records":[]}`))
	x.put(keys+"-Digest/eu-central-1/2026/03/01/y.json.gz", []byte("\x1f\x8bnothing"))
	before = len(x.d.lines)
	x.look()
	x.look()
	if got := x.d.lines[before:]; len(got) != 2 || !strings.Contains(strings.Join(got, " "), "no digest of CloudTrail") {
		t.Errorf("%q", got)
	}
	x.Digested = nil
	x.digest(7, 99)
	x.look()
	if len(x.d.lines) != before+2 {
		t.Error("a digest is read as events")
	}
}
