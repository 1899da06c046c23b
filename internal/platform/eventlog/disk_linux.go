package eventlog

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/blob"
)

// flushData returns when the disk has the data of a file.
func flushData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// reserve takes the space of a file from the disk. File systems that cannot do it are written to, so that a full disk shows now.
func reserve(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if !errors.Is(err, unix.EOPNOTSUPP) {
		return err
	}
	zeros := make([]byte, 1<<20)
	st, err := f.Stat()
	if err != nil {
		return err
	}
	for at := st.Size(); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}

func freeBytes(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}

// How often a lock is tried that another holds, and how long apart.
const (
	lockTries = 25
	lockPause = 20 * time.Millisecond
)

// lockDir keeps a second process out: two writers would overwrite each other.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the folder is the installation's own
	if err != nil {
		return nil, blob.Fault(err, "the intake log")
	}
	// A child that is just being started holds what its parent had open for a moment, and a process that ends needs one.
	for tries := 0; ; tries++ {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil || tries == lockTries {
			break
		}
		time.Sleep(lockPause)
	}
	if err != nil {
		return nil, errors.Join(errs.New(errs.Conflict, "another process has the intake log %s open", dir).WithHint("Only one Tickmark server may run on a data folder."), f.Close())
	}
	return f, nil
}
