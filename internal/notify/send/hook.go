package send

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// Hooks posts JSON over HTTPS. Plain HTTP is taken only for the exact host:port pairs of AllowPrivate.
type Hooks struct {
	AllowPrivate []string
	UserAgent    string
}

// hookTimeout bounds one post; mostAnswer what is read of its answer.
const (
	hookTimeout = 15 * time.Second
	mostAnswer  = 64 << 10
)

// Slack posts blocks to an incoming web hook: a header, the text, whose it is, and a button.
func (h Hooks) Slack() notify.Sender {
	return sender(func(ctx context.Context, p notify.Parcel) error {
		esc := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
		plain := func(s string, most int) map[string]any {
			return map[string]any{"type": "plain_text", "text": notify.OneLine(s, most), "emoji": false}
		}
		about := []any{plain(p.Org, 200)}
		if p.Message.Level != "" {
			about = append(about, plain("Level: "+p.Message.Level, 60))
		}
		blocks := []any{map[string]any{"type": "header", "text": plain(p.Message.Subject, slackHeader)}}
		if text := clip(p.Message.Text, slackText); text != "" {
			blocks = append(blocks, map[string]any{"type": "section", "text": map[string]any{"type": "plain_text", "text": text, "emoji": false}})
		}
		blocks = append(blocks, map[string]any{"type": "context", "elements": about})
		if p.Link != "" {
			blocks = append(blocks, map[string]any{"type": "actions", "elements": []any{map[string]any{"type": "button", "text": plain("Open in Tickmark", 75), "url": p.Link}}})
		}
		// The text stands for the blocks where those cannot be shown, as in a notification.
		return h.post(ctx, p.Secret, map[string]any{"text": esc.Replace(p.Message.Subject), "blocks": blocks, "unfurl_links": false}, nil)
	})
}

// Bounds of Slack's blocks, in characters.
const (
	slackHeader = 150
	slackText   = 3000
)

// clip cuts a text of many lines.
func clip(s string, most int) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// graveness is a level as PagerDuty calls it.
var graveness = map[string]string{"critical": "critical", "high": "error", "medium": "warning"}

// PagerDuty sends events of Events API v2. What is about the same alert or incident has the same key, so that PagerDuty opens,
// acknowledges and resolves one incident of its own. A test opens one and resolves it at once.
func (h Hooks) PagerDuty() notify.Sender {
	return sender(func(ctx context.Context, p notify.Parcel) error {
		event := map[string]any{"routing_key": p.Secret, "event_action": "trigger", "dedup_key": dedupKey(p), "client": "Tickmark"}
		switch p.Message.Event { //nolint:exhaustive // everything else is something new
		case notify.AlertAcknowledged:
			event["event_action"] = "acknowledge"
			return h.page(ctx, p, event)
		case notify.AlertClosed, notify.IncidentClosed:
			event["event_action"] = "resolve"
			return h.page(ctx, p, event)
		}
		severity := graveness[p.Message.Level]
		if severity == "" {
			severity = "info"
		}
		event["payload"] = map[string]any{
			"summary": notify.OneLine(p.Message.Subject, pagerSummary), "source": p.Org, "severity": severity, "timestamp": p.Message.At.UTC().Format(time.RFC3339),
			"component": "Tickmark", "class": string(p.Message.Event), "custom_details": map[string]any{"text": clip(p.Message.Text, pagerText), "level": p.Message.Level},
		}
		if p.Link != "" {
			event["client_url"], event["links"] = p.Link, []any{map[string]any{"href": p.Link, "text": "Open in Tickmark"}}
		}
		if err := h.page(ctx, p, event); err != nil || p.Message.Event != notify.EventTest {
			return err
		}
		return h.page(ctx, p, map[string]any{"routing_key": p.Secret, "event_action": "resolve", "dedup_key": event["dedup_key"]})
	})
}

// Bounds of PagerDuty's events, in characters; a whole event has at most 512 KB.
const (
	pagerSummary = 1000
	pagerText    = 4000
)

// dedupKey names what a message is about: the page of the alert or incident, or else the message itself.
func dedupKey(p notify.Parcel) string {
	about := p.Message.ID
	if strings.HasPrefix(p.Message.Link, "/alerts/") || strings.HasPrefix(p.Message.Link, "/incidents/") {
		about = p.Message.Link
	}
	return "tickmark:" + p.OrgID + ":" + about
}

// page sends one event. PagerDuty's own words for a fault are not told: they repeat what was sent, and the key is in it.
func (h Hooks) page(ctx context.Context, p notify.Parcel, event map[string]any) error {
	err := h.post(ctx, p.Settings["url"], event, nil)
	if errs.KindOf(err) == errs.Invalid && err != nil {
		return errs.Hinted(err, "PagerDuty refuses the event: check the integration key.")
	}
	return err
}

