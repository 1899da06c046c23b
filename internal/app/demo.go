package app

import (
	"context"
	_ "embed" // the description of the simulated company
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/own"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/simco"
)

// DemoConfig says how large the simulated company is and how long it lives.
type DemoConfig struct {
	Seed         uint64 `json:"seed"`
	People       int    `json:"people"`
	Repositories int    `json:"repositories"`
	Days         int    `json:"days"`
	// Daily is the number of days at the end on which everything is collected and tested each day; before them it is done once a
	// week. 0 means all days.
	Daily int `json:"daily"`
	// Running is the number of days at the end that the examination under way is about. 0 means the daily ones.
	Running int       `json:"running"`
	Start   time.Time `json:"start"`
}

// DemoUser is a sign-in of the demo.
type DemoUser struct {
	Email    string      `json:"email"`
	Name     string      `json:"name"`
	Role     access.Role `json:"role"`
	Password string      `json:"password"`
	Org      string      `json:"org,omitempty"` // whose account it is; empty for Northwind's, as it was before there were others
	// Secret is of the second factor, for an app that makes codes; empty for those who sign in without.
	Secret string `json:"secret,omitempty"`
}

// demoState is kept in the data folder, so that the demo can be started again without living its year again.
type demoState struct {
	Config DemoConfig `json:"config"`
	Users  []DemoUser `json:"users"`
	Done   bool       `json:"done"`
	// Planted is what the tests of the company's own records must find.
	Planted []Planted `json:"planted,omitempty"`
	// Examined is what auditors must find in what they look at by hand: the engagement and the control, and the item.
	Examined []Planted `json:"examined,omitempty"`
	// Systems are the simulated ones as they run now, to be connected by hand too. Their secrets open nothing else.
	Systems map[string]DemoSystem `json:"systems,omitempty"`
}

// DemoSystem is how a simulated system is connected.
type DemoSystem struct {
	Settings map[string]string `json:"settings"`
	Secrets  map[string]string `json:"secrets"`
}

const demoFile = "demo.json"

// The hour at which the demo collects each day: late enough that the day's work is done.
const demoHour = 23*time.Hour + 30*time.Minute

//go:embed demo_system.yaml
var demoSystem []byte

// Demo is the simulated company beside an installation.
type Demo struct {
	App      *App
	Company  *simco.Company
	Users    []DemoUser
	Config   DemoConfig
	Planted  []Planted         // deviations of the company's own records, in the order they came about
	Address  map[string]string // of each simulated system
	Examined []Planted         // deviations planted in what auditors look at by hand
	scope    access.Scope
	testing  sync.WaitGroup // days that are being tested
	scopes   sync.Map       // of the people who act in it, by email
	year     []chapter
	audit    *demoAudit // the firm, and the examination that runs
	before   *demoExams // the examination that is over
	sister   *demoExams // that of the payroll service
	servers  []*http.Server
}

// DemoProgress is told how far the demo is.
type DemoProgress func(done, total int, what string)

// StartDemo starts the simulated company beside an installation. In a new installation it sets up the organisation and
// lives through the year with the real pipeline; in one that has lived it, only the systems are started.
func (a *App) StartDemo(ctx context.Context, cfg DemoConfig, p DemoProgress) (*Demo, error) {
	state, err := a.readDemo()
	if err != nil {
		return nil, err
	}
	fresh := state == nil
	if fresh {
		state = &demoState{Config: cfg}
	}
	if !fresh && !state.Done {
		return nil, errs.New(errs.Conflict, "the demo in %s was interrupted before its year was over", a.Config.Data).WithHint("Start it afresh: tickmark demo --fresh")
	}
	c := state.Config
	company, err := simco.New(simco.Config{Seed: c.Seed, People: c.People, Repositories: c.Repositories, Start: c.Start, Days: c.Days, Planted: true})
	if err != nil {
		return nil, err
	}
	d := &Demo{App: a, Company: company, Users: state.Users, Planted: state.Planted, Examined: state.Examined, Config: c, Address: map[string]string{}}
	if err := d.listen(); err != nil {
		return nil, err
	}
	state.Systems = map[string]DemoSystem{}
	for kind := range d.Address {
		settings, secrets := d.settings(kind)
		state.Systems[kind] = DemoSystem{settings, secrets}
	}
	if fresh {
		err = d.first(ctx, state, p)
	} else if err = d.again(ctx); err == nil {
		err = a.writeDemo(state)
	}
	if err != nil {
		return nil, errors.Join(err, d.Stop(ctx))
	}
	return d, nil
}

