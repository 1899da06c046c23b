// Package syslog takes messages as programs and devices have always sent them: RFC 5424 and RFC 3164, over UDP, TCP and TLS (RFC
// 6587, RFC 5425). Each becomes a record of a source; nothing that was sent is read as something it does not say.
package syslog

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Message is one message with what could be read of its header. What could not is zero; Text is then all there is.
type Message struct {
	Raw      []byte // as it was sent
	HasPri   bool
	Facility int // 0 to 23
	Severity int // 0 to 7
	At       time.Time
	Host     string
	App      string
	PID      string
	MsgID    string
	Elements []Element // structured data of RFC 5424
	Text     []byte    // the message itself, the end of Raw
}

// Element is one element of structured data.
type Element struct {
	ID     string
	Params []Param
}

// Param is a name and its value, without the escapes.
type Param struct{ Name, Value string }

// Param is the value of a parameter of the element; empty if it is not there.
func (m *Message) Param(element, name string) string {
	for _, e := range m.Elements {
		if e.ID != element {
			continue
		}
		for _, p := range e.Params {
			if p.Name == name {
				return p.Value
			}
		}
	}
	return ""
}

// Sizes of the parts of a header, those of RFC 5424 section 6, and bounds on what it leaves open.
const (
	maxHost     = 255
	maxApp      = 48
	maxPID      = 128
	maxMsgID    = 32
	maxElements = 64
	maxParams   = 256
	maxTag      = 64 // RFC 3164 says 32; programs are named longer
)

// Parse reads a message. It never fails: what is in neither form is a message without a header (RFC 3164 section 4.3.3). Zone is
// that of senders who do not tell theirs; their year is the one that brings the message nearest to its arrival.
func Parse(raw []byte, received time.Time, zone *time.Location) Message {
	m := Message{Raw: raw}
	rest := m.pri(raw)
	if after, ok := bytes.CutPrefix(rest, []byte("1 ")); ok && m.HasPri && m.modern(after) {
		return m
	}
	m = Message{Raw: raw}
	rest = m.pri(raw)
	m.old(rest, received, zone)
	return m
}

// pri reads <PRI> and returns what comes after it.
func (m *Message) pri(b []byte) []byte {
	end := bytes.IndexByte(b[:min(len(b), 5)], '>')
	if end < 2 || b[0] != '<' {
		return b
	}
	n := 0
	for _, c := range b[1:end] {
		if c < '0' || c > '9' {
			return b
		}
		n = n*10 + int(c-'0')
	}
	if n > 191 || b[1] == '0' && end > 2 {
		return b
	}
	m.HasPri, m.Facility, m.Severity = true, n/8, n%8
	return b[end+1:]
}

// modern reads what comes after the version of RFC 5424. If it is not of that form nothing is to be believed.
func (m *Message) modern(b []byte) bool {
	var fields [5]string
	for i, most := range [...]int{64, maxHost, maxApp, maxPID, maxMsgID} {
		n := bytes.IndexByte(b, ' ')
		if n <= 0 || n > most || !printable(b[:n]) {
			return false
		}
		if string(b[:n]) != "-" {
			fields[i] = string(b[:n])
		}
		b = b[n+1:]
	}
	if fields[0] != "" {
		at, err := time.Parse(time.RFC3339Nano, fields[0])
		if err != nil {
			return false
		}
		m.At = at.UTC()
	}
	m.Host, m.App, m.PID, m.MsgID = fields[1], fields[2], fields[3], fields[4]
	rest, ok := m.structured(b)
	if !ok {
		return false
	}
	if len(rest) > 0 {
		if rest[0] != ' ' {
			return false
		}
		rest = rest[1:]
	}
	m.Text = bytes.TrimPrefix(rest, []byte("\xef\xbb\xbf"))
	return true
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < '!' || c > '~' {
			return false
		}
	}
	return true
}

// structured reads "-" or elements in brackets, and returns what comes after them.
func (m *Message) structured(b []byte) (rest []byte, ok bool) {
	if len(b) > 0 && b[0] == '-' {
		return b[1:], true
	}
	for len(b) > 0 && b[0] == '[' {
		var e Element
		if e, b, ok = element(b[1:]); !ok || len(m.Elements) == maxElements {
			return nil, false
		}
		m.Elements = append(m.Elements, e)
	}
	return b, len(m.Elements) > 0
}

func element(b []byte) (e Element, rest []byte, ok bool) {
	if e.ID, b, ok = name(b, " ]"); !ok {
		return e, nil, false
	}
	for {
		switch {
		case len(b) > 0 && b[0] == ']':
			return e, b[1:], true
		case len(b) == 0 || b[0] != ' ' || len(e.Params) == maxParams:
			return e, nil, false
		}
		var p Param
		if p.Name, b, ok = name(b[1:], "="); !ok || !bytes.HasPrefix(b, []byte(`="`)) {
			return e, nil, false
		}
		if p.Value, b, ok = quoted(b[2:]); !ok {
			return e, nil, false
		}
		e.Params = append(e.Params, p)
	}
}

