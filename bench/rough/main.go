// Command rough measures what rough handling costs: ten thousand rules loaded at once and one of them changed while events are looked
// at, and one source that floods the program while another sends an event now and then, which must not wait for it.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/bench/internal/installed"
	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/watch"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/events"
)

// task is what a part is to do.
type task struct {
	Dir    string
	Rules  int
	Length time.Duration
}

// result is what a part found, by name.
type result map[string]float64

func main() {
	measure.Serve(map[string]measure.Part{"rules": measure.Typed(rulesPart), "flood": measure.Typed(floodPart)})
	dir := flag.String("dir", os.TempDir(), "folder for a moment")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	t := task{Rules: 10_000, Length: 20 * time.Second}
	if *small {
		t.Rules, t.Length = 300, time.Second
	}
	measure.Fatal(run(*dir, t))
}

func run(dir string, t task) error {
	measure.Header("rough")
	for _, part := range []string{"rules", "flood"} {
		tmp, err := os.MkdirTemp(dir, "rough")
		if err != nil {
			return err
		}
		t.Dir = tmp
		r, err := measure.Run[result](part, t)
		if err := errors.Join(err, os.RemoveAll(tmp)); err != nil {
			return err
		}
		for _, x := range []struct{ name, unit string }{
			{"rules", "rules"}, {"upload", "s"}, {"turn_on", "s"}, {"compile", "s"}, {"heap", "MiB"}, {"change_until_it_is_looked_for", "s"}, {"events_looked_at", "events/s"},
			{"flood_events", "events/s"}, {"flood_turned_away", "batches"}, {"other_alone_p50", "ms"}, {"other_alone_p99", "ms"}, {"other_in_flood_p50", "ms"}, {"other_in_flood_p99", "ms"}, {"other_turned_away", "batches"},
		} {
			if v, ok := r[x.name]; ok {
				measure.Figure("rough."+x.name, v, x.unit)
			}
		}
	}
	return nil
}

// rule is one of many, with a name of an action of its own and a text that may stand anywhere.
func rule(n int) string {
	return fmt.Sprintf("title: Rule %d\nid: 00000000-0000-4000-8000-%012d\nstatus: test\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n  action:\n    eventName: Act%d\n  words:\n    userAgent|contains:\n      - tool-%d\n      - other-%d\n  condition: action or words\nlevel: low\n", n, n, n, n, n*7)
}

func record(n int, name string) string {
	return fmt.Sprintf(`{"eventID":"%s-%d","eventTime":"2026-03-01T08:00:00Z","eventName":"GetObject","eventSource":"s3.amazonaws.com","userAgent":"aws-sdk-go-v2/1.41 os/linux lang/go","sourceIPAddress":"192.0.2.1","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/team-%d/s"}}`, name, n, n%40)
}

