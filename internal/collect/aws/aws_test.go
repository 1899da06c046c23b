package aws_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/aws"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/simco"
)

// trail is CloudTrail of the simulated company in both its regions.
var trail = collecttest.Log{
	System: simco.AWS, Memory: 90 * 24 * time.Hour,
	New: func(now func() time.Time) collect.Connector { return aws.Connector{Now: now} },
	Settings: func(t simco.Tokens, server string) map[string]string {
		return map[string]string{"regions": "eu-west-1, us-east-1", "access_key_id": t.AWSKey, "endpoint": server}
	},
	Secrets: func(co *simco.Company, _ string) map[string]string {
		return map[string]string{"secret_access_key": co.Tokens().AWSSecret}
	},
	Truth: func(co *simco.Company, from, to time.Time) []simco.LogEntry {
		return append(co.CloudTrail("eu-west-1", from, to), co.CloudTrail("us-east-1", from, to)...)
	},
}

func TestLog(t *testing.T) {
	t.Parallel()
	trail.Test(t)
}

var (
	connector = aws.Connector{Now: func() time.Time { return collecttest.LogStart }}
	settings  = map[string]string{"regions": "eu-west-1", "access_key_id": "AKIAEXAMPLE", "endpoint": "{server}"}
	secrets   = map[string]string{"secret_access_key": "not a secret"}
)

func TestSettings(t *testing.T) {
	t.Parallel()
	for field, change := range map[string][2]string{
		"regions": {"regions", "Frankfurt"}, "access_key_id": {"access_key_id", ""}, "role_arn": {"role_arn", "tickmark"}, "endpoint": {"endpoint", "ftp://{service}.example"}, "first_days": {"first_days", "x"},
	} {
		e := collect.Env{Settings: map[string]string{"regions": "eu-west-1", "access_key_id": "AKIAEXAMPLE", change[0]: change[1]}, Secrets: secrets, HTTP: collecttest.Client(httpx.Options{})}
		if err := connector.Collect(t.Context(), e, &collecttest.Sink{}); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
			t.Errorf("%s: %v, field %q", field, err, errs.FieldOf(err))
		}
	}
	e := collect.Env{Settings: settings, HTTP: collecttest.Client(httpx.Options{})}
	if err := connector.Collect(t.Context(), e, &collecttest.Sink{}); errs.FieldOf(err) != "secret_access_key" {
		t.Errorf("without a secret: %v", err)
	}
}

// TestRole: the user takes the role with its external identifier, again when its keys end, and is told when it may not.
func TestRole(t *testing.T) {
	t.Parallel()
	b := trail.Open(t)
	tokens := b.Co.Tokens()
	b.Env.Settings["role_arn"], b.Env.Settings["external_id"] = tokens.AWSRole, tokens.AWSExternal
	want := b.Co.CloudTrail("eu-west-1", collecttest.LogStart.AddDate(0, 0, -2), collecttest.LogStart.Add(-3*time.Hour))
	for _, at := range []time.Time{collecttest.LogStart, collecttest.LogStart.Add(2 * time.Hour)} { // the keys are good for one
		s := b.Run(at)
		s.NoFailures(t)
		if at.Equal(collecttest.LogStart) && s.Count() < len(want) {
			t.Errorf("%d events with the role, of %d", s.Count(), len(want))
		}
	}
	b.Env.Settings["external_id"] = "another"
	p, err := b.Connector.Check(t.Context(), b.Env)
	if err != nil || p[0].Granted == nil || *p[0].Granted || !strings.Contains(p[0].Detail, "take the role") {
		t.Errorf("another external identifier: %+v %v", p, err)
	}
}

// TestRefused: a wrong secret, a key that is none, a clock that is wrong and a region that is not enabled are told apart by what to do.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(b *collecttest.LogBench)
		hint   string
	}{
		"secret": {func(b *collecttest.LogBench) { b.Env.Secrets["secret_access_key"] = "another" }, "check the secret access key"},
		"key":    {func(b *collecttest.LogBench) { b.Env.Settings["access_key_id"] = "AKIANONE" }, "check the access key"},
		"clock": {func(b *collecttest.LogBench) {
			b.Connector = aws.Connector{Now: func() time.Time { return collecttest.LogStart.Add(20 * time.Minute) }}
		}, "the clock of this machine"},
		"region": {func(b *collecttest.LogBench) { b.Env.Settings["regions"] = "eu-west-1,ap-south-2" }, "enabled this region"},
	} {
		b := trail.Open(t)
		b.Env.Until = collecttest.LogStart
		c.change(b)
		p, err := b.Connector.Check(t.Context(), b.Env)
		if err != nil || p[0].Granted == nil || *p[0].Granted {
			t.Errorf("%s: %+v %v", name, p, err)
		}
		s := b.Run(collecttest.LogStart)
		f := s.Failures("audit_event")
		if len(f) == 0 || !strings.Contains(errs.HintOf(f[0]), c.hint) {
			t.Errorf("%s: %v", name, f)
		}
		if name == "region" && s.Count() == 0 {
			t.Error("a region that is not enabled holds up the other")
		}
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"HTML": "<html>Sign in</html>", "null": "null", "nothing": "{}", "no list": `{"Events":null}`, "a list of texts": `{"Events":["x"]}`, "cut off": `{"Events":[{"CloudTrailEvent":"{`, "not UTF-8": "{\"Events\":[],\"x\":\"\xff\"}",
		"a token again": `{"Events":[],"NextToken":"same"}`,
	}
	collecttest.Hostile(t, connector, settings, secrets, "", answers)
	collecttest.Hostile(t, connector, settings, secrets, `{"Events":[],"NextToken":"same"}`, answers)
}

func TestOdd(t *testing.T) {
	t.Parallel()
	good := `{"eventID":"e1","eventTime":"2026-04-14T08:30:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","new":{"field":[1]}}`
	undated := `{"eventID":"e2","eventName":"CreateUser"}`
	ahead := `{"eventID":"e4","eventTime":"2026-04-14T09:30:00Z","eventName":"CreateUser"}`
	quote := strings.NewReplacer(`"`, `\"`)
	list := `{"Events":[{"CloudTrailEvent":"` + quote.Replace(good) + `","New":1},{"CloudTrailEvent":"` + quote.Replace(undated) + `"},{"CloudTrailEvent":"no JSON"},{"EventId":"e3"},{"CloudTrailEvent":"` + quote.Replace(ahead) + `"}],"New":[]}`
	collecttest.Odd(t, connector, settings, secrets, []string{good, undated, "no JSON", `{"EventId":"e3"}`}, list)
}
