package view_test

import (
	"fmt"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/evaluate/evaluatesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestReadiness: the controls of the examination by how they stand, the failing days of its window, its series of criteria.
// What nobody tested is not tested, never passing; and what is kept from the last evaluation is read again after the next.
func TestReadiness(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		x, err := p.view.Readiness(t.Context(), p.read, p.now)
		ok(t, err)
		if x.Window == nil || x.Span != x.Window.Period || x.Span.Days() != 365 || x.Controls != 3 || !x.AsOf.Equal(at(10)) {
			t.Errorf("%+v", x)
		}
		if x.States[chart.Fail] != 1 || x.States[chart.None] != 2 || x.States[chart.Pass] != 0 {
			t.Errorf("states: %v", x.States)
		}
		if x.Tests != 2 || x.TestsFailed != 2 {
			t.Errorf("%d of %d tests have a failing day", x.TestsFailed, x.Tests)
		}
		if len(x.Failed) != 1 {
			t.Fatalf("%d controls failed", len(x.Failed))
		}
		// The window begins on day 2: of IAM-02 days 3, 4, 7 and 10 failed, 6 was evaluated in part and 8 had no answer.
		f := x.Failed[0]
		if got := fmt.Sprint(f.Ref, f.Figures.Fail, f.Figures.Pass, f.Figures.Unknown, f.Figures.Tested, f.Stretches, f.State, f.Last.Days(), f.Last.Open); got != "IAM-024 3 2 9 3 fail 1 true" {
			t.Errorf("%s", got)
		}
		served := map[string]string{}
		for _, s := range x.Series {
			served[s.ID] = fmt.Sprintf("%d/%d %d", s.Operating, s.Total, s.Weeks.Columns)
			if s.Total == 0 && s.Weeks.Rows[0].Cells[0] != chart.None {
				t.Errorf("%s has no control and shows %v", s.ID, s.Weeks.Rows[0].Cells[0])
			}
		}
		if len(x.Series) != 9 || served["CC6"] != "0/2 53" || served["CC3"] != "0/0 53" {
			t.Errorf("series: %v", served)
		}
		// The same again, from what was kept; then after another day.
		again, err := p.view.Readiness(t.Context(), p.read, p.now)
		ok(t, err)
		if again.Failed[0].Figures != f.Figures {
			t.Errorf("%+v", again.Failed[0].Figures)
		}
		p.evaluate(t, &evaluatesql.Store{DB: db, Ledger: p.Ledger}, 11, "fail")
		next, err := p.view.Readiness(t.Context(), p.read, p.now.AddDate(0, 0, 1))
		ok(t, err)
		if got := next.Failed[0].Figures.Fail; got != 5 {
			t.Errorf("%d failing days after one more", got)
		}
		// The other organisation has nothing of it.
		other, err := p.view.Readiness(t.Context(), p.OtherOwner.ReadScope, p.now)
		ok(t, err)
		if other.Window != nil || other.Controls != 0 || len(other.Failed) != 0 || other.Tests != 0 {
			t.Errorf("%+v", other)
		}
		if _, err := p.view.Readiness(t.Context(), access.ReadScope{}, p.now); !errs.Is(err, errs.Denied) {
			t.Errorf("without a scope: %v", err)
		}
		if n, err := p.view.EvidenceCounts(t.Context(), p.read, x.Span); err != nil || n.All != 0 {
			t.Errorf("%+v %v", n, err)
		}
	})
}
