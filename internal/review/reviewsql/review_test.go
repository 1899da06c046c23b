package reviewsql_test

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/review"
)

// TestReview takes a review from its start to its evidence.
func TestReview(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		item := w.snap(now, "user_account", total(7), usual()...)
		w.snap(now, "account_group", nil, &collect.AccountGroup{ID: "g1", Name: "Admins"})
		w.snap(now, "group_member", total(1), &collect.GroupMember{ID: "g1/u2", GroupID: "g1", AccountID: "u2"})
		r := w.start(day(0))
		if r.Ref != "AR-2026-01" || r.Rows != 6 {
			t.Fatalf("%+v", r)
		}
		sys, err := w.svc.Systems(ctx, w.lead.ReadScope, r.ID, now)
		w.ok(err)
		x := sys[0]
		if yes, known := x.Reconciles(); !yes || !known || x.Population != 6 || x.Left != 1 || x.Snapshot != 7 || *x.Total != 7 || x.Evidence != item.Ref || x.SnapshotSHA != item.SHA256 || len(x.SHA256) != 64 || x.Seq == 0 {
			t.Errorf("%+v", x)
		}
		// What is frozen, and who decides.
		for login, want := range map[string]struct {
			flags    string
			person   people.ID
			reviewer access.Scope
		}{
			"ann@northwind.example":       {"privileged", "per_ann", w.ben}, // never on the own row
			"ben@northwind.example":       {"", "per_ben", w.ann},
			"cid@northwind.example":       {"idle", "per_cid", w.ann},
			"d.old@northwind.example":     {"left", "per_dee", w.ann}, // found by the number, although the login is another
			"=cmd|calc@elsewhere.example": {"orphan", "", w.ann},
			"robot":                       {"unowned", "", w.ann},
		} {
			x := w.row(r, login)
			var got []string
			for _, f := range x.Flags {
				got = append(got, string(f))
			}
			if strings.Join(got, " ") != want.flags || x.Person != want.person || x.Reviewer != want.reviewer.User() || x.Since != review.First {
				t.Errorf("%s: %v %s %s %s", login, got, x.Person, x.Reviewer, x.Since)
			}
		}
		if x := w.row(r, "ann@northwind.example"); !strings.Contains(x.Moved, "is who uses it") {
			t.Errorf("%q", x.Moved)
		}
		for name, want := range map[string]int{"ANN@northwind.example": 1, "u2": 1, "nobody": 0, "%": 0} {
			res, err := w.svc.Rows(ctx, w.lead.ReadScope, review.RowFilter{Names: []string{"no-one-else", name}, Counting: true}, paging.Query{})
			if err != nil || res.Total != want {
				t.Errorf("%d rows of %s: %v", res.Total, name, err)
			}
		}
		if x := w.row(r, "ben@northwind.example"); !slices.Equal(x.Groups, []string{"Admins"}) {
			t.Errorf("%v", x.Groups)
		}

		// Decisions.
		w.refused(w.decide(w.ann, day(1), r, "ann@northwind.example", review.Keep, "I need it for my work"), errs.Denied, "", "nobody decides on their own")
		w.refused(w.decide(w.ben, day(1), r, "ben@northwind.example", review.Keep, ""), errs.Denied, "", "your own access")
		w.refused(w.decide(w.ben, day(1), r, "robot", review.Keep, ""), errs.Denied, "", "for Member ann")
		w.refused(w.decide(w.ann, day(1), r, "robot", review.Keep, "fine"), errs.Invalid, "reason", "stays although it is flagged")
		w.refused(w.decide(w.ann, day(1), r, "robot", review.Change, "less"), errs.Invalid, "reason", "what is to change")
		w.refused(w.decide(w.ann, day(1), r, "robot", "burn", ""), errs.Invalid, "decision", "cannot be")
		w.refused(w.decide(w.eve, day(1), r, "robot", review.Keep, ""), errs.Denied, "", "")
		w.ok(w.decide(w.ann, day(1), r, "robot", review.Keep, "Carries the nightly export; platform team."))
		w.ok(w.decide(w.ann, day(1), r, "d.old@northwind.example", review.Remove, ""))
		w.ok(w.decide(w.ann, day(1), r, "=cmd|calc@elsewhere.example", review.Remove, "Nobody knows it."))
		w.ok(w.decide(w.ben, day(2), r, "ann@northwind.example", review.Keep, "Runs the identity provider."))
		ben := w.row(r, "ben@northwind.example")
		_, err = w.svc.Decide(ctx, w.ann, day(2), r.Ref, []review.Verdict{{N: ben.N, Decision: review.Change, Drop: "No such group"}})
		w.refused(err, errs.Invalid, "drop", "has no group or role")
		_, err = w.svc.Decide(ctx, w.ann, day(2), r.Ref, []review.Verdict{{N: ben.N, Decision: review.Change, Drop: "Admins", Base: ben.Version}})
		w.ok(err)

		// Two at once: the second is told what the first decided.
		_, err = w.svc.Decide(ctx, w.ann, day(2), r.Ref, []review.Verdict{{N: ben.N, Decision: review.Keep, Base: ben.Version}})
		if s := isStale(err); s == nil || s.Theirs[0].Decision != review.Change {
			t.Errorf("%v", err)
		}
		// All or none.
		cid := w.row(r, "cid@northwind.example")
		_, err = w.svc.Decide(ctx, w.ann, day(2), r.Ref, []review.Verdict{{N: cid.N, Decision: review.Remove}, {N: w.row(r, "ann@northwind.example").N, Decision: review.Remove}})
		w.refused(err, errs.Denied, "", "your own access")
		if x := w.row(r, "cid@northwind.example"); x.Decision != "" {
			t.Error("a part of a refused act was kept")
		}

		// Closing.
		_, err = w.svc.Close(ctx, w.lead, day(3), r.Ref, "")
		w.refused(err, errs.Invalid, "why", "1 undecided")
		closed, err := w.svc.Close(ctx, w.lead, day(3), r.Ref, "The reviewer is away until the end of the period.")
		w.ok(err)
		w.refused(w.decide(w.ann, day(3), r, "cid@northwind.example", review.Keep, "needed for the audit"), errs.Conflict, "", "takes no more decisions")
		_, err = w.svc.Reassign(ctx, w.lead, day(3), r.Ref, []int{cid.N}, "", "ben@northwind.example", "because he is away")
		w.refused(err, errs.Conflict, "", "takes no more decisions")
		sealed(t, w, closed)
		events, same, err := w.svc.History(ctx, w.lead.ReadScope, w.row(r, "robot"))
		w.ok(err)
		if len(events) != 1 || events[0].Became != "keep" || len(same) != 1 {
			t.Errorf("%+v %+v", events, same)
		}

		// Another organisation sees nothing of it.
		if _, err := w.svc.Review(ctx, w.OtherOwner.ReadScope, now, r.Ref); !errs.Is(err, errs.NotFound) {
			t.Errorf("%v", err)
		}
		if res, err := w.svc.Rows(ctx, w.OtherOwner.ReadScope, review.RowFilter{Review: r.ID}, paging.Query{}); err != nil || res.Total != 0 {
			t.Errorf("%v %v", res.Total, err)
		}
		if xs, err := w.svc.Systems(ctx, w.OtherOwner.ReadScope, r.ID, now); err != nil || len(xs) != 0 {
			t.Errorf("%v %v", xs, err)
		}
		if e, _, err := w.svc.History(ctx, w.OtherOwner.ReadScope, w.row(r, "robot")); err != nil || len(e) != 0 {
			t.Errorf("%v %v", e, err)
		}
		// Nor does somebody who decides on none of it.
		if _, err := w.svc.Review(ctx, w.eve.ReadScope, now, r.Ref); !errs.Is(err, errs.NotFound) {
			t.Errorf("%v", err)
		}
	})
}

