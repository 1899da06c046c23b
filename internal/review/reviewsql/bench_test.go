package reviewsql_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/review"
)

// TestLarge takes a review of 5,000 accounts through its life, and says how long each step took.
func TestLarge(t *testing.T) {
	t.Parallel()
	const n = 5000
	w := newWorld(t, sqldbtest.SQLite(t))
	facts := make([]collect.Fact, n)
	for i := range facts {
		facts[i] = account(fmt.Sprintf("u%05d", i), fmt.Sprintf("person.%05d@northwind.example", i), func(a *collect.UserAccount) {
			if i >= n-200 { // somebody leaves these open
				a.Kind = collect.Ptr("service")
			}
		})
	}
	w.snap(now, "user_account", total(n), facts...)
	step := func(what string, do func() error) {
		t.Helper()
		began := time.Now()
		w.ok(do())
		t.Logf("%s: %s", what, time.Since(began).Round(time.Millisecond))
	}
	var r review.Review
	step("start", func() error { r = w.start(now); return nil })
	step("a page of 100", func() error {
		_, err := w.svc.Rows(t.Context(), w.lead.ReadScope, review.RowFilter{Review: r.ID, System: "okta-main", Undecided: true, At: now}, paging.Query{})
		return err
	})
	step("the counts", func() error {
		_, err := w.svc.Tallies(t.Context(), w.lead.ReadScope, review.RowFilter{Review: r.ID, System: "okta-main"}, "reviewer", now)
		return err
	})
	all := make([]review.Verdict, n)
	for i := range all {
		all[i] = review.Verdict{N: i + 1, Decision: review.Keep, Reason: "Looked through with the lead."}
		if i%50 == 0 {
			all[i].Decision = review.Remove
		}
	}
	step("5,000 decisions", func() error { _, err := w.svc.Decide(t.Context(), w.ann, day(1), r.Ref, all); return err })
	step("one more decision", func() error {
		_, err := w.svc.Decide(t.Context(), w.ann, day(1), r.Ref, []review.Verdict{{N: 7, Decision: review.Remove}})
		return err
	})
	w.snap(day(2), "user_account", total(n-1), facts[1:]...)
	step("follow", func() error { _, err := w.svc.Follow(t.Context(), w.system, day(2), "okta-main"); return err })
	step("close", func() error { _, err := w.svc.Close(t.Context(), w.lead, day(3), r.Ref, ""); return err })
	w.snap(day(80), "user_account", total(n-1), facts[1:]...)
	step("start with a review before it", func() error { w.start(day(80)); return nil })
}
