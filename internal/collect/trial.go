package collect

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Bounds of a trial: somebody waits for it, and the source must not feel it.
const (
	trialCheck = 12 * time.Second
	trialRead  = 12 * time.Second
	trialRows  = 3000
	trialSpan  = 24 * time.Hour // how far back a trial reads streams
	heldLife   = time.Hour
)

// Trial is what came of trying a connection without keeping anything.
type Trial struct {
	Permissions []Permission // with what the source said to each
	Reads       []TrialRead  // in the order of the connector's description
	Requests    int64
	Stopped     bool // it ended at a limit of the trial, so that the numbers are "at least"
	// Failed is why the system did not answer, or what ended the reading; nil when nothing did.
	Failed error
	// Held is the secrets, encrypted, so that a form that was tried need not be filled in again. Hold reads it.
	Held string
}

// TrialRead is what a trial read of one resource.
type TrialRead struct {
	Resource string
	Rows     int64
	Total    *int64 // the source's own count, if it gave one
	Problem  string // why it could not be read; empty when it could
	Reached  bool   // the connector came to it at all
}

// Missing lists the permissions the source refused.
func (t Trial) Missing() []Permission {
	return slices.DeleteFunc(slices.Clone(t.Permissions), func(p Permission) bool { return p.Granted == nil || *p.Granted })
}

// OK reports whether the system answered and refused nothing.
func (t Trial) OK() bool {
	return t.Failed == nil && len(t.Missing()) == 0 && !slices.ContainsFunc(t.Reads, func(x TrialRead) bool { return x.Problem != "" })
}

// Try signs in to a system as a connection would, asks for each permission, and reads a little of each resource. It keeps
// nothing that it reads. With id, secrets that are not given are those of that connection.
func (s *Service) Try(ctx context.Context, scope access.Scope, now time.Time, n NewConnection, id ConnectionID) (Trial, error) {
	if err := scope.Require(access.ManageConnection); err != nil {
		return Trial{}, err
	}
	c, ok := s.Connectors[n.Kind]
	if !ok {
		return Trial{}, errs.New(errs.Invalid, "%q is no kind of connection", n.Kind).At("kind")
	}
	conn, secrets, err := s.trialOf(ctx, scope, c.Describe(), n, id)
	if err != nil {
		return Trial{}, err
	}
	t := s.try(ctx, scope.ReadScope, c, conn, secrets, now)
	if t.Held, err = s.hold(scope, n.Kind, now, n.Secrets); err != nil {
		return t, err
	}
	said := map[string]any{"kind": n.Kind, "name": n.Name, "ok": t.OK(), "settings": conn.Settings}
	if t.Failed != nil {
		said["error"] = t.Failed.Error()
	}
	_, err = s.Ledger.Append(context.WithoutCancel(ctx), scope, now, "connection.tried", string(conn.ID), said)
	return t, err
}

// trialOf completes what is tried: settings checked, and the kept secrets of a connection that is edited.
func (s *Service) trialOf(ctx context.Context, scope access.Scope, d Description, n NewConnection, id ConnectionID) (Connection, map[string]string, error) {
	conn := Connection{ID: id, Kind: n.Kind, Name: n.Name}
	if id == "" {
		settings, secrets, err := d.accept(n.Settings, n.Secrets)
		conn.Settings = settings
		return conn, secrets, err
	}
	old, err := s.Store.Connection(ctx, scope.ReadScope, string(id))
	if err != nil {
		return conn, nil, err
	}
	settings, sealed, err := s.revise(old, Change{Settings: n.Settings, Secrets: n.Secrets})
	if err != nil {
		return conn, nil, err
	}
	old.Settings, old.Sealed = settings, sealed
	secrets, err := s.secrets(old)
	return old, secrets, err
}

// try does the trial. A panic of a connector is a failed trial.
func (s *Service) try(ctx context.Context, whose access.ReadScope, c Connector, conn Connection, secrets map[string]string, now time.Time) (t Trial) {
	client, stats := s.HTTP(conn)
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("connector panic", "kind", conn.Kind, "panic", p)
			t.Failed = errs.New(errs.Internal, "the connector %s failed", conn.Kind)
		}
		t.Requests, _ = stats()
	}()
	env := Env{Settings: conn.Settings, Secrets: secrets, HTTP: client, Since: now.Add(-trialSpan), Until: now, Whose: whose, Log: s.Log.With("connection", conn.Name, "trial", true)}
	within, done := context.WithTimeout(ctx, trialCheck)
	t.Permissions, t.Failed = c.Check(within, env)
	t.Failed = patience(within, t.Failed)
	done()
	if t.Failed == nil {
		t.Failed = t.refused()
	}
	if t.Failed != nil {
		return t
	}
	within, done = context.WithTimeout(ctx, trialRead)
	defer done()
	sink := &trialSink{ctx: within, reads: map[string]*TrialRead{}}
	err := c.Collect(within, env, sink)
	t.Stopped = errors.Is(err, errEnough) || within.Err() != nil && ctx.Err() == nil
	if err != nil && !t.Stopped {
		t.Failed = err
	}
	for _, name := range resourcesOf(c, conn) {
		if x := sink.reads[name]; x != nil {
			t.Reads = append(t.Reads, *x)
			continue
		}
		t.Reads = append(t.Reads, TrialRead{Resource: name})
	}
	return t
}

