package fieldworksql

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// AddRecount adds a count made after the freeze.
func (s *Store) AddRecount(ctx context.Context, scope access.Scope, id fieldwork.PopulationID, r fieldwork.Recount) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		n, err := s.next(ctx, scope, string(id), "recount")
		if err != nil {
			return err
		}
		_, err = s.DB.Exec(ctx, `INSERT INTO fieldwork_recount (population_id, n, counted, source, reason, counted_by, counted_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			string(id), n, r.Count, r.Of, r.Reason, r.By, micros(r.At))
		return err
	})
}

// Recounts lists the counts made after the freeze, oldest first.
func (s *Store) Recounts(ctx context.Context, scope access.ReadScope, id fieldwork.PopulationID) ([]fieldwork.Recount, error) {
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (fieldwork.Recount, error) {
		var x fieldwork.Recount
		var at int64
		err := r.Scan(&x.Count, &x.Of, &x.Reason, &x.By, &at)
		x.At = sqldb.Time(at)
		return x, err
	}, `SELECT c.counted, c.source, c.reason, c.counted_by, c.counted_at FROM fieldwork_recount c JOIN fieldwork_population p ON p.id = c.population_id
		WHERE c.population_id = $1 AND p.org_id = $2 ORDER BY c.n`, string(id), string(scope.Org()))
}
