package view_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/work"
	"github.com/tickmark/tickmark/internal/work/worksql"
)

// TestStandings: the standing of each criterion in scope, now and a week ago, from three controls of which one is tested.
func TestStandings(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		all, err := p.view.Standings(t.Context(), p.read, view.StandingsFilter{Now: p.now})
		ok(t, err)
		if len(all) != 33 {
			t.Fatalf("%d criteria in scope", len(all))
		}
		by := map[string]view.CriterionStanding{}
		n := map[control.Standing]int{}
		for _, x := range all {
			by[x.ID] = x
			n[x.Status]++
			if !x.InScope || len(x.Operations) != len(x.Controls) || (x.Status != control.Met) != (len(x.Reasons) > 0) {
				t.Errorf("%s: %+v", x.ID, x.Reasons)
			}
		}
		// IAM-02 serves CC6.1 and fails since the tenth day; it passed a week before, having begun to be tested two days earlier.
		x := by["CC6.1"]
		if x.Status != control.NotMet || x.Reasons[0].Control != "IAM-02" || x.Reasons[0].Test != "okta-mfa" || !strings.Contains(x.Reasons[0].Text, "1 item failing since 19 Mar 2026") {
			t.Errorf("%s: %+v", x.Status, x.Reasons)
		}
		if by["CC1.1"].Status != control.NotEvaluated || by["CC3.1"].Status != control.NotMet || by["CC3.1"].Reasons[0].Text != "no control serves it" {
			t.Errorf("CC1.1 %s, CC3.1 %s: %+v", by["CC1.1"].Status, by["CC3.1"].Status, by["CC3.1"].Reasons)
		}
		if n[control.Met]+n[control.MetWithDeviations] != 0 {
			t.Errorf("%v: nothing is met while its controls are not", n)
		}
		// An exception for the item accepts the failure and changes no outcome.
		e, err := p.eval.RequestException(t.Context(), p.Owner, p.now, "okta-mfa", "u/1", "replaced next week by a hardware token", p.now.AddDate(0, 0, 9))
		ok(t, err)
		_, err = p.eval.ApproveException(t.Context(), p.Member(t, "lead@northwind.example", access.ComplianceLead), p.now, e.Ref)
		ok(t, err)
		all, err = p.view.Standings(t.Context(), p.read, view.StandingsFilter{Now: p.now.AddDate(0, 0, 0)})
		ok(t, err)
		for _, x := range all {
			if x.ID == "CC6.1" && (x.Status != control.AtRisk || !strings.Contains(fmt.Sprint(x.Reasons), "accepted, not passed")) {
				t.Errorf("with an exception: %s %+v", x.Status, x.Reasons)
			}
		}
		// Other scopes: a category, another framework, another organisation, nobody.
		some, err := p.view.Standings(t.Context(), p.read, view.StandingsFilter{Now: p.now, Categories: []catalog.CategoryID{catalog.Privacy}})
		ok(t, err)
		objectives, err := p.view.Standings(t.Context(), p.read, view.StandingsFilter{Now: p.now, Framework: catalog.SOC1})
		ok(t, err)
		theirs, err := p.view.Standings(t.Context(), p.OtherOwner.ReadScope, view.StandingsFilter{Now: p.now})
		ok(t, err)
		if len(some) <= 33 || len(objectives) != 43 || len(theirs) != 61 || theirs[0].Status != control.NotMet {
			t.Errorf("%d, %d, %d", len(some), len(objectives), len(theirs))
		}
		if _, err := p.view.Standings(t.Context(), access.ReadScope{}, view.StandingsFilter{Now: p.now}); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
	})
}

func newWork(t *testing.T, p *programme, db *sqldb.DB) *work.Service {
	t.Helper()
	c, err := catalog.Load()
	ok(t, err)
	return &work.Service{Store: &worksql.Store{DB: db}, Catalog: c, People: p.Access, Tx: db, Ledger: p.Ledger}
}

