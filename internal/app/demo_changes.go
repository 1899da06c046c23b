package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// demoTelling is what Northwind's people were told of in the year.
type demoTelling struct {
	*Demo
	plan []demoEvent
	next int
}

// Audiences of the demo's changes.
var (
	toCustomers = change.Audience{Kind: change.Customers}
	toEntities  = change.Audience{Kind: change.UserEntities}
	toStaff     = change.Audience{Kind: change.Staff}
)

func toDepartment(name string) change.Audience {
	return change.Audience{Kind: change.Department, Name: name}
}

// demoNews is a change; s says that a person found it significant.
type demoNews struct {
	title, impact, service, component string
	s                                 bool
	to                                []change.Audience
	why                               string
}

var demoNewsList = []demoNews{
	{"Exports carry the number of the journal entry", "The month-end export has a new column at its end.", "Month-end export", "Repositories", true, []change.Audience{toCustomers, toEntities}, "User entities read the export by machine and tie it to their own books."},
	{"Sign-in of staff asks for a second factor at every new device", "", "", "Sign-in", false, []change.Audience{toStaff}, "It strengthens a control that was there; nothing that customers rely on changes."},
	{"Keys of the interface end after a year", "Keys that are older than a year stop working; new ones are made in the console.", "Interface for programs", "Repositories", true, []change.Audience{toCustomers, toEntities}, "Customers have to act, and a complementary control of theirs changes."},
	{"Support moves to a new system for tickets", "Tickets get new numbers and a new address.", "Keeping of accounts", "", false, []change.Audience{toCustomers, toDepartment("Customer Support")}, "The way to reach support changes; the system and its controls do not."},
	{"The database of balances is split in two", "", "Keeping of accounts", "Virtual machines and databases", true, []change.Audience{toDepartment("Engineering")}, "Infrastructure that is in the description changes, and its recovery with it."},
	{"A second reviewer is asked for changes of posting rules", "", "", "Repositories", true, []change.Audience{toDepartment("Engineering")}, "A control over processing is stronger than described."},
	{"Maintenance moves from Saturday to Sunday", "The service may be unreachable on Sundays from 02:00 to 04:00 instead of Saturdays.", "Keeping of accounts", "", false, []change.Audience{toCustomers}, "The commitment on availability is the same; only the hour differs."},
	{"Search of entries moves to a managed index", "Results appear faster; customer data is held by one more provider.", "Keeping of accounts", "Virtual machines and databases", true, []change.Audience{toCustomers, toEntities}, "A subservice organisation holds customer data from that day on."},
	{"Passwords of the console need fourteen characters", "Shorter passwords have to be changed at the next sign-in.", "Keeping of accounts", "Sign-in", false, []change.Audience{toCustomers}, "A setting that customers notice once; nobody relies on the old length."},
	{"Alerts of the platform go to a rota", "", "", "", false, []change.Audience{toDepartment("Engineering")}, "Who answers at night is an inner matter."},
	{"Balances are rounded by the rule of the currency", "Balances in three currencies may differ by the last digit from earlier exports.", "Month-end export", "Repositories", true, []change.Audience{toCustomers, toEntities}, "Figures change that auditors of user entities may tie to."},
	{"A provider of e-mail is replaced", "Messages come from another address.", "Keeping of accounts", "", true, []change.Audience{toCustomers}, "A vendor with addresses of customers changes."},
	{"Laptops lock after five minutes", "", "", "", false, []change.Audience{toStaff}, "A tightened setting of a control that stays the same."},
	{"The log of access is kept two years", "", "", "Virtual machines and databases", false, []change.Audience{toDepartment("Engineering")}, "It is kept longer than promised, not shorter."},
	{"Customers can limit sign-in to their own network", "Administrators of customers find a new setting; it is off until they turn it on.", "Keeping of accounts", "Sign-in", true, []change.Audience{toCustomers, toEntities}, "A new complementary control becomes possible."},
	{"The second data centre moves to another region", "", "Keeping of accounts", "Virtual machines and databases", true, []change.Audience{toDepartment("Engineering"), toEntities}, "Where data of customers lies is part of the description."},
	{"The office in Lisbon moves", "", "", "", false, []change.Audience{toStaff}, "No system runs there."},
	{"A new head of engineering", "", "", "Staff", false, []change.Audience{toStaff}, "Duties pass on with their controls; nothing else changes."},
	{"Records of accounts are kept ten years", "Entries can be read for ten years; deletion on request follows the law.", "Keeping of accounts", "", true, []change.Audience{toCustomers, toEntities}, "A commitment on retention changes."},
	{"The pipeline signs what it builds", "", "", "Repositories", false, []change.Audience{toDepartment("Engineering")}, "A control is added that nobody outside sees."},
	{"Two old versions of the interface end", "Programs that use version 1 or 2 get an error.", "Interface for programs", "Repositories", true, []change.Audience{toCustomers, toEntities}, "Customers have to change their programs before that day."},
	{"Payments can be started from the ledger", "Customers who want it can start payments; it is off for all others.", "Keeping of accounts", "Repositories", true, []change.Audience{toCustomers, toEntities, toDepartment("Finance")}, "A new service with risks of its own."},
	{"Access to production goes through a recorded session", "", "", "Access", true, []change.Audience{toDepartment("Engineering")}, "The control on privileged access is another one from then on."},
	{"The status page moves", "The page that tells of disturbances has another address.", "Keeping of accounts", "", false, []change.Audience{toCustomers}, "How disturbances are told stays the same."},
	{"Month-end export is ready on the second day", "The export is ready one day earlier.", "Month-end export", "", true, []change.Audience{toCustomers}, "A commitment with a threshold changes."},
	{"Screening of joiners is done by another firm", "", "", "Joiners, movers and leavers", false, []change.Audience{toDepartment("People")}, "The control is the same; who performs it is a vendor like before."},
	{"A reporting tool joins from a company that was taken over", "Customers of both see one sign-in.", "Keeping of accounts", "Repositories", true, []change.Audience{toCustomers, toStaff}, "Systems and people join; the boundary is drawn anew."},
	{"Answers to security questionnaires come from one library", "", "", "", false, []change.Audience{toDepartment("Sales")}, "Nothing of the system changes."},
	{"Webhooks are signed with a new algorithm", "Programs that check signatures need the new one; both are sent for three months.", "Interface for programs", "Repositories", true, []change.Audience{toCustomers, toEntities}, "User entities verify what they get."},
	{"Customers can close their own fiscal year", "A button that support pressed until now is in the console.", "Keeping of accounts", "Repositories", true, []change.Audience{toCustomers, toEntities}, "A duty passes from us to the customer."},
}

