package vendors

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/web/page"
)

// detailPairs are a vendor's details as the fields of their form.
func detailPairs(d vendors.Details) []string {
	pairs := []string{
		"name", d.Name, "services", d.Services, "owner", string(d.Owner), "criticality", string(d.Criticality), "tier_set", string(d.TierSet), "tier_why", d.TierWhy, "location", d.Location,
		"applications", strings.Join(d.Applications, "\n"), "started", dayField(d.Started),
	}
	for _, x := range d.Data {
		pairs = append(pairs, "data_"+string(x), "on")
	}
	return pairs
}

func parseDetails(f *page.Form) vendors.Details {
	d := vendors.Details{
		Name: f.Get("name"), Services: f.Values.Get("services"), Owner: access.UserID(f.Get("owner")), Criticality: vendors.Level(f.Get("criticality")), TierSet: vendors.Tier(f.Get("tier_set")),
		TierWhy: f.Values.Get("tier_why"), Location: f.Get("location"), Applications: textLines(f.Values.Get("applications")), Started: parseDay(f, "started"),
	}
	for _, x := range vendors.DataClasses() {
		if f.Checked("data_" + string(x)) {
			d.Data = append(d.Data, x)
		}
	}
	return d
}

func (p *pages) newForm(r *page.Request) error {
	f := page.NewForm("criticality", string(vendors.LowLevel), "name", r.Query("name"), "owner", string(r.Read().User()))
	return p.showDetails(r, f, vendors.Vendor{})
}

func (p *pages) showDetails(r *page.Request, f *page.Form, v vendors.Vendor) error {
	_, owners, err := p.members(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), detailsPanel(r, f, v, append([]page.Option{{Value: "", Label: "Nobody"}}, owners...)))
}

func (p *pages) add(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	if d := parseDetails(f); f.OK() {
		v, err := p.Vendors.Add(r.Context(), scope, r.Now, d)
		if err == nil {
			return r.Redirect(vendorURL(v.Ref), v.Ref+" is on the register: tier "+strings.ToLower(v.Tier.Title())+".")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showDetails(r, f, vendors.Vendor{})
}

func (p *pages) editForm(r *page.Request) error {
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return p.showDetails(r, page.NewForm(detailPairs(v.Details)...), v)
}

func (p *pages) edit(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	if d := parseDetails(f); f.OK() {
		_, err := p.Vendors.Edit(r.Context(), scope, r.Now, v.Ref, f.Base(), d)
		if err == nil {
			return r.Redirect(vendorURL(v.Ref), v.Ref+" saved.")
		}
		if !stale(f, err, func(s *vendors.Stale) map[string]string { return pairsMap(detailPairs(s.Vendor.Details)) }) && !f.Take(err) {
			return err
		}
	}
	return p.showDetails(r, f, v)
}

func pairsMap(pairs []string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

func contractPairs(c vendors.Contract) []string {
	pairs := []string{"signed", dayField(c.Signed), "until", dayField(c.Until), "dpa", dayField(c.DPA), "evidence", c.Evidence}
	if c.DeletionDays > 0 {
		pairs = append(pairs, "deletion_days", strconv.Itoa(c.DeletionDays))
	}
	for name, on := range map[string]bool{
		"service_levels": c.Clauses.ServiceLevels, "security": c.Clauses.Security, "confidentiality": c.Clauses.Confidentiality, "privacy": c.Clauses.Privacy,
		"incidents": c.Clauses.Incidents, "return": c.Clauses.Return,
	} {
		if on {
			pairs = append(pairs, name, "on")
		}
	}
	return pairs
}

func (p *pages) contractForm(r *page.Request) error {
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, contractPanel(r, page.NewForm(contractPairs(v.Contract)...), v))
}

func (p *pages) agree(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	c := vendors.Contract{
		Signed: parseDay(f, "signed"), Until: parseDay(f, "until"), DPA: parseDay(f, "dpa"), DeletionDays: parseNumber(f, "deletion_days", 0), Evidence: f.Get("evidence"),
		Clauses: vendors.Clauses{
			ServiceLevels: f.Checked("service_levels"), Security: f.Checked("security"), Confidentiality: f.Checked("confidentiality"), Privacy: f.Checked("privacy"),
			Incidents: f.Checked("incidents"), Return: f.Checked("return"),
		},
	}
	if f.OK() {
		_, err := p.Vendors.Agree(r.Context(), scope, r.Now, v.Ref, f.Base(), c)
		if err == nil {
			return r.Redirect(vendorURL(v.Ref), "Contract of "+v.Ref+" saved.")
		}
		if !stale(f, err, func(s *vendors.Stale) map[string]string { return pairsMap(contractPairs(s.Vendor.Contract)) }) && !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), contractPanel(r, f, v))
}

func exitPairs(e vendors.Exit) []string {
	pairs := []string{"deletion", dayField(e.Deletion), "evidence", e.Evidence, "note", e.Note}
	for name, t := range map[string]*time.Time{"ended": e.Ended, "access_removed": e.AccessRemoved} {
		if t != nil {
			pairs = append(pairs, name, t.UTC().Format(time.DateOnly), name+"_at", t.UTC().Format("15:04"))
		}
	}
	if e.NoData {
		pairs = append(pairs, "no_data", "on")
	}
	return pairs
}

func (p *pages) endForm(r *page.Request) error {
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, endPanel(r, page.NewForm(exitPairs(v.Exit)...), v))
}

