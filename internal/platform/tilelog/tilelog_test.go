package tilelog_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tickmark/tickmark/internal/platform/tilelog"
	"github.com/tickmark/tickmark/verify"
)

// A process that appends to the log named in its environment and prints where its leaves lie.
const envAppend = "TILELOG_TEST_APPEND"

func TestMain(m *testing.M) {
	if dir := os.Getenv(envAppend); dir != "" {
		if err := appendHere(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const rounds = 4

func allow(context.Context, string, int64, string) error { return nil }

func open(dir string) (*tilelog.Log, error) {
	key, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil {
		return nil, err
	}
	signer, verifier, _ := strings.Cut(string(key), "\n")
	return tilelog.Open(filepath.Join(dir, "log"), signer, verifier, allow)
}

func appendHere(dir string) error {
	for n := range rounds {
		log, err := open(dir)
		if err != nil {
			return err
		}
		at, err := log.Add(context.Background(), [][]byte{[]byte(fmt.Sprint(os.Getpid(), " ", n, " a")), []byte(fmt.Sprint(os.Getpid(), " ", n, " b"))})
		if err != nil {
			return err
		}
		fmt.Println(at[0])
		fmt.Println(at[1])
	}
	return nil
}

// Commands run beside the server: several processes open the same new log and append at once, and no leaf is lost.
func TestProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	signer, verifier, err := tilelog.NewKey("northwind.example/ledger", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(signer+"\n"+verifier), 0o600); err != nil {
		t.Fatal(err)
	}
	const processes = 5
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[int64]bool{}
	for range processes {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), envAppend+"="+dir)
			var said strings.Builder
			cmd.Stderr = &said
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%v: %s", err, said.String())
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
				at, err := strconv.ParseInt(lines.Text(), 10, 64)
				if err != nil || seen[at] {
					t.Errorf("leaf %q: %v, again: %v", lines.Text(), err, seen[at])
				}
				seen[at] = true
			}
		})
	}
	wg.Wait()
	log, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	note, err := log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cp, err := verify.ParseCheckpoint(string(note))
	if err != nil {
		t.Fatal(err)
	}
	const want = processes * rounds * 2
	if cp.Size != want || len(seen) != want {
		t.Errorf("the log has %d leaves, the processes were told of %d, want %d", cp.Size, len(seen), want)
	}
	for leaf := range cp.Size {
		if _, err := log.Prove(t.Context(), leaf, cp); err != nil {
			t.Errorf("leaf %d: %v", leaf, err)
		}
	}
}
