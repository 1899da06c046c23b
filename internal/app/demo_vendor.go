package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/work"
)

// demoVendors is the register of vendors over the year: 25 of them, four of which are subservice organisations with reports,
// bridge letters and what those ask of Northwind.
type demoVendors struct {
	*Demo
	plan []deed            // what is still to come, by instant
	refs map[string]string // of vendors, by name
}

// deed is something that somebody does at an instant.
type deed struct {
	at time.Time
	by string
	do func(ctx context.Context, s access.Scope, now time.Time) error
}

const (
	vendorLead  = "ingrid.solberg@northwind.example"
	vendorOwner = "omar.haddad@northwind.example"
)

// Vendors that something is planted at.
const (
	lateVendor   = "Woodgrove Payroll" // its yearly assessment is missed
	gapVendor    = "Tailspin Mail"     // two of its reports do not join
	askingVendor = "Litware Payments"  // one of the controls it asks for is mapped to none
	hiddenApp    = "Drawing board"     // nobody's on the register
)

// demoVendor is a vendor of the company. Days count from the first day of the demo; those before it are negative.
type demoVendor struct {
	name, services string
	data           []vendors.Data
	level          vendors.Level
	apps           []string
	where          string
	started        int // day of first use
	assessed       int // day of the assessment before the demo
	mine           bool
}

// register is who is on the register from the first day.
func register() []demoVendor {
	in, co, pe := vendors.Internal, vendors.Confidential, vendors.Personal
	low, mid, high := vendors.LowLevel, vendors.MediumLevel, vendors.HighLevel
	return []demoVendor{
		{"Contoso Cloud", "Data centres, network and virtual machines on which the service runs.", []vendors.Data{in, co, pe}, high, []string{"Cloud console"}, "Two data centres in Northland", -1400, -120, true},
		{askingVendor, "Collects customers' payments and fetches their bank statements.", []vendors.Data{co, pe}, high, nil, "Northland", -900, -95, true},
		{"Proseware Support", "Answers customers outside office hours, in Northwind's support desk.", []vendors.Data{co, pe}, mid, nil, "Eastland", -700, -150, false},
		{gapVendor, "Sends invoices and notices to customers of customers.", []vendors.Data{co, pe}, mid, nil, "Northland", -800, -60, true},
		{"GitHub", "Keeps the source code and its reviews.", []vendors.Data{in, co}, high, []string{"GitHub Enterprise Cloud - Northwind"}, "Not told", -1500, -130, true},
		{"Okta", "Signs staff in to applications.", []vendors.Data{in, pe}, high, nil, "Not told", -1200, -80, true},
		{"BambooHR", "Keeps personnel records.", []vendors.Data{pe}, mid, nil, "Not told", -1100, -170, false},
		{"Fabrikam Wiki", "Pages that staff write for each other.", []vendors.Data{in}, mid, []string{"Wiki"}, "Northland", -1000, -200, false},
		{"Wingtip Chat", "Messages between staff.", []vendors.Data{in}, mid, []string{"Chat"}, "Northland", -1000, -210, false},
		{lateVendor, "Works out and pays salaries.", []vendors.Data{pe}, mid, []string{"Payroll"}, "Northland", -1300, -340, false},
		{"Adatum Desk", "Tickets of customers and of changes.", []vendors.Data{co}, low, []string{"Tickets"}, "Northland", -950, -220, true},
		{"Coho Relations", "Records of customers and offers.", []vendors.Data{co, pe}, mid, []string{"Customer records"}, "Westland", -850, -75, false},
		{"Trey Data", "A store of figures for analysis.", []vendors.Data{co}, low, []string{"Warehouse"}, "Northland", -640, -230, true},
		{"Relecloud Alerting", "Wakes whoever is on duty.", []vendors.Data{in}, mid, []string{"Alerting"}, "Northland", -780, -240, true},
		{"Lamna Fleet", "Manages laptops.", []vendors.Data{in}, mid, []string{"Device fleet"}, "Northland", -720, -100, true},
		{"Humongous Insurance", "Insures against interruption and incidents.", nil, low, nil, "Northland", -1000, -300, false},
		{"Alpine Facilities", "Cleans the office in Lisbon.", nil, low, nil, "Southland", -900, -310, false},
		{"Lucerne Print", "Prints brochures.", nil, low, nil, "Northland", -600, -280, false},
		{"Fourth Coffee", "Coffee and lunch in the offices.", nil, low, nil, "Northland", -1100, -290, false},
		{"Bellows Legal", "Gives legal advice and reads contracts.", []vendors.Data{co}, low, nil, "Northland", -1250, -190, false},
		{"Nod Recruiting", "Finds people to hire.", []vendors.Data{pe}, low, nil, "Northland", -640, -45, false},
		{"Harbor Testing", "Tests the product for weaknesses once a year.", []vendors.Data{co}, low, nil, "Northland", -500, -140, true},
		{"Liberty Storage", "Kept copies of backups until Contoso Cloud did.", []vendors.Data{co}, mid, nil, "Northland", -1350, -110, true},
	}
}

