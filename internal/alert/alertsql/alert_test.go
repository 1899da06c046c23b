package alertsql_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/alert/alertsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

func after(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }

type world struct {
	*accesstest.World
	t   *testing.T
	svc *alert.Service
	pia access.Scope // an analyst
	ann access.Scope // a control owner
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	store := &alertsql.Store{DB: db}
	w.svc = &alert.Service{Store: store, Redaction: store, Settings: store, Members: w.Access, Tx: db, Ledger: w.Ledger}
	w.pia = w.Member(t, "pia@northwind.example", access.SecurityAnalyst)
	w.ann = w.Member(t, "ann@northwind.example", access.ControlOwner)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, k errs.Kind, field, part string) {
	w.t.Helper()
	if !errs.Is(err, k) || !strings.Contains(err.Error(), part) || errs.FieldOf(err) != field {
		w.t.Errorf("%v (%v at %q), want %v at %q with %q", err, errs.KindOf(err), errs.FieldOf(err), k, field, part)
	}
}

func signal(rule string, level alert.Level, technique string, at time.Time, events ...string) alert.Signal {
	x := alert.Signal{Kind: alert.Signature, Rule: rule, Title: "Rule " + rule, Level: level, Entity: "ada.lind", EntityKind: "principal", Technique: technique, Source: "okta-main", At: at,
		Sentence: "ada.lind did it", Playbook: "account-takeover", Criteria: []string{"CC6.1", "CC7.2"}}
	for _, e := range events {
		x.Events = append(x.Events, alert.Fact{Event: e, At: at, Log: "okta.log", Actor: "ada.lind", Action: "user.session.start", From: "203.0.113.7"})
	}
	return x
}

func (w *world) raise(at time.Time, signals ...alert.Signal) []alert.Alert {
	w.t.Helper()
	out, err := w.svc.Raise(w.t.Context(), w.pia, at, signals)
	w.ok(err)
	return out
}

