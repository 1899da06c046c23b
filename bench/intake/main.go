// Command intake measures the whole way of an event: HTTP, normal form, disk, answer, and then the segment with its root in the
// ledger; what finding takes; and that a killed program loses nothing it answered for. Beside it, in the same run, stands the
// limit: the normal form alone. Both are told in events for a second of CPU, which a busy machine does not change.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickmark/tickmark/bench/internal/installed"
	"github.com/tickmark/tickmark/bench/internal/measure"
	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/web/events"
)

// task is one load.
type task struct {
	Dir     string
	Events  int
	Batch   int
	Clients int
}

// result is what it took.
type result struct {
	Use      measure.Usage
	Acked    float64 // seconds until the last answer
	Filed    float64 // seconds until everything was filed
	Raw      int64
	Segments int64 // bytes
	Find     map[string]float64
}

func main() {
	lake.ServeSandbox()
	measure.Serve(map[string]measure.Part{"take": measure.Typed(takePart), "victim": measure.Typed(victimPart)})
	dir := flag.String("dir", os.TempDir(), "folder for a moment")
	n := flag.Int("events", 400_000, "events of each load")
	kills := flag.Int("kills", 10, "how often the program is killed")
	small := flag.Bool("small", false, "a tiny run that shows only that the program works")
	flag.Parse()
	if *small {
		*n, *kills = 2000, 1
	}
	measure.Fatal(run(*dir, *n, *kills))
}

func run(dir string, n, kills int) error {
	measure.Header("intake")
	f := measure.Figure
	alone, err := normaliseAlone(min(n, 200_000))
	if err != nil {
		return err
	}
	f("intake.normalise", alone, "events/cpu-s")
	for _, x := range []struct{ batch, clients int }{{1000, 4}, {100, 4}} {
		tmp, err := os.MkdirTemp(dir, "intake")
		if err != nil {
			return err
		}
		r, err := measure.Run[result]("take", task{tmp, n, x.batch, x.clients})
		if err := errors.Join(err, os.RemoveAll(tmp)); err != nil {
			return err
		}
		name := fmt.Sprintf("intake.batch_%d", x.batch)
		f(name+".acked", float64(n)/r.Acked, "events/s")
		f(name+".acked_and_filed", float64(n)/r.Filed, "events/s")
		f(name+".whole_way", float64(n)/r.Use.CPU, "events/cpu-s") // the sender's share included
		f(name+".raw", float64(r.Raw)/float64(n), "B")
		f(name+".on_disk", float64(r.Segments)/float64(n), "B")
		r.Use.Figures(name)
		for what, ms := range r.Find {
			f(name+".find_"+what, ms, "ms")
		}
	}
	return killed(dir, kills)
}

// record is an event of CloudTrail of the usual size: 1.2 kB.
func record(n int) []byte {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 40 * time.Millisecond)
	actions := []struct{ source, name, read string }{{"s3", "GetObject", "true"}, {"ec2", "DescribeInstances", "true"}, {"sts", "AssumeRole", "true"}, {"s3", "PutObject", "false"}, {"kms", "Decrypt", "true"}, {"iam", "GetRole", "true"}, {"logs", "CreateLogStream", "false"}}
	a := actions[n%len(actions)]
	user := n * 7919 % 500
	return fmt.Appendf(nil, `{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE%04d:session-%d","arn":"arn:aws:sts::111122223333:assumed-role/team-%d/session-%d","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE%08d","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE%04d","arn":"arn:aws:iam::111122223333:role/team-%d","accountId":"111122223333","userName":"team-%d"},"attributes":{"creationDate":"2026-03-01T00:00:00Z","mfaAuthenticated":"false"}}},"eventTime":%q,"eventSource":"%s.amazonaws.com","eventName":%q,"awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.%d","userAgent":"aws-sdk-go-v2/1.41 os/linux lang/go#1.26 md/GOARCH#amd64","requestParameters":{"bucketName":"data-%d","key":"year=2026/part-%d.parquet","Host":"data.s3.eu-central-1.amazonaws.com"},"responseElements":null,"additionalEventData":{"SignatureVersion":"SigV4","bytesTransferredOut":%d},"requestID":"REQ%012d","eventID":"00000000-0000-4000-8000-%012d","readOnly":%s,"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"data.s3.eu-central-1.amazonaws.com"}}`,
		user, user, user%40, user, user*31+n%3, user, user%40, user%40, at.Format(time.RFC3339), a.source, a.name, user%250, user%20, n, n*37%100000, n, n, a.read)
}

