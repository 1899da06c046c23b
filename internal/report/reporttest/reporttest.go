// Package reporttest makes dossiers for tests of the report and its writers: Northwind's, and extreme ones. Everything in
// them is invented and the same on every call.
package reporttest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// library is criteria and controls of the starter library in our paraphrase, cut to what a dossier holds.
//
//go:embed library.json
var library []byte

// Period is the examination period of the samples: the first half of 2026.
var Period = period.Closed(period.Make(2026, 1, 1), period.Make(2026, 6, 30))

// frozen is when the samples were frozen.
var frozen = time.Date(2026, 7, 3, 9, 30, 0, 0, time.UTC)

// sum is a stable made-up hash.
func sum(parts ...any) string { return canon.Sum([]byte(fmt.Sprint(parts...))) }

// pick is a stable made-up number below n.
func pick(n int, parts ...any) int {
	h := fnv.New32a()
	fmt.Fprint(h, parts...)
	return int(h.Sum32() % uint32(n))
}

// Northwind is the full sample: five categories, 60 criteria, 120 controls, 45 tests, about 120 deviations.
func Northwind() *engagement.Dossier {
	d := base("security", "availability", "processing integrity", "confidentiality", "privacy")
	addTests(d, 45)
	return d
}

// Small is a sample of three categories and few controls, for golden texts.
func Small() *engagement.Dossier {
	d := base("security", "availability", "confidentiality")
	keep := []string{"IAM-01", "IAM-02", "IAM-04", "CHG-02", "AVL-02", "GOV-02", "VEN-01"}
	d.Controls = slices.DeleteFunc(d.Controls, func(c engagement.ControlFacts) bool { return !slices.Contains(keep, c.Ref) })
	for i := range d.Criteria {
		c := &d.Criteria[i]
		c.Controls = slices.DeleteFunc(c.Controls, func(r string) bool { return !slices.Contains(keep, r) })
	}
	d.Criteria = slices.DeleteFunc(d.Criteria, func(c engagement.CriterionFacts) bool {
		return !slices.Contains([]string{"CC1.2", "CC6.1", "CC6.2", "CC8.1", "CC9.2", "A1.2", "C1.2"}, c.ID)
	})
	for i := range d.Controls {
		d.Controls[i].Uploads = nil
		if d.Controls[i].Ref == "GOV-02" {
			d.Controls[i].Uploads = []string{"EV-2026-00102 Minutes of the board, first quarter", "EV-2026-00377"}
		}
	}
	addTests(d, 8)
	return d
}

// Empty is a dossier with nothing in it.
func Empty() *engagement.Dossier { return &engagement.Dossier{} }

// Many is Northwind with n deviations more, all of one test, for measuring.
func Many(tests, n int) *engagement.Dossier {
	d := base("security", "availability", "processing integrity", "confidentiality", "privacy")
	addTests(d, tests)
	t := &d.Tests[0]
	for i := range n {
		t.Deviations = append(t.Deviations, deviation(*t, 1000+i, pick(len(reasons), i)))
	}
	if t.Kind == "occurrence" {
		t.Fail, t.Population = int64(len(t.Deviations)), max(t.Population, int64(len(t.Deviations)))
	}
	return d
}

// hostile are texts that break careless writers.
var hostile = []string{
	`<script>alert("x")</script> & <b>bold</b> (parenthesis \) \\ %PDF-1.3 endobj`,
	"\u202eevil right-to-left override\u202c and שלום עולם, مرحبا بالعالم",
	"emoji 🔥👩‍👩‍👧‍👦🇨🇭 and 漢字かな交じり文 and e\u0301 and \u200bzero width",
	strings.Repeat("unbroken", 625),
	"control \x00\x01\x1b[31m characters\tand\r\nbreaks\u2028and\u2029more\x7f",
	"bad utf8 \xff\xfe\xed\xa0\x80 end",
	"\U0010ffff\U0001f600\ufffe\uffff",
	strings.Repeat("a ", 3000),
	" \n\n\n ",
	"{{template}} ${injection} '; DROP TABLE dossier; --",
}