// TestStories: signals become stories, once each, whatever is raised again.
func TestStories(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		batch := []alert.Signal{signal("r1", alert.Medium, "T1110", after(-5), "e1"), signal("r2", alert.High, "T1110", after(-4), "e1", "e2"), signal("r3", alert.Low, "T1098", after(-3), "e3")}
		made := w.raise(now, batch...)
		if len(made) != 2 || made[0].Ref != "ALR-1" || made[0].Signals != 2 || made[0].Level != alert.High || made[0].Title != "Rule r2" || strings.Join(made[0].Rules, " ") != "r1 r2" || made[1].Ref != "ALR-2" ||
			!made[0].First.Equal(after(-5)) || !made[0].Last.Equal(after(-4)) || made[0].State != alert.Open {
			t.Fatalf("%+v", made)
		}
		if again := w.raise(after(1), batch...); len(again) != 0 {
			t.Errorf("raised again: %+v", again)
		}
		if more := w.raise(after(2), signal("r1", alert.Medium, "T1110", after(1), "e9")); len(more) != 1 || more[0].Ref != "ALR-1" || more[0].Signals != 3 || more[0].Version != 1 {
			t.Errorf("%+v", more)
		}
		if rose := w.raise(after(3), signal("r4", alert.Critical, "T1110", after(2), "e10")); len(rose) != 1 || rose[0].Level != alert.Critical || rose[0].Version != 2 {
			t.Errorf("%+v", rose)
		}
		if later := w.raise(after(3000), signal("r1", alert.Medium, "T1110", after(3000), "e11")); len(later) != 1 || later[0].Ref != "ALR-3" {
			t.Errorf("after the window: %+v", later)
		}
		got, err := w.svc.Alert(ctx, w.ann.ReadScope, "alr-1")
		w.ok(err)
		sig, err := w.svc.Signals(ctx, w.ann.ReadScope, got.ID, paging.Query{})
		w.ok(err)
		if sig.Total != 4 || sig.Rows[0].Rule != "r4" || len(sig.Rows[2].Events) != 2 || sig.Rows[2].Events[1].Action != "user.session.start" {
			t.Errorf("%+v", sig)
		}
		hist, err := w.svc.History(ctx, w.ann.ReadScope, got.ID)
		w.ok(err)
		if len(hist) != 2 || hist[0].Act != alert.Raised || hist[1].Act != alert.Rose || hist[1].Seq <= hist[0].Seq {
			t.Errorf("%+v", hist)
		}
		list, err := w.svc.List(ctx, w.ann.ReadScope, alert.Filter{Active: true}, paging.Query{})
		w.ok(err)
		if fmt.Sprintf("%d %s %s %s", list.Total, list.Rows[0].Ref, list.Rows[1].Ref, list.Rows[2].Ref) != "3 ALR-1 ALR-3 ALR-2" {
			t.Errorf("%+v", list)
		}
		for name, c := range map[string]struct {
			f    alert.Filter
			want int
		}{
			"level": {alert.Filter{Level: alert.Critical}, 1}, "least": {alert.Filter{AtLeast: alert.Medium}, 2}, "rule": {alert.Filter{Rule: "r1"}, 2}, "technique": {alert.Filter{Technique: "T1098"}, 1},
			"no such level": {alert.Filter{Level: "worst"}, 0}, "kind": {alert.Filter{Kind: alert.Signature}, 3}, "unowned": {alert.Filter{Unowned: true}, 3}, "time": {alert.Filter{From: after(10)}, 1}, "verdict": {alert.Filter{Verdict: alert.Benign}, 0},
		} {
			if res, err := w.svc.List(ctx, w.ann.ReadScope, c.f, paging.Query{}); err != nil || res.Total != c.want {
				t.Errorf("%s: %d %v", name, res.Total, err)
			}
		}
		if res, err := w.svc.List(ctx, w.OtherOwner.ReadScope, alert.Filter{}, paging.Query{}); err != nil || res.Total != 0 {
			t.Errorf("another organisation sees %d: %v", res.Total, err)
		}
		_, err = w.svc.Alert(ctx, w.OtherOwner.ReadScope, string(got.ID))
		w.refused(err, errs.NotFound, "", "no alert")
		_, err = w.svc.Raise(ctx, w.ann, now, batch)
		w.refused(err, errs.Denied, "", "may not raise alerts")
		_, err = w.svc.Raise(ctx, w.pia, now, []alert.Signal{signal("r9", alert.High, "", now, "x"), {Kind: "odd"}})
		w.refused(err, errs.Invalid, "kind", "signal 2")
		// What an attacker writes is cut, and a source that floods stays within bounds.
		wild := signal("r1", alert.High, "", now, strings.Repeat("e", 5000))
		wild.Entity, wild.Sentence = strings.Repeat("ä", 5000), "line\nbreak\x00"+strings.Repeat("x", 5000)
		for i := range 300 {
			wild.Events = append(wild.Events, alert.Fact{Event: fmt.Sprint(i), Target: strings.Repeat("t", 2000)})
		}
		big := w.raise(now, wild)[0]
		res, err := w.svc.Signals(ctx, w.pia.ReadScope, big.ID, paging.Query{})
		w.ok(err)
		if x := res.Rows[0]; len([]rune(big.Entity)) != 300 || len(x.Events) != alert.MaxFacts || x.More != 101 || strings.ContainsAny(big.Sentence, "\n\x00") || len(x.Events[5].Target) > 310 {
			t.Errorf("%d %d %d %q", len([]rune(big.Entity)), len(x.Events), x.More, big.Sentence[:20])
		}
	})
}

// TestFlood: a rule that matches everything is counted and does not fill the disk; what is new in its story is kept all the same.
func TestFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	var flood []alert.Signal
	for i := range alert.MaxKept + 500 {
		flood = append(flood, signal("r1", alert.Low, "T1110", now, fmt.Sprint("e", i)))
	}
	w.raise(now, flood...)
	a := w.raise(after(1), signal("r1", alert.Low, "T1110", after(1), "more"), signal("r2", alert.Low, "T1110", after(1), "other rule"), signal("r1", alert.High, "T1110", after(1), "worse"))[0]
	kept, err := w.svc.Signals(t.Context(), w.pia.ReadScope, a.ID, paging.Query{})
	w.ok(err)
	if a.Signals != alert.MaxKept+503 || a.Counted != 501 || kept.Total != alert.MaxKept+2 || a.Level != alert.High || !a.Last.Equal(after(1)) {
		t.Errorf("%d signals, %d counted, %d kept: %+v", a.Signals, a.Counted, kept.Total, a)
	}
}