// later are vendors that come on in the year, with the share of it that has gone by then.
func later(days int) []demoVendor {
	return []demoVendor{
		{"Graphic Training", "Courses for developers.", []vendors.Data{vendors.Internal}, vendors.LowLevel, nil, "Northland", days * 3 / 10, days*3/10 - 2, false},
		{"Munson Translations", "Translates the pages of the product.", []vendors.Data{vendors.Internal}, vendors.LowLevel, nil, "Westland", days * 6 / 10, days*6/10 - 3, false},
	}
}

func (c *demoVendors) day(n int) period.Date { return period.Of(c.Config.Start) + period.Date(n) }

// at is an instant on a day of the demo, in working hours.
func (c *demoVendors) at(n int, key string) time.Time {
	return c.day(n).Time().Add(9*time.Hour + time.Duration(c.chance(key, 7*60))*time.Minute)
}

// on plans something for a day of the demo.
func (c *demoVendors) on(n int, by, key string, do func(context.Context, access.Scope, time.Time) error) {
	if n >= 0 && n < c.Config.Days {
		c.plan = append(c.plan, deed{c.at(n, key), by, do})
	}
}

func (c *demoVendors) begin(ctx context.Context, now time.Time) error {
	c.refs = map[string]string{}
	lead, err := c.as(ctx, now, vendorLead)
	if err != nil {
		return err
	}
	err = c.App.DB.InTx(ctx, func(ctx context.Context) error { // one commit for all of it
		for _, v := range register() {
			if err := c.enter(ctx, lead, now, v); err != nil {
				return errs.Wrap(err, "vendor %s", v.name)
			}
		}
		if err := c.App.Vendors.Own(ctx, lead, now, "Ledger", "It is Northwind's own product, which finance uses itself."); err != nil {
			return err
		}
		return c.subservices(ctx, lead, now)
	})
	if err != nil {
		return err
	}
	for _, v := range later(c.Config.Days) {
		c.on(v.assessed-5, vendorLead, v.name, func(ctx context.Context, s access.Scope, now time.Time) error { return c.considered(ctx, s, now, v) })
	}
	c.leaving()
	c.hidden()
	c.sort()
	return nil
}

func (c *demoVendors) sort() {
	slices.SortStableFunc(c.plan, func(a, b deed) int { return a.at.Compare(b.at) })
}

func (c *demoVendors) days(ctx context.Context, from, to time.Time) error {
	for len(c.plan) > 0 && !c.plan[0].at.After(to) {
		x := c.plan[0]
		c.plan = c.plan[1:]
		if x.at.Before(from) {
			x.at = from
		}
		s, err := c.as(ctx, x.at, x.by)
		if err != nil {
			return err
		}
		if err := x.do(ctx, s, x.at); err != nil {
			return errs.Wrap(err, "vendors on %s", x.at.Format(time.DateOnly))
		}
	}
	return nil
}

func (c *demoVendors) details(v demoVendor) vendors.Details {
	owner := vendorLead
	if v.mine {
		owner = vendorOwner
	}
	d := vendors.Details{Name: v.name, Services: v.services, Owner: access.UserID(owner), Data: v.data, Criticality: v.level, Location: v.where, Applications: v.apps}
	if v.started < 0 {
		d.Started = c.day(v.started)
	}
	return d
}

