package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/work"
)

// demoRisks is the year of Northwind's risk register.
type demoRisks struct {
	*Demo
	plan []demoEvent
	next int
	refs []string // of the risks, in the order of demoRegister
}

// demoEvent is something that happens at an instant.
type demoEvent struct {
	at time.Time
	do func(ctx context.Context, now time.Time) error
}

// on is an instant of the demo: a share of its days, and an hour.
func (d *Demo) on(share float64, hour int) time.Time {
	return d.Config.Start.AddDate(0, 0, int(share*float64(d.Config.Days))).Add(time.Duration(hour) * time.Hour)
}

func byTime(plan []demoEvent) {
	slices.SortStableFunc(plan, func(a, b demoEvent) int { return a.at.Compare(b.at) })
}

// demoRisk is a line of the register; rating is "likelihood impact likelihood impact" without and with controls.
type demoRisk struct {
	title, threat, process, rating, controls, concerns string
	response                                           risk.Response
	owner                                              int // in the cast
}

const (
	danaW   = 0
	ingridS = 1
	omarH   = 2
	priyaR  = 3
)

var demoRegister = []demoRisk{
	{"Passwords that leaked elsewhere open accounts of staff", "credential-stuffing", "Sign-in", "4 4 2 4", "IAM-01 IAM-02", "SC-01", risk.Reduce, priyaR},
	{"A common password is sprayed over all accounts", "password-spraying", "Sign-in", "4 3 2 3", "IAM-01 IAM-02", "SC-01", risk.Reduce, priyaR},
	{"Somebody approves a sign-in they did not start", "mfa-fatigue", "Sign-in", "4 4 2 4", "IAM-02", "SC-01", risk.Reduce, priyaR},
	{"A false page relays the second factor of an administrator", "mfa-relay", "Sign-in", "3 5 2 5", "IAM-02 IAM-06", "SC-01", risk.Accept, priyaR},
	{"A session of the console is taken over", "session-hijack", "Sign-in", "3 4 2 4", "IAM-02 END-01", "SC-01", risk.Reduce, priyaR},
	{"A deployment token is found in a log", "token-theft", "Software delivery", "4 4 2 4", "IAM-09 CHG-03", "SC-01", risk.Reduce, omarH},
	{"Support resets the password of somebody who only claims to be the customer", "reset-abuse", "Customer support", "3 4 2 4", "IAM-02", "SC-01", risk.Reduce, omarH},
	{"An account of a leaver stays open", "orphan-account", "Joiners and leavers", "4 4 1 4", "IAM-04 IAM-05", "SC-01", risk.Reduce, omarH},
	{"A service account has an owner nobody knows", "orphan-account", "Sign-in", "3 3 3 3", "IAM-08", "SC-01", risk.Reduce, omarH},
	{"Somebody in finance pays a false invoice after a message from a chief", "phishing", "Purchasing", "4 3 2 3", "HRS-03", "", risk.Reduce, ingridS},
	{"Ransomware reaches the servers and their backups", "ransomware", "Operations", "3 5 2 5", "AVL-02 AVL-03 END-02", "SC-03 SR-03", risk.Transfer, priyaR},
	{"A published weakness is used before it is patched", "known-weakness", "Operations", "4 4 2 4", "VUL-01 VUL-02", "SC-01", risk.Reduce, priyaR},
	{"One customer reads what belongs to another", "broken-authorisation", "Software delivery", "3 5 1 5", "CHG-02 CHG-03", "SC-01", risk.Reduce, omarH},
	{"Input of a customer is run as a command of the database", "injection", "Software delivery", "3 5 1 5", "CHG-02 VUL-01", "SC-01", risk.Reduce, omarH},
	{"Storage is open to everybody by a wrong setting", "misconfiguration", "Operations", "3 5 1 5", "NET-01 CHG-02", "SC-01", risk.Reduce, omarH},
	{"A library brings somebody else's code into the product", "supply-chain", "Software delivery", "3 5 2 4", "VUL-02 CHG-03", "SC-01", risk.Reduce, omarH},
	{"The interface is flooded with requests", "denial-of-service", "Operations", "3 3 2 3", "AVL-01 NET-01", "SC-03", risk.Reduce, omarH},
	{"An engineer gains more rights than the work needs", "privilege-escalation", "Operations", "3 4 2 4", "IAM-06 IAM-05", "SC-01", risk.Reduce, priyaR},
	{"Exports of customers leave through a personal account", "data-exfiltration", "Customer support", "3 4 2 4", "LOG-01 HRS-02", "SC-01", risk.Reduce, priyaR},
	{"A laptop with sessions on it is stolen", "lost-device", "Operations", "4 3 2 2", "END-01", "SC-01", risk.Reduce, omarH},
	{"Somebody deletes a table in production", "human-error", "Operations", "3 4 2 3", "AVL-02 AVL-03", "SC-03 SR-03", risk.Reduce, omarH},
	{"A release takes the posting of entries down", "failed-change", "Software delivery", "4 4 2 4", "CHG-01 CHG-02 CHG-03", "SC-02 SC-03", risk.Reduce, omarH},
	{"A backup cannot be restored", "backup-unusable", "Operations", "3 5 1 5", "AVL-02 AVL-03", "SR-03", risk.Reduce, omarH},
	{"Month-end exceeds what the database can carry", "capacity", "Operations", "3 3 2 3", "AVL-01", "SC-03", risk.Reduce, omarH},
	{"An incident is noticed days late", "undetected-incident", "Operations", "3 4 2 4", "LOG-01 LOG-02 INC-01", "SC-01", risk.Reduce, priyaR},
	{"Data of former customers is kept longer than promised", "data-kept-too-long", "Operations", "3 3 2 3", "CNF-01 CNF-02", "SC-04", risk.Reduce, ingridS},
	{"Only one person knows the ledger's close", "key-person", "Software delivery", "3 4 3 4", "GOV-03", "SC-03", risk.Accept, omarH},
	{"Somebody unfit is hired into support", "unfit-hire", "Joiners and leavers", "2 4 1 4", "HRS-01", "SC-01", risk.Reduce, ingridS},
	{"People forget the rules about customer data", "untrained-staff", "Joiners and leavers", "3 3 2 3", "HRS-03 HRS-02", "SC-01", risk.Reduce, ingridS},
	{"A data centre is lost", "site-loss", "Operations", "2 5 1 4", "AVL-04 AVL-05", "SC-03", risk.Transfer, omarH},
	{"The network of the region is down for hours", "power-network", "Operations", "3 4 2 3", "AVL-01 AVL-04", "SC-03", risk.Reduce, omarH},
	{"Contoso Cloud fails for a day", "vendor-outage", "Operations", "3 5 3 4", "VEN-01 AVL-05", "SC-03", risk.Accept, ingridS},
	{"A vendor with access to tickets is breached", "vendor-breach", "Customer support", "3 4 2 4", "VEN-01 VEN-02", "SC-01", risk.Reduce, ingridS},
	{"The hosting provider's controls fail without our knowing", "subservice-controls", "Operations", "2 5 1 5", "VEN-03", "SC-01", risk.Reduce, ingridS},
	{"A new law on records of accounts is noticed too late", "new-law", "Customer onboarding", "3 3 2 3", "RSK-04", "", risk.Reduce, ingridS},
	{"Somebody in payments changes the account a supplier is paid to", "fraud-payment", "Payments", "2 4 1 4", "GOV-05 LOG-01", "", risk.Reduce, danaW},
	{"Somebody in support sells data of customers", "fraud-data-sale", "Customer support", "2 5 1 5", "IAM-05 LOG-01 HRS-01", "SC-01", risk.Reduce, ingridS},
	{"A purchaser invents a vendor", "fraud-vendor", "Purchasing", "2 3 1 3", "VEN-01 GOV-05", "", risk.Reduce, danaW},
	{"A developer alters entries to hide an error", "fraud-records", "Software delivery", "2 5 1 5", "CHG-02 LOG-01", "SC-02", risk.Reduce, omarH},
	{"A false customer is onboarded to wash invoices", "fraud-customer", "Customer onboarding", "3 4 2 4", "COM-02", "", risk.Reduce, danaW},
}

