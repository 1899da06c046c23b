package entra_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/entra"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/simco"
)

// logOf is a log of the simulated company's tenant.
func logOf(log string) collecttest.Log {
	return collecttest.Log{
		System: simco.Entra, Memory: 30 * 24 * time.Hour,
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

func start() time.Time { return collecttest.LogStart }

const token = `{"access_token":"a","expires_in":3599}`

var (
	connector = entra.Connector{Now: start}
	settings  = map[string]string{"tenant": "northwind.example", "client_id": "c", "login_url": "{server}", "base_url": "{server}"}
	secrets   = map[string]string{"client_secret": "not a secret"}
)

func TestSettings(t *testing.T) {
	t.Parallel()
	for field, value := range map[string]string{"tenant": "a/b", "client_id": "", "log": "mail", "kept_days": "0", "login_url": "login", "base_url": "https://a:b@graph.example", "first_days": "-1"} {
		e := collect.Env{Settings: map[string]string{"tenant": "northwind.example", "client_id": "c"}, Secrets: secrets, HTTP: collecttest.Client(httpx.Options{})}
		e.Settings[field] = value
		if err := connector.Collect(t.Context(), e, &collecttest.Sink{}); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
			t.Errorf("%s: %v, field %q", field, err, errs.FieldOf(err))
		}
	}
	if err := connector.Collect(t.Context(), collect.Env{Settings: map[string]string{"tenant": "northwind.example", "client_id": "c"}, HTTP: collecttest.Client(httpx.Options{})}, &collecttest.Sink{}); errs.FieldOf(err) != "client_secret" {
		t.Errorf("without a secret: %v", err)
	}
}

// TestTokens: a token that ends in the middle of a list is asked for again, and the list goes on; a secret that is wrong is told with
// what to do.
func TestTokens(t *testing.T) {
	t.Parallel()
	b := logOf("audit").Open(t)
	if err := b.Co.SetFault(simco.Entra, func(_ *http.Request, n int) *simco.FaultResponse {
		if n == 3 { // a token, a page, and then it ends
			b.Co.Revoke()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	b.Env.Since = collecttest.LogStart.AddDate(0, 0, -25)
	s := b.Run(collecttest.LogStart)
	s.NoFailures(t)
	if n := b.Co.Requests(simco.Entra); n < 25 || s.Count() < 1000 {
		t.Errorf("%d requests for %d records", n, s.Count())
	}
	b.Env.Secrets = map[string]string{"client_secret": "another"}
	_, err := b.Connector.Check(t.Context(), b.Env)
	if !errs.Is(err, errs.Denied) || !strings.Contains(errs.HintOf(err), "client secret") || strings.Contains(err.Error(), "another") {
		t.Errorf("another secret: %v, %s", err, errs.HintOf(err))
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"HTML": "<html>Sign in</html>", "null": "null", "nothing": "{}", "no list": `{"value":null}`, "a list of nulls": `{"value":[null]}`, "cut off": `{"value":[{"id":"a"`,
		"a page again": `{"value":[],"@odata.nextLink":"/v1.0/auditLogs/signIns?$skiptoken=1"}`, "another host": `{"value":[],"@odata.nextLink":"https://elsewhere.example/"}`, "no address": `{"value":[],"@odata.nextLink":"https://[x"}`,
	}
	collecttest.Hostile(t, connector, settings, secrets, token, answers)
	collecttest.Hostile(t, connector, settings, secrets, "", map[string]string{"no token": `{"expires_in":1}`, "HTML": "<html>", "null": "null"})
}

func TestOdd(t *testing.T) {
	t.Parallel()
	good, undated, text := `{"id":"a","createdDateTime":"2026-04-14T08:30:00Z","new":[1]}`, `{"id":"b"}`, `{"id":7,"createdDateTime":"2026-04-14T08:30:00Z"}`
	collecttest.Odd(t, connector, settings, secrets, []string{good, undated, text}, token, `{"value":[`+good+`, `+undated+`,`+text+`,{"id":"d","createdDateTime":"2026-04-14T09:00:00Z"}]}`)
}

// office is the feed of the simulated company's tenant.
var office = collecttest.Log{
	System: simco.Entra, Memory: 7 * 24 * time.Hour, ByReceipt: true,
	New: func(now func() time.Time) collect.Connector { return entra.Office{Now: now} },
	Settings: func(t simco.Tokens, server string) map[string]string {
		return map[string]string{"tenant": t.EntraTenant, "client_id": t.EntraClient, "content": "Audit.Exchange,Audit.SharePoint", "login_url": server, "base_url": server}
	},
	Secrets: func(co *simco.Company, _ string) map[string]string {
		return map[string]string{"client_secret": co.Tokens().EntraSecret}
	},
	Truth: func(co *simco.Company, from, to time.Time) []simco.LogEntry {
		return append(co.Feed("Audit.Exchange", from, to), co.Feed("Audit.SharePoint", from, to)...)
	},
}

func TestOffice(t *testing.T) {
	t.Parallel()
	office.Test(t)
}

func TestOfficeSettings(t *testing.T) {
	t.Parallel()
	for field, value := range map[string]string{"tenant": "northwind.example", "content": "Audit.Mail", "base_url": "manage", "first_days": "x"} {
		e := collect.Env{Settings: map[string]string{"tenant": "00000000-0000-4000-a000-000000000000", "client_id": "c", field: value}, Secrets: secrets, HTTP: collecttest.Client(httpx.Options{})}
		if err := (entra.Office{Now: start}).Collect(t.Context(), e, &collecttest.Sink{}); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
			t.Errorf("%s: %v, field %q", field, err, errs.FieldOf(err))
		}
	}
}

func TestOfficeHostile(t *testing.T) {
	t.Parallel()
	c := entra.Office{Now: start}
	settings := map[string]string{"tenant": "00000000-0000-4000-a000-000000000000", "client_id": "c", "content": "Audit.General", "login_url": "{server}", "base_url": "{server}"}
	bad := map[string]string{"HTML": "<html>Sign in</html>", "null": "null", "an object": `{}`, "nulls": `[null]`, "cut off": `[{"contentUri":"`}
	collecttest.Hostile(t, c, settings, secrets, token, bad)
	for name, text := range bad {
		list := []string{token, `[{"contentType":"Audit.General","status":"enabled"}]`, text}
		if s, _ := collecttest.Answers(t, c, settings, secrets, list...); len(s.Failures("audit_event")) == 0 {
			t.Errorf("%s as a list of content is not told", name)
		}
	}
	for name, text := range map[string]string{"another host": `[{"contentUri":"https://elsewhere.example/x","contentCreated":"2026-04-14T08:30:00Z"}]`, "no time": `[{"contentUri":"/x"}]`} {
		if s, n := collecttest.Answers(t, c, settings, secrets, token, `[{"contentType":"Audit.General","status":"enabled"}]`, text); len(s.Failures("audit_event")) != 1 || n != 3 {
			t.Errorf("%s: %v, %d requests", name, s.Failures("audit_event"), n)
		}
	}
}
