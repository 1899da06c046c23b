package applicability_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/applicability/applicabilitysql"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

func newService(t *testing.T, db *sqldb.DB) (*accesstest.World, *applicability.Service) {
	t.Helper()
	w := accesstest.New(t, db)
	return w, &applicability.Service{Store: &applicabilitysql.Store{DB: db}, Tx: db, Ledger: w.Ledger}
}

func chosen() applicability.Chosen {
	return applicability.Chosen{Reports: []applicability.ReportID{"soc2"}, Type: applicability.Type2, Categories: []catalog.CategoryID{"security"}}
}

// TestDraft: answers are kept piece by piece, whoever is late is told what is there.
func TestDraft(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		ctx := t.Context()
		d, err := s.Draft(ctx, w.Owner.ReadScope)
		if err != nil || d.Version != 0 || len(d.Answers) != 0 {
			t.Fatalf("%+v, %v", d, err)
		}
		if _, err = s.Answer(ctx, w.Owner, now, 0, applicability.Answers{"F1": {Value: "no", Note: " sees only "}, "F9": {Value: "yes"}, "Fx": {Value: "yes"}}); err != nil {
			t.Fatal(err)
		}
		d, err = s.Answer(ctx, w.Owner, now.Add(time.Hour), 1, applicability.Answers{"F5a": {Value: "yes", Commitment: "SC-02"}, "F1": {Value: "unknown"}, "F9": {}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Draft(ctx, w.Owner.ReadScope)
		if err != nil || got.Version != 2 || len(got.Answers) != 2 || got.Answers["F1"].Value != "unknown" || got.Answers["F5a"].Commitment != "SC-02" || !got.At.Equal(d.At) {
			t.Errorf("%+v, %v", got, err)
		}
		_, err = s.Answer(ctx, w.Owner, now, 1, applicability.Answers{"F2": {Value: "yes"}})
		if theirs, ok := applicability.StaleOf(err); !ok || theirs.Version != 2 || !errs.Is(err, errs.Conflict) {
			t.Errorf("late: %v", err)
		}
		if other, err := s.Draft(ctx, w.OtherOwner.ReadScope); err != nil || other.Version != 0 {
			t.Errorf("another organisation: %+v, %v", other, err)
		}
		if n := len(w.Entries(t, w.Owner, "applicability.answered")); n != 2 {
			t.Errorf("%d entries", n)
		}
		if err := s.Discard(ctx, w.Owner, now, 2); err != nil {
			t.Error(err)
		}
		if d, err := s.Draft(ctx, w.Owner.ReadScope); err != nil || d.Version != 3 || len(d.Answers) != 0 {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// TestAnswerRefused goes through what cannot be kept.
func TestAnswerRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		for field, x := range map[string]applicability.Answer{
			"F5a":            {Value: "maybe"},
			"F5a-note":       {Value: "yes", Note: strings.Repeat("é", applicability.MaxNote+1)},
			"F5a-commitment": {Value: "yes", Commitment: strings.Repeat("🔒", applicability.MaxCommitment+1)},
		} {
			_, err := s.Answer(t.Context(), w.Owner, now, 0, applicability.Answers{"F5a": x})
			if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		if _, err := s.Answer(t.Context(), w.Owner, now, 0, applicability.Answers{"F5a": {Value: "yes", Note: "\xff"}}); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		owner := w.Member(t, "control@northwind.example", access.ControlOwner)
		if _, err := s.Answer(t.Context(), owner, now, 0, applicability.Answers{"F1": {Value: "yes"}}); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		if _, err := s.Decide(t.Context(), owner, now, 0, chosen()); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		if err := s.Discard(t.Context(), owner, now, 0); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		staff := w.Reader(t, "staff@northwind.example", access.Employee)
		if _, err := s.Draft(t.Context(), staff); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		if _, err := s.Decisions(t.Context(), staff); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
	})
}

// TestDecide: a decision keeps answers and recommendation as they were, and is superseded by the next.
func TestDecide(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		ctx := t.Context()
		if _, err := s.Decide(ctx, w.Owner, now, 0, chosen()); !errs.Is(err, errs.Invalid) {
			t.Errorf("without answers: %v", err)
		}
		if _, err := s.Answer(ctx, w.Owner, now, 0, says(applicability.F4, applicability.F5a, applicability.F10)); err != nil {
			t.Fatal(err)
		}
		c := chosen()
		if _, err := s.Decide(ctx, w.Owner, now, 1, c); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != "reason" {
			t.Errorf("a difference without a reason: %v", err)
		}
		c.Reason = "Availability comes next year."
		first, err := s.Decide(ctx, w.Owner, now, 1, c)
		if err != nil || first.Ref() != "RD-1" || first.Seq == 0 {
			t.Fatalf("%+v, %v", first, err)
		}
		if _, err := s.Decide(ctx, w.Owner, now, 0, c); !errs.Is(err, errs.Conflict) {
			t.Errorf("on old answers: %v", err)
		}
		c.Categories = append(c.Categories, "availability")
		c.From, c.To, c.Previous = "2026-01-01", "2026-12-31", "2025-12-31"
		second, err := s.Decide(ctx, w.Owner, now.Add(time.Hour), 1, c)
		if err != nil || second.Ref() != "RD-2" {
			t.Fatal(err)
		}
		got, err := s.Decision(ctx, w.Owner.ReadScope, "RD-1")
		if err != nil || got.Chosen.Reason != first.Chosen.Reason || got.Recommendation.Category("availability").Commitment != "SC-F5a" {
			t.Errorf("%+v, %v", got, err)
		}
		all, err := s.Decisions(ctx, w.Owner.ReadScope)
		if err != nil || len(all) != 2 || all[0].Number != 2 {
			t.Errorf("%v", err)
		}
		for _, ref := range []string{"RD-3", "RD-0", "RD-01", "x"} {
			if _, err := s.Decision(ctx, w.Owner.ReadScope, ref); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v", ref, err)
			}
		}
		if _, err := s.Decision(ctx, w.OtherOwner.ReadScope, "RD-1"); !errs.Is(err, errs.NotFound) {
			t.Errorf("of another organisation: %v", err)
		}
		entries := w.Entries(t, w.Owner, "applicability.decided")
		if len(entries) != 2 || entries[1].Says["supersedes"] != "RD-1" || entries[1].Says["sha256"] != second.SHA256 || entries[1].Seq != second.Seq {
			t.Errorf("%+v", entries)
		}
		if _, err := db.Exec(ctx, `UPDATE applicability_decision SET author = 'x', body = '{}' WHERE number = 1`); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Decision(ctx, w.Owner.ReadScope, "RD-1"); !errs.Is(err, errs.Internal) {
			t.Errorf("a changed decision was read: %v", err)
		}
	})
}

