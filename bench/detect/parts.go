package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/valyala/fastjson"

	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/detect/sigma"
)

func defaultData() string {
	if dir := os.Getenv("TICKMARK_SHARED_DATA"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "shared", "data")
}

func present(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "sigma-rules.tar.zst"))
	return err == nil
}

// events reads a file of the public data, or makes some.
func events(t task) ([][]byte, error) {
	if t.Data == "" {
		var out [][]byte
		for i := range 100 {
			out = append(out, fmt.Appendf(nil, `{"eventSource":"iam.example","eventName":"Do%d","userIdentity":{"type":"Root"},"Channel":"Security","EventID":%d}`, i, i))
		}
		return out, nil
	}
	packed, err := os.ReadFile(filepath.Join(t.Data, filepath.FromSlash(t.Events)))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	text, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, err
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n")), nil
}

// engine loads and compiles the rules.
func engine(t task) (*sigma.Engine, error) {
	set := &sigma.Set{}
	if t.Data == "" {
		for i := range 10 {
			set.Add(fmt.Sprintf("%d.yml", i), fmt.Appendf(nil, "title: t\nid: r%d\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  s: {eventName: Do%d}\n  condition: s\n", i, i))
		}
	} else {
		f, err := os.Open(filepath.Join(t.Data, "sigma-rules.tar.zst"))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if set, err = sigma.LoadArchive(f, info.Size()); err != nil {
			return nil, err
		}
	}
	source := sigma.Source{Name: "events", All: true}
	switch t.Source {
	case "cloudtrail":
		source = sigma.Source{Name: "events", Kinds: []sigma.Kind{{LogSource: sigma.LogSource{Product: "aws", Service: "cloudtrail"}}}}
	case "windows":
		source = sigma.Windows("events")
	}
	return sigma.Compile(set, sigma.Options{Sources: []sigma.Source{source}})
}

