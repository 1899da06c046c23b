package syslog_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event/syslog"
)

// vaultLine is what Vault's audit devices write of a request, or of what was answered: the socket device ends it with a line break.
func vaultLine(n int, kind string) string {
	return fmt.Sprintf(`{"time":"2026-03-01T08:%02d:00.123456789Z","type":"%s","auth":{"client_token":"hmac-sha256:aa<&>","accessor":"hmac-sha256:bb","display_name":"approle","policies":["default"]},"request":{"id":"r-%d","operation":"read","mount_type":"kv","path":"secret/data/payroll","data":null,"remote_address":"192.0.2.7","remote_port":50022}}`, n/60%60, kind, n)
}

// TestVault: a sender as Vault's socket device is: one long connection, a request and its answer as two lines of JSON at once, and silent
// for longer than others may be. Every line is a record byte for byte.
func TestVault(t *testing.T) {
	t.Parallel()
	var k keeper
	x := k.sender(netip.MustParsePrefix("127.0.0.0/8"))
	x.Log = "vault.audit"
	addrs, end := serve(t, 100*time.Millisecond, syslog.Listener{Address: "tcp://127.0.0.1:0", Senders: []syslog.Sender{x}, Idle: time.Minute})
	c := dial(t, addrs[0])
	var want []string
	for n := range 200 {
		if n == 100 {
			time.Sleep(400 * time.Millisecond) // nobody asks for anything
		}
		request, response := vaultLine(n, "request"), vaultLine(n, "response")
		write(t, c, request+"\n")
		write(t, c, response+"\n")
		want = append(want, request+"\n", response+"\n")
	}
	k.wait(t, len(want), 0)
	_ = c.Close()
	end()
	if got := strings.Join(k.lines, ""); got != strings.Join(want, "") {
		t.Errorf("the records are not what was sent: %.300s", got)
	}
}