func normaliseAlone(n int) (float64, error) {
	raw := make([][]byte, n)
	for i := range raw {
		raw[i] = record(i)
	}
	now, m := time.Now(), measure.Start()
	for _, r := range raw {
		if _, err := event.Normalise("aws.cloudtrail", r, now); err != nil {
			return 0, err
		}
	}
	return float64(n) / m.Stop().CPU, nil
}

// installation is a program with an organisation and a source, reached over HTTP.
type installation struct {
	app     *app.App
	scope   access.Scope
	token   string
	address string
	server  *http.Server
}

func open(ctx context.Context, dir string) (*installation, error) {
	a, scope, err := installed.Open(ctx, dir, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	in := &installation{app: a, scope: scope}
	_, token, err := a.Sources.Add(ctx, in.scope, a.Clock(), event.NewSource{Name: "Trail " + strconv.FormatInt(time.Now().UnixNano(), 36), Log: "aws.cloudtrail", Rate: 1_000_000})
	if err != nil {
		return nil, err
	}
	in.token = token
	if err := a.OpenEvents(ctx); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	in.address = "http://" + l.Addr().String()
	in.server = &http.Server{Handler: &events.Handler{Intake: a.Intake, Clock: a.Clock, Log: a.Log}, ReadHeaderTimeout: time.Minute}
	go func() { _ = in.server.Serve(l) }()
	return in, nil
}

// send posts records from one number to another and says how many bytes they had.
func (in *installation) send(ctx context.Context, client *http.Client, from, to int) (int, error) {
	var body bytes.Buffer
	for n := from; n < to; n++ {
		body.Write(record(n))
		body.WriteByte('\n')
	}
	size := body.Len()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, in.address+events.Path, bytes.NewReader(body.Bytes()))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+in.token)
		res, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		text, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return 0, err
		}
		if res.StatusCode == http.StatusTooManyRequests {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		var r event.Receipt
		if err := json.Unmarshal(text, &r); err != nil || res.StatusCode != http.StatusOK || int(r.Accepted+r.Duplicates) != to-from {
			return 0, fmt.Errorf("%s: %s", res.Status, text)
		}
		return size, nil
	}
}

func takePart(t task) (result, error) {
	ctx := context.Background()
	in, err := open(ctx, t.Dir)
	if err != nil {
		return result{}, err
	}
	m, start := measure.Start(), time.Now()
	var r result
	var next, raw atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	fail := func(e error) {
		mu.Lock()
		err = errors.Join(err, e)
		mu.Unlock()
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: t.Clients}}
	for range t.Clients {
		wg.Go(func() {
			for {
				to := int(next.Add(int64(t.Batch)))
				if to-t.Batch >= t.Events {
					return
				}
				n, e := in.send(ctx, client, to-t.Batch, min(to, t.Events))
				raw.Add(int64(n))
				if e != nil {
					fail(e)
					return
				}
			}
		})
	}
	filing, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-filing:
				return
			case <-time.After(time.Second):
				if _, e := in.app.EventSealer.Seal(ctx, in.app.Clock(), false); e != nil {
					fail(e)
				}
			}
		}
	}()
	wg.Wait()
	r.Acked = time.Since(start).Seconds()
	close(filing)
	<-done
	if _, e := in.app.EventSealer.Seal(ctx, in.app.Clock(), true); e != nil {
		fail(e)
	}
	r.Filed, r.Use, r.Raw = time.Since(start).Seconds(), m.Stop(), raw.Load()
	if err != nil {
		return r, err
	}
	if r.Segments, err = sizeOf(filepath.Join(t.Dir, "events")); err != nil {
		return r, err
	}
	if r.Find, err = in.find(ctx, t.Events); err != nil {
		return r, err
	}
	return r, errors.Join(in.server.Close(), in.app.Close(ctx))
}

func sizeOf(dir string) (n int64, err error) {
	err = filepath.Walk(dir, func(_ string, st os.FileInfo, err error) error {
		if err == nil && !st.IsDir() {
			n += st.Size()
		}
		return err
	})
	return n, err
}

