package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/events"
)

// EnvIntakeToken names the variable with the token of a source.
const EnvIntakeToken = "TICKMARK_INTAKE_TOKEN"

func (s *session) eventImport() *cobra.Command {
	var source string
	c := &cobra.Command{Use: "import FILE...", Short: "Take events from files, while no server runs", Args: cobra.MinimumNArgs(1),
		Long: `Takes JSON lines, a JSON array, or CloudTrail's files; plain, gzip or zstd; "-" is standard input. The same file again adds
nothing. While a server runs on the data folder, send the files to it: tickmark event send.`,
		Example: "  tickmark event import trail/*.json.gz --source SRC-1", RunE: s.run(func(ctx context.Context, args []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			if source == "" {
				return usageError{fmt.Errorf("import needs --source, the source the events are of: see tickmark event source list")}
			}
			if err := s.app.OpenEvents(ctx); err != nil {
				return errs.Hinted(err, "Send the files to the server: tickmark event send")
			}
			total, err := s.batches(args, func(body []byte) (event.Receipt, error) {
				return retried(ctx, func() (event.Receipt, error) {
					return s.app.Intake.AcceptAs(ctx, scope, source, event.FileKey(body), bytes.NewReader(body), s.Now())
				})
			})
			if err != nil {
				return err
			}
			if _, err := s.app.EventSealer.Seal(ctx, s.Now(), true); err != nil {
				return err
			}
			return s.counted(total)
		})}
	c.Flags().StringVar(&source, "source", "", "source the events are of (required)")
	return c
}

func (s *session) eventCompact() *cobra.Command {
	return &cobra.Command{Use: "compact", Short: "Put small files of events together, while no server runs", Args: cobra.NoArgs,
		Long: `Makes few large files of the many small ones into which events are filed. Every root that the ledger holds of a small one is
computed from the large one before the small ones are removed; the ledger says what became of what. A server does it by itself, slowly.`,
		RunE: s.run(func(ctx context.Context, _ []string) error {
			scope, err := s.write()
			if err != nil {
				return err
			}
			if err := s.app.OpenEvents(ctx); err != nil {
				return errs.Hinted(err, "The server does it by itself within a day.")
			}
			parts, large := 0, 0
			err = s.app.CompactEvents(ctx, scope, func(x event.Compacted) {
				parts, large = x.Done, large+1
				s.step(x.Done, x.Total, "segments")
			})
			s.clear()
			if err != nil {
				return err
			}
			if s.json {
				return s.object(map[string]any{"parts": parts, "made": large})
			}
			if large == 0 {
				s.say("Nothing is to be put together: the segments are large, or alone on their day.")
				return nil
			}
			s.say("%d segments became %d.", parts, large)
			return nil
		})}
}

func (s *session) eventSend() *cobra.Command {
	var to string
	c := &cobra.Command{Use: "send FILE...", Short: "Send files of events to a server", Args: cobra.MinimumNArgs(1),
		Long: "Sends events to a server with the token of a source, which " + EnvIntakeToken + " holds. Needs no data folder.",
		RunE: func(c *cobra.Command, args []string) error {
			token := s.Env(EnvIntakeToken)
			if token == "" || to == "" {
				return usageError{fmt.Errorf("send needs --to, the address of the server, and the token of a source in %s", EnvIntakeToken)}
			}
			client := &http.Client{Timeout: 5 * time.Minute}
			total, err := s.batches(args, func(body []byte) (event.Receipt, error) {
				return retried(c.Context(), func() (event.Receipt, error) {
					return post(c.Context(), client, strings.TrimRight(to, "/")+events.Path, token, body)
				})
			})
			if err != nil {
				return err
			}
			return s.counted(total)
		}}
	c.Flags().StringVar(&to, "to", "", "address of the server, such as https://tickmark.northwind.example (required)")
	return c
}

// counted says what became of everything.
func (s *session) counted(t event.Receipt) error {
	if s.json {
		return s.object(map[string]any{"accepted": t.Accepted, "duplicates": t.Duplicates, "quarantined": t.Refused})
	}
	s.say("%s events taken, %s known already, %s put aside.", grouped(t.Accepted), grouped(t.Duplicates), grouped(t.Refused))
	if t.Refused > 0 {
		s.next("tickmark event quarantine list")
	}
	return nil
}

// batches cuts files into batches of JSON lines.
func (s *session) batches(files []string, take func([]byte) (event.Receipt, error)) (total event.Receipt, err error) {
	for _, name := range files {
		in := io.NopCloser(s.In)
		if name != "-" {
			f, err := os.Open(name)
			if err != nil {
				return total, errs.As(errs.Invalid, err, "events")
			}
			in = f
		}
		err := s.cut(name, in, &total, take)
		if cerr := in.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return total, errs.Wrap(err, "%s", name)
		}
	}
	return total, nil
}

// cut takes one file, and says which of its records were left out.
func (s *session) cut(name string, in io.Reader, total *event.Receipt, take func([]byte) (event.Receipt, error)) error {
	t, err := event.Cut(in, take, func(number int64, fault string) error {
		_, err := fmt.Fprintf(s.Err, "%s: record %d was left out: %s\n", name, number, fault)
		return err
	})
	total.Accepted, total.Duplicates, total.Refused = total.Accepted+t.Accepted, total.Duplicates+t.Duplicates, total.Refused+t.Refused
	return err
}

// retried waits and tries again as long as it is told to.
func retried(ctx context.Context, try func() (event.Receipt, error)) (event.Receipt, error) {
	for {
		r, err := try()
		wait := event.RetryAfter(err)
		if wait == 0 {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// post sends a batch to a server.
func post(ctx context.Context, client *http.Client, address, token string, body []byte) (event.Receipt, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return event.Receipt{}, errs.As(errs.Invalid, err, "the address %s", address)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Idempotency-Key", event.FileKey(body))
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := client.Do(req)
	if err != nil {
		return event.Receipt{}, errs.As(errs.Unavailable, err, "send events")
	}
	defer res.Body.Close()
	var answer struct {
		event.Receipt
		Error string `json:"error"`
		Hint  string `json:"hint"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&answer); err != nil {
		return event.Receipt{}, errs.As(errs.Unavailable, err, "%s answered %s with something else", address, res.Status)
	}
	if res.StatusCode == http.StatusOK {
		return answer.Receipt, nil
	}
	e := errs.New(errs.Unavailable, "%s: %s", res.Status, answer.Error).WithHint("%s", answer.Hint)
	if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && after > 0 {
		e.Err = &event.Busy{After: time.Duration(after) * time.Second}
	}
	return event.Receipt{}, e
}
