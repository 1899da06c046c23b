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
		f := &follow.File{Path: path, Source: source, Log: a.Log, At: at}
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
		f := &follow.Folder{Path: path, Source: source, Log: a.Log, Known: known}
		all = append(all, func(ctx context.Context) {
			a.step(ctx, path, folderLook, func(ctx context.Context) (bool, error) {
				_, err := f.Look(ctx)
				return false, err
			})
		})
	}
	return all, nil
}

// pathWay is where the records of a path go, and up to where its files are read.
func (a *App) pathWay(ctx context.Context, w *ways, x pathWay, seen map[string]bool) (follow.Source, map[string]event.Position, string, error) {
	path := w.path(x.Path)
	if path == "" {
		return follow.Source{}, nil, "", errs.New(errs.Invalid, "a path is missing").At("path")
	}
	t, err := a.destinationOf(ctx, x.ofSource, "files")
	if err != nil {
		return follow.Source{}, nil, "", err
	}
	if key := string(t.source.ID) + " " + path; seen[key] {
		return follow.Source{}, nil, "", errs.New(errs.Invalid, "%s is named twice for %s", path, t.source.Ref).At("path")
	} else {
		seen[key] = true
	}
	zone, err := time.LoadLocation(cmp.Or(x.Zone, "UTC"))
	if err != nil {
		return follow.Source{}, nil, "", errs.As(errs.Invalid, err, "zone %q", x.Zone)
	}
	known, err := a.Intake.Positions(ctx, t.scope, t.source.ID)
	if err != nil {
		return follow.Source{}, nil, "", err
	}
	return follow.Source{Log: t.source.Log, Zone: zone, Clock: func() time.Time { return a.Clock() }, Take: func(ctx context.Context, records []byte, at event.Position) error {
		_, err := a.lot(ctx, t, event.Lot{File: &at}, records)
		return err
	}}, known, path, nil
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
