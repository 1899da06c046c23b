package aws_test

import (
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/aws"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/simco"
)

// trail is CloudTrail of the simulated company in both its regions.
var trail = collecttest.Log{
	System: simco.AWS, Limits: simco.Limits{AWSPerSecond: 2}, Memory: 90 * 24 * time.Hour,
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
