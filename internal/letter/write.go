package letter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
)

// Facts is what a draft is written from.
type Facts struct {
	Org        string
	E          engagement.Engagement
	Today      period.Date
	System     org.Description
	Categories []string // names
	CUECs      []control.Complement
	Findings   []Finding // of what the letter covers
	Gap        period.Period
}

// write makes the first text of a letter from the records.
func (s *Service) write(ctx context.Context, scope access.ReadScope, now time.Time, e engagement.Engagement, l Letter) (title, body string, err error) {
	f := Facts{E: e, Today: period.Of(now), Gap: l.Gap}
	o, err := s.Access.Org(ctx, scope)
	if err != nil {
		return "", "", err
	}
	if f.Org = o.Settings.LegalName; f.Org == "" {
		f.Org = o.Name
	}
	if f.System, err = s.System.Description(ctx, scope, now); err != nil {
		return "", "", err
	}
	ids, err := s.Engagements.Catalog.ParseCategories(e.Categories)
	if err != nil {
		return "", "", err
	}
	for _, c := range s.Engagements.Catalog.Categories() {
		if slices.Contains(ids, c.ID) {
			name, _, _ := strings.Cut(c.Name, " (") // "Security (common criteria)"
			f.Categories = append(f.Categories, name)
		}
	}
	all, err := s.Controls.ListComplements(ctx, scope, control.CUEC, now)
	if err != nil {
		return "", "", err
	}
	f.CUECs = slices.DeleteFunc(all, func(c control.Complement) bool { return c.Retired })
	over := e.Period
	if l.Kind == Bridge {
		over = l.Gap
	}
	if s.Findings != nil {
		if f.Findings, err = s.Findings(ctx, scope, over); err != nil {
			return "", "", err
		}
	}
	return l.Kind.Title(), f.Write(l.Kind), nil
}

// Write is the draft of a kind in Markdown. What only people can say begins with "[to be written".
func (f Facts) Write(k Kind) string {
	w := &paper{}
	switch k {
	case Engagement:
		f.engagement(w)
	case Assertion:
		f.assertion(w)
	case Representation:
		f.representation(w)
	case Events:
		f.events(w)
	case Bridge:
		f.bridge(w)
	case Response:
		f.response(w)
	case CUECs:
		f.cuecs(w)
	case Summary:
		f.summary(w)
	}
	return strings.TrimSpace(w.String())
}

type paper struct{ strings.Builder }

func (w *paper) p(format string, args ...any) { fmt.Fprintf(w, format+"\n\n", args...) }
func (w *paper) h(title string)               { w.p("## %s", title) }
func (w *paper) list(mark func(i int) string, entries ...string) {
	for i, x := range entries {
		w.WriteString(mark(i) + " " + x + "\n")
	}
	w.WriteString("\n")
}
func number(i int) string { return fmt.Sprintf("%d.", i+1) }
func dash(int) string     { return "-" }

func (f Facts) firm() string {
	if f.E.Firm == "" {
		return "[to be written: the firm]"
	}
	return f.E.Firm
}

func (f Facts) system() string {
	if f.System.System.Name == "" {
		return "[to be written: the name of the system]"
	}
	return f.System.System.Name
}

// time is the coverage as a sentence has it: "as of 30 June 2026", "for the period 1 January 2026 to 30 June 2026".
func (f Facts) time() string {
	if f.E.Type == 1 {
		return "as of " + long(f.E.Period.From)
	}
	return "for the period " + long(f.E.Period.From) + " to " + long(f.E.Period.Last())
}

// throughout is how long something was so.
func (f Facts) throughout() string {
	if f.E.Type == 1 {
		return "as of " + long(f.E.Period.From)
	}
	return "throughout the period " + long(f.E.Period.From) + " to " + long(f.E.Period.Last())
}

func long(d period.Date) string { return d.Time().Format("2 January 2006") }