func (p *pages) end(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	e := vendors.Exit{
		Ended: parseTime(f, "ended"), AccessRemoved: parseTime(f, "access_removed"), NoData: f.Checked("no_data"), Deletion: parseDay(f, "deletion"), Evidence: f.Get("evidence"),
		Note: f.Values.Get("note"),
	}
	if f.OK() {
		_, err := p.Vendors.End(r.Context(), scope, r.Now, v.Ref, f.Base(), e)
		if err == nil {
			return r.RedirectUndo(vendorURL(v.Ref), "The end of "+v.Ref+" is recorded.", vendorURL(v.Ref)+"/resume", nil)
		}
		if !stale(f, err, func(s *vendors.Stale) map[string]string { return pairsMap(exitPairs(s.Vendor.Exit)) }) && !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), endPanel(r, f, v))
}

func (p *pages) resume(r *page.Request) error {
	scope, err := r.Write()
	if err != nil {
		return err
	}
	v, err := p.Vendors.Resume(r.Context(), scope, r.Now, r.Arg("ref"), 0)
	if err != nil {
		return err
	}
	return r.Redirect(vendorURL(v.Ref), v.Ref+" is in use again.")
}

func (p *pages) removeForm(r *page.Request) error {
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, removePanel(r, page.NewForm(), v))
}

func (p *pages) remove(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	err = p.Vendors.Remove(r.Context(), scope, r.Now, v.Ref, f.Base(), f.Values.Get("why"))
	if err == nil {
		return r.Redirect("/vendors", v.Ref+" "+v.Name+" is off the register.")
	}
	return r.PanelAgain(f, err, removePanel(r, f, v))
}

// subserviceForm asks whether the vendor is a subservice organisation; what the description says of it is changed with it.
func (p *pages) subserviceForm(r *page.Request) error {
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm("service", v.Services, "method", string(org.CarveOut), "monitoring", "VEN-03")
	number := 0
	if r.Can(access.ReadEngagement) {
		d, err := p.described(r, v)
		if err != nil {
			return err
		}
		if d != nil {
			number = d.Number
			f = page.NewForm(subservicePairs(d.Subservice)...)
		}
	}
	if v.Subservice || r.Query("is") != "" {
		f.Values.Set("subservice", "on")
	}
	return r.RenderPanel(http.StatusOK, subservicePanel(r, f, v, number))
}

func subservicePairs(s org.Subservice) []string {
	return []string{
		"service", s.Service, "method", string(s.Method), "criteria", strings.Join(s.Criteria, ", "), "csocs", strings.Join(s.CSOCs, "\n"), "monitoring", strings.Join(s.Monitoring, ", "),
	}
}

