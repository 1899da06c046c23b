package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// maxFile bounds what is read of one file; the largest of interest, dpkg's status, has a few megabytes.
const maxFile = 64 << 20

// tree is a file system below a folder.
type tree struct{ root string }

func (t tree) path(p string) string {
	if t.root == "" {
		return p
	}
	return filepath.Join(t.root, p)
}

// read is a file's contents. Errors are NotFound, Denied or Unavailable and name the path on the machine.
func (t tree) read(p string) ([]byte, error) {
	f, err := os.Open(t.path(p))
	if err != nil {
		return nil, fileError(err, p)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fileError(err, p)
	}
	if len(b) > maxFile {
		return nil, errs.New(errs.Invalid, "%s is larger than %d MiB", p, maxFile>>20)
	}
	return b, nil
}

func (t tree) list(p string) ([]fs.DirEntry, error) {
	l, err := os.ReadDir(t.path(p))
	if err != nil {
		return nil, fileError(err, p)
	}
	return l, nil
}

func (t tree) exists(p string) bool {
	_, err := os.Stat(t.path(p))
	return err == nil
}

// modified is when a file last changed, or zero when there is none.
func (t tree) modified(p string) time.Time {
	st, err := os.Stat(t.path(p))
	if err != nil {
		return time.Time{}
	}
	return st.ModTime().UTC()
}

// readable tells whether a file or folder can be opened and read.
func (t tree) readable(p string) error {
	f, err := os.Open(t.path(p))
	if err != nil {
		return fileError(err, p)
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		_, err = f.Readdirnames(1)
		if err != nil && !errors.Is(err, io.EOF) {
			return fileError(err, p)
		}
	}
	return nil
}

func fileError(err error, p string) error {
	kind := errs.Unavailable
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err // p is the path on the machine, without the root of a fixture
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kind = errs.NotFound
	case errors.Is(err, fs.ErrPermission):
		return &errs.Error{Kind: errs.Denied, Msg: "read " + p, Err: err, Hint: "run the collection as root, or give its user the right to read " + p}
	}
	return errs.As(kind, err, "read %s", p)
}

// programTime bounds each program; all of them answer from local files.
const programTime = 2 * time.Minute

// programPath is where system programs are looked for, whatever PATH the caller has.
const programPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func runProgram(ctx context.Context, name string, args ...string) ([]byte, error) {
	path := ""
	for dir := range strings.SplitSeq(programPath, ":") {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			path = filepath.Join(dir, name)
			break
		}
	}
	if path == "" {
		return nil, errs.New(errs.NotFound, "%s is not installed", name)
	}
	ctx, cancel := context.WithTimeout(ctx, programTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // names and arguments are constants of this package
	cmd.Env = []string{"PATH=" + programPath, "LC_ALL=C", "HOME=/nonexistent"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		says, _, _ := strings.Cut(strings.TrimSpace(strings.ToValidUTF8(stderr.String(), "\uFFFD")), "\n")
		return nil, errs.As(errs.Unavailable, err, "%s: %s", name, says)
	}
	return stdout.Bytes(), nil
}

func runNone(_ context.Context, name string, _ ...string) ([]byte, error) {
	return nil, errs.New(errs.NotFound, "%s is not installed", name)
}

// text is a file's content as a string that Parquet can keep.
func text(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
