package records

import (
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/view"
)

func TestDid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, subject, about, payload string
		want, path                    string
	}{
		{"access.granted", "usr_1", "Omar Haddad", `{"email":"omar@northwind.example","name":"Omar Haddad","role":"control_owner"}`, "gave access to Omar Haddad as control owner", ""},
		{"access.granted", "usr_1", "Omar Haddad", `{"from":"reader","to":"owner"}`, "changed the role of Omar Haddad from reader to owner", ""},
		{"access.signed_in", "usr_1", "Omar Haddad", `{"ip":"192.0.2.1"}`, "signed in from 192.0.2.1", ""},
		{"access.signin_refused", "usr_1", "", "", "refused a sign-in of usr_1", ""}, // erased
		{"control.retired", "ctl_1", "IAM-01", `{"ref":"IAM-01","version":3,"reason":"replaced by IAM-02"}`, "retired IAM-01 version 3 – replaced by IAM-02", "/c/IAM-01"},
		{"dossier.frozen", "eng_1", "SOC2-2026-1", `{"number":2}`, "froze dossier 2 of SOC2-2026-1", "/a/SOC2-2026-1"},
		{"exception.requested", "exc_1", "", `{"ref":"EXC-001","test":"okta-second-factor","item":"00u1"}`, "asked for the exception EXC-001 okta-second-factor 00u1", "/exceptions/EXC-001"},
		{"evidence.withdrawn", "evd_1", "EV-2026-00001", `{"reason":"wrong file"}`, "withdrew EV-2026-00001 – wrong file", "/e/EV-2026-00001"},
		{"payload.erased", "ledger", "", `{"basis":"a request under Art. 17","erased":[1,2]}`, "erased payloads of the ledger – a request under Art. 17", ""},
		{"task.dropped", "tsk_1", "", `{"ref":"T-004","version":3,"reason":"the vendor was replaced"}`, "dropped the task T-004 – the vendor was replaced", "/tasks/T-004"},
		{"task.moved", "tsk_1", "", ``, "task.moved: tsk_1", ""},
		{"programme.attested", "quick-check/roles", "", `{"note":"so it is"}`, "attested the line quick-check/roles", "/programmes/quick-check"},
		{"something.new_here", "x_1", "", `{"role":7,"name":"N"}`, "something.new here: N", ""},
		{"control.assigned", "ctl_1", "IAM-01", `not JSON`, "assigned IAM-01", "/c/IAM-01"},
	} {
		d := did(view.EntryRow{Kind: c.kind, Subject: c.subject, About: c.about, Payload: c.payload})
		got := strings.Join(strings.Fields(d.Before+" "+d.Object+" "+d.After), " ")
		if got != c.want || d.Path != c.path {
			t.Errorf("%s %s: %q at %q, want %q at %q", c.kind, c.payload, got, d.Path, c.want, c.path)
		}
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	got := fields(`{"b_c":["x","y"],"a":"text","n":3,"z":null,"l":[{"k":1}],"empty":""}`)
	want := [][2]string{{"a", "text"}, {"b c", "x, y"}, {"empty", ""}, {"l", "1 listed"}, {"n", "3"}, {"z", "none"}}
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got[i], want[i])
		}
	}
	if fields("") != nil || fields("[1]") != nil {
		t.Error("fields of what is no object")
	}
}
