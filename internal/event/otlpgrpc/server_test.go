package otlpgrpc

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/otlp"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// run serves until the test ends, and gives a way to call.
func run(t *testing.T, s *Server, l Listener, with credentials.TransportCredentials) func(token string, body []byte, options ...grpc.CallOption) ([]byte, error) {
	t.Helper()
	s.Listeners, s.Log = []Listener{l}, slog.New(slog.DiscardHandler)
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	address := s.Addresses()[0].String()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(with), grpc.WithDefaultCallOptions(grpc.ForceCodecV2(bare{}), grpc.MaxCallSendMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		<-ended
		_ = c.Close()
	})
	return func(token string, body []byte, options ...grpc.CallOption) ([]byte, error) {
		ctx := t.Context()
		if token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
		}
		var answer []byte
		err := c.Invoke(ctx, "/"+service+"/"+method, &body, &answer, options...)
		return answer, err
	}
}

// TestExport: what is answered for each thing that becomes of a request, so that an exporter tries again what may be taken later, and
// nothing else.
func TestExport(t *testing.T) {
	t.Parallel()
	var become error
	var refused int64
	var got []byte
	s := &Server{Take: func(_ context.Context, token string, body func() ([]byte, error)) (event.Receipt, error) {
		if token != "tmki_good" {
			return event.Receipt{}, errs.New(errs.Denied, "the token is of no source")
		}
		var err error
		if got, err = body(); err != nil {
			return event.Receipt{}, err
		}
		return event.Receipt{Refused: refused}, become
	}}
	call := run(t, s, Listener{Address: "tcp://127.0.0.1:0"}, insecure.NewCredentials())
	for _, options := range [][]grpc.CallOption{nil, {grpc.UseCompressor("gzip")}} {
		if answer, err := call("tmki_good", []byte("a request"), options...); err != nil || len(answer) != 0 || string(got) != "a request" {
			t.Errorf("%q %q %v", answer, got, err)
		}
	}
	refused = 3
	if answer, err := call("tmki_good", nil); err != nil || !bytes.Equal(answer, otlp.Answer(false, 3, otlp.Partial(event.Receipt{Refused: 3}))) {
		t.Errorf("%q %v", answer, err)
	}
	for _, x := range []struct {
		token  string
		body   []byte
		become error
		code   codes.Code
		again  time.Duration
		says   string
	}{
		{"", nil, nil, codes.Unauthenticated, 0, "token of a source"},
		{"tmki_bad", nil, nil, codes.Unauthenticated, 0, "no source"},
		{"tmki_good", nil, errs.New(errs.Denied, "the source x is paused"), codes.PermissionDenied, 0, "paused"},
		{"tmki_good", nil, event.BusyFor(7*time.Second, "too many at once"), codes.ResourceExhausted, 7 * time.Second, "too many"},
		{"tmki_good", nil, errs.New(errs.Exhausted, "the disk of /data").At(event.DiskFull), codes.ResourceExhausted, time.Minute, "disk of this installation"},
		{"tmki_good", nil, errs.New(errs.Invalid, "its records are larger").At(event.TooMuch), codes.InvalidArgument, 0, "larger"},
		{"tmki_good", nil, errs.New(errs.Invalid, "it is no request"), codes.InvalidArgument, 0, "no request"},
		{"tmki_good", nil, errors.New("open /data/secret: fault"), codes.Unavailable, time.Second, "a fault of the program"},
		{"tmki_good", make([]byte, otlp.MaxBody+1), nil, codes.ResourceExhausted, 0, "larger"},
	} {
		become = x.become
		_, err := call(x.token, x.body)
		st := status.Convert(err)
		if st.Code() != x.code || !strings.Contains(st.Message(), x.says) || strings.Contains(st.Message(), "/data") {
			t.Errorf("%v: %v, want %s with %q", x.become, err, x.code, x.says)
		}
		after := time.Duration(0)
		for _, d := range st.Details() {
			if r, ok := d.(*errdetails.RetryInfo); ok {
				after = r.GetRetryDelay().AsDuration()
			}
		}
		if after != x.again {
			t.Errorf("%v: to be tried again after %s, want %s", x.become, after, x.again)
		}
	}
	// A bomb: little on the wire, much when it is unpacked.
	become = nil
	if _, err := call("tmki_good", make([]byte, 60<<20), grpc.UseCompressor("gzip")); status.Code(err) != codes.ResourceExhausted || len(status.Convert(err).Details()) != 0 || !strings.Contains(err.Error(), "larger") {
		t.Errorf("a bomb: %v", err)
	}
}

// TestTLS: with certificates the same is taken, and nothing without.
func TestTLS(t *testing.T) {
	t.Parallel()
	h := httptest.NewTLSServer(nil)
	defer h.Close()
	s := &Server{Take: func(_ context.Context, _ string, body func() ([]byte, error)) (event.Receipt, error) {
		_, err := body()
		return event.Receipt{}, err
	}}
	trusted, ok := h.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("no certificate to trust")
	}
	listener := Listener{Address: "tls://127.0.0.1:0", TLS: &tls.Config{Certificates: h.TLS.Certificates, MinVersion: tls.VersionTLS12}}
	call := run(t, s, listener, credentials.NewTLS(&tls.Config{RootCAs: trusted.TLSClientConfig.RootCAs, ServerName: "example.com", MinVersion: tls.VersionTLS12}))
	if _, err := call("tmki_good", []byte("x")); err != nil {
		t.Error(err)
	}
	for name, with := range map[string]credentials.TransportCredentials{"no TLS": insecure.NewCredentials(), "a certificate that is not trusted": credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})} {
		other := *s
		other.open, other.servers = nil, nil
		if _, err := run(t, &other, listener, with)("tmki_good", []byte("x")); status.Code(err) != codes.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAddress: what may be listened on.
func TestAddress(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"tls://0.0.0.0:4317": true, "tcp://127.0.0.1:4317": true, "tcp://[::1]:4317": true, "tcp://localhost:4317": true,
		"tcp://0.0.0.0:4317": false, "tcp://192.0.2.1:4317": false, "udp://127.0.0.1:1": false, "tls://0.0.0.0": false, "127.0.0.1:4317": false, "": false, "tls://a:1/x": false,
	} {
		if _, _, err := Address(text); (err == nil) != ok || err != nil && (!errs.Is(err, errs.Invalid) || errs.HintOf(err) == "") {
			t.Errorf("%s: %v", text, err)
		}
	}
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := &Server{Listeners: []Listener{{Address: "tcp://" + taken.Addr().String()}}, Log: slog.New(slog.DiscardHandler)}
	if err := s.Open(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("an address that is taken: %v", err)
	}
}
