package google_test

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/google"
	"github.com/tickmark/tickmark/internal/simco"
)

func secrets(co *simco.Company, server string) map[string]string {
	return map[string]string{"service_account_key": co.GoogleKey(server)}
}

// workspace is an application of the simulated company's office.
func workspace(app string) collecttest.Log {
	return collecttest.Log{
		System: simco.Google, Limits: simco.Limits{GooglePerMinute: 60}, Memory: 180 * 24 * time.Hour, Secrets: secrets,
		New: func(now func() time.Time) collect.Connector { return google.Workspace{Now: now} },
		Settings: func(t simco.Tokens, server string) map[string]string {
			return map[string]string{"application": app, "admin": t.GoogleAdmin, "base_url": server}
		},
		Truth: func(co *simco.Company, from, to time.Time) []simco.LogEntry { return co.Workspace(app, from, to) },
	}
}

// cloud is the simulated company's second cloud.
var cloud = collecttest.Log{
	System: simco.Google, Limits: simco.Limits{GooglePerMinute: 60}, Memory: 30 * 24 * time.Hour, Secrets: secrets, ByReceipt: true,
	New: func(now func() time.Time) collect.Connector { return google.Cloud{Now: now} },
	Settings: func(t simco.Tokens, server string) map[string]string {
		return map[string]string{"resource": "projects/" + t.GCPProject, "base_url": server}
	},
	Truth: func(co *simco.Company, from, to time.Time) []simco.LogEntry { return co.CloudAudit(from, to) },
}

func TestLogin(t *testing.T) {
	t.Parallel()
	workspace("login").Test(t)
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	workspace("admin").Test(t)
}

func TestDrive(t *testing.T) {
	t.Parallel()
	workspace("drive").Test(t)
}

func TestToken(t *testing.T) {
	t.Parallel()
	workspace("token").Test(t)
}

func TestCloud(t *testing.T) {
	t.Parallel()
	cloud.Test(t)
}
