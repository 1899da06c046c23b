// Command report measures what it takes to write a Type 2 report of 120 controls, 300 tests and two million results: from the
// frozen dossier to PDF, DOCX, HTML, XLSX and OSCAL. The dossier holds the results as the program freezes them: the days of
// each test, how many items were judged, and every item that did not pass by name; how long freezing takes is the bench "bundle".
// Beside it, in the same run, LibreOffice makes a PDF of the same report from the DOCX where it is installed.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/format"
	"github.com/tickmark/tickmark/internal/report/reporttest"
)

// limit is how long a person waits with attention, in seconds, by the common rule of response times (0.1, 1 and 10 s): a
// report is written while its reader waits for the download.
const limit = 10

// task is one format of one dossier.
type task struct {
	File   string // of the dossier
	Format string
	Out    string // where the report is written
}

// result is what writing took.
type result struct {
	Use   measure.Usage
	Bytes int64
	Pages int
	Same  bool // a second writing gave the same bytes
}

func main() {
	measure.Serve(map[string]measure.Part{"write": measure.Typed(write), "load": measure.Typed(load), "peer": measure.Typed(peer)})
	tests := flag.Int("tests", 300, "tests")
	results := flag.Int64("results", 2_000_000, "results: items judged, of all tests over the period")
	failed := flag.Int("deviations", 2000, "results of them that did not pass, each listed in the report")
	dir := flag.String("dir", "", "folder for the files (default: a temporary one)")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	if *small {
		*tests, *results, *failed = 20, 2000, 5
	}
	measure.Fatal(run(*tests, *results, *failed, *dir, *small))
}

// dossier is Northwind's with so many tests and results: the populations are set so that the items judged add up.
func dossier(tests int, results int64, failed int) *engagement.Dossier {
	d := reporttest.Many(tests, failed)
	days := int64(0)
	for i := range d.Tests {
		days += int64(max(1, d.Tests[i].DaysTested))
	}
	for i := range d.Tests {
		t := &d.Tests[i]
		n := results * int64(max(1, t.DaysTested)) / days // of this test, over the period
		if t.Kind == "occurrence" {
			t.Population = max(n, t.Fail+t.Unknown+t.NA)
			t.Pass = t.Population - t.Fail - t.Unknown - t.NA
		} else {
			t.Population = max(1, n/int64(max(1, t.DaysTested))) // judged each day
		}
		t.Final.Population = t.Population
	}
	return d
}

func count(d *engagement.Dossier) (results, failed int64) {
	for _, t := range d.Tests {
		if t.Kind == "occurrence" {
			results += t.Population
		} else {
			results += t.Population * int64(t.DaysTested)
		}
		failed += int64(len(t.Deviations))
	}
	return results, failed
}

func run(tests int, results int64, failed int, parent string, small bool) error {
	dir, err := os.MkdirTemp(parent, "tickmark-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	measure.Header("report")
	d := dossier(tests, results, failed)
	body, hash, err := d.Bytes()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "dossier.json")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		return err
	}
	n, bad := count(d)
	f := measure.Figure
	f("report.controls", float64(len(d.Controls)), "controls")
	f("report.tests", float64(len(d.Tests)), "tests")
	f("report.results", float64(n), "results")
	f("report.deviations_listed", float64(bad), "deviations")
	f("report.dossier", float64(len(body))/(1<<20), "MiB")
	idle, err := measure.Run[result]("load", task{File: file})
	if err != nil {
		return err
	}
	idle.Use.Figures("report.read_dossier_and_build")
	var paper result
	for _, x := range format.All() {
		r, err := measure.Run[result]("write", task{File: file, Format: x.ID, Out: filepath.Join(dir, "report"+x.Ext)})
		if err != nil {
			return err
		}
		if !r.Same {
			return fmt.Errorf("%s: dossier %s gave other bytes the second time", x.ID, hash)
		}
		name := "report." + x.ID
		r.Use.Figures(name)
		f(name+".size", float64(r.Bytes)/1e6, "MB")
		if r.Pages > 0 {
			f(name+".pages", float64(r.Pages), "pages")
			paper = r
		}
		f(name+".over_limit_10_s", r.Use.Seconds/limit, "ratio")
		f(name+".same_bytes_twice", 1, "yes")
	}
	return beside(dir, paper, small)
}

