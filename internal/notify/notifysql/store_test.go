package notifysql_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/notify/notifysql"
	"github.com/tickmark/tickmark/internal/platform/secret"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

// wire is a sender that keeps what it gets, and fails as it is told.
type wire struct {
	mu   sync.Mutex
	got  []notify.Parcel
	fail error
}

func (w *wire) Send(_ context.Context, p notify.Parcel) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, p)
	return w.fail
}

// happened is a follower that tells what it is given.
type happened struct {
	name string
	tell []notify.Message
	next string
	err  error
}

func (h *happened) Name() string { return h.name }
func (h *happened) Follow(_ context.Context, _ access.ReadScope, _ time.Time, cursor string) ([]notify.Message, string, error) {
	if cursor == h.next {
		return nil, cursor, h.err
	}
	return h.tell, h.next, h.err
}

type bench struct {
	*accesstest.World
	*notify.Service
	wire   *wire
	follow *happened
}

func setup(t *testing.T, db *sqldb.DB) bench {
	t.Helper()
	w := accesstest.New(t, db)
	box, err := secret.Open(t.TempDir() + "/key.json")
	if err != nil {
		t.Fatal(err)
	}
	b := bench{World: w, wire: &wire{}, follow: &happened{name: "test", next: "1"}}
	b.Service = &notify.Service{
		Store: &notifysql.Store{DB: db}, Sealer: box, People: w.Access, Tx: db, Ledger: w.Ledger, URL: func() string { return "https://tickmark.example" }, Followers: []notify.Follower{b.follow},
		Senders: map[notify.RouteKind]notify.Sender{notify.Email: b.wire, notify.Slack: b.wire, notify.Webhook: b.wire, notify.Teams: b.wire, notify.PagerDuty: b.wire},
	}
	return b
}

func slack() notify.Draft {
	return notify.Draft{Name: "Ops channel", Kind: notify.Slack, Secret: "https://hooks.slack.com/services/T0/B0/secretsecret", Events: []notify.Event{notify.TestFailing, notify.EvidenceDue}, Enabled: true}
}

func email() notify.Draft {
	return notify.Draft{Name: "Mail", Kind: notify.Email, Secret: "correct horse", Enabled: true, Events: []notify.Event{notify.EvidenceDue},
		Settings: map[string]string{"host": "mail.northwind.example", "port": "587", "security": "starttls", "user": "tickmark", "from": "Tickmark <tickmark@northwind.example>", "to": "sec@northwind.example\n", "person": "yes"}}
}

func message(key string) notify.Message {
	return notify.Message{Key: key, Event: notify.EvidenceDue, Subject: "Evidence of GOV-02\r\nis due", Text: "Renew it.", Link: "/evidence/due"}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		b := setup(t, db)
		ctx := t.Context()
		r, err := b.Add(ctx, b.Owner, now, slack())
		if err != nil || !r.HasSecret() {
			t.Fatalf("%+v %v", r, err)
		}
		if _, err := b.Add(ctx, b.Owner, now, slack()); !errs.Is(err, errs.Conflict) || errs.FieldOf(err) != "name" {
			t.Errorf("the same name: %v", err)
		}
		d := slack()
		d.Name, d.Secret = "Alarms", ""
		c, err := b.Change(ctx, b.Owner, now, r.ID, 1, d)
		if err != nil || c.Name != "Alarms" || !c.HasSecret() || c.Version != 2 {
			t.Errorf("%+v %v", c, err)
		}
		if _, err := b.Change(ctx, b.Owner, now, r.ID, 1, d); !errs.Is(err, errs.Conflict) {
			t.Errorf("stale: %v", err)
		}
		for name, s := range map[string]access.Scope{"control owner": b.Member(t, "omar@northwind.example", access.ControlOwner)} {
			if _, err := b.Add(ctx, s, now, email()); !errs.Is(err, errs.Denied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := b.Route(ctx, b.OtherOwner.ReadScope, r.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation: %v", err)
		}
		if err := b.Remove(ctx, b.OtherOwner, now, r.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organisation removes: %v", err)
		}
		if err := b.Remove(ctx, b.Owner, now, r.ID); err != nil {
			t.Fatal(err)
		}
		if all, err := b.Routes(ctx, b.Owner.ReadScope); err != nil || len(all) != 0 {
			t.Errorf("%v %v", all, err)
		}
		for _, kind := range []string{"notify.route_added", "notify.route_changed", "notify.route_removed"} {
			said := b.Entries(t, b.Owner, kind)
			if len(said) != 1 || strings.Contains(fmt.Sprint(said), "secretsecret") {
				t.Errorf("%s: %v", kind, said)
			}
		}
	})
}

