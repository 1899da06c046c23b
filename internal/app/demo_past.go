package app

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// pastRequests is how many requests the firm made in the examination that is over.
const pastRequests = 40

// past is Northwind's first examination: its first year, with its report. The one that runs is about the quarter after it, so that
// people find both: a report that is out, and fieldwork to look at.
func (d *Demo) past(ctx context.Context, now time.Time) (*demoExams, error) {
	x := &demoExam{demoAudit: d.audit, at: now, client: d.scope, lead: cast[1].Email, scopes: map[string]access.Scope{}, records: northwindRecords, office: "Chief Executive Officer",
		signer: DemoUser{Email: "helena.brandt@northwind.example", Name: "Helena Brandt", Role: access.Owner}}
	if err := x.manager(ctx); err != nil {
		return nil, err
	}
	yes, no := applicability.Answer{Value: applicability.Yes}, applicability.Answer{Value: applicability.No}
	if err := x.decide(ctx, applicability.Answers{applicability.F1: no, applicability.F2: no, applicability.F3: no, applicability.F4: yes, applicability.F5: yes, applicability.F5a: yes, applicability.F5b: yes, applicability.F6: no, applicability.F10: yes, applicability.F11: no}, soc2); err != nil {
		return nil, err
	}
	first := period.Of(d.Config.Start)
	if err := x.open(ctx, engagement.New{Title: "First examination of Northwind Ledger", Categories: []string{"security", "availability"}, Period: period.Period{From: first, To: first + period.Date(d.Config.reported())}, Firm: "Harlow & Pike LLP"}); err != nil {
		return nil, err
	}
	lead, err := x.person(ctx, x.lead)
	if err != nil {
		return nil, err
	}
	e, err := x.App.Engagement.Store.Engagement(ctx, lead.ReadScope, x.id)
	if err != nil {
		return nil, err
	}
	t := e.Terms()
	t.Categories = append(t.Categories, "confidentiality")
	_, _, err = x.App.Engagement.ChangeScope(ctx, lead, x.then(), x.id, e.Version, t, "Two customers ask for what we promise about confidential documents to be examined, too.")
	return &demoExams{x, x.stagesOf(pastRequests)}, err
}

// northwindRecords are lists of systems that no connection reads. Each control without tests has one, but for those of which nothing
// was ever written down.
var northwindRecords = []demoRecord{
	{"AST-03", "Media erased or destroyed", "medium that was taken out of use", "MED", 9, "the register of media", nil},
	{"AVL-01", "Capacity reviews", "weekly review of capacity", "CAP", 12, "the monitoring console", nil},
	{"AVL-02", "Backup jobs", "nightly backup of a database", "BKP", 90, "the backup console", nil},
	{"AVL-06", "Failover checks", "monthly check of the second data centre", "FOV", 6, "the platform team's checklist", nil},
	{"CHG-06", "Copies of data for tests", "copy of data that was made for tests", "TDC", 8, "the pipeline", nil},
	{"CHG-08", "Direct changes of data", "change made to data directly", "DDC", 14, "the database's audit log", []demoWrong{{6, "Made without a second person; the ticket was written the day after."}}},
	{"COM-02", "Reports on the hotline", "report that came in by the hotline", "HOT", 3, "the hotline's register", nil},
	{"COM-03", "Notices of incidents to customers", "notice that went to customers", "NOT", 4, "the status page", nil},
	{"COM-04", "Commitments in new contracts", "contract that was signed", "CON", 40, "the contract register", nil},
	{"CRY-01", "Endpoints scanned for encryption", "public endpoint", "TLS", 22, "the weekly scan", nil},
	{"CRY-02", "Stores checked for encryption", "store of customers' data", "ENC", 18, "the cloud console", nil},
	{"CRY-03", "Keys and their rotation", "key that protects customers' data", "KEY", 11, "the key service", []demoWrong{{4, "Not rotated for 14 months; the standard says 12."}}},
	{"END-01", "Laptops under management", "laptop of a member of staff", "LAP", 55, "the device management", nil},
	{"END-02", "Protection of laptops", "laptop with its protection software", "AVP", 55, "the device management", nil},
	{"END-03", "Blocked transfers", "transfer to a removable medium that was tried", "DLP", 7, "the device management", nil},
	{"FIN-01", "Changes of customers' master data", "change of a customer's bank account", "CMD", 12, "the billing system", nil},
	{"FIN-02", "Credits to customers", "credit that was given to a customer", "CRD", 21, "the billing system", nil},
	{"FIN-08", "Changes of price tables", "change of a price table", "PRC", 5, "the billing system", nil},
	{"IAM-09", "Tests of separation between customers", "release tested for separation between customers", "SEP", 24, "the pipeline", nil},
	{"INC-02", "Events that were looked into", "event that an analyst looked into", "EVT", 60, "the ticket system", nil},
	{"INC-03", "Incidents and their handling", "incident", "INC", 5, "the ticket system", nil},
	{"INC-04", "Reviews after incidents", "incident that needed a review", "PIR", 4, "the ticket system", []demoWrong{{3, "The review was held after 41 days; the plan says 10."}}},
	{"INC-05", "Notices to those concerned", "incident that had to be told to others", "TOL", 2, "the ticket system", nil},
	{"LOG-02", "Daily reviews of alerts", "working day with its review of alerts", "ALR", 70, "the log platform", nil},
	{"LOG-03", "Protection of logs", "store of logs", "LGS", 6, "the cloud console", nil},
	{"LOG-05", "Time of servers", "server compared with the time source", "NTP", 30, "the monitoring console", nil},
	{"MON-01", "Monthly review of controls", "month with its review of failing tests", "MCR", 6, "the minutes of the security committee", nil},
	{"NET-01", "Rules at the boundary", "rule that opens a port to the internet", "FWR", 19, "the cloud console", nil},
	{"NET-02", "Separation of environments", "network zone", "ZON", 9, "the cloud console", nil},
	{"NET-03", "Remote access", "remote access that was granted", "VPN", 28, "the gateway", nil},
	{"PHY-01", "Visitors", "visitor to an office", "VIS", 48, "the visitors' book", nil},
	{"PIN-07", "Exports and their recipients", "month-end export that was made", "EXP", 33, "the export job", nil},
	{"RSK-01", "Objectives and their measures", "objective with its measure", "OBJ", 7, "the management's plan", nil},
	{"VUL-01", "Weekly scans", "weekly scan for vulnerabilities", "SCN", 26, "the scanner", []demoWrong{{17, "The scan did not run; the credential had expired."}}},
}