// beside lets LibreOffice make a PDF of the same report.
func beside(dir string, ours result, small bool) error {
	if _, err := exec.LookPath("soffice"); err != nil || small {
		fmt.Println("# peer LibreOffice was not asked")
		return nil
	}
	r, err := measure.Run[result]("peer", task{File: filepath.Join(dir, "report.docx"), Out: dir})
	if err != nil {
		return err
	}
	r.Use.Figures("report.libreoffice_docx_to_pdf")
	measure.Figure("report.libreoffice_docx_to_pdf.size", float64(r.Bytes)/1e6, "MB")
	measure.Figure("report.libreoffice_docx_to_pdf.pages", float64(r.Pages), "pages")
	perPage := func(x result) float64 { return x.Use.CPU / float64(max(1, x.Pages)) }
	measure.Figure("report.pdf_over_libreoffice_wall", ours.Use.Seconds/r.Use.Seconds, "ratio")
	measure.Figure("report.pdf_over_libreoffice_cpu_a_page", perPage(ours)/perPage(r), "ratio")
	measure.Figure("report.pdf_over_libreoffice_peak_memory", float64(ours.Use.Peak)/float64(r.Use.Peak), "ratio")
	return nil
}

// read is the dossier as it was frozen: from its canonical form.
func read(file string) (*engagement.Dossier, error) {
	raw, err := os.ReadFile(file) //nolint:gosec // made by this program
	if err != nil {
		return nil, err
	}
	d := &engagement.Dossier{}
	return d, json.Unmarshal(raw, d)
}

// load reads the dossier and builds the document without writing it: what all formats share.
func load(t task) (result, error) {
	m := measure.Start()
	d, err := read(t.File)
	if err != nil {
		return result{}, err
	}
	doc := report.Build(d)
	r := result{Use: m.Stop(), Pages: len(doc.Sections)}
	return r, nil
}

func write(t task) (result, error) {
	f, err := format.Of(t.Format)
	if err != nil {
		return result{}, err
	}
	m := measure.Start()
	d, err := read(t.File)
	if err != nil {
		return result{}, err
	}
	file, err := f.Render(d, report.Options{})
	if err != nil {
		return result{}, err
	}
	r := result{Use: m.Stop(), Bytes: int64(len(file.Body)), Pages: file.Pages}
	if err := os.WriteFile(t.Out, file.Body, 0o600); err != nil {
		return result{}, err
	}
	sum := sha256.Sum256(file.Body)
	file, d = format.File{}, nil
	debug.FreeOSMemory()
	if d, err = read(t.File); err != nil {
		return result{}, err
	}
	again, err := f.Render(d, report.Options{})
	r.Same = sha256.Sum256(again.Body) == sum
	return r, err
}

// pagesOf finds how many pages a PDF says that it has.
var pagesOf = regexp.MustCompile(`/Type\s*/Pages[^>]*/Count (\d+)|/Count (\d+)[^>]*/Type\s*/Pages`)

// peer has LibreOffice write the DOCX as PDF, with a profile of its own.
func peer(t task) (result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	m := measure.Start()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "soffice", "-env:UserInstallation=file://"+filepath.Join(t.Out, "profile"), "--headless", "--convert-to", "pdf", "--outdir", filepath.Join(t.Out, "peer"), t.File) //nolint:gosec // constants and own folders
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return result{}, fmt.Errorf("soffice: %w: %s", err, said.String())
	}
	r := result{Use: m.Stop()}
	// It ended, so its peak is known only from what the kernel kept of children.
	r.Use.Peak = measure.ChildrenPeak()
	raw, err := os.ReadFile(filepath.Join(t.Out, "peer", "report.pdf"))
	if err != nil {
		return result{}, err
	}
	r.Bytes = int64(len(raw))
	if found := pagesOf.FindAllSubmatch(raw, -1); len(found) > 0 {
		for _, x := range found {
			n, _ := strconv.Atoi(string(x[1]) + string(x[2]))
			r.Pages = max(r.Pages, n)
		}
	} else {
		return r, errors.New("soffice: the PDF does not say how many pages it has")
	}
	return r, nil
}