func (a *App) readDemo() (*demoState, error) {
	raw, err := os.ReadFile(filepath.Join(a.Config.Data, demoFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // no demo yet
	}
	if err != nil {
		return nil, errs.As(errs.Unavailable, err, "state of the demo")
	}
	var s demoState
	return &s, errs.As(errs.Invalid, json.Unmarshal(raw, &s), "state of the demo")
}

func (a *App) writeDemo(s *demoState) error {
	raw, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return errs.As(errs.Unavailable, os.WriteFile(filepath.Join(a.Config.Data, demoFile), raw, 0o600), "state of the demo")
}

// listen starts the simulated systems on loopback and allows the installation to reach them.
func (d *Demo) listen() error {
	for name, h := range d.Company.Handlers() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return errs.As(errs.Unavailable, err, "listen for the simulated %s", name)
		}
		srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
		d.servers = append(d.servers, srv)
		d.Address[name] = l.Addr().String()
		if d.App.Config.AllowPrivate != "" {
			d.App.Config.AllowPrivate += ","
		}
		d.App.Config.AllowPrivate += l.Addr().String()
		go func() {
			if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				d.App.Log.Error("simulated system stopped", "system", name, "error", err)
			}
		}()
	}
	return nil
}

// Stop stops the simulated systems.
func (d *Demo) Stop(ctx context.Context) error {
	var all []error
	for _, s := range d.servers {
		all = append(all, s.Shutdown(ctx))
	}
	return errors.Join(all...)
}

// settings are those of the connection to a simulated system.
func (d *Demo) settings(kind string) (settings, secrets map[string]string) {
	t, base := d.Company.Tokens(), "http://"+d.Address[kind]
	switch kind {
	case simco.GitHub:
		return map[string]string{"org": t.GitHubOrg, "base_url": base, "first_days": "30"}, map[string]string{"token": t.GitHubToken}
	case simco.Okta:
		return map[string]string{"base_url": base, "first_days": "30"}, map[string]string{"token": t.OktaToken}
	case simco.Terraform:
		return map[string]string{"org": t.TerraformOrg, "base_url": base, "first_days": "30"}, map[string]string{"token": t.TerraformToken}
	case simco.AWS:
		return map[string]string{"regions": "eu-west-1", "access_key_id": t.AWSKey, "endpoint": base}, map[string]string{"secret_access_key": t.AWSSecret}
	case simco.Entra:
		return map[string]string{"tenant": t.EntraTenant, "client_id": t.EntraClient, "log": "signin", "login_url": base, "base_url": base}, map[string]string{"client_secret": t.EntraSecret}
	case simco.Google:
		return map[string]string{"application": "admin", "admin": t.GoogleAdmin, "base_url": base}, map[string]string{"service_account_key": d.Company.GoogleKey(base)}
	case simco.GitLab:
		return map[string]string{"group": t.GitLabGroup, "base_url": base}, map[string]string{"token": t.GitLabToken}
	default:
		return map[string]string{"company": t.BambooHRCompany, "base_url": base}, map[string]string{"api_key": t.BambooHRKey}
	}
}

// connected are the systems that the demo reads.
var connected = []string{simco.GitHub, simco.Okta, simco.BambooHR, simco.Terraform}

// again points the connections at the systems' new addresses.
func (d *Demo) again(ctx context.Context) error {
	o, err := d.App.Access.OrgBySlug(ctx, "northwind")
	if err != nil {
		return err
	}
	if d.scope, err = d.App.Access.Operator(ctx, o.ID, "demo"); err != nil {
		return err
	}
	for _, kind := range connected {
		conn, err := d.App.Collect.Store.Connection(ctx, d.scope.ReadScope, kind+"-main")
		if errs.Is(err, errs.NotFound) { // of a year that was lived before the demo had the system
			continue
		}
		if err != nil {
			return err
		}
		settings, secrets := d.settings(kind)
		if _, err := d.App.Collect.Replace(ctx, d.scope, d.App.Clock(), conn, settings, secrets); err != nil {
			return err
		}
	}
	return nil
}

