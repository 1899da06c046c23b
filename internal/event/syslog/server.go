package syslog

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Sender says whose messages belong to which source. The first that fits counts.
type Sender struct {
	From []netip.Prefix // the networks it sends from; none is everywhere
	Name string         // a name in its certificate; only over TLS with certificates that are checked
	Log  string         // the kind of log of the source
	Key  string         // of the source: senders of the same source share its queue
	Zone *time.Location // of times without a zone
	Take Take
}

// Listener is an address on which messages are taken.
type Listener struct {
	Address string      // udp://0.0.0.0:514, tcp://127.0.0.1:601, tls://0.0.0.0:6514
	TLS     *tls.Config // of tls
	Senders []Sender
	Idle    time.Duration // after which a silent connection is closed; that of the server if 0
}

// Bounds of connections.
const (
	maxConns     = 1024 // of a listener
	maxPerSource = 768  // of one source, so that the others find a place
	idleAfter    = 15 * time.Minute
	shakeWithin  = 10 * time.Second
	datagram     = 64 << 10
	socketBuffer = 4 << 20
)

// Server takes messages on some addresses.
type Server struct {
	Listeners []Listener
	Clock     func() time.Time
	Log       *slog.Logger
	Idle      time.Duration // after which a silent connection is closed; 15 minutes if 0

	mu     sync.Mutex
	queues map[string]*queue
	conns  map[string]int // open, by source
	open   []io.Closer
	addrs  []net.Addr
	packet []net.PacketConn
	stream []net.Listener
}

// Open begins to listen on every address, or on none.
func (s *Server) Open(ctx context.Context) error {
	s.queues, s.conns = map[string]*queue{}, map[string]int{}
	for _, l := range s.Listeners {
		if err := s.listen(ctx, l); err != nil {
			return errors.Join(errs.Hinted(errs.As(errs.Unavailable, err, "listen for syslog on %s", l.Address), "Is the address of this machine, and free? Ports below 1024 need a right of their own."), s.Close())
		}
		for _, x := range l.Senders {
			if s.queues[x.Key] == nil {
				s.queues[x.Key] = newQueue(x.Key, x.Take, s.Log)
			}
		}
	}
	return nil
}

func (s *Server) listen(ctx context.Context, l Listener) error {
	network, address, err := Address(l.Address)
	if err != nil {
		return err
	}
	if network == "udp" {
		c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", address)
		if err != nil {
			return err
		}
		if u, ok := c.(*net.UDPConn); ok {
			if err := u.SetReadBuffer(socketBuffer); err != nil {
				s.Log.Warn("the buffer of a socket is small: bursts may be lost before they can be counted", "address", l.Address, "error", err)
			}
		}
		s.open, s.addrs, s.packet, s.stream = append(s.open, c), append(s.addrs, c.LocalAddr()), append(s.packet, c), append(s.stream, nil)
		return nil
	}
	c, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	s.open, s.addrs, s.packet, s.stream = append(s.open, c), append(s.addrs, c.Addr()), append(s.packet, nil), append(s.stream, c)
	return nil
}

// Address reads the address of a listener.
func Address(text string) (network, address string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "udp" && u.Scheme != "tcp" && u.Scheme != "tls" || u.Port() == "" || u.Path != "" || u.User != nil || u.RawQuery != "" {
		return "", "", errs.New(errs.Invalid, "%q is no address to listen on", text).At("listen").WithHint("Write udp://0.0.0.0:514, tcp://127.0.0.1:601 or tls://0.0.0.0:6514.")
	}
	return u.Scheme, u.Host, nil
}

// Addresses are those it listens on, in the order of the listeners.
func (s *Server) Addresses() []net.Addr { return s.addrs }

// Close ends listening; Run does so too.
func (s *Server) Close() error {
	var err error
	for _, c := range s.open {
		err = errors.Join(err, c.Close())
	}
	s.open = nil
	return err
}

// Run takes messages until the context ends, and returns when the disk has what was read.
func (s *Server) Run(ctx context.Context) {
	var readers, keepers sync.WaitGroup
	keep, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	for _, q := range s.queues {
		keepers.Go(func() { q.run(keep) })
	}
	for i, l := range s.Listeners {
		if c := s.packet[i]; c != nil {
			readers.Go(func() { s.datagrams(ctx, l, c) })
		} else {
			readers.Go(func() { s.connections(ctx, l, s.stream[i]) })
		}
	}
	<-ctx.Done()
	if err := s.Close(); err != nil {
		s.Log.Warn("an address for syslog could not be closed", "error", err)
	}
	readers.Wait()
	end()
	keepers.Wait()
}

