// Command evaluate measures the evaluation of tests over a large population: the program's own path, cel-go and OPA on the
// same accounts with the same rules, and DuckDB alone as the limit.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

func usesAsOf(stmt string) bool { return strings.Contains(stmt, "$as_of") }

func main() {
	lake.ServeSandbox()
	measure.Serve(map[string]measure.Part{
		"make": measure.Typed(makePart), "engine": measure.Typed(enginePart), "duckdb": measure.Typed(duckPart),
		"cel": measure.Typed(celPart), "opa": measure.Typed(regoPart),
	})
	items := flag.Int("items", 1_000_000, "accounts")
	tests := flag.Int("tests", len(rules), "rules, of the fifty")
	celItems := flag.Int("cel-items", 1_000_000, "accounts that cel-go judges")
	opaItems := flag.Int("opa-items", 100_000, "accounts that OPA judges")
	workers := flag.Int("workers", 2, "threads of each contender but the program, which has its own two children")
	dir := flag.String("dir", "", "folder for the data (default: a temporary one)")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	if *small {
		*items, *celItems, *opaItems = 3000, 3000, 1000
	}
	measure.Fatal(run(*items, min(*celItems, *items), min(*opaItems, *items), *tests, *workers, *dir))
}

func run(items, celItems, opaItems, tests, workers int, parent string) error {
	dir, err := os.MkdirTemp(parent, "tickmark-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	measure.Header("evaluate")
	t := task{File: filepath.Join(dir, "lake", snapshot), Items: items, Tests: tests, Workers: workers, Dir: dir}
	file, err := measure.Run[sealed]("make", t)
	if err != nil {
		return err
	}
	part := func(name string, n int) (result, error) {
		x := t
		x.Items = n
		return measure.Run[result](name, x)
	}
	engine, err := measure.Run[result]("engine", engineTask{t, file})
	if err != nil {
		return err
	}
	duck, err := part("duckdb", items)
	if err != nil {
		return err
	}
	cel, err := part("cel", celItems)
	if err != nil {
		return err
	}
	opa, err := part("opa", opaItems)
	if err != nil {
		return err
	}
	if err := agree(t, engine, duck, cel, opa, celItems, opaItems); err != nil {
		return err
	}
	print(t, file, engine, duck, cel, opa, celItems, opaItems)
	return nil
}

// agree compares every rule's counts. Peers that judged fewer accounts are compared with DuckDB on just those.
func agree(t task, engine, duck, cel, opa result, celItems, opaItems int) error {
	if err := same(engine.Counts, duck.Counts, "the program and DuckDB"); err != nil {
		return err
	}
	for _, peer := range []struct {
		name  string
		r     result
		items int
	}{{"cel-go", cel, celItems}, {"OPA", opa, opaItems}} {
		want := engine.Counts
		if peer.items != t.Items {
			x, err := firstOf(t, peer.items)
			if err != nil {
				return err
			}
			want = x.Counts
		}
		if err := same(want, peer.r.Counts, "SQL and "+peer.name); err != nil {
			return err
		}
	}
	return nil
}

// firstOf counts the first accounts alone with DuckDB: from a file that holds no others.
func firstOf(t task, n int) (result, error) {
	t.Items, t.Dir = n, filepath.Join(t.Dir, fmt.Sprint("first-", n))
	if _, err := measure.Run[sealed]("make", t); err != nil {
		return result{}, err
	}
	t.File = filepath.Join(t.Dir, "lake", snapshot)
	return measure.Run[result]("duckdb", t)
}

func print(t task, file sealed, engine, duck, cel, opa result, celItems, opaItems int) {
	total, other := engine.verdicts()
	f := measure.Figure
	f("evaluate.items", float64(t.Items), "items")
	f("evaluate.tests", float64(t.Tests), "tests")
	f("evaluate.verdicts", float64(total), "verdicts")
	f("evaluate.verdicts_not_pass", float64(other), "verdicts")
	f("evaluate.input", float64(file.Bytes)/(1<<20), "MiB")
	rate := func(r result, items int) float64 { return float64(items) * float64(t.Tests) / r.CPU }
	ours := rate(engine, t.Items)
	engine.Figures("evaluate.tickmark")
	f("evaluate.tickmark.rate", ours, "evaluations/cpu-s")
	for _, s := range []string{"sandbox", "statements_summed", "plan_and_write", "record"} {
		f("evaluate.tickmark.stage_"+s, engine.Stages[s], "s")
	}
	duck.Figures("evaluate.duckdb_counting_only")
	f("evaluate.duckdb_counting_only.rate", rate(duck, t.Items), "evaluations/cpu-s")
	f("evaluate.tickmark_over_duckdb_limit", ours/rate(duck, t.Items), "ratio")
	for _, peer := range []struct {
		name  string
		r     result
		items int
	}{{"cel_go", cel, celItems}, {"opa", opa, opaItems}} {
		name := "evaluate." + peer.name
		if peer.items != t.Items {
			name += fmt.Sprintf("_on_%d_items", peer.items)
		}
		peer.r.Figures(name)
		f(name+".rate", rate(peer.r, peer.items), "evaluations/cpu-s")
		f(name+".wall_per_million_items", peer.r.Seconds*1e6/float64(peer.items), "s")
		f("evaluate.tickmark_over_"+peer.name, ours/rate(peer.r, peer.items), "ratio")
	}
}
