package follow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Folder watches a folder into which whole files are put: CloudTrail's own layout, AWSLogs/ACCOUNT/CloudTrail/REGION/Y/M/D/*.json.gz, or
// any other.
type Folder struct {
	Path string
	Source
	Log   *slog.Logger
	Known map[string]event.Position // by name, with the folder before it
	// Digested keeps what a digest of CloudTrail lacks; nil passes digests over.
	Digested Digested

	seen    map[string]string // size and time of a file at the last look; one that changes is not read yet
	digests *Digests
}

// Look takes what is new, and says how many files that were.
func (x *Folder) Look(ctx context.Context) (files int, err error) {
	root, err := os.OpenRoot(x.Path)
	if err != nil {
		return 0, errs.Hinted(errs.As(errs.Unavailable, err, "open the folder %s", x.Path), "Make it, or take it out of the file of the ways in.")
	}
	defer root.Close() //nolint:errcheck // only read
	if x.digests == nil {
		x.digests = &Digests{Tell: x.Digested}
	}
	x.digests.Objects = &Objects{Source: x.Source, Log: x.Log, Known: x.Known}
	seen := map[string]string{}
	var failed []error
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if name != "." && (strings.HasPrefix(e.Name(), ".") || e.Name() == DigestFolder && x.Digested == nil) {
				return fs.SkipDir
			}
			return ctx.Err()
		}
		if !e.Type().IsRegular() || !Readable(name) {
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // it was taken away meanwhile
		}
		mark := fmt.Sprintf("%d:%d", info.Size(), info.ModTime().UnixNano())
		seen[name] = mark
		if !x.digests.New(filepath.Join(x.Path, name), mark) || x.seen[name] != mark {
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
	if err := x.digests.Settle(ctx); err != nil {
		failed = append(failed, err)
	}
	return files, errors.Join(failed...)
}

// read takes one file.
func (x *Folder) read(ctx context.Context, root *os.Root, name, mark string) (took bool, err error) {
	f, err := root.Open(name)
	if err != nil {
		return false, errs.As(errs.Unavailable, err, "open it")
	}
	defer f.Close()
	o := Object{Name: filepath.Join(x.Path, name), Mark: mark, Body: f}
	if IsDigest(filepath.ToSlash(name)) {
		return false, x.digests.Read(ctx, o)
	}
	return x.digests.ReadFile(ctx, o)
}