// Teams posts an adaptive card to a workflow.
func (h Hooks) Teams() notify.Sender {
	return sender(func(ctx context.Context, p notify.Parcel) error {
		block := func(text string, more map[string]any) map[string]any {
			// A text block reads some Markdown; a backslash before its signs leaves them as they are.
			b := map[string]any{"type": "TextBlock", "wrap": true, "text": markdown.Replace(text)}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		card := map[string]any{
			"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
			"body": []any{
				block(p.Message.Subject, map[string]any{"weight": "Bolder", "size": "Medium"}), block(p.Message.Text, nil),
				block(orgLine(p), map[string]any{"isSubtle": true, "size": "Small"}),
			},
			"actions": []any{map[string]any{"type": "Action.OpenUrl", "title": "Open in Tickmark", "url": p.Link}},
		}
		return h.post(ctx, p.Secret, map[string]any{"type": "message", "attachments": []any{
			map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}, nil)
	})
}

// orgLine says whose message it is, and how grave.
func orgLine(p notify.Parcel) string {
	if p.Message.Level == "" {
		return p.Org
	}
	return p.Org + " · level " + p.Message.Level
}

var markdown = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, "`", "\\`", `#`, `\#`)

// Webhook posts to a program of the organisation's own, signed if there is a secret.
func (h Hooks) Webhook() notify.Sender {
	return sender(func(ctx context.Context, p notify.Parcel) error {
		return h.post(ctx, p.Settings["url"], map[string]any{
			"id": p.Message.ID, "event": p.Message.Event, "subject": p.Message.Subject, "text": p.Message.Text, "url": p.Link,
			"organisation": p.Org, "level": p.Message.Level, "at": p.Message.At.UTC().Format(time.RFC3339),
		}, func(r *http.Request, body []byte) {
			r.Header.Set("Tickmark-Delivery", p.Delivery) // the same over attempts
			if p.Secret != "" {
				r.Header.Set("Tickmark-Signature", Signature(p.Secret, p.At, body))
			}
		})
	})
}

// Signature is the header that lets a receiver check who sent a body and when: t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">.
func Signature(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(t + "."))
	_, _ = m.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(m.Sum(nil))
}

type sender func(ctx context.Context, p notify.Parcel) error

// Send implements notify.Sender.
func (f sender) Send(ctx context.Context, p notify.Parcel) error { return f(ctx, p) }

// post sends JSON. The address may be a secret: nothing of it but the host stands in errors, and nothing is logged.
func (h Hooks) post(ctx context.Context, address string, doc any, sign func(*http.Request, []byte)) error {
	if err := notify.Address(address, ""); err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return errs.New(errs.Invalid, "the address of the route is damaged")
	}
	if u.Scheme != "https" && !slices.Contains(h.AllowPrivate, u.Host) {
		return errs.New(errs.Invalid, "%s is asked for without encryption", u.Host).WithHint("Use an address that begins with https://.")
	}
	body, err := json.Marshal(doc)
	if err != nil {
		return errs.As(errs.Internal, err, "body of a message")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errs.New(errs.Invalid, "the address of the route is damaged")
	}
	req.Header.Set("Content-Type", "application/json")
	if sign != nil {
		sign(req, body)
	}
	client := httpx.New(httpx.Options{Timeout: hookTimeout, Retries: -1, MaxWait: time.Second, MaxBody: mostAnswer, AllowPrivate: h.AllowPrivate, UserAgent: h.UserAgent})
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a post goes where it was meant to or nowhere
	defer client.CloseIdleConnections()
	_, err = httpx.Fetch(ctx, client, req)
	return hookFault(u.Host, err)
}

// hookFault tells a fault again without the path of the address.
func hookFault(host string, err error) error {
	if err == nil {
		return nil
	}
	if status := httpx.StatusOf(err); status != 0 {
		out := errs.New(errs.KindOf(err), "%s answered %d %s", host, status, http.StatusText(status))
		switch {
		case status == http.StatusNotFound, status == http.StatusGone, status == http.StatusForbidden, status == http.StatusUnauthorized:
			return out.WithHint("The address may have been revoked: make a new one and enter it here.")
		case status >= 300 && status < 400:
			return out.WithHint("Redirects are not followed: enter the address it leads to.")
		}
		return out
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if x, ok := e.(*errs.Error); ok && x.Kind == errs.Denied { //nolint:errorlint // each one in turn
			return errs.New(errs.Denied, "%s is not on the public internet, and messages may not go there", host).WithHint("If the system is your own, have an administrator allow its exact host:port.")
		}
	}
	if errs.Is(err, errs.Exhausted) {
		return errs.New(errs.Exhausted, "%s takes no more messages for now", host)
	}
	return errs.New(errs.Unavailable, "%s does not answer", host)
}
