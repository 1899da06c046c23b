// Package send delivers notifications: e-mail over SMTP, and posts to Slack, Microsoft Teams and web hooks. Everything it
// dials goes through the guard of package httpx, and no error it returns holds a secret.
package send

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/notify"
)

// Mail sends by SMTP.
type Mail struct {
	Dial func(ctx context.Context, network, addr string) (net.Conn, error) // httpx.Dialer
	// TLS is the base of the TLS configuration; nil for the system's authorities.
	TLS *tls.Config
}

// mailTimeout bounds one e-mail, from dialling to the server's last answer.
const mailTimeout = 30 * time.Second

// Send delivers one message to all recipients.
func (m Mail) Send(ctx context.Context, p notify.Parcel) error {
	host := p.Settings["host"]
	port, err := strconv.Atoi(p.Settings["port"])
	if err != nil {
		return errs.New(errs.Invalid, "%q is no port", p.Settings["port"])
	}
	msg, err := compose(p)
	if err != nil {
		return err
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.TLS != nil {
		conf = m.TLS.Clone()
	}
	conf.ServerName = host
	options := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(mailTimeout), gomail.WithTLSConfig(conf), gomail.WithHELO("tickmark.localdomain"), gomail.WithoutNoop()}
	dial := m.Dial
	switch p.Settings["security"] {
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case "tls": // the connection is encrypted before the library sees it, so that the guard stays in front
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
		dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			plain, err := m.Dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			c := tls.Client(plain, conf)
			if err := c.HandshakeContext(ctx); err != nil {
				_ = plain.Close()
				return nil, err
			}
			return c, nil
		}
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	options = append(options, gomail.WithDialContextFunc(dial))
	if user := p.Settings["user"]; user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(user), gomail.WithPassword(p.Secret))
	}
	client, err := gomail.NewClient(host, options...)
	if err != nil {
		return errs.As(errs.Invalid, err, "settings of the mail server")
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return mailFault(host, p.Secret, err)
	}
	return nil
}

// compose makes the e-mail: one plain text, which no reader can be hurt by.
func compose(p notify.Parcel) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8))
	if err := m.From(p.Settings["from"]); err != nil {
		return nil, errs.As(errs.Invalid, err, "the address messages come from")
	}
	if err := m.To(p.To...); err != nil {
		return nil, errs.As(errs.Invalid, err, "the addresses messages go to")
	}
	domain := "tickmark.localdomain"
	if a, err := mail.ParseAddress(p.Settings["from"]); err == nil {
		_, domain, _ = strings.Cut(a.Address, "@")
	}
	m.SetMessageIDWithValue(p.Delivery + "@" + domain) // the same over attempts, so that a second copy is known as one
	m.SetDateWithValue(p.At)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.Subject(notify.OneLine("["+p.Org+"] "+p.Message.Subject, 180))
	body := p.Message.Text + "\r\n\r\n"
	if p.Link != "" {
		body += p.Link + "\r\n\r\n"
	}
	m.SetBodyString(gomail.TypeTextPlain, body+"-- \r\nTickmark, "+notify.OneLine(p.Org, 100)+"\r\n")
	return m, nil
}

// mailFault gives a fault of SMTP its kind. What the server said is shown, unless the secret is in it.
func mailFault(host, secret string, err error) error {
	var known *errs.Error
	if errors.As(err, &known) {
		return errs.Wrap(known, "mail server %s", host) // the guard
	}
	said := notify.OneLine(err.Error(), 200)
	if secret != "" && strings.Contains(said, secret) {
		said = "(answer not shown: it repeats the password)"
	}
	var coded *textproto.Error
	var cert *tls.CertificateVerificationError
	var sent *gomail.SendError
	switch {
	case errors.As(err, &cert):
		return errs.New(errs.Invalid, "mail server %s: its certificate is not valid for the name", host).WithHint("Use the name the certificate is for.")
	case errors.As(err, &coded) && coded.Code == 535:
		return errs.New(errs.Denied, "mail server %s refuses user and password: %s", host, said).WithHint("Check both, and whether the server wants a password for applications.")
	case errors.As(err, &coded) && coded.Code >= 500, errors.As(err, &sent) && !sent.IsTemp() && sent.ErrorCode() >= 500:
		return errs.New(errs.Invalid, "mail server %s refuses the message: %s", host, said)
	case strings.Contains(said, "STARTTLS"):
		return errs.New(errs.Invalid, "mail server %s does not offer STARTTLS", host).WithHint("Choose TLS with port 465, if the server has it.")
	}
	return errs.New(errs.Unavailable, "mail server %s: %s", host, said)
}
