// Command whole measures the whole way of an event through the program as it is served: HTTP, disk, normal form, Sigma rules, baselines,
// alert, Parquet and ledger, at a rate that is sent whatever the program does. Every tenth of a second an event is sent that a rule is
// about; how long it takes until its alert can be read is told. The limit beside it is the stated rate, for a minute, on this machine;
// the sender is a process of its own and shares it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/bench/internal/installed"
	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/web/events"
)

// task is what the server is to take.
type task struct {
	Dir, Rules string
	Events     int // beside the ones that rules are about
}

// result is what became of it.
type result struct {
	Use       measure.Usage
	Rules     int
	Latencies []float64 // milliseconds, one for each event that a rule is about
	Lag       float64   // seconds after the last was sent until every one had been looked at
	Filed     float64   // seconds after the last was sent until every one was filed
	Disk      int64
	Stored    int64
}

// place is what the server tells the sender: a file in the folder they share.
type place struct {
	Address string
	Tokens  map[string]string // by log
}

const (
	batch     = 1000
	senders   = 4
	every     = 100 * time.Millisecond // between events that a rule is about
	tailLimit = 3 * time.Minute        // for what is left to do after the last was sent
)

func main() {
	lake.ServeSandbox()
	measure.Serve(map[string]measure.Part{"serve": measure.Typed(servePart), "prepare": measure.Typed(preparePart), "victim": measure.Typed(victimPart), "count": measure.Typed(countPart)})
	dir := flag.String("dir", os.TempDir(), "folder for a moment")
	rate := flag.Int("rate", 40_000, "events a second")
	length := flag.Duration("for", time.Minute, "how long")
	data := flag.String("data", defaultData(), "folder of the public rules (TICKMARK_SHARED_DATA); without it the program's own rules run alone")
	kills := flag.Int("kills", 0, "kill the program so many times while it takes events, and count what is there")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	if *small {
		*rate, *length = 500, 2*time.Second
	}
	if *kills > 0 {
		if *small {
			*kills = min(*kills, 2)
		}
		measure.Fatal(killRun(*dir, *data, *rate, *length, *kills))
		return
	}
	measure.Fatal(run(*dir, *data, *rate, *length))
}

func defaultData() string {
	if dir := os.Getenv("TICKMARK_SHARED_DATA"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "shared", "data")
}