// refused is an error when the system granted nothing at all: then it is no right that is missing.
func (t Trial) refused() error {
	missing := t.Missing()
	if len(missing) == 0 || slices.ContainsFunc(t.Permissions, func(p Permission) bool { return p.Granted != nil && *p.Granted }) {
		return nil
	}
	return errs.New(errs.Denied, "nothing could be read: %s", missing[0].Detail).WithHint("Check the address, the names, and whether the secret is the right one.")
}

// patience says in words that a check took too long.
func patience(within context.Context, err error) error {
	if err != nil && within.Err() != nil {
		return errs.New(errs.Unavailable, "the system did not answer within %s", trialCheck).WithHint("Check the address, and whether this machine may reach it.")
	}
	return err
}

// errEnough ends a trial that has read enough.
var errEnough = errs.New(errs.Exhausted, "the trial has read enough")

// trialSink counts and forgets.
type trialSink struct {
	ctx context.Context //nolint:containedctx // the sink is the trial: Emit must end with it

	mu    sync.Mutex
	rows  int
	reads map[string]*TrialRead
}

func (s *trialSink) of(resource string) *TrialRead {
	x := s.reads[resource]
	if x == nil {
		x = &TrialRead{Resource: resource, Reached: true}
		s.reads[resource] = x
	}
	return x
}

func (s *trialSink) Emit(f Fact) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(f.Resource()).Rows++
	if s.rows++; s.rows >= trialRows {
		return errEnough
	}
	return nil
}

func (s *trialSink) Page(resource, _ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(resource)
}

func (s *trialSink) Total(resource string, n int64, _ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(resource).Total = &n
}

func (s *trialSink) Failed(resource string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.of(resource); x.Problem == "" && s.ctx.Err() == nil {
		x.Problem = err.Error()
	}
}

func (s *trialSink) Note(string, string) {}

// Mark forgets: a trial reads nothing for good.
func (s *trialSink) Mark(Mark) {}

// held is secrets on their way through a form.
type held struct {
	Kind    string            `json:"kind"`
	At      int64             `json:"at"` // seconds
	Secrets map[string]string `json:"secrets"`
}

func heldFor(scope access.Scope) string {
	return "secrets tried by " + scope.Actor() + " of " + string(scope.Org())
}

func (s *Service) hold(scope access.Scope, kind string, now time.Time, secrets map[string]string) (string, error) {
	given := maps.Clone(secrets)
	maps.DeleteFunc(given, func(_, v string) bool { return v == "" })
	if len(given) == 0 {
		return "", nil
	}
	plain, err := json.Marshal(held{kind, now.Unix(), given})
	if err != nil {
		return "", err
	}
	return s.Sealer.Seal(plain, heldFor(scope))
}

// Hold gives back the secrets of an earlier trial by the same person, of the same kind. One that is older than an hour, or
// not ours, holds nothing.
func (s *Service) Hold(scope access.Scope, now time.Time, kind, text string) map[string]string {
	plain, err := s.Sealer.Open(text, heldFor(scope))
	var h held
	if text == "" || err != nil || json.Unmarshal(plain, &h) != nil || h.Kind != kind || now.Sub(time.Unix(h.At, 0)) > heldLife {
		return map[string]string{}
	}
	return h.Secrets
}

// SecretsOf names the secrets that a connection keeps.
func (s *Service) SecretsOf(conn Connection) ([]string, error) {
	kept, err := s.secrets(conn)
	return slices.Sorted(maps.Keys(kept)), err
}

// Keep encrypts the secrets of a form that is shown again, so that they need not be written twice. Hold reads it.
func (s *Service) Keep(scope access.Scope, now time.Time, n NewConnection) (string, error) {
	return s.hold(scope, n.Kind, now, n.Secrets)
}
