package syslog

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

var arrived = time.Date(2026, 1, 1, 0, 10, 0, 0, time.UTC)

// TestParse: messages of both forms, of the examples of the RFCs and of what is sent in fact.
func TestParse(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("Europe/Berlin", 3600)
	for raw, want := range map[string]string{
		"<34>1 2003-10-11T22:14:15.003Z mymachine.example su - ID47 - \xef\xbb\xbf'su root' failed":                  "4.2 2003-10-11T22:14:15.003Z mymachine.example su  ID47 0 'su root' failed",
		`<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time.`:                            "20.5 2003-08-24T12:14:15.000003Z 192.0.2.1 myproc 8710  0 %% It's time.",
		`<165>1 2003-10-11T22:14:15.003Z m evntslog - ID47 [x@32473 iut="3" e="a\"b\\c\]d\n"][meta sequenceId="42"]`: "20.5 2003-10-11T22:14:15.003Z m evntslog  ID47 2 seq 42 ",
		`<0>1 - - - - - -`: "0.0 -     0 ",
		"<34>Oct 11 22:14:15 mymachine su: 'su root' failed":              "4.2 2025-10-11T21:14:15Z mymachine su   0 'su root' failed",
		"<38>Jan  1 00:10:01 web-1 sshd[4711]: Accepted":                  "4.6 2025-12-31T23:10:01Z web-1 sshd 4711  0 Accepted",
		"<38>Dec 31 23:59:59 web-1 sshd[4711]: Accepted":                  "4.6 2025-12-31T22:59:59Z web-1 sshd 4711  0 Accepted",
		"<13>Feb 29 10:00:00 h a: b":                                      "1.5 - h a   0 b",
		"<38>2026-03-01T08:00:00+01:00 web-1 sshd[1]: x":                  "4.6 2026-03-01T07:00:00Z web-1 sshd 1  0 x",
		"Oct 11 22:14:15 web-1 CRON[12]: (root) CMD (x)":                  "- 2025-10-11T21:14:15Z web-1 CRON 12  0 (root) CMD (x)",
		"<13>Oct 11 22:14:15 app: no host":                                "1.5 2025-10-11T21:14:15Z  app   0 no host",
		"<13>myprog[3]: neither time nor host":                            "1.5 -  myprog 3  0 neither time nor host",
		"Use the BFG!":                                                    "- -     0 Use the BFG!",
		"<999>x":                                                          "- -     0 <999>x",
		"<01>x":                                                           "- -     0 <01>x",
		"<34>1 2003-13-11T22:14:15Z h a - - - x":                          "4.2 -     0 1 2003-13-11T22:14:15Z h a - - - x",
		`<34>1 2003-10-11T22:14:15Z h a - - [x y="] z`:                    `4.2 -     0 1 2003-10-11T22:14:15Z h a - - [x y="] z`,
		"<34>1 2003-10-11T22:14:15Z " + strings.Repeat("h", 300) + " a -": "4.2 -     0 1 2003-10-11T22:14:15Z " + strings.Repeat("h", 300) + " a -",
		"": "- -     0 ",
	} {
		m := Parse([]byte(raw), arrived, berlin)
		if got := shown(&m); got != want {
			t.Errorf("%.60q\n is %q\nwant %q", raw, got, want)
		}
	}
}

