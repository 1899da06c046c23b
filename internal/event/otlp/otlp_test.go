package otlp_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/event/otlp"
)

func text(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

func pair(k string, v *common.AnyValue) *common.KeyValue { return &common.KeyValue{Key: k, Value: v} }

func request(all ...*logs.LogRecord) []byte {
	b, err := proto.Marshal(&logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{
		Resource:  &resource.Resource{Attributes: []*common.KeyValue{pair("host.name", text("web-1")), pair("service.name", text("sshd"))}},
		ScopeLogs: []*logs.ScopeLogs{{Scope: &common.InstrumentationScope{Name: "filelog", Version: "1.2"}, LogRecords: all}},
	}}})
	if err != nil {
		panic(err)
	}
	return b
}

const at = 1772352000250000000

// TestRead: bodies of every kind, as protobuf, and the specification's own spelling of JSON.
func TestRead(t *testing.T) {
	t.Parallel()
	every := &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: []*common.KeyValue{
		pair("s", text("a\nb")), pair("i", &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: math.MinInt64}}), pair("d", &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: 1.5}}),
		pair("n", &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: math.NaN()}}), pair("b", &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: true}}),
		pair("y", &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: []byte{0xff}}}), pair("z", nil),
		pair("a", &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: []*common.AnyValue{text("x"), nil}}}}),
	}}}}
	got, err := otlp.Read(request(
		&logs.LogRecord{TimeUnixNano: at, Body: text("Accepted password for dana from 192.0.2.7 port 1 ssh2"), TraceId: []byte("0123456789abcdef"), SeverityNumber: 9, SeverityText: "INFO"},
		&logs.LogRecord{ObservedTimeUnixNano: at, Body: text(` {"uuid":"u1"}`), Attributes: []*common.KeyValue{pair("k", text("1")), pair("k", text("2"))}},
		&logs.LogRecord{TimeUnixNano: math.MaxUint64, EventName: "session.start", Body: every},
	), false, 1<<20)
	want := []string{
		`{"time":"2026-03-01T08:00:00.25Z","hostname":"web-1","app":"sshd","message":"Accepted password for dana from 192.0.2.7 port 1 ssh2","_otlp":{"time":"2026-03-01T08:00:00.25Z","severity":9,"severity_text":"INFO","trace_id":"30313233343536373839616263646566","resource":{"host.name":"web-1","service.name":"sshd"},"scope":"filelog","scope_version":"1.2"}}`,
		`{"_otlp":{"observed":"2026-03-01T08:00:00.25Z","attributes":[{"key":"k","value":"1"},{"key":"k","value":"2"}],"resource":{"host.name":"web-1","service.name":"sshd"},"scope":"filelog","scope_version":"1.2"},"uuid":"u1"}`,
		`{"_otlp":{"event_name":"session.start","resource":{"host.name":"web-1","service.name":"sshd"},"scope":"filelog","scope_version":"1.2"},"s":"a\nb","i":-9223372036854775808,"d":1.5,"n":"NaN","b":true,"y":"/w==","z":null,"a":["x",null]}`,
	}
	same(t, got, err, want)
	if !got.Dated {
		t.Error("every record has a time")
	}
	e, err := event.Normalise("linux.syslog", got.Records[0], time.Now())
	if err != nil || e.Actor.ID != "dana" || e.Host != "web-1" || e.At.UnixNano() != at {
		t.Errorf("%+v %v", e, err)
	}
	got, err = otlp.Read([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1772352000250000000","severityNumber":9,"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","body":{"kvlistValue":{"values":[{"key":"uuid","value":{"stringValue":"u1"}}]}},"news":1},{"body":{"intValue":"7"}}]}]}]}`), true, 1<<20)
	same(t, got, err, []string{
		`{"_otlp":{"time":"2026-03-01T08:00:00.25Z","severity":9,"trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174"},"uuid":"u1"}`,
		`{"message":7,"_otlp":{}}`,
	})
	if got.Dated {
		t.Error("a record has no time")
	}
}

func same(t *testing.T, got otlp.Logs, err error, want []string) {
	t.Helper()
	if err != nil || len(got.Records) != len(want) {
		t.Fatalf("%d records, %v", len(got.Records), err)
	}
	for i, r := range got.Records {
		if string(r) != want[i] {
			t.Errorf("%s\nwant %s", r, want[i])
		}
	}
}

// TestRefuses: what is no request, too deep, or too large once every record has its resource.
func TestRefuses(t *testing.T) {
	t.Parallel()
	deep := text("x")
	for range 70 {
		deep = &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: []*common.AnyValue{deep}}}}
	}
	many := make([]*logs.LogRecord, 2000)
	for i := range many {
		many[i] = &logs.LogRecord{}
	}
	for name, x := range map[string]struct {
		body []byte
		json bool
		want string
	}{
		"no protobuf": {[]byte("\xff\xff"), false, "no ExportLogsServiceRequest"},
		"no JSON":     {[]byte("{"), true, "no ExportLogsServiceRequest"},
		"deep":        {request(&logs.LogRecord{Body: deep}), false, "nested deeper"},
		"very deep":   {[]byte(strings.Repeat(`{"resourceLogs":[`, 5000)), true, "no ExportLogsServiceRequest"},
		"large":       {request(many...), false, "larger than"},
	} {
		if got, err := otlp.Read(x.body, x.json, 100_000); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %d records, %v", name, len(got.Records), err)
		}
	}
}

// TestAnswer: what senders are told is what the specification's messages say.
func TestAnswer(t *testing.T) {
	t.Parallel()
	if got := otlp.Answer(false, 300, "why"); string(got) != "\x0a\x08\x08\xac\x02\x12\x03why" {
		t.Errorf("%q", got)
	}
	if got := otlp.Answer(true, 300, "why"); string(got) != `{"partialSuccess":{"errorMessage":"why","rejectedLogRecords":"300"}}` {
		t.Errorf("%s", got)
	}
	if a, b := otlp.Answer(false, 0, ""), otlp.Answer(true, 0, ""); len(a) != 0 || string(b) != "{}" {
		t.Errorf("%q %s", a, b)
	}
	if a, b := otlp.Fault(false, 3, "no"), otlp.Fault(true, 3, "no"); string(a) != "\x08\x03\x12\x02no" || string(b) != `{"code":3,"message":"no"}` {
		t.Errorf("%q %s", a, b)
	}
}

// FuzzRead: whatever is read is one JSON object for each record.
func FuzzRead(f *testing.F) {
	f.Add(request(&logs.LogRecord{TimeUnixNano: at, Body: text("x")}), false)
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[{"key":"a"}]}},"traceId":"zz"}]}]}]}`), true)
	f.Fuzz(func(t *testing.T, body []byte, isJSON bool) {
		got, err := otlp.Read(body, isJSON, 1<<20)
		if err != nil {
			return
		}
		for _, r := range got.Records {
			if r[0] != '{' || !json.Valid(r) || strings.ContainsRune(string(r), '\n') {
				t.Fatalf("%q", r)
			}
		}
	})
}