// enter puts a vendor of before the demo on the register, with its contract and the assessments that were made of it.
func (c *demoVendors) enter(ctx context.Context, s access.Scope, now time.Time, v demoVendor) error {
	x, err := c.App.Vendors.Add(ctx, s, now, c.details(v))
	if err != nil {
		return err
	}
	c.refs[v.name] = x.Ref
	if err := c.agree(ctx, s, now, x, c.day(v.started-20)); err != nil {
		return err
	}
	for _, day := range []int{v.started - 12, v.assessed} {
		if err := c.assess(ctx, s, now, x.Ref, vendors.Diligence, c.day(day)); err != nil {
			return err
		}
	}
	if x.Tier == vendors.High {
		last := -20 - c.chance("performance/"+v.name, 50)
		if err := c.assess(ctx, s, now, x.Ref, vendors.Performance, c.day(last)); err != nil {
			return err
		}
		c.quarterly(v, last)
	}
	c.yearly(v)
	return nil
}

func (c *demoVendors) agree(ctx context.Context, s access.Scope, now time.Time, v vendors.Vendor, day period.Date) error {
	k := vendors.Contract{Signed: day, Clauses: vendors.Clauses{Confidentiality: true, ServiceLevels: true}, DeletionDays: 30}
	if v.Tier != vendors.Low {
		k.Clauses = vendors.Clauses{ServiceLevels: true, Security: true, Confidentiality: true, Privacy: true, Incidents: true, Return: true}
	}
	if v.Has(vendors.Personal) {
		k.DPA = day
	}
	_, err := c.App.Vendors.Agree(ctx, s, now, v.Ref, 0, k)
	return err
}

// assess decides about a vendor. Some decisions carry a finding, which becomes a task.
func (c *demoVendors) assess(ctx context.Context, s access.Scope, now time.Time, ref string, p vendors.Purpose, day period.Date) error {
	a := vendors.Assessment{Purpose: p, Day: day, Answers: allYes(vendors.Questions(p)), Decision: vendors.Approved}
	key := string(p) + "/" + ref + "/" + day.String()
	finding := day >= c.day(-200) && c.chance(key, 4) == 0
	if finding {
		n := 0
		if p == vendors.Diligence {
			n = 6
		}
		a.Answers[n+1].Reply, a.Answers[n+1].Note = vendors.Partly, "Asked for in writing; the vendor answers within the month."
		a.Decision = vendors.Conditional
		a.Findings = []vendors.Finding{{Text: []string{
			"The list of subcontractors is older than a year.", "Incidents are told, but no time is promised.", "The last restore test was not shown to us.", "Contacts in the contract have changed.",
		}[c.chance(key+"/text", 4)], Severity: vendors.MediumLevel}}
		a.Note = "Approved while the finding is followed."
	}
	done, err := c.App.Vendors.Assess(ctx, s, now, ref, a)
	if err != nil || !finding || day < c.day(0) {
		return err
	}
	_, err = c.App.Work.Open(ctx, s, now, work.New{
		Title: "Follow a finding about " + ref + ": " + strings.TrimSuffix(a.Findings[0].Text, "."), Text: a.Findings[0].Text, Source: work.FromVendor, SourceRef: ref + "/" + done.Ref + "/1",
		Owner: vendorOwner, Due: day + 45, Criteria: []string{"CC9.2"},
	})
	return err
}

func allYes(asked []vendors.Question) []vendors.Answer {
	out := make([]vendors.Answer, len(asked))
	for i, q := range asked {
		out[i] = vendors.Answer{Question: q.Key, Reply: vendors.Yes}
	}
	return out
}

// yearly plans the assessments of the year: each vendor before a year has gone by, one of them not.
func (c *demoVendors) yearly(v demoVendor) {
	day := v.assessed + 335 + c.chance("yearly/"+v.name, 20)
	if v.name == lateVendor {
		if overdue := v.assessed + 366; overdue < c.Config.Days {
			c.on(overdue, vendorLead, v.name, func(context.Context, access.Scope, time.Time) error {
				c.plant("tickmark-vendor-assessed", c.refs[v.name], "its yearly assessment was missed")
				c.plant("tickmark-processor-assessed", c.refs[v.name], "its yearly assessment was missed")
				return nil
			})
		}
		return
	}
	c.on(day, vendorLead, "yearly/"+v.name, func(ctx context.Context, s access.Scope, now time.Time) error {
		return c.assess(ctx, s, now, c.refs[v.name], vendors.Diligence, period.Of(now))
	})
}

