package app_test

import (
	"context"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/people"
)

// letter is an e-mail as the server took it.
type letter struct {
	to      []string
	subject string
	header  mail.Header
	body    string
}

// link is the secret of the personal link in a letter; empty without one.
func (l letter) link() string {
	_, after, found := strings.Cut(l.body, "/mine/northwind.")
	if !found {
		return ""
	}
	return strings.Fields(after)[0]
}

// postOffice is a real mail server on loopback. It refuses one address for good.
type postOffice struct {
	mu      sync.Mutex
	letters []letter
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }

type counter struct {
	office *postOffice
	to     []string
}

func (c *counter) Mail(string, *smtp.MailOptions) error { return nil }
func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "refused@") {
		return &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
	}
	c.to = append(c.to, to)
	return nil
}
func (c *counter) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.letters = append(c.office.letters, letter{to: c.to, subject: subject, header: m.Header, body: string(body)})
	return err
}
func (c *counter) Reset()        { c.to = nil }
func (c *counter) Logout() error { return nil }

// fetched takes what lies at the office, by address.
func (p *postOffice) fetched(t *testing.T) map[string]letter {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]letter{}
	for _, l := range p.letters {
		if len(l.to) != 1 {
			t.Errorf("a letter goes to %q", l.to)
			continue
		}
		if _, twice := out[l.to[0]]; twice {
			t.Errorf("%s gets two letters: %s", l.to[0], l.subject)
		}
		out[l.to[0]] = l
	}
	p.letters = nil
	return out
}

func opened(t *testing.T) (office *postOffice, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	office = &postOffice{}
	s := smtp.NewServer(office)
	s.Domain = "localhost"
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return office, l.Addr().String()
}

// lesson is a course whose title tries what a header may not hold.
const lesson = `---
title: "🔐 אבטחת מידע \u202Egnp.exe Bcc: eve@evil.example"
kind: awareness
minutes: 5
pass: 1
questions:
  - ask: Right?
    choices: [{text: "Yes", right: true}, {text: "No"}]
    why: Because.
---
# First

Read this.
`