func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// rulesPart uploads as many rules as may be kept, turns all on, and changes one while a watch looks at events.
func rulesPart(t task) (result, error) {
	ctx, r := context.Background(), result{}
	a, scope, err := installed.Open(ctx, filepath.Join(t.Dir, "data"), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return r, err
	}
	own, err := a.Detect.Program(ctx, scope.ReadScope, a.Clock())
	if err != nil {
		return r, err
	}
	before := heap()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for n := range t.Rules - len(own.Rules) {
		w, err := z.Create(fmt.Sprintf("rules/r%05d.yml", n))
		if err != nil {
			return r, err
		}
		if _, err := io.WriteString(w, rule(n)); err != nil {
			return r, err
		}
	}
	if err := z.Close(); err != nil {
		return r, err
	}
	took := func(name string, do func() error) {
		if err != nil {
			return
		}
		start := time.Now()
		err = do()
		r[name] = time.Since(start).Seconds()
	}
	took("upload", func() error {
		_, err := a.Detect.Upload(ctx, scope, a.Clock(), "Many", "many.zip", file.Bytes())
		return err
	})
	var keys []string
	for page := 1; err == nil; page++ {
		var list paging.Result[detect.Rule]
		if list, err = a.Detect.Rules(ctx, scope.ReadScope, a.Clock(), detect.RuleFilter{}, paging.Query{Page: page, Size: 200}); err != nil {
			return r, err
		}
		for _, x := range list.Rows {
			if !x.On {
				keys = append(keys, x.Key)
			}
		}
		if page*200 >= list.Total {
			break
		}
	}
	took("turn_on", func() error {
		for some := range slices.Chunk(keys, 5000) {
			if _, err := a.Detect.Turn(ctx, scope, a.Clock(), some, true, "bench", -1); err != nil {
				return err
			}
		}
		return nil
	})
	var p *detect.Program
	took("compile", func() error {
		p, err = a.Detect.Program(ctx, scope.ReadScope, a.Clock())
		return err
	})
	if err != nil {
		return r, err
	}
	file.Reset()
	r["rules"], r["heap"] = float64(len(p.Engine.Rules())), heap()-before
	w, start, looked := watch.New(p.Engine, nil), time.Now(), 0
	for ; time.Since(start) < t.Length/10; looked++ {
		w.Observe(&event.Event{ID: "x", Log: "aws.cloudtrail", Received: start, Raw: []byte(record(looked, "e"))})
	}
	r["events_looked_at"] = float64(looked) / time.Since(start).Seconds()
	took("change_until_it_is_looked_for", func() error {
		if _, err := a.Detect.Turn(ctx, scope, a.Clock(), keys[:1], false, "bench", -1); err != nil {
			return err
		}
		q, err := a.Detect.Program(ctx, scope.ReadScope, a.Clock())
		if err == nil && len(q.Engine.Rules()) != len(p.Engine.Rules())-1 {
			err = errors.New("the rule that was turned off is still looked for")
		}
		return err
	})
	return r, errors.Join(err, a.Close(ctx))
}

// floodPart has one source send as fast as it can over many connections, while another sends an event ten times a second.
func floodPart(t task) (result, error) {
	ctx, r := context.Background(), result{}
	a, scope, err := installed.Open(ctx, filepath.Join(t.Dir, "data"), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return r, err
	}
	var tokens [2]string
	for i, name := range []string{"Flood", "Other"} {
		if _, tokens[i], err = a.Sources.Add(ctx, scope, a.Clock(), event.NewSource{Name: name, Log: "aws.cloudtrail", Rate: 1_000_000}); err != nil {
			return r, err
		}
	}
	if err := a.OpenEvents(ctx); err != nil {
		return r, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return r, err
	}
	server := &http.Server{Handler: &events.Handler{Intake: a.Intake, Clock: a.Clock, Log: a.Log}, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 20}}
	post := func(token string, body []byte) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Addr().String()+events.Path, bytes.NewReader(body))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		return res.StatusCode, errors.Join(err, res.Body.Close())
	}
	var away atomic.Int64
	now := func(name string) error {
		var delays []float64
		for start, n := time.Now(), 0; time.Since(start) < t.Length/2; n++ {
			time.Sleep(time.Until(start.Add(time.Duration(n) * 100 * time.Millisecond)))
			begin := time.Now()
			for {
				status, err := post(tokens[1], []byte(record(n, name)))
				if err != nil {
					return err
				}
				if status == http.StatusOK {
					break
				}
				away.Add(1)
			}
			delays = append(delays, time.Since(begin).Seconds()*1000)
		}
		slices.Sort(delays)
		r["other_"+name+"_p50"], r["other_"+name+"_p99"] = delays[len(delays)/2], delays[len(delays)*99/100]
		return nil
	}
	if err := now("alone"); err != nil {
		return r, err
	}
	flood, stop := context.WithCancel(ctx)
	var taken, turned, next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range 16 {
		wg.Go(func() {
			for flood.Err() == nil {
				var body bytes.Buffer
				from := int(next.Add(1000))
				for n := range 1000 {
					body.WriteString(record(from+n, "f") + "\n")
				}
				if status, err := post(tokens[0], body.Bytes()); err == nil && status == http.StatusOK {
					taken.Add(1000)
				} else {
					turned.Add(1)
				}
			}
		})
	}
	err = now("in_flood")
	stop()
	wg.Wait()
	r["flood_events"], r["flood_turned_away"], r["other_turned_away"] = float64(taken.Load())/time.Since(start).Seconds(), float64(turned.Load()), float64(away.Load())
	return r, errors.Join(err, server.Close(), a.Close(ctx))
}
