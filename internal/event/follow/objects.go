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
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Bounds of what a folder or a bucket gives at once.
const (
	lotBytes   = 4 << 20
	lotRecords = 20_000
)

// endings are the names of files that are read in a folder or a bucket.
var endings = []string{".json", ".ndjson", ".jsonl", ".log", ".json.gz", ".ndjson.gz", ".jsonl.gz", ".log.gz", ".json.zst", ".ndjson.zst", ".jsonl.zst", ".log.zst"}

// Readable says whether a file is one that is read, by its name.
func Readable(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	return !strings.HasPrefix(base, ".") && slices.ContainsFunc(endings, func(s string) bool { return strings.HasSuffix(strings.ToLower(base), s) })
}

// Objects takes whole files, from a folder or a bucket. A file is known by its name and its content.
type Objects struct {
	Source
	Log   *slog.Logger
	Known map[string]event.Position // by name
}

// Object is a whole file that is there to be read.
type Object struct {
	Name string // under which its position is kept: with the folder or the bucket before it
	Mark string // changes when its content may have
	Body io.ReadSeeker
}

// unreadable stands for the hash of what a file holds that could not be unpacked or read to its end. One without any was taken before
// hashes were kept, or was too large to be looked at: nothing can be said of it.
const unreadable = "unreadable"

// New says whether a file is to be read.
func (x *Objects) New(name, mark string) bool { return x.Known[name].Identity != mark }

// Read takes one file, or what is left of one that was taken in part, and says whether there was something to take. Until the whole is
// taken its mark is not kept.
func (x *Objects) Read(ctx context.Context, o Object) (took bool, err error) {
	h := sha256.New()
	if _, err := io.Copy(h, o.Body); err != nil {
		return false, errs.As(errs.Unavailable, err, "read it")
	}
	sum := hex.EncodeToString(h.Sum(nil))
	known := x.Known[o.Name]
	if known.SHA256 == sum && known.Identity != "" { // the same again, only touched
		known.Identity = o.Mark
		x.Known[o.Name] = known
		return false, nil
	}
	at := event.Position{Name: o.Name, SHA256: sum}
	if known.SHA256 == sum {
		at.Taken = known.Taken
	}
	if _, err := o.Body.Seek(0, io.SeekStart); err != nil {
		return false, errs.As(errs.Unavailable, err, "read it")
	}
	l := lot{x: x, at: at}
	if err := l.fill(ctx, o.Body); err != nil {
		return false, err
	}
	l.at.Identity = o.Mark
	return true, l.keep(ctx)
}

// Refuse puts a file aside that is not read, with the reason, which is told and shown in quarantine.
func (x *Objects) Refuse(ctx context.Context, o Object, why string) error {
	x.Log.Error("a file is not read", "file", o.Name, "reason", why)
	l := lot{x: x, at: event.Position{Name: o.Name, Identity: o.Mark}}
	if IsDigest(o.Name) {
		l.at.Plain = unreadable
	}
	fmt.Fprintf(&l.body, "%s: %s\n", oneLine(o.Name), oneLine(why))
	return l.keep(ctx)
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }

// lot is what is taken of a file at once, with the place up to which it is read.
type lot struct {
	x    *Objects
	at   event.Position
	body bytes.Buffer
	in   int
}

func (l *lot) keep(ctx context.Context) error {
	if err := l.x.Take(ctx, l.body.Bytes(), l.at); err != nil {
		return err
	}
	l.x.Known[l.at.Name] = l.at
	l.body.Reset()
	l.in = 0
	return nil
}

// fill reads the records of a file that are not taken yet. What is left in the lot when it is read to its end is to be kept.
func (l *lot) fill(ctx context.Context, file io.Reader) error {
	n, skip := int64(0), l.at.Taken
	var refused error // by whoever keeps it
	plain := sha256.New()
	body, err := event.Unpacked(file)
	if err == nil {
		body = io.TeeReader(body, plain)
		err = event.Each(body, func(record []byte, fault string) error {
			if n++; n <= skip {
				return nil
			}
			l.at.Taken = n
			if fault == "" {
				record = l.x.record(record)
			}
			l.body.Write(bytes.ReplaceAll(record, []byte("\n"), []byte(" ")))
			l.body.WriteByte('\n')
			if l.in++; l.body.Len() < lotBytes && l.in < lotRecords {
				return nil
			}
			refused = l.keep(ctx)
			return refused
		})
	}
	if refused != nil {
		return refused
	}
	if err == nil {
		_, err = io.Copy(io.Discard, body) // what comes after the list
	}
	if fault := (*fs.PathError)(nil); errors.As(err, &fault) { // of the disk: it may go away
		return errs.As(errs.Unavailable, err, "read it")
	}
	if err != nil { // the rest of it is not to be had: that is told, and shown in quarantine
		l.x.Log.Error("a file cannot be read to its end", "file", l.at.Name, "records", n, "error", err)
		fmt.Fprintf(&l.body, "%s, after %d records: %v\n", oneLine(l.at.Name), n, oneLine(err.Error()))
		l.at.Plain = unreadable
		return nil
	}
	l.at.Plain = hex.EncodeToString(plain.Sum(nil))
	return nil
}
