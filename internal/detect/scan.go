package detect

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// MaxEvent is the longest event that is looked at, in bytes; CloudTrail's own limit is 256 KiB.
const MaxEvent = 1 << 20

// Finding is a rule that came true.
type Finding struct {
	Rule  *sigma.Header
	File  string
	Event int64     // its number in the file, from 1; of a correlation, the last that counted
	At    time.Time // zero if the event does not tell
	Who   string    // empty if the event does not tell
	Where string
	Group []string // of a correlation: the values it counts by
	Value float64  // of a correlation: what was counted
}

// Refused is an event that could not be looked at, and why. Nothing is left out without being told.
type Refused struct {
	File  string
	Event int64
	Why   string
}

// Tally says how much was looked at.
type Tally struct {
	Events, Findings, Refused int64
	Undated                   int64 // events that matched but do not tell when: correlations leave them out
}

// Scanner runs rules over files of events of one source, in the order in which they come. It is for one goroutine.
type Scanner struct {
	// Found and Refuse are told as it goes; an error ends the scan.
	Found  func(Finding) error
	Refuse func(Refused) error

	source Source
	number int
	engine *sigma.Engine
	events *sigma.Evaluator
	groups *sigma.Correlator
	last   time.Time
	total  uint64
	tally  Tally
}

// NewScanner makes a scanner of a source for an engine that was compiled with Options.
func NewScanner(e *sigma.Engine, source string) (*Scanner, error) {
	s, ok := SourceByName(source)
	if !ok {
		return nil, errs.New(errs.Invalid, "there is no source %q", source).At("source").WithHint("tickmark detect sources lists those that are known.")
	}
	return &Scanner{source: s, number: e.Source(s.Name), engine: e, events: e.Evaluator(), groups: e.Correlator(sigma.Limits{}),
		Found: func(Finding) error { return nil }, Refuse: func(Refused) error { return nil }}, nil
}

// Tally is what was looked at so far.
func (s *Scanner) Tally() Tally { return s.tally }

// Read looks at the events of a file: JSON lines, a JSON array, or CloudTrail's object with Records; plain, gzip or zstd.
func (s *Scanner) Read(ctx context.Context, name string, r io.Reader) error {
	plain, err := unpacked(bufio.NewReaderSize(r, 64<<10))
	if err != nil {
		return errs.As(errs.Invalid, err, "%s cannot be unpacked", name)
	}
	n := int64(0)
	err = each(plain, func(event []byte, fault string) error {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if fault == "" {
			return s.look(name, n, event)
		}
		s.tally.Refused++
		return s.Refuse(Refused{name, n, fault})
	})
	if err != nil && errs.KindOf(err) == errs.Internal && ctx.Err() == nil {
		return errs.As(errs.Invalid, err, "%s, after event %d", name, n)
	}
	return err
}

// Finish ends all windows that are still open, as if nothing came any more.
func (s *Scanner) Finish() error {
	if s.last.IsZero() {
		return nil
	}
	return s.correlated("", 0, s.groups.Advance(s.last.AddDate(1, 0, 0)))
}

func (s *Scanner) look(file string, n int64, event []byte) error {
	s.tally.Events++
	s.total++
	hits, err := s.events.Match(s.number, event, s.last)
	if err != nil {
		s.tally.Events--
		s.tally.Refused++
		return s.Refuse(Refused{file, n, err.Error()})
	}
	if len(hits) == 0 {
		return nil
	}
	at, who, where := s.source.facts(event)
	for _, h := range hits {
		if !h.Stands {
			continue
		}
		s.tally.Findings++
		if err := s.Found(Finding{Rule: &s.engine.Rules()[h.Rule].Header, File: file, Event: n, At: at, Who: who, Where: where}); err != nil {
			return err
		}
	}
	if at.IsZero() {
		s.tally.Undated++
		return nil
	}
	if at.After(s.last) {
		s.last = at
	}
	return s.correlated(file, n, s.groups.Observe(hits, s.total, at, s.last))
}

func (s *Scanner) correlated(file string, n int64, alerts []sigma.Alert) error {
	for _, a := range alerts {
		if !a.Stands {
			continue
		}
		s.tally.Findings++
		if err := s.Found(Finding{Rule: &a.Correlation.Header, File: file, Event: n, At: a.At, Group: a.Group, Value: a.Value}); err != nil {
			return err
		}
	}
	return nil
}

// unpacked reads what gzip and zstd hold, and other files as they are.
func unpacked(r *bufio.Reader) (*bufio.Reader, error) {
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		return bufio.NewReaderSize(z, 64<<10), nil
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, err
		}
		return bufio.NewReaderSize(z.IOReadCloser(), 64<<10), nil
	}
	return r, nil
}

// each gives every event, or the reason why one cannot be looked at.
func each(r *bufio.Reader, give func(event []byte, fault string) error) error {
	first, err := firstByte(r)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	head, err := r.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if first == '[' || recordsForm(head) {
		return array(r, first != '[', give)
	}
	return lines(r, give)
}

// firstByte skips white space, and the mark some programs put before UTF-8.
func firstByte(r *bufio.Reader) (byte, error) {
	if mark, err := r.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		if _, err := r.Discard(3); err != nil {
			return 0, err
		}
	}
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, r.UnreadByte()
		}
	}
}

// recordsForm tells a CloudTrail file, one object with the list Records, from JSON lines.
func recordsForm(head []byte) bool {
	rest, ok := bytes.CutPrefix(head, []byte("{"))
	if !ok {
		return false
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"Records"`))
	rest, colon := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
	return ok && colon && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("["))
}

// lines reads JSON lines. A line that is too long is skipped to its end without being held in memory.
func lines(r *bufio.Reader, give func([]byte, string) error) error {
	var line []byte
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > MaxEvent {
			long = true
		} else {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return err
		}
		if text := bytes.TrimSpace(line); long || len(text) > 0 {
			if err := give(text, fault(text, long)); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
		line, long = line[:0], false
	}
}

func fault(text []byte, long bool) string {
	switch {
	case long:
		return fmt.Sprintf("is longer than %d KiB", MaxEvent>>10)
	case !json.Valid(text):
		return "is no JSON"
	case text[0] != '{':
		return "is no JSON object"
	}
	return ""
}

// bound ends the reading when one event takes more than its share, so that a file cannot fill the memory.
type bound struct {
	r    io.Reader
	left int
}

var errLong = fmt.Errorf("an event is longer than %d KiB", MaxEvent>>10)

func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// array reads a JSON array, or the one under "Records". What is wrong with the form of an array ends it: the rest cannot be read.
func array(r io.Reader, records bool, give func([]byte, string) error) error {
	b := &bound{r: r, left: 2 * MaxEvent}
	dec := json.NewDecoder(b)
	opening := 1
	if records {
		opening = 3
	}
	for range opening {
		if _, err := dec.Token(); err != nil {
			return err
		}
	}
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		b.left = 2 * MaxEvent
		if err := give(raw, fault(raw, len(raw) > MaxEvent)); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}
