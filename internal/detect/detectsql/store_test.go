package detectsql_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/baseline"
	"github.com/tickmark/tickmark/internal/detect/detectsql"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

const (
	lockRule = "f71b122e-8edf-5cc5-82cd-a19e66dfb32e" // an account is locked, of the pack
	ours     = `title: Ours
id: 11111111-1111-4111-8111-111111111111
status: test
tags: [attack.persistence, attack.t1136]
logsource: {product: okta, service: okta}
detection:
  selection: {eventType: user.lifecycle.create}
  condition: selection
level: high
---
title: Many of ours
id: 22222222-2222-4222-8222-222222222222
status: test
tags: [attack.t1136]
correlation:
  type: event_count
  rules: [11111111-1111-4111-8111-111111111111]
  group-by: [actor.alternateId]
  timespan: 1h
  condition: {gte: 3}
level: critical
`
	broken = "title: No detection\nid: 33333333-3333-4333-8333-333333333333\nlogsource: {product: okta}\n"
)

// stored is events in memory.
type stored []event.Event

func (s stored) Each(_ context.Context, scope access.ReadScope, logs []string, from, to time.Time, do func(*event.Event) error) error {
	if err := scope.Require(access.ReadDetections); err != nil {
		return err
	}
	for i := range s {
		if at := s[i].When(); slices.Contains(logs, s[i].Log) && !at.Before(from) && at.Before(to) {
			if err := do(&s[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

type feeds []detect.Feed

func (f feeds) Feeds(context.Context, access.ReadScope) ([]detect.Feed, error) { return f, nil }

type world struct {
	*accesstest.World
	svc     *detect.Service
	analyst access.Scope
	other   access.Scope
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v (%s)", err, errs.HintOf(err))
		}
		return v
	}
}

func fails(t *testing.T, err error, kind errs.Kind, at, words string) {
	t.Helper()
	if !errs.Is(err, kind) || errs.FieldOf(err) != at || !strings.Contains(err.Error(), words) {
		t.Errorf("%v at %q, want %s at %q with %q", err, errs.FieldOf(err), kind, at, words)
	}
}

// TestRules takes rules from the pack and an upload through decisions, filters, counts, back-tests and the map of what is covered.
func TestRules(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		store := &detectsql.Store{DB: db}
		w := &world{World: accesstest.New(t, db)}
		w.svc = &detect.Service{Store: store, Counted: store, Tuning: store, Tx: db, Ledger: w.Ledger}
		w.analyst, w.other = w.Member(t, "ann@northwind.example", access.SecurityAnalyst), w.OtherOwner
		decisions(t, w)
		ref := upload(t, w)
		filters(t, w)
		trials(t, w)
		coverage(t, w, ref)
		tuning(t, w)
	})
}

func decisions(t *testing.T, w *world) {
	ctx, now := t.Context(), accesstest.Now
	first := must[*detect.Program](t)(w.svc.Program(ctx, w.analyst.ReadScope, now))
	if again := must[*detect.Program](t)(w.svc.Program(ctx, w.other.ReadScope, now)); again != first || first.Version != 0 || len(first.Refused) > 0 {
		t.Errorf("who decided nothing shares a program: version %d, %d refused", first.Version, len(first.Refused))
	}
	_, err := w.svc.Turn(ctx, w.analyst, now, []string{lockRule}, false, " ", 0)
	fails(t, err, errs.Invalid, "reason", "missing")
	_, err = w.svc.Turn(ctx, w.Member(t, "eve@northwind.example", access.Employee), now, []string{lockRule}, false, "noise", 0)
	fails(t, err, errs.Denied, "", "may not")
	_, err = w.svc.Turn(ctx, w.analyst, now, []string{"nothing"}, false, "noise", 0)
	fails(t, err, errs.NotFound, "rule", "nothing")
	if n := must[int](t)(w.svc.Turn(ctx, w.analyst, now, []string{lockRule}, false, "people forget", 0)); n != 1 {
		t.Errorf("%d rules turned off", n)
	}
	_, err = w.svc.Turn(ctx, w.analyst, now, []string{lockRule}, true, "again", 0)
	fails(t, err, errs.Conflict, "", "changed meanwhile")
	_, err = w.svc.Turn(ctx, w.analyst, now, []string{lockRule}, false, "again", 1)
	fails(t, err, errs.Conflict, "rule", "nothing is changed")

	second := must[*detect.Program](t)(w.svc.Program(ctx, w.analyst.ReadScope, now))
	r, _ := second.Rule(lockRule)
	if second.Version != 1 || second == first || r.On || r.Standing || r.Setting.Reason != "people forget" || len(second.Engine.Rules()) > len(first.Engine.Rules()) {
		t.Errorf("version %d, %+v", second.Version, r)
	}
	theirs := must[*detect.Program](t)(w.svc.Program(ctx, w.other.ReadScope, now))
	if x, _ := theirs.Rule(lockRule); !x.On {
		t.Error("another organisation's rule was turned off")
	}
}

func upload(t *testing.T, w *world) string {
	ctx, now := t.Context(), accesstest.Now
	for name, content := range map[string][]byte{"empty.zip": {}, "nothing.zip": archive(t, map[string]string{"readme.txt": "x"}), "broken.yml": []byte(broken), "cut.zip": archive(t, map[string]string{"a.yml": ours})[:40], "binary.yml": {0, 1, 0xff}} {
		_, err := w.svc.Upload(ctx, w.analyst, now, "Public rules", name, content)
		if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != "file" {
			t.Errorf("%s: %v at %q", name, err, errs.FieldOf(err))
		}
	}
	text := must[detect.RuleRecord](t)(w.svc.Rule(ctx, w.analyst.ReadScope, now, lockRule)).Text
	content := archive(t, map[string]string{"a/ours.yml": ours, "b/broken.yml": broken, "c/copy.yml": text})
	set := must[detect.Ruleset](t)(w.svc.Upload(ctx, w.analyst, now, "Public rules", `C:\rules\set.zip`, content))
	if set.Ref != "RS-01" || set.Rules != 2 || set.Files != 3 || len(set.Refused) != 2 {
		t.Errorf("%+v", set)
	}
	_, err := w.svc.Upload(ctx, w.analyst, now, "Again", "set.zip", content)
	fails(t, err, errs.Conflict, "file", "RS-01 already")
	list := must[paging.Result[detect.Rule]](t)(w.svc.Rules(ctx, w.analyst.ReadScope, now, detect.RuleFilter{Set: "RS-01"}, paging.Query{}))
	if list.Total != 2 || list.Rows[0].Title != "Many of ours" || list.Rows[0].On || list.Rows[1].On || !slices.Equal(list.Rows[0].Logs, []string{"okta.log"}) {
		t.Errorf("%+v", list.Rows)
	}
	const one, many = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	must[int](t)(w.svc.Turn(ctx, w.analyst, now, []string{many}, true, "we want to know", 0))
	p := must[*detect.Program](t)(w.svc.Program(ctx, w.analyst.ReadScope, now))
	a, _ := p.Rule(one)
	b, _ := p.Rule(many)
	if a.On || !a.Feeds || len(a.NeededBy) != 1 || !b.Standing || b.Trouble != "" {
		t.Errorf("%+v\n%+v", a, b)
	}
	if x := must[detect.RuleRecord](t)(w.svc.Rule(ctx, w.analyst.ReadScope, now, many)); !strings.HasPrefix(x.Text, "title: Many of ours\n") || !strings.HasSuffix(x.Text, "level: critical\n") {
		t.Errorf("%q", x.Text)
	}
	return set.Ref
}

func filters(t *testing.T, w *world) {
	ctx, now := t.Context(), accesstest.Now
	good := detect.NewFilter{Title: "The service desk", Rule: lockRule, Equal: map[string]string{"actor.alternateId": "desk*@northwind.example"}, Owner: "Ann", Reason: "They lock accounts on purpose", Until: now.AddDate(0, 1, 0)}
	for at, bad := range map[string]func(*detect.NewFilter){
		"until":  func(f *detect.NewFilter) { f.Until = now },
		"owner":  func(f *detect.NewFilter) { f.Owner = "" },
		"reason": func(f *detect.NewFilter) { f.Reason = "" },
		"field":  func(f *detect.NewFilter) { f.Equal = map[string]string{"a|re": "x"} },
		"rule":   func(f *detect.NewFilter) { f.Rule = "nothing" },
		"text": func(f *detect.NewFilter) {
			f.Text = "title: x\nlogsource: {product: okta}\nfilter: {rules: [], condition: s}\n"
		},
	} {
		f := good
		bad(&f)
		_, err := w.svc.AddFilter(ctx, w.analyst, now, f)
		if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != at {
			t.Errorf("%s: %v at %q", at, err, errs.FieldOf(err))
		}
	}
	f := must[detect.Filter](t)(w.svc.AddFilter(ctx, w.analyst, now, good))
	if f.Ref != "FLT-01" || !slices.Equal(f.Rules, []string{lockRule}) || !strings.Contains(f.Text, `desk\*@northwind.example`) {
		t.Errorf("%+v", f)
	}
	if p := must[*detect.Program](t)(w.svc.Program(ctx, w.analyst.ReadScope, now)); !p.Until.Equal(f.Until) {
		t.Errorf("the program holds until %v", p.Until)
	}
	if p := must[*detect.Program](t)(w.svc.Program(ctx, w.analyst.ReadScope, f.Until)); !p.Until.IsZero() {
		t.Error("an expired filter still counts")
	}
	if list := must[[]detect.Filter](t)(w.svc.Filters(ctx, w.other.ReadScope)); len(list) != 0 {
		t.Error("another organisation sees the filter")
	}
	_, err := w.svc.EndFilter(ctx, w.other, now, f.Ref)
	fails(t, err, errs.NotFound, "", "FLT-01")
}

func trials(t *testing.T, w *world) {
	ctx, now := t.Context(), accesstest.Now
	_, err := w.svc.Try(ctx, w.analyst, now, lockRule, now.AddDate(0, 0, -10), now)
	fails(t, err, errs.Unavailable, "", "no events are stored")
	var events stored
	for i := range 30 {
		at := now.AddDate(0, 0, -10).Add(time.Duration(i) * 7 * time.Hour)
		who := []string{"desk*@northwind.example", "ada@northwind.example", "deskx@northwind.example"}[i%3]
		raw := fmt.Sprintf(`{"eventType":"user.account.lock","actor":{"alternateId":%q}}`, who)
		events = append(events, event.Event{ID: fmt.Sprint("e", i), Log: "okta.log", At: at, Actor: event.Actor{ID: who}, Raw: []byte(raw)},
			event.Event{ID: fmt.Sprint("x", i), Log: "github.audit", At: at, Raw: []byte(raw)})
		for j := range 3 {
			events = append(events, event.Event{ID: fmt.Sprint("c", i, j), Log: "okta.log", At: at.Add(time.Duration(j) * time.Minute), Raw: []byte(`{"eventType":"user.lifecycle.create","actor":{"alternateId":"ben"}}`)})
		}
	}
	events = append(events, event.Event{ID: "bad", Log: "okta.log", At: now.Add(-time.Hour), Raw: []byte(`[1]`)})
	w.svc.History = events
	got := must[detect.Trial](t)(w.svc.Try(ctx, w.analyst, now, lockRule, now.AddDate(0, 0, -10), now))
	if got.Hits != 20 || got.Looked != 121 || got.Unread != 1 || got.Span() != 10 || got.PerDay() != "2.0" || len(got.Examples) == 0 || got.Examples[0].Who != "ada@northwind.example" || len(got.Days) < 8 {
		t.Errorf("%+v", got)
	}
	const many = "22222222-2222-4222-8222-222222222222"
	if got := must[detect.Trial](t)(w.svc.Try(ctx, w.analyst, now, many, now.AddDate(0, 0, -10), now)); got.Hits != 30 {
		t.Errorf("a correlation: %+v", got)
	}
	r := must[detect.RuleRecord](t)(w.svc.Rule(ctx, w.analyst.ReadScope, now, lockRule))
	if len(r.Trials) != 1 || r.Trials[0].Hits != 20 || len(r.Filters) != 1 {
		t.Errorf("%+v", r.Trials)
	}
	_, err = w.svc.Try(ctx, w.analyst, now, lockRule, now, now)
	fails(t, err, errs.Invalid, "to", "not after")

	system, day := w.Access.System(w.Org.ID, "detection"), int(now.Unix()/86400)
	for range 2 {
		if err := w.svc.Count(ctx, system, []detect.Count{{Rule: lockRule, Day: day, Hits: 2, Evaluated: 10, Nanos: 5000, Last: now}, {Rule: lockRule, Day: day - 40, Hits: 9, Last: now.AddDate(0, 0, -40)}}); err != nil {
			t.Fatal(err)
		}
	}
	list := must[paging.Result[detect.Rule]](t)(w.svc.Rules(ctx, w.analyst.ReadScope, now, detect.RuleFilter{}, paging.Query{Sort: "hits", Desc: true, Size: 1}))
	if x := list.Rows[0]; x.Key != lockRule || x.Hits != 4 || x.Nanos != 500 || !x.Last.Equal(now) || list.Total < 200 {
		t.Errorf("%+v of %d", x, list.Total)
	}
	fails(t, w.svc.Count(ctx, w.Member(t, "own@northwind.example", access.ControlOwner), []detect.Count{{Rule: lockRule}}), errs.Denied, "", "may not")
}

func coverage(t *testing.T, w *world, ref string) {
	ctx, now := t.Context(), accesstest.Now
	cell := func(technique, log string) detect.Cell {
		t.Helper()
		c := must[detect.Coverage](t)(w.svc.Coverage(ctx, w.analyst.ReadScope, now))
		for _, x := range c.Techniques {
			for _, y := range x.Cells {
				if x.ID == technique && y.Log == log {
					return y
				}
			}
		}
		return detect.Cell{}
	}
	if c := must[detect.Coverage](t)(w.svc.Coverage(ctx, w.analyst.ReadScope, now)); !c.Unknown || slices.ContainsFunc(c.Techniques, detect.Technique.Covered) {
		t.Error("something is covered though nothing is known to send")
	}
	if x := cell("T1136", "okta.log"); x.Cover != detect.Silent {
		t.Errorf("%+v", x)
	}
	w.svc.Feeds = feeds{{Log: "okta.log", Last: now.Add(-time.Hour)}, {Log: "github.audit", Last: now.AddDate(0, 0, -3)}}
	if x := cell("T1136", "okta.log"); x.Cover != detect.ByRule {
		t.Errorf("%+v", x)
	}
	if x := cell("T1562", "okta.log"); x.Cover != detect.ByRule && x.Cover != detect.ByBaseline {
		t.Errorf("%+v", x)
	}
	if x := cell("T1078", "github.audit"); x.Cover == detect.ByRule || x.Cover == detect.ByBaseline {
		t.Errorf("a source that is silent for three days covers %+v", x)
	}
	must[detect.Ruleset](t)(w.svc.RemoveRuleset(ctx, w.analyst, now, ref, "not needed"))
	if list := must[paging.Result[detect.Rule]](t)(w.svc.Rules(ctx, w.analyst.ReadScope, now, detect.RuleFilter{Set: ref}, paging.Query{})); list.Total != 0 {
		t.Error("rules of a removed set are listed")
	}
	_, err := w.svc.RemoveRuleset(ctx, w.analyst, now, ref, "again")
	fails(t, err, errs.NotFound, "", ref)
}

func tuning(t *testing.T, w *world) {
	ctx, now := t.Context(), accesstest.Now
	b := must[detect.Baseline](t)(w.svc.Baseline(ctx, w.analyst.ReadScope))
	if !b.On || b.Budget != 5 || b.Version != 0 {
		t.Errorf("%+v", b)
	}
	b.Budget, b.Reason = 2.5, "few people on call"
	b = must[detect.Baseline](t)(w.svc.SetBaseline(ctx, w.analyst, now, b))
	if kept := must[detect.Baseline](t)(w.svc.Baseline(ctx, w.analyst.ReadScope)); kept.Budget != 2.5 || kept.Version != 1 || kept.By != w.analyst.Actor() {
		t.Errorf("%+v", kept)
	}
	b.Version = 0
	_, err := w.svc.SetBaseline(ctx, w.analyst, now, b)
	fails(t, err, errs.Conflict, "", "changed meanwhile")
	b.Version, b.Budget = 1, 0
	_, err = w.svc.SetBaseline(ctx, w.analyst, now, b)
	fails(t, err, errs.Invalid, "budget", "between")

	x := detect.Benign{Benign: baseline.Benign{Log: "okta.log", Entity: "ada@northwind.example", Facet: baseline.Network, Value: "203.0.113.0/24", Until: now.AddDate(0, 1, 0)}, Owner: "Ann", Reason: "Her new office"}
	x = must[detect.Benign](t)(w.svc.AddBenign(ctx, w.analyst, now, x))
	if list := must[[]baseline.Benign](t)(w.svc.LeftAside(ctx, w.analyst.ReadScope, now)); len(list) != 1 || list[0] != x.Benign || x.Ref != "BN-01" {
		t.Errorf("%+v", list)
	}
	if list := must[[]baseline.Benign](t)(w.svc.LeftAside(ctx, w.analyst.ReadScope, x.Until)); len(list) != 0 {
		t.Error("what expired is left aside")
	}
	must[detect.Benign](t)(w.svc.EndBenign(ctx, w.analyst, now, x.Ref))
	_, err = w.svc.EndBenign(ctx, w.analyst, now, x.Ref)
	fails(t, err, errs.Conflict, "", "ended already")
	x.Entity, x.Value = "", ""
	_, err = w.svc.AddBenign(ctx, w.analyst, now, x)
	fails(t, err, errs.Invalid, "entity", "name whom")
}
