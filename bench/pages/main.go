// Command pages measures how long the pages of an installation take: it starts the server on a copy of a demo's data, signs
// the owner in over HTTP as a browser does, follows the links of every page, and asks for each page several times. Beside it,
// in the same run, a bare net/http server that sends the same bytes from memory: what the wire and the client take.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// The targets: milliseconds of a request, bytes of a first load as they are sent.
const (
	targetP95   = 50
	limitPage   = 150
	limitLarge  = 300 // of an organisation with thousands of people
	large       = 2000
	targetFirst = 40_000
	shown       = 6 // of the slowest and the largest pages
)

// task is a data folder that has lived, and how thoroughly it is walked.
type task struct {
	Data   string
	Demo   app.DemoConfig
	Times  int // each page is asked for this often
	Shapes int // pages of one shape, such as /c/*, that are walked
}

func main() {
	lake.ServeSandbox()
	measure.Serve(map[string]measure.Part{"demo": measure.Typed(demoPart), "pages": measure.Typed(pagesPart), "bare": measure.Typed(barePart)})
	t := task{Demo: app.DemoConfig{Seed: 2026}}
	data := flag.String("data", "", "data folder of a demo that has lived its time; it is copied, not changed (default: one is made)")
	flag.IntVar(&t.Demo.People, "people", 400, "people, when a demo is made")
	flag.IntVar(&t.Demo.Repositories, "repositories", 40, "repositories, when a demo is made")
	flag.IntVar(&t.Demo.Days, "days", 365, "days, when a demo is made")
	flag.IntVar(&t.Times, "times", 10, "how often each page is asked for")
	flag.IntVar(&t.Shapes, "shapes", 2, "pages of one shape that are walked")
	dir := flag.String("dir", "", "folder for the data (default: a temporary one)")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	name := flag.String("name", "pages", "what the figures are called")
	flag.Parse()
	if *small {
		t.Demo.People, t.Demo.Repositories, t.Demo.Days, t.Times, t.Shapes = 60, 10, 60, 2, 1
	}
	t.Demo.Daily = t.Demo.Days
	measure.Fatal(run(t, *data, *dir, *name))
}

func run(t task, data, parent, name string) error {
	dir, err := os.MkdirTemp(parent, "tickmark-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	measure.Header(name)
	t.Data = filepath.Join(dir, "data")
	if data == "" {
		if _, err := measure.Run[measure.Usage]("demo", t); err != nil {
			return err
		}
	} else if err := measure.CopyData(t.Data, data); err != nil {
		return err
	}
	w, err := measure.Run[walked]("pages", t)
	if err != nil {
		return err
	}
	b, err := measure.Run[walked]("bare", w)
	if err != nil {
		return err
	}
	return print(name, w, b)
}

// print writes the figures, and the slowest pages as comment lines.
func print(name string, w, bare walked) error {
	var all, limit []float64
	slices.SortFunc(w.Pages, func(a, b timed) int { return int((quantile(b.Took, .95) - quantile(a.Took, .95)) * 1000) })
	for i, p := range w.Pages {
		all = append(all, p.Took...)
		if i < shown {
			fmt.Printf("# slowest.%d %s p50 %.1f ms, p95 %.1f ms, %d bytes\n", i+1, p.Path, quantile(p.Took, .5), quantile(p.Took, .95), p.Bytes)
		}
	}
	for _, p := range bare.Pages {
		limit = append(limit, p.Took...)
	}
	if len(all) == 0 || len(limit) == 0 {
		return errors.New("no page was found")
	}
	worst := quantile(w.Pages[0].Took, .95)
	slices.SortFunc(w.Pages, func(a, b timed) int { return int(b.Bytes - a.Bytes) })
	first := w.Pages[0].Bytes
	for i, p := range w.Pages[:min(len(w.Pages), shown)] {
		fmt.Printf("# largest.%d %s %d bytes sent\n", i+1, p.Path, p.Bytes)
	}
	most := float64(limitPage)
	if w.People >= large {
		most = limitLarge
	}
	f := measure.Figure
	f(name+".people", float64(w.People), "people")
	f(name+".days", float64(w.Days), "days")
	f(name+".walked", float64(len(w.Pages)), "pages")
	f(name+".p50", quantile(all, .5), "ms")
	f(name+".p95", quantile(all, .95), "ms")
	f(name+".p95_over_target_50_ms", quantile(all, .95)/targetP95, "ratio")
	f(name+".slowest_page_p95", worst, "ms")
	f(name+fmt.Sprintf(".slowest_page_over_limit_%.0f_ms", most), worst/most, "ratio")
	f(name+".first_request_after_start", w.First, "ms")
	f(name+".largest_page_sent", float64(first), "bytes")
	f(name+".style_and_scripts_sent", float64(w.Assets), "bytes")
	f(name+".largest_first_load_over_target_40_kB", float64(first+w.Assets)/targetFirst, "ratio")
	f(name+".bare_server_p50", quantile(limit, .5), "ms")
	f(name+".bare_server_p95", quantile(limit, .95), "ms")
	f(name+".p50_over_bare_server", quantile(all, .5)/quantile(limit, .5), "ratio")
	return nil
}

// quantile is the value below which the share q of the values lies.
func quantile(values []float64, q float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return v[min(len(v)-1, int(float64(len(v))*q))]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
