package app_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/paging"
)

// served is a server with sources, and what ends it.
type served struct {
	*app.App
	t     *testing.T
	dir   string
	scope access.Scope
}

// newServed makes an installation with an organisation, and the file of the ways in.
func newServed(t *testing.T) *served {
	t.Helper()
	dir := t.TempDir()
	w := &served{t: t, dir: dir, App: open(t, map[string]string{"data": filepath.Join(dir, "data"), "listen": "127.0.0.1:0", "every": "0", "intake": filepath.Join(dir, "intake.yaml")})}
	_, scope, err := w.CreateOrg(t.Context(), "test", access.NewOrg{Slug: "northwind", Name: "Northwind"}, access.NewUser{Email: "ona@northwind.example", Name: "Ona", Password: "a long enough password"}, true)
	must(t, err)
	w.scope = scope
	return w
}

func (w *served) source(name, log string) event.Source {
	w.t.Helper()
	x, _, err := w.Sources.Add(w.t.Context(), w.scope, w.Clock(), event.NewSource{Name: name, Log: log})
	must(w.t, err)
	return x
}

func (w *served) ways(format string, args ...any) {
	w.t.Helper()
	must(w.t, os.WriteFile(filepath.Join(w.dir, "intake.yaml"), fmt.Appendf(nil, format, args...), 0o600))
}

// serve serves until the returned function is called.
func (w *served) serve() (address string, end func()) {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.t.Context())
	at, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- w.Serve(ctx, func(a string) { at <- a }) }()
	select {
	case address = <-at:
	case err := <-ended:
		w.t.Fatal(err)
	}
	return address, func() { stop(); must(w.t, <-ended) }
}

// took waits until a source took so many events.
func (w *served) took(x event.Source, n int64) event.Source {
	w.t.Helper()
	until(w.t, fmt.Sprintf("%d events of %s", n, x.Name), func() bool { return w.Intake.Live(x).Events >= n })
	if got := w.Intake.Live(x); got.Events != n {
		w.t.Errorf("%s took %d events, want %d", x.Name, got.Events, n)
	}
	return w.Intake.Live(x)
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// TestSyslog: messages over UDP and TCP become events of the sources that the file names, and are there after the server ended.
func TestSyslog(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	host, okta := w.source("Hosts", "linux.syslog"), w.source("Okta", "okta.log")
	udp, tcp := freePort(t), freePort(t)
	w.ways("syslog:\n- listen: udp://%s\n  zone: Europe/Berlin\n  senders: [{source: %s}]\n- listen: tcp://%s\n  senders: [{from: [127.0.0.0/8], org: northwind, source: %s}]\n", udp, host.Ref, tcp, okta.Ref)
	_, end := w.serve()
	u, err := net.Dial("udp", udp)
	must(t, err)
	c, err := net.Dial("tcp", tcp)
	must(t, err)
	for n := range 3 {
		_, err := fmt.Fprintf(u, "<38>1 2026-03-01T08:00:0%dZ web-1 sshd 41 - - Accepted password for dana from 192.0.2.7 port 1 ssh2", n)
		must(t, err)
		_, err = fmt.Fprintf(c, "<13>1 2026-03-01T08:00:00Z h a - - - {\"uuid\":\"u%d\",\"eventType\":\"user.session.start\"}\nnot for Okta\n", n)
		must(t, err)
	}
	must(t, c.Close())
	w.took(host, 3)
	w.took(okta, 6)
	found, _, err := w.Events.Find(t.Context(), w.scope.ReadScope, event.Filter{Actors: []string{"dana"}})
	if err != nil || len(found) != 3 || found[0].Host != "web-1" || !strings.Contains(string(found[0].Raw), `"raw":"<38>1 2026`) {
		t.Errorf("%+v %v", found, err)
	}
	_, err = u.Write([]byte("<13>the last one"))
	must(t, err)
	time.Sleep(50 * time.Millisecond) // it is read at once, and kept when the server ends
	end()
	w.took(host, 4)
}

// TestOTLP: logs over gRPC become events of the source whose token they come with; the same request again adds nothing, and what cannot
// be read is told as a partial success.
func TestOTLP(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	x, token, err := w.Sources.Add(t.Context(), w.scope, w.Clock(), event.NewSource{Name: "Collector", Log: "okta.log", Rate: 50})
	must(t, err)
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	address := free.Addr().String()
	must(t, free.Close())
	w.ways("otlp: [{listen: 'tcp://%s'}]\n", address)
	_, end := w.serve()
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	defer c.Close()
	call := func(token string, texts ...string) (*emptypb.Empty, error) {
		var records []*logs.LogRecord
		for _, text := range texts {
			records = append(records, &logs.LogRecord{TimeUnixNano: uint64(w.Clock().UnixNano()), Body: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: text}}})
		}
		answer := &emptypb.Empty{}
		return answer, c.Invoke(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token), "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
			&logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{ScopeLogs: []*logs.ScopeLogs{{LogRecords: records}}}}}, answer)
	}
	answer, err := call(token, `{"uuid":"1","eventType":"user.session.start"}`, `{"uuid":"2","eventType":"user.session.start"}`, "{\"a\":1,\"a\":2}")
	must(t, err)
	if said := string(answer.ProtoReflect().GetUnknown()); !strings.Contains(said, "1 records could not be read") {
		t.Errorf("%q", said)
	}
	w.took(x, 2)
	if _, err := call("tmki_wrong", "a"); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a wrong token: %v", err)
	}
	var many []string
	for n := range 2900 {
		many = append(many, fmt.Sprintf(`{"uuid":"m%d"}`, n))
	}
	_, err = call(token, many...)
	must(t, err)
	_, err = call(token, many...) // another instant: it is another request, and the source sends too much
	if st := status.Convert(err); st.Code() != codes.ResourceExhausted || len(st.Details()) != 1 {
		t.Errorf("a flood: %v", err)
	}
	w.took(x, 2902)
	end()
}