// first sets the organisation up, lives through the year, and builds the report.
func (d *Demo) first(ctx context.Context, state *demoState, p DemoProgress) error {
	if err := d.App.writeDemo(state); err != nil {
		return err
	}
	virtual := d.Config.Start
	d.App.Clock = func() time.Time { return virtual }
	if err := d.setUp(ctx); err != nil {
		return err
	}
	if err := d.live(ctx, func(at time.Time) { virtual = at }, p); err != nil {
		return err
	}
	if err := d.finish(ctx, p); err != nil {
		return err
	}
	d.App.Clock = time.Now
	state.Users, state.Planted, state.Examined, state.Done = d.Users, d.Planted, d.Examined, true
	return d.App.writeDemo(state)
}

// cast is who can sign in to the demo.
var cast = []DemoUser{
	{Email: "dana.whitfield@northwind.example", Name: "Dana Whitfield", Role: access.Owner},
	{Email: "ingrid.solberg@northwind.example", Name: "Ingrid Solberg", Role: access.ComplianceLead},
	{Email: "omar.haddad@northwind.example", Name: "Omar Haddad", Role: access.ControlOwner},
	{Email: "priya.raman@northwind.example", Name: "Priya Raman", Role: access.SecurityAnalyst},
	{Email: "tomas.novak@northwind.example", Name: "Tomas Novak", Role: access.Employee},
	{Email: "grace.keller@harlow-pike.example", Name: "Grace Keller", Role: access.Auditor},
	{Email: "lena.fischer@contoso-bank.example", Name: "Lena Fischer", Role: access.Reader},
}

// weekly is every how many days the demo collects and tests before it does so daily.
const weekly = 7

// looks reports whether the demo collects and tests on the n-th day.
func (c DemoConfig) looks(n int) bool { return n%weekly == 0 || n >= c.Days-c.daily() }

// daily is the number of days at the end on which it looks every day.
func (c DemoConfig) daily() int {
	if c.Daily <= 0 || c.Daily > c.Days {
		return c.Days
	}
	return c.Daily
}

// running is the number of days at the end that the examination under way is about.
func (c DemoConfig) running() int {
	if c.Running <= 0 || c.Running > c.Days {
		return c.daily()
	}
	return c.Running
}

// reported is the number of days at the beginning that the examination which is over is about: all before the one under way, in whose
// days it takes its time, but half where there are not that many.
func (c DemoConfig) reported() int { return max(c.Days-c.running(), c.Days/2) }

// passwordLength is that of the demo's passwords, in characters of 5 bits.
const passwordLength = 16

func (d *Demo) setUp(ctx context.Context) error {
	a, now := d.App, d.App.Clock()
	for _, u := range cast {
		u.Password, u.Org = id.Secret(passwordLength), "Northwind"
		d.Users = append(d.Users, u)
	}
	owner := d.Users[0]
	_, scope, err := a.CreateOrg(ctx, "demo", access.NewOrg{Slug: "northwind", Name: "Northwind", Simulated: true}, access.NewUser{Email: owner.Email, Name: owner.Name, Password: owner.Password}, false)
	if err != nil {
		return err
	}
	d.scope = scope
	for _, u := range d.Users[1:] {
		if _, err := a.Access.AddUser(ctx, scope, now, access.NewUser{Email: u.Email, Name: u.Name, Password: u.Password, Role: u.Role}); err != nil {
			return err
		}
	}
	if _, err := a.Controls.Adopt(ctx, scope, now, control.Adoption{Categories: []catalog.CategoryID{catalog.Security, catalog.Availability, catalog.Confidentiality}, Approve: true}); err != nil {
		return err
	}
	if err := d.assign(ctx); err != nil {
		return err
	}
	for _, kind := range connected {
		settings, secrets := d.settings(kind)
		if _, err := a.Collect.Connect(ctx, scope, now, collect.NewConnection{Kind: kind, Name: kind + "-main", Settings: settings, Secrets: secrets, Every: 24 * time.Hour}); err != nil {
			return err
		}
	}
	desc, err := org.ParseDescription(demoSystem)
	if err != nil {
		return errs.Wrap(err, "description of the demo")
	}
	if _, err := a.System.Import(ctx, scope, now, desc, "First description", false); err != nil {
		return err
	}
	if err := d.complements(ctx); err != nil {
		return err
	}
	d.audit = &demoAudit{Demo: d}
	if d.before, err = d.past(ctx, now); err != nil {
		return err
	}
	if d.sister, err = d.payroll(ctx, now); err != nil {
		return err
	}
	first := period.Of(d.Config.Start) + period.Date(d.Config.Days-d.Config.running())
	if _, _, err = a.Engagement.Create(ctx, scope, now, engagement.New{
		Categories: []string{"security", "availability", "confidentiality"}, Period: period.Period{From: first, To: first + period.Date(d.Config.running())}, Firm: "Harlow & Pike LLP", State: engagement.Observation,
	}); err != nil {
		return err
	}
	if _, err := a.EnsureOwn(ctx, scope, now); err != nil {
		return err
	}
	return d.begin(ctx, now)
}