// demoProcesses are in scope of the assessments: each has a fraud risk.
var demoProcesses = []string{"Payments", "Purchasing", "Customer support", "Customer onboarding", "Software delivery"}

func (x demoRisk) text(owner access.UserID, known map[string]bool, review period.Date) risk.Text {
	t, _ := risk.ThreatNamed(x.threat)
	n := [4]int{}
	for i, s := range strings.Fields(x.rating) {
		n[i], _ = strconv.Atoi(s)
	}
	out := risk.Text{
		Title: x.title, Description: t.Text, Kind: t.Kind, Threat: x.threat, Process: x.process, Concerns: strings.Fields(x.concerns),
		Inherent: risk.Rating{Likelihood: n[0], Impact: n[1]}, Residual: risk.Rating{Likelihood: n[2], Impact: n[3]}, Response: x.response, Owner: string(owner), Review: review,
	}
	for c := range strings.FieldsSeq(x.controls) {
		if known[c] {
			out.Controls = append(out.Controls, c)
		}
	}
	if t.Kind == risk.Fraud {
		out.Triangle = risk.Triangle{
			By: "insider", Incentive: "Debt, a bonus that hangs on a figure, or the offer of somebody outside.", Opportunity: "Access that the work needs, at hours when nobody else looks.",
			Rationalisation: "It is only borrowed; everybody does it; the company can afford it.",
		}
		if x.threat == "fraud-customer" {
			out.Triangle.By = "outsider"
		}
	}
	return out
}

