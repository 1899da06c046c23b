package sigma_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/tickmark/tickmark/internal/detect/sigma"
)

// shared gives the path of a file of the public data, which lies beside the repository and not in it.
func shared(tb testing.TB, name string) string {
	tb.Helper()
	dir := os.Getenv("TICKMARK_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("the public data is not here: no %s; TICKMARK_SHARED_DATA says where it is", name)
	}
	return path
}

// lines reads a file of JSON lines, unpacked.
func lines(tb testing.TB, name string) [][]byte {
	tb.Helper()
	packed, err := os.ReadFile(shared(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer dec.Close()
	text, err := dec.DecodeAll(packed, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

var corpusOnce = sync.OnceValues(func() (*sigma.Set, error) {
	dir := os.Getenv("TICKMARK_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(dir, "sigma-rules.tar.zst"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return sigma.LoadArchive(f, info.Size())
})

// corpus reads the public rules once.
func corpus(tb testing.TB) *sigma.Set {
	tb.Helper()
	shared(tb, "sigma-rules.tar.zst")
	s, err := corpusOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// labels gives for lines of the regression events the rule that fires.
func labels(tb testing.TB) map[int]string {
	tb.Helper()
	text, err := os.ReadFile(shared(tb, "sigma-regression/labels.tsv"))
	if err != nil {
		tb.Fatal(err)
	}
	out := map[int]string{}
	for line := range strings.Lines(string(text)) {
		n, id, ok := strings.Cut(strings.TrimSpace(line), "\t")
		i, err := strconv.Atoi(n)
		if !ok || err != nil {
			continue // the heading
		}
		out[i] = id
	}
	return out
}
