package cli

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // driver "duckdb", as anybody who runs a bundle's scripts has it
)

// The thread of the tests: a list kept by hand, and with git a repository.
const workersCSV = "id,email,status,title\n1,ona@northwind.example,active,Auditor\n2,,active,Clerk\n3,eve@northwind.example,inactive,Clerk\n"

const workersTest = `id: own-worker-email
version: 1
title: Everybody who works here has an address
asks: Does each active worker have an email address?
kind: state
severity: low
controls: [GOV-03]
inputs: [file.worker]
counted: A worker who is not inactive
population: |
  SELECT id AS item_id FROM file.worker WHERE status IS DISTINCT FROM 'inactive'
sql: |
  SELECT id AS item_id, id AS item_label,
    CASE WHEN status IS NULL THEN 'unknown' WHEN email IS NOT NULL THEN 'pass' ELSE 'fail' END AS outcome,
    CASE WHEN status IS NULL THEN 'no status' WHEN email IS NULL THEN 'no address' END AS reason
  FROM file.worker WHERE status IS DISTINCT FROM 'inactive'
fix: Enter the address.
fixtures:
  - name: with and without
    as_of: 2026-03-10T00:00:00Z
    facts:
      file.worker:
        - {id: "1", email: a@northwind.example, status: active}
        - {id: "2", status: active}
        - {id: "3", status: inactive}
        - {id: "4", email: b@northwind.example}
    expect: {"1": pass, "2": fail, "4": unknown}
`