// Hostile is Northwind's small sample with every text replaced by one that breaks careless writers.
func Hostile() *engagement.Dossier {
	d := Small()
	n := 0
	next := func() string { n++; return hostile[n%len(hostile)] }
	d.Org.Name, d.System.Name, d.System.Overview, d.System.Boundary = next(), next(), next(), next()
	d.Engagement.Ref, d.Engagement.Firm, d.Engagement.Categories = next(), next(), []string{next(), "security"}
	d.Frozen.By, d.Frozen.Ledger = next(), next()
	for i := range d.System.Services {
		d.System.Services[i] = engagement.Named{Name: next(), Text: next()}
	}
	for i := range d.System.Incidents {
		d.System.Incidents[i] = engagement.Named{Name: next(), Text: next()}
	}
	for i := range d.Criteria {
		c := &d.Criteria[i]
		c.Title, c.Intent = next(), next()
		if i%3 == 0 {
			c.ID = next()
		}
	}
	for i := range d.Controls {
		c := &d.Controls[i]
		c.Title, c.Statement, c.Owner, c.Frequency, c.Type = next(), next(), next(), next(), next()
		if i%3 == 0 {
			c.Ref = next()
		}
	}
	for i := range d.Tests {
		t := &d.Tests[i]
		t.Title, t.Asks, t.Counted, t.Sources = next(), next(), next(), []string{next()}
		if i%3 == 0 {
			t.ID = next()
		}
		for j := range t.Deviations {
			t.Deviations[j].ItemID, t.Deviations[j].Label, t.Deviations[j].Reason, t.Deviations[j].Exception = next(), next(), next(), next()
		}
	}
	d.Missing = append(d.Missing, hostile...)
	return d
}

// base is Northwind without tests, for the given categories.
func base(categories ...string) *engagement.Dossier {
	var lib struct {
		Criteria []engagement.CriterionFacts
		Controls []engagement.ControlFacts
	}
	if err := json.Unmarshal(library, &lib); err != nil {
		panic("reporttest: library.json: " + err.Error())
	}
	d := &engagement.Dossier{
		V: 1,
		Engagement: engagement.Facts{ID: "eng_sample", Ref: "SOC2-2026-1", Report: "SOC 2", Type: 2, Categories: categories, Period: Period,
			Standards: []string{"AT-C section 105", "AT-C section 205", "TSP section 100 (2017 trust services criteria)", "DC section 200 (2018 description criteria)"}, Status: "fieldwork"},
		Org:    engagement.OrgFacts{Name: "Northwind", Simulated: true},
		Frozen: engagement.Freeze{At: frozen, By: "dana.whitfield@northwind.example", Number: 3, LedgerSeq: 48211, Ledger: sum("head")},
		System: system(),
		Subservice: []engagement.Subservice{
			{Name: "Cumulus Hosting", Service: "Data centres, virtual machines, managed database", Method: "carve-out", Controls: []string{"Physical entry to data centres is restricted", "Environmental protection of data centres", "Hypervisors are patched and separated by tenant"}, Criteria: []string{"CC6.4", "A1.2"}},
			{Name: "Parcelpost Mail", Service: "Delivery of notification e-mail", Method: "carve-out", Controls: []string{"Messages are encrypted on the way"}, Criteria: []string{"CC6.7"}},
		},
		CUECs: []engagement.CUEC{
			{Ref: "CUEC-1", Text: "User entities remove their own users’ access when it is no longer needed.", Criteria: []string{"CC6.2", "CC6.3"}},
			{Ref: "CUEC-2", Text: "User entities keep the signing keys of their integrations secret and replace them when they may be known to others.", Criteria: []string{"CC6.1"}},
		},
		Missing: []string{"Written representations of management.", "Network diagram approved in the period."},
	}
	for _, c := range lib.Criteria {
		if c.ID != "P6.7" && slices.Contains(categories, strings.ReplaceAll(c.Category, "_", " ")) {
			d.Criteria = append(d.Criteria, c)
		}
	}
	if slices.Contains(categories, "privacy") {
		d.System.NotApplicable = []engagement.Named{{Name: "P6.7", Text: "Northwind processes personal data on behalf of its customers only; requests for an accounting are answered by the customers."}}
	}
	link(d, lib.Controls)
	sources(d)
	return d
}

// link puts the controls into the dossier and ties them to its criteria.
func link(d *engagement.Dossier, controls []engagement.ControlFacts) {
	at := map[string]int{}
	for i, c := range d.Criteria {
		at[c.ID] = i
	}
	for i, c := range controls {
		c.Version = 1 + pick(4, c.Ref)
		c.Criteria = slices.DeleteFunc(c.Criteria, func(id string) bool { _, ok := at[id]; return !ok })
		if len(c.Criteria) == 0 && d.System.NotApplicable == nil {
			continue // belongs to a category that is not chosen
		}
		for _, id := range c.Criteria {
			k := &d.Criteria[at[id]]
			k.Controls = append(k.Controls, c.Ref)
		}
		if c.Nature == "manual" && i%4 != 0 {
			for k := range 1 + pick(3, c.Ref, "files") {
				c.Uploads = append(c.Uploads, fmt.Sprintf("EV-2026-%05d %s", 100+i*7+k, c.Evidence[k%len(c.Evidence)]))
			}
		}
		d.Controls = append(d.Controls, c)
	}
}