// sealed: what was kept as evidence is what was decided, and no cell of it is a formula.
func sealed(t *testing.T, w *world, r review.Review) {
	t.Helper()
	if len(r.Evidence) != 2 {
		t.Fatalf("evidence: %v", r.Evidence)
	}
	bodies := map[string][]byte{}
	for _, ref := range r.Evidence {
		it, err := w.items.Item(t.Context(), w.lead.ReadScope, ref)
		w.ok(err)
		links, err := w.items.Links(t.Context(), w.lead.ReadScope, it.ID)
		w.ok(err)
		if len(links) != 1 || links[0] != (evidence.Link{Kind: "control", Ref: "IAM-05"}) {
			t.Errorf("links: %v", links)
		}
		b, err := w.svc.Archive.(*evidence.Service).Blobs.Content(it.SHA256)
		w.ok(err)
		bodies[strings.ToLower(it.Title[len(it.Title)-4:])] = b
	}
	if canon.Sum(bodies["json"]) != r.SHA256 {
		t.Error("the hash of the review is not that of its result")
	}
	var doc struct {
		Ref       string `json:"ref"`
		Undecided int    `json:"undecided"`
		Rows      []struct{ Login, Decision, Reviewer string }
	}
	w.ok(json.Unmarshal(bodies["json"], &doc))
	if doc.Ref != r.Ref || doc.Undecided != 1 || len(doc.Rows) != 6 {
		t.Errorf("%+v", doc)
	}
	lines, err := csv.NewReader(strings.NewReader(string(bodies[".csv"]))).ReadAll()
	w.ok(err)
	if len(lines) != 7 || lines[1][2] != "'=cmd|calc@elsewhere.example" {
		t.Errorf("%v", lines)
	}
}

