package incident

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/incident/trace"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// LineKind is what a line of a timeline is about.
type LineKind string

// The kinds.
const (
	LineEvent LineKind = "event" // of a system that is watched
	LineAlert LineKind = "alert"
	LineStep  LineKind = "step" // somebody did something about it
)

// Line is one line of a timeline. Each rests on something that can be looked up: an event, an alert or a ledger entry.
type Line struct {
	At     time.Time `json:"at"`
	Kind   LineKind  `json:"kind"`
	Act    string    `json:"act,omitempty"` // of a step or an alert: what was done
	Text   string    `json:"text"`
	Detail string    `json:"detail,omitempty"`
	Actor  string    `json:"actor,omitempty"` // of a step
	Event  string    `json:"event,omitempty"` // identifier
	Log    string    `json:"log,omitempty"`
	Alert  string    `json:"alert,omitempty"` // reference
	Events []string  `json:"events,omitempty"`
	Seq    int64     `json:"seq,omitempty"` // of the ledger entry; 0 for an event, which the ledger holds with its segment
	Failed bool      `json:"failed,omitempty"`
	Why    string    `json:"why,omitempty"`    // of a line of the reconstruction: why it belongs to the incident
	Tactic string    `json:"tactic,omitempty"` // of ATT&CK
}

// Says is what a line says in a few words.
func (l Line) Says() string {
	switch l.Kind {
	case LineAlert:
		word := map[string]string{"raised": "", "rose": " rose", "acknowledged": " acknowledged", "escalated": " not acknowledged in time"}[l.Act]
		return "Alert " + l.Alert + word + ": " + l.Text
	case LineStep:
		return Act(l.Act).Title()
	case LineEvent:
	}
	return l.Text
}

// maxLines bounds the events in a timeline; what is beyond is counted.
const maxLines = 2000

// Timeline is everything that happened and was done, in order, and how many events were left out because there are too many.
func (s *Service) Timeline(ctx context.Context, scope access.ReadScope, x Incident) ([]Line, int, error) {
	steps, err := s.History(ctx, scope, x.ID)
	if err != nil {
		return nil, 0, err
	}
	var out []Line
	for _, h := range steps {
		out = append(out, Line{At: h.At, Kind: LineStep, Act: string(h.Act), Detail: h.Note, Actor: h.Actor, Events: h.Events, Seq: h.Seq})
	}
	seen, left := map[string]bool{}, 0
	if found, _, err := s.Reconstruction(ctx, scope, x.ID); err == nil {
		out = traced(found, seen, out)
	} else if !errs.Is(err, errs.NotFound) {
		return nil, 0, err
	}
	for _, ref := range x.Alerts {
		a, err := s.Alerts.Alert(ctx, scope, ref)
		if err != nil {
			return nil, 0, err
		}
		if out, err = s.alertLines(ctx, scope, a, out); err != nil {
			return nil, 0, err
		}
		kept, err := s.Alerts.Signals(ctx, scope, a.ID, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return nil, 0, err
		}
		for _, k := range kept.Rows {
			left += k.More
			for _, f := range k.Events {
				switch {
				case seen[f.Event]:
				case len(out) >= maxLines:
					left++
				default:
					seen[f.Event] = true
					out = append(out, factLine(f, k.Signal))
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq)) })
	return out, left, nil
}

// traced adds the lines of a reconstruction; the events they rest on are told by them alone.
func traced(r trace.Reconstruction, seen map[string]bool, out []Line) []Line {
	for _, l := range r.Lines {
		line := Line{At: l.From, Kind: LineEvent, Text: l.Sentence, Why: l.Why, Tactic: l.Tactic, Log: l.Log, Events: l.Events}
		if len(l.Events) == 1 {
			line.Event, line.Events = l.Events[0], nil
		}
		for _, e := range l.Events {
			seen[e] = true
		}
		out = append(out, line)
	}
	return out
}

// Reconstruction reads the newest reconstruction and when it was computed; NotFound before the first.
func (s *Service) Reconstruction(ctx context.Context, scope access.ReadScope, x ID) (trace.Reconstruction, Snapshot, error) {
	var r trace.Reconstruction
	shot, err := s.Snapshot(ctx, scope, x)
	if err == nil {
		err = errs.As(errs.Internal, json.Unmarshal(shot.Body, &r), "a reconstruction as it is kept")
	}
	return r, shot, err
}