// begin writes the register and assesses it for the first time.
func (d *demoRisks) begin(ctx context.Context, now time.Time) error {
	priya, err := d.as(ctx, now, cast[priyaR].Email)
	if err != nil {
		return err
	}
	controls, err := d.App.Controls.AsOf(ctx, priya.ReadScope, now)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, c := range controls {
		known[c.Ref] = c.InForce()
	}
	for i, x := range demoRegister {
		owner, err := d.as(ctx, now, cast[x.owner].Email)
		if err != nil {
			return err
		}
		r, err := d.App.Risks.Add(ctx, priya, now, x.text(owner.User(), known, period.Of(now)+period.Date(120+10*(i%9))))
		if err != nil {
			return errs.Wrap(err, "%s", x.title)
		}
		d.refs = append(d.refs, r.Ref)
	}
	if err := d.accept(ctx, now, "A false page relays", d.Config.Days+180, "Keys that resist relaying are ordered; until they are here, administrators sign in from managed devices alone."); err != nil {
		return err
	}
	if err := d.accept(ctx, now, "Only one person knows", d.Config.Days+120, "A second person is being trained; the close is written down."); err != nil {
		return err
	}
	if err := d.accept(ctx, now, "Contoso Cloud fails", d.ends(), "Moving to a second provider costs more than a day's outage. The recovery exercise showed that we are back within it."); err != nil {
		return err
	}
	if err := d.assess(ctx, now, nil); err != nil {
		return err
	}
	d.schedule()
	return nil
}

// find is the reference of a risk by the beginning of its title.
func (d *demoRisks) find(title string) string {
	for i, x := range demoRegister {
		if strings.HasPrefix(x.title, title) {
			return d.refs[i]
		}
	}
	return title
}

// ends is the day, counted from the first one, on which an acceptance ends that nobody looks at again.
func (d *demoRisks) ends() int { return 4 * d.Config.Days / 5 }

// accept has the owner of the company accept a risk for some days from the first one on.
func (d *demoRisks) accept(ctx context.Context, now time.Time, title string, days int, why string) error {
	dana, err := d.as(ctx, now, cast[danaW].Email)
	if err != nil {
		return err
	}
	until := min(period.Of(d.Config.Start)+period.Date(days), period.Of(now)+700)
	_, err = d.App.Risks.Accept(ctx, dana, now, d.find(title), 0, until, why)
	return err
}