func (p *pages) setSubservice(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	v, err := p.Vendors.Vendor(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	is := f.Checked("subservice")
	err = p.Vendors.Tx.InTx(r.Context(), func(ctx context.Context) error { // both or neither
		record, err := p.describe(ctx, r, f, scope, v, is)
		if err == nil {
			_, err = p.Vendors.Describe(ctx, scope, r.Now, v.Ref, f.Base(), is, record)
		}
		return err
	})
	switch {
	case err == nil && is:
		return r.Redirect(vendorURL(v.Ref), v.Ref+" is a subservice organisation.")
	case err == nil:
		return r.Redirect(vendorURL(v.Ref), v.Ref+" is a vendor, and no subservice organisation.")
	case !stale(f, err, func(*vendors.Stale) map[string]string { return nil }) && !f.Take(err):
		return err
	}
	number, _ := strconv.Atoi(f.Get("record_base"))
	return r.RenderPanel(f.Status(), subservicePanel(r, f, v, number))
}

// describe keeps what the description of the system says of a vendor, where the reader may change it, and gives the record.
// Who may not still links the record that is there.
func (p *pages) describe(ctx context.Context, r *page.Request, f *page.Form, scope access.Scope, v vendors.Vendor, is bool) (string, error) {
	if !is || !r.Can(access.ReadEngagement) {
		return "", nil
	}
	have, err := p.described(r, v)
	if err != nil {
		return "", err
	}
	if !scope.Can(access.ManageEngagement) {
		if have == nil {
			return "", nil
		}
		return string(have.ID), nil
	}
	s := org.Subservice{
		Name: v.Name, Service: f.Values.Get("service"), Method: org.Method(f.Get("method")), Criteria: words(strings.ToUpper(f.Get("criteria"))), CSOCs: textLines(f.Values.Get("csocs")),
		Monitoring: words(strings.ToUpper(f.Get("monitoring"))),
	}
	e := org.Edit{Note: "From the register of vendors: " + v.Ref}
	if have != nil {
		s.Name, e.ID = have.Name, have.ID
		if e.Base, err = strconv.Atoi(f.Get("record_base")); err != nil {
			e.Base = have.Number
		}
		if same(have.Subservice, s) {
			return string(have.ID), nil
		}
	}
	rev, err := p.System.Save(ctx, scope, r.Now, e, s)
	return string(rev.ID), err
}

func same(a, b org.Subservice) bool {
	return strings.Join(subservicePairs(a), "\x00") == strings.Join(subservicePairs(b), "\x00")
}

func rulePairs(x vendors.Rules) []string {
	var pairs []string
	for _, f := range ruleFields(&x) {
		pairs = append(pairs, f.Name, strconv.Itoa(*f.To))
	}
	return pairs
}

// ruleField is a number of the rules with its words.
type ruleField struct {
	Name, Label, Help string
	To                *int
}

func ruleFields(x *vendors.Rules) []ruleField {
	return []ruleField{
		{"high", "Tier high: assess every", "Days.", &x.High}, {"medium", "Tier medium: assess every", "Days.", &x.Medium}, {"low", "Tier low: assess every", "Days.", &x.Low},
		{"performance", "Tier high: review performance every", "Days; a quarter has 92 at most.", &x.Performance}, {"review", "Review a report within", "Days from its receipt.", &x.Review},
		{"bridge", "A bridge letter covers at most", "Days; custom is three months.", &x.Bridge}, {"deletion", "Proof of deletion within", "Days from the end, where the contract says nothing.", &x.Deletion},
	}
}

func (p *pages) rulesForm(r *page.Request) error {
	x, err := p.Vendors.Rules(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, rulesPanel(r, page.NewForm(rulePairs(x)...), x.Version))
}

func (p *pages) setRules(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	x, err := p.Vendors.Rules(r.Context(), r.Read())
	if err != nil {
		return err
	}
	for _, field := range ruleFields(&x) {
		*field.To = parseNumber(f, field.Name, 0)
	}
	if f.OK() {
		_, err := p.Vendors.SetRules(r.Context(), scope, r.Now, f.Base(), x)
		if err == nil {
			return r.Redirect("/vendors", "Rules saved; what is due was worked out anew.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), rulesPanel(r, f, x.Version))
}

// today is the day of a request, as a field shows it.
func today(r *page.Request) string { return period.Of(r.Now).String() }
