package app

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
)

// demoDocument is something Northwind's people filed by hand.
type demoDocument struct {
	by, title, name, shows, obtained string
	kind                             evidence.Kind
	class                            evidence.Class
	from, to, effective              int // days before the end of the demo; effective 0 for none
	controls                         []string
	text                             string
}

// demoDocuments are a few, so that lists show what is fresh, due soon and missing.
func demoDocuments() []demoDocument {
	return []demoDocument{
		{"ingrid.solberg", "Minutes of the security committee", "security-committee.txt", "The committee met, reviewed open findings and accepted two risks.", "Board portal, exported by the company secretary", evidence.Document, evidence.Confidential, 45, 12, 0,
			[]string{"GOV-02"}, "Security committee\n\nPresent: D. Whitfield, I. Solberg, O. Haddad, P. Raman\n\n1. Open findings: two closed, one overdue.\n2. Two risks accepted until the end of the quarter.\n3. Vendors of the first tier: all reports are current.\n"},
		{"omar.haddad", "Restore test of the billing database", "restore-test.csv", "A backup was restored to an empty system and its totals compared.", "Ticket of the exercise, exported by the platform team", evidence.Document, evidence.Internal, 81, 81, 0,
			[]string{"AVL-03"}, "step,started,finished,result\nprovision,09:02,09:11,done\nrestore,09:11,10:26,done\ncompare totals,10:26,10:31,equal\nremove,10:31,10:34,done\n"},
		{"omar.haddad", "Backup console, last night", "backup-console.txt", "Every job of the night finished without errors.", "Copied from the console by Omar Haddad", evidence.Screenshot, evidence.Internal, 1, 1, 0,
			[]string{"AVL-02"}, "job                 result   size\nbilling-db          ok       41 GB\norders-db           ok       18 GB\ndocuments           ok       220 GB\n"},
		{"ingrid.solberg", "Report of the hosting provider, with gap letter", "hosting-report.txt", "The provider's own examination covers the year up to September; a letter bridges the rest.", "Sent by the provider's compliance desk under agreement", evidence.Document, evidence.Confidential, 300, 20, 0,
			[]string{"VEN-03"}, "Reference to the provider's report, kept by the compliance lead.\n"},
		{"priya.raman", "Incident response plan, version 4", "incident-plan.txt", "Roles, severities and deadlines of an incident; approved by the owner.", "Policy repository, printed by Priya Raman", evidence.Document, evidence.Internal, 210, 2, 210,
			[]string{"INC-01"}, "Incident response plan\nVersion 4\n\n1. Severities\n2. Who leads\n3. Whom we tell, and by when\n"},
		{"priya.raman", "Penetration test, statement of completion", "penetration-test.json", "An outside firm tested the product and its findings were closed.", "Sent by the testing firm", evidence.Document, evidence.Confidential, 96, 89, 0,
			[]string{"MON-03"}, `{"scope": ["api", "console"], "findings": {"high": 0, "medium": 2, "low": 5}, "retested": true}` + "\n"},
		{"ingrid.solberg", "Access to the Lisbon office reviewed", "office-access.csv", "The list of badges was compared with the people directory.", "Landlord's system, exported by facilities", evidence.Document, evidence.Personal, 110, 95, 0,
			[]string{"PHY-02"}, "badge,holder,keep\n1041,Facilities,yes\n1042,Facilities,yes\n1077,Cleaning,no\n"},
		{"ingrid.solberg", "The risk register was reviewed", "risk-review.txt", "The lead states that each risk was looked at with its owner.", "Said by Ingrid Solberg after the review meeting", evidence.Attestation, evidence.Internal, 30, 18, 0,
			[]string{"RSK-02"}, "I went through the register with the owner of each risk. Three ratings changed; the changes are in the register.\n"},
	}
}

// documents files them.
func (d *Demo) documents(ctx context.Context, now time.Time) error {
	a := d.App
	day := func(before int) time.Time { return now.Truncate(24*time.Hour).AddDate(0, 0, -before) }
	scopes := map[string]access.Scope{}
	for _, x := range demoDocuments() {
		scope, ok := scopes[x.by]
		if !ok {
			var err error
			if scope, err = a.Access.As(ctx, d.scope, now, x.by+"@northwind.example"); err != nil {
				return err
			}
			scopes[x.by] = scope
		}
		controls, err := d.known(ctx, x.controls)
		if err != nil {
			return err
		}
		u := evidence.Upload{
			Title: x.title, Kind: x.kind, Class: x.class, Shows: x.shows, Obtained: x.obtained, Files: []evidence.File{evidence.Bytes(x.name, []byte(x.text))},
			From: day(x.from), To: day(x.to - 1), Received: day(max(x.to-1, 0)), Controls: controls,
		}
		if x.effective > 0 {
			t := day(x.effective)
			u.Effective = &t
		}
		if _, err := a.Evidence.Add(ctx, scope, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, u); err != nil {
			return errs.Wrap(err, "document %s", x.name)
		}
	}
	return nil
}

// known leaves out controls that this demo did not adopt.
func (d *Demo) known(ctx context.Context, refs []string) ([]string, error) {
	var out []string
	for _, r := range refs {
		switch _, err := d.App.Controls.Control(ctx, d.scope.ReadScope, r); {
		case err == nil:
			out = append(out, r)
		case !errs.Is(err, errs.NotFound):
			return nil, err
		}
	}
	return out, nil
}