// TestMailToPeople: everybody whom a campaign asks gets one letter, alone, through a real mail server; who has no account gets a
// link that the next letter ends; what nobody did is told to the manager once; a mailbox that refuses holds nobody up.
func TestMailToPeople(t *testing.T) {
	t.Parallel()
	office, address := opened(t)
	host, port, _ := net.SplitHostPort(address)
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	a := open(t, map[string]string{"data": t.TempDir(), "allow_private": address, "url": "https://tickmark.example"})
	a.Clock = func() time.Time { return now }
	ctx := t.Context()
	_, scope, err := a.CreateOrg(ctx, "test", access.NewOrg{Slug: "northwind", Name: "North\u2028wind"}, access.NewUser{Email: "dana@northwind.example", Name: "Dana", Password: "correct horse battery"}, false)
	must(t, err)
	_, err = a.Notify.Add(ctx, scope, now, notify.Draft{Name: "Mail", Kind: notify.Email, Enabled: true, Events: []notify.Event{notify.DutyOpened, notify.DutyDue, notify.DutyOverdue},
		Settings: map[string]string{"host": host, "port": port, "security": "none", "from": "Tickmark <tickmark@northwind.example>", "to": "security@northwind.example"}})
	must(t, err)
	_, err = a.People.Enter(ctx, scope, now, []people.New{
		{Name: "Dana", Email: "dana@northwind.example", Number: "1"},
		{Name: "Zoë\r\nBcc: eve@evil.example", Email: "zoe@northwind.example", Number: "2", Manager: "1"},
		{Name: "יעל כהן", Email: "yael@northwind.example", Number: "3", Manager: "1"},
		{Name: "Full Mailbox", Email: "refused@northwind.example", Number: "4"},
	}, false)
	must(t, err)
	_, err = a.Training.Add(ctx, scope, now, lesson)
	must(t, err)
	told := func() map[string]letter {
		t.Helper()
		for range 2 { // the second look tells nothing again
			must(t, a.NoticesNow(ctx))
		}
		return office.fetched(t)
	}
	if got := told(); len(got) != 0 {
		t.Errorf("told of the past: %v", got)
	}
	now = now.Add(time.Minute)
	c, err := a.Campaigns.Open(ctx, scope, now, campaign.New{Kind: campaign.Train, Subject: "TRN-01", Audience: campaign.Audience{Everybody: true}, Standing: true, Grace: 30, Due: period.Of(now) + 10})
	must(t, err)
	first := told()
	if len(first) != 3 || first["security@northwind.example"].subject != "" {
		t.Fatalf("%d letters: %v", len(first), first)
	}
	for to, l := range first {
		if !strings.HasPrefix(l.subject, "[North wind] 🔐 אבטחת מידע") || strings.ContainsAny(l.subject, "\u202e\r\n") || l.header.Get("Bcc") != "" || l.header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("%s: %q %v", to, l.subject, l.header)
		}
		if !strings.Contains(l.body, "by 12 March 2026") {
			t.Errorf("%s: %s", to, l.body)
		}
	}
	if d := first["dana@northwind.example"]; d.link() != "" || !strings.Contains(d.body, "https://tickmark.example/duties/") {
		t.Errorf("somebody with an account gets %s", d.body)
	}
	secret := first["zoe@northwind.example"].link()
	if p, _, err := a.Campaigns.Holder(ctx, scope.ReadScope, now, secret); err != nil || p.Email != "zoe@northwind.example" {
		t.Fatalf("%q opens for %q: %v", secret, p.Email, err)
	}
	kept(t, a, scope, secret)

	// A week before its day: a new letter, whose link ends the one before; Yael is done and hears nothing.
	_, yael, err := a.Campaigns.Holder(ctx, scope.ReadScope, now, first["yael@northwind.example"].link())
	must(t, err)
	open, _, err := a.Campaigns.Mine(ctx, scope.ReadScope, yael)
	must(t, err)
	_, err = a.Training.Answer(ctx, scope, now, yael, open[0].ID, [][]int{{0}})
	must(t, err)
	now = now.AddDate(0, 0, 3)
	second := told()
	if len(second) != 2 || second["zoe@northwind.example"].link() == "" || second["zoe@northwind.example"].link() == secret {
		t.Errorf("%v", second)
	}
	if _, _, err := a.Campaigns.Holder(ctx, scope.ReadScope, now, secret); !errs.Is(err, errs.NotFound) {
		t.Errorf("the link of the letter before still opens: %v", err)
	}
	// A reminder that somebody asks for goes out once, also when it is asked for twice.
	_, err = a.Campaigns.Remind(ctx, scope, now, c.Ref, false)
	must(t, err)
	if _, err = a.Campaigns.Remind(ctx, scope, now, c.Ref, false); !errs.Is(err, errs.Conflict) {
		t.Errorf("reminded twice: %v", err)
	}
	if got := told(); len(got) != 2 || !strings.Contains(got["zoe@northwind.example"].subject, "Reminder: ") {
		t.Errorf("%v", got)
	}
	// A week after its day: the person, and the manager once.
	now = now.AddDate(0, 0, 14)
	a.NoticesNow(ctx)
	var overdue []string
	office.mu.Lock()
	for _, l := range office.letters {
		overdue = append(overdue, l.to[0]+" "+strings.Split(l.subject, ":")[0])
		if strings.Contains(l.subject, "Overdue among your people") && (!strings.Contains(l.body, "- Zoë Bcc: eve@evil.example\r\n") || strings.Contains(l.body, "יעל")) {
			t.Errorf("the manager reads %s", l.body)
		}
	}
	office.letters = nil
	office.mu.Unlock()
	if !slices.Contains(overdue, "dana@northwind.example [North wind] Overdue among your people") {
		t.Errorf("%q", overdue)
	}
	if got := told(); len(got) != 0 {
		t.Errorf("told again: %v", got)
	}
	failed, err := a.Notify.Deliveries(ctx, scope.ReadScope, notify.DeliveryFilter{Status: notify.Failed}, paging.Query{})
	must(t, err)
	if failed.Total != 4 || !strings.Contains(failed.Rows[0].Error, "no such mailbox") || failed.Rows[0].Attempts != 1 {
		t.Errorf("%d given up: %+v", failed.Total, failed.Rows)
	}
}

