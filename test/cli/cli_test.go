// Package cli tests the program as its users meet it: real processes, real HTTP, real files. There is a script for each
// command in testdata, in the form that package testscript reads; what no script can say is a test in Go beside them.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tickmark/tickmark/internal/cli"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

func TestMain(m *testing.M) {
	lake.ServeSandbox() // the SQL of users runs in a child of the same program
	testscript.Main(program{m}, map[string]func(){
		"tickmark": func() { os.Exit(cli.Main(os.Args[1:], cli.Standard())) },
	})
}

// program runs the tests with a folder for what they share, and removes it.
type program struct{ m *testing.M }

// shared is the folder that holds installations which are made once and copied.
var shared string

// Run is called by testscript once the program is in the PATH.
func (p program) Run() int {
	var err error
	if shared, err = os.MkdirTemp("", "tickmark-cli-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := p.m.Run()
	if err := os.RemoveAll(shared); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, environment(e.WorkDir)...)
			return os.Mkdir(filepath.Join(e.WorkDir, "home"), 0o700)
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "capture": capture, "json": jsonLines, "csv": csvTable, "installed": installed, "systems": systems, "fault": fault,
			"start": start, "halt": halt, "database": database, "absent": absent, "big": big, "flip": flip, "commit": commit, "until": until, "replace": replace, "damage": damage, "tamper": tamper, "await": await,
		},
	})
}

// environment makes a process independent of the machine and of whoever runs the tests.
func environment(work string) []string {
	return []string{
		"HOME=" + filepath.Join(work, "home"), "TZ=America/New_York", "LANG=C.UTF-8", // the zone is one the program must ignore
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ona Petrauskas", "GIT_AUTHOR_EMAIL=ona@northwind.example", "GIT_COMMITTER_NAME=Ona Petrauskas", "GIT_COMMITTER_EMAIL=ona@northwind.example",
	}
}

// condition knows postgres: whether a server is given. A script that needs it says so and skips.
func condition(name string) (bool, error) {
	if name == "postgres" {
		return os.Getenv(envPostgres) != "", nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// done is a process that has ended.
type done struct {
	code     int
	out, err string
}

// folder is a working folder in which the tests in Go run the program.
type folder struct {
	t   testing.TB
	dir string
	env []string
}

func newFolder(t testing.TB) *folder {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "home"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &folder{t: t, dir: dir, env: append([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}, environment(dir)...)}
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) write(name, content string) {
	f.t.Helper()
	if err := os.WriteFile(f.path(name), []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) command(name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(f.t.Context(), name, args...)
	c.Dir, c.Env = f.dir, f.env
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = time.Minute
	return c
}

// run runs a program and returns what it said; input is its standard input.
func (f *folder) run(input, name string, args ...string) done {
	f.t.Helper()
	c := f.command(name, args...)
	var out, errOut strings.Builder
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(input), &out, &errOut
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		f.t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return done{c.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// tickmark runs the program and demands an exit code.
func (f *folder) tickmark(code int, args ...string) done {
	f.t.Helper()
	d := f.run("", "tickmark", args...)
	if d.code != code {
		f.t.Fatalf("tickmark %s: exit %d, expected %d\n%s%s", strings.Join(args, " "), d.code, code, d.out, d.err)
	}
	return d
}

// git makes or changes a repository; a machine without git skips the test with a line that says so.
func (f *folder) git(dir string, args ...string) string {
	f.t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		f.t.Skip("git is not installed: this test reads a repository of its own making")
	}
	d := f.run("", "git", append([]string{"-C", f.path(dir)}, args...)...)
	if d.code != 0 {
		f.t.Fatalf("git %s: %s%s", strings.Join(args, " "), d.out, d.err)
	}
	return d.out
}

// template is an installation that is made once.
type template func() (string, error)

func once(name string, fill func(dir string) error) template {
	return sync.OnceValues(func() (string, error) {
		dir := filepath.Join(shared, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return "", err
		}
		return dir, fill(dir)
	})
}

// The installations that scripts begin with: fresh is what init leaves, bare the same without controls, lived has read the
// simulated company once, tested, and built a report.
var (
	fresh = once("fresh", func(dir string) error {
		return tick(dir, nil, 0, "init", "--name", "Northwind", "--owner", "ona@northwind.example", "--owner-name", "Ona Petrauskas")
	})
	bare = once("bare", func(dir string) error {
		return tick(dir, nil, 0, "init", "--name", "Northwind", "--owner", "ona@northwind.example", "--bare")
	})
	lived = once("lived", makeLived)

	templates = map[string]template{"fresh": fresh, "bare": bare, "lived": lived}
)

func makeLived(dir string) error {
	begin, err := fresh()
	if err != nil {
		return err
	}
	if err := copyTree(begin, dir); err != nil {
		return err
	}
	_, env, stop, err := startCompany(people)
	if err != nil {
		return err
	}
	defer stop()
	for _, args := range [][]string{
		{"connect", "add", "okta", "--set", "base_url=" + env["OKTA"], "--secret", "token=OKTA_TOKEN"},
		{"connect", "add", "bamboohr", "--set", "base_url=" + env["BAMBOOHR"], "--set", "company=" + env["BAMBOOHR_COMPANY"], "--secret", "api_key=BAMBOOHR_KEY"},
		{"collect"},
	} {
		if err := tick(dir, env, 0, args...); err != nil {
			return err
		}
	}
	if err := tick(dir, env, 3, "test"); err != nil { // deviations are planted
		return err
	}
	return tick(dir, env, 0, "report", "build", "-o", "report.pdf")
}

// tick runs the program outside any test, for templates.
func tick(dir string, env map[string]string, code int, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "tickmark", args...)
	c.Dir, c.Env = dir, append([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}, environment(dir)...)
	for k, v := range env {
		c.Env = append(c.Env, k+"="+v)
	}
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	if got := c.ProcessState.ExitCode(); got != code {
		return fmt.Errorf("tickmark %s: exit %d, expected %d\n%s", strings.Join(args, " "), got, code, out)
	}
	return nil
}

// copyTree copies a template's files; what they are is a whole installation.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if e.IsDir() {
			return os.MkdirAll(target, info.Mode().Perm())
		}
		content, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, info.Mode().Perm())
	})
}
