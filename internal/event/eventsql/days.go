package eventsql

import (
	"context"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// AddDays adds what sources sent on days to what is there.
func (s *Store) AddDays(ctx context.Context, scope access.Scope, days []event.Day) error {
	for _, d := range days {
		if _, err := s.DB.Exec(ctx, `INSERT INTO event_source_day (source_id, day, org_id, events, duplicates, refused, late, disordered, ahead, undated)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (source_id, day) DO UPDATE SET events = event_source_day.events + $4, duplicates = event_source_day.duplicates + $5, refused = event_source_day.refused + $6,
			late = event_source_day.late + $7, disordered = event_source_day.disordered + $8, ahead = event_source_day.ahead + $9, undated = event_source_day.undated + $10`,
			string(d.Source), int64(d.Day), string(scope.Org()), d.Events, d.Duplicates, d.Refused, d.Late, d.Disordered, d.Ahead, d.Undated); err != nil {
			return err
		}
	}
	return nil
}

// Days lists what sources sent on days, in order of day.
func (s *Store) Days(ctx context.Context, scope access.ReadScope, source event.SourceID, from period.Date) ([]event.Day, error) {
	var w sqldb.Where
	w.Add(`org_id = ?`, string(scope.Org()))
	w.Add(`day >= ?`, int64(from))
	w.AddIf(source != "", `source_id = ?`, string(source))
	return sqldb.Collect(ctx, s.DB, func(r sqldb.Row) (event.Day, error) {
		var d event.Day
		err := r.Scan(&d.Source, &d.Day, &d.Events, &d.Duplicates, &d.Refused, &d.Late, &d.Disordered, &d.Ahead, &d.Undated)
		return d, err
	}, `SELECT source_id, day, events, duplicates, refused, late, disordered, ahead, undated FROM event_source_day WHERE `+w.SQL()+` ORDER BY day, source_id`, w.Args()...)
}

var _ event.DayStore = (*Store)(nil)