// assess walks through the register and freezes what was found. changes are ratings by the beginning of the title.
func (d *demoRisks) assess(ctx context.Context, now time.Time, changes map[string]string) error {
	ingrid, err := d.as(ctx, now, cast[ingridS].Email)
	if err != nil {
		return err
	}
	a, err := d.App.Risks.StartAssessment(ctx, ingrid, now, risk.Plan{
		Title:  "Risk assessment " + strconv.Itoa(now.Year()),
		Method: "Two workshops with the owners of the risks. For each risk: is it still there, how likely and how grave is it without and with controls, and what is done about it. Likelihood and impact are rated on the scales in force.\n\nFor each process in scope it was asked how an insider or an outsider could commit fraud: why, how, and with what excuse.",
		Scope:  "The whole system of Northwind Ledger and the processes around it.", Participants: []string{cast[danaW].Name, cast[ingridS].Name, cast[omarH].Name, cast[priyaR].Name},
		Processes: demoProcesses, Held: period.Of(now), Conclusion: "The register is complete as far as the participants know. What is above tolerance is accepted for a time, or is being lowered.",
	})
	if err != nil {
		return err
	}
	_, lines, err := d.App.Risks.Walkthrough(ctx, ingrid.ReadScope, a.Ref)
	if err != nil {
		return err
	}
	for _, l := range lines {
		found, inherent, residual, note := risk.Confirmed, risk.Rating{}, risk.Rating{}, ""
		for title, rating := range changes {
			if strings.HasPrefix(l.Title, title) {
				x := demoRisk{rating: rating}.text("", nil, 0)
				found, inherent, residual, note = risk.Rerated, x.Inherent, x.Residual, "The workshop saw it differently after the year's incidents and tests."
			}
		}
		if _, err := d.App.Risks.Walk(ctx, ingrid, now, a.Ref, l.Ref, found, inherent, residual, note); err != nil {
			return err
		}
	}
	_, err = d.App.Risks.Freeze(ctx, ingrid, now, a.Ref, 0, d.App.AroundRisks(now))
	return err
}

// schedule plans the year.
func (d *demoRisks) schedule() {
	add := func(at time.Time, do func(ctx context.Context, now time.Time) error) {
		d.plan = append(d.plan, demoEvent{at, do})
	}
	february := time.Date(d.Config.Start.Year()+1, 2, 17, 14, 0, 0, 0, time.UTC)
	if february.Before(d.on(0.1, 0)) || february.After(d.on(0.9, 0)) {
		february = d.on(0.55, 14)
	}
	add(february, func(ctx context.Context, now time.Time) error {
		return d.assess(ctx, now, map[string]string{
			"Passwords that leaked": "4 4 1 4", "A service account": "3 3 2 3", "A deployment token": "4 4 3 3", "A published weakness": "5 4 2 4", "Month-end exceeds": "3 3 1 3", "A library brings": "4 5 2 4",
		})
	})
	add(d.on(0, 11).AddDate(0, 0, d.ends()+1), func(context.Context, time.Time) error {
		d.plant("tickmark-risk-accepted", d.find("Contoso Cloud fails"), "the acceptance ended and nobody renewed it")
		return nil
	})
	d.treatments(add)
	d.events(add)
	for i, share := range []float64{0.25, 0.5, 0.75} {
		add(d.on(share, 9), func(ctx context.Context, now time.Time) error { return d.reviews(ctx, now, i) })
	}
	byTime(d.plan)
}

// demoTreatments lower risks; opened, due and done are shares of the year, done 2 for not yet.
var demoTreatments = []struct {
	risk, title       string
	owner             int
	opened, due, done float64
}{
	{"Passwords that leaked", "Refuse passwords that are on lists of leaked ones", priyaR, 0.05, 0.2, 0.17},
	{"A false page relays", "Give administrators keys that resist relaying", priyaR, 0.1, 1.2, 2},
	{"A deployment token", "Replace long-lived tokens in pipelines by short-lived ones", omarH, 0.1, 0.45, 0.4},
	{"Only one person knows", "Train a second person in the close", omarH, 0.15, 1.1, 2},
	{"Ransomware reaches", "Keep one copy of backups where no administrator can delete it", omarH, 0.2, 0.5, 0.48},
	{"Support resets", "Call back on the number of the contract before a reset", omarH, 0.25, 0.4, 0.38},
	{"A library brings", "Build from a mirror that holds reviewed versions alone", omarH, 0.35, 0.75, 0.7},
	{"A vendor with access", "Take names of customers out of tickets of the vendor", ingridS, 0.4, 0.85, 2}, // overdue at the end
	{"A new law", "Ask counsel for a yearly overview of new duties", ingridS, 0.5, 0.7, 0.66},
	{"An incident is noticed", "Alert on exports at night", priyaR, 0.6, 1.15, 2},
}

