package send_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/notify"
	"github.com/tickmark/tickmark/internal/notify/send"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// post is a mail server on loopback that keeps what it gets.
type post struct {
	mu     sync.Mutex
	got    []letter
	refuse int // status it refuses recipients with
}

type letter struct {
	from string
	to   []string
	body string
	user string
	tls  bool
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	return &session{post: p, letter: letter{tls: secure}}, nil
}

type session struct {
	post *post
	letter
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "tickmark" || password != "correct horse" {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}
func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.post.refuse != 0 {
		return &smtp.SMTPError{Code: s.post.refuse, Message: "not today"}
	}
	s.to = append(s.to, to)
	return nil
}
func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.body = string(b)
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.got = append(s.post.got, s.letter)
	return err
}
func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }

// serve starts a mail server: plain with STARTTLS, or TLS from the beginning.
func serve(t *testing.T, p *post, implicit bool) (port string, roots *x509.CertPool) {
	t.Helper()
	cert, roots := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(p)
	s.Domain, s.AllowInsecureAuth = "localhost", false
	conf := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	s.TLSConfig = conf
	if implicit {
		s.TLSConfig = nil
		l = tls.NewListener(l, conf)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, roots
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	model := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, model, model, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func mailer(port string, roots *x509.CertPool) send.Mail {
	return send.Mail{Dial: httpx.Dialer([]string{"127.0.0.1:" + port}), TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
}

func parcel(port, security string) notify.Parcel {
	return notify.Parcel{
		Delivery: "dlv_1", Settings: map[string]string{"host": "127.0.0.1", "port": port, "security": security, "user": "tickmark", "from": "Tickmark <tickmark@northwind.example>"},
		Secret: "correct horse", To: []string{"dana@northwind.example", "omar@northwind.example"}, Org: "Northwind", Link: "https://tickmark.example/e/EV-1", At: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC),
		Message: notify.Message{ID: "msg_1", Event: notify.EvidenceDue, Subject: "Evidence of GOV-02 is due — 期限", Text: "Renew it.\n.\nBcc: all@northwind.example"},
	}
}

func TestMail(t *testing.T) {
	t.Parallel()
	for _, security := range []string{"starttls", "tls"} {
		t.Run(security, func(t *testing.T) {
			t.Parallel()
			p := &post{}
			port, roots := serve(t, p, security == "tls")
			if err := mailer(port, roots).Send(t.Context(), parcel(port, security)); err != nil {
				t.Fatal(err)
			}
			if len(p.got) != 1 {
				t.Fatalf("%d letters", len(p.got))
			}
			l := p.got[0]
			if !l.tls || l.user != "tickmark" || l.from != "tickmark@northwind.example" || len(l.to) != 2 {
				t.Errorf("%+v", l)
			}
			m, err := mail.ReadMessage(strings.NewReader(l.body))
			if err != nil {
				t.Fatal(err)
			}
			if m.Header.Get("Bcc") != "" || m.Header.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(m.Header.Get("Message-Id"), "dlv_1@northwind.example") {
				t.Errorf("%v", m.Header)
			}
		})
	}
}

// TestHeaders: nothing in a message becomes a header of its own.
func TestHeaders(t *testing.T) {
	t.Parallel()
	p := &post{}
	port, roots := serve(t, p, false)
	x := parcel(port, "starttls")
	x.Message.Subject = "Due\r\nBcc: eve@evil.example\r\n\r\n<script>"
	x.Org = "North\nwind"
	if err := mailer(port, roots).Send(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(p.got[0].body))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Bcc") != "" || len(p.got[0].to) != 2 {
		t.Errorf("%v %v", m.Header, p.got[0].to)
	}
}

func TestMailFaults(t *testing.T) {
	t.Parallel()
	p, full, later := &post{}, &post{refuse: 550}, &post{refuse: 451}
	port, roots := serve(t, p, false)
	fullPort, fullRoots := serve(t, full, false)
	laterPort, laterRoots := serve(t, later, false)
	for name, c := range map[string]struct {
		mail   send.Mail
		parcel notify.Parcel
		kind   errs.Kind
	}{
		"wrong password":      {mailer(port, roots), func() notify.Parcel { x := parcel(port, "starttls"); x.Secret = "hunter2 hunter2"; return x }(), errs.Denied},
		"private address":     {send.Mail{Dial: httpx.Dialer(nil)}, parcel(port, "starttls"), errs.Denied},
		"unknown certificate": {send.Mail{Dial: httpx.Dialer([]string{"127.0.0.1:" + port})}, parcel(port, "starttls"), errs.Invalid},
		"nobody there":        {mailer("1", roots), parcel("1", "starttls"), errs.Unavailable},
		"refused for good":    {mailer(fullPort, fullRoots), parcel(fullPort, "starttls"), errs.Invalid},
		"refused for now":     {mailer(laterPort, laterRoots), parcel(laterPort, "starttls"), errs.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.mail.Send(t.Context(), c.parcel)
			if errs.KindOf(err) != c.kind || err == nil {
				t.Fatalf("%v: %v", errs.KindOf(err), err)
			}
			if strings.Contains(err.Error(), c.parcel.Secret) || strings.Contains(errs.HintOf(err), c.parcel.Secret) {
				t.Errorf("the secret stands in %q", err)
			}
		})
	}
}

