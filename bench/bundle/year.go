package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/verify"
)

// task is an installation that has lived, and where its bundle goes.
type task struct {
	Data, File string
	Demo       app.DemoConfig
}

// made is what freezing, rendering and writing used and left.
type made struct {
	Demo                   app.DemoConfig
	Freeze, Report, Bundle measure.Usage
	Pages                  int
	Bytes, DataBytes       int64
}

type checked struct {
	measure.Usage
	Files, Entries int
}

// bundlePart does what `tickmark report build` and `tickmark bundle` do.
func bundlePart(t task) (made, error) {
	ctx := context.Background()
	var out made
	raw, err := os.ReadFile(filepath.Join(t.Data, "demo.json"))
	if err != nil {
		return out, fmt.Errorf("no data folder of a demo: %w", err)
	}
	var state struct{ Config app.DemoConfig }
	if err := json.Unmarshal(raw, &state); err != nil {
		return out, err
	}
	out.Demo = state.Config
	if out.DataBytes, err = size(filepath.Join(t.Data, "lake")); err != nil {
		return out, err
	}
	a, err := open(ctx, t.Data)
	if err != nil {
		return out, err
	}
	defer a.Close(ctx) //nolint:errcheck // the process ends
	// An hour after the demo's own report.
	now := state.Config.Start.AddDate(0, 0, state.Config.Days).Add(time.Hour)
	a.Clock = func() time.Time { return now }
	o, err := a.Access.OrgBySlug(ctx, "northwind")
	if err != nil {
		return out, err
	}
	scope, err := a.Access.Operator(ctx, o.ID, "bench")
	if err != nil {
		return out, err
	}
	all, err := a.Engagement.Store.Engagements(ctx, scope.ReadScope)
	if err != nil || len(all) == 0 {
		return out, fmt.Errorf("no engagement: %w", err)
	}
	m := measure.Start()
	f, err := a.Engagement.Freeze(ctx, scope, now, all[0].Ref, nil)
	if err != nil {
		return out, err
	}
	out.Freeze = m.Stop()
	m = measure.Start()
	if f, _, err = a.Engagement.Report(ctx, scope, now, f); err != nil {
		return out, err
	}
	out.Report, out.Pages = m.Stop(), f.Pages
	m = measure.Start()
	if _, out.Bytes, err = a.WriteBundle(ctx, scope, now, f, t.File, nil); err != nil {
		return out, err
	}
	out.Bundle = m.Stop()
	return out, nil
}

// verifyPart does what `tickmark verify` does with the bundle and the key.
func verifyPart(t task) (checked, error) {
	key, err := os.ReadFile(filepath.Join(t.Data, "ledger", "verifier-key.txt"))
	if err != nil {
		return checked{}, err
	}
	m := measure.Start()
	f, err := os.Open(t.File)
	if err != nil {
		return checked{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return checked{}, err
	}
	rep, err := verify.Bundle(f, info.Size(), verify.Options{Keys: []string{string(key)}})
	if err != nil {
		return checked{}, err
	}
	if !rep.OK() {
		return checked{}, fmt.Errorf("the bundle does not hold: %s", rep.Findings[0])
	}
	return checked{m.Stop(), rep.Files, rep.Entries}, nil
}