func shown(m *Message) string {
	var b strings.Builder
	if m.HasPri {
		b.WriteString(jsonOf(m.Facility) + "." + jsonOf(m.Severity))
	} else {
		b.WriteString("-")
	}
	at := "-"
	if !m.At.IsZero() {
		at = m.At.Format(time.RFC3339Nano)
	}
	b.WriteString(" " + strings.Join([]string{at, m.Host, m.App, m.PID, m.MsgID, jsonOf(len(m.Elements))}, " ") + " ")
	if n := m.Sequence(); n > 0 {
		b.WriteString("seq " + jsonOf(n) + " ")
	}
	return b.String() + string(m.Text)
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// TestRecord: what sources get, and what the mappings make of it.
func TestRecord(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ log, raw, want, action, actor string }{
		{"okta.log", `<13>1 2026-03-01T08:00:00Z h a - - - @cee: {"uuid":"u1",` + "\n" + ` "eventType":"user.session.start"}`,
			`{"_syslog":"<13>1 2026-03-01T08:00:00Z h a - - - @cee: ","uuid":"u1",  "eventType":"user.session.start"}`, "user.session.start", ""},
		{"okta.log", `<13>Mar  1 08:00:00 h a: {}`, `{"_syslog":"<13>Mar  1 08:00:00 h a: "}`, "", ""},
		{"okta.log", "{\"eventType\":\"x\"}", `{"eventType":"x"}`, "x", ""},
		{"linux.syslog", "<38>1 2026-03-01T08:00:00Z web-1 sshd 41 - [meta sequenceId=\"7\"][o x=\"1\" x=\"2\"] Accepted password for dana from 192.0.2.7 port 1 ssh2",
			`{"time":"2026-03-01T08:00:00Z","hostname":"web-1","facility":"auth","severity":"information","app":"sshd","pid":41,"sequence":7,"structured_data":{"meta":{"sequenceId":"7"},"o":{"x":"1"}},"message":"Accepted password for dana from 192.0.2.7 port 1 ssh2","raw":"<38>1 2026-03-01T08:00:00Z web-1 sshd 41 - [meta sequenceId=\"7\"][o x=\"1\" x=\"2\"] Accepted password for dana from 192.0.2.7 port 1 ssh2"}`, "sshd", "dana"},
		{"linux.syslog", "<13>\xff\xfe", `{"facility":"user","severity":"notice","message":"` + "\ufffd" + `","raw_base64":"PDEzPv/+"}`, "message", ""},
		{"linux.auditd", `<13>Mar  1 08:00:00 web-1 audispd: type=USER_LOGIN msg=audit(1772352000.250:24287): pid=1 uid=0 auid=1000 ses=3 msg='op=login acct="dana" exe="/usr/sbin/sshd" hostname=192.0.2.7 addr=? res=success'`,
			`{"acct":"dana","auid":"1000","exe":"/usr/sbin/sshd","hostname":"web-1","hostname_addr":"192.0.2.7","op":"login","pid":"1","raw":"<13>Mar  1 08:00:00 web-1 audispd: type=USER_LOGIN msg=audit(1772352000.250:24287): pid=1 uid=0 auid=1000 ses=3 msg='op=login acct=\"dana\" exe=\"/usr/sbin/sshd\" hostname=192.0.2.7 addr=? res=success'","res":"success","seq":24287,"ses":"3","time":"1772352000.250","type":"USER_LOGIN","uid":"0"}`, "USER_LOGIN:login", "1000"},
		{"linux.auditd", "node=web-2 type=EXECVE msg=audit(1772352000.250:9): argc=2 a0=\"sh\" a1=2D63 type=FORGED node=other\x1dUID=\"root\"",
			`{"UID":"root","a0":"sh","a1":"-c","argc":"2","node":"web-2","raw":"node=web-2 type=EXECVE msg=audit(1772352000.250:9): argc=2 a0=\"sh\" a1=2D63 type=FORGED node=other\u001dUID=\"root\"","seq":9,"time":"1772352000.250","type":"EXECVE"}`, "EXECVE", ""},
	} {
		m := Parse([]byte(x.raw), arrived, time.UTC)
		got := Record(x.log, &m)
		if string(got) != x.want {
			t.Errorf("%s\n is %s\nwant %s", x.raw, got, x.want)
		}
		e, err := event.Normalise(x.log, bytes.Clone(got), arrived)
		if err != nil || e.Action != x.action || e.Actor.ID != x.actor {
			t.Errorf("%s: %q by %q, %v", got, e.Action, e.Actor.ID, err)
		}
		if strings.HasPrefix(x.log, "linux.audit") && (e.At.IsZero() || e.Host == "") {
			t.Errorf("%s: %v on %q", got, e.At, e.Host)
		}
	}
}

// FuzzParse: whatever is sent, a record is one line of JSON that keeps every byte, and is read by a source.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`<165>1 2003-10-11T22:14:15.003Z m e - ID47 [x@32473 iut="3" e="a\"b\\c\]d"][meta sequenceId="42"] text`))
	f.Add([]byte("<34>Oct 11 22:14:15 mymachine su[1]: 'su root' failed"))
	f.Add([]byte(`<13>Oct 11 22:14:15 h a: {"a": [1, {"b":"\u0041"}]}`))
	f.Add([]byte("type=EXECVE msg=audit(1772352000.250:9): argc=2 a0=\"sh\" a1=2D63 msg='x=y'"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Parse(raw, arrived, time.UTC)
		if !bytes.HasSuffix(raw, m.Text) {
			t.Fatalf("%q: text %q", raw, m.Text)
		}
		for _, log := range []string{"linux.syslog", auditd} {
			r := Record(log, &m)
			if !json.Valid(r) || bytes.IndexByte(r, '\n') >= 0 {
				t.Fatalf("%q becomes %q", raw, r)
			}
			var kept struct {
				Raw       *string `json:"raw"`
				RawBase64 []byte  `json:"raw_base64"`
			}
			if _, isObject := object(m.Text); isObject {
				continue
			}
			if err := json.Unmarshal(r, &kept); err != nil {
				t.Fatal(err)
			}
			if kept.Raw == nil && !bytes.Equal(kept.RawBase64, raw) || kept.Raw != nil && *kept.Raw != string(raw) {
				t.Fatalf("%q is not in %s", raw, r)
			}
			if _, err := event.Normalise(log, r, arrived); err != nil {
				t.Fatalf("%q becomes %s: %v", raw, r, err)
			}
		}
	})
}
