// Package eventlake keeps events as Parquet segments beside the intake log and reads both as one.
package eventlake

import (
	"encoding/json"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/lake"
)

// row is an event as a segment holds it. Its columns are those of event.View, and the salt of its commitment.
type row struct {
	ID         string `parquet:"id"`
	At         int64  `parquet:"time,timestamp(microsecond),optional"`
	Received   int64  `parquet:"received,timestamp(microsecond)"`
	Source     string `parquet:"source,dict"`
	Log        string `parquet:"log,dict"`
	Upstream   string `parquet:"upstream"`
	Class      int32  `parquet:"class"`
	Activity   int32  `parquet:"activity"`
	Action     string `parquet:"action,dict"`
	Effect     string `parquet:"effect,dict"`
	Weight     string `parquet:"weight,dict"`
	Status     string `parquet:"status,dict"`
	Reason     string `parquet:"reason,dict"`
	Actor      string `parquet:"actor,dict"`
	ActorName  string `parquet:"actor_name,dict"`
	ActorKind  string `parquet:"actor_kind,dict"`
	Session    string `parquet:"session,dict"`
	Credential string `parquet:"credential,dict"`
	Issued     string `parquet:"issued,dict"`
	IP         string `parquet:"ip,dict"`
	Country    string `parquet:"country,dict"`
	City       string `parquet:"city,dict"`
	ASN        int64  `parquet:"asn"`
	Agent      string `parquet:"agent,dict"`
	Host       string `parquet:"host,dict"`
	Process    string `parquet:"process,dict"`
	Parent     string `parquet:"parent,dict"`
	Targets    string `parquet:"targets,dict"`
	Salt       []byte `parquet:"salt"`
	Raw        string `parquet:"raw"`
}

// target is how a target is written.
type target struct {
	Kind   string `json:"kind"`
	ID     string `json:"id,omitempty"`
	Name   string `json:"name,omitempty"`
	Effect string `json:"effect,omitempty"`
}

func rowOf(e *event.Event, salt []byte) (row, error) {
	r := row{
		ID: e.ID, Received: e.Received.UnixMicro(), Source: e.Source, Log: e.Log, Upstream: e.Upstream, Class: int32(e.Class), Activity: e.Activity, Action: e.Action,
		Effect: e.Effect.String(), Weight: e.Weight.String(), Status: e.Status.String(), Reason: e.Reason, Actor: e.Actor.ID, ActorName: e.Actor.Name, ActorKind: e.Actor.Kind.String(),
		Session: e.Session, Credential: e.Credential, IP: e.From.IP, Country: e.From.Country, City: e.From.City, ASN: int64(e.From.ASN), Agent: e.From.UserAgent,
		Host: e.Host, Process: e.Process, Parent: e.Parent, Salt: salt, Raw: string(e.Raw),
	}
	if !e.At.IsZero() {
		r.At = e.At.UnixMicro()
	}
	var err error
	if len(e.Issued) > 0 {
		if r.Issued, err = written(e.Issued); err != nil {
			return r, err
		}
	}
	if len(e.Targets) > 0 {
		targets := make([]target, len(e.Targets))
		for i, t := range e.Targets {
			targets[i] = target{t.Kind, t.ID, t.Name, t.Effect.String()}
		}
		r.Targets, err = written(targets)
	}
	return r, err
}

func written(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), errs.As(errs.Internal, err, "an event of a segment")
}

func (r *row) event() (event.Event, error) {
	e := event.Event{
		ID: r.ID, Received: time.UnixMicro(r.Received).UTC(), Source: r.Source, Log: r.Log, Upstream: r.Upstream, Class: event.Class(r.Class), Activity: r.Activity, Action: r.Action,
		Effect: event.EffectOf(r.Effect), Weight: event.WeightOf(r.Weight), Status: event.StatusOf(r.Status), Reason: r.Reason,
		Actor: event.Actor{ID: r.Actor, Name: r.ActorName, Kind: event.KindOf(r.ActorKind)}, Session: r.Session, Credential: r.Credential,
		From: event.Endpoint{IP: r.IP, Country: r.Country, City: r.City, ASN: uint32(r.ASN), UserAgent: r.Agent},
		Host: r.Host, Process: r.Process, Parent: r.Parent, Raw: []byte(r.Raw),
	}
	if r.At != 0 {
		e.At = time.UnixMicro(r.At).UTC()
	}
	if r.Issued != "" {
		if err := json.Unmarshal([]byte(r.Issued), &e.Issued); err != nil {
			return e, errs.As(errs.Internal, err, "event %s", r.ID)
		}
	}
	if r.Targets != "" {
		var targets []target
		if err := json.Unmarshal([]byte(r.Targets), &targets); err != nil {
			return e, errs.As(errs.Internal, err, "event %s", r.ID)
		}
		for _, t := range targets {
			e.Targets = append(e.Targets, event.Target{Kind: t.Kind, ID: t.ID, Name: t.Name, Effect: event.EffectOf(t.Effect)})
		}
	}
	return e, nil
}

// Files writes segments. It implements event.Files.
type Files struct {
	Dir lake.Dir
	// Group is how many rows a group has at most; 0 is groupRows.
	Group int64
}

type file struct {
	w    *lake.WriterOf[row]
	rows []row // not written yet
}

// writeRows is how many rows are written at once.
const writeRows = 256

// Rows of a group: what is held while writing is one group with its records. Pages are small, since few rows of one are looked at.
const (
	groupRows = 32_768
	pageBytes = 128 << 10
)

// bloomBits a value: one look in 100 is in vain.
const bloomBits = 10

// Create begins a segment.
func (f Files) Create(path string) (event.File, error) { return f.create(path) }

func (f Files) create(path string) (*file, error) {
	var blooms []parquet.BloomFilterColumn
	for _, column := range []string{"actor", "actor_name", "credential", "session", "ip", "upstream", "host", "process"} {
		blooms = append(blooms, parquet.SplitBlockFilter(bloomBits, column))
	}
	group := f.Group
	if group == 0 {
		group = groupRows
	}
	w, err := lake.CreateOf[row](f.Dir, path, parquet.BloomFilters(blooms...), parquet.DataPageStatistics(true), parquet.MaxRowsPerRowGroup(group), parquet.PageBufferSize(pageBytes))
	if err != nil {
		return nil, err
	}
	return &file{w: w}, nil
}

func (f *file) Write(e *event.Event, salt []byte) error {
	r, err := rowOf(e, salt)
	if err != nil {
		return err
	}
	return f.add(r)
}

func (f *file) add(r row) error {
	if f.rows = append(f.rows, r); len(f.rows) < writeRows {
		return nil
	}
	return f.flush()
}

func (f *file) flush() error {
	err := f.w.Write(f.rows)
	f.rows = f.rows[:0]
	return err
}

func (f *file) Commit() (string, int64, error) {
	if err := f.flush(); err != nil {
		return "", 0, err
	}
	return f.w.Commit()
}

func (f *file) Abort() { f.w.Abort() }