// quarterly plans performance reviews after the last one.
func (c *demoVendors) quarterly(v demoVendor, last int) {
	until := c.Config.Days
	if v.name == leavingVendor {
		until = c.Config.Days * 4 / 10
	}
	for n := last + 80 + c.chance("quarter/"+v.name, 10); n < until; n += 88 {
		c.on(n, vendorOwner, "quarterly/"+v.name, func(ctx context.Context, s access.Scope, now time.Time) error {
			return c.assess(ctx, s, now, c.refs[v.name], vendors.Performance, period.Of(now))
		})
	}
}

// considered is a new vendor: entered, assessed, and used some days later.
func (c *demoVendors) considered(ctx context.Context, s access.Scope, now time.Time, v demoVendor) error {
	d := c.details(v)
	x, err := c.App.Vendors.Add(ctx, s, now, d)
	if err != nil {
		return err
	}
	c.refs[v.name] = x.Ref
	if err := c.agree(ctx, s, now, x, period.Of(now)); err != nil {
		return err
	}
	if err := c.assess(ctx, s, now, x.Ref, vendors.Diligence, period.Of(now)); err != nil {
		return err
	}
	d.Started = c.day(v.started)
	_, err = c.App.Vendors.Edit(ctx, s, now, x.Ref, 0, d)
	return err
}

const leavingVendor = "Liberty Storage"

// leaving plans the end of a vendor: access goes on the same day, and the proof of deletion comes three weeks later.
func (c *demoVendors) leaving() {
	end := c.Config.Days * 4 / 10
	var ended, removed time.Time
	c.on(end, vendorOwner, "end", func(ctx context.Context, s access.Scope, now time.Time) error {
		ended, removed = now.Add(-4*time.Hour), now.Add(-time.Hour)
		_, err := c.App.Vendors.End(ctx, s, now, c.refs[leavingVendor], 0, vendors.Exit{Ended: &ended, AccessRemoved: &removed, Note: "Contoso Cloud keeps the copies now."})
		return err
	})
	c.on(end+21, vendorOwner, "deleted", func(ctx context.Context, s access.Scope, now time.Time) error {
		ref, err := c.paper(ctx, s, now, "Liberty Storage: proof of deletion", "deletion.txt", "All copies of Northwind's backups were destroyed.\n", period.Of(now), period.Of(now), "VEN-04")
		if err != nil {
			return err
		}
		_, err = c.App.Vendors.End(ctx, s, now, c.refs[leavingVendor], 0,
			vendors.Exit{Ended: &ended, AccessRemoved: &removed, Deletion: period.Of(now), Evidence: ref, Note: "Contoso Cloud keeps the copies now."})
		return err
	})
}

// hidden plants the application that is on nobody's account.
func (c *demoVendors) hidden() {
	for _, a := range c.Company.Life().Apps {
		if a.Label == hiddenApp {
			c.plant("tickmark-application-vendor", simco.Okta+"-main/"+a.ID, "nobody entered its vendor in the register")
		}
	}
}

// paper files a document as evidence.
func (c *demoVendors) paper(ctx context.Context, s access.Scope, now time.Time, title, name, text string, from, received period.Date, control string) (string, error) {
	controls, err := c.known(ctx, []string{control})
	if err != nil {
		return "", err
	}
	u := evidence.Upload{
		Title: title, Kind: evidence.Document, Class: evidence.Confidential, Shows: "Filed in the register of vendors.", Obtained: "Received from the vendor by mail", Controls: controls,
		Files: []evidence.File{evidence.Bytes(name, []byte(text))}, From: from.Time(), To: (from + 1).Time(), Received: received.Time(),
	}
	if received == period.Of(now) {
		u.Received = time.Time{}
	}
	added, err := c.App.Evidence.Add(ctx, s, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, u)
	if err != nil {
		return "", err
	}
	return added[0].Ref, nil
}

// subservices joins the four with the description of the system, and plans their reports.
func (c *demoVendors) subservices(ctx context.Context, s access.Scope, now time.Time) error {
	records, err := c.App.System.Records(ctx, s.ReadScope, now)
	if err != nil {
		return err
	}
	for _, r := range records {
		rec, err := r.Record()
		if err != nil {
			return err
		}
		x, ok := rec.(org.Subservice)
		if !ok || c.refs[x.Name] == "" {
			continue
		}
		if _, err := c.App.Vendors.Describe(ctx, s, now, c.refs[x.Name], 0, true, string(r.ID)); err != nil {
			return err
		}
	}
	return c.reports(ctx, s, now)
}