func (s *Service) alertLines(ctx context.Context, scope access.ReadScope, a alert.Alert, out []Line) ([]Line, error) {
	history, err := s.Alerts.History(ctx, scope, a.ID)
	for _, h := range history {
		switch h.Act {
		case alert.Raised, alert.Rose, alert.Acked, alert.Escalated:
			out = append(out, Line{At: h.At, Kind: LineAlert, Act: string(h.Act), Text: a.Title, Detail: h.Note, Actor: h.Actor, Alert: a.Ref, Seq: h.Seq})
		case alert.Joined, alert.Assigned, alert.Noted, alert.Declared, alert.Shut, alert.Reopened:
		}
	}
	return out, err
}

func factLine(f alert.Fact, k alert.Signal) Line {
	at := f.At
	if at.IsZero() {
		at = k.At
	}
	if f.Erased != 0 {
		return Line{At: at, Kind: LineEvent, Text: "Erased event", Log: f.Log, Detail: fmt.Sprintf("%s, erased by entry %d of the ledger", f.Event, f.Erased)}
	}
	l := Line{At: at, Kind: LineEvent, Text: f.Action, Event: f.Event, Log: f.Log, Failed: f.Failed}
	for _, part := range []string{f.Actor, f.Target, f.From} {
		if part != "" && l.Detail != "" {
			l.Detail += " · "
		}
		l.Detail += part
	}
	if l.Text == "" {
		l.Text = k.Title
	}
	return l
}

// CaseFile is everything that is known of an incident, as it is exported and kept as evidence.
type CaseFile struct {
	Incident Incident         `json:"incident"`
	Took     map[Figure]int64 `json:"took_seconds"` // what is not known is missing
	Timeline []Line           `json:"timeline"`
	Left     int              `json:"events_left_out"`
	Alerts   []alert.Alert    `json:"alerts"`
	Trace    json.RawMessage  `json:"reconstruction,omitempty"`
	TracedAt *time.Time       `json:"reconstruction_at,omitempty"`
	Made     time.Time        `json:"made"`
}

// Reconstruction is the reconstruction of the case; false if there was none.
func (c CaseFile) Reconstruction() (r trace.Reconstruction, ok bool, err error) {
	if len(c.Trace) == 0 {
		return r, false, nil
	}
	err = json.Unmarshal(c.Trace, &r)
	return r, err == nil, errs.As(errs.Internal, err, "reconstruction of %s", c.Incident.Ref)
}

// CaseFile gathers everything that is known of an incident.
func (s *Service) CaseFile(ctx context.Context, scope access.ReadScope, now time.Time, x Incident) (CaseFile, error) {
	c := CaseFile{Incident: x, Took: map[Figure]int64{}, Alerts: []alert.Alert{}, Made: now.UTC().Truncate(time.Microsecond)}
	for _, f := range Figures() {
		if d, ok := x.Took(f); ok {
			c.Took[f] = int64(d / time.Second)
		}
	}
	var err error
	if c.Timeline, c.Left, err = s.Timeline(ctx, scope, x); err != nil {
		return c, err
	}
	for _, ref := range x.Alerts {
		a, err := s.Alerts.Alert(ctx, scope, ref)
		if err != nil {
			return c, err
		}
		c.Alerts = append(c.Alerts, a)
	}
	shot, err := s.Snapshot(ctx, scope, x.ID)
	switch {
	case errs.Is(err, errs.NotFound):
		return c, nil
	case err != nil:
		return c, err
	}
	c.Trace, c.TracedAt = shot.Body, &shot.At
	return c, nil
}

// file keeps the case file as evidence.
func (s *Service) file(ctx context.Context, scope access.Scope, now time.Time, x *Incident, says map[string]any) error {
	if s.Files == nil || !scope.Can(access.AddEvidence) {
		return nil
	}
	c, err := s.CaseFile(ctx, scope.ReadScope, now, *x)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return errs.As(errs.Internal, err, "case file of %s", x.Ref)
	}
	if x.Evidence, x.Printed, err = s.Files.File(ctx, scope, now, c, body); err != nil {
		return err
	}
	says["evidence"], says["printed"] = x.Evidence, x.Printed
	return nil
}

// Snapshot is the newest reconstruction; NotFound before the first.
func (s *Service) Snapshot(ctx context.Context, scope access.ReadScope, x ID) (Snapshot, error) {
	if err := scope.Require(access.ReadDetections); err != nil {
		return Snapshot{}, err
	}
	return s.Store.Snapshot(ctx, scope, x)
}
