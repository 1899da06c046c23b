package app

import (
	"context"
	_ "embed" // the description of the simulated payroll service
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/applicability"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
)

//go:embed demo_payroll_system.yaml
var payrollSystem []byte

// payrollRequests is how many requests the firm makes.
const payrollRequests = 24

// payrollObjectives are those of the examination: twelve of the catalogue.
var payrollObjectives = []string{"ITGC-01", "ITGC-03", "ITGC-05", "ITGC-06", "CLI-02", "CLI-03", "PAY-01", "PAY-02", "PAY-03", "PAY-04", "PAY-05", "PAY-06"}

// payrollCast are the people of the payroll service who sign in; the first one signs for management.
var payrollCast = []DemoUser{
	{Email: "clara.nyberg@northwind-payroll.example", Name: "Clara Nyberg", Role: access.Owner},
	{Email: "joel.amado@northwind-payroll.example", Name: "Joel Amado", Role: access.Owner},
	{Email: "hanne.vik@northwind-payroll.example", Name: "Hanne Vik", Role: access.ControlOwner},
}

// payroll sets up the second service organisation of the demo: a payroll service whose SOC 1 is examined over the first half of the
// demo's days. It has no connections: what its systems hold comes as lists, with deviations that the auditor has to find.
func (d *Demo) payroll(ctx context.Context, now time.Time) (*demoExams, error) {
	a, chief := d.App, payrollCast[0]
	lead := payrollCast[1]
	lead.Password, lead.Org = id.Secret(passwordLength), "Northwind Payroll"
	// The account that sets the organisation up is the one that does the work; the chief's comes with a second factor.
	_, scope, err := a.CreateOrg(ctx, "demo", access.NewOrg{Slug: "northwind-payroll", Name: "Northwind Payroll", Simulated: true}, access.NewUser{Email: lead.Email, Name: lead.Name, Password: lead.Password}, false)
	if err != nil {
		return nil, err
	}
	x := &demoExam{demoAudit: d.audit, at: now, client: scope, lead: lead.Email, scopes: map[string]access.Scope{}, records: payrollRecords, signer: chief, office: "Managing Director"}
	if err := x.manager(ctx); err != nil {
		return nil, err
	}
	owner := payrollCast[2]
	owner.Password, owner.Org = id.Secret(passwordLength), "Northwind Payroll"
	if _, err := a.Access.AddUser(ctx, scope, x.then(), access.NewUser{Email: owner.Email, Name: owner.Name, Password: owner.Password, Role: owner.Role}); err != nil {
		return nil, err
	}
	d.Users = append(d.Users, lead, owner)
	if err := x.programme(ctx, owner.Email); err != nil {
		return nil, err
	}
	yes, no := applicability.Answer{Value: applicability.Yes}, applicability.Answer{Value: applicability.No}
	if err := x.decide(ctx, applicability.Answers{applicability.F1: yes, applicability.F2: yes, applicability.F3: yes, applicability.F4: yes, applicability.F6: no, applicability.F10: yes, applicability.F11: no},
		applicability.Chosen{Reports: []applicability.ReportID{applicability.SOC1}, Type: applicability.Type2, Reason: "The employers' auditors ask for it; security is examined together with Northwind Ledger."}); err != nil {
		return nil, err
	}
	list := make([]engagement.Objective, len(payrollObjectives))
	for i, o := range payrollObjectives {
		list[i].ID = o
		if o == "PAY-04" {
			list[i].By = "the revenue authority's scheme for payroll agents"
		}
	}
	first := period.Of(d.Config.Start)
	return &demoExams{x, x.stagesOf(payrollRequests)}, x.open(ctx, engagement.New{Report: engagement.SOC1, Title: "Payroll and filing", Objectives: list,
		Period: period.Period{From: first, To: first + period.Date(d.Config.reported())}, Firm: "Harlow & Pike LLP"})
}

