package httpx

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// forbidden are the address blocks beyond those that net/netip names for which a service on the public internet has no
// use: IANA's special-purpose registries (RFC 6890 and its updates) and cloud metadata addresses outside them.
var forbidden = func() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8",         // this network
		"100.64.0.0/10",     // shared address space (carrier NAT); Alibaba's metadata is 100.100.100.200
		"192.0.0.0/24",      // protocol assignments; Oracle's metadata is 192.0.0.192
		"192.0.2.0/24",      // documentation
		"192.88.99.0/24",    // 6to4 relays, deprecated
		"198.18.0.0/15",     // benchmarking
		"198.51.100.0/24",   // documentation
		"203.0.113.0/24",    // documentation
		"240.0.0.0/4",       // reserved, with broadcast
		"168.63.129.16/32",  // Azure's host agent
		"::/96",             // IPv4-compatible, deprecated
		"64:ff9b:1::/48",    // local NAT64
		"100::/64",          // discard
		"2001::/23",         // protocol assignments, with Teredo
		"2001:db8::/32",     // documentation
		"3fff::/20",         // documentation
		"5f00::/16",         // segment routing
		"fec0::/10",         // site local, deprecated
		"fd00:ec2::254/128", // AWS metadata, in private space anyway
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

// Blocks whose addresses carry an IPv4 address that is the one really reached.
var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: last 32 bits
	sixToFo = netip.MustParsePrefix("2002::/16")    // RFC 3056: bits 16 to 48
)

// Public reports whether an address is one that a service on the public internet may have.
func Public(a netip.Addr) bool {
	if !a.IsValid() || a.Is4In6() || a.Zone() != "" {
		return false // mapped addresses and zones have no place in a connection to a service
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return false
	}
	for _, p := range forbidden {
		if p.Contains(a) {
			return false
		}
	}
	if a.Is6() {
		b := a.As16()
		switch {
		case nat64.Contains(a):
			return Public(netip.AddrFrom4([4]byte(b[12:])))
		case sixToFo.Contains(a):
			return Public(netip.AddrFrom4([4]byte(b[2:6])))
		}
	}
	return true
}

// guardedTransport dials public addresses and the allowed pairs of host and port, and no proxy: a proxy would resolve
// names where the guard cannot see it.
func guardedTransport(o Options) http.RoundTripper {
	return &http.Transport{
		DialContext:           Dialer(o.AllowPrivate),
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   15 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// Dialer makes connections to public addresses and to the exact host:port pairs that are allowed: for protocols other than
// HTTP too.
func Dialer(allowPrivate []string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	allowed := map[string]bool{}
	for _, hp := range allowPrivate {
		allowed[strings.ToLower(strings.TrimSpace(hp))] = true
	}
	plain := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	guarded := &net.Dialer{Timeout: plain.Timeout, KeepAlive: plain.KeepAlive, Control: control}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if allowed[strings.ToLower(addr)] {
			return plain.DialContext(ctx, network, addr)
		}
		return guarded.DialContext(ctx, network, addr)
	}
}

// control runs for each address after names are resolved and just before connecting, so a name that resolves to another
// address the second time gains nothing.
func control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errs.New(errs.Denied, "address %q cannot be judged", address)
	}
	if !Public(ap.Addr()) {
		return errs.New(errs.Denied, "the address %s is not on the public internet, and connections may not reach it", ap.Addr()).
			WithHint("if the system is your own, have an administrator allow its exact host:port")
	}
	return nil
}
