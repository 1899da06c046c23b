// Command rooms measures what asking thousands of people costs: a campaign of 5,000 opened, paged, followed and closed, by the
// service and by its pages, as the Go benchmarks beside these packages do it. The limit is what a page may take with thousands of
// people.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/bench/internal/measure"
)

// limit is what a page may take with thousands of people, in milliseconds.
const limit = 300

// parts are the benchmarks: the package, its benchmark, and what its figures are called here.
var parts = []struct{ folder, bench, name string }{
	{"./internal/campaign", "BenchmarkCampaign5000", "rooms.campaign_5000"},
	{"./internal/web", "BenchmarkCampaignPages5000", "rooms.campaign_5000_page"},
}

func main() {
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	root := flag.String("root", "..", "folder of the program's sources")
	_ = flag.String("dir", "", "not used: the benchmarks have folders of their own")
	flag.Parse()
	measure.Header("rooms")
	times := "20x"
	if *small {
		times = "1x"
	}
	for _, p := range parts {
		measure.Fatal(run(*root, p.folder, p.bench, p.name, times))
	}
}

// metric is a figure of a benchmark's line: "17.20 page-1-ms".
var metric = regexp.MustCompile(`([\d.]+) ([\w-]+)-ms\b`)

func run(root, folder, bench, name, times string) error {
	var said bytes.Buffer
	c := exec.Command("go", "test", "-run", "^$", "-bench", "^"+bench+"$", "-benchtime", times, "-timeout", "20m", folder) //nolint:gosec // constants
	c.Dir, c.Stdout, c.Stderr = root, &said, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", bench, err, said.String())
	}
	found := metric.FindAllStringSubmatch(said.String(), -1)
	if len(found) == 0 {
		return errors.New(bench + " printed no figures: " + said.String())
	}
	for _, m := range found {
		ms, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return err
		}
		what := name + "." + strings.ReplaceAll(m[2], "-", "_")
		measure.Figure(what, ms, "ms")
		measure.Figure(what+"_over_limit_300_ms", ms/limit, "ratio")
	}
	return nil
}