// TestGapsAndTasks: gaps carry the tasks that are open for them, and tasks say how what they come from stands.
func TestGapsAndTasks(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p, ctx := newProgramme(t, db), t.Context()
		w := newWork(t, p, db)
		today := period.Of(p.now)
		for _, n := range []work.New{
			{Title: "Close CC6.1", Source: work.FromGap, SourceRef: "CC6.1", Criteria: []string{"CC6.1"}, Owner: "owner@northwind.example", Due: today},
			{Title: "Enrol ada", Source: work.FromItem, SourceRef: "okta-mfa/u/1", Due: today + 3, Criteria: []string{"CC6.1"}},
			{Title: "Mend the test", Source: work.FromTest, SourceRef: "okta-leavers"},
			{Title: "Mend the control", Source: work.FromControl, SourceRef: "IAM-02"},
			{Title: "By hand 50%"},
		} {
			_, err := w.Open(ctx, p.Owner, p.now, n)
			ok(t, err)
		}
		list, err := p.view.Gaps(ctx, p.Owner.ReadScope, view.GapFilter{}, paging.Query{Sort: "status"}, p.now)
		ok(t, err)
		if list.Total != 33 || list.Window == nil || list.Rows[0].Status.Compare(list.Rows[32].Status) > 0 || len(list.Statuses) != 5 || len(list.Categories) != 1 {
			t.Errorf("%d rows, %v", list.Total, list.Statuses)
		}
		one, err := p.view.Gap(ctx, p.Owner.ReadScope, "cc6.1", p.now)
		ok(t, err)
		if len(one.Tasks) != 2 || one.Own() == nil || one.Own().Title != "Close CC6.1" || one.Own().OwnerName == "" {
			t.Errorf("%+v", one.Tasks)
		}
		if operating, all := one.Operating(p.now); operating != 0 || all != 1 {
			t.Errorf("%d of %d", operating, all)
		}
		for _, c := range []struct {
			f    view.GapFilter
			q    string
			want int
		}{
			{view.GapFilter{Task: "yes"}, "", 1}, {view.GapFilter{Task: "no"}, "", 32}, {view.GapFilter{Status: control.NotEvaluated}, "GOV-01", 2}, {view.GapFilter{Category: catalog.Privacy}, "", 0},
			{view.GapFilter{}, "okta-mfa", 2},
		} {
			got, err := p.view.Gaps(ctx, p.Owner.ReadScope, c.f, paging.Query{Search: c.q}, p.now)
			if err != nil || got.Total != c.want {
				t.Errorf("%+v %q: %d rows, want %d (%v)", c.f, c.q, got.Total, c.want, err)
			}
		}
		// Who may not read tasks sees the gaps without them.
		if one, err = p.view.Gap(ctx, p.read, "CC6.1", p.now); err != nil || len(one.Tasks) != 0 {
			t.Errorf("%d tasks for the auditor: %v", len(one.Tasks), err)
		}
		states := map[string]string{}
		tasks, err := p.view.Tasks(ctx, p.Owner.ReadScope, view.TaskFilter{Status: "todo"}, paging.Query{Sort: "ref"}, p.now)
		ok(t, err)
		for _, x := range tasks.Rows {
			st, err := p.view.TaskStanding(ctx, p.Owner.ReadScope, x.Task, p.now)
			ok(t, err)
			states[x.Ref] = fmt.Sprintf("%v %v %s", st.Known, st.Gone, st.Key)
		}
		if got := fmt.Sprint(states); got != "map[T-001:true false not_met T-002:true false fail T-003:true false fail T-004:true false fail T-005:false false ]" {
			t.Error(got)
		}
		counts := map[string]int64{}
		for _, c := range tasks.Statuses {
			counts[c.Value] = c.N
		}
		if counts["todo"] != 5 || counts["overdue"] != 0 || len(tasks.Owners) != 2 {
			t.Errorf("%v %v", counts, tasks.Owners)
		}
		late, err := p.view.Tasks(ctx, p.Owner.ReadScope, view.TaskFilter{Status: "overdue"}, paging.Query{}, p.now.AddDate(0, 0, 1))
		ok(t, err)
		if late.Total != 1 || late.Rows[0].Ref != "T-001" {
			t.Errorf("%d are overdue", late.Total)
		}
		if found, err := p.view.Tasks(ctx, p.Owner.ReadScope, view.TaskFilter{Owner: "none", Source: work.ByHand}, paging.Query{Search: "50%"}, p.now); err != nil || found.Total != 1 {
			t.Errorf("%d found: %v", found.Total, err)
		}
		if _, err := p.view.Task(ctx, p.OtherOwner.ReadScope, "T-001"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if _, err := p.view.Tasks(ctx, p.read, view.TaskFilter{}, paging.Query{}, p.now); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		// Home: the task due today before the failing control.
		ready, err := p.view.Readiness(ctx, p.Owner.ReadScope, p.now)
		ok(t, err)
		var kinds []string
		for _, x := range ready.Waiting {
			kinds = append(kinds, x.Kind+" "+x.Ref)
		}
		if got := strings.Join(kinds, ", "); got != "task T-001, failing IAM-02" {
			t.Error(got)
		}
		if ready.Standings[control.NotMet] == 0 || ready.Standings[control.Met] != 0 {
			t.Errorf("%v", ready.Standings)
		}
	})
}

// TestRecords: what the guided programmes look at.
func TestRecords(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newProgramme(t, db)
		x, err := p.view.Records(t.Context(), p.read, p.now)
		ok(t, err)
		if len(x.Gaps) != 33 || len(x.Controls) != 3 || !x.Operations["IAM-02"].Shown() || x.Operations["GOV-01"].Shown() || x.Window == nil || x.Members["auditor"] != 1 || x.Members["owner"] != 1 ||
			x.Connections != 0 || x.Decisions != 0 || x.Dossiers != 0 || !x.Last.Equal(at(10)) || !x.Began() {
			t.Errorf("%+v", x)
		}
		if have, err := p.view.HasEvidence(t.Context(), p.read, "EV-2026-00001"); err != nil || have {
			t.Error(have, err)
		}
		theirs, err := p.view.Records(t.Context(), p.OtherOwner.ReadScope, p.now)
		if err != nil || len(theirs.Controls) != 0 || theirs.Began() || !theirs.First.IsZero() {
			t.Errorf("%+v %v", theirs.First, err)
		}
	})
}