func and(list []string) string {
	switch n := len(list); n {
	case 0:
		return ""
	case 1:
		return list[0]
	default:
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
}

// purpose is what the controls are there for.
func (f Facts) purpose() string {
	if f.E.Report == engagement.SOC1 {
		return "the control objectives stated in the description would be achieved"
	}
	return "the service commitments and system requirements would be achieved under the trust services criteria relevant to " + strings.ToLower(and(f.Categories))
}

func (f Facts) criteria() string {
	if f.E.Report == engagement.SOC1 {
		return "the criteria for a description of a system listed at the end of this assertion (AT-C section 320)"
	}
	return "the description criteria of DC section 200"
}

// condition is the part of a statement that depends on others.
func (f Facts) condition() string {
	var who []string
	if slices.ContainsFunc(f.System.Subservice, func(s org.Subservice) bool { return !strings.EqualFold(string(s.Method), "inclusive") }) {
		who = append(who, "subservice organisations")
	}
	if len(f.CUECs) > 0 {
		who = append(who, "user entities")
	}
	if len(who) == 0 {
		return ""
	}
	return ", if the complementary controls that the design assumes at " + and(who) + " operated effectively " + map[bool]string{true: "on that day", false: "in that time"}[f.E.Type == 1]
}

// assertion has its statements in the order of domain brief 4.3.
func (f Facts) assertion(w *paper) {
	w.p("We, the management of %s, wrote the description of %s %s. It is to tell its readers enough about the system to judge the risks that come from relying on it, together with what they know themselves.", f.Org, f.system(), f.time())
	f.around(w)
	w.h("What we assert")
	w.p("To the best of our knowledge and belief:")
	if f.E.Report == engagement.SOC3 {
		w.list(number, "The controls within the system were effective "+f.throughout()+" to give reasonable assurance that "+f.purpose()+f.condition()+".")
	} else {
		list := []string{
			"The description presents the system that was designed and in place " + f.throughout() + ", in accordance with " + f.criteria() + ".",
			"The controls stated in the description were suitably designed " + f.throughout() + " to give reasonable assurance that " + f.purpose() + f.condition() + ".",
		}
		if f.E.Type == 2 {
			list = append(list, "The controls stated in the description operated effectively "+f.throughout()+" to give reasonable assurance that "+f.purpose()+f.condition()+".")
		}
		w.list(number, list...)
	}
	w.h("Criteria")
	if f.E.Report == engagement.SOC1 {
		w.p("The control objectives are stated in the description. %s", f.specified())
		w.list(dash, "The description says which services are provided, by which procedures transactions are initiated, authorised, recorded, processed, corrected and reported, with which records, and how reports are made.",
			"It says which significant events other than transactions are handled, which subservice organisations are used and by which method, and which controls are assumed elsewhere.",
			"It states the control objectives and the controls, and the parts of the control environment, risk assessment, information, communication and monitoring that matter to them.",
			"It leaves out nothing and distorts nothing that matters to user entities and their auditors.")
	} else {
		w.p("We used the trust services criteria of TSP section 100 relevant to %s%s.", strings.ToLower(and(f.Categories)), f.described())
	}
	w.h("Basis and modifications")
	w.p("We base this on our own monitoring of the controls; the work of the auditor is no part of that basis.")
	w.p("[to be written: modifications of the statements above that mirror those of the auditor, or that there are none]")
}

func (f Facts) described() string {
	if f.E.Report == engagement.SOC3 {
		return ""
	}
	return ", and for the description those of DC section 200"
}

func (f Facts) specified() string {
	var others []string
	for _, o := range f.E.Objectives {
		if o.By != "" && o.By != "management" && !slices.Contains(others, o.By) {
			others = append(others, o.By)
		}
	}
	if len(others) == 0 {
		return "We specified them."
	}
	return "We specified them, apart from those specified by " + and(others) + "."
}

// around says who else takes part in the system.
func (f Facts) around(w *paper) {
	for _, method := range []string{"carve-out", "inclusive"} {
		var names []string
		for _, s := range f.System.Subservice {
			if strings.EqualFold(string(s.Method), method) {
				names = append(names, s.Name)
			}
		}
		switch {
		case len(names) == 0:
		case method == "carve-out":
			w.p("%s uses %s. The description names the types of controls that are assumed there and leaves out the controls themselves (carve-out method).", f.Org, and(names))
		default:
			w.p("%s uses %s. The description includes the relevant controls there (inclusive method); their own written assertion belongs to this one.", f.Org, and(names))
		}
	}
	if n := len(f.CUECs); n == 1 {
		w.p("The design of the controls assumes one complementary control at user entities, which the description states.")
	} else if n > 1 {
		w.p("The design of the controls assumes %d complementary controls at user entities, which the description states.", n)
	}
}

func (f Facts) engagement(w *paper) {
	w.p("Record of the letter of engagement between %s and %s for a %s of %s, %s.", f.Org, f.firm(), f.E.Kind(), f.system(), f.time())
	licence, review := f.E.Licence, "[to be written: day of the last peer review]"
	if licence == "" {
		licence = "[to be written: licence of the firm]"
	}
	if f.E.PeerReview != 0 {
		review = long(f.E.PeerReview)
	}
	w.h("What was agreed")
	about := and(f.Categories)
	if f.E.Report == engagement.SOC1 {
		about = fmt.Sprintf("%d control objectives", len(f.E.Objectives))
	}
	w.list(dash, "Subject: "+about+".", "Standards: "+and(f.E.Standards)+".", "Licence of the firm: "+licence+". Last peer review: "+review+".",
		"Management is responsible for the description, its assertion with a reasonable basis, the controls, and the information it gives.",
		"The firm is independent, designs, operates and decides on no control, and gives its opinion alone.",
		"The parties signed on [to be written: day].")
}

func (f Facts) representation(w *paper) {
	w.p("To %s", f.firm())
	w.p("This letter belongs to your examination of the description of %s of %s %s. We confirm, to the best of our knowledge and belief and as of the date of this letter, the following.", f.system(), f.Org, f.time())
	w.h("Responsibility")
	controls := "the design of the controls"
	if f.E.Type == 2 {
		controls = "the design and operation of the controls"
	}
	w.list(number, "We are responsible for the description, for "+controls+", for choosing and stating the "+f.objects()+", and for our assertion. We have a reasonable basis for it.",
		"We gave you all records, documents and other information that matter to the examination, and access to everybody you asked for.",
		"We answered your questions fully; nothing we know of contradicts what we said.")
	w.h("What we told you")
	w.p("We told you of everything of the following kinds that we know of:")
	w.list(dash, "Deficiencies in the design of controls, also where correcting them would cost more than it gains.", "Deviations in the operation of controls.",
		"Incidents that came from controls that were unsuited or did not operate, or that led to a significant failure to meet commitments.",
		"Fraud, or suspicion of it, by management or by people who could affect the services, and breaches of law or regulation.",
		"Communications from regulators, customers or others about the subject of the examination.")
	f.known(w)
	w.h("Events after the period")
	w.p("We told you of everything between %s and the date of this letter that could matter to the description, the controls or our assertion.", long(f.E.Period.Last()))
	w.p("[to be written: the events, or that there are none besides those in the answers on events after the period]")
	w.p("This letter does not replace other evidence.")
}

func (f Facts) objects() string {
	if f.E.Report == engagement.SOC1 {
		return "control objectives"
	}
	return "service commitments and system requirements"
}

// known lists what the records hold.
func (f Facts) known(w *paper) {
	var list []string
	for _, i := range f.System.Incidents {
		if i.Decision == org.Describe {
			list = append(list, "Incident "+i.Ref+": "+i.Title)
		}
	}
	for _, x := range f.Findings {
		list = append(list, fmt.Sprintf("Deviations of %s: %s (%d)", x.Ref, x.Title, x.Count))
	}
	if len(list) == 0 {
		w.p("[to be written: what of these kinds is known, or that nothing is]")
		return
	}
	w.p("Of these, the records hold:")
	w.list(dash, list...)
	w.p("[to be written: what else is known, or that nothing is]")
}

func (f Facts) events(w *paper) {
	w.p("Questions about the time between %s and the report on %s, and our answers.", long(f.E.Period.Last()), f.system())
	ask := func(title string, known ...string) {
		w.h(title)
		if len(known) > 0 {
			w.p("The records hold:")
			w.list(dash, known...)
		}
		w.p("[to be written: answer, and what was done]")
	}
	var incidents, changes []string
	for _, i := range f.System.Incidents {
		if d := period.Of(i.Started); d >= f.E.Period.To {
			incidents = append(incidents, i.Ref+" of "+long(d)+": "+i.Title)
		}
	}
	for _, c := range f.System.Changes {
		if c.Date >= f.E.Period.To {
			changes = append(changes, long(c.Date)+": "+c.Title)
		}
	}
	ask("Were there incidents, or did ones of the period become known only now?", incidents...)
	ask("Did the system or its controls change significantly?", changes...)
	ask("Is there litigation, a claim, or an inquiry by an authority?")
	ask("Were there changes of ownership, of those in charge, or of subservice organisations?")
	ask("Is anything else known that readers of the report would have to know?")
}

func (f Facts) bridge(w *paper) {
	w.p("To the user entities of %s named below", f.system())
	w.p("The %s report on %s of %s covers %s to %s; it is dated [to be written: date of the report]. This letter is about the time from **%s** to **%s**.",
		f.E.Kind(), f.system(), f.Org, long(f.E.Period.From), long(f.E.Period.Last()), long(f.Gap.From), long(f.Gap.Last()))
	w.h("Changes and incidents")
	var list []string
	for _, c := range f.System.Changes {
		if f.Gap.Has(c.Date) {
			list = append(list, "Change of "+long(c.Date)+": "+c.Title)
		}
	}
	for _, i := range f.System.Incidents {
		if f.Gap.Contains(i.Started) {
			list = append(list, "Incident "+i.Ref+": "+i.Title)
		}
	}
	for _, x := range f.Findings {
		if x.High && x.Open {
			list = append(list, "Open finding "+x.Ref+": "+x.Title)
		}
	}
	if len(list) == 0 {
		w.p("In this time the controls stated in the report did not change materially, and no incident happened that readers would have to know of.")
	} else {
		w.p("In this time the following happened:")
		w.list(dash, list...)
	}
	w.p("We know of no other material change and of no other such incident.")
	w.h("What this letter is, and what it is not")
	if len(f.CUECs) > 0 {
		w.p("The report assumes %d complementary controls at user entities. They are needed in this time as well.", len(f.CUECs))
	}
	w.p("This letter is from management alone. It gives no assurance, does not replace a report, and nobody examined what it says. It is meant for [to be written: named readers] and for nobody else.")
}

func (f Facts) response(w *paper) {
	w.p("Management of %s answers to the deviations reported for %s %s. These answers were not examined.", f.Org, f.system(), f.time())
	if len(f.Findings) == 0 {
		w.p("[to be written: the deviations, each with cause, what was done, by whom and until when; or that none were reported]")
	}
	for _, x := range f.Findings {
		w.h(x.Ref + ": " + x.Title)
		w.p("[to be written: cause, what was done, by whom and until when]")
	}
}

func (f Facts) cuecs(w *paper) {
	w.p("The controls of %s for %s give reasonable assurance only together with the following controls, which customers operate themselves.", f.Org, f.system())
	if len(f.CUECs) == 0 {
		w.p("There are none: no commitment depends on a control of a customer.")
		return
	}
	for _, c := range f.CUECs {
		var serves []string
		for _, r := range c.Requirements {
			if r.Framework == catalog.TSC || r.Framework == catalog.SOC1 {
				serves = append(serves, r.ID)
			}
		}
		w.h(c.Ref)
		w.p("%s", c.Text)
		if len(serves) > 0 {
			w.p("Needed for %s.", and(serves))
		}
	}
}

func (f Facts) summary(w *paper) {
	w.h("Boundaries of the system")
	if f.System.System.Overview != "" {
		w.p("%s", f.System.System.Overview)
	}
	boundary := f.System.System.Boundary
	if boundary == "" {
		boundary = "[to be written: where the system ends]"
	}
	w.p("%s", boundary)
	w.h("Principal service commitments and system requirements")
	var list []string
	for _, c := range f.System.Commitments {
		list = append(list, c.Text)
	}
	if len(list) == 0 {
		list = []string{"[to be written: the commitments]"}
	}
	w.list(dash, list...)
}
