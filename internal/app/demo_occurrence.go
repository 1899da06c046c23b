package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
)

// demoOccurrences is the year of the controls that Northwind's people perform on a rhythm.
type demoOccurrences struct {
	*Demo
	all     []occurrence.Occurrence // due in the demo's days, by day
	planted map[string]int          // by reference: days after the due day it is performed, -1 for never
}

// demoRhythm is how Northwind performs a control.
type demoRhythm struct {
	control, owner string
	checked        bool
	// What is filed each time: title, file name, text. %s is the time it is about.
	title, file, text string
}

var demoRhythms = []demoRhythm{
	{"GOV-02", "ingrid.solberg", true, "Minutes of the security committee", "minutes.txt", "Security committee, %s\n\nPresent: D. Whitfield, I. Solberg, O. Haddad, P. Raman\n\n1. Risks: the register was gone through.\n2. Incidents: those of the quarter were reported.\n3. Deficiencies: owners and dates were challenged.\n"},
	{"GOV-03", "ingrid.solberg", false, "Organisation chart and authority", "organisation.txt", "Review of the chart, the descriptions of roles and the limits of authority, %s.\nTwo descriptions were brought up to date.\n"},
	{"GOV-05", "ingrid.solberg", false, "Matrix of separated duties", "separation-of-duties.csv", "role,conflicts with,holders in both,compensated by\nrelease manager,developer,0,\npayments clerk,payments approver,0,\nabout,%s,,\n"},
	{"GOV-06", "ingrid.solberg", false, "Matrix of risks and controls", "risk-control-matrix.csv", "requirement,active controls\nwithout any control,0\nreviewed,%s\n"},
	{"HRS-05", "ingrid.solberg", false, "Completion of performance reviews", "performance-reviews.csv", "state,people\ndone,all who are here longer than a year\nabout,%s\n"},
	{"RSK-05", "priya.raman", false, "Advisories of the week", "advisories.csv", "advisory,product in use,decision\nNW-ADV-1,yes,patch in the next window\nNW-ADV-2,no,none needed\nabout,%s,\n"},
	{"MON-02", "dana.whitfield", true, "Independent evaluation of controls", "evaluation.txt", "Evaluation of a sample of controls by people who do not operate them, %s.\nFindings: two, both minor, with owners and dates.\n"},
	{"MON-03", "priya.raman", false, "Penetration test, report and retest", "penetration-test.txt", "Scope: interface and console. About: %s.\nNo critical or high finding is open after the retest.\n"},
	{"MON-04", "ingrid.solberg", true, "Review of deficiencies", "deficiencies.csv", "finding,rating,owner,due,state\nF-11,medium,Omar Haddad,next month,open\nF-12,low,Priya Raman,done,closed\nabout,%s,,,\n"},
	{"MON-05", "ingrid.solberg", false, "Reports used in controls, tied to their source", "report-ties.csv", "report,rows in source,rows in report,equal\naccounts of the identity provider,412,412,yes\nabout,%s,,\n"},
	{"AST-01", "omar.haddad", false, "Reconciliation of the inventory", "inventory.csv", "source,found,known,unexplained\ndevices,431,431,0\nservices,64,64,0\nabout,%s,,\n"},
	{"AST-02", "omar.haddad", false, "Data flows and classes", "data-flows.txt", "The diagram and the classes of all stores were gone through, %s. One new store was classified.\n"},
	{"PHY-02", "ingrid.solberg", false, "Badges compared with the directory", "badges.csv", "badge,holder,keep\n1041,Facilities,yes\n1077,Cleaning,no\nabout,%s,\n"},
	{"PHY-03", "ingrid.solberg", false, "Clear desks and alarm test", "office-check.csv", "place,desks clear,screens locked,alarm\nLisbon,yes,yes,tested\nUtrecht,yes,yes,tested\nabout,%s,,\n"},
	{"INC-06", "priya.raman", false, "Exercise of response and recovery", "exercise.txt", "Scenario: an account of support is taken over. About: %s.\nThree lessons, each with an action.\n"},
	{"AVL-03", "omar.haddad", true, "Restore test of the billing database", "restore-test.csv", "step,started,finished,result\nprovision,09:02,09:11,done\nrestore,09:11,10:24,done\ncompare totals,10:24,10:30,equal\nabout,%s,,\n"},
	{"AVL-04", "omar.haddad", false, "Review of the recovery plans", "recovery-plans.txt", "Objectives of time and data for each critical service, and the insurance, were reviewed, %s.\n"},
	{"AVL-05", "omar.haddad", true, "Recovery exercise", "recovery-exercise.csv", "objective,target,achieved\ntime,4 h,3 h 10 min\ndata,15 min,9 min\nabout,%s,\n"},
	{"CNF-01", "ingrid.solberg", false, "Schedule of retention, reviewed", "retention.csv", "store,class,keep,rule\ndocuments,confidential,7 years,in place\nabout,%s,,\n"},
	{"CNF-02", "omar.haddad", false, "Destruction at the end of retention", "destruction.csv", "store,due,destroyed\nexports,120,120\nabout,%s,\n"},
}