// assign spreads the controls over the people of the demo by domain.
func (d *Demo) assign(ctx context.Context) error {
	owners := map[string]string{"IAM": cast[2].Email, "CHG": cast[2].Email, "LOG": cast[3].Email, "VUL": cast[3].Email, "INC": cast[3].Email, "NET": cast[3].Email}
	all, err := d.App.Controls.AsOf(ctx, d.scope.ReadScope, d.App.Clock())
	if err != nil {
		return err
	}
	for _, c := range all {
		who := owners[c.Prefix()]
		if who == "" {
			who = cast[1].Email
		}
		if _, err := d.App.Controls.Assign(ctx, d.scope, d.App.Clock(), c.Ref, who, cast[0].Email); err != nil {
			return err
		}
	}
	return nil
}

func (d *Demo) complements(ctx context.Context) error {
	for _, c := range []control.NewComplement{
		{Kind: control.CUEC, Text: "Customers remove their own users from Northwind Ledger when they leave or change duties.", Without: "SC-01: customer data is open only to people the customer has named.",
			Requirements: []control.Requirement{{Framework: catalog.TSC, ID: "CC6.2"}, {Framework: catalog.TSC, ID: "CC6.3"}}},
		{Kind: control.CUEC, Text: "Customers keep the keys of the interface secret and have them replaced when they may be known.", Without: "SC-01: customer data is open only to people the customer has named.",
			Requirements: []control.Requirement{{Framework: catalog.TSC, ID: "CC6.1"}}},
		{Kind: control.Responsibility, Text: "Customers check the month-end export against their own records.", Requirements: []control.Requirement{{Framework: catalog.TSC, ID: "CC2.3"}}},
	} {
		if _, err := d.App.Controls.AddComplement(ctx, d.scope, d.App.Clock(), c); err != nil {
			return err
		}
	}
	return nil
}

// day is one day on its way through the pipeline.
type day struct {
	at time.Time
	n  int
}

// live collects and tests the days of the company's life. While one day is tested, the next is collected; the ledger is
// sealed beside both.
func (d *Demo) live(ctx context.Context, setClock func(time.Time), p DemoProgress) error {
	conns, err := d.App.Collect.Store.Connections(ctx, d.scope.ReadScope)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	collected := make(chan day, 1)
	sealer := make(chan time.Time, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		for at := range sealer {
			if _, err := d.App.Ledger.Seal(context.WithoutCancel(ctx), at); err != nil { // a stop halfway through leaves the log waiting
				cancel(err)
			}
		}
	})
	wg.Go(func() {
		defer close(sealer)
		for x := range collected {
			err := d.test(ctx, x)
			d.testing.Done()
			if err != nil {
				cancel(err)
				continue
			}
			p(x.n+1, d.Config.Days, x.at.Format(time.DateOnly))
			select {
			case sealer <- x.at:
			default: // it is busy; the next one takes these along
			}
		}
	})
	last := d.Config.Start
	for n := range d.Config.Days {
		if !d.Config.looks(n) {
			continue
		}
		at := d.Config.Start.AddDate(0, 0, n).Add(demoHour)
		setClock(at)
		d.Company.SetClock(at)
		if err := d.pass(ctx, conns, last, at); err != nil {
			cancel(err)
			break
		}
		last = at
		d.testing.Add(1)
		collected <- day{at, n}
	}
	close(collected)
	wg.Wait()
	return context.Cause(ctx)
}

