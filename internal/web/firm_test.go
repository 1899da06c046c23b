package web_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/notify"
)

// recordsFirm holds that a partner records licence and peer review once, that the firm gives them to an engagement, where the client sees
// them, and that both sides see which numbers are custom.
func (in *installation) recordsFirm(t *testing.T, post func(path, cookie string, want int, form url.Values) (string, string), says func(doc, want string)) {
	t.Helper()
	owner, partner, senior, staff := in.cookie[access.Owner], in.firm(access.Partner), in.firm(access.Senior), in.firm(access.Staff)
	const page = "/methodology/firm"
	audit := "/audits/" + in.engagement
	says(text(in.get(t, page, staff, 200)), "A partner records licence and peer review here.")
	says(text(in.get(t, page, staff, 200)), "Table of sample sizes")
	post(page, senior, 403, url.Values{})
	_, body := post(audit+"/firm", senior, 422, url.Values{})
	says(body, "recorded neither its licence nor its peer review")
	_, body = post(page, partner, 422, url.Values{"base": {"0"}, "name": {"Marlowe & Pike LLP"}, "licence": {""}, "peer_review": {"31 June"}})
	says(body, "Write a day such as")
	_, body = post(page, partner, 422, url.Values{"base": {"0"}, "name": {"Marlowe & Pike LLP"}, "licence": {"Permit 12"}, "peer_review": {"2999-01-01"}})
	says(body, "has not happened yet")
	good := url.Values{"base": {"0"}, "name": {"Marlowe & Pike LLP"}, "licence": {"Permit <12>, Board of Northland"}, "peer_review": {"2025-10-31"}}
	post(page, partner, 303, good)
	_, body = post(page, partner, 409, good)
	says(body, "Permit &lt;12&gt;")
	post(audit+"/firm", staff, 403, url.Values{})
	post(audit+"/firm", senior, 303, url.Values{})
	says(text(in.get(t, page, senior, 200)), "As here")
	if doc := text(in.get(t, "/engagements/"+in.ref(t)+"/auditors", owner, 200)); !strings.Contains(doc, "Permit <12>, Board of Northland") {
		t.Errorf("the client does not see the licence: %.1500s", doc)
	}
	in.get(t, page, owner, 403)
	doc := text(in.get(t, "/settings/customs", owner, 200))
	for _, want := range []string{"A bridge letter covers at most", "92 days", "12 months", "bridge_max_days"} {
		says(doc, want)
	}
}

// captured is an e-mail route that keeps what it sends.
type captured struct{ sent []notify.Parcel }

// Send implements notify.Sender.
func (c *captured) Send(_ context.Context, p notify.Parcel) error {
	c.sent = append(c.sent, p)
	return nil
}

// mailsReader holds that a reader's link is sent by e-mail once a route carries it: made when the message goes out, to that reader alone,
// and nowhere else.
func (in *installation) mailsReader(t *testing.T, reader string, post func(path, cookie string, want int, form url.Values) (string, string), says func(doc, want string)) {
	t.Helper()
	ctx, a, owner := t.Context(), in.app, in.cookie[access.Owner]
	_, body := post(reader+"/mail", owner, 422, url.Values{})
	says(body, "o e-mail route carries links to readers")
	op, err := a.Access.Operator(ctx, in.ownOrg(), "test")
	if err != nil {
		t.Fatal(err)
	}
	box := &captured{}
	a.Notify.Senders = map[notify.RouteKind]notify.Sender{notify.Email: box}
	if _, err := a.Notify.Add(ctx, op, in.now, notify.Draft{Name: "Mail", Kind: notify.Email, Enabled: true, Secret: "correct horse", Events: []notify.Event{notify.ReportShared},
		Settings: map[string]string{"host": "mail.northwind.example", "port": "587", "security": "starttls", "user": "tickmark", "from": "tickmark@northwind.example", "to": "team@northwind.example"}}); err != nil {
		t.Fatal(err)
	}
	bot := a.Access.System(in.ownOrg(), "notifications")
	if _, err := a.Notify.Follow(ctx, bot, in.now); err != nil { // the first look begins now
		t.Fatal(err)
	}
	post(reader+"/mail", in.cookie[access.ControlOwner], 403, url.Values{})
	post(reader+"/mail", owner, 303, url.Values{})
	if _, err := a.Notify.Follow(ctx, bot, in.now); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Notify.Deliver(ctx, bot, in.now); err != nil {
		t.Fatal(err)
	}
	if len(box.sent) != 1 || len(box.sent[0].To) != 1 || box.sent[0].To[0] != "ana@contoso.example" || !strings.Contains(box.sent[0].Link, "/shared/northwind.") {
		t.Fatalf("%+v", box.sent)
	}
	u, err := url.Parse(box.sent[0].Link)
	if err != nil {
		t.Fatal(err)
	}
	says(text(in.get(t, u.Path, "", 200)), "restricted use")
}
