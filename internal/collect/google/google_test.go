package google_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/google"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/simco"
)

func secrets(co *simco.Company, server string) map[string]string {
	return map[string]string{"service_account_key": co.GoogleKey(server)}
}

// workspace is an application of the simulated company's office.
func workspace(app string) collecttest.Log {
	return collecttest.Log{
		System: simco.Google, Memory: 180 * 24 * time.Hour, Secrets: secrets,
		New: func(now func() time.Time) collect.Connector { return google.Workspace{Now: now} },
		Settings: func(t simco.Tokens, server string) map[string]string {
			return map[string]string{"application": app, "admin": t.GoogleAdmin, "base_url": server}
		},
		Truth: func(co *simco.Company, from, to time.Time) []simco.LogEntry { return co.Workspace(app, from, to) },
	}
}

// cloud is the simulated company's second cloud.
var cloud = collecttest.Log{
	System: simco.Google, Memory: 30 * 24 * time.Hour, Secrets: secrets, ByReceipt: true,
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

const token = `{"access_token":"a","expires_in":3599}`

func now() time.Time { return collecttest.LogStart }

// both are the two connectors, with settings for a server and the field that names what is read.
func both(t *testing.T) map[string]struct {
	c                 collect.Connector
	settings, secrets map[string]string
} {
	t.Helper()
	key := workspace("login").Open(t).Co.GoogleKey("{server}")
	return map[string]struct {
		c                 collect.Connector
		settings, secrets map[string]string
	}{
		"workspace": {google.Workspace{Now: now}, map[string]string{"application": "login", "admin": "admin@northwind.example", "base_url": "{server}"}, map[string]string{"service_account_key": key}},
		"cloud":     {google.Cloud{Now: now}, map[string]string{"resource": "projects/northwind-data", "base_url": "{server}"}, map[string]string{"service_account_key": key}},
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, x := range both(t) {
		for field, value := range map[string]string{"application": "chat", "admin": "", "resource": "northwind", "base_url": "admin", "first_days": "x"} {
			if _, has := x.settings[field]; !has && field != "first_days" {
				continue
			}
			e := collect.Env{Settings: map[string]string{}, Secrets: map[string]string{"service_account_key": strings.ReplaceAll(x.secrets["service_account_key"], "{server}", "https://google.example")}, HTTP: collecttest.Client(httpx.Options{})}
			for k, v := range x.settings {
				e.Settings[k] = strings.ReplaceAll(v, "{server}", "https://google.example")
			}
			e.Settings[field] = value
			if err := x.c.Collect(t.Context(), e, &collecttest.Sink{}); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
				t.Errorf("%s, %s: %v, field %q", name, field, err, errs.FieldOf(err))
			}
		}
		for _, key := range []string{"", "no JSON", `{"type":"authorized_user"}`, strings.Replace(x.secrets["service_account_key"], "BEGIN", "BEGUN", 1), strings.Replace(x.secrets["service_account_key"], "{server}", "ftp://google.example", 1)} {
			e := collect.Env{Settings: map[string]string{"admin": "a@northwind.example", "resource": "projects/northwind"}, Secrets: map[string]string{"service_account_key": key}, HTTP: collecttest.Client(httpx.Options{})}
			err := x.c.Collect(t.Context(), e, &collecttest.Sink{})
			if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != "service_account_key" || strings.Contains(err.Error(), "PRIVATE") {
				t.Errorf("%s: a bad key: %v", name, err)
			}
		}
	}
}

// TestTokens: a token that ends in the middle is asked for again; who may not speak for the administrator is told what to do, and so is
// whose clock is wrong.
func TestTokens(t *testing.T) {
	t.Parallel()
	b := workspace("admin").Open(t)
	if err := b.Co.SetFault(simco.Google, func(_ *http.Request, n int) *simco.FaultResponse {
		if n == 3 {
			b.Co.Revoke()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	b.Env.Since = collecttest.LogStart.AddDate(0, 0, -20)
	s := b.Run(collecttest.LogStart)
	s.NoFailures(t)
	if n := b.Co.Requests(simco.Google); n < 20 || s.Count() < 800 {
		t.Errorf("%d requests for %d records", n, s.Count())
	}
	b.Env.Settings["admin"] = "nobody@northwind.example"
	p, err := b.Connector.Check(t.Context(), b.Env)
	if err != nil || p[0].Granted == nil || *p[0].Granted || !strings.Contains(p[0].Detail, "unauthorized") {
		t.Errorf("another administrator: %+v %v", p, err)
	}
	f := b.Run(collecttest.LogStart).Failures("audit_event")
	if len(f) != 1 || !strings.Contains(errs.HintOf(f[0]), "act for the domain") {
		t.Errorf("another administrator: %v", f)
	}
	c := cloud.Open(t)
	c.Connector = google.Cloud{Now: func() time.Time { return collecttest.LogStart.Add(2 * time.Hour) }}
	f = c.Run(collecttest.LogStart).Failures("audit_event")
	if len(f) != 1 || !strings.Contains(errs.HintOf(f[0]), "clock") {
		t.Errorf("a clock that is ahead: %v", f)
	}
	c = cloud.Open(t)
	c.Env.Settings["resource"] = "projects/acme"
	p, err = c.Connector.Check(t.Context(), c.Env)
	if err != nil || p[0].Granted == nil || *p[0].Granted {
		t.Errorf("another project: %+v %v", p, err)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	x := both(t)
	w, c := x["workspace"], x["cloud"]
	collecttest.Hostile(t, w.c, w.settings, w.secrets, token, map[string]string{
		"HTML": "<html>Sign in</html>", "null": "null", "nothing": "{}", "another list": `{"kind":"admin#directory#users"}`, "nulls": `{"kind":"admin#reports#activities","items":[null]}`, "cut off": `{"kind":"admin#reports#activities","items":[`,
		"a token again": `{"kind":"admin#reports#activities","nextPageToken":"same"}`,
	})
	collecttest.Hostile(t, c.c, c.settings, c.secrets, token, map[string]string{
		"HTML": "<html>Sign in</html>", "null": "null", "a list": "[]", "nulls": `{"entries":[null]}`, "cut off": `{"entries":[`, "a token again": `{"nextPageToken":"same"}`, "another form": `{"entries":{}}`,
	})
	for _, y := range x {
		collecttest.Hostile(t, y.c, y.settings, y.secrets, "", map[string]string{"no token": `{"token_type":"Bearer"}`, "HTML": "<html>", "null": "null"})
	}
}

func TestOdd(t *testing.T) {
	t.Parallel()
	x := both(t)
	w, c := x["workspace"], x["cloud"]
	good := `{"id":{"time":"2026-04-14T08:30:00.000Z","uniqueQualifier":"-1","applicationName":"login"},"events":[{"name":"login_success","parameters":[{"name":"n","multiValue":["a"]}]}],"new":1}`
	undated, text := `{"id":{"uniqueQualifier":"2"}}`, `{"id":"x"}`
	collecttest.Odd(t, w.c, w.settings, w.secrets, []string{good, undated, text}, token, `{"kind":"admin#reports#activities","items":[`+good+`,`+undated+`,`+text+`]}`)
	entry := `{"insertId":"i1","logName":"l","timestamp":"2026-04-14T08:30:00.123456789Z","receiveTimestamp":"2026-04-14T08:30:01Z","protoPayload":{"methodName":"SetIamPolicy","status":{}}}`
	other := `{"insertId":"i2","textPayload":"x"}`
	collecttest.Odd(t, c.c, c.settings, c.secrets, []string{entry, other}, token, `{"entries":[`+entry+`,`+other+`,`+entry+`]}`)
}
