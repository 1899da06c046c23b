package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/vendors"
)

// aroundVendors is what the register of vendors is shown with.
type aroundVendors struct{ *App }

// Examined is the period of the examination under way; without one the last 365 days.
func (a aroundVendors) Examined(ctx context.Context, s access.ReadScope, now time.Time) (period.Period, error) {
	return a.examined(ctx, s, now)
}

// Applications are those of the sign-on systems as they were collected last.
func (a aroundVendors) Applications(ctx context.Context, s access.ReadScope, now time.Time) ([]vendors.Application, error) {
	items, err := a.Evidence.Store.Latest(ctx, s, "", "application", now)
	if err != nil {
		return nil, err
	}
	var out []vendors.Application
	for _, it := range items {
		if !it.Completeness.Usable() {
			continue
		}
		err := collectsql.Facts{Lake: a.Lake}.Read(ctx, it.Resource, it.Path, func(f collect.Fact) error {
			if x, ok := f.(*collect.Application); ok {
				out = append(out, vendors.Application{Source: it.Source, ID: x.ID, Name: x.Name, Active: strings.EqualFold(x.Status, "active"), Seen: it.From})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b vendors.Application) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