// kept looks for a secret in all that was kept about messages.
func kept(t *testing.T, a *app.App, scope access.Scope, secret string) {
	t.Helper()
	all, err := a.Notify.Deliveries(t.Context(), scope.ReadScope, notify.DeliveryFilter{}, paging.Query{})
	must(t, err)
	for _, d := range all.Rows {
		if strings.Contains(d.Message.Text+d.Message.Link+d.Error, secret) {
			t.Errorf("the secret of a link is kept with %s", d.Message.Key)
		}
	}
}

// TestReturns: who leaves has nothing left to do, and who returns is asked again; both by what the directory says.
func TestReturns(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	today := period.Of(now)
	a := open(t, map[string]string{"data": t.TempDir()})
	a.Clock = func() time.Time { return now }
	ctx := t.Context()
	_, scope, err := a.CreateOrg(ctx, "test", access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Email: "dana@northwind.example", Name: "Dana", Password: "correct horse battery"}, false)
	must(t, err)
	zoe := people.New{Name: "Zoë Ek", Email: "zoe@northwind.example", Number: "2", Started: today - 100}
	_, err = a.People.Enter(ctx, scope, now, []people.New{zoe}, false)
	must(t, err)
	_, err = a.Training.Add(ctx, scope, now, lesson)
	must(t, err)
	c, err := a.Campaigns.Open(ctx, scope, now, campaign.New{Kind: campaign.Train, Subject: "TRN-01", Title: "Learn", Audience: campaign.Audience{Everybody: true}, Standing: true, Grace: 30, Due: today + 10})
	must(t, err)
	token, err := a.Campaigns.NewLink(ctx, scope, now, duties(t, a, scope, c)[0].Person)
	must(t, err)
	records, err := a.EnsureOwn(ctx, scope, now)
	must(t, err)
	zoe.Ended = today + 2
	now = now.AddDate(0, 0, 5)
	_, err = a.People.Amend(ctx, scope, now, "P-0001", 0, zoe)
	must(t, err)
	must(t, a.RefreshAfter(ctx, scope, now, records))
	if got := duties(t, a, scope, c); len(got) != 1 || got[0].State != campaign.Void || got[0].Note != "left on 2026-03-04" {
		t.Errorf("%+v", got)
	}
	if _, _, err := a.Campaigns.Holder(ctx, scope.ReadScope, now, token); !errs.Is(err, errs.NotFound) {
		t.Errorf("the link of somebody who left opens: %v", err)
	}
	zoe.Started, zoe.Ended = today+40, 0
	now = now.AddDate(0, 0, 45)
	_, err = a.People.Amend(ctx, scope, now, "P-0001", 0, zoe)
	must(t, err)
	for range 2 {
		must(t, a.RefreshAfter(ctx, scope, now, records))
	}
	got := duties(t, a, scope, c)
	if len(got) != 2 || got[0].State != campaign.Void || got[1].State != campaign.Open || got[1].Stint != 2 || got[1].Due != today+70 {
		t.Errorf("%+v", got)
	}
}

// duties are those of a campaign, by stint.
func duties(t *testing.T, a *app.App, scope access.Scope, c campaign.Campaign) []campaign.Duty {
	t.Helper()
	res, err := a.Campaigns.Duties(context.WithoutCancel(t.Context()), scope.ReadScope, campaign.DutyFilter{Campaign: c.ID}, paging.Query{Sort: "opened"})
	must(t, err)
	return res.Rows
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
