package blob_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/blob"
)

func TestDir(t *testing.T) {
	t.Parallel()
	d := blob.Dir{Root: filepath.Join(t.TempDir(), "blobs")}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			sum, n, err := d.Put(strings.NewReader("hello"), 10)
			if err != nil || n != 5 || sum != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" {
				t.Errorf("%s %d %v", sum, n, err)
			}
		})
	}
	wg.Wait()
	b, err := d.Read("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
	if err != nil || string(b) != "hello" {
		t.Fatalf("%q %v", b, err)
	}
	if n := files(t, d.Root); n != 1 {
		t.Errorf("%d files after storing one document eight times", n)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	d := blob.Dir{Root: t.TempDir()}
	if _, _, err := d.Put(strings.NewReader("too long"), 3); !errs.Is(err, errs.Exhausted) {
		t.Errorf("too long: %v", err)
	}
	broken := io.MultiReader(strings.NewReader("half"), brokenReader{})
	if _, _, err := d.Put(broken, 100); err == nil {
		t.Error("a broken upload was kept")
	}
	if n := files(t, d.Root); n != 0 {
		t.Errorf("%d files left by failed uploads", n)
	}
	for _, bad := range []string{"", "../../etc/passwd", strings.Repeat("g", 64)} {
		if _, err := d.Open(bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := d.Open(strings.Repeat("0", 64)); !errs.Is(err, errs.NotFound) {
		t.Errorf("missing: %v", err)
	}
}

func TestAlteredOnDisk(t *testing.T) {
	t.Parallel()
	d := blob.Dir{Root: t.TempDir()}
	sum, _, err := d.Put(strings.NewReader("evidence"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Root, sum[:2], sum), []byte("evidenCe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read(sum); !errs.Is(err, errs.Internal) {
		t.Errorf("an altered document was served: %v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

func files(t *testing.T, root string) (n int) {
	t.Helper()
	err := filepath.WalkDir(root, func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
