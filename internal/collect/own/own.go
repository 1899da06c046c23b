// Package own reads the organisation's own records, kept in this installation, as any other source is read: so that what
// people promised, signed, decided and were told is frozen each day with a manifest, and tested over whole populations.
package own

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
)

// Kind is the kind of the connection, and the schema of its facts in SQL.
const Kind = "tickmark"

// Name is the name of the one connection of this kind that an organisation has.
const Name = "own-records"

// Records reads one resource.
type Records struct {
	// Read emits every record as it is at the instant.
	Read func(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error
	// Count counts them by another query than Read's: the second count of the reconciliation.
	Count func(ctx context.Context, s access.ReadScope, at time.Time) (int64, error)
}

// Connector reads the records it was given, by name of the resource.
type Connector struct{ Records map[string]Records }

// Describe implements collect.Connector.
func (c Connector) Describe() collect.Description {
	return collect.Description{
		Kind: Kind, Title: "Own records", Version: 1, Own: true, Local: true,
		Doc:       "Policies, people, campaigns, reviews, risks, vendors and recurring controls as they are recorded here. Texts of policies and documents are not read.",
		Resources: slices.Sorted(maps.Keys(c.Records)),
		Steps:     []string{"Nothing is to be done: every organisation has this connection from its first day."},
		Limits:    []string{"What people record here is as true as they are: where another system knows the same, tests compare the two."},
	}
}

// Check implements collect.Connector: it counts every resource.
func (c Connector) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	for name, r := range c.Records {
		if _, err := r.Count(ctx, e.Whose, e.Until); err != nil {
			return nil, errors.Join(errors.New("count "+name), err)
		}
	}
	return nil, nil
}

// Collect implements collect.Connector.
func (c Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	for _, name := range slices.Sorted(maps.Keys(c.Records)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := c.Records[name]
		n, err := r.Count(ctx, e.Whose, e.Until)
		if err != nil {
			s.Failed(name, err)
			continue
		}
		s.Total(name, n, "SELECT count(*) over the table of the records")
		var full error
		err = r.Read(ctx, e.Whose, e.Until, func(f collect.Fact) error {
			full = s.Emit(f)
			return full
		})
		if full != nil { // the disk is full, or the run was cancelled
			return full
		}
		if err != nil {
			s.Failed(name, err)
			continue
		}
		s.Page(name, "own records")
	}
	return nil
}
