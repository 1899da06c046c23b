package watch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tickmark/tickmark/internal/detect"
	"github.com/tickmark/tickmark/internal/detect/pack"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/detect/watch"
	"github.com/tickmark/tickmark/internal/event"
)

const rules = `title: Key made
id: 11111111-1111-4111-8111-111111111111
name: key_made
level: high
tags: [attack.persistence, attack.t1098.001]
logsource: {product: aws, service: cloudtrail}
detection:
  sel: {eventName: CreateAccessKey}
  condition: sel
---
title: Refused
id: 22222222-2222-4222-8222-222222222222
name: refused
level: informational
logsource: {product: aws, service: cloudtrail}
detection:
  sel: {errorCode: AccessDenied}
  condition: sel
---
title: Many refused
id: 33333333-3333-4333-8333-333333333333
level: medium
tags: [attack.discovery]
correlation:
  type: event_count
  rules: [refused]
  group-by: [sourceIPAddress]
  timespan: 10m
  condition: {gte: 5}
`

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func fresh(t *testing.T, text string) *watch.Watch {
	t.Helper()
	set, err := sigma.LoadFS(fstest.MapFS{"rules.yml": {Data: []byte(text)}})
	if err != nil || len(set.Refused) > 0 {
		t.Fatal(err, set)
	}
	engine, err := sigma.Compile(set, detect.Options())
	if err != nil || len(engine.Refused()) > 0 {
		t.Fatal(err, engine.Refused())
	}
	p, err := pack.Load()
	if err != nil {
		t.Fatal(err)
	}
	return watch.New(engine, p)
}

// day is some events: a key that is made, and nine refusals from one address, a minute apart.
func day() []event.Event {
	var out []event.Event
	add := func(minute int, actor, action, ip, rest string) {
		at := start.Add(time.Duration(minute) * time.Minute)
		out = append(out, event.Event{ID: fmt.Sprintf("ev_%03d", len(out)), Log: "aws.cloudtrail", At: at, Received: at.Add(time.Second), Action: action,
			Actor: event.Actor{ID: actor}, From: event.Endpoint{IP: ip}, Targets: []event.Target{{Kind: "user", ID: "ci"}},
			Raw: fmt.Appendf(nil, `{"eventName":%q,"sourceIPAddress":%q%s}`, action, ip, rest)})
	}
	add(0, "ada", "CreateAccessKey", "192.0.2.1", "")
	for i := range 9 {
		add(1+i, "eve", "GetObject", "203.0.113.9", `,"errorCode":"AccessDenied"`)
	}
	add(12, "ada", "ListUsers", "192.0.2.1", "")
	return out
}

func TestObserve(t *testing.T) {
	t.Parallel()
	w := fresh(t, rules)
	var got []watch.Signal
	for _, e := range day() {
		got = append(got, w.Observe(&e)...)
	}
	if len(got) != 2 {
		t.Fatalf("%d signals: %+v", len(got), got)
	}
	s := got[0]
	if s.Kind != watch.Signature || s.Level != "high" || s.Entity != "ada" || s.EntityKind != event.KeyPrincipal || !slices.Equal(s.Techniques, []string{"T1098.001"}) || !slices.Equal(s.Tactics, []string{"persistence"}) || len(s.Events) != 1 || s.Events[0].Event != "ev_000" || s.Events[0].Target != "ci" {
		t.Errorf("the key: %+v", s)
	}
	if want := "ada did CreateAccessKey on user ci from 192.0.2.1."; s.Sentence != want {
		t.Errorf("it says %q, want %q", s.Sentence, want)
	}
	c := got[1]
	if c.Kind != watch.Correlation || c.Entity != "eve" || len(c.Events) != 5 || c.Events[0].Event != "ev_001" || !strings.Contains(c.Sentence, "Many refused: 5 for 203.0.113.9") {
		t.Errorf("the refusals: %+v", c)
	}
	if n := w.Tally(); n.Events != 11 || n.Signals != 2 || n.Unknown != 0 {
		t.Errorf("tally %+v", n)
	}
}

// TestReplay: wherever it is cut, what was found before and after a restart is what is found without one.
func TestReplay(t *testing.T) {
	t.Parallel()
	events := day()
	var whole []string
	w := fresh(t, rules)
	for _, e := range events {
		for _, s := range w.Observe(&e) {
			whole = append(whole, s.ID)
		}
	}
	for cut := range len(events) + 1 {
		var got []string
		before, after := fresh(t, rules), fresh(t, rules)
		for _, e := range events[:cut] {
			for _, s := range before.Observe(&e) {
				got = append(got, s.ID)
			}
			after.Replay(&e)
		}
		for _, e := range events[cut:] {
			for _, s := range after.Observe(&e) {
				got = append(got, s.ID)
			}
		}
		if !slices.Equal(got, whole) {
			t.Errorf("cut at %d: %v, want %v", cut, got, whole)
		}
	}
}

func TestWhatCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	w := fresh(t, rules)
	for _, e := range []event.Event{{Log: "of nothing", Raw: []byte("{}")}, {Log: "aws.cloudtrail", Raw: []byte("[1]")}, {Log: "aws.cloudtrail", Raw: []byte(`{"eventName":"CreateAccessKey"}`), Received: start}} {
		w.Observe(&e)
	}
	if n := w.Tally(); n.Unknown != 1 || n.Unread != 1 || n.Undated != 1 || n.Signals != 1 {
		t.Errorf("tally %+v", n)
	}
}

func TestTell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e    event.Event
		want string
	}{
		{event.Event{}, "Somebody the record does not name did something the record does not name."},
		{event.Event{Actor: event.Actor{ID: "u1", Name: "ada@northwind.example"}, Action: "user.session.start", Status: event.Failure, Reason: "INVALID_CREDENTIALS", From: event.Endpoint{IP: "192.0.2.1", Country: "NO"}},
			"ada@northwind.example tried user.session.start from 192.0.2.1 (NO) and was refused: INVALID_CREDENTIALS."},
		{event.Event{Actor: event.Actor{ID: "root"}, Action: "exec", Host: "web-1", Targets: []event.Target{{ID: "a"}, {ID: "b"}, {ID: "c"}}}, "root did exec on a, b and 1 more at web-1."},
	} {
		if got := watch.Tell(&c.e); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