// TestFollow: removals are looked for in what is collected afterwards, by the source's own identifiers.
func TestFollow(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		w.snap(now, "user_account", total(7), usual()...)
		w.snap(now, "account_group", nil, &collect.AccountGroup{ID: "g1", Name: "Admins"})
		w.snap(now, "group_member", total(1), &collect.GroupMember{ID: "g1/u2", GroupID: "g1", AccountID: "u2"})
		r := w.start(day(0))
		for _, login := range []string{"cid@northwind.example", "d.old@northwind.example", "=cmd|calc@elsewhere.example", "robot"} {
			w.ok(w.decide(w.ann, day(1), r, login, review.Remove, ""))
		}
		ben := w.row(r, "ben@northwind.example")
		_, err := w.svc.Decide(ctx, w.ann, day(1), r.Ref, []review.Verdict{{N: ben.N, Decision: review.Change, Drop: "Admins"}})
		w.ok(err)
		follow := func(at time.Time, want int) {
			t.Helper()
			n, err := w.svc.Follow(ctx, w.system, at, "okta-main")
			w.ok(err)
			if n != want {
				t.Errorf("%s: %d done, want %d", at.Format(time.DateOnly), n, want)
			}
		}
		follow(day(1), 0) // the snapshot is older than the decisions
		if len(w.chores) != 1 || w.chores[0].Subject != r.Ref+"/okta-main" || w.chores[0].Due != today+11 {
			t.Errorf("tasks: %+v", w.chores)
		}

		changed := day(2).Add(3 * time.Hour)
		after := usual()
		after[2].(*collect.UserAccount).Login = "cid.renamed@northwind.example" // still there
		after[3].(*collect.UserAccount).Status, after[3].(*collect.UserAccount).StatusChangedAt = "deprovisioned", &changed
		after = append(after[:4:4], after[5:]...) // nobody's account is gone
		w.snap(day(3), "user_account", total(6), after...)
		w.snap(day(3), "group_member", total(0))
		follow(day(3), 3)
		for login, want := range map[string]struct {
			at    time.Time
			state review.Follow
		}{
			"d.old@northwind.example":     {changed, review.Done}, // as the source says
			"=cmd|calc@elsewhere.example": {day(3), review.Done},  // as it was seen
			"ben@northwind.example":       {day(3), review.Done},
			"robot":                       {time.Time{}, review.Waiting},
			"cid@northwind.example":       {time.Time{}, review.Waiting},
		} {
			x := w.row(r, login)
			if x.FollowAt(day(4)) != want.state || x.DoneAt != nil && !x.DoneAt.Equal(want.at) {
				t.Errorf("%s: %s %v", login, x.FollowAt(day(4)), x.DoneAt)
			}
		}
		if got := w.row(r, "robot").FollowAt(day(12)); got != review.Overdue {
			t.Errorf("after ten days: %s", got)
		}
		// An incomplete reading shows nothing: an account that it lacks may be there.
		w.snap(day(5), "user_account", total(6), account("u1", "ann@northwind.example"))
		follow(day(5), 0)
		_, err = w.svc.Confirm(ctx, w.lead, day(6), r.Ref, w.row(r, "robot").N, 0, day(6), "I looked at the screen.")
		w.refused(err, errs.Conflict, "", "the next collection shows")
		after = append(after[:4:4], after[5:]...) // the robot goes at last
		w.snap(day(14), "user_account", total(5), after...)
		follow(day(14), 1)
		if got := w.row(r, "robot").FollowAt(day(20)); got != review.Late {
			t.Errorf("robot: %s", got)
		}
		tally, err := w.svc.Review(ctx, w.lead.ReadScope, day(20), r.Ref)
		w.ok(err)
		if tally.Done != 3 || tally.Late != 1 || tally.Overdue != 1 || tally.Open != 0 {
			t.Errorf("%+v", tally.Tally)
		}
		for f, want := range map[review.Follow]int{review.Done: 3, review.Late: 1, review.Overdue: 1, review.Waiting: 0} {
			if got := len(w.rows(r, review.RowFilter{Follow: f, At: day(20)})); got != want {
				t.Errorf("%s: %d rows, want %d", f, got, want)
			}
		}
		flags, err := w.svc.Tallies(ctx, w.lead.ReadScope, review.RowFilter{Review: r.ID}, "flag", day(20))
		w.ok(err)
		if flags["privileged"].Rows != 1 || flags["orphan"].Remove != 1 {
			t.Errorf("%+v", flags)
		}

		// The next review knows what this one decided.
		_, err = w.svc.Close(ctx, w.lead, day(20), r.Ref, "One is with the deputy, who is away.")
		w.ok(err)
		w.snap(day(60), "user_account", total(6), append(after, account("u9", "new@northwind.example"))...)
		w.snap(day(60), "group_member", total(0))
		w.folk[2].State, w.folk[2].Ended = people.Left, today+30 // in between
		second := w.start(day(60))
		for login, want := range map[string]review.Since{"new@northwind.example": review.Fresh, "ben@northwind.example": review.Altered, "ann@northwind.example": review.Same, "cid.renamed@northwind.example": review.Altered} {
			if x := w.row(second, login); x.Since != want {
				t.Errorf("%s: %s %s", login, x.Since, x.Diff)
			}
		}
		cid := w.row(second, "cid.renamed@northwind.example")
		if first := w.row(r, "cid@northwind.example"); !cid.Has(review.Leaver) || first.Has(review.Leaver) || first.State != people.Active {
			t.Errorf("who left in between: %v %s, before %v %s", cid.Flags, cid.State, first.Flags, first.State)
		}
		if !cid.Has(review.Again) || !strings.Contains(cid.Diff, "was called cid@") || cid.Was != review.Remove {
			t.Errorf("%+v", cid)
		}
		if _, same, err := w.svc.History(ctx, w.lead.ReadScope, cid); err != nil || len(same) != 2 {
			t.Errorf("%v %v", same, err)
		}
	})
}