// hook is a server that keeps what is posted to it.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	heads  []http.Header
	status int
}

func listen(t *testing.T, status int) *hook {
	t.Helper()
	h := &hook{status: status}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bodies, h.heads = append(h.bodies, string(b)), append(h.heads, r.Header)
		if h.status == http.StatusFound {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
		}
		w.WriteHeader(h.status)
		_, _ = io.WriteString(w, `{"message":"T0/B0/secretsecret is gone"}`)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) hooks() send.Hooks {
	return send.Hooks{AllowPrivate: []string{h.Listener.Addr().String()}}
}

func hooked(address string) notify.Parcel {
	x := parcel("0", "")
	x.Secret, x.Settings = address, map[string]string{"url": address}
	x.Message.Subject = "Test <b>okta</b> & [more](x)"
	return x
}

func TestHooks(t *testing.T) {
	t.Parallel()
	h := listen(t, http.StatusOK)
	address := h.URL + "/services/T0/B0/secretsecret"
	if err := h.hooks().Slack().Send(t.Context(), hooked(address)); err != nil {
		t.Fatal(err)
	}
	if err := h.hooks().Teams().Send(t.Context(), hooked(address)); err != nil {
		t.Fatal(err)
	}
	w := hooked(address)
	w.Secret = "a secret of sixteen"
	if err := h.hooks().Webhook().Send(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if got := h.bodies[0]; !strings.Contains(got, `\u0026lt;b\u0026gt;okta`) || !strings.Contains(got, `"type":"header"`) || !strings.Contains(got, `"url":"https://tickmark.example/e/EV-1"`) {
		t.Errorf("Slack got %s", got)
	}
	if got := h.bodies[1]; !strings.Contains(got, "adaptive") || !strings.Contains(got, `\\[more\\](x)`) {
		t.Errorf("Teams got %s", got)
	}
	if want := send.Signature(w.Secret, w.At, []byte(h.bodies[2])); h.heads[2].Get("Tickmark-Signature") != want || h.heads[2].Get("Tickmark-Delivery") != "dlv_1" {
		t.Errorf("signature %q, expected %q", h.heads[2].Get("Tickmark-Signature"), want)
	}
}

// TestPagerDuty: an alert is opened, acknowledged and resolved under one key, with its level; another alert has another; a test opens
// and resolves; the integration key is in no error.
func TestPagerDuty(t *testing.T) {
	t.Parallel()
	h := listen(t, http.StatusAccepted)
	say := func(e notify.Event, link, level string) {
		t.Helper()
		p := hooked(h.URL + "/v2/enqueue")
		p.Secret, p.OrgID, p.Link = "0123456789abcdef0123456789abcdef", "org_1", "https://tickmark.example"+link
		p.Message.Event, p.Message.Link, p.Message.Level = e, link, level
		if err := h.hooks().PagerDuty().Send(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	say(notify.AlertRaised, "/alerts/ALR-4", "high")
	say(notify.AlertAcknowledged, "/alerts/ALR-4", "")
	say(notify.AlertClosed, "/alerts/ALR-4", "")
	say(notify.IncidentDeclared, "/incidents/INC-2", "critical")
	say(notify.EvidenceDue, "/e/EV-1", "")
	say(notify.EventTest, "", "")
	type event struct {
		Key     string `json:"routing_key"`
		Action  string `json:"event_action"`
		Dedup   string `json:"dedup_key"`
		Payload *struct{ Summary, Source, Severity, Class string }
		Links   []struct{ Href string }
	}
	var got []event
	for _, b := range h.bodies {
		var e event
		if err := json.Unmarshal([]byte(b), &e); err != nil {
			t.Fatal(err)
		}
		if e.Key != "0123456789abcdef0123456789abcdef" || e.Dedup == "" || len(e.Dedup) > 255 || (e.Payload == nil) == (e.Action == "trigger") {
			t.Errorf("%s", b)
		}
		got = append(got, e)
	}
	if len(got) != 7 {
		t.Fatalf("%d events", len(got))
	}
	if got[0].Action != "trigger" || got[1].Action != "acknowledge" || got[2].Action != "resolve" || got[0].Dedup != got[1].Dedup || got[1].Dedup != got[2].Dedup {
		t.Errorf("%+v", got[:3])
	}
	if p := got[0].Payload; p.Severity != "error" || p.Summary != "Test <b>okta</b> & [more](x)" || p.Source != "Northwind" || p.Class != "alert.raised" || got[0].Links[0].Href != "https://tickmark.example/alerts/ALR-4" {
		t.Errorf("%+v", p)
	}
	if got[3].Dedup == got[0].Dedup || got[3].Payload.Severity != "critical" || got[4].Payload.Severity != "info" || got[4].Dedup == got[5].Dedup && got[4].Payload.Class == "" {
		t.Errorf("%+v", got[3:])
	}
	if got[5].Action != "trigger" || got[6].Action != "resolve" || got[5].Dedup != got[6].Dedup {
		t.Errorf("%+v", got[5:])
	}
	refuses := listen(t, http.StatusBadRequest)
	p := hooked(refuses.URL + "/v2/enqueue")
	p.Secret = "secretsecretsecretsecret"
	if err := refuses.hooks().PagerDuty().Send(t.Context(), p); !errs.Is(err, errs.Invalid) || strings.Contains(err.Error()+errs.HintOf(err), "secretsecret") {
		t.Errorf("%v", err)
	}
	if err := (send.Hooks{}).PagerDuty().Send(t.Context(), hooked("https://169.254.169.254/v2/enqueue")); err == nil {
		t.Error("the address of machine metadata was reached")
	}
}

// TestSlackBlocks: what is said fits Slack's bounds, and a level is shown.
func TestSlackBlocks(t *testing.T) {
	t.Parallel()
	h := listen(t, http.StatusOK)
	p := hooked(h.URL + "/services/T0/B0/secretsecret")
	p.Message.Subject, p.Message.Text, p.Message.Level = strings.Repeat("subject ", 60), strings.Repeat("<a> & b\n", 900), "high"
	if err := h.hooks().Slack().Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Text   string
		Blocks []struct {
			Type     string
			Text     struct{ Type, Text string }
			Elements []struct{ URL string }
		}
	}
	if err := json.Unmarshal([]byte(h.bodies[0]), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Blocks) != 4 || doc.Blocks[0].Type != "header" || len([]rune(doc.Blocks[0].Text.Text)) > 150 || doc.Blocks[1].Text.Type != "plain_text" ||
		doc.Blocks[3].Elements[0].URL != "https://tickmark.example/e/EV-1" || !strings.Contains(h.bodies[0], "Level: high") {
		t.Errorf("%.600s", h.bodies[0])
	}
	if n := len([]rune(doc.Blocks[1].Text.Text)); n > 3000 {
		t.Errorf("a section of %d characters", n)
	}
}

// TestHookFaults: what can pass is tried again, the rest is final, and the address is in no error.
func TestHookFaults(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]errs.Kind{404: errs.NotFound, 403: errs.Denied, 500: errs.Unavailable, 503: errs.Unavailable, 429: errs.Exhausted, 400: errs.Invalid, 302: errs.Invalid} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			h := listen(t, status)
			err := h.hooks().Slack().Send(t.Context(), hooked(h.URL+"/services/T0/B0/secretsecret"))
			if errs.KindOf(err) != kind || strings.Contains(err.Error()+errs.HintOf(err), "secretsecret") {
				t.Errorf("%v %v", errs.KindOf(err), err)
			}
			if len(h.bodies) != 1 {
				t.Errorf("%d posts", len(h.bodies))
			}
		})
	}
	h := listen(t, 200)
	for name, c := range map[string]struct {
		hooks   send.Hooks
		address string
	}{
		"private":     {send.Hooks{}, strings.Replace(h.URL, "http:", "https:", 1) + "/secretsecret"},
		"unencrypted": {send.Hooks{}, "http://hooks.northwind.example/secretsecret"},
		"metadata":    {send.Hooks{}, "https://169.254.169.254/secretsecret"},
		"no address":  {send.Hooks{}, "ftp://northwind.example/secretsecret"},
	} {
		err := c.hooks.Slack().Send(t.Context(), hooked(c.address))
		if err == nil || strings.Contains(err.Error()+errs.HintOf(err), "secretsecret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(h.bodies) != 0 {
		t.Error("a private address was reached")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.hooks().Slack().Send(gone, hooked(h.URL)); err == nil {
		t.Error("sent after the end")
	}
}
