package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/vendors"
)

// demoReport is a report or letter of a subservice organisation. Days count from the first day of the demo.
type demoReport struct {
	vendor             string
	kind               vendors.ReportKind
	from, to           int // last day included
	received, reviewed int
	noted              int
	exceptions         string
	letter             [3]int // first and last day of the letter after it, and the day of its receipt; zero for none
}

// demoReports are the reports of the year. exam is the first day of the examined period: the gap that is planted lies in it.
func demoReports(exam int) []demoReport {
	small := "One of 25 leavers kept a badge for two days; the badge was not used."
	return []demoReport{
		{"Contoso Cloud", vendors.SOC2Type2, -830, -466, -420, -400, 0, "", [3]int{}},
		{"Contoso Cloud", vendors.SOC2Type2, -465, -100, -55, -30, 1, small, [3]int{-99, -10, -5}},
		{"Contoso Cloud", vendors.SOC2Type2, -99, 265, 312, 340, 0, "", [3]int{266, 340, 345}},
		{askingVendor, vendors.SOC2Type2, -480, -116, -70, -45, 0, "", [3]int{-115, -25, -20}},
		{askingVendor, vendors.SOC1Type2, -480, -116, -70, -44, 0, "", [3]int{}},
		{askingVendor, vendors.SOC2Type2, -115, 249, 296, 331, 2, "Two changes of 40 had no second approval; both were looked at afterwards.", [3]int{}},
		{"Proseware Support", vendors.SOC2Type2, -500, -136, -90, -52, 0, "", [3]int{}},
		{"Proseware Support", vendors.SOC2Type2, -135, 229, 275, 318, 0, "", [3]int{230, 320, 325}},
		{"Proseware Support", vendors.ISO27001, -300, 794, -290, -270, -1, "", [3]int{}},
		// The first report reaches some days into the examined period, and the next begins a month later.
		{gapVendor, vendors.SOC2Type2, exam - 835, exam - 471, exam - 430, exam - 410, 0, "", [3]int{}},
		{gapVendor, vendors.SOC2Type2, exam - 470, exam - 95, exam - 60, exam - 40, 0, "", [3]int{exam - 94, exam - 4, exam - 3}},
		{gapVendor, vendors.SOC2Type2, exam + 12, exam + 40, exam + 52, exam + 58, 0, "", [3]int{}},
	}
}

// asked is what reports ask of Northwind, with controls of the catalogue that do it; the first that were adopted are taken.
var asked = []struct {
	vendor, number, text string
	criteria             []string
	controls             []string
	why                  string
}{
	{"Contoso Cloud", "UEC 1", "Accounts of people who leave are removed from the cloud console.", []string{"CC6.2", "CC6.3"}, []string{"IAM-04"}, ""},
	{"Contoso Cloud", "UEC 2", "Administrators of the cloud console sign in with a second factor.", []string{"CC6.1"}, []string{"IAM-02"}, ""},
	{"Contoso Cloud", "UEC 3", "Backups are configured, and restoring is tried.", []string{"A1.2", "A1.3"}, []string{"AVL-03", "AVL-02", "AVL-01"}, ""},
	{"Contoso Cloud", "UEC 4", "Data on machines that are given back is erased by the customer.", []string{"C1.2"}, nil, "Volumes are encrypted by us and their keys destroyed; nothing is left to erase."},
	{askingVendor, "4.1", "Keys of the interface are kept secret and replaced each year.", []string{"CC6.1"}, []string{"NET-03", "IAM-07", "CHG-01"}, ""},
	{askingVendor, "4.2", "Payments of the day are reconciled with the statement.", []string{"CC7.2"}, nil, ""},
	{askingVendor, "4.3", "Access to the payment console is reviewed each quarter.", []string{"CC6.3"}, []string{"IAM-05"}, ""},
	{"Proseware Support", "A", "Requests that concern accounts are confirmed by Northwind.", []string{"CC6.2"}, []string{"IAM-01", "IAM-03"}, ""},
	{"Proseware Support", "B", "Recordings of calls are deleted on request.", []string{"C1.2"}, []string{"CNF-02", "CNF-01"}, ""},
	{gapVendor, "1", "Lists of recipients are checked before they are sent.", []string{"CC6.7"}, []string{"CNF-03", "CNF-01", "NET-01"}, ""},
	{gapVendor, "2", "Domains that send in Northwind's name are watched.", []string{"CC7.2"}, []string{"LOG-02", "LOG-01"}, ""},
}

