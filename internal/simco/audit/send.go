package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// What a batch holds at most.
const (
	batchRecords = 1000
	batchBytes   = 1 << 20
)

// Sender posts records to an intake as other people's systems do: JSON lines, one batch after the other for each kind of log,
// under a bearer token, with a key by which a batch that is sent again is known.
type Sender struct {
	URL     string                                     // of the intake: https://…/intake/v1/events
	Tokens  map[string]string                          // by kind of log; records of others are not sent, and counted
	Client  *http.Client                               // nil: the default one
	Tries   int                                        // of each batch; 0 means 8
	Waiting func(context.Context, time.Duration) error // between tries; nil: by the machine's clock
}

// Sent says how much was sent.
type Sent struct {
	Records, Batches, Again int64
	Unsent                  map[string]int64 // records by kinds of log that have no token
}

// Send sends records in their order. It ends with the first batch that is refused for good.
func (s *Sender) Send(ctx context.Context, records iter.Seq[Record]) (Sent, error) {
	sent := Sent{Unsent: map[string]int64{}}
	open := map[string]*bytes.Buffer{}
	count := map[string]int64{}
	flush := func(log string) error {
		b := open[log]
		if b == nil || b.Len() == 0 {
			return nil
		}
		again, err := s.post(ctx, log, b.Bytes())
		sent.Again += again
		if err != nil {
			return err
		}
		sent.Batches++
		sent.Records += count[log]
		b.Reset()
		count[log] = 0
		return nil
	}
	for r := range records {
		if s.Tokens[r.Log] == "" {
			sent.Unsent[r.Log]++
			continue
		}
		b := open[r.Log]
		if b == nil {
			b = &bytes.Buffer{}
			open[r.Log] = b
		}
		if count[r.Log] >= batchRecords || b.Len()+len(r.Raw) >= batchBytes {
			if err := flush(r.Log); err != nil {
				return sent, err
			}
		}
		b.Write(r.Raw)
		b.WriteByte('\n')
		count[r.Log]++
	}
	for log := range open {
		if err := flush(log); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// post sends a batch until it is taken, and gives how often it was sent again.
func (s *Sender) post(ctx context.Context, log string, body []byte) (again int64, err error) {
	sum := sha256.Sum256(body)
	key := hex.EncodeToString(sum[:16])
	tries := s.Tries
	if tries == 0 {
		tries = 8
	}
	for ; ; again++ {
		wait, err := s.once(ctx, log, key, body)
		if err == nil || wait == 0 || ctx.Err() != nil || again+1 >= int64(tries) {
			return again, err
		}
		if err := s.wait(ctx, max(wait, time.Second<<min(again, 5))); err != nil {
			return again, err
		}
	}
}

// once sends a batch. A wait that is not zero says that it may be sent again, and when.
func (s *Sender) once(ctx context.Context, log, key string, body []byte) (wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return 0, errs.As(errs.Invalid, err, "the address of the intake %q", s.URL)
	}
	req.Header.Set("Authorization", "Bearer "+s.Tokens[log])
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Idempotency-Key", key)
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return time.Second, errs.As(errs.Unavailable, err, "send %s to %s", log, s.URL)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return time.Second, errs.As(errs.Unavailable, err, "read the answer of %s", s.URL)
	}
	if res.StatusCode/100 == 2 {
		return 0, nil
	}
	err = errs.New(errs.Unavailable, "%s answered %s to %s: %s", s.URL, res.Status, log, strings.TrimSpace(string(said)))
	if c := res.StatusCode; c != http.StatusTooManyRequests && c != http.StatusInsufficientStorage && c/100 != 5 {
		return 0, err
	}
	if n, bad := strconv.Atoi(res.Header.Get("Retry-After")); bad == nil && n > 0 && n <= 300 {
		return time.Duration(n) * time.Second, err
	}
	return time.Second, err
}

func (s *Sender) wait(ctx context.Context, d time.Duration) error {
	if s.Waiting != nil {
		return s.Waiting(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// WriteFiles writes records into a folder, one file of JSON lines for each kind of log, and gives how many each holds. Files that
// are there are not overwritten.
func WriteFiles(dir string, records iter.Seq[Record]) (written map[string]int64, err error) {
	written = map[string]int64{}
	files := map[string]*os.File{}
	buffers := map[string]*bytes.Buffer{}
	defer func() {
		for log, f := range files {
			if _, e := f.Write(buffers[log].Bytes()); e != nil {
				err = errors.Join(err, e)
			}
			err = errors.Join(err, f.Close())
		}
	}()
	for r := range records {
		b := buffers[r.Log]
		if b == nil {
			f, err := os.OpenFile(filepath.Join(dir, r.Log+".ndjson"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return written, errs.New(errs.Conflict, "the records of %s cannot be written: %v", r.Log, err).WithHint("Name a folder that is there and holds none of these files.")
			}
			b = &bytes.Buffer{}
			files[r.Log], buffers[r.Log] = f, b
		}
		b.Write(r.Raw)
		b.WriteByte('\n')
		written[r.Log]++
		if b.Len() > batchBytes {
			if _, err := files[r.Log].Write(b.Bytes()); err != nil {
				return written, errs.As(errs.Unavailable, err, "write the records of %s", r.Log)
			}
			b.Reset()
		}
	}
	return written, nil
}

// WriteAttacks writes the planted attacks with the truth about them as JSON.
func (t *Trail) WriteAttacks(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(t.attacks); err != nil {
		return fmt.Errorf("write the planted attacks: %w", err)
	}
	return nil
}