// TestDelivery: told once, delivered by every route that carries it, tried again when that helps, given up when not.
func TestDelivery(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		b := setup(t, db)
		ctx := t.Context()
		for _, d := range []notify.Draft{slack(), email()} {
			if _, err := b.Add(ctx, b.Owner, now, d); err != nil {
				t.Fatal(err)
			}
		}
		person := message("a")
		person.Person = b.OwnerUser.ID
		b.follow.tell = []notify.Message{person, message("b"), message("a")}
		if n, err := b.Follow(ctx, b.Owner, now); err != nil || n != 2 {
			t.Fatalf("%d %v", n, err)
		}
		b.follow.next, b.follow.tell = "2", []notify.Message{message("b")}
		if n, err := b.Follow(ctx, b.Owner, now); err != nil || n != 0 {
			t.Errorf("told twice: %d %v", n, err)
		}
		b.wire.fail = errs.New(errs.Unavailable, "no answer")
		if n, err := b.Deliver(ctx, b.Owner, now); err != nil || n != 0 || len(b.wire.got) != 4 {
			t.Fatalf("%d sent, %d tried, %v", n, len(b.wire.got), err)
		}
		if n, err := b.Deliver(ctx, b.Owner, now.Add(30*time.Second)); err != nil || n != 0 || len(b.wire.got) != 4 {
			t.Errorf("tried again at once: %d %d %v", n, len(b.wire.got), err)
		}
		b.wire.fail = nil
		if n, err := b.Deliver(ctx, b.Owner, now.Add(2*time.Minute)); err != nil || n != 4 {
			t.Errorf("second attempt: %d %v", n, err)
		}
		if n, err := b.Deliver(ctx, b.Owner, now.Add(time.Hour)); err != nil || n != 0 {
			t.Errorf("sent twice: %d %v", n, err)
		}
		to := map[int]bool{}
		for _, p := range b.wire.got {
			to[len(p.To)] = true
			if strings.ContainsAny(p.Message.Subject, "\r\n") || p.Link != "https://tickmark.example/evidence/due" || p.Org == "" || p.Secret == "" {
				t.Errorf("%+v", p)
			}
		}
		if !to[2] || !to[1] || !to[0] {
			t.Errorf("recipients: %v", to)
		}
		done, err := b.Deliveries(ctx, b.Owner.ReadScope, notify.DeliveryFilter{Status: notify.Sent}, paging.Query{Sort: "route"})
		if err != nil || done.Total != 4 || done.Rows[0].Attempts != 2 || done.Rows[0].RouteName != "Mail" {
			t.Errorf("%d %v", done.Total, err)
		}
		if mine, err := b.Messages(ctx, b.Owner.ReadScope, b.OwnerUser.ID, paging.Query{}); err != nil || mine.Total != 1 {
			t.Errorf("%d %v", mine.Total, err)
		}
		if theirs, err := b.Deliveries(ctx, b.OtherOwner.ReadScope, notify.DeliveryFilter{}, paging.Query{}); err != nil || theirs.Total != 0 {
			t.Errorf("another organisation sees %d: %v", theirs.Total, err)
		}
	})
}

func TestGivenUp(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		b := setup(t, db)
		ctx := t.Context()
		if _, err := b.Add(ctx, b.Owner, now, slack()); err != nil {
			t.Fatal(err)
		}
		b.follow.tell = []notify.Message{message("a")}
		if _, err := b.Follow(ctx, b.Owner, now); err != nil {
			t.Fatal(err)
		}
		b.wire.fail = errs.New(errs.Unavailable, "no answer")
		at := now
		for range 10 {
			if _, err := b.Deliver(ctx, b.Owner, at); err != nil {
				t.Fatal(err)
			}
			at = at.Add(7 * time.Hour)
		}
		d, err := b.Deliveries(ctx, b.Owner.ReadScope, notify.DeliveryFilter{Status: notify.Failed}, paging.Query{})
		if err != nil || d.Total != 1 || d.Rows[0].Attempts != 6 || len(b.wire.got) != 6 || d.Rows[0].Error != "no answer" {
			t.Errorf("%+v %v", d.Rows, err)
		}
		// A final refusal is not tried again.
		b.wire.fail, b.follow.next, b.follow.tell = errs.New(errs.NotFound, "gone"), "2", []notify.Message{message("b")}
		if _, err := b.Follow(ctx, b.Owner, now); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if _, err := b.Deliver(ctx, b.Owner, now.Add(time.Duration(i)*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if len(b.wire.got) != 7 {
			t.Errorf("%d attempts", len(b.wire.got))
		}
	})
}

