package entra_test

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/entra"
	"github.com/tickmark/tickmark/internal/simco"
)

// logOf is a log of the simulated company's tenant.
func logOf(log string) collecttest.Log {
	return collecttest.Log{
		System: simco.Entra, Limits: simco.Limits{EntraPerMinute: 40}, Memory: 30 * 24 * time.Hour,
		New: func(now func() time.Time) collect.Connector { return entra.Connector{Now: now} },
		Settings: func(t simco.Tokens, server string) map[string]string {
			return map[string]string{"tenant": t.EntraTenant, "client_id": t.EntraClient, "log": log, "login_url": server, "base_url": server + "/"}
		},
		Secrets: func(co *simco.Company, _ string) map[string]string {
			return map[string]string{"client_secret": co.Tokens().EntraSecret}
		},
		Truth: func(co *simco.Company, from, to time.Time) []simco.LogEntry { return co.Graph(log, from, to) },
	}
}

func TestSignIns(t *testing.T) {
	t.Parallel()
	logOf("signin").Test(t)
}

func TestAudit(t *testing.T) {
	t.Parallel()
	logOf("audit").Test(t)
}