// TestHandling takes an alert from being acknowledged to being judged.
func TestHandling(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		a := w.raise(now, signal("r1", alert.High, "T1110", now, "e1"))[0]
		b := w.raise(now, signal("r2", alert.High, "T1098", now, "e2"))[0]
		_, err := w.svc.Acknowledge(ctx, w.ann, now, a.Ref, a.Version)
		w.refused(err, errs.Denied, "", "may not handle alerts")
		got, err := w.svc.Acknowledge(ctx, w.pia, after(4), a.Ref, a.Version)
		w.ok(err)
		if got.State != alert.Acknowledged || got.Owner != w.pia.User() || got.Unanswered(after(60)) != 4*time.Minute || b.Unanswered(after(60)) != time.Hour {
			t.Errorf("%+v", got)
		}
		_, err = w.svc.Acknowledge(ctx, w.pia, after(5), a.Ref, 0)
		w.refused(err, errs.Conflict, "", "acknowledged already")
		_, err = w.svc.Close(ctx, w.pia, after(5), a.Ref, a.Version, alert.Benign, "it was a test of ours", "")
		var stale *alert.Stale
		if !errors.As(err, &stale) || stale.Theirs.Version != got.Version {
			t.Errorf("%v", err)
		}
		_, err = w.svc.Assign(ctx, w.pia, after(5), a.Ref, 0, "nobody@northwind.example")
		w.refused(err, errs.Invalid, "owner", "nobody here")
		got, err = w.svc.Assign(ctx, w.pia, after(5), a.Ref, got.Version, "ann@northwind.example")
		w.ok(err)
		if got.Owner != w.ann.User() {
			t.Errorf("%+v", got)
		}
		_, err = w.svc.Close(ctx, w.pia, after(6), a.Ref, got.Version, "", "it was a test of ours", "")
		w.refused(err, errs.Invalid, "verdict", "choose")
		_, err = w.svc.Close(ctx, w.pia, after(6), a.Ref, got.Version, alert.Benign, "no", "")
		w.refused(err, errs.Invalid, "reason", "at least 10")
		_, err = w.svc.Close(ctx, w.pia, after(6), a.Ref, got.Version, alert.Duplicate, "the other one says it", "ALR-99")
		w.refused(err, errs.Invalid, "of", "tells the same")
		_, err = w.svc.Close(ctx, w.pia, after(6), a.Ref, got.Version, alert.Duplicate, "the other one says it", "alr-1")
		w.refused(err, errs.Invalid, "of", "this one")
		got, err = w.svc.Close(ctx, w.pia, after(6), a.Ref, got.Version, alert.Benign, "it was a test of ours", "")
		w.ok(err)
		if _, err = w.svc.Close(ctx, w.pia, after(7), b.Ref, 0, alert.Duplicate, "the other one says it", "alr-1"); err != nil {
			t.Fatal(err)
		}
		told, err := w.svc.Feedback(ctx, w.pia.ReadScope, now, after(7))
		w.ok(err)
		if len(told) != 2 || told[0].Alert != "ALR-1" || told[0].Verdict != alert.Benign || told[0].Entity != "ada.lind" || told[1].Verdict != alert.Duplicate {
			t.Errorf("%+v", told)
		}
		count, err := w.svc.Precision(ctx, w.pia.ReadScope, now, after(9))
		w.ok(err)
		if fmt.Sprint(count) != "[{r1 1 0 1 0 0} {r2 1 0 0 1 0}]" {
			t.Errorf("%v", count)
		}
		if fresh := w.raise(after(8), signal("r1", alert.High, "T1110", after(8), "e5")); len(fresh) != 1 || fresh[0].Ref != "ALR-3" {
			t.Errorf("a closed story goes on: %+v", fresh)
		}
		got, err = w.svc.Reopen(ctx, w.pia, after(9), a.Ref, got.Version, "the person says it was not them")
		w.ok(err)
		if got.State != alert.Acknowledged || got.Closing != nil {
			t.Errorf("%+v", got)
		}
		got, err = w.svc.Link(ctx, w.pia, after(9), a.Ref, "INC-1")
		w.ok(err)
		_, err = w.svc.Link(ctx, w.pia, after(9), a.Ref, "INC-2")
		w.refused(err, errs.Conflict, "alerts", "INC-1 already")
		_, err = w.svc.Close(ctx, w.pia, after(9), a.Ref, got.Version, alert.Benign, "it was a test of ours", "")
		w.refused(err, errs.Conflict, "verdict", "INC-1")
		_, err = w.svc.Note(ctx, w.pia, after(10), a.Ref, "  asked by telephone ")
		w.ok(err)
		hist, err := w.svc.History(ctx, w.pia.ReadScope, a.ID)
		w.ok(err)
		var acts []string
		for _, h := range hist {
			acts = append(acts, string(h.Act))
		}
		if strings.Join(acts, " ") != "raised acknowledged assigned closed reopened declared noted" || hist[6].Note != "asked by telephone" {
			t.Errorf("%v", acts)
		}
		if e := w.Entries(t, w.Owner, "alert."); len(e) != 10 || e[len(e)-1].Seq != hist[6].Seq {
			t.Errorf("%d entries", len(e))
		}
	})
}

