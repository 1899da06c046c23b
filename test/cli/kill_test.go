package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
)

// halting is a simulated HR system that answers nothing any more from a request on, and tells when that request has come.
type halting struct {
	url     string
	reached chan struct{} // receives once a request hangs
	release func()        // lets everything through from now on
}

func newHalting(t *testing.T, f *folder, path string) *halting {
	t.Helper()
	company, env, stop, err := startCompany(people)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	h := &halting{reached: make(chan struct{}, 64)}
	open := make(chan struct{})
	inner := company.Handler(simco.Okta)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-open:
		default:
			if strings.Contains(r.URL.Path, path) {
				h.reached <- struct{}{}
				select {
				case <-open:
				case <-r.Context().Done():
					return
				}
			}
		}
		inner.ServeHTTP(w, r)
	}))
	closed := false
	h.release = func() {
		if !closed {
			closed = true
			close(open)
		}
	}
	t.Cleanup(func() { h.release(); srv.Close() })
	h.url = srv.URL
	f.env = append(f.env, "OKTA_TOKEN="+env["OKTA_TOKEN"], "TICKMARK_ALLOW_PRIVATE="+strings.TrimPrefix(srv.URL, "http://"))
	return h
}

func newInstalled(t *testing.T, from template) *folder {
	t.Helper()
	dir, err := from()
	if err != nil {
		t.Fatal(err)
	}
	f := newFolder(t)
	if err := copyTree(dir, f.dir); err != nil {
		t.Fatal(err)
	}
	return f
}

// kill begins a command, kills it for good when told to, and waits until it is gone with everything it had begun.
func kill(t *testing.T, f *folder, when func(), args ...string) (finished bool) {
	t.Helper()
	c := f.command("tickmark", args...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait() // how it ended is in its state
	}()
	when()
	_ = c.Process.Kill() // it may have ended by itself
	<-ended
	return c.ProcessState.Exited()
}

// records counts lines of a JSON listing that have a value in a field.
func records(t *testing.T, f *folder, field, value string, args ...string) int {
	t.Helper()
	n := 0
	for line := range strings.Lines(f.tickmark(0, args...).out) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if s, ok := r[field].(string); ok && s == value {
			n++
		}
	}
	return n
}

// TestKilledWhileCollecting: the source hangs in the middle of the reading, and there the program is killed.
func TestKilledWhileCollecting(t *testing.T) {
	t.Parallel()
	f := newInstalled(t, bare)
	h := newHalting(t, f, "/api/v1/groups")
	f.tickmark(0, "connect", "add", "okta", "--set", "base_url="+h.url, "--secret", "token=OKTA_TOKEN")
	f.write("people.csv", workersCSV)
	f.tickmark(0, "connect", "add", "file", "--set", "path=people.csv", "--set", "resource=worker")
	f.tickmark(0, "collect", "file")

	if kill(t, f, func() { wait(t, h.reached) }, "collect", "okta") {
		t.Fatal("the collection ended before it was killed")
	}

	// Nothing half-written is visible, nothing that was there is lost, the ledger is sound.
	if n := records(t, f, "source", "okta", "evidence", "list", "--json"); n != 0 {
		t.Errorf("%d pieces of evidence of a run that was cut off", n)
	}
	if n := records(t, f, "source", "file", "evidence", "list", "--json"); n != 1 {
		t.Errorf("%d pieces of the evidence that was there before", n)
	}
	f.tickmark(0, "ledger", "verify")

	// The next run takes everything, and the dead one is over: its files are gone, and it is not running any more.
	h.release()
	f.tickmark(0, "collect", "okta")
	if n := records(t, f, "source", "okta", "evidence", "list", "--json"); n != 9 {
		t.Errorf("%d pieces of evidence of the next run, want 9", n)
	}
	f.tickmark(0, "ledger", "verify")
	if n := len(lakeFiles(t, f, "user_account")); n != 1 {
		t.Errorf("%d files of accounts, want the one of the complete run", n)
	}
	if half, err := filepath.Glob(f.path("tickmark-data/lake/*/*/*/*/.*")); err != nil || len(half) > 0 {
		t.Errorf("half-written files stay: %v %v", half, err)
	}
}