// sources are the connections of the sample.
func sources(d *engagement.Dossier) {
	first, last := Period.From.Time().Add(2*time.Hour), Period.Last().Time().Add(23*time.Hour+30*time.Minute)
	for i, s := range []struct{ name, system string }{{"okta-main", "Okta"}, {"github-northwind", "GitHub"}, {"aws-production", "AWS"}, {"hr-people", "HRIS"}, {"backup-vault", "Backup service"}, {"edr-fleet", "EDR"}} {
		n := int64(181 * (1 + i%3))
		complete := n - int64(i%3)
		d.Sources = append(d.Sources, engagement.SourceFacts{Name: s.name, System: s.system, Collector: fmt.Sprintf("%s 1.%d.0", strings.ToLower(strings.Fields(s.system)[0]), i), Items: n, Complete: complete, Proven: complete - int64(i*11), Rows: n * int64(400+i*137), First: &first, Last: &last})
	}
}

// system is the description of the sample's system.
func system() engagement.System {
	return engagement.System{
		Name:     "Northwind Freight Cloud",
		Overview: "Northwind Freight Cloud is a web service with which shippers book, track and settle freight. Some 340 shippers and 90 carriers use it through a web application and an HTTP interface. It is delivered as software as a service from two regions; customers install nothing.\nCustomers enter orders, tariffs and the personal data of recipients. Northwind computes prices, sends bookings to carriers and keeps proof of delivery for seven years.",
		Services: []engagement.Named{
			{Name: "Booking", Text: "Takes orders, checks them against tariffs and capacity, and hands them to carriers."},
			{Name: "Tracking", Text: "Collects positions and events from carriers and shows them to shippers and recipients."},
			{Name: "Settlement", Text: "Computes charges and produces invoices and statements each month."},
		},
		Commitments: []engagement.Commitment{
			{Category: "security", Text: "Access to customer data is limited to people who need it, and is removed within 24 hours of their leaving.", Source: "Master services agreement, section 9"},
			{Category: "availability", Text: "The service is available 99.9 % of each calendar month, planned maintenance excepted.", Source: "Service level agreement, section 2"},
			{Category: "availability", Text: "Data can be restored to a point at most one hour before a failure.", Source: "Service level agreement, section 4"},
			{Category: "confidentiality", Text: "Customer data is erased within 30 days of the end of a contract.", Source: "Data processing agreement, section 11"},
		},
		Boundary: "The system comprises the applications, databases and networks in the production accounts of both regions, the tools with which they are built, watched and operated, and the people who do so. Carriers’ systems, customers’ own networks and the public website are outside.",
		Components: map[string][]engagement.Component{
			"infrastructure": {{Name: "Production accounts", Text: "Two cloud accounts, one per region, with separated networks.", Count: 2, Evidence: "EV-2026-00011"}, {Name: "Virtual machines", Text: "Application and database hosts.", Count: 148, Evidence: "EV-2026-00012"}, {Name: "Object storage", Text: "Documents and proof of delivery.", Count: 31, Evidence: "EV-2026-00013"}},
			"software":       {{Name: "Freight application", Text: "Own software in 61 repositories.", Count: 61, Evidence: "EV-2026-00021"}, {Name: "PostgreSQL", Text: "Managed database."}, {Name: "Tickmark", Text: "Collects evidence and tests controls; inside the boundary because commitments depend on it."}},
			"people":         {{Name: "Employees", Text: "Staff with an account in the directory.", Count: 512, Evidence: "EV-2026-00031"}, {Name: "Contractors", Text: "External staff under confidentiality terms.", Count: 38, Evidence: "EV-2026-00032"}},
			"procedures":     {{Name: "Change procedure", Text: "Review, tests and approval before deployment."}, {Name: "Incident procedure", Text: "Rating, containment, notice and review."}},
			"data":           {{Name: "Orders", Text: "Bookings with names and addresses of recipients. Confidential."}, {Name: "Invoices", Text: "Charges and statements. Confidential."}},
		},
		Aspects: []engagement.Named{
			{Name: "Control environment", Text: "The board meets each quarter and reviews risk, incidents and the results of control tests. Conduct rules bind employees and contractors and are accepted each year."},
			{Name: "Risk assessment", Text: "Risks to commitments are assessed each year and after significant changes. Each risk has an owner, a treatment and a date."},
			{Name: "Information and communication", Text: "Policies are published to all staff. Customers are told of changes that affect them at least 30 days before."},
			{Name: "Monitoring", Text: "Controls are tested each day against records of the source systems. Failures reach the control’s owner within the hour."},
		},
		Incidents: []engagement.Named{{Name: "INC-17, 14 March 2026", Text: "A misdirected deployment made the tracking service unavailable for 2 h 40 min. Cause: a deployment without the second approval. The service was rolled back; the rule that allowed it was removed on 15 March 2026."}},
		Changes:   []engagement.Named{{Name: "Second region, 2 February 2026", Text: "Production was extended to a second region. The controls are the same in both."}},
	}
}
