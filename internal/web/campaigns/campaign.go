package campaigns

import (
	"net/http"
	"slices"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

// dutyList lists the duties of one campaign. With acts only where something can still be done.
func dutyList(r *page.Request, c campaign.Campaign) *page.TableSpec {
	s := page.TableSpec{
		Columns: []page.Column{
			{Key: "ref", Title: "Person", Sort: true}, {Key: "name", Title: "Name", Sort: true, Wide: true}, {Key: "department", Title: "Department", Sort: true, Opt: true},
			{Key: "state", Title: "State", Sort: true}, {Key: "due", Title: "Due", Sort: true, Num: true, Opt: true}, {Key: "done", Title: "Done", Sort: true, Num: true, Opt: true}, {Key: "how", Title: "How", Sort: true, Opt: true},
		},
		Filters: []page.Filter{
			{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
				{Value: "open", Label: "Open", Status: "prog"}, {Value: "overdue", Label: "Overdue", Status: "fail"}, {Value: "done", Label: "Done", Status: "pass"},
				{Value: "late", Label: "Late", Status: "risk"}, {Value: "waived", Label: "Waived", Status: "exm"}, {Value: "void", Label: "Void", Status: "na"}}},
			{Key: "department", Title: "Department", Kind: page.Select, Open: true},
		},
		Search: "Find a person", Sort: "name", One: "person", Many: "people",
	}
	if c.Closed != nil {
		s.Filters[0].Options[0].Label = "Undone"
	}
	if c.Kind == campaign.Train {
		s.Columns = append(s.Columns, page.Column{Key: "score", Title: "Right", Sort: true, Num: true, Opt: true})
	}
	if r.Can(access.ManageCampaigns) && c.Closed == nil {
		s.Bulk = []page.BulkAction{{Label: "Waive", Action: campaignURL(c.Ref) + "/bulk/waive"}, {Label: "Another day", Action: campaignURL(c.Ref) + "/bulk/postpone"}}
	}
	return &s
}

// dutyFilter is the filter of the address.
func dutyFilter(r *page.Request, c campaign.Campaign, t *page.Table) campaign.DutyFilter {
	f := campaign.DutyFilter{Campaign: c.ID, Department: t.Filter("department")}
	switch s := t.Filter("state"); s {
	case "overdue":
		f.Overdue = today(r)
	case "late":
		f.Late = true
	default:
		f.State = campaign.State(s)
	}
	return f
}

func (p *pages) campaign(r *page.Request) error {
	c, err := p.Campaigns.Campaign(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	t, err := r.Table(dutyList(r, c))
	if err != nil {
		return err
	}
	f := dutyFilter(r, c, t)
	if t.Exporting() {
		return p.exportDuties(r, t, c, f)
	}
	res, err := p.Campaigns.Duties(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	all, err := p.Campaigns.Tally(r.Context(), r.Read(), r.Now, c.ID)
	if err != nil {
		return err
	}
	n := all[c.ID]
	t.Total = res.Total
	t.SetCounts("state", map[string]int{"open": n.Open, "overdue": n.Overdue, "done": n.Done, "late": n.Late, "waived": n.Waived, "void": n.Void})
	facets, err := p.People.Facets(r.Context(), r.Read(), people.Filter{})
	if err != nil {
		return err
	}
	var departments []page.Option
	for _, d := range names(facets["department"]) {
		departments = append(departments, page.Option{Value: d, Label: d})
	}
	t.SetOptions("department", departments)
	rows := dutyRows(r, t, c, res.Rows)
	if r.Target() == t.ID() {
		return r.Render(http.StatusOK, rows, page.Part(t.ID(), rows))
	}
	opener, err := p.actor(r, c.OpenedBy)
	if err != nil {
		return err
	}
	who, err := p.audience(r, c.Audience)
	if err != nil {
		return err
	}
	mails := true
	if c.Closed == nil && n.Open > 0 {
		if mails, err = p.Mails(r.Context(), r.Read()); err != nil {
			return err
		}
	}
	r.Title = c.Ref + " " + c.Title
	r.Crumbs = []page.Crumb{{Text: "Campaigns", Href: "/campaigns"}, {Text: c.Ref}}
	return r.Render(http.StatusOK, campaignPage(r, t, rows, line{c, n}, opener, who, mails), page.Part(t.ID(), rows))
}

func (p *pages) exportDuties(r *page.Request, t *page.Table, c campaign.Campaign, f campaign.DutyFilter) error {
	return r.Export(t, "campaign-"+c.Ref, []string{"Person", "Name", "E-mail", "Department", "State", "Asked", "Due", "Done", "How", "Right answers", "Tries", "Note"}, func(q paging.Query) ([][]any, int, error) {
		res, err := p.Campaigns.Duties(r.Context(), r.Read(), f, q)
		var out [][]any
		for _, d := range res.Rows {
			out = append(out, []any{d.PersonRef, d.Name, d.Email, d.Department, d.Words(today(r)), d.Opened, day(d.Due), page.OrBlank(d.DoneAt), string(d.How), d.Score, d.Tries, d.Note})
		}
		return out, res.Total, err
	})
}

// actor is the name of whoever did something.
func (p *pages) actor(r *page.Request, who string) (string, error) {
	members, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return "", err
	}
	for _, m := range members {
		if string(m.ID) == who {
			return m.Name, nil
		}
	}
	return who, nil
}

// audience is whom a campaign asks, in lines.
func (p *pages) audience(r *page.Request, a campaign.Audience) ([]string, error) {
	if a.Everybody {
		return []string{"Everybody"}, nil
	}
	out := slices.Concat(a.Departments, a.Kinds)
	for i, id := range a.People {
		if i == 12 {
			out = append(out, page.Count(len(a.People)-i)+" more people")
			break
		}
		x, err := p.People.Person(r.Context(), r.Read(), string(id))
		if errs.Is(err, errs.NotFound) {
			x.Name = string(id)
		} else if err != nil {
			return nil, err
		}
		out = append(out, x.Name)
	}
	return out, nil
}

func names(counts map[string]int) []string {
	var out []string
	for n := range counts {
		if n != "" {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}
