package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/bench/internal/installed"
	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/web/events"
)

// counted is what is there when all is over.
type counted struct {
	There, Twice, Lost int
	Segments           int
	Signals, Alerts    []told
}

// told is how often something was told of a planted event: by a rule, or in an alert of a technique.
type told struct {
	Of, By string
	Times  int
}

// killRun sends for a while at a rate, kills the program at moments within it, and counts what is there afterwards. Every record that
// was answered must be there exactly once, and of every one that a rule is about one signal and one alert. While it runs, events are
// filed every two seconds, so that filing and compaction are killed too.
func killRun(dir, data string, rate int, length time.Duration, kills int) error {
	measure.Header("whole_kills")
	tmp, err := os.MkdirTemp(dir, "kills")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	t := task{Dir: tmp, Events: rate * int(length/time.Second) / killBatch * killBatch, Rules: filepath.Join(data, "sigma-rules.tar.zst")}
	rules, err := measure.Run[int]("prepare", t)
	if err != nil {
		return err
	}
	s := &sender{dir: tmp, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders + 1}, Timeout: 20 * time.Second}}
	var sending sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	start := time.Now()
	sending.Go(func() { s.all(ctx, t.Events, rate, length) })
	down, victim, err := s.kills(t, start, length, kills)
	if err != nil {
		return err
	}
	span := time.Since(start)
	sending.Wait()
	took := time.Since(start)
	if err := os.WriteFile(filepath.Join(tmp, "done"), fmt.Append(nil, s.records.Load()), 0o600); err != nil {
		return err
	}
	if err := victim.Wait(); err != nil {
		return fmt.Errorf("the last life of the program: %w", err)
	}
	var looked int64
	if err := json.Unmarshal(s.said.Bytes(), &looked); err != nil {
		return err
	}
	x, err := measure.Run[counted]("count", task{Dir: tmp, Events: t.Events})
	if err != nil {
		return err
	}
	f := measure.Figure
	f("whole_kills.kills", float64(kills), "times")
	f("whole_kills.within", span.Seconds(), "s")
	f("whole_kills.down", down.Seconds(), "s") // from a kill to the first answer after it, all together
	f("whole_kills.rules", float64(rules), "rules")
	f("whole_kills.answered", float64(s.records.Load()), "events")
	f("whole_kills.answered_in", took.Seconds(), "s")
	f("whole_kills.sent_again", float64(s.again.Load()), "batches")
	f("whole_kills.there", float64(x.There), "events")
	f("whole_kills.lost", float64(x.Lost), "events")
	f("whole_kills.twice", float64(x.Twice), "events")
	f("whole_kills.looked_at", float64(looked), "events")
	f("whole_kills.segments", float64(x.Segments), "segments")
	lostSignals, doubles := amiss(x.Signals, int(s.planted.Load()))
	lostAlerts, doubleAlerts := amiss(x.Alerts, int(s.planted.Load()))
	f("whole_kills.planted", float64(s.planted.Load()), "events")
	f("whole_kills.signals_lost", float64(lostSignals), "signals")
	f("whole_kills.signals_twice", float64(doubles), "signals")
	f("whole_kills.alerts_lost", float64(lostAlerts), "alerts")
	f("whole_kills.alerts_twice", float64(doubleAlerts), "alerts")
	if x.Lost+x.Twice+lostSignals+doubles+lostAlerts+doubleAlerts > 0 || looked != s.records.Load() {
		return errors.New("not everything that was answered is there exactly once, looked at exactly once, and told exactly once")
	}
	return nil
}

// killBatch is the size of a batch. Two batches fit into the least time for which the program lives.
const killBatch = 500

// amiss is how many of the planted ones are told not at all by one that tells of others, and how many times too often.
func amiss(all []told, n int) (lost, twice int) {
	by := map[string]int{}
	for _, x := range all {
		by[x.By]++
		twice += x.Times - 1
	}
	for _, of := range by {
		lost += n - of
	}
	if len(by) == 0 {
		lost = n
	}
	return lost, twice
}

// sender sends until everything is answered, whatever happens to the program meanwhile.
type sender struct {
	dir                     string
	client                  *http.Client
	records, planted, again atomic.Int64
	answered                atomic.Int64 // batches
	said                    bytes.Buffer // by the last life of the program
}

