package collect

import (
	"context"
	"encoding/json"
	"hash/crc32"
	"maps"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Version is a number that changes with what a person can change of a connection: what a form was opened on. It is never 0.
func (c Connection) Version() int {
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return 1 // a map of texts always marshals
	}
	sum := crc32.ChecksumIEEE(append(append(settings, c.Sealed...), c.Every.String()...))
	return int(sum>>1) + 1
}

// Change is what an edit of a connection says.
type Change struct {
	Base     int // Version of the connection the form was opened on; 0 for whatever it is now
	Settings map[string]string
	Secrets  map[string]string // those given anew; the others stay
	Forget   []string          // secrets that are dropped
	Every    time.Duration
}

// leastEvery keeps a source from being read without pause. Audit logs are read often, so that attacks are found soon.
const (
	leastEvery = 15 * time.Minute
	LogEvery   = 5 * time.Minute // the least interval of an audit log, and its usual one
)

// interval checks how often a connection of the kind is to be read; 0 is for the usual.
func (d Description) interval(every time.Duration) (time.Duration, error) {
	least := leastEvery
	if d.Log {
		least = LogEvery
		if every == 0 {
			every = LogEvery
		}
	}
	if every < 0 || every > 0 && every < least {
		return 0, errs.New(errs.Invalid, "a connection cannot be collected every %s", every).At("every").WithHint("At least %s apart, or 0 for the usual.", least)
	}
	return every, nil
}

// Change changes a connection's settings, secrets and interval. Secrets that are not given stay, unless the address they are
// sent to changes: then they have to be given again, so that nobody who may not read a secret can have it sent elsewhere.
func (s *Service) Change(ctx context.Context, scope access.Scope, now time.Time, id ConnectionID, x Change) (Connection, error) {
	if err := scope.Require(access.ManageConnection); err != nil {
		return Connection{}, err
	}
	var conn Connection
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		old, err := s.Store.Connection(ctx, scope.ReadScope, string(id))
		if err != nil {
			return err
		}
		if x.Base != 0 && x.Base != old.Version() {
			return errs.New(errs.Conflict, "the connection was changed meanwhile")
		}
		conn = old
		c, ok := s.Connectors[old.Kind]
		if !ok {
			return errs.New(errs.Invalid, "connection %s is of unknown kind %q", old.Name, old.Kind)
		}
		if conn.Every, err = c.Describe().interval(x.Every); err != nil {
			return err
		}
		given := slices.Sorted(maps.Keys(x.Secrets))
		if conn.Settings, conn.Sealed, err = s.revise(old, x); err != nil {
			return err
		}
		if err := s.Store.UpdateConnection(ctx, scope, old, conn); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "connection.changed", string(conn.ID), map[string]any{
			"settings": conn.Settings, "every_seconds": int64(conn.Every / time.Second), "secrets_given": orEmpty(given), "secrets_dropped": orEmpty(x.Forget),
		})
		return err
	})
	return conn, err
}

// orEmpty is a list that is never null in JSON.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// revise is the settings and sealed secrets of a connection after a change.
func (s *Service) revise(old Connection, x Change) (settings map[string]string, sealed string, err error) {
	c, ok := s.Connectors[old.Kind]
	if !ok {
		return nil, "", errs.New(errs.Invalid, "connection %s is of unknown kind %q", old.Name, old.Kind)
	}
	d := c.Describe()
	secrets := maps.Clone(x.Secrets)
	if secrets == nil {
		secrets = map[string]string{}
	}
	maps.DeleteFunc(secrets, func(_, v string) bool { return v == "" })
	kept, err := s.secrets(old)
	if err != nil && len(secrets) == 0 {
		return nil, "", err
	}
	moved := d.moved(old.Settings, x.Settings)
	for _, f := range d.Fields {
		v, has := kept[f.Name]
		if _, given := secrets[f.Name]; !has || given || slices.Contains(x.Forget, f.Name) {
			continue
		}
		if moved != "" {
			return nil, "", errs.New(errs.Invalid, "%s changes where the connection signs in", moved).At(f.Name).WithHint("Give the secret again: the one that is kept is sent to no other address.")
		}
		secrets[f.Name] = v
	}
	settings, secrets, err = d.accept(x.Settings, secrets)
	if err != nil {
		return nil, "", err
	}
	sealed = old.Sealed
	if !maps.Equal(secrets, kept) { // sealing anew gives another text for the same secrets
		sealed, err = s.seal1(old.ID, secrets)
	}
	return settings, sealed, err
}

// moved names the setting of an address that differs between two settings; empty when none does.
func (d Description) moved(old, now map[string]string) string {
	value := func(m map[string]string, f Field) string {
		if m[f.Name] == "" {
			return f.Default
		}
		return m[f.Name]
	}
	for _, f := range d.Fields {
		if f.Address && value(old, f) != value(now, f) {
			return f.Title
		}
	}
	return ""
}

// Replace changes a connection's settings; secrets not given stay as they are.
func (s *Service) Replace(ctx context.Context, scope access.Scope, now time.Time, conn Connection, settings, secrets map[string]string) (Connection, error) {
	return s.Change(ctx, scope, now, conn.ID, Change{Settings: settings, Secrets: secrets, Every: conn.Every})
}

// Pause keeps the scheduler from a connection, or lets it read it again.
func (s *Service) Pause(ctx context.Context, scope access.Scope, now time.Time, id ConnectionID, paused bool) error {
	if err := scope.Require(access.ManageConnection); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		old, err := s.Store.Connection(ctx, scope.ReadScope, string(id))
		if err != nil || old.Paused == paused {
			return err
		}
		conn := old
		conn.Paused = paused
		if err := s.Store.UpdateConnection(ctx, scope, old, conn); err != nil {
			return err
		}
		kind := "connection.resumed"
		if paused {
			kind = "connection.paused"
		}
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(id), map[string]any{"name": conn.Name})
		return err
	})
}
