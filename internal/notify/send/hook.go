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

// Slack posts to an incoming web hook.
func (h Hooks) Slack() notify.Sender {
	return sender(func(ctx context.Context, p notify.Parcel) error {
		esc := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
		text := "*" + esc.Replace(p.Message.Subject) + "*\n" + esc.Replace(p.Message.Text) + "\n<" + p.Link + "|Open in Tickmark> · " + esc.Replace(p.Org)
		return h.post(ctx, p.Secret, map[string]any{"text": text, "unfurl_links": false}, nil)
	})
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
				block(p.Org, map[string]any{"isSubtle": true, "size": "Small"}),
			},
			"actions": []any{map[string]any{"type": "Action.OpenUrl", "title": "Open in Tickmark", "url": p.Link}},
		}
		return h.post(ctx, p.Secret, map[string]any{"type": "message", "attachments": []any{
			map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}, nil)
	})
}

var markdown = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, "`", "\\`", `#`, `\#`)

// Webhook posts to a program of the organisation's own, signed if there is a secret.
func (h Hooks) Webhook() notify.Sender {
	return sender(func(ctx context.Context, p notify.Parcel) error {
		return h.post(ctx, p.Settings["url"], map[string]any{
			"id": p.Message.ID, "event": p.Message.Event, "subject": p.Message.Subject, "text": p.Message.Text, "url": p.Link,
			"organisation": p.Org, "at": p.Message.At.UTC().Format(time.RFC3339),
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