func run(dir, data string, rate int, length time.Duration) error {
	measure.Header("whole")
	tmp, err := os.MkdirTemp(dir, "whole")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	n := rate * int(length/time.Second) / batch * batch
	t := task{Dir: tmp, Events: n, Rules: filepath.Join(data, "sigma-rules.tar.zst")}
	bodies := prepare(n)
	served, fault := make(chan result, 1), make(chan error, 1)
	go func() {
		r, err := measure.Run[result]("serve", t)
		served <- r
		fault <- err
	}()
	took, failed, err := send(tmp, bodies, rate, length, fault)
	if err := errors.Join(err, os.WriteFile(filepath.Join(tmp, "done"), nil, 0o600)); err != nil {
		return err
	}
	r := <-served
	if err := <-fault; err != nil {
		return err
	}
	f := measure.Figure
	f("whole.rules", float64(r.Rules), "rules")
	f("whole.events", float64(r.Stored), "events")
	f("whole.sent", float64(n)/took, "events/s")
	f("whole.sent_over_limit", float64(n)/took/40_000, "ratio")
	f("whole.turned_away", float64(failed), "batches") // answered 429 and sent again
	slices.Sort(r.Latencies)
	f("whole.alerts", float64(len(r.Latencies)), "alerts")
	f("whole.event_to_alert_p50", quantile(r.Latencies, 0.50), "ms")
	f("whole.event_to_alert_p99", quantile(r.Latencies, 0.99), "ms")
	f("whole.event_to_alert_p99_over_limit_5_s", quantile(r.Latencies, 0.99)/5000, "ratio")
	f("whole.looked_at_after_the_last", r.Lag, "s")
	f("whole.filed_after_the_last", r.Filed, "s")
	f("whole.on_disk", float64(r.Disk)/float64(r.Stored), "B")
	f("whole.rate", float64(r.Stored)/r.Use.CPU, "events/cpu-s") // the server's alone
	f("whole.peak_memory_over_limit_1500_mb", float64(r.Use.Peak)/1.5e9, "ratio")
	r.Use.Figures("whole")
	return nil
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// body is a batch of one log.
type body struct {
	log  string
	text []byte
}

// prepare writes all batches before, so that sending them costs little: of ten, eight are of the cloud, one of sign-ins, one of the
// repositories.
func prepare(n int) []body {
	out := make([]body, n/batch)
	base := time.Now().UTC()
	for i := range out {
		make1, log := cloud, "aws.cloudtrail"
		switch i % 10 {
		case 4:
			make1, log = okta, "okta.log"
		case 9:
			make1, log = github, "github.audit"
		}
		var b bytes.Buffer
		for k := range batch {
			b.Write(make1(i*batch+k, base.Add(time.Duration(i*batch+k)*25*time.Microsecond)))
			b.WriteByte('\n')
		}
		out[i] = body{log, b.Bytes()}
	}
	return out
}

// send sends all batches in their time.
func send(dir string, bodies []body, rate int, length time.Duration, fault chan error) (seconds float64, again int64, err error) {
	p, err := wait(dir, fault)
	if err != nil {
		return 0, 0, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders + 1}, Timeout: time.Minute}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var next, turned atomic.Int64
	var wg sync.WaitGroup
	faults := make(chan error, senders+1)
	start := time.Now()
	for range senders {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(bodies) {
					return
				}
				time.Sleep(time.Until(start.Add(time.Duration(float64(i*batch) / float64(rate) * float64(time.Second)))))
				if err := post(ctx, client, p, bodies[i], &turned); err != nil {
					faults <- err
					return
				}
			}
		})
	}
	alarms := make(chan struct{})
	go func() {
		defer close(alarms)
		for k := 0; ctx.Err() == nil; k++ {
			time.Sleep(time.Until(start.Add(time.Duration(k) * every)))
			if err := post(ctx, client, p, body{"aws.cloudtrail", append(canary(k, time.Now()), '\n')}, &turned); err != nil && ctx.Err() == nil {
				faults <- err
				return
			}
		}
	}()
	wg.Wait()
	seconds = time.Since(start).Seconds()
	stop()
	<-alarms
	close(faults)
	for e := range faults {
		err = errors.Join(err, e)
	}
	return seconds, turned.Load(), err
}

func wait(dir string, fault chan error) (place, error) {
	var p place
	for {
		select {
		case err := <-fault:
			return p, errors.Join(errors.New("the server did not start"), err)
		case <-time.After(50 * time.Millisecond):
		}
		raw, err := os.ReadFile(filepath.Join(dir, "place"))
		if err == nil && json.Unmarshal(raw, &p) == nil {
			return p, nil
		}
	}
}

func post(ctx context.Context, client *http.Client, p place, b body, again *atomic.Int64) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Address+events.Path, bytes.NewReader(b.text))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+p.Tokens[b.log])
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		said, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return err
		}
		if res.StatusCode == http.StatusTooManyRequests {
			again.Add(1)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		var r event.Receipt
		if err := json.Unmarshal(said, &r); err != nil || res.StatusCode != http.StatusOK || int(r.Accepted) != bytes.Count(b.text, []byte{'\n'}) {
			return fmt.Errorf("%s: %s", res.Status, said)
		}
		return nil
	}
}

// servePart is the program as it is served, until the sender is done and everything was looked at and filed.
func servePart(t task) (result, error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	a, scope, err := installed.Open(ctx, filepath.Join(t.Dir, "data"), map[string]string{"listen": "127.0.0.1:0", "every": "0"},
		slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return result{}, err
	}
	var r result
	if r.Rules, err = rules(ctx, a, scope, t.Rules); err != nil {
		return r, err
	}
	p := place{Tokens: map[string]string{}}
	for _, log := range []string{"aws.cloudtrail", "okta.log", "github.audit"} {
		if _, p.Tokens[log], err = a.Sources.Add(ctx, scope, a.Clock(), event.NewSource{Name: log, Log: log, Rate: 1_000_000}); err != nil {
			return r, err
		}
	}
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- a.Serve(ctx, func(at string) { address <- at }) }()
	select {
	case p.Address = <-address:
	case err := <-ended:
		return r, err
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return r, err
	}
	m := measure.Start()
	if err := errors.Join(os.WriteFile(filepath.Join(t.Dir, "place.tmp"), raw, 0o600), os.Rename(filepath.Join(t.Dir, "place.tmp"), filepath.Join(t.Dir, "place"))); err != nil {
		return r, err
	}
	err = follow(ctx, a, scope, t, &r)
	r.Use = m.Stop()
	stop()
	return r, errors.Join(err, <-ended, a.Close(context.WithoutCancel(ctx)))
}

