package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/own"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// ownReader reads one resource of the organisation's own records as they are at the instant.
type ownReader struct {
	read func(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error
	// count counts by another query than read: the second count of the reconciliation.
	count func(ctx context.Context, s access.ReadScope, at time.Time) (int64, error)
}

// ownReaders is every resource of the own records, by name. Each room adds its own in a file own_<room>.go.
func (a *App) ownReaders() map[string]ownReader {
	out := map[string]ownReader{}
	for _, room := range []map[string]ownReader{
		// one line for each room: a.ownPeople(), ...
		a.ownPolicies(),
		a.ownCampaigns(),
		a.ownOccurrences(),
		a.ownPeople(),
		a.ownReviews(),
		a.ownVendors(),
		a.ownRisks(),
		a.ownAuthority(),
	} {
		for name, r := range room {
			out[name] = r
		}
	}
	return out
}

// ownRecords is the connector that reads them.
func (a *App) ownRecords() collect.Connector {
	c := own.Connector{Records: map[string]own.Records{}}
	for name, r := range a.ownReaders() {
		c.Records[name] = own.Records{Read: r.read, Count: r.count}
	}
	return c
}

// EnsureOwn gives an organisation the connection to its own records, unless it has it.
func (a *App) EnsureOwn(ctx context.Context, scope access.Scope, now time.Time) (collect.Connection, error) {
	c, err := a.Collect.Store.Connection(ctx, scope.ReadScope, own.Name)
	if !errs.Is(err, errs.NotFound) {
		return c, err
	}
	return a.Collect.Connect(ctx, scope, now, collect.NewConnection{Kind: own.Kind, Name: own.Name, Every: ownEvery})
}

// ownEvery is how often the own records are collected.
const ownEvery = 24 * time.Hour

// rawOf is a record as a fact carries it.
func rawOf(x any) (string, error) {
	b, err := json.Marshal(x)
	return string(b), err
}
