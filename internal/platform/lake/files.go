// Package lake keeps tables as Parquet files in a directory and runs SQL over them with DuckDB, in a child process that can
// reach nothing but the tables it was given.
package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/blob"
)

// Dir is a lake on a directory.
type Dir struct{ Root string }

// rowGroup is the number of rows after which a file begins a new row group: large enough to compress well, small enough to
// bound memory while writing.
const rowGroup = 100_000

// Abs is the file's place on disk. A path that would leave the lake is refused.
func (d Dir) Abs(path string) (string, error) {
	if path == "" || filepath.IsAbs(path) || !filepath.IsLocal(path) {
		return "", errs.New(errs.Invalid, "%q is no path in the lake", path)
	}
	return filepath.Join(d.Root, path), nil
}

// Writer writes one Parquet file. The file appears under its path when Commit returns, whole and on disk, or never.
type Writer struct {
	path, abs string
	tmp       *os.File
	hash      hash.Hash
	n         *counter
	w         interface {
		Flush() error
		Close() error
	}
	rows int
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Create begins a file whose columns are those of row's type.
func (d Dir) Create(path string, row any, more ...parquet.WriterOption) (*Writer, error) {
	w, out, err := d.begin(path)
	if err != nil {
		return nil, err
	}
	w.w = parquet.NewWriter(out, append(options(), append([]parquet.WriterOption{parquet.SchemaOf(row)}, more...)...)...) // rows of types known only at run time; GenericWriter needs them when it compiles
	return w, nil
}

// WriterOf is a Writer of rows whose type is known when the program is compiled: it writes many at once, in half the time.
type WriterOf[T any] struct {
	Writer
	typed *parquet.GenericWriter[T]
}

// CreateOf begins a file of rows of a type.
func CreateOf[T any](d Dir, path string, more ...parquet.WriterOption) (*WriterOf[T], error) {
	w, out, err := d.begin(path)
	if err != nil {
		return nil, err
	}
	typed := parquet.NewGenericWriter[T](out, append(options(), more...)...)
	w.w = typed
	return &WriterOf[T]{*w, typed}, nil
}

// Write adds rows.
func (w *WriterOf[T]) Write(rows []T) error {
	_, err := w.typed.Write(rows)
	return blob.Fault(err, "write "+w.path)
}

// options are those of all files. A fixed creator keeps equal rows equal bytes across builds.
func options() []parquet.WriterOption {
	return []parquet.WriterOption{parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.CreatedBy("tickmark", "1", "")}
}

func (d Dir) begin(path string) (*Writer, io.Writer, error) {
	abs, err := d.Abs(path)
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(filepath.Dir(abs), 0o700); err != nil {
		return nil, nil, blob.Fault(err, "create "+path)
	}
	tmp, err := os.CreateTemp(filepath.Dir(abs), fmt.Sprintf(".tmp-%d-*", os.Getpid()))
	if err != nil {
		return nil, nil, blob.Fault(err, "create "+path)
	}
	h := sha256.New()
	n := &counter{w: io.MultiWriter(tmp, h)}
	return &Writer{path: path, abs: abs, tmp: tmp, hash: h, n: n}, n, nil
}

// Write adds a row, which must be of the type given to Create.
func (w *Writer) Write(row any) error {
	p, ok := w.w.(*parquet.Writer) //nolint:staticcheck // as in Create
	if !ok {
		return errs.New(errs.Internal, "write %s: its rows are of another type", w.path)
	}
	if err := p.Write(row); err != nil {
		return blob.Fault(err, "write "+w.path)
	}
	w.rows++
	if w.rows%rowGroup == 0 {
		return blob.Fault(p.Flush(), "write "+w.path)
	}
	return nil
}

// Commit makes the file visible and durable, and returns its hash and size.
func (w *Writer) Commit() (sha256hex string, bytes int64, err error) {
	defer w.Abort()
	if err := w.w.Close(); err != nil {
		return "", 0, blob.Fault(err, "write "+w.path)
	}
	if err := errors.Join(w.tmp.Sync(), w.tmp.Close()); err != nil {
		return "", 0, blob.Fault(err, "write "+w.path)
	}
	if err := os.Rename(w.tmp.Name(), w.abs); err != nil {
		return "", 0, blob.Fault(err, "write "+w.path)
	}
	if err := blob.SyncDir(filepath.Dir(w.abs)); err != nil {
		return "", 0, blob.Fault(err, "write "+w.path)
	}
	return hex.EncodeToString(w.hash.Sum(nil)), w.n.n, nil
}

// Abort removes what was written, if it was not committed. It may be called more than once.
func (w *Writer) Abort() {
	_ = w.tmp.Close()
	_ = os.Remove(w.tmp.Name()) // after Commit the name no longer exists
}

// Remove deletes a file that nothing sealed refers to. A missing file is no error.
func (d Dir) Remove(path string) error {
	abs, err := d.Abs(path)
	if err != nil {
		return err
	}
	if err := os.Remove(abs); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return blob.Fault(err, "remove "+path)
	}
	return nil
}

// Open reads a file. The caller closes it.
func (d Dir) Open(path string) (*os.File, error) {
	abs, err := d.Abs(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.New(errs.NotFound, "no file %s in the lake", path)
	}
	return f, blob.Fault(err, "open "+path)
}

// OpenFile is Open for those who only read.
func (d Dir) OpenFile(path string) (io.ReadCloser, error) {
	f, err := d.Open(path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Sweep removes files that processes of this machine were writing when they ended.
func (d Dir) Sweep() error {
	err := filepath.WalkDir(d.Root, func(p string, e fs.DirEntry, err error) error {
		rest, ours := strings.CutPrefix(filepath.Base(p), ".tmp-")
		if err != nil || e.IsDir() || !ours {
			return err
		}
		owner, _, _ := strings.Cut(rest, "-")
		if pid, err := strconv.Atoi(owner); err == nil && syscall.Kill(pid, 0) == nil {
			return nil // still being written
		}
		return os.Remove(p)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
