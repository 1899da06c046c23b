// Package otlp reads logs as OpenTelemetry sends them (OTLP 1.11, https://opentelemetry.io/docs/specs/otlp/): each becomes a record of
// a source, with the resource and the attributes beside it.
package otlp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Envelope is the member of a record in which everything stands that came beside the body.
const Envelope = "_otlp"

// maxDepth is how deep a value may be nested: what a record may be, less what is around the value.
const maxDepth = 60

// Logs is a request for export, read.
type Logs struct {
	Records [][]byte // one JSON object each
	Dated   bool     // every one has a time, so that the same bytes are the same request
}

// Read reads an ExportLogsServiceRequest, as protobuf or as JSON. Records together may have at most so many bytes.
func Read(body []byte, isJSON bool, most int) (Logs, error) {
	out := Logs{Dated: true}
	var all logs.LogsData // its fields are those of the request
	var err error
	if isJSON {
		err = (protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: 4 * maxDepth}).Unmarshal(body, &all)
	} else {
		err = (proto.UnmarshalOptions{RecursionLimit: 4 * maxDepth}).Unmarshal(body, &all)
	}
	if err != nil {
		return out, errs.As(errs.Invalid, err, "the body is no ExportLogsServiceRequest")
	}
	size := 0
	for _, r := range all.GetResourceLogs() {
		for _, s := range r.GetScopeLogs() {
			for _, l := range s.GetLogRecords() {
				if l.GetTimeUnixNano() == 0 && l.GetObservedTimeUnixNano() == 0 {
					out.Dated = false
				}
				record, err := (&reader{json: isJSON}).record(r, s, l)
				if err != nil {
					return out, errs.Wrap(err, "log record %d", len(out.Records)+1)
				}
				if size += len(record); size > most {
					return out, errs.New(errs.Invalid, "its records are larger than %d MiB", most>>20).At(event.TooMuch).WithHint("Send smaller batches.")
				}
				out.Records = append(out.Records, record)
			}
		}
	}
	return out, nil
}

// reader writes records.
type reader struct{ json bool }

// field is a member of an object, in order.
type field struct {
	name  string
	value []byte
}

