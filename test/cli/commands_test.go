package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

const envPostgres = sqldbtest.EnvPostgres

// exits CODE PROGRAM ARGS...: runs a program and demands its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got, err := 0, ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, expected %d", got, want)
	}
}

// capture NAME PATTERN: sets a variable to the first group of a pattern in the last standard output.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	re, err := regexp.Compile(`(?m)` + args[1])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("no match for %q", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// jsonLines is json LINES [FIELD=VALUE...]: the last standard output has that many lines ("+" for any but none), each
// one JSON object, and one of them has all these values.
func jsonLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: json LINES [FIELD=VALUE...]")
	}
	found, n := len(args) == 1, 0
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		n++
		var record map[string]any
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&record); err != nil || d.More() {
			ts.Fatalf("line %d is no JSON object: %v\n%s", n, err, line)
		}
		found = found || !slices.ContainsFunc(args[1:], func(a string) bool {
			field, want, _ := strings.Cut(a, "=")
			got, there := record[field]
			return !there || fmt.Sprint(got) != want
		})
	}
	if args[0] == "+" && n == 0 || args[0] != "+" && strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d lines, expected %s", n, args[0])
	}
	if !found {
		ts.Fatalf("no line with %s", strings.Join(args[1:], ", "))
	}
}

// csvTable is csv ROWS HEADER: the last standard output is CSV by RFC 4180 with that header and that many rows.
func csvTable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: csv ROWS HEADER")
	}
	text := ts.ReadFile("stdout")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	ts.Check(err)
	if len(rows) == 0 || strings.Join(rows[0], ",") != args[1] {
		ts.Fatalf("the header is not %s", args[1])
	}
	if strings.Count(text, "\r\n") != len(rows) {
		ts.Fatalf("lines do not end in CR LF")
	}
	if args[0] == "+" && len(rows) < 2 || args[0] != "+" && strconv.Itoa(len(rows)-1) != args[0] {
		ts.Fatalf("%d rows, expected %s", len(rows)-1, args[0])
	}
}

// installed TEMPLATE: puts an installation into the working folder.
func installed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || templates[args[0]] == nil {
		ts.Fatalf("usage: installed fresh|bare|lived")
	}
	dir, err := templates[args[0]]()
	ts.Check(err)
	ts.Check(copyTree(dir, ts.MkAbs(".")))
}

// absent NEEDLE FILE...: no such text in these files, not even in parts of them that are binary.
func absent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: absent TEXT FILE...")
	}
	for _, name := range args[1:] {
		if strings.Contains(ts.ReadFile(name), args[0]) {
			ts.Fatalf("%s contains %q", name, args[0])
		}
	}
}

// big FILE BYTES: makes a file of that many bytes that takes no room.
func big(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: big FILE BYTES")
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(errors.Join(f.Truncate(size), f.Close()))
}

// flip FILE OFFSET: changes one bit of a file; a negative offset counts from the end.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	name := ts.MkAbs(args[0])
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	content, err := os.ReadFile(name)
	ts.Check(err)
	if at < 0 {
		at += len(content)
	}
	content[at] ^= 1
	ts.Check(os.WriteFile(name, content, 0o600))
}

// commit FOLDER DATE MESSAGE: adds a commit to a repository, which it makes if need be.
func commit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: commit FOLDER DATE MESSAGE")
	}
	ts.Setenv("GIT_AUTHOR_DATE", args[1])
	ts.Setenv("GIT_COMMITTER_DATE", args[1])
	if _, err := os.Stat(ts.MkAbs(args[0])); errors.Is(err, os.ErrNotExist) {
		ts.Check(ts.Exec("git", "init", "-q", "-b", "main", args[0]))
	}
	ts.Check(ts.Exec("git", "-C", args[0], "commit", "-q", "--allow-empty", "-m", args[2]))
}

// background is a process that start began.
type background struct {
	cmd  *exec.Cmd
	said *lines
	done chan struct{} // closed when it has ended
}

// lines is what a process has written so far. A reader can wait for a pattern.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// waitLimit is how long a test waits for an event that must come; only a broken program takes it.
const waitLimit = 2 * time.Minute

// wait waits until the pattern matches, and returns its groups by name.
func (l *lines) wait(re *regexp.Regexp, ended <-chan struct{}) (map[string]string, error) {
	limit := time.After(waitLimit)
	for {
		if m := re.FindStringSubmatch(l.String()); m != nil {
			out := map[string]string{}
			for i, name := range re.SubexpNames() {
				if name != "" {
					out[name] = m[i]
				}
			}
			return out, nil
		}
		select {
		case <-l.more:
		case <-ended:
			return nil, fmt.Errorf("the process ended before it said %q\n%s", re, l)
		case <-limit:
			return nil, fmt.Errorf("the process never said %q\n%s", re, l)
		}
	}
}