// thread goes from nothing to a bundle and returns its folder.
func thread(t *testing.T) *folder {
	t.Helper()
	f := newFolder(t)
	f.write("people.csv", workersCSV)
	f.write("own.yaml", workersTest)
	if err := os.Mkdir(f.path("repo"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.env = append(f.env, "GIT_AUTHOR_DATE=2026-03-02T09:00:00Z", "GIT_COMMITTER_DATE=2026-03-02T09:00:00Z")
	f.git("repo", "init", "-q", "-b", "main")
	f.git("repo", "commit", "-q", "--allow-empty", "-m", "First")
	f.git("repo", "commit", "-q", "--allow-empty", "-m", "Second")
	f.git("repo", "tag", "-a", "v1.0.0", "-m", "First release")
	f.tickmark(0, "init", "--name", "Northwind", "--owner", "ona@northwind.example", "--origin", "northwind.example/ledger")
	f.tickmark(0, "connect", "add", "git", "--set", "path=repo")
	f.tickmark(0, "connect", "add", "file", "--name", "people", "--set", "path=people.csv", "--set", "resource=worker", "--set", "expected_rows=3")
	f.tickmark(0, "test", "add", "own.yaml")
	f.tickmark(0, "collect")
	f.tickmark(3, "test") // one worker has no address
	f.tickmark(0, "report", "build", "-o", "report.pdf")
	f.tickmark(0, "bundle", "-o", "bundle.zip")
	f.tickmark(0, "verify", "bundle.zip", "--key", "tickmark-data/ledger/verifier-key.txt")
	return f
}

func TestThread(t *testing.T) {
	t.Parallel()
	f := thread(t)
	t.Run("the same dossier gives the same bytes", func(t *testing.T) { sameDossier(t, f) })
	t.Run("every changed byte is found and named", func(t *testing.T) { everyByte(t, f) })
	t.Run("each test runs again", func(t *testing.T) { runAgain(t, f) })
	t.Run("another installation says the same", func(t *testing.T) { sameThread(t, f, thread(t)) })
}

// TestLivedBundleRunsAgain does for the library's tests what TestThread does for one of our own.
func TestLivedBundleRunsAgain(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	dir, err := lived()
	if err != nil {
		t.Fatal(err)
	}
	if err := copyTree(dir, f.dir); err != nil {
		t.Fatal(err)
	}
	f.tickmark(0, "bundle", "-o", "bundle.zip")
	if n := runAgain(t, f); n < 20 {
		t.Errorf("only %d tests ran again", n)
	}
}

// files reads an archive.
func files(t *testing.T, name string) (names []string, content map[string][]byte) {
	t.Helper()
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	content = map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
		content[f.Name] = b
	}
	return names, content
}

// sameDossier: the report and every file of the bundle are a function of the dossier. Only what says when and by which entry
// the bundle itself was sealed may differ, and the ledger, which has grown by that entry.
func sameDossier(t *testing.T, f *folder) {
	f.tickmark(0, "report", "build", "--dossier", "1", "-o", "again.pdf")
	f.tickmark(0, "bundle", "--dossier", "1", "-o", "again.zip")
	f.tickmark(0, "verify", "again.zip")
	a, b := f.read(t, "report.pdf"), f.read(t, "again.pdf")
	if !bytes.Equal(a, b) {
		t.Error("the report of the same dossier has other bytes")
	}
	names, one := files(t, f.path("bundle.zip"))
	again, two := files(t, f.path("again.zip"))
	if outside(names) != outside(again) {
		t.Errorf("the bundles hold other files:\n%s\n%s", outside(names), outside(again))
	}
	changing := regexp.MustCompile(`(?m)^ "(created|seal)": .*$`)
	for _, name := range names {
		x, y := one[name], two[name]
		if name == "bundle.json" {
			x, y = changing.ReplaceAll(x, nil), changing.ReplaceAll(y, nil)
		}
		if !strings.HasPrefix(name, "ledger/") && !bytes.Equal(x, y) {
			t.Errorf("%s differs", name)
		}
	}
	if !bytes.HasPrefix(two["ledger/entries.ndjson"], one["ledger/entries.ndjson"]) {
		t.Error("the later ledger does not begin with the earlier one")
	}
}

func outside(names []string) string {
	var out []string
	for _, n := range names {
		if !strings.HasPrefix(n, "ledger/") {
			out = append(out, n)
		}
	}
	return strings.Join(out, "\n")
}

func (f *folder) read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(f.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// everyByte changes one byte of each file of the bundle, in its beginning, its middle and its end.
func everyByte(t *testing.T, f *folder) {
	names, content := files(t, f.path("bundle.zip"))
	if len(names) < 15 {
		t.Fatalf("only %d files in the bundle", len(names))
	}
	for i, name := range names {
		size := len(content[name])
		at := []int{0, size / 2, size - 1}[i%3] // the verifier's own tests change every field of every entry
		if name == "bundle.json" {
			at = bytes.Index(content[name], []byte("Northwind"))
		}
		changed := map[string][]byte{}
		for k, v := range content {
			changed[k] = v
		}
		changed[name] = bytes.Clone(content[name])
		changed[name][at] ^= 4
		writeZip(t, f.path("changed.zip"), names, changed)
		if d := f.run("", "tickmark", "verify", "changed.zip"); d.code != 6 || !strings.Contains(d.out, namedAs(name)) {
			t.Errorf("byte %d of %s: exit %d\n%s", at, name, d.code, d.out)
		}
	}
	for _, name := range names {
		without := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
		writeZip(t, f.path("changed.zip"), without, content)
		if d := f.run("", "tickmark", "verify", "changed.zip"); d.code != 6 || !strings.Contains(d.out, strings.TrimPrefix(namedAs(name), "verifier ")) {
			t.Errorf("without %s: exit %d\n%s", name, d.code, d.out)
		}
	}
}

// namedAs is how a finding names a file: the tiles are one tree, and a key is found wrong where it is used.
func namedAs(name string) string {
	switch {
	case strings.HasPrefix(name, "ledger/tile/"):
		return "ledger/tile/0/"
	case name == "ledger/key.txt":
		return "verifier key"
	}
	return name
}

func writeZip(t *testing.T, name string, names []string, content map[string][]byte) {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, n := range names {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content[n]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// runAgain follows the bundle's README: it unpacks the bundle, and runs each script with a stock engine. It returns how many.
func runAgain(t *testing.T, f *folder) int {
	t.Helper()
	names, content := files(t, f.path("bundle.zip"))
	dir := f.path("unpacked")
	for _, name := range names {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, content[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	readme := string(content["README.md"])
	recorded := regexp.MustCompile("(?m)^\\| (\\S+) \\| (\\d+) \\| \\S+ \\| `([0-9a-f]{64})` \\| \\d+ \\|$").FindAllStringSubmatch(readme, -1)
	if len(recorded) == 0 {
		t.Fatalf("the README lists no test:\n%s", readme)
	}
	results := resultsOf(t, content["results.ndjson"])
	for _, m := range recorded {
		test, population, sum := m[1], m[2], m[3]
		script := content["rerun/"+test+".sql"]
		if len(script) == 0 {
			t.Errorf("no script for %s", test)
			continue
		}
		gotSum, gotPopulation, missing, counts := rerun(t, dir, string(script))
		if gotSum != sum || gotPopulation != population || missing != 0 {
			t.Errorf("%s: population %s and hash %s, recorded %s and %s; %d without a verdict", test, gotPopulation, gotSum, population, sum, missing)
		}
		if want := results[test+" "+sum]; want == nil {
			t.Errorf("%s: no evaluation with this hash in results.ndjson", test)
		} else {
			for outcome, n := range want {
				if counts[outcome] != n {
					t.Errorf("%s: %d items %s, recorded %d", test, counts[outcome], outcome, n)
				}
			}
		}
	}
	return len(recorded)
}

// resultsOf reads the counts of each recorded evaluation, by test and hash.
func resultsOf(t *testing.T, ndjson []byte) map[string]map[string]int64 {
	t.Helper()
	out := map[string]map[string]int64{}
	for line := range strings.Lines(string(ndjson)) {
		var r struct {
			Test   string           `json:"test"`
			Hash   string           `json:"rows_sha256"`
			Counts map[string]int64 `json:"counts"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		out[r.Test+" "+r.Hash] = r.Counts
	}
	return out
}

func rerun(t *testing.T, dir, script string) (sum, population string, missing int64, counts map[string]int64) {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // the scripts' tables are of one connection
	if _, err := db.Exec("SET threads = 1; SET file_search_path = '" + dir + "'"); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow(script).Scan(&sum); err != nil { // the hash is what the script prints last
		t.Fatalf("%v\n%s", err, script)
	}
	err = db.QueryRow(`SELECT (SELECT count(*) FROM population)::VARCHAR, (SELECT count(*) FROM (SELECT item_id FROM population EXCEPT ALL SELECT item_id FROM v))`).Scan(&population, &missing)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(`SELECT outcome, count(*) FROM v GROUP BY outcome`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	counts = map[string]int64{}
	for rows.Next() {
		var outcome string
		var n int64
		if err := rows.Scan(&outcome, &n); err != nil {
			t.Fatal(err)
		}
		counts[outcome] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return sum, population, missing, counts
}

// ownWords are what belongs to one installation: identifiers, hashes, keys and times.
var ownWords = regexp.MustCompile(`\b[a-z]{3}_[0-9a-z]{26}\b|\b[0-9a-f]{64}\b|\b\d{4}-\d{2}-\d{2}T[0-9:.]+Z`)

// sameThread: a second installation that is led through the same steps says the same, but for identifiers, hashes and times.
func sameThread(t *testing.T, one, two *folder) {
	names, a := files(t, one.path("bundle.zip"))
	others, b := files(t, two.path("bundle.zip"))
	own := func(s string) string { return ownWords.ReplaceAllString(s, "x") }
	if x, y := own(strings.Join(names, "\n")), own(strings.Join(others, "\n")); x != y {
		t.Errorf("the bundles hold other files:\n%s\n%s", x, y)
	}
	for _, name := range []string{"dossier.json", "evidence.ndjson", "README.md"} {
		if x, y := own(string(a[name])), own(string(b[name])); x != y && !differsInBytesOnly(x, y) {
			t.Errorf("%s says something else:\n%s", name, difference(x, y))
		}
	}
	for name := range a {
		if strings.HasPrefix(name, "tests/") && !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s differs", name)
		}
	}
}

// sizes are those of compressed files, which hold the times of their collection.
var sizes = regexp.MustCompile(`"(bytes|took|ms)":\d+|on \d+ [A-Z][a-z]+ \d{4} \d{2}:\d{2} UTC`)

func differsInBytesOnly(x, y string) bool {
	return sizes.ReplaceAllString(x, "") == sizes.ReplaceAllString(y, "")
}

// difference is the neighbourhood of the first difference.
func difference(x, y string) string {
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, i-100):min(len(s), i+100)] }
	return cut(x) + "\n" + cut(y)
}
