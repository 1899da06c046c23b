package app

import (
	"cmp"
	"context"
	"os"
	"time"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/follow"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// How often files are looked at, and how long a way in rests after a fault.
const (
	fileStep   = time.Second
	folderLook = 5 * time.Second
	wayRests   = 15 * time.Second
)

// openPaths makes what follows the files and folders that the file of the ways in names.
func (a *App) openPaths(ctx context.Context, w *ways) (all []func(context.Context), err error) {
	seen := map[string]bool{}
	for _, x := range w.Files {
		source, known, path, err := a.pathWay(ctx, w, x, seen)
		if err != nil {
			return nil, errs.Wrap(err, "files: %s", x.Path)
		}
		at, there := known[path]
		if !there {
			at = event.Position{Name: path}
		}
		f := &follow.File{Path: path, Source: source.Source, Log: a.Log, At: at}
		all = append(all, func(ctx context.Context) {
			a.step(ctx, path, fileStep, f.Step)
			if err := f.Close(); err != nil {
				a.Log.Warn("a file that was followed could not be closed", "file", path, "error", err)
			}
		})
	}
	for _, x := range w.Folders {
		source, known, path, err := a.pathWay(ctx, w, x, seen)
		if err != nil {
			return nil, errs.Wrap(err, "folders: %s", x.Path)
		}
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			return nil, errs.New(errs.Invalid, "folders: %s is no folder", path).WithHint("Make it, or take it out of the file of the ways in.")
		}
		f := &follow.Folder{Path: path, Source: source.Source, Log: a.Log, Known: known, Digested: a.digested(source)}
		all = append(all, func(ctx context.Context) {
			a.step(ctx, path, folderLook, func(ctx context.Context) (bool, error) {
				_, err := f.Look(ctx)
				return false, err
			})
		})
	}
	return all, nil
}

// followed is where the records of a way go.
type followed struct {
	follow.Source
	to destination
}

// pathWay is where the records of a path go, and up to where its files are read.
func (a *App) pathWay(ctx context.Context, w *ways, x pathWay, seen map[string]bool) (followed, map[string]event.Position, string, error) {
	path := w.path(x.Path)
	if path == "" {
		return followed{}, nil, "", errs.New(errs.Invalid, "a path is missing").At("path")
	}
	source, known, err := a.followed(ctx, path, x.ofSource, x.Zone, seen)
	return source, known, path, err
}

// followed is where the records of what is named go, and up to where its files are read. Nothing is named twice for one source.
func (a *App) followed(ctx context.Context, name string, of ofSource, zoned string, seen map[string]bool) (followed, map[string]event.Position, error) {
	t, err := a.destinationOf(ctx, of, "files")
	if err != nil {
		return followed{}, nil, err
	}
	key := string(t.source.ID) + " " + name
	if seen[key] {
		return followed{}, nil, errs.New(errs.Invalid, "%s is named twice for %s", name, t.source.Ref).At("path")
	}
	seen[key] = true
	zone, err := time.LoadLocation(cmp.Or(zoned, "UTC"))
	if err != nil {
		return followed{}, nil, errs.As(errs.Invalid, err, "zone %q", zoned)
	}
	known, err := a.Intake.Positions(ctx, t.scope, t.source.ID)
	if err != nil {
		return followed{}, nil, err
	}
	return followed{to: t, Source: follow.Source{Log: t.source.Log, Zone: zone, Clock: func() time.Time { return a.Clock() }, Take: func(ctx context.Context, records []byte, at event.Position) error {
		_, err := a.lot(ctx, t, event.Lot{File: &at}, records)
		return err
	}}}, known, nil
}

// digested keeps what digests of CloudTrail lack; nil for sources of other logs.
func (a *App) digested(x followed) follow.Digested {
	if x.Log != "aws.cloudtrail" {
		return nil
	}
	return func(ctx context.Context, digest string, lacks []event.Lack) error {
		return a.Sources.Digested(ctx, x.to.scope, x.to.source.ID, digest, lacks, a.Clock())
	}
}

// step does something over and over until the context ends: at once while there is more, after a while when there is none, later when
// it failed.
func (a *App) step(ctx context.Context, path string, every time.Duration, do func(context.Context) (bool, error)) {
	for ctx.Err() == nil {
		more, err := do(ctx)
		wait := every
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			wait = max(wayRests, event.RetryAfter(err))
			a.Log.Warn("a way in rests; it goes on where it stopped", "path", path, "error", err)
		case more:
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}