// programme adopts the controls that the records are about, describes the system, and says what employers have to do.
func (x *demoExam) programme(ctx context.Context, owner string) error {
	a := x.App
	var refs []string
	for _, r := range x.records {
		refs = append(refs, r.control)
	}
	if _, err := a.Controls.Adopt(ctx, x.client, x.then(), control.Adoption{Refs: append(refs, payrollSilent), Approve: true}); err != nil {
		return err
	}
	all, err := a.Controls.AsOf(ctx, x.client.ReadScope, x.at)
	if err != nil {
		return err
	}
	for i, c := range all {
		who, other := owner, x.lead
		if i%3 == 0 {
			who, other = other, who
		}
		if _, err := a.Controls.Assign(ctx, x.client, x.then(), c.Ref, who, other); err != nil {
			return err
		}
	}
	desc, err := org.ParseDescription(payrollSystem)
	if err != nil {
		return errs.Wrap(err, "description of the payroll service")
	}
	if _, err := a.System.Import(ctx, x.client, x.then(), desc, "First description", false); err != nil {
		return err
	}
	for _, c := range []control.NewComplement{
		{Kind: control.CUEC, Text: "Employers name who may send pay input and approve runs, and take these rights away from people who leave.", Without: "SC-01: each run is computed and paid as the employer approved it.", Requirements: objectives("ITGC-01", "PAY-01")},
		{Kind: control.CUEC, Text: "Employers send pay input that is authorised, complete and checked.", Without: "SC-01: each run is computed and paid as the employer approved it.", Requirements: objectives("PAY-01")},
		{Kind: control.CUEC, Text: "Employers compare registers and journals with their own records, and report differences before the next cut-off.", Without: "SC-01: each run is computed and paid as the employer approved it.", Requirements: objectives("PAY-06", "CLI-03")},
	} {
		if _, err := a.Controls.AddComplement(ctx, x.client, x.then(), c); err != nil {
			return err
		}
	}
	return nil
}

func objectives(ids ...string) []control.Requirement {
	out := make([]control.Requirement, len(ids))
	for i, o := range ids {
		out[i] = control.Requirement{Framework: catalog.SOC1, ID: o}
	}
	return out
}

// payrollSilent is the control of which nobody at the payroll service wrote anything down.
const payrollSilent = "AVL-03"

// payrollRecords are lists of the payroll service's systems, over the whole period.
var payrollRecords = []demoRecord{
	{"IAM-01", "Accounts of staff", "account of a member of staff", "ACC", 46, "the directory", nil},
	{"IAM-03", "Access that was granted", "access that was granted", "GRT", 31, "the ticket system", nil},
	{"IAM-04", "People who left", "person who left", "LVR", 9, "the personnel system", []demoWrong{{3, "The account was closed five days after the last day."}, {7, "The account was closed nine days after the last day."}}},
	{"IAM-08", "Comparison of duties", "day on which conflicts of duties were looked for", "SOD", 60, "the payroll application", nil},
	{"CHG-01", "Changes of the application", "change that was put into production", "CHG", 64, "the pipeline", nil},
	{"CHG-02", "Reviews of changes", "change with its review", "REV", 64, "the code host", nil},
	{"CHG-04", "Deployments", "deployment", "DEP", 58, "the pipeline", nil},
	{"AVL-02", "Backup jobs", "nightly backup", "BKP", 80, "the backup console", nil},
	{"CRY-01", "Transmissions to banks and authorities", "connection over which data is sent", "TRX", 14, "the gateway", nil},
	{"PIN-02", "Checks of input", "check of input that is switched on", "CHK", 26, "the payroll application", nil},
	{"PIN-03", "Files of employers", "file that an employer sent", "FIL", 120, "the gateway", nil},
	{"PIN-05", "Runs computed again", "run that was computed again from its input", "RUN", 90, "the payroll application", []demoWrong{{58, "Computed with the contribution rate of the year before; corrected in the next run."}}},
	{"PIN-06", "Registers compared with runs", "register that was given to an employer", "REG", 90, "the payroll application", nil},
	{"PIN-07", "Reports and their recipients", "report that was sent", "REP", 48, "the portal", nil},
	{"FIN-01", "Changes of accounts of employees", "change of an employee's account", "MDC", 75, "the payroll application", []demoWrong{{12, "Not confirmed with the employer by another way before the run."}, {51, "Not confirmed with the employer by another way before the run."}}},
	{"FIN-02", "Payments released", "payment file that was released", "PAY", 88, "the bank gateway", []demoWrong{{40, "An off-cycle payment was released by the person who had entered it."}}},
	{"FIN-03", "Search for payments made twice", "day with its search", "DUP", 60, "the payroll application", nil},
	{"FIN-05", "Reconciliations of client funds", "working day with its reconciliation", "REC", 60, "the ledger", []demoWrong{{33, "A difference stayed open for 12 days; the procedure says 5."}}},
	{"FIN-07", "Cut-offs", "month with its cut-off", "CUT", 6, "the payroll application", nil},
	{"FIN-08", "Changes of rate tables", "change of a rate table", "RAT", 18, "the payroll application", []demoWrong{{11, "Entered and compared by the same person."}}},
	{"FIN-10", "Journals tied to the ledger", "month whose journals were tied", "TIE", 6, "the ledger", nil},
	{"FIN-12", "Deposits and filings", "deposit of what was withheld", "TAX", 54, "the tax ledger", []demoWrong{{29, "Deposited two days after the day the authority sets."}}},
}