// TestSilences: what is silenced raises nothing, is kept and counted, and only until the end.
func TestSilences(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		why, end := "the scanner of the penetration test", after(60)
		for name, c := range map[string]struct {
			h           alert.Hush
			field, part string
		}{
			"everything": {alert.Hush{Match: alert.Matcher{Rule: " * "}, Reason: why, Ends: end}, "rule", "everything"},
			"reason":     {alert.Hush{Match: alert.Matcher{Rule: "r1"}, Reason: "x", Ends: end}, "reason", "at least"},
			"over":       {alert.Hush{Match: alert.Matcher{Rule: "r1"}, Reason: why, Ends: now}, "ends", "ended already"},
			"for ever":   {alert.Hush{Match: alert.Matcher{Rule: "r1"}, Reason: why, Ends: now.AddDate(2, 0, 0)}, "ends", "a year"},
			"owner":      {alert.Hush{Match: alert.Matcher{Rule: "r1"}, Reason: why, Ends: end, Owner: "x@northwind.example"}, "owner", "nobody here"},
		} {
			_, err := w.svc.AddSilence(ctx, w.pia, now, c.h)
			if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != c.field || !strings.Contains(err.Error(), c.part) {
				t.Errorf("%s: %v at %q", name, err, errs.FieldOf(err))
			}
		}
		h, err := w.svc.AddSilence(ctx, w.pia, now, alert.Hush{Match: alert.Matcher{Rule: "r1", Entity: "ADA.*"}, Reason: why, Ends: end})
		w.ok(err)
		if h.Ref != "SIL-1" || h.Owner != w.pia.User() {
			t.Errorf("%+v", h)
		}
		if made := w.raise(after(1), signal("r1", alert.High, "T1110", now, "e1"), signal("r2", alert.High, "T1110", now, "e2"), signal("r1", alert.High, "T1110", now, "e3")); len(made) != 1 || made[0].Signals != 1 {
			t.Errorf("%+v", made)
		}
		w.raise(after(2), signal("r1", alert.High, "T1110", now, "e1")) // again
		quiet, err := w.svc.Hushed(ctx, w.ann.ReadScope, "sil-1", paging.Query{})
		w.ok(err)
		all, err := w.svc.Silences(ctx, w.ann.ReadScope)
		w.ok(err)
		if quiet.Total != 2 || len(all) != 1 || all[0].Signals != 2 || !all[0].Active(after(59)) || all[0].Active(end) {
			t.Errorf("%+v %+v", quiet, all)
		}
		if made := w.raise(end, signal("r1", alert.High, "T1110", end, "e4")); len(made) != 1 || made[0].Signals != 2 {
			t.Errorf("after the end: %+v", made)
		}
		_, err = w.svc.EndSilence(ctx, w.pia, after(30), "SIL-1")
		w.ok(err)
		_, err = w.svc.EndSilence(ctx, w.pia, after(31), "SIL-1")
		w.refused(err, errs.Conflict, "", "ended already")
		_, err = w.svc.Silence(ctx, w.OtherOwner.ReadScope, "SIL-1")
		w.refused(err, errs.NotFound, "", "no silence")
	})
}

