package event

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var arrived = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// TestNormalise: what each kind of log tells. TICKMARK_UPDATE=1 writes what is there now, to be read before it is committed.
func TestNormalise(t *testing.T) {
	t.Parallel()
	if _, err := mappings(); err != nil {
		t.Fatal(err)
	}
	if len(Logs()) != 21 {
		t.Errorf("%d kinds of logs", len(Logs()))
	}
	for _, l := range Logs() {
		lines, err := os.ReadFile(filepath.Join("testdata", "records", l.Name+".ndjson"))
		if err != nil {
			t.Error(err)
			continue
		}
		var got strings.Builder
		for line := range strings.Lines(string(lines)) {
			raw := strings.TrimSuffix(line, "\n")
			e, err := Normalise(l.Name, []byte(raw), arrived)
			if err != nil {
				t.Fatalf("%s: %v: %s", l.Name, err, raw)
			}
			if string(e.Raw) != raw || e.Log != l.Name || !e.Received.Equal(arrived) {
				t.Errorf("%s: %+v", l.Name, e)
			}
			got.WriteString(shown(&e))
		}
		golden := filepath.Join("testdata", "normal", l.Name+".txt")
		if os.Getenv("TICKMARK_UPDATE") != "" {
			if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || string(want) != got.String() {
			t.Errorf("%s: %v\n%s\nis not\n%s", l.Name, err, got.String(), want)
		}
	}
}

func shown(e *Event) string {
	var b strings.Builder
	line := func(name string, parts ...any) {
		if text := strings.TrimSpace(fmt.Sprintln(parts...)); text != "" && text != "[]" {
			fmt.Fprintf(&b, "  %s: %s\n", name, text)
		}
	}
	at := "undated"
	if !e.At.IsZero() {
		at = e.At.Format(time.RFC3339Nano)
	}
	fmt.Fprintf(&b, "%s %q class %d/%d effect %d weight %d status %d id %q\n", at, e.Action, e.Class, e.Activity, e.Effect, e.Weight, e.Status, e.Upstream)
	line("reason", e.Reason)
	line("actor", e.Actor.ID, e.Actor.Name, e.Actor.Kind)
	line("session", e.Session)
	line("credential", e.Credential)
	line("issued", strings.Join(e.Issued, " | "))
	if e.From != (Endpoint{}) {
		line("from", e.From.IP, e.From.Country, e.From.City, e.From.ASN, e.From.UserAgent)
	}
	line("host", e.Host)
	line("process", e.Process)
	line("parent", e.Parent)
	for _, x := range e.Targets {
		line("target", x.Kind, x.ID, x.Name, x.Effect)
	}
	return b.String()
}

// TestRefused: what two programs could read differently is no event, and it says why and where.
func TestRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                    "empty",
		`[]`:                                  "no JSON object",
		`{"a":1}x`:                            "after the end",
		`{"a":1,"a":2}`:                       `"a" is there twice, at byte 9`,
		`{"x":{"a":1,"b":2,"\u0061":2}}`:      `"a" is there twice`,
		`{"a":"` + "\xff" + `"}`:              "not UTF-8",
		`{"a":"` + "\n" + `"}`:                "control character",
		`{"a":01}`:                            "number",
		`{"a":1.}`:                            "number",
		`{"a":tru}`:                           "no JSON",
		`{"a":"\q"}`:                          "escape",
		`{"a":"b`:                             "cut off",
		`{"a":`:                               "cut off",
		strings.Repeat(`{"a":`, 70) + "1":     "nested deeper than 64",
		`{"a":"` + strings.Repeat("x", 1<<20): "longer than 1024 KiB",
		`{` + manyNames(5000) + `,"n77":1}`:   `"n77" is there twice`,
	} {
		if _, err := Normalise("okta.log", []byte(text), arrived); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v", text, err)
		}
	}
	if _, err := Normalise("none", []byte(`{}`), arrived); err == nil {
		t.Error("a log nobody knows")
	}
	e, err := Normalise("okta.log", []byte(`{`+manyNames(5000)+`,"eventType":"a\u00e9\ud83d\ude00\ud800\n"}`), arrived)
	if err != nil || e.Action != "aé😀\ufffd\n" || !e.When().Equal(arrived) || e.Status != StatusUnknown {
		t.Errorf("%q %v", e.Action, err)
	}
}

func manyNames(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(`"n%d":%d`, i, i)
	}
	return strings.Join(parts, ",")
}

// FuzzRecord: whatever is read is JSON for others too, and means the same to them.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,2.5e3,"x\u0041\n",null,true]},"c":""}`))
	f.Add([]byte(`{"eventType":"a","target":[{"id":"\ud83d\ude00"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r record
		if r.read(b) != nil {
			return
		}
		var theirs map[string]any
		if err := json.Unmarshal(b, &theirs); err != nil {
			t.Fatalf("%v: %q", err, b)
		}
		for i := 1; i < len(r.nodes); i = int(r.nodes[i].next) {
			v, ok := theirs[r.keyOf(i)]
			if text, isText := v.(string); !ok || isText && text != r.textOf(i) {
				t.Fatalf("%q is %v: %q", r.keyOf(i), v, b)
			}
		}
		for _, l := range Logs() {
			if _, err := Normalise(l.Name, b, arrived); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestUnknownSession: Okta writes "unknown" where there is no session. That is no session, and links nothing.
func TestUnknownSession(t *testing.T) {
	t.Parallel()
	raw := func(session string) []byte {
		return []byte(`{"uuid":"u1","published":"2026-03-02T09:15:00.000Z","eventType":"user.session.start","outcome":{"result":"FAILURE"},"actor":{"id":"unknown","type":"User","alternateId":"eve@northwind.example"},"authenticationContext":{"externalSessionId":"` + session + `"},"client":{"ipAddress":"203.0.113.7"}}`)
	}
	for session, want := range map[string]string{"unknown": "", "Unknown": "", "102abc": "102abc"} {
		e, err := Normalise("okta.log", raw(session), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if e.Session != want || (len(e.Issued) > 0) != (want != "") {
			t.Errorf("%s: session %q, issued %v", session, e.Session, e.Issued)
		}
		for _, k := range e.Keys() {
			if strings.EqualFold(k.Value, "unknown") {
				t.Errorf("%s: linked by %+v", session, k)
			}
		}
	}
}

// TestWindowsNumbers: a channel counts its records on each machine; a record that does not tell which is of no sender.
func TestWindowsNumbers(t *testing.T) {
	t.Parallel()
	for record, want := range map[string]string{
		`{"Computer":"ws-1.northwind.example","Channel":"Security","EventRecordID":4711,"EventID":4624}`: "ws-1.northwind.example Security 4711",
		`{"Hostname":"ws-1","Channel":"System","RecordNumber":"7"}`:                                      "ws-1 System 7",
		`{"Computer":"ws-1","EventRecordID":4711}`:                                                       " 0",
		`{"Channel":"Security","EventRecordID":4711}`:                                                    " 0",
		`{"Computer":"ws-1","Channel":"Security"}`:                                                       " 0",
	} {
		e, err := Normalise("windows", []byte(record), arrived)
		if got := fmt.Sprintf("%s %d", e.Stream, e.Number); err != nil || got != want {
			t.Errorf("%s: %q, want %q: %v", record, got, want, err)
		}
	}
}
