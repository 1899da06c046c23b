package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// breakouts are statements that reach for what is not theirs: files, the network, the settings of the engine, other tables.
var breakouts = map[string]string{
	"read-text":     `SELECT content AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM read_text('/etc/passwd')`,
	"read-blob":     `SELECT filename AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM read_blob('/etc/*')`,
	"read-csv":      `SELECT id AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM read_csv('people.csv')`,
	"quoted-file":   `SELECT id AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM 'people.csv'`,
	"parquet":       `SELECT id AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM read_parquet('tickmark-data/lake/facts/*/*/*/*.parquet')`,
	"glob":          `SELECT file AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM glob('/etc/*')`,
	"network":       `SELECT content AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM read_text('https://evil.example/x')`,
	"environment":   `SELECT getenv('HOME') AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason`,
	"settings":      `SELECT name AS item_id, 'x' AS item_label, 'pass' AS outcome, value AS reason FROM duckdb_settings()`,
	"secrets":       `SELECT name AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM duckdb_secrets()`,
	"copy":          `COPY (SELECT * FROM file.worker) TO 'stolen.csv'`,
	"copy-from":     `COPY file.worker FROM 'people.csv'`,
	"export":        `EXPORT DATABASE 'stolen'`,
	"attach":        `ATTACH 'tickmark-data/records.db' AS r`,
	"install":       `INSTALL httpfs`,
	"load":          `LOAD httpfs`,
	"set":           `SET enable_external_access = true`,
	"reset":         `RESET lock_configuration`,
	"pragma":        `PRAGMA database_list`,
	"call":          `CALL pragma_version()`,
	"create":        `CREATE TABLE worker AS SELECT 1`,
	"drop":          `DROP TABLE file.worker`,
	"delete":        `DELETE FROM file.worker`,
	"two":           `SELECT id AS item_id, id AS item_label, 'pass' AS outcome, NULL AS reason FROM file.worker; COPY (SELECT 1) TO 'stolen.csv'`,
	"comment":       `SELECT id AS item_id, id AS item_label, 'pass' AS outcome, NULL AS reason FROM file.worker --; x` + "\n  ; DROP TABLE file.worker",
	"other-table":   `SELECT id AS item_id, id AS item_label, 'pass' AS outcome, NULL AS reason FROM okta.user_account`,
	"system-table":  `SELECT sql AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM sqlite_master`,
	"schema":        `SELECT table_name AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM information_schema.tables`,
	"chance":        `SELECT id AS item_id, id AS item_label, CASE WHEN random() < 0.5 THEN 'pass' ELSE 'fail' END AS outcome, NULL AS reason FROM file.worker`,
	"clock":         `SELECT id AS item_id, id AS item_label, CASE WHEN now() > '2026-01-01'::TIMESTAMPTZ THEN 'pass' ELSE 'fail' END AS outcome, NULL AS reason FROM file.worker`,
	"nothing":       ``,
	"no-sql":        `]]>'"; --`,
	"binary":        "SELECT \u202e 1",
	"prepared":      `PREPARE x AS SELECT 1`,
	"macro":         `CREATE MACRO f(x) AS x`,
	"begin":         `BEGIN TRANSACTION`,
	"checkpoint":    `FORCE CHECKPOINT`,
	"query-table":   `SELECT id AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM query('SELECT content AS id FROM read_text(''/etc/passwd'')')`,
	"query-by-name": `SELECT id AS item_id, 'x' AS item_label, 'pass' AS outcome, NULL AS reason FROM query_table('people.csv')`,
}

// withSQL is the test of the thread with another statement and an identifier of its own.
func withSQL(id, statement string) string {
	head, rest, _ := strings.Cut(workersTest, "sql: |\n")
	_, tail, _ := strings.Cut(rest, "fix: ")
	text := strings.Replace(head, "id: own-worker-email", "id: own-"+id, 1)
	return text + "sql: |\n  " + statement + "\nfix: " + tail
}