// TestRouting: rules choose who is told, the rota who is on call, and nobody's silence goes unnoticed.
func TestRouting(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		r := alert.Routing{Rules: []alert.Rule{
			{Name: "Privilege", AtLeast: alert.Low, Technique: "t1098", OnCall: true, Channels: []string{"ntf_1"}, Minutes: 15, Then: []access.UserID{"owner@northwind.example"}},
			{Name: "Rest", AtLeast: alert.High, Source: "okta-*", People: []access.UserID{"ann@northwind.example"}},
		}, Rota: alert.Rota{People: []access.UserID{w.pia.User(), w.ann.User()}, First: now.AddDate(0, 0, -8),
			Overrides: []alert.Override{{From: after(100), To: after(200), Person: w.pia.User()}}}}
		_, err := w.svc.SetRouting(ctx, w.ann, now, 0, r)
		w.refused(err, errs.Denied, "", "may not change detection")
		bad := r
		bad.Rules = []alert.Rule{r.Rules[0], r.Rules[0]}
		_, err = w.svc.SetRouting(ctx, w.pia, now, 0, bad)
		w.refused(err, errs.Invalid, "name", "already")
		r, err = w.svc.SetRouting(ctx, w.pia, now, 0, r)
		w.ok(err)
		_, err = w.svc.SetRouting(ctx, w.pia, now, 0, r)
		w.refused(err, errs.Conflict, "", "meanwhile")
		if r.Version != 1 || r.Rules[1].People[0] != w.ann.User() || r.Rules[0].Technique != "T1098" {
			t.Errorf("%+v", r)
		}
		if who, next := r.Rota.At(now); who != w.ann.User() || next != w.pia.User() {
			t.Errorf("%s, then %s", who, next)
		}
		if who, next := r.Rota.At(after(150)); who != w.pia.User() || next != w.ann.User() {
			t.Errorf("override: %s, then %s", who, next)
		}
		if who, _ := r.Rota.At(now.AddDate(-1, 0, 0)); who != "" {
			t.Errorf("before the rota: %s", who)
		}
		if turns := r.Rota.Turns(now, 2); len(turns) != 2 || turns[0].Person != w.ann.User() || turns[1].Person != w.pia.User() || !turns[0].From.Equal(now.AddDate(0, 0, -1)) {
			t.Errorf("%+v", turns)
		}
		a := w.raise(now, signal("r1", alert.Low, "T1098.001", now, "e1"))[0]
		b := w.raise(now, signal("r1", alert.Medium, "T1110", now, "e2"))[0]
		if a.Rule != "Privilege" || !a.EscalateAt.Equal(after(15)) || b.Rule != "" {
			t.Errorf("%+v %+v", a, b)
		}
		said := w.Entries(t, w.Owner, "alert.raised")
		if fmt.Sprint(said[0].Says["people"]) != fmt.Sprint([]any{string(w.ann.User())}) || fmt.Sprint(said[0].Says["channels"]) != "[ntf_1]" {
			t.Errorf("%v", said[0].Says)
		}
		if n, err := w.svc.Escalate(ctx, w.pia, after(14)); err != nil || n != 0 {
			t.Errorf("too early: %d %v", n, err)
		}
		for i, want := range []int{1, 1, 1, 1, 1, 0} {
			if n, err := w.svc.Escalate(ctx, w.pia, after(15*(i+1))); err != nil || n != want {
				t.Errorf("round %d: %d %v", i, n, err)
			}
		}
		said = w.Entries(t, w.Owner, "alert.escalated")
		if len(said) != 5 || fmt.Sprint(said[0].Says["people"]) != fmt.Sprint([]any{string(w.ann.User()), string(w.pia.User()), string(w.OwnerUser.ID)}) {
			t.Errorf("%d: %v", len(said), said[0].Says)
		}
		c := w.raise(after(300), signal("r5", alert.Low, "T1098", after(300), "e7"))[0]
		_, err = w.svc.Acknowledge(ctx, w.pia, after(301), c.Ref, 0)
		w.ok(err)
		if n, err := w.svc.Escalate(ctx, w.pia, after(900)); err != nil || n != 0 {
			t.Errorf("acknowledged: %d %v", n, err)
		}
		rose := w.raise(after(301), signal("r6", alert.High, "T1110", after(1), "e8"))[0]
		if rose.Ref != b.Ref || rose.Rule != "Rest" {
			t.Errorf("it rose: %+v", rose)
		}
	})
}