func lakeFiles(t *testing.T, f *folder, resource string) []string {
	t.Helper()
	names, err := filepath.Glob(f.path("tickmark-data/lake/facts/*/" + resource + "/*/*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// wait waits for an event that must come.
func wait(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(waitLimit):
		t.Error("the event never came")
	}
}

// rounds is how often a command is killed at another instant of its work. The instants are fractions of the time that the
// same command took when it was left alone, so that they fall into its work on a fast machine and on a slow one.
const rounds = 6

// killOver kills a command at instants spread over its whole length and calls after for each.
func killOver(t *testing.T, f *folder, args func(round int) []string, after func(round int)) {
	t.Helper()
	began := time.Now()
	if d := f.run("", "tickmark", args(0)...); d.code != 0 {
		t.Fatalf("exit %d: %s%s", d.code, d.out, d.err)
	}
	whole := time.Since(began)
	killed := 0
	for round := 1; round <= rounds; round++ {
		if !kill(t, f, func() { time.Sleep(whole * time.Duration(round) / (rounds + 1)) }, args(round)...) {
			killed++
		}
		after(round)
	}
	t.Logf("killed in the middle %d times of %d", killed, rounds)
}

// TestKilledWhileSealing: a proposal that was accepted is in the ledger whatever happens to the process that seals it.
func TestKilledWhileSealing(t *testing.T) {
	t.Parallel()
	f := newInstalled(t, bare)
	person := func(round int) string { return "p" + string(rune('a'+round)) + "@northwind.example" }
	killOver(t, f,
		func(round int) []string { return []string{"user", "add", person(round)} }, // it writes, and seals when it ends
		func(round int) {
			d := f.tickmark(0, "ledger", "verify")
			if !strings.Contains(d.out, "the ledger holds") {
				t.Errorf("round %d: %s", round, d.out)
			}
			// Somebody is a member exactly when the ledger says so.
			members := records(t, f, "email", person(round), "user", "list", "--json")
			granted := 0
			for line := range strings.Lines(f.tickmark(0, "ledger", "list", "--kind", "access.granted", "--json=payload").out) {
				if strings.Contains(line, person(round)) {
					granted++
				}
			}
			if members != granted || members > 1 {
				t.Errorf("round %d: %d members and %d entries", round, members, granted)
			}
		})
	f.tickmark(0, "user", "add", "last@northwind.example")
	f.tickmark(0, "ledger", "verify")
}

// TestKilledWhileFreezing: a dossier is frozen with its ledger entry, or not at all, and numbers have no gap.
func TestKilledWhileFreezing(t *testing.T) {
	t.Parallel()
	f := newInstalled(t, lived)
	dossiers := func() []map[string]any {
		var out []map[string]any
		for line := range strings.Lines(f.tickmark(0, "report", "list", "--json").out) {
			var r map[string]any
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			out = append(out, r)
		}
		return out
	}
	killOver(t, f,
		func(round int) []string {
			return []string{"report", "build", "-o", "r" + string(rune('a'+round)) + ".pdf"}
		},
		func(round int) {
			f.tickmark(0, "ledger", "verify")
			all := dossiers()
			for i, d := range all {
				if want := float64(len(all) - i); d["number"] != want {
					t.Errorf("round %d: dossier %v where %v was expected", round, d["number"], want)
				}
			}
			if n := records(t, f, "kind", "dossier.frozen", "ledger", "list", "--kind", "dossier.frozen", "--json"); n != len(all) {
				t.Errorf("round %d: %d dossiers and %d entries", round, len(all), n)
			}
		})
	f.tickmark(0, "report", "build", "-o", "last.pdf")
	f.tickmark(0, "bundle", "-o", "last.zip")
	f.tickmark(0, "verify", "last.zip")
}

// TestKilledAtFirst: an installation that is killed while it is made can be made.
func TestKilledAtFirst(t *testing.T) {
	t.Parallel()
	init := []string{"init", "--name", "Northwind", "--owner", "ona@northwind.example", "--bare"}
	began := time.Now()
	newFolder(t).tickmark(0, init...)
	whole := time.Since(began)
	for round := 1; round <= rounds; round++ {
		f := newFolder(t)
		finished := kill(t, f, func() { time.Sleep(whole * time.Duration(round) / (rounds + 1)) }, init...)
		d := f.run("", "tickmark", init...)
		there := strings.Contains(d.err, "exists") || strings.Contains(d.err, "taken")
		if d.code != 0 && !there || finished && !there {
			t.Errorf("round %d: finished %v, then exit %d: %s", round, finished, d.code, d.err)
		}
		f.tickmark(0, "ledger", "verify")
		f.tickmark(0, "collect", "--dry-run", "host")
	}
}
