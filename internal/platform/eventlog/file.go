package eventlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/s2"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/blob"
)

// A file is a header and frames; behind the last frame it is zero. Header: magic, position of the first frame. Frame: length of
// what is packed, checksum over position and packed bytes, position, packed bytes.
const (
	magic       = "TMKLOG01"
	headerBytes = 16
	frameBytes  = 16
	ending      = ".log"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// file is one file of the log.
type file struct {
	f     *os.File
	start int64 // position of its first frame
	end   int64 // behind its last
	size  int64
	dead  bool // a write failed: what is behind end is unknown
	users sync.WaitGroup
}

func (f *file) offset(pos int64) int64 { return headerBytes + pos - f.start }
func (f *file) room() int64            { return f.size - f.offset(f.end) }
func (f *file) close() error           { return f.f.Close() }

func nameOf(start int64) string { return fmt.Sprintf("%016x%s", start, ending) }

// place writes the head of a frame.
func place(frame []byte, pos int64) {
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-frameBytes))
	binary.LittleEndian.PutUint64(frame[8:], uint64(pos))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(frame[8:], castagnoli))
}

// create begins a file and reserves all its space.
func create(dir string, start, size int64) (*file, error) {
	name := filepath.Join(dir, nameOf(start))
	f, err := os.OpenFile(name+".tmp", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	err = reserve(f, size)
	if err == nil {
		head := binary.LittleEndian.AppendUint64([]byte(magic), uint64(start))
		_, err = f.WriteAt(head, 0)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(name+".tmp", name)
	}
	if err == nil {
		err = blob.SyncDir(dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return &file{f: f, start: start, end: start, size: size}, nil
}

// errEnd is no frame: zeros, or what a crash cut off.
var errEnd = errors.New("no frame")

// read reads the frame at a position that must be there.
func (f *file) read(pos, stop int64) (Batch, error) {
	b, err := readFrame(f.f, f.offset(pos), f.offset(stop), pos)
	if err != nil {
		return b, errs.Hinted(errs.As(errs.Internal, err, "the intake log %s is damaged at byte %d", f.f.Name(), f.offset(pos)),
			"The disk changed what was written. Copy the folder, then restore the file from a backup; nothing behind this byte can be read.")
	}
	return b, nil
}

func readFrame(r io.ReaderAt, at, stop, pos int64) (Batch, error) {
	var head [frameBytes]byte
	if at+frameBytes > stop {
		return Batch{}, errEnd
	}
	if _, err := r.ReadAt(head[:], at); err != nil {
		return Batch{}, errors.Join(errEnd, err)
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n == 0 || at+frameBytes+n > stop || n > int64(s2.MaxEncodedLen(MaxPayload)) || int64(binary.LittleEndian.Uint64(head[8:])) != pos {
		return Batch{}, errEnd
	}
	packed := make([]byte, n)
	if _, err := r.ReadAt(packed, at+frameBytes); err != nil {
		return Batch{}, errors.Join(errEnd, err)
	}
	sum := crc32.Update(crc32.Checksum(head[8:], castagnoli), castagnoli, packed)
	if sum != binary.LittleEndian.Uint32(head[4:]) {
		return Batch{}, errEnd
	}
	if plain, err := s2.DecodedLen(packed); err != nil || plain > MaxPayload {
		return Batch{}, errEnd
	}
	payload, err := s2.Decode(nil, packed)
	if err != nil {
		return Batch{}, errors.Join(errEnd, err)
	}
	return Batch{Pos: pos, Next: pos + frameBytes + n, Payload: payload}, nil
}

// load finds the files of the folder. The last is read through, and cut where its frames end.
func (l *Log) load() error {
	l.end = l.opts.Floor
	found, err := os.ReadDir(l.dir)
	if err != nil {
		return blob.Fault(err, "folder of the intake log")
	}
	var starts []int64
	for _, e := range found {
		if strings.HasSuffix(e.Name(), ".tmp") { // begun, and never used
			if err := os.Remove(filepath.Join(l.dir, e.Name())); err != nil {
				return blob.Fault(err, "the intake log")
			}
			continue
		}
		hex, ok := strings.CutSuffix(e.Name(), ending)
		start, err := strconv.ParseInt(hex, 16, 64)
		if ok && (err != nil || nameOf(start) != e.Name()) {
			return errs.New(errs.Internal, "%s in the intake log %s has no position for a name", e.Name(), l.dir).WithHint("Move the file away if it is not Tickmark's.")
		}
		if ok {
			starts = append(starts, start)
		}
	}
	slices.Sort(starts)
	for i, start := range starts {
		f, err := open(filepath.Join(l.dir, nameOf(start)), start)
		if err != nil {
			return err
		}
		l.files = append(l.files, f)
		if i+1 < len(starts) {
			f.end = starts[i+1]
		}
	}
	if n := len(l.files); n > 0 {
		if err := l.files[n-1].find(); err != nil {
			return err
		}
		l.end = max(l.end, l.files[n-1].end)
		l.files[n-1].dead = l.end > l.files[n-1].end // filed beyond it: a log of an older backup
	}
	return nil
}

func open(name string, start int64) (*file, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, blob.Fault(err, "the intake log")
	}
	st, err := f.Stat()
	head := make([]byte, headerBytes)
	if err == nil {
		_, err = f.ReadAt(head, 0)
	}
	if err != nil || string(head[:len(magic)]) != magic || int64(binary.LittleEndian.Uint64(head[len(magic):])) != start {
		return nil, errors.Join(errs.New(errs.Internal, "%s is no file of the intake log, or its head is damaged", name).
			WithHint("Copy the folder, then restore the file from a backup."), f.Close())
	}
	return &file{f: f, start: start, end: start, size: st.Size()}, nil
}

// find reads the frames of the last file to where they end, and makes zeros of what is behind: it was never acknowledged, and must
// not be taken for a frame of later.
func (f *file) find() error {
	for {
		b, err := readFrame(f.f, f.offset(f.end), f.size, f.end)
		if err != nil {
			break
		}
		f.end = b.Next
	}
	clean, err := zero(f.f, f.offset(f.end), f.size)
	if err != nil || clean {
		return blob.Fault(err, "the intake log")
	}
	err = f.f.Truncate(f.offset(f.end))
	if err == nil {
		err = reserve(f.f, f.size)
	}
	if err == nil {
		err = f.f.Sync()
	}
	return blob.Fault(err, "cut off what was half-written in the intake log")
}

func zero(r io.ReaderAt, from, to int64) (bool, error) {
	buf := make([]byte, 256<<10)
	for from < to {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), to-from)], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if n == 0 {
			return true, nil
		}
		for _, b := range buf[:n] {
			if b != 0 {
				return false, nil
			}
		}
		from += int64(n)
	}
	return true, nil
}
