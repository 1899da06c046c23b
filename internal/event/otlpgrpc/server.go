// Package otlpgrpc takes logs as OpenTelemetry sends them over gRPC (OTLP/gRPC 1.11): the service that exporters call, with the token of
// a source in its metadata. What a request becomes is in package otlp, the same as over HTTP.
package otlpgrpc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/netutil"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // exporters pack with it unless they are told otherwise
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/otlp"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// Service and method that exporters call.
const (
	service = "opentelemetry.proto.collector.logs.v1.LogsService"
	method  = "Export"
)

// Bounds of connections. An exporter keeps one open and may ask every so often whether it still is.
const (
	maxConns     = 512
	maxStreams   = 16 // requests of a connection at the same time
	maxHeader    = 16 << 10
	shakeWithin  = 10 * time.Second
	messageTime  = 3 * time.Minute // in which a message must have arrived
	idleAfter    = 15 * time.Minute
	askEvery     = 2 * time.Minute
	askedAtMost  = 10 * time.Second
	quietWithin  = 10 * time.Second
	diskFullWait = time.Minute
)

// Take takes one request of whoever has a token; body reads it.
type Take func(ctx context.Context, token string, body func() ([]byte, error)) (event.Receipt, error)

// Listener is an address on which requests are taken.
type Listener struct {
	Address string      // tls://0.0.0.0:4317, tcp://127.0.0.1:4317
	TLS     *tls.Config // of tls
}

// Server takes requests on some addresses.
type Server struct {
	Listeners []Listener
	Take      Take
	Log       *slog.Logger

	open    []net.Listener
	servers []*grpc.Server
}

// Address reads the address of a listener. Without TLS a token could be read on its way, so that only this machine may send then.
func Address(text string) (network, address string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "tcp" && u.Scheme != "tls" || u.Port() == "" || u.Path != "" || u.User != nil || u.RawQuery != "" {
		return "", "", errs.New(errs.Invalid, "%q is no address to listen on", text).At("listen").WithHint("Write tls://0.0.0.0:4317, or tcp://127.0.0.1:4317 for senders on this machine.")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Scheme == "tcp" && u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		return "", "", errs.New(errs.Invalid, "%q is open to other machines without TLS, and tokens could be read on their way", text).At("listen").WithHint("Write tls:// with cert and key, or listen on 127.0.0.1 behind what ends TLS.")
	}
	return u.Scheme, u.Host, nil
}

// Open begins to listen on every address, or on none.
func (s *Server) Open(ctx context.Context) error {
	for _, l := range s.Listeners {
		_, address, err := Address(l.Address)
		if err != nil {
			return errors.Join(err, s.Close())
		}
		c, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return errors.Join(errs.Hinted(errs.As(errs.Unavailable, err, "listen for OTLP on %s", l.Address), "Is the address of this machine, and free?"), s.Close())
		}
		options := []grpc.ServerOption{
			grpc.ForceServerCodecV2(bare{}), grpc.MaxRecvMsgSize(otlp.MaxBody), grpc.MaxConcurrentStreams(maxStreams), grpc.MaxHeaderListSize(maxHeader), grpc.ConnectionTimeout(shakeWithin),
			grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idleAfter, Time: askEvery, Timeout: shakeWithin}),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: askedAtMost, PermitWithoutStream: true}),
		}
		if l.TLS != nil {
			options = append(options, grpc.Creds(credentials.NewTLS(l.TLS)))
		}
		g := grpc.NewServer(options...)
		// As a stream of one message, which is the same on the wire: the handler asks who sends before it reads.
		g.RegisterService(&grpc.ServiceDesc{ServiceName: service, HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{StreamName: method, Handler: s.export, ClientStreams: true}}}, s)
		s.open, s.servers = append(s.open, netutil.LimitListener(c, maxConns)), append(s.servers, g)
	}
	return nil
}

// Addresses are those it listens on, in the order of the listeners.
func (s *Server) Addresses() (all []net.Addr) {
	for _, l := range s.open {
		all = append(all, l.Addr())
	}
	return all
}

// Close ends listening.
func (s *Server) Close() error {
	var err error
	for _, l := range s.open {
		err = errors.Join(err, l.Close())
	}
	s.open, s.servers = nil, nil
	return err
}