// sender is whose message it is that comes from an address; nil if nobody's.
func (l *Listener) sender(from net.Addr, state *tls.ConnectionState) *Sender {
	ap, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return nil
	}
	ip := ap.Addr().Unmap().WithZone("")
	for i := range l.Senders {
		x := &l.Senders[i]
		if x.Name != "" && (state == nil || len(state.VerifiedChains) == 0 || state.PeerCertificates[0].VerifyHostname(x.Name) != nil) {
			continue
		}
		if len(x.From) == 0 {
			return x
		}
		for _, p := range x.From {
			if p.Contains(ip) {
				return x
			}
		}
	}
	return nil
}

// record makes a record of what was sent.
func (s *Server) record(x *Sender, raw []byte) []byte {
	zone := x.Zone
	if zone == nil {
		zone = time.UTC
	}
	m := Parse(raw, s.Clock(), zone)
	return Record(x.Log, &m)
}

func (s *Server) datagrams(ctx context.Context, l Listener, c net.PacketConn) {
	buf := make([]byte, datagram)
	strangers := &strangers{log: s.Log, listener: l.Address}
	for ctx.Err() == nil {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			s.Log.Warn("a datagram could not be read", "listener", l.Address, "error", err)
			pause(ctx, linger)
			continue
		}
		x := l.sender(from, nil)
		if x == nil {
			strangers.see(from)
			continue
		}
		raw := trim(buf[:n])
		if len(raw) == 0 {
			continue
		}
		s.queues[x.Key].offer(s.record(x, append([]byte(nil), raw...)))
	}
}

// trim takes away what some put behind a message that needs no end.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r' || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	return b
}

// strangers tells of senders that are nobody's, once for each thousand.
type strangers struct {
	log      *slog.Logger
	listener string
	mu       sync.Mutex
	n        int64
}

func (x *strangers) see(from net.Addr) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.n++; x.n%1000 == 1 {
		x.log.Warn("somebody sends who belongs to no source; nothing of it is kept", "listener", x.listener, "from", from.String(), "times", x.n)
	}
}

func (s *Server) connections(ctx context.Context, l Listener, in net.Listener) {
	var all sync.WaitGroup
	defer all.Wait()
	places := make(chan struct{}, maxConns)
	strangers := &strangers{log: s.Log, listener: l.Address}
	for {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		c, err := in.Accept()
		if err != nil {
			<-places
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			s.Log.Warn("a connection could not be taken", "listener", l.Address, "error", err)
			pause(ctx, linger)
			continue
		}
		all.Go(func() {
			defer func() { <-places }()
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			defer stop()
			defer c.Close() //nolint:errcheck // nothing is written to it
			s.connection(ctx, l, c, strangers)
		})
	}
}

// connection reads one connection to its end. While the source's queue is full it is not read, and the sender waits.
func (s *Server) connection(ctx context.Context, l Listener, c net.Conn, strangers *strangers) {
	from := c.RemoteAddr()
	var state *tls.ConnectionState
	if l.TLS != nil {
		t := tls.Server(c, l.TLS)
		quick, cancel := context.WithTimeout(ctx, shakeWithin)
		err := t.HandshakeContext(quick)
		cancel()
		if err != nil {
			s.Log.Warn("a sender could not be trusted", "listener", l.Address, "from", from.String(), "error", err)
			return
		}
		said := t.ConnectionState()
		c, state = t, &said
	}
	x := l.sender(from, state)
	if x == nil {
		strangers.see(from)
		return
	}
	if !s.enter(x.Key) {
		s.Log.Warn("a source has too many connections; this one is closed", "listener", l.Address, "from", from.String(), "source", x.Key, "most", maxPerSource)
		return
	}
	defer s.leave(x.Key)
	if err := s.read(ctx, x, c, cmp.Or(l.Idle, s.Idle, idleAfter)); err != nil && ctx.Err() == nil {
		s.Log.Warn("a connection for syslog ended", "listener", l.Address, "from", from.String(), "source", x.Key, "error", err)
	}
}

func (s *Server) enter(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns[key] >= maxPerSource {
		return false
	}
	s.conns[key]++
	return true
}

func (s *Server) leave(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[key]--
}

func (s *Server) read(ctx context.Context, x *Sender, c net.Conn, idle time.Duration) error {
	watch := time.AfterFunc(idle, func() { _ = c.Close() })
	defer watch.Stop()
	f := frames{r: bufio.NewReaderSize(c, 8<<10)}
	q := s.queues[x.Key]
	for {
		raw, err := f.next()
		switch {
		case errors.Is(err, errLong):
			q.lose()
			continue
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errFrame): // what was half sent is nowhere else
			q.lose()
			return err
		case err != nil:
			return err
		}
		if raw = trim(raw); len(raw) > 0 {
			watch.Stop() // a sender that has to wait is not idle
			if err := q.put(ctx, s.record(x, raw)); err != nil {
				q.lose()
				return err
			}
		}
		watch.Reset(idle)
	}
}
