package policies

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/markdown"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/web/page"
)

// detail is everything the page of a policy shows.
type detail struct {
	policy.Policy
	V        policy.Version // that is looked at
	Versions []policy.Version
	Doc      *markdown.Document
	Names    map[string]string
	Today    period.Date
	Tab      string
	History  []policy.Event
	Asked    []asked
	Signed   *campaign.Counts
	Controls []page.Option // with titles
	Criteria []page.Option
}

// asked is a campaign about the policy.
type asked struct {
	campaign.Campaign
	campaign.Counts
}

// Name is who an actor or owner is.
func (d detail) Name(who string) string {
	if who == "" {
		return "nobody"
	}
	if n := d.Names[who]; n != "" {
		return n
	}
	return who
}

// open is the version that is being written or waits.
func (d detail) open() policy.Version {
	for _, v := range d.Versions {
		if v.N == d.Open {
			return v
		}
	}
	return policy.Version{}
}

// find reads a policy with the version that the address names.
func (p *pages) find(r *page.Request) (detail, error) {
	d := detail{Today: period.Of(r.Now)}
	var err error
	if d.Policy, err = p.Policies.Policy(r.Context(), r.Read(), strings.ToUpper(r.Arg("ref"))); err != nil {
		return d, err
	}
	if d.Versions, err = p.Policies.Versions(r.Context(), r.Read(), d.Policy); err != nil {
		return d, err
	}
	if d.V, err = d.version(r.Query("version"), d.Shown.N); err != nil {
		return d, err
	}
	who := []string{string(d.Owner), d.CreatedBy, d.ReviewedBy}
	for _, v := range d.Versions {
		who = append(append(who, v.Authors...), v.SavedBy, v.SentBy, v.DecidedBy, v.EndedBy)
	}
	who = slices.DeleteFunc(who, func(s string) bool { return s == "" })
	d.Names, err = p.names(r, who...)
	r.Title = d.Ref + " " + d.V.Title
	r.Crumbs = []page.Crumb{{Text: "Policies", Href: list}, {Text: d.Ref}}
	return d, err
}

// version finds a version by the number of an address; the usual one when the address names none.
func (d detail) version(s string, usual int) (policy.Version, error) {
	n := usual
	if s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			return policy.Version{}, errs.New(errs.NotFound, "%s has no version %q", d.Ref, clipped(s))
		}
	}
	for _, v := range d.Versions {
		if v.N == n {
			return v, nil
		}
	}
	return policy.Version{}, errs.New(errs.NotFound, "%s has no version %d", d.Ref, n)
}

func clipped(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (p *pages) policy(r *page.Request) error {
	d, err := p.find(r)
	if err != nil {
		return err
	}
	d.Tab = r.Query("tab")
	if !slices.ContainsFunc(d.tabs(r), func(t page.Tab) bool { return t.Current }) {
		return errs.New(errs.NotFound, "a policy has no side %q", clipped(d.Tab))
	}
	d.Doc = markdown.Parse(d.V.Body)
	c := p.View.Catalog()
	for _, id := range d.V.Controls {
		o := page.Option{Value: id}
		if x, err := c.Control(id); err == nil {
			o.Label = x.Title
		}
		d.Controls = append(d.Controls, o)
	}
	for _, id := range d.V.Criteria {
		d.Criteria = append(d.Criteria, page.Option{Value: id, Label: c.Title(catalog.TSC, id)})
	}
	if d.Tab == "versions" {
		if err := p.history(r, &d); err != nil {
			return err
		}
	}
	if d.Asked, err = p.asked(r, d.Ref); err != nil {
		return err
	}
	for i, x := range d.Asked {
		if x.Version == d.InForce {
			d.Signed = &d.Asked[i].Counts
			break
		}
	}
	return r.Render(http.StatusOK, policyPage(r, d))
}

// tabs are the sides of the page. Who acknowledged is for those who may read about people.
func (d detail) tabs(r *page.Request) []page.Tab {
	at := policyURL(d.Ref)
	out := []page.Tab{
		{Title: "Text", Href: at, Current: d.Tab == ""},
		{Title: "Versions", Href: at + "?tab=versions", Current: d.Tab == "versions", Counted: true, Count: len(d.Versions)},
	}
	if r.Can(access.ReadPeople) {
		out = append(out, page.Tab{Title: "Acknowledgements", Href: at + "?tab=people", Current: d.Tab == "people", Counted: true, Count: len(d.Asked)})
	}
	return out
}

// history reads what happened, newest first, and the names in it.
func (p *pages) history(r *page.Request, d *detail) error {
	all, err := p.Policies.History(r.Context(), r.Read(), d.Policy)
	if err != nil {
		return err
	}
	slices.Reverse(all)
	var who []string
	for _, e := range all {
		who = append(who, e.Actor)
		if e.Kind == policy.Handed && e.Text != "" {
			who = append(who, e.Text)
		}
	}
	names, err := p.names(r, who...)
	for k, v := range names {
		d.Names[k] = v
	}
	d.History = all
	return err
}

// asked lists the campaigns about a policy, newest first.
func (p *pages) asked(r *page.Request, ref string) ([]asked, error) {
	if p.Campaigns == nil || !r.Can(access.ReadPeople) {
		return nil, nil
	}
	res, err := p.Campaigns.List(r.Context(), r.Read(), campaign.Filter{Kind: campaign.Acknowledge, Subject: ref}, paging.Query{Size: paging.MaxSize})
	if err != nil || len(res.Rows) == 0 {
		return nil, err
	}
	slices.SortStableFunc(res.Rows, func(a, b campaign.Campaign) int { return b.Opened.Compare(a.Opened) })
	var ids []campaign.ID
	for _, c := range res.Rows {
		ids = append(ids, c.ID)
	}
	counts, err := p.Campaigns.Tally(r.Context(), r.Read(), r.Now, ids...)
	out := make([]asked, len(res.Rows))
	for i, c := range res.Rows {
		out[i] = asked{c, counts[c.ID]}
	}
	return out, err
}

// signed counts, by policy, who acknowledged the version in force in the newest campaign about it.
func (p *pages) signed(r *page.Request, all []policy.Policy) (map[string]*campaign.Counts, error) {
	if p.Campaigns == nil || !r.Can(access.ReadPeople) {
		return nil, nil //nolint:nilnil // nobody was asked
	}
	res, err := p.Campaigns.List(r.Context(), r.Read(), campaign.Filter{Kind: campaign.Acknowledge}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return nil, err
	}
	in := map[string]int{}
	for _, x := range all {
		in[x.Ref] = x.InForce
	}
	newest := map[string]campaign.Campaign{}
	var ids []campaign.ID
	for _, c := range res.Rows {
		if n := in[c.Subject]; n == 0 || n != c.Version || newest[c.Subject].Opened.After(c.Opened) {
			continue
		}
		newest[c.Subject] = c
	}
	for _, c := range newest {
		ids = append(ids, c.ID)
	}
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // nobody was asked
	}
	counts, err := p.Campaigns.Tally(r.Context(), r.Read(), r.Now, ids...)
	out := map[string]*campaign.Counts{}
	for ref, c := range newest {
		n := counts[c.ID]
		out[ref] = &n
	}
	return out, err
}

