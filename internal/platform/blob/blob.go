// Package blob keeps documents by the hash of their content, in a directory. What is stored never changes; a file is
// visible only when it is complete and on disk.
package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Dir is a content-addressed directory. It is safe for concurrent use by several processes.
type Dir struct{ Root string }

// Put stores everything r yields, at most limit bytes, and returns its SHA-256 in hex and its length. Storing the same
// bytes again costs nothing and changes nothing.
func (d Dir) Put(r io.Reader, limit int64) (sum string, n int64, err error) {
	if err := os.MkdirAll(d.Root, 0o700); err != nil {
		return "", 0, Fault(err, "store a document")
	}
	tmp, err := os.CreateTemp(d.Root, ".tmp-*")
	if err != nil {
		return "", 0, Fault(err, "store a document")
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already when the rename succeeded
	h := sha256.New()
	n, err = io.Copy(io.MultiWriter(tmp, h), io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = errs.New(errs.Exhausted, "the document is larger than %d bytes", limit)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return "", 0, Fault(err, "store a document")
	}
	sum = hex.EncodeToString(h.Sum(nil))
	final := d.path(sum)
	if _, err := os.Stat(final); err == nil {
		return sum, n, nil
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o700); err != nil {
		return "", 0, Fault(err, "store a document")
	}
	if err := os.Rename(tmp.Name(), final); err != nil {
		return "", 0, Fault(err, "store a document")
	}
	return sum, n, Fault(SyncDir(filepath.Dir(final)), "store a document")
}

// Open reads a document. The caller closes it.
func (d Dir) Open(sum string) (*os.File, error) {
	if !hexSum.MatchString(sum) {
		return nil, errs.New(errs.Invalid, "%q is no SHA-256", sum)
	}
	f, err := os.Open(d.path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.New(errs.NotFound, "no document %s", sum)
	}
	return f, Fault(err, "open a document")
}

// Read reads a whole document and checks that it still is what its name says.
func (d Dir) Read(sum string) ([]byte, error) {
	f, err := d.Open(sum)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, Fault(err, "read a document")
	}
	if got := sha256.Sum256(b); hex.EncodeToString(got[:]) != sum {
		return nil, errs.New(errs.Internal, "document %s was altered on disk", sum).WithHint("Restore it from a backup; the ledger proves what it was.")
	}
	return b, nil
}

var hexSum = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (d Dir) path(sum string) string { return filepath.Join(d.Root, sum[:2], sum) }

// SyncDir makes a rename inside the directory durable.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Fault gives an error of a file its kind: a full disk is Exhausted, everything else Unavailable.
func Fault(err error, doing string) error {
	var e *errs.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errs.Hinted(errs.As(errs.Exhausted, err, "%s", doing), "The disk is full: free space. Nothing accepted so far is lost.")
	}
	return errs.As(errs.Unavailable, err, "%s", doing)
}
