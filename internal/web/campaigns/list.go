package campaigns

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

var campaignList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Campaign", Sort: true}, {Key: "title", Title: "Title", Sort: true, Wide: true}, {Key: "kind", Title: "Asks for", Sort: true, Opt: true},
		{Key: "subject", Title: "About", Sort: true, Opt: true}, {Key: "progress", Title: "Done", Num: true, Opt: true}, {Key: "due", Title: "Due", Sort: true, Num: true, Opt: true}, {Key: "state", Title: "State", Sort: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{{Value: "open", Label: "Open", Status: "prog"}, {Value: "closed", Label: "Closed", Status: "na"}}},
		{Key: "kind", Title: "Asks for", Kind: page.Select, Options: []page.Option{{Value: string(campaign.Acknowledge), Label: campaign.Acknowledge.Title()}, {Value: string(campaign.Train), Label: campaign.Train.Title()}}},
	},
	Search: "Find a campaign", One: "campaign", Many: "campaigns",
}

// line is a campaign with its counts.
type line struct {
	campaign.Campaign
	N campaign.Counts
}

func (p *pages) lines(r *page.Request, f campaign.Filter, q paging.Query) ([]line, int, error) {
	res, err := p.Campaigns.List(r.Context(), r.Read(), f, q)
	if err != nil || len(res.Rows) == 0 {
		return nil, res.Total, err
	}
	ids := make([]campaign.ID, len(res.Rows))
	for i, c := range res.Rows {
		ids[i] = c.ID
	}
	counts, err := p.Campaigns.Tally(r.Context(), r.Read(), r.Now, ids...)
	out := make([]line, len(res.Rows))
	for i, c := range res.Rows {
		out[i] = line{c, counts[c.ID]}
	}
	return out, res.Total, err
}

func (p *pages) campaigns(r *page.Request) error {
	t, err := r.Table(&campaignList)
	if err != nil {
		return err
	}
	f := campaign.Filter{Kind: campaign.Kind(t.Filter("kind")), Live: t.Filter("state") == "open", Closed: t.Filter("state") == "closed"}
	if t.Exporting() {
		return r.Export(t, "campaigns", []string{"Campaign", "Title", "Asks for", "About", "Version", "Standing", "Opened", "Due", "Closed", "Asked", "Done", "Late", "Open", "Overdue", "Waived", "Void"}, func(q paging.Query) ([][]any, int, error) {
			rows, total, err := p.lines(r, f, q)
			var out [][]any
			for _, x := range rows {
				out = append(out, []any{x.Ref, x.Title, x.Kind.Title(), x.Subject, x.Version, x.Standing, x.Opened, day(x.Due), page.OrBlank(x.Closed), x.N.Asked(), x.N.Done, x.N.Late, x.N.Open, x.N.Overdue, x.N.Waived, x.N.Void})
			}
			return out, total, err
		})
	}
	list, total, err := p.lines(r, f, t.Query)
	if err != nil {
		return err
	}
	t.Total = total
	counts := map[string]int{}
	for name, f := range map[string]campaign.Filter{"open": {Kind: f.Kind, Live: true}, "closed": {Kind: f.Kind, Closed: true}} {
		res, err := p.Campaigns.List(r.Context(), r.Read(), f, paging.Query{Size: 1})
		if err != nil {
			return err
		}
		counts[name] = res.Total
	}
	t.SetCounts("state", counts)
	rows := campaignRows(r, t, list)
	return r.Render(http.StatusOK, campaignsPage(r, t, rows), page.Part(t.ID(), rows))
}

// offer is what the form of a new campaign has to choose from.
type offer struct {
	Subjects    []page.Option
	Departments []string
	Kinds       []string
	Reach       *campaign.Reach // once it was counted
	Mails       bool            // people are told by e-mail
}

func (p *pages) offer(r *page.Request) (offer, error) {
	o := offer{Subjects: []page.Option{{Value: "", Label: "Choose a policy or a course"}}}
	for _, k := range campaign.Kinds() {
		all, err := p.Campaigns.Offered(r.Context(), r.Read(), k)
		if err != nil {
			return o, err
		}
		for _, s := range all {
			words := "Acknowledge "
			if k == campaign.Train {
				words = "Take "
			}
			o.Subjects = append(o.Subjects, page.Option{Value: string(k) + ":" + s.Ref, Label: words + s.Ref + " " + page.Short(s.Title, 60) + ", version " + strconv.Itoa(s.Version)})
		}
	}
	facets, err := p.People.Facets(r.Context(), r.Read(), people.Filter{Working: true})
	if err != nil {
		return o, err
	}
	o.Departments, o.Kinds = names(facets["department"]), names(facets["kind"])
	o.Mails, err = p.Mails(r.Context(), r.Read())
	return o, err
}

