// Command detect measures how fast events are matched against Sigma rules, from the bytes of their JSON, and beside it, in the
// same run, what decoding alone takes: fastjson and a flat list of every path and value, which an engine that wants values by
// path cannot do without unless it reads the bytes itself.
package main

import (
	"flag"
	"fmt"

	"github.com/tickmark/tickmark/bench/internal/measure"
)

// task is one load: events, rules, and how they meet.
type task struct {
	Data    string // folder of the public data
	Events  string // file in it
	Source  string // cloudtrail, windows or all
	Seconds float64
	Workers int
}

// result is what a contender did.
type result struct {
	Use        measure.Usage
	Events     int64
	Bytes      int64
	Hits       int64
	Candidates int64 // rules that were evaluated
	Rules      int
	Allocs     uint64
	Load       float64 // seconds to read and compile the rules
	Heap       int64   // bytes in use after that
	Wrong      int
}

const (
	cloudtrail = "events/cloudtrail-2900.ndjson.zst"
	windows    = "events/windows-20000.ndjson.zst"
)

func main() {
	measure.Serve(map[string]measure.Part{"match": measure.Typed(matchPart), "decode": measure.Typed(decodePart), "regression": measure.Typed(regressionPart)})
	data := flag.String("data", defaultData(), "folder of the public data (TICKMARK_SHARED_DATA)")
	seconds := flag.Float64("seconds", 5, "how long each load runs")
	_ = flag.String("dir", "", "not used: nothing is written")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works, with a few rules and events of its own")
	flag.Parse()
	if *small {
		*data, *seconds = "", 0.05
	}
	measure.Fatal(run(*data, *seconds))
}

func run(data string, seconds float64) error {
	if data != "" && !present(data) {
		return fmt.Errorf("the public data is not in %s; TICKMARK_SHARED_DATA or -data say where it is", data)
	}
	measure.Header("detect")
	f := measure.Figure
	if data != "" {
		r, err := measure.Run[result]("regression", task{Data: data})
		if err != nil {
			return err
		}
		f("detect.rules_loaded", float64(r.Rules), "rules")
		f("detect.regression_cases_fired", float64(r.Hits), "cases")
		f("detect.regression_cases_silent", float64(r.Wrong), "cases")
		f("detect.load_and_compile", r.Load, "s")
	}
	for _, x := range []struct {
		name, file string
		sources    []string
	}{{"cloudtrail", cloudtrail, []string{"cloudtrail", "all"}}, {"windows", windows, []string{"windows", "all"}}} {
		limit, err := measure.Run[result]("decode", task{Data: data, Events: x.file, Seconds: seconds, Workers: 1})
		if err != nil {
			return err
		}
		both, err := measure.Run[result]("decode", task{Data: data, Events: x.file, Seconds: seconds, Workers: 2})
		if err != nil {
			return err
		}
		rate := float64(limit.Events) / limit.Use.CPU
		f("detect."+x.name+".fastjson_and_flatten.two_over_one", float64(both.Events)/both.Use.Seconds/(float64(limit.Events)/limit.Use.Seconds), "ratio")
		f("detect."+x.name+".fastjson_and_flatten.rate", rate, "events/cpu-s")
		f("detect."+x.name+".event_size", float64(limit.Bytes)/float64(limit.Events), "bytes")
		for _, source := range x.sources {
			if err := load(x.name, source, rate, task{Data: data, Events: x.file, Source: source, Seconds: seconds, Workers: 1}); err != nil {
				return err
			}
		}
	}
	return nil
}

// load measures one load with one goroutine and with two.
func load(name, source string, limit float64, t task) error {
	prefix := "detect." + name + "_x_routed"
	if source == "all" {
		prefix = "detect." + name + "_x_all"
	}
	one, err := measure.Run[result]("match", t)
	if err != nil {
		return err
	}
	t.Workers = 2
	two, err := measure.Run[result]("match", t)
	if err != nil {
		return err
	}
	f := measure.Figure
	rate := float64(one.Events) / one.Use.CPU
	f(prefix+".rules", float64(one.Rules), "rules")
	f(prefix+".tickmark.rate", rate, "events/cpu-s")
	f(prefix+".tickmark.bytes", rate*float64(one.Bytes)/float64(one.Events)/1e6, "MB/cpu-s")
	f(prefix+".tickmark_over_fastjson_and_flatten", rate/limit, "ratio")
	f(prefix+".tickmark.wall_rate_1_goroutine", float64(one.Events)/one.Use.Seconds, "events/s")
	f(prefix+".tickmark.wall_rate_2_goroutines", float64(two.Events)/two.Use.Seconds, "events/s")
	f(prefix+".tickmark.two_over_one", float64(two.Events)/two.Use.Seconds/(float64(one.Events)/one.Use.Seconds), "ratio")
	f(prefix+".tickmark.rate_2_goroutines", float64(two.Events)/two.Use.CPU, "events/cpu-s")
	f(prefix+".tickmark.allocations", float64(one.Allocs)/float64(one.Events), "allocations/event")
	f(prefix+".tickmark.evaluated", float64(one.Candidates)/float64(one.Events), "rules/event")
	f(prefix+".tickmark.hits", float64(one.Hits)/float64(one.Events), "hits/event")
	f(prefix+".tickmark.load_and_compile", one.Load, "s")
	f(prefix+".tickmark.heap", float64(one.Heap)/(1<<20), "MiB")
	return nil
}