// TestRate: a route takes so many messages in an hour; the rest waits, and is not lost.
func TestRate(t *testing.T) {
	t.Parallel()
	b := setup(t, sqldbtest.SQLite(t))
	ctx := t.Context()
	if _, err := b.Add(ctx, b.Owner, now, slack()); err != nil {
		t.Fatal(err)
	}
	for i := range notify.PerHour + 5 {
		b.follow.tell = append(b.follow.tell, message(fmt.Sprint(i)))
	}
	if _, err := b.Follow(ctx, b.Owner, now); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for i := range 5 {
		n, err := b.Deliver(ctx, b.Owner, now.Add(time.Duration(i)*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		sent += n
	}
	if sent != notify.PerHour {
		t.Errorf("%d in the first hour", sent)
	}
	if n, err := b.Deliver(ctx, b.Owner, now.Add(2*time.Hour)); err != nil || n != 5 {
		t.Errorf("%d afterwards: %v", n, err)
	}
}

// TestOneClaim: two processes that look at the same time do not send twice.
func TestOneClaim(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		b := setup(t, db)
		ctx := t.Context()
		if _, err := b.Add(ctx, b.Owner, now, slack()); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			b.follow.tell = append(b.follow.tell, message(fmt.Sprint(i)))
		}
		if _, err := b.Follow(ctx, b.Owner, now); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := b.Deliver(ctx, b.Owner, now); err != nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Unavailable) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if _, err := b.Deliver(ctx, b.Owner, now); err != nil {
			t.Error(err)
		}
		if len(b.wire.got) != 20 {
			t.Errorf("%d posts of 20 messages", len(b.wire.got))
		}
	})
}

// TestTry: the test message goes at once, whatever the route carries, and says what came of it.
func TestTry(t *testing.T) {
	t.Parallel()
	b := setup(t, sqldbtest.SQLite(t))
	ctx := t.Context()
	d := slack()
	d.Enabled = false
	r, err := b.Add(ctx, b.Owner, now, d)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Test(ctx, b.Owner, now, r.ID); err != nil || len(b.wire.got) != 1 {
		t.Errorf("%d %v", len(b.wire.got), err)
	}
	b.wire.fail = errs.New(errs.NotFound, "hooks.slack.com answered 404")
	if err := b.Test(ctx, b.Owner, now, r.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("%v", err)
	}
	all, err := b.Deliveries(ctx, b.Owner.ReadScope, notify.DeliveryFilter{}, paging.Query{})
	if err != nil || all.Total != 2 {
		t.Errorf("%d %v", all.Total, err)
	}
	if n, err := b.Deliver(ctx, b.Owner, now.Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("sent again: %d %v", n, err)
	}
}