func (p *pages) newCampaign(r *page.Request) error {
	about := r.Query("about") // such as train:TRN-02
	if about == "" && r.Query("subject") != "" {
		about = r.Query("kind") + ":" + r.Query("subject")
	}
	f := page.NewForm("subject", about, "audience", "everybody", "standing", "on", "grace", "14", "due", (today(r) + 14).String())
	if k, _, _ := strings.Cut(about, ":"); k == string(campaign.Train) {
		f.Values.Set("grace", "30")
		f.Values.Set("due", (today(r) + 30).String())
	}
	o, err := p.offer(r)
	if err != nil {
		return err
	}
	r.Crumbs = newCrumbs
	return r.Render(http.StatusOK, newPage(r, f, o))
}

var newCrumbs = []page.Crumb{{Text: "Campaigns", Href: "/campaigns"}, {Text: "New campaign"}}

func (p *pages) openCampaign(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	o, err := p.offer(r)
	if err != nil {
		return err
	}
	n, err := p.draft(r, f)
	if err != nil {
		return err
	}
	if f.OK() {
		reach, err := p.Campaigns.Reach(r.Context(), r.Read(), n.Audience)
		if err != nil {
			return err
		}
		o.Reach = &reach
		if f.Get("act") == "open" {
			c, err := p.Campaigns.Open(r.Context(), scope, r.Now, n)
			if err == nil {
				return r.Redirect(campaignURL(c.Ref), c.Ref+" is open and asks "+page.Plural(reach.People, "person", "people")+".")
			}
			if !f.Take(err) {
				return err
			}
		}
	}
	r.Crumbs = newCrumbs
	return r.Render(f.Status(), newPage(r, f, o))
}

// draft reads the form of a new campaign.
func (p *pages) draft(r *page.Request, f *page.Form) (campaign.New, error) {
	kind, subject, _ := strings.Cut(f.Get("subject"), ":")
	n := campaign.New{Kind: campaign.Kind(kind), Subject: subject, Title: f.Get("title"), Standing: f.Checked("standing"), Due: dayField(f, "due"), Replace: f.Checked("replace")}
	if k := campaign.Kind(kind); subject == "" || k != campaign.Acknowledge && k != campaign.Train {
		f.Wrong("subject", "Choose a policy in force or a published course.")
	}
	if n.Standing {
		var err error
		if n.Grace, err = strconv.Atoi(f.Get("grace")); err != nil {
			f.Wrong("grace", "Give a number of days, such as 14.")
		}
	}
	if f.Get("audience") == "everybody" {
		n.Audience.Everybody = true
		return n, nil
	}
	n.Audience.Departments, n.Audience.Kinds = f.Values["department"], f.Values["kind"]
	for _, who := range strings.FieldsFunc(f.Values.Get("people"), func(c rune) bool { return c == '\n' || c == '\r' || c == ',' || c == ';' }) {
		if who = strings.TrimSpace(who); who == "" {
			continue
		}
		x, err := p.People.Person(r.Context(), r.Read(), who)
		if errs.Is(err, errs.NotFound) {
			f.Wrong("people", "Nobody in the directory has the address or reference “"+page.Short(who, 60)+"”.")
			continue
		}
		if err != nil {
			return n, err
		}
		n.Audience.People = append(n.Audience.People, x.ID)
	}
	if len(n.Audience.Departments)+len(n.Audience.Kinds)+len(n.Audience.People) == 0 && f.Errors["people"] == "" {
		f.Wrong("audience", "Choose departments or kinds, or name people.")
	}
	return n, nil
}

// stale shows what is saved now when somebody else changed the campaign meanwhile.
func stale(f *page.Form, err error) bool {
	var s *campaign.Stale
	if !errors.As(err, &s) {
		return false
	}
	f.Stale(s.Theirs.Edition, map[string]string{"due": s.Theirs.Due.String(), "why": s.Theirs.Why})
	return true
}

// act reads the form of an act on a campaign and does it.
func (p *pages) act(r *page.Request, panel func(f *page.Form, c campaign.Campaign) component, do func(f *page.Form, scope access.Scope, c campaign.Campaign) (string, error)) error {
	c, err := p.Campaigns.Campaign(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	said, err := do(f, scope, c)
	if err == nil && f.OK() {
		return r.Redirect(campaignURL(c.Ref), said)
	}
	if err != nil && !stale(f, err) && !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), panel(f, c))
}

