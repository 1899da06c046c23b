package eventlog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

const childEnv = "EVENTLOG_CHILD"

// TestMain is also the process that is killed: it appends from eight goroutines and says what was acknowledged.
func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	l, err := Open(dir, Options{FileBytes: 1 << 16})
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	var mu sync.Mutex
	for g := range 8 {
		go func() {
			for i := 0; ; i++ {
				text := fmt.Sprintf("%d-%d-%s", g, i, strings.Repeat("x", i*37%3000))
				pos, err := l.Append(context.Background(), []byte(text))
				mu.Lock()
				if err != nil {
					fmt.Println("failed", err)
				}
				fmt.Println("ack", pos, g, i)
				mu.Unlock()
			}
		}()
	}
	select {}
}

// TestKilled: whatever was acknowledged before a SIGKILL is there afterwards, in its place.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acked := map[int64]string{}
	for range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for s := bufio.NewScanner(out); s.Scan(); {
			f := strings.Fields(s.Text())
			if f[0] != "ack" {
				t.Error(s.Text())
			}
			pos, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil || acked[pos] != "" {
				t.Errorf("%s: %v %s", s.Text(), err, acked[pos])
			}
			acked[pos] = f[2] + "-" + f[3] + "-"
			if n++; n == 400 {
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
		}
		_ = cmd.Wait()
	}
	l, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	there := map[int64]string{}
	for _, b := range all(t, l) {
		there[b.Pos] = string(b.Payload)
	}
	for pos, text := range acked {
		if !strings.HasPrefix(there[pos], text) {
			t.Errorf("at %d: %q, not %q", pos, there[pos], text)
		}
	}
	if len(acked) < 1200 {
		t.Errorf("only %d were acknowledged", len(acked))
	}
}

func all(t *testing.T, l *Log) []Batch {
	t.Helper()
	from, end := l.Bounds()
	var out []Batch
	for from < end {
		some, err := l.Read(from, 1<<16)
		if err != nil || len(some) == 0 {
			t.Fatalf("%d of %d: %v", from, end, err)
		}
		out, from = append(out, some...), some[len(some)-1].Next
	}
	return out
}

func fill(t *testing.T, l *Log, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if _, err := l.Append(context.Background(), []byte(fmt.Sprint(i, strings.Repeat(" y", i%700)))); err != nil {
			t.Fatal(err)
		}
	}
}

