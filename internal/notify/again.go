package notify

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// Again has a delivery that was given up tried once more, with the next round.
func (s *Service) Again(ctx context.Context, scope access.Scope, now time.Time, delivery string) (Delivery, error) {
	if err := scope.Require(access.ManageConnection); err != nil {
		return Delivery{}, err
	}
	var d Delivery
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if d, err = s.failed(ctx, scope.ReadScope, delivery); err != nil {
			return err
		}
		if _, err := s.Store.Route(ctx, scope.ReadScope, d.Route); err != nil {
			return errs.As(errs.Conflict, err, "the route of this message was removed")
		}
		d.Status, d.Error, d.Next, d.Done, d.Attempts = Waiting, "", now, nil, 0
		if err := s.Store.Settle(ctx, scope, d); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "notify.again", string(d.Route), map[string]any{"name": d.RouteName, "message": d.Message.ID, "subject": d.Message.Subject})
		return err
	})
	return d, err
}

// failed finds a delivery that was given up.
func (s *Service) failed(ctx context.Context, scope access.ReadScope, id string) (Delivery, error) {
	q := paging.Query{Page: 1, Size: paging.MaxSize}
	for {
		res, err := s.Store.Deliveries(ctx, scope, DeliveryFilter{Status: Failed}, q)
		if err != nil {
			return Delivery{}, err
		}
		for _, d := range res.Rows {
			if d.ID == id {
				return d, nil
			}
		}
		if len(res.Rows) < q.Size {
			return Delivery{}, errs.New(errs.NotFound, "no message %s that was given up", id).WithHint("Perhaps it was tried again meanwhile.")
		}
		q.Page++
	}
}