func (s *sender) all(ctx context.Context, n, rate int, length time.Duration) {
	var wg sync.WaitGroup
	start := time.Now()
	var next atomic.Int64
	for range senders {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i*killBatch >= n {
					return
				}
				time.Sleep(time.Until(start.Add(time.Duration(float64(i*killBatch) / float64(rate) * float64(time.Second)))))
				s.post(ctx, fmt.Sprint("batch-", i), portion(i, start))
			}
		})
	}
	wg.Go(func() {
		for k := 0; time.Since(start) < length; k++ {
			time.Sleep(time.Until(start.Add(time.Duration(k) * every)))
			s.post(ctx, fmt.Sprint("planted-", k), body{"aws.cloudtrail", append(canary(k, time.Now()), '\n')})
			s.planted.Add(1)
		}
	})
	wg.Wait()
}

// portion is batch i, of one of three logs.
func portion(i int, base time.Time) body {
	one, log := cloud, "aws.cloudtrail"
	switch i % 10 {
	case 4:
		one, log = okta, "okta.log"
	case 9:
		one, log = github, "github.audit"
	}
	var b bytes.Buffer
	for k := range killBatch {
		b.Write(one(i*killBatch+k, base.Add(time.Duration(i*killBatch+k)*25*time.Microsecond)))
		b.WriteByte('\n')
	}
	return body{log, b.Bytes()}
}

// post sends a batch under its key until it is answered with 200.
func (s *sender) post(ctx context.Context, key string, b body) {
	for tries := 0; ctx.Err() == nil; tries++ {
		if tries > 0 {
			s.again.Add(1)
			time.Sleep(50 * time.Millisecond)
		}
		var p place
		raw, err := os.ReadFile(filepath.Join(s.dir, "place"))
		if err != nil || json.Unmarshal(raw, &p) != nil {
			continue
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Address+events.Path, bytes.NewReader(b.text))
		if err != nil {
			continue
		}
		req.Header.Set("Authorization", "Bearer "+p.Tokens[b.log])
		req.Header.Set("Idempotency-Key", key)
		res, err := s.client.Do(req)
		if err != nil {
			continue
		}
		said, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			if err == nil && res.StatusCode != http.StatusTooManyRequests && res.StatusCode < 500 {
				fmt.Fprintf(os.Stderr, "%s: %s\n", res.Status, said)
			}
			continue
		}
		var r event.Receipt
		if json.Unmarshal(said, &r) == nil {
			s.records.Add(r.Accepted)
			s.answered.Add(1)
			return
		}
	}
}

// kills starts the program and ends it as a crash does, again and again; the last one lives.
func (s *sender) kills(t task, start time.Time, length time.Duration, kills int) (down time.Duration, last *exec.Cmd, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, nil, err
	}
	in, err := json.Marshal(t)
	if err != nil {
		return 0, nil, err
	}
	died := time.Time{}
	for k := 0; ; k++ {
		cmd := exec.Command(self) //nolint:gosec // this program itself
		cmd.Env = append(os.Environ(), "TICKMARK_BENCH_PART=victim")
		cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
		if k == kills {
			cmd.Stdout = &s.said
		}
		before := s.answered.Load()
		if err := cmd.Start(); err != nil {
			return 0, nil, err
		}
		for limit := time.Now().Add(2 * time.Minute); s.answered.Load() == before; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(limit) {
				return 0, nil, errors.Join(errors.New("the program answers nothing"), cmd.Process.Kill())
			}
		}
		if !died.IsZero() {
			down += time.Since(died)
		}
		if k == kills {
			return down, cmd, nil
		}
		// Not always at the same place of what it does every so often.
		time.Sleep(max(time.Duration(200+k*173)*time.Millisecond, time.Until(start.Add(time.Duration(k+1)*length/time.Duration(kills+2)+time.Duration(k*k*31%400)*time.Millisecond))))
		died = time.Now()
		if err := cmd.Process.Kill(); err != nil {
			return 0, nil, err
		}
		_ = cmd.Wait() // it was killed
	}
}

