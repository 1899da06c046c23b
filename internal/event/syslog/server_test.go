package syslog_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event/syslog"
)

// keeper is a disk: it keeps what it is told to, or refuses.
type keeper struct {
	mu    sync.Mutex
	lines []string
	lost  int64
	full  bool
}

func (k *keeper) take(_ context.Context, records []byte, lost int64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.full {
		return errors.New("no space")
	}
	k.lost += lost
	for l := range strings.Lines(string(records)) {
		k.lines = append(k.lines, l)
	}
	return nil
}

func (k *keeper) fill(full bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.full = full
}

func (k *keeper) has() (n int, lost int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.lines), k.lost
}

// wait waits until so many messages are kept and lost.
func (k *keeper) wait(t *testing.T, kept int, lost int64) {
	t.Helper()
	for range 400 {
		if n, l := k.has(); n == kept && l == lost {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	n, l := k.has()
	t.Fatalf("%d kept, %d lost; want %d and %d", n, l, kept, lost)
}

func (k *keeper) sender(from ...netip.Prefix) syslog.Sender {
	return syslog.Sender{From: from, Log: "linux.syslog", Key: fmt.Sprintf("%p", k), Take: k.take}
}

// serve runs a server until the test ends, and gives its addresses and what ends it.
func serve(t *testing.T, idle time.Duration, all ...syslog.Listener) ([]net.Addr, func()) {
	t.Helper()
	s := &syslog.Server{Listeners: all, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Idle: idle}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	end := sync.OnceFunc(func() { stop(); <-done })
	t.Cleanup(end)
	return s.Addresses(), end
}

func dial(t *testing.T, a net.Addr) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), a.Network(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

const hello = "<38>1 2026-03-01T08:00:00Z web-1 sshd 41 - - hello"

func counted(text string) string { return fmt.Sprintf("%d %s", len(text), text) }

// TestStreams: messages are told apart by length and by line, across packets, and what is cut off or too long is counted.
func TestStreams(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", syslog.MaxMessage+10)
	for name, x := range map[string]struct {
		sent string
		kept int
		lost int64
	}{
		"counted":              {strings.Repeat(counted(hello), 3), 3, 0},
		"counted, line breaks": {counted(hello) + "\n" + counted(hello) + "\n", 2, 0},
		"break inside":         {counted(hello + "\nmore"), 1, 0},
		"lines":                {hello + "\n" + hello + "\r\n\n" + hello, 3, 0},
		"lines with numbers":   {"2026 was a year\n12 monkeys\n", 2, 0},
		"cut off":              {counted(hello) + "99 <38>1 short", 1, 1},
		"too long":             {counted(hello) + counted("<1>"+long) + counted(hello), 2, 1},
		"too long a line":      {hello + "\n" + long + "\n" + hello + "\n", 2, 1},
		"no length":            {counted(hello) + "x" + counted(hello), 1, 1},
		"negative":             {counted(hello) + "-5 <1>x", 1, 1},
		"a huge length":        {counted(hello) + "99999999999 <1>x", 1, 1},
		"zeros":                {counted(hello) + "0 <1>x", 1, 1},
		"nothing":              {"", 0, 0},
		"binary":               {"\x16\x03\x01\x02\x00\n\xff\xfe\n", 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var k keeper
			addrs, end := serve(t, 0, syslog.Listener{Address: "tcp://127.0.0.1:0", Senders: []syslog.Sender{k.sender()}})
			c := dial(t, addrs[0])
			for sent := x.sent; sent != ""; { // in pieces
				n := min(len(sent), 1+len(x.sent)/7)
				if _, err := io.WriteString(c, sent[:n]); err != nil {
					break // it was closed, as it should
				}
				sent = sent[n:]
			}
			_ = c.Close()
			if x.lost > 0 { // what is lost is told with the next that is kept
				again := dial(t, addrs[0])
				time.Sleep(200 * time.Millisecond)
				write(t, again, hello+"\n")
				x.kept++
			}
			k.wait(t, x.kept, x.lost)
			end()
			k.wait(t, x.kept, x.lost)
		})
	}
}

// TestDatagrams: each is a message, whoever sends from another network is nobody, and JSON stays as it is.
func TestDatagrams(t *testing.T) {
	t.Parallel()
	var k, other keeper
	addrs, end := serve(t, 0,
		syslog.Listener{Address: "udp://127.0.0.1:0", Senders: []syslog.Sender{other.sender(netip.MustParsePrefix("192.0.2.0/24")), k.sender(netip.MustParsePrefix("127.0.0.0/8"))}},
		syslog.Listener{Address: "udp://127.0.0.1:0", Senders: []syslog.Sender{other.sender(netip.MustParsePrefix("192.0.2.0/24"))}})
	c := dial(t, addrs[0])
	for _, text := range []string{hello, "<13>{\"a\":1}\n", "\n", strings.Repeat("\xff", 60_000)} {
		write(t, c, text)
	}
	write(t, dial(t, addrs[1]), hello)
	k.wait(t, 3, 0)
	end()
	if n, _ := other.has(); n != 0 || k.lines[1] != `{"_syslog":"<13>","a":1}`+"\n" {
		t.Errorf("%d of strangers; %s", n, k.lines[1])
	}
}

// TestPressure: while the disk is full nothing grows without end: a stream is not read, datagrams are counted, another source goes
// on; when there is space everything that was taken is kept, and what was lost is told.
func TestPressure(t *testing.T) {
	t.Parallel()
	var stuck, free keeper
	stuck.fill(true)
	udp, tcp, well := stuck.sender(), stuck.sender(), free.sender()
	udp.Key = "udp"
	addrs, end := serve(t, 0,
		syslog.Listener{Address: "udp://127.0.0.1:0", Senders: []syslog.Sender{udp}},
		syslog.Listener{Address: "tcp://127.0.0.1:0", Senders: []syslog.Sender{tcp}},
		syslog.Listener{Address: "tcp://127.0.0.1:0", Senders: []syslog.Sender{well}})
	message := "<38>1 2026-03-01T08:00:00Z web-1 sshd 41 - - " + strings.Repeat("x", 30_000)
	u, c := dial(t, addrs[0]), dial(t, addrs[1])
	const datagrams = 600 // 18 MB, in memory twice that: the queue holds 8 MiB, the batch under way 4
	for range datagrams {
		write(t, u, message)
		time.Sleep(200 * time.Microsecond)
	}
	sent := 0
	for { // 8 MiB wait, then the buffers of the sockets; then writing stands still
		if err := c.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, counted(message)); err != nil {
			break
		}
		if sent++; sent > 5000 {
			t.Fatal("150 MB were read while nothing could be kept")
		}
	}
	write(t, dial(t, addrs[2]), hello+"\n")
	free.wait(t, 1, 0)
	_ = c.Close()
	stuck.fill(false)
	for range 400 {
		n, lost := stuck.has()
		if lost > 0 && n > sent+50 {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	write(t, u, hello)
	time.Sleep(300 * time.Millisecond)
	end()
	n, lost := stuck.has()
	kept := n - sent // of the datagrams and the last; the message that was cut off counts as lost
	if lost < 50 || kept < 50 || int64(kept)+lost > datagrams+2 {
		t.Errorf("of %d datagrams and %d in a stream %d are kept and %d lost", datagrams, sent, n, lost)
	}
}

// TestIdle: a sender that says nothing, or never ends its message, does not hold a place for ever.
func TestIdle(t *testing.T) {
	t.Parallel()
	var k keeper
	addrs, _ := serve(t, 200*time.Millisecond, syslog.Listener{Address: "tcp://127.0.0.1:0", Senders: []syslog.Sender{k.sender()}})
	c := dial(t, addrs[0])
	for range 100 {
		if _, err := io.WriteString(c, "x"); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("a drip of bytes holds a connection")
}

// TestTLS: certificates of senders are checked where they are asked for, and names in them choose the source.
func TestTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	server, web, db := ca.issue(t, "tickmark.northwind.example"), ca.issue(t, "web-1.northwind.example"), ca.issue(t, "db-1.northwind.example")
	stranger := newAuthority(t).issue(t, "web-1.northwind.example")
	var k, rest keeper
	named := k.sender()
	named.Name = "web-1.northwind.example"
	addrs, _ := serve(t, 0, syslog.Listener{Address: "tls://127.0.0.1:0", Senders: []syslog.Sender{named, rest.sender()},
		TLS: &tls.Config{Certificates: []tls.Certificate{server}, MinVersion: tls.VersionTLS12, ClientCAs: ca.pool, ClientAuth: tls.RequireAndVerifyClientCert}})
	send := func(certs ...tls.Certificate) error {
		c := tls.Client(dial(t, addrs[0]), &tls.Config{RootCAs: ca.pool, ServerName: "tickmark.northwind.example", Certificates: certs, MinVersion: tls.VersionTLS12})
		_, err := io.WriteString(c, counted(hello))
		if err == nil {
			err = c.CloseWrite()
		}
		if _, err2 := bufio.NewReader(c).ReadByte(); err == nil && !errors.Is(err2, io.EOF) {
			err = err2
		}
		return err
	}
	if err := send(web); err != nil {
		t.Error(err)
	}
	if err := send(db); err != nil {
		t.Error(err)
	}
	if err := send(); err == nil {
		t.Error("a sender without a certificate is taken")
	}
	if err := send(stranger); err == nil {
		t.Error("a certificate of another authority is taken")
	}
	write(t, dial(t, addrs[0]), counted(hello)) // not TLS at all
	k.wait(t, 1, 0)
	rest.wait(t, 1, 0)
}

type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, cert := signed(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "Northwind CA"}}, nil, nil)
	a := &authority{key, cert, x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

func (a *authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, cert := signed(t, &x509.Certificate{DNSNames: []string{name}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, a.cert, a.key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func signed(t *testing.T, c, parent *x509.Certificate, by *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, out
}

// TestAddresses: what is no address is told before anything listens.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "0.0.0.0:514", "http://x:1", "udp://x", "tcp://x:1/y", "tcp://u@x:1"} {
		if _, _, err := syslog.Address(bad); err == nil {
			t.Errorf("%q is an address", bad)
		}
	}
	s := &syslog.Server{Listeners: []syslog.Listener{{Address: "tcp://127.0.0.1:0"}, {Address: "tcp://192.0.2.1:1"}}, Log: slog.New(slog.DiscardHandler)}
	if err := s.Open(t.Context()); err == nil || !bytes.Contains([]byte(err.Error()), []byte("192.0.2.1")) {
		t.Errorf("%v", err)
	}
}
