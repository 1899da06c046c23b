package syslog

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/event"
)

// Envelope is the member of a record in which the header of a message stands whose text is JSON already.
const Envelope = "_syslog"

// auditd is the kind of log whose lines have a form of their own.
const auditd = "linux.auditd"

// host is the record of a message that is text.
type host struct {
	Time      string                       `json:"time,omitempty"`
	Hostname  string                       `json:"hostname,omitempty"`
	Facility  string                       `json:"facility,omitempty"`
	Severity  string                       `json:"severity,omitempty"`
	App       string                       `json:"app,omitempty"`
	PID       any                          `json:"pid,omitempty"`
	MsgID     string                       `json:"msgid,omitempty"`
	Sequence  int64                        `json:"sequence,omitempty"`
	Data      map[string]map[string]string `json:"structured_data,omitempty"`
	Message   string                       `json:"message"`
	Raw       string                       `json:"raw,omitempty"`
	RawBase64 []byte                       `json:"raw_base64,omitempty"` // where the bytes are no UTF-8
}

// Record makes a record of a message, for a source of a kind of log. A text that is a JSON object is the record as it stands, with
// the header before it, if there is one, as the member _syslog; any other becomes an object with the parts of the header and, byte for byte, the
// whole message.
func Record(log string, m *Message) []byte {
	if text, ok := object(m.Text); ok {
		head := m.Raw[:len(m.Raw)-len(m.Text)+bytes.IndexByte(m.Text, '{')]
		if len(bytes.TrimSpace(head)) == 0 { // JSON lines on a socket, as Vault sends them
			return bytes.ReplaceAll(text, []byte("\n"), []byte(" "))
		}
		return event.Splice(text, Envelope, header(head))
	}
	if log == auditd {
		if r, ok := audit(m); ok {
			return r
		}
	}
	h := host{Hostname: m.Host, App: m.App, MsgID: m.MsgID, Sequence: m.Sequence(), Message: string(bytes.ToValidUTF8(m.Text, []byte("\ufffd")))}
	if !m.At.IsZero() {
		h.Time = m.At.Format(time.RFC3339Nano)
	}
	if m.HasPri {
		h.Facility, h.Severity = facilities[m.Facility], severities[m.Severity]
	}
	if m.PID != "" {
		h.PID = m.PID
		if n, err := strconv.ParseInt(m.PID, 10, 64); err == nil {
			h.PID = n
		}
	}
	for _, e := range m.Elements {
		if h.Data == nil {
			h.Data = map[string]map[string]string{}
		}
		if h.Data[e.ID] == nil {
			h.Data[e.ID] = map[string]string{}
		}
		for _, p := range e.Params {
			if _, there := h.Data[e.ID][p.Name]; !there { // the first counts; raw has them all
				h.Data[e.ID][p.Name] = p.Value
			}
		}
	}
	h.Raw, h.RawBase64 = whole(m.Raw)
	return event.Line(h)
}

// whole is a message as text, or where it is none, as bytes.
func whole(raw []byte) (text string, bytes []byte) {
	if utf8.Valid(raw) {
		return string(raw), nil
	}
	return "", raw
}

// cookie stands before JSON in a message of programs that follow the CEE.
var cookie = []byte("@cee:")

// object is a text that is one JSON object.
func object(text []byte) ([]byte, bool) {
	return event.Object(bytes.TrimPrefix(bytes.TrimSpace(text), cookie))
}

// header is what was sent before the text, as a JSON text.
func header(head []byte) []byte {
	if utf8.Valid(head) {
		return event.Line(string(head))
	}
	return event.Line("base64:" + base64.StdEncoding.EncodeToString(head))
}
