//go:build unix

package follow

import (
	"io/fs"
	"strconv"
	"syscall"
)

// number is by which the system knows a file, whatever its name.
func number(info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(uint64(s.Dev), 10) + ":" + strconv.FormatUint(s.Ino, 10) //nolint:unconvert // Dev is signed on some systems
	}
	return ""
}