// reports files what was there before the demo, and plans the rest.
func (c *demoVendors) reports(ctx context.Context, s access.Scope, now time.Time) error {
	exam := c.Config.Days - c.Config.running()
	for _, x := range demoReports(exam) {
		if x.received < 0 {
			if err := c.file(ctx, s, now, x); err != nil {
				return err
			}
			continue
		}
		c.on(x.received, vendorLead, "report/"+x.vendor, func(ctx context.Context, s access.Scope, now time.Time) error { return c.file(ctx, s, now, x) })
	}
	for _, x := range asked {
		of, err := c.newest(ctx, s, x.vendor)
		if err != nil {
			return err
		}
		k := vendors.CUEC{Report: of, Number: x.number, Text: x.text, Criteria: x.criteria, Relevant: x.why == "", Why: x.why}
		have, err := c.known(ctx, x.controls)
		if err != nil {
			return err
		}
		if len(have) > 0 {
			k.Controls = have[:1]
		}
		got, err := c.App.Vendors.Expect(ctx, s, now, c.refs[x.vendor], k)
		if err != nil {
			return err
		}
		if k.Relevant && len(k.Controls) == 0 {
			c.plant("tickmark-vendor-cuec-mapped", got.Ref, "nobody said which control does it")
		}
	}
	return nil
}

// newest is the reference of the newest report on file that tells how a vendor's controls operated.
func (c *demoVendors) newest(ctx context.Context, s access.Scope, vendor string) (string, error) {
	f, err := c.App.Vendors.File(ctx, s.ReadScope, c.refs[vendor])
	for _, r := range f.Filed {
		if r.Kind.Operating() {
			return r.Ref, err
		}
	}
	return "", err
}

// file files a report with its document, and what follows from it: the review, and the letter after it.
func (c *demoVendors) file(ctx context.Context, s access.Scope, now time.Time, x demoReport) error {
	r := vendors.Report{
		Kind: x.kind, Period: period.Closed(c.day(x.from), c.day(x.to)), Auditor: "Trey Research Assurance", Opinion: vendors.Unqualified, Noted: x.noted, Exceptions: x.exceptions,
		Scope: "The services that Northwind uses: security, availability and confidentiality.", Received: c.day(x.received),
	}
	if x.kind == vendors.ISO27001 {
		r.Opinion, r.Auditor, r.Scope = vendors.NotStated, "Relecloud Certification", "The management system of the support centres."
	}
	name := strings.ToLower(strings.ReplaceAll(x.vendor, " ", "-"))
	text := fmt.Sprintf("%s\n%s\n%s\n\nThis stands in for the document in the demonstration.\n", x.vendor, x.kind.Title(), r.Period)
	var err error
	if r.Evidence, err = c.paper(ctx, s, now, x.vendor+": "+x.kind.Title(), name+"-"+string(x.kind)+".txt", text, c.day(x.from), r.Received, "VEN-03"); err != nil {
		return err
	}
	if r, err = c.App.Vendors.FileReport(ctx, s, now, c.refs[x.vendor], r); err != nil {
		return err
	}
	if x.vendor == gapVendor && c.day(x.from) > c.day(c.Config.Days-c.Config.running()) {
		c.plant("tickmark-vendor-covered", c.refs[x.vendor], "its new report begins a month after what the one before and its letter cover")
	}
	if err := c.do(ctx, s, now, x.reviewed, "review/"+r.Ref, func(ctx context.Context, s access.Scope, now time.Time) error { return c.review(ctx, s, now, r.Ref, x) }); err != nil {
		return err
	}
	if x.letter == [3]int{} {
		return nil
	}
	return c.do(ctx, s, now, x.letter[2], "letter/"+r.Ref, func(ctx context.Context, s access.Scope, now time.Time) error {
		_, err := c.App.Vendors.FileBridge(ctx, s, now, vendors.Bridge{
			Report: r.Ref, Period: period.Closed(c.day(x.letter[0]), c.day(x.letter[1])), Signed: c.day(x.letter[1] + 1), Signer: "Head of compliance", Received: c.day(x.letter[2]),
			Changes: "No changes that touch the controls of the report.",
		})
		return err
	})
}

// do acts now when the day has come, and plans it otherwise.
func (c *demoVendors) do(ctx context.Context, s access.Scope, now time.Time, n int, key string, act func(context.Context, access.Scope, time.Time) error) error {
	if c.day(n) <= period.Of(now) {
		return act(ctx, s, now)
	}
	c.on(n, vendorLead, key, act)
	c.sort()
	return nil
}

// review records what the compliance lead read in a report.
func (c *demoVendors) review(ctx context.Context, s access.Scope, now time.Time, ref string, x demoReport) error {
	rv := vendors.Review{Day: c.day(x.reviewed), Answers: allYes(vendors.ReviewQuestions()), Reliance: vendors.Rely}
	if x.kind == vendors.ISO27001 {
		rv.Reliance, rv.Note = vendors.RelyPartly, "Shows a management system; how controls operated is in the other report."
	}
	if x.noted > 0 {
		rv.Reliance, rv.Note = vendors.RelyPartly, "The exceptions do not touch what Northwind keeps there; they are followed in the next performance review."
		rv.Findings = []vendors.Finding{{Text: "Ask whether the exceptions of the report are mended: " + x.exceptions, Severity: vendors.LowLevel}}
	}
	_, err := c.App.Vendors.ReviewReport(ctx, s, now, ref, 0, rv)
	return err
}
