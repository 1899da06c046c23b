package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/otlp"
	"github.com/tickmark/tickmark/internal/event/otlpgrpc"
	"github.com/tickmark/tickmark/internal/event/syslog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

// ways is the file that Config.Intake names: how events come in beside HTTP. Paths in it are relative to it.
type ways struct {
	Syslog  []syslogWay `yaml:"syslog"`
	OTLP    []otlpWay   `yaml:"otlp"`    // logs of OpenTelemetry over gRPC; over HTTP the server takes them itself
	Files   []pathWay   `yaml:"files"`   // that grow and are followed
	Folders []pathWay   `yaml:"folders"` // into which whole files are put
	Buckets []bucketWay `yaml:"buckets"` // the same, at S3 and what speaks its interface

	folder string // of the file
}

// ofSource says which source of which organisation something is for.
type ofSource struct {
	Org    string `yaml:"org"`    // short name; may be left out where there is one organisation
	Source string `yaml:"source"` // reference: SRC-3
}

// certificates are those of an address that is tls.
type certificates struct {
	Cert    string `yaml:"cert"`    // a file with the certificate, in PEM
	Key     string `yaml:"key"`     // a file with its key, in PEM
	Clients string `yaml:"clients"` // a file with the authorities whose certificates senders must have; none asks for none
}

// otlpWay is an address on which requests of OTLP over gRPC are taken. Whose they are is in their token.
type otlpWay struct {
	Listen       string `yaml:"listen"` // tls://0.0.0.0:4317, tcp://127.0.0.1:4317
	certificates `yaml:",inline"`
}

// syslogWay is an address on which messages of syslog are taken.
type syslogWay struct {
	Listen  string         `yaml:"listen"`  // udp://0.0.0.0:514, tcp://127.0.0.1:601, tls://0.0.0.0:6514
	Zone    string         `yaml:"zone"`    // of times that do not tell theirs: Europe/Berlin; UTC if it is left out
	Idle    string         `yaml:"idle"`    // after which a silent connection is closed: 24h; 15m if it is left out
	Senders []syslogSender `yaml:"senders"` // the first that fits counts; what fits none is not taken

	certificates `yaml:",inline"`
}

type syslogSender struct {
	From     []string `yaml:"from"` // networks: 10.1.0.0/16; none is everywhere
	Name     string   `yaml:"name"` // in the sender's certificate: web-1.northwind.example
	ofSource `yaml:",inline"`
}

// pathWay is a file or a folder.
type pathWay struct {
	Path     string `yaml:"path"`
	Zone     string `yaml:"zone"` // of times that do not tell theirs
	ofSource `yaml:",inline"`
}

// loadWays reads the file of the ways in; a configuration without one has none.
func loadWays(file string) (ways, error) {
	var w ways
	if file == "" {
		return w, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return w, errs.As(errs.Invalid, err, "intake: the file of the ways in")
	}
	if err := yamldoc.Decode(text, &w); err != nil {
		return w, errs.As(errs.Invalid, err, "the ways in of %s", file)
	}
	w.folder = filepath.Dir(file)
	return w, nil
}

// path is a path of the file, as the program opens it.
func (w *ways) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(w.folder, p)
}

// destination is the source that something is for.
type destination struct {
	scope  access.Scope
	source event.Source
}

