package syslog

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/event"
)

// untrusted are fields the kernel writes as hex, without quotes, when they hold anything but plain characters: see
// https://github.com/linux-audit/audit-documentation/wiki.
var untrusted = map[string]bool{"proctitle": true, "cmd": true, "exe": true, "comm": true, "name": true, "acct": true, "cwd": true, "path": true, "data": true, "dir": true, "key": true}

// audit reads a line of the Linux audit daemon, "type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e …", into the fields that
// rules for it ask for. The line stays beside them.
func audit(m *Message) ([]byte, bool) {
	line := m.Text
	if at := bytes.Index(line, []byte("type=")); at >= 0 && bytes.HasPrefix(line, []byte("node=")) {
		line = line[at:]
	}
	head, rest, ok := bytes.Cut(line, []byte("): "))
	kind, stamp, ok2 := strings.Cut(string(head), " msg=audit(")
	kind, ok3 := strings.CutPrefix(kind, "type=")
	seconds, serial, ok4 := strings.Cut(stamp, ":")
	seq, err := strconv.ParseUint(serial, 10, 64)
	_, err2 := strconv.ParseFloat(seconds, 64)
	if !ok || !ok2 || !ok3 || !ok4 || err != nil || err2 != nil || kind == "" || strings.ContainsAny(kind, " \"") || !utf8.Valid(m.Raw) {
		return nil, false
	}
	fields := map[string]any{"type": kind, "time": seconds, "seq": seq, "raw": string(m.Raw)}
	if m.Host != "" {
		fields["hostname"] = m.Host
	}
	if node, ok := bytes.CutPrefix(m.Text, []byte("node=")); ok {
		name, _, _ := strings.Cut(string(node), " ")
		fields["node"] = name
	}
	(&fieldReader{fields, kind == "EXECVE"}).read(strings.ReplaceAll(string(rest), "\x1d", " "), 0)
	return event.Line(fields), true
}

// fieldReader collects the fields of a line.
type fieldReader struct {
	into    map[string]any
	program bool // the arguments a0, a1, … are those of a program, not of a system call
}

// read reads name=value; a value in single quotes holds pairs of its own. The first of a name counts.
func (f *fieldReader) read(text string, depth int) {
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		eq := strings.IndexAny(text, "= ")
		if eq < 0 {
			return
		}
		name := text[:eq]
		if text[eq] == ' ' || name == "" {
			text = text[eq+1:]
			continue
		}
		text = text[eq+1:]
		var value string
		bare := false
		switch {
		case strings.HasPrefix(text, `"`):
			value, text, _ = strings.Cut(text[1:], `"`)
		case strings.HasPrefix(text, "'"):
			value, text, _ = strings.Cut(text[1:], "'")
			if depth == 0 && strings.Contains(value, "=") {
				f.read(value, 1)
				continue
			}
		default:
			value, text, _ = strings.Cut(text, " ")
			bare = true
		}
		if bare && (value == "?" || value == "(null)" || value == "(none)") {
			continue
		}
		f.add(name, value, bare)
	}
}

func (f *fieldReader) add(name, value string, bare bool) {
	if bare && (untrusted[name] || f.program && len(name) > 1 && name[0] == 'a' && name[1] >= '0' && name[1] <= '9') {
		value = unhex(value)
	}
	switch name {
	case "node":
		return // it is said before the line, or not at all
	case "hostname":
		name = "hostname_addr" // from where somebody came; hostname is the machine that reports
	}
	if _, there := f.into[name]; !there {
		f.into[name] = value
	}
}

// unhex is the text behind hex; what is none stays.
func unhex(text string) string {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) == 0 || !utf8.Valid(b) {
		return text
	}
	return strings.ReplaceAll(strings.TrimRight(string(b), "\x00"), "\x00", " ")
}