// TestChosenRefused goes through decisions that make no sense.
func TestChosenRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		if _, err := s.Answer(t.Context(), w.Owner, now, 0, says(applicability.F4, applicability.F10)); err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			field  string
			change func(*applicability.Chosen)
		}{
			{"reports", func(c *applicability.Chosen) { c.Reports = []applicability.ReportID{"soc9"} }},
			{"reports", func(c *applicability.Chosen) { c.Reports = []applicability.ReportID{"soc3"} }},
			{"categories", func(c *applicability.Chosen) { c.Categories = nil }},
			{"type", func(c *applicability.Chosen) { c.Type = "" }},
			{"from", func(c *applicability.Chosen) { c.From, c.To = "soon", "2026-12-31" }},
			{"to", func(c *applicability.Chosen) { c.From = "2026-12-31" }},
			{"to", func(c *applicability.Chosen) { c.From, c.To = "2026-12-31", "2026-01-01" }},
			{"previous", func(c *applicability.Chosen) { c.Previous = "2026-02-30" }},
			{"reason", func(c *applicability.Chosen) { c.Reason = strings.Repeat("a", applicability.MaxReason+1) }},
			{"reason", func(c *applicability.Chosen) { c.Type = applicability.Bridge }},
			{"reason", func(c *applicability.Chosen) { c.Reports = nil }},
		} {
			c := chosen()
			x.change(&c)
			if _, err := s.Decide(t.Context(), w.Owner, now, 1, c); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != x.field {
				t.Errorf("%s: %v", x.field, err)
			}
		}
	})
}

// TestRace: of many who answer at once, one wins and the others are told.
func TestRace(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, s := newService(t, db)
		const writers = 6
		results := make([]error, writers)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				_, results[i] = s.Answer(t.Context(), w.Owner, now, 0, applicability.Answers{"F1": {Value: "yes"}})
			})
		}
		wg.Wait()
		won := slices.DeleteFunc(slices.Clone(results), func(err error) bool { return err != nil })
		lost := slices.DeleteFunc(slices.Clone(results), func(err error) bool { return !errs.Is(err, errs.Conflict) })
		if len(won) != 1 || len(lost) != writers-1 {
			t.Errorf("%v", errors.Join(results...))
		}
	})
}
