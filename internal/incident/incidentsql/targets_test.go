package incidentsql_test

import (
	"testing"

	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestTargets: targets and obligations are kept in versions of one document, and changing one leaves the other.
func TestTargets(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.svc.SetTargets(ctx, w.ann, now, 0, nil)
		w.refused(err, errs.Denied, "", "may not change detection")
		for field, bad := range map[string][]incident.Target{"severity": {{Severity: 9, Ack: 1}}, "ack2": {{Severity: 2, Ack: -1}}, "contain1": {{Severity: 1, Contain: incident.MaxTarget + 1}}} {
			_, err := w.svc.SetTargets(ctx, w.pia, now, 0, bad)
			w.refused(err, errs.Invalid, field, "")
		}
		_, err = w.svc.SetDuties(ctx, w.pia, now, 0, []incident.Obligation{{Name: "Contract", To: "Customer", Source: "Contract, clause 9", When: incident.WhenPersonal, Hours: 24}})
		w.ok(err)
		_, err = w.svc.SetTargets(ctx, w.pia, now, 0, []incident.Target{{Severity: 1, Ack: 15}})
		w.refused(err, errs.Conflict, "", "meanwhile")
		_, err = w.svc.SetTargets(ctx, w.pia, now, 1, []incident.Target{{Severity: 1, Ack: 15}, {Severity: 2}})
		w.ok(err)
		d, err := w.svc.Duties(ctx, w.ann.ReadScope)
		w.ok(err)
		if d.Version != 2 || len(d.List) != 1 || len(d.Targets) != 1 || d.Targets[0].Ack != 15 {
			t.Fatalf("%+v", d)
		}
		d, err = w.svc.SetDuties(ctx, w.pia, now, 2, nil)
		w.ok(err)
		if len(d.List) != 0 || len(d.Targets) != 1 {
			t.Fatalf("%+v", d)
		}
	})
}