// TestWaysRefused: a mistake in the file is told with its place before anything is served.
func TestWaysRefused(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	x := w.source("Hosts", "linux.syslog")
	for text, want := range map[string]string{
		"otlp: [{listen: 'udp://127.0.0.1:0'}]":                                                              "no address",
		"otlp: [{listen: 'tcp://0.0.0.0:4317'}]":                                                             "tokens could be read",
		"otlp: [{listen: 'tcp://127.0.0.1:0', cert: c.pem}]":                                                 "tls alone",
		"otlp: [{listen: 'tls://127.0.0.1:0', cert: c.pem, key: k.pem}]":                                     "certificate",
		"otlp: [{listen: 'tcp://127.0.0.1:0', senders: [{source: SRC-1}]}]":                                  "senders",
		"syslog: [{lisen: x}]":                                                                               "lisen",
		"syslog: [{listen: 'udp://127.0.0.1:0'}]":                                                            "nobody may send",
		"syslog: [{listen: 'x', senders: [{source: SRC-1}]}]":                                                "no address",
		"syslog: [{listen: 'udp://127.0.0.1:0', senders: [{source: SRC-9}]}]":                                "SRC-9",
		"syslog: [{listen: 'udp://127.0.0.1:0', senders: [{org: none, source: SRC-1}]}]":                     "which organisation",
		"syslog: [{listen: 'udp://127.0.0.1:0', senders: [{from: [10.0.0.1], source: SRC-1}]}]":              "10.0.0.1",
		"syslog: [{listen: 'tcp://127.0.0.1:0', idle: 5s, senders: [{source: SRC-1}]}]":                      "idle",
		"syslog: [{listen: 'tcp://127.0.0.1:0', idle: long, senders: [{source: SRC-1}]}]":                    "idle",
		"syslog: [{listen: 'udp://127.0.0.1:0', zone: Mars/Olympus, senders: [{source: SRC-1}]}]":            "Mars",
		"syslog: [{listen: 'udp://127.0.0.1:0', cert: c.pem, senders: [{source: SRC-1}]}]":                   "tls alone",
		"syslog: [{listen: 'tls://127.0.0.1:0', cert: c.pem, key: k.pem, senders: [{source: SRC-1}]}]":       "certificate",
		"syslog: [{listen: 'tcp://127.0.0.1:0', senders: [{name: web-1.northwind.example, source: SRC-1}]}]": "certificates are checked",
	} {
		w.ways("%s\n", strings.ReplaceAll(text, "SRC-1", x.Ref))
		if err := w.Serve(t.Context(), func(string) { t.Errorf("%s: it served", text) }); err == nil || !strings.Contains(err.Error()+fmt.Sprint(err), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestFiles: a file that grows and a folder are read once, over two runs of the server, and while it stands still.
func TestFiles(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	host, trail := w.source("Hosts", "linux.syslog"), w.source("Trail", "aws.cloudtrail")
	log, folder := filepath.Join(w.dir, "auth.log"), filepath.Join(w.dir, "trail")
	must(t, os.Mkdir(folder, 0o700))
	w.ways("files: [{path: auth.log, source: %s}]\nfolders: [{path: trail, source: %s}]\n", host.Ref, trail.Ref)
	line := "Mar  1 08:00:0%d web-1 sshd[41]: Accepted password for dana from 192.0.2.7 port 1 ssh2\n"
	write := func(n int) {
		t.Helper()
		f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		must(t, err)
		_, err = fmt.Fprintf(f, line, n)
		must(t, err)
		must(t, f.Close())
	}
	write(1)
	must(t, os.WriteFile(filepath.Join(folder, "a.json"), []byte(`{"Records":[{"eventID":"1","eventName":"CreateUser"},{"eventID":"2"}]}`), 0o600))
	_, end := w.serve()
	w.took(host, 1)
	write(2)
	w.took(host, 2)
	w.took(trail, 2)
	end()
	write(3)
	must(t, os.Rename(log, log+".1"))
	write(4)
	_, end = w.serve()
	w.took(host, 4)
	must(t, os.WriteFile(filepath.Join(folder, "b.json"), []byte(`{"eventID":"3"}`), 0o600))
	w.took(trail, 3)
	end()
	w.ways("folders: [{path: none, source: %s}]\n", trail.Ref)
	if err := w.Serve(t.Context(), func(string) { t.Error("it served") }); err == nil || !strings.Contains(err.Error(), "no folder") {
		t.Error(err)
	}
	w.ways("files: [{path: a, source: %s}, {path: a, source: %s}]\n", host.Ref, host.Ref)
	if err := w.Serve(t.Context(), func(string) { t.Error("it served") }); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Error(err)
	}
}

// TestGapAlert: messages that never came are told as an alert, once, after the time in which they may come late.
func TestGapAlert(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	w.ways("files: []\n")
	host := w.source("Hosts", "linux.syslog")
	must(t, w.OpenEvents(t.Context()))
	_, err := w.Intake.AcceptAs(t.Context(), w.scope, host.Ref, "", strings.NewReader(`{"hostname":"web-1","sequence":1,"message":"a"}`+"\n"+`{"hostname":"web-1","sequence":5,"message":"b"}`), w.Clock())
	must(t, err)
	_, err = w.EventSealer.Seal(t.Context(), w.Clock(), true)
	must(t, err)
	late := w.Clock().Add(10 * time.Minute)
	w.App.Clock = func() time.Time { return late }
	_, end := w.serve()
	defer end()
	var all []alert.Alert
	until(t, "an alert", func() bool {
		res, err := w.Alerts.List(t.Context(), w.scope.ReadScope, alert.Filter{Kind: alert.Gap}, paging.Query{})
		must(t, err)
		all = res.Rows
		return res.Total > 0
	})
	if len(all) != 1 || all[0].Entity != "Hosts" || !strings.Contains(fmt.Sprintf("%+v", all[0]), "3 events of web-1 never arrived at Hosts: of the numbers 2 to 4.") {
		t.Errorf("%+v", all)
	}
}