func numbers(t *testing.T, batches []Batch) []int {
	t.Helper()
	var out []int
	for _, b := range batches {
		n, err := strconv.Atoi(strings.Fields(string(b.Payload))[0])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// TestLog: order, files, trimming, positions that never go back, a second process, and what a crash leaves behind.
func TestLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := Open(dir, Options{FileBytes: 2048, Floor: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); errs.KindOf(err) != errs.Conflict {
		t.Errorf("twice: %v", err)
	}
	changed := l.Changed()
	fill(t, l, 0, 200)
	<-changed
	first := all(t, l)
	if got := numbers(t, first); len(got) != 200 || !slices.IsSorted(got) || first[0].Pos != 1000 {
		t.Fatalf("%v from %d", got, first[0].Pos)
	}
	if err := l.Trim(first[100].Pos); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Read(1000, 1); errs.KindOf(err) != errs.NotFound {
		t.Errorf("trimmed: %v", err)
	}
	rest, err := l.Read(first[100].Pos, 1<<20)
	if err != nil || len(rest) != 100 {
		t.Errorf("%d left: %v", len(rest), err)
	}
	for _, bad := range [][]byte{nil, make([]byte, MaxPayload+1)} {
		if _, err := l.Append(context.Background(), bad); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(context.Background(), []byte("x")); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("closed: %v", err)
	}
	cutAnywhere(t, dir)
	if l, err = Open(dir, Options{Floor: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if pos, err := l.Append(context.Background(), []byte("x")); err != nil || pos < 1<<30 {
		t.Errorf("an older log went on at %d: %v", pos, err)
	}
}

// cutAnywhere damages the last file at every byte of its last frames: what is before stays, and appending goes on.
func cutAnywhere(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+ending))
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	last := names[len(names)-1]
	whole, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	used := len(bytes.TrimRight(whole, "\x00"))
	for at := headerBytes; at < used; at += 13 {
		for _, damage := range []func([]byte){func(b []byte) { b[at] ^= 0x55 }, func(b []byte) { clear(b[at:]) }} {
			text := bytes.Clone(whole)
			damage(text)
			if err := os.WriteFile(last, text, 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := Open(dir, Options{FileBytes: 2048})
			if err != nil {
				t.Fatal(err)
			}
			before := len(all(t, l))
			fill(t, l, 7, 8)
			after := numbers(t, all(t, l))
			if len(after) != before+1 || after[before] != 7 {
				t.Fatalf("byte %d: %d, then %v", at, before, after)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			later, err := filepath.Glob(filepath.Join(dir, "*"+ending))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range later[len(names):] {
				if err := os.Remove(name); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := os.WriteFile(last, whole, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDisk: a full disk refuses before anything is kept and goes on by itself; a disk that fails to flush ends that file alone.
func TestDisk(t *testing.T) {
	t.Parallel()
	free := uint64(1 << 30)
	l, err := Open(t.TempDir(), Options{FileBytes: 4096, LowWater: 1 << 20, Free: func() (uint64, error) { return free, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fill(t, l, 0, 3)
	free, l.checked = 1<<10, l.checked.AddDate(-1, 0, 0)
	_, err = l.Append(context.Background(), []byte("no"))
	if errs.KindOf(err) != errs.Exhausted || errs.FieldOf(err) != DiskFull || errs.HintOf(err) == "" {
		t.Errorf("full: %v", err)
	}
	free, l.checked = 1<<30, l.checked.AddDate(-1, 0, 0)
	fill(t, l, 3, 6)
	l.flush = func(*os.File) error { return errors.New("input/output error") }
	if _, err := l.Append(context.Background(), []byte("lost")); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("no flush: %v", err)
	}
	l.flush = flushData
	fill(t, l, 6, 9)
	if got := numbers(t, all(t, l)); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}) || len(l.files) != 2 {
		t.Errorf("%v in %d files", got, len(l.files))
	}
}

// FuzzFrames: no bytes in a file make the reader fail in any way but to end there.
func FuzzFrames(f *testing.F) {
	frame := frameOf([]byte("one"))
	place(frame, 0)
	f.Add(frame)
	f.Add(append(bytes.Clone(frame), 9, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		for pos := int64(0); ; {
			x, err := readFrame(r, pos, int64(len(b)), pos)
			if err != nil {
				return
			}
			if x.Next <= pos || x.Next > int64(len(b)) {
				t.Fatalf("from %d to %d of %d", pos, x.Next, len(b))
			}
			pos = x.Next
		}
	})
}

// TestTurn: with a new file everything that was filed can be removed, while others append, and nothing is lost over a start.
func TestTurn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := Open(dir, Options{FileBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(l.Turn(t.Context())) // of a log that holds nothing
	fill(t, l, 0, 50)
	_, end := l.Bounds()
	var wg sync.WaitGroup
	wg.Go(func() { fill(t, l, 50, 100) })
	for range 5 {
		must(l.Turn(t.Context()))
	}
	must(l.Trim(end))
	wg.Wait()
	if first, _ := l.Bounds(); first < end {
		t.Errorf("what lies before %d is there from %d on", end, first)
	}
	must(l.Close())
	l, err = Open(dir, Options{FileBytes: 1 << 20, Floor: end})
	must(err)
	if got := numbers(t, all(t, l)); len(got) != 50 || got[0] != 50 || !slices.IsSorted(got) {
		t.Errorf("%v", got)
	}
	_, end = l.Bounds()
	must(l.Turn(t.Context()))
	must(l.Trim(end))
	if first, last := l.Bounds(); first != last {
		t.Errorf("%d to %d is left", first, last)
	}
	must(l.Close())
	if err := l.Turn(t.Context()); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("closed: %v", err)
	}
}