// find measures what people ask, in milliseconds.
func (in *installation) find(ctx context.Context, n int) (map[string]float64, error) {
	out := map[string]float64{}
	took := func(name string, do func() (int, error), want int) error {
		start := time.Now()
		got, err := do()
		out[name] = float64(time.Since(start).Microseconds()) / 1000
		if err == nil && got < want {
			err = fmt.Errorf("%s found %d of %d", name, got, want)
		}
		return err
	}
	scope := in.scope.ReadScope
	by := func(f event.Filter) func() (int, error) {
		return func() (int, error) {
			events, _, err := in.app.Events.Find(ctx, scope, f)
			return len(events), err
		}
	}
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return out, errors.Join(
		took("newest_100", by(event.Filter{}), 100),
		took("actor", by(event.Filter{Actors: []string{"arn:aws:iam::111122223333:role/team-7"}}), 50),
		took("credential", by(event.Filter{Keys: []event.Key{{Kind: event.KeyCredential, Value: "ASIAEXAMPLE00000031"}}}), 1),
		took("no_such_session", by(event.Filter{Keys: []event.Key{{Kind: event.KeySession, Value: "nobody"}}}), 0),
		took("text", by(event.Filter{Text: fmt.Sprintf("REQ%012d", n/2)}), 1),
		took("sql_count_by_action", func() (int, error) {
			t, err := in.app.Events.Query(ctx, scope, event.Query{SQL: "SELECT action, count(*) FROM events GROUP BY action", From: from, To: from.AddDate(1, 0, 0)})
			return len(t.Rows), err
		}, 7),
	)
}

// victimPart takes events from two senders until it is killed, and says which it answered for.
func victimPart(t task) (result, error) {
	ctx := context.Background()
	in, err := open(ctx, t.Dir)
	if err != nil {
		return result{}, err
	}
	go func() {
		for {
			_, _ = in.app.EventSealer.Seal(ctx, in.app.Clock(), true)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	out := os.Stderr
	var wg sync.WaitGroup
	for c := range t.Clients {
		wg.Go(func() {
			for n := t.Events + c*1_000_000; ; n += t.Batch {
				if _, err := in.send(ctx, http.DefaultClient, n, n+t.Batch); err != nil {
					return
				}
				fmt.Fprintln(out, "acked", n, n+t.Batch)
			}
		})
	}
	wg.Wait()
	return result{}, nil
}

// killed kills the program again and again, and counts what it answered for and what is there.
func killed(dir string, kills int) error {
	tmp, err := os.MkdirTemp(dir, "killed")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	acked := map[string]bool{}
	for k := range kills {
		if err := kill(tmp, k, acked); err != nil {
			return err
		}
	}
	ctx := context.Background()
	in, err := open(ctx, tmp)
	if err != nil {
		return err
	}
	there, twice := map[string]bool{}, 0
	for after := ""; ; {
		events, err := in.app.Events.Read(ctx, in.scope.ReadScope, after, event.MaxFind)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			if there[e.Upstream] {
				twice++
			}
			there[e.Upstream] = true
		}
		after = events[len(events)-1].ID
	}
	lost := 0
	for u := range acked {
		if !there[u] {
			lost++
		}
	}
	measure.Figure("intake.kills", float64(kills), "times")
	measure.Figure("intake.kills.answered", float64(len(acked)), "events")
	measure.Figure("intake.kills.lost", float64(lost), "events")
	measure.Figure("intake.kills.twice", float64(twice), "events")
	if lost > 0 || twice > 0 {
		return fmt.Errorf("%d events that were answered for are not there, %d are there twice", lost, twice)
	}
	return errors.Join(in.server.Close(), in.app.Close(ctx))
}

// kill lets the program take events for a while, then ends it as a crash does.
func kill(dir string, k int, acked map[string]bool) error {
	in, err := json.Marshal(task{Dir: dir, Events: k * 10_000_000, Batch: 100, Clients: 2})
	if err != nil {
		return err
	}
	cmd := exec.Command(os.Args[0]) //nolint:gosec // this program itself
	cmd.Env = append(os.Environ(), "TICKMARK_BENCH_PART=victim")
	cmd.Stdin = bytes.NewReader(in)
	said, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := time.Time{}
	var other []string
	for s := bufio.NewScanner(said); s.Scan(); {
		var from, to int
		if _, err := fmt.Sscanf(s.Text(), "acked %d %d", &from, &to); err != nil {
			other = append(other, s.Text())
			continue
		}
		for n := from; n < to; n++ {
			acked[fmt.Sprintf("00000000-0000-4000-8000-%012d", n)] = true
		}
		if stop.IsZero() {
			stop = time.Now().Add(time.Duration(200+k*53) * time.Millisecond)
		}
		if time.Now().After(stop) {
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return err
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if stop.IsZero() {
		return fmt.Errorf("the program took nothing: %s", strings.Join(other, "; "))
	}
	return nil
}