// name reads an SD-NAME up to one of some characters.
func name(b []byte, until string) (text string, rest []byte, ok bool) {
	n := bytes.IndexAny(b[:min(len(b), maxTag+1)], until)
	if n <= 0 || !printable(b[:n]) || bytes.ContainsAny(b[:n], `="]`) {
		return "", nil, false
	}
	return string(b[:n]), b[n:], true
}

// quoted reads a PARAM-VALUE behind its first quote: \" \\ and \] are escapes, another backslash is itself.
func quoted(b []byte) (text string, rest []byte, ok bool) {
	var out []byte
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			if !utf8.Valid(out) {
				return "", nil, false
			}
			return string(out), b[i+1:], true
		case ']':
			return "", nil, false
		case '\\':
			if i+1 < len(b) && strings.IndexByte(`"\]`, b[i+1]) >= 0 {
				i++
			}
			out = append(out, b[i])
		default:
			out = append(out, c)
		}
	}
	return "", nil, false
}

// old reads what comes after <PRI> in the way of RFC 3164, which describes what is seen and prescribes little: a time, a host, the
// program's name with its number in brackets, and the text. Files of syslog daemons are of the same form without <PRI>.
func (m *Message) old(b []byte, received time.Time, zone *time.Location) {
	m.Text = b
	rest, ok := m.stamp(b, received, zone)
	if !ok {
		if m.HasPri { // some send neither time nor host
			m.tag(b)
		}
		return
	}
	m.Text = rest
	n := bytes.IndexByte(rest[:min(len(rest), maxHost+1)], ' ')
	if n <= 0 || !printable(rest[:n]) || rest[n-1] == ':' || bytes.IndexByte(rest[:n], '[') >= 0 {
		m.tag(rest) // a program on the machine itself leaves the host out
		return
	}
	m.Host = string(rest[:n])
	m.Text = rest[n+1:]
	m.tag(rest[n+1:])
}

// oldTime is how long the time of RFC 3164 is: "Jan  2 15:04:05".
const oldTime = 15

// stamp reads the time, and what comes after it.
func (m *Message) stamp(b []byte, received time.Time, zone *time.Location) ([]byte, bool) {
	if len(b) > oldTime && b[oldTime] == ' ' {
		if at, err := time.ParseInLocation(time.Stamp, string(b[:oldTime]), zone); err == nil {
			m.At = nearest(at, received, zone)
			return b[oldTime+1:], true
		}
	}
	n := bytes.IndexByte(b[:min(len(b), 40)], ' ')
	if n <= 0 {
		return b, false
	}
	at, err := time.Parse(time.RFC3339Nano, string(b[:n]))
	if err != nil {
		return b, false
	}
	m.At = at.UTC()
	return b[n+1:], true
}

// nearest gives a time without a year the one that brings it nearest to its arrival.
func nearest(at, received time.Time, zone *time.Location) time.Time {
	var best time.Time
	for year := received.In(zone).Year() - 1; year <= received.In(zone).Year()+1; year++ {
		t := time.Date(year, at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, zone)
		if t.Day() != at.Day() { // the 29th of February of another year
			continue
		}
		if best.IsZero() || t.Sub(received).Abs() < best.Sub(received).Abs() {
			best = t
		}
	}
	return best.UTC()
}

// tag reads "sshd[4711]: " or "cron: " before the text.
func (m *Message) tag(b []byte) {
	n := bytes.IndexByte(b[:min(len(b), maxTag+maxPID)], ':')
	if n <= 0 {
		return
	}
	tag, pid := b[:n], ""
	if open := bytes.IndexByte(tag, '['); open > 0 && tag[n-1] == ']' {
		pid, tag = string(tag[open+1:n-1]), tag[:open]
	}
	if len(tag) > maxTag || !printable(tag) || len(pid) > maxPID || !printable([]byte(pid)) || bytes.ContainsAny(tag, `"{[<`) {
		return
	}
	m.App, m.PID = string(tag), pid
	m.Text = bytes.TrimPrefix(b[n+1:], []byte(" "))
}

var (
	facilities = [...]string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
	severities = [...]string{"emergency", "alert", "critical", "error", "warning", "notice", "information", "debug"}
)

// Sequence is the number of the message at its sender (RFC 5424 section 7.3.1: sequenceId of the element meta); 0 if it has none.
func (m *Message) Sequence() int64 {
	n, err := strconv.ParseInt(m.Param("meta", "sequenceId"), 10, 64)
	if err != nil || n < 1 || n > 1<<31-1 {
		return 0
	}
	return n
}
