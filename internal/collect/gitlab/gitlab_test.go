package gitlab_test

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/collect/gitlab"
	"github.com/tickmark/tickmark/internal/simco"
)

// logOf is the log of a group of the simulated company, or of its instance.
func logOf(group string) collecttest.Log {
	return collecttest.Log{
		System: simco.GitLab, Limits: simco.Limits{GitLabPerMinute: 40},
		New: func(func() time.Time) collect.Connector { return gitlab.Connector{} },
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
