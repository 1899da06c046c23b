// Command bundle measures what the end of a period costs: freezing the dossier, rendering the report, writing the bundle and
// verifying it; and SHA-256 over the same bytes as the limit.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

func main() {
	lake.ServeSandbox()
	measure.Serve(map[string]measure.Part{"demo": measure.Typed(demoPart), "bundle": measure.Typed(bundlePart), "verify": measure.Typed(verifyPart), "sha256": measure.Typed(sumPart)})
	c := app.DemoConfig{Seed: 2026}
	data := flag.String("data", "", "data folder of a demo that has lived its time; it is copied, not changed (default: one is made)")
	flag.IntVar(&c.People, "people", 400, "people, when a demo is made")
	flag.IntVar(&c.Repositories, "repositories", 40, "repositories, when a demo is made")
	flag.IntVar(&c.Days, "days", 365, "days, when a demo is made")
	dir := flag.String("dir", "", "folder for the data (default: a temporary one)")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	if *small {
		c.People, c.Repositories, c.Days = 60, 10, 60
	}
	measure.Fatal(run(c, *data, *dir))
}

func run(c app.DemoConfig, data, parent string) error {
	dir, err := os.MkdirTemp(parent, "tickmark-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	measure.Header("bundle")
	t := task{Data: filepath.Join(dir, "data"), File: filepath.Join(dir, "year.tickmark"), Demo: c}
	if data == "" {
		u, err := measure.Run[measure.Usage]("demo", t)
		if err != nil {
			return err
		}
		u.Figures("bundle.demo_lived")
	} else if err := measure.CopyData(t.Data, data); err != nil {
		return err
	}
	made, err := measure.Run[made]("bundle", t)
	if err != nil {
		return err
	}
	checked, err := measure.Run[checked]("verify", t)
	if err != nil {
		return err
	}
	sum, err := measure.Run[measure.Usage]("sha256", t)
	if err != nil {
		return err
	}
	print(made, checked, sum)
	return nil
}

func print(m made, c checked, sum measure.Usage) {
	f := measure.Figure
	f("bundle.people", float64(m.Demo.People), "people")
	f("bundle.days", float64(m.Demo.Days), "days")
	f("bundle.facts_and_results", float64(m.DataBytes)/(1<<20), "MiB")
	f("bundle.files", float64(c.Files), "files")
	f("bundle.ledger_entries", float64(c.Entries), "entries")
	f("bundle.report_pages", float64(m.Pages), "pages")
	f("bundle.size", float64(m.Bytes)/(1<<20), "MiB")
	m.Freeze.Figures("bundle.freeze")
	m.Report.Figures("bundle.report")
	m.Bundle.Figures("bundle.write")
	c.Figures("bundle.verify")
	sum.Figures("bundle.sha256_limit")
	f("bundle.write_over_sha256", m.Bundle.Seconds/sum.Seconds, "ratio")
	f("bundle.verify_over_sha256", c.Seconds/sum.Seconds, "ratio")
	f("bundle.verify.rate", float64(m.Bytes)/(1<<20)/c.Seconds, "MiB/s")
}

// open opens the installation in a data folder.
func open(ctx context.Context, data string) (*app.App, error) {
	return app.Open(ctx, app.Config{Data: data, Database: "sqlite:" + filepath.Join(data, "records.db")}, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

// demoPart lives the simulated company's time with the real pipeline, as `tickmark demo --once` does.
func demoPart(t task) (measure.Usage, error) {
	ctx := context.Background()
	a, err := open(ctx, t.Data)
	if err != nil {
		return measure.Usage{}, err
	}
	t.Demo.Start = (period.Of(time.Now()) - period.Date(t.Demo.Days)).Time()
	m := measure.Start()
	d, err := a.StartDemo(ctx, t.Demo, func(done, total int, what string) {
		if done%30 == 0 || done == total {
			fmt.Fprintf(os.Stderr, "%d of %d days: %s\n", done, total, what)
		}
	})
	u := m.Stop()
	if err != nil {
		return u, err
	}
	return u, errors.Join(d.Stop(ctx), a.Close(ctx))
}

// size is the size of the files below a folder.
func size(dir string) (int64, error) {
	total := int64(0)
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

// sumPart reads the bundle's file and hashes it, which whoever checks it cannot do without.
func sumPart(t task) (measure.Usage, error) {
	m := measure.Start()
	f, err := os.Open(t.File)
	if err != nil {
		return measure.Usage{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(h, f, make([]byte, 1<<20)); err != nil {
		return measure.Usage{}, err
	}
	return m.Stop(), nil
}