// rules turns on every rule about a log of a company in the cloud, which has no Windows: the program's own, and the public ones where
// they are at hand.
func rules(ctx context.Context, a *app.App, scope access.Scope, archive string) (int, error) {
	text, err := os.ReadFile(archive)
	if err == nil {
		if _, err := a.Detect.Upload(ctx, scope, a.Clock(), "Public rules", filepath.Base(archive), text); err != nil {
			return 0, err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	var keys []string
	on := 0
	for page := 1; ; page++ {
		list, err := a.Detect.Rules(ctx, scope.ReadScope, a.Clock(), detect.RuleFilter{}, paging.Query{Page: page, Size: 200})
		if err != nil {
			return 0, err
		}
		for _, x := range list.Rows {
			switch {
			case x.On:
				on++
			case noisy[x.Key]: // as a back-test shows before anybody turns it on
			case slices.ContainsFunc(x.Logs, func(log string) bool { return log != "windows" }):
				keys = append(keys, x.Key)
			}
		}
		if page*200 >= list.Total {
			break
		}
	}
	if len(keys) == 0 {
		return on, nil
	}
	n, err := a.Detect.Turn(ctx, scope, a.Clock(), keys, true, "bench", -1)
	return on + n, err
}

// noisy are public rules that match what the sender sends as ordinary: one is about every action of an assumed role.
var noisy = map[string]bool{"905d389b-b853-46d0-9d3d-dea0d3a3cd49": true}

// follow reads alerts as they are raised, and waits for the end.
func follow(ctx context.Context, a *app.App, scope access.Scope, t task, r *result) error {
	seen, last := map[string]bool{}, int64(0)
	var done time.Time
	for {
		now := time.Now()
		found, err := alarms(ctx, a, scope, &last)
		if err != nil {
			return err
		}
		for name, at := range found {
			if !seen[name] {
				seen[name] = true
				r.Latencies = append(r.Latencies, now.Sub(at).Seconds()*1000)
			}
		}
		if _, err := os.Stat(filepath.Join(t.Dir, "done")); err == nil && done.IsZero() {
			done = now
		}
		if !done.IsZero() {
			if end, err := finished(ctx, a, scope, t, r, done); end || err != nil {
				return err
			}
			if time.Since(done) > tailLimit {
				return fmt.Errorf("%s after the last event not everything was looked at and filed", tailLimit)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// finished files what waits once everything was looked at.
func finished(ctx context.Context, a *app.App, scope access.Scope, t task, r *result, done time.Time) (bool, error) {
	if n := a.Watched(scope.Org()); n < int64(t.Events) {
		return false, nil
	}
	if r.Lag = time.Since(done).Seconds(); r.Lag < 2 { // the last ones that a rule is about are told of too
		return false, nil
	}
	start := time.Now()
	if _, err := a.EventSealer.Seal(ctx, a.Clock(), true); err != nil {
		return false, err
	}
	r.Lag = max(0, r.Lag-2)
	r.Filed = r.Lag + time.Since(start).Seconds()
	all, err := a.Sources.Store.Sources(ctx, scope.ReadScope)
	for _, x := range all {
		r.Stored += x.Events
	}
	err = errors.Join(err, filepath.Walk(filepath.Join(t.Dir, "data", "events"), func(_ string, st os.FileInfo, err error) error {
		if err == nil && !st.IsDir() {
			r.Disk += st.Size()
		}
		return err
	}))
	return true, err
}

// alarms are the events that a rule is about and that signals were kept of since the last time, with when they happened.
func alarms(ctx context.Context, a *app.App, scope access.Scope, last *int64) (map[string]time.Time, error) {
	rows, err := a.DB.Query(ctx, `SELECT n, body FROM alert_signal WHERE org_id = $1 AND n > $2 ORDER BY n`, string(scope.Org()), *last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]time.Time{}
	for rows.Next() {
		var text string
		if err := rows.Scan(last, &text); err != nil {
			return nil, err
		}
		var x struct {
			Events []struct {
				Actor string    `json:"actor"`
				At    time.Time `json:"at"`
			} `json:"events"`
		}
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			return nil, err
		}
		for _, e := range x.Events {
			if strings.Contains(e.Actor, "canary-") {
				out[e.Actor] = e.At
			}
		}
	}
	return out, rows.Err()
}
