// Command tally adds up what a run of all tests printed: "go test -json" of each module, Playwright's JSON report, and
// steps that only pass or fail. It names every failure and every skip with its reason, and ends with one line:
//
//	N passed, N failed, N skipped
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	dir := flag.String("dir", "", "folder with the outputs: *.go.json, *.playwright.json and *.step")
	flag.Parse()
	t := &tally{out: os.Stdout}
	if err := t.folder(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(2)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	if t.failed > 0 || t.passed == 0 {
		os.Exit(1)
	}
}

type tally struct {
	out                     io.Writer
	passed, failed, skipped int
}

// folder reads every output in the order of its name.
func (t *tally) folder(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	sort.Strings(files)
	for _, f := range files {
		raw, err := os.Open(f)
		if err != nil {
			return err
		}
		name := filepath.Base(f)
		switch {
		case strings.HasSuffix(name, ".go.json"):
			err = t.goTest(raw)
		case strings.HasSuffix(name, ".playwright.json"):
			err = t.playwright(raw)
		case strings.HasSuffix(name, ".step"):
			err = t.step(strings.TrimSuffix(name, ".step"), raw)
		}
		if err = errors.Join(err, raw.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// event is one line of "go test -json".
type event struct {
	Action, Package, Test, Output string
}

// goTest counts tests, and packages that failed without a failed test: those that do not build or crash.
func (t *tally) goTest(r io.Reader) error {
	said := map[string][]string{} // output by package and test
	broken := map[string]bool{}   // packages with a failed test
	dec := json.NewDecoder(bufio.NewReader(r))
	for {
		var e event
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			said[key] = append(said[key], e.Output)
			continue
		case "pass":
			if e.Test != "" {
				t.passed++
			}
		case "skip":
			if e.Test != "" {
				t.skipped++
				fmt.Fprintf(t.out, "SKIP %s: %s\n", strings.TrimSpace(key), reason(said[key]))
			}
		case "fail":
			if e.Test == "" && broken[e.Package] {
				break
			}
			broken[e.Package] = true
			t.failed++
			fmt.Fprintf(t.out, "FAIL %s\n%s", strings.TrimSpace(key), strings.Join(said[key], ""))
		}
		if e.Test != "" {
			delete(said, key)
		}
	}
}

// reason is what a skipped test said, without the frame around it.
func reason(lines []string) string {
	var out []string
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if l != "" && !strings.HasPrefix(l, "===") && !strings.HasPrefix(l, "---") {
			out = append(out, l)
		}
	}
	return strings.Join(out, " ")
}

func (t *tally) playwright(r io.Reader) error {
	var report struct {
		Stats  struct{ Expected, Unexpected, Flaky, Skipped int }
		Errors []struct{ Message string }
		Suites []suite
	}
	if err := json.NewDecoder(r).Decode(&report); err != nil {
		return err
	}
	// A test that passes only when it is tried again has failed.
	t.passed += report.Stats.Expected
	t.failed += report.Stats.Unexpected + report.Stats.Flaky + len(report.Errors)
	t.skipped += report.Stats.Skipped
	for _, e := range report.Errors {
		fmt.Fprintf(t.out, "FAIL browser: %s\n", e.Message)
	}
	for _, s := range report.Suites {
		s.print(t.out)
	}
	return nil
}

type suite struct {
	Title  string
	Suites []suite
	Specs  []struct {
		Title string
		OK    bool
		Tests []struct {
			Status, ProjectName string
			Results             []struct{ Error struct{ Message string } }
		}
	}
}

func (s suite) print(w io.Writer) {
	for _, spec := range s.Specs {
		for _, test := range spec.Tests {
			if test.Status == "expected" {
				continue
			}
			word := "FAIL"
			if test.Status == "skipped" {
				word = "SKIP"
			}
			fmt.Fprintf(w, "%s browser %s: %s: %s\n", word, test.ProjectName, s.Title, spec.Title)
			for _, r := range test.Results {
				if r.Error.Message != "" {
					fmt.Fprintln(w, r.Error.Message)
				}
			}
		}
	}
	for _, inner := range s.Suites {
		inner.print(w)
	}
}

// step is a file whose first line is "pass", "fail" or "skip", with what was said after it.
func (t *tally) step(name string, r io.Reader) error {
	all, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	outcome, said, _ := strings.Cut(string(all), "\n")
	switch outcome {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		fmt.Fprintf(t.out, "SKIP %s: %s\n", name, strings.TrimSpace(said))
	case "fail":
		t.failed++
		fmt.Fprintf(t.out, "FAIL %s\n%s\n", name, said)
	default:
		return fmt.Errorf("%q is no outcome", outcome)
	}
	return nil
}