func (d *demoRisks) treatments(add func(time.Time, func(context.Context, time.Time) error)) {
	for _, x := range demoTreatments {
		due := period.Of(d.on(x.due, 0))
		add(d.on(x.opened, 13), func(ctx context.Context, now time.Time) error {
			ingrid, err := d.as(ctx, now, cast[ingridS].Email)
			if err != nil {
				return err
			}
			t, err := d.App.Work.Open(ctx, ingrid, now, work.New{Title: x.title, Text: "Lowers the risk " + d.find(x.risk) + ".", Source: work.FromRisk, SourceRef: d.find(x.risk) + "/1", Owner: cast[x.owner].Email, Due: due})
			if err != nil || x.done > 1 {
				return err
			}
			d.plan = append(d.plan, demoEvent{d.on(x.done, 16), func(ctx context.Context, now time.Time) error {
				owner, err := d.as(ctx, now, cast[x.owner].Email)
				if err != nil {
					return err
				}
				_, err = d.App.Work.Move(ctx, owner, now, t.Ref, 0, work.Done, "Done and checked.")
				return err
			}})
			slices.SortStableFunc(d.plan[d.next+1:], func(a, b demoEvent) int { return a.at.Compare(b.at) })
			return nil
		})
		if x.done > 1 && x.due < 1 {
			add((due + 1).Time().Add(11*time.Hour), func(context.Context, time.Time) error {
				d.plant("tickmark-risk-treatment", d.find(x.risk), "its treatment is late and was taken to nobody")
				return nil
			})
		}
	}
}

// events are what asks for a review between the assessments.
func (d *demoRisks) events(add func(time.Time, func(context.Context, time.Time) error)) {
	for _, x := range []struct {
		kind                     risk.TriggerKind
		title, outcome           string
		recorded, looked, effect float64
		risks                    []string
	}{
		{risk.Technology, "Search of entries moves to a managed index", "The index holds customer data. Encryption and access were looked at; the vendor is in tier one and its report is on file. No new control.", 0.08, 0.12, 0.18, []string{"A vendor with access"}},
		{risk.Vendor, "A new provider sends e-mail to customers", "Addresses of customers leave the system. The contract forbids other use; the register of vendors has it. Risk of a breach at a vendor was looked at and stays.", 0.2, 0.25, 0.3, []string{"A vendor with access"}},
		{risk.Law, "Records of accounts are kept ten years", "Retention rules change in two stores. The control on retention covers it; the schedule is brought up to date before the day.", 0.33, 0.4, 0.46, []string{"Data of former customers", "A new law"}},
		{risk.Leadership, "A new head of engineering begins", "Owner of six controls changes. Handover of ownership is planned for the first week; deputies cover until then.", 0.45, 0.5, 0.52, nil},
		{risk.Product, "Payments can be started from the ledger", "A new way to move money. Separation of duties and limits are built in; the fraud risk in payments was rated again.", 0.55, 0.62, 0.7, []string{"Somebody in payments"}},
		{risk.Acquisition, "A small company with a reporting tool is taken over", "Its systems stay apart until they are under our controls. Access of its people goes through our directory from the first day.", 0.72, 0.8, 0.86, nil},
	} {
		var ref string
		add(d.on(x.recorded, 10), func(ctx context.Context, now time.Time) error {
			priya, err := d.as(ctx, now, cast[priyaR].Email)
			if err != nil {
				return err
			}
			t, err := d.App.Risks.AddTrigger(ctx, priya, now, risk.Notice{Kind: x.kind, Title: x.title, Text: "It became known at the planning of the quarter.", Effective: period.Of(d.on(x.effect, 0)) + 1})
			ref = t.Ref
			return err
		})
		add(d.on(x.looked, 15), func(ctx context.Context, now time.Time) error {
			priya, err := d.as(ctx, now, cast[priyaR].Email)
			if err != nil {
				return err
			}
			var risks []string
			for _, title := range x.risks {
				risks = append(risks, d.find(title))
			}
			_, err = d.App.Risks.LookAt(ctx, priya, now, ref, 0, x.outcome, risks)
			return err
		})
	}
}

// reviews looks at a third of the risks.
func (d *demoRisks) reviews(ctx context.Context, now time.Time, third int) error {
	priya, err := d.as(ctx, now, cast[priyaR].Email)
	if err != nil {
		return err
	}
	for i, ref := range d.refs {
		if i%3 == third {
			if _, err := d.App.Risks.Review(ctx, priya, now, ref, 0, period.Of(now)+period.Date(200+5*(i%7)), "Looked at with the owner; the rating stands."); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *demoRisks) days(ctx context.Context, _, to time.Time) error {
	for d.next < len(d.plan) && !d.plan[d.next].at.After(to) {
		x := d.plan[d.next]
		if err := x.do(ctx, x.at); err != nil {
			return errs.Wrap(err, "on %s", x.at.Format(time.DateTime))
		}
		d.next++
	}
	return nil
}