// begin plans the controls: first due within the rhythm's time from the first day, spread over it.
func (d *demoOccurrences) begin(ctx context.Context, now time.Time) error {
	lead, err := d.as(ctx, now, cast[1].Email)
	if err != nil {
		return err
	}
	for _, x := range demoRhythms {
		c, err := d.App.Controls.Control(ctx, lead.ReadScope, x.control)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		t := occurrence.Propose(c, now.AddDate(0, 0, 5)) // nothing is due before anybody could do it
		t.Owner, t.Deputy, t.Checked, t.Attach = x.owner+"@northwind.example", cast[0].Email, x.checked, x.title
		if t.Owner == t.Deputy {
			t.Deputy = cast[1].Email
		}
		if t.Rhythm == catalog.Annual || t.Rhythm == catalog.SemiAnnual {
			t.First = period.Of(now) + 40 + period.Date(d.chance("occurrence/"+x.control, min(d.Config.Days, 180)))
		}
		if _, err := d.App.Occurrences.Plan(ctx, lead, now, x.control, 0, t); err != nil {
			return errs.Wrap(err, "%s", x.control)
		}
	}
	last := period.Of(d.Config.Start) + period.Date(d.Config.Days)
	if d.all, err = d.App.Occurrences.All(ctx, lead.ReadScope, period.Of(now), last+40); err != nil {
		return err
	}
	d.deviate(last)
	return nil
}

// deviate chooses the two that do not go as they should: a weekly one that nobody performs, and a monthly one that is late. Both are
// long enough before the end that it is known by then.
func (d *demoOccurrences) deviate(last period.Date) {
	d.planted = map[string]int{}
	for _, x := range []struct {
		control, why string
		late         int
		before       period.Date
	}{{"RSK-05", "nobody looked at the advisories of the week", -1, 21}, {"MON-04", "the review of deficiencies was three days late", 3, 20}} {
		for _, o := range slices.Backward(d.all) {
			if o.Control == x.control && o.Due < last-x.before && o.Due > period.Of(d.Config.Start)+7 {
				d.planted[o.Ref()] = x.late
				d.plant("tickmark-performed-"+strings.ToLower(x.control), o.Ref(), x.why)
				break
			}
		}
	}
}

// performedAt is the instant at which an occurrence is performed; zero for never.
func (d *demoOccurrences) performedAt(o occurrence.Occurrence) time.Time {
	days := -period.Date(d.chance("performed/"+o.Ref(), 4))
	if late, there := d.planted[o.Ref()]; there {
		if days = period.Date(late); late < 0 {
			return time.Time{}
		}
	}
	return max(o.Due+days, o.From, period.Of(d.Config.Start)+1).Time().Add(14 * time.Hour)
}

// days performs what people performed since.
func (d *demoOccurrences) days(ctx context.Context, from, to time.Time) error {
	for _, o := range d.all {
		if at := d.performedAt(o); at.After(from) && !at.After(to) {
			if err := d.perform(ctx, o, at); err != nil {
				return errs.Wrap(err, "%s", o.Ref())
			}
		}
	}
	return nil
}

func (d *demoOccurrences) perform(ctx context.Context, o occurrence.Occurrence, at time.Time) error {
	x := demoRhythms[slices.IndexFunc(demoRhythms, func(x demoRhythm) bool { return x.control == o.Control })]
	scope, err := d.as(ctx, at, x.owner+"@northwind.example")
	if err != nil {
		return err
	}
	about := fmt.Sprintf("%s to %s", o.From, o.Due)
	added, err := d.App.Evidence.Add(ctx, scope, at, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
		Title: x.title + ", " + o.Due.String(), Kind: evidence.Document, Class: evidence.Internal, Shows: "That " + o.Control + " was performed for the time from " + about + ".",
		Obtained: "Written by whoever performed it, in the course of doing it", Files: []evidence.File{evidence.Bytes(o.Due.String()+"-"+x.file, fmt.Appendf(nil, x.text, about))},
		From: min(o.From, period.Of(at)).Time(), To: (period.Of(at) + 1).Time(), Controls: []string{o.Control},
	})
	if err != nil {
		return err
	}
	done, err := d.App.Occurrences.Perform(ctx, scope, at, o.Ref(), 0, occurrence.Said{On: period.Of(at), Note: x.title + " for " + about + ".", Evidence: []string{added[0].Ref}})
	if err != nil || !o.Checks {
		return err
	}
	other := cast[0].Email
	if x.owner == "dana.whitfield" {
		other = cast[1].Email
	}
	checker, err := d.as(ctx, at, other)
	if err != nil {
		return err
	}
	_, err = d.App.Occurrences.Check(ctx, checker, at.Add(2*time.Hour), o.Ref(), done.Record.Version, "Seen with its evidence.")
	return err
}
