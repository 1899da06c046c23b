// Package aws reads the management events of an AWS account from CloudTrail's event history, region by region. Each event is kept as
// CloudTrail wrote it. Requests are plain HTTP, signed by the vendor's own code.
package aws

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/pull"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Connector reads CloudTrail. Now gives the time at which requests are signed.
type Connector struct{ Now func() time.Time }

var _ collect.Connector = Connector{}

// What CloudTrail says of its event history: it remembers 90 days and answers two lookups a second.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
const (
	memory = 90 * 24 * time.Hour
	pace   = 500 * time.Millisecond
)

const (
	defaultFirstDays = 7 // at 100 events a second more would take hours
	usualEndpoint    = "https://{service}.{region}.amazonaws.com"
)

// Describe tells what the connector reads and needs.
func (Connector) Describe() collect.Description {
	return collect.Description{
		Kind: "aws", Title: "AWS CloudTrail", Version: 1, Log: true, Pace: pace,
		Doc: "Reads the management events of an account from CloudTrail, region by region, every few minutes. Changes nothing.",
		Fields: []collect.Field{
			{Name: "regions", Title: "Regions", Hint: "Separated by commas, such as eu-central-1, us-east-1; sign-ins and IAM are in us-east-1", Required: true},
			{Name: "access_key_id", Title: "Access key", Hint: "Of a user with the right below and no other: AKIA…", Required: true},
			{Name: "secret_access_key", Title: "Secret access key", Hint: "Shown once when the access key is made", Required: true, Secret: true},
			{Name: "role_arn", Title: "Role", Hint: "arn:aws:iam::111122223333:role/tickmark, if the user takes a role in another account"},
			{Name: "external_id", Title: "External identifier", Hint: "What the role's trust policy asks for"},
			{Name: "endpoint", Title: "Address", Hint: "Another partition, or an endpoint of your own network: {service} and {region} are filled in", Address: true, Default: usualEndpoint},
			pull.FirstDays(defaultFirstDays, 90),
		},
		Grants: []collect.Permission{{Name: "cloudtrail:LookupEvents", Why: "the event history of each region", Resources: []string{pull.Resource}}},
		Steps: []string{
			"In IAM make a policy that allows cloudtrail:LookupEvents on all resources, and nothing else.",
			"Make a user without access to the console, attach the policy, and create an access key for it.",
			"For other accounts: make a role there with that policy, whose trust policy names the user and asks for an external identifier; allow the user sts:AssumeRole on it.",
			"Name every region in which somebody could act, not only those in use.",
		},
		Limits: []string{
			"CloudTrail's event history remembers 90 days and holds management events alone: for events of data, such as reading objects, follow the bucket of a trail instead.",
			"Events are shown some minutes after they happen. Each run looks back 20 minutes, and once in six hours three hours.",
			"At most 100 events a second can be read of a region. Where more happen, follow the bucket of a trail instead.",
			"CloudTrail gives no count of events, so completeness is asserted and not proven.",
		},
		Resources: []string{pull.Resource},
	}
}

// run is one run over an account.
type run struct {
	http     *http.Client
	sink     collect.Sink
	now      func() time.Time
	endpoint string
	regions  []string
	user     keys
	role     string
	external string
	keys     keys // that requests are signed with
}

var (
	regionForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)
	roleForm   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$`)
)

func (c Connector) start(e collect.Env, s collect.Sink) (*run, error) {
	r := &run{http: e.HTTP, sink: s, now: c.Now, role: pull.Setting(e, "role_arn", ""), external: pull.Setting(e, "external_id", ""), endpoint: strings.TrimSuffix(pull.Setting(e, "endpoint", usualEndpoint), "/")}
	if r.http == nil || r.now == nil {
		return nil, errs.New(errs.Internal, "the run has no HTTP client or no clock")
	}
	text, err := pull.Need(e.Settings, "regions", "the list of regions")
	if err != nil {
		return nil, err
	}
	for _, x := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == ';' || c == '\n' }) {
		if !regionForm.MatchString(x) {
			return nil, errs.New(errs.Invalid, "%q is no region", x).At("regions").WithHint("Write regions as AWS does, such as eu-central-1.")
		}
		r.regions = append(r.regions, x)
	}
	if r.user.id, err = pull.Need(e.Settings, "access_key_id", "the access key"); err != nil {
		return nil, err
	}
	if r.user.secret, err = pull.Need(e.Secrets, "secret_access_key", "the secret access key"); err != nil {
		return nil, err
	}
	if r.role != "" && !roleForm.MatchString(r.role) {
		return nil, errs.New(errs.Invalid, "%q is no role", r.role).At("role_arn").WithHint("Write it as arn:aws:iam::111122223333:role/name.")
	}
	if _, err := pull.Address(collect.Env{Settings: map[string]string{"endpoint": r.address("cloudtrail", "us-east-1")}}, "endpoint", usualEndpoint); err != nil {
		return nil, err
	}
	r.keys = r.user
	return r, nil
}

// address is where a service of a region answers.
func (r *run) address(service, region string) string {
	return strings.NewReplacer("{service}", service, "{region}", region).Replace(r.endpoint)
}

// Collect emits the events of every region.
func (c Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := c.start(e, s)
	if err != nil {
		return err
	}
	since, err := pull.Since(e, defaultFirstDays)
	if err != nil {
		return err
	}
	e.Since = since
	s.Note(pull.Resource, "CloudTrail gives no count of events to compare the list with.")
	for _, region := range r.regions {
		stream := &collect.LogStream{
			Name: r.role + region, Source: "CloudTrail in " + region, Memory: memory, Late: 20 * time.Minute, Deep: 3 * time.Hour, DeepEvery: 6 * time.Hour, Slice: 24 * time.Hour,
			Read: func(ctx context.Context, from, to time.Time, take collect.Take) error {
				return r.lookup(ctx, region, from, to, take)
			},
		}
		if err := stream.Pull(ctx, e, s); err != nil {
			return collect.Halted(ctx, err)
		}
	}
	return nil
}

// Check looks one event up in each region.
func (c Connector) Check(ctx context.Context, e collect.Env) ([]collect.Permission, error) {
	r, err := c.start(e, nil)
	if err != nil {
		return nil, err
	}
	p := c.Describe().Grants
	for _, region := range r.regions {
		_, err := r.page(ctx, region, question{StartTime: e.Until.Add(-time.Hour).Unix(), EndTime: e.Until.Unix(), MaxResults: 1})
		if err != nil { // one region that cannot be read is enough
			return p, pull.Verdict(&p[0], errs.Wrap(err, "%s", region))
		}
	}
	return p, pull.Verdict(&p[0], nil)
}