// destinationOf finds a source that is named in the file of the ways in.
func (a *App) destinationOf(ctx context.Context, f ofSource, job string) (destination, error) {
	slug := cmp.Or(f.Org, a.Config.Org)
	orgs, err := a.Access.Orgs(ctx)
	if err != nil {
		return destination{}, err
	}
	var found []access.Org
	for _, o := range orgs {
		if o.Kind != access.Firm && (slug == "" || o.Slug == slug) {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		return destination{}, errs.New(errs.Invalid, "the source %q is of which organisation? %q fits %d", f.Source, slug, len(found)).At("org").WithHint("Write org: and its short name beside source.")
	}
	scope := a.Access.System(found[0].ID, job)
	x, err := a.Sources.Source(ctx, scope.ReadScope, f.Source)
	if err != nil {
		return destination{}, errs.Wrap(err, "organisation %s", found[0].Slug)
	}
	return destination{scope, x}, nil
}

// lot keeps what a way brought.
func (a *App) lot(ctx context.Context, t destination, lot event.Lot, records []byte) (event.Receipt, error) {
	lot.Body = bytes.NewReader(records)
	return a.Intake.AcceptLot(ctx, t.scope, string(t.source.ID), lot, a.Clock())
}

// openSyslog begins to listen on what the file of the ways in says.
func (a *App) openSyslog(ctx context.Context, w *ways) (*syslog.Server, error) {
	s := &syslog.Server{Clock: func() time.Time { return a.Clock() }, Log: a.Log}
	for i, x := range w.Syslog {
		l, err := a.listener(ctx, w, x)
		if err != nil {
			return nil, errs.Wrap(err, "syslog listener %d, %s", i+1, x.Listen)
		}
		s.Listeners = append(s.Listeners, l)
	}
	return s, s.Open(ctx)
}

// maxIdle bounds how long a silent connection is kept. Senders that do not notice when one is closed, as Vault, need it long.
const maxIdle = 30 * 24 * time.Hour

func (a *App) listener(ctx context.Context, w *ways, x syslogWay) (syslog.Listener, error) {
	l := syslog.Listener{Address: x.Listen}
	network, _, err := syslog.Address(x.Listen)
	if err != nil {
		return l, err
	}
	zone, err := time.LoadLocation(cmp.Or(x.Zone, "UTC"))
	if err != nil {
		return l, errs.As(errs.Invalid, err, "zone %q", x.Zone)
	}
	if l.TLS, err = w.tls(network, x.certificates); err != nil {
		return l, err
	}
	if x.Idle != "" {
		if l.Idle, err = time.ParseDuration(x.Idle); err != nil || l.Idle < time.Minute || l.Idle > maxIdle {
			return l, errs.New(errs.Invalid, "idle: %q is no time from a minute to 30 days", x.Idle).At("idle").WithHint("Write it as 24h, or leave it out for 15m.")
		}
	}
	if len(x.Senders) == 0 {
		return l, errs.New(errs.Invalid, "nobody may send").At("senders").WithHint("Name at least one: senders: [{source: SRC-3}]")
	}
	for _, y := range x.Senders {
		t, err := a.destinationOf(ctx, y.ofSource, "syslog")
		if err != nil {
			return l, err
		}
		out := syslog.Sender{Name: y.Name, Log: t.source.Log, Key: string(t.source.ID), Zone: zone}
		if y.Name != "" && x.Clients == "" {
			return l, errs.New(errs.Invalid, "a sender is known by the name %q in its certificate only where certificates are checked", y.Name).At("clients").WithHint("Name the file of the authorities in clients, or leave the name out.")
		}
		for _, text := range y.From {
			p, err := netip.ParsePrefix(text)
			if err != nil {
				return l, errs.As(errs.Invalid, err, "from: %q is not a range such as 10.0.0.0/8", text)
			}
			out.From = append(out.From, p.Masked())
		}
		out.Take = func(ctx context.Context, records []byte, lost int64) error {
			_, err := a.lot(ctx, t, event.Lot{Lost: lost}, records)
			return err
		}
		l.Senders = append(l.Senders, out)
	}
	return l, nil
}

// openOTLP begins to listen for OTLP over gRPC on what the file of the ways in says.
func (a *App) openOTLP(ctx context.Context, w *ways) (*otlpgrpc.Server, error) {
	s := &otlpgrpc.Server{Log: a.Log, Take: func(ctx context.Context, token string, body func() ([]byte, error)) (event.Receipt, error) {
		return otlp.Take(ctx, a.Intake, token, "", false, a.Clock(), body)
	}}
	for i, x := range w.OTLP {
		network, _, err := otlpgrpc.Address(x.Listen)
		l := otlpgrpc.Listener{Address: x.Listen}
		if err == nil {
			l.TLS, err = w.tls(network, x.certificates)
		}
		if err != nil {
			return nil, errs.Wrap(err, "otlp listener %d, %s", i+1, x.Listen)
		}
		s.Listeners = append(s.Listeners, l)
	}
	return s, s.Open(ctx)
}

// tls reads the certificates of a listener; nil where it has none to have.
func (w *ways) tls(network string, x certificates) (*tls.Config, error) {
	if network != "tls" {
		if x != (certificates{}) {
			return nil, errs.New(errs.Invalid, "certificates are for tls alone").At("listen").WithHint("Write tls://…, or leave cert, key and clients out.")
		}
		return nil, nil //nolint:nilnil // none is what such a listener has
	}
	pair, err := tls.LoadX509KeyPair(w.path(x.Cert), w.path(x.Key))
	if err != nil {
		return nil, errs.Hinted(errs.As(errs.Invalid, err, "the certificate of a tls listener"), "Name the files of certificate and key, in PEM, in cert and key.")
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if x.Clients == "" {
		return c, nil
	}
	pem, err := os.ReadFile(w.path(x.Clients))
	if err != nil {
		return nil, errs.As(errs.Invalid, err, "clients: the file of the authorities")
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errs.New(errs.Invalid, "clients: %s holds no certificate in PEM", x.Clients)
	}
	return c, nil
}

// openWays opens every way in that the configuration names; run serves them until its context ends, and returns when the disk has
// what they read.
func (a *App) openWays(ctx context.Context) (run func(context.Context), err error) {
	w, err := loadWays(a.Config.Intake)
	if err != nil {
		return nil, err
	}
	s, err := a.openSyslog(ctx, &w)
	if err != nil {
		return nil, err
	}
	o, err := a.openOTLP(ctx, &w)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	files, err := a.openPaths(ctx, &w)
	if err != nil {
		return nil, errors.Join(err, s.Close(), o.Close())
	}
	buckets, err := a.openBuckets(ctx, &w)
	if err != nil {
		return nil, errors.Join(err, s.Close(), o.Close())
	}
	files = append(files, buckets...)
	return func(ctx context.Context) {
		var all sync.WaitGroup
		for _, run := range append(files, s.Run, o.Run, a.feeding) {
			all.Go(func() { run(ctx) })
		}
		all.Wait()
	}, nil
}
