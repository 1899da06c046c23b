// Package follow reads files of records: those that grow, from where it stopped and across rotation, and folders into which whole files
// are put. Each record is taken once, since the place up to which a file is read is kept together with what was read.
package follow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/syslog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Source is where records go, and where it is known up to where files are read.
type Source struct {
	Log   string         // the kind of log
	Zone  *time.Location // of times without a zone
	Clock func() time.Time
	// Take keeps records, one a line, together with the place up to which the file is read with them.
	Take func(ctx context.Context, records []byte, at event.Position) error
}

// record makes a record of a line: a JSON object as it stands, a text as a message of syslog.
func (s *Source) record(line []byte) []byte {
	if o, ok := event.Object(line); ok {
		return bytes.ReplaceAll(o, []byte("\n"), []byte(" "))
	}
	if !strings.HasPrefix(s.Log, "linux.") {
		return line // to be put aside with the reason, since no source of this kind sends text
	}
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	m := syslog.Parse(line, s.Clock(), zone)
	return syslog.Record(s.Log, &m)
}

// How much of a file is taken at once, and the longest line; the record of a line of text holds it twice.
const (
	readBytes = 2 << 20
	maxText   = 256 << 10
	maxPrint  = 256 // bytes by which a file is known again
)

// File follows a file that grows.
type File struct {
	Path string
	Source
	Log *slog.Logger
	At  event.Position // up to where it is read

	f      *os.File
	final  bool     // another file has its name: what it holds now is all there will be
	behind []string // files that were renamed after it, the oldest first
}

// identity tells a file from others: device and number, and the beginning of what was read of it, since numbers are used again and files
// are cut off to be filled again.
func identity(f *os.File, taken int64) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	n := min(taken, maxPrint)
	head := make([]byte, n)
	if _, err := f.ReadAt(head, 0); err != nil && (n > 0 || !errors.Is(err, io.EOF)) {
		return "", err
	}
	sum := sha256.Sum256(head)
	return fmt.Sprintf("%s:%d:%s", number(info), n, hex.EncodeToString(sum[:12])), nil
}

// is says whether an open file is the one that was read up to a position.
func is(f *os.File, at event.Position) bool {
	info, err := f.Stat()
	if err != nil || info.Size() < at.Taken {
		return false
	}
	mine, err := identity(f, at.Taken)
	return err == nil && mine == at.Identity
}

// Step takes what can be taken now, and says whether there may be more. Files that do not exist yet are waited for.
func (x *File) Step(ctx context.Context) (more bool, err error) {
	if x.f == nil {
		if err := x.open(); err != nil || x.f == nil {
			return false, err
		}
	}
	if !x.final {
		x.final = x.replaced()
	}
	if x.At.Identity != "" && !is(x.f, x.At) { // cut off, to be filled again
		x.At = event.Position{Name: x.Path}
	}
	body, to, err := x.lines()
	if err != nil {
		return false, errs.As(errs.Unavailable, err, "read %s", x.Path)
	}
	if to == x.At.Taken {
		if !x.final {
			return false, nil
		}
		return true, x.leave()
	}
	at := event.Position{Name: x.Path, Taken: to}
	if at.Identity, err = identity(x.f, to); err != nil {
		return false, errs.As(errs.Unavailable, err, "read %s", x.Path)
	}
	if err := x.Take(ctx, body, at); err != nil {
		return false, err
	}
	x.At = at
	return true, nil
}

// leave goes from a file that is read to its end to those that were renamed after it, and to the one that has the name now.
func (x *File) leave() error {
	mine, err := x.f.Stat()
	if err != nil {
		return errs.As(errs.Unavailable, err, "read %s", x.Path)
	}
	all, err := x.rotated()
	if err != nil {
		return err
	}
	x.behind = nil
	for i, path := range all {
		if here, err := os.Stat(path); err == nil && os.SameFile(here, mine) {
			x.behind = all[i+1:]
		}
	}
	x.At = event.Position{Name: x.Path}
	return x.Close()
}

