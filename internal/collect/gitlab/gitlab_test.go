package gitlab_test

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/gitlab"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/simco"
)

// logOf is the log of a group of the simulated company, or of its instance.
func logOf(group string) collecttest.Log {
	return collecttest.Log{
		System: simco.GitLab,
		New:    func(func() time.Time) collect.Connector { return gitlab.Connector{} },
		Settings: func(_ simco.Tokens, server string) map[string]string {
			return map[string]string{"group": group, "base_url": server}
		},
		Secrets: func(co *simco.Company, _ string) map[string]string {
			return map[string]string{"token": co.Tokens().GitLabToken}
		},
		Truth: func(co *simco.Company, from, to time.Time) []simco.LogEntry { return co.Lab(from, to) },
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	logOf("northwind").Test(t)
}

func TestInstance(t *testing.T) {
	t.Parallel()
	logOf("").Test(t)
}

var (
	settings = map[string]string{"group": "northwind", "base_url": "{server}"}
	secrets  = map[string]string{"token": "not a secret"}
)

func TestSettings(t *testing.T) {
	t.Parallel()
	for field, e := range map[string]collect.Env{
		"token":      {Settings: map[string]string{"group": "northwind"}},
		"group":      {Secrets: secrets},
		"base_url":   {Settings: map[string]string{"base_url": "gitlab"}, Secrets: secrets},
		"first_days": {Settings: map[string]string{"group": "northwind", "first_days": "many"}, Secrets: secrets},
	} {
		e.HTTP = collecttest.Client(httpx.Options{})
		if err := (gitlab.Connector{}).Collect(t.Context(), e, &collecttest.Sink{}); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != field {
			t.Errorf("%s: %v, field %q", field, err, errs.FieldOf(err))
		}
	}
}

// TestLongAgo: GitLab answers for a month at most, so a long stretch is asked for in parts; another group is told.
func TestLongAgo(t *testing.T) {
	t.Parallel()
	b := logOf("northwind").Open(t)
	b.Env.Since = collecttest.LogStart.AddDate(0, 0, -38)
	s := b.Run(collecttest.LogStart)
	s.NoFailures(t)
	if want := len(b.Co.Lab(b.Env.Since, collecttest.LogStart.Add(-5*time.Minute))); s.Count() < want || want < 1000 {
		t.Errorf("%d events of %d", s.Count(), want)
	}
	b.Env.Settings["group"] = "acme"
	p, err := b.Connector.Check(t.Context(), b.Env)
	if err != nil || p[0].Granted == nil || *p[0].Granted {
		t.Errorf("another group: %+v %v", p, err)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	collecttest.Hostile(t, gitlab.Connector{}, settings, secrets, "", map[string]string{
		"HTML": "<html>Sign in</html>", "null": "null", "an object": `{"message":"x"}`, "nulls": `[null]`, "cut off": `[{"id":1}`, "two lists": `[][]`,
	})
}

func TestOdd(t *testing.T) {
	t.Parallel()
	good := `{"id":1,"created_at":"2026-04-14T08:30:00.000Z","event_name":"x","details":{"custom_message":{"action":"y"}},"new":{}}`
	undated, text := `{"id":2}`, `{"id":"three","created_at":"yesterday"}`
	collecttest.Odd(t, gitlab.Connector{}, settings, secrets, []string{good, undated, text}, `[`+good+`,`+undated+`,`+text+`]`)
}
