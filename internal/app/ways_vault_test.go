package app_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/event"
)

// TestVault: what Vault's three audit devices write becomes the same events: a file that is followed, a line of a socket, and a message
// that the host's syslog passes on. File and socket keep every byte.
func TestVault(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	file, socket, syslog := w.source("Vault by file", "vault.audit"), w.source("Vault by socket", "vault.audit"), w.source("Vault by syslog", "vault.audit")
	lines, udp := freePort(t), freePort(t)
	w.ways("files: [{path: audit.log, source: %s}]\nsyslog:\n- listen: tcp://%s\n  idle: 24h\n  senders: [{from: [127.0.0.1/32], source: %s}]\n- listen: udp://%s\n  senders: [{source: %s}]\n", file.Ref, lines, socket.Ref, udp, syslog.Ref)
	record := func(n int, kind string) string {
		return fmt.Sprintf(`{"time":"2026-03-01T08:00:0%d.123456789Z","type":"%s","auth":{"client_token":"hmac-sha256:aa","accessor":"hmac-sha256:bb","display_name":"approle-payroll","entity_id":"ent%d"},"request":{"id":"r%d","operation":"read","path":"secret/data/<payroll>&","remote_address":"192.0.2.7"}}`, n, kind, n, n)
	}
	var all []string
	for n := range 5 {
		all = append(all, record(n, "request"), record(n, "response"))
	}
	must(t, os.WriteFile(filepath.Join(w.dir, "audit.log"), []byte(strings.Join(all, "\n")+"\n"), 0o600))
	_, end := w.serve()
	c, err := net.Dial("tcp", lines)
	must(t, err)
	u, err := net.Dial("udp", udp)
	must(t, err)
	for _, r := range all {
		_, err := fmt.Fprintln(c, r)
		must(t, err)
		_, err = fmt.Fprintf(u, "<86>Mar  1 08:00:00 vault-1 vault[812]: %s", r)
		must(t, err)
	}
	for _, x := range []event.Source{file, socket, syslog} {
		w.took(x, 10)
		found, _, err := w.Events.Find(t.Context(), w.scope.ReadScope, event.Filter{Source: string(x.ID)})
		must(t, err)
		raw := map[string]bool{}
		for _, e := range found {
			raw[string(e.Raw)] = true
			if e.Actor.ID == "" || e.Actor.Name != "approle-payroll" || e.From.IP != "192.0.2.7" || e.Action != "read:secret/data/<payroll>&" || e.At.IsZero() || !strings.HasPrefix(e.Upstream, "r") {
				t.Errorf("%s: %+v", x.Name, e)
			}
		}
		for _, r := range all {
			if x.ID != syslog.ID && !raw[r] {
				t.Errorf("%s does not hold %s as it came", x.Name, r)
			}
		}
		if len(found) != 10 {
			t.Errorf("%s: %d events", x.Name, len(found))
		}
	}
	must(t, c.Close())
	end()
}