// replaced says that the path leads to another file now, or to none.
func (x *File) replaced() bool {
	here, err := os.Stat(x.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	mine, err2 := x.f.Stat()
	return err == nil && err2 == nil && !os.SameFile(here, mine)
}

// open opens what is to be read next: the file that was read last, under whichever name it has now; those that came after it and
// were renamed; then the one that has the name.
func (x *File) open() error {
	if len(x.behind) == 0 && x.At.Identity != "" {
		if err := x.resume(); err != nil || x.f != nil {
			return err
		}
	}
	path := x.Path
	rotated := len(x.behind) > 0
	if rotated {
		path, x.behind = x.behind[0], x.behind[1:]
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return errs.As(errs.Unavailable, err, "open %s", path)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return errs.New(errs.Invalid, "%s is no file", path)
	}
	if !is(f, x.At) || x.At.Identity == "" {
		x.At = event.Position{Name: x.Path}
	}
	x.f, x.final = f, rotated
	return nil
}

// resume finds the file that was read last. Where it has another name by now, what was renamed after it is read too.
func (x *File) resume() error {
	f, err := os.Open(x.Path)
	if err == nil && is(f, x.At) {
		x.f, x.final = f, false
		return nil
	}
	if err == nil {
		_ = f.Close()
	}
	all, err := x.rotated()
	if err != nil {
		return err
	}
	for _, path := range all {
		f, err := os.Open(path)
		if err != nil {
			continue // it may be renamed while we look; then it is looked for again
		}
		if is(f, x.At) {
			x.f, x.final = f, true
			return nil
		}
		_ = f.Close()
	}
	if x.Log != nil {
		x.Log.Warn("the file that was read last is gone; what was written to it since is not known", "file", x.Path, "read", x.At.Taken)
	}
	x.At = event.Position{Name: x.Path}
	return nil
}

// packed are names of files that were compressed after they were rotated.
var packed = []string{".gz", ".xz", ".zst", ".bz2"}

// rotated are the files that begin with the name, the oldest first.
func (x *File) rotated() ([]string, error) {
	dir, base := filepath.Split(x.Path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "look for files that %s was renamed to", x.Path)
	}
	when := map[string]time.Time{}
	var out []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || name == base || !strings.ContainsAny(name[len(base):len(base)+1], ".-_") || slices.Contains(packed, filepath.Ext(name)) || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil {
			path := filepath.Join(dir, name)
			when[path] = info.ModTime()
			out = append(out, path)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return when[a].Compare(when[b]) })
	return out, nil
}

// lines reads whole lines from where it stands, and says up to where that is. Of a file that will not grow any more the last needs no
// break. A line that is too long is taken in pieces.
func (x *File) lines() (records []byte, to int64, err error) {
	buf := make([]byte, readBytes)
	n, err := x.f.ReadAt(buf, x.At.Taken)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	buf = buf[:n]
	end := bytes.LastIndexByte(buf, '\n') + 1
	if end == 0 && (n == readBytes || x.final) || x.final && n < readBytes {
		end = n
	}
	var out bytes.Buffer
	read := 0
	for n := 0; read < end && n < lotRecords && out.Len() < lotBytes; n++ {
		line := buf[read:end]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		text := bytes.Trim(line, " \r\n\x00")
		if _, ok := event.Object(text); len(text) > maxText && (!ok || len(text) > event.MaxRecord) {
			line = line[:maxText]
			text = line
		}
		if read += len(line); len(text) > 0 {
			out.Write(x.record(text))
			out.WriteByte('\n')
		}
	}
	return out.Bytes(), x.At.Taken + int64(read), nil
}

// Close closes what is open.
func (x *File) Close() error {
	if x.f == nil {
		return nil
	}
	f := x.f
	x.f = nil
	return f.Close()
}