// lateChange is told to user entities a day after it took effect.
const lateChange = 20

func (d *demoTelling) begin(context.Context, time.Time) error {
	for i, x := range demoNewsList {
		d.schedule(i, x)
	}
	byTime(d.plan)
	return nil
}

// schedule plans a change: recorded, decided, told, in effect.
func (d *demoTelling) schedule(i int, x demoNews) {
	effect := d.on(float64(i+1)/float64(len(demoNewsList)+1), 15).Add(time.Duration(i%7) * 7 * time.Minute)
	before := func(days, hour int) time.Time {
		at := effect.Truncate(24*time.Hour).AddDate(0, 0, -days).Add(time.Duration(hour) * time.Hour)
		if first := d.Config.Start.Add(time.Duration(hour) * time.Hour); at.Before(first) {
			return first
		}
		return at
	}
	var ref string
	author := cast[[]int{omarH, ingridS, priyaR}[i%3]].Email
	add := func(at time.Time, do func(ctx context.Context, who access.Scope, now time.Time) error) {
		d.plan = append(d.plan, demoEvent{at, func(ctx context.Context, now time.Time) error {
			who, err := d.as(ctx, now, author)
			if err != nil {
				return err
			}
			return do(ctx, who, now)
		}})
	}
	add(before(9, 9), func(ctx context.Context, who access.Scope, now time.Time) error {
		t := change.Text{Title: x.title, Text: "Planned by the owner of the component and looked at in the weekly meeting on changes.", Effective: period.Of(effect), Customer: x.impact != "", Impact: x.impact, Audiences: x.to}
		if x.service != "" {
			t.Services = []string{x.service}
		}
		if x.component != "" {
			t.Components = []string{x.component}
		}
		c, err := d.App.Changes.Add(ctx, who, now, t)
		ref = c.Ref
		return err
	})
	add(before(8, 10), func(ctx context.Context, who access.Scope, now time.Time) error {
		_, err := d.App.Changes.Decide(ctx, who, now, ref, 0, x.s, x.why)
		return err
	})
	for n, a := range x.to {
		at := before(5, 11+n)
		if i == lateChange && a == toEntities {
			at = effect.Add(26 * time.Hour)
		}
		add(at, func(ctx context.Context, who access.Scope, now time.Time) error {
			return d.tell(ctx, who, now, ref, a, x)
		})
	}
	add(effect, func(ctx context.Context, who access.Scope, now time.Time) error {
		if i == lateChange {
			d.plant("tickmark-change-told", ref, "user entities were told a day after it took effect")
		}
		_, err := d.App.Changes.Release(ctx, who, now, ref, 0, now)
		return err
	})
}

// tell tells an audience and files what shows it.
func (d *demoTelling) tell(ctx context.Context, who access.Scope, now time.Time, ref string, a change.Audience, x demoNews) error {
	channel, recipients := change.Email, 0
	switch a.Kind {
	case change.Customers:
		channel, recipients = change.ReleaseNotes, 0
	case change.UserEntities:
		recipients = 180 + d.chance(ref, 40)
	case change.Staff:
		recipients = d.Config.People
	case change.Department:
		recipients = 8 + d.chance(ref+a.Name, 30)
	case change.NamedList:
	}
	text := x.title + ".\n\n"
	if x.impact != "" {
		text += x.impact + "\n\n"
	}
	text += "Questions are answered by the person who looks after you."
	day := period.Of(now).Time()
	all, err := d.App.Evidence.Add(ctx, who, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, evidence.Upload{
		Title: fmt.Sprintf("%s: %s, as told to %s", ref, channel.Title(), a.Title()), Kind: evidence.Document, Class: evidence.Internal, Again: true,
		Files: []evidence.File{evidence.Bytes(ref+"-notice.txt", fmt.Appendf(nil, "To: %s\nDate: %s\nSubject: %s\n\n%s\n", a.Title(), now.Format(time.RFC1123Z), x.title, text))},
		Shows: "The notice as it was sent.", From: day, To: day.AddDate(0, 0, 1), Obtained: "Copied from what was sent by the person who sent it", Controls: []string{"COM-01"},
	})
	if err != nil {
		return err
	}
	_, err = d.App.Changes.Tell(ctx, who, now, ref, 0, change.Notice{To: a, Channel: channel, Text: text, Sent: now, Recipients: recipients, Evidence: all[0].Ref})
	return err
}

func (d *demoTelling) days(ctx context.Context, _, to time.Time) error {
	for ; d.next < len(d.plan) && !d.plan[d.next].at.After(to); d.next++ {
		x := d.plan[d.next]
		if err := x.do(ctx, x.at); err != nil {
			return errs.Wrap(err, "on %s", x.at.Format(time.DateTime))
		}
	}
	return nil
}