var running sync.Map // name of the script and of the process -> *background

// start NAME PATTERN PROGRAM ARGS...: starts a process and waits until it says the pattern; named groups become variables.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: start NAME PATTERN PROGRAM ARGS...")
	}
	re, err := regexp.Compile(`(?s)` + args[1])
	ts.Check(err)
	c := exec.Command(args[2], args[3:]...)
	c.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TZ", "LANG", "TMPDIR", "TICKMARK_ALLOW_PRIVATE", "TICKMARK_DATA"} {
		c.Env = append(c.Env, name+"="+ts.Getenv(name))
	}
	b := &background{cmd: c, said: &lines{more: make(chan struct{}, 1)}, done: make(chan struct{})}
	c.Stdout, c.Stderr = b.said, b.said
	ts.Check(c.Start())
	go func() {
		defer close(b.done)
		_ = c.Wait() // how it ended is in its state
	}()
	key := ts.Name() + "/" + args[0]
	running.Store(key, b)
	ts.Defer(func() {
		if _, there := running.LoadAndDelete(key); there {
			_ = c.Process.Kill()
			<-b.done
		}
	})
	groups, err := b.said.wait(re, b.done)
	ts.Check(err)
	for k, v := range groups {
		ts.Setenv(k, v)
	}
}

// halt NAME CODE: interrupts a process as Ctrl-C does and demands its exit code.
func halt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: halt NAME CODE")
	}
	v, there := running.LoadAndDelete(ts.Name() + "/" + args[0])
	if !there {
		ts.Fatalf("no process %s", args[0])
	}
	b, ok := v.(*background)
	if !ok {
		ts.Fatalf("no process %s", args[0])
	}
	ts.Check(b.cmd.Process.Signal(syscall.SIGINT))
	select {
	case <-b.done:
	case <-time.After(waitLimit):
		ts.Check(b.cmd.Process.Kill())
		<-b.done
		ts.Fatalf("%s did not end when interrupted", args[0])
	}
	_, err := io.WriteString(ts.Stdout(), b.said.String())
	ts.Check(err)
	if got := strconv.Itoa(b.cmd.ProcessState.ExitCode()); got != args[1] {
		ts.Fatalf("exit code %s, expected %s\n%s", got, args[1], b.said)
	}
}

// await FILE: waits until a file is there.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	for limit := time.Now().Add(waitLimit); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		if time.Now().After(limit) {
			ts.Fatalf("%s never came", args[0])
		}
	}
}

var databases atomic.Int64

// database: makes an empty schema on the PostgreSQL server and sets DATABASE to its address.
func database(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: database")
	}
	ctx := testContext
	schema := fmt.Sprintf("cli%d_%d_%d", os.Getpid(), time.Now().UnixNano(), databases.Add(1))
	admin, err := sqldb.Open(ctx, os.Getenv(envPostgres))
	ts.Check(err)
	_, err = admin.Exec(ctx, "CREATE SCHEMA "+schema)
	ts.Check(err)
	ts.Defer(func() {
		_, err := admin.Exec(ctx, "DROP SCHEMA "+schema+" CASCADE")
		ts.Check(errors.Join(err, admin.Close()))
	})
	u, err := url.Parse(os.Getenv(envPostgres))
	ts.Check(err)
	q := u.Query()
	q.Set("search_path", schema)
	q.Set("pool_max_conns", "4")
	u.RawQuery = q.Encode()
	ts.Setenv("DATABASE", u.String())
}

// until NAME DAYS: sets a variable to the day that many days from now, for what must end in the future.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: until NAME DAYS")
	}
	days, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Setenv(args[0], time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly))
}

// replace FILE PATTERN TEXT: replaces what matches in a file, and demands that something does.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE PATTERN TEXT")
	}
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	old := ts.ReadFile(args[0])
	if !re.MatchString(old) {
		ts.Fatalf("%s has no match for %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(re.ReplaceAllString(old, args[2])), 0o600))
}

// damage GLOB: adds a byte to each file that matches, and demands that one does.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage GLOB")
	}
	names, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(names) == 0 {
		ts.Fatalf("nothing matches %s", args[0])
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		ts.Check(err)
		ts.Check(os.WriteFile(name, append(content, 'x'), 0o600))
	}
}

// tamper FILE SQL: changes a SQLite database without the program, as somebody would who wants to hide something.
func tamper(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tamper FILE SQL")
	}
	db, err := sqldb.Open(testContext, "sqlite:"+ts.MkAbs(args[0]))
	ts.Check(err)
	n, err := db.Exec(testContext, args[1])
	ts.Check(errors.Join(err, db.Close()))
	if n == 0 {
		ts.Fatalf("nothing was changed")
	}
}