// read is the policy as a document, for reading and for printing.
func (p *pages) read(r *page.Request) error {
	d, err := p.find(r)
	if err != nil {
		return err
	}
	d.Doc = markdown.Parse(d.V.Body)
	r.Crumbs = []page.Crumb{{Text: "Policies", Href: list}, {Text: d.Ref, Href: policyURL(d.Ref)}, {Text: "Read"}}
	return r.Render(http.StatusOK, readPage(r, d))
}

// pdf sends a version on paper: the same version gives the same bytes.
func (p *pages) pdf(r *page.Request) error {
	d, err := p.find(r)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	paper := report.PolicyPaper{
		Org: r.Grant.Org.Name, Simulated: r.Grant.Org.Simulated, Policy: d.Policy, Version: d.V, Owner: d.Name(string(d.Owner)), Author: d.authors(), Approver: d.Name(d.V.DecidedBy),
	}
	if _, err := pdf.Render(&out, report.Policy(paper), pdf.Options{}); err != nil {
		return err
	}
	return r.Attach(d.Ref+"-"+d.Slug+"-v"+strconv.Itoa(d.V.N)+".pdf", "application/pdf", int64(out.Len()), d.V.Saved, &out)
}

// markdown sends a version as the file a folder would hold.
func (p *pages) markdown(r *page.Request) error {
	d, err := p.find(r)
	if err != nil {
		return err
	}
	members, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return err
	}
	f := policy.File{Slug: d.Slug, Months: d.Months, Text: d.V.Text}
	for _, m := range members {
		if m.ID == d.Owner {
			f.Owner = m.Email
		}
	}
	b := f.Format()
	return r.Attach(d.Slug+".md", "text/markdown; charset=utf-8", int64(len(b)), d.V.Saved, bytes.NewReader(b))
}

// authors are the names of all who wrote in the version.
func (d detail) authors() string {
	var out []string
	for _, a := range d.V.Authors {
		out = append(out, d.Name(a))
	}
	return strings.Join(out, ", ")
}

// mayDecide reports whether the reader may approve the version that waits.
func (d detail) mayDecide(r *page.Request) bool {
	return d.Waits() && r.Can(access.ApprovePolicies) && !d.open().Wrote(r.Read().Actor())
}

// eventText says what happened.
func (d detail) eventText(e policy.Event) string {
	v := "version " + strconv.Itoa(e.Version)
	switch e.Kind {
	case policy.Created:
		return "Begun with " + v
	case policy.Began:
		return "Began " + v
	case policy.Sent:
		return "Sent " + v + " for review"
	case policy.Returned:
		return "Gave " + v + " back"
	case policy.Approved:
		return "Approved " + v + ": in force"
	case policy.Dropped:
		return "Withdrew " + v + " before it was in force"
	case policy.TakenBack:
		return "Took " + v + " out of force"
	case policy.Looked:
		return "Reviewed " + v + ": it stays as it is"
	case policy.Tried:
		return "Tried the contacts of the plan"
	case policy.Gone:
		return "Retired the policy"
	case policy.Handed:
		return "Made " + d.Name(e.Text) + " the owner"
	case policy.Paced:
		return "Set the review to every " + e.Text + " months"
	}
	return string(e.Kind)
}

// eventNote is what somebody wrote about it.
func eventNote(e policy.Event) string {
	if e.Kind == policy.Handed || e.Kind == policy.Paced {
		return ""
	}
	return e.Text
}