func (p *pages) panelOf(r *page.Request, panel func(f *page.Form, c campaign.Campaign) component, pairs ...string) error {
	c, err := p.Campaigns.Campaign(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm(pairs...)
	if f.Get("due") == "now" {
		f.Values.Set("due", c.Due.String())
	}
	return r.RenderPanel(http.StatusOK, panel(f, c))
}

func (p *pages) closeForm(r *page.Request) error {
	n, err := p.open(r)
	if err != nil {
		return err
	}
	return p.panelOf(r, func(f *page.Form, c campaign.Campaign) component { return closePanel(r, f, c, n) })
}

// open is how many duties of the campaign are open.
func (p *pages) open(r *page.Request) (int, error) {
	c, err := p.Campaigns.Campaign(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return 0, err
	}
	counts, err := p.Campaigns.Tally(r.Context(), r.Read(), r.Now, c.ID)
	return counts[c.ID].Open, err
}

func (p *pages) closeCampaign(r *page.Request) error {
	n, err := p.open(r)
	if err != nil {
		return err
	}
	return p.act(r, func(f *page.Form, c campaign.Campaign) component { return closePanel(r, f, c, n) }, func(f *page.Form, scope access.Scope, c campaign.Campaign) (string, error) {
		_, err := p.Campaigns.Close(r.Context(), scope, r.Now, c.Ref, f.Base(), f.Values.Get("why"))
		return c.Ref + " is closed.", err
	})
}

func (p *pages) extendForm(r *page.Request) error {
	return p.panelOf(r, func(f *page.Form, c campaign.Campaign) component { return extendPanel(r, f, c) }, "due", "now")
}

func (p *pages) extend(r *page.Request) error {
	return p.act(r, func(f *page.Form, c campaign.Campaign) component { return extendPanel(r, f, c) }, func(f *page.Form, scope access.Scope, c campaign.Campaign) (string, error) {
		due := dayField(f, "due")
		if !f.OK() {
			return "", nil
		}
		_, err := p.Campaigns.Extend(r.Context(), scope, r.Now, c.Ref, f.Base(), due, f.Values.Get("why"))
		return c.Ref + " is due on " + page.DateText(due) + ".", err
	})
}

func (p *pages) remind(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if mails, err := p.Mails(r.Context(), r.Read()); err != nil || !mails {
		if err != nil {
			return err
		}
		return r.Redirect(campaignURL(r.Arg("ref")), "Nobody is reminded: no e-mail route carries what is asked of people.")
	}
	n, err := p.Campaigns.Remind(r.Context(), scope, r.Now, r.Arg("ref"), f.Get("whom") != "open")
	if errs.Is(err, errs.Conflict) {
		return r.Redirect(campaignURL(r.Arg("ref")), strings.TrimSpace(page.Sentence(err)+" "+errs.HintOf(err)))
	}
	if err != nil {
		return err
	}
	return r.Redirect(campaignURL(r.Arg("ref")), page.Plural(n, "reminder is", "reminders are")+" on the way by e-mail.")
}

// ticked reads the duties of a bulk act.
func ticked(f *page.Form) ([]campaign.DutyID, error) {
	ticks, err := f.Ticks()
	out := make([]campaign.DutyID, len(ticks))
	for i, t := range ticks {
		out[i] = campaign.DutyID(t)
	}
	return out, err
}

// many is an act on ticked duties: first its panel, then, with the field it asks for, the act.
func (p *pages) many(r *page.Request, asks string, panel func(f *page.Form, ids []campaign.DutyID) component, do func(f *page.Form, scope access.Scope, ids []campaign.DutyID) error) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	ids, err := ticked(f)
	if err != nil {
		return err
	}
	if f.Values.Has(asks) {
		err := do(f, scope, ids)
		if err == nil && f.OK() {
			return nil
		}
		if err != nil && !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), panel(f, ids))
}

func (p *pages) waiveMany(r *page.Request) error {
	return p.many(r, "why", func(f *page.Form, ids []campaign.DutyID) component { return waivePanel(r, f, ids) }, func(f *page.Form, scope access.Scope, ids []campaign.DutyID) error {
		n, err := p.Campaigns.Waive(r.Context(), scope, r.Now, ids, f.Values.Get("why"))
		if err != nil {
			return err
		}
		var list []string
		for _, id := range ids {
			list = append(list, string(id))
		}
		return r.RedirectUndo(f.Back(), page.Plural(n, "duty", "duties")+" waived.", campaignURL(r.Arg("ref"))+"/restore", map[string]string{"duties": strings.Join(list, " "), "back": f.Back()})
	})
}

// restore takes waivers back: what the toast of waiveMany offers.
func (p *pages) restore(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if _, err := p.Campaigns.Campaign(r.Context(), r.Read(), r.Arg("ref")); err != nil {
		return err
	}
	var ids []campaign.DutyID
	for x := range strings.FieldsSeq(f.Get("duties")) {
		ids = append(ids, campaign.DutyID(x))
	}
	n, err := p.Campaigns.Restore(r.Context(), scope, r.Now, ids)
	if err != nil {
		return err
	}
	return r.Redirect(f.Back(), page.Plural(n, "duty is", "duties are")+" open again.")
}

func (p *pages) postponeMany(r *page.Request) error {
	return p.many(r, "due", func(f *page.Form, ids []campaign.DutyID) component { return postponePanel(r, f, ids) }, func(f *page.Form, scope access.Scope, ids []campaign.DutyID) error {
		due := dayField(f, "due")
		if !f.OK() {
			return nil
		}
		n, err := p.Campaigns.Postpone(r.Context(), scope, r.Now, ids, due, f.Values.Get("why"))
		if err != nil {
			return err
		}
		return r.Redirect(f.Back(), page.Plural(n, "duty is", "duties are")+" due on "+page.DateText(due)+".")
	})
}