// TestStatementsStayInTheirCage: lint finds each breakout, add refuses it, and nothing of it has happened.
func TestStatementsStayInTheirCage(t *testing.T) {
	t.Parallel()
	f := newInstalled(t, fresh)
	f.write("people.csv", workersCSV)
	f.tickmark(0, "connect", "add", "file", "--set", "path=people.csv", "--set", "resource=worker")
	f.tickmark(0, "collect", "file")
	before := f.listing()
	args := []string{"test", "lint"}
	for id, statement := range breakouts {
		f.write("evil-"+id+".yaml", withSQL(id, statement))
		args = append(args, "evil-"+id+".yaml")
	}
	d := f.tickmark(3, args...)
	for id := range breakouts {
		if !strings.Contains(d.out, "✗ evil-"+id+".yaml: test own-"+id+": sql") {
			t.Errorf("%s was not found:\n%s", id, d.out)
		}
	}
	if strings.Contains(d.out, "root:") || strings.Contains(d.out, f.dir+"/home") {
		t.Errorf("something came out:\n%s", d.out)
	}
	for _, id := range []string{"read-text", "copy", "attach", "install", "set", "two", "query-table"} {
		if d := f.tickmark(2, "test", "add", "evil-"+id+".yaml"); strings.Contains(d.out, "Installed") {
			t.Errorf("%s was installed", id)
		}
	}
	if d := f.tickmark(0, "test", "list", "--json=test"); strings.Contains(d.out, `"own-`) {
		t.Errorf("a breakout was installed:\n%s", d.out)
	}
	for id := range breakouts {
		if err := os.Remove(f.path("evil-" + id + ".yaml")); err != nil {
			t.Fatal(err)
		}
	}
	if after := f.listing(); before != after {
		t.Errorf("files came or went:\n%s\n%s", before, after)
	}
}

// listing is every file of the working folder outside the data folder.
func (f *folder) listing() string {
	f.t.Helper()
	names, err := filepath.Glob(f.path("*"))
	if err != nil {
		f.t.Fatal(err)
	}
	return strings.Join(names, "\n")
}

// TestEndlessStatement: a statement that would run for years ends when the user has had enough, and takes its child along.
func TestEndlessStatement(t *testing.T) {
	t.Parallel()
	f := newInstalled(t, fresh)
	from := "file.worker w"
	for i := range 24 {
		from += ", file.worker w" + strconv.Itoa(i)
	}
	f.write("endless.yaml", withSQL("endless", `SELECT w.id AS item_id, w.id AS item_label, CASE WHEN count(*) > 4 THEN 'pass' ELSE 'fail' END AS outcome, NULL AS reason FROM `+from+` GROUP BY w.id`))
	c := f.command("tickmark", "test", "lint", "endless.yaml")
	said := &lines{more: make(chan struct{}, 1)}
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait() // how it ended is in its state
	}()
	child := childOf(t, c.Process.Pid, ended)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	wait(t, ended)
	if code := c.ProcessState.ExitCode(); code != 130 && code != 3 {
		t.Errorf("exit %d: %s", code, said)
	}
	if strings.Contains(said.String(), "✓") {
		t.Errorf("it passed: %s", said)
	}
	for limit := time.Now().Add(waitLimit); alive(child); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the child goes on without its parent")
		}
	}
}

// childOf waits until a process has a child and returns its number.
func childOf(t *testing.T, pid int, ended <-chan struct{}) int {
	t.Helper()
	name := fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)
	if _, err := os.Stat(name); err != nil {
		t.Skip("this machine does not tell the children of a process: ", err)
	}
	for limit := time.Now().Add(waitLimit); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range all {
			raw, err := os.ReadFile(name)
			if err != nil {
				continue // the thread has ended
			}
			if list := strings.Fields(string(raw)); len(list) > 0 {
				n, err := strconv.Atoi(list[0])
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
		}
		select {
		case <-ended:
			t.Fatal("it ended without a child")
		default:
		}
	}
	t.Fatal("no child ever came")
	return 0
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
