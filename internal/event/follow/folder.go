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

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Bounds of what a folder gives at once.
const (
	lotBytes   = 4 << 20
	lotRecords = 20_000
)

// endings are the names of files that are read in a folder.
var endings = []string{".json", ".ndjson", ".jsonl", ".log", ".json.gz", ".ndjson.gz", ".jsonl.gz", ".log.gz", ".json.zst", ".ndjson.zst", ".jsonl.zst", ".log.zst"}

// Folder watches a folder into which whole files are put: CloudTrail's own layout, AWSLogs/ACCOUNT/CloudTrail/REGION/Y/M/D/*.json.gz, or
// any other. A file is known by its name and its content.
type Folder struct {
	Path string
	Source
	Log   *slog.Logger
	Known map[string]event.Position // by name, with the folder before it

	seen map[string]string // size and time of a file at the last look; one that changes is not read yet
}

// Look takes what is new, and says how many files that were.
func (x *Folder) Look(ctx context.Context) (files int, err error) {
	seen := map[string]string{}
	root, err := os.OpenRoot(x.Path)
	if err != nil {
		return 0, errs.Hinted(errs.As(errs.Unavailable, err, "open the folder %s", x.Path), "Make it, or take it out of the file of the ways in.")
	}
	defer root.Close() //nolint:errcheck // only read
	var failed []error
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if base := e.Name(); name != "." && strings.HasPrefix(base, ".") || base == "CloudTrail-Digest" {
				return fs.SkipDir // a digest tells of files, it holds no events
			}
			return ctx.Err()
		}
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") || !slices.ContainsFunc(endings, func(s string) bool { return strings.HasSuffix(strings.ToLower(name), s) }) {
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // it was taken away meanwhile
		}
		mark := fmt.Sprintf("%d:%d", info.Size(), info.ModTime().UnixNano())
		seen[name] = mark
		if x.Known[filepath.Join(x.Path, name)].Identity == mark || x.seen[name] != mark {
			return nil
		}
		took, err := x.read(ctx, root, name, mark)
		if took {
			files++
		}
		if err != nil {
			failed = append(failed, errs.Wrap(err, "%s", filepath.Join(x.Path, name)))
		}
		return ctx.Err()
	})
	x.seen = seen
	if err != nil {
		failed = append(failed, errs.As(errs.Unavailable, err, "look through %s", x.Path))
	}
	return files, errors.Join(failed...)
}

// read takes one file, or what is left of one that was read in part. Until the whole is taken its mark is not kept.
func (x *Folder) read(ctx context.Context, root *os.Root, name, mark string) (took bool, err error) {
	f, err := root.Open(name)
	if err != nil {
		return false, errs.As(errs.Unavailable, err, "open it")
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return false, errs.As(errs.Unavailable, err, "read it")
	}
	sum := hex.EncodeToString(h.Sum(nil))
	full := filepath.Join(x.Path, name)
	known := x.Known[full]
	if known.SHA256 == sum && known.Identity != "" { // the same again, only touched
		known.Identity = mark
		x.Known[full] = known
		return false, nil
	}
	skip := int64(0)
	if known.SHA256 == sum {
		skip = known.Taken
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, errs.As(errs.Unavailable, err, "read it")
	}
	at := event.Position{Name: full, SHA256: sum, Taken: skip}
	var lot bytes.Buffer
	n, in := int64(0), 0
	var refused error // by whoever keeps it
	keep := func(whole bool) error {
		if whole {
			at.Identity = mark
		}
		if err := x.Take(ctx, lot.Bytes(), at); err != nil {
			return err
		}
		x.Known[full] = at
		lot.Reset()
		in = 0
		return nil
	}
	err = event.Each(f, func(record []byte, fault string) error {
		if n++; n <= skip {
			return nil
		}
		at.Taken = n
		if fault == "" {
			record = x.record(record)
		}
		lot.Write(bytes.ReplaceAll(record, []byte("\n"), []byte(" ")))
		lot.WriteByte('\n')
		if in++; lot.Len() < lotBytes && in < lotRecords {
			return nil
		}
		refused = keep(false)
		return refused
	})
	if refused != nil {
		return false, refused
	}
	if fault := (*fs.PathError)(nil); errors.As(err, &fault) { // of the disk: it may go away
		return false, errs.As(errs.Unavailable, err, "read it")
	}
	if err != nil { // the rest of it is not to be had: that is told, and shown in quarantine
		x.Log.Error("a file cannot be read to its end", "file", full, "records", n, "error", err)
		fmt.Fprintf(&lot, "%s, after %d records: %v\n", name, n, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return true, keep(true)
}
