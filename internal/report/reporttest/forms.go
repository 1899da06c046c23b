package reporttest

import (
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// objectives are twelve of a payroll service, from the starter catalogue.
var objectives = []engagement.ObjectiveFacts{
	{Ref: "ITGC-01", Process: "IT general controls", Title: "Logical access", Text: "Controls provide reasonable assurance that access to in-scope applications, data and infrastructure is limited to authorised people and processes and is appropriate to their duties.", Assertions: []string{"authorisation", "occurrence", "completeness", "accuracy"}, Controls: []string{"IAM-01", "IAM-02", "IAM-03", "IAM-04", "IAM-05"}},
	{Ref: "ITGC-02", Process: "IT general controls", Title: "Physical access", Text: "Controls provide reasonable assurance that physical access to facilities and equipment that hold in-scope systems is limited to authorised people.", Assertions: []string{"authorisation"}, Controls: []string{"PHY-01"}},
	{Ref: "ITGC-03", Process: "IT general controls", Title: "Change management", Text: "Controls provide reasonable assurance that changes to applications, databases, configuration and infrastructure are authorised, tested, approved and put into production by people other than their authors.", Assertions: []string{"authorisation", "accuracy", "completeness"}, Controls: []string{"CHG-01", "CHG-02", "CHG-03"}},
	{Ref: "ITGC-05", Process: "IT general controls", Title: "Backup and recovery", Text: "Controls provide reasonable assurance that data needed for processing is backed up and can be restored.", Assertions: []string{"completeness"}, Controls: []string{"AVL-02", "AVL-03"}},
	{Ref: "CLI-02", Process: "Client lifecycle", Title: "Master data maintenance", Text: "Controls provide reasonable assurance that changes to client, payee, rate and bank master data are authorised, complete, accurate and timely.", Assertions: []string{"authorisation", "completeness", "accuracy", "occurrence"}, Controls: []string{"FIN-01"}},
	{Ref: "CLI-03", Process: "Client lifecycle", Title: "Client reporting", Text: "Controls provide reasonable assurance that reports and statements sent to clients are complete, accurate, timely and reach only the intended recipients.", Assertions: []string{"completeness", "accuracy", "presentation"}, Controls: []string{"FIN-10"}},
	{Ref: "PAY-01", Process: "Payroll processing", Title: "Input", Text: "Controls provide reasonable assurance that payroll input is received from authorised client users and recorded completely, accurately and in the right pay period.", Assertions: []string{"authorisation", "completeness", "accuracy", "cut-off"}, Controls: []string{"FIN-01", "FIN-07"}},
	{Ref: "PAY-02", Process: "Payroll processing", Title: "Calculation", Text: "Controls provide reasonable assurance that gross pay, deductions, taxes, benefits and net pay are calculated accurately with current rates.", Assertions: []string{"accuracy"}, Controls: []string{"FIN-08"}},
	{Ref: "PAY-03", Process: "Payroll processing", Title: "Disbursement", Text: "Controls provide reasonable assurance that net pay is paid once, in the right amount, to valid and authorised accounts.", Assertions: []string{"occurrence", "accuracy", "authorisation"}, Controls: []string{"FIN-02", "FIN-03"}},
	{Ref: "PAY-04", Process: "Payroll processing", Title: "Taxes and filings", Text: "Controls provide reasonable assurance that withheld and employer taxes are deposited and filed accurately and on time.", Assertions: []string{"completeness", "accuracy", "cut-off"}, By: "the revenue authority’s payroll agent scheme", Controls: []string{"FIN-08", "FIN-12"}},
	{Ref: "PAY-05", Process: "Payroll processing", Title: "Client funds", Text: "Controls provide reasonable assurance that client funds are kept apart, reconciled, and differences are cleared.", Assertions: []string{"existence", "completeness"}, Controls: []string{"FIN-05"}},
	{Ref: "PAY-06", Process: "Payroll processing", Title: "Output", Text: "Controls provide reasonable assurance that payroll registers and journal files given to clients are complete and accurate.", Assertions: []string{"completeness", "accuracy", "classification"}, Controls: []string{"FIN-10"}},
}

// Payroll is a SOC 1 Type 2 of a payroll service: twelve objectives, the auditor's tests with three planted deviations, no
// words of the auditor yet.
func Payroll() *engagement.Dossier {
	d := base("security", "availability", "processing integrity", "confidentiality", "privacy")
	d.Engagement.Ref, d.Engagement.Report, d.Engagement.Categories = "SOC1-2026-1", "SOC 1", nil
	d.Engagement.Standards, d.Engagement.Firm = []string{"AT-C section 105", "AT-C section 205", "AT-C section 320"}, "Marlowe & Pike LLP"
	d.Objectives = slices.Clone(objectives)
	d.Criteria, d.System.NotApplicable, d.Missing = nil, nil, nil
	at := map[string][]string{}
	for _, o := range d.Objectives {
		for _, c := range o.Controls {
			at[c] = append(at[c], o.Ref)
		}
	}
	d.Controls = slices.DeleteFunc(d.Controls, func(c engagement.ControlFacts) bool { return at[c.Ref] == nil })
	for i := range d.Controls {
		d.Controls[i].Criteria = at[d.Controls[i].Ref]
	}
	payrollSystem(d)
	addTests(d, 8)
	for i, c := range d.Controls {
		d.Work = append(d.Work, work(c, i))
	}
	return d
}

// payrollSystem describes the payroll service.
func payrollSystem(d *engagement.Dossier) {
	s := &d.System
	s.Name, s.Overview = "Northwind Payroll", "Northwind Payroll computes and pays wages for some 340 employers each month, files their payroll taxes and gives them the journals for their books."
	s.Services = []engagement.Named{{Name: "Payroll", Text: "Takes pay input, computes gross to net, and pays employees from client funds."}, {Name: "Filing", Text: "Deposits withheld taxes and files returns."}}
	s.Commitments = nil
	s.Processing = []engagement.Named{
		{Name: "classes", Text: "Wages and salaries, deductions, employer taxes, benefits and client funding."},
		{Name: "procedures: From input to payment", Text: "Client users enter or send pay input before the cut-off. The program checks it against master data, computes the run, and holds it until the client approves it. Payments are released by two people. Corrections are made in the next run or by an off-cycle run that the client approves."},
		{Name: "records", Text: "Each run leaves a register, a payment file, a tax ledger and a journal, all with the run’s number."},
		{Name: "events", Text: "Changes of tax rates, new collective agreements and returned payments are taken up by the tax desk and the payments desk."},
		{Name: "reports", Text: "Registers and journals are produced from the closed run, reconciled to it, and placed where only the client’s users can fetch them."},
	}
	d.CUECs = []engagement.CUEC{
		{Ref: "CUEC-1", Text: "User entities approve their own users and remove them when they leave.", Criteria: []string{"ITGC-01"}},
		{Ref: "CUEC-2", Text: "User entities send pay input that is authorised, complete and checked.", Criteria: []string{"PAY-01"}},
	}
	for i := range d.Subservice {
		d.Subservice[i].Criteria = []string{"ITGC-02"}
	}
}

// work is the auditor's test of the i-th control.
func work(c engagement.ControlFacts, i int) engagement.Work {
	size := int64(40 + 37*i)
	w := engagement.Work{No: c.Ref + ".1", Control: c.Ref, Criteria: c.Criteria, Natures: []string{"inquiry", "inspection"},
		Text:       "Asked the owner how the control is carried out. For each item selected, inspected the record and compared approver, date and amount with the source.",
		Population: engagement.WorkPopulation{Definition: "Records of the control in the period", Size: size, Source: "the payroll application", Completeness: "Count agreed with the source; dates without gap"},
		Selection:  engagement.WorkSelection{Method: "at random over the period", Size: 25, Seed: fmt.Sprintf("%08x", 0x51c0ffee+i)},
		Result:     "No deviations noted."}
	switch c.Ref {
	case "IAM-04":
		w.Selection = engagement.WorkSelection{All: true}
		w.Result, w.Deviations = "Deviations noted.", []engagement.WorkDeviation{{Ref: "DEV-1", Count: 2, Of: size, Nature: "Access of two leavers was removed five and nine days after their last day.", Cause: "The leaver’s line manager did not close the ticket.", Response: "Removal now follows from the HR record; in force since 3 March 2026."}}
	case "FIN-02":
		w.Natures = []string{"inspection", "reperformance"}
		w.Result, w.Deviations = "Deviation noted.", []engagement.WorkDeviation{{Ref: "DEV-2", Count: 1, Of: 25, Nature: "One off-cycle payment was released by the person who had entered it.", Cause: "The rule of two people did not cover off-cycle runs."}}
	case "FIN-12":
		w.Result = ""
	}
	return w
}

// Dated is the small sample as a SOC 2 Type 1 at the end of the period.
func Dated() *engagement.Dossier {
	d := Small()
	d.Engagement.Type, d.Engagement.Ref = 1, "SOC2-2026-2"
	d.Engagement.AsOf = Period.Last()
	d.Engagement.Period = period.Period{}
	return d
}

// General is Northwind as a SOC 3.
func General() *engagement.Dossier {
	d := Northwind()
	d.Engagement.Report, d.Engagement.Ref = "SOC 3", "SOC3-2026-1"
	return d
}

// Complete is a dossier with everything an issued report must have. The opinion in it is an example that an auditor might
// have entered; nothing in the program writes such words.
func Complete(d *engagement.Dossier) *engagement.Dossier {
	at := time.Date(2026, 8, 14, 10, 0, 0, 0, time.UTC)
	d.Engagement.Firm = "Marlowe & Pike LLP"
	d.Signatures = []engagement.Signature{
		{Document: engagement.DocumentAssertion, Name: "R. Castellan", Title: "Chief executive", At: at, SHA256: sum("assertion")},
		{Document: engagement.DocumentRepresentation, Name: "R. Castellan", Title: "Chief executive", At: at, SHA256: sum("representation")},
	}
	a := &engagement.AuditorReport{Addressee: "the management of Northwind", Firm: "Marlowe & Pike LLP", City: "Harbour City", Date: period.Make(2026, 8, 14), By: "M. Pike", At: at,
		Paragraphs: []engagement.Named{{Name: "Scope", Text: "We have examined management’s description and the suitability of controls stated in it."}, {Name: "Inherent limitations", Text: "Because of their nature, controls may not prevent, or detect and correct, all errors."}},
		Readers:    []string{"Northwind", "User entities of the system during the period, and their auditors"}}
	for _, m := range []string{engagement.MatterDescription, engagement.MatterDesign, engagement.MatterOperation} {
		o := engagement.Opinion{Matter: m, Kind: "unmodified", Text: "In our opinion, in all material respects, the " + m + " is as asserted."}
		if m == engagement.MatterOperation {
			o.Kind, o.Text = "qualified", "In our opinion, except for the matter described below, the controls operated effectively."
			o.Basis = "Payments outside the regular run could be released by the person who entered them."
		}
		a.Opinions = append(a.Opinions, o)
	}
	d.Auditor = a
	d.Missing = nil
	return d
}