func object(fields []field) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(event.Line(f.name))
		b.WriteByte(':')
		b.Write(f.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// record is the body with what came beside it. A body that is a map, or the text of a JSON object, is the record itself; another is
// the message of one that looks as messages of syslog do.
func (r *reader) record(rl *logs.ResourceLogs, sl *logs.ScopeLogs, l *logs.LogRecord) ([]byte, error) {
	beside, err := r.beside(rl, sl, l)
	if err != nil {
		return nil, err
	}
	body, err := value(l.GetBody(), 0)
	if err != nil {
		return nil, err
	}
	if text, ok := l.GetBody().GetValue().(*common.AnyValue_StringValue); ok {
		if o, ok := event.Object([]byte(text.StringValue)); ok {
			return event.Splice(o, Envelope, beside), nil
		}
	}
	if o, ok := event.Object(body); ok {
		return event.Splice(o, Envelope, beside), nil
	}
	var fields []field
	if at := instant(l.GetTimeUnixNano()); at != "" {
		fields = append(fields, field{"time", event.Line(at)})
	} else if at := instant(l.GetObservedTimeUnixNano()); at != "" {
		fields = append(fields, field{"time", event.Line(at)})
	}
	for _, x := range [...]struct{ name, from string }{{"hostname", "host.name"}, {"app", "service.name"}, {"pid", "process.pid"}} {
		for _, a := range rl.GetResource().GetAttributes() {
			if a.GetKey() == x.from {
				v, err := value(a.GetValue(), 0)
				if err != nil {
					return nil, err
				}
				fields = append(fields, field{x.name, v})
				break
			}
		}
	}
	fields = append(fields, field{"message", body}, field{Envelope, beside})
	return object(fields), nil
}

// beside is everything but the body.
func (r *reader) beside(rl *logs.ResourceLogs, sl *logs.ScopeLogs, l *logs.LogRecord) ([]byte, error) {
	var fields []field
	add := func(name string, there bool, v any) {
		if there {
			fields = append(fields, field{name, event.Line(v)})
		}
	}
	at, observed := instant(l.GetTimeUnixNano()), instant(l.GetObservedTimeUnixNano())
	add("time", at != "", at)
	add("observed", observed != "", observed)
	add("severity", l.GetSeverityNumber() != 0, int32(l.GetSeverityNumber()))
	add("severity_text", l.GetSeverityText() != "", l.GetSeverityText())
	add("event_name", l.GetEventName() != "", l.GetEventName())
	add("trace_id", len(l.GetTraceId()) > 0, r.identifier(l.GetTraceId()))
	add("span_id", len(l.GetSpanId()) > 0, r.identifier(l.GetSpanId()))
	add("flags", l.GetFlags() != 0, l.GetFlags())
	add("dropped_attributes", l.GetDroppedAttributesCount() != 0, l.GetDroppedAttributesCount())
	var err error
	maps := func(name string, all []*common.KeyValue) {
		if len(all) == 0 || err != nil {
			return
		}
		var v []byte
		if v, err = pairs(all, 0); err == nil {
			fields = append(fields, field{name, v})
		}
	}
	maps("attributes", l.GetAttributes())
	res, scope := rl.GetResource(), sl.GetScope()
	maps("resource", attributesOf(res))
	add("resource_schema", rl.GetSchemaUrl() != "", rl.GetSchemaUrl())
	add("scope", scope.GetName() != "", scope.GetName())
	add("scope_version", scope.GetVersion() != "", scope.GetVersion())
	maps("scope_attributes", scope.GetAttributes())
	add("scope_schema", sl.GetSchemaUrl() != "", sl.GetSchemaUrl())
	return object(fields), err
}

func attributesOf(r *resource.Resource) []*common.KeyValue { return r.GetAttributes() }

func instant(nanos uint64) string {
	if nanos == 0 || nanos > math.MaxInt64 {
		return ""
	}
	return time.Unix(0, int64(nanos)).UTC().Format(time.RFC3339Nano)
}

// identifier is a trace's or span's, in hex. In JSON it is written so, where the general rule of protobuf would have base64: the
// reader took the hex digits for base64, and this gives them back.
func (r *reader) identifier(id []byte) string {
	if r.json {
		return strings.ToLower(base64.StdEncoding.EncodeToString(id))
	}
	return hex.EncodeToString(id)
}

// pairs is a map; names that come twice make it a list of pairs, so that nothing is left out.
func pairs(all []*common.KeyValue, depth int) ([]byte, error) {
	fields := make([]field, 0, len(all))
	seen := map[string]bool{}
	twice := false
	for _, kv := range all {
		v, err := value(kv.GetValue(), depth+1)
		if err != nil {
			return nil, err
		}
		twice = twice || seen[kv.GetKey()]
		seen[kv.GetKey()] = true
		fields = append(fields, field{kv.GetKey(), v})
	}
	if !twice {
		return object(fields), nil
	}
	list := make([][]byte, len(fields))
	for i, f := range fields {
		list[i] = object([]field{{"key", event.Line(f.name)}, {"value", f.value}})
	}
	return array(list), nil
}

func array(all [][]byte) []byte {
	return append(append([]byte("["), bytes.Join(all, []byte(","))...), ']')
}

func value(v *common.AnyValue, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errs.New(errs.Invalid, "it is nested deeper than %d", maxDepth)
	}
	switch x := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return event.Line(x.StringValue), nil
	case *common.AnyValue_BoolValue:
		return strconv.AppendBool(nil, x.BoolValue), nil
	case *common.AnyValue_IntValue:
		return strconv.AppendInt(nil, x.IntValue, 10), nil
	case *common.AnyValue_DoubleValue:
		if math.IsNaN(x.DoubleValue) || math.IsInf(x.DoubleValue, 0) {
			return event.Line(strconv.FormatFloat(x.DoubleValue, 'g', -1, 64)), nil
		}
		return event.Line(x.DoubleValue), nil
	case *common.AnyValue_BytesValue:
		return event.Line(x.BytesValue), nil
	case *common.AnyValue_ArrayValue:
		list := make([][]byte, 0, len(x.ArrayValue.GetValues()))
		for _, one := range x.ArrayValue.GetValues() {
			b, err := value(one, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, b)
		}
		return array(list), nil
	case *common.AnyValue_KvlistValue:
		return pairs(x.KvlistValue.GetValues(), depth)
	}
	return []byte("null"), nil
}

// Answer is an ExportLogsServiceResponse: how many records were put aside, and why. None is the empty answer.
func Answer(isJSON bool, rejected int64, why string) []byte {
	if isJSON {
		if rejected == 0 {
			return []byte("{}")
		}
		return event.Line(map[string]any{"partialSuccess": map[string]string{"rejectedLogRecords": strconv.FormatInt(rejected, 10), "errorMessage": why}})
	}
	if rejected == 0 {
		return nil
	}
	in := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(rejected))
	in = protowire.AppendString(protowire.AppendTag(in, 2, protowire.BytesType), why)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), in)
}

// Fault is a google.rpc.Status with a code and a message.
func Fault(isJSON bool, code int32, message string) []byte {
	if isJSON {
		return event.Line(map[string]any{"code": code, "message": message})
	}
	out := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(code))
	return protowire.AppendString(protowire.AppendTag(out, 2, protowire.BytesType), message)
}