// TestDrafts: each wrong field is refused at its place.
func TestDrafts(t *testing.T) {
	t.Parallel()
	b := setup(t, sqldbtest.SQLite(t))
	set := func(key, value string) func(*notify.Draft) {
		return func(d *notify.Draft) { d.Settings[key] = value }
	}
	for name, c := range map[string]struct {
		draft  notify.Draft
		change func(*notify.Draft)
		field  string
	}{
		"no name":               {slack(), func(d *notify.Draft) { d.Name = " " }, "name"},
		"long name":             {slack(), func(d *notify.Draft) { d.Name = strings.Repeat("é", 81) }, "name"},
		"two lines":             {slack(), func(d *notify.Draft) { d.Name = "a\nb" }, "name"},
		"no kind":               {slack(), func(d *notify.Draft) { d.Kind = "pigeon" }, "kind"},
		"no events":             {slack(), func(d *notify.Draft) { d.Events = nil }, "events"},
		"strange event":         {slack(), func(d *notify.Draft) { d.Events = []notify.Event{"everything"} }, "events"},
		"no address":            {slack(), func(d *notify.Draft) { d.Secret = "" }, "secret"},
		"address without host":  {slack(), func(d *notify.Draft) { d.Secret = "javascript:alert(1)" }, "secret"},
		"password in address":   {slack(), func(d *notify.Draft) { d.Secret = "https://a:b@hooks.example/" }, "secret"},
		"no server":             {email(), set("host", ""), "host"},
		"server with a path":    {email(), set("host", "mail.example/x"), "host"},
		"no port":               {email(), set("port", "x"), "port"},
		"port too high":         {email(), set("port", "65536"), "port"},
		"strange security":      {email(), set("security", "rot13"), "security"},
		"password unencrypted":  {email(), set("security", "none"), "security"},
		"user without password": {email(), func(d *notify.Draft) { d.Secret = "" }, "user"},
		"no sender":             {email(), set("from", "Tickmark"), "from"},
		"header in sender":      {email(), set("from", "a@b.example\r\nBcc: x@y.example"), "from"},
		"nobody":                {email(), func(d *notify.Draft) { d.Settings["to"], d.Settings["person"] = "", "no" }, "to"},
		"no recipient":          {email(), set("to", "dana"), "to"},
		"too many recipients":   {email(), set("to", manyAddresses()), "to"},
		"short signing secret":  {notify.Draft{Name: "x", Kind: notify.Webhook, Settings: map[string]string{"url": "https://x.example/"}, Secret: "short", Events: []notify.Event{notify.JobFailed}}, func(*notify.Draft) {}, "secret"},
		"webhook nowhere":       {notify.Draft{Name: "x", Kind: notify.Webhook, Settings: map[string]string{"url": "x"}, Events: []notify.Event{notify.JobFailed}}, func(*notify.Draft) {}, "url"},
	} {
		c.change(&c.draft)
		_, err := b.Add(t.Context(), b.Owner, now, c.draft)
		if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != c.field {
			t.Errorf("%s: %v at %q, expected %q", name, err, errs.FieldOf(err), c.field)
		}
	}
}

func manyAddresses() string {
	var out []string
	for i := range 21 {
		out = append(out, fmt.Sprintf("p%d@northwind.example", i))
	}
	return strings.Join(out, "\n")
}

// TestPagerDutyEnds: what could not be told while it was open is not opened again after it was closed, by a retry or by hand; what is
// opened anew is.
func TestPagerDutyEnds(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		b, ctx, at := setup(t, db), t.Context(), now
		scope := b.Access.System(b.Org.ID, "notices")
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := b.Add(ctx, b.Owner, at, notify.Draft{Name: "On call", Kind: notify.PagerDuty, Secret: strings.Repeat("a1b2", 8), Settings: map[string]string{"url": "https://events.pagerduty.example/v2/enqueue"}, Events: []notify.Event{notify.AlertRaised}, Enabled: true})
		ok(err)
		pass := func(cursor string, fail error, m ...notify.Message) (sent []notify.Event) {
			t.Helper()
			b.follow.tell, b.follow.next, b.wire.fail, b.wire.got = m, cursor, fail, nil
			_, err := b.Follow(ctx, scope, at)
			ok(err)
			_, err = b.Deliver(ctx, scope, at)
			ok(err)
			for _, p := range b.wire.got {
				sent = append(sent, p.Message.Event)
			}
			at = at.Add(time.Hour)
			return sent
		}
		alert := func(key string, e notify.Event) notify.Message {
			return notify.Message{Key: key, Event: e, Subject: key, Link: "/alerts/ALR-1", Level: "critical"}
		}
		down := errs.New(errs.Unavailable, "it does not answer")
		if got := pass("1", down, alert("raised", notify.AlertRaised)); fmt.Sprint(got) != "[alert.raised]" {
			t.Errorf("first: %v", got)
		}
		if got := pass("2", nil, alert("closed", notify.AlertClosed)); fmt.Sprint(got) != "[alert.closed]" {
			t.Errorf("after it was closed: %v", got)
		}
		list, err := b.Deliveries(ctx, b.Owner.ReadScope, notify.DeliveryFilter{Status: notify.Failed}, paging.Query{})
		ok(err)
		if list.Total != 1 || !strings.Contains(list.Rows[0].Error, "closed before") {
			t.Fatalf("%+v", list)
		}
		_, err = b.Again(ctx, b.Owner, at, list.Rows[0].ID)
		ok(err)
		if got := pass("3", nil); len(got) != 0 {
			t.Errorf("by hand: %v", got)
		}
		both := []notify.Message{alert("raised anew", notify.AlertRaised), alert("closed anew", notify.AlertClosed), alert("raised a third time", notify.AlertRaised)}
		if got := pass("4", nil, both...); fmt.Sprint(got) != "[alert.closed alert.raised]" {
			t.Errorf("opened anew: %v", got)
		}
	})
}