// until runs f over the events, again and again, in some goroutines for some seconds after a first pass that does not count.
func until(t task, of [][]byte, f func(worker int, event []byte) error) (result, error) {
	var r result
	size := int64(0)
	for _, e := range of {
		size += int64(len(e))
		for w := range t.Workers {
			if err := f(w, e); err != nil {
				return r, err
			}
		}
	}
	failed := make([]error, t.Workers)
	counts := make([]int64, t.Workers)
	var before, after runtime.MemStats
	m := measure.Start()
	runtime.ReadMemStats(&before)
	r.Heap = int64(before.HeapAlloc)
	end := time.Now().Add(time.Duration(t.Seconds * float64(time.Second)))
	var wg sync.WaitGroup
	for w := range t.Workers {
		wg.Go(func() {
			from := w * len(of) / t.Workers // workers do not walk side by side
			for n := int64(0); ; n++ {
				if n%64 == 0 && time.Now().After(end) {
					counts[w] = n
					return
				}
				if err := f(w, of[(int64(from)+n)%int64(len(of))]); err != nil {
					failed[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	r.Use = m.Stop()
	r.Allocs = after.Mallocs - before.Mallocs
	for w, err := range failed {
		if err != nil {
			return r, err
		}
		r.Events += counts[w]
	}
	r.Bytes = r.Events * size / int64(len(of))
	return r, nil
}

func matchPart(t task) (result, error) {
	of, err := events(t)
	if err != nil {
		return result{}, err
	}
	start := time.Now()
	e, err := engine(t)
	if err != nil {
		return result{}, err
	}
	load := time.Since(start).Seconds()
	evaluators := make([]*sigma.Evaluator, t.Workers)
	for w := range evaluators {
		evaluators[w] = e.Evaluator()
	}
	runtime.GC()
	hits := make([]struct {
		n int64
		_ [120]byte // a line of the cache for each
	}, t.Workers)
	r, err := until(t, of, func(w int, event []byte) error {
		h, err := evaluators[w].Match(0, event, start)
		hits[w].n += int64(len(h))
		return err
	})
	for w := range evaluators {
		evaluators[w].Flush()
		r.Hits += hits[w].n
	}
	unrouted := e.Unrouted()
	for i := range e.Rules() {
		r.Candidates += e.Counter(i).Evaluated
		if !slices.Contains(unrouted, i) {
			r.Rules++
		}
	}
	// the pass that warms up is in these counts, and not in the events
	share := float64(r.Events) / float64(r.Events+int64(len(of)*t.Workers))
	r.Candidates, r.Hits = int64(float64(r.Candidates)*share), int64(float64(r.Hits)*share)
	r.Load = load
	return r, err
}

func decodePart(t task) (result, error) {
	of, err := events(t)
	if err != nil {
		return result{}, err
	}
	workers := make([]*decoder, t.Workers)
	for w := range workers {
		workers[w] = &decoder{}
	}
	return until(t, of, func(w int, event []byte) error {
		d := workers[w]
		v, err := d.parser.ParseBytes(event)
		if err != nil {
			return err
		}
		d.flat, d.path = flatten(v, d.flat[:0], d.path[:0])
		return nil
	})
}

// decoder is what a worker uses again for each event.
type decoder struct {
	parser fastjson.Parser
	flat   []pair
	path   []byte
	_      [128]byte // apart from the next worker's
}

// pair is a path, as a part of one buffer, and a value.
type pair struct {
	from, to int
	value    *fastjson.Value
}

// flatten lists every leaf with its dotted path.
func flatten(v *fastjson.Value, flat []pair, path []byte) ([]pair, []byte) {
	o, err := v.Object()
	if err != nil {
		return flat, path
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		from := len(path)
		path = append(path, key...)
		flat, path = flattenAt(v, flat, path, from)
	})
	return flat, path
}

func flattenAt(v *fastjson.Value, flat []pair, path []byte, start int) ([]pair, []byte) {
	switch v.Type() {
	case fastjson.TypeObject:
		end := len(path)
		o, err := v.Object()
		if err != nil {
			return flat, path
		}
		o.Visit(func(key []byte, v *fastjson.Value) {
			from := len(path)
			path = append(path, path[start:end]...)
			path = append(path, '.')
			path = append(path, key...)
			flat, path = flattenAt(v, flat, path, from)
		})
	case fastjson.TypeArray:
		end := len(path)
		a, err := v.Array()
		if err != nil {
			return flat, path
		}
		for _, x := range a {
			from := len(path)
			path = append(path, path[start:end]...)
			flat, path = flattenAt(x, flat, path, from)
		}
	default:
		flat = append(flat, pair{start, len(path), v})
	}
	return flat, path
}

// regressionPart counts the rules of the public regression cases that fire on one of their events at least.
func regressionPart(t task) (result, error) {
	t.Source, t.Events = "all", "sigma-regression/events.ndjson.zst"
	var r result
	of, err := events(t)
	if err != nil {
		return r, err
	}
	start := time.Now()
	e, err := engine(t)
	if err != nil {
		return r, err
	}
	r.Load = time.Since(start).Seconds()
	r.Rules = len(e.Rules())
	labels, err := os.ReadFile(filepath.Join(t.Data, "sigma-regression", "labels.tsv"))
	if err != nil {
		return r, err
	}
	fired := map[string]bool{}
	v := e.Evaluator()
	for line := range strings.Lines(string(labels)) {
		n, id, _ := strings.Cut(strings.TrimSpace(line), "\t")
		i, err := strconv.Atoi(n)
		if err != nil || i < 0 || i >= len(of) {
			return r, fmt.Errorf("a label names line %q", n)
		}
		hits, err := v.Match(0, of[i], start)
		if err != nil {
			return r, err
		}
		fired[id] = fired[id] || slices.ContainsFunc(hits, func(h sigma.Hit) bool { return e.Rules()[h.Rule].ID == id })
	}
	for _, ok := range fired {
		if ok {
			r.Hits++
		} else {
			r.Wrong++
		}
	}
	return r, nil
}