// pass is what happens until an instant: the systems are read, people act, and what they recorded is read.
func (d *Demo) pass(ctx context.Context, conns []collect.Connection, from, at time.Time) error {
	var systems, records []collect.Connection
	for _, c := range conns {
		if c.Kind == own.Kind {
			records = append(records, c)
		} else {
			systems = append(systems, c)
		}
	}
	if err := d.collect(ctx, systems, at); err != nil {
		return err
	}
	if _, err := d.App.RefreshPeople(ctx, d.scope, at); err != nil {
		return err
	}
	if err := d.days(ctx, from, at); err != nil {
		return err
	}
	return d.collect(ctx, records, at)
}

// collect reads every connection at once.
func (d *Demo) collect(ctx context.Context, conns []collect.Connection, at time.Time) error {
	var wg sync.WaitGroup
	failed := make([]error, len(conns))
	for i := range conns {
		wg.Go(func() {
			c, err := d.App.Collect.Store.Connection(ctx, d.scope.ReadScope, string(conns[i].ID)) // with the cursor of the day before
			if err == nil {
				_, err = d.App.Collect.Run(ctx, d.scope, collect.Request{Connection: c, Trigger: "schedule", Now: at, Clock: func() time.Time { return at }})
			}
			failed[i] = errs.Wrap(err, "collect %s on %s", conns[i].Name, at.Format(time.DateOnly))
		})
	}
	wg.Wait()
	return errors.Join(failed...)
}

// test evaluates every test that reads what is connected.
func (d *Demo) test(ctx context.Context, x day) error {
	all, err := d.App.Evaluate.Store.Installed(ctx, d.scope.ReadScope)
	if err != nil {
		return err
	}
	tests, err := d.App.Relevant(ctx, d.scope.ReadScope, all)
	if err != nil {
		return err
	}
	// Tests of occurrences judge a window of at least eight days: once a week is enough, but for those that a snapshot answers for
	// some hours only (look_hours), which have to look each day.
	if x.n%weekly != 0 && x.n != d.Config.Days-1 {
		tests = slices.DeleteFunc(tests, func(t evaluate.Installed) bool {
			_, soon := t.Definition.Params["look_hours"]
			return t.Definition.Kind == evaluate.Occurrence && !soon
		})
	}
	_, err = d.App.Evaluate.Evaluate(ctx, d.scope, evaluate.Request{Tests: tests, AsOf: x.at, Trigger: "schedule", Now: x.at})
	return errs.Wrap(err, "test on %s", x.at.Format(time.DateOnly))
}

// finish freezes the year and renders its report.
func (d *Demo) finish(ctx context.Context, p DemoProgress) error {
	a := d.App
	now := d.Config.Start.AddDate(0, 0, d.Config.Days).Add(time.Minute)
	a.Clock = func() time.Time { return now }
	if err := d.tasks(ctx); err != nil {
		return err
	}
	if err := d.documents(ctx, now); err != nil {
		return err
	}
	all, err := a.Engagement.Store.Engagements(ctx, d.scope.ReadScope)
	if err != nil {
		return err
	}
	for _, c := range d.year {
		if x, ok := c.(*demoExams); ok {
			d.Examined = append(d.Examined, x.exam.examined...)
		}
		if x, ok := c.(*demoAudit); ok {
			if err := x.fieldwork(ctx, now); err != nil {
				return err
			}
		}
	}
	p(d.Config.Days, d.Config.Days, "build the report")
	f, err := a.Engagement.Freeze(ctx, d.scope, now, all[0].Ref, nil)
	if err != nil {
		return err
	}
	if _, _, err := a.Engagement.Report(ctx, d.scope, now, f); err != nil {
		return err
	}
	if _, err := a.Ledger.Seal(ctx, now); err != nil {
		return fmt.Errorf("seal the ledger: %w", err)
	}
	return nil
}
