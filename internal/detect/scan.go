package detect

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// MaxEvent is the longest event that is looked at, in bytes; CloudTrail's own limit is 256 KiB.
const MaxEvent = event.MaxRecord

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
	n := int64(0)
	err := event.Each(r, func(record []byte, fault string) error {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case fault != "":
			fault = "is longer than 1024 KiB"
		case !json.Valid(record):
			fault = "is no JSON"
		case record[0] != '{':
			fault = "is no JSON object"
		default:
			return s.look(name, n, record)
		}
		s.tally.Refused++
		return s.Refuse(Refused{name, n, fault})
	})
	if k := errs.KindOf(err); err != nil && (k == errs.Internal || k == errs.Invalid) && ctx.Err() == nil {
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

func (s *Scanner) look(file string, n int64, record []byte) error {
	s.tally.Events++
	s.total++
	hits, err := s.events.Match(s.number, record, s.last)
	if err != nil {
		s.tally.Events--
		s.tally.Refused++
		return s.Refuse(Refused{file, n, err.Error()})
	}
	if len(hits) == 0 {
		return nil
	}
	at, who, where := s.source.facts(record)
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
