package app

import (
	"testing"

	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/notify"
)

// TestAlertMessages: entries about alerts and incidents become messages with the level they have; what ends leads to the same page as
// what began, so that a route can tell that it is over.
func TestAlertMessages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, payload string
		event         notify.Event
		link, level   string
	}{
		{"alert.raised", `{"ref":"ALR-4","title":"T","level":"high","route":"Night"}`, notify.AlertRaised, "/alerts/ALR-4", "high"},
		{"alert.escalated", `{"ref":"ALR-4","title":"T","level":"critical","route":"Night"}`, notify.AlertEscalated, "/alerts/ALR-4", "critical"},
		{"alert.acknowledged", `{"ref":"ALR-4"}`, notify.AlertAcknowledged, "/alerts/ALR-4", ""},
		{"alert.closed", `{"ref":"ALR-4","note":"it was a test"}`, notify.AlertClosed, "/alerts/ALR-4", ""},
		{"incident.declared", `{"ref":"INC-2","title":"T","severity":2}`, notify.IncidentDeclared, "/incidents/INC-2", "high"},
		{"incident.closed", `{"ref":"INC-2"}`, notify.IncidentClosed, "/incidents/INC-2", ""},
	} {
		m, _, ok := alertMessage(entryOf(c.kind, c.payload))
		if !ok || m.Event != c.event || m.Link != c.link || m.Level != c.level || m.Subject == "" {
			t.Errorf("%s: %v %+v", c.kind, ok, m)
		}
	}
	for _, quiet := range []ledger.Entry{entryOf("alert.raised", `{"ref":"ALR-4"}`), entryOf("alert.closed", ""), entryOf("alert.noted", `{"ref":"ALR-4"}`)} {
		if m, _, ok := alertMessage(quiet); ok {
			t.Errorf("%s tells %+v", quiet.Kind, m)
		}
	}
}

func entryOf(kind, payload string) ledger.Entry {
	var e ledger.Entry
	e.Seq, e.Kind, e.Payload = 7, kind, payload
	return e
}