// Run takes requests until the context ends, and returns when those under way are answered or took too long.
func (s *Server) Run(ctx context.Context) {
	ended := make(chan struct{}, len(s.servers))
	for i, g := range s.servers {
		go func() {
			if err := g.Serve(s.open[i]); err != nil && ctx.Err() == nil {
				s.Log.Error("OTLP over gRPC is not taken any more", "listener", s.Listeners[i].Address, "error", err)
			}
			ended <- struct{}{}
		}()
	}
	<-ctx.Done()
	for _, g := range s.servers {
		late := time.AfterFunc(quietWithin, g.Stop)
		g.GracefulStop()
		late.Stop()
		<-ended
	}
}

// export is one call.
func (s *Server) export(_ any, stream grpc.ServerStream) error {
	ctx := stream.Context()
	token, ok := bearer(ctx)
	if !ok {
		return status.Error(codes.Unauthenticated, "the token of a source is needed. Send it as metadata, authorization: Bearer tmki_…")
	}
	receipt, err := s.Take(ctx, token, func() ([]byte, error) { return message(stream) })
	if err != nil {
		return s.fault(err)
	}
	answer := otlp.Answer(false, receipt.Refused, otlp.Partial(receipt))
	return stream.SendMsg(&answer)
}

// message reads the one message of a call.
func message(stream grpc.ServerStream) ([]byte, error) {
	var raw []byte
	read := make(chan error, 1)
	go func() { read <- stream.RecvMsg(&raw) }() // it ends with the call, if not before
	late := time.NewTimer(messageTime)
	defer late.Stop()
	select {
	case err := <-read:
		return raw, err
	case <-late.C:
		return nil, errs.New(errs.Unavailable, "the message did not arrive within %s", messageTime)
	}
}

func bearer(ctx context.Context) (string, bool) {
	md, _ := metadata.FromIncomingContext(ctx)
	for _, v := range md.Get("authorization") {
		kind, token, _ := strings.Cut(v, " ")
		if token = strings.TrimSpace(token); strings.EqualFold(kind, "Bearer") && token != "" {
			return token, true
		}
	}
	return "", false
}

// fault is an error as exporters understand it: they try again after Unavailable, and after ResourceExhausted when RetryInfo says so.
func (s *Server) fault(err error) error {
	if _, ok := status.FromError(err); ok { // of gRPC itself, which has told it: too large, cannot be unpacked, given up
		return err
	}
	said := strings.TrimSpace(err.Error() + ". " + errs.HintOf(err))
	after := event.RetryAfter(err)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	case errs.FieldOf(err) == event.DiskFull:
		s.Log.Error("a request of OTLP was not taken", "error", err)
		return retry(codes.ResourceExhausted, "the disk of this installation is full; nothing of the request was kept", diskFullWait)
	case errs.FieldOf(err) == event.TooMuch:
		return status.Error(codes.InvalidArgument, said)
	}
	switch errs.KindOf(err) { //nolint:exhaustive // the others are the program's own
	case errs.Denied:
		if strings.Contains(said, "paused") {
			return status.Error(codes.PermissionDenied, said)
		}
		return status.Error(codes.Unauthenticated, said)
	case errs.Invalid, errs.Conflict:
		return status.Error(codes.InvalidArgument, said)
	case errs.Exhausted:
		return retry(codes.ResourceExhausted, said, max(after, time.Second))
	}
	ref := id.Secret(10)
	s.Log.Error("a request of OTLP was not taken", "request", ref, "error", err)
	return retry(codes.Unavailable, fmt.Sprintf("a fault of the program; send the same again later. Request %s", ref), time.Second)
}

// retry is an error after which the same may be sent again after a while.
func retry(code codes.Code, text string, after time.Duration) error {
	st, err := status.New(code, text).WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if err != nil {
		return status.Error(code, text)
	}
	return st.Err()
}

// bare hands messages on as they are: package otlp reads them.
type bare struct{}

func (bare) Name() string { return "proto" }

func (bare) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, errs.New(errs.Internal, "a message of another kind")
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

func (bare) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return errs.New(errs.Internal, "a message of another kind")
	}
	*b = data.Materialize()
	return nil
}
