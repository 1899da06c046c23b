package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	t.Parallel()
	goTest := `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: no PostgreSQL\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:9: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p"}
{"Action":"output","Package":"q","Output":"panic\n"}
{"Action":"fail","Package":"q"}
`
	playwright := `{"stats":{"expected":3,"unexpected":1,"flaky":1,"skipped":1},"errors":[],"suites":[{"title":"a.spec.ts","specs":[{"title":"signs in","ok":false,"tests":[{"status":"unexpected","projectName":"dark","results":[{"error":{"message":"not found"}}]}]}]}]}`
	for _, c := range []struct {
		name     string
		files    map[string]string
		want     [3]int
		says     []string
		mustFail bool
	}{
		{"nothing", nil, [3]int{}, nil, false},
		{"go", map[string]string{"1.go.json": goTest}, [3]int{1, 2, 1}, []string{"SKIP p TestB: b_test.go:3: no PostgreSQL", "c_test.go:9: wrong", "FAIL q\npanic"}, false},
		{"browser", map[string]string{"1.playwright.json": playwright}, [3]int{3, 2, 1}, []string{"FAIL browser dark: a.spec.ts: signs in", "not found"}, false},
		{"steps", map[string]string{"a.step": "pass\n", "b.step": "skip\nno browser\n", "lint.step": "fail\nx.go:1: bad\n"}, [3]int{1, 1, 1}, []string{"SKIP b: no browser", "x.go:1: bad"}, false},
		{"cut off", map[string]string{"1.go.json": goTest[:60]}, [3]int{}, nil, true},
		{"no outcome", map[string]string{"a.step": "perhaps"}, [3]int{}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			sum := &tally{out: &out}
			if err := sum.folder(dir); (err != nil) != c.mustFail {
				t.Fatal(err)
			}
			if got := [3]int{sum.passed, sum.failed, sum.skipped}; !c.mustFail && got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
			for _, s := range c.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("does not say %q:\n%s", s, out.String())
				}
			}
		})
	}
}
