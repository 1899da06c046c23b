package follow_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/follow"
)

var errFull = errors.New("no space")

// disk keeps records with the place up to which a file is read, both or neither.
type disk struct {
	lines []string
	known map[string]event.Position
	fails int // so many times
	takes int
}

func newDisk() *disk { return &disk{known: map[string]event.Position{}} }

func (d *disk) source(log string) follow.Source {
	return follow.Source{Log: log, Clock: func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }, Take: func(_ context.Context, records []byte, at event.Position) error {
		if d.fails > 0 {
			d.fails--
			return errFull
		}
		d.takes++
		for l := range strings.Lines(string(records)) {
			d.lines = append(d.lines, strings.TrimSuffix(l, "\n"))
		}
		d.known[at.Name] = at
		return nil
	}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// file is a file that is followed, and what writes it.
type file struct {
	*follow.File
	t *testing.T
	d *disk
	n int // the number of the next line
}

func newFile(t *testing.T) *file {
	x := &file{t: t, d: newDisk()}
	x.start(filepath.Join(t.TempDir(), "audit.log"))
	t.Cleanup(func() { must(t, x.Close()) })
	return x
}

// start is what a start of the program does.
func (x *file) start(path string) {
	at := event.Position{Name: path}
	if p, ok := x.d.known[path]; ok {
		at = p
	}
	x.File = &follow.File{Path: path, Source: x.d.source("okta.log"), At: at, Log: slog.New(slog.DiscardHandler)}
}

func (x *file) restart() {
	must(x.t, x.Close())
	x.start(x.Path)
}

func (x *file) line() string {
	x.n++
	return fmt.Sprintf(`{"uuid":"u%d"}`, x.n)
}

func (x *file) write(text string) {
	x.t.Helper()
	f, err := os.OpenFile(x.Path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(x.t, err)
	_, err = f.WriteString(text)
	must(x.t, errors.Join(err, f.Close()))
}

func (x *file) grow(lines int) {
	x.t.Helper()
	for range lines {
		x.write(x.line() + "\n")
	}
}

func (x *file) rename(to string) {
	x.t.Helper()
	must(x.t, os.Rename(x.Path, filepath.Join(filepath.Dir(x.Path), to)))
	time.Sleep(5 * time.Millisecond) // so that times of files differ
}

// check reads everything and wants each line that was written, once and in order.
func (x *file) check(what string) {
	x.t.Helper()
	for n := 0; ; n++ {
		more, err := x.Step(x.t.Context())
		if err != nil && !errors.Is(err, errFull) {
			x.t.Fatalf("%s: %v", what, err)
		}
		if err == nil && !more {
			break
		}
		if n > 1000 {
			x.t.Fatalf("%s: it never ends", what)
		}
	}
	for i := range x.n {
		if i >= len(x.d.lines) || x.d.lines[i] != fmt.Sprintf(`{"uuid":"u%d"}`, i+1) {
			x.t.Fatalf("%s: line %d is not there once: %v", what, i+1, x.d.lines[max(0, i-2):min(len(x.d.lines), i+3)])
		}
	}
	if len(x.d.lines) != x.n {
		x.t.Fatalf("%s: %d lines of %d", what, len(x.d.lines), x.n)
	}
}

// TestFile: a file is read once whatever becomes of it: it grows, is renamed and begun again, cut off and filled again, the program
// starts again at any time, and the disk is full for a while.
func TestFile(t *testing.T) {
	t.Parallel()
	x := newFile(t)
	x.check("not there yet")
	x.grow(3)
	x.check("new")
	x.write(x.line())
	x.n--
	x.check("half a line")
	x.n++
	x.write("\n\n\r\n")
	x.check("the other half")
	x.d.fails = 2
	x.grow(3)
	x.check("a full disk")
	x.restart()
	x.check("a start")
	x.grow(2)
	x.rename("audit.log.1")
	x.check("renamed, and nothing new")
	x.grow(2)
	x.check("begun again")
	x.grow(2)
	x.rename("audit.log.2")
	x.grow(2)
	x.rename("audit.log.3")
	x.grow(2)
	x.check("renamed twice between two looks")
	x.grow(2)
	x.rename("audit.log-20260301")
	x.grow(2)
	x.restart()
	x.check("renamed while the program stood still")
	x.grow(1)
	must(t, x.Close())
	x.rename("audit.log.4")
	x.grow(2)
	x.write("{\"uuid\":")
	x.rename("audit.log.5")
	x.write(`{"uuid":"u` + fmt.Sprint(x.n+2) + `"}`)
	x.start(x.Path)
	x.n++ // the half line of the file that ended is a record, and none
	_, err := x.Step(t.Context())
	must(t, err)
	for range 20 {
		if _, err := x.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := x.d.lines[len(x.d.lines)-1]; got != `{"uuid":` {
		t.Errorf("the end of a file that ended without a line break is %q", got)
	}
	x.d.lines = x.d.lines[:len(x.d.lines)-1]
	x.n--
	x.check("renamed twice while the program stood still")
	x.write("\n")
	x.n++
	for range 3 {
		_, err = x.Step(t.Context())
		must(t, err)
	}
	if got := x.d.lines[len(x.d.lines)-1]; got != fmt.Sprintf(`{"uuid":"u%d"}`, x.n+1) {
		t.Errorf("after it came %q", got)
	}
}

// TestTruncated: a file that is cut off and filled again is a new one, even if it is longer than before when it is looked at.
func TestTruncated(t *testing.T) {
	t.Parallel()
	for _, again := range []bool{false, true} {
		x := newFile(t)
		x.grow(5)
		x.check("first")
		must(t, os.Truncate(x.Path, 0))
		if again {
			must(t, x.Close())
		}
		x.grow(2)
		if again {
			x.start(x.Path)
		}
		x.check("shorter")
		must(t, os.Truncate(x.Path, 0))
		x.grow(50)
		x.check("longer")
	}
}

// TestLong: lines without end come in pieces, and more than fits at once comes in order.
func TestLong(t *testing.T) {
	t.Parallel()
	x := newFile(t)
	for range 3 {
		var b strings.Builder
		for range 30_000 {
			b.WriteString(x.line() + "\n")
		}
		x.write(b.String())
	}
	x.check("many")
	if x.d.takes < 4 {
		t.Errorf("90,000 records in %d batches", x.d.takes)
	}
	x.d.lines, x.n = nil, 0
	big := `{"uuid":"` + strings.Repeat("x", 900_000) + `"}`
	x.write(strings.Repeat("y", 5<<20) + "\n" + big + "\n")
	for range 40 {
		_, err := x.Step(t.Context())
		must(t, err)
	}
	y := strings.Count(strings.Join(x.d.lines, ""), "y")
	if y != 5<<20 || x.d.lines[len(x.d.lines)-1] != big {
		t.Errorf("%d of %d in %d pieces", y, 5<<20, len(x.d.lines))
	}
}

// TestText: lines of syslog's own files become records.
func TestText(t *testing.T) {
	t.Parallel()
	d := newDisk()
	path := filepath.Join(t.TempDir(), "auth.log")
	must(t, os.WriteFile(path, []byte("Mar  1 08:00:00 web-1 sshd[41]: Accepted password for dana from 192.0.2.7 port 1 ssh2\n"), 0o600))
	x := &follow.File{Path: path, Source: d.source("linux.syslog"), At: event.Position{Name: path}}
	defer x.Close()
	_, err := x.Step(t.Context())
	must(t, err)
	e, err := event.Normalise("linux.syslog", []byte(d.lines[0]), time.Now())
	if err != nil || e.Actor.ID != "dana" || e.Host != "web-1" || e.At.Year() != 2026 {
		t.Errorf("%+v %v", e, err)
	}
	x = &follow.File{Path: t.TempDir(), Source: d.source("linux.syslog")}
	if _, err := x.Step(t.Context()); err == nil {
		t.Error("a folder is followed")
	}
}

// TestFolder: each file once, whole, in CloudTrail's layout and others; again only if its content changes; in part only if the disk
// was full; what cannot be read to its end is told.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir, d := t.TempDir(), newDisk()
	put := func(name string, body []byte) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, body, 0o600))
	}
	x := &follow.Folder{Path: dir, Source: d.source("aws.cloudtrail"), Log: slog.New(slog.DiscardHandler), Known: map[string]event.Position{}}
	look := func(want int, lines int) {
		t.Helper()
		if n, err := x.Look(t.Context()); err != nil || n != want || len(d.lines) != lines {
			t.Fatalf("%d files and %d lines, want %d and %d: %v", n, len(d.lines), want, lines, err)
		}
	}
	trail := "AWSLogs/123456789012/CloudTrail/eu-central-1/2026/03/01/123456789012_CloudTrail_eu-central-1_20260301T0800Z_x.json.gz"
	put(trail, packed(t, `{"Records":[{"eventID":"1"},{"eventID":"2"}]}`))
	put("AWSLogs/123456789012/CloudTrail-Digest/eu-central-1/2026/03/01/x.json.gz", packed(t, `{"awsAccountId":"123456789012"}`))
	put("other/events.ndjson", []byte("{\"eventID\":\"3\"}\n{\"eventID\":\"4\"}"))
	put("other/.hidden.json", []byte("{}"))
	put("other/notes.txt", []byte("{}"))
	put("other/growing.json", []byte("[{}"))
	look(0, 0) // a file that came just now may still be written
	put("other/growing.json", []byte(`[{"eventID":"5"}]`+strings.Repeat(" ", 10)))
	look(2, 4)
	look(1, 5)
	look(0, 5)
	now := time.Now().Add(time.Hour)
	must(t, os.Chtimes(filepath.Join(dir, filepath.FromSlash(trail)), now, now))
	look(0, 5)
	look(0, 5) // touched, and the same

	x.Known = d.known // as after a start
	must(t, os.Chtimes(filepath.Join(dir, "other", "events.ndjson"), now, now))
	look(0, 5)
	look(0, 5)
	put("other/events.ndjson", []byte("{\"eventID\":\"6\"}\n"))
	look(0, 5)
	look(1, 6)

	put("empty.json", nil)
	put("broken.json", []byte(`[{"eventID":"7"},{"eventID"`))
	look(0, 6)
	look(2, 8)
	if last := d.lines[7]; !strings.Contains(last, "broken.json, after 1 records") || !strings.Contains(last, "cut off") {
		t.Errorf("%s", last)
	}
	look(0, 8)

	var many strings.Builder
	for n := range 50_000 {
		fmt.Fprintf(&many, "{\"eventID\":\"m%d\"}\n", n)
	}
	put("many.jsonl", []byte(many.String()))
	look(0, 8)
	take, calls := x.Take, 0
	x.Take = func(ctx context.Context, records []byte, at event.Position) error {
		if calls++; calls == 2 {
			return errFull
		}
		return take(ctx, records, at)
	}
	if _, err := x.Look(t.Context()); !errors.Is(err, errFull) || len(d.lines) != 20_008 {
		t.Fatalf("%d lines, %v", len(d.lines), err)
	}
	x = &follow.Folder{Path: dir, Source: x.Source, Log: x.Log, Known: d.known}
	look(0, 20_008)
	look(1, 50_008)
	for n := range 50_000 {
		if want := fmt.Sprintf(`{"eventID":"m%d"}`, n); d.lines[8+n] != want {
			t.Fatalf("line %d is %s", n, d.lines[8+n])
		}
	}
	if _, err := (&follow.Folder{Path: filepath.Join(dir, "none")}).Look(t.Context()); err == nil {
		t.Error("a folder that is not there")
	}
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	must(t, errors.Join(err, z.Close()))
	return b.Bytes()
}