// quiet opens the program for a life.
func quiet(ctx context.Context, t task) (*app.App, access.Scope, error) {
	return installed.Open(ctx, filepath.Join(t.Dir, "data"), map[string]string{"listen": "127.0.0.1:0", "every": "0"},
		slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
}

// preparePart makes the organisation, its rules and its sources.
func preparePart(t task) (int, error) {
	ctx := context.Background()
	a, scope, err := quiet(ctx, t)
	if err != nil {
		return 0, err
	}
	n, err := rules(ctx, a, scope, t.Rules)
	if err != nil {
		return 0, err
	}
	p := place{Tokens: map[string]string{}}
	for _, log := range []string{"aws.cloudtrail", "okta.log", "github.audit"} {
		if _, p.Tokens[log], err = a.Sources.Add(ctx, scope, a.Clock(), event.NewSource{Name: log, Log: log, Rate: 1_000_000}); err != nil {
			return 0, err
		}
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return 0, err
	}
	return n, errors.Join(os.WriteFile(filepath.Join(t.Dir, "tokens"), raw, 0o600), a.Close(ctx))
}

// victimPart is one life of the program. It ends by itself when everything was sent and looked at.
func victimPart(t task) (int64, error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	a, scope, err := quiet(ctx, t)
	if err != nil {
		return 0, err
	}
	var p place
	raw, err := os.ReadFile(filepath.Join(t.Dir, "tokens"))
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		return 0, err
	}
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- a.Serve(ctx, func(at string) { address <- at }) }()
	select {
	case p.Address = <-address:
	case err := <-ended:
		return 0, err
	}
	if raw, err = json.Marshal(p); err != nil {
		return 0, err
	}
	tmp := filepath.Join(t.Dir, fmt.Sprint("place.", os.Getpid()))
	if err := errors.Join(os.WriteFile(tmp, raw, 0o600), os.Rename(tmp, filepath.Join(t.Dir, "place"))); err != nil {
		return 0, err
	}
	system := a.Access.System(scope.Org(), "bench")
	for next := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if now := time.Now(); now.After(next) {
			_, err := a.EventSealer.Seal(ctx, a.Clock(), true)
			if err := errors.Join(err, a.EventCompactor.Compact(ctx, system, a.Clock(), false, nil)); err != nil {
				return 0, err
			}
			next = now.Add(2 * time.Second)
		}
		said, err := os.ReadFile(filepath.Join(t.Dir, "done"))
		if err != nil {
			continue
		}
		var all int64
		if _, err := fmt.Sscan(string(said), &all); err != nil || a.Watched(scope.Org()) < all {
			continue
		}
		time.Sleep(3 * time.Second) // what is found last is told, and the state is saved
		looked := a.Watched(scope.Org())
		stop()
		return looked, errors.Join(<-ended, a.Close(context.WithoutCancel(ctx)))
	}
}

// countPart counts what is there, in a process of its own.
func countPart(t task) (counted, error) {
	ctx := context.Background()
	var x counted
	a, scope, err := quiet(ctx, t)
	if err != nil {
		return x, err
	}
	if err := a.OpenEvents(ctx); err != nil {
		return x, err
	}
	if _, err := a.EventSealer.Seal(ctx, a.Clock(), true); err != nil {
		return x, err
	}
	there := map[string]int{}
	for after := ""; ; {
		some, err := a.Events.Read(ctx, scope.ReadScope, after, event.MaxFind)
		if err != nil {
			return x, err
		}
		if len(some) == 0 {
			break
		}
		for i := range some {
			there[some[i].Log+some[i].Upstream]++
		}
		after = some[len(some)-1].ID
	}
	for _, n := range there {
		x.There, x.Twice = x.There+1, x.Twice+n-1
	}
	for i := range t.Events / killBatch {
		b := portion(i, time.Now())
		for line := range bytes.Lines(b.text) {
			e, err := event.Normalise(b.log, bytes.TrimSpace(line), time.Now())
			if err != nil {
				return x, err
			}
			if there[e.Log+e.Upstream] == 0 {
				x.Lost++
			}
		}
	}
	segments, err := a.EventSealer.Segments.Segments(ctx, scope.ReadScope, time.Time{}, time.Time{}, "")
	if err != nil {
		return x, err
	}
	x.Segments = len(segments)
	if x.Signals, err = tellings(ctx, a, `SELECT rule, body FROM alert_signal WHERE org_id = $1`, scope); err != nil {
		return x, err
	}
	if x.Alerts, err = tellings(ctx, a, `SELECT technique, body FROM alert_alert WHERE org_id = $1`, scope); err != nil {
		return x, err
	}
	return x, a.Close(ctx)
}

var whose = regexp.MustCompile(`canary-\d+`)

// tellings counts the rows about planted events, by whose doing it was and by what tells.
func tellings(ctx context.Context, a *app.App, stmt string, scope access.Scope) (out []told, err error) {
	rows, err := a.DB.Query(ctx, stmt, string(scope.Org()))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	n := map[[2]string]int{}
	for rows.Next() {
		var by, text string
		if err := rows.Scan(&by, &text); err != nil {
			return nil, err
		}
		if of := whose.FindString(text); of != "" && by != "baseline" {
			n[[2]string{of, by}]++
		}
	}
	for k, times := range n {
		out = append(out, told{k[0], k[1], times})
	}
	return out, rows.Err()
}
