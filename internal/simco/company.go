package simco

import (
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/bamboohr"
	"github.com/tickmark/tickmark/internal/simco/github"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/logs"
	"github.com/tickmark/tickmark/internal/simco/okta"
	"github.com/tickmark/tickmark/internal/simco/terraform"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// Config says which life the company lives.
type Config = life.Config

// Deviation is one planted departure from company practice.
type Deviation = life.Deviation

// Fault decides about each request to a system; FaultResponse is what goes wrong.
type (
	Fault         = wire.Fault
	FaultResponse = wire.FaultResponse
)

// The systems of the company.
const (
	GitHub   = "github"
	Okta     = "okta"
	BambooHR = "bamboohr"
	AWS      = "aws"
	Entra    = "entra"
	Google   = "google"
	GitLab   = "gitlab"

	Terraform = "terraform"
)

// Limits are real rate limits; zero refuses nobody.
type Limits struct {
	GitHubPerHour     int
	OktaPerMinute     int
	OktaLogsPerMinute int
	BambooHRPerMinute int
	AWSPerSecond      int
	EntraPerMinute    int
	GooglePerMinute   int
	GitLabPerMinute   int

	TerraformPerSecond int
}

// Option changes how a company is served, not how it lives.
type Option func(*options)

type options struct {
	limits Limits
	now    func() time.Time
}

// WithLimits makes the systems refuse requests beyond these limits, as the real ones do.
func WithLimits(l Limits) Option { return func(o *options) { o.limits = l } }

// WithNow gives the real time by which rate limits run, instead of the machine's.
func WithNow(now func() time.Time) Option { return func(o *options) { o.now = now } }

// Company is the simulated company. It is safe for concurrent use.
type Company struct {
	world  *life.World
	clock  wire.Clock
	tokens Tokens
	gates  map[string]*wire.Gate

	auditOnce sync.Once
	audit     *audit.Trail
	book      *logs.Book
	google    *logs.Google
	entra     *logs.Entra
}

// Tokens are the credentials and names that a client needs.
type Tokens struct {
	GitHubToken        string // bearer token
	GitHubOrg          string // login of the organisation
	OktaToken          string // API token (SSWS), and bearer token
	BambooHRKey        string // API key: the user of basic authentication
	BambooHRLimitedKey string // API key of somebody who may not see every field
	BambooHRCompany    string // name in addresses

	AWSKey, AWSSecret, AWSRole, AWSExternal string // an access key, the role it may take and the identifier that asks for
	EntraTenant, EntraClient, EntraSecret   string
	GoogleAccount, GoogleAdmin, GCPProject  string // a service account, whom it may speak for, and its project
	GitLabToken, GitLabGroup                string
	TerraformToken, TerraformOrg            string
}

// New lives the life of a company and prepares its systems, with the clock at the end of the life.
func New(c Config, with ...Option) (*Company, error) {
	w, err := life.New(c)
	if err != nil {
		return nil, errs.Wrap(err, "the simulated company cannot live this life")
	}
	o := options{now: time.Now}
	for _, f := range with {
		f(&o)
	}
	co := &Company{world: w, gates: map[string]*wire.Gate{}}
	secret := func(what string, n uint64) string {
		return "simulated-" + what + "-" + strings.ReplaceAll(w.GUID(1<<50+n), "-", "")
	}
	co.tokens = Tokens{GitHubToken: secret("github", 1), GitHubOrg: life.OrgLogin, OktaToken: secret("okta", 2),
		BambooHRKey: hex.EncodeToString([]byte(w.GUID(1<<50 + 3)[:20])), BambooHRLimitedKey: hex.EncodeToString([]byte(w.GUID(1<<50 + 4)[:20])),
		BambooHRCompany: bamboohr.Company}
	co.clock.Set(w.End)
	g := github.New(w, &co.clock, github.Options{Token: co.tokens.GitHubToken, PerHour: o.limits.GitHubPerHour, Now: o.now})
	k := okta.New(w, &co.clock, okta.Options{Token: co.tokens.OktaToken, PerMinute: o.limits.OktaPerMinute,
		LogsPerMinute: o.limits.OktaLogsPerMinute, Now: o.now})
	h := bamboohr.New(w, &co.clock, bamboohr.Options{Key: co.tokens.BambooHRKey, LimitedKey: co.tokens.BambooHRLimitedKey,
		PerMinute: o.limits.BambooHRPerMinute, Now: o.now})
	co.gates[GitHub] = &wire.Gate{Next: g, Dialect: g}
	co.gates[Okta] = &wire.Gate{Next: k, Dialect: k}
	co.gates[BambooHR] = &wire.Gate{Next: h, Dialect: h}
	co.tokens.TerraformToken, co.tokens.TerraformOrg = secret("terraform", 11), terraform.Org
	f := terraform.New(w, &co.clock, terraform.Options{Token: co.tokens.TerraformToken, PerSecond: o.limits.TerraformPerSecond, Now: o.now})
	co.gates[Terraform] = &wire.Gate{Next: f, Dialect: f}
	co.openLogs(o, secret)
	return co, nil
}

// Handlers are the company's systems by name, each to be served on a listener of its own.
func (c *Company) Handlers() map[string]http.Handler {
	out := make(map[string]http.Handler, len(c.gates))
	for name, g := range c.gates {
		out[name] = g
	}
	return out
}

// Handler is one system; nil if the company has none of that name.
func (c *Company) Handler(system string) http.Handler {
	if g, ok := c.gates[system]; ok {
		return g
	}
	return nil
}

// TerraformSecret is part of every secret in the states and runs of the company's infrastructure as code, for whoever looks whether one
// is kept.
const TerraformSecret = terraform.SecretMark

// SetClock moves every system to an instant.
func (c *Company) SetClock(t time.Time) { c.clock.Set(life.Of(t)) }

// Clock is the instant that every system shows.
func (c *Company) Clock() time.Time { return c.clock.Now().Go() }

// Tokens are the credentials and names that a client needs.
func (c *Company) Tokens() Tokens { return c.tokens }

// SetFault installs a fault before a system, or removes it with nil. Requests to the system are counted from 1 again.
func (c *Company) SetFault(system string, f Fault) error {
	g, ok := c.gates[system]
	if !ok {
		return errs.New(errs.NotFound, "the simulated company has no system %q", system).WithHint("It has github, okta, bamboohr, aws, entra, google, gitlab and terraform.")
	}
	g.SetFault(f)
	return nil
}

// Requests is how many requests a system has had since the last SetFault.
func (c *Company) Requests(system string) int {
	if g, ok := c.gates[system]; ok {
		return g.Served()
	}
	return 0
}

// Deviations lists the planted deviations in order of time. The caller may change the list.
func (c *Company) Deviations() []Deviation { return append([]Deviation(nil), c.world.Deviations...) }

// WriteDeviations writes the list of planted deviations as JSON.
func (c *Company) WriteDeviations(w io.Writer) error { return c.world.WriteDeviations(w) }

// Life is the life behind the systems, for whoever wants to compare.
func (c *Company) Life() *life.World { return c.world }
